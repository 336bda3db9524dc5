/* SPDX-License-Identifier: MIT
 * The stage `activity` as a black box. */
#include "black_box.h"

#include <basin/manifold.h>

/* 600 neurons at this seed: every angle is stable (smaller networks lose some). */
enum { N = 600 };

#define BOTH "--in weights=w.h5 --in tuning=t.h5 "

static void explains_itself(void **state)
{
    (void)state;
    box_explains("activity");
}

static void same_bytes_twice(void **state)
{
    (void)state;
    box_repeats("activity", BOTH "--set duration=0.3 --set starts=40 --set noise=0.1 "
                "--set states=yes");
    box_repeats("activity", BOTH "--set duration=0.3 --set starts=2 --set velocity=ou");
}

static void shapes(void **state)
{
    (void)state;
    box_runs("activity", BOTH "--out a.h5 --set duration=0.5 --set interval=0.05 "
             "--set starts=6 --set 'disturbances={0, 0.5}' --set overlap_angles=30 "
             "--set states=yes");
    box_shape("a.h5", "/time", 1, 11, 0, 0);
    box_shape("a.h5", "/angle", 2, 12, 11, 0);
    box_shape("a.h5", "/distance", 2, 12, 11, 0);
    box_shape("a.h5", "/pc", 3, 12, 11, 3);
    box_shape("a.h5", "/overlap", 2, 11, 30, 0);
    box_shape("a.h5", "/states", 3, 12, 11, N);
    assert_false(box_has("a.h5", "/omega"));
    box_is_sound("a.h5");
    struct bn_mat time = box_mat("a.h5", "/time"), noise = box_mat("a.h5", "/start_noise");
    struct bn_mat start = box_mat("a.h5", "/start_angle");
    for (size_t k = 0; k < 11; k++)
        assert_close(time.data[k], 0.05 * (double)k, 1e-12, 1e-15);
    for (size_t k = 0; k < 12; k++) {
        assert_close(noise.data[k], k < 6 ? 0.0 : 0.5, 0, 0);
        assert_close(start.data[k], BN_TWO_PI * (double)(k % 6) / 6, 1e-14, 0);
    }
    bn_mat_free(&time), bn_mat_free(&noise), bn_mat_free(&start);
    box_runs("activity", BOTH "--out a.h5 --set duration=0.1");
    assert_false(box_has("a.h5", "/states"));
}

/* Undisturbed states stand on the ring; disturbed ones start at their noise, per
 * neuron (five standard errors: 0.5 (1 +- 5/sqrt(2 N))), and come back.       */
static void states_relax_to_the_ring(void **state)
{
    (void)state;
    box_runs("activity", BOTH "--out a.h5 --set duration=2 --set starts=12 "
             "--set 'disturbances={0, 0.5}'");
    struct bn_mat d = box_mat("a.h5", "/distance"), angle = box_mat("a.h5", "/angle");
    const size_t last = d.cols - 1;
    for (size_t k = 0; k < 24; k++) {
        const double first = *bn_mat_at(&d, k, 0), end = *bn_mat_at(&d, k, last);
        assert_close(first, k < 12 ? 0.0 : 0.5, 5.0 / sqrt(2.0 * N), 1e-6);
        assert_true(k < 12 ? end < 0.01 : end < 0.1);
        assert_close(bn_ring_difference(*bn_mat_at(&angle, k, last),
                                        *bn_mat_at(&angle, k % 12, 0)), 0, 0, 0.35);
    }
    bn_mat_free(&d), bn_mat_free(&angle);
}

/* /states are what the other outputs were computed from: one Euler step by hand. */
static void states_obey_the_equation(void **state)
{
    (void)state;
    box_runs("activity", BOTH "--out a.h5 --set duration=0.02 --set interval=0.005 "
             "--set starts=1 --set states=yes --set inhibition=0.7 --set target_rate=1.2");
    struct bn_mat j = box_mat("w.h5", "/J");
    bn_h5 *f;
    double *x, rate[N], mean = 0.0;
    size_t n;
    assert_ok(bn_h5_open(&f, "a.h5"));
    assert_ok(bn_h5_read(f, "/states", &x, &n));
    assert_ok(bn_h5_close(f));
    assert_int_equal(n, 5 * N);
    for (size_t i = 0; i < N; i++) {
        rate[i] = 1.0 + erf(0.5 * 2.7659 * sqrt(BN_TWO_PI / 2) * x[i]);
        mean += rate[i] / N;
    }
    for (size_t i = 0; i < N; i++) {
        const double in = bn_dot(N, bn_mat_row(&j, i), rate) + 0.7 * (1.2 - mean) - x[i];
        assert_close(x[N + i], x[i] + 0.1 * in, 1e-11, 1e-12);
    }
    free(x);
    bn_mat_free(&j);
}

static void factored_weights_do_the_same(void **state)
{
    (void)state;
    const char *rest = "--in tuning=t.h5 --set duration=0.4 --set starts=3 "
                       "--set velocity=constant";
    char line[512];
    snprintf(line, sizeof line, "--in weights=w.h5 --out a.h5 %s", rest);
    box_runs("activity", line);
    snprintf(line, sizeof line, "--in weights=f.h5 --out b.h5 %s", rest);
    box_runs("activity", line);
    static const char *const names[] = { "/angle", "/distance", "/peak", "/overlap",
                                         "/angle_error", "/ring_pc" };
    for (size_t k = 0; k < BN_LEN(names); k++) {
        struct bn_mat a = box_mat("a.h5", names[k]), b = box_mat("b.h5", names[k]);
        assert_int_equal(a.rows * a.cols, b.rows * b.cols);
        for (size_t i = 0; i < a.rows * a.cols; i++)
            assert_close(b.data[i], a.data[i], 1e-6, 1e-6);
        bn_mat_free(&a), bn_mat_free(&b);
    }
}

/* The decoded angle follows the integral; /angle_error is their difference. */
static void velocity_is_followed(void **state)
{
    (void)state;
    static const char *const kinds[] = { "velocity=constant --set speed=-1.5", "velocity=ou" };
    for (size_t v = 0; v < 2; v++) {
        char line[512];
        snprintf(line, sizeof line, BOTH "--out a.h5 --set duration=3 --set starts=1 "
                 "--set disturbances=0 --set %s", kinds[v]);
        box_runs("activity", line);
        struct bn_mat angle = box_mat("a.h5", "/angle"), truth = box_mat("a.h5", "/angle_true");
        struct bn_mat error = box_mat("a.h5", "/angle_error"), omega = box_mat("a.h5", "/omega");
        double range = 0.0;
        for (size_t k = 0; k < truth.rows; k++) {
            const double e = bn_ring_difference(angle.data[k], truth.data[k]);
            assert_close(error.data[k], e, 0, 1e-12);
            assert_close(e, 0, 0, 0.3);
            range = fmax(range, fabs(bn_ring_difference(truth.data[k], truth.data[0])));
            assert_true(v == 1 || omega.data[k] == -1.5);
        }
        assert_true(range > 0.5);        /* it did turn */
        assert_true(v == 1 || fabs(bn_ring_difference(truth.data[truth.rows - 1], -4.5)) < 1e-9);
        bn_mat_free(&angle), bn_mat_free(&truth), bn_mat_free(&error), bn_mat_free(&omega);
    }
}

/* A recording of half a minute at 0.5 rad/s after the start, one cell. */
static void write_recording(void)
{
    enum { T = 300, B = 40 };
    double time[T], angle[T], velocity[T], counts[T], rate[B], theta[B];
    const struct bn_shape t = bn_shape1(T), tn = bn_shape2(T, 1), b = bn_shape1(B);
    const struct bn_shape nb = bn_shape2(1, B);
    bn_h5 *f;
    for (size_t k = 0; k < T; k++) {
        time[k] = 10.05 + 0.1 * (double)k;
        angle[k] = bn_ring_wrap(1.0 + 0.05 * (double)k);
        velocity[k] = k < 38 ? -3.0 : 0.5;       /* before recorded_start: not used */
        counts[k] = (double)(k % 3);
    }
    for (size_t k = 0; k < B; k++) {
        theta[k] = BN_TWO_PI * (double)k / B;
        rate[k] = 2.0 + cos(theta[k]);
    }
    assert_ok(bn_h5_create(&f, "r.h5"));
    assert_ok(bn_h5_write(f, "/time", BN_H5_F64, &t, time, false));
    assert_ok(bn_h5_write(f, "/angle", BN_H5_F64, &t, angle, false));
    assert_ok(bn_h5_write(f, "/angular_velocity", BN_H5_F64, &t, velocity, false));
    assert_ok(bn_h5_write(f, "/counts", BN_H5_F64, &tn, counts, false));
    assert_ok(bn_h5_write(f, "/rate", BN_H5_F64, &nb, rate, false));
    assert_ok(bn_h5_write(f, "/theta", BN_H5_F64, &b, theta, false));
    assert_ok(bn_h5_close(f));
}

/* Starts where the animal looks at that time, and turns as it does; the overlap of the
 * counts is theirs times the curve, both of unit mean.                      */
static void recorded_velocity(void **state)
{
    (void)state;
    box_runs("activity", BOTH "--in recording=r.h5 --out a.h5 --set velocity=recorded "
             "--set recorded_start=4 --set duration=2 --set starts=1 --set disturbances=0 "
             "--set overlap_angles=40 --set interval=0.1");
    struct bn_mat truth = box_mat("a.h5", "/angle_true"), error = box_mat("a.h5", "/angle_error");
    struct bn_mat map = box_mat("a.h5", "/overlap_recorded");
    for (size_t k = 0; k < truth.rows; k++) {
        assert_close(bn_ring_difference(truth.data[k], 3.0 + 0.05 * (double)k), 0, 0, 1e-9);
        assert_close(error.data[k], 0, 0, 0.3);
        for (size_t a = 0; a < 40; a++)
            assert_close(*bn_mat_at(&map, k, a), (double)((40 + k) % 3)
                         * (1.0 + 0.5 * cos(BN_TWO_PI * (double)a / 40)), 1e-9, 1e-12);
    }
    bn_mat_free(&truth), bn_mat_free(&error), bn_mat_free(&map);
}

static void refusals(void **state)
{
    (void)state;
    static const struct box_refusal rows[] = {
        { "--in tuning=t.h5", "weights", 2 },
        { BOTH "--set dt=0.06", "dt = 0.06 s is longer than tau = 0.05 s", 2 },
        { BOTH "--set tau='3 ms'", "longer than tau", 2 },
        { BOTH "--set duration=0.001", "duration is shorter than one step", 2 },
        { BOTH "--set tau='50 m'", "tau", 2 },
        { BOTH "--set velocity=recorded", "needs a recording", 2 },
        { BOTH "--in recording=r.h5 --set velocity=recorded --set recorded_start=29",
          "the recording has 29.9 s of behaviour", 2 },
        { "--in weights=plain.h5 --in tuning=t.h5 --set velocity=constant", "J'", 3 },
        { "--in weights=w.h5 --in tuning=small.h5",
          "/J is 600 x 600, but the tuning has 20 neurons", 3 },
        { "--in weights=t.h5 --in tuning=t.h5", "these are no weights", 3 },
        { "--in weights=short.h5 --in tuning=t.h5", "short.h5", 3 },
        { "--in weights=wild.h5 --in tuning=soft.h5 --set duration=100", "diverged", 5 },
    };
    box_runs("weights", "--in tuning=t.h5 --out plain.h5 --set velocity=no");
    box_runs("tuning", "--out small.h5 --set neurons=20 --set angles=61");
    box_runs("tuning", "--out soft.h5 --set neurons=20 --set angles=61 --set process=softplus");
    assert_int_equal(system("head -c 30000 w.h5 >short.h5"), 0);
    double wild[20 * 20];
    const struct bn_shape square = bn_shape2(20, 20);
    bn_h5 *f;
    for (size_t k = 0; k < 400; k++)
        wild[k] = 3.0;
    assert_ok(bn_h5_create(&f, "wild.h5"));
    assert_ok(bn_h5_write(f, "/J", BN_H5_F64, &square, wild, false));
    assert_ok(bn_h5_close(f));
    for (size_t k = 0; k < BN_LEN(rows); k++)
        box_refuses("activity", &rows[k]);
}

static int setup(void **state)
{
    (void)state;
    box_runs("tuning", "--out t.h5 --set neurons=600 --set angles=61 --set seed=2");
    box_runs("weights", "--in tuning=t.h5 --out w.h5 --set lambda=1e-7");
    box_runs("weights", "--in tuning=t.h5 --out f.h5 --set lambda=1e-7 --set form=factored");
    write_recording();
    return 0;
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(explains_itself),
        cmocka_unit_test(same_bytes_twice),
        cmocka_unit_test(shapes),
        cmocka_unit_test(states_relax_to_the_ring),
        cmocka_unit_test(states_obey_the_equation),
        cmocka_unit_test(factored_weights_do_the_same),
        cmocka_unit_test(velocity_is_followed),
        cmocka_unit_test(recorded_velocity),
        cmocka_unit_test(refusals),
    };
    (void)argc;
    box_enter(argv[0]);
    return cmocka_run_group_tests_name("activity", tests, setup, box_leave);
}
