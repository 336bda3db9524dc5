/* SPDX-License-Identifier: MIT
 * compress: dense weights that have low rank but for their diagonal.  Floor 6.
 *
 * Weights that were fitted to a manifold are J = left right - diag(d) with far fewer modes
 * than neurons, also where they are stored as a matrix, but then d is not known.  It follows
 * from J: the rows of J between two halves A, B of the neurons have no diagonal in them and
 * span those of left right on A, with orthonormal Q, so that for i in A
 *     (1 - Q^T Q) (J_iA + d_i e_i) = 0,   d_i = -[(1 - Q^T Q) J_iA]_i / (1 - |Q_i|^2).
 * The rest is the range of J + diag(d) (Halko, Martinsson & Tropp 2011).  An error of d costs
 * modes, no accuracy: what comes out is compared with J.                    */
#ifndef BN_COMPRESS_H
#define BN_COMPRESS_H

#include <basin/operator.h>

struct bn_compressed {
    struct bn_operator op;               /* factored; n = 0 if J has no such form */
    struct bn_mat left, right;
    double *diagonal;
};

/* |J - (left right - diag(d))| <= 1e-12 |J| with at most N/3 modes, or out->op.n = 0.
 * Costs about 2 N^2 (N/4 + 3 modes) operations.                             */
BN_MUST_USE bn_status bn_compress(const struct bn_mat *j, struct bn_compressed *out);
void bn_compressed_free(struct bn_compressed *c);

#endif
