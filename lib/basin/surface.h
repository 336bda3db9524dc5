/* SPDX-License-Identifier: MIT
 * surface: is a manifold of any dimension an attractor?  Floor 8.
 *
 * diagnose.h with D tangents, the columns of T, at each point in place of one.
 * A = -1 + (J - (c/N) 1 1^T) diag(phi'), units of 1/tau:
 *     tangent modes   the D right eigenvectors of A whose span has the smallest angles to
 *                     the tangent plane, R, and the left ones that belong to them; Z is the
 *                     basis of the left span with Z^T T = 1
 *     drift           v = -Z^T eps [D], in the unit of the manifold's coordinates per tau
 *     diffusion       Z^T Z/2 [D, D] per sigma^2, for tau dx = F dt + sigma dW
 *     bound           (T^T T)^-1/2, the Fisher information of private noise
 *     gap             largest real part of the other eigenvalues
 * For D = 1 these are the numbers of bn_diagnose_modes().
 *
 * Threshold-linear cells: phi' = 0 below threshold, so z is 0 there: only active cells
 * move the state along the manifold, and inactive ones only follow (eigenvalue -1).  phi' is
 * the slope on the side that the state is on; at the kink itself it is 0.  Where so few cells
 * are active that they cannot hold D directions, overlap is 0 and Z = T (T^T T)^-1.  */
#ifndef BN_SURFACE_H
#define BN_SURFACE_H

#include <basin/diagnose.h>

struct bn_surface {
    size_t count, dimensions;            /* T, D */
    struct bn_mat left;                  /* [T D, N] rows of Z^T */
    double *value, *imaginary;           /* [T D] tangent eigenvalues x tau, by real part,
                                            largest first */
    double *overlap;                     /* [T] cosine of the largest angle between the
                                            tangent plane and the span of the modes */
    double *slow;                        /* [T] real part of the transverse eigenvalue nearest
                                            to 0; -inf if there is none */
};
/* points->tangent [T D, N], the D of a point together.  Factored weights cost O(N q^2) a
 * point, dense ones O(N^3).  A complex pair of which only one half belongs to the manifold
 * (the other is transverse) gives the real part of Z, as in diagnose.h.       */
BN_MUST_USE bn_status bn_surface_modes(const struct bn_ring_network *net,
                                       const struct bn_points *points,
                                       struct bn_surface *surface);
void bn_surface_free(struct bn_surface *s);

/* v [T D]; the cruder -(T^T T)^-1 T^T eps [T D] (may be NULL), which is not what the network
 * does; diffusion and its bound [T D D] (may be NULL).                        */
BN_MUST_USE bn_status bn_surface_along(const struct bn_points *points,
                                       const struct bn_surface *surface, double *drift,
                                       double *projected, double *diffusion, double *bound);

/* Drift between t1 and t2 (tau) after a start at x*, by linear response: with F = -eps,
 *     v = (T^T T)^-1 T^T int_t1^t2 exp(A s) F ds/(t2 - t1),  drift [T D],
 * where growth is followed up to a factor e (Re lambda <= 1/t2), since states leave the
 * region in which it is linear.  Where the tangent modes are far slower than all others this
 * is the drift of the adjoint modes for t1 beyond 1/|gap|; where slow transverse modes mix with
 * them (threshold-linear cells: within a set of active cells the network is linear, its
 * amplitude neutral without a bias) no single mode says what happens, but this does.  By
 * rational Krylov spaces of F with the pole 10/t2.                            */
BN_MUST_USE bn_status bn_surface_window(const struct bn_ring_network *net,
                                        const struct bn_points *points, double t1, double t2,
                                        double *drift);

/* |eps| over all cells and over those with phi' > 0 alone, and how many these are; [T] each. */
void bn_surface_residual(const struct bn_points *points, double *all, double *active_only,
                         double *active);

/* What the targets are like, from `count` points [count, D] of the manifold of net->harmonics:
 * square    mean |x*|^2
 * spread    root mean square of |x* - its mean over the points|
 * length    sigma_c = sqrt(var h/<|grad h|^2 per direction>), h = x* + threshold_i (NULL: x*),
 *           var about the common mean of all points and neurons: the mean of one neuron
 *           over a short line would take a part of var with it                  */
struct bn_scale {
    double square, spread, length;
};
BN_MUST_USE bn_status bn_surface_scale(const struct bn_ring_network *net, const double *points,
                                       size_t count, const double *threshold,
                                       struct bn_scale *scale);

/* Bins of the distance to the nearest wall (or end of a line) in units of `length`; in which a
 * point is, the coordinate that its wall is in, and the sign of the way inward there.  */
enum { BN_WALL_BINS = 5 };
extern const double bn_wall_from[BN_WALL_BINS];         /* 0, 0.5, 1, 2, 4 */
size_t bn_surface_wall(const struct bn_manifold *m, double length, const double *point,
                       size_t *side, double *inward);

/* The k leading eigenvalues (largest real part) of A at point p, re, im [k + 1], and the
 * largest real part of those that are none of the D tangent ones of `surface`.
 * Not thread-safe (ARPACK).                                                  */
BN_MUST_USE bn_status bn_surface_jacobian(const struct bn_ring_network *net,
                                          const struct bn_points *points,
                                          const struct bn_surface *surface, size_t p, size_t k,
                                          double *re, double *im, size_t *found,
                                          double *transverse);

#endif
