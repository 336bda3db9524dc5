/* SPDX-License-Identifier: MIT
 * potential: what a drift does along a line, an interval or a ring.  Floor 5.
 *
 * v is known at m equally spaced positions; between them it is taken as straight, since
 * the drift of threshold-linear cells jumps where a cell falls silent (flow.h is for smooth
 * drifts of rings).  U(x) = -int v dx, by the trapezoidal rule, which is exact then.
 * Lengths in the unit of x, times in tau.                                    */
#ifndef BN_POTENTIAL_H
#define BN_POTENTIAL_H

#include <basin/err.h>

enum bn_ends {
    BN_ENDS_NONE,                        /* a ring: position m is position 0 again */
    BN_ENDS_OPEN,                        /* the drift may leave by them */
    BN_ENDS_WALLS                        /* it stops half a step beyond the first and last
                                            position: stable where it points outwards */
};

struct bn_rest {
    double at, slope;                    /* dv/dx; 0 at a wall */
    double potential;                    /* U there */
    double barrier;                      /* stable: the lower of the rises of U to the next
                                            unstable positions (or open ends, where U is 0
                                            more than at the last position); else 0 */
    bool stable, wall;
};

struct bn_potential {
    double *u;                           /* [m], 0 at the first position */
    double roughness;                    /* standard deviation of U over positions; ring: after
                                            taking off the circulation's straight line */
    double circulation;                  /* ring: the integral of v around it; else 0.  0 for
                                            a gradient flow, which LS weights need not be */
    double largest;                      /* largest barrier, 0 if nothing is stable */
    struct bn_rest *rest;                /* zeros of v and ends that hold, by position */
    size_t rests, stable;
};

/* v [m] at first + k step.  BN_USAGE if m < 3.                                */
BN_MUST_USE bn_status bn_potential_new(struct bn_potential *p, const double *v, size_t m,
                                       double first, double step, enum bn_ends ends);
void bn_potential_free(struct bn_potential *p);

#endif
