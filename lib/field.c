/* SPDX-License-Identifier: MIT */
#include <basin/field.h>
#include <basin/mem.h>

#include <stdlib.h>
#include <string.h>

static double mean(const double *x, size_t n)
{
    double s = 0.0;
    for (size_t i = 0; i < n; i++)
        s += x[i];
    return s / (double)n;
}

bn_status bn_field_at(const struct bn_field *field, const struct bn_mat *x, struct bn_mat *f)
{
    struct bn_mat rate;

    BN_TRY(bn_mat_alloc(&rate, x->rows, x->cols));
    bn_transfer_rate(&field->transfer, x->rows * x->cols, x->data, rate.data);
    const bn_status rc = bn_operator_apply(&field->weights, BN_PLAIN, &rate, f);
    for (size_t t = 0; rc == BN_OK && t < x->rows; t++) {
        const double push = field->inhibition
            * (field->target - mean(bn_mat_row(&rate, t), rate.cols));
        const double *from = bn_mat_row(x, t);
        double *to = bn_mat_row(f, t);
        for (size_t i = 0; i < x->cols; i++)
            to[i] += push - from[i];
        for (size_t i = 0; field->bias != NULL && i < x->cols; i++)
            to[i] += field->bias[i];
    }
    bn_mat_free(&rate);
    return rc;
}

/* --- (A^T A + mu)^-1 ------------------------------------------------------------------ */

static bn_status damped_dense(const struct bn_linear *l, const double *slope, double mu,
                              double *x)
{
    const double c = l->inhibition / (double)l->n;
    struct bn_mat a = { 0 }, m = { 0 };
    int *pivot = bn_alloc(l->n, sizeof *pivot);
    bn_status rc = pivot == NULL ? BN_NOMEM : bn_mat_alloc(&a, l->n, l->n);

    if (rc == BN_OK)
        rc = bn_mat_alloc(&m, l->n, l->n);
    for (size_t i = 0; rc == BN_OK && i < l->n; i++)
        for (size_t k = 0; k < l->n; k++)
            *bn_mat_at(&a, i, k) = (*bn_mat_at(&l->op->dense, i, k) - c) * slope[k]
                                 - (double)(i == k);
    if (rc == BN_OK)
        rc = bn_gram(1.0, &a, BN_TRANSPOSED, &m);
    for (size_t i = 0; rc == BN_OK && i < l->n; i++)
        *bn_mat_at(&m, i, i) += mu;
    if (rc == BN_OK)
        rc = bn_lu(&m, pivot);
    if (rc == BN_OK)
        rc = bn_lu_solve(&m, pivot, BN_PLAIN, x);
    bn_mat_free(&a);
    bn_mat_free(&m);
    free(pivot);
    return rc;
}

struct wide {
    struct bn_mat w, over, g;            /* W and W/(E^2 + mu), [N, 2 q]; L^T L */
    struct bn_mat m, u;                  /* [2 q, 2 q], [2 q, 1] */
    double *base;                        /* E^2 + mu */
    int *pivot;
};

/* v <- C v for each column. */
static bn_status apply_c(const struct bn_mat *g, struct bn_mat *v)
{
    const size_t q = g->rows, cols = v->cols;
    struct bn_mat top = { q, cols, v->data }, bottom = { q, cols, v->data + q * cols }, old;

    BN_TRY(bn_mat_alloc(&old, q, cols));
    memcpy(old.data, top.data, q * cols * sizeof(double));
    for (size_t k = 0; k < q * cols; k++)
        top.data[k] = -bottom.data[k];
    for (size_t k = 0; k < q * cols; k++)
        bottom.data[k] = -old.data[k];
    const bn_status rc = bn_gemm(-1.0, g, BN_PLAIN, &top, BN_PLAIN, 1.0, &bottom);
    bn_mat_free(&old);
    return rc;
}

static bn_status wide_factor(const struct bn_linear *l, const double *slope, double mu,
                             struct wide *s)
{
    const double *d = l->op->diagonal;

    BN_TRY(bn_mat_alloc(&s->w, l->n, 2 * l->q));
    BN_TRY(bn_mat_alloc(&s->over, l->n, 2 * l->q));
    s->base = bn_alloc(l->n, sizeof *s->base);
    if (s->base == NULL)
        return BN_NOMEM;
    for (size_t i = 0; i < l->n; i++) {
        const double e = d != NULL ? 1.0 + slope[i] * d[i] : 1.0;
        const double *a = bn_mat_row(&l->left, i), *b = bn_mat_row(&l->right, i);
        double *w = bn_mat_row(&s->w, i), *over = bn_mat_row(&s->over, i);
        s->base[i] = e * e + mu;
        for (size_t k = 0; k < l->q; k++) {
            w[k] = e * a[k];
            w[l->q + k] = slope[i] * b[k];
        }
        for (size_t k = 0; k < 2 * l->q; k++)
            over[k] = w[k] / s->base[i];
    }
    return BN_OK;
}

/* x <- B^-1 x - B^-1 W (1 + C W^T B^-1 W)^-1 C W^T B^-1 x, B = E^2 + mu */
static bn_status damped_wide(const struct bn_linear *l, const double *slope, double mu,
                             double *x, struct wide *s)
{
    const size_t q2 = 2 * l->q;
    struct bn_mat column = { l->n, 1, x };

    BN_TRY(wide_factor(l, slope, mu, s));
    BN_TRY(bn_mat_alloc(&s->g, l->q, l->q));
    BN_TRY(bn_mat_alloc(&s->m, q2, q2));
    BN_TRY(bn_mat_alloc(&s->u, q2, 1));
    s->pivot = bn_alloc(q2, sizeof *s->pivot);
    if (s->pivot == NULL)
        return BN_NOMEM;
    BN_TRY(bn_gram(1.0, &l->left, BN_TRANSPOSED, &s->g));
    BN_TRY(bn_gemm(1.0, &s->w, BN_TRANSPOSED, &s->over, BN_PLAIN, 0.0, &s->m));
    BN_TRY(apply_c(&s->g, &s->m));
    for (size_t k = 0; k < q2; k++)
        *bn_mat_at(&s->m, k, k) += 1.0;
    BN_TRY(bn_gemm(1.0, &s->over, BN_TRANSPOSED, &column, BN_PLAIN, 0.0, &s->u));
    BN_TRY(apply_c(&s->g, &s->u));
    BN_TRY(bn_lu(&s->m, s->pivot));
    BN_TRY(bn_lu_solve(&s->m, s->pivot, BN_PLAIN, s->u.data));
    for (size_t i = 0; i < l->n; i++)
        x[i] /= s->base[i];
    return bn_gemm(-1.0, &s->over, BN_PLAIN, &s->u, BN_PLAIN, 1.0, &column);
}

bn_status bn_field_damped(const struct bn_linear *l, const double *slope, double mu, double *x)
{
    struct wide s = { 0 };

    if (l->q == 0)
        return damped_dense(l, slope, mu, x);
    const bn_status rc = damped_wide(l, slope, mu, x, &s);
    bn_mat_free(&s.w);
    bn_mat_free(&s.over);
    bn_mat_free(&s.g);
    bn_mat_free(&s.m);
    bn_mat_free(&s.u);
    free(s.base);
    free(s.pivot);
    return rc;
}
