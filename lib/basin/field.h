/* SPDX-License-Identifier: MIT
 * field: the vector field of a network, and damped steps against it.  Floor 7.
 *
 *     F(x) = -x + J phi(x) + c (r0 - mean_i phi_i) 1 + b,    A = dF/dx
 * in units of tau: tau dx/dt = F.  With A = -E + L R diag(s) as in linear.h,
 *     A^T A + mu = E^2 + mu + W C W^T,   W = (E L | s R^T),   C = (0 -1 ; -1 L^T L)
 * needs a matrix of 2 q x 2 q (Woodbury) and none of N x N.  Dense J is taken as it is. */
#ifndef BN_FIELD_H
#define BN_FIELD_H

#include <basin/linear.h>
#include <basin/transfer.h>

struct bn_field {
    struct bn_operator weights;
    struct bn_transfer transfer;
    double inhibition, target;           /* c, r0 */
    const double *bias;                  /* b [N], borrowed; NULL: 0 */
};

/* F of each row: x and f [T, N], f not x. */
BN_MUST_USE bn_status bn_field_at(const struct bn_field *field, const struct bn_mat *x,
                                  struct bn_mat *f);

/* x <- (A^T A + mu)^-1 x where the slopes are phi' = slope; both [N], mu > 0. */
BN_MUST_USE bn_status bn_field_damped(const struct bn_linear *l, const double *slope,
                                      double mu, double *x);

#endif
