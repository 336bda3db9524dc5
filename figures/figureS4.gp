# SPDX-License-Identifier: MIT
# figureS4: in the dark: two-compartment neurons that learned to turn, and a ring with J + v J'
width = 15; height = 13.5
load "figures/style.gp"
set multiplot layout 3,3 margins 0.075,0.94,0.075,0.96 spacing 0.115,0.10
w = dendritic; d = darkness_learned; r = darkness
n = rows(w, "/preferred")
quantity(f, what) = real(system("basin cat ".f.":/summary/name ".f.":/summary/value | awk '$1 == \"".what."\" { print $2 }'"))

# All weights onto HD cells: from HR cells of either wing, from HD cells.
top = real(system(sprintf("basin cat '%s:/weights[-1,:,:]' | awk '{ for (k = 1; k <= NF; k++) { a = $k < 0 ? -$k : $k; if (a > m) m = a } } END { print m }'", w)))
set palette defined (@SIGNED); set cbrange [-top:top]; set cbtics 20
set xrange [-0.5:2*n-0.5]; set yrange [-0.5:n-0.5]; set ytics ("0" -0.5, "π" n/2-0.5, "2π" n-0.5)
set xtics ("HR +" n/4, "HR −" 3*n/4, "HD" 3*n/2) scale 0; set xlabel "source" ; set ylabel "preferred angle (rad)"
do for [k=1:2] { set arrow k from k*n/2-0.5, -0.5 to k*n/2-0.5, n-0.5 nohead lt 4 lw 0.5 front }
letter = "a"; eval PANEL; name = "learned weights (1/kHz)"; eval NAME
part(from, to, step) = sprintf("< basin cat '%s:/weights[-1,:,%d:%d:%d]'", w, from, to, step)
plot part(0, n, 2) matrix with image, part(1, n, 2) matrix using ($1+n/2):2:3 with image, \
     part(n, 2*n, 1) matrix using ($1+n):2:3 with image
unset arrow 1; unset arrow 2; unset colorbox; set xtics scale 0.6 auto; set ytics auto; set yrange [*:*]; set xrange [*:*]

deg = 180/pi
set xlabel "offset (°)"; set ylabel "weight (1/kHz)"; set xrange [-180:180]; set xtics 90; set xzeroaxis lt 4 lw 0.3
set offsets 0, 0, graph 0.35, graph 0.05
letter = "b"; eval PANEL; name = "mean weights"; eval NAME; set key top center horizontal maxcols 3 samplen 0.6
mean_of(what) = sprintf("< basin cat %s:/offset '%s:/profile_%s[-1,:]'", w, w, what)
plot mean_of("recurrent") using ($1*deg):2 lt 4 title "HD", \
     mean_of("positive") using ($1*deg):2 lt 1 title "HR +", \
     mean_of("negative") using ($1*deg):2 lt 2 title "HR −"
unset xzeroaxis; set offsets 0, 0, 0, 0; set key vertical samplen 1.2

set xlabel "time trained (s)"; set ylabel "error (Hz)"; set logscale x; set format x "10^{%T}"
set xrange [*:*]; set autoscale xfix; set xtics auto; set yrange [0:*]
letter = "c"; eval PANEL; name = "error of the prediction"; eval NAME
plot sprintf("< basin cat %s:/error_time %s:/error", w, w) with linespoints lt 1 ps 0.4
unset logscale x; set format x "%g"

# The last trial turns at a velocity that changes.
line(f, what, t) = sprintf("< basin cat %s:/time '%s:/%s[%d,:]'", f, f, what, t)
dark(f, what) = real(system(sprintf("basin cat %s:/time %s:/light | awk '$2 == 0 { last = $1; if (first == \"\") first = $1 } END { print %s }'", f, f, what)))
last(f) = rows(f, "/speed") - 1
set xlabel "time (s)"; set xrange [0:*]; set autoscale xfix; eval ANGLE_Y; set xtics auto; set ylabel "heading (rad)"
set palette defined (@VIRIDIS)
do for [p=1:2] {
    f = p == 1 ? d : r; letter = word("d e", p); eval PANEL
    name = p == 1 ? "learned: rates" : "ring: overlap"; eval NAME
    do for [k=1:2] { set arrow k from dark(f, k == 1 ? "first" : "last"), 0 to dark(f, k == 1 ? "first" : "last"), 2*pi nohead lc rgb "white" lw 1 dt 2 front }
    set cbrange [*:*]
    plot "< basin cat --grid --transpose ".f.":/bump" nonuniform matrix with image, \
         line(f, "heading", last(f)) every 12 with points pt 7 ps 0.3 lc rgb "white", \
         line(f, "decoded", last(f)) every 12::6 with points pt 7 ps 0.2 lc rgb VERMILION
    unset arrow 1; unset arrow 2
}

set ylabel "error (°)" ; set yrange [*:*]; set ytics 45; set offsets 0, 0, 0, graph 0.1
letter = "f"; eval PANEL; name = "decoded − true heading"; eval NAME; set key bottom left
# A line breaks where the error jumps by a turn.
jumps(f, t) = line(f, "error", t)." | awk '{ if (NR > 1 && ($2 - last > 3 || last - $2 > 3)) print \"\"; last = $2; print }'"
set object 1 rectangle from dark(d, "first"), graph 0 to dark(d, "last"), graph 1 behind fc rgb "#E8E8E8" fs solid noborder
plot for [t=0:last(d)] jumps(d, t) using 1:($2*deg) lt 1 lw 0.7 dt t+1, \
     for [t=0:last(r)] jumps(r, t) using 1:($2*deg) lt 2 lw 0.7 dt t+1, \
     1/0 lt 1 title "learned", 1/0 lt 2 title "ring"
unset object 1; set offsets 0, 0, 0, 0

against(f, what) = sprintf("< basin cat %s:/velocity %s:/%s", f, f, what)
set xlabel "velocity (°/s)"; set ylabel "velocity of the bump (°/s)"; set xrange [-720:720]; set yrange [-720:720]; set xtics 360; set ytics 360; set key top left
letter = "g"; eval PANEL; name = "in the dark"; eval NAME
plot x lt 4 lw 0.5, against(d, "velocity_dark") with points lt 1 pt 7 ps 0.25 title sprintf("gain %.2f", quantity(d, "velocity_gain")), \
     against(r, "velocity_dark") with points lt 2 pt 6 ps 0.6 title sprintf("gain %.2f", quantity(r, "velocity_gain"))

set ylabel "width of the bump (°)"; set yrange [0:*]; set ytics auto
letter = "h"; eval PANEL; name = "width at half height"; eval NAME; set key bottom right
plot against(d, "width_dark") using 1:($2*deg) lt 1 title "learned", against(d, "width_light") using 1:($2*deg) lt 1 dt 3 title "in the light", \
     against(r, "width_dark") using 1:($2*deg) lt 2 title "ring"

set xlabel "location (°)"; set ylabel "moved in 3 s of dark (°)"; set xrange [0:360]; set xtics 180; set yrange [*:*]; set offsets 0, 0, graph 0.25, graph 0.05
turn(x) = x - 360*floor(x/360 + 0.5)
set xzeroaxis lt 4 lw 0.3
moved(f) = sprintf("< basin cat %s:/location %s:/location_end", f, f)
letter = "i"; eval PANEL; name = sprintf("%.0f and %.0f of %.0f stay", quantity(d, "stable_locations"), quantity(r, "stable_locations"), quantity(d, "locations")); eval NAME; set key top right horizontal
plot moved(d) using ($1*deg):(turn(($2-$1)*deg)) with points lt 1 pt 7 ps 0.4 title "learned", \
     moved(r) using ($1*deg):(turn(($2-$1)*deg)) with points lt 2 pt 6 ps 0.7 title "ring"
unset multiplot
unset output
