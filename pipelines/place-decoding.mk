# SPDX-License-Identifier: MIT
# place-decoding: where is the animal? (figure S6, beside a rat)
# target: what it is made from.  The name before the first dot is the stage.

# maps of a tunnel of 200 m, and as many cells with other fields in their place
$R/place-decoding/tuning.h5:
$R/place-decoding/decoding.h5:         $R/place-decoding/tuning.h5
$R/place-decoding/decoding.scales.h5:  $R/place-decoding/tuning.h5
$R/place-decoding/decoding.single.h5:  $R/place-decoding/tuning.h5
$R/place-decoding/decoding.small.h5:   $R/place-decoding/tuning.h5

# few cells and an animal that moves on: the filter knows that it does
$R/place-decoding/tuning.few.h5:
$R/place-decoding/decoding.walk.h5:    $R/place-decoding/tuning.few.h5
