/* SPDX-License-Identifier: MIT */
#include "ring.h"

#include <basin/mem.h>
#include <basin/network.h>
#include <basin/tile.h>

static const struct bn_rng no_rng = { 0 };

/* Softplus of gain 400 is the identity above x = 0.1, to the last bit. */
static const struct bn_transfer straight = { BN_TRANSFER_SOFTPLUS, 400.0, 0.0 };

static struct bn_network dense_network(struct bn_mat *j, struct bn_transfer transfer)
{
    struct bn_network net = { .transfer = transfer, .tau = 0.05, .dt = 0.005 };
    assert_ok(bn_operator_dense(&net.weights, j));
    return net;
}

/* x_k = (1 - dt/tau)^k x_0 for a neuron without input. */
static void uncoupled_neuron_decays(void **state)
{
    (void)state;
    struct bn_mat j = mat_make(1, 1), x = mat_make(1, 1);
    struct bn_network net = dense_network(&j, straight);
    x.data[0] = 3.0;
    assert_ok(bn_network_run(&net, &x, 40, 1, NULL, no_rng, NULL, NULL));
    assert_close(x.data[0], 3.0 * pow(0.9, 40), 1e-14, 0);
    net.dt = 0.025;                      /* Euler, not the exponential e^-k dt/tau */
    x.data[0] = 3.0;
    assert_ok(bn_network_run(&net, &x, 5, 5, NULL, no_rng, NULL, NULL));
    assert_close(x.data[0], 3.0 * pow(0.5, 5), 1e-15, 0);
    bn_mat_free(&j), bn_mat_free(&x);
}

/* J = [[0, w], [w, 0]]: the sum grows with 1 - a + a w, the difference with 1 - a - a w. */
static void two_neurons(void **state)
{
    (void)state;
    struct bn_mat j = mat_make(2, 2), x = mat_make(1, 2);
    const double a = 0.1, w = 0.6;
    j.data[1] = j.data[2] = w;
    struct bn_network net = dense_network(&j, straight);
    x.data[0] = 2.0, x.data[1] = 1.0;
    assert_ok(bn_network_run(&net, &x, 20, 7, NULL, no_rng, NULL, NULL));
    assert_close(x.data[0] + x.data[1], 3.0 * pow(1 - a + a * w, 20), 1e-14, 0);
    assert_close(x.data[0] - x.data[1], pow(1 - a - a * w, 20), 1e-12, 0);
    /* J_ij is from j to i */
    j.data[2] = 0.0;
    x.data[0] = 2.0, x.data[1] = 1.0;
    assert_ok(bn_network_run(&net, &x, 1, 1, NULL, no_rng, NULL, NULL));
    assert_close(x.data[0], 2.0 + a * (w - 2.0), 1e-15, 0);
    assert_close(x.data[1], 1.0 - a, 1e-15, 0);
    bn_mat_free(&j), bn_mat_free(&x);
}

/* Without weights, equal neurons go to c r0/(1 + c) with the factor 1 - a (1 + c). */
static void inhibition(void **state)
{
    (void)state;
    struct bn_mat j = mat_make(3, 3), x = mat_make(1, 3);
    struct bn_network net = dense_network(&j, straight);
    net.inhibition = 2.0;
    net.target = 1.5;
    for (size_t i = 0; i < 3; i++)
        x.data[i] = 2.0;
    assert_ok(bn_network_run(&net, &x, 6, 1, NULL, no_rng, NULL, NULL));
    for (size_t i = 0; i < 3; i++)
        assert_close(x.data[i], 1.0 + pow(1.0 - 0.1 * 3.0, 6), 1e-14, 0);
    x.data[0] = 5.0, x.data[1] = 3.0, x.data[2] = 1.0;       /* the mean, not each */
    assert_ok(bn_network_run(&net, &x, 1, 1, NULL, no_rng, NULL, NULL));
    assert_close(x.data[0], 5.0 + 0.1 * (2.0 * (1.5 - 3.0) - 5.0), 1e-14, 0);
    bn_mat_free(&j), bn_mat_free(&x);
}

/* Without weights x goes to b with the factor 1 - a: b (1 - (1 - a)^k). A bias that is added
 * once per trajectory, without dt/tau, or to the rates would end elsewhere; 130 neurons and
 * three trajectories leave factors with rows and lanes that stand for nothing.   */
static void bias(void **state)
{
    (void)state;
    enum { N = 130 };
    struct bn_mat j = mat_make(N, N), left = mat_make(N, 1), right = mat_make(1, N);
    struct bn_mat b = mat_random(1, N, 3);
    for (int factored = 0; factored < 2; factored++) {
        struct bn_mat x = mat_make(3, N);
        struct bn_network net = dense_network(&j, straight);
        if (factored)
            assert_ok(bn_operator_factored(&net.weights, &left, &right, NULL));
        net.bias = b.data;
        assert_ok(bn_network_run(&net, &x, 7, 3, NULL, no_rng, NULL, NULL));
        for (size_t k = 0; k < 3 * N; k++)
            assert_close(x.data[k], b.data[k % N] * (1.0 - pow(0.9, 7)), 1e-14, 1e-15);
        bn_mat_free(&x);
    }
    bn_mat_free(&j), bn_mat_free(&left), bn_mat_free(&right), bn_mat_free(&b);
}

/* --- velocity ------------------------------------------------------------------- */

struct pair {
    struct ring ring;
    struct bn_ridge fit;
    struct bn_ridge_modes modes;
    struct bn_mat j, v, factor, lift[2];
};

static struct pair pair(size_t n)
{
    struct pair p = { .ring = ring_make(n, 61, RING_SIGMA, RING_BETA, 3) };
    p.fit = ring_fit(&p.ring, 1e-6, 0.0);
    p.j = mat_make(n, n);
    p.v = mat_make(n, n);
    assert_ok(bn_ridge_dense(&p.fit.left, &p.fit.right, &p.j));
    assert_ok(bn_ridge_dense(&p.fit.left_velocity, &p.fit.right, &p.v));
    assert_ok(bn_ridge_modes(&p.ring.x, &p.ring.phi, true, p.ring.phi.cols, 1e-6, 0.0,
                             &p.modes));
    assert_ok(bn_ridge_factor(&p.ring.phi, &p.modes.basis, &p.factor));
    for (int k = 0; k < 2; k++)
        assert_ok(bn_ridge_lift(&p.modes.basis, &p.modes.core, p.ring.x.cols, k, &p.lift[k]));
    return p;
}

static void pair_free(struct pair *p)
{
    bn_mat_free(&p->j), bn_mat_free(&p->v), bn_mat_free(&p->factor);
    bn_mat_free(&p->lift[0]), bn_mat_free(&p->lift[1]);
    bn_ridge_free(&p->fit);
    bn_ridge_modes_free(&p->modes);
    ring_free(&p->ring);
}

/* kind 0: dense; 1: factored, J and J' share the right factor; 2: they do not; 3: shared
 * operators.                                                                 */
static struct bn_network pair_network(const struct pair *p, const struct bn_mat *copy,
                                      int kind)
{
    struct bn_network net = { .transfer = p->ring.transfer, .tau = 0.05, .dt = 0.005 };
    if (kind == 0) {
        assert_ok(bn_operator_dense(&net.weights, &p->j));
        assert_ok(bn_operator_dense(&net.velocity, &p->v));
        return net;
    }
    if (kind == 3) {
        const struct bn_ridge_modes *m = &p->modes;
        assert_ok(bn_operator_shared(&net.weights, &p->ring.x, &p->factor, &p->lift[0],
                                     &m->core, m->diagonal));
        assert_ok(bn_operator_shared(&net.velocity, &p->ring.x, &p->factor, &p->lift[1],
                                     &m->core, m->diagonal_velocity));
        return net;
    }
    assert_ok(bn_operator_factored(&net.weights, &p->fit.left, &p->fit.right,
                                   p->fit.diagonal));
    assert_ok(bn_operator_factored(&net.velocity, &p->fit.left_velocity,
                                   kind == 1 ? &p->fit.right : copy,
                                   p->fit.diagonal_velocity));
    return net;
}

/* x + a (-x + J phi + tau omega J' phi) by loops. */
static void step_by_hand(const struct pair *p, double omega, const double *x, double *next)
{
    const size_t n = p->ring.n;
    struct bn_mat rate = mat_make(1, n);
    bn_transfer_rate(&p->ring.transfer, n, x, rate.data);
    for (size_t i = 0; i < n; i++) {
        double in = -x[i];
        for (size_t k = 0; k < n; k++)
            in += (*bn_mat_at(&p->j, i, k) + 0.05 * omega * *bn_mat_at(&p->v, i, k))
                * rate.data[k];
        next[i] = x[i] + 0.1 * in;
    }
    bn_mat_free(&rate);
}

static void velocity_step_by_hand(void **state)
{
    (void)state;
    struct pair p = pair(60);
    struct bn_mat x = mat_random(3, 60, 2), start = mat_copy(&x), next = mat_make(3, 60);
    struct bn_mat omega = mat_make(1, 3), copy = mat_copy(&p.fit.right);
    omega.data[0] = 0.0, omega.data[1] = 4.0, omega.data[2] = -11.0;
    for (size_t t = 0; t < 3; t++)
        step_by_hand(&p, omega.data[t], bn_mat_row(&x, t), bn_mat_row(&next, t));
    for (int kind = 0; kind < 4; kind++) {
        const struct bn_network net = pair_network(&p, &copy, kind);
        memcpy(x.data, start.data, 3 * 60 * sizeof(double));
        assert_ok(bn_network_run(&net, &x, 1, 1, &omega, no_rng, NULL, NULL));
        assert_close(mat_apart(&x, &next), 0, 0, 1e-10);
    }
    bn_mat_free(&x), bn_mat_free(&start), bn_mat_free(&next), bn_mat_free(&omega);
    bn_mat_free(&copy);
    pair_free(&p);
}

static void dense_and_factored_agree(void **state)
{
    (void)state;
    struct pair p = pair(80);
    struct bn_mat x = mat_random(4, 80, 2), start = mat_copy(&x), first = mat_copy(&x);
    struct bn_mat omega = mat_random(50, 1, 8), copy = mat_copy(&p.fit.right);
    for (int kind = 0; kind < 4; kind++) {
        const struct bn_network net = pair_network(&p, &copy, kind);
        memcpy(x.data, start.data, 4 * 80 * sizeof(double));
        assert_ok(bn_network_run(&net, &x, 50, 10, &omega, no_rng, NULL, NULL));
        if (kind == 0)
            memcpy(first.data, x.data, 4 * 80 * sizeof(double));
        assert_close(mat_apart(&x, &first), 0, 0, 1e-10);
    }
    /* factors without a diagonal are allowed, joined or not */
    struct bn_network net = pair_network(&p, &copy, 1);
    net.weights.diagonal = net.velocity.diagonal = NULL;
    assert_ok(bn_network_run(&net, &x, 2, 1, &omega, no_rng, NULL, NULL));
    bn_mat_free(&x), bn_mat_free(&start), bn_mat_free(&first), bn_mat_free(&omega);
    bn_mat_free(&copy);
    pair_free(&p);
}

/* --- noise ---------------------------------------------------------------------- */

static struct bn_network silent(struct bn_mat *left, struct bn_mat *right, size_t n)
{
    struct bn_network net = { .transfer = straight, .tau = 1.0, .dt = 0.5, .noise = 1.3 };
    *left = mat_make(n, 1);
    *right = mat_make(1, n);
    assert_ok(bn_operator_factored(&net.weights, left, right, NULL));
    return net;
}

/* x' = (1 - a) x + sigma sqrt(a) z has the variance sigma^2/(2 - a); the continuous
 * process would have sigma^2/2 (a quarter less here, 30 standard errors), and noise
 * that forgets 1/tau or takes a for sqrt(a) half of it.                      */
static void noise_is_ornstein_uhlenbeck(void **state)
{
    (void)state;
    enum { N = 10000, T = 3 };
    struct bn_mat left, right, x = mat_make(T, N), later;
    const struct bn_rng rng = { .seed = 4, .stream = 9 };
    const struct bn_network net = silent(&left, &right, N);
    const double want = 1.3 * 1.3 / 1.5;
    assert_ok(bn_network_run(&net, &x, 60, 60, NULL, rng, NULL, NULL));
    later = mat_copy(&x);
    const struct bn_rng other = { .seed = 5, .stream = 9 };
    assert_ok(bn_network_run(&net, &later, 1, 1, NULL, other, NULL, NULL));
    for (size_t t = 0; t < T; t++) {
        const double *a = bn_mat_row(&x, t), *b = bn_mat_row(&later, t);
        double mean = 0.0;
        for (size_t i = 0; i < N; i++)
            mean += a[i] / N;
        assert_close(mean, 0, 0, 5.0 * sqrt(want / N));
        assert_close(bn_dot(N, a, a) / N, want, 5.0 * sqrt(2.0 / N), 0);
        assert_close(bn_dot(N, b, b) / N, want, 5.0 * sqrt(2.0 / N), 0);
        assert_close(bn_dot(N, a, b) / N / want, 0.5, 0, 5.0 * sqrt(1.25 / N));
        const double *c = bn_mat_row(&x, (t + 1) % T);       /* private */
        assert_close(bn_dot(N, a, c) / N / want, 0, 0, 5.0 / sqrt(N));
        assert_close(bn_dot(N - 1, a, a + 1) / N / want, 0, 0, 5.0 / sqrt(N));
    }
    bn_mat_free(&left), bn_mat_free(&right), bn_mat_free(&x), bn_mat_free(&later);
}

/* Per unit of time the variance grows by sigma^2 whatever the step. */
static void noise_scales_with_the_step(void **state)
{
    (void)state;
    enum { N = 20000 };
    for (size_t steps = 1; steps <= 16; steps *= 4) {
        struct bn_mat left, right, x = mat_make(1, N);
        struct bn_network net = silent(&left, &right, N);
        net.tau = 2.0;
        net.dt = 0.01 / (double)steps;
        assert_ok(bn_network_run(&net, &x, steps, steps, NULL, no_rng, NULL, NULL));
        const double want = 1.3 * 1.3 * 0.005;       /* sigma^2 t/tau, decay 0.5 % */
        assert_close(bn_dot(N, x.data, x.data) / N, want, 0.005 + 5.0 * sqrt(2.0 / N), 0);
        bn_mat_free(&left), bn_mat_free(&right), bn_mat_free(&x);
    }
}

/* --- bookkeeping ----------------------------------------------------------------- */

static void bits_do_not_depend_on_threads(void **state)
{
    (void)state;
    struct pair p = pair(50);
    struct bn_mat start = mat_random(70, 50, 2), want = mat_copy(&start);
    struct bn_mat omega = mat_random(30, 70, 8);
    const struct bn_rng rng = { .seed = 4, .stream = 9 };
    for (int kind = 0; kind < 4; kind += kind == 1 ? 2 : 1) {
        struct bn_network net = pair_network(&p, NULL, kind);
        net.noise = 0.2;
        net.inhibition = 0.3;
        for (unsigned threads = 1; threads <= 3; threads++) {
            struct bn_mat x = mat_copy(&start);
            bn_threads_set(threads);
            assert_ok(bn_network_run(&net, &x, 30, 10, &omega, rng, NULL, NULL));
            if (threads == 1)
                memcpy(want.data, x.data, 70 * 50 * sizeof(double));
            assert_memory_equal(x.data, want.data, 70 * 50 * sizeof(double));
            bn_mat_free(&x);
        }
        /* fewer trajectories: the same noise; the products may round differently */
        struct bn_mat few = mat_make(5, 50), some = { 5, 50, want.data };
        memcpy(few.data, start.data, 5 * 50 * sizeof(double));
        struct bn_mat turn = mat_make(30, 5);
        for (size_t k = 0; k < 30; k++)
            memcpy(bn_mat_row(&turn, k), bn_mat_row(&omega, k), 5 * sizeof(double));
        assert_ok(bn_network_run(&net, &few, 30, 10, &turn, rng, NULL, NULL));
        assert_close(mat_apart(&few, &some), 0, 0, 1e-12);
        bn_mat_free(&few), bn_mat_free(&turn);
    }
    bn_threads_set(0);
    bn_mat_free(&start), bn_mat_free(&want), bn_mat_free(&omega);
    pair_free(&p);
}

/* Enough neurons for chunks that cores share: 51 blocks of 96. */
enum { MANY = 4850, FEW = 6 };

struct tall {
    struct bn_mat left, right, left_turn, right_turn, d;
    struct bn_network net;
};

/* same: J and J' have one right factor. */
static struct tall tall(bool same)
{
    struct tall w = { .left = mat_random(MANY, FEW, 1), .right = mat_random(FEW, MANY, 2),
                      .left_turn = mat_random(MANY, FEW, 3),
                      .right_turn = mat_random(FEW, MANY, 4), .d = mat_random(2, MANY, 5) };
    for (size_t k = 0; k < MANY * FEW; k++) {
        w.left.data[k] /= MANY;
        w.left_turn.data[k] /= MANY;
    }
    w.net = (struct bn_network){ .transfer = { BN_TRANSFER_ERF, 2.0, 0.0 }, .tau = 0.05,
                                 .dt = 0.005, .inhibition = 0.3, .target = 1.2,
                                 .noise = 0.1 };
    assert_ok(bn_operator_factored(&w.net.weights, &w.left, &w.right, w.d.data));
    assert_ok(bn_operator_factored(&w.net.velocity, &w.left_turn,
                                   same ? &w.right : &w.right_turn, bn_mat_row(&w.d, 1)));
    return w;
}

static void tall_free(struct tall *w)
{
    bn_mat_free(&w->left), bn_mat_free(&w->right), bn_mat_free(&w->left_turn);
    bn_mat_free(&w->right_turn), bn_mat_free(&w->d);
}

/* One step by the operator, the equation written out. */
static void step_of_tall(const struct tall *w, const struct bn_mat *omega, size_t step,
                         struct bn_rng rng, struct bn_mat *x)
{
    struct bn_mat rate = mat_copy(x), in = mat_copy(x), turn = mat_copy(x), z = mat_copy(x);
    bn_transfer_rate(&w->net.transfer, x->rows * MANY, x->data, rate.data);
    assert_ok(bn_operator_apply(&w->net.weights, BN_PLAIN, &rate, &in));
    assert_ok(bn_operator_apply(&w->net.velocity, BN_PLAIN, &rate, &turn));
    for (size_t t = 0; t < x->rows; t++) {
        double mean = 0.0;
        for (size_t i = 0; i < MANY; i++)
            mean += *bn_mat_at(&rate, t, i) / MANY;
        bn_rng_normals(rng, t, step * MANY, bn_mat_row(&z, t), MANY);
        for (size_t i = 0; i < MANY; i++)
            *bn_mat_at(x, t, i) += 0.1 * (*bn_mat_at(&in, t, i) - *bn_mat_at(x, t, i)
                                          + 0.05 * *bn_mat_at(omega, step, t)
                                            * *bn_mat_at(&turn, t, i)
                                          + w->net.inhibition * (w->net.target - mean))
                                 + 0.1 * sqrt(0.1) * *bn_mat_at(&z, t, i);
    }
    bn_mat_free(&rate), bn_mat_free(&in), bn_mat_free(&turn), bn_mat_free(&z);
}

/* 70 trajectories are two tiles; a partial sum left out, a block counted twice or noise
 * of another neuron would be far outside.  Threads, rests and saves change no bit.   */
static void chunks_of_neurons(void **state)
{
    (void)state;
    enum { T = 70, STEPS = 4 };
    struct bn_mat start = mat_random(T, MANY, 6), omega = mat_random(STEPS, T, 7);
    const struct bn_rng rng = { .seed = 4, .stream = 9 };
    for (int same = 0; same < 2; same++) {
        struct tall w = tall(same == 1);
        struct bn_mat want = mat_copy(&start), first = mat_copy(&start);
        for (size_t k = 0; k < STEPS; k++)
            step_of_tall(&w, &omega, k, rng, &want);
        for (unsigned threads = 1; threads <= 5; threads += threads == 1 ? 1 : 3) {
            struct bn_mat x = mat_copy(&start);
            bn_threads_set(threads);
            assert_ok(bn_network_run(&w.net, &x, STEPS, threads, &omega, rng, NULL, NULL));
            if (threads == 1)
                memcpy(first.data, x.data, T * MANY * sizeof(double));
            assert_memory_equal(x.data, first.data, T * MANY * sizeof(double));
            bn_mat_free(&x);
        }
        bn_threads_set(0);
        assert_close(mat_apart(&first, &want), 0, 0, 1e-13);
        struct bn_mat x = mat_copy(&start);
        for (size_t k = 1; k <= STEPS; k++)      /* cut after each step */
            assert_ok(bn_network_resume(&w.net, &x, k - 1, k, STEPS, &omega, rng, NULL, NULL,
                                        NULL));
        assert_memory_equal(x.data, first.data, T * MANY * sizeof(double));
        bn_mat_free(&x), bn_mat_free(&want), bn_mat_free(&first);
        tall_free(&w);
    }
    bn_mat_free(&start), bn_mat_free(&omega);
}

/* States at the rests of one run, to go on from. */
struct rests {
    const struct bn_mat *x;
    double states[64][70 * 50];
    size_t step[64], n, saves[120];
};

static bn_status keep(void *context, size_t step)
{
    struct rests *r = context;
    if (r->n == 64 || (r->n > 0 && step <= r->step[r->n - 1]))
        return bn_fail(BN_INPUT, "rest %zu at step %zu", r->n, step);
    memcpy(r->states[r->n], r->x->data, sizeof r->states[0]);
    r->step[r->n++] = step;
    return BN_OK;
}

static bn_status count(void *context, size_t first, size_t save, const struct bn_mat *x,
                       const struct bn_mat *rate)
{
    struct rests *r = context;
    (void)x, (void)rate;
    r->saves[save] += first == 0;
    return BN_OK;
}

/* Rests change no bit, nor does stopping at one and going on from it; every save is
 * seen once.                                                                */
static void go_on(int kind)
{
    struct pair p = pair(50);
    struct bn_mat start = mat_random(70, 50, 2), want = mat_copy(&start);
    struct bn_mat omega = mat_random(235, 70, 8);
    const struct bn_rng rng = { .seed = 4, .stream = 9 };
    struct rests *r = calloc(1, sizeof *r);
    assert_non_null(r);
    struct bn_network net = pair_network(&p, NULL, kind);
    net.noise = 0.2;
    assert_ok(bn_network_run(&net, &want, 235, 2, &omega, rng, NULL, NULL));
    struct bn_mat x = mat_copy(&start);
    r->x = &x;
    assert_ok(bn_network_resume(&net, &x, 0, 235, 2, &omega, rng, count, keep, r));
    assert_memory_equal(x.data, want.data, sizeof r->states[0]);
    assert_true(r->n >= 3 && r->step[0] == 1);
    for (size_t k = 0; k < 118; k++)
        assert_int_equal(r->saves[k], 1);
    for (size_t k = 0; k < r->n; k++) {
        memcpy(x.data, r->states[k], sizeof r->states[0]);
        memset(r->saves, 0, sizeof r->saves);
        assert_ok(bn_network_resume(&net, &x, r->step[k], 235, 2, &omega, rng, count, NULL,
                                    r));
        assert_memory_equal(x.data, want.data, sizeof r->states[0]);
        for (size_t save = 0; save < 118; save++)
            assert_int_equal(r->saves[save], 2 * save >= r->step[k]);
    }
    assert_ok(bn_network_resume(&net, &x, 235, 235, 2, &omega, rng, NULL, NULL, NULL));
    assert_memory_equal(x.data, want.data, sizeof r->states[0]);
    assert_fails(bn_network_resume(&net, &x, 236, 235, 2, &omega, rng, NULL, NULL, NULL),
                 BN_INPUT);
    free(r);
    bn_mat_free(&start), bn_mat_free(&want), bn_mat_free(&omega), bn_mat_free(&x);
    pair_free(&p);
}

static void going_on_from_a_rest(void **state)
{
    (void)state;
    go_on(0);
    go_on(1);
    go_on(3);
}

enum { WATCHED = 70, SAVES = 4 };

struct log {
    int calls[WATCHED][SAVES + 1];
    double x[WATCHED][SAVES + 1], rate[WATCHED][SAVES + 1];
    size_t fail_at;
};

static bn_status note(void *context, size_t first, size_t save, const struct bn_mat *x,
                      const struct bn_mat *rate)
{
    struct log *l = context;
    if (save >= SAVES || first + x->rows > WATCHED)
        return bn_fail(BN_INPUT, "save %zu of %zu", save, first);
    for (size_t t = 0; t < x->rows; t++) {
        l->calls[first + t][save]++;
        l->x[first + t][save] = *bn_mat_at(x, t, 0);
        l->rate[first + t][save] = *bn_mat_at(rate, t, 0);
    }
    return save == l->fail_at ? bn_fail(BN_OUTPUT, "no room") : BN_OK;
}

/* 10 steps, every third saved: 0, 3, 6, 9; each trajectory once; phi of that state. */
static void saves_are_counted(void **state)
{
    (void)state;
    struct bn_mat j = mat_make(1, 1), x = mat_make(WATCHED, 1);
    const struct bn_network net = dense_network(&j, straight);
    struct log *l = calloc(1, sizeof *l);
    assert_non_null(l);
    l->fail_at = SAVES + 1;
    for (size_t t = 0; t < WATCHED; t++)
        x.data[t] = 2.0 + (double)t;
    assert_ok(bn_network_run(&net, &x, 10, 3, NULL, no_rng, note, l));
    for (size_t t = 0; t < WATCHED; t++)
        for (size_t s = 0; s < SAVES; s++) {
            assert_int_equal(l->calls[t][s], 1);
            assert_close(l->x[t][s], (2.0 + (double)t) * pow(0.9, 3.0 * (double)s), 1e-14, 0);
            assert_close(l->rate[t][s], l->x[t][s], 1e-14, 0);
        }
    assert_close(x.data[0], 2.0 * pow(0.9, 10), 1e-14, 0);
    l->fail_at = 1;                      /* what the callback says is handed up */
    assert_fails(bn_network_run(&net, &x, 10, 3, NULL, no_rng, note, l), BN_OUTPUT);
    assert_says(bn_error(), "no room");
    free(l);
    bn_mat_free(&j), bn_mat_free(&x);
}

/* x grows by 1.4 per step: past the largest double after log(1.8e308)/log 1.4 steps. */
static void divergence_is_reported(void **state)
{
    (void)state;
    struct bn_mat j = mat_make(1, 1), x = mat_make(2, 1);
    j.data[0] = 5.0;
    struct bn_network net = dense_network(&j, straight);
    x.data[0] = 0.0, x.data[1] = 1.0;
    net.weights.dense = j;
    net.inhibition = 0.0;
    assert_fails(bn_network_run(&net, &x, 3000, 10, NULL, no_rng, NULL, NULL), BN_NUMERIC);
    const char *at = strstr(bn_error(), "before ");
    assert_non_null(at);
    const double overflow = log(1.797e308) / log(1.4) * net.dt;
    assert_close(strtod(at + 7, NULL), overflow, 0, 11 * net.dt);
    assert_says(bn_error(), "trajectory");
    x.data[0] = 1.0, x.data[1] = NAN;
    assert_fails(bn_network_run(&net, &x, 1, 1, NULL, no_rng, NULL, NULL), BN_NUMERIC);
    assert_says(bn_error(), "trajectory 1");
    bn_mat_free(&j), bn_mat_free(&x);
}

/* Wherever memory ends: a message, no leak, and the caller's states are whole numbers of
 * steps old, here none or all.                                               */
static void out_of_memory(void **state)
{
    (void)state;
    struct pair p = pair(50);
    struct bn_mat start = mat_random(3, 50, 2), omega = mat_random(1, 1, 8);
    bn_threads_set(1);
    for (int kind = 0; kind < 4; kind += kind == 1 ? 2 : 1) {
        const struct bn_network net = pair_network(&p, NULL, kind);
        for (long k = 0; ; k++) {
            struct bn_mat x = mat_copy(&start);
            bn_alloc_fail_after(k);
            const bn_status rc = bn_network_run(&net, &x, 1, 1, &omega, no_rng, NULL, NULL);
            bn_alloc_fail_after(-1);
            const double moved = mat_apart(&x, &start);
            bn_mat_free(&x);
            if (rc == BN_OK) {
                assert_true(k > 3 && moved > 0.0);
                break;
            }
            assert_int_equal(rc, BN_NOMEM);
            assert_true(moved == 0.0);
        }
    }
    bn_threads_set(0);
    bn_mat_free(&start), bn_mat_free(&omega);
    pair_free(&p);
}

static void what_does_not_fit_is_refused(void **state)
{
    (void)state;
    struct bn_mat j = mat_make(3, 3), x = mat_make(2, 3), other = mat_make(2, 4);
    struct bn_mat omega = mat_make(10, 1), odd = mat_make(10, 3);
    struct bn_network net = dense_network(&j, straight);
    assert_fails(bn_network_run(&net, &other, 1, 1, NULL, no_rng, NULL, NULL), BN_INPUT);
    assert_says(bn_error(), "4 neurons");
    assert_fails(bn_network_run(&net, &x, 1, 1, &omega, no_rng, NULL, NULL), BN_INPUT);
    assert_says(bn_error(), "J'");
    net.velocity = net.weights;
    assert_fails(bn_network_run(&net, &x, 11, 1, &omega, no_rng, NULL, NULL), BN_INPUT);
    assert_fails(bn_network_run(&net, &x, 10, 1, &odd, no_rng, NULL, NULL), BN_INPUT);
    assert_says(bn_error(), "10 x 3");
    assert_fails(bn_network_run(&net, &x, 10, 0, NULL, no_rng, NULL, NULL), BN_INPUT);
    assert_ok(bn_network_run(&net, &x, 10, 1, &omega, no_rng, NULL, NULL));
    assert_ok(bn_network_run(&net, &x, 0, 1, NULL, no_rng, NULL, NULL));
    struct bn_mat left = mat_make(3, 1), right = mat_make(1, 3);
    assert_ok(bn_operator_factored(&net.velocity, &left, &right, NULL));
    assert_fails(bn_network_run(&net, &x, 10, 1, &omega, no_rng, NULL, NULL), BN_INPUT);
    assert_says(bn_error(), "different forms");
    bn_mat_free(&left), bn_mat_free(&right);
    bn_mat_free(&j), bn_mat_free(&x), bn_mat_free(&other), bn_mat_free(&omega);
    bn_mat_free(&odd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(uncoupled_neuron_decays),
        cmocka_unit_test(two_neurons),
        cmocka_unit_test(inhibition),
        cmocka_unit_test(bias),
        cmocka_unit_test(velocity_step_by_hand),
        cmocka_unit_test(dense_and_factored_agree),
        cmocka_unit_test(noise_is_ornstein_uhlenbeck),
        cmocka_unit_test(noise_scales_with_the_step),
        cmocka_unit_test(bits_do_not_depend_on_threads),
        cmocka_unit_test(chunks_of_neurons),
        cmocka_unit_test(going_on_from_a_rest),
        cmocka_unit_test(saves_are_counted),
        cmocka_unit_test(divergence_is_reported),
        cmocka_unit_test(out_of_memory),
        cmocka_unit_test(what_does_not_fit_is_refused),
    };
    return cmocka_run_group_tests_name("network", tests, NULL, NULL);
}
