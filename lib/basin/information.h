/* SPDX-License-Identifier: MIT
 * information: how much a cell's spikes say of the place.  Floor 5.
 *
 * Over bins b with share p_b of the time and rate r_b, mean rate r = sum p r_b:
 *     information  I = sum_b p_b (r_b/r) log2(r_b/r) bits per spike, r I bits per second
 *                  (Skaggs, McNaughton, Gothard & Markus 1993)
 *     sparsity     r^2/sum p_b r_b^2
 *     coherence    atanh of the correlation between a bin's rate, unsmoothed, and the mean of
 *                  its neighbours' (8, or 2 on a line; Muller & Kubie 1989)
 * Information of few spikes is biased upwards, so that it is compared with that of the same
 * spikes at other times: the train is shifted around the circle of all time that counts,
 * p = (1 + number of shifts with as much)/(1 + number of shifts).                   */
#ifndef BN_INFORMATION_H
#define BN_INFORMATION_H

#include <basin/ratemap.h>
#include <basin/rng.h>

struct bn_information {
    double per_spike, per_second, sparsity, mean;        /* bits, bits/s, 1, Hz */
};
/* All 0 but for sparsity 1 if the rate is 0 throughout. */
struct bn_information bn_information(const double *rate, const double *seconds, size_t bins,
                                     double least);

/* Correlations are cut to +-(1 - 1e-12), so that coherence is finite; 0 where there are
 * fewer than three bins or no variance.                                            */
double bn_coherence(const double *raw, const double *seconds, const size_t count[2],
                    double least);
/* Pearson's correlation of two maps over the bins where both have `least` seconds. */
double bn_map_correlation(const double *a, const double *seconds_a, const double *b,
                          const double *seconds_b, size_t bins, double least);

/* The visits in which a unit fired, and how often. */
struct bn_firing {
    uint64_t unit;                       /* whose random numbers it draws */
    size_t n;
    uint32_t *visit, *spikes;
};
/* Of spikes [visits]. */
BN_MUST_USE bn_status bn_firing_new(struct bn_firing *f, uint64_t unit, const double *spikes,
                                    size_t visits);
void bn_firing_free(struct bn_firing *f);

struct bn_shuffles {
    size_t n;
    double shift_min;                    /* s; no shift is nearer to 0 */
    double least;                        /* s; bins with less are not looked at */
    struct bn_rng rng;
};
/* For each of `rows` units: per_spike [rows, n] of its shifted trains, sorted upwards.  On
 * all threads; their number does not matter.  BN_USAGE if less than twice shift_min counts.  */
BN_MUST_USE bn_status bn_information_shuffle(const struct bn_visits *v,
                                             const struct bn_blunt *g,
                                             const struct bn_firing *firing, size_t rows,
                                             const struct bn_shuffles *s, double *per_spike);
/* (1 + how many are >= x)/(1 + n), of n sorted values. */
double bn_shuffle_p(const double *sorted, size_t n, double x);

#endif
