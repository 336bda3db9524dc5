/* SPDX-License-Identifier: MIT
 * manifold: the space that a population represents.  Floor 4.  The ring so far.
 *
 * Angles are in radians; grid angles are theta_m = 2 pi m / M.              */
#ifndef BN_MANIFOLD_H
#define BN_MANIFOLD_H

#include <basin/mat.h>

#define BN_TWO_PI 6.28318530717958647692

void bn_ring_grid(size_t m, double *theta);

/* theta in [0, 2 pi); difference a - b in [-pi, pi). */
double bn_ring_wrap(double theta);
double bn_ring_difference(double a, double b);

/* Circular centre of mass arg sum_m r_m e^{i theta_m} in [0, 2 pi) and the mean
 * vector length |sum r e^{i theta}| / sum r of each row of non-negative curves
 * [n, M]; either output may be NULL.  A row that sums to zero gives 0 and 0.  */
void bn_ring_centre(const struct bn_mat *rate, double *preferred, double *length);

/* Rows shifted so that their preferred angle comes to pi, by their Fourier series:
 * mean and standard deviation over rows on the grid, [M] each.              */
BN_MUST_USE bn_status bn_ring_align(const struct bn_mat *curves, const double *preferred,
                                    double *mean, double *sd);

/* Full width (rad) of the highest bump of a curve on m grid angles at half height between
 * its smallest and its largest value, with straight lines between angles; the whole circle
 * for a constant.  *peak is the largest value.                              */
double bn_ring_width(const double *curve, size_t m, double *peak);

/* The permutation that sorts angles upwards: order[k] is the k-th neuron.   */
BN_MUST_USE bn_status bn_ring_order(const double *preferred, size_t n, size_t *order);

#endif
