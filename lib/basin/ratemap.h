/* SPDX-License-Identifier: MIT
 * ratemap: spikes and seconds on a grid of one or two dimensions, and rates.  Floor 4.
 *
 *     rate = (G * spikes)/(G * seconds)
 * with one Gaussian G for both.  What lies beyond a wall is missing from both, so that the
 * rate has no dip there, and a rate that is the same everywhere comes out as it is; smoothing
 * by reflection would count what is near a wall twice.                            */
#ifndef BN_RATEMAP_H
#define BN_RATEMAP_H

#include <basin/err.h>

/* Stretches of time, each in a bin and in fold 0 or 1, in order. */
struct bn_visits {
    size_t n;
    size_t count[2];                     /* bins along each coordinate; {M, 1} on a line */
    size_t *bin, *fold;
    double *seconds;
};

/* A Gaussian of `width` bins, cut off at 5 widths; 0: none. */
struct bn_blunt {
    size_t count[2];
    size_t reach;
    double *weight;                      /* [reach + 1] */
};
BN_MUST_USE bn_status bn_blunt_new(struct bn_blunt *g, const size_t count[2], double width);
void bn_blunt_free(struct bn_blunt *g);
/* y = G * x (not normalised); scratch and y have as many bins as x; x is kept. */
void bn_blunt_apply(const struct bn_blunt *g, const double *x, double *scratch, double *y);

/* The sum of x[k] (NULL: the seconds) over visits k to each bin; fold 2: both folds. */
void bn_ratemap_sum(const struct bn_visits *v, const double *x, size_t fold, double *map);

/* rate [bins] of summed spikes and seconds, 0 where `seconds` is below `least` or 0. */
BN_MUST_USE bn_status bn_ratemap_rate(const struct bn_blunt *g, const double *spikes,
                                      const double *seconds, double least, double *rate);

#endif
