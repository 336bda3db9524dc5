# SPDX-License-Identifier: MIT
# figure4: mean-field theory, networks of many sizes, and for which ridge they are attractors
width = 15; height = 13.5
load "figures/style.gp"
set multiplot layout 3,3 margins 0.085,0.97,0.07,0.96 spacing 0.125,0.105
f = meanfield; v = meanfield_velocity; s = summary_sizes; l = summary_stability
# Two plots in the place of one: column from 0, top and bottom edge as shares of the page.
place(column, top, bottom) = sprintf("set lmargin at screen %g; set rmargin at screen %g; set tmargin at screen %g; set bmargin at screen %g", 0.085 + 0.33667*column, 0.29667 + 0.33667*column, top, bottom)
# Columns of a table of points: quantities by name, then the values of the sweep.
number(file, what) = sprintf(" '%s:/number[:,%d]'", file, int(system("basin cat ".file.":/quantity | grep -nx ".what." | cut -d : -f 1")) - 1)
points(file, x, y) = "< basin cat".number(file, x).number(file, y)." ".file.":/value"
known(file, what) = int(system("basin cat ".file.":/quantity | grep -cx ".what." || true")) > 0
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

# c in two rows: the largest eigenvalues, each network a little beside the last; how far
# the two of a pair are apart, root mean square over networks, where all have that pair.
# figure4-million goes on to 1,000,000 neurons, which take half an hour.
doublet(n, what) = sprintf("doublet_%d_%s", n, what)
split = ""; lines = 0
do for [n=1:5] { if (known(s, doublet(n, "distance"))) { split = split.sprintf(" %d", n) } }
do for [n=1:5] { if (lines == n-1 && known(s, doublet(n, "predicted"))) { lines = n } }
theory = recorded ? "" : values(f, "/doublet_split")
set style line 10 lc rgb BLACK lw 0.7 dt 1
set style line 11 lc rgb BLACK lw 0.7 dt 2
letter = "c"; eval PANEL; name = "eigenvalues of {/:Italic J}"; eval NAME
eval place(2, 0.96, 0.858)
set logscale x; set xrange [*:*]; set yrange [0:*]; set autoscale noextend
set xtics auto; set format x ""; set xlabel ""; unset ylabel; set ytics 0.5
set offsets graph 0.06, graph 0.06, graph 0.1, 0
eigenvalues = 0
do for [n=1:11] { if (eigenvalues == n-1 && known(s, sprintf("eigenvalue_%d", n))) { eigenvalues = n } }
single = known(s, "singlet_predicted") ? "singlet_predicted" : "neurons"
plot for [n=1:lines] points(s, "neurons", doublet(n, "predicted")) using 1:2 smooth unique ls 10, \
     points(s, "neurons", single) using 1:(single eq "neurons" ? 1/0 : $2) smooth unique ls 11, \
     for [n=1:eigenvalues] points(s, "neurons", sprintf("eigenvalue_%d", n)) using ($1*1.15**($4-2)):2 with points lt 1 pt 7 ps 0.2
unset label 98; unset label 99; set multiplot previous
eval place(2, 0.815, 0.73167)
set format x "10^{%T}"; set xlabel "neurons"
name = "distance within pairs"; eval NAME
set logscale y; set format y "10^{%T}"; set ytics auto; set yrange [*:*]
rms(n) = points(s, "neurons", doublet(n, "distance"))." | awk '{ q[$1] += $2*$2; k[$1]++ } END { for (i in q) print i, sqrt(q[i]/k[i]) }' | sort -g"
first(n) = system(rms(n)[3:]." | awk 'NR == 1 { print $2*sqrt($1) }'")
set key top right vertical samplen 0.3 spacing 0.9; top_room = 0.3; low_room = 0.1
# Pairs of a recording lie so near each other that they mix: points, and a power to compare.
if (recorded) {
    unset key; top_room = 0.1; low_room = 0.4
    name = "distance in pairs, {/:Italic N}^{−1/2}"; eval NAME
    set label 20 "{/:Italic n} =" at graph 0.04, 0.13 font ",7"
    do for [k=1:words(split)] { set label 20+k word(split, k) at graph 0.1+0.08*k, 0.13 font ",7" textcolor lt k }
}
set offsets graph 0.06, graph 0.06, graph top_room, graph low_room
top = recorded && words(split) > 0 ? first(int(word(split, 1))) : "1"
plot for [k=1:words(split)] rms(int(word(split, k))) using 1:2 with points lt k dt 1 pt 7 ps 0.4 title "{/:Italic n} = ".word(split, k), \
     for [k=1:words(split)] rms(int(word(split, k))) using 1:(real(recorded ? top : word(theory, int(word(split, k))))/sqrt($1)) with lines lt recorded ? 4 : k dt recorded ? 2 : 1 lw 0.8
set key samplen 1.2 spacing 1.1
do for [k=20:25] { unset label k }

# d: each point a network, lines their means, dashed the power of N in theory.
set xrange [*:*]; set yrange [*:10]; set offsets graph 0.06, graph 0.06, 0, graph 0.05
set xlabel "neurons"; set ylabel "drift, error, diffusion" offset 1.3, 0; set key top right vertical
letter = "d"; eval PANEL; name = "drift, memory, diffusion"; eval NAME
end(what) = system(points(s, "neurons", what)[3:]." | sort -g | awk '{ q[$1] += $2; k[$1]++; n = $1 } END { print n, q[n]/k[n] }'")
drift_end = end("drift_rms"); memory_end = end("memory_flow_100"); diffusion_end = end("diffusion")
line(e, p, x) = real(word(e, 2))*(x/real(word(e, 1)))**p
plot points(s, "neurons", "drift_rms") using 1:2 with points lt 1 pt 6 ps 0.4 title "drift (rad/{/Symbol t})", \
     "" using 1:(line(drift_end, -0.5, $1)) smooth unique ls 11, \
     points(s, "neurons", "memory_flow_100") using 1:2 with points lt 2 pt 4 ps 0.4 title "error at 100 {/Symbol t} (rad)", \
     "" using 1:(line(memory_end, -0.5, $1)) smooth unique ls 11, \
     points(s, "neurons", "diffusion") using 1:2 with points lt 3 dt 1 pt 2 ps 0.4 title "{/:Italic D}/{/Symbol s}^2 (rad^2/{/Symbol t})", \
     "" using 1:(line(diffusion_end, -1, $1)) smooth unique ls 11

unset logscale y; set format y "%g"; set yrange [0:*]; set offsets graph 0.06, graph 0.06, graph 0.6, 0
set ylabel "stable points" offset 0.2, 0; set ytics auto; unset label 99
letter = " "; eval PANEL; name = "fixed points on the ring"; eval NAME
# Not given where some network has too few `drift_angles` for them.
counted = known(s, "fixed_points_stable") ? "fixed_points_stable" : "neurons"
plot points(s, "neurons", counted) using ($1*1.15**($4-2)):(counted eq "neurons" ? 1/0 : $2) with points lt 1 pt 6 ps 0.4 title "counted", \
     points(s, "neurons", "fixed_points_rice") using 1:2 smooth unique ls 10 title "random drift (Rice)"
unset logscale x; set format x "%g"; set key vertical

# e in two rows: angles without jumps at 2 pi, and what is between them.
unwrap(x) = (u = n == 0 ? turn(x) : u + turn(x - p), p = x, u)
set xrange [*:*]; set yrange [*:*]     # stats leaves out what is outside
stats pair(v, "/time", "/angle") using (n = $0, unwrap($2)) nooutput
span = STATS_max - STATS_min
letter = "e"; eval PANEL
name = (recorded ? "recorded" : "random") . " velocity"; eval NAME
eval place(2, 0.62833, 0.525)
set xrange [0:*]; set autoscale xfix; set xtics auto; set format x ""; set xlabel ""
set ylabel "angle (rad)"; set yrange [*:*]; set offsets 0, 0, 0.75*span, 0.05*span
set ytics span > 16 ? 8 : span > 8 ? 4 : span > 4 ? 2 : 1; set key top right horizontal
plot pair(v, "/time", "/angle") using 1:(n = $0, unwrap($2)) lt 1 title "theory", \
     pair(v, "/time", "/network_angle") using 1:(n = $0, y = unwrap($2), int($0) % 10 == 0 ? y : 1/0) with points lt 2 pt 7 ps 0.25 title "network"
unset label 98; unset label 99; set multiplot previous
set xrange [*:*]; set yrange [*:*]
stats pair(v, "/lag", "/network_difference") using (abs($1) > abs($2) ? abs($1) : abs($2)) nooutput
eval place(2, 0.505, 0.40167)
set format x "%g"; set xlabel "time (s)" offset 0, 0.8; set ylabel "(rad)"
set offsets 0, 0, 2.2*STATS_max, 0.1*STATS_max
set ytics STATS_max > 0.2 ? 0.2 : 0.1; set xzeroaxis lt 4 lw 0.5; set key vertical
plot pair(v, "/time", "/network_difference") lt 2 lw 1 title "network − theory", \
     pair(v, "/time", "/lag") lt 3 lw 1 title "{/:Italic G} − {/:Italic m}"

# f: each quantity against the ridge; the gap is that of the whole ring, `gap_ring`.
set logscale x; set format x "10^{%T}"; set xlabel "ridge {/Symbol l}"; set xtics 1e-12, 100
set xrange [*:*]; set autoscale xfix; set offsets graph 0.05, graph 0.05, graph 0.1, graph 0.1; unset xzeroaxis
# Recorded: smoothing is the second column of /value, floor the third, inhibition the last.
curve(file, y) = "< basin cat '".file.":/value[:,0]'".number(file, y)
of(y, smooth, floor, c) = sprintf("< basin cat %s:/value %s | awk '$2 == %s && $3 == %s && $4 == %s { print $1, $5 }' | sort -g", l, number(l, y), smooth, floor, c)
smooths = recorded ? system("basin cat '".l.":/value[:,1]' | sort -gu | tr '\\n' ' '") : ""
floors = recorded ? system("basin cat '".l.":/value[:,2]' | sort -gu | tr '\\n' ' '") : ""
sqrt_of(y) = system(curve(l, y)[3:]." | sort -g | awk 'NR == 1 || ($1 == first && $2 < low) { first = $1; low = $2 } END { print low/sqrt(first) }'")
set logscale y; set format y "10^{%T}"; set ytics auto; set yrange [*:*]
do for [q=1:2] {
    y = q == 1 ? "residual" : "drift_rms"; low = real(sqrt_of(y))
    letter = q == 1 ? "f" : " "; eval PANEL; name = q == 1 ? "residual" : "drift"; eval NAME
    set ylabel q == 1 ? "residual (1)" : "drift (rad/{/Symbol t})" offset 1.3, 0
    set key bottom right
    if (recorded) {
        plot for [k=1:words(smooths)] of(y, word(smooths, k), word(floors, 1), "1") using 1:2 with linespoints lt k dt 1 ps 0.4 lw 1 title q == 1 ? word(smooths, k)." bins" : "", \
             curve(l, y) using 1:(low*sqrt($1)) smooth unique ls 11 title q == 1 ? "∝ √{/Symbol l}" : ""
    } else {
        plot curve(l, y) using 1:2 with points lt 1 pt 6 ps 0.5, \
             curve(l, y) using 1:(low*sqrt($1)) smooth unique ls 11 title q == 1 ? "∝ √{/Symbol l}" : ""
    }
}
unset logscale y; set format y "%g"; set ylabel "gap (1/{/Symbol t})" offset 0.9, 0; set xzeroaxis lt 4 lw 0.5
letter = " "; eval PANEL; name = "gap: stable below 0"; eval NAME; set format y "%g"
if (recorded) {
    set nonlinear y via asinh(y/0.03) inverse 0.03*sinh(y)
    set ytics ("−1" -1, "−0.1" -0.1, "−0.05" -0.05, "0" 0, "0.05" 0.05, "0.1" 0.1, "0.5" 0.5, "1" 1, "10" 10)
    set key top right; unset xzeroaxis  # which gnuplot draws elsewhere on such an axis
    plot 0 lt 4 lw 0.5, \
         for [k=1:words(smooths)] of("gap_ring", word(smooths, k), word(floors, 1), "1") using 1:2 with linespoints lt k dt 1 ps 0.4 lw 1, \
         for [k=1:words(smooths)] of("gap_ring", word(smooths, k), word(floors, words(floors)), "1") using 1:2 with lines lt k dt 3 lw 1 title k == 1 ? "floor ".word(floors, words(floors)) : "", \
         for [k=1:words(smooths)] of("gap_ring", word(smooths, k), word(floors, 1), "0") using 1:2 with lines lt k dt 2 lw 1 title k == 1 ? "{/:Italic c} = 0" : ""
} else {
    set yrange [*:0.02<*]; set ytics auto
    plot curve(l, "gap_ring") using 1:2 with points lt 1 pt 6 ps 0.5
}
unset multiplot
unset output
