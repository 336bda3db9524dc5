/* SPDX-License-Identifier: MIT
 * The simulations of the stage `diagnosis` as a black box. */
#include "black_box.h"

#define BOTH "--in weights=f.h5 --in tuning=t.h5 "
#define SHORT BOTH "--set drift_angles=64 --set jacobian_angles=2 --set spectrum=leading " \
    "--set eigenvalues=8 --set simulate=yes --set trial_angles=32 --set memory_times=1 "  \
    "--set diffusion_angles=4 --set diffusion_runs=6 --set exponent_angles=2 "            \
    "--set integration_time=30 --set slow_starts=3 --set far_starts=2 --set far_time=60 "

static void same_bytes_twice(void **state)
{
    (void)state;
    box_repeats("diagnosis", SHORT);
}

/* Simulating adds numbers and changes none. */
static void others_are_as_they_were(void **state)
{
    (void)state;
    static const char *const same[] = { "/drift", "/jacobian_real", "/diffusion", "/speed" };
    box_runs("diagnosis", SHORT "--out a.h5");
    box_runs("diagnosis", SHORT "--out b.h5 --set simulate=no");
    box_is_sound("a.h5");
    assert_true(box_has("a.h5", "/simulated_drift") && !box_has("b.h5", "/simulated_drift"));
    for (size_t k = 0; k < BN_LEN(same); k++) {
        struct bn_mat a = box_mat("a.h5", same[k]), b = box_mat("b.h5", same[k]);
        assert_int_equal(a.rows * a.cols, b.rows * b.cols);
        assert_memory_equal(a.data, b.data, a.rows * a.cols * sizeof(double));
        bn_mat_free(&a), bn_mat_free(&b);
    }
    box_shape("a.h5", "/exponent", 2, 2, 2, 0);
    box_shape("a.h5", "/far_distance", 1, 8, 0, 0);
    box_shape("a.h5", "/memory_mean", 1, 1, 0, 0);
}

/* Theory and simulation stand in one table and agree, in a network whose transverse modes
 * are stable all around (gap_ring < 0; most small ones have an angle where linear theory
 * fails).  A sign error, a factor of 2 or of sigma^2, tau in the wrong place: each breaks
 * one of these.                                                              */
static void theory_and_simulation_agree(void **state)
{
    (void)state;
    box_runs("tuning", "--out t8.h5 --set neurons=800 --set angles=61 --set replicate=1");
    box_runs("weights", "--in tuning=t8.h5 --out f8.h5 --set lambda=1e-5 --set form=factored");
    box_runs("diagnosis", "--in weights=f8.h5 --in tuning=t8.h5 --out d.h5 --set simulate=yes "
             "--set spectrum=leading --set trial_angles=64 --set relax_time=20 "
             "--set 'memory_times={1,10,100}' --set integration_time=300 --set far_time=150 "
             "--set diffusion_noise=0.001");
    const char *d = "d.h5";
    assert_true(box_summary_has(d, "gap_ring") < -0.03);
    assert_true(box_summary_has(d, "gap_simulated") < -0.03);
    assert_true(box_summary_has(d, "drift_correlation") > 0.98);
    assert_close(box_summary_has(d, "drift_slope"), 1, 0, 0.05);
    assert_close(box_summary_has(d, "drift_rms_simulated"), box_summary_has(d, "drift_rms"),
                 0.15, 0);
    assert_close(box_summary_has(d, "integration_gain_simulated"),
                 box_summary_has(d, "integration_gain"), 0.05, 0);
    assert_close(box_summary_has(d, "pinning_forward_simulated"),
                 box_summary_has(d, "pinning_forward"), 0.15, 0);
    assert_close(box_summary_has(d, "pinning_backward_simulated"),
                 box_summary_has(d, "pinning_backward"), 0.15, 0);
    /* 32 starts of 32 runs: five errors are about 25 % */
    assert_close(box_summary_has(d, "variance_simulated"),
                 box_summary_has(d, "variance_response"), 0.25, 0);
    assert_true(box_summary_has(d, "memory_max") <= box_summary_has(d, "memory_bound_100"));
    assert_close(box_summary_has(d, "memory_mean"), box_summary_has(d, "memory_flow_100"), 0.15, 0);
    struct bn_mat lead = box_mat(d, "/newton_eigenvalue"), many = box_mat(d, "/newton_positive");
    struct bn_mat angle = box_mat(d, "/newton_angle"), far = box_mat(d, "/newton_distance");
    double stable = box_summary_has(d, "newton_stable") + box_summary_has(d, "spurious_stable");
    for (size_t k = 0; k < lead.rows; k++) {
        assert_int_equal(lead.data[k] > 0.0, many.data[k] > 0.0);
        assert_true(far.data[k] >= 0.0 && (k == 0 || angle.data[k] >= angle.data[k - 1]));
        stable -= many.data[k] == 0.0;
    }
    assert_close(stable, 0, 0, 0);
    assert_close(box_summary_has(d, "newton_stable"),
                 box_summary_has(d, "fixed_points_stable"), 0, 0);
    assert_close(box_summary_has(d, "newton_unstable"),
                 box_summary_has(d, "fixed_points_unstable"), 0, 0);
    assert_close(box_summary_has(d, "far_returned"), 1, 0, 0);
    bn_mat_free(&lead), bn_mat_free(&many), bn_mat_free(&angle), bn_mat_free(&far);
}

static void refusals(void **state)
{
    (void)state;
    static const struct box_refusal rows[] = {
        { BOTH "--set simulate=yes --set 'memory_times={10,1}'", "ascend", 2 },
        { BOTH "--set simulate=yes --set trial_dt=2", "trial_dt", 2 },
        { BOTH "--set simulate=yes --set drift_time=0.01", "shorter than one step", 2 },
    };
    for (size_t k = 0; k < BN_LEN(rows); k++)
        box_refuses("diagnosis", &rows[k]);
}

static int setup(void **state)
{
    (void)state;
    box_runs("tuning", "--out t.h5 --set neurons=400 --set angles=61");
    box_runs("weights", "--in tuning=t.h5 --out f.h5 --set lambda=1e-6 --set form=factored");
    return 0;
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(same_bytes_twice),
        cmocka_unit_test(others_are_as_they_were),
        cmocka_unit_test(theory_and_simulation_agree),
        cmocka_unit_test(refusals),
    };
    (void)argc;
    box_enter(argv[0]);
    return cmocka_run_group_tests_name("trials", tests, setup, box_leave);
}
