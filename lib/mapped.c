/* SPDX-License-Identifier: MIT */
#include <basin/mapped.h>
#include <basin/fieldlaw.h>
#include <basin/mem.h>

#include <math.h>
#include <string.h>

#define MOST 5e8                         /* numbers in each of /current and /rate: 4 GB */

/* One number is for all coordinates. */
static double item(const double *x, size_t n, size_t d, const char *name)
{
    if (n != 1 && d >= n)
        BN_REFUSE(BN_USAGE, "%s has %zu numbers, but the manifold has more coordinates: give "
                  "one for all, or one for each", name, n);
    return x[n == 1 ? 0 : d];
}

static void refuse_more(size_t n, size_t dims, const char *name)
{
    if (n > 1 && n != dims)
        BN_REFUSE(BN_USAGE, "%s has %zu numbers, but a %s has %zu coordinate%s: give one for all, "
                  "or one for each", name, n, bn_text("manifold"), dims, dims == 1 ? "" : "s");
}

static double side(enum bn_manifold_kind kind, double given, size_t d)
{
    if (given > 0.0)
        return given;
    if (kind == BN_LINE || kind == BN_INTERVAL || kind == BN_BOX)
        BN_REFUSE(BN_USAGE, "size = 0: how long is the %s? Set size, and length in the same unit",
                  bn_manifold_name(kind));
    return kind == BN_HEXAGON ? 1.0 : kind == BN_SPHERE && d == 1 ? 0.5 * BN_TWO_PI : BN_TWO_PI;
}

static struct bn_manifold manifold_of_section(void)
{
    struct bn_manifold m = { .dimensions = 1, .count = { 1, 1, 1 }, .margin = bn_real("margin") };
    size_t sizes, points;
    const double *size = bn_reals("size", &sizes);
    const int64_t *count = bn_integers("points", &points);

    BN_CHECK(bn_manifold_parse(bn_text("manifold"), &m.kind));
    if (m.kind == BN_TORUS || m.kind == BN_HEXAGON || m.kind == BN_SPHERE)
        m.dimensions = 2;
    if (m.kind == BN_BOX)
        m.dimensions = sizes == 3 || points == 3 ? 3 : 2;
    refuse_more(sizes, m.dimensions, "size");
    refuse_more(points, m.dimensions, "points");
    for (size_t d = 0; d < m.dimensions; d++) {
        m.size[d] = side(m.kind, item(size, sizes, d, "size"), d);
        m.count[d] = (size_t)count[points == 1 ? 0 : d];
    }
    if (m.kind == BN_SPHERE && points == 1)
        m.count[1] = (m.count[0] + 1) / 2;       /* as fine in latitude as in longitude */
    return m;
}

static struct bn_kernel kernel_of_section(const struct bn_manifold *m)
{
    struct bn_kernel k = { BN_KERNEL_GAUSSIAN, { 0.0 } };
    size_t n;
    const double *length = bn_reals("length", &n);

    BN_CHECK(bn_kernel_parse(bn_text("kernel"), &k.kind));
    refuse_more(n, m->dimensions, "length");
    for (size_t d = 0; d < m->dimensions; d++)
        k.length[d] = item(length, n, d, "length");
    return k;
}

/* The part of grid cells' maps that differs between unit cells. */
static void periods_of_section(struct bn_cells *c)
{
    c->periods = bn_count("periods");
    c->whole = c->kernel;
    if (c->periods == 1)
        return;
    size_t n;
    const double *length = bn_reals("whole_length", &n);
    c->eta = bn_real("eta");
    refuse_more(n, c->manifold.dimensions, "whole_length");
    for (size_t d = 0; d < c->manifold.dimensions; d++) {
        const double given = item(length, n, d, "whole_length");
        c->whole.length[d] = given > 0.0 ? given : (double)c->periods * c->kernel.length[d];
    }
}

static struct bn_cells cells_of_section(void)
{
    struct bn_cells c = { .manifold = manifold_of_section(), .eta = 1.0,
                          .transfer = { BN_TRANSFER_ERF, bn_real("beta"), 0.0 } };

    c.kernel = kernel_of_section(&c.manifold);
    periods_of_section(&c);
    if (bn_is("process", "threshold"))
        c.transfer.kind = BN_TRANSFER_THRESHOLD;
    else
        c.transfer.threshold = bn_real("threshold");
    if (bn_is("process", "softplus"))
        c.transfer.kind = BN_TRANSFER_SOFTPLUS;
    BN_CHECK(bn_cells_check(&c));
    return c;
}

/* Along a line a field of threshold theta is 2 pi sigma_c Q exp(theta^2/2) long on average. */
static void say_small(const struct bn_cells *c, const double *theta, size_t n)
{
    const struct bn_manifold *m = &c->manifold;
    double mean = 0.0, least = m->size[0], length = c->kernel.length[0];

    for (size_t i = 0; i < n; i++)
        mean += theta[i] / (double)n;
    for (size_t d = 1; d < m->dimensions; d++) {
        least = fmin(least, m->size[d]);
        length = fmax(length, c->kernel.length[m->kind == BN_HEXAGON || m->kind == BN_SPHERE
                                               ? 0 : d]);
    }
    const double field = length * bn_fieldlaw_size(mean);
    if (field > least)
        bn_say("a field is %.3g long on average (length %g, threshold %.3g), more than the "
               "manifold's %.3g: most fields are cut by its ends or go all round", field, length,
               mean, least);
}

const double *bn_mapped_thresholds(struct bn_cells *c, double length, struct bn_mat *current)
{
    const size_t n = current->rows;
    double *theta = bn_scratch_vec(n), *propensity = bn_scratch_vec(n);
    struct bn_rng rng = bn_random();

    rng.stream = bn_rng_stream(bn_text("cells"));
    c->kernel.length[0] = length;
    if (bn_is("thresholds", "gamma")) {
        c->thresholds = BN_THRESHOLDS_GAMMA;
        c->shape = bn_real("propensity_shape");
        c->scale = bn_real("propensity_scale");
    } else {
        c->theta = bn_real("threshold");
    }
    if (bn_is("thresholds", "skewed")) {
        c->thresholds = BN_THRESHOLDS_SKEWED;
        c->spread = bn_real("threshold_spread");
    }
    bn_cells_thresholds(c, rng, n, theta, propensity);
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < current->cols; k++)
            *bn_mat_at(current, i, k) -= theta[i];
    bn_output_vec("/threshold", theta, n);
    bn_output_attribute("/threshold", "kind", bn_text("thresholds"));
    if (c->thresholds == BN_THRESHOLDS_GAMMA)
        bn_output_vec("/propensity", propensity, n);
    return theta;
}

/* --- what is written ----------------------------------------------------------------- */

static void write_transfer(const struct bn_cells *c)
{
    bn_output_attribute("/rate", "transfer", bn_transfer_name(c->transfer.kind));
    bn_output_attribute_real("/rate", "transfer_beta", c->transfer.beta);
    bn_output_attribute_real("/rate", "transfer_threshold", c->transfer.threshold);
}

static void write_rates(const struct bn_cells *c, const struct bn_mat *current,
                        const struct bn_mat *rate)
{
    const size_t axes = c->manifold.dimensions;

    bn_output_mat("/current", current);
    bn_output_attribute("/current", "kernel", bn_kernel_name(c->kernel.kind));
    bn_output_attribute_reals("/current", "length", c->kernel.length, axes);
    if (c->periods > 1) {
        bn_output_attribute_real("/current", "periods", (double)c->periods);
        bn_output_attribute_real("/current", "eta", c->eta);
        bn_output_attribute_reals("/current", "whole_length", c->whole.length, axes);
    }
    bn_output_mat("/rate", rate);
    write_transfer(c);
}

static const char *unit_of_section(const struct bn_cells *c)
{
    return c->manifold.kind == BN_TORUS || c->manifold.kind == BN_SPHERE ? "rad"
                                                                         : bn_text("unit");
}

static void write_preferred(const struct bn_cells *c, const struct bn_mat *current,
                            const char *unit)
{
    struct bn_mat at = bn_scratch(current->rows, c->manifold.dimensions);

    for (size_t i = 0; i < current->rows; i++) {
        const double *x = bn_mat_row(current, i);
        size_t best = 0;
        for (size_t k = 1; k < current->cols; k++)
            best = x[k] > x[best] ? k : best;
        bn_manifold_point(&c->manifold, best, bn_mat_row(&at, i));
    }
    bn_output_mat("/preferred_point", &at);
    bn_output_attribute("/preferred_point", "units", unit);
}

/* Share of a population that never fires has no sparsity: 0. */
static double ratio(double mean, double square)
{
    return square > 0.0 ? mean * mean / square : 0.0;
}

static void write_means(const struct bn_cells *c, const double *theta, const struct bn_mat *rate)
{
    double *weight = bn_scratch_vec(rate->cols);
    struct bn_cells_means want;

    bn_manifold_quadrature(&c->manifold, weight);
    const struct bn_cells_means got = bn_cells_sampled(rate, weight);
    BN_CHECK(bn_cells_theory(c, theta, rate->rows, &want));
    bn_output_number("/rate_mean", want.rate);
    bn_output_number("/rate_mean_sampled", got.rate);
    bn_output_number("/rate_square", want.square);
    bn_output_number("/rate_square_sampled", got.square);
    bn_output_number("/sparsity", ratio(want.rate, want.square));
    bn_output_number("/sparsity_sampled", ratio(got.rate, got.square));
    if (c->transfer.kind == BN_TRANSFER_THRESHOLD) {
        bn_output_number("/active", want.active);
        bn_output_number("/active_sampled", got.active);
    }
}

static void write_pairs(const struct bn_cells *c, const double *theta,
                        const struct bn_mat *current, const struct bn_mat *rate)
{
    struct bn_cells_pairs p;

    BN_CHECK(bn_cells_pairs(c, theta, current, rate, &p));
    bn_stage_own(p.distance);
    bn_output_vec("/distance", p.distance, p.bins);
    bn_output_attribute("/distance", "units", unit_of_section(c));
    bn_output_vec("/pair_current", p.current, p.bins);
    bn_output_vec("/pair_current_sampled", p.current_sampled, p.bins);
    bn_output_vec("/pair_rate", p.rate, p.bins);
    bn_output_vec("/pair_rate_sampled", p.rate_sampled, p.bins);
}

static double gain_of(const struct bn_cells *c, const struct bn_mat *current)
{
    double *slope = bn_scratch_vec(current->cols), sum = 0.0;

    for (size_t i = 0; i < current->rows; i++) {
        bn_transfer_slope(&c->transfer, current->cols, bn_mat_row(current, i), slope);
        for (size_t k = 0; k < current->cols; k++)
            sum += slope[k];
    }
    return sum / ((double)current->rows * (double)current->cols);
}

static void refuse_large(size_t n, size_t points)
{
    if ((double)n * (double)points > MOST)
        BN_REFUSE(BN_USAGE, "%zu neurons on %zu points are %.3g numbers, twice %.0f GB: at most "
                  "%.0g; take fewer neurons, or points", n, points,
                  (double)n * (double)points, 8e-9 * (double)n * (double)points, MOST);
}

/* --- recorded rates ------------------------------------------------------------------ */

/* Currents of one cell on `points` in place of its rates; returns theta.  A cell that is never
 * silent counts as silent at half a point.                                       */
static double calibrate(const double *weight, size_t points, double floor, double *rate)
{
    double mean = 0.0, active = 0.0, above = 0.0;

    for (size_t k = 0; k < points; k++)
        mean += weight[k] * rate[k];
    for (size_t k = 0; k < points; k++) {
        rate[k] -= floor * mean;
        active += rate[k] > 0.0 ? weight[k] : 0.0;
        above += rate[k] > 0.0 ? weight[k] * rate[k] : 0.0;
    }
    const double theta = bn_fieldlaw_threshold(fmin(active, 1.0 - 0.5 / (double)points));
    for (size_t k = 0; k < points; k++)
        rate[k] *= bn_fieldlaw_mean(theta) / above;
    return theta;
}

static void refuse_silent(const struct bn_mat *rate, size_t points)
{
    const char *path = bn_h5_path(bn_input("recording"));

    if (rate->cols != points)
        BN_REFUSE(BN_INPUT, "%s: rates at %zu points, but /point has %zu", path, rate->cols,
                  points);
    for (size_t i = 0; i < rate->rows; i++) {
        double top = 0.0;
        for (size_t k = 0; k < points; k++) {
            if (!(*bn_mat_at(rate, i, k) >= 0.0) || isinf(*bn_mat_at(rate, i, k)))
                BN_REFUSE(BN_INPUT, "%s: /rate[%zu,%zu] is %g, which is no rate", path, i, k,
                          *bn_mat_at(rate, i, k));
            top = fmax(top, *bn_mat_at(rate, i, k));
        }
        if (top <= 0.0)
            BN_REFUSE(BN_INPUT, "%s: cell %zu has no rate anywhere: leave it out "
                      "(minimum_spikes of the recording)", path, i);
    }
}

void bn_mapped_recorded(void)
{
    struct bn_cells c = { .manifold = bn_manifold_read("recording"),
                          .transfer = { BN_TRANSFER_THRESHOLD, 1.0, 0.0 } };
    struct bn_mat current = bn_input_mat("recording", "/rate");
    const size_t n = current.rows, points = bn_manifold_points(&c.manifold);
    double *weight = bn_scratch_vec(points), *theta = bn_scratch_vec(n);
    struct bn_mat rate = bn_scratch(n, points);

    if (!bn_is("process", "threshold") || !bn_is("fit", "none"))
        BN_REFUSE(BN_USAGE, "%s: its rates are of places (/point) and become threshold-linear "
                  "targets: set process = threshold, without fit",
                  bn_h5_path(bn_input("recording")));
    refuse_silent(&current, points);
    bn_manifold_quadrature(&c.manifold, weight);
    for (size_t i = 0; i < n; i++) {
        theta[i] = calibrate(weight, points, bn_real("floor"), bn_mat_row(&current, i));
    }
    bn_transfer_rate(&c.transfer, n * points, current.data, rate.data);
    const struct bn_cells_means got = bn_cells_sampled(&rate, weight);
    bn_say("%zu recorded maps; a cell is active at %.1f %% of the points on average", n,
           100.0 * got.active);
    bn_manifold_write(&c.manifold, bn_manifold_unit("recording"));
    bn_output_mat("/current", &current);
    bn_output_mat("/rate", &rate);
    write_transfer(&c);
    bn_output_vec("/threshold", theta, n);
    bn_output_attribute("/threshold", "kind", "recorded");
    write_preferred(&c, &current, bn_manifold_unit("recording"));
    bn_output_number("/rate_mean_sampled", got.rate);
    bn_output_number("/rate_square_sampled", got.square);
    bn_output_number("/sparsity_sampled", ratio(got.rate, got.square));
    bn_output_number("/active_sampled", got.active);
    bn_output_number("/mean_gain", gain_of(&c, &current));
}

/* --- drawn maps ---------------------------------------------------------------------- */

void bn_mapped(void)
{
    struct bn_cells c = cells_of_section();
    const size_t n = bn_count("neurons"), points = bn_manifold_points(&c.manifold);
    const double *theta = NULL;

    if (bn_has_input("recording"))
        BN_REFUSE(BN_USAGE, "manifold = %s: a recording says itself what its rates are of; leave "
                  "the input or the manifold out", bn_text("manifold"));
    if (bn_is("process", "normalised") || bn_is("process", "reservoir")
        || !bn_is("store", "curves") || !bn_is("fit", "none"))
        BN_REFUSE(BN_USAGE, "manifold = %s: process = normalised and reservoir, store = "
                  "coefficients and fit = covariance are for the ring", bn_text("manifold"));
    refuse_large(n, points);
    struct bn_mat current = bn_scratch(n, points), rate = bn_scratch(n, points);
    bn_manifold_write(&c.manifold, unit_of_section(&c));
    BN_CHECK(bn_cells_maps(&c, bn_rng_sub(bn_random(), "maps"), 0, &current));
    bn_progress(0.5);
    if (c.transfer.kind == BN_TRANSFER_THRESHOLD) {
        theta = bn_mapped_thresholds(&c, c.kernel.length[0], &current);
        say_small(&c, theta, n);
    }
    bn_transfer_rate(&c.transfer, n * points, current.data, rate.data);
    write_rates(&c, &current, &rate);
    bn_progress(0.7);
    const double *level = theta != NULL ? theta : bn_scratch_vec(n);
    write_preferred(&c, &current, unit_of_section(&c));
    write_means(&c, level, &rate);
    write_pairs(&c, level, &current, &rate);
    bn_output_number("/mean_gain", gain_of(&c, &current));
}
