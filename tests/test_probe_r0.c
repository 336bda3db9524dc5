/* SPDX-License-Identifier: MIT
 * Simulation against theory on the reference network R0 (reference.h).  Numbers of one
 * network differ from another draw's by about 30 %; what theory predicts from the same
 * network must agree to far less.                                             */
#include "reference.h"

#include <basin/fixed.h>
#include <basin/flow.h>
#include <basin/probe.h>

enum { N = 512, GRID = 256 };

static const struct bn_rng rng = { .seed = 5, .stream = 9 };

struct r0 {
    struct reference *r;
    bn_probe *probe;
    struct bn_field field;
    double theta[GRID], v[GRID], gain[GRID], shift, fastest, diffusion;
    bn_flow *flow, *turning;
};

static struct r0 *r0_make(uint64_t seed, double dt)
{
    struct r0 *s = calloc(1, sizeof *s);
    struct bn_along along[GRID];
    struct bn_points p;
    struct bn_modes m;
    assert_non_null(s);
    s->r = reference_r0(N, seed);
    struct bn_probe_setup setup = { .net = s->r->net, .dt = dt };
    assert_ok(bn_operator_factored(&setup.velocity, &s->r->fit.left_velocity, &s->r->fit.right,
                                   s->r->fit.diagonal_velocity));
    assert_ok(bn_probe_new(&s->probe, &setup));
    s->field = (struct bn_field){ .weights = s->r->net.weights,
                                  .transfer = s->r->net.transfer };
    bn_ring_grid(GRID, s->theta);
    assert_ok(bn_diagnose_points(&s->r->net, s->theta, GRID, &p));
    assert_ok(bn_diagnose_modes(&s->r->net, &p, &m));
    bn_diagnose_along(&p, &m, along);
    assert_ok(bn_diagnose_velocity(&setup.velocity, &p, &m, s->gain));
    for (size_t k = 0; k < GRID; k++) {
        s->v[k] = along[k].drift;
        s->shift = fmax(s->shift, fabs(along[k].shift));
        s->fastest = fmax(s->fastest, fabs(along[k].drift));
        s->diffusion += along[k].diffusion / GRID;
    }
    assert_ok(bn_flow_new(&s->flow, s->v, GRID));
    assert_ok(bn_flow_new(&s->turning, s->gain, GRID));
    bn_points_free(&p);
    bn_modes_free(&m);
    return s;
}

static void r0_free(struct r0 *s)
{
    bn_flow_free(s->flow), bn_flow_free(s->turning);
    bn_probe_free(s->probe);
    reference_free(s->r);
    free(s);
}

/* Published for one draw: correlation 0.994, slope 1.09 with the drift at the start; here it
 * is taken at the angle half-way.  The orthogonal projection is the wrong estimator. */
static void simulated_drift_is_the_adjoint_one(void **state)
{
    (void)state;
    enum { K = 128 };
    for (uint64_t seed = 1; seed <= 4; seed++) {
        struct r0 *s = r0_make(seed, 0.1);
        double theta[K], angle[K], drift[K], v[K], projected[K], slope, r2, worse;
        struct bn_points p;
        bn_ring_grid(K, theta);
        assert_ok(bn_probe_drift(s->probe, theta, K, 10.0, 2.0, 0.0, angle, drift));
        assert_ok(bn_diagnose_points(&s->r->net, angle, K, &p));
        assert_ok(bn_diagnose_drift(&s->r->net, &p, v, projected));
        bn_flow_line(K, v, drift, &slope, &r2);
        const double r = bn_dot(K, v, drift) / (bn_norm(K, v) * bn_norm(K, drift));
        bn_flow_line(K, projected, drift, &worse, &r2);
        const double q = bn_dot(K, projected, drift) / (bn_norm(K, projected)
                                                        * bn_norm(K, drift));
        if (!(r > 0.97 && fabs(slope - 1.0) < 0.1 && q < r - 0.02))
            fail_msg("seed %d: correlation %g, slope %g; projection %g", (int)seed, r, slope, q);
        assert_close(bn_norm(K, drift) / sqrt(K), 4.7e-4, 0.35, 0);
        bn_points_free(&p);
        r0_free(s);
    }
}

/* Mean distance from the start after `time` of dtheta/dt = v, by midpoint steps of 1 tau. */
static double flowed(const bn_flow *flow, const double *theta, size_t count, double time)
{
    double sum = 0.0, v, slope;
    for (size_t k = 0; k < count; k++) {
        double a = theta[k];
        for (size_t step = 0; step < (size_t)time; step++) {
            bn_flow_at(flow, a, &v, &slope);
            bn_flow_at(flow, a + 0.5 * v, &v, &slope);
            a += v;
        }
        sum += fabs(a - theta[k]) / (double)count;
    }
    return sum;
}

/* e(T) is what the adjoint drift leads to (15 %, the drift being right to 10 %), below
 * delta_0 + v_max T, in the end pi/2k for k stable points, and as published for another
 * draw.  Forgetting from the decoder's side, e from the relaxed state in place of
 * theta, or |e| averaged with its sign, all fail.                            */
static void memory_is_lost_as_the_bound_says(void **state)
{
    (void)state;
    enum { K = 64 };
    const double want[] = { 3e-4, 3.6e-3, 0.031, 0.067 };
    struct bn_memory m[] = { { .time = 1 }, { .time = 10 }, { .time = 100 }, { .time = 1000 } };
    struct r0 *s = r0_make(2, 0.25);
    double theta[K], angle[K];
    struct bn_zero *zero;
    struct bn_mat x;
    size_t zeros;
    bn_ring_grid(K, theta);
    assert_ok(bn_flow_zeros(s->flow, NULL, NULL, &zero, &zeros));
    assert_ok(bn_probe_states(s->probe, theta, K, &x));
    assert_ok(bn_probe_memory(s->probe, theta, &x, m, BN_LEN(m), angle));
    for (size_t k = 0; k < BN_LEN(m); k++) {
        assert_close(m[k].mean, want[k], 0.5, 0);
        if (k > 0)
            assert_close(m[k].mean, flowed(s->flow, theta, K, m[k].time), 0.15, 0);
        assert_true(m[k].largest > 1.5 * m[k].mean && m[k].largest < 6.0 * m[k].mean);
        assert_true(m[k].largest <= s->shift + 1.05 * s->fastest * m[k].time);
    }
    assert_close(m[3].mean, BN_TWO_PI / (4.0 * 0.5 * (double)zeros), 0.35, 0);
    free(zero);
    bn_mat_free(&x);
    r0_free(s);
}

/* Each zero of the adjoint drift is a true fixed point nearby: as many stable ones as
 * saddles with one positive eigenvalue, and in turns.  Simulated ends lead to some of the
 * stable ones, and to no other.                                             */
static void zeros_of_the_drift_are_fixed_points(void **state)
{
    (void)state;
    for (uint64_t seed = 2; seed <= 3; seed++) {
        struct r0 *s = r0_make(seed, 0.25);
        struct bn_point *point = calloc(2 * GRID, sizeof *point);
        size_t zeros, group[2 * GRID], found, stable = 0;
        double angle[GRID], re[5], im[5];
        bool use[2 * GRID];
        struct bn_zero *zero;
        struct bn_mat x;
        assert_ok(bn_flow_zeros(s->flow, bn_diagnose_drift_at, &s->r->net, &zero, &zeros));
        assert_in_range(zeros, 34, 66);      /* 2 x 24, 30 % */
        for (size_t k = 0; k < zeros; k++)
            angle[k] = zero[k].angle;
        assert_ok(bn_probe_states(s->probe, angle, zeros, &x));
        assert_ok(bn_probe_relax(s->probe, &x, 10.0, 0.0));
        assert_ok(bn_fixed_newton(&s->field, &x, 60, point));
        assert_int_equal(bn_fixed_merge(&x, NULL, 1e-3, group), zeros);
        assert_ok(bn_probe_decode(s->probe, &x, angle, NULL));
        for (size_t k = 0; k < zeros; k++) {
            assert_true(point[k].fixed && point[k].q < 1e-20);
            assert_close(bn_ring_difference(angle[k], zero[k].angle), 0, 0, 0.06);
            assert_ok(bn_fixed_eigenvalues(&s->field, bn_mat_row(&x, k), 4, re, im, &found));
            assert_int_equal(re[0] > 0.0, zero[k].slope > 0.0);
            assert_true(re[1] < 0.0);
            stable += re[0] < 0.0;
            use[k] = re[0] < 0.0;
        }
        assert_int_equal(2 * stable, zeros);
        struct bn_mat ends, both = mat_make(zeros + 16, N);
        bn_ring_grid(16, angle);
        assert_ok(bn_probe_states(s->probe, angle, 16, &ends));
        assert_ok(bn_probe_relax(s->probe, &ends, 1000.0, 0.0));
        assert_ok(bn_fixed_newton(&s->field, &ends, 60, point));
        memcpy(both.data, x.data, zeros * N * sizeof(double));
        memcpy(bn_mat_row(&both, zeros), ends.data, 16 * N * sizeof(double));
        size_t reached = 0;
        for (size_t k = 0; k < 16; k++) {
            use[zeros + k] = point[k].fixed;
            reached += point[k].fixed;
        }
        assert_true(reached >= 14);
        assert_int_equal(bn_fixed_merge(&both, use, 1e-3, group), stable);
        free(zero), free(point);
        bn_mat_free(&x), bn_mat_free(&ends), bn_mat_free(&both);
        r0_free(s);
    }
}

/* Over 10 tau the transverse modes have not yet died out: linear response predicts what is
 * measured (5 errors), 30 % below the diffusion of the left mode, the wrong prediction
 * here.  Published: 3.83e-3 sigma^2 for the latter.                          */
static void diffusion_is_the_linear_response(void **state)
{
    (void)state;
    enum { K = 32, RUNS = 32 };
    const double sigma = 0.01;
    for (uint64_t seed = 1; seed <= 2; seed++) {
        struct r0 *s = r0_make(seed, 0.1);
        struct bn_spread got, want;
        double theta[K];
        bn_ring_grid(K, theta);
        assert_ok(bn_probe_diffusion(s->probe, theta, K, RUNS, sigma, 10.0, 10.0, rng, &got));
        assert_ok(bn_probe_response(s->probe, theta, K, 10.0, 10.0, &want));
        const double s2 = sigma * sigma;
        assert_true(got.error < 0.06 * got.diffusion && got.naive_error < 0.05 * got.naive);
        assert_close(got.diffusion, s2 * want.diffusion, 0, 5.0 * got.error);
        assert_close(got.naive, s2 * want.naive, 0, 5.0 * got.naive_error);
        assert_true(s2 * s->diffusion - got.naive > 5.0 * got.naive_error);
        assert_close(s->diffusion, 3.83e-3, 0.35, 0);
        r0_free(s);
    }
}

/* Mean speeds by the drift and the gain of J' (0.5 %), where they are a few per cent below
 * the velocity; thresholds by the largest drifts (5 %).  Leaving the drift out is wrong by
 * 5 % at the lowest velocity.                                                */
static void path_integration_is_the_theory(void **state)
{
    (void)state;
    const double v[] = { 0.0025, -0.0025, 0.004, -0.004, 0.006, 0.02 };
    struct r0 *s = r0_make(4, 0.25);
    double speed[BN_LEN(v)], want, error, pin;
    assert_ok(bn_probe_integrate(s->probe, 0.0, v, BN_LEN(v), 20.0, 3000.0, speed));
    for (size_t k = 0; k < BN_LEN(v); k++) {
        assert_ok(bn_flow_speed(s->flow, s->turning, v[k], &want, &error));
        assert_close(speed[k], want, 5e-3, 0);
        if (k < 2)
            assert_true(fabs(speed[k]) < 0.97 * fabs(v[k]));
    }
    assert_ok(bn_probe_pinning(s->probe, GRID, 1.0, 10.0, 2.0, &pin, &error));
    assert_close(pin, -bn_flow_smallest(s->flow), 0.05, 0);
    assert_ok(bn_probe_pinning(s->probe, GRID, -1.0, 10.0, 2.0, &pin, &error));
    assert_close(pin, -bn_flow_largest(s->flow), 0.05, 0);
    r0_free(s);
}

/* The second exponent is the second eigenvalue at the state where it was measured, to the
 * change of that eigenvalue along the way (0.03), where the third is well below it. */
static void exponents_are_eigenvalues(void **state)
{
    (void)state;
    enum { K = 8 };
    struct r0 *s = r0_make(1, 0.1);
    double theta[K], first[K], second[K], re[5], im[5];
    struct bn_mat x = mat_make(K, N);
    size_t found, apart = 0;
    bn_ring_grid(K, theta);
    assert_ok(bn_probe_exponents(s->probe, theta, K, 12, 5.0, rng, &x, first, second));
    for (size_t k = 0; k < K; k++) {
        assert_ok(bn_fixed_eigenvalues(&s->field, bn_mat_row(&x, k), 4, re, im, &found));
        assert_close(first[k], re[0], 0, 0.02);
        assert_true(second[k] < -0.05);
        if (im[1] != 0.0 || re[1] - re[2] < 0.08)
            continue;
        assert_close(second[k], re[1], 0, 0.03);
        apart++;
    }
    assert_true(apart >= 2);
    bn_mat_free(&x);
    r0_free(s);
}

/* R0 has one state besides the ring, a quiet one: its curves are sparse and zero rates
 * nearly keep themselves.  Starts of sd 1000 must find it, and Newton must call it a
 * stable fixed point; the erf process has none, and all of its starts come back. */
static void far_starts_find_the_quiet_state(void **state)
{
    (void)state;
    enum { K = 12 };
    struct r0 *s = r0_make(3, 0.25);
    double theta[K], sd[K], angle[K], distance[K], re[5], im[5];
    struct bn_mat x = mat_make(K, N);
    struct bn_point point[K];
    size_t group[K], found;
    bool away[K];
    bn_ring_grid(K, theta);
    for (size_t k = 0; k < K; k++)
        sd[k] = pow(10.0, (double)(k % 4));
    assert_ok(bn_probe_far(s->probe, theta, sd, K, 200.0, rng, &x, angle, distance));
    assert_ok(bn_fixed_newton(&s->field, &x, 60, point));
    for (size_t k = 0; k < K; k++) {
        away[k] = distance[k] > 0.5;
        assert_true(distance[k] < 0.02 || (away[k] && point[k].fixed && point[k].moved < 1e-6));
        if (!away[k])
            continue;
        assert_close(distance[k], 1.0, 0.2, 0);      /* the sd of x* over angles */
        assert_ok(bn_fixed_eigenvalues(&s->field, bn_mat_row(&x, k), 4, re, im, &found));
        assert_true(re[0] < -0.05);
    }
    assert_true(away[3] && away[7] && away[11]);
    assert_int_equal(bn_fixed_merge(&x, away, 1e-3, group), 1);
    bn_mat_free(&x);
    r0_free(s);
}

static void far_starts_of_erf_networks_come_back(void **state)
{
    (void)state;
    enum { K = 12 };
    struct ring r = ring_make(300, 101, RING_SIGMA, RING_BETA, 3);
    struct bn_ridge fit = ring_fit(&r, 1e-8, 1e-10);
    struct bn_probe_setup setup = { .net = { .transfer = r.transfer, .x = r.x }, .dt = 0.25 };
    double theta[K], sd[K], angle[K], distance[K];
    struct bn_mat x = mat_make(K, 300);
    bn_probe *p;
    assert_ok(bn_operator_factored(&setup.net.weights, &fit.left, &fit.right, fit.diagonal));
    assert_ok(bn_probe_new(&p, &setup));
    bn_ring_grid(K, theta);
    for (size_t k = 0; k < K; k++)
        sd[k] = pow(10.0, (double)(k % 4));
    assert_ok(bn_probe_far(p, theta, sd, K, 400.0, rng, &x, angle, distance));
    for (size_t k = 0; k < K; k++)
        assert_true(distance[k] < 0.01);
    bn_mat_free(&x);
    bn_probe_free(p);
    bn_ridge_free(&fit);
    ring_free(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(simulated_drift_is_the_adjoint_one),
        cmocka_unit_test(memory_is_lost_as_the_bound_says),
        cmocka_unit_test(zeros_of_the_drift_are_fixed_points),
        cmocka_unit_test(diffusion_is_the_linear_response),
        cmocka_unit_test(path_integration_is_the_theory),
        cmocka_unit_test(exponents_are_eigenvalues),
        cmocka_unit_test(far_starts_find_the_quiet_state),
        cmocka_unit_test(far_starts_of_erf_networks_come_back),
    };
    return cmocka_run_group_tests_name("probe_r0", tests, NULL, NULL);
}
