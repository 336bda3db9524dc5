# SPDX-License-Identifier: MIT
# figure8: place cells of a tunnel as an attractor network; a ring, a margin, two maps
width = 15; height = 14
load "figures/style.gp"
set multiplot layout 3,3 margins 0.08,0.975,0.065,0.96 spacing 0.135,0.105
t = tuning; d = diagnosis; r = diagnosis_ring; m = diagnosis_margin; o = diagnosis_onesided
length = real(values(d, "/sigma_c")); turn = real(values(r, "/sigma_c"))
pair(file, a, b) = "< basin cat " . file . ":" . a . " " . file . ":" . b
number(file, what) = sprintf(" '%s:/number[:,%d]'", file, int(system("basin cat ".file.":/quantity | grep -nx ".what." | cut -d : -f 1")) - 1)
points(file, what) = "< basin cat ".file.":/value" . number(file, what)

# Each sixth cell, by the place of its highest rate.
letter = "a"; name = "maps (rate)"; eval PANEL; eval NAME
step = 60.0/265
set palette defined (@VIRIDIS); set cbrange [0:1.5]; set cbtics 0.5
set autoscale fix; set xtics 20; set ytics 50; set xlabel "place (m)"; set ylabel "cell, by preferred place"
plot "< basin cat ".t.":/preferred_point ".t.":/rate | sort -g | cut -f 2- | awk 'NR % 6 == 1'" matrix using ((0.5 + $1)*step):2:3 with image

letter = "b"; name = "weights {/:Italic N J}"; eval PANEL; eval NAME
set palette defined (@SIGNED); set cbrange [-60:60]; set cbtics 30
set xlabel "from cell"; set ylabel "to cell"; set xtics 200; set ytics 200
plot "< basin cat ".d.":/sample_sorted" matrix with image
set cbrange [*:*]

letter = "c"; name = "drift"; eval PANEL; eval NAME
set xrange [0:60]; set xtics 20; set xlabel "place (m)"; set ylabel "drift (10^{–2} {/Symbol s}_c/{/Symbol t})"; set ytics 0.5
set yrange [-1:1]; set key bottom left
set arrow 1 from 0,0 to 60,0 nohead lw 0.5 lc rgb GREY
plot pair(d, "/drift_point", "/drift_vector") using 1:(100*$2/length) lt 1 lw 0.8 title "adjoint", \
     pair(d, "/simulated_point", "/simulated_vector") using 1:(100*$2/length) with points lt 2 pt 7 ps 0.5 title "simulated"
unset arrow 1

letter = "d"; name = "pseudo-potential"; eval PANEL; eval NAME
set yrange [*:*]; set ytics auto; set ytics 1; set y2range [0:1]; set key top left
set ylabel "{/:Italic U} (10^{–3} {/Symbol s}_c^2/{/Symbol t})"; set offsets 0, 0, graph 0.45, graph 0.15
plot pair(d, "/drift_point", "/potential") using 1:(1000*$2/length**2) lt 1 title "tunnel", \
     pair(o, "/drift_point", "/potential") using 1:(1000*$2/length**2) lt 4 lw 0.8 title "tunnel, one-sided", \
     "< basin cat ".d.":/end_point" using 1:(0.04) axes x1y2 with points pt 9 ps 0.6 lc rgb VERMILION \
     title "end states"
unset offsets

# How far states have moved: the median of 64 starts.
letter = "e"; name = "median distance moved"; eval PANEL; eval NAME
set logscale xy; set xrange [1:1000]; set yrange [1e-4:1]; set key bottom right
set format "10^{%T}"; set xtics auto; set ytics auto; set ytics 10; set xtics 10
set xlabel "time ({/Symbol t})"; set ylabel "distance ({/Symbol s}_c)"
moved(file, scale) = sprintf("< basin cat %s:/persistence_time %s:/persistence_median | awk '{print $1, $2/%g}'", file, file, scale)
plot moved(d, length) with linespoints lt 1 ps 0.5 title "tunnel", \
     moved(r, turn) with linespoints lt 2 ps 0.5 title "ring", \
     moved(m, length) with linespoints lt 3 ps 0.5 title "line, margin", \
     moved(o, length) with linespoints lt 4 ps 0.5 title "tunnel, one-sided"
unset logscale; set format "%g"

letter = "f"; name = "states that stay for 100 {/Symbol t}"; eval PANEL; eval NAME
set logscale x; set xrange [40:1000]; set yrange [0:1.05]; set ytics 0.5; set xtics (50, 100, 200, 400, 800)
set xlabel "cells {/:Italic N} ({/:Italic L} = 18 {/Symbol s}_c)"; set ylabel "share {/:Italic S} of starts"; unset key
plot points(summary_sizes, "persistence_100") using 1:3 smooth unique lt 1, \
     points(summary_sizes, "persistence_100") using 1:3 with points lt 1 ps 0.7

letter = "g"; name = "the same, rings of 200 cells"; eval PANEL; eval NAME
set xrange [4:64]; set xtics (5, 10, 20, 40); set xlabel "length {/:Italic L} ({/Symbol s}_c)"
plot points(summary_lengths, "persistence_100") using (2*pi*$1):3 smooth unique lt 2, \
     points(summary_lengths, "persistence_100") using (2*pi*$1):3 with points lt 2 ps 0.7
unset logscale

# Bins of the distance to the nearest wall: 0, 1/2, 1, 2, 4 lengths; means over each.
letter = "h"; name = "near the walls"; eval PANEL; eval NAME
set xrange [-0.5:4.5]; set xtics ("0" -0.5, "½" 0.5, "1" 1.5, "2" 2.5, "4" 3.5); set yrange [0:1.5]; set ytics 0.5
set xlabel "distance to a wall ({/Symbol s}_c)"; set ylabel "residual (10^{–2})"; set key top right
wall(file) = "< basin cat ".file.":/wall_residual"
plot wall(d) using 0:(100*$1) with linespoints lt 1 ps 0.7 title "tunnel", \
     wall(m) using 0:(100*$1) with linespoints lt 3 ps 0.7 title "line, margin", \
     100*real(system("basin cat ".r.":/point_residual | awk '{s += $1*$1} END {print sqrt(s/NR)}'")) lt 2 title "ring"

letter = "i"; name = "two maps in one network"; eval PANEL; eval NAME
set xrange [0:100]; set xtics 50; set yrange [0:1.05]; set ytics 0.5; set xlabel "time ({/Symbol t})"; set ylabel "cosine with map"; set key at graph 1, 0.7
cosine(file, k) = sprintf("< basin cat '%s:/map_cosine[%d]'", file, k)
plot for [k=0:15] cosine(activity_first, k) using (0.4*$0):1 lt 1 lw 0.6, \
     for [k=0:15] cosine(activity_first, k) using (0.4*$0):2 lt 2 lw 0.6, \
     for [k=0:15] cosine(activity_second, k) using (0.4*$0):1 lt 1 lw 0.6 dt 2, \
     for [k=0:15] cosine(activity_second, k) using (0.4*$0):2 lt 2 lw 0.6 dt 2, \
     NaN lt 1 title "A", NaN lt 2 title "B", NaN lc rgb GREY title "from A", NaN lc rgb GREY dt 2 title "from B"
