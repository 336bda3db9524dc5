/* SPDX-License-Identifier: MIT */
#include "learner_priv.h"

#include <basin/tile.h>

#include <inttypes.h>
#include <math.h>
#include <string.h>

/* Weights of so many bytes are worth starting threads for a single pass. */
#define LARGE 8e6

bool bn_learner_in_turn(const bn_learner *l)
{
    return l->spec.clamp != BN_CLAMP_FULL || l->plan.drives_axons
        || l->spec.rule.whole == BN_WHOLE_SUBSPACE || l->spec.rule.whole == BN_WHOLE_CLAMPED;
}

/* --- one tile of rows --------------------------------------------------------------- */

/* The update that presentation s->slot left, and the product with q (NULL: none). */
static void fused(const bn_learner *l, struct rows *s, const double *q, bool velocity,
                  double *out)
{
    const struct block *b = &l->block;
    struct bn_fused u = { .stride = l->stride, .q = q, .hollow = l->hollow, .first = s->i0 };

    if (s->pending) {
        if (l->plan.keep.n > 0 || l->spec.modifiers.homeostasis > 0.0)
            u.keep = velocity ? s->keep_velocity : s->keep;
        u.n_add = l->plan.n_add;
        u.n_scale = l->plan.n_scale;
        for (size_t k = 0; k < u.n_add; k++) {
            u.f[k] = velocity ? s->f_velocity[k] : s->f[k];
            u.g[k] = bn_mat_row(&b->g[k], s->slot);
        }
        for (size_t k = 0; k < u.n_scale; k++) {
            u.a[k] = velocity ? s->a_velocity[k] : s->a[k];
            u.h[k] = bn_mat_row(&b->h[k], s->slot);
        }
    } else if (q == NULL) {
        return;
    }
    bn_fused_pass(&u, s->n, (velocity ? l->velocity : l->weights) + s->i0 * l->stride, out);
}

static bn_status settle(const bn_learner *l, struct rows *s)
{
    if (!s->pending)
        return BN_OK;
    if (l->careful) {
        bn_learner_synapses(l, s);
    } else {
        fused(l, s, NULL, false, NULL);
        if (l->velocity != NULL)
            fused(l, s, NULL, true, NULL);
    }
    s->pending = false;
    return bn_learner_due(l, s->number) ? bn_learner_epoch(l, s) : BN_OK;
}

/* d of presentation `slot`, after the update of the one before. */
static bn_status listen(const bn_learner *l, struct rows *s, size_t slot)
{
    const struct block *b = &l->block;
    const bool span = l->engine == BN_ENGINE_SPAN;
    const double *q = bn_mat_row(span ? &b->q : &b->pre, slot), turn = b->turn[slot];

    if (l->careful || bn_learner_due(l, s->number))
        BN_TRY(settle(l, s));
    fused(l, s, q, false, s->d);
    for (size_t i = 0; span && i < s->n; i++) {
        const size_t k = s->i0 + i;
        if (l->first_of.data != NULL)
            s->d[i] += l->scale[k] * bn_mat_row(&b->first, slot)[k];
        s->d[i] -= l->diagonal[k] * bn_mat_row(l->own, slot)[k];
    }
    if (l->velocity == NULL)
        return BN_OK;
    fused(l, s, q, true, s->turned);
    for (size_t i = 0; i < s->n; i++) {
        const size_t k = s->i0 + i;
        if (span && l->first_velocity_of.data != NULL)
            s->turned[i] += l->scale_velocity[k] * bn_mat_row(&b->first_velocity, slot)[k];
        if (span)
            s->turned[i] -= l->diagonal_velocity[k] * bn_mat_row(l->own, slot)[k];
        s->d[i] += turn * s->turned[i];
    }
    return BN_OK;
}

/* The first presentation whose drive is too large, or not a number. */
static bool sound(const bn_learner *l, struct rows *s, uint64_t number)
{
    for (size_t i = 0; i < s->n; i++)
        if (!(fabs(s->d[i]) <= l->limit)) {
            s->bad = number;
            s->worst = s->d[i];
            return false;
        }
    return true;
}

/* x + tau dx/dt, and what the rule takes for y. */
static void see(const bn_learner *l, struct rows *s, size_t slot)
{
    const struct block *b = &l->block;
    const double *x = bn_mat_row(&b->x, slot), *slope = bn_mat_row(&b->slope, slot);
    const double *rate = bn_mat_row(&b->rate, slot), turn = b->turn[slot];
    const double gain = l->spec.gain;

    for (size_t i = 0; i < s->n; i++) {
        const size_t k = s->i0 + i;
        const double target = x[k] + turn * slope[k], d = s->d[i];
        switch (l->spec.clamp) {
        case BN_CLAMP_FULL:
            s->now[i] = target;
            break;
        case BN_CLAMP_SOFT:
            s->now[i] = d + gain * (target - l->current[k]);
            break;
        case BN_CLAMP_NUDGED:
            s->now[i] = d + gain * (target - d);
            break;
        case BN_CLAMP_NONE:
            s->now[i] = d;
            break;
        }
        s->y[i] = l->spec.post == BN_SIGNAL_RATE ? rate[k] : s->now[i];
    }
}

static double value(const struct group *g, const struct bn_post *post)
{
    double sum = 0.0;

    for (size_t k = 0; k < g->n; k++)
        sum += g->c[k] * bn_post_value(g->post[k], post);
    return sum;
}

/* What row i does next, from what its neuron knows. */
static void decide(const bn_learner *l, struct rows *s, size_t i, double turn,
                   const struct bn_post *post)
{
    const struct plan *p = &l->plan;
    const struct bn_modifiers *m = &l->spec.modifiers;
    const double share = l->spec.eta_velocity, k = value(&p->keep, post);
    double gain = 1.0;

    for (size_t j = 0; j < p->n_add; j++) {
        s->f[j][i] = value(&p->add[j], post);
        s->f_velocity[j][i] = share * turn * s->f[j][i];
    }
    if (m->homeostasis > 0.0) {
        const double own = l->rate_target[s->i0 + i];
        gain = 1.0 + m->homeostasis * (own - l->rate_mean[s->i0 + i]);
    }
    for (size_t j = 0; j < p->n_scale; j++) {
        s->a[j][i] = gain * value(&p->scale[j], post);
        s->a_velocity[j][i] = share * s->a[j][i];
    }
    s->keep[i] = gain * (1.0 + k);
    s->keep_velocity[i] = gain * (1.0 + share * k);
}

/* Averages move on after their use. */
static void remember(bn_learner *l, const struct rows *s, size_t slot)
{
    const double *rate = bn_mat_row(&l->block.rate, slot) + s->i0;
    double *mean = l->mean + s->i0, *square = l->square + s->i0, *trace = l->trace + s->i0;

    for (size_t i = 0; i < s->n && l->plan.averages; i++) {
        const double y = s->y[i];
        mean[i] += l->a_mean * (y - mean[i]);
        square[i] += l->a_mean * (y * y - square[i]);
        trace[i] += l->a_trace * (y - trace[i]);
    }
    for (size_t i = 0; i < s->n && l->spec.modifiers.homeostasis > 0.0; i++)
        l->rate_mean[s->i0 + i] += l->a_rate * (rate[i] - l->rate_mean[s->i0 + i]);
}

/* The diagonal and the factor of J0 that the span engine keeps go the way of its weights. */
static void keep_apart(const struct bn_learner *l, const struct rows *s, size_t slot,
                       bool velocity)
{
    const struct block *b = &l->block;
    double *scale = (velocity ? l->scale_velocity : l->scale) + s->i0;
    double *diagonal = (velocity ? l->diagonal_velocity : l->diagonal) + s->i0;
    const double *keep = velocity ? s->keep_velocity : s->keep;

    for (size_t i = 0; i < s->n; i++) {
        scale[i] *= keep[i];
        diagonal[i] *= keep[i];
    }
    for (size_t j = 0; j < l->plan.n_add; j++) {
        const struct bn_mat *own = l->plan.add[j].pre == BN_PRE_P ? l->own : &b->own_g[j];
        const double *g = bn_mat_row(own, slot) + s->i0;
        const double *f = velocity ? s->f_velocity[j] : s->f[j];
        for (size_t i = 0; i < s->n; i++)
            diagonal[i] += f[i] * g[i];
    }
}

static void react(bn_learner *l, struct rows *s, size_t slot, uint64_t number)
{
    double rate_y[TILE] = { 0 }, rate_d[TILE] = { 0 };

    if (l->plan.rates) {
        bn_transfer_rate(&l->spec.transfer, s->n, s->now, rate_y);
        bn_transfer_rate(&l->spec.transfer, s->n, s->d, rate_d);
    }
    for (size_t i = 0; i < s->n; i++) {
        const size_t k = s->i0 + i;
        const struct bn_post post = {
            .y = s->y[i], .d = s->d[i], .mean = l->mean[k], .square = l->square[k],
            .threshold = l->square[k] * l->per_y0, .trace = l->trace[k],
            .rate_y = rate_y[i], .rate_d = rate_d[i],
        };
        decide(l, s, i, l->block.turn[slot], &post);
    }
    remember(l, s, slot);
    if (l->engine == BN_ENGINE_SPAN)
        keep_apart(l, s, slot, false);
    if (l->engine == BN_ENGINE_SPAN && l->velocity != NULL)
        keep_apart(l, s, slot, true);
    s->pending = true;
    s->slot = slot;
    s->number = number;
}

/* --- presentations ------------------------------------------------------------------ */

struct run {
    bn_learner *l;
    uint64_t first;
    size_t slot, count;
};

/* Full clamp: neurons learn apart, so all presentations of the block pass over a tile. */
static bn_status learn_tile(void *context, size_t k)
{
    const struct run *r = context;
    struct rows *s = &r->l->tiles[k];

    for (size_t t = 0; t < r->count; t++) {
        BN_TRY(listen(r->l, s, t));
        if (!sound(r->l, s, r->first + t))
            return BN_OK;                /* bn_learner_run() says so */
        see(r->l, s, t);
        react(r->l, s, t, r->first + t);
    }
    return settle(r->l, s);
}

static bn_status listen_tile(void *context, size_t k)
{
    const struct run *r = context;
    return listen(r->l, &r->l->tiles[k], r->slot);
}

static bn_status settle_tile(void *context, size_t k)
{
    const struct run *r = context;
    return settle(r->l, &r->l->tiles[k]);
}

static bn_status each_tile(const bn_learner *l, bn_tile_work *work, struct run *r)
{
    const double bytes = 8.0 * (double)l->n * (double)l->stride;

    if (bytes >= LARGE)
        return bn_tiles(l->n_tiles, work, r);
    for (size_t k = 0; k < l->n_tiles; k++)
        BN_TRY(work(r, k));
    return BN_OK;
}

static bn_status diverged(bn_learner *l, const struct rows *s)
{
    const bool pooled = (bn_rule_reads(&l->spec.rule) & BN_READS_POOL) != 0;
    double safe, limit;

    l->failed = true;
    bn_learner_bounds(l, 0.0, &safe, &limit);
    (void)bn_fail(BN_NUMERIC, "the weights diverged: at presentation %" PRIu64 " the drive of a "
                  "neuron is %.3g where its target is of order %.3g; eta = %g", s->bad, s->worst,
                  l->typical, l->spec.eta);
    const char *so_far = bn_error();
    if (pooled)
        return bn_fail(BN_NUMERIC, "%s, and rules that divide by |p|^2 are fastest at 1 and "
                       "diverge above 2", so_far);
    return bn_fail(BN_NUMERIC, "%s, and rules driven by their error converge below "
                   "2/(3 tr C) = %.3g and diverge above 2/tr C = %.3g", so_far, safe, limit);
}

static bn_status check(bn_learner *l)
{
    const struct rows *worst = NULL;

    for (size_t k = 0; k < l->n_tiles; k++)
        if (l->tiles[k].bad != UINT64_MAX && (worst == NULL || l->tiles[k].bad < worst->bad))
            worst = &l->tiles[k];
    return worst == NULL ? BN_OK : diverged(l, worst);
}

static bn_status run_blocks(bn_learner *l, uint64_t first, size_t n, const double *theta,
                            const double *omega)
{
    for (size_t at = 0; at < n; at += BLOCK) {
        struct run r = { l, first + at, 0, n - at < BLOCK ? n - at : BLOCK };
        BN_TRY(bn_learner_clamped(l, r.first, 0, r.count, theta + at,
                                  omega != NULL ? omega + at : NULL));
        if (l->weights != NULL)
            BN_TRY(bn_tiles(l->n_tiles, learn_tile, &r));
        BN_TRY(check(l));
        memcpy(l->current, bn_mat_row(&l->block.x, r.count - 1), l->n * sizeof(double));
    }
    return BN_OK;
}

/* The vectors of rules that see the whole network, or each other's drive. */
static bn_status look_around(bn_learner *l, size_t slot)
{
    const enum bn_whole whole = l->spec.rule.whole;
    struct block *b = &l->block;
    const struct bn_mat w = { l->n, l->stride, l->weights };
    struct bn_mat drive = { 1, l->n, l->drive }, out = { 1, l->stride, l->column };

    for (size_t k = 0; k < l->n_tiles; k++) {
        const struct rows *s = &l->tiles[k];
        memcpy(l->drive + s->i0, whole == BN_WHOLE_CLAMPED ? s->y : s->d, s->n * sizeof(double));
    }
    for (size_t k = 0; k < l->plan.n_add; k++)
        if (l->plan.add[k].pre == BN_PRE_D)
            memcpy(bn_mat_row(&b->g[k], slot), l->drive, l->n * sizeof(double));
    for (size_t k = 0; k < l->plan.n_scale; k++)
        if (l->plan.scale[k].pre == BN_PRE_D)
            memcpy(bn_mat_row(&b->h[k], slot), l->drive, l->n * sizeof(double));
    if (whole != BN_WHOLE_SUBSPACE && whole != BN_WHOLE_CLAMPED)
        return BN_OK;
    BN_TRY(bn_gemm(1.0, &drive, BN_PLAIN, &w, BN_PLAIN, 0.0, &out));
    for (size_t j = 0; j < l->n; j++)
        bn_mat_row(&b->g[0], slot)[j] = bn_mat_row(&b->pre, slot)[j] - l->column[j];
    return BN_OK;
}

/* tau dx = (now - x) dt + noise: now = d + I_ext. */
static void move(bn_learner *l, uint64_t number)
{
    const double a = l->spec.dt / l->spec.tau, sd = l->spec.noise * sqrt(a);

    for (size_t k = 0; k < l->n_tiles; k++) {
        const struct rows *s = &l->tiles[k];
        for (size_t i = 0; i < s->n; i++)
            l->current[s->i0 + i] += a * (s->now[i] - l->current[s->i0 + i]);
    }
    if (sd == 0.0)
        return;
    bn_rng_normals(bn_rng_sub(l->spec.rng, "current"), 0, number * l->n, l->column, l->n);
    for (size_t i = 0; i < l->n; i++)
        l->current[i] += sd * l->column[i];
}

static bn_status one(bn_learner *l, uint64_t number, size_t slot, const double *theta,
                     const double *omega)
{
    struct run r = { l, number, slot, 1 };
    struct block *b = &l->block;
    const bool full = l->spec.clamp == BN_CLAMP_FULL;

    if (l->spec.clamp != BN_CLAMP_NONE)
        BN_TRY(bn_learner_clamped(l, number, slot, 1, theta, omega));
    else
        b->turn[slot] = omega != NULL ? l->spec.tau * *omega : 0.0;
    if (!full) {
        double *rate = bn_mat_row(&b->rate, slot);
        bn_transfer_rate(&l->spec.transfer, l->n, l->current, rate);
        memcpy(bn_mat_row(&b->pre, slot), rate, l->n * sizeof *rate);
        BN_TRY(bn_learner_axons(l, number, slot, 1));
    }
    BN_TRY(each_tile(l, listen_tile, &r));
    for (size_t k = 0; k < l->n_tiles; k++)
        if (sound(l, &l->tiles[k], number))
            see(l, &l->tiles[k], slot);
    BN_TRY(check(l));
    BN_TRY(look_around(l, slot));
    for (size_t k = 0; k < l->n_tiles; k++)
        react(l, &l->tiles[k], slot, number);
    if (full)
        memcpy(l->current, bn_mat_row(&b->x, slot), l->n * sizeof(double));
    else
        move(l, number);
    return BN_OK;
}

bn_status bn_learner_run(bn_learner *l, uint64_t first, size_t n, const double *theta,
                         const double *omega)
{
    if (l->failed)
        return bn_fail(BN_NUMERIC, "this learner diverged before; open another one");
    if (!bn_learner_in_turn(l))
        return run_blocks(l, first, n, theta, omega);
    for (size_t t = 0; t < n; t++)
        BN_TRY(one(l, first + t, t % 2, theta != NULL ? theta + t : NULL,
                   omega != NULL ? omega + t : NULL));
    return each_tile(l, settle_tile, &(struct run){ .l = l });
}
