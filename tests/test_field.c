/* SPDX-License-Identifier: MIT
 * The vector field and its Jacobian against the definition, differences, and a dense
 * matrix.                                                                    */
#include "ring.h"

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

/* (F(x + h v) - F(x - h v))/2h = A v; wrong: phi' on the left of J instead of the
 * right, or inhibition left out.                                             */
static void apply_is_the_derivative(void **state)
{
    (void)state;
    for (size_t c = 0; c < 2; c++) {
        struct made *g = made(inhibitions[c], BN_TRANSFER_ERF);
        struct bn_mat x = mat_random(2, N, 4), v = mat_random(1, N, 6), f = mat_make(2, N);
        const double h = 1e-5;
        double y[N];
        memcpy(bn_mat_row(&x, 1), x.data, N * sizeof *y);
        for (size_t i = 0; i < N; i++) {
            x.data[i] += h * v.data[i];
            x.data[N + i] -= h * v.data[i];
        }
        assert_ok(bn_field_at(&g->full, &x, &f));
        const struct bn_field *field[] = { &g->full, &g->factored };
        for (size_t k = 0; k < 2; k++) {
            bn_jacobian *j;
            assert_ok(bn_jacobian_new(&j, field[k], g->slope));
            assert_ok(bn_jacobian_apply(j, BN_PLAIN, v.data, y));
            for (size_t i = 0; i < N; i++)
                assert_close(y[i], (f.data[i] - f.data[N + i]) / (2.0 * h), 0, 1e-8);
            bn_jacobian_free(j);
        }
        bn_mat_free(&x), bn_mat_free(&v), bn_mat_free(&f);
        made_free(g);
    }
}

/* u . (A v) = (A^T u) . v, A^-1 A v = v, A^-T A^T v = v, and (A^T A + mu)^-1 undoes
 * A^T A v + mu v; a factor E forgotten in Woodbury's formula is an error of order 1. */
static void inverses_invert(void **state)
{
    (void)state;
    const double mu[] = { 1e-6, 0.1, 30.0 };
    for (size_t c = 0; c < 4; c++) {
        struct made *g = made(inhibitions[c % 2], BN_TRANSFER_SOFTPLUS);
        struct bn_mat v = mat_random(2, N, 8);
        double *u = bn_mat_row(&v, 1), a[N], b[N];
        bn_jacobian *j;
        assert_ok(bn_jacobian_new(&j, c < 2 ? &g->full : &g->factored, g->slope));
        assert_ok(bn_jacobian_apply(j, BN_PLAIN, v.data, a));
        assert_ok(bn_jacobian_apply(j, BN_TRANSPOSED, u, b));
        assert_close(bn_dot(N, u, a), bn_dot(N, b, v.data), 1e-12, 1e-12);
        assert_ok(bn_jacobian_solve(j, BN_TRANSPOSED, b));
        assert_ok(bn_jacobian_solve(j, BN_PLAIN, a));
        for (size_t i = 0; i < N; i++) {
            assert_close(a[i], v.data[i], 1e-10, 1e-10);
            assert_close(b[i], u[i], 1e-10, 1e-10);
        }
        for (size_t m = 0; m < BN_LEN(mu); m++) {
            assert_ok(bn_jacobian_apply(j, BN_PLAIN, v.data, a));
            assert_ok(bn_jacobian_apply(j, BN_TRANSPOSED, a, b));
            for (size_t i = 0; i < N; i++)
                b[i] += mu[m] * v.data[i];
            assert_ok(bn_jacobian_damped(j, mu[m], b));
            for (size_t i = 0; i < N; i++)
                assert_close(b[i], v.data[i], 1e-8, 1e-8);
        }
        bn_jacobian_free(j);
        bn_mat_free(&v);
        made_free(g);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(field_is_the_definition),
        cmocka_unit_test(apply_is_the_derivative),
        cmocka_unit_test(inverses_invert),
    };
    return cmocka_run_group_tests_name("field", tests, NULL, NULL);
}
