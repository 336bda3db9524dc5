/* SPDX-License-Identifier: MIT
 * fieldlaw: what a thresholded Gaussian field's fields are like, in theory.  Floor 6.
 *
 * f(x) = g [h(x) - theta]_+, h a stationary Gaussian field of variance 1 with sigma_c =
 * sqrt(r(0)/-r''(0)); Q = P(h > theta).  All is in units of sigma_c.  The formulas and where
 * they come from: docs/science/place.md (Rice 1945; Adler & Taylor 2007; Mainali, Azeredo da
 * Silveira & Burak 2025).                                                        */
#ifndef BN_FIELDLAW_H
#define BN_FIELDLAW_H

#include <basin/lattice.h>
#include <basin/lawfit.h>

/* Q(theta), and theta of a share 0 < Q < 1 of space. */
double bn_fieldlaw_share(double theta);
double bn_fieldlaw_threshold(double share);
/* E f, E f^2 (g = 1); their ratio (E f)^2/E f^2 is the sparsity. */
double bn_fieldlaw_mean(double theta);
double bn_fieldlaw_square(double theta);

/* --- expected numbers ---------------------------------------------------------------- */

enum bn_shape_kind { BN_SHAPE_BOX, BN_SHAPE_PERIODIC, BN_SHAPE_SPHERE };
struct bn_domain {
    enum bn_shape_kind kind;
    size_t dimensions;
    double side[BN_DIMENSIONS];          /* in sigma_c; sphere: its radius; a hexagon: two
                                            numbers whose product is the area */
};
/* A lattice's hull (lattice.h) in units of `length` per coordinate. */
struct bn_domain bn_fieldlaw_domain(const struct bn_lattice *g, const double *length);
double bn_fieldlaw_extent(const struct bn_domain *d);        /* in sigma_c^D */

/* Expected Euler characteristic of {h >= u}: sum_j L_j rho_j(u), rho_0 = Q, rho_j =
 * (2 pi)^(-(j+1)/2) He_(j-1)(u) e^(-u^2/2); box: L_j the sums of products of j sides; periodic:
 * only j = D; sphere: 2 Q + 4 pi R^2 rho_2.  In one dimension it is the mean number of
 * fields, walls included; above u ~ 1 nearly so in two and three.                */
double bn_fieldlaw_euler(const struct bn_domain *d, double u);

/* One dimension, endless: fields per length mu, mean size Q/mu, mean gap (1 - Q)/mu. */
double bn_fieldlaw_rate(double theta);
double bn_fieldlaw_size(double theta);
double bn_fieldlaw_gap(double theta);

/* Mean size over all fields of a domain, those cut by walls included: Q extent/number, with
 * the number of bn_fieldlaw_euler (exact in one dimension); and mean gap, one dimension. */
double bn_fieldlaw_mean_size(const struct bn_domain *d, double theta);
double bn_fieldlaw_mean_gap(const struct bn_domain *d, double theta);

/* Peaks per field in one dimension (Rice): a = w2/sqrt(w4), 1/sqrt 3 for exp(-d^2/2). */
double bn_fieldlaw_peaks(double theta, double a);

/* Slope |f'| at a field's edge along a line (g = 1): Rayleigh, k exp(-k^2/2), mean
 * sqrt(pi/2), for every theta.                                                   */
double bn_fieldlaw_slope(double k);

/* --- sizes --------------------------------------------------------------------------- */

/* beta of the size law P(s) = (2 beta/D) s^(2/D - 1) exp(-beta s^(2/D)): of a mean size, and
 * in the limit of high thresholds, where fields are the tops of paraboloids:
 * theta^2/(2 V_D^(2/D)), V_D = 2, pi, 4 pi/3.                                     */
double bn_fieldlaw_beta(size_t dimensions, double mean);
double bn_fieldlaw_beta_limit(size_t dimensions, double theta);
struct bn_lawfit bn_fieldlaw_sizes(size_t dimensions, double beta);   /* to evaluate it */

/* --- silent cells -------------------------------------------------------------------- */

/* Mean count over the cells with a field at all when counts are Poisson of mean n:
 * n/(1 - e^-n) (bn_law_untruncated is its inverse).                               */
double bn_fieldlaw_observed(double n);
/* Share of cells with a field within a length when fields per cell are negative binomial:
 * gamma propensities of shape k, mean number n within the length: 1 - (1 + n/k)^-k. */
double bn_fieldlaw_recruited(double k, double n);

/* --- (sigma_c, theta) of a population ------------------------------------------------ */

/* Each from two means over cells of a lattice's domain, of fields and gaps cut by walls, too,
 * in the lattice's unit; the same length in all directions.
 *     share of space that is active, mean size
 *     mean count, mean size                  (count = share extent/size)
 *     mean gap, mean size                    (one dimension)
 *     mean count over cells that have one, mean size
 * BN_INPUT if no threshold above 0 (three dimensions: 1) and no length gives them.  */
struct bn_fieldlaw { double length, threshold; };
BN_MUST_USE bn_status bn_fieldlaw_from_share(const struct bn_lattice *g, double share,
                                             double size, struct bn_fieldlaw *found);
BN_MUST_USE bn_status bn_fieldlaw_from_count(const struct bn_lattice *g, double count,
                                             double size, struct bn_fieldlaw *found);
BN_MUST_USE bn_status bn_fieldlaw_from_gap(const struct bn_lattice *g, double gap,
                                           double size, struct bn_fieldlaw *found);
BN_MUST_USE bn_status bn_fieldlaw_from_observed(const struct bn_lattice *g, double observed,
                                                double size, struct bn_fieldlaw *found);

#endif
