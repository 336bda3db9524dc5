/* SPDX-License-Identifier: MIT
 * places: what `recording` writes of positions: rate maps, measures of them, and the path.
 * Floor 9.                                                                       */
#ifndef BN_PLACES_H
#define BN_PLACES_H

#include <basin/grid.h>
#include <basin/session.h>

/* Rows of the stage's tables; beside them it has gap, chunks, minimum_spikes and bin, /rate,
 * /raw_rate, /occupancy, /spikes, /cell, /time, /valid and /counts.              */
#define BN_PLACES_PARAMS                                                                  \
    BN_INTEGER("dimensions", "1", 1, 2, "places: along a line, or in the plane"),         \
    BN_CHOICE("projection", "principal", "principal first second",                        \
              "places on a line: along the axis of largest variance, or a coordinate"),   \
    BN_CHOICE("direction", "both", "both forward backward split",                         \
              "places on a line: which way; split: a row for each cell and way"),         \
    BN_INTEGER("bins", "50", 3, 10000, "places: bins along the longer side"),             \
    BN_REALS("range", "1", "", -1e9, 1e9,                                                 \
             "places: lowest and highest position of each coordinate, in the file's unit; "  \
             "empty: those there are"),                                                   \
    BN_REAL("trim", "1", "0.001", 0, 0.4,                                                 \
            "places without range: share of the samples beyond either end"),              \
    BN_REAL("smoothing", "1", "2", 0, 1000,                                               \
            "places: width of the Gaussian over spikes and seconds, bins; 0: none"),      \
    BN_REAL("run_speed", "1", "0", 0, 1e9,                                                \
            "places: slower samples are left out, in the file's unit per second; 0: none"), \
    BN_REAL("occupancy_min", "s", "0.1", 0, 1e6, "places: bins with less are no part of maps"), \
    BN_INTEGER("shuffles", "1000", 0, 1000000, "places: shifted trains for significance"), \
    BN_REAL("shift_min", "s", "20", 0, 1e6, "places: trains are shifted by that or more")

#define BN_PLACES_OUTPUTS                                                                 \
    BN_GRID_OUTPUTS,                                                                      \
    { "/preferred_point", "neuron coordinate", "", "place of the largest rate", 0, 1e-12,  \
      false },                                                                            \
    { "/mean_rate", "neuron", "Hz", "spikes per second over all places", 0, 1e-9, false },  \
    { "/direction", "neuron", "1", "way of the row: 1 forward, -1 backward, 0 both", 0, 0, \
      false },                                                                            \
    { "/information", "neuron", "bit", "information per spike (Skaggs)", 1e-9, 1e-6, false }, \
    { "/information_rate", "neuron", "bit/s", "information per second", 1e-9, 1e-6, false }, \
    { "/information_p", "neuron", "1", "share of shifted trains with as much information",  \
      0, 1e-9, false },                                                                   \
    { "/level", "level", "1", "quantiles of shifted trains", 0, 0, false },               \
    { "/shuffled", "neuron level", "bit", "information per spike of shifted trains", 1e-9,  \
      1e-6, false },                                                                      \
    { "/sparsity", "neuron", "1", "squared mean over mean square of the rate", 1e-9, 1e-6,  \
      false },                                                                            \
    { "/coherence", "neuron", "1", "atanh of the correlation of bins with their neighbours", \
      1e-9, 1e-6, false },                                                                \
    { "/stability", "neuron", "1", "correlation of the maps of even and odd chunks", 1e-9,  \
      1e-6, false },                                                                      \
    { "/grid_score", "neuron", "1", "hexagonal order of the autocorrelogram", 1e-9, 1e-6,   \
      false },                                                                            \
    { "/grid_spacing", "neuron", "", "distance of its inner peaks; 0: it has none", 1e-9,   \
      1e-6, false },                                                                      \
    { "/grid_orientation", "neuron", "rad", "their angle, modulo 60 degrees", 1e-6, 0,      \
      false },                                                                            \
    { "/grid_peaks", "neuron", "1", "how many there are of six", 0, 0, false },           \
    { "/position", "time coordinate", "", "place in the bin; interpolated where lost", 0,   \
      1e-9, true },                                                                       \
    { "/speed", "time", "", "mean speed in the bin", 1e-9, 1e-9, true }

/* Units with too few spikes are taken out of the session.  Ends the program with a message
 * that begins with the file's name if there is no map.                            */
void bn_places_write(struct bn_session *s, const char *path);

#endif
