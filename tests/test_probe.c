/* SPDX-License-Identifier: MIT
 * What simulations measure against two rings that can be solved, and against linear
 * theory on generated networks.
 *
 * The linear control: phi(x) = x + B (a softplus far above its threshold), weights
 *     J_ij = (2/N)[(1 + a) cos th_i cos th_j + (1 - a) sin th_i sin th_j] + v J'_ij,
 *     J'_ij = (2/N) sin(th_i - th_j),
 * keep the plane x_i = p1 cos th_i + p2 sin th_i, in which a step of Euler is
 *     p <- (1 + dt M) p,    M = (a, -v ; v, -a),
 * and every other direction decays at rate 1.  Its angle obeys dtheta/dt = v - a sin 2 theta
 * whatever the radius is.                                                     */
#include "cosine.h"

#include <basin/fixed.h>
#include <basin/probe.h>

enum { N = 64 };

#define DT 0.1

struct linear {
    struct bn_mat left, right, turn, x;
    struct bn_probe_setup setup;
};

static struct linear *linear_make(double a, double v)
{
    struct linear *l = calloc(1, sizeof *l);
    assert_non_null(l);
    l->left = mat_make(N, 2), l->right = mat_make(2, N), l->turn = mat_make(N, 2);
    l->x = mat_make(N, 3);
    for (size_t i = 0; i < N; i++) {
        const double c = cos(BN_TWO_PI * (double)i / N), s = sin(BN_TWO_PI * (double)i / N);
        *bn_mat_at(&l->right, 0, i) = c;
        *bn_mat_at(&l->right, 1, i) = s;
        *bn_mat_at(&l->turn, i, 0) = 2.0 / N * s;
        *bn_mat_at(&l->turn, i, 1) = -2.0 / N * c;
        *bn_mat_at(&l->left, i, 0) = 2.0 / N * (1.0 + a) * c + v * 2.0 / N * s;
        *bn_mat_at(&l->left, i, 1) = 2.0 / N * (1.0 - a) * s - v * 2.0 / N * c;
        *bn_mat_at(&l->x, i, 1) = c / sqrt(2.0);
        *bn_mat_at(&l->x, i, 2) = s / sqrt(2.0);
    }
    l->setup.net.transfer = (struct bn_transfer){ BN_TRANSFER_SOFTPLUS, 400.0, -1000.0 };
    l->setup.net.x = l->x;
    l->setup.dt = DT;
    assert_ok(bn_operator_factored(&l->setup.net.weights, &l->left, &l->right, NULL));
    assert_ok(bn_operator_factored(&l->setup.velocity, &l->turn, &l->right, NULL));
    return l;
}

static void linear_free(struct linear *l)
{
    bn_mat_free(&l->left), bn_mat_free(&l->right), bn_mat_free(&l->turn), bn_mat_free(&l->x);
    free(l);
}

/* theta after `steps` of Euler with v = 0. */
static double linear_angle(double theta, double a, size_t steps)
{
    return atan2(sin(theta) * pow(1.0 - a * DT, (double)steps),
                 cos(theta) * pow(1.0 + a * DT, (double)steps));
}

static bn_probe *probe(const struct bn_probe_setup *setup)
{
    bn_probe *p;
    assert_ok(bn_probe_new(&p, setup));
    return p;
}

static const struct bn_rng rng = { .seed = 11, .stream = 3 };

/* --- the linear control ------------------------------------------------------------ */

/* Without the relaxation, or with the time of relaxation in the speed, it is off by a
 * factor; with the angle of the start in place of the one half-way, by 15 %.   */
static void drift_of_the_linear_ring(void **state)
{
    (void)state;
    enum { K = 24 };
    const double a = 0.01;
    struct linear *l = linear_make(a, 0.0);
    bn_probe *p = probe(&l->setup);
    double theta[K], angle[K], drift[K], early = 0.0;
    bn_ring_grid(K, theta);
    assert_ok(bn_probe_drift(p, theta, K, 10.0, 2.0, 0.0, angle, drift));
    for (size_t k = 0; k < K; k++) {
        const double from = linear_angle(theta[k], a, 100), to = linear_angle(theta[k], a, 120);
        const double turned = bn_ring_difference(to, from);
        assert_close(drift[k], turned / 2.0, 0, 1e-10);
        assert_close(bn_ring_difference(angle[k], from + 0.5 * turned), 0, 0, 1e-10);
        assert_close(drift[k], -a * sin(2.0 * angle[k]), 0, 2e-2 * a);
        early = fmax(early, fabs(drift[k] + a * sin(2.0 * theta[k])));
    }
    assert_true(early > 0.1 * a);
    bn_probe_free(p);
    linear_free(l);
}

static void memory_of_the_linear_ring(void **state)
{
    (void)state;
    enum { K = 40 };
    const double a = 0.01;
    struct linear *l = linear_make(a, 0.0);
    bn_probe *p = probe(&l->setup);
    double theta[K], angle[K];
    struct bn_memory m[] = { { .time = 1.0 }, { .time = 10.0 }, { .time = 100.0 } };
    struct bn_mat x;
    for (size_t k = 0; k < K; k++)
        theta[k] = BN_TWO_PI * ((double)k + 0.3) / K;
    assert_ok(bn_probe_states(p, theta, K, &x));
    assert_ok(bn_probe_memory(p, theta, &x, m, 3, angle));
    for (size_t t = 0; t < 3; t++) {
        double mean = 0.0, top = 0.0;
        for (size_t k = 0; k < K; k++) {
            const double now = linear_angle(theta[k], a, (size_t)llround(m[t].time / DT));
            const double e = fabs(bn_ring_difference(now, theta[k]));
            mean += e / K;
            top = fmax(top, e);
            if (t == 2)
                assert_close(bn_ring_difference(angle[k], now), 0, 0, 1e-10);
        }
        assert_close(m[t].mean, mean, 0, 1e-10);
        assert_close(m[t].largest, top, 0, 1e-10);
    }
    struct bn_memory back[] = { { .time = 2.0 }, { .time = 1.0 } };
    assert_fails(bn_probe_memory(p, theta, &x, back, 2, angle), BN_USAGE);
    assert_says(bn_error(), "ascend");
    bn_mat_free(&x);
    bn_probe_free(p);
    linear_free(l);
}

/* At theta = 0 the tangent is (0, 1), with rate -a, and the other mode of the plane has +a:
 * the orthogonal part must not be taken for a second tangent one.           */
static void exponents_of_the_linear_ring(void **state)
{
    (void)state;
    const double a = 0.03, theta = 0.0;
    struct linear *l = linear_make(a, 0.0);
    bn_probe *p = probe(&l->setup);
    struct bn_mat x = mat_make(1, N);
    double first, second;
    assert_ok(bn_probe_exponents(p, &theta, 1, 8, 4.0, rng, &x, &first, &second));
    assert_close(first, -a, 0, 1e-6);
    assert_close(second, a, 0, 1e-6);
    bn_mat_free(&x);
    bn_probe_free(p);
    linear_free(l);
}

/* D = sigma^2/(2 |x*'|^2) = sigma^2/N: all noise is seen by a decoder that projects, and the
 * left mode is the tangent.  The ring turns by 2 rad in the time: without subtracting the
 * mean V would be 4, not 0.005; Var/t in place of Var/2t is off by 2, 20 errors. */
static void diffusion_of_the_linear_ring(void **state)
{
    (void)state;
    enum { K = 8, RUNS = 100 };
    const double sigma = 0.04, v = 0.05, time = 40.0;
    struct linear *l = linear_make(0.0, v);
    bn_probe *p = probe(&l->setup);
    struct bn_spread s;
    double theta[K];
    bn_ring_grid(K, theta);
    assert_ok(bn_probe_diffusion(p, theta, K, RUNS, sigma, 1.0, time, rng, &s));
    const double want = sigma * sigma / N, per = 2.0 / (K * (RUNS - 1.0));
    /* (V2^2 + V1^2 - 2 V1^2)/(V2 - V1)^2 = 5/3 at V2 = 4 V1 */
    assert_close(s.error, want * sqrt(per * 5.0 / 3.0), 0.2, 0);
    assert_close(s.naive_error, want * sqrt(per), 0.2, 0);
    assert_close(s.diffusion, want, 0, 5.0 * want * sqrt(per * 5.0 / 3.0));
    assert_close(s.naive, want, 0, 5.0 * want * sqrt(per));
    struct bn_spread theory;
    assert_ok(bn_probe_response(p, theta, K, 1.0, time, &theory));
    assert_close(theory.naive, 1.0 / N, 0.01, 0);        /* the radius grows by Euler */
    assert_close(theory.diffusion, 1.0 / N, 0.01, 0);
    assert_close(s.drift, atan(v * DT) / DT, 0, 5.0 * sqrt(2.0 * want * time / K / RUNS) / time);
    bn_probe_free(p);
    linear_free(l);
}

/* Eigenvalues 1 +- i w dt of a step, w = sqrt(v^2 - a^2), turn by atan(w dt) per step in
 * the mean: for dt -> 0 0.0458, 0.1732, 0.4899 at v = 0.11, 0.2, 0.5.  Pinned below a = 0.1.
 * Displacement over time without whole turns is off by up to 0.4 rad in 150 tau. */
static void path_integration_of_the_linear_ring(void **state)
{
    (void)state;
    const double a = 0.1, v[] = { 0.09, 0.11, 0.2, 0.5, -0.5, -0.09 };
    const double limit[] = { 0.0, 0.0458, 0.1732, 0.4899, -0.4899, 0.0 };
    struct linear *l = linear_make(a, 0.0);
    bn_probe *p = probe(&l->setup);
    double speed[BN_LEN(v)], pin, error;
    assert_ok(bn_probe_integrate(p, 0.7, v, BN_LEN(v), 60.0, 150.0, speed));
    for (size_t k = 0; k < BN_LEN(v); k++) {
        const double w = sqrt(fmax(0.0, v[k] * v[k] - a * a));
        assert_close(speed[k], copysign(atan(w * DT) / DT, v[k]), 2e-3, 2e-4);
        assert_close(speed[k], limit[k], 3e-3, 2e-4);
    }
    for (int sign = -1; sign <= 1; sign += 2) {
        assert_ok(bn_probe_pinning(p, 128, sign, 1.0, 0.1, &pin, &error));
        assert_close(pin, sign * a, 1e-3, 0);
        assert_true(error < 1e-3 * a);
    }
    bn_probe_free(p);
    linear_free(l);
}

/* Every point of the plane is a fixed point: far starts must be found off the ring, at the
 * radius that the start's projection has.                                   */
static void far_starts_of_the_linear_ring(void **state)
{
    (void)state;
    const double theta[] = { 0.5, 2.0, 4.0 }, sd[] = { 1.0, 10.0, 100.0 };
    struct linear *l = linear_make(0.0, 0.0);
    bn_probe *p = probe(&l->setup);
    struct bn_mat x = mat_make(3, N);
    double angle[3], distance[3], z[N];
    assert_ok(bn_probe_far(p, theta, sd, 3, 60.0, rng, &x, angle, distance));
    for (size_t t = 0; t < 3; t++) {
        double p1 = cos(theta[t]), p2 = sin(theta[t]);
        bn_rng_normals(rng, t, 0, z, N);
        for (size_t i = 0; i < N; i++) {
            p1 += 2.0 / N * sd[t] * z[i] * cos(BN_TWO_PI * (double)i / N);
            p2 += 2.0 / N * sd[t] * z[i] * sin(BN_TWO_PI * (double)i / N);
        }
        assert_close(distance[t], fabs(hypot(p1, p2) - 1.0) / sqrt(2.0), 1e-8, 1e-8);
        assert_close(bn_ring_difference(angle[t], atan2(p2, p1)), 0, 0, 1e-8);
    }
    bn_mat_free(&x);
    bn_probe_free(p);
    linear_free(l);
}

/* --- the cosine ring --------------------------------------------------------------- */

static struct bn_probe_setup of_cosine(const struct cosine *c)
{
    return (struct bn_probe_setup){ .net = c->ring, .velocity = c->velocity, .dt = DT };
}

/* No drift between grid points, and memory without an end. */
static void exact_ring_stays(void **state)
{
    (void)state;
    enum { K = 7 };
    struct cosine *c = cosine_make(128, 3, 0.0);
    const struct bn_probe_setup setup = of_cosine(c);
    bn_probe *p = probe(&setup);
    double theta[K], angle[K], drift[K];
    struct bn_memory m[] = { { .time = 300.0 } };
    struct bn_mat x;
    for (size_t k = 0; k < K; k++)
        theta[k] = BN_TWO_PI * ((double)(18 * k) + 0.37) / 128.0;
    assert_ok(bn_probe_states(p, theta, K, &x));
    assert_ok(bn_probe_drift(p, theta, K, 10.0, 2.0, 0.0, angle, drift));
    assert_ok(bn_probe_memory(p, theta, &x, m, 1, angle));
    for (size_t k = 0; k < K; k++)
        assert_close(drift[k], 0, 0, 1e-13);
    assert_close(m[0].largest, 0, 0, 1e-12);
    bn_mat_free(&x);
    bn_probe_free(p);
    cosine_free(c);
}

/* The drift is A sin k theta, the threshold A, the mean speed sqrt(v^2 - A^2), to first
 * order in the push: half of it leaves half the relative error of the drift, and a quarter
 * of that of the threshold (a push of the other sign is the same ring turned).  Wrong by
 * a constant factor, neither error would shrink.                             */
static void pushed_ring_drifts_and_pins(void **state)
{
    (void)state;
    enum { K = 48 };
    double off[2], bent[2] = { 0.0, 0.0 };
    for (int half = 0; half < 2; half++) {
        struct cosine *c = cosine_make(128, 3, half ? 0.2 : 0.4);
        const struct bn_probe_setup setup = of_cosine(c);
        bn_probe *p = probe(&setup);
        double theta[K], angle[K], drift[K], pin, error, speed[3];
        const double a = fabs(c->amplitude), v[] = { 1.2 * a, 2.0 * a, -1.5 * a };
        bn_ring_grid(K, theta);
        assert_ok(bn_probe_drift(p, theta, K, 20.0, 1.0, 0.0, angle, drift));
        for (size_t k = 0; k < K; k++)
            bent[half] = fmax(bent[half],
                              fabs(drift[k] - c->amplitude * sin(3.0 * angle[k])) / a);
        assert_ok(bn_probe_pinning(p, 96, 1.0, 20.0, 1.0, &pin, &error));
        assert_true(error < 1e-3 * a);
        off[half] = fabs(pin / a - 1.0);
        assert_ok(bn_probe_integrate(p, 0.2, v, 3, 20.0, 2.5 * BN_TWO_PI / a, speed));
        for (size_t k = 0; k < 3; k++)
            assert_close(speed[k], copysign(sqrt(v[k] * v[k] - a * a), v[k]), 0.03, 0);
        bn_probe_free(p);
        cosine_free(c);
    }
    assert_true(off[0] < 0.05 && bent[0] < 0.2);
    assert_close(off[1] / off[0], 0.25, 0.3, 0);
    assert_close(bent[1] / bent[0], 0.5, 0.3, 0);
}

/* The second exponent is the second eigenvalue of the Jacobian; the first is 0.  A fit to
 * the distance from x* without taking out the tangent would find 0.         */
static void exact_ring_has_the_gap_of_its_jacobian(void **state)
{
    (void)state;
    struct cosine *c = cosine_make(128, 3, 0.0);
    const struct bn_probe_setup setup = of_cosine(c);
    bn_probe *p = probe(&setup);
    const double theta[] = { 0.3, 3.0 };
    double first[2], second[2], re[4], im[4];
    struct bn_mat x = mat_make(2, 128);
    size_t found;
    assert_ok(bn_probe_exponents(p, theta, 2, 60, 4.0, rng, &x, first, second));
    for (size_t t = 0; t < 2; t++) {
        assert_ok(bn_fixed_eigenvalues(&c->field, bn_mat_row(&x, t), 3, re, im, &found));
        assert_close(first[t], 0, 0, 1e-6);
        assert_close(second[t], re[1], 0, 1e-5);
    }
    bn_mat_free(&x);
    bn_probe_free(p);
    cosine_free(c);
}

/* D = sigma^2 |z|^2/(2 (z.x*')^2) with z = phi' x*', 26 % above the bound sigma^2/(2|x*'|^2)
 * that a projection on the tangent would give: told apart by five errors. */
static void exact_ring_diffuses_along_its_left_mode(void **state)
{
    (void)state;
    enum { K = 8, RUNS = 500 };
    struct cosine *c = cosine_make(128, 3, 0.0);
    const struct bn_probe_setup setup = of_cosine(c);
    bn_probe *p = probe(&setup);
    const double sigma = 0.05, per = 2.0 / (K * (RUNS - 1.0));
    const double want = 0.5 * sigma * sigma * c->zz / (c->zx * c->zx);
    const double bound = 0.5 * sigma * sigma / (0.5 * 128.0 * c->b * c->b);
    struct bn_spread s;
    double theta[K];
    bn_ring_grid(K, theta);
    assert_ok(bn_probe_diffusion(p, theta, K, RUNS, sigma, 1.0, 20.0, rng, &s));
    const double error = want * sqrt(per * 5.0 / 3.0);
    assert_close(s.error, error, 0.2, 0);
    assert_close(s.diffusion, want, 0, 5.0 * error);
    if (!(s.diffusion - bound > 5.0 * error))
        fail_msg("D = %g, want %g, bound %g, error %g", s.diffusion, want, bound, error);
    bn_probe_free(p);
    cosine_free(c);
}

static void far_starts_come_back(void **state)
{
    (void)state;
    enum { K = 12 };
    struct cosine *c = cosine_make(128, 3, 0.0);
    const struct bn_probe_setup setup = of_cosine(c);
    bn_probe *p = probe(&setup);
    double theta[K], sd[K], angle[K], distance[K];
    struct bn_mat x = mat_make(K, 128);
    bn_ring_grid(K, theta);
    for (size_t k = 0; k < K; k++)
        sd[k] = pow(10.0, (double)(k % 4));
    assert_ok(bn_probe_far(p, theta, sd, K, 80.0, rng, &x, angle, distance));
    for (size_t k = 0; k < K; k++)
        assert_close(distance[k], 0, 0, 1e-6);
    bn_mat_free(&x);
    bn_probe_free(p);
    cosine_free(c);
}

/* --- saturation, refusals ---------------------------------------------------------- */

static void saturation(void **state)
{
    (void)state;
    const double v[] = { -2, -1, 1, 2, 4 }, straight[] = { -3, -1.5, 0, 3, 6 };
    const double bent[] = { -2, -1, 0.2, 1.7, 3 };
    bool found;
    bn_probe_saturation(v, straight, 5, &found);     /* pinned at 1 is no saturation */
    assert_false(found);
    assert_close(bn_probe_saturation(v, bent, 5, &found), 2, 0, 0);
    assert_true(found);
    assert_close(bn_probe_saturation(v + 2, bent + 2, 3, &found), 4, 0, 0);
}

static void nonsense_is_refused(void **state)
{
    (void)state;
    struct linear *l = linear_make(0.0, 0.0);
    struct bn_probe_setup setup = l->setup;
    struct bn_spread s;
    const double theta = 0.0;
    double v;
    bn_probe *p;
    setup.dt = 1.5;
    assert_fails(bn_probe_new(&p, &setup), BN_USAGE);
    assert_says(bn_error(), "1.5 tau");
    setup = l->setup;
    setup.net.x.rows--;
    assert_fails(bn_probe_new(&p, &setup), BN_INPUT);
    p = probe(&l->setup);
    assert_fails(bn_probe_drift(p, &theta, 1, 1.0, 0.01, 0.0, &v, &v), BN_USAGE);
    assert_fails(bn_probe_diffusion(p, &theta, 1, 1, 0.1, 1.0, 10.0, rng, &s), BN_USAGE);
    assert_fails(bn_probe_integrate(p, 0.0, &theta, 1, 0.0, 0.1, &v), BN_USAGE);
    bn_probe_free(p);
    linear_free(l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(drift_of_the_linear_ring),
        cmocka_unit_test(memory_of_the_linear_ring),
        cmocka_unit_test(exponents_of_the_linear_ring),
        cmocka_unit_test(diffusion_of_the_linear_ring),
        cmocka_unit_test(path_integration_of_the_linear_ring),
        cmocka_unit_test(far_starts_of_the_linear_ring),
        cmocka_unit_test(exact_ring_stays),
        cmocka_unit_test(pushed_ring_drifts_and_pins),
        cmocka_unit_test(exact_ring_has_the_gap_of_its_jacobian),
        cmocka_unit_test(exact_ring_diffuses_along_its_left_mode),
        cmocka_unit_test(far_starts_come_back),
        cmocka_unit_test(saturation),
        cmocka_unit_test(nonsense_is_refused),
    };
    return cmocka_run_group_tests_name("probe", tests, NULL, NULL);
}
