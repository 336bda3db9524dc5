/* SPDX-License-Identifier: MIT
 * secular: the eigenproblem of a diagonal matrix less a rank-one one.  Floor 3.
 *
 *     A = diag(d) - v v^T
 *
 * Its eigenvalues are the roots of 1 - sum_k v_k^2/(d_k - mu), one below each d_k and
 * above d_k-1; each is found as a distance from its nearer d by rational interpolation
 * (Bunch, Nielsen & Sorensen 1978).  The vectors are v_k/(d_k - mu), with v replaced by
 * the one for which these mu are exact, so that they are orthogonal to rounding (Gu &
 * Eisenstat 1994).  O(n^2), where a dense eigenproblem takes O(n^3).           */
#ifndef BN_SECULAR_H
#define BN_SECULAR_H

#include <basin/mat.h>

/* d [n] ascending, v [n]; mu [n] ascending; row k of q [n, n] is the unit eigenvector of
 * mu[k].  d that coincide are put 4 epsilon d apart, which is what rounding did to
 * them: the result is that of a matrix so close to A.  BN_INPUT if d is not ascending or
 * not finite.                                                               */
BN_MUST_USE bn_status bn_secular(size_t n, const double *d, const double *v, double *mu,
                                 struct bn_mat *q);

#endif
