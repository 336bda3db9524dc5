/* SPDX-License-Identifier: MIT
 *
 * data/goals.json says what the bag holds: goals for make, nodes with their digests and
 * manifests, recordings.  It comes from elsewhere too, so whatever of it reaches a command
 * line has a form that is known.                                             */
#include "verify.h"
#include "../basin/store_priv.h"

#include <basin/mem.h>

#include <stdlib.h>
#include <string.h>

/* --- the command line of make --------------------------------------------- */

static bool only(const char *text, const char *more)
{
    for (; *text != '\0'; text++)
        if (!((*text >= 'a' && *text <= 'z') || (*text >= 'A' && *text <= 'Z') ||
              (*text >= '0' && *text <= '9') || strchr(more, *text) != NULL))
            return false;
    return true;
}

/* figure3, figures, numbers, results, or results/ring/weights.h5. */
static bool is_goal(const char *g)
{
    const bool file = strncmp(g, "results/", 8) == 0;
    if (!only(g, file ? "._-+/" : "_-") || name_fault(g, strlen(g)) != NULL)
        return false;
    return file || strncmp(g, "figure", 6) == 0 || strcmp(g, "results") == 0 ||
           strcmp(g, "numbers") == 0;
}

/* What make calls it: an artifact may have been asked for as ring/weights. */
static bn_status add_goal(struct bag *b, struct goals *g, const char *goal)
{
    char shown[128];
    if (is_goal(goal))
        return list_add(&g->goals, goal);
    for (int k = 0; k < 2; k++) {
        char *path = bn_format("results/%s%s", goal, k ? ".h5" : "");
        if (path == NULL)
            return BN_NOMEM;
        const bool known = is_goal(path) && json_object_get(g->nodes, path + 8) != NULL;
        const bn_status rc = known ? list_add(&g->goals, path) : BN_OK;
        free(path);
        if (known)
            return rc;
    }
    return bn_fail(BAG_REFUSED, "%s: data/goals.json: `%s` is no goal that make may get: "
                   "refused", b->path, name_shown(goal, shown));
}

/* Values of parameters, but nothing that make or a shell would expand. */
static bool is_set(const char *set)
{
    for (; *set != '\0'; set++)
        if ((unsigned char)*set < 32 || *set == 127 || strchr("$`\\", *set) != NULL)
            return false;
    return true;
}

static bn_status odd(const struct bag *b, const char *what, const char *value)
{
    char shown[128];
    return bn_fail(BAG_REFUSED, "%s: data/goals.json: %s `%s` is none that make may get: "
                   "refused", b->path, what, name_shown(value, shown));
}

static bn_status check_goals(struct bag *b, struct goals *g)
{
    size_t i;
    json_t *goal;
    g->from = text_of(g->json, "from");
    g->set = text_of(g->json, "set");
    json_array_foreach(json_object_get(g->json, "goals"), i, goal) {
        const char *text = json_string_value(goal);
        BN_TRY(add_goal(b, g, text != NULL ? text : ""));
    }
    if (!only(g->from, "_") || strlen(g->from) > 100)
        return odd(b, "the pipeline", g->from);
    if (!is_set(g->set) || strlen(g->set) > 10000)
        return odd(b, "SET", g->set);
    if (g->goals.n == 0)
        return bag_problem(b, "data/goals.json: it has no goals");
    return BN_OK;
}

/* --- files that SET names --------------------------------------------------- */

/* Is `key` (n bytes) a parameter of type file of any run? */
static bool is_file_key(const struct goals *g, const char *key, size_t n)
{
    const char *node, *name;
    json_t *run, *value;
    json_object_foreach(g->manifests, node, run)
        json_object_foreach(json_object_get(run, "parameters"), name, value)
            if (strlen(name) == n && memcmp(name, key, n) == 0 && json_is_string(value) &&
                strncmp(json_string_value(value), "sha256:", 7) == 0)
                return true;
    return false;
}

/* Where make runs, recordings are in ../recordings. */
static const char *place_fault(const char *path, size_t n)
{
    static const char recordings[] = "../recordings/";
    const size_t skip = sizeof recordings - 1;
    if (n > 0 && path[0] == '/')
        return "an absolute path";
    for (size_t i = n > skip && memcmp(path, recordings, skip) == 0 ? skip : 0; i < n;) {
        const char *slash = memchr(path + i, '/', n - i);
        const size_t end = slash != NULL ? (size_t)(slash - path) : n;
        if (end - i == 2 && memcmp(path + i, "..", 2) == 0)
            return "a path that leads out of the archive";
        i = end + 1;
    }
    return NULL;
}

/* The next word, as the driver takes SET apart: blanks in quotes are part of it. */
static char *take_word(const char **at)
{
    char *word = bn_alloc(strlen(*at) + 1, 1), *out = word, quote = '\0';
    for (; word != NULL && **at != '\0' && (quote != '\0' || **at != ' '); (*at)++)
        if (quote != '\0' ? **at == quote : **at == '\'' || **at == '"')
            quote = quote != '\0' ? '\0' : **at;
        else
            *out++ = **at;
    if (word != NULL)
        *out = '\0';
    return word;
}

static const char *word_fault(const struct goals *g, const char *word)
{
    const size_t n = strcspn(word, "=");
    const char *key = word, *fault = NULL;
    for (size_t i = 0; i < n; i++)
        key = word[i] == '.' ? word + i + 1 : key;
    if (word[n] != '=' || !is_file_key(g, key, (size_t)(word + n - key)))
        return NULL;
    for (const char *at = word + n; *at != '\0' && fault == NULL;) {
        at++;
        const size_t length = strcspn(at, " {},");
        fault = place_fault(at, length);
        at += length;
    }
    return fault;
}

bn_status goals_stay_inside(const struct bag *b, const struct goals *g)
{
    bn_status rc = BN_OK;
    for (const char *at = g->set; *(at += strspn(at, " ")) != '\0' && rc == BN_OK;) {
        char *word = take_word(&at), shown[128];
        const char *fault = word != NULL ? word_fault(g, word) : NULL;
        if (word == NULL)
            rc = BN_NOMEM;
        else if (fault != NULL)
            rc = bn_fail(BAG_REFUSED, "%s: it was made with SET=\"%s\", %s: not the archive's "
                         "own recording would be read, so nothing is run; an archive made anew "
                         "says ../recordings/<name> there", b->path, name_shown(word, shown),
                         fault);
        free(word);
    }
    return rc;
}

/* --- nodes and manifests -------------------------------------------------- */

static bn_status check_same(struct bag *b, const char *node, const char *manifest,
                            const json_t *told, const json_t *run)
{
    static const char *const keys[] = { "stage", "code", "k2", "content", "sha256" };
    for (size_t i = 0; i < BN_LEN(keys); i++)
        if (strcmp(text_of(told, keys[i]), text_of(run, keys[i])) != 0)
            BN_TRY(bag_problem(b, "%s: %s in data/goals.json is not that in %s", node, keys[i],
                               manifest));
    return BN_OK;
}

static bn_status check_manifest(struct bag *b, struct goals *g, const char *node,
                                const json_t *told)
{
    const char *name = text_of(told, "manifest");
    char *path = bn_format("data/%s", name), shown[128];
    const struct bag_file *f = path != NULL ? bag_find(b, path) : NULL;
    free(path);
    if (f == NULL || f->text == NULL)
        return bag_problem(b, "%s: its manifest `%s` is missing", node,
                           name_shown(name, shown));
    json_t *run = strlen(f->text) == f->size && store_is_sealed(f->text)
                      ? json_loads(f->text, JSON_REJECT_DUPLICATES, NULL) : NULL;
    if (run == NULL)
        return bag_problem(b, "%s: %s was edited: its seal does not hold", node,
                           name_shown(f->name, shown));
    const bn_status rc = check_same(b, node, name_shown(f->name, shown), told, run);
    if (json_object_set_new(g->manifests, node, run) != 0)
        return BN_NOMEM;
    return rc;
}

static bn_status check_node(struct bag *b, struct goals *g, const char *node,
                            const json_t *told)
{
    const char *file = text_of(told, "file");
    char *path = bn_format("data/%s", file), shown[128], other[128];
    const struct bag_file *f = path != NULL ? bag_find(b, path) : NULL;
    free(path);
    name_shown(node, shown);
    if (name_fault(node, strlen(node)) != NULL || strncmp(file, "results/", 8) != 0 ||
        strcmp(file + 8, node) != 0)
        return bn_fail(BAG_REFUSED, "%s: data/goals.json: the file of `%s` is `%s`, not that "
                       "name below results/: refused", b->path, shown,
                       name_shown(file, other));
    if (f == NULL || f->folder)
        return bag_problem(b, "%s: data/%s is missing", shown, name_shown(file, other));
    if (strcmp(f->sha256, text_of(told, "sha256")) != 0)
        BN_TRY(bag_problem(b, "%s: sha256 in data/goals.json is not that of the file", shown));
    /* A file of the author's own is an input: nothing made it. */
    return goals_is_own(told) ? BN_OK : check_manifest(b, g, node, told);
}

bool goals_is_own(const json_t *node)
{
    return json_is_true(json_object_get(node, "own"));
}

/* --- recordings ------------------------------------------------------------ */

static bn_status check_recording(struct bag *b, const char *name, const json_t *told)
{
    char *path = bn_format("data/recordings/%s", name), shown[128];
    const struct bag_file *f = path != NULL ? bag_find(b, path) : NULL;
    free(path);
    if (name_fault(name, strlen(name)) != NULL)
        return odd(b, "the recording", name);
    name_shown(name, shown);
    const bool included = json_is_true(json_object_get(told, "included"));
    if (included && f == NULL)
        return bag_problem(b, "the recording %s is missing", shown);
    if (strlen(text_of(told, "sha256")) != BN_HEX - 1 || !only(text_of(told, "sha256"), ""))
        return bag_problem(b, "data/goals.json: %s has no sha256", shown);
    if (f != NULL && strcmp(f->sha256, text_of(told, "sha256")) != 0)
        return bag_problem(b, "the recording %s is not what data/goals.json says", shown);
    return BN_OK;
}

/* --- all of it ------------------------------------------------------------ */

static bn_status load(struct bag *b, struct goals *g)
{
    const struct bag_file *f = bag_find(b, "data/goals.json");
    json_error_t error;
    if (f == NULL || f->text == NULL)
        return bag_problem(b, "data/goals.json is missing: the bag does not say what it holds");
    g->json = json_loadb(f->text, f->size, JSON_REJECT_DUPLICATES, &error);
    if (g->json == NULL || !json_is_object(g->json)) {
        char shown[128];
        json_decref(g->json);
        g->json = NULL;
        return bag_problem(b, "data/goals.json:%d: %s", error.line,
                           name_shown(error.text, shown));
    }
    g->nodes = json_object_get(g->json, "nodes");
    g->data = json_object_get(g->json, "data");
    return BN_OK;
}

/* What is not named is neither compared nor made again. */
static bn_status check_unnamed(struct bag *b, const struct goals *g)
{
    char shown[128];
    for (size_t i = 0; i < b->n; i++) {
        const struct bag_file *f = &b->at[i];
        if (!f->folder && strncmp(f->name, "data/results/", 13) == 0 &&
            json_object_get(g->nodes, f->name + 13) == NULL)
            BN_TRY(bag_problem(b, "%s is not in data/goals.json, so nothing says what it is",
                               name_shown(f->name, shown)));
    }
    return BN_OK;
}

bn_status goals_check(struct bag *b, struct goals *g)
{
    const char *key;
    json_t *value;
    BN_TRY(load(b, g));
    g->manifests = json_object();
    if (g->json == NULL || g->manifests == NULL)
        return g->json == NULL ? BN_OK : BN_NOMEM;
    if (strcmp(text_of(g->json, "format"), BASIN_FORMAT) != 0) {
        char shown[128];
        return bag_problem(b, "data/goals.json: format `%s`, but this is %s: verify it with "
                           "the basin in the bag", name_shown(text_of(g->json, "format"),
                                                              shown), BASIN_FORMAT);
    }
    BN_TRY(check_goals(b, g));
    if (json_object_size(g->nodes) == 0)
        BN_TRY(bag_problem(b, "data/goals.json: it has no nodes"));
    json_object_foreach((json_t *)(uintptr_t)g->nodes, key, value)
        BN_TRY(check_node(b, g, key, value));
    json_object_foreach((json_t *)(uintptr_t)g->data, key, value)
        BN_TRY(check_recording(b, key, value));
    return check_unnamed(b, g);
}

void goals_free(struct goals *g)
{
    json_decref(g->json);
    json_decref(g->manifests);
    list_free(&g->goals);
}
