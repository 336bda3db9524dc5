/* SPDX-License-Identifier: MIT
 * Stages `weights` and `activity` as black boxes on manifolds other than the ring.  */
#include "black_box.h"

#include <basin/manifold.h>

/* Networks large enough for the manifold to attract: smaller ones, and shorter correlations,
 * have a small residual and fall off all the same.                          */
static const struct world {
    const char *name, *tuning;
    struct bn_manifold m;
    size_t neurons;
    double length;
} worlds[] = {
    { "torus", "--set manifold=torus --set points=20 --set length=2",
      { BN_TORUS, 2, { 20, 20, 1 }, { BN_TWO_PI, BN_TWO_PI }, 0.0 }, 400, 2.0 },
    { "hexagon", "--set manifold=hexagon --set size=1 --set points=17 --set length=0.3",
      { BN_HEXAGON, 2, { 17, 17, 1 }, { 1.0, 1.0 }, 0.0 }, 400, 0.3 },
    { "sphere", "--set manifold=sphere --set 'points={25,13}' --set length=1.1",
      { BN_SPHERE, 2, { 25, 13, 1 }, { BN_TWO_PI, 0.5 * BN_TWO_PI }, 0.0 }, 400, 1.1 },
    { "interval", "--set manifold=interval --set size=8 --set points=64 --set length=1.5",
      { BN_INTERVAL, 1, { 64, 1, 1 }, { 8.0 }, 0.0 }, 300, 1.5 },
    { "box", "--set manifold=box --set 'size={4, 3}' --set 'points={16, 12}' --set length=1.5",
      { BN_BOX, 2, { 16, 12, 1 }, { 4.0, 3.0 }, 0.0 }, 300, 1.5 },
    { "line", "--set manifold=line --set size=6 --set margin=3 --set points=72 --set length=1.5",
      { BN_LINE, 1, { 72, 1, 1 }, { 6.0 }, 3.0 }, 300, 1.5 },
    { "room", "--set manifold=box --set 'size={2, 2, 1.5}' --set 'points={10, 10, 8}' "
      "--set length=1.5",
      { BN_BOX, 3, { 10, 10, 8 }, { 2.0, 2.0, 1.5 }, 0.0 }, 600, 1.5 },
};

enum { STARTS = 16 };

static void make(const struct world *w)
{
    char line[512];

    snprintf(line, sizeof line, "--quiet --out t.h5 --set neurons=%zu --set beta=1.5 %s",
             w->neurons, w->tuning);
    box_runs("tuning", line);
}

/* What became of starts on the manifold and of starts 0.5 (per neuron) beside it: the root
 * mean square distance from the manifold of each, and of the way along it.   */
struct fate {
    double kept, back, moved;
};

static struct fate run(const struct world *w, const char *weights)
{
    const size_t dims = w->m.dimensions;
    struct fate f = { 0.0, 0.0, 0.0 };
    char line[256];

    snprintf(line, sizeof line, "--in tuning=t.h5 --in weights=%s --out a.h5 --set starts=%d "
             "--set 'disturbances={0, 0.5}' --set interval=0.5", weights, STARTS);
    box_runs("activity", line);
    box_shape("a.h5", "/position", 3, 2 * STARTS, 5, dims);
    box_shape("a.h5", "/overlap_map", 2, 2 * STARTS, bn_manifold_points(&w->m), 0);
    box_is_sound("a.h5");
    bn_h5 *h;
    double *at;
    size_t n;
    struct bn_mat distance = box_mat("a.h5", "/distance"), from = box_mat("a.h5", "/start_point");
    assert_ok(bn_h5_open(&h, "a.h5"));
    assert_ok(bn_h5_read(h, "/position", &at, &n));
    assert_ok(bn_h5_close(h));
    for (size_t k = 0; k < 2 * STARTS; k++) {
        const double d = *bn_mat_at(&distance, k, 4), first = *bn_mat_at(&distance, k, 0);
        const double way = bn_manifold_distance(&w->m, bn_mat_row(&from, k),
                                                at + (k * 5 + 4) * dims);
        *(k < STARTS ? &f.kept : &f.back) += d * d / STARTS;
        f.moved += k < STARTS ? way * way / STARTS : 0.0;
        /* the manifold is dims-dimensional: 0.5 sqrt(1 - dims/N), and its sampling error */
        assert_close(first, k < STARTS ? 0.0 : 0.5, 0.0,
                     k < STARTS ? 1e-2 : 2.5 / sqrt(2.0 * (double)w->neurons) + 0.01);
    }
    free(at), bn_mat_free(&distance), bn_mat_free(&from);
    return (struct fate){ sqrt(f.kept), sqrt(f.back), sqrt(f.moved) };
}

/* Ridge weights hold every state of the manifold and draw others to it, over 40 time
 * constants, to less than half of the distance (a few began far along slow directions; most
 * return altogether); the outer product, which has the same patterns, holds none.  Weights
 * that only had a small residual would keep undisturbed states and lose the others.  */
static void offline_weights_hold_the_manifold(void **state)
{
    (void)state;
    for (size_t i = 0; i < BN_LEN(worlds); i++) {
        make(&worlds[i]);
        box_runs("weights", "--quiet --in tuning=t.h5 --out w.h5");
        box_runs("weights", "--quiet --in tuning=t.h5 --out h.h5 --set kind=hebb");
        const struct fate f = run(&worlds[i], "w.h5"), hebb = run(&worlds[i], "h.h5");
        if (!(f.kept < 0.03 && f.back < 0.2 && f.moved < 0.25 * worlds[i].length))
            fail_msg("%s: distance %g, %g after a disturbance, moved by %g", worlds[i].name,
                     f.kept, f.back, f.moved);
        if (!(hebb.kept > 0.5 && hebb.back > 0.5))
            fail_msg("%s: the outer product holds states, too: %g, %g", worlds[i].name,
                     hebb.kept, hebb.back);
    }
}

/* J is where the definition's gradient vanishes, on the points of the grid:
 * mean_m (J phi - x)_i phi_j / N + lambda J_ij = 0 for j != i, and J_ii = 0.  On an odd
 * torus the grid and the coefficients say the same.                         */
static void weights_are_the_minimum_on_the_grid(void **state)
{
    (void)state;
    enum { N = 60, M = 121 };
    const double lambda = 1e-4;
    box_runs("tuning", "--quiet --out t.h5 --set neurons=60 --set manifold=torus --set points=11 "
             "--set length=1.5 --set beta=1.5");
    box_runs("weights", "--quiet --in tuning=t.h5 --out w.h5 --set lambda=1e-4 "
             "--set rank_tolerance=0");
    struct bn_mat x = box_mat("t.h5", "/current"), phi = box_mat("t.h5", "/rate");
    struct bn_mat j = box_mat("w.h5", "/J"), g;
    double error = 0.0, norm = 0.0;
    assert_int_equal(x.cols, M);
    for (size_t k = 0; k < N * M; k++)
        norm += x.data[k] * x.data[k];
    assert_ok(bn_gemm(1.0, &j, BN_PLAIN, &phi, BN_PLAIN, -1.0, &x));
    for (size_t k = 0; k < N * M; k++)
        error += x.data[k] * x.data[k];
    assert_close(box_number("w.h5", "/residual"), sqrt(error / norm), 1e-9, 0.0);
    assert_ok(bn_mat_alloc(&g, N, N));
    assert_ok(bn_gemm(1.0 / (double)(N * M), &x, BN_PLAIN, &phi, BN_TRANSPOSED, 0.0, &g));
    for (size_t i = 0; i < N; i++)
        for (size_t k = 0; k < N; k++) {
            if (i == k)
                assert_true(*bn_mat_at(&j, i, k) == 0.0);
            else
                assert_close(*bn_mat_at(&g, i, k), -lambda * *bn_mat_at(&j, i, k), 1e-8, 1e-13);
        }
    bn_mat_free(&g), bn_mat_free(&j), bn_mat_free(&phi), bn_mat_free(&x);
}

/* Dense, factored and by modes: the same network. */
static void forms_do_the_same(void **state)
{
    (void)state;
    static const char *const forms[] = { "dense", "factored", "modes" };
    struct bn_mat distance[3];

    make(&worlds[2]);
    for (size_t k = 0; k < 3; k++) {
        char line[256];
        snprintf(line, sizeof line, "--quiet --in tuning=t.h5 --out w.h5 --set form=%s", forms[k]);
        box_runs("weights", line);
        assert_false(box_has("w.h5", "/J_velocity") || box_has("w.h5", "/left_velocity")
                     || box_has("w.h5", "/diagonal_velocity"));
        box_runs("activity", "--in tuning=t.h5 --in weights=w.h5 --out a.h5 --set starts=3 "
                 "--set duration=0.2");
        distance[k] = box_mat("a.h5", "/distance");
    }
    for (size_t k = 1; k < 3; k++)
        for (size_t i = 0; i < distance[0].rows * distance[0].cols; i++)
            assert_close(distance[k].data[i], distance[0].data[i], 1e-5, 1e-8);
    for (size_t k = 0; k < 3; k++)
        bn_mat_free(&distance[k]);
}

/* Velocity weights in one dimension hold the slope, also between walls, where it is no sum
 * of cosines: residuals far below 1, which a slope of zero at the walls would not give. */
static void an_interval_has_velocity_weights(void **state)
{
    (void)state;
    make(&worlds[3]);
    box_runs("weights", "--in tuning=t.h5 --out w.h5");
    assert_true(box_number("w.h5", "/residual_velocity") < 1e-2);
    assert_int_equal(strlen(box_said), 0);
    make(&worlds[0]);
    box_runs("weights", "--in tuning=t.h5 --out w.h5");
    assert_says(box_said, "a torus has 2");
}

/* A killed run goes on with the same bytes, and threads change none. */
static void same_bytes(void **state)
{
    (void)state;
    make(&worlds[1]);
    box_runs("weights", "--quiet --in tuning=t.h5 --out w.h5");
    box_repeats("activity", "--in tuning=t.h5 --in weights=w.h5 --set duration=0.2 --set starts=40 "
                "--set noise=0.1 --set states=yes");
    box_resumes("activity", "--in tuning=t.h5 --in weights=w.h5 --set duration=0.5 "
                "--set starts=10");
}

static void refusals(void **state)
{
    (void)state;
    static const struct box_refusal weights[] = {
        { "--in tuning=t.h5 --set kind=noisy --in weights=w.h5",
          "kind = noisy is defined by angles: it needs a tuning on the ring, and this one is on a "
          "hexagon", 2 },
        { "--in tuning=t.h5 --set kind=circulant --in weights=w.h5", "kind = circulant is", 2 },
        { "--in tuning=t.h5 --set kind=scrambled --in weights=w.h5", "kind = scrambled is", 2 },
        { "--in tuning=t.h5 --set kind=reservoir", "kind = reservoir is", 2 },
    };
    static const struct box_refusal activity[] = {
        { "--in tuning=t.h5 --in weights=w.h5 --set velocity=constant", "an angular velocity is",
          2 },
        { "--in tuning=t.h5 --in weights=w.h5 --set decoder=vector", "decoder = vector is", 2 },
    };
    for (size_t k = 0; k < BN_LEN(weights); k++)
        box_refuses("weights", &weights[k]);
    for (size_t k = 0; k < BN_LEN(activity); k++)
        box_refuses("activity", &activity[k]);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(offline_weights_hold_the_manifold),
        cmocka_unit_test(weights_are_the_minimum_on_the_grid),
        cmocka_unit_test(forms_do_the_same),
        cmocka_unit_test(an_interval_has_velocity_weights),
        cmocka_unit_test(same_bytes),
        cmocka_unit_test(refusals),
    };
    (void)argc;
    box_enter(argv[0]);
    return cmocka_run_group_tests_name("anywhere", tests, NULL, box_leave);
}
