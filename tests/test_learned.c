/* SPDX-License-Identifier: MIT
 * How near learned weights are to the offline ones: every measure where its value is known
 * beforehand, and dense weights against factored ones.                        */
#include "ring.h"

#include <basin/learned.h>

enum { N = 70, M = 100 };

static const double LAMBDA = 1e-4;

struct world {
    struct ring ring;
    struct bn_ridge fit;
    struct bn_mat dense;                 /* the offline weights */
    struct bn_operator offline;
};

static struct world world_make(void)
{
    struct world w = { .ring = ring_make(N, M, 1.0, 1.2, 4) };
    w.fit = ring_fit(&w.ring, LAMBDA, 0.0);
    w.dense = ring_weights(&w.ring, LAMBDA);
    assert_ok(bn_operator_factored(&w.offline, &w.fit.left, &w.fit.right, w.fit.diagonal));
    return w;
}

/* Rates of just five harmonics, none of them small: their span leaves no doubt. */
static struct world world_clear(void)
{
    struct world w = { .ring = { .n = N, .m = M } };
    w.ring.x = mat_random(N, 11, 31);
    w.ring.phi = mat_random(N, 11, 32);
    w.ring.slope = mat_copy(&w.ring.x);
    w.ring.current = mat_make(N, M);
    w.ring.rate = mat_make(N, M);
    assert_ok(bn_fourier_inverse(&w.ring.x, &w.ring.current));
    assert_ok(bn_fourier_inverse(&w.ring.phi, &w.ring.rate));
    w.fit = ring_fit(&w.ring, LAMBDA, 0.0);
    w.dense = ring_weights(&w.ring, LAMBDA);
    assert_ok(bn_operator_factored(&w.offline, &w.fit.left, &w.fit.right, w.fit.diagonal));
    return w;
}

static void world_free(struct world *w)
{
    bn_ridge_free(&w->fit);
    bn_mat_free(&w->dense);
    ring_free(&w->ring);
}

static struct bn_learned_distance dense_distance(const struct world *w, const struct bn_mat *j)
{
    struct bn_operator op;
    struct bn_learned_distance d;
    assert_ok(bn_operator_dense(&op, j));
    assert_ok(bn_learned_distance(&op, &w->offline, &w->ring.phi, &d));
    return d;
}

/* Row i of e without its part in the span of the columns of F, entry i left out of both: by
 * Gram and Schmidt, twice, which shares nothing with the module.               */
static void leave_span(const struct world *w, size_t i, double *e)
{
    const size_t r = w->ring.phi.cols;
    struct bn_mat q = mat_make(r + 1, N);

    e[i] = 0.0;
    for (size_t k = 0; k <= r; k++) {
        double *v = bn_mat_row(&q, k);
        for (size_t j = 0; j < N; j++)
            v[j] = k == r ? e[j] : j == i ? 0.0 : *bn_mat_at(&w->ring.phi, j, k);
        for (int twice = 0; twice < 2; twice++)
            for (size_t l = 0; l < k; l++) {
                const double s = bn_dot(N, v, bn_mat_row(&q, l));
                for (size_t j = 0; j < N; j++)
                    v[j] -= s * *bn_mat_at(&q, l, j);
            }
        const double norm = k == r ? 1.0 : bn_norm(N, v);
        for (size_t j = 0; j < N; j++)
            v[j] /= norm;
    }
    memcpy(e, bn_mat_row(&q, r), N * sizeof *e);
    bn_mat_free(&q);
}

/* J = alpha J_off: |J - J_off|/|J_off| = |1 - alpha|, all of it inside.  An estimator that
 * projects rows on the span of F without leaving entry i out finds 0.16 outside here, since
 * the offline rows are of the form P_i F c.                                     */
static void test_scaled(void **state)
{
    (void)state;
    struct world w = world_make();
    const double alphas[4] = { 0.0, 0.5, 1.0, -2.0 };

    for (size_t k = 0; k < 4; k++) {
        struct bn_mat j = mat_copy(&w.dense);
        for (size_t e = 0; e < N * N; e++)
            j.data[e] *= alphas[k];
        const struct bn_learned_distance d = dense_distance(&w, &j);
        assert_close(d.total, fabs(1.0 - alphas[k]), 1e-12, 1e-12);
        assert_close(d.inside, fabs(1.0 - alphas[k]), 1e-10, 1e-12);
        assert_close(d.outside, 0.0, 0.0, 1e-6);
        assert_close(d.norm, fabs(alphas[k]), 1e-12, 1e-12);
        assert_close(d.correlation, alphas[k] == 0.0 ? 0.0 : copysign(1.0, alphas[k]), 0.0,
                     1e-12);
        bn_mat_free(&j);
    }
    world_free(&w);
}

/* J = J_off + E with rows of E outside the span: the residual stays, inside = 0 and outside
 * is |E|/|J_off|; and with a part 0.3 J_off inside as well both are found apart.  */
static void test_outside(void **state)
{
    (void)state;
    struct world w = world_clear();
    struct bn_mat e = mat_random(N, N, 8), j = mat_copy(&w.dense);
    struct bn_operator op;
    double before[21], after[21];

    for (size_t i = 0; i < N; i++)
        leave_span(&w, i, bn_mat_row(&e, i));
    for (size_t k = 0; k < N * N; k++)
        j.data[k] += e.data[k];
    struct bn_learned_distance d = dense_distance(&w, &j);
    const double want = bn_mat_norm(&e) / bn_mat_norm(&w.dense);
    assert_close(d.outside, want, 1e-12, 0.0);
    assert_close(d.total, want, 1e-12, 0.0);
    assert_close(d.inside, 0.0, 0.0, 1e-12 * want);

    assert_ok(bn_operator_dense(&op, &j));
    assert_ok(bn_learned_residual(&op, &w.ring.x, &w.ring.phi, after, 21));
    assert_ok(bn_learned_residual(&w.offline, &w.ring.x, &w.ring.phi, before, 21));
    for (size_t k = 0; k < 21; k++)
        assert_close(after[k], before[k], 1e-9, 1e-20);

    for (size_t k = 0; k < N * N; k++)
        j.data[k] += 0.3 * w.dense.data[k];
    d = dense_distance(&w, &j);
    assert_close(d.inside, 0.3, 1e-12, 0.0);
    assert_close(d.outside, want, 1e-12, 0.0);
    assert_close(d.total, sqrt(want * want + 0.09), 1e-12, 0.0);
    bn_mat_free(&e), bn_mat_free(&j);
    world_free(&w);
}

static void assert_same(const struct bn_learned_distance *a, const struct bn_learned_distance *b,
                        double tolerance)
{
    assert_close(a->total, b->total, tolerance, tolerance);
    assert_close(a->inside, b->inside, tolerance, tolerance);
    assert_close(a->outside, b->outside, tolerance, tolerance);
    assert_close(a->norm, b->norm, tolerance, tolerance);
    assert_close(a->correlation, b->correlation, tolerance, tolerance);
}

/* Factored weights with rows partly outside the span, as they are learned from a J0 of low
 * rank: the same numbers as of the dense matrix; correlation against its definition. */
static void test_factored(void **state)
{
    (void)state;
    struct world w = world_make();
    struct bn_mat left = mat_random(N, 9, 21), right = mat_random(9, N, 22);
    struct bn_mat dense = mat_make(N, N);
    struct bn_operator op;
    struct bn_learned_distance a, b;

    for (size_t k = 0; k < 4 * N; k++)
        right.data[k] = w.fit.right.data[k];     /* four rows within the span */
    for (size_t k = 0; k < 9 * N; k++)
        left.data[k] *= 0.02;
    assert_ok(bn_ridge_dense(&left, &right, &dense));
    assert_ok(bn_operator_factored(&op, &left, &right, NULL));
    assert_ok(bn_learned_distance(&op, &w.offline, &w.ring.phi, &a));
    b = dense_distance(&w, &dense);
    assert_same(&a, &b, 1e-9);
    assert_true(a.outside > 0.01 && a.inside > 0.01);

    double n = 0.0, s[5] = { 0 };
    for (size_t i = 0; i < N; i++)
        for (size_t k = 0; k < N; k++) {
            const double x = *bn_mat_at(&dense, i, k), y = *bn_mat_at(&w.dense, i, k);
            if (i != k)
                n += 1.0, s[0] += x, s[1] += y, s[2] += x * x, s[3] += y * y, s[4] += x * y;
        }
    assert_close(a.correlation, (s[4] - s[0] * s[1] / n)
                 / sqrt((s[2] - s[0] * s[0] / n) * (s[3] - s[1] * s[1] / n)), 1e-10, 0.0);

    /* offline weights in their shared form, and made here */
    struct bn_ridge_modes modes;
    struct bn_mat factor, lift;
    struct bn_operator shared;
    assert_ok(bn_ridge_modes(&w.ring.x, &w.ring.phi, false, w.ring.phi.cols, LAMBDA, 0.0,
                             &modes));
    assert_ok(bn_ridge_factor(&w.ring.phi, &modes.basis, &factor));
    assert_ok(bn_ridge_lift(&modes.basis, &modes.core, w.ring.x.cols, 0, &lift));
    assert_ok(bn_operator_shared(&shared, &w.ring.x, &factor, &lift, &modes.core,
                                 modes.diagonal));
    assert_ok(bn_learned_distance(&op, &shared, &w.ring.phi, &b));
    assert_same(&a, &b, 1e-8);
    assert_ok(bn_learned_offline(&op, &w.ring.x, &w.ring.phi, LAMBDA, &b));
    assert_same(&a, &b, 1e-8);
    bn_mat_free(&left), bn_mat_free(&right), bn_mat_free(&dense);
    bn_mat_free(&factor), bn_mat_free(&lift);
    bn_ridge_modes_free(&modes);
    world_free(&w);
}

/* Against x - J phi on the grid; J = 0 leaves x; harmonics beyond x have what the rates leak
 * into them.  Dividing by |x| instead of N, or summing over coefficients k in place of
 * harmonics (k + 1)/2, fails.                                                   */
static void test_residual(void **state)
{
    (void)state;
    struct world w = world_make();
    struct bn_mat zero = mat_make(N, N), e = mat_copy(&w.ring.current), c = mat_make(N, 99);
    struct bn_operator op;
    double got[50], want[50] = { 0 }, of_x[50];

    assert_ok(bn_operator_dense(&op, &zero));
    assert_ok(bn_learned_residual(&op, &w.ring.x, &w.ring.phi, got, 50));
    bn_learned_power(&w.ring.x, of_x, 50);
    double sum = 0.0, mean = 0.0;
    for (size_t k = 0; k < 50; k++) {
        assert_close(got[k], of_x[k], 1e-14, 0.0);
        sum += of_x[k];
    }
    for (size_t k = 0; k < N * M; k++)
        mean += w.ring.current.data[k] * w.ring.current.data[k] / (N * M);
    assert_close(sum, mean, 1e-12, 0.0);          /* Parseval */

    for (size_t k = 0; k < N * N; k++)
        w.dense.data[k] *= 0.9;
    assert_ok(bn_gemm(-1.0, &w.dense, BN_PLAIN, &w.ring.rate, BN_PLAIN, 1.0, &e));
    assert_ok(bn_fourier(&e, &c));
    for (size_t i = 0; i < N; i++)
        for (size_t k = 0; k < 99; k++)
            want[(k + 1) / 2] += *bn_mat_at(&c, i, k) * *bn_mat_at(&c, i, k) / N;
    assert_ok(bn_operator_dense(&op, &w.dense));
    assert_ok(bn_learned_residual(&op, &w.ring.x, &w.ring.phi, got, 50));
    for (size_t k = 0; k < 50; k++)
        assert_close(got[k], want[k], 1e-10, 1e-18);
    bn_mat_free(&zero), bn_mat_free(&e), bn_mat_free(&c);
    world_free(&w);
}

/* |residual| = exp(-n/T) at log-spaced times: T to rounding, wherever the times are.  One
 * that interpolates the residual and not its logarithm, or takes power for residual, is off
 * by 20 % or by 2.                                                              */
static void test_time(void **state)
{
    (void)state;
    double n[12], power[12], time = 0.0;

    for (size_t k = 0; k < 12; k++) {
        n[k] = k == 0 ? 0.0 : pow(3.0, (double)k);
        power[k] = 5.0 * exp(-2.0 * n[k] / 700.0);
    }
    assert_true(bn_learned_time(n, power, 12, &time));
    assert_close(time, 700.0, 1e-12, 0.0);
    assert_false(bn_learned_time(n, power, 5, &time));
    power[1] = 0.0;                      /* learned at once */
    assert_true(bn_learned_time(n, power, 12, &time));
    assert_close(time, 3.0, 0.0, 0.0);
    /* n presentations filter as this ridge does, to a factor between 1 and 1.3 */
    const double eta = 0.01, at = 4000.0, lambda = 50.0 * bn_learned_lambda(eta, 0.0, at, 50);
    for (double c = 1e-4; c < 1.0; c *= 2.0) {
        const double online = 1.0 - pow(1.0 - eta * c, at), offline = c / (c + lambda);
        assert_true(online / offline >= 1.0 && online / offline <= 1.3);
    }
    assert_close(bn_learned_lambda(0.5, 0.25, 8.0, 2), 0.25, 1e-15, 0.0);
}

static void test_refuses(void **state)
{
    (void)state;
    struct world w = world_make();
    struct bn_mat zero = mat_make(N, N), few = mat_make(3, 3);
    struct bn_operator none, small;
    struct bn_learned_distance d;
    double power[3];

    assert_ok(bn_operator_dense(&none, &zero));
    assert_ok(bn_operator_dense(&small, &few));
    assert_fails(bn_learned_distance(&w.offline, &none, &w.ring.phi, &d), BN_NUMERIC);
    assert_fails(bn_learned_distance(&small, &w.offline, &w.ring.phi, &d), BN_INPUT);
    assert_fails(bn_learned_residual(&small, &w.ring.x, &w.ring.phi, power, 3), BN_INPUT);
    bn_mat_free(&zero), bn_mat_free(&few);
    world_free(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_scaled), cmocka_unit_test(test_outside),
        cmocka_unit_test(test_factored), cmocka_unit_test(test_residual),
        cmocka_unit_test(test_time), cmocka_unit_test(test_refuses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
