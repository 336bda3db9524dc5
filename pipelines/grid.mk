# SPDX-License-Identifier: MIT
# grid: a module of 25,000 grid cells that holds its phase on the hexagonal torus
# target: what it is made from.  The name before the first dot is the stage.

$R/grid/tuning.h5:

$R/grid/weights.h5:            $R/grid/tuning.h5

$R/grid/activity.h5:           $R/grid/weights.h5 $R/grid/tuning.h5
