/* SPDX-License-Identifier: MIT
 * population: the tuning curves of all units, of one session or of many pooled.
 * Floor 4.                                                                   */
#ifndef BN_POPULATION_H
#define BN_POPULATION_H

#include <basin/rng.h>
#include <basin/spikes.h>

struct bn_population {
    size_t n, angles;
    bool counted;                        /* from spikes; imported curves have no more
                                            than rate, raw and session */
    double *rate, *raw;                  /* [unit, angle] Hz */
    double *spikes;                      /* [unit] */
    double *smoothing, *smoothing_fold;  /* [unit], [unit, fold] bins */
    double *session;                     /* [unit] */
    double *occupancy;                   /* [angle] s, all sessions */
};
void bn_population_free(struct bn_population *p);

/* Append what a session gave.  BN_INPUT: another number of angles, or curves among
 * spikes.                                                                        */
BN_MUST_USE bn_status bn_population_add(struct bn_population *p, const struct bn_tally *t,
                                        const double *sigmas, size_t n, double floor,
                                        size_t session);
BN_MUST_USE bn_status bn_population_import(struct bn_population *p, const double *rate,
                                           size_t units, size_t angles, size_t session);

/* Append `copies` of the n units that are there, each turned by a random angle of its
 * own (uniform on the circle): unit i of the result is unit i mod n.  Draw k of unit u
 * depends on neither the other units nor the number of copies.                       */
BN_MUST_USE bn_status bn_population_copy(struct bn_population *p, size_t copies,
                                         struct bn_rng random);

/* Centre of mass of each unit's rate: preferred[unit] rad, length[unit]. */
void bn_population_centres(const struct bn_population *p, double *preferred,
                           double *length);

#endif
