/* SPDX-License-Identifier: MIT
 *
 * Earlier runs, from the manifests in the cache: what the same node cost the last
 * time, or else what its stage usually costs.                                */
#include "look.h"
#include "look_priv.h"

#include <basin/mem.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Days from 1970-01-01 to a date of the Gregorian calendar (years from March). */
static long days(long y, long m, long d)
{
    y -= m <= 2;
    const long era = y / 400, of_era = y - era * 400;
    const long of_year = (153 * (m + (m > 2 ? -3 : 9)) + 2) / 5 + d - 1;
    return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

double look_made(const json_t *manifest)
{
    long y, mo, d, h, mi, s;
    if (sscanf(text_of(manifest, "date"), "%ld-%ld-%ldT%ld:%ld:%ldZ", &y, &mo, &d, &h, &mi,
               &s) != 6)
        return 0.0;
    return (double)(((days(y, mo, d) * 24 + h) * 60 + mi) * 60 + s);
}

const char *look_age(double made, char buf[32])
{
    static const struct { double seconds; const char *unit; } scale[] = {
        { 86400.0, "d" }, { 3600.0, "h" }, { 60.0, "min" }, { 1.0, "s" },
    };
    const double age = (double)time(NULL) - made;
    snprintf(buf, 32, made > 0.0 ? "just now" : "?");
    for (size_t i = 0; i < BN_LEN(scale) && made > 0.0; i++)
        if (age >= scale[i].seconds) {
            snprintf(buf, 32, "%ld %s ago", (long)(age / scale[i].seconds), scale[i].unit);
            break;
        }
    return buf;
}

/* --- reading them -------------------------------------------------------- */

/* Names, or names with values, as one text. */
static char *join(const json_t *parameters, const struct list *names, bool values)
{
    char *text = NULL;
    size_t size;
    FILE *f = open_memstream(&text, &size);
    if (f == NULL)
        return NULL;
    for (size_t i = 0; i < names->n; i++)
        fprintf(f, "%s%s%s\n", names->at[i], values ? "=" : "",
                values ? text_of(parameters, names->at[i]) : "");
    fclose(f);
    return text;
}

static bool has_object(const struct look *l, const json_t *m)
{
    const char *k2 = text_of(m, "k2"), *dot = strrchr(text_of(m, "node"), '.');
    char *path = bn_format("%s/cache/objects/%.2s/%s%s", l->results, k2, k2, dot ? dot : "");
    const bool has = path != NULL && file_exists(path);
    free(path);
    return has;
}

/* Note under "stage code" which parameters this run read, and with which values. */
static bn_status note_result(struct look *l, const json_t *m)
{
    const json_t *parameters = json_object_get(m, "parameters");
    const char *key;
    json_t *value;
    struct list names = { 0 };
    bn_status rc = BN_OK;
    if (!has_object(l, m))
        return BN_OK;
    json_object_foreach((json_t *)(uintptr_t)parameters, key, value)
        if (rc == BN_OK)
            rc = list_add(&names, key);
    list_sort(&names);
    char *code = bn_format("%s %s", text_of(m, "stage"), text_of(m, "code"));
    char *plain = join(parameters, &names, false), *whole = join(parameters, &names, true);
    char *result = code && whole ? bn_format("%s\n%s", code, whole) : NULL;
    if (rc == BN_OK && plain != NULL && result != NULL) {
        if (json_object_get(l->names_of, code) == NULL)
            json_object_set_new(l->names_of, code, json_object());
        json_object_set_new(json_object_get(l->names_of, code), plain, json_true());
        json_object_set_new(l->results_of, result, json_true());
    } else {
        rc = BN_NOMEM;
    }
    free(result);
    free(whole);
    free(plain);
    free(code);
    list_free(&names);
    return rc;
}

bool look_might_hit(const struct look *l, const json_t *node)
{
    const json_t *parameters = json_object_get(node, "parameters");
    char *code = bn_format("%s %s", text_of(node, "stage"), text_of(node, "code"));
    const char *plain;
    json_t *value;
    bool found = code == NULL;
    json_object_foreach(json_object_get(l->names_of, code ? code : ""), plain, value) {
        struct list names = { 0 };
        char *copy = bn_copy(plain), *rest = NULL;
        for (char *w = copy ? strtok_r(copy, "\n", &rest) : NULL; w;
             w = strtok_r(NULL, "\n", &rest))
            if (list_add(&names, w) != BN_OK)
                break;
        char *whole = join(parameters, &names, true);
        char *result = whole ? bn_format("%s\n%s", code, whole) : NULL;
        found = found || (result && json_object_get(l->results_of, result) != NULL);
        free(result);
        free(whole);
        free(copy);
        list_free(&names);
    }
    free(code);
    return found;
}

static bn_status add_run(struct look *l, size_t *room, const char *path)
{
    json_t *m = json_load_file(path, 0, NULL);
    if (l->n_runs == *room) {
        const size_t more = *room ? 2 * *room : 64;
        struct look_run *runs = bn_grow(l->runs, more, sizeof *runs);
        if (runs == NULL) {
            json_decref(m);
            return BN_NOMEM;
        }
        l->runs = runs;
        *room = more;
    }
    bn_status rc = BN_OK;
    struct look_run *run = &l->runs[l->n_runs];
    *run = (struct look_run){ .seconds = -1.0, .made = look_made(m) };
    if (json_is_number(json_object_get(m, "seconds")) && text_of(m, "node")[0] != '\0') {
        run->seconds = json_number_value(json_object_get(m, "seconds"));
        snprintf(run->k2, BN_HEX, "%s", text_of(m, "k2"));
        snprintf(run->content, BN_HEX, "%s", text_of(m, "content"));
        run->node = bn_copy(text_of(m, "node"));
        run->stage = bn_copy(text_of(m, "stage"));
        l->n_runs++;
        rc = run->node && run->stage ? note_result(l, m) : BN_NOMEM;
    }
    json_decref(m);
    return rc;
}

static int by_time(const void *a, const void *b)
{
    const double x = ((const struct look_run *)a)->made;
    const double y = ((const struct look_run *)b)->made;
    return (x < y) - (x > y);
}

static bn_status read_folder(struct look *l, size_t *room, const char *folder)
{
    struct list names = { 0 };
    bn_status rc = file_names(folder, ".json", &names);
    for (size_t i = 0; i < names.n && rc == BN_OK; i++) {
        char *path = bn_format("%s/%s", folder, names.at[i]);
        rc = path ? add_run(l, room, path) : BN_NOMEM;
        free(path);
    }
    list_free(&names);
    return rc;
}

/* The newest run of each node and of each content. */
static bn_status index_runs(struct look *l)
{
    l->run_of_node = json_object();
    l->run_of_content = json_object();
    l->usual = json_object();
    if (l->run_of_node == NULL || l->run_of_content == NULL || l->usual == NULL)
        return BN_NOMEM;
    for (size_t i = l->n_runs; i > 0; i--) {
        const struct look_run *run = &l->runs[i - 1];
        json_object_set_new(l->run_of_node, run->node, json_integer((json_int_t)i - 1));
        json_object_set_new(l->run_of_content, run->content,
                            json_integer((json_int_t)i - 1));
    }
    return BN_OK;
}

bn_status look_history(struct look *l)
{
    size_t room = l->n_runs;
    if (l->has_runs)
        return BN_OK;
    l->names_of = json_object();
    l->results_of = json_object();
    bn_status rc = l->names_of && l->results_of ? BN_OK : BN_NOMEM;
    for (unsigned byte = 0; byte < 256 && rc == BN_OK; byte++) {
        char *folder = bn_format("%s/cache/objects/%02x", l->results, byte);
        rc = folder ? read_folder(l, &room, folder) : BN_NOMEM;
        free(folder);
    }
    if (l->n_runs > 1)
        qsort(l->runs, l->n_runs, sizeof *l->runs, by_time);
    l->has_runs = rc == BN_OK;
    return rc == BN_OK ? index_runs(l) : rc;
}

void look_forget(struct look *l)
{
    for (size_t i = 0; i < l->n_runs; i++) {
        free(l->runs[i].node);
        free(l->runs[i].stage);
    }
    free(l->runs);
    json_decref(l->run_of_node);
    json_decref(l->run_of_content);
    json_decref(l->usual);
    json_decref(l->names_of);
    json_decref(l->results_of);
    l->run_of_node = l->run_of_content = l->usual = l->names_of = l->results_of = NULL;
    l->runs = NULL;
    l->n_runs = 0;
    l->has_runs = false;
}

static const struct look_run *find_run(const struct look *l, const json_t *index,
                                       const char *key)
{
    const json_t *i = json_object_get(index, key);
    return i ? &l->runs[json_integer_value(i)] : NULL;
}

const struct look_run *look_last_run(const struct look *l, const char *name)
{
    return find_run(l, l->run_of_node, name);
}

const struct look_run *look_run_of(const struct look *l, const char *content)
{
    return find_run(l, l->run_of_content, content);
}

json_t *look_manifest(const struct look *l, const char *k2)
{
    char *path = bn_format("%s/cache/objects/%.2s/%s.json", l->results, k2, k2);
    json_t *m = path ? json_load_file(path, 0, NULL) : NULL;
    free(path);
    return m;
}

/* --- what a run will cost ------------------------------------------------ */

static int by_size(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(const struct look *l, const char *stage)
{
    double *all = bn_alloc(l->n_runs + 1, sizeof *all), middle = -1.0;
    size_t n = 0;
    for (size_t i = 0; i < l->n_runs && all != NULL; i++)
        if (strcmp(l->runs[i].stage, stage) == 0)
            all[n++] = l->runs[i].seconds;
    if (n > 0) {
        qsort(all, n, sizeof *all, by_size);
        middle = all[n / 2];
    }
    free(all);
    return middle;
}

double look_expect(const struct look *l, const char *name, const char *stage)
{
    const struct look_run *last = look_last_run(l, name);
    if (last != NULL)
        return last->seconds;
    if (json_object_get(l->usual, stage) == NULL)
        json_object_set_new(l->usual, stage, json_real(median(l, stage)));
    return json_number_value(json_object_get(l->usual, stage));
}
