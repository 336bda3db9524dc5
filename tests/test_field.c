/* SPDX-License-Identifier: MIT
 * The vector field against its definition, and damped solves against what they undo.
 *                                                                    */
#include "ring.h"

#include <basin/diagnose.h>
#include <basin/field.h>

enum { N = 60, Q = 7 };

struct made {
    struct bn_mat left, right, dense;
    double diagonal[N], slope[N];
    struct bn_field factored, full;
};

/* Factored and dense weights that are the same; d = 0.3 z makes E far from 1. */
static struct made *made(double inhibition, enum bn_transfer_kind kind)
{
    struct made *g = calloc(1, sizeof *g);
    assert_non_null(g);
    g->left = mat_random(N, Q, 1);
    g->right = mat_random(Q, N, 2);
    struct bn_mat d = mat_random(1, N, 3), x = mat_random(1, N, 4);
    g->dense = mat_make(N, N);
    assert_ok(bn_gemm(1.0 / N, &g->left, BN_PLAIN, &g->right, BN_PLAIN, 0.0, &g->dense));
    for (size_t k = 0; k < N * Q; k++)
        g->left.data[k] /= N;
    for (size_t i = 0; i < N; i++) {
        g->diagonal[i] = 0.3 * d.data[i];
        *bn_mat_at(&g->dense, i, i) -= g->diagonal[i];
    }
    g->full = (struct bn_field){ .transfer = { kind, 1.5, 0.2 }, .inhibition = inhibition,
                                .target = 0.7 };
    g->factored = g->full;
    assert_ok(bn_operator_dense(&g->full.weights, &g->dense));
    assert_ok(bn_operator_factored(&g->factored.weights, &g->left, &g->right, g->diagonal));
    bn_transfer_slope(&g->full.transfer, N, x.data, g->slope);
    bn_mat_free(&d), bn_mat_free(&x);
    return g;
}

static void made_free(struct made *g)
{
    bn_mat_free(&g->left), bn_mat_free(&g->right), bn_mat_free(&g->dense);
    free(g);
}

static const double inhibitions[] = { 0.0, 0.8 };

/* F(x; b) - F(x; 0) = b in the field, and -b in the residual -F of the diagnosis. */
static void bias_is_added(void **state)
{
    (void)state;
    struct made *g = made(0.8, BN_TRANSFER_LOGISTIC);
    struct bn_mat b = mat_random(1, N, 6), x = mat_random(2, N, 5);
    struct bn_mat without = mat_make(2, N), with = mat_make(2, N);
    assert_ok(bn_field_at(&g->factored, &x, &without));
    g->factored.bias = b.data;
    assert_ok(bn_field_at(&g->factored, &x, &with));
    const struct bn_ring_network net = { .weights = g->factored.weights,
        .transfer = g->factored.transfer, .inhibition = 0.8, .target = 0.7, .bias = b.data };
    struct bn_mat states = mat_copy(&x), tangents = mat_copy(&x);
    struct bn_points p;
    assert_ok(bn_diagnose_states(&net, &states, &tangents, &p));
    for (size_t k = 0; k < 2 * N; k++) {
        assert_close(with.data[k] - without.data[k], b.data[k % N], 1e-13, 1e-14);
        assert_close(p.residual.data[k], -with.data[k], 1e-13, 1e-14);
    }
    bn_points_free(&p);
    bn_mat_free(&b), bn_mat_free(&x), bn_mat_free(&without), bn_mat_free(&with);
    made_free(g);
}

/* A term of F that is missing or has the wrong sign is of order 1. */
static void field_is_the_definition(void **state)
{
    (void)state;
    for (size_t c = 0; c < 2; c++) {
        struct made *g = made(inhibitions[c], BN_TRANSFER_LOGISTIC);
        struct bn_mat x = mat_random(3, N, 5), f = mat_make(3, N), h = mat_make(3, N);
        double rate[N];
        assert_ok(bn_field_at(&g->full, &x, &f));
        assert_ok(bn_field_at(&g->factored, &x, &h));
        assert_true(mat_apart(&h, &f) < 1e-14);
        for (size_t t = 0; t < 3; t++) {
            double mean = 0.0;
            for (size_t i = 0; i < N; i++) {
                rate[i] = 1.0 / (1.0 + exp(-1.5 * (*bn_mat_at(&x, t, i) - 0.2)));
                mean += rate[i] / N;
            }
            for (size_t i = 0; i < N; i++) {
                double want = -*bn_mat_at(&x, t, i) + inhibitions[c] * (0.7 - mean);
                for (size_t k = 0; k < N; k++)
                    want += *bn_mat_at(&g->dense, i, k) * rate[k];
                assert_close(*bn_mat_at(&f, t, i), want, 1e-13, 1e-14);
            }
        }
        bn_mat_free(&x), bn_mat_free(&f), bn_mat_free(&h);
        made_free(g);
    }
}

/* (A^T A + mu)^-1 undoes A^T A v + mu v; a factor E forgotten in Woodbury's formula is an
 * error of order 1.                                                          */
static void damped_solves_solve(void **state)
{
    (void)state;
    const double mu[] = { 1e-6, 0.1, 30.0 };
    for (size_t c = 0; c < 4; c++) {
        struct made *g = made(inhibitions[c % 2], BN_TRANSFER_SOFTPLUS);
        const struct bn_field *field = c < 2 ? &g->full : &g->factored;
        const struct bn_mat slope = { 1, N, g->slope };
        struct bn_mat v = mat_random(1, N, 8), a = mat_make(1, N), b = mat_make(1, N);
        struct bn_linear l;
        assert_ok(bn_linear_make(&l, &field->weights, field->inhibition));
        for (size_t m = 0; m < BN_LEN(mu); m++) {
            assert_ok(bn_linear_apply(&l, &slope, BN_PLAIN, &v, &a));
            assert_ok(bn_linear_apply(&l, &slope, BN_TRANSPOSED, &a, &b));
            for (size_t i = 0; i < N; i++)
                b.data[i] += mu[m] * v.data[i];
            assert_ok(bn_field_damped(&l, g->slope, mu[m], b.data));
            for (size_t i = 0; i < N; i++)
                assert_close(b.data[i], v.data[i], 1e-8, 1e-8);
        }
        bn_linear_free(&l);
        bn_mat_free(&v), bn_mat_free(&a), bn_mat_free(&b);
        made_free(g);
    }
}

/* (F(x + h v) - F(x - h v))/2h = A v: the field and the Jacobian that steps use are one. */
static void jacobian_is_the_derivative(void **state)
{
    (void)state;
    for (size_t c = 0; c < 2; c++) {
        struct made *g = made(inhibitions[c], BN_TRANSFER_ERF);
        const struct bn_mat slope = { 1, N, g->slope };
        struct bn_mat x = mat_random(1, N, 4), v = mat_random(1, N, 6), y = mat_make(1, N);
        struct bn_mat two = mat_make(2, N), f = mat_make(2, N);
        struct bn_linear l;
        const double h = 1e-5;
        for (size_t i = 0; i < N; i++) {
            two.data[i] = x.data[i] + h * v.data[i];
            two.data[N + i] = x.data[i] - h * v.data[i];
        }
        assert_ok(bn_linear_make(&l, &g->factored.weights, inhibitions[c]));
        assert_ok(bn_linear_apply(&l, &slope, BN_PLAIN, &v, &y));
        assert_ok(bn_field_at(&g->factored, &two, &f));
        for (size_t i = 0; i < N; i++)
            assert_close(y.data[i], (f.data[i] - f.data[N + i]) / (2.0 * h), 0, 1e-8);
        bn_linear_free(&l);
        bn_mat_free(&x), bn_mat_free(&v), bn_mat_free(&y), bn_mat_free(&two), bn_mat_free(&f);
        made_free(g);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bias_is_added),
        cmocka_unit_test(field_is_the_definition),
        cmocka_unit_test(damped_solves_solve),
        cmocka_unit_test(jacobian_is_the_derivative),
    };
    return cmocka_run_group_tests_name("field", tests, NULL, NULL);
}
