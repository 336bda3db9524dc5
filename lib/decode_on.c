/* SPDX-License-Identifier: MIT */
#include <basin/decode.h>
#include <basin/mem.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "decode_priv.h"

/* Neurons whose curves are squared at a time. */
enum { CHUNK = 256 };

/* --- how many functions, on which grid ------------------------------------------------- */

/* Functions below the first wave that the grid does not hold: with them no direction is
 * preferred, and on every finer grid they are the same ones.                */
static size_t complete(const bn_harmonics *h)
{
    const struct bn_manifold *m = bn_harmonics_manifold(h);
    const size_t all = bn_harmonics_count(h);
    double least = INFINITY;
    size_t r = 0;

    if (!bn_manifold_periodic(m))
        return all;
    for (size_t d = 0; d < m->dimensions; d++) {
        const double k = BN_TWO_PI * (double)((m->count[d] - 1) / 2 + 1) / m->size[d];
        least = fmin(least, k * k);
    }
    while (r < all && bn_harmonics_eigenvalue(h, r) < least * (1.0 - 1e-9))
        r++;
    return r;
}

/* Whole shells that carry all but `share` of the mean square; of slopes, if asked. */
static size_t needed(const bn_harmonics *h, const struct bn_mat *c, size_t most, bool slopes,
                     double share)
{
    const size_t cols = c->cols < most ? c->cols : most;
    double total = 0.0, tail = 0.0;
    size_t r = cols, first;

    for (int pass = 0; pass < 2; pass++)
        for (size_t k = cols; k-- > 0;) {
            double power = 0.0;
            for (size_t i = 0; i < c->rows; i++)
                power += *bn_mat_at(c, i, k) * *bn_mat_at(c, i, k);
            power *= slopes ? bn_harmonics_eigenvalue(h, k) : 1.0;
            if (pass == 0) {
                total += power;
                continue;
            }
            tail += power;
            if (tail > share * total)
                break;
            r = k;
        }
    if (r == 0)
        return 1;
    const size_t shell = bn_harmonics_shell(h, r - 1, &first);
    return first + shell < cols ? first + shell : cols;
}

static size_t top_wave(const bn_harmonics *h, size_t r, size_t axis)
{
    int top = 0;

    for (size_t k = 0; k < r; k++)
        top = abs(bn_harmonics_numbers(h, k)[axis]) > top ? abs(bn_harmonics_numbers(h, k)[axis])
                                                          : top;
    return (size_t)top;
}

/* A grid that holds products of two curves of currents, or of rates for the cosine. */
static struct bn_manifold fine_grid(const bn_harmonics *h, size_t rx, size_t rphi, bool cosine)
{
    enum { LEAST = 8 };
    struct bn_manifold m = *bn_harmonics_manifold(h);
    size_t top[BN_DIMENSIONS] = { 0 };

    if (!bn_manifold_closed(&m))
        return m;
    for (size_t d = 0; d < m.dimensions; d++) {
        const size_t x = 2 * top_wave(h, rx, d), phi = (cosine ? 2 : 1) * top_wave(h, rphi, d);
        top[d] = x > phi ? x : phi;
        top[d] = top[d] > LEAST ? top[d] : LEAST;
    }
    if (m.kind == BN_SPHERE) {
        m.count[0] = 2 * top[0] + 1;     /* the degree: orders are no higher */
        m.count[1] = top[0] + 1;
        return m;
    }
    if (m.kind == BN_HEXAGON)
        top[0] = top[1] = top[0] > top[1] ? top[0] : top[1];
    for (size_t d = 0; d < m.dimensions; d++)
        m.count[d] = 2 * top[d] + 1;
    return m;
}

/* (1/N) sum_i f_i^2 on the grid, values [1, M], and its coefficients. */
static bn_status mean_square(const bn_harmonics *fine, const struct bn_mat *c,
                             struct bn_mat *values, struct bn_mat *square)
{
    const size_t m = bn_manifold_points(bn_harmonics_manifold(fine)), n = c->rows;
    struct bn_mat curve = { 0 };

    bn_status rc = bn_mat_alloc(values, 1, m);
    if (rc == BN_OK)
        rc = bn_mat_alloc(square, 1, bn_harmonics_count(fine));
    if (rc == BN_OK)
        rc = bn_mat_alloc(&curve, n < CHUNK ? n : CHUNK, m);
    for (size_t i0 = 0; rc == BN_OK && i0 < n; i0 += CHUNK) {
        const size_t rows = n - i0 < CHUNK ? n - i0 : CHUNK;
        const struct bn_mat in = { rows, c->cols, bn_mat_row(c, i0) };
        curve.rows = rows;
        rc = bn_harmonics_inverse(fine, &in, &curve);
        for (size_t i = 0; rc == BN_OK && i < rows; i++)
            for (size_t k = 0; k < m; k++)
                values->data[k] += *bn_mat_at(&curve, i, k) * *bn_mat_at(&curve, i, k)
                                 / (double)n;
    }
    if (rc == BN_OK)
        rc = bn_harmonics_transform(fine, values, square);
    bn_mat_free(&curve);
    return rc;
}

static bn_status make(bn_decoder *d, const struct bn_mat *x, const struct bn_mat *phi)
{
    const bool closed = bn_manifold_closed(bn_harmonics_manifold(d->h));
    const size_t most = complete(d->h);
    const size_t rx = closed ? needed(d->h, x, most, false, 1e-16) : x->cols;
    const size_t rphi = closed ? needed(d->h, phi, most, true, 1e-8) : phi->cols;
    const struct bn_manifold grid = fine_grid(d->h, rx, rphi, d->score == BN_COSINE);
    struct bn_mat values = { 0 };

    BN_TRY(bn_decode_columns(x, rx, &d->x));
    BN_TRY(bn_decode_columns(phi, rphi, &d->phi));
    BN_TRY(bn_harmonics_new(&d->fine, &grid));
    const bn_status rc = mean_square(d->fine, &d->x, &values, &d->square);
    bn_mat_free(&values);
    if (rc == BN_OK && d->score == BN_COSINE)
        return mean_square(d->fine, &d->phi, &d->norm_values, &d->norm);
    return rc;
}

bn_status bn_decoder_on(bn_decoder **d, const bn_harmonics *h, const struct bn_mat *x,
                        const struct bn_mat *phi, enum bn_score score, size_t harmonics)
{
    *d = NULL;
    if (bn_harmonics_manifold(h)->kind == BN_RING) {
        if (score == BN_COSINE)
            return bn_fail(BN_USAGE, "the ring is decoded by the overlap, not by its cosine");
        return bn_decoder_new(d, x, phi, harmonics);
    }
    if (x->rows != phi->rows || x->cols > bn_harmonics_count(h)
        || phi->cols > bn_harmonics_count(h))
        return bn_fail(BN_INPUT, "currents %zu x %zu and rates %zu x %zu on a %s of %zu functions",
                       x->rows, x->cols, phi->rows, phi->cols,
                       bn_manifold_name(bn_harmonics_manifold(h)->kind), bn_harmonics_count(h));
    bn_decoder *made = bn_alloc(1, sizeof *made);
    if (made == NULL)
        return BN_NOMEM;
    made->h = h;
    made->score = score;
    const bn_status rc = make(made, x, phi);
    if (rc != BN_OK) {
        bn_decoder_free(made);
        return rc;
    }
    *d = made;
    return BN_OK;
}

/* --- where ------------------------------------------------------------------------------- */

/* f = m/sqrt(q + tiny): the cosine but for the length of the state. */
struct quotient {
    const bn_decoder *d;
    const double *c, *values;            /* of m */
    double tiny;
};

static void quotient_local(const void *context, const double *at, double *f, double *g,
                           double *hess)
{
    enum { D = BN_DIMENSIONS };
    const struct quotient *u = context;
    const bn_decoder *d = u->d;
    const size_t dims = bn_harmonics_manifold(d->fine)->dimensions;
    double m, mg[D], mh[D * D], q, qg[D], qh[D * D];

    bn_harmonics_local(d->fine, u->c, d->phi.cols, u->values, at, &m, mg, mh);
    bn_harmonics_local(d->fine, d->norm.data, d->norm.cols, d->norm_values.data, at, &q, qg, qh);
    q = fmax(q, 0.0) + u->tiny;
    const double s = 1.0 / sqrt(q);
    *f = m * s;
    for (size_t i = 0; i < dims; i++)
        g[i] = s * (mg[i] - 0.5 * m * qg[i] / q);
    for (size_t i = 0; i < dims; i++)
        for (size_t j = 0; j < dims; j++)
            hess[i * dims + j] = s * (mh[i * dims + j]
                                      - 0.5 * (mg[i] * qg[j] + qg[i] * mg[j]) / q
                                      - 0.5 * m * qh[i * dims + j] / q
                                      + 0.75 * m * qg[i] * qg[j] / (q * q));
}

static double largest(size_t n, const double *x)
{
    double top = x[0];

    for (size_t k = 1; k < n; k++)
        top = fmax(top, x[k]);
    return top;
}

/* The best point of one state's overlap c [r], with its values on the fine grid. */
static double best_cosine(const bn_decoder *d, const double *c, const double *values,
                          double *point)
{
    const struct bn_manifold *m = bn_harmonics_manifold(d->fine);
    const size_t points = bn_manifold_points(m);
    const double tiny = 1e-12 * largest(points, d->norm_values.data);
    const struct quotient u = { d, c, values, tiny };
    double top = -INFINITY;
    size_t best = 0;

    for (size_t k = 0; k < points; k++) {
        const double f = values[k] / sqrt(fmax(d->norm_values.data[k], 0.0) + tiny);
        if (f > top) {
            top = f;
            best = k;
        }
    }
    bn_manifold_point(m, best, point);
    return bn_harmonics_climb(m, quotient_local, &u, point);
}

/* The overlap on the grid of the targets; for the cosine over the length of phi* there. */
static bn_status whole_curve(const bn_decoder *d, const struct bn_mat *c,
                             const struct bn_mat *rate, struct bn_mat *curve)
{
    const double tiny = d->score == BN_COSINE
                      ? 1e-12 * largest(d->norm_values.cols, d->norm_values.data) : 0.0;
    struct bn_mat norm;

    BN_TRY(bn_harmonics_inverse(d->h, c, curve));
    if (d->score == BN_OVERLAP)
        return BN_OK;
    BN_TRY(bn_mat_alloc(&norm, 1, curve->cols));
    const struct bn_manifold *m = bn_harmonics_manifold(d->h);
    for (size_t k = 0; k < curve->cols; k++) {
        double at[BN_DIMENSIONS], g[BN_DIMENSIONS], hess[BN_DIMENSIONS * BN_DIMENSIONS];
        bn_manifold_point(m, k, at);
        bn_harmonics_local(d->fine, d->norm.data, d->norm.cols, d->norm_values.data, at,
                           &norm.data[k], g, hess);
    }
    for (size_t t = 0; t < curve->rows; t++) {
        const double own = bn_norm(rate->cols, bn_mat_row(rate, t)) / sqrt((double)rate->cols);
        for (size_t k = 0; k < curve->cols; k++)
            *bn_mat_at(curve, t, k) /= sqrt(fmax(norm.data[k], 0.0) + tiny)
                                     * (own > 0.0 ? own : 1.0);
    }
    bn_mat_free(&norm);
    return BN_OK;
}

static bn_status find_peaks(const bn_decoder *d, const struct bn_mat *c,
                            const struct bn_mat *rate, double *point, double *peak)
{
    const struct bn_manifold *m = bn_harmonics_manifold(d->fine);
    struct bn_mat values;

    BN_TRY(bn_mat_alloc(&values, c->rows, bn_manifold_points(m)));
    const bn_status rc = bn_harmonics_inverse(d->fine, c, &values);
    for (size_t t = 0; rc == BN_OK && t < c->rows; t++) {
        const double *row = bn_mat_row(c, t), *grid = bn_mat_row(&values, t);
        double *at = point + t * m->dimensions, top;
        if (d->score == BN_OVERLAP) {
            top = bn_harmonics_extremum(d->fine, row, c->cols, grid, 1, at);
        } else {
            const double own = bn_norm(rate->cols, bn_mat_row(rate, t))
                             / sqrt((double)rate->cols);
            top = best_cosine(d, row, grid, at) / (own > 0.0 ? own : 1.0);
        }
        if (peak != NULL)
            peak[t] = top;
    }
    bn_mat_free(&values);
    return rc;
}

bn_status bn_decode_position(const bn_decoder *d, const struct bn_mat *rate,
                             struct bn_mat *curve, double *point, double *peak)
{
    struct bn_mat c;

    if (d->h == NULL)
        return bn_decode_overlap(d, rate, curve, point, peak);
    BN_TRY(bn_mat_alloc(&c, rate->rows, d->phi.cols));
    bn_status rc = bn_gemm(1.0 / (double)d->phi.rows, rate, BN_PLAIN, &d->phi, BN_PLAIN, 0.0,
                           &c);
    if (rc == BN_OK && curve != NULL)
        rc = whole_curve(d, &c, rate, curve);
    if (rc == BN_OK)
        rc = find_peaks(d, &c, rate, point, peak);
    bn_mat_free(&c);
    return rc;
}

/* d^2 = |x|^2 - 2 x.x*(p) + |x*(p)|^2, all per neuron: its coefficients. */
static bn_status distances(const bn_decoder *d, const struct bn_mat *x, struct bn_mat *c)
{
    const size_t n = d->x.rows, r = d->x.cols;
    struct bn_mat dot;

    BN_TRY(bn_mat_alloc(&dot, x->rows, r));
    const bn_status rc = bn_gemm(-2.0 / (double)n, x, BN_PLAIN, &d->x, BN_PLAIN, 0.0, &dot);
    for (size_t t = 0; rc == BN_OK && t < x->rows; t++) {
        double *row = bn_mat_row(c, t);
        const double *state = bn_mat_row(x, t);
        memcpy(row, d->square.data, c->cols * sizeof *row);
        for (size_t k = 0; k < r; k++)
            row[k] += *bn_mat_at(&dot, t, k);
        row[0] += bn_dot(n, state, state) / (double)n;
    }
    bn_mat_free(&dot);
    return rc;
}

bn_status bn_decode_nearest(const bn_decoder *d, const struct bn_mat *x, double *distance,
                            double *point)
{
    struct bn_mat c, values = { 0 };

    if (d->h == NULL)
        return bn_decode_distance(d, x, distance, point);
    const struct bn_manifold *m = bn_harmonics_manifold(d->fine);
    BN_TRY(bn_mat_alloc(&c, x->rows, d->square.cols));
    bn_status rc = distances(d, x, &c);
    if (rc == BN_OK)
        rc = bn_mat_alloc(&values, x->rows, bn_manifold_points(m));
    if (rc == BN_OK)
        rc = bn_harmonics_inverse(d->fine, &c, &values);
    for (size_t t = 0; rc == BN_OK && t < x->rows; t++) {
        double at[BN_DIMENSIONS];
        const double least = bn_harmonics_extremum(d->fine, bn_mat_row(&c, t), c.cols,
                                                   bn_mat_row(&values, t), -1, at);
        distance[t] = sqrt(fmax(0.0, least));
        if (point != NULL)
            memcpy(point + t * m->dimensions, at, m->dimensions * sizeof *point);
    }
    bn_mat_free(&values);
    bn_mat_free(&c);
    return rc;
}
