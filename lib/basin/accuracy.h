/* SPDX-License-Identifier: MIT
 * accuracy: how good are decoded positions?  Floor 5.                          */
#ifndef BN_ACCURACY_H
#define BN_ACCURACY_H

#include <basin/manifold.h>

/* The unit of errors that have none: extent^(1/D), the length of a one-dimensional manifold. */
double bn_accuracy_length(const struct bn_manifold *m);

struct bn_accuracy {
    double median, mean, rmse, p99;      /* p99: 99 of 100 errors are not larger */
    double far;                          /* share of errors beyond `limit` */
};
/* Geodesic distances between positions [T, D]; and what they are like. */
void bn_accuracy_errors(const struct bn_manifold *m, const struct bn_mat *truth,
                        const struct bn_mat *decoded, double *error);
BN_MUST_USE bn_status bn_accuracy_of(const double *error, size_t n, double limit,
                                     struct bn_accuracy *a);

/* Coarse bins of equal size, about `wanted` in all (an equal number per coordinate; sphere:
 * twice as many longitudes as latitudes, equal in area; hexagon: in u and v).  */
struct bn_coarse {
    size_t bins, count[BN_DIMENSIONS];
};
struct bn_coarse bn_coarse_make(const struct bn_manifold *m, size_t wanted);
size_t bn_coarse_bin(const struct bn_manifold *m, const struct bn_coarse *b, const double *c);
void bn_coarse_middle(const struct bn_manifold *m, const struct bn_coarse *b, size_t bin,
                      double *c);

/* Counts of (true, decoded) bins, [bins, bins]. */
void bn_accuracy_confusion(const struct bn_manifold *m, const struct bn_coarse *b,
                           const struct bn_mat *truth, const struct bn_mat *decoded,
                           struct bn_mat *confusion);

/* Mutual information (bit) of the two bins; `bias` is the first order in 1/T of its excess
 * (Panzeri & Treves 1996), to be subtracted:
 *     [sum_s (R_s - 1) - (R - 1)]/(2 T ln 2),
 * R_s decoded bins that can occur with true bin s, R in all.  R is the number that did
 * occur; R_s is Panzeri and Treves' estimate of how many would, of those R, given the
 * number that did in T_s tries.                                                  */
BN_MUST_USE bn_status bn_accuracy_bits(const struct bn_mat *confusion, double *bits,
                                       double *bias);

/* Where a decreasing curve y(x) falls to `wanted`, by straight lines in logarithms; false if
 * it does not.  x, y > 0, x ascending; below the first x nothing is known.       */
bool bn_accuracy_crossing(const double *x, const double *y, size_t n, double wanted,
                          double *at);

#endif
