/* SPDX-License-Identifier: MIT
 *
 * Layers: default < [stage] < [stage.variant] of params/<pipeline>.conf < SET.
 * All texts are gathered first, in order; the values of a node are then its
 * layers applied one after the other, each checked by lib/param.c.
 *
 * The section `sweep` has a key "weights.lambda" for every parameter of every other
 * section; its lists go to sweep.c.  `slurm`, `slurm.weights` and
 * `slurm.weights.circulant` say what runs ask of a cluster: options, in no key. */
#include "basin.h"

#include <basin/conf.h>
#include <basin/mem.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct bn_param root_params[] = {
    BN_INTEGER("seed", "1", 0, 9007199254740992.0, "seed of every random stage"),
    BN_REAL("checkpoint", "s", "60", 0, 1e9, "time between two checkpoints"),
};

static const struct bn_param slurm_params[] = {
    BN_TEXT("partition", "", "where to run"),
    BN_TEXT("account", "", "who pays"),
    BN_REAL("time", "h", "0", 0, 1e5, "wall time of one run, at most"),
    BN_REAL("memory", "GB", "0", 0, 1e6, "of one run, at most"),
    BN_INTEGER("cpus", "1", 1, 4096, "processors of one run"),
    BN_REAL("batch", "s", "60", 0, 1e7, "short runs are put together up to this time"),
    BN_TEXT("options", "", "more options of sbatch, blank-separated"),
};

static bn_status add(struct settings *s, const char *pipeline, const char *section,
                     const char *key, const char *origin, struct setting **out)
{
    if (s->n == s->room) {
        const size_t room = s->room ? 2 * s->room : 64;
        struct setting *at = bn_grow(s->at, room, sizeof *at);
        if (at == NULL)
            return BN_NOMEM;
        s->at = at;
        s->room = room;
    }
    struct setting *x = &s->at[s->n++];
    *x = (struct setting){ bn_copy(pipeline), bn_copy(section), bn_copy(key),
                           bn_copy(origin), { 0 } };
    *out = x;
    return x->pipeline && x->section && x->key && x->origin ? BN_OK : BN_NOMEM;
}

void settings_free(struct settings *s)
{
    for (size_t i = 0; i < s->n; i++) {
        free(s->at[i].pipeline);
        free(s->at[i].section);
        free(s->at[i].key);
        free(s->at[i].origin);
        list_free(&s->at[i].texts);
    }
    free(s->at);
    sweep_free(s);
    *s = (struct settings){ 0 };
}

struct loading {
    struct settings *settings;
    const char *pipeline;
};

static bn_status take(void *context, const struct bn_assignment *a)
{
    const struct loading *l = context;
    struct setting *x;
    if (strcmp(a->section, "sweep") == 0)
        return sweep_add(l->settings, l->pipeline, a->key, a->texts, a->count, a->origin);
    BN_TRY(add(l->settings, l->pipeline, a->section, a->key, a->origin, &x));
    for (size_t i = 0; i < a->count; i++)
        BN_TRY(list_add(&x->texts, a->texts[i]));
    return BN_OK;
}

/* "weights" or "weights.circulant" in buf. */
static const char *section_of(const struct stage_node *node, char buf[256])
{
    snprintf(buf, 256, "%s%s%s", node->stage, node->variant[0] ? "." : "", node->variant);
    return buf;
}

static bn_status add_slurm(const char *of, struct list *names, struct bn_section *sections)
{
    char *name = bn_format("slurm%s%s", *of != '\0' ? "." : "", of);
    const bn_status rc = name ? list_add(names, name) : BN_NOMEM;
    free(name);
    if (rc == BN_OK)
        sections[names->n - 1] = (struct bn_section){ names->at[names->n - 1], slurm_params,
                                                      BN_LEN(slurm_params) };
    return rc;
}

/* The sections that a pipeline has: the root, its stages, their variants, and what each
 * of them asks of a cluster.                                                */
static bn_status find_sections(const struct stage_node *nodes, size_t n,
                               const char *pipeline, struct list *names,
                               struct bn_section **sections)
{
    *sections = bn_alloc(4 * n + 3, sizeof **sections);   /* one more: the sweep */
    if (*sections == NULL)
        return BN_NOMEM;
    BN_TRY(list_add(names, ""));
    (*sections)[0] = (struct bn_section){ "", root_params, BN_LEN(root_params) };
    BN_TRY(add_slurm("", names, *sections));
    for (size_t i = 0; i < n; i++) {
        char buf[256];
        const char *both[] = { nodes[i].stage, section_of(&nodes[i], buf) };
        for (size_t k = 0; k < 2; k++) {
            if (strcmp(nodes[i].pipeline, pipeline) != 0 || list_has(names, both[k]))
                continue;
            BN_TRY(list_add(names, both[k]));
            (*sections)[names->n - 1] = (struct bn_section){
                names->at[names->n - 1], nodes[i].schema->params,
                nodes[i].schema->n_params,
            };
            BN_TRY(add_slurm(both[k], names, *sections));
        }
    }
    return BN_OK;
}

/* What a sweep may name: "weights.lambda", and "seed".  `params` has the room. */
static bn_status find_swept(const struct bn_section *sections, size_t n,
                            struct list *names, struct bn_param *params)
{
    bn_status rc = BN_OK;
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < sections[i].count && rc == BN_OK; k++) {
            const char *section = sections[i].name, *key = sections[i].params[k].name;
            if (sections[i].params == slurm_params ||
                (*section == '\0' && strcmp(key, "seed") != 0))
                continue;                /* an option, not a parameter */
            char *name = bn_format("%s%s%s", section, *section ? "." : "", key);
            rc = name ? list_add(names, name) : BN_NOMEM;
            free(name);
            if (rc == BN_OK)             /* a list of texts, whatever the values are */
                params[names->n - 1] = (struct bn_param){
                    .name = names->at[names->n - 1], .type = BN_TYPE_REALS,
                };
        }
    return rc;
}

static bn_status load_sections(struct loading *l, const char *path, size_t n,
                               struct bn_section *sections)
{
    size_t count = 0;
    struct list names = { 0 };
    for (size_t i = 0; i < n; i++)
        count += sections[i].count;
    struct bn_param *params = bn_alloc(count + 1, sizeof *params);
    bn_status rc = params ? find_swept(sections, n, &names, params) : BN_NOMEM;
    sections[n] = (struct bn_section){ "sweep", params, names.n };
    if (rc == BN_OK)
        rc = bn_conf_load(path, sections, n + 1, take, l);
    free(params);
    list_free(&names);
    return rc;
}

static bn_status load_file(struct settings *s, const struct stage_node *nodes, size_t n,
                           const char *pipeline)
{
    char *path = bn_format("params/%s.conf", pipeline);
    if (path == NULL)
        return BN_NOMEM;
    bn_status rc = BN_OK;
    if (file_exists(path)) {
        struct list names = { 0 };
        struct bn_section *sections = NULL;
        struct loading l = { s, pipeline };
        rc = find_sections(nodes, n, pipeline, &names, &sections);
        if (rc == BN_OK)
            rc = load_sections(&l, path, names.n, sections);
        free(sections);
        list_free(&names);
    }
    free(path);
    return rc;
}

/* --- SET ----------------------------------------------------------------- */

/* Cut the next word off *p, quotes removed; NULL at the end. */
static bn_status next_word(char **p, char **word)
{
    char *s = *p + strspn(*p, " \t\n"), *out = s;
    *word = *s ? s : NULL;
    char quote = '\0';
    for (; *s != '\0' && (quote != '\0' || strchr(" \t\n", *s) == NULL); s++) {
        if (quote == '\0' && (*s == '\'' || *s == '"'))
            quote = *s;
        else if (*s == quote)
            quote = '\0';
        else
            *out++ = *s;
    }
    *p = s + (*s != '\0');
    *out = '\0';
    if (quote != '\0')
        return bn_fail(BN_USAGE, "SET: the quote %c is not closed in `%s`", quote, *word);
    return BN_OK;
}

static bn_status unknown(const char *what, const char *name, const char *whole,
                         const struct list *known)
{
    char hint[96], *all = list_sentence(known);
    const bn_status rc = bn_fail(BN_USAGE, "SET: unknown %s `%s` in `%s`%s; there is %s",
                                 what, name, whole, list_hint(known, name, hint),
                                 all ? all : "");
    free(all);
    return rc;
}

/* Gather names: pipelines if pipeline is NULL, else stages if stage is NULL, else
 * the variants of that stage.                                               */
static bn_status gather(const struct stage_node *nodes, size_t n, const char *pipeline,
                        const char *stage, struct list *names)
{
    for (size_t i = 0; i < n; i++) {
        const char *name = nodes[i].pipeline;
        if (pipeline != NULL && strcmp(pipeline, nodes[i].pipeline) != 0)
            continue;
        if (pipeline != NULL)
            name = nodes[i].stage;
        if (stage != NULL && strcmp(stage, nodes[i].stage) != 0)
            continue;
        if (stage != NULL)
            name = nodes[i].variant;
        if (name[0] != '\0' && !list_has(names, name))
            BN_TRY(list_add(names, name));
    }
    return BN_OK;
}

static bn_status check_name(const struct stage_node *nodes, size_t n, const char *pipeline,
                            const char *stage, const char *name, const char *what,
                            const char *whole)
{
    struct list known = { 0 };
    bn_status rc = gather(nodes, n, pipeline, stage, &known);
    if (rc == BN_OK && !list_has(&known, name))
        rc = unknown(what, name, whole, &known);
    list_free(&known);
    return rc;
}

static bn_status check_key(const struct stage_node *nodes, size_t n, const char *pipeline,
                           const char *stage, const char *key, const char *whole)
{
    struct list known = { 0 };
    bn_status rc = BN_OK;
    for (size_t i = 0; i < n && rc == BN_OK && known.n == 0; i++)
        if (strcmp(nodes[i].pipeline, pipeline) == 0 && strcmp(nodes[i].stage, stage) == 0)
            for (size_t k = 0; k < nodes[i].schema->n_params && rc == BN_OK; k++)
                rc = list_add(&known, nodes[i].schema->params[k].name);
    if (rc == BN_OK && !list_has(&known, key))
        rc = unknown("key", key, whole, &known);
    list_free(&known);
    return rc;
}

/* Without braces, cut at commas: "1e-8, 1e-6". */
static bn_status sweep_set(struct settings *s, const char *pipeline, const char *name,
                           char *value, const char *whole)
{
    struct list texts = { 0 };
    char *rest = NULL, *end = value + strlen(value);
    if (*value != '{' || end[-1] != '}')
        return bn_fail(BN_USAGE, "SET: `%s` takes a list: "
                       "ring.sweep.weights.lambda={1e-8,1e-6}, or {} for no sweep", whole);
    end[-1] = '\0';
    bn_status rc = BN_OK;
    for (char *w = strtok_r(value + 1, ",", &rest); w && rc == BN_OK;
         w = strtok_r(NULL, ",", &rest)) {
        w += strspn(w, " ");
        for (end = w + strlen(w); end > w && end[-1] == ' '; end--)
            end[-1] = '\0';
        rc = list_add(&texts, w);
    }
    if (rc == BN_OK)
        rc = sweep_add(s, pipeline, name, (const char *const *)texts.at, texts.n, "SET");
    list_free(&texts);
    return rc;
}

/* `path` is "ring.sweep.weights.lambda"; its pipeline is known. */
static bn_status set_sweep(struct settings *s, const struct stage_node *nodes, size_t n,
                           const char *pipeline, char *path, char *value,
                           const char *whole)
{
    struct bn_section *sections = NULL;
    struct list names = { 0 }, swept = { 0 };
    bn_status rc = find_sections(nodes, n, pipeline, &names, &sections);
    size_t count = 0;
    for (size_t i = 0; i < names.n && rc == BN_OK; i++)
        count += sections[i].count;
    struct bn_param *params = bn_alloc(count + 1, sizeof *params);
    if (rc == BN_OK)
        rc = params ? find_swept(sections, names.n, &swept, params) : BN_NOMEM;
    if (rc == BN_OK && !list_has(&swept, path)) {
        char hint[96];
        rc = bn_fail(BN_USAGE, "SET: unknown parameter `%s` in `%s`%s; write "
                     "pipeline.sweep.stage.key={values}", path, whole,
                     list_hint(&swept, path, hint));
    }
    if (rc == BN_OK)
        rc = sweep_set(s, pipeline, path, value, whole);
    free(params);
    free(sections);
    list_free(&swept);
    list_free(&names);
    return rc;
}

/* `section` is "slurm" or "slurm.weights"; the pipeline is known. */
static bn_status set_slurm(struct settings *s, const struct stage_node *nodes, size_t n,
                           const char *pipeline, const char *section, const char *key,
                           const char *whole, struct setting **x)
{
    struct bn_section *sections = NULL;
    struct list names = { 0 }, known = { 0 };
    bn_status rc = find_sections(nodes, n, pipeline, &names, &sections);
    for (size_t i = 0; i < names.n && rc == BN_OK; i++)
        if (sections[i].params == slurm_params)
            rc = list_add(&known, names.at[i]);
    if (rc == BN_OK && !list_has(&known, section))
        rc = unknown("section", section, whole, &known);
    list_free(&known);
    for (size_t i = 0; i < BN_LEN(slurm_params) && rc == BN_OK; i++)
        rc = list_add(&known, slurm_params[i].name);
    if (rc == BN_OK && !list_has(&known, key))
        rc = unknown("key", key, whole, &known);
    list_free(&known);
    list_free(&names);
    free(sections);
    return rc == BN_OK ? add(s, pipeline, section, key, "SET", x) : rc;
}

/* `path` is "ring.weights.circulant.gain", cut up in place; *x is NULL for a sweep. */
static bn_status set_path(struct settings *s, const struct stage_node *nodes, size_t n,
                          char *path, char *value, const char *whole,
                          struct setting **x)
{
    *x = NULL;
    char *stage = strchr(path, '.'), *key = strrchr(path, '.');
    if (stage == NULL)
        return bn_fail(BN_USAGE, "SET: `%s` names no pipeline; write "
                       "pipeline.stage.key=value, like ring.weights.lambda=1e-6", whole);
    *stage++ = '\0';
    if (strncmp(stage, "sweep.", 6) == 0) {
        BN_TRY(check_name(nodes, n, NULL, NULL, path, "pipeline", whole));
        return set_sweep(s, nodes, n, path, stage + 6, value, whole);
    }
    *key++ = '\0';
    BN_TRY(check_name(nodes, n, NULL, NULL, path, "pipeline", whole));
    if (strncmp(stage, "slurm", 5) == 0 && (stage[5] == '.' || stage[5] == '\0'))
        return set_slurm(s, nodes, n, path, stage, key, whole, x);
    if (key == stage) {
        const struct list root = { (char *[]){ (char[]){ "seed" }, (char[]){ "checkpoint" } },
                                   2, 2 };
        if (!list_has(&root, key))
            return unknown("key", key, whole, &root);
        return add(s, path, "", key, "SET", x);
    }
    char *variant = strchr(stage, '.');
    if (variant != NULL)
        *variant = '\0';
    BN_TRY(check_name(nodes, n, path, NULL, stage, "stage", whole));
    BN_TRY(check_key(nodes, n, path, stage, key, whole));
    if (variant != NULL) {
        BN_TRY(check_name(nodes, n, path, stage, variant + 1, "variant", whole));
        *variant = '.';
    }
    return add(s, path, stage, key, "SET", x);
}

static bn_status parse_set(struct settings *s, const struct stage_node *nodes, size_t n,
                           char *set)
{
    for (char *p = set, *word;;) {
        BN_TRY(next_word(&p, &word));
        if (word == NULL)
            return BN_OK;
        char *equals = strchr(word, '=');
        if (equals == NULL)
            return bn_fail(BN_USAGE, "SET: `%s` has no `=`; write pipeline.stage.key=value, "
                           "like ring.weights.lambda=1e-6, and quote a value with blanks: "
                           "SET=\"ring.tuning.sigma='0.5 rad'\"", word);
        char *whole = bn_copy(word);
        struct setting *x;
        *equals = '\0';
        bn_status rc = whole ? set_path(s, nodes, n, word, equals + 1, whole, &x)
                             : BN_NOMEM;
        if (rc == BN_OK && x != NULL)
            rc = list_add(&x->texts, equals + 1);
        free(whole);
        BN_TRY(rc);
    }
}

bn_status settings_load(struct settings *s, const struct stage_node *nodes, size_t n,
                        const char *set)
{
    struct list pipelines = { 0 };
    bn_status rc = gather(nodes, n, NULL, NULL, &pipelines);
    for (size_t i = 0; i < pipelines.n && rc == BN_OK; i++)
        rc = load_file(s, nodes, n, pipelines.at[i]);
    list_free(&pipelines);
    s->n_files = s->n;
    char *copy = rc == BN_OK ? bn_copy(set) : NULL;
    if (copy != NULL)
        rc = parse_set(s, nodes, n, copy);
    else if (rc == BN_OK)
        rc = BN_NOMEM;
    free(copy);
    return rc;
}

/* --- the values of a node ------------------------------------------------ */

static bn_status set_one(bn_values *v, const struct setting *x, bool from_file)
{
    if (from_file)
        return bn_values_set(v, x->section, x->key, (const char *const *)x->texts.at,
                             x->texts.n, x->origin);
    return bn_values_set_text(v, x->section, x->key, x->texts.at[0], x->origin);
}

static bn_status apply(const struct settings *s, const char *pipeline, const char *section,
                       bool files, bn_values *v)
{
    const size_t begin = files ? 0 : s->n_files, end = files ? s->n_files : s->n;
    for (size_t i = begin; i < end; i++)
        if (strcmp(s->at[i].pipeline, pipeline) == 0 &&
            strcmp(s->at[i].section, section) == 0)
            BN_TRY(set_one(v, &s->at[i], files));
    return BN_OK;
}

static bn_status apply_root(const struct settings *s, const struct stage_node *node,
                            bn_values *v)
{
    bn_values *root = NULL;
    BN_TRY(bn_values_new(&root, root_params, BN_LEN(root_params)));
    bn_status rc = apply(s, node->pipeline, "", true, root);
    if (rc == BN_OK)
        rc = apply(s, node->pipeline, "", false, root);
    if (rc == BN_OK && node->schema->random)
        rc = bn_values_set_text(v, "", "seed", bn_values_canonical(root, 0), "seed");
    bn_values_free(root);
    return rc;
}

/* An option, no part of any key: nodes whose pipeline leaves it alone do not have it. */
bn_status settings_checkpoint(const struct settings *s, const char *pipeline, char **text)
{
    bn_values *root = NULL;
    bool given = false;
    *text = NULL;
    for (size_t i = 0; i < s->n; i++)
        given = given || (s->at[i].section[0] == '\0' &&
                          strcmp(s->at[i].key, "checkpoint") == 0 &&
                          strcmp(s->at[i].pipeline, pipeline) == 0);
    if (!given)
        return BN_OK;
    BN_TRY(bn_values_new(&root, root_params, BN_LEN(root_params)));
    bn_status rc = apply(s, pipeline, "", true, root);
    if (rc == BN_OK)
        rc = apply(s, pipeline, "", false, root);
    if (rc == BN_OK && (*text = bn_copy(bn_values_canonical(root, 1))) == NULL)
        rc = BN_NOMEM;
    bn_values_free(root);
    return rc;
}

/* What this node asks of a cluster where its pipeline says so: later layers win. */
bn_status settings_slurm(const struct settings *s, const struct stage_node *node,
                         json_t **asked)
{
    bn_values *v = NULL;
    char buf[256], names[3][300] = { "slurm" };
    snprintf(names[1], sizeof names[1], "slurm.%s", node->stage);
    snprintf(names[2], sizeof names[2], "slurm.%s", section_of(node, buf));
    bool given[BN_LEN(slurm_params)] = { false };
    *asked = NULL;
    BN_TRY(bn_values_new(&v, slurm_params, BN_LEN(slurm_params)));
    bn_status rc = BN_OK;
    for (size_t k = 0; k < 2 * BN_LEN(names) && rc == BN_OK; k++)
        rc = apply(s, node->pipeline, names[k % 3], k < 3, v);
    for (size_t i = 0; i < s->n; i++)
        for (size_t k = 0; k < BN_LEN(slurm_params); k++)
            given[k] = given[k] || (strcmp(s->at[i].pipeline, node->pipeline) == 0 &&
                                    strcmp(s->at[i].key, slurm_params[k].name) == 0 &&
                                    (strcmp(s->at[i].section, names[0]) == 0 ||
                                     strcmp(s->at[i].section, names[1]) == 0 ||
                                     strcmp(s->at[i].section, names[2]) == 0));
    for (size_t k = 0; k < BN_LEN(slurm_params) && rc == BN_OK; k++)
        if (given[k]) {
            *asked = *asked ? *asked : json_object();
            json_object_set_new(*asked, slurm_params[k].name,
                                json_string(bn_values_canonical(v, k)));
        }
    bn_values_free(v);
    return rc;
}

bn_status settings_values(const struct settings *s, const struct stage_node *node,
                          bn_values **out)
{
    bn_values *v = NULL;
    char buf[256];
    const char *section = section_of(node, buf);
    BN_TRY(bn_values_new(&v, node->schema->params, node->schema->n_params));
    bn_status rc = apply_root(s, node, v);
    for (int files = 1; files >= 0 && rc == BN_OK; files--) {
        rc = apply(s, node->pipeline, node->stage, files != 0, v);
        if (rc == BN_OK && node->variant[0] != '\0')
            rc = apply(s, node->pipeline, section, files != 0, v);
    }
    if (rc != BN_OK)
        bn_values_free(v);
    else
        *out = v;
    return rc;
}
