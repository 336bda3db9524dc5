/* SPDX-License-Identifier: MIT
 * strip: both products, and what is done to each state, are exact chains of fused
 * multiply-adds, whatever the registers.                                     */
#include "test.h"

#include <basin/mem.h>
#include <basin/rng.h>
#include <basin/strip.h>

static const struct bn_rng rng = { .seed = 6, .stream = 8 };

static struct bn_mat random_mat(size_t rows, size_t cols, uint64_t unit)
{
    struct bn_mat m;
    assert_ok(bn_mat_alloc(&m, rows, cols));
    bn_rng_normals(rng, unit, 0, m.data, rows * cols);
    return m;
}

/* F [n, k] laid out in two pieces, the second of them transposed. */
static struct bn_strip laid_out(const struct bn_mat *f)
{
    const size_t half = f->cols / 2;
    struct bn_strip s;
    struct bn_mat a, b;
    assert_ok(bn_mat_alloc(&a, f->rows, half));
    assert_ok(bn_mat_alloc(&b, f->cols - half, f->rows));
    for (size_t i = 0; i < f->rows; i++)
        for (size_t k = 0; k < f->cols; k++)
            *(k < half ? bn_mat_at(&a, i, k) : bn_mat_at(&b, k - half, i)) = *bn_mat_at(f, i, k);
    assert_ok(bn_strip_alloc(&s, f->rows, f->cols));
    bn_strip_put(&s, 0, &a, BN_PLAIN);
    bn_strip_put(&s, half, &b, BN_TRANSPOSED);
    bn_mat_free(&a), bn_mat_free(&b);
    return s;
}

/* A sum in another order, or with products rounded first, differs in some last bit of the
 * thousands that are compared.                                               */
static void check(size_t n, size_t cols, size_t t)
{
    struct bn_mat f = random_mat(n, cols, 1);
    struct bn_strip s = laid_out(&f);
    const size_t lanes = bn_strip_lanes(t), rows = bn_strip_rows(&s);
    const size_t padded = bn_strip_cols(&s);
    struct bn_mat begin = random_mat(1, lanes, 2), small = random_mat(padded, lanes, 3);
    struct bn_mat state = random_mat(rows, lanes, 4), out = random_mat(rows, lanes, 5);
    struct bn_mat sum = random_mat(padded, lanes, 6), was = random_mat(padded, lanes, 6);

    assert_true(lanes >= t && lanes < t + 4 && lanes % 4 == 0);
    for (size_t b = 0; b < s.blocks; b++) {
        bn_strip_spread(&s, b, lanes, begin.data, small.data,
                        bn_mat_row(&out, b * BN_STRIP_ROWS));
        bn_strip_collect(&s, b, lanes, bn_mat_row(&state, b * BN_STRIP_ROWS), sum.data);
    }
    for (size_t j = 0; j < lanes; j++) {
        for (size_t i = 0; i < n; i++) {
            double want = begin.data[j];
            for (size_t k = 0; k < cols; k++)
                want = fma(*bn_mat_at(&f, i, k), *bn_mat_at(&small, k, j), want);
            assert_true(*bn_mat_at(&out, i, j) == want);
        }
        for (size_t k = 0; k < cols; k++) {
            double want = *bn_mat_at(&was, k, j);
            for (size_t i = 0; i < n; i++)
                want = fma(*bn_mat_at(&f, i, k), *bn_mat_at(&state, i, j), want);
            assert_true(*bn_mat_at(&sum, k, j) == want);
        }
    }
    bn_mat_free(&f), bn_mat_free(&begin), bn_mat_free(&small), bn_mat_free(&state);
    bn_mat_free(&out), bn_mat_free(&sum), bn_mat_free(&was);
    bn_strip_free(&s);
}

/* Around the borders of a block and of a panel, and every kind of rest of lanes. */
static void products_are_exact_chains(void **state)
{
    (void)state;
    static const size_t rows[] = { 1, 95, 96, 97, 300 }, cols[] = { 2, 7, 8, 9, 41 };
    static const size_t states[] = { 1, 4, 5, 8, 12, 16, 18, 28, 33 };

    for (size_t i = 0; i < BN_LEN(rows); i++)
        for (size_t k = 0; k < BN_LEN(cols); k++)
            for (size_t t = 0; t < BN_LEN(states); t++)
                check(rows[i], cols[k], states[t]);
}

static void own_terms_are_exact(void **state)
{
    (void)state;
    enum { ROWS = 11 };
    for (size_t lanes = 4; lanes <= 40; lanes += 4) {
        struct bn_mat d = random_mat(1, ROWS, 1), e = random_mat(1, ROWS, 2);
        struct bn_mat gamma = random_mat(1, lanes, 3), x = random_mat(ROWS, lanes, 4);
        struct bn_mat h = random_mat(ROWS, lanes, 5), g = random_mat(ROWS, lanes, 6);
        struct bn_mat y = random_mat(ROWS, lanes, 4), z = random_mat(ROWS, lanes, 4);
        const struct bn_strip_self p = { d.data, e.data, gamma.data, 0.1 };
        bn_strip_add(&p, ROWS, lanes, h.data, g.data, x.data);
        bn_strip_decay(&p, ROWS, lanes, h.data, y.data);
        for (size_t i = 0; i < ROWS; i++)
            for (size_t j = 0; j < lanes; j++) {
                const double own = fma(gamma.data[j], e.data[i], d.data[i]);
                const double was = *bn_mat_at(&z, i, j), in = *bn_mat_at(&h, i, j);
                assert_true(*bn_mat_at(&x, i, j)
                            == fma(0.1, fma(own, *bn_mat_at(&g, i, j), in), was));
                assert_true(*bn_mat_at(&y, i, j) == fma(-0.1, fma(own, in, was), was));
            }
        bn_strip_add(&p, ROWS, lanes, h.data, NULL, z.data);
        struct bn_mat fresh = random_mat(ROWS, lanes, 4);
        for (size_t k = 0; k < ROWS * lanes; k++)
            assert_true(z.data[k] == fma(0.1, h.data[k], fresh.data[k]));
        bn_mat_free(&d), bn_mat_free(&e), bn_mat_free(&gamma), bn_mat_free(&x);
        bn_mat_free(&h), bn_mat_free(&g), bn_mat_free(&y), bn_mat_free(&z), bn_mat_free(&fresh);
    }
}

static void what_does_not_fit_is_refused(void **state)
{
    (void)state;
    struct bn_strip s;
    assert_fails(bn_strip_alloc(&s, SIZE_MAX, 8), BN_NOMEM);
    assert_fails(bn_strip_alloc(&s, (size_t)1 << 40, (size_t)1 << 40), BN_NOMEM);
    assert_says(bn_error(), "do not fit in memory");
    bn_alloc_fail_after(0);
    assert_fails(bn_strip_alloc(&s, 10, 10), BN_NOMEM);
    bn_alloc_fail_after(-1);
    bn_strip_free(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(products_are_exact_chains),
        cmocka_unit_test(own_terms_are_exact),
        cmocka_unit_test(what_does_not_fit_is_refused),
    };
    return cmocka_run_group_tests_name("strip", tests, NULL, NULL);
}
