/* SPDX-License-Identifier: MIT
 * charts: the maps that stage `weights` holds, from artifacts to weights.  Floor 9.
 *
 * What silent neurons' currents are taken for (parameter target), uniform inhibition, several
 * maps; the ring's path through ridge.h stays as it is.  These functions end the program with
 * a message if something does not fit.                                             */
#ifndef BN_CHARTS_H
#define BN_CHARTS_H

#include <basin/atlas.h>
#include <basin/stage.h>

/* Do the parameters and inputs ask for more than the ridge of one map's currents? */
bool bn_charts_wanted(void);

/* Reads roles `tuning` and `tuning.maps`, fits and writes; dense: is J of n neurons stored as
 * a matrix?                                                                        */
void bn_charts_weights(bool (*dense)(size_t n));

#define BN_CHARTS_INPUT                                                                \
    { "tuning.maps", true, "further maps of the same neurons: every point of a sweep" }

#define BN_CHARTS_OUTPUTS                                                              \
    { "/bias", "neuron", "1", "constant current of every neuron (inhibition)", 1e-12, 1e-8,  \
      false },                                                                      \
    { "/current", "neuron state", "1", "target currents where target is not `currents`, one " \
      "map after the other", 1e-9, 1e-6, false },                                      \
    { "/residual_map", "map", "1", "|J phi* + b - x*| / |x*| over each map", 1e-12, 1e-6,     \
      false },                                                                      \
    { "/residual_firing", "map", "1", "the same where neurons fire", 1e-12, 1e-6, false },   \
    { "/steps", "", "1", "Newton steps of the neuron that took most (target = onesided)", 5,  \
      0, false },                                                                   \
    { "/loosened", "", "1", "largest current by which a silent point's bound was loosened "  \
      "(target = fill)", 1e-6, 0, false }

#define BN_CHARTS_PARAMS                                                               \
    BN_CHOICE("target", "currents", "currents softplus onesided fill",                    \
              "silent neurons' currents: those of the tuning; those of floored rates by "    \
              "softplus; only bounded; drawn from the Gaussian process given the fields"),    \
    BN_REAL("inhibition", "1", "0", 0, 1e6, "uniform inhibition c in J, compensated by a bias"), \
    BN_INTEGER("maps", "0", 0, 1000, "how many maps to hold; 0: all that are given"),       \
    BN_REAL("margin", "1", "0", 0, 1e6, "how far below threshold silent currents must be " \
            "(onesided); above 0 it asks for a jump where fields end"),                 \
    BN_REAL("floor", "1", "1e-4", 1e-300, 1, "lowest rate, in shares of the largest (softplus)"), \
    BN_REAL("softness", "1", "20", 1e-3, 1e6, "gain of the softplus: the network's rate "    \
            "function (softplus)"),                                                   \
    BN_CHOICE("kernel", "gaussian", "gaussian matern52 matern72 oscillatory vonmises heat",  \
              "covariance of the process (fill)"),                                      \
    BN_REAL("length", "1", "1", 1e-12, 1e12, "its length sigma_c, in the unit of the manifold " \
            "(fill)"),                                                              \
    BN_INTEGER("draws", "30", 1, 100000, "samples that are averaged; 1: a sample (fill)"),    \
    BN_REAL("noise", "1", "0.001", 1e-9, 1e3, "error of the currents in fields (fill)")

#endif
