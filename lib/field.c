/* SPDX-License-Identifier: MIT */
#include <basin/field.h>
#include <basin/mem.h>

#include <stdlib.h>
#include <string.h>

struct bn_jacobian {
    const struct bn_field *field;
    size_t n, q;                         /* q = 0: dense */
    double *slope, *e;                   /* [N]; e factored only */
    struct bn_mat l, h;                  /* [q, N] rows, factored only: L^T and H */
    struct bn_mat lu;                    /* of A, or of 1 - H E^-1 L */
    int *pivot;
    double *small;                       /* [q] */
};

/* --- the field ---------------------------------------------------------------------- */

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
    }
    bn_mat_free(&rate);
    return rc;
}

/* --- the Jacobian ------------------------------------------------------------------- */

void bn_jacobian_free(bn_jacobian *j)
{
    if (j == NULL)
        return;
    free(j->slope);
    free(j->e);
    bn_mat_free(&j->l);
    bn_mat_free(&j->h);
    bn_mat_free(&j->lu);
    free(j->pivot);
    free(j->small);
    free(j);
}

static bn_status set_factors(bn_jacobian *j)
{
    const struct bn_operator *w = &j->field->weights;
    const double c = j->field->inhibition / (double)j->n;

    j->q = w->left.cols + (c != 0.0);
    BN_TRY(bn_mat_alloc(&j->l, j->q, j->n));
    BN_TRY(bn_mat_alloc(&j->h, j->q, j->n));
    j->e = bn_alloc(j->n, sizeof *j->e);
    if (j->e == NULL)
        return BN_NOMEM;
    for (size_t i = 0; i < j->n; i++)
        j->e[i] = 1.0 + (w->diagonal != NULL ? w->diagonal[i] * j->slope[i] : 0.0);
    for (size_t k = 0; k < j->q; k++) {
        const bool extra = k == w->left.cols;
        for (size_t i = 0; i < j->n; i++) {
            *bn_mat_at(&j->l, k, i) = extra ? -c : *bn_mat_at(&w->left, i, k);
            *bn_mat_at(&j->h, k, i) = extra ? j->slope[i]
                                            : *bn_mat_at(&w->right, k, i) * j->slope[i];
        }
    }
    return BN_OK;
}

bn_status bn_jacobian_new(bn_jacobian **out, const struct bn_field *field, const double *slope)
{
    const size_t n = field->weights.n;
    bn_jacobian *j = bn_alloc(1, sizeof *j);

    *out = NULL;
    if (j == NULL)
        return BN_NOMEM;
    j->field = field;
    j->n = n;
    j->slope = bn_alloc(n, sizeof *j->slope);
    bn_status rc = j->slope != NULL ? BN_OK : BN_NOMEM;
    if (rc == BN_OK) {
        memcpy(j->slope, slope, n * sizeof *slope);
        if (field->weights.dense.data == NULL)
            rc = set_factors(j);
    }
    const size_t room = j->q == 0 ? n : j->q;
    if (rc == BN_OK) {
        j->pivot = bn_alloc(room, sizeof *j->pivot);
        j->small = bn_alloc(room, sizeof *j->small);
        rc = j->pivot != NULL && j->small != NULL ? BN_OK : BN_NOMEM;
    }
    if (rc == BN_OK)
        *out = j;
    else
        bn_jacobian_free(j);
    return rc;
}

bn_status bn_jacobian_apply(const bn_jacobian *j, enum bn_trans trans, const double *x,
                            double *y)
{
    const size_t n = j->n;
    const double c = j->field->inhibition;
    double *copy = bn_alloc(n, sizeof *copy);

    if (copy == NULL)
        return BN_NOMEM;
    for (size_t i = 0; i < n; i++)
        copy[i] = trans == BN_PLAIN ? j->slope[i] * x[i] : x[i];
    const struct bn_mat in = { 1, n, copy };
    struct bn_mat out = { 1, n, y };
    const bn_status rc = bn_operator_apply(&j->field->weights, trans, &in, &out);
    const double push = c == 0.0 ? 0.0 : c * mean(copy, n);
    for (size_t i = 0; rc == BN_OK && i < n; i++)
        y[i] = (trans == BN_PLAIN ? y[i] - push : j->slope[i] * (y[i] - push)) - x[i];
    free(copy);
    return rc;
}

/* --- A^-1 --------------------------------------------------------------------------- */

static bn_status dense_jacobian(const bn_jacobian *j, struct bn_mat *a)
{
    const double c = j->field->inhibition / (double)j->n;

    BN_TRY(bn_mat_alloc(a, j->n, j->n));
    for (size_t i = 0; i < j->n; i++) {
        const double *w = bn_mat_row(&j->field->weights.dense, i);
        double *row = bn_mat_row(a, i);
        for (size_t k = 0; k < j->n; k++)
            row[k] = (w[k] - c) * j->slope[k] - (double)(i == k);
    }
    return BN_OK;
}

/* 1 - H E^-1 L */
static bn_status small_matrix(const bn_jacobian *j, struct bn_mat *s)
{
    struct bn_mat weighted;

    BN_TRY(bn_mat_alloc(&weighted, j->q, j->n));
    for (size_t k = 0; k < j->q; k++)
        for (size_t i = 0; i < j->n; i++)
            *bn_mat_at(&weighted, k, i) = *bn_mat_at(&j->h, k, i) / j->e[i];
    bn_status rc = bn_mat_alloc(s, j->q, j->q);
    if (rc == BN_OK)
        rc = bn_gemm(-1.0, &weighted, BN_PLAIN, &j->l, BN_TRANSPOSED, 0.0, s);
    for (size_t k = 0; rc == BN_OK && k < j->q; k++)
        *bn_mat_at(s, k, k) += 1.0;
    bn_mat_free(&weighted);
    return rc;
}

/* -E^-1 (x + L S^-1 H E^-1 x), or transposed with H and L exchanged. */
static bn_status solve_factored(bn_jacobian *j, enum bn_trans trans, double *x)
{
    const struct bn_mat *in = trans == BN_PLAIN ? &j->h : &j->l;
    const struct bn_mat *out = trans == BN_PLAIN ? &j->l : &j->h;

    for (size_t i = 0; i < j->n; i++)
        x[i] /= -j->e[i];
    for (size_t k = 0; k < j->q; k++)
        j->small[k] = bn_dot(j->n, bn_mat_row(in, k), x);
    BN_TRY(bn_lu_solve(&j->lu, j->pivot, trans, j->small));
    for (size_t k = 0; k < j->q; k++) {
        const double *row = bn_mat_row(out, k);
        for (size_t i = 0; i < j->n; i++)
            x[i] += row[i] * j->small[k] / j->e[i];
    }
    return BN_OK;
}

bn_status bn_jacobian_solve(bn_jacobian *j, enum bn_trans trans, double *x)
{
    if (j->lu.data == NULL) {
        BN_TRY(j->q == 0 ? dense_jacobian(j, &j->lu) : small_matrix(j, &j->lu));
        BN_TRY(bn_lu(&j->lu, j->pivot));
    }
    return j->q == 0 ? bn_lu_solve(&j->lu, j->pivot, trans, x) : solve_factored(j, trans, x);
}

/* --- (A^T A + mu)^-1 ------------------------------------------------------------------ */

static bn_status damped_dense(bn_jacobian *j, double mu, double *x)
{
    struct bn_mat a, m = { 0 };
    int *pivot = bn_alloc(j->n, sizeof *pivot);

    if (pivot == NULL)
        return BN_NOMEM;
    bn_status rc = dense_jacobian(j, &a);
    if (rc == BN_OK)
        rc = bn_mat_alloc(&m, j->n, j->n);
    if (rc == BN_OK)
        rc = bn_gram(1.0, &a, BN_TRANSPOSED, &m);
    for (size_t i = 0; rc == BN_OK && i < j->n; i++)
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

/* v <- C v for each column; g = L^T L. */
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

/* W^T as rows, and the same over B = E^2 + mu. */
static bn_status wide_factor(const bn_jacobian *j, double mu, struct bn_mat *w,
                             struct bn_mat *over)
{
    BN_TRY(bn_mat_alloc(w, 2 * j->q, j->n));
    BN_TRY(bn_mat_alloc(over, 2 * j->q, j->n));
    for (size_t k = 0; k < j->q; k++)
        for (size_t i = 0; i < j->n; i++) {
            *bn_mat_at(w, k, i) = *bn_mat_at(&j->l, k, i) * j->e[i];
            *bn_mat_at(w, j->q + k, i) = *bn_mat_at(&j->h, k, i);
        }
    for (size_t k = 0; k < 2 * j->q; k++)
        for (size_t i = 0; i < j->n; i++)
            *bn_mat_at(over, k, i) = *bn_mat_at(w, k, i) / (j->e[i] * j->e[i] + mu);
    return BN_OK;
}

struct wide {
    struct bn_mat w, over, g, m, u;      /* u [2 q, 1] */
    int *pivot;
};

/* x <- B^-1 x - B^-1 W (1 + C W^T B^-1 W)^-1 C W^T B^-1 x */
static bn_status damped_wide(bn_jacobian *j, double mu, double *x, struct wide *s)
{
    const size_t q2 = 2 * j->q;

    BN_TRY(wide_factor(j, mu, &s->w, &s->over));
    BN_TRY(bn_mat_alloc(&s->g, j->q, j->q));
    BN_TRY(bn_mat_alloc(&s->m, q2, q2));
    BN_TRY(bn_mat_alloc(&s->u, q2, 1));
    s->pivot = bn_alloc(q2, sizeof *s->pivot);
    if (s->pivot == NULL)
        return BN_NOMEM;
    BN_TRY(bn_gram(1.0, &j->l, BN_PLAIN, &s->g));
    BN_TRY(bn_gemm(1.0, &s->over, BN_PLAIN, &s->w, BN_TRANSPOSED, 0.0, &s->m));
    BN_TRY(apply_c(&s->g, &s->m));
    for (size_t k = 0; k < q2; k++) {
        *bn_mat_at(&s->m, k, k) += 1.0;
        s->u.data[k] = bn_dot(j->n, bn_mat_row(&s->over, k), x);
    }
    BN_TRY(apply_c(&s->g, &s->u));
    BN_TRY(bn_lu(&s->m, s->pivot));
    BN_TRY(bn_lu_solve(&s->m, s->pivot, BN_PLAIN, s->u.data));
    for (size_t i = 0; i < j->n; i++)
        x[i] /= j->e[i] * j->e[i] + mu;
    for (size_t k = 0; k < q2; k++) {
        const double *row = bn_mat_row(&s->over, k);
        for (size_t i = 0; i < j->n; i++)
            x[i] -= row[i] * s->u.data[k];
    }
    return BN_OK;
}

bn_status bn_jacobian_damped(bn_jacobian *j, double mu, double *x)
{
    struct wide s = { 0 };

    if (j->q == 0)
        return damped_dense(j, mu, x);
    const bn_status rc = damped_wide(j, mu, x, &s);
    bn_mat_free(&s.w);
    bn_mat_free(&s.over);
    bn_mat_free(&s.g);
    bn_mat_free(&s.m);
    bn_mat_free(&s.u);
    free(s.pivot);
    return rc;
}
