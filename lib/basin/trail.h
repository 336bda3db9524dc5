/* SPDX-License-Identifier: MIT
 * trail: where an animal was, along a line or in a box.  Floor 5.
 *
 * Positions keep the unit of the file, whatever it is (pixels, too).  Along a line, a
 * position is its part along an axis of the plane; axis and origin say how to come back.  The
 * grid is that of an interval or a box (manifold.h), with the origin at its lower end. */
#ifndef BN_TRAIL_H
#define BN_TRAIL_H

#include <basin/manifold.h>
#include <basin/spikes.h>

enum bn_projection { BN_PRINCIPAL, BN_FIRST, BN_SECOND };

struct bn_trail {
    size_t n, width;                     /* samples, numbers per position: 1 to 3 */
    char unit[16];                       /* for messages; "" until the caller sets it */
    double *time;
    double *xy;                          /* [n, width]; a lost sample is NaN throughout */
    double *velocity;                    /* [n, width] per s, over 0.2 s; NaN where unknown */
    double *speed;                       /* [n] its length */
    /* the line or the plane that is mapped */
    size_t dimensions;
    double axis[BN_DIMENSIONS][BN_DIMENSIONS];   /* unit vectors, [dimensions, width] */
    double *at;                          /* [n, dimensions] along them; NaN */
    double low[BN_DIMENSIONS];           /* `at` of the grid's origin */
    struct bn_manifold grid;
};
void bn_trail_free(struct bn_trail *t);                 /* accepts the zero object */

/* Takes time and xy over in any case (bn_trail_free), and finds the velocities. */
BN_MUST_USE bn_status bn_trail_make(struct bn_trail *t, double *time, double *xy, size_t n,
                                    size_t width);

/* One dimension: the axis of largest variance (its largest component is positive), or a
 * coordinate; two: the first two coordinates.  `counts` [n] says which samples are looked
 * at.  *off (NULL: not wanted) is their standard deviation away from the line.
 * BN_INPUT: one number per sample and two dimensions; nothing counts.               */
BN_MUST_USE bn_status bn_trail_project(struct bn_trail *t, size_t dimensions,
                                       enum bn_projection projection, const bool *counts,
                                       double *off);

/* Velocity of sample k along the line; NaN where unknown.  One dimension only.      */
double bn_trail_heading(const struct bn_trail *t, size_t k);

/* A grid of `bins` along the longer side, from the lowest to the highest position of the
 * samples that count, but for the share `trim` at either end of each coordinate; or from
 * range[2 d] to range[2 d + 1] if n_range is 2 dimensions.  Along the shorter side as many
 * as make bins most nearly square.  BN_INPUT: fewer than 3 bins along a side (data on a line
 * in two dimensions, no movement); BN_USAGE: a range that is none.                  */
BN_MUST_USE bn_status bn_trail_grid(struct bn_trail *t, const bool *counts, size_t bins,
                                    double trim, const double *range, size_t n_range);

/* The bin of sample k, or SIZE_MAX outside of the grid or where it is lost.          */
size_t bn_trail_bin(const struct bn_trail *t, size_t k);

/* On an even grid of `width` s over [start, stop): the mean position in each bin, from the
 * grid's origin and within it, interpolated linearly where lost; speed likewise; valid = 1
 * where at least half of a bin's samples count.  Fails as bn_behaviour_make() does. */
struct bn_path {
    size_t n, units;
    double *time, *position, *speed, *valid;     /* position [n, dimensions] */
    double *counts;                      /* [n, unit] */
};
void bn_path_free(struct bn_path *p);
BN_MUST_USE bn_status bn_path_make(struct bn_path *p, const struct bn_trail *t,
                                   const bool *counts, const struct bn_trains *trains,
                                   double start, double stop, double width);

#endif
