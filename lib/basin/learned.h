/* SPDX-License-Identifier: MIT
 * learned: how near learned weights are to the offline ones.  Floor 6.
 *
 * Everything is a mean over the manifold or a sum over weights i != j, so that J may be
 * dense or factored; of factored weights no N x N is formed.
 *
 *     residual     x* - J phi*, by harmonics of the manifold
 *     distance     |J - J_off|/|J_off| in the Frobenius norm, split into rows' parts in the
 *                  span of the tuning and the rest.  Row i lies in the span if it is P_i F c
 *                  for some c (F the coefficients of the rates, P_i: entry i becomes 0): so
 *                  do the rows of the offline weights and of all that is learned from J = 0
 *                  by terms linear in the rates.  What lies outside changes no
 *                  residual.  The squares of both parts add up to that of the whole.
 *     correlation  Pearson's, of J_ij with those of the offline weights, i != j
 *     time         presentations until a residual has fallen by e
 *
 * Offline: ridge.h at the lambda given, or, after n presentations at a learning rate eta,
 * at the lambda that early stopping amounts to, bn_learned_lambda().            */
#ifndef BN_LEARNED_H
#define BN_LEARNED_H

#include <basin/operator.h>

/* Mean square over neurons of harmonic k of the residual, power [harmonics]; x [N, any],
 * phi [N, R] coefficients (fourier.h).                                      */
BN_MUST_USE bn_status bn_learned_residual(const struct bn_operator *j, const struct bn_mat *x,
                                          const struct bn_mat *phi, double *power,
                                          size_t harmonics);
/* The same of x alone: what residuals are relative to. */
void bn_learned_power(const struct bn_mat *x, double *power, size_t harmonics);

struct bn_learned_distance {
    double total, inside, outside;       /* relative to |J_off| */
    double norm;                         /* |J|/|J_off| */
    double correlation;                  /* 0 if either does not vary */
};
/* Diagonals count as 0.  BN_NUMERIC if J_off is 0. */
BN_MUST_USE bn_status bn_learned_distance(const struct bn_operator *j,
                                          const struct bn_operator *offline,
                                          const struct bn_mat *phi,
                                          struct bn_learned_distance *d);
/* The same from the ridge solution for x at `lambda` (of ridge.h), which it makes. */
BN_MUST_USE bn_status bn_learned_offline(const struct bn_operator *j, const struct bn_mat *x,
                                         const struct bn_mat *phi, double lambda,
                                         struct bn_learned_distance *d);

/* (decay + 1/(eta n))/N: the lambda of ridge.h at which the offline weights filter modes
 * about as n presentations do, 1 - (1 - eta c)^n against c/(c + N lambda).  */
double bn_learned_lambda(double eta, double decay, double n, size_t neurons);

/* When sqrt(power) is first 1/e of what it was at n[0]: between the times given (ascending)
 * its logarithm is taken to be linear.  false if it never falls so far.     */
bool bn_learned_time(const double *n, const double *power, size_t count, double *time);

#endif
