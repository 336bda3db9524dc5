# SPDX-License-Identifier: MIT
# figure4: mean-field theory of the disordered ring attractor
width = 15; height = 9.5
load "figures/style.gp"
set multiplot layout 2,3 margins 0.075,0.94,0.10,0.94 spacing 0.125,0.17
f = meanfield; v = meanfield_velocity
turn(x) = x - 2*pi*floor(x/(2*pi) + 0.5)       # to [-pi, pi)
both(a, b) = "< basin cat " . f . ":" . a . " " . f . ":" . b

# Curves are even: their second half is drawn left of the first.
set xlabel "angle from the centre (rad)"; set xrange [-pi:pi]
set xtics ("−π" -pi, "0" 0, "π" pi); set yrange [0:*]; set offsets 0, 0, graph 0.15, 0
letter = "a"; eval PANEL; name = "mean-field bump and gain"; eval NAME
set ylabel "overlap, gain (1)"
plot both("/theta", "/bump") using (turn($1)):2 smooth unique lt 1 title "bump {/:Italic G}", \
     both("/theta", "/gain") using (turn($1)):2 smooth unique lt 2 title "gain ∂{/:Italic G}/∂{/:Italic H}"
unset offsets

set xlabel "{/Symbol s}"; set ylabel "{/Symbol b}"
letter = "b"; eval PANEL; name = "gap of the bump (1/{/Symbol t})"; eval NAME
set autoscale xfix; set autoscale yfix; set logscale xy; set xrange [*:*]; set yrange [*:*]
set xtics (0.5, 1, 2, 4); set ytics (0.5, 1, 2, 4)
plot "< basin cat --grid --transpose ".f.":/map_gap" nonuniform matrix with image
unset multiplot
unset output
