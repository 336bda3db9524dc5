# SPDX-License-Identifier: MIT
# reservoir: a random network that is taught to hold a ring.
# target: what it is made from.  The name before the first dot is the stage.

$R/reservoir/tuning.h5:

$R/reservoir/weights.h5:             $R/reservoir/tuning.h5

$R/reservoir/activity.reservoir.h5:  $R/reservoir/weights.h5 $R/reservoir/tuning.h5

$R/reservoir/diagnosis.reservoir.h5: $R/reservoir/weights.h5 $R/reservoir/tuning.h5

# every gain and number of teachers (params/reservoir.conf)
$R/reservoir/diagnosis.h5:           $R/reservoir/weights.h5 $R/reservoir/tuning.h5
$R/reservoir/summary.h5:             $R/reservoir/diagnosis.h5
