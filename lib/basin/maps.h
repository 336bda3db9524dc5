/* SPDX-License-Identifier: MIT
 * maps: Gaussian random fields on the grid of a manifold.  Floor 7.
 *
 * Independent waves with the kernel's spectrum: on the sphere its harmonics; on manifolds that
 * come round the waves of their grid.  Line, interval and box: circulant embedding (Dietrich &
 * Newsam 1997) on a grid that is longer by 6 lengths per coordinate, or by what the kernel
 * needs to fall below 2e-8, then cut off: the process is stationary up to the walls, where
 * filtering with reflection would double its variance.  One complex transform makes two
 * maps; waves that carry less than 1e-13 of the variance together are left out.      */
#ifndef BN_MAPS_H
#define BN_MAPS_H

#include <basin/kernel.h>
#include <basin/rng.h>

/* values [n, M]: mean 0, variance 1, covariance the kernel, rows independent.  Row i depends
 * on `first` + i and the generator alone, not on n or the number of threads.  BN_USAGE if a
 * step of the grid is above length/2 (the grid cannot show the map).             */
BN_MUST_USE bn_status bn_maps_sample(const struct bn_manifold *m, const struct bn_kernel *k,
                                     struct bn_rng rng, uint64_t first,
                                     struct bn_mat *values);

#endif
