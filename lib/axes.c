/* SPDX-License-Identifier: MIT */
#include <basin/axes.h>
#include <basin/mem.h>

#include <math.h>
#include <stdlib.h>

static double period_of(const struct bn_manifold *m, size_t d)
{
    if (m->kind == BN_SPHERE)
        return d == 0 ? BN_TWO_PI : 0.0;
    if (m->kind == BN_RING)
        return BN_TWO_PI;
    return bn_manifold_periodic(m) ? m->size[d] : 0.0;
}

bn_status bn_axes_new(struct bn_axes *l, const struct bn_manifold *m)
{
    size_t stride = 1;

    *l = (struct bn_axes){ .manifold = *m };
    for (size_t d = m->dimensions; d-- > 0;) {
        l->stride[d] = stride;
        stride *= m->count[d];
        l->period[d] = period_of(m, d);
        l->axis[d] = bn_alloc(m->count[d], sizeof(double));
        if (l->axis[d] == NULL) {
            bn_axes_free(l);
            return BN_NOMEM;
        }
        for (size_t i = 0; i < m->count[d]; i++) {
            double c[BN_DIMENSIONS];
            bn_manifold_point(m, i * l->stride[d], c);
            l->axis[d][i] = c[d];
        }
    }
    l->points = stride;
    return BN_OK;
}

void bn_axes_free(struct bn_axes *l)
{
    for (size_t d = 0; d < BN_DIMENSIONS; d++)
        free(l->axis[d]);
    *l = (struct bn_axes){ .points = 0 };
}

static size_t index_of(const struct bn_axes *l, size_t point, size_t d)
{
    return point / l->stride[d] % l->manifold.count[d];
}

size_t bn_axes_step(const struct bn_axes *l, size_t point, size_t d, int by)
{
    const size_t count = l->manifold.count[d], i = index_of(l, point, d);
    const size_t away = (size_t)(by < 0 ? -by : by);
    const size_t start = point - i * l->stride[d];
    size_t to;

    if (by >= 0 ? i + away < count : i >= away)
        to = by >= 0 ? i + away : i - away;
    else if (l->period[d] > 0.0)
        to = by >= 0 ? i + away - count : i + count - away;
    else
        return BN_NOWHERE;
    return start + to * l->stride[d];
}

double bn_axes_between(const struct bn_axes *l, size_t point, size_t d, double by)
{
    const size_t count = l->manifold.count[d], i = index_of(l, point, d);
    const double *a = l->axis[d];
    double step = 0.0;

    if (by > 0.0)
        step = i + 1 < count ? a[i + 1] - a[i] : a[0] + l->period[d] - a[i];
    else if (by < 0.0)
        step = i > 0 ? a[i] - a[i - 1] : a[0] + l->period[d] - a[count - 1];
    if (l->period[d] == 0.0 && (by > 0.0 ? i + 1 == count : i == 0))
        step = 0.0;
    return a[i] + by * step;
}

/* c between axis[*low] and axis[*high], a share t of the way. */
static double bracket(const struct bn_axes *l, size_t d, double c, size_t *low, size_t *high)
{
    const size_t count = l->manifold.count[d];
    const double *a = l->axis[d], period = l->period[d];
    size_t i = 0, j = count;             /* a[i] <= c < a[j], if it is inside */

    if (period > 0.0)
        c -= period * floor((c - a[0]) / period);
    while (j - i > 1) {
        const size_t middle = i + (j - i) / 2;
        if (a[middle] <= c)
            i = middle;
        else
            j = middle;
    }
    *low = i;
    *high = i + 1 < count ? i + 1 : period > 0.0 ? 0 : i;
    if (*high == i)
        return 0.0;
    const double step = *high > i ? a[*high] - a[i] : a[0] + period - a[i];
    return fmin(1.0, fmax(0.0, (c - a[i]) / step));
}

size_t bn_axes_cell(const struct bn_axes *l, const double *c,
                       size_t point[BN_CORNERS], double weight[BN_CORNERS])
{
    size_t n = 1;

    point[0] = 0;
    weight[0] = 1.0;
    for (size_t d = 0; d < l->manifold.dimensions; d++) {
        size_t low, high;
        const double t = bracket(l, d, c[d], &low, &high);
        const size_t had = n;
        for (size_t k = 0; k < had; k++) {
            if (t > 0.0) {
                point[n] = point[k] + high * l->stride[d];
                weight[n++] = weight[k] * t;
            }
            point[k] += low * l->stride[d];
            weight[k] *= 1.0 - t;
        }
    }
    return n;
}

size_t bn_axes_nearest(const struct bn_axes *l, const double *c)
{
    size_t point = 0;

    for (size_t d = 0; d < l->manifold.dimensions; d++) {
        size_t low, high;
        const double t = bracket(l, d, c[d], &low, &high);
        point += (t > 0.5 ? high : low) * l->stride[d];
    }
    return point;
}
