/* SPDX-License-Identifier: MIT
 * decode: from the state of a network to a point on its manifold.  Floor 6.
 *
 * overlap    G(theta) = (1/N) sum_i phi*_i(theta) phi_i;  angle = argmax G
 * distance   d(theta)^2 = (1/N) sum_i (x_i - x*_i(theta))^2;  angle = argmin d
 * vector     angle = arg sum_i phi_i e^{i preferred_i}: for networks whose states are
 *            not those of the curves (averaged weights)
 * The first two curves are trigonometric polynomials in theta, so extrema are found by
 * Newton on the polynomial itself, not on a grid.  The same on any manifold, from the best
 * point of a grid and by Newton within the tangent plane; there also
 * cosine     m(p)/sqrt((1/N) sum_i phi*_i(p)^2 (1/N) sum_i phi_i^2), m the overlap: for sparse
 *            codes, whose |phi*(p)| varies                                   */
#ifndef BN_DECODE_H
#define BN_DECODE_H

#include <basin/harmonics.h>

typedef struct bn_decoder bn_decoder;

/* x, phi [N, R]: coefficients (fourier.h) of currents and rates; copied.  At
 * most 2 * harmonics + 1 of each are used: what is above cannot move an extremum
 * visibly and would cost time.                                              */
BN_MUST_USE bn_status bn_decoder_new(bn_decoder **d, const struct bn_mat *x,
                                     const struct bn_mat *phi, size_t harmonics);
void bn_decoder_free(bn_decoder *d);

/* Overlap curves of rates [T, N] on `curve->cols` grid angles (curve [T, m] may be
 * NULL) and their argmax angle[T], rad; the value there peak[T] (may be NULL). */
BN_MUST_USE bn_status bn_decode_overlap(const bn_decoder *d, const struct bn_mat *rate,
                                        struct bn_mat *curve, double *angle, double *peak);

/* Population vector of rates [T, N] with preferred angles [N]. */
void bn_decode_vector(const double *preferred, const struct bn_mat *rate, double *angle);

/* Root-mean-square distance of currents [T, N] to the manifold, per neuron, and
 * the nearest angle (may be NULL).                                          */
BN_MUST_USE bn_status bn_decode_distance(const bn_decoder *d, const struct bn_mat *x,
                                         double *distance, double *angle);

/* --- on any manifold ---------------------------------------------------------------- */

enum bn_score { BN_OVERLAP, BN_COSINE };

/* x, phi [N, R]: coefficients in `h`, which must live as long as the decoder.  On the ring
 * bn_decoder_new() with its `harmonics`.  On other closed manifolds as many functions as carry
 * all but 1e-16 of the mean square of currents, and all but 1e-8 of that of the slopes of
 * rates, of those waves that the grid holds in every direction; between walls all of them. */
BN_MUST_USE bn_status bn_decoder_on(bn_decoder **d, const bn_harmonics *h,
                                    const struct bn_mat *x, const struct bn_mat *phi,
                                    enum bn_score score, size_t harmonics);

/* Where the score of rates [T, N] is largest: point [T, D], its value peak [T] (may be NULL);
 * and the overlap (or cosine) at all points of h's grid, curve [T, M] (may be NULL; on the
 * ring on any number of angles).  The ring has no cosine here.                    */
BN_MUST_USE bn_status bn_decode_position(const bn_decoder *d, const struct bn_mat *rate,
                                         struct bn_mat *curve, double *point, double *peak);
/* bn_decode_distance() with the nearest point [T, D] (may be NULL).               */
BN_MUST_USE bn_status bn_decode_nearest(const bn_decoder *d, const struct bn_mat *x,
                                        double *distance, double *point);

#endif
