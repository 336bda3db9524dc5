/* SPDX-License-Identifier: MIT
 * milestones: when learning is looked at, and what is seen then.  Floor 8.
 *
 * With the targets as Fourier coefficients (fourier.h) the residual J phi* - x* is one, too,
 * and its part of harmonic k is what the weights still miss of that harmonic of x*.  */
#ifndef BN_MILESTONES_H
#define BN_MILESTONES_H

#include <basin/averaged.h>
#include <basin/operator.h>

struct bn_milestones {
    size_t count, harmonics, eigenvalues;
    double *at;                          /* [count] presentations so far: 0, 1, ..., total */
    double *residual;                    /* [count] |J phi* - x*|/|x*| over the ring */
    struct bn_mat harmonic;              /* [count, harmonics] the same of harmonic k alone,
                                            over that of x*; k = 0 is the mean */
    struct bn_mat re, im;                /* [count, eigenvalues] of J, largest modulus first */
};

/* About `count` counts, log-spaced from 0 and 1 to `total` (all of 0 .. total if they are
 * fewer): at [count]; returns how many there are.                             */
size_t bn_milestones_at(uint64_t total, size_t count, double *at);

/* Harmonics of x [N, R] that are there: their mean square is above 1e-5 of the whole, up to
 * the first that is not, and at most `most`.                                  */
size_t bn_milestones_harmonics(const struct bn_mat *x, size_t most);

/* residual, harmonic and eigenvalues at milestone `which` of weights `op`, with x and phi
 * [N, R] of equal shape.  No N x N is formed if op is factored.               */
BN_MUST_USE bn_status bn_milestones_look(struct bn_milestones *m, size_t which,
                                         const struct bn_operator *op, const struct bn_mat *x,
                                         const struct bn_mat *phi);

/* What the mean of the weights would have at the same counts: harmonic [count, harmonics]. */
BN_MUST_USE bn_status bn_milestones_predict(const struct bn_milestones *m, const bn_averaged *a,
                                            const struct bn_mat *x, struct bn_mat *harmonic);

#endif
