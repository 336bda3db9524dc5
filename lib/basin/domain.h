/* SPDX-License-Identifier: MIT
 * domain: the manifold of an artifact, as stages write it.  Floor 8.
 *
 *     /point       [grid coordinate] coordinates of the grid points, with the attributes
 *                  units, manifold (its name), count, size (one number per coordinate) and
 *                  margin
 *     /quadrature  [grid] weights of the grid points in means over the manifold, sum 1
 * The axis is called grid because xarray takes no two-dimensional dataset with the name of
 * one of its axes.                                                             */
#ifndef BN_DOMAIN_H
#define BN_DOMAIN_H

#include <basin/manifold.h>
#include <basin/stage.h>

/* For the tables of outputs; `unit` is written at run time. */
#define BN_DOMAIN_OUTPUTS                                                                 \
    { "/point", "grid coordinate", "", "coordinates of the grid points", 0, 1e-14, true }, \
    { "/quadrature", "grid", "1", "weight of the point in means over the manifold", 0,    \
      1e-14, true }

void bn_domain_write(const struct bn_manifold *m, const char *unit);

#endif
