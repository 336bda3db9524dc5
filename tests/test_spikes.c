/* SPDX-License-Identifier: MIT
 * Laws of the counting, known answers of the curves, and spikes drawn from known
 * rates that must come back.                                                   */
#include "test.h"

#include <basin/mem.h>
#include <basin/population.h>
#include <basin/spikes.h>
#include <basin/tile.h>

#include <stdlib.h>

#define TURN 6.283185307179586

static const struct bn_rng rng = { .seed = 20, .stream = 7, .replicate = 0 };

/* A head that turns steadily but wanders: every angle is visited again and again. */
static void make_track(struct bn_track *t, size_t n, double step)
{
    *t = (struct bn_track){ .n = n };
    t->time = bn_alloc(n, sizeof(double));
    t->angle = bn_alloc(n, sizeof(double));
    assert_true(t->time != NULL && t->angle != NULL);
    double *turn = bn_alloc(n, sizeof(double)), at = 0.0;
    assert_non_null(turn);
    bn_rng_normals(rng, 0, 0, turn, n);
    for (size_t k = 0; k < n; k++) {
        t->time[k] = 100.0 + (double)k * step;
        t->angle[k] = at = fmod(at + 0.02 + 0.08 * turn[k] + TURN, TURN);
    }
    free(turn);
}

static double von_mises(double angle, double peak, double mean, double kappa)
{
    return peak * exp(kappa * (cos(angle - mean) - 1.0));
}

/* Each sample's step holds at most one spike, with probability rate x step. */
static void draw_spikes(struct bn_trains *s, const struct bn_track *t, double step,
                        size_t units, double (*rate)(double angle, size_t unit))
{
    double *u = bn_alloc(2 * t->n, sizeof *u);
    assert_non_null(u);
    assert_ok(bn_trains_alloc(s, units, units * t->n));
    size_t spikes = 0;
    for (size_t i = 0; i < units; i++) {
        bn_rng_uniforms(rng, 10 + i, 0, u, 2 * t->n);
        for (size_t k = 0; k < t->n; k++)
            if (u[2 * k] < rate(t->angle[k], i) * step)
                s->time[spikes++] = t->time[k] + u[2 * k + 1] * step;
        s->end[i] = spikes;
    }
    free(u);
}

static double tuned(double angle, size_t unit)
{
    return unit == 3 ? 12.0 * (1.0 + 0.6 * cos(angle - 5.0))     /* cosine */
                     : von_mises(angle, 20.0, 1.5 * (double)unit, 3.0);
}

static void one_span(struct bn_spans *s, double start, double stop)
{
    assert_ok(bn_spans_alloc(s, 1));
    s->start[0] = start, s->stop[0] = stop;
}

enum { SAMPLES = 60000, UNITS = 4, ANGLES = 60 };
static const double STEP = 0.02;

struct world {
    struct bn_track track;
    struct bn_trains trains;
    struct bn_spans spans;
    struct bn_tally tally;
};

static struct world make_world(void)
{
    const struct bn_binning b = { .angles = ANGLES, .chunks = 8, .gap = 2.0 };
    struct world w = {0};
    make_track(&w.track, SAMPLES, STEP);
    draw_spikes(&w.trains, &w.track, STEP, UNITS, tuned);
    one_span(&w.spans, 0.0, 1e9);
    bn_spans_merge(&w.spans, w.track.time[0], w.track.time[SAMPLES - 1] + STEP);
    assert_ok(bn_tally_make(&w.tally, &w.track, &w.trains, &w.spans, &b));
    return w;
}

static void free_world(struct world *w)
{
    bn_tally_free(&w->tally);
    bn_spans_free(&w->spans);
    bn_trains_free(&w->trains);
    bn_track_free(&w->track);
}

static void nothing_is_lost(void **state)
{
    (void)state;
    struct world w = make_world();
    double seconds = 0.0, fold[2] = {0}, *raw = bn_alloc(UNITS * ANGLES, sizeof *raw);

    assert_non_null(raw);
    for (size_t m = 0; m < 2 * ANGLES; m++) {
        seconds += w.tally.occupancy[m];
        fold[m / ANGLES] += w.tally.occupancy[m];
    }
    assert_close(seconds, SAMPLES * STEP, 1e-9, 0);
    assert_close(fold[0], seconds / 2, 0, 8 * STEP);
    bn_tally_raw(&w.tally, raw);
    for (size_t u = 0; u < UNITS; u++) {
        const size_t all = w.trains.end[u] - (u > 0 ? w.trains.end[u - 1] : 0);
        double spikes = 0.0;
        for (size_t m = 0; m < ANGLES; m++)
            spikes += raw[u * ANGLES + m] * (w.tally.occupancy[m] +
                                             w.tally.occupancy[ANGLES + m]);
        /* half open to a rounding: a spike may sit on a boundary */
        assert_close(bn_tally_spikes(&w.tally, u), (double)all, 0, 1);
        assert_close(spikes, bn_tally_spikes(&w.tally, u), 1e-12, 0);
    }
    free(raw);
    free_world(&w);
}

/* Raw rates are Poisson counts over known seconds: five sigma of the true rate,
 * averaged over the bin; smoothing must not bias the curve beyond 5 % of its peak. */
static void known_rates_come_back(void **state)
{
    (void)state;
    struct world w = make_world();
    double sigmas[40], *raw = bn_alloc(UNITS * ANGLES, sizeof *raw);
    struct bn_population p = {0};

    for (size_t k = 0; k < BN_LEN(sigmas); k++)
        sigmas[k] = pow(10.0, -1.0 + 3.0 * (double)k / 39.0);
    assert_non_null(raw);
    assert_ok(bn_population_add(&p, &w.tally, sigmas, BN_LEN(sigmas), 1e-3, 0));
    bn_tally_raw(&w.tally, raw);
    for (size_t u = 0; u < UNITS; u++)
        for (size_t m = 0; m < ANGLES; m++) {
            const double seconds = p.occupancy[m];
            double truth = 0.0;
            for (int j = -10; j <= 10; j++)
                truth += tuned(TURN * ((double)m + j / 21.0) / ANGLES, u) / 21.0;
            assert_close(raw[u * ANGLES + m], truth, 0,
                         5.0 * sqrt(truth / seconds) +
                             5.0 / seconds * (truth * seconds < 1));
            assert_close(p.rate[u * ANGLES + m], truth, 0,
                         5.0 * sqrt(truth / seconds) + 0.2);
        }
    free(raw);
    bn_population_free(&p);
    free_world(&w);
}

/* r = a (1 + b cos(theta - c)): preferred c, mean vector length b/2; von Mises: the
 * ratio of Bessel functions I1/I0(3) = 0.8099852939.  Sigma of both, for n spikes:
 * about 1/(length sqrt(n)) rad and 1/sqrt(n).                                       */
static void known_centres(void **state)
{
    (void)state;
    static const double length[UNITS] = { 0.8099852939, 0.8099852939, 0.8099852939, 0.3 };
    static const double angle[UNITS] = { 0.0, 1.5, 3.0, 5.0 };
    struct world w = make_world();
    const double sigmas[] = { 0.5, 1.0, 2.0, 4.0 };
    struct bn_population p = {0};
    double preferred[UNITS], found[UNITS];

    assert_ok(bn_population_add(&p, &w.tally, sigmas, BN_LEN(sigmas), 1e-3, 0));
    bn_population_centres(&p, preferred, found);
    for (size_t u = 0; u < UNITS; u++) {
        const double sigma = 1.0 / sqrt(p.spikes[u]);
        assert_close(remainder(preferred[u] - angle[u], TURN), 0, 0,
                     5.0 * sigma / length[u]);
        assert_close(found[u], length[u], 0.02, 5.0 * sigma);
    }
    bn_population_free(&p);
    free_world(&w);
}

static void exact_centre(void **state)
{
    (void)state;
    double x[36], angle, length;
    for (size_t m = 0; m < 36; m++)
        x[m] = 3.0 * (1.0 + 0.8 * cos(TURN * (double)m / 36 - 2.0));
    bn_curve_centre(x, 36, &angle, &length);
    assert_close(angle, 2.0, 1e-14, 0);
    assert_close(length, 0.4, 1e-14, 0);
    memset(x, 0, sizeof x);
    bn_curve_centre(x, 36, &angle, &length);
    assert_close(angle, 0, 0, 0);
    assert_close(length, 0, 0, 0);
}

/* G multiplies harmonic n by exp(-(2 pi n sigma/M)^2/2) wherever the Gaussian is well
 * sampled, keeps the mean, and a tiny sigma does nothing.                            */
static void smoothing_is_a_wrapped_gaussian(void **state)
{
    (void)state;
    static const size_t sizes[] = { 50, 51, 3 };
    double x[51], y[51];

    for (size_t s = 0; s < 2; s++) {
        const size_t n = sizes[s];
        for (double sigma = 0.8; sigma < 60.0; sigma *= 2.0) {
            const double k = TURN * 2.0 * sigma / (double)n;
            for (size_t m = 0; m < n; m++)
                x[m] = 5.0 + 2.0 * cos(TURN * 2.0 * (double)m / (double)n - 0.3);
            assert_ok(bn_smooth(x, n, sigma, y));
            for (size_t m = 0; m < n; m++)
                assert_close(y[m] - 5.0, (x[m] - 5.0) * exp(-0.5 * k * k), 0, 2e-5);
        }
    }
    for (size_t s = 0; s < BN_LEN(sizes); s++) {
        for (size_t m = 0; m < sizes[s]; m++)
            x[m] = (double)(m * m % 7);
        assert_ok(bn_smooth(x, sizes[s], 0.05, y));
        for (size_t m = 0; m < sizes[s]; m++)
            assert_close(y[m], x[m], 1e-12, 1e-12);
        assert_ok(bn_smooth(x, sizes[s], 7.0, y));
        double before = 0, after = 0;
        for (size_t m = 0; m < sizes[s]; m++)
            before += x[m], after += y[m];
        assert_close(after, before, 1e-13, 0);
    }
}

/* More data needs less smoothing, an untuned cell the widest. */
static void smoothing_follows_the_data(void **state)
{
    (void)state;
    enum { M = 40 };
    double occupancy[2 * M], counts[3 * 2 * M], rate[3 * M], chosen[6];
    const double sigmas[] = { 0.1, 0.5, 1.0, 2.0, 4.0, 100.0 };
    struct bn_tally t = {
        .angles = M, .units = 3, .occupancy = occupancy, .counts = counts
    };

    for (size_t f = 0; f < 2; f++)
        for (size_t m = 0; m < M; m++) {
            const double hill = von_mises(TURN * (double)m / M, 40.0, 3.0, 5.0);
            occupancy[f * M + m] = 10.0;
            counts[f * M + m] = floor(1e5 * hill);                      /* exact */
            counts[2 * M + f * M + m] = (m + f) % 2 ? 0.0 : 10.0; /* opposite combs */
            counts[4 * M + f * M + m] = f == 0 ? 3.0 : 0.0; /* one fold silent */
        }
    assert_ok(bn_tally_smooth(&t, sigmas, BN_LEN(sigmas), 1e-3, rate, chosen));
    assert_close(chosen[0], 0.1, 0, 0);
    assert_close(chosen[1], 0.1, 0, 0);
    assert_true(chosen[2] >= 2.0 && chosen[3] >= 2.0);
    assert_close(chosen[4], 100.0, 0, 0);
    assert_close(chosen[5], 100.0, 0, 0);
    for (size_t m = 0; m < M; m++) {
        assert_close(rate[m], counts[m] / 10.0, 1e-12, 0);
        assert_close(rate[2 * M + m], 0.15, 1e-12, 0);      /* mean of 0.3 and 0 */
    }
}

static void threads_do_not_matter(void **state)
{
    (void)state;
    struct world w = make_world();
    const double sigmas[] = { 0.1, 0.3, 1.0, 3.0, 10.0 };
    double one[UNITS * ANGLES], many[UNITS * ANGLES], chosen[2 * UNITS];

    memset(one, 0xff, sizeof one);
    memset(many, 0xee, sizeof many);
    bn_threads_set(1);
    assert_ok(bn_tally_smooth(&w.tally, sigmas, 5, 1e-3, one, chosen));
    bn_threads_set(3);
    assert_ok(bn_tally_smooth(&w.tally, sigmas, 5, 1e-3, many, chosen));
    bn_threads_set(0);
    assert_memory_equal(one, many, sizeof one);
    free_world(&w);
}

/* Four samples, a gap, two more; by hand: step 1 s, gap 2 steps. */
static void gaps_are_capped(void **state)
{
    (void)state;
    double time[] = { 0, 1, 2, 10, 11, 12 }, angle[] = { 0, 2.1, 4.2, 0, 2.1, 4.2 };
    double spikes[] = { -1, 0.5, 2.5, 3.9, 4.1, 9.0, 10.2, 12.9, 13.5 };
    size_t end[] = { 9 };
    const struct bn_track track = { .n = 6, .time = time, .angle = angle };
    const struct bn_trains trains = { .n = 1, .end = end, .time = spikes };
    const struct bn_binning b = { .angles = 3, .chunks = 2, .gap = 2.0 };
    struct bn_spans spans;
    struct bn_tally t;

    one_span(&spans, 0.0, 13.0);
    assert_ok(bn_tally_make(&t, &track, &trains, &spans, &b));
    const double seconds[] = { 1, 1, 2, 1, 1, 1 }, counts[] = { 1, 0, 2, 1, 0, 1 };
    for (size_t k = 0; k < 6; k++) {
        assert_close(t.occupancy[k], seconds[k], 1e-14, 0);
        assert_close(t.counts[k], counts[k], 0, 0);
    }
    bn_tally_free(&t);
    bn_spans_free(&spans);
}

static void lost_and_slow_samples_do_not_count(void **state)
{
    (void)state;
    double time[] = { 0, 1, 2, 3, 4, 5, 6, 7 };
    double angle[] = { 0, 2.1, 4.2, NAN, 0, 2.1, 4.2, 0 };
    double speed[] = { 5, 5, 5, 5, 5, 5, 5, 1 }, spikes[] = { 0.5, 3.5, 7.5 };
    size_t end[] = { 3 };
    const struct bn_track track = {
        .n = 8, .time = time, .angle = angle, .speed = speed
    };
    const struct bn_trains trains = { .n = 1, .end = end, .time = spikes };
    const struct bn_binning b = {
        .angles = 3, .chunks = 2, .gap = 2.0, .speed_min = 2.0
    };
    struct bn_spans spans;
    struct bn_tally t;
    double seconds = 0.0;

    one_span(&spans, 0.0, 8.0);
    assert_ok(bn_tally_make(&t, &track, &trains, &spans, &b));
    for (size_t k = 0; k < 6; k++)
        seconds += t.occupancy[k];
    assert_close(seconds, 6.0, 1e-14, 0);
    assert_close(bn_tally_spikes(&t, 0), 1.0, 0, 0);
    bn_tally_free(&t);
    bn_spans_free(&spans);
}

static void unvisited_bins_are_refused(void **state)
{
    (void)state;
    struct world w = make_world();
    struct bn_binning b = { .angles = 5000, .chunks = 8, .gap = 2.0 };
    struct bn_tally t;

    assert_fails(bn_tally_make(&t, &w.track, &w.trains, &w.spans, &b), BN_INPUT);
    const char *says = strstr(bn_error(), "angles = ");
    assert_non_null(says);
    b.angles = (size_t)strtoul(says + strlen("angles = "), NULL, 10);
    assert_in_range(b.angles, 100, 4999);
    assert_ok(bn_tally_make(&t, &w.track, &w.trains, &w.spans, &b));  /* as promised */
    bn_tally_free(&t);

    for (size_t k = 0; k < w.track.n; k++)
        w.track.angle[k] = 1.0;
    b.angles = 20;
    assert_fails(bn_tally_make(&t, &w.track, &w.trains, &w.spans, &b), BN_INPUT);
    assert_says(bn_error(), "19 of 20");
    assert_says(bn_error(), "longer epoch");
    for (size_t k = 0; k < w.track.n; k++)
        w.track.angle[k] = NAN;
    assert_fails(bn_tally_make(&t, &w.track, &w.trains, &w.spans, &b), BN_INPUT);
    assert_says(bn_error(), "not one second");
    free_world(&w);
}

static void cleaning(void **state)
{
    (void)state;
    double time[] = { -1.5e9, 3, 1, 2, NAN, 2, 4 };
    double data[] = { 90, 91, 30, 31, 10, 11, 20, 21, 0, 0, 22, 23, 40, 41 };
    const double want_time[] = { 1, 2, 3, 4 };
    const double want[] = { 10, 11, 20, 21, 30, 31, 40, 41 };
    struct bn_mended m;
    size_t n = 7;

    assert_ok(bn_series_mend(&n, time, data, 2, &m));
    assert_int_equal(n, 4);
    assert_int_equal(m.absurd, 2);
    assert_int_equal(m.unsorted, 1);
    assert_int_equal(m.repeated, 1);
    assert_memory_equal(time, want_time, sizeof want_time);
    assert_memory_equal(data, want, sizeof want);

    double spikes[] = { 3, 1, NAN, 5, 6 };
    size_t end[] = { 3, 3, 5 };
    struct bn_trains s = { .n = 3, .end = end, .time = spikes };
    const double want_spikes[] = { 1, 3, 5, 6 };
    const size_t want_end[] = { 2, 2, 4 };
    assert_ok(bn_trains_mend(&s, &m));
    assert_int_equal(m.absurd, 1);
    assert_int_equal(m.unsorted, 1);
    assert_memory_equal(spikes, want_spikes, sizeof want_spikes);
    assert_memory_equal(end, want_end, sizeof want_end);
}

static void spans_merge(void **state)
{
    (void)state;
    double start[] = { 20, 0, 5, 40, 60 }, stop[] = { 30, 10, 12, 40, 99 };
    struct bn_spans s = { .n = 5, .start = start, .stop = stop };

    bn_spans_merge(&s, 2, 70);
    assert_int_equal(s.n, 3);
    assert_close(start[0], 2, 0, 0);
    assert_close(stop[0], 12, 0, 0);
    assert_close(start[1], 20, 0, 0);
    assert_close(start[2], 60, 0, 0);
    assert_close(stop[2], 70, 0, 0);
}

static void angle_units(void **state)
{
    (void)state;
    static const struct {
        double low, high;
        const char *unit, *wanted;
        bn_status status;
        bool guessed;
        double want;                     /* what `high` becomes */
    } row[] = {
        { 0, 6.2, "radians", "auto", BN_OK, false, 6.2 },
        { -3.1, 3.1, "meters", "auto", BN_OK, false, 3.1 },
        { 0, 350, "degrees", "auto", BN_OK, false, 350 * TURN / 360 },
        { -180, 180, "radians", "auto", BN_OK, true, 180 * TURN / 360 },
        { 0, 6.2, "degrees", "auto", BN_INPUT, false, 0 },
        { 0, 6.2, "degrees", "degrees", BN_OK, false, 6.2 * TURN / 360 },
        { 0, 1000, "radians", "auto", BN_INPUT, false, 0 },
        { 0, 7.0, "whatever", "radians", BN_OK, false, 7.0 - TURN },
        { 0, 1, "radians", "turns", BN_USAGE, false, 0 },
        { NAN, NAN, "radians", "auto", BN_INPUT, false, 0 },
    };
    for (size_t i = 0; i < BN_LEN(row); i++) {
        double x[] = { row[i].low, NAN, row[i].high };
        bool guessed = !row[i].guessed;
        assert_fails(bn_angle_wrap(x, 3, row[i].unit, row[i].wanted, &guessed),
                     row[i].status);
        if (row[i].status != BN_OK)
            continue;
        assert_true(guessed == row[i].guessed);
        assert_close(x[2], row[i].want, 1e-14, 0);
        assert_true(isnan(x[1]) && x[0] >= 0.0 && x[0] < TURN);
    }
    double below[] = { -1e-17 };         /* + 2 pi would round to 2 pi */
    bool guessed;
    assert_ok(bn_angle_wrap(below, 1, "radians", "auto", &guessed));
    assert_close(below[0], 0, 0, 0);
}

static void speed_of_a_straight_run(void **state)
{
    (void)state;
    struct bn_track t;
    double time[200], xy[400];

    make_track(&t, 100, 0.025);
    for (size_t k = 0; k < 200; k++) {   /* another clock: 3 and 4 cm/s */
        time[k] = 100.0 + 0.0173 * (double)k;
        xy[2 * k] = 3.0 * time[k], xy[2 * k + 1] = -4.0 * time[k];
    }
    assert_ok(bn_track_speed(&t, time, xy, 200, 2));
    assert_true(isnan(t.speed[0]));
    for (size_t k = 5; k < 95; k++)
        assert_close(t.speed[k], 5.0, 1e-10, 0);
    bn_track_free(&t);
}

static void rotation(void **state)
{
    (void)state;
    enum { M = 20 };
    double x[M], y[M], sum = 0.0, angle, length;

    for (size_t m = 0; m < M; m++)
        x[m] = von_mises(TURN * (double)m / M, 5.0, 1.0, 2.0);
    bn_curve_rotate(x, M, TURN * 3 / M, y);
    for (size_t m = 0; m < M; m++)
        assert_close(y[(m + 3) % M], x[m], 1e-12, 0);
    bn_curve_rotate(x, M, -1.23, y);
    for (size_t m = 0; m < M; m++) {
        sum += y[m] - x[m];
        assert_true(y[m] >= 0.0);
    }
    assert_close(sum, 0, 0, 1e-12);
    bn_curve_centre(y, M, &angle, &length);
    /* linear interpolation turns harmonic 1 by the angle to O(M^-3) of a bin */
    assert_close(remainder(angle - (1.0 - 1.23), TURN), 0, 0, 2e-3);
}

/* Copies are uniform, of the right unit, and the first are the same whatever follows. */
static void copies(void **state)
{
    (void)state;
    enum { M = 24, N = 3, K = 400 };
    double x[N * M], preferred[N * (K + 1)], length[N * (K + 1)];
    struct bn_population p = {0}, few = {0};

    for (size_t i = 0; i < N; i++)
        for (size_t m = 0; m < M; m++)
            x[i * M + m] = von_mises(TURN * (double)m / M, 1.0 + (double)i, 1.0, 2.0);
    assert_ok(bn_population_import(&p, x, N, M, 5));
    assert_ok(bn_population_import(&few, x, N, M, 5));
    assert_ok(bn_population_copy(&p, K, rng));
    assert_ok(bn_population_copy(&few, 2, rng));
    assert_int_equal(p.n, N * (K + 1));
    assert_memory_equal(p.rate, x, sizeof x);
    assert_memory_equal(p.rate, few.rate, 3 * sizeof x);
    bn_population_centres(&p, preferred, length);
    double re = 0, im = 0;
    for (size_t i = 0; i < p.n; i++) {
        double sum = 0, want = 0;
        for (size_t m = 0; m < M; m++)
            sum += p.rate[i * M + m], want += x[i % N * M + m];
        assert_close(sum, want, 1e-12, 0);
        assert_close(p.session[i], 5, 0, 0);
        if (i >= N)
            re += cos(preferred[i]), im += sin(preferred[i]);
    }
    /* uniform directions: the resultant of n is Rayleigh with scale sqrt(n/2) */
    assert_true(hypot(re, im) < 5.0 * sqrt(N * K / 2.0));
    bn_population_free(&p);
    bn_population_free(&few);
}

static void pooling_mismatches(void **state)
{
    (void)state;
    const double x[12] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 1, 2, 3 };
    struct bn_population p = {0};

    assert_ok(bn_population_import(&p, x, 2, 6, 0));
    assert_fails(bn_population_import(&p, x, 3, 4, 1), BN_INPUT);
    assert_says(bn_error(), "4 angles here but 6");
    bn_population_free(&p);
}

static void behaviour_adds_up(void **state)
{
    (void)state;
    struct world w = make_world();
    struct bn_behaviour b;
    double all = 0.0, at;

    for (size_t k = 5000; k < 5200; k++)
        w.track.angle[k] = NAN;          /* 4 s without tracking */
    assert_ok(bn_behaviour_make(&b, &w.track, &w.trains, 100.0, 1300.0, 0.1));
    assert_int_equal(b.n, 12000);
    at = b.angle[0];
    for (size_t i = 0; i < b.n; i++) {
        assert_true(b.angle[i] >= 0.0 && b.angle[i] < TURN);
        assert_close(remainder(at - b.angle[i], TURN), 0, 0, 1e-9);
        assert_close(b.time[i], 100.05 + 0.1 * (double)i, 1e-14, 0);
        const bool lost = i >= 1000 && i < 1040;
        assert_close(b.valid[i], lost ? 0 : 1, 0, 0);
        at += b.velocity[i] * 0.1;
        for (size_t u = 0; u < UNITS; u++)
            all += b.counts[i * UNITS + u];
    }
    assert_close(all, (double)w.trains.end[UNITS - 1], 0, 1);
    const double steady = b.velocity[1010];      /* linear across what was lost */
    for (size_t i = 1000; i < 1039; i++)
        assert_close(b.velocity[i], steady, 1e-6, 1e-9);
    bn_behaviour_free(&b);
    assert_fails(bn_behaviour_make(&b, &w.track, &w.trains, 100.0, 1300.0, 0.01),
                 BN_USAGE);
    assert_fails(bn_behaviour_make(&b, &w.track, &w.trains, 100.0, 101.0, 5.0), BN_USAGE);
    assert_fails(bn_behaviour_make(&b, &w.track, &w.trains, 200.5, 203.5, 0.1), BN_INPUT);
    free_world(&w);
}

static void drop_leaves_the_rest(void **state)
{
    (void)state;
    struct world w = make_world();
    const double spikes[] = { bn_tally_spikes(&w.tally, 0),
                              bn_tally_spikes(&w.tally, 3) };
    const size_t first = w.trains.end[0], last = w.trains.end[3] - w.trains.end[2];
    const double time = w.trains.time[w.trains.end[2]];

    /* the cosine cell fires most; units 0 to 2 alike, so drop by hand: empty 1 and 2 */
    memset(w.tally.counts + 2 * ANGLES, 0, 4 * ANGLES * sizeof(double));
    size_t dropped;
    assert_ok(bn_tally_drop(&w.tally, &w.trains, 10, &dropped));
    assert_int_equal(dropped, 2);
    assert_int_equal(w.tally.units, 2);
    assert_int_equal(w.trains.n, 2);
    assert_int_equal(w.trains.end[0], first);
    assert_int_equal(w.trains.end[1], first + last);
    assert_close(w.trains.time[first], time, 0, 0);
    assert_close(bn_tally_spikes(&w.tally, 0), spikes[0], 0, 0);
    assert_close(bn_tally_spikes(&w.tally, 1), spikes[1], 0, 0);
    free_world(&w);
}

/* Stretches put into the same bins by hand are the tally: the same seconds and spikes in
 * each fold, with two spans, one of which begins within a sample, losses and a gap.  */
static void stretches_are_the_tally(void **state)
{
    (void)state;
    const struct bn_binning b = { .angles = 12, .chunks = 6, .gap = 2.0 };
    struct world w = make_world();
    struct bn_stretches s;
    struct bn_tally t;

    for (size_t k = 100; k < 160; k++)
        w.track.angle[k] = NAN;
    for (size_t k = 2000; k < SAMPLES; k++)
        w.track.time[k] += 3.0;
    bn_spans_free(&w.spans);
    assert_ok(bn_spans_alloc(&w.spans, 2));
    const double end = w.track.time[SAMPLES - 1];
    w.spans.start[0] = w.track.time[50] + 0.3 * STEP, w.spans.stop[0] = 0.6 * end;
    w.spans.start[1] = 0.7 * end, w.spans.stop[1] = end;
    assert_ok(bn_tally_make(&t, &w.track, &w.trains, &w.spans, &b));
    assert_ok(bn_stretches_make(&s, &w.track, &w.spans, &b));
    double seconds[24] = {0}, *spikes = bn_alloc(s.n, sizeof *spikes);
    assert_non_null(spikes);
    for (size_t u = 0; u < UNITS; u++) {
        double counts[24] = {0};
        assert_close(bn_stretches_spikes(&s, &w.trains, u, spikes), bn_tally_spikes(&t, u), 0,
                     0);
        for (size_t k = 0; k < s.n; k++) {
            const double a = w.track.angle[s.sample[k]];
            const size_t bin = (size_t)floor(a / 6.283185307179586 * 12.0 + 0.5) % 12;
            counts[s.fold[k] * 12 + bin] += spikes[k];
            seconds[s.fold[k] * 12 + bin] += u == 0 ? s.to[k] - s.from[k] : 0.0;
        }
        assert_memory_equal(counts, t.counts + u * 24, sizeof counts);
    }
    for (size_t k = 0; k < 24; k++)
        assert_close(seconds[k], t.occupancy[k], 1e-13, 0);
    free(spikes);
    bn_stretches_free(&s);
    bn_tally_free(&t);
    free_world(&w);
}

/* Fail the first allocation, then the second, ... until none is left. */
static void every_allocation_may_fail(void **state)
{
    (void)state;
    const struct bn_binning binning = { .angles = 12, .chunks = 4, .gap = 2.0 };
    const double sigmas[] = { 1.0, 2.0 };
    struct world w = make_world();
    bn_status rc = BN_NOMEM;

    bn_threads_set(1);
    for (long n = 0; rc != BN_OK; n++) {
        struct bn_tally t = {0};
        struct bn_behaviour b = {0};
        struct bn_population p = {0};
        struct bn_stretches s = {0};
        assert_true(n < 100);
        bn_alloc_fail_after(n);
        rc = bn_tally_make(&t, &w.track, &w.trains, &w.spans, &binning);
        if (rc == BN_OK)
            rc = bn_population_add(&p, &t, sigmas, 2, 1e-3, 0);
        if (rc == BN_OK)
            rc = bn_population_copy(&p, 3, rng);
        if (rc == BN_OK)
            rc = bn_behaviour_make(&b, &w.track, &w.trains, 100.0, 200.0, 0.5);
        if (rc == BN_OK)
            rc = bn_stretches_make(&s, &w.track, &w.spans, &binning);
        bn_alloc_fail_after(-1);
        assert_true(rc == BN_OK || rc == BN_NOMEM);
        bn_tally_free(&t);
        bn_behaviour_free(&b);
        bn_population_free(&p);
        bn_stretches_free(&s);
    }
    bn_threads_set(0);
    free_world(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_lost),
        cmocka_unit_test(known_rates_come_back),
        cmocka_unit_test(known_centres),
        cmocka_unit_test(exact_centre),
        cmocka_unit_test(smoothing_is_a_wrapped_gaussian),
        cmocka_unit_test(smoothing_follows_the_data),
        cmocka_unit_test(threads_do_not_matter),
        cmocka_unit_test(gaps_are_capped),
        cmocka_unit_test(lost_and_slow_samples_do_not_count),
        cmocka_unit_test(unvisited_bins_are_refused),
        cmocka_unit_test(cleaning),
        cmocka_unit_test(spans_merge),
        cmocka_unit_test(angle_units),
        cmocka_unit_test(speed_of_a_straight_run),
        cmocka_unit_test(rotation),
        cmocka_unit_test(copies),
        cmocka_unit_test(pooling_mismatches),
        cmocka_unit_test(behaviour_adds_up),
        cmocka_unit_test(drop_leaves_the_rest),
        cmocka_unit_test(stretches_are_the_tally),
        cmocka_unit_test(every_allocation_may_fail),
    };
    return cmocka_run_group_tests_name("spikes", tests, NULL, NULL);
}
