/* SPDX-License-Identifier: MIT */
#include <basin/euler.h>
#include <basin/mem.h>

#include <stdlib.h>
#include <string.h>

/* A row of points and the rows beside it: bit 0 of the index is one step along y, bit 1 along
 * z.  NULL beyond a wall.                                                       */
struct rows {
    const uint8_t *q[4];
    size_t nx;
    bool periodic;
};

static uint64_t eight(const uint8_t *q)
{
    uint64_t w;

    memcpy(&w, q, sizeof w);
    return w;
}

/* Is the map flat on the cells of points x .. x + 7?  Their parts then sum to zero. */
static bool flat(const struct rows *r, size_t x)
{
    const uint64_t w = eight(r->q[0] + x);
    uint64_t apart = 0;

    for (size_t k = 0; k < 4; k++)
        if (r->q[k] != NULL)
            apart |= (eight(r->q[k] + x) ^ w) | (eight(r->q[k] + x + 1) ^ w);
    return apart == 0;
}

static unsigned lower(unsigned a, unsigned b)
{
    return a < b ? a : b;
}

/* --- faces ------------------------------------------------------------------------------ */

/* Points minus edges along one row of levels: an edge is as low as the lower of its ends, so
 * all cancel but the runs after which the levels fall.                          */
static void add_line(const uint8_t *s, size_t n, bool periodic, int sign, int64_t *at)
{
    unsigned level = s[0];

    for (size_t x = 0, end; x < n; x = end) {
        end = bn_lattice_run(s, x, n);
        level = s[x];
        const unsigned next = end < n ? s[end] : periodic ? s[0] : 0;
        if (next < level) {
            at[level] += sign;
            at[next] -= sign;            /* 0: in no set */
        }
    }
}

/* Points and edges of the row, edges and squares between it and the row beside it, and so on:
 * those between rows are as low as the lowest row, point by point.               */
static void faces_of(const struct rows *r, uint8_t *low, int64_t *at)
{
    add_line(r->q[0], r->nx, r->periodic, 1, at);
    for (size_t set = 1; set < 4; set++) {
        if (r->q[set] == NULL)
            continue;
        bn_lattice_lower(r->nx, r->q[0], r->q[set], low);
        for (size_t k = 1; k < 3 && set == 3; k++)
            bn_lattice_lower(r->nx, low, r->q[k], low);
        add_line(low, r->nx, r->periodic, set == 3 ? 1 : -1, at);
    }
}

/* --- simplices -------------------------------------------------------------------------- */

/* Simplices whose lowest corner is x: chains 0 < a < b < ... of corners (bit 0: x, then y and
 * z), where a < b means that b has all bits of a and more.                        */
static void chains(const unsigned *v, unsigned there, unsigned last, unsigned low, int sign,
                   int64_t *at)
{
    at[low] += sign;
    for (unsigned next = last + 1; next < 8; next++)
        if ((next & last) == last && (there >> next & 1) != 0)
            chains(v, there, next, lower(low, v[next]), -sign, at);
}

static void simplices_at(const struct rows *r, size_t x, int64_t *at)
{
    const size_t x1 = x + 1 < r->nx ? x + 1 : 0;
    unsigned v[8] = { 0 }, there = 0;

    for (unsigned k = 0; k < 8; k++)
        if (r->q[k >> 1] != NULL && ((k & 1) == 0 || x + 1 < r->nx || r->periodic)) {
            v[k] = r->q[k >> 1][k & 1 ? x1 : x];
            there |= 1u << k;
        }
    chains(v, there, 0, v[0], 1, at);
}

/* The same for cells whose diagonal joins the other two corners; periodic, two dimensions. */
static void rhombi_at(const struct rows *r, size_t x, int64_t *at)
{
    const size_t x1 = x + 1 < r->nx ? x + 1 : 0;
    const unsigned a = r->q[0][x], b = r->q[0][x1], c = r->q[1][x], d = r->q[1][x1];
    const unsigned bc = lower(b, c);

    at[a]++;
    at[lower(a, b)]--;
    at[lower(a, c)]--;
    at[bc]--;
    at[lower(a, bc)]++;
    at[lower(d, bc)]++;
}

static void add_row(const struct rows *r, void (*add)(const struct rows *, size_t, int64_t *),
                    int64_t *at)
{
    size_t x = 0;

    while (x + 9 <= r->nx) {
        if (!flat(r, x))
            for (size_t k = 0; k < 8; k++)
                add(r, x + k, at);
        x += 8;
    }
    for (; x < r->nx; x++)
        add(r, x, at);
}

bn_status bn_euler(const struct bn_lattice *g, enum bn_connectivity how, const uint8_t *q,
                   size_t n, double *chi)
{
    const size_t d = g->dimensions, nx = g->count[d - 1];
    const size_t ny = d > 1 ? g->count[d - 2] : 1, nz = d > 2 ? g->count[0] : 1;
    int64_t at[BN_LATTICE_LEVELS + 1] = { 0 };

    BN_TRY(bn_lattice_check(g));
    if (how == BN_FULL)
        return bn_fail(BN_USAGE, "the Euler characteristic is counted with cells that belong to "
                       "a set if all their points do: connectivity faces or simplices");
    uint8_t *low = bn_alloc(nx, sizeof *low);
    if (low == NULL)
        return BN_NOMEM;
    for (size_t z = 0; z < nz; z++)
        for (size_t y = 0; y < ny; y++) {
            const bool up = d > 1 && (y + 1 < ny || g->periodic);
            const bool back = d > 2 && (z + 1 < nz || g->periodic);
            const size_t y1 = (y + 1) % ny, z1 = (z + 1) % nz;
            const struct rows r = { { q + (z * ny + y) * nx,
                                      up ? q + (z * ny + y1) * nx : NULL,
                                      back ? q + (z1 * ny + y) * nx : NULL,
                                      up && back ? q + (z1 * ny + y1) * nx : NULL },
                                    nx, g->periodic };
            if (how == BN_FACES)
                faces_of(&r, low, at);
            else
                add_row(&r, g->hexagon ? rhombi_at : simplices_at, at);
        }
    free(low);
    for (size_t l = BN_LATTICE_LEVELS; l-- > 1;)
        at[l] += at[l + 1];
    for (size_t k = 0; k < n; k++)
        chi[k] = (double)at[k + 1];
    return BN_OK;
}
