/* SPDX-License-Identifier: MIT
 *
 * What came out of the re-execution, beside what is in the bag: node by node with the
 * comparison of `basin diff`, by the tolerances of the tables in the bag.     */
#include "verify.h"

#include <basin/mem.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* --- recordings that are not there ---------------------------------------- */

static const json_t *manifest_of(const struct goals *g, const char *node)
{
    return json_object_get(g->manifests, node);
}

/* The first recording that a parameter names by its digest and that is not there. */
static const char *lacks(const struct rerun *r, const struct goals *g, const char *node)
{
    const char *name, *key;
    json_t *told, *value;
    json_object_foreach((json_t *)(uintptr_t)g->data, name, told) {
        char *path = bn_format("%s/recordings/%s", r->folder, name);
        const bool there = path != NULL && file_exists(path);
        free(path);
        if (there)
            continue;
        json_object_foreach(json_object_get(manifest_of(g, node), "parameters"), key, value)
            if (json_is_string(value) && strstr(json_string_value(value),
                                                text_of(told, "sha256")) != NULL)
                return name;
    }
    return NULL;
}

/* node -> recording that it, or something that it is made from, lacks. */
static bn_status find_lacking(const struct rerun *r, const struct goals *g, json_t *lacking)
{
    json_t *by_content = json_object(), *told, *digest;
    const char *node, *role;
    bool more = true;
    json_object_foreach((json_t *)(uintptr_t)g->nodes, node, told) {
        const char *name = lacks(r, g, node);
        if (name != NULL)
            json_object_set_new(lacking, node, json_string(name));
        json_object_set_new(by_content, text_of(told, "content"), json_string(node));
    }
    while (more) {
        more = false;
        json_object_foreach((json_t *)(uintptr_t)g->nodes, node, told) {
            if (json_object_get(lacking, node) != NULL)
                continue;
            json_object_foreach(json_object_get(manifest_of(g, node), "inputs"), role, digest) {
                const char *from = text_of(by_content, json_is_string(digest)
                                                       ? json_string_value(digest) : "");
                json_t *name = json_object_get(lacking, from);
                if (name != NULL) {
                    more = json_object_set(lacking, node, name) == 0;
                    break;
                }
            }
        }
    }
    json_decref(by_content);
    return BN_OK;
}

/* --- one node -------------------------------------------------------------- */

static int by_weight(const void *a, const void *b)
{
    const struct finding *x = a, *y = b;
    if (x->verdict != y->verdict)
        return (int)y->verdict - (int)x->verdict;
    if ((x->what[0] != '\0') != (y->what[0] != '\0'))
        return (y->what[0] != '\0') - (x->what[0] != '\0');
    return (x->relative < y->relative) - (x->relative > y->relative);
}

static void weigh(struct again *a)
{
    static const enum outcome of[] = { [IDENTICAL] = AGAIN_IDENTICAL, [WITHIN] = AGAIN_WITHIN,
                                       [DIFFERENT] = AGAIN_DIFFERENT };
    a->outcome = of[diff_worst(&a->diff)];
    for (size_t i = 0; i < a->diff.n; i++) {
        const struct finding *f = &a->diff.at[i];
        const double size = f->verdict != IDENTICAL && f->what[0] != '\0' ? INFINITY
                                                                          : f->relative;
        a->worst = fmax(a->worst, size);
    }
    if (a->diff.n > 1)
        qsort(a->diff.at, a->diff.n, sizeof *a->diff.at, by_weight);
}

static bn_status same_bytes(const struct diff *d, bool *same)
{
    char a[BN_HEX], b[BN_HEX];
    BN_TRY(bn_digest_file(d->path[0], a));
    BN_TRY(bn_digest_file(d->path[1], b));
    *same = strcmp(a, b) == 0;
    return BN_OK;
}

static bn_status compare_node(const struct rerun *r, struct again *a, const char *build)
{
    bool same = false;
    a->diff.build = build;
    a->diff.path[0] = bn_format("%s/archived/%s", r->folder, a->node);
    a->diff.path[1] = bn_format("%s/source/%s", r->folder, a->file);
    if (a->diff.path[0] == NULL || a->diff.path[1] == NULL)
        return BN_NOMEM;
    if (!file_exists(a->diff.path[1])) {
        a->outcome = AGAIN_MISSING;
        return BN_OK;
    }
    BN_TRY(same_bytes(&a->diff, &same));
    if (same)
        return BN_OK;
    if (diff_files(&a->diff) == BN_OK) {
        weigh(a);
        return BN_OK;
    }
    a->outcome = AGAIN_DIFFERENT;        /* it cannot be compared: say why */
    a->worst = INFINITY;
    a->why = bn_copy(bn_error());
    return a->why != NULL ? BN_OK : BN_NOMEM;
}

/* --- pictures --------------------------------------------------------------- */

/* A PDF names the program that wrote it: what counts is how it looks, at 150 dots per inch. */
static bn_status draw(const struct rerun *r, const char *pdf, int k, char hex[BN_HEX])
{
    char *stem = bn_format("%s/tmp/picture-%d", r->folder, k);
    char *png = bn_format("%s.png", stem ? stem : "");
    char *const argv[] = { "/usr/bin/pdftocairo", "-png", "-r", "150", "-singlefile",
                           (char *)(uintptr_t)pdf, stem, NULL };
    struct child c = { .name = "pdftocairo", .argv = argv, .capture = true };
    bn_status rc = stem != NULL && png != NULL ? child_run(&c) : BN_NOMEM;
    if (rc == BN_OK && child_status(&c, "pdftocairo") != 0)
        rc = BN_INPUT;
    if (rc == BN_OK)
        rc = bn_digest_file(png, hex);
    if (png != NULL)
        unlink(png);
    free(c.said);
    free(png);
    free(stem);
    return rc;
}

/* What cannot be drawn stays different. */
static bn_status compare_pictures(const struct rerun *r, struct again *a)
{
    char hex[2][BN_HEX] = { "", "" };
    const char *dot = strrchr(a->file, '.');
    if (a->outcome != AGAIN_DIFFERENT || dot == NULL || strcmp(dot, ".pdf") != 0)
        return BN_OK;
    for (int k = 0; k < 2; k++)
        if (draw(r, a->diff.path[k], k, hex[k]) != BN_OK)
            return BN_OK;
    if (strcmp(hex[0], hex[1]) != 0)
        return BN_OK;
    a->outcome = AGAIN_WITHIN;
    a->worst = 0.0;
    a->diff.at[0].verdict = WITHIN;
    a->why = bn_copy("the same picture in other bytes");
    return a->why != NULL ? BN_OK : BN_NOMEM;
}

/* --- all of them ----------------------------------------------------------- */

/* Different, and all that it is made from is as in the bag: the cause is here. */
static void find_first(struct rerun *r, const struct goals *g)
{
    json_t *differing = json_object(), *digest;
    const char *role;
    for (size_t i = 0; i < r->n; i++)
        if (r->at[i].outcome != AGAIN_IDENTICAL)
            json_object_set_new(differing, text_of(json_object_get(g->nodes, r->at[i].node),
                                                   "content"), json_true());
    for (size_t i = 0; i < r->n; i++) {
        r->at[i].first = r->at[i].outcome == AGAIN_DIFFERENT;
        json_object_foreach(json_object_get(manifest_of(g, r->at[i].node), "inputs"), role,
                            digest)
            if (json_is_string(digest) &&
                json_object_get(differing, json_string_value(digest)) != NULL)
                r->at[i].first = false;
    }
    json_decref(differing);
}

static int by_outcome(const void *a, const void *b)
{
    const struct again *x = a, *y = b;
    if (x->outcome != y->outcome)
        return (int)y->outcome - (int)x->outcome;
    if (x->worst != y->worst)
        return x->worst < y->worst ? 1 : -1;
    if (x->first != y->first)
        return y->first - x->first;
    return strcmp(x->node, y->node);
}

bn_status compare_all(struct rerun *r, const struct goals *g)
{
    const char *node;
    json_t *told, *lacking = json_object();
    char *build = bn_format("%s/source/build/release", r->folder);
    bn_status rc = lacking != NULL && build != NULL ? find_lacking(r, g, lacking) : BN_NOMEM;
    r->at = bn_alloc(json_object_size(g->nodes) + 1, sizeof *r->at);
    if (r->at == NULL)
        rc = BN_NOMEM;
    json_object_foreach((json_t *)(uintptr_t)g->nodes, node, told) {
        if (rc != BN_OK)
            break;
        if (goals_is_own(told))
            continue;
        struct again *a = &r->at[r->n++];
        *a = (struct again){ .node = node, .file = text_of(told, "file") };
        rc = compare_node(r, a, build);
        if (rc == BN_OK)
            rc = compare_pictures(r, a);
        const char *name = text_of(lacking, node);
        if (rc == BN_OK && a->outcome == AGAIN_MISSING && a->why == NULL)
            a->why = name[0] != '\0' ? bn_format("needs %s, which is not in the bag and not in "
                                                 "BASIN_DATA", name)
                                     : bn_copy(r->made != 0 ? "it could not be made"
                                                            : "nothing made it");
        r->count[a->outcome]++;
    }
    if (rc == BN_OK) {
        find_first(r, g);
        qsort(r->at, r->n, sizeof *r->at, by_outcome);
    }
    json_decref(lacking);
    free(build);
    return rc;
}
