/* SPDX-License-Identifier: MIT
 * field: the vector field of a network and its Jacobian.  Floor 6.
 *
 *     F(x) = -x + J phi(x) + c (r0 - mean_i phi_i) 1,    A = dF/dx
 * in units of tau: tau dx/dt = F.  With factored J = left right - diag(d) and the
 * inhibition as one more factor,
 *     A = -E + L H,   E = 1 + d phi',   L = (left | -c/N 1),   H = (right ; 1^T) diag(phi')
 * so that A^-1 needs the q x q matrix 1 - H E^-1 L (Woodbury), and
 *     A^T A + mu = E^2 + mu + W C W^T,   W = (E L | H^T),   C = (0 -1 ; -1 L^T L),
 * one of 2 q x 2 q: nothing is ever N x N.  Dense J is factored as it is.      */
#ifndef BN_FIELD_H
#define BN_FIELD_H

#include <basin/operator.h>
#include <basin/transfer.h>

struct bn_field {
    struct bn_operator weights;
    struct bn_transfer transfer;
    double inhibition, target;           /* c, r0 */
};

/* F of each row: x and f [T, N], f not x. */
BN_MUST_USE bn_status bn_field_at(const struct bn_field *field, const struct bn_mat *x,
                                 struct bn_mat *f);

typedef struct bn_jacobian bn_jacobian;

/* A where the slopes are phi' = slope [N]; copied, the field is borrowed. */
BN_MUST_USE bn_status bn_jacobian_new(bn_jacobian **j, const struct bn_field *field,
                                      const double *slope);
void bn_jacobian_free(bn_jacobian *j);   /* accepts NULL */

/* y = A x or A^T x, [N]; y not x. */
BN_MUST_USE bn_status bn_jacobian_apply(const bn_jacobian *j, enum bn_trans trans,
                                        const double *x, double *y);

/* x <- A^-1 x or A^-T x.  The factors are made at the first call, which is why the
 * Jacobian is not const: one thread at a time.                              */
BN_MUST_USE bn_status bn_jacobian_solve(bn_jacobian *j, enum bn_trans trans, double *x);

/* x <- (A^T A + mu)^-1 x, mu > 0. */
BN_MUST_USE bn_status bn_jacobian_damped(bn_jacobian *j, double mu, double *x);

#endif
