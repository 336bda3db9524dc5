/* SPDX-License-Identifier: MIT
 * fieldcurves: what `fields` writes: lists, distributions, curves and fits.  Floor 9.
 *
 * Each curve X of a census stands beside X_theory; outputs of the running stage.  */
#ifndef BN_FIELDCURVES_H
#define BN_FIELDCURVES_H

#include <basin/fieldstats.h>
#include <basin/stage.h>

struct bn_fieldmaps {
    const char *role;
    struct bn_lattice g;
    struct bn_mat excess;                /* [N, M] */
    double *theta;                       /* [N] thresholds; of a recording all the same */
    bool known;                          /* theta is; else it is estimated, and gain is needed */
    double length[BN_DIMENSIONS];        /* sigma_c, 0: not known */
    double gain;                         /* excess = gain (h - theta) */
};

/* Units of sizes and lengths for all that follows, from that of coordinates; and a vector in
 * units of size or length.                                                      */
void bn_fieldcurves_units(const char *length, size_t dimensions);
const char *bn_fieldcurves_unit_size(void);
const char *bn_fieldcurves_unit_length(void);
void bn_fieldcurves_put(const char *name, const double *x, size_t n, const char *unit);

/* Every field and gap, and every cell's number of them. */
void bn_fieldcurves_lists(const struct bn_census *c);
/* Sizes, gaps, numbers, peaks and slopes: densities beside theory; fitted laws. */
void bn_fieldcurves_distributions(const struct bn_fieldmaps *p, const struct bn_census *c,
                                  bool walls);
/* Euler characteristic and pieces at the plan's levels; recruitment in its windows. */
void bn_fieldcurves_levels(const struct bn_fieldmaps *p, const struct bn_census *c,
                           const struct bn_census_plan *plan);
void bn_fieldcurves_windows(const struct bn_fieldmaps *p, const struct bn_census *c,
                            const struct bn_census_plan *plan);

/* The rows of the stage's tables that belong to these. */
#define BN_FIELDCURVES_OUTPUTS \
    { "/neuron_fields", "neuron", "1", "number of fields", 0, 0, false }, \
    { "/neuron_active", "neuron", "1", "share of space inside fields", 1e-9, 0, false }, \
    { "/field_neuron", "each_field", "1", "whose field", 0, 0, false }, \
    { "/field_size", "each_field", "", "length, area or volume inside the edges", 1e-9, \
      1e-9, false }, \
    { "/field_peak", "each_field", "1", "largest current above threshold (recorded: rate " \
      "above the level)", 1e-9, 1e-9, false }, \
    { "/field_peaks", "each_field", "1", "local maxima", 0, 0, false }, \
    { "/field_wall", "each_field", "1", "1: cut by a wall", 0, 0, false }, \
    { "/gap_neuron", "each_gap", "1", "whose gap (one dimension)", 0, 0, false }, \
    { "/gap_size", "each_gap", "", "length between the edges of two fields, or to a wall", 1e-9, \
      1e-9, false }, \
    { "/gap_wall", "each_gap", "1", "1: ends at a wall", 0, 0, false }, \
    { "/size", "size", "", "middles of bins of size", 1e-9, 1e-9, false }, \
    { "/size_density", "size", "", "share of fields per size", 1e-9, 1e-9, false }, \
    { "/size_density_theory", "size", "", "(2 beta/D) s^(2/D - 1) exp(-beta s^(2/D)), beta from " \
      "the mean size (one dimension: Rice's)", 1e-9, 1e-6, false }, \
    { "/size_density_limit", "size", "", "the same with the beta of high thresholds", 1e-9, 1e-6, \
      false }, \
    { "/scaled", "scaled", "1", "middles of bins of s^(2/D) over its mean", 0, 1e-9, false }, \
    { "/scaled_density", "scaled", "1", "share of fields per that", 1e-9, 1e-9, false }, \
    { "/scaled_density_theory", "scaled", "1", "exp(-.)", 1e-12, 0, false }, \
    { "/gap", "gap_bin", "", "middles of bins of gaps between fields", 1e-9, 1e-9, false }, \
    { "/gap_density", "gap_bin", "", "share of gaps per length", 1e-9, 1e-9, false }, \
    { "/gap_density_theory", "gap_bin", "", "exponential with Rice's mean", 1e-9, 1e-6, false }, \
    { "/fields", "fields", "1", "number of fields of a cell", 0, 0, false }, \
    { "/fields_probability", "fields", "1", "share of cells with so many", 1e-12, 0, false }, \
    { "/fields_probability_theory", "fields", "1", "Poisson with the mean of the theory, mean " \
      "over the cells' thresholds", 1e-12, 0, false }, \
    { "/slope", "slope", "1", "middles of bins of the slope at edges x sigma_c", 0, 0, false }, \
    { "/slope_density", "slope", "1", "share of edges per slope", 1e-9, 1e-6, false }, \
    { "/slope_density_theory", "slope", "1", "Rayleigh, k exp(-k^2/2)", 1e-12, 0, false }, \
    { "/peaks", "peaks", "1", "peaks of a field", 0, 0, false }, \
    { "/peaks_probability", "peaks", "1", "share of fields with so many; the last: or more", \
      1e-12, 0, false }, \
    { "/level", "level", "1", "levels u, in standard deviations of h", 0, 0, false }, \
    { "/euler", "level", "1", "Euler characteristic of {h >= u}, mean over cells", 1e-9, 0, \
      false }, \
    { "/euler_error", "level", "1", "standard error", 1e-9, 1e-6, false }, \
    { "/euler_theory", "level", "1", "Gaussian kinematic formula", 1e-9, 1e-6, false }, \
    { "/pieces", "level", "1", "number of pieces of {h >= u}, mean over cells", 1e-9, 0, false }, \
    { "/pieces_error", "level", "1", "standard error", 1e-9, 1e-6, false }, \
    { "/window", "window", "1", "window's share of each side", 0, 0, false }, \
    { "/window_size", "window", "", "its length, area or volume", 1e-9, 1e-9, false }, \
    { "/recruited", "window", "1", "share of cells with a field in it", 1e-12, 0, false }, \
    { "/recruited_error", "window", "1", "standard error", 1e-9, 1e-6, false }, \
    { "/recruited_theory", "window", "1", "the same of Poisson counts, mean over the cells' " \
      "thresholds", 1e-9, 1e-6, false }, \
    { "/fit", "fit", "1", "law fitted to sizes, then gaps, then numbers of fields: lib/lawfit", \
      0, 0, false }, \
    { "/fit_parameters", "fit fit_parameter", "1", "its parameters, 0 where it has one", 1e-6, \
      1e-6, false }, \
    { "/fit_loglik", "fit", "1", "log likelihood", 1e-6, 1e-9, false }, \
    { "/fit_aic", "fit", "1", "Akaike's criterion", 1e-6, 1e-9, false }, \
    { "/fit_bic", "fit", "1", "Bayes' criterion", 1e-6, 1e-9, false }, \
    { "/fit_ks", "fit", "1", "Kolmogorov and Smirnov's distance", 1e-9, 1e-6, false }, \
    { "/fit_p", "fit", "1", "probability of a larger one if the parameters were given, not " \
      "fitted", 1e-9, 1e-6, false }

#endif
