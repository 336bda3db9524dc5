# SPDX-License-Identifier: MIT
# figureS5: place cells along a track: maps each way, information against shifted trains
width = 15; height = 9.6
load "figures/style.gp"
set multiplot
between(from, to) = sprintf("set lmargin at screen %g; set rmargin at screen %g", from, to)
UPPER = "set tmargin at screen 0.945; set bmargin at screen 0.605"
LOWER = "set tmargin at screen 0.435; set bmargin at screen 0.095"
eval UPPER
r = recording_split
unit = system("basin cat ".r." | awk '$1 == \"/speed\" { sub(\"/s\", \"\", $3); print $3 }'")
n = rows(r, "/point"); size = real(word(values(r, "/point"), n)) + real(word(values(r, "/point"), 1))
bin = size / n
power = 10**floor(log10(size/4)); tic = power * (size/4 < 2*power ? 1 : size/4 < 5*power ? 2 : 5)

# Rows of one way whose information is above that of 99 % of shifted trains, each divided by
# its peak, by where the peak is.
maps(way) = sprintf("< basin cat %s:/direction %s:/information_p %s:/rate | awk '$1 == %d && $2 <= 0.01 { top = 3; for (k = 4; k <= NF; k++) if ($k > $top) top = k; line = top; for (k = 3; k <= NF; k++) line = line \" \" $k/$top; print line }' | sort -s -n -k 1,1 | cut -d ' ' -f 2-", r, r, r, way)
set xlabel "position (".unit.")"; set xrange [0:size]; set ylabel "cell"; set cbrange [0:1]
set yrange [*:*]; set autoscale yfix; set ytics 4; set xtics tic
do for [p=1:2] {
    letter = word("a b", p); eval PANEL; name = p == 1 ? "forward, rate / peak" : "backward, rate / peak"; eval NAME
    eval between(p == 1 ? 0.075 : 0.385, p == 1 ? 0.31 : 0.62)
    if (p == 1) { unset colorbox } else { set colorbox; set cbtics 1 }
    plot maps(p == 1 ? 1 : -1) matrix using (bin*($1+0.5)):($2+1):3 with image
}
unset colorbox; set ytics auto; set xtics auto

# Filled: significant at 1 %.
bits(way, low, high) = sprintf("< basin cat %s:/direction %s:/information_p '%s:/shuffled[:,2]' %s:/information | awk '$1 == %d && $2 > %g && $2 <= %g && $4 > 0 { print $3 < 0.01 ? 0.01 : $3, $4 < 0.01 ? 0.01 : $4 }'", r, r, r, r, way, low, high)
set xlabel "95 % of shifted trains (bit/spike)"; set ylabel "information (bit/spike)"
set logscale xy; set xrange [0.01:5]; set yrange [0.01:5]; set key bottom right
letter = "c"; eval PANEL; name = "information"; eval NAME; eval between(0.755, 0.98)
plot x lt 4 lw 0.5, bits(1, 0, 0.01) with points lt 1 pt 7 ps 0.8 title "forward", bits(1, 0.01, 1) with points lt 1 pt 6 ps 0.8, \
     bits(-1, 0, 0.01) with points lt 2 pt 5 ps 0.7 title "backward", bits(-1, 0.01, 1) with points lt 2 pt 4 ps 0.7
unset logscale

# Cells that say most per second, both ways together.
best = system(sprintf("basin cat %s:/cell %s:/information_rate | awk '{ sum[$1] += $2 } END { for (c in sum) print sum[c], c }' | sort -k 1,1nr -k 2,2n | awk 'NR <= 3 { print $2 }'", r, r))
cells = rows(r, "/cell") / 2
rates(what, cell, way) = sprintf("< basin cat %s:/point '%s:/%s[%d,:]'", r, r, what, cell + way*cells)
set xlabel "position (".unit.")"; set ylabel "rate (Hz)"; set xrange [0:size]; set yrange [0:*]; set xtics tic
set key top center horizontal samplen 0.8; set offsets 0, 0, graph 0.15, 0
eval LOWER
do for [p=1:3] {
    eval between(0.075 + 0.34*(p-1), 0.30 + 0.34*(p-1))
    c = int(word(best, p)); letter = word("d e f", p); eval PANEL
    name = sprintf("cell %d: %.2f, %.2f bit/spike", c + 1, real(word(values(r, "/information"), c + 1)), real(word(values(r, "/information"), c + cells + 1))); eval NAME
    plot rates("raw_rate", c, 0) with points lt 1 pt 7 ps 0.3, rates("raw_rate", c, 1) with points lt 2 pt 5 ps 0.25, \
         rates("rate", c, 0) lt 1 title p == 1 ? "forward" : "", rates("rate", c, 1) lt 2 title p == 1 ? "backward" : ""
}
unset multiplot
unset output
