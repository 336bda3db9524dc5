/* SPDX-License-Identifier: MIT
 * packed: a matrix laid out for many products with few rows.  Floor 4.
 *
 * BLAS copies the large factor of a product into its own layout each time; a network
 * that multiplies the same weights at every step pays for that as much as for the
 * arithmetic.  Here the copy is made once.  Each element of a product is one chain of
 * fused multiply-adds in the order of k: the same bits with any register width, any
 * number of rows and any machine.                                            */
#ifndef BN_PACKED_H
#define BN_PACKED_H

#include <basin/mat.h>

struct bn_packed {
    size_t rows, cols;
    double *data;
};

/* b = op(m); bn_packed_free() it. */
BN_MUST_USE bn_status bn_packed_make(struct bn_packed *b, const struct bn_mat *m,
                                     enum bn_trans trans);
void bn_packed_free(struct bn_packed *b);              /* accepts an empty one */

/* out = a b; a [T, rows], out [T, cols], on the calling thread. */
BN_MUST_USE bn_status bn_packed_product(const struct bn_mat *a, const struct bn_packed *b,
                                        struct bn_mat *out);

#endif
