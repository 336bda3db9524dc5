/* SPDX-License-Identifier: MIT
 * topology - what manifold does a population represent?
 *
 * Points in the space of rates (a point per position) or of states (a point per time), along
 * their principal components: bars of persistent homology, Betti numbers, and which eigenvalues
 * of the population covariance are equal.  docs/science/topology.md.          */
#include <basin/betti.h>
#include <basin/grid.h>
#include <basin/gridscore.h>
#include <basin/multiplets.h>
#include <basin/summarise.h>

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { SHOWN = 6, MOST_GROUPS = 512, NAMED = 6 };

static const struct bn_input inputs[] = {
    { "tuning", true, "rates at every point of a manifold" },
    { "activity", true, "or the states of a network (activity with states = yes)" },
    { "recording", true, "or a recording: its rates, or its counts" },
};

static const struct bn_output outputs[] = {
    { "/bar0", "piece end", "1", "components: birth and death, the distance at which they come "
      "and go, longest first; a death at /radius: still there", 1e-9, 1e-6, false },
    { "/bar1", "loop end", "1", "loops", 1e-9, 1e-6, false },
    { "/bar2", "cavity end", "1", "cavities", 1e-9, 1e-6, false },
    { "/betti", "dimension", "1", "number of bars longer than /bound; components: and the one "
      "that stays", 0, 0, false },
    { "/bound", "dimension", "1", "larger of twice the cover and the longest bar of all "
      "surrogates", 1e-9, 1e-6, false },
    { "/surrogate", "draw dimension", "1", "longest bar of each surrogate", 1e-9, 1e-6,
      false },
    { "/radius", "", "1", "distance up to which there are bars", 1e-9, 1e-6, false,
      .cite = "radius" },
    { "/cover", "", "1", "largest distance of a point to its landmark", 1e-9, 1e-6, false,
      .cite = "cover" },
    { "/landmark", "landmark", "1", "which points are landmarks: rows of /score", 0, 0, false },
    { "/score", "point component", "1", "points that are left, along the leading principal "
      "components, per sqrt N", 1e-6, 1e-6, false },
    { "/eigenvalue", "mode", "1", "of the covariance between points, per neuron: the constant, "
      "then the others, descending", 1e-9, 1e-6, false },
    { "/mode_group", "mode", "1", "which group of equal eigenvalues it belongs to; -1: none "
      "that is complete", 0, 0, false },
    { "/multiplicity", "group", "1", "how many eigenvalues are equal; the constant comes first",
      0, 0, false },
    { "/group_value", "group", "1", "their mean", 1e-9, 1e-6, false },
    { "/group_sd", "group", "1", "their standard deviation over their mean", 1e-6, 1e-3, false },
    { "/group_expected", "group", "1", "what so many cells make of equal eigenvalues", 1e-9,
      1e-6, false },
    { "/azimuth", "azimuth", "rad", "difference of azimuth (torus, sphere)", 1e-12, 0, false },
    { "/equator", "azimuth", "1", "correlation of the population's rates that far apart, at the "
      "pitch nearest 0", 1e-9, 1e-9, false },
    { "/pole", "azimuth", "1", "the same at the pitch nearest pi/2", 1e-9, 1e-9, false },
    { "/pitch", "pitch", "rad", "pitch (torus)", 1e-12, 0, false },
    { "/inverted", "pitch", "1", "correlation of the rates at (azimuth, pitch) and (azimuth + pi, "
      "pi - pitch), where the snout points the same way, mean over azimuths", 1e-9, 1e-9, false },
    { "/grid_score", "neuron", "1", "how hexagonal the map of each neuron repeats (grid_scores)",
      1e-6, 0, false },
    { "/grid_spacing", "neuron", "1", "distance between its neighbouring peaks, in the unit of "
      "the map; 0: nothing repeats", 1e-6, 1e-6, false },
    { "/verdict", "outcome", "1", "circle, torus, hexagonal torus, sphere or none", 0, 0, false },
    BN_SUMMARY_OUTPUTS,
};

static const struct bn_param params[] = {
    BN_INTEGER("components", "6", 1, 1000, "principal components that span the cloud"),
    BN_CHOICE("scale", "none", "none deviation", "divide each neuron by its standard deviation "
              "over points, so that the fast ones do not count more"),
    BN_INTEGER("eigenvalues", "40", 1, MOST_GROUPS - 2, "of the covariance, but for the "
               "constant; at most a quarter of the cells'"),
    BN_CHOICE("distance", "euclidean", "euclidean cosine geodesic", "between points: straight, "
              "between directions from the mean, or through a graph of neighbours"),
    BN_INTEGER("neighbours", "10", 1, 1000, "of a point, for the graph and for the density"),
    BN_REAL("sparse", "1", "0", 0, 0.9, "share of the points, those in thin places, left out"),
    BN_INTEGER("landmarks", "200", 2, BN_HOMOLOGY_POINTS, "points that carry the bars"),
    BN_INTEGER("dimension", "2", 0, BN_HOMOLOGY_TOP, "highest dimension of bars"),
    BN_REAL("radius", "1", "0", 0, 1e12, "distance up to which there are bars; 0: until nothing "
            "changes any more"),
    BN_INTEGER("surrogates", "9", 0, 1000, "Gaussian clouds that bars must be longer than"),
    BN_REAL("memory", "MB", "1000", 1, 1e6, "most that the bars of one cloud may take"),
    BN_FLAG("even", "no", "torus: take the part of the rates that (azimuth + pi, pi - pitch) "
            "does not change, all that a snout's direction tells"),
    BN_CHOICE("grid_scores", "none", "none periodic walls", "of each neuron's map on a torus, a "
              "hexagon or a plane box: the map goes on beyond its ends, or is an arena with "
              "walls"),
    BN_REAL("discard", "s", "0.5", 0, 1e6, "activity: time left out of each trajectory's start"),
    BN_CHOICE("recorded", "rates", "rates counts", "recording: which of the two"),
    BN_REAL("window", "s", "0.5", 1e-3, 1e3, "counts: time in which spikes are counted; a point "
            "is the square roots of the counts"),
    BN_INTEGER("points", "4000", 10, 100000, "activity, counts: most points; of more, equally "
               "spaced ones"),
};

struct points {
    struct bn_mat rate;                  /* [N, P] */
    double *weight;                      /* [P] */
    struct bn_manifold m;                /* dimensions 0: times, not positions */
};

/* --- the points ---------------------------------------------------------------------------- */

static double *equal_weights(size_t n)
{
    double *w = bn_scratch_vec(n);

    for (size_t k = 0; k < n; k++)
        w[k] = 1.0 / (double)n;
    return w;
}

static struct points of_curves(const char *role)
{
    struct points p = { .rate = bn_input_mat(role, "/rate"), .m = bn_manifold_read(role) };

    if (bn_manifold_points(&p.m) != p.rate.cols)
        BN_REFUSE(BN_INPUT, "%s: /rate has %zu columns for %zu points",
                  bn_h5_path(bn_input(role)), p.rate.cols, bn_manifold_points(&p.m));
    if (p.m.kind == BN_RING)             /* copies are no cells more */
        p.rate.rows = bn_manifold_cells(role, p.rate.rows);
    p.weight = bn_scratch_vec(p.rate.cols);
    bn_manifold_quadrature(&p.m, p.weight);
    return p;
}

/* Row r of a matrix as point k. */
static void put_point(struct points *p, size_t k, const double *row)
{
    for (size_t i = 0; i < p->rate.rows; i++)
        *bn_mat_at(&p->rate, i, k) = row[i];
}

static struct points of_states(void)
{
    bn_h5 *f = bn_input("activity");
    size_t times, from = 0;
    struct bn_shape s;

    if (bn_h5_kind(f, "/states") != BN_H5_DATASET)
        BN_REFUSE(BN_INPUT, "%s: no /states: set states = yes in activity", bn_h5_path(f));
    BN_CHECK(bn_h5_shape(f, "/states", &s));
    const double *time = bn_input_vec("activity", "/time", &times), discard = bn_real("discard");
    if (s.rank != 3 || s.dim[1] != times)
        BN_REFUSE(BN_INPUT, "%s: /states is not [trajectory, %zu times, neuron]", bn_h5_path(f),
                  times);
    while (from < times && time[from] < discard)
        from++;
    if (from == times)
        BN_REFUSE(BN_USAGE, "discard = %g s leaves nothing of trajectories of %g s", discard,
                  time[times - 1]);
    const size_t all = s.dim[0] * (times - from), most = bn_count("points");
    const size_t count = all < most ? all : most;
    struct points p = { .rate = bn_scratch(s.dim[2], count), .weight = equal_weights(count) };
    struct bn_mat trial = bn_scratch(times, s.dim[2]);
    for (size_t k = 0, last = s.dim[0]; k < count; k++) {
        const size_t at = k * all / count, row = at / (times - from);
        if (row != last)
            BN_CHECK(bn_h5_read_rows(f, "/states", last = row, 1, trial.data));
        put_point(&p, k, bn_mat_row(&trial, from + at % (times - from)));
    }
    return p;
}

static struct points of_counts(void)
{
    size_t times;
    const struct bn_mat counts = bn_input_mat("recording", "/counts");
    const double *time = bn_input_vec("recording", "/time", &times), window = bn_real("window");

    if (times != counts.rows || times < 2)
        BN_REFUSE(BN_INPUT, "%s: /counts has %zu rows for %zu times",
                  bn_h5_path(bn_input("recording")), counts.rows, times);
    const double bin = (time[times - 1] - time[0]) / (double)(times - 1);
    const size_t bins = (size_t)fmax(1.0, round(window / bin)), all = times / bins;
    const size_t most = bn_count("points"), count = all < most ? all : most;
    if (fabs((double)bins * bin - window) > 1e-6 * window)
        BN_REFUSE(BN_USAGE, "window = %g s is no multiple of the recording's bins of %g s: set it "
                  "to %g s, or recording.bin to a part of the window", window, bin,
                  (double)bins * bin);
    if (count < 10)
        BN_REFUSE(BN_USAGE, "%zu windows of %g s in the recording: at least 10 are needed", all,
                  window);
    struct points p = { .rate = bn_scratch(counts.cols, count), .weight = equal_weights(count) };
    double *sum = bn_scratch_vec(counts.cols);
    for (size_t k = 0; k < count; k++) {
        memset(sum, 0, counts.cols * sizeof *sum);
        for (size_t t = 0; t < bins; t++)
            for (size_t i = 0; i < counts.cols; i++)
                sum[i] += *bn_mat_at(&counts, k * all / count * bins + t, i);
        for (size_t i = 0; i < counts.cols; i++)
            sum[i] = sqrt(sum[i]);
        put_point(&p, k, sum);
    }
    return p;
}

static struct points read_points(void)
{
    const int given = bn_has_input("tuning") + bn_has_input("activity")
                      + bn_has_input("recording");

    if (given != 1)
        BN_REFUSE(BN_USAGE, "%d populations given: one is needed, --in tuning=..., activity=... or "
                  "recording=...", given);
    struct points p = bn_has_input("activity") ? of_states()
                      : bn_has_input("tuning") ? of_curves("tuning")
                      : bn_is("recorded", "counts") ? of_counts() : of_curves("recording");
    if (p.rate.rows < 2 || p.rate.cols < 4)
        BN_REFUSE(BN_INPUT, "%zu neurons at %zu points: at least 2 and 4 are needed",
                  p.rate.rows, p.rate.cols);
    for (size_t k = 0; k < p.rate.rows * p.rate.cols; k++)
        if (!isfinite(p.rate.data[k]))
            BN_REFUSE(BN_INPUT, "neuron %zu, point %zu: %g is no rate", k / p.rate.cols,
                      k % p.rate.cols, p.rate.data[k]);
    return p;
}

/* --- torus and sphere ------------------------------------------------------------------------ */

/* The point with the same snout on a torus of azimuth and pitch, head upside down. */
static size_t inverted(const struct bn_manifold *m, size_t k)
{
    const size_t a = k / m->count[1], b = k % m->count[1];
    const size_t to_a = (a + m->count[0] / 2) % m->count[0];
    const size_t to_b = (m->count[1] + m->count[1] / 2 - b) % m->count[1];

    return to_a * m->count[1] + to_b;
}

static bool has_inverted(const struct points *p)
{
    return p->m.dimensions == 2 && p->m.kind == BN_TORUS && p->m.count[0] % 2 == 0
           && p->m.count[1] % 2 == 0;
}

static void keep_even(struct points *p)
{
    struct bn_mat half = bn_scratch(p->rate.rows, p->rate.cols);

    if (!has_inverted(p))
        BN_REFUSE(BN_USAGE, "even = yes needs rates on a torus with even numbers of points along "
                  "azimuth and pitch");
    for (size_t i = 0; i < half.rows; i++)
        for (size_t k = 0; k < half.cols; k++)
            *bn_mat_at(&half, i, k) = 0.5 * (*bn_mat_at(&p->rate, i, k)
                                      + *bn_mat_at(&p->rate, i, inverted(&p->m, k)));
    p->rate = half;
}

struct centred {
    const struct points *p;
    double *mean, variance;              /* [N]; mean over points and neurons */
};

static struct centred centre(const struct points *p)
{
    struct centred c = { p, bn_scratch_vec(p->rate.rows), 0.0 };

    for (size_t i = 0; i < p->rate.rows; i++) {
        const double *r = bn_mat_row(&p->rate, i);
        c.mean[i] = bn_dot(p->rate.cols, p->weight, r);
        for (size_t k = 0; k < p->rate.cols; k++)
            c.variance += p->weight[k] * (r[k] - c.mean[i]) * (r[k] - c.mean[i])
                          / (double)p->rate.rows;
    }
    return c;
}

/* C(a, b) over the mean of C(p, p). */
static double correlation(const struct centred *c, size_t a, size_t b)
{
    const struct bn_mat *r = &c->p->rate;
    double s = 0.0;

    for (size_t i = 0; i < r->rows; i++)
        s += (*bn_mat_at(r, i, a) - c->mean[i]) * (*bn_mat_at(r, i, b) - c->mean[i]);
    return s / (double)r->rows / c->variance;
}

/* Along the circle of equal pitch nearest to `pitch`, mean over starting azimuths, relative to
 * the variance there.                                                        */
static void along(const struct centred *c, double pitch, double *r)
{
    const struct bn_manifold *m = &c->p->m;
    size_t best = 0;
    double least = INFINITY;

    for (size_t b = 0; b < m->count[1]; b++) {
        double x[BN_DIMENSIONS];
        bn_manifold_point(m, b, x);
        if (fabs(x[1] - pitch) < least - 1e-9) {
            least = fabs(x[1] - pitch);
            best = b;
        }
    }
    for (size_t d = 0; d < m->count[0]; d++) {
        r[d] = 0.0;
        for (size_t a = 0; a < m->count[0]; a++)
            r[d] += correlation(c, a * m->count[1] + best,
                                (a + d) % m->count[0] * m->count[1] + best)
                    / (double)m->count[0];
    }
    for (size_t d = m->count[0]; d-- > 0;)
        r[d] /= r[0];
}

static double least_of(const double *r, size_t n)
{
    double least = r[0];

    for (size_t k = 1; k < n; k++)
        least = fmin(least, r[k]);
    return least;
}

/* Neurons that do not change stay as they are: they have no part in distances. */
static void divide_by_deviation(struct points *p)
{
    struct bn_mat scaled = bn_scratch(p->rate.rows, p->rate.cols);

    for (size_t i = 0; i < scaled.rows; i++) {
        const double *r = bn_mat_row(&p->rate, i), mean = bn_dot(scaled.cols, p->weight, r);
        double variance = 0.0;
        for (size_t k = 0; k < scaled.cols; k++)
            variance += p->weight[k] * (r[k] - mean) * (r[k] - mean);
        for (size_t k = 0; k < scaled.cols; k++)
            *bn_mat_at(&scaled, i, k) = r[k] / (variance > 0.0 ? sqrt(variance) : 1.0);
    }
    p->rate = scaled;
}

static void write_inverted(const struct centred *c)
{
    const struct bn_manifold *m = &c->p->m;
    const size_t n = m->count[1];
    double *pitch = bn_scratch_vec(n), *r = bn_scratch_vec(n), mean = 0.0;

    for (size_t k = 0; k < c->p->rate.cols; k++)
        r[k % n] += correlation(c, k, inverted(m, k)) / (double)m->count[0];
    for (size_t b = 0; b < n; b++) {
        pitch[b] = BN_TWO_PI * (double)b / (double)n;
        mean += r[b] / (double)n;
    }
    bn_output_vec("/pitch", pitch, n);
    bn_output_vec("/inverted", r, n);
    bn_summarise("double_cover", mean, "1", 0.0);
}

static void write_circles(const struct points *p)
{
    if (p->m.dimensions != 2 || (p->m.kind != BN_TORUS && p->m.kind != BN_SPHERE))
        return;
    const size_t n = p->m.count[0];
    const struct centred c = centre(p);
    double *azimuth = bn_scratch_vec(n), *r = bn_scratch_vec(n);
    if (!(c.variance > 0.0))
        return;
    for (size_t k = 0; k < n; k++)
        azimuth[k] = BN_TWO_PI * (double)k / (double)n;
    bn_output_vec("/azimuth", azimuth, n);
    along(&c, 0.0, r);
    bn_output_vec("/equator", r, n);
    bn_summarise("equator_least", least_of(r, n), "1", 0.0);
    along(&c, BN_TWO_PI / 4.0, r);
    bn_output_vec("/pole", r, n);
    bn_summarise("pole_least", least_of(r, n), "1", 0.0);
    if (has_inverted(p))
        write_inverted(&c);
}

/* --- grid scores ------------------------------------------------------------------------------ */

/* Scores of the maps; the mean has the standard error over neurons. */
static void write_grid_scores(const struct points *p)
{
    const struct bn_manifold *m = &p->m;
    const size_t n = p->rate.rows;
    const bool closed = m->kind == BN_TORUS || m->kind == BN_HEXAGON;
    const bool periodic = closed && bn_is("grid_scores", "periodic");
    const double u = m->size[0] / (double)m->count[0], v = m->size[1] / (double)m->count[1];
    double *score = bn_scratch_vec(n), *spacing = bn_scratch_vec(n), sum = 0.0, square = 0.0;

    if (m->dimensions != 2 || (!closed && m->kind != BN_BOX))
        BN_REFUSE(BN_USAGE, "grid_scores: maps on a torus, a hexagon or a plane box have some");
    for (size_t i = 0; i < n; i++) {
        struct bn_gridscore g;
        struct bn_plane plane = { bn_mat_row(&p->rate, i), { m->count[0], m->count[1] },
                                  { { u, 0.0 }, { 0.0, v } }, periodic };
        if (m->kind == BN_HEXAGON) {
            plane.step[1][0] = 0.5 * v;
            plane.step[1][1] = 0.5 * sqrt(3.0) * v;
        }
        BN_CHECK(bn_gridscore(&plane, &g));
        score[i] = g.score;
        spacing[i] = g.spacing;
        sum += g.score / (double)n;
        square += g.score * g.score / (double)n;
    }
    bn_output_vec("/grid_score", score, n);
    bn_output_vec("/grid_spacing", spacing, n);
    bn_summarise("grid_score", sum, "1", sqrt(fmax(0.0, square - sum * sum) / (double)n));
    bn_summarise("grid_score_sd", sqrt(fmax(0.0, square - sum * sum)), "1", 0.0);
}

/* --- the spectrum ---------------------------------------------------------------------------- */

/* Relative standard deviation that equal eigenvalues of `cells` cells have. */
static double expected_sd(size_t m, double cells)
{
    return m < 2 ? 0.0 : sqrt(((double)m + 2.0) / cells);
}

struct spectrum {
    double *value;                       /* the constant, then those of the covariance */
    size_t values, groups, size[MOST_GROUPS];
};

static void write_groups(const struct spectrum *s, double cells)
{
    double *group = bn_scratch_vec(s->values), *size = bn_scratch_vec(s->groups);
    double *mean = bn_scratch_vec(s->groups), *sd = bn_scratch_vec(s->groups);
    double *expected = bn_scratch_vec(s->groups);

    for (size_t k = 0; k < s->values; k++)
        group[k] = -1.0;
    for (size_t g = 0, at = 0; g < s->groups; at += s->size[g++]) {
        const double m = (double)s->size[g];
        size[g] = m;
        for (size_t k = at; k < at + s->size[g]; k++) {
            group[k] = (double)g;
            mean[g] += s->value[k] / m;
        }
        for (size_t k = at; k < at + s->size[g] && s->size[g] > 1; k++)
            sd[g] += pow(s->value[k] / mean[g] - 1.0, 2) / (m - 1.0);
        sd[g] = sqrt(sd[g]);
        expected[g] = expected_sd(s->size[g], cells);
    }
    bn_output_vec("/mode_group", group, s->values);
    bn_output_vec("/multiplicity", size, s->groups);
    bn_output_vec("/group_value", mean, s->groups);
    bn_output_vec("/group_sd", sd, s->groups);
    bn_output_vec("/group_expected", expected, s->groups);
}

/* The last group is left out where the list of eigenvalues cuts it, which is no longer than a
 * quarter of the cells: the theory of groups is one for many cells.            */
static void write_spectrum(const struct bn_principal *c, struct spectrum *s)
{
    static const char *const names[NAMED] = { "multiplicity_0", "multiplicity_1",
        "multiplicity_2", "multiplicity_3", "multiplicity_4", "multiplicity_5" };
    const struct bn_mat *a = &c->loadings;
    const size_t asked = bn_count("eigenvalues"), few = a->cols / 4 + 1;
    const size_t most = asked < few ? asked : few;
    size_t n = 0, groups;

    while (n < c->values && n < most && n < a->rows && c->value[n] > 1e-9 * c->value[0])
        n++;
    const struct bn_mat leading = { n, a->cols, a->data };
    const double q = bn_multiplets_inflation(&leading), cells = (double)a->cols / q;
    s->values = n + 1;
    s->value = bn_scratch_vec(s->values);
    s->value[0] = c->constant;
    memcpy(s->value + 1, c->value, n * sizeof *s->value);
    s->size[0] = 1;
    BN_CHECK(bn_multiplets(c->value, n, cells, s->size + 1, &groups));
    const bool whole = n == c->values || c->value[n] <= 1e-9 * c->value[0];
    s->groups = 1 + groups - (groups > 0 && !whole);
    bn_output_vec("/eigenvalue", s->value, s->values);
    write_groups(s, cells);
    for (size_t g = 0; g < NAMED && g < s->groups; g++)
        bn_summarise(names[g], (double)s->size[g], "1", 0.0);
    bn_summarise("inflation", q, "1", 0.0);
}

/* --- bars ------------------------------------------------------------------------------------ */

/* Points that are left, along `k` components. */
static struct bn_mat thinned(const struct bn_mat *scores, size_t k)
{
    size_t kept;
    size_t *index = (size_t *)(void *)bn_scratch_vec(scores->rows);
    struct bn_mat all = bn_scratch(scores->rows, k);

    for (size_t p = 0; p < scores->rows; p++)
        memcpy(bn_mat_row(&all, p), bn_mat_row(scores, p), k * sizeof(double));
    BN_CHECK(bn_cloud_densest(&all, bn_count("neighbours"), bn_real("sparse"), index, &kept));
    for (size_t p = 0; p < kept; p++)
        memmove(bn_mat_row(&all, p), bn_mat_row(&all, index[p]), k * sizeof(double));
    all.rows = kept;
    return all;
}

static struct bn_betti_how settings(void)
{
    const double radius = bn_real("radius");
    struct bn_betti_how how = { .neighbours = bn_count("neighbours"),
        .landmarks = bn_count("landmarks"), .top = (int)bn_integer("dimension"),
        .radius = radius > 0.0 ? radius : INFINITY,
        .bytes = (size_t)(1e6 * bn_real("memory")), .surrogates = bn_count("surrogates") };

    BN_CHECK(bn_metric_parse(bn_text("distance"), &how.metric));
    return how;
}

static void write_bars(const struct bn_betti *b, int top)
{
    static const char *const names[] = { "/bar0", "/bar1", "/bar2" };

    for (int d = 0; d <= BN_HOMOLOGY_TOP; d++) {
        struct bn_mat bars = bn_scratch(d <= top ? b->bars.count[d] : 0, 2);
        for (size_t k = 0; k < bars.rows; k++) {
            *bn_mat_at(&bars, k, 0) = b->bars.bar[d][k].birth;
            *bn_mat_at(&bars, k, 1) = fmin(b->bars.bar[d][k].death, b->bars.radius);
        }
        bn_output_mat(names[d], &bars);
    }
}

static void write_betti(const struct bn_betti *b, int top)
{
    static const char *const betti[] = { "betti0", "betti1", "betti2" };
    static const char *const parts[] = { "separation0", "separation1", "separation2" };
    const size_t n = (size_t)top + 1;
    double *count = bn_scratch_vec(n), *landmark = bn_scratch_vec(b->landmarks), euler = 0.0;

    for (size_t d = 0; d < n; d++) {
        count[d] = (double)b->betti[d];
        euler += d % 2 ? -count[d] : count[d];
        bn_summarise(betti[d], count[d], "1", 0.0);
    }
    for (size_t d = 0; d < n; d++)
        if (b->separation[d] > 0.0)
            bn_summarise(parts[d], b->separation[d], "1", 0.0);
    if (top == BN_HOMOLOGY_TOP)
        bn_summarise("euler", euler, "1", 0.0);
    for (size_t k = 0; k < b->landmarks; k++)
        landmark[k] = (double)b->index[k];
    write_bars(b, top);
    bn_output_vec("/betti", count, n);
    bn_output_vec("/bound", b->bound, n);
    if (b->longest.rows > 0)
        bn_output_mat("/surrogate", &b->longest);
    bn_output_number("/radius", b->bars.radius);
    bn_output_number("/cover", b->cover);
    bn_output_vec("/landmark", landmark, b->landmarks);
}

/* --- the verdict ----------------------------------------------------------------------------- */

enum { NONE, CIRCLE, TORUS, HEXAGONAL, SPHERE };

/* Betti numbers, and for the two tori the multiplicity of the first eigenvalue. */
static int judge(const struct bn_betti *b, int top, const struct spectrum *s)
{
    const size_t one = top >= 1 ? b->betti[1] : 0, two = top >= 2 ? b->betti[2] : 0;

    if (b->betti[0] != 1)
        return NONE;
    if (one == 1 && two == 0)
        return CIRCLE;
    if (one == 2 && two == 1)
        return s->groups > 1 && s->size[1] == 6 ? HEXAGONAL : TORUS;
    return one == 0 && two == 1 ? SPHERE : NONE;
}

static void write_verdict(int verdict)
{
    static const char *const names[] = { "none", "circle", "torus", "hexagonal torus",
                                         "sphere" };

    bn_output_texts("/verdict", &names[verdict], 1);
    bn_summarise("manifold", verdict, "1", 0.0);
    bn_summary_write();
}

static struct bn_principal components;
static struct bn_betti betti;

static void run(void)
{
    struct points p = read_points();
    const struct bn_betti_how how = settings();
    const size_t wanted = bn_count("components"), values = bn_count("eigenvalues");
    static struct spectrum s;
    double total = 0.0, kept = 0.0;

    if (bn_flag("even"))
        keep_even(&p);
    if (bn_is("scale", "deviation"))
        divide_by_deviation(&p);
    BN_CHECK(bn_cloud_components(&p.rate, p.weight, wanted > values ? wanted : values,
                                 &components));
    if (!(components.value[0] > 0.0))
        BN_REFUSE(BN_INPUT, "all points are the same: the rates do not depend on position or time");
    const size_t k = wanted < components.scores.cols ? wanted : components.scores.cols;
    for (size_t i = 0; i < components.values; i++) {
        total += components.value[i];
        kept += i < k ? components.value[i] : 0.0;
    }
    const struct bn_mat x = thinned(&components.scores, k);
    bn_summarise("neurons", (double)p.rate.rows, "1", 0.0);
    bn_summarise("points", (double)x.rows, "1", 0.0);
    bn_summarise("component_share", kept / total, "1", 0.0);
    BN_CHECK(bn_betti(&x, &how, bn_rng_sub(bn_random(), "surrogates"), &betti));
    struct bn_mat shown = bn_scratch(x.rows, k < SHOWN ? k : SHOWN);
    for (size_t q = 0; q < x.rows; q++)
        memcpy(bn_mat_row(&shown, q), bn_mat_row(&x, q), shown.cols * sizeof(double));
    bn_output_mat("/score", &shown);
    write_betti(&betti, how.top);
    write_spectrum(&components, &s);
    write_circles(&p);
    if (!bn_is("grid_scores", "none"))
        write_grid_scores(&p);
    write_verdict(judge(&betti, how.top, &s));
    bn_principal_free(&components);
    bn_betti_free(&betti);
}

const struct bn_stage bn_stage = {
    .name = "topology",
    .summary = "circle, torus, sphere or none: holes and spectrum of a population's states",
    .details =
        "Rates at every point of a grid, or states or counts at many times, are points in the "
        "space of neurons. Their principal components come from the covariance, whose equal "
        "eigenvalues are grouped; along the leading ones the points are thinned to landmarks and "
        "persistent homology (Vietoris-Rips, coefficients in Z2) finds components, loops and "
        "cavities. A bar counts if it is longer than twice the cover of the landmarks and than "
        "any bar of Gaussian clouds with the same covariance.\n"
        "On a torus or sphere of azimuth and pitch the correlation is followed around the equator "
        "and around the pole, where a sphere has one point and a torus a circle. "
        "docs/science/topology.md has the reasons and what cannot be told apart.",
    .inputs = inputs, .n_inputs = BN_LEN(inputs),
    .outputs = outputs, .n_outputs = BN_LEN(outputs),
    .params = params, .n_params = BN_LEN(params),
    .random = true,
    .run = run,
    .resources = { .hours = 2, .memory = 8 },
};
