/* SPDX-License-Identifier: MIT */
#include <basin/charts.h>

#include <basin/fill.h>
#include <basin/grid.h>
#include <basin/kernel.h>
#include <basin/mem.h>

#include <math.h>
#include <stdio.h>
#include <string.h>

struct maps {
    struct bn_manifold manifold;
    struct bn_transfer transfer;         /* of the first */
    double *weight;                      /* [P] */
    struct bn_chart *chart;              /* [count] */
    size_t count, n, points;
    double loosened;
};

bool bn_charts_wanted(void)
{
    return !bn_is("target", "currents") || bn_real("inhibition") != 0.0
        || bn_has_input("tuning.maps");
}

/* --- reading --------------------------------------------------------------------------- */

static struct bn_mat curves(bn_h5 *f, const char *dataset, size_t n, size_t points)
{
    struct bn_shape s;

    if (bn_h5_kind(f, dataset) != BN_H5_DATASET)
        BN_REFUSE(BN_INPUT, "%s: no dataset %s: several maps, inhibition and other targets than "
                  "currents need the curves on the grid", bn_h5_path(f), dataset);
    BN_CHECK(bn_h5_shape(f, dataset, &s));
    if (s.rank != 2 || s.dim[0] == 0 || s.dim[1] != points || (n != 0 && s.dim[0] != n))
        BN_REFUSE(BN_INPUT, "%s: %s is %zu x %zu, but %zu neurons and %zu points are needed: all "
                  "maps must have the same neurons and the same grid", bn_h5_path(f), dataset,
                  s.dim[0], s.rank > 1 ? s.dim[1] : 1, n != 0 ? n : s.dim[0], points);
    struct bn_mat m = bn_scratch(s.dim[0], s.dim[1]);
    BN_CHECK(bn_h5_read_rows(f, dataset, 0, m.rows, m.data));
    for (size_t k = 0; k < m.rows * m.cols; k++)
        if (!isfinite(m.data[k]))
            BN_REFUSE(BN_INPUT, "%s: %s[%zu,%zu] is %g: maps must be finite", bn_h5_path(f),
                      dataset, k / m.cols, k % m.cols, m.data[k]);
    return m;
}

static struct bn_transfer transfer_of(bn_h5 *f)
{
    struct bn_transfer t;
    char *name;

    BN_CHECK(bn_h5_get_text(f, "/rate", "transfer", &name));
    bn_stage_own(name);
    BN_CHECK(bn_transfer_parse(name, &t.kind));
    BN_CHECK(bn_h5_get_real(f, "/rate", "transfer_beta", &t.beta));
    BN_CHECK(bn_h5_get_real(f, "/rate", "transfer_threshold", &t.threshold));
    return t;
}

/* Currents of fields follow from their rates; a silent point's is 0 until it is known. */
static void invert(const struct maps *m, const struct bn_mat *rate, struct bn_mat *current)
{
    for (size_t k = 0; k < rate->rows * rate->cols; k++)
        current->data[k] = rate->data[k] > 0.0
            ? rate->data[k] / m->transfer.beta + m->transfer.threshold : 0.0;
}

static const double *thresholds(bn_h5 *f, size_t n)
{
    double *threshold;
    size_t count;

    if (bn_h5_kind(f, "/threshold") != BN_H5_DATASET)
        BN_REFUSE(BN_INPUT, "%s: no /threshold: target = fill needs the threshold of every "
                  "neuron's process", bn_h5_path(f));
    BN_CHECK(bn_h5_read(f, "/threshold", &threshold, &count));
    bn_stage_own(threshold);
    if (count != n)
        BN_REFUSE(BN_INPUT, "%s: %zu thresholds of %zu neurons", bn_h5_path(f), count, n);
    return threshold;
}

static struct bn_mat covariance(const struct maps *m)
{
    const size_t p = m->points, d = m->manifold.dimensions;
    struct bn_mat grid = bn_scratch(p, d), c = bn_scratch(p, p);
    struct bn_kernel k = { .kind = BN_KERNEL_GAUSSIAN };

    BN_CHECK(bn_kernel_parse(bn_text("kernel"), &k.kind));
    for (size_t i = 0; i < BN_DIMENSIONS; i++)
        k.length[i] = bn_real("length");
    BN_CHECK(bn_kernel_check(&k, &m->manifold));
    bn_manifold_grid(&m->manifold, grid.data);
    for (size_t i = 0; i < p; i++)
        for (size_t j = 0; j <= i; j++)
            *bn_mat_at(&c, i, j) = *bn_mat_at(&c, j, i)
                = bn_kernel_at(&k, &m->manifold, bn_mat_row(&grid, i), bn_mat_row(&grid, j));
    return c;
}

static void fill(struct maps *m, bn_h5 *f, size_t which, struct bn_mat *current)
{
    const struct bn_mat c = covariance(m);
    const struct bn_fill task = { &c, thresholds(f, m->n), bn_real("noise"), bn_count("draws") };
    char purpose[32];
    double loosened;

    snprintf(purpose, sizeof purpose, "fill %zu", which);
    BN_CHECK(bn_fill_silent(&task, bn_rng_sub(bn_random(), purpose), current, &loosened));
    m->loosened = fmax(m->loosened, loosened);
}

static void take(struct maps *m, bn_h5 *f, size_t which)
{
    struct bn_chart *c = &m->chart[which];

    c->rate = curves(f, "/rate", m->n, m->points);
    m->n = c->rate.rows;
    c->weight = m->weight;
    if (which == 0)
        m->transfer = transfer_of(f);
    if (bn_is("target", "currents")) {
        c->current = curves(f, "/current", m->n, m->points);
        return;
    }
    c->current = bn_scratch(m->n, m->points);
    if (bn_is("target", "softplus"))
        return;                          /* after all maps: one rate function for all */
    if (m->transfer.kind != BN_TRANSFER_THRESHOLD)
        BN_REFUSE(BN_USAGE, "%s: target = %s is for threshold-linear rates, and these are %s: set "
                  "target = currents", bn_h5_path(f), bn_text("target"),
                  bn_transfer_name(m->transfer.kind));
    invert(m, &c->rate, &c->current);
    if (bn_is("target", "fill"))
        fill(m, f, which, &c->current);
}

static struct maps read_maps(void)
{
    const size_t others = bn_has_input("tuning.maps") ? bn_gathered("tuning.maps") : 0;
    const size_t most = bn_count("maps");
    struct maps m = { .manifold = bn_manifold_read("tuning") };

    m.count = most > 0 ? most : 1 + others;
    if (m.count > 1 + others)
        BN_REFUSE(BN_USAGE, "maps = %zu, but only %zu are given: tuning and %zu in tuning.maps",
                  m.count, 1 + others, others);
    m.points = bn_manifold_points(&m.manifold);
    m.weight = bn_scratch_vec(m.points);
    bn_manifold_quadrature(&m.manifold, m.weight);
    m.chart = bn_alloc(m.count, sizeof *m.chart);
    if (m.chart == NULL)
        bn_die(BN_NOMEM);
    bn_stage_own(m.chart);
    take(&m, bn_input("tuning"), 0);
    for (size_t k = 1; k < m.count; k++)
        take(&m, bn_gather_input("tuning.maps", k - 1), k);
    if (bn_is("target", "softplus")) {
        m.transfer = (struct bn_transfer){ BN_TRANSFER_SOFTPLUS, bn_real("softness"), 0.0 };
        for (size_t k = 0; k < m.count; k++)
            BN_CHECK(bn_atlas_soften(&m.transfer, bn_real("floor"), &m.chart[k]));
    }
    return m;
}

/* --- writing ------------------------------------------------------------------------------ */

static void write_currents(const struct maps *m)
{
    struct bn_mat all = bn_scratch(m->n, m->count * m->points);

    for (size_t k = 0; k < m->count; k++)
        for (size_t i = 0; i < m->n; i++)
            memcpy(bn_mat_row(&all, i) + k * m->points, bn_mat_row(&m->chart[k].current, i),
                   m->points * sizeof(double));
    bn_output_mat("/current", &all);
    bn_output_attribute("/current", "transfer", bn_transfer_name(m->transfer.kind));
    bn_output_attribute_real("/current", "transfer_beta", m->transfer.beta);
    bn_output_attribute_real("/current", "transfer_threshold", m->transfer.threshold);
}

static void write_weights(const struct bn_ridge *fit, bool dense)
{
    if (dense) {
        struct bn_mat j = bn_scratch(fit->left.rows, fit->left.rows);
        BN_CHECK(bn_ridge_dense(&fit->left, &fit->right, &j));
        bn_output_mat("/J", &j);
        return;
    }
    bn_output_mat("/left", &fit->left);
    bn_output_mat("/right", &fit->right);
    bn_output_vec("/diagonal", fit->diagonal, fit->left.rows);
}

static void write_residuals(const struct maps *m, const struct bn_atlas_weights *w)
{
    double *all = bn_scratch_vec(m->count), *firing = bn_scratch_vec(m->count), sum = 0.0;

    for (size_t k = 0; k < m->count; k++) {
        BN_CHECK(bn_atlas_residual(w, &m->chart[k], &all[k], &firing[k]));
        sum += all[k] * all[k] / (double)m->count;
    }
    bn_output_vec("/residual_map", all, m->count);
    bn_output_vec("/residual_firing", firing, m->count);
    bn_output_number("/residual", sqrt(sum));
}

void bn_charts_weights(bool (*dense)(size_t n))
{
    const struct bn_atlas atlas = { .lambda = bn_real("lambda"),
        .tolerance = bn_real("rank_tolerance"), .inhibition = bn_real("inhibition"),
        .onesided = bn_is("target", "onesided"), .margin = bn_real("margin") };
    struct maps m = read_maps();
    struct bn_atlas_weights w;

    BN_CHECK(bn_atlas_fit(&atlas, m.chart, m.count, &w));
    write_weights(&w.fit, dense(m.n));
    write_residuals(&m, &w);
    if (atlas.inhibition != 0.0) {
        double *bias = bn_scratch_vec(m.n);
        for (size_t i = 0; i < m.n; i++)
            bias[i] = w.bias;
        bn_output_vec("/bias", bias, m.n);
    }
    if (!bn_is("target", "currents"))
        write_currents(&m);
    if (atlas.onesided)
        bn_output_number("/steps", (double)w.steps);
    if (bn_is("target", "fill"))
        bn_output_number("/loosened", m.loosened);
    bn_output_number("/condition", w.fit.condition);
    bn_output_number("/rank", (double)w.fit.rank);
    bn_output_number("/lambda", atlas.lambda);
    bn_atlas_free(&w);
}
