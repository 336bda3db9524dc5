/* SPDX-License-Identifier: MIT
 * blur: Gaussians of the distance applied to functions on a grid.  Floor 6.
 *
 *     to(p) = sum_q exp(-d(p, q)^2/(2 width^2)) from(q),   d <= 9 widths (the rest is below
 *                                                          rounding)
 * not normalised: what is divided by what differs between smoothing and random walks.  On
 * flat rectangles d^2 is a sum over coordinates and the Gaussian a product: one coordinate
 * after the other.  On hexagon and sphere the weights of each point are listed.    */
#ifndef BN_BLUR_H
#define BN_BLUR_H

#include <basin/axes.h>

typedef struct bn_blur bn_blur;

/* The axes must outlive it.  BN_USAGE if the width is not above 0, or if the list of a
 * hexagon or sphere would have more than 2^28 weights.                            */
BN_MUST_USE bn_status bn_blur_new(bn_blur **b, const struct bn_axes *l, double width);
void bn_blur_free(bn_blur *b);                           /* accepts NULL */

/* [P] each, three different arrays. */
void bn_blur_apply(const bn_blur *b, const double *from, double *to, double *scratch);

#endif
