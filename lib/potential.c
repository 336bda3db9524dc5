/* SPDX-License-Identifier: MIT */
#include <basin/potential.h>
#include <basin/mem.h>

#include <math.h>
#include <stdlib.h>

static void add_rest(struct bn_potential *p, struct bn_rest rest)
{
    p->rest[p->rests++] = rest;
    p->stable += rest.stable;
}

/* Where the straight line from v0 at x to v1 at x + step passes through 0: a zero at a
 * position itself belongs to the stretch on its right.                        */
static void cross(struct bn_potential *p, double x, double step, double u, double v0, double v1)
{
    if (v0 == v1 || (v0 > 0.0) == (v1 > 0.0))
        return;
    const double t = v0 / (v0 - v1);
    add_rest(p, (struct bn_rest){ .at = x + t * step, .slope = (v1 - v0) / step,
             .potential = u - 0.5 * t * step * v0, .stable = v1 < v0 });
}

static double roughness(const double *u, size_t m, double tilt)
{
    double mean = 0.0, square = 0.0;

    for (size_t k = 0; k < m; k++)
        mean += (u[k] + tilt * (double)k) / (double)m;
    for (size_t k = 0; k < m; k++) {
        const double e = u[k] + tilt * (double)k - mean;
        square += e * e / (double)m;
    }
    return sqrt(square);
}

/* Rise from rest k to its neighbour in one direction; infinite where there is none. */
static double rise(const struct bn_potential *p, size_t k, int by, bool closed)
{
    const size_t n = p->rests;
    const bool around = by < 0 ? k == 0 : k + 1 == n;

    if (n < 2 || (around && !closed))
        return INFINITY;
    const size_t next = around ? (by < 0 ? n - 1 : 0) : k + (size_t)by;
    const double turn = !around ? 0.0 : by < 0 ? p->circulation : -p->circulation;
    return p->rest[next].potential + turn - p->rest[k].potential;
}

static void barriers(struct bn_potential *p, enum bn_ends ends, const double *end)
{
    for (size_t k = 0; k < p->rests; k++) {
        struct bn_rest *r = &p->rest[k];
        if (!r->stable)
            continue;
        double left = rise(p, k, -1, ends == BN_ENDS_NONE);
        double right = rise(p, k, 1, ends == BN_ENDS_NONE);
        if (ends == BN_ENDS_OPEN && k == 0)
            left = end[0] - r->potential;
        if (ends == BN_ENDS_OPEN && k + 1 == p->rests)
            right = end[1] - r->potential;
        r->barrier = fmin(left, right);
        r->barrier = isfinite(r->barrier) ? r->barrier : 0.0;
        p->largest = fmax(p->largest, r->barrier);
    }
}

bn_status bn_potential_new(struct bn_potential *p, const double *v, size_t m, double first,
                           double step, enum bn_ends ends)
{
    *p = (struct bn_potential){ 0 };
    if (m < 3)
        return bn_fail(BN_USAGE, "a drift at %zu positions: a potential needs 3", m);
    p->u = bn_alloc(m, sizeof *p->u);
    p->rest = bn_alloc(m + 2, sizeof *p->rest);
    if (p->u == NULL || p->rest == NULL) {
        bn_potential_free(p);
        return BN_NOMEM;
    }
    for (size_t k = 1; k < m; k++)
        p->u[k] = p->u[k - 1] - 0.5 * step * (v[k - 1] + v[k]);
    const double last = p->u[m - 1], half = 0.5 * step;
    if (ends == BN_ENDS_WALLS && v[0] < 0.0)
        add_rest(p, (struct bn_rest){ .at = first - half, .potential = half * v[0],
                 .stable = true, .wall = true });
    for (size_t k = 0; k + 1 < m; k++)
        cross(p, first + step * (double)k, step, p->u[k], v[k], v[k + 1]);
    if (ends == BN_ENDS_NONE) {
        cross(p, first + step * (double)(m - 1), step, last, v[m - 1], v[0]);
        p->circulation = -(last - half * (v[m - 1] + v[0]));
    }
    if (ends == BN_ENDS_WALLS && v[m - 1] > 0.0)
        add_rest(p, (struct bn_rest){ .at = first + step * (double)(m - 1) + half,
                 .potential = last - half * v[m - 1], .stable = true, .wall = true });
    p->roughness = roughness(p->u, m, p->circulation / (double)m);
    barriers(p, ends, (const double[]){ half * v[0], last - half * v[m - 1] });
    return BN_OK;
}

void bn_potential_free(struct bn_potential *p)
{
    free(p->u);
    free(p->rest);
    *p = (struct bn_potential){ 0 };
}
