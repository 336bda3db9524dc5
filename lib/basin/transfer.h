/* SPDX-License-Identifier: MIT
 * transfer: rate functions phi, their slopes, inverses and Gaussian averages.
 * Floor 4.
 *
 *     erf        phi(x) = 1 + erf(beta sqrt(pi) (x - b)/2),  phi' = beta exp(-pi beta^2 (x-b)^2/4)
 *     softplus   phi(x) = log(1 + exp(beta (x - b)))/beta,   phi' = 1/(1 + exp(-beta (x - b)))
 *     logistic   phi(x) = 1/(1 + exp(-beta (x - b))),        phi' = beta phi (1 - phi)
 *     tanh       phi(x) = tanh(beta (x - b)),                phi' = beta (1 - phi^2)
 *     threshold  phi(x) = beta [x - b]_+,                    phi' = beta above b, else 0
 *
 * Source: Clark, Abbott & Sompolinsky (2025); logistic and tanh are common; threshold:
 * Mainali, Azeredo da Silveira & Burak (2025).  Currents and rates are in the units in which
 * the current covariance is of order 1.                                     */
#ifndef BN_TRANSFER_H
#define BN_TRANSFER_H

#include <basin/err.h>

enum bn_transfer_kind { BN_TRANSFER_ERF, BN_TRANSFER_SOFTPLUS, BN_TRANSFER_LOGISTIC,
                        BN_TRANSFER_TANH, BN_TRANSFER_THRESHOLD };

struct bn_transfer {
    enum bn_transfer_kind kind;
    double beta;           /* gain, 1/current */
    double threshold;      /* b, current */
};

const char *bn_transfer_name(enum bn_transfer_kind kind);
BN_MUST_USE bn_status bn_transfer_parse(const char *name, enum bn_transfer_kind *kind);

/* Arrays; outputs may be the input. */
void bn_transfer_rate(const struct bn_transfer *t, size_t n, const double *x, double *rate);
void bn_transfer_slope(const struct bn_transfer *t, size_t n, const double *x, double *slope);

/* phi^-1; BN_NUMERIC if a rate is outside the open range of phi, naming which.  So a
 * threshold's rate of 0 is refused: any current up to b would give it.        */
BN_MUST_USE bn_status bn_transfer_current(const struct bn_transfer *t, size_t n,
                                          const double *rate, double *x);

/* E[phi'(x)] and E[phi(x) phi(y)] for zero-mean Gaussians with variance g0 and
 * covariance g, |g| <= g0.  Closed form for erf with b = 0:
 *   E[phi'] = beta/sqrt(1 + pi beta^2 g0/2)
 *   E[phi phi] = 1 + (2/pi) arctan(beta^2 g/sqrt((beta^2 g0 + 2/pi)^2 - beta^4 g^2));
 * and for threshold with any b (bn_gauss_rectified), E[phi'] = beta Phi(-b/sqrt g0);
 * the trapezoidal rule otherwise, to 1e-12 for beta sqrt(g0) up to 35.       */
BN_MUST_USE bn_status bn_transfer_mean_slope(const struct bn_transfer *t, double g0,
                                             double *slope);
BN_MUST_USE bn_status bn_transfer_covariance(const struct bn_transfer *t, double g0,
                                             const double *g, size_t n, double *covariance);

#endif
