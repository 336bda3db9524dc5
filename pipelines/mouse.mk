# SPDX-License-Identifier: MIT
# mouse: a ring attractor from the tuning curves of recorded neurons.
# target: what it is made from.  The name before the first dot is the stage.

$R/mouse/recording.h5:

$R/mouse/tuning.h5:             $R/mouse/recording.h5

# the process behind the curves, and what the cells look like beside curves drawn from it
$R/mouse/tuning.fit.h5:         $R/mouse/recording.h5
$R/mouse/tuning.model.h5:
$R/mouse/population.model.h5:   $R/mouse/tuning.model.h5
$R/mouse/population.h5:         $R/mouse/recording.h5 $R/mouse/population.model.h5

$R/mouse/weights.h5:            $R/mouse/tuning.h5
$R/mouse/weights.circulant.h5:  $R/mouse/weights.h5 $R/mouse/tuning.h5
$R/mouse/weights.scrambled.h5:  $R/mouse/weights.h5 $R/mouse/tuning.h5
$R/mouse/weights.hebb.h5:       $R/mouse/tuning.h5
$R/mouse/weights.rotated.h5:    $R/mouse/weights.h5 $R/mouse/tuning.h5
$R/mouse/weights.mixed.h5:      $R/mouse/weights.h5 $R/mouse/tuning.h5
$R/mouse/weights.noisy.h5:      $R/mouse/weights.h5 $R/mouse/tuning.h5
$R/mouse/weights.far.h5:        $R/mouse/tuning.h5

$R/mouse/activity.h5:           $R/mouse/weights.h5 $R/mouse/tuning.h5
$R/mouse/activity.circulant.h5: $R/mouse/weights.circulant.h5 $R/mouse/tuning.h5
$R/mouse/activity.scrambled.h5: $R/mouse/weights.scrambled.h5 $R/mouse/tuning.h5
$R/mouse/activity.constant.h5:  $R/mouse/weights.h5 $R/mouse/tuning.h5
$R/mouse/activity.velocity.h5:  $R/mouse/weights.h5 $R/mouse/tuning.h5 \
                                $R/mouse/recording.h5

$R/mouse/diagnosis.h5:          $R/mouse/weights.h5 $R/mouse/tuning.h5

# same spectrum, no ring (figure S2)
$R/mouse/activity.rotated.h5:   $R/mouse/weights.rotated.h5 $R/mouse/tuning.h5
$R/mouse/activity.mixed.h5:     $R/mouse/weights.mixed.h5 $R/mouse/tuning.h5
$R/mouse/activity.long.h5:      $R/mouse/weights.h5 $R/mouse/tuning.h5
$R/mouse/activity.noisy.h5:     $R/mouse/weights.noisy.h5 $R/mouse/tuning.h5
$R/mouse/diagnosis.rotated.h5:  $R/mouse/weights.rotated.h5 $R/mouse/tuning.h5
$R/mouse/diagnosis.mixed.h5:    $R/mouse/weights.mixed.h5 $R/mouse/tuning.h5
$R/mouse/diagnosis.noisy.h5:    $R/mouse/weights.noisy.h5 $R/mouse/tuning.h5

# light, darkness, light: beside a network that learned to turn (figure S4)
$R/mouse/darkness.h5:          $R/mouse/weights.h5 $R/mouse/tuning.h5 $R/mouse/recording.h5

# where far starts end (figure S3)
$R/mouse/activity.far.h5:       $R/mouse/weights.far.h5 $R/mouse/tuning.h5
$R/mouse/diagnosis.far.h5:      $R/mouse/weights.far.h5 $R/mouse/tuning.h5

# the theory, which knows erf rates only: the default process, with the recorded velocity
$R/mouse/meanfield.h5:
$R/mouse/meanfield.velocity.h5: $R/mouse/recording.h5 $R/mouse/activity.velocity.h5

# every point of a sweep (params/mouse.conf), or the one diagnosis
$R/mouse/summary.h5:            $R/mouse/diagnosis.h5
