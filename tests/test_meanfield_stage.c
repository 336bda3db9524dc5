/* SPDX-License-Identifier: MIT
 * The stage `meanfield` as a black box. */
#include "black_box.h"

#include <basin/manifold.h>

#define SMALL "--set map_points=4 --set map_angles=128 --set splitting_curves=200 "
#define FIXED "--set map=no --set splitting_curves=200 "
#define TURN  FIXED "--set stream=activity "

static void explains_itself(void **state)
{
    (void)state;
    box_explains("meanfield");
}

static void same_bytes_twice(void **state)
{
    (void)state;
    box_repeats("meanfield", SMALL);
    box_repeats("meanfield", FIXED "--set velocity=ou --set duration=0.5 --set method=rk4");
}

/* sigma = 1.4211 has harmonics up to 12. */
static void shapes(void **state)
{
    (void)state;
    box_runs("meanfield", SMALL "--out m.h5 --set velocity=constant --set duration=0.5 "
             "--set interval=0.05 --set overlap_angles=30");
    static const char *const curves[] = { "/theta", "/hat", "/bump", "/bump_current", "/gain" };
    for (size_t k = 0; k < BN_LEN(curves); k++)
        box_shape("m.h5", curves[k], 1, 200, 0, 0);
    static const char *const spectra[] = { "/harmonic", "/current_spectrum", "/rate_spectrum",
        "/predicted", "/even_real", "/even_imag", "/homogeneous_mode" };
    for (size_t k = 0; k < BN_LEN(spectra); k++)
        box_shape("m.h5", spectra[k], 1, 13, 0, 0);
    box_shape("m.h5", "/odd", 1, 12, 0, 0);
    box_shape("m.h5", "/doublet", 1, 6, 0, 0);
    box_shape("m.h5", "/map_gap", 2, 4, 4, 0);
    box_shape("m.h5", "/time", 1, 11, 0, 0);
    box_shape("m.h5", "/overlap", 2, 11, 30, 0);
    assert_false(box_has("m.h5", "/network_angle"));
    box_is_sound("m.h5");
    box_runs("meanfield", FIXED "--out m.h5");
    assert_false(box_has("m.h5", "/map_gap"));
    assert_false(box_has("m.h5", "/time"));
}

/* The published numbers, at the lambda of the published code's guard. */
static void published_numbers(void **state)
{
    (void)state;
    const double want[] = { 0.1814, 1.1274, 1.0257, 0.7738, 0.3654, 0.0831, 0.0097 };
    box_runs("meanfield", FIXED "--out m.h5 --set lambda=1e-12");
    double hat = 0.0;
    const double alpha = box_number("m.h5", "/mean_gain");
    for (size_t n = 0; n < 7; n++) {
        assert_close(box_value("m.h5", "/predicted", n), want[n], 0, 5e-5);
        hat += (n > 0 ? 2.0 : 1.0) * want[n] / alpha;
    }
    assert_close(alpha, 2.7659 / sqrt(1.0 + 0.25 * BN_TWO_PI * 2.7659 * 2.7659), 1e-12, 0);
    assert_close(box_value("m.h5", "/hat", 0), hat, 0, 3e-3);     /* harmonics from 7 on: 0.002 */
    assert_close(box_number("m.h5", "/gap"), -0.16, 0, 0.005);
    assert_close(box_number("m.h5", "/tangent"), 0, 0, 1e-9);
    assert_close(box_number("m.h5", "/residual"), 0, 0, 1e-11);
    assert_true(box_number("m.h5", "/homogeneous_max") > 0.0);
    /* at the peak of the bump x = x*: G = E[phi^2], H = 1 */
    assert_close(box_value("m.h5", "/bump_current", 0), 1.0, 0, 1e-9);
    const double b2 = 2.7659 * 2.7659, a = b2 + 4.0 / BN_TWO_PI;
    const double slope = b2 / sqrt(a * a - b2 * b2);
    assert_close(box_value("m.h5", "/bump", 0), 1.0 + 4.0 / BN_TWO_PI * atan(slope), 0, 1e-9);
    assert_close(box_value("m.h5", "/gain", 0), 4.0 / BN_TWO_PI * slope, 0, 1e-9);
}

/* A point of the maps is what a run of its own gives; sigma is the first axis (the other
 * way round the gaps would be those of other processes).                      */
static void maps_are_runs(void **state)
{
    (void)state;
    box_runs("meanfield", "--out m.h5 --set map_points=3 --set 'map_sigma={0.5, 2}' "
             "--set 'map_beta={0.8, 5}' --set splitting_curves=100");
    for (size_t i = 0; i < 3; i++)
        for (size_t j = 0; j < 3; j++) {
            char line[256];
            snprintf(line, sizeof line, FIXED "--out p.h5 --set sigma=%.15g --set beta=%.15g "
                     "--set angles=512", box_value("m.h5", "/map_sigma", i),
                     box_value("m.h5", "/map_beta", j));
            box_runs("meanfield", line);
            const size_t k = 3 * i + j;
            assert_close(box_value("m.h5", "/map_gap", k), box_number("p.h5", "/gap"), 0, 1e-9);
            assert_close(box_value("m.h5", "/map_homogeneous", k),
                         box_number("p.h5", "/homogeneous_max"), 0, 1e-9);
            assert_close(box_value("m.h5", "/map_tangent", k), 0, 0, 1e-9);
            assert_close(box_value("m.h5", "/map_phase", k), 1, 0, 0);
            assert_close(box_value("m.h5", "/map_found", k), 1, 0, 0);
            double other = box_value("p.h5", "/predicted", 0);
            for (size_t n = 2; n < 5; n++)
                other = fmax(other, box_value("p.h5", "/predicted", n));
            assert_close(box_value("m.h5", "/map_spectral_gap", k),
                         box_value("p.h5", "/predicted", 1) - other, 0, 1e-9);
            assert_true(box_value("m.h5", "/map_ridge_limit", k) > 1e-4);
        }
    assert_close(box_value("m.h5", "/map_sigma", 1), 1.0, 1e-12, 0);
    /* beyond its limit no ridge leaves a bump */
    char line[256];
    snprintf(line, sizeof line, FIXED "--out p.h5 --set sigma=1 --set beta=2 --set guard=%.15g",
             1.01 * box_value("m.h5", "/map_ridge_limit", 4));
    box_runs("meanfield", line);
    assert_close(box_number("p.h5", "/found"), 0, 0, 0);
    assert_false(box_has("p.h5", "/bump"));
    assert_true(box_number("p.h5", "/homogeneous_max") < 0.0);
}

/* sigma and beta come from the population where there is one. */
static void process_of_a_tuning(void **state)
{
    (void)state;
    box_runs("tuning", "--out o.h5 --set neurons=10 --set angles=61 --set sigma=0.9 "
             "--set beta=1.7");
    box_runs("meanfield", FIXED "--in tuning=o.h5 --out m.h5 --set sigma=2 --set beta=2");
    box_runs("meanfield", FIXED "--out p.h5 --set sigma=0.9 --set beta=1.7");
    assert_close(box_number("m.h5", "/sigma"), 0.9, 1e-12, 0);
    assert_close(box_number("m.h5", "/beta"), 1.7, 0, 0);
    assert_close(box_number("m.h5", "/gap"), box_number("p.h5", "/gap"), 0, 1e-9);
}

/* At constant velocity G is at the integral and m lags by omega tau, but for third order
 * (test_meanfield); both ways round, and from where the recorded animal looks. */
static void velocity_is_integrated(void **state)
{
    (void)state;
    static const double speed[] = { 0.8, -1.2 };
    for (size_t v = 0; v < 2; v++) {
        char line[256];
        snprintf(line, sizeof line, FIXED "--out m.h5 --set velocity=constant --set speed=%g "
                 "--set method=rk4 --set duration=2", speed[v]);
        box_runs("meanfield", line);
        for (size_t k = 10; k <= 100; k += 30) {
            const double turned = 0.02 * (double)k * speed[v];
            assert_close(bn_ring_difference(box_value("m.h5", "/angle", k), turned), 0, 0, 1e-6);
            assert_close(bn_ring_difference(box_value("m.h5", "/angle_true", k), turned), 0, 0,
                         1e-12);
            assert_close(box_value("m.h5", "/angle_error", k), 0, 0, 1e-6);
        }
        assert_close(box_value("m.h5", "/lag_predicted", 100), 0.05 * speed[v], 1e-9, 0);
        assert_close(box_value("m.h5", "/lag", 100), 0.05 * speed[v], 0.05, 0);
    }
    /* Euler steps fall behind by 3e-4 of the way: the bump that they carry is broader */
    box_runs("meanfield", FIXED "--out m.h5 --set velocity=constant --set duration=2");
    assert_close(box_value("m.h5", "/angle_error", 100), 0, 0, 1e-3);
    assert_true(fabs(box_value("m.h5", "/angle_error", 100)) > 1e-5);
}

/* The overlap's map has its peak at /angle, of the height of the bump. */
static void overlap_turns(void **state)
{
    (void)state;
    box_runs("meanfield", FIXED "--out m.h5 --set velocity=ou --set method=rk4 "
             "--set overlap_angles=200");
    struct bn_mat map = box_mat("m.h5", "/overlap"), angle = box_mat("m.h5", "/angle");
    struct bn_mat bump = box_mat("m.h5", "/bump");
    for (size_t k = 0; k < map.rows; k += 20) {
        size_t best = 0;
        for (size_t a = 1; a < 200; a++)
            if (*bn_mat_at(&map, k, a) > *bn_mat_at(&map, k, best))
                best = a;
        assert_close(bn_ring_difference(BN_TWO_PI * (double)best / 200, angle.data[k]), 0, 0,
                     BN_TWO_PI / 400 + 1e-9);
        /* half a grid step off the peak at most, and 24 of all harmonics */
        assert_close(*bn_mat_at(&map, k, best), bump.data[0], 0, 2e-3);
    }
    bn_mat_free(&map), bn_mat_free(&angle), bn_mat_free(&bump);
}

/* Beside a network: equal velocities, and a difference of the order of N^-1/2 (600
 * neurons: 0.04; five of these).                                               */
static void beside_a_network(void **state)
{
    (void)state;
    static const char *const kinds[] = { "velocity=constant", "velocity=ou",
                                         "velocity=recorded --in recording=r.h5" };
    for (size_t v = 0; v < 3; v++) {
        char line[512];
        snprintf(line, sizeof line, "--in weights=w.h5 --in tuning=t.h5 --out a.h5 --set starts=1 "
                 "--set disturbances=0 --set duration=2 --set overlap_angles=60 --set %s",
                 kinds[v]);
        box_runs("activity", line);
        snprintf(line, sizeof line, TURN "--in activity=a.h5 --in tuning=t.h5 --out m.h5 "
                 "--set %s", kinds[v]);
        box_runs("meanfield", line);
        box_shape("m.h5", "/overlap", 2, 101, 60, 0);        /* times and angles of the network */
        double sum = 0.0;
        for (size_t k = 0; k <= 100; k++) {
            const double d = box_value("m.h5", "/network_difference", k);
            assert_close(box_value("m.h5", "/time", k), box_value("a.h5", "/time", k), 0, 0);
            assert_close(box_value("m.h5", "/omega", k), box_value("a.h5", "/omega", k), 0, 0);
            assert_close(bn_ring_difference(box_value("a.h5", "/angle", k),
                                            box_value("m.h5", "/angle", k)), d, 0, 1e-12);
            assert_close(box_value("m.h5", "/network_angle", k),
                         box_value("a.h5", "/angle", k), 0, 0);
            assert_close(d, 0, 0, 0.2);
            assert_close(box_value("m.h5", "/network_overlap_rms", k), 0, 0, 0.2);
            sum += d * d / 101;
        }
        assert_close(box_number("m.h5", "/network_difference_rms"), sqrt(sum), 1e-12, 0);
        assert_true(v != 2 || fabs(box_value("m.h5", "/angle_true", 0) - 1.0) < 1e-9);
    }
    box_runs("meanfield", TURN "--in activity=a.h5 --in recording=r.h5 --out m.h5 "
             "--set velocity=recorded --set sigma=2");
    assert_false(box_has("m.h5", "/network_overlap_rms"));      /* another process */
}

/* Five seconds at 0.5 rad/s after 1 rad. */
static void write_recording(void)
{
    enum { T = 50 };
    double time[T], angle[T], velocity[T], counts[T], rate[8];
    const struct bn_shape t = bn_shape1(T), tn = bn_shape2(T, 1), nb = bn_shape2(1, 8);
    bn_h5 *f;
    for (size_t k = 0; k < T; k++) {
        time[k] = 0.1 * (double)k;
        angle[k] = 1.0 + 0.05 * (double)k;
        velocity[k] = 0.5;
        counts[k] = 1.0;
    }
    for (size_t k = 0; k < 8; k++)
        rate[k] = 1.0;
    assert_ok(bn_h5_create(&f, "r.h5"));
    assert_ok(bn_h5_write(f, "/time", BN_H5_F64, &t, time, false));
    assert_ok(bn_h5_write(f, "/angle", BN_H5_F64, &t, angle, false));
    assert_ok(bn_h5_write(f, "/angular_velocity", BN_H5_F64, &t, velocity, false));
    assert_ok(bn_h5_write(f, "/counts", BN_H5_F64, &tn, counts, false));
    assert_ok(bn_h5_write(f, "/rate", BN_H5_F64, &nb, rate, false));
    assert_ok(bn_h5_close(f));
}

static void refusals(void **state)
{
    (void)state;
    static const struct box_refusal rows[] = {
        { FIXED "--set sigma=0", "sigma", 2 },
        { FIXED "--set sigma=-1", "sigma", 2 },
        { FIXED "--set beta=0", "beta", 2 },
        { FIXED "--set guard=-1", "guard", 2 },
        { FIXED "--set angles=24", "24 angles cannot carry the 12 harmonics of sigma = 1.4211: "
          "at least 25 are needed", 2 },
        { FIXED "--set guard=0 --set beta=0.01 --set sigma=10", "guard = 0 is too small", 2 },
        { FIXED "--in tuning=soft.h5", "soft.h5: softplus rates with threshold 0, but the "
          "mean-field equations are closed only for erf rates", 3 },
        { FIXED "--in tuning=shifted.h5", "threshold 0.5", 3 },
        { FIXED "--in tuning=other.h5", "/covariance_current is off by", 3 },
        { FIXED "--in tuning=r.h5", "no artifact of the stage tuning", 3 },
        { FIXED "--in activity=still.h5", "velocity = none", 2 },
        { TURN "--set velocity=constant --in activity=still.h5", "no /omega", 3 },
        { TURN "--set velocity=constant --in activity=a.h5 --set speed=0.5",
          "0.8 rad/s at 0 s, but 0.5 rad/s here", 3 },
        { TURN "--set velocity=ou --in activity=random.h5 --set stream=mine", "stream = activity",
          3 },
        { TURN "--set velocity=constant --in activity=a.h5 --set dt=0.003",
          "its states are 0.02 s apart, which is no whole number of steps of 0.003 s", 3 },
        { TURN "--set velocity=constant --in activity=t.h5", "/time", 3 },
        { TURN "--set velocity=recorded", "needs a recording", 2 },
        { TURN "--set velocity=constant --set dt=0.06", "longer than tau", 2 },
        { FIXED "--set velocity=constant --set duration=0.001", "shorter than one step", 2 },
        { FIXED "--set velocity=constant --set guard=0.5", "there is no bump to turn", 5 },
        { "--set 'map_sigma={2, 1}'", "map_sigma: give two numbers", 2 },
        { "--set 'map_beta={1}'", "map_beta: give two numbers", 2 },
        { "--set map_angles=16", "16 angles cannot carry", 2 },
    };
    box_runs("tuning", "--out soft.h5 --set neurons=5 --set angles=61 --set process=softplus");
    box_runs("tuning", "--out shifted.h5 --set neurons=5 --set angles=61 --set threshold=0.5");
    box_runs("tuning", "--out other.h5 --set neurons=5 --set angles=61");
    struct bn_mat c = box_mat("other.h5", "/covariance_current");
    assert_int_equal(system("cp other.h5 copy.h5"), 0);
    bn_h5 *f;                            /* the same file with another covariance */
    assert_ok(bn_h5_create(&f, "other.h5"));
    struct bn_mat rate = box_mat("copy.h5", "/rate");
    const struct bn_shape one = bn_shape1(61), two = bn_shape2(5, 61);
    const double beta = 2.0, zero = 0.0;
    for (size_t k = 0; k < 61; k++)
        c.data[k] += 0.1 * cos(2.0 * BN_TWO_PI * (double)k / 61);
    assert_ok(bn_h5_write(f, "/covariance_current", BN_H5_F64, &one, c.data, false));
    assert_ok(bn_h5_write(f, "/rate", BN_H5_F64, &two, rate.data, false));
    assert_ok(bn_h5_put_text(f, "/rate", "transfer", "erf"));
    assert_ok(bn_h5_put_real(f, "/rate", "transfer_beta", &beta, 1));
    assert_ok(bn_h5_put_real(f, "/rate", "transfer_threshold", &zero, 1));
    assert_ok(bn_h5_close(f));
    bn_mat_free(&c), bn_mat_free(&rate);
    box_runs("activity", "--in weights=w.h5 --in tuning=t.h5 --out still.h5 --set starts=1 "
             "--set duration=0.1");
    box_runs("activity", "--in weights=w.h5 --in tuning=t.h5 --out a.h5 --set starts=1 "
             "--set disturbances=0 --set duration=2 --set velocity=constant");
    box_runs("activity", "--in weights=w.h5 --in tuning=t.h5 --out random.h5 --set starts=1 "
             "--set disturbances=0 --set duration=1 --set velocity=ou");
    for (size_t k = 0; k < BN_LEN(rows); k++)
        box_refuses("meanfield", &rows[k]);
}

static int setup(void **state)
{
    (void)state;
    box_runs("tuning", "--out t.h5 --set neurons=600 --set angles=61 --set seed=2");
    box_runs("weights", "--in tuning=t.h5 --out w.h5 --set lambda=1e-7 --set form=factored");
    write_recording();
    return 0;
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(explains_itself),
        cmocka_unit_test(same_bytes_twice),
        cmocka_unit_test(shapes),
        cmocka_unit_test(published_numbers),
        cmocka_unit_test(maps_are_runs),
        cmocka_unit_test(process_of_a_tuning),
        cmocka_unit_test(velocity_is_integrated),
        cmocka_unit_test(overlap_turns),
        cmocka_unit_test(beside_a_network),
        cmocka_unit_test(refusals),
    };
    (void)argc;
    box_enter(argv[0]);
    return cmocka_run_group_tests_name("meanfield stage", tests, setup, box_leave);
}
