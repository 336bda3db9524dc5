/* SPDX-License-Identifier: MIT
 * The stage `diagnosis` as a black box. */
#include "black_box.h"

#include <basin/manifold.h>

#define BOTH "--in weights=w.h5 --in tuning=t.h5 "

enum { N = 200 };

static void explains_itself(void **state)
{
    (void)state;
    box_explains("diagnosis");
}

static void same_bytes_twice(void **state)
{
    (void)state;
    box_repeats("diagnosis", BOTH "--set drift_angles=32 --set jacobian_angles=2");
    box_repeats("diagnosis", "--in weights=f.h5 --in tuning=t.h5 --set spectrum=leading "
                "--set eigenvalues=12 --set drift_angles=32 --set jacobian_angles=2");
}

static void shapes(void **state)
{
    (void)state;
    box_runs("diagnosis", BOTH "--out d.h5 --set drift_angles=64 --set jacobian_angles=3 "
             "--set jacobian_modes=5");
    box_shape("d.h5", "/drift", 1, 64, 0, 0);
    box_shape("d.h5", "/jacobian_real", 2, 3, 5, 0);
    box_shape("d.h5", "/eigenvalue_real", 1, N, 0, 0);
    box_shape("d.h5", "/singular", 1, N, 0, 0);
    box_shape("d.h5", "/predicted", 1, 12, 0, 0);
    box_shape("d.h5", "/sample_sorted", 2, N, N, 0);
    box_is_sound("d.h5");
}

/* Numbers that follow from others in the file, or from the inputs. */
static void outputs_agree(void **state)
{
    (void)state;
    box_runs("diagnosis", BOTH "--out d.h5 --set drift_angles=64 --set jacobian_angles=3");
    struct bn_mat drift = box_mat("d.h5", "/drift"), zero = box_mat("d.h5", "/fixed_angle");
    struct bn_mat sign = box_mat("d.h5", "/fixed_sign"), s = box_mat("d.h5", "/singular");
    struct bn_mat re = box_mat("d.h5", "/eigenvalue_real"), j = box_mat("w.h5", "/J");
    struct bn_mat other = box_mat("d.h5", "/transverse"), tangent = box_mat("d.h5", "/tangent");
    double top = 0.0, sum = 0.0, trace = 0.0, gap = -INFINITY;
    for (size_t k = 0; k < 64; k++)
        top = fmax(top, fabs(drift.data[k]));
    assert_close(box_number("d.h5", "/drift_max"), top, 1e-14, 0);
    assert_close(box_number("d.h5", "/drift_rms"), bn_norm(64, drift.data) / 8.0, 1e-12, 0);
    assert_int_equal(zero.rows % 2, 0);
    for (size_t k = 0; k < sign.rows; k++)
        sum += sign.data[k];
    assert_close(sum, 0, 0, 0);          /* as many stable as unstable */
    for (size_t k = 0; k < N; k++)
        trace += re.data[k];
    assert_close(trace, 0, 0, 1e-10);    /* J_ii = 0 */
    assert_close(bn_norm(N, s.data), bn_mat_norm(&j), 1e-10, 0);
    for (size_t k = 0; k < 3; k++) {
        gap = fmax(gap, other.data[k]);
        assert_close(tangent.data[k], 0, 0, 0.1);
    }
    assert_close(box_number("d.h5", "/gap"), gap, 0, 0);
    /* on 61 angles J is fitted to aliased rates: between them it is a little worse */
    assert_close(box_number("d.h5", "/residual") / box_number("w.h5", "/residual"), 1.5, 0, 0.5);
    bn_mat_free(&drift), bn_mat_free(&zero), bn_mat_free(&sign), bn_mat_free(&s);
    bn_mat_free(&re), bn_mat_free(&j), bn_mat_free(&other), bn_mat_free(&tangent);
}

/* The table has what the datasets have, and what follows from them. */
static void summary_agrees(void **state)
{
    (void)state;
    static const char *const same[] = { "residual", "residual_centred", "residual_max",
                                        "drift_rms", "drift_max", "gap" };
    box_runs("diagnosis", BOTH "--out d.h5 --set drift_angles=128 --set jacobian_angles=4");
    for (size_t k = 0; k < BN_LEN(same); k++) {
        char dataset[64];
        snprintf(dataset, sizeof dataset, "/%s", same[k]);
        assert_close(box_summary("d.h5", same[k]), box_number("d.h5", dataset), 0, 0);
    }
    struct bn_mat d = box_mat("d.h5", "/diffusion"), b = box_mat("d.h5", "/diffusion_bound");
    struct bn_mat slow = box_mat("d.h5", "/drift_transverse"), v = box_mat("d.h5", "/drift");
    struct bn_mat sign = box_mat("d.h5", "/fixed_sign"), slope = box_mat("d.h5", "/fixed_slope");
    double mean = 0.0, gap = -INFINITY, stable = 0.0, low = 0.0;
    for (size_t k = 0; k < 128; k++) {
        mean += d.data[k] / 128;
        gap = fmax(gap, slow.data[k]);
        low = fmin(low, v.data[k]);
        assert_true(d.data[k] >= b.data[k]);
    }
    for (size_t k = 0; k < sign.rows; k++) {
        stable += sign.data[k] < 0.0;
        assert_true(sign.data[k] * slope.data[k] > 0.0);
    }
    assert_close(box_summary("d.h5", "diffusion"), mean, 1e-12, 0);
    assert_close(box_summary("d.h5", "gap_ring"), fmax(gap, box_summary("d.h5", "gap")), 0, 0);
    assert_close(box_summary("d.h5", "gap_ring"), box_number("d.h5", "/gap_ring"), 0, 0);
    assert_true(box_summary("d.h5", "gap_ring") > box_summary("d.h5", "gap") + 1e-6);
    assert_close(box_summary("d.h5", "fixed_points_stable"), stable, 0, 0);
    assert_close(box_summary("d.h5", "fixed_points_unstable"), stable, 0, 0);
    assert_true(box_summary("d.h5", "pinning_forward") >= -low);
    assert_close(box_summary("d.h5", "persistence_diffusion"),
                 0.174532925199433 * 0.174532925199433 / (2.0 * mean), 1e-12, 0);
    /* with J' the ring turns as fast as it is told to */
    assert_close(box_summary("d.h5", "velocity_gain"), 1, 0, 0.01);
    assert_close(box_summary("d.h5", "integration_gain"), 1, 0, 0.01);
    assert_close(box_summary("d.h5", "integration_r2"), 1, 0, 1e-3);
    assert_close(box_summary("d.h5", "singlet"), box_summary("d.h5", "singlet_predicted"), 0.5, 0);
    assert_true(box_summary("d.h5", "doublet_score") < 0.3);
    struct bn_mat re = box_mat("d.h5", "/doublet_real"), im = box_mat("d.h5", "/doublet_imag");
    struct bn_mat predicted = box_mat("d.h5", "/predicted");
    struct bn_mat all = box_mat("d.h5", "/eigenvalue_real");
    assert_close(box_summary("d.h5", "eigenvalue_2"), all.data[1], 1e-9, 0);
    bn_mat_free(&all);
    assert_close(box_summary("d.h5", "doublet_2_distance"),
                 hypot(re.data[4] - re.data[5], im.data[4] - im.data[5]), 1e-14, 0);
    assert_close(box_summary("d.h5", "doublet_2_predicted"), predicted.data[2], 0, 0);
    bn_mat_free(&re), bn_mat_free(&im), bn_mat_free(&predicted);
    assert_true(box_summary("d.h5", "participation_rates") > 2.0);
    bn_mat_free(&d), bn_mat_free(&b), bn_mat_free(&slow), bn_mat_free(&v), bn_mat_free(&sign);
    bn_mat_free(&slope);
}

/* Twice the weights, A + 1 being twice as large: eigenvalues e become 2 e + 1, and many are
 * unstable.  Those nearest to 0, which is all that is looked for at every angle, say nothing
 * of the gap then; a gap of the whole ring from them alone would be too small.  */
static void far_from_neutral(void **state)
{
    (void)state;
    bn_h5 *f;
    struct bn_mat j = box_mat("w.h5", "/J");
    const struct bn_shape shape = bn_shape2(N, N);
    for (size_t k = 0; k < N * N; k++)
        j.data[k] *= 2.0;
    assert_ok(bn_h5_create(&f, "twice.h5"));
    assert_ok(bn_h5_write(f, "/J", BN_H5_F64, &shape, j.data, false));
    assert_ok(bn_h5_close(f));
    bn_mat_free(&j);
    box_runs("diagnosis", BOTH "--out d.h5 --set drift_angles=32 --set jacobian_angles=2");
    box_runs("diagnosis", "--in weights=twice.h5 --in tuning=t.h5 --out e.h5 "
             "--set drift_angles=32 --set jacobian_angles=2");
    struct bn_mat once = box_mat("d.h5", "/jacobian_real");
    struct bn_mat near = box_mat("e.h5", "/drift_transverse");
    struct bn_mat twice = box_mat("e.h5", "/jacobian_real");
    double top = -INFINITY;
    for (size_t k = 0; k < 2; k++)       /* to the iteration's tolerance */
        assert_close(*bn_mat_at(&twice, k, 0), 2.0 * *bn_mat_at(&once, k, 0) + 1.0, 0, 1e-8);
    for (size_t t = 0; t < near.rows * near.cols; t++)
        top = fmax(top, near.data[t]);
    const double gap = box_summary("e.h5", "gap");
    assert_true(gap > top + 0.1);
    assert_close(box_summary("e.h5", "gap_ring"), gap, 0, 0);
    bn_mat_free(&once), bn_mat_free(&near), bn_mat_free(&twice);
}

/* Each point's numbers, in the order of the points, and only those that all have: without
 * J' there is no velocity gain.                                             */
static void summaries_are_gathered(void **state)
{
    (void)state;
    bn_h5 *f;
    char **names;
    size_t n, at;
    struct bn_mat j = box_mat("w.h5", "/J");
    const struct bn_shape shape = bn_shape2(N, N);
    assert_ok(bn_h5_create(&f, "bare.h5"));
    assert_ok(bn_h5_write(f, "/J", BN_H5_F64, &shape, j.data, false));
    assert_ok(bn_h5_close(f));
    bn_mat_free(&j);
    box_runs("diagnosis", BOTH "--out d1.h5 --set drift_angles=32 --set jacobian_angles=1");
    box_runs("diagnosis", "--in weights=bare.h5 --in tuning=t.h5 --out d2.h5 "
             "--set drift_angles=64 --set jacobian_angles=1");
    box_runs("summary", "--in diagnosis=d1.h5 --in diagnosis=d2.h5 --out s.h5");
    assert_ok(bn_h5_open(&f, "s.h5"));
    assert_ok(bn_h5_read_texts(f, "/quantity", &names, &n));
    assert_ok(bn_h5_close(f));
    struct bn_mat number = box_mat("s.h5", "/number");
    assert_int_equal(number.rows, 2);
    assert_int_equal(number.cols, n);
    assert_true(n > 30);
    for (at = 0; at < n; at++) {
        assert_close(*bn_mat_at(&number, 0, at), box_summary("d1.h5", names[at]), 0, 0);
        assert_close(*bn_mat_at(&number, 1, at), box_summary("d2.h5", names[at]), 0, 0);
        assert_true(strncmp(names[at], "velocity", 8) != 0);
    }
    free(names);
    bn_mat_free(&number);
    box_is_sound("s.h5");
}

/* Twice the offline weights are as far from them as 0 is, all of it in the span; relative to
 * their own norm they would be half as far.  Without being asked nothing is said.  */
static void distance_from_offline(void **state)
{
    (void)state;
    bn_h5 *f;
    struct bn_mat j = box_mat("w.h5", "/J");
    const struct bn_shape shape = bn_shape2(N, N);
    for (size_t k = 0; k < (size_t)N * N; k++)
        j.data[k] *= 2.0;
    assert_ok(bn_h5_create(&f, "twice.h5"));
    assert_ok(bn_h5_write(f, "/J", BN_H5_F64, &shape, j.data, false));
    assert_ok(bn_h5_close(f));
    bn_mat_free(&j);
    const char *rest = "--in tuning=t.h5 --set drift_angles=16 --set jacobian_angles=1";
    char line[512];
    snprintf(line, sizeof line, "--in weights=twice.h5 --out d.h5 --set offline_lambda=%g %s",
             box_number("w.h5", "/lambda"), rest);
    box_runs("diagnosis", line);
    /* on 61 angles w.h5 is fitted to aliased rates, the reference to what they alias */
    assert_close(box_summary("d.h5", "distance"), 1, 0, 0.02);
    assert_close(box_summary("d.h5", "distance_span"), 1, 0, 0.02);
    assert_close(box_summary("d.h5", "distance_rest"), 0, 0, 0.02);
    assert_close(box_summary("d.h5", "correlation"), 1, 0, 1e-3);
    snprintf(line, sizeof line, "--in weights=twice.h5 --out d.h5 %s", rest);
    box_runs("diagnosis", line);
    assert_true(isnan(box_summary("d.h5", "distance")));
}

static void factored_weights_give_the_same(void **state)
{
    (void)state;
    static const char *const names[] = { "/drift", "/jacobian_real", "/tangent", "/transverse",
                                         "/predicted", "/profile", "/profile_predicted",
                                         "/hat", "/sample_sorted", "/diffusion",
                                         "/velocity_gain", "/doublet_real", "/kernel" };
    const char *rest = "--in tuning=t.h5 --set drift_angles=32 --set jacobian_angles=2";
    char line[512];
    snprintf(line, sizeof line, "--in weights=w.h5 --out a.h5 %s", rest);
    box_runs("diagnosis", line);
    snprintf(line, sizeof line, "--in weights=f.h5 --out b.h5 %s --set spectrum=leading "
             "--set eigenvalues=8", rest);
    box_runs("diagnosis", line);
    for (size_t k = 0; k < BN_LEN(names); k++) {
        struct bn_mat a = box_mat("a.h5", names[k]), b = box_mat("b.h5", names[k]);
        assert_int_equal(a.rows * a.cols, b.rows * b.cols);
        for (size_t i = 0; i < a.rows * a.cols; i++)
            assert_close(b.data[i], a.data[i], 1e-5, 1e-7);
        bn_mat_free(&a), bn_mat_free(&b);
    }
    struct bn_mat full = box_mat("a.h5", "/eigenvalue_real");
    struct bn_mat lead = box_mat("b.h5", "/eigenvalue_real");
    for (size_t k = 0; k < 8; k++)
        assert_close(lead.data[k], full.data[k], 0, 1e-6);
    bn_mat_free(&full), bn_mat_free(&lead);
}

/* 300 neurons have more room than 77 modes need: the matrix is taken apart again, which moves
 * numbers by rounding, but what is shown of J is J, zeros and all.           */
static void dense_weights_are_taken_apart(void **state)
{
    (void)state;
    static const char *const names[] = { "/drift", "/diffusion", "/velocity_gain", "/transverse",
                                         "/drift_transverse", "/relaxation_shift", "/fixed_angle" };
    const char *rest = "--in tuning=m.h5 --set drift_angles=32 --set jacobian_angles=2 "
                       "--set spectrum=leading --set eigenvalues=8";
    char line[512];
    box_runs("tuning", "--out m.h5 --set neurons=300 --set angles=61");
    for (int form = 0; form < 2; form++) {
        snprintf(line, sizeof line, "--in tuning=m.h5 --out mw.h5 --set lambda=1e-7 --set form=%s",
                 form ? "factored" : "dense");
        box_runs("weights", line);
        snprintf(line, sizeof line, "--in weights=mw.h5 --out %s %s", form ? "b.h5" : "a.h5",
                 rest);
        box_runs("diagnosis", line);
    }
    for (size_t k = 0; k < BN_LEN(names); k++) {
        struct bn_mat a = box_mat("a.h5", names[k]), b = box_mat("b.h5", names[k]);
        assert_int_equal(a.rows * a.cols, b.rows * b.cols);
        for (size_t i = 0; i < a.rows * a.cols; i++)
            assert_close(a.data[i], b.data[i], 1e-6, 1e-8);
        bn_mat_free(&a), bn_mat_free(&b);
    }
    struct bn_mat shown = box_mat("a.h5", "/sample_sorted");
    for (size_t i = 0; i < shown.rows; i++)
        assert_true(*bn_mat_at(&shown, i, i) == 0.0);
    bn_mat_free(&shown);
}

/* Everything that is simulated, from the dense and from the factored form of the same weights,
 * which differ by rounding and by the modes that were dropped (1e-10 of J).  An error e of J
 * moves states by e over the slowest eigenvalues, 5e-2 across and 1e-2 at fixed points, so by
 * 1e-8.  J^T in place of J, or a diagonal that one form forgets, is off from the second digit
 * on.                                                                       */
static void simulations_of_dense_and_factored_weights(void **state)
{
    (void)state;
    static const char *const names[] = { "/simulated_angle", "/simulated_drift", "/memory_mean",
        "/memory_max", "/end_angle", "/newton_angle", "/newton_eigenvalue", "/newton_positive",
        "/newton_distance", "/exponent", "/speed_simulated", "/far_angle", "/far_distance" };
    static const char *const rows[] = { "drift_rms_simulated", "drift_correlation",
        "drift_slope", "end_states", "newton_stable", "newton_unstable", "newton_lost",
        "spurious_fixed_points", "gap_simulated", "diffusion_simulated", "diffusion_response",
        "variance_simulated", "variance_response", "integration_gain_simulated",
        "pinning_forward_simulated", "pinning_backward_simulated", "far_returned",
        "slow_points_fixed" };
    const char *rest = "--in tuning=t.h5 --set drift_angles=32 --set jacobian_angles=1 "
        "--set spectrum=leading --set eigenvalues=8 --set simulate=yes --set trial_angles=16 "
        "--set 'memory_times={1,20}' --set diffusion_angles=4 --set diffusion_runs=4 "
        "--set exponent_angles=2 --set exponent_time=12 --set integration_time=20 "
        "--set 'speeds={0.05,0.2}' --set slow_starts=2 --set 'far_sds={1,100}' --set far_starts=2 "
        "--set far_time=60";
    char line[1024];
    for (int form = 0; form < 2; form++) {
        snprintf(line, sizeof line, "--in weights=%s --out %s %s", form ? "f.h5" : "w.h5",
                 form ? "b.h5" : "a.h5", rest);
        box_runs("diagnosis", line);
    }
    for (size_t k = 0; k < BN_LEN(names); k++) {
        struct bn_mat a = box_mat("a.h5", names[k]), b = box_mat("b.h5", names[k]);
        assert_int_equal(a.rows * a.cols, b.rows * b.cols);
        for (size_t i = 0; i < a.rows * a.cols; i++)
            assert_close(b.data[i], a.data[i], 1e-7, 1e-8);
        bn_mat_free(&a), bn_mat_free(&b);
    }
    for (size_t k = 0; k < BN_LEN(rows); k++)
        assert_close(box_summary("b.h5", rows[k]), box_summary("a.h5", rows[k]), 1e-7, 1e-8);
}

/* The idealised process at M = 200, lambda = 1e-12: the published numbers. */
static void predicted_spectrum(void **state)
{
    (void)state;
    const double want[] = { 0.1814, 1.1274, 1.0257, 0.7738, 0.3654, 0.0831, 0.0097 };
    box_runs("tuning", "--out i.h5 --set neurons=60");
    box_runs("weights", "--in tuning=i.h5 --out j.h5 --set lambda=1e-12");
    box_runs("diagnosis", "--in weights=j.h5 --in tuning=i.h5 --out d.h5 "
             "--set drift_angles=16 --set jacobian_angles=1");
    struct bn_mat p = box_mat("d.h5", "/predicted");
    for (size_t k = 0; k < BN_LEN(want); k++)
        assert_close(p.data[k], want[k], 0, 5e-5);
    bn_mat_free(&p);
    box_runs("weights", "--in tuning=i.h5 --out j.h5 --set lambda=0.5");
    box_runs("diagnosis", "--in weights=j.h5 --in tuning=i.h5 --out d.h5 "
             "--set drift_angles=16 --set jacobian_angles=1");
    p = box_mat("d.h5", "/predicted");
    assert_true(p.data[1] < 0.7 * want[1]);          /* lambda takes part */
    bn_mat_free(&p);
}

/* Averages of J agree with what the aligned means predict; sorting sorts. */
static void profile(void **state)
{
    (void)state;
    box_runs("tuning", "--out p.h5 --set neurons=800 --set angles=101");
    box_runs("weights", "--in tuning=p.h5 --out pw.h5 --set form=factored");
    box_runs("diagnosis", "--in weights=pw.h5 --in tuning=p.h5 --out d.h5 --set drift_angles=16 "
             "--set jacobian_angles=1 --set spectrum=leading --set eigenvalues=10");
    assert_close(box_number("d.h5", "/residual"), box_number("pw.h5", "/residual"), 0.15, 0);
    struct bn_mat a = box_mat("d.h5", "/profile"), b = box_mat("d.h5", "/profile_predicted");
    struct bn_mat hat = box_mat("d.h5", "/hat"), angle = box_mat("d.h5", "/profile_angle");
    struct bn_mat sorted = box_mat("d.h5", "/sample_sorted");
    double ab = 0.0, aa = 0.0, bb = 0.0;
    size_t peak = 0;
    for (size_t k = 0; k < a.rows; k++) {
        ab += a.data[k] * b.data[k];
        aa += a.data[k] * a.data[k];
        bb += b.data[k] * b.data[k];
        peak = hat.data[k] > hat.data[peak] ? k : peak;
    }
    assert_true(ab / sqrt(aa * bb) > 0.9);
    assert_close(ab / bb, 1, 0, 0.1);
    assert_close(angle.data[peak], 0, 0, 1e-9);
    double near = 0.0, far = 0.0;        /* excitation near the diagonal */
    for (size_t i = 0; i < 400; i++)
        for (size_t k = 1; k < 40; k++) {
            near += *bn_mat_at(&sorted, i, (i + k) % 400);
            far += *bn_mat_at(&sorted, i, (i + 180 + k) % 400);
        }
    assert_true(near > 0.0 && far < 0.0);
    bn_mat_free(&a), bn_mat_free(&b), bn_mat_free(&hat), bn_mat_free(&angle);
    bn_mat_free(&sorted);
}

/* Weights of a user's own, without /lambda and without J', in a small network. */
static void own_weights(void **state)
{
    (void)state;
    enum { FEW = 12 };
    double j[FEW * FEW];
    const struct bn_shape shape = bn_shape2(FEW, FEW);
    bn_h5 *f;
    for (size_t i = 0; i < FEW; i++)
        for (size_t k = 0; k < FEW; k++)
            j[i * FEW + k] = cos((double)(i * i + 3 * k)) / FEW;
    assert_ok(bn_h5_create(&f, "own.h5"));
    assert_ok(bn_h5_write(f, "/J", BN_H5_F64, &shape, j, false));
    assert_ok(bn_h5_close(f));
    box_runs("tuning", "--out few.h5 --set neurons=12 --set angles=40");
    box_runs("diagnosis", "--in weights=own.h5 --in tuning=few.h5 --out d.h5");
    box_shape("d.h5", "/eigenvalue_real", 1, FEW, 0, 0);
    box_is_sound("d.h5");
}

static void refusals(void **state)
{
    (void)state;
    static const struct box_refusal rows[] = {
        { "--in tuning=t.h5", "weights", 2 },
        { "--in weights=w.h5", "tuning", 2 },
        { "--in weights=w.h5 --in tuning=other.h5",
          "/J is 200 x 200, but the tuning has 30 neurons", 3 },
        { "--in weights=t.h5 --in tuning=t.h5", "these are no weights", 3 },
        { "--in weights=w.h5 --in tuning=w.h5", "w.h5", 3 },
        { "--in weights=short.h5 --in tuning=t.h5", "short.h5", 3 },
        { "--in weights=nan.h5 --in tuning=t.h5", "nan.h5: /J[6,34] is nan", 3 },
        { BOTH "--set drift_angles=1", "drift_angles", 2 },
        { BOTH "--set spectrum=some", "spectrum", 2 },
    };
    box_runs("tuning", "--out other.h5 --set neurons=30 --set angles=61");
    assert_int_equal(system("head -c 30000 w.h5 >short.h5"), 0);
    struct bn_mat j = box_mat("w.h5", "/J");
    const struct bn_shape shape = bn_shape2(N, N);
    bn_h5 *f;
    j.data[1234] = NAN;
    assert_ok(bn_h5_create(&f, "nan.h5"));
    assert_ok(bn_h5_write(f, "/J", BN_H5_F64, &shape, j.data, false));
    assert_ok(bn_h5_close(f));
    bn_mat_free(&j);
    for (size_t k = 0; k < BN_LEN(rows); k++)
        box_refuses("diagnosis", &rows[k]);
}

/* A strong ridge leaves few modes, and hundreds of eigenvalues -1 of the Jacobian, which
 * no iteration can tell apart: asking for more than the few must not be fatal.    */
static void a_strong_ridge_is_diagnosed(void **state)
{
    (void)state;
    box_runs("tuning", "--out few.h5 --set neurons=300");
    box_runs("weights", "--in tuning=few.h5 --out strong.h5 --set lambda=1e-2");
    box_runs("diagnosis", "--in tuning=few.h5 --in weights=strong.h5 --out said.h5");
}

static int setup(void **state)
{
    (void)state;
    box_runs("tuning", "--out t.h5 --set neurons=200 --set angles=61");
    box_runs("weights", "--in tuning=t.h5 --out w.h5 --set lambda=1e-7");
    box_runs("weights", "--in tuning=t.h5 --out f.h5 --set lambda=1e-7 --set form=factored");
    return 0;
}

/* Sixteen samples of a drift with a dozen zeros or more show a few crossings, which are
 * not its fixed points.                                                           */
static void a_drift_that_is_not_resolved(void **state)
{
    (void)state;
    box_runs("diagnosis", BOTH "--out few.h5 --set drift_angles=16 --set jacobian_angles=1");
    assert_says(box_said, "do not resolve the drift");
    assert_true(box_summary("few.h5", "fixed_points_rice_residual") > 4.0);
    assert_true(isnan(box_summary("few.h5", "fixed_points_stable")));
    box_shape("few.h5", "/fixed_angle", 1, 0, 0, 0);
    box_runs("diagnosis", BOTH "--out many.h5 --set drift_angles=256 --set jacobian_angles=1");
    assert_null(strstr(box_said, "resolve"));
    assert_true(box_summary("many.h5", "fixed_points_stable") > 4.0);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(explains_itself),
        cmocka_unit_test(same_bytes_twice),
        cmocka_unit_test(shapes),
        cmocka_unit_test(outputs_agree),
        cmocka_unit_test(summary_agrees),
        cmocka_unit_test(far_from_neutral),
        cmocka_unit_test(summaries_are_gathered),
        cmocka_unit_test(distance_from_offline),
        cmocka_unit_test(factored_weights_give_the_same),
        cmocka_unit_test(dense_weights_are_taken_apart),
        cmocka_unit_test(simulations_of_dense_and_factored_weights),
        cmocka_unit_test(predicted_spectrum),
        cmocka_unit_test(profile),
        cmocka_unit_test(own_weights),
        cmocka_unit_test(a_strong_ridge_is_diagnosed),
        cmocka_unit_test(a_drift_that_is_not_resolved),
        cmocka_unit_test(refusals),
    };
    (void)argc;
    box_enter(argv[0]);
    return cmocka_run_group_tests_name("diagnosis", tests, setup, box_leave);
}
