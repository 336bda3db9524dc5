/* SPDX-License-Identifier: MIT
 * reservoir: a random network that is taught to hold a ring.  Floor 6.
 *
 *     J = g W + U B,   W_ij ~ N(0, 1/N),  U_ik ~ N(0, 1)                   [N, N], [N, 2K]
 *     f(theta) = A (cos theta, sin theta, ..., cos K theta, sin K theta)   the teachers
 *     x*(theta) = g W phi(x*) + U f(theta)                                 driven states
 *     B = argmin (1/M) sum |B phi* - f|^2 + N lambda |B|^2 per output      [2K, N]
 * With B = V^T/N this is J = g W + U V^T/N of Rivkind & Barak (2017).  Once taught, B phi
 * takes the place of f.
 *
 * For N -> infinity the driven states are a Gaussian process with
 *     Gamma^x(d) = g^2 Gamma^phi(d) + A^2 sum_k cos k d,
 * and are stable, as long as the teachers drive them, if g^2 E[phi'(x)^2] < 1: beyond, the
 * driven network is chaotic and has no states to hold.                       */
#ifndef BN_RESERVOIR_H
#define BN_RESERVOIR_H

#include <basin/operator.h>
#include <basin/rng.h>
#include <basin/transfer.h>

struct bn_reservoir {
    struct bn_transfer transfer;
    double gain, amplitude;              /* g, A */
    size_t teachers;                     /* K */
    struct bn_mat inner, feedback;       /* g W [N, N], U [N, 2K]; borrowed */
};

/* Fills inner and feedback, which have their shapes. */
void bn_reservoir_draw(struct bn_reservoir *r, struct bn_rng rng);

/* x [M, N] <- x*(theta_m): the driven flow F = -x + g W phi(x) + U f from x = U f by Euler
 * steps of tau/2, at most `steps` or until the root mean square of F is below 1e-11 at every
 * angle.  Half steps stay stable where the flow is; whole ones (plain iteration) need |e| < 1
 * of all eigenvalues of g W diag(phi'), the flow only Re e < 1.  moved [M]: the root mean
 * square of F at the last step; *taken: steps.                               */
BN_MUST_USE bn_status bn_reservoir_settle(const struct bn_reservoir *r, size_t steps,
                                          struct bn_mat *x, double *moved, size_t *taken);

/* Gamma^x and Gamma^phi on M lags, E[phi'(x)], and the radius g sqrt(E[phi'(x)^2]) of the
 * disc that the driven Jacobian fills: all for N -> infinity.               */
struct bn_reservoir_theory {
    double slope, radius;
};
BN_MUST_USE bn_status bn_reservoir_theory(const struct bn_reservoir *r, size_t m,
                                          double *current, double *rate,
                                          struct bn_reservoir_theory *theory);

/* readout [2K, N] = B from the rates' coefficients phi [N, R] (fourier.h), R > 2K;
 * *residual = |B phi* - f|/|f| over the manifold.                            */
BN_MUST_USE bn_status bn_reservoir_readout(const struct bn_mat *phi, size_t teachers,
                                           double amplitude, double lambda,
                                           struct bn_mat *readout, double *residual);

#endif
