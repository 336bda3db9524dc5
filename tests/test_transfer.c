/* SPDX-License-Identifier: MIT */
#include "test.h"

#include <basin/special.h>
#include <basin/transfer.h>

#define PI 3.14159265358979323846

enum { MANY = 1201 };

static const struct bn_transfer kinds[] = {
    { BN_TRANSFER_ERF, 2.7659, 0.0 },     { BN_TRANSFER_ERF, 0.5, -0.3 },
    { BN_TRANSFER_ERF, 6.0, 1.0 },        { BN_TRANSFER_SOFTPLUS, 2.0, 0.0 },
    { BN_TRANSFER_SOFTPLUS, 2.77, 1.73 }, { BN_TRANSFER_SOFTPLUS, 20.0, -0.5 },
    { BN_TRANSFER_LOGISTIC, 4.0, 0.5 },   { BN_TRANSFER_LOGISTIC, 1.0, -0.2 },
    { BN_TRANSFER_TANH, 1.0, 0.0 },       { BN_TRANSFER_TANH, 2.5, 0.4 },
    { BN_TRANSFER_THRESHOLD, 1.0, 0.0 },  { BN_TRANSFER_THRESHOLD, 2.5, 1.1 },
    { BN_TRANSFER_THRESHOLD, 0.7, -0.6 },
};

/* More numbers than the block in which they are computed, not a multiple of it. */
static void fill(double *x, size_t n, double from, double to)
{
    for (size_t i = 0; i < n; i++)
        x[i] = from + (to - from) * (double)i / (double)(n - 1);
}

static double rate_by_libm(const struct bn_transfer *t, double x)
{
    const double z = x - t->threshold;
    if (t->kind == BN_TRANSFER_ERF)
        return 1.0 + erf(0.5 * sqrt(PI) * t->beta * z);
    if (t->kind == BN_TRANSFER_LOGISTIC)
        return 0.5 + 0.5 * tanh(0.5 * t->beta * z);
    if (t->kind == BN_TRANSFER_TANH)
        return tanh(t->beta * z);
    if (t->kind == BN_TRANSFER_THRESHOLD)
        return t->beta * fmax(z, 0.0);
    return fmax(z, 0.0) + log1p(exp(-fabs(t->beta * z))) / t->beta;
}

static void rates_are_the_formula(void **state)
{
    (void)state;
    double x[MANY], rate[MANY];
    for (size_t k = 0; k < BN_LEN(kinds); k++) {
        fill(x, MANY, -8.0, 8.0);
        bn_transfer_rate(&kinds[k], MANY, x, rate);
        for (size_t i = 0; i < MANY; i++)
            assert_close(rate[i], rate_by_libm(&kinds[k], x[i]), 4e-15, 3e-16);
        bn_transfer_rate(&kinds[k], MANY, x, x);     /* in place */
        assert_memory_equal(x, rate, sizeof x);
    }
}

/* Known values: phi(b) = 1 and phi'(b) = beta for erf; log 2/beta and 1/2 for softplus;
 * 1/2 and beta/4 for logistic; 0 and beta for tanh; 0 and 0 for threshold.  */
static void values_at_threshold(void **state)
{
    (void)state;
    for (size_t k = 0; k < BN_LEN(kinds); k++) {
        const double b = kinds[k].beta;
        const double rates[] = { 1.0, log(2.0) / b, 0.5, 0.0, 0.0 };
        const double slopes[] = { b, 0.5, 0.25 * b, b, 0.0 };
        double rate, slope;
        bn_transfer_rate(&kinds[k], 1, &kinds[k].threshold, &rate);
        bn_transfer_slope(&kinds[k], 1, &kinds[k].threshold, &slope);
        assert_close(rate, rates[kinds[k].kind], 1e-15, 0);
        assert_close(slope, slopes[kinds[k].kind], 1e-15, 0);
    }
}

/* A slope without the chain rule's beta, or with beta twice, is off by a factor. */
static void slopes_are_central_differences(void **state)
{
    (void)state;
    double x[MANY], up[MANY], down[MANY], slope[MANY];
    const double h = 1e-5;
    for (size_t k = 0; k < BN_LEN(kinds); k++) {
        const double b = kinds[k].beta;
        fill(x, MANY, -3.0, 3.0);
        bn_transfer_slope(&kinds[k], MANY, x, slope);
        for (size_t i = 0; i < MANY; i++)
            up[i] = x[i] + h, down[i] = x[i] - h;
        bn_transfer_rate(&kinds[k], MANY, up, up);
        bn_transfer_rate(&kinds[k], MANY, down, down);
        for (size_t i = 0; i < MANY; i++)          /* h^2 |phi'''|/6 + rounding/h */
            if (fabs(x[i] - kinds[k].threshold) > h || kinds[k].kind != BN_TRANSFER_THRESHOLD)
                assert_close((up[i] - down[i]) / (2.0 * h), slope[i], 0,
                             h * h * b * b * b + 1e-15 / h);
    }
}

static void currents_invert_rates(void **state)
{
    (void)state;
    double x[MANY], rate[MANY], back[MANY], slope[MANY];
    for (size_t k = 0; k < BN_LEN(kinds); k++) {
        const double width = 3.0 / kinds[k].beta, b = kinds[k].threshold;
        const bool cut = kinds[k].kind == BN_TRANSFER_THRESHOLD;
        fill(x, MANY, cut ? b + 1e-3 : b - width, b + width);
        bn_transfer_rate(&kinds[k], MANY, x, rate);
        bn_transfer_slope(&kinds[k], MANY, x, slope);
        assert_ok(bn_transfer_current(&kinds[k], MANY, rate, back));
        for (size_t i = 0; i < MANY; i++)          /* one rounding of the rate, magnified */
            assert_close(back[i], x[i], 1e-14, 1e-15 * (1.0 + rate[i]) / slope[i]);
    }
}

static void rates_out_of_range_are_refused(void **state)
{
    (void)state;
    const double bad[] = { 0.0, -1e-3, NAN, INFINITY, -1.0 };
    double rate[3] = { 0.5, 0.5, 0.5 }, x[3];
    for (size_t i = 0; i < BN_LEN(bad); i++) {
        rate[1] = bad[i];
        for (size_t k = 0; k < BN_LEN(kinds); k++) {
            if (kinds[k].kind == BN_TRANSFER_TANH && i < 2)
                continue;                /* tanh has negative rates */
            assert_fails(bn_transfer_current(&kinds[k], 3, rate, x), BN_NUMERIC);
            assert_says(bn_error(), "element 1");
        }
    }
    const double edge[] = { 2.0, 2.5, 1e-17 };     /* 1e-17 - 1 is -1: no such erf */
    for (size_t i = 0; i < BN_LEN(edge); i++)
        assert_fails(bn_transfer_current(&kinds[0], 1, &edge[i], x), BN_NUMERIC);
    assert_says(bn_error(), "(0, 2)");
    rate[1] = 1.0;
    assert_fails(bn_transfer_current(&kinds[6], 3, rate, x), BN_NUMERIC);
    assert_says(bn_error(), "(0, 1)");
    rate[1] = 2.5;
    assert_ok(bn_transfer_current(&kinds[3], 3, rate, x));
}

/* Both tails of the logistic slope: beta e^{-beta |x - b|}.  beta phi (1 - phi) with
 * 1 - phi by subtraction loses the upper one.                                */
static void logistic_slope_has_both_tails(void **state)
{
    (void)state;
    const struct bn_transfer t = { BN_TRANSFER_LOGISTIC, 4.0, 0.5 };
    const double x[] = { 0.5 - 20.0, 0.5 + 20.0 };
    double slope[2];
    bn_transfer_slope(&t, 2, x, slope);
    assert_close(slope[0], 4.0 * exp(-80.0), 1e-12, 0);
    assert_close(slope[1], 4.0 * exp(-80.0), 1e-12, 0);
}

static void names(void **state)
{
    (void)state;
    enum bn_transfer_kind kind = BN_TRANSFER_ERF;
    assert_ok(bn_transfer_parse("softplus", &kind));
    assert_int_equal(kind, BN_TRANSFER_SOFTPLUS);
    assert_string_equal(bn_transfer_name(kind), "softplus");
    assert_fails(bn_transfer_parse("cosh", &kind), BN_INPUT);
    assert_says(bn_error(), "cosh");
}

/* E over a bivariate Gaussian by a fine two-dimensional trapezoid of the density: no
 * change of variables in common with the code under test.                   */
static double brute_covariance(const struct bn_transfer *t, double g0, double g)
{
    const double s = sqrt(g0), rho = g / g0, h = 0.04, d = 1.0 - rho * rho;
    const int reach = 225;               /* 9 standard deviations */
    double rate[451], z[451], sum = 0.0;
    for (int i = -reach; i <= reach; i++) {
        z[i + reach] = h * i;
        rate[i + reach] = rate_by_libm(t, s * h * i);
    }
    for (int i = 0; i <= 2 * reach; i++)
        for (int k = 0; k <= 2 * reach; k++) {
            const double q = z[i] * z[i] - 2.0 * rho * z[i] * z[k] + z[k] * z[k];
            sum += rate[i] * rate[k] * exp(-0.5 * q / d);
        }
    return sum * h * h / (2.0 * PI * sqrt(d));
}

/* The same where the rate has a kink: Gauss & Legendre's rule from the kink on. */
static double brute_rectified(const struct bn_transfer *t, double g0, double g)
{
    enum { NODES = 16, PANELS = 40 };
    const double s = sqrt(g0), rho = g / g0, u = t->threshold / s, d = 1.0 - rho * rho;
    double z[NODES * PANELS], w[NODES * PANELS], sum = 0.0;
    for (size_t k = 0; k < NODES * PANELS; k++) {
        bn_gauss_legendre(NODES, k % NODES, &z[k], &w[k]);
        z[k] = fmax(u, -9.0) + 0.25 * ((double)(k / NODES) + 0.5 + 0.5 * z[k]);
        w[k] *= 0.125 * t->beta * s * (z[k] - u);
    }
    for (size_t i = 0; i < NODES * PANELS; i++)
        for (size_t k = 0; k < NODES * PANELS; k++)
            sum += w[i] * w[k]
                 * exp(-0.5 * (z[i] * z[i] - 2.0 * rho * z[i] * z[k] + z[k] * z[k]) / d);
    return sum / (2.0 * PI * sqrt(d));
}

static double brute_slope(const struct bn_transfer *t, double g0)
{
    const double h = 0.001;
    double sum = 0.0;
    for (int i = -9000; i <= 9000; i++) {
        const double z = h * i, x = sqrt(g0) * z;
        double slope;
        bn_transfer_slope(t, 1, &x, &slope);
        sum += slope * exp(-0.5 * z * z);
    }
    return sum * h / sqrt(2.0 * PI);
}

/* b = 0 takes the closed forms of erf, the others the quadrature.  Large gains are
 * where quadrature of low order fails: Gauss-Hermite with 96 nodes is off by 2e-2 at
 * beta = 6, b = 1.                                                           */
static void averages_are_the_integrals(void **state)
{
    (void)state;
    const double g0 = 0.9, g[] = { 0.85, 0.3, 0.0, -0.6 };
    for (size_t k = 0; k < BN_LEN(kinds); k++) {
        double got[BN_LEN(g)], slope;
        assert_ok(bn_transfer_covariance(&kinds[k], g0, g, BN_LEN(g), got));
        for (size_t i = 0; i < BN_LEN(g); i++)
            assert_close(got[i], kinds[k].kind == BN_TRANSFER_THRESHOLD
                         ? brute_rectified(&kinds[k], g0, g[i])
                         : brute_covariance(&kinds[k], g0, g[i]), 1e-11, 1e-15);
        assert_ok(bn_transfer_mean_slope(&kinds[k], g0, &slope));
        if (kinds[k].kind == BN_TRANSFER_THRESHOLD)
            assert_close(slope, kinds[k].beta
                         * 0.5 * (1.0 - erf(kinds[k].threshold / sqrt(2.0 * g0))), 1e-14, 0);
        else
            assert_close(slope, brute_slope(&kinds[k], g0), 1e-11, 0);
    }
}

/* Limits: g = g0 gives E[phi^2], g = 0 gives E[phi]^2, and for small g the slope of
 * the covariance is E[phi']^2 (Price's theorem ties the two functions together). */
static void averages_keep_price_theorem(void **state)
{
    (void)state;
    for (size_t k = 0; k < BN_LEN(kinds); k++) {
        const double h = 1e-4, g[] = { -h, 0.0, h };
        double c[3], alpha;
        assert_ok(bn_transfer_covariance(&kinds[k], 1.0, g, 3, c));
        assert_ok(bn_transfer_mean_slope(&kinds[k], 1.0, &alpha));
        assert_close((c[2] - c[0]) / (2.0 * h), alpha * alpha, 1e-5, 1e-10);
    }
}

/* The closed form at the edges |g| = g0 is finite, and symmetric about 1 for erf. */
static void covariance_at_the_edges(void **state)
{
    (void)state;
    const double g[] = { 1.0, -1.0 };
    double c[2];
    assert_ok(bn_transfer_covariance(&kinds[0], 1.0, g, 2, c));
    assert_close(c[0] + c[1], 2.0, 1e-14, 0);
    assert_true(c[0] > 1.0 && c[0] < 2.0);
    const struct bn_transfer straight = { BN_TRANSFER_THRESHOLD, 2.0, 0.0 };
    assert_ok(bn_transfer_covariance(&straight, 1.0, g, 2, c));
    assert_close(c[0], 2.0, 1e-14, 0);   /* half of E[(2 z)^2] */
    assert_close(c[1], 0.0, 0, 1e-14);
    const double none = 0.0;
    assert_ok(bn_transfer_covariance(&straight, 0.0, &none, 1, c));
    assert_close(c[0], 0.0, 0, 0);
    const struct bn_transfer softplus = { BN_TRANSFER_SOFTPLUS, 3.0, 0.2 };
    assert_ok(bn_transfer_covariance(&softplus, 1.0, g, 2, c));
    assert_true(isfinite(c[0]) && isfinite(c[1]) && c[0] > c[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rates_are_the_formula),
        cmocka_unit_test(values_at_threshold),
        cmocka_unit_test(slopes_are_central_differences),
        cmocka_unit_test(currents_invert_rates),
        cmocka_unit_test(rates_out_of_range_are_refused),
        cmocka_unit_test(logistic_slope_has_both_tails),
        cmocka_unit_test(names),
        cmocka_unit_test(averages_are_the_integrals),
        cmocka_unit_test(averages_keep_price_theorem),
        cmocka_unit_test(covariance_at_the_edges),
    };
    return cmocka_run_group_tests_name("transfer", tests, NULL, NULL);
}
