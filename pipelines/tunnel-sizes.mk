# SPDX-License-Identifier: MIT
# tunnel-sizes: the networks of figure 8 f: from few neurons to many
# target: what it is made from.  The name before the first dot is the stage.

$R/tunnel-sizes/tuning.h5:
$R/tunnel-sizes/weights.h5:       $R/tunnel-sizes/tuning.h5
$R/tunnel-sizes/diagnosis.h5:     $R/tunnel-sizes/weights.h5 $R/tunnel-sizes/tuning.h5
$R/tunnel-sizes/summary.sizes.h5: $R/tunnel-sizes/diagnosis.h5
