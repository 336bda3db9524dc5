/* SPDX-License-Identifier: MIT
 * summarise: every number of a diagnosis in one table.  Floor 8.
 *
 * Group /summary of the artifact: four columns of equal length, so that networks and
 * rules can be compared without knowing which stage computed what.          */
#ifndef BN_SUMMARISE_H
#define BN_SUMMARISE_H

#include <basin/stage.h>

/* For the stage's table of outputs. */
#define BN_SUMMARY_OUTPUTS                                                            \
    { "/summary/name", "quantity", "1", "what was measured: docs/science/diagnostics.md", 0,  \
      0, false },                                                                     \
    { "/summary/value", "quantity", "1", "its value, in /summary/unit", 1e-6, 1e-3, false,    \
      .cite = "", .error = "/summary/error" },                                        \
    { "/summary/unit", "quantity", "1", "unit; tau is the network's time constant", 0, 0,     \
      false },                                                                        \
    { "/summary/error", "quantity", "1", "standard or numerical error; 0: rounding only",     \
      1e-6, 1, false }

/* One row; texts must live until bn_summary_write().  A value that is not finite (the
 * persistence time of a network that does not drift) makes no row.          */
void bn_summarise(const char *name, double value, const char *unit, double error);
void bn_summary_write(void);

#endif
