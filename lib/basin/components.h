/* SPDX-License-Identifier: MIT
 * components: connected pieces of {h > 0}, fields, and of {h <= 0}, gaps.  Floor 6.
 *
 * Neighbours are those of lattice.h.  With BN_SIMPLICES the pieces are those of the piecewise
 * linear interpolant, for fields and gaps alike, and their sizes its exact lengths, areas and
 * volumes; with BN_FACES and BN_FULL a piece's size is its number of points times the cell, as
 * if they were bins.
 *
 * At all thresholds at once: within a row of the grid a point joins whatever is higher beside it,
 * so only a row's tops are nodes of a graph; edges are the lowest levels between neighbouring
 * tops, and of two rows the tops of the lower of both, along the row: where those two are
 * joined, the points beside are, too, or are not there yet.  A union-find over these few edges
 * in falling order of level counts the pieces (Kruskal 1956).                     */
#ifndef BN_COMPONENTS_H
#define BN_COMPONENTS_H

#include <basin/lattice.h>

typedef struct bn_components bn_components;          /* a lattice with room to work in */

BN_MUST_USE bn_status bn_components_new(bn_components **c, const struct bn_lattice *g,
                                        enum bn_connectivity how);
void bn_components_free(bn_components *c);           /* accepts NULL */

/* Pieces of {h >= level[k]}, k in [0, n), from the map's levels q (bn_lattice_levels). */
BN_MUST_USE bn_status bn_components_count(bn_components *c, const uint8_t *q, size_t n,
                                          double *count);

struct bn_piece {
    double size;                         /* length, area or volume */
    double low, high;                    /* one dimension: edges, as distances from point 0;
                                            a piece across the end of a ring has high beyond
                                            its length; else 0 */
    double peak;                         /* largest h (of gaps: of -h), and the point */
    size_t top;
    size_t points;                       /* grid points in it */
    size_t peaks;                        /* points above (on a tie: before) all that share a
                                            corner of a cell with them */
    bool wall;                           /* reaches a wall */
};
enum bn_side { BN_FIELDS, BN_GAPS };
/* Pieces in the order of their first point; they live until the next call.        */
BN_MUST_USE bn_status bn_components_find(bn_components *c, const double *h, enum bn_side side,
                                         const struct bn_piece **piece, size_t *count);
/* Of the last bn_components_find: number of the piece of each of its points; other points
 * are not set.                                                                  */
const uint32_t *bn_components_label(const bn_components *c);

#endif
