/* SPDX-License-Identifier: MIT
 * operator: recurrent weights J as something that is applied.  Floor 5.
 *
 * Dense; or factored, J = left right - diag(diagonal), which costs 4 N q instead of
 * 2 N^2 operations per state and never forms N x N; or shared,
 *     J = head lift factor^T + diag(diagonal) (factor core factor^T - I),
 * the factored form of ridge.h with left = head lift + diag(diagonal) factor core
 * written out: one tall factor instead of two.  States are rows: T of them are applied
 * at once, [T, N].                                                          */
#ifndef BN_OPERATOR_H
#define BN_OPERATOR_H

#include <basin/mat.h>

struct bn_operator {
    size_t n;                            /* 0: no operator */
    struct bn_mat dense;                 /* [N, N], or empty if factored; borrowed */
    struct bn_mat left, right;           /* [N, q], [q, N]; borrowed */
    const double *diagonal;              /* [N], borrowed; may be NULL if factored */
    struct bn_mat head, factor;          /* [N, p], [N, q] if shared; borrowed */
    struct bn_mat lift, core;            /* [p, q], [q, q]; borrowed */
};

BN_MUST_USE bn_status bn_operator_dense(struct bn_operator *op, const struct bn_mat *j);
BN_MUST_USE bn_status bn_operator_factored(struct bn_operator *op, const struct bn_mat *left,
                                           const struct bn_mat *right,
                                           const double *diagonal);
BN_MUST_USE bn_status bn_operator_shared(struct bn_operator *op, const struct bn_mat *head,
                                         const struct bn_mat *factor,
                                         const struct bn_mat *lift,
                                         const struct bn_mat *core, const double *diagonal);

/* left [N, q] and right [q, N] of a shared operator, for those who need them,
 * allocated; right may be NULL: J and J' have the same.                     */
BN_MUST_USE bn_status bn_operator_factors(const struct bn_operator *op, struct bn_mat *left,
                                          struct bn_mat *right);

/* out[t] = J p[t], or J^T p[t] (BN_TRANSPOSED), for each row; out may not be p. */
BN_MUST_USE bn_status bn_operator_apply(const struct bn_operator *op, enum bn_trans trans,
                                        const struct bn_mat *p, struct bn_mat *out);

double bn_operator_at(const struct bn_operator *op, size_t i, size_t j);    /* J_ij */
double bn_operator_bytes(const struct bn_operator *op);

#endif
