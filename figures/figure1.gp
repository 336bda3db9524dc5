# SPDX-License-Identifier: MIT
# figure1: tuning curves, classical, generated and recorded
width = 15; height = 9.5
load "figures/style.gp"
set multiplot layout 2,3 margins 0.075,0.985,0.10,0.94 spacing 0.10,0.17
recorded = exists("recording")
# Only targets from a recording were floored.
real = has(tuning, "/floored")
model = real ? "published model" : "predicted"
both(file, a, b) = "< basin cat " . file . ":" . a . " '" . file . ":" . b . "'"

eval ANGLE_X; set xlabel "angle (rad)"; set yrange [0:*]
letter = "a"; eval PANEL; name = "classical: shifted copies"; eval NAME
set ylabel "rate (1)"
plot for [k=0:7] sprintf("< basin cat %s:/theta '%s:/classical[%d,:]'", tuning, tuning, k) lt 1

letter = "b"; eval PANEL
name = real ? "targets from the recording" : "generated"; eval NAME
shown = least(6, rows(tuning, "/preferred"))
plot for [k=0:shown-1] sprintf("< basin cat %s:/theta '%s:/rate[%d,:]'", tuning, tuning, k) lt k+1 dt 1

letter = "c"; eval PANEL; name = "recorded"; eval NAME
set ylabel "rate (Hz)"
if (recorded) {
    cells = rows(recording, "/preferred")
    each = cells >= 16 ? 3 : 1             # neighbours were often recorded by one electrode
    plot for [k=0:least(6, cells)-1] sprintf("< basin cat %s:/theta '%s:/rate[%d,:]'", recording, recording, each*k) lt k+1 dt 1
} else {
    set label 1 "no recording:\nset BASIN_DATA\n(docs/tutorial.md)" at graph 0.5, 0.55 center noenhanced textcolor rgb GREY
    set yrange [0:1]
    plot -1
    unset label 1
}

set yrange [0:*]
set yrange [*:*]
letter = "d"; eval PANEL; name = "aligned at π: mean ± s.d."; eval NAME
set ylabel "rate (1)"
plot "< basin cat ".tuning.":/theta ".tuning.":/aligned_mean ".tuning.":/aligned_sd" \
         using 1:($2-$3):($2+$3) with filledcurves lc rgb BLUE fs solid 0.25, \
     "" using 1:2 lt 1

set yrange [*:*]
set xlabel "lag (rad)"; set key top center
letter = "e"; eval PANEL; name = "current covariance"; eval NAME
set ylabel "E[{/:Italic x x}′] (1)"
plot both(tuning, "/theta", "/covariance_current_sampled") every 4 with points lt 1 pt 6 ps 0.7 title "sampled", \
     both(tuning, "/theta", "/covariance_current") lt 4 lw 1 title model

letter = "f"; eval PANEL; name = "rate covariance"; eval NAME
set ylabel "E[{/Symbol f f}′] (1)"
plot both(tuning, "/theta", "/covariance_rate_sampled") every 4 with points lt 1 pt 6 ps 0.7 title "sampled", \
     both(tuning, "/theta", "/covariance_rate") lt 4 lw 1 title model
unset multiplot
unset output
