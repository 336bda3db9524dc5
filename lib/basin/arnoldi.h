/* SPDX-License-Identifier: MIT
 * arnoldi: a few eigenvalues of an operator that is only applied, over ARPACK.
 * Floor 3; the sole includer of arpack.h.  Not thread-safe (nor is ARPACK).  */
#ifndef BN_ARNOLDI_H
#define BN_ARNOLDI_H

#include <basin/mat.h>

/* y <- A x, both [n]. */
typedef bn_status bn_arnoldi_apply(void *context, const double *x, double *y);

enum bn_arnoldi_which { BN_LARGEST_MODULUS, BN_LARGEST_REAL };

/* At least k eigenvalues (one more if k would cut a conjugate pair) of the n x n
 * operator: re, im [k + 1], *found of them, the wanted first, pairs adjacent with
 * the positive imaginary part first.  vectors, if not NULL, gets [found, n] rows: a
 * unit eigenvector for a real eigenvalue; for a pair its real and its imaginary
 * part in two rows, together of unit norm.  Small operators (n < 3 k + 40) are
 * formed and solved densely, and so are those up to n = 1200 whose iteration does not
 * converge to `tolerance` (relative), as where copies of one value begin before k; larger
 * ones are BN_NUMERIC then.  The starting vector is fixed, so results repeat.  */
BN_MUST_USE bn_status bn_arnoldi(size_t n, size_t k, enum bn_arnoldi_which which,
                                 double tolerance, bn_arnoldi_apply *apply, void *context,
                                 double *re, double *im, size_t *found,
                                 struct bn_mat *vectors);

#endif
