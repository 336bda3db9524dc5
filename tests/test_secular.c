/* SPDX-License-Identifier: MIT
 * diag(d) - v v^T against LAPACK and where it can be solved by hand.  */
#include "ring.h"

#include <basin/secular.h>

#include <float.h>

static void assert_diagonalises(size_t n, const double *d, const double *v, double tolerance)
{
    struct bn_mat q = mat_make(n, n), a = mat_make(n, n), t = mat_make(n, n);
    double *mu = calloc(2 * n, sizeof *mu), *w = mu + n, norm = 0.0;

    assert_ok(bn_secular(n, d, v, mu, &q));
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < n; j++) {
            *bn_mat_at(&a, i, j) = (i == j ? d[i] : 0.0) - v[i] * v[j];
            norm = fmax(norm, fabs(*bn_mat_at(&a, i, j)));
        }
    /* vectors are orthonormal, to rounding, whatever the gaps */
    assert_ok(bn_gram(1.0, &q, BN_PLAIN, &t));
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < n; j++)
            assert_close(*bn_mat_at(&t, i, j), i == j, 0.0, tolerance);
    /* Q^T mu Q is the matrix */
    struct bn_mat s = mat_copy(&q), back = mat_make(n, n);
    for (size_t k = 0; k < n; k++)
        for (size_t j = 0; j < n; j++)
            *bn_mat_at(&s, k, j) *= mu[k];
    assert_ok(bn_gemm(1.0, &q, BN_TRANSPOSED, &s, BN_PLAIN, 0.0, &back));
    for (size_t k = 0; k < n * n; k++)
        assert_close(back.data[k], a.data[k], 0.0, 4.0 * tolerance * norm);
    assert_ok(bn_eig_symmetric(&a, w));
    for (size_t k = 0; k < n; k++)
        assert_close(mu[k], w[k], 0.0, tolerance * norm);
    bn_mat_free(&q), bn_mat_free(&a), bn_mat_free(&t), bn_mat_free(&s), bn_mat_free(&back);
    free(mu);
}

/* diag(1, 2) - t (1, 1)(1, 1)^T: eigenvalues (3 - 2t +- sqrt(1 + 4 t^2))/2. */
static void test_two(void **state)
{
    (void)state;
    const double d[2] = { 1.0, 2.0 }, t = 0.37, v[2] = { sqrt(t), sqrt(t) };
    struct bn_mat q = mat_make(2, 2);
    double mu[2];

    assert_ok(bn_secular(2, d, v, mu, &q));
    assert_close(mu[0], 0.5 * (3.0 - 2.0 * t - sqrt(1.0 + 4.0 * t * t)), 1e-14, 0.0);
    assert_close(mu[1], 0.5 * (3.0 - 2.0 * t + sqrt(1.0 + 4.0 * t * t)), 1e-14, 0.0);
    bn_mat_free(&q);
}

static void test_against_lapack(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 6; seed++) {
        const size_t n = 10 * seed;
        struct bn_mat x = mat_random(2, n, seed);
        double *d = bn_mat_row(&x, 0), sum = 0.0;
        for (size_t k = 0; k < n; k++)
            d[k] = sum += fabs(d[k]);
        assert_diagonalises(n, d, bn_mat_row(&x, 1), 2e-14);
        bn_mat_free(&x);
    }
}

/* What rates look like: eigenvalues over 14 decades, v_k^2 about d_k/N.  The eigenvalues
 * that are small must be right in relation to themselves: the trace of the inverse knows,
 *     tr A^-1 = sum 1/d + (sum v^2/d^2)/(1 - sum v^2/d),
 * and a solver whose mu have an error of epsilon d_max fails this.            */
static void test_decades(void **state)
{
    (void)state;
    enum { N = 60 };
    struct bn_mat q = mat_make(N, N), z = mat_random(1, N, 9);
    double d[N], v[N], mu[N], inverse = 0.0, twice = 0.0, once = 0.0, want = 0.0;

    for (size_t k = 0; k < N; k++) {
        d[k] = pow(10.0, -14.0 + 14.0 * (double)k / (N - 1));
        v[k] = z.data[k] * sqrt(d[k] / 300.0);
        once += v[k] * v[k] / d[k];
        twice += v[k] * v[k] / d[k] / d[k];
        want += 1.0 / d[k];
    }
    want += twice / (1.0 - once);
    assert_ok(bn_secular(N, d, v, mu, &q));
    for (size_t k = 0; k < N; k++) {
        assert_true(mu[k] < d[k] && (k == 0 || mu[k] > d[k - 1]));
        inverse += 1.0 / mu[k];
    }
    assert_close(inverse, want, 1e-12, 0.0);
    assert_diagonalises(N, d, v, 2e-14);
    bn_mat_free(&q), bn_mat_free(&z);
}

/* Doublets that coincide (a ring without disorder), components that are 0 or nearly, v = 0
 * and n = 1: a solver without deflation divides by zero here.                 */
static void test_degenerate(void **state)
{
    (void)state;
    const double d[7] = { 0.0, 0.1, 0.1, 0.5, 0.5, 0.5, 2.0 };
    const double v[7] = { 0.0, 0.2, -0.2, 0.0, 0.3, 1e-200, 0.4 };
    const double none[7] = { 0 }, zero[3] = { 0 }, some[3] = { 0.1, 0.0, -0.2 };
    const double one = 3.0, w = 0.5;

    assert_diagonalises(7, d, v, 4e-15);
    assert_diagonalises(7, d, none, 1e-15);
    assert_diagonalises(3, zero, some, 1e-14);
    assert_diagonalises(1, &one, &w, 1e-15);
}

static void test_refuses(void **state)
{
    (void)state;
    const double d[2] = { 2.0, 1.0 }, bad[2] = { 1.0, NAN }, v[2] = { 1.0, 1.0 };
    struct bn_mat q = mat_make(2, 2), small = mat_make(1, 2);
    double mu[2];

    assert_fails(bn_secular(2, d, v, mu, &q), BN_INPUT);
    assert_fails(bn_secular(2, bad, v, mu, &q), BN_INPUT);
    assert_fails(bn_secular(2, v, v, mu, &small), BN_INPUT);
    bn_mat_free(&q), bn_mat_free(&small);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_two), cmocka_unit_test(test_against_lapack),
        cmocka_unit_test(test_decades), cmocka_unit_test(test_degenerate),
        cmocka_unit_test(test_refuses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
