/* SPDX-License-Identifier: MIT
 * Stage `weights` for thresholded cells: what silent currents are taken for, inhibition, and
 * several maps in one network, as a black box.                                   */
#include "track.h"

enum { N = 150, P = 60 };

static const struct track first = { N, P, 30.0, 3.0, 0.9, false, 1 };

static int setup(void **state)
{
    (void)state;
    struct track second = first, few = first;
    second.seed = 2;
    few.neurons = 20;
    track_write(&first, "a.h5");
    track_write(&second, "b.h5");
    track_write(&few, "few.h5");
    return 0;
}

/* J phi + b on the grid. */
static struct bn_mat held(const char *file, const struct bn_mat *rate)
{
    struct bn_mat j = box_mat(file, "/J"), u, b = { 0 };
    assert_ok(bn_mat_alloc(&u, N, P));
    assert_ok(bn_gemm(1.0, &j, BN_PLAIN, rate, BN_PLAIN, 0.0, &u));
    if (box_has(file, "/bias"))
        b = box_mat(file, "/bias");
    for (size_t k = 0; b.data != NULL && k < N * P; k++)
        u.data[k] += b.data[k / P];
    for (size_t i = 0; i < N; i++)
        assert_true(*bn_mat_at(&j, i, i) == 0.0);
    bn_mat_free(&j), bn_mat_free(&b);
    return u;
}

static double apart(const struct bn_mat *a, const struct bn_mat *b)
{
    double d = 0.0, s = 0.0;
    for (size_t k = 0; k < a->rows * a->cols; k++) {
        d += pow(a->data[k] - b->data[k], 2);
        s += pow(b->data[k], 2);
    }
    return sqrt(d / s);
}

/* /residual is |J phi + b - x|/|x| by its definition, /bias the same for all. */
static void residual_and_bias(void **state)
{
    (void)state;
    struct bn_mat x = track_current(&first), rate = box_mat("a.h5", "/rate");
    box_runs("weights", "--in tuning=a.h5 --out w.h5 --set inhibition=4 --set lambda=1e-6");
    struct bn_mat u = held("w.h5", &rate), b = box_mat("w.h5", "/bias");
    assert_close(box_number("w.h5", "/residual"), apart(&u, &x), 1e-6, 0);
    double mean = 0.0;
    for (size_t k = 0; k < N * P; k++)
        mean += rate.data[k] / (N * P);
    for (size_t i = 0; i < N; i++)
        assert_close(b.data[i], 4.0 * mean, 1e-12, 0);
    assert_false(box_has("w.h5", "/current"));
    bn_mat_free(&x), bn_mat_free(&rate), bn_mat_free(&u), bn_mat_free(&b);
}

/* Bounds: fields as given; silent currents are what J gives, or 0 where it gives more.
 * There the fields are held better than where silent currents are prescribed, too.  */
static void onesided(void **state)
{
    (void)state;
    struct bn_mat rate = box_mat("a.h5", "/rate");
    box_runs("weights", "--in tuning=a.h5 --out o.h5 --set target=onesided "
             "--set lambda=1e-6 --set rank_tolerance=0");
    box_runs("weights", "--in tuning=a.h5 --out c.h5 --set inhibition=1e-9 --set lambda=1e-6");
    struct bn_mat x = box_mat("o.h5", "/current"), u = held("o.h5", &rate);
    size_t below = 0, silent = 0;
    for (size_t k = 0; k < N * P; k++) {
        if (rate.data[k] > 0.0) {
            assert_close(x.data[k], rate.data[k], 1e-12, 0);
            continue;
        }
        silent++;
        below += u.data[k] < 0.0;
        assert_close(x.data[k], fmin(u.data[k], 0.0), 1e-6, 1e-8);
    }
    assert_true(below > silent / 2);
    const double with = box_number("o.h5", "/residual_firing");
    assert_true(with < box_number("c.h5", "/residual_firing"));
    assert_true(box_number("o.h5", "/steps") >= 2.0);
    bn_mat_free(&rate), bn_mat_free(&x), bn_mat_free(&u);
}

/* Filled currents know more of the silent ones than a constant does, and nothing of them is
 * above 0; of the tuning only rates and thresholds are read.                      */
static void fill(void **state)
{
    (void)state;
    struct bn_mat truth = track_current(&first);
    box_runs("weights", "--in tuning=a.h5 --out f.h5 --set target=fill --set length=3");
    struct bn_mat x = box_mat("f.h5", "/current");
    double mean = 0.0, count = 0.0, error = 0.0, constant = 0.0;
    for (size_t k = 0; k < N * P; k++) {
        mean += truth.data[k] <= 0.0 ? truth.data[k] : 0.0;
        count += truth.data[k] <= 0.0;
    }
    for (size_t k = 0; k < N * P; k++) {
        if (truth.data[k] > 0.0) {
            assert_close(x.data[k], truth.data[k], 1e-12, 0);
            continue;
        }
        assert_true(x.data[k] <= 0.0);
        error += pow(x.data[k] - truth.data[k], 2);
        constant += pow(mean / count - truth.data[k], 2);
    }
    assert_true(error < 0.8 * constant);
    assert_true(box_number("f.h5", "/loosened") < 0.1);
    bn_mat_free(&truth), bn_mat_free(&x);
}

static void softplus(void **state)
{
    (void)state;
    struct bn_mat rate = box_mat("a.h5", "/rate");
    double top = 0.0;
    box_runs("weights", "--in tuning=a.h5 --out s.h5 --set target=softplus --set softness=10 "
             "--set floor=0.001");
    struct bn_mat x = box_mat("s.h5", "/current");
    for (size_t k = 0; k < N * P; k++)
        top = fmax(top, rate.data[k]);
    for (size_t k = 0; k < N * P; k++)
        assert_close(log1p(exp(10.0 * x.data[k])) / 10.0, fmax(rate.data[k], 0.001 * top), 1e-10,
                     0);
    bn_mat_free(&rate), bn_mat_free(&x);
}

/* Two maps are fitted at once: a residual for each, both small, and the same J whichever comes
 * first; maps = 1 leaves the second out.                                         */
static void two_maps(void **state)
{
    (void)state;
    box_runs("weights", "--in tuning=a.h5 --in tuning.maps=b.h5 --out ab.h5");
    box_runs("weights", "--in tuning=b.h5 --in tuning.maps=a.h5 --out ba.h5");
    box_runs("weights", "--in tuning=a.h5 --in tuning.maps=b.h5 --out one.h5 --set maps=1");
    box_runs("weights", "--in tuning=a.h5 --out a1.h5 --set velocity=no --set inhibition=1e-12");
    struct bn_mat ab = box_mat("ab.h5", "/J"), ba = box_mat("ba.h5", "/J");
    struct bn_mat one = box_mat("one.h5", "/J"), a1 = box_mat("a1.h5", "/J");
    struct bn_mat r = box_mat("ab.h5", "/residual_map");
    assert_int_equal(r.rows * r.cols, 2);
    assert_true(r.data[0] < 0.05 && r.data[1] < 0.05);
    assert_true(apart(&ab, &ba) < 1e-6 && apart(&one, &a1) < 1e-6 && apart(&ab, &one) > 0.3);
    bn_mat_free(&ab), bn_mat_free(&ba), bn_mat_free(&one), bn_mat_free(&a1), bn_mat_free(&r);
}

/* A network of two maps goes on in the one in which it starts, disturbed: after 10 tau its rates
 * have the cosine 1 with a state of that map, and with the other one what unrelated maps have
 * in common.  A decoder that took the maps for each other would see it the other way round;
 * one that read only the first map, the same in both runs.                        */
static void two_maps_are_recalled(void **state)
{
    (void)state;
    struct track one = first, two = first;
    one.neurons = two.neurons = 400;
    two.seed = 2;
    track_write(&one, "c.h5");
    track_write(&two, "d.h5");
    box_runs("weights", "--in tuning=c.h5 --in tuning.maps=d.h5 --out cd.h5 --set inhibition=5 "
             "--set lambda=1e-6");
    for (int map = 0; map < 2; map++) {
        char line[256];
        snprintf(line, sizeof line, "--in weights=cd.h5 --in tuning=c.h5 --in tuning.maps=d.h5 "
                 "--out act.h5 --set map=%d --set starts=6 --set disturbances=0.3 "
                 "--set duration=0.5 --set interval=0.5 --set decoder=cosine", map);
        box_runs("activity", line);
        box_shape("act.h5", "/map_cosine", 3, 6, 2, 2);
        bn_h5 *f;
        double *c;
        size_t n;
        assert_ok(bn_h5_open(&f, "act.h5"));
        assert_ok(bn_h5_read(f, "/map_cosine", &c, &n));
        assert_ok(bn_h5_close(f));
        for (size_t t = 0; t < 6; t++) {
            const double *at = c + (t * 2 + 1) * 2;
            assert_true(at[map] > 0.98 && at[1 - map] < 0.5);
        }
        free(c);
    }
}

/* What was fitted is what stages read: with bounds the silent currents are those of J, and the
 * residual is that of `weights`; with the tuning's own it would be of order 1.       */
static void diagnosis_reads_what_was_fitted(void **state)
{
    (void)state;
    box_runs("weights", "--in tuning=a.h5 --out o.h5 --set target=onesided --set lambda=1e-6 "
             "--set inhibition=5");
    box_runs("diagnosis", "--in tuning=a.h5 --in weights=o.h5 --out di.h5 --set drift_points=60 "
             "--set jacobian_angles=1");
    const double want = box_number("o.h5", "/residual");
    assert_true(want < 0.02);
    assert_close(box_number("di.h5", "/residual"), want, 0.3, 0);    /* other points */
}

static void factored_is_dense(void **state)
{
    (void)state;
    box_runs("weights", "--in tuning=a.h5 --out d.h5 --set inhibition=3");
    box_runs("weights", "--in tuning=a.h5 --out fa.h5 --set inhibition=3 --set form=factored");
    struct bn_mat j = box_mat("d.h5", "/J"), l = box_mat("fa.h5", "/left");
    struct bn_mat r = box_mat("fa.h5", "/right"), d = box_mat("fa.h5", "/diagonal"), out;
    assert_ok(bn_mat_alloc(&out, N, N));
    assert_ok(bn_gemm(1.0, &l, BN_PLAIN, &r, BN_PLAIN, 0.0, &out));
    for (size_t i = 0; i < N; i++)
        *bn_mat_at(&out, i, i) -= d.data[i];
    assert_true(apart(&out, &j) < 1e-9);
    bn_mat_free(&j), bn_mat_free(&l), bn_mat_free(&r), bn_mat_free(&d), bn_mat_free(&out);
}

static void same_bytes_twice(void **state)
{
    (void)state;
    box_repeats("weights", "--in tuning=a.h5 --set target=fill --set length=3 --set draws=2");
    box_repeats("weights", "--in tuning=a.h5 --in tuning.maps=b.h5 --set target=onesided");
}

static void refusals(void **state)
{
    (void)state;
    static const struct box_refusal all[] = {
        { "--in tuning=a.h5 --set maps=3 --set inhibition=1", "only 1 are given", BN_USAGE },
        { "--in tuning=a.h5 --in tuning.maps=few.h5", "the same neurons", BN_INPUT },
        { "--in tuning=a.h5 --set kind=hebb --set inhibition=1", "kind = offline", BN_USAGE },
        { "--in tuning=a.h5 --set form=modes --set target=onesided", "form = modes", BN_USAGE },
        { "--in tuning=a.h5 --set target=onesided --set lambda=0", "lambda > 0", BN_USAGE },
        { "--in tuning=a.h5 --in weights=w.h5 --set kind=rotated", "need their bias", BN_USAGE },
    };
    for (size_t k = 0; k < BN_LEN(all); k++)
        box_refuses("weights", &all[k]);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(residual_and_bias),
        cmocka_unit_test(onesided),
        cmocka_unit_test(fill),
        cmocka_unit_test(softplus),
        cmocka_unit_test(two_maps),
        cmocka_unit_test(two_maps_are_recalled),
        cmocka_unit_test(diagnosis_reads_what_was_fitted),
        cmocka_unit_test(factored_is_dense),
        cmocka_unit_test(same_bytes_twice),
        cmocka_unit_test(refusals),
    };
    (void)argc;
    box_enter(argv[0]);
    return cmocka_run_group_tests_name("charts", tests, setup, box_leave);
}
