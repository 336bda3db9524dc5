/* SPDX-License-Identifier: MIT
 * trail: lines in the plane, grids, speeds and paths that are known beforehand.   */
#include "test.h"

#include <basin/mem.h>
#include <basin/rng.h>
#include <basin/trail.h>

#include <stdlib.h>

enum { MANY = 2000 };
static const struct bn_rng rng = { .seed = 12, .stream = 9 };
static bool counts[MANY];

/* Positions `at` [MANY, width] every 20 ms from 100 s. */
static struct bn_trail trail_of(const double *at, size_t width)
{
    double *time = bn_alloc(MANY, sizeof *time), *xy = bn_alloc(MANY * width, sizeof *xy);
    struct bn_trail t;

    assert_true(time != NULL && xy != NULL);
    memcpy(xy, at, MANY * width * sizeof *xy);
    for (size_t k = 0; k < MANY; k++)
        time[k] = 100.0 + 0.02 * (double)k, counts[k] = true;
    assert_ok(bn_trail_make(&t, time, xy, MANY, width));
    return t;
}

/* To and fro along a line of 80 at the angle a, with noise across. */
static void shuttle(double a, double noise, double *at)
{
    double across[MANY];
    bn_rng_normals(rng, 1, 0, across, MANY);
    for (size_t k = 0; k < MANY; k++) {
        const double s = 40.0 * cos(0.01 * (double)k);
        at[2 * k] = 10.0 + s * cos(a) - noise * across[k] * sin(a);
        at[2 * k + 1] = -5.0 + s * sin(a) + noise * across[k] * cos(a);
    }
}

/* The axis is that of the line, pointing to where its larger component grows; noise of s.d.
 * 2 across 2,000 samples turns it by 2/(28 sqrt 2000) = 0.0016 rad (5 s.d.: 0.008) and
 * is known to 5 x 2/sqrt 4000 = 0.16.                                              */
static void the_principal_axis(void **state)
{
    (void)state;
    double at[2 * MANY], off;
    for (int k = 0; k < 12; k++) {
        const double a = 0.1 + 3.14159265358979 * k / 6.0;
        shuttle(a, 2.0, at);
        struct bn_trail t = trail_of(at, 2);
        assert_ok(bn_trail_project(&t, 1, BN_PRINCIPAL, counts, &off));
        const double sign = fabs(cos(a)) > fabs(sin(a)) ? cos(a) : sin(a);
        const double found = atan2(t.axis[0][1], t.axis[0][0]);
        const double want = atan2(copysign(1.0, sign) * sin(a), copysign(1.0, sign) * cos(a));
        assert_close(remainder(found - want, 6.283185307179586), 0, 0, 0.008);
        assert_close(off, 2.0, 0, 0.16);
        bn_trail_free(&t);
    }
    shuttle(0.5, 0.0, at);
    struct bn_trail t = trail_of(at, 2);
    assert_ok(bn_trail_project(&t, 1, BN_PRINCIPAL, counts, &off));
    assert_close(off, 0.0, 0, 1e-6);
    for (size_t k = 0; k < MANY; k++)
        assert_close(t.at[k] - t.at[0], 40.0 * (cos(0.01 * (double)k) - 1.0), 0, 1e-9);
    assert_ok(bn_trail_project(&t, 1, BN_SECOND, counts, NULL));
    assert_close(t.at[7], at[15], 0, 0);
    assert_ok(bn_trail_project(&t, 2, BN_PRINCIPAL, counts, NULL));
    assert_close(t.at[15], at[15], 0, 0);
    bn_trail_free(&t);
}

/* Speeds of the shuttle: d/dt 40 cos(w t), w = 0.5/s, over 0.2 s a factor sinc(0.05); the
 * heading has its sign.                                                           */
static void speed_and_heading(void **state)
{
    (void)state;
    double at[2 * MANY];
    shuttle(0.5, 0.0, at);
    struct bn_trail t = trail_of(at, 2);
    assert_ok(bn_trail_project(&t, 1, BN_PRINCIPAL, counts, NULL));
    assert_true(isnan(t.speed[0]) && isnan(bn_trail_heading(&t, MANY - 1)));
    for (size_t k = 10; k < MANY - 10; k++) {
        const double v = -20.0 * sin(0.01 * (double)k) * sin(0.05) / 0.05;
        assert_close(bn_trail_heading(&t, k), v, 0, 1e-9);
        assert_close(t.speed[k], fabs(v), 0, 1e-9);
    }
    bn_trail_free(&t);
}

/* Corners (5, 9) and (29, 17): 24 x 8 in 30 bins of 0.8 by 10; a side of 7.7 gets 10 bins,
 * too, of 0.77.                                                                   */
static void the_grid_of_a_box(void **state)
{
    (void)state;
    double at[2 * MANY], u[2 * MANY];
    bn_rng_uniforms(rng, 2, 0, u, 2 * MANY);
    for (size_t k = 0; k < MANY; k++)
        at[2 * k] = 5.0 + 24.0 * u[2 * k], at[2 * k + 1] = 9.0 + 8.0 * u[2 * k + 1];
    at[0] = 5.0, at[1] = 9.0, at[2] = 29.0, at[3] = 17.0;
    for (int side = 0; side < 2; side++) {
        struct bn_trail t = trail_of(at, 2);
        assert_ok(bn_trail_project(&t, 2, BN_PRINCIPAL, counts, NULL));
        assert_ok(bn_trail_grid(&t, counts, 30, 0.0, NULL, 0));
        assert_int_equal(t.grid.kind, BN_BOX);
        assert_true(t.grid.count[0] == 30 && t.grid.count[1] == 10 && t.grid.count[2] == 1);
        assert_close(t.grid.size[0], 24.0, 1e-14, 0);
        assert_close(t.grid.size[1], side == 0 ? 8.0 : 7.7, 1e-14, 0);
        assert_close(t.low[1], 9.0, 1e-14, 0);
        for (size_t k = 2; k < MANY; k++) {
            const size_t i = (size_t)((at[2 * k] - 5.0) / 0.8);
            const size_t j = (size_t)((at[2 * k + 1] - 9.0) / (side == 0 ? 0.8 : 0.77));
            if (at[2 * k + 1] == 16.7)
                continue;                /* on the wall, within rounding */
            assert_int_equal(bn_trail_bin(&t, k), i * 10 + j);
        }
        assert_int_equal(bn_trail_bin(&t, 0), 0);    /* both walls are inside */
        assert_int_equal(bn_trail_bin(&t, 1), 299);
        for (size_t k = 0; k < MANY; k++)
            at[2 * k + 1] = fmin(at[2 * k + 1], 16.7);
        bn_trail_free(&t);
    }
}

/* A range of one's own; and trim 1 % leaves 20 of 2,000 samples beyond either end. */
static void ranges(void **state)
{
    (void)state;
    double at[MANY];
    const double range[2] = { 100.0, 1100.0 };
    size_t beyond = 0;

    for (size_t k = 0; k < MANY; k++)
        at[k] = (double)((k * 7) % MANY);
    struct bn_trail t = trail_of(at, 1);
    assert_ok(bn_trail_project(&t, 1, BN_PRINCIPAL, counts, NULL));
    assert_ok(bn_trail_grid(&t, counts, 10, 0.01, range, 2));
    assert_close(t.grid.size[0], 1000.0, 1e-14, 0);
    assert_int_equal(bn_trail_bin(&t, 15), 0);       /* 105 */
    assert_int_equal(bn_trail_bin(&t, 14), SIZE_MAX);
    assert_ok(bn_trail_grid(&t, counts, 10, 0.01, NULL, 0));
    assert_close(t.low[0], 20.0, 1e-12, 0);
    assert_close(t.grid.size[0], 1959.0, 1e-12, 0);
    for (size_t k = 0; k < MANY; k++)
        beyond += bn_trail_bin(&t, k) == SIZE_MAX;
    assert_int_equal(beyond, 40);
    assert_fails(bn_trail_grid(&t, counts, 10, 0.0, range, 1), BN_USAGE);
    assert_says(bn_error(), "range has 1 numbers; it wants 2");
    assert_fails(bn_trail_grid(&t, counts, 10, 0.0, (double[]){ 5, 5 }, 2), BN_USAGE);
    assert_says(bn_error(), "from 5 to 5");
    bn_trail_free(&t);
}

/* 1 s is lost in the middle of a run at 10 per s: no speed within 0.1 s of it, and the path
 * goes straight on.                                                              */
static void lost_samples(void **state)
{
    (void)state;
    double at[2 * MANY];
    struct bn_trains none = {0};
    struct bn_path p;

    for (size_t k = 0; k < MANY; k++)
        at[2 * k] = 0.2 * (double)k, at[2 * k + 1] = k >= 500 && k < 550 ? NAN : 3.0;
    struct bn_trail t = trail_of(at, 2);
    assert_true(isnan(t.xy[2 * 500]) && !isnan(t.xy[2 * 499]));
    assert_true(isnan(t.speed[496]) && isnan(t.speed[553]));
    assert_close(t.speed[490], 10.0, 1e-9, 0);
    assert_close(t.speed[560], 10.0, 1e-9, 0);
    for (size_t k = 0; k < MANY; k++)
        counts[k] = !isnan(t.speed[k]);
    assert_ok(bn_trail_project(&t, 1, BN_FIRST, counts, NULL));
    assert_ok(bn_trail_grid(&t, counts, 20, 0.0, NULL, 0));
    assert_ok(bn_trains_alloc(&none, 1, 2));
    none.time[0] = 100.05, none.time[1] = 139.88, none.end[0] = 2;
    /* bins of samples 5 i + 1 to 5 i + 5 */
    assert_ok(bn_path_make(&p, &t, counts, &none, 100.01, 139.91, 0.1));
    assert_true(p.n == 399 && p.units == 1 && p.counts[0] == 1.0 && p.counts[398] == 1.0);
    for (size_t i = 1; i < 398; i++) {
        const bool lost = i >= 99 && i <= 110;
        assert_close(p.position[i], 0.2 * (5.0 * (double)i + 3.0) - t.low[0], 0,
                     lost ? 0.5 : 1e-9);
        assert_close(p.time[i], 100.06 + 0.1 * (double)i, 1e-12, 0);
        assert_close(p.speed[i], 10.0, 1e-9, 0);
        assert_true(lost || p.valid[i] == 1.0);
    }
    for (size_t i = 100; i < 109; i++) {
        assert_true(p.valid[i] == 0.0);
        assert_close(p.position[i] - p.position[99],
                     0.1 * (double)(i - 99) * (p.position[109] - p.position[99]), 1e-12, 0);
    }
    bn_path_free(&p);
    assert_fails(bn_path_make(&p, &t, counts, &none, 100.0, 140.0, 0.01), BN_USAGE);
    bn_trains_free(&none);
    bn_trail_free(&t);
}

static void what_is_refused(void **state)
{
    (void)state;
    double at[2 * MANY], still[MANY] = {0};
    bool nothing[MANY] = { false };

    shuttle(0.0, 0.0, at);
    struct bn_trail line = trail_of(at, 2), one = trail_of(still, 1);
    strcpy(line.unit, "px");
    assert_ok(bn_trail_project(&line, 2, BN_PRINCIPAL, counts, NULL));
    assert_fails(bn_trail_grid(&line, counts, 50, 0.0, NULL, 0), BN_INPUT);
    assert_says(bn_error(), "over 80 px along coordinate 1 but only 0 px");
    assert_says(bn_error(), "set dimensions = 1");
    assert_fails(bn_trail_project(&line, 1, BN_PRINCIPAL, nothing, NULL), BN_INPUT);
    assert_says(bn_error(), "not one sample counts");
    assert_fails(bn_trail_project(&one, 2, BN_PRINCIPAL, counts, NULL), BN_INPUT);
    assert_says(bn_error(), "1 number per sample");
    assert_fails(bn_trail_project(&one, 1, BN_SECOND, counts, NULL), BN_INPUT);
    assert_ok(bn_trail_project(&one, 1, BN_PRINCIPAL, counts, NULL));
    assert_fails(bn_trail_grid(&one, counts, 50, 0.0, NULL, 0), BN_INPUT);
    assert_says(bn_error(), "never left");
    bn_trail_free(&line);
    bn_trail_free(&one);

    struct bn_trail wide;
    double *time = bn_alloc(1, sizeof *time), *xy = bn_alloc(4, sizeof *xy);
    assert_fails(bn_trail_make(&wide, time, xy, 1, 4), BN_INPUT);
    bn_trail_free(&wide);
}

/* Everything once; what was made is freed. */
static bn_status everything(const double *at)
{
    double *time = bn_alloc(MANY, sizeof *time), *xy = bn_alloc(2 * MANY, sizeof *xy);
    struct bn_trains none = {0};
    struct bn_trail t = {0};
    struct bn_path p = {0};

    if (time == NULL || xy == NULL) {
        free(time), free(xy);
        return BN_NOMEM;
    }
    memcpy(xy, at, 2 * MANY * sizeof *xy);
    for (size_t k = 0; k < MANY; k++)
        time[k] = 0.02 * (double)k;
    bn_status rc = bn_trail_make(&t, time, xy, MANY, 2);
    if (rc == BN_OK)
        rc = bn_trail_project(&t, 1, BN_PRINCIPAL, counts, NULL);
    if (rc == BN_OK)
        rc = bn_trail_grid(&t, counts, 20, 0.0, NULL, 0);
    if (rc == BN_OK)
        rc = bn_trains_alloc(&none, 1, 1);
    if (rc == BN_OK)
        rc = bn_path_make(&p, &t, counts, &none, 0.0, 40.0, 0.1);
    bn_path_free(&p);
    bn_trains_free(&none);
    bn_trail_free(&t);
    return rc;
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    double at[2 * MANY];
    bn_status rc = BN_NOMEM;

    shuttle(0.3, 1.0, at);
    for (size_t k = 0; k < MANY; k++)
        counts[k] = true;
    for (long n = 0; rc != BN_OK; n++) {
        bn_alloc_fail_after(n);
        rc = everything(at);
        bn_alloc_fail_after(-1);
        assert_true(rc == BN_OK || (rc == BN_NOMEM && n < 40));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_principal_axis), cmocka_unit_test(speed_and_heading),
        cmocka_unit_test(the_grid_of_a_box),  cmocka_unit_test(ranges),
        cmocka_unit_test(lost_samples),       cmocka_unit_test(what_is_refused),
        cmocka_unit_test(every_allocation_may_fail),
    };
    return cmocka_run_group_tests_name("trail", tests, NULL, NULL);
}
