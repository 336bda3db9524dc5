/* SPDX-License-Identifier: MIT */
#include <basin/operator.h>

bn_status bn_operator_dense(struct bn_operator *op, const struct bn_mat *j)
{
    *op = (struct bn_operator){ 0 };
    if (j->rows != j->cols || j->rows == 0)
        return bn_fail(BN_INPUT, "weights are %zu x %zu, not square", j->rows, j->cols);
    op->n = j->rows;
    op->dense = *j;
    return BN_OK;
}

bn_status bn_operator_factored(struct bn_operator *op, const struct bn_mat *left,
                               const struct bn_mat *right, const double *diagonal)
{
    *op = (struct bn_operator){ 0 };
    if (left->rows != right->cols || left->cols != right->rows || left->rows == 0)
        return bn_fail(BN_INPUT, "factors are %zu x %zu and %zu x %zu: they make no square "
                       "matrix", left->rows, left->cols, right->rows, right->cols);
    op->n = left->rows;
    op->left = *left;
    op->right = *right;
    op->diagonal = diagonal;
    return BN_OK;
}

static bn_status apply_factored(const struct bn_operator *op, enum bn_trans trans,
                                const struct bn_mat *p, struct bn_mat *out)
{
    const bool plain = trans == BN_PLAIN;
    struct bn_mat u;

    BN_TRY(bn_mat_alloc(&u, p->rows, op->left.cols));
    bn_status rc = plain ? bn_gemm(1.0, p, BN_PLAIN, &op->right, BN_TRANSPOSED, 0.0, &u)
                         : bn_gemm(1.0, p, BN_PLAIN, &op->left, BN_PLAIN, 0.0, &u);
    if (rc == BN_OK)
        rc = plain ? bn_gemm(1.0, &u, BN_PLAIN, &op->left, BN_TRANSPOSED, 0.0, out)
                   : bn_gemm(1.0, &u, BN_PLAIN, &op->right, BN_PLAIN, 0.0, out);
    bn_mat_free(&u);
    if (rc != BN_OK || op->diagonal == NULL)
        return rc;
    for (size_t t = 0; t < p->rows; t++) {
        const double *in = bn_mat_row(p, t);
        double *to = bn_mat_row(out, t);
        for (size_t i = 0; i < op->n; i++)
            to[i] -= op->diagonal[i] * in[i];
    }
    return BN_OK;
}

bn_status bn_operator_apply(const struct bn_operator *op, enum bn_trans trans,
                            const struct bn_mat *p, struct bn_mat *out)
{
    if (p->cols != op->n || out->cols != op->n || out->rows != p->rows)
        return bn_fail(BN_INPUT, "weights of %zu neurons applied to states of %zu", op->n,
                       p->cols);
    if (op->dense.data == NULL)
        return apply_factored(op, trans, p, out);
    return bn_gemm(1.0, p, BN_PLAIN, &op->dense,
                   trans == BN_PLAIN ? BN_TRANSPOSED : BN_PLAIN, 0.0, out);
}

double bn_operator_at(const struct bn_operator *op, size_t i, size_t j)
{
    if (op->dense.data != NULL)
        return *bn_mat_at(&op->dense, i, j);
    double s = i == j && op->diagonal != NULL ? -op->diagonal[i] : 0.0;
    for (size_t k = 0; k < op->left.cols; k++)
        s += *bn_mat_at(&op->left, i, k) * *bn_mat_at(&op->right, k, j);
    return s;
}

double bn_operator_bytes(const struct bn_operator *op)
{
    const double n = (double)op->n;
    return 8.0 * (op->dense.data != NULL ? n * n : n * (2.0 * (double)op->left.cols + 1.0));
}
