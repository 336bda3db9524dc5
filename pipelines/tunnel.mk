# SPDX-License-Identifier: MIT
# tunnel: place cells of a bat in a tunnel as an attractor network (figure 8).
# target: what it is made from.  The name before the first dot is the stage.

# a line with walls, a ring of the same length, a line whose cells go on beyond its ends, and
# another map of the same cells
$R/tunnel/tuning.h5:
$R/tunnel/tuning.ring.h5:
$R/tunnel/tuning.margin.h5:
$R/tunnel/tuning.maps.h5:

# what silent currents are taken for
$R/tunnel/weights.h5:            $R/tunnel/tuning.h5
$R/tunnel/weights.onesided.h5:   $R/tunnel/tuning.h5
$R/tunnel/weights.fill.h5:       $R/tunnel/tuning.h5
$R/tunnel/weights.softplus.h5:   $R/tunnel/tuning.h5
$R/tunnel/diagnosis.h5:          $R/tunnel/weights.h5 $R/tunnel/tuning.h5
$R/tunnel/diagnosis.onesided.h5: $R/tunnel/weights.onesided.h5 $R/tunnel/tuning.h5
$R/tunnel/diagnosis.fill.h5:     $R/tunnel/weights.fill.h5 $R/tunnel/tuning.h5
$R/tunnel/diagnosis.softplus.h5: $R/tunnel/weights.softplus.h5 $R/tunnel/tuning.h5

# without inhibition the size of the states is marginal
$R/tunnel/weights.free.h5:       $R/tunnel/tuning.h5
$R/tunnel/diagnosis.free.h5:     $R/tunnel/weights.free.h5 $R/tunnel/tuning.h5

# ring and margin
$R/tunnel/weights.ring.h5:       $R/tunnel/tuning.ring.h5
$R/tunnel/diagnosis.ring.h5:     $R/tunnel/weights.ring.h5 $R/tunnel/tuning.ring.h5
$R/tunnel/weights.margin.h5:     $R/tunnel/tuning.margin.h5
$R/tunnel/diagnosis.margin.h5:   $R/tunnel/weights.margin.h5 $R/tunnel/tuning.margin.h5

# two maps in one network, started in either
$R/tunnel/weights.two.h5:        $R/tunnel/tuning.h5 $R/tunnel/tuning.maps.h5
$R/tunnel/activity.first.h5:     $R/tunnel/weights.two.h5 $R/tunnel/tuning.h5 $R/tunnel/tuning.maps.h5
$R/tunnel/activity.second.h5:    $R/tunnel/weights.two.h5 $R/tunnel/tuning.h5 $R/tunnel/tuning.maps.h5
