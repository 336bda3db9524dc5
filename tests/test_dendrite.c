/* SPDX-License-Identifier: MIT
 * dendrite: two compartments, their noise, and a rule that predicts the soma. */
#include "test.h"

#include <basin/dendrite.h>
#include <basin/manifold.h>
#include <basin/mem.h>
#include <basin/tile.h>

#include <stdlib.h>

static const struct bn_rng rng = { .seed = 3, .stream = 7 };

static struct bn_dendrite published(size_t n)
{
    return (struct bn_dendrite){ .neurons = (double)n, .dt = 0.5, .tau_s = 65, .tau_l = 10,
        .tau_d = 100, .tau_r = 40, .g_dendrite = 2, .g_leak = 1, .rate_max = 0.15, .slope = 2.5,
        .half = 1, .inhibition = -1, .inhibition_hr = -1.5, .hr_weight = 2,
        .hr_velocity = 2.0 / 720, .cue = 4, .cue_width = 0.15, .eta = 0.05 };
}

static double rate_of(const struct bn_dendrite *d, double u)
{
    return d->rate_max / (1.0 + exp(-d->slope * (u - d->half)));
}

static struct bn_mat random_weights(size_t n, double sd)
{
    struct bn_mat w;
    assert_ok(bn_mat_alloc(&w, n, 2 * n));
    bn_rng_normals(rng, 1, 0, w.data, n * 2 * n);
    for (size_t k = 0; k < n * 2 * n; k++)
        w.data[k] *= sd;
    return w;
}

/* One network that learns through `steps` steps of the same input; what is left. */
struct pupil {
    struct bn_dendrite_memory memory;
    struct bn_dendrite_state state;
    struct bn_mat weights;
    uint64_t step;
    double error;
};

static void teach(struct pupil *p, const struct bn_dendrite *d, size_t steps,
                  struct bn_dendrite_input in)
{
    struct bn_dendrite_input *all = calloc(steps, sizeof *all);
    assert_non_null(all);
    for (size_t k = 0; k < steps; k++)
        all[k] = in;
    p->error = 0.0;
    assert_ok(bn_dendrite_learn(d, &p->memory, &p->state, p->step, steps, all, rng, &p->error));
    p->step += steps;
    bn_dendrite_weights(&p->memory, &p->weights);
    free(all);
}

/* Takes w. */
static struct pupil enrol(const struct bn_dendrite *d, struct bn_mat w)
{
    struct pupil p = { .weights = w };
    assert_ok(bn_dendrite_memory(&p.memory, d, &w));
    assert_ok(bn_dendrite_start(&p.state, d, 1));
    return p;
}

static void leave(struct pupil *p)
{
    bn_dendrite_forget(&p->memory);
    bn_dendrite_free(&p->state);
    bn_mat_free(&p->weights);
}

/* 1 - e^-t/a, and the same through a second filter b. */
static double rise(double t, double a)
{
    return 1.0 - exp(-t / a);
}

static double rise2(double t, double a, double b)
{
    return 1.0 - (a * exp(-t / a) - b * exp(-t / b)) / (a - b);
}

/* With flat rates (slope 0) and no weights all is known: I and q go by tau_s, V and p by
 * tau_l after it, h by tau_r.  Euler's error halves with dt.  Time constants exchanged, a
 * filter left out or a filter per step in place of per ms would not approach these.  */
static void filters_are_exponentials(void **state)
{
    (void)state;
    enum { N = 6 };
    double before[5] = { 0 };

    for (int fine = 0; fine < 4; fine++) {
        struct bn_dendrite d = published(N);
        d.slope = 0.0;
        d.dt = 0.5 / (double)(1 << fine);
        const double t = 100.0, f = 0.5 * d.rate_max;
        struct pupil p = enrol(&d, random_weights(N, 0.0));
        teach(&p, &d, (size_t)(t / d.dt), (struct bn_dendrite_input){ 0 });
        const double got[] = { p.state.current.data[3] / d.inhibition,
            p.state.dendrite.data[3] / d.inhibition, p.memory.received[8] / f,
            p.memory.potential[2] / f, p.state.seen.data[5] / f };
        const double want[] = { rise(t, d.tau_s), rise2(t, d.tau_s, d.tau_l), rise(t, d.tau_s),
                                rise2(t, d.tau_s, d.tau_l), rise(t, d.tau_r) };
        for (size_t k = 0; k < 5; k++) {
            const double off = got[k] - want[k];
            assert_close(got[k], want[k], 0, 2.0 * d.dt / d.tau_l);
            if (fine > 0)
                assert_close(before[k] / off, 2.0, 0, 0.1 / (double)(1 << (fine - 1)));
            before[k] = off;
        }
        leave(&p);
    }
}

/* Without weights V = I_inh, u = (g_D V + r)/(g_D + g_L): r = M e^(-sin^2/2s^2) - 1 in the
 * light, 0 in the dark.  HR cells hear h = f and the velocity with the sign of their wing.
 * V_ss in place of u, the source's +4 left on in the dark, a cue at -theta, or wings
 * exchanged would show.                                                      */
static void potentials_and_rates_at_rest(void **state)
{
    (void)state;
    enum { N = 20 };
    const struct bn_dendrite d = published(N);
    double preferred[N];

    bn_dendrite_preferred(&d, preferred);
    assert_close(preferred[7], 3 * BN_TWO_PI / 10, 1e-15, 0);
    for (int light = 0; light < 2; light++) {
        const struct bn_dendrite_input in = { .heading = 1.1, .velocity = 150, .light = light };
        struct bn_dendrite still = d;
        still.eta = 0.0;
        struct pupil p = enrol(&still, random_weights(N, 0.0));
        teach(&p, &still, 6000, in);
        for (size_t i = 0; i < N; i++) {
            const double s = sin(0.5 * (preferred[i] - 1.1));
            const double r = light ? 4.0 * exp(-s * s / (2 * 0.15 * 0.15)) - 1.0 : 0.0;
            const double f = rate_of(&d, (-2.0 + r) / 3.0), turn = i % 2 == 0 ? 1 : -1;
            assert_close(p.state.rate.data[N + i], f, 1e-9, 0);
            assert_close(p.state.rate.data[i],
                         rate_of(&d, 2 * f / 0.15 - 1.5 + turn * 150 * 2.0 / 720), 1e-9, 0);
        }
        leave(&p);
    }
}

/* An HR cell whose HD cell is at its largest rate has f_max/(1 + e^-b(2 - 1.5 - 1 +- k v)):
 * its slope at rest is +- b k f (1 - f/f_max) per deg/s, the same for both wings. */
static void hr_cells_have_their_gain(void **state)
{
    (void)state;
    enum { N = 4 };
    struct bn_dendrite d = published(N);
    double rate[3][2];

    d.eta = 0.0;
    d.inhibition = 50.0;                 /* all HD cells at f_max */
    for (int v = 0; v < 3; v++) {
        struct pupil p = enrol(&d, random_weights(N, 0.0));
        teach(&p, &d, 8000, (struct bn_dendrite_input){ .velocity = 0.5 * (v - 1) });
        rate[v][0] = p.state.rate.data[0];
        rate[v][1] = p.state.rate.data[1];
        leave(&p);
    }
    const double f = 0.15 / (1.0 + exp(2.5 * 0.5)), slope = 2.5 * 2.0 / 720 * f * (1 - f / 0.15);
    assert_close(rate[1][0], f, 1e-9, 0);
    assert_close(rate[2][0] - rate[0][0], slope, 1e-4, 0);
    assert_close(rate[2][1] - rate[0][1], -slope, 1e-4, 0);
}

/* --- the equations of the header, once more and plainly ------------------------------ */

struct plain {
    size_t n;
    double i[80], v[80], u[80], h[80], f[160], q[160], p[160], *w, *d;
};

static void plain_step(struct plain *s, const struct bn_dendrite *d,
                       const struct bn_dendrite_input *in)
{
    const size_t n = s->n;
    const double g = d->g_dendrite + d->g_leak;
    double next[160];

    for (size_t i = 0; i < n; i++) {
        double sum = 0.0;
        for (size_t j = 0; j < 2 * n; j++)
            sum += s->w[i * 2 * n + j] * s->f[j];
        s->i[i] += d->dt / d->tau_s * (-s->i[i] + sum + d->inhibition);
        s->v[i] += d->dt / d->tau_l * (-s->v[i] + s->i[i]);
    }
    for (size_t j = 0; j < 2 * n; j++) {
        s->q[j] += d->dt / d->tau_s * (s->f[j] - s->q[j]);
        s->p[j] += d->dt / d->tau_l * (s->q[j] - s->p[j]);
    }
    for (size_t i = 0; i < n; i++) {
        const double x = sin(0.5 * (BN_TWO_PI * (double)(i / 2) / (double)(n / 2) - in->heading));
        const double r = in->light ? d->cue * exp(-x * x / (2 * d->cue_width * d->cue_width)) - 1
                                   : 0.0;
        s->h[i] += d->dt / d->tau_r * (s->f[n + i] - s->h[i]);
        next[i] = rate_of(d, d->hr_weight / d->rate_max * s->h[i] + d->inhibition_hr
                          + (i % 2 == 0 ? 1 : -1) * d->hr_velocity * in->velocity);
        s->u[i] += d->dt * (-d->g_leak * s->u[i] + d->g_dendrite * (s->v[i] - s->u[i]) + r);
        next[n + i] = rate_of(d, s->u[i]);
    }
    for (size_t i = 0; i < n; i++) {
        const double error = next[n + i] - rate_of(d, s->v[i] * d->g_dendrite / g);
        for (size_t j = 0; j < 2 * n; j++) {
            double *e = &s->d[i * 2 * n + j];
            *e += d->dt / d->tau_d * (error * s->p[j] - *e);
            s->w[i * 2 * n + j] += d->dt * d->eta * *e;
        }
    }
    memcpy(s->f, next, 2 * n * sizeof *next);
}

/* Sizes around the tiles of 32 neurons and the registers.  Any term, sign, index or order
 * that differs would show, since rounding alone is allowed.                  */
static void learning_obeys_the_equations(void **state)
{
    (void)state;
    static const size_t sizes[] = { 4, 30, 32, 34, 60, 66 };
    enum { STEPS = 400 };

    for (size_t c = 0; c < BN_LEN(sizes); c++) {
        const size_t n = sizes[c];
        struct bn_dendrite d = published(n);
        struct bn_mat w = random_weights(n, 3.0);
        struct plain s = { .n = n };
        s.w = calloc(2 * n * 2 * n, sizeof(double));
        assert_non_null(s.w);
        s.d = s.w + 2 * n * n;
        memcpy(s.w, w.data, 2 * n * n * sizeof(double));
        for (size_t j = 0; j < 2 * n; j++)
            s.f[j] = rate_of(&d, 0.0);
        d.eta = 5.0;
        struct pupil p = enrol(&d, w);
        for (size_t k = 0; k < STEPS; k++) {
            const double now = (double)k;
            const struct bn_dendrite_input in = { 0.02 * now, 100.0 + now, k % 90 < 60 };
            plain_step(&s, &d, &in);
            teach(&p, &d, 1, in);
        }
        for (size_t k = 0; k < 2 * n * n; k++)
            assert_close(p.weights.data[k], s.w[k], 1e-10, 1e-10);
        for (size_t j = 0; j < 2 * n; j++) {
            assert_close(p.state.rate.data[j], s.f[j], 1e-9, 0);
            assert_close(p.memory.potential[j], s.p[j], 1e-9, 0);
        }
        leave(&p);
        free(s.w);
    }
}

/* dW/dt = eta (F(u) - F(V_ss)) p^T in a steady state, W = 0 and hardly changed: per ms, not
 * per step, and not with the slope of F.                                     */
static void weights_grow_at_the_rate_of_the_rule(void **state)
{
    (void)state;
    enum { N = 12 };
    for (int fine = 0; fine < 2; fine++) {
        struct bn_dendrite d = published(N);
        d.eta = 1e-9;
        d.dt = fine ? 0.25 : 0.5;
        const struct bn_dendrite_input in = { .heading = 0.3, .velocity = 300, .light = true };
        struct pupil p = enrol(&d, random_weights(N, 0.0));
        teach(&p, &d, (size_t)(4000 / d.dt), in);
        double before[N * 2 * N];
        memcpy(before, p.weights.data, sizeof before);
        teach(&p, &d, (size_t)(1000 / d.dt), in);
        for (size_t i = 0; i < N; i++) {
            const double s = sin(0.5 * (BN_TWO_PI * (double)(i / 2) / (N / 2) - 0.3));
            const double r = 4.0 * exp(-s * s / (2 * 0.15 * 0.15)) - 1.0;
            const double error = rate_of(&d, (-2.0 + r) / 3.0) - rate_of(&d, -2.0 / 3.0);
            for (size_t j = 0; j < 2 * N; j++)
                assert_close(p.weights.data[i * 2 * N + j] - before[i * 2 * N + j],
                             1000.0 * d.eta * error * p.state.rate.data[j], 1e-5, 0);
        }
        leave(&p);
    }
}

/* In a light that never moves the error of a cell is F(V_ss + r/g) - F(V_ss), which no V_ss
 * makes 0: both saturate.  There |error| = A e^-b|V_ss - x0| and d V_ss/dt = c error with
 * c = eta g_D/g |p|^2, so 1/|error| grows by b c per ms, for every cell alike, whatever its
 * r.  A rule with decay would stop; one with the slope of F would slow down. */
static void the_error_of_a_steady_light_falls_as_1_over_time(void **state)
{
    (void)state;
    enum { N = 8 };
    struct bn_dendrite d = published(N);
    const struct bn_dendrite_input in = { .heading = 0.0, .velocity = 0, .light = true };
    struct pupil p = enrol(&d, random_weights(N, 0.0));
    double inverse[2][N], square = 0.0;

    d.eta = 40.0;
    for (int later = 0; later < 2; later++) {
        teach(&p, &d, 1000000, in);
        for (size_t i = 0; i < N; i++)
            inverse[later][i] = 1.0 / fabs(p.state.rate.data[N + i]
                                           - rate_of(&d, p.state.dendrite.data[i] * 2.0 / 3.0));
    }
    for (size_t j = 0; j < 2 * N; j++)
        square += p.memory.potential[j] * p.memory.potential[j];
    const double want = d.slope * d.eta * 2.0 / 3.0 * square;
    for (size_t i = 0; i < N; i++)
        assert_close((inverse[1][i] - inverse[0][i]) / (1000000 * d.dt), want, 1e-3, 0);
    leave(&p);
}

/* The rule stops where its error is 0: in the dark a soma comes to rest at what its dendrite
 * predicts, whatever the weights, and these stay although all cells fire; the transient
 * before did change them.  Hebb's rule, or g_D/g_L in place of g_D/(g_D + g_L) in the
 * prediction, would go on.                                                   */
static void nothing_is_learned_where_nothing_is_seen(void **state)
{
    (void)state;
    enum { N = 12 };
    struct bn_dendrite d = published(N);
    double first[N * 2 * N], rest[N * 2 * N], moved = 0.0;
    d.eta = 5.0;
    d.inhibition = 1.5;
    struct pupil p = enrol(&d, random_weights(N, 1.0));
    memcpy(first, p.weights.data, sizeof first);
    teach(&p, &d, 10000, (struct bn_dendrite_input){ .velocity = 200 });
    memcpy(rest, p.weights.data, sizeof rest);
    teach(&p, &d, 10000, (struct bn_dendrite_input){ .velocity = 200 });
    for (size_t k = 0; k < N * 2 * N; k++) {
        assert_close(p.weights.data[k], rest[k], 0, 1e-11);
        moved = fmax(moved, fabs(rest[k] - first[k]));
    }
    assert_true(moved > 1e-4);
    assert_true(p.state.rate.data[N] > 0.03);
    leave(&p);
}

/* --- symmetries: what is right for one direction is right for all --------------------- */

/* Cell `i` of the ring turned by `by` directions, or seen in a mirror. */
static size_t image(size_t i, size_t n, size_t by, bool mirror)
{
    const size_t m = n / 2, k = i / 2;
    return mirror ? 2 * ((m - k) % m) + 1 - i % 2 : 2 * ((k + by) % m) + i % 2;
}

static struct bn_mat image_of(const struct bn_mat *w, size_t by, bool mirror)
{
    const size_t n = w->rows;
    struct bn_mat v;
    assert_ok(bn_mat_alloc(&v, n, 2 * n));
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < 2 * n; j++)
            *bn_mat_at(&v, image(i, n, by, mirror), j / n * n + image(j % n, n, by, mirror))
                = *bn_mat_at(w, i, j);
    return v;
}

static void learn_along(struct pupil *p, const struct bn_dendrite *d, double turn, double sign)
{
    enum { STEPS = 6000 };
    struct bn_dendrite_input *in = calloc(STEPS, sizeof *in);
    double heading = 0.4;
    assert_non_null(in);
    for (size_t k = 0; k < STEPS; k++) {
        const double v = 300.0 * sin(0.002 * (double)k) + 60.0;
        in[k] = (struct bn_dendrite_input){ sign * heading + turn, sign * v, k % 500 < 400 };
        heading += 1e-3 * d->dt * v * BN_TWO_PI / 360;
    }
    assert_ok(bn_dendrite_learn(d, &p->memory, &p->state, 0, STEPS, in, rng, &p->error));
    bn_dendrite_weights(&p->memory, &p->weights);
    free(in);
}

/* A turned world makes turned weights, a mirrored one (-theta, -v, wings exchanged)
 * mirrored weights: so symmetric velocities are learned without a bias.  A wing with the
 * wrong sign or a direction off by one breaks it.                            */
static void turned_and_mirrored_worlds(void **state)
{
    (void)state;
    enum { N = 20 };
    struct bn_dendrite d = published(N);
    const struct bn_mat first = random_weights(N, 1.0);

    d.eta = 5.0;
    for (int mirror = 0; mirror < 2; mirror++) {
        struct bn_mat w;
        assert_ok(bn_mat_alloc(&w, N, 2 * N));
        memcpy(w.data, first.data, N * 2 * N * sizeof(double));
        struct pupil a = enrol(&d, w);
        struct pupil b = enrol(&d, image_of(&first, 3, mirror));
        learn_along(&a, &d, 0.0, 1.0);
        learn_along(&b, &d, mirror ? 0.0 : 3 * BN_TWO_PI / 10, mirror ? -1.0 : 1.0);
        struct bn_mat want = image_of(&a.weights, 3, mirror);
        double moved = 0.0;
        for (size_t k = 0; k < N * 2 * N; k++) {
            assert_close(b.weights.data[k], want.data[k], 0, 1e-8);
            moved = fmax(moved, fabs(a.weights.data[k] - first.data[k]));
        }
        assert_true(moved > 0.01);
        bn_mat_free(&want);
        leave(&a);
        leave(&b);
    }
    bn_mat_free((struct bn_mat *)&first);
}

/* --- many trials ------------------------------------------------------------------------ */

struct seen {
    struct bn_mat last;                  /* [T, n] */
    size_t calls[64];
};

static void course(void *context, size_t t, size_t k, struct bn_dendrite_input *in)
{
    (void)context;
    *in = (struct bn_dendrite_input){ 0.7 * (double)t + 1e-3 * (double)k, 20.0 * (double)t,
                                      k < 600 };
}

static bn_status watch(void *context, size_t first, size_t save, const struct bn_mat *rate)
{
    struct seen *s = context;
    assert_true(save < 64);
    for (size_t t = 0; t < rate->rows; t++)
        memcpy(bn_mat_row(&s->last, first + t), bn_mat_row(rate, t),
               rate->cols * sizeof(double));
    if (first == 0)
        s->calls[save]++;
    return BN_OK;
}

/* Trials that do not learn are, bit by bit, the network that learns with eta = 0, with noise,
 * too; however many run beside, in parts, and on how many threads; and eta = 0 leaves every
 * bit of W.                                                                  */
static void trials_are_networks_that_do_not_learn(void **state)
{
    (void)state;
    enum { N = 30, T = 35, STEPS = 1000 };
    struct bn_dendrite d = published(N);
    struct bn_mat w = random_weights(N, 2.0);
    struct bn_dendrite_state all, parts;
    struct seen seen = { { 0 }, { 0 } };
    const struct bn_dendrite_trials trials = { .network = &d, .weights = &w, .rng = rng,
        .every = 20, .course = course, .watch = watch, .context = &seen };

    d.eta = 0.0;
    d.noise = 0.3;
    assert_ok(bn_mat_alloc(&seen.last, T, N));
    assert_ok(bn_dendrite_start(&all, &d, T));
    assert_ok(bn_dendrite_start(&parts, &d, T));
    assert_ok(bn_dendrite_run(&trials, &all, 0, STEPS));
    for (size_t k = 0; k < 64; k++)
        assert_int_equal(seen.calls[k], k <= STEPS / 20);
    bn_threads_set(1);
    assert_ok(bn_dendrite_run(&trials, &parts, 0, 333));
    assert_ok(bn_dendrite_run(&trials, &parts, 333, STEPS));
    bn_threads_set(0);
    assert_memory_equal(all.rate.data, parts.rate.data, T * 2 * N * sizeof(double));
    for (size_t i = 0; i < T * N; i++)
        assert_true(seen.last.data[i] == all.rate.data[i / N * 2 * N + N + i % N]);

    struct bn_mat copy;
    assert_ok(bn_mat_alloc(&copy, N, 2 * N));
    memcpy(copy.data, w.data, N * 2 * N * sizeof(double));
    struct pupil p = enrol(&d, copy);
    for (size_t k = 0; k < STEPS; k++) {
        struct bn_dendrite_input in;
        course(NULL, 0, k, &in);
        teach(&p, &d, 1, in);
    }
    assert_memory_equal(p.state.rate.data, all.rate.data, 2 * N * sizeof(double));
    assert_memory_equal(p.state.soma.data, all.soma.data, N * sizeof(double));
    assert_memory_equal(p.weights.data, w.data, N * 2 * N * sizeof(double));
    leave(&p);
    bn_dendrite_free(&all);
    bn_dendrite_free(&parts);
    bn_mat_free(&w);
    bn_mat_free(&seen.last);
}

/* A step of share s with noise sd in what it goes to keeps variance sd^2 s/(2 - s).  Noise
 * scaled by sqrt(dt), or one draw for soma, dendrite and HR cell, would show. */
static void noise_has_its_variance(void **state)
{
    (void)state;
    enum { N = 40, T = 200 };
    struct bn_dendrite d = published(N);
    struct bn_mat w = random_weights(N, 0.0);
    struct bn_dendrite_state s;
    const struct bn_dendrite_trials trials = { .network = &d, .weights = &w, .rng = rng,
                                               .every = 1000, .course = course };
    double sum[3] = { 0 }, square[3] = { 0 }, cross[3] = { 0 };

    d.noise = 0.8;
    d.g_dendrite = 1e-12;                /* the soma is alone */
    d.hr_weight = 0.0;
    d.hr_velocity = 0.0;
    assert_ok(bn_dendrite_start(&s, &d, T));
    assert_ok(bn_dendrite_run(&trials, &s, 0, 2000));
    for (size_t t = 0; t < T; t++)
        for (size_t i = 0; i < N; i++) {
            const double f = *bn_mat_at(&s.rate, t, i) / d.rate_max;
            const double x[3] = { *bn_mat_at(&s.current, t, i) - d.inhibition,
                *bn_mat_at(&s.soma, t, i),
                log(f / (1 - f)) / d.slope + d.half - d.inhibition_hr };
            for (size_t k = 0; k < 3; k++) {
                sum[k] += x[k] / (T * N);
                square[k] += x[k] * x[k] / (T * N);
                cross[k] += x[k] * x[(k + 1) % 3] / (T * N);
            }
        }
    const double share[3] = { d.dt / d.tau_s, d.dt * d.g_leak, 1.0 };
    for (size_t k = 0; k < 3; k++) {
        const double variance = 0.64 * share[k] / (2.0 - share[k]);
        const double other = 0.64 * share[(k + 1) % 3] / (2.0 - share[(k + 1) % 3]);
        assert_close(sum[k], 0, 0, 5 * sqrt(variance / (T * N)));
        assert_close(square[k], variance, 5 * sqrt(2.0 / (T * N)), 0);
        assert_close(cross[k], 0, 0, 5 * sqrt(variance * other / (T * N)));
    }
    bn_dendrite_free(&s);
    bn_mat_free(&w);
}

static void refusals(void **state)
{
    (void)state;
    struct bn_dendrite d = published(20);
    struct bn_dendrite_state s;
    struct bn_dendrite_memory m;
    struct bn_mat w = random_weights(18, 1.0);

    assert_fails(bn_dendrite_memory(&m, &d, &w), BN_INPUT);
    assert_says(bn_error(), "weights are 18 x 36, but 20 HD cells hear 40 HR and HD cells");
    d.neurons = 21;
    assert_fails(bn_dendrite_start(&s, &d, 1), BN_USAGE);
    assert_says(bn_error(), "neurons = 21");
    d = published(20);
    d.dt = 0.67;
    assert_fails(bn_dendrite_check(&d), BN_USAGE);
    assert_says(bn_error(), "dt = 0.67 ms, but Euler steps of the soma grow from 2/(g_dendrite + "
                            "g_leak) = 0.666667 ms on");
    d.dt = 0.66;
    assert_ok(bn_dendrite_check(&d));
    d.tau_l = 0.5;
    assert_fails(bn_dendrite_check(&d), BN_USAGE);
    assert_says(bn_error(), "dt = 0.66 ms is longer than tau_dendrite = 0.5 ms");
    d = published(20);
    d.tau_d = 0.0;                       /* no eligibility */
    assert_ok(bn_dendrite_check(&d));
    bn_mat_free(&w);
}

static void out_of_memory(void **state)
{
    (void)state;
    const struct bn_dendrite d = published(20);
    struct bn_mat w = random_weights(20, 1.0);
    bn_status rc = BN_NOMEM;

    bn_threads_set(1);
    for (long n = 0; rc == BN_NOMEM; n++) {
        struct bn_dendrite_memory m;
        struct bn_dendrite_state s;
        const struct bn_dendrite_input in = { .light = true };
        const struct bn_dendrite_trials trials = { .network = &d, .weights = &w, .rng = rng,
                                                   .every = 1, .course = course };
        double error = 0.0;
        bn_alloc_fail_after(n);
        rc = bn_dendrite_start(&s, &d, 1);
        if (rc == BN_OK)
            rc = bn_dendrite_run(&trials, &s, 0, 2);
        if (rc == BN_OK && (rc = bn_dendrite_memory(&m, &d, &w)) == BN_OK) {
            rc = bn_dendrite_learn(&d, &m, &s, 0, 1, &in, rng, &error);
            bn_dendrite_forget(&m);
        }
        bn_alloc_fail_after(-1);
        bn_dendrite_free(&s);
        assert_true(n < 100);
    }
    assert_int_equal(rc, BN_OK);
    bn_threads_set(0);
    bn_mat_free(&w);
}

/* Weights that are not finite are told, by those who learn and those who do not. */
static void what_is_not_finite(void **state)
{
    (void)state;
    const struct bn_dendrite d = published(20);
    struct bn_mat w = random_weights(20, 1.0);
    struct bn_dendrite_state s;
    const struct bn_dendrite_trials trials = { .network = &d, .weights = &w, .rng = rng,
                                               .every = 4, .course = course };
    const struct bn_dendrite_input in[3] = { { 0.0, 0.0, false } };
    double error = 0.0;

    w.data[7] = NAN;
    struct pupil p = enrol(&d, w);
    assert_ok(bn_dendrite_start(&s, &d, 1));
    assert_fails(bn_dendrite_run(&trials, &s, 0, 8), BN_NUMERIC);
    assert_says(bn_error(), "a rate of trials 0 to 0 is not finite after 0.002 s");
    assert_fails(bn_dendrite_learn(&d, &p.memory, &p.state, 0, 3, in, rng, &error), BN_NUMERIC);
    assert_says(bn_error(), "the weights diverged before 0.0015 s with eta = 0.05");
    bn_dendrite_free(&s);
    leave(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(filters_are_exponentials),
        cmocka_unit_test(potentials_and_rates_at_rest),
        cmocka_unit_test(hr_cells_have_their_gain),
        cmocka_unit_test(learning_obeys_the_equations),
        cmocka_unit_test(weights_grow_at_the_rate_of_the_rule),
        cmocka_unit_test(the_error_of_a_steady_light_falls_as_1_over_time),
        cmocka_unit_test(nothing_is_learned_where_nothing_is_seen),
        cmocka_unit_test(turned_and_mirrored_worlds),
        cmocka_unit_test(trials_are_networks_that_do_not_learn),
        cmocka_unit_test(noise_has_its_variance),
        cmocka_unit_test(refusals),
        cmocka_unit_test(out_of_memory),
        cmocka_unit_test(what_is_not_finite),
    };
    return cmocka_run_group_tests_name("dendrite", tests, NULL, NULL);
}
