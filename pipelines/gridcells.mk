# SPDX-License-Identifier: MIT
# gridcells: grid scores of maps whose fields differ more and more between periods (figure 9)
# target: what it is made from.  The name before the first dot is the stage.

$R/gridcells/tuning.h5:

$R/gridcells/topology.h5:       $R/gridcells/tuning.h5

$R/gridcells/summary.h5:        $R/gridcells/topology.h5
