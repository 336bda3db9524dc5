/* SPDX-License-Identifier: MIT
 * What is seen of learned weights: residuals per harmonic against sums over the grid. */
#include "ring.h"

#include <basin/milestones.h>

static void counts_are_log_spaced(void **state)
{
    (void)state;
    static const struct {
        uint64_t total;
        size_t count, want;
    } rows[] = { { 1, 2, 2 }, { 1, 9, 2 }, { 5, 25, 6 }, { 24, 25, 25 }, { 25, 25, 25 },
                 { 20000, 25, 25 }, { 1000000000000, 50, 50 }, { 7, 2, 2 }, { 7, 3, 3 } };
    for (size_t r = 0; r < BN_LEN(rows); r++) {
        double at[64];
        const size_t n = bn_milestones_at(rows[r].total, rows[r].count, at);
        assert_int_equal(n, rows[r].want);
        assert_true(at[0] == 0.0 && at[n - 1] == (double)rows[r].total);
        for (size_t k = 1; k < n; k++)
            assert_true(at[k] > at[k - 1] && at[k] == floor(at[k]));
        assert_true(n < 3 || at[1] == 1.0);
    }
    double at[41];
    assert_int_equal(bn_milestones_at(100000000, 41, at), 41);
    for (size_t k = 20; k < 41; k++)     /* 8 decades in 39 steps, to half a presentation */
        assert_close(at[k], pow(10.0, 8.0 * (double)(k - 1) / 39.0), 0, 0.5);
}

static void harmonics_that_are_there(void **state)
{
    (void)state;
    struct bn_mat x = mat_make(2, 11);
    *bn_mat_at(&x, 0, 0) = 1.0;
    *bn_mat_at(&x, 1, 2) = 1e-2;         /* harmonic 1 */
    *bn_mat_at(&x, 0, 3) = 5e-3;         /* harmonic 2: 2.5e-5 of 1 + 1 */
    *bn_mat_at(&x, 0, 5) = 1e-3;         /* harmonic 3: below 1e-5 */
    *bn_mat_at(&x, 0, 8) = 1.0;          /* behind the gap */
    assert_int_equal(bn_milestones_harmonics(&x, 50), 3);
    assert_int_equal(bn_milestones_harmonics(&x, 2), 2);
    *bn_mat_at(&x, 0, 5) = 1e-2;
    assert_int_equal(bn_milestones_harmonics(&x, 50), 5);
    bn_mat_free(&x);
}

/* Harmonic k of the error of all neurons on the grid, by sums over angles. */
static double by_hand(const struct bn_mat *curve, size_t k)
{
    double power = 0.0;
    for (size_t i = 0; i < curve->rows; i++) {
        double c = 0.0, s = 0.0;
        for (size_t m = 0; m < curve->cols; m++) {
            const double a = BN_TWO_PI * (double)(k * m) / (double)curve->cols;
            c += *bn_mat_at(curve, i, m) * cos(a) / (double)curve->cols;
            s += *bn_mat_at(curve, i, m) * sin(a) / (double)curve->cols;
        }
        power += (k == 0 ? 1.0 : 2.0) * (c * c + s * s);
    }
    return power;
}

/* Of random weights, dense and factored: a measure per column instead of per harmonic, or
 * over all of |x*| instead of its harmonic, would fail.                        */
static void residual_of_each_harmonic(void **state)
{
    (void)state;
    enum { N = 50, M = 41, Q = 7 };
    struct ring r = ring_make(N, M, RING_SIGMA, RING_BETA, 3);
    struct bn_mat left = mat_random(N, Q, 1), right = mat_random(Q, N, 2), j = mat_make(N, N);
    struct bn_mat d = mat_random(1, N, 4), e = mat_copy(&r.current);
    struct bn_operator ops[2];
    for (size_t k = 0; k < Q * N; k++)
        right.data[k] *= 0.05;
    assert_ok(bn_gemm(1.0, &left, BN_PLAIN, &right, BN_PLAIN, 0.0, &j));
    for (size_t i = 0; i < N; i++)
        *bn_mat_at(&j, i, i) -= d.data[i];
    assert_ok(bn_operator_dense(&ops[0], &j));
    assert_ok(bn_operator_factored(&ops[1], &left, &right, d.data));
    assert_ok(bn_gemm(1.0, &j, BN_PLAIN, &r.rate, BN_PLAIN, -1.0, &e));
    for (size_t o = 0; o < 2; o++) {
        double residual[3];
        struct bn_milestones m = { .count = 3, .harmonics = 4, .eigenvalues = 5,
            .residual = residual, .harmonic = mat_make(3, 4), .re = mat_make(3, 5),
            .im = mat_make(3, 5) };
        assert_ok(bn_milestones_look(&m, 2, &ops[o], &r.x, &r.phi));
        assert_close(residual[2], bn_mat_norm(&e) / bn_mat_norm(&r.current), 1e-12, 0);
        for (size_t k = 0; k < 4; k++)
            assert_close(*bn_mat_at(&m.harmonic, 2, k),
                         sqrt(by_hand(&e, k) / by_hand(&r.current, k)), 1e-10, 0);
        struct bn_mat copy = mat_copy(&j);
        double re[N], im[N];
        assert_ok(bn_eig_general(&copy, re, im));
        for (size_t k = 0; k < 4; k++) { /* of a pair that is cut by the last, any half */
            assert_close(*bn_mat_at(&m.re, 2, k), re[k], 1e-8, 1e-9);
            assert_close(*bn_mat_at(&m.im, 2, k), im[k], 1e-8, 1e-9);
        }
        bn_mat_free(&copy);
        bn_mat_free(&m.harmonic), bn_mat_free(&m.re), bn_mat_free(&m.im);
    }
    bn_mat_free(&left), bn_mat_free(&right), bn_mat_free(&j), bn_mat_free(&d), bn_mat_free(&e);
    ring_free(&r);
}

/* Nothing learned misses everything, and has eigenvalues 0. */
static void nothing_learned(void **state)
{
    (void)state;
    struct ring r = ring_make(20, 31, RING_SIGMA, RING_BETA, 3);
    struct bn_mat j = mat_make(20, 20);
    struct bn_operator op;
    double residual[1];
    struct bn_milestones m = { .count = 1, .harmonics = 3, .eigenvalues = 4,
        .residual = residual, .harmonic = mat_make(1, 3), .re = mat_make(1, 4),
        .im = mat_make(1, 4) };
    assert_ok(bn_operator_dense(&op, &j));
    assert_ok(bn_milestones_look(&m, 0, &op, &r.x, &r.phi));
    assert_close(residual[0], 1.0, 1e-14, 0);
    for (size_t k = 0; k < 3; k++)
        assert_close(m.harmonic.data[k], 1.0, 1e-14, 0);
    assert_close(bn_mat_norm(&m.re), 0, 0, 0);
    bn_mat_free(&m.harmonic), bn_mat_free(&m.re), bn_mat_free(&m.im), bn_mat_free(&j);
    ring_free(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counts_are_log_spaced),
        cmocka_unit_test(harmonics_that_are_there),
        cmocka_unit_test(residual_of_each_harmonic),
        cmocka_unit_test(nothing_learned),
    };
    return cmocka_run_group_tests_name("milestones", tests, NULL, NULL);
}
