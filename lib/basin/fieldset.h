/* SPDX-License-Identifier: MIT
 * fieldset: populations with given fields in one dimension, to compare with.  Floor 6.
 *
 * Each takes its numbers from maps f >= 0 that have fields, runs of f > 0: their coverage
 * phi (share of cells and places with f > 0) and mean length l.
 *     single   one field per cell, phi L long: coverage equal to that of the maps
 *     small    one field per cell, l long
 *     scales   fields of gamma-distributed lengths, shape 3.1647 and mean l, until a cell's
 *              coverage is as near to phi as it gets; they do not overlap, the gaps between
 *              them are those of uniform points, the whole is turned at random and goes round
 *              the end (Eliav et al. 2021, scheme 6, there with flat tops)
 * A field is a parabola 1 - (2 d/length)^2, what fields above a high threshold look like;
 * centres are uniform.                                                            */
#ifndef BN_FIELDSET_H
#define BN_FIELDSET_H

#include <basin/axes.h>
#include <basin/rng.h>

enum bn_fieldset_kind { BN_FIELDSET_SINGLE, BN_FIELDSET_SMALL, BN_FIELDSET_SCALES };

struct bn_fieldset {
    double coverage, length;             /* 1; coordinates' unit */
};
/* Of maps [N, P].  BN_USAGE in two or three dimensions, BN_INPUT where there are no fields
 * or where rates are above 0 everywhere.                                          */
BN_MUST_USE bn_status bn_fieldset_of(const struct bn_axes *a, const struct bn_mat *map,
                                     struct bn_fieldset *s);

/* Maps [N, P] of such cells; cell i draws as unit i. */
BN_MUST_USE bn_status bn_fieldset_draw(const struct bn_axes *a, enum bn_fieldset_kind kind,
                                       const struct bn_fieldset *s, struct bn_rng rng,
                                       struct bn_mat *map);

#endif
