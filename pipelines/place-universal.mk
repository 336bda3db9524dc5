# SPDX-License-Identifier: MIT
# place-universal: fields of four kernels at five thresholds (figure 7)
# target: what it is made from.  The name before the first dot is the stage.

$R/place-universal/tuning.h5:

$R/place-universal/fields.h5:           $R/place-universal/tuning.h5

$R/place-universal/summary.fields.h5:   $R/place-universal/fields.h5
