/* SPDX-License-Identifier: MIT
 * manifold: angles, centres and alignment on the ring.  */
#include "test.h"

#include <basin/manifold.h>
#include <basin/mem.h>
#include <basin/rng.h>

#include <stdlib.h>

static const double pi = 0.5 * BN_TWO_PI;

static void grid_angles_are_even(void **state)
{
    (void)state;
    double theta[7];
    bn_ring_grid(7, theta);
    assert_true(theta[0] == 0.0);
    for (int m = 0; m < 7; m++)
        assert_close(theta[m], BN_TWO_PI * m / 7.0, 1e-15, 0.0);
}

static void angles_wrap_into_one_turn(void **state)
{
    (void)state;
    static const struct { double theta, want; } row[] = {
        { 0.0, 0.0 },                { 1.0, 1.0 },
        { -1.0, BN_TWO_PI - 1.0 },   { BN_TWO_PI, 0.0 },
        { -BN_TWO_PI, 0.0 },         { -1e-20, 0.0 },      /* 2 pi - 1e-20 rounds to 2 pi */
        { -1e-16, 0.0 },             { BN_TWO_PI + 1.0, 1.0 },
        { 7.0 * BN_TWO_PI + 2.0, 2.0 }, { -7.0 * BN_TWO_PI - 2.0, BN_TWO_PI - 2.0 },
    };

    for (size_t i = 0; i < BN_LEN(row); i++) {
        const double w = bn_ring_wrap(row[i].theta);
        assert_true(w >= 0.0 && w < BN_TWO_PI);
        assert_close(w, row[i].want, 0.0, 1e-14);
    }
    for (double theta = -1e6; theta < 1e6; theta += 777.7) {
        const double w = bn_ring_wrap(theta);
        assert_true(w >= 0.0 && w < BN_TWO_PI);
        /* the double 2 pi is off by 2.4e-16: 1.6e5 turns, and as many roundings */
        assert_close(cos(w), cos(theta), 0.0, 1e-10);
        assert_close(sin(w), sin(theta), 0.0, 1e-10);
    }
    const double huge = bn_ring_wrap(-1e300);
    assert_true(huge >= 0.0 && huge < BN_TWO_PI);
    assert_true(isnan(bn_ring_wrap(NAN)));             /* 0 would be a lie */
    assert_true(isnan(bn_ring_wrap(INFINITY)));
}

static void differences_go_the_short_way(void **state)
{
    (void)state;
    static const struct { double a, b, want; } row[] = {
        { 0.1, 0.3, -0.2 },              { 0.1, BN_TWO_PI - 0.1, 0.2 },
        { BN_TWO_PI - 0.1, 0.1, -0.2 },  { 1.0, 1.0, 0.0 },
        { 0.5 * BN_TWO_PI, 0.0, -0.5 * BN_TWO_PI },       /* [-pi, pi) */
        { 0.0, 0.5 * BN_TWO_PI, -0.5 * BN_TWO_PI },
        { 0.0, 1e-20, 0.0 },             { 100.0 * BN_TWO_PI, 1.0, -1.0 },
    };

    for (size_t i = 0; i < BN_LEN(row); i++) {
        const double d = bn_ring_difference(row[i].a, row[i].b);
        assert_true(d >= -pi && d < pi);
        assert_close(d, row[i].want, 0.0, 1e-13);
    }
    for (double a = -20.0; a < 20.0; a += 0.37)
        for (double b = -20.0; b < 20.0; b += 0.71) {
            const double d = bn_ring_difference(a, b);
            assert_true(d >= -pi && d < pi);
            assert_close(cos(d), cos(a - b), 0.0, 1e-14);
            assert_close(sin(d), sin(a - b), 0.0, 1e-14);
        }
    assert_true(isnan(bn_ring_difference(NAN, 1.0)));
}

/* Curves a + b cos(t - p): centre p and length b/(2 a), exactly on any grid of three
 * angles or more; and von Mises curves, symmetric about p.                  */
static void centres_of_known_curves(void **state)
{
    (void)state;
    static const size_t angles[] = { 3, 24, 25, 100 };
    enum { N = 60 };

    for (size_t g = 0; g < BN_LEN(angles); g++) {
        const size_t m = angles[g];
        struct bn_mat wave, hill;
        double at[N], length[N], at_hill[N];
        assert_ok(bn_mat_alloc(&wave, N, m));
        assert_ok(bn_mat_alloc(&hill, N, m));
        for (size_t i = 0; i < N; i++)
            for (size_t k = 0; k < m; k++) {
                const double d = BN_TWO_PI * ((double)k / (double)m - (double)i / N);
                *bn_mat_at(&wave, i, k) = 2.0 + 1.5 * cos(d);
                *bn_mat_at(&hill, i, k) = exp(2.0 * (cos(d) - 1.0));
            }
        bn_ring_centre(&wave, at, length);
        bn_ring_centre(&hill, at_hill, NULL);
        bn_ring_centre(&wave, NULL, length);
        for (size_t i = 0; i < N; i++) {
            const double want = BN_TWO_PI * (double)i / N;
            assert_true(at[i] >= 0.0 && at[i] < BN_TWO_PI);
            assert_close(bn_ring_difference(at[i], want), 0.0, 0.0, 4e-15);
            assert_close(length[i], 0.375, 0.0, 1e-15);
            /* harmonics M - 1, ... of the hill fold into the first */
            if (m >= 24)
                assert_close(bn_ring_difference(at_hill[i], want), 0.0, 0.0, 1e-13);
        }
        bn_mat_free(&hill);
        bn_mat_free(&wave);
    }
}

static void a_silent_neuron_has_centre_zero(void **state)
{
    (void)state;
    double rate[8] = { 0, 0, 0, 0, 0, 5, 0, 0 }, at[2] = { 9, 9 }, length[2] = { 9, 9 };
    const struct bn_mat curves = { 2, 4, rate };

    bn_ring_centre(&curves, at, length);
    assert_true(at[0] == 0.0 && length[0] == 0.0);
    assert_close(at[1], 0.25 * BN_TWO_PI, 1e-15, 0.0);
    assert_close(length[1], 1.0, 1e-15, 0.0);
}

/* One curve turned to random angles: turned back they are all the same.  A rotation
 * by the wrong sign would blur them.                                        */
static void aligned_copies_are_the_curve(void **state)
{
    (void)state;
    static const size_t angles[] = { 48, 49 };
    enum { N = 40 };
    const struct bn_rng r = { .seed = 9, .stream = 1 };
    double p[N], mean[49], sd[49];

    bn_rng_uniforms(r, 0, 0, p, N);
    for (size_t i = 0; i < N; i++)
        p[i] *= BN_TWO_PI;
    for (size_t g = 0; g < BN_LEN(angles); g++) {
        const size_t m = angles[g];
        struct bn_mat c;
        assert_ok(bn_mat_alloc(&c, N, m));
        for (size_t i = 0; i < N; i++)
            for (size_t k = 0; k < m; k++) {
                const double d = BN_TWO_PI * (double)k / (double)m - p[i];
                *bn_mat_at(&c, i, k) = 1.0 + cos(d) + 0.3 * sin(2.0 * d);  /* lopsided */
            }
        assert_ok(bn_ring_align(&c, p, mean, sd));
        for (size_t k = 0; k < m; k++) {
            const double d = BN_TWO_PI * (double)k / (double)m - pi;
            assert_close(mean[k], 1.0 + cos(d) + 0.3 * sin(2.0 * d), 0.0, 1e-14);
            assert_close(sd[k], 0.0, 0.0, 1e-14);
        }
        bn_mat_free(&c);
    }
}

/* Two heights of one curve: the standard deviation over rows is half of their
 * difference, everywhere.                                                   */
static void alignment_measures_spread(void **state)
{
    (void)state;
    enum { M = 20 };
    struct bn_mat c;
    const double p[2] = { 1.0, 4.0 };
    double mean[M], sd[M];

    assert_ok(bn_mat_alloc(&c, 2, M));
    for (size_t i = 0; i < 2; i++)
        for (size_t k = 0; k < M; k++)
            *bn_mat_at(&c, i, k) = (double)(i + 1) * (2.0 + cos(BN_TWO_PI * (double)k / M
                                                                - p[i]));
    assert_ok(bn_ring_align(&c, p, mean, sd));
    for (size_t k = 0; k < M; k++) {
        const double f = 2.0 + cos(BN_TWO_PI * (double)k / M - pi);
        assert_close(mean[k], 1.5 * f, 0.0, 1e-14);
        assert_close(sd[k], 0.5 * f, 0.0, 1e-14);
    }
    bn_status rc = BN_NOMEM;
    for (long n = 0; rc != BN_OK; n++) {
        bn_alloc_fail_after(n);
        rc = bn_ring_align(&c, p, mean, sd);
        bn_alloc_fail_after(-1);
        assert_true(rc == BN_OK || (rc == BN_NOMEM && n < 20));
        assert_true(n > 1 || rc == BN_NOMEM);
    }
    bn_mat_free(&c);
}

static void neurons_are_ordered_by_angle(void **state)
{
    (void)state;
    static const double p[] = { 3.0, 0.5, 6.0, 0.5, 0.0, 3.0 };
    static const size_t want[] = { 4, 1, 3, 0, 5, 2 };  /* equal angles by number */
    size_t order[6];

    assert_ok(bn_ring_order(p, 6, order));
    assert_memory_equal(order, want, sizeof want);
    assert_ok(bn_ring_order(p, 0, order));
    bn_alloc_fail_after(0);
    assert_fails(bn_ring_order(p, 6, order), BN_NOMEM);
}

/* a + b cos falls to half between its ends a quarter turn from its top: width pi, whatever a
 * is and wherever it stands; a triangle of half-width w has width w, on any grid that has
 * its corners.  Half of the largest value, or the next grid angle, would differ. */
static void widths_of_known_curves(void **state)
{
    (void)state;
    double curve[120], peak;

    for (size_t turn = 0; turn < 120; turn += 7) {
        for (size_t k = 0; k < 120; k++)
            curve[k] = 5.0 + 2.0 * cos(BN_TWO_PI * ((double)k - (double)turn) / 120.0);
        assert_close(bn_ring_width(curve, 120, &peak), pi, 1e-12, 0.0);
        assert_close(peak, 7.0, 1e-15, 0.0);
        for (size_t k = 0; k < 120; k++)
            curve[k] = fmax(0.0, 9.0 - fabs((double)((k + 180 - turn) % 120) - 60.0));
        assert_close(bn_ring_width(curve, 120, &peak), 9.0 * BN_TWO_PI / 120.0, 1e-12, 0.0);
    }
    for (size_t k = 0; k < 120; k++)
        curve[k] = 3.0;
    assert_close(bn_ring_width(curve, 120, &peak), BN_TWO_PI, 1e-12, 0.0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(widths_of_known_curves),
        cmocka_unit_test(grid_angles_are_even),
        cmocka_unit_test(angles_wrap_into_one_turn),
        cmocka_unit_test(differences_go_the_short_way),
        cmocka_unit_test(centres_of_known_curves),
        cmocka_unit_test(a_silent_neuron_has_centre_zero),
        cmocka_unit_test(aligned_copies_are_the_curve),
        cmocka_unit_test(alignment_measures_spread),
        cmocka_unit_test(neurons_are_ordered_by_angle),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
