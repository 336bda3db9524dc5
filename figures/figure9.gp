# SPDX-License-Identifier: MIT
# figure9: torus or sphere of head directions, hexagonal torus of grid cells: equal eigenvalues,
# holes, the double cover; grid scores
width = 15; height = 17
load "figures/style.gp"
set multiplot layout 4,3 margins 0.085,0.97,0.055,0.965 spacing 0.11,0.09
TOP = "set label 98 name at graph 0, graph 1 offset character 0, 0.9 front"
LETTER = "set label 99 '{/:Bold '.letter.'}' at graph 0, graph 1 offset character -5.5, 0.9 front"

# Eigenvalues of the covariance between points: the groups found, how many are in each.  Lists
# end with something out of range, so that none is empty.
tables = topology_torus." ".topology_sphere." ".topology_hexagon
titles = "torus sphere hexagonal\\ torus"
EIGEN = "set logscale y; set format y '10^{%T}'; set xrange [-1:*]; set offsets 0, 2, 0, 0; set ytics 10; set xtics 10"
modes(f) = "< basin cat ".f.":/eigenvalue ".f.":/mode_group | awk '$2 >= 0 {print NR - 1, $1, $2 % 2}'"
sizes(f) = "< basin cat ".f.":/multiplicity ".f.":/group_value | awk '{print at + ($1 - 1)/2, $2, $1; at += $1} END {print -9, 1e-30, 0; print -9, 1e-30, 0}'"
name(k) = k == 1 ? "torus" : k == 2 ? "sphere" : "hexagonal torus"
eval EIGEN; set yrange [5e-4:4]
set xlabel "rank of eigenvalue of {/:Italic C}"; set ylabel "variance per cell" offset 0.6, 0
do for [k=1:3] {
    f = word(tables, k)
    letter = word("a b c", k); eval LETTER; name = name(k); eval TOP
    plot modes(f) using 1:($3 == 0 ? $2 : 1e-30) with points lt 1 ps 0.5, \
         "" using 1:($3 == 1 ? $2 : 1e-30) with points lt 2 pt 7 ps 0.5, \
         sizes(f) using 1:2:(sprintf("%d", $3)) with labels font ",7" offset 0, 0.9
    set ylabel " "
}
unset logscale y; set format y "%h"; set offsets 0, 0, 0, 0

# Bars: those above the broken line of their colour count; one line if it is the cover's.
bars(f, d) = sprintf("< basin cat %s:/bar%d; echo -9 -9", f, d)
bound(f, d) = real(word(values(f, "/bound"), d + 1))
betti(f) = sprintf("%s, %s, %s", word(values(f, "/betti"), 1), word(values(f, "/betti"), 2), word(values(f, "/betti"), 3))
BARS = "set xlabel 'birth'; set samples 2; set key bottom right samplen 0.5; high = 1.08*real(values(f, '/radius')); set xtics high > 1.05 ? 0.5 : 0.2; set ytics high > 1.05 ? 0.5 : 0.2; set xrange [0:high]; set yrange [0:high]; one = bound(f, 1) == bound(f, 2)"
set ylabel "death" offset 0.6, 0
do for [k=1:3] {
    f = word(tables, k); eval BARS
    letter = word("d e f", k); eval LETTER; name = "Betti numbers ".betti(f); eval TOP
    plot x with lines lt 4 lw 0.5, \
         x + bound(f, 1) with lines lt 1 lc rgb (one ? GREY : BLUE) lw 0.8 dt 2, \
         one ? NaN : x + bound(f, 2) with lines lt 2 lw 0.8 dt 2, \
         bars(f, 2) with points lt 2 ps 0.5 title k == 1 ? "cavities" : "", \
         bars(f, 1) with points lt 1 ps 0.45 title k == 1 ? "loops" : ""
    set ylabel " "
}

# Around the pole a sphere stays where it is.
circle(f, what) = "< basin cat ".f.":/azimuth ".f.":/".what." | awk 'NR == 1 {first = $2} {print} END {print 2*3.14159265, first}'"
eval ANGLE_X; set yrange [-0.3:1.1]; set ytics 0.5; set xzeroaxis lt 4 lw 0.5; unset key
set xlabel "difference of azimuth"; set ylabel "correlation" offset 0.6, 0
set label 21 "sphere" at 0.5*2*pi, 0.86 center font ",7" textcolor rgb VERMILION
set label 22 "torus" at 0.5*2*pi, 0.1 center font ",7" textcolor rgb BLUE
letter = "g"; eval LETTER; name = "pole (dots: equator)"; eval TOP
plot circle(topology_sphere, "pole") with lines lt 2, \
     circle(topology_sphere, "equator") with lines lt 2 dt 3, \
     circle(topology_torus, "pole") with lines lt 1, \
     circle(topology_torus, "equator") with lines lt 1 dt 3
over(f) = "< basin cat ".f.":/pitch ".f.":/inverted | awk 'NR == 1 {first = $2} {print} END {print 2*3.14159265, first}'"
set label 21 "even half" at 0.5*2*pi, 0.86 center textcolor rgb GREEN
set label 22 "torus" at 0.5*2*pi, 0.1
set xlabel "pitch"; set ylabel " "
letter = "h"; eval LETTER; name = "same snout, upside down"; eval TOP
plot over(topology_even) with lines lt 3, over(topology_torus) with lines lt 1
unset label 21; unset label 22; unset xzeroaxis
eval EIGEN; set yrange [1e-4:4]
set xlabel "rank of eigenvalue of {/:Italic C}"; set ylabel " "
letter = "i"; eval LETTER; name = "even half: a Klein bottle"; eval TOP
f = topology_even
plot modes(f) using 1:($3 == 0 ? $2 : 1e-30) with points lt 1 ps 0.5, \
     "" using 1:($3 == 1 ? $2 : 1e-30) with points lt 2 pt 7 ps 0.5, \
     sizes(f) every 2 using 1:2:(sprintf("%d", $3)) with labels font ",7" offset 0, 0.9, \
     sizes(f) every 2::1 using 1:2:(sprintf("%d", $3)) with labels font ",7" offset 0, -0.9
unset logscale y; set format y "%h"; set offsets 0, 0, 0, 0

# A network of grid cells: where its states are after a second, and the holes that they leave.
flat(what) = sprintf("< basin cat '%s:/start_point' '%s:/position[:,-1]' | awk '{%s}'", activity_hexagon, activity_hexagon, what)
set xrange [-0.05:1.55]; set yrange [-0.05:1.15]; set size ratio -1
set xtics 0.5; set ytics 0.5; set xlabel "{/:Italic x} (periods)"; set ylabel "{/:Italic y}" offset 0.6, 0
set arrow 1 from 0,0 to 1,0 nohead lt 4 lw 0.5; set arrow 2 from 0,0 to 0.5,0.866 nohead lt 4 lw 0.5
set arrow 3 from 1,0 to 1.5,0.866 nohead lt 4 lw 0.5; set arrow 4 from 0.5,0.866 to 1.5,0.866 nohead lt 4 lw 0.5
letter = "j"; eval LETTER; name = "start and after 1 s"; eval TOP
plot flat("u = $3 - $1; v = $4 - $2; u -= int(u + 1.5) - 1; v -= int(v + 1.5) - 1; print $1 + $2/2, 0.866*$2, u + v/2, 0.866*v") using 1:2:3:4 with vectors nohead lt 1 lw 0.8, \
     flat("print $3 + $4/2, 0.866*$4") using 1:2 with points lt 1 ps 0.25
do for [k=1:4] { unset arrow k }
set size noratio
f = topology_states; eval BARS; set ylabel "death" offset 0.6, 0
letter = "k"; eval LETTER; name = "states: ".betti(f); eval TOP
plot x with lines lt 4 lw 0.5, \
     x + bound(f, 1) with lines lt 1 lc rgb (one ? GREY : BLUE) lw 0.8 dt 2, \
     one ? NaN : x + bound(f, 2) with lines lt 2 lw 0.8 dt 2, \
     bars(f, 2) with points lt 2 ps 0.5, bars(f, 1) with points lt 1 ps 0.45

row(name) = int(system("basin cat ".summary.":/quantity | awk '$0 == \"".name."\" {print NR - 1}'"))
scores = sprintf("< basin cat %s:/value '%s:/number[:,%d]' '%s:/number[:,%d]'", summary, summary, row("grid_score"), summary, row("grid_score_sd"))
set xrange [-0.05:1.05]; set yrange [-0.6:1.4]; set xtics 0.5; set ytics 0.5
set xlabel "common part {/Symbol h}"; set ylabel "grid score" offset 0.6, 0
letter = "l"; eval LETTER; name = "grid cells, 4 × 4 periods"; eval TOP
plot scores using 1:2:3 with yerrorbars lt 1 lw 0.7 ps 0.7, "" using 1:2 with lines lt 1
unset multiplot
unset output
