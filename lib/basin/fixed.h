/* SPDX-License-Identifier: MIT
 * fixed: fixed points and slow points of a network.  Floor 8.
 *
 * With F and A of field.h and q(x) = |F(x)|^2/2 (Sussillo & Barak 2013; in units of
 * tau, summed over neurons):
 *     fixed point   F = 0, by Newton: A dx = -F, cut to a tenth of |x|, and by the next
 *                   line where that does not lower |F| (A is almost singular along a ring)
 *     slow point    a local minimum of q, by Gauss & Newton with Marquardt's damping:
 *                   (A^T A + mu) dx = -A^T F
 * Factored weights cost O(N r^2) per step for rank r, dense ones O(N^3).  States are
 * rows and are shared out over cores.                                        */
#ifndef BN_FIXED_H
#define BN_FIXED_H

#include <basin/field.h>

struct bn_point {
    double q;                            /* |F|^2/2 where it ended */
    double gradient;                     /* |A^T F|/|F| there; 0 at a fixed point */
    double moved;                        /* |x - start| */
    size_t steps;
    bool fixed;                          /* rms F <= 1e-12 (1 + rms x) */
    bool local;                          /* a minimum of q: fixed, or gradient <= 1e-6 */
};

/* Move each row of x [T, N] to a fixed point near it, in at most `most` steps; rows
 * that come to none have fixed = false and stay where |F| was least.  point [T]. */
BN_MUST_USE bn_status bn_fixed_newton(const struct bn_field *field, struct bn_mat *x,
                                      size_t most, struct bn_point *point);
/* The same for minima of q. */
BN_MUST_USE bn_status bn_fixed_slow(const struct bn_field *field, struct bn_mat *x,
                                    size_t most, struct bn_point *point);

/* Rows nearer than distance * |x| to the first member of a group join it, in order.
 * use [T] says which rows count (NULL: all); group [T] gets the number of the group, or
 * SIZE_MAX.  Returns how many groups there are.                              */
size_t bn_fixed_merge(const struct bn_mat *x, const bool *use, double distance,
                      size_t *group);

/* The k leading eigenvalues (largest real part) of A at the state x [N], in 1/tau:
 * re, im [k + 1].  Not thread-safe (ARPACK).                                 */
BN_MUST_USE bn_status bn_fixed_eigenvalues(const struct bn_field *field, const double *x,
                                           size_t k, double *re, double *im, size_t *found);

#endif
