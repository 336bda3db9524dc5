/* SPDX-License-Identifier: MIT
 *
 * The part of the crate that grows with the number of nodes.  What is the same in many
 * runs (a tool, a parameter, a value) stands there once.                      */
#include "deposit.h"

#include <basin/mem.h>
#include <basin/text.h>

#include <stdlib.h>
#include <string.h>
#include <time.h>

/* --- tools ------------------------------------------------------------------------ */

/* What a node is made with. */
struct tool {
    char *id;                            /* "source/stages/weights.c" */
    char *key;                           /* "weights": start of the names of its slots */
    json_t *entity;
    const struct schema *schema;         /* or NULL */
};

static const struct schema *schema_of(const struct look *l, const char *stage)
{
    const struct schema *s = NULL;
    char *path = bn_format("%s/schema/%s.json", l->build, stage);
    if (path == NULL || !file_exists(path) || schema_get(l->build, stage, &s) != BN_OK)
        s = NULL;
    free(path);
    return s;
}

static bool is_source(const struct crate *c, const char *path)
{
    char *inside = bn_format("data/%s", path);
    const bool is = inside != NULL && payload_find(&c->d->payload, inside) != NULL;
    free(inside);
    return is;
}

static void describe_source(struct crate *c, const struct tool *t, const char *path)
{
    char *inside = bn_format("data/%s", path), *title = NULL;
    const bool script = strstr(path, ".gp") != NULL;
    const struct item *item = inside ? payload_find(&c->d->payload, inside) : NULL;
    if (item != NULL)
        crate_size(t->entity, item);
    if (script && item != NULL && beside_title(item->path, &title) == BN_OK)
        crate_text(t->entity, "description", title);
    if (script) {
        char *version = NULL;
        if (store_version(c->d->look.results, "gnuplot", "--version", &version) == BN_OK)
            crate_software(c, "http://www.gnuplot.info/", "ComputerLanguage SoftwareApplication",
                           "gnuplot", version + strcspn(version, "0123456789"));
        crate_refer(t->entity, "programmingLanguage", "http://www.gnuplot.info/");
        free(version);
    } else {
        crate_software(c, "https://www.iso.org/standard/57853.html", "ComputerLanguage", "C",
                       "ISO/IEC 9899:2011");
        crate_refer(t->entity, "programmingLanguage", "https://www.iso.org/standard/57853.html");
    }
    crate_refer(crate_entity(c, "source/", "Dataset"), "hasPart", t->id);
    free(title);
    free(inside);
}

/* pdftocairo, and what the driver makes by itself. */
static void describe_program(struct crate *c, const struct tool *t, const char *stage)
{
    char buf[256], *version = NULL;
    const bool converter = strcmp(stage, "pdftocairo") == 0;
    if (converter && store_version(c->d->look.results, stage, "-v", &version) == BN_OK)
        crate_text(t->entity, "version", version + strcspn(version, "0123456789"));
    else
        crate_text(t->entity, "version", BASIN_VERSION);
    crate_text(t->entity, "url", converter ? crate_address(stage, buf) : "source/tools/basin/");
    free(version);
}

static void describe_tool(struct crate *c, struct tool *t, const json_t *node,
                          const char *path, json_t *workflow)
{
    const char *stage = text_of(node, "stage");
    t->entity = crate_entity(c, t->id, path ? "File SoftwareSourceCode" : "SoftwareApplication");
    crate_text(t->entity, "name", t->key);
    if (t->schema != NULL)
        crate_text(t->entity, "description", text_of(t->schema->json, "summary"));
    if (path != NULL) {
        char *page = bn_format("source/docs/stages/%s.md", stage);
        crate_text(t->entity, "url", page && is_source(c, page) ? page : path);
        crate_format(t->entity, "version", "%s+%.12s", BASIN_VERSION, text_of(node, "code"));
        describe_source(c, t, path);
        free(page);
    } else {
        describe_program(c, t, stage);
    }
    crate_refer(workflow, "hasPart", t->id);
}

/* The tool of a node, described when it is the first of its kind. */
static bool find_tool(struct crate *c, const json_t *node, json_t *workflow, struct tool *t)
{
    const char *stage = text_of(node, "stage"), *script = text_of(node, "script");
    *t = (struct tool){ .schema = schema_of(&c->d->look, stage) };
    const char *slash = strrchr(script, '/');
    char *path = script[0] ? bn_format("source/%s", script)
                           : bn_format("source/stages/%s.c", stage);
    const bool source = path != NULL && is_source(c, path);
    t->key = script[0] ? bn_copy(slash ? slash + 1 : script) : bn_copy(stage);
    t->id = source ? crate_id("%s", path) : crate_id("#tool-%s", stage);
    if (t->key != NULL && t->id != NULL && crate_has(c, t->id))
        t->entity = crate_entity(c, t->id, "");
    else if (t->key != NULL && t->id != NULL)
        describe_tool(c, t, node, source ? path : NULL, workflow);
    free(path);
    return t->entity != NULL;
}

static void tool_free(struct tool *t)
{
    free(t->id);
    free(t->key);
}

/* --- slots: formal parameters ------------------------------------------------------- */

/* A slot of a tool or of the workflow: of a kind (input, output, parameter), and under
 * `input` or `output` of its owner.                                          */
static char *slot(struct crate *c, json_t *owner, const char *kind, const char *of,
                  const char *name, const char *type)
{
    const char *key = strcmp(kind, "output") == 0 ? kind : "input";
    char *id = crate_id("#%s/%s/%s", of, kind, name);
    if (id != NULL && !crate_has(c, id)) {
        json_t *e = crate_entity(c, id, "FormalParameter");
        crate_text(e, "name", name);
        crate_text(e, "additionalType", type);
        crate_refer(owner, key, id);
    }
    return id;
}

static const struct bn_param *find_param(const struct tool *t, const char *name)
{
    for (size_t i = 0; t->schema != NULL && i < t->schema->n_params; i++)
        if (strcmp(t->schema->params[i].name, name) == 0)
            return &t->schema->params[i];
    return NULL;
}

static bool is_file_param(const struct bn_param *p)
{
    return p != NULL && (p->type == BN_TYPE_FILE || p->type == BN_TYPE_FILES);
}

static const char *type_of(const struct bn_param *p)
{
    return p == NULL ? "Text" : is_file_param(p) ? "File"
           : p->type == BN_TYPE_REAL ? "Float" : p->type == BN_TYPE_INTEGER ? "Integer"
           : p->type == BN_TYPE_FLAG ? "Boolean" : "Text";
}

static char *param_slot(struct crate *c, const struct tool *t, const char *name)
{
    const struct bn_param *p = find_param(t, name);
    char *id = slot(c, t->entity, "parameter", t->key, name, type_of(p));
    json_t *e = id && p ? crate_entity(c, id, "") : NULL;
    if (e != NULL && json_object_get(e, "description") == NULL) {
        const bool unit = p->unit != NULL && p->unit[0] && strcmp(p->unit, "1") != 0;
        crate_format(e, "description", "%s%s%s%s", p->help ? p->help : "", unit ? " (" : "",
                     unit ? p->unit : "", unit ? ")" : "");
        crate_text(e, "defaultValue", p->initial);
    }
    return id;
}

/* A value that a run read: one entity for all runs that read the same. */
static void add_value(struct crate *c, json_t *action, const struct tool *t, const char *name,
                      const char *value)
{
    const struct bn_param *p = find_param(t, name);
    char *of = param_slot(c, t, name), *id;
    char short_value[BN_HEX];
    bn_digest *d;
    snprintf(short_value, sizeof short_value, "%.64s", value);
    if (strlen(value) > 64 && bn_digest_new(&d) == BN_OK) {
        bn_digest_text(d, value);
        bn_digest_end(d, short_value);
    }
    id = is_file_param(p) ? NULL : crate_id("#%s/%s=%s", t->key, name, short_value);
    if (id != NULL && of != NULL) {
        if (!crate_has(c, id)) {
            json_t *e = crate_entity(c, id, "PropertyValue");
            crate_text(e, "name", name);
            json_object_set_new(e, "value", json_string(value));
            crate_unit(e, p && p->unit ? p->unit : "");
            crate_refer(e, "exampleOfWork", of);
        }
        crate_refer(action, "object", id);
    }
    free(id);
    free(of);
}

/* --- files of nodes ------------------------------------------------------------------- */

static char *file_id(const char *name)
{
    return crate_id("results/%s", name);
}

static void add_file(struct crate *c, const char *name)
{
    const struct item *item = deposit_item(c->d, name);
    const struct look_node *n = look_find(&c->d->look, name);
    char *id = file_id(name);
    const struct schema *s = n ? schema_of(&c->d->look, text_of(n->node, "stage")) : NULL;
    if (id != NULL && item != NULL) {
        json_t *e = crate_entity(c, id, "File");
        crate_text(e, "name", name);
        crate_size(e, item);
        if (deposit_manifest(c->d, name) == NULL)
            crate_text(e, "description", "A file of the author's own: no run of this project "
                       "made it");
        else if (s != NULL)
            crate_text(e, "description", text_of(s->json, "summary"));
        crate_refer(crate_entity(c, "results/", "Dataset"), "hasPart", id);
    }
    free(id);
}

/* The file fills a slot. */
static void fill(struct crate *c, const char *id, char *slot_id)
{
    json_t *e = id && crate_has(c, id) ? crate_entity(c, id, "") : NULL;
    json_t *old = e ? json_object_get(e, "exampleOfWork") : NULL;
    bool known = false;
    size_t i;
    json_t *each;
    json_array_foreach(old, i, each)
        known = known || (slot_id && strcmp(text_of(each, "@id"), slot_id) == 0);
    if (e != NULL && slot_id != NULL && !known)
        crate_refer(e, "exampleOfWork", slot_id);
    free(slot_id);
}

/* --- actions ---------------------------------------------------------------------------- */

static void add_usage(struct crate *c, json_t *action, const char *run, const char *what,
                      const char *property, double value, const char *unit)
{
    char *id = crate_id("%s/%s", run, what), number[32];
    json_t *e = id ? crate_entity(c, id, "PropertyValue") : NULL;
    if (e != NULL) {
        crate_text(e, "name", what);
        crate_text(e, "propertyID", property);
        crate_text(e, "value", bn_shortest(value, number));
        crate_unit(e, unit);
        crate_refer(action, "resourceUsage", id);
    }
    free(id);
}

static const char *date_text(double seconds, char buf[32])
{
    const time_t t = (time_t)seconds;
    struct tm tm;
    if (gmtime_r(&t, &tm) == NULL || strftime(buf, 32, "%FT%TZ", &tm) == 0)
        buf[0] = '\0';
    return buf;
}

static double began(const json_t *m)
{
    const double seconds = json_number_value(json_object_get(m, "seconds"));
    return (double)(int64_t)(look_made(m) - seconds);
}

static void describe_run(json_t *action, const json_t *m, const char *name)
{
    const json_t *accepted = json_object_get(m, "accepted");
    char start[32], took[32];
    char *kept = accepted == NULL ? NULL
        : bn_format(" Its code changed since, and %s kept the result on %s: %s.",
                    text_of(accepted, "who"), text_of(accepted, "when"),
                    text_of(accepted, "why"));
    crate_format(action, "name", "%s for %s", text_of(m, "stage"), name);
    crate_text(action, "startTime", date_text(began(m), start));
    crate_text(action, "endTime", text_of(m, "date"));
    crate_format(action, "description", "Ran once, as %s, on %s (%s, %s), in %s; every make "
                 "after that took the result from the cache, so these are the times of the run "
                 "that made it.%s", text_of(m, "node"), text_of(m, "host"),
                 text_of(m, "system"), text_of(m, "cpu"),
                 bn_human_seconds(json_number_value(json_object_get(m, "seconds")), took),
                 kept ? kept : "");
    free(kept);
}

static void add_inputs(struct crate *c, json_t *action, const struct tool *t,
                       const json_t *node)
{
    const char *role;
    json_t *input;
    json_object_foreach(json_object_get(node, "inputs"), role, input) {
        char *plain = bn_format("%.*s", (int)strcspn(role, "["), role);
        char *id = file_id(json_string_value(input));
        if (plain != NULL && id != NULL) {
            fill(c, id, slot(c, t->entity, "input", t->key, plain, "File"));
            crate_refer(action, "object", id);
        }
        free(id);
        free(plain);
    }
}

static char *recording_id(const char *name, const json_t *entry)
{
    if (json_is_true(json_object_get(entry, "included")))
        return crate_id("recordings/%s", name);
    if (strcmp(text_of(entry, "source"), "unknown") == 0)
        return bn_format("#recording-%s", text_of(entry, "sha256"));
    return bn_copy(text_of(entry, "source"));
}

static void add_data(struct crate *c, json_t *action, const struct tool *t,
                     const json_t *node)
{
    const char *key;
    json_t *files, *file;
    size_t i;
    json_object_foreach(json_object_get(node, "files"), key, files)
        json_array_foreach(files, i, file) {
            const char *path = json_string_value(json_array_get(file, 0));
            const char *name = recording_name(path);
            const json_t *entry = json_object_get(c->d->data, name);
            char *id = entry ? recording_id(name, entry) : crate_id("source/%s", path);
            char *inside = bn_format("data/%s", id ? id : "");
            const struct item *item = inside ? payload_find(&c->d->payload, inside) : NULL;
            if (id != NULL && item != NULL && !crate_has(c, id)) {
                json_t *e = crate_entity(c, id, "File");         /* a file of the project */
                crate_text(e, "name", path);
                crate_size(e, item);
                crate_refer(crate_entity(c, "source/", "Dataset"), "hasPart", id);
            }
            if (id != NULL && crate_has(c, id)) {
                fill(c, id, param_slot(c, t, key));
                crate_refer(action, "object", id);
            }
            free(inside);
            free(id);
        }
}

static void add_manifest(struct crate *c, const char *run, const char *k2)
{
    char *inside = bn_format("data/runs/%s.json", k2), *id = bn_format("runs/%s.json", k2);
    const struct item *item = inside ? payload_find(&c->d->payload, inside) : NULL;
    if (item != NULL && id != NULL && !crate_has(c, id)) {
        json_t *e = crate_entity(c, id, "File");
        crate_format(e, "name", "manifest %.12s", k2);
        crate_size(e, item);
        crate_refer(e, "about", run);
        crate_refer(crate_entity(c, "runs/", "Dataset"), "hasPart", id);
    }
    free(id);
    free(inside);
}

/* The run of a tool; nodes with one object share it. */
static void add_run(struct crate *c, json_t *root, const struct tool *t,
                    const struct look_node *n, const char *run)
{
    const json_t *m = n->object.manifest;
    char *out = file_id(n->name);
    const char *key;
    json_t *value;
    const bool first = !crate_has(c, run);
    json_t *action = crate_entity(c, run, "CreateAction");
    if (first) {
        describe_run(action, m, n->name);
        crate_refer(action, "instrument", t->id);
        json_object_set(action, "agent", json_object_get(root, "author"));
        add_inputs(c, action, t, n->node);
        add_data(c, action, t, n->node);
        json_object_foreach(json_object_get(m, "parameters"), key, value)
            if (json_is_string(value))
                add_value(c, action, t, key, json_string_value(value));
        add_usage(c, action, run, "duration",
                  "https://en.wikipedia.org/wiki/Elapsed_real_time",
                  json_number_value(json_object_get(m, "seconds")), "s");
        add_usage(c, action, run, "peak-memory",
                  "https://en.wikipedia.org/wiki/Resident_set_size",
                  json_number_value(json_object_get(m, "memory")), "byte");
        add_manifest(c, run, n->object.k2);
        crate_refer(root, "mentions", run);
    }
    if (out != NULL) {
        fill(c, out, slot(c, t->entity, "output", t->key, "out", "File"));
        crate_refer(action, "result", out);
    }
    free(out);
}

static void add_step(struct crate *c, json_t *root, json_t *workflow, json_t *engine,
                     const struct look_node *n, size_t position)
{
    struct tool t;
    char *run = bn_format("#run-%s", n->object.k2), *step = crate_id("#step/%s", n->name),
         *control = crate_id("#control/%s", n->name);
    if (run != NULL && step != NULL && control != NULL && find_tool(c, n->node, workflow, &t)) {
        json_t *e = crate_entity(c, step, "HowToStep");
        crate_text(e, "name", n->name);
        crate_format(e, "position", "%zu", position);
        crate_refer(e, "workExample", t.id);
        crate_refer(workflow, "step", step);
        add_run(c, root, &t, n, run);
        e = crate_entity(c, control, "ControlAction");
        crate_format(e, "name", "make %s", n->name);
        crate_refer(e, "instrument", step);
        crate_refer(e, "object", run);
        crate_refer(engine, "object", control);
        tool_free(&t);
    }
    free(control);
    free(step);
    free(run);
}

/* --- the run of the whole ------------------------------------------------------------------ */

static void add_setting(struct crate *c, json_t *action, json_t *workflow, const char *name,
                        const char *value, const char *what)
{
    char *of = slot(c, workflow, "parameter", "workflow", name, "Text");
    char *id = crate_id("#workflow/%s=", name);
    if (of != NULL && id != NULL) {
        json_t *e = crate_entity(c, id, "PropertyValue");
        crate_text(crate_entity(c, of, ""), "description", what);
        crate_text(e, "name", name);
        json_object_set_new(e, "value", json_string(value));
        crate_refer(e, "exampleOfWork", of);
        crate_refer(action, "object", id);
    }
    free(id);
    free(of);
}

/* Parameter files of the pipelines: read, but no slots of the workflow. */
static void add_settings(struct crate *c, json_t *action)
{
    json_t *seen = json_object();
    for (size_t i = 0; i < c->d->names.n; i++) {
        const char *name = c->d->names.at[i];
        char *path = bn_format("source/params/%.*s.conf", (int)strcspn(name, "/"), name);
        char *inside = bn_format("data/%s", path ? path : "");
        char *id = crate_id("%s", path ? path : "");
        const struct item *item = inside ? payload_find(&c->d->payload, inside) : NULL;
        if (item != NULL && id != NULL && json_object_get(seen, path) == NULL) {
            json_t *e = crate_entity(c, id, "File");
            crate_text(e, "name", path + strlen("source/"));
            crate_text(e, "description", "Parameters of a pipeline");
            crate_size(e, item);
            crate_refer(crate_entity(c, "source/", "Dataset"), "hasPart", id);
            crate_refer(action, "object", id);
            json_object_set_new(seen, path, json_true());
        }
        free(id);
        free(inside);
        free(path);
    }
    json_decref(seen);
}

static void add_whole(struct crate *c, json_t *root, json_t *workflow, json_t *action)
{
    const struct deposit *d = c->d;
    char start[32], *goals = list_sentence(&d->goals);
    double first = 0.0;
    const char *name;
    json_t *entry;
    for (size_t i = 0; i < d->names.n; i++) {
        const json_t *m = deposit_manifest(d, d->names.at[i]);
        if (m != NULL && (first <= 0.0 || began(m) < first))
            first = began(m);
    }
    crate_format(action, "name", "make %s", goals ? goals : "");
    crate_text(action, "description", "From the first run that something here was made by to "
               "the last: steps were taken from the cache where it had them, and each run has "
               "its own times");
    if (first > 0.0)
        crate_text(action, "startTime", date_text(first, start));
    crate_text(action, "endTime", d->date);
    crate_refer(action, "instrument", "source/Makefile");
    json_object_set(action, "agent", json_object_get(root, "author"));
    add_setting(c, action, workflow, "FROM", d->look.from, "The pipeline that figures draw");
    add_setting(c, action, workflow, "SET", d->look.set, "Parameters on the command line, over "
                "those of the files");
    add_settings(c, action);
    json_object_foreach(d->data, name, entry) {
        char *id = recording_id(name, entry);
        if (id != NULL) {
            fill(c, id, slot(c, workflow, "input", "workflow", "recordings", "File"));
            crate_refer(action, "object", id);
        }
        free(id);
    }
    for (size_t i = 0; i < d->targets.n; i++) {
        char *id = file_id(d->targets.at[i]);
        if (id != NULL) {
            fill(c, id, slot(c, workflow, "output", "workflow", d->targets.at[i], "File"));
            crate_refer(action, "result", id);
        }
        free(id);
    }
    free(goals);
}

/* Compiler and libraries, from the lines that manifests carry. */
static void add_requirements(struct crate *c, json_t *workflow)
{
    json_t *seen = json_object();
    for (size_t i = 0; i < c->d->names.n; i++) {
        const char *build = text_of(deposit_manifest(c->d, c->d->names.at[i]), "build");
        if (build[0] == '\0' || json_object_get(seen, build) != NULL)
            continue;
        json_object_set_new(seen, build, json_true());
        json_t *b = beside_build(build), *version;
        const char *name;
        json_t *all = json_deep_copy(json_object_get(b, "libraries"));
        json_object_set(all, text_of(b, "compiler"), json_object_get(b, "compiler_version"));
        json_object_foreach(all, name, version) {
            char *id = crate_id("#%s-%s", name, json_string_value(version));
            if (id != NULL && !crate_has(c, id)) {
                crate_software(c, id, "SoftwareApplication", name, json_string_value(version));
                crate_refer(workflow, "softwareRequirements", id);
            }
            free(id);
        }
        json_decref(all);
        json_decref(b);
    }
    json_decref(seen);
}

void runs_write(struct crate *c, json_t *root, json_t *workflow)
{
    const struct look *l = &c->d->look;
    size_t position = 0;
    json_t *whole = crate_entity(c, "#make", "CreateAction");
    json_t *engine = crate_entity(c, "#engine", "OrganizeAction");
    crate_text(engine, "name", "GNU Make with the driver basin " BASIN_VERSION);
    crate_refer(engine, "instrument", "https://www.gnu.org/software/make/");
    crate_refer(engine, "result", "#make");
    json_object_set(engine, "agent", json_object_get(root, "author"));
    crate_refer(root, "mentions", "#make");
    crate_refer(root, "mentions", "#engine");
    for (size_t i = 0; i < c->d->names.n; i++)
        add_file(c, c->d->names.at[i]);
    for (size_t i = 0; i < c->d->strays.n; i++)
        add_file(c, c->d->strays.at[i]);
    /* upstream first, so that a position is after those of its inputs */
    for (size_t i = 0; i < l->n_order; i++)
        if (l->nodes[l->order[i]].object.manifest != NULL)
            add_step(c, root, workflow, engine, &l->nodes[l->order[i]], ++position);
    add_whole(c, root, workflow, whole);
    add_requirements(c, workflow);
}
