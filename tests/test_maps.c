/* SPDX-License-Identifier: MIT */
#include "test.h"

#include <basin/maps.h>
#include <basin/special.h>
#include <basin/mem.h>
#include <basin/tile.h>

#include <stdlib.h>

#define PI 3.14159265358979323846

static struct bn_mat sample(const struct bn_manifold *m, const struct bn_kernel *k, size_t n,
                            uint64_t first, uint64_t seed)
{
    const struct bn_rng rng = { .seed = seed, .stream = bn_rng_stream("maps") };
    struct bn_mat v;
    assert_ok(bn_mat_alloc(&v, n, bn_manifold_points(m)));
    assert_ok(bn_maps_sample(m, k, rng, first, &v));
    return v;
}

static const struct bn_manifold tunnel = { .kind = BN_INTERVAL, .dimensions = 1,
    .count = { 60, 1, 1 }, .size = { 6.0 } };
static const struct bn_manifold track = { .kind = BN_LINE, .dimensions = 1,
    .count = { 80, 1, 1 }, .size = { 6.0 }, .margin = 1.0 };
static const struct bn_manifold room = { .kind = BN_BOX, .dimensions = 2,
    .count = { 24, 18, 1 }, .size = { 4.0, 3.0 } };
static const struct bn_manifold cage = { .kind = BN_BOX, .dimensions = 3,
    .count = { 9, 8, 7 }, .size = { 3.0, 2.5, 2.0 } };
static const struct bn_manifold torus = { .kind = BN_TORUS, .dimensions = 2,
    .count = { 20, 16, 1 }, .size = { BN_TWO_PI, BN_TWO_PI } };
static const struct bn_manifold hexagon = { .kind = BN_HEXAGON, .dimensions = 2,
    .count = { 20, 20, 1 }, .size = { 1.0, 1.0 } };

static const struct bn_manifold ring = { .kind = BN_RING, .dimensions = 1,
    .count = { 48, 1, 1 }, .size = { BN_TWO_PI } };
static const struct bn_manifold sphere = { .kind = BN_SPHERE, .dimensions = 2,
    .count = { 24, 12, 1 }, .size = { BN_TWO_PI, 0.5 * BN_TWO_PI } };

static const struct { const struct bn_manifold *m; struct bn_kernel k; } cases[] = {
    { &tunnel, { BN_KERNEL_GAUSSIAN, { 1.41 } } },
    { &tunnel, { BN_KERNEL_MATERN52, { 0.6 } } },
    { &track, { BN_KERNEL_GAUSSIAN, { 0.8 } } },
    { &room, { BN_KERNEL_GAUSSIAN, { 0.7, 1.1 } } },
    { &room, { BN_KERNEL_OSCILLATORY, { 0.7, 0.7 } } },
    { &cage, { BN_KERNEL_GAUSSIAN, { 1.0, 0.8, 1.2 } } },
    { &torus, { BN_KERNEL_VONMISES, { 1.0, 0.9 } } },
    { &hexagon, { BN_KERNEL_GAUSSIAN, { 0.16 } } },
    { &hexagon, { BN_KERNEL_VONMISES, { 0.2 } } },
    { &ring, { BN_KERNEL_HEAT, { 0.7 } } },
    { &sphere, { BN_KERNEL_HEAT, { 0.6 } } },
    { &sphere, { BN_KERNEL_VONMISES, { 0.7 } } },
};

/* At every point the variance is 1 and with other points the covariance is the kernel:
 * z = (sampled - theory) / standard error, the largest of P pairs below 5 + its growth with
 * their number, and their mean square 1 (a chi-square with very dependent terms: only that it
 * is no more than 2).  Filtering with reflected ends has twice the variance at walls, 45
 * standard errors here.                                                          */
static void covariance_is_the_kernel(void **state)
{
    (void)state;
    enum { N = 4000 };
    for (size_t c = 0; c < BN_LEN(cases); c++) {
        const struct bn_manifold *m = cases[c].m;
        const size_t points = bn_manifold_points(m), some = points > 40 ? points / 40 : 1;
        struct bn_mat v = sample(m, &cases[c].k, N, 0, 11 + c), gram;
        double at[BN_DIMENSIONS], to[BN_DIMENSIONS], worst = 0.0, square = 0.0;
        size_t pairs = 0;
        assert_ok(bn_mat_alloc(&gram, points, points));
        assert_ok(bn_gram(1.0 / N, &v, BN_TRANSPOSED, &gram));
        for (size_t i = 0; i < points; i += some)
            for (size_t j = 0; j <= i; j += some) {
                bn_manifold_point(m, i, at);
                bn_manifold_point(m, j, to);
                const double r = bn_kernel_at(&cases[c].k, m, at, to);
                const double z = (*bn_mat_at(&gram, i, j) - r) / sqrt((1.0 + r * r) / N);
                worst = fmax(worst, fabs(z));
                square += z * z;
                pairs++;
            }
        print_message("%s, %s: largest z %.2f, mean square %.2f of %zu\n",
                      bn_manifold_name(m->kind), bn_kernel_name(cases[c].k.kind), worst,
                      square / (double)pairs, pairs);
        assert_true(worst < 5.0);
        assert_true(square / (double)pairs < 2.0);
        bn_mat_free(&v), bn_mat_free(&gram);
    }
}

/* Rice: crossings of a level upwards per length are exp(-u^2/2)/(2 pi sigma_c) for every
 * kernel, whatever its form.  Five standard errors, from the maps themselves.  (With
 * sigma_f taken for sigma_c they would be off by sqrt 2.)                         */
static void crossings_are_those_of_rice(void **state)
{
    (void)state;
    static const enum bn_kernel_kind kinds[] = { BN_KERNEL_GAUSSIAN, BN_KERNEL_MATERN52,
                                                 BN_KERNEL_MATERN72, BN_KERNEL_OSCILLATORY };
    enum { N = 600, M = 1200 };
    const double size = 40.0;
    for (size_t c = 0; c < BN_LEN(kinds); c++)
        for (int level = 0; level < 3; level++) {
            const double u = 0.8 * level;
            const struct bn_manifold m = { .kind = BN_INTERVAL, .dimensions = 1,
                .count = { M, 1, 1 }, .size = { size } };
            const struct bn_kernel k = { kinds[c], { 1.3 } };
            struct bn_mat v = sample(&m, &k, N, 0, 100 + c);
            double sum = 0.0, square = 0.0;
            for (size_t n = 0; n < N; n++) {
                const double *h = bn_mat_row(&v, n);
                double up = 0.0;
                for (size_t i = 0; i + 1 < M; i++)
                    up += h[i] <= u && h[i + 1] > u;
                sum += up / N;
                square += up * up / N;
            }
            const double want = (size - size / M) * exp(-0.5 * u * u) / (BN_TWO_PI * 1.3);
            const double error = sqrt((square - sum * sum) / N);
            print_message("%s, level %.1f: %.3f crossings, Rice %.3f, error %.3f\n",
                          bn_kernel_name(kinds[c]), u, sum, want, error);
            assert_close(sum, want, 0, 5.0 * error);
            bn_mat_free(&v);
        }
}

/* Map i is map i however many there are, wherever the row stands, on any number of threads;
 * the two maps of a pair differ.                                                 */
static void maps_are_independent_of_how_many(void **state)
{
    (void)state;
    for (size_t c = 0; c < BN_LEN(cases); c++) {
        const struct bn_manifold *m = cases[c].m;
        const size_t bytes = bn_manifold_points(m) * sizeof(double);
        bn_threads_set(1);
        struct bn_mat many = sample(m, &cases[c].k, 40, 0, 3);
        bn_threads_set(2);
        struct bn_mat few = sample(m, &cases[c].k, 5, 0, 3);
        struct bn_mat late = sample(m, &cases[c].k, 4, 17, 3);
        bn_threads_set(0);
        assert_memory_equal(few.data, many.data, 5 * bytes);
        assert_memory_equal(late.data, bn_mat_row(&many, 17), 4 * bytes);
        for (size_t i = 1; i < 40; i++)
            assert_memory_not_equal(bn_mat_row(&many, i), many.data, bytes);
        bn_mat_free(&many), bn_mat_free(&few), bn_mat_free(&late);
    }
}

/* The direct way to the same numbers: h = sum_j sd_j (z_j + i z'_j) e^(i k_j x) is what the
 * transforms sum, so a map's values at all points obey the kernel's own linear relations:
 * the smoothest combination, its product with the last eigenvectors of the kernel's matrix,
 * has their variance, 1e-10 and less.  A wave in the wrong place would show there.  */
static void maps_are_smooth(void **state)
{
    (void)state;
    const struct bn_kernel k = { BN_KERNEL_GAUSSIAN, { 1.41 } };
    const size_t points = bn_manifold_points(&tunnel);
    struct bn_mat v = sample(&tunnel, &k, 200, 0, 5), r, out;
    double *w = calloc(points, sizeof *w), at[BN_DIMENSIONS], to[BN_DIMENSIONS];
    assert_ok(bn_mat_alloc(&r, points, points));
    assert_ok(bn_mat_alloc(&out, 200, points));
    for (size_t i = 0; i < points; i++)
        for (size_t j = 0; j < points; j++) {
            bn_manifold_point(&tunnel, i, at);
            bn_manifold_point(&tunnel, j, to);
            *bn_mat_at(&r, i, j) = bn_kernel_at(&k, &tunnel, at, to);
        }
    assert_ok(bn_eig_symmetric(&r, w));
    assert_ok(bn_gemm(1.0, &v, BN_PLAIN, &r, BN_TRANSPOSED, 0.0, &out));
    for (size_t j = 0; j < points; j++) {
        double square = 0.0;
        for (size_t i = 0; i < 200; i++)
            square += *bn_mat_at(&out, i, j) * *bn_mat_at(&out, i, j) / 200.0;
        /* 2e-8 x 60: what passes through the padding; 5 standard errors of a variance */
        assert_true(square < w[j] * (1.0 + 5.0 * sqrt(2.0 / 200.0)) + 1.2e-6);
        if (w[j] > 1e-4)
            assert_true(square > w[j] * (1.0 - 5.0 * sqrt(2.0 / 200.0)));
    }
    bn_mat_free(&v), bn_mat_free(&r), bn_mat_free(&out), free(w);
}

static void bad_input_is_refused(void **state)
{
    (void)state;
    const struct bn_rng rng = { .seed = 1 };
    struct bn_mat v;
    assert_ok(bn_mat_alloc(&v, 2, 60));
    const struct bn_kernel fine = { BN_KERNEL_GAUSSIAN, { 0.15 } };
    assert_fails(bn_maps_sample(&tunnel, &fine, rng, 0, &v), BN_USAGE);
    assert_says(bn_error(), "set at least 80 points");
    const struct bn_kernel good = { BN_KERNEL_GAUSSIAN, { 0.5 } };
    v.cols = 59;
    assert_fails(bn_maps_sample(&tunnel, &good, rng, 0, &v), BN_INPUT);
    assert_says(bn_error(), "60");
    v.cols = 60;
    bn_mat_free(&v);
}

static void memory_that_runs_out_is_reported(void **state)
{
    (void)state;
    static const size_t some[] = { 0, 5, 6, 10 };      /* interval, box, torus, sphere */
    bn_threads_set(1);
    for (size_t c = 0; c < BN_LEN(some); c++) {
        const struct bn_manifold *m = cases[some[c]].m;
        struct bn_mat v;
        bn_status rc = BN_NOMEM;
        assert_ok(bn_mat_alloc(&v, 3, bn_manifold_points(m)));
        for (long n = 0; rc != BN_OK && n < 200; n++) {
            bn_alloc_fail_after(n);
            rc = bn_maps_sample(m, &cases[some[c]].k, (struct bn_rng){ .seed = 1 }, 0, &v);
            bn_alloc_fail_after(-1);
            assert_true(rc == BN_OK || rc == BN_NOMEM);
            assert_true(n > 4 || rc == BN_NOMEM);
        }
        assert_int_equal(rc, BN_OK);
        bn_mat_free(&v);
    }
    bn_threads_set(0);
}

/* --- after threshold ---------------------------------------------------------------- */

/* sum_n a_n^2 r^n/n!, which converges like r^n: fine for |r| up to 0.9. */
static double by_series(double u, double r)
{
    const double q = 0.5 * erfc(u / sqrt(2.0)), phi = exp(-0.5 * u * u) / sqrt(2.0 * PI);
    const double mean = phi - u * q;
    double before = 0.0, h = 1.0, power = 0.5 * r * r, sum = mean * mean + q * q * r;

    for (int n = 2; n < 600; n++) {      /* h = He_(n-2)/sqrt((n-2)!), power = r^n/(n(n-1)) */
        sum += phi * phi * h * h * power;
        const double k = n - 1, next = (u * h - sqrt(k - 1.0) * before) / sqrt(k);
        before = h;
        h = next;
        power *= r * (double)(n - 1) / (double)(n + 1);
    }
    return sum;
}

static const double levels[] = { -1.0, 0.0, 0.01, 0.3, 1.0, 1.1, 1.6, 2.4, 3.0, 4.0 };

static void covariance_after_threshold_is_the_series(void **state)
{
    (void)state;
    for (size_t i = 0; i < BN_LEN(levels); i++)
        for (double r = -0.9; r < 0.95; r += 0.1)
            assert_close(bn_gauss_rectified(levels[i], r), by_series(levels[i], r), 1e-11,
                         1e-13);
}

/* A5 and other closed forms: at r = 1 E f^2 = (1 + u^2) Q - u phi, at 0 (E f)^2, at -1 no
 * cell is active with its negative if u >= 0; at u = 0 the arc-cosine kernel of order 1
 * (Cho & Saul 2009).                                                              */
static void covariance_after_threshold_in_closed_form(void **state)
{
    (void)state;
    for (size_t i = 0; i < BN_LEN(levels); i++) {
        const double u = levels[i], q = 0.5 * erfc(u / sqrt(2.0));
        const double phi = exp(-0.5 * u * u) / sqrt(2.0 * PI);
        assert_close(bn_gauss_rectified(u, 1.0), (1.0 + u * u) * q - u * phi, 1e-11, 1e-14);
        assert_close(bn_gauss_rectified(u, 0.0), (phi - u * q) * (phi - u * q), 1e-13, 0);
        if (u >= 0.0)
            assert_close(bn_gauss_rectified(u, -1.0), 0.0, 0, 1e-12);
    }
    for (double r = -1.0; r < 1.01; r += 0.125)
        assert_close(bn_gauss_rectified(0.0, r),
                     (sqrt(1.0 - r * r) + r * (PI - acos(r))) / (2.0 * PI), 1e-13, 1e-13);
    /* E f and E f^2, computed elsewhere */
    assert_close(sqrt(bn_gauss_rectified(1.1, 0.0)), 0.06862, 0, 6e-6);
    assert_close(bn_gauss_rectified(1.1, 1.0), 0.06018, 0, 6e-6);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(covariance_is_the_kernel),
        cmocka_unit_test(crossings_are_those_of_rice),
        cmocka_unit_test(maps_are_independent_of_how_many),
        cmocka_unit_test(maps_are_smooth),
        cmocka_unit_test(bad_input_is_refused),
        cmocka_unit_test(memory_that_runs_out_is_reported),
        cmocka_unit_test(covariance_after_threshold_is_the_series),
        cmocka_unit_test(covariance_after_threshold_in_closed_form),
    };
    return cmocka_run_group_tests_name("maps", tests, NULL, NULL);
}
