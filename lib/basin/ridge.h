/* SPDX-License-Identifier: MIT
 * ridge: the offline weights.  Floor 5.
 *
 * Minimise (1/N)(1/M) sum_i sum_m (sum_j J_ij phi_j(theta_m) - x_i(theta_m))^2
 *        + lambda sum_ij J_ij^2                       subject to J_ii = 0.
 * With the factor 1/N lambda has a limit for N -> infinity.
 *
 * In coefficients of an orthonormal basis of functions on the manifold (rows of
 * C_x, C_phi: one neuron each, mean square over the manifold = sum of squares),
 * with the eigenvectors U of S = C_phi^T C_phi / N (eigenvalues e_k) and
 * V = U C_phi^T:
 *     J_uc = (1/N) (C_x U^T) diag(1/(e + lambda)) V
 *     A    = I - (1/N) V^T diag(1/(e + lambda)) V
 *     J    = J_uc - D A,   D_i = (J_uc)_ii / A_ii           (exactly J_ii = 0)
 *          = left right - diag(D),
 *     left = (C_x U^T + D V^T)/N  [N, q],  right = diag(1/(e + lambda)) V  [q, N].
 * This equals K = Phi Phi^T/N + M lambda I on the grid, whose eigenvalues are
 * M (e_k + lambda), with no solve larger than the number of coefficients.   */
#ifndef BN_RIDGE_H
#define BN_RIDGE_H

#include <basin/mat.h>

struct bn_ridge {
    struct bn_mat left, right;           /* [N, q], [q, N] */
    struct bn_mat left_velocity;         /* [N, q]: J' shares `right`; empty if not asked */
    double *diagonal, *diagonal_velocity;                    /* D, [N] */
    double condition;                    /* (e_max + lambda)/(e_min + lambda) */
    size_t rank;                         /* q: modes kept */
};

/* The number of leading coefficients that decide J to a relative 1e-11: what
 * is dropped of phi, in mean square per neuron, must be negligible against
 * lambda, and its product with what is dropped of x as well.  Odd, or all.  */
size_t bn_ridge_coefficients(const struct bn_mat *x, const struct bn_mat *phi,
                             double lambda);

/* x, phi [N, R] (the first r columns are used); x_prime [N, R] the derivative
 * along the manifold, or NULL.  Modes are dropped, smallest first, while they
 * change J (and J') by less than `tolerance` in relative Frobenius norm.
 * BN_NUMERIC if lambda is too small for S to be inverted, saying how large it
 * must be.  bn_ridge_free() the result.                                     */
BN_MUST_USE bn_status bn_ridge_fit(const struct bn_mat *x, const struct bn_mat *phi,
                                   const struct bn_mat *x_prime, size_t r, double lambda,
                                   double tolerance, struct bn_ridge *out);
void bn_ridge_free(struct bn_ridge *r);

/* The same J by what is small: with F = C_phi basis^T [N, q],
 *     J  = C_x lift F^T + D (F core F^T - I)            (a shared operator, operator.h)
 *     J' = C_x lift' F^T + D' (F core F^T - I)
 *     lift = basis_x^T core [p, q],  basis_x: the columns of basis that C_x has;
 * J' has d/dtheta in front of C_x, which moves to lift.  Nothing as large as the curves
 * is made: neurons pass by in blocks, shared out over cores in fixed groups.     */
struct bn_ridge_modes {
    struct bn_mat basis;                 /* [q, r]: rows are orthonormal */
    struct bn_mat core;                  /* [q, q] = (U S U^T + lambda)^-1 / N */
    double *diagonal, *diagonal_velocity;        /* D, D' [N]; D' only if asked */
    double condition, residual, residual_velocity;
};

/* x [N, p], p <= r; phi [N, R]; the rest as in bn_ridge_fit.  residual: |J phi - x|/|x|
 * over the manifold.  bn_ridge_modes_free() the result.                           */
BN_MUST_USE bn_status bn_ridge_modes(const struct bn_mat *x, const struct bn_mat *phi,
                                     bool velocity, size_t r, double lambda,
                                     double tolerance, struct bn_ridge_modes *out);
void bn_ridge_modes_free(struct bn_ridge_modes *m);

/* lift, or lift' (order 1), of p columns of x: [p, q], to be freed. */
BN_MUST_USE bn_status bn_ridge_lift(const struct bn_mat *basis, const struct bn_mat *core,
                                    size_t p, int order, struct bn_mat *lift);
/* F = phi basis^T [N, q], to be freed. */
BN_MUST_USE bn_status bn_ridge_factor(const struct bn_mat *phi, const struct bn_mat *basis,
                                      struct bn_mat *factor);

/* J = left right - diag(D) as a dense matrix [N, N], diagonal exactly zero. */
BN_MUST_USE bn_status bn_ridge_dense(const struct bn_mat *left, const struct bn_mat *right,
                                     struct bn_mat *j);

#endif
