/* SPDX-License-Identifier: MIT
 * components: sizes, edges and peaks of pieces.                              */
#include <basin/components.h>

#include "components_priv.h"

/* --- shares of simplices ------------------------------------------------------------------
 * The share of a simplex on which a linear function is positive, from its values at the
 * corners: `in` of them inside (v first; the share is of the side on which they are).  For one
 * corner inside, v0^D/prod(v0 - v_k); all but one: the rest; two of four by the divided
 * difference of t^3/((t + p)(t + q)), written out so that nothing cancels.        */

static double share_segment(double a, double b)
{
    return a / (a - b);
}

static double share_triangle(size_t in, const double *v)
{
    if (in == 1)
        return share_segment(v[0], v[1]) * share_segment(v[0], v[2]);
    return 1.0 - share_segment(v[2], v[0]) * share_segment(v[2], v[1]);
}

static double share_two_of_four(double a, double b, double c, double d)
{
    const double p = -c, q = -d;
    const double above = a * a * b * b + a * b * (a + b) * (p + q)
                       + (a * a + a * b + b * b) * p * q;

    return above / ((a + p) * (a + q) * (b + p) * (b + q));
}

static double share_tetrahedron(size_t in, const double *v)
{
    if (in == 2)
        return share_two_of_four(v[0], v[1], v[2], v[3]);
    if (in == 1)
        return share_segment(v[0], v[1]) * share_segment(v[0], v[2]) * share_segment(v[0], v[3]);
    return 1.0 - share_segment(v[3], v[0]) * share_segment(v[3], v[1])
                     * share_segment(v[3], v[2]);
}

/* Corners of the simplices of a cell; bit 0 is the fastest coordinate. */
static const uint8_t segment[1][4] = { { 0, 1 } };
static const uint8_t square[2][4] = { { 0, 1, 3 }, { 0, 2, 3 } };
static const uint8_t rhombus[2][4] = { { 0, 1, 2 }, { 3, 1, 2 } };
static const uint8_t cube[6][4] = { { 0, 1, 3, 7 }, { 0, 1, 5, 7 }, { 0, 2, 3, 7 },
                                    { 0, 2, 6, 7 }, { 0, 4, 5, 7 }, { 0, 4, 6, 7 } };

/* One simplex of a cell to the piece of its corners inside, which are neighbours. */
static void measure_simplex(bn_components *c, const uint8_t *corner, const size_t *at,
                            const double *h, double sign, double volume)
{
    const size_t n = c->g.dimensions + 1;
    double v[4];
    size_t in = 0, out = n;
    uint32_t label = 0;

    for (size_t k = 0; k < n; k++) {
        const size_t x = at[corner[k]];
        if (c->inside[x]) {
            v[in++] = sign * h[x];
            label = c->label[x];
        } else {
            v[--out] = sign * h[x];
        }
    }
    if (in == 0)
        return;
    double share = 1.0;
    if (in < n)
        share = n == 2 ? share_segment(v[0], v[1])
              : n == 3 ? share_triangle(in, v) : share_tetrahedron(in, v);
    c->piece[label].size += share * volume;
}

/* The cell whose lowest corner is (z, y, x); false if it would be beyond a wall. */
static bool corners_of(const bn_components *c, size_t z, size_t y, size_t x, size_t at[8])
{
    const size_t d = c->g.dimensions;
    const size_t x1 = x + 1 < c->nx ? x + 1 : 0, y1 = y + 1 < c->ny ? y + 1 : 0;
    const size_t z1 = z + 1 < c->nz ? z + 1 : 0;

    if (!c->g.periodic && (x1 == 0 || (d > 1 && y1 == 0) || (d > 2 && z1 == 0)))
        return false;
    for (size_t k = 0; k < (size_t)1 << d; k++)
        at[k] = ((k & 4 ? z1 : z) * c->ny + (k & 2 ? y1 : y)) * c->nx + (k & 1 ? x1 : x);
    return true;
}

static void measure_cell(bn_components *c, const size_t at[8], const double *h, double sign)
{
    const size_t d = c->g.dimensions, corners = (size_t)1 << d;
    const uint8_t (*simplex)[4] = d == 1 ? segment : d == 3 ? cube
                                : c->g.hexagon ? rhombus : square;
    const size_t n = d == 1 ? 1 : d == 2 ? 2 : 6;
    size_t in = 0;

    for (size_t k = 0; k < corners; k++)
        in += c->inside[at[k]];
    if (in == corners)
        c->piece[c->label[at[0]]].size += c->g.cell;
    else if (in > 0)
        for (size_t s = 0; s < n; s++)
            measure_simplex(c, simplex[s], at, h, sign, c->g.cell / (double)n);
}

void bn_components_measure(bn_components *c, const double *h, enum bn_side side)
{
    const double sign = side == BN_FIELDS ? 1.0 : -1.0;
    size_t at[8];

    if (c->how != BN_SIMPLICES && c->g.dimensions > 1) {
        for (size_t k = 0; k < c->pieces; k++)
            c->piece[k].size = (double)c->piece[k].points * c->g.cell;
        return;
    }
    for (size_t z = 0; z < c->nz; z++)
        for (size_t y = 0; y < c->ny; y++)
            for (size_t x = 0; x < c->nx; x++)
                if (corners_of(c, z, y, x, at))
                    measure_cell(c, at, h, sign);
}

/* --- intervals ----------------------------------------------------------------------- */

/* How far from point x, which is inside, towards `to`, which is not, the edge is, in steps. */
static double reach(const double *h, size_t x, size_t to)
{
    return share_segment(h[x], h[to]);
}

void bn_components_ends(bn_components *c, const double *h)
{
    const size_t m = c->nx;
    const double step = c->g.step[0];

    for (size_t k = 0; k < c->runs; k++) {
        const struct run *r = &c->run[k];
        struct bn_piece *p = &c->piece[r->piece];
        /* a run at point 0 of a ring may be the end of the last one */
        const bool goes_on = c->g.periodic && r->end == m && c->run[0].start == 0 && k > 0;
        const bool comes = c->g.periodic && r->start == 0 && c->run[c->runs - 1].end == m
                        && c->runs > 1;
        double low = (double)r->start, high = (double)r->end - 1.0;
        if (c->g.periodic && r->start == 0 && r->end == m) {
            high += 1.0;                 /* the whole ring */
        } else {
            if (r->start > 0 || c->g.periodic)
                low -= reach(h, r->start, r->start > 0 ? r->start - 1 : m - 1);
            if (r->end < m || c->g.periodic)
                high += reach(h, r->end - 1, r->end < m ? r->end : 0);
        }
        if (!comes)
            p->low = step * low;
        if (!goes_on)
            p->high = step * (comes ? high + (double)m : high);
    }
}

/* --- peaks --------------------------------------------------------------------------- */

/* Is the value at x above those of all points that share a corner of a cell with it? */
static bool is_peak(const bn_components *c, const double *h, double sign, size_t z, size_t y,
                    size_t x)
{
    const size_t here = (z * c->ny + y) * c->nx + x;
    const int deep = c->g.dimensions > 2, flat = c->g.dimensions > 1;

    for (int dz = -deep; dz <= deep; dz++)
        for (int dy = -flat; dy <= flat; dy++)
            for (int dx = -1; dx <= 1; dx++) {
                if (!c->g.periodic && ((dx < 0 && x == 0) || (dx > 0 && x + 1 == c->nx)
                                       || (dy < 0 && y == 0) || (dy > 0 && y + 1 == c->ny)
                                       || (dz < 0 && z == 0) || (dz > 0 && z + 1 == c->nz)))
                    continue;
                const size_t to = ((z + c->nz + (size_t)dz) % c->nz * c->ny
                                   + (y + c->ny + (size_t)dy) % c->ny) * c->nx
                                + (x + c->nx + (size_t)dx) % c->nx;
                const double there = sign * h[to], own = sign * h[here];
                if (there > own || (there == own && to < here))
                    return false;
            }
    return true;
}

void bn_components_peaks(bn_components *c, const double *h, enum bn_side side)
{
    const double sign = side == BN_FIELDS ? 1.0 : -1.0;

    for (size_t r = 0; r < c->ny * c->nz; r++)
        for (size_t k = c->row[r]; k < c->row[r + 1]; k++)
            for (size_t x = c->run[k].start; x < c->run[k].end; x++)
                c->piece[c->run[k].piece].peaks
                    += is_peak(c, h, sign, r / c->ny, r % c->ny, x);
    for (size_t k = 0; k < c->pieces; k++)
        c->piece[k].peaks += c->piece[k].peaks == 0;
}
