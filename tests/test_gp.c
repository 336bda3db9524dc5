/* SPDX-License-Identifier: MIT */
#include "ring.h"

static const double sigmas[] = { 0.7, 1.0, 1.4211, 3.0, 8.0 };

static void spectrum_is_the_formula(void **state)
{
    (void)state;
    for (size_t s = 0; s < BN_LEN(sigmas); s++)
        for (size_t n = 0; n < 12; n++) {
            const double e = (double)(n * n) / (2.0 * sigmas[s] * sigmas[s]);
            assert_close(bn_gp_spectrum(sigmas[s], n),
                         exp(-e) / (sqrt(BN_TWO_PI) * sigmas[s]), 1e-15 * (2.0 + e), 0);
        }
}

/* Poisson summation: G(0) = sum over all integers of Ghat = sum_k exp(-2 pi^2 sigma^2 k^2),
 * so G(0) - 1 is 2 exp(-2 pi^2 sigma^2): 1.2e-4 at sigma = 0.7, 0 above 1.4.  */
static void variance_is_one(void **state)
{
    (void)state;
    for (size_t s = 0; s < BN_LEN(sigmas); s++) {
        double g[16];
        bn_gp_covariance(sigmas[s], 16, g);
        const double k = BN_TWO_PI * sigmas[s];
        assert_close(g[0], 1.0 + 2.0 * exp(-0.5 * k * k), 3e-15, 0);
        for (size_t i = 1; i < 16; i++)
            assert_close(g[i], g[16 - i], 0, 5e-15);
    }
}

/* The same covariance by Poisson summation: a sum of wrapped Gaussians in the lag. */
static void covariance_is_a_wrapped_gaussian(void **state)
{
    (void)state;
    double g[24];
    for (size_t s = 0; s < BN_LEN(sigmas); s++) {
        bn_gp_covariance(sigmas[s], 24, g);
        for (size_t i = 0; i < 24; i++) {
            double want = 0.0;
            for (int turn = -4; turn <= 4; turn++) {
                const double d = BN_TWO_PI * ((double)i / 24 + turn) * sigmas[s];
                want += exp(-0.5 * d * d);
            }
            assert_close(g[i], want, 1e-13, 2e-15);
        }
    }
}

static void harmonics_suffice(void **state)
{
    (void)state;
    for (size_t s = 0; s < BN_LEN(sigmas); s++) {
        const size_t h = bn_gp_harmonics(sigmas[s]);
        const double top = bn_gp_spectrum(sigmas[s], 0);
        assert_true(sqrt(bn_gp_spectrum(sigmas[s], h) / top) >= 0x1p-60);
        assert_true(sqrt(bn_gp_spectrum(sigmas[s], h + 1) / top) < 0x1p-60);
    }
}

/* Sample variances of independent normals: standard error sqrt(2/N) of the variance;
 * cross products of different columns: standard error 1/sqrt N.  A sampler that gives
 * half the variance to each of cos and sin (or the double) is off by 70 sigma.   */
static void coefficients_have_the_spectrum(void **state)
{
    (void)state;
    enum { N = 20000, H = 5, R = 2 * H + 1 };
    const double sigma = RING_SIGMA;
    const struct bn_rng rng = { .seed = 7, .stream = bn_rng_stream("gp") };
    struct bn_mat c = mat_make(N, R), gram = mat_make(R, R);
    assert_ok(bn_gp_sample(sigma, rng, 0, &c));
    assert_ok(bn_gram(1.0 / N, &c, BN_TRANSPOSED, &gram));
    for (size_t a = 0; a < R; a++)
        for (size_t b = 0; b <= a; b++) {
            const double scale = sqrt(bn_gp_spectrum(sigma, (a + 1) / 2)
                                      * bn_gp_spectrum(sigma, (b + 1) / 2));
            const double error = a == b ? sqrt(2.0 / N) : sqrt(1.0 / N);
            assert_close(*bn_mat_at(&gram, a, b) / scale, a == b, 0, 5.0 * error);
        }
    bn_mat_free(&gram);
    bn_mat_free(&c);
}

/* Over neurons, the autocovariance at a lag has the mean G(d); its standard error comes
 * from the neurons themselves.                                              */
static void curves_have_the_covariance(void **state)
{
    (void)state;
    enum { N = 4000, M = 64 };
    double g[M];
    for (size_t s = 1; s < 4; s++) {
        struct ring r = ring_make(N, M, sigmas[s], RING_BETA, 11 + s);
        bn_gp_covariance(sigmas[s], M, g);
        for (size_t lag = 0; lag < M; lag += 4) {
            double sum = 0.0, square = 0.0;
            for (size_t i = 0; i < N; i++) {
                const double *x = bn_mat_row(&r.current, i);
                double v = 0.0;
                for (size_t k = 0; k < M; k++)
                    v += x[k] * x[(k + lag) % M] / M;
                sum += v / N;
                square += v * v / N;
            }
            assert_close(sum, g[lag], 0, 5.0 * sqrt((square - sum * sum) / N));
        }
        ring_free(&r);
    }
}

/* Neuron 7 is neuron 7 however many others there are, wherever the row stands. */
static void units_are_independent_of_how_many(void **state)
{
    (void)state;
    const struct bn_rng rng = { .seed = 3, .stream = bn_rng_stream("curves") };
    struct bn_mat few = mat_make(10, 21), many = mat_make(1000, 21), wide = mat_make(10, 31);
    struct bn_mat late = mat_make(5, 21);
    assert_ok(bn_gp_sample(2.0, rng, 0, &few));
    assert_ok(bn_gp_sample(2.0, rng, 0, &many));
    assert_ok(bn_gp_sample(2.0, rng, 0, &wide));
    assert_ok(bn_gp_sample(2.0, rng, 5, &late));
    assert_memory_equal(few.data, many.data, 10 * 21 * sizeof(double));
    assert_memory_equal(late.data, bn_mat_row(&few, 5), 5 * 21 * sizeof(double));
    for (size_t i = 0; i < 10; i++)
        assert_memory_equal(bn_mat_row(&wide, i), bn_mat_row(&few, i), 21 * sizeof(double));
    assert_memory_not_equal(bn_mat_row(&few, 0), bn_mat_row(&few, 1), 21 * sizeof(double));
    bn_mat_free(&few);
    bn_mat_free(&many);
    bn_mat_free(&wide);
    bn_mat_free(&late);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(spectrum_is_the_formula),
        cmocka_unit_test(variance_is_one),
        cmocka_unit_test(covariance_is_a_wrapped_gaussian),
        cmocka_unit_test(harmonics_suffice),
        cmocka_unit_test(coefficients_have_the_spectrum),
        cmocka_unit_test(curves_have_the_covariance),
        cmocka_unit_test(units_are_independent_of_how_many),
    };
    return cmocka_run_group_tests_name("gp", tests, NULL, NULL);
}
