/* SPDX-License-Identifier: MIT */
#include <basin/linear.h>
#include <basin/mem.h>

#include <stdlib.h>
#include <string.h>

enum { BLOCK = 256 };                    /* neurons whose scaled factors stay in cache */

static double mean(const double *x, size_t n)
{
    double s = 0.0;
    for (size_t i = 0; i < n; i++)
        s += x[i];
    return s / (double)n;
}

bn_status bn_linear_make(struct bn_linear *l, const struct bn_operator *op, double inhibition)
{
    *l = (struct bn_linear){ .op = op, .inhibition = inhibition, .n = op->n };
    if (op->dense.data != NULL)
        return BN_OK;
    const size_t n = op->n, own = op->left.cols;
    l->q = own + (inhibition != 0.0);
    BN_TRY(bn_mat_alloc(&l->left, n, l->q));
    bn_status rc = bn_mat_alloc(&l->right, n, l->q);
    if (rc != BN_OK) {
        bn_linear_free(l);
        return rc;
    }
    for (size_t i = 0; i < n; i++) {
        double *a = bn_mat_row(&l->left, i), *b = bn_mat_row(&l->right, i);
        memcpy(a, bn_mat_row(&op->left, i), own * sizeof *a);
        for (size_t k = 0; k < own; k++)
            b[k] = *bn_mat_at(&op->right, k, i);
        if (l->q > own) {
            a[own] = 1.0;
            b[own] = -inhibition / (double)n;
        }
    }
    return BN_OK;
}

void bn_linear_free(struct bn_linear *l)
{
    bn_mat_free(&l->left);
    bn_mat_free(&l->right);
}

bn_status bn_linear_apply(const struct bn_linear *l, const struct bn_mat *slope,
                          enum bn_trans trans, const struct bn_mat *x, struct bn_mat *y)
{
    const size_t n = l->n, total = x->rows * n;
    struct bn_mat in;

    if (trans == BN_TRANSPOSED) {
        BN_TRY(bn_operator_apply(l->op, BN_TRANSPOSED, x, y));
        for (size_t t = 0; t < x->rows; t++) {
            const double push = l->inhibition * mean(bn_mat_row(x, t), n);
            for (size_t i = 0; i < n; i++)
                *bn_mat_at(y, t, i) = *bn_mat_at(slope, t, i) * (*bn_mat_at(y, t, i) - push)
                                    - *bn_mat_at(x, t, i);
        }
        return BN_OK;
    }
    BN_TRY(bn_mat_alloc(&in, x->rows, n));
    for (size_t k = 0; k < total; k++)
        in.data[k] = slope->data[k] * x->data[k];
    const bn_status rc = bn_operator_apply(l->op, BN_PLAIN, &in, y);
    for (size_t t = 0; rc == BN_OK && t < x->rows; t++) {
        const double push = l->inhibition * mean(bn_mat_row(&in, t), n);
        for (size_t i = 0; i < n; i++)
            *bn_mat_at(y, t, i) -= *bn_mat_at(x, t, i) + push;
    }
    bn_mat_free(&in);
    return rc;
}

/* --- factors -------------------------------------------------------------------- */

static bn_status factor_dense(struct bn_factors *f, const double *slope, size_t t)
{
    const struct bn_linear *l = f->l;
    const double c = l->inhibition / (double)l->n;

    for (size_t i = 0; i < l->n; i++) {
        const double *j = bn_mat_row(&l->op->dense, i);
        double *a = bn_mat_row(&f->lu[t], i);
        for (size_t k = 0; k < l->n; k++)
            a[k] = (j[k] - c) * slope[k];
        a[i] -= 1.0 + f->shift;
    }
    return bn_lu(&f->lu[t], f->pivot + t * l->n);
}

/* I - M, M = sum over blocks of neurons of (R^T)^T (s/e L). */
static bn_status factor_low_rank(struct bn_factors *f, const double *slope, size_t t,
                                 struct bn_mat *scaled)
{
    const struct bn_linear *l = f->l;
    const double *d = l->op->diagonal;
    double *inverse = bn_mat_row(&f->inverse, t), *weight = bn_mat_row(&f->weight, t);

    for (size_t i = 0; i < l->n; i++) {
        inverse[i] = 1.0 / (1.0 + f->shift + (d != NULL ? slope[i] * d[i] : 0.0));
        weight[i] = slope[i] * inverse[i];
    }
    for (size_t first = 0; first < l->n; first += BLOCK) {
        const size_t rows = l->n - first < BLOCK ? l->n - first : BLOCK;
        const struct bn_mat right = { rows, l->q, bn_mat_row(&l->right, first) };
        const struct bn_mat part = { rows, l->q, scaled->data };
        for (size_t i = 0; i < rows; i++) {
            const double *from = bn_mat_row(&l->left, first + i), w = weight[first + i];
            double *to = bn_mat_row(&part, i);
            for (size_t k = 0; k < l->q; k++)
                to[k] = w * from[k];
        }
        BN_TRY(bn_gemm(-1.0, &right, BN_TRANSPOSED, &part, BN_PLAIN, 1.0, &f->lu[t]));
    }
    for (size_t k = 0; k < l->q; k++)
        *bn_mat_at(&f->lu[t], k, k) += 1.0;
    return bn_lu(&f->lu[t], f->pivot + t * l->q);
}

bn_status bn_factors_make(struct bn_factors *f, const struct bn_linear *l,
                          const struct bn_mat *slope, double shift)
{
    const size_t count = slope->rows, size = l->q > 0 ? l->q : l->n;
    struct bn_mat scaled = { 0 };

    *f = (struct bn_factors){ .l = l, .shift = shift, .count = count };
    f->lu = bn_alloc(count, sizeof *f->lu);
    f->pivot = bn_alloc(count * size, sizeof *f->pivot);
    bn_status rc = f->lu == NULL || f->pivot == NULL ? BN_NOMEM : BN_OK;
    for (size_t t = 0; rc == BN_OK && t < count; t++)
        rc = bn_mat_alloc(&f->lu[t], size, size);
    if (rc == BN_OK && l->q > 0)
        rc = bn_mat_alloc(&scaled, BLOCK, l->q);
    if (rc == BN_OK && l->q > 0)
        rc = bn_mat_alloc(&f->inverse, count, l->n);
    if (rc == BN_OK && l->q > 0)
        rc = bn_mat_alloc(&f->weight, count, l->n);
    for (size_t t = 0; rc == BN_OK && t < count; t++)
        rc = l->q > 0 ? factor_low_rank(f, bn_mat_row(slope, t), t, &scaled)
                      : factor_dense(f, bn_mat_row(slope, t), t);
    bn_mat_free(&scaled);
    return rc;
}

void bn_factors_free(struct bn_factors *f)
{
    for (size_t t = 0; f->lu != NULL && t < f->count; t++)
        bn_mat_free(&f->lu[t]);
    free(f->lu);
    free(f->pivot);
    bn_mat_free(&f->inverse);
    bn_mat_free(&f->weight);
    *f = (struct bn_factors){ 0 };
}

/*     A x = b:    x = (L y - b)/e,             (I - M) y = -R (s/e b)
 *     A^T x = b:  x = s/e R^T y - b/e,       (I - M)^T y = -L^T (b/e)         */
static bn_status solve_low_rank(const struct bn_factors *f, bool plain, struct bn_mat *x,
                                struct bn_mat *scaled, struct bn_mat *y)
{
    const struct bn_linear *l = f->l;
    const double *in = plain ? f->weight.data : f->inverse.data;
    const size_t total = f->count * l->n;

    for (size_t k = 0; k < total; k++)
        scaled->data[k] = in[k] * x->data[k];
    BN_TRY(bn_gemm(-1.0, scaled, BN_PLAIN, plain ? &l->right : &l->left, BN_PLAIN, 0.0, y));
    for (size_t t = 0; t < f->count; t++)
        BN_TRY(bn_lu_solve(&f->lu[t], f->pivot + t * l->q, plain ? BN_PLAIN : BN_TRANSPOSED,
                           bn_mat_row(y, t)));
    BN_TRY(bn_gemm(1.0, y, BN_PLAIN, plain ? &l->left : &l->right, BN_TRANSPOSED, 0.0, scaled));
    for (size_t k = 0; k < total; k++)
        x->data[k] = plain ? f->inverse.data[k] * (scaled->data[k] - x->data[k])
                           : f->weight.data[k] * scaled->data[k] - f->inverse.data[k] * x->data[k];
    return BN_OK;
}

bn_status bn_factors_solve(const struct bn_factors *f, enum bn_trans trans, struct bn_mat *x)
{
    const struct bn_linear *l = f->l;
    struct bn_mat scaled, y = { 0 };

    if (x->rows != f->count || x->cols != l->n)
        return bn_fail(BN_INPUT, "%zu x %zu right-hand sides for %zu Jacobians of %zu neurons",
                       x->rows, x->cols, f->count, l->n);
    for (size_t t = 0; l->q == 0 && t < f->count; t++)
        BN_TRY(bn_lu_solve(&f->lu[t], f->pivot + t * l->n, trans, bn_mat_row(x, t)));
    if (l->q == 0)
        return BN_OK;
    BN_TRY(bn_mat_alloc(&scaled, f->count, l->n));
    bn_status rc = bn_mat_alloc(&y, f->count, l->q);
    if (rc == BN_OK)
        rc = solve_low_rank(f, trans == BN_PLAIN, x, &scaled, &y);
    bn_mat_free(&scaled);
    bn_mat_free(&y);
    return rc;
}
