/* SPDX-License-Identifier: MIT
 * Gathered inputs: one role that takes every point of a sweep.  There may be tens
 * of thousands, so a file is open only while it is looked at.               */
#include "stage_priv.h"

#include <basin/h5digest.h>
#include <basin/mem.h>
#include <basin/text.h>

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct point {
    char *path, *name;
    char digest[BN_HEX];                 /* "" until known */
};
struct gathered {
    char *role;
    struct point *points;
    size_t n, room;
    json_t *axes;                        /* names of the swept parameters */
    json_t *units, *values;              /* per axis; per point and axis, texts */
    bn_h5 *file;                         /* of the point that is looked at */
    size_t open;
};
static struct gathered *all;
static size_t n_all;

static struct gathered *find(const char *role)
{
    for (size_t i = 0; i < n_all; i++)
        if (strcmp(all[i].role, role) == 0)
            return &all[i];
    return NULL;
}

static struct gathered *of_role(const char *role)
{
    struct gathered *g = find(role);
    if (g == NULL)
        BN_REFUSE(BN_USAGE, "the input `%s` is needed here: give --in %s=FILE once for "
                  "every point", role, role);
    return g;
}

bool bn_gather_takes(const struct bn_stage *stage, const char *role)
{
    const size_t n = strlen(role);
    for (const char *s = stage->gather; s != NULL && *s != '\0';) {
        const size_t m = strcspn(s, " ");
        if (m == n && memcmp(s, role, n) == 0)
            return true;
        s += m + strspn(s + m, " ");
    }
    return false;
}

static struct gathered *begin(const char *role)
{
    struct gathered *g = find(role);
    if (g != NULL)
        return g;
    struct gathered *more = bn_grow(all, n_all + 1, sizeof *more);
    if (more == NULL)
        bn_die(BN_NOMEM);
    all = more;
    g = &all[n_all];
    *g = (struct gathered){ .role = bn_copy(role), .axes = json_array(),
                            .units = json_array(), .values = json_array() };
    if (g->role == NULL || g->axes == NULL || g->units == NULL || g->values == NULL)
        bn_die(BN_NOMEM);
    n_all++;
    return g;
}

static struct point *add_point(struct gathered *g, const char *path, char *name)
{
    if (g->n == g->room) {
        const size_t room = g->room ? 2 * g->room : 64;
        struct point *more = bn_grow(g->points, room, sizeof *more);
        if (more == NULL)
            bn_die(BN_NOMEM);
        g->points = more;
        g->room = room;
    }
    struct point *p = &g->points[g->n++];
    *p = (struct point){ .path = bn_copy(path), .name = name };
    if (p->path == NULL || p->name == NULL)
        bn_die(BN_NOMEM);
    return p;
}

/* By hand: the point is named after its file. */
void bn_gather_add(const char *role, const char *path)
{
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
    const size_t n = strlen(name), h5 = n > 3 && strcmp(name + n - 3, ".h5") == 0 ? 3 : 0;

    add_point(begin(role), path, bn_format("%.*s", (int)(n - h5), name));
}

static const char *text_at(const json_t *list, size_t i)
{
    const char *s = json_string_value(json_array_get(list, i));
    return s != NULL ? s : "";
}

static void take_role(const char *path, const char *role, json_t *json)
{
    const json_t *paths = json_object_get(json, "path");
    const json_t *names = json_object_get(json, "point");
    const json_t *digests = json_object_get(json, "digest");
    json_t *axes = json_object_get(json, "parameter");
    json_t *units = json_object_get(json, "unit"), *values = json_object_get(json, "value");
    const size_t n = json_array_size(paths);
    struct gathered *g = begin(role);

    if (g->n > 0 || n == 0 || json_array_size(names) != n || json_array_size(digests) != n ||
        json_array_size(values) != n || json_array_size(units) != json_array_size(axes))
        BN_REFUSE(BN_USAGE, "--inputs %s: `%s` is not a whole list of points", path, role);
    for (size_t k = 0; k < n; k++) {
        struct point *p = add_point(g, text_at(paths, k), bn_copy(text_at(names, k)));
        snprintf(p->digest, sizeof p->digest, "%s", text_at(digests, k));
        if (json_array_size(json_array_get(values, k)) != json_array_size(axes))
            BN_REFUSE(BN_USAGE, "--inputs %s: `%s` has no coordinates", path, p->name);
    }
    json_array_extend(g->axes, axes);
    json_array_extend(g->units, units);
    json_array_extend(g->values, values);
}

void bn_gather_load(const struct bn_stage *stage, const char *path)
{
    json_error_t error;
    json_t *root = json_load_file(path, 0, &error), *json;
    const char *role;

    if (root == NULL)
        BN_REFUSE(BN_USAGE, "--inputs %s: %s (line %d)", path, error.text, error.line);
    json_object_foreach(root, role, json) {
        if (!bn_gather_takes(stage, role))
            BN_REFUSE(BN_USAGE, "--inputs %s: `%s` is not a gathered input of this stage",
                      path, role);
        take_role(path, role, json);
    }
    json_decref(root);
}

void bn_gather_free(void)
{
    for (size_t i = 0; i < n_all; i++) {
        struct gathered *g = &all[i];
        if (bn_h5_close(g->file) != BN_OK)
            continue;                    /* read only: nothing was lost */
        for (size_t k = 0; k < g->n; k++) {
            free(g->points[k].path);
            free(g->points[k].name);
        }
        free(g->points);
        free(g->role);
        json_decref(g->axes);
        json_decref(g->units);
        json_decref(g->values);
    }
    free(all);
    all = NULL;
    n_all = 0;
}

bool bn_gather_has(const char *role)
{
    return find(role) != NULL;
}

/* --- provenance ----------------------------------------------------------- */

size_t bn_gather_count(void)
{
    size_t n = 0;
    for (size_t i = 0; i < n_all; i++)
        n += all[i].n;
    return n;
}

char *bn_gather_row(size_t row, const char **digest)
{
    size_t i = 0;
    while (row >= all[i].n)
        row -= all[i++].n;
    struct point *p = &all[i].points[row];
    if (p->digest[0] == '\0')
        BN_CHECK(bn_h5_digest(p->path, p->digest));
    *digest = p->digest;
    return bn_format("%s[%06zu]", all[i].role, row);
}

static void record_texts(bn_h5 *out, const char *what, const char *role,
                         const char *const *texts, size_t n)
{
    char *name = bn_format("/provenance/%s/%s", what, role);
    const bn_status rc = name != NULL ? bn_h5_write_texts(out, name, texts, n) : BN_NOMEM;
    free(name);
    BN_CHECK(rc);
}

/* What the points stand for is part of the key, so it is on record. */
void bn_gather_record(bn_h5 *out)
{
    for (size_t i = 0; i < n_all; i++) {
        const struct gathered *g = &all[i];
        const size_t axes = json_array_size(g->axes);
        const char **texts = bn_alloc(g->n * (axes + 1), sizeof *texts);
        if (texts == NULL)
            bn_die(BN_NOMEM);
        for (size_t k = 0; k < g->n; k++)
            texts[k] = g->points[k].name;
        record_texts(out, "point", g->role, texts, g->n);
        for (size_t a = 0; a < axes; a++)
            texts[a] = text_at(g->axes, a);
        record_texts(out, "swept", g->role, texts, axes);
        for (size_t k = 0; k < g->n; k++)
            for (size_t a = 0; a < axes; a++)
                texts[k * axes + a] = text_at(json_array_get(g->values, k), a);
        record_texts(out, "coordinate", g->role, texts, axes ? g->n * axes : 0);
        free(texts);
    }
}

/* --- for run() ------------------------------------------------------------ */

size_t bn_gathered(const char *role)
{
    return of_role(role)->n;
}

static const struct point *point_of(const char *role, size_t k)
{
    const struct gathered *g = of_role(role);
    if (k >= g->n)
        BN_REFUSE(BN_USAGE, "bug: point %zu of `%s`, which has %zu", k, role, g->n);
    return &g->points[k];
}

const char *bn_gather_point(const char *role, size_t k)
{
    return point_of(role, k)->name;
}

size_t bn_gather_axes(const char *role)
{
    return json_array_size(of_role(role)->axes);
}

const char *bn_gather_axis(const char *role, size_t axis)
{
    return text_at(of_role(role)->axes, axis);
}

const char *bn_gather_unit(const char *role, size_t axis)
{
    return text_at(of_role(role)->units, axis);
}

const char *bn_gather_text(const char *role, size_t k, size_t axis)
{
    return text_at(json_array_get(of_role(role)->values, k), axis);
}

double bn_gather_value(const char *role, size_t k, size_t axis)
{
    const char *text = bn_gather_text(role, k, axis);
    double x, seen = 0.0;

    if (bn_parse_real(text, &x) == BN_OK)
        return x;
    if (strcmp(text, "yes") == 0 || strcmp(text, "no") == 0)
        return text[0] == 'y';
    for (size_t i = 0; i < k; i++) {     /* the how manieth text */
        const char *other = bn_gather_text(role, i, axis);
        bool first = true;
        if (strcmp(other, text) == 0)
            return bn_gather_value(role, i, axis);
        for (size_t j = 0; j < i && first; j++)
            first = strcmp(bn_gather_text(role, j, axis), other) != 0;
        seen += first;
    }
    return seen;
}

bn_h5 *bn_gather_input(const char *role, size_t k)
{
    const struct point *p = point_of(role, k);
    struct gathered *g = of_role(role);

    if (g->file != NULL && g->open == k)
        return g->file;
    bn_h5 *old = g->file;
    g->file = NULL;
    BN_CHECK(bn_h5_close(old));
    const bn_status rc = bn_h5_open(&g->file, p->path);
    if (rc != BN_OK)
        bn_die(bn_fail_at(rc, "input `%s`, %s", role, p->name));
    g->open = k;
    return g->file;
}

const double *bn_gather_vec(const char *role, size_t k, const char *dataset, size_t *n)
{
    double *x;
    const bn_status rc = bn_h5_read(bn_gather_input(role, k), dataset, &x, n);

    if (rc != BN_OK)
        bn_die(bn_fail_at(rc, "input `%s`, %s", role, bn_gather_point(role, k)));
    bn_stage_own(x);
    return x;
}

double bn_gather_number(const char *role, size_t k, const char *dataset)
{
    size_t n;
    double *x, first = 0.0;
    bn_status rc = bn_h5_read(bn_gather_input(role, k), dataset, &x, &n);

    if (rc == BN_OK) {
        if (n == 1)
            first = x[0];
        else
            rc = bn_fail(BN_INPUT, "%s has %zu values, one was expected", dataset, n);
        free(x);
    }
    if (rc != BN_OK)
        bn_die(bn_fail_at(rc, "input `%s`, %s", role, bn_gather_point(role, k)));
    return first;
}
