/* SPDX-License-Identifier: MIT */
#include <basin/packed.h>
#include <basin/mem.h>

#include <stdlib.h>
#include <string.h>

/* Columns per panel; rows of b per block (a block of a panel, 32 kB, stays near while
 * all rows of a pass by); rows of a per kernel; how far ahead of its use b is fetched,
 * which the hardware does not guess across panels.                          */
enum { PANEL = 16, DEPTH = 256, ROWS = 6, AHEAD = 32 * PANEL };

#if defined(__x86_64__)
#define NAME kernel_512
#define BITS 512
#include "packed_kernel.h"

#define NAME kernel_256
#define BITS 256
#include "packed_kernel.h"
#endif

#define NAME kernel_64
#define BITS 64
#include "packed_kernel.h"

typedef void kernel(size_t n, const double *const a[6], const double *b, double *const out[6]);

static kernel *choose(size_t *columns)
{
#if defined(__x86_64__)
    if (registers_have(512)) {
        *columns = 16;
        return kernel_512;
    }
    if (registers_have(256)) {
        *columns = 8;
        return kernel_256;
    }
#endif
    *columns = 2;
    return kernel_64;
}

static size_t panels(size_t cols)
{
    return (cols + PANEL - 1) / PANEL;
}

/* Blocks of DEPTH rows; in each, panel after panel; in each, row after row. */
static double *panel_of(const struct bn_packed *b, size_t k0, size_t depth, size_t panel)
{
    return b->data + k0 * panels(b->cols) * PANEL + panel * depth * PANEL;
}

static size_t depth_of(const struct bn_packed *b, size_t k0)
{
    return b->rows - k0 < DEPTH ? b->rows - k0 : DEPTH;
}

bn_status bn_packed_make(struct bn_packed *b, const struct bn_mat *m, enum bn_trans trans)
{
    const bool plain = trans == BN_PLAIN;

    *b = (struct bn_packed){ plain ? m->rows : m->cols, plain ? m->cols : m->rows, NULL };
    if (b->cols > SIZE_MAX - PANEL
        || (b->rows != 0 && panels(b->cols) > SIZE_MAX / PANEL / b->rows))
        return bn_fail(BN_NOMEM, "a matrix of %zu x %zu does not fit in memory", b->rows,
                       b->cols);
    b->data = bn_alloc(b->rows * panels(b->cols) * PANEL, sizeof *b->data);
    if (b->data == NULL)
        return BN_NOMEM;
    for (size_t k0 = 0; k0 < b->rows; k0 += DEPTH)
        for (size_t j = 0; j < b->cols; j++) {
            const size_t depth = depth_of(b, k0);
            double *to = panel_of(b, k0, depth, j / PANEL) + j % PANEL;
            for (size_t k = 0; k < depth; k++)
                to[k * PANEL] = plain ? *bn_mat_at(m, k0 + k, j) : *bn_mat_at(m, j, k0 + k);
        }
    return BN_OK;
}

void bn_packed_free(struct bn_packed *b)
{
    free(b->data);
    *b = (struct bn_packed){ 0 };
}

struct call {
    kernel *kernel;
    size_t columns;                      /* that one call of it makes */
    const struct bn_mat *a;
    struct bn_mat *out;
};

/* Six rows of one panel; where fewer are left the last one is computed again, and the
 * last panel is made in a buffer, since it may stick out.                   */
static void rows_of_panel(const struct call *c, size_t t0, size_t k0, size_t depth,
                          const double *b, size_t j0)
{
    const size_t width = c->out->cols - j0 < PANEL ? c->out->cols - j0 : PANEL;
    const size_t rows = c->a->rows - t0 < ROWS ? c->a->rows - t0 : ROWS;
    double edge[ROWS][PANEL] = { { 0 } };
    const double *a[ROWS];
    double *out[ROWS];

    for (size_t i = 0; i < ROWS; i++) {
        const size_t r = i < rows ? i : rows - 1;
        a[i] = bn_mat_row(c->a, t0 + r) + k0;
        out[i] = width < PANEL ? edge[r] : bn_mat_row(c->out, t0 + r) + j0;
        if (width < PANEL)
            memcpy(edge[r], bn_mat_row(c->out, t0 + r) + j0, width * sizeof(double));
    }
    for (size_t j = 0; j < PANEL; j += c->columns) {
        c->kernel(depth, a, b + j, out);
        for (size_t i = 0; i < ROWS; i++)
            out[i] += c->columns;
    }
    for (size_t i = 0; width < PANEL && i < rows; i++)
        memcpy(bn_mat_row(c->out, t0 + i) + j0, edge[i], width * sizeof(double));
}

bn_status bn_packed_product(const struct bn_mat *a, const struct bn_packed *b,
                            struct bn_mat *out)
{
    struct call c = { .a = a, .out = out };

    if (a->cols != b->rows || out->rows != a->rows || out->cols != b->cols)
        return bn_fail(BN_INPUT, "product of %zu x %zu and %zu x %zu into %zu x %zu", a->rows,
                       a->cols, b->rows, b->cols, out->rows, out->cols);
    c.kernel = choose(&c.columns);
    memset(out->data, 0, out->rows * out->cols * sizeof *out->data);
    for (size_t k0 = 0; k0 < b->rows; k0 += DEPTH) {
        const size_t depth = depth_of(b, k0);
        for (size_t panel = 0; panel < panels(b->cols); panel++)
            for (size_t t = 0; t < a->rows; t += ROWS)
                rows_of_panel(&c, t, k0, depth, panel_of(b, k0, depth, panel), panel * PANEL);
    }
    return BN_OK;
}
