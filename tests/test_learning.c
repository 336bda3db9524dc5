/* SPDX-License-Identifier: MIT
 * The stage `learning` as a black box: what rules must find, and what it refuses. */
#include "black_box.h"

#include <basin/fourier.h>
#include <basin/manifold.h>
#include <basin/plasticity.h>

/* 61 angles: the grid and its Fourier coefficients are equivalent. */
enum { N = 60, M = 61 };

#define T "--in tuning=t.h5 "

static void learns(const char *out, const char *arguments)
{
    char line[1024];
    snprintf(line, sizeof line, T "--out %s %s", out, arguments);
    box_runs("learning", line);
}

static struct bn_mat last_row(const char *file, const char *name)
{
    struct bn_mat all = box_mat(file, name), row;
    assert_ok(bn_mat_alloc(&row, 1, all.cols));
    memcpy(row.data, bn_mat_row(&all, all.rows - 1), all.cols * sizeof(double));
    bn_mat_free(&all);
    return row;
}

static double last(const char *file, const char *name)
{
    struct bn_mat all = box_mat(file, name);
    const double x = all.data[all.rows * all.cols - 1];
    bn_mat_free(&all);
    return x;
}

/* J [N, N] of one snapshot, by way of the stage weights. */
static struct bn_mat weights(const char *file, const char *set)
{
    char line[512];
    snprintf(line, sizeof line, T "--in learning=%s --out w_.h5 --set kind=learned "
             "--set form=dense %s", file, set);
    if (!box_has(file, "/right"))
        snprintf(line, sizeof line, T "--in learning=%s --out w_.h5 --set kind=learned %s", file,
                 set);
    box_runs("weights", line);
    return box_mat("w_.h5", "/J");
}

static double apart(const struct bn_mat *a, const struct bn_mat *b)
{
    double d = 0.0, s = 0.0;
    assert_int_equal(a->rows * a->cols, b->rows * b->cols);
    for (size_t k = 0; k < a->rows * a->cols; k++) {
        d += (a->data[k] - b->data[k]) * (a->data[k] - b->data[k]);
        s += b->data[k] * b->data[k];
    }
    return sqrt(d / s);
}

/* --- the frame -------------------------------------------------------------------- */

static void explains_itself(void **state)
{
    (void)state;
    box_explains("learning");
}

static void same_bytes_twice(void **state)
{
    (void)state;
    box_repeats("learning", T "--set presentations=3000");
    box_repeats("learning", T "--set presentations=3000 --set engine=dense --set order=ou "
                "--set velocity=yes --set keep=all --set snapshots=5");
    box_repeats("learning", T "--set presentations=1500 --set clamp=soft --set clamp_gain=4 "
                "--set noise=0.1 --set order=ou --set eta_scale=0.02 --set weight_noise=1e-4");
    box_repeats("learning", T "--set presentations=1000 --set maintenance=5 --set noise=0.1 "
                "--set order=ou");
}

static void shapes(void **state)
{
    (void)state;
    learns("l.h5", "--set presentations=500 --set snapshots=9 --set harmonics=4 "
           "--set eigenvalues=6 --set keep=all --set engine=dense");
    box_is_sound("l.h5");
    box_shape("l.h5", "/presentation", 1, 9, 0, 0);
    box_shape("l.h5", "/residual", 1, 9, 0, 0);
    box_shape("l.h5", "/residual_harmonic", 2, 9, 4, 0);
    box_shape("l.h5", "/eigenvalue_real", 2, 9, 6, 0);
    box_shape("l.h5", "/eigenvalue_imag", 2, 9, 6, 0);
    box_shape("l.h5", "/kept", 1, 9, 0, 0);
    box_shape("l.h5", "/J", 3, 9, N, N);
    assert_false(box_has("l.h5", "/left"));
    assert_false(box_has("l.h5", "/J_velocity"));
    assert_false(box_has("l.h5", "/maintenance_time"));
    struct bn_mat at = box_mat("l.h5", "/presentation"), e = box_mat("l.h5", "/residual");
    assert_true(at.data[0] == 0.0 && at.data[1] == 1.0 && at.data[8] == 500.0);
    assert_close(e.data[0], 1.0, 1e-12, 0);          /* nothing learned yet */
    bn_mat_free(&at), bn_mat_free(&e);
    learns("l.h5", "--set presentations=500 --set snapshots=9 --set velocity=yes "
           "--set engine=span");
    box_shape("l.h5", "/kept", 1, 1, 0, 0);
    struct bn_mat right = box_mat("l.h5", "/right");
    box_shape("l.h5", "/left", 3, 1, N, right.rows);
    box_shape("l.h5", "/left_velocity", 3, 1, N, right.rows);
    box_shape("l.h5", "/diagonal", 2, 1, N, 0);
    box_is_sound("l.h5");
    bn_mat_free(&right);
}

/* What is kept of all snapshots and of the last one, of either engine: the same weights.
 * A row off by one, or a diagonal left in one of the forms, would fail.       */
static void kept_weights_are_the_same(void **state)
{
    (void)state;
    const char *run = "--set presentations=700 --set snapshots=6 --set decay=0.01 "
                      "--set order=ou --set velocity=yes";
    char line[512];
    snprintf(line, sizeof line, "%s --set engine=dense --set keep=all", run);
    learns("dense.h5", line);
    snprintf(line, sizeof line, "%s --set engine=span --set keep=all", run);
    learns("span.h5", line);
    learns("last.h5", run);
    assert_true(box_number("last.h5", "/cost") <= box_number("dense.h5", "/cost"));
    struct bn_mat kept = box_mat("dense.h5", "/kept"), e = box_mat("dense.h5", "/residual");
    for (size_t k = 1; k < kept.rows; k++) {
        char set[64];
        snprintf(set, sizeof set, "--set snapshot=%zu", k);
        struct bn_mat a = weights("dense.h5", set);
        assert_close(box_number("w_.h5", "/residual"), e.data[k], 1e-9, 0);
        struct bn_mat b = weights("span.h5", set);
        assert_close(apart(&b, &a), 0, 0, 1e-11);
        for (size_t i = 0; i < N; i++)
            assert_true(*bn_mat_at(&a, i, i) == 0.0);
        bn_mat_free(&a), bn_mat_free(&b);
    }
    struct bn_mat a = weights("last.h5", ""), b = weights("dense.h5", "");
    assert_close(apart(&a, &b), 0, 0, 1e-11);
    bn_mat_free(&a), bn_mat_free(&b), bn_mat_free(&kept), bn_mat_free(&e);
}

/* Killed three times, wherever it stands: the same bytes.  In the middle of learning and of
 * maintenance.                                                                */
static void killed_and_resumed(void **state)
{
    (void)state;
    static const char *const runs[] = {
        T "--set presentations=30000 --set engine=dense --set order=ou --set velocity=yes "
            "--set tau_trace=0.1 --set rule=temporal-difference --set decay_scale=1 "
            "--set eta_scale=0.01",
        T "--set presentations=2000 --set maintenance=120 --set noise=0.2 --set order=ou "
            "--set homeostasis=1e-3 --set keep=all --set snapshots=4",
        "--in tuning=t512.h5 --set presentations=1000000 --set decay=5e-6 --set snapshots=13",
    };
    const bool slow = getenv("BASIN_SLOW") != NULL;  /* the last takes minutes */
    if (slow)
        box_runs("tuning", "--out t512.h5 --set neurons=512 --set angles=128");
    for (size_t r = 0; r + !slow < BN_LEN(runs); r++)
        box_resumes("learning", runs[r]);
}

/* --- what rules find ------------------------------------------------------------------ */

static bool has_term(const struct bn_rule *r, enum bn_post_factor post)
{
    for (size_t k = 0; k < r->n_terms; k++)
        if (r->terms[k].post == post)
            return true;
    return false;
}

/* Each row of the table, and its weights are read by the stages that follow. */
static void every_rule_runs(void **state)
{
    (void)state;
    size_t n;
    const struct bn_rule *rules = bn_rules(&n);
    for (size_t k = 0; k < n; k++) {
        char line[512];
        if (strcmp(rules[k].name, "custom") == 0)
            continue;
        const bool free = has_term(&rules[k], BN_POST_D_SQUARE)
                          || rules[k].whole == BN_WHOLE_SUBSPACE;   /* 0 is a fixed point */
        snprintf(line, sizeof line, "--set rule=%s --set presentations=400 --set order=ou "
                 "--set eta_scale=0.02 --set decay_scale=1 --set snapshots=5 %s", rules[k].name,
                 free ? "--set initial=gaussian" : "");
        learns("l.h5", line);
        box_is_sound("l.h5");
        struct bn_mat j = weights("l.h5", "");
        if (strcmp(rules[k].name, "anti-hebb") != 0)
            assert_true(bn_mat_norm(&j) > 0.0);
        for (size_t i = 0; i < N; i++)
            assert_close(*bn_mat_at(&j, i, i), 0, 0, 1e-15);
        bn_mat_free(&j);
    }
    learns("l.h5", "--set presentations=20000");
    struct bn_mat j = weights("l.h5", "");
    box_runs("diagnosis", T "--in weights=w_.h5 --out d.h5 --set drift_angles=128");
    /* between the angles of the grid, too: the rates of 61 are not quite band-limited */
    assert_close(box_number("d.h5", "/residual"), last("l.h5", "/residual"), 0.01, 0);
    bn_mat_free(&j);
}

/* Terms in a parameter file are the rule of the table. */
static void terms_are_the_rule(void **state)
{
    (void)state;
    learns("a.h5", "--set presentations=300 --set decay=0.05");
    learns("b.h5", "--set presentations=300 --set decay=0.05 "
           "--set 'rule=(y-d)*p - lambda*1*1*J'");
    struct bn_mat a = weights("a.h5", ""), b = weights("b.h5", "");
    assert_close(apart(&b, &a), 0, 0, 1e-14);
    bn_mat_free(&a), bn_mat_free(&b);
}

/* decay = N lambda of weights: the offline row is the ridge of the stage weights, and so is
 * RLS after whole sweeps of the grid, with lambda = decay/n.  Taken for each other without
 * N, or with N^2, they would be apart by 1.                                     */
static void decay_is_lambda_of_the_ridge(void **state)
{
    (void)state;
    char line[512];
    const double lambda = 1e-4;
    box_runs("weights", T "--out ridge.h5 --set lambda=1e-4 --set velocity=no");
    struct bn_mat want = box_mat("ridge.h5", "/J");
    snprintf(line, sizeof line, "--set rule=offline --set presentations=1 --set decay=%.17g",
             N * lambda);
    learns("o.h5", line);
    struct bn_mat j = weights("o.h5", "");
    assert_close(apart(&j, &want), 0, 0, 1e-7);
    assert_close(box_summary("o.h5", "lambda_effective"), lambda, 1e-12, 0);
    assert_close(box_summary("o.h5", "early_distance"), 0, 0, 1e-7);
    assert_close(box_summary("o.h5", "early_correlation"), 1, 1e-12, 0);
    assert_true(box_summary("o.h5", "offline_distance") > 0.05);         /* lambda = 1e-8 */
    bn_mat_free(&j);
    snprintf(line, sizeof line, "--set rule=rls --set order=shuffled --set presentations=%d "
             "--set decay=%.17g", 3 * M, 3 * M * N * lambda);
    learns("r.h5", line);
    j = weights("r.h5", "");
    assert_close(apart(&j, &want), 0, 0, 1e-7);
    assert_close(box_summary("r.h5", "early_distance"), 0, 0, 1e-7);
    bn_mat_free(&j), bn_mat_free(&want);
}

/* Whole sweeps of the grid with a small share learned per sweep: what theory predicts for
 * the mean, harmonic by harmonic, at all times; eta c_1 M = 0.02 is what one sweep may differ
 * from its mean.  Theory without the zero diagonal, or of another eta, would be off by
 * 1/N or more.  Times to learn a harmonic are eta c_k in the mean field, so to 1/sqrt N.  */
static void residuals_are_predicted(void **state)
{
    (void)state;
    char line[256];
    snprintf(line, sizeof line, "--set order=shuffled --set eta_scale=%.17g --set snapshots=12 "
             "--set presentations=%d --set decay_scale=0.01", 0.02 / M / 0.1, 3000 * M);
    learns("p.h5", line);
    struct bn_mat got = box_mat("p.h5", "/residual_harmonic");
    struct bn_mat want = box_mat("p.h5", "/residual_predicted");
    struct bn_mat at = box_mat("p.h5", "/presentation");
    assert_int_equal(got.cols, want.cols);
    for (size_t s = 0; s < got.rows; s++)
        for (size_t k = 0; k < 5; k++)
            if (at.data[s] > 20 * M)
                assert_close(*bn_mat_at(&got, s, k), *bn_mat_at(&want, s, k), 0.02, 1e-3);
    assert_true(*bn_mat_at(&want, got.rows - 1, 1) < 0.05);
    for (size_t k = 1; k < 4; k++) {
        char name[2][64];
        snprintf(name[0], sizeof name[0], "learning_time_%zu", k);
        snprintf(name[1], sizeof name[1], "learning_time_predicted_%zu", k);
        assert_close(box_summary("p.h5", name[0]), box_summary("p.h5", name[1]), 5.0 / sqrt(N), 0);
    }
    bn_mat_free(&got), bn_mat_free(&want), bn_mat_free(&at);
    learns("p.h5", "--set presentations=100 --set dale=projected");  /* no closed form */
    assert_false(box_has("p.h5", "/residual_predicted"));
}

/* Traces and lags depend on how the angle moves: theory is told so.  A sweep has no chance in
 * it; walks forget in 1/(eta lambda) = 16,000 presentations, in which there are 16,000/20
 * independent looks: five standard errors are 5/sqrt 800.  Theory for independent angles
 * has 1.7 instead of 0.46 for the first harmonic of the walks (rule = temporal-difference),
 * and 0.26 instead of 1.9 for that of the sweep (delta with lagging rates).      */
static void moving_courses_are_predicted(void **state)
{
    (void)state;
    static const struct {
        const char *set;
        double tolerance;
    } rows[] = {
        { "order=sweep --set rule=temporal-difference --set decay_scale=0.3", 0.005 },
        { "order=sweep --set tau_synapse=0.1 --set decay_scale=0.01", 0.005 },
        { "order=ou --set rule=temporal-difference --set decay_scale=0.3", 0.177 },
        { "order=diffusion --set diffusion=20 --set rule=temporal-difference "
          "--set decay_scale=0.3", 0.177 },
    };
    for (size_t r = 0; r < BN_LEN(rows); r++) {
        char line[512];
        snprintf(line, sizeof line, "--set tau=1e-4 --set tau_trace=0.2 --set eta_scale=0.002 "
                 "--set presentations=100000 --set snapshots=3 --set %s", rows[r].set);
        learns("p.h5", line);
        struct bn_mat got = last_row("p.h5", "/residual_harmonic");
        struct bn_mat want = last_row("p.h5", "/residual_predicted");
        for (size_t k = 1; k < 4; k++)
            assert_close(got.data[k], want.data[k], rows[r].tolerance, 0);
        bn_mat_free(&got), bn_mat_free(&want);
    }
}

/* Whole sweeps of the grid with the share eta lambda M = 0.02 of J lost per sweep: J is
 * B/lambda, y and p weighted within the last sweep by no more than that, and gain 1 on the
 * first harmonic is what decay_scale = 1 means.  B from the curves, by hand.    */
static void hebb_finds_the_correlations(void **state)
{
    (void)state;
    char line[512];
    struct bn_mat x = box_mat("t.h5", "/current"), rate = box_mat("t.h5", "/rate"), b;
    double trace = 0.0;
    assert_ok(bn_mat_alloc(&b, N, N));
    for (size_t k = 0; k < N * M; k++)
        trace += rate.data[k] * rate.data[k] / M;
    assert_ok(bn_gemm(1.0 / M, &x, BN_PLAIN, &rate, BN_TRANSPOSED, 0.0, &b));
    for (size_t i = 0; i < N; i++)
        *bn_mat_at(&b, i, i) = 0.0;
    for (int known = 0; known < 2; known++) {
        const double lambda = known ? 3.0 : 0.0, eta = 0.02 / M / (known ? lambda : 5.0);
        snprintf(line, sizeof line, "--set rule=hebb --set post=current --set order=shuffled "
                 "--set presentations=%d --set eta=%.17g %s", 800 * M, eta,
                 known ? "--set decay=3" : "--set decay_scale=1");
        learns("h.h5", line);
        struct bn_mat j = weights("h.h5", "--set normalise=first");
        if (known) {
            struct bn_mat plain = weights("h.h5", "");
            for (size_t k = 0; k < N * N; k++)
                plain.data[k] *= lambda;
            assert_close(apart(&plain, &b), 0, 0, 0.02);
            bn_mat_free(&plain);
        } else {                         /* 1 in the mean field, to 5/sqrt(N) */
            assert_close(box_number("w_.h5", "/gain"), 1.0, 0, 0.65);
        }
        bn_mat_free(&j);
    }
    assert_true(trace > 0.0);
    bn_mat_free(&x), bn_mat_free(&rate), bn_mat_free(&b);
}

/* Always the same way round at v: J phi* = x* + tau v x*', so harmonic k of the residual is
 * tau v k.  Without tau omega x*' in the teacher it would be 0, with a sign lost the same;
 * and J' takes the turn over where velocities vary.                            */
static void one_way_round_turns(void **state)
{
    (void)state;
    learns("s.h5", "--set order=sweep --set presentations=60000 --set eta_scale=0.5 "
           "--set tau=0.01 --set harmonics=4");
    const double turn = 0.01 * BN_TWO_PI / M / 0.005;
    struct bn_mat e = last_row("s.h5", "/residual_harmonic");
    for (size_t k = 1; k < 4; k++)
        assert_close(e.data[k], turn * (double)k, 0, 0.02 * turn);
    bn_mat_free(&e);
    learns("v.h5", "--set velocity=yes --set velocity_bias=4 --set velocity_sd=4 "
           "--set tau=0.05 --set presentations=60000 --set eta_scale=0.3 --set harmonics=4");
    e = last_row("v.h5", "/residual_harmonic");
    for (size_t k = 1; k < 4; k++)       /* 0.2 k without J' */
        assert_close(e.data[k], 0, 0, 0.03);
    bn_mat_free(&e);
    struct bn_mat j = weights("v.h5", "");
    assert_true(box_number("w_.h5", "/residual_velocity") < 0.1);    /* 1 if it were 0 */
    bn_mat_free(&j);
}

static void initial_weights(void **state)
{
    (void)state;
    box_runs("weights", T "--out w.h5");
    struct bn_mat want = box_mat("w.h5", "/J");
    learns("i.h5", "--in weights=w.h5 --set initial=artifact --set presentations=3 "
           "--set keep=all --set snapshots=4");
    struct bn_mat j = weights("i.h5", "--set snapshot=0");
    assert_close(apart(&j, &want), 0, 0, 1e-12);
    bn_mat_free(&j), bn_mat_free(&want);
    /* sd gain/sqrt N: over N (N - 1) draws the mean square has error sqrt(2)/N */
    learns("i.h5", "--set initial=gaussian --set gain=0.7 --set presentations=3 --set keep=all "
           "--set snapshots=4");
    j = weights("i.h5", "--set snapshot=0");
    const double norm = bn_mat_norm(&j);
    assert_close(norm * norm / (N - 1), 0.49, 5.0 * sqrt(2.0) / N, 0);
    bn_mat_free(&j);
    /* and nothing of them is left on the ring when it is learned */
    learns("i.h5", "--set initial=gaussian --set presentations=20000");
    learns("z.h5", "--set presentations=20000");
    assert_close(last("i.h5", "/residual"), last("z.h5", "/residual"), 1.0, 0);
    assert_true(last("i.h5", "/residual") < 0.05);
}

/* Without clamp delta has no error, so J decays as it is: J_0 (1 - eta lambda)^n, whatever
 * the state does.  A rule that went on with the teacher would stay at the ridge.  */
static void maintenance_of_delta(void **state)
{
    (void)state;
    learns("m.h5", "--set presentations=5000 --set order=ou --set eta=1e-3 --set decay=0.05 "
           "--set maintenance=20 --set snapshots=12 --set noise=0.1");
    box_is_sound("m.h5");
    struct bn_mat time = box_mat("m.h5", "/maintenance_time");
    struct bn_mat change = box_mat("m.h5", "/maintenance_change");
    assert_int_equal(time.rows, 12);
    assert_close(time.data[11], 20.0, 1e-12, 0);
    for (size_t k = 0; k < time.rows; k++)
        assert_close(change.data[k], 1.0 - pow(1.0 - 5e-5, time.data[k] / 0.005), 1e-6, 1e-12);
    struct bn_mat learned = weights("m.h5", "--set snapshot=11");
    struct bn_mat after = weights("m.h5", "");
    for (size_t k = 0; k < N * N; k++)
        after.data[k] /= pow(1.0 - 5e-5, 4000.0);
    assert_close(apart(&after, &learned), 0, 0, 1e-9);
    bn_mat_free(&time), bn_mat_free(&change), bn_mat_free(&learned), bn_mat_free(&after);
    /* Hebb goes on learning the one state that it is in. */
    learns("h.h5", "--set rule=hebb --set presentations=5000 --set decay_scale=1 "
           "--set eta_scale=0.001 --set maintenance=20 --set snapshots=12");
    assert_true(last("h.h5", "/maintenance_change") > 0.3);
}

static void recorded_course(void **state)
{
    (void)state;
    enum { SAMPLES = 200 };
    double time[SAMPLES], angle[SAMPLES], velocity[SAMPLES];
    const struct bn_shape s = bn_shape1(SAMPLES);
    bn_h5 *f;
    for (size_t k = 0; k < SAMPLES; k++) {
        time[k] = 3.0 + 0.1 * (double)k;
        angle[k] = bn_ring_wrap(0.8 * sin(0.5 * (double)k) * (double)k);
        velocity[k] = 0.0;               /* not what the angles do: only they are used */
    }
    assert_ok(bn_h5_create(&f, "r.h5"));
    assert_ok(bn_h5_write(f, "/time", BN_H5_F64, &s, time, false));
    assert_ok(bn_h5_write(f, "/angle", BN_H5_F64, &s, angle, false));
    assert_ok(bn_h5_write(f, "/angular_velocity", BN_H5_F64, &s, velocity, false));
    assert_ok(bn_h5_close(f));
    learns("l.h5", "--in recording=r.h5 --set order=recorded --set presentations=20000 "
           "--set recorded_start=2");
    assert_true(last("l.h5", "/residual") < 0.1);
}

/* --- refusals ------------------------------------------------------------------------- */

static void refusals(void **state)
{
    (void)state;
    static const struct box_refusal rows[] = {
        { "", "tuning", 2 },
        { T "--set rule=dleta", "did you mean `delta`", 2 },
        { T "--set rule=y*p*z", "z", 2 },
        { T "--set rule=hebb", "decay_scale = 1", 2 },
        { T "--set rule=bcm", "no fixed point without decay", 2 },
        { T "--set eta=0.1 --set decay=20", "take away the whole weight", 2 },
        { T "--set eta_scale=2.5 --set presentations=200000", "tr C", 5 },
        { T "--set order=recorded", "needs a recording", 2 },
        { T "--in recording=t.h5 --set order=recorded", "t.h5", 3 },
        { T "--set initial=artifact", "--in weights=FILE", 2 },
        { T "--in weights=few_w.h5 --set initial=artifact", "20", 3 },
        { T "--set clamp=nudged --set interval=0.1", "longer than tau", 2 },
        { T "--set clamp=soft --set clamp_gain=10", "(1 + clamp_gain) interval", 2 },
        { T "--set maintenance=1 --set engine=span", "dense", 2 },
        { T "--set engine=span --set dale=projected", "span", 2 },
        { "--in tuning=large.h5 --set keep=all --set snapshots=10000", "GB of weights", 2 },
        { "--in tuning=large.h5 --set dale=projected", "3.2 GB for 20001 neurons", 2 },
        { "--in tuning=large.h5 --set initial=gaussian", "refused above 20000", 2 },
        { T "--set presentations=0", "presentations", 2 },
        { T "--set duration=0.001", "shorter than one presentation", 2 },
        { T "--set density=0", "density", 2 },
    };
    box_runs("tuning", "--out few.h5 --set neurons=20 --set angles=61");
    box_runs("weights", "--in tuning=few.h5 --out few_w.h5");
    box_runs("tuning", "--out large.h5 --set neurons=20001 --set angles=37");
    for (size_t k = 0; k < BN_LEN(rows); k++)
        box_refuses("learning", &rows[k]);
}

static int setup(void **state)
{
    (void)state;
    char line[256];
    snprintf(line, sizeof line, "--out t.h5 --set neurons=%d --set angles=%d", N, M);
    box_runs("tuning", line);
    return 0;
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(explains_itself),
        cmocka_unit_test(same_bytes_twice),
        cmocka_unit_test(shapes),
        cmocka_unit_test(kept_weights_are_the_same),
        cmocka_unit_test(killed_and_resumed),
        cmocka_unit_test(every_rule_runs),
        cmocka_unit_test(terms_are_the_rule),
        cmocka_unit_test(decay_is_lambda_of_the_ridge),
        cmocka_unit_test(residuals_are_predicted),
        cmocka_unit_test(moving_courses_are_predicted),
        cmocka_unit_test(hebb_finds_the_correlations),
        cmocka_unit_test(one_way_round_turns),
        cmocka_unit_test(initial_weights),
        cmocka_unit_test(maintenance_of_delta),
        cmocka_unit_test(recorded_course),
        cmocka_unit_test(refusals),
    };
    (void)argc;
    box_enter(argv[0]);
    return cmocka_run_group_tests_name("learning", tests, setup, box_leave);
}
