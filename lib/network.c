/* SPDX-License-Identifier: MIT */
#include <basin/network.h>
#include <basin/packed.h>
#include <basin/tile.h>

#include <math.h>
#include <string.h>
#include <time.h>

#define BLOCK 0.25                       /* s between two rests */

enum { MAX_TILE = 32 };

/* Weights as they are applied at every step: rate J^T, or (rate right^T) left^T. */
struct engine {
    struct bn_packed first, second;      /* second is empty if J is dense */
};

struct plan {
    const struct bn_network *net;
    struct bn_mat *x;
    size_t steps, every, tile;           /* tile: trajectories per tile */
    size_t from, to;                     /* the block: steps [from, to) */
    const struct bn_mat *omega;
    struct bn_rng rng;
    bn_network_watch *watch;
    void *context;
    struct engine weights, velocity;
    bool joined;                         /* weights.second = (left | left of J')^T */
};

struct state {
    size_t first;                        /* trajectory of row 0 */
    struct bn_mat x, rate, drive;        /* [tile, N] */
};

static bool shared_right(const struct bn_network *net)
{
    return net->weights.dense.data == NULL && net->velocity.n != 0
        && net->velocity.right.data == net->weights.right.data;
}

static void engine_free(struct engine *e)
{
    bn_packed_free(&e->first);
    bn_packed_free(&e->second);
}

static bn_status engine_make(struct engine *e, const struct bn_operator *op)
{
    if (op->dense.data != NULL)
        return bn_packed_make(&e->first, &op->dense, BN_TRANSPOSED);
    BN_TRY(bn_packed_make(&e->first, &op->right, BN_TRANSPOSED));
    return bn_packed_make(&e->second, &op->left, BN_TRANSPOSED);
}

/* J and J' of the offline solution share their right factor: with the left ones
 * side by side, both cost one product.                                      */
static bn_status engine_join(struct engine *e, const struct bn_network *net)
{
    const struct bn_mat *a = &net->weights.left, *b = &net->velocity.left;
    struct bn_mat both;

    BN_TRY(bn_packed_make(&e->first, &net->weights.right, BN_TRANSPOSED));
    BN_TRY(bn_mat_alloc(&both, a->rows, a->cols + b->cols));
    for (size_t i = 0; i < a->rows; i++) {
        memcpy(bn_mat_row(&both, i), bn_mat_row(a, i), a->cols * sizeof(double));
        memcpy(bn_mat_row(&both, i) + a->cols, bn_mat_row(b, i), b->cols * sizeof(double));
    }
    const bn_status rc = bn_packed_make(&e->second, &both, BN_TRANSPOSED);
    bn_mat_free(&both);
    return rc;
}

static bn_status prepare(struct plan *p)
{
    p->joined = p->omega != NULL && shared_right(p->net);
    if (p->joined)
        return engine_join(&p->weights, p->net);
    BN_TRY(engine_make(&p->weights, &p->net->weights));
    return p->omega != NULL ? engine_make(&p->velocity, &p->net->velocity) : BN_OK;
}

static double speed(const struct plan *p, size_t step, size_t trajectory)
{
    return *bn_mat_at(p->omega, step, p->omega->cols == 1 ? 0 : trajectory);
}

/* both = (u | tau omega u), u = right rate */
static bn_status twice(const struct plan *p, const struct state *s, size_t step,
                       struct bn_mat *both)
{
    struct bn_mat u;

    BN_TRY(bn_mat_alloc(&u, s->rate.rows, both->cols / 2));
    const bn_status rc = bn_packed_product(&s->rate, &p->weights.first, &u);
    for (size_t t = 0; t < u.rows; t++) {
        const double g = p->net->tau * speed(p, step, s->first + t);
        const double *from = bn_mat_row(&u, t);
        double *to = bn_mat_row(both, t);
        for (size_t k = 0; k < u.cols; k++) {
            to[k] = from[k];
            to[u.cols + k] = g * from[k];
        }
    }
    bn_mat_free(&u);
    return rc;
}

static void take_diagonal(const double *d, double scale, const double *rate, double *out,
                          size_t n)
{
    for (size_t i = 0; d != NULL && i < n; i++)
        out[i] -= scale * d[i] * rate[i];
}

/* drive = (left | left') both - (D + tau omega D') rate */
static bn_status drive_joined(const struct plan *p, struct state *s, size_t step)
{
    const struct bn_network *net = p->net;
    struct bn_mat both;

    BN_TRY(bn_mat_alloc(&both, s->rate.rows, p->weights.second.rows));
    bn_status rc = twice(p, s, step, &both);
    if (rc == BN_OK)
        rc = bn_packed_product(&both, &p->weights.second, &s->drive);
    for (size_t t = 0; t < both.rows; t++) {
        const double g = net->tau * speed(p, step, s->first + t);
        const double *rate = bn_mat_row(&s->rate, t);
        double *drive = bn_mat_row(&s->drive, t);
        take_diagonal(net->weights.diagonal, 1.0, rate, drive, s->drive.cols);
        take_diagonal(net->velocity.diagonal, g, rate, drive, s->drive.cols);
    }
    bn_mat_free(&both);
    return rc;
}

static bn_status apply(const struct engine *e, const double *diagonal,
                       const struct bn_mat *rate, struct bn_mat *out)
{
    struct bn_mat u;

    if (e->second.data == NULL)
        return bn_packed_product(rate, &e->first, out);
    BN_TRY(bn_mat_alloc(&u, rate->rows, e->first.cols));
    bn_status rc = bn_packed_product(rate, &e->first, &u);
    if (rc == BN_OK)
        rc = bn_packed_product(&u, &e->second, out);
    for (size_t t = 0; t < out->rows; t++)
        take_diagonal(diagonal, 1.0, bn_mat_row(rate, t), bn_mat_row(out, t), out->cols);
    bn_mat_free(&u);
    return rc;
}

static bn_status drive_apart(const struct plan *p, struct state *s, size_t step)
{
    const struct bn_network *net = p->net;
    struct bn_mat turn;

    BN_TRY(apply(&p->weights, net->weights.diagonal, &s->rate, &s->drive));
    if (p->omega == NULL)
        return BN_OK;
    BN_TRY(bn_mat_alloc(&turn, s->rate.rows, s->rate.cols));
    const bn_status rc = apply(&p->velocity, net->velocity.diagonal, &s->rate, &turn);
    for (size_t t = 0; rc == BN_OK && t < turn.rows; t++) {
        const double g = net->tau * speed(p, step, s->first + t);
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

static void advance(const struct plan *p, struct state *s, size_t step)
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
        if (net->noise == 0.0)
            continue;
        const double sd = net->noise * sqrt(a);
        bn_rng_normals(p->rng, s->first + t, (uint64_t)step * n, drive, n);
        for (size_t i = 0; i < n; i++)
            x[i] += sd * drive[i];
    }
}

static bn_status check_finite(const struct plan *p, const struct state *s, size_t step)
{
    for (size_t t = 0; t < s->x.rows; t++) {
        const double m = mean(bn_mat_row(&s->x, t), s->x.cols);
        if (!isfinite(m))
            return bn_fail(BN_NUMERIC, "trajectory %zu diverged before %g s; a smaller dt or a "
                           "larger lambda may help", s->first + t, (double)step * p->net->dt);
    }
    return BN_OK;
}

static bn_status integrate(const struct plan *p, struct state *s)
{
    for (size_t step = p->from; ; step++) {
        if (step == p->to && step < p->steps)
            return BN_OK;                /* its rates are the next block's */
        bn_transfer_rate(&p->net->transfer, s->x.rows * s->x.cols, s->x.data, s->rate.data);
        if (step % p->every == 0) {
            BN_TRY(check_finite(p, s, step));
            if (p->watch != NULL)
                BN_TRY(p->watch(p->context, s->first, step / p->every, &s->x, &s->rate));
        }
        if (step == p->steps)
            return check_finite(p, s, step);
        BN_TRY(p->joined ? drive_joined(p, s, step) : drive_apart(p, s, step));
        advance(p, s, step);
    }
}

static bn_status run_tile(void *context, size_t tile)
{
    const struct plan *p = context;
    struct state s = { .first = tile * p->tile };
    const size_t n = p->x->cols, left = p->x->rows - s.first;
    const size_t rows = left < p->tile ? left : p->tile;

    s.x = (struct bn_mat){ rows, n, bn_mat_row(p->x, s.first) };
    bn_status rc = bn_mat_alloc(&s.rate, rows, n);
    if (rc == BN_OK)
        rc = bn_mat_alloc(&s.drive, rows, n);
    if (rc == BN_OK)
        rc = integrate(p, &s);
    bn_mat_free(&s.drive);
    bn_mat_free(&s.rate);
    return rc;
}

static bn_status check(const struct plan *p)
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

/* Blocks of steps; after each, all tiles have come equally far. */
static bn_status run_blocks(struct plan *p, size_t from, bn_network_rest *rest)
{
    const size_t tiles = (p->x->rows + p->tile - 1) / p->tile;
    size_t length = rest != NULL ? 1 : p->steps;

    for (p->from = from; ; p->from = p->to) {
        const double start = now();
        p->to = p->steps - p->from > length ? p->from + length : p->steps;
        BN_TRY(bn_tiles(tiles, run_tile, p));
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
    struct plan p = { .net = net, .x = x, .steps = steps, .every = every, .omega = omega,
                      .rng = rng, .watch = watch, .context = context };

    BN_TRY(check(&p));
    if (from > steps)
        return bn_fail(BN_INPUT, "a run of %zu steps cannot go on from step %zu", steps,
                       from);
    bn_status rc = prepare(&p);
    const size_t tiles = (x->rows + MAX_TILE - 1) / MAX_TILE;
    p.tile = (x->rows + tiles - 1) / tiles;
    if (rc == BN_OK)
        rc = run_blocks(&p, from, rest);
    engine_free(&p.weights);
    engine_free(&p.velocity);
    return rc;
}

bn_status bn_network_run(const struct bn_network *net, struct bn_mat *x, size_t steps,
                         size_t every, const struct bn_mat *omega, struct bn_rng rng,
                         bn_network_watch *watch, void *context)
{
    return bn_network_resume(net, x, 0, steps, every, omega, rng, watch, NULL, context);
}
