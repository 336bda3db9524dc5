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
        l->exists = bn_alloc(n * n, 1);
    if (m->dale != BN_DALE_NONE)
        l->sign = bn_alloc(l->stride, sizeof *l->sign);
    const bool ok = u != NULL && order != NULL && (m->density >= 1.0 || l->exists != NULL)
                 && (m->dale == BN_DALE_NONE || l->sign != NULL);
    for (size_t i = 0; ok && l->exists != NULL && i < n; i++) {
        bn_rng_uniforms(bn_rng_sub(l->spec.rng, "density"), i, 0, u, n);
        for (size_t j = 0; j < n; j++)
            l->exists[i * n + j] = u[j] < m->density;
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
static double bounded(double w, double bound)
{
    const double most = bound * (1.0 - 1e-6);
    return w > most ? most : w < -most ? -most : w;
}

static void obey(const bn_learner *l, size_t i, double *w, bool velocity)
{
    const struct bn_modifiers *m = &l->spec.modifiers;

    if (l->sign != NULL && !velocity)
        for (size_t j = 0; j < l->n; j++)
            w[j] = l->sign[j] * w[j] > 0.0 ? w[j] : 0.0;
    if (m->bound > 0.0 && !velocity)
        for (size_t j = 0; j < l->n; j++)
            w[j] = bounded(w[j], m->bound);
    if (l->exists != NULL)
        for (size_t j = 0; j < l->n; j++)
            w[j] = l->exists[i * l->n + j] ? w[j] : 0.0;
    w[i] = 0.0;
}

void bn_learner_obey(const bn_learner *l, size_t i0, size_t n, double *w, bool velocity)
{
    for (size_t i = 0; i < n; i++)
        obey(l, i0 + i, w + i * l->stride, velocity);
}

/* A row's change: sum_k f^k g^k, and its factor, keep - 1 + sum_k a^k h^k. */
struct change {
    double *add, *scale;                 /* [n] */
};

static void change_of(const bn_learner *l, const struct rows *s, size_t i, bool velocity,
                      struct change *c)
{
    const struct block *b = &l->block;
    const double keep = velocity ? s->keep_velocity[i] : s->keep[i];

    for (size_t j = 0; j < l->n; j++) {
        c->add[j] = 0.0;
        c->scale[j] = keep - 1.0;
    }
    for (size_t k = 0; k < l->plan.n_add; k++) {
        const double f = velocity ? s->f_velocity[k][i] : s->f[k][i];
        const double *g = bn_mat_row(&b->g[k], s->slot);
        for (size_t j = 0; j < l->n; j++)
            c->add[j] += f * g[j];
    }
    for (size_t k = 0; k < l->plan.n_scale; k++) {
        const double a = velocity ? s->a_velocity[k][i] : s->a[k][i];
        const double *h = bn_mat_row(&b->h[k], s->slot);
        for (size_t j = 0; j < l->n; j++)
            c->scale[j] += a * h[j];
    }
}

static void apply(const bn_learner *l, const struct change *c, bool velocity, double *w)
{
    const struct bn_modifiers *m = &l->spec.modifiers;

    if (m->dale == BN_DALE_MULTIPLICATIVE) {
        for (size_t j = 0; j < l->n; j++)
            c->add[j] = l->sign[j] * c->add[j] + c->scale[j];
        bn_exp(l->n, c->add, c->add);
        for (size_t j = 0; j < l->n; j++)
            w[j] *= c->add[j];
        return;
    }
    if (m->bound > 0.0 && !velocity)
        for (size_t j = 0; j < l->n; j++) {
            const double room = 1.0 - fabs(w[j]) / m->bound;
            c->add[j] *= m->power == 1.0 ? room : pow(room, m->power);
        }
    for (size_t j = 0; j < l->n; j++)
        w[j] += w[j] * c->scale[j] + c->add[j];
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

bn_status bn_learner_synapses(const bn_learner *l, struct rows *s)
{
    const struct bn_modifiers *m = &l->spec.modifiers;
    const bool last = (s->number + 1) % EPOCH == 0 && (m->noise > 0.0 || m->turnover > 0.0);
    double *space = bn_alloc(2 * l->n, sizeof *space);

    if (space == NULL)
        return BN_NOMEM;
    struct change c = { space, space + l->n };
    for (size_t i = 0; i < s->n; i++)
        for (int velocity = 0; velocity < (l->velocity != NULL ? 2 : 1); velocity++) {
            double *w = (velocity ? l->velocity : l->weights) + (s->i0 + i) * l->stride;
            change_of(l, s, i, velocity, &c);
            apply(l, &c, velocity, w);
            if (last)
                epoch(l, s->i0 + i, s->number, velocity, c.add, w);
            obey(l, s->i0 + i, w, velocity);
        }
    free(space);
    return BN_OK;
}
