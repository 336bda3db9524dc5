/* SPDX-License-Identifier: MIT
 * fused: update a matrix and multiply it, in one pass over memory.  Floor 4.
 *
 *     W_ij  <- W_ij (keep_i + sum_k a^k_i h^k_j) + sum_k f^k_i g^k_j,   W_ii <- 0 if asked
 *     out_i  = sum_j W_ij q_j
 *
 * A learning step needs the product with this presentation's rates and the update of the
 * last one; dgemv and dger read W twice and write it once, this reads and writes it once.
 * Rows are padded with zeros to a multiple of eight columns.  Element ij is the same chain
 * of fused multiply-adds everywhere, and out_i adds column j in lane j mod 8 in the order
 * of j, then the lanes as ((0+1)+(2+3))+((4+5)+(6+7)): the same bits for any register
 * width, whichever rows are passed together, on any number of threads.             */
#ifndef BN_FUSED_H
#define BN_FUSED_H

#include <basin/mat.h>

enum { BN_FUSED_LANES = 8, BN_FUSED_MOST = 9 };

/* Columns with their padding: the stride of W, and the length of g, h and q (zeros from
 * `cols` on).                                                                      */
size_t bn_fused_stride(size_t cols);

struct bn_fused {
    size_t stride;
    const double *keep;                  /* [rows], or NULL: 1 */
    size_t n_add, n_scale;               /* at most BN_FUSED_MOST each */
    const double *f[BN_FUSED_MOST], *g[BN_FUSED_MOST];     /* [rows], [stride] */
    const double *a[BN_FUSED_MOST], *h[BN_FUSED_MOST];     /* [rows], [stride] */
    const double *q;                     /* [stride], or NULL: no product */
    bool hollow;                         /* element (i, first + i) becomes 0 */
    size_t first;                        /* column of the diagonal in row 0 */
};

/* w [rows, stride], out [rows] (NULL without q); the calling thread does it. */
void bn_fused_pass(const struct bn_fused *u, size_t rows, double *w, double *out);

#endif
