# SPDX-License-Identifier: MIT
# ring-rules: the networks of figure 6 a: rules, controls and seeds
# target: what it is made from.  The name before the first dot is the stage.

$R/ring-rules/tuning.h5:

# the offline weights and what is made from them
$R/ring-rules/weights.offline.h5:           $R/ring-rules/tuning.h5
$R/ring-rules/diagnosis.offline.h5:         $R/ring-rules/weights.offline.h5 $R/ring-rules/tuning.h5
$R/ring-rules/weights.circulant.h5:         $R/ring-rules/weights.offline.h5 $R/ring-rules/tuning.h5
$R/ring-rules/diagnosis.circulant.h5:       $R/ring-rules/weights.circulant.h5 $R/ring-rules/tuning.h5

# a rule: what it learns, as weights, and what these can do
$R/ring-rules/learning.hebb.h5:             $R/ring-rules/tuning.h5
$R/ring-rules/weights.hebb.h5:              $R/ring-rules/learning.hebb.h5 $R/ring-rules/tuning.h5
$R/ring-rules/diagnosis.hebb.h5:            $R/ring-rules/weights.hebb.h5 $R/ring-rules/tuning.h5

$R/ring-rules/learning.covariance.h5:       $R/ring-rules/tuning.h5
$R/ring-rules/weights.covariance.h5:        $R/ring-rules/learning.covariance.h5 $R/ring-rules/tuning.h5
$R/ring-rules/diagnosis.covariance.h5:      $R/ring-rules/weights.covariance.h5 $R/ring-rules/tuning.h5

$R/ring-rules/learning.oja.h5:              $R/ring-rules/tuning.h5
$R/ring-rules/weights.oja.h5:               $R/ring-rules/learning.oja.h5 $R/ring-rules/tuning.h5
$R/ring-rules/diagnosis.oja.h5:             $R/ring-rules/weights.oja.h5 $R/ring-rules/tuning.h5

$R/ring-rules/learning.bcm.h5:              $R/ring-rules/tuning.h5
$R/ring-rules/weights.bcm.h5:               $R/ring-rules/learning.bcm.h5 $R/ring-rules/tuning.h5
$R/ring-rules/diagnosis.bcm.h5:             $R/ring-rules/weights.bcm.h5 $R/ring-rules/tuning.h5

$R/ring-rules/learning.temporal.h5:         $R/ring-rules/tuning.h5
$R/ring-rules/weights.temporal.h5:          $R/ring-rules/learning.temporal.h5 $R/ring-rules/tuning.h5
$R/ring-rules/diagnosis.temporal.h5:        $R/ring-rules/weights.temporal.h5 $R/ring-rules/tuning.h5

$R/ring-rules/learning.bell.h5:             $R/ring-rules/tuning.h5
$R/ring-rules/weights.bell.h5:              $R/ring-rules/learning.bell.h5 $R/ring-rules/tuning.h5
$R/ring-rules/diagnosis.bell.h5:            $R/ring-rules/weights.bell.h5 $R/ring-rules/tuning.h5

$R/ring-rules/learning.storkey.h5:          $R/ring-rules/tuning.h5
$R/ring-rules/weights.storkey.h5:           $R/ring-rules/learning.storkey.h5 $R/ring-rules/tuning.h5
$R/ring-rules/diagnosis.storkey.h5:         $R/ring-rules/weights.storkey.h5 $R/ring-rules/tuning.h5

$R/ring-rules/learning.dendritic.h5:        $R/ring-rules/tuning.h5
$R/ring-rules/weights.dendritic.h5:         $R/ring-rules/learning.dendritic.h5 $R/ring-rules/tuning.h5
$R/ring-rules/diagnosis.dendritic.h5:       $R/ring-rules/weights.dendritic.h5 $R/ring-rules/tuning.h5

$R/ring-rules/learning.nlms.h5:             $R/ring-rules/tuning.h5
$R/ring-rules/weights.nlms.h5:              $R/ring-rules/learning.nlms.h5 $R/ring-rules/tuning.h5
$R/ring-rules/diagnosis.nlms.h5:            $R/ring-rules/weights.nlms.h5 $R/ring-rules/tuning.h5

$R/ring-rules/learning.delta.h5:            $R/ring-rules/tuning.h5
$R/ring-rules/weights.delta.h5:             $R/ring-rules/learning.delta.h5 $R/ring-rules/tuning.h5
$R/ring-rules/diagnosis.delta.h5:           $R/ring-rules/weights.delta.h5 $R/ring-rules/tuning.h5

$R/ring-rules/learning.rls.h5:              $R/ring-rules/tuning.h5
$R/ring-rules/weights.rls.h5:               $R/ring-rules/learning.rls.h5 $R/ring-rules/tuning.h5
$R/ring-rules/diagnosis.rls.h5:             $R/ring-rules/weights.rls.h5 $R/ring-rules/tuning.h5

# all of them in one table
$R/ring-rules/comparison.h5:                $R/ring-rules/diagnosis.circulant.h5 \
        $R/ring-rules/diagnosis.hebb.h5 $R/ring-rules/diagnosis.covariance.h5 \
        $R/ring-rules/diagnosis.oja.h5 $R/ring-rules/diagnosis.bcm.h5 \
        $R/ring-rules/diagnosis.temporal.h5 $R/ring-rules/diagnosis.bell.h5 \
        $R/ring-rules/diagnosis.storkey.h5 $R/ring-rules/diagnosis.dendritic.h5 \
        $R/ring-rules/diagnosis.nlms.h5 $R/ring-rules/diagnosis.delta.h5 \
        $R/ring-rules/diagnosis.rls.h5 $R/ring-rules/diagnosis.offline.h5 \
        $R/ring-rules/learning.hebb.h5 $R/ring-rules/learning.covariance.h5 \
        $R/ring-rules/learning.oja.h5 $R/ring-rules/learning.bcm.h5 \
        $R/ring-rules/learning.temporal.h5 $R/ring-rules/learning.bell.h5 \
        $R/ring-rules/learning.storkey.h5 $R/ring-rules/learning.dendritic.h5 \
        $R/ring-rules/learning.nlms.h5 $R/ring-rules/learning.delta.h5 \
        $R/ring-rules/learning.rls.h5
