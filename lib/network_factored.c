/* SPDX-License-Identifier: MIT
 * Steps of a network whose weights are factors: one pass over memory per step.
 *
 * With F [N, Q] collecting from the rates and C [N, p] spreading to the currents,
 *     y = F^T r,   a = A y + tau omega A' y,   z = Z y,
 *     x += dt/tau (C a + (D + tau omega D') (F z - r) + c (r0 - mean r) + b - x),
 * where C = left, A = 1 and Z = 0 for factored weights, and C = head, A = lift, Z = core
 * for shared ones.  A pass goes over neurons in blocks that stay in the cache: it ends
 * step k for a block and at once begins step k + 1 for it, so each number of F, C and x is
 * read once.  To begin is r = phi(x), y += F^T r and x -= dt/tau (x + D r): the rates are
 * not stored.  Partial sums y belong to fixed chunks of neurons and are added in their
 * order, so no bit depends on how many cores share the chunks.               */
#include "network_priv.h"

#include <basin/mem.h>
#include <basin/strip.h>
#include <basin/tile.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Blocks of a network that is not cut into chunks, and of a chunk; trajectories of a
 * tile if there is one chunk, and if there are many (a block of states, 96 x 64 numbers,
 * and one of the factors fit the second cache); a rest that is no tile of its own. */
enum { UNCUT = 48, CHUNK = 85, NARROW = 16, WIDE = 64, SCRAP = 4 };

/* The trajectories of one tile between two passes. */
struct lanes {
    const struct bn_network_plan *plan;
    size_t first, count, lanes, step;
    bool finish, start;                  /* what the pass does */
    double *x;                           /* [padded N][lanes] */
    double *partial, *y, *a, *z, *more;  /* [chunks][Q][lanes], [padded Q or p][lanes] */
    double *turn, *next, *push, *zero;   /* [lanes]; tau omega of this and the next step */
    struct bn_mat rate;                  /* [count, N], for saves */
};

struct bn_network_factored {
    struct bn_strip collect, spread;     /* F, C */
    struct bn_strip lift, lift_turn, core;       /* A, A', Z if shared */
    bool shared, turning;
    size_t ones;                         /* column of F that sums the rates */
    size_t again;                        /* column of F where A' y begins, if factored */
    size_t chunks, chunk;                /* chunk: blocks */
    double *d, *e;                       /* D, D', padded; zeros without one */
    struct lanes *lanes;
    size_t tiles;
};

/* --- preparation -------------------------------------------------------------------- */

static bn_status put_small(struct bn_strip *s, const struct bn_mat *m)
{
    BN_TRY(bn_strip_alloc(s, m->rows, m->cols));
    bn_strip_put(s, 0, m, BN_PLAIN);
    return BN_OK;
}

/* J' shares what it spreads from, and what it collects. */
static bn_status make_shared(struct bn_network_factored *f, const struct bn_network *net)
{
    const struct bn_operator *w = &net->weights, *v = &net->velocity;

    f->shared = true;
    f->ones = w->factor.cols;
    BN_TRY(bn_strip_alloc(&f->collect, w->n, f->ones + 1));
    bn_strip_put(&f->collect, 0, &w->factor, BN_PLAIN);
    BN_TRY(put_small(&f->spread, &w->head));
    BN_TRY(put_small(&f->lift, &w->lift));
    BN_TRY(put_small(&f->core, &w->core));
    return f->turning ? put_small(&f->lift_turn, &v->lift) : BN_OK;
}

/* The offline J and J' have one right factor between them. */
static bn_status make_factored(struct bn_network_factored *f, const struct bn_network *net)
{
    const struct bn_operator *w = &net->weights, *v = &net->velocity;
    const size_t q = w->left.cols, more = f->turning ? v->left.cols : 0;
    const bool same = f->turning && v->right.data == w->right.data;

    f->again = same ? 0 : q;
    f->ones = q + (same ? 0 : more);
    BN_TRY(bn_strip_alloc(&f->collect, w->n, f->ones + 1));
    bn_strip_put(&f->collect, 0, &w->right, BN_TRANSPOSED);
    if (f->turning && !same)
        bn_strip_put(&f->collect, q, &v->right, BN_TRANSPOSED);
    BN_TRY(bn_strip_alloc(&f->spread, w->n, q + more));
    bn_strip_put(&f->spread, 0, &w->left, BN_PLAIN);
    if (f->turning)
        bn_strip_put(&f->spread, q, &v->left, BN_PLAIN);
    return BN_OK;
}

static bn_status make_diagonals(struct bn_network_factored *f, const struct bn_network *net)
{
    const size_t padded = bn_strip_rows(&f->collect), n = net->weights.n;

    f->d = bn_alloc(padded, sizeof *f->d);
    f->e = bn_alloc(padded, sizeof *f->e);
    if (f->d == NULL || f->e == NULL)
        return BN_NOMEM;
    if (net->weights.diagonal != NULL)
        memcpy(f->d, net->weights.diagonal, n * sizeof *f->d);
    if (f->turning && net->velocity.diagonal != NULL)
        memcpy(f->e, net->velocity.diagonal, n * sizeof *f->e);
    return BN_OK;
}

static bn_status make_ones(struct bn_network_factored *f, size_t n)
{
    struct bn_mat ones;

    BN_TRY(bn_mat_alloc(&ones, n, 1));
    for (size_t i = 0; i < n; i++)
        ones.data[i] = 1.0;
    bn_strip_put(&f->collect, f->ones, &ones, BN_PLAIN);
    bn_mat_free(&ones);
    return BN_OK;
}

/* Small vectors are read in whole panels and written in whole blocks. */
static size_t small_rows(const struct bn_network_factored *f)
{
    const size_t rows = bn_strip_rows(&f->lift), core = bn_strip_rows(&f->core);
    const size_t y = bn_strip_cols(&f->collect), c = bn_strip_cols(&f->spread);
    const size_t small = rows > core ? rows : core, tall = y > c ? y : c;

    return small > tall ? small : tall;
}

static bn_status make_lanes(struct bn_network_plan *p, struct lanes *s, size_t tile)
{
    const struct bn_network_factored *f = p->factored;
    const size_t n = p->x->cols, left = p->x->rows - tile * p->tile;

    *s = (struct lanes){ .plan = p, .first = tile * p->tile,
                         .count = tile + 1 == f->tiles ? left : p->tile };
    s->lanes = bn_strip_lanes(s->count);
    const size_t small = small_rows(f) * s->lanes;
    s->x = bn_alloc(bn_strip_rows(&f->collect) * s->lanes, sizeof(double));
    s->partial = bn_alloc(f->chunks * bn_strip_cols(&f->collect) * s->lanes, sizeof(double));
    s->y = bn_alloc(4 * small, sizeof(double));
    s->turn = bn_alloc(4 * s->lanes, sizeof(double));
    if (s->x == NULL || s->partial == NULL || s->y == NULL || s->turn == NULL)
        return BN_NOMEM;
    s->a = s->y + small;
    s->z = s->a + small;
    s->more = s->z + small;
    s->next = s->turn + s->lanes;
    s->push = s->next + s->lanes;
    s->zero = s->push + s->lanes;
    for (size_t t = 0; t < s->count; t++) {
        const double *from = bn_mat_row(p->x, s->first + t);
        for (size_t i = 0; i < n; i++)
            s->x[i * s->lanes + t] = from[i];
    }
    return p->watch != NULL ? bn_mat_alloc(&s->rate, s->count, n) : BN_OK;
}

bn_status bn_network_factored_make(struct bn_network_plan *p)
{
    const struct bn_network *net = p->net;
    struct bn_network_factored *f = bn_alloc(1, sizeof *f);

    p->factored = f;
    if (f == NULL)
        return BN_NOMEM;
    f->turning = p->omega != NULL;
    BN_TRY(net->weights.factor.data != NULL ? make_shared(f, net) : make_factored(f, net));
    BN_TRY(make_diagonals(f, net));
    if (net->inhibition != 0.0)
        BN_TRY(make_ones(f, net->weights.n));
    const size_t blocks = f->collect.blocks;
    f->chunks = blocks <= UNCUT ? 1 : 2 * ((blocks + 2 * CHUNK - 1) / (2 * CHUNK));
    f->chunk = (blocks + f->chunks - 1) / f->chunks;
    f->chunks = (blocks + f->chunk - 1) / f->chunk;
    p->tile = f->chunks == 1 ? NARROW : WIDE;
    f->tiles = p->x->rows / p->tile + (p->x->rows % p->tile > (p->x->rows > p->tile ? SCRAP : 0));
    f->lanes = bn_alloc(f->tiles, sizeof *f->lanes);
    if (f->lanes == NULL)
        return BN_NOMEM;
    for (size_t k = 0; k < f->tiles; k++)
        BN_TRY(make_lanes(p, &f->lanes[k], k));
    return BN_OK;
}

void bn_network_factored_free(struct bn_network_factored *f)
{
    if (f == NULL)
        return;
    for (size_t k = 0; f->lanes != NULL && k < f->tiles; k++) {
        free(f->lanes[k].x);
        free(f->lanes[k].partial);
        free(f->lanes[k].y);
        free(f->lanes[k].turn);
        bn_mat_free(&f->lanes[k].rate);
    }
    bn_strip_free(&f->collect);
    bn_strip_free(&f->spread);
    bn_strip_free(&f->lift);
    bn_strip_free(&f->lift_turn);
    bn_strip_free(&f->core);
    free(f->d);
    free(f->e);
    free(f->lanes);
    free(f);
}

/* --- a pass --------------------------------------------------------------------------- */

static size_t rows_of_block(const struct lanes *s, size_t block)
{
    const size_t left = s->plan->x->cols - block * BN_STRIP_ROWS;
    return left < BN_STRIP_ROWS ? left : BN_STRIP_ROWS;
}

static void add_bias(const struct lanes *s, size_t block)
{
    const struct bn_network *net = s->plan->net;
    const size_t i0 = block * BN_STRIP_ROWS, rows = rows_of_block(s, block);

    for (size_t i = i0; i < i0 + rows; i++) {
        const double push = net->dt / net->tau * net->bias[i];
        for (size_t t = 0; t < s->lanes; t++)
            s->x[i * s->lanes + t] += push;
    }
}

static void add_noise(const struct lanes *s, size_t block, double *z)
{
    const struct bn_network *net = s->plan->net;
    const double sd = net->noise * sqrt(net->dt / net->tau);
    const size_t n = s->plan->x->cols, i0 = block * BN_STRIP_ROWS, rows = rows_of_block(s, block);

    for (size_t t = 0; t < s->count; t++) {
        bn_rng_normals(s->plan->rng, s->first + t, (uint64_t)s->step * n + i0, z, rows);
        for (size_t i = 0; i < rows; i++)
            s->x[(i0 + i) * s->lanes + t] += sd * z[i];
    }
}

/* One block; h: room for two blocks of states. */
static void pass_block(const struct lanes *s, size_t block, double *h, double *sum)
{
    const struct bn_network_plan *p = s->plan;
    const struct bn_network_factored *f = p->factored;
    const size_t i0 = block * BN_STRIP_ROWS, lanes = s->lanes;
    struct bn_strip_self self = { f->d + i0, f->e + i0, s->turn, p->net->dt / p->net->tau };
    double *x = s->x + i0 * lanes, *g = h + BN_STRIP_ROWS * lanes;

    if (s->finish) {
        bn_strip_spread(&f->spread, block, lanes, s->push, s->a, h);
        if (f->shared)
            bn_strip_spread(&f->collect, block, lanes, s->zero, s->z, g);
        bn_strip_add(&self, BN_STRIP_ROWS, lanes, h, f->shared ? g : NULL, x);
        if (p->net->bias != NULL)
            add_bias(s, block);
        if (p->net->noise != 0.0)
            add_noise(s, block, h);
    }
    if (s->start) {
        self.gamma = s->finish ? s->next : s->turn;
        bn_transfer_rate(&p->net->transfer, BN_STRIP_ROWS * lanes, x, h);
        bn_strip_collect(&f->collect, block, lanes, h, sum);
        bn_strip_decay(&self, BN_STRIP_ROWS, lanes, h, x);
    }
}

static bn_status pass_chunk(void *context, size_t chunk)
{
    const struct lanes *s = context;
    const struct bn_network_factored *f = s->plan->factored;
    const size_t begin = chunk * f->chunk, numbers = bn_strip_cols(&f->collect) * s->lanes;
    const size_t end = begin + f->chunk < f->collect.blocks ? begin + f->chunk
                                                            : f->collect.blocks;
    double *sum = s->partial + chunk * numbers;
    double *room = bn_alloc(2 * BN_STRIP_ROWS * s->lanes, sizeof *room);

    if (room == NULL)
        return BN_NOMEM;
    if (s->start)
        memset(sum, 0, numbers * sizeof *sum);
    for (size_t block = begin; block < end; block++)
        pass_block(s, block, room, sum);
    free(room);
    return BN_OK;
}

static bn_status pass(struct lanes *s, bool finish, bool start)
{
    const size_t chunks = s->plan->factored->chunks;

    s->finish = finish;
    s->start = start;
    return chunks == 1 ? pass_chunk(s, 0) : bn_tiles(chunks, pass_chunk, s);
}

/* --- between two passes ------------------------------------------------------------------ */

static void set_turn(const struct lanes *s, size_t step, double *turn)
{
    for (size_t t = 0; t < s->count; t++)
        turn[t] = bn_network_turn(s->plan, step, s->first + t);
}

static void spread_small(const struct bn_strip *m, const struct lanes *s, double *out)
{
    for (size_t block = 0; block < m->blocks; block++)
        bn_strip_spread(m, block, s->lanes, s->zero, s->y,
                        out + block * BN_STRIP_ROWS * s->lanes);
}

/* a = A y + tau omega A' y for whichever kind of weights. */
static void drive(const struct lanes *s)
{
    const struct bn_network_factored *f = s->plan->factored;
    const size_t q = f->shared ? 0 : s->plan->net->weights.left.cols;
    const size_t more = f->shared ? f->lift.rows : f->spread.cols - q;
    const double *turned = f->shared ? s->more : s->y + f->again * s->lanes;

    if (f->shared) {
        spread_small(&f->lift, s, s->a);
        spread_small(&f->core, s, s->z);
    } else {
        memcpy(s->a, s->y, q * s->lanes * sizeof *s->a);
    }
    if (!f->turning)
        return;
    if (f->shared)
        spread_small(&f->lift_turn, s, s->more);
    for (size_t k = 0; k < more; k++)
        for (size_t t = 0; t < s->lanes; t++) {
            double *to = s->a + (q + k) * s->lanes + t;
            const double with = s->turn[t] * turned[k * s->lanes + t];
            *to = f->shared ? *to + with : with;
        }
}

static void reduce(struct lanes *s)
{
    const struct bn_network *net = s->plan->net;
    const struct bn_network_factored *f = s->plan->factored;
    const size_t numbers = bn_strip_cols(&f->collect) * s->lanes;

    memcpy(s->y, s->partial, numbers * sizeof *s->y);
    for (size_t chunk = 1; chunk < f->chunks; chunk++)
        for (size_t k = 0; k < numbers; k++)
            s->y[k] += s->partial[chunk * numbers + k];
    for (size_t t = 0; net->inhibition != 0.0 && t < s->lanes; t++)
        s->push[t] = net->inhibition
            * (net->target - s->y[f->ones * s->lanes + t] / (double)net->weights.n);
    drive(s);
}

static bn_status write_chunk(void *context, size_t chunk)
{
    const struct lanes *s = context;
    const size_t n = s->plan->x->cols, rows = s->plan->factored->chunk * BN_STRIP_ROWS;
    const size_t begin = chunk * rows, end = begin + rows < n ? begin + rows : n;

    for (size_t i0 = begin; i0 < end; i0 += BN_STRIP_ROWS)
        for (size_t t = 0; t < s->count; t++) {
            double *to = bn_mat_row(s->plan->x, s->first + t);
            for (size_t i = i0; i < i0 + BN_STRIP_ROWS && i < end; i++)
                to[i] = s->x[i * s->lanes + t];
        }
    return BN_OK;
}

/* The states as the caller and the watch see them. */
static bn_status write_back(struct lanes *s)
{
    const size_t chunks = s->plan->factored->chunks;
    return chunks == 1 ? write_chunk(s, 0) : bn_tiles(chunks, write_chunk, s);
}

static bn_status rate_chunk(void *context, size_t chunk)
{
    const struct lanes *s = context;
    const size_t n = s->plan->x->cols, rows = s->plan->factored->chunk * BN_STRIP_ROWS;
    const size_t begin = chunk * rows, end = begin + rows < n ? begin + rows : n;

    for (size_t t = 0; t < s->count; t++)
        bn_transfer_rate(&s->plan->net->transfer, end - begin,
                         bn_mat_row(s->plan->x, s->first + t) + begin,
                         bn_mat_row(&s->rate, t) + begin);
    return BN_OK;
}

static bn_status save(struct lanes *s, size_t step)
{
    const struct bn_network_plan *p = s->plan;
    const struct bn_mat x = { s->count, p->x->cols, bn_mat_row(p->x, s->first) };
    const size_t chunks = p->factored->chunks;

    if (p->watch != NULL)
        BN_TRY(chunks == 1 ? rate_chunk(s, 0) : bn_tiles(chunks, rate_chunk, s));
    return bn_network_save(p, s->first, step, &x, &s->rate);
}

static bn_status integrate(struct lanes *s)
{
    const struct bn_network_plan *p = s->plan;

    for (size_t step = p->from, begun = SIZE_MAX; ; step++) {
        if (step == p->to || bn_network_saves(p, step))
            BN_TRY(write_back(s));
        if (step == p->to && step < p->steps)
            return BN_OK;                /* it is saved by the next block */
        if (step == p->steps || bn_network_saves(p, step))
            BN_TRY(save(s, step));
        if (step == p->steps)
            return BN_OK;
        set_turn(s, step, s->turn);
        if (begun != step)
            BN_TRY(pass(s, false, true));
        reduce(s);
        const bool on = step + 1 != p->to && !bn_network_saves(p, step + 1);
        if (on)
            set_turn(s, step + 1, s->next);
        s->step = step;
        BN_TRY(pass(s, true, on));
        begun = on ? step + 1 : SIZE_MAX;
    }
}

static bn_status run_tile(void *context, size_t tile)
{
    const struct bn_network_plan *p = context;
    return integrate(&p->factored->lanes[tile]);
}

/* Cores share tiles of trajectories, or chunks of neurons. */
bn_status bn_network_factored_block(struct bn_network_plan *p)
{
    const struct bn_network_factored *f = p->factored;

    if (f->chunks == 1)
        return bn_tiles(f->tiles, run_tile, p);
    for (size_t k = 0; k < f->tiles; k++)
        BN_TRY(integrate(&f->lanes[k]));
    return BN_OK;
}
