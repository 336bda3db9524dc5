/* SPDX-License-Identifier: MIT
 * euler: the Euler characteristic of superlevel sets {h >= u}.  Floor 6.
 *
 * Vertex construction: a cell counts if all its grid points are in the set;
 *     BN_FACES      chi = V - E + F - C over points, edges, squares and cubes: the set's
 *                   pieces are those of BN_FACES, its holes those of BN_FULL
 *     BN_SIMPLICES  V - E + F - T over the triangulation of lattice.h: chi of the piecewise
 *                   linear interpolant's superlevel set
 * One pass over the map for all levels: a cell is in as many sets as its lowest point.  */
#ifndef BN_EULER_H
#define BN_EULER_H

#include <basin/lattice.h>

/* chi [n] from the map's n levels q (bn_lattice_levels).  BN_USAGE: BN_FULL.      */
BN_MUST_USE bn_status bn_euler(const struct bn_lattice *g, enum bn_connectivity how,
                               const uint8_t *q, size_t n, double *chi);

#endif
