/* SPDX-License-Identifier: MIT
 * lawfit: one-dimensional laws fitted by maximum likelihood, and compared.  Floor 4; with
 * fieldlaw the sole caller of GSL.
 *
 * law          parameters           density or probability
 * size         beta                 (2 beta/D) s^(2/D - 1) exp(-beta s^(2/D)): s^(2/D) is
 *                                   exponential (docs/science/place.md); D = 1: Rayleigh
 * exponential  mean
 * gamma        shape, scale
 * lognormal    mean and standard deviation of the logarithm
 * poisson      mean                 of counts 0, 1, 2 ...
 * truncated    mean                 the same of counts >= 1: zeros are not seen.  The
 *                                   parameter is the mean with them (Eq. 5 of Mainali et al.)
 * negative     mean, dispersion     variance = mean + dispersion mean^2; gamma propensities
 *                                   of shape 1/dispersion; 0: Poisson                */
#ifndef BN_LAWFIT_H
#define BN_LAWFIT_H

#include <basin/err.h>

enum bn_law { BN_LAW_SIZE, BN_LAW_EXPONENTIAL, BN_LAW_GAMMA, BN_LAW_LOGNORMAL, BN_LAW_POISSON,
              BN_LAW_TRUNCATED, BN_LAW_NEGATIVE };

struct bn_lawfit {
    enum bn_law law;
    size_t dimensions;                   /* of BN_LAW_SIZE */
    size_t parameters;
    double parameter[2];
    double loglik, aic, bic;             /* 2 k - 2 log L and k log n - 2 log L */
    double ks, p;                        /* Kolmogorov & Smirnov's largest distance, and the
                                            probability of a larger one for a law with *given*
                                            parameters (Stephens 1970).  Here they come from
                                            the same data, and for counts the law has steps:
                                            true probabilities are smaller and larger     */
};

const char *bn_law_name(enum bn_law law);

/* x [n], of which a copy is sorted.  BN_INPUT: fewer than 2 values, a value that the law
 * cannot give (not positive; not a count; for `truncated` 0), all the same for a law with two
 * parameters.                                                                   */
BN_MUST_USE bn_status bn_lawfit(enum bn_law law, size_t dimensions, const double *x, size_t n,
                                struct bn_lawfit *fit);

/* The fitted law: P(x <= .), and density (counts: probability), both 0 below its range. */
double bn_law_cdf(const struct bn_lawfit *fit, double x);
double bn_law_density(const struct bn_lawfit *fit, double x);

/* m of m/(1 - e^-m) = mean: from the mean of what is seen of Poisson counts, without the
 * zeros, their mean with them (0 for a mean of 1 or less).                       */
double bn_law_untruncated(double mean);

/* Q(d) = 2 sum_j (-1)^(j-1) exp(-2 j^2 x^2), x = (sqrt n + 0.12 + 0.11/sqrt n) d.  */
double bn_law_kolmogorov(double d, size_t n);

/* Mean, standard deviation (n in the denominator), skewness and excess kurtosis. */
struct bn_moments { double mean, sd, skew, kurtosis; };
struct bn_moments bn_law_moments(const double *x, size_t n);

/* Slope of the least-squares line y = a + b x and its standard error; 0 and 0 if all x are
 * the same.                                                                     */
double bn_law_slope(const double *x, const double *y, size_t n, double *error);

#endif
