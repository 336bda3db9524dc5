# SPDX-License-Identifier: MIT
# figure6: which local rule reaches the offline weights, and what that depends on
width = 15; height = 19
load "figures/style.gp"
set multiplot
f = comparison
place(left, right, top, bottom) = sprintf("set lmargin at screen %g; set rmargin at screen %g; set tmargin at screen %g; set bmargin at screen %g", left, right, top, bottom)

# a: rows are numbers, columns networks.  Colour: from the worst to the best of its row; grey:
# the network has no such number.  1.2(3) is 1.2 with a standard error of 0.3 over seeds; without
# brackets it is below half of the last digit, or there is one network only.
names = values(f, "/network"); cols = words(names)
asked = "residual drift_rms fixed_points_stable gap_ring diffusion memory_1 memory_10 memory_100 memory_1000 end_states integration_gain doublet_score distance distance_rest early_distance correlation learning_time_ratio cost"
metrics = ""; places = ""
column_of(m) = int(system("basin cat ".f.":/metric | grep -nx ".m." | cut -d : -f 1"))
do for [k=1:words(asked)] { if (int(system("basin cat ".f.":/metric | grep -cx ".word(asked, k)." || true")) > 0) { metrics = metrics." ".word(asked, k); places = places.sprintf(" %d", column_of(word(asked, k))) } }
n = words(metrics)
nice = "residual=residual (1)|drift_rms=drift, rms (rad/{/Symbol t})|drift_max=drift, largest (rad/{/Symbol t})|fixed_points_stable=stable angles|gap_ring=gap (1/{/Symbol t})|diffusion=diffusion (rad^2/({/Symbol t} {/Symbol s}^2))|memory_1=error at 1 {/Symbol t} (rad)|memory_10=error at 10 {/Symbol t} (rad)|memory_100=error at 100 {/Symbol t} (rad)|memory_1000=error at 1000 {/Symbol t} (rad)|end_states=end states|integration_gain=velocity gain|integration_r2=its linearity {/:Italic R}^2|doublet_score=doublet score|distance=distance from offline|distance_rest=of that, outside span|early_distance=distance from ridge|correlation=correlation with offline|learning_time_ratio=learning time / theory|cost=products per step"
label_of(m) = system("echo '".nice."' | tr '|' '\n' | awk -F= '$1 == \"".m."\" { print $2; found = 1 } END { if (!found) print \"".m."\" }' | sed 's/_/ /g'")
# The last digit shown is the first of its error, or the second of the number.
cell = "function down(x) { return int(x + 1000) - 1000 } function show(v, e, c,    x, p, q, s, t) { if (c < 1) return \"–\"; if (v == 0) return \"0\"; x = down(log(v < 0 ? -v : v)/log(10) + 1e-9); p = x - 1; if (c > 1 && e > 0) { q = down(log(e)/log(10)); p = q > p ? q : p } x = x < p ? p : x; s = x < -2 || x > 3 ? x : 0; t = p > s ? 0 : s - p; u = p > s ? 10^(p-s) : 1; t = sprintf(\"%.\" t \"f\", int(v/10^s/u + (v < 0 ? -0.5 : 0.5)*(p > s))*(p > s ? u : 0) + (p > s ? 0 : v/10^s)); q = int(e/10^p + 0.5); if (c > 1 && q > 0) t = t \"(\" q*(p > s ? u : 1) \")\"; if (s != 0) t = t \"e\" s; gsub(/-/, \"−\", t); return t }"
cells = "< basin cat ".f.":/value ".f.":/error ".f.":/count ".f.":/score | awk -v want='".places."' '".cell." BEGIN { n = split(want, w, \" \") } { m = NF/4; for (k = 1; k <= n; k++) { i = w[k]; print NR-1, k-1, show($i, $(i+m), $(i+2*m)), ($(i+2*m) > 0 ? $(i+3*m) : -1) } }'"
# From orange over white to blue, light enough for the numbers on it.
mix(a, b, x) = int(a + (b - a)*x)
between(x) = x < 0.5 ? mix(0xF7, 0xF7, 2*x)*65536 + mix(0xC8, 0xF7, 2*x)*256 + mix(0x96, 0xF7, 2*x) : mix(0xF7, 0x9E, 2*x-1)*65536 + mix(0xF7, 0xCB, 2*x-1)*256 + mix(0xF7, 0xEC, 2*x-1)
eval place(0.19, 0.985, 0.905, 0.50)
set border 0; unset xlabel; unset ylabel; unset colorbox
set xrange [-0.5:cols-0.5]; set yrange [n-0.5:-0.5]
unset xtics; set ytics scale 0 offset 0.5, 0 font ",7" (0 0)
do for [k=1:n] { set ytics add (label_of(word(metrics, k)) k-1) }
people = "hebb=Hebb|oja=Oja|bcm=BCM|temporal=temporal diff.|bell=Bell|storkey=Storkey|nlms=NLMS|rls=RLS (global)|circulant=circulant control|offline=offline"
called(m) = system("echo '".people."' | tr '|' '\n' | awk -F= '$1 == \"".m."\" { print $2; found = 1 } END { if (!found) print \"".m."\" }'")
do for [k=1:cols] { set label k called(word(names, k)) at k-1, graph 1 offset 0, 0.4 rotate by 40 left font ",7" }
letter = "a"; set label 99 '{/:Bold a}' at screen 0.01, 0.975
plot cells using 1:2:(0.5):(0.5):($4 < 0 ? 0xE4E4E4 : between($4)) with boxxyerror fc rgb variable, \
     cells using 1:2:3 with labels font ",5.5"
do for [k=1:cols] { unset label k }

# b to g: sweeps of the delta rule.  Points are means over networks, bars their errors.
set border 3; set autoscale; unset label 99; set yrange [*:*]
set xtics nomirror out scale 0.6, 0.3 offset 0, 0.4 auto
quarter(k, top, bottom) = place(0.075 + 0.238*(k-1), 0.075 + 0.238*(k-1) + 0.172, top, bottom)
# A number that no network of a table has is no column of it.
has(f, what) = int(system("basin cat ".f.":/metric | grep -cx ".what))
col(f, what) = int(system("basin cat ".f.":/metric | grep -nx ".what." | cut -d : -f 1")) - 1
swept(f, what) = !has(f, what) ? "< echo 1 NaN NaN -" : sprintf("< basin cat %s:/coordinate '%s:/value[:,%d]' '%s:/error[:,%d]' %s:/network | awk '{ sub(/.*-/, \"\", $NF); print }'", f, f, col(f, what), f, col(f, what), f)
bars = "using 1:2:3 with yerrorlines"
set logscale y; set format y "10^{%T}"; set ytics scale 0.6, 0.3 offset 0.5, 0 font ",8" auto
set offsets graph 0.06, graph 0.06, graph 0.1, graph 0.1; set key off
array panel[6]; array kind[6]; array axis[6]
panel[1] = comparison_decay; kind[1] = "decay"; axis[1] = "{/Symbol l} / {/:Italic c}_1"
panel[2] = comparison_rate; kind[2] = "learning rate"; axis[2] = "{/Symbol h} tr {/:Italic C}"
panel[3] = comparison_noise; kind[3] = "presynaptic noise"; axis[3] = "s.d. of rates"
panel[4] = comparison_size; kind[4] = "number of neurons"; axis[4] = "neurons"
panel[5] = comparison_order; kind[5] = "order of angles"; axis[5] = ""
panel[6] = comparison_dale; kind[6] = "Dale’s law"; axis[6] = ""
do for [k=1:6] {
    eval quarter(k <= 4 ? k : k - 4, k <= 4 ? 0.415 : 0.20, k <= 4 ? 0.285 : 0.07)
    letter = word("b c d e f g", k); eval PANEL; name = kind[k]; eval NAME
    set xlabel axis[k] offset 0, 0.8
    if (k == 1 || k == 5) { set ylabel "residual, drift" offset 1.2, 0 } else { unset ylabel }
    if (k <= 4) {
        set logscale x; set format x k == 4 ? "%g" : "10^{%T}"
        if (k == 1) { set xtics 1e-7, 100 } else { if (k == 4) { set xtics (100, 200, 400, 800) } else { set xtics auto } }
        if (k == 1) { set key top left reverse Left } else { set key off }
        if (k == 4) {
            plot swept(panel[k], "residual") @bars lt 1 pt 7 ps 0.5 lw 1, swept(panel[k], "drift_rms") @bars lt 2 pt 5 ps 0.5 lw 1, \
                 swept(comparison_size_covariance, "residual") @bars lt 1 dt 2 pt 6 ps 0.5 lw 1
        } else {
            plot swept(panel[k], "residual") @bars lt 1 pt 7 ps 0.5 lw 1 title "residual", swept(panel[k], "drift_rms") @bars lt 2 pt 5 ps 0.5 lw 1 title "drift"
        }
    } else {
        unset logscale x; set format x "%g"; set xtics rotate by 35 right offset 0.5, 0.2
        plot swept(panel[k], "residual") using 1:2:3:xtic(4) with yerrorbars lt 1 pt 7 ps 0.5 lw 1, swept(panel[k], "drift_rms") using 1:2:3 with yerrorbars lt 2 pt 5 ps 0.5 lw 1
        set xtics norotate auto offset 0, 0.4
    }
}

# h, i: the clamp has ended and the rule goes on.
kept = "hebb covariance oja delta forget"
shown = "Hebb|covariance|Oja|delta|delta, decay"
shown_of(k) = system("echo '".shown."' | cut -d '|' -f ".k)
later(k, what) = sprintf("< basin cat %s:/maintenance_time %s:%s", value("learning_maintain_".word(kept, k)), value("learning_maintain_".word(kept, k)), what)
set offsets 0, 0, graph 0.05, graph 0.05; set yrange [1e-8:1e4]; set xrange [0:*]; set xlabel "time (s)" offset 0, 0.8; set ytics 1e-8, 1e4; unset ylabel; set autoscale xfix
eval quarter(3, 0.20, 0.07); letter = "h"; eval PANEL; name = "no clamp: residual"; eval NAME
plot for [k=1:5] later(k, "/maintenance_residual") lt k lw 1
eval quarter(4, 0.20, 0.07); letter = "i"; eval PANEL; name = "change of {/:Italic J}"; eval NAME
set key at graph 1, graph 0.58 right top spacing 0.95
plot for [k=1:5] later(k, "/maintenance_change") lt k lw 1 title shown_of(k)
unset multiplot
unset output
