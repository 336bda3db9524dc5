/* SPDX-License-Identifier: MIT
 * strip: tall factors applied to many states at once, in one pass over memory.  Floor 4.
 *
 * A strip is a matrix [N, K] with N >> K, a row per neuron, cut into blocks of
 * BN_STRIP_ROWS rows that stay in the second cache.  While a block is there it serves
 * two products with states of T trajectories, whose values stand side by side
 * (trajectory-major: state i has `lanes` numbers, T rounded up to a multiple of four):
 *     spread    out_i  = begin + sum_k F_ik small_k      for the rows i of the block
 *     collect   sum_k += sum_i F_ik state_i              over the rows i of the block
 * Each element is one chain of fused multiply-adds, in the order of k or of i, so its
 * bits depend neither on the register width nor on how many trajectories there are. */
#ifndef BN_STRIP_H
#define BN_STRIP_H

#include <basin/mat.h>

enum { BN_STRIP_ROWS = 96, BN_STRIP_PANEL = 8 };

struct bn_strip {
    size_t rows, cols;                   /* N, K */
    size_t blocks, panels;               /* of rows and of columns; padded with zeros */
    double *data;                        /* [blocks][panels][BN_STRIP_ROWS][8] */
};

/* An empty strip of zeros; bn_strip_put lays op(m) [rows, ...] into its columns from
 * `at` on.  bn_strip_free() it; an empty one is accepted.                   */
BN_MUST_USE bn_status bn_strip_alloc(struct bn_strip *s, size_t rows, size_t cols);
void bn_strip_put(struct bn_strip *s, size_t at, const struct bn_mat *m, enum bn_trans trans);
void bn_strip_free(struct bn_strip *s);

/* Numbers per state for t trajectories; columns and rows with their padding. */
size_t bn_strip_lanes(size_t t);
size_t bn_strip_cols(const struct bn_strip *s);
size_t bn_strip_rows(const struct bn_strip *s);

/* out [BN_STRIP_ROWS][lanes], begin [lanes], small [bn_strip_cols][lanes]. */
void bn_strip_spread(const struct bn_strip *s, size_t block, size_t lanes,
                     const double *begin, const double *small, double *out);
/* state [BN_STRIP_ROWS][lanes], sum [bn_strip_cols][lanes]. */
void bn_strip_collect(const struct bn_strip *s, size_t block, size_t lanes,
                      const double *state, double *sum);

/* Rows of a block, elementwise with one rounding per product and sum:
 *     bn_strip_add    x_i += a (h_i + (d_i + gamma e_i) g_i)       (g may be NULL)
 *     bn_strip_decay  x_i -= a (x_i + (d_i + gamma e_i) r_i)
 * d, e [rows]; gamma [lanes] per trajectory.                                */
struct bn_strip_self {
    const double *d, *e, *gamma;
    double a;
};
void bn_strip_add(const struct bn_strip_self *p, size_t rows, size_t lanes, const double *h,
                  const double *g, double *x);
void bn_strip_decay(const struct bn_strip_self *p, size_t rows, size_t lanes, const double *r,
                    double *x);

#endif
