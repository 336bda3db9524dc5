/* SPDX-License-Identifier: MIT
 * Weights for others, and from one engine or clamp to another. */
#include "learner_priv.h"

#include <basin/mem.h>

#include <stdlib.h>
#include <string.h>

void bn_learned_free(struct bn_learned *w)
{
    bn_mat_free(&w->dense);
    bn_mat_free(&w->dense_velocity);
    bn_mat_free(&w->left);
    bn_mat_free(&w->right);
    bn_mat_free(&w->left_velocity);
    free(w->diagonal);
    free(w->diagonal_velocity);
    *w = (struct bn_learned){ 0 };
}

static bn_status copy_vec(double **to, const double *from, size_t n)
{
    *to = bn_alloc(n, sizeof **to);
    if (*to == NULL)
        return BN_NOMEM;
    memcpy(*to, from, n * sizeof **to);
    return BN_OK;
}

static bn_status copy_mat(struct bn_mat *to, const double *from, size_t rows, size_t cols,
                          size_t stride)
{
    BN_TRY(bn_mat_alloc(to, rows, cols));
    for (size_t i = 0; i < rows; i++)
        memcpy(bn_mat_row(to, i), from + i * stride, cols * sizeof *from);
    return BN_OK;
}

/* The best J with J_ii = 0 from the best one without that: J_ij - (J_ii/G_ii) G_ij. */
static void hollow(const bn_learner *l, struct bn_mat *j)
{
    for (size_t i = 0; i < l->n; i++) {
        const double *g = l->inverse + i * l->stride;
        double *w = bn_mat_row(j, i);
        const double a = w[i] / g[i];
        for (size_t k = 0; k < l->n; k++)
            w[k] -= a * g[k];
        w[i] = 0.0;
    }
}

/* D J0 + B F^T without its diagonal. */
static bn_status written_out(const bn_learner *l, const double *b, const struct bn_mat *first,
                             const double *scale, struct bn_mat *j)
{
    struct bn_mat left;

    BN_TRY(bn_mat_alloc(j, l->n, l->n));
    BN_TRY(copy_mat(&left, b, l->n, l->space, l->stride));
    const bn_status rc = bn_gemm(1.0, &left, BN_PLAIN, &l->phi, BN_TRANSPOSED, 0.0, j);
    bn_mat_free(&left);
    for (size_t i = 0; i < l->n && first->data != NULL; i++)
        for (size_t k = 0; k < l->n; k++)
            *bn_mat_at(j, i, k) += scale[i] * *bn_mat_at(first, i, k);
    for (size_t i = 0; i < l->n; i++)
        *bn_mat_at(j, i, i) = 0.0;
    return rc;
}

static bn_status span_form(const bn_learner *l, struct bn_learned *w)
{
    BN_TRY(copy_mat(&w->left, l->weights, l->n, l->space, l->stride));
    BN_TRY(copy_vec(&w->diagonal, l->diagonal, l->n));
    BN_TRY(bn_mat_alloc(&w->right, l->space, l->n));
    for (size_t i = 0; i < l->n; i++)
        for (size_t k = 0; k < l->space; k++)
            *bn_mat_at(&w->right, k, i) = *bn_mat_at(&l->phi, i, k);
    if (l->velocity == NULL)
        return BN_OK;
    BN_TRY(copy_mat(&w->left_velocity, l->velocity, l->n, l->space, l->stride));
    return copy_vec(&w->diagonal_velocity, l->diagonal_velocity, l->n);
}

static bn_status ridge_form(const bn_learner *l, struct bn_learned *w)
{
    const struct bn_ridge *r = &l->offline;

    BN_TRY(copy_mat(&w->left, r->left.data, r->left.rows, r->left.cols, r->left.cols));
    BN_TRY(copy_mat(&w->right, r->right.data, r->right.rows, r->right.cols, r->right.cols));
    BN_TRY(copy_vec(&w->diagonal, r->diagonal, l->n));
    if (!l->spec.velocity)
        return BN_OK;
    BN_TRY(copy_mat(&w->left_velocity, r->left_velocity.data, l->n, r->left_velocity.cols,
                    r->left_velocity.cols));
    return copy_vec(&w->diagonal_velocity, r->diagonal_velocity, l->n);
}

static bn_status dense_form(const bn_learner *l, struct bn_learned *w)
{
    if (l->engine == BN_ENGINE_SPAN) {
        BN_TRY(written_out(l, l->weights, &l->first, l->scale, &w->dense));
        return l->velocity == NULL ? BN_OK
            : written_out(l, l->velocity, &l->first_velocity, l->scale_velocity,
                          &w->dense_velocity);
    }
    BN_TRY(copy_mat(&w->dense, l->weights, l->n, l->n, l->stride));
    if (l->spec.rule.whole == BN_WHOLE_RLS)
        hollow(l, &w->dense);
    return l->velocity == NULL ? BN_OK
        : copy_mat(&w->dense_velocity, l->velocity, l->n, l->n, l->stride);
}

static bn_status ridge_dense(const bn_learner *l, struct bn_learned *w)
{
    const struct bn_ridge *r = &l->offline;

    BN_TRY(bn_mat_alloc(&w->dense, l->n, l->n));
    BN_TRY(bn_ridge_dense(&r->left, &r->right, &w->dense));
    if (!l->spec.velocity)
        return BN_OK;
    BN_TRY(bn_mat_alloc(&w->dense_velocity, l->n, l->n));
    return bn_ridge_dense(&r->left_velocity, &r->right, &w->dense_velocity);
}

static bn_status finish(bn_status rc, struct bn_learned *w)
{
    if (rc != BN_OK)
        bn_learned_free(w);
    return rc;
}

static bn_status usable(const bn_learner *l, struct bn_learned *w)
{
    *w = (struct bn_learned){ 0 };
    return l->failed ? bn_fail(BN_NUMERIC, "these weights diverged; there are none") : BN_OK;
}

bn_status bn_learner_weights(const bn_learner *l, struct bn_learned *w)
{
    BN_TRY(usable(l, w));
    if (l->spec.rule.whole == BN_WHOLE_OFFLINE)
        return finish(ridge_form(l, w), w);
    const bool first = l->first.data != NULL || l->first_velocity.data != NULL;
    return finish(l->engine == BN_ENGINE_SPAN && !first ? span_form(l, w) : dense_form(l, w), w);
}

bn_status bn_learner_dense(const bn_learner *l, struct bn_learned *w)
{
    BN_TRY(usable(l, w));
    return finish(l->spec.rule.whole == BN_WHOLE_OFFLINE ? ridge_dense(l, w)
                                                         : dense_form(l, w), w);
}
