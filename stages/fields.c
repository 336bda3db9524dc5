/* SPDX-License-Identifier: MIT
 * fields - where are the cells of a population active, and is that what chance would do?
 *
 * Pieces of {h_i > theta_i} on any grid with exact edges of the piecewise linear map, and beside
 * each measured curve the theory of thresholded Gaussian fields (docs/science/place.md).
 */
#include <basin/fieldstats.h>
#include <basin/grid.h>
#include <basin/mem.h>
#include <basin/stage.h>
#include <basin/summarise.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PEAKS = 8, METHODS = 4 };

static const struct bn_input inputs[] = {
    { "tuning", true, "a population of maps" },
    { "recording", true, "or recorded maps: either of the two" },
};

static const struct bn_output outputs[] = {
    { "/neuron_fields", "neuron", "1", "number of fields", 0, 0, false },
    { "/neuron_active", "neuron", "1", "share of space inside fields", 1e-9, 0, false },
    { "/field_neuron", "each_field", "1", "whose field", 0, 0, false },
    { "/field_size", "each_field", "", "length, area or volume inside the edges", 1e-9,
      1e-9, false },
    { "/field_peak", "each_field", "1", "largest current above threshold (recorded: rate above the "
      "level)", 1e-9, 1e-9, false },
    { "/field_peaks", "each_field", "1", "local maxima", 0, 0, false },
    { "/field_wall", "each_field", "1", "1: cut by a wall", 0, 0, false },
    { "/gap_neuron", "each_gap", "1", "whose gap (one dimension)", 0, 0, false },
    { "/gap_size", "each_gap", "", "length between the edges of two fields, or to a wall", 1e-9,
      1e-9, false },
    { "/gap_wall", "each_gap", "1", "1: ends at a wall", 0, 0, false },
    { "/size", "size", "", "middles of bins of size", 1e-9, 1e-9, false },
    { "/size_density", "size", "", "share of fields per size", 1e-9, 1e-9, false },
    { "/size_density_theory", "size", "", "(2 beta/D) s^(2/D - 1) exp(-beta s^(2/D)), beta from "
      "the mean size (one dimension: Rice's)", 1e-9, 1e-6, false },
    { "/size_density_limit", "size", "", "the same with the beta of high thresholds", 1e-9, 1e-6,
      false },
    { "/scaled", "scaled", "1", "middles of bins of s^(2/D) over its mean", 0, 1e-9, false },
    { "/scaled_density", "scaled", "1", "share of fields per that", 1e-9, 1e-9, false },
    { "/scaled_density_theory", "scaled", "1", "exp(-.)", 1e-12, 0, false },
    { "/gap", "gap_bin", "", "middles of bins of gaps between fields", 1e-9, 1e-9, false },
    { "/gap_density", "gap_bin", "", "share of gaps per length", 1e-9, 1e-9, false },
    { "/gap_density_theory", "gap_bin", "", "exponential with Rice's mean", 1e-9, 1e-6, false },
    { "/fields", "fields", "1", "number of fields of a cell", 0, 0, false },
    { "/fields_probability", "fields", "1", "share of cells with so many", 1e-12, 0, false },
    { "/fields_probability_theory", "fields", "1", "Poisson with the mean of the theory, mean "
      "over the cells' thresholds", 1e-12, 0, false },
    { "/slope", "slope", "1", "middles of bins of the slope at edges x sigma_c", 0, 0, false },
    { "/slope_density", "slope", "1", "share of edges per slope", 1e-9, 1e-6, false },
    { "/slope_density_theory", "slope", "1", "Rayleigh, k exp(-k^2/2)", 1e-12, 0, false },
    { "/peaks", "peaks", "1", "peaks of a field", 0, 0, false },
    { "/peaks_probability", "peaks", "1", "share of fields with so many; the last: or more",
      1e-12, 0, false },
    { "/level", "level", "1", "levels u, in standard deviations of h", 0, 0, false },
    { "/euler", "level", "1", "Euler characteristic of {h >= u}, mean over cells", 1e-9, 0,
      false },
    { "/euler_error", "level", "1", "standard error", 1e-9, 1e-6, false },
    { "/euler_theory", "level", "1", "Gaussian kinematic formula", 1e-9, 1e-6, false },
    { "/pieces", "level", "1", "number of pieces of {h >= u}, mean over cells", 1e-9, 0, false },
    { "/pieces_error", "level", "1", "standard error", 1e-9, 1e-6, false },
    { "/window", "window", "1", "window's share of each side", 0, 0, false },
    { "/window_size", "window", "", "its length, area or volume", 1e-9, 1e-9, false },
    { "/recruited", "window", "1", "share of cells with a field in it", 1e-12, 0, false },
    { "/recruited_error", "window", "1", "standard error", 1e-9, 1e-6, false },
    { "/recruited_theory", "window", "1", "the same of Poisson counts, mean over the cells' "
      "thresholds", 1e-9, 1e-6, false },
    { "/fit", "fit", "1", "law fitted to sizes, then gaps, then numbers of fields: lib/lawfit",
      0, 0, false },
    { "/fit_parameters", "fit fit_parameter", "1", "its parameters, 0 where it has one", 1e-6,
      1e-6, false },
    { "/fit_loglik", "fit", "1", "log likelihood", 1e-6, 1e-9, false },
    { "/fit_aic", "fit", "1", "Akaike's criterion", 1e-6, 1e-9, false },
    { "/fit_bic", "fit", "1", "Bayes' criterion", 1e-6, 1e-9, false },
    { "/fit_ks", "fit", "1", "Kolmogorov and Smirnov's distance", 1e-9, 1e-6, false },
    { "/fit_p", "fit", "1", "probability of a larger one if the parameters were given, not "
      "fitted", 1e-9, 1e-6, false },
    { "/estimate", "estimate", "1", "what (sigma_c, theta) are estimated from, beside mean size",
      0, 0, false },
    { "/estimate_length", "estimate", "", "sigma_c; 0: no value gives these means", 1e-6, 1e-6,
      false },
    { "/estimate_length_error", "estimate", "", "standard error (jackknife over cells)", 1e-6, 1,
      false },
    { "/estimate_threshold", "estimate", "1", "theta, standard deviations", 1e-6, 1e-6, false },
    { "/estimate_threshold_error", "estimate", "1", "standard error", 1e-6, 1, false },
    BN_SUMMARY_OUTPUTS,
};

static const struct bn_param params[] = {
    BN_CHOICE("convention", "ours", "ours paper", "paper: sizes are numbers of bins, fields that "
              "walls cut are described with the others, each map is divided by its own rms"),
    BN_CHOICE("connectivity", "simplices", "simplices faces", "which grid points are neighbours: "
              "lib/lattice"),
    BN_FLAG("walls", "no", "describe sizes of fields that walls cut, too"),
    BN_REAL("level", "1", "0", 0, 1e9, "recorded maps: rate above which a cell is active"),
    BN_REAL("level_share", "1", "0", 0, 1, "the same as a share of each cell's highest rate"),
    BN_REAL("least", "1", "0", 0, 1e12, "smallest size that counts as a field"),
    BN_REAL("length", "1", "0", 0, 1e12, "sigma_c for the theory; 0: that of the artifact, else "
            "measured on its currents, else estimated from the fields"),
    BN_CHOICE("method", "share", "share count gap observed", "what recorded maps' sigma_c and "
              "theta are estimated from, beside their mean size"),
    BN_REAL("irregularity", "1", "0", 0, 1, "a = -r''/sqrt(r'''') of the kernel, for peaks per "
            "field; 0: that of the artifact's kernel, if it names one"),
    BN_INTEGER("bins", "30", 2, 1000, "bins of sizes and gaps"),
    BN_REALS("levels", "1", "-2 -1.5 -1 -0.5 0 0.5 1 1.5 2 2.5 3", -20, 20, "levels of the Euler "
             "characteristic"),
    BN_REALS("windows", "1", "0.0625 0.125 0.25 0.5 1", 1e-6, 1, "windows for the recruitment, "
             "shares of each side"),
};

/* --- units --------------------------------------------------------------------------- */

static struct {
    char length[64], size[72], density[72], per_length[72];
} unit;

static void set_units(const char *length, size_t dimensions)
{
    snprintf(unit.length, sizeof unit.length, "%s", length);
    snprintf(unit.size, sizeof unit.size, dimensions > 1 ? "%s%zu" : "%s", unit.length,
             dimensions);
    snprintf(unit.density, sizeof unit.density, "%s-%zu", unit.length, dimensions);
    snprintf(unit.per_length, sizeof unit.per_length, "%s-1", unit.length);
}

static void put(const char *name, const double *x, size_t n, const char *in)
{
    bn_output_vec(name, x, n);
    bn_output_attribute(name, "units", in);
}

/* --- the maps ------------------------------------------------------------------------ */

struct maps {
    const char *role;
    struct bn_lattice g;
    struct bn_mat excess;                /* [N, M] */
    double *theta;                       /* [N] thresholds; of a recording all the same */
    bool known;                          /* theta is; else it is estimated, and gain is needed */
    double length[BN_DIMENSIONS];        /* sigma_c, 0: not known */
    double gain;                         /* excess = gain (h - theta) */
};

/* A line's margins are not part of what it represents. */
static void crop(struct maps *p, const struct bn_manifold *m)
{
    size_t first = m->count[0], last = 0;
    double at[BN_DIMENSIONS];

    for (size_t k = 0; k < m->count[0] && m->kind == BN_LINE; k++) {
        bn_manifold_point(m, k, at);
        if (bn_manifold_inside(m, at)) {
            first = k < first ? k : first;
            last = k;
        }
    }
    if (m->kind != BN_LINE || first >= last)
        return;
    p->g.count[0] = last - first + 1;
    for (size_t i = 0; i < p->excess.rows; i++)
        memmove(p->excess.data + i * p->g.count[0], bn_mat_row(&p->excess, i) + first,
                p->g.count[0] * sizeof(double));
    p->excess.cols = p->g.count[0];
}

/* Are the currents above and below threshold known? */
static bool has_currents(const char *role, const char *dataset)
{
    char *transfer = NULL;

    if (bn_h5_kind(bn_input(role), "/current") != BN_H5_DATASET
        || bn_h5_kind(bn_input(role), "/threshold") != BN_H5_DATASET
        || !bn_h5_has_attribute(bn_input(role), dataset, "transfer"))
        return false;
    BN_CHECK(bn_h5_get_text(bn_input(role), dataset, "transfer", &transfer));
    const bool linear = strcmp(transfer, "threshold") == 0;
    free(transfer);
    return linear;
}

/* Rates above a level; of each cell. */
static void read_rates(struct maps *p)
{
    const double level = bn_real("level"), share = bn_real("level_share");

    p->excess = bn_input_mat(p->role, "/rate");
    for (size_t i = 0; i < p->excess.rows; i++) {
        double *r = bn_mat_row(&p->excess, i), top = 0.0;
        for (size_t k = 0; k < p->excess.cols; k++)
            top = r[k] > top ? r[k] : top;
        for (size_t k = 0; k < p->excess.cols; k++)
            r[k] -= level > share * top ? level : share * top;
    }
}

static struct maps read_maps(void)
{
    struct maps p = { .role = bn_has_input("recording") ? "recording" : "tuning", .gain = 1.0 };

    if (bn_has_input("recording") == bn_has_input("tuning"))
        BN_REFUSE(BN_USAGE, "give one population: --in tuning=... or --in recording=..., not %s",
                  bn_has_input("tuning") ? "both" : "neither");
    const struct bn_manifold m = bn_manifold_read(p.role);
    set_units(bn_manifold_unit(p.role), m.dimensions);
    BN_CHECK(bn_lattice_of(&m, &p.g));
    p.known = has_currents(p.role, "/rate");
    if (p.known)
        p.excess = bn_input_mat(p.role, "/current");
    else
        read_rates(&p);
    if (p.excess.cols != bn_lattice_points(&p.g) || p.excess.rows < 2)
        BN_REFUSE(BN_INPUT, "%s: maps of %zu cells on %zu points, on a grid of %zu points: at "
                  "least 2 cells on all points are needed", bn_h5_path(bn_input(p.role)),
                  p.excess.rows, p.excess.cols, bn_lattice_points(&p.g));
    crop(&p, &m);
    p.theta = bn_scratch_vec(p.excess.rows);
    if (p.known) {
        size_t n;
        const double *theta = bn_input_vec(p.role, "/threshold", &n);
        if (n != p.excess.rows)
            BN_REFUSE(BN_INPUT, "%s: /threshold has %zu elements for %zu cells",
                      bn_h5_path(bn_input(p.role)), n, p.excess.rows);
        memcpy(p.theta, theta, n * sizeof *theta);
    }
    return p;
}

/* h = excess + theta of every cell, and back (sign -1). */
static void raise(struct maps *p, double sign)
{
    for (size_t i = 0; i < p->excess.rows; i++)
        for (size_t k = 0; k < p->excess.cols; k++)
            *bn_mat_at(&p->excess, i, k) += sign * p->theta[i];
}

/* Each map over its own rms (convention = paper). */
static void divide_by_rms(struct maps *p)
{
    for (size_t i = 0; i < p->excess.rows; i++) {
        double *h = bn_mat_row(&p->excess, i), square = 0.0;
        for (size_t k = 0; k < p->excess.cols; k++)
            square += h[k] * h[k] / (double)p->excess.cols;
        for (size_t k = 0; k < p->excess.cols && square > 0.0; k++)
            h[k] /= sqrt(square);
    }
}

static void set_length(struct maps *p)
{
    const double given = bn_real("length");
    for (size_t k = 0; k < p->g.dimensions; k++)
        p->length[k] = given;
    if (given == 0.0 && p->known && bn_h5_has_attribute(bn_input(p->role), "/current", "length"))
        BN_CHECK(bn_h5_get_reals(bn_input(p->role), "/current", "length", p->length,
                                 p->g.dimensions));
    if (!p->known || (p->length[0] > 0.0 && bn_is("convention", "ours")))
        return;
    raise(p, 1.0);
    if (bn_is("convention", "paper"))
        divide_by_rms(p);
    for (size_t k = 0; k < p->g.dimensions && p->length[0] == 0.0; k++)
        p->length[k] = bn_fieldstats_length(&p->g, &p->excess, k);
    raise(p, -1.0);
}

/* Of the kernel that the artifact names. */
static double irregularity(const struct maps *p)
{
    struct bn_kernel k = { .length = { p->length[0], 0.0, 0.0 } };
    const double given = bn_real("irregularity");
    char *name = NULL;

    if (given > 0.0 || !p->known
        || !bn_h5_has_attribute(bn_input(p->role), "/current", "kernel"))
        return given;
    BN_CHECK(bn_h5_get_text(bn_input(p->role), "/current", "kernel", &name));
    bn_stage_own(name);
    BN_CHECK(bn_kernel_parse(name, &k.kind));
    return bn_fieldstats_irregularity(&k);
}

/* --- (sigma_c, theta) from fields ---------------------------------------------------- */

static const char *const methods[METHODS] = { "share", "count", "gap", "observed" };

/* false: these means do not fit together. */
static bool estimate(const struct bn_lattice *g, size_t method, const double *v,
                     struct bn_fieldlaw *f)
{
    const double size = v[BN_STAT_SIZE];
    bn_status s = BN_INPUT;

    if (method == 0)
        s = bn_fieldlaw_from_share(g, v[BN_STAT_ACTIVE], size, f);
    if (method == 1)
        s = bn_fieldlaw_from_count(g, v[BN_STAT_COUNT], size, f);
    if (method == 2 && g->dimensions == 1 && isfinite(v[BN_STAT_GAP]))
        s = bn_fieldlaw_from_gap(g, v[BN_STAT_GAP], size, f);
    if (method == 3)
        s = bn_fieldlaw_from_observed(g, v[BN_STAT_OBSERVED], size, f);
    return s == BN_OK;
}

static void write_estimates(const struct bn_lattice *g, const struct bn_fieldstats *s)
{
    double length[METHODS] = { 0 }, theta[METHODS] = { 0 }, dl[METHODS] = { 0 };
    double dt[METHODS] = { 0 };

    for (size_t k = 0; k < METHODS; k++) {
        double lengths[BN_FIELDSTATS_GROUPS], thetas[BN_FIELDSTATS_GROUPS];
        struct bn_fieldlaw f;
        bool all = estimate(g, k, s->value, &f);
        length[k] = all ? f.length : 0.0;
        theta[k] = all ? f.threshold : 0.0;
        for (size_t j = 0; j < s->groups && all; j++) {
            all = estimate(g, k, s->part[j], &f);
            lengths[j] = all ? f.length : 0.0;
            thetas[j] = all ? f.threshold : 0.0;
        }
        dl[k] = all ? bn_fieldstats_error(lengths, s->groups, 1) : length[k];
        dt[k] = all ? bn_fieldstats_error(thetas, s->groups, 1) : fabs(theta[k]);
    }
    bn_output_texts("/estimate", methods, METHODS);
    put("/estimate_length", length, METHODS, unit.length);
    put("/estimate_length_error", dl, METHODS, unit.length);
    bn_output_vec("/estimate_threshold", theta, METHODS);
    bn_output_vec("/estimate_threshold_error", dt, METHODS);
}

/* What the theory needs and the artifact does not say: from the fields. */
static void complete(struct maps *p, const double *v)
{
    struct bn_fieldlaw f;
    size_t method = 0;

    if (p->known && p->length[0] > 0.0)
        return;
    while (!bn_is("method", methods[method]))
        method++;
    if (!estimate(&p->g, method, v, &f))
        BN_REFUSE(BN_INPUT, "sigma_c and theta cannot be estimated from mean size %g and %s "
                  "(%s): try another `method`, or a higher `level`", v[BN_STAT_SIZE],
                  methods[method], bn_error());
    for (size_t k = 0; k < p->g.dimensions; k++)
        p->length[k] = p->length[k] > 0.0 ? p->length[k] : f.length;
    double square = 0.0;
    const size_t n = p->excess.rows * p->excess.cols;
    for (size_t k = 0; k < n && !p->known; k++)
        square += p->excess.data[k] > 0.0 ? p->excess.data[k] * p->excess.data[k] / (double)n
                                          : 0.0;
    for (size_t i = 0; i < p->excess.rows && !p->known; i++)
        p->theta[i] = f.threshold;
    p->gain = p->known ? 1.0 : sqrt(square / bn_fieldlaw_square(f.threshold));
}

/* --- distributions ------------------------------------------------------------------- */

/* Share per width of x [n] in bins of that width from 0. */
static void histogram(const double *x, size_t n, double width, size_t bins, double *density)
{
    for (size_t i = 0; i < n; i++) {
        const double b = x[i] / width;
        if (b >= 0.0 && b < (double)bins)
            density[(size_t)b] += 1.0 / ((double)n * width);
    }
}

static double *middles(double width, size_t bins)
{
    double *x = bn_scratch_vec(bins);

    for (size_t k = 0; k < bins; k++)
        x[k] = ((double)k + 0.5) * width;
    return x;
}

static int ascending(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

/* Bins from 0 to where 99.5 % of the values are. */
static double bin_width(const double *x, size_t n, size_t bins)
{
    double *sorted = bn_scratch_vec(n);

    memcpy(sorted, x, n * sizeof *x);
    qsort(sorted, n, sizeof *sorted, ascending);
    return sorted[(size_t)(0.995 * (double)(n - 1))] / (double)bins;
}

/* Mean over cells, each as often as it has fields on an endless line; or, in more dimensions,
 * one law with the measured mean.                                               */
static double size_theory(const struct maps *p, bool limit, double measured, double s)
{
    const size_t d = p->g.dimensions;
    double scale = 1.0, sum = 0.0, weights = 0.0;

    for (size_t k = 0; k < d; k++)
        scale *= p->length[k];
    for (size_t i = 0; i < p->excess.rows; i++) {
        const double theta = p->theta[i], w = bn_fieldlaw_rate(theta);
        const double rice = d == 1 ? bn_fieldlaw_size(theta) : measured / scale;
        const struct bn_lawfit law = bn_fieldlaw_sizes(d, limit
            ? bn_fieldlaw_beta_limit(d, theta > 0.1 ? theta : 0.1) : bn_fieldlaw_beta(d, rice));
        sum += w * bn_law_density(&law, s / scale) / scale;
        weights += w;
        if (i + 1 < p->excess.rows && p->theta[i + 1] == theta && i == 0) {
            size_t same = 1;             /* one threshold for all: one law */
            while (same < p->excess.rows && p->theta[same] == theta)
                same++;
            if (same == p->excess.rows)
                break;
        }
    }
    return sum / weights;
}

static double gap_theory(const struct maps *p, double s)
{
    double sum = 0.0, weights = 0.0;

    for (size_t i = 0; i < p->excess.rows; i++) {
        const double w = bn_fieldlaw_rate(p->theta[i]);
        const double mean = p->length[0] * bn_fieldlaw_gap(p->theta[i]);
        sum += w * exp(-s / mean) / mean;
        weights += w;
    }
    return sum / weights;
}

static void write_sizes(const struct maps *p, const double *size, size_t n)
{
    enum { SCALED = 25 };
    const size_t bins = bn_count("bins");
    const double width = bin_width(size, n, bins), power = 2.0 / (double)p->g.dimensions;
    const double mean = bn_law_moments(size, n).mean, *s = middles(width, bins);
    double *density = bn_scratch_vec(bins), *theory = bn_scratch_vec(bins);
    double *limit = bn_scratch_vec(bins), *z = bn_scratch_vec(n), *collapsed, *law;

    histogram(size, n, width, bins, density);
    for (size_t k = 0; k < bins; k++) {
        theory[k] = size_theory(p, false, mean, s[k]);
        limit[k] = size_theory(p, true, mean, s[k]);
    }
    put("/size", s, bins, unit.size);
    put("/size_density", density, bins, unit.density);
    put("/size_density_theory", theory, bins, unit.density);
    put("/size_density_limit", limit, bins, unit.density);
    for (size_t k = 0; k < n; k++)
        z[k] = pow(size[k], power);
    const double scale = bn_law_moments(z, n).mean;
    for (size_t k = 0; k < n; k++)
        z[k] /= scale;
    collapsed = bn_scratch_vec(SCALED);
    law = bn_scratch_vec(SCALED);
    const double *middle = middles(0.2, SCALED);
    histogram(z, n, 0.2, SCALED, collapsed);
    for (size_t k = 0; k < SCALED; k++)
        law[k] = exp(-middle[k]);
    bn_output_vec("/scaled", middle, SCALED);
    bn_output_vec("/scaled_density", collapsed, SCALED);
    bn_output_vec("/scaled_density_theory", law, SCALED);
}

static void write_gaps(const struct maps *p, const double *gap, size_t n)
{
    const size_t bins = bn_count("bins");
    const double width = bin_width(gap, n, bins), *s = middles(width, bins);
    double *density = bn_scratch_vec(bins), *theory = bn_scratch_vec(bins);

    histogram(gap, n, width, bins, density);
    for (size_t k = 0; k < bins; k++)
        theory[k] = gap_theory(p, s[k]);
    put("/gap", s, bins, unit.length);
    put("/gap_density", density, bins, unit.per_length);
    put("/gap_density_theory", theory, bins, unit.per_length);
}

static void write_counts(const struct maps *p, const struct bn_census *c,
                         const struct bn_domain *d)
{
    double most = 0.0;

    for (size_t i = 0; i < c->cells; i++)
        most = c->count[i] > most ? c->count[i] : most;
    const size_t n = (size_t)most + 2;
    double *number = bn_scratch_vec(n), *share = bn_scratch_vec(n), *theory = bn_scratch_vec(n);
    for (size_t i = 0; i < c->cells; i++) {
        const struct bn_lawfit law = { .law = BN_LAW_POISSON,
                                       .parameter = { bn_fieldlaw_euler(d, p->theta[i]) } };
        share[(size_t)c->count[i]] += 1.0 / (double)c->cells;
        for (size_t k = 0; k < n && law.parameter[0] >= 0.0; k++)
            theory[k] += bn_law_density(&law, (double)k) / (double)c->cells;
    }
    for (size_t k = 0; k < n; k++)
        number[k] = (double)k;
    bn_output_vec("/fields", number, n);
    bn_output_vec("/fields_probability", share, n);
    bn_output_vec("/fields_probability_theory", theory, n);
}

static void write_peaks(const struct bn_census *c, bool walls)
{
    double number[PEAKS], share[PEAKS] = { 0 }, n = 0.0;

    for (size_t k = 0; k < c->fields; k++) {
        const size_t peaks = c->field[k].piece.peaks;
        if (c->field[k].piece.wall && !walls)
            continue;
        share[peaks < PEAKS ? peaks - 1 : PEAKS - 1] += 1.0;
        n += 1.0;
    }
    for (size_t k = 0; k < PEAKS; k++) {
        number[k] = (double)k + 1.0;
        share[k] /= n > 0.0 ? n : 1.0;
    }
    bn_output_vec("/peaks", number, PEAKS);
    bn_output_vec("/peaks_probability", share, PEAKS);
}

/* Mean and root mean square of the slopes of all cells but one group (groups: of none), along all
 * coordinates, each in units of its own length.                                 */
static size_t slope_means(const struct maps *p, const struct bn_census *c, size_t left_out,
                          double means[2])
{
    double sum = 0.0, square = 0.0;
    size_t n = 0;

    for (size_t d = 0; d < p->g.dimensions; d++) {
        const double unit_slope = p->length[d] / p->gain;
        for (size_t i = 0; i < c->cells; i++) {
            const size_t first = i > 0 ? c->slope_end[d][i - 1] : 0;
            for (size_t k = first; k < c->slope_end[d][i] && i % BN_FIELDSTATS_GROUPS != left_out;
                 k++, n++) {
                sum += unit_slope * c->slope[d][k];
                square += unit_slope * unit_slope * c->slope[d][k] * c->slope[d][k];
            }
        }
    }
    means[0] = n > 0 ? sum / (double)n : 0.0;
    means[1] = n > 0 ? sqrt(square / (double)n) : 0.0;
    return n;
}

static void summarise_slopes(const struct maps *p, const struct bn_census *c)
{
    const size_t groups = c->cells < BN_FIELDSTATS_GROUPS ? c->cells : BN_FIELDSTATS_GROUPS;
    double all[2], part[BN_FIELDSTATS_GROUPS][2];

    slope_means(p, c, BN_FIELDSTATS_GROUPS, all);
    for (size_t g = 0; g < groups; g++)
        slope_means(p, c, g, part[g]);
    bn_summarise("slope", all[0], "1", bn_fieldstats_error(&part[0][0], groups, 2));
    bn_summarise("slope_theory", sqrt(BN_TWO_PI / 4.0), "1", 0.0);
    bn_summarise("slope_rms", all[1], "1", bn_fieldstats_error(&part[0][1], groups, 2));
    bn_summarise("slope_rms_theory", sqrt(2.0), "1", 0.0);
}

static void write_slopes(const struct maps *p, const struct bn_census *c)
{
    enum { SLOPES = 50 };
    double *density = bn_scratch_vec(SLOPES), *theory = bn_scratch_vec(SLOPES), *slope;
    const double *middle = middles(0.1, SLOPES);
    size_t n = 0;

    slope = bn_scratch_vec(c->slopes[0] + c->slopes[1] + c->slopes[2] + 1);
    for (size_t d = 0; d < p->g.dimensions; d++)
        for (size_t k = 0; k < c->slopes[d]; k++)
            slope[n++] = c->slope[d][k] * p->length[d] / p->gain;
    if (n < 2)
        return;
    histogram(slope, n, 0.1, SLOPES, density);
    for (size_t k = 0; k < SLOPES; k++)
        theory[k] = bn_fieldlaw_slope(middle[k]);
    bn_output_vec("/slope", middle, SLOPES);
    bn_output_vec("/slope_density", density, SLOPES);
    bn_output_vec("/slope_density_theory", theory, SLOPES);
    summarise_slopes(p, c);
}

/* --- levels and windows -------------------------------------------------------------- */

static void write_levels(const struct maps *p, const struct bn_census *c,
                         const struct bn_census_plan *plan)
{
    double *theory = bn_scratch_vec(plan->levels + 1);
    const struct bn_domain d = bn_fieldlaw_domain(&p->g, p->length);

    for (size_t k = 0; k < plan->levels; k++)
        theory[k] = bn_fieldlaw_euler(&d, plan->level[k]);
    if (plan->levels == 0)
        return;
    bn_output_vec("/level", plan->level, plan->levels);
    bn_output_vec("/euler", c->euler, plan->levels);
    bn_output_vec("/euler_error", c->euler_error, plan->levels);
    bn_output_vec("/euler_theory", theory, plan->levels);
    bn_output_vec("/pieces", c->pieces, plan->levels);
    bn_output_vec("/pieces_error", c->pieces_error, plan->levels);
}

static void write_windows(const struct maps *p, const struct bn_census *c,
                          const struct bn_census_plan *plan)
{
    double *theory = bn_scratch_vec(plan->windows + 1), *size = bn_scratch_vec(plan->windows + 1);

    for (size_t k = 0; k < plan->windows; k++) {
        const struct bn_lattice w = bn_census_window(&p->g, plan->window[k]);
        const struct bn_domain d = bn_fieldlaw_domain(&w, p->length);
        size[k] = bn_lattice_extent(&w);
        for (size_t i = 0; i < c->cells; i++)
            theory[k] -= expm1(-bn_fieldlaw_euler(&d, p->theta[i])) / (double)c->cells;
    }
    if (plan->windows == 0)
        return;
    bn_output_vec("/window", plan->window, plan->windows);
    put("/window_size", size, plan->windows, unit.size);
    bn_output_vec("/recruited", c->recruited, plan->windows);
    bn_output_vec("/recruited_error", c->recruited_error, plan->windows);
    bn_output_vec("/recruited_theory", theory, plan->windows);
}

/* --- fits ---------------------------------------------------------------------------- */

static struct {
    size_t n;
    const char *name[12];
    struct bn_lawfit fit[12];
} fits;

static void fit(const char *name, enum bn_law law, size_t d, const double *x, size_t n)
{
    if (n > 1 && bn_lawfit(law, d, x, n, &fits.fit[fits.n]) == BN_OK)
        fits.name[fits.n++] = name;
}

static void write_fits(void)
{
    const size_t n = fits.n;
    struct bn_mat parameters = bn_scratch(n + 1, 2);
    double *column[5];

    for (size_t k = 0; k < 5; k++)
        column[k] = bn_scratch_vec(n + 1);
    for (size_t k = 0; k < n; k++) {
        const struct bn_lawfit *f = &fits.fit[k];
        const double row[5] = { f->loglik, f->aic, f->bic, f->ks, f->p };
        memcpy(bn_mat_row(&parameters, k), f->parameter, sizeof f->parameter);
        for (size_t j = 0; j < 5; j++)
            column[j][k] = row[j];
    }
    if (n == 0)
        return;
    parameters.rows = n;
    bn_output_texts("/fit", fits.name, n);
    bn_output_mat("/fit_parameters", &parameters);
    bn_output_vec("/fit_loglik", column[0], n);
    bn_output_vec("/fit_aic", column[1], n);
    bn_output_vec("/fit_bic", column[2], n);
    bn_output_vec("/fit_ks", column[3], n);
    bn_output_vec("/fit_p", column[4], n);
}

/* --- all of it ----------------------------------------------------------------------- */

static void write_lists(const struct bn_census *c)
{
    const size_t most = c->fields > c->gaps ? c->fields : c->gaps;
    double *x[5];

    for (size_t k = 0; k < 5; k++)
        x[k] = bn_scratch_vec(most + 1);
    for (size_t k = 0; k < c->fields; k++) {
        const double row[5] = { (double)c->field[k].cell, c->field[k].piece.size,
                                c->field[k].piece.peak, (double)c->field[k].piece.peaks,
                                c->field[k].piece.wall };
        for (size_t j = 0; j < 5; j++)
            x[j][k] = row[j];
    }
    bn_output_vec("/neuron_fields", c->count, c->cells);
    bn_output_vec("/neuron_active", c->share, c->cells);
    bn_output_vec("/field_neuron", x[0], c->fields);
    put("/field_size", x[1], c->fields, unit.size);
    bn_output_vec("/field_peak", x[2], c->fields);
    bn_output_vec("/field_peaks", x[3], c->fields);
    bn_output_vec("/field_wall", x[4], c->fields);
    for (size_t k = 0; k < c->gaps; k++) {
        x[0][k] = (double)c->gap[k].cell;
        x[1][k] = c->gap[k].piece.size;
        x[2][k] = c->gap[k].piece.wall;
    }
    if (c->gaps == 0)
        return;
    bn_output_vec("/gap_neuron", x[0], c->gaps);
    put("/gap_size", x[1], c->gaps, unit.length);
    bn_output_vec("/gap_wall", x[2], c->gaps);
}

/* Sizes that are described, and gaps between two fields. */
static size_t described(const struct bn_census *c, bool walls, double *size)
{
    size_t n = 0;

    for (size_t k = 0; k < c->fields; k++)
        if (walls || !c->field[k].piece.wall)
            size[n++] = c->field[k].piece.size;
    return n;
}

static size_t between(const struct bn_census *c, double *gap)
{
    size_t n = 0;

    for (size_t k = 0; k < c->gaps; k++)
        if (!c->gap[k].piece.wall && c->count[c->gap[k].cell] > 0.0)
            gap[n++] = c->gap[k].piece.size;
    return n;
}

static void laws(const struct maps *p, const struct bn_census *c, bool walls)
{
    const size_t d = p->g.dimensions;
    double *x = bn_scratch_vec((c->fields > c->gaps ? c->fields : c->gaps) + 1);
    size_t n = described(c, walls, x);

    if (n > 1)
        write_sizes(p, x, n);
    else
        bn_say("no field lies inside: environments are smaller than fields; walls = yes describes "
               "those that are cut");
    fit("size: size law", BN_LAW_SIZE, d, x, n);
    fit("size: gamma", BN_LAW_GAMMA, d, x, n);
    fit("size: lognormal", BN_LAW_LOGNORMAL, d, x, n);
    fit("size: exponential", BN_LAW_EXPONENTIAL, d, x, n);
    n = between(c, x);
    if (n > 1)
        write_gaps(p, x, n);
    fit("gap: exponential", BN_LAW_EXPONENTIAL, d, x, n);
    fit("gap: gamma", BN_LAW_GAMMA, d, x, n);
    fit("fields: poisson", BN_LAW_POISSON, d, c->count, c->cells);
    fit("fields: negative binomial", BN_LAW_NEGATIVE, d, c->count, c->cells);
    n = 0;
    x = bn_scratch_vec(c->cells + 1);
    for (size_t i = 0; i < c->cells; i++)
        if (c->count[i] > 0.0)
            x[n++] = c->count[i];
    fit("fields: truncated poisson", BN_LAW_TRUNCATED, d, x, n);
    write_fits();
}

/* Measured numbers and, under the same name with _theory, what they should be. */
static void summary(const struct maps *p, const struct bn_fieldstats_plan *plan,
                    const struct bn_fieldstats *s)
{
    static const char *const theory_name[BN_STATS] = {
        "active_share_theory", "fields_per_cell_theory", "fields_fano_theory",
        "silent_share_theory", "fields_per_active_cell_theory", "size_all_theory", "size_theory",
        "size_cv_theory", "gap_all_theory", "gap_theory", "gap_cv_theory",
        "peaks_per_field_theory", "several_peaks_share_theory", "peak_exponent_theory",
        "log_size_skewness_theory", "log_size_kurtosis_theory", "size_law_distance_theory",
        "gap_law_distance_theory",
    };
    const struct bn_domain d = bn_fieldlaw_domain(&p->g, p->length);
    double theory[BN_STATS], scale = 1.0;

    for (size_t k = 0; k < p->g.dimensions; k++)
        scale *= p->length[k];
    bn_fieldstats_theory(&d, plan, p->theta, p->excess.rows, irregularity(p), theory);
    for (enum bn_fieldstat k = 0; k < BN_STATS; k++) {
        const bool sized = strcmp(bn_fieldstats_unit(k), "1") != 0;
        const char *name = !sized ? "1" : bn_fieldstats_unit(k)[0] == '-' ? unit.length
                                                                          : unit.size;
        bn_summarise(bn_fieldstats_name(k), s->value[k], name,
                     bn_fieldstats_error(&s->part[0][k], s->groups, BN_STATS));
        bn_summarise(theory_name[k], sized ? scale * theory[k] : theory[k], name, 0.0);
    }
    double mean = 0.0;
    for (size_t i = 0; i < p->excess.rows; i++)
        mean += p->theta[i] / (double)p->excess.rows;
    bn_summarise("length", p->length[0], unit.length, 0.0);
    bn_summarise("threshold", mean, "1", 0.0);
}

/* Of a recording only what lies above its threshold is known, in units that the estimate
 * gives: its levels are counted when it is there.                                 */
static void recorded_levels(const struct maps *p, struct bn_census *c,
                            struct bn_census_plan *plan)
{
    const double theta = p->theta[0], *level = plan->level;
    double *above = bn_scratch_vec(plan->levels + 1), *raw = bn_scratch_vec(plan->levels + 1);
    struct bn_census again;
    size_t n = 0;

    for (size_t k = 0; k < plan->levels; k++)
        if (level[k] > theta + 1e-6) {
            above[n] = level[k];
            raw[n++] = p->gain * (level[k] - theta);
        }
    plan->level = raw;
    plan->levels = n;
    plan->windows = 0;
    BN_CHECK(bn_census(&p->g, &p->excess, NULL, plan, &again));
    for (size_t k = 0; k < n; k++) {
        c->euler[k] = again.euler[k];
        c->euler_error[k] = again.euler_error[k];
        c->pieces[k] = again.pieces[k];
        c->pieces_error[k] = again.pieces_error[k];
    }
    bn_census_free(&again);
    plan->level = above;
}

static void own(struct bn_census *c)
{
    double *const lists[] = { c->count, c->share, c->euler, c->euler_error, c->pieces,
                              c->pieces_error, c->recruited, c->recruited_error, c->slope[0],
                              c->slope[1], c->slope[2] };

    for (size_t k = 0; k < BN_LEN(lists); k++)
        if (lists[k] != NULL)
            bn_stage_own(lists[k]);
    for (size_t d = 0; d < BN_DIMENSIONS; d++)
        if (c->slope_end[d] != NULL)
            bn_stage_own(c->slope_end[d]);
    if (c->field != NULL)
        bn_stage_own(c->field);
    if (c->gap != NULL)
        bn_stage_own(c->gap);
}

static struct bn_census take_census(struct maps *p, struct bn_census_plan *plan)
{
    const size_t levels = plan->levels;
    struct bn_census c;

    if (!p->known)
        plan->levels = 0;
    BN_CHECK(bn_census(&p->g, &p->excess, p->theta, plan, &c));
    plan->levels = levels;
    if (!p->known)                       /* room for what is counted later */
        for (size_t k = 0; k < 4; k++) {
            double **const list[] = { &c.euler, &c.euler_error, &c.pieces, &c.pieces_error };
            free(*list[k]);
            *list[k] = bn_alloc(levels + 1, sizeof(double));
            if (*list[k] == NULL)
                bn_die(BN_NOMEM);
        }
    own(&c);
    if (c.fields == 0)
        BN_REFUSE(BN_INPUT, "%s: none of the %zu cells is active anywhere: a lower threshold, a "
                  "lower `level` or more cells are needed", bn_h5_path(bn_input(p->role)),
                  c.cells);
    return c;
}

static void run(void)
{
    const bool paper = bn_is("convention", "paper"), walls = bn_flag("walls") || paper;
    struct maps p = read_maps();
    const struct bn_fieldstats_plan how = { p.g.dimensions, walls };
    struct bn_census_plan plan = { .bins = paper, .least = bn_real("least"),
        .how = bn_is("connectivity", "faces") || paper ? BN_FACES : BN_SIMPLICES };
    struct bn_fieldstats numbers;

    plan.level = bn_reals("levels", &plan.levels);
    plan.window = bn_reals("windows", &plan.windows);
    set_length(&p);
    struct bn_census c = take_census(&p, &plan);
    bn_progress(0.8);
    BN_CHECK(bn_fieldstats(&c, &how, &numbers));
    complete(&p, numbers.value);
    if (!p.known)
        recorded_levels(&p, &c, &plan);
    const struct bn_domain d = bn_fieldlaw_domain(&p.g, p.length);
    bn_summarise("cells", (double)c.cells, "1", 0.0);
    summary(&p, &how, &numbers);
    write_lists(&c);
    write_estimates(&p.g, &numbers);
    laws(&p, &c, walls);
    write_counts(&p, &c, &d);
    write_peaks(&c, walls);
    write_slopes(&p, &c);
    write_levels(&p, &c, &plan);
    write_windows(&p, &c, &plan);
    bn_summary_write();
}

const struct bn_stage bn_stage = {
    .name = "fields",
    .summary = "sizes, gaps and numbers of fields beside the theory of thresholded Gaussian maps",
    .details = "Fields are connected pieces above threshold, with the edges of the piecewise "
               "linear map between grid points; space ends at the outermost grid points. Where the "
               "artifact has currents and thresholds (transfer threshold), these are used; else "
               "rates above `level`, with sigma_c and theta estimated from the fields. Each "
               "curve X stands beside X_theory; /summary has every number, with its theory under "
               "the same name and _theory.",
    .inputs = inputs, .n_inputs = BN_LEN(inputs),
    .outputs = outputs, .n_outputs = BN_LEN(outputs),
    .params = params, .n_params = BN_LEN(params),
    .run = run,
};
