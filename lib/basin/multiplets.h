/* SPDX-License-Identifier: MIT
 * multiplets: which eigenvalues of a sampled covariance are equal?  Floor 3.
 *
 * A covariance that is estimated from N independent cells splits an m-fold eigenvalue: the
 * relative deviations from their mean are, times sqrt N, the eigenvalues of a Gaussian
 * orthogonal matrix without its trace (Anderson 1963), so the expected sum of their squares is
 * (m + 2)(m - 1)/N.  Cuts are placed where the likelihood pays for them: eigenvalues lambda_g in
 * groups of m_g have -2 log likelihood = N sum_g m_g log lambda_g and dim = sum_g (1 +
 * m_g sum_(h < g) m_h) parameters, which are the eigenvalues and the rotations between
 * their spaces; the partition with the least sum of both, a parameter costing 5, is the
 * answer.  So a true doublet is cut with probability exp(-5), and two groups of m are told apart
 * when they differ by about 4.5 sqrt(m/N).
 *
 * Cells that are not Gaussian have moments E a_j^2 a_k^2 = q E a_j^2 E a_k^2 of two components
 * of one group; all variances above are q times larger, as if there were N/q cells.  */
#ifndef BN_MULTIPLETS_H
#define BN_MULTIPLETS_H

#include <basin/mat.h>

/* q: mean over pairs of neighbouring rows of the loadings [K, N] of the components; at least
 * 1, and 1 if K < 2.                                                         */
double bn_multiplets_inflation(const struct bn_mat *loadings);

/* size [n]: how many eigenvalues each of the *groups has, of values in descending order, all
 * positive, estimated from `cells` (N/q).                                    */
BN_MUST_USE bn_status bn_multiplets(const double *value, size_t n, double cells, size_t *size,
                                    size_t *groups);

#endif
