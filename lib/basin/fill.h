/* SPDX-License-Identifier: MIT
 * fill: currents where a thresholded neuron is silent, given what it does elsewhere.  Floor 5.
 *
 * h is a Gaussian process of known covariance C on P points and the current is h - theta.
 * Where a neuron fires the current is known up to `noise`; where it is silent, only that it
 * is not above 0.  Given that, h is a truncated Gaussian.  With C = B B^T by its leading
 * modes and h = B z, z is Gaussian given the fields, and the bounds are half-spaces for it:
 * exact samples by Hamiltonian motion that is reflected at them (Pakman & Paninski 2014).
 * Unlike Gibbs sampling point by point it does not slow down where neighbouring points are
 * nearly the same number.                                                        */
#ifndef BN_FILL_H
#define BN_FILL_H

#include <basin/mat.h>
#include <basin/rng.h>

struct bn_fill {
    const struct bn_mat *covariance;     /* C [P, P] */
    const double *threshold;             /* theta [N] */
    double noise;                        /* standard deviation of a known current, > 0 */
    size_t draws;                        /* the mean of so many samples; 1: a sample */
};

/* current [N, P]: where positive it is known and kept; elsewhere it is replaced.  Neuron i
 * draws from unit i.  Bounds that no process with these fields can keep are loosened to
 * where they can be kept, and the current is then 0; *loosened: the largest by which (may
 * be NULL).                                                                      */
BN_MUST_USE bn_status bn_fill_silent(const struct bn_fill *f, struct bn_rng rng,
                                     struct bn_mat *current, double *loosened);

#endif
