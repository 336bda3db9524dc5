/* SPDX-License-Identifier: MIT
 * One-sided weights against the ridge, against the optimality conditions of their definition,
 * and against plain gradient descent, none of which shares code with onesided.c. */
#include "ring.h"

#include <basin/mem.h>
#include <basin/onesided.h>
#include <basin/tile.h>

enum { N = 60, M = 81, WAVES = 9 };

struct problem {
    struct bn_mat rate, target;
    double weight[M];
    struct bn_onesided p;
};

/* Random curves of harmonics 0 .. 4 over a ring, cut off at `threshold`; where a neuron is
 * silent its current may not come above -margin.                             */
static struct problem *problem(size_t n, double threshold, double margin, double lambda)
{
    struct problem *g = calloc(1, sizeof *g);
    assert_non_null(g);
    struct bn_mat c = mat_random(n, WAVES, 7);
    g->rate = mat_make(n, M);
    g->target = mat_make(n, M);
    assert_ok(bn_fourier_inverse(&c, &g->target));
    double sum = 0.0;
    for (size_t p = 0; p < M; p++)
        sum += g->weight[p] = 1.0 + (double)(p % 3);
    for (size_t p = 0; p < M; p++)
        g->weight[p] /= sum;
    for (size_t k = 0; k < n * M; k++) {
        g->target.data[k] = g->target.data[k] / 3.0 - threshold;
        g->rate.data[k] = fmax(0.0, g->target.data[k]);
        if (g->rate.data[k] == 0.0)
            g->target.data[k] = -margin;
    }
    g->p = (struct bn_onesided){ &g->rate, &g->target, g->weight, lambda, 0.0 };
    bn_mat_free(&c);
    return g;
}

static void problem_free(struct problem *g)
{
    bn_mat_free(&g->rate), bn_mat_free(&g->target);
    free(g);
}

static struct bn_mat weights(const struct bn_onesided *p, size_t *steps)
{
    struct bn_ridge fit;
    assert_ok(bn_onesided_fit(p, &fit, steps));
    struct bn_mat j = mat_make(p->rate->rows, p->rate->rows), full = mat_copy(&j);
    assert_ok(bn_gemm(1.0, &fit.left, BN_PLAIN, &fit.right, BN_PLAIN, 0.0, &full));
    for (size_t i = 0; i < j.rows; i++)      /* the diagonal is what it says */
        assert_close(*bn_mat_at(&full, i, i), fit.diagonal[i], 1e-9, 1e-12);
    assert_ok(bn_ridge_dense(&fit.left, &fit.right, &j));
    bn_ridge_free(&fit);
    bn_mat_free(&full);
    return j;
}

/* Where no rate is zero nothing is a bound: the ridge, row by row. */
static void without_silence_it_is_the_ridge(void **state)
{
    (void)state;
    struct problem *g = problem(N, -6.0, 0.0, 1e-4);
    for (size_t p = 0; p < M; p++)
        g->weight[p] = 1.0 / M;
    struct bn_mat x = mat_make(N, M), phi = mat_make(N, M), want = mat_make(N, N);
    struct bn_ridge fit;
    assert_ok(bn_fourier(&g->target, &x));
    assert_ok(bn_fourier(&g->rate, &phi));
    assert_ok(bn_ridge_fit(&x, &phi, NULL, M, 1e-4, 0.0, &fit));
    assert_ok(bn_ridge_dense(&fit.left, &fit.right, &want));
    size_t steps;
    struct bn_mat j = weights(&g->p, &steps);
    assert_int_equal(steps, 1);
    assert_true(mat_apart(&j, &want) < 1e-9);
    bn_ridge_free(&fit);
    bn_mat_free(&x), bn_mat_free(&phi), bn_mat_free(&want), bn_mat_free(&j);
    problem_free(g);
}

/* The function's gradient by its definition, [N, N], diagonal 0; and its value. */
static double gradient(const struct bn_onesided *p, const struct bn_mat *j, struct bn_mat *out,
                       size_t *met)
{
    const size_t n = p->rate->rows, m = p->rate->cols;
    struct bn_mat u = mat_make(n, m);
    double value = 0.0;
    *met = 0;
    assert_ok(bn_gemm(1.0, j, BN_PLAIN, p->rate, BN_PLAIN, 0.0, &u));
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < m; k++) {
            double *e = bn_mat_at(&u, i, k);
            *e -= *bn_mat_at(p->target, i, k);
            if (*bn_mat_at(p->rate, i, k) == 0.0 && *e < 0.0) {
                *e = 0.0;
                ++*met;
            }
            value += p->weight[k] * *e * *e;
            *e *= 2.0 * p->weight[k];
        }
    assert_ok(bn_gemm(1.0, &u, BN_PLAIN, p->rate, BN_TRANSPOSED, 0.0, out));
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < n; k++) {
            const double w = *bn_mat_at(j, i, k);
            value += (double)n * p->lambda * w * w;
            *bn_mat_at(out, i, k) = i == k ? 0.0 : *bn_mat_at(out, i, k)
                                                 + 2.0 * (double)n * p->lambda * w;
        }
    bn_mat_free(&u);
    return value;
}

/* The gradient vanishes to 1e-8 of its size at J = 0, some bounds hold strictly and some are
 * touched or exceeded.  The two-sided fit, which wants silent currents to be -margin, has
 * a gradient of order 1 and a higher value.                                  */
static void gradient_vanishes(void **state)
{
    (void)state;
    const double lambda[] = { 1e-4, 1e-6, 1e-8 }, threshold[] = { 0.3, 1.0 };
    for (size_t c = 0; c < 6; c++) {
        struct problem *g = problem(N, threshold[c % 2], 0.1, lambda[c / 2]);
        size_t met, silent = 0, steps;
        for (size_t k = 0; k < N * M; k++)
            silent += g->rate.data[k] == 0.0;
        struct bn_mat j = weights(&g->p, &steps), slope = mat_make(N, N), none = mat_make(N, N);
        (void)gradient(&g->p, &none, &slope, &met);
        const double scale = bn_mat_norm(&slope);
        const double value = gradient(&g->p, &j, &slope, &met);
        assert_true(bn_mat_norm(&slope) < 1e-8 * scale);
        assert_true(met > silent / 2 && met < silent);
        struct bn_mat x = mat_make(N, M), phi = mat_make(N, M);
        struct bn_ridge fit;
        assert_ok(bn_fourier(&g->target, &x));
        assert_ok(bn_fourier(&g->rate, &phi));
        assert_ok(bn_ridge_fit(&x, &phi, NULL, M, lambda[c / 2], 0.0, &fit));
        assert_ok(bn_ridge_dense(&fit.left, &fit.right, &none));
        assert_true(gradient(&g->p, &none, &slope, &met) > 1.001 * value);
        bn_ridge_free(&fit);
        bn_mat_free(&x), bn_mat_free(&phi);
        bn_mat_free(&j), bn_mat_free(&slope), bn_mat_free(&none);
        problem_free(g);
    }
}

/* Plain gradient descent with its classical step 1/L comes to the same J. */
static void gradient_descent_agrees(void **state)
{
    (void)state;
    enum { FEW = 7 };
    struct problem *g = problem(FEW, 0.2, 0.05, 0.02);
    struct bn_mat want = weights(&g->p, NULL), j = mat_make(FEW, FEW), slope = mat_copy(&j);
    double steep = 2.0 * FEW * 0.02;
    size_t met;
    for (size_t p = 0; p < M; p++)
        for (size_t i = 0; i < FEW; i++)
            steep += 2.0 * g->weight[p] * pow(*bn_mat_at(&g->rate, i, p), 2);
    for (int k = 0; k < 4000; k++) {
        (void)gradient(&g->p, &j, &slope, &met);
        for (size_t i = 0; i < FEW * FEW; i++)
            j.data[i] -= slope.data[i] / steep;
    }
    assert_true(mat_apart(&j, &want) < 1e-8);
    bn_mat_free(&want), bn_mat_free(&j), bn_mat_free(&slope);
    problem_free(g);
}

/* One neuron drives another: phi = (1, 0) at two points; its own target 1 and bound t.
 *   J phi = (J, 0): w (J - 1)^2 + 2 lambda J^2, J = w/(w + 2 lambda); a bound t < 0 at the
 * second point is exceeded whatever J is, and changes nothing.                */
static void two_neurons(void **state)
{
    (void)state;
    double rate[] = { 1.0, 0.0, 1.0, 0.0 }, target[] = { 1.0, -0.5, 1.0, -0.5 };
    const double weight[] = { 0.25, 0.75 };
    const struct bn_mat r = { 2, 2, rate }, t = { 2, 2, target };
    const struct bn_onesided p = { &r, &t, weight, 0.1, 0.0 };
    struct bn_mat j = weights(&p, NULL);
    assert_close(j.data[1], 0.25 / 0.45, 1e-13, 0);
    assert_close(j.data[2], 0.25 / 0.45, 1e-13, 0);
    bn_mat_free(&j);
}

static void dropped_modes_and_threads(void **state)
{
    (void)state;
    struct problem *g = problem(N, 0.5, 0.1, 1e-5);
    struct bn_ridge one, two;
    struct bn_mat full = weights(&g->p, NULL), j = mat_make(N, N);
    g->p.tolerance = 1e-3;
    bn_threads_set(1);
    assert_ok(bn_onesided_fit(&g->p, &one, NULL));
    bn_threads_set(3);
    assert_ok(bn_onesided_fit(&g->p, &two, NULL));
    bn_threads_set(0);
    assert_true(one.rank < N && one.rank == two.rank);
    assert_memory_equal(one.left.data, two.left.data, N * one.rank * sizeof(double));
    assert_memory_equal(one.right.data, two.right.data, N * one.rank * sizeof(double));
    assert_ok(bn_ridge_dense(&one.left, &one.right, &j));
    assert_true(mat_apart(&j, &full) < 1e-3);
    bn_ridge_free(&one), bn_ridge_free(&two);
    bn_mat_free(&full), bn_mat_free(&j);
    problem_free(g);
}

static void refusals_and_no_memory(void **state)
{
    (void)state;
    struct problem *g = problem(5, 0.5, 0.1, 0.0);
    struct bn_ridge fit;
    assert_fails(bn_onesided_fit(&g->p, &fit, NULL), BN_USAGE);
    assert_says(bn_error(), "lambda > 0");
    g->p.lambda = 1e-3;
    g->weight[4] = 0.0;
    assert_fails(bn_onesided_fit(&g->p, &fit, NULL), BN_INPUT);
    assert_says(bn_error(), "point 4");
    g->weight[4] = 0.1;
    bn_status rc = BN_NOMEM;
    bn_threads_set(1);
    for (long k = 0; rc != BN_OK && k < 100; k++) {
        bn_alloc_fail_after(k);
        rc = bn_onesided_fit(&g->p, &fit, NULL);
        bn_alloc_fail_after(-1);
        assert_true(rc == BN_OK || (rc == BN_NOMEM && fit.left.data == NULL));
    }
    bn_threads_set(0);
    assert_int_equal(rc, BN_OK);
    bn_ridge_free(&fit);
    g->rate.cols--;
    assert_fails(bn_onesided_fit(&g->p, &fit, NULL), BN_INPUT);
    problem_free(g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_silence_it_is_the_ridge),
        cmocka_unit_test(gradient_vanishes),
        cmocka_unit_test(gradient_descent_agrees),
        cmocka_unit_test(two_neurons),
        cmocka_unit_test(dropped_modes_and_threads),
        cmocka_unit_test(refusals_and_no_memory),
    };
    return cmocka_run_group_tests_name("onesided", tests, NULL, NULL);
}
