/* SPDX-License-Identifier: MIT
 * linear: the Jacobian of the dynamics at many states, solved without forming it.
 * Floor 6.
 *
 *     A_t = -I + (J - (c/N) 1 1^T) diag(s_t),      s_t = phi'(x_t), in units of 1/tau
 *
 * With J = left right - diag(d) and the inhibition as one more factor,
 *     A = -E + L R diag(s),   E = I + diag(s d),
 * so that (Sherman, Morrison & Woodbury) a solve needs one q x q matrix I - M,
 * M = R diag(s/e) L, for A and for A^T alike.  Dense J is factored by LU.
 * States are rows; T of them are solved at once, by products of T rows.     */
#ifndef BN_LINEAR_H
#define BN_LINEAR_H

#include <basin/operator.h>

/* What all states share.  Borrows from the operator. */
struct bn_linear {
    const struct bn_operator *op;
    double inhibition;                   /* c */
    size_t n, q;                         /* q = 0: dense */
    struct bn_mat left, right;           /* [N, q]: L and R^T, the inhibition included */
};
BN_MUST_USE bn_status bn_linear_make(struct bn_linear *l, const struct bn_operator *op,
                                     double inhibition);
void bn_linear_free(struct bn_linear *l);

/* y[t] = A_t x[t] or A_t^T x[t]; slope, x, y [T, N]; y may not be x. */
BN_MUST_USE bn_status bn_linear_apply(const struct bn_linear *l, const struct bn_mat *slope,
                                      enum bn_trans trans, const struct bn_mat *x,
                                      struct bn_mat *y);

/* A_t - shift factored: 8 q^2 bytes a state and 2 N q^2 operations, or N in place of q if J is
 * dense.  bn_factors_free() also after a failure.                            */
struct bn_factors {
    const struct bn_linear *l;
    double shift;
    size_t count;
    struct bn_mat inverse, weight;       /* [T, N]: 1/e, s/e; empty if dense */
    struct bn_mat *lu;                   /* [T] of [q, q] or [N, N] */
    int *pivot;                          /* [T q] or [T N] */
};
BN_MUST_USE bn_status bn_factors_make(struct bn_factors *f, const struct bn_linear *l,
                                      const struct bn_mat *slope, double shift);
void bn_factors_free(struct bn_factors *f);

/* x[t] <- (A_t - shift)^-1 x[t], or transposed.  A singular matrix gives huge numbers along
 * its null vector, which is what inverse iteration wants.                   */
BN_MUST_USE bn_status bn_factors_solve(const struct bn_factors *f, enum bn_trans trans,
                                       struct bn_mat *x);

#endif
