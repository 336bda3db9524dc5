/* SPDX-License-Identifier: MIT
 * onesided: offline weights of neurons whose silence is only a bound.  Floor 6.
 *
 * A threshold-linear neuron that is silent at a point may have any current below threshold
 * there.  Each neuron i on its own minimises over its row of J, J_ii = 0,
 *     sum_p w_p l_ip + lambda N |J_i|^2,      u_ip = (J phi_p)_i,
 *     l = (u - t)^2                where its rate phi_ip > 0,
 *     l = max(0, u - t)^2          where it is silent: t_ip is a bound,
 * the ridge of ridge.h if no rate is zero, and the threshold-linear relative of the
 * maximal margin of Battista & Monasson (2020).
 *
 * The minimum has J_i = (1/N) sum_p alpha_p phi_p without entry i, and with
 * G_i = (Phi^T Phi - g g^T)/N, g_p = phi_ip,
 *     alpha_p = -w_p (u_p - t_p)/lambda on S, 0 elsewhere,  u = G_i alpha,
 * where S are the points of the fields and the bounds that are exceeded.  Newton's method on
 * this convex, piecewise quadratic function solves (G_i + lambda/w)_SS alpha = t_S for one S
 * after the other, with exact line search between them, and ends at the minimum itself after
 * a few solves of the size of S (Chapelle 2007, for support vector machines).    */
#ifndef BN_ONESIDED_H
#define BN_ONESIDED_H

#include <basin/ridge.h>

struct bn_onesided {
    const struct bn_mat *rate;           /* [N, P] phi at the points, >= 0 */
    const struct bn_mat *target;         /* [N, P] t: current, or bound where rate = 0 */
    const double *weight;                /* [P] w > 0, sum 1 */
    double lambda;                       /* > 0 */
    double tolerance;                    /* modes that change J by less are dropped */
};

/* J = left right - diag(diagonal), as bn_ridge_fit() gives it; *steps: the largest number of
 * Newton steps that a neuron took (may be NULL).  Memory: N P, and S^2 per core.  */
BN_MUST_USE bn_status bn_onesided_fit(const struct bn_onesided *problem, struct bn_ridge *out,
                                      size_t *steps);

#endif
