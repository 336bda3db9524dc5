# SPDX-License-Identifier: MIT
# dendritic: a ring of two-compartment neurons that learns to integrate velocity (figure S4)
# target: what it is made from.  The name before the first dot is the stage.

$R/dendritic/dendritic.h5:

# what the learned network does in the dark
$R/dendritic/darkness.learned.h5: $R/dendritic/dendritic.h5
