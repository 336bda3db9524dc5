/* SPDX-License-Identifier: MIT
 * Positions, drift, persistence and end states by simulation, against what is known.  */
#include "cosine.h"
#include "place.h"

#include <basin/roam.h>
#include <stdio.h>
#include <basin/surface.h>

static const struct bn_transfer erf_ = { BN_TRANSFER_ERF, 1.0, 0.0 };
static const struct bn_transfer linear = { BN_TRANSFER_THRESHOLD, 1.0, 0.0 };

/* --- positions ----------------------------------------------------------------------- */

/* States of the manifold itself come back to rounding (walls: to the sixth power of the step
 * between grid points, by which distances are interpolated); with noise s per neuron the error is the
 * Fisher information's, s (T^T T)^-1/2.  Wrong, and seen here: the best point of the grid.  */
static void positions_are_found(void **state)
{
    (void)state;
    enum { N = 300, K = 12 };
    const struct bn_manifold all[3] = { place_torus(16), place_interval(120, 20.0),
        { .kind = BN_SPHERE, .dimensions = 2, .count = { 24, 12, 1 },
          .size = { BN_TWO_PI, 0.5 * BN_TWO_PI } } };
    for (size_t m = 0; m < 3; m++) {
        struct place p = place_make(all[m], m == 1 ? 1.0 : 0.8, N, erf_, 0.0, 1e-3, 3 + m);
        const size_t d = all[m].dimensions;
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
            assert_close(bn_manifold_distance(&all[m], want + k * d, at + k * d), 0, 0, m == 1 ? 2e-5 : 1e-7);
            assert_close(distance[k], 0, 0, m == 1 ? 2e-5 : 1e-7);
        }
        for (size_t k = 0; k < K * N; k++)
            x.data[k] += 1e-3 * noise.data[k];
        assert_ok(bn_roam_locate(r, &x, at, distance));
        for (size_t k = 0; k < K; k++) {
            const double e = bn_manifold_distance(&all[m], want + k * d, at + k * d);
            const double uu = bn_dot(N, bn_mat_row(&u, k * d), bn_mat_row(&u, k * d));
            ratio += e * e * uu / (1e-6 * (double)(K * d));
            assert_close(distance[k], 1e-3, 5.0 / sqrt(2.0 * N), 0);
        }
        /* chi^2 of K d numbers, but for (T^T T) that is not quite a multiple of 1 */
        assert_true(ratio > 0.25 && ratio < 1.0 + 5.0 * sqrt(2.0 / (double)(K * d)));
        bn_roam_free(r);
        bn_mat_free(&x), bn_mat_free(&u), bn_mat_free(&noise);
        place_free(&p);
    }
}

/* --- drift --------------------------------------------------------------------------- */

/* The drift vectors of surface.h are what simulated states do; the orthogonal projection is
 * not.                                                                       */
static void drift_is_what_simulations_do(void **state)
{
    (void)state;
    enum { N = 400, K = 48 };
    struct place p = place_make(place_torus(16), 1.2, N, erf_, 0.0, 1e-3, 21);
    double points[2 * K], at[2 * K], seen[2 * K], v[2 * K], wrong[2 * K];
    struct bn_points q;
    struct bn_surface s;
    bn_roam *r;
    assert_ok(bn_roam_new(&r, &p.net, 0.1, NULL, NULL));
    bn_manifold_spread(&p.manifold, K, points);
    assert_ok(bn_roam_drift(r, points, K, 10.0, 2.0, at, seen));
    assert_ok(bn_diagnose_points(&p.net, at, K, &q));
    assert_ok(bn_surface_modes(&p.net, &q, &s));
    assert_ok(bn_surface_along(&q, &s, v, wrong, NULL, NULL));
    const double good = bn_dot(2 * K, v, seen) / (bn_norm(2 * K, v) * bn_norm(2 * K, seen));
    const double bad = bn_dot(2 * K, wrong, seen)
                     / (bn_norm(2 * K, wrong) * bn_norm(2 * K, seen));
    printf("%g %g  slope %g %g\n", good, bad, bn_dot(2*K,v,seen)/bn_dot(2*K,v,v), bn_dot(2*K,wrong,seen)/bn_dot(2*K,wrong,wrong));
    for (size_t k = 0; k < K; k++) printf("%g/%g ", s.slow[k], s.overlap[k]);
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
    const double rate = WAVES * fabs(c->amplitude), near = 0.3;
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
            unsure += (fabs(want - near) < 0.03) / (double)K;
        }
        printf("%g: %g %g unsure %g\n", stay[k].time, stay[k].share, share, unsure);
    }
    const size_t groups = bn_roam_groups(r, &x, at, 0.2, group, &effective);
    printf("worst %g groups %zu eff %g half %g\n", worst, groups, effective, bn_roam_half(stay, T));
    bn_roam_free(r);
    bn_harmonics_free(h);
    bn_mat_free(&x), bn_mat_free(&moved);
    cosine_free(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(positions_are_found),
        cmocka_unit_test(drift_is_what_simulations_do),
        cmocka_unit_test(a_pinned_ring_forgets),
    };
    (void)linear;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
