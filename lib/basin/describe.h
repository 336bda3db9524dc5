/* SPDX-License-Identifier: MIT
 * describe: what a population of tuning curves on the ring looks like.  Floor 5.
 *
 * Curves are rates on M grid angles; docs/science/population.md has the definitions. */
#ifndef BN_DESCRIBE_H
#define BN_DESCRIBE_H

#include <basin/mat.h>
#include <basin/rng.h>

/* Local maxima on the circle (first and last angle are neighbours) whose z-score
 * (r - mean)/sd, over angles, is above `level`; a plateau that falls on both sides is
 * one.  height [most] (may be NULL): rates of the highest peaks of any z, in falling
 * order, 0 where there are no more.  A constant curve has none.             */
BN_MUST_USE bn_status bn_describe_peaks(const double *rate, size_t m, double level,
                                        size_t *count, double *height, size_t most);

/* Pearson correlation of a curve with its mirror image about `centre` (rad), from its
 * coefficients c [r] (fourier.h; r odd):
 *     sum_n (a_n^2 - b_n^2) / sum_n (a_n^2 + b_n^2)
 * with a_n, b_n the cosine and sine coefficients about the centre, n >= 1.  1 for an
 * even curve, -1 for an odd one; 0 for a constant, which has none.          */
double bn_describe_symmetry(const double *c, size_t r, double centre);

/* Information per spike, mean_theta (r/rbar) log2(r/rbar), bit (Skaggs, McNaughton,
 * Gothard & Markus 1993, all angles equally often).                         */
double bn_describe_information(const double *rate, size_t m);

/* Kuiper's V = D+ + D- of n angles (rad, any turn) against the uniform law, and the
 * probability of a larger one, Q((sqrt n + 0.155 + 0.24/sqrt n) V) with
 * Q(x) = 2 sum_j (4 j^2 x^2 - 1) exp(-2 j^2 x^2) (Stephens 1970; to about 0.003 for
 * n >= 10).  BN_INPUT: no angles.                                           */
BN_MUST_USE bn_status bn_describe_kuiper(const double *angle, size_t n, double *statistic,
                                         double *p);

/* Adjusted p-values of Benjamini & Hochberg (1995): q_i = min over p_j >= p_i of
 * n p_j / rank(j), at most 1.  Rejecting q <= a keeps the expected share of false
 * rejections at or below a.                                                 */
BN_MUST_USE bn_status bn_describe_discoveries(const double *p, size_t n, double *q);

/* Circularity of C = (1/n) sum_i f_i(theta) f_i(theta') over n curves without their
 * means: |part of C that depends on theta - theta' alone|^2 / |C|^2 (Frobenius).
 * c [N, r] coefficients (r odd, column 0 unused); cells [k] ascending numbers, 1 .. N;
 * share [k, subsets]: one random order of all cells per subset (unit of rng), of which
 * the first n are taken.                                                    */
BN_MUST_USE bn_status bn_describe_circularity(const struct bn_mat *c, const size_t *cells,
                                              struct bn_rng rng, struct bn_mat *share);

/* What is expected for n cells if each of the N curves were turned by an angle of its
 * own, uniform and independent (ratio of expectations).  With P_n = |fhat_n|^2 and sums
 * over n != 0, U = <sum P_n^2>, T = <(sum P_n)^2>, V = sum <P_n>^2:
 *     (U/n + (1 - 1/n) V) / (T/n + (1 - 1/n) V);   cosines: n/(n + 1).      */
void bn_describe_circularity_expected(const struct bn_mat *c, const size_t *cells, size_t k,
                                      double *share);

#endif
