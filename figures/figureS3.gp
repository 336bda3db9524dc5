# SPDX-License-Identifier: MIT
# figureS3: does anything lie far from the ring?  Starts of any size, and fixed points
width = 15; height = 4.8
load "figures/style.gp"
set multiplot layout 1,3 margins 0.075,0.97,0.17,0.90 spacing 0.115,0
a = activity_far; d = diagnosis_far
sds = values(a, "/disturbance"); levels = words(sds); n = rows(a, "/start_angle") / levels

set xlabel "time (s)"; set ylabel "distance per neuron (1)"; set logscale y; set format y "10^{%T}"
set xrange [0:*]; set autoscale xfix; set key top right
letter = "a"; eval PANEL; name = "distance to the ring"; eval NAME
plot for [b=levels:1:-1] for [k=n*(b-1):n*b-1] sprintf("< basin cat %s:/time '%s:/distance[%d,:]'", a, a, k) lt b lw 0.5, \
     for [b=1:levels] 1/0 lt b title "s.d. ".word(sds, b)
set xrange [*:*]

eval ANGLE_X; set xlabel "angle after ".sprintf("%.0f s", real(system("basin cat ".a.":/time | tail -n 1")))." (rad)"
set key off
letter = "b"; eval PANEL; name = "end states"; eval NAME
plot for [b=1:levels] sprintf("< basin cat '%s:/angle[%d:%d,-1]' '%s:/distance[%d:%d,-1]'", a, n*(b-1), n*b, a, n*(b-1), n*b) with points lt b pt 6 ps 0.8

set xlabel "angle of the nearest state (rad)"; set ylabel "distance per neuron (1)"
set key top right horizontal
quantity(what) = real(system("basin cat ".d.":/summary/name ".d.":/summary/value | awk '$1 == \"".what."\" { print $2 }'"))
letter = "c"; eval PANEL
# Elsewhere: farther from the ring than `far_distance` of the diagnosis.
name = sprintf("fixed points: %.0f elsewhere", quantity("spurious_fixed_points")); eval NAME
set offsets 0, 0, graph 0.2, graph 0.05
plot sprintf("< basin cat %s:/newton_angle %s:/newton_distance %s:/newton_positive", d, d, d) using 1:2:($3 > 0 ? 4 : 7):($3 > 0 ? 2 : 1) with points pt variable ps 0.7 lc variable, \
     1/0 with points lt 1 pt 7 ps 0.7 title "stable", 1/0 with points lt 2 pt 4 ps 0.7 title "saddle"
unset multiplot
unset output
