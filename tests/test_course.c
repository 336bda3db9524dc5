/* SPDX-License-Identifier: MIT
 * Courses of presentations: their moments, at five standard errors from fixed seeds, and
 * that they can be cut anywhere.                                              */
#include "test.h"

#include <basin/course.h>
#include <basin/manifold.h>

#include <stdlib.h>

static struct bn_course course(enum bn_order order)
{
    return (struct bn_course){ .order = order, .angles = 12, .dt = 0.01, .start = 1.0,
        .bias = 0.3, .sd = 2.0, .tau = 0.05, .diffusion = 0.4,
        .rng = { .seed = 7, .stream = bn_rng_stream("course") } };
}

static void walk(const struct bn_course *c, uint64_t first, size_t n, double *theta,
                 double *omega)
{
    struct bn_course_state s = bn_course_begin(c);
    assert_ok(bn_course_walk(c, &s, first, n, theta, omega));
}

/* --- one presentation at a time, or all at once: the same bits --------------------- */

static void cut_anywhere(void **state)
{
    (void)state;
    enum { N = 500, SAMPLES = 90 };
    double whole[2][N], cut[2][N], angle[SAMPLES], velocity[SAMPLES];
    static const size_t pieces[] = { 1, 3, 4, 12, 13, 250, 499 };
    for (size_t k = 0; k < SAMPLES; k++) {
        angle[k] = bn_ring_wrap(0.37 * (double)k);
        velocity[k] = sin((double)k);
    }
    for (int order = BN_ORDER_IID; order <= BN_ORDER_RECORDED; order++) {
        struct bn_course c = course((enum bn_order)order);
        c.angle = angle, c.velocity = velocity, c.samples = SAMPLES, c.bin = 0.03;
        walk(&c, 0, N, whole[0], whole[1]);
        for (size_t p = 0; p < BN_LEN(pieces); p++) {
            struct bn_course_state s = bn_course_begin(&c);
            for (size_t first = 0; first < N; first += pieces[p]) {
                const size_t n = N - first < pieces[p] ? N - first : pieces[p];
                assert_ok(bn_course_walk(&c, &s, first, n, cut[0] + first, cut[1] + first));
            }
            assert_memory_equal(whole, cut, sizeof whole);
        }
        for (size_t k = 0; k < N; k++)
            assert_true(whole[0][k] >= 0.0 && whole[0][k] < BN_TWO_PI);
    }
}

/* Another seed, stream or replicate is another course. */
static void seeds_matter(void **state)
{
    (void)state;
    for (int order = BN_ORDER_IID; order <= BN_ORDER_OU; order++) {
        double a[2][8], b[2][8];
        struct bn_course c = course((enum bn_order)order);
        walk(&c, 0, 8, a[0], a[1]);
        c.rng.replicate = 1;
        walk(&c, 0, 8, b[0], b[1]);
        assert_true((memcmp(a, b, sizeof a) != 0) == (order != BN_ORDER_SWEEP));
    }
}

/* --- courses that jump ---------------------------------------------------------------- */

/* <cos k theta> and <sin k theta> have standard error sqrt(1/2n), also of differences
 * between neighbours.  Angles of the grid (harmonic 12 would be 1) and courses that move
 * by small steps (neighbours alike) would fail.                               */
static void iid_is_uniform_and_independent(void **state)
{
    (void)state;
    enum { N = 40000 };
    double *theta = calloc(2 * N, sizeof *theta), *omega = theta + N;
    struct bn_course c = course(BN_ORDER_IID);
    walk(&c, 0, N, theta, omega);
    const double bound = 5.0 * sqrt(0.5 / N);
    static const size_t harmonics[] = { 1, 2, 7, 12 };
    for (size_t h = 0; h < BN_LEN(harmonics); h++) {
        const size_t k = harmonics[h];
        double cs = 0.0, sn = 0.0, apart = 0.0, with = 0.0;
        for (size_t t = 0; t < N; t++) {
            cs += cos((double)k * theta[t]) / N;
            sn += sin((double)k * theta[t]) / N;
            apart += cos((double)k * (theta[(t + 1) % N] - theta[t])) / N;
            with += cos((double)k * theta[t]) * (omega[t] - c.bias) / c.sd / N;
        }
        assert_close(cs, 0, 0, bound);
        assert_close(sn, 0, 0, bound);
        assert_close(apart, 0, 0, bound);
        assert_close(with, 0, 0, bound);
    }
    double mean = 0.0, square = 0.0, next = 0.0;
    for (size_t t = 0; t < N; t++) {
        const double z = omega[t] - c.bias, y = omega[(t + 1) % N] - c.bias;
        mean += omega[t] / N;
        square += z * z / N;
        next += z * y / N;
    }
    assert_close(mean, c.bias, 0, 5.0 * c.sd / sqrt(N));
    assert_close(square, c.sd * c.sd, 0, 5.0 * c.sd * c.sd * sqrt(2.0 / N));
    assert_close(next, 0, 0, 5.0 * c.sd * c.sd / sqrt(N));
    free(theta);
}

/* Every sweep has each angle once, in another order: the mean place of an angle over S
 * sweeps is (M - 1)/2 with standard error sqrt((M^2 - 1)/12 S).  One order for all sweeps,
 * or angles drawn with replacement, would fail.                               */
static void shuffled_sweeps(void **state)
{
    (void)state;
    enum { M = 12, SWEEPS = 3000 };
    double theta[M], omega[M], place[M] = { 0 };
    const struct bn_course c = course(BN_ORDER_SHUFFLED);
    for (size_t s = 0; s < SWEEPS; s++) {
        unsigned seen = 0;
        walk(&c, s * M, M, theta, omega);
        for (size_t k = 0; k < M; k++) {
            const size_t m = (size_t)lround(theta[k] * M / BN_TWO_PI);
            assert_close(theta[k], BN_TWO_PI * (double)m / M, 1e-15, 0);
            seen |= 1u << m;
            place[m] += (double)k / SWEEPS;
        }
        assert_int_equal(seen, (1u << M) - 1);
    }
    for (size_t m = 0; m < M; m++)
        assert_close(place[m], 0.5 * (M - 1), 0, 5.0 * sqrt((M * M - 1) / 12.0 / SWEEPS));
}

static void sweep_goes_round(void **state)
{
    (void)state;
    double theta[30], omega[30];
    const struct bn_course c = course(BN_ORDER_SWEEP);
    walk(&c, 0, 30, theta, omega);
    for (size_t k = 0; k < 30; k++) {
        assert_close(bn_ring_difference(theta[k], 1.0 + BN_TWO_PI * (double)k / 12), 0, 0, 1e-14);
        assert_close(omega[k], BN_TWO_PI / 12 / 0.01, 1e-15, 0);
    }
}

/* --- walks, over independent replicates ----------------------------------------------- */

enum { RUNS = 4000, STEPS = 40 };

struct walks {
    double *velocity, *turned;           /* [RUNS, STEPS]: omega - bias; theta - start - bias t */
};

/* Angles are taken apart again into turns; one step is far less than half a turn. */
static struct walks walks_make(enum bn_order order)
{
    struct walks w = { calloc(RUNS * STEPS, sizeof(double)), calloc(RUNS * STEPS, sizeof(double)) };
    double theta[STEPS], omega[STEPS];
    struct bn_course c = course(order);
    assert_non_null(w.velocity);
    assert_non_null(w.turned);
    for (size_t r = 0; r < RUNS; r++) {
        double turned = 0.0;
        c.rng.replicate = r;
        walk(&c, 0, STEPS, theta, omega);
        assert_close(theta[0], c.start, 0, 0);
        for (size_t k = 0; k < STEPS; k++) {
            if (k > 0)
                turned += bn_ring_difference(theta[k], theta[k - 1]);
            w.velocity[r * STEPS + k] = omega[k] - c.bias;
            w.turned[r * STEPS + k] = turned - c.bias * c.dt * (double)k;
            if (k > 0)                   /* theta follows omega */
                assert_close(bn_ring_difference(theta[k], theta[k - 1]), c.dt * omega[k - 1],
                             0, 1e-14);
        }
    }
    return w;
}

/* <a_k a_l> over runs; for Gaussians its standard error is sqrt((v_k v_l + c^2)/runs). */
static void check_moment(const double *a, size_t k, size_t l, double vk, double vl, double want)
{
    double mean = 0.0, moment = 0.0;
    for (size_t r = 0; r < RUNS; r++) {
        mean += a[r * STEPS + k] / RUNS;
        moment += a[r * STEPS + k] * a[r * STEPS + l] / RUNS;
    }
    assert_close(mean, 0, 0, 5.0 * sqrt(vk / RUNS) + 1e-14);
    assert_close(moment, want, 0, 5.0 * sqrt((vk * vl + want * want) / RUNS) + 1e-14);
}

/* Var theta = 2 D t: D t (another convention) or sd independent of dt would fail. */
static void diffusion_spreads(void **state)
{
    (void)state;
    const struct bn_course c = course(BN_ORDER_DIFFUSION);
    struct walks w = walks_make(BN_ORDER_DIFFUSION);
    for (size_t k = 0; k < STEPS; k += 13) {
        const double v = 2.0 * c.diffusion * c.dt * (double)k, u = 2.0 * c.diffusion / c.dt;
        check_moment(w.turned, k, k, v, v, v);
        check_moment(w.velocity, k, k, u, u, u);
        check_moment(w.velocity, k, (k + 1) % STEPS, u, u, 0.0);
    }
    free(w.velocity), free(w.turned);
}

/* <v_k v_l> = sd^2 e^{-dt |k - l|/tau} at all times: a process started at rest, or with
 * Euler's 1 - dt/tau for the exponential (0.8 for 0.8187), would fail.  The angle is the
 * sum of the velocities: Var = sd^2 dt^2 (n + 2 sum_j (n - j) a^j).             */
static void ou_is_stationary(void **state)
{
    (void)state;
    const struct bn_course c = course(BN_ORDER_OU);
    const double v = c.sd * c.sd, a = exp(-c.dt / c.tau);
    struct walks w = walks_make(BN_ORDER_OU);
    static const size_t at[][2] = { { 0, 0 }, { 0, 1 }, { 0, 5 }, { 1, 1 }, { 20, 21 },
                                    { 20, 30 }, { 39, 39 } };
    for (size_t k = 0; k < BN_LEN(at); k++)
        check_moment(w.velocity, at[k][0], at[k][1], v, v,
                     v * pow(a, (double)(at[k][1] - at[k][0])));
    for (size_t n = 1; n < STEPS; n += 12) {
        double sum = (double)n;
        for (size_t j = 1; j < n; j++)
            sum += 2.0 * (double)(n - j) * pow(a, (double)j);
        sum *= v * c.dt * c.dt;
        check_moment(w.turned, n, n, sum, sum, sum);
    }
    free(w.velocity), free(w.turned);
}

/* --- recordings ------------------------------------------------------------------------- */

/* A turn at 5 rad/s sampled every 0.1 s comes back between the samples, also across 2 pi,
 * where an average of 6.2 and 0.4 would be on the other side; then it begins again.  */
static void recorded_is_interpolated(void **state)
{
    (void)state;
    enum { SAMPLES = 40 };
    double angle[SAMPLES], velocity[SAMPLES], theta[200], omega[200];
    struct bn_course c = course(BN_ORDER_RECORDED);
    for (size_t k = 0; k < SAMPLES; k++) {
        angle[k] = bn_ring_wrap(2.0 + 0.5 * (double)k);
        velocity[k] = 5.0 + (double)k;
    }
    c.angle = angle, c.velocity = velocity, c.samples = SAMPLES, c.bin = 0.1;
    c.begin = 0.7, c.dt = 0.025;
    /* 3.9 s of samples, 3.2 s after the beginning: both ends are presentations */
    assert_int_equal(bn_course_period(&c), 129);
    c.begin = 0.71;
    assert_int_equal(bn_course_period(&c), 128);
    walk(&c, 0, 200, theta, omega);
    for (size_t k = 0; k < 200; k++) {
        const double t = 0.71 + 0.025 * (double)(k % 128);
        assert_close(bn_ring_difference(theta[k], 2.0 + 5.0 * t), 0, 0, 1e-12);
        assert_close(omega[k], 5.0 + floor(10.0 * t), 0, 0);
    }
    c.begin = 4.0;
    struct bn_course_state s = bn_course_begin(&c);
    assert_fails(bn_course_walk(&c, &s, 0, 1, theta, omega), BN_INPUT);
    assert_says(bn_error(), "40 samples of 0.1 s");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cut_anywhere),
        cmocka_unit_test(seeds_matter),
        cmocka_unit_test(iid_is_uniform_and_independent),
        cmocka_unit_test(shuffled_sweeps),
        cmocka_unit_test(sweep_goes_round),
        cmocka_unit_test(diffusion_spreads),
        cmocka_unit_test(ou_is_stationary),
        cmocka_unit_test(recorded_is_interpolated),
    };
    return cmocka_run_group_tests_name("course", tests, NULL, NULL);
}
