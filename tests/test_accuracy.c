/* SPDX-License-Identifier: MIT */
#include "test.h"
#include "every_manifold.h"

#include <basin/accuracy.h>
#include <basin/rng.h>

#include <stdlib.h>

static const struct bn_rng rng = { 3, 5, 0 };

static struct bn_mat mat_make(size_t rows, size_t cols)
{
    struct bn_mat m;
    assert_ok(bn_mat_alloc(&m, rows, cols));
    return m;
}

static void errors_by_hand(void **state)
{
    (void)state;
    const struct bn_manifold ring = bn_manifold_ring(8);
    struct bn_mat x = mat_make(2, 1), y = mat_make(2, 1);
    double error[200];
    struct bn_accuracy a;
    x.data[0] = 0.1, y.data[0] = 6.2;            /* round the back */
    x.data[1] = 2.0, y.data[1] = 1.5;
    bn_accuracy_errors(&ring, &x, &y, error);
    assert_close(error[0], 0.1 + BN_TWO_PI - 6.2, 1e-12, 0);
    assert_close(error[1], 0.5, 1e-12, 0);
    for (size_t k = 0; k < 200; k++)
        error[k] = (double)(200 - k);            /* 200 .. 1 */
    assert_ok(bn_accuracy_of(error, 200, 190.0, &a));
    assert_close(a.median, 100.5, 1e-14, 0);
    assert_close(a.mean, 100.5, 1e-14, 0);
    assert_close(a.rmse, sqrt(201.0 * 401.0 / 6.0), 1e-14, 0);
    assert_close(a.p99, 198.0, 0, 0);
    assert_close(a.far, 0.05, 1e-14, 0);
    bn_mat_free(&x), bn_mat_free(&y);
}

/* Every coarse bin holds its own middle, and as much of the manifold as the others: five
 * standard errors of a share of T uniform points.                                  */
static void coarse_bins_are_equal(void **state)
{
    (void)state;
    enum { T = 20000 };
    for (size_t k = 0; k < BN_LEN(every_manifold); k++) {
        const struct bn_manifold *m = &every_manifold[k];
        const struct bn_coarse b = bn_coarse_make(m, 24);
        double *share = calloc(b.bins, sizeof *share), c[3];
        assert_true(b.bins >= 16 && b.bins <= 36);
        for (size_t bin = 0; bin < b.bins; bin++) {
            bn_coarse_middle(m, &b, bin, c);
            assert_int_equal(bn_coarse_bin(m, &b, c), bin);
        }
        for (size_t t = 0; t < T; t++) {
            double u[3];
            bn_rng_uniforms(rng, t, 0, u, 3);
            for (size_t d = 0; d < m->dimensions; d++)
                c[d] = u[d] * m->size[d];
            if (m->kind == BN_SPHERE)
                c[1] = asin(2.0 * u[1] - 1.0);
            share[bn_coarse_bin(m, &b, c)] += 1.0 / T;
        }
        for (size_t bin = 0; bin < b.bins; bin++)
            assert_close(share[bin], 1.0 / (double)b.bins, 0,
                         5.0 * sqrt(1.0 / ((double)b.bins * T)));
        free(share);
    }
    const double out[1] = { 99.0 };
    const struct bn_coarse b = bn_coarse_make(&every_manifold[2], 10);
    assert_int_equal(bn_coarse_bin(&every_manifold[2], &b, out), 9);
}

static void information_of_a_perfect_decoder(void **state)
{
    (void)state;
    enum { K = 16 };
    struct bn_mat c = mat_make(K, K);
    double bits, bias;
    for (size_t k = 0; k < K; k++)
        *bn_mat_at(&c, k, k) = 100.0;
    assert_ok(bn_accuracy_bits(&c, &bits, &bias));
    assert_close(bits, 4.0, 1e-12, 0);
    assert_close(bias, -15.0 / (2.0 * 1600 * log(2.0)), 1e-9, 0);
    memset(c.data, 0, (size_t)K * K * sizeof(double));
    assert_ok(bn_accuracy_bits(&c, &bits, &bias));
    assert_close(bits, 0.0, 0, 0);
    bn_mat_free(&c);
}

/* A decoder that knows nothing: the plug-in estimate is (K-1)^2/(2 T ln 2) bits, the corrected
 * one is 0 within five standard deviations of a chi^2 of (K-1)^2 freedoms/(2 T ln 2).  With few
 * tries per bin the number of bins that occurred is no estimate of those that can.    */
static void information_of_a_useless_decoder(void **state)
{
    (void)state;
    enum { K = 12, MOST = 8000 };
    const double freedom = (K - 1) * (K - 1);
    for (size_t tries = 1000; tries <= MOST; tries *= 2) {
        struct bn_mat c = mat_make(K, K);
        double u[2], bits, bias;
        for (size_t t = 0; t < tries; t++) {
            bn_rng_uniforms(rng, t, 0, u, 2);
            *bn_mat_at(&c, (size_t)(u[0] * K), (size_t)(u[1] * K)) += 1.0;
        }
        assert_ok(bn_accuracy_bits(&c, &bits, &bias));
        const double scale = 1.0 / (2.0 * (double)tries * log(2.0));
        assert_close(bits - bias, 0.0, 0, 5.0 * sqrt(2.0 * freedom) * scale);
        assert_true(bits > 5.0 * sqrt(2.0 * freedom) * scale);
        bn_mat_free(&c);
    }
}

static void crossings(void **state)
{
    (void)state;
    const double x[] = { 10, 20, 40, 80 }, y[] = { 8, 4, 2, 1 };
    double at = 0.0;
    assert_true(bn_accuracy_crossing(x, y, 4, 3.0, &at));
    assert_close(at, 80.0 / 3.0, 1e-12, 0);      /* y = 80/x */
    assert_true(bn_accuracy_crossing(x, y, 4, 1.0, &at));
    assert_close(at, 80.0, 1e-12, 0);
    assert_false(bn_accuracy_crossing(x, y, 4, 0.9, &at));
    assert_false(bn_accuracy_crossing(x, y, 4, 9.0, &at));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(errors_by_hand),
        cmocka_unit_test(coarse_bins_are_equal),
        cmocka_unit_test(information_of_a_perfect_decoder),
        cmocka_unit_test(information_of_a_useless_decoder),
        cmocka_unit_test(crossings),
    };
    return cmocka_run_group_tests_name("accuracy", tests, NULL, NULL);
}
