/* SPDX-License-Identifier: MIT
 * fields - where are the cells of a population active, and is that what chance would do?
 *
 * Pieces of {h_i > theta_i} on any grid with exact edges of the piecewise linear map, and beside
 * each measured curve the theory of thresholded Gaussian fields (docs/science/place.md).
 */
#include <basin/fieldcurves.h>
#include <basin/grid.h>
#include <basin/mem.h>
#include <basin/stage.h>
#include <basin/summarise.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { METHODS = 4 };

static const struct bn_input inputs[] = {
    { "tuning", true, "a population of maps" },
    { "recording", true, "or recorded maps: either of the two" },
};

static const struct bn_output outputs[] = {
    BN_FIELDCURVES_OUTPUTS,
    { "/estimate", "estimate", "1", "what (sigma_c, theta) are estimated from, beside mean size",
      0, 0, false },
    { "/estimate_length", "estimate", "", "sigma_c; 0: no value gives these means", 1e-6, 1e-6,
      false, .cite = "length", .error = "/estimate_length_error" },
    { "/estimate_length_error", "estimate", "", "standard error (jackknife over cells)", 1e-6, 1,
      false },
    { "/estimate_threshold", "estimate", "1", "theta, standard deviations", 1e-6, 1e-6, false,
      .cite = "threshold", .error = "/estimate_threshold_error" },
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
/* --- the maps ------------------------------------------------------------------------ */
/* A line's margins are not part of what it represents. */
static void crop(struct bn_fieldmaps *p, const struct bn_manifold *m)
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
static void read_rates(struct bn_fieldmaps *p)
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

static struct bn_fieldmaps read_maps(void)
{
    struct bn_fieldmaps p = { .role = bn_has_input("recording") ? "recording" : "tuning",
                              .gain = 1.0 };

    if (bn_has_input("recording") == bn_has_input("tuning"))
        BN_REFUSE(BN_USAGE, "give one population: --in tuning=... or --in recording=..., not %s",
                  bn_has_input("tuning") ? "both" : "neither");
    const struct bn_manifold m = bn_manifold_read(p.role);
    bn_fieldcurves_units(bn_manifold_unit(p.role), m.dimensions);
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
static void raise(struct bn_fieldmaps *p, double sign)
{
    for (size_t i = 0; i < p->excess.rows; i++)
        for (size_t k = 0; k < p->excess.cols; k++)
            *bn_mat_at(&p->excess, i, k) += sign * p->theta[i];
}

/* Each map over its own rms (convention = paper). */
static void divide_by_rms(struct bn_fieldmaps *p)
{
    for (size_t i = 0; i < p->excess.rows; i++) {
        double *h = bn_mat_row(&p->excess, i), square = 0.0;
        for (size_t k = 0; k < p->excess.cols; k++)
            square += h[k] * h[k] / (double)p->excess.cols;
        for (size_t k = 0; k < p->excess.cols && square > 0.0; k++)
            h[k] /= sqrt(square);
    }
}

static void set_length(struct bn_fieldmaps *p)
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
static double irregularity(const struct bn_fieldmaps *p)
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
    if (method == 2)
        s = g->dimensions > 1 || isfinite(v[BN_STAT_GAP])
            ? bn_fieldlaw_from_gap(g, v[BN_STAT_GAP], size, f)
            : bn_fail(BN_INPUT, "no cell has a gap");
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
    bn_fieldcurves_put("/estimate_length", length, METHODS, bn_fieldcurves_unit_length());
    bn_fieldcurves_put("/estimate_length_error", dl, METHODS, bn_fieldcurves_unit_length());
    bn_output_vec("/estimate_threshold", theta, METHODS);
    bn_output_vec("/estimate_threshold_error", dt, METHODS);
}

/* What the theory needs and the artifact does not say: from the fields. */
static void complete(struct bn_fieldmaps *p, const double *v)
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

/* --- all of it ----------------------------------------------------------------------- */

/* Measured numbers and, under the same name with _theory, what they should be. */
static void summary(const struct bn_fieldmaps *p, const struct bn_fieldstats_plan *plan,
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
    const char *length = bn_fieldcurves_unit_length(), *size = bn_fieldcurves_unit_size();
    double theory[BN_STATS], scale = 1.0;

    for (size_t k = 0; k < p->g.dimensions; k++)
        scale *= p->length[k];
    bn_fieldstats_theory(&d, plan, p->theta, p->excess.rows, irregularity(p), theory);
    for (enum bn_fieldstat k = 0; k < BN_STATS; k++) {
        const bool sized = strcmp(bn_fieldstats_unit(k), "1") != 0;
        const char *name = !sized ? "1" : bn_fieldstats_unit(k)[0] == '-' ? length : size;
        bn_summarise(bn_fieldstats_name(k), s->value[k], name,
                     bn_fieldstats_error(&s->part[0][k], s->groups, BN_STATS));
        bn_summarise(theory_name[k], sized ? scale * theory[k] : theory[k], name, 0.0);
    }
    double mean = 0.0;
    for (size_t i = 0; i < p->excess.rows; i++)
        mean += p->theta[i] / (double)p->excess.rows;
    bn_summarise("length", p->length[0], bn_fieldcurves_unit_length(), 0.0);
    bn_summarise("threshold", mean, "1", 0.0);
}

/* Of a recording only what lies above its threshold is known, in units that the estimate
 * gives: its levels are counted when it is there.                                 */
static void recorded_levels(const struct bn_fieldmaps *p, struct bn_census *c,
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

static struct bn_census take_census(struct bn_fieldmaps *p, struct bn_census_plan *plan)
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
    struct bn_fieldmaps p = read_maps();
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
    bn_summarise("cells", (double)c.cells, "1", 0.0);
    summary(&p, &how, &numbers);
    bn_fieldcurves_lists(&c);
    write_estimates(&p.g, &numbers);
    bn_fieldcurves_distributions(&p, &c, walls);
    bn_fieldcurves_levels(&p, &c, &plan);
    bn_fieldcurves_windows(&p, &c, &plan);
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
