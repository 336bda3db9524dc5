/* SPDX-License-Identifier: MIT
 * Stage `dendritic`, as a black box; that its networks turn is in test_darkness. */
#include "black_box.h"

#include <basin/manifold.h>

#define SMALL "--set neurons=20 --set duration=6 --set snapshots=4 "

static void explains_itself(void **state)
{
    (void)state;
    box_explains("dendritic");
}

static void same_bytes_twice(void **state)
{
    (void)state;
    box_repeats("dendritic", SMALL "--set noise=0.1");
}

static void shapes(void **state)
{
    (void)state;
    static const double times[] = { 0, 1, 2, 6 };        /* 6^(1/2) is nearer to 2 */
    box_runs("dendritic", SMALL "--out d.h5");
    box_shape("d.h5", "/weights", 3, 4, 20, 40);
    box_shape("d.h5", "/error", 1, 3, 0, 0);
    box_shape("d.h5", "/offset", 1, 10, 0, 0);
    box_shape("d.h5", "/profile_positive", 2, 4, 10, 0);
    struct bn_mat at = box_mat("d.h5", "/snapshot"), offset = box_mat("d.h5", "/offset");
    struct bn_mat preferred = box_mat("d.h5", "/preferred");
    for (size_t k = 0; k < 4; k++)
        assert_close(at.data[k], times[k], 1e-12, 0);
    for (size_t k = 0; k < 10; k++)
        assert_close(offset.data[k], BN_TWO_PI * ((double)k / 10 - 0.5), 1e-12, 1e-12);
    assert_close(preferred.data[5], BN_TWO_PI * 2 / 10, 1e-12, 0);
    bn_mat_free(&at), bn_mat_free(&offset), bn_mat_free(&preferred);

    /* the constants stand beside the weights, as they were given */
    bn_h5 *f;
    double x;
    assert_ok(bn_h5_open(&f, "d.h5"));
    assert_ok(bn_h5_get_real(f, "/weights", "neurons", &x));
    assert_close(x, 20, 0, 0);
    assert_ok(bn_h5_get_real(f, "/weights", "rate_max", &x));
    assert_close(x, 150, 1e-12, 0);
    assert_ok(bn_h5_get_real(f, "/weights", "hr_velocity", &x));
    assert_close(x, 2, 1e-12, 0);
    assert_ok(bn_h5_get_real(f, "/weights", "tau_synapse", &x));
    assert_close(x, 0.065, 1e-12, 0);
    assert_ok(bn_h5_close(f));
}

/* Initial weights have variance 1/(2 n), as in the source; sd 1/sqrt(n) would be 2. */
static void initial_weights(void **state)
{
    (void)state;
    enum { N = 60, ALL = N * 2 * N };
    double sum = 0.0, square = 0.0;
    box_runs("dendritic", "--out d.h5 --set duration=1");
    struct bn_mat w = { 0 };
    bn_h5 *f;
    assert_ok(bn_mat_alloc(&w, N, 2 * N));
    assert_ok(bn_h5_open(&f, "d.h5"));
    assert_ok(bn_h5_read_rows(f, "/weights", 0, 1, w.data));
    assert_ok(bn_h5_close(f));
    for (size_t k = 0; k < ALL; k++) {
        sum += w.data[k];
        square += w.data[k] * w.data[k];
    }
    assert_close(square / ALL, 1.0 / (2 * N), 5 * sqrt(2.0 / ALL), 0);
    assert_close(sum / ALL, 0, 0, 5 * sqrt(1.0 / (2 * N) / ALL));
    bn_mat_free(&w);
}

static double *stack(const char *file, size_t *n)
{
    bn_h5 *f;
    double *w;
    assert_ok(bn_h5_open(&f, file));
    assert_ok(bn_h5_read(f, "/weights", &w, n));
    assert_ok(bn_h5_close(f));
    return w;
}

/* Without learning not a bit of W changes; with it every snapshot differs. */
static void no_plasticity_keeps_every_bit(void **state)
{
    (void)state;
    enum { ONE = 20 * 40 };
    size_t n;
    for (int learns = 0; learns < 2; learns++) {
        box_runs("dendritic", learns ? SMALL "--out d.h5" : SMALL "--out d.h5 --set eta=0");
        double *w = stack("d.h5", &n);
        assert_int_equal(n, 4 * ONE);
        for (size_t s = 1; s < 4; s++)
            assert_int_equal(memcmp(w, w + s * ONE, ONE * sizeof *w) != 0, learns);
        free(w);
    }
}

/* Means over pairs, counted by their angles and not by their indices: "what a source adds
 * so far ahead of itself".  Offsets of the other sign would exchange the wings. */
static void profiles_are_means_over_pairs(void **state)
{
    (void)state;
    enum { N = 20, M = N / 2 };
    static const char *const names[] = { "/profile_positive", "/profile_negative",
                                         "/profile_recurrent" };
    size_t n;
    box_runs("dendritic", SMALL "--out d.h5 --set eta=5");
    double *w = stack("d.h5", &n);
    struct bn_mat p = box_mat("d.h5", "/preferred"), wing = box_mat("d.h5", "/wing");
    struct bn_mat offset = box_mat("d.h5", "/offset");
    for (size_t kind = 0; kind < 3; kind++) {
        struct bn_mat profile = box_mat("d.h5", names[kind]);
        for (size_t k = 0; k < M; k++) {
            double sum = 0.0, pairs = 0.0;
            for (size_t i = 0; i < N; i++)
                for (size_t j = 0; j < N; j++) {
                    const double apart = p.data[i] - p.data[j] - offset.data[k];
                    if (fabs(bn_ring_difference(apart, 0)) > 1e-6
                        || (kind < 2 && wing.data[j] != (kind == 0 ? 1 : -1)))
                        continue;
                    sum += w[(3 * N + i) * 2 * N + (kind == 2 ? N : 0) + j];
                    pairs += 1.0;
                }
            assert_true(pairs == (kind == 2 ? 2 * N : N));
            assert_close(*bn_mat_at(&profile, 3, k), sum / pairs, 1e-9, 1e-9);
        }
        bn_mat_free(&profile);
    }
    bn_mat_free(&p), bn_mat_free(&wing), bn_mat_free(&offset);
    free(w);
}

/* Killed wherever it stands, in three places: the same bytes. */
static void killed_and_resumed(void **state)
{
    (void)state;
    box_resumes("dendritic", "--set duration=400 --set snapshots=8 --set noise=0.1 "
                "--set neurons=20");
}

/* What is seen turns `gain` times as fast as what is felt: a world that turns twice as fast
 * is felt at half the speed, so with the inputs to HR cells doubled it is the same world.
 * A gain on the wrong one of the two would be a quarter.                     */
static void gain_is_of_what_is_seen(void **state)
{
    (void)state;
    size_t n;
    box_runs("dendritic", SMALL "--out a.h5 --set velocity_sd=200 --set velocity_mean=10");
    box_runs("dendritic", SMALL "--out b.h5 --set velocity_sd=100 --set velocity_mean=5 "
             "--set gain=2 --set hr_velocity=4");
    double *a = stack("a.h5", &n), *b = stack("b.h5", &n);
    for (size_t k = 0; k < n; k++)
        assert_close(b[k], a[k], 0, 1e-9);
    free(a);
    free(b);
}

static void refusals(void **state)
{
    (void)state;
    static const struct box_refusal rows[] = {
        { "--set neurons=21", "neurons = 21: HD cells come in pairs", 2 },
        { "--set neurons=2", "neurons", 2 },
        { "--set dt=0.001", "dt = 1 ms, but Euler steps of the soma grow from", 2 },
        { "--set dt='0.6 ms' --set tau_dendrite='0.5 ms'", "longer than tau_dendrite", 2 },
        { "--set gain=0", "gain = 0: what is seen would never turn", 2 },
        { "--set duration=0.5", "duration", 2 },
        { "--set etta=1", "did you mean `eta`", 2 },
        { "--set eta='3 Hz'", "eta", 2 },
    };
    for (size_t k = 0; k < BN_LEN(rows); k++)
        box_refuses("dendritic", &rows[k]);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(explains_itself),
        cmocka_unit_test(same_bytes_twice),
        cmocka_unit_test(shapes),
        cmocka_unit_test(initial_weights),
        cmocka_unit_test(no_plasticity_keeps_every_bit),
        cmocka_unit_test(profiles_are_means_over_pairs),
        cmocka_unit_test(killed_and_resumed),
        cmocka_unit_test(gain_is_of_what_is_seen),
        cmocka_unit_test(refusals),
    };
    (void)argc;
    box_enter(argv[0]);
    return cmocka_run_group_tests_name("dendritic", tests, NULL, box_leave);
}
