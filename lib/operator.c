/* SPDX-License-Identifier: MIT */
#include <basin/operator.h>

#include <basin/tile.h>

/* Neurons whose rows and columns are walked together: one cache line of both.  From TALL
 * neurons on, FEW states or less are applied in chunks that cores share: BLAS would copy
 * the factors for every one of them.                                         */
enum { LINE = 8, TALL = 16384, FEW = 8, CHUNK = 4096 };

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

bn_status bn_operator_shared(struct bn_operator *op, const struct bn_mat *head,
                             const struct bn_mat *factor, const struct bn_mat *lift,
                             const struct bn_mat *core, const double *diagonal)
{
    const size_t p = head->cols, q = factor->cols;

    *op = (struct bn_operator){ 0 };
    if (head->rows != factor->rows || head->rows == 0 || lift->rows != p || lift->cols != q
        || core->rows != q || core->cols != q || diagonal == NULL)
        return bn_fail(BN_INPUT, "factors of %zu x %zu and %zu x %zu with %zu x %zu and %zu x "
                       "%zu between them make no square matrix", head->rows, p, factor->rows,
                       q, lift->rows, lift->cols, core->rows, core->cols);
    op->n = head->rows;
    op->head = *head;
    op->factor = *factor;
    op->lift = *lift;
    op->core = *core;
    op->diagonal = diagonal;
    return BN_OK;
}

bn_status bn_operator_factors(const struct bn_operator *op, struct bn_mat *left,
                              struct bn_mat *right)
{
    const size_t q = op->factor.cols;

    BN_TRY(bn_mat_alloc(left, op->n, q));
    bn_status rc = bn_gemm(1.0, &op->factor, BN_PLAIN, &op->core, BN_PLAIN, 0.0, left);
    for (size_t i = 0; rc == BN_OK && i < op->n; i++)
        for (size_t k = 0; k < q; k++)
            *bn_mat_at(left, i, k) *= op->diagonal[i];
    if (rc == BN_OK)
        rc = bn_gemm(1.0, &op->head, BN_PLAIN, &op->lift, BN_PLAIN, 1.0, left);
    if (rc == BN_OK && right != NULL)
        rc = bn_mat_alloc(right, q, op->n);
    for (size_t i0 = 0; rc == BN_OK && right != NULL && i0 < op->n; i0 += LINE)
        for (size_t k = 0; k < q; k++)
            for (size_t i = i0; i < i0 + LINE && i < op->n; i++)
                *bn_mat_at(right, k, i) = *bn_mat_at(&op->factor, i, k);
    if (rc != BN_OK)
        bn_mat_free(left);
    return rc;
}

/* out[t] -= D in[t] */
static void take_diagonal(const double *d, const struct bn_mat *in, struct bn_mat *out)
{
    for (size_t t = 0; t < in->rows; t++) {
        const double *from = bn_mat_row(in, t);
        double *to = bn_mat_row(out, t);
        for (size_t i = 0; i < in->cols; i++)
            to[i] -= d[i] * from[i];
    }
}

/* out[t] = D out[t] + head a[t] */
static bn_status add_head(const struct bn_operator *op, const struct bn_mat *a,
                          struct bn_mat *out)
{
    for (size_t t = 0; t < out->rows; t++)
        for (size_t i = 0; i < op->n; i++)
            *bn_mat_at(out, t, i) *= op->diagonal[i];
    return bn_gemm(1.0, a, BN_PLAIN, &op->head, BN_TRANSPOSED, 1.0, out);
}

/* J^T = factor (lift^T head^T + core^T factor^T D) - D */
static bn_status apply_shared(const struct bn_operator *op, enum bn_trans trans,
                              const struct bn_mat *p, struct bn_mat *out)
{
    const bool plain = trans == BN_PLAIN;
    struct bn_mat y = { 0 }, z = { 0 }, a = { 0 };

    bn_status rc = bn_mat_alloc(&y, p->rows, op->factor.cols);
    if (rc == BN_OK)
        rc = bn_mat_alloc(&z, p->rows, op->factor.cols);
    if (rc == BN_OK)
        rc = bn_mat_alloc(&a, p->rows, op->head.cols);
    if (rc == BN_OK && plain) {
        rc = bn_gemm(1.0, p, BN_PLAIN, &op->factor, BN_PLAIN, 0.0, &y);
        if (rc == BN_OK)
            rc = bn_gemm(1.0, &y, BN_PLAIN, &op->lift, BN_TRANSPOSED, 0.0, &a);
        if (rc == BN_OK)
            rc = bn_gemm(1.0, &y, BN_PLAIN, &op->core, BN_TRANSPOSED, 0.0, &z);
    } else if (rc == BN_OK) {
        for (size_t t = 0; t < p->rows; t++)
            for (size_t i = 0; i < op->n; i++)
                *bn_mat_at(out, t, i) = op->diagonal[i] * *bn_mat_at(p, t, i);
        rc = bn_gemm(1.0, out, BN_PLAIN, &op->factor, BN_PLAIN, 0.0, &y);
        if (rc == BN_OK)
            rc = bn_gemm(1.0, &y, BN_PLAIN, &op->core, BN_PLAIN, 0.0, &z);
        if (rc == BN_OK)
            rc = bn_gemm(1.0, p, BN_PLAIN, &op->head, BN_PLAIN, 0.0, &a);
        if (rc == BN_OK)
            rc = bn_gemm(1.0, &a, BN_PLAIN, &op->lift, BN_PLAIN, 1.0, &z);
    }
    if (rc == BN_OK)
        rc = bn_gemm(1.0, &z, BN_PLAIN, &op->factor, BN_TRANSPOSED, 0.0, out);
    if (rc == BN_OK && plain)
        rc = add_head(op, &a, out);
    if (rc == BN_OK)
        take_diagonal(op->diagonal, p, out);
    bn_mat_free(&a);
    bn_mat_free(&z);
    bn_mat_free(&y);
    return rc;
}

/* --- few states of very many neurons --------------------------------------------- */

struct tall {
    const struct bn_operator *op;
    bool plain;
    const struct bn_mat *p;
    struct bn_mat *out;
    struct bn_mat part;                  /* [chunks, T q] */
    struct bn_mat u;                     /* [T, q] */
};

/* sum[k] += sum_i rows[i][k] x[i], and its counterpart for a factor that lies along
 * neurons, [q, N].                                                           */
static void collect_rows(const struct bn_mat *rows, size_t first, size_t n, const double *x,
                         double *sum)
{
    for (size_t i = 0; i < n; i++) {
        const double *row = bn_mat_row(rows, first + i);
        for (size_t k = 0; k < rows->cols; k++)
            sum[k] += row[k] * x[i];
    }
}

static bn_status collect_chunk(void *context, size_t chunk)
{
    struct tall *w = context;
    const size_t q = w->op->left.cols, first = chunk * CHUNK, left = w->op->n - first;
    const size_t n = left < CHUNK ? left : CHUNK;

    for (size_t t = 0; t < w->p->rows; t++) {
        double *sum = bn_mat_row(&w->part, chunk) + t * q;
        const double *x = bn_mat_row(w->p, t) + first;
        if (!w->plain)
            collect_rows(&w->op->left, first, n, x, sum);
        for (size_t k = 0; w->plain && k < q; k++)
            sum[k] = bn_dot(n, bn_mat_row(&w->op->right, k) + first, x);
    }
    return BN_OK;
}

static bn_status spread_chunk(void *context, size_t chunk)
{
    struct tall *w = context;
    const size_t q = w->op->left.cols, first = chunk * CHUNK, left = w->op->n - first;
    const size_t n = left < CHUNK ? left : CHUNK;

    for (size_t t = 0; t < w->p->rows; t++) {
        const double *u = bn_mat_row(&w->u, t), *x = bn_mat_row(w->p, t) + first;
        double *out = bn_mat_row(w->out, t) + first;
        for (size_t i = 0; i < n; i++)
            out[i] = w->op->diagonal != NULL ? -w->op->diagonal[first + i] * x[i] : 0.0;
        for (size_t i = 0; w->plain && i < n; i++)
            out[i] += bn_dot(q, bn_mat_row(&w->op->left, first + i), u);
        for (size_t k = 0; !w->plain && k < q; k++) {
            const double *row = bn_mat_row(&w->op->right, k) + first;
            for (size_t i = 0; i < n; i++)
                out[i] += u[k] * row[i];
        }
    }
    return BN_OK;
}

/* Partial sums of fixed chunks in their order: the number of cores changes no bit. */
static bn_status apply_tall(const struct bn_operator *op, enum bn_trans trans,
                            const struct bn_mat *p, struct bn_mat *out)
{
    struct tall w = { .op = op, .plain = trans == BN_PLAIN, .p = p, .out = out };
    const size_t chunks = (op->n + CHUNK - 1) / CHUNK, sums = p->rows * op->left.cols;

    bn_status rc = bn_mat_alloc(&w.part, chunks, sums);
    if (rc == BN_OK)
        rc = bn_mat_alloc(&w.u, p->rows, op->left.cols);
    if (rc == BN_OK)
        rc = bn_tiles(chunks, collect_chunk, &w);
    for (size_t chunk = 0; rc == BN_OK && chunk < chunks; chunk++)
        for (size_t k = 0; k < sums; k++)
            w.u.data[k] += *bn_mat_at(&w.part, chunk, k);
    if (rc == BN_OK)
        rc = bn_tiles(chunks, spread_chunk, &w);
    bn_mat_free(&w.u);
    bn_mat_free(&w.part);
    return rc;
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
    take_diagonal(op->diagonal, p, out);
    return BN_OK;
}

bn_status bn_operator_apply(const struct bn_operator *op, enum bn_trans trans,
                            const struct bn_mat *p, struct bn_mat *out)
{
    if (p->cols != op->n || out->cols != op->n || out->rows != p->rows)
        return bn_fail(BN_INPUT, "weights of %zu neurons applied to states of %zu", op->n,
                       p->cols);
    if (op->factor.data != NULL)
        return apply_shared(op, trans, p, out);
    if (op->dense.data == NULL && op->n >= TALL && p->rows <= FEW)
        return apply_tall(op, trans, p, out);
    if (op->dense.data == NULL)
        return apply_factored(op, trans, p, out);
    return bn_gemm(1.0, p, BN_PLAIN, &op->dense,
                   trans == BN_PLAIN ? BN_TRANSPOSED : BN_PLAIN, 0.0, out);
}

static double shared_at(const struct bn_operator *op, size_t i, size_t j)
{
    const size_t p = op->head.cols, q = op->factor.cols;
    const double *fi = bn_mat_row(&op->factor, i), *fj = bn_mat_row(&op->factor, j);
    double s = i == j ? -op->diagonal[i] : 0.0;

    for (size_t k = 0; k < p; k++)
        s += *bn_mat_at(&op->head, i, k) * bn_dot(q, bn_mat_row(&op->lift, k), fj);
    for (size_t k = 0; k < q; k++)
        s += op->diagonal[i] * fi[k] * bn_dot(q, bn_mat_row(&op->core, k), fj);
    return s;
}

double bn_operator_at(const struct bn_operator *op, size_t i, size_t j)
{
    if (op->dense.data != NULL)
        return *bn_mat_at(&op->dense, i, j);
    if (op->factor.data != NULL)
        return shared_at(op, i, j);
    double s = i == j && op->diagonal != NULL ? -op->diagonal[i] : 0.0;
    for (size_t k = 0; k < op->left.cols; k++)
        s += *bn_mat_at(&op->left, i, k) * *bn_mat_at(&op->right, k, j);
    return s;
}

double bn_operator_bytes(const struct bn_operator *op)
{
    const double n = (double)op->n;
    if (op->factor.data != NULL)
        return 8.0 * n * (double)(op->head.cols + op->factor.cols + 1);
    return 8.0 * (op->dense.data != NULL ? n * n : n * (2.0 * (double)op->left.cols + 1.0));
}
