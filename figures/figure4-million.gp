# SPDX-License-Identifier: MIT
# figure4-million: a ring of 1,000,000 neurons (half an hour, 16 GB)
width = 15; height = 9.5
load "figures/style.gp"
set multiplot layout 2,3 margins 0.085,0.985,0.10,0.94 spacing 0.125,0.17
a = activity; d = diagnosis
pair(f, x, y) = "< basin cat " . f . ":" . x . " '" . f . ":" . y . "'"
n = rows(a, "/start_angle")
turn(x) = x - 2*pi*floor(x/(2*pi) + 0.5)       # to [-pi, pi)

# a, b: this network beside those of figure 4 c (250 to 16,000 neurons, four of each size).
# Their ridge is 1e-5 and this one's 1e-8, which moves the eigenvalues drawn by less than
# the points are wide.
s = summary_sizes
number(what) = sprintf(" '%s:/number[:,%d]'", s, int(system("basin cat ".s.":/quantity | grep -nx ".what." | cut -d : -f 1")) - 1)
points(y) = "< basin cat".number("neurons").number(y)." ".s.":/value"
known(what) = int(system("basin cat ".s.":/quantity | grep -cx ".what." || true")) > 0
here(what) = system("basin cat ".d.":/summary/name ".d.":/summary/value | awk '$1 == \"".what."\" { print $2 }'")
one(what) = sprintf("< echo %s %s", here("neurons"), here(what))
doublet(k, what) = sprintf("doublet_%d_%s", k, what)
theory = values(meanfield, "/doublet_split"); split = ""; lines = 0; eigenvalues = 0
do for [k=1:5] { if (known(doublet(k, "distance")) && here(doublet(k, "distance")) ne "") { split = split.sprintf(" %d", k) } }
do for [k=1:5] { if (lines == k-1 && here(doublet(k, "predicted")) ne "") { lines = k } }
do for [k=1:11] { if (eigenvalues == k-1 && known(sprintf("eigenvalue_%d", k)) && here(sprintf("eigenvalue_%d", k)) ne "") { eigenvalues = k } }
set logscale x; set format x "10^{%T}"; set xtics 1e3, 10; set xlabel "neurons"; set xrange [100:2.5e6]
set ylabel "eigenvalue (1)"; set yrange [0:*]; set ytics 0.5
letter = "a"; eval PANEL; name = "eigenvalues of {/:Italic J}"; eval NAME
plot for [k=1:lines] real(here(doublet(k, "predicted"))) lt 4 lw 0.7, \
     real(here("singlet_predicted")) lt 4 lw 0.7 dt 2, \
     for [k=1:eigenvalues] points(sprintf("eigenvalue_%d", k)) using ($1*1.15**($4-2)):2 with points lt 1 pt 7 ps 0.25, \
     for [k=1:eigenvalues] one(sprintf("eigenvalue_%d", k)) with points lt 2 pt 7 ps 0.35

set ylabel "distance (1)"; set logscale y; set format y "10^{%T}"; set ytics auto; set yrange [*:*] noextend
set offsets 0, 0, graph 0.15, graph 0.05; set key top right samplen 0.6
letter = "b"; eval PANEL; name = "distance within pairs"; eval NAME
rms(k) = points(doublet(k, "distance"))." | awk '{ q[$1] += $2*$2; c[$1]++ } END { for (i in q) print i, sqrt(q[i]/c[i]) }' | sort -g"
plot for [i=1:words(split)] real(word(theory, int(word(split, i))))/sqrt(x) lt i lw 0.8, \
     for [i=1:words(split)] rms(int(word(split, i))) with points lt i dt 1 pt 7 ps 0.5 title "{/:Italic n} = ".word(split, i), \
     for [i=1:words(split)] one(doublet(int(word(split, i)), "distance")) with points lt i dt 1 pt 6 ps 1, \
     1/0 with points lt 4 pt 6 ps 1 title "one network"
unset logscale; set format x "%g"; set format y "%g"; set xtics auto; set xrange [*:*]; set yrange [*:*]
set offsets 0, 0, 0, 0; set key samplen 1.2; set autoscale

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
