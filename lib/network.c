/* SPDX-License-Identifier: MIT */
#include "network_priv.h"

#include <basin/packed.h>
#include <basin/tile.h>

#include <math.h>
#include <time.h>

#define BLOCK 0.5                        /* s between two rests */

enum { MAX_TILE = 32 };

/* Dense weights as they are applied at every step: rate J^T. */
struct dense {
    struct bn_network_plan plan;
    struct bn_packed weights, velocity;
};

struct state {
    size_t first;                        /* trajectory of row 0 */
    struct bn_mat x, rate, drive;        /* [tile, N] */
};

static bool is_dense(const struct bn_operator *op)
{
    return op->dense.data != NULL;
}

double bn_network_turn(const struct bn_network_plan *p, size_t step, size_t trajectory)
{
    if (p->omega == NULL)
        return 0.0;
    return p->net->tau * *bn_mat_at(p->omega, step, p->omega->cols == 1 ? 0 : trajectory);
}

/* --- dense weights ---------------------------------------------------------------- */

static bn_status drive(const struct dense *d, struct state *s, size_t step)
{
    struct bn_mat turn;

    BN_TRY(bn_packed_product(&s->rate, &d->weights, &s->drive));
    if (d->plan.omega == NULL)
        return BN_OK;
    BN_TRY(bn_mat_alloc(&turn, s->rate.rows, s->rate.cols));
    const bn_status rc = bn_packed_product(&s->rate, &d->velocity, &turn);
    for (size_t t = 0; rc == BN_OK && t < turn.rows; t++) {
        const double g = bn_network_turn(&d->plan, step, s->first + t);
        const double *from = bn_mat_row(&turn, t);
        double *to = bn_mat_row(&s->drive, t);
        for (size_t i = 0; i < turn.cols; i++)
            to[i] += g * from[i];
    }
    bn_mat_free(&turn);
    return rc;
}

/* Sum in eight fixed lanes: one order on every machine, and it vectorises. */
static double mean(const double *r, size_t n)
{
    double lane[8] = { 0 };
    size_t i = 0;

    for (; i + 8 <= n; i += 8)
        for (size_t k = 0; k < 8; k++)
            lane[k] += r[i + k];
    for (size_t k = 0; i < n; i++, k++)
        lane[k] += r[i];
    return (((lane[0] + lane[1]) + (lane[2] + lane[3]))
            + ((lane[4] + lane[5]) + (lane[6] + lane[7]))) / (double)n;
}

static void advance(const struct bn_network_plan *p, struct state *s, size_t step)
{
    const struct bn_network *net = p->net;
    const size_t n = s->x.cols;
    const double a = net->dt / net->tau;

    for (size_t t = 0; t < s->x.rows; t++) {
        double *x = bn_mat_row(&s->x, t), *drive = bn_mat_row(&s->drive, t);
        const double push = net->inhibition == 0.0 ? 0.0
            : net->inhibition * (net->target - mean(bn_mat_row(&s->rate, t), n));
        for (size_t i = 0; i < n; i++)
            x[i] += a * (drive[i] + push - x[i]);
        for (size_t i = 0; net->bias != NULL && i < n; i++)
            x[i] += a * net->bias[i];
        if (net->noise == 0.0)
            continue;
        const double sd = net->noise * sqrt(a);
        bn_rng_normals(p->rng, s->first + t, (uint64_t)step * n, drive, n);
        for (size_t i = 0; i < n; i++)
            x[i] += sd * drive[i];
    }
}

bool bn_network_saves(const struct bn_network_plan *p, size_t step)
{
    return step % p->every == 0;
}

static bn_status check_finite(const struct bn_network_plan *p, size_t first, size_t step,
                              const struct bn_mat *x)
{
    for (size_t t = 0; t < x->rows; t++)
        if (!isfinite(mean(bn_mat_row(x, t), x->cols)))
            return bn_fail(BN_NUMERIC, "trajectory %zu diverged before %g s; a smaller dt or a "
                           "larger lambda may help", first + t, (double)step * p->net->dt);
    return BN_OK;
}

bn_status bn_network_save(const struct bn_network_plan *p, size_t first, size_t step,
                          const struct bn_mat *x, const struct bn_mat *rate)
{
    BN_TRY(check_finite(p, first, step, x));
    if (p->watch == NULL || !bn_network_saves(p, step))
        return BN_OK;
    return p->watch(p->context, first, step / p->every, x, rate);
}

static bn_status integrate(const struct dense *d, struct state *s)
{
    const struct bn_network_plan *p = &d->plan;

    for (size_t step = p->from; ; step++) {
        if (step == p->to && step < p->steps)
            return BN_OK;                /* its rates are the next block's */
        bn_transfer_rate(&p->net->transfer, s->x.rows * s->x.cols, s->x.data, s->rate.data);
        if (step == p->steps || bn_network_saves(p, step))
            BN_TRY(bn_network_save(p, s->first, step, &s->x, &s->rate));
        if (step == p->steps)
            return BN_OK;
        BN_TRY(drive(d, s, step));
        advance(p, s, step);
    }
}

static bn_status run_tile(void *context, size_t tile)
{
    const struct dense *d = context;
    const struct bn_network_plan *p = &d->plan;
    struct state s = { .first = tile * p->tile };
    const size_t n = p->x->cols, left = p->x->rows - s.first;
    const size_t rows = left < p->tile ? left : p->tile;

    s.x = (struct bn_mat){ rows, n, bn_mat_row(p->x, s.first) };
    bn_status rc = bn_mat_alloc(&s.rate, rows, n);
    if (rc == BN_OK)
        rc = bn_mat_alloc(&s.drive, rows, n);
    if (rc == BN_OK)
        rc = integrate(d, &s);
    bn_mat_free(&s.drive);
    bn_mat_free(&s.rate);
    return rc;
}

static bn_status prepare(struct dense *d)
{
    struct bn_network_plan *p = &d->plan;

    if (!is_dense(&p->net->weights))
        return bn_network_factored_make(p);
    const size_t tiles = (p->x->rows + MAX_TILE - 1) / MAX_TILE;
    p->tile = (p->x->rows + tiles - 1) / tiles;
    BN_TRY(bn_packed_make(&d->weights, &p->net->weights.dense, BN_TRANSPOSED));
    if (p->omega == NULL)
        return BN_OK;
    return bn_packed_make(&d->velocity, &p->net->velocity.dense, BN_TRANSPOSED);
}

/* --- a run -------------------------------------------------------------------------- */

static bn_status check(const struct bn_network_plan *p)
{
    const struct bn_network *net = p->net;

    if (p->x->cols != net->weights.n || p->x->rows == 0 || p->every == 0)
        return bn_fail(BN_INPUT, "%zu states of %zu neurons for a network of %zu",
                       p->x->rows, p->x->cols, net->weights.n);
    if (p->omega == NULL)
        return BN_OK;
    if (net->velocity.n != net->weights.n)
        return bn_fail(BN_INPUT, "an angular velocity needs velocity weights J'; this network "
                       "has none");
    if (is_dense(&net->velocity) != is_dense(&net->weights)
        || net->velocity.factor.data != net->weights.factor.data
        || net->velocity.head.data != net->weights.head.data)
        return bn_fail(BN_INPUT, "weights J and velocity weights J' have different forms: give "
                       "both dense or both as factors");
    if (p->omega->rows < p->steps || (p->omega->cols != 1 && p->omega->cols != p->x->rows))
        return bn_fail(BN_INPUT, "angular velocity is %zu x %zu for %zu steps of %zu "
                       "trajectories", p->omega->rows, p->omega->cols, p->steps, p->x->rows);
    return BN_OK;
}

static double now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static bn_status run_block(struct dense *d)
{
    struct bn_network_plan *p = &d->plan;

    if (p->factored != NULL)
        return bn_network_factored_block(p);
    return bn_tiles((p->x->rows + p->tile - 1) / p->tile, run_tile, d);
}

/* Blocks of steps; after each, all tiles have come equally far. */
static bn_status run_blocks(struct dense *d, size_t from, bn_network_rest *rest)
{
    struct bn_network_plan *p = &d->plan;
    size_t length = rest != NULL ? 1 : p->steps;

    for (p->from = from; ; p->from = p->to) {
        const double start = now();
        p->to = p->steps - p->from > length ? p->from + length : p->steps;
        BN_TRY(run_block(d));
        if (p->to == p->steps)
            return BN_OK;
        BN_TRY(rest(p->context, p->to));
        const double fit = (double)length * BLOCK / fmax(now() - start, 1e-6);
        length = (size_t)fmax(1.0, fmin(fit, 8.0 * (double)length));
    }
}

bn_status bn_network_resume(const struct bn_network *net, struct bn_mat *x, size_t from,
                            size_t steps, size_t every, const struct bn_mat *omega,
                            struct bn_rng rng, bn_network_watch *watch,
                            bn_network_rest *rest, void *context)
{
    struct dense d = { .plan = { .net = net, .x = x, .steps = steps, .every = every,
                                 .omega = omega, .rng = rng, .watch = watch,
                                 .context = context } };

    BN_TRY(check(&d.plan));
    if (from > steps)
        return bn_fail(BN_INPUT, "a run of %zu steps cannot go on from step %zu", steps,
                       from);
    bn_status rc = prepare(&d);
    if (rc == BN_OK)
        rc = run_blocks(&d, from, rest);
    bn_packed_free(&d.weights);
    bn_packed_free(&d.velocity);
    bn_network_factored_free(d.plan.factored);
    return rc;
}

bn_status bn_network_run(const struct bn_network *net, struct bn_mat *x, size_t steps,
                         size_t every, const struct bn_mat *omega, struct bn_rng rng,
                         bn_network_watch *watch, void *context)
{
    return bn_network_resume(net, x, 0, steps, every, omega, rng, watch, NULL, context);
}
