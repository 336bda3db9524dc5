# SPDX-License-Identifier: MIT
# figure9: torus or sphere of head directions, hexagonal torus of grid cells: equal eigenvalues,
# holes, the double cover; grid scores
width = 15; height = 13.5
load "figures/style.gp"
set multiplot layout 3,3 margins 0.085,0.97,0.075,0.955 spacing 0.11,0.115
TOP = "set label 98 name at graph 0, graph 1 offset character 0, 0.9 front"
LETTER = "set label 99 '{/:Bold '.letter.'}' at graph 0, graph 1 offset character -5.5, 0.9 front"

# Eigenvalues of the covariance between points: the groups found, how many are in each.
tables = topology_torus." ".topology_sphere." ".topology_hexagon
titles = "torus sphere hexagonal\\ torus"
modes(f) = "< basin cat ".f.":/eigenvalue ".f.":/mode_group | awk '$2 >= 0 {print NR - 1, $1, $2 % 2}'"
sizes(f) = "< basin cat ".f.":/multiplicity ".f.":/group_value | awk '{print at + ($1 - 1)/2, $2, $1; at += $1}'"
name(k) = k == 1 ? "torus" : k == 2 ? "sphere" : "hexagonal torus"
set logscale y; set format y "10^{%T}"; set xrange [-1:*]; set offsets 0, 2, 0, 0
set yrange [1e-3:4]; set ytics 10; set xtics 10
set xlabel "eigenvalue of {/:Italic C}"; set ylabel "variance per cell" offset 0.6, 0
do for [k=1:3] {
    f = word(tables, k)
    letter = word("a b c", k); eval LETTER; name = name(k); eval TOP
    plot modes(f) using 1:($3 == 0 ? $2 : NaN) with points lt 1 ps 0.5, \
         "" using 1:($3 == 1 ? $2 : NaN) with points lt 2 pt 7 ps 0.5, \
         sizes(f) using 1:2:(sprintf("%d", $3)) with labels font ",7" offset 0, 0.9
    set ylabel " "
}
unset logscale y; set format y "%h"; set offsets 0, 0, 0, 0

# Bars: those above the line of their colour count.
bars(f, d) = sprintf("< basin cat %s:/bar%d", f, d)
bound(f, d) = real(word(values(f, "/bound"), d + 1))
betti(f) = sprintf("%s, %s, %s", word(values(f, "/betti"), 1), word(values(f, "/betti"), 2), word(values(f, "/betti"), 3))
set xlabel "birth"; set ylabel "death" offset 0.6, 0; set samples 2
set xtics 0.2; set ytics 0.2; set key bottom right samplen 0.5
do for [k=1:3] {
    f = word(tables, k)
    high = 1.08*real(values(f, "/radius"))
    set xrange [0:high]; set yrange [0:high]
    letter = word("d e f", k); eval LETTER; name = "Betti numbers ".betti(f); eval TOP
    plot x with lines lt 4 lw 0.5, x + bound(f, 1) with lines lt 1 lw 0.7 dt 2, \
         x + bound(f, 2) with lines lt 2 lw 0.7 dt 3, \
         bars(f, 2) with points lt 2 pt 9 ps 0.55 title k == 1 ? "cavities" : "", \
         bars(f, 1) with points lt 1 ps 0.45 title k == 1 ? "loops" : ""
    set ylabel " "
}

# Around the pole a sphere stays where it is.
circle(f, what) = "< basin cat ".f.":/azimuth ".f.":/".what
eval ANGLE_X; set yrange [-0.3:1.3]; set ytics 0.5; set xzeroaxis lt 4 lw 0.5
set xlabel "difference of azimuth"; set ylabel "correlation" offset 0.6, 0
set key top center horizontal maxrows 2 samplen 1
letter = "g"; eval LETTER; name = "around pole and equator"; eval TOP
plot circle(topology_sphere, "pole") with lines lt 2 title "sphere, pole", \
     circle(topology_sphere, "equator") with lines lt 2 dt 3 title "equator", \
     circle(topology_torus, "pole") with lines lt 1 title "torus, pole", \
     circle(topology_torus, "equator") with lines lt 1 dt 3 title "equator"
set xlabel "pitch"; set ylabel " "; set key maxrows 1
letter = "h"; eval LETTER; name = "same snout, upside down"; eval TOP
over(f) = "< basin cat ".f.":/pitch ".f.":/inverted"
plot over(topology_even) with lines lt 3 title "even half", \
     over(topology_torus) with lines lt 1 title "torus"

row(name) = int(system("basin cat ".summary.":/quantity | awk '$0 == \"".name."\" {print NR - 1}'"))
scores = sprintf("< basin cat %s:/value '%s:/number[:,%d]' '%s:/number[:,%d]'", summary, summary, row("grid_score"), summary, row("grid_score_sd"))
set xrange [-0.05:1.05]; set yrange [-0.6:1.4]; set xtics 0.5; set ytics 0.5
set xlabel "common part {/Symbol h}"; set ylabel "grid score" offset 0.6, 0
letter = "i"; eval LETTER; name = "grid cells, 4 × 4 periods"; eval TOP
plot scores using 1:2:3 with yerrorbars lt 1 lw 0.7 ps 0.7, "" using 1:2 with lines lt 1
unset multiplot
unset output
