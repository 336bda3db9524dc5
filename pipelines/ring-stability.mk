# SPDX-License-Identifier: MIT
# ring-stability: the networks of figure 4 f: for which ridge is the ring an attractor?
# target: what it is made from.  The name before the first dot is the stage.

$R/ring-stability/tuning.h5:

$R/ring-stability/weights.h5:           $R/ring-stability/tuning.h5

$R/ring-stability/diagnosis.h5:         $R/ring-stability/weights.h5 $R/ring-stability/tuning.h5

$R/ring-stability/summary.stability.h5: $R/ring-stability/diagnosis.h5
