/* SPDX-License-Identifier: MIT
 * special: elementary functions over arrays, vectorised by SLEEF.  Floor 3;
 * the sole caller of SLEEF.
 *
 * Error at most 1 ULP (SLEEF's u10 functions) for erf, exp and log1p, but exp is
 * infinite from 709.782711149 on (2e-6 early) and log1p from 1e307 on.  SLEEF's
 * "finz" variants are used throughout: the same bits with AVX-512, with AVX2 and
 * with the scalar fused multiply-add, so a result does not depend on the width
 * of the machine's registers, nor on where in an array a number stands.     */
#ifndef BN_SPECIAL_H
#define BN_SPECIAL_H

#include <basin/err.h>

/* y may be x. */
void bn_erf(size_t n, const double *x, double *y);
void bn_exp(size_t n, const double *x, double *y);
void bn_log1p(size_t n, const double *x, double *y);

/* log(1 + e^x) without overflow or loss for any finite x, and its inverse
 * log(e^y - 1) for y > 0 (y <= 0 gives -inf or nan, as log does).           */
void bn_softplus(size_t n, const double *x, double *y);
void bn_softplus_inverse(size_t n, const double *y, double *x);

/* 1 / (1 + e^-x) */
void bn_logistic(size_t n, const double *x, double *y);

/* Nodes and weights of n-point Gauss-Hermite quadrature for E[f(z)], z ~ N(0,1):
 * sum w_k f(z_k), by Golub & Welsch.                                        */
BN_MUST_USE bn_status bn_gauss_hermite(size_t n, double *node, double *weight);

/* Node k (ascending) of n-point Gauss-Legendre quadrature on [-1, 1] and its weight, by
 * Newton; the weights of all sum to 2.                                      */
void bn_gauss_legendre(size_t n, size_t k, double *node, double *weight);

/* E[(x - u)_+ (y - u)_+] of standard normals x, y of correlation r in [-1, 1], absolutely to
 * 1e-15 and for r >= 0 relatively to 1e-12 up to u = 5: the covariance after threshold,
 * sum_n a_n^2 r^n/n!, a_0 = phi - u Q, a_1 = Q, a_n = phi He_(n-2) (docs/science/maps.md). */
double bn_gauss_rectified(double u, double r);

#endif
