/* SPDX-License-Identifier: MIT
 * diagnose: is the set of target states an attractor?  Floor 7.
 *
 * With F(x) = -x + J phi(x) + c (r0 - mean phi) 1 + b and A = dF/dx, in units of tau, at
 * states x*(theta) with derivative x*'(theta):
 *     residual   eps(theta) = -F(x*)
 *     tangent    the eigenmode (r, z) of A whose right eigenvector overlaps most with x*':
 *                neither the one of largest real part (a transverse mode may be unstable)
 *                nor the one nearest 0; z is the left eigenvector, scaled to z . x*' = 1
 *     drift      v = -z . eps                                             [rad/tau]
 *     diffusion  D = |z|^2/2 per sigma^2, for tau dx = F dt + sigma dW    [rad^2/tau]
 *     bound      D >= 1/(2 |x*'|^2), the Fisher information of private noise
 *     gap        largest real part among the other eigenvalues of A       [1/tau]
 * A small residual does not make an attractor: the gap must be negative.
 * Definitions and sources: docs/science/diagnostics.md.
 *
 * Everything below works from a set of points, whatever one-dimensional manifold they
 * lie on: the ring by bn_diagnose_points(), any other by bn_diagnose_states().   */
#ifndef BN_DIAGNOSE_H
#define BN_DIAGNOSE_H

#include <basin/harmonics.h>
#include <basin/operator.h>
#include <basin/transfer.h>

struct bn_ring_network {
    struct bn_operator weights;
    struct bn_transfer transfer;
    double inhibition, target;           /* c, r0 */
    const double *bias;                  /* b [N], borrowed; NULL: 0 */
    struct bn_mat x;                     /* [N, R] coefficients of x*; borrowed */
    const bn_harmonics *harmonics;       /* what they are coefficients of, borrowed; NULL:
                                            the ring (fourier.h) */
};

/* x* at `count` points (coordinates [count, D]; ring: angles), out [count, N], or its D
 * derivatives along the manifold there, out [count D, N]; allocated.          */
BN_MUST_USE bn_status bn_diagnose_target(const struct bn_ring_network *net,
                                         const double *points, size_t count, bool derivative,
                                         struct bn_mat *out);

/* x*, its D derivatives along the manifold, rates and slopes at any T points (coordinates
 * theta [T, D]; on the ring T angles): tangent [T D, N], the D of a point together, the others
 * [T, N]; to be freed by bn_points_free().                                   */
struct bn_points {
    struct bn_mat x, tangent, rate, slope, residual;
};
BN_MUST_USE bn_status bn_diagnose_points(const struct bn_ring_network *net,
                                         const double *theta, size_t count,
                                         struct bn_points *points);
/* The same from states [T, N] and tangents [T D, N] of anything else, which it takes over,
 * also when it fails; net->x is not used.                                   */
BN_MUST_USE bn_status bn_diagnose_states(const struct bn_ring_network *net, struct bn_mat *x,
                                         struct bn_mat *tangent, struct bn_points *points);
void bn_points_free(struct bn_points *points);

/* What follows here is for D = 1; surface.h has it for any manifold.           */

/* The tangent mode at each point, from Krylov spaces of A^-1 and A^-T that start at x*' and
 * phi' x*'; factored weights cost O(N q^2) a point, dense ones O(N^3).  Points are shared
 * out over cores.  Of a complex pair z is the real part of z/(z . x*').        */
struct bn_modes {
    struct bn_mat left;                  /* [T, N] z, with z . x*' = 1 */
    struct bn_mat displacement;          /* [T, N] of the invariant set from x*, to first
                                            order: A d = (1 - r z) eps, z . d = 0 */
    double *value, *imaginary;           /* [T] eigenvalue x tau; imaginary >= 0 or <= 0 */
    double *overlap;                     /* [T] |x*' . r|, unit vectors */
    double *slow;                        /* [T] real part of the transverse eigenvalue
                                            nearest to 0; -inf if there is none */
};
BN_MUST_USE bn_status bn_diagnose_modes(const struct bn_ring_network *net,
                                        const struct bn_points *points,
                                        struct bn_modes *modes);
void bn_modes_free(struct bn_modes *modes);

struct bn_along {
    double drift, projected;             /* v; the cruder -(x*' . eps)/|x*'|^2; rad/tau */
    double diffusion, bound;             /* D and its bound, rad^2/tau per sigma^2 */
    double shift;                        /* of the decoded angle when x* relaxes, rad:
                                            x*' . d/|x*'|^2 */
    double displacement;                 /* |d|/sqrt N, current */
};
/* along [T] */
void bn_diagnose_along(const struct bn_points *points, const struct bn_modes *modes,
                       struct bn_along *along);

/* gain[t] = z . J' phi(x*): dtheta/dt = gain omega + v when tau omega J' phi is added to
 * tau dx/dt.  The same with any other input in place of J' phi.             */
BN_MUST_USE bn_status bn_diagnose_velocity(const struct bn_operator *velocity,
                                           const struct bn_points *points,
                                           const struct bn_modes *modes, double *gain);

/* Adds sum_t |eps|^2 and sum_t |d eps/dtheta|^2, d eps/dtheta = -A x*'; the root of their
 * ratio is the root-mean-square harmonic of the residual.                    */
BN_MUST_USE bn_status bn_diagnose_turning(const struct bn_ring_network *net,
                                          const struct bn_points *points, double *residual,
                                          double *turning);

/* Only the drift at each point, rad per tau; projected may be NULL. */
BN_MUST_USE bn_status bn_diagnose_drift(const struct bn_ring_network *net,
                                        const struct bn_points *points, double *drift,
                                        double *projected);
/* The drift at any angles of the ring; context: the network.  A bn_flow_drift. */
BN_MUST_USE bn_status bn_diagnose_drift_at(void *context, const double *theta, size_t count,
                                           double *drift);

/* The k leading eigenvalues (largest real part) of A at point p: re, im [k + 1];
 * which of them is the tangent mode (as above), or *found if it is none of them; its
 * overlap and (the real part of) its eigenvalue.  Units of 1/tau.           */
BN_MUST_USE bn_status bn_diagnose_jacobian(const struct bn_ring_network *net,
                                           const struct bn_points *points, size_t p,
                                           size_t k, double *re, double *im, size_t *found,
                                           size_t *tangent, double *overlap,
                                           double *value);

/* Eigenvalues of J of largest modulus: re, im [k + 1].  All N by LAPACK if full, then
 * without vectors; else vectors (may be NULL) as bn_arnoldi() gives them.   */
BN_MUST_USE bn_status bn_diagnose_spectrum(const struct bn_operator *op, bool full, size_t k,
                                           double *re, double *im, size_t *found,
                                           struct bn_mat *vectors);

/* The k largest singular values of J, s [k + 1] (all N by LAPACK if full, s [N]). */
BN_MUST_USE bn_status bn_diagnose_singular(const struct bn_operator *op, bool full, size_t k,
                                           double *s, size_t *found);

#endif
