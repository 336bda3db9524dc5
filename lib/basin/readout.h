/* SPDX-License-Identifier: MIT
 * readout: from spike counts in many time bins to positions.  Floor 6.
 *
 * All of these are one product and one largest element,
 *     S[t, p] = sum_i n_ti W_i(p) + c(p),   xhat_t = argmax_p S[t, p]:
 *     overlap       W = f/N,                      c = 0
 *     cosine        W = f/|f(p)|,                 c = 0        (over cells; S / |n_t|)
 *     correlation   W = (f - fbar(p))/|f - fbar|, c = 0        (S / |n_t - nbar_t|)
 *     poisson       W = ln(T f + T floor),        c = -T sum_i f_i(p)
 * with rates f_i(p) in Hz and windows T: S of poisson is the log likelihood but for terms
 * that do not depend on p.  The product goes by blocks of bins and panels of points that
 * stay in the cache until their largest elements are found; no T x P matrix exists.
 *
 * xhat is refined between grid points by the quadratic form through the scores around the
 * largest one, mixed terms included (a form without them is wrong for tilted peaks).  Bins
 * without any spike have no overlap; there every kind answers the candidate with the least
 * sum of rates, as poisson does by itself.                                        */
#ifndef BN_READOUT_H
#define BN_READOUT_H

#include <basin/axes.h>

enum bn_readout_kind { BN_READ_OVERLAP, BN_READ_COSINE, BN_READ_CORRELATION, BN_READ_POISSON };

const char *bn_readout_name(enum bn_readout_kind kind);

/* What is decoded with: maps on a grid. */
struct bn_read_maps {
    const struct bn_axes *axes;
    const struct bn_mat *rate;           /* [N, P] Hz */
    const double *share;                 /* [P] prior, any scale; 0: no candidate.  NULL: the
                                            quadrature, inside */
    double window, floor;                /* T in s; Hz */
};

/* Subsets of cells that contain each other: the first size[k] of `order`. */
struct bn_nested {
    const size_t *order;                 /* [N] */
    const size_t *size;                  /* [sizes], ascending, from 1 to N */
    size_t sizes;
};

typedef struct bn_readout bn_readout;

/* nested = NULL: all cells, one size.  Several sizes: overlap and poisson only.  BN_INPUT if
 * a rate is negative or not finite, or if no point is a candidate.               */
BN_MUST_USE bn_status bn_readout_new(bn_readout **r, enum bn_readout_kind kind,
                                     const struct bn_read_maps *maps,
                                     const struct bn_nested *nested);
void bn_readout_free(bn_readout *r);                     /* accepts NULL */

/* counts [T, N], not negative, to positions [T, D], one matrix per size.  bits (NULL: not
 * wanted), [sizes, T]: relative entropy of the posterior to the prior (poisson), the
 * information that a bin gave; its mean over bins estimates I(x; n).             */
BN_MUST_USE bn_status bn_readout_decode(const bn_readout *r, const struct bn_mat *counts,
                                        struct bn_mat *position, struct bn_mat *bits);

/* Scores of all cells [T, P]; points that are no candidates get -1e300. */
BN_MUST_USE bn_status bn_readout_scores(const bn_readout *r, const struct bn_mat *counts,
                                        struct bn_mat *score);

/* The prior, sum 1, [P]. */
const double *bn_readout_prior(const bn_readout *r);

/* Position of the largest score near the grid point `best`: scores are asked one by one. */
typedef double bn_score(const void *context, size_t point);
void bn_readout_refine(const struct bn_axes *l, const double *prior, size_t best,
                       bn_score *score, const void *context, double *position);

/* Population vector on manifolds that come round: coordinate d = arg sum_p m(p) e^(i x_d(p)),
 * m the overlap, which is never negative: arg sum_i n_i F_i.  BN_USAGE on others. */
BN_MUST_USE bn_status bn_readout_vector(const struct bn_read_maps *maps,
                                        const struct bn_mat *counts,
                                        struct bn_mat *position);

#endif
