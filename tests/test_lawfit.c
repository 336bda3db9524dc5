/* SPDX-License-Identifier: MIT
 * Fits by maximum likelihood: parameters come back within five standard errors (Fisher's
 * information), the likelihood has its top there, the right law wins.         */
#include "test.h"

#include <basin/lawfit.h>
#include <basin/mem.h>
#include <basin/rng.h>

#include <stdlib.h>

enum { N = 4000 };

static double *uniforms(uint64_t seed)
{
    static double u[N];
    const struct bn_rng rng = { .seed = seed, .stream = bn_rng_stream("lawfit") };
    bn_rng_uniforms(rng, 0, 0, u, N);
    return u;
}

/* x with that cumulative probability, by bisection: from any law, by its own cdf. */
static double quantile(const struct bn_lawfit *f, double u)
{
    double low = 0.0, high = 1.0;
    while (bn_law_cdf(f, high) < u)
        high *= 2.0;
    for (int i = 0; i < 60; i++) {
        const double mid = 0.5 * (low + high);
        *(bn_law_cdf(f, mid) < u ? &low : &high) = mid;
    }
    return 0.5 * (low + high);
}

static double counted(const struct bn_lawfit *f, double u)
{
    double k = f->law == BN_LAW_TRUNCATED ? 1.0 : 0.0;
    while (bn_law_cdf(f, k) < u)
        k += 1.0;
    return k;
}

/* sd of an estimate of one parameter: 1/sqrt(n I).  With two, from the inverse of I. */
static const struct {
    struct bn_lawfit law;
    double error[2];                     /* x sqrt n */
} laws[] = {
    { { .law = BN_LAW_SIZE, .dimensions = 1, .parameter = { 0.028 } }, { 0.028 } },
    { { .law = BN_LAW_SIZE, .dimensions = 2, .parameter = { 1.4 } }, { 1.4 } },
    { { .law = BN_LAW_SIZE, .dimensions = 3, .parameter = { 3.0 } }, { 3.0 } },
    { { .law = BN_LAW_EXPONENTIAL, .dimensions = 1, .parameter = { 30 } }, { 30 } },
    /* psi'(3.1647) = 0.37107: var k = k/(k psi' - 1), var scale = scale^2 psi'/(k psi' - 1) */
    { { .law = BN_LAW_GAMMA, .dimensions = 1, .parameter = { 3.1647, 1.7923 } },
      { 4.2608, 2.6149 } },
    { { .law = BN_LAW_LOGNORMAL, .dimensions = 1, .parameter = { 1.57, 0.575 } },
      { 0.575, 0.4066 } },
    { { .law = BN_LAW_POISSON, .dimensions = 1, .parameter = { 3.3 } }, { 1.8166 } },
    /* 1/var = (dM/dm)^2/var(x), M = m/(1 - e^-m): at 1.5, M = 1.93083, dM/dm = 0.73265 */
    { { .law = BN_LAW_TRUNCATED, .dimensions = 1, .parameter = { 1.5 } }, { 1.4309 } },
};

static void parameters_come_back(void **state)
{
    (void)state;
    static double x[N];
    for (size_t l = 0; l < BN_LEN(laws); l++)
        for (uint64_t seed = 1; seed < 4; seed++) {
            const struct bn_lawfit *law = &laws[l].law;
            const double *u = uniforms(seed);
            struct bn_lawfit fit;
            for (size_t i = 0; i < N; i++)
                x[i] = law->law >= BN_LAW_POISSON ? counted(law, u[i]) : quantile(law, u[i]);
            assert_ok(bn_lawfit(law->law, law->dimensions, x, N, &fit));
            for (size_t k = 0; k < fit.parameters; k++)
                assert_close(fit.parameter[k], law->parameter[k], 0,
                             5.0 * laws[l].error[k] / sqrt((double)N));
            assert_true(fit.p > 1e-4);
            assert_close(fit.aic, 2.0 * (double)fit.parameters - 2.0 * fit.loglik, 1e-14, 0);
            assert_close(fit.bic - fit.aic, (double)fit.parameters * (log((double)N) - 2.0),
                         0, 1e-8);
            /* the likelihood, summed here, has its top at the parameters */
            for (size_t k = 0; k < fit.parameters; k++)
                for (int side = -1; side <= 1; side++) {
                    struct bn_lawfit moved = fit;
                    double sum = 0.0;
                    moved.parameter[k] *= 1.0 + 0.01 * side;
                    for (size_t i = 0; i < N; i++)
                        sum += log(bn_law_density(&moved, x[i]));
                    if (side == 0)
                        assert_close(sum, fit.loglik, 1e-9, 0);
                    else
                        assert_true(sum < fit.loglik);
                }
        }
}

/* A density is the slope of its cdf, probabilities sum to 1. */
static void densities_belong_to_cdfs(void **state)
{
    (void)state;
    for (size_t l = 0; l < BN_LEN(laws); l++) {
        const struct bn_lawfit *f = &laws[l].law;
        double sum = 0.0;
        for (double k = 0; k < 60; k++)
            sum += bn_law_density(f, k);
        if (f->law >= BN_LAW_POISSON) {
            assert_close(sum, 1, 1e-12, 0);
            assert_close(bn_law_cdf(f, 2), bn_law_density(f, 0) + bn_law_density(f, 1)
                         + bn_law_density(f, 2), 1e-14, 0);
            assert_close(bn_law_density(f, 1.5), 0, 0, 0);
            continue;
        }
        for (double x = 0.3; x < 9; x += 0.7) {
            const double h = 1e-4;
            assert_close((bn_law_cdf(f, x + h) - bn_law_cdf(f, x - h)) / (2 * h),
                         bn_law_density(f, x), 1e-6, 1e-10);
        }
        assert_close(bn_law_cdf(f, -1) + bn_law_density(f, -1), 0, 0, 0);
    }
}

/* Negative binomial counts of gamma propensities: shape 0.57, mean 3.53 (place.md 1.9).  The
 * mean's error is sqrt((m + a m^2)/n); the dispersion's, from the information of r at this
 * r and m (summed numerically), 3.25/sqrt n.                                     */
static void dispersion_comes_back(void **state)
{
    (void)state;
    static double x[N];
    const struct bn_lawfit law = { .law = BN_LAW_NEGATIVE, .parameter = { 3.53, 1 / 0.57 } };
    struct bn_lawfit fit, poisson;
    for (uint64_t seed = 1; seed < 4; seed++) {
        const double *u = uniforms(seed);
        for (size_t i = 0; i < N; i++)
            x[i] = counted(&law, u[i]);
        assert_ok(bn_lawfit(BN_LAW_NEGATIVE, 1, x, N, &fit));
        assert_close(fit.parameter[0], 3.53, 0, 5.0 * sqrt(25.4 / N));
        assert_close(fit.parameter[1], 1 / 0.57, 0, 5.0 * 3.25 / sqrt(N));
        assert_ok(bn_lawfit(BN_LAW_POISSON, 1, x, N, &poisson));
        assert_true(fit.bic < poisson.bic - 1000);
        assert_close(bn_law_density(&fit, 0), 0.325, 0, 0.04);
    }
    /* counts that vary less than Poisson's have no dispersion, and the same likelihood */
    for (size_t i = 0; i < N; i++)
        x[i] = (double)(3 + i % 3);
    assert_ok(bn_lawfit(BN_LAW_NEGATIVE, 1, x, N, &fit));
    assert_ok(bn_lawfit(BN_LAW_POISSON, 1, x, N, &poisson));
    assert_close(fit.parameter[1], 0, 0, 0);
    assert_close(fit.loglik, poisson.loglik, 1e-13, 0);
}

/* Rayleigh sizes: the size law beats the log-normal, as published for bats, and the test of
 * Kolmogorov and Smirnov rejects the exponential.                                */
static void the_right_law_wins(void **state)
{
    (void)state;
    static double x[N];
    struct bn_lawfit size, lognormal, exponential;
    for (uint64_t seed = 5; seed < 8; seed++) {
        const double *u = uniforms(seed);
        for (size_t i = 0; i < N; i++)
            x[i] = quantile(&laws[0].law, u[i]);
        assert_ok(bn_lawfit(BN_LAW_SIZE, 1, x, N, &size));
        assert_ok(bn_lawfit(BN_LAW_LOGNORMAL, 1, x, N, &lognormal));
        assert_ok(bn_lawfit(BN_LAW_EXPONENTIAL, 1, x, N, &exponential));
        assert_true(size.aic < lognormal.aic && size.bic < lognormal.bic);
        assert_true(exponential.p < 1e-6 && size.p > 1e-4);
        /* log of a Rayleigh number: skewness -1.140, excess kurtosis 2.400 */
        for (size_t i = 0; i < N; i++)
            x[i] = log(x[i]);
        const struct bn_moments m = bn_law_moments(x, N);
        assert_close(m.skew, -1.1395, 0, 5 * 0.075);
        assert_close(m.kurtosis, 2.4, 0, 5 * 0.35);
    }
}

/* Distances by hand, and the distribution at its printed quantiles (1.358 and 1.628). */
static void kolmogorov_and_smirnov(void **state)
{
    (void)state;
    const double x[4] = { 4, 1, 3, 2 };
    struct bn_lawfit f;
    assert_ok(bn_lawfit(BN_LAW_EXPONENTIAL, 1, x, 4, &f));
    assert_close(f.parameter[0], 2.5, 1e-15, 0);
    assert_close(f.ks, 1 - exp(-0.4), 1e-14, 0);   /* below the first value */
    assert_close(bn_law_kolmogorov(1.3581 / 1e5, 10000000000), 0.05, 3e-4, 0);
    assert_close(bn_law_kolmogorov(1.6276 / 1e5, 10000000000), 0.01, 1e-3, 0);
    assert_close(bn_law_kolmogorov(1e-4, 100), 1, 0, 0);
}

static void slopes(void **state)
{
    (void)state;
    const double x[5] = { 0, 1, 2, 3, 4 }, line[5] = { 1, 3, 5, 7, 9 }, y[5] = { 1, 3, 5, 7, 14 };
    double error;
    assert_close(bn_law_slope(x, line, 5, &error), 2, 1e-14, 0);
    assert_close(error, 0, 0, 1e-7);
    assert_close(bn_law_slope(x, y, 5, &error), 3, 1e-14, 0);
    assert_close(error, sqrt(10.0 / 3.0 / 10.0), 1e-12, 0);     /* residuals 1 0 -1 -2 2 */
    assert_close(bn_law_slope(line, x, 1, &error), 0, 0, 0);
}

static void refusals(void **state)
{
    (void)state;
    const double good[3] = { 1, 2, 3 }, zero[3] = { 1, 0, 2 }, half[3] = { 1, 2.5, 1 };
    const double same[3] = { 1, 1, 1 };
    struct bn_lawfit f;
    for (enum bn_law l = BN_LAW_SIZE; l <= BN_LAW_NEGATIVE; l++) {
        assert_fails(bn_lawfit(l, 1, good, 1, &f), BN_INPUT);
        assert_says(bn_error(), bn_law_name(l));
        if (l < BN_LAW_POISSON || l == BN_LAW_TRUNCATED)
            assert_fails(bn_lawfit(l, 1, zero, 3, &f), BN_INPUT);
        else
            assert_fails(bn_lawfit(l, 1, half, 3, &f), BN_INPUT);
        if (l == BN_LAW_GAMMA || l == BN_LAW_LOGNORMAL || l >= BN_LAW_TRUNCATED)
            assert_fails(bn_lawfit(l, 1, same, 3, &f), BN_INPUT);
        bn_alloc_fail_after(0);
        const bn_status s = bn_lawfit(l, 1, good, 3, &f);
        bn_alloc_fail_after(-1);
        assert_int_equal(s, BN_NOMEM);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parameters_come_back),
        cmocka_unit_test(densities_belong_to_cdfs),
        cmocka_unit_test(dispersion_comes_back),
        cmocka_unit_test(the_right_law_wins),
        cmocka_unit_test(kolmogorov_and_smirnov),
        cmocka_unit_test(slopes),
        cmocka_unit_test(refusals),
    };
    return cmocka_run_group_tests_name("lawfit", tests, NULL, NULL);
}
