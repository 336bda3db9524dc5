/* SPDX-License-Identifier: MIT
 * One-dimensional flows on the circle against closed forms. */
#include "test.h"

#include <basin/flow.h>
#include <basin/manifold.h>
#include <basin/mem.h>
#include <basin/rng.h>

#include <stdlib.h>

enum { M = 256 };

static bn_flow *sine(double a, size_t k, double shift, double constant)
{
    double v[M];
    bn_flow *f;
    for (size_t m = 0; m < M; m++)
        v[m] = constant + a * sin((double)k * BN_TWO_PI * (double)m / M + shift);
    assert_ok(bn_flow_new(&f, v, M));
    return f;
}

/* v + A sin k theta turns at sqrt(v^2 - A^2) and is pinned for |v| < A.  The plain mean of
 * v + f over angles would be v; the mean over samples alone fails for k = 60, where there
 * are four samples per wave.                                                */
static void speed_over_a_sine(void **state)
{
    (void)state;
    const double given[] = { 0.11, 0.2, 0.5, -0.11, 0.1000001 };
    const double printed[] = { 0.0458, 0.1732, 0.4899, -0.0458, 4.472e-5 };
    const size_t waves[] = { 1, 3, 24, 60 };
    for (size_t w = 0; w < BN_LEN(waves); w++) {
        bn_flow *f = sine(0.1, waves[w], 0.4, 0.0);
        double speed, error;
        for (size_t k = 0; k < 4; k++) {
            assert_ok(bn_flow_speed(f, NULL, given[k], &speed, &error));
            assert_close(speed, printed[k], 0, 5e-5);
            assert_close(speed, copysign(sqrt(given[k] * given[k] - 0.01), given[k]), 1e-11, 0);
            assert_true(error < 1e-10);
        }
        assert_ok(bn_flow_speed(f, NULL, 0.0999, &speed, &error));
        assert_close(speed, 0, 0, 0);
        assert_ok(bn_flow_speed(f, NULL, -0.0999, &speed, &error));
        assert_close(speed, 0, 0, 0);
        assert_close(bn_flow_largest(f), 0.1, 1e-12, 0);
        assert_close(bn_flow_smallest(f), -0.1, 1e-12, 0);
        bn_flow_free(f);
    }
    bn_flow *f = sine(0.1, 1, 0.4, 0.0);      /* just above threshold: slow convergence */
    double speed, error;
    assert_ok(bn_flow_speed(f, NULL, given[4], &speed, &error));
    assert_close(speed, sqrt(given[4] * given[4] - 0.01), 0, fmax(5.0 * error, 1e-10));
    bn_flow_free(f);
}

/* gain = 1/(1 + a cos theta) turns at exactly u: the time of a turn is the mean of 1/gain.
 * The mean gain, 1/sqrt(1 - a^2), is what a wrong average would give.         */
static void gain_is_averaged_over_time(void **state)
{
    (void)state;
    double g[M], zero[M] = { 0 }, speed, error;
    bn_flow *gain, *none;
    for (size_t m = 0; m < M; m++)
        g[m] = 1.0 / (1.0 + 0.5 * cos(BN_TWO_PI * (double)m / M));
    assert_ok(bn_flow_new(&gain, g, M));
    assert_ok(bn_flow_new(&none, zero, M));
    assert_ok(bn_flow_speed(none, gain, -0.3, &speed, &error));
    assert_close(speed, -0.3, 1e-12, 0);
    assert_close(bn_flow_harmonic(none), 0, 0, 0);
    assert_close(bn_flow_unresolved(none), 0, 0, 0);
    bn_flow_free(gain), bn_flow_free(none);
}

/* --- zeros ---------------------------------------------------------------------- */

/* Ascending, half of them stable, to rounding; also on the grid or just below 0.  Linear
 * interpolation between samples errs by up to 1e-3.                           */
static void zeros_of_a_sine(void **state)
{
    (void)state;
    const double shifts[] = { 0.3, 0.0, 0.5 * BN_TWO_PI, -0.3 };
    for (size_t k = 1; k <= 24; k++)
        for (size_t s = 0; s < BN_LEN(shifts); s++) {
            bn_flow *f = sine(2.0, k, shifts[s], 0.7);
            struct bn_zero *z;
            size_t found, stable = 0;
            assert_ok(bn_flow_zeros(f, NULL, NULL, &z, &found));
            assert_int_equal(found, 2 * k);
            for (size_t i = 0; i < found; i++) {
                const double phase = (double)k * z[i].angle + shifts[s];
                assert_close(sin(phase), -0.35, 0, 1e-12);
                assert_close(z[i].slope, 2.0 * (double)k * cos(phase), 1e-10, 0);
                assert_true(i == 0 || z[i].angle > z[i - 1].angle);
                assert_true(z[i].angle >= 0.0 && z[i].angle < BN_TWO_PI);
                stable += z[i].slope < 0.0;
            }
            assert_int_equal(stable, k);
            assert_close(bn_flow_harmonic(f), (double)k * sqrt(2.0 / 2.49), 1e-12, 0);
            free(z);
            bn_flow_free(f);
        }
}

/* Two zeros between two samples: no sample is positive, so sign changes of the samples
 * are none.                                                                 */
static void zeros_between_samples(void **state)
{
    (void)state;
    enum { FEW = 32 };
    double v[FEW];
    bn_flow *f;
    struct bn_zero *z;
    size_t found;
    const double at = 0.5 * BN_TWO_PI / FEW, up = 2e-3;
    for (size_t m = 0; m < FEW; m++) {
        v[m] = cos(BN_TWO_PI * (double)m / FEW - at) - 1.0 + up;
        assert_true(v[m] < 0.0);
    }
    assert_ok(bn_flow_new(&f, v, FEW));
    assert_ok(bn_flow_zeros(f, NULL, NULL, &z, &found));
    assert_int_equal(found, 2);
    assert_close(z[0].angle, at - acos(1.0 - up), 0, 1e-12);
    assert_close(z[1].angle, at + acos(1.0 - up), 0, 1e-12);
    assert_true(z[0].slope > 0.0 && z[1].slope < 0.0);
    free(z);
    bn_flow_free(f);
}

static double peaked(double theta)
{
    return sin(theta - 0.2) / (1.05 - cos(theta - 0.9)) + 0.4;
}

static bn_status exactly(void *context, const double *theta, size_t count, double *v)
{
    *(size_t *)context += count;
    for (size_t k = 0; k < count; k++)
        v[k] = peaked(theta[k]);
    return BN_OK;
}

/* A flow that its samples do not resolve: the polynomial's zeros are wrong by 1e-4, and
 * asking the drift itself corrects them.                                     */
static void zeros_are_refined_on_the_drift(void **state)
{
    (void)state;
    enum { FEW = 40 };
    double v[FEW], off = 0.0;
    bn_flow *f;
    struct bn_zero *z, *rough;
    size_t found, same, asked = 0;
    for (size_t m = 0; m < FEW; m++)
        v[m] = peaked(BN_TWO_PI * (double)m / FEW);
    assert_ok(bn_flow_new(&f, v, FEW));
    assert_ok(bn_flow_zeros(f, NULL, NULL, &rough, &same));
    assert_ok(bn_flow_zeros(f, exactly, &asked, &z, &found));
    assert_int_equal(found, 2);
    assert_int_equal(same, 2);
    assert_true(asked <= 8);
    for (size_t k = 0; k < 2; k++) {
        assert_close(peaked(z[k].angle), 0, 0, 1e-10);
        assert_true(z[k].error < 1e-6);
        off = fmax(off, fabs(peaked(rough[k].angle)));
    }
    assert_true(off > 1e-6);
    free(z), free(rough);
    bn_flow_free(f);
}

/* Poisson's kernel (1 - r^2)/(1 - 2 r cos(theta - a) + r^2) has the harmonics r^n, and those
 * that M samples show are a_n = (r^n + r^(M - n))/(1 - r^M), n = M/2 as a cosine alone.  The
 * upper half is n > M/4: n >= M/4, or all without the mean, is another number.  Noise has
 * 1/2, from M = 4096 samples with a standard error of 1/sqrt(2 M).          */
static void unresolved_power(void **state)
{
    (void)state;
    enum { MOST = 4096 };
    const struct bn_rng rng = { .seed = 4, .stream = bn_rng_stream("flow") };
    double v[MOST];
    bn_flow *f;
    for (size_t m = 32; m <= 256; m *= 2) {
        const double r = 0.97, a = BN_TWO_PI * 5.0 / (double)m;
        double all = 0.0, upper = 0.0;
        for (size_t k = 0; k < m; k++)
            v[k] = (1.0 - r * r)
                / (1.0 - 2.0 * r * cos(BN_TWO_PI * (double)k / (double)m - a) + r * r);
        for (size_t n = 0; n <= m / 2; n++) {
            const double c = pow(r, (double)n) + pow(r, (double)(m - n));
            const double power = n == 0 ? c * c : n == m / 2 ? 0.5 * c * c : 2.0 * c * c;
            all += power;
            upper += n > m / 4 ? power : 0.0;
        }
        assert_ok(bn_flow_new(&f, v, m));
        assert_close(bn_flow_unresolved(f), upper / all, 1e-10, 0);
        bn_flow_free(f);
    }
    bn_rng_normals(rng, 0, 0, v, MOST);
    assert_ok(bn_flow_new(&f, v, MOST));
    assert_close(bn_flow_unresolved(f), 0.5, 0, 5.0 / sqrt(2.0 * MOST));
    bn_flow_free(f);
}

/* Rice: Gaussian random flows of a given spectrum have 2 sqrt(<n^2>) zeros per turn.  sqrt
 * of a mean over harmonics, <n>, would be 20 % lower; five standard errors are 2.4 %. */
static void zeros_of_random_flows(void **state)
{
    (void)state;
    enum { RUNS = 2000, H = 20 };
    const struct bn_rng rng = { .seed = 3, .stream = bn_rng_stream("flow") };
    double mean = 0.0, square = 0.0, power = 0.0, moment = 0.0, drawn = 0.0;
    for (size_t n = 0; n <= H; n++) {
        const double p = exp(-0.01 * (double)(n * n)) * (n == 0 ? 0.5 : 1.0);
        power += p;
        moment += p * (double)(n * n);
    }
    for (size_t run = 0; run < RUNS; run++) {
        double v[M] = { 0 }, z[2 * H + 2];
        bn_flow *f;
        struct bn_zero *zero;
        size_t found;
        bn_rng_normals(rng, run, 0, z, 2 * H + 2);
        for (size_t m = 0; m < M; m++)
            for (size_t n = 0; n <= H; n++) {
                const double a = (double)n * BN_TWO_PI * (double)m / M;
                v[m] += exp(-0.005 * (double)(n * n)) * (z[2 * n] * cos(a) + z[2 * n + 1] * sin(a))
                      * (n == 0 ? sqrt(0.5) : 1.0);
            }
        assert_ok(bn_flow_new(&f, v, M));
        assert_ok(bn_flow_zeros(f, NULL, NULL, &zero, &found));
        drawn += bn_flow_harmonic(f) / RUNS;
        mean += (double)found / RUNS;
        square += (double)(found * found) / RUNS;
        free(zero);
        bn_flow_free(f);
    }
    const double error = sqrt((square - mean * mean) / RUNS);
    assert_close(mean, 2.0 * sqrt(moment / power), 0, 5.0 * error);
    assert_true(error < 0.005 * mean);
    assert_close(2.0 * drawn, mean, 0.03, 0);
}

static void out_of_memory(void **state)
{
    (void)state;
    double v[M];
    bn_status rc = BN_NOMEM;
    for (size_t m = 0; m < M; m++)
        v[m] = peaked(BN_TWO_PI * (double)m / M);
    for (long n = 0; rc != BN_OK; n++) {
        struct bn_zero *z = NULL;
        size_t found, asked = 0;
        bn_flow *f;
        double speed, error;
        bn_alloc_fail_after(n);
        rc = bn_flow_new(&f, v, M);
        if (rc == BN_OK)
            rc = bn_flow_zeros(f, exactly, &asked, &z, &found);
        if (rc == BN_OK)
            rc = bn_flow_speed(f, NULL, 20.0, &speed, &error);
        bn_alloc_fail_after(-1);
        assert_true(rc == BN_OK || rc == BN_NOMEM);
        free(z);
        bn_flow_free(f);
    }
}

/* dtheta/dt = A sin(k theta + s): with u = k theta + s, tan(u/2) grows as e^(k A t).  Plain
 * steps, theta + v t, would be far past the fixed points at k A t = 4.          */
static void flow_carries_angles(void **state)
{
    (void)state;
    const size_t waves[] = { 1, 5, 24 };
    const double a = 1e-3, s = 0.4;
    for (size_t w = 0; w < BN_LEN(waves); w++) {
        const double k = (double)waves[w], rates[] = { 0.0, 0.3, 4.0, 150.0 };
        bn_flow *f = sine(a, waves[w], s, 0.0);
        for (size_t r = 0; r < BN_LEN(rates); r++) {
            double angle[7], from[7];
            for (size_t i = 0; i < 7; i++)
                angle[i] = from[i] = 0.1 + 0.85 * (double)i;
            bn_flow_carry(f, rates[r] / (k * a), 7, angle);
            for (size_t i = 0; i < 7; i++) {
                const double u = k * from[i] + s, turns = BN_TWO_PI * floor(u / BN_TWO_PI + 0.5);
                const double to = turns + 2.0 * atan(tan((u - turns) / 2.0) * exp(rates[r]));
                assert_close(angle[i], (to - s) / k, 0, 1e-5 * fabs(to - u) / k + 1e-12);
            }
        }
        bn_flow_free(f);
    }
}

static void lines_through_zero(void **state)
{
    (void)state;
    const double x[] = { -2, -1, 1, 2 }, y[] = { -4, -2, 2, 4 }, flat[] = { 0, 0, 0, 0 };
    const double bent[] = { -2, 0, 0, 2 };
    double slope, r2;
    bn_flow_line(4, x, y, &slope, &r2);
    assert_close(slope, 2, 0, 0);
    assert_close(r2, 1, 0, 0);
    bn_flow_line(4, x, flat, &slope, &r2);
    assert_close(slope, 0, 0, 0);
    assert_close(r2, 0, 0, 0);
    bn_flow_line(4, x, bent, &slope, &r2);       /* 8/10; 1 - (2 .16 + 2 .64)/8 */
    assert_close(slope, 0.8, 1e-15, 0);
    assert_close(r2, 0.8, 1e-15, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(speed_over_a_sine),
        cmocka_unit_test(gain_is_averaged_over_time),
        cmocka_unit_test(zeros_of_a_sine),
        cmocka_unit_test(zeros_between_samples),
        cmocka_unit_test(zeros_are_refined_on_the_drift),
        cmocka_unit_test(zeros_of_random_flows),
        cmocka_unit_test(unresolved_power),
        cmocka_unit_test(out_of_memory),
        cmocka_unit_test(flow_carries_angles), cmocka_unit_test(lines_through_zero),
    };
    return cmocka_run_group_tests_name("flow", tests, NULL, NULL);
}
