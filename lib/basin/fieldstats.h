/* SPDX-License-Identifier: MIT
 * fieldstats: a census in numbers, each beside the theory's.  Floor 8.
 *
 * Sizes are described of fields that no wall cuts, or of all (`walls`); docs/science/place.md
 * has the definitions.                                                          */
#ifndef BN_FIELDSTATS_H
#define BN_FIELDSTATS_H

#include <basin/census.h>
#include <basin/fieldlaw.h>
#include <basin/kernel.h>

enum bn_fieldstat {
    BN_STAT_ACTIVE,                      /* share of space that is active, mean over cells */
    BN_STAT_COUNT, BN_STAT_FANO,         /* fields per cell; variance over mean */
    BN_STAT_SILENT,                      /* share of cells without a field */
    BN_STAT_OBSERVED,                    /* fields per cell that has one */
    BN_STAT_SIZE, BN_STAT_INNER_SIZE,    /* mean size of all; of those that are described */
    BN_STAT_SIZE_CV,                     /* sd over mean of the latter */
    BN_STAT_GAP, BN_STAT_INNER_GAP, BN_STAT_GAP_CV,
    BN_STAT_PEAKS, BN_STAT_SEVERAL,      /* peaks per field; share with more than one */
    BN_STAT_PEAK_EXPONENT,               /* slope of log peak against log V^(1/D) */
    BN_STAT_SKEW, BN_STAT_KURTOSIS,      /* of log size */
    BN_STAT_SIZE_KS, BN_STAT_GAP_KS,     /* distance of s^(2/D) and of gaps, over their mean,
                                            from an exponential of mean 1 */
    BN_STATS
};
/* "fields_per_cell", and its unit ("" : that of sizes, "-": that of gaps). */
const char *bn_fieldstats_name(enum bn_fieldstat k);
const char *bn_fieldstats_unit(enum bn_fieldstat k);

struct bn_fieldstats_plan {
    size_t dimensions;
    bool walls;                          /* sizes of all fields */
};

/* Values [BN_STATS] of all cells, and [groups][BN_STATS] of all but one group of them, for
 * errors by the jackknife (groups: 20, or as many as there are cells; never 1).  A number that
 * is not defined (no gaps, no field without walls) is NAN.                        */
enum { BN_FIELDSTATS_GROUPS = 20 };
struct bn_fieldstats {
    double value[BN_STATS], part[BN_FIELDSTATS_GROUPS][BN_STATS];
    size_t groups;
};
BN_MUST_USE bn_status bn_fieldstats(const struct bn_census *c,
                                    const struct bn_fieldstats_plan *plan,
                                    struct bn_fieldstats *s);
/* Standard error of anything from its values without each group. */
double bn_fieldstats_error(const double *part, size_t groups, size_t stride);

/* What cells with these thresholds [n] have in a domain, in its units of length^D; NAN where
 * there is no theory.  irregularity: of bn_fieldlaw_peaks.  Exponents, skewness and kurtosis
 * are the limits of high thresholds.                                             */
void bn_fieldstats_theory(const struct bn_domain *d, const struct bn_fieldstats_plan *plan,
                          const double *theta, size_t n, double irregularity, double *value);

/* w2/sqrt(w4) of a kernel along a line, for the peaks per field; 0 if it is not known. */
double bn_fieldstats_irregularity(const struct bn_kernel *kernel);

/* sigma_c along coordinate k from maps [N, M] themselves: r = correlation of points one step
 * apart, step/sqrt(-2 log r).  NAN if r is not between 0 and 1.                   */
double bn_fieldstats_length(const struct bn_lattice *g, const struct bn_mat *maps, size_t k);

#endif
