# SPDX-License-Identifier: MIT
# headdirection: head direction on a torus or a sphere, grid cells on a hexagonal torus (figure 9)
# target: what it is made from.  The name before the first dot is the stage.

$R/headdirection/tuning.torus.h5:
$R/headdirection/tuning.sphere.h5:
$R/headdirection/tuning.hexagon.h5:

# from the rates: holes, equal eigenvalues, and around the pole
$R/headdirection/topology.torus.h5:     $R/headdirection/tuning.torus.h5
$R/headdirection/topology.sphere.h5:    $R/headdirection/tuning.sphere.h5
$R/headdirection/topology.hexagon.h5:   $R/headdirection/tuning.hexagon.h5
$R/headdirection/topology.even.h5:      $R/headdirection/tuning.torus.h5

# a network of grid cells: its weights, and what its states make after a second on their own
$R/headdirection/weights.hexagon.h5:    $R/headdirection/tuning.hexagon.h5
$R/headdirection/activity.hexagon.h5:   $R/headdirection/weights.hexagon.h5 \
                                        $R/headdirection/tuning.hexagon.h5
$R/headdirection/diagnosis.hexagon.h5:  $R/headdirection/weights.hexagon.h5 \
                                        $R/headdirection/tuning.hexagon.h5
$R/headdirection/topology.states.h5:    $R/headdirection/activity.hexagon.h5
