/* SPDX-License-Identifier: MIT
 * population - what do the tuning curves of a population look like?
 *
 * Every curve is divided by its own mean.  Cells of a recording count once, their turned
 * copies not at all.  docs/science/population.md has the definitions.        */
#include <basin/curves.h>
#include <basin/describe.h>
#include <basin/fourier.h>
#include <basin/grid.h>
#include <basin/manifold.h>
#include <basin/stage.h>

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { HEIGHTS = 3, MOST_LEVELS = 8, MOST = MOST_LEVELS + HEIGHTS + 3, MOST_COUNTS = 64 };

static const struct bn_input inputs[] = {
    { "tuning", true, "a population: target rates" },
    { "recording", true, "or recorded rates: either of the two" },
    { "population", true, "the description of another population, to compare with" },
};

static const struct bn_output outputs[] = {
    { "/theta", "theta", "rad", "angle", 0, 1e-14, false },
    { "/aligned_mean", "theta", "1", "mean over cells, in means of each, preferred angles at pi",
      1e-9, 0, false },
    { "/aligned_sd", "theta", "1", "standard deviation over cells", 1e-9, 0, false },
    { "/preferred", "neuron", "rad", "circular centre of mass of the rate", 1e-9, 0, false },
    { "/vector_length", "neuron", "1", "mean vector length", 1e-9, 0, false },
    { "/level", "level", "1", "z-scores above which peaks are counted", 0, 0, false },
    { "/peaks", "neuron level", "1", "number of peaks above the level", 0, 0, false },
    { "/peak_height", "neuron rank", "1",
      "rate of the highest peaks, in means of the cell; 0: no more peaks", 1e-9, 0, false },
    { "/symmetry", "neuron", "1", "correlation with the mirror image about the centre of mass",
      1e-9, 0, false },
    { "/information", "neuron", "bit", "information per spike", 1e-9, 0, false },
    { "/kuiper", "", "1", "Kuiper's V of the preferred angles against uniform ones", 1e-9, 0,
      false, .cite = "kuiper" },
    { "/kuiper_p", "", "1", "probability of a larger V", 1e-9, 1e-6, false,
      .cite = "kuiper p" },
    { "/session_cells", "session", "1", "cells of each session", 0, 0, false },
    { "/session_kuiper", "session", "1", "V of each session alone", 1e-9, 0, false },
    { "/session_p", "session", "1", "probability of a larger V", 1e-9, 1e-6, false },
    { "/session_q", "session", "1", "the same adjusted for many sessions (Benjamini-Hochberg)",
      1e-9, 1e-6, false },
    { "/cells", "cells", "1", "numbers of cells", 0, 0, false },
    { "/circularity", "cells", "1", "circularity of the rate covariance, mean over subsets",
      1e-9, 0, false },
    { "/circularity_sd", "cells", "1", "standard deviation over subsets", 1e-9, 0, false },
    { "/circularity_expected", "cells", "1", "expected if all directions were random", 1e-9, 0,
      false },
    { "/description", "description", "1", "what /mean, /sd and /error are of", 0, 0, false },
    { "/mean", "description", "1", "mean over cells", 1e-9, 1e-9, false,
      .cite = "mean", .error = "/error" },
    { "/sd", "description", "1", "standard deviation over cells", 1e-9, 1e-9, false,
      .cite = "sd" },
    { "/error", "description", "1", "standard error of the mean", 1e-9, 1e-9, false },
    { "/difference", "description", "1", "mean minus that of the other population", 1e-9, 1e-9,
      false, .cite = "difference" },
    { "/difference_z", "description", "1", "the same in standard errors of the difference",
      1e-6, 1e-6, false },
};

static const struct bn_param params[] = {
    BN_REALS("levels", "1", "1 0.5 0", -10, 10, "z-scores above which peaks are counted"),
    BN_INTEGER("harmonics", "20", 1, 10000, "highest harmonic for symmetry and circularity"),
    BN_INTEGER("subsets", "100", 1, 100000, "random orders of the cells for the circularity"),
};

/* --- the curves -------------------------------------------------------------------------- */

struct curves {
    struct bn_mat rate;                  /* [N, M] of unit mean */
    struct bn_mat c;                     /* [N, R] coefficients, R odd */
    const double *session;               /* [N]; NULL if there is one */
};

static struct curves read_curves(void)
{
    const bool recorded = bn_has_input("recording");
    const char *role = recorded ? "recording" : "tuning";
    struct curves p = { .session = NULL };

    if (recorded == bn_has_input("tuning"))
        BN_REFUSE(BN_USAGE, "give one population: --in tuning=... or --in recording=..., not %s",
                  recorded ? "both" : "neither");
    if (bn_h5_kind(bn_input(role), "/point") == BN_H5_DATASET)
        BN_REFUSE(BN_INPUT, "%s: its rates are of places (/point); curves around the ring are "
                  "described here, place fields by the stage `fields`",
                  bn_h5_path(bn_input(role)));
    p.rate = bn_input_mat(role, "/rate");
    p.rate.rows = bn_manifold_cells(role, p.rate.rows);
    if (p.rate.rows < 2 || p.rate.cols < 8)
        BN_REFUSE(BN_INPUT, "%s: %zu cells on %zu angles: at least 2 cells and 8 angles are "
                  "needed", bn_h5_path(bn_input(role)), p.rate.rows, p.rate.cols);
    const bn_status usable = bn_curves_unit_mean(&p.rate);
    if (usable != BN_OK)
        bn_die(bn_fail_at(usable, "%s", bn_h5_path(bn_input(role))));
    if (recorded && bn_h5_kind(bn_input(role), "/session") == BN_H5_DATASET) {
        size_t n;
        p.session = bn_input_vec(role, "/session", &n);
        if (n < p.rate.rows)
            BN_REFUSE(BN_INPUT, "%s: /session has %zu elements for %zu cells",
                      bn_h5_path(bn_input(role)), n, p.rate.rows);
    }
    const size_t most = (p.rate.cols - 1) / 2, h = bn_count("harmonics");
    p.c = bn_scratch(p.rate.rows, 2 * (h < most ? h : most) + 1);
    BN_CHECK(bn_fourier(&p.rate, &p.c));
    return p;
}

/* --- one table for all that has a mean over cells ------------------------------------------- */

static struct {
    size_t n;
    char name[MOST][32];
    double mean[MOST], sd[MOST], error[MOST];
} table;

/* Element i is x[i step]. */
static void describe(const char *name, const double *x, size_t n, size_t step)
{
    double mean = 0.0, square = 0.0;

    for (size_t i = 0; i < n; i++)
        mean += x[i * step] / (double)n;
    for (size_t i = 0; i < n; i++)
        square += (x[i * step] - mean) * (x[i * step] - mean);
    snprintf(table.name[table.n], sizeof table.name[0], "%s", name);
    table.mean[table.n] = mean;
    table.sd[table.n] = sqrt(square / (double)(n - 1));
    table.error[table.n] = table.sd[table.n] / sqrt((double)n);
    table.n++;
}

static void write_table(void)
{
    const char *name[MOST];

    for (size_t k = 0; k < table.n; k++)
        name[k] = table.name[k];
    bn_output_texts("/description", name, table.n);
    bn_output_vec("/mean", table.mean, table.n);
    bn_output_vec("/sd", table.sd, table.n);
    bn_output_vec("/error", table.error, table.n);
}

/* Beside another population that was described at the same levels.  A difference between
 * constants has no standard error: 0 if they are the same.                   */
static void compare(void)
{
    size_t n, levels, own;
    const double *mean = bn_input_vec("population", "/mean", &n);
    const double *error = bn_input_vec("population", "/error", &n);
    const double *level = bn_input_vec("population", "/level", &levels);
    const double *here = bn_reals("levels", &own);
    double *d = bn_scratch_vec(table.n), *z = bn_scratch_vec(table.n);

    if (n != table.n || levels != own || memcmp(level, here, own * sizeof *here) != 0)
        BN_REFUSE(BN_INPUT, "%s: its peaks were counted at other levels: give both populations "
                  "the same `levels`", bn_h5_path(bn_input("population")));
    for (size_t k = 0; k < n; k++) {
        const double se = hypot(table.error[k], error[k]);
        d[k] = table.mean[k] - mean[k];
        z[k] = se > 0.0 ? d[k] / se : 0.0;
    }
    bn_output_vec("/difference", d, n);
    bn_output_vec("/difference_z", z, n);
}

/* --- descriptions ------------------------------------------------------------------------ */

static void count_peaks(const struct curves *p)
{
    const size_t n = p->rate.rows, m = p->rate.cols;
    size_t levels, count;
    const double *level = bn_reals("levels", &levels);

    if (levels < 1 || levels > MOST_LEVELS)
        BN_REFUSE(BN_USAGE, "%zu levels: between 1 and %d are counted", levels, MOST_LEVELS);
    struct bn_mat peaks = bn_scratch(n, levels), height = bn_scratch(n, HEIGHTS);
    for (size_t i = 0; i < n; i++)
        for (size_t l = 0; l < levels; l++) {
            BN_CHECK(bn_describe_peaks(bn_mat_row(&p->rate, i), m, level[l], &count,
                                       bn_mat_row(&height, i), HEIGHTS));
            *bn_mat_at(&peaks, i, l) = (double)count;
        }
    bn_output_vec("/level", level, levels);
    bn_output_mat("/peaks", &peaks);
    bn_output_mat("/peak_height", &height);
    for (size_t l = 0; l < levels; l++) {
        char name[32];
        snprintf(name, sizeof name, "peaks above z = %g", level[l]);
        describe(name, peaks.data + l, n, levels);
    }
    for (size_t k = 0; k < HEIGHTS; k++) {
        char name[32];
        snprintf(name, sizeof name, "height of peak %zu", k + 1);
        describe(name, height.data + k, n, HEIGHTS);
    }
}

static void describe_cells(const struct curves *p)
{
    const size_t n = p->rate.rows, m = p->rate.cols;
    double *theta = bn_scratch_vec(m), *mean = bn_scratch_vec(m), *sd = bn_scratch_vec(m);
    double *preferred = bn_scratch_vec(n), *length = bn_scratch_vec(n);
    double *symmetry = bn_scratch_vec(n), *information = bn_scratch_vec(n), v, chance;

    bn_ring_grid(m, theta);
    bn_ring_centre(&p->rate, preferred, length);
    BN_CHECK(bn_ring_align(&p->rate, preferred, mean, sd));
    for (size_t i = 0; i < n; i++) {
        symmetry[i] = bn_describe_symmetry(bn_mat_row(&p->c, i), p->c.cols, preferred[i]);
        information[i] = bn_describe_information(bn_mat_row(&p->rate, i), m);
    }
    BN_CHECK(bn_describe_kuiper(preferred, n, &v, &chance));
    bn_output_vec("/theta", theta, m);
    bn_output_vec("/aligned_mean", mean, m);
    bn_output_vec("/aligned_sd", sd, m);
    bn_output_vec("/preferred", preferred, n);
    bn_output_vec("/vector_length", length, n);
    bn_output_vec("/symmetry", symmetry, n);
    bn_output_vec("/information", information, n);
    bn_output_number("/kuiper", v);
    bn_output_number("/kuiper_p", chance);
    describe("mean vector length", length, n, 1);
    describe("mirror symmetry", symmetry, n, 1);
    describe("information per spike", information, n, 1);
}

/* Sessions are numbered from 0 and their cells stand together. */
static void test_sessions(const struct curves *p)
{
    const size_t n = p->rate.rows;
    double *preferred = bn_scratch_vec(n), *cells = bn_scratch_vec(n), *v = bn_scratch_vec(n);
    double *chance = bn_scratch_vec(n), *q = bn_scratch_vec(n);
    size_t sessions = 0;

    bn_ring_centre(&p->rate, preferred, NULL);
    for (size_t i = 0, end; i < n; i = end) {
        for (end = i + 1; end < n && p->session[end] == p->session[i]; end++) {}
        BN_CHECK(bn_describe_kuiper(preferred + i, end - i, &v[sessions], &chance[sessions]));
        cells[sessions++] = (double)(end - i);
    }
    BN_CHECK(bn_describe_discoveries(chance, sessions, q));
    bn_output_vec("/session_cells", cells, sessions);
    bn_output_vec("/session_kuiper", v, sessions);
    bn_output_vec("/session_p", chance, sessions);
    bn_output_vec("/session_q", q, sessions);
}

/* 1, 2, 4, ... N cells */
static void circularity(const struct curves *p)
{
    const size_t n = p->rate.rows, subsets = bn_count("subsets");
    size_t count[MOST_COUNTS + 1], k = 0;

    for (size_t c = 1; c < n && k < MOST_COUNTS; c *= 2)
        count[k++] = c;
    count[k++] = n;
    struct bn_mat share = bn_scratch(k, subsets);
    double *cells = bn_scratch_vec(k), *mean = bn_scratch_vec(k), *sd = bn_scratch_vec(k);
    double *expected = bn_scratch_vec(k);
    BN_CHECK(bn_describe_circularity(&p->c, count, bn_random(), &share));
    bn_describe_circularity_expected(&p->c, count, k, expected);
    for (size_t i = 0; i < k; i++) {
        double square = 0.0;
        cells[i] = (double)count[i];
        for (size_t s = 0; s < subsets; s++)
            mean[i] += *bn_mat_at(&share, i, s) / (double)subsets;
        for (size_t s = 0; s < subsets; s++) {
            const double d = *bn_mat_at(&share, i, s) - mean[i];
            square += d * d / (double)subsets;
        }
        sd[i] = sqrt(square);
    }
    bn_output_vec("/cells", cells, k);
    bn_output_vec("/circularity", mean, k);
    bn_output_vec("/circularity_sd", sd, k);
    bn_output_vec("/circularity_expected", expected, k);
}

static void run(void)
{
    const struct curves p = read_curves();

    describe_cells(&p);
    count_peaks(&p);
    if (p.session != NULL)
        test_sessions(&p);
    bn_progress(0.3);
    circularity(&p);
    write_table();
    if (bn_has_input("population"))
        compare();
}

const struct bn_stage bn_stage = {
    .name = "population",
    .summary = "descriptions of a population's tuning curves, beside those of another",
    .details = "Takes target rates or recorded ones, each curve divided by its own mean, and "
               "says how cells look (peaks, symmetry, information), whether their preferred "
               "angles are uniform, and how far the rate covariance depends on differences of "
               "angles alone. With the description of another population it gives the "
               "differences in standard errors.",
    .inputs = inputs, .n_inputs = BN_LEN(inputs),
    .outputs = outputs, .n_outputs = BN_LEN(outputs),
    .params = params, .n_params = BN_LEN(params),
    .random = true,
    .run = run,
    .resources = { .hours = 1, .memory = 4 },
};
