/* SPDX-License-Identifier: MIT
 * grid: the manifold of an artifact and its points.  Floor 8.
 *
 * An artifact of positions has /point [grid coordinate], whose attributes say what the
 * manifold is (manifold, count, size, margin), and /quadrature [grid]; rates [neuron grid]
 * are in the same order, the last coordinate fastest: rate.reshape(N, *count).  An artifact
 * of the ring has /theta instead.                                               */
#ifndef BN_GRID_H
#define BN_GRID_H

#include <basin/manifold.h>
#include <basin/stage.h>

/* Rows of the table of a stage's outputs; the unit of /point is said when it is written. */
#define BN_GRID_OUTPUTS                                                        \
    { "/point", "grid coordinate", "", "points of the grid: coordinates; the last one goes " \
      "round fastest", 1e-12, 0, false },                                      \
    { "/quadrature", "grid", "1", "share of the manifold that each point stands for: they " \
      "sum to 1", 1e-12, 0, false }

/* unit: of coordinates along a line, an interval or a box ("m"); the others are in rad but
 * for the hexagon, which is in the unit of its period.                          */
void bn_manifold_write(const struct bn_manifold *m, const char *unit);

/* The manifold of the artifact of that role; ends the program if it says none. */
struct bn_manifold bn_manifold_read(const char *role);
/* Unit of its coordinates; the frame owns it. */
const char *bn_manifold_unit(const char *role);

/* Of `rows` rates on the ring the first so many are of cells themselves; turned copies of recorded
 * cells (/cell) come after all of them.                                          */
size_t bn_manifold_cells(const char *role, size_t rows);

#endif
