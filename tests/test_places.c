/* SPDX-License-Identifier: MIT
 * The stage `recording` on positions: animals whose way is known and cells whose rates are,
 * what it refuses, and a recorded rat.                                           */
#include "black_box.h"
#include "fake_nwb.h"

enum { SAMPLES = 24000, UNITS = 5 };     /* 600 s at 40 Hz */
#define PLACE "--set variable=position "
#define BOX PLACE "--set dimensions=2 --set smoothing=1 --set shuffles=100 --set bins=20 "
static char folder[1024];                /* of recordings, absolute; "": none */

/* --- an animal ------------------------------------------------------------ */

struct animal {
    double time[SAMPLES], xy[2 * SAMPLES];
    double *spikes;
    int64_t end[UNITS];
};
static struct animal walker, runner;

/* Up and down between 0 and 1 at an even pace, `f` times per s. */
static double zigzag(double f, double t)
{
    return fabs(remainder(f * t, 1.0)) * 2.0;
}

/* Of the walker: a field, a grid of 25 px turned by 0.3, a cell that knows nothing, a field
 * six times as wide as the box, silence. */
static double walker_rate(size_t unit, double x, double y)
{
    double sum = 0.0;
    switch (unit) {
    case 0:
        return 20.0 * exp(-((x - 30) * (x - 30) + (y - 20) * (y - 20)) / 128.0);
    case 1:
        for (int j = 0; j < 3; j++) {
            const double a = 0.3 + FAKE_TURN * (1 + 2 * j) / 12.0;
            sum += cos(FAKE_TURN / 25.0 / sqrt(0.75) * (x * cos(a) + y * sin(a)));
        }
        return 4.0 * (sum + 1.5);
    case 2:
        return 8.0;
    case 3:
        return 8.0 * exp(-(x * x + y * y) / (2.0 * 480.0 * 480.0));
    default:
        return 0.0;
    }
}

/* Of the runner at s along the track: one field both ways, one each way, one that knows
 * nothing, silence. */
static double runner_rate(size_t unit, double s, bool forward)
{
    const double a = exp(-(s - 30) * (s - 30) / 50.0), b = exp(-(s - 70) * (s - 70) / 50.0);
    return unit == 0   ? 15.0 * a
           : unit == 1 ? (forward ? 20.0 * a : 0.0)
           : unit == 2 ? (forward ? 0.0 : 20.0 * b)
           : unit == 3 ? 5.0
                       : 0.0;
}

/* All over a box of 80 x 60; or to and fro along 100 in the direction (0.6, 0.8). */
static void animal_make(struct animal *a, bool runs)
{
    static const struct bn_rng rng = { .seed = 21, .stream = 2 };
    double *u = bn_alloc(2 * SAMPLES, sizeof *u);
    size_t n = 0;

    a->spikes = bn_alloc((size_t)UNITS * SAMPLES, sizeof *a->spikes);
    assert_true(u != NULL && a->spikes != NULL);
    for (size_t k = 0; k < SAMPLES; k++) {
        const double t = a->time[k] = FAKE_BEGIN + 0.025 * (double)k;
        const double s = 100.0 * zigzag(0.02, t);
        a->xy[2 * k] = runs ? 0.6 * s : 80.0 * zigzag(0.0501, t);
        a->xy[2 * k + 1] = runs ? 0.8 * s : 60.0 * zigzag(0.0737, t);
    }
    for (size_t i = 0; i < UNITS; i++) {
        bn_rng_uniforms(rng, i + (runs ? 100 : 0), 0, u, 2 * SAMPLES);
        for (size_t k = 0; k < SAMPLES; k++) {
            const double *x = a->xy + 2 * k;
            const bool forward = remainder(0.02 * a->time[k], 1.0) > 0.0;
            const double r = runs ? runner_rate(i, x[0] / 0.6, forward)
                                  : walker_rate(i, x[0], x[1]);
            if (u[2 * k] < 0.025 * r)
                a->spikes[n++] = a->time[k] + 0.025 * u[2 * k + 1];
        }
        a->end[i] = (int64_t)n;
    }
    free(u);
}

/* The animal's file at other positions xy [SAMPLES, width]. */
static void write_file(const char *path, const struct animal *a, const double *xy,
                       size_t width, const char *unit, double clock)
{
    static const char *const tags[] = { "run", "rest" };
    const double start[] = { FAKE_BEGIN, 900.0 }, stop[] = { 650.0, 950.0 };
    const size_t n = (size_t)a->end[UNITS - 1];
    double *moved = bn_alloc(n, sizeof *moved);
    bn_h5 *f = fake_begin(path, "2.4.0");

    assert_non_null(moved);
    for (size_t k = 0; k < n; k++)
        moved[k] = a->spikes[k] + clock;
    fake_type(f, "/processing/behavior/Position", "Position");
    fake_series(f, FAKE_POSITION, "SpatialSeries", xy, SAMPLES, width, unit);
    fake_times(f, FAKE_POSITION, a->time, SAMPLES);
    fake_units(f, moved, n, a->end, UNITS);
    fake_intervals(f, "/intervals/epochs", start, stop, 2, tags, 2, NULL);
    assert_ok(bn_h5_close(f));
    free(moved);
}

/* --- what came out -------------------------------------------------------- */

static void runs(const char *arguments)
{
    char all[1500];
    snprintf(all, sizeof all, "--out out.h5 %s", arguments);
    box_runs("recording", all);
}

static double *column(const char *name, size_t *n)
{
    return box_column("out.h5", name, n);
}

static double at(const char *name, size_t i)
{
    return box_value("out.h5", name, i);
}

static double attribute(const char *key)
{
    double x;
    bn_h5 *f;
    assert_ok(bn_h5_open(&f, "out.h5"));
    assert_ok(bn_h5_get_real(f, "/point", key, &x));
    assert_ok(bn_h5_close(f));
    return x;
}

static void unit_is(const char *dataset, const char *unit)
{
    char *text;
    bn_h5 *f;
    assert_ok(bn_h5_open(&f, "out.h5"));
    assert_ok(bn_h5_get_text(f, dataset, "units", &text));
    assert_string_equal(text, unit);
    assert_ok(bn_h5_close(f));
    free(text);
}

/* --- maps ----------------------------------------------------------------- */

/* Information and sparsity of a Gaussian field at (30, 20) of that variance in an even box. */
static double field_information(double variance, double *sparsity)
{
    double sum = 0.0, squares = 0.0, logs = 0.0, n = 0.0;
    for (double x = 0.25; x < 80.0; x += 0.5)
        for (double y = 0.25; y < 60.0; y += 0.5) {
            const double e = -0.5 * ((x - 30) * (x - 30) + (y - 20) * (y - 20)) / variance;
            n++, sum += exp(e), squares += exp(2.0 * e), logs += exp(e) * e / log(2.0);
        }
    *sparsity = sum * sum / (n * squares);
    return logs / sum - log2(sum / n);
}

/* Rates are within five standard errors of the truth in each bin of 4 x 4 px (of n + 1
 * spikes, as n may be 0; the rate changes by at most 0.6/px x 2 px across half a bin).
 * The field of variance 64 is seen through bins of 4 px (16/12) and a Gaussian of one bin
 * (16): its information is that of a field of 81.3, 1.868 bits, in place of 2.18. 935 spikes
 * whose log2(r/mean) has a s.d. of about 1.3 leave 5 x 1.3/sqrt 935 = 0.21.          */
static void a_box(void **state)
{
    (void)state;
    size_t n;
    double sparsity;

    runs(BOX "--set file=box.nwb --set trim=0");
    assert_says(box_said, "lengths are in px, speeds in px/s");
    assert_says(box_said, "a box of 79.992 x 59.9991 px in 20 x 15 bins of 4 px");
    assert_says(box_said, "1 of 5 cells");
    box_shape("out.h5", "/rate", 2, 4, 300, 0);
    box_shape("out.h5", "/point", 2, 300, 2, 0);
    box_shape("out.h5", "/position", 2, 6000, 2, 0);
    box_shape("out.h5", "/counts", 2, 6000, 4, 0);
    unit_is("/point", "px"), unit_is("/speed", "px/s"), unit_is("/grid_spacing", "px");
    double *raw = column("/raw_rate", &n), *seconds = column("/occupancy", &n);
    double *point = column("/point", &n);
    for (size_t u = 0; u < 4; u++)
        for (size_t b = 0; b < 300; b++) {
            const double r = walker_rate(u, point[2 * b], point[2 * b + 1]);
            assert_close(raw[u * 300 + b], r, 0,
                         5.0 * sqrt(r * seconds[b] + 1.0) / seconds[b] + (u < 2 ? 1.2 : 0.0));
        }
    free(raw), free(seconds), free(point);
    /* leaving cells out changes nothing about the others' shuffles */
    size_t n_shuffled;
    double *shuffled = column("/shuffled", &n_shuffled);
    runs(BOX "--set file=box.nwb --set trim=0 --set minimum_spikes=3000");
    box_shape("out.h5", "/rate", 2, 3, 300, 0);
    for (size_t k = 0; k < 12; k++)
        assert_close(at("/shuffled", k), shuffled[4 + k], 0, 0);
    free(shuffled);
    runs(BOX "--set file=box.nwb --set trim=0");
    assert_close(at("/information", 0), field_information(64.0 + 16.0 + 16.0 / 12.0, &sparsity),
                 0, 0.21);
    assert_close(at("/sparsity", 0), sparsity, 0.15, 0);
    assert_close(at("/information_p", 0), 1.0 / 101.0, 1e-12, 0);
    assert_close(at("/information_p", 1), 1.0 / 101.0, 1e-12, 0);
    assert_true(at("/information_p", 2) > 0.02);
    assert_close(at("/preferred_point", 0), 30.0, 0, 4.1);
    assert_close(at("/preferred_point", 1), 20.0, 0, 4.1);
    assert_true(at("/coherence", 0) > 1.0 && at("/coherence", 2) < 0.5);
    assert_true(at("/stability", 0) > 0.9 && at("/stability", 2) < 0.5);
    /* an environment smaller than the field: hardly any information, and said by nothing */
    assert_true(at("/information", 3) < 0.02 && at("/sparsity", 3) > 0.97);
}

/* A grid's score, spacing and orientation: 25 px, 0.3 rad; its infinite lattice has 1.33 */
static void a_grid_cell(void **state)
{
    (void)state;
    runs(BOX "--set file=box.nwb --set bins=40 --set shuffles=0");
    assert_true(at("/grid_score", 1) > 1.0);
    assert_true(at("/grid_score", 2) < 0.6);
    assert_close(at("/grid_spacing", 1), 25.0, 0.03, 0);
    assert_close(at("/grid_orientation", 1), 0.3, 0, 0.05);
    assert_close(at("/grid_peaks", 1), 6, 0, 0);
}

/* The same way 8 px further is the same map 2 bins further, or, with a range of its own, the
 * same map with another origin. */
static void a_shifted_animal(void **state)
{
    (void)state;
    double xy[2 * SAMPLES], *one, *two;
    size_t n;

    for (size_t k = 0; k < SAMPLES; k++)
        xy[2 * k] = walker.xy[2 * k] + 8.0, xy[2 * k + 1] = walker.xy[2 * k + 1] - 4.0;
    write_file("shifted.nwb", &walker, xy, 2, "pixels", 0.0);
    runs(BOX "--set file=box.nwb --set bins=25 --set range='0 100 -20 80'");
    one = column("/raw_rate", &n);
    runs(BOX "--set file=shifted.nwb --set bins=25 --set range='0 100 -20 80'");
    two = column("/raw_rate", &n);
    double seen = 0.0;
    for (size_t u = 0; u < 4; u++)
        for (size_t i = 0; i < 23; i++)
            for (size_t j = 1; j < 25; j++) {
                const double r = one[(u * 25 + i) * 25 + j];
                assert_close(two[(u * 25 + i + 2) * 25 + j - 1], r, 1e-10, 0);
                seen += r;
            }
    assert_true(seen > 1000.0);
    free(one), free(two);

    runs(BOX "--set file=box.nwb");
    one = column("/rate", &n);
    const double origin = attribute("origin"), score = at("/grid_score", 1);
    runs(BOX "--set file=shifted.nwb");
    two = column("/rate", &n);
    for (size_t k = 0; k < n; k++)
        assert_close(two[k], one[k], 1e-9, 1e-12);
    assert_close(attribute("origin"), origin + 8.0, 0, 1e-9);
    assert_close(at("/grid_score", 1), score, 0, 1e-9);
    free(one), free(two);
}

/* (x, y) to (-y, x): bin (i, j) becomes bin (rows - 1 - j, i). */
static void a_turned_animal(void **state)
{
    (void)state;
    double xy[2 * SAMPLES], *one, *two;
    size_t n;

    for (size_t k = 0; k < SAMPLES; k++)
        xy[2 * k] = -walker.xy[2 * k + 1], xy[2 * k + 1] = walker.xy[2 * k];
    write_file("turned.nwb", &walker, xy, 2, "pixels", 0.0);
    runs(BOX "--set file=box.nwb --set trim=0");
    one = column("/rate", &n);
    const double score = at("/grid_score", 1), angle = at("/grid_orientation", 1);
    const double bits = at("/information", 0), coherence = at("/coherence", 0);
    runs(BOX "--set file=turned.nwb --set trim=0");
    two = column("/rate", &n);
    for (size_t u = 0; u < 4; u++)
        for (size_t i = 0; i < 20; i++)
            for (size_t j = 0; j < 15; j++)
                assert_close(two[(u * 15 + 14 - j) * 20 + i], one[(u * 20 + i) * 15 + j], 1e-9,
                             1e-12);
    assert_close(at("/information", 0), bits, 1e-9, 0);
    assert_close(at("/coherence", 0), coherence, 1e-9, 0);
    assert_close(at("/grid_score", 1), score, 0, 1e-6);
    assert_close(remainder(at("/grid_orientation", 1) - angle - FAKE_TURN / 4, FAKE_TURN / 6),
                 0, 0, 1e-6);
    free(one), free(two);
}

/* --- a line --------------------------------------------------------------- */

/* The axis is (0.6, 0.8); each way has its own maps; the field of one way is none the other
 * way, which maps of both ways cannot show.                                       */
static void a_line(void **state)
{
    (void)state;
    size_t n;

    runs(PLACE "--set file=line.nwb --set direction=split --set bins=40 --set trim=0");
    assert_says(box_said, "a line along (0.600, 0.800) of 100 cm in 40 bins of 2.5 cm");
    unit_is("/point", "cm");
    box_shape("out.h5", "/rate", 2, 8, 40, 0);
    box_shape("out.h5", "/counts", 2, 6000, 4, 0);
    double *raw = column("/raw_rate", &n), *point = column("/point", &n);
    double *way = column("/direction", &n), *seconds = column("/occupancy", &n);
    assert_int_equal(n, 40);
    for (size_t row = 0; row < 8; row++) {
        assert_true(way[row] == (row < 4 ? 1.0 : -1.0));
        assert_close(at("/cell", row), (double)(row % 4), 0, 0);
        for (size_t b = 1; b < 39; b++) {
            const double r = runner_rate(row % 4, point[b], row < 4), s = 0.5 * seconds[b];
            /* a turn of the animal is seen 0.1 s late, at the ends only */
            assert_close(raw[row * 40 + b], r, 0, 5.0 * sqrt(r * s + 1.0) / s + 1.5);
        }
    }
    assert_true(at("/spikes", 5) < 0.02 * at("/spikes", 1));
    assert_close(at("/preferred_point", 1), 30.0, 0, 4.0);
    assert_close(at("/preferred_point", 6), 70.0, 0, 4.0);
    free(raw), free(point), free(way), free(seconds);

    runs(PLACE "--set file=line.nwb --set direction=backward --set bins=40 --set shuffles=0 "
               "--set minimum_spikes=0");
    box_shape("out.h5", "/rate", 2, 5, 40, 0);
    assert_true(at("/spikes", 1) < 20 && at("/spikes", 2) > 100);
    assert_close(at("/spikes", 4), 0, 0, 0);
    double *valid = column("/valid", &n), sum = 0.0;
    for (size_t k = 0; k < n; k++)
        sum += valid[k];
    assert_close(sum, 3000.0, 0, 100.0);         /* half of the time */
    free(valid);
    runs(PLACE "--set file=line.nwb --set projection=first --set bins=40 --set shuffles=0 "
               "--set trim=0");
    assert_close(attribute("size"), 60.0, 1e-3, 0);
}

/* /position is the zigzag from the grid's origin, at 4 cm/s; /counts sum up to the spikes. */
static void the_path(void **state)
{
    (void)state;
    size_t n, m;
    runs(PLACE "--set file=line.nwb --set epoch=run --set trim=0 --set bins=40 --set shuffles=0");
    double *time = column("/time", &n), *position = column("/position", &n);
    double *speed = column("/speed", &n), *counts = column("/counts", &m), sum = 0.0;
    for (size_t k = 5; k + 5 < n; k++) {
        assert_close(position[k], 100.0 * zigzag(0.02, time[k]), 0, 0.1);
        assert_true(speed[k] > 1.0 && speed[k] < 4.0 + 1e-9);
    }
    for (size_t k = 0; k < m; k++)
        sum += counts[k];
    assert_close(sum, (double)runner.end[UNITS - 1], 0, 0);
    free(time), free(position), free(speed), free(counts);
}

/* Tracking is lost for 50 of each 1,000 samples: the seconds are missing, no number is. */
static void lost_tracking(void **state)
{
    (void)state;
    double xy[2 * SAMPLES], sum = 0.0, valid = 0.0, *x;
    size_t n;

    for (size_t k = 0; k < 2 * SAMPLES; k++)
        xy[k] = k / 2 % 1000 < 50 ? NAN : walker.xy[k];
    write_file("lost.nwb", &walker, xy, 2, "pixels", 0.0);
    runs(BOX "--set file=lost.nwb --set trim=0");
    assert_says(box_said, "1200 of 24000 samples have no position");
    x = column("/occupancy", &n);
    for (size_t k = 0; k < n; k++)
        sum += x[k];
    free(x);
    /* 24 times 1.25 s; before a gap of several steps a sample stands for two of them */
    assert_close(sum, 600.0 - 24 * 1.25, 0, 24 * 0.026);
    x = column("/valid", &n);
    for (size_t k = 0; k < n; k++)
        valid += x[k];
    free(x);
    assert_close(valid, 0.95 * 6000, 0, 24.0);
    x = column("/position", &n);
    for (size_t k = 0; k < n; k++)
        assert_true(x[k] >= 0.0 && x[k] <= 80.0);
    free(x);
}

/* 460,000 spikes at even times: all are counted, and say nothing: (B - 1)/(2 N ln 2) = 5e-4
 * bits if they were random, less as they are even.                                */
static void a_busy_unit(void **state)
{
    (void)state;
    static struct animal busy;
    busy = walker;
    busy.spikes = bn_alloc(460000, sizeof *busy.spikes);
    assert_non_null(busy.spikes);
    for (size_t k = 0; k < 460000; k++)
        busy.spikes[k] = FAKE_BEGIN + 600.0 * ((double)k + 0.5) / 460000.0;
    for (size_t i = 0; i < UNITS; i++)
        busy.end[i] = 460000;
    write_file("busy.nwb", &busy, walker.xy, 2, "pixels", 0.0);
    free(busy.spikes);
    runs(BOX "--set file=busy.nwb --set trim=0 --set shuffles=1000");
    box_shape("out.h5", "/rate", 2, 1, 300, 0);
    assert_close(at("/spikes", 0), 460000, 0, 0);
    assert_true(at("/information", 0) < 5e-4);
    assert_close(at("/mean_rate", 0), 460000 / 600.0, 1e-3, 0);
}

static void same_bytes_twice(void **state)
{
    (void)state;
    box_repeats("recording", BOX "--set file=box.nwb");
    box_repeats("recording", PLACE "--set file=line.nwb --set shuffles=20");
}

/* --- what is refused ------------------------------------------------------ */

static void write_spoilt(void)
{
    double xy[2 * SAMPLES];
    bn_h5 *f;

    write_file("box.nwb", &walker, walker.xy, 2, "pixels", 0.0);
    write_file("line.nwb", &runner, runner.xy, 2, "centimeters", 0.0);
    write_file("clock.nwb", &walker, walker.xy, 2, "pixels", 5000.0);
    for (size_t k = 0; k < SAMPLES; k++)
        xy[k] = runner.xy[2 * k];
    write_file("single.nwb", &runner, xy, 1, "m", 0.0);
    for (size_t k = 0; k < SAMPLES; k++)
        xy[2 * k] = walker.xy[2 * k], xy[2 * k + 1] = 0.002 * walker.xy[2 * k + 1];
    write_file("flat.nwb", &walker, xy, 2, "pixels", 0.0);
    for (size_t k = 0; k < 2 * SAMPLES; k++)
        xy[k] = 7.0;
    write_file("still.nwb", &walker, xy, 2, "pixels", 0.0);
    for (size_t k = 0; k < 2 * SAMPLES; k++)
        xy[k] = NAN;
    write_file("nowhere.nwb", &walker, xy, 2, "pixels", 0.0);
    f = fake_begin("mute.nwb", "2.4.0");
    fake_type(f, "/processing/behavior/Position", "Position");
    fake_series(f, FAKE_POSITION, "SpatialSeries", walker.xy, SAMPLES, 2, "pixels");
    fake_times(f, FAKE_POSITION, walker.time, SAMPLES);
    assert_ok(bn_h5_close(f));
    assert_int_equal(system("echo 1,2,3,4 > rows.csv"), 0);
}

static void refusals(void **state)
{
    (void)state;
    static const struct box_refusal row[] = {
        { "--set file=box.nwb --set epoch=rnu", "the tags are: run, rest", 3 },
        { "--set file=box.nwb --set epoch=rest", "they do not meet", 3 },
        { "--set file=clock.nwb", "no spike falls into the epoch", 3 },
        { "--set file=mute.nwb", "no sorted spikes", 3 },
        { "--set file=box.nwb --set units_column=location", "no column \"location\"", 3 },
        { "--set file=single.nwb --set dimensions=2", "has 1 number per sample", 3 },
        { "--set file=flat.nwb --set dimensions=2", "set dimensions = 1", 3 },
        { "--set file=line.nwb --set dimensions=2 --set bins=4 --set smoothing=3",
          "smoothing = 3 bins, but the environment has 3 bins", 2 },
        { "--set file=still.nwb", "never left", 3 },
        { "--set file=nowhere.nwb", "not one sample counts", 3 },
        { "--set file=box.nwb --set run_speed=1e6", "not one sample counts", 3 },
        { "--set file=box.nwb --set bins=2", "[3, 10000]", 2 },
        { "--set file=box.nwb --set smoothing=26", "but the environment has 50 bins", 2 },
        { "--set file=box.nwb --set dimensions=2 --set direction=split", "more ways than two",
          2 },
        { "--set file=box.nwb --set occupancy_min=1000", "0 of 50 bins were visited", 3 },
        { "--set file=box.nwb --set minimum_spikes=100000", "minimum_spikes = 100000", 3 },
        { "--set file=box.nwb --set shift_min=400", "take a smaller shift_min", 2 },
        { "--set file=box.nwb --set range=5", "range has 1 numbers; it wants 2", 2 },
        { "--set file=box.nwb --set range='9 5'", "from 9 to 5", 2 },
        { "--set file=box.nwb --set bin=0.001", "below the tracking's own step", 2 },
        { "--set 'files={box.nwb, line.nwb}'", "takes one recording, not the 2", 2 },
        { "--set file=box.nwb --set copies=3", "copies = 3", 2 },
        { "--set file=box.nwb --set speed_min=5", "run_speed", 2 },
        { "--set file=rows.csv", "from NWB files only", 2 },
        { "--set file=box.nwb --set position=tail", "no series tail", 3 },
    };
    for (size_t i = 0; i < BN_LEN(row); i++) {
        char arguments[1200];
        snprintf(arguments, sizeof arguments, "--out no.h5 " PLACE "%s", row[i].arguments);
        const int status = box_run("recording", arguments);
        if (status != row[i].status)
            fail_msg("%s: status %d, want %d: %s", row[i].arguments, status, row[i].status,
                     box_said);
        assert_says(box_said, row[i].says);
        assert_int_not_equal(system("ls no.h5* >/dev/null 2>&1"), 0);
    }
    runs(PLACE "--set file=single.nwb --set shuffles=0");
    assert_says(box_said, "a line of");
}

/* --- a recorded rat ------------------------------------------------------- */

/* linear-track.nwb, from its bytes with h5py and NumPy, by the rules of
 * docs/science/recordings.md alone: one repeated time, v over 0.2 s by numpy.interp, samples
 * of the epoch `run` at 30 px/s or more (18,785, 312.979 s), axis by numpy.linalg.eigh, range
 * between order statistics 18 and n - 19, and then counting, smoothing and sums as matrices. */
static void linear_track(void **state)
{
    (void)state;
    char arguments[1400];
    const double spikes[] = { 299, 85, 852, 108, 559, 475, 1865, 239, 158, 345, 370, 178, 67,
                              1108, 339, 441 };
    const double bits[] = { 0.81398964, 1.31924781, 0.40560588, 0.84233189 };
    const double sparse[] = { 0.44429384, 0.31033644, 0.66368202, 0.43583594 };
    const double coherent[] = { 1.47407286, 0.9970146, 1.28097287, 1.36143461 };

    if (folder[0] == '\0')
        skip();
    snprintf(arguments, sizeof arguments, PLACE "--set 'file=%s/linear-track.nwb' "
             "--set epoch=run --set run_speed=30", folder);
    runs(arguments);
    assert_says(box_said, "no scale of the camera is known");
    assert_says(box_said, "312.979 s of the epoch's 900 s count");
    assert_says(box_said, "a line along (0.812, 0.584) of 422.027 px");
    assert_says(box_said, "15 of 31 cells");
    assert_close(attribute("size"), 422.0272799409495, 1e-10, 0);
    assert_close(attribute("origin"), 195.18239423479943, 1e-10, 0);
    assert_close(at("/occupancy", 0), 6.733633333333273, 1e-10, 0);
    assert_close(at("/occupancy", 17), 6.364799999998468, 1e-10, 0);
    for (size_t u = 0; u < BN_LEN(spikes); u++)
        assert_close(at("/spikes", u), spikes[u], 0, 0);
    assert_close(at("/rate", 10), 0.21803319609749364, 1e-9, 0);
    assert_close(at("/rate", 3 * 50 + 40), 1.378319738594235, 1e-9, 0);
    for (size_t u = 0; u < 4; u++) {
        assert_close(at("/information", u), bits[u], 0, 1e-8);
        assert_close(at("/sparsity", u), sparse[u], 0, 1e-8);
        assert_close(at("/coherence", u), coherent[u], 0, 1e-8);
        assert_close(at("/information_p", u), 1.0 / 1001.0, 1e-12, 0);
    }
    strcat(arguments, " --set direction=split --set shuffles=0");
    runs(arguments);
    assert_close(at("/information", 1), 1.64916768, 0, 1e-8);
    assert_close(at("/information", 16), 0.85644785, 0, 1e-8);
    assert_close(at("/spikes", 1), 79, 0, 0);
}

static int setup(void **state)
{
    (void)state;
    animal_make(&walker, false);
    animal_make(&runner, true);
    write_spoilt();
    return 0;
}

static int teardown(void **state)
{
    free(walker.spikes), free(runner.spikes);
    return box_leave(state);
}

/* BASIN_DATA as an absolute path, because the tests run elsewhere. */
static void locate(void)
{
    char here[512];
    const char *data = recordings();

    if (data != NULL && getcwd(here, sizeof here) != NULL)
        snprintf(folder, sizeof folder, "%s%s%s", data[0] == '/' ? "" : here,
                 data[0] == '/' ? "" : "/", data);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_box),            cmocka_unit_test(a_grid_cell),
        cmocka_unit_test(a_shifted_animal), cmocka_unit_test(a_turned_animal),
        cmocka_unit_test(a_line),           cmocka_unit_test(the_path),
        cmocka_unit_test(lost_tracking),    cmocka_unit_test(a_busy_unit),
        cmocka_unit_test(same_bytes_twice), cmocka_unit_test(refusals),
        cmocka_unit_test(linear_track),
    };
    (void)argc;
    locate();
    box_enter(argv[0]);
    return cmocka_run_group_tests_name("places", tests, setup, teardown);
}
