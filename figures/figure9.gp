# SPDX-License-Identifier: MIT
# figure9: torus, sphere or hexagonal torus: equal eigenvalues, holes, the double cover, grid scores
width = 15; height = 17
load "figures/style.gp"
set multiplot layout 4,3 margins 0.085,0.97,0.055,0.965 spacing 0.11,0.09
TOP = "set label 98 name at graph 0, graph 1 offset character 0, 0.9 front"
LETTER = "set label 99 '{/:Bold '.letter.'}' at graph 0, graph 1 offset character -5.5, 0.9 front"

# Eigenvalues of the covariance between points: the groups found, how many are in each;
# grey: cut off by the end of the list.  Lists
# end with something out of range, so that none is empty.
tables = topology_torus." ".topology_sphere." ".topology_hexagon
titles = "torus sphere hexagonal\\ torus"
EIGEN = "set logscale y; set format y '10^{%T}'; set xrange [-1:*]; set offsets 0, 2, 0, 0; set ytics 10; set xtics 10"
modes(f) = "< basin cat ".f.":/eigenvalue ".f.":/mode_group | awk '{print NR - 1, $1, $2 < 0 ? 2 : $2 % 2}'"
sizes(f) = "< basin cat ".f.":/multiplicity ".f.":/group_value | awk '{print at + ($1 - 1)/2, $2, $1; at += $1} END {print -9, 1e-30, 0; print -9, 1e-30, 0}'"
name(k) = k == 1 ? "torus" : k == 2 ? "sphere" : "hexagonal torus"
eval EIGEN; set yrange [5e-4:4]
set xlabel "rank of eigenvalue of {/:Italic C}"; set ylabel "variance per cell" offset 0.6, 0
do for [k=1:3] {
    f = word(tables, k)
    letter = word("a b c", k); eval LETTER; name = name(k); eval TOP
    plot modes(f) using 1:($3 == 0 ? $2 : 1e-30) with points lt 1 ps 0.5, \
         "" using 1:($3 == 1 ? $2 : 1e-30) with points lt 2 pt 7 ps 0.5, \
         "" using 1:($3 == 2 ? $2 : 1e-30) with points lt 1 lc rgb GREY ps 0.5, \
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
     "" using 1:($3 == 2 ? $2 : 1e-30) with points lt 1 lc rgb GREY ps 0.5, \
     sizes(f) every 2 using 1:2:(sprintf("%d", $3)) with labels font ",7" offset 0, 0.9, \
     sizes(f) every 2::1 using 1:2:(sprintf("%d", $3)) with labels font ",7" offset 0, -0.9
unset logscale y; set format y "%h"; set offsets 0, 0, 0, 0

# A network of grid cells: eigenvalues of its weights by the shell of their vectors, lines what
# the theory of many neurons says; and the holes that its states leave after a second.
shells = "< basin cat ".diagnosis_hexagon.":/multiplet_shell ".diagnosis_hexagon.":/multiplet_real | awk '$1 >= 0' | sort -k1,1n -k2,2gr | awk '{print NR - 1, $2, $1 % 2} END {print -9, 0, 0; print -9, 0, 1}'"
theory = "< basin cat ".diagnosis_hexagon.":/shell_found ".diagnosis_hexagon.":/shell_predicted | awk '{print at - 0.5, $2, $1 - 0.1, $1; at += $1}'"
set xrange [-1.5:*]; set yrange [0:1.4]; set xtics 10; set ytics 0.5; set offsets 0, 2, 0, 0
set xlabel "eigenvalue of {/:Italic J}, by shell"; set ylabel "real part" offset 0.6, 0
letter = "j"; eval LETTER; name = "hexagonal torus: weights"; eval TOP
plot theory using 1:2:3:(0) with vectors nohead lt 4 lw 1, \
     shells using 1:($3 == 0 ? $2 : -9) with points lt 1 ps 0.5, \
     "" using 1:($3 == 1 ? $2 : -9) with points lt 2 pt 7 ps 0.5, \
     theory using ($1 + $3/2):2:(sprintf("%d", $4)) with labels font ",7" offset 0, 1
set offsets 0, 0, 0, 0
f = topology_states; eval BARS; set ylabel "death" offset 0.6, 0
letter = "k"; eval LETTER; name = "its states: ".betti(f); eval TOP
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
