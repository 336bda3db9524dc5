/* SPDX-License-Identifier: MIT
 * Stage tuning on manifolds other than the ring, and thresholded cells on the ring. */
#include "black_box.h"

#include <basin/fieldlaw.h>
#include <basin/manifold.h>
#include <basin/mat.h>

#include <math.h>

#define TUNNEL "--set manifold=interval --set size=200 --set points=1000 --set length=3.394 " \
               "--set process=threshold --set threshold=1.1 --set beta=1 "

static const struct {
    const char *arguments;
    size_t points, coordinates;
} shapes[] = {
    { "--set manifold=line --set size=6 --set margin=2 --set points=80", 80, 1 },
    { "--set manifold=box --set 'size={4, 3}' --set 'points={20, 15}' --set length=0.7 "
      "--set kernel=matern52 --set process=threshold --set thresholds=gamma", 300, 2 },
    { "--set manifold=box --set 'size={4, 3, 3}' --set points=9 --set length=1.2 "
      "--set process=threshold --set thresholds=skewed", 729, 3 },
    { "--set manifold=torus --set points=16 --set kernel=vonmises "
      "--set 'length={1, 0.9}'", 256, 2 },
    { "--set manifold=hexagon --set points=18 --set length=0.35 --set process=softplus", 324,
      2 },
    { "--set manifold=hexagon --set size=3 --set points=24 --set length=0.3 --set periods=3 "
      "--set eta=0.5", 576, 2 },
    { "--set manifold=sphere --set points=24 --set kernel=heat --set length=0.6", 288, 2 },
};

static void every_manifold_is_sound(void **state)
{
    (void)state;
    for (size_t k = 0; k < BN_LEN(shapes); k++) {
        char line[600];
        snprintf(line, sizeof line, "--out t.h5 --set neurons=40 %s", shapes[k].arguments);
        box_runs("tuning", line);
        box_is_sound("t.h5");
        box_shape("t.h5", "/rate", 2, 40, shapes[k].points, 0);
        box_shape("t.h5", "/current", 2, 40, shapes[k].points, 0);
        box_shape("t.h5", "/point", 2, shapes[k].points, shapes[k].coordinates, 0);
        box_shape("t.h5", "/preferred_point", 2, 40, shapes[k].coordinates, 0);
        assert_false(box_has("t.h5", "/theta"));       /* which would make it a ring's */
        struct bn_mat w = box_mat("t.h5", "/quadrature");
        double sum = 0.0;
        for (size_t i = 0; i < w.rows; i++)
            sum += w.data[i];
        assert_close(sum, 1.0, 1e-12, 0);
        bn_mat_free(&w);
    }
}

/* What is written beside the points is enough to make the manifold again. */
static void attributes_say_the_manifold(void **state)
{
    (void)state;
    double count[2], size[2];
    char *name, *unit;
    bn_h5 *f;
    box_runs("tuning", "--out t.h5 --set neurons=3 --set manifold=box --set 'size={4, 3}' "
             "--set 'points={20, 15}' --set unit=cm");
    assert_ok(bn_h5_open(&f, "t.h5"));
    assert_ok(bn_h5_get_text(f, "/point", "manifold", &name));
    assert_ok(bn_h5_get_text(f, "/point", "units", &unit));
    assert_ok(bn_h5_get_reals(f, "/point", "count", count, 2));
    assert_ok(bn_h5_get_reals(f, "/point", "size", size, 2));
    assert_ok(bn_h5_close(f));
    assert_string_equal(name, "box");
    assert_string_equal(unit, "cm");
    assert_true(count[0] == 20.0 && count[1] == 15.0 && size[0] == 4.0 && size[1] == 3.0);
    struct bn_mat p = box_mat("t.h5", "/point");
    assert_close(*bn_mat_at(&p, 1, 1), 0.3, 1e-14, 0);         /* the last one first */
    assert_close(*bn_mat_at(&p, 15, 0), 0.3, 1e-14, 0);
    bn_mat_free(&p), free(name), free(unit);
}

/* 8,000 cells in the 200 m tunnel: the active share is Q = 0.1357 and E f, E f^2 those of the
 * table, to five standard errors of cells (200/3.4 m makes 59 nearly independent places per
 * cell).  Cells filtered with reflection have more, at the walls.                 */
static void tunnel_has_its_moments(void **state)
{
    (void)state;
    box_runs("tuning", "--out t.h5 --set neurons=8000 " TUNNEL);
    struct bn_mat rate = box_mat("t.h5", "/rate");
    const char *const names[] = { "/active", "/rate_mean", "/rate_square" };
    const double want[] = { .13567, .06862, .06018 };
    double sum[3] = { 0 }, square[3] = { 0 }, wall = 0.0;
    for (size_t i = 0; i < rate.rows; i++) {
        double of[3] = { 0 };
        for (size_t k = 0; k < rate.cols; k++) {
            const double f = *bn_mat_at(&rate, i, k);
            of[0] += (f > 0.0) / (double)rate.cols;
            of[1] += f / (double)rate.cols;
            of[2] += f * f / (double)rate.cols;
        }
        for (size_t j = 0; j < 3; j++) {
            sum[j] += of[j] / (double)rate.rows;
            square[j] += of[j] * of[j] / (double)rate.rows;
        }
        wall += (*bn_mat_at(&rate, i, 0) > 0.0) / (double)rate.rows;
    }
    for (size_t j = 0; j < 3; j++) {
        char sampled[32];
        const double error = sqrt((square[j] - sum[j] * sum[j]) / (double)rate.rows);
        snprintf(sampled, sizeof sampled, "%s_sampled", names[j]);
        assert_close(box_number("t.h5", names[j]), want[j], 0, 6e-6);
        assert_close(box_number("t.h5", sampled), sum[j], 1e-12, 0);
        assert_close(sum[j], want[j], 0, 5.0 * error);
    }
    assert_close(sum[0], .1357, 0, .002);
    assert_close(wall, .13567, 0, 5.0 * sqrt(.1357 * .8643 / 8000.0));
    bn_mat_free(&rate);
}

/* Another stream: other maps of the same cells; another name of the cells: other cells. */
static void sessions_share_their_thresholds(void **state)
{
    (void)state;
    static const char *const variants[] = { "", "--set stream=again", "--set cells=others",
                                            "--set replicate=1" };
    struct bn_mat theta[4], current[4];
    for (size_t k = 0; k < 4; k++) {
        char line[600];
        snprintf(line, sizeof line, "--out t.h5 --set neurons=30 --set thresholds=gamma "
                 "--set propensity_scale=0.02 --set manifold=interval --set size=30 "
                 "--set process=threshold %s", variants[k]);
        box_runs("tuning", line);
        theta[k] = box_mat("t.h5", "/threshold");
        current[k] = box_mat("t.h5", "/current");
    }
    const size_t bytes = 30 * sizeof(double);
    assert_memory_equal(theta[0].data, theta[1].data, bytes);
    assert_memory_not_equal(theta[0].data, theta[2].data, bytes);
    assert_memory_not_equal(theta[0].data, theta[3].data, bytes);
    /* x + theta is the map: the same for other cells of the same stream */
    for (size_t i = 0; i < 30; i++) {
        const double h0 = *bn_mat_at(&current[0], i, 7) + theta[0].data[i];
        assert_close(*bn_mat_at(&current[2], i, 7) + theta[2].data[i], h0, 0, 1e-12);
        assert_true(fabs(*bn_mat_at(&current[1], i, 7) + theta[1].data[i] - h0) > 1e-9);
    }
    for (size_t k = 0; k < 4; k++)
        bn_mat_free(&theta[k]), bn_mat_free(&current[k]);
}

/* The ring's own outputs, of thresholded cells: E f^2, E x f and E x^2 at lag 0 within five
 * standard errors from batches of neurons (their predictions are given the thresholds).  */
static void thresholded_ring(void **state)
{
    (void)state;
    enum { N = 4000, BATCH = 100 };
    box_runs("tuning", "--out t.h5 --set neurons=4000 --set angles=60 --set process=threshold "
             "--set thresholds=gamma --set propensity_scale=0.2 --set beta=1.5");
    struct bn_mat x = box_mat("t.h5", "/current"), r = box_mat("t.h5", "/rate");
    static const char *const names[] = { "/covariance_current", "/covariance_rate",
                                         "/covariance_cross" };
    for (size_t j = 0; j < 3; j++) {
        struct bn_mat want = box_mat("t.h5", names[j]);
        double sum = 0.0, square = 0.0;
        for (size_t i = 0; i < N; i++) {
            double one = 0.0;
            for (size_t k = 0; k < 60; k++) {
                const double a = *bn_mat_at(j == 1 ? &r : &x, i, k);
                one += a * *bn_mat_at(j == 0 ? &x : &r, i, k) / 60.0;
            }
            sum += one / N;
            square += one * one / N;
        }
        assert_close(sum, want.data[0], 0, 5.0 * sqrt((square - sum * sum) / N));
        bn_mat_free(&want);
    }
    box_is_sound("t.h5");
    bn_mat_free(&x), bn_mat_free(&r);
}

/* An artifact whose points are not what its attributes say is refused by who reads it. */
static void broken_points_are_refused(void **state)
{
    (void)state;
    static const struct { const char *manifold; double count, size; size_t points;
                          const char *says; } rows[] = {
        { "interval", 12.0, 3.0, 12, NULL },
        { "plane", 12.0, 3.0, 12, "plane" },
        { "interval", 11.0, 3.0, 12, "/point has 12 points, its attribute count says 11" },
        { "interval", -1.0, 3.0, 12, "/point" },
        { "interval", 12.0, 0.0, 12, "size 0" },
        { "", 12.0, 3.0, 12, "has neither /point nor /theta" },
    };
    for (size_t k = 0; k < BN_LEN(rows); k++) {
        const struct bn_shape point = bn_shape2(12, 1), rate = bn_shape2(4, 12);
        const double none = 0.0;
        double x[48];
        bn_h5 *f;
        for (size_t i = 0; i < 48; i++)
            x[i] = fmax(0.0, sin(0.9 * (double)i));
        assert_ok(bn_h5_create(&f, "p.h5"));
        if (rows[k].manifold[0] != '\0') {
            assert_ok(bn_h5_write(f, "/point", BN_H5_F64, &point, x, false));
            assert_ok(bn_h5_put_text(f, "/point", "units", "m"));
            assert_ok(bn_h5_put_text(f, "/point", "manifold", rows[k].manifold));
            assert_ok(bn_h5_put_real(f, "/point", "count", &rows[k].count, 1));
            assert_ok(bn_h5_put_real(f, "/point", "size", &rows[k].size, 1));
            assert_ok(bn_h5_put_real(f, "/point", "margin", &none, 1));
        }
        assert_ok(bn_h5_write(f, "/rate", BN_H5_F64, &rate, x, false));
        assert_ok(bn_h5_close(f));
        const int status = box_run("fields", "--in tuning=p.h5 --out f.h5");
        if (rows[k].says == NULL) {
            if (status != 0)
                fail_msg("%s", box_said);
            continue;
        }
        assert_int_not_equal(status, 0);
        assert_says(box_said, rows[k].says);
    }
}

static void a_small_room_is_said(void **state)
{
    (void)state;
    box_runs("tuning", "--out t.h5 --set neurons=5 --set manifold=interval --set size=2 "
             "--set length=1.5 --set process=threshold --set threshold=0.5");
    assert_says(box_said, "a field is 3.3 long on average");
    assert_says(box_said, "more than the manifold's 2");
}

static void refusals(void **state)
{
    (void)state;
    static const struct box_refusal rows[] = {
        { "--set manifold=plane", "manifold", 2 },
        { "--set manifold=interval", "how long is the interval", 2 },
        { "--set manifold=box --set size=3 --set 'points={10, 10, 10, 10}'", "points has 4", 2 },
        { "--set manifold=interval --set 'size={3, 4}'", "size has 2 numbers", 2 },
        { "--set manifold=interval --set size=100 --set points=20", "set at least 200 points", 2 },
        { "--set manifold=torus --set kernel=geodesic", "a variance is not negative", 2 },
        { "--set manifold=interval --set size=10 --set kernel=heat", "take gaussian", 2 },
        { "--set kernel=geodesic --set sigma=1", "would need the variance -0.00016", 2 },
        { "--set kernel=vonmises", "for other manifolds", 2 },
        { "--in recording=places.h5", "set process = threshold", 2 },
        { "--in recording=places.h5 --set process=threshold --set manifold=interval --set size=4",
          "a recording says itself", 2 },
        { "--set manifold=torus --set length=5", "length", 2 },
        { "--set manifold=hexagon --set points=20 --set length=0.1 --set periods=3",
          "20 points along coordinate 1 for 3 periods", 2 },
        { "--set manifold=interval --set size=10 --set margin=1", "margin", 2 },
        { "--set manifold=interval --set size=1e6 --set points=10000000 --set length=10",
          "1000 neurons on 10000000 points", 2 },
        { "--set manifold=interval --set size=10 --set process=reservoir", "for the ring", 2 },
        { "--set manifold=sphere --set kernel=geodesic", "a variance is not negative", 2 },
        { "--set process=threshold --set fit=covariance", "process = threshold", 2 },
        { "--set process=threshold --set store=coefficients", "store to curves", 2 },
    };
    /* what `recording` writes of places: 12 bins of a track, which is no ring */
    box_runs("tuning", "--out places.h5 --set neurons=4 --set manifold=interval --set size=4 "
             "--set points=12");
    for (size_t k = 0; k < BN_LEN(rows); k++)
        box_refuses("tuning", &rows[k]);
}

/* Maps as a recording would give them, in units of their own: each cell's threshold is that of
 * a map which is active as often, its mean rate that map's; where it is active the current is
 * in proportion to the rate above the floor, where it is silent below 0.  Without the floor
 * the shape is the one that was drawn.  Dividing by the mean alone would leave the mean 1. */
static void recorded_places_become_targets(void **state)
{
    (void)state;
    box_runs("tuning", "--out drawn.h5 --set neurons=30 " TUNNEL);
    for (int floored = 0; floored < 2; floored++) {
        box_runs("tuning", floored ? "--out t.h5 --in recording=drawn.h5 --set process=threshold "
                                     "--set floor=0.5"
                                   : "--out t.h5 --in recording=drawn.h5 --set process=threshold "
                                     "--set floor=1e-12");
        box_is_sound("t.h5");
        struct bn_mat from = box_mat("drawn.h5", "/rate"), rate = box_mat("t.h5", "/rate");
        struct bn_mat x = box_mat("t.h5", "/current"), theta = box_mat("t.h5", "/threshold");
        const double points = (double)rate.cols;
        for (size_t i = 0; i < rate.rows; i++) {
            double active = 0.0, mean = 0.0, own = 0.0, scale = 0.0;
            for (size_t k = 0; k < rate.cols; k++) {
                active += (*bn_mat_at(&rate, i, k) > 0.0) / points;
                mean += *bn_mat_at(&rate, i, k) / points;
                own += *bn_mat_at(&from, i, k) / points;
            }
            assert_close(bn_fieldlaw_share(theta.data[i]), active, 1e-9, 0);
            assert_close(bn_fieldlaw_mean(theta.data[i]), mean, 1e-9, 0);
            for (size_t k = 0; k < rate.cols; k++) {
                const double r = *bn_mat_at(&from, i, k) - (floored ? 0.5 : 1e-12) * own;
                const double current = *bn_mat_at(&x, i, k);
                assert_true((current > 0.0) == (r > 0.0));
                if (scale == 0.0 && r > 0.1 * own)
                    scale = current / r;
                if (scale > 0.0)
                    assert_close(current, scale * r, 1e-9, 1e-12);
            }
        }
        bn_mat_free(&from), bn_mat_free(&rate), bn_mat_free(&x), bn_mat_free(&theta);
    }
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_manifold_is_sound),
        cmocka_unit_test(recorded_places_become_targets),
        cmocka_unit_test(attributes_say_the_manifold),
        cmocka_unit_test(tunnel_has_its_moments),
        cmocka_unit_test(sessions_share_their_thresholds),
        cmocka_unit_test(thresholded_ring),
        cmocka_unit_test(broken_points_are_refused),
        cmocka_unit_test(a_small_room_is_said),
        cmocka_unit_test(refusals),
    };
    (void)argc;
    box_enter(argv[0]);
    return cmocka_run_group_tests_name("tuning_maps", tests, NULL, box_leave);
}
