/* SPDX-License-Identifier: MIT */
#include "learner_priv.h"

#include <basin/fourier.h>
#include <basin/tile.h>

#include <math.h>
#include <string.h>

/* Presentations per tile of a product: two turns of six rows. */
enum { SOME = 12 };

struct product {
    const struct bn_mat *a, *out;
    const struct bn_packed *b;
    size_t slot, count;
};

static bn_status product_tile(void *context, size_t k)
{
    const struct product *p = context;
    const size_t from = p->slot + k * SOME, left = p->count - k * SOME;
    const size_t rows = left < SOME ? left : SOME;
    const struct bn_mat a = { rows, p->b->rows, p->a->data + from * p->a->cols };
    struct bn_mat out = { rows, p->out->cols, bn_mat_row(p->out, from) };

    return bn_packed_product(&a, p->b, &out);
}

/* Rows slot .. slot + count - 1 of out = a b. */
static bn_status product(const struct bn_mat *a, const struct bn_packed *b, size_t slot,
                         size_t count, const struct bn_mat *out)
{
    struct product p = { a, out, b, slot, count };

    return bn_tiles((count + SOME - 1) / SOME, product_tile, &p);
}

bn_status bn_learner_clamped(bn_learner *l, uint64_t first, size_t slot, size_t count,
                             const double *theta, const double *omega)
{
    struct block *b = &l->block;
    const bool full = l->spec.clamp == BN_CLAMP_FULL;

    for (size_t t = 0; t < count; t++) {
        bn_fourier_basis(theta[t], l->phi.cols, 0, bn_mat_row(&b->basis, slot + t));
        bn_fourier_basis(theta[t], l->x.cols, 0, bn_mat_row(&b->value_basis, slot + t));
        b->turn[slot + t] = omega != NULL ? l->spec.tau * omega[t] : 0.0;
        if (omega != NULL)
            bn_fourier_basis(theta[t], l->x.cols, 1, bn_mat_row(&b->slope_basis, slot + t));
    }
    BN_TRY(product(&b->value_basis, &l->x_of, slot, count, &b->x));
    if (omega != NULL)
        BN_TRY(product(&b->slope_basis, &l->x_of, slot, count, &b->slope));
    if (!full)
        return BN_OK;
    BN_TRY(product(&b->basis, &l->phi_of, slot, count, &b->rate));
    const struct bn_mat *from = l->engine == BN_ENGINE_SPAN ? &b->basis : &b->rate;
    for (size_t t = slot; t < slot + count; t++)
        memcpy(bn_mat_row(&b->pre, t), bn_mat_row(from, t), l->space * sizeof(double));
    return bn_learner_axons(l, first, slot, count);
}

/* The gain vectors of RLS for these presentations: k = G p/(1 + p^T G p), each with G
 * as the ones before left it; G loses k (G p)^T in the pass that makes the next G p. */
static void rls(bn_learner *l, size_t slot, size_t count)
{
    struct block *b = &l->block;
    double *v = l->drive;

    for (size_t t = 0; t < count; t++) {
        const double *p = bn_mat_row(&b->pre, slot + t);
        double *k = bn_mat_row(&b->g[0], slot + t);
        struct bn_fused u = { .stride = l->stride, .q = p };
        bn_fused_pass(&u, l->n, l->inverse, v);
        const double s = 1.0 + bn_dot(l->n, p, v);
        for (size_t j = 0; j < l->n; j++) {
            k[j] = v[j] / s;
            l->column[j] = -k[j];
        }
        u = (struct bn_fused){ .stride = l->stride, .n_add = 1, .f = { l->column }, .g = { v } };
        bn_fused_pass(&u, l->n, l->inverse, NULL);
    }
}

/* Noise on the rates and the low-pass of the synapse, in place. */
static void filter(struct bn_learner *l, uint64_t number, double *p)
{
    if (l->spec.noise_rate > 0.0) {
        double *z = l->column;
        bn_rng_normals(bn_rng_sub(l->spec.rng, "rates"), 0, number * l->n, z, l->n);
        for (size_t j = 0; j < l->n; j++)
            p[j] += l->spec.noise_rate * z[j];
    }
    if (l->spec.tau_synapse > 0.0)
        for (size_t j = 0; j < l->space; j++) {
            l->synapse[j] += l->a_synapse * (p[j] - l->synapse[j]);
            p[j] = l->synapse[j];
        }
}

static void factor(const struct bn_learner *l, enum bn_pre_factor f, const double *p,
                   double pool, double *out)
{
    struct bn_pre s = { .pool = pool };

    if (f == BN_PRE_P) {
        memcpy(out, p, l->space * sizeof *out);
        return;
    }
    for (size_t j = 0; j < l->space; j++) {
        s.p = p[j];
        s.mean = l->pre_mean[j];
        s.trace = l->pre_trace[j];
        out[j] = bn_pre_value(f, &s);
    }
}

static void factors(struct bn_learner *l, size_t t)
{
    struct block *b = &l->block;
    const double *p = bn_mat_row(&b->pre, t);
    const double pool = l->spec.epsilon
        + bn_dot(l->space, p, l->engine == BN_ENGINE_SPAN ? bn_mat_row(&b->q, t) : p);

    for (size_t k = 0; k < l->plan.n_add; k++)
        factor(l, l->plan.add[k].pre, p, pool, bn_mat_row(&b->g[k], t));
    for (size_t k = 0; k < l->plan.n_scale; k++)
        factor(l, l->plan.scale[k].pre, p, pool, bn_mat_row(&b->h[k], t));
    for (size_t j = 0; j < l->space && l->plan.averages; j++) {
        l->pre_mean[j] += l->a_mean * (p[j] - l->pre_mean[j]);
        l->pre_trace[j] += l->a_trace * (p[j] - l->pre_trace[j]);
    }
}

/* What the coefficients mean at the neurons: for the diagonal. */
static bn_status own(bn_learner *l, size_t slot, size_t count)
{
    struct block *b = &l->block;

    if (l->own == &b->own)
        BN_TRY(product(&b->pre, &l->phi_of, slot, count, &b->own));
    for (size_t k = 0; k < l->plan.n_add; k++)
        if (l->plan.add[k].pre != BN_PRE_P)
            BN_TRY(product(&b->g[k], &l->phi_of, slot, count, &b->own_g[k]));
    if (l->first_of.data != NULL)
        BN_TRY(product(&b->pre, &l->first_of, slot, count, &b->first));
    if (l->first_velocity_of.data != NULL)
        BN_TRY(product(&b->pre, &l->first_velocity_of, slot, count, &b->first_velocity));
    return BN_OK;
}

bn_status bn_learner_axons(bn_learner *l, uint64_t first, size_t slot, size_t count)
{
    const bool span = l->engine == BN_ENGINE_SPAN;

    for (size_t t = 0; t < count; t++)
        filter(l, first + t, bn_mat_row(&l->block.pre, slot + t));
    if (span)
        BN_TRY(product(&l->block.pre, &l->gram, slot, count, &l->block.q));
    for (size_t t = slot; t < slot + count; t++)
        factors(l, t);
    if (l->spec.rule.whole == BN_WHOLE_RLS)
        rls(l, slot, count);
    return span ? own(l, slot, count) : BN_OK;
}
