# SPDX-License-Identifier: MIT
# place: place cells as thresholded Gaussian maps, in one to three dimensions.
# target: what it is made from.  The name before the first dot is the stage.

# fields beside the theory (figure 7): a tunnel of 200 m, one of 6 m, an arena, a room, and
# cells with propensities of their own
$R/place/tuning.tunnel.h5:
$R/place/fields.tunnel.h5:      $R/place/tuning.tunnel.h5
$R/place/tuning.short.h5:
$R/place/fields.short.h5:       $R/place/tuning.short.h5
$R/place/tuning.arena.h5:
$R/place/fields.arena.h5:       $R/place/tuning.arena.h5
$R/place/tuning.room.h5:
$R/place/fields.room.h5:        $R/place/tuning.room.h5
$R/place/tuning.recruited.h5:
$R/place/fields.recruited.h5:   $R/place/tuning.recruited.h5
