# SPDX-License-Identifier: MIT
# figureS2: networks that share the spectrum of J, and a reservoir taught to hold a ring
width = 15; height = 13.5
load "figures/style.gp"
set multiplot layout 3,3 margins 0.085,0.97,0.075,0.96 spacing 0.115,0.10
spectrum(f) = "< basin cat ".f.":/eigenvalue_real ".f.":/eigenvalue_imag"
number(f, what) = real(values(f, what))

set xlabel "Re"; set ylabel "Im" offset 0.6, 0; set xzeroaxis lt 4 lw 0.3; set yzeroaxis lt 4 lw 0.3
set offsets graph 0.05, graph 0.05, 0, 0; set xtics 0.4; set key top right samplen 0.6
# Room for the keys above the farthest eigenvalue.
largest(a, b) = a > b ? a : b
top = 0; set yrange [*:*]
do for [f in diagnosis." ".diagnosis_mixed." ".diagnosis_noisy] {
    stats spectrum(f) using (abs($2)) nooutput
    top = largest(top, STATS_max)
}
set yrange [-1.15*top:2.6*top]; set ytics top > 0.4 ? 0.5 : top > 0.1 ? 0.2 : 0.1
letter = "a"; eval PANEL; name = "rotated and mixed"; eval NAME
plot spectrum(diagnosis_mixed) with points lt 3 ps 0.5 title "mixed", \
     spectrum(diagnosis_rotated) with points lt 2 ps 0.6 title "rotated", \
     spectrum(diagnosis) with points lt 4 pt 6 ps 1 title "{/:Italic J}"
letter = "b"; eval PANEL; name = "circulant + noise"; eval NAME
r = number(weights_noisy, "/radius"); set parametric; set trange [0:2*pi]; set samples 200
plot r*cos(t), r*sin(t) lt 2 lw 0.7, \
     spectrum(diagnosis_noisy) with points lt 1 ps 0.3 title "circulant + noise", \
     spectrum(diagnosis) with points lt 4 pt 6 ps 1 title "{/:Italic J}"
letter = "c"; eval PANEL; name = "reservoir"; eval NAME
# Equal units on both axes of a panel that is as large as the others: 3.27 x 3.08 cm.
r = number(weights, "/radius"); set xtics 1; set ytics 1; set offsets 0, 0, 0, 0
unset parametric; set xrange [*:*]; set yrange [*:*]   # or stats leaves points out
stats spectrum(diagnosis_reservoir) using 1 nooutput
set parametric
low = 0.1 - (STATS_min < -r ? -STATS_min : r) - 0.3; high = (STATS_max > r ? STATS_max : r) + 0.2
set xrange [low:high]; set yrange [-0.47*(high-low):0.47*(high-low)]
plot spectrum(diagnosis_reservoir) with points lt 1 ps 0.15, r*cos(t), r*sin(t) lt 2 lw 0.7
unset parametric; unset xzeroaxis; unset yzeroaxis; set xrange [*:*]

eval ANGLE_X; eval ANGLE_Y; set yrange [-0.5:2*pi+1.7]
set xlabel "initial angle (rad)"; set ylabel sprintf("angle after %.0f s (rad)", real(system("basin cat ".activity_long.":/time | tail -n 1"))) offset 0.2, 0
turn(x) = x - 2*pi*floor(x/(2*pi) + 0.5)       # to [-pi, pi)
ends(f) = sprintf("< basin cat '%s:/start_angle' '%s:/angle[:,-1]'", f, f)
set arrow 1 from 0,0 to 2*pi,2*pi nohead lt 4 lw 0.5 back
set label 21 "{/:Italic J}" at graph 0.06, 0.9 font ",7"
set label 22 "rotated" at graph 0.18, 0.9 font ",7" textcolor rgb VERMILION
set label 23 "mixed" at graph 0.52, 0.9 font ",7" textcolor rgb GREEN
letter = "d"; eval PANEL; name = "no ring"; eval NAME
plot ends(activity_long) using 1:($1 + turn($2-$1)) with points lt 4 pt 6 ps 0.8, \
     ends(activity_rotated) using 1:2 with points lt 2 ps 0.6, \
     ends(activity_mixed) using 1:2 with points lt 3 ps 0.6
do for [k=21:23] { unset label k }
letter = "e"; eval PANEL; name = "circulant + noise"; eval NAME
plot ends(activity_noisy) using 1:($1 + turn($2-$1)) with points lt 1 pt 6 ps 0.8
letter = "f"; eval PANEL; name = "reservoir"; eval NAME
plot ends(activity_reservoir) using 1:($1 + turn($2-$1)) with points lt 1 pt 6 ps 0.8
unset arrow 1

set xlabel "time (s)"; set ylabel "angle (rad)" offset 1.2, 0; set xrange [0:*]; set autoscale xfix; set xtics auto; set yrange [0:2*pi]
letter = "g"; eval PANEL; name = "circulant + noise, rotated"; eval NAME
n = rows(activity_noisy, "/start_angle"); step = (n + 11) / 12
trace(f, k) = sprintf("< basin cat %s:/time '%s:/angle[%d,:]'", f, f, k)
plot for [k=0:n-1:step] trace(activity_rotated, k) with points pt 7 ps 0.15 lc rgb VERMILION, \
     for [k=0:n-1:step] trace(activity_noisy, k) with points pt 7 ps 0.15 lc rgb BLUE

points(k) = sprintf("< basin cat %s:/value %s:/gap_ring %s:/residual | awk '$2 == %d'", summary, summary, summary, k)
set xlabel "gain {/:Italic g}"; set ylabel "gap (1 / {/Symbol t})"; set xrange [*:*]; set yrange [*:*]; set ytics auto; set xtics 0.4
set offsets graph 0.05, graph 0.05, graph 0.05, graph 0.05; set key bottom right samplen 1.2
set xzeroaxis lt 4 lw 0.5
letter = "h"; eval PANEL; name = "reservoir: stable below 0"; eval NAME
plot for [k=1:2] points(k) using 1:3 with linespoints lt k ps 0.8 title sprintf("%d harmonic%s", k, k > 1 ? "s" : "")
unset xzeroaxis
set ylabel "residual (1)"; set logscale y; set format y "10^{%T}"; set autoscale noextend
set offsets graph 0.05, graph 0.05, graph 0.1, graph 0.1
letter = "i"; eval PANEL; name = "reservoir: residual"; eval NAME
plot for [k=1:2] points(k) using 1:4 with linespoints lt k ps 0.8
unset multiplot
unset output
