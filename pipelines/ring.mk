# SPDX-License-Identifier: MIT
# ring: a ring attractor from generated tuning curves.
# target: what it is made from.  The name before the first dot is the stage.

$R/ring/tuning.h5:

# the process behind the curves, and what the population looks like beside another
$R/ring/tuning.fit.h5:
$R/ring/tuning.model.h5:
$R/ring/population.model.h5:   $R/ring/tuning.model.h5
$R/ring/population.h5:         $R/ring/tuning.h5 $R/ring/population.model.h5

$R/ring/weights.h5:            $R/ring/tuning.h5
$R/ring/weights.circulant.h5:  $R/ring/weights.h5 $R/ring/tuning.h5
$R/ring/weights.scrambled.h5:  $R/ring/weights.h5 $R/ring/tuning.h5
$R/ring/weights.hebb.h5:       $R/ring/tuning.h5
$R/ring/weights.rotated.h5:    $R/ring/weights.h5 $R/ring/tuning.h5
$R/ring/weights.mixed.h5:      $R/ring/weights.h5 $R/ring/tuning.h5
$R/ring/weights.noisy.h5:      $R/ring/weights.h5 $R/ring/tuning.h5
$R/ring/weights.far.h5:        $R/ring/tuning.h5

$R/ring/activity.h5:           $R/ring/weights.h5 $R/ring/tuning.h5
$R/ring/activity.circulant.h5: $R/ring/weights.circulant.h5 $R/ring/tuning.h5
$R/ring/activity.scrambled.h5: $R/ring/weights.scrambled.h5 $R/ring/tuning.h5
$R/ring/activity.constant.h5:  $R/ring/weights.h5 $R/ring/tuning.h5
$R/ring/activity.velocity.h5:  $R/ring/weights.h5 $R/ring/tuning.h5

$R/ring/diagnosis.h5:          $R/ring/weights.h5 $R/ring/tuning.h5

# same spectrum, no ring (figure S2)
$R/ring/activity.rotated.h5:   $R/ring/weights.rotated.h5 $R/ring/tuning.h5
$R/ring/activity.mixed.h5:     $R/ring/weights.mixed.h5 $R/ring/tuning.h5
$R/ring/activity.long.h5:      $R/ring/weights.h5 $R/ring/tuning.h5
$R/ring/activity.noisy.h5:     $R/ring/weights.noisy.h5 $R/ring/tuning.h5
$R/ring/diagnosis.rotated.h5:  $R/ring/weights.rotated.h5 $R/ring/tuning.h5
$R/ring/diagnosis.mixed.h5:    $R/ring/weights.mixed.h5 $R/ring/tuning.h5
$R/ring/diagnosis.noisy.h5:    $R/ring/weights.noisy.h5 $R/ring/tuning.h5

# light, darkness, light: beside a network that learned to turn (figure S4)
$R/ring/darkness.h5:           $R/ring/weights.h5 $R/ring/tuning.h5

# where far starts end (figure S3)
$R/ring/activity.far.h5:       $R/ring/weights.far.h5 $R/ring/tuning.h5
$R/ring/diagnosis.far.h5:      $R/ring/weights.far.h5 $R/ring/tuning.h5

# the theory for many neurons, and beside the two networks that are turned
$R/ring/meanfield.h5:          $R/ring/tuning.h5
$R/ring/meanfield.constant.h5: $R/ring/tuning.h5 $R/ring/activity.constant.h5
$R/ring/meanfield.velocity.h5: $R/ring/tuning.h5 $R/ring/activity.velocity.h5

# every point of a sweep (params/ring.conf), or the one diagnosis
$R/ring/summary.h5:            $R/ring/diagnosis.h5
