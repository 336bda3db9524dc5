/* SPDX-License-Identifier: MIT */
#include <basin/components.h>
#include <basin/mem.h>

#include "components_priv.h"

#include <stdlib.h>
#include <string.h>

bn_status bn_components_new(bn_components **out, const struct bn_lattice *g,
                            enum bn_connectivity how)
{
    *out = NULL;
    BN_TRY(bn_lattice_check(g));
    bn_components *c = bn_alloc(1, sizeof *c);
    if (c == NULL)
        return BN_NOMEM;
    c->g = *g;
    c->how = how;
    c->nx = g->count[g->dimensions - 1];
    c->ny = g->dimensions > 1 ? g->count[g->dimensions - 2] : 1;
    c->nz = g->dimensions > 2 ? g->count[0] : 1;
    c->row = bn_alloc(c->ny * c->nz + 1, sizeof *c->row);
    c->inside = bn_alloc(bn_lattice_points(g), sizeof *c->inside);
    c->label = bn_alloc(bn_lattice_points(g), sizeof *c->label);
    c->low = bn_alloc(c->nx, sizeof *c->low);
    if (c->row == NULL || c->inside == NULL || c->label == NULL || c->low == NULL) {
        bn_components_free(c);
        return BN_NOMEM;
    }
    *out = c;
    return BN_OK;
}

void bn_components_free(bn_components *c)
{
    if (c == NULL)
        return;
    free(c->run);
    free(c->row);
    free(c->edge);
    free(c->parent);
    free(c->order);
    free(c->peak);
    free(c->low);
    free(c->inside);
    free(c->label);
    free(c->piece);
    free(c);
}

const uint32_t *bn_components_label(const bn_components *c)
{
    return c->label;
}

/* --- runs ---------------------------------------------------------------------------- */

/* Room for a row's runs, as many as it has points. */
static bn_status room_for_runs(bn_components *c)
{
    if (c->runs + c->nx <= c->run_room)
        return BN_OK;
    const size_t more = 2 * (c->run_room + c->nx);
    struct run *run = bn_grow(c->run, more, sizeof *run);
    if (run == NULL)
        return BN_NOMEM;
    c->run = run;
    uint32_t *parent = bn_grow(c->parent, more, sizeof *parent);
    if (parent == NULL)
        return BN_NOMEM;
    c->parent = parent;
    c->run_room = more;
    return BN_OK;
}

static bn_status find_runs(bn_components *c, const uint8_t *q)
{
    const size_t rows = c->ny * c->nz;

    c->runs = 0;
    for (size_t r = 0; r < rows; r++) {
        const uint8_t *line = q + r * c->nx;
        c->row[r] = c->runs;
        BN_TRY(room_for_runs(c));
        for (size_t x = 0, end; x < c->nx; x = end) {
            end = bn_lattice_run(line, x, c->nx);
            if (line[x] > 0)
                c->run[c->runs++] = (struct run){ (uint32_t)x, (uint32_t)end, 0 };
        }
    }
    c->row[rows] = c->runs;
    return BN_OK;
}

/* --- edges --------------------------------------------------------------------------- */

static void join(bn_components *c, size_t a, size_t b)
{
    c->edge[c->edges++] = (struct edge){ (uint32_t)a, (uint32_t)b, 0 };
}

/* Room for the edges of two rows: two sorted lists of intervals meet at most as often as
 * they have members, three times over for shifts of -1, 0 and 1, and once around the end. */
static bn_status room_for_edges(bn_components *c, size_t runs)
{
    const size_t most = c->edges + 3 * runs + 4;

    if (most <= c->edge_room)
        return BN_OK;
    struct edge *edge = bn_grow(c->edge, 2 * most, sizeof *edge);
    if (edge == NULL)
        return BN_NOMEM;
    c->edge = edge;
    c->edge_room = 2 * most;
    return BN_OK;
}

/* Neighbours in one row, around the end if it is periodic. */
static bn_status edges_within(bn_components *c, size_t r)
{
    const size_t first = c->row[r], end = c->row[r + 1];

    BN_TRY(room_for_edges(c, end - first));
    for (size_t k = first; k + 1 < end; k++)
        if (c->run[k].end == c->run[k + 1].start)
            join(c, k, k + 1);
    if (c->g.periodic && end - first > 1 && c->run[first].start == 0
        && c->run[end - 1].end == c->nx)
        join(c, end - 1, first);
    return BN_OK;
}

/* x of row r has neighbours x + low .. x + high in row s. */
static bn_status edges_between(bn_components *c, size_t r, size_t s, int low, int high)
{
    const struct run *run = c->run;
    const size_t end = c->row[r + 1], stop = c->row[s + 1];
    size_t from = c->row[s];

    if (end == c->row[r] || stop == c->row[s])
        return BN_OK;
    BN_TRY(room_for_edges(c, end - c->row[r] + stop - c->row[s]));
    for (size_t k = c->row[r]; k < end; k++) {
        const int64_t left = (int64_t)run[k].start + low, right = (int64_t)run[k].end + high;
        while (from < stop && (int64_t)run[from].end <= left)
            from++;
        for (size_t j = from; j < stop && (int64_t)run[j].start < right; j++)
            join(c, k, j);
    }
    if (!c->g.periodic)
        return BN_OK;
    if (high > 0 && run[end - 1].end == c->nx && run[c->row[s]].start == 0)
        join(c, end - 1, c->row[s]);
    if (low < 0 && run[c->row[r]].start == 0 && run[stop - 1].end == c->nx)
        join(c, c->row[r], stop - 1);
    return BN_OK;
}

size_t bn_components_neighbours(const bn_components *c, struct neighbour list[4])
{
    const bool solid = c->g.dimensions == 3;
    const int low = c->how == BN_FULL || (c->how == BN_SIMPLICES && c->g.hexagon) ? -1 : 0;
    const int high = c->how == BN_FULL || (c->how == BN_SIMPLICES && !c->g.hexagon) ? 1 : 0;
    size_t n = 0;

    if (c->g.dimensions > 1)
        list[n++] = (struct neighbour){ 1, 0, low, high };
    if (solid)
        list[n++] = (struct neighbour){ 0, 1, low, high };
    if (solid && c->how != BN_FACES)
        list[n++] = (struct neighbour){ 1, 1, low, high };
    if (solid && c->how == BN_FULL)
        list[n++] = (struct neighbour){ -1, 1, low, high };
    return n;
}

size_t bn_components_beside(size_t k, int d, size_t n, bool periodic)
{
    const size_t to = d < 0 ? k + n - 1 : k + (size_t)d;

    if (d < 0 ? k > 0 : to < n)
        return to % n;
    return periodic ? to % n : n;
}

static bn_status find_edges(bn_components *c)
{
    struct neighbour list[4];
    const size_t n = bn_components_neighbours(c, list);

    c->edges = 0;
    for (size_t z = 0; z < c->nz; z++)
        for (size_t y = 0; y < c->ny; y++) {
            BN_TRY(edges_within(c, z * c->ny + y));
            for (size_t k = 0; k < n; k++) {
                const size_t v = bn_components_beside(y, list[k].dy, c->ny, c->g.periodic);
                const size_t w = bn_components_beside(z, list[k].dz, c->nz, c->g.periodic);
                if (v < c->ny && w < c->nz)
                    BN_TRY(edges_between(c, z * c->ny + y, w * c->ny + v, list[k].low,
                                         list[k].high));
            }
        }
    return BN_OK;
}

static bn_status graph(bn_components *c, const uint8_t *q)
{
    BN_TRY(find_runs(c, q));
    BN_TRY(find_edges(c));
    for (size_t k = 0; k < c->runs; k++)
        c->parent[k] = (uint32_t)k;
    return BN_OK;
}

bool bn_components_unite(uint32_t *parent, const struct edge *e)
{
    const uint32_t a = bn_components_root(parent, e->a), b = bn_components_root(parent, e->b);

    if (a == b)
        return false;
    parent[a < b ? b : a] = a < b ? a : b;
    return true;
}

/* --- pieces -------------------------------------------------------------------------- */

static bool at_wall(const bn_components *c, size_t row, const struct run *r)
{
    const size_t y = row % c->ny, z = row / c->ny;

    return !c->g.periodic
        && (r->start == 0 || r->end == c->nx
            || (c->g.dimensions > 1 && (y == 0 || y + 1 == c->ny))
            || (c->g.dimensions > 2 && (z == 0 || z + 1 == c->nz)));
}

/* A run's points to its piece, which is the next new one if the run is its root. */
static bn_status add_run(bn_components *c, const double *h, double sign, size_t row, size_t k)
{
    const struct run *r = &c->run[k];
    const uint32_t root = bn_components_root(c->parent, (uint32_t)k);

    if (root == k && c->pieces == c->piece_room) {
        struct bn_piece *p = bn_grow(c->piece, 2 * c->piece_room + 16, sizeof *p);
        if (p == NULL)
            return BN_NOMEM;
        c->piece = p;
        c->piece_room = 2 * c->piece_room + 16;
    }
    c->run[k].piece = root == k ? (uint32_t)c->pieces++ : c->run[root].piece;
    struct bn_piece *p = &c->piece[r->piece];
    const size_t first = row * c->nx + r->start;
    if (root == k)
        *p = (struct bn_piece){ .peak = sign * h[first], .top = first };
    p->points += r->end - r->start;
    p->wall = p->wall || at_wall(c, row, r);
    for (size_t x = row * c->nx + r->start; x < row * c->nx + r->end; x++) {
        c->label[x] = r->piece;
        if (sign * h[x] > p->peak) {
            p->peak = sign * h[x];
            p->top = x;
        }
    }
    return BN_OK;
}

bn_status bn_components_find(bn_components *c, const double *h, enum bn_side side,
                             const struct bn_piece **piece, size_t *count)
{
    const size_t points = bn_lattice_points(&c->g), rows = c->ny * c->nz;
    const double sign = side == BN_FIELDS ? 1.0 : -1.0;

    for (size_t k = 0; k < points; k++)
        c->inside[k] = (h[k] > 0.0) == (side == BN_FIELDS);
    BN_TRY(graph(c, c->inside));
    for (size_t k = 0; k < c->edges; k++)
        bn_components_unite(c->parent, &c->edge[k]);
    c->pieces = 0;
    for (size_t r = 0; r < rows; r++)
        for (size_t k = c->row[r]; k < c->row[r + 1]; k++)
            BN_TRY(add_run(c, h, sign, r, k));
    bn_components_measure(c, h, side);
    bn_components_peaks(c, h, side);
    if (c->g.dimensions == 1)
        bn_components_ends(c, h);
    *piece = c->piece;
    *count = c->pieces;
    return BN_OK;
}
