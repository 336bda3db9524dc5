/* SPDX-License-Identifier: MIT
 * Modifiers that work on single synapses: Dale's law, soft bounds, noise, turnover, and
 * synapses that do not exist.                                                      */
#include "learner_priv.h"

#include <basin/mem.h>
#include <basin/special.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

bn_status bn_learner_lots(bn_learner *l)
{
    const struct bn_modifiers *m = &l->spec.modifiers;
    const size_t n = l->n;
    double *u = bn_alloc(n, sizeof *u);
    size_t *order = bn_alloc(n, sizeof *order);

    if (m->density < 1.0)
        l->exists = bn_alloc(n * l->stride, sizeof *l->exists);
    if (m->dale != BN_DALE_NONE)
        l->sign = bn_alloc(l->stride, sizeof *l->sign);
    const bool ok = u != NULL && order != NULL && (m->density >= 1.0 || l->exists != NULL)
                 && (m->dale == BN_DALE_NONE || l->sign != NULL);
    for (size_t i = 0; ok && l->exists != NULL && i < n; i++) {
        bn_rng_uniforms(bn_rng_sub(l->spec.rng, "density"), i, 0, u, n);
        for (size_t j = 0; j < n; j++)
            l->exists[i * l->stride + j] = u[j] < m->density ? 1.0F : 0.0F;
    }
    if (ok && l->sign != NULL) {
        const size_t excitatory = (size_t)llround(m->excitatory * (double)n);
        bn_rng_permutation(bn_rng_sub(l->spec.rng, "dale"), 0, order, n);
        for (size_t k = 0; k < n; k++)
            l->sign[order[k]] = k < excitatory ? 1.0 : -1.0;
    }
    free(order);
    free(u);
    return ok ? BN_OK : BN_NOMEM;
}

/* The bound itself would be left by nothing, since it multiplies each change with 0. */
static double most_of(double bound)
{
    return bound > 0.0 ? bound * (1.0 - 1e-6) : INFINITY;
}

/* Loops over SOME columns, a number that compilers know, become vector instructions. */
enum { SOME = BN_FUSED_LANES };

/* Weights [SOME] that lie on the sign's side, or 0. */
static void keep_sign(double *restrict w, const double *restrict sign)
{
    for (size_t k = 0; k < SOME; k++) {
        const double size = sign[k] * w[k];
        w[k] = sign[k] * (size > 0.0 ? size : 0.0);
    }
}

static void keep_below(double *restrict w, double most)
{
    for (size_t k = 0; k < SOME; k++) {
        const double low = w[k] > -most ? w[k] : -most;
        w[k] = low < most ? low : most;
    }
}

static void keep_existing(double *restrict w, const float *restrict exists)
{
    for (size_t k = 0; k < SOME; k++)
        w[k] *= (double)exists[k];
}

/* What weights of row i from column j on must be. */
static void obey_some(const bn_learner *l, size_t i, size_t j, double most, bool velocity,
                      double *w)
{
    if (l->sign != NULL && !velocity)
        keep_sign(w, l->sign + j);
    if (most < INFINITY && !velocity)
        keep_below(w, most);
    if (l->exists != NULL)
        keep_existing(w, l->exists + i * l->stride + j);
}

void bn_learner_obey(const bn_learner *l, size_t i0, size_t n, double *w, bool velocity)
{
    const double most = most_of(l->spec.modifiers.bound);

    for (size_t i = 0; i < n; i++, w += l->stride) {
        for (size_t j = 0; j < l->stride; j += SOME)
            obey_some(l, i0 + i, j, most, velocity, w + j);
        w[i0 + i] = 0.0;
    }
}

/* A row's change: sum_k f^k g^k, and its factor less one, keep - 1 + sum_k a^k h^k. */
struct change {
    size_t n_add, n_scale;
    double keep, f[MOST], a[MOST];
    const double *g[MOST], *h[MOST];
};

static struct change change_of(const bn_learner *l, const struct rows *s, size_t i, bool velocity)
{
    const struct block *b = &l->block;
    struct change c = { .n_add = l->plan.n_add, .n_scale = l->plan.n_scale,
                        .keep = (velocity ? s->keep_velocity[i] : s->keep[i]) - 1.0 };

    for (size_t k = 0; k < c.n_add; k++) {
        c.f[k] = velocity ? s->f_velocity[k][i] : s->f[k][i];
        c.g[k] = bn_mat_row(&b->g[k], s->slot);
    }
    for (size_t k = 0; k < c.n_scale; k++) {
        c.a[k] = velocity ? s->a_velocity[k][i] : s->a[k][i];
        c.h[k] = bn_mat_row(&b->h[k], s->slot);
    }
    return c;
}

static void add_times(double *restrict sum, double f, const double *restrict g)
{
    for (size_t k = 0; k < SOME; k++)
        sum[k] += f * g[k];
}

static void change_some(const struct change *c, size_t j, double *add, double *scale)
{
    for (size_t k = 0; k < SOME; k++) {
        add[k] = 0.0;
        scale[k] = c->keep;
    }
    for (size_t k = 0; k < c->n_add; k++)
        add_times(add, c->f[k], c->g[k] + j);
    for (size_t k = 0; k < c->n_scale; k++)
        add_times(scale, c->a[k], c->h[k] + j);
}

/* Far from the bound the change is whole, at the bound it is nothing. */
static void dampen(const struct bn_modifiers *m, const double *restrict w, double *restrict add)
{
    const double per_bound = 1.0 / m->bound;
    double room[SOME];

    for (size_t k = 0; k < SOME; k++)
        room[k] = 1.0 - fabs(w[k]) * per_bound;
    if (m->power != 1.0)
        for (size_t k = 0; k < SOME; k++)
            room[k] = pow(room[k], m->power);
    for (size_t k = 0; k < SOME; k++)
        add[k] *= room[k];
}

static void change_sum(double *restrict w, const double *restrict scale,
                       const double *restrict add)
{
    for (size_t k = 0; k < SOME; k++)
        w[k] += w[k] * scale[k] + add[k];
}

static void change_product(double *restrict w, const double *restrict sign, double *restrict add,
                           const double *restrict scale)
{
    for (size_t k = 0; k < SOME; k++)
        add[k] = sign[k] * add[k] + scale[k];
    bn_exp(SOME, add, add);
    for (size_t k = 0; k < SOME; k++)
        w[k] *= add[k];
}

static void change_row(const bn_learner *l, const struct change *c, size_t i, bool velocity,
                       double *w)
{
    const struct bn_modifiers *m = &l->spec.modifiers;
    const double most = most_of(m->bound);
    double add[SOME], scale[SOME];

    for (size_t j = 0; j < l->stride; j += SOME, w += SOME) {
        change_some(c, j, add, scale);
        if (m->bound > 0.0 && !velocity)
            dampen(m, w, add);
        if (m->dale == BN_DALE_MULTIPLICATIVE)
            change_product(w, l->sign + j, add, scale);
        else
            change_sum(w, scale, add);
        obey_some(l, i, j, most, velocity, w);
    }
}

/* The random walk and the replacement of 64 presentations at once; the same synapses of J
 * and J' are replaced.                                                           */
static void epoch(const bn_learner *l, size_t i, uint64_t number, bool velocity, double *z,
                  double *w)
{
    const struct bn_modifiers *m = &l->spec.modifiers;
    const uint64_t at = number / EPOCH * l->n;

    if (m->noise > 0.0) {
        const double sd = m->noise * sqrt((double)EPOCH);
        bn_rng_normals(bn_rng_sub(l->spec.rng, velocity ? "walk'" : "walk"), i, at, z, l->n);
        for (size_t j = 0; j < l->n; j++)
            w[j] += sd * z[j];
    }
    if (m->turnover > 0.0) {
        const double p = -expm1(EPOCH * log1p(-m->turnover));
        bn_rng_uniforms(bn_rng_sub(l->spec.rng, "turnover"), i, at, z, l->n);
        for (size_t j = 0; j < l->n; j++)
            w[j] = z[j] < p ? 0.0 : w[j];
    }
}

/* Is this presentation the last of an epoch that does something? */
bool bn_learner_due(const bn_learner *l, uint64_t number)
{
    const struct bn_modifiers *m = &l->spec.modifiers;

    return (number + 1) % EPOCH == 0 && (m->noise > 0.0 || m->turnover > 0.0);
}

bn_status bn_learner_epoch(const bn_learner *l, const struct rows *s)
{
    double *z = bn_alloc(l->n, sizeof *z);

    if (z == NULL)
        return BN_NOMEM;
    for (int velocity = 0; velocity < (l->velocity != NULL ? 2 : 1); velocity++) {
        double *w = (velocity ? l->velocity : l->weights) + s->i0 * l->stride;
        for (size_t i = 0; i < s->n; i++)
            epoch(l, s->i0 + i, s->number, velocity, z, w + i * l->stride);
        bn_learner_obey(l, s->i0, s->n, w, velocity);
    }
    free(z);
    return BN_OK;
}

void bn_learner_synapses(const bn_learner *l, const struct rows *s)
{
    for (int velocity = 0; velocity < (l->velocity != NULL ? 2 : 1); velocity++)
        for (size_t i = 0; i < s->n; i++) {
            double *w = (velocity ? l->velocity : l->weights) + (s->i0 + i) * l->stride;
            const struct change c = change_of(l, s, i, velocity);
            change_row(l, &c, s->i0 + i, velocity, w);
            w[s->i0 + i] = 0.0;
        }
}
