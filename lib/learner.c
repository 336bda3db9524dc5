/* SPDX-License-Identifier: MIT */
#include "learner_priv.h"

#include <basin/fourier.h>
#include <basin/mem.h>
#include <basin/text.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Bytes of weights that a tile may have: they, and what passes by, stay in the second cache
 * of most machines.                                                              */
#define TILE_BYTES 262144.0

/* --- what goes together ------------------------------------------------------------- */

static bool modified(const struct bn_modifiers *m)
{
    return m->homeostasis > 0.0 || m->dale != BN_DALE_NONE || m->bound > 0.0 || m->noise > 0.0
        || m->density < 1.0 || m->turnover > 0.0;
}

/* At every presentation: noise and turnover are rarer. */
static bool by_synapse(const struct bn_modifiers *m)
{
    return m->dale != BN_DALE_NONE || m->bound > 0.0 || m->density < 1.0;
}

static bn_status check_shapes(const struct bn_learner_spec *s)
{
    const struct bn_mat *x = s->x, *phi = s->phi;

    if (x->rows != phi->rows || x->rows < 2 || x->cols % 2 == 0 || phi->cols % 2 == 0)
        return bn_fail(BN_INPUT, "learning needs coefficients of the currents and rates of the "
                       "same neurons, an odd number of each; these are %zu x %zu and %zu x %zu",
                       x->rows, x->cols, phi->rows, phi->cols);
    for (int k = 0; k < 2; k++) {
        const struct bn_mat *j = k == 0 ? s->initial : s->initial_velocity;
        if (j != NULL && (j->rows != x->rows || j->cols != x->rows))
            return bn_fail(BN_INPUT, "initial weights are %zu x %zu for %zu neurons", j->rows,
                           j->cols, x->rows);
    }
    return BN_OK;
}

static bn_status check_numbers(const struct bn_learner_spec *s)
{
    const struct { const char *name; double x; bool zero; } all[] = {
        { "eta", s->eta, true }, { "decay", s->decay, true }, { "y0", s->y0, true },
        { "epsilon", s->epsilon, true }, { "tau", s->tau, false }, { "dt", s->dt, false },
        { "tau_mean", s->tau_mean, true }, { "tau_trace", s->tau_trace, true },
        { "tau_synapse", s->tau_synapse, true }, { "gain", s->gain, true },
        { "noise", s->noise, true }, { "noise_rate", s->noise_rate, true },
        { "eta_velocity", s->eta_velocity, true },
    };

    for (size_t k = 0; k < BN_LEN(all); k++)
        if (!isfinite(all[k].x) || all[k].x < 0.0 || (all[k].x == 0.0 && !all[k].zero))
            return bn_fail(BN_USAGE, "%s = %g: it must be %s 0", all[k].name, all[k].x,
                           all[k].zero ? "at least" : "above");
    if (s->clamp == BN_CLAMP_NUDGED && s->gain > 1.0)
        return bn_fail(BN_USAGE, "gain = %g: a nudge is a share of the drive, at most 1",
                       s->gain);
    return bn_modifiers_check(&s->modifiers);
}

static bn_status check_rule(const struct bn_learner_spec *s)
{
    const struct bn_modifiers *m = &s->modifiers;
    const enum bn_whole whole = s->rule.whole;

    if (whole == BN_WHOLE_NONE && s->rule.n_terms == 0)
        return bn_fail(BN_USAGE, "the rule `%s` has no terms; give them as in "
                       "y*p - lambda*1*1*J", s->rule.name);
    if (whole != BN_WHOLE_NONE && modified(m))
        return bn_fail(BN_USAGE, "`%s` is a reference that sees the whole network; it takes "
                       "no modifiers", s->rule.name);
    if (whole == BN_WHOLE_RLS && s->decay <= 0.0)
        return bn_fail(BN_USAGE, "rls needs decay above 0: it is alpha, and after n "
                       "presentations lambda is alpha/n");
    if ((whole == BN_WHOLE_RLS || whole == BN_WHOLE_OFFLINE) && s->clamp != BN_CLAMP_FULL)
        return bn_fail(BN_USAGE, "`%s` needs the full clamp", s->rule.name);
    if (s->velocity && whole != BN_WHOLE_NONE && whole != BN_WHOLE_OFFLINE)
        return bn_fail(BN_USAGE, "`%s` learns no velocity weights", s->rule.name);
    if (s->velocity && (m->dale != BN_DALE_NONE || m->bound > 0.0))
        return bn_fail(BN_USAGE, "Dale's law and bounds are for J; velocity weights change sign "
                       "with the velocity, so learn them without");
    return BN_OK;
}

static bool spans(const struct bn_learner_spec *s)
{
    return bn_rule_is_span(&s->rule, &s->modifiers) && s->clamp == BN_CLAMP_FULL
        && s->noise_rate == 0.0;
}

static bn_status choose(bn_learner *l)
{
    const struct bn_learner_spec *s = &l->spec;

    l->engine_fixed = s->engine != BN_ENGINE_AUTO;
    l->engine = s->engine;
    if (s->engine == BN_ENGINE_SPAN && !spans(s))
        return bn_fail(BN_USAGE, "engine = span cannot hold `%s` %s; use auto or dense",
                       s->rule.name, s->clamp != BN_CLAMP_FULL ? "without the full clamp"
                       : s->noise_rate > 0.0 ? "with noise on the rates"
                       : bn_rule_is_span(&s->rule, &bn_modifiers_none)
                           ? "with modifiers of single synapses"
                           : "exactly: its weights leave the span of the rates");
    if (s->engine == BN_ENGINE_AUTO)
        l->engine = spans(s) && 2 * l->phi.cols < l->n ? BN_ENGINE_SPAN : BN_ENGINE_DENSE;
    return BN_OK;
}

/* --- the rule as it runs ------------------------------------------------------------- */

static void add_to(struct group *groups, size_t *n, const struct bn_term *t, double c)
{
    struct group *g = NULL;

    for (size_t k = 0; k < *n; k++)
        if (groups[k].pre == t->pre)
            g = &groups[k];
    if (g == NULL) {
        g = &groups[(*n)++];
        g->pre = t->pre;
    }
    g->c[g->n] = c;
    g->post[g->n++] = t->post;
}

static void make_plan(bn_learner *l)
{
    const struct bn_learner_spec *s = &l->spec;
    struct plan *p = &l->plan;
    size_t one = 0;

    p->averages = (bn_rule_reads(&s->rule) & BN_READS_AVERAGES) != 0;
    for (size_t k = 0; k < s->rule.n_terms; k++) {
        const struct bn_term *t = &s->rule.terms[k];
        const double scale = t->scale == BN_SCALE_DECAY ? s->decay
                           : t->scale == BN_SCALE_SHARE ? 1.0 / (double)l->n : 1.0;
        const double c = s->eta * t->coefficient * scale;
        if (c == 0.0)
            continue;
        if (!t->weight)
            add_to(p->add, &p->n_add, t, c);
        else if (t->pre == BN_PRE_ONE)
            add_to(&p->keep, &one, t, c);
        else
            add_to(p->scale, &p->n_scale, t, c);
        p->rates |= t->post == BN_POST_RATE_ERROR;
        p->drives_axons |= t->pre == BN_PRE_D;
    }
    static const enum bn_post_factor post[] = { [BN_WHOLE_RLS] = BN_POST_ERROR,
        [BN_WHOLE_SUBSPACE] = BN_POST_D, [BN_WHOLE_CLAMPED] = BN_POST_Y };
    if (s->rule.whole != BN_WHOLE_NONE && s->rule.whole != BN_WHOLE_OFFLINE) {
        p->n_add = 1;
        p->add[0] = (struct group){ .pre = BN_PRE_P, .n = 1, .post = { post[s->rule.whole] },
            .c = { s->rule.whole == BN_WHOLE_RLS ? 1.0 : s->eta } };
    }
}

static double share(double dt, double tau)
{
    return tau > 0.0 ? -expm1(-dt / tau) : 1.0;
}

/* Defaults, and what is derived from the targets. */
static void derive(bn_learner *l)
{
    struct bn_learner_spec *s = &l->spec;
    const double square = bn_mat_norm(&l->x) / sqrt((double)l->n);

    if (s->post == BN_SIGNAL_AUTO)
        s->post = s->rule.post;
    l->trace_c = bn_mat_norm(&l->phi) * bn_mat_norm(&l->phi);
    l->typical = square;
    s->y0 = s->y0 > 0.0 ? s->y0 : 1.0;
    l->per_y0 = 1.0 / s->y0;
    s->epsilon = s->epsilon > 0.0 ? s->epsilon : 1e-6 * l->trace_c;
    s->eta_velocity = s->eta_velocity > 0.0 ? s->eta_velocity : 1.0;
    l->a_mean = share(s->dt, s->tau_mean > 0.0 ? s->tau_mean : 1000.0 * s->dt);
    l->a_trace = share(s->dt, s->tau_trace > 0.0 ? s->tau_trace : 10.0 * s->dt);
    l->a_synapse = share(s->dt, s->tau_synapse);
    l->a_rate = share(s->dt, s->modifiers.tau_homeostasis);
    l->careful = by_synapse(&s->modifiers);
    l->hollow = s->rule.whole != BN_WHOLE_RLS;
    /* Only what reads d can run away; Hebb with a small decay is just large. */
    l->limit = (bn_rule_reads(&s->rule) & (BN_READS_DRIVE | BN_READS_ALL)) != 0
             ? 1e6 * fmax(square, 1e-3) : 1e100;
}

/* --- memory -------------------------------------------------------------------------- */

static bn_status vec(double **x, size_t n)
{
    *x = bn_alloc(n, sizeof **x);
    return *x != NULL ? BN_OK : BN_NOMEM;
}

/* coefficients [N, R] -> [R, width], both padded to eight: a basis row times it is a row of
 * neurons.                                                                       */
static bn_status pack(struct bn_packed *b, const struct bn_mat *coefficients)
{
    struct bn_mat wide;

    BN_TRY(bn_mat_alloc(&wide, bn_fused_stride(coefficients->rows),
                        bn_fused_stride(coefficients->cols)));
    for (size_t i = 0; i < coefficients->rows; i++)
        memcpy(bn_mat_row(&wide, i), bn_mat_row(coefficients, i),
               coefficients->cols * sizeof(double));
    const bn_status rc = bn_packed_make(b, &wide, BN_TRANSPOSED);
    bn_mat_free(&wide);
    return rc;
}

static bn_status make_block(bn_learner *l)
{
    const bool span = l->engine == BN_ENGINE_SPAN;
    const size_t slots = bn_learner_in_turn(l) ? 2 : BLOCK;
    struct block *b = &l->block;

    BN_TRY(bn_mat_alloc(&b->basis, slots, bn_fused_stride(l->phi.cols)));
    BN_TRY(bn_mat_alloc(&b->value_basis, slots, bn_fused_stride(l->x.cols)));
    BN_TRY(bn_mat_alloc(&b->slope_basis, slots, bn_fused_stride(l->x.cols)));
    BN_TRY(bn_mat_alloc(&b->x, slots, l->width));
    BN_TRY(bn_mat_alloc(&b->slope, slots, l->width));
    BN_TRY(bn_mat_alloc(&b->rate, slots, l->width));
    BN_TRY(bn_mat_alloc(&b->pre, slots, l->stride));
    for (size_t k = 0; k < l->plan.n_add; k++)
        BN_TRY(bn_mat_alloc(&b->g[k], slots, l->stride));
    for (size_t k = 0; k < l->plan.n_scale; k++)
        BN_TRY(bn_mat_alloc(&b->h[k], slots, l->stride));
    if (!span)
        return BN_OK;
    l->own = l->spec.tau_synapse > 0.0 ? &b->own : &b->rate;      /* p is phi* or lags it */
    BN_TRY(bn_mat_alloc(&b->q, slots, l->stride));
    BN_TRY(bn_mat_alloc(&b->own, slots, l->width));
    BN_TRY(bn_mat_alloc(&b->first, slots, l->width));
    BN_TRY(bn_mat_alloc(&b->first_velocity, slots, l->width));
    for (size_t k = 0; k < l->plan.n_add; k++)
        BN_TRY(bn_mat_alloc(&b->own_g[k], slots, l->width));
    return BN_OK;
}

static void free_block(struct block *b)
{
    struct bn_mat *all[] = { &b->basis, &b->value_basis, &b->slope_basis, &b->x, &b->slope,
                             &b->rate, &b->pre, &b->q, &b->own, &b->first, &b->first_velocity };

    for (size_t k = 0; k < BN_LEN(all); k++)
        bn_mat_free(all[k]);
    for (size_t k = 0; k < MOST; k++) {
        bn_mat_free(&b->g[k]);
        bn_mat_free(&b->h[k]);
        bn_mat_free(&b->own_g[k]);
    }
}

static bn_status make_tiles(bn_learner *l)
{
    const double rows = TILE_BYTES / (8.0 * (double)l->stride);

    l->tile_rows = rows >= TILE ? TILE : rows <= 8.0 ? 8 : (size_t)rows / 4 * 4;
    l->n_tiles = (l->n + l->tile_rows - 1) / l->tile_rows;
    free(l->tiles);
    l->tiles = bn_alloc(l->n_tiles, sizeof *l->tiles);
    if (l->tiles == NULL)
        return BN_NOMEM;
    for (size_t k = 0; k < l->n_tiles; k++) {
        struct rows *s = &l->tiles[k];
        s->i0 = k * l->tile_rows;
        s->n = l->n - s->i0 < l->tile_rows ? l->n - s->i0 : l->tile_rows;
        s->bad = UINT64_MAX;
    }
    return BN_OK;
}

/* --- the state ------------------------------------------------------------------------ */

/* Averages at the means over the manifold, x at theta = 0. */
static void begin(bn_learner *l)
{
    const bool rate = l->spec.post == BN_SIGNAL_RATE, span = l->engine == BN_ENGINE_SPAN;
    const struct bn_modifiers *m = &l->spec.modifiers;

    for (size_t i = 0; i < l->n; i++) {
        const struct bn_mat *c = rate ? &l->phi : &l->x;
        const double *row = bn_mat_row(c, i), mean = *bn_mat_at(&l->phi, i, 0);
        double f[3];
        l->mean[i] = l->trace[i] = row[0];
        l->square[i] = bn_dot(c->cols, row, row);
        l->rate_mean[i] = mean;
        l->rate_target[i] = m->target > 0.0 ? m->target : mean;
        bn_fourier_at(bn_mat_row(&l->x, i), l->x.cols, 0.0, f);
        l->current[i] = f[0];
    }
    for (size_t j = 0; j < l->space; j++) {
        const double mean = span ? (j == 0 ? 1.0 : 0.0) : *bn_mat_at(&l->phi, j, 0);
        l->pre_mean[j] = l->pre_trace[j] = l->synapse[j] = mean;
    }
}

static bn_status make_vectors(bn_learner *l)
{
    double **all[] = { &l->current, &l->mean, &l->square, &l->trace, &l->rate_mean,
                       &l->rate_target, &l->drive, &l->column };
    double **pre[] = { &l->pre_mean, &l->pre_trace, &l->synapse };

    for (size_t k = 0; k < BN_LEN(all); k++)
        BN_TRY(vec(all[k], l->width));
    for (size_t k = 0; k < BN_LEN(pre); k++)
        BN_TRY(vec(pre[k], l->stride));
    begin(l);
    return BN_OK;
}

static bn_status make_weights(bn_learner *l, double **w, const struct bn_mat *initial)
{
    char bytes[32];
    const double wanted = 8.0 * (double)l->n * (double)l->stride;

    if (vec(w, l->n * l->stride) != BN_OK)
        return bn_fail(BN_NOMEM, "weights of %zu neurons take %s of memory, which there is not; "
                       "fewer neurons or engine = span need less", l->n,
                       bn_human_bytes(wanted, bytes));
    for (size_t i = 0; i < l->n && initial != NULL; i++)
        memcpy(*w + i * l->stride, bn_mat_row(initial, i), l->n * sizeof(double));
    for (size_t i = 0; i < l->n && l->engine == BN_ENGINE_DENSE; i++)
        (*w)[i * l->stride + i] = 0.0;
    return BN_OK;
}

static bn_status make_dense(bn_learner *l)
{
    const struct bn_learner_spec *s = &l->spec;
    double any = 0.0;

    BN_TRY(make_weights(l, &l->weights, s->initial));
    if (s->velocity)
        BN_TRY(make_weights(l, &l->velocity, s->initial_velocity));
    BN_TRY(bn_learner_lots(l));
    bn_learner_obey(l, 0, l->n, l->weights, false);
    if (l->velocity != NULL)
        bn_learner_obey(l, 0, l->n, l->velocity, true);
    for (size_t k = 0; k < l->n * l->stride; k++)
        any = fmax(any, fabs(l->weights[k]));
    if (s->modifiers.dale == BN_DALE_MULTIPLICATIVE && any == 0.0)
        return bn_fail(BN_USAGE, "multiplicative Dale changes weights by factors and so never "
                       "leaves 0: give initial weights, or use projected");
    if (s->rule.whole == BN_WHOLE_RLS) {
        BN_TRY(vec(&l->inverse, l->n * l->stride));
        for (size_t i = 0; i < l->n; i++)
            l->inverse[i * l->stride + i] = 1.0 / s->decay;
    }
    return BN_OK;
}

/* J0 with an empty diagonal, and J0 F. */
static bn_status make_first(bn_learner *l, const struct bn_mat *initial, struct bn_mat *first,
                            struct bn_packed *of)
{
    struct bn_mat product;

    if (initial == NULL)
        return BN_OK;
    BN_TRY(bn_mat_copy(first, initial));
    for (size_t i = 0; i < l->n; i++)
        *bn_mat_at(first, i, i) = 0.0;
    BN_TRY(bn_mat_alloc(&product, l->n, l->phi.cols));
    bn_status rc = bn_gemm(1.0, first, BN_PLAIN, &l->phi, BN_PLAIN, 0.0, &product);
    if (rc == BN_OK)
        rc = pack(of, &product);
    bn_mat_free(&product);
    return rc;
}

static bn_status make_span(bn_learner *l)
{
    const struct bn_learner_spec *s = &l->spec;
    double **all[] = { &l->scale, &l->diagonal, &l->scale_velocity, &l->diagonal_velocity };
    struct bn_mat gram;

    BN_TRY(make_weights(l, &l->weights, NULL));
    if (s->velocity)
        BN_TRY(make_weights(l, &l->velocity, NULL));
    for (size_t k = 0; k < BN_LEN(all); k++)
        BN_TRY(vec(all[k], l->n));
    for (size_t i = 0; i < l->n; i++)
        l->scale[i] = l->scale_velocity[i] = 1.0;
    BN_TRY(bn_mat_alloc(&gram, l->phi.cols, l->phi.cols));
    bn_status rc = bn_gram(1.0, &l->phi, BN_TRANSPOSED, &gram);
    if (rc == BN_OK)
        rc = pack(&l->gram, &gram);
    bn_mat_free(&gram);
    BN_TRY(rc);
    BN_TRY(make_first(l, s->initial, &l->first, &l->first_of));
    return s->velocity ? make_first(l, s->initial_velocity, &l->first_velocity,
                                    &l->first_velocity_of) : BN_OK;
}

/* The ridge solution; x as wide as phi. */
static bn_status make_offline(bn_learner *l)
{
    struct bn_mat x, slope;
    const double lambda = l->spec.decay / (double)l->n;

    BN_TRY(bn_mat_alloc(&x, l->n, l->phi.cols > l->x.cols ? l->phi.cols : l->x.cols));
    bn_status rc = bn_mat_alloc(&slope, l->n, x.cols);
    for (size_t i = 0; i < l->n && rc == BN_OK; i++) {
        memcpy(bn_mat_row(&x, i), bn_mat_row(&l->x, i), l->x.cols * sizeof(double));
        memcpy(bn_mat_row(&slope, i), bn_mat_row(&l->x, i), l->x.cols * sizeof(double));
    }
    if (rc == BN_OK)
        bn_fourier_differentiate(&slope);
    if (rc == BN_OK)
        rc = bn_ridge_fit(&x, &l->phi, l->spec.velocity ? &slope : NULL, l->phi.cols, lambda,
                          0.0, &l->offline);
    bn_mat_free(&slope);
    bn_mat_free(&x);
    return rc;
}

static bn_status make(bn_learner *l)
{
    const struct bn_learner_spec *s = &l->spec;

    BN_TRY(bn_mat_copy(&l->x, s->x));
    BN_TRY(bn_mat_copy(&l->phi, s->phi));
    l->n = l->x.rows;
    l->width = bn_fused_stride(l->n);
    BN_TRY(choose(l));
    l->space = l->engine == BN_ENGINE_SPAN ? l->phi.cols : l->n;
    l->stride = bn_fused_stride(l->space);
    derive(l);
    l->hollow = l->hollow && l->engine == BN_ENGINE_DENSE;
    make_plan(l);
    BN_TRY(pack(&l->x_of, &l->x));
    BN_TRY(pack(&l->phi_of, &l->phi));
    BN_TRY(make_block(l));
    BN_TRY(make_tiles(l));
    BN_TRY(make_vectors(l));
    if (s->rule.whole == BN_WHOLE_OFFLINE)
        return make_offline(l);
    return l->engine == BN_ENGINE_SPAN ? make_span(l) : make_dense(l);
}

bn_status bn_learner_open(const struct bn_learner_spec *spec, bn_learner **l)
{
    *l = NULL;
    BN_TRY(check_shapes(spec));
    BN_TRY(check_numbers(spec));
    BN_TRY(check_rule(spec));
    bn_learner *new = bn_alloc(1, sizeof *new);
    if (new == NULL)
        return BN_NOMEM;
    new->spec = *spec;
    const bn_status rc = make(new);
    new->spec.x = new->spec.phi = new->spec.initial = new->spec.initial_velocity = NULL;
    if (rc == BN_OK)
        *l = new;
    else
        bn_learner_close(new);
    return rc;
}

/* What depends on the engine. */
static void free_engine(bn_learner *l)
{
    double **all[] = { &l->weights, &l->velocity, &l->scale, &l->scale_velocity, &l->diagonal,
                       &l->diagonal_velocity, &l->pre_mean, &l->pre_trace, &l->synapse,
                       &l->inverse };

    for (size_t k = 0; k < BN_LEN(all); k++) {
        free(*all[k]);
        *all[k] = NULL;
    }
    free_block(&l->block);
    bn_packed_free(&l->gram);
    bn_packed_free(&l->first_of);
    bn_packed_free(&l->first_velocity_of);
    bn_mat_free(&l->first);
    bn_mat_free(&l->first_velocity);
}

void bn_learner_close(bn_learner *l)
{
    if (l == NULL)
        return;
    double *all[] = { l->current, l->mean, l->square, l->trace, l->rate_mean, l->rate_target,
                      l->drive, l->column, l->sign };
    free_engine(l);
    for (size_t k = 0; k < BN_LEN(all); k++)
        free(all[k]);
    free(l->exists);
    free(l->tiles);
    bn_packed_free(&l->x_of);
    bn_packed_free(&l->phi_of);
    bn_mat_free(&l->x);
    bn_mat_free(&l->phi);
    bn_ridge_free(&l->offline);
    free(l);
}

/* --- another clamp ----------------------------------------------------------------- */

/* Values at the neurons of what the span engine keeps as coefficients. */
static bn_status at_neurons(const bn_learner *l, double *const from[3], double *to[3])
{
    for (size_t k = 0; k < 3; k++) {
        BN_TRY(vec(&to[k], l->width));
        for (size_t i = 0; i < l->n; i++)
            to[k][i] = bn_dot(l->space, bn_mat_row(&l->phi, i), from[k]);
    }
    return BN_OK;
}

static bn_status become_dense(bn_learner *l, const struct bn_learned *w, double *pre[3])
{
    free_engine(l);
    l->engine = BN_ENGINE_DENSE;
    l->space = l->n;
    l->stride = l->width;
    l->hollow = true;
    l->pre_mean = pre[0];
    l->pre_trace = pre[1];
    l->synapse = pre[2];
    pre[0] = pre[1] = pre[2] = NULL;
    BN_TRY(make_weights(l, &l->weights, &w->dense));
    if (l->spec.velocity)
        BN_TRY(make_weights(l, &l->velocity, &w->dense_velocity));
    return make_tiles(l);
}

static bn_status to_dense(bn_learner *l)
{
    struct bn_learned w = { 0 };
    double *pre[3] = { NULL, NULL, NULL };

    bn_status rc = bn_learner_dense(l, &w);
    if (rc == BN_OK)
        rc = at_neurons(l, (double *const[3]){ l->pre_mean, l->pre_trace, l->synapse }, pre);
    if (rc == BN_OK) {
        rc = become_dense(l, &w, pre);
        l->failed = rc != BN_OK;
    }
    for (size_t k = 0; k < 3; k++)
        free(pre[k]);
    bn_learned_free(&w);
    return rc;
}

bn_status bn_learner_clamp(bn_learner *l, enum bn_clamp clamp, double gain)
{
    struct bn_learner_spec next = l->spec;

    if (l->failed)
        return bn_fail(BN_NUMERIC, "this learner diverged before; open another one");
    next.clamp = clamp;
    next.gain = gain;
    BN_TRY(check_numbers(&next));
    BN_TRY(check_rule(&next));
    if (clamp != BN_CLAMP_FULL && l->engine == BN_ENGINE_SPAN) {
        if (l->engine_fixed)
            return bn_fail(BN_USAGE, "engine = span holds the weights under the full clamp only; "
                           "use auto or dense");
        BN_TRY(to_dense(l));
    }
    l->spec.clamp = clamp;
    l->spec.gain = gain;
    free_block(&l->block);
    const bn_status rc = make_block(l);
    l->failed = rc != BN_OK;
    return rc;
}

/* --- what others ask ---------------------------------------------------------------- */

void bn_learner_bounds(const bn_learner *l, double omega_square, double *safe, double *limit)
{
    const double turn = l->spec.tau * l->spec.tau * omega_square;
    const double trace = l->trace_c * (1.0 + (l->velocity != NULL ? l->spec.eta_velocity : 0.0)
                                             * turn);

    if ((bn_rule_reads(&l->spec.rule) & BN_READS_POOL) != 0) {
        *safe = 1.0;
        *limit = 2.0;
        return;
    }
    *safe = 2.0 / (3.0 * trace);
    *limit = 2.0 / trace;
}

void bn_learner_state(bn_learner *l, struct bn_kept kept[BN_LEARNER_KEPT], size_t *n)
{
    const struct bn_kept all[] = {
        { "weights", l->weights, l->n * l->stride },
        { "weights_velocity", l->velocity, l->n * l->stride },
        { "scale", l->scale, l->n },
        { "scale_velocity", l->scale_velocity, l->n },
        { "diagonal", l->diagonal, l->n },
        { "diagonal_velocity", l->diagonal_velocity, l->n },
        { "current", l->current, l->width },
        { "mean", l->mean, l->width },
        { "square", l->square, l->width },
        { "trace", l->trace, l->width },
        { "rate_mean", l->rate_mean, l->width },
        { "pre_mean", l->pre_mean, l->stride },
        { "pre_trace", l->pre_trace, l->stride },
        { "synapse", l->synapse, l->stride },
        { "inverse", l->inverse, l->n * l->stride },
    };

    *n = 0;
    for (size_t k = 0; k < BN_LEN(all); k++)
        if (all[k].data != NULL)
            kept[(*n)++] = all[k];
}

enum bn_engine bn_learner_engine(const bn_learner *l)
{
    return l->engine;
}

double bn_learner_cost(const bn_learner *l)
{
    const double n = (double)l->n, r = (double)l->phi.cols, x = (double)l->x.cols;
    const double times = l->velocity != NULL ? 2.0 : 1.0;
    const bool span = l->engine == BN_ENGINE_SPAN;
    const double targets = n * x * times + (l->spec.clamp == BN_CLAMP_FULL ? n * r : 0.0);
    const double all = times * n * (span ? r : n);       /* once for each weight */
    double sum = targets + all * (double)(1 + l->plan.n_add + 2 * l->plan.n_scale);

    if (l->weights == NULL)
        return 0.0;
    if (l->spec.rule.whole != BN_WHOLE_NONE)
        return sum + (l->spec.rule.whole == BN_WHOLE_RLS ? 2.0 : 1.0) * n * n;
    if (l->plan.keep.n > 0 || l->spec.modifiers.homeostasis > 0.0)
        sum += all;
    for (size_t k = 0; k < l->plan.n_add && span; k++)
        sum += l->plan.add[k].pre == BN_PRE_P ? 0.0 : n * r;
    return sum + (span ? r * r + (l->own == &l->block.own ? n * r : 0.0) : 0.0);
}

const double *bn_learner_current(const bn_learner *l)
{
    return l->current;
}

size_t bn_learner_size(const bn_learner *l)
{
    return l->n;
}
