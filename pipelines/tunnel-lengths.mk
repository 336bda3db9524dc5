# SPDX-License-Identifier: MIT
# tunnel-lengths: the networks of figure 8 g: from a short tunnel to a long one
# target: what it is made from.  The name before the first dot is the stage.

$R/tunnel-lengths/tuning.h5:
$R/tunnel-lengths/weights.h5:       $R/tunnel-lengths/tuning.h5
$R/tunnel-lengths/diagnosis.h5:     $R/tunnel-lengths/weights.h5 $R/tunnel-lengths/tuning.h5
$R/tunnel-lengths/summary.lengths.h5: $R/tunnel-lengths/diagnosis.h5
