/* SPDX-License-Identifier: MIT
 * every_manifold: one of each kind, for tests that hold on all of them.  */
#ifndef EVERY_MANIFOLD_H
#define EVERY_MANIFOLD_H

#include <basin/manifold.h>

static const struct bn_manifold every_manifold[] = {
    { BN_RING, 1, { 25, 1, 1 }, { BN_TWO_PI }, 0.0 },
    { BN_RING, 1, { 24, 1, 1 }, { BN_TWO_PI }, 0.0 },
    { BN_LINE, 1, { 40, 1, 1 }, { 3.0 }, 0.5 },
    { BN_INTERVAL, 1, { 30, 1, 1 }, { 2.5 }, 0.0 },
    { BN_BOX, 2, { 14, 11, 1 }, { 2.0, 1.5 }, 0.0 },
    { BN_BOX, 3, { 7, 8, 9 }, { 1.0, 2.0, 1.5 }, 0.0 },
    { BN_TORUS, 2, { 13, 13, 1 }, { BN_TWO_PI, BN_TWO_PI }, 0.0 },
    { BN_TORUS, 2, { 12, 9, 1 }, { 3.0, 2.0 }, 0.0 },
    { BN_HEXAGON, 2, { 15, 15, 1 }, { 1.3, 1.3 }, 0.0 },
    { BN_SPHERE, 2, { 21, 11, 1 }, { BN_TWO_PI, 0.5 * BN_TWO_PI }, 0.0 },
    { BN_SPHERE, 2, { 18, 12, 1 }, { BN_TWO_PI, 0.5 * BN_TWO_PI }, 0.0 },
};

#endif
