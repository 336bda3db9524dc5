/* SPDX-License-Identifier: MIT
 *
 * `basin resolve`: from fragments, parameter files, SET, FROM and sources to a
 * plan, named by the digest of what it says:
 *
 *   results/.basin/plans/<digest>.mk     what Make includes
 *   results/.basin/plans/<digest>.plan   a line per node: its name and, as JSON,
 *                                        stage, code, parameters, files, inputs
 *   results/.basin/nodes/<name>.node     one node, for people and for Make to
 *                                        compare times with
 *
 * Make's times only order the work; manifests decide.  Every node file has the same
 * old time.  A link that holds what is wanted now is younger; any other is given an
 * older time here (or is missing), so that Make has it made.
 *
 * A plan never changes, so a running make cannot see values of another one.  It
 * prints the name of the .mk file, or `error:FILE` where FILE holds the message:
 * the Makefile then prints that instead of running anything.                 */
#include "basin.h"

#include <basin/mem.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

struct resolve {
    const char *results, *from, *set;
    long make;
    bool slurm;                          /* the make has a cluster run the stages */
    char *build;
    struct graph graph;
    struct stage_node *nodes;
    size_t n_nodes;
    struct settings settings;
    struct variables vars;
    json_t *plan;                        /* name -> node, in the order of fragments */
    json_t *codes;                       /* stage -> identity */
    json_t *states;                      /* name -> content digest, or "" if stale */
    json_t *renewed;                     /* names of links that got the time of now */
    json_t *origins;                     /* name -> where it stands, or NULL: see plan_look */
    bool still;                          /* only looks, beside a make that may have aged
                                            a link for its own parameters */
    char suffix[128], digest[BN_HEX];
    char recorded[128];                  /* node of $(RECORDED) */
};

static bool is_figure(const char *name)
{
    return strncmp(name, "figures/", 8) == 0;
}

/* No stage makes it; what it lacks is said when somebody asks for it. */
static bool is_drawn(const char *name)
{
    return is_figure(name) || numbers_is(name);
}

/* --- stage nodes --------------------------------------------------------- */

static bn_status find_stage_nodes(struct resolve *r)
{
    const struct variables none = { "ring", "", "" };
    r->nodes = bn_alloc(r->graph.n + 1, sizeof *r->nodes);
    if (r->nodes == NULL)
        return BN_NOMEM;
    for (size_t i = 0; i < r->graph.n; i++) {
        const struct rule *rule = &r->graph.rules[i];
        struct stage_node *node = &r->nodes[r->n_nodes];
        char *name;
        BN_TRY(graph_expand(rule->target, &none, rule->place, &name));
        if (is_drawn(name)) {
            free(name);
            continue;
        }
        node->name = name;
        r->n_nodes++;
        bn_status rc = graph_split(name, &node->pipeline, &node->stage, &node->variant);
        if (rc == BN_OK)
            rc = schema_get(r->build, node->stage, &node->schema);
        if (rc != BN_OK)
            return bn_fail_at(rc, "%s", rule->place);
    }
    return BN_OK;
}

static bn_status check_from(struct resolve *r)
{
    struct list known = { 0 };
    char hint[96];
    bn_status rc = BN_OK;
    for (size_t i = 0; i < r->n_nodes && rc == BN_OK; i++)
        if (!list_has(&known, r->nodes[i].pipeline))
            rc = list_add(&known, r->nodes[i].pipeline);
    if (rc == BN_OK && !list_has(&known, r->from)) {
        char *all = list_sentence(&known);
        rc = bn_fail(BN_USAGE, "FROM=%s: there is no such pipeline%s; the pipelines are %s",
                     r->from, list_hint(&known, r->from, hint), all ? all : "");
        free(all);
    }
    list_free(&known);
    return rc;
}

static bn_status code_of(struct resolve *r, const char *stage, const char **code)
{
    if (json_object_get(r->codes, stage) == NULL) {
        char hex[BN_HEX], *source = bn_format("stages/%s.c", stage);
        const bn_status rc = source ? code_identity(r->build, source, hex) : BN_NOMEM;
        free(source);
        BN_TRY(rc);
        json_object_set_new(r->codes, stage, json_string(hex));
    }
    *code = text_of(r->codes, stage);
    return BN_OK;
}

/* The value of a parameter of type file is what the files say and their names. */
static bn_status add_file_value(const char *results, const char *node,
                                const bn_values *v, size_t i, json_t *json)
{
    const char *key = bn_values_param(v, i)->name;
    json_t *files = json_array();
    char *value = bn_copy("");
    bn_status rc = BN_OK;
    for (size_t k = 0; k < bn_values_length(v, i) && rc == BN_OK && value; k++) {
        const char *path = bn_values_item(v, i, k);
        const char *slash = strrchr(path, '/');
        char hex[BN_HEX] = "missing";
        if (path[0] == '\0')
            continue;
        if (bn_values_param(v, i)->type == BN_TYPE_FILES && strpbrk(path, " ,{}\t"))
            rc = bn_fail(BN_USAGE, "%s: %s holds `%s`: a list of files takes no name with "
                         "blanks, commas or braces; make a link with a plain name",
                         node, key, path);
        else if (file_exists(path))
            rc = store_sha256(results, path, hex);
        char *longer = bn_format("%s%ssha256:%s %s", value, value[0] ? " " : "", hex,
                                 slash ? slash + 1 : path);
        free(value);
        value = longer;
        json_array_append_new(files, json_pack("[ss]", path, hex));
    }
    json_object_set_new(json_object_get(json, "parameters"), key,
                        json_string(value ? value : ""));
    if (json_array_size(files) > 0)
        json_object_set(json_object_get(json, "files"), key, files);
    json_decref(files);
    free(value);
    return rc;
}

bn_status plan_value(const char *results, const char *node, const bn_values *v, size_t i,
                     json_t *json)
{
    const struct bn_param *p = bn_values_param(v, i);
    if (p->type == BN_TYPE_FILE || p->type == BN_TYPE_FILES)
        return add_file_value(results, node, v, i, json);
    json_object_set_new(json_object_get(json, "parameters"), p->name,
                        json_string(bn_values_canonical(v, i)));
    return BN_OK;
}

/* For those who look: "params/ring.conf:14" of every value. */
static void note_origins(struct resolve *r, const char *name, const bn_values *v)
{
    json_t *values = json_object();
    for (size_t i = 0; i < bn_values_count(v); i++)
        json_object_set_new(values, bn_values_param(v, i)->name,
                            json_string(bn_values_origin(v, i)));
    json_object_set_new(r->origins, name, json_pack("{so}", "parameters", values));
}

static bn_status add_stage_node(struct resolve *r, const struct stage_node *node)
{
    bn_values *v = NULL;
    const char *code;
    BN_TRY(code_of(r, node->stage, &code));
    BN_TRY(settings_values(&r->settings, node, &v));
    json_t *json = json_pack("{ss ss s{} s{} s{}}", "stage", node->stage, "code", code,
                             "parameters", "files", "inputs");
    bn_status rc = json ? BN_OK : BN_NOMEM;
    for (size_t i = 0; i < bn_values_count(v) && rc == BN_OK; i++)
        rc = plan_value(r->results, node->name, v, i, json);
    char *checkpoint = NULL;
    if (rc == BN_OK)
        rc = settings_checkpoint(&r->settings, node->pipeline, &checkpoint);
    if (checkpoint != NULL)
        json_object_set_new(json, "checkpoint", json_string(checkpoint));
    free(checkpoint);
    json_t *asked = NULL;
    if (rc == BN_OK)
        rc = settings_slurm(&r->settings, node, &asked);
    if (asked != NULL)
        json_object_set_new(json, "slurm", asked);
    if (r->origins != NULL)
        note_origins(r, node->name, v);
    bn_values_free(v);
    json_object_set_new(r->plan, node->name, json);
    return rc;
}

/* A pipeline's own recording, which it needs anyway; else the one that is drawn
 * beside a generated network when all its files are there.                      */
static const char *find_recorded(struct resolve *r)
{
    snprintf(r->recorded, sizeof r->recorded, "%s/recording.h5", r->from);
    if (json_object_get(r->plan, r->recorded) != NULL)
        return r->recorded;
    const json_t *node = json_object_get(r->plan, "mouse/recording.h5");
    const char *key;
    json_t *files, *file;
    size_t i, found = 0;
    json_object_foreach(json_object_get(node, "files"), key, files)
        json_array_foreach(files, i, file) {
            if (strcmp(json_string_value(json_array_get(file, 1)), "missing") == 0)
                return "";
            found++;
        }
    return found > 0 ? "mouse/recording.h5" : "";
}

/* --- edges --------------------------------------------------------------- */

static const struct schema *schema_of(const struct resolve *r, const char *name)
{
    for (size_t i = 0; i < r->n_nodes; i++)
        if (strcmp(r->nodes[i].name, name) == 0)
            return r->nodes[i].schema;
    return NULL;
}

static bool is_pipeline(const struct resolve *r, const char *name, size_t length)
{
    for (size_t i = 0; i < r->n_nodes; i++)
        if (strncmp(r->nodes[i].pipeline, name, length) == 0
            && r->nodes[i].pipeline[length] == '\0')
            return true;
    return false;
}

static bool has_recording(const struct resolve *r, const char *pipeline, size_t length)
{
    char *name = bn_format("%.*s/recording.h5", (int)length, pipeline);
    const bool has = name != NULL && json_object_get(r->plan, name) != NULL;
    free(name);
    return has;
}

/* For `rat-sizes` beside FROM=rat the like of it beside another pipeline, `mouse-sizes`, or
 * NULL: of one with a recording if FROM has one.  *base: length of `mouse`.   */
static const char *model_of(const struct resolve *r, const char *name, size_t *base)
{
    const size_t own = strlen(r->from), length = strcspn(name, "/");
    const char *best = NULL;
    if (strncmp(name, r->from, own) != 0 || name[own] != '-' || is_pipeline(r, name, length))
        return NULL;
    const bool recorded = has_recording(r, r->from, own);
    for (size_t i = 0; i < r->n_nodes; i++) {
        const char *other = r->nodes[i].pipeline;
        const size_t all = strlen(other), rest = length - own, n = all > rest ? all - rest : 0;
        if (n == 0 || strncmp(other + n, name + own, rest) != 0 || !is_pipeline(r, other, n))
            continue;
        if (best == NULL || has_recording(r, other, n) == recorded) {
            best = other;
            *base = n;
        }
    }
    return best;
}

static bn_status unknown_input(const struct resolve *r, const char *name, const char *target,
                               const struct rule *rule)
{
    struct list known = { 0 };
    char hint[96];
    const char *key;
    json_t *value;
    bn_status rc = BN_OK;
    size_t base, length = strcspn(name, "/");
    const char *model = model_of(r, name, &base);
    if (model != NULL)
        return bn_fail(BN_USAGE, "%s: %s needs %s, and there is no pipeline %.*s: copy %s (sed "
                       "'s/%.*s/%s/g' pipelines/%s.mk > pipelines/%.*s.mk; cp params/%s.conf "
                       "params/%.*s.conf) and go through its parameters", rule->place, target,
                       name, (int)length, name, model, (int)base, model, r->from, model,
                       (int)length, name, model, (int)length, name);
    json_object_foreach(r->plan, key, value)
        if (rc == BN_OK)
            rc = list_add(&known, key);
    if (rc == BN_OK)
        rc = bn_fail(BN_USAGE, "%s: %s/%s: no rule makes it and it is not there%s",
                     rule->place, r->results, name, list_hint(&known, name, hint));
    list_free(&known);
    return rc;
}

/* What a stage or a figure calls this input. */
static bn_status role_of(const struct schema *schema, const char *input, bool figure,
                         const struct rule *rule, char role[256])
{
    char *pipeline, *stage, *variant;
    BN_TRY(graph_split(input, &pipeline, &stage, &variant));
    snprintf(role, 256, "%s%s%s", stage, variant[0] ? (figure ? "_" : ".") : "", variant);
    bn_status rc = BN_OK;
    if (figure) {
        for (char *c = role; *c != '\0'; c++)
            if (strchr(".-+", *c) != NULL)
                *c = '_';                /* gnuplot variables */
    } else if (!schema_has_input(schema, role)) {
        snprintf(role, 256, "%s", stage);
        if (!schema_has_input(schema, role)) {
            struct list known = { 0 };
            char hint[96];
            size_t i;
            json_t *x;
            json_array_foreach(json_object_get(schema->json, "inputs"), i, x)
                if (rc == BN_OK)
                    rc = list_add(&known, text_of(x, "role"));
            char *all = list_sentence(&known);
            rc = bn_fail(BN_USAGE, "%s: the stage %s reads no `%s`%s; it reads %s",
                         rule->place, schema->stage, role, list_hint(&known, role, hint),
                         all ? all : "");
            free(all);
            list_free(&known);
        }
    }
    free(pipeline);
    return rc;
}

/* Which points these are is known when all edges are: see sweep.c. */
static void add_gathered(json_t *json, const char *role, const char *name)
{
    if (json_object_get(json, "gather") == NULL)
        json_object_set_new(json, "gather", json_object());
    json_t *gather = json_object_get(json, "gather");
    if (json_object_get(gather, role) == NULL)
        json_object_set_new(gather, role, json_array());
    json_array_append_new(json_object_get(gather, role), json_string(name));
}

/* Note in a figure's node what it lacks: each pipeline that there is not once, not with each
 * of its artifacts.                                                         */
static void note_missing(json_t *json, const char *name)
{
    const char *code = text_of(json, "code");
    const bool first = strncmp(code, "missing: ", 9) != 0;
    char *pipeline = bn_format("no pipeline %.*s:", (int)strcspn(name, "/"), name);

    if (pipeline != NULL && (first || strstr(code, pipeline) == NULL)) {
        char *missing = first ? bn_format("missing: %s", bn_error())
                              : bn_format("%s; %s", code, bn_error());
        if (missing != NULL)
            json_object_set_new(json, "code", json_string(missing));
        free(missing);
    }
    free(pipeline);
}

static bn_status add_input(struct resolve *r, const char *target, json_t *json,
                           const char *word, const struct rule *rule)
{
    char *name, role[256];
    BN_TRY(graph_expand(word, &r->vars, rule->place, &name));
    bn_status rc = BN_OK;
    if (name[0] != '\0') {
        char *path = bn_format("%s/%s", r->results, name);
        if (path == NULL)
            rc = BN_NOMEM;
        else if (json_object_get(r->plan, name) == NULL && !file_exists(path))
            rc = unknown_input(r, name, target, rule);
        /* A figure that this pipeline lacks an input of is refused when it is asked for,
         * not before: others can be drawn.                                  */
        if (rc == BN_USAGE && is_drawn(target)) {
            note_missing(json, name);
            free(path);
            free(name);
            return BN_OK;
        }
        if (rc == BN_OK && numbers_is(target))
            snprintf(role, sizeof role, "%s", name);         /* told apart by it alone */
        else if (rc == BN_OK)
            rc = role_of(schema_of(r, target), name, is_figure(target), rule, role);
        json_t *inputs = json_object_get(json, "inputs");
        if (rc == BN_OK && !is_drawn(target) && schema_gathers(schema_of(r, target), role))
            add_gathered(json, role, name);
        else if (rc == BN_OK && json_object_get(inputs, role) != NULL)
            rc = bn_fail(BN_USAGE, "%s: %s and %s are both `%s` to %s; the table of the "
                         "stage must tell them apart (an input `stage.variant`)",
                         rule->place, text_of(inputs, role), name, role, target);
        else if (rc == BN_OK)
            json_object_set_new(inputs, role, json_string(name));
        free(path);
    }
    free(name);
    return rc;
}

static bn_status check_inputs(const struct schema *schema, const json_t *json,
                              const struct rule *rule)
{
    size_t i;
    json_t *input;
    json_array_foreach(json_object_get(schema->json, "inputs"), i, input) {
        const char *role = text_of(input, "role");
        if (!json_is_true(json_object_get(input, "optional")) &&
            json_object_get(json_object_get(json, "inputs"), role) == NULL &&
            json_object_get(json_object_get(json, "gather"), role) == NULL)
            return bn_fail(BN_USAGE, "%s: the stage %s needs a `%s` among the "
                           "prerequisites of %s", rule->place, schema->stage, role,
                           rule->target);
    }
    return BN_OK;
}

/* --- figures ------------------------------------------------------------- */

static json_t *new_figure(struct resolve *r, const char *name)
{
    char hex[BN_HEX], *script = bn_format("%.*s.gp", (int)strcspn(name, "."), name);
    if (script == NULL)
        return NULL;
    /* What is missing is said when somebody asks for the figure. */
    const bn_status rc = figure_code(r->results, r->build, script, hex);
    char *missing = rc == BN_OK ? NULL : bn_format("missing: %s", bn_error());
    json_t *json = json_pack("{ss ss ss s{ss} s{} s{}}", "stage", "figure", "code",
                             missing ? missing : hex, "script", script, "parameters",
                             "from", r->from, "files", "inputs");
    free(missing);
    free(script);
    return json;
}

static bn_status add_converted(struct resolve *r, const char *pdf, const char *format)
{
    char hex[BN_HEX];
    const bn_status rc = figure_converter_code(r->results, r->build, hex);
    char *missing = rc == BN_OK ? NULL : bn_format("missing: %s", bn_error());
    char *name = bn_format("%.*s.%s", (int)strlen(pdf) - 4, pdf, format);
    if (name != NULL)
        json_object_set_new(r->plan, name,
                            json_pack("{ss ss s{ss} s{} s{ss}}", "stage", "pdftocairo",
                                      "code", missing ? missing : hex, "parameters",
                                      "format", format, "files", "inputs", "pdf", pdf));
    free(missing);
    free(name);
    return name ? BN_OK : BN_NOMEM;
}

static bn_status add_figure(struct resolve *r, const char *name, const struct rule *rule)
{
    const size_t n = strlen(name);
    if (n < 5 || strcmp(name + n - 4, ".pdf") != 0)
        return bn_fail(BN_USAGE, "%s: %s: a figure is a .pdf; its .svg and .png follow "
                       "by themselves", rule->place, name);
    json_t *json = new_figure(r, name);
    if (json == NULL || json_object_set_new(r->plan, name, json) != 0)
        return BN_NOMEM;
    BN_TRY(add_converted(r, name, "svg"));
    return add_converted(r, name, "png");
}

static bn_status add_numbers(struct resolve *r, const char *name)
{
    json_t *json = json_pack("{ss ss s{ss} s{} s{}}", "stage", "numbers", "code", "",
                             "parameters", "name", name, "files", "inputs");
    return json && json_object_set_new(r->plan, name, json) == 0 ? BN_OK : BN_NOMEM;
}

/* Which tables say what is citable is known when all its edges are. */
static bn_status end_numbers(const struct resolve *r, json_t *json, const struct rule *rule)
{
    char hex[BN_HEX];
    if (text_of(json, "code")[0] != '\0')
        return BN_OK;                    /* "missing: ..." */
    const bn_status rc = numbers_code(r->build, json, hex);
    json_object_set_new(json, "code", json_string(hex));
    return rc == BN_OK ? BN_OK : bn_fail_at(rc, "%s", rule->place);
}

static void note_place(struct resolve *r, const char *name, const struct rule *rule)
{
    if (json_object_get(r->origins, name) == NULL)
        json_object_set_new(r->origins, name, json_object());
    json_object_set_new(json_object_get(r->origins, name), "rule",
                        json_string(rule->place));
}

static bn_status add_edges(struct resolve *r)
{
    bn_status rc = BN_OK;
    for (int pass = 0; pass < 2; pass++)     /* all figures, then all edges */
        for (size_t i = 0; i < r->graph.n && rc == BN_OK; i++) {
            const struct rule *rule = &r->graph.rules[i];
            char *name;
            BN_TRY(graph_expand(rule->target, &r->vars, rule->place, &name));
            json_t *json = json_object_get(r->plan, name);
            if (pass == 0 && is_figure(name))
                rc = add_figure(r, name, rule);
            if (pass == 0 && numbers_is(name))
                rc = add_numbers(r, name);
            if (pass == 0 && r->origins != NULL)
                note_place(r, name, rule);
            for (size_t k = 0; pass == 1 && k < rule->inputs.n && rc == BN_OK; k++)
                rc = add_input(r, name, json, rule->inputs.at[k], rule);
            if (pass == 1 && rc == BN_OK && numbers_is(name))
                rc = end_numbers(r, json, rule);
            if (pass == 1 && rc == BN_OK && !is_drawn(name))
                rc = check_inputs(schema_of(r, name), json, rule);
            free(name);
        }
    return rc;
}

/* --- state: Make's times only order the work, manifests decide ----------- */

static bn_status check_state(struct resolve *r, const char *name);

/* Digests of the inputs by role; *whole is false if one is not up to date, *renewed is
 * true if a link of one was renewed.                                        */
static bn_status input_states(struct resolve *r, const json_t *node, json_t *digests,
                              bool *whole, bool *renewed)
{
    const char *role;
    json_t *input;
    json_object_foreach(json_object_get(node, "inputs"), role, input) {
        BN_TRY(check_state(r, json_string_value(input)));
        const char *digest = text_of(r->states, json_string_value(input));
        *whole = *whole && digest[0] != '\0';
        *renewed = *renewed || json_object_get(r->renewed, json_string_value(input)) != NULL;
        json_object_set_new(digests, role, json_string(digest));
    }
    return BN_OK;
}

/* A link that is not what is wanted now gets an old time, whatever depends on it
 * too: then no time that another make sets can make it look current.        */
static bn_status check_state(struct resolve *r, const char *name)
{
    const char *known = json_string_value(json_object_get(r->states, name));
    if (known != NULL && strcmp(known, "busy") == 0)
        return bn_fail(BN_USAGE, "pipelines/: %s needs itself, through its prerequisites",
                       name);
    if (known != NULL)
        return BN_OK;
    json_object_set_new(r->states, name, json_string("busy"));
    const json_t *node = json_object_get(r->plan, name);
    struct object o;
    char digest[BN_HEX] = "", k1[BN_HEX];
    bool whole = true, renewed = false;
    json_t *digests = json_object();
    bn_status rc = input_states(r, node, digests, &whole, &renewed);
    const enum holds holds = rc == BN_OK ? store_holds(r->results, name, &o)
                                         : HOLDS_NOTHING;
    if (holds == HOLDS_FILE && store_digest(r->results, o.path, digest) != BN_OK)
        digest[0] = '\0';
    if (holds == HOLDS_FILE && r->make > 0)
        fprintf(stderr, "basin: %s/%s is a file of your own: kept as it is, and no parameter "
                "changes it\n", r->results, name);
    if (holds == HOLDS_OBJECT && whole && node != NULL &&
        !store_is_forced(r->results, name) &&
        store_key(node, digests, k1) == BN_OK &&
        store_agrees(&o, k1, json_object_get(node, "parameters")))
        snprintf(digest, sizeof digest, "%s", o.content);
    if (rc == BN_OK && holds != HOLDS_FILE && digest[0] == '\0')
        store_age(r->results, name);
    /* Aged for the sake of other parameters; what depends on it must not be older than it. */
    else if (rc == BN_OK && holds == HOLDS_OBJECT && !r->still &&
             store_renew(r->results, name, renewed))
        json_object_set_new(r->renewed, name, json_true());
    if (holds != HOLDS_NOTHING)
        object_free(&o);
    json_decref(digests);
    json_object_set_new(r->states, name, json_string(digest));
    return rc;
}

/* --- writing ------------------------------------------------------------- */

static char *node_path(const struct resolve *r, const char *name)
{
    const char *dot = strrchr(name, '.');
    return bn_format("%s/.basin/nodes/%.*s.node", r->results, (int)(dot - name), name);
}

static bool is_point(const json_t *node)
{
    return json_object_get(node, "of") != NULL;
}

static void print_names(FILE *f, const struct resolve *r, const char *variable,
                        const char *suffix, bool points)
{
    const char *name;
    json_t *node;
    fprintf(f, "%s :=", variable);
    json_object_foreach(r->plan, name, node)
        if (is_point(node) == points && strcmp(strrchr(name, '.'), suffix) == 0 &&
            !store_is_own(r->results, name))
            fprintf(f, " \\\n  %s/%s", r->results, name);
    fprintf(f, "\n");
}

/* What figures are called on Make's command line, those of the user's own too. */
static void print_pictures(FILE *f, const struct resolve *r)
{
    const size_t tail = strlen(r->suffix) + strlen(".pdf");
    const char *name;
    json_t *node;
    fprintf(f, "PICTURES :=");
    json_object_foreach(r->plan, name, node)
        if (is_figure(name) && strcmp(strrchr(name, '.'), ".pdf") == 0)
            fprintf(f, " %.*s", (int)(strlen(name) - 8 - tail), name + 8);
    fprintf(f, "\n");
}

/* Data files are prerequisites; a path that Make cannot spell is left out, which
 * costs nothing: its digest is in the node file.                            */
static void print_files(FILE *f, const char *results, const char *name,
                        const json_t *node)
{
    const char *key;
    json_t *files, *file;
    size_t i;
    json_object_foreach(json_object_get(node, "files"), key, files)
        json_array_foreach(files, i, file) {
            const char *path = json_string_value(json_array_get(file, 0));
            const char *digest = json_string_value(json_array_get(file, 1));
            if (strcmp(digest, "missing") != 0 && strpbrk(path, " \t:#%$\\=*?[]~") == NULL)
                fprintf(f, "%s/%s: %s\n", results, name, path);
        }
}

static void print_edges(FILE *f, const char *results, const char *name,
                        const json_t *node)
{
    const char *role;
    json_t *input;
    fprintf(f, "%s/%s:", results, name);
    json_object_foreach(json_object_get(node, "inputs"), role, input)
        fprintf(f, " %s/%s", results, json_string_value(input));
    fprintf(f, "\n");
}

/* Does a rule of this fragment gather a sweep?  Make must not read its lines then: the
 * target needs the points, and not the plain node that the line names.      */
static bool has_gathering(const struct resolve *r, const char *path)
{
    const size_t n = strlen(path);
    for (size_t i = 0; i < r->graph.n; i++) {
        const struct rule *rule = &r->graph.rules[i];
        const char *role;
        char *name;
        json_t *points;
        if (strncmp(rule->place, path, n) != 0 || rule->place[n] != ':' ||
            graph_expand(rule->target, &r->vars, rule->place, &name) != BN_OK)
            continue;
        bool found = false;
        json_object_foreach(json_object_get(json_object_get(r->plan, name), "points"),
                            role, points)
            found = found || json_array_size(json_object_get(points, "parameter")) > 0;
        free(name);
        if (found)
            return true;
    }
    return false;
}

/* The lines that Make reads from the fragments, or else from here. */
static void print_fragments(FILE *f, const struct resolve *r)
{
    struct list out = { 0 }, in = { 0 };
    for (size_t i = 0; i < r->graph.n; i++) {
        const char *place = r->graph.rules[i].place;
        char *path = bn_format("%.*s", (int)strcspn(place, ":"), place), *name;
        if (path == NULL)
            break;
        if (!list_has(&in, path) && !list_has(&out, path) &&
            list_add(has_gathering(r, path) ? &out : &in, path) != BN_OK)
            break;
        if (list_has(&out, path) && graph_expand(r->graph.rules[i].target, &r->vars, place,
                                                 &name) == BN_OK) {
            print_edges(f, r->results, name, json_object_get(r->plan, name));
            free(name);
        }
        free(path);
    }
    fprintf(f, "FRAGMENTS :=");
    for (size_t i = 0; i < in.n; i++)
        fprintf(f, " %s", in.at[i]);
    fprintf(f, "\n");
    list_free(&in);
    list_free(&out);
}

/* What cannot be made whatever is made before it. */
static void print_unable(FILE *f, const struct resolve *r)
{
    const char *name;
    json_t *node;
    fprintf(f, "UNABLE :=");
    json_object_foreach(r->plan, name, node)
        if (strncmp(text_of(node, "code"), "missing: ", 9) == 0 &&
            strcmp(text_of(node, "stage"), "pdftocairo") != 0 && !store_is_own(r->results, name))
            fprintf(f, " %s/%s", r->results, name);
    fprintf(f, "\n");
}

static char *fragment_text(const struct resolve *r)
{
    char *text = NULL;
    size_t size;
    FILE *f = open_memstream(&text, &size);
    if (f == NULL)
        return NULL;
    print_names(f, r, "NODES", ".h5", false);
    print_names(f, r, "POINTS", ".h5", true);
    print_names(f, r, "PLOTS", ".pdf", false);
    print_names(f, r, "NUMBERS", ".tex", false);
    print_pictures(f, r);
    print_unable(f, r);
    if (r->vars.recorded[0] != '\0')
        fprintf(f, "RECORDED := %s/%s\n", r->results, r->vars.recorded);
    else
        fprintf(f, "RECORDED :=\n");
    const char *name;
    json_t *node;
    print_fragments(f, r);
    json_object_foreach(r->plan, name, node) {
        print_files(f, r->results, name, node);
        if (is_point(node))
            print_edges(f, r->results, name, node);
    }
    fclose(f);
    return text;
}

static char *plan_text(const struct resolve *r)
{
    char *text = NULL;
    size_t size;
    FILE *f = open_memstream(&text, &size);
    const char *name;
    json_t *node;
    if (f == NULL)
        return NULL;
    fprintf(f, "%s, resolved by basin %s\n", BASIN_FORMAT, BASIN_VERSION);
    struct list names = { 0 };           /* sorted: see find_line */
    bool whole = true;
    json_object_foreach(r->plan, name, node)
        whole = whole && list_add(&names, name) == BN_OK;
    list_sort(&names);
    for (size_t i = 0; i < names.n; i++) {
        char *json = json_dumps(json_object_get(r->plan, names.at[i]),
                                JSON_COMPACT | JSON_SORT_KEYS);
        whole = whole && json != NULL;
        fprintf(f, "%s %s\n", names.at[i], json ? json : "");
        free(json);
    }
    list_free(&names);
    whole = fclose(f) == 0 && whole;
    if (!whole) {
        free(text);
        text = NULL;
    }
    return text;
}

static bn_status write_dated(const char *path, const char *text)
{
    const struct timespec times[2] = { { YEAR_2000 + 86400, 0 }, { YEAR_2000 + 86400, 0 } };
    struct stat st;                      /* another user's file may have it already */
    BN_TRY(file_write_changed(path, text));
    if ((stat(path, &st) != 0 || st.st_mtim.tv_sec != times[1].tv_sec) &&
        utimensat(AT_FDCWD, path, times, 0) != 0)
        return bn_fail(BN_OUTPUT, "%s: its time cannot be set (%s)", path, strerror(errno));
    return BN_OK;
}

static bn_status write_node(const struct resolve *r, const char *name, const json_t *node)
{
    char *path = node_path(r, name);
    json_t *keyed = json_copy((json_t *)(uintptr_t)node);
    json_object_del(keyed, "checkpoint");    /* options: Make need not look again */
    json_object_del(keyed, "slurm");
    char *text = json_dumps(keyed, JSON_INDENT(2) | JSON_SORT_KEYS);
    json_decref(keyed);
    const bn_status rc = path && text ? write_dated(path, text) : BN_NOMEM;
    free(text);
    free(path);
    return rc;
}

static bn_status write_nodes(const struct resolve *r)
{
    const char *name;
    json_t *node;
    json_object_foreach(r->plan, name, node) {
        if (strcmp(text_of(node, "stage"), "pdftocairo") == 0 || is_point(node))
            continue;                    /* follows its .pdf; see below */
        BN_TRY(write_node(r, name, node));
    }
    /* Points may be many, and Make looks at nothing but the time. */
    char *path = bn_format("%s/.basin/nodes/points", r->results);
    const bn_status rc = path ? write_dated(path, "the time of every point of a sweep\n")
                              : BN_NOMEM;
    free(path);
    return rc;
}

static bn_status write_once(const struct resolve *r, const char *suffix, const char *text)
{
    char *path = bn_format("%s/.basin/plans/%s.%s", r->results, r->digest, suffix);
    const bn_status rc = path ? file_write_changed(path, text) : BN_NOMEM;
    free(path);
    return rc;
}

static bn_status write_plan(struct resolve *r)
{
    char *mk = fragment_text(r), *plan = plan_text(r);
    bn_digest *d;
    bn_status rc = mk && plan ? bn_digest_new(&d) : BN_NOMEM;
    if (rc == BN_OK) {
        bn_digest_text(d, mk);
        bn_digest_text(d, plan);
        bn_digest_end(d, r->digest);
    }
    char work[BN_HEX + 8];
    snprintf(work, sizeof work, "%s%s", r->digest, r->slurm ? " slurm" : "");
    if (rc == BN_OK && r->make > 0)
        rc = makes_enter(r->results, r->make, work);
    r->still = r->make == 0 && makes_busy(r->results);
    const char *name;
    json_t *node;
    json_object_foreach(r->plan, name, node)
        if (rc == BN_OK)
            rc = check_state(r, name);
    if (rc == BN_OK)
        rc = write_nodes(r);
    if (rc == BN_OK)
        rc = write_once(r, "plan", plan);
    if (rc == BN_OK)
        rc = write_once(r, "mk", mk);
    free(plan);
    free(mk);
    return rc;
}

/* --- the command --------------------------------------------------------- */

static bn_status build_plan(struct resolve *r)
{
    BN_TRY(file_build_folder(&r->build));
    BN_TRY(graph_load(&r->graph, "pipelines"));
    BN_TRY(find_stage_nodes(r));
    BN_TRY(check_from(r));
    BN_TRY(settings_load(&r->settings, r->nodes, r->n_nodes, r->set));
    for (size_t i = 0; i < r->n_nodes; i++)
        BN_TRY(add_stage_node(r, &r->nodes[i]));
    if (strcmp(r->from, "ring") != 0)
        snprintf(r->suffix, sizeof r->suffix, ".%s", r->from);
    r->vars = (struct variables){ r->from, r->suffix, find_recorded(r) };
    BN_TRY(add_edges(r));
    struct sweep s = { .results = r->results, .nodes = r->nodes, .n_nodes = r->n_nodes,
                       .settings = &r->settings, .plan = r->plan, .origins = r->origins };
    return sweep_expand(&s);
}

static bn_status resolve(struct resolve *r)
{
    BN_TRY(build_plan(r));
    BN_TRY(code_drop_wrong_objects(r->build));
    return write_plan(r);
}

static void resolve_begin(struct resolve *r)
{
    r->plan = json_object();
    r->codes = json_object();
    r->states = json_object();
    r->renewed = json_object();
}

static void resolve_free(struct resolve *r)
{
    for (size_t i = 0; i < r->n_nodes; i++) {
        free(r->nodes[i].name);
        free(r->nodes[i].pipeline);
    }
    free(r->nodes);
    free(r->build);
    graph_free(&r->graph);
    settings_free(&r->settings);
    json_decref(r->plan);
    json_decref(r->codes);
    json_decref(r->states);
    json_decref(r->renewed);
    json_decref(r->origins);
    schema_free_all();
}

bn_status plan_look(const char *results, const char *from, const char *set, json_t **plan,
                    json_t **origins)
{
    struct resolve r = { .results = results, .from = from, .set = set };
    resolve_begin(&r);
    r.origins = json_object();
    const bn_status rc = build_plan(&r);
    *plan = rc == BN_OK ? json_incref(r.plan) : NULL;
    *origins = rc == BN_OK ? json_incref(r.origins) : NULL;
    resolve_free(&r);
    return rc;
}

/* The message goes to a file because a first pass of Make may fail on programs
 * that it is about to rebuild, and nobody wants to read about that.         */
static int report(const struct resolve *r, bn_status rc)
{
    char hex[BN_HEX];
    bn_digest *d;
    char *text = bn_format("basin: %s\n", bn_error()), *path = NULL;
    if (text != NULL && bn_digest_new(&d) == BN_OK) {
        bn_digest_text(d, text);
        bn_digest_end(d, hex);
        path = bn_format("%s/messages/%.16s", r->build ? r->build : "build", hex);
    }
    if (path == NULL || file_write_changed(path, text) != BN_OK)
        fputs(text ? text : "basin: out of memory\n", stderr);
    printf("error:%s\n", path ? path : "");
    free(path);
    free(text);
    return (int)rc;
}

int plan_main(int argc, char **argv)
{
    struct resolve r = { .results = "results", .from = "ring", .set = "" };
    for (int i = 1; i < argc; i += 2) {
        const char *value = i + 1 < argc ? argv[i + 1] : NULL;
        if (strcmp(argv[i], "--slurm") == 0) {
            r.slurm = true;
            i--;                         /* it has no value */
            continue;
        }
        if (value != NULL && strcmp(argv[i], "--results") == 0)
            r.results = value;
        else if (value != NULL && strcmp(argv[i], "--from") == 0)
            r.from = value;
        else if (value != NULL && strcmp(argv[i], "--set") == 0)
            r.set = value;
        else if (value != NULL && strcmp(argv[i], "--make") == 0)
            r.make = strtol(value, NULL, 10);
        else {
            fprintf(stderr, "basin resolve: `%s` is not an option with a value; it takes "
                    "--results FOLDER --from PIPELINE --set \"...\" --make PID\n", argv[i]);
            return BN_USAGE;
        }
    }
    resolve_begin(&r);
    const bn_status rc = resolve(&r);
    int status = 0;
    if (rc != BN_OK)
        status = report(&r, rc);
    else
        printf("%s/.basin/plans/%s.mk\n", r.results, r.digest);
    resolve_free(&r);
    return status;
}

/* --- reading a plan ------------------------------------------------------ */

/* The plan that was read last.  Its lines are sorted by name after the first, which
 * says what the file is.                                                    */
static struct {
    char *path;
    const char *text, *end, *first;
} loaded;

static bn_status map_plan(const char *path)
{
    struct stat st;
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    void *map = MAP_FAILED;
    if (fd >= 0 && fstat(fd, &st) == 0 && st.st_size > 0)
        map = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    const int why = errno;
    if (fd >= 0)
        close(fd);
    if (map == MAP_FAILED)
        return bn_fail(BN_INPUT, "%s: cannot be read (%s)", path, strerror(why));
    loaded.text = map;
    loaded.end = loaded.text + st.st_size;
    const char *head = memchr(loaded.text, '\n', (size_t)st.st_size);
    loaded.first = head ? head + 1 : loaded.end;
    return BN_OK;
}

static bn_status read_plan(const char *results, const char *plan)
{
    char *path = bn_format("%s/.basin/plans/%s.plan", results, plan);
    if (path == NULL)
        return BN_NOMEM;
    if (loaded.path != NULL && strcmp(path, loaded.path) == 0) {
        free(path);
        return BN_OK;
    }
    if (loaded.text != NULL)
        munmap((void *)(uintptr_t)loaded.text, (size_t)(loaded.end - loaded.text));
    free(loaded.path);
    memset(&loaded, 0, sizeof loaded);
    bn_status rc = map_plan(path);
    if (rc != BN_OK)
        rc = bn_fail_at(rc, "plan %.16s is gone, run make again", plan);
    if (rc == BN_OK)
        loaded.path = path;
    else
        free(path);
    return rc;
}

/* The end of the line that `c` is in: at its newline. */
static const char *line_end(const char *c)
{
    const char *end = memchr(c, '\n', (size_t)(loaded.end - c));
    return end ? end : loaded.end;
}

static int compare_name(const char *name, const char *line, const char *end)
{
    const char *blank = memchr(line, ' ', (size_t)(end - line));
    const size_t n = strlen(name), m = (size_t)((blank ? blank : end) - line);
    const int order = memcmp(name, line, n < m ? n : m);
    return order != 0 ? order : n < m ? -1 : n > m;
}

/* The JSON of a node, up to *end; NULL if there is none. */
static const char *find_line(const char *name, const char **end)
{
    const char *low = loaded.first, *high = loaded.end;
    while (low < high) {
        const char *line = low + (high - low) / 2;
        while (line > low && line[-1] != '\n')
            line--;
        *end = line_end(line);
        const int order = compare_name(name, line, *end);
        if (order == 0)
            return line + strlen(name) + 1;
        if (order < 0)
            high = line;
        else
            low = *end < loaded.end ? *end + 1 : loaded.end;
    }
    return NULL;
}

bn_status plan_node(const char *results, const char *plan, const char *name,
                    json_t **node)
{
    const char *end;
    *node = NULL;
    BN_TRY(read_plan(results, plan));
    const char *json = find_line(name, &end);
    if (json != NULL)
        *node = json_loadb(json, (size_t)(end - json), 0, NULL);
    if (*node == NULL)
        return bn_fail(BN_USAGE, "%s/%s: no fragment in pipelines/ has a line for it%s",
                       results, name, json ? " that can be read" : "");
    return BN_OK;
}

bn_status plan_points(const char *results, const char *plan, struct list *names)
{
    BN_TRY(read_plan(results, plan));
    for (const char *line = loaded.first; line < loaded.end; line = line_end(line) + 1) {
        const char *end = line_end(line);
        const size_t n = strcspn(line, " ");
        json_t *node = json_loadb(line + n + 1, (size_t)(end - line) - n - 1, 0, NULL);
        char *name = bn_format("%.*s", (int)n, line);
        bn_status rc = name && node ? BN_OK : BN_NOMEM;
        if (rc == BN_OK && is_point(node))
            rc = list_add(names, name);
        json_decref(node);
        free(name);
        BN_TRY(rc);
    }
    return BN_OK;
}

static bool needs_any(const json_t *node, const json_t *names)
{
    const char *role;
    json_t *input;
    json_object_foreach(json_object_get(node, "inputs"), role, input)
        if (json_object_get(names, json_string_value(input)) != NULL)
            return true;
    return false;
}

static bn_status all_nodes(json_t *nodes)
{
    for (const char *line = loaded.first; line < loaded.end; line = line_end(line) + 1) {
        const char *end = line_end(line);
        const size_t n = strcspn(line, " ");
        char *name = bn_format("%.*s", (int)n, line);
        json_t *node = json_loadb(line + n + 1, (size_t)(end - line) - n - 1, 0, NULL);
        const bool added = name && node && json_object_set_new(nodes, name, node) == 0;
        free(name);
        if (!added)
            return BN_NOMEM;
    }
    return BN_OK;
}

bn_status plan_dependants(const char *results, const char *plan, const char *name,
                          struct list *names)
{
    BN_TRY(read_plan(results, plan));
    json_t *nodes = json_object(), *found = json_object();
    bn_status rc = all_nodes(nodes);
    if (rc == BN_OK)
        rc = list_add(names, name);
    json_object_set_new(found, name, json_true());
    for (size_t before = 0; rc == BN_OK && before != names->n;) {
        const char *key;
        json_t *node;
        before = names->n;
        json_object_foreach(nodes, key, node)
            if (rc == BN_OK && json_object_get(found, key) == NULL &&
                needs_any(node, found)) {
                rc = list_add(names, key);
                json_object_set_new(found, key, json_true());
            }
    }
    json_decref(found);
    json_decref(nodes);
    return rc;
}
