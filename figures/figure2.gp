# SPDX-License-Identifier: MIT
# figure2: the weights, their profile and their spectrum
width = 15; height = 9.5
load "figures/style.gp"
set multiplot layout 2,3 margins 0.075,0.985,0.10,0.94 spacing 0.125,0.17
d = diagnosis
pair(a, b) = "< basin cat " . d . ":" . a . " " . d . ":" . b

# Colours saturate at five times the typical weight.
stats pair("/profile_angle", "/profile") using 2 nooutput
top = 5 * (STATS_max > -STATS_min ? STATS_max : -STATS_min)
set palette defined (@SIGNED); set cbrange [-top:top]
# At most 400 neurons are shown, evenly taken.
total = rows(d, "/sample_sorted")
set xlabel sprintf("presynaptic neuron%s", total == 400 ? " (400 shown)" : ""); set ylabel "postsynaptic neuron"
every = total > 200 ? 100 : total > 40 ? 20 : 5
set xtics every; set ytics every
set autoscale fix; set yrange [*:*] reverse
set colorbox user size graph 0.03, 1 origin graph 1.03, 0 noborder
letter = "a"; eval PANEL; name = "{/:Italic NJ}, arbitrary order"; eval NAME
unset colorbox
plot "< basin cat --grid ".d.":/sample_unsorted" nonuniform matrix with image

letter = "b"; eval PANEL; name = "{/:Italic NJ}, by preferred angle"; eval NAME
set colorbox
plot "< basin cat --grid ".d.":/sample_sorted" nonuniform matrix with image
unset colorbox
set yrange [*:*] noreverse; set autoscale

set ytics auto
set xlabel "angle difference (rad)"; set xrange [-pi:pi]
set xtics ("−π" -pi, "0" 0, "π" pi)
letter = "c"; eval PANEL; name = "mean profile of {/:Italic NJ}"; eval NAME
unset ylabel; set key top left reverse Left
set offsets graph 0, graph 0, graph 0.35, graph 0
plot pair("/profile_angle", "/profile") with points lt 1 pt 6 ps 0.5 title "mean", \
     pair("/profile_angle", "/profile_predicted") lt 4 lw 1 title "theory"

letter = "d"; eval PANEL; name = "mean-field Mexican hat"; eval NAME
set ylabel "{/:Italic NJ} (1)"; unset offsets
plot pair("/profile_angle", "/hat") lt 2

set xlabel "Re {/Symbol l} (1)"; set ylabel "Im {/Symbol l} (1)"; set xtics auto
set xrange [*:*]; set xtics 0.5; set key top left noreverse Right
stats "< basin cat ".d.":/eigenvalue_imag" using 1 nooutput
top = STATS_max > 0.05 ? STATS_max : 0.05
set yrange [-1.2*top:2.5*top]; set ytics auto
letter = "e"; eval PANEL; name = "eigenvalues of {/:Italic J}"; eval NAME
plot pair("/eigenvalue_real", "/eigenvalue_imag") with points lt 1 pt 6 ps 0.6 title "measured", \
     "< basin cat ".d.":/harmonic ".d.":/predicted" using 2:($1 > 0 ? 0 : 1/0) with points lt 2 pt 2 ps 1.1 title "doublets", \
     "" using 2:($1 == 0 ? 0 : 1/0) with points lt 4 pt 1 ps 1.3 title "singlet"

set logscale y; set yrange [1e-3:*]; set format y "10^{%T}"
set xlabel "rank"; set ylabel "singular value (1)"; set xrange [0:60]; set xtics auto
letter = "f"; eval PANEL; name = "singular values of {/:Italic J}"; eval NAME
plot "< basin cat ".d.":/singular" using ($0+1):1 with points lt 1 pt 7 ps 0.5
unset multiplot
unset output
