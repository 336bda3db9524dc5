/* SPDX-License-Identifier: MIT
 * diagnose: is the set of target states an attractor?  Floor 7.
 *
 * The manifold is given by the coefficients (fourier.h) of its currents x*(theta);
 * with F(x) = -x + J phi(x) + c (r0 - mean phi) 1 and A = dF/dx, in units of tau:
 *     residual   eps(theta) = x* - J phi(x*) - c (r0 - mean phi(x*)) 1
 *     tangent    x*'(theta)
 *     drift      v(theta) = -(z . eps)/(z . x*'),  z the left eigenvector of A that
 *                belongs to the tangent mode (by inverse iteration)   [rad/tau]
 *     gap        largest real part among the other eigenvalues of A at theta
 * A small residual does not make an attractor: the gap must be negative.    */
#ifndef BN_DIAGNOSE_H
#define BN_DIAGNOSE_H

#include <basin/operator.h>
#include <basin/transfer.h>

struct bn_ring_network {
    struct bn_operator weights;
    struct bn_transfer transfer;
    double inhibition, target;           /* c, r0 */
    struct bn_mat x;                     /* [N, R] coefficients of x*; borrowed */
};

/* x*(theta_k), its derivative, rates and slopes at any T angles: [T, N] each, to be
 * freed by bn_points_free().                                                */
struct bn_points {
    struct bn_mat x, tangent, rate, slope, residual;
};
BN_MUST_USE bn_status bn_diagnose_points(const struct bn_ring_network *net,
                                         const double *theta, size_t count,
                                         struct bn_points *points);
void bn_points_free(struct bn_points *points);

/* v at each point, rad per tau; factored weights cost O(N q^2) per point, dense ones
 * O(N^3).  Points are shared out over cores.  projected (may be NULL) gets the cruder
 * estimate -(x*' . eps)/|x*'|^2.                                            */
BN_MUST_USE bn_status bn_diagnose_drift(const struct bn_ring_network *net,
                                        const struct bn_points *points, double *drift,
                                        double *projected);

/* Zeros of a drift sampled at equal steps around the ring: stable where it falls
 * through zero.  angle [count], sign -1 stable or +1 unstable, ascending; *found.  */
void bn_diagnose_zeros(const double *drift, size_t count, double *angle, int *sign,
                       size_t *found);

/* The k leading eigenvalues (largest real part) of A at point p: re, im [k + 1];
 * which of them is the tangent mode (largest overlap of its eigenvector with x*').
 * Units of 1/tau.                                                           */
BN_MUST_USE bn_status bn_diagnose_jacobian(const struct bn_ring_network *net,
                                           const struct bn_points *points, size_t p,
                                           size_t k, double *re, double *im, size_t *found,
                                           size_t *tangent, double *overlap);

/* Eigenvalues of J of largest modulus: re, im [k + 1].  All N by LAPACK if full. */
BN_MUST_USE bn_status bn_diagnose_spectrum(const struct bn_operator *op, bool full, size_t k,
                                           double *re, double *im, size_t *found);

/* The k largest singular values of J, s [k + 1] (all N by LAPACK if full, s [N]). */
BN_MUST_USE bn_status bn_diagnose_singular(const struct bn_operator *op, bool full, size_t k,
                                           double *s, size_t *found);

#endif
