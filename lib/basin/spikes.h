/* SPDX-License-Identifier: MIT
 * spikes: from a tracked angle and spike times to tuning curves.  Floor 3.
 *
 * Numbers only: where they come from (NWB, MATLAB) is no business of this file.
 * Times are seconds of one clock, angles radians.  A sample of the track holds
 * from its time to the next one's, but no longer than `gap` median steps; seconds
 * and spikes are both counted over exactly these stretches, so
 *     sum_m rate[m] * occupancy[m] = spikes.
 * Bin m of M is centred on theta_m = 2 pi m / M and covers [m - 1/2, m + 1/2).  */
#ifndef BN_SPIKES_H
#define BN_SPIKES_H

#include <basin/err.h>

/* --- what a recording holds; the _free functions accept the zero object --- */
struct bn_track {
    size_t n;
    double *time;                        /* strictly increasing */
    double *angle;                       /* [0, 2 pi); NaN where tracking was lost */
    double *speed;                       /* cm/s, NaN where unknown; NULL: none */
};
struct bn_trains {
    size_t n;                            /* units */
    size_t *end;                         /* unit i: time[end[i-1] .. end[i]), end[-1] = 0 */
    double *time;
};
struct bn_spans {
    size_t n;
    double *start, *stop;                /* half open; sorted and disjoint once merged */
};
void bn_track_free(struct bn_track *t);
void bn_trains_free(struct bn_trains *s);
void bn_spans_free(struct bn_spans *s);
BN_MUST_USE bn_status bn_trains_alloc(struct bn_trains *s, size_t units, size_t spikes);
BN_MUST_USE bn_status bn_spans_alloc(struct bn_spans *s, size_t n);

/* --- cleaning ------------------------------------------------------------- */
/* Drop samples without a usable time (not finite, or more than 1e7 s = 116 days
 * from the median: a clock that was never set), sort by time, drop repeated times.
 * `data` has `width` numbers per sample and moves along.                         */
struct bn_mended { size_t absurd, unsorted, repeated; };
BN_MUST_USE bn_status bn_series_mend(size_t *n, double *time, double *data, size_t width,
                                     struct bn_mended *m);
/* Drop spikes that are not finite, sort each train; counts what was mended. */
BN_MUST_USE bn_status bn_trains_mend(struct bn_trains *s, struct bn_mended *m);
/* Take out the units that are not to be kept. */
void bn_trains_keep(struct bn_trains *s, const bool *keep);
/* Sort, join what overlaps, cut to [first, last); empty spans go. */
void bn_spans_merge(struct bn_spans *s, double first, double last);

/* Of the first longest span. */
size_t bn_spans_longest(const struct bn_spans *s);

/* The median sample step (s).  BN_INPUT: fewer than two samples. */
BN_MUST_USE bn_status bn_track_step(const struct bn_track *t, double *step);

/* In place: to radians in [0, 2 pi).  `unit` is the file's own word, `wanted` one of
 * auto, radians, degrees.  auto goes by the word, checked against the range of the
 * values: beyond one turn in radians they are degrees (*guessed is then true).
 * BN_INPUT: values and word contradict each other; BN_USAGE: `wanted` cannot be.  */
BN_MUST_USE bn_status bn_angle_wrap(double *angle, size_t n, const char *unit,
                                    const char *wanted, bool *guessed);

/* v [t->n, width]: the way from 0.1 s before to 0.1 s after each sample, interpolated
 * linearly between the n positions xy, over 0.2 s; NaN where the positions do not reach. */
void bn_track_velocity(const struct bn_track *t, const double *time, const double *xy,
                       size_t n, size_t width, double *v);

/* Fill t->speed (cm/s): distance between the positions 0.1 s before and 0.1 s after
 * each sample, interpolated linearly, over 0.2 s.  xy is n x width, in cm.        */
BN_MUST_USE bn_status bn_track_speed(struct bn_track *t, const double *time,
                                     const double *xy, size_t n, size_t width);

/* --- counting ------------------------------------------------------------- */
struct bn_binning {
    size_t angles;                       /* M */
    size_t chunks;                       /* equal times of the epoch, in turn folds 0 and 1 */
    double gap;                          /* longest hold of a sample, median steps */
    double speed_min;                    /* cm/s; 0: every sample */
};
enum { BN_FOLDS = 2 };
struct bn_tally {
    size_t angles, units;
    double *occupancy;                   /* [fold, angle] s */
    double *counts;                      /* [unit, fold, angle] */
};
void bn_tally_free(struct bn_tally *t);

/* The spans must be merged.  BN_INPUT: a bin that a fold never visits (where, and
 * how many angles the occupancy does resolve), or not one usable second.          */
BN_MUST_USE bn_status bn_tally_make(struct bn_tally *t, const struct bn_track *track,
                                    const struct bn_trains *trains,
                                    const struct bn_spans *spans,
                                    const struct bn_binning *b);
double bn_tally_spikes(const struct bn_tally *t, size_t unit);
/* Take units with fewer than `minimum` counted spikes out of both. */
BN_MUST_USE bn_status bn_tally_drop(struct bn_tally *t, struct bn_trains *trains,
                                    double minimum, size_t *dropped);

/* --- counting into any bins ----------------------------------------------- */
/* The stretches of the epoch that count, in order: what a sample of the track stands for,
 * where its angle is a number (any, for tracks of something else) and its speed is enough. */
struct bn_stretches {
    size_t n;
    size_t *sample, *fold;
    double *from, *to;
};
void bn_stretches_free(struct bn_stretches *s);
BN_MUST_USE bn_status bn_stretches_make(struct bn_stretches *s, const struct bn_track *track,
                                        const struct bn_spans *spans,
                                        const struct bn_binning *b);
/* spikes[k]: of `unit` within stretch k; returns their sum. */
double bn_stretches_spikes(const struct bn_stretches *s, const struct bn_trains *trains,
                           size_t unit, double *spikes);

/* --- smoothing ------------------------------------------------------------ */
/* Circular smoothing with a wrapped Gaussian of `sigma` bins, weights summing to 1. */
BN_MUST_USE bn_status bn_smooth(const double *x, size_t angles, double sigma, double *y);

/* Per unit u and fold f: the fold's rate counts/occupancy, bins without a spike at
 * `floor` of the fold's mean, smoothed with the one of `sigmas` that makes the other
 * fold's counts most likely, sum_m n log(r) - r occupancy (Poisson; the first of
 * equals).  A fold without spikes, or judged by none, takes the widest.
 * rate[unit, angle] is the mean over folds; chosen[unit, fold] the width in bins.
 * Runs on all threads; the bits do not depend on how many.                          */
BN_MUST_USE bn_status bn_tally_smooth(const struct bn_tally *t, const double *sigmas,
                                      size_t n, double floor, double *rate,
                                      double *chosen);
/* counts/occupancy of both folds together: raw[unit, angle]. */
void bn_tally_raw(const struct bn_tally *t, double *raw);

/* --- curves --------------------------------------------------------------- */
/* Centre of mass on the circle, sum r e^{i theta} / sum r: its angle in [0, 2 pi) and
 * its length in [0, 1].  A curve that is zero everywhere gives 0 and 0.             */
void bn_curve_centre(const double *rate, size_t angles, double *angle, double *length);

/* y(theta) = x(theta - by), linear between neighbouring bins: never negative, the
 * mean is kept.  y must not be x.                                                   */
void bn_curve_rotate(const double *x, size_t angles, double by, double *y);

/* --- behaviour ------------------------------------------------------------ */
struct bn_behaviour {
    size_t n, units;
    double *time;                        /* bin centres, s */
    double *angle;                       /* circular mean in the bin, [0, 2 pi) */
    double *velocity;                    /* rad/s from this centre to the next; the last
                                            repeats, so a running sum gives the angle */
    double *valid;                       /* 1 tracked; 0 interpolated the short way */
    double *counts;                      /* [bin, unit] */
};
void bn_behaviour_free(struct bn_behaviour *b);

/* BN_USAGE: `width` is below the tracking's step or above the span; BN_INPUT: nothing
 * was tracked in [start, stop).                                                      */
BN_MUST_USE bn_status bn_behaviour_make(struct bn_behaviour *b, const struct bn_track *t,
                                        const struct bn_trains *s, double start,
                                        double stop, double width);

#endif
