/* SPDX-License-Identifier: MIT
 * harmonics: functions on a manifold as coefficients.  Floor 5.
 *
 * Real basis functions e_k, orthonormal under the mean over the manifold (a line's with its
 * margins), in ascending order of their eigenvalue of minus the Laplacian:
 *     ring              1, sqrt 2 cos n theta, sqrt 2 sin n theta     (fourier.h) n^2
 *     line, interval    1, sqrt 2 cos (n pi x/L)                      (n pi/L)^2
 *     box               products of those of each side
 *     torus, hexagon    1, sqrt 2 cos k.x, sqrt 2 sin k.x, k of half of the dual lattice  |k|^2
 *     sphere            real spherical harmonics x sqrt(4 pi)         l (l + 1)
 * so f = sum c_k e_k, mean f^2 = sum c_k^2.  An even grid's Nyquist terms are left out.
 * With R functions (fewer than points: ring, torus; as many: walls; sphere (l_max + 1)^2)
 * transforms of functions that are sums of them are exact.
 *
 * Between the grid points of a closed manifold the functions are evaluated themselves.  Where
 * there are ends, cosines would converge slowly there and have the wrong slope; there the
 * functions' grid values are interpolated by polynomials through the six nearest points per
 * coordinate, one-sided at the ends (error of order h^6).                        */
#ifndef BN_HARMONICS_H
#define BN_HARMONICS_H

#include <basin/manifold.h>

typedef struct bn_harmonics bn_harmonics;

BN_MUST_USE bn_status bn_harmonics_new(bn_harmonics **h, const struct bn_manifold *m);
void bn_harmonics_free(bn_harmonics *h);                   /* accepts NULL */

const struct bn_manifold *bn_harmonics_manifold(const bn_harmonics *h);
size_t bn_harmonics_count(const bn_harmonics *h);          /* R */
double bn_harmonics_eigenvalue(const bn_harmonics *h, size_t k);
/* The integers n [D] of function k: waves per period (its k.x is 2 pi sum n_d c_d/size_d), half
 * waves per side, or degree l and order |m| on the sphere.                        */
const int *bn_harmonics_numbers(const bn_harmonics *h, size_t k);
/* The shell of functions with the same eigenvalue as k (to 1e-9): *first, and how many.  */
size_t bn_harmonics_shell(const bn_harmonics *h, size_t k, size_t *first);

/* values [n, M] to the first r = coefficients->cols <= R coefficients [n, r]; and back.  */
BN_MUST_USE bn_status bn_harmonics_transform(const bn_harmonics *h,
                                             const struct bn_mat *values,
                                             struct bn_mat *coefficients);
BN_MUST_USE bn_status bn_harmonics_inverse(const bn_harmonics *h,
                                           const struct bn_mat *coefficients,
                                           struct bn_mat *values);

/* The first r functions at any point c [D]; and their derivatives along the D tangent
 * directions, gradient [D][r].  At a pole of the sphere east and north are those of the
 * longitude in c.                                                                */
void bn_harmonics_at(const bn_harmonics *h, const double *c, size_t r, double *row);
void bn_harmonics_gradient(const bn_harmonics *h, const double *c, size_t r,
                           double *gradient);

/* f = sum of r functions with coefficients k at c, its gradient [D] and Hessian [D][D] along
 * tangent directions (sphere: in normal coordinates, its Hessian to 1e-7).  Between walls f
 * is the interpolation of its grid values, which only they need.               */
void bn_harmonics_local(const bn_harmonics *h, const double *k, size_t r,
                        const double *values, const double *c, double *f, double *gradient,
                        double *hessian);

/* From c uphill to a maximum of what `local` gives, by Newton, steps no longer than a grid
 * step; walls hold it.  Returns the value there.                               */
typedef void bn_local(const void *context, const double *c, double *f, double *gradient,
                      double *hessian);
double bn_harmonics_climb(const struct bn_manifold *m, bn_local *local, const void *context,
                          double *c);

/* The largest (sign = 1) or smallest (-1) value of f and where, point [D], given its values
 * [M] on the grid: from the best of them.                                      */
double bn_harmonics_extremum(const bn_harmonics *h, const double *k, size_t r,
                             const double *values, int sign, double *point);

#endif
