/* SPDX-License-Identifier: MIT */
#include <basin/poisson.h>
#include <basin/blur.h>
#include <basin/mem.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

bn_status bn_poisson_rates(const struct bn_axes *l, const struct bn_mat *map,
                           const struct bn_mat *position, struct bn_mat *rate)
{
    const size_t cells = map->rows, dims = l->manifold.dimensions;
    struct bn_mat at;                    /* the maps by points: rows are read, not columns */

    if (map->cols != l->points || position->cols != dims || rate->rows != position->rows
        || rate->cols != cells)
        return bn_fail(BN_INPUT, "maps of %zu points and positions with %zu coordinates do not "
                       "fit a grid of %zu points with %zu", map->cols, position->cols,
                       l->points, dims);
    BN_TRY(bn_mat_alloc(&at, l->points, cells));
    for (size_t i = 0; i < cells; i++)
        for (size_t p = 0; p < l->points; p++)
            *bn_mat_at(&at, p, i) = *bn_mat_at(map, i, p);
    memset(rate->data, 0, rate->rows * cells * sizeof(double));
    for (size_t t = 0; t < position->rows; t++) {
        size_t point[BN_CORNERS];
        double weight[BN_CORNERS], *f = bn_mat_row(rate, t);
        const size_t n = bn_axes_cell(l, bn_mat_row(position, t), point, weight);
        for (size_t k = 0; k < n; k++) {
            const double *row = bn_mat_row(&at, point[k]);
            for (size_t i = 0; i < cells; i++)
                f[i] += weight[k] * row[i];
        }
    }
    bn_mat_free(&at);
    return BN_OK;
}

/* The smallest k with P(count <= k) >= u. */
static double inverse(double mean, double u)
{
    double p = exp(-mean), sum = p, k = 0.0;

    while (sum < u && k < 2000.0) {
        k += 1.0;
        p *= mean / k;
        sum += p;
    }
    return k;
}

bn_status bn_poisson_counts(struct bn_rng rng, uint64_t first, double window,
                            struct bn_mat *rate)
{
    double *u = bn_alloc(rate->cols, sizeof *u);

    if (u == NULL)
        return BN_NOMEM;
    for (size_t t = 0; t < rate->rows; t++) {
        double *x = bn_mat_row(rate, t);
        bn_rng_uniforms(rng, first + t, 0, u, rate->cols);
        for (size_t i = 0; i < rate->cols; i++) {
            const double mean = window * x[i];
            if (!(mean >= 0.0 && mean <= 500.0)) {
                free(u);
                return bn_fail(BN_USAGE, "cell %zu is expected to fire %g spikes in a window "
                               "of %g s: up to 500 can be drawn", i, mean, window);
            }
            x[i] = inverse(mean, u[i]);
        }
    }
    free(u);
    return BN_OK;
}

/* --- maps from counts ----------------------------------------------------------------------- */

static bn_status sum_up(const struct bn_axes *l, const struct bn_poisson_data *d,
                        struct bn_mat *rate, double *seconds)
{
    const size_t cells = d->counts->cols;

    if (d->position->rows != d->counts->rows || rate->rows != cells || rate->cols != l->points
        || d->position->cols != l->manifold.dimensions)
        return bn_fail(BN_INPUT, "%zu positions with %zu coordinates and counts of %zu bins and "
                       "%zu cells do not fit maps of %zu cells on %zu points",
                       d->position->rows, d->position->cols, d->counts->rows, cells,
                       rate->rows, l->points);
    memset(rate->data, 0, cells * l->points * sizeof(double));
    memset(seconds, 0, l->points * sizeof *seconds);
    for (size_t t = 0; t < d->counts->rows; t++) {
        if (d->use != NULL && !d->use[t])
            continue;
        const size_t p = bn_axes_nearest(l, bn_mat_row(d->position, t));
        const double *n = bn_mat_row(d->counts, t);
        seconds[p] += d->window;
        for (size_t i = 0; i < cells; i++)
            *bn_mat_at(rate, i, p) += n[i];
    }
    return BN_OK;
}

bn_status bn_poisson_maps(const struct bn_axes *l, const struct bn_poisson_data *data,
                          struct bn_mat *rate, double *seconds, bool *known)
{
    const size_t points = l->points;
    double *time = NULL, *row = NULL, *scratch = NULL;
    bn_blur *blur = NULL;

    BN_TRY(sum_up(l, data, rate, seconds));
    time = bn_alloc(points, sizeof *time);
    row = bn_alloc(points, sizeof *row);
    scratch = bn_alloc(points, sizeof *scratch);
    bn_status rc = time == NULL || row == NULL || scratch == NULL ? BN_NOMEM : BN_OK;
    if (rc == BN_OK && data->width > 0.0)
        rc = bn_blur_new(&blur, l, data->width);
    if (rc == BN_OK) {
        memcpy(time, seconds, points * sizeof *time);
        if (blur != NULL)
            bn_blur_apply(blur, seconds, time, scratch);
        for (size_t p = 0; p < points; p++)
            known[p] = time[p] > data->least;
    }
    for (size_t i = 0; rc == BN_OK && i < rate->rows; i++) {
        double *f = bn_mat_row(rate, i);
        memcpy(row, f, points * sizeof *row);
        if (blur != NULL)
            bn_blur_apply(blur, row, f, scratch);
        for (size_t p = 0; p < points; p++)
            f[p] = time[p] > 1e-6 * data->window ? f[p] / time[p] : 0.0;
    }
    bn_blur_free(blur);
    free(scratch);
    free(row);
    free(time);
    return rc;
}

/* --- Fisher information ---------------------------------------------------------------------- */

/* Derivative of f along coordinate d; across a threshold there is none, so that neighbours
 * where f is 0 do not count. */
static double slope(const struct bn_axes *l, const double *f, size_t p, size_t d)
{
    const size_t up = bn_axes_step(l, p, d, 1), down = bn_axes_step(l, p, d, -1);
    const double x = bn_axes_between(l, p, d, 0.0);
    double low = x, high = x, f_low = f[p], f_high = f[p];

    if (up != BN_NOWHERE && f[up] > 0.0) {
        high = bn_axes_between(l, p, d, 1.0);
        f_high = f[up];
    }
    if (down != BN_NOWHERE && f[down] > 0.0) {
        low = bn_axes_between(l, p, d, -1.0);
        f_low = f[down];
    }
    return high > low ? (f_high - f_low) / (high - low) : 0.0;
}

/* From derivatives along coordinates to those along tangent directions. */
static void cartesian(const struct bn_axes *l, size_t p, double *g)
{
    double c[BN_DIMENSIONS];

    if (l->manifold.kind == BN_HEXAGON) {        /* (1, 0) and (1/2, sqrt 3/2) */
        g[1] = (2.0 * g[1] - g[0]) / sqrt(3.0);
    } else if (l->manifold.kind == BN_SPHERE) {
        bn_manifold_point(&l->manifold, p, c);
        g[0] /= fmax(cos(c[1]), 1e-9);
    }
}

bn_status bn_poisson_fisher(const struct bn_axes *l, const struct bn_mat *map,
                            double window, double least, struct bn_mat *fisher)
{
    const size_t dims = l->manifold.dimensions;

    if (map->cols != l->points || fisher->rows != l->points || fisher->cols != dims * dims
        || !(least > 0.0))
        return bn_fail(BN_INPUT, "Fisher information of maps with %zu points wants [%zu, %zu] "
                       "and a least rate above 0, not %g", map->cols, l->points, dims * dims,
                       least);
    memset(fisher->data, 0, l->points * dims * dims * sizeof(double));
    for (size_t i = 0; i < map->rows; i++) {
        const double *f = bn_mat_row(map, i);
        for (size_t p = 0; p < l->points; p++) {
            double g[BN_DIMENSIONS], *j = bn_mat_row(fisher, p);
            if (f[p] < least)
                continue;
            for (size_t d = 0; d < dims; d++)
                g[d] = slope(l, f, p, d);
            cartesian(l, p, g);
            for (size_t a = 0; a < dims; a++)
                for (size_t b = 0; b < dims; b++)
                    j[a * dims + b] += window * g[a] * g[b] / f[p];
        }
    }
    return BN_OK;
}

double bn_poisson_bound(const double *j, size_t dims)
{
    if (dims == 1)
        return j[0] > 0.0 ? 1.0 / sqrt(j[0]) : INFINITY;
    if (dims == 2) {
        const double det = j[0] * j[3] - j[1] * j[2];
        return det > 1e-12 * j[0] * j[3] ? sqrt((j[0] + j[3]) / det) : INFINITY;
    }
    const double a = j[4] * j[8] - j[5] * j[7], b = j[0] * j[8] - j[2] * j[6];
    const double c = j[0] * j[4] - j[1] * j[3];
    const double det = j[0] * a - j[1] * (j[3] * j[8] - j[5] * j[6])
                     + j[2] * (j[3] * j[7] - j[4] * j[6]);
    return det > 1e-12 * j[0] * j[4] * j[8] ? sqrt((a + b + c) / det) : INFINITY;
}
