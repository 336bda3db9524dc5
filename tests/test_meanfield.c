/* SPDX-License-Identifier: MIT
 * The mean-field equations against closed forms, finite differences, their own
 * simulation, and finite networks.  Numbers without a bound of their own are those of
 * Clark, Abbott & Sompolinsky (2025) for the default process.                */
#include "ring.h"

#include <basin/decode.h>
#include <basin/diagnose.h>
#include <basin/mem.h>
#include <basin/meanfield.h>
#include <basin/network.h>

enum { M = 200 };

static const double process[][2] = { { RING_SIGMA, RING_BETA }, { 0.6, 1.2 }, { 2.5, 4.0 } };

static struct bn_meanfield field(double sigma, double beta, size_t m, double guard)
{
    const struct bn_transfer t = { BN_TRANSFER_ERF, beta, 0.0 };
    struct bn_meanfield mf;
    assert_ok(bn_meanfield_new(&mf, &t, sigma, m, guard));
    return mf;
}

static struct bn_meanfield usual(void)
{
    return field(RING_SIGMA, RING_BETA, M, 1e-12);
}

/* --- the functions ------------------------------------------------------------------- */

static void spectrum_and_gain(void **state)
{
    (void)state;
    const double want[] = { 0.1814, 1.1274, 1.0257, 0.7738, 0.3654, 0.0831, 0.0097 };
    struct bn_meanfield mf = usual();
    for (size_t n = 0; n < BN_LEN(want); n++) {
        assert_close(bn_meanfield_eigenvalue(&mf, n, 1e-12), want[n], 0, 5e-5);
        assert_close(mf.gain * mf.hat[n], want[n], 0, 5e-5);
        assert_close(mf.power[n] * mf.phi[n], mf.hat[n], 1e-9, 0);
    }
    assert_close(mf.gain, RING_BETA / sqrt(1.0 + 0.25 * BN_TWO_PI * RING_BETA * RING_BETA),
                 1e-12, 0);
    bn_meanfield_free(&mf);
}

/* E[phi(x) E[phi(y) | x]] by the trapezoidal rule over x; given x, y is normal with mean
 * H x/a and variance Q - H^2/a, over which erf averages to an erf.  With Q = a everywhere
 * (variances not told apart) the rows with another Q are off by up to 0.29.  */
static double by_quadrature(const struct bn_meanfield *mf, double q, double h)
{
    const double a = mf->variance, k = 0.5 * mf->transfer.beta * sqrt(0.5 * BN_TWO_PI);
    const double spread = sqrt(1.0 + 2.0 * k * k * (q - h * h / a)), step = 0.01;
    double sum = 0.0;
    for (int i = -900; i <= 900; i++) {
        const double z = i * step, x = sqrt(a) * z;
        sum += step / sqrt(BN_TWO_PI) * exp(-0.5 * z * z) * (1.0 + erf(k * x))
             * (1.0 + erf(k * h / a * x / spread));
    }
    return sum;
}

static void rate_is_the_average(void **state)
{
    (void)state;
    for (size_t p = 0; p < BN_LEN(process); p++) {
        struct bn_meanfield mf = field(process[p][0], process[p][1], M, 1e-12);
        for (double q = 0.2; q < 4.0; q *= 1.7) {
            double h[M], g[M], by_h[M], by_q[M], up[M], down[M];
            const double most = sqrt(q * mf.variance), e = 1e-5;
            for (size_t k = 0; k < M; k++)
                h[k] = most * (-0.9 + 1.8 * (double)k / (M - 1));
            bn_meanfield_rate(&mf, q, h, g, by_h, by_q);
            for (size_t k = 0; k < M; k += 20)
                assert_close(g[k], by_quadrature(&mf, q, h[k]), 1e-11, 0);
            bn_meanfield_rate(&mf, q + e, h, up, NULL, NULL);
            bn_meanfield_rate(&mf, q - e, h, down, NULL, NULL);
            for (size_t k = 0; k < M; k++)
                assert_close(by_q[k], (up[k] - down[k]) / (2 * e), 1e-6, 1e-8);
            for (size_t k = 0; k < M; k++)
                h[k] += e;
            bn_meanfield_rate(&mf, q, h, up, NULL, NULL);
            for (size_t k = 0; k < M; k++)
                h[k] -= 2 * e;
            bn_meanfield_rate(&mf, q, h, down, NULL, NULL);
            for (size_t k = 0; k < M; k++)
                assert_close(by_h[k], (up[k] - down[k]) / (2 * e), 1e-6, 1e-8);
        }
        bn_meanfield_free(&mf);
    }
}

/* --- steady states -------------------------------------------------------------------- */

/* G(G^phi) = G^phi to rounding without a guard; with one, H loses guard Jhat_n of each
 * harmonic, 9 guard at most, and Newton finds the fixed point again.  Sums that take
 * n >= 1 once instead of twice leave 0.23.                                   */
static void bump_is_a_fixed_point(void **state)
{
    (void)state;
    for (size_t p = 0; p < BN_LEN(process); p++) {
        double g[400], s[64], q;
        struct bn_meanfield mf = field(process[p][0], process[p][1], 400, 0.0);
        bool found;
        assert_ok(bn_meanfield_overlap(&mf, mf.rate, NULL, g));
        for (size_t k = 0; k < 400; k++)
            assert_close(g[k], mf.rate[k], 0, 1e-12);
        bn_meanfield_free(&mf);
        mf = field(process[p][0], process[p][1], 400, 1e-5);
        double loss = 0.0, away = 0.0, again = 0.0;
        for (size_t n = 0; n <= mf.harmonics; n++)
            loss += (n > 0 ? 2.0 : 1.0) * 1e-5 * mf.hat[n];
        assert_ok(bn_meanfield_bump(&mf, s, &found));
        assert_true(found);
        bn_meanfield_state(&mf, s, g, NULL, &q);
        double other[400];
        assert_ok(bn_meanfield_overlap(&mf, g, NULL, other));
        for (size_t k = 0; k < 400; k++)
            again = fmax(again, fabs(other[k] - g[k]));
        assert_ok(bn_meanfield_overlap(&mf, mf.rate, NULL, g));
        for (size_t k = 0; k < 400; k++)
            away = fmax(away, fabs(g[k] - mf.rate[k]));
        assert_true(away > 1e-7 && away < 10.0 * loss);
        assert_close(again, 0, 0, 1e-13);
        bn_meanfield_free(&mf);
    }
}

/* A ridge shrinks the bump until, at the limit, it is the homogeneous state: just below
 * there is a small bump, whose square grows with the distance from the limit (a
 * supercritical bifurcation, found by Newton from G^phi), just above none.   */
static void bump_vanishes_under_a_ridge(void **state)
{
    (void)state;
    for (size_t p = 0; p < BN_LEN(process); p++) {
        static const double share[] = { 0.96, 0.98, 1.02, 2.0 };
        struct bn_meanfield mf = field(process[p][0], process[p][1], M, 1e-12);
        double limit, first[4];
        assert_ok(bn_meanfield_ridge_limit(&mf, &limit));
        bn_meanfield_free(&mf);
        for (size_t k = 0; k < 4; k++) {
            double s[64], level, mode[64];
            bool found;
            mf = field(process[p][0], process[p][1], M, share[k] * limit);
            assert_ok(bn_meanfield_bump(&mf, s, &found));
            assert_int_equal(found, k < 2);
            bn_meanfield_homogeneous(&mf, &level);
            bn_meanfield_homogeneous_modes(&mf, level, mode);
            assert_true((mode[1] > 0.0) == (k < 2));
            first[k] = s[1];
            bn_meanfield_free(&mf);
        }
        assert_close(pow(first[0] / first[1], 2), 2.0, 0, 0.2);
    }
}

/* The constant solves the equations, alone of all constants, and its closed form agrees
 * with the general eigenproblem: every n >= 1 once among cosines, once among sines. */
static void homogeneous_state(void **state)
{
    (void)state;
    for (size_t p = 0; p < BN_LEN(process); p++) {
        struct bn_meanfield mf = field(process[p][0], process[p][1], M, 1e-12);
        struct bn_meanfield_modes modes;
        double level, m[M], g[M], s[64] = { 0 }, mode[64];
        size_t crossings = 0;
        const size_t h = mf.harmonics;
        bn_meanfield_homogeneous(&mf, &level);
        for (size_t k = 0; k < M; k++)
            m[k] = level;
        assert_ok(bn_meanfield_overlap(&mf, m, NULL, g));
        for (size_t k = 0; k < M; k++)
            assert_close(g[k], level, 0, 1e-13);
        double last = 0.0;
        for (int i = 0; i <= 400; i++) {
            for (size_t k = 0; k < M; k++)
                m[k] = -5.0 + 0.025 * i;
            assert_ok(bn_meanfield_overlap(&mf, m, NULL, g));
            const double now = g[0] - m[0];
            crossings += i > 0 && now * last < 0.0;
            last = now;
        }
        assert_int_equal(crossings, 1);
        bn_meanfield_homogeneous_modes(&mf, level, mode);
        s[0] = level;
        assert_ok(bn_meanfield_modes(&mf, s, &modes));
        for (size_t n = 0; n <= h; n++) {
            double even = INFINITY, odd = n > 0 ? INFINITY : 0.0;
            for (size_t k = 0; k <= h; k++)
                even = fmin(even, fabs(modes.even_re[k] - mode[n]));
            for (size_t k = 0; n > 0 && k < h; k++)
                odd = fmin(odd, fabs(modes.odd[k] - mode[n]));
            assert_close(even, 0, 0, 1e-11);
            assert_close(odd, 0, 0, 1e-11);
        }
        assert_close(modes.tangent, 0, 0, 0);        /* it has none: nothing is left out */
        assert_close(modes.gap, fmax(modes.even_re[0], modes.odd[0]), 0, 0);
        bn_meanfield_modes_free(&modes);
        bn_meanfield_free(&mf);
    }
}

/* All eigenvalues of dG/dm by central differences of the dynamics' own G. */
static void jacobian_by_differences(const struct bn_meanfield *mf, const double *at,
                                    double *re, double *im)
{
    const size_t m = mf->angles;
    struct bn_mat j = mat_make(m, m), y = mat_make(3, m);
    double *up = bn_mat_row(&y, 1), *down = bn_mat_row(&y, 2);
    const double e = 1e-5;
    for (size_t k = 0; k < m; k++) {
        memcpy(y.data, at, m * sizeof *at);
        y.data[k] = at[k] + e;
        assert_ok(bn_meanfield_overlap(mf, y.data, NULL, up));
        y.data[k] = at[k] - e;
        assert_ok(bn_meanfield_overlap(mf, y.data, NULL, down));
        for (size_t i = 0; i < m; i++)
            *bn_mat_at(&j, i, k) = (up[i] - down[i]) / (2 * e) - (i == k ? 1.0 : 0.0);
    }
    assert_ok(bn_eig_general(&j, re, im));
    bn_mat_free(&j), bn_mat_free(&y);
}

/* Each of the modes is an eigenvalue of the differences, and the other way round for all
 * that are not -1.  Without the change of Q the first cosine mode is +0.45, not -0.18. */
static void modes_are_those_of_the_dynamics(void **state)
{
    (void)state;
    enum { K = 91 };
    for (size_t p = 0; p < BN_LEN(process); p++) {
        struct bn_meanfield mf = field(process[p][0], process[p][1], K, 1e-12);
        struct bn_meanfield_modes modes;
        double s[64], g[K], q, re[K], im[K];
        const size_t h = mf.harmonics;
        bool found;
        assert_ok(bn_meanfield_bump(&mf, s, &found));
        bn_meanfield_state(&mf, s, g, NULL, &q);
        jacobian_by_differences(&mf, g, re, im);
        assert_ok(bn_meanfield_modes(&mf, s, &modes));
        for (size_t k = 0; k < 2 * h + 1; k++) {
            const double r = k <= h ? modes.even_re[k] : modes.odd[k - h - 1];
            const double i = k <= h ? modes.even_im[k] : 0.0;
            double near = INFINITY;
            for (size_t j = 0; j < K; j++)
                near = fmin(near, hypot(re[j] - r, im[j] - i));
            assert_close(near, 0, 0, 1e-7);
        }
        for (size_t j = 0; j < K; j++) {
            double near = fabs(re[j] + 1.0);
            for (size_t k = 0; k < 2 * h + 1; k++)
                near = fmin(near, hypot(re[j] - (k <= h ? modes.even_re[k]
                                                        : modes.odd[k - h - 1]),
                                        im[j] - (k <= h ? modes.even_im[k] : 0.0)));
            assert_close(near, 0, 0, 1e-6);
        }
        bn_meanfield_modes_free(&modes);
        bn_meanfield_free(&mf);
    }
}

/* One zero mode, exactly (rounding), and the published gap; a guard does not move the
 * zero mode of its own bump.                                                */
static void zero_mode_and_gap(void **state)
{
    (void)state;
    for (double guard = 0.0; guard < 1e-2; guard = guard > 0.0 ? 1e3 * guard : 1e-12) {
        struct bn_meanfield mf = field(RING_SIGMA, RING_BETA, M, guard);
        struct bn_meanfield_modes modes;
        double s[64];
        bool found;
        assert_ok(bn_meanfield_bump(&mf, s, &found));
        assert_true(found);
        assert_ok(bn_meanfield_modes(&mf, s, &modes));
        assert_close(modes.tangent, 0, 0, 1e-11);
        assert_close(modes.gap, -0.16, 0, guard < 1e-6 ? 0.005 : 0.02);
        bn_meanfield_modes_free(&modes);
        bn_meanfield_free(&mf);
    }
}

/* --- dynamics --------------------------------------------------------------------------- */

static const struct bn_meanfield_clock fine = { BN_MEANFIELD_RK4, 1.0, 0.05, 0, 1 };

/* Differences of successive states decay at the rate of the slowest mode that the
 * disturbance has: cosines at even_re[0], sines at the gap (the bump that it settles to
 * has moved, which differences do not see).                                   */
static void disturbed_bump_returns(void **state)
{
    (void)state;
    struct bn_meanfield mf = usual();
    struct bn_meanfield_modes modes;
    struct bn_meanfield_clock clock = fine;
    double s[64];
    bool found;
    assert_ok(bn_meanfield_bump(&mf, s, &found));
    assert_ok(bn_meanfield_modes(&mf, s, &modes));
    for (int sine = 0; sine <= 1; sine++) {
        double m[M], mhat[M] = { 0 }, last[M], size[2];
        for (size_t k = 0; k < M; k++) {
            const double a = BN_TWO_PI * (double)k / M;
            m[k] = mf.rate[k] + 1e-4 * (sine ? sin(2.0 * a) : cos(a) + 0.5);
        }
        clock.steps = 600;               /* 30 tau; then 5 tau between looks */
        assert_ok(bn_meanfield_run(&mf, &clock, NULL, m, mhat, NULL, NULL));
        clock.steps = 100;
        for (int i = 0; i < 2; i++) {
            memcpy(last, m, sizeof m);
            assert_ok(bn_meanfield_run(&mf, &clock, NULL, m, mhat, NULL, NULL));
            for (size_t k = 0; k < M; k++)
                last[k] -= m[k];
            size[i] = bn_norm(M, last);
        }
        assert_true(size[1] > 1e-12);
        assert_close(log(size[1] / size[0]) / 5.0, sine ? modes.gap : modes.even_re[0], 2e-3,
                     0);
    }
    bn_meanfield_modes_free(&modes);
    bn_meanfield_free(&mf);
}

/* From beside the homogeneous state the first harmonic grows at its rate and a bump
 * stands at the end, of the right shape, where the disturbance was.          */
static void homogeneous_state_gives_way(void **state)
{
    (void)state;
    struct bn_meanfield mf = usual();
    struct bn_meanfield_clock clock = fine;
    double level, mode[64], m[M], mhat[M] = { 0 }, hat[2], first;
    const size_t at = 37;
    bn_meanfield_homogeneous(&mf, &level);
    bn_meanfield_homogeneous_modes(&mf, level, mode);
    for (size_t k = 0; k < M; k++)
        m[k] = level + 1e-6 * cos(BN_TWO_PI * ((double)k - (double)at) / M);
    clock.steps = 100;
    double c[3], f[M];
    struct bn_mat in = { 1, M, f }, out = { 1, 3, c };
    for (int i = 0; i < 2; i++) {
        assert_ok(bn_meanfield_run(&mf, &clock, NULL, m, mhat, NULL, NULL));
        memcpy(f, m, sizeof f);
        assert_ok(bn_fourier(&in, &out));
        hat[i] = hypot(c[1], c[2]);
    }
    first = log(hat[1] / hat[0]) / 5.0;
    assert_close(first, mode[1], 1e-3, 0);
    clock.steps = 4000;
    assert_ok(bn_meanfield_run(&mf, &clock, NULL, m, mhat, NULL, NULL));
    for (size_t k = 0; k < M; k++)
        assert_close(m[(k + at) % M], mf.rate[k], 0, 1e-9);
    bn_meanfield_free(&mf);
}

/* m and mhat turned by three grid steps give G turned by three; mirrored with mhat -> -mhat
 * they give G mirrored.                                                      */
static void turns_and_mirrors(void **state)
{
    (void)state;
    struct bn_meanfield mf = usual();
    double m[2][M], h[2][M], g[3][M];
    for (size_t k = 0; k < M; k++) {
        const double a = BN_TWO_PI * (double)k / M;
        m[0][k] = 1.2 + 0.6 * cos(a - 0.3) + 0.2 * sin(3 * a);
        h[0][k] = 0.05 * cos(a) - 0.02 * sin(2 * a);
    }
    assert_ok(bn_meanfield_overlap(&mf, m[0], h[0], g[0]));
    for (size_t k = 0; k < M; k++) {
        m[1][(k + 3) % M] = m[0][k];
        h[1][(k + 3) % M] = h[0][k];
    }
    assert_ok(bn_meanfield_overlap(&mf, m[1], h[1], g[1]));
    for (size_t k = 0; k < M; k++) {
        m[1][(M - k) % M] = m[0][k];
        h[1][(M - k) % M] = -h[0][k];
    }
    assert_ok(bn_meanfield_overlap(&mf, m[1], h[1], g[2]));
    for (size_t k = 0; k < M; k++) {
        assert_close(g[1][(k + 3) % M], g[0][k], 1e-12, 0);
        assert_close(g[2][(M - k) % M], g[0][k], 1e-12, 0);
    }
    bn_meanfield_free(&mf);
}

/* --- velocity ---------------------------------------------------------------------------- */

/* With s = G = G^phi(theta - a) and da/dt = omega, s stays G for any omega(t): tau ds/dt
 * = -s + G - tau omega G'.  So G turns by the integral, and m_n is G_n through a linear
 * filter: at constant omega, from m = G,
 *     m_n(t) = G^phi_n ((e^{-i n omega t} - e^{-t/tau})/(1 - i n omega tau) + e^{-t/tau}). */
static double filtered(const struct bn_meanfield *mf, double omega, double tau, double t,
                       double theta)
{
    const double decay = exp(-t / tau);
    double sum = mf->phi[0];
    for (size_t n = 1; n <= mf->harmonics; n++) {
        const double k = (double)n, b = k * omega * tau, a = -k * omega * t;
        const double re = cos(a) - decay, im = sin(a);
        const double c = (re - im * b) / (1.0 + b * b) + decay;      /* times (1 + i b) */
        const double d = (im + re * b) / (1.0 + b * b);
        sum += 2.0 * mf->phi[n] * (c * cos(k * theta) - d * sin(k * theta));
    }
    return sum;
}

struct seen {
    double m[M], g[M];
};

static bn_status look(void *context, size_t save, const double *m, const double *g)
{
    struct seen *s = context;
    (void)save;
    memcpy(s->m, m, sizeof s->m);
    memcpy(s->g, g, sizeof s->g);
    return BN_OK;
}

/* The first 13 harmonics, which filtered() knows, of a curve, and their peak. */
static double peak_of(const struct bn_meanfield *mf, const double *curve, double *low)
{
    double c[64], grid[M], value, f[M];
    struct bn_mat in = { 1, M, f }, out = { 1, 2 * mf->harmonics + 1, c }, back = { 1, M, grid };
    memcpy(f, curve, sizeof f);
    assert_ok(bn_fourier(&in, &out));
    assert_ok(bn_fourier_inverse(&out, &back));
    if (low != NULL)
        memcpy(low, grid, sizeof grid);
    return bn_fourier_extremum(c, out.cols, grid, M, 1, &value);
}

static struct seen turn(const struct bn_meanfield *mf, enum bn_meanfield_method method,
                        double dt, double omega, double t)
{
    const size_t steps = (size_t)llround(t / dt);
    const struct bn_meanfield_clock clock = { method, 0.05, dt, steps, steps };
    struct bn_mat speed = mat_make(1, steps);
    double m[M], mhat[M] = { 0 };
    struct seen seen;
    for (size_t k = 0; k < steps; k++)
        speed.data[k] = omega;
    memcpy(m, mf->rate, sizeof m);
    assert_ok(bn_meanfield_run(mf, &clock, speed.data, m, mhat, look, &seen));
    bn_mat_free(&speed);
    return seen;
}

/* The peak of m = E[G(theta + v U)], v = omega tau, U exponential of mean 1, lags by v and
 * in third order, from E[(U - 1)^3] = 2, by v^3 G''''/(3 G'').  Decoding m in the place
 * of G would be off by that, 0.04 rad at 0.8 rad/s.                         */
static void constant_velocity_is_integrated(void **state)
{
    (void)state;
    struct bn_meanfield mf = usual();
    double second = 0.0, fourth = 0.0;
    for (size_t n = 1; n <= mf.harmonics; n++) {
        second -= pow((double)n, 2) * mf.phi[n];
        fourth += pow((double)n, 4) * mf.phi[n];
    }
    for (double omega = -3.0; omega < 4.0; omega += 3.8) {
        const struct seen s = turn(&mf, BN_MEANFIELD_RK4, 0.0025, omega, 2.0);
        double low[M], want[M];
        for (size_t k = 0; k < M; k++)
            want[k] = filtered(&mf, omega, 0.05, 2.0, BN_TWO_PI * (double)k / M);
        const double g = peak_of(&mf, s.g, NULL), m = peak_of(&mf, s.m, low);
        const double v = 0.05 * omega, third = v * v * v * fourth / (3.0 * second);
        assert_close(bn_ring_difference(g, 2.0 * omega), 0, 0, 1e-7);
        for (size_t k = 0; k < M; k++)
            assert_close(low[k], want[k], 0, 1e-7);
        assert_close(bn_ring_difference(m, peak_of(&mf, want, NULL)), 0, 0, 1e-7);
        if (fabs(omega) < 1.0)
            assert_close(bn_ring_difference(g, m), v + third, 0, 0.1 * fabs(third));
        assert_true(fabs(bn_ring_difference(g, m)) > 0.03);
    }
    bn_meanfield_free(&mf);
}

/* Errors of the whole curve fall with dt for Euler steps and with dt^4 for Runge-Kutta. */
static void orders_of_the_methods(void **state)
{
    (void)state;
    struct bn_meanfield mf = usual();
    const struct {
        enum bn_meanfield_method method;
        double dt, order;
    } row[] = { { BN_MEANFIELD_EULER, 0.002, 1.0 }, { BN_MEANFIELD_RK4, 0.01, 4.0 } };
    for (size_t r = 0; r < 2; r++) {
        double error[2] = { 0 };
        for (int half = 0; half < 2; half++) {
            const double dt = row[r].dt / (1 << half);
            const struct seen s = turn(&mf, row[r].method, dt, 2.0, 1.0);
            double low[M];
            (void)peak_of(&mf, s.m, low);
            for (size_t k = 0; k < M; k++)
                error[half] = fmax(error[half], fabs(low[k] - filtered(&mf, 2.0, 0.05, 1.0,
                                                           BN_TWO_PI * (double)k / M)));
        }
        assert_close(log2(error[0] / error[1]), row[r].order, 0, 0.15);
    }
    bn_meanfield_free(&mf);
}

/* A velocity that changes: G turns by its integral all the same (each value is held for a
 * step, so the integral is the sum).                                         */
static void changing_velocity_is_integrated(void **state)
{
    (void)state;
    enum { STEPS = 800 };
    struct bn_meanfield mf = usual();
    const struct bn_meanfield_clock clock = { BN_MEANFIELD_RK4, 0.05, 0.005, STEPS, STEPS };
    double omega[STEPS], turned = 0.0, m[M], mhat[M] = { 0 };
    struct seen s;
    for (size_t k = 0; k < STEPS; k++) {
        omega[k] = 2.0 * sin(0.02 * (double)k) + 1.5 * cos(0.11 * (double)k) + 0.7;
        turned += omega[k] * clock.dt;
    }
    memcpy(m, mf.rate, sizeof m);
    assert_ok(bn_meanfield_run(&mf, &clock, omega, m, mhat, look, &s));
    assert_close(bn_ring_difference(peak_of(&mf, s.g, NULL), turned), 0, 0, 1e-6);
    assert_true(fabs(turned) > 2.0);
    bn_meanfield_free(&mf);
}

/* --- finite networks ------------------------------------------------------------------------ */

enum { ANGLES = 121 };

static struct ring_net net_with(size_t n, double lambda, uint64_t seed)
{
    return ring_net_make(n, ANGLES, RING_SIGMA, RING_BETA, lambda, seed);
}

static struct ring_net net_make(size_t n, uint64_t seed)
{
    return net_with(n, 1e-8, seed);
}

static void mean_and_error(const double *x, size_t n, double *mean, double *error)
{
    double square = 0.0;
    *mean = 0.0;
    for (size_t k = 0; k < n; k++)
        *mean += x[k] / (double)n;
    for (size_t k = 0; k < n; k++)
        square += (x[k] - *mean) * (x[k] - *mean);
    *error = sqrt(square / (double)(n * (n - 1)));
}

/* N (e+ - e-)^2 of doublets 1 .. 4 of J, over seeds, with its sign (complex pairs have a
 * negative square) and without; and how many pairs are complex.  Five standard errors of
 * the seeds, plus those of the 40,000 draws (two per cent).  Without the fluctuations of
 * the rate covariance, e phi phi, stretch2 is ten times as large for n = 1; a symmetric J has
 * no complex pair.                                                           */
static void splitting_of_doublets(void **state)
{
    (void)state;
    enum { N = 1600, SEEDS = 48 };
    struct bn_meanfield mf = field(RING_SIGMA, RING_BETA, ANGLES, 1e-12);
    double stretch[4], turn[4], sign[4][SEEDS], size[4][SEEDS], mean, error, share = 0.0;
    double want = 0.0;
    size_t complex = 0;
    assert_ok(bn_meanfield_splitting(&mf, 1e-8, (struct bn_rng){ .seed = 3 }, 40000, 4, stretch,
                                     turn));
    for (size_t s = 0; s < SEEDS; s++) {
        double re[16], im[16];
        size_t found;
        struct ring_net w = net_make(N, s + 1);
        assert_ok(bn_diagnose_spectrum(&w.net.weights, false, 10, re, im, &found, NULL));
        for (size_t k = 0; k < 4; k++) {
            const double dr = re[2 * k] - re[2 * k + 1], di = im[2 * k] - im[2 * k + 1];
            sign[k][s] = N * (dr * dr - di * di);
            size[k][s] = fabs(sign[k][s]);
            complex += di != 0.0;
        }
        ring_net_free(&w);
    }
    for (size_t k = 0; k < 4; k++) {
        const double split = bn_meanfield_split(stretch[k], turn[k]);
        mean_and_error(sign[k], SEEDS, &mean, &error);
        assert_close(mean, stretch[k] - turn[k], 0.1, 5.0 * error);
        mean_and_error(size[k], SEEDS, &mean, &error);
        assert_close(mean, split * split, 0.1, 5.0 * error);
        want += 0.25 * bn_meanfield_complex(stretch[k], turn[k]);
    }
    share = (double)complex / (4 * SEEDS);
    error = sqrt(want * (1.0 - want) / (4 * SEEDS));
    assert_close(share, want, 0, 5.0 * error);
    assert_true(want > 5.0 * error);
    bn_meanfield_free(&mf);
}

/* The formulas for the two moments against a plain sum over normal numbers. */
static void moments_of_splitting(void **state)
{
    (void)state;
    enum { K = 200000 };
    static const double row[][2] = { { 1, 0.3 }, { 0.5, 2 }, { 1, 0 }, { 3, 3 } };
    struct bn_mat z = mat_random(3, K, 9);
    for (size_t r = 0; r < BN_LEN(row); r++) {
        double size = 0.0, square = 0.0, complex = 0.0;
        for (size_t k = 0; k < K; k++) {
            const double a = bn_mat_row(&z, 0)[k], b = bn_mat_row(&z, 1)[k];
            const double c = bn_mat_row(&z, 2)[k];
            const double d = 0.5 * row[r][0] * (a * a + b * b) - row[r][1] * c * c;
            size += fabs(d) / K;
            square += d * d / K;
            complex += d < 0.0 ? 1.0 / K : 0.0;
        }
        const double split = bn_meanfield_split(row[r][0], row[r][1]);
        assert_close(split * split, size, 0, 5.0 * sqrt(square / K));
        assert_close(bn_meanfield_complex(row[r][0], row[r][1]), complex, 0,
                     5.0 * sqrt(0.25 / K));
    }
    bn_mat_free(&z);
}

/* Eigenvalues of the network's Jacobian on the ring come as the theory's.  Single ones
 * repel each other at finite N, their sums do not: the two slowest of all, and the next
 * two, over seeds and angles, within five standard errors and 10/N.            */
static void jacobian_of_finite_networks(void **state)
{
    (void)state;
    enum { N = 1500, SEEDS = 12, K = 4 };
    struct bn_meanfield mf = field(RING_SIGMA, RING_BETA, ANGLES, 1e-12);
    struct bn_meanfield_modes modes;
    double s[64], sum[2][SEEDS] = { { 0 } }, theta[K], mean, error;
    bool found;
    assert_ok(bn_meanfield_bump(&mf, s, &found));
    assert_ok(bn_meanfield_modes(&mf, s, &modes));
    bn_ring_grid(K, theta);
    for (size_t seed = 0; seed < SEEDS; seed++) {
        struct ring_net w = net_make(N, 100 + seed);
        struct bn_points p;
        assert_ok(bn_diagnose_points(&w.net, theta, K, &p));
        for (size_t k = 0; k < K; k++) {
            double re[10], im[10], overlap, value;
            size_t count, tangent, pair = 0;
            assert_ok(bn_diagnose_jacobian(&w.net, &p, k, 6, re, im, &count, &tangent,
                                           &overlap, &value));
            for (size_t i = 0; i < count && pair < 4; i++)
                if (i != tangent)
                    sum[pair++ / 2][seed] += re[i] / K;
        }
        bn_points_free(&p);
        ring_net_free(&w);
    }
    mean_and_error(sum[0], SEEDS, &mean, &error);
    assert_close(mean, modes.odd[1] + modes.even_re[0], 0, 5.0 * error + 10.0 / N);
    assert_true(5.0 * error + 10.0 / N < 0.1);
    mean_and_error(sum[1], SEEDS, &mean, &error);
    assert_close(mean, modes.odd[2] + modes.even_re[1], 0, 5.0 * error + 10.0 / N);
    bn_meanfield_modes_free(&modes);
    bn_meanfield_free(&mf);
}

struct follow {
    struct bn_mat phi;                   /* first coefficients of the targets */
    double g[25], m[25], curve[ANGLES];
};

/* G of the network, and m as its low-pass by the same Euler steps. */
static bn_status filter(void *context, size_t first, size_t save, const struct bn_mat *x,
                        const struct bn_mat *rate)
{
    struct follow *f = context;
    struct bn_mat g = { 1, 25, f->g };
    (void)first, (void)save, (void)x;
    if (save > 0)
        for (size_t k = 0; k < 25; k++)
            f->m[k] += 0.1 * (f->g[k] - f->m[k]);
    BN_TRY(bn_gemm(1.0 / (double)rate->cols, rate, BN_PLAIN, &f->phi, BN_PLAIN, 0.0, &g));
    if (save == 0)
        memcpy(f->m, f->g, sizeof f->m);
    return BN_OK;
}

static double peak_of_row(double *c, double *curve)
{
    struct bn_mat in = { 1, 25, c }, out = { 1, ANGLES, curve };
    double value;
    assert_ok(bn_fourier_inverse(&in, &out));
    return bn_fourier_extremum(c, 25, curve, ANGLES, 1, &value);
}

/* A network at 0.8 rad/s for 1 s: its overlap is the theory's G, turned by the integral,
 * and the low-passed overlap lags as the theory's m does.  5/sqrt N in all: fluctuations
 * of a mean over N neurons of order 1.                                       */
static void network_follows_the_theory(void **state)
{
    (void)state;
    enum { N = 4000, STEPS = 200 };
    struct bn_meanfield mf = field(RING_SIGMA, RING_BETA, ANGLES, 1e-12);
    struct ring_net w = net_make(N, 77);
    const struct bn_network run = { .weights = w.net.weights, .velocity = w.velocity,
        .transfer = w.ring.transfer, .tau = 0.05, .dt = 0.005 };
    struct bn_mat omega = mat_make(STEPS, 1);
    struct follow f = { .phi = mat_make(N, 25) };
    const double start = 1.0, five = 5.0 / sqrt(N);
    struct bn_points p;
    double c[25], curve[ANGLES], sum = 0.0;
    for (size_t k = 0; k < STEPS; k++)
        omega.data[k] = 0.8;
    for (size_t i = 0; i < N; i++)
        memcpy(bn_mat_row(&f.phi, i), bn_mat_row(&w.ring.phi, i), 25 * sizeof(double));
    assert_ok(bn_diagnose_points(&w.net, &start, 1, &p));
    assert_ok(bn_network_run(&run, &p.x, STEPS, 1, &omega, (struct bn_rng){ 0 }, filter, &f));
    const double g = peak_of_row(f.g, curve), m = peak_of_row(f.m, f.curve);
    assert_close(bn_ring_difference(g, start + 0.8), 0, 0, five);
    assert_close(bn_ring_difference(g, m), 0.0395, five, 0);
    bn_fourier_basis(g, 25, 0, c);
    for (size_t k = 0; k < 25; k++)      /* G^phi(theta - g) in coefficients */
        c[k] *= mf.phi[(k + 1) / 2];
    (void)peak_of_row(c, f.curve);
    for (size_t k = 0; k < ANGLES; k++)
        sum += (curve[k] - f.curve[k]) * (curve[k] - f.curve[k]) / ANGLES;
    assert_close(sqrt(sum), 0, 0, five);
    bn_points_free(&p);
    bn_mat_free(&omega), bn_mat_free(&f.phi);
    ring_net_free(&w);
    bn_meanfield_free(&mf);
}

struct first_harmonic {
    struct bn_mat phi;                   /* [N, 3] */
    double size[8];
};

static bn_status first_harmonic(void *context, size_t first, size_t save, const struct bn_mat *x,
                                const struct bn_mat *rate)
{
    struct first_harmonic *f = context;
    double c[3 * 8];
    struct bn_mat g = { rate->rows, 3, c };
    (void)save, (void)x;
    BN_TRY(bn_gemm(1.0 / (double)rate->cols, rate, BN_PLAIN, &f->phi, BN_PLAIN, 0.0, &g));
    for (size_t t = 0; t < rate->rows; t++)
        f->size[first + t] = hypot(c[3 * t + 1], c[3 * t + 2]) / sqrt(2.0);
    return BN_OK;
}

/* With guard = lambda the theory is that of weights with that ridge: after 60 tau from the
 * ring the first harmonic of a network's overlap is that of the theory's bump, mean over
 * eight angles, within 5/sqrt N; a tenth of lambda would be outside.         */
static void guard_is_the_ridge(void **state)
{
    (void)state;
    enum { N = 4000, K = 8 };
    const double lambda = 0.06;
    struct ring_net w = net_with(N, lambda, 5);
    const struct bn_network run = { .weights = w.net.weights, .transfer = w.ring.transfer,
        .tau = 1.0, .dt = 0.1 };
    struct first_harmonic f = { .phi = mat_make(N, 3) };
    struct bn_points p;
    double theta[K], s[2][64], mean = 0.0;
    for (size_t k = 0; k < 2; k++) {
        struct bn_meanfield mf = field(RING_SIGMA, RING_BETA, ANGLES, k ? 0.1 * lambda : lambda);
        bool found;
        assert_ok(bn_meanfield_bump(&mf, s[k], &found));
        assert_true(found);
        bn_meanfield_free(&mf);
    }
    for (size_t i = 0; i < N; i++)
        memcpy(bn_mat_row(&f.phi, i), bn_mat_row(&w.ring.phi, i), 3 * sizeof(double));
    bn_ring_grid(K, theta);
    assert_ok(bn_diagnose_points(&w.net, theta, K, &p));
    assert_ok(bn_network_run(&run, &p.x, 600, 600, NULL, (struct bn_rng){ 0 }, first_harmonic,
                             &f));
    for (size_t k = 0; k < K; k++)
        mean += f.size[k] / K;
    assert_close(mean, s[0][1], 5.0 / sqrt(N), 0);
    assert_true(fabs(mean - s[1][1]) > 5.0 / sqrt(N) * mean);
    bn_points_free(&p);
    bn_mat_free(&f.phi);
    ring_net_free(&w);
}

/* --- bad input ----------------------------------------------------------------------------- */

static void refusals(void **state)
{
    (void)state;
    const struct {
        struct bn_transfer t;
        double sigma;
        size_t m;
        double guard;
        const char *says;
    } row[] = {
        { { BN_TRANSFER_ERF, 2, 0 }, 0, M, 0, "sigma = 0 and beta = 2" },
        { { BN_TRANSFER_ERF, 2, 0 }, -1, M, 0, "must both be positive" },
        { { BN_TRANSFER_ERF, 0, 0 }, 1, M, 0, "beta = 0" },
        { { BN_TRANSFER_ERF, NAN, 0 }, 1, M, 0, "positive and finite" },
        { { BN_TRANSFER_ERF, 2, 0 }, INFINITY, M, 0, "positive and finite" },
        { { BN_TRANSFER_ERF, 2, 0 }, 1, M, -1, "guard = -1" },
        { { BN_TRANSFER_ERF, 2, 0 }, 4, 72, 0, "72 angles cannot carry the 36 harmonics" },
        { { BN_TRANSFER_ERF, 2, 0 }, 1e30, M, 0, "angles cannot carry" },
        { { BN_TRANSFER_ERF, 2, 0.5 }, 1, M, 0, "threshold 0.5" },
        { { BN_TRANSFER_SOFTPLUS, 2, 0 }, 1, M, 0, "only for erf rates" },
    };
    struct bn_meanfield mf;
    for (size_t k = 0; k < BN_LEN(row); k++) {
        assert_fails(bn_meanfield_new(&mf, &row[k].t, row[k].sigma, row[k].m, row[k].guard),
                     BN_USAGE);
        assert_says(bn_error(), row[k].says);
        assert_null(mf.x);
    }
    double a[64], b[64];
    mf = usual();
    assert_fails(bn_meanfield_splitting(&mf, 0, (struct bn_rng){ 0 }, 10, mf.harmonics + 1, a,
                                        b), BN_USAGE);
    assert_fails(bn_meanfield_splitting(&mf, 0, (struct bn_rng){ 0 }, 0, 1, a, b), BN_USAGE);
    bn_meanfield_free(&mf);
}

static bn_status everything(double *gap)
{
    const struct bn_transfer t = { BN_TRANSFER_ERF, RING_BETA, 0.0 };
    const struct bn_meanfield_clock clock = { BN_MEANFIELD_RK4, 0.05, 0.005, 2, 1 };
    struct bn_meanfield_modes modes = { 0 };
    struct bn_meanfield mf;
    struct seen seen;
    double s[64], m[M], mhat[M] = { 0 };
    bool found;
    BN_TRY(bn_meanfield_new(&mf, &t, RING_SIGMA, M, 1e-12));
    memcpy(m, mf.rate, sizeof m);
    bn_status rc = bn_meanfield_bump(&mf, s, &found);
    if (rc == BN_OK)
        rc = bn_meanfield_modes(&mf, s, &modes);
    if (rc == BN_OK)
        rc = bn_meanfield_run(&mf, &clock, NULL, m, mhat, look, &seen);
    if (rc == BN_OK)
        rc = bn_meanfield_overlap(&mf, m, mhat, mhat);
    if (rc == BN_OK)
        rc = bn_meanfield_splitting(&mf, 1e-8, (struct bn_rng){ 0 }, 4, 2, m, mhat);
    *gap = modes.gap;
    bn_meanfield_modes_free(&modes);
    bn_meanfield_free(&mf);
    return rc;
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    bn_status rc = BN_NOMEM;
    double gap;
    long n = 0;
    for (; rc != BN_OK && n < 1000; n++) {
        bn_alloc_fail_after(n);
        rc = everything(&gap);
        assert_true(rc == BN_OK || rc == BN_NOMEM);
    }
    bn_alloc_fail_after(-1);
    assert_true(n > 20 && n < 1000);
    assert_close(gap, -0.16, 0, 0.005);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(spectrum_and_gain),
        cmocka_unit_test(rate_is_the_average),
        cmocka_unit_test(bump_is_a_fixed_point),
        cmocka_unit_test(bump_vanishes_under_a_ridge),
        cmocka_unit_test(homogeneous_state),
        cmocka_unit_test(modes_are_those_of_the_dynamics),
        cmocka_unit_test(zero_mode_and_gap),
        cmocka_unit_test(disturbed_bump_returns),
        cmocka_unit_test(homogeneous_state_gives_way),
        cmocka_unit_test(turns_and_mirrors),
        cmocka_unit_test(constant_velocity_is_integrated),
        cmocka_unit_test(orders_of_the_methods),
        cmocka_unit_test(changing_velocity_is_integrated),
        cmocka_unit_test(splitting_of_doublets),
        cmocka_unit_test(moments_of_splitting),
        cmocka_unit_test(jacobian_of_finite_networks),
        cmocka_unit_test(network_follows_the_theory),
        cmocka_unit_test(guard_is_the_ridge),
        cmocka_unit_test(refusals),
        cmocka_unit_test(every_allocation_may_fail),
    };
    return cmocka_run_group_tests_name("meanfield", tests, NULL, NULL);
}
