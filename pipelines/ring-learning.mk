# SPDX-License-Identifier: MIT
# ring-learning: the networks of figure 5: what four local rules learn
# target: what it is made from.  The name before the first dot is the stage.

$R/ring-learning/tuning.h5:

# the offline weights and what is made from them
$R/ring-learning/weights.offline.h5:        $R/ring-learning/tuning.h5
$R/ring-learning/diagnosis.offline.h5:      $R/ring-learning/weights.offline.h5 $R/ring-learning/tuning.h5
$R/ring-learning/activity.offline.h5:       $R/ring-learning/weights.offline.h5 $R/ring-learning/tuning.h5

# a rule: what it learns, as weights, and what these can do
$R/ring-learning/learning.hebb.h5:          $R/ring-learning/tuning.h5
$R/ring-learning/weights.hebb.h5:           $R/ring-learning/learning.hebb.h5 $R/ring-learning/tuning.h5
$R/ring-learning/diagnosis.hebb.h5:         $R/ring-learning/weights.hebb.h5 $R/ring-learning/tuning.h5
$R/ring-learning/activity.hebb.h5:          $R/ring-learning/weights.hebb.h5 $R/ring-learning/tuning.h5

$R/ring-learning/learning.covariance.h5:    $R/ring-learning/tuning.h5
$R/ring-learning/weights.covariance.h5:     $R/ring-learning/learning.covariance.h5 $R/ring-learning/tuning.h5
$R/ring-learning/diagnosis.covariance.h5:   $R/ring-learning/weights.covariance.h5 $R/ring-learning/tuning.h5
$R/ring-learning/activity.covariance.h5:    $R/ring-learning/weights.covariance.h5 $R/ring-learning/tuning.h5

$R/ring-learning/learning.oja.h5:           $R/ring-learning/tuning.h5
$R/ring-learning/weights.oja.h5:            $R/ring-learning/learning.oja.h5 $R/ring-learning/tuning.h5
$R/ring-learning/diagnosis.oja.h5:          $R/ring-learning/weights.oja.h5 $R/ring-learning/tuning.h5
$R/ring-learning/activity.oja.h5:           $R/ring-learning/weights.oja.h5 $R/ring-learning/tuning.h5

$R/ring-learning/learning.delta.h5:         $R/ring-learning/tuning.h5
$R/ring-learning/weights.delta.h5:          $R/ring-learning/learning.delta.h5 $R/ring-learning/tuning.h5
$R/ring-learning/diagnosis.delta.h5:        $R/ring-learning/weights.delta.h5 $R/ring-learning/tuning.h5
$R/ring-learning/activity.delta.h5:         $R/ring-learning/weights.delta.h5 $R/ring-learning/tuning.h5
