/* SPDX-License-Identifier: MIT
 * gp: stationary Gaussian processes on the circle.  Floor 5.
 *
 * Spectrum (Clark, Abbott & Sompolinsky 2025, generative process):
 *     Ghat_n = exp(-n^2/(2 sigma^2)) / (sqrt(2 pi) sigma),   n = 0, 1, 2, ...
 * with sigma in units of the Fourier index; covariance G(d) = sum over all integers
 * of Ghat_|n| e^{ind}; G(0) = 1 up to exp(-2 pi^2 sigma^2).                 */
#ifndef BN_GP_H
#define BN_GP_H

#include <basin/mat.h>
#include <basin/rng.h>

double bn_gp_spectrum(double sigma, size_t n);

/* Harmonics whose standard deviation is above 2^-60 of the largest: the highest
 * n that a double can see.                                                  */
size_t bn_gp_harmonics(double sigma);

/* G at lags 2 pi m / M. */
void bn_gp_covariance(double sigma, size_t m, double *covariance);

/* Coefficients (basis of fourier.h) of independent curves: row i is drawn from
 * unit `first + i`, column k from step k, with variance Ghat of its harmonic.
 * coefficients [n, 2 h + 1] for h harmonics.                                */
BN_MUST_USE bn_status bn_gp_sample(double sigma, struct bn_rng rng, uint64_t first,
                                   struct bn_mat *coefficients);

#endif
