/* SPDX-License-Identifier: MIT */
#include <basin/ratemap.h>

#include <basin/mem.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

bn_status bn_blunt_new(struct bn_blunt *g, const size_t count[2], double width)
{
    const size_t most = count[0] > count[1] ? count[0] : count[1];
    const double reach = ceil(5.0 * width);

    *g = (struct bn_blunt){ .count = { count[0], count[1] } };
    g->reach = reach < (double)most ? (size_t)reach : most - 1;
    g->weight = bn_alloc(g->reach + 1, sizeof *g->weight);
    if (g->weight == NULL)
        return BN_NOMEM;
    for (size_t d = 0; d <= g->reach; d++) {
        const double z = d > 0 ? (double)d / width : 0.0;
        g->weight[d] = exp(-0.5 * z * z);
    }
    return BN_OK;
}

void bn_blunt_free(struct bn_blunt *g)
{
    free(g->weight);
    *g = (struct bn_blunt){0};
}

/* y += w x */
static void add(double w, const double *x, double *y, size_t n)
{
    for (size_t k = 0; k < n; k++)
        y[k] += w * x[k];
}

/* Along a coordinate of n bins, each a block of `block` numbers. */
static void convolve(const struct bn_blunt *g, const double *x, size_t n, size_t block,
                     double *y)
{
    memset(y, 0, n * block * sizeof *y);
    for (size_t d = 0; d <= g->reach && d < n; d++) {
        const size_t length = (n - d) * block;
        add(g->weight[d], x, y + d * block, length);
        if (d > 0)
            add(g->weight[d], x + d * block, y, length);
    }
}

void bn_blunt_apply(const struct bn_blunt *g, const double *x, double *scratch, double *y)
{
    const size_t rows = g->count[0], cols = g->count[1];

    if (cols == 1) {
        convolve(g, x, rows, 1, y);
        return;
    }
    convolve(g, x, rows, cols, scratch);
    for (size_t i = 0; i < rows; i++)
        convolve(g, scratch + i * cols, cols, 1, y + i * cols);
}

void bn_ratemap_sum(const struct bn_visits *v, const double *x, size_t fold, double *map)
{
    const double *add = x != NULL ? x : v->seconds;

    memset(map, 0, v->count[0] * v->count[1] * sizeof *map);
    for (size_t k = 0; k < v->n; k++)
        if (fold > 1 || v->fold[k] == fold)
            map[v->bin[k]] += add[k];
}

bn_status bn_ratemap_rate(const struct bn_blunt *g, const double *spikes,
                          const double *seconds, double least, double *rate)
{
    const size_t bins = g->count[0] * g->count[1];
    double *scratch = bn_alloc(2 * bins, sizeof *scratch);

    if (scratch == NULL)
        return BN_NOMEM;
    bn_blunt_apply(g, spikes, scratch, rate);
    bn_blunt_apply(g, seconds, scratch, scratch + bins);
    for (size_t b = 0; b < bins; b++)
        rate[b] = seconds[b] > 0.0 && seconds[b] >= least ? rate[b] / scratch[bins + b]
                                                          : 0.0;
    free(scratch);
    return BN_OK;
}
