/* SPDX-License-Identifier: MIT
 * Learning, one presentation after another.
 *   step     the last update and this product in one pass over a dense J of 4,000 neurons,
 *            beside dgemv + dger and beside the bandwidth of an update in place
 *   engines  presentations of the delta rule: the span engine beside that step, which is what
 *            the dense engine takes when presentations must wait for each other, and beside
 *            the dense engine under the full clamp, where 64 pass over rows in cache
 *   learning 1,000 neurons with the engine that is chosen, beside NumPy             */
#include "bench.h"

#include <basin/fourier.h>
#include <basin/fused.h>
#include <basin/gp.h>
#include <basin/learner.h>

#include <cblas.h>

enum { ROUNDS = 9, REPEAT = 4 };

#if defined(__x86_64__)
#define BITS 512
#include "../lib/registers.h"
TARGET static void scale_512(double *w, size_t n, double a)
{
    for (size_t k = 0; k < n; k += LANES)
        STORE(w + k, LOAD(w + k) * SET(a));
}

#undef BITS
#define BITS 256
#include "../lib/registers.h"
TARGET static void scale_256(double *w, size_t n, double a)
{
    for (size_t k = 0; k < n; k += LANES)
        STORE(w + k, LOAD(w + k) * SET(a));
}
#undef BITS
#endif
#define BITS 64
#include "../lib/registers.h"

/* An update in place with nothing else to do: one read and one write of each number. */
static void in_place(double *w, size_t n, double a)
{
#if defined(__x86_64__)
    if (registers_have(512)) {
        scale_512(w, n, a);
        return;
    }
    if (registers_have(256)) {
        scale_256(w, n, a);
        return;
    }
#endif
    for (size_t k = 0; k < n; k++)
        w[k] *= a;
}

/* --- one step ---------------------------------------------------------------------- */

struct step {
    size_t n;
    double *w, *f, *g, *q, *out;
};

static void fused(const struct step *s)
{
    const struct bn_fused u = { .stride = s->n, .n_add = 1, .f = { s->f }, .g = { s->g },
                                .q = s->q, .hollow = true };
    bn_fused_pass(&u, s->n, s->w, s->out);
}

static void apart(const struct step *s)
{
    const int n = (int)s->n;
    cblas_dger(CblasRowMajor, n, n, 1.0, s->f, 1, s->g, 1, s->w, n);
    cblas_dgemv(CblasRowMajor, CblasNoTrans, n, n, 1.0, s->w, n, s->q, 1, 0.0, s->out, 1);
}

static void bandwidth(const struct step *s)
{
    in_place(s->w, s->n * s->n, 1.0 + 1e-15);
}

static double *numbers(size_t n, uint64_t unit, double size)
{
    double *x = aligned_alloc(64, n * sizeof *x);
    if (x == NULL)
        bench_stop("memory");
    bn_rng_normals((struct bn_rng){ .seed = 3 }, unit, 0, x, n);
    for (size_t k = 0; k < n; k++)
        x[k] *= size;
    return x;
}

/* Processor time: all in this process on one thread, where others may be waiting for it. */
static double processor(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static double once(void (*work)(const struct step *), const struct step *s)
{
    const double start = processor();
    for (int k = 0; k < REPEAT; k++)
        work(s);
    return (processor() - start) / REPEAT;
}

static void line(const char *what, const char *peer, double ours, double *theirs, double *ratio,
                 double target)
{
    const double median = bench_median(ratio, ROUNDS);
    printf("%-9s 1  %-24s %9.2f %9.2f  %6.2f  (%.2f .. %.2f)", what, peer, 1e3 * ours,
           1e3 * bench_median(theirs, ROUNDS), median, ratio[0], ratio[ROUNDS - 1]);
    if (target > 0.0)
        printf("  target %.2f %s", target, median >= target ? "met" : "MISSED");
    printf("\n");
    fflush(stdout);
}

static struct step step_of(size_t n)
{
    return (struct step){ n, numbers(n * n, 1, 1e-2), numbers(n, 2, 1e-6), numbers(n, 3, 1.0),
                          numbers(n, 4, 1.0), numbers(n, 5, 1.0) };
}

static void one_step(const struct step *s)
{
    void (*const peers[])(const struct step *) = { apart, bandwidth };
    double ours[ROUNDS], theirs[2][ROUNDS], ratio[2][ROUNDS];

    once(fused, s);
    for (size_t r = 0; r < ROUNDS; r++) {
        ours[r] = once(fused, s);
        for (size_t k = 0; k < 2; k++) {
            theirs[k][r] = once(peers[k], s);
            ratio[k][r] = theirs[k][r] / ours[r];
        }
    }
    const double t = bench_median(ours, ROUNDS), bytes = 16.0 * (double)(s->n * s->n);
    line("step", "dgemv + dger", t, theirs[0], ratio[0], 1.35);
    line("step", "update in place", t, theirs[1], ratio[1], 0.8);
    printf("          %zu neurons: %.1f GB/s read and written of the %.1f of an update in "
           "place\n", s->n, 1e-9 * bytes / t, 1e-9 * bytes / bench_median(theirs[1], ROUNDS));
}

/* --- presentations ----------------------------------------------------------------- */

struct targets {
    struct bn_mat x, phi;
};

static struct targets targets_of(size_t n, size_t m)
{
    const double sigma = 1.4211;
    const struct bn_transfer f = { BN_TRANSFER_ERF, 2.7659, 0.0 };
    struct bn_mat curves, rate;
    struct targets t;

    BENCH_TRY(bn_mat_alloc(&t.x, n, 2 * bn_gp_harmonics(sigma) + 1));
    BENCH_TRY(bn_mat_alloc(&t.phi, n, m - (m % 2 == 0)));
    BENCH_TRY(bn_mat_alloc(&curves, n, m));
    BENCH_TRY(bn_mat_alloc(&rate, n, m));
    BENCH_TRY(bn_gp_sample(sigma, (struct bn_rng){ .seed = 1 }, 0, &t.x));
    BENCH_TRY(bn_fourier_inverse(&t.x, &curves));
    bn_transfer_rate(&f, n * m, curves.data, rate.data);
    BENCH_TRY(bn_fourier(&rate, &t.phi));
    bn_mat_free(&curves);
    bn_mat_free(&rate);
    return t;
}

struct course {
    bn_learner *l;
    size_t n;
    uint64_t at;
    double *theta;
};

static void present(void *context)
{
    struct course *c = context;
    BENCH_TRY(bn_learner_run(c->l, c->at, c->n, c->theta, NULL));
    c->at += c->n;
}

static struct course course_of(const struct targets *t, enum bn_engine engine, size_t n)
{
    const double trace = bn_mat_norm(&t->phi) * bn_mat_norm(&t->phi);
    struct bn_learner_spec s = {
        .x = &t->x, .phi = &t->phi, .transfer = { BN_TRANSFER_ERF, 2.7659, 0.0 },
        .eta = 0.1 / trace, .decay = 1e-3, .modifiers = bn_modifiers_none, .tau = 0.05,
        .dt = 0.005, .engine = engine,
    };
    struct course c = { .n = n, .theta = numbers(n, 9, 3.0) };

    BENCH_TRY(bn_rule_read("delta", BN_SIGNAL_AUTO, &s.rule));
    BENCH_TRY(bn_learner_open(&s, &c.l));
    return c;
}

static double timed(struct course *c)
{
    const double start = processor();
    present(c);
    return (processor() - start) / (double)c->n;
}

static void engines(const struct step *step, size_t m)
{
    const size_t n = step->n;
    const struct targets t = targets_of(n, m);
    struct course span = course_of(&t, BN_ENGINE_SPAN, 640);
    struct course dense = course_of(&t, BN_ENGINE_DENSE, 64);
    double ours[ROUNDS], theirs[ROUNDS], ratio[ROUNDS], gain[ROUNDS], alone[ROUNDS];
    double steps[ROUNDS];

    bn_threads_set(1);
    timed(&span);
    timed(&dense);
    for (size_t r = 0; r < ROUNDS; r++) {
        ours[r] = timed(&span);
        theirs[r] = timed(&dense);
        ratio[r] = theirs[r] / ours[r];
        steps[r] = once(fused, step);
        alone[r] = steps[r] / ours[r];
        gain[r] = steps[r] / theirs[r];
    }
    line("span", "dense, one by one", bench_median(ours, ROUNDS), steps, alone, 10.0);
    line("span", "dense, 64 together", bench_median(ours, ROUNDS), theirs, ratio, 0.0);
    line("dense", "dense, one by one", bench_median(theirs, ROUNDS), steps, gain, 0.0);
    struct bn_learned a, b;
    struct course again = course_of(&t, BN_ENGINE_SPAN, 64);
    struct course twice = course_of(&t, BN_ENGINE_DENSE, 64);
    present(&again);
    present(&twice);
    BENCH_TRY(bn_learner_dense(again.l, &a));
    BENCH_TRY(bn_learner_dense(twice.l, &b));
    printf("          %zu neurons, %zu coefficients: relative difference of J after 64 "
           "presentations %.1e\n", n, t.phi.cols, bench_difference(&a.dense, &b.dense));
    bn_learned_free(&a);
    bn_learned_free(&b);
    struct course *all[] = { &span, &dense, &again, &twice };
    for (size_t k = 0; k < BN_LEN(all); k++) {
        bn_learner_close(all[k]->l);
        free(all[k]->theta);
    }
    bn_mat_free((struct bn_mat *)&t.x);
    bn_mat_free((struct bn_mat *)&t.phi);
}

/* --- beside NumPy ------------------------------------------------------------------- */

static void beside_numpy(const char *folder, unsigned threads)
{
    enum { N = 1000, M = 200, SOME = 200 };
    struct targets t = targets_of(N, M);
    struct course c = course_of(&t, BN_ENGINE_AUTO, SOME);
    const struct bn_mat theta = { 1, SOME, c.theta };
    struct bn_learned w;
    struct bn_mat j;

    bench_give(folder, "x", &t.x);
    bench_give(folder, "phi", &t.phi);
    bench_give(folder, "theta", &theta);
    struct bench_peer peer = bench_peer_start("bench/peer_learning.py", folder, threads);
    struct course first = course_of(&t, BN_ENGINE_AUTO, SOME);
    present(&first);
    BENCH_TRY(bn_learner_dense(first.l, &w));
    BENCH_TRY(bn_mat_alloc(&j, N, N));
    bench_ask(&peer, "loop", 1);
    bench_ask(&peer, "save", 1);
    bench_take(folder, "j", &j);
    const struct bench_line b = {
        .what = "learning", .threads = threads, .rounds = ROUNDS, .repeat = 1, .ours = present,
        .context = &c, .peer = &peer,
        .peers = { { "loop", "NumPy, outer", 5.0 }, { "blas", "SciPy, dgemv + dger", 5.0 } },
    };
    bench_compare(&b);
    printf("          %d presentations, %d neurons, engine %s: relative difference of J %.1e\n",
           SOME, N, bn_learner_engine(c.l) == BN_ENGINE_SPAN ? "span" : "dense",
           bench_difference(&w.dense, &j));
    bench_peer_end(&peer);
    bn_learned_free(&w);
    bn_mat_free(&j);
    bn_mat_free(&t.x);
    bn_mat_free(&t.phi);
    bn_learner_close(c.l);
    bn_learner_close(first.l);
    free(c.theta);
    free(first.theta);
}

int main(void)
{
    char folder[64];

    bn_threads_set(1);
    bench_header();
    struct step step = step_of(4000);
    one_step(&step);
    engines(&step, 200);
    double *const all[] = { step.w, step.f, step.g, step.q, step.out };
    for (size_t k = 0; k < BN_LEN(all); k++)
        free(all[k]);
    bench_folder(folder);
    for (unsigned threads = 1; threads <= 2; threads++)
        beside_numpy(folder, threads);
    bench_folder_remove(folder, (const char *const[]){ "x", "phi", "theta", "j", NULL });
    return 0;
}
