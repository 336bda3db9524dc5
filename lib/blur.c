/* SPDX-License-Identifier: MIT */
#include <basin/blur.h>
#include <basin/mem.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const double reach = 9.0;         /* e^(-81/2) = 3e-18 */

struct taps {                            /* of one coordinate: offsets low .. low + n - 1 */
    long low;
    size_t n;
    double *weight;
};

struct bn_blur {
    const struct bn_axes *axes;
    struct taps taps[BN_DIMENSIONS];     /* flat rectangles; else */
    size_t *start, *point;               /* [P + 1], [start[P]] */
    double *weight;
};

void bn_blur_free(bn_blur *b)
{
    if (b == NULL)
        return;
    for (size_t d = 0; d < BN_DIMENSIONS; d++)
        free(b->taps[d].weight);
    free(b->start);
    free(b->point);
    free(b->weight);
    free(b);
}

/* A coordinate that comes round is met by each offset once, by the shortest way. */
static bn_status taps_of(struct bn_blur *b, size_t d, double width)
{
    const struct bn_axes *l = b->axes;
    const size_t count = l->manifold.count[d];
    const double step = count > 1 ? l->axis[d][1] - l->axis[d][0] : 1.0;
    struct taps *t = &b->taps[d];
    const double most = floor(reach * width / step);
    size_t side = most < (double)(count - 1) ? (size_t)most : count - 1;

    t->n = 2 * side + 1;
    t->low = -(long)side;
    if (l->period[d] > 0.0 && t->n > count) {
        t->n = count;
        t->low = -(long)((count - 1) / 2);
    }
    t->weight = bn_alloc(t->n, sizeof(double));
    if (t->weight == NULL)
        return BN_NOMEM;
    for (size_t k = 0; k < t->n; k++) {
        const double x = (double)(t->low + (long)k) * step / width;
        t->weight[k] = exp(-0.5 * x * x);
    }
    return BN_OK;
}

static bn_status list(struct bn_blur *b, double width)
{
    const struct bn_axes *l = b->axes;
    const struct bn_manifold *m = &l->manifold;
    size_t n = 0, room = 0;

    b->start = bn_alloc(l->points + 1, sizeof *b->start);
    if (b->start == NULL)
        return BN_NOMEM;
    for (size_t p = 0; p < l->points; p++) {
        double at[BN_DIMENSIONS], to[BN_DIMENSIONS];
        bn_manifold_point(m, p, at);
        for (size_t q = 0; q < l->points; q++) {
            bn_manifold_point(m, q, to);
            const double x = bn_manifold_distance(m, at, to) / width;
            if (x > reach)
                continue;
            if (n == room) {
                room = room > 0 ? 2 * room : 4096;
                if (room > (size_t)1 << 28)
                    return bn_fail(BN_USAGE, "a Gaussian of width %g on %zu points of a %s "
                                   "has too many weights: take fewer points or a smaller "
                                   "width", width, l->points, bn_manifold_name(m->kind));
                void *point = bn_grow(b->point, room, sizeof *b->point);
                if (point == NULL)
                    return BN_NOMEM;
                b->point = point;
                void *weight = bn_grow(b->weight, room, sizeof *b->weight);
                if (weight == NULL)
                    return BN_NOMEM;
                b->weight = weight;
            }
            b->point[n] = q;
            b->weight[n++] = exp(-0.5 * x * x);
        }
        b->start[p + 1] = n;
    }
    return BN_OK;
}

bn_status bn_blur_new(bn_blur **out, const struct bn_axes *l, double width)
{
    const bool listed = l->manifold.kind == BN_HEXAGON || l->manifold.kind == BN_SPHERE;
    bn_status rc = BN_OK;

    *out = NULL;
    if (!(width > 0.0))
        return bn_fail(BN_USAGE, "a Gaussian's width must be above 0, not %g", width);
    bn_blur *b = bn_alloc(1, sizeof *b);
    if (b == NULL)
        return BN_NOMEM;
    b->axes = l;
    if (listed)
        rc = list(b, width);
    for (size_t d = 0; rc == BN_OK && !listed && d < l->manifold.dimensions; d++)
        rc = taps_of(b, d, width);
    if (rc != BN_OK) {
        bn_blur_free(b);
        return rc;
    }
    *out = b;
    return BN_OK;
}

static void add(double w, size_t n, const double *from, double *to)
{
    for (size_t k = 0; k < n; k++)
        to[k] += w * from[k];
}

/* Along one coordinate: blocks of count x stride numbers, in which a step along it is
 * `stride` numbers further; what leaves a block at its end comes back at its start.  */
static void along(const struct bn_axes *l, size_t d, const struct taps *t,
                  const double *from, double *to)
{
    const size_t stride = l->stride[d], block = stride * l->manifold.count[d];

    memset(to, 0, l->points * sizeof *to);
    for (size_t first = 0; first < l->points; first += block)
        for (size_t k = 0; k < t->n; k++) {
            const long by = t->low + (long)k;
            const size_t shift = (size_t)(by < 0 ? -by : by) * stride;
            const double *x = from + first;
            double *y = to + first;
            if (shift >= block)
                continue;
            const size_t a = by < 0 ? 0 : shift, c = by < 0 ? shift : 0;
            add(t->weight[k], block - shift, x + a, y + c);
            if (l->period[d] > 0.0 && shift > 0)
                add(t->weight[k], shift, x + (by < 0 ? block - shift : 0),
                    y + (by < 0 ? 0 : block - shift));
        }
}

void bn_blur_apply(const bn_blur *b, const double *from, double *to, double *scratch)
{
    const size_t dims = b->axes->manifold.dimensions;
    const double *at = from;

    if (b->start != NULL) {
        for (size_t p = 0; p < b->axes->points; p++) {
            double sum = 0.0;
            for (size_t k = b->start[p]; k < b->start[p + 1]; k++)
                sum += b->weight[k] * from[b->point[k]];
            to[p] = sum;
        }
        return;
    }
    for (size_t d = 0; d < dims; d++) {
        double *next = (dims - d) % 2 == 1 ? to : scratch;      /* the last one is `to` */
        along(b->axes, d, &b->taps[d], at, next);
        at = next;
    }
}
