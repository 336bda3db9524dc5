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

/* Krylov spaces of (A_t - shift)^-1, or of its transpose, at all points of a batch: D start
 * vectors each, then one more vector a round, that of the oldest not yet multiplied (a band
 * instead of blocks: one of them may become dependent while others go on).  h is the small
 * matrix in place of the inverse: a Ritz value theta is 1/(lambda - shift), so slow modes,
 * of which those along the manifold are some, come first.                       */
/* The shift where the slow modes are wanted: on an exact manifold A is singular, and rounding
 * errors, enlarged by 1/shift at most, would mix its neutral modes with others.    */
#define BN_KRYLOV_SHIFT 1e-5
enum { BN_KRYLOV = 56, BN_TANGENTS = 3 };
struct bn_krylov {
    const struct bn_factors *factors;
    enum bn_trans trans;
    size_t most;                         /* rounds at most, <= BN_KRYLOV */
    bool again;                          /* an invariant space goes on from a random vector;
                                            must be set for D > 1 */
    size_t count, n, width, size;        /* points, neurons, D, rounds so far */
    struct bn_mat v[BN_KRYLOV + BN_TANGENTS];    /* [T, N] each: unit rows */
    double *h;                           /* [T] of [most + D, most] */
    bool *closed;                        /* [T] nothing new comes */
    bool *done;                          /* [T] set by the caller: no more rounds */
};
/* The fields above `count` set, the rest zero; start [T D, N], the D of a point together.
 * bn_krylov_free() also after a failure.                                         */
BN_MUST_USE bn_status bn_krylov_start(struct bn_krylov *k, const struct bn_mat *start);
void bn_krylov_free(struct bn_krylov *k);
BN_MUST_USE bn_status bn_krylov_grow(struct bn_krylov *k);
/* Ritz values of point t, re and im [size], and vectors y [size, size] (allocated), as
 * bn_eig_vectors() gives them; has the pair i converged to this relative residual?; and the
 * vector sum_j c_j v_j in the space of neurons, out [N].                          */
BN_MUST_USE bn_status bn_krylov_ritz(const struct bn_krylov *k, size_t t, double *re,
                                     double *im, struct bn_mat *y);
bool bn_krylov_converged(const struct bn_krylov *k, size_t t, const struct bn_mat *y, size_t i,
                         double re, double im, double tolerance);
void bn_krylov_vector(const struct bn_krylov *k, size_t t, const double *c, double *out);

#endif
