/* SPDX-License-Identifier: MIT
 *
 * `basin diff A B`: two artifacts, dataset by dataset: identical, within the tolerance
 * that the table of the stage declares (atol + rtol |b|), or different, with where and
 * by how much.  Numbers are read some rows at a time, so that files may be larger
 * than memory.  Exit status as diff has it: 0 identical or within tolerance, 1
 * different, 2 trouble.                                                      */
#include "diff.h"

#include <basin/h5.h>
#include <basin/h5digest.h>
#include <basin/mem.h>
#include <basin/text.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCK = 1 << 20 };                /* numbers that are read at a time */

static const char *const verdicts[] = { "identical", "within tolerance", "different" };

const char *diff_verdict_name(enum verdict v)
{
    return verdicts[v];
}

static bn_status add_finding(struct diff *d, const char *name, struct finding **out)
{
    struct finding *at = bn_grow(d->at, d->n + 1, sizeof *at);
    if (at == NULL)
        return BN_NOMEM;
    d->at = at;
    at[d->n] = (struct finding){ .name = bn_copy(name) };
    *out = &at[d->n++];
    return (*out)->name ? BN_OK : BN_NOMEM;
}

/* --- which files --------------------------------------------------------- */

static bool take_path(char *path, char **out)
{
    struct stat st;
    const bool good = path != NULL && stat(path, &st) == 0 && S_ISREG(st.st_mode);
    if (good)
        *out = path;
    else
        free(path);
    return good;
}

/* The object whose key starts with these hex digits. */
static bool take_object(const char *results, const char *word, char **out)
{
    struct list names = { 0 };
    const size_t n = strlen(word);
    bool good = false;
    if (n < 6 || n >= BN_HEX || strspn(word, "0123456789abcdef") != n)
        return false;
    char *folder = bn_format("%s/cache/objects/%.2s", results, word);
    if (folder != NULL && file_names(folder, "", &names) == BN_OK)
        for (size_t i = 0; i < names.n && !good; i++)
            good = strncmp(names.at[i], word, n) == 0 &&
                   strstr(names.at[i], ".json") == NULL &&
                   take_path(bn_format("%s/%s", folder, names.at[i]), out);
    list_free(&names);
    free(folder);
    return good;
}

static bn_status find_file(const char *results, const char *word, char **path)
{
    if (take_path(bn_copy(word), path) ||
        take_path(bn_format("%s/%s", results, word), path) ||
        take_path(bn_format("%s/%s.h5", results, word), path) ||
        take_object(results, word, path))
        return BN_OK;
    return bn_fail(BN_USAGE, "`%s`: no such file, artifact (ring/weights) or object of the "
                   "cache (its key, at least six digits)", word);
}

/* --- provenance ---------------------------------------------------------- */

/* Two columns of /provenance as an object. */
static bn_status read_pairs(bn_h5 *f, const char *keys, const char *values, json_t *out)
{
    char **key = NULL, **value = NULL;
    size_t n = 0, m = 0;
    if (bn_h5_kind(f, keys) != BN_H5_DATASET || bn_h5_kind(f, values) != BN_H5_DATASET)
        return BN_OK;
    bn_status rc = bn_h5_read_texts(f, keys, &key, &n);
    if (rc == BN_OK)
        rc = bn_h5_read_texts(f, values, &value, &m);
    for (size_t i = 0; i < n && i < m && rc == BN_OK; i++)
        json_object_set_new(out, key[i], json_string(value[i]));
    free(key);
    free(value);
    return rc;
}

static bn_status read_provenance(struct diff *d, int k)
{
    bn_h5 *f = d->file[k];
    d->parameters[k] = json_object();
    d->inputs[k] = json_object();
    if (bn_h5_kind(f, "/provenance") != BN_H5_GROUP)
        return BN_OK;
    if (bn_h5_has_attribute(f, "/provenance", "stage"))
        BN_TRY(bn_h5_get_text(f, "/provenance", "stage", &d->stage[k]));
    if (bn_h5_has_attribute(f, "/provenance", "code"))
        BN_TRY(bn_h5_get_text(f, "/provenance", "code", &d->code[k]));
    BN_TRY(read_pairs(f, "/provenance/parameter", "/provenance/value", d->parameters[k]));
    return read_pairs(f, "/provenance/role", "/provenance/digest", d->inputs[k]);
}

/* Tolerances are those of the table in that build, of the stage that made both. */
static void find_schema(struct diff *d)
{
    char *build = d->build != NULL ? bn_copy(d->build) : NULL;
    if (d->stage[0] != NULL && d->stage[1] != NULL &&
        strcmp(d->stage[0], d->stage[1]) == 0 &&
        (build != NULL || file_build_folder(&build) == BN_OK) &&
        schema_get(build, d->stage[0], &d->schema) != BN_OK)
        d->schema = NULL;
    free(build);
}

static void set_tolerance(const struct diff *d, const char *name, struct finding *f)
{
    size_t i;
    json_t *output;
    if (d->schema == NULL)
        return;
    json_array_foreach(json_object_get(d->schema->json, "outputs"), i, output)
        if (strcmp(text_of(output, "name"), name) == 0) {
            f->atol = json_number_value(json_object_get(output, "atol"));
            f->rtol = json_number_value(json_object_get(output, "rtol"));
            f->tolerance = true;
        }
}

/* --- numbers ------------------------------------------------------------- */

/* How many doubles lie between the two. */
static double ulps(double a, double b)
{
    int64_t x, y;
    memcpy(&x, &a, sizeof x);
    memcpy(&y, &b, sizeof y);
    x = x < 0 ? INT64_MIN - x : x;
    y = y < 0 ? INT64_MIN - y : y;
    return fabs((double)x - (double)y) < 1e15 ? fabs((double)(x - y))
                                              : fabs((double)x - (double)y);
}

static void compare_number(struct finding *f, double a, double b, size_t at)
{
    if (memcmp(&a, &b, sizeof a) == 0 || (isnan(a) && isnan(b)))
        return;
    const double apart = isfinite(a) && isfinite(b) ? fabs(a - b) : INFINITY;
    const double size = fmax(fabs(a), fabs(b));
    const double relative = isinf(apart) ? INFINITY : size > 0.0 ? apart / size : 0.0;
    const double allowed = f->atol + f->rtol * fabs(b);
    f->differ++;
    f->outside += !(apart <= allowed);
    f->most = fmax(f->most, apart);
    if (f->differ == 1 || !(apart - allowed <= f->excess)) {
        f->excess = apart - allowed;
        f->at = at;
        f->a = a;
        f->b = b;
    }
    f->relative = fmax(f->relative, relative);
    if (isfinite(a) && isfinite(b))
        f->ulp = fmax(f->ulp, ulps(a, b));
}

static bn_status compare_integers(struct diff *d, struct finding *f)
{
    int64_t *x[2] = { NULL, NULL };
    size_t n[2];
    bn_status rc = bn_h5_read_integers(d->file[0], f->name, &x[0], &n[0]);
    if (rc == BN_OK)
        rc = bn_h5_read_integers(d->file[1], f->name, &x[1], &n[1]);
    for (size_t i = 0; rc == BN_OK && i < f->n; i++)
        if (x[0][i] != x[1][i]) {
            const size_t before = f->differ;
            compare_number(f, (double)x[0][i], (double)x[1][i], i);
            if (f->differ == before) {           /* above 2^53: equal as doubles */
                f->differ++;
                f->outside++;
            }
        }
    free(x[0]);
    free(x[1]);
    return rc;
}

static bn_status compare_reals(struct diff *d, struct finding *f)
{
    const size_t rows = f->dims.rank > 0 ? f->dims.dim[0] : 1;
    const size_t row = rows > 0 ? f->n / rows : 0;
    const size_t step = row > 0 && row < BLOCK ? BLOCK / row : 1;
    double *x[2] = { NULL, NULL };
    size_t n;
    bn_status rc = BN_OK;
    if (f->n == 0)
        return BN_OK;
    if (f->dims.rank == 0) {
        for (int k = 0; k < 2 && rc == BN_OK; k++)
            rc = bn_h5_read(d->file[k], f->name, &x[k], &n);
        if (rc == BN_OK)
            compare_number(f, x[0][0], x[1][0], 0);
    } else {
        const size_t most = step < rows ? step : rows;
        for (int k = 0; k < 2; k++)
            if ((x[k] = bn_alloc(most * row, sizeof *x[k])) == NULL)
                rc = BN_NOMEM;
    }
    for (size_t i = 0; f->dims.rank > 0 && i < rows && rc == BN_OK; i += step) {
        const size_t some = i + step < rows ? step : rows - i;
        for (int k = 0; k < 2 && rc == BN_OK; k++)
            rc = bn_h5_read_rows(d->file[k], f->name, i, some, x[k]);
        for (size_t j = 0; j < some * row && rc == BN_OK; j++)
            compare_number(f, x[0][j], x[1][j], i * row + j);
    }
    free(x[0]);
    free(x[1]);
    return rc;
}

static bn_status compare_texts(struct diff *d, struct finding *f)
{
    char **x[2] = { NULL, NULL };
    size_t n[2] = { 0, 0 };
    bn_status rc = bn_h5_read_texts(d->file[0], f->name, &x[0], &n[0]);
    if (rc == BN_OK)
        rc = bn_h5_read_texts(d->file[1], f->name, &x[1], &n[1]);
    for (size_t i = 0; rc == BN_OK && i < n[0] && i < n[1]; i++)
        if (strcmp(x[0][i], x[1][i]) != 0) {
            if (f->differ++ == 0)
                snprintf(f->what, sizeof f->what, "first at [%zu]: `%.40s` -> `%.40s`", i,
                         x[0][i], x[1][i]);
            f->outside++;
        }
    free(x[0]);
    free(x[1]);
    return rc;
}

/* --- datasets ------------------------------------------------------------ */

static void shape_text(const struct bn_shape *s, char buf[96])
{
    size_t n = 0;
    snprintf(buf, 96, "number");
    for (int k = 0; k < s->rank && n < 64; k++)
        n += (size_t)snprintf(buf + n, 96 - n, "%s%zu", k ? " x " : "", s->dim[k]);
}

static bool same_shape(const struct bn_shape *a, const struct bn_shape *b)
{
    bool same = a->rank == b->rank;
    for (int k = 0; k < a->rank && same; k++)
        same = a->dim[k] == b->dim[k];
    return same;
}

/* Text, integer or real: 0, 1 or 2. */
static int class_of(bn_h5 *f, const char *name)
{
    return bn_h5_is_text(f, name) ? 0 : bn_h5_is_integer(f, name) ? 1 : 2;
}

static bn_status compare_dataset(struct diff *d, const char *name)
{
    static const char *const classes[] = { "text", "integers", "reals" };
    struct bn_shape other;
    struct finding *f;
    const int a = class_of(d->file[0], name), b = class_of(d->file[1], name);
    char buf[96];
    BN_TRY(add_finding(d, name, &f));
    BN_TRY(bn_h5_shape(d->file[0], name, &f->dims));
    BN_TRY(bn_h5_shape(d->file[1], name, &other));
    shape_text(&f->dims, f->shape);
    f->n = bn_shape_count(&f->dims);
    set_tolerance(d, name, f);
    if (a != b || !same_shape(&f->dims, &other)) {
        shape_text(&other, buf);
        f->verdict = DIFFERENT;
        snprintf(f->what, sizeof f->what, "%s %s -> %s %s", classes[a], f->shape,
                 classes[b], buf);
        return BN_OK;
    }
    BN_TRY(a == 0 ? compare_texts(d, f) : a == 1 ? compare_integers(d, f)
                                                 : compare_reals(d, f));
    f->verdict = f->outside > 0 ? DIFFERENT : f->differ > 0 ? WITHIN : IDENTICAL;
    return BN_OK;
}

/* An attribute as text: its text, or its first number. */
static bn_status attribute_text(bn_h5 *f, const char *object, const char *key, char **text)
{
    char buf[32];
    double x;
    if (bn_h5_get_text(f, object, key, text) == BN_OK)
        return BN_OK;
    if (bn_h5_get_real(f, object, key, &x) == BN_OK)
        *text = bn_copy(bn_shortest(x, buf));
    else
        *text = bn_copy("?");
    return *text ? BN_OK : BN_NOMEM;
}

/* What HDF5 itself keeps in attributes: scales, which the shapes speak for. */
static bool is_bookkeeping(const char *key)
{
    static const char *const keys[] = { "DIMENSION_LIST", "REFERENCE_LIST", "CLASS", "NAME" };
    for (size_t i = 0; i < BN_LEN(keys); i++)
        if (strcmp(key, keys[i]) == 0)
            return true;
    return false;
}

static bn_status compare_attribute(struct diff *d, const char *object, const char *key)
{
    char *text[2] = { NULL, NULL };
    struct finding *f;
    bn_status rc = BN_OK;
    for (int k = 0; k < 2 && rc == BN_OK; k++)
        if (bn_h5_has_attribute(d->file[k], object, key))
            rc = attribute_text(d->file[k], object, key, &text[k]);
    const bool same = text[0] && text[1] && strcmp(text[0], text[1]) == 0;
    char *name = bn_format("%s@%s", object, key);
    if (rc == BN_OK && !same && (rc = name ? add_finding(d, name, &f) : BN_NOMEM) == BN_OK) {
        f->verdict = DIFFERENT;
        snprintf(f->what, sizeof f->what, "%.70s -> %.70s", text[0] ? text[0] : "none",
                 text[1] ? text[1] : "none");
    }
    free(name);
    free(text[0]);
    free(text[1]);
    return rc;
}

static bn_status compare_attributes(struct diff *d, const char *object)
{
    struct list keys = { 0 };
    bn_status rc = BN_OK;
    for (int k = 0; k < 2 && rc == BN_OK; k++) {
        char **names = NULL;
        size_t n = 0;
        rc = bn_h5_attributes(d->file[k], object, &names, &n);
        for (size_t i = 0; i < n && rc == BN_OK; i++)
            if (!list_has(&keys, names[i]) && !is_bookkeeping(names[i]))
                rc = list_add(&keys, names[i]);
        free(names);
    }
    for (size_t i = 0; i < keys.n && rc == BN_OK; i++)
        rc = compare_attribute(d, object, keys.at[i]);
    list_free(&keys);
    return rc;
}

static bn_status gather(bn_h5 *f, const char *group, struct list *names)
{
    char **members = NULL;
    size_t n = 0;
    const bool root = strcmp(group, "/") == 0;
    BN_TRY(bn_h5_members(f, group, &members, &n));
    bn_status rc = BN_OK;
    for (size_t i = 0; i < n && rc == BN_OK; i++) {
        char *path = bn_format("%s/%s", root ? "" : group, members[i]);
        if (path == NULL)
            rc = BN_NOMEM;
        else if (bn_h5_kind(f, path) == BN_H5_DATASET && !list_has(names, path))
            rc = list_add(names, path);
        else if (bn_h5_kind(f, path) == BN_H5_GROUP && strlen(path) < 512 &&
                 strcmp(path, "/provenance") != 0)
            rc = gather(f, path, names);
        free(path);
    }
    free(members);
    return rc;
}

static bn_status compare_one(struct diff *d, const char *name)
{
    struct finding *f;
    const bool in_a = bn_h5_kind(d->file[0], name) == BN_H5_DATASET;
    if (in_a && bn_h5_kind(d->file[1], name) == BN_H5_DATASET) {
        BN_TRY(compare_dataset(d, name));
        return compare_attributes(d, name);
    }
    BN_TRY(add_finding(d, name, &f));
    f->verdict = DIFFERENT;
    snprintf(f->what, sizeof f->what, "only in %s", in_a ? "A" : "B");
    return BN_OK;
}

/* Types, groups and long attributes that nothing above looked at. */
static bn_status compare_rest(struct diff *d)
{
    char a[BN_HEX], b[BN_HEX];
    struct finding *f;
    for (size_t i = 0; i < d->n; i++)
        if (d->at[i].verdict != IDENTICAL)
            return BN_OK;
    BN_TRY(bn_h5_digest(d->path[0], a));
    BN_TRY(bn_h5_digest(d->path[1], b));
    if (strcmp(a, b) == 0)
        return BN_OK;
    BN_TRY(add_finding(d, "(the rest)", &f));
    f->verdict = DIFFERENT;
    snprintf(f->what, sizeof f->what, "types, groups or attributes: see h5diff");
    return BN_OK;
}

static bn_status compare_files(struct diff *d)
{
    struct list names = { 0 };
    bn_status rc = BN_OK;
    for (int k = 0; k < 2 && rc == BN_OK; k++) {
        rc = store_verify_path(d->path[k]);
        if (rc == BN_OK)
            rc = bn_h5_open(&d->file[k], d->path[k]);
        if (rc == BN_OK)
            rc = read_provenance(d, k);
        if (rc == BN_OK)
            rc = gather(d->file[k], "/", &names);
    }
    list_sort(&names);
    if (rc == BN_OK) {
        find_schema(d);
        rc = compare_attributes(d, "/");
    }
    for (size_t i = 0; i < names.n && rc == BN_OK; i++)
        rc = compare_one(d, names.at[i]);
    if (rc == BN_OK)
        rc = compare_rest(d);
    list_free(&names);
    return rc;
}

/* Not artifacts: only the bytes can be compared. */
static bn_status compare_bytes(struct diff *d)
{
    char a[BN_HEX], b[BN_HEX];
    struct finding *f;
    BN_TRY(bn_digest_file(d->path[0], a));
    BN_TRY(bn_digest_file(d->path[1], b));
    BN_TRY(add_finding(d, "(bytes)", &f));
    f->verdict = strcmp(a, b) == 0 ? IDENTICAL : DIFFERENT;
    if (f->verdict == DIFFERENT)
        snprintf(f->what, sizeof f->what, "sha256 %.12s -> %.12s", a, b);
    return BN_OK;
}

/* --- files like numbers.tex ------------------------------------------------ */

/* The tolerance of a number is that of its dataset: "ring/weights.h5:/rank". */
static void set_tolerance_of(struct diff *d, const char *where, struct finding *f)
{
    char *pipeline, *stage, *variant, *build = NULL, *name;
    const char *colon = strrchr(where, ':');
    char *node = colon ? bn_format("%.*s", (int)(colon - where), where) : NULL;
    if (node == NULL || graph_split(node, &pipeline, &stage, &variant) != BN_OK) {
        free(node);
        return;
    }
    build = d->build != NULL ? bn_copy(d->build) : NULL;
    name = bn_format("%.*s", (int)strcspn(colon + 1, "["), colon + 1);
    if (name != NULL && (build != NULL || file_build_folder(&build) == BN_OK) &&
        schema_get(build, stage, &d->schema) == BN_OK)
        set_tolerance(d, name, f);
    d->schema = NULL;
    free(name);
    free(build);
    free(pipeline);
    free(node);
}

static bn_status compare_macro(struct diff *d, const char *name, const json_t *a,
                               const json_t *b)
{
    struct finding *f;
    double x[2];
    BN_TRY(add_finding(d, name, &f));
    f->n = 1;
    f->verdict = DIFFERENT;
    snprintf(f->shape, sizeof f->shape, "number");
    if (a == NULL || b == NULL)
        snprintf(f->what, sizeof f->what, "only in %s", a == NULL ? "B" : "A");
    else if (strcmp(text_of(a, "where"), text_of(b, "where")) != 0)
        snprintf(f->what, sizeof f->what, "%.100s -> %.100s", text_of(a, "where"),
                 text_of(b, "where"));
    else if (bn_parse_real(text_of(a, "raw"), &x[0]) != BN_OK ||
             bn_parse_real(text_of(b, "raw"), &x[1]) != BN_OK)
        snprintf(f->what, sizeof f->what, "one is no number");
    else {
        set_tolerance_of(d, text_of(a, "where"), f);
        compare_number(f, x[0], x[1], 0);
        f->verdict = f->outside > 0 ? DIFFERENT : f->differ > 0 ? WITHIN : IDENTICAL;
    }
    return BN_OK;
}

/* By the numbers, for keys differ when their inputs do. */
static bn_status compare_citable(struct diff *d)
{
    json_t *numbers[2] = { json_object(), json_object() }, *x;
    const char *name;
    bool sealed[2];
    bn_status rc = BN_OK;
    for (int k = 0; k < 2 && rc == BN_OK; k++)
        rc = numbers_read(d->path[k], numbers[k], &sealed[k]);
    const bool both = rc == BN_OK && json_object_size(numbers[0]) > 0 &&
                      json_object_size(numbers[1]) > 0 && sealed[0] && sealed[1];
    if (rc == BN_OK && !both)
        rc = compare_bytes(d);
    json_object_foreach(numbers[0], name, x)
        if (rc == BN_OK && both)
            rc = compare_macro(d, name, x, json_object_get(numbers[1], name));
    json_object_foreach(numbers[1], name, x)
        if (rc == BN_OK && both && json_object_get(numbers[0], name) == NULL)
            rc = compare_macro(d, name, NULL, x);
    json_decref(numbers[0]);
    json_decref(numbers[1]);
    return rc;
}

/* --- saying it ----------------------------------------------------------- */

/* "[3,4]" of an index in row order. */
void diff_where(const struct finding *f, char buf[96])
{
    size_t block = f->n, rest = f->at, n = 0;
    buf[0] = '\0';
    for (int k = 0; k < f->dims.rank && n < 80; k++) {
        block /= f->dims.dim[k] ? f->dims.dim[k] : 1;
        n += (size_t)snprintf(buf + n, 96 - n, "%s%zu", k ? "," : "[", rest / block);
        rest %= block;
    }
    if (f->dims.rank > 0)
        snprintf(buf + n, 96 - n, "]: ");
}

void diff_print_finding(FILE *to, const struct finding *f)
{
    char where[96], a[32], b[32];
    fprintf(to, "%-24s %-16s %s", f->name, verdicts[f->verdict], f->shape);
    if (f->what[0] != '\0') {
        fprintf(to, "%s%s\n", f->shape[0] ? "  " : "", f->what);
        return;
    }
    fputc('\n', to);
    if (f->differ == 0)
        return;
    diff_where(f, where);
    fprintf(to, "    %zu of %zu differ, at most by %.3g (relative %.2g; %.*g ULP)\n",
           f->differ, f->n, f->most, f->relative, f->ulp < 1e6 ? 7 : 2, f->ulp);
    fprintf(to, "    %s%s%s -> %s\n", where[0] ? "worst at " : "", where,
           bn_shortest(f->a, a), bn_shortest(f->b, b));
    if (f->tolerance)
        fprintf(to, "    %zu outside the tolerance %g + %g |b|\n", f->outside, f->atol, f->rtol);
}

static void print_change(const char *what, const char *old, const char *new, int width)
{
    printf("    %-18s %.*s -> %.*s\n", what, width, old[0] ? old : "none", width,
           new[0] ? new : "none");
}

/* Pairs that are not the same in both objects, for people or as JSON. */
static void changes(const json_t *a, const json_t *b, int width, json_t *list)
{
    const char *key;
    json_t *value, *all = json_object();
    json_object_update(all, (json_t *)(uintptr_t)a);
    json_object_update_missing(all, (json_t *)(uintptr_t)b);
    json_object_foreach(all, key, value) {
        const char *old = text_of(a, key), *new = text_of(b, key);
        if (strcmp(old, new) == 0)
            continue;
        if (list == NULL)
            print_change(key, old, new, width);
        else
            json_array_append_new(list, json_pack("{ss ss ss}", "name", key, "old", old,
                                                  "new", new));
    }
    json_decref(all);
}

enum verdict diff_worst(const struct diff *d)
{
    enum verdict v = IDENTICAL;
    for (size_t i = 0; i < d->n; i++)
        v = d->at[i].verdict > v ? d->at[i].verdict : v;
    return v;
}

static void print_report(const struct diff *d)
{
    size_t n[3] = { 0 };
    const char *a = d->stage[0] ? d->stage[0] : "", *b = d->stage[1] ? d->stage[1] : "";
    printf("A  %s\nB  %s\n", d->path[0], d->path[1]);
    if (strcmp(a, b) != 0)
        print_change("stage", a, b, 60);
    if (d->code[0] && d->code[1] && strcmp(d->code[0], d->code[1]) != 0)
        print_change("code", d->code[0], d->code[1], 12);
    changes(d->parameters[0], d->parameters[1], 60, NULL);
    changes(d->inputs[0], d->inputs[1], 12, NULL);
    putchar('\n');
    for (size_t i = 0; i < d->n; i++) {
        diff_print_finding(stdout, &d->at[i]);
        n[d->at[i].verdict]++;
    }
    printf("\n%s", verdicts[diff_worst(d)]);
    if (diff_worst(d) != IDENTICAL) {
        printf(": %zu identical, %zu within tolerance, %zu different", n[0], n[1], n[2]);
        if (d->schema == NULL && d->file[0] != NULL)
            printf(" (no tolerance is declared for two files like these)");
    }
    putchar('\n');
}

static json_t *number(double x)
{
    return isfinite(x) ? json_real(x) : json_string("infinite");
}

static json_t *finding_json(const struct finding *f)
{
    char where[96];
    json_t *json = json_pack("{ss ss ss ss}", "name", f->name, "verdict",
                             verdicts[f->verdict], "shape", f->shape, "what", f->what);
    if (f->differ == 0)
        return json;
    diff_where(f, where);
    json_object_set_new(json, "differ", json_integer((json_int_t)f->differ));
    json_object_set_new(json, "outside", json_integer((json_int_t)f->outside));
    json_object_set_new(json, "of", json_integer((json_int_t)f->n));
    if (f->what[0] == '\0') {
        json_object_set_new(json, "largest", number(f->most));
        json_object_set_new(json, "relative", number(f->relative));
        json_object_set_new(json, "ulp", json_real(f->ulp));
        where[strcspn(where, ":")] = '\0';
        json_object_set_new(json, "where", json_string(where));
        json_object_set_new(json, "atol", json_real(f->atol));
        json_object_set_new(json, "rtol", json_real(f->rtol));
    }
    return json;
}

static void print_json(const struct diff *d)
{
    json_t *datasets = json_array(), *parameters = json_array(), *inputs = json_array();
    for (size_t i = 0; i < d->n; i++)
        json_array_append_new(datasets, finding_json(&d->at[i]));
    changes(d->parameters[0], d->parameters[1], 0, parameters);
    changes(d->inputs[0], d->inputs[1], 0, inputs);
    json_t *all = json_pack("{ss ss ss so so so}", "a", d->path[0], "b", d->path[1],
                            "verdict", verdicts[diff_worst(d)], "parameters", parameters,
                            "inputs", inputs, "datasets", datasets);
    json_dumpf(all, stdout, JSON_INDENT(2));
    putchar('\n');
    json_decref(all);
}

/* --- the command --------------------------------------------------------- */

void diff_free(struct diff *d)
{
    for (int k = 0; k < 2; k++) {
        if (bn_h5_close(d->file[k]) != BN_OK)
            fprintf(stderr, "basin diff: %s\n", bn_error());
        free(d->path[k]);
        free(d->stage[k]);
        free(d->code[k]);
        json_decref(d->parameters[k]);
        json_decref(d->inputs[k]);
    }
    for (size_t i = 0; i < d->n; i++)
        free(d->at[i].name);
    free(d->at);
}

static bool ends_in(const char *path, const char *end)
{
    const char *dot = strrchr(path, '.');
    return dot != NULL && strcmp(dot, end) == 0;
}

bn_status diff_files(struct diff *d)
{
    if (ends_in(d->path[0], ".tex") && ends_in(d->path[1], ".tex"))
        return compare_citable(d);
    for (int k = 0; k < 2; k++)
        if (!ends_in(d->path[k], ".h5"))
            return compare_bytes(d);
    return compare_files(d);
}

static bn_status diff(struct diff *d, const struct list *words)
{
    if (words->n != 2)
        return bn_fail(BN_USAGE, "give two artifacts: basin diff A B, each a file, a name "
                       "like ring/weights, or the key of an object in the cache");
    for (int k = 0; k < 2; k++)
        BN_TRY(find_file(d->results, words->at[k], &d->path[k]));
    return diff_files(d);
}

int diff_main(int argc, char **argv)
{
    struct diff d = { .results = "results" };
    struct list words = { 0 };
    bn_status rc = BN_OK;
    for (int i = 1; i < argc && rc == BN_OK; i++) {
        if (strcmp(argv[i], "--json") == 0)
            d.json = true;
        else if (strcmp(argv[i], "--results") == 0 && i + 1 < argc)
            d.results = argv[++i];
        else if (strncmp(argv[i], "--", 2) == 0)
            rc = bn_fail(BN_USAGE, "unknown option %s; there is --results FOLDER and --json",
                         argv[i]);
        else
            rc = list_add(&words, argv[i]);
    }
    if (rc == BN_OK)
        rc = diff(&d, &words);
    if (rc != BN_OK)
        fprintf(stderr, "basin diff: %s\n", bn_error());
    else if (d.json)
        print_json(&d);
    else
        print_report(&d);
    const int status = rc != BN_OK ? 2 : diff_worst(&d) == DIFFERENT;
    list_free(&words);
    diff_free(&d);
    schema_free_all();
    return status;
}
