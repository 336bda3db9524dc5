/* SPDX-License-Identifier: MIT
 * What the panels of a figure show, as its gnuplot script has it. */
#ifndef BASIN_PANELS_H
#define BASIN_PANELS_H

#include "basin.h"

/* "a classical: shifted copies" for each letter that the script gives to a panel.  What only
 * gnuplot can know stands as an ellipsis; of two that depend on the data, "one or other". */
BN_MUST_USE bn_status panels_find(const char *script, struct list *panels);

#endif
