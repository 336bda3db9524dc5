/* SPDX-License-Identifier: MIT
 * The Jacobian solved by factors against the matrix itself. */
#include "ring.h"

#include <basin/linear.h>
#include <basin/mem.h>

enum { N = 300, Q = 7, T = 5 };          /* more neurons than a block of factors */

struct made {
    struct bn_mat left, right, j, slope;
    double diagonal[N];
    struct bn_operator dense, factored;
};

static struct made *made(void)
{
    struct made *g = calloc(1, sizeof *g);
    assert_non_null(g);
    g->left = mat_random(N, Q, 1), g->right = mat_random(Q, N, 2), g->slope = mat_random(T, N, 3);
    g->j = mat_make(N, N);
    for (size_t i = 0; i < N * Q; i++)
        g->left.data[i] /= N;
    assert_ok(bn_gemm(1.0, &g->left, BN_PLAIN, &g->right, BN_PLAIN, 0.0, &g->j));
    for (size_t i = 0; i < N; i++) {
        g->diagonal[i] = *bn_mat_at(&g->j, i, i);
        *bn_mat_at(&g->j, i, i) = 0.0;
    }
    for (size_t k = 0; k < T * N; k++)
        g->slope.data[k] = fabs(g->slope.data[k]);
    assert_ok(bn_operator_dense(&g->dense, &g->j));
    assert_ok(bn_operator_factored(&g->factored, &g->left, &g->right, g->diagonal));
    return g;
}

static void made_free(struct made *g)
{
    bn_mat_free(&g->left), bn_mat_free(&g->right), bn_mat_free(&g->j), bn_mat_free(&g->slope);
    free(g);
}

/* A x or A^T x of one state, by loops over the definition. */
static double element(const struct made *g, double c, size_t t, bool plain, size_t i,
                      const double *x)
{
    double s = -x[i];
    for (size_t k = 0; k < N; k++)
        s += plain ? (*bn_mat_at(&g->j, i, k) - c / N) * *bn_mat_at(&g->slope, t, k) * x[k]
                   : *bn_mat_at(&g->slope, t, i) * (*bn_mat_at(&g->j, k, i) - c / N) * x[k];
    return s;
}

/* A without its transpose's order of slopes, or without the inhibition, fails. */
static void applies_and_solves(void **state)
{
    (void)state;
    struct made *g = made();
    const struct bn_operator *ops[] = { &g->dense, &g->factored };
    for (size_t o = 0; o < 4; o++) {
        const double c = o < 2 ? 0.0 : 0.7, shift = o < 2 ? -0.2 : 0.0;
        struct bn_linear l;
        struct bn_factors f;
        assert_ok(bn_linear_make(&l, ops[o % 2], c));
        assert_ok(bn_factors_make(&f, &l, &g->slope, shift));
        for (int plain = 0; plain < 2; plain++) {
            const enum bn_trans trans = plain ? BN_PLAIN : BN_TRANSPOSED;
            struct bn_mat x = mat_random(T, N, 4), y = mat_make(T, N);
            assert_ok(bn_linear_apply(&l, &g->slope, trans, &x, &y));
            for (size_t t = 0; t < T; t++)
                for (size_t i = 0; i < N; i += 37)
                    assert_close(*bn_mat_at(&y, t, i),
                                 element(g, c, t, plain, i, bn_mat_row(&x, t)), 1e-11, 1e-12);
            for (size_t k = 0; k < T * N; k++)
                y.data[k] -= shift * x.data[k];
            assert_ok(bn_factors_solve(&f, trans, &y));
            assert_true(mat_apart(&y, &x) < 1e-10);
            bn_mat_free(&x), bn_mat_free(&y);
        }
        bn_factors_free(&f);
        bn_linear_free(&l);
    }
    made_free(g);
}

/* A with an exact null vector: a solve points along it. */
static void singular(void **state)
{
    (void)state;
    struct bn_mat left = mat_make(N, 1), right = mat_make(1, N), slope = mat_make(1, N);
    struct bn_mat x = mat_random(1, N, 6);
    struct bn_operator op;
    struct bn_linear l;
    struct bn_factors f;
    for (size_t i = 0; i < N; i++) {
        left.data[i] = cos((double)i);
        slope.data[i] = 1.0;
    }
    const double s = bn_dot(N, left.data, left.data);
    for (size_t i = 0; i < N; i++)
        right.data[i] = left.data[i] / s;            /* A = -1 + projector */
    assert_ok(bn_operator_factored(&op, &left, &right, NULL));
    assert_ok(bn_linear_make(&l, &op, 0.0));
    assert_ok(bn_factors_make(&f, &l, &slope, 0.0));
    assert_ok(bn_factors_solve(&f, BN_PLAIN, &x));
    assert_close(fabs(bn_dot(N, x.data, left.data)) / bn_norm(N, x.data) / sqrt(s), 1, 1e-12, 0);
    assert_true(bn_norm(N, x.data) > 1e10);
    bn_factors_free(&f);
    bn_linear_free(&l);
    bn_mat_free(&left), bn_mat_free(&right), bn_mat_free(&slope), bn_mat_free(&x);
}

static void out_of_memory(void **state)
{
    (void)state;
    struct made *g = made();
    bn_status rc = BN_NOMEM;
    for (long n = 0; rc != BN_OK; n++) {
        struct bn_linear l;
        struct bn_factors f = { 0 };
        struct bn_mat x = mat_random(T, N, 4);
        bn_alloc_fail_after(n);
        rc = bn_linear_make(&l, &g->factored, 0.5);
        if (rc == BN_OK)
            rc = bn_factors_make(&f, &l, &g->slope, 0.0);
        if (rc == BN_OK)
            rc = bn_factors_solve(&f, BN_PLAIN, &x);
        bn_alloc_fail_after(-1);
        assert_true(rc == BN_OK || rc == BN_NOMEM);
        bn_factors_free(&f);
        bn_linear_free(&l);
        bn_mat_free(&x);
    }
    made_free(g);
}

static void sizes_are_refused(void **state)
{
    (void)state;
    struct made *g = made();
    struct bn_mat x = mat_make(T + 1, N);
    struct bn_linear l;
    struct bn_factors f;
    assert_ok(bn_linear_make(&l, &g->factored, 0.0));
    assert_ok(bn_factors_make(&f, &l, &g->slope, 0.0));
    assert_fails(bn_factors_solve(&f, BN_PLAIN, &x), BN_INPUT);
    assert_says(bn_error(), "6 x 300 right-hand sides for 5 Jacobians of 300 neurons");
    bn_factors_free(&f);
    bn_linear_free(&l);
    bn_mat_free(&x);
    made_free(g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(applies_and_solves),
        cmocka_unit_test(singular),
        cmocka_unit_test(out_of_memory),
        cmocka_unit_test(sizes_are_refused),
    };
    return cmocka_run_group_tests_name("linear", tests, NULL, NULL);
}
