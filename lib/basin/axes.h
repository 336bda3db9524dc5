/* SPDX-License-Identifier: MIT
 * axes: the grid of a manifold as a product of its coordinates.  Floor 5.
 *
 * Point k has the indices i_d = k / stride_d % count_d; coordinate d of it is axis_d[i_d].
 * Coordinates that come round (ring, torus, hexagon, a sphere's longitude) have neighbours
 * beyond both ends; the others end there (a sphere's latitude at its last nodes).  */
#ifndef BN_AXES_H
#define BN_AXES_H

#include <basin/manifold.h>

enum { BN_CORNERS = 1 << BN_DIMENSIONS };
#define BN_NOWHERE SIZE_MAX

struct bn_axes {
    struct bn_manifold manifold;
    size_t points, stride[BN_DIMENSIONS];
    double *axis[BN_DIMENSIONS];         /* [count_d] */
    double period[BN_DIMENSIONS];        /* 0: does not come round */
};

BN_MUST_USE bn_status bn_axes_new(struct bn_axes *l, const struct bn_manifold *m);
void bn_axes_free(struct bn_axes *l);              /* accepts an empty one */

/* The point `by` steps (of either sign, less than the count) along coordinate d, or
 * BN_NOWHERE beyond an end.                                                      */
size_t bn_axes_step(const struct bn_axes *l, size_t point, size_t d, int by);

/* Coordinate d at a fraction of a step from index i: axis[i] + by x the step on that side. */
double bn_axes_between(const struct bn_axes *l, size_t point, size_t d, double by);

/* Linear interpolation at c: sum_k weight[k] f(point[k]), k < the number returned; weights
 * are not negative and sum to 1.  Beyond the last points of a coordinate that ends, the value
 * there.                                                                         */
size_t bn_axes_cell(const struct bn_axes *l, const double *c,
                       size_t point[BN_CORNERS], double weight[BN_CORNERS]);

/* The grid point with the nearest coordinates. */
size_t bn_axes_nearest(const struct bn_axes *l, const double *c);

#endif
