/* SPDX-License-Identifier: MIT */
#include <basin/doublets.h>
#include <basin/mem.h>

#include <math.h>
#include <stdlib.h>

/* One real eigenvalue or one complex pair, on the plane of one harmonic. */
struct match {
    double share;                        /* squared projection of the unit vector(s) */
    size_t first, members, harmonic;
};

static int by_share(const void *x, const void *y)
{
    const struct match *a = x, *b = y;
    if (a->share != b->share)
        return a->share > b->share ? -1 : 1;
    if (a->harmonic != b->harmonic)
        return a->harmonic < b->harmonic ? -1 : 1;
    return (a->first > b->first) - (a->first < b->first);
}

/* Columns of a harmonic made orthonormal: rows of `plane` [2, N]; how many. */
static size_t plane_of(const struct bn_mat *c, size_t harmonic, struct bn_mat *plane)
{
    const size_t n = c->rows;
    size_t have = 0;

    for (size_t k = harmonic == 0 ? 0 : 2 * harmonic - 1; k <= 2 * harmonic; k++) {
        double *to = bn_mat_row(plane, have);
        for (size_t i = 0; i < n; i++)
            to[i] = *bn_mat_at(c, i, k);
        const double before = bn_norm(n, to);
        for (int pass = 0; have == 1 && pass < 2; pass++) {
            const double *e = bn_mat_row(plane, 0), p = bn_dot(n, e, to);
            for (size_t i = 0; i < n; i++)
                to[i] -= p * e[i];
        }
        const double norm = bn_norm(n, to);
        if (!(norm > 1e-12 * before) || norm == 0.0)
            continue;
        for (size_t i = 0; i < n; i++)
            to[i] /= norm;
        have++;
    }
    return have;
}

static double share_of(const struct bn_mat *vectors, size_t first, size_t members,
                       const struct bn_mat *plane, size_t dimensions)
{
    const size_t n = vectors->cols;
    double on = 0.0, all = 0.0;

    for (size_t m = 0; m < members; m++) {
        const double *v = bn_mat_row(vectors, first + m);
        all += bn_dot(n, v, v);
        for (size_t d = 0; d < dimensions; d++) {
            const double p = bn_dot(n, v, bn_mat_row(plane, d));
            on += p * p;
        }
    }
    return all > 0.0 ? on / all : 0.0;
}

static void assign(struct match *m, size_t matches, const double *re, const double *im,
                   bool *taken, struct bn_doublet *out)
{
    qsort(m, matches, sizeof *m, by_share);
    for (size_t k = 0; k < matches; k++) {
        struct bn_doublet *d = &out[m[k].harmonic];
        const size_t room = m[k].harmonic == 0 ? 1 : 2;
        if (taken[m[k].first] || d->count + m[k].members > room)
            continue;
        taken[m[k].first] = true;
        for (size_t e = 0; e < m[k].members; e++) {
            d->index[d->count] = m[k].first + e;
            d->re[d->count] = re[m[k].first + e];
            d->im[d->count++] = im[m[k].first + e];
            d->overlap += m[k].share;
        }
    }
}

bn_status bn_doublets(const double *re, const double *im, const struct bn_mat *vectors,
                      size_t found, const struct bn_mat *c, size_t harmonics,
                      struct bn_doublet *out)
{
    struct bn_mat plane;
    size_t matches = 0;

    if (harmonics == 0 || 2 * harmonics - 1 > c->cols || vectors->cols != c->rows)
        return bn_fail(BN_INPUT, "%zu harmonics of %zu x %zu coefficients for vectors of %zu "
                       "neurons", harmonics, c->rows, c->cols, vectors->cols);
    struct match *m = bn_alloc(found * harmonics, sizeof *m);
    bool *taken = bn_alloc(found, sizeof *taken);
    bn_status rc = m == NULL || taken == NULL ? BN_NOMEM : bn_mat_alloc(&plane, 2, c->rows);
    if (rc == BN_OK) {
        for (size_t h = 0; h < harmonics; h++) {
            const size_t dimensions = plane_of(c, h, &plane);
            out[h] = (struct bn_doublet){ 0 };
            for (size_t e = 0, members; e < found; e += members) {
                members = im[e] > 0.0 && e + 1 < found ? 2 : 1;
                m[matches++] = (struct match){ share_of(vectors, e, members, &plane, dimensions),
                                               e, members, h };
            }
        }
        assign(m, matches, re, im, taken, out);
        for (size_t h = 0; h < harmonics; h++)
            if (out[h].count > 0)
                out[h].overlap = sqrt(out[h].overlap / (double)out[h].count);
        bn_mat_free(&plane);
    }
    free(m);
    free(taken);
    return rc;
}

double bn_doublet_deviation(const struct bn_doublet *d, double predicted)
{
    double worst = 0.0;
    for (size_t e = 0; e < d->count; e++)
        worst = fmax(worst, hypot(d->re[e] - predicted, d->im[e]));
    return worst / fabs(predicted);
}

double bn_doublet_splitting(const struct bn_doublet *d)
{
    const double re = d->re[0] - d->re[1], im = d->im[0] - d->im[1];
    return d->count == 2 ? hypot(re, im) / hypot(d->re[0] + d->re[1], d->im[0] + d->im[1]) : 0.0;
}

static int ascending(const void *x, const void *y)
{
    const double a = *(const double *)x, b = *(const double *)y;
    return (a > b) - (a < b);
}

double bn_median(double *x, size_t n)
{
    qsort(x, n, sizeof *x, ascending);
    return n == 0 ? 0.0 : 0.5 * (x[(n - 1) / 2] + x[n / 2]);
}

double bn_participation(const struct bn_mat *c)
{
    const double norm = bn_mat_norm(c);
    double trace = 0.0;

    for (size_t k = 0; k < c->rows; k++)
        trace += *bn_mat_at(c, k, k);
    return norm > 0.0 ? (trace / norm) * (trace / norm) : 0.0;
}
