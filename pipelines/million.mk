# SPDX-License-Identifier: MIT
# million: a ring of 1,000,000 neurons (half an hour, 16 GB)
# target: what it is made from.  The name before the first dot is the stage.

$R/million/tuning.h5:

$R/million/weights.h5:   $R/million/tuning.h5

$R/million/activity.h5:  $R/million/weights.h5 $R/million/tuning.h5

$R/million/diagnosis.h5: $R/million/weights.h5 $R/million/tuning.h5
