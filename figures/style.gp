# SPDX-License-Identifier: MIT
# style.gp - the look of every figure.  A figure script sets `width` and `height` in
# cm (7.5 for half, 15 for full text width), loads this file and plots; the driver
# sets `out` (a .pdf) and one variable per input artifact, named after its role.
# Data come through `basin cat`, the only way out of HDF5.

FONT = "Liberation Sans"          # metric-compatible with Helvetica and Arial
SIZE = 8                          # points in print: draw at size, never rescale

# pdfcairo draws text at 96/72 of its nominal size; fontscale 0.75 undoes it.
set encoding utf8
set terminal pdfcairo size width cm, height cm font sprintf("%s,%g", FONT, SIZE) \
    fontscale 0.75 linewidth 1 pointscale 0.5
set output out

# --- frame: two axes, ticks outside, no mirror, no decoration -------------------
set border 3 linewidth 1 linecolor rgb "#262626"
set tics nomirror out scale 0.6, 0.3 textcolor rgb "#262626"
set xtics offset 0, 0.4; set xlabel offset 0, 0.8
set ytics offset 0.5, 0; set ylabel offset 1.2, 0
set key top right noautotitle samplen 1.2 spacing 1.1 font ",7"
set style data lines
set style fill solid noborder      # never partial here: it would fade colour bars

# --- colours: Okabe & Ito (2008), by name; 1-4 are the safest in print ---------
BLACK = "#000000"; BLUE = "#0072B2"; VERMILION = "#D55E00"; GREEN = "#009E73"
ORANGE = "#E69F00"; SKY = "#56B4E9"; PURPLE = "#CC79A7"; GREY = "#7F7F7F"
set linetype 1 lc rgb BLUE      lw 1.5 dt 1 pt 7
set linetype 2 lc rgb VERMILION lw 1.5 dt 1 pt 5
set linetype 3 lc rgb GREEN     lw 1.5 dt 1 pt 9
set linetype 4 lc rgb BLACK     lw 1.5 dt 1 pt 13
set linetype 5 lc rgb ORANGE    lw 1.5 dt 2 pt 6
set linetype 6 lc rgb SKY       lw 1.5 dt 2 pt 4
set linetype 7 lc rgb PURPLE    lw 1.5 dt 2 pt 8
set linetype cycle 7

# --- maps: viridis for magnitudes, blue-white-red for signed quantities --------
VIRIDIS = "0 '#440154', 1 '#482878', 2 '#3E4A89', 3 '#31688E', 4 '#26828E', 5 '#1F9E89', 6 '#35B779', 7 '#6DCD59', 8 '#B4DE2C', 9 '#FDE725'"
SIGNED  = "-1 '#2166AC', -0.5 '#92C5DE', 0 '#F7F7F7', 0.5 '#F4A582', 1 '#B2182B'"
set palette defined (@VIRIDIS)
set colorbox user size graph 0.03, 1 origin graph 1.03, 0 noborder
set cbtics scale 0.3 offset -0.7, 0

# --- panels: bold letter outside the top left corner ----------------------------
PANEL = "set label 99 '{/:Bold '.letter.'}' at graph 0, graph 1 offset character -5.5, 0.7 front"
NAME  = "set label 98 name at graph 0, graph 1 offset character 0, 0.7 front"

# --- angles -----------------------------------------------------------------------
ANGLE_X = "set xrange [0:2*pi]; set xtics ('0' 0, 'π' pi, '2π' 2*pi)"
ANGLE_Y = "set yrange [0:2*pi]; set ytics ('0' 0, 'π' pi, '2π' 2*pi)"

# The length of a dataset's first axis, and its values as words.
rows(file, what) = int(system("basin cat " . file . ":" . what . " | wc -l"))
values(file, what) = system("basin cat " . file . ":" . what)
has(file, what) = int(system("basin cat " . file . " | grep -c '^" . what . " '")) > 0
least(a, b) = a < b ? a : b
