/* SPDX-License-Identifier: MIT
 * walk: positions that move at random, and the recursive filter that knows it.  Floor 7.
 *
 *     K(p | q) = (1 - jump) w(p) exp(-d(p, q)^2/(2 step^2))/Z(q) + jump w(p),
 *     posterior_t(p) ~ P(n_t | p) sum_q K(p | q) posterior_t-1(q)
 * on any manifold; w is the prior, Z(q) normalises over its candidates (near walls and
 * unvisited places too).  step is the standard deviation per direction and bin.  Without
 * jumps a filter that has lost the position finds it again only by walking there, at most
 * nine steps per bin (blur.h).                                                     */
#ifndef BN_WALK_H
#define BN_WALK_H

#include <basin/readout.h>
#include <basin/rng.h>

typedef struct bn_walk bn_walk;

/* prior [P], sum 1; copied.  The axes must outlive it. */
BN_MUST_USE bn_status bn_walk_new(bn_walk **w, const struct bn_axes *l,
                                  const double *prior, double step, double jump);
void bn_walk_free(bn_walk *w);                           /* accepts NULL */

/* to = K from, [P] each; not the same array. */
void bn_walk_predict(bn_walk *w, const double *from, double *to);

/* The filter over counts [T, N] scored by r (poisson, one size), started from the prior at
 * t = 0 and wherever fresh[t] (NULL: nowhere else): the positions [T, D] of the largest
 * posterior density, and (NULL: not wanted) bits[t], its relative entropy to the prior. */
BN_MUST_USE bn_status bn_walk_filter(bn_walk *w, const bn_readout *r,
                                     const struct bn_mat *counts, const bool *fresh,
                                     struct bn_mat *position, double *bits);
/* The posterior after the last bin, [P]. */
const double *bn_walk_posterior(const bn_walk *w);

/* T positions: uniform and independent (step = 0), or a Gaussian walk with that standard
 * deviation per direction and bin, reflected by walls, from a uniform start.  Draws of unit
 * t; a sphere's uniform is that of its area.                                       */
void bn_walk_positions(const struct bn_manifold *m, double step, struct bn_rng rng,
                       struct bn_mat *position);

#endif
