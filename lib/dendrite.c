/* SPDX-License-Identifier: MIT */
#include <basin/dendrite.h>
#include <basin/manifold.h>
#include <basin/mem.h>
#include <basin/packed.h>
#include <basin/special.h>
#include <basin/tile.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Neurons of a tile of weights; trials of a tile of runs. */
enum { TILE = 32, TRIALS = 32 };

#if defined(__x86_64__)
#define PASS pass_512
#define RELAX relax_512
#define BITS 512
#include "dendrite_kernel.h"

#define PASS pass_256
#define RELAX relax_256
#define BITS 256
#include "dendrite_kernel.h"
#endif

#define PASS pass_64
#define RELAX relax_64
#define BITS 64
#include "dendrite_kernel.h"

typedef void pass(const struct bn_dendrite_memory *m, double keep, double step,
                  const double *error, const double *rate, double *out);
typedef void relax(size_t n, double share, double gain, const double *in, const double *push,
                   double *y);

struct plan {
    const struct bn_dendrite *d;
    size_t n;
    double s, l, r, u;                   /* shares of a step: of I and q, V and p, h, soma */
    double predicts, pushes;             /* g_D/(g_D + g_L), 1/(g_D + g_L) */
    double *cosine, *sine;               /* [n/2] of the directions */
    pass *pass;
    relax *relax;
};

/* --- constants -------------------------------------------------------------------------- */

#define CONSTANT(name, field, scale) { name, offsetof(struct bn_dendrite, field), scale }
static const struct bn_dendrite_constant constants[] = {
    CONSTANT("neurons", neurons, 1), CONSTANT("dt", dt, 1e3),
    CONSTANT("tau_synapse", tau_s, 1e3), CONSTANT("tau_dendrite", tau_l, 1e3),
    CONSTANT("tau_plasticity", tau_d, 1e3), CONSTANT("tau_rotation", tau_r, 1e3),
    CONSTANT("g_dendrite", g_dendrite, 1e-3), CONSTANT("g_leak", g_leak, 1e-3),
    CONSTANT("rate_max", rate_max, 1e-3), CONSTANT("slope", slope, 1),
    CONSTANT("half", half, 1), CONSTANT("inhibition", inhibition, 1),
    CONSTANT("inhibition_hr", inhibition_hr, 1), CONSTANT("hr_weight", hr_weight, 1),
    CONSTANT("hr_velocity", hr_velocity, 1.0 / 720.0), CONSTANT("cue", cue, 1),
    CONSTANT("cue_width", cue_width, 1), CONSTANT("noise", noise, 1),
    CONSTANT("eta", eta, 1),
};

const struct bn_dendrite_constant *bn_dendrite_constants(size_t *count)
{
    *count = BN_LEN(constants);
    return constants;
}

double *bn_dendrite_value(struct bn_dendrite *d, const struct bn_dendrite_constant *c)
{
    return (double *)(void *)((char *)d + c->offset);
}

size_t bn_dendrite_neurons(const struct bn_dendrite *d)
{
    return (size_t)d->neurons;
}

bn_status bn_dendrite_check(const struct bn_dendrite *d)
{
    const struct { const char *name; double tau; } taus[] = {
        { "tau_synapse", d->tau_s }, { "tau_dendrite", d->tau_l },
        { "tau_rotation", d->tau_r }, { "tau_plasticity", d->tau_d },
    };
    const double limit = 2.0 / (d->g_dendrite + d->g_leak);

    if (!(d->neurons >= 4.0) || fmod(d->neurons, 2.0) != 0.0)
        return bn_fail(BN_USAGE, "neurons = %g: HD cells come in pairs, one for each wing, of at "
                       "least two directions: give an even number from 4 on", d->neurons);
    for (size_t k = 0; k < BN_LEN(taus); k++)
        if (!(d->dt <= taus[k].tau) && !(taus[k].tau == 0.0 && k == 3))
            return bn_fail(BN_USAGE, "dt = %g ms is longer than %s = %g ms: Euler steps would be "
                           "unstable", d->dt, taus[k].name, taus[k].tau);
    if (!(d->dt < limit))
        return bn_fail(BN_USAGE, "dt = %g ms, but Euler steps of the soma grow from 2/(g_dendrite "
                       "+ g_leak) = %g ms on: give a shorter dt", d->dt, limit);
    return BN_OK;
}

void bn_dendrite_preferred(const struct bn_dendrite *d, double *theta)
{
    const size_t n = bn_dendrite_neurons(d);
    for (size_t i = 0; i < n; i++)
        theta[i] = BN_TWO_PI * (double)(i / 2) / (double)(n / 2);
}

void bn_dendrite_rate(const struct bn_dendrite *d, size_t count, const double *u, double *f)
{
    for (size_t i = 0; i < count; i++)
        f[i] = d->slope * (u[i] - d->half);
    bn_logistic(count, f, f);
    for (size_t i = 0; i < count; i++)
        f[i] *= d->rate_max;
}

/* --- plans and states ------------------------------------------------------------------- */

static bn_status make_plan(struct plan *p, const struct bn_dendrite *d)
{
    BN_TRY(bn_dendrite_check(d));
    const size_t n = bn_dendrite_neurons(d);
    const double g = d->g_dendrite + d->g_leak;

    *p = (struct plan){ .d = d, .n = n, .s = d->dt / d->tau_s, .l = d->dt / d->tau_l,
                        .r = d->dt / d->tau_r, .u = d->dt * g, .predicts = d->g_dendrite / g,
                        .pushes = 1.0 / g, .pass = pass_64, .relax = relax_64 };
#if defined(__x86_64__)
    if (registers_have(512))
        p->pass = pass_512, p->relax = relax_512;
    else if (registers_have(256))
        p->pass = pass_256, p->relax = relax_256;
#endif
    p->cosine = bn_alloc(n, sizeof *p->cosine);
    if (p->cosine == NULL)
        return BN_NOMEM;
    p->sine = p->cosine + n / 2;
    for (size_t k = 0; k < n / 2; k++) {
        const double theta = BN_TWO_PI * (double)k / (double)(n / 2);
        p->cosine[k] = cos(theta);
        p->sine[k] = sin(theta);
    }
    return BN_OK;
}

bn_status bn_dendrite_start(struct bn_dendrite_state *s, const struct bn_dendrite *d,
                            size_t trials)
{
    const size_t n = bn_dendrite_neurons(d);
    double rest = 0.0;

    *s = (struct bn_dendrite_state){ { 0 }, { 0 }, { 0 }, { 0 }, { 0 } };
    bn_status rc = bn_dendrite_check(d);
    if (rc == BN_OK)
        rc = bn_mat_alloc(&s->rate, trials, 2 * n);
    struct bn_mat *const rest_of[] = { &s->current, &s->dendrite, &s->soma, &s->seen };
    for (size_t k = 0; rc == BN_OK && k < BN_LEN(rest_of); k++)
        rc = bn_mat_alloc(rest_of[k], trials, n);
    if (rc != BN_OK) {
        bn_dendrite_free(s);
        return rc;
    }
    bn_dendrite_rate(d, 1, &rest, &rest);
    for (size_t k = 0; k < trials * 2 * n; k++)
        s->rate.data[k] = rest;
    return BN_OK;
}

void bn_dendrite_free(struct bn_dendrite_state *s)
{
    bn_mat_free(&s->rate);
    bn_mat_free(&s->current);
    bn_mat_free(&s->dendrite);
    bn_mat_free(&s->soma);
    bn_mat_free(&s->seen);
}

/* --- one step --------------------------------------------------------------------------- */

/* The light of one trial as it pushes the soma; nothing in the dark. */
static void see(const struct plan *p, const struct bn_dendrite_input *in, double *push)
{
    const double c = cos(in->heading), s = sin(in->heading);
    const double sharp = 1.0 / (4.0 * p->d->cue_width * p->d->cue_width);
    const size_t m = p->n / 2;

    if (!in->light) {
        memset(push, 0, p->n * sizeof *push);
        return;
    }
    /* sin^2(x/2) / 2 s^2 = (1 - cos x) / 4 s^2 */
    for (size_t k = 0; k < m; k++)
        push[m + k] = sharp * (p->cosine[k] * c + p->sine[k] * s - 1.0);
    bn_exp(m, push + m, push + m);
    for (size_t k = 0; k < m; k++) {
        const double r = p->pushes * (p->d->cue * push[m + k] - 1.0);
        push[2 * k] = push[2 * k + 1] = r;       /* m + k >= 2 k + 1 but for the last, read */
    }
}

struct work {
    double *push;                        /* [T, n] */
    double *argument;                    /* [T, 2n]; [3n] where the network learns */
    double *noise;                       /* [T, 3n]: soma, dendrite, HR */
};

static bn_status make_work(struct work *w, size_t trials, size_t n)
{
    w->push = bn_alloc(trials * 7 * n, sizeof *w->push);
    if (w->push == NULL)
        return BN_NOMEM;
    w->argument = w->push + trials * n;
    w->noise = w->argument + trials * 3 * n;
    return BN_OK;
}

/* I and V, given W f. */
static void compartments(const struct plan *p, struct bn_dendrite_state *s, const double *product,
                         const struct work *w)
{
    const size_t n = p->n, trials = s->rate.rows;

    for (size_t i = 0; i < trials * n; i++)
        w->push[i] = p->d->inhibition;
    if (p->d->noise != 0.0)
        for (size_t i = 0; i < trials * n; i++)
            w->push[i] += p->d->noise * w->noise[i / n * 3 * n + n + i % n];
    p->relax(trials * n, p->s, 1.0, product, w->push, s->current.data);
    p->relax(trials * n, p->l, 1.0, s->current.data, NULL, s->dendrite.data);
}

/* h and u, and what goes into F: HR cells, somata. */
static void somata(const struct plan *p, struct bn_dendrite_state *s,
                   const struct bn_dendrite_input *in, const struct work *w)
{
    const struct bn_dendrite *d = p->d;
    const size_t n = p->n, trials = s->rate.rows;
    const double hr = d->slope * d->hr_weight / d->rate_max;

    for (size_t t = 0; t < trials; t++) {
        const double *z = w->noise + t * 3 * n, turn = d->hr_velocity * in[t].velocity;
        double *push = w->push + t * n, *h = bn_mat_row(&s->seen, t);
        double *argument = w->argument + t * 2 * n;
        p->relax(n, p->r, 1.0, bn_mat_row(&s->rate, t) + n, NULL, h);
        see(p, &in[t], push);
        const double base = d->slope * (d->inhibition_hr - d->half), turns = d->slope * turn;
        for (size_t i = 0; i < n; i += 2) {
            argument[i] = hr * h[i] + (base + turns);
            argument[i + 1] = hr * h[i + 1] + (base - turns);
        }
        for (size_t i = 0; d->noise != 0.0 && i < n; i++) {
            push[i] += p->pushes * d->noise * z[i];
            argument[i] += d->slope * d->noise * z[2 * n + i];
        }
    }
    p->relax(trials * n, p->u, p->predicts, s->dendrite.data, w->push, s->soma.data);
    for (size_t t = 0; t < trials; t++) {
        const double *u = bn_mat_row(&s->soma, t);
        double *argument = w->argument + t * 2 * n + n;
        for (size_t i = 0; i < n; i++)
            argument[i] = d->slope * (u[i] - d->half);
    }
}

static void draw(const struct plan *p, struct bn_rng rng, uint64_t trial, uint64_t step,
                 double *z)
{
    if (p->d->noise != 0.0)
        bn_rng_normals(rng, trial, step * 3 * p->n, z, 3 * p->n);
}

/* --- weights that do not learn ---------------------------------------------------------- */

struct run {
    const struct bn_dendrite_trials *trials;
    const struct bn_dendrite_state *all;
    struct plan plan;
    struct bn_packed weights;
    size_t from, to;
};

static bn_status show(const struct run *r, const struct bn_dendrite_state *s, size_t first,
                      size_t step, struct bn_mat *hd)
{
    const size_t n = r->plan.n;
    double sum = 0.0;

    for (size_t t = 0; t < hd->rows; t++) {
        memcpy(bn_mat_row(hd, t), bn_mat_row(&s->rate, t) + n, n * sizeof(double));
        for (size_t i = 0; i < n; i++)
            sum += bn_mat_row(hd, t)[i];
    }
    if (!isfinite(sum))
        return bn_fail(BN_NUMERIC, "a rate of trials %zu to %zu is not finite after %g s: are the "
                       "weights?", first, first + hd->rows - 1,
                       1e-3 * (double)step * r->plan.d->dt);
    if (r->trials->watch == NULL)
        return BN_OK;
    return r->trials->watch(r->trials->context, first, step / r->trials->every, hd);
}

static bn_status run_steps(const struct run *r, struct bn_dendrite_state *s, size_t first,
                           struct bn_mat *product, struct bn_mat *hd, const struct work *w)
{
    const struct plan *p = &r->plan;
    struct bn_dendrite_input in[TRIALS];
    const size_t trials = s->rate.rows, n = p->n;

    for (size_t k = r->from; ; k++) {
        if (k % r->trials->every == 0)
            BN_TRY(show(r, s, first, k, hd));
        if (k == r->to)
            return BN_OK;
        for (size_t t = 0; t < trials; t++) {
            r->trials->course(r->trials->context, first + t, k, &in[t]);
            draw(p, r->trials->rng, first + t, k, w->noise + t * 3 * n);
        }
        BN_TRY(bn_packed_product(&s->rate, &r->weights, product));
        compartments(p, s, product->data, w);
        somata(p, s, in, w);
        bn_logistic(trials * 2 * n, w->argument, s->rate.data);
        for (size_t i = 0; i < trials * 2 * n; i++)
            s->rate.data[i] *= p->d->rate_max;
    }
}

static bn_status run_tile(void *context, size_t tile)
{
    const struct run *r = context;
    const struct bn_dendrite_state *all = r->all;
    const size_t first = tile * TRIALS, n = r->plan.n;
    const size_t rows = all->rate.rows - first < TRIALS ? all->rate.rows - first : TRIALS;
    struct bn_dendrite_state s = {
        { rows, 2 * n, bn_mat_row(&all->rate, first) },
        { rows, n, bn_mat_row(&all->current, first) },
        { rows, n, bn_mat_row(&all->dendrite, first) },
        { rows, n, bn_mat_row(&all->soma, first) },
        { rows, n, bn_mat_row(&all->seen, first) },
    };
    struct bn_mat product = { 0 }, hd = { 0 };
    struct work w = { 0 };

    bn_status rc = make_work(&w, rows, n);
    if (rc == BN_OK)
        rc = bn_mat_alloc(&product, rows, n);
    if (rc == BN_OK)
        rc = bn_mat_alloc(&hd, rows, n);
    if (rc == BN_OK)
        rc = run_steps(r, &s, first, &product, &hd, &w);
    bn_mat_free(&product);
    bn_mat_free(&hd);
    free(w.push);
    return rc;
}

static bn_status check_weights(const struct bn_dendrite *d, const struct bn_mat *w)
{
    const size_t n = bn_dendrite_neurons(d);

    if (w->rows != n || w->cols != 2 * n)
        return bn_fail(BN_INPUT, "weights are %zu x %zu, but %zu HD cells hear %zu HR and HD cells",
                       w->rows, w->cols, n, 2 * n);
    return BN_OK;
}

bn_status bn_dendrite_run(const struct bn_dendrite_trials *trials, struct bn_dendrite_state *s,
                          size_t from, size_t to)
{
    struct run r = { .trials = trials, .all = s, .from = from, .to = to };

    bn_status rc = make_plan(&r.plan, trials->network);
    if (rc == BN_OK)
        rc = check_weights(trials->network, trials->weights);
    if (rc == BN_OK)
        rc = bn_packed_make(&r.weights, trials->weights, BN_TRANSPOSED);
    if (rc == BN_OK)
        rc = bn_tiles((s->rate.rows + TRIALS - 1) / TRIALS, run_tile, &r);
    bn_packed_free(&r.weights);
    free(r.plan.cosine);
    return rc;
}

/* --- weights that learn ----------------------------------------------------------------- */

static double *weight_of(const struct bn_dendrite_memory *m, size_t i, size_t j)
{
    return m->weight + (i / TILE * m->sources + j) * TILE + i % TILE;
}

bn_status bn_dendrite_memory(struct bn_dendrite_memory *m, const struct bn_dendrite *d,
                             const struct bn_mat *weights)
{
    *m = (struct bn_dendrite_memory){ 0 };
    BN_TRY(bn_dendrite_check(d));
    BN_TRY(check_weights(d, weights));
    m->neurons = weights->rows;
    m->sources = weights->cols;
    m->values = (m->neurons + TILE - 1) / TILE * TILE * m->sources;
    m->weight = bn_alloc(m->values, sizeof(double));
    m->trace = bn_alloc(m->values, sizeof(double));
    m->received = bn_alloc(m->sources, sizeof(double));
    m->potential = bn_alloc(m->sources, sizeof(double));
    if (m->weight == NULL || m->trace == NULL || m->received == NULL || m->potential == NULL) {
        bn_dendrite_forget(m);
        return BN_NOMEM;
    }
    for (size_t i = 0; i < m->neurons; i++)
        for (size_t j = 0; j < m->sources; j++)
            *weight_of(m, i, j) = *bn_mat_at(weights, i, j);
    return BN_OK;
}

void bn_dendrite_forget(struct bn_dendrite_memory *m)
{
    free(m->weight);
    free(m->trace);
    free(m->received);
    free(m->potential);
    *m = (struct bn_dendrite_memory){ 0 };
}

void bn_dendrite_weights(const struct bn_dendrite_memory *m, struct bn_mat *weights)
{
    for (size_t i = 0; i < m->neurons; i++)
        for (size_t j = 0; j < m->sources; j++)
            *bn_mat_at(weights, i, j) = *weight_of(m, i, j);
}

/* W f with W as it is: what the pass of the step before would have left. */
static void product_of(const struct bn_dendrite_memory *m, const double *rate, double *out)
{
    for (size_t i = 0; i < m->neurons; i++) {
        out[i] = 0.0;
        for (size_t j = 0; j < m->sources; j++)
            out[i] = fma(*weight_of(m, i, j), rate[j], out[i]);
    }
}

struct lesson {
    struct plan plan;
    struct bn_dendrite_memory *memory;
    struct bn_dendrite_state *state;
    struct work work;
    double *product, *error, *rates;     /* [padded], [padded], [3n] */
    double keep, pull;                   /* of the eligibility: D <- keep D + pull error p^T */
};

/* One step; the sum of |f - F(V_ss)| over neurons in four fixed lanes. */
static double learn_step(struct lesson *l, const struct bn_dendrite_input *in)
{
    const struct plan *p = &l->plan;
    const struct bn_dendrite *d = p->d;
    struct bn_dendrite_memory *m = l->memory;
    struct bn_dendrite_state *s = l->state;
    double *argument = l->work.argument, lane[4] = { 0 };
    const size_t n = p->n;

    compartments(p, s, l->product, &l->work);
    p->relax(2 * n, p->s, 1.0, s->rate.data, NULL, m->received);
    p->relax(2 * n, p->l, 1.0, m->received, NULL, m->potential);
    somata(p, s, in, &l->work);
    for (size_t i = 0; i < n; i++)
        argument[2 * n + i] = d->slope * (p->predicts * s->dendrite.data[i] - d->half);
    bn_logistic(3 * n, argument, l->rates);
    for (size_t i = 0; i < 2 * n; i++)
        s->rate.data[i] = d->rate_max * l->rates[i];
    for (size_t i = 0; i < n; i++) {
        const double error = d->rate_max * (l->rates[n + i] - l->rates[2 * n + i]);
        lane[i % 4] += fabs(error);
        l->error[i] = l->pull * error;
    }
    p->pass(m, l->keep, d->eta * d->dt, l->error, s->rate.data, l->product);
    return (lane[0] + lane[1]) + (lane[2] + lane[3]);
}

bn_status bn_dendrite_learn(const struct bn_dendrite *d, struct bn_dendrite_memory *m,
                            struct bn_dendrite_state *s, uint64_t from, size_t steps,
                            const struct bn_dendrite_input *in, struct bn_rng rng,
                            double *error)
{
    struct lesson l = { .memory = m, .state = s };
    const size_t padded = m->values / m->sources;
    double sum = 0.0;

    bn_status rc = make_plan(&l.plan, d);
    if (rc == BN_OK)
        rc = make_work(&l.work, 1, l.plan.n);
    if (rc == BN_OK && (l.product = bn_alloc(2 * padded + 3 * l.plan.n, sizeof(double))) == NULL)
        rc = BN_NOMEM;
    if (rc == BN_OK) {
        l.error = l.product + padded;
        l.rates = l.error + padded;
        l.pull = d->tau_d > 0.0 ? d->dt / d->tau_d : 1.0;
        l.keep = 1.0 - l.pull;
        product_of(m, s->rate.data, l.product);
        for (size_t k = 0; k < steps; k++) {
            draw(&l.plan, rng, 0, from + k, l.work.noise);
            sum += learn_step(&l, &in[k]);
        }
        *error += sum;
        if (!isfinite(*error))
            rc = bn_fail(BN_NUMERIC, "the weights diverged before %g s with eta = %g: give a "
                         "smaller eta", 1e-3 * (double)(from + steps) * d->dt, d->eta);
    }
    free(l.product);
    free(l.work.push);
    free(l.plan.cosine);
    return rc;
}
