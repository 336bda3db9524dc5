/* SPDX-License-Identifier: MIT
 * What the sources of the ridge module share: ridge.c makes the factors of J,
 * ridge_modes.c what is small in them.                                       */
#ifndef BN_RIDGE_PRIV_H
#define BN_RIDGE_PRIV_H

#include <basin/ridge.h>

/* t: U S U^T on entry, (U S U^T + lambda)^-1 on return; e [r] gets its diagonal before. */
void bn_ridge_invert(struct bn_mat *t, double lambda, double *e);

/* BN_NUMERIC if eigenvalues e (ascending) and lambda do not allow to invert. */
BN_MUST_USE bn_status bn_ridge_spans(const double *e, size_t r, size_t n, double lambda);

/* keep[k] for modes that matter, c and c_prime (or NULL) being the squares that they add
 * to |J|^2 and |J'|^2; *rank: how many.                                      */
BN_MUST_USE bn_status bn_ridge_choose(const double *c, const double *c_prime, size_t r,
                                      double tolerance, bool *keep, size_t *rank);

#endif
