# SPDX-License-Identifier: MIT
# figureS1: descriptions of a population beside another, and the process behind its rates
width = 15; height = 13.5
load "figures/style.gp"
set multiplot layout 3,3 margins 0.075,0.93,0.075,0.96 spacing 0.115,0.10
real = has(population, "/session_cells")
here = real ? "recorded" : "generated"; there = real ? "fitted model" : "published model"
one = 1.0 / rows(population, "/symmetry"); two = 1.0 / rows(population_model, "/symmetry")

eval ANGLE_X; set xlabel "angle (rad)"; set yrange [0:*]; set ylabel "rate / mean (1)"
letter = "a"; eval PANEL; name = "aligned at π: mean ± s.d."; eval NAME
bands(f) = "< basin cat ".f.":/theta ".f.":/aligned_mean ".f.":/aligned_sd"
plot bands(population) using 1:($2-$3):($2+$3) with filledcurves lc rgb BLUE fs solid 0.2, \
     bands(population) using 1:2 lt 1, \
     bands(population_model) using 1:2 lt 2, \
     for [s=-1:1:2] bands(population_model) using 1:($2+s*$3) lt 2 lw 0.7 dt 2
set xrange [*:*]; set xtics auto

set xlabel "number of peaks"; set ylabel "share of cells (1)"; set xrange [0.4:5.6]; set xtics 1
letter = "b"; eval PANEL; name = "peaks above z = ".word(values(population, "/level"), 2); eval NAME
set boxwidth 0.36; set yrange [0:1.05]
bars(f) = "< basin cat '".f.":/peaks[:,1]'"
plot bars(population) using ($1-0.19):(one) smooth frequency with boxes lt 1 title here, \
     bars(population_model) using ($1+0.19):(two) smooth frequency with boxes lt 2 title there

set xlabel "rank of peak"; set ylabel "height / mean rate (1)"; set xrange [0.5:3.5]; set yrange [0:*]
letter = "c"; eval PANEL; name = "heights: mean ± s.d."; eval NAME
ranks(f) = "< basin cat ".f.":/mean ".f.":/sd"
first = words(values(population, "/level")) + 3
plot ranks(population) every ::first::first+2 using ($0+0.94):1:2 with yerrorbars lt 1 pt 7, \
     ranks(population_model) every ::first::first+2 using ($0+1.06):1:2 with yerrorbars lt 2 pt 5
set xtics auto; set xrange [*:*]

set ylabel "cells below (1)"; set yrange [0:1]
below(f, what) = "< basin cat '".f.":".what."'"
set xlabel "correlation with mirror image (1)"; set xrange [-0.5:1]; set xtics 0.5
letter = "d"; eval PANEL; name = "mirror symmetry"; eval NAME
plot below(population, "/symmetry") using 1:(one) smooth cumulative lt 1, \
     below(population_model, "/symmetry") using 1:(two) smooth cumulative lt 2
set xlabel "information (bit / spike)"; set xrange [0:*]
letter = "e"; eval PANEL; name = "information per spike"; eval NAME
plot below(population, "/information") using 1:(one) smooth cumulative lt 1, \
     below(population_model, "/information") using 1:(two) smooth cumulative lt 2
eval ANGLE_X; set xlabel "preferred angle (rad)"
letter = "f"; eval PANEL
name = sprintf("directions: Kuiper {/:Italic p} = %.2g", real(values(population, "/kuiper_p"))); eval NAME
set arrow 1 from 0,0 to 2*pi,1 nohead lt 4 lw 0.7 back
plot below(population, "/preferred") using 1:(one) smooth cumulative lt 1, \
     below(population_model, "/preferred") using 1:(two) smooth cumulative lt 2
unset arrow 1

set key bottom right
set logscale x; set xrange [0.8:*] noextend; set xtics 1, 10; set xlabel "cells"; set ylabel "circularity (1)"
letter = "g"; eval PANEL; name = "circularity of {/:Italic C}^{/Symbol f}"; eval NAME
steps(f) = "< basin cat ".f.":/cells ".f.":/circularity ".f.":/circularity_sd ".f.":/circularity_expected"
plot steps(population_model) using 1:2:3 with yerrorbars lt 2 pt 5, \
     steps(population) using 1:2:3 with yerrorbars lt 1 pt 7, \
     steps(population_model) using 1:4 lt 4 lw 0.7 title "random directions"
unset logscale x; set xtics auto

at(what, k) = real(word(values(tuning_fit, what), k))
fs = at("/fit_point", 1); fb = at("/fit_point", 2); gs = at("/fit_given", 1); gb = at("/fit_given", 2)
set xlabel "{/Symbol s} (1)"; set ylabel "{/Symbol b} (1)"; set xrange [*:*]; set yrange [*:*]
set logscale cb; set autoscale fix; set format cb "10^{%T}"
letter = "h"; eval PANEL; name = sprintf("loss at threshold %.2f", at("/fit_point", 3)); eval NAME
set key top right textcolor rgb "white"
set palette defined (@VIRIDIS) negative
plot "< basin cat --grid --transpose ".tuning_fit.":/fit_loss_sigma_beta" nonuniform matrix with image, \
     "+" every ::0::0 using (fs):(fb) with points pt 7 ps 1.3 lc rgb BLACK, \
     "+" every ::0::0 using (gs):(gb) with points pt 2 ps 1.3 lw 3 lc rgb BLACK, \
     "+" every ::0::0 using (fs):(fb) with points pt 7 ps 0.8 lc rgb "white" title "best", \
     "+" every ::0::0 using (gs):(gb) with points pt 2 ps 1.1 lc rgb "white" title real ? "published" : "true"
unset logscale cb

set xlabel "harmonic {/:Italic n}"; set ylabel "{/:Italic C}_{/:Italic n} (1)"; set xrange [-0.5:12.5]
set logscale y; set yrange [1e-5:3]; set format y "10^{%T}"; set key top right textcolor rgb "black"
letter = "i"; eval PANEL; name = "rate covariance"; eval NAME
hats = "< basin cat ".tuning_fit.":/fit_harmonic ".tuning_fit.":/fit_target ".tuning_fit.":/fit_target_sd ".tuning_fit.":/fit_model"
plot hats using 1:2:3 with yerrorbars lt 1 pt 7 title here, \
     hats using 1:4 lt 4 lw 1 title "fit"
unset multiplot
unset output
