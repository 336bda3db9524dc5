# SPDX-License-Identifier: MIT
# figure3: relaxation, memory and integration of the disordered ring attractor
width = 15; height = 13.5
load "figures/style.gp"
set multiplot layout 3,3 margins 0.075,0.94,0.075,0.96 spacing 0.115,0.10
recorded = has(activity_velocity, "/overlap_recorded")
a = activity

# Trajectories come in one block of starting angles per size of disturbance; about
# twelve of a block are drawn.
starts(f) = rows(f, "/start_angle") / rows(f, "/disturbance")
sds = values(a, "/disturbance"); levels = words(sds); n = starts(a); step = (n + 11) / 12
set xlabel "component 1 (1)"; set ylabel "component 2 (1)"; set xtics 0.5; set ytics 0.5
set offsets graph 0.05, graph 0.05, graph 0.05, graph 0.2
letter = "a"; eval PANEL; name = "relaxation onto the ring"; eval NAME
set key top right horizontal
plot for [k=n*(levels-1):n*levels-1:step] sprintf("< basin cat '%s:/pc[%d,:,0:2]'", a, k) lt levels lw 0.7, \
     sprintf("< basin cat '%s:/ring_pc[:,0:2]'; basin cat '%s:/ring_pc[0:1,0:2]'", a, a) lt 4 lw 1.2 title "targets", \
     1/0 lt levels lw 0.7 title "s.d. ".word(sds, levels)
set xtics auto; set ytics auto; unset offsets; set key vertical

set xlabel "time (s)"; set ylabel "distance (1)"; set logscale y; set format y "10^{%T}"
set xrange [0:*]; set autoscale xfix; set key top right
letter = "b"; eval PANEL; name = "distance to the ring"; eval NAME
plot for [b=1:levels] for [k=n*(b-1):n*b-1:step] sprintf("< basin cat %s:/time '%s:/distance[%d,:]'", a, a, k) lt b lw 0.5, \
     for [b=levels:1:-1] 1/0 lt b title "s.d. ".word(sds, b)
unset logscale y; set format y "%g"; set xrange [*:*]

eval ANGLE_X; set xlabel "angle (rad)"; e = floor(log10(real(values(diagnosis, "/drift_max"))))
set ylabel sprintf("drift (10^{%d} rad / {/Symbol t})", e)
letter = "c"; eval PANEL; name = "drift along the ring"; eval NAME
set xzeroaxis lt 4 lw 0.5
plot "< basin cat ".diagnosis.":/drift_angle ".diagnosis.":/drift" using 1:($2/10**e) lt 1 lw 1
unset xzeroaxis

eval ANGLE_Y; set xlabel "initial angle (rad)"; set ylabel "final angle (rad)"
set yrange [-0.7:2*pi+0.7]
turn(x) = x - 2*pi*floor(x/(2*pi) + 0.5)       # to [-pi, pi)
set style arrow 1 nohead lt 4 lw 0.5
do for [p=1:3] {
    letter = word("d e f", p); eval PANEL
    name = p == 1 ? "{/:Italic J}" : p == 2 ? "circulant average" : "average + shuffled rest"; eval NAME
    f = p == 1 ? activity : p == 2 ? activity_circulant : activity_scrambled
    set arrow 1 from 0,0 to 2*pi,2*pi as 1 back
    plot sprintf("< basin cat '%s:/start_angle[0:%d]' '%s:/angle[0:%d,-1]'", f, starts(f), f, starts(f)) using 1:($1 + turn($2-$1)) with points lt 1 pt 6 ps 0.8
    unset arrow 1
}

set xlabel "time (s)"; set ylabel "angle (rad)"; set xrange [0:*]; set autoscale xfix
eval ANGLE_Y; set xtics auto; set cbtics auto
map(f, what) = "< basin cat --grid --transpose ".f.":".what
line(f, what) = "< basin cat ".f.":/time '".f.":".what."'"
# One colour scale for both maps.
stats "< basin cat ".activity_velocity.":/overlap" matrix nooutput
set cbrange [STATS_min:STATS_max]
letter = "g"; eval PANEL; name = "constant velocity: overlap"; eval NAME
set key at graph 0.98, 0.52 right textcolor rgb "white"
unset colorbox
plot map(activity_constant, "/overlap") nonuniform matrix with image, \
     line(activity_constant, "/angle_true") every 8 with points pt 7 ps 0.35 lc rgb "white" title "true", \
     line(activity_constant, "/angle[0,:]") every 8::4 with points pt 7 ps 0.25 lc rgb VERMILION title "decoded"

letter = "h"; eval PANEL; name = (recorded ? "recorded" : "random")." velocity: overlap"; eval NAME
set colorbox
plot map(activity_velocity, "/overlap") nonuniform matrix with image, \
     line(activity_velocity, "/angle_true") every 8 with points pt 7 ps 0.35 lc rgb "white", \
     line(activity_velocity, "/angle[0,:]") every 8::4 with points pt 7 ps 0.25 lc rgb VERMILION
unset colorbox; unset ylabel

letter = "i"; eval PANEL
if (recorded) {
    name = "recorded counts (own scale)"; eval NAME
    set autoscale cb
    plot map(activity_velocity, "/overlap_recorded") nonuniform matrix with image, \
         line(activity_velocity, "/angle_true") every 8 with points pt 7 ps 0.35 lc rgb "white"
} else {
    name = "decoded − true (rad)"; eval NAME
    set ytics auto; set yrange [*:*]; set offsets graph 0, graph 0, graph 0.25, graph 0
    set key inside top right textcolor rgb "black"
    plot line(activity_constant, "/angle_error") lt 1 lw 1 title "constant", \
         line(activity_velocity, "/angle_error") lt 2 lw 1 title "random"
}
unset multiplot
unset output
