/* SPDX-License-Identifier: MIT
 * fourier: curves on the circle and their harmonics, over FFTW.  Floor 3; the
 * sole includer of fftw3.h (plans by ESTIMATE: the same algorithm every time).
 *
 * Real basis, orthonormal under the mean over the circle:
 *     e_0 = 1,  e_2n-1 = sqrt 2 cos n theta,  e_2n = sqrt 2 sin n theta,
 * so f = sum_k c_k e_k, mean f^2 = sum_k c_k^2, whatever the number of angles.
 * Relation to fhat_n = (1/2pi) int f e^{-i n theta}: fhat_0 = c_0 and
 * fhat_n = (c_2n-1 - i c_2n)/sqrt 2.  For even M the last column (k = M - 1) is
 * the Nyquist term, with e_M-1 = cos(M theta/2) on the grid.                */
#ifndef BN_FOURIER_H
#define BN_FOURIER_H

#include <basin/mat.h>

/* Coefficients of each row: curves [n, M], coefficients [n, R] with R <= M; the
 * first R are kept.                                                         */
BN_MUST_USE bn_status bn_fourier(const struct bn_mat *curves, struct bn_mat *coefficients);

/* Values at theta_m = 2 pi m / M of each row: coefficients [n, R], curves [n, M],
 * R <= M.  With R < M a Nyquist term of another grid is not recognised: pass an
 * odd R.                                                                    */
BN_MUST_USE bn_status bn_fourier_inverse(const struct bn_mat *coefficients,
                                         struct bn_mat *curves);

/* Band-limited interpolation of each row from M to M2 angles (M2 >= M; an even M's
 * Nyquist term is halved between +M/2 and -M/2, as it must be).             */
BN_MUST_USE bn_status bn_fourier_resample(const struct bn_mat *from, struct bn_mat *to);

/* The same between walls, on the middles of M bins of [0, 1]: e_0 = 1, e_n = sqrt 2 cos
 * (n pi x).  values [n, M], coefficients [n, R], R <= M.                    */
BN_MUST_USE bn_status bn_fourier_cosines(const struct bn_mat *values,
                                         struct bn_mat *coefficients);
BN_MUST_USE bn_status bn_fourier_cosines_inverse(const struct bn_mat *coefficients,
                                                 struct bn_mat *values);

/* d/dtheta in place: (c_2n-1, c_2n) -> (n c_2n, -n c_2n-1); Nyquist -> 0. */
void bn_fourier_differentiate(struct bn_mat *coefficients);

/* The first r basis functions, or their derivatives (order 1), at any theta. */
void bn_fourier_basis(double theta, size_t r, int order, double *row);

/* Value and first two derivatives of one row of R coefficients at any theta. */
void bn_fourier_at(const double *c, size_t r, double theta, double f[3]);

/* theta in [0, 2 pi) of the largest (sign = 1) or smallest (sign = -1) value of
 * the curve with R coefficients, given its values on M grid angles: the best grid
 * angle, then Newton within a grid step.  *value is the value there.        */
double bn_fourier_extremum(const double *c, size_t r, const double *grid, size_t m,
                           int sign, double *value);

/* Mean over rows of the circular autocorrelation at lags 2 pi m / M:
 * (1/n) sum_i mean_theta f_i(theta) f_i(theta + lag); `power` [R] are the mean
 * squares of the coefficients, `covariance` [M].                            */
void bn_fourier_power(const struct bn_mat *coefficients, double *power);
BN_MUST_USE bn_status bn_fourier_covariance(const double *power, size_t r, size_t m,
                                            double *covariance);

/* fhat_n, n = 0 .. r/2, of an even function of the lag given on M lags. */
BN_MUST_USE bn_status bn_fourier_even(const double *even, size_t m, double *hat, size_t n);

/* Complex transforms in place of `lanes` lines of length m that lie side by side,
 * z [m][lanes][2]:  z_k <- sum_j z_j e^(sign 2 pi i jk/m), not scaled.  One plan serves
 * many threads; z from bn_alloc.  bn_fourier_lines_free() accepts NULL.      */
typedef struct bn_fourier_lines bn_fourier_lines;
BN_MUST_USE bn_status bn_fourier_lines_new(bn_fourier_lines **lines, size_t m, size_t lanes,
                                           int sign);
void bn_fourier_lines_run(const bn_fourier_lines *lines, double *z);
void bn_fourier_lines_free(bn_fourier_lines *lines);

/* The shortest length from m on that has no prime factor above 7: a fast one. */
size_t bn_fourier_fast(size_t m);

/* Correlation of two maps [n0, n1] in the plane, c(lag) = sum_x a(x) b(x + lag): with zeros
 * around them, lags -(n0 - 1) .. n0 - 1 and likewise, c [2 n0 - 1, 2 n1 - 1]; periodic,
 * lags from 0, c [n0, n1].  Errors are of the order of rounding of the largest |c|.  */
BN_MUST_USE bn_status bn_fourier_correlate(const double *a, const double *b,
                                           const size_t n[2], bool periodic, double *c);

#endif
