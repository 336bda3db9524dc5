/* SPDX-License-Identifier: MIT
 * curves: each step of the preparation against what it promises.  */
#include "test.h"

#include <basin/curves.h>
#include <basin/fourier.h>
#include <basin/manifold.h>
#include <basin/mem.h>
#include <basin/rng.h>

#include <stdlib.h>

static struct bn_mat rates(size_t n, size_t m)
{
    const struct bn_rng r = { .seed = 7, .stream = bn_rng_stream("test_curves") };
    struct bn_mat c;
    assert_ok(bn_mat_alloc(&c, n, m));
    bn_rng_uniforms(r, 0, 0, c.data, n * m);
    return c;
}

static double mean_of_row(const struct bn_mat *c, size_t i)
{
    double s = 0.0;
    for (size_t k = 0; k < c->cols; k++)
        s += *bn_mat_at(c, i, k);
    return s / (double)c->cols;
}

static double mean_of_column(const struct bn_mat *c, size_t k)
{
    double s = 0.0;
    for (size_t i = 0; i < c->rows; i++)
        s += *bn_mat_at(c, i, k);
    return s / (double)c->rows;
}

static void rows_get_unit_mean_and_keep_their_shape(void **state)
{
    (void)state;
    struct bn_mat c = rates(9, 37), before = rates(9, 37);

    *bn_mat_at(&c, 4, 5) = *bn_mat_at(&before, 4, 5) = 0.0;
    assert_ok(bn_curves_unit_mean(&c));
    for (size_t i = 0; i < 9; i++) {
        assert_close(mean_of_row(&c, i), 1.0, 0.0, 1e-14);
        const double scale = mean_of_row(&before, i);
        for (size_t k = 0; k < 37; k++)
            assert_close(*bn_mat_at(&c, i, k) * scale, *bn_mat_at(&before, i, k), 1e-14, 0);
    }
    bn_mat_free(&before);
    bn_mat_free(&c);
}

static void a_row_without_rate_is_named(void **state)
{
    (void)state;
    static const double bad[] = { 0.0, -1.0, NAN, INFINITY };

    for (size_t b = 0; b < BN_LEN(bad); b++) {
        struct bn_mat c = rates(9, 5);
        for (size_t k = 0; k < 5; k++)
            *bn_mat_at(&c, 6, k) = bad[b];
        assert_fails(bn_curves_unit_mean(&c), BN_INPUT);
        assert_says(bn_error(), "neuron 6 ");
        bn_mat_free(&c);
    }
}

static void the_floor_lifts_and_counts(void **state)
{
    (void)state;
    static const double row[] = { 0.0, 0.05, 0.1, 0.2, 0.0999 };
    for (int kind = 0; kind < 2; kind++) {
        struct bn_mat c;
        int64_t floored[2] = { -1, -1 };
        assert_ok(bn_mat_alloc(&c, 2, 5));
        memcpy(c.data, row, sizeof row);
        for (size_t k = 0; k < 5; k++)
            *bn_mat_at(&c, 1, k) = 1.0;
        bn_curves_floor(&c, kind == 0 ? BN_FLOOR_CLIP : BN_FLOOR_ADD, 0.1, floored);
        assert_int_equal(floored[0], 3); /* an entry on the floor is not below it */
        assert_int_equal(floored[1], 0);
        for (size_t k = 0; k < 5; k++) {
            assert_true(c.data[k] == (kind == 0 ? fmax(row[k], 0.1) : row[k] + 0.1));
            assert_true(*bn_mat_at(&c, 1, k) == (kind == 0 ? 1.0 : 1.1));
        }
        bn_mat_free(&c);
    }
}

static void a_floor_does_not_hide_a_nan(void **state)
{
    (void)state;
    double x[2] = { NAN, 0.0 };
    struct bn_mat c = { 1, 2, x };
    int64_t floored[1];

    bn_curves_floor(&c, BN_FLOOR_CLIP, 0.1, floored);
    assert_true(isnan(x[0]) && x[1] == 0.1);
}

/* On harmonic n a Gaussian of w bins multiplies by exp(-(2 pi n w/M)^2/2).  Sampled
 * at bins it also takes in harmonics M - n, ...: for w >= 1.5 and n <= M/4 they
 * are below exp(-(2 pi 0.75 w)^2/2) < 2e-11.                                */
static void smoothing_damps_each_harmonic(void **state)
{
    (void)state;
    static const double width[] = { 1.5, 2.0, 3.7, 10.0 };
    static const size_t angles[] = { 40, 61, 100 };

    for (size_t a = 0; a < BN_LEN(angles); a++)
        for (size_t w = 0; w < BN_LEN(width); w++) {
            const size_t m = angles[a], rows = m / 4;
            struct bn_mat c;
            assert_ok(bn_mat_alloc(&c, rows, m));
            for (size_t i = 0; i < c.rows; i++)
                for (size_t k = 0; k < m; k++)
                    *bn_mat_at(&c, i, k) = 2.0 + cos(BN_TWO_PI * (double)(i * k) / (double)m
                                                     + 0.3);
            assert_ok(bn_curves_smooth(&c, width[w]));
            for (size_t i = 0; i < c.rows; i++) {
                const double z = BN_TWO_PI * (double)i * width[w] / (double)m;
                for (size_t k = 0; k < m; k++)
                    assert_close(*bn_mat_at(&c, i, k), 2.0 + exp(-0.5 * z * z)
                                 * cos(BN_TWO_PI * (double)(i * k) / (double)m + 0.3),
                                 0.0, 3e-11);
            }
            bn_mat_free(&c);
        }
}

/* One spike of rate becomes the kernel: positive for any width, even the narrow
 * ones whose transform is far from a Gaussian, with the same mean.          */
static void smoothing_keeps_means_and_signs(void **state)
{
    (void)state;
    static const double width[] = { 1e-3, 0.2, 0.5, 1.0, 2.5, 30.0, 500.0 };
    static const size_t angles[] = { 24, 25 };

    for (size_t a = 0; a < BN_LEN(angles); a++)
        for (size_t w = 0; w < BN_LEN(width); w++) {
            const size_t m = angles[a];
            struct bn_mat c;
            assert_ok(bn_mat_alloc(&c, 1, m));
            c.data[3] = (double)m;
            assert_ok(bn_curves_smooth(&c, width[w]));
            assert_close(mean_of_row(&c, 0), 1.0, 0.0, 1e-14);
            for (size_t k = 0; k < m; k++) {
                assert_true(c.data[k] > -1e-13);
                assert_close(c.data[k], c.data[(6 + m - k) % m], 0.0, 1e-13);
            }
            if (width[w] == 1e-3)
                assert_close(c.data[3], (double)m, 1e-14, 0.0);
            if (width[w] == 500.0)
                assert_close(c.data[3], 1.0, 1e-10, 0.0);    /* cut at 6 widths */
            bn_mat_free(&c);
        }
}

/* Nearest neighbours of a narrow kernel, by hand. */
static void a_narrow_kernel_is_sampled_in_space(void **state)
{
    (void)state;
    struct bn_mat c;
    const double side = exp(-0.5 / (0.4 * 0.4)), far = exp(-2.0 / (0.4 * 0.4));

    assert_ok(bn_mat_alloc(&c, 1, 20));
    c.data[0] = 1.0;
    assert_ok(bn_curves_smooth(&c, 0.4));
    assert_close(c.data[0], 1.0 / (1.0 + 2.0 * side + 2.0 * far), 1e-10, 0.0);
    assert_close(c.data[1] / c.data[0], side, 0.0, 1e-14);
    assert_close(c.data[19] / c.data[0], side, 0.0, 1e-14);
    bn_mat_free(&c);
}

static void width_zero_changes_no_bit(void **state)
{
    (void)state;
    struct bn_mat c = rates(3, 30), before = rates(3, 30);

    assert_ok(bn_curves_smooth(&c, 0.0));
    assert_memory_equal(c.data, before.data, 90 * sizeof(double));
    bn_mat_free(&before);
    bn_mat_free(&c);
}

static void double_normalisation_fixes_rows_and_columns(void **state)
{
    (void)state;
    struct bn_mat c = rates(40, 24), again;
    double error = -1.0, first = -1.0;

    assert_ok(bn_curves_double_normalise(&c, 1, &first));
    assert_ok(bn_curves_double_normalise(&c, 200, &error));
    assert_true(error < 1e-12 && first > 1e-6);
    double worst = 0.0;
    for (size_t i = 0; i < c.rows; i++) {
        assert_close(mean_of_row(&c, i), 1.0, 0.0, 1e-12);
        worst = fmax(worst, fabs(mean_of_row(&c, i) - 1.0));
    }
    assert_close(error, worst, 0.0, 1e-15);
    for (size_t k = 0; k < c.cols; k++)
        assert_close(mean_of_column(&c, k), 1.0, 0.0, 1e-12);
    assert_ok(bn_mat_alloc(&again, 40, 24));
    memcpy(again.data, c.data, 40 * 24 * sizeof(double));
    assert_ok(bn_curves_double_normalise(&again, 3, &error));
    for (size_t i = 0; i < 40 * 24; i++)
        assert_close(again.data[i], c.data[i], 1e-12, 0.0);
    bn_mat_free(&again);
    bn_mat_free(&c);
}

/* Sinkhorn: the result is D1 R D2, so cross ratios r_ij r_kl/(r_il r_kj) stay. */
static void double_normalisation_only_scales(void **state)
{
    (void)state;
    struct bn_mat c = rates(12, 10), r = rates(12, 10);
    double error;

    assert_ok(bn_curves_double_normalise(&c, 50, &error));
    for (size_t i = 1; i < 12; i++)
        for (size_t k = 1; k < 10; k++) {
            const double got = *bn_mat_at(&c, 0, 0) * *bn_mat_at(&c, i, k)
                               / (*bn_mat_at(&c, 0, k) * *bn_mat_at(&c, i, 0));
            const double want = *bn_mat_at(&r, 0, 0) * *bn_mat_at(&r, i, k)
                                / (*bn_mat_at(&r, 0, k) * *bn_mat_at(&r, i, 0));
            assert_close(got, want, 1e-12, 0.0);
        }
    bn_mat_free(&r);
    bn_mat_free(&c);
}

static void dead_angles_and_neurons_are_refused(void **state)
{
    (void)state;
    for (int kind = 0; kind < 4; kind++) {
        struct bn_mat c = rates(12, 10);
        double error;
        for (size_t k = 0; kind % 2 == 0 && k < 10; k++)
            *bn_mat_at(&c, 7, k) = 0.0;
        for (size_t i = 0; kind % 2 == 1 && i < 12; i++)
            *bn_mat_at(&c, i, 4) = 0.0;
        assert_fails(bn_curves_double_normalise(&c, kind < 2 ? 1 : 20, &error), BN_NUMERIC);
        assert_says(bn_error(), "no rate");
        bn_mat_free(&c);
    }
}

static void memory_that_runs_out_is_reported(void **state)
{
    (void)state;
    struct bn_mat c = rates(4, 10);
    double error;
    bn_status rc = BN_NOMEM;

    for (long n = 0; rc != BN_OK; n++) {
        bn_alloc_fail_after(n);
        rc = bn_curves_smooth(&c, 2.0);
        bn_alloc_fail_after(-1);
        assert_true(rc == BN_OK || rc == BN_NOMEM);
        assert_true(n > 2 || rc == BN_NOMEM);
    }
    bn_alloc_fail_after(0);
    assert_fails(bn_curves_double_normalise(&c, 1, &error), BN_NOMEM);
    bn_mat_free(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_get_unit_mean_and_keep_their_shape),
        cmocka_unit_test(a_row_without_rate_is_named),
        cmocka_unit_test(the_floor_lifts_and_counts),
        cmocka_unit_test(a_floor_does_not_hide_a_nan),
        cmocka_unit_test(smoothing_damps_each_harmonic),
        cmocka_unit_test(smoothing_keeps_means_and_signs),
        cmocka_unit_test(a_narrow_kernel_is_sampled_in_space),
        cmocka_unit_test(width_zero_changes_no_bit),
        cmocka_unit_test(double_normalisation_fixes_rows_and_columns),
        cmocka_unit_test(double_normalisation_only_scales),
        cmocka_unit_test(dead_angles_and_neurons_are_refused),
        cmocka_unit_test(memory_that_runs_out_is_reported),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
