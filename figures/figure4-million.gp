# SPDX-License-Identifier: MIT
# figure4-million: a ring of 1,000,000 neurons (half an hour, 16 GB)
width = 15; height = 9.5
load "figures/style.gp"
set multiplot layout 2,3 margins 0.085,0.985,0.10,0.94 spacing 0.125,0.17
a = activity; d = diagnosis
pair(f, x, y) = "< basin cat " . f . ":" . x . " '" . f . ":" . y . "'"
n = rows(a, "/start_angle")
turn(x) = x - 2*pi*floor(x/(2*pi) + 0.5)       # to [-pi, pi)

set xlabel "harmonic"; set ylabel "Re {/Symbol l} (1)"; set xrange [-0.5:6.5]; set xtics 1
set key top right
letter = "a"; eval PANEL; name = "eigenvalues of {/:Italic J}"; eval NAME
# Largest first: harmonics in the order of their predictions, two of each but of 0.
order = system("basin cat ".d.":/harmonic ".d.":/predicted | sort -k2,2gr | awk '{ print $1; if ($1 > 0) print $1 }' | head -14")
plot "< basin cat ".d.":/eigenvalue_real | sort -gr" using ($0 < words(order) ? real(word(order, int($0)+1)) : 1/0):1 with points lt 1 pt 6 ps 0.9 title "measured", \
     pair(d, "/harmonic", "/predicted") with points lt 2 pt 2 ps 0.9 title "predicted"

set xlabel "harmonic"; set ylabel "measured − predicted (1)"; set logscale y; set format y "10^{%T}"
letter = "b"; eval PANEL; name = "distance to the prediction"; eval NAME
values_of = system("basin cat ".d.":/harmonic ".d.":/predicted | sort -k2,2gr | awk '{ print $2; if ($1 > 0) print $2 }' | head -14")
splitting = 1.0/sqrt(rows(tuning, "/preferred"))
plot "< basin cat ".d.":/eigenvalue_real | sort -gr" using ($0 < words(order) ? real(word(order, int($0)+1)) : 1/0):(abs($1 - real(word(values_of, int($0) < words(values_of) ? int($0)+1 : 1)))) with points lt 1 pt 6 ps 0.9, \
     splitting lt 4 lw 0.7 dt 2 title "{/:Italic N}^{−1/2}"
unset logscale y; set format y "%g"; set xtics auto; set xrange [*:*]

set xlabel "time (s)"; set ylabel "change (10^{−3} rad)"; set xrange [0:*]; set autoscale xfix
letter = "c"; eval PANEL; name = sprintf("%d decoded angles", n); eval NAME
start(k) = real(word(starts, k+1)); starts = values(a, "/start_angle")
plot for [k=0:n-1] sprintf("< basin cat %s:/time '%s:/angle[%d,:]'", a, a, k) using 1:(1e3*turn($2-start(k))) lt 1 lw 0.5

set ylabel "distance (1)"; set ytics auto; set yrange [*:*]; set logscale y; set format y "10^{%T}"
letter = "d"; eval PANEL; name = "distance to the ring"; eval NAME
plot for [k=0:n-1] sprintf("< basin cat %s:/time '%s:/distance[%d,:]'", a, a, k) lt 1 lw 0.5
unset logscale y; set format y "%g"

eval ANGLE_X; set xlabel "angle (rad)"; e = floor(log10(real(values(d, "/drift_max"))))
set ylabel sprintf("drift (10^{%d} rad / {/Symbol t})", e); set xzeroaxis lt 4 lw 0.5
letter = "e"; eval PANEL; name = "drift along the ring"; eval NAME
plot pair(d, "/drift_angle", "/drift") using 1:($2/10**e) with impulses lt 1 lw 0.7, \
     "" using 1:($2/10**e) with points lt 1 pt 7 ps 0.5

set ylabel "eigenvalue × {/Symbol t} (1)"; set yrange [-0.3:0.1]; set key at graph 0.98, 0.62 right
letter = "f"; eval PANEL; name = "Jacobian on the ring"; eval NAME
plot pair(d, "/jacobian_angle", "/tangent") with points lt 2 pt 2 ps 0.9 title "tangent", \
     pair(d, "/jacobian_angle", "/transverse") with points lt 1 pt 6 ps 0.9 title "next"
unset multiplot
unset output
