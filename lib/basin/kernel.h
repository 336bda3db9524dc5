/* SPDX-License-Identifier: MIT
 * kernel: stationary correlations r on a manifold, r = 1 at distance 0.  Floor 6.
 *
 * length = sigma_c = sqrt(r(0)/(-r''(0))) per Cartesian direction, so that every kernel of
 * one length has the same expected number of threshold crossings (docs/science/place.md,
 * the trap of two sigmas: white noise filtered by a Gaussian of width sigma_f has sigma_c =
 * sqrt 2 sigma_f).  With q = d/length:
 *     gaussian      exp(-q^2/2)                         (squared exponential)
 *     matern52      (1 + s + s^2/3) e^-s,               s scaled so that
 *     matern72      (1 + s + 2 s^2/5 + s^3/15) e^-s,    -r'' = 1/length^2 at 0
 *     oscillatory   exp(-q^2/8) cos(b q) in one dimension, J_0(b q) and sin(b q)/(b q) instead
 *                   of the cosine in two and three, b^2 = 3 D/4: waves of all directions
 *     vonmises      exp(kappa (cos d - 1)), kappa = 1/length^2; torus: a product; hexagon:
 *                   three cosines; sphere: exp(kappa (cos gamma - 1))  (Fisher)
 *     heat          coefficients exp(-t x eigenvalue): wrapped Gaussian on ring, torus and
 *                   hexagon, the heat kernel on the sphere
 * On ring, torus and hexagon gaussian, matern and oscillatory are wrapped: summed over all
 * images, which keeps them positive definite, with q's unit such that the sum has sigma_c =
 * length.  The sphere has no images: gaussian is the heat kernel there, matern has variances
 * proportional to (a^2 + l (l + 1))^-(nu + 1), and oscillatory is refused.
 * exp(-d^2/2 s^2) of the geodesic distance is not positive definite on the circle or the
 * sphere and is refused (Gneiting 2013).                                         */
#ifndef BN_KERNEL_H
#define BN_KERNEL_H

#include <basin/harmonics.h>

enum bn_kernel_kind { BN_KERNEL_GAUSSIAN, BN_KERNEL_MATERN52, BN_KERNEL_MATERN72,
                      BN_KERNEL_OSCILLATORY, BN_KERNEL_VONMISES, BN_KERNEL_HEAT,
                      BN_KERNEL_GEODESIC };

struct bn_kernel {
    enum bn_kernel_kind kind;
    double length[BN_DIMENSIONS];        /* sigma_c per direction; hexagon, sphere: the first */
};

const char *bn_kernel_name(enum bn_kernel_kind kind);
BN_MUST_USE bn_status bn_kernel_parse(const char *name, enum bn_kernel_kind *kind);
/* BN_USAGE with the reason if this is no correlation on this manifold. */
BN_MUST_USE bn_status bn_kernel_check(const struct bn_kernel *k, const struct bn_manifold *m);

/* r between two points. */
double bn_kernel_at(const struct bn_kernel *k, const struct bn_manifold *m, const double *a,
                    const double *b);
/* Variance of each of the first r coefficients, closed manifolds only; they sum to 1 but for
 * what lies beyond r.  BN_NUMERIC if one is below -1e-12.                        */
BN_MUST_USE bn_status bn_kernel_spectrum(const struct bn_kernel *k, const bn_harmonics *h,
                                         size_t r, double *variance);

#endif
