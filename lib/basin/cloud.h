/* SPDX-License-Identifier: MIT
 * cloud: points in the space of a population's states, thinned, and how far apart.  Floor 3.
 *
 * Rates [N, P] are P points of N coordinates.  Everything is per neuron: the distance of two
 * points is the root mean square of their difference over neurons.           */
#ifndef BN_CLOUD_H
#define BN_CLOUD_H

#include <basin/mat.h>
#include <basin/rng.h>

/* --- principal components ----------------------------------------------------------------- */

struct bn_principal {
    double constant;                     /* mean square of the cells' means: the eigenvalue of
                                            the constant, if nothing else has a mean */
    size_t values;                       /* min(N, P) */
    double *value;                       /* [values] eigenvalues, descending */
    struct bn_mat scores;                /* [P, K] points along the K leading components */
    struct bn_mat loadings;              /* [K, N] of the neurons; mean square: the value */
};
/* Of the covariance C(p, p') = (1/N) sum_i (r_i(p) - m_i)(r_i(p') - m_i) as an operator on the
 * points, which count with the positive weights w (sum 1): its eigenvalues are those of
 * sqrt(w_p w_p') C(p, p').  m_i is the weighted mean of cell i, so the constant is no
 * eigenfunction here and has a number of its own.  keep bounds K.  The smaller of [P, P] and
 * [N, N] is formed.                                                          */
BN_MUST_USE bn_status bn_cloud_components(const struct bn_mat *rate, const double *w,
                                          size_t keep, struct bn_principal *c);
void bn_principal_free(struct bn_principal *c);        /* accepts an empty one */

/* Points [rows, D] of a Gaussian cloud with these variances: a cloud without any shape but that
 * which its covariance tells.                                                */
void bn_cloud_noise(const double *variance, struct bn_rng rng, uint64_t unit,
                    struct bn_mat *x);

/* --- distances ---------------------------------------------------------------------------- */

enum bn_metric { BN_EUCLIDEAN,
                 BN_COSINE,              /* chord of unit vectors, sqrt(2 - 2 cos) */
                 BN_GEODESIC };          /* shortest way through a graph of neighbours */
BN_MUST_USE bn_status bn_metric_parse(const char *name, enum bn_metric *metric);

/* index [*kept]: the points that are left, in their order, when the share of the points whose
 * distance (Euclidean) to their k-th neighbour is largest is left out.        */
BN_MUST_USE bn_status bn_cloud_densest(const struct bn_mat *x, size_t k, double share,
                                       size_t *index, size_t *kept);

/* Landmarks by max-min: from the first point on, each is the point farthest from those before
 * it; then distance [count, count], and *cover, the largest distance of any point to its
 * landmark.  BN_GEODESIC: the graph joins each point to its `neighbours` nearest ones and holds
 * the minimum spanning tree, so that it is connected.                        */
BN_MUST_USE bn_status bn_cloud_landmarks(const struct bn_mat *x, enum bn_metric metric,
                                         size_t neighbours, size_t *index,
                                         struct bn_mat *distance, double *cover);

#endif
