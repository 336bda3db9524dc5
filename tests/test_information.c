/* SPDX-License-Identifier: MIT
 * ratemap and information: maps that can be had by hand, information that can be counted on
 * fingers, and spikes without a place, whose information has a known bias.        */
#include "test.h"

#include <basin/information.h>
#include <basin/mem.h>
#include <basin/tile.h>

#include <stdlib.h>

static const struct bn_rng rng = { .seed = 11, .stream = 4 };

/* --- maps ----------------------------------------------------------------- */

/* A rate that is the same everywhere, sampled unevenly, stays as it is, at walls and in
 * corners, too: smoothing n/o itself against zeros beyond the wall would lose half of it at
 * the ends.                                                                        */
static void an_even_rate_stays_even(void **state)
{
    (void)state;
    const size_t shapes[][2] = { { 40, 1 }, { 23, 31 } };
    for (size_t s = 0; s < 2; s++)
        for (double width = 0.0; width < 6.0; width += 1.3) {
            const size_t n = shapes[s][0] * shapes[s][1];
            double seconds[713], spikes[713], rate[713];
            struct bn_blunt g;
            bn_rng_uniforms(rng, s, 0, seconds, n);
            for (size_t k = 0; k < n; k++)
                spikes[k] = 7.0 * seconds[k];
            assert_ok(bn_blunt_new(&g, shapes[s], width));
            assert_ok(bn_ratemap_rate(&g, spikes, seconds, 0.0, rate));
            for (size_t k = 0; k < n; k++)
                assert_close(rate[k], 7.0, 1e-13, 0);
            bn_blunt_free(&g);
        }
}

/* All spikes in the wall's bin and a second everywhere: rate(m) = w(m)/sum_d w(m - d), of
 * which half a Gaussian is missing at the wall.  Reflection gives (w0 + w1)/(all of it). */
static void a_field_at_the_wall(void **state)
{
    (void)state;
    const size_t count[2] = { 30, 1 };
    double seconds[30], spikes[30] = { 6.0 }, rate[30];
    struct bn_blunt g;

    for (size_t k = 0; k < 30; k++)
        seconds[k] = 1.0;
    seconds[20] = 0.05;
    assert_ok(bn_blunt_new(&g, count, 2.0));
    assert_ok(bn_ratemap_rate(&g, spikes, seconds, 0.1, rate));
    for (int m = 0; m < 30; m++) {
        double sum = 0.0;
        for (int k = 0; k < 30; k++)
            sum += abs(m - k) <= 10 ? seconds[k] * exp(-0.125 * (m - k) * (m - k)) : 0.0;
        const double want = m <= 10 ? 6.0 * exp(-0.125 * m * m) / sum : 0.0;
        assert_close(rate[m], m == 20 ? 0.0 : want, 1e-13, 0);
    }
    bn_blunt_free(&g);
}

/* One coordinate after the other is the Gaussian of the distance. */
static void the_plane_is_a_product(void **state)
{
    (void)state;
    const size_t count[2] = { 9, 14 };
    double x[126], y[126], scratch[126];
    struct bn_blunt g;

    bn_rng_normals(rng, 9, 0, x, 126);
    assert_ok(bn_blunt_new(&g, count, 1.5));
    bn_blunt_apply(&g, x, scratch, y);
    for (int i = 0; i < 9; i++)
        for (int j = 0; j < 14; j++) {
            double sum = 0.0;
            for (int k = 0; k < 9; k++)
                for (int l = 0; l < 14; l++)
                    if (abs(i - k) <= 8 && abs(j - l) <= 8)
                        sum += x[k * 14 + l] *
                               exp(-((i - k) * (i - k) + (j - l) * (j - l)) / 4.5);
            assert_close(y[i * 14 + j], sum, 0, 1e-13);
        }
    bn_blunt_free(&g);
}

static void sums_over_visits(void **state)
{
    (void)state;
    size_t bin[] = { 0, 2, 2, 1, 2 }, fold[] = { 0, 0, 1, 1, 0 };
    double seconds[] = { 0.5, 0.25, 1.0, 2.0, 4.0 }, spikes[] = { 1, 0, 3, 5, 7 }, map[3];
    const struct bn_visits v = { .n = 5, .count = { 3, 1 }, .bin = bin, .fold = fold,
                                 .seconds = seconds };
    const double want[3][3] = { { 0.5, 0, 4.25 }, { 0, 2.0, 1.0 }, { 0.5, 2.0, 5.25 } };
    for (size_t f = 0; f < 3; f++) {
        bn_ratemap_sum(&v, NULL, f, map);
        assert_memory_equal(map, want[f], sizeof map);
    }
    bn_ratemap_sum(&v, spikes, 2, map);
    assert_close(map[2], 10.0, 0, 0);
}

/* --- information ---------------------------------------------------------- */

/* A rate r over the share p of the time and 0 elsewhere: log2(1/p) bits per spike, sparsity
 * p; two rates a and b at shares p and 1 - p by the formula itself; bits per second are
 * those per spike times the mean rate.  Bins that were hardly visited do not matter.  */
static void rates_on_fingers(void **state)
{
    (void)state;
    double rate[9] = { 8, 8, 0, 0, 0, 0, 0, 0, 100 }, seconds[9];
    for (size_t k = 0; k < 9; k++)
        seconds[k] = k < 8 ? 3.0 : 0.01;
    struct bn_information i = bn_information(rate, seconds, 9, 0.1);
    assert_close(i.per_spike, 2.0, 1e-14, 0);
    assert_close(i.sparsity, 0.25, 1e-14, 0);
    assert_close(i.mean, 2.0, 1e-14, 0);
    assert_close(i.per_second, 4.0, 1e-14, 0);

    seconds[0] = 1.0, seconds[1] = 9.0, rate[0] = 5.0, rate[1] = 1.0;
    i = bn_information(rate, seconds, 2, 0.0);
    const double mean = 0.1 * 5.0 + 0.9;
    assert_close(i.mean, mean, 1e-14, 0);
    assert_close(i.per_second, 0.5 * log2(5.0 / mean) + 0.9 * log2(1.0 / mean), 1e-13, 0);
    assert_close(i.sparsity, mean * mean / (2.5 + 0.9), 1e-14, 0);

    rate[0] = rate[1] = 3.0;
    i = bn_information(rate, seconds, 2, 0.0);
    assert_close(i.per_spike, 0.0, 0, 1e-15);
    assert_close(i.sparsity, 1.0, 1e-15, 0);
    rate[0] = rate[1] = 0.0;
    i = bn_information(rate, seconds, 2, 0.0);
    assert_true(i.per_spike == 0.0 && i.per_second == 0.0 && i.sparsity == 1.0);
}

/* --- coherence and correlation -------------------------------------------- */

/* Against a list of pairs by brute force, with bins that were not visited; a ramp is as
 * coherent as can be, white noise not at all (n = 2500: 5/sqrt n = 0.1).           */
static void coherence_of_maps(void **state)
{
    (void)state;
    static double x[2500], seconds[2500];
    const size_t plane[2] = { 50, 50 }, line[2] = { 60, 1 };
    double ramp[60];

    for (size_t k = 0; k < 60; k++)
        ramp[k] = (double)k, seconds[k] = 1.0;
    /* inside, neighbours' mean = the rate; the ends are half a bin off */
    assert_true(bn_coherence(ramp, seconds, line, 0.0) > 4.0);
    ramp[0] = 1.0, ramp[59] = 58.0;
    assert_true(isfinite(bn_coherence(ramp, seconds, line, 0.0)));
    bn_rng_normals(rng, 3, 0, x, 2500);
    for (size_t k = 0; k < 2500; k++)
        seconds[k] = 1.0;
    assert_close(bn_coherence(x, seconds, plane, 0.0), 0.0, 0, 0.1);

    double n = 0, a = 0, b = 0, aa = 0, bb = 0, ab = 0;
    for (int i = 0; i < 50; i++)
        for (int j = 0; j < 50; j++)
            seconds[i * 50 + j] = (i * 7 + j * 3) % 5 == 0 ? 0.05 : 1.0;
    for (int i = 0; i < 50; i++)
        for (int j = 0; j < 50; j++) {
            double sum = 0, m = 0;
            for (int k = 0; k < 9; k++) {
                const int p = i + k / 3 - 1, q = j + k % 3 - 1;
                if (k != 4 && p >= 0 && p < 50 && q >= 0 && q < 50 &&
                    seconds[p * 50 + q] > 0.1)
                    sum += x[p * 50 + q], m++;
            }
            if (seconds[i * 50 + j] < 0.1 || m == 0)
                continue;
            const double u = x[i * 50 + j], v = sum / m;
            n++, a += u, b += v, aa += u * u, bb += v * v, ab += u * v;
        }
    const double r = (ab - a * b / n) / sqrt((aa - a * a / n) * (bb - b * b / n));
    assert_close(bn_coherence(x, seconds, plane, 0.1), atanh(r), 0, 1e-12);
}

static void correlation_of_maps(void **state)
{
    (void)state;
    double a[6] = { 1, 2, 4, 3, 9, 50 }, b[6], one[6] = { 1, 1, 1, 1, 1, 0 };
    for (size_t k = 0; k < 6; k++)
        b[k] = 3.0 - 2.0 * a[k];
    b[5] = 1e6;                          /* where there is no time, nothing counts */
    assert_close(bn_map_correlation(a, one, b, one, 6, 0.0), -1.0, 1e-14, 0);
    assert_close(bn_map_correlation(a, one, a, one, 6, 0.0), 1.0, 1e-14, 0);
    assert_true(bn_map_correlation(a, one, a, one, 2, 0.0) == 0.0);
    for (size_t k = 0; k < 6; k++)
        b[k] = 4.0;
    assert_true(bn_map_correlation(a, one, b, one, 6, 0.0) == 0.0);
}

/* --- shuffles ------------------------------------------------------------- */

enum { VISITS = 20000, PLACES = 20, TRAINS = 200, SHIFTS = 200 };
struct null {
    struct bn_visits v;
    struct bn_blunt g;
    double *spikes;                      /* [TRAINS, VISITS] */
    struct bn_firing firing[TRAINS];     /* the same */
};

/* Places are drawn anew in every visit; trains of 0.1 spikes per visit know nothing. */
static struct null null_make(double width)
{
    struct null x = { .v = { .n = VISITS, .count = { PLACES, 1 } } };
    double *u = bn_alloc(VISITS, sizeof *u);

    x.v.bin = bn_alloc(VISITS, sizeof *x.v.bin);
    x.v.fold = bn_alloc(VISITS, sizeof *x.v.fold);
    x.v.seconds = bn_alloc(VISITS, sizeof *x.v.seconds);
    x.spikes = bn_alloc((size_t)TRAINS * VISITS, sizeof *x.spikes);
    assert_true(u != NULL && x.v.bin != NULL && x.v.seconds != NULL && x.spikes != NULL);
    bn_rng_uniforms(rng, 1000, 0, u, VISITS);
    for (size_t k = 0; k < VISITS; k++)
        x.v.bin[k] = (size_t)(PLACES * u[k]), x.v.seconds[k] = 0.02;
    for (size_t i = 0; i < TRAINS; i++) {
        bn_rng_uniforms(rng, 2000 + i, 0, u, VISITS);
        for (size_t k = 0; k < VISITS; k++)
            x.spikes[i * VISITS + k] = u[k] < 0.005 ? 2.0 : u[k] < 0.095 ? 1.0 : 0.0;
        assert_ok(bn_firing_new(&x.firing[i], 5 + i, x.spikes + i * VISITS, VISITS));
    }
    assert_ok(bn_blunt_new(&x.g, x.v.count, width));
    free(u);
    return x;
}

static void null_free(struct null *x)
{
    free(x->v.bin), free(x->v.fold), free(x->v.seconds), free(x->spikes);
    for (size_t i = 0; i < TRAINS; i++)
        bn_firing_free(&x->firing[i]);
    bn_blunt_free(&x->g);
}

/* Without smoothing, a train of N spikes that knows nothing has on average
 * (B - 1) F/(2 N ln 2) bits per spike in B bins (the chi-squared of equal rates, Panzeri &
 * Treves 1996; F = 1.1, the variance over the mean of counts of 0, 1 and 2 here: E n = .1,
 * E n^2 = .11).  Shifts are as good as new draws here, so the mean over all is within
 * 5 sd/sqrt(trains x shifts), sd = F sqrt(2 (B - 1))/(2 N ln 2); of p within 5 x .29/sqrt
 * trains of 1/2; and p <= .05 in 5 % of trains.  p without the ones would reach 0.   */
static void trains_that_know_nothing(void **state)
{
    (void)state;
    struct null x = null_make(0.0);
    const struct bn_shuffles s = { .n = SHIFTS, .shift_min = 1.0, .rng = rng };
    double *sorted = bn_alloc((size_t)TRAINS * SHIFTS, sizeof *sorted);
    double mean = 0.0, p = 0.0, small = 0.0, want = 0.0, map[PLACES], seconds[PLACES];

    assert_ok(bn_information_shuffle(&x.v, &x.g, x.firing, TRAINS, &s, sorted));
    bn_ratemap_sum(&x.v, NULL, 2, seconds);
    for (size_t i = 0; i < TRAINS; i++) {
        double n = 0.0;
        bn_ratemap_sum(&x.v, x.spikes + i * VISITS, 2, map);
        for (size_t b = 0; b < PLACES; b++)
            n += map[b], map[b] /= seconds[b];
        want += (PLACES - 1) * 1.1 / (2.0 * n * log(2.0)) / TRAINS;
        for (size_t k = 0; k < SHIFTS; k++)
            mean += sorted[i * SHIFTS + k] / ((double)TRAINS * SHIFTS);
        const double own = bn_shuffle_p(sorted + i * SHIFTS, SHIFTS,
                                        bn_information(map, seconds, PLACES, 0.0).per_spike);
        p += own / TRAINS, small += own <= 0.05 ? 1.0 / TRAINS : 0.0;
        assert_true(own >= 1.0 / (1.0 + SHIFTS));
    }
    /* shifts of one train share its spikes: allow for trains alone */
    assert_close(mean, want, 0.0, 5.0 * want * sqrt(2.0 / (PLACES - 1)) / sqrt(TRAINS));
    assert_close(p, 0.5, 0.0, 5.0 * 0.29 / sqrt(TRAINS));
    assert_close(small, 0.05, 0.0, 5.0 * sqrt(0.05 * 0.95 / TRAINS));
    free(sorted);
    null_free(&x);
}

/* Every shift done again by hand: modulo, and the draws that the header promises. */
static void shifts_by_hand(void **state)
{
    (void)state;
    struct null x = null_make(1.5);
    const struct bn_shuffles s = { .n = 40, .shift_min = 60.0, .least = 0.1, .rng = rng };
    double got[3 * 40], again[3 * 40], u[40], map[PLACES], seconds[PLACES], rate[PLACES];
    const size_t nearest = VISITS * 60 / 400;

    bn_threads_set(1);
    assert_ok(bn_information_shuffle(&x.v, &x.g, x.firing, 3, &s, got));
    bn_threads_set(2);
    assert_ok(bn_information_shuffle(&x.v, &x.g, x.firing, 3, &s, again));
    bn_threads_set(0);
    assert_memory_equal(got, again, sizeof got);
    bn_ratemap_sum(&x.v, NULL, 2, seconds);
    for (size_t i = 0; i < 3; i++) {
        bn_rng_uniforms(rng, 5 + i, 0, u, 40);
        for (size_t k = 0; k < 40; k++) {
            const size_t by = nearest + (size_t)(u[k] * (double)(VISITS - 2 * nearest + 1));
            assert_true(by >= nearest && by <= VISITS - nearest);
            memset(map, 0, sizeof map);
            for (size_t j = 0; j < VISITS; j++)
                map[x.v.bin[(j + by) % VISITS]] += x.spikes[i * VISITS + j];
            assert_ok(bn_ratemap_rate(&x.g, map, seconds, 0.1, rate));
            const double want = bn_information(rate, seconds, PLACES, 0.1).per_spike;
            size_t found = 0;
            for (size_t j = 0; j < 40; j++)
                found += fabs(got[i * 40 + j] - want) < 1e-12;
            assert_true(found > 0);
        }
    }
    for (size_t k = 1; k < 40; k++)
        assert_true(got[k] >= got[k - 1]);
    null_free(&x);
}

static void p_counts(void **state)
{
    (void)state;
    const double sorted[] = { 1, 2, 2, 3 };
    assert_close(bn_shuffle_p(sorted, 4, 9.0), 0.2, 1e-15, 0);
    assert_close(bn_shuffle_p(sorted, 4, 2.0), 0.8, 1e-15, 0);
    assert_close(bn_shuffle_p(sorted, 4, 0.0), 1.0, 1e-15, 0);
}

static void what_is_refused(void **state)
{
    (void)state;
    struct null x = null_make(1.5);
    struct bn_shuffles s = { .n = 40, .shift_min = 201.0, .rng = rng };
    double out[80];
    bn_status rc = BN_NOMEM;

    assert_fails(bn_information_shuffle(&x.v, &x.g, x.firing, 2, &s, out), BN_USAGE);
    assert_says(bn_error(), "at least 201 s, but only 400 s count");
    s.shift_min = 200.0;                 /* one shift is left: half way around */
    bn_threads_set(1);
    for (long n = 0; rc != BN_OK; n++) {
        bn_alloc_fail_after(n);
        rc = bn_information_shuffle(&x.v, &x.g, x.firing, 2, &s, out);
        bn_alloc_fail_after(-1);
        assert_true(rc == BN_OK || (rc == BN_NOMEM && n < 20));
    }
    bn_threads_set(0);
    rc = BN_NOMEM;
    for (long n = 0; rc != BN_OK; n++) {
        struct bn_firing f;
        bn_alloc_fail_after(n);
        rc = bn_firing_new(&f, 0, x.spikes, VISITS);
        bn_alloc_fail_after(-1);
        assert_true(rc == BN_OK || (rc == BN_NOMEM && n < 4 && f.visit == NULL));
        bn_firing_free(&f);
    }
    assert_true(out[0] == out[39] && out[40] == out[79]);
    null_free(&x);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_even_rate_stays_even),
        cmocka_unit_test(a_field_at_the_wall),
        cmocka_unit_test(the_plane_is_a_product),
        cmocka_unit_test(sums_over_visits),
        cmocka_unit_test(rates_on_fingers),
        cmocka_unit_test(coherence_of_maps),
        cmocka_unit_test(correlation_of_maps),
        cmocka_unit_test(trains_that_know_nothing),
        cmocka_unit_test(shifts_by_hand),
        cmocka_unit_test(p_counts),
        cmocka_unit_test(what_is_refused),
    };
    return cmocka_run_group_tests_name("information", tests, NULL, NULL);
}
