/* SPDX-License-Identifier: MIT */
#include <basin/atlas.h>

#include <basin/mem.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* All maps side by side. */
struct work {
    const struct bn_atlas *atlas;
    size_t n, points;
    struct bn_mat rate, target;          /* [N, P] */
    double *weight, *mean;               /* [P]: w/K; mean rate over neurons */
    double bias;
};

static bn_status check(const struct bn_chart *charts, size_t count)
{
    for (size_t k = 0; k < count; k++) {
        const struct bn_chart *c = &charts[k];
        if (c->current.rows != charts[0].rate.rows || c->rate.rows != charts[0].rate.rows
            || c->current.cols != c->rate.cols || c->rate.cols == 0)
            return bn_fail(BN_INPUT, "map %zu has currents of %zu x %zu and rates of %zu x %zu, "
                           "map 0 has %zu neurons: all maps must be of one population", k,
                           c->current.rows, c->current.cols, c->rate.rows, c->rate.cols,
                           charts[0].rate.rows);
    }
    return count > 0 ? BN_OK : bn_fail(BN_INPUT, "no map to be held");
}

static void put_columns(const struct bn_mat *from, size_t at, struct bn_mat *to)
{
    for (size_t i = 0; i < from->rows; i++)
        memcpy(bn_mat_row(to, i) + at, bn_mat_row(from, i), from->cols * sizeof(double));
}

/* What inhibition adds to a target: c (mean_j phi_j - phi_i/N - mean). */
static double compensation(const struct work *w, size_t i, size_t p)
{
    const double own = *bn_mat_at(&w->rate, i, p) / (double)w->n;

    return w->atlas->inhibition * (w->mean[p] - own) - w->bias;
}

static bn_status assemble(struct work *w, const struct bn_chart *charts, size_t count)
{
    for (size_t k = 0; k < count; k++)
        w->points += charts[k].rate.cols;
    BN_TRY(bn_mat_alloc(&w->rate, w->n, w->points));
    BN_TRY(bn_mat_alloc(&w->target, w->n, w->points));
    if ((w->weight = bn_alloc(2 * w->points, sizeof(double))) == NULL)
        return BN_NOMEM;
    w->mean = w->weight + w->points;
    for (size_t k = 0, at = 0; k < count; at += charts[k++].rate.cols) {
        put_columns(&charts[k].rate, at, &w->rate);
        put_columns(&charts[k].current, at, &w->target);
        for (size_t p = 0; p < charts[k].rate.cols; p++)
            w->weight[at + p] = charts[k].weight[p] / (double)count;
    }
    for (size_t i = 0; i < w->n; i++)
        for (size_t p = 0; p < w->points; p++)
            w->mean[p] += *bn_mat_at(&w->rate, i, p) / (double)w->n;
    w->bias = w->atlas->inhibition * bn_dot(w->points, w->weight, w->mean);
    for (size_t i = 0; i < w->n; i++)
        for (size_t p = 0; p < w->points; p++) {
            double *t = bn_mat_at(&w->target, i, p);
            if (w->atlas->onesided && *bn_mat_at(&w->rate, i, p) == 0.0)
                *t = -w->atlas->margin;
            *t += compensation(w, i, p);
        }
    return BN_OK;
}

/* Points are a basis like any other: coefficients sqrt(w) f. */
static bn_status ridge(struct work *w, struct bn_ridge *fit)
{
    for (size_t i = 0; i < w->n; i++)
        for (size_t p = 0; p < w->points; p++) {
            const double root = sqrt(w->weight[p]);
            *bn_mat_at(&w->rate, i, p) *= root;
            *bn_mat_at(&w->target, i, p) *= root;
        }
    return bn_ridge_fit(&w->target, &w->rate, NULL, w->points, w->atlas->lambda,
                        w->atlas->tolerance, fit);
}

static bn_status onesided(const struct work *w, struct bn_atlas_weights *out)
{
    const struct bn_onesided problem = { &w->rate, &w->target, w->weight, w->atlas->lambda,
                                         w->atlas->tolerance };
    return bn_onesided_fit(&problem, &out->fit, &out->steps);
}

/* - (c/N)(1 1^T - 1), as one more mode. */
static bn_status inhibit(double c, struct bn_ridge *fit)
{
    const size_t n = fit->left.rows, q = fit->rank;
    struct bn_mat left, right;

    if (c == 0.0)
        return BN_OK;
    BN_TRY(bn_mat_alloc(&left, n, q + 1));
    const bn_status rc = bn_mat_alloc(&right, q + 1, n);
    for (size_t i = 0; rc == BN_OK && i < n; i++) {
        memcpy(bn_mat_row(&left, i), bn_mat_row(&fit->left, i), q * sizeof(double));
        *bn_mat_at(&left, i, q) = -c / (double)n;
        *bn_mat_at(&right, q, i) = 1.0;
        fit->diagonal[i] -= c / (double)n;
    }
    if (rc != BN_OK) {
        bn_mat_free(&left);
        return rc;
    }
    memcpy(right.data, fit->right.data, q * n * sizeof(double));
    bn_mat_free(&fit->left);
    bn_mat_free(&fit->right);
    fit->left = left;
    fit->right = right;
    fit->rank = q + 1;
    return BN_OK;
}

/* J phi + b [N, P]. */
static bn_status held(const struct bn_atlas_weights *w, const struct bn_mat *rate,
                      struct bn_mat *out)
{
    struct bn_mat modes;

    BN_TRY(bn_mat_alloc(&modes, w->fit.rank, rate->cols));
    bn_status rc = bn_gemm(1.0, &w->fit.right, BN_PLAIN, rate, BN_PLAIN, 0.0, &modes);
    if (rc == BN_OK)
        rc = bn_mat_alloc(out, rate->rows, rate->cols);
    if (rc == BN_OK)
        rc = bn_gemm(1.0, &w->fit.left, BN_PLAIN, &modes, BN_PLAIN, 0.0, out);
    for (size_t i = 0; rc == BN_OK && i < rate->rows; i++)
        for (size_t p = 0; p < rate->cols; p++)
            *bn_mat_at(out, i, p) += w->bias - w->fit.diagonal[i] * *bn_mat_at(rate, i, p);
    bn_mat_free(&modes);
    if (rc != BN_OK)
        bn_mat_free(out);
    return rc;
}

static bn_status settle(const struct bn_atlas *atlas, const struct bn_atlas_weights *w,
                        struct bn_chart *chart)
{
    struct bn_mat u = { 0 };

    BN_TRY(held(w, &chart->rate, &u));
    for (size_t k = 0; k < u.rows * u.cols; k++)
        if (chart->rate.data[k] == 0.0)
            chart->current.data[k] = fmin(u.data[k], -atlas->margin);
    bn_mat_free(&u);
    return BN_OK;
}

bn_status bn_atlas_fit(const struct bn_atlas *atlas, struct bn_chart *charts, size_t count,
                       struct bn_atlas_weights *out)
{
    struct work w = { .atlas = atlas };

    *out = (struct bn_atlas_weights){ 0 };
    BN_TRY(check(charts, count));
    w.n = charts[0].rate.rows;
    bn_status rc = assemble(&w, charts, count);
    out->bias = w.bias;
    if (rc == BN_OK)
        rc = atlas->onesided ? onesided(&w, out) : ridge(&w, &out->fit);
    if (rc == BN_OK)
        rc = inhibit(atlas->inhibition, &out->fit);
    for (size_t k = 0; rc == BN_OK && atlas->onesided && k < count; k++)
        rc = settle(atlas, out, &charts[k]);
    free(w.weight);
    bn_mat_free(&w.target);
    bn_mat_free(&w.rate);
    if (rc != BN_OK)
        bn_atlas_free(out);
    return rc;
}

void bn_atlas_free(struct bn_atlas_weights *w)
{
    bn_ridge_free(&w->fit);
}

bn_status bn_atlas_residual(const struct bn_atlas_weights *w, const struct bn_chart *chart,
                            double *all, double *firing)
{
    double error[2] = { 0 }, norm[2] = { 0 };
    struct bn_mat u = { 0 };

    BN_TRY(held(w, &chart->rate, &u));
    for (size_t i = 0; i < u.rows; i++)
        for (size_t p = 0; p < u.cols; p++) {
            const double x = *bn_mat_at(&chart->current, i, p);
            const double d = *bn_mat_at(&u, i, p) - x;
            const bool fires = *bn_mat_at(&chart->rate, i, p) > 0.0;
            error[0] += chart->weight[p] * d * d;
            norm[0] += chart->weight[p] * x * x;
            error[1] += fires ? chart->weight[p] * d * d : 0.0;
            norm[1] += fires ? chart->weight[p] * x * x : 0.0;
        }
    bn_mat_free(&u);
    *all = sqrt(error[0] / norm[0]);
    if (firing != NULL)
        *firing = norm[1] > 0.0 ? sqrt(error[1] / norm[1]) : 0.0;
    return BN_OK;
}

bn_status bn_atlas_soften(const struct bn_transfer *softplus, double floor,
                          struct bn_chart *chart)
{
    const size_t count = chart->rate.rows * chart->rate.cols;
    double top = 0.0;

    if (!(floor > 0.0) || softplus->kind != BN_TRANSFER_SOFTPLUS)
        return bn_fail(BN_USAGE, "rates of 0 have no current: the floor must be positive (given "
                       "%g) and the rate function softplus", floor);
    for (size_t k = 0; k < count; k++)
        top = fmax(top, chart->rate.data[k]);
    for (size_t k = 0; k < count; k++)
        chart->rate.data[k] = fmax(chart->rate.data[k], floor * top);
    return bn_transfer_current(softplus, count, chart->rate.data, chart->current.data);
}
