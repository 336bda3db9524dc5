/* SPDX-License-Identifier: MIT
 * fit: the Gaussian process whose rates have the covariance of given curves.  Floor 6;
 * the sole includer of nlopt.h.
 *
 * Covariance coefficients of curves r_i (Clark, Abbott & Sompolinsky 2025):
 *     C_n = (1/N) sum_i |rhat_i,n|^2,  rhat_n = (1/2 pi) int r e^{-i n theta},
 * n = 0 .. n_hat - 1; the mean autocovariance of the curves is sum_n C_|n| e^{i n d}.
 * Model: x ~ GP with spectrum exp(-n^2/(2 sigma^2))/(sqrt(2 pi) sigma), r = phi(x).
 * Distance of a model from curves with coefficients D_n:
 *     loss = sqrt( sum_n (D_n - C_n)^2 / sum_{n >= 1} D_n^2 ).
 * All numbers are pure.                                                     */
#ifndef BN_FIT_H
#define BN_FIT_H

#include <basin/mat.h>
#include <basin/rng.h>

enum bn_fit_process {
    BN_FIT_ERF,                          /* closed form for b = 0, else quadrature */
    BN_FIT_SOFTPLUS,                     /* quadrature */
    BN_FIT_NORMALISED                    /* softplus, each curve over its own mean: fixed
                                            draws, the same for every point */
};

enum { BN_FIT_SIGMA, BN_FIT_BETA, BN_FIT_THRESHOLD, BN_FIT_PARAMETERS };

/* Where to look; low = high holds a parameter. */
struct bn_fit_box {
    double low[BN_FIT_PARAMETERS], high[BN_FIT_PARAMETERS];
};

typedef struct bn_fit bn_fit;

/* n_hat coefficients from curves on `angles` angles.  BN_FIT_NORMALISED averages over
 * `curves` draws (unit i of rng is curve i) and serves sigma up to `widest`; for the
 * others draws and rng are not used.  BN_USAGE: fewer than 2 n_hat angles, an odd number,
 * or too few for the harmonics of `widest`.                                            */
BN_MUST_USE bn_status bn_fit_new(bn_fit **f, enum bn_fit_process process, size_t n_hat,
                                 size_t angles, size_t curves, double widest,
                                 struct bn_rng rng);
void bn_fit_free(bn_fit *f);

/* Coefficients of curves [N, M]: hat [n_hat], and the covariance of that mean over
 * independent rows, spread [n_hat, n_hat] (N >= 2).                         */
BN_MUST_USE bn_status bn_fit_curves(const struct bn_mat *rate, size_t n_hat, double *hat,
                                    struct bn_mat *spread);

/* The model's coefficients at point p (sigma, beta, threshold): a smooth function of p,
 * the same bits for any number of threads.  `share` in (0, 1]: only the first part of
 * the draws.  BN_NUMERIC if a curve has no rate at all.                     */
BN_MUST_USE bn_status bn_fit_model(const bn_fit *f, const double p[BN_FIT_PARAMETERS],
                                   double share, double *hat);
double bn_fit_distance(const double *data, const double *model, size_t n_hat);

/* The smallest loss in the box: BOBYQA (Powell 2009, in NLopt) from `start` and from
 * starts - 1 uniform points of rng, on an eighth of the draws; then from the best end
 * with all of them.  best [3]; ends [starts, 4] (may be NULL): where each start came
 * to and the loss there with all draws.                                     */
BN_MUST_USE bn_status bn_fit_search(const bn_fit *f, const double *data,
                                    const struct bn_fit_box *box, const double *start,
                                    size_t starts, struct bn_rng rng, double *best,
                                    double *loss, struct bn_mat *ends);

/* Sampling covariance [3, 3] of the fitted point, to first order: with J = dC/dp and
 * A = (J^T J)^-1 J^T it is A (spread (1 + rows/draws)) A^T, `rows` the number of curves
 * behind spread; rows and columns of held parameters are zero.  It is that of the
 * point in the interior of the box.  BN_NUMERIC if C does not tell the parameters apart. */
BN_MUST_USE bn_status bn_fit_errors(const bn_fit *f, const struct bn_fit_box *box,
                                    const double *p, const struct bn_mat *spread,
                                    size_t rows, struct bn_mat *covariance);

/* loss [na, nb] where parameters a and b take the values of the axes, the third that
 * of p.                                                                     */
BN_MUST_USE bn_status bn_fit_landscape(const bn_fit *f, const double *data, const double *p,
                                       int a, const double *axis_a, int b,
                                       const double *axis_b, struct bn_mat *loss);

#endif
