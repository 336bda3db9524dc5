/* SPDX-License-Identifier: MIT
 * poisson: independent Poisson neurons with maps on a grid.  Floor 7.       */
#ifndef BN_POISSON_H
#define BN_POISSON_H

#include <basin/axes.h>
#include <basin/rng.h>

/* Rates at positions [T, D], by linear interpolation of maps [N, P]: [T, N].  */
BN_MUST_USE bn_status bn_poisson_rates(const struct bn_axes *l, const struct bn_mat *map,
                                       const struct bn_mat *position, struct bn_mat *rate);

/* Counts of windows (s) in place of rates [T, N] (Hz): bin t draws as unit first + t, cell i
 * as step i, one uniform each, by inversion.  BN_USAGE if more than 500 are expected. */
BN_MUST_USE bn_status bn_poisson_counts(struct bn_rng rng, uint64_t first, double window,
                                        struct bn_mat *rate);

/* Maps of counts [T, N] in bins of `window` s at positions [T, D], from the bins that `use`
 * (NULL: all) names:
 *     rate(p) = (G counts)(p)/(G seconds)(p),  seconds(p) > 0 needed within 9 widths of p,
 * with G a Gaussian of standard deviation `width` (coordinates' unit; 0: none) and each bin
 * at its nearest grid point.  Not normalised smoothing on both sides: at walls and at the
 * edges of what was visited the quotient has no bias to first order.  rate [N, P] is 0 and
 * seconds [P] (unsmoothed) 0 where nothing is known.  `known` [P]: 1 where G seconds is
 * more than `least` s.                                                           */
struct bn_poisson_data {
    const struct bn_mat *position, *counts;
    const bool *use;
    double window, width, least;
};
BN_MUST_USE bn_status bn_poisson_maps(const struct bn_axes *l,
                                      const struct bn_poisson_data *data,
                                      struct bn_mat *rate, double *seconds, bool *known);

/* Fisher information per window, [P, D D], in tangent directions of manifold.h:
 *     J_ab(p) = T sum_i d_a f_i d_b f_i / f_i   over cells with f_i >= least,
 * with differences between points where f_i > 0: a rate that is cut off at a threshold has
 * no derivative there, but the tail of a smooth one has.  The variance of an unbiased
 * estimate is not below J^-1.                                                    */
BN_MUST_USE bn_status bn_poisson_fisher(const struct bn_axes *l, const struct bn_mat *map,
                                        double window, double least, struct bn_mat *fisher);

/* sqrt(trace J^-1), the least root-mean-square error of an unbiased estimate; infinite where
 * J is singular.                                                                 */
double bn_poisson_bound(const double *fisher, size_t dimensions);

#endif
