/* SPDX-License-Identifier: MIT
 * The way of very many neurons, where tuning stores coefficients and weights their modes,
 * against the way of few, where both store what they have: the same numbers.   */
#include "black_box.h"

static const char *const tuning = "--set neurons=300 --set angles=81";

/* Both ways from the same draws: t.h5, f.h5 (factors); c.h5, m.h5 (modes). */
static int both_ways(void **state)
{
    char line[512];
    (void)state;
    snprintf(line, sizeof line, "--out t.h5 %s", tuning);
    box_runs("tuning", line);
    snprintf(line, sizeof line, "--out c.h5 %s --set store=coefficients", tuning);
    box_runs("tuning", line);
    box_runs("weights", "--in tuning=t.h5 --out f.h5 --set form=factored --set lambda=1e-6");
    box_runs("weights", "--in tuning=c.h5 --out m.h5 --set form=modes --set lambda=1e-6");
    return 0;
}

static double *numbers(const char *file, const char *name, size_t *n)
{
    double *x;
    bn_h5 *f;
    assert_ok(bn_h5_open(&f, file));
    assert_ok(bn_h5_read(f, name, &x, n));
    assert_ok(bn_h5_close(f));
    return x;
}

static void alike(const char *a, const char *b, const char *name, double atol, double rtol)
{
    size_t n, m;
    double *x = numbers(a, name, &n), *y = numbers(b, name, &m);
    if (n != m)
        fail_msg("%s: %zu and %zu numbers", name, n, m);
    for (size_t k = 0; k < n; k++)
        if (!(fabs(x[k] - y[k]) <= atol + rtol * fabs(y[k])))
            fail_msg("%s[%zu]: %.17g and %.17g", name, k, x[k], y[k]);
    free(x);
    free(y);
}

/* 300 neurons pass in one chunk, 9,000 in three with a rest. */
static void tuning_says_the_same(void **state)
{
    (void)state;
    static const char *const names[] = { "/theta", "/preferred", "/mean_gain", "/aligned_mean",
        "/aligned_sd", "/classical", "/covariance_current", "/covariance_rate",
        "/covariance_cross", "/covariance_current_sampled", "/covariance_rate_sampled",
        "/covariance_cross_sampled" };
    const char *curves = "t.h5", *few = "c.h5";
    for (int many = 0; many < 2; many++) {
        for (size_t k = 0; k < BN_LEN(names); k++)
            alike(curves, few, names[k], 1e-11, 0);
        box_is_sound(few);
        assert_false(box_has(few, "/rate"));
        assert_false(box_has(few, "/current"));
        if (many == 1)
            break;
        box_runs("tuning", "--out t2.h5 --set neurons=9000 --set angles=45");
        box_runs("tuning", "--out c2.h5 --set neurons=9000 --set angles=45 "
                 "--set store=coefficients");
        curves = "t2.h5";
        few = "c2.h5";
    }
    box_repeats("tuning", "--set neurons=60 --set angles=50 --set store=coefficients");
    box_repeats("tuning", "--set neurons=60 --set angles=50 --set store=coefficients "
                "--set process=softplus");
}

static void weights_say_the_same(void **state)
{
    (void)state;
    static const char *const names[] = { "/residual", "/residual_velocity", "/condition",
                                         "/rank", "/coefficients", "/lambda" };
    for (size_t k = 0; k < BN_LEN(names); k++)
        alike("f.h5", "m.h5", names[k], 0, 1e-6);
    alike("f.h5", "m.h5", "/diagonal", 1e-12, 1e-7);
    alike("f.h5", "m.h5", "/diagonal_velocity", 1e-12, 1e-7);
    box_is_sound("m.h5");
    assert_false(box_has("m.h5", "/left"));
    /* other forms and kinds from coefficients, and modes from curves */
    box_runs("weights", "--in tuning=c.h5 --out d.h5 --set form=dense --set lambda=1e-6");
    box_runs("weights", "--in tuning=t.h5 --out e.h5 --set form=dense --set lambda=1e-6");
    alike("d.h5", "e.h5", "/J", 1e-9, 1e-6);
    box_runs("weights", "--in tuning=c.h5 --out g.h5 --set kind=hebb");
    box_runs("weights", "--in tuning=t.h5 --out h.h5 --set kind=hebb");
    alike("g.h5", "h.h5", "/J", 1e-12, 1e-9);
    box_runs("weights", "--in tuning=c.h5 --in weights=m.h5 --out g.h5 --set kind=circulant");
    box_runs("weights", "--in tuning=t.h5 --in weights=f.h5 --out h.h5 --set kind=circulant");
    alike("g.h5", "h.h5", "/J", 1e-9, 1e-6);
    box_runs("weights", "--in tuning=t.h5 --out g.h5 --set form=modes --set lambda=1e-6");
    alike("g.h5", "m.h5", "/residual", 0, 1e-6);
}

static void activity_and_diagnosis_say_the_same(void **state)
{
    (void)state;
    static const char *const lines[] = {
        "--set duration=0.4 --set starts=3 --set velocity=constant --set noise=0.1",
        "--set duration=0.3 --set starts=5 --set inhibition=0.5",
    };
    static const char *const names[] = { "/angle", "/distance", "/peak", "/overlap" };
    char line[512];
    for (size_t k = 0; k < BN_LEN(lines); k++) {
        snprintf(line, sizeof line, "--in tuning=t.h5 --in weights=f.h5 --out a.h5 %s", lines[k]);
        box_runs("activity", line);
        snprintf(line, sizeof line, "--in tuning=c.h5 --in weights=m.h5 --out b.h5 %s", lines[k]);
        box_runs("activity", line);
        for (size_t j = 0; j < BN_LEN(names); j++)
            alike("a.h5", "b.h5", names[j], 1e-7, 1e-6);
    }
    box_runs("diagnosis", "--in tuning=t.h5 --in weights=f.h5 --out a.h5");
    box_runs("diagnosis", "--in tuning=c.h5 --in weights=m.h5 --out b.h5");
    alike("a.h5", "b.h5", "/residual", 1e-9, 1e-4);
    alike("a.h5", "b.h5", "/drift", 1e-8, 1e-3);
    alike("a.h5", "b.h5", "/gap", 1e-6, 0);
    alike("a.h5", "b.h5", "/profile_predicted", 1e-9, 1e-6);
    alike("a.h5", "b.h5", "/sample_sorted", 1e-6, 1e-6);
}

static void refusals(void **state)
{
    (void)state;
    static const struct box_refusal tunings[] = {
        { "--set neurons=50 --set store=coefficients --set process=normalised",
          "set store to curves", 2 },
        { "--set neurons=50 --set store=coefficients --set angles=30",
          "set angles to at least 37", 2 },
    };
    static const struct box_refusal weights[] = {
        { "--in tuning=c.h5 --set kind=hebb --set form=modes", "kind = offline", 2 },
    };
    static const struct box_refusal activity[] = {
        { "--in tuning=t2.h5 --in weights=m.h5", "9000", 3 },
        { "--in tuning=m.h5 --in weights=m.h5", "no artifact of the stage tuning", 3 },
    };
    for (size_t k = 0; k < BN_LEN(tunings); k++)
        box_refuses("tuning", &tunings[k]);
    box_refuses("weights", &weights[0]);
    for (size_t k = 0; k < BN_LEN(activity); k++)
        box_refuses("activity", &activity[k]);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tuning_says_the_same),
        cmocka_unit_test(weights_say_the_same),
        cmocka_unit_test(activity_and_diagnosis_say_the_same),
        cmocka_unit_test(refusals),
    };
    (void)argc;
    box_enter(argv[0]);
    return cmocka_run_group_tests_name("large", tests, both_ways, box_leave);
}
