# SPDX-License-Identifier: MIT
# mouse-sizes: the networks of figure 4 c, d: from few neurons to many
# target: what it is made from.  The name before the first dot is the stage.

$R/mouse-sizes/recording.h5:

$R/mouse-sizes/tuning.h5:        $R/mouse-sizes/recording.h5

$R/mouse-sizes/weights.h5:       $R/mouse-sizes/tuning.h5

$R/mouse-sizes/diagnosis.h5:     $R/mouse-sizes/weights.h5 $R/mouse-sizes/tuning.h5

$R/mouse-sizes/summary.sizes.h5: $R/mouse-sizes/diagnosis.h5
