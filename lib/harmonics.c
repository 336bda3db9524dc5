/* SPDX-License-Identifier: MIT */
#include <basin/harmonics.h>
#include <basin/fourier.h>
#include <basin/mem.h>
#include <basin/special.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "harmonics_priv.h"

#define SQRT2 1.41421356237309504880

/* Values that are transformed at a time: what they need beside themselves stays small. */
enum { CHUNK = 1 << 20 };

/* --- which functions ------------------------------------------------------------- */

static size_t sphere_degree(const struct bn_manifold *m)
{
    const size_t longitudes = (m->count[0] - 1) / 2, latitudes = m->count[1] - 1;

    return longitudes < latitudes ? longitudes : latitudes;
}

static size_t count_of(const struct bn_manifold *m)
{
    size_t count = 1;

    if (m->kind == BN_SPHERE) {
        const size_t side = sphere_degree(m) + 1;
        return side * side;
    }
    for (size_t d = 0; d < m->dimensions; d++)
        count *= m->count[d] - (bn_manifold_periodic(m) && m->count[d] % 2 == 0);
    return count;
}

/* The sums of squares that belong to one shell are the same numbers: integers before
 * anything that rounds where sides are equal.                               */
static double eigenvalue_of(const struct bn_manifold *m, const struct function *f)
{
    const double step = bn_manifold_periodic(m) ? BN_TWO_PI : 0.5 * BN_TWO_PI;
    double sum = 0.0;

    if (m->kind == BN_RING)
        return (double)f->n[0] * f->n[0];
    if (m->kind == BN_SPHERE)
        return (double)f->n[0] * (f->n[0] + 1);
    for (size_t d = 0; d < m->dimensions; d++) {
        const double side = (m->size[d] + 2.0 * m->margin) / (m->size[0] + 2.0 * m->margin);
        sum += (double)f->n[d] * f->n[d] / (side * side);
    }
    if (m->kind == BN_HEXAGON)
        sum = 4.0 / 3.0 * (sum - (double)f->n[0] * f->n[1]);
    const double unit = step / (m->size[0] + 2.0 * m->margin);
    return sum * unit * unit;
}

static void list_periodic(struct bn_harmonics *h)
{
    const int top = (int)((h->m.count[0] - 1) / 2);
    const int side = h->dims == 2 ? (int)((h->m.count[1] - 1) / 2) : 0;
    size_t k = 1;

    for (int a = 0; a <= top; a++)
        for (int b = a == 0 ? 1 : -side; b <= side; b++)
            for (int s = 0; s < 2; s++)
                h->function[k++] = (struct function){ { a, b, 0 }, s == 1 };
}

static void list_walls(struct bn_harmonics *h)
{
    for (size_t k = 0; k < h->count; k++) {
        size_t rest = k;
        for (size_t d = h->dims; d-- > 0; rest /= h->m.count[d])
            h->function[k].n[d] = (int)(rest % h->m.count[d]);
    }
}

static void list_sphere(struct bn_harmonics *h)
{
    for (size_t k = 0; k < h->count; k++) {
        const size_t l = bn_sphere_degree(k), at = k - l * l;
        h->function[k] = (struct function){ { (int)l, (int)((at + 1) / 2), 0 },
                                            at > 0 && at % 2 == 0 };
    }
}

struct ranked {
    double eigenvalue;
    size_t at;
    struct function f;
};

static int by_eigenvalue(const void *x, const void *y)
{
    const struct ranked *a = x, *b = y;

    if (a->eigenvalue != b->eigenvalue)
        return a->eigenvalue < b->eigenvalue ? -1 : 1;
    return a->at < b->at ? -1 : 1;
}

static bool same_shell(double a, double b)
{
    return fabs(a - b) <= 1e-9 * fabs(b);
}

/* Sorted twice: eigenvalues of a shell that differ by rounding become the same number,
 * so that the order within a shell is that of the list on every machine.    */
static bn_status sort_functions(struct bn_harmonics *h)
{
    struct ranked *r = bn_alloc(h->count, sizeof *r);

    if (r == NULL)
        return BN_NOMEM;
    for (size_t k = 0; k < h->count; k++)
        r[k] = (struct ranked){ eigenvalue_of(&h->m, &h->function[k]), k, h->function[k] };
    qsort(r, h->count, sizeof *r, by_eigenvalue);
    for (size_t k = 1; k < h->count; k++)
        if (same_shell(r[k].eigenvalue, r[k - 1].eigenvalue))
            r[k].eigenvalue = r[k - 1].eigenvalue;
    qsort(r, h->count, sizeof *r, by_eigenvalue);
    for (size_t k = 0; k < h->count; k++) {
        h->function[k] = r[k].f;
        h->eigenvalue[k] = r[k].eigenvalue;
    }
    free(r);
    return BN_OK;
}

/* --- making ---------------------------------------------------------------------- */

static bn_status make_sphere(struct bn_harmonics *h)
{
    const int top = (int)sphere_degree(&h->m);
    const size_t lats = h->m.count[1];

    h->weight = bn_alloc(lats, sizeof *h->weight);
    h->order = bn_alloc((size_t)top + 1, sizeof *h->order);
    if (h->weight == NULL || h->order == NULL)
        return BN_NOMEM;
    for (int m = 0; m <= top; m++)
        BN_TRY(bn_mat_alloc(&h->order[m], lats, (size_t)(top - m) + 1));
    for (size_t k = 0; k < lats; k++) {
        double up;
        bn_gauss_legendre(lats, k, &up, &h->weight[k]);
        h->weight[k] *= 0.5;
        const double flat = sqrt((1.0 - up) * (1.0 + up));
        for (int m = 0; m <= top; m++) {
            struct legendre s = bn_legendre_first(m, up, flat);
            double *row = bn_mat_row(&h->order[m], k);
            row[0] = s.p;
            for (int l = m + 1; l <= top; l++) {
                bn_legendre_next(&s, l, m, up, flat);
                row[l - m] = s.p;
            }
        }
    }
    return BN_OK;
}

static bn_status make_walls(struct bn_harmonics *h)
{
    for (size_t d = 0; d < h->dims; d++) {
        const size_t count = h->m.count[d];
        h->cosine[d] = bn_alloc(4 * count, sizeof *h->cosine[d]);
        if (h->cosine[d] == NULL)
            return BN_NOMEM;
        for (size_t i = 0; i < 4 * count; i++)
            h->cosine[d][i] = SQRT2 * cos(0.25 * BN_TWO_PI * (double)i / (double)count);
    }
    return BN_OK;
}

static bn_status make(struct bn_harmonics *h)
{
    h->function = bn_alloc(h->count, sizeof *h->function);
    h->eigenvalue = bn_alloc(h->count, sizeof *h->eigenvalue);
    if (h->function == NULL || h->eigenvalue == NULL)
        return BN_NOMEM;
    if (h->m.kind == BN_SPHERE) {
        list_sphere(h);
        BN_TRY(make_sphere(h));
    } else if (bn_manifold_periodic(&h->m)) {
        list_periodic(h);
    } else {
        list_walls(h);
        BN_TRY(make_walls(h));
    }
    return sort_functions(h);
}

bn_status bn_harmonics_new(bn_harmonics **out, const struct bn_manifold *m)
{
    *out = NULL;
    BN_TRY(bn_manifold_check(m));
    bn_harmonics *h = bn_alloc(1, sizeof *h);
    if (h == NULL)
        return BN_NOMEM;
    h->m = *m;
    h->dims = m->dimensions;
    h->count = count_of(m);
    const bn_status rc = make(h);
    if (rc != BN_OK) {
        bn_harmonics_free(h);
        return rc;
    }
    *out = h;
    return BN_OK;
}

void bn_harmonics_free(bn_harmonics *h)
{
    if (h == NULL)
        return;
    for (size_t d = 0; d < BN_DIMENSIONS; d++)
        free(h->cosine[d]);
    if (h->order != NULL)
        for (size_t m = 0; m <= sphere_degree(&h->m); m++)
            bn_mat_free(&h->order[m]);
    free(h->order);
    free(h->weight);
    free(h->eigenvalue);
    free(h->function);
    free(h);
}

const struct bn_manifold *bn_harmonics_manifold(const bn_harmonics *h)
{
    return &h->m;
}

size_t bn_harmonics_count(const bn_harmonics *h)
{
    return h->count;
}

double bn_harmonics_eigenvalue(const bn_harmonics *h, size_t k)
{
    return h->eigenvalue[k];
}

const int *bn_harmonics_numbers(const bn_harmonics *h, size_t k)
{
    return h->function[k].n;
}

size_t bn_harmonics_shell(const bn_harmonics *h, size_t k, size_t *first)
{
    size_t low = k, high = k + 1;

    while (low > 0 && same_shell(h->eigenvalue[low - 1], h->eigenvalue[k]))
        low--;
    while (high < h->count && same_shell(h->eigenvalue[high], h->eigenvalue[k]))
        high++;
    *first = low;
    return high - low;
}

/* --- transforms: one axis after the other ------------------------------------------ */

/* A block of values and another to transform into: they change places. */
struct work {
    double *now, *next;
    size_t rows;                         /* functions in it */
};

static void swap(struct work *w)
{
    double *old = w->now;

    w->now = w->next;
    w->next = old;
}

/* [blocks, a, b] to [blocks, b, a]. */
static void turn(struct work *w, size_t blocks, size_t a, size_t b)
{
    for (size_t k = 0; k < blocks; k++) {
        const double *from = w->now + k * a * b;
        double *to = w->next + k * a * b;
        for (size_t i = 0; i < a; i++)
            for (size_t j = 0; j < b; j++)
                to[j * a + i] = from[i * b + j];
    }
    swap(w);
}

static bn_status along_axis(const bn_harmonics *h, struct work *w, size_t rows, size_t from,
                            size_t to, bool back)
{
    const struct bn_mat in = { rows, from, w->now };
    struct bn_mat out = { rows, to, w->next };
    const bool walls = h->cosine[0] != NULL;
    const bn_status rc = walls ? back ? bn_fourier_cosines_inverse(&in, &out)
                                      : bn_fourier_cosines(&in, &out)
                               : back ? bn_fourier_inverse(&in, &out) : bn_fourier(&in, &out);
    swap(w);
    return rc;
}

/* Functions of one axis that the first r functions need. */
static void kept(const bn_harmonics *h, size_t r, size_t *keep)
{
    const bool walls = h->cosine[0] != NULL;

    for (size_t d = 0; d < h->dims; d++) {
        int top = 0;
        for (size_t k = 0; k < r; k++)
            top = abs(h->function[k].n[d]) > top ? abs(h->function[k].n[d]) : top;
        keep[d] = walls ? (size_t)top + 1 : 2 * (size_t)top + 1;
    }
}

/* The last axis is transformed and becomes the first; after all of them they stand as
 * before.                                                                   */
static bn_status all_axes(const bn_harmonics *h, struct work *w, const size_t *keep, bool back)
{
    size_t all = 1;

    for (size_t d = 0; d < h->dims; d++)
        all *= back ? keep[d] : h->m.count[d];
    for (size_t d = h->dims; d-- > 0;) {
        const size_t from = back ? keep[d] : h->m.count[d], to = back ? h->m.count[d] : keep[d];
        const size_t others = all / from;
        BN_TRY(along_axis(h, w, w->rows * others, from, to, back));
        if (h->dims > 1)
            turn(w, w->rows, others, to);
        all = others * to;
    }
    return BN_OK;
}

/* Where the products of the two axes' functions stand that make a wave in the plane:
 *     sqrt 2 cos(a + s b) = (C C - s S S)/sqrt 2,  sqrt 2 sin(a + s b) = (S C + s C S)/sqrt 2,
 * with C = sqrt 2 cos and S = sqrt 2 sin of a and of b, s the sign of n[1].  */
struct product {
    size_t at[2];
    double factor[2];
};

static struct product product_of(const struct function *f, const size_t *keep)
{
    const size_t a = (size_t)f->n[0], b = (size_t)abs(f->n[1]);
    const double half = 1.0 / SQRT2, sign = f->n[1] < 0 ? -half : half;
    const size_t ca = a == 0 ? 0 : 2 * a - 1, cb = b == 0 ? 0 : 2 * b - 1;

    if (a == 0 || b == 0)
        return (struct product){ { (ca + (f->sine && a > 0)) * keep[1] + cb
                                   + (f->sine && b > 0), 0 }, { 1.0, 0.0 } };
    if (!f->sine)
        return (struct product){ { ca * keep[1] + cb, (ca + 1) * keep[1] + cb + 1 },
                                 { half, -sign } };
    return (struct product){ { (ca + 1) * keep[1] + cb, ca * keep[1] + cb + 1 },
                             { half, sign } };
}

static size_t box_at(const struct function *f, const size_t *keep, size_t dims)
{
    size_t at = 0;

    for (size_t d = 0; d < dims; d++)
        at = at * keep[d] + (size_t)f->n[d];
    return at;
}

static bn_status flat_chunk(const bn_harmonics *h, struct work *w, struct bn_mat *c)
{
    size_t keep[BN_DIMENSIONS], all = 1;

    kept(h, c->cols, keep);
    BN_TRY(all_axes(h, w, keep, false));
    for (size_t d = 0; d < h->dims; d++)
        all *= keep[d];
    for (size_t k = 0; k < c->cols; k++) {
        const bool walls = h->cosine[0] != NULL;
        const size_t at = walls ? box_at(&h->function[k], keep, h->dims) : 0;
        const struct product p = walls ? (struct product){ { at, 0 }, { 1.0, 0.0 } }
                                       : product_of(&h->function[k], keep);
        for (size_t i = 0; i < w->rows; i++) {
            const double *from = w->now + i * all;
            *bn_mat_at(c, i, k) = p.factor[0] * from[p.at[0]] + p.factor[1] * from[p.at[1]];
        }
    }
    return BN_OK;
}

static bn_status flat_chunk_back(const bn_harmonics *h, struct work *w, const struct bn_mat *c)
{
    size_t keep[BN_DIMENSIONS], all = 1;

    kept(h, c->cols, keep);
    for (size_t d = 0; d < h->dims; d++)
        all *= keep[d];
    memset(w->now, 0, w->rows * all * sizeof *w->now);
    for (size_t k = 0; k < c->cols; k++) {
        const bool walls = h->cosine[0] != NULL;
        const size_t at = walls ? box_at(&h->function[k], keep, h->dims) : 0;
        const struct product p = walls ? (struct product){ { at, 0 }, { 1.0, 0.0 } }
                                       : product_of(&h->function[k], keep);
        for (size_t i = 0; i < w->rows; i++) {
            double *to = w->now + i * all;
            const double x = *bn_mat_at(c, i, k);
            to[p.at[0]] += p.factor[0] * x;
            to[p.at[1]] += p.factor[1] * x;
        }
    }
    return all_axes(h, w, keep, true);
}

/* --- the sphere: longitudes by Fourier, latitudes by matrices ------------------------ */

/* The coefficients of one order and of cos or sin, [rows, degrees]: column l - m. */
struct order {
    size_t m;
    bool sine;
    struct bn_mat table, values, part;   /* [lats, degrees], [rows, lats], [rows, degrees] */
};

static struct order order_of(const bn_harmonics *h, const struct work *w, size_t wave,
                             double *room)
{
    const size_t m = (wave + 1) / 2, lats = h->m.count[1];
    struct order o = { .m = m, .sine = wave > 0 && wave % 2 == 0 };

    o.table = h->order[m];
    o.values = (struct bn_mat){ w->rows, lats, room };
    o.part = (struct bn_mat){ w->rows, h->order[m].cols, room + w->rows * lats };
    return o;
}

static bn_status sphere_chunk(const bn_harmonics *h, struct work *w, struct bn_mat *c,
                              double *room)
{
    const size_t lons = h->m.count[0], lats = h->m.count[1], top = bn_sphere_degree(c->cols - 1);
    const size_t waves = 2 * top + 1;

    turn(w, w->rows, lons, lats);
    BN_TRY(along_axis(h, w, w->rows * lats, lons, waves, false));
    for (size_t wave = 0; wave < waves; wave++) {
        struct order o = order_of(h, w, wave, room);
        for (size_t i = 0; i < w->rows; i++)
            for (size_t k = 0; k < lats; k++)
                *bn_mat_at(&o.values, i, k) = h->weight[k]
                                            * w->now[(i * lats + k) * waves + wave];
        BN_TRY(bn_gemm(1.0, &o.values, BN_PLAIN, &o.table, BN_PLAIN, 0.0, &o.part));
        for (size_t l = o.m; l <= top; l++) {
            const size_t at = bn_sphere_at(l, o.m, o.sine);
            for (size_t i = 0; at < c->cols && i < w->rows; i++)
                *bn_mat_at(c, i, at) = *bn_mat_at(&o.part, i, l - o.m);
        }
    }
    return BN_OK;
}

static bn_status sphere_chunk_back(const bn_harmonics *h, struct work *w,
                                   const struct bn_mat *c, double *room)
{
    const size_t lons = h->m.count[0], lats = h->m.count[1], top = bn_sphere_degree(c->cols - 1);
    const size_t waves = 2 * top + 1;

    for (size_t wave = 0; wave < waves; wave++) {
        struct order o = order_of(h, w, wave, room);
        memset(o.part.data, 0, o.part.rows * o.part.cols * sizeof(double));
        for (size_t l = o.m; l <= top; l++) {
            const size_t at = bn_sphere_at(l, o.m, o.sine);
            for (size_t i = 0; at < c->cols && i < w->rows; i++)
                *bn_mat_at(&o.part, i, l - o.m) = *bn_mat_at(c, i, at);
        }
        BN_TRY(bn_gemm(1.0, &o.part, BN_PLAIN, &o.table, BN_TRANSPOSED, 0.0, &o.values));
        for (size_t i = 0; i < w->rows; i++)
            for (size_t k = 0; k < lats; k++)
                w->now[(i * lats + k) * waves + wave] = *bn_mat_at(&o.values, i, k);
    }
    BN_TRY(along_axis(h, w, w->rows * lats, waves, lons, true));
    turn(w, w->rows, lats, lons);
    return BN_OK;
}

/* --- transforms in chunks of rows ----------------------------------------------------- */

static bn_status chunk(const bn_harmonics *h, double *room, size_t rows, double *values,
                       struct bn_mat *c, bool back)
{
    const size_t points = bn_manifold_points(&h->m), bytes = rows * points * sizeof *room;
    struct work w = { room, room + rows * points, rows };
    double *more = room + 2 * rows * points;
    bn_status rc;

    if (!back) {
        memcpy(w.now, values, bytes);
        return h->order != NULL ? sphere_chunk(h, &w, c, more) : flat_chunk(h, &w, c);
    }
    rc = h->order != NULL ? sphere_chunk_back(h, &w, c, more) : flat_chunk_back(h, &w, c);
    memcpy(values, w.now, bytes);
    return rc;
}

static bn_status in_chunks(const bn_harmonics *h, const struct bn_mat *values,
                           const struct bn_mat *c, bool back)
{
    const size_t points = bn_manifold_points(&h->m), n = values->rows;
    const size_t most = points < CHUNK ? CHUNK / points : 1, rows = n < most ? n : most;
    const size_t more = h->order != NULL ? rows * 2 * h->m.count[1] : 0;
    bn_status rc = BN_OK;

    if (n == 0)
        return BN_OK;
    double *room = bn_alloc(2 * rows * points + more, sizeof *room);
    if (room == NULL)
        return BN_NOMEM;
    for (size_t i = 0; rc == BN_OK && i < n; i += rows) {
        const size_t now = n - i < rows ? n - i : rows;
        struct bn_mat part = { now, c->cols, bn_mat_row(c, i) };
        rc = chunk(h, room, now, bn_mat_row(values, i), &part, back);
    }
    free(room);
    return rc;
}

static bn_status check_shapes(const bn_harmonics *h, const struct bn_mat *values,
                              const struct bn_mat *c)
{
    if (values->rows != c->rows || values->cols != bn_manifold_points(&h->m) || c->cols == 0
        || c->cols > h->count)
        return bn_fail(BN_INPUT, "%zu x %zu values and %zu x %zu coefficients on a %s of %zu "
                       "points, which has %zu functions", values->rows, values->cols, c->rows,
                       c->cols, bn_manifold_name(h->m.kind), bn_manifold_points(&h->m),
                       h->count);
    return BN_OK;
}

bn_status bn_harmonics_transform(const bn_harmonics *h, const struct bn_mat *values,
                                 struct bn_mat *c)
{
    BN_TRY(check_shapes(h, values, c));
    if (h->m.kind == BN_RING)
        return bn_fourier(values, c);
    return in_chunks(h, values, c, false);
}

bn_status bn_harmonics_inverse(const bn_harmonics *h, const struct bn_mat *c,
                               struct bn_mat *values)
{
    BN_TRY(check_shapes(h, values, c));
    if (h->m.kind == BN_RING)
        return bn_fourier_inverse(c, values);
    return in_chunks(h, values, c, true);
}
