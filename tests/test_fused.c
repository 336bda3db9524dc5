/* SPDX-License-Identifier: MIT
 * fused: each element is one chain of fused multiply-adds, exactly, whichever rows are
 * passed together.                                                                 */
#include "test.h"

#include <basin/fused.h>
#include <basin/rng.h>

#include <stdlib.h>

static const struct bn_rng rng = { .seed = 3, .stream = 5 };

static double *draw(uint64_t unit, size_t n)
{
    double *x = malloc((n + 1) * sizeof *x);
    assert_non_null(x);
    bn_rng_normals(rng, unit, 0, x, n);
    return x;
}

struct work {
    struct bn_fused u;
    size_t rows, cols;
    double *keep, *f[BN_FUSED_MOST], *g[BN_FUSED_MOST], *a[BN_FUSED_MOST], *h[BN_FUSED_MOST];
    double *q, *w, *out;
};

/* g, h, q and w are zero in the padding. */
static double *padded(uint64_t unit, size_t rows, size_t cols)
{
    const size_t stride = bn_fused_stride(cols);
    double *x = draw(unit, rows * stride);
    for (size_t i = 0; i < rows; i++)
        for (size_t j = cols; j < stride; j++)
            x[i * stride + j] = 0.0;
    return x;
}

static struct work make(size_t rows, size_t cols, size_t n_add, size_t n_scale, bool keep)
{
    struct work k = { .rows = rows, .cols = cols };
    k.u = (struct bn_fused){ .stride = bn_fused_stride(cols), .n_add = n_add,
                             .n_scale = n_scale };
    for (size_t t = 0; t < n_add; t++) {
        k.u.f[t] = k.f[t] = draw(10 + t, rows);
        k.u.g[t] = k.g[t] = padded(20 + t, 1, cols);
    }
    for (size_t t = 0; t < n_scale; t++) {
        k.u.a[t] = k.a[t] = draw(30 + t, rows);
        k.u.h[t] = k.h[t] = padded(40 + t, 1, cols);
    }
    k.keep = draw(1, rows);
    k.u.keep = keep ? k.keep : NULL;
    k.u.q = k.q = padded(2, 1, cols);
    k.w = padded(3, rows, cols);
    k.out = draw(4, rows);               /* what was there must not matter */
    return k;
}

static void drop(struct work *k)
{
    for (size_t t = 0; t < BN_FUSED_MOST; t++) {
        free(k->f[t]);
        free(k->g[t]);
        free(k->a[t]);
        free(k->h[t]);
    }
    free(k->keep);
    free(k->q);
    free(k->w);
    free(k->out);
}

/* The definition, one number after another. */
static void reference(struct work *k, double *w, double *out)
{
    for (size_t i = 0; i < k->rows; i++) {
        double lane[8] = { 0 };
        for (size_t j = 0; j < k->u.stride; j++) {
            double *x = &w[i * k->u.stride + j];
            double scale = k->u.keep != NULL ? k->keep[i] : 1.0;
            for (size_t t = 0; t < k->u.n_scale; t++)
                scale = fma(k->a[t][i], k->h[t][j], scale);
            *x *= scale;
            for (size_t t = 0; t < k->u.n_add; t++)
                *x = fma(k->f[t][i], k->g[t][j], *x);
            if (k->u.hollow && j == k->u.first + i)
                *x = 0.0;
            lane[j % 8] = fma(*x, k->q[j], lane[j % 8]);
        }
        out[i] = ((lane[0] + lane[1]) + (lane[2] + lane[3]))
               + ((lane[4] + lane[5]) + (lane[6] + lane[7]));
    }
}

static void check(struct work *k, const char *what)
{
    const size_t n = k->rows * k->u.stride;
    double *w = malloc(n * sizeof *w), *out = malloc(k->rows * sizeof *out);

    assert_non_null(w);
    assert_non_null(out);
    memcpy(w, k->w, n * sizeof *w);
    reference(k, w, out);
    bn_fused_pass(&k->u, k->rows, k->w, k->out);
    for (size_t i = 0; i < n; i++)
        if (w[i] != k->w[i])
            fail_msg("%s, %zu x %zu: [%zu, %zu] = %.17g, want %.17g", what, k->rows, k->cols,
                     i / k->u.stride, i % k->u.stride, k->w[i], w[i]);
    for (size_t i = 0; i < k->rows; i++)
        if (out[i] != k->out[i])
            fail_msg("%s, %zu x %zu: out[%zu] = %.17g, want %.17g", what, k->rows, k->cols, i,
                     k->out[i], out[i]);
    free(w);
    free(out);
}

/* Around the borders of four rows and eight columns, with and without a diagonal that lies
 * at the start, across two registers, and at the end.  A kernel that multiplies before the
 * diagonal is zero, or that adds lanes in another order, fails.                    */
static void every_element_is_its_chain(void **state)
{
    (void)state;
    static const size_t rows[] = { 1, 3, 4, 5, 12 }, cols[] = { 1, 7, 8, 9, 40, 61 };
    static const struct { size_t add, scale; bool keep; } kinds[] = {
        { 0, 0, false }, { 1, 0, false }, { 1, 0, true }, { 0, 0, true }, { 3, 0, true },
        { 1, 2, true }, { 0, 1, false },
    };

    for (size_t r = 0; r < BN_LEN(rows); r++)
        for (size_t c = 0; c < BN_LEN(cols); c++)
            for (size_t t = 0; t < BN_LEN(kinds); t++)
                for (size_t first = 0; first <= cols[c]; first++) {
                    struct work k = make(rows[r], cols[c], kinds[t].add, kinds[t].scale,
                                         kinds[t].keep);
                    k.u.hollow = first + rows[r] <= cols[c];
                    k.u.first = first;
                    check(&k, k.u.hollow ? "hollow" : "plain");
                    drop(&k);
                }
}

/* An update without a product, then a product without an update, is the pass with both:
 * what lets a run be cut anywhere.                                                  */
static void halves_make_a_whole(void **state)
{
    (void)state;
    struct work one = make(13, 45, 1, 0, true), two = make(13, 45, 1, 0, true);

    one.u.hollow = two.u.hollow = true;
    one.u.first = two.u.first = 20;
    bn_fused_pass(&one.u, 13, one.w, one.out);
    two.u.q = NULL;
    bn_fused_pass(&two.u, 13, two.w, NULL);
    two.u = (struct bn_fused){ .stride = two.u.stride, .q = two.q, .hollow = true, .first = 20 };
    bn_fused_pass(&two.u, 7, two.w, two.out);
    two.u.first = 27;
    bn_fused_pass(&two.u, 6, two.w + 7 * two.u.stride, two.out + 7);
    assert_memory_equal(one.w, two.w, 13 * one.u.stride * sizeof(double));
    assert_memory_equal(one.out, two.out, 13 * sizeof(double));
    drop(&one);
    drop(&two);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_element_is_its_chain),
        cmocka_unit_test(halves_make_a_whole),
    };
    return cmocka_run_group_tests_name("fused", tests, NULL, NULL);
}
