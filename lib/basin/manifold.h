/* SPDX-License-Identifier: MIT
 * manifold: the space that a population represents.  Floor 4.
 *
 * kind       D    coordinates of a point, their range                 metric
 * ring       1    theta in [0, 2 pi)                                  arc
 * line       1    x in [0, L] of an unbounded line                    |x - y|
 * interval   1    x in [0, L] between walls                           |x - y|
 * box        2,3  x, y (, z) between walls                            Euclidean
 * torus      2    (x, y) in [0, L1) x [0, L2)                         flat
 * hexagon    2    (u, v) in [0, a)^2, at u (1, 0) + v (1/2, sqrt 3/2) flat
 * sphere     2    longitude in [0, 2 pi), latitude in [-pi/2, pi/2]   great circle, radius 1
 *
 * hexagon is the torus of a grid-cell module with period a: a hexagonal lattice's cell.
 * A line has no walls: its grid goes on by `margin` beyond 0 and beyond L, so that what is
 * trained there has neighbours on both sides; only [0, L] counts as the manifold's inside.
 *
 * Grids, by point number k with the last coordinate fastest:
 *     ring, torus, hexagon   m L/M                     (equal weights)
 *     line, interval, box    (m + 1/2) L/M             (equal weights; middles of bins)
 *     sphere                 longitude 2 pi m/M, latitude at Gauss & Legendre's nodes;
 *                            coordinate 0 is the longitude, coordinate 1 the latitude
 * Tangent vectors have D Cartesian components at their point (sphere: east and north), in
 * the unit of the coordinates; a hexagon's are x and y of the plane, not u and v.   */
#ifndef BN_MANIFOLD_H
#define BN_MANIFOLD_H

#include <basin/mat.h>

#define BN_TWO_PI 6.28318530717958647692

enum bn_manifold_kind { BN_RING, BN_LINE, BN_INTERVAL, BN_BOX, BN_TORUS, BN_HEXAGON,
                        BN_SPHERE };
enum { BN_DIMENSIONS = 3 };

struct bn_manifold {
    enum bn_manifold_kind kind;
    size_t dimensions;                   /* D */
    size_t count[BN_DIMENSIONS];         /* grid points per coordinate, margins included;
                                            1 from D on */
    double size[BN_DIMENSIONS];          /* L per coordinate; hexagon: a twice; 0 from D on */
    double margin;                       /* line only */
};

const char *bn_manifold_name(enum bn_manifold_kind kind);
BN_MUST_USE bn_status bn_manifold_parse(const char *name, enum bn_manifold_kind *kind);
struct bn_manifold bn_manifold_ring(size_t angles);
/* BN_USAGE with the reason if kind, D, counts (at least 3 each), sizes and margin do not go
 * together.  Sizes of the ring are { 2 pi }, of the sphere { 2 pi, pi }.          */
BN_MUST_USE bn_status bn_manifold_check(const struct bn_manifold *m);

bool bn_manifold_closed(const struct bn_manifold *m);    /* no walls and no ends */
bool bn_manifold_periodic(const struct bn_manifold *m);  /* each coordinate comes round */
size_t bn_manifold_points(const struct bn_manifold *m);  /* M: grid points */
/* Length, area or volume: 2 pi, L, L1 L2 (L3), a^2 sqrt 3/2, 4 pi; without margins. */
double bn_manifold_extent(const struct bn_manifold *m);

/* Coordinates c [D] of grid point k, or of all points [M, D].                   */
void bn_manifold_point(const struct bn_manifold *m, size_t k, double *c);
void bn_manifold_grid(const struct bn_manifold *m, double *points);
/* w [M], sum 1: means over the manifold (of a line: with its margins) are sums w f. */
void bn_manifold_quadrature(const struct bn_manifold *m, double *w);
/* Is the point inside (not in a line's margins)?                                */
bool bn_manifold_inside(const struct bn_manifold *m, const double *c);

/* Shortest distance; the tangent vector at `from` that leads to `to` by the shortest way;
 * and where the tangent vector d leads to (walls stop it).  to may be from.      */
double bn_manifold_distance(const struct bn_manifold *m, const double *a, const double *b);
void bn_manifold_displacement(const struct bn_manifold *m, const double *from,
                              const double *to, double *d);
void bn_manifold_move(const struct bn_manifold *m, const double *from, const double *d,
                      double *to);
/* Coordinates brought back into their ranges; beyond walls, or beyond a line's grid: onto
 * its end.  Over a pole of the sphere: down on the other side.                    */
void bn_manifold_wrap(const struct bn_manifold *m, double *c);
/* `count` points spread evenly over the inside, the same for the same count, [count, D]:
 * equally spaced in one dimension (ring: from 0; with walls: middles), a golden lattice
 * on closed surfaces and in boxes.                                              */
void bn_manifold_spread(const struct bn_manifold *m, size_t count, double *points);

/* --- the ring --------------------------------------------------------------------- */

void bn_ring_grid(size_t m, double *theta);

/* theta in [0, 2 pi); difference a - b in [-pi, pi). */
double bn_ring_wrap(double theta);
double bn_ring_difference(double a, double b);

/* Circular centre of mass arg sum_m r_m e^{i theta_m} in [0, 2 pi) and the mean
 * vector length |sum r e^{i theta}| / sum r of each row of non-negative curves
 * [n, M]; either output may be NULL.  A row that sums to zero gives 0 and 0.  */
void bn_ring_centre(const struct bn_mat *rate, double *preferred, double *length);

/* Rows shifted so that their preferred angle comes to pi, by their Fourier series:
 * mean and standard deviation over rows on the grid, [M] each.              */
BN_MUST_USE bn_status bn_ring_align(const struct bn_mat *curves, const double *preferred,
                                    double *mean, double *sd);

/* Full width (rad) of the highest bump of a curve on m grid angles at half height between
 * its smallest and its largest value, with straight lines between angles; the whole circle
 * for a constant.  *peak is the largest value.                              */
double bn_ring_width(const double *curve, size_t m, double *peak);

/* The permutation that sorts angles upwards: order[k] is the k-th neuron.   */
BN_MUST_USE bn_status bn_ring_order(const double *preferred, size_t n, size_t *order);

#endif
