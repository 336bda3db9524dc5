# SPDX-License-Identifier: MIT
# figure3: relaxation, memory and integration of the disordered ring attractor
width = 15; height = 13.5
load "figures/style.gp"
set multiplot layout 3,3 margins 0.075,0.94,0.075,0.96 spacing 0.115,0.10
recorded = exists("recording")
a = activity

set xlabel "component 1 (1)"; set ylabel "component 2 (1)"
letter = "a"; eval PANEL; name = "relaxation onto the ring"; eval NAME
set key top right; set size noratio
plot for [k=0:33:3] sprintf("< basin cat '%s:/pc[%d,:,0:2]'", a, k) lt 1 lw 0.7, \
     "< basin cat '".a.":/ring_pc[:,0:2]'" lt 4 lw 1.2 title "target ring"

set xlabel "time (s)"; set ylabel "distance (1)"; set logscale y; set format y "10^{%T}"
set xrange [0:1]
letter = "b"; eval PANEL; name = "distance to the ring"; eval NAME
plot for [k=0:33:3] sprintf("< basin cat %s:/time '%s:/distance[%d,:]'", a, a, k) lt 1 lw 0.7
unset logscale y; set format y "%g"; set xrange [*:*]

eval ANGLE_X; set xlabel "angle (rad)"; set ylabel "drift (10^{-3} rad / {/Symbol t})"
letter = "c"; eval PANEL; name = "drift along the ring"; eval NAME
set xzeroaxis lt 4 lw 0.5
plot "< basin cat ".diagnosis.":/drift_angle ".diagnosis.":/drift" using 1:($2*1e3) lt 1 lw 1
unset xzeroaxis

eval ANGLE_Y; set xlabel "initial angle (rad)"; set ylabel "final angle (rad)"
set style arrow 1 nohead lt 4 lw 0.5
do for [p=1:3] {
    letter = word("d e f", p); eval PANEL
    name = p == 1 ? "{/:Italic J}" : p == 2 ? "circulant average" : "average + shuffled rest"; eval NAME
    f = p == 1 ? activity : p == 2 ? activity_circulant : activity_scrambled
    set arrow 1 from 0,0 to 2*pi,2*pi as 1 back
    plot "< basin cat ".f.":/start_angle '".f.":/angle[:,-1]'" with points lt 1 pt 6 ps 0.8
    unset arrow 1
}

set xlabel "time (s)"; set ylabel "angle (rad)"; set xrange [0:*]; set autoscale xfix
set cblabel "overlap (1)" offset -0.8, 0
letter = "g"; eval PANEL; name = "constant velocity"; eval NAME
set key bottom right textcolor rgb "white" opaque fillcolor rgb "#00000060"
map(f) = "< basin cat --matrix --transpose ".f.":/overlap"
unset colorbox; unset cblabel
plot map(activity_constant) binary matrix with image, \
     "< basin cat ".activity_constant.":/time ".activity_constant.":/angle_true" every 4 with points pt 7 ps 0.25 lc rgb "white" title "true", \
     "< basin cat ".activity_constant.":/time '".activity_constant.":/angle[0,:]'" every 4 with points pt 7 ps 0.15 lc rgb VERMILION title "decoded"

letter = "h"; eval PANEL; name = recorded ? "recorded velocity" : "random velocity"; eval NAME
set colorbox; set cblabel "overlap (1)" offset -0.8, 0
if (!recorded) { set colorbox }
plot map(activity_velocity) binary matrix with image, \
     "< basin cat ".activity_velocity.":/time ".activity_velocity.":/angle_true" every 4 with points pt 7 ps 0.25 lc rgb "white", \
     "< basin cat ".activity_velocity.":/time '".activity_velocity.":/angle[0,:]'" every 4 with points pt 7 ps 0.15 lc rgb VERMILION
unset colorbox; unset cblabel

letter = "i"; eval PANEL
if (recorded) {
    name = "overlap of recorded counts"; eval NAME
    plot "< basin cat --matrix --transpose ".activity_velocity.":/overlap_recorded" binary matrix with image, \
         "< basin cat ".activity_velocity.":/time ".activity_velocity.":/angle_true" every 4 with points pt 7 ps 0.25 lc rgb "white"
} else {
    name = "decoded − true angle"; eval NAME
    set ytics auto; set yrange [*:*]; set ylabel "error (rad)"
    set key top left textcolor rgb "black" noopaque
    plot "< basin cat ".activity_constant.":/time ".activity_constant.":/angle_error" lt 1 title "constant", \
         "< basin cat ".activity_velocity.":/time ".activity_velocity.":/angle_error" lt 2 title "random"
}
unset multiplot
unset output
