/* SPDX-License-Identifier: MIT
 * The stage `diagnosis` as a black box on manifolds other than the ring.      */
#include "black_box.h"

#include <basin/manifold.h>

#define BOTH "--in weights=w.h5 --in tuning=t.h5 "
#define QUICK "--set drift_points=24 --set jacobian_angles=2 --set spectrum=leading " \
              "--set eigenvalues=8 "

static const struct world {
    const char *name, *tuning;
    size_t dimensions, neurons;
    double length, shells[4];            /* multiplicities of the Laplacian's eigenvalues */
    size_t n_shells;
} worlds[] = {
    { "torus", "--set manifold=torus --set points=16 --set length=1.8", 2, 300, 1.8,
      { 1, 4, 4, 4 }, 3 },
    { "hexagon", "--set manifold=hexagon --set size=1 --set points=15 --set length=0.25", 2, 300,
      0.25, { 1, 6, 6, 6 }, 3 },
    { "sphere", "--set manifold=sphere --set 'points={24, 12}' --set length=1", 2, 300, 1.0,
      { 1, 3, 5, 7 }, 3 },
    { "interval", "--set manifold=interval --set size=12 --set points=96 --set length=1", 1, 250,
      1.0, { 1, 1, 1, 1 }, 4 },
    { "box", "--set manifold=box --set 'size={3, 2}' --set 'points={15, 10}' --set length=1", 2,
      250, 1.0, { 1, 1, 1, 1 }, 3 },
    { "line", "--set manifold=line --set size=8 --set margin=2 --set points=96 --set length=1", 1,
      250, 1.0, { 1, 1, 1, 1 }, 4 },
    { "room", "--set manifold=box --set 'size={2, 1.5, 1.2}' --set 'points={9, 7, 6}' "
      "--set length=1", 3, 250, 1.0, { 1, 1, 1, 1 }, 3 },
};

static void make(const struct world *w, const char *weights)
{
    char line[512];

    snprintf(line, sizeof line, "--quiet --out t.h5 --set neurons=%zu --set beta=1 %s",
             w->neurons, w->tuning);
    box_runs("tuning", line);
    snprintf(line, sizeof line, "--quiet --in tuning=t.h5 --out w.h5 --set velocity=no %s",
             weights);
    box_runs("weights", line);
}

/* Shapes, multiplicities (six-fold on the hexagon, 2 l + 1 on the sphere), sigma_c of the
 * targets as they were asked for, a residual like the one that the weights say of
 * themselves, and the mean over a shell near its prediction.                  */
static void every_manifold_is_diagnosed(void **state)
{
    (void)state;
    for (size_t k = 0; k < BN_LEN(worlds); k++) {
        const struct world *w = &worlds[k];
        const size_t d = w->dimensions;
        make(w, "--set lambda=1e-4");
        box_runs("diagnosis", BOTH QUICK "--out d.h5");
        box_shape("d.h5", "/drift_point", 2, 24, d, 0);
        box_shape("d.h5", "/drift_vector_window", 2, 24, d, 0);
        box_shape("d.h5", "/point_diffusion", 2, 24, d * d, 0);
        box_is_sound("d.h5");
        assert_true(box_has("d.h5", "/potential") == (d == 1));
        assert_true(box_has("d.h5", "/wall_drift") == (k >= 3));
        assert_true(!box_has("d.h5", "/drift") && !box_has("d.h5", "/profile"));
        struct bn_mat size = box_mat("d.h5", "/shell_size"), mean = box_mat("d.h5", "/shell_mean");
        struct bn_mat want = box_mat("d.h5", "/shell_predicted");
        struct bn_mat found = box_mat("d.h5", "/shell_found");
        for (size_t s = 0; s < w->n_shells; s++)
            assert_close(size.data[s], w->shells[s], 0, 0);
        /* with ends cosines are only nearly the modes: not each draw of cells shows them */
        if (k <= 4) {
            assert_close(found.data[1], size.data[1], 0, 0);
            assert_close(mean.data[1], want.data[1], 0.15, 0);
        }
        /* var h is known to sqrt(2/(N points/patch)) */
        assert_close(box_summary("d.h5", "sigma_c"), w->length, 0.1, 0);
        assert_close(box_number("d.h5", "/residual") / box_number("w.h5", "/residual"), 1.0, 0,
                     0.3);
        bn_mat_free(&size), bn_mat_free(&mean), bn_mat_free(&want), bn_mat_free(&found);
    }
}

static void interval(const char *arguments)
{
    char line[512];

    make(&worlds[3], "--set lambda=1e-5");
    snprintf(line, sizeof line, BOTH QUICK "--out d.h5 %s", arguments);
    box_runs("diagnosis", line);
}

/* The potential is minus the trapezoidal integral of the drift of the window; walls are the
 * same numbers in bins.  Wrong, and seen here: the adjoint drift in its place.  */
static void outputs_agree(void **state)
{
    (void)state;
    enum { K = 48 };
    interval("--set drift_points=48");
    struct bn_mat v = box_mat("d.h5", "/drift_vector_window"), u = box_mat("d.h5", "/potential");
    struct bn_mat at = box_mat("d.h5", "/drift_point"), e = box_mat("d.h5", "/point_residual");
    struct bn_mat count = box_mat("d.h5", "/wall_points"), by = box_mat("d.h5", "/wall_residual");
    struct bn_mat sign = box_mat("d.h5", "/rest_sign"), rest = box_mat("d.h5", "/rest_position");
    struct bn_mat left = box_mat("d.h5", "/point_tangent");
    double sum = 0.0, points = 0.0, stable = 0.0;
    for (size_t k = 1; k < K; k++) {
        const double step = at.data[k] - at.data[k - 1];
        assert_close(step, 0.25, 1e-12, 0);
        assert_close(u.data[k] - u.data[k - 1], -0.5 * step * (v.data[k] + v.data[k - 1]), 1e-9,
                     1e-15);
    }
    for (size_t b = 0; b < count.rows; b++) {
        points += count.data[b];
        sum += count.data[b] * by.data[b] * by.data[b];
    }
    assert_close(points, K, 0, 0);
    assert_close(sum, pow(bn_norm(K, e.data), 2.0), 1e-12, 0);
    assert_close(box_number("d.h5", "/residual_centred"), bn_norm(K, e.data) / sqrt(K), 1e-12, 0);
    for (size_t k = 0; k < sign.rows; k++) {
        stable += sign.data[k] < 0.0;
        assert_true(rest.data[k] >= 0.0 && rest.data[k] <= 12.0);
        assert_true(k == 0 || sign.data[k] * sign.data[k - 1] < 0.0);    /* they alternate */
    }
    assert_close(box_summary("d.h5", "rests_stable"), stable, 0, 0);
    assert_close(box_summary("d.h5", "drift_window_rms"), bn_norm(K, v.data) / sqrt(K), 1e-12, 0);
    bn_mat_free(&v), bn_mat_free(&u), bn_mat_free(&at), bn_mat_free(&e), bn_mat_free(&count);
    bn_mat_free(&by), bn_mat_free(&sign), bn_mat_free(&rest), bn_mat_free(&left);
}

/* Linear response is what states do; shares follow from distances; end states from groups. */
static void simulations_agree(void **state)
{
    (void)state;
    enum { K = 32 };
    interval("--set simulate=yes --set trial_angles=32 --set 'memory_times={10, 60}' "
             "--set 'capture_noises={0.2}'");
    struct bn_mat moved = box_mat("d.h5", "/start_moved"), s = box_mat("d.h5", "/persistence");
    struct bn_mat share = box_mat("d.h5", "/end_share"), end = box_mat("d.h5", "/end_point");
    struct bn_mat group = box_mat("d.h5", "/start_group"), where = box_mat("d.h5", "/start_end");
    const double near = 0.5 * box_number("d.h5", "/sigma_c");
    double all = 0.0, p = 0.0;
    for (size_t t = 0; t < 2; t++) {
        double stayed = 0.0;
        for (size_t k = 0; k < K; k++)
            stayed += (*bn_mat_at(&moved, k, t) < near) / (double)K;
        assert_close(s.data[t], stayed, 1e-12, 0);
    }
    for (size_t g = 0; g < share.rows; g++) {
        all += share.data[g];
        p -= share.data[g] * log(share.data[g]);
    }
    assert_close(all, 1, 1e-12, 0);
    assert_close(box_summary("d.h5", "end_states_effective"), exp(p), 1e-9, 0);
    for (size_t k = 0; k < K; k++)       /* nearer to its group's first than sigma_c/4 */
        assert_true(fabs(where.data[k] - end.data[(size_t)group.data[k]]) < 0.5 * near + 1e-9);
    assert_true(box_summary("d.h5", "drift_correlation") > 0.95);
    assert_close(box_summary("d.h5", "drift_slope"), 1, 0, 0.2);
    assert_true(box_summary("d.h5", "captured_0.2") > 0.9);
    bn_mat_free(&moved), bn_mat_free(&s), bn_mat_free(&share), bn_mat_free(&end);
    bn_mat_free(&group), bn_mat_free(&where);
}

/* A ring diagnosed as any manifold has the drift, the tangent modes and the gap that it has
 * as a ring.                                                                 */
static void a_ring_is_a_manifold(void **state)
{
    (void)state;
    enum { K = 32 };
    box_runs("tuning", "--quiet --out t.h5 --set neurons=200 --set angles=61");
    box_runs("weights", "--quiet --in tuning=t.h5 --out w.h5 --set lambda=1e-4");
    box_runs("diagnosis", BOTH QUICK "--out r.h5 --set drift_angles=32");
    box_runs("diagnosis", BOTH QUICK "--out d.h5 --set drift_points=32 --set surface=yes");
    static const char *const same[][2] = { { "/drift", "/drift_vector" },
        { "/drift_projected", "/drift_vector_projected" }, { "/drift_tangent", "/point_tangent" },
        { "/diffusion", "/point_diffusion" }, { "/transverse", "/transverse" },
        { "/doublet_real", "/doublet_real" } };
    for (size_t k = 0; k < BN_LEN(same); k++) {
        struct bn_mat a = box_mat("r.h5", same[k][0]), b = box_mat("d.h5", same[k][1]);
        assert_int_equal(a.rows * a.cols, b.rows * b.cols);
        for (size_t i = 0; i < a.rows * a.cols; i++)
            assert_close(b.data[i], a.data[i], 1e-5, 1e-10);
        bn_mat_free(&a), bn_mat_free(&b);
    }
    assert_close(box_number("d.h5", "/residual"), box_number("r.h5", "/residual"), 1e-9, 0);
}

static void refusals(void **state)
{
    (void)state;
    make(&worlds[0], "--set lambda=1e-4");
    static const struct box_refusal r[] = {
        { BOTH "--set drift_from=25 --set drift_until=5", "ascending", 2 },
        { BOTH "--set drift_points=2", "drift_points", 2 },
    };
    for (size_t k = 0; k < BN_LEN(r); k++)
        box_refuses("diagnosis", &r[k]);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_manifold_is_diagnosed),
        cmocka_unit_test(outputs_agree),
        cmocka_unit_test(simulations_agree),
        cmocka_unit_test(a_ring_is_a_manifold),
        cmocka_unit_test(refusals),
    };
    (void)argc;
    box_enter(argv[0]);
    return cmocka_run_group_tests_name("diagnosis_anywhere", tests, NULL, box_leave);
}
