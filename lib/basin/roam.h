/* SPDX-License-Identifier: MIT
 * roam: where states of a network go on a manifold of any dimension, by simulation.  Floor 8.
 *
 * The network of diagnose.h, whose `harmonics` must say what the manifold is, runs by Euler
 * steps (network.h) in units of tau.  The position of a state is the nearest point of the
 * manifold, argmin_p |x - x*(p)| (decode.h).  Positions are rows of D coordinates,
 * displacements rows of D components (manifold.h).                             */
#ifndef BN_ROAM_H
#define BN_ROAM_H

#include <basin/diagnose.h>
#include <basin/rng.h>

/* Called now and then with the share of the running simulation that is done. */
typedef void bn_roam_progress(void *context, double done);

typedef struct bn_roam bn_roam;
/* dt: Euler step, tau; progress may be NULL.  Borrows from net. */
BN_MUST_USE bn_status bn_roam_new(bn_roam **r, const struct bn_ring_network *net, double dt,
                                  bn_roam_progress *progress, void *context);
void bn_roam_free(bn_roam *r);           /* accepts NULL */

/* Positions [T, D] of states x [T, N], and |x - x*(position)|/sqrt N (may be NULL). */
BN_MUST_USE bn_status bn_roam_locate(const bn_roam *r, const struct bn_mat *x, double *at,
                                     double *distance);
/* Let states run for `time`. */
BN_MUST_USE bn_status bn_roam_relax(const bn_roam *r, struct bn_mat *x, double time);

/* Drift: from x* at points [count, D] relax, locate, locate again `window` later; the
 * displacement per tau, drift [count, D], and the position half-way, at [count, D]. */
BN_MUST_USE bn_status bn_roam_drift(const bn_roam *r, const double *points, size_t count,
                                    double relax, double window, double *at, double *drift);

/* Persistence: what is left at ascending times of states that began at x*(points). */
struct bn_stay {
    double time;                         /* tau */
    double share;                        /* S: moved by less than `near` */
    double median;                       /* of the distance moved */
};
/* x [count, N] holds x*(points) and is run to the last time; at [count, D] is where it is
 * then; moved [count, times].                                                */
BN_MUST_USE bn_status bn_roam_stay(const bn_roam *r, const double *points, double near,
                                   struct bn_mat *x, struct bn_stay *stay, size_t times,
                                   double *at, struct bn_mat *moved);
/* Time at which S passes 1/2, on a straight line in log time between two of them (from S = 1
 * at a hundredth of the first); infinite if it does not.                      */
double bn_roam_half(const struct bn_stay *stay, size_t times);

/* Capture: from x* + noise whose length is `relative` times the spread (rms |x* - mean|), run
 * for `time`: the share that is within `near` of where it began, and the distance from the
 * manifold over that at the start, mean over points.                          */
BN_MUST_USE bn_status bn_roam_capture(const bn_roam *r, const double *points, size_t count,
                                      double relative, double spread, double near, double time,
                                      struct bn_rng rng, double *captured, double *left);

/* End states: rows of x belong together where their cosine is above 0.99 and they are nearer
 * than `near`; group [T] numbers them from 0 in the order of their first member.  The
 * number of groups, and exp(-sum p log p) of their shares.                     */
size_t bn_roam_groups(const bn_roam *r, const struct bn_mat *x, const double *at, double near,
                      size_t *group, double *effective);

#endif
