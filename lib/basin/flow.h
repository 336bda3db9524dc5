/* SPDX-License-Identifier: MIT
 * flow: what a drift along the ring does.  Floor 5.
 *
 * A flow dtheta/dt = v(theta) on the circle, given by its values at M equally spaced
 * angles; between them it is the trigonometric polynomial through the samples, whose
 * error falls geometrically with M for a smooth v.  Angles in rad, times in tau.  */
#ifndef BN_FLOW_H
#define BN_FLOW_H

#include <basin/mat.h>

typedef struct bn_flow bn_flow;
BN_MUST_USE bn_status bn_flow_new(bn_flow **f, const double *v, size_t m);
void bn_flow_free(bn_flow *f);

/* Value and slope at any angle; largest and smallest value around the ring. */
void bn_flow_at(const bn_flow *f, double theta, double *value, double *slope);
double bn_flow_largest(const bn_flow *f);
double bn_flow_smallest(const bn_flow *f);

/* sqrt(<n^2>), <n^2> = sum n^2 |v_n|^2 / sum |v_n|^2: a random flow with this spectrum has
 * 2 sqrt(<n^2>) zeros per turn in the mean (Rice 1944), half of them stable.  0 for a
 * flow that vanishes.                                                       */
double bn_flow_harmonic(const bn_flow *f);

/* Share of the power that the upper half of the harmonics carries: near 0 if M angles
 * resolve the flow, 1/2 for white noise.                                    */
double bn_flow_unresolved(const bn_flow *f);

/* Where the flow takes angles [n] in `time`, each by Runge-Kutta steps of fourth order that
 * are short against 1/slope: 1e-5 of the way.  Angles are not wrapped; they are NaN where
 * slope x time is above 4,000, which is no drift any more.                   */
void bn_flow_carry(const bn_flow *f, double time, size_t n, double *angle);

/* The drift itself at any angles, v [count]. */
typedef bn_status bn_flow_drift(void *context, const double *theta, size_t count, double *v);

struct bn_zero {
    double angle;                        /* [0, 2 pi) */
    double slope;                        /* dv/dtheta: < 0 is stable */
    double error;                        /* rad: the last correction; 0 without `drift` */
};
/* Zeros in ascending order: sign changes of the polynomial on a grid eight times finer,
 * refined on it to rounding, then by secant steps on the drift itself (may be NULL).
 * Touching without crossing is no zero.  free(*zeros).                      */
BN_MUST_USE bn_status bn_flow_zeros(const bn_flow *f, bn_flow_drift *drift, void *context,
                                    struct bn_zero **zeros, size_t *found);

/* Mean speed of dtheta/dt = gain(theta) u + v(theta) (gain = NULL: 1) over a turn,
 *     2 pi / int dtheta/(gain u + v),
 * with the sign of the motion; 0 if it is pinned, that is, if the speed vanishes
 * somewhere.  *error: what refining the quadrature last changed.            */
BN_MUST_USE bn_status bn_flow_speed(const bn_flow *f, const bn_flow *gain, double u,
                                    double *speed, double *error);

/* Least squares y = slope x through 0 and R^2 = 1 - sum (y - slope x)^2 / sum y^2 (0 if
 * all y vanish).                                                            */
void bn_flow_line(size_t n, const double *x, const double *y, double *slope, double *r2);

#endif
