/* SPDX-License-Identifier: MIT
 * What the sources of the averaged module share: averaged_rule.c reduces a rule to its mean
 * step, averaged.c solves that.                                             */
#ifndef BN_AVERAGED_PRIV_H
#define BN_AVERAGED_PRIV_H

#include <basin/averaged.h>

/* dJ/eta = S F^T + L K^T - J F G F^T - (a_i + b_j) J */
struct bn_mean_step {
    struct bn_mat source;                /* S [N, R] */
    struct bn_mat left, right;           /* L, K [N, e]: what is no function of F; empty if
                                            no term asks for it */
    struct bn_mat gram;                  /* G [R, R], symmetric; empty: 0 */
    double *row, *column;                /* a, b [N] */
    bool columns;                        /* b differs from one j to another */
};

BN_MUST_USE bn_status bn_mean_step(const struct bn_averaged_spec *spec,
                                   struct bn_mean_step *step);
void bn_mean_step_free(struct bn_mean_step *step);

#endif
