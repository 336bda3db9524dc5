# SPDX-License-Identifier: MIT
# figure5: weights that local rules learn, how fast, and how long their rings hold an angle
width = 15; height = 17.5
load "figures/style.gp"
set multiplot
# Columns of the page: five for rules, three for the course of learning.
rules = "hebb covariance oja delta offline"
titles = "Hebb|covariance|Oja|delta|offline"
title_of(k) = system("echo '".titles."' | cut -d '|' -f ".k)
of(stage, rule) = value(stage."_".rule)
place(left, right, top, bottom) = sprintf("set lmargin at screen %g; set rmargin at screen %g; set tmargin at screen %g; set bmargin at screen %g", left, right, top, bottom)
fifth(k, top, bottom) = place(0.075 + 0.186*(k-1), 0.075 + 0.186*(k-1) + 0.152, top, bottom)
third(k, top, bottom) = place(0.075 + 0.32*(k-1), 0.075 + 0.32*(k-1) + 0.245, top, bottom)
pair(f, a, b) = "< basin cat ".f.":".a." '".f.":".b."'"
# a: each on its own scale, the largest of its mean profile, which stands above the panel.
set palette defined (@SIGNED); unset colorbox
array scale[words(rules)]
do for [k=1:words(rules)] {
    stats pair(of("diagnosis", word(rules, k)), "/profile_angle", "/profile") using 2 nooutput
    scale[k] = STATS_max > -STATS_min ? STATS_max : -STATS_min
}
set cbrange [-4:4]
total = rows(diagnosis_offline, "/sample_sorted")
set xtics total > 200 ? 200 : total/2; set ytics total > 200 ? 200 : total/2
do for [k=1:words(rules)] {
    eval fifth(k, 0.965, 0.83)
    set autoscale fix; set xrange [*:*]; set yrange [*:*] reverse
    if (k == 1) { letter = "a"; eval PANEL; set ylabel "postsynaptic" } else { unset label 99; unset ylabel; set format y "" }
    set xlabel k == 3 ? "presynaptic neuron, by preferred angle" : ""
    name = title_of(k); eval NAME
    plot "< basin cat --grid ".of("diagnosis", word(rules, k)).":/sample_sorted" nonuniform matrix using 1:2:($3/scale[k]) with image
}
set yrange [*:*] noreverse; set format y "%g"; set autoscale
set xrange [-pi:pi]; set xtics ("−π" -pi, "0" 0, "π" pi)
set yrange [-1.1:1.5]; set ytics 1; set xzeroaxis lt 4 lw 0.3
do for [k=1:words(rules)] {
    eval fifth(k, 0.765, 0.665)
    if (k == 1) { set ylabel "{/:Italic NJ} / largest" } else { unset ylabel; set format y "" }
    unset label 99
    set xlabel k == 3 ? "difference of preferred angles (rad)" : ""
    name = sprintf("largest: %.2g", scale[k]); eval NAME
    plot pair(diagnosis_offline, "/profile_angle", "/profile") using 1:($2/scale[words(rules)]) lt 4 lw 0.8, \
         pair(of("diagnosis", word(rules, k)), "/profile_angle", "/profile") using 1:($2/scale[k]) lt k == words(rules) ? 4 : 1 lw k == words(rules) ? 0.8 : 1.5
}
set format y "%g"; unset xzeroaxis

# b: what J phi* misses of x*, and of each of its harmonics, beside (1 - eta c_k)^n.
l = learning_delta
set xrange [1:*]; set yrange [*:*]; set logscale xy; set format xy "10^{%T}"; set xtics auto; set ytics auto
set xlabel "presentations"; set ylabel "residual (1)"; set autoscale xfixmax; unset label 98
eval third(1, 0.59, 0.375)
letter = "b"; eval PANEL; name = "residual"; eval NAME; ridge = real(values(diagnosis_offline, "/residual"))
# Each line has its name where no other line is.
at = "38 38 38 20"; up = "0.7 -0.7 0.7 -0.6"; over = "0.8 0.8 0.8 -0.4"
plot for [k=1:4] pair(value("learning_".word(rules, k)), "/presentation", "/residual") lt k lw 1.5, \
     for [k=1:4] pair(value("learning_".word(rules, k)), "/presentation", "/residual") every ::int(word(at, k))::int(word(at, k)) using 1:2:(title_of(k)) with labels right offset real(word(over, k)), real(word(up, k)) textcolor lt k font ",7", \
     ridge lt 4 dt 2 lw 0.8, "+" using (2):(ridge):("offline") every ::::0 with labels left offset -0.6, 0.6 font ",7"
eval third(2, 0.59, 0.375); set key bottom left; unset ylabel
letter = " "; eval PANEL; name = "delta: residual of harmonics"; eval NAME
shown = "1 2 3 4 5"
plot for [i=1:words(shown)] pair(l, "/presentation", "/residual_harmonic[:,".word(shown, i)."]") with points lt i dt 1 pt 6 ps 0.35, \
     for [i=1:words(shown)] pair(l, "/presentation", "/residual_predicted[:,".word(shown, i)."]") with lines lt i dt 1 lw 0.8 title "{/:Italic n} = ".word(shown, i)
unset logscale y; set format y "%g"; set yrange [*:*]; unset label 99

# c: eigenvalues of J; lines: those of the offline weights for very many neurons.
eval third(3, 0.59, 0.375)
letter = "c"; eval PANEL; name = "delta: eigenvalues of {/:Italic J}, real part"; eval NAME
unset ylabel; predicted = values(diagnosis_offline, "/predicted")
n = 11; set yrange [-0.1:1.25]
plot for [i=0:n-1] pair(l, "/presentation", "/eigenvalue_real[:,".i."]") with points lt 1 pt 7 ps 0.25, \
     for [i=0:5] real(word(predicted, i+1)) lt 4 lw 0.7
unset logscale x; set format xy "%g"; set yrange [*:*]

# d: how the angles go on from where they started.
set xtics auto; set xlabel "time (s)"; set xrange [0:*]; set autoscale xfix
do for [k=1:words(rules)] {
    eval fifth(k, 0.265, 0.065)
    f = of("activity", word(rules, k))
    eval ANGLE_Y
    if (k == 1) { letter = "d"; eval PANEL; set ylabel "angle (rad)" } else { unset label 99; unset ylabel; set ytics ("" 0, "" pi, "" 2*pi) }
    set xlabel k == 3 ? "time (s)" : ""
    name = title_of(k); eval NAME
    n = rows(f, "/start_angle")
    plot for [t=0:n-1] sprintf("< basin cat %s:/time '%s:/angle[%d,:]'", f, f, t) with points pt 7 ps 0.08 lc rgb t % 2 ? BLUE : VERMILION
}
unset multiplot
unset output
