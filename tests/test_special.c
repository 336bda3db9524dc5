/* SPDX-License-Identifier: MIT
 * special: against the long double functions of the C library, whose own error is
 * far below a unit in the last place of a double.                           */
#include "test.h"

#include <basin/mem.h>
#include <basin/rng.h>
#include <basin/special.h>

#include <float.h>
#include <stdlib.h>

typedef void array_function(size_t n, const double *x, double *y);
typedef long double exact_function(long double x);

/* log(1 + e^x) and its inverse, in long double with nothing lost. */
static long double softplus_l(long double x)
{
    return x > 0.0L ? x + log1pl(expl(-x)) : log1pl(expl(x));
}

static long double softplus_inverse_l(long double y)
{
    return y > 1.0L ? y + log1pl(-expl(-y)) : logl(expm1l(y));
}

static long double logistic_l(long double x)
{
    return x >= 0.0L ? 1.0L / (1.0L + expl(-x)) : expl(x) / (1.0L + expl(x));
}

/* softplus and logistic are built of two or three steps of one ULP.  The inverse of
 * softplus passes through zero at log 2, where only its absolute error is small. */
static const struct function {
    const char *name;
    array_function *f;
    exact_function *exact;
    double low, high;                    /* where anything happens */
    double ulp, atol;
    double top;                          /* SLEEF gives infinity from here on */
} functions[] = {
    { "erf", bn_erf, erfl, -7.0, 7.0, 2.0, 0.0, INFINITY },
    { "exp", bn_exp, expl, -750.0, 715.0, 2.0, 0.0, 709.782711149 },
    { "log1p", bn_log1p, log1pl, -1.0, 50.0, 2.0, 0.0, 1e307 },
    { "softplus", bn_softplus, softplus_l, -750.0, 60.0, 4.0, 0.0, INFINITY },
    { "logistic", bn_logistic, logistic_l, -750.0, 60.0, 4.0, 0.0, INFINITY },
    { "inverse of softplus", bn_softplus_inverse, softplus_inverse_l, 0.0, 60.0, 4.0,
      4.0 * DBL_EPSILON, INFINITY },
};

/* The distance of the double next to |x|, down to the subnormals. */
static double ulp_of(double x)
{
    const double a = fabs(x);
    return a < DBL_MAX ? nextafter(a, INFINITY) - a : a - nextafter(a, 0.0);
}

static void check(const struct function *f, double x, double got)
{
    const long double exact = f->exact((long double)x);
    const double want = (double)exact;

    if (x >= f->top && got == INFINITY)
        return;
    if (isnan(want) || isinf(want)) {
        if (isnan(want) ? !isnan(got) : got != want)
            fail_msg("%s(%.17g) = %.17g, want %.17g", f->name, x, got, want);
        return;
    }
    const double off = (double)fabsl((long double)got - exact);
    if (!(off <= f->ulp * ulp_of(want) + f->atol))
        fail_msg("%s(%.17g) = %.17g, want %.17g: off by %.2f ULP", f->name, x, got, want,
                 off / ulp_of(want));
}

/* 100000 points of three kinds: evenly over the range where something happens, evenly
 * in the exponent over all doubles, and close to zero.                        */
static void functions_are_right_to_their_ulps(void **state)
{
    (void)state;
    enum { N = 100000 };
    const struct bn_rng r = { .seed = 10, .stream = bn_rng_stream("test_special") };
    double *x = bn_alloc(N, sizeof *x), *y = bn_alloc(N, sizeof *y);

    for (size_t k = 0; k < BN_LEN(functions); k++) {
        const struct function *f = &functions[k];
        bn_rng_uniforms(r, k, 0, x, N);
        for (size_t i = 0; i < N; i++) {
            if (i % 3 == 0)
                x[i] = f->low + (f->high - f->low) * x[i];
            else if (i % 3 == 1)
                x[i] = (i % 2 == 0 ? 1.0 : -1.0) * exp2(2098.0 * x[i] - 1074.0);
            else
                x[i] = (x[i] - 0.5) * 1e-3;
        }
        memset(y, 0x77, N * sizeof *y);
        f->f(N, x, y);
        for (size_t i = 0; i < N; i++)
            check(f, x[i], y[i]);
    }
    free(y);
    free(x);
}

static void the_corners_of_the_number_line(void **state)
{
    (void)state;
    static const double corner[] = {
        0.0, DBL_TRUE_MIN, DBL_MIN, DBL_MIN / 2, DBL_EPSILON, 0.5, 1.0, 0.69314718055994529,
        0.69314718055994540, 0.9999999999999999, 1.0000000000000002, 5.9, 6.0, 26.0, 36.0,
        37.0, 708.0, 709.0, 709.78271289338397, 709.782712893385, 710.0, 744.0, 745.13,
        745.14, 746.0, 1000.0, 1001.0, 1e10, 1e100, 1e300, DBL_MAX, INFINITY, NAN,
    };

    for (size_t k = 0; k < BN_LEN(functions); k++)
        for (size_t i = 0; i < BN_LEN(corner); i++)
            for (int sign = -1; sign <= 1; sign += 2) {
                const double x = sign * corner[i];
                double y = 77.0;
                functions[k].f(1, &x, &y);
                check(&functions[k], x, y);
            }
}

static void the_sign_of_zero_is_kept(void **state)
{
    (void)state;
    const double x = -0.0;
    double y;
    bn_erf(1, &x, &y);
    assert_true(y == 0.0 && signbit(y));
    bn_log1p(1, &x, &y);
    assert_true(y == 0.0 && signbit(y));
}

/* The same number gives the same bits alone and anywhere in arrays of any length at
 * any offset, written elsewhere or over itself; nothing is written behind.  */
static void results_do_not_depend_on_position(void **state)
{
    (void)state;
    enum { LEN = 1100 };
    static double x[LEN], alone[LEN], y[LEN + 1];
    static const size_t length[] = { 1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 511, 512, 513,
                                     1024, 1091 };
    const struct bn_rng r = { .seed = 11, .stream = 3 };

    bn_rng_normals(r, 0, 0, x, LEN);
    for (size_t i = 0; i < LEN; i++)
        x[i] *= i % 5 == 0 ? 300.0 : 2.0;
    x[17] = NAN;
    x[18] = INFINITY;
    x[530] = 1e-310;
    for (size_t k = 0; k < BN_LEN(functions); k++) {
        array_function *const f = functions[k].f;
        for (size_t i = 0; i < LEN; i++)
            f(1, x + i, alone + i);
        for (size_t l = 0; l < BN_LEN(length); l++)
            for (size_t at = 0; at < 9; at++) {
                const size_t n = length[l];
                y[n] = 77.0;
                f(n, x + at, y);
                assert_memory_equal(y, alone + at, n * sizeof *y);
                assert_true(y[n] == 77.0);
                memcpy(y, x + at, n * sizeof *y);
                f(n, y, y);
                assert_memory_equal(y, alone + at, n * sizeof *y);
            }
        y[0] = 77.0;
        f(0, x, y);
        assert_true(y[0] == 77.0);
    }
}

/* An error of eps in softplus(x) comes back as eps softplus/logistic: about eps (1 + x)
 * above, eps below zero, where softplus = e^x.                              */
static void softplus_and_its_inverse_cancel(void **state)
{
    (void)state;
    for (double x = -700.0; x < 700.0; x += 0.37) {
        double y, back;
        bn_softplus(1, &x, &y);
        assert_true(y > 0.0);
        bn_softplus_inverse(1, &y, &back);
        assert_close(back, x, 4.0 * DBL_EPSILON, 8.0 * DBL_EPSILON);
    }
    static const double outside[] = { 0.0, -1.0 };
    double x;
    bn_softplus_inverse(1, &outside[0], &x);
    assert_true(x == -INFINITY);
    bn_softplus_inverse(1, &outside[1], &x);
    assert_true(isnan(x));
}

static void the_logistic_is_symmetric(void **state)
{
    (void)state;
    for (double x = 0.0; x < 40.0; x += 0.13) {
        const double minus = -x;
        double a, b;
        bn_logistic(1, &x, &a);
        bn_logistic(1, &minus, &b);
        assert_close(a + b, 1.0, DBL_EPSILON, 0.0);
    }
}

/* E z^d = (d-1)!! for even d <= 2 n - 1, 0 for odd d; degree 2 n must fail, by n!.
 * Rounding is relative to the sum of the moduli.                            */
static void gauss_hermite_is_exact_to_its_degree(void **state)
{
    (void)state;
    for (size_t n = 1; n <= 16; n++) {
        double node[16], weight[16], factorial = 1.0, moment = 1.0;
        assert_ok(bn_gauss_hermite(n, node, weight));
        for (size_t d = 0; d <= 2 * n; d++) {
            double s = 0.0, size = 0.0;
            if (d % 2 == 0 && d > 0)
                moment *= (double)(d - 1);
            for (size_t k = 0; k < n; k++) {
                s += weight[k] * pow(node[k], (double)d);
                size += weight[k] * pow(fabs(node[k]), (double)d);
            }
            const double want = d % 2 == 0 ? moment : 0.0;
            if (d < 2 * n) {
                assert_close(s, want, 0.0, 2e-14 * (double)(d + 1) * fmax(size, 1.0));
            } else {
                for (size_t k = 2; k <= n; k++)
                    factorial *= (double)k;
                assert_close(want - s, factorial, 1e-12, 1e-11 * want);
            }
        }
        for (size_t k = 0; k < n; k++) {
            assert_true(weight[k] > 0.0 && (k == 0 || node[k] > node[k - 1]));
            assert_close(node[k], -node[n - 1 - k], 0.0, 1e-14);
        }
    }
}

/* E cos(a z) = exp(-a^2/2). */
static void gauss_hermite_averages_a_cosine(void **state)
{
    (void)state;
    enum { N = 60 };
    double node[N], weight[N];

    assert_ok(bn_gauss_hermite(N, node, weight));
    for (double a = 0.0; a < 4.0; a += 0.25) {
        double s = 0.0;
        for (size_t k = 0; k < N; k++)
            s += weight[k] * cos(a * node[k]);
        assert_close(s, exp(-0.5 * a * a), 0.0, 1e-14);
    }
    bn_alloc_fail_after(0);
    assert_fails(bn_gauss_hermite(N, node, weight), BN_NOMEM);
}

/* n nodes integrate polynomials up to degree 2 n - 1 over [-1, 1], and not 2 n. */
static void legendre_nodes_integrate_polynomials(void **state)
{
    (void)state;
    for (size_t n = 1; n <= 200; n = 2 * n + 1) {
        double sum = 0.0, top = 0.0, before = -1.0, even = 0.0;
        for (size_t k = 0; k < n; k++) {
            double x, w, mirror, same;
            bn_gauss_legendre(n, k, &x, &w);
            bn_gauss_legendre(n, n - 1 - k, &mirror, &same);
            assert_true(x > before && w > 0.0);
            assert_true(mirror == -x && same == w);
            before = x;
            sum += w;
            even += w * pow(x, 2.0 * (double)(n - 1));
            top += w * pow(x, 2.0 * (double)n);
        }
        assert_close(sum, 2.0, 1e-13, 0.0);
        assert_close(even, 2.0 / (2.0 * (double)n - 1.0), 1e-12, 0.0);
        if (n < 20)
            assert_true(fabs(top - 2.0 / (2.0 * (double)n + 1.0)) > 1e-13);
    }
    double x, w;
    bn_gauss_legendre(3, 2, &x, &w);
    assert_close(x, sqrt(0.6), 1e-15, 0.0);
    assert_close(w, 5.0 / 9.0, 1e-15, 0.0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(legendre_nodes_integrate_polynomials),
        cmocka_unit_test(functions_are_right_to_their_ulps),
        cmocka_unit_test(the_corners_of_the_number_line),
        cmocka_unit_test(the_sign_of_zero_is_kept),
        cmocka_unit_test(results_do_not_depend_on_position),
        cmocka_unit_test(softplus_and_its_inverse_cancel),
        cmocka_unit_test(the_logistic_is_symmetric),
        cmocka_unit_test(gauss_hermite_is_exact_to_its_degree),
        cmocka_unit_test(gauss_hermite_averages_a_cosine),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
