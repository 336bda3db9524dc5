# SPDX-License-Identifier: MIT
# figures: what each gnuplot script reads.  $P is the pipeline (FROM=), $S its suffix
# in file names (none for ring); $(RECORDED) is a recording to show beside a generated
# network, or nothing if there is none.

$R/figures/figure1$S.pdf: $R/$P/tuning.h5 $(RECORDED)

$R/figures/figure2$S.pdf: $R/$P/weights.h5 $R/$P/diagnosis.h5

$R/figures/figure3$S.pdf: $R/$P/activity.h5 $R/$P/activity.circulant.h5 \
                          $R/$P/activity.scrambled.h5 $R/$P/activity.constant.h5 \
                          $R/$P/activity.velocity.h5 $R/$P/diagnosis.h5

$R/figures/figure4$S.pdf: $R/$P/meanfield.h5 $R/$P/meanfield.velocity.h5 \
                          $R/$P-sizes/summary.sizes.h5 \
                          $R/$P-stability/summary.stability.h5

$R/figures/figureS1$S.pdf: $R/$P/population.h5 $R/$P/population.model.h5 \
                           $R/$P/tuning.fit.h5

$R/figures/figureS2$S.pdf: $R/$P/diagnosis.h5 $R/$P/diagnosis.rotated.h5 \
                           $R/$P/diagnosis.mixed.h5 $R/$P/diagnosis.noisy.h5 \
                           $R/$P/weights.noisy.h5 \
                           $R/$P/activity.long.h5 $R/$P/activity.rotated.h5 \
                           $R/$P/activity.mixed.h5 $R/$P/activity.noisy.h5 \
                           $R/reservoir/weights.h5 $R/reservoir/diagnosis.reservoir.h5 \
                           $R/reservoir/activity.reservoir.h5 $R/reservoir/summary.h5

$R/figures/figureS3$S.pdf: $R/$P/activity.far.h5 $R/$P/diagnosis.far.h5

$R/figures/figureS4$S.pdf: $R/dendritic/dendritic.h5 $R/dendritic/darkness.learned.h5 \
                           $R/$P/darkness.h5

$R/figures/figure5$S.pdf: $R/$P-learning/learning.hebb.h5 $R/$P-learning/learning.covariance.h5 \
                          $R/$P-learning/learning.oja.h5 $R/$P-learning/learning.delta.h5 \
                          $R/$P-learning/diagnosis.hebb.h5 \
                          $R/$P-learning/diagnosis.covariance.h5 \
                          $R/$P-learning/diagnosis.oja.h5 $R/$P-learning/diagnosis.delta.h5 \
                          $R/$P-learning/diagnosis.offline.h5 \
                          $R/$P-learning/activity.hebb.h5 \
                          $R/$P-learning/activity.covariance.h5 \
                          $R/$P-learning/activity.oja.h5 $R/$P-learning/activity.delta.h5 \
                          $R/$P-learning/activity.offline.h5

$R/figures/figure6$S.pdf: $R/$P-rules/comparison.h5 $R/$P-plasticity/comparison.decay.h5 \
                          $R/$P-plasticity/comparison.rate.h5 \
                          $R/$P-plasticity/comparison.order.h5 \
                          $R/$P-plasticity/comparison.noise.h5 \
                          $R/$P-plasticity/comparison.dale.h5 \
                          $R/$P-plasticity/comparison.size.h5 \
                          $R/$P-plasticity/comparison.size-covariance.h5 \
                          $R/$P-plasticity/learning.maintain-hebb.h5 \
                          $R/$P-plasticity/learning.maintain-covariance.h5 \
                          $R/$P-plasticity/learning.maintain-oja.h5 \
                          $R/$P-plasticity/learning.maintain-delta.h5 \
                          $R/$P-plasticity/learning.maintain-forget.h5

# Of place cells, whatever FROM says.
$R/figures/figure7$S.pdf: $R/place/fields.tunnel.h5 $R/place/fields.arena.h5 \
                          $R/place/fields.room.h5 $R/place/fields.recruited.h5 \
                          $R/place-universal/summary.fields.h5

# Always of these pipelines, whatever FROM says: they have no other one.
$R/figures/figure9$S.pdf: $R/headdirection/topology.torus.h5 \
                          $R/headdirection/topology.sphere.h5 \
                          $R/headdirection/topology.hexagon.h5 \
                          $R/headdirection/topology.even.h5 \
                          $R/headdirection/diagnosis.hexagon.h5 \
                          $R/headdirection/topology.states.h5 $R/gridcells/summary.h5

# Of a pipeline of positions on a line: make figureS5 FROM=track.
$R/figures/figureS5$S.pdf: $R/$P/recording.split.h5

# Always of the large ring, whatever FROM says, beside the smaller ones of figure 4 c.
$R/figures/figure4-million$S.pdf: $R/million/activity.h5 $R/million/diagnosis.h5 \
                                  $R/ring/meanfield.h5 $R/ring-sizes/summary.sizes.h5

# Always of the tunnel: a place-cell attractor, whatever FROM says.
$R/figures/figure8$S.pdf: $R/tunnel/tuning.h5 $R/tunnel/diagnosis.h5 \
                          $R/tunnel/diagnosis.ring.h5 $R/tunnel/diagnosis.margin.h5 \
                          $R/tunnel/diagnosis.onesided.h5 \
                          $R/tunnel/activity.first.h5 $R/tunnel/activity.second.h5 \
                          $R/tunnel-sizes/summary.sizes.h5 \
                          $R/tunnel-lengths/summary.lengths.h5

# Of generated place cells, and of a recording on a line: make figureS6 FROM=track.
$R/figures/figureS6$S.pdf: $R/place-decoding/decoding.h5 $R/place-decoding/decoding.scales.h5 \
                           $R/place-decoding/decoding.single.h5 \
                           $R/place-decoding/decoding.small.h5 \
                           $R/place-decoding/decoding.walk.h5 \
                           $R/$P/decoding.run.h5

# Not a figure: numbers.tex has every citable number of these artifacts as a LaTeX macro
# (docs/thesis.md).  A line of your own, $R/numbers-mine.tex: ..., makes another such file.
$R/numbers$S.tex: $R/$P/tuning.h5 $R/$P/weights.h5 $R/$P/diagnosis.h5 $R/$P/meanfield.h5
