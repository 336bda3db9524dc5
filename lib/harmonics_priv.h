/* SPDX-License-Identifier: MIT
 * What the sources of the harmonics module share: harmonics.c lists the functions and
 * transforms, harmonics_at.c evaluates anywhere, harmonics_peak.c finds extrema.  */
#ifndef BN_HARMONICS_PRIV_H
#define BN_HARMONICS_PRIV_H

#include <basin/harmonics.h>

enum { BN_STENCIL = 6 };

/* One basis function.  Periodic: cos or sin of k.x, k made of the integers n (the first
 * that is not 0 is positive); walls: n half waves per side; sphere: degree n[0], order n[1]
 * and cos or sin of n[1] longitude.                                         */
struct function {
    int n[BN_DIMENSIONS];
    bool sine;
};

struct bn_harmonics {
    struct bn_manifold m;
    size_t count, dims;
    struct function *function;           /* [R] */
    double *eigenvalue;                  /* [R] */
    double *cosine[BN_DIMENSIONS];       /* walls: sqrt 2 cos(pi i/(2 M)), i < 4 M */
    double *weight;                      /* sphere: of latitudes, sum 1 */
    struct bn_mat *order;                /* sphere: [l_max + 1] of [latitude, l - order] */
};

/* --- harmonics_at.c -------------------------------------------------------- */

/* k along x and y, or along the one coordinate. */
void bn_wave_vector(const struct bn_manifold *m, const int *n, double *k);

/* Lagrange's weights of the nearest grid points along one axis between walls, and their first
 * two derivatives: what stands at x is sum_j weight[0][j] f(first + j).       */
struct stencil {
    size_t first, points;
    double weight[3][BN_STENCIL];
};
struct stencil bn_stencil_at(const struct bn_manifold *m, size_t axis, double x);

/* The degree of function k of the sphere, and the function of degree l and order m. */
size_t bn_sphere_degree(size_t k);
size_t bn_sphere_at(size_t l, size_t m, bool sine);

/* P_lm(sin latitude) with (1/2) int P^2 = 1, its derivative along latitude and (m > 0)
 * P/cos latitude, by the recursion over degrees from l = m on, whose terms none divides by
 * the cosine.  up, flat: sine and cosine of the latitude.                    */
struct legendre {
    double p, slope, over;               /* of this degree */
    double before_p, before_slope, before_over;
};
struct legendre bn_legendre_first(int m, double up, double flat);
void bn_legendre_next(struct legendre *s, int l, int m, double up, double flat);

/* Function k of the sphere at a point: s.p x wave; its derivatives are s.slope x wave to the
 * north and m s.over x turned to the east.                                  */
struct sphere_function {
    size_t k;
    int m;
    struct legendre s;
    double wave, turned;
};
typedef void bn_sphere_visit(void *context, const struct sphere_function *f);
/* Each of the first r functions at (longitude, latitude) c, by ascending order m. */
void bn_sphere_each(const double *c, size_t r, bn_sphere_visit *visit, void *context);

#endif
