/* SPDX-License-Identifier: MIT
 * Dense weights that are low rank but for their diagonal, and such that are not. */
#include "ring.h"

#include <basin/compress.h>
#include <basin/mem.h>

enum { N = 151, Q = 20 };

/* left right - diag(d), modes of strength 1 ... 10^-decades. */
static struct bn_mat planted(size_t n, size_t q, double decades, double *d)
{
    struct bn_mat left = mat_random(n, q, 1), right = mat_random(q, n, 2), j = mat_make(n, n);
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < q; k++)
            *bn_mat_at(&left, i, k) *= pow(10.0, -decades * (double)k / (double)q);
    assert_ok(bn_gemm(1.0, &left, BN_PLAIN, &right, BN_PLAIN, 0.0, &j));
    for (size_t i = 0; i < n; i++) {
        d[i] = *bn_mat_at(&j, i, i);
        *bn_mat_at(&j, i, i) = 0.0;
    }
    bn_mat_free(&left), bn_mat_free(&right);
    return j;
}

static struct bn_mat formed(const struct bn_compressed *c)
{
    struct bn_mat j = mat_make(c->op.n, c->op.n);
    for (size_t i = 0; i < c->op.n; i++)
        for (size_t k = 0; k < c->op.n; k++)
            *bn_mat_at(&j, i, k) = bn_operator_at(&c->op, i, k);
    return j;
}

/* The diagonal that was taken off is found again, and J is what it was.  Taking 0 for it, as
 * J_ii says, leaves a matrix of full rank.                                   */
static void planted_factors_are_found(void **state)
{
    (void)state;
    for (size_t n = N; n <= N + 1; n++)
        for (int decades = 0; decades <= 10; decades += 5) {
            double d[N + 1];
            struct bn_mat j = planted(n, Q, decades, d);
            struct bn_compressed c;
            assert_ok(bn_compress(&j, &c));
            assert_int_equal(c.op.n, n);
            assert_int_equal(c.left.cols, Q);
            for (size_t i = 0; i < n; i++)
                assert_close(c.diagonal[i], d[i], 0, 1e-11 * bn_mat_norm(&j));
            struct bn_mat same = formed(&c);
            assert_close(mat_apart(&same, &j), 0, 0, 1e-12);
            bn_compressed_free(&c);
            bn_mat_free(&j), bn_mat_free(&same);
        }
}

/* J_ii need not vanish. */
static void any_diagonal(void **state)
{
    (void)state;
    double d[N];
    struct bn_mat j = planted(N, Q, 3, d), other = mat_random(1, N, 7);
    struct bn_compressed c;
    for (size_t i = 0; i < N; i++)
        *bn_mat_at(&j, i, i) += other.data[i];
    assert_ok(bn_compress(&j, &c));
    assert_int_equal(c.op.n, N);
    for (size_t i = 0; i < N; i++)
        assert_close(c.diagonal[i], d[i] - other.data[i], 0, 1e-11 * bn_mat_norm(&j));
    bn_compressed_free(&c);
    bn_mat_free(&j), bn_mat_free(&other);
}

/* Offline weights, which `weights` stores as a matrix up to 2,000 neurons. */
static void offline_weights(void **state)
{
    (void)state;
    enum { MANY = 700, ANGLES = 101 };
    struct ring r = ring_make(MANY, ANGLES, RING_SIGMA, RING_BETA, 1);
    struct bn_mat j = ring_weights(&r, 1e-8);
    struct bn_compressed c;
    assert_ok(bn_compress(&j, &c));
    assert_int_equal(c.op.n, MANY);
    assert_true(c.left.cols <= ANGLES);  /* no more modes than coefficients */
    struct bn_mat same = formed(&c);
    assert_close(mat_apart(&same, &j), 0, 0, 1e-12);
    bn_compressed_free(&c);
    bn_mat_free(&j), bn_mat_free(&same);
    ring_free(&r);
}

/* A neuron that gives something to others that nobody else gives: its diagonal is anything,
 * and costs a mode.                                                         */
static void a_neuron_of_its_own(void **state)
{
    (void)state;
    double d[N];
    struct bn_mat j = planted(N, Q, 3, d), other = mat_random(1, N, 9);
    struct bn_compressed c;
    for (size_t i = 0; i < N; i++)
        *bn_mat_at(&j, i, 5) = i == 5 ? 0.0 : other.data[i];
    assert_ok(bn_compress(&j, &c));
    assert_int_equal(c.op.n, N);
    assert_true(c.left.cols <= Q + 2);
    struct bn_mat same = formed(&c);
    assert_close(mat_apart(&same, &j), 0, 0, 1e-12);
    bn_compressed_free(&c);
    bn_mat_free(&j), bn_mat_free(&other), bn_mat_free(&same);
}

/* Noise of 1e-9 has all ranks; too many modes; a matrix of zeros; a few neurons. */
static void others_are_left_alone(void **state)
{
    (void)state;
    double d[N];
    struct bn_compressed c;
    for (int kind = 0; kind < 4; kind++) {
        struct bn_mat j = planted(kind == 3 ? 40 : N, kind == 1 ? N / 2 : Q, 3, d);
        struct bn_mat noise = mat_random(N, N, 9);
        for (size_t k = 0; k < j.rows * j.rows; k++)
            j.data[k] = kind == 2 ? 0.0 : j.data[k] + (kind == 0 ? 1e-9 * noise.data[k] : 0.0);
        assert_ok(bn_compress(&j, &c));
        assert_int_equal(c.op.n, 0);
        assert_null(c.left.data);
        bn_mat_free(&j), bn_mat_free(&noise);
    }
}

static void out_of_memory(void **state)
{
    (void)state;
    double d[N];
    struct bn_mat j = planted(N, Q, 3, d);
    struct bn_compressed c;
    bn_status rc = BN_NOMEM;
    for (long left = 0; rc == BN_NOMEM; left++) {
        bn_alloc_fail_after(left);
        rc = bn_compress(&j, &c);
        bn_alloc_fail_after(-1);
        assert_true(rc == BN_OK || c.left.data == NULL);
    }
    assert_ok(rc);
    bn_compressed_free(&c);
    bn_mat_free(&j);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(planted_factors_are_found),
        cmocka_unit_test(any_diagonal),
        cmocka_unit_test(offline_weights),
        cmocka_unit_test(a_neuron_of_its_own),
        cmocka_unit_test(others_are_left_alone),
        cmocka_unit_test(out_of_memory),
    };
    return cmocka_run_group_tests_name("compress", tests, NULL, NULL);
}
