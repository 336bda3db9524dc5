/* SPDX-License-Identifier: MIT
 * mat: every operation against its definition.  Tolerances are in units of
 * n eps |A|, as LAPACK's own tests measure; they allow 30.                  */
#include "test.h"

#include <basin/mat.h>
#include <basin/mem.h>
#include <basin/rng.h>

#include <float.h>
#include <stdlib.h>

static struct bn_mat filled(size_t rows, size_t cols, uint64_t unit)
{
    const struct bn_rng r = { .seed = 5, .stream = bn_rng_stream("test_mat") };
    struct bn_mat m;
    assert_ok(bn_mat_alloc(&m, rows, cols));
    bn_rng_normals(r, unit, 0, m.data, rows * cols);
    return m;
}

static struct bn_mat copy_of(const struct bn_mat *m)
{
    struct bn_mat c;
    assert_ok(bn_mat_alloc(&c, m->rows, m->cols));
    memcpy(c.data, m->data, m->rows * m->cols * sizeof *m->data);
    return c;
}

static struct bn_mat of(size_t n, const double *data)
{
    struct bn_mat m;
    assert_ok(bn_mat_alloc(&m, n, n));
    memcpy(m.data, data, n * n * sizeof *data);
    return m;
}

/* 30 n eps |A|: what a backward stable algorithm may be off. */
static double rounding(const struct bn_mat *a)
{
    return 30.0 * (double)a->rows * DBL_EPSILON * bn_mat_norm(a);
}

static double entry(const struct bn_mat *m, enum bn_trans t, size_t i, size_t j)
{
    return t == BN_PLAIN ? *bn_mat_at(m, i, j) : *bn_mat_at(m, j, i);
}

static void a_matrix_is_zero_and_freed_twice(void **state)
{
    (void)state;
    struct bn_mat m;
    assert_ok(bn_mat_alloc(&m, 30, 40));
    assert_int_equal(m.rows, 30);
    assert_int_equal(m.cols, 40);
    assert_true(bn_mat_norm(&m) == 0.0);
    *bn_mat_at(&m, 3, 4) = 5.0;
    assert_true(bn_mat_row(&m, 3)[4] == 5.0 && m.data[3 * 40 + 4] == 5.0);
    bn_mat_free(&m);
    assert_null(m.data);
    assert_int_equal(m.rows + m.cols, 0);
    bn_mat_free(&m);
    assert_ok(bn_mat_alloc(&m, 0, 7));
    bn_mat_free(&m);
}

static void sizes_that_overflow_are_refused(void **state)
{
    (void)state;
    static const size_t size[][2] = {
        { SIZE_MAX, 2 }, { (size_t)1 << 32, (size_t)1 << 32 },
        { (size_t)1 << 31, (size_t)1 << 31 }, { SIZE_MAX / 8 + 1, 1 },
    };

    for (size_t i = 0; i < BN_LEN(size); i++) {
        struct bn_mat m = { 1, 1, NULL };
        assert_fails(bn_mat_alloc(&m, size[i][0], size[i][1]), BN_NOMEM);
        assert_null(m.data);
        assert_int_equal(m.rows + m.cols, 0);
        bn_mat_free(&m);
    }
}

static void check_gemm(size_t m, size_t k, size_t n, enum bn_trans ta, enum bn_trans tb)
{
    struct bn_mat a = ta == BN_PLAIN ? filled(m, k, 1) : filled(k, m, 1);
    struct bn_mat b = tb == BN_PLAIN ? filled(k, n, 2) : filled(n, k, 2);
    struct bn_mat c = filled(m, n, 3), before = copy_of(&c);

    assert_ok(bn_gemm(1.5, &a, ta, &b, tb, -0.5, &c));
    for (size_t i = 0; i < m; i++)
        for (size_t j = 0; j < n; j++) {
            double s = 0.0, size = 0.0;
            for (size_t l = 0; l < k; l++) {
                const double p = entry(&a, ta, i, l) * entry(&b, tb, l, j);
                s += p;
                size += fabs(p);
            }
            const double old = *bn_mat_at(&before, i, j);
            /* two sums in different orders: at most 2 (k + 2) eps of the terms */
            assert_close(*bn_mat_at(&c, i, j), 1.5 * s - 0.5 * old, 0.0,
                         2.0 * (double)(k + 2) * DBL_EPSILON * (1.5 * size + fabs(old)));
        }
    bn_mat_free(&before);
    bn_mat_free(&c);
    bn_mat_free(&b);
    bn_mat_free(&a);
}

static void products_are_the_triple_loop(void **state)
{
    (void)state;
    static const size_t size[][3] = { { 1, 1, 1 }, { 3, 5, 2 }, { 17, 4, 33 }, { 64, 65, 31 },
                                      { 1, 40, 7 }, { 5, 1, 6 } };

    for (size_t i = 0; i < BN_LEN(size); i++)
        for (int t = 0; t < 4; t++)
            check_gemm(size[i][0], size[i][1], size[i][2], t & 1 ? BN_TRANSPOSED : BN_PLAIN,
                       t & 2 ? BN_TRANSPOSED : BN_PLAIN);
}

static void shapes_that_do_not_fit_are_named(void **state)
{
    (void)state;
    struct bn_mat a = filled(3, 4, 1), b = filled(5, 6, 2), c = filled(3, 6, 3);
    int pivot[6];
    double w[6], v[6];

    assert_fails(bn_gemm(1, &a, BN_PLAIN, &b, BN_PLAIN, 0, &c), BN_INPUT);
    assert_says(bn_error(), "3 x 4 and 5 x 6");
    assert_fails(bn_gemm(1, &a, BN_TRANSPOSED, &b, BN_TRANSPOSED, 0, &c), BN_INPUT);
    assert_says(bn_error(), "4 x 3 and 6 x 5 into 3 x 6");
    assert_fails(bn_gemm(1, &a, BN_PLAIN, &a, BN_TRANSPOSED, 0, &c), BN_INPUT);
    assert_says(bn_error(), "into 3 x 6");
    assert_fails(bn_gram(1, &a, BN_PLAIN, &c), BN_INPUT);
    assert_says(bn_error(), "3 x 4 into 3 x 6");
    assert_fails(bn_eig_symmetric(&a, w), BN_INPUT);
    assert_says(bn_error(), "got 3 x 4");
    assert_fails(bn_eig_general(&a, w, v), BN_INPUT);
    assert_says(bn_error(), "got 3 x 4");
    assert_fails(bn_eig_vectors(&a, w, v, &c), BN_INPUT);
    assert_fails(bn_lu(&a, pivot), BN_INPUT);
    assert_says(bn_error(), "got 3 x 4");
    struct bn_mat square = filled(3, 3, 4);
    assert_fails(bn_eig_vectors(&square, w, v, &c), BN_INPUT);
    assert_says(bn_error(), "3 x 3 into 3 x 6");
    bn_mat_free(&square);
    bn_mat_free(&c);
    bn_mat_free(&b);
    bn_mat_free(&a);
}

static void empty_matrices_are_fine(void **state)
{
    (void)state;
    struct bn_mat none, thin, c = filled(3, 3, 1);
    double w[1] = { 7.0 };
    int pivot[1];

    assert_ok(bn_mat_alloc(&none, 0, 0));
    assert_ok(bn_mat_alloc(&thin, 3, 0));
    assert_ok(bn_gemm(1, &none, BN_PLAIN, &none, BN_PLAIN, 0, &none));
    assert_ok(bn_gram(1, &none, BN_PLAIN, &none));
    assert_ok(bn_gemm(1, &thin, BN_PLAIN, &thin, BN_TRANSPOSED, 0, &c));
    assert_true(bn_mat_norm(&c) == 0.0);          /* an empty sum */
    *bn_mat_at(&c, 1, 2) = 1.0;
    assert_ok(bn_gram(1, &thin, BN_PLAIN, &c));
    assert_true(bn_mat_norm(&c) == 0.0);
    assert_ok(bn_eig_symmetric(&none, w));
    assert_ok(bn_eig_general(&none, w, w));
    assert_ok(bn_eig_vectors(&none, w, w, &none));
    assert_ok(bn_singular_values(&none, w));
    assert_ok(bn_lu(&none, pivot));
    assert_ok(bn_lu_solve(&none, pivot, BN_PLAIN, w));
    assert_true(w[0] == 7.0);
    bn_mat_free(&thin);
    bn_mat_free(&none);
    bn_mat_free(&c);
}

static void gram_matrices_are_products(void **state)
{
    (void)state;
    struct bn_mat a = filled(13, 7, 1);

    for (int t = 0; t < 2; t++) {
        const enum bn_trans ta = t ? BN_TRANSPOSED : BN_PLAIN;
        const size_t n = t ? 7 : 13;
        struct bn_mat g = filled(n, n, 2), want = filled(n, n, 3);
        assert_ok(bn_gram(0.25, &a, ta, &g));
        assert_ok(bn_gemm(0.25, &a, ta, &a, t ? BN_PLAIN : BN_TRANSPOSED, 0.0, &want));
        for (size_t i = 0; i < n; i++)
            for (size_t j = 0; j < n; j++) {
                assert_close(*bn_mat_at(&g, i, j), *bn_mat_at(&want, i, j), 0.0,
                             rounding(&want));
                assert_true(*bn_mat_at(&g, i, j) == *bn_mat_at(&g, j, i));
            }
        bn_mat_free(&want);
        bn_mat_free(&g);
    }
    bn_mat_free(&a);
}

static void norms_and_dots_are_exact_where_they_can_be(void **state)
{
    (void)state;
    static const double x[] = { 3.0, 4.0 }, y[] = { -2.0, 5.0 };
    static const double huge[] = { 3e300, 4e300 }, tiny[] = { 3e-300, 4e-300 };
    double four[] = { 1.0, 2.0, 2.0, 4.0 };
    const struct bn_mat m = { 2, 2, four };

    assert_true(bn_dot(2, x, y) == 14.0);
    assert_true(bn_dot(0, x, y) == 0.0);
    assert_close(bn_norm(2, x), 5.0, 2e-16, 0.0);
    assert_true(bn_norm(0, x) == 0.0);
    assert_close(bn_norm(2, huge), 5e300, 1e-15, 0.0);     /* squares would overflow */
    assert_close(bn_norm(2, tiny), 5e-300, 1e-15, 0.0);    /* and here underflow */
    assert_close(bn_mat_norm(&m), 5.0, 4e-16, 0.0);
}

static void symmetric_eigenvectors_are_rows(void **state)
{
    (void)state;
    enum { SIZE = 40 };
    struct bn_mat b = filled(SIZE, SIZE, 1), a = copy_of(&b);
    double w[SIZE], av[SIZE];

    for (size_t i = 0; i < SIZE; i++)
        for (size_t j = 0; j < SIZE; j++)
            *bn_mat_at(&a, i, j) = *bn_mat_at(&b, i, j) + *bn_mat_at(&b, j, i);
    struct bn_mat v = copy_of(&a);
    assert_ok(bn_eig_symmetric(&v, w));
    for (size_t k = 0; k < SIZE; k++) {
        assert_true(k == 0 || w[k] >= w[k - 1]);
        for (size_t i = 0; i < SIZE; i++) {
            av[i] = bn_dot(SIZE, bn_mat_row(&a, i), bn_mat_row(&v, k));
            assert_close(av[i], w[k] * *bn_mat_at(&v, k, i), 0.0, rounding(&a));
        }
        for (size_t l = 0; l <= k; l++)
            assert_close(bn_dot(SIZE, bn_mat_row(&v, k), bn_mat_row(&v, l)), k == l, 0.0,
                         30.0 * SIZE * DBL_EPSILON);
    }
    bn_mat_free(&v);
    bn_mat_free(&a);
    bn_mat_free(&b);
}

/* The path graph's Laplacian: eigenvalues 2 - 2 cos(pi k/(n+1)). */
static void symmetric_eigenvalues_in_closed_form(void **state)
{
    (void)state;
    enum { SIZE = 25 };
    struct bn_mat a;
    double w[SIZE];

    assert_ok(bn_mat_alloc(&a, SIZE, SIZE));
    for (size_t i = 0; i < SIZE; i++) {
        *bn_mat_at(&a, i, i) = 2.0;
        if (i > 0)
            *bn_mat_at(&a, i, i - 1) = *bn_mat_at(&a, i - 1, i) = -1.0;
    }
    const double off = rounding(&a);
    assert_ok(bn_eig_symmetric(&a, w));
    for (size_t k = 0; k < SIZE; k++)
        assert_close(w[k], 2.0 - 2.0 * cos(acos(-1.0) * (double)(k + 1) / (SIZE + 1)), 0.0,
                     off);
    bn_mat_free(&a);
}

/* Blocks: 5, then rotations by 2 (i.e. +-2i), 1 +- 3i, -4, and 0.5. */
static void general_eigenvalues_come_in_order(void **state)
{
    (void)state;
    static const double block[7 * 7] = {
        0.5, 0,  0,  0,  0,  0,  0,
        0,   0, -2,  0,  0,  0,  0,
        0,   2,  0,  0,  0,  0,  0,
        0,   0,  0,  1, -3,  0,  0,
        0,   0,  0,  3,  1,  0,  0,
        0,   0,  0,  0,  0, -4,  0,
        0,   0,  0,  0,  0,  0,  5,
    };
    static const double want_re[] = { 5, -4, 1, 1, 0, 0, 0.5 };
    static const double want_im[] = { 0, 0, 3, -3, 2, -2, 0 };
    struct bn_mat a = of(7, block);
    double re[7], im[7];

    assert_ok(bn_eig_general(&a, re, im));
    for (int k = 0; k < 7; k++) {
        assert_close(re[k], want_re[k], 0.0, 1e-14);
        assert_close(im[k], want_im[k], 0.0, 1e-14);
    }
    bn_mat_free(&a);
}

/* Two equal rotations: sorted by value alone, +i +i -i -i would tear both pairs. */
static void equal_pairs_stay_pairs(void **state)
{
    (void)state;
    enum { SIZE = 12 };
    struct bn_mat a;
    double re[SIZE], im[SIZE];

    assert_ok(bn_mat_alloc(&a, SIZE, SIZE));
    for (size_t i = 0; i < SIZE; i += 2) {
        *bn_mat_at(&a, i, i + 1) = -1.0;
        *bn_mat_at(&a, i + 1, i) = 1.0;
    }
    assert_ok(bn_eig_general(&a, re, im));
    for (size_t k = 0; k < SIZE; k++) {
        assert_close(re[k], 0.0, 0.0, 1e-15);
        assert_close(im[k], k % 2 == 0 ? 1.0 : -1.0, 0.0, 1e-15);
    }
    bn_mat_free(&a);
}

static void check_vectors(const struct bn_mat *a, const double *re, const double *im,
                          const struct bn_mat *v)
{
    const size_t n = a->rows;

    for (size_t k = 0; k < n; k++) {
        const double *x = bn_mat_row(v, k), *y = im[k] != 0.0 ? x + n : NULL;
        const double norm = hypot(bn_norm(n, x), y != NULL ? bn_norm(n, y) : 0.0);
        assert_close(norm, 1.0, 0.0, 1e-14);
        for (size_t i = 0; i < n; i++) {
            const double ax = bn_dot(n, bn_mat_row(a, i), x);
            const double ay = y != NULL ? bn_dot(n, bn_mat_row(a, i), y) : 0.0;
            const double yi = y != NULL ? y[i] : 0.0;
            assert_close(ax, re[k] * x[i] - im[k] * yi, 0.0, rounding(a));
            assert_close(ay, re[k] * yi + im[k] * x[i], 0.0, rounding(a));
        }
        if (y != NULL) {
            assert_true(im[k] > 0.0 && im[k + 1] == -im[k] && re[k + 1] == re[k]);
            k++;
        }
    }
}

static void general_eigenvectors_satisfy_their_equation(void **state)
{
    (void)state;
    enum { SIZE = 33 };
    struct bn_mat a = filled(SIZE, SIZE, 8), work = copy_of(&a), again = copy_of(&a);
    struct bn_mat v = filled(SIZE, SIZE, 9);
    double re[SIZE], im[SIZE], re2[SIZE], im2[SIZE], sum = 0.0, sum2 = 0.0, trace = 0.0;

    assert_ok(bn_eig_vectors(&work, re, im, &v));
    check_vectors(&a, re, im, &v);
    assert_ok(bn_eig_general(&again, re2, im2));
    for (size_t k = 0; k < SIZE; k++) {
        trace += *bn_mat_at(&a, k, k);
        sum += re[k];
        sum2 += re2[k];
        assert_true(k == 0 || hypot(re2[k], im2[k]) <= hypot(re2[k - 1], im2[k - 1]));
    }
    assert_close(sum, trace, 0.0, rounding(&a));
    assert_close(sum2, trace, 0.0, rounding(&a));
    bn_mat_free(&v);
    bn_mat_free(&again);
    bn_mat_free(&work);
    bn_mat_free(&a);
}

/* Hilbert-like [2, 0; 0, -3; 0, 0] has 3 and 2; both orientations, and the law
 * |A|^2 = sum s^2 for a random one.                                         */
static void singular_values_descend(void **state)
{
    (void)state;
    static const double rows[] = { 2, 0, 0, -3, 0, 0 }, cols[] = { 2, 0, 0, 0, -3, 0 };
    double s[9];

    for (int t = 0; t < 2; t++) {
        struct bn_mat m;
        assert_ok(bn_mat_alloc(&m, t ? 2 : 3, t ? 3 : 2));
        memcpy(m.data, t ? cols : rows, sizeof rows);
        assert_ok(bn_singular_values(&m, s));
        assert_close(s[0], 3.0, 1e-15, 0.0);
        assert_close(s[1], 2.0, 1e-15, 0.0);
        bn_mat_free(&m);
    }
    struct bn_mat a = filled(9, 20, 1);
    const double norm = bn_mat_norm(&a);
    double q = 0.0;
    assert_ok(bn_singular_values(&a, s));
    for (int k = 0; k < 9; k++) {
        assert_true(k == 0 || s[k] <= s[k - 1]);
        q += s[k] * s[k];
    }
    assert_close(sqrt(q), norm, 1e-14, 0.0);
    bn_mat_free(&a);
}

static void lu_solves_both_ways(void **state)
{
    (void)state;
    enum { SIZE = 50 };
    struct bn_mat a = filled(SIZE, SIZE, 4), lu = copy_of(&a), b = filled(1, SIZE, 5);
    int pivot[SIZE];

    assert_ok(bn_lu(&lu, pivot));
    for (int t = 0; t < 2; t++) {
        struct bn_mat x = copy_of(&b);
        assert_ok(bn_lu_solve(&lu, pivot, t ? BN_TRANSPOSED : BN_PLAIN, x.data));
        for (size_t i = 0; i < SIZE; i++) {
            double s = 0.0;
            for (size_t j = 0; j < SIZE; j++)
                s += entry(&a, t ? BN_TRANSPOSED : BN_PLAIN, i, j) * x.data[j];
            assert_close(s, b.data[i], 0.0, rounding(&a) * bn_norm(SIZE, x.data));
        }
        bn_mat_free(&x);
    }
    bn_mat_free(&b);
    bn_mat_free(&lu);
    bn_mat_free(&a);
}

/* Two steps of inverse iteration find the null vector of a singular matrix whose
 * null vectors on the left and on the right differ.                         */
static void a_singular_matrix_serves_inverse_iteration(void **state)
{
    (void)state;
    static const double a[9] = { 1, 2, 3, 2, 4, 6, 0, 1, 1 };
    static const double right[3] = { -1, -1, 1 }, left[3] = { -2, 1, 0 };
    struct bn_mat lu = of(3, a), zero = of(3, (const double[9]){ 0 });
    int pivot[3];

    assert_ok(bn_lu(&lu, pivot));
    for (int t = 0; t < 2; t++) {
        const double *null = t ? left : right;
        double x[3] = { 0.3, -0.5, 0.8 };
        for (int step = 0; step < 2; step++) {
            assert_ok(bn_lu_solve(&lu, pivot, t ? BN_TRANSPOSED : BN_PLAIN, x));
            const double size = bn_norm(3, x);
            assert_true(isfinite(size) && size > 1.0);
            for (int i = 0; i < 3; i++)
                x[i] /= size;
        }
        assert_close(fabs(bn_dot(3, x, null)) / bn_norm(3, null), 1.0, 1e-14, 0.0);
    }
    assert_ok(bn_lu(&zero, pivot));
    double x[3] = { 1, 2, 2 };
    assert_ok(bn_lu_solve(&zero, pivot, BN_PLAIN, x));
    for (int i = 0; i < 3; i++)
        assert_true(isfinite(x[i]));
    bn_mat_free(&zero);
    bn_mat_free(&lu);
}

/* a = b b^T + 1: its factor solves, LU's solution is the same, and -a has none. */
static void cholesky_solves(void **state)
{
    (void)state;
    enum { SIZE = 40 };
    struct bn_mat b = filled(SIZE, SIZE, 6), a = filled(SIZE, SIZE, 7), x = filled(1, SIZE, 8);
    int pivot[SIZE];
    assert_ok(bn_gram(1.0, &b, BN_PLAIN, &a));
    for (size_t i = 0; i < SIZE; i++)
        *bn_mat_at(&a, i, i) += 1.0;
    struct bn_mat lu = copy_of(&a), minus = copy_of(&a), want = copy_of(&x);
    for (size_t k = 0; k < SIZE * SIZE; k++)
        minus.data[k] *= -1.0;
    assert_ok(bn_lu(&lu, pivot));
    assert_ok(bn_lu_solve(&lu, pivot, BN_PLAIN, want.data));
    assert_ok(bn_cholesky(&a));
    assert_ok(bn_cholesky_solve(&a, x.data));
    for (size_t i = 0; i < SIZE; i++)
        assert_close(x.data[i], want.data[i], 1e-10, 1e-11);
    assert_fails(bn_cholesky(&minus), BN_NUMERIC);
    assert_says(bn_error(), "not positive definite");
    bn_mat_free(&a), bn_mat_free(&b), bn_mat_free(&x);
    bn_mat_free(&lu), bn_mat_free(&minus), bn_mat_free(&want);
}

static void a_nan_is_refused(void **state)
{
    (void)state;
    double w[3], v[3];
    int pivot[3];
    struct bn_mat a = filled(3, 3, 1), vectors = filled(3, 3, 2);

    *bn_mat_at(&a, 1, 1) = NAN;
    assert_fails(bn_eig_symmetric(&a, w), BN_NUMERIC);
    assert_says(bn_error(), "NaN");
    assert_fails(bn_eig_general(&a, w, v), BN_NUMERIC);
    assert_fails(bn_eig_vectors(&a, w, v, &vectors), BN_NUMERIC);
    assert_fails(bn_singular_values(&a, w), BN_NUMERIC);
    assert_fails(bn_lu(&a, pivot), BN_NUMERIC);
    assert_says(bn_error(), "LU factors");
    bn_mat_free(&vectors);
    bn_mat_free(&a);
}

static void memory_that_runs_out_is_reported(void **state)
{
    (void)state;
    struct bn_mat a = filled(5, 5, 1), m;
    double re[5], im[5];

    bn_alloc_fail_after(0);
    assert_fails(bn_mat_alloc(&m, 5, 5), BN_NOMEM);
    assert_null(m.data);
    bn_status rc = BN_NOMEM;
    for (long n = 0; rc != BN_OK; n++) {
        struct bn_mat work = copy_of(&a);
        bn_alloc_fail_after(n);
        rc = bn_eig_general(&work, re, im);
        bn_alloc_fail_after(-1);
        assert_true(rc == BN_OK || rc == BN_NOMEM);
        assert_true(n > 0 || rc == BN_NOMEM);
        bn_mat_free(&work);
    }
    bn_mat_free(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_matrix_is_zero_and_freed_twice),
        cmocka_unit_test(sizes_that_overflow_are_refused),
        cmocka_unit_test(products_are_the_triple_loop),
        cmocka_unit_test(shapes_that_do_not_fit_are_named),
        cmocka_unit_test(empty_matrices_are_fine),
        cmocka_unit_test(gram_matrices_are_products),
        cmocka_unit_test(norms_and_dots_are_exact_where_they_can_be),
        cmocka_unit_test(symmetric_eigenvectors_are_rows),
        cmocka_unit_test(symmetric_eigenvalues_in_closed_form),
        cmocka_unit_test(general_eigenvalues_come_in_order),
        cmocka_unit_test(equal_pairs_stay_pairs),
        cmocka_unit_test(general_eigenvectors_satisfy_their_equation),
        cmocka_unit_test(singular_values_descend),
        cmocka_unit_test(lu_solves_both_ways),
        cmocka_unit_test(a_singular_matrix_serves_inverse_iteration),
        cmocka_unit_test(cholesky_solves),
        cmocka_unit_test(a_nan_is_refused),
        cmocka_unit_test(memory_that_runs_out_is_reported),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
