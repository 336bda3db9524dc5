# SPDX-License-Identifier: MIT
# figureS6: positions decoded from generated place cells, and from a rat's on a track
width = 15; height = 9.6
load "figures/style.gp"
set multiplot layout 2,3 margins 0.08,0.915,0.095,0.945 spacing 0.12,0.17
number(f, what) = real(values(f, what))
row(f, name) = int(system("basin cat ".f.":/method | awk '$1 == \"".name."\" { print NR - 1 }'"))
curve(f, what) = sprintf("< basin cat %s:/cells %s:/%s %s:/%s_se", f, f, what, f, what)
sets = "decoding decoding_scales decoding_single decoding_small"
names = "Gaussian~process many~scales one~large~field one~small~field"
file(k) = value(word(sets, k))
title_of(k) = system("echo '".word(names, k)."' | tr '~' ' '")

set xlabel "cells"; set logscale x; set xrange [4:300] noextend; set xtics (5, 20, 100)
set ylabel "median error (m)" offset 0.6, 0; set logscale y; set yrange [0.05:2e4]; set format y "10^{%T}"; set ytics 10
set key top right; set errorbars 0
letter = "a"; eval PANEL; name = "200 m: median error"; eval NAME
plot for [k=1:4] curve(file(k), "cells_median") using 1:2:3 with yerrorbars lt k dt 1 pt 7 ps 0.3 lw 0.7 notitle, \
     for [k=1:4] curve(file(k), "cells_median") using 1:2 lt k title title_of(k)
unset logscale y; set format y "%g"; set ytics auto; set yrange [0:1]
set ylabel "errors > 10 m (1)" offset 1.2, 0; unset key
letter = "b"; eval PANEL; name = "catastrophic errors"; eval NAME
plot for [k=1:4] curve(file(k), "cells_catastrophic") using 1:2:3 with yerrorbars lt k dt 1 pt 7 ps 0.3 lw 0.7, \
     for [k=1:4] curve(file(k), "cells_catastrophic") using 1:2 lt k

# Errors of one method as a share below; half of a normal law with the bound as its width.
below(f, name) = sprintf("< basin cat '%s:/error[%d,:]'", f, row(f, name))
# As numbers: what stands in `using` is asked for every line.
one = 1.0 / rows(decoding, "/true"); few = 1.0 / rows(decoding_walk, "/true")
set xlabel "error (m)"; set ylabel "share below (1)"; set key top left Left reverse samplen 0.5
set xrange [1e-5:3] noextend; set xtics ("10^{–4}" 1e-4, "0.01" 0.01, "1" 1); set yrange [0:1]; set ytics 0.5
letter = "c"; eval PANEL; name = sprintf("%d cells", int(system("basin cat ".decoding.":/cells | tail -n 1"))); eval NAME
bound = number(decoding, "/bound_median"); set samples 400
plot below(decoding, "overlap") using 1:(one) smooth cumulative lt 3 title "overlap", \
     below(decoding, "cosine") using 1:(one) smooth cumulative lt 2 title "cosine", \
     below(decoding, "poisson") using 1:(one) smooth cumulative lt 1 title "Poisson", \
     erf(x/(sqrt(2)*bound)) lt 4 lw 0.7 dt 2 title "Cramér-Rao"

set xrange [0.01:300] noextend; set xtics ("0.01" 0.01, "1" 1, "100" 100); set key bottom right noreverse Right samplen 1.2
letter = "d"; eval PANEL; name = "20 cells, 8 m/s"; eval NAME
plot below(decoding_walk, "poisson") using 1:(few) smooth cumulative lt 1 title "Poisson", \
     below(decoding_walk, "walk") using 1:(few) smooth cumulative lt 2 title "filter"
unset logscale x; set xtics auto; set ytics auto

# --- the rat ------------------------------------------------------------------------
n = rows(decoding_run, "/point")
size = real(word(values(decoding_run, "/point"), n)) + real(word(values(decoding_run, "/point"), 1))
window = 0.5
path(f, what) = sprintf("< basin cat '%s:/%s'", f, what)
set key top center horizontal; set xlabel "time that counts (s)"; set ylabel "position (px)" offset 0.4, 0
set xrange [0:60]; set yrange [0:1.3*size]; set ytics 200
letter = "e"; eval PANEL; name = "rat, filter"; eval NAME
plot path(decoding_run, sprintf("decoded[%d,:,0]", row(decoding_run, "walk"))) using (window*$0):1 with points lt 2 ps 0.3 title "decoded", \
     path(decoding_run, "true[:,0]") using (window*$0):1 lt 4 lw 0.8 title "true"

# How many windows of each true bin (across) were decoded to each bin.
set xlabel "true position (px)"; set ylabel "decoded position (px)" offset 0.4, 0; set cblabel "windows" offset -0.5, 0
set xrange [0:size]; set yrange [0:size]; set xtics 200; set cbrange [0:*]; set colorbox; set cbtics 5
bins = rows(decoding_run, "/bin"); bin = size / bins
letter = "f"; eval PANEL; name = "rat, filter"; eval NAME
plot sprintf("< basin cat '%s:/confusion[%d,:,:]'", decoding_run, row(decoding_run, "walk")) matrix using (bin*($2+0.5)):(bin*($1+0.5)):3 with image
unset multiplot
unset output
