/* SPDX-License-Identifier: MIT
 * lattice: a map's grid as points with neighbours, and maps cut into levels.  Floor 5.
 *
 * The domain is the hull of the grid points: between walls it is (M - 1) steps long, half a
 * step less than the manifold at either end, since nothing is known beyond the outermost
 * points; a periodic one is M steps long.  A map between its points is its piecewise linear
 * interpolant: each cell (segment, square, cube) is cut into D! simplices along the diagonal
 * that joins its lowest and its highest corner (Kuhn 1960); a hexagon's cell along its short
 * diagonal, into two equilateral triangles.                                      */
#ifndef BN_LATTICE_H
#define BN_LATTICE_H

#include <basin/manifold.h>

struct bn_lattice {
    size_t dimensions;                   /* 1, 2 or 3 */
    size_t count[BN_DIMENSIONS];         /* points; the last coordinate fastest; 1 from D on */
    double step[BN_DIMENSIONS];
    double cell;                         /* length, area or volume of a cell */
    bool periodic;                       /* in each coordinate; no walls */
    bool hexagon;                        /* the other diagonal */
};

/* BN_USAGE for the sphere, whose cells differ, and for fewer than two points (periodic:
 * three) in a coordinate.  A line's margins belong to its lattice.               */
BN_MUST_USE bn_status bn_lattice_of(const struct bn_manifold *m, struct bn_lattice *g);
BN_MUST_USE bn_status bn_lattice_check(const struct bn_lattice *g);

/* Which grid points are neighbours (in one dimension all three are the same):
 *     BN_FACES      those one step apart: 4 in two, 6 in three dimensions
 *     BN_SIMPLICES  those that share an edge of the triangulation: 6 and 14
 *     BN_FULL       those that share a corner of a cell: 8 and 26                 */
enum bn_connectivity { BN_FACES, BN_SIMPLICES, BN_FULL };

size_t bn_lattice_points(const struct bn_lattice *g);
/* Side of coordinate k, and length, area or volume of the hull. */
double bn_lattice_side(const struct bn_lattice *g, size_t k);
double bn_lattice_extent(const struct bn_lattice *g);

/* q[k] = how many of the n <= 255 ascending levels are <= h[k].  BN_USAGE if they do not
 * ascend or are too many.                                                       */
enum { BN_LATTICE_LEVELS = 255 };
BN_MUST_USE bn_status bn_lattice_levels(size_t points, const double *h, const double *level,
                                        size_t n, uint8_t *q);

/* Where the run of equal q that begins at `from` ends, at most n: the first other one. */
size_t bn_lattice_run(const uint8_t *q, size_t from, size_t n);
/* low[k] = the lower of a[k] and b[k]; low may be either. */
void bn_lattice_lower(size_t n, const uint8_t *a, const uint8_t *b, uint8_t *low);

/* Slopes |h_1 - h_0|/step of the segments along coordinate `axis` on which h changes sign
 * (one end > 0, the other <= 0): slope [points] at most; returns how many.       */
size_t bn_lattice_crossings(const struct bn_lattice *g, const double *h, size_t axis,
                            double *slope);

#endif
