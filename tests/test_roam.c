/* SPDX-License-Identifier: MIT
 * Positions, drift, persistence and end states by simulation, against what is known.  */
#include "cosine.h"
#include "place.h"

#include <basin/roam.h>
#include <basin/surface.h>

static const struct bn_transfer erf_ = { BN_TRANSFER_ERF, 1.0, 0.0 };

/* --- positions ----------------------------------------------------------------------- */

/* States of the manifold itself come back to what the decoder leaves out: waves that the grid
 * holds in some directions only, or, between walls, the sixth power of the grid's step over
 * the length of squared distances, (sqrt 2/6)^6 = 2e-4; with noise s per neuron the error is the
 * Fisher information's, s (T^T T)^-1/2.  Wrong, and seen here: the best point of the grid.  */
static void positions_are_found(void **state)
{
    (void)state;
    enum { N = 300, K = 12 };
    const struct bn_manifold all[3] = { place_torus(16), place_interval(120, 20.0),
        { .kind = BN_SPHERE, .dimensions = 2, .count = { 24, 12, 1 },
          .size = { BN_TWO_PI, 0.5 * BN_TWO_PI } } };
    for (size_t m = 0; m < 3; m++) {
        struct place p = place_make(all[m], 1.0, N, erf_, 0.0, 1e-3, 3 + m);
        const size_t d = all[m].dimensions;
        const double sd = m == 1 ? 0.03 : 1e-3;
        double want[2 * K], at[2 * K], distance[K], ratio = 0.0;
        struct bn_mat x, u, noise = mat_random(K, N, 7);
        bn_roam *r;
        assert_ok(bn_roam_new(&r, &p.net, 0.1, NULL, NULL));
        bn_manifold_spread(&all[m], K, want);
        for (size_t k = 0; k < K * d; k++)
            want[k] += k % d == 0 ? 0.21 : 0.13;
        for (size_t k = 0; k < K; k++)
            bn_manifold_wrap(&all[m], want + k * d);
        assert_ok(bn_diagnose_target(&p.net, want, K, false, &x));
        assert_ok(bn_diagnose_target(&p.net, want, K, true, &u));
        assert_ok(bn_roam_locate(r, &x, at, distance));
        for (size_t k = 0; k < K; k++) {
            assert_close(bn_manifold_distance(&all[m], want + k * d, at + k * d), 0, 0,
                         m == 1 ? 2e-4 : 1e-6);
            assert_close(distance[k], 0, 0, m == 1 ? 5e-3 : 1e-6);     /* a root of that */
        }
        for (size_t k = 0; k < K * N; k++)
            x.data[k] += sd * noise.data[k];
        assert_ok(bn_roam_locate(r, &x, at, distance));
        for (size_t k = 0; k < K; k++) {
            const double e = bn_manifold_distance(&all[m], want + k * d, at + k * d);
            const double uu = bn_dot(N, bn_mat_row(&u, k * d), bn_mat_row(&u, k * d));
            ratio += e * e * uu / (sd * sd * (double)(K * d));
            assert_close(distance[k], sd, 5.0 / sqrt(2.0 * N), 0);
        }
        /* chi^2 of K d numbers, but for (T^T T) that is not quite a multiple of 1 */
        assert_true(ratio > 0.25 && ratio < 1.0 + 5.0 * sqrt(2.0 / (double)(K * d)));
        bn_roam_free(r);
        bn_mat_free(&x), bn_mat_free(&u), bn_mat_free(&noise);
        place_free(&p);
    }
}

/* --- drift --------------------------------------------------------------------------- */

static double cosine_of(const double *a, const double *b, size_t n)
{
    return bn_dot(n, a, b) / (bn_norm(n, a) * bn_norm(n, b));
}

/* On a torus of Gaussian maps many modes are as slow as the tangent ones: what states do from
 * 5 to 25 tau is the linear response over that window.  The adjoint modes and the
 * projection, which are wrong there, are far from it.                         */
static void drift_is_what_simulations_do(void **state)
{
    (void)state;
    enum { N = 400, K = 48 };
    struct place p = place_make(place_torus(14), 1.5, N, erf_, 0.0, 1e-5, 21);
    double points[2 * K], at[2 * K], seen[2 * K], v[2 * K], wrong[2 * K], window[2 * K];
    struct bn_points q;
    struct bn_surface s;
    bn_roam *r;
    assert_ok(bn_roam_new(&r, &p.net, 0.1, NULL, NULL));
    bn_manifold_spread(&p.manifold, K, points);
    assert_ok(bn_roam_drift(r, points, K, 5.0, 20.0, at, seen));
    assert_ok(bn_diagnose_points(&p.net, points, K, &q));
    assert_ok(bn_surface_modes(&p.net, &q, &s));
    assert_ok(bn_surface_along(&q, &s, v, wrong, NULL, NULL));
    assert_ok(bn_surface_window(&p.net, &q, 5.0, 25.0, window));
    assert_true(cosine_of(window, seen, 2 * K) > 0.98);
    assert_close(bn_norm(2 * K, window), bn_norm(2 * K, seen), 0.15, 0);
    assert_true(cosine_of(v, seen, 2 * K) < 0.8);
    assert_true(cosine_of(wrong, seen, 2 * K) < 0.9);
    bn_surface_free(&s);
    bn_points_free(&q);
    bn_roam_free(r);
    place_free(&p);
}

/* --- persistence ---------------------------------------------------------------------- */

/* The evenly spaced cosine ring, pinned: dtheta/dt = A sin k theta takes tan(k theta/2) to
 * exp(A k t) times itself, so S(T) and the k end states are known.            */
static void a_pinned_ring_forgets(void **state)
{
    (void)state;
    enum { N = 96, WAVES = 3, K = 60, T = 3 };
    struct cosine *c = cosine_make(N, WAVES, 0.02);
    const struct bn_manifold ring = bn_manifold_ring(64);
    struct bn_stay stay[T];
    struct bn_mat x, moved = mat_make(K, T);
    double start[K], at[K], effective, worst = 0.0;
    size_t group[K];
    bn_harmonics *h;
    bn_roam *r;
    assert_ok(bn_harmonics_new(&h, &ring));
    c->ring.harmonics = h;
    assert_ok(bn_roam_new(&r, &c->ring, 0.1, NULL, NULL));
    bn_manifold_spread(&ring, K, start);
    for (size_t k = 0; k < K; k++)
        start[k] += 0.02;                /* not on the unstable points */
    const double rate = WAVES * fabs(c->amplitude), near = 0.31;
    for (size_t k = 0; k < T; k++)
        stay[k].time = floor((double)(k * k + 1) / rate);
    assert_ok(bn_diagnose_target(&c->ring, start, K, false, &x));
    assert_ok(bn_roam_stay(r, start, near, &x, stay, T, at, &moved));
    for (size_t k = 0; k < T; k++) {
        double share = 0.0, unsure = 0.0;
        for (size_t t = 0; t < K; t++) {
            const double grown = exp(WAVES * c->amplitude * stay[k].time)
                               * tan(0.5 * WAVES * start[t]);
            double to = 2.0 / WAVES * atan(grown);
            to += BN_TWO_PI / WAVES * round((start[t] - to) / (BN_TWO_PI / WAVES));
            const double want = fabs(to - start[t]);
            worst = fmax(worst, fabs(*bn_mat_at(&moved, t, k) - want));
            share += (want < near) / (double)K;
            unsure += (fabs(want - near) < 0.01) / (double)K;
        }
        assert_close(stay[k].share, share, 0, unsure + 1e-12);
    }
    const size_t groups = bn_roam_groups(r, &x, at, 0.2, group, &effective);
    assert_true(worst < 0.01);           /* first order in the push, 0.02 of the weights */
    assert_int_equal(groups, WAVES);
    assert_close(effective, WAVES, 0, 0.01);
    assert_true(bn_roam_half(stay, T) > stay[0].time && bn_roam_half(stay, T) < stay[1].time);
    bn_roam_free(r);
    bn_harmonics_free(h);
    bn_mat_free(&x), bn_mat_free(&moved);
    cosine_free(c);
}

/* --- far starts and times --------------------------------------------------------------- */

/* Without a push every angle is kept, and what noise leaves after 20 tau is what the gap
 * allows; with so much noise that another place is nearer the start is lost.   */
static void noise_is_taken_off(void **state)
{
    (void)state;
    enum { N = 96, K = 40 };
    struct cosine *c = cosine_make(N, 3, 0.0);
    const struct bn_manifold ring = bn_manifold_ring(64);
    const struct bn_rng rng = { .seed = 4, .stream = 9 };
    double points[K], captured, left;
    struct bn_scale scale;
    bn_harmonics *h;
    bn_roam *r;
    assert_ok(bn_harmonics_new(&h, &ring));
    c->ring.harmonics = h;
    assert_ok(bn_roam_new(&r, &c->ring, 0.1, NULL, NULL));
    bn_manifold_spread(&ring, K, points);
    assert_ok(bn_surface_scale(&c->ring, points, K, NULL, &scale));
    /* x = a + b cos: variance b^2/2, slope b^2/2 */
    assert_close(scale.length, 1, 1e-9, 0);
    assert_close(scale.spread, c->b * sqrt(0.5 * N), 1e-9, 0);
    assert_ok(bn_roam_capture(r, points, K, 0.1, scale.spread, 0.3, 20.0, rng, &captured, &left));
    assert_close(captured, 1, 0, 0);
    assert_true(left < 0.02);
    assert_ok(bn_roam_capture(r, points, K, 20.0, scale.spread, 0.3, 20.0, rng, &captured,
                              &left));
    assert_true(captured < 0.7);
    bn_roam_free(r);
    bn_harmonics_free(h);
    cosine_free(c);
}

static void halves(void **state)
{
    (void)state;
    const struct bn_stay fast[2] = { { 1.0, 0.0, 0.0 }, { 10.0, 0.0, 0.0 } };
    const struct bn_stay late[2] = { { 10.0, 0.8, 0.0 }, { 1000.0, 0.2, 0.0 } };
    const struct bn_stay never[1] = { { 10.0, 0.5, 0.0 } };
    assert_close(bn_roam_half(fast, 2), 0.1, 1e-12, 0);
    assert_close(bn_roam_half(late, 2), 100, 1e-12, 0);
    assert_true(isinf(bn_roam_half(never, 1)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(positions_are_found),
        cmocka_unit_test(drift_is_what_simulations_do),
        cmocka_unit_test(a_pinned_ring_forgets),
        cmocka_unit_test(noise_is_taken_off),
        cmocka_unit_test(halves),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
