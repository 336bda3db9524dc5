# SPDX-License-Identifier: MIT
# figure7: place fields of thresholded Gaussian maps in one to three dimensions beside the theory
width = 15; height = 13
load "figures/style.gp"
set multiplot layout 3,4 margins 0.088,0.985,0.07,0.955 spacing 0.09,0.105
set errorbars 0
pair(file, a, b) = "< basin cat " . file . ":" . a . " " . file . ":" . b
three(file, a, b, c) = pair(file, a, b) . " " . file . ":" . c
t = fields_tunnel; a = fields_arena; r = fields_room; g = fields_recruited
u = summary_fields
set style line 10 lc rgb BLACK lw 0.9 dt 1
set style line 11 lc rgb BLACK lw 0.9 dt 2
set style line 12 lc rgb "#9ecae1" lw 1
set ylabel offset 1.1, 0; set key samplen 1 spacing 1.0
set yrange [0:*]; set xrange [0:*]

letter = "a"; eval PANEL; name = "sizes, 200 m"; eval NAME
set xlabel "size (m)"; set ylabel "density (1/m)"; set xtics 5; set ytics 0.05; set xrange [0:17]
set key at graph 1.04, 1.0
plot pair(t, "/size", "/size_density") with boxes lc rgb "#9ecae1", \
     pair(t, "/size", "/size_density_theory") ls 10 title "Rayleigh", \
     pair(t, "/size", "/size_density_limit") ls 11 title "{/Symbol q} → ∞"

letter = "b"; eval PANEL; name = "gaps, 200 m"; eval NAME
set xlabel "gap (m)"; set ylabel "density (1/m)"; set xrange [0:110]; set xtics 50; set ytics 0.01
set key at graph 1.04, 1.0
plot pair(t, "/gap", "/gap_density") with boxes lc rgb "#9ecae1", \
     pair(t, "/gap", "/gap_density_theory") ls 10 title "exponential"

letter = "c"; eval PANEL; name = "numbers of fields"; eval NAME
set xlabel "fields of a cell"; set ylabel "share of cells"; set xrange [-0.5:13]; set xtics 5; set ytics 0.1
plot pair(t, "/fields", "/fields_probability") with linespoints lt 1 dt 1 pt 7 ps 0.35 lw 1 title "200 m", \
     pair(a, "/fields", "/fields_probability") with linespoints lt 2 dt 1 pt 5 ps 0.35 lw 1 title "18.6 m^2", \
     pair(t, "/fields", "/fields_probability_theory") ls 10 title "Poisson", \
     pair(a, "/fields", "/fields_probability_theory") ls 10

letter = "d"; eval PANEL; name = "slopes at edges"; eval NAME
set xlabel "slope × {/Symbol s}_c"; set ylabel "density"; set xrange [0:4]; set xtics 1; set ytics 0.2
plot pair(t, "/slope", "/slope_density") every 2 with points lt 1 dt 1 pt 7 ps 0.4 title "1-D", \
     pair(a, "/slope", "/slope_density") every 2 with points lt 2 dt 1 pt 5 ps 0.35 title "2-D", \
     pair(r, "/slope", "/slope_density") every 2 with points lt 3 dt 1 pt 9 ps 0.5 title "3-D", \
     pair(t, "/slope", "/slope_density_theory") ls 10 title "Rayleigh"

# Sizes in any dimension on one curve.
letter = "e"; eval PANEL; name = "one law of sizes"; eval NAME
set xlabel "{/:Italic s}^{2/{/:Italic D}} / mean"; set ylabel "density" offset 1.9, 0; set xrange [0:3.6]
set logscale y; set yrange [0.01:3]; set format y "10^{%T}"; set ytics 10
plot pair(t, "/scaled", "/scaled_density") with points lt 1 pt 7 ps 0.4 title "1-D", \
     pair(a, "/scaled", "/scaled_density") with points lt 2 dt 1 pt 5 ps 0.35 title "2-D", \
     pair(r, "/scaled", "/scaled_density") with points lt 3 dt 1 pt 9 ps 0.5 title "3-D", \
     pair(t, "/scaled", "/scaled_density_theory") ls 10 title "{/:Italic e}^{−{/:Italic z}}"
unset logscale y; set format y "%g"; set ylabel offset 1.4, 0

# Euler characteristics: superlevel sets; errors are smaller than the points.
set xlabel "level {/:Italic u}"; set xrange [-2.2:3.2]; set xtics 1; set yrange [*:*]; set xzeroaxis lt 4 lw 0.4
do for [d=1:3] {
    file = d == 1 ? t : d == 2 ? a : r
    letter = word("f g h", d); eval PANEL
    name = sprintf("Euler, %d-D", d); eval NAME
    set ylabel d == 1 ? "{/Symbol c} per map" : ""; set ytics auto; set ytics d == 2 ? 1 : 5
    if (d == 1) { set ytics 2 }
    set yrange [*:*]; if (d == 1) { set yrange [0:*] }
    set offsets 0, 0, graph 0.08, graph (d == 1 ? 0 : 0.03)
    set key at graph 1.04, 1.0
    plot pair(file, "/level", "/euler_theory") ls 10 title d == 1 ? "theory" : "", \
         pair(file, "/level", "/euler") every 2 with points lt d dt 1 pt 7 ps 0.4 title d == 1 ? "maps" : "", \
         pair(file, "/level", "/pieces") every 2 with points lt 5 dt 1 pt 6 ps 0.5 title d == 2 ? "pieces" : ""
}
unset offsets; unset xzeroaxis

# Four kernels at five thresholds, one sigma_c: quantity against threshold.
number(what) = sprintf(" '%s:/number[:,%d]'", u, int(system("basin cat ".u.":/quantity | grep -nx ".what." | cut -d : -f 1")) - 1)
spread(what) = sprintf(" '%s:/number_error[:,%d]'", u, int(system("basin cat ".u.":/quantity | grep -nx ".what." | cut -d : -f 1")) - 1)
kernel(k, what) = sprintf("< basin cat %s:/value%s%s | awk '$1 == %d' | sort -gk 2", u, number(what), spread(what), k)
KERNELS = "gaussian Matérn-5/2 Matérn-7/2 oscillating"
# What the distance would be if the law were true, for so many fields: 0.73/sqrt n (simulated).
fields = int(system("basin cat ".u.":/quantity | grep -nx fields_per_cell | cut -d : -f 1")) - 1
chance = sprintf("< basin cat %s:/value '%s:/number[:,0]' '%s:/number[:,%d]' | awk '$1 == 0' | sort -gk 2", u, u, u, fields)
set xlabel "threshold {/Symbol q}"; set xrange [0.3:3.2]; set xtics 1

letter = "i"; eval PANEL; name = "peaks per field"; eval NAME
set ylabel "peaks"; set yrange [0.99:1.52]; set ytics 0.1
set key at graph 1.04, 1.0
plot for [k=0:3] kernel(k, "peaks_per_field") using 2:3 with points lt k+1 dt 1 pt 7 ps 0.4 title word(KERNELS, k+1), \
     for [k=0:3] kernel(k, "peaks_per_field_theory") using 2:3 lt k+1 dt 1 lw 0.8

letter = "j"; eval PANEL; name = "sizes: misfit"; eval NAME
set ylabel "Kolmogorov distance"; set yrange [0:*]; set ytics 0.05
set key at graph 1.04, 1.0
plot for [k=0:3] kernel(k, "size_law_distance") using 2:3:4 with yerrorlines lt k+1 dt 1 lw 0.8 pt 7 ps 0.35, \
     chance using 2:(0.73/sqrt($3*$4)) ls 11 title "chance"

letter = "k"; eval PANEL; name = "gaps: misfit"; eval NAME
plot for [k=0:3] kernel(k, "gap_law_distance") using 2:3:4 with yerrorlines lt k+1 dt 1 lw 0.8 pt 7 ps 0.35, \
     chance using 2:(0.73/sqrt($3*$4)) ls 11

letter = "l"; eval PANEL; name = "recruitment"; eval NAME
set xlabel "length (m)"; set ylabel "share of cells"; set xrange [0.8:60]; set logscale x; set yrange [0:0.8]; set ytics 0.2
set xtics ("1" 1, "3" 3, "10" 10, "30" 30)
set key at graph 0.75, 1.0
plot three(g, "/window_size", "/recruited", "/recruited_error") with yerrorbars lt 1 lw 0.8 pt 7 ps 0.4 title "maps", \
     pair(g, "/window_size", "/recruited_theory") ls 10 title "Poisson", \
     [1:48] 1 - (1 + x/7.75)**(-0.57) ls 11 title "Rich et al."
