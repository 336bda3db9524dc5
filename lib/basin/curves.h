/* SPDX-License-Identifier: MIT
 * curves: from recorded tuning curves to targets of a network.  Floor 5.
 *
 * The steps of ring.md section 5 of the documentation, each by itself; rows are
 * neurons, columns grid angles.                                             */
#ifndef BN_CURVES_H
#define BN_CURVES_H

#include <basin/mat.h>
#include <basin/transfer.h>

/* Each row divided by its own mean; BN_INPUT names a row that has none. */
BN_MUST_USE bn_status bn_curves_unit_mean(struct bn_mat *rate);

enum bn_floor { BN_FLOOR_CLIP, BN_FLOOR_ADD };
/* Rates of unit mean lifted to at least `floor` (clip: max(r, floor); add: r +
 * floor); floored[i] counts the entries of row i that were below.           */
void bn_curves_floor(struct bn_mat *rate, enum bn_floor kind, double floor,
                     int64_t *floored);

/* Each row smoothed on the circle by a wrapped Gaussian of `width` bins. */
BN_MUST_USE bn_status bn_curves_smooth(struct bn_mat *curves, double width);

/* Rows and columns divided by their means alternately, `sweeps` times: the double
 * normalisation of Clark et al. (Sinkhorn).  Ends with the columns; *row_error is the
 * largest |mean - 1| of a row that is left.                                 */
BN_MUST_USE bn_status bn_curves_double_normalise(struct bn_mat *rate, size_t sweeps,
                                                 double *row_error);

#endif
