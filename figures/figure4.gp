# SPDX-License-Identifier: MIT
# figure4: mean-field theory of the disordered ring attractor
width = 15; height = 9.5
load "figures/style.gp"
set multiplot layout 2,3 margins 0.075,0.96,0.10,0.94 spacing 0.125,0.17
f = meanfield; v = meanfield_velocity
recorded = has(v, "/network_overlap_rms") == 0
turn(x) = x - 2*pi*floor(x/(2*pi) + 0.5)       # to [-pi, pi)
pair(file, a, b) = "< basin cat " . file . ":" . a . " " . file . ":" . b

set xlabel "angle from the centre (rad)"; set xrange [-pi:pi]; set ytics 0.5
set xtics ("−π" -pi, "0" 0, "π" pi); set yrange [0:*]; set offsets 0, 0, 0.75, 0
letter = "a"; eval PANEL; name = "mean-field bump and gain"; eval NAME
set ylabel "overlap, gain (1)"
plot pair(f, "/theta", "/bump") using (turn($1)):2 smooth unique lt 1 title "bump: overlap {/:Italic G}", \
     pair(f, "/theta", "/gain") using (turn($1)):2 smooth unique lt 2 title "gain ∂{/:Italic G}/∂{/:Italic H}"
unset offsets

# Colours: the gap; lines: the largest ridge that leaves a bump.  The maps are equally
# spaced in the logarithms, but images want plain axes.
map(what) = "< basin cat --grid --transpose " . f . ":" . what
set contour base; unset surface; set cntrparam levels discrete -3, -2, -1
set xrange [*:*]; set yrange [*:*]
set table $contour
splot map("/map_ridge_limit") nonuniform matrix using (log10($1)):(log10($2)):(log10($3))
unset table
unset contour; set surface
set xlabel "width {/Symbol s} of the spectrum (1)"; set ylabel "gain {/Symbol b} (1)"
letter = "b"; eval PANEL; name = "gap (1/{/Symbol t}); lines: largest {/Symbol l}"; hit = 0; eval NAME
set autoscale xfix; set autoscale yfix; set cbtics 0.1; set key bottom left
set xtics ("0.5" log10(0.5), "1" 0, "2" log10(2), "4" log10(4))
set ytics ("0.5" log10(0.5), "1" 0, "2" log10(2), "4" log10(4))
set palette defined (@VIRIDIS) negative; set autoscale cbfix
plot map("/map_gap") nonuniform matrix using (log10($1)):(log10($2)):3 with image, \
     $contour using 1:2 with lines lw 1 lc rgb "white", \
     $contour using (hit = $0 > 0 && hit, $1 > 0.35 && !hit ? (hit = 1, $1) : 1/0):2:(sprintf("10^{%g}", $3)) with labels offset 0, 0.6 textcolor rgb "white" font ",7", \
     pair(f, "/sigma", "/beta") using (log10($1)):(log10($2)) with points pt 2 ps 1.2 lw 1.5 lc rgb VERMILION

# Room for c and d; f comes after e.
set multiplot next
set multiplot next

# e in two rows: angles without jumps at 2 pi, and what is between them.
row(top, bottom) = sprintf("set lmargin at screen 0.41; set rmargin at screen 0.625; set tmargin at screen %g; set bmargin at screen %g", top, bottom)
unwrap(x) = (u = n == 0 ? turn(x) : u + turn(x - p), p = x, u)
stats pair(v, "/time", "/angle") using (n = $0, unwrap($2)) nooutput
span = STATS_max - STATS_min
letter = "e"; eval PANEL
name = (recorded ? "recorded" : "random") . " velocity"; eval NAME
eval row(0.435, 0.26)
set xrange [0:*]; set autoscale xfix; set xtics auto; set format x ""; set xlabel ""
set ylabel "angle (rad)"; set yrange [*:*]; set offsets 0, 0, 0.45*span, 0.05*span
set ytics span > 16 ? 8 : span > 8 ? 4 : span > 4 ? 2 : 1; set key top right horizontal
plot pair(v, "/time", "/angle") using 1:(n = $0, unwrap($2)) lt 1 title "theory", \
     pair(v, "/time", "/network_angle") using 1:(n = $0, y = unwrap($2), int($0) % 10 == 0 ? y : 1/0) with points lt 2 pt 7 ps 0.25 title "network"
unset label 98; unset label 99; set multiplot previous
stats pair(v, "/lag", "/network_difference") using (abs($1) > abs($2) ? abs($1) : abs($2)) nooutput
eval row(0.24, 0.10)
set format x "%g"; set xlabel "time (s)" offset 0, 0.8; set ylabel "(rad)"
set offsets 0, 0, 1.5*STATS_max, 0.1*STATS_max
set ytics STATS_max > 0.2 ? 0.2 : 0.1; set xzeroaxis lt 4 lw 0.5; set key vertical
plot pair(v, "/time", "/network_difference") lt 2 lw 1 title "network − theory", \
     pair(v, "/time", "/lag") lt 3 lw 1 title "{/:Italic G} − {/:Italic m}"
unset multiplot
unset output
