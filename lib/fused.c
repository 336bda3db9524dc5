/* SPDX-License-Identifier: MIT */
#include <basin/fused.h>

#include <string.h>

/* AHEAD: numbers of a row that are fetched before their use. */
enum { MOST_ROWS = 8, LANE = BN_FUSED_LANES, MOST = BN_FUSED_MOST, AHEAD = 64 };

/* Some rows, and columns from where the pointers stand on. */
struct part {
    double *w[MOST_ROWS];
    const double *keep, *f[MOST], *a[MOST];        /* of these rows */
    const double *g[MOST], *h[MOST], *q;
    size_t n, n_add, n_scale;            /* n: columns */
    double sum[MOST_ROWS][LANE];
};

#if defined(__x86_64__)
#define NAME(x) x##_512
#define BITS 512
#define ROWS 8
#include "fused_kernel.h"

#define NAME(x) x##_256
#define BITS 256
#define ROWS 4
#include "fused_kernel.h"
#endif

#define NAME(x) x##_64
#define BITS 64
#define ROWS 4
#include "fused_kernel.h"

struct kernel {
    size_t rows, lanes, alone;           /* that one call takes; lanes of a single row */
    void (*update)(struct part *p, size_t lane);
    void (*product)(struct part *p, size_t lane);
    void (*any)(struct part *p, size_t i, size_t lane);
};

static const struct kernel *choose(void)
{
    static const struct kernel kernels[] = {
#if defined(__x86_64__)
        { 8, 8, 8, update_512, product_512, any_512 },
        { 4, 8, 4, update_256, product_256, any_256 },
#endif
        { 4, 1, 1, update_64, product_64, any_64 },
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
    if (work == ANY || rows < kernel->rows) {
        for (size_t i = 0; i < rows; i++)
            for (size_t lane = 0; lane < LANE; lane += kernel->alone)
                kernel->any(p, i, lane);
        return;
    }
    for (size_t lane = 0; lane < LANE; lane += kernel->lanes)
        (work == UPDATE ? kernel->update : kernel->product)(p, lane);
}

static const double ones[MOST_ROWS] = { 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0 };

/* Moves the part to other columns. */
static void move(struct part *p, size_t rows, size_t by)
{
    for (size_t i = 0; i < rows; i++)
        p->w[i] += by;
    for (size_t k = 0; k < p->n_add; k++)
        p->g[k] += by;
    for (size_t k = 0; k < p->n_scale; k++)
        p->h[k] += by;
    p->q += by;
}

/* Columns up to the diagonal, the few with the diagonal (update; zero; product), the rest:
 * the lanes' sums go on through all three.                                      */
static void hollow_rows(const struct kernel *kernel, enum work work, struct part *p,
                        size_t rows, size_t first)
{
    const size_t stride = p->n, from = first / LANE * LANE;
    const size_t end = bn_fused_stride(first + rows), to = end < stride ? end : stride;
    double sum[MOST_ROWS][LANE];
    struct part middle;

    p->n = from;
    do_part(kernel, work, p, rows);
    memcpy(sum, p->sum, sizeof sum);
    move(p, rows, from);
    p->n = to - from;
    do_part(kernel, work, p, rows);
    for (size_t i = 0; i < rows; i++)
        p->w[i][first + i - from] = 0.0;
    middle = *p;
    memcpy(middle.sum, sum, sizeof sum);
    middle.n_add = middle.n_scale = 0;
    middle.keep = ones;
    do_part(kernel, PRODUCT, &middle, rows);
    memcpy(p->sum, middle.sum, sizeof sum);
    move(p, rows, to - from);
    p->n = stride - to;
    do_part(kernel, work, p, rows);
}

static void gather(const struct bn_fused *u, size_t rows, size_t i0, double *w, struct part *p)
{
    p->q = u->q != NULL ? u->q : w;
    p->n = u->stride;
    p->n_add = u->n_add;
    p->n_scale = u->n_scale;
    p->keep = u->keep != NULL ? u->keep + i0 : ones;
    for (size_t i = 0; i < rows; i++)
        p->w[i] = w + (i0 + i) * u->stride;
    for (size_t k = 0; k < u->n_add; k++) {
        p->f[k] = u->f[k] + i0;
        p->g[k] = u->g[k];
    }
    for (size_t k = 0; k < u->n_scale; k++) {
        p->a[k] = u->a[k] + i0;
        p->h[k] = u->h[k];
    }
    memset(p->sum, 0, sizeof p->sum);
}

void bn_fused_pass(const struct bn_fused *u, size_t rows, double *w, double *out)
{
    const struct kernel *kernel = choose();
    const bool plain = u->keep == NULL && u->n_add == 0;
    const enum work work = u->n_scale > 0 || u->n_add > 1 ? ANY : u->n_add == 1 ? UPDATE
                         : plain ? PRODUCT : ANY;

    for (size_t i0 = 0; i0 < rows; i0 += kernel->rows) {
        const size_t some = rows - i0 < kernel->rows ? rows - i0 : kernel->rows;
        struct part p;
        gather(u, some, i0, w, &p);
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
