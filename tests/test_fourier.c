/* SPDX-License-Identifier: MIT
 * fourier: the basis by its definition, evaluated here with cos and sin.  */
#include "test.h"

#include <basin/fourier.h>
#include <basin/mem.h>
#include <basin/rng.h>
#include <basin/tile.h>

#include <stdlib.h>

#define TWO_PI 6.28318530717958647692
#define SQRT2  1.41421356237309504880

static const size_t sizes[] = { 1, 2, 3, 4, 5, 8, 9, 24, 25, 100, 127 };

static struct bn_mat noise(size_t rows, size_t cols, uint64_t unit)
{
    const struct bn_rng r = { .seed = 8, .stream = bn_rng_stream("test_fourier") };
    struct bn_mat m;
    assert_ok(bn_mat_alloc(&m, rows, cols));
    bn_rng_normals(r, unit, 0, m.data, rows * cols);
    return m;
}

static struct bn_mat zeros(size_t rows, size_t cols)
{
    struct bn_mat m;
    assert_ok(bn_mat_alloc(&m, rows, cols));
    return m;
}

/* e_k on grid angle j of m, by definition; the Nyquist wave has no sqrt 2. */
static double wave(size_t k, size_t j, size_t m)
{
    const size_t n = (k + 1) / 2;
    const double at = TWO_PI * (double)(n * j % m) / (double)m;
    if (k == 0)
        return 1.0;
    if (2 * n == m)
        return cos(at);
    return SQRT2 * (k % 2 == 1 ? cos(at) : sin(at));
}

static void a_wave_has_one_coefficient(void **state)
{
    (void)state;
    for (size_t s = 0; s < BN_LEN(sizes); s++) {
        const size_t m = sizes[s];
        struct bn_mat f = zeros(m, m), c = noise(m, m, 1);
        for (size_t k = 0; k < m; k++)
            for (size_t j = 0; j < m; j++)
                *bn_mat_at(&f, k, j) = wave(k, j, m);
        assert_ok(bn_fourier(&f, &c));
        for (size_t k = 0; k < m; k++)
            for (size_t l = 0; l < m; l++)
                assert_close(*bn_mat_at(&c, k, l), k == l, 0.0, 2e-15);
        bn_mat_free(&c);
        bn_mat_free(&f);
    }
}

static void the_basis_is_orthonormal_under_the_mean(void **state)
{
    (void)state;
    enum { R = 21, GRID = 64 };
    double e[GRID][R];

    for (size_t j = 0; j < GRID; j++)
        bn_fourier_basis(TWO_PI * (double)j / GRID, R, 0, e[j]);
    for (size_t k = 0; k < R; k++)
        for (size_t l = 0; l < R; l++) {
            double s = 0.0;
            for (size_t j = 0; j < GRID; j++)
                s += e[j][k] * e[j][l] / GRID;
            assert_close(s, k == l, 0.0, 1e-14);
            assert_close(e[5][k], wave(k, 5, GRID), 0.0, 1e-14);
        }
}

/* Central difference with step h: error h^2 n^3/6 and eps/h. */
static void basis_derivatives_are_slopes(void **state)
{
    (void)state;
    enum { R = 10 };
    const double h = 1e-5;

    for (double theta = -1.0; theta < 7.0; theta += 0.7) {
        double below[R], above[R], slope[R];
        bn_fourier_basis(theta - h, R, 0, below);
        bn_fourier_basis(theta + h, R, 0, above);
        bn_fourier_basis(theta, R, 1, slope);
        for (size_t k = 0; k < R; k++)
            assert_close(slope[k], (above[k] - below[k]) / (2.0 * h), 0.0, 1e-8);
    }
}

static void the_inverse_gives_back_the_curve(void **state)
{
    (void)state;
    for (size_t s = 0; s < BN_LEN(sizes); s++) {
        const size_t m = sizes[s], n = 70;      /* rows: more than one tile's worth */
        struct bn_mat f = noise(n, m, 2), c = noise(n, m, 3), back = noise(n, m, 4);
        assert_ok(bn_fourier(&f, &c));
        assert_ok(bn_fourier_inverse(&c, &back));
        double f2 = 0.0, c2 = 0.0;
        for (size_t i = 0; i < n * m; i++) {
            assert_close(back.data[i], f.data[i], 0.0, 1e-14);
            f2 += f.data[i] * f.data[i] / (double)m;
            c2 += c.data[i] * c.data[i];
        }
        assert_close(c2, f2, 1e-14, 0.0);      /* Parseval */
        bn_mat_free(&back);
        bn_mat_free(&c);
        bn_mat_free(&f);
    }
}

/* Rows far apart in the matrix, alone or with others and on any number of threads,
 * have the same bits.                                                       */
static void a_row_does_not_depend_on_the_others(void **state)
{
    (void)state;
    enum { ROWS = 333, M = 100 };
    struct bn_mat f = noise(ROWS, M, 2), c = zeros(ROWS, M), back = zeros(ROWS, M);

    bn_threads_set(1);
    assert_ok(bn_fourier(&f, &c));
    assert_ok(bn_fourier_inverse(&c, &back));
    for (unsigned t = 2; t <= 7; t += 5) {
        struct bn_mat other = zeros(ROWS, M);
        bn_threads_set(t);
        assert_ok(bn_fourier(&f, &other));
        assert_memory_equal(other.data, c.data, ROWS * M * sizeof(double));
        assert_ok(bn_fourier_inverse(&c, &other));
        assert_memory_equal(other.data, back.data, ROWS * M * sizeof(double));
        bn_mat_free(&other);
    }
    bn_threads_set(0);
    for (size_t i = 0; i < ROWS; i += 41) {
        double row[M];
        struct bn_mat one = { 1, M, bn_mat_row(&f, i) }, out = { 1, M, row };
        assert_ok(bn_fourier(&one, &out));
        assert_memory_equal(row, bn_mat_row(&c, i), sizeof row);
    }
    bn_mat_free(&back);
    bn_mat_free(&c);
    bn_mat_free(&f);
}

static void fewer_coefficients_are_the_first(void **state)
{
    (void)state;
    struct bn_mat f = noise(3, 25, 5), all = zeros(3, 25);

    assert_ok(bn_fourier(&f, &all));
    for (size_t r = 0; r <= 25; r++) {
        struct bn_mat c = zeros(3, r), back = zeros(3, 25);
        assert_ok(bn_fourier(&f, &c));
        for (size_t i = 0; i < 3; i++)
            assert_memory_equal(bn_mat_row(&c, i), bn_mat_row(&all, i), r * sizeof(double));
        assert_ok(bn_fourier_inverse(&c, &back));
        for (size_t j = 0; j < 25; j++) {
            double want = 0.0;
            for (size_t k = 0; k < r; k++)
                want += *bn_mat_at(&all, 1, k) * wave(k, j, 25);
            assert_close(*bn_mat_at(&back, 1, j), want, 0.0, 1e-14);
        }
        bn_mat_free(&back);
        bn_mat_free(&c);
    }
    bn_mat_free(&all);
    bn_mat_free(&f);
}

static void shapes_that_do_not_fit_are_named(void **state)
{
    (void)state;
    struct bn_mat f = noise(3, 10, 1), wide = zeros(3, 11), other = zeros(4, 10);

    assert_fails(bn_fourier(&f, &wide), BN_INPUT);
    assert_says(bn_error(), "3 curves on 10 angles into 3 x 11");
    assert_fails(bn_fourier(&f, &other), BN_INPUT);
    assert_says(bn_error(), "into 4 x 10");
    assert_fails(bn_fourier_inverse(&wide, &f), BN_INPUT);
    assert_says(bn_error(), "3 x 11 coefficients into 3 curves on 10 angles");
    assert_fails(bn_fourier_resample(&wide, &f), BN_INPUT);
    assert_says(bn_error(), "11 angles to only 10");
    assert_fails(bn_fourier_resample(&f, &other), BN_INPUT);
    bn_mat_free(&other);
    bn_mat_free(&wide);
    bn_mat_free(&f);
}

/* A series with harmonics below M/2 is known between the grid angles. */
static void resampling_a_band_limited_curve_is_exact(void **state)
{
    (void)state;
    static const size_t grid[][2] = { { 9, 9 }, { 9, 10 }, { 9, 27 }, { 10, 10 }, { 10, 11 },
                                      { 10, 20 }, { 10, 97 } };
    double c[9];
    const struct bn_mat source = noise(1, 9, 7);

    memcpy(c, source.data, sizeof c);
    for (size_t g = 0; g < BN_LEN(grid); g++) {
        struct bn_mat from = zeros(1, grid[g][0]), to = noise(1, grid[g][1], 1);
        for (int fine = 0; fine < 2; fine++)
            for (size_t j = 0; j < grid[g][fine]; j++) {
                double f[3];
                bn_fourier_at(c, 9, TWO_PI * (double)j / (double)grid[g][fine], f);
                if (fine == 0) {
                    from.data[j] = f[0];
                } else {
                    if (j == 0)
                        assert_ok(bn_fourier_resample(&from, &to));
                    assert_close(to.data[j], f[0], 0.0, 3e-14);
                }
            }
        bn_mat_free(&to);
        bn_mat_free(&from);
    }
    free(source.data);
}

/* The alternating curve +1 -1 +1 ... is cos(M theta/2): the sine of that harmonic
 * is invisible on the grid, so none may appear, and the old points stay.    */
static void the_nyquist_wave_is_interpolated_as_a_cosine(void **state)
{
    (void)state;
    enum { M = 12 };
    static const size_t fine[] = { 12, 13, 24, 36, 60 };
    struct bn_mat from = zeros(1, M);

    for (size_t j = 0; j < M; j++)
        from.data[j] = j % 2 == 0 ? 1.0 : -1.0;
    for (size_t g = 0; g < BN_LEN(fine); g++) {
        struct bn_mat to = noise(1, fine[g], 1);
        assert_ok(bn_fourier_resample(&from, &to));
        for (size_t j = 0; j < fine[g]; j++)
            assert_close(to.data[j], cos(TWO_PI * (M / 2) * (double)j / (double)fine[g]), 0.0,
                         1e-14);
        bn_mat_free(&to);
    }
    bn_mat_free(&from);
}

static void derivatives_of_waves(void **state)
{
    (void)state;
    static const size_t grid[] = { 15, 16 };
    for (size_t g = 0; g < BN_LEN(grid); g++) {
        const size_t m = grid[g];
        struct bn_mat f = zeros(m, m), c = zeros(m, m);
        for (size_t k = 0; k < m; k++)
            for (size_t j = 0; j < m; j++)
                *bn_mat_at(&f, k, j) = 1.0 + 3.0 * wave(k, j, m);
        assert_ok(bn_fourier(&f, &c));
        bn_fourier_differentiate(&c);
        assert_ok(bn_fourier_inverse(&c, &f));
        for (size_t k = 0; k < m; k++)
            for (size_t j = 0; j < m; j++) {
                const double n = (double)((k + 1) / 2);
                const double want = k == 0 || 2 * ((k + 1) / 2) == m ? 0.0
                    : k % 2 == 1 ? -3.0 * n * wave(k + 1, j, m) : 3.0 * n * wave(k - 1, j, m);
                assert_close(*bn_mat_at(&f, k, j), want, 0.0, 3e-13);
            }
        bn_mat_free(&c);
        bn_mat_free(&f);
    }
}

static void values_and_slopes_at_any_angle(void **state)
{
    (void)state;
    enum { R = 11 };
    struct bn_mat c = noise(1, R, 9);

    for (double theta = -7.0; theta < 14.0; theta += 0.37) {
        double e[R], d[R], f[3], plus[3], minus[3], value = 0.0, slope = 0.0;
        bn_fourier_basis(theta, R, 0, e);
        bn_fourier_basis(theta, R, 1, d);
        for (size_t k = 0; k < R; k++) {
            value += c.data[k] * e[k];
            slope += c.data[k] * d[k];
        }
        bn_fourier_at(c.data, R, theta, f);
        bn_fourier_at(c.data, R, theta + 1e-5, plus);
        bn_fourier_at(c.data, R, theta - 1e-5, minus);
        assert_close(f[0], value, 0.0, 1e-13);
        assert_close(f[1], slope, 0.0, 1e-12);
        assert_close(f[2], (plus[1] - minus[1]) / 2e-5, 0.0, 1e-6);
    }
    bn_mat_free(&c);
}

/* a cos(t - p) + b cos 2(t - p): the largest value is a + b at p; the smallest, for
 * a > 4 b, is b - a at p + pi.                                              */
static void extrema_of_shifted_cosines(void **state)
{
    (void)state;
    enum { R = 5, M = 12 };
    const double a = 2.0, b = 0.4;

    for (double p = 0.0; p < TWO_PI; p += 0.01) {
        const double c[R] = { 0.7, a * cos(p) / SQRT2, a * sin(p) / SQRT2,
                              b * cos(2.0 * p) / SQRT2, b * sin(2.0 * p) / SQRT2 };
        double grid[M], value;
        for (size_t j = 0; j < M; j++) {
            double f[3];
            bn_fourier_at(c, R, TWO_PI * (double)j / M, f);
            grid[j] = f[0];
        }
        for (int sign = -1; sign <= 1; sign += 2) {
            const double at = bn_fourier_extremum(c, R, grid, M, sign, &value);
            const double want = sign > 0 ? p : p + 0.5 * TWO_PI;
            assert_true(at >= 0.0 && at < TWO_PI);
            assert_close(remainder(at - want, TWO_PI), 0.0, 0.0, 1e-12);
            assert_close(value, sign > 0 ? 0.7 + a + b : 0.7 - a + b, 0.0, 1e-14);
        }
    }
}

/* (1/M) sum_j f_j f_(j + lag) by its definition, averaged over the rows. */
static void covariance_is_the_circular_autocorrelation(void **state)
{
    (void)state;
    static const size_t grid[] = { 1, 2, 11, 12, 40 };
    for (size_t g = 0; g < BN_LEN(grid); g++)
        for (size_t n = 1; n <= 3; n += 2) {
            const size_t m = grid[g];
            struct bn_mat f = noise(n, m, 6), c = zeros(n, m);
            double power[40], got[40];
            assert_ok(bn_fourier(&f, &c));
            bn_fourier_power(&c, power);
            assert_ok(bn_fourier_covariance(power, m, m, got));
            for (size_t lag = 0; lag < m; lag++) {
                double want = 0.0;
                for (size_t i = 0; i < n; i++)
                    for (size_t j = 0; j < m; j++)
                        want += *bn_mat_at(&f, i, j) * *bn_mat_at(&f, i, (j + lag) % m);
                assert_close(got[lag], want / (double)(n * m), 0.0, 1e-14);
            }
            bn_mat_free(&c);
            bn_mat_free(&f);
        }
}

/* fhat_n of exp(kappa cos t) is the Bessel function I_n(kappa); kappa = 1. */
static void even_functions_have_real_harmonics(void **state)
{
    (void)state;
    static const double bessel[] = { 1.2660658777520084, 0.5651591039924850,
                                     0.1357476697670383, 0.02216842492433190,
                                     0.002737120221046866 };
    static const size_t grid[] = { 30, 31 };
    double f[31], hat[16];

    for (size_t g = 0; g < BN_LEN(grid); g++) {
        const size_t m = grid[g];
        for (size_t j = 0; j < m; j++)
            f[j] = exp(cos(TWO_PI * (double)j / (double)m));
        assert_ok(bn_fourier_even(f, m, hat, m / 2 + 1));
        for (size_t k = 0; k < BN_LEN(bessel); k++)
            assert_close(hat[k], bessel[k], 0.0, 1e-15);
    }
    for (size_t j = 0; j < 8; j++)       /* the Nyquist wave of an even grid */
        f[j] = j % 2 == 0 ? 1.0 : -1.0;
    hat[5] = 77.0;
    assert_ok(bn_fourier_even(f, 8, hat, 6));
    for (size_t k = 0; k < 6; k++)
        assert_close(hat[k], k == 4, 0.0, 1e-15);
}

static bn_status everything(struct bn_mat *f, struct bn_mat *c, struct bn_mat *fine)
{
    double power[12], hat[7];
    BN_TRY(bn_fourier(f, c));
    BN_TRY(bn_fourier_inverse(c, f));
    BN_TRY(bn_fourier_resample(f, fine));
    bn_fourier_power(c, power);
    BN_TRY(bn_fourier_covariance(power, 12, 12, power));
    return bn_fourier_even(power, 12, hat, 7);
}

static void memory_that_runs_out_is_reported(void **state)
{
    (void)state;
    struct bn_mat f = noise(2, 12, 1), c = zeros(2, 12), fine = zeros(2, 30);
    bn_status rc = BN_NOMEM;

    bn_threads_set(1);
    for (long n = 0; rc != BN_OK; n++) {
        bn_alloc_fail_after(n);
        rc = everything(&f, &c, &fine);
        bn_alloc_fail_after(-1);
        assert_true(rc == BN_OK || rc == BN_NOMEM);
        assert_true(n > 6 || rc == BN_NOMEM);
    }
    bn_threads_set(0);
    bn_mat_free(&fine);
    bn_mat_free(&c);
    bn_mat_free(&f);
}

/* --- lines of complex numbers ------------------------------------------------------- */

/* The sum itself, of lengths with all sorts of factors; each line by itself, either sign. */
static void lines_are_the_sum(void **state)
{
    (void)state;
    static const size_t lengths[] = { 1, 2, 7, 12, 30, 49 };
    enum { LINES = 5 };
    for (size_t l = 0; l < BN_LEN(lengths); l++)
        for (int sign = -1; sign <= 1; sign += 2) {
            const size_t m = lengths[l];
            bn_fourier_lines *lines;
            double *z = bn_alloc(m * LINES * 2, sizeof *z), *in = bn_alloc(m * LINES * 2, 8);
            assert_true(z != NULL && in != NULL);
            bn_rng_normals((struct bn_rng){ .seed = 6 }, m, 0, in, m * LINES * 2);
            memcpy(z, in, m * LINES * 2 * sizeof *z);
            assert_ok(bn_fourier_lines_new(&lines, m, LINES, sign));
            bn_fourier_lines_run(lines, z);
            for (size_t t = 0; t < LINES; t++)
                for (size_t k = 0; k < m; k++) {
                    double re = 0.0, im = 0.0;
                    for (size_t j = 0; j < m; j++) {
                        const double a = sign * TWO_PI * (double)(j * k % m) / (double)m;
                        const double *c = in + 2 * (j * LINES + t);
                        re += c[0] * cos(a) - c[1] * sin(a);
                        im += c[0] * sin(a) + c[1] * cos(a);
                    }
                    assert_close(z[2 * (k * LINES + t)], re, 0, 1e-13 * (double)m);
                    assert_close(z[2 * (k * LINES + t) + 1], im, 0, 1e-13 * (double)m);
                }
            bn_fourier_lines_free(lines);
            free(z), free(in);
        }
    bn_fourier_lines *none;
    assert_fails(bn_fourier_lines_new(&none, 0, 1, 1), BN_NUMERIC);
    bn_fourier_lines_free(none);
}

static void fast_lengths_have_small_factors(void **state)
{
    (void)state;
    static const size_t want[][2] = { { 0, 1 }, { 1, 1 }, { 11, 12 }, { 13, 14 }, { 121, 125 },
                                      { 608, 625 }, { 1021, 1024 } };
    for (size_t k = 0; k < BN_LEN(want); k++)
        assert_int_equal(bn_fourier_fast(want[k][0]), want[k][1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_wave_has_one_coefficient),
        cmocka_unit_test(the_basis_is_orthonormal_under_the_mean),
        cmocka_unit_test(basis_derivatives_are_slopes),
        cmocka_unit_test(the_inverse_gives_back_the_curve),
        cmocka_unit_test(a_row_does_not_depend_on_the_others),
        cmocka_unit_test(fewer_coefficients_are_the_first),
        cmocka_unit_test(shapes_that_do_not_fit_are_named),
        cmocka_unit_test(resampling_a_band_limited_curve_is_exact),
        cmocka_unit_test(the_nyquist_wave_is_interpolated_as_a_cosine),
        cmocka_unit_test(derivatives_of_waves),
        cmocka_unit_test(values_and_slopes_at_any_angle),
        cmocka_unit_test(extrema_of_shifted_cosines),
        cmocka_unit_test(covariance_is_the_circular_autocorrelation),
        cmocka_unit_test(even_functions_have_real_harmonics),
        cmocka_unit_test(memory_that_runs_out_is_reported),
        cmocka_unit_test(lines_are_the_sum),
        cmocka_unit_test(fast_lengths_have_small_factors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
