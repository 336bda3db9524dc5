/* SPDX-License-Identifier: MIT
 * mapped: the population of the stage `tuning` on every manifold but the ring.  Floor 9.
 *
 * Reads the parameters of the running stage, draws the cells (cells.h) and writes them. */
#ifndef BN_MAPPED_H
#define BN_MAPPED_H

#include <basin/cells.h>
#include <basin/grid.h>

void bn_mapped(void);

/* The same of recorded rates of places (role recording, /point).  Of each cell
 *     silent      where the rate r is at most `floor` times its mean,
 *     theta       threshold of a unit Gaussian map that is active as often (its /threshold)
 *     current     (r - floor)/g, with g such that the mean of its positive part is the
 *                 E[h - theta]_+ = phi(theta) - theta Q(theta) of that map,
 * and phi = [x]_+.  Where a cell is silent its current is not known: (r - floor)/g is only
 * an upper end of what it may be, which target = onesided and fill of `weights` know. */
void bn_mapped_recorded(void);

/* Thresholds of the cells of the running stage, whose kernel has that length, one for each row
 * of `current`, from which they are taken; kind and numbers of the section are put into *c.
 * Writes /threshold and /propensity.                                             */
const double *bn_mapped_thresholds(struct bn_cells *c, double length, struct bn_mat *current);

#define BN_MAPPED_PARAMS                                                              \
    BN_CHOICE("manifold", "ring", "ring line interval box torus hexagon sphere",              \
              "what the population represents; the parameters from here on are for all but "  \
              "the ring, whose currents are described by sigma and whose grid by angles"),    \
    BN_REALS("size", "1", "0", 0, 1e9, "sides in `unit`, period of a hexagon; 0: 2 pi, or 1 "  \
             "for a hexagon; a box takes two or three"),                               \
    BN_INTEGERS("points", "100", 3, 100000000, "grid points per coordinate, margins included; " \
                "one number is for all coordinates"),                                  \
    BN_REAL("margin", "1", "0", 0, 1e9, "how far the grid of a line goes on beyond its ends"),  \
    BN_TEXT("unit", "m", "of size, margin and length, but on torus and sphere (rad)"),          \
    BN_CHOICE("kernel", "gaussian",                                                    \
              "gaussian matern52 matern72 oscillatory vonmises heat geodesic",                \
              "correlation of a current at two points"),                               \
    BN_REALS("length", "1", "1", 1e-9, 1e9, "sigma_c = sqrt(-r(0)/r''(0)) of the kernel, per "  \
             "coordinate or one for all; sqrt 2 times the width of the Gaussian that would "   \
             "filter white noise"),                                                    \
    BN_CHOICE("thresholds", "fixed", "fixed gamma skewed", "of cells (process = threshold): "   \
              "all `threshold`; from gamma-distributed propensities; skew normal"),           \
    BN_REAL("threshold_spread", "1", "0.3", 0, 10, "width of the skew normal"),               \
    BN_REAL("propensity_shape", "1", "0.57", 1e-3, 1e3, "shape of the gamma distribution of "   \
            "fields per length"),                                                      \
    BN_REAL("propensity_scale", "1", "0.12903", 1e-9, 1e9, "its scale, per `unit`"),          \
    BN_TEXT("cells", "cells", "stream of the thresholds: variants with another `stream` have "  \
            "other maps of the same cells"),                                           \
    BN_INTEGER("periods", "1", 1, 1000, "unit cells per coordinate of a torus or hexagon"),   \
    BN_REAL("eta", "1", "1", 0, 1, "share of the variance that is the same in each unit cell"), \
    BN_REALS("whole_length", "1", "0", 0, 1e9, "sigma_c of what differs between unit cells; 0: " \
             "periods x length")

#define BN_MAPPED_OUTPUTS                                                             \
    BN_GRID_OUTPUTS,                                                                  \
    { "/threshold", "neuron", "1", "threshold theta of each cell (process = threshold): its "   \
      "current is h - theta", 1e-12, 1e-12, false },                                   \
    { "/propensity", "neuron", "1", "fields per length along a line that make the threshold "   \
      "(thresholds = gamma)", 1e-12, 1e-12, false },                                   \
    { "/preferred_point", "neuron coordinate", "", "where the current is largest", 1e-9, 0,     \
      false },                                                                        \
    { "/rate_mean", "", "1", "E f, predicted from the thresholds", 1e-9, 1e-9, false,   \
      .cite = "rate mean" },                                                            \
    { "/rate_mean_sampled", "", "1", "the same, mean over cells and points", 1e-9, 0, false,\
      .cite = "rate mean sampled" },                                                    \
    { "/rate_square", "", "1", "E f^2, predicted", 1e-9, 1e-9, false },                   \
    { "/rate_square_sampled", "", "1", "the same, sampled", 1e-9, 0, false },              \
    { "/sparsity", "", "1", "(E f)^2/E f^2, predicted", 1e-9, 1e-9, false,              \
      .cite = "sparsity" },                                                             \
    { "/sparsity_sampled", "", "1", "the same, sampled", 1e-9, 0, false,                \
      .cite = "sparsity sampled" },                                                     \
    { "/active", "", "1", "share of cells and points above threshold, predicted", 1e-9, 0,      \
      false, .cite = "active" },                                                        \
    { "/active_sampled", "", "1", "the same, sampled", 1e-9, 0, false,                  \
      .cite = "active sampled" },                                                       \
    { "/distance", "distance", "", "mean distance of pairs of points", 1e-9, 0, false },        \
    { "/pair_current", "distance", "1", "E[x*(p) x*(q)] at that distance, predicted", 1e-9, 0,  \
      false },                                                                        \
    { "/pair_current_sampled", "distance", "1", "the same over the same pairs, sampled", 1e-9,  \
      0, false },                                                                     \
    { "/pair_rate", "distance", "1", "E[f(p) f(q)], predicted", 1e-9, 0, false },           \
    { "/pair_rate_sampled", "distance", "1", "the same over the same pairs, sampled", 1e-9, 0,  \
      false }

#endif
