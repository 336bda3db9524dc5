/* SPDX-License-Identifier: MIT
 * fitted: the fit of a generating process as the stage tuning makes it.  Floor 8.
 *
 * Like the readers of stage.h it ends the program with a message if something does not
 * fit.                                                                      */
#ifndef BN_FITTED_H
#define BN_FITTED_H

#include <basin/fit.h>

/* Fit the process that the parameter `process` names to independent curves [N, M], from
 * the point given, by the parameters fit_* and model_curves; writes the outputs /fit_*
 * and leaves the fitted point.                                              */
void bn_fitted(const struct bn_mat *cells, double process[BN_FIT_PARAMETERS]);

#endif
