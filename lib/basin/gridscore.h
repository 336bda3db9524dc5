/* SPDX-License-Identifier: MIT
 * gridscore: does a map in the plane repeat on a hexagonal lattice?  Floor 4.
 *
 * The autocorrelogram is Pearson's correlation of the map with its shifted self, over the
 * bins that overlap (Sargolini et al. 2006): dividing by the number of all bins would pull
 * its peaks inwards.  Its central peak ends where the mean over angles first turns or
 * crosses 0.  Of the maxima beyond, each the largest within that radius, the six nearest
 * give the spacing (median distance) and the orientation (mean angle modulo 60 degrees).
 * Score: on the annulus from half to one and a half spacings,
 *     min(c(60), c(120)) - max(c(30), c(90), c(150)),
 * c(a) the correlation of the annulus with itself turned by a degrees.  An endless
 * hexagonal lattice of cosines has 1.335, a square one -1.202.                                  */
#ifndef BN_GRIDSCORE_H
#define BN_GRIDSCORE_H

#include <basin/err.h>

/* Value of bin (i, j) at i step[0] + j step[1] in the plane, so the (u, v) grid of a
 * hexagonal torus is a map, too.                                                    */
struct bn_plane {
    const double *value;                 /* [count[0], count[1]]; NaN: unknown */
    size_t count[2];
    double step[2][2];                   /* (x, y) of a step along either coordinate */
    bool periodic;                       /* the map goes on, instead of ending at walls */
};

/* Correlation at lag (i, j), i in [-(count[0] - 1), count[0] - 1], in
 * r [2 count[0] - 1, 2 count[1] - 1]; NaN where fewer than `overlap` bins overlap or where
 * they are all equal.  BN_INPUT: fewer than 3 bins along a coordinate.                */
BN_MUST_USE bn_status bn_autocorrelogram(const struct bn_plane *p, size_t overlap, double *r);

struct bn_gridscore {
    double score;                        /* in [-2, 2]; 0 if peaks is 0 */
    double spacing;                      /* in the unit of step */
    double orientation;                  /* of a lattice vector, [0, pi/3) */
    double centre;                       /* radius of the central peak */
    double rotated[3];                   /* c(30) = c(150), c(60) = c(120), c(90) */
    size_t peaks;                        /* how many of six; 0: nothing repeats, all else 0 */
};
/* With an overlap of 20 bins.                                                       */
BN_MUST_USE bn_status bn_gridscore(const struct bn_plane *p, struct bn_gridscore *g);

#endif
