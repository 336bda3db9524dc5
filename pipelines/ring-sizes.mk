# SPDX-License-Identifier: MIT
# ring-sizes: the networks of figure 4 c, d: from few neurons to many
# target: what it is made from.  The name before the first dot is the stage.

$R/ring-sizes/tuning.h5:

$R/ring-sizes/weights.h5:       $R/ring-sizes/tuning.h5

$R/ring-sizes/diagnosis.h5:     $R/ring-sizes/weights.h5 $R/ring-sizes/tuning.h5

$R/ring-sizes/summary.sizes.h5: $R/ring-sizes/diagnosis.h5
