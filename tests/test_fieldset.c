/* SPDX-License-Identifier: MIT */
#include "test.h"

#include <basin/fieldset.h>

static const struct bn_rng rng = { 3, 5, 0 };

enum { N = 1500, P = 1000 };

static const struct bn_manifold tunnel = { BN_INTERVAL, 1, { P, 1, 1 }, { 200.0, 0, 0 }, 0 };

static struct bn_mat draw(const struct bn_axes *a, enum bn_fieldset_kind kind,
                          const struct bn_fieldset *s)
{
    struct bn_mat f;
    assert_ok(bn_mat_alloc(&f, N, P));
    assert_ok(bn_fieldset_draw(a, kind, s, rng, &f));
    for (size_t k = 0; k < (size_t)N * P; k++)
        assert_true(f.data[k] >= 0.0 && f.data[k] <= 1.0);
    return f;
}

/* A run of two and one of three points in eight on a ring, across its end. */
static void fields_are_counted(void **state)
{
    (void)state;
    const struct bn_manifold ring = bn_manifold_ring(8);
    struct bn_axes a;
    struct bn_mat f;
    struct bn_fieldset s;
    assert_ok(bn_axes_new(&a, &ring));
    assert_ok(bn_mat_alloc(&f, 1, 8));
    f.data[7] = f.data[0] = f.data[1] = f.data[4] = f.data[5] = 1.0;
    assert_ok(bn_fieldset_of(&a, &f, &s));
    assert_close(s.coverage, 5.0 / 8, 1e-14, 0);
    assert_close(s.length, 2.5 * BN_TWO_PI / 8, 1e-14, 0);
    bn_mat_free(&f);
    bn_axes_free(&a);
}

/* One field: coverage l/L but for what walls cut off, l/4 of each of the l/L fields that
 * stand there; five standard errors (of a field's covered length, below l/L sqrt(l/L)). */
static void one_field_each(void **state)
{
    (void)state;
    const struct bn_fieldset s = { 0.136, 5.3 };
    for (int kind = BN_FIELDSET_SINGLE; kind <= BN_FIELDSET_SMALL; kind++) {
        struct bn_axes a;
        struct bn_fieldset got;
        assert_ok(bn_axes_new(&a, &tunnel));
        struct bn_mat f = draw(&a, (enum bn_fieldset_kind)kind, &s);
        assert_ok(bn_fieldset_of(&a, &f, &got));
        const double l = (kind == BN_FIELDSET_SINGLE ? 0.136 * 200 : 5.3) / 200.0;
        const double cut = l * (1.0 - 0.25 * l);
        assert_close(got.coverage, cut, 0, 5.0 * l * sqrt(l) / sqrt(N) + 1e-4);
        assert_close(got.length, 200.0 * cut, 5.0 * sqrt(l / N), 0.01);
        bn_mat_free(&f);
        bn_axes_free(&a);
    }
}

/* Coverage of every cell within half of a longest field of phi, lengths with the mean and
 * the 0.56 coefficient of variation of that gamma, but for fields cut by the ends.      */
static void many_scales(void **state)
{
    (void)state;
    const struct bn_fieldset s = { 0.15, 5.67 };
    struct bn_axes a;
    struct bn_fieldset got;
    assert_ok(bn_axes_new(&a, &tunnel));
    struct bn_mat f = draw(&a, BN_FIELDSET_SCALES, &s);
    assert_ok(bn_fieldset_of(&a, &f, &got));
    assert_close(got.coverage, 0.15, 0, 0.01);
    /* 5.3 fields a cell; an end cuts one in two with probability phi; neighbours that touch
     * within a step of 0.2 m count as one with probability 0.2 (n - 1)/170.          */
    const double n = 0.15 * 200 / 5.67;
    assert_close(got.length, 30.0 / (n + 0.15 - 0.2 * n * (n - 1) / 170), 0.05, 0);
    for (size_t i = 0; i < N; i++) {
        double active = 0.0;
        for (size_t p = 0; p < P; p++)
            active += *bn_mat_at(&f, i, p) > 0.0 ? 1.0 / P : 0.0;
        assert_true(active > 0.0 && active < 0.3);
    }
    bn_mat_free(&f);
    bn_axes_free(&a);
}

static void refusals(void **state)
{
    (void)state;
    const struct bn_manifold box = { BN_BOX, 2, { 5, 5, 1 }, { 1, 1, 0 }, 0 };
    struct bn_axes a;
    struct bn_fieldset s = { 0.1, 1.0 };
    struct bn_mat f;
    assert_ok(bn_axes_new(&a, &box));
    assert_ok(bn_mat_alloc(&f, 2, 25));
    assert_fails(bn_fieldset_of(&a, &f, &s), BN_USAGE);
    assert_fails(bn_fieldset_draw(&a, BN_FIELDSET_SMALL, &s, rng, &f), BN_INPUT);
    bn_axes_free(&a);
    const struct bn_manifold ring = bn_manifold_ring(25);
    assert_ok(bn_axes_new(&a, &ring));
    assert_fails(bn_fieldset_of(&a, &f, &s), BN_INPUT);          /* no field */
    for (size_t k = 0; k < 50; k++)
        f.data[k] = 1.0;
    assert_fails(bn_fieldset_of(&a, &f, &s), BN_INPUT);          /* nothing else */
    bn_mat_free(&f);
    bn_axes_free(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fields_are_counted),
        cmocka_unit_test(one_field_each),
        cmocka_unit_test(many_scales),
        cmocka_unit_test(refusals),
    };
    return cmocka_run_group_tests_name("fieldset", tests, NULL, NULL);
}
