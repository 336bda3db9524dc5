/* SPDX-License-Identifier: MIT
 * arnoldi: against LAPACK, and on operators whose spectra are known.  n = 30 takes
 * the dense path for any k here, n >= 120 that of ARPACK.                   */
#include "test.h"

#include <basin/arnoldi.h>
#include <basin/mem.h>
#include <basin/rng.h>

#include <stdlib.h>

static const double tolerance = 1e-12;

static bn_status apply_dense(void *context, const double *x, double *y)
{
    const struct bn_mat *a = context;
    for (size_t i = 0; i < a->rows; i++)
        y[i] = bn_dot(a->cols, bn_mat_row(a, i), x);
    return BN_OK;
}

static struct bn_mat random_matrix(size_t n, uint64_t unit)
{
    const struct bn_rng r = { .seed = 6, .stream = bn_rng_stream("test_arnoldi") };
    struct bn_mat a;
    assert_ok(bn_mat_alloc(&a, n, n));
    bn_rng_normals(r, unit, 0, a.data, n * n);
    for (size_t i = 0; i < n * n; i++)
        a.data[i] /= sqrt((double)n);    /* eigenvalues fill the unit disc */
    return a;
}

/* The order by real part, largest first, of what LAPACK found, by value alone;
 * equal real parts are those of a pair.                                     */
static void sort_by_real(size_t n, double *re, double *im)
{
    for (size_t i = 0; i < n; i++)
        for (size_t k = i; k > 0 && (re[k] > re[k - 1]
                                     || (re[k] == re[k - 1] && im[k] > im[k - 1])); k--) {
            const double a = re[k], b = im[k];
            re[k] = re[k - 1];
            im[k] = im[k - 1];
            re[k - 1] = a;
            im[k - 1] = b;
        }
}

/* |A v - lambda v| for real and for complex v; the norm and the pairing. */
static void check_vectors(const struct bn_mat *a, size_t found, const double *re,
                          const double *im, const struct bn_mat *v)
{
    const size_t n = a->rows;
    double *w = bn_alloc(2 * n, sizeof *w);

    assert_int_equal(v->rows, found);
    assert_int_equal(v->cols, n);
    for (size_t k = 0; k < found; k++) {
        double *x = bn_mat_row(v, k), *y = im[k] != 0.0 ? x + n : NULL;
        assert_ok(apply_dense((void *)(uintptr_t)a, x, w));
        if (y != NULL) {
            assert_true(k + 1 < found && im[k] > 0.0 && im[k + 1] == -im[k]);
            assert_ok(apply_dense((void *)(uintptr_t)a, y, w + n));
        }
        assert_close(hypot(bn_norm(n, x), y != NULL ? bn_norm(n, y) : 0.0), 1.0, 1e-10, 0);
        for (size_t i = 0; i < n; i++) {
            const double yi = y != NULL ? y[i] : 0.0;
            assert_close(w[i], re[k] * x[i] - im[k] * yi, 0.0, 1e-9);
            if (y != NULL)
                assert_close(w[n + i], re[k] * yi + im[k] * x[i], 0.0, 1e-9);
        }
        k += y != NULL;
    }
    free(w);
}

/* Every k up to 12: each of them cuts a pair somewhere. */
static void check_against_lapack(size_t n, uint64_t unit, enum bn_arnoldi_which which)
{
    struct bn_mat a = random_matrix(n, unit), work = random_matrix(n, unit);
    double *want = bn_alloc(2 * n, sizeof *want);

    assert_ok(bn_eig_general(&work, want, want + n));
    if (which == BN_LARGEST_REAL)
        sort_by_real(n, want, want + n);
    for (size_t k = 1; k <= 12; k++) {
        double re[13], im[13];
        size_t found = 99;
        struct bn_mat v;
        assert_ok(bn_arnoldi(n, k, which, tolerance, apply_dense, &a, re, im, &found, &v));
        assert_int_equal(found, k + (want[n + k - 1] > 0.0));
        for (size_t i = 0; i < found; i++) {
            assert_close(re[i], want[i], 0.0, 1e-9);
            assert_close(im[i], want[n + i], 0.0, 1e-9);
        }
        check_vectors(&a, found, re, im, &v);
        bn_mat_free(&v);
        assert_ok(bn_arnoldi(n, k, which, tolerance, apply_dense, &a, re, im, &found, NULL));
        assert_int_equal(found, k + (want[n + k - 1] > 0.0));
        for (size_t i = 0; i < found; i++)
            assert_close(hypot(re[i] - want[i], im[i] - want[n + i]), 0.0, 0.0, 1e-9);
    }
    free(want);
    bn_mat_free(&work);
    bn_mat_free(&a);
}

static void random_matrices_agree_with_lapack(void **state)
{
    (void)state;
    for (uint64_t unit = 0; unit < 3; unit++) {
        check_against_lapack(30, unit, BN_LARGEST_MODULUS);
        check_against_lapack(30, unit, BN_LARGEST_REAL);
        check_against_lapack(120, unit, BN_LARGEST_MODULUS);
        check_against_lapack(120, unit, BN_LARGEST_REAL);
    }
}

/* -n .. -1, 1/2 .. n/2: the largest in modulus are not the largest in real part. */
static bn_status apply_diagonal(void *context, const double *x, double *y)
{
    const size_t n = *(const size_t *)context;
    for (size_t i = 0; i < n; i++)
        y[i] = x[i] * (i % 2 == 0 ? -(double)(i + 2) : 0.5 * (double)(i + 1)) / (double)n;
    return BN_OK;
}

static void a_diagonal_gives_itself(void **state)
{
    (void)state;
    static size_t size[] = { 30, 200 };

    for (size_t s = 0; s < BN_LEN(size); s++) {
        const size_t n = size[s];
        double re[6], im[6];
        size_t found;
        assert_ok(bn_arnoldi(n, 5, BN_LARGEST_MODULUS, tolerance, apply_diagonal, &size[s],
                             re, im, &found, NULL));
        assert_int_equal(found, 5);
        for (size_t k = 0; k < found; k++) {
            assert_close(re[k], -(double)(n - 2 * k) / (double)n, 0.0, 1e-11);
            assert_true(im[k] == 0.0);
        }
        assert_ok(bn_arnoldi(n, 5, BN_LARGEST_REAL, tolerance, apply_diagonal, &size[s], re,
                             im, &found, NULL));
        for (size_t k = 0; k < found; k++)
            assert_close(re[k], 0.5 * (double)(n - 2 * k) / (double)n, 0.0, 1e-11);
    }
}

/* Rotations by angles that repeat: every pair occurs twice.  Sorted by value alone
 * they would come as + + - -.                                               */
/* -1 but for the modes of a random matrix of rank 8: a Jacobian with few modes.  No more
 * than nine values can be told apart.                                        */
static bn_status apply_few(void *context, const double *x, double *y)
{
    const struct bn_mat *f = context;    /* [16, n]: rows of U, then of V */
    for (size_t i = 0; i < f->cols; i++)
        y[i] = -x[i];
    for (size_t r = 0; r < 8; r++) {
        const double *u = bn_mat_row(f, r), a = bn_dot(f->cols, bn_mat_row(f, 8 + r), x);
        for (size_t i = 0; i < f->cols; i++)
            y[i] += a * u[i];
    }
    return BN_OK;
}

static void few_modes_are_enough(void **state)
{
    (void)state;
    enum { N = 300 };
    struct bn_mat f = random_matrix(N, 5), small = { 0 };
    double want[16], re[9], im[9];
    size_t found;
    f.rows = 16;
    /* U V^T has the eigenvalues of V^T U. */
    assert_ok(bn_mat_alloc(&small, 8, 8));
    for (size_t i = 0; i < 64; i++)
        small.data[i] = bn_dot(N, bn_mat_row(&f, 8 + i / 8), bn_mat_row(&f, i % 8));
    assert_ok(bn_eig_general(&small, want, want + 8));
    sort_by_real(8, want, want + 8);
    size_t k = 0;
    while (k < 8 && want[k] > 0.0)
        k++;
    assert_true(k > 1);
    assert_ok(bn_arnoldi(N, k, BN_LARGEST_REAL, 1e-12, apply_few, &f, re, im, &found, NULL));
    assert_true(found >= k);
    for (size_t i = 0; i < k; i++)
        assert_close(re[i], want[i] - 1.0, 0, 1e-10);
    bn_mat_free(&small);
    bn_mat_free(&f);
}

static bn_status apply_rotations(void *context, const double *x, double *y)
{
    const size_t n = *(const size_t *)context;
    for (size_t i = 0; i < n; i += 2) {
        const double w = (double)(1 + i / 4);
        y[i] = -w * x[i + 1];
        y[i + 1] = w * x[i];
    }
    return BN_OK;
}

static void equal_pairs_stay_pairs(void **state)
{
    (void)state;
    size_t n = 24, found;
    double re[6], im[6];
    struct bn_mat v;

    assert_ok(bn_arnoldi(n, 4, BN_LARGEST_MODULUS, tolerance, apply_rotations, &n, re, im,
                         &found, &v));
    assert_int_equal(found, 4);
    assert_int_equal(v.rows, 4);
    for (size_t k = 0; k < 4; k++) {
        assert_close(re[k], 0.0, 0.0, 1e-14);
        assert_close(im[k], k % 2 == 0 ? 6.0 : -6.0, 0.0, 1e-13);
    }
    bn_mat_free(&v);
}

static void results_repeat_bit_for_bit(void **state)
{
    (void)state;
    struct bn_mat a = random_matrix(150, 9), v[2];
    double re[2][9], im[2][9];
    size_t found[2];

    for (int i = 0; i < 2; i++)
        assert_ok(bn_arnoldi(150, 8, BN_LARGEST_REAL, tolerance, apply_dense, &a, re[i],
                             im[i], &found[i], &v[i]));
    assert_int_equal(found[0], found[1]);
    assert_memory_equal(re[0], re[1], found[0] * sizeof re[0][0]);
    assert_memory_equal(im[0], im[1], found[0] * sizeof im[0][0]);
    assert_memory_equal(v[0].data, v[1].data, found[0] * 150 * sizeof(double));
    bn_mat_free(&v[1]);
    bn_mat_free(&v[0]);
    bn_mat_free(&a);
}

/* A cyclic shift: all n eigenvalues have modulus 1, and none is the largest. */
static bn_status apply_shift(void *context, const double *x, double *y)
{
    const size_t n = *(const size_t *)context;
    for (size_t i = 0; i < n; i++)
        y[(i + 1) % n] = x[i];
    return BN_OK;
}

static void what_does_not_converge_is_reported(void **state)
{
    (void)state;
    double re[3], im[3];
    size_t n = 1201, found = 99;         /* more than are formed instead */
    struct bn_mat v = { 1, 1, NULL };

    assert_fails(bn_arnoldi(n, 2, BN_LARGEST_MODULUS, tolerance, apply_shift, &n, re, im,
                            &found, &v), BN_NUMERIC);
    assert_says(bn_error(), "of a 1201 x 1201 operator");
    assert_int_equal(found, 0);
    assert_null(v.data);
}

/* Of a smaller one the values are roots of 1, found without iteration. */
static void what_does_not_converge_is_formed(void **state)
{
    (void)state;
    double re[3], im[3];
    size_t n = 150, found;

    assert_ok(bn_arnoldi(n, 2, BN_LARGEST_MODULUS, tolerance, apply_shift, &n, re, im, &found,
                         NULL));
    assert_true(found >= 2);
    for (size_t k = 0; k < found; k++) {
        const double turns = atan2(im[k], re[k]) * (double)n / (6.283185307179586);
        assert_close(hypot(re[k], im[k]), 1, 0, 1e-12);
        assert_close(turns, round(turns), 0, 1e-10);
    }
}

/* An operator that fails at its `left`-th call. */
static bn_status apply_failing(void *context, const double *x, double *y)
{
    int *left = context;
    if ((*left)-- == 0)
        return bn_fail(BN_INPUT, "the operator broke");
    memcpy(y, x, 30 * sizeof *x);
    return BN_OK;
}

static void a_failing_operator_hands_up_its_message(void **state)
{
    (void)state;
    static const size_t size[] = { 30, 120 };

    for (size_t s = 0; s < BN_LEN(size); s++)
        for (int calls = 0; calls < 3; calls++) {
            int left = calls;
            double re[3], im[3];
            size_t found = 99;
            struct bn_mat v;
            assert_fails(bn_arnoldi(size[s], 2, BN_LARGEST_REAL, tolerance, apply_failing,
                                    &left, re, im, &found, &v), BN_INPUT);
            assert_string_equal(bn_error(), "the operator broke");
            assert_null(v.data);
        }
    double re[1], im[1];
    size_t found;
    assert_fails(bn_arnoldi(30, 0, BN_LARGEST_REAL, 0, apply_failing, NULL, re, im, &found,
                            NULL), BN_INPUT);
    assert_says(bn_error(), "0 eigenvalues of a 30 x 30");
}

static void memory_that_runs_out_is_reported(void **state)
{
    (void)state;
    static const size_t size[] = { 12, 60 };

    for (size_t s = 0; s < BN_LEN(size); s++) {
        struct bn_mat a = random_matrix(size[s], 3);
        bn_status rc = BN_NOMEM;
        for (long n = 0; rc != BN_OK; n++) {
            double re[4], im[4];
            size_t found;
            struct bn_mat v;
            bn_alloc_fail_after(n);
            rc = bn_arnoldi(size[s], 3, BN_LARGEST_MODULUS, tolerance, apply_dense, &a, re,
                            im, &found, &v);
            bn_alloc_fail_after(-1);
            assert_true(rc == BN_OK || rc == BN_NOMEM);
            assert_true(n > 4 || rc == BN_NOMEM);
            if (rc != BN_OK)
                assert_null(v.data);
            bn_mat_free(&v);
        }
        bn_mat_free(&a);
    }
}

/* More eigenvalues than there are: all of them, no more. */
static void asking_for_all_gives_all(void **state)
{
    (void)state;
    struct bn_mat a = random_matrix(7, 1);
    double re[12], im[12];
    size_t found;

    for (size_t k = 7; k < 11; k++) {
        struct bn_mat v;
        assert_ok(bn_arnoldi(7, k, BN_LARGEST_MODULUS, tolerance, apply_dense, &a, re, im,
                             &found, &v));
        assert_int_equal(found, 7);
        check_vectors(&a, found, re, im, &v);
        bn_mat_free(&v);
    }
    bn_mat_free(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_matrices_agree_with_lapack),
        cmocka_unit_test(a_diagonal_gives_itself),
        cmocka_unit_test(few_modes_are_enough),
        cmocka_unit_test(equal_pairs_stay_pairs),
        cmocka_unit_test(results_repeat_bit_for_bit),
        cmocka_unit_test(what_does_not_converge_is_reported),
        cmocka_unit_test(what_does_not_converge_is_formed),
        cmocka_unit_test(a_failing_operator_hands_up_its_message),
        cmocka_unit_test(memory_that_runs_out_is_reported),
        cmocka_unit_test(asking_for_all_gives_all),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
