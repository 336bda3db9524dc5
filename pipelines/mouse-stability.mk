# SPDX-License-Identifier: MIT
# mouse-stability: the networks of figure 4 f: for which ridge is the ring an attractor?
# target: what it is made from.  The name before the first dot is the stage.

$R/mouse-stability/tuning.h5:             $R/mouse/recording.h5
$R/mouse-stability/weights.h5:            $R/mouse-stability/tuning.h5
$R/mouse-stability/diagnosis.h5:          $R/mouse-stability/weights.h5 \
                                          $R/mouse-stability/tuning.h5
$R/mouse-stability/summary.stability.h5:  $R/mouse-stability/diagnosis.h5
