# SPDX-License-Identifier: MIT
# ring-plasticity: the networks of figure 6 b to i: what the delta rule depends on, and what lasts
# target: what it is made from.  The name before the first dot is the stage.

$R/ring-plasticity/tuning.h5:
$R/ring-plasticity/tuning.size.h5:

$R/ring-plasticity/learning.decay.h5:         $R/ring-plasticity/tuning.h5
$R/ring-plasticity/weights.decay.h5:          $R/ring-plasticity/learning.decay.h5 \
        $R/ring-plasticity/tuning.h5
$R/ring-plasticity/diagnosis.decay.h5:        $R/ring-plasticity/weights.decay.h5 \
        $R/ring-plasticity/tuning.h5
$R/ring-plasticity/comparison.decay.h5:       $R/ring-plasticity/diagnosis.decay.h5 \
        $R/ring-plasticity/learning.decay.h5

$R/ring-plasticity/learning.rate.h5:          $R/ring-plasticity/tuning.h5
$R/ring-plasticity/weights.rate.h5:           $R/ring-plasticity/learning.rate.h5 \
        $R/ring-plasticity/tuning.h5
$R/ring-plasticity/diagnosis.rate.h5:         $R/ring-plasticity/weights.rate.h5 \
        $R/ring-plasticity/tuning.h5
$R/ring-plasticity/comparison.rate.h5:        $R/ring-plasticity/diagnosis.rate.h5 \
        $R/ring-plasticity/learning.rate.h5

$R/ring-plasticity/learning.order.h5:         $R/ring-plasticity/tuning.h5
$R/ring-plasticity/weights.order.h5:          $R/ring-plasticity/learning.order.h5 \
        $R/ring-plasticity/tuning.h5
$R/ring-plasticity/diagnosis.order.h5:        $R/ring-plasticity/weights.order.h5 \
        $R/ring-plasticity/tuning.h5
$R/ring-plasticity/comparison.order.h5:       $R/ring-plasticity/diagnosis.order.h5 \
        $R/ring-plasticity/learning.order.h5

$R/ring-plasticity/learning.noise.h5:         $R/ring-plasticity/tuning.h5
$R/ring-plasticity/weights.noise.h5:          $R/ring-plasticity/learning.noise.h5 \
        $R/ring-plasticity/tuning.h5
$R/ring-plasticity/diagnosis.noise.h5:        $R/ring-plasticity/weights.noise.h5 \
        $R/ring-plasticity/tuning.h5
$R/ring-plasticity/comparison.noise.h5:       $R/ring-plasticity/diagnosis.noise.h5 \
        $R/ring-plasticity/learning.noise.h5

$R/ring-plasticity/learning.dale.h5:          $R/ring-plasticity/tuning.h5
$R/ring-plasticity/weights.dale.h5:           $R/ring-plasticity/learning.dale.h5 \
        $R/ring-plasticity/tuning.h5
$R/ring-plasticity/diagnosis.dale.h5:         $R/ring-plasticity/weights.dale.h5 \
        $R/ring-plasticity/tuning.h5
$R/ring-plasticity/comparison.dale.h5:        $R/ring-plasticity/diagnosis.dale.h5 \
        $R/ring-plasticity/learning.dale.h5

$R/ring-plasticity/learning.size.h5:          $R/ring-plasticity/tuning.size.h5
$R/ring-plasticity/weights.size.h5:           $R/ring-plasticity/learning.size.h5 \
        $R/ring-plasticity/tuning.size.h5
$R/ring-plasticity/diagnosis.size.h5:         $R/ring-plasticity/weights.size.h5 \
        $R/ring-plasticity/tuning.size.h5
$R/ring-plasticity/comparison.size.h5:        $R/ring-plasticity/diagnosis.size.h5 \
        $R/ring-plasticity/learning.size.h5

$R/ring-plasticity/learning.size-covariance.h5: $R/ring-plasticity/tuning.size.h5
$R/ring-plasticity/weights.size-covariance.h5: $R/ring-plasticity/learning.size-covariance.h5 \
        $R/ring-plasticity/tuning.size.h5
$R/ring-plasticity/diagnosis.size-covariance.h5: $R/ring-plasticity/weights.size-covariance.h5 \
        $R/ring-plasticity/tuning.size.h5
$R/ring-plasticity/comparison.size-covariance.h5: $R/ring-plasticity/diagnosis.size-covariance.h5 \
        $R/ring-plasticity/learning.size-covariance.h5

# the clamp ends, the rule goes on
$R/ring-plasticity/learning.maintain-hebb.h5: $R/ring-plasticity/tuning.h5
$R/ring-plasticity/learning.maintain-covariance.h5: $R/ring-plasticity/tuning.h5
$R/ring-plasticity/learning.maintain-oja.h5:  $R/ring-plasticity/tuning.h5
$R/ring-plasticity/learning.maintain-delta.h5: $R/ring-plasticity/tuning.h5
$R/ring-plasticity/learning.maintain-forget.h5: $R/ring-plasticity/tuning.h5
