/* SPDX-License-Identifier: MIT
 * packed: a product is one chain of fused multiply-adds per element, exactly. */
#include "test.h"

#include <basin/mem.h>
#include <basin/packed.h>
#include <basin/rng.h>

static const struct bn_rng rng = { .seed = 5, .stream = 8 };

static struct bn_mat random_mat(size_t rows, size_t cols, uint64_t unit)
{
    struct bn_mat m;
    assert_ok(bn_mat_alloc(&m, rows, cols));
    bn_rng_normals(rng, unit, 0, m.data, rows * cols);
    return m;
}

static void check(size_t t, size_t k, size_t n, enum bn_trans trans)
{
    struct bn_mat a = random_mat(t, k, 1);
    struct bn_mat m = trans == BN_PLAIN ? random_mat(k, n, 2) : random_mat(n, k, 2);
    struct bn_mat out = random_mat(t, n, 3);             /* what was there must not matter */
    struct bn_packed b;

    assert_ok(bn_packed_make(&b, &m, trans));
    assert_ok(bn_packed_product(&a, &b, &out));
    for (size_t i = 0; i < t; i++)
        for (size_t j = 0; j < n; j++) {
            double want = 0.0;
            for (size_t l = 0; l < k; l++)
                want = fma(*bn_mat_at(&a, i, l),
                           trans == BN_PLAIN ? *bn_mat_at(&m, l, j) : *bn_mat_at(&m, j, l), want);
            if (*bn_mat_at(&out, i, j) != want)
                fail_msg("%zu x %zu x %zu: [%zu, %zu] = %.17g, want %.17g", t, k, n, i, j,
                         *bn_mat_at(&out, i, j), want);
        }
    bn_packed_free(&b);
    bn_mat_free(&a);
    bn_mat_free(&m);
    bn_mat_free(&out);
}

/* Around the borders of six rows, 16 columns and 256 terms. */
static void products_are_exact_chains(void **state)
{
    (void)state;
    static const size_t rows[] = { 1, 5, 6, 7, 17, 32 }, cols[] = { 1, 15, 16, 17, 50 };
    static const size_t terms[] = { 1, 7, 255, 256, 257, 600 };

    for (size_t i = 0; i < BN_LEN(rows); i++)
        for (size_t j = 0; j < BN_LEN(cols); j++)
            for (size_t k = 0; k < BN_LEN(terms); k++)
                check(rows[i], terms[k], cols[j], (i + j + k) % 2 == 0 ? BN_PLAIN
                                                                      : BN_TRANSPOSED);
}

static void rows_do_not_depend_on_their_neighbours(void **state)
{
    (void)state;
    enum { T = 17, K = 300, N = 40 };
    struct bn_mat a = random_mat(T, K, 1), m = random_mat(K, N, 2);
    struct bn_mat whole = random_mat(T, N, 3), alone = random_mat(1, N, 4);
    struct bn_packed b;

    assert_ok(bn_packed_make(&b, &m, BN_PLAIN));
    assert_ok(bn_packed_product(&a, &b, &whole));
    for (size_t t = 0; t < T; t++) {
        const struct bn_mat row = { 1, K, bn_mat_row(&a, t) };
        assert_ok(bn_packed_product(&row, &b, &alone));
        assert_memory_equal(alone.data, bn_mat_row(&whole, t), N * sizeof(double));
    }
    bn_packed_free(&b);
    bn_mat_free(&a);
    bn_mat_free(&m);
    bn_mat_free(&whole);
    bn_mat_free(&alone);
}

static void shapes_that_do_not_fit_are_named(void **state)
{
    (void)state;
    struct bn_mat m = random_mat(3, 4, 1), a = random_mat(2, 4, 2), out = random_mat(2, 4, 3);
    struct bn_packed b;

    assert_ok(bn_packed_make(&b, &m, BN_PLAIN));
    assert_fails(bn_packed_product(&a, &b, &out), BN_INPUT);
    assert_says(bn_error(), "2 x 4 and 3 x 4");
    bn_packed_free(&b);
    bn_alloc_fail_after(0);
    assert_fails(bn_packed_make(&b, &m, BN_PLAIN), BN_NOMEM);
    bn_packed_free(&b);
    bn_mat_free(&m);
    bn_mat_free(&a);
    bn_mat_free(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(products_are_exact_chains),
        cmocka_unit_test(rows_do_not_depend_on_their_neighbours),
        cmocka_unit_test(shapes_that_do_not_fit_are_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
