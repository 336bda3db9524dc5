/* SPDX-License-Identifier: MIT */
#include <basin/lattice.h>

#include <math.h>
#include <string.h>

bn_status bn_lattice_check(const struct bn_lattice *g)
{
    const size_t least = g->periodic ? 3 : 2;

    if (g->dimensions < 1 || g->dimensions > BN_DIMENSIONS)
        return bn_fail(BN_USAGE, "a lattice of %zu dimensions: there are 1, 2 and 3",
                       g->dimensions);
    for (size_t k = 0; k < g->dimensions; k++)
        if (g->count[k] < least || g->step[k] <= 0.0)
            return bn_fail(BN_USAGE, "coordinate %zu has %zu grid points, %g apart: %s lattice "
                           "has at least %zu, at positive distances", k, g->count[k], g->step[k],
                           g->periodic ? "a periodic" : "a", least);
    if (bn_lattice_points(g) > UINT32_MAX / 2)
        return bn_fail(BN_USAGE, "%zu grid points in one map: at most %u", bn_lattice_points(g),
                       UINT32_MAX / 2);
    return BN_OK;
}

bn_status bn_lattice_of(const struct bn_manifold *m, struct bn_lattice *g)
{
    *g = (struct bn_lattice){ .dimensions = m->dimensions, .count = { 1, 1, 1 }, .cell = 1.0,
        .periodic = m->kind == BN_RING || m->kind == BN_TORUS || m->kind == BN_HEXAGON,
        .hexagon = m->kind == BN_HEXAGON };
    if (m->kind == BN_SPHERE)
        return bn_fail(BN_USAGE, "components are found on grids with equal cells: ring, line, "
                       "interval, box, torus and hexagon, not on the sphere");
    for (size_t k = 0; k < m->dimensions; k++) {
        const double size = m->size[k] + (m->kind == BN_LINE ? 2.0 * m->margin : 0.0);
        g->count[k] = m->count[k];
        g->step[k] = size / (double)m->count[k];
        g->cell *= g->step[k];
    }
    g->cell *= g->hexagon ? sqrt(0.75) : 1.0;
    return bn_lattice_check(g);
}

size_t bn_lattice_points(const struct bn_lattice *g)
{
    return g->count[0] * g->count[1] * g->count[2];
}

double bn_lattice_side(const struct bn_lattice *g, size_t k)
{
    return (double)(g->count[k] - !g->periodic) * g->step[k];
}

double bn_lattice_extent(const struct bn_lattice *g)
{
    double extent = g->cell;

    for (size_t k = 0; k < g->dimensions; k++)
        extent *= (double)(g->count[k] - !g->periodic);
    return extent;
}

/* A table says near which level a value is; the last step is a comparison, so that rounding
 * in the table does not matter.  A nan is below all levels.                       */
bn_status bn_lattice_levels(size_t points, const double *h, const double *level, size_t n,
                            uint8_t *q)
{
    enum { BUCKETS = 1024 };
    uint8_t first[BUCKETS];

    if (n < 1 || n > BN_LATTICE_LEVELS)
        return bn_fail(BN_USAGE, "%zu levels: between 1 and %d at once", n, BN_LATTICE_LEVELS);
    for (size_t k = 1; k < n; k++)
        if (!(level[k] > level[k - 1]))
            return bn_fail(BN_USAGE, "level %zu is %g after %g: levels must ascend", k, level[k],
                           level[k - 1]);
    const double low = level[0], span = level[n - 1] - low;
    const double scale = span > 0.0 ? (BUCKETS - 2) / span : 0.0;
    for (size_t b = 0, k = 0; b < BUCKETS; b++) {
        const double edge = b == 0 || scale == 0.0 ? -INFINITY : low + ((double)b - 1.0) / scale;
        while (k < n && level[k] <= edge)
            k++;
        first[b] = (uint8_t)(k > 0 ? k - 1 : 0);
    }
    for (size_t i = 0; i < points; i++) {
        double t = (h[i] - low) * scale + 1.0;
        t = t > 0.0 ? t : 0.0;
        t = t < BUCKETS - 1 ? t : BUCKETS - 1;
        unsigned k = first[(unsigned)t];
        while (k < n && level[k] <= h[i])
            k++;
        q[i] = (uint8_t)k;
    }
    return BN_OK;
}

/* Eight at a time where it is long. */
size_t bn_lattice_run(const uint8_t *q, size_t from, size_t n)
{
    const uint8_t level = q[from];
    const uint64_t same = 0x0101010101010101u * level;
    size_t x = from + 1;

    while (x < n && q[x] == level) {
        uint64_t eight;
        if (x + 8 > n) {
            x++;
            continue;
        }
        memcpy(&eight, q + x, 8);
        x += eight == same ? 8 : 1;
    }
    return x;
}

/* Blocks of a fixed length become vector instructions. */
void bn_lattice_lower(size_t n, const uint8_t *a, const uint8_t *b, uint8_t *low)
{
    enum { BLOCK = 32 };
    size_t x = 0;

    for (; x + BLOCK <= n; x += BLOCK)
        for (size_t k = 0; k < BLOCK; k++)
            low[x + k] = a[x + k] < b[x + k] ? a[x + k] : b[x + k];
    for (; x < n; x++)
        low[x] = a[x] < b[x] ? a[x] : b[x];
}

size_t bn_lattice_crossings(const struct bn_lattice *g, const double *h, size_t axis,
                            double *slope)
{
    size_t stride = 1, found = 0;

    for (size_t k = axis + 1; k < g->dimensions; k++)
        stride *= g->count[k];
    const size_t m = g->count[axis], lines = bn_lattice_points(g) / m;
    for (size_t l = 0; l < lines; l++) {
        const double *line = h + l / stride * stride * m + l % stride;
        for (size_t i = 0; i + !g->periodic < m; i++) {
            const double a = line[i * stride], b = line[(i + 1 < m ? i + 1 : 0) * stride];
            if ((a > 0.0) != (b > 0.0))
                slope[found++] = fabs(b - a) / g->step[axis];
        }
    }
    return found;
}
