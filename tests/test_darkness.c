/* SPDX-License-Identifier: MIT
 * Stage `darkness`, as a black box: networks of which it is known what they do, and one
 * that learned.                                                              */
#include "black_box.h"

#include <basin/dendrite.h>
#include <basin/manifold.h>

#define RING  "--in weights=w.h5 --in tuning=t.h5 "
#define SHORT "--set cue=0.5 --set dark=0.5 --set cue_after=0.5 --set gain_time=1 "           \
              "--set gain_cue=0.5 --set stable_cue=0.3 --set stable_dark=0.3 "
#define FEW   "--set velocity_step=180 --set locations=6 "

static void explains_itself(void **state)
{
    (void)state;
    box_explains("darkness");
}

static void same_bytes_twice(void **state)
{
    (void)state;
    box_repeats("darkness", RING SHORT FEW "--set noises=0.3 --set runs=40");
    box_repeats("darkness", "--in dendritic=blank.h5 " SHORT FEW "--set noises=0.3 "
                "--set runs=40 --set runs_dark=1");
}

static void shapes(void **state)
{
    (void)state;
    box_runs("darkness", "--in dendritic=blank.h5 --out k.h5 " SHORT FEW "--set speeds='90 -30' "
             "--set interval=0.05");
    box_shape("k.h5", "/time", 1, 31, 0, 0);
    box_shape("k.h5", "/decoded", 2, 3, 31, 0);
    box_shape("k.h5", "/bump", 2, 31, 30, 0);
    box_shape("k.h5", "/velocity_dark", 1, 9, 0, 0);
    box_shape("k.h5", "/location_end", 1, 6, 0, 0);
    struct bn_mat light = box_mat("k.h5", "/light"), speed = box_mat("k.h5", "/speed");
    struct bn_mat heading = box_mat("k.h5", "/heading"), velocity = box_mat("k.h5", "/velocity");
    for (size_t k = 0; k < 31; k++) {
        assert_true(light.data[k] == (k < 10 || k >= 20));
        assert_close(bn_ring_difference(*bn_mat_at(&heading, 1, k), BN_TWO_PI / 2
                     - 30 * BN_TWO_PI / 360 * 0.05 * (double)k), 0, 0, 1e-9);
    }
    assert_close(speed.data[1], -30, 1e-9, 0);
    assert_close(velocity.data[1], -540, 1e-12, 0);
    bn_mat_free(&light), bn_mat_free(&speed), bn_mat_free(&heading), bn_mat_free(&velocity);
}

/* Without weights V = I_inh, so u = (g_D I_inh + r)/(g_D + g_L) is known in the light, and in
 * the dark all cells fire alike: no bump.  Rates in kHz, a width from the height above 0, or
 * a network that goes on seeing would show.                                  */
static void a_network_without_weights(void **state)
{
    (void)state;
    double bump[30], peak;
    box_runs("darkness", "--in dendritic=blank.h5 --out k.h5 --set velocity_step=360 "
             "--set speeds=0");
    for (size_t k = 0; k < 30; k++) {
        const double s = sin(0.5 * BN_TWO_PI * ((double)k - 15) / 30);
        const double r = 4 * exp(-s * s / (2 * 0.15 * 0.15)) - 1;
        bump[k] = 150 / (1 + exp(-2.5 * ((-2 + r) / 3 - 1)));
    }
    const double width = bn_ring_width(bump, 30, &peak);
    struct bn_mat seen = box_mat("k.h5", "/bump"), light = box_mat("k.h5", "/width_light");
    struct bn_mat top = box_mat("k.h5", "/peak_dark"), error = box_mat("k.h5", "/error");
    assert_close(light.data[2], width, 1e-6, 0);
    assert_close(box_summary_has("k.h5", "peak_light"), peak, 1e-6, 0);
    assert_close(top.data[1], 150 / (1 + exp(2.5 * 5 / 3)), 1e-6, 0);
    for (size_t k = 0; k < 30; k++)      /* after 6 s of dark */
        assert_close(*bn_mat_at(&seen, 1000, k), 150 / (1 + exp(2.5 * 5 / 3)), 1e-6, 0);
    assert_close(*bn_mat_at(&error, 0, 400), 0, 0, 1e-9);
    assert_close(*bn_mat_at(&error, 0, 1200), 0, 0, 1e-9);
    bn_mat_free(&seen), bn_mat_free(&light), bn_mat_free(&top), bn_mat_free(&error);
}

/* What the summary says of the velocities, once more: least squares through 0. */
static void gain_is_a_line_through_zero(void **state)
{
    (void)state;
    double vv = 0.0, vm = 0.0, least = 0.0, most = 0.0;
    box_runs("darkness", "--in dendritic=d.h5 --out k.h5 --set velocity_step=20 "
             "--set gain_range=300 --set gain_time=2 --set locations=2 " );
    struct bn_mat v = box_mat("k.h5", "/velocity"), m = box_mat("k.h5", "/velocity_dark");
    for (size_t k = 0; k < v.rows; k++)
        if (fabs(v.data[k]) <= 300) {
            vv += v.data[k] * v.data[k];
            vm += v.data[k] * m.data[k];
        }
    const double gain = vm / vv;
    assert_close(box_summary_has("k.h5", "velocity_gain"), gain, 1e-9, 0);
    const size_t zero = v.rows / 2;
    for (size_t k = 1; k <= zero; k++) {
        const double both = 0.5 * (m.data[zero + k] - m.data[zero - k]);
        if (least == 0.0 && both >= 0.5 * gain * v.data[zero + k])
            least = v.data[zero + k];
        if (both >= 0.9 * gain * v.data[zero + k])
            most = v.data[zero + k];
    }
    assert_true(least > 0.0 && least <= most);
    assert_close(box_summary_has("k.h5", "velocity_most"), most, 1e-12, 0);
    bn_mat_free(&v), bn_mat_free(&m);
}

/* Training brings the gain near 1 at velocities that the bump's steps do not pin and HR
 * cells can carry, without a bias, and the error in the dark down; before it the bump does
 * not turn.  A decoder that integrated the velocity itself would have gain 1 in both. */
static void learning_makes_it_turn(void **state)
{
    (void)state;
    box_runs("darkness", "--in dendritic=d.h5 --out k.h5 --set velocity_step=40 "
             "--set gain_range=450");
    box_runs("darkness", "--in dendritic=early.h5 --out e.h5 --set velocity_step=40 "
             "--set gain_range=450");
    assert_close(box_summary_has("e.h5", "velocity_gain"), 0, 0, 0.1);
    assert_close(box_summary_has("k.h5", "velocity_gain"), 1, 0, 0.1);
    assert_true(box_summary_has("k.h5", "velocity_r2") > 0.99);
    assert_close(box_summary_has("k.h5", "velocity_bias"), 0, 0, 15);
    assert_true(box_summary_has("k.h5", "dark_error_rms")
                < 0.5 * box_summary_has("e.h5", "dark_error_rms"));
    assert_true(box_summary_has("k.h5", "stable_locations")
                > 2 * box_summary_has("e.h5", "stable_locations"));
    assert_close(box_summary_has("k.h5", "peak_dark"), 150, 0, 5);           /* saturated */
    assert_true(box_summary_has("d.h5", "learning_error") < 0.9 * box_summary_has("d.h5",
                                                                  "learning_error_first"));
    /* in the light it turns with what is seen, and says where that is */
    struct bn_mat v = box_mat("k.h5", "/velocity"), m = box_mat("k.h5", "/velocity_light");
    for (size_t k = 0; k < v.rows; k++)
        if (fabs(v.data[k]) <= 400)
            assert_close(m.data[k], v.data[k], 0.05, 5);
    bn_mat_free(&v), bn_mat_free(&m);
}

/* With a small ridge J' turns the ring at the velocity given, to the order of the residual
 * and of dt, and J holds it where it is put; in the light its state is that of the heading,
 * exactly.                                                                   */
static void a_ring_turns_at_its_velocity(void **state)
{
    (void)state;
    box_runs("darkness", RING "--out k.h5 --set velocity_step=60 --set velocity_limit=240 "
             "--set dt=0.001 --set gain_range=240 --set locations=12");
    struct bn_mat v = box_mat("k.h5", "/velocity"), m = box_mat("k.h5", "/velocity_dark");
    struct bn_mat error = box_mat("k.h5", "/error"), light = box_mat("k.h5", "/light");
    for (size_t k = 0; k < v.rows; k++)
        assert_close(m.data[k], v.data[k], 0.03, 1);
    for (size_t t = 0; t < error.rows; t++)
        for (size_t k = 0; k < error.cols; k++)
            if (light.data[k] == 1.0 && k != 1000)
                assert_close(*bn_mat_at(&error, t, k), 0, 0, 1e-6);
    assert_close(box_summary_has("k.h5", "velocity_gain"), 1, 0, 0.02);
    assert_close(box_summary_has("k.h5", "stable_locations"), 12, 0, 0);
    bn_mat_free(&v), bn_mat_free(&m), bn_mat_free(&error), bn_mat_free(&light);
}

/* Var/2t against the theory of stage diagnosis, which is in rad^2 per tau and noise^2. Five
 * standard errors of a variance of `runs` turns.  Var/t, without the 2, would show. */
static void diffusion_of_a_ring(void **state)
{
    (void)state;
    box_runs("diagnosis", RING "--out g.h5 --set drift_angles=32 --set jacobian_angles=1 "
             "--set spectrum=leading --set eigenvalues=8");
    box_runs("darkness", RING "--out k.h5 " SHORT FEW "--set noises=0.1 --set runs=200 "
             "--set runs_dark=4");
    struct bn_mat d = box_mat("k.h5", "/diffusion");
    const double deg = 360 / BN_TWO_PI;
    const double want = box_summary_has("g.h5", "diffusion") * deg * deg * 0.01 / 0.05;
    assert_close(d.data[0], want, 5 * sqrt(2.0 / 199), 0);
    bn_mat_free(&d);
}

/* An artifact with other weights or constants than it says. */
static void write_bad(const char *file, size_t rows, double neurons)
{
    const struct bn_shape shape = bn_shape3(1, rows, 2 * rows);
    double *w = calloc(rows * 2 * rows, sizeof *w);
    size_t count;
    const struct bn_dendrite_constant *c = bn_dendrite_constants(&count);
    bn_h5 *f;
    assert_non_null(w);
    assert_ok(bn_h5_create(&f, file));
    assert_ok(bn_h5_write(f, "/weights", BN_H5_F64, &shape, w, false));
    for (size_t k = 0; k < count; k++)
        assert_ok(bn_h5_put_real(f, "/weights", c[k].name,
                                 &(double){ k == 0 ? neurons : 0.01 }, 1));
    assert_ok(bn_h5_close(f));
    free(w);
}

static void refusals(void **state)
{
    (void)state;
    static const struct box_refusal rows[] = {
        { "", "one network is looked at: give dendritic, or weights and tuning", 2 },
        { "--in weights=w.h5", "one network is looked at", 2 },
        { RING "--in dendritic=d.h5", "one network is looked at", 2 },
        { "--in weights=still.h5 --in tuning=t.h5", "no velocity weights J'", 3 },
        { RING "--set dt=0.06", "dt = 0.06 s is longer than tau = 0.05 s", 2 },
        { RING "--set velocity=recorded", "needs a recording", 2 },
        { RING SHORT "--set velocity_step=800", "velocity_step = 800 degrees/s is more than", 2 },
        { RING SHORT "--set gain_range=3", "gain_range = 3 degrees/s is less than", 2 },
        { "--in dendritic=t.h5", "/weights", 3 },
        { "--in dendritic=bad.h5", "/weights is no stack of 20 x 40", 3 },
        { "--in dendritic=odd.h5", "neurons = 21", 2 },
    };
    box_runs("weights", "--in tuning=t.h5 --out still.h5 --set velocity=no");
    write_bad("bad.h5", 18, 20);
    write_bad("odd.h5", 21, 21);
    for (size_t k = 0; k < BN_LEN(rows); k++)
        box_refuses("darkness", &rows[k]);
}

static int setup(void **state)
{
    (void)state;
    box_runs("tuning", "--out t.h5 --set neurons=400 --set angles=61 --set seed=2");
    box_runs("weights", "--in tuning=t.h5 --out w.h5 --set lambda=1e-8");
    box_runs("dendritic", "--out blank.h5 --set duration=1 --set initial=0 --set eta=0");
    box_runs("dendritic", "--out early.h5 --set duration=10");
    box_runs("dendritic", "--out d.h5 --set duration=1400 --set eta=1");
    return 0;
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(explains_itself),
        cmocka_unit_test(same_bytes_twice),
        cmocka_unit_test(shapes),
        cmocka_unit_test(a_network_without_weights),
        cmocka_unit_test(gain_is_a_line_through_zero),
        cmocka_unit_test(learning_makes_it_turn),
        cmocka_unit_test(a_ring_turns_at_its_velocity),
        cmocka_unit_test(diffusion_of_a_ring),
        cmocka_unit_test(refusals),
    };
    (void)argc;
    box_enter(argv[0]);
    return cmocka_run_group_tests_name("darkness", tests, setup, box_leave);
}
