/* SPDX-License-Identifier: MIT
 * cells: populations of cells whose currents are Gaussian maps on a manifold.  Floor 8.
 *
 *     current  x_i = h_i             with a rate function phi, or
 *              x_i = h_i - theta_i   with phi(x) = beta [x]_+ (transfer.h: threshold, b = 0),
 * h_i independent maps of variance 1 (maps.h), theta_i a threshold of each cell's own.
 * Sources: Mainali, Azeredo da Silveira & Burak (2025); Rich, Liaw & Lee (2014).
 *
 * Thresholds of cells (docs/science/maps.md):
 *     fixed    theta
 *     gamma    sqrt(-2 ln(2 pi sigma_c g)), 0 where that root is not real: the threshold at
 *              which the process makes g fields per length along a line, g ~ Gamma(shape) x
 *              scale a propensity
 *     skewed   |theta - delta sqrt(2/pi) + spread s| + 0.4, s skew normal with a = -5,
 *              delta = a/sqrt(1 + a^2)
 *
 * Grid cells (periods > 1): the manifold, a torus or a hexagon, has periods x periods unit
 * cells, and h = sqrt(eta) h_1 + sqrt(1 - eta) h_2, where h_1 is a map of one unit cell, the
 * same in each, and h_2 a map of the whole with a kernel of its own: eta = 1 is an exact
 * grid, eta = 0 a population whose period is the whole.                         */
#ifndef BN_CELLS_H
#define BN_CELLS_H

#include <basin/maps.h>
#include <basin/transfer.h>

enum bn_thresholds { BN_THRESHOLDS_FIXED, BN_THRESHOLDS_GAMMA, BN_THRESHOLDS_SKEWED };

struct bn_cells {
    struct bn_manifold manifold;
    struct bn_kernel kernel, whole;      /* whole: of h_2 */
    size_t periods;                      /* 1: no h_2 */
    double eta;
    struct bn_transfer transfer;         /* kind threshold: b is 0, thresholds follow */
    enum bn_thresholds thresholds;
    double theta, spread, shape, scale;
};

BN_MUST_USE bn_status bn_cells_check(const struct bn_cells *c);

/* h of cells first, first + 1, ... [n, M]; r of h between two points. */
BN_MUST_USE bn_status bn_cells_maps(const struct bn_cells *c, struct bn_rng rng,
                                    uint64_t first, struct bn_mat *h);
double bn_cells_correlation(const struct bn_cells *c, const double *a, const double *b);

/* theta [n] and, for gamma, propensity [n] (NULL: not wanted) of cells 0 .. n - 1. */
void bn_cells_thresholds(const struct bn_cells *c, struct bn_rng rng, size_t n, double *theta,
                         double *propensity);

/* What cells with these thresholds have in the mean over themselves and over all maps: E f
 * and E f^2, and the share that is above threshold (kind threshold; else 0).    */
struct bn_cells_means {
    double rate, square, active;
};
BN_MUST_USE bn_status bn_cells_theory(const struct bn_cells *c, const double *theta, size_t n,
                                      struct bn_cells_means *means);
/* The same of rates [n, M] with quadrature weights [M]. */
struct bn_cells_means bn_cells_sampled(const struct bn_mat *rate, const double *quadrature);

/* Mean over the cells of E f(p) f(q) where the covariance of h at p and q is g [k] and its
 * variance g0.                                                                  */
BN_MUST_USE bn_status bn_cells_products(const struct bn_cells *c, const double *theta, size_t n,
                                        double g0, const double *g, size_t k, double *product);

/* Pairs of grid points in bins of equal width by their distance, the first of which is of a
 * point with itself, up to five lengths or as far as the manifold goes; the same pairs for
 * the same manifold.  Means over the pairs of a bin and over cells of x(p) x(q) and
 * f(p) f(q), predicted from the correlation and sampled.  Arrays [bins]; all in one block,
 * free(p->distance).                                                           */
struct bn_cells_pairs {
    size_t bins;
    double *distance, *current, *current_sampled, *rate, *rate_sampled;
};
BN_MUST_USE bn_status bn_cells_pairs(const struct bn_cells *c, const double *theta,
                                     const struct bn_mat *current, const struct bn_mat *rate,
                                     struct bn_cells_pairs *p);

#endif
