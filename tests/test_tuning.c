/* SPDX-License-Identifier: MIT
 * The stage `tuning` as a black box. */
#include "black_box.h"
#include "fake_nwb.h"

#include <basin/fourier.h>
#include <basin/manifold.h>

static void explains_itself(void **state)
{
    (void)state;
    box_explains("tuning");
}

static void same_bytes_twice(void **state)
{
    (void)state;
    box_repeats("tuning", "--set neurons=60 --set angles=50");
    box_repeats("tuning", "--set neurons=60 --set angles=50 --set process=normalised "
                "--set model_curves=500");
    box_repeats("tuning", "--set neurons=60 --set angles=50 --set process=normalised "
                "--set model_curves=500 --set fit=covariance --set fit_nodes=3");
}

/* Shapes of the contract; phi* = phi(x*) with what the attributes say. */
static void generated(void **state)
{
    (void)state;
    box_runs("tuning", "--out t.h5 --set neurons=70 --set angles=48");
    box_shape("t.h5", "/theta", 1, 48, 0, 0);
    box_shape("t.h5", "/current", 2, 70, 48, 0);
    box_shape("t.h5", "/rate", 2, 70, 48, 0);
    box_shape("t.h5", "/classical", 2, 8, 48, 0);
    struct bn_mat x = box_mat("t.h5", "/current"), rate = box_mat("t.h5", "/rate");
    struct bn_mat theta = box_mat("t.h5", "/theta"), preferred = box_mat("t.h5", "/preferred");
    double centre[70];
    for (size_t k = 0; k < 70 * 48; k++)
        assert_close(rate.data[k], 1.0 + erf(0.5 * 2.7659 * sqrt(BN_TWO_PI / 2) * x.data[k]),
                     1e-13, 1e-15);
    for (size_t k = 0; k < 48; k++)
        assert_close(theta.data[k], BN_TWO_PI * (double)k / 48, 1e-15, 0);
    bn_ring_centre(&rate, centre, NULL);
    for (size_t i = 0; i < 70; i++)
        assert_close(preferred.data[i], centre[i], 1e-13, 0);
    bn_mat_free(&x), bn_mat_free(&rate), bn_mat_free(&theta), bn_mat_free(&preferred);
}

static void order_sorts_preferred(void **state)
{
    (void)state;
    box_runs("tuning", "--out t.h5 --set neurons=70 --set angles=48");
    struct bn_mat order = box_mat("t.h5", "/order"), p = box_mat("t.h5", "/preferred");
    for (size_t i = 1; i < 70; i++)
        assert_true(p.data[(size_t)order.data[i - 1]] <= p.data[(size_t)order.data[i]]);
    bn_mat_free(&order), bn_mat_free(&p);
}

/* 0.1 as the spread of a covariance sampled from 3000 neurons: five standard errors of
 * a variance of order one with heavy neurons.  /covariance_cross = alpha G (Stein).  */
static void covariances(void **state)
{
    (void)state;
    static const char *const process[] = { "erf", "softplus", "normalised" };
    for (size_t k = 0; k < 3; k++) {
        char arguments[256];
        snprintf(arguments, sizeof arguments, "--out t.h5 --set neurons=3000 --set angles=60 "
                 "--set process=%s --set model_curves=3000 --set threshold=%s", process[k],
                 k == 2 ? "1" : "0");
        box_runs("tuning", arguments);
        static const char *const what[] = { "rate", "current", "cross" };
        for (size_t w = 0; w < (k < 2 ? 3 : 1); w++) {
            char closed[64], sampled[64];
            snprintf(closed, sizeof closed, "/covariance_%s", what[w]);
            snprintf(sampled, sizeof sampled, "/covariance_%s_sampled", what[w]);
            struct bn_mat a = box_mat("t.h5", closed), b = box_mat("t.h5", sampled);
            for (size_t m = 0; m < 60; m++)
                assert_close(b.data[m], a.data[m], 0.1, 0.1);
            bn_mat_free(&a), bn_mat_free(&b);
        }
    }
    box_runs("tuning", "--out t.h5 --set neurons=3000 --set angles=60");
    struct bn_mat g = box_mat("t.h5", "/covariance_current");
    struct bn_mat cross = box_mat("t.h5", "/covariance_cross");
    const double alpha = 2.7659 / sqrt(1.0 + 0.25 * BN_TWO_PI * 2.7659 * 2.7659);
    for (size_t m = 0; m < 60; m++)
        assert_close(cross.data[m], alpha * g.data[m], 1e-10, 1e-14);
    assert_close(box_number("t.h5", "/mean_gain"), alpha, 0.05, 0);
    bn_mat_free(&g), bn_mat_free(&cross);
}

/* Neuron i is the same curve whatever N and M; another seed or replicate is another. */
static void curves_are_reproducible(void **state)
{
    (void)state;
    box_runs("tuning", "--out a.h5 --set neurons=20 --set angles=40");
    box_runs("tuning", "--out b.h5 --set neurons=50 --set angles=80");
    box_runs("tuning", "--out c.h5 --set neurons=20 --set angles=40 --set seed=2");
    box_runs("tuning", "--out d.h5 --set neurons=20 --set angles=40 --set replicate=1");
    struct bn_mat a = box_mat("a.h5", "/current"), b = box_mat("b.h5", "/current");
    struct bn_mat c = box_mat("c.h5", "/current"), d = box_mat("d.h5", "/current");
    for (size_t i = 0; i < 20; i++)
        for (size_t k = 0; k < 40; k++)
            assert_close(*bn_mat_at(&b, i, 2 * k), *bn_mat_at(&a, i, k), 0, 1e-13);
    assert_true(fabs(a.data[0] - c.data[0]) > 1e-6);
    assert_true(fabs(a.data[0] - d.data[0]) > 1e-6);
    bn_mat_free(&a), bn_mat_free(&b), bn_mat_free(&c), bn_mat_free(&d);
}

/* Double normalisation ends with the columns; rates stay positive and invert. */
static void normalised_curves(void **state)
{
    (void)state;
    box_runs("tuning", "--out t.h5 --set neurons=60 --set angles=64 --set process=normalised "
             "--set threshold=1.73 --set model_curves=200");
    struct bn_mat rate = box_mat("t.h5", "/rate"), x = box_mat("t.h5", "/current");
    for (size_t k = 0; k < 64; k++) {
        double mean = 0.0;
        for (size_t i = 0; i < 60; i++)
            mean += *bn_mat_at(&rate, i, k) / 60;
        assert_close(mean, 1, 1e-12, 0);
    }
    for (size_t i = 0; i < 60; i++) {
        double mean = 0.0;
        for (size_t k = 0; k < 64; k++)
            mean += *bn_mat_at(&rate, i, k) / 64;
        assert_close(mean, 1, 1e-6, 0);
    }
    for (size_t k = 0; k < 60 * 64; k++)
        assert_close(log1p(exp(2.0 * x.data[k])) / 2.0, rate.data[k], 1e-9, 0);
    bn_mat_free(&rate), bn_mat_free(&x);
}

/* Five cosine cells of 30 bins with an exact zero: floored, and the floor counted. */
static void write_recording(const char *name, double bad)
{
    enum { N = 5, B = 30 };
    double rate[N * B], theta[B];
    const struct bn_shape one = bn_shape1(B), two = bn_shape2(N, B);
    bn_h5 *f;
    for (size_t i = 0; i < N; i++)
        for (size_t k = 0; k < B; k++) {
            theta[k] = BN_TWO_PI * (double)k / B;
            rate[i * B + k] = 3.0 + 3.0 * cos(theta[k] - BN_TWO_PI * (double)i / N);
        }
    rate[0] = bad;
    assert_ok(bn_h5_create(&f, name));
    assert_ok(bn_h5_write(f, "/theta", BN_H5_F64, &one, theta, false));
    assert_ok(bn_h5_write(f, "/rate", BN_H5_F64, &two, rate, false));
    assert_ok(bn_h5_close(f));
}

static void recorded(void **state)
{
    (void)state;
    write_recording("r.h5", 6.0);
    box_runs("tuning", "--in recording=r.h5 --out t.h5 --set angles=90 --set model_curves=200");
    assert_says(box_said, "5 recorded curves");
    box_shape("t.h5", "/rate", 2, 5, 90, 0);
    struct bn_mat p = box_mat("t.h5", "/preferred"), floored = box_mat("t.h5", "/floored");
    double lifted = 0.0;
    for (size_t i = 0; i < 5; i++) {
        const double want = BN_TWO_PI * (double)i / 5;
        assert_close(bn_ring_difference(p.data[i], want), 0, 0, 0.05);
        lifted += floored.data[i];
    }
    assert_true(lifted >= 1.0 && lifted <= 10.0);
    box_is_sound("t.h5");
    bn_mat_free(&p), bn_mat_free(&floored);
}

/* --- fit ------------------------------------------------------------------------- */

#define FIT_SMALL " --set fit=covariance --set fit_nodes=5 --set fit_starts=2"

/* erf curves: closed form, threshold held.  Five predicted standard errors. */
static void fit_of_generated_curves(void **state)
{
    (void)state;
    box_runs("tuning", "--out t.h5 --set neurons=4000 --set angles=60 --set sigma=1.2 "
             "--set beta=1.5" FIT_SMALL);
    box_is_sound("t.h5");
    struct bn_mat p = box_mat("t.h5", "/fit_point"), v = box_mat("t.h5", "/fit_covariance");
    const double truth[] = { 1.2, 1.5, 0.0 };
    for (size_t k = 0; k < 2; k++) {
        const double sd = sqrt(*bn_mat_at(&v, k, k));
        assert_close(p.data[k], truth[k], 0, 5.0 * sd);
        assert_true(sd > 0.0 && sd < 0.1);       /* the bound above says something */
    }
    assert_true(p.data[2] == 0.0 && v.data[8] == 0.0);
    assert_true(box_number("t.h5", "/fit_loss") <= box_number("t.h5", "/fit_loss_given"));
    assert_true(box_number("t.h5", "/fit_loss_given")
                < 5.0 * box_number("t.h5", "/fit_loss_sampling"));
    box_shape("t.h5", "/fit_loss_sigma_beta", 2, 5, 5, 0);
    box_shape("t.h5", "/fit_loss_beta_threshold", 2, 5, 1, 0);
    bn_mat_free(&p), bn_mat_free(&v);
}

/* The prediction beside a recording is that of the fitted process: its harmonics are
 * /fit_model, because both are made from the same draws.  Copies of cells do not count:
 * the recording has them three times, and C_n and its error stay the same.   */
static void fit_of_a_recording(void **state)
{
    (void)state;
    enum { CELLS = 12, COPIES = 3, B = 40, M = 80 };
    double rate[COPIES * CELLS * B], theta[B], cell[COPIES * CELLS], even[M], hat[20];
    const char *const arguments = "--in recording=%s --out %s --set angles=80 --set sweeps=0 "
        "--set process=normalised --set threshold=1 --set model_curves=640 --set smoothing=0 "
        "--threads 2" FIT_SMALL;
    char line[512];
    bn_h5 *f;
    for (size_t i = 0; i < COPIES * CELLS; i++)
        for (size_t k = 0; k < B; k++) {
            const double d = BN_TWO_PI * ((double)k / B - 0.37 * (double)(i % CELLS));
            theta[k] = BN_TWO_PI * (double)k / B;
            cell[i] = (double)(i % CELLS);
            rate[i * B + k] = exp((1.0 + 0.1 * (double)(i % CELLS)) * cos(d));
        }
    for (size_t copies = 1; copies <= COPIES; copies += 2) {
        const size_t n = copies * CELLS;
        const struct bn_shape one = bn_shape1(B), two = bn_shape2(n, B), rows = bn_shape1(n);
        assert_ok(bn_h5_create(&f, copies == 1 ? "r1.h5" : "r3.h5"));
        assert_ok(bn_h5_write(f, "/theta", BN_H5_F64, &one, theta, false));
        assert_ok(bn_h5_write(f, "/rate", BN_H5_F64, &two, rate, false));
        assert_ok(bn_h5_write(f, "/cell", BN_H5_F64, &rows, cell, false));
        assert_ok(bn_h5_close(f));
        snprintf(line, sizeof line, arguments, copies == 1 ? "r1.h5" : "r3.h5",
                 copies == 1 ? "t1.h5" : "t3.h5");
        box_runs("tuning", line);
        assert_says(box_said, "fitted to 12 curves");
    }
    static const char *const same[] = { "/fit_target", "/fit_target_sd", "/fit_point" };
    for (size_t k = 0; k < BN_LEN(same); k++) {
        struct bn_mat a = box_mat("t1.h5", same[k]), b = box_mat("t3.h5", same[k]);
        for (size_t i = 0; i < a.rows * a.cols; i++)
            assert_close(b.data[i], a.data[i], 1e-9, 1e-15);
        bn_mat_free(&a), bn_mat_free(&b);
    }
    struct bn_mat c = box_mat("t1.h5", "/covariance_rate"), m = box_mat("t1.h5", "/fit_model");
    memcpy(even, c.data, sizeof even);
    assert_ok(bn_fourier_even(even, M, hat, 20));
    for (size_t n = 0; n < 20; n++)
        assert_close(m.data[n], hat[n], 2e-2, 1e-6);
    bn_mat_free(&c), bn_mat_free(&m);
}

static char recorded_data[1200];

/* mouse28-140313: the family of processes has the covariance of its 32 cells to well
 * within their sampling error.  The published point was fitted to the postsubiculum of
 * other mice: with its sigma held the 15 cells of the postsubiculum are described within
 * their sampling error, the 17 of the thalamus, which are broader, are not.  */
static void fit_of_mouse28(void **state)
{
    (void)state;
    if (recorded_data[0] == '\0')
        skip();
    static const struct { const char *region, *sigma; bool within; } rows[] = {
        { "PoSub", "'{1.42, 1.42}'", true }, { "ADn", "'{1.42, 1.42}'", false },
        { "", "'{0.5, 3}'", true },
    };
    for (size_t k = 0; k < BN_LEN(rows); k++) {
        char line[3000];
        snprintf(line, sizeof line, "--out r.h5 --set 'file=%s/mouse28-140313.nwb' %s%s",
                 recorded_data, rows[k].region[0] != '\0' ? "--set units_column=location "
                 "--set units_value=" : "", rows[k].region);
        box_runs("recording", line);
        snprintf(line, sizeof line, "--in recording=r.h5 --out t.h5 --set angles=100 "
                 "--set process=normalised --set sigma=1.42 --set beta=2.77 "
                 "--set threshold=1.73 --set sweeps=0 --set model_curves=4000 --threads 2 "
                 "--set fit_sigma=%s" FIT_SMALL, rows[k].sigma);
        box_runs("tuning", line);
        const double loss = box_number("t.h5", "/fit_loss");
        const double sampling = box_number("t.h5", "/fit_loss_sampling");
        print_message("%s: loss %.3f, at the published point %.3f, sampling %.3f\n",
                      rows[k].region[0] != '\0' ? rows[k].region : "all", loss,
                      box_number("t.h5", "/fit_loss_given"), sampling);
        assert_true((loss < sampling) == rows[k].within);
    }
}

static void refusals(void **state)
{
    (void)state;
    static const struct box_refusal rows[] = {
        { "--set neurons=1", "neurons", 2 },
        { "--set angles=4", "angles", 2 },
        { "--set angles=20", "set angles to at least 37", 2 },
        { "--set sigma=0", "sigma", 2 },
        { "--set sgima=1", "did you mean `sigma`", 2 },
        { "--set process=tanh", "process", 2 },
        { "--set beta=nan", "beta", 2 },
        { "--set fit=everything", "fit", 2 },
        { "--set fit=covariance --set fit_sigma=1", "fit_sigma is a range", 2 },
        { "--set fit=covariance --set 'fit_sigma={2, 3}'", "sigma = 1.4211", 2 },
        { "--in recording=missing.h5", "missing.h5", 3 },
        { "--in recording=r.h5 --set angles=29", "set angles to at least 30", 2 },
        { "--in recording=short.h5", "short.h5", 3 },
        { "--in recording=text.txt", "text.txt", 3 },
        { "--in recording=silent.h5", "neuron 0", 3 },
        { "--in recording=nan.h5", "nan.h5: neuron 0", 3 },
    };
    write_recording("r.h5", 6.0);
    write_recording("nan.h5", NAN);
    assert_int_equal(system("head -c 3000 r.h5 >short.h5; echo hello >text.txt"), 0);
    bn_h5 *f;
    const double zero[16] = { 0 }, theta[8] = { 0 };
    const struct bn_shape one = bn_shape1(8), two = bn_shape2(2, 8);
    assert_ok(bn_h5_create(&f, "silent.h5"));
    assert_ok(bn_h5_write(f, "/theta", BN_H5_F64, &one, theta, false));
    assert_ok(bn_h5_write(f, "/rate", BN_H5_F64, &two, zero, false));
    assert_ok(bn_h5_close(f));
    for (size_t k = 0; k < BN_LEN(rows); k++)
        box_refuses("tuning", &rows[k]);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(explains_itself),
        cmocka_unit_test(same_bytes_twice),
        cmocka_unit_test(generated),
        cmocka_unit_test(order_sorts_preferred),
        cmocka_unit_test(covariances),
        cmocka_unit_test(curves_are_reproducible),
        cmocka_unit_test(normalised_curves),
        cmocka_unit_test(recorded),
        cmocka_unit_test(fit_of_generated_curves),
        cmocka_unit_test(fit_of_a_recording),
        cmocka_unit_test(fit_of_mouse28),
        cmocka_unit_test(refusals),
    };
    (void)argc;
    const char *data = recordings();
    char here[512];
    if (data != NULL && getcwd(here, sizeof here) != NULL)   /* the tests run elsewhere */
        snprintf(recorded_data, sizeof recorded_data, "%s%s%s", data[0] == '/' ? "" : here,
                 data[0] == '/' ? "" : "/", data);
    box_enter(argv[0]);
    return cmocka_run_group_tests_name("tuning", tests, NULL, box_leave);
}
