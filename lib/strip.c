/* SPDX-License-Identifier: MIT */
#include <basin/strip.h>
#include <basin/mem.h>

#include <stdlib.h>

/* Numbers in a panel of a block: one cache line per neuron. */
enum { PANEL = BN_STRIP_PANEL, BLOCK = BN_STRIP_ROWS * PANEL };

#if defined(__x86_64__)
#define NAME(x) x##_16
#define BITS 512
#define PAIR 1
#define ROWS 12
#include "strip_kernel.h"

#define NAME(x) x##_8
#define BITS 256
#define PAIR 1
#define ROWS 6
#include "strip_kernel.h"

#define NAME(x) x##_4
#define BITS 256
#define PAIR 0
#define ROWS 12
#include "strip_kernel.h"
#endif

#define NAME(x) x##_2
#define BITS 64
#define PAIR 1
#define ROWS 6
#include "strip_kernel.h"

/* Loops for `lanes` trajectories at a time. */
struct kernel {
    size_t lanes, rows;
    void (*spread)(const double *f, size_t panels, size_t lanes, const double *begin,
                   const double *small, double *out);
    void (*collect)(const double *f, size_t ahead, size_t lanes, const double *state,
                    double *sum);
    void (*add)(const struct bn_strip_self *p, size_t rows, size_t lanes, const double *h,
                const double *g, double *x);
    void (*decay)(const struct bn_strip_self *p, size_t rows, size_t lanes, const double *r,
                  double *x);
};

#define KERNEL(n, rows) { n, rows, spread_##n, collect_##n, add_##n, decay_##n }
static const struct kernel kernels[] = {
#if defined(__x86_64__)
    KERNEL(16, 12), KERNEL(8, 6), KERNEL(4, 12),
#endif
    KERNEL(2, 6),
};

/* The widest loops that this machine has and that `left` lanes fill. */
static const struct kernel *kernel_for(size_t left)
{
#if defined(__x86_64__)
    if (left >= 16 && registers_have(512))
        return &kernels[0];
    if (registers_have(256))
        return left >= 8 ? &kernels[1] : &kernels[2];
#else
    (void)left;
#endif
    return &kernels[BN_LEN(kernels) - 1];
}

size_t bn_strip_lanes(size_t t)
{
    return (t + 3) / 4 * 4;
}

size_t bn_strip_cols(const struct bn_strip *s)
{
    return s->panels * PANEL;
}

size_t bn_strip_rows(const struct bn_strip *s)
{
    return s->blocks * BN_STRIP_ROWS;
}

bn_status bn_strip_alloc(struct bn_strip *s, size_t rows, size_t cols)
{
    *s = (struct bn_strip){ .rows = rows, .cols = cols };
    if (rows > SIZE_MAX / 2 || cols > SIZE_MAX / 16)
        return bn_fail(BN_NOMEM, "factors of %zu x %zu do not fit in memory", rows, cols);
    s->blocks = (rows + BN_STRIP_ROWS - 1) / BN_STRIP_ROWS;
    s->panels = (cols + PANEL - 1) / PANEL;
    if (s->panels != 0 && s->blocks > SIZE_MAX / BLOCK / s->panels)
        return bn_fail(BN_NOMEM, "factors of %zu x %zu do not fit in memory", rows, cols);
    s->data = bn_alloc(s->blocks * s->panels * BLOCK, sizeof *s->data);
    return s->data == NULL ? BN_NOMEM : BN_OK;
}

void bn_strip_free(struct bn_strip *s)
{
    free(s->data);
    *s = (struct bn_strip){ 0 };
}

void bn_strip_put(struct bn_strip *s, size_t at, const struct bn_mat *m, enum bn_trans trans)
{
    const size_t cols = trans == BN_PLAIN ? m->cols : m->rows;

    for (size_t block = 0; block < s->blocks; block++) {
        const size_t i0 = block * BN_STRIP_ROWS, left = s->rows - i0;
        const size_t rows = left < BN_STRIP_ROWS ? left : BN_STRIP_ROWS;
        for (size_t j = 0; j < cols; j++) {
            const size_t k = at + j;
            double *to = s->data + (block * s->panels + k / PANEL) * BLOCK + k % PANEL;
            for (size_t i = 0; i < rows; i++)
                to[i * PANEL] = trans == BN_PLAIN ? *bn_mat_at(m, i0 + i, j)
                                                  : *bn_mat_at(m, j, i0 + i);
        }
    }
}

void bn_strip_spread(const struct bn_strip *s, size_t block, size_t lanes,
                     const double *begin, const double *small, double *out)
{
    const double *f = s->data + block * s->panels * BLOCK;

    for (size_t j = 0; j < lanes;) {
        const struct kernel *kernel = kernel_for(lanes - j);
        for (size_t i = 0; i < BN_STRIP_ROWS; i += kernel->rows)
            kernel->spread(f + i * PANEL, s->panels, lanes, begin + j, small + j,
                           out + i * lanes + j);
        j += kernel->lanes;
    }
}

void bn_strip_collect(const struct bn_strip *s, size_t block, size_t lanes,
                      const double *state, double *sum)
{
    const double *f = s->data + block * s->panels * BLOCK;
    const size_t ahead = s->panels * BLOCK;

    for (size_t j = 0; j < lanes;) {
        const struct kernel *kernel = kernel_for(lanes - j);
        for (size_t panel = 0; panel < s->panels; panel++)
            kernel->collect(f + panel * BLOCK, ahead, lanes, state + j,
                            sum + panel * PANEL * lanes + j);
        j += kernel->lanes;
    }
}

void bn_strip_add(const struct bn_strip_self *p, size_t rows, size_t lanes, const double *h,
                  const double *g, double *x)
{
    for (size_t j = 0; j < lanes;) {
        const struct kernel *kernel = kernel_for(lanes - j);
        const struct bn_strip_self part = { p->d, p->e, p->gamma + j, p->a };
        kernel->add(&part, rows, lanes, h + j, g != NULL ? g + j : NULL, x + j);
        j += kernel->lanes;
    }
}

void bn_strip_decay(const struct bn_strip_self *p, size_t rows, size_t lanes, const double *r,
                    double *x)
{
    for (size_t j = 0; j < lanes;) {
        const struct kernel *kernel = kernel_for(lanes - j);
        const struct bn_strip_self part = { p->d, p->e, p->gamma + j, p->a };
        kernel->decay(&part, rows, lanes, r + j, x + j);
        j += kernel->lanes;
    }
}
