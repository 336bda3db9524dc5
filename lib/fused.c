/* SPDX-License-Identifier: MIT */
#include <basin/fused.h>

#include <string.h>

enum { ROWS = 4, LANE = BN_FUSED_LANES, MOST = BN_FUSED_MOST };

/* Some rows, and columns from where the pointers stand on. */
struct part {
    double *w[ROWS];
    double keep[ROWS], f[MOST][ROWS], a[MOST][ROWS];
    const double *g[MOST], *h[MOST], *q;
    size_t n, n_add, n_scale;            /* n: columns */
    double sum[ROWS][LANE];
};

#if defined(__x86_64__)
#define NAME(x) x##_512
#define BITS 512
#include "fused_kernel.h"

#define NAME(x) x##_256
#define BITS 256
#include "fused_kernel.h"
#endif

#define NAME(x) x##_64
#define BITS 64
#include "fused_kernel.h"

struct kernel {
    size_t lanes, alone;                 /* that one call takes: of four rows, of one */
    void (*update)(struct part *p, size_t lane);
    void (*product)(struct part *p, size_t lane);
    void (*any)(struct part *p, size_t i, size_t lane);
};

static const struct kernel *choose(void)
{
    static const struct kernel kernels[] = {
#if defined(__x86_64__)
        { 8, 8, update_512, product_512, any_512 },
        { 8, 4, update_256, product_256, any_256 },
#endif
        { 1, 1, update_64, product_64, any_64 },
    };

#if defined(__x86_64__)
    if (registers_have(512))
        return &kernels[0];
    if (registers_have(256))
        return &kernels[1];
#endif
    return &kernels[BN_LEN(kernels) - 1];
}

size_t bn_fused_stride(size_t cols)
{
    return (cols + LANE - 1) / LANE * LANE;
}

/* What a group of rows does with all its columns. */
enum work { PRODUCT, UPDATE, ANY };

static void do_part(const struct kernel *kernel, enum work work, struct part *p, size_t rows)
{
    if (work == ANY || rows < ROWS) {
        for (size_t i = 0; i < rows; i++)
            for (size_t lane = 0; lane < LANE; lane += kernel->alone)
                kernel->any(p, i, lane);
        return;
    }
    for (size_t lane = 0; lane < LANE; lane += kernel->lanes)
        (work == UPDATE ? kernel->update : kernel->product)(p, lane);
}

/* The part's columns from..to of a whole row. */
static struct part columns(const struct part *whole, size_t from, size_t to)
{
    struct part p = *whole;

    for (size_t i = 0; i < ROWS; i++)
        if (p.w[i] != NULL)
            p.w[i] += from;
    for (size_t k = 0; k < p.n_add; k++)
        p.g[k] += from;
    for (size_t k = 0; k < p.n_scale; k++)
        p.h[k] += from;
    p.q += from;
    p.n = to - from;
    return p;
}

/* Columns up to the diagonal, the few with the diagonal (update; zero; product), the rest:
 * the lanes' sums go on through all three.                                      */
static void hollow_rows(const struct kernel *kernel, enum work work, struct part *whole,
                        size_t rows, size_t first)
{
    const size_t from = first / LANE * LANE;
    const size_t end = bn_fused_stride(first + rows), to = end < whole->n ? end : whole->n;
    const size_t cut[] = { 0, from, to, whole->n };

    for (size_t s = 0; s < 3; s++) {
        struct part p = columns(whole, cut[s], cut[s + 1]);
        memcpy(p.sum, whole->sum, sizeof p.sum);
        if (s == 1) {
            do_part(kernel, work, &p, rows);
            for (size_t i = 0; i < rows; i++)
                p.w[i][first + i - from] = 0.0;
            memcpy(p.sum, whole->sum, sizeof p.sum);
            p.n_add = p.n_scale = 0;
            for (size_t i = 0; i < ROWS; i++)
                p.keep[i] = 1.0;
            do_part(kernel, PRODUCT, &p, rows);
        } else {
            do_part(kernel, work, &p, rows);
        }
        memcpy(whole->sum, p.sum, sizeof p.sum);
    }
}

static struct part gather(const struct bn_fused *u, size_t rows, size_t i0, double *w)
{
    struct part p = { .q = u->q != NULL ? u->q : w, .n = u->stride, .n_add = u->n_add,
                      .n_scale = u->n_scale };

    for (size_t i = 0; i < rows; i++) {
        p.w[i] = w + (i0 + i) * u->stride;
        p.keep[i] = u->keep != NULL ? u->keep[i0 + i] : 1.0;
        for (size_t k = 0; k < u->n_add; k++)
            p.f[k][i] = u->f[k][i0 + i];
        for (size_t k = 0; k < u->n_scale; k++)
            p.a[k][i] = u->a[k][i0 + i];
    }
    for (size_t k = 0; k < u->n_add; k++)
        p.g[k] = u->g[k];
    for (size_t k = 0; k < u->n_scale; k++)
        p.h[k] = u->h[k];
    return p;
}

void bn_fused_pass(const struct bn_fused *u, size_t rows, double *w, double *out)
{
    const struct kernel *kernel = choose();
    const bool plain = u->keep == NULL && u->n_add == 0;
    const enum work work = u->n_scale > 0 || u->n_add > 1 ? ANY : u->n_add == 1 ? UPDATE
                         : plain ? PRODUCT : ANY;

    for (size_t i0 = 0; i0 < rows; i0 += ROWS) {
        const size_t some = rows - i0 < ROWS ? rows - i0 : ROWS;
        struct part p = gather(u, some, i0, w);
        if (u->hollow)
            hollow_rows(kernel, work, &p, some, u->first + i0);
        else
            do_part(kernel, work, &p, some);
        for (size_t i = 0; i < some && u->q != NULL; i++) {
            const double *s = p.sum[i];
            out[i0 + i] = ((s[0] + s[1]) + (s[2] + s[3])) + ((s[4] + s[5]) + (s[6] + s[7]));
        }
    }
}
