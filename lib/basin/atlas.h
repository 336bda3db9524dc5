/* SPDX-License-Identifier: MIT
 * atlas: offline weights that hold one map or several, with uniform inhibition.  Floor 7.
 *
 * A map gives currents X and rates Phi of N neurons at P points with weights w, sum 1; each
 * map counts equally.  The network that is asked for has weights J and a bias b,
 *     J = J0 - (c/N)(1 1^T - 1),     b = c mean,     mean = sum over maps and points w phi,
 * so that (J phi + b)_i = (J0 phi)_i - c (mean_j phi_j - phi_i/N - mean): uniform inhibition
 * that is compensated on average.  J0, J0_ii = 0, is fitted with what fluctuates of it,
 *     J0 phi -> X + c (mean_j phi_j - phi_i/N - mean),
 * so that the states are held as well as without it, and only the mean rate is pulled back: a
 * threshold-linear network without bias has F(s x) = s F(x), and the size of its states is
 * marginal.                                                                        */
#ifndef BN_ATLAS_H
#define BN_ATLAS_H

#include <basin/onesided.h>
#include <basin/operator.h>
#include <basin/transfer.h>

struct bn_chart {
    struct bn_mat current, rate;         /* [N, P]; borrowed */
    const double *weight;                /* [P] */
};

struct bn_atlas {
    double lambda, tolerance;            /* as in ridge.h */
    double inhibition;                   /* c, current per rate */
    bool onesided;                       /* where a rate is 0 the current is only a bound, */
    double margin;                       /* -margin (onesided.h) */
};

struct bn_atlas_weights {
    struct bn_ridge fit;                 /* J = left right - diag(diagonal) */
    double bias;                         /* b of every neuron */
    size_t steps;                        /* of Newton's method, if one-sided */
};

/* charts [K] of the same neurons.  If one-sided, currents of silent points become what J
 * gives there, but not above -margin.  bn_atlas_free() the result.               */
BN_MUST_USE bn_status bn_atlas_fit(const struct bn_atlas *atlas, struct bn_chart *charts,
                                   size_t count, struct bn_atlas_weights *out);
void bn_atlas_free(struct bn_atlas_weights *w);

/* |J phi + b - x|/|x| over the points of a map: all, and those alone where a neuron fires
 * (may be NULL).                                                                   */
BN_MUST_USE bn_status bn_atlas_residual(const struct bn_atlas_weights *w,
                                        const struct bn_chart *chart, double *all,
                                        double *firing);

/* Rates lifted to at least `floor` times their largest value anywhere, and the currents that
 * give them by softplus: the targets of a rate-only recording.                    */
BN_MUST_USE bn_status bn_atlas_soften(const struct bn_transfer *softplus, double floor,
                                      struct bn_chart *chart);

#endif
