/* SPDX-License-Identifier: MIT */
#include <basin/cells.h>
#include <basin/mem.h>
#include <basin/sort.h>
#include <basin/special.h>
#include <basin/tile.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

static bool thresholded(const struct bn_cells *c)
{
    return c->transfer.kind == BN_TRANSFER_THRESHOLD;
}

/* One of the unit cells. */
static struct bn_manifold unit_of(const struct bn_cells *c)
{
    struct bn_manifold m = c->manifold;

    for (size_t d = 0; d < m.dimensions; d++) {
        m.count[d] /= c->periods;
        m.size[d] /= (double)c->periods;
    }
    return m;
}

bn_status bn_cells_check(const struct bn_cells *c)
{
    const struct bn_manifold *m = &c->manifold;

    BN_TRY(bn_manifold_check(m));
    if (c->periods > 1 && m->kind != BN_TORUS && m->kind != BN_HEXAGON)
        return bn_fail(BN_USAGE, "%zu periods on a %s: only a torus or a hexagon is made of unit "
                       "cells", c->periods, bn_manifold_name(m->kind));
    for (size_t d = 0; d < m->dimensions; d++)
        if (m->count[d] % c->periods != 0)
            return bn_fail(BN_USAGE, "%zu points along coordinate %zu for %zu periods: take a "
                           "multiple, %zu say", m->count[d], d + 1, c->periods,
                           (m->count[d] / c->periods + 1) * c->periods);
    const struct bn_manifold unit = unit_of(c);
    BN_TRY(bn_kernel_check(&c->kernel, &unit));
    return c->periods > 1 ? bn_kernel_check(&c->whole, m) : BN_OK;
}

/* --- maps -------------------------------------------------------------------------- */

/* h <- a h_1 + b h, h_1 repeated in each unit cell. */
static void mix(const struct bn_manifold *m, const struct bn_manifold *unit,
                const struct bn_mat *one, double a, double b, struct bn_mat *h)
{
    for (size_t i = 0; i < h->rows; i++)
        for (size_t k = 0; k < h->cols; k++) {
            const size_t u = k / m->count[1] % unit->count[0], v = k % m->count[1];
            double *x = bn_mat_at(h, i, k);
            *x = a * *bn_mat_at(one, i, u * unit->count[1] + v % unit->count[1]) + b * *x;
        }
}

bn_status bn_cells_maps(const struct bn_cells *c, struct bn_rng rng, uint64_t first,
                        struct bn_mat *h)
{
    const struct bn_manifold unit = unit_of(c);
    struct bn_mat one;

    if (c->periods == 1)
        return bn_maps_sample(&c->manifold, &c->kernel, rng, first, h);
    BN_TRY(bn_mat_alloc(&one, h->rows, bn_manifold_points(&unit)));
    bn_status rc = bn_maps_sample(&unit, &c->kernel, rng, first, &one);
    if (rc == BN_OK && c->eta < 1.0)
        rc = bn_maps_sample(&c->manifold, &c->whole, bn_rng_sub(rng, "whole"), first, h);
    if (rc == BN_OK)
        mix(&c->manifold, &unit, &one, sqrt(c->eta), sqrt(1.0 - c->eta), h);
    bn_mat_free(&one);
    return rc;
}

double bn_cells_correlation(const struct bn_cells *c, const double *a, const double *b)
{
    const struct bn_manifold unit = unit_of(c);
    double p[BN_DIMENSIONS] = { 0.0 }, q[BN_DIMENSIONS] = { 0.0 };

    if (c->periods == 1)
        return bn_kernel_at(&c->kernel, &c->manifold, a, b);
    memcpy(p, a, unit.dimensions * sizeof *p);
    memcpy(q, b, unit.dimensions * sizeof *q);
    bn_manifold_wrap(&unit, p);
    bn_manifold_wrap(&unit, q);
    return c->eta * bn_kernel_at(&c->kernel, &unit, p, q)
         + (1.0 - c->eta) * bn_kernel_at(&c->whole, &c->manifold, a, b);
}

/* --- thresholds -------------------------------------------------------------------- */

static double of_propensity(double fields, double length)
{
    const double x = BN_TWO_PI * length * fields;
    return x < 1.0 ? sqrt(-2.0 * log(x)) : 0.0;
}

static double skewed(const struct bn_cells *c, struct bn_rng rng, uint64_t unit)
{
    const double a = -5.0, delta = a / sqrt(1.0 + a * a);
    double z[2];

    bn_rng_normals(rng, unit, 0, z, 2);
    const double s = delta * fabs(z[0]) + sqrt(1.0 - delta * delta) * z[1];
    return fabs(c->theta - delta * sqrt(4.0 / BN_TWO_PI) + c->spread * s) + 0.4;
}

void bn_cells_thresholds(const struct bn_cells *c, struct bn_rng rng, size_t n, double *theta,
                         double *propensity)
{
    rng = bn_rng_sub(rng, "thresholds"); /* others than those of the maps of these cells */
    for (size_t i = 0; i < n; i++) {
        theta[i] = c->theta;
        if (c->thresholds == BN_THRESHOLDS_SKEWED)
            theta[i] = skewed(c, rng, i);
        if (c->thresholds != BN_THRESHOLDS_GAMMA)
            continue;
        const double g = c->scale * bn_rng_gamma(rng, i, c->shape);
        theta[i] = of_propensity(fmax(g, 1e-300), c->kernel.length[0]);
        if (propensity != NULL)
            propensity[i] = g;
    }
}

/* --- means ------------------------------------------------------------------------- */

/* E f and E f^2 of one cell.  Rates are not negative, so E f is the root of the product's
 * mean at correlation 0.                                                        */
static bn_status means_of(const struct bn_cells *c, double theta, struct bn_cells_means *m)
{
    const double g[2] = { 0.0, 1.0 };
    struct bn_transfer t = c->transfer;
    double product[2];

    if (thresholded(c))
        t.threshold += theta;
    BN_TRY(bn_transfer_covariance(&t, 1.0, g, 2, product));
    *m = (struct bn_cells_means){ sqrt(product[0]), product[1], 0.0 };
    if (thresholded(c))
        m->active = 0.5 * erfc(theta / sqrt(2.0));
    return BN_OK;
}

/* All cells the same? */
static bool alike(const struct bn_cells *c)
{
    return !thresholded(c) || c->thresholds == BN_THRESHOLDS_FIXED;
}

bn_status bn_cells_theory(const struct bn_cells *c, const double *theta, size_t n,
                          struct bn_cells_means *means)
{
    const size_t different = alike(c) ? 1 : n;

    *means = (struct bn_cells_means){ 0 };
    for (size_t i = 0; i < different; i++) {
        struct bn_cells_means one;
        BN_TRY(means_of(c, theta[i], &one));
        means->rate += one.rate / (double)different;
        means->square += one.square / (double)different;
        means->active += one.active / (double)different;
    }
    return BN_OK;
}

struct bn_cells_means bn_cells_sampled(const struct bn_mat *rate, const double *quadrature)
{
    struct bn_cells_means m = { 0 };
    const double n = (double)rate->rows;

    for (size_t i = 0; i < rate->rows; i++) {
        const double *f = bn_mat_row(rate, i);
        double sum = 0.0, square = 0.0, active = 0.0;
        for (size_t k = 0; k < rate->cols; k++) {
            sum += quadrature[k] * f[k];
            square += quadrature[k] * f[k] * f[k];
            active += f[k] > 0.0 ? quadrature[k] : 0.0;
        }
        m.rate += sum / n;
        m.square += square / n;
        m.active += active / n;
    }
    return m;
}

/* --- the mean product of rates as a function of the correlation --------------------------
 *
 * It is smooth in t = asin r up to the ends, so NODES Chebyshev points in t give it to
 * rounding wherever a pair may lie.                                              */

enum { NODES = 32, MOST_CELLS = 4096 };

struct curve {
    const struct bn_cells *c;
    const double *theta;
    size_t n;
    double g0, at[NODES], value[NODES];  /* of t */
};

static bn_status curve_tile(void *context, size_t k)
{
    struct curve *w = context;
    const double g = w->g0 * sin(w->at[k]);

    w->value[k] = 0.0;
    for (size_t i = 0; i < w->n; i++) {
        struct bn_transfer t = w->c->transfer;
        double product;
        if (thresholded(w->c))
            t.threshold += w->theta[i];
        BN_TRY(bn_transfer_covariance(&t, w->g0, &g, 1, &product));
        w->value[k] += product / (double)w->n;
    }
    return BN_OK;
}

/* Thresholds of very many cells in groups of neighbours, for each its mean: what is left out is
 * second order in a group's width, 1e-6 of the curve.                               */
static size_t group(double *theta, size_t n)
{
    const size_t groups = n < MOST_CELLS ? n : MOST_CELLS;

    bn_sort(theta, n);
    for (size_t g = 0; n > groups && g < groups; g++) {
        const size_t begin = g * n / groups, end = (g + 1) * n / groups;
        double sum = 0.0;
        for (size_t i = begin; i < end; i++)
            sum += theta[i];
        theta[g] = sum / (double)(end - begin);
    }
    return groups;
}

static bn_status curve_make(struct curve *w, const struct bn_cells *c, const double *theta,
                            size_t n, double g0, double least)
{
    const double low = asin(fmax(-1.0, least)), high = 0.25 * BN_TWO_PI;
    double *own = bn_alloc(n, sizeof *own);

    if (own == NULL)
        return BN_NOMEM;
    memcpy(own, theta, n * sizeof *own);
    *w = (struct curve){ .c = c, .theta = own, .n = alike(c) ? 1 : group(own, n), .g0 = g0 };
    for (size_t k = 0; k < NODES; k++)
        w->at[k] = 0.5 * (low + high)
                 - 0.5 * (high - low) * cos(0.5 * BN_TWO_PI * (double)k / (NODES - 1));
    const bn_status rc = bn_tiles(NODES, curve_tile, w);
    w->theta = NULL;
    free(own);
    return rc;
}

/* Barycentric interpolation (Berrut & Trefethen 2004). */
static double curve_at(const struct curve *w, double r)
{
    const double t = asin(fmin(1.0, fmax(-1.0, r)));
    double up = 0.0, down = 0.0;

    for (size_t k = 0; k < NODES; k++) {
        const double d = t - w->at[k];
        if (d == 0.0)
            return w->value[k];
        const double half = k == 0 || k == NODES - 1 ? 0.5 : 1.0;
        const double weight = (k % 2 == 0 ? half : -half) / d;
        up += weight * w->value[k];
        down += weight;
    }
    return up / down;
}

bn_status bn_cells_products(const struct bn_cells *c, const double *theta, size_t n, double g0,
                            const double *g, size_t k, double *product)
{
    double least = g0;
    struct curve w;

    for (size_t i = 0; i < k; i++)
        least = fmin(least, g[i]);
    BN_TRY(curve_make(&w, c, theta, n, g0, least / g0));
    for (size_t i = 0; i < k; i++)
        product[i] = curve_at(&w, g[i] / g0);
    return BN_OK;
}

/* --- pairs ------------------------------------------------------------------------- */

enum { BINS = 41, PER_BIN = 128, ATTEMPTS = 60000 };

struct pairs {
    size_t n, in_bin[BINS];
    struct { size_t p, q, bin; double distance, r; } of[BINS * PER_BIN];
};

/* A grid point near point p: each index moves by up to `reach` steps times a scale. */
static bool step_away(const struct bn_manifold *m, const double *u, size_t p, double reach,
                      size_t *q)
{
    size_t index[BN_DIMENSIONS] = { 0 }, rest = p;

    for (size_t d = m->dimensions; d-- > 0;) {
        index[d] = rest % m->count[d];
        rest /= m->count[d];
    }
    *q = 0;
    for (size_t d = 0; d < m->dimensions; d++) {
        const double size = m->kind == BN_SPHERE ? (d == 0 ? BN_TWO_PI : 0.5 * BN_TWO_PI)
                                                 : m->size[d] + 2.0 * m->margin;
        const double most = fmin(reach * (double)m->count[d] / size, 0.5 * (double)m->count[d]);
        const bool round = bn_manifold_periodic(m) || (m->kind == BN_SPHERE && d == 0);
        const double count = (double)m->count[d];
        double to = floor((double)index[d] + 0.5 + u[0] * (2.0 * u[1 + d] - 1.0) * (most + 1.0));
        if (!round && (to < 0.0 || to >= count))
            return false;
        to = to < 0.0 ? to + count : to >= count ? to - count : to;
        *q = *q * m->count[d] + (size_t)to;
    }
    return true;
}

static void find_pairs(const struct bn_cells *c, struct pairs *s)
{
    const struct bn_rng rng = { .seed = 1, .stream = bn_rng_stream("pairs of points") };
    const struct bn_manifold *m = &c->manifold;
    const size_t points = bn_manifold_points(m);
    double reach = 0.0, a[BN_DIMENSIONS], b[BN_DIMENSIONS], u[2 + BN_DIMENSIONS];

    for (size_t d = 0; d < m->dimensions; d++)
        reach = fmax(reach, 5.0 * fmax(c->kernel.length[d], c->periods > 1 ? c->whole.length[d]
                                                                           : 0.0));
    for (uint64_t k = 0; k < ATTEMPTS && s->n < BN_LEN(s->of); k++) {
        size_t q, bin = 0;
        bn_rng_uniforms(rng, k, 0, u, BN_LEN(u));
        const size_t p = (size_t)(u[1 + BN_DIMENSIONS] * (double)points);
        if (k < PER_BIN)
            q = p;
        else if (!step_away(m, u, p, reach, &q) || q == p)
            continue;
        bn_manifold_point(m, p, a);
        bn_manifold_point(m, q, b);
        const double distance = bn_manifold_distance(m, a, b);
        if (q != p)
            bin = 1 + (size_t)((1.0 + 1e-9) * distance / reach * (BINS - 1));
        if (bin >= BINS || s->in_bin[bin] == PER_BIN)
            continue;
        s->in_bin[bin]++;
        s->of[s->n].p = p;
        s->of[s->n].q = q;
        s->of[s->n].bin = bin;
        s->of[s->n].distance = distance;
        s->of[s->n++].r = q == p ? 1.0 : bn_cells_correlation(c, a, b);
    }
}

/* Bins without a pair are left out. */
static void fill(const struct pairs *s, const struct curve *w, double offset,
                 const struct bn_mat *current, const struct bn_mat *rate,
                 struct bn_cells_pairs *out)
{
    size_t place[BINS];

    for (size_t b = 0; b < BINS; b++) {
        place[b] = out->bins;
        out->bins += s->in_bin[b] > 0;
    }
    for (size_t k = 0; k < s->n; k++) {
        const size_t at = place[s->of[k].bin];
        const double share = 1.0 / (double)s->in_bin[s->of[k].bin];
        out->distance[at] += share * s->of[k].distance;
        out->current[at] += share * (s->of[k].r + offset);
        out->rate[at] += share * curve_at(w, s->of[k].r);
    }
    for (size_t i = 0; i < current->rows; i++) {
        const double *x = bn_mat_row(current, i), *f = bn_mat_row(rate, i);
        for (size_t k = 0; k < s->n; k++) {
            const size_t at = place[s->of[k].bin], p = s->of[k].p, q = s->of[k].q;
            const double share = 1.0 / (double)s->in_bin[s->of[k].bin] / (double)current->rows;
            out->current_sampled[at] += share * x[p] * x[q];
            out->rate_sampled[at] += share * f[p] * f[q];
        }
    }
}

bn_status bn_cells_pairs(const struct bn_cells *c, const double *theta,
                         const struct bn_mat *current, const struct bn_mat *rate,
                         struct bn_cells_pairs *p)
{
    struct pairs *s = bn_alloc(1, sizeof *s);
    double *all = bn_alloc(5 * BINS, sizeof *all), least = 1.0, offset = 0.0;
    struct curve w;

    *p = (struct bn_cells_pairs){ 0 };
    if (s == NULL || all == NULL) {
        free(s);
        free(all);
        return BN_NOMEM;
    }
    find_pairs(c, s);
    for (size_t k = 0; k < s->n; k++)
        least = fmin(least, s->of[k].r);
    for (size_t i = 0; thresholded(c) && i < current->rows; i++)
        offset += theta[i] * theta[i] / (double)current->rows;
    const bn_status rc = curve_make(&w, c, theta, current->rows, 1.0, least);
    if (rc == BN_OK) {
        *p = (struct bn_cells_pairs){ 0, all, all + BINS, all + 2 * BINS, all + 3 * BINS,
                                      all + 4 * BINS };
        fill(s, &w, offset, current, rate, p);
    } else {
        free(all);
    }
    free(s);
    return rc;
}
