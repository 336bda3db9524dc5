/* SPDX-License-Identifier: MIT
 * recording - tuning curves, or rate maps, and behaviour from recorded files.
 *
 *     rate = mean over two folds f of  G(sigma_f) * (spikes_f / occupancy_f)
 *
 * Spikes and seconds are counted per angular bin in alternating chunks of the epoch;
 * G is a wrapped Gaussian whose width is, per cell and fold, the one under which the
 * other fold's spikes are most likely (Poisson).  Positions: lib/places.c.
 * docs/science/recordings.md.                                                     */
#include <basin/places.h>
#include <basin/population.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const struct bn_param params[] = {
    BN_FILE("file", "", "recording: NWB 2.x, MATLAB, CSV or HDF5 with tuning curves"),
    BN_FILES("files", "", "several recordings pooled into one population; replaces file"),
    BN_CHOICE("variable", "angle", "angle position",
              "what the cells are tuned to: head direction, or place (NWB)"),
    BN_CHOICE("format", "auto", "auto nwb mat csv curves", "format of the files"),
    BN_INTEGER("angles", "100", 3, 10000,
               "angular bins; bin m is centred on 2 pi m/angles"),
    BN_TEXT("series", "", "NWB series with the head direction; empty: the only one"),
    BN_TEXT("position", "",
            "NWB series with the position, for places and speed_min; empty: the only one"),
    BN_CHOICE("angle_unit", "auto", "auto radians degrees", "unit of the head direction"),
    BN_TEXT("units_column", "", "NWB units column to select cells by; empty: all cells"),
    BN_TEXT("units_value", "true", "value of units_column that a cell must have"),
    BN_TEXT("epoch", "auto",
            "tag or interval table (MATLAB: K x 2 variable); empty: everything; auto: "
            "wake_square if there is one"),
    BN_REAL("speed_min", "cm/s", "0", 0, 1000, "slower samples are left out; 0: none"),
    BN_REAL("gap", "1", "2", 1, 1000, "longest time one sample stands for, median steps"),
    BN_INTEGER("chunks", "8", 2, 10000,
               "equal pieces of the epoch, in turn fold 0 and 1"),
    BN_INTEGER("smoothings", "100", 1, 10000, "how many smoothing widths compete"),
    BN_REAL("smoothing_min", "1", "0.1", 1e-3, 1e4, "smallest smoothing width, bins"),
    BN_REAL("smoothing_max", "1", "100", 1e-3, 1e4, "largest smoothing width, bins"),
    BN_REAL("floor", "1", "1e-3", 1e-12, 1,
            "rate of bins without a spike, before smoothing, relative to the mean"),
    BN_INTEGER("minimum_spikes", "50", 0, 1000000000,
               "cells with fewer counted spikes are left out"),
    BN_INTEGER("copies", "1", 1, 1000000,
               "times that a cell is taken: as it is, then turned by random angles"),
    BN_REAL("bin", "s", "0.1", 1e-4, 60, "bin width of the behaviour"),
    BN_TEXT("curves", "/rate",
            "format curves: dataset cell x angle or cell x 2 x angle; mat: variable "
            "angle x cell"),
    BN_INTEGER("layer", "0", 0, 10000,
               "mat: layer of angle x cell x layer, from 1; 0: the last"),
    BN_TEXT("mat_time", "time",
            "mat with mat_spikes: variable with the tracking's times (s)"),
    BN_TEXT("mat_angle", "angle",
            "mat with mat_spikes: variable with the head direction"),
    BN_TEXT("mat_spikes", "",
            "mat: cell array (or field of a struct array) of spike times (s); empty: the "
            "file holds curves"),
    BN_PLACES_PARAMS,
};

static const struct bn_output outputs[] = {
    { "/theta", "theta", "rad", "angle, centre of the bin", 0, 1e-14, false },
    { "/rate", "neuron theta/grid", "Hz", "smoothed firing rate; angles: mean of two folds",
      1e-9, 1e-6, false },
    { "/raw_rate", "neuron theta/grid", "Hz", "spikes per second of occupancy", 0, 1e-9,
      false },
    { "/occupancy", "theta/grid", "s", "time at each angle or place, summed over files", 0,
      1e-9, false },
    { "/spikes", "neuron", "1", "spikes counted", 0, 0, false },
    { "/smoothing", "neuron", "1", "smoothing width in bins, mean of the folds", 0, 1e-9,
      false },
    { "/smoothing_fold", "neuron fold", "1", "smoothing width in bins", 0, 1e-9, false },
    { "/mean_vector_length", "neuron", "1", "length of the rate's circular mean", 1e-9,
      1e-6, false },
    { "/preferred", "neuron", "rad", "circular centre of mass of the rate", 1e-6, 0,
      false },
    { "/cell", "neuron", "1", "recorded cell of which the row is a copy, counted from 0", 0, 0,
      false },
    { "/session", "neuron", "1", "file that the cell comes from, counted from 0", 0, 0,
      false },
    { "/time", "time", "s", "bin centre, clock of the first file", 0, 1e-14, true },
    { "/angle", "time", "rad", "head direction, in [0, 2 pi); interpolated where lost",
      1e-9, 0, true },
    { "/valid", "time", "1", "1 tracked (and counted in the maps), 0 not", 0, 0, true },
    { "/angular_velocity", "time", "rad/s",
      "mean angular velocity from this bin's centre to the next",
      1e-7, 0, true },
    { "/counts", "time unit", "1",
      "spikes per bin of the first file's cells, the first rows of /rate",
      0, 0, true },
    BN_PLACES_OUTPUTS,
};

/* Static, so that dying half-way leaves nothing unreachable. */
static struct bn_population population;
static struct bn_session session;
static struct bn_tally tally;
static struct bn_behaviour behaviour;

static struct bn_source source(const char *path)
{
    return (struct bn_source){
        .path = path,
        .format = bn_text("format"),
        .series = bn_text("series"),
        .position = bn_text("position"),
        .angle_unit = bn_text("angle_unit"),
        .column = bn_text("units_column"),
        .value = bn_text("units_value"),
        .epoch = bn_text("epoch"),
        .curves = bn_text("curves"),
        .layer = bn_count("layer"),
        .mat_time = bn_text("mat_time"),
        .mat_angle = bn_text("mat_angle"),
        .mat_spikes = bn_text("mat_spikes"),
        .speed = bn_real("speed_min") > 0.0,
        .place = bn_is("variable", "position"),
    };
}

static const char *base(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash != NULL ? slash + 1 : path;
}

static void say_notes(const char *path)
{
    for (char *line = strtok(session.notes, "\n"); line != NULL;
         line = strtok(NULL, "\n"))
        bn_say("%s: %s", base(path), line);
}

/* A failure of the numbers alone does not know which file they came from. */
static void check(bn_status rc, const char *path)
{
    if (rc != BN_OK)
        bn_die(bn_fail_at(rc, "%s", path));
}

static const double *smoothings(size_t *n)
{
    const double low = bn_real("smoothing_min"), high = bn_real("smoothing_max");

    *n = bn_count("smoothings");
    if (low > high)
        BN_REFUSE(BN_USAGE, "smoothing_min = %g is above smoothing_max = %g", low, high);
    double *sigma = bn_scratch_vec(*n);
    for (size_t k = 0; k < *n; k++)
        sigma[k] = low * pow(high / low, *n > 1 ? (double)k / (double)(*n - 1) : 0.0);
    return sigma;
}

static void count(const char *path, size_t number)
{
    const struct bn_binning binning = {
        .angles = bn_count("angles"), .chunks = bn_count("chunks"), .gap = bn_real("gap"),
        .speed_min = bn_real("speed_min"),
    };
    const size_t minimum = bn_count("minimum_spikes");
    size_t n, dropped;
    const double *sigmas = smoothings(&n);

    check(bn_tally_make(&tally, &session.track, &session.trains, &session.spans,
                        &binning),
          path);
    check(bn_tally_drop(&tally, &session.trains, (double)minimum, &dropped), path);
    if (tally.units == 0)
        BN_REFUSE(BN_INPUT,
                  "%s: none of the %zu selected cells has minimum_spikes = %zu spikes in "
                  "the epoch: lower it, or leave this file out",
                  path, dropped, minimum);
    if (dropped > 0)
        bn_say("%s: %zu of %zu cells have fewer than %zu spikes in the epoch and are "
               "left out",
               base(path), dropped, dropped + tally.units, minimum);
    check(bn_population_add(&population, &tally, sigmas, n, bn_real("floor"), number),
          path);
    bn_tally_free(&tally);
}

/* Later stages need even time steps: the longest interval, where there are several. */
static void behave(const char *path)
{
    const struct bn_spans *s = &session.spans;
    const size_t longest = bn_spans_longest(s);

    if (s->n > 1)
        bn_say("%s: the behaviour is that of the longest of %zu intervals, %g to %g s",
               base(path), s->n, s->start[longest], s->stop[longest]);
    check(bn_behaviour_make(&behaviour, &session.track, &session.trains,
                            s->start[longest], s->stop[longest], bn_real("bin")),
          path);
    bn_output_vec("/time", behaviour.time, behaviour.n);
    bn_output_vec("/angle", behaviour.angle, behaviour.n);
    bn_output_vec("/valid", behaviour.valid, behaviour.n);
    bn_output_vec("/angular_velocity", behaviour.velocity, behaviour.n);
    bn_output_array("/counts", behaviour.counts, bn_shape2(behaviour.n, behaviour.units));
    bn_behaviour_free(&behaviour);
}

static void add_file(const char *path, size_t number)
{
    const struct bn_source from = source(path);

    BN_CHECK(bn_session_read(&from, &session));
    say_notes(path);
    if (session.curves != NULL) {
        check(bn_population_import(&population, session.curves, session.cells,
                                   session.angles, number),
              path);
    } else {
        count(path, number);
        if (number == 0)
            behave(path);
    }
    bn_session_free(&session);
}

static void write_population(void)
{
    const struct bn_population *p = &population;
    const size_t n = p->n, angles = p->angles;
    double *theta = bn_scratch_vec(angles), *preferred = bn_scratch_vec(n);
    double *length = bn_scratch_vec(n), *cell = bn_scratch_vec(n);
    const size_t cells = n / bn_count("copies");

    for (size_t u = 0; u < n; u++)
        cell[u] = (double)(u % cells);
    for (size_t m = 0; m < angles; m++)
        theta[m] = 2.0 * acos(-1.0) * (double)m / (double)angles;
    bn_population_centres(p, preferred, length);
    bn_output_vec("/theta", theta, angles);
    bn_output_array("/rate", p->rate, bn_shape2(n, angles));
    bn_output_array("/raw_rate", p->raw, bn_shape2(n, angles));
    bn_output_vec("/mean_vector_length", length, n);
    bn_output_vec("/preferred", preferred, n);
    bn_output_vec("/cell", cell, n);
    bn_output_vec("/session", p->session, n);
    if (!p->counted)
        return;
    bn_output_vec("/occupancy", p->occupancy, angles);
    bn_output_vec("/spikes", p->spikes, n);
    bn_output_vec("/smoothing", p->smoothing, n);
    bn_output_array("/smoothing_fold", p->smoothing_fold, bn_shape2(n, BN_FOLDS));
}

/* One file: maps of several environments have no bins in common. */
static void run_places(const char *const *files, size_t n)
{
    if (n > 1)
        BN_REFUSE(BN_USAGE, "variable = position takes one recording, not the %zu of files: "
                            "each has an environment of its own", n);
    if (bn_real("speed_min") > 0.0)
        BN_REFUSE(BN_USAGE, "speed_min goes with angles: positions have run_speed, in the "
                            "unit of the file per second");
    if (bn_count("copies") > 1)
        BN_REFUSE(BN_USAGE, "copies = %zu: angles can be turned, places between walls cannot",
                  bn_count("copies"));
    const struct bn_source from = source(files[0]);
    BN_CHECK(bn_session_read(&from, &session));
    say_notes(files[0]);
    bn_places_write(&session, files[0]);
    bn_session_free(&session);
}

static void run(void)
{
    size_t n, copies = bn_count("copies");
    const char *const *files = bn_files("files", &n);
    const char *one = n == 0 ? bn_text("file") : "";

    if (n == 0 && one[0] == '\0')
        BN_REFUSE(BN_USAGE, "no recording: set file = \"my.nwb\", or files = {...} for "
                            "several");
    if (n == 0)
        files = &one, n = 1;
    if (bn_is("variable", "position")) {
        run_places(files, n);
        return;
    }
    for (size_t k = 0; k < n; k++) {
        add_file(files[k], k);
        bn_progress((double)(k + 1) / (double)n);
    }
    if (copies > 1)
        BN_CHECK(bn_population_copy(&population, copies - 1, bn_random()));
    write_population();
    bn_population_free(&population);
}

const struct bn_stage bn_stage = {
    .name = "recording",
    .summary = "tuning curves or rate maps, and behaviour, from recorded animals",
    .details =
        "Head direction, spikes and intervals are found in an NWB 2.x file by their "
        "type, in a MATLAB file by the names given; finished tuning curves come from "
        "CSV, HDF5 or MATLAB.\n"
        "\n"
        "A sample of the tracking stands for the time up to the next one, at most gap "
        "median steps; the spikes in that time are counted at its angle. The epoch is "
        "cut into chunks that go in turn to two folds. Each cell's smoothing width in a "
        "fold is the one of smoothings widths, evenly spaced in logarithm, that makes "
        "the other fold's spikes most likely (Poisson).\n"
        "\n"
        "Several files make one population; /session tells them apart, and the behaviour "
        "(/time, /angle, /valid, /angular_velocity, /counts) is the first file's alone. "
        "With copies, the recorded cells come first and row i of /rate is a turned copy "
        "of cell i modulo their number: this assumes that the population is "
        "statistically the same at every angle. Imported curves come without /occupancy, "
        "/spikes, /smoothing and behaviour, and keep their own number of angles.\n"
        "\n"
        "With variable = position, rate maps along a line or in the plane, in the unit of the "
        "file: spikes and seconds, both smoothed by one Gaussian, divided. Beside them "
        "information, sparsity, coherence and stability, significance by shifted trains, and in "
        "the plane the grid score; /position, /speed and /counts are for decoders. Parameters "
        "of places say so; those of angles are angles to floor and speed_min.",
    .outputs = outputs,
    .n_outputs = BN_LEN(outputs),
    .params = params,
    .n_params = BN_LEN(params),
    .random = true,
    .run = run,
};
