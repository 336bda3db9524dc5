/* SPDX-License-Identifier: MIT
 *
 * `basin status [PIPELINE | TARGET...]`: every artifact and figure in one table of at
 * most 100 columns, what is not fresh with the first reason, and the sums.   */
#include "look.h"

#include <basin/mem.h>
#include <basin/text.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Columns of name and state, most of a name; points of a sweep that get their own row. */
enum { BOTH = 66, NAME = 46, FEW = 4 };

/* --- one row ------------------------------------------------------------- */

static const char *const conditions[] = { "fresh", "own file", "cached", "stale", "missing",
                                     "never made", "damaged" };

/* "stale: lambda: 1e-08 -> 1e-06", cut to `room` columns. */
static void state_text(const struct look_node *n, size_t room, char text[BOTH + 1])
{
    const char *word = look_word(n), *why = text_of(json_array_get(n->causes, 0), "text");
    char whole[256];
    if (n->state == LOOK_FOLLOWS && why[0] == '\0')
        snprintf(whole, sizeof whole, "follows %s", n->parent ? n->parent : "its inputs");
    else if (strcmp(word, "stale") == 0)
        snprintf(whole, sizeof whole, "stale: %.200s", why);
    else
        snprintf(whole, sizeof whole, "%s", word);
    char *origin = strstr(whole, " (");
    if (origin != NULL)
        *origin = '\0';
    if (strlen(whole) > room)
        strcpy(whole + room - 2, "..");
    snprintf(text, BOTH + 1, "%.*s", BOTH, whole);
}

static void print_columns(int width, const char *name, const char *state,
                          const char *size, const char *made, const char *took)
{
    const int n = (int)strlen(name) > width ? (int)strlen(name) : width;
    printf("%-*s %-*.*s %8s %10s %11s\n", n, name, n < BOTH ? BOTH - n : 0, BOTH, state,
           size, made, took);
}

static void print_row(const struct look_node *n, int width)
{
    char state[BOTH + 1], size[32] = "", age[32] = "", time[32] = "", took[40];
    const double made = look_made(n->object.manifest);
    const size_t name = strlen(n->name) > (size_t)width ? strlen(n->name) : (size_t)width;
    state_text(n, name + 12 < BOTH ? BOTH - name : 12, state);
    if (look_bytes(n) >= 0.0)
        bn_human_bytes(look_bytes(n), size);
    if (made > 0.0)
        look_age(made, age);
    if (look_took(n) >= 0.0)
        bn_human_seconds(look_took(n), time);
    snprintf(took, sizeof took, "%s%s", time[0] && made <= 0.0 ? "~" : "", time);
    print_columns(width, n->name, state, size, age, took);
}

/* --- the points of a sweep ------------------------------------------------ */

struct fold {
    const char *of;                      /* the plain node */
    size_t n, count[BN_LEN(conditions)];
    double bytes, seconds, made;
    bool printed;
};

static void add_to_fold(struct fold *f, const struct look_node *n)
{
    const double made = look_made(n->object.manifest);
    f->n++;
    f->bytes += look_bytes(n) > 0.0 ? look_bytes(n) : 0.0;
    f->seconds += look_took(n) > 0.0 ? look_took(n) : 0.0;
    f->made = made > f->made ? made : f->made;
    for (size_t k = 0; k < BN_LEN(conditions); k++)
        f->count[k] += strcmp(look_word(n), conditions[k]) == 0;
}

/* Plain nodes with their points; *index: name of the plain node -> number. */
static bn_status fold_points(const struct look *l, struct fold **folds, json_t *index)
{
    size_t n = 0;
    *folds = bn_alloc(l->n_order + 1, sizeof **folds);
    if (*folds == NULL || index == NULL)
        return BN_NOMEM;
    for (size_t i = 0; i < l->n_order; i++) {
        const struct look_node *node = &l->nodes[l->order[i]];
        const char *of = text_of(node->node, "of");
        if (of[0] == '\0')
            continue;
        if (json_object_get(index, of) == NULL) {
            json_object_set_new(index, of, json_integer((json_int_t)n));
            (*folds)[n++].of = of;
        }
        add_to_fold(&(*folds)[json_integer_value(json_object_get(index, of))], node);
    }
    return BN_OK;
}

static void print_fold(const struct fold *f, int width)
{
    char name[128], state[128] = "", size[32] = "", age[32] = "", time[32], took[40];
    size_t n = 0;
    snprintf(name, sizeof name, "%.*s.* (%zu points)", (int)strlen(f->of) - 3, f->of, f->n);
    for (size_t k = 0; k < BN_LEN(conditions) && n < sizeof state; k++)
        if (f->count[k] > 0)
            n += (size_t)snprintf(state + n, sizeof state - n, "%s%zu %s", n ? ", " : "",
                                  f->count[k], conditions[k]);
    if (f->bytes > 0.0)
        bn_human_bytes(f->bytes, size);
    snprintf(took, sizeof took, "%s%s", f->made > 0.0 ? "" : "~",
             bn_human_seconds(f->seconds, time));
    print_columns(width, name, state, size, f->made > 0.0 ? look_age(f->made, age) : "",
                  took);
}

static bn_status print_table(const struct look *l)
{
    int width = 20;
    struct fold *folds = NULL;
    json_t *index = json_object();
    const bn_status rc = fold_points(l, &folds, index);
    for (size_t i = 0; i < l->n_order; i++) {
        const int n = (int)strlen(l->nodes[l->order[i]].name);
        width = n > NAME ? NAME : n > width ? n : width;
    }
    print_columns(width, "artifact", "state", "size", "made", "took");
    for (size_t i = 0; i < l->n_order && rc == BN_OK; i++) {
        const struct look_node *n = &l->nodes[l->order[i]];
        const json_t *at = json_object_get(index, text_of(n->node, "of"));
        struct fold *f = at ? &folds[json_integer_value(at)] : NULL;
        if (f == NULL || f->n <= FEW)
            print_row(n, width);
        else if (!f->printed)
            print_fold(f, width);
        if (f != NULL)
            f->printed = true;
    }
    free(folds);
    json_decref(index);
    return rc;
}

/* --- sums ---------------------------------------------------------------- */

/* Bytes and number of the objects in the cache. */
static bn_status measure_cache(const struct look *l, double *bytes, size_t *n)
{
    bn_status rc = BN_OK;
    *bytes = 0.0;
    *n = 0;
    for (unsigned byte = 0; byte < 256 && rc == BN_OK; byte++) {
        struct list names = { 0 };
        char *folder = bn_format("%s/cache/objects/%02x", l->results, byte);
        rc = folder ? file_names(folder, "", &names) : BN_NOMEM;
        for (size_t i = 0; i < names.n && rc == BN_OK; i++) {
            struct stat st;
            char *path = bn_format("%s/%s", folder, names.at[i]);
            if (path != NULL && stat(path, &st) == 0) {
                *bytes += (double)st.st_size;
                *n += strstr(names.at[i], ".json") == NULL;
            }
            free(path);
        }
        free(folder);
        list_free(&names);
    }
    return rc;
}

static void print_sums(const struct look *l, double cache, size_t objects)
{
    size_t count[BN_LEN(conditions)] = { 0 }, unknown;
    double bytes = 0.0, runs, follows;
    char a[32], b[32];
    const char *between = ": ";
    for (size_t i = 0; i < l->n_order; i++) {
        const struct look_node *n = &l->nodes[l->order[i]];
        bytes += look_bytes(n) > 0.0 ? look_bytes(n) : 0.0;
        for (size_t k = 0; k < BN_LEN(conditions); k++)
            count[k] += strcmp(look_word(n), conditions[k]) == 0;
    }
    printf("\n%zu artifacts and figures", l->n_order);
    for (size_t k = 0; k < BN_LEN(conditions); k++)
        if (count[k] > 0) {
            printf("%s%zu %s", between, count[k], conditions[k]);
            between = ", ";
        }
    printf("; %s\n", bn_human_bytes(bytes, a));
    look_cost(l, &runs, &follows, &unknown);
    if (runs + follows > 0.0)
        printf("to bring all up to date: about %s of computing%s\n",
               bn_human_seconds(runs + follows, a),
               unknown ? ", and what has never run" : "");
    printf("cache: %zu objects, %s in %s/cache\n", objects, bn_human_bytes(cache, b),
           l->results);
}

/* --- for programs -------------------------------------------------------- */

static json_t *row_json(const struct look_node *n)
{
    const double size = look_bytes(n), made = look_made(n->object.manifest);
    const double seconds = look_took(n);
    return json_pack("{ss ss ss sO so so so}", "node", n->name, "state", look_word(n), "make",
                     look_state_name(n->state), "causes", n->causes, "bytes",
                     size >= 0.0 ? json_integer((json_int_t)size) : json_null(), "made",
                     made > 0.0 ? json_integer((json_int_t)made) : json_null(), "seconds",
                     seconds >= 0.0 ? json_real(seconds) : json_null());
}

static void print_json(const struct look *l, double cache, size_t objects)
{
    double runs, follows;
    size_t unknown;
    json_t *rows = json_array();
    for (size_t i = 0; i < l->n_order; i++)
        json_array_append_new(rows, row_json(&l->nodes[l->order[i]]));
    look_cost(l, &runs, &follows, &unknown);
    json_t *all = json_pack("{so sf sI sI sf}", "nodes", rows, "seconds", runs + follows,
                            "unknown", (json_int_t)unknown, "objects", (json_int_t)objects,
                            "cache_bytes", cache);
    json_dumpf(all, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(12));
    putchar('\n');
    json_decref(all);
}

/* --- the command --------------------------------------------------------- */

/* Nodes of a pipeline, or those that a target names. */
static bn_status choose(const struct look *l, const char *word, struct list *names)
{
    const size_t n = strlen(word), before = names->n;
    for (size_t i = 0; i < l->n; i++)
        if (strncmp(l->nodes[i].name, word, n) == 0 && l->nodes[i].name[n] == '/')
            BN_TRY(list_add(names, l->nodes[i].name));
    return names->n > before ? BN_OK : look_target(l, word, names);
}

static bn_status look_at_all(struct look *l, const struct list *words)
{
    struct list names = { 0 };
    bn_status rc = BN_OK;
    for (size_t i = 0; i < words->n && rc == BN_OK; i++)
        rc = choose(l, words->at[i], &names);
    for (size_t i = 0; i < names.n && rc == BN_OK; i++)
        rc = look_at(l, names.at[i]);
    for (size_t i = 0; i < l->n && words->n == 0 && rc == BN_OK; i++)
        rc = look_at(l, l->nodes[i].name);
    list_free(&names);
    return rc;
}

int status_main(int argc, char **argv)
{
    struct look_options o;
    struct look l = { 0 };
    double cache = 0.0;
    size_t objects = 0;
    bn_status rc = look_options(&o, argc, argv);
    if (rc == BN_OK)
        rc = look_open(&l, &o);
    if (rc == BN_OK)
        rc = look_at_all(&l, &o.rest);
    if (rc == BN_OK)
        rc = measure_cache(&l, &cache, &objects);
    if (rc == BN_OK && o.json) {
        print_json(&l, cache, objects);
    } else if (rc == BN_OK) {
        rc = print_table(&l);
        print_sums(&l, cache, objects);
    }
    const int status = rc == BN_OK ? 0 : look_fail("status");
    list_free(&o.rest);
    look_close(&l);
    return status;
}
