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

# Always of the large ring, whatever FROM says.
$R/figures/figure4-million$S.pdf: $R/million/tuning.h5 $R/million/activity.h5 \
                                  $R/million/diagnosis.h5
