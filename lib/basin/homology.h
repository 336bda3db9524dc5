/* SPDX-License-Identifier: MIT
 * homology: persistent homology of a Vietoris-Rips filtration, coefficients in Z2.  Floor 3.
 *
 * At scale t a set of points is a simplex if all its distances are at most t.  A bar [birth,
 * death) of dimension k is a k-dimensional hole that is there for birth <= t < death: a
 * component (k = 0), a loop (1), a cavity (2).
 *
 * Persistent cohomology by reduction of the coboundary matrix, whose columns are generated
 * when they are needed (implicit); a simplex that is known to end a bar begins none
 * (clearing); pairs of equal diameter that can be read off without reduction (apparent and
 * emergent pairs) are not reduced and not stored.  U. Bauer, Ripser: efficient computation of
 * Vietoris-Rips persistence barcodes, J. Appl. Comput. Topol. 5:391 (2021).
 *
 * At the enclosing radius, min over points of the distance to the farthest other one, one
 * point is joined to all and nothing but one component is left, so the filtration stops there.
 *
 * Memory for n points: 4 n^2 for distances, 4 n^2 for edges, and what the reduction keeps,
 * which depends on the points and stops with BN_NOMEM at `bytes`.           */
#ifndef BN_HOMOLOGY_H
#define BN_HOMOLOGY_H

#include <basin/mat.h>

enum { BN_HOMOLOGY_TOP = 2,              /* highest dimension */
       BN_HOMOLOGY_POINTS = 2000,        /* most points; more have no number within 64 bits */
       BN_HOMOLOGY_LOOPS = 5000 };       /* the same if top < 2 */

struct bn_bar {
    double birth, death;                 /* death INFINITY: alive at the last radius */
};

struct bn_homology {
    struct bn_bar *bar[BN_HOMOLOGY_TOP + 1];     /* by dimension, longest first */
    size_t count[BN_HOMOLOGY_TOP + 1];           /* without bars of no length */
    double radius;                       /* up to which the filtration went */
};

/* Bars of dimensions 0 .. top of n points from their distances [n, n], a symmetric matrix
 * with zeros on the diagonal and nothing negative (no triangle inequality is needed).  The
 * filtration stops at `radius` (INFINITY: at the enclosing radius, which is also where a
 * larger one stops); bars that are alive there have death INFINITY.  bytes 0: no limit.
 * BN_INPUT if the matrix is none; BN_USAGE for too many points; BN_NOMEM.    */
BN_MUST_USE bn_status bn_homology(const struct bn_mat *distance, int top, double radius,
                                  size_t bytes, struct bn_homology *h);
void bn_homology_free(struct bn_homology *h);    /* accepts an empty one */

#endif
