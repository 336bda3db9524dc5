/* SPDX-License-Identifier: MIT
 * decoding - how well is a position read out of spike counts?
 *
 *     poisson   xhat = argmax_x sum_i [ n_i ln(T f_i(x) + T floor) - T f_i(x) ]
 * beside overlap, cosine, correlation, the population vector, and a filter that knows how
 * positions move.  Maps of a recording are made from other windows than those that are
 * decoded with them.  docs/science/decoding.md.                                  */
#include <basin/accuracy.h>
#include <basin/fieldset.h>
#include <basin/grid.h>
#include <basin/mem.h>
#include <basin/poisson.h>
#include <basin/readout.h>
#include <basin/sort.h>
#include <basin/stage.h>
#include <basin/walk.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum method { OVERLAP, COSINE, CORRELATION, POISSON, WALK, VECTOR, METHODS };
static const char *const method_name[METHODS] = { "overlap", "cosine", "correlation", "poisson",
                                                  "walk", "vector" };

static const struct bn_input inputs[] = {
    { "tuning", true, "rates of cells; positions and counts are drawn from them" },
    { "recording", true, "or recorded positions and counts: either of the two" },
};

static const struct bn_output outputs[] = {
    BN_GRID_OUTPUTS,
    { "/method", "method", "", "how positions are decoded", 0, 0, false },
    { "/true", "sample coordinate", "", "position of each window", 1e-9, 0, false },
    { "/decoded", "method sample coordinate", "", "decoded position", 1e-6, 0, false },
    { "/error", "method sample", "", "distance from the true position", 1e-6, 0, false },
    { "/median", "method", "", "median error", 1e-6, 0, false, .cite = "median" },
    { "/mean", "method", "", "mean error", 1e-6, 0, false, .cite = "mean" },
    { "/rmse", "method", "", "root-mean-square error", 1e-6, 0, false, .cite = "rms" },
    { "/p99", "method", "", "99th percentile of the error", 1e-6, 0, false,
      .cite = "worst percent" },
    { "/catastrophic", "method", "1", "share of errors above catastrophe x length", 1e-9, 0,
      false, .cite = "catastrophic" },
    { "/bits", "method", "bit", "information between true and decoded coarse bins, corrected",
      1e-9, 0, false, .cite = "information" },
    { "/bits_bias", "method", "bit", "what was subtracted (Panzeri and Treves 1996)", 1e-9, 0,
      false },
    { "/confusion", "method true_bin decoded_bin", "1", "windows by true and decoded bin", 1e-9,
      0, true },
    { "/bin", "true_bin coordinate", "", "middles of the coarse bins", 1e-12, 0, false },
    { "/posterior_bits", "", "bit", "mean relative entropy of the Poisson posterior to the "
      "even prior", 1e-9, 0, false, .cite = "posterior information" },
    { "/posterior_bits_walk", "", "bit", "the same of the filter", 1e-9, 0, false,
      .cite = "walk information" },
    { "/silent", "", "1", "share of windows without a spike", 0, 0, false, .cite = "silent" },
    { "/bound", "grid", "", "Cramer-Rao bound: least root-mean-square error of an unbiased "
      "decoder; where nothing bounds it, that of a decoder that knows nothing", 1e-9, 1e-9,
      false },
    { "/bound_median", "", "", "its median over the manifold", 1e-9, 1e-9, false,
      .cite = "bound" },
    { "/bound_none", "", "1", "share of the manifold where nothing bounds the error", 1e-9, 0,
      false, .cite = "unbounded" },
    { "/cells", "size", "1", "numbers of cells", 0, 0, false },
    { "/cells_median", "size", "", "median error of poisson, mean over random orders", 1e-6, 0,
      false },
    { "/cells_median_se", "size", "", "its standard error", 1e-6, 0, false },
    { "/cells_mean", "size", "", "mean error, mean over orders", 1e-6, 0, false },
    { "/cells_mean_se", "size", "", "its standard error", 1e-6, 0, false },
    { "/cells_p99", "size", "", "99th percentile, mean over orders", 1e-6, 0, false },
    { "/cells_catastrophic", "size", "1", "share of catastrophic errors, mean over orders",
      1e-9, 0, false },
    { "/cells_catastrophic_se", "size", "1", "its standard error", 1e-9, 0, false },
    { "/cells_bits", "size", "bit", "corrected information, mean over orders", 1e-9, 0, false },
    { "/cells_needed", "", "1", "cells at which the mean error falls to target x length", 1e-3,
      1e-6, false, .cite = "cells needed" },
    { "/cells_needed_median", "", "1", "the same of the median error", 1e-3, 1e-6, false,
      .cite = "cells needed median" },
};

static const struct bn_param params[] = {
    BN_REAL("window", "s", "0.2", 1e-4, 3600, "spikes are counted in windows of this length"),
    BN_REAL("floor", "Hz", "1e-3", 1e-9, 1e3, "rate that is added to every map by poisson"),
    BN_TEXT("methods", "", "blank-separated: overlap cosine correlation poisson walk vector; "
                           "empty: all that apply"),
    BN_REAL("peak_rate", "Hz", "15", 1e-3, 1e4, "tuning: rates are scaled to this mean of "
                                                "the maps' local maxima"),
    BN_CHOICE("maps", "input", "input single small scales", "tuning in one dimension: as it is, "
              "or as many cells with one field of its coverage, one of its mean field length, "
              "or fields of many scales (scheme 6 of Eliav et al.)"),
    BN_CHOICE("behaviour", "uniform", "uniform walk", "tuning: how positions are drawn"),
    BN_INTEGER("samples", "5000", 10, 100000000, "tuning: windows that are drawn"),
    BN_REAL("step", "1", "0", 0, 1, "standard deviation of a random step per window and "
            "direction, in lengths; 0: as recorded, or 0.01"),
    BN_REAL("jump", "1", "1e-6", 0, 1, "walk: probability of a jump to anywhere"),
    BN_INTEGER("folds", "5", 1, 1000, "recording: contiguous folds; 1: maps from the windows "
                                      "that are decoded (in-sample)"),
    BN_REAL("smoothing", "1", "1.5", 0, 1000, "recording: standard deviation of the maps' "
                                              "Gaussian, in grid steps"),
    BN_REAL("visited", "s", "0.5", 0, 1e6, "recording: places with less (smoothed) time are "
                                           "no candidates"),
    BN_REAL("speed_min", "1", "0", 0, 1e9, "recording: slower windows are left out, in the "
                                           "coordinates' unit per s; 0: none"),
    BN_REAL("catastrophe", "1", "0.05", 0, 1, "larger errors are catastrophic, in lengths"),
    BN_INTEGER("coarse", "25", 2, 10000, "coarse bins for confusion and information, about"),
    BN_REAL("fisher_floor", "Hz", "0.1", 1e-9, 1e6, "cells below this rate are left out of the "
                                                  "Cramer-Rao bound"),
    BN_INTEGER("orders", "4", 0, 10000, "random orders of cells for error against number of "
                                        "cells; 0: none"),
    BN_INTEGER("sizes", "8", 1, 100, "numbers of cells, evenly spaced in logarithm"),
    BN_INTEGER("least_cells", "5", 1, 1000000, "smallest number of cells"),
    BN_REAL("target", "1", "0.01", 0, 1, "error that cells_needed is for, in lengths"),
};

/* Static, so that dying half-way leaves nothing unreachable. */
static struct bn_axes axes;
static struct {
    struct bn_manifold manifold;
    const char *role, *unit;
    bool recorded;
    double window, floor, length;
    size_t bins, cells, dims;            /* windows, cells, D */
    struct bn_mat truth, counts;         /* [bins, D], [bins, cells] */
    bool *fresh;                         /* [bins] does not follow on the window before */
    struct bn_mat rate;                  /* [cells, P] maps of all windows, or those given */
    double *share;                       /* [P] candidates; NULL: all */
    double step;                         /* of the walk, coordinates' unit */
} s;

static struct {
    bool wanted[METHODS];
    size_t n, row[METHODS];
    struct bn_mat decoded[METHODS];      /* [bins, D] */
    double posterior, posterior_walk;    /* sums over windows */
} m;

static struct {
    size_t n, orders;
    size_t *cells;                       /* [n] */
    struct bn_mat *decoded;              /* [orders n] of [bins, D] */
} sizes;

/* --- a tuning: windows are drawn ----------------------------------------------------------- */

/* Mean of the local maxima of all maps. */
static double mean_peak(const struct bn_mat *rate)
{
    double sum = 0.0, n = 0.0;

    for (size_t i = 0; i < rate->rows; i++)
        for (size_t p = 0; p < rate->cols; p++) {
            const double f = *bn_mat_at(rate, i, p);
            bool top = f > 0.0, above = false;
            for (size_t d = 0; top && d < s.dims; d++)
                for (int by = -1; by <= 1; by += 2) {
                    const size_t q = bn_axes_step(&axes, p, d, by);
                    if (q == BN_NOWHERE)
                        continue;
                    top = top && *bn_mat_at(rate, i, q) <= f;
                    above = above || *bn_mat_at(rate, i, q) < f;
                }
            if (top && above) {
                sum += f;
                n += 1.0;
            }
        }
    return n > 0.0 ? sum / n : 0.0;
}

/* The tuning's maps, or controls in their place. */
static void choose_maps(struct bn_rng rng)
{
    struct bn_fieldset set;

    if (bn_is("maps", "input"))
        return;
    const enum bn_fieldset_kind kind = bn_is("maps", "single") ? BN_FIELDSET_SINGLE
                                     : bn_is("maps", "small") ? BN_FIELDSET_SMALL
                                                              : BN_FIELDSET_SCALES;
    const bn_status rc = bn_fieldset_of(&axes, &s.rate, &set);
    if (rc != BN_OK)
        bn_die(bn_fail_at(rc, "%s", bn_h5_path(bn_input("tuning"))));
    BN_CHECK(bn_fieldset_draw(&axes, kind, &set, rng, &s.rate));
}

static void draw(void)
{
    const bool walk = bn_is("behaviour", "walk");
    const struct bn_rng rng = bn_random();

    s.rate = bn_input_mat("tuning", "/rate");
    if (s.rate.cols != axes.points)
        BN_REFUSE(BN_INPUT, "%s: /rate has %zu points, its grid has %zu",
                  bn_h5_path(bn_input("tuning")), s.rate.cols, axes.points);
    choose_maps(bn_rng_sub(rng, "fields"));
    const double peak = mean_peak(&s.rate);
    if (!(peak > 0.0))
        BN_REFUSE(BN_INPUT, "%s: no cell has a rate with a maximum above 0: there is nothing "
                  "to decode", bn_h5_path(bn_input("tuning")));
    for (size_t k = 0; k < s.rate.rows * s.rate.cols; k++)
        s.rate.data[k] *= bn_real("peak_rate") / peak;
    s.cells = s.rate.rows;
    s.bins = bn_count("samples");
    s.step = s.length * (bn_real("step") > 0.0 ? bn_real("step") : 0.01);
    s.truth = bn_scratch(s.bins, s.dims);
    s.counts = bn_scratch(s.bins, s.cells);
    s.fresh = NULL;
    bn_walk_positions(&s.manifold, walk ? s.step : 0.0, bn_rng_sub(rng, "positions"),
                      &s.truth);
    BN_CHECK(bn_poisson_rates(&axes, &s.rate, &s.truth, &s.counts));
    BN_CHECK(bn_poisson_counts(bn_rng_sub(rng, "counts"), 0, s.window, &s.counts));
}

/* --- a recording: windows of its bins ------------------------------------------------------- */

struct behaviour {
    struct bn_mat position, counts;
    const double *time, *valid;
    size_t bins, together;               /* recorded bins, and how many make a window */
    double bin;
};

static struct behaviour read_behaviour(void)
{
    bn_h5 *f = bn_input("recording");
    const bool angle = bn_h5_kind(f, "/position") != BN_H5_DATASET
                    && s.manifold.kind == BN_RING;
    struct behaviour b;
    size_t n;

    if (bn_h5_kind(f, "/counts") != BN_H5_DATASET || bn_h5_kind(f, "/time") != BN_H5_DATASET
        || bn_h5_kind(f, angle ? "/angle" : "/position") != BN_H5_DATASET)
        BN_REFUSE(BN_INPUT, "%s has no %s or no /counts: a recording of finished curves has no "
                  "behaviour to decode", bn_h5_path(f), angle ? "/angle" : "/position");
    b.position = bn_input_mat("recording", angle ? "/angle" : "/position");
    b.counts = bn_input_mat("recording", "/counts");
    b.time = bn_input_vec("recording", "/time", &b.bins);
    b.valid = bn_input_vec("recording", "/valid", &n);
    if (b.position.cols != s.dims)
        BN_REFUSE(BN_INPUT, "%s: positions have %zu coordinates, the grid of its maps has %zu",
                  bn_h5_path(f), b.position.cols, s.dims);
    if (b.bins < 2 || n != b.bins || b.position.rows != b.bins || b.counts.rows != b.bins)
        BN_REFUSE(BN_INPUT, "%s: /time, /valid, positions and /counts have %zu, %zu, %zu and "
                  "%zu bins", bn_h5_path(f), b.bins, n, b.position.rows, b.counts.rows);
    for (size_t t = 0; t < b.bins; t++)
        for (size_t d = 0; b.valid[t] != 0.0 && d < s.dims; d++)
            if (!isfinite(*bn_mat_at(&b.position, t, d)))
                BN_REFUSE(BN_INPUT, "%s: the position at %g s is %g although /valid is 1",
                          bn_h5_path(f), b.time[t], *bn_mat_at(&b.position, t, d));
    b.bin = b.time[1] - b.time[0];
    b.together = (size_t)fmax(0.0, floor(s.window / b.bin + 0.5));
    if (b.together < 1 || fabs((double)b.together * b.bin - s.window) > 1e-6 * s.window)
        BN_REFUSE(BN_USAGE, "window = %g s is no multiple of the recording's bins of %g s: set it "
                  "to %g s, or recording.bin to a part of the window", s.window, b.bin,
                  (double)(b.together + (b.together < 1)) * b.bin);
    return b;
}

/* Position in the middle of the bins from t on. */
static void middle(const struct behaviour *b, size_t t, double *c)
{
    const double *low = bn_mat_row(&b->position, t + (b->together - 1) / 2);
    const double *high = bn_mat_row(&b->position, t + b->together / 2);
    double d[BN_DIMENSIONS];

    memcpy(c, low, s.dims * sizeof *c);
    bn_manifold_displacement(&s.manifold, low, high, d);
    for (size_t k = 0; k < s.dims; k++)
        d[k] *= 0.5;
    if (b->together % 2 == 0)
        bn_manifold_move(&s.manifold, low, d, c);
    bn_manifold_wrap(&s.manifold, c);
}

/* Are the bins from t on tracked, without a gap, and fast enough? */
static bool usable(const struct behaviour *b, size_t t, double speed_min)
{
    const size_t last = t + b->together - 1;

    if (last >= b->bins || b->time[last] - b->time[t] > s.window - 0.5 * b->bin)
        return false;
    for (size_t k = t; k <= last; k++)
        if (b->valid[k] == 0.0)
            return false;
    if (speed_min <= 0.0)
        return true;
    const size_t from = t > 0 ? t - 1 : t, to = last + 1 < b->bins ? last + 1 : last;
    return bn_manifold_distance(&s.manifold, bn_mat_row(&b->position, from),
                                bn_mat_row(&b->position, to))
        >= speed_min * (b->time[to] - b->time[from]);
}

static void gather(void)
{
    const struct behaviour b = read_behaviour();
    const double speed_min = bn_real("speed_min");
    const size_t most = b.bins / b.together, folds = bn_count("folds");
    size_t before = SIZE_MAX;

    s.cells = b.counts.cols;
    s.truth = bn_scratch(most, s.dims);
    s.counts = bn_scratch(most, s.cells);
    s.fresh = bn_alloc(most, sizeof *s.fresh);
    if (s.fresh == NULL)
        bn_die(BN_NOMEM);
    bn_stage_own(s.fresh);
    for (size_t t = 0; t + b.together <= b.bins;) {
        if (!usable(&b, t, speed_min)) {
            t++;
            continue;
        }
        middle(&b, t, bn_mat_row(&s.truth, s.bins));
        for (size_t k = 0; k < b.together; k++)
            for (size_t i = 0; i < s.cells; i++)
                *bn_mat_at(&s.counts, s.bins, i) += *bn_mat_at(&b.counts, t + k, i);
        s.fresh[s.bins++] = before != t;
        before = t += b.together;
    }
    s.truth.rows = s.counts.rows = s.bins;
    if (s.bins < 2 * folds || s.bins < 10)
        BN_REFUSE(BN_INPUT, "%s: %zu windows of %g s can be used, too few for %zu folds",
                  bn_h5_path(bn_input("recording")), s.bins, s.window, folds);
}

/* Maps of the windows outside [from, to); places that count as visited. */
static void train(size_t from, size_t to, struct bn_mat *rate, double *share)
{
    const double steps = bn_real("smoothing");
    const double grid = pow(bn_manifold_extent(&s.manifold) / (double)axes.points,
                            1.0 / (double)s.dims);
    bool *use = bn_alloc(s.bins, sizeof *use), *known = bn_alloc(axes.points, sizeof *known);
    double *seconds = bn_alloc(axes.points, sizeof *seconds);
    bn_status rc = BN_NOMEM;

    bn_manifold_quadrature(&s.manifold, share);
    if (use != NULL && known != NULL && seconds != NULL) {
        const struct bn_poisson_data data = { &s.truth, &s.counts, use, s.window, steps * grid,
                                              bn_real("visited") };
        for (size_t t = 0; t < s.bins; t++)
            use[t] = t < from || t >= to;
        rc = bn_poisson_maps(&axes, &data, rate, seconds, known);
        for (size_t p = 0; p < axes.points; p++)
            share[p] = known[p] ? share[p] : 0.0;
    }
    free(use);
    free(known);
    free(seconds);
    BN_CHECK(rc);
}

/* Root-mean-square step per direction between windows that follow on each other. */
static double recorded_step(size_t from, size_t to)
{
    double sum = 0.0, n = 0.0;

    for (size_t t = 1; t < s.bins; t++)
        if (!s.fresh[t] && (t < from || t >= to)) {
            sum += pow(bn_manifold_distance(&s.manifold, bn_mat_row(&s.truth, t - 1),
                                            bn_mat_row(&s.truth, t)), 2);
            n += (double)s.dims;
        }
    return sum > 0.0 ? sqrt(sum / n) : 0.01 * s.length;
}

/* --- methods ---------------------------------------------------------------------------------- */

static void choose(void)
{
    const char *text = bn_text("methods");
    const bool moves = s.recorded || bn_is("behaviour", "walk");

    for (size_t k = 0; k < METHODS; k++)
        m.wanted[k] = text[0] == '\0' && (k != WALK || moves)
                   && (k != VECTOR || bn_manifold_periodic(&s.manifold));
    for (const char *p = text; *p != '\0';) {
        const size_t length = strcspn(p, " ");
        size_t k = 0;
        while (length > 0 && k < METHODS
               && (strlen(method_name[k]) != length || strncmp(p, method_name[k], length) != 0))
            k++;
        if (length > 0 && k == METHODS)
            BN_REFUSE(BN_USAGE, "methods = \"%s\": there is no %.*s; there are overlap, cosine, "
                      "correlation, poisson, walk and vector", text, (int)length, p);
        if (length > 0)
            m.wanted[k] = true;
        p += length + strspn(p + length, " ");
    }
    for (size_t k = 0; k < METHODS; k++)
        if (m.wanted[k]) {
            m.row[m.n++] = k;
            m.decoded[k] = bn_scratch(s.bins, s.dims);
        }
}

static void order_sizes(void)
{
    const size_t most = bn_count("sizes"), least = bn_count("least_cells");

    sizes.orders = bn_count("orders");
    sizes.cells = bn_alloc(most, sizeof *sizes.cells);
    sizes.decoded = bn_alloc(most * sizes.orders + 1, sizeof *sizes.decoded);
    if (sizes.cells == NULL || sizes.decoded == NULL)
        bn_die(BN_NOMEM);
    bn_stage_own(sizes.cells);
    bn_stage_own(sizes.decoded);
    for (size_t k = 0; sizes.orders > 0 && k < most; k++) {
        const double low = (double)(least < s.cells ? least : s.cells);
        const double share = most > 1 ? (double)k / (double)(most - 1) : 1.0;
        const size_t n = (size_t)floor(low * pow((double)s.cells / low, share) + 0.5);
        if (sizes.n == 0 || n > sizes.cells[sizes.n - 1])
            sizes.cells[sizes.n++] = n;
    }
    for (size_t k = 0; k < sizes.n * sizes.orders; k++)
        sizes.decoded[k] = bn_scratch(s.bins, s.dims);
}

/* Rows [from, to) of a matrix, in place. */
static struct bn_mat part(const struct bn_mat *a, size_t from, size_t to)
{
    return (struct bn_mat){ to - from, a->cols, bn_mat_row(a, from) };
}

static void decode_walk(const struct bn_read_maps *maps, size_t from, size_t to)
{
    const struct bn_mat counts = part(&s.counts, from, to);
    struct bn_mat to_fill = part(&m.decoded[WALK], from, to);
    double *bits = bn_alloc(counts.rows, sizeof *bits);
    bn_readout *r = NULL;
    bn_walk *w = NULL;
    bn_status rc = bits == NULL ? BN_NOMEM : bn_readout_new(&r, BN_READ_POISSON, maps, NULL);

    if (rc == BN_OK)
        rc = bn_walk_new(&w, &axes, bn_readout_prior(r), s.step, bn_real("jump"));
    if (rc == BN_OK)
        rc = bn_walk_filter(w, r, &counts, s.fresh != NULL ? s.fresh + from : NULL, &to_fill,
                            bits);
    for (size_t t = 0; rc == BN_OK && t < counts.rows; t++)
        m.posterior_walk += bits[t];
    bn_walk_free(w);
    bn_readout_free(r);
    free(bits);
    BN_CHECK(rc);
}

static void decode_kind(enum method k, const struct bn_read_maps *maps, size_t from, size_t to)
{
    static const enum bn_readout_kind kind[] = { BN_READ_OVERLAP, BN_READ_COSINE,
                                                 BN_READ_CORRELATION, BN_READ_POISSON };
    const struct bn_mat counts = part(&s.counts, from, to);
    struct bn_mat x = part(&m.decoded[k], from, to), bits = { 0 };
    bn_readout *r;

    BN_CHECK(bn_readout_new(&r, kind[k], maps, NULL));
    bn_status rc = bn_mat_alloc(&bits, 1, counts.rows);
    if (rc == BN_OK)
        rc = bn_readout_decode(r, &counts, &x, k == POISSON ? &bits : NULL);
    for (size_t t = 0; rc == BN_OK && t < counts.rows; t++)
        m.posterior += bits.data[t];
    bn_mat_free(&bits);
    bn_readout_free(r);
    BN_CHECK(rc);
}

/* Nested sets of cells, each order at one go. */
static void decode_sizes(const struct bn_read_maps *maps, size_t from, size_t to)
{
    const struct bn_mat counts = part(&s.counts, from, to);
    size_t *order = bn_alloc(s.cells, sizeof *order);
    struct bn_mat *x = bn_alloc(sizes.n + 1, sizeof *x);
    bn_status rc = order == NULL || x == NULL ? BN_NOMEM : BN_OK;

    for (size_t o = 0; rc == BN_OK && sizes.n > 0 && o < sizes.orders; o++) {
        const struct bn_nested nested = { order, sizes.cells, sizes.n };
        bn_readout *r;
        bn_rng_permutation(bn_rng_sub(bn_random(), "orders"), o, order, s.cells);
        for (size_t k = 0; k < sizes.n; k++)
            x[k] = part(&sizes.decoded[o * sizes.n + k], from, to);
        rc = bn_readout_new(&r, BN_READ_POISSON, maps, &nested);
        if (rc == BN_OK)
            rc = bn_readout_decode(r, &counts, x, NULL);
        bn_readout_free(r);
    }
    free(order);
    free(x);
    BN_CHECK(rc);
}

static void decode(const struct bn_mat *rate, const double *share, size_t from, size_t to)
{
    const struct bn_read_maps maps = { &axes, rate, share, s.window, s.floor };
    const struct bn_mat counts = part(&s.counts, from, to);

    for (size_t k = OVERLAP; k <= POISSON; k++)
        if (m.wanted[k])
            decode_kind((enum method)k, &maps, from, to);
    if (m.wanted[VECTOR]) {
        struct bn_mat x = part(&m.decoded[VECTOR], from, to);
        BN_CHECK(bn_readout_vector(&maps, &counts, &x));
    }
    if (m.wanted[WALK])
        decode_walk(&maps, from, to);
    decode_sizes(&maps, from, to);
}

static void decode_recording(void)
{
    const size_t folds = bn_count("folds");
    struct bn_mat rate = bn_scratch(s.cells, axes.points);
    double *share = bn_scratch_vec(axes.points);

    for (size_t k = 0; k < folds; k++) {
        const size_t from = k * s.bins / folds, to = (k + 1) * s.bins / folds;
        const size_t kept = folds > 1 ? to : from;        /* one fold: nothing is held out */
        train(from, kept, &rate, share);
        s.step = bn_real("step") > 0.0 ? bn_real("step") * s.length
                                       : recorded_step(from, kept);
        if (s.fresh != NULL)
            s.fresh[from] = true;
        decode(&rate, share, from, to);
        bn_progress((double)(k + 1) / (double)folds);
    }
    s.rate = rate;
    s.share = share;
    train(0, 0, &s.rate, s.share);
}

/* --- what came out ---------------------------------------------------------------------- */

static void put(const char *name, const double *x, struct bn_shape shape)
{
    bn_output_array(name, x, shape);
    bn_output_attribute(name, "units", s.unit);
}

struct outcome {
    struct bn_accuracy a;
    double bits, bias;
};

static struct outcome judge(const struct bn_mat *decoded, const struct bn_coarse *coarse,
                            double *error, struct bn_mat *confusion)
{
    struct outcome o;

    bn_accuracy_errors(&s.manifold, &s.truth, decoded, error);
    bn_accuracy_confusion(&s.manifold, coarse, &s.truth, decoded, confusion);
    BN_CHECK(bn_accuracy_of(error, s.bins, bn_real("catastrophe") * s.length, &o.a));
    BN_CHECK(bn_accuracy_bits(confusion, &o.bits, &o.bias));
    return o;
}

static void write_methods(const struct bn_coarse *coarse)
{
    const size_t cells = coarse->bins * coarse->bins;
    double *decoded = bn_scratch_vec(m.n * s.bins * s.dims);
    double *error = bn_scratch_vec(m.n * s.bins), *confusion = bn_scratch_vec(m.n * cells);
    double x[8][METHODS];
    const char *name[METHODS];
    static const char *const of[] = { "/median", "/mean", "/rmse", "/p99" };

    for (size_t k = 0; k < m.n; k++) {
        struct bn_mat c = { coarse->bins, coarse->bins, confusion + k * cells };
        const struct bn_mat *d = &m.decoded[m.row[k]];
        const struct outcome o = judge(d, coarse, error + k * s.bins, &c);
        const double all[] = { o.a.median, o.a.mean, o.a.rmse, o.a.p99, o.a.far,
                               o.bits - o.bias, o.bias };
        memcpy(decoded + k * s.bins * s.dims, d->data, s.bins * s.dims * sizeof(double));
        for (size_t j = 0; j < BN_LEN(all); j++)
            x[j][k] = all[j];
        name[k] = method_name[m.row[k]];
    }
    bn_output_texts("/method", name, m.n);
    put("/true", s.truth.data, bn_shape2(s.bins, s.dims));
    put("/decoded", decoded, bn_shape3(m.n, s.bins, s.dims));
    put("/error", error, bn_shape2(m.n, s.bins));
    for (size_t j = 0; j < BN_LEN(of); j++)
        put(of[j], x[j], bn_shape1(m.n));
    bn_output_vec("/catastrophic", x[4], m.n);
    bn_output_vec("/bits", x[5], m.n);
    bn_output_vec("/bits_bias", x[6], m.n);
    bn_output_array("/confusion", confusion, bn_shape3(m.n, coarse->bins, coarse->bins));
    if (m.wanted[POISSON])
        bn_output_number("/posterior_bits", m.posterior / (double)s.bins);
    if (m.wanted[WALK])
        bn_output_number("/posterior_bits_walk", m.posterior_walk / (double)s.bins);
}

static void write_bins(const struct bn_coarse *coarse)
{
    struct bn_mat bin = bn_scratch(coarse->bins, s.dims);
    double silent = 0.0;

    for (size_t k = 0; k < coarse->bins; k++)
        bn_coarse_middle(&s.manifold, coarse, k, bn_mat_row(&bin, k));
    put("/bin", bin.data, bn_shape2(bin.rows, bin.cols));
    for (size_t t = 0; t < s.bins; t++) {
        double spikes = 0.0;
        for (size_t i = 0; i < s.cells; i++)
            spikes += *bn_mat_at(&s.counts, t, i);
        silent += spikes > 0.0 ? 0.0 : 1.0;
    }
    bn_output_number("/silent", silent / (double)s.bins);
}

/* Root-mean-square distance from c to everywhere: knowing nothing.  On closed manifolds it is
 * the same for every c. */
static double ignorance(const double *weight, const double *c)
{
    double to[BN_DIMENSIONS], sum = 0.0;

    for (size_t d = 0; !bn_manifold_closed(&s.manifold) && d < s.dims; d++) {
        const double side = s.manifold.size[d];
        sum += side * side / 12.0 + (c[d] - 0.5 * side) * (c[d] - 0.5 * side);
    }
    for (size_t q = 0; bn_manifold_closed(&s.manifold) && q < axes.points; q++) {
        bn_manifold_point(&s.manifold, q, to);
        sum += weight[q] * pow(bn_manifold_distance(&s.manifold, c, to), 2);
    }
    return sqrt(sum);
}

static void write_bound(void)
{
    struct bn_mat fisher = bn_scratch(axes.points, s.dims * s.dims);
    double *bound = bn_scratch_vec(axes.points), *sorted = bn_scratch_vec(axes.points);
    double *weight = bn_scratch_vec(axes.points), none = 0.0, unknown = 0.0;
    size_t n = 0;

    BN_CHECK(bn_poisson_fisher(&axes, &s.rate, s.window, bn_real("fisher_floor"), &fisher));
    bn_manifold_quadrature(&s.manifold, weight);
    for (size_t p = 0; p < axes.points; p++) {
        double c[BN_DIMENSIONS];
        bn_manifold_point(&s.manifold, p, c);
        bound[p] = bn_poisson_bound(bn_mat_row(&fisher, p), s.dims);
        /* A Fisher information of almost 0 bounds nothing either. */
        if (p == 0 || !bn_manifold_closed(&s.manifold))
            unknown = ignorance(weight, c);
        if (!(bound[p] < unknown)) {
            none += weight[p];
            bound[p] = unknown;
        }
        if (bn_manifold_inside(&s.manifold, c) && (s.share == NULL || s.share[p] > 0.0))
            sorted[n++] = bound[p];
    }
    bn_sort(sorted, n);
    put("/bound", bound, bn_shape1(axes.points));
    put("/bound_median", &sorted[n / 2], (struct bn_shape){ 0 });
    bn_output_number("/bound_none", none);
}

enum { MEDIAN, MEDIAN_SE, MEAN, MEAN_SE, P99, FAR, FAR_SE, BITS, COLUMNS };

/* Means over orders and their standard errors, [COLUMNS][sizes.n]. */
static void over_orders(const struct bn_coarse *coarse, double *x)
{
    struct bn_mat confusion = bn_scratch(coarse->bins, coarse->bins);
    double *error = bn_scratch_vec(s.bins);
    const double n = (double)sizes.orders;
    static const size_t column[] = { MEDIAN, MEAN, P99, FAR, BITS };

    for (size_t k = 0; k < sizes.n; k++) {
        double sum[5] = { 0 }, square[5] = { 0 };
        for (size_t o = 0; o < sizes.orders; o++) {
            const struct outcome r = judge(&sizes.decoded[o * sizes.n + k], coarse, error,
                                           &confusion);
            const double all[5] = { r.a.median, r.a.mean, r.a.p99, r.a.far, r.bits - r.bias };
            for (size_t j = 0; j < 5; j++) {
                sum[j] += all[j] / n;
                square[j] += all[j] * all[j] / n;
            }
        }
        for (size_t j = 0; j < 5; j++) {
            const double var = fmax(0.0, square[j] - sum[j] * sum[j]);
            x[column[j] * sizes.n + k] = sum[j];
            if (column[j] != P99 && column[j] != BITS)
                x[(column[j] + 1) * sizes.n + k] = n > 1.0 ? sqrt(var / (n - 1.0)) : 0.0;
        }
    }
}

static void needed(const char *name, const double *cells, const double *error)
{
    double at;

    if (bn_accuracy_crossing(cells, error, sizes.n, bn_real("target") * s.length, &at))
        bn_output_number(name, at);
    else
        bn_say("%s is left out: the error does not fall to %g %s between %g and %g cells",
               name + 1, bn_real("target") * s.length, s.unit, cells[0], cells[sizes.n - 1]);
}

static void write_sizes(const struct bn_coarse *coarse)
{
    static const struct { const char *name; bool distance; } of[COLUMNS] = {
        { "/cells_median", true }, { "/cells_median_se", true }, { "/cells_mean", true },
        { "/cells_mean_se", true }, { "/cells_p99", true }, { "/cells_catastrophic", false },
        { "/cells_catastrophic_se", false }, { "/cells_bits", false },
    };
    double *x = bn_scratch_vec(COLUMNS * sizes.n), *cells = bn_scratch_vec(sizes.n);

    for (size_t k = 0; k < sizes.n; k++)
        cells[k] = (double)sizes.cells[k];
    over_orders(coarse, x);
    bn_output_vec("/cells", cells, sizes.n);
    for (size_t j = 0; j < COLUMNS; j++) {
        bn_output_vec(of[j].name, x + j * sizes.n, sizes.n);
        if (of[j].distance)
            bn_output_attribute(of[j].name, "units", s.unit);
    }
    needed("/cells_needed", cells, x + MEAN * sizes.n);
    needed("/cells_needed_median", cells, x + MEDIAN * sizes.n);
}

static void run(void)
{
    s.recorded = bn_has_input("recording");
    if (s.recorded == bn_has_input("tuning"))
        BN_REFUSE(BN_USAGE, "give one population: --in tuning=... or --in recording=..., not %s",
                  s.recorded ? "both" : "neither");
    s.role = s.recorded ? "recording" : "tuning";
    s.manifold = bn_manifold_read(s.role);
    s.unit = bn_manifold_unit(s.role);
    s.dims = s.manifold.dimensions;
    s.length = bn_accuracy_length(&s.manifold);
    s.window = bn_real("window");
    s.floor = bn_real("floor");
    BN_CHECK(bn_axes_new(&axes, &s.manifold));
    if (s.recorded)
        gather();
    else
        draw();
    choose();
    order_sizes();
    if (s.recorded)
        decode_recording();
    else
        decode(&s.rate, NULL, 0, s.bins);
    bn_progress(0.9);
    const struct bn_coarse coarse = bn_coarse_make(&s.manifold, bn_count("coarse"));
    bn_manifold_write(&s.manifold, s.unit);
    write_methods(&coarse);
    write_bins(&coarse);
    write_bound();
    if (sizes.n > 0)
        write_sizes(&coarse);
    bn_axes_free(&axes);
}

const struct bn_stage bn_stage = {
    .name = "decoding",
    .summary = "positions read out of spike counts, and how well that can be done",
    .details = "From a tuning, positions are drawn (evenly, or as a random walk), and Poisson "
               "counts of windows from its rates, scaled to peak_rate; they are decoded with "
               "the same rates. maps puts populations with other arrangements of fields in their "
               "place. From a recording, maps are made from the windows outside of a "
               "fold and the fold is decoded with them; places that were not visited are no "
               "candidates.\n"
               "\n"
               "overlap, cosine and correlation compare the counts with the population's "
               "rates at each place; poisson is maximum likelihood; walk is the largest "
               "posterior of a filter with a Gaussian random walk; vector is the population "
               "vector, where coordinates come round. All are refined between grid points. "
               "Errors are distances on the manifold; lengths are extent^(1/dimensions).",
    .inputs = inputs, .n_inputs = BN_LEN(inputs),
    .outputs = outputs, .n_outputs = BN_LEN(outputs),
    .params = params, .n_params = BN_LEN(params),
    .random = true,
    .run = run,
    .resources = { .hours = 1, .memory = 4 },
};
