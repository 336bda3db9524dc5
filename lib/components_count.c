/* SPDX-License-Identifier: MIT
 * components: numbers of pieces at all thresholds, by the tops of rows.       */
#include <basin/components.h>
#include <basin/mem.h>

#include "components_priv.h"

/* --- tops of rows ----------------------------------------------------------------------- */

static bn_status add_peak(bn_components *c, size_t end, uint32_t level)
{
    if (c->peaks == c->peak_room) {
        const size_t more = 2 * c->peak_room + 256;
        struct peak *peak = bn_grow(c->peak, more, sizeof *peak);
        if (peak == NULL)
            return BN_NOMEM;
        c->peak = peak;
        c->peak_room = more;
    }
    c->peak[c->peaks++] = (struct peak){ (uint32_t)end, level };
    return BN_OK;
}

static bn_status add_edge(bn_components *c, size_t a, size_t b, uint32_t level)
{
    if (level == 0)
        return BN_OK;
    if (c->edges == c->edge_room) {
        const size_t more = 2 * c->edge_room + 256;
        struct edge *edge = bn_grow(c->edge, more, sizeof *edge);
        if (edge == NULL)
            return BN_NOMEM;
        c->edge = edge;
        c->edge_room = more;
    }
    c->edge[c->edges++] = (struct edge){ (uint32_t)a, (uint32_t)b, level };
    return BN_OK;
}

/* A row's tops and the edges between neighbouring ones, which meet in the lowest run between
 * them.  A row without points in any set has a top of level 0, which counts nowhere. */
static bn_status scan_row(bn_components *c, const uint8_t *q, size_t row)
{
    bool rising = true;
    uint32_t before = 0;

    c->row[row] = c->peaks;
    for (size_t x = 0, end; x < c->nx; x = end) {
        end = bn_lattice_run(q, x, c->nx);
        const uint32_t level = q[x], next = end < c->nx ? q[end] : 0;
        if (!rising && level > before) {             /* the last run was the lowest */
            c->peak[c->peaks - 1].end = (uint32_t)x;
            BN_TRY(add_edge(c, c->peaks - 1, c->peaks, before));
            rising = true;
        }
        if (rising && (end == c->nx || next < level)) {
            BN_TRY(add_peak(c, c->nx, level));
            rising = false;
        }
        before = level;
    }
    return BN_OK;
}

/* --- two rows --------------------------------------------------------------------------- */

/* The top that point x of a row belongs to, from the k-th on. */
static size_t owner(const bn_components *c, size_t k, size_t x)
{
    while (c->peak[k].end <= x)
        k++;
    return k;
}

/* Tops of the lower of q[x] and other[x + shift], as far as both are there. */
static bn_status scan_pair(bn_components *c, const uint8_t *q, const uint8_t *other, size_t r,
                           size_t s, int shift)
{
    const size_t from = shift < 0, first = shift > 0, n = c->nx - (from + first);
    size_t a = c->row[r], b = c->row[s];
    uint32_t before = 0;

    bn_lattice_lower(n, q + from, other + first, c->low);
    for (size_t x = 0, end; x < n; x = end) {
        end = bn_lattice_run(c->low, x, n);
        const uint32_t level = c->low[x], next = end < n ? c->low[end] : 0;
        if (level > before && level > next) {
            a = owner(c, a, from + x);
            b = owner(c, b, first + x);
            BN_TRY(add_edge(c, a, b, level));
        }
        before = level;
    }
    return BN_OK;
}

static uint32_t lower(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

/* Around the end of a periodic row: to itself (low = high = 1), or to another. */
static bn_status scan_end(bn_components *c, const uint8_t *q, const uint8_t *other, size_t r,
                          size_t s, int low, int high)
{
    const size_t first_r = c->row[r], last_r = c->row[r + 1] - 1;
    const size_t first_s = c->row[s], last_s = c->row[s + 1] - 1, last = c->nx - 1;

    if (!c->g.periodic)
        return BN_OK;
    if (high > 0)
        BN_TRY(add_edge(c, last_r, first_s, lower(q[last], other[0])));
    if (low < 0)
        BN_TRY(add_edge(c, first_r, last_s, lower(q[0], other[last])));
    return BN_OK;
}

static bn_status scan_rows(bn_components *c, const uint8_t *q, size_t y, size_t z)
{
    struct neighbour list[4];
    const size_t n = bn_components_neighbours(c, list), r = z * c->ny + y;

    BN_TRY(scan_end(c, q + r * c->nx, q + r * c->nx, r, r, 0, 1));
    for (size_t k = 0; k < n; k++) {
        const size_t v = bn_components_beside(y, list[k].dy, c->ny, c->g.periodic);
        const size_t w = bn_components_beside(z, list[k].dz, c->nz, c->g.periodic);
        const size_t s = w * c->ny + v;
        if (v == c->ny || w == c->nz)
            continue;
        for (int shift = list[k].low; shift <= list[k].high; shift++)
            BN_TRY(scan_pair(c, q + r * c->nx, q + s * c->nx, r, s, shift));
        BN_TRY(scan_end(c, q + r * c->nx, q + s * c->nx, r, s, list[k].low, list[k].high));
    }
    return BN_OK;
}

/* --- the sweep -------------------------------------------------------------------------- */

/* order: edges by falling level. */
static bn_status sort_edges(bn_components *c)
{
    size_t at[BN_LATTICE_LEVELS + 2] = { 0 };

    if (c->order_room < c->edges) {
        uint32_t *order = bn_grow(c->order, c->edge_room, sizeof *order);
        if (order == NULL)
            return BN_NOMEM;
        c->order = order;
        c->order_room = c->edge_room;
    }
    for (size_t k = 0; k < c->edges; k++)
        at[BN_LATTICE_LEVELS - c->edge[k].level + 1]++;
    for (size_t l = 1; l < BN_LEN(at); l++)
        at[l] += at[l - 1];
    for (size_t k = 0; k < c->edges; k++)
        c->order[at[BN_LATTICE_LEVELS - c->edge[k].level]++] = (uint32_t)k;
    return BN_OK;
}

static bn_status graph(bn_components *c, const uint8_t *q)
{
    const size_t rows = c->ny * c->nz;

    c->peaks = c->edges = 0;
    for (size_t r = 0; r < rows; r++)
        BN_TRY(scan_row(c, q + r * c->nx, r));
    c->row[rows] = c->peaks;
    for (size_t r = 0; r < rows; r++)
        BN_TRY(scan_rows(c, q, r % c->ny, r / c->ny));
    if (c->peaks > c->run_room) {
        uint32_t *parent = bn_grow(c->parent, c->peaks, sizeof *parent);
        if (parent == NULL)
            return BN_NOMEM;
        c->parent = parent;
        struct run *run = bn_grow(c->run, c->peaks, sizeof *run);
        if (run == NULL)
            return BN_NOMEM;
        c->run = run;
        c->run_room = c->peaks;
    }
    for (size_t k = 0; k < c->peaks; k++)
        c->parent[k] = (uint32_t)k;
    return sort_edges(c);
}

bn_status bn_components_count(bn_components *c, const uint8_t *q, size_t n, double *count)
{
    int64_t at[BN_LATTICE_LEVELS + 1] = { 0 };

    BN_TRY(graph(c, q));
    for (size_t k = 0; k < c->peaks; k++)
        at[c->peak[k].level]++;
    for (size_t k = 0; k < c->edges; k++) {
        const struct edge *e = &c->edge[c->order[k]];
        at[e->level] -= bn_components_unite(c->parent, e);
    }
    for (size_t l = BN_LATTICE_LEVELS; l-- > 1;)
        at[l] += at[l + 1];
    for (size_t k = 0; k < n; k++)
        count[k] = (double)at[k + 1];
    return BN_OK;
}
