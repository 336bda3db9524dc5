/* SPDX-License-Identifier: MIT
 * Weights learned online against what theory says they become: means over many short runs,
 * fixed points of long ones, stability, noise as ridge, learning times, velocity weights,
 * and the reference network R0.  BASIN_SLOW=1 adds the long runs.                 */
#include "fixed_points.h"
#include "reference.h"

#include <basin/averaged.h>
#include <basin/course.h>
#include <basin/decode.h>
#include <basin/learned.h>
#include <basin/learner.h>
#include <basin/manifold.h>
#include <basin/network.h>
#include <basin/tile.h>

#include <stdio.h>

static bool slow(void)
{
    const char *s = getenv("BASIN_SLOW");
    return s != NULL && *s != '\0' && strcmp(s, "0") != 0;
}

static struct bn_learner_spec spec_of(const struct ring *r, const char *rule, double eta,
                                      double decay)
{
    struct bn_learner_spec s = {
        .x = &r->x, .phi = &r->phi, .transfer = r->transfer, .eta = eta, .decay = decay,
        .y0 = 0.7, .epsilon = 0.3, .modifiers = bn_modifiers_none, .tau = 0.05, .dt = 0.005,
    };
    assert_ok(bn_rule_read(rule, BN_SIGNAL_AUTO, &s.rule));
    return s;
}

/* The mean of what a learner does, and of a run of it. */
static struct bn_averaged_spec mean_of(const struct bn_learner_spec *s)
{
    return (struct bn_averaged_spec){
        .post = s->rule.post == BN_SIGNAL_RATE ? s->phi : s->x, .phi = s->phi,
        .rule = &s->rule, .eta = s->eta, .decay = s->decay, .y0 = s->y0,
        .epsilon = s->epsilon, .noise_rate = s->noise_rate,
        .share_mean = s->tau_mean > 0.0 ? -expm1(-s->dt / s->tau_mean) : 0.0,
        .share_trace = s->tau_trace > 0.0 ? -expm1(-s->dt / s->tau_trace) : 0.0,
    };
}

/* Presentations at independent angles; omega = speed times a random sign plus bias. */
struct shown {
    struct bn_rng rng;
    double speed, bias;
};

static void show(bn_learner *l, const struct shown *c, uint64_t first, size_t n)
{
    enum { BLOCK = 1000 };
    double theta[BLOCK], omega[BLOCK];

    for (uint64_t at = first; at < first + n; at += BLOCK) {
        const size_t now = first + n - at < BLOCK ? (size_t)(first + n - at) : BLOCK;
        bn_rng_uniforms(c->rng, 0, at, theta, now);
        bn_rng_uniforms(c->rng, 1, at, omega, now);
        for (size_t k = 0; k < now; k++) {
            theta[k] *= BN_TWO_PI;
            omega[k] = c->bias + (omega[k] < 0.5 ? -c->speed : c->speed);
        }
        assert_ok(bn_learner_run(l, at, now, theta, omega));
    }
}

static bn_learner *open_learner(const struct bn_learner_spec *s)
{
    bn_learner *l;
    assert_ok(bn_learner_open(s, &l));
    return l;
}

static struct bn_learned dense_of(const bn_learner *l)
{
    struct bn_learned w;
    assert_ok(bn_learner_dense(l, &w));
    return w;
}

/* --- the mean is exact ------------------------------------------------------------------ */

static const char *const linear_rules[] = {
    "hebb", "covariance", "oja", "oja-presynaptic", "bcm", "delta", "nlms",
    "temporal-difference", "bell",
};

/* 200 runs of 150 presentations that differ in their angles: the mean of each weight is what
 * the averaged engine says, to five standard errors of these runs.  For rules that are linear
 * in J it holds at any learning rate, so eta is large.  Means over 5 presentations waver; an
 * engine that takes them for constant is 10 % off for covariance, 15 standard errors.  */
static void mean_over_runs(void **state)
{
    (void)state;
    enum { N = 8, M = 64, RUNS = 200, STEPS = 150 };
    struct ring r = ring_make(N, M, 1.0, 1.5, 3);

    for (size_t k = 0; k < BN_LEN(linear_rules); k++) {
        const double eta = strcmp(linear_rules[k], "nlms") == 0 ? 0.8 : 0.05;
        struct bn_learner_spec s = spec_of(&r, linear_rules[k], eta, 0.3);
        struct bn_mat sum = mat_make(N, N), square = mat_make(N, N), want = mat_make(N, N);
        bn_averaged *a;

        s.tau_mean = 0.025;
        s.tau_trace = 0.01;
        for (uint64_t run = 0; run < RUNS; run++) {
            const struct shown c = { .rng = { .seed = 7, .replicate = run } };
            bn_learner *l = open_learner(&s);
            show(l, &c, 0, STEPS);
            struct bn_learned w = dense_of(l);
            for (size_t e = 0; e < N * N; e++) {
                sum.data[e] += w.dense.data[e] / RUNS;
                square.data[e] += w.dense.data[e] * w.dense.data[e] / RUNS;
            }
            bn_learned_free(&w);
            bn_learner_close(l);
        }
        const struct bn_averaged_spec mean = mean_of(&s);
        assert_ok(bn_averaged_new(&mean, &a));
        assert_ok(bn_averaged_dense(a, STEPS, &want));
        double worst = 0.0;
        for (size_t e = 0; e < N * N; e++) {
            const double var = (square.data[e] - sum.data[e] * sum.data[e]) / (RUNS - 1);
            if (e % (N + 1) != 0)
                worst = fmax(worst, fabs(sum.data[e] - want.data[e]) / sqrt(var));
        }
        if (worst > 5.0)
            fail_msg("%s: a mean is %.1f standard errors off", linear_rules[k], worst);
        bn_averaged_free(a);
        bn_mat_free(&sum), bn_mat_free(&square), bn_mat_free(&want);
    }
    ring_free(&r);
}

/* --- fixed points of one long run -------------------------------------------------------- */

/* What one presentation adds to J_ij at the fixed point has the variance v_ij; with a slow
 * decay r the weight is a sum of 1/(eta r) of them, and wavers by eta v/(2 r - eta r^2).
 * *reached: what share of the fixed point the mean has after n of them.           */
static double waver_of(const struct ring *r, const char *rule, const struct bn_mat *j,
                       const struct moments *m, double eta, double decay, double n, size_t i,
                       size_t k, double *reached)
{
    const bool bcm = strcmp(rule, "bcm") == 0, centred = strcmp(rule, "covariance") == 0;
    const bool oja = strcmp(rule, "oja") == 0, pre = strcmp(rule, "oja-presynaptic") == 0;
    const double rate = oja ? m->yy[i] : pre ? m->pp[k] : decay;
    double sum = 0.0, square = 0.0;

    for (size_t a = 0; a < r->m; a++) {
        const double p = *bn_mat_at(&r->rate, k, a);
        const double y = centred ? *bn_mat_at(&r->current, i, a) : *bn_mat_at(&r->rate, i, a);
        const double now = oja ? y * y : pre ? p * p : decay;
        const double z = (bcm ? y * (y - m->yy[i] / 0.7) : centred ? y - m->y[i] : y)
                         * (centred ? p - m->p[k] : p) - now * *bn_mat_at(j, i, k);
        sum += z / (double)r->m;
        square += z * z / (double)r->m;
    }
    *reached = 1.0 - pow(1.0 - eta * rate, n);
    return sqrt(eta * (square - sum * sum) * (1.0 - pow(1.0 - eta * rate, 2.0 * n))
                / (2.0 * rate - eta * rate * rate));
}

/* Hebb, covariance, both forms of Oja and BCM, after 40,000 presentations (20 times
 * 1/(eta decay); silent neurons are slower under Oja's rules): each weight within five of its
 * standard deviations of the closed form.                                         */
static void fixed_points(void **state)
{
    (void)state;
    enum { N = 24, M = 64 };
    const char *const rules[] = { "hebb", "covariance", "oja", "oja-presynaptic", "bcm" };

    for (uint64_t seed = 1; seed <= (slow() ? 4 : 1); seed++) {
        struct ring r = ring_make(N, M, 1.0, 1.5, seed);
        struct moments rates = moments_make(&r.rate, &r.rate, NULL);
        struct moments currents = moments_make(&r.current, &r.rate, NULL);
        for (size_t k = 0; k < BN_LEN(rules); k++) {
            const double eta = 1e-3, decay = 0.5;
            struct bn_learner_spec s = spec_of(&r, rules[k], eta, decay);
            const struct moments *m = strcmp(rules[k], "covariance") == 0 ? &currents : &rates;
            const struct shown c = { .rng = { .seed = seed, .stream = k } };
            struct bn_mat z = mat_copy(&r.rate);
            for (size_t e = 0; e < (size_t)N * M; e++)
                z.data[e] *= z.data[e] - rates.yy[e / M] / 0.7;
            struct moments bcm = moments_make(&z, &r.rate, NULL);
            struct bn_mat want = k == 0 ? fixed_diagonal(m, false, 1.0 / decay, NULL, NULL)
                : k == 1 ? fixed_diagonal(m, true, 1.0 / decay, NULL, NULL)
                : k == 2 ? fixed_diagonal(m, false, 1.0, m->yy, NULL)
                : k == 3 ? fixed_diagonal(m, false, 1.0, NULL, m->pp)
                         : fixed_diagonal(&bcm, false, 1.0 / decay, NULL, NULL);
            s.tau_mean = 500.0;          /* 100,000 presentations: averages stand still */
            bn_learner *l = open_learner(&s);
            show(l, &c, 0, 40000);
            struct bn_learned w = dense_of(l);
            double worst = 0.0;
            for (size_t i = 0; i < N; i++)
                for (size_t j = 0; j < N; j++) {
                    if (i == j)
                        continue;
                    double part;
                    const double sd = waver_of(&r, rules[k], &want, m, eta, decay, 4e4, i, j,
                                               &part);
                    const double d = (*bn_mat_at(&w.dense, i, j)
                                      - part * *bn_mat_at(&want, i, j)) / sd;
                    worst = fmax(worst, fabs(d));
                }
            if (worst > 5.0)
                fail_msg("%s: a weight is %.1f standard deviations off", rules[k], worst);
            bn_learned_free(&w);
            bn_learner_close(l);
            bn_mat_free(&want), bn_mat_free(&z);
            moments_free(&bcm);
        }
        moments_free(&rates), moments_free(&currents);
        ring_free(&r);
    }
}

/* Weights averaged over the presentations first .. first + n - 1, every `each`; and, with
 * error bars: the standard error of each from 20 parts of the run.                 */
static struct bn_mat average(bn_learner *l, const struct shown *c, uint64_t first, size_t n,
                             size_t each, struct bn_mat *error)
{
    enum { PARTS = 20 };
    const size_t size = bn_learner_size(l), most = n / each / PARTS;
    struct bn_mat sum = mat_make(size, size), part = mat_make(size, size);
    struct bn_mat square = mat_make(size, size);

    for (size_t t = 0; t < PARTS; t++) {
        memset(part.data, 0, size * size * sizeof(double));
        for (size_t k = 0; k < most; k++) {
            show(l, c, first, each);
            first += each;
            struct bn_learned w = dense_of(l);
            for (size_t e = 0; e < size * size; e++)
                part.data[e] += w.dense.data[e] / (double)most;
            bn_learned_free(&w);
        }
        for (size_t e = 0; e < size * size; e++) {
            sum.data[e] += part.data[e] / PARTS;
            square.data[e] += part.data[e] * part.data[e] / PARTS;
        }
    }
    for (size_t e = 0; error != NULL && e < size * size; e++)
        error->data[e] = sqrt(fmax(square.data[e] - sum.data[e] * sum.data[e], 0.0)
                              / (PARTS - 1));
    bn_mat_free(&part), bn_mat_free(&square);
    return sum;
}

/* Noise of standard deviation s on the rates, no decay: the mean is the ridge solution at
 * lambda = s^2, which decay s^2 without noise gives as well.  Without the ridge, or with s for
 * s^2, weights are tens of standard errors off.                                  */
static void noise_is_ridge(void **state)
{
    (void)state;
    enum { N = 10, M = 64 };
    const double sd = 0.45;
    struct ring r = ring_make(N, M, 1.0, 1.5, 5);
    struct moments m = moments_make(&r.current, &r.rate, NULL);
    struct bn_mat want = fixed_ridge(&m, sd * sd), none = fixed_ridge(&m, 0.0);

    for (unsigned how = 0; how < 2; how++) {
        struct bn_learner_spec s = spec_of(&r, "delta", 0.02, how == 0 ? 0.0 : sd * sd);
        const struct shown c = { .rng = { .seed = 3, .stream = how } };
        struct bn_mat error = mat_make(N, N);
        double worst = 0.0, other = 0.0;
        s.noise_rate = how == 0 ? sd : 0.0;
        s.rng.seed = 9;
        bn_learner *l = open_learner(&s);
        show(l, &c, 0, 4000);            /* 16 of the slowest time, 1/(eta s^2) */
        struct bn_mat j = average(l, &c, 4000, 100000, 100, &error);
        for (size_t e = 0; e < N * N; e++) {
            if (e % (N + 1) == 0)
                continue;
            worst = fmax(worst, fabs(j.data[e] - want.data[e]) / error.data[e]);
            other = fmax(other, fabs(j.data[e] - none.data[e]) / error.data[e]);
        }
        assert_true(worst < 5.0);
        assert_true(other > 20.0);
        bn_learner_close(l);
        bn_mat_free(&j), bn_mat_free(&error);
    }
    moments_free(&m);
    bn_mat_free(&want), bn_mat_free(&none);
    ring_free(&r);
}

/* --- rules that are not linear, or not local ---------------------------------------------- */

/* Rates of five harmonics, none small, among 40 neurons: delta, nlms and the dendritic rule all
 * end where the error is 0 at every angle, on the weights nearest to where they began; what J0
 * has outside the span of the rates stays, and anti-Hebb leaves nothing but that.  To
 * rounding: with no error nothing wavers.                                         */
static void without_error(void **state)
{
    (void)state;
    enum { N = 40, M = 64 };
    struct ring r = { .n = N, .m = M, .transfer = { BN_TRANSFER_LOGISTIC, 1.0, 0.0 },
                      .x = mat_random(N, 11, 1), .phi = mat_random(N, 11, 2) };
    const struct { const char *rule; double eta; } rows[] = {
        { "delta", 1e-3 }, { "nlms", 1.0 }, { "dendritic", 4e-3 }, { "anti-hebb", 1e-3 } };
    struct bn_mat j0 = mat_random(N, N, 3), zero = mat_make(N, 11), want = mat_make(N, N);
    struct bn_operator first;
    struct bn_rule delta;

    for (size_t e = 0; e < N * N; e++)
        j0.data[e] *= e % (N + 1) == 0 ? 0.0 : 0.1;
    for (size_t e = 0; e < N * 11; e++)
        r.x.data[e] *= 0.3;              /* where the logistic is not flat */
    assert_ok(bn_operator_dense(&first, &j0));
    assert_ok(bn_rule_read("delta", BN_SIGNAL_AUTO, &delta));
    for (size_t k = 0; k < BN_LEN(rows); k++) {
        struct bn_learner_spec s = spec_of(&r, rows[k].rule, rows[k].eta, 0.0);
        const struct bn_averaged_spec mean = {
            .post = k == 3 ? &zero : &r.x, .phi = &r.phi, .rule = &delta, .eta = 1e-3,
            .initial = &first };
        const struct shown c = { .rng = { .seed = 40, .stream = k } };
        bn_averaged *a;
        s.initial = &j0;
        bn_learner *l = open_learner(&s);
        show(l, &c, 0, 12000);
        struct bn_learned w = dense_of(l);
        assert_ok(bn_averaged_new(&mean, &a));
        assert_ok(bn_averaged_dense(a, INFINITY, &want));
        if (!(mat_apart(&w.dense, &want) < 1e-8))
            fail_msg("%s: %g", rows[k].rule, mat_apart(&w.dense, &want));
        bn_averaged_free(a);
        bn_learned_free(&w);
        bn_learner_close(l);
    }
    bn_mat_free(&j0), bn_mat_free(&zero), bn_mat_free(&want);
    bn_mat_free(&r.x), bn_mat_free(&r.phi);
}

/* Oja's neuron: row i becomes the unit eigenvector of <p p^T> without neuron i that has the
 * largest eigenvalue, up to sign, to the order of eta c_1.                         */
static void oja_free(void **state)
{
    (void)state;
    enum { N = 8, M = 64 };
    struct ring r = ring_make(N, M, 1.0, 1.5, 3);
    struct moments m = moments_make(&r.rate, &r.rate, NULL);
    struct bn_mat j0 = mat_random(N, N, 3);
    struct bn_learner_spec s = spec_of(&r, "oja-free", 2e-4, 0.0);
    const struct shown c = { .rng = { .seed = 41 } };
    double e[N];

    s.initial = &j0;
    bn_learner *l = open_learner(&s);
    show(l, &c, 0, 60000);
    struct bn_learned w = dense_of(l);
    for (size_t i = 0; i < N; i++) {
        struct bn_mat v = mat_copy(&m.c);
        const double *row = bn_mat_row(&w.dense, i);
        for (size_t k = 0; k < N; k++)
            *bn_mat_at(&v, i, k) = *bn_mat_at(&v, k, i) = 0.0;
        assert_ok(bn_eig_symmetric(&v, e));
        const double along = bn_dot(N, row, bn_mat_row(&v, N - 1));
        const double norm = bn_norm(N, row);
        assert_close(norm, 1.0, 0.0, s.eta * e[N - 1]);
        assert_close(along * along / norm / norm, 1.0, 0.0, s.eta * e[N - 1]);
        bn_mat_free(&v);
    }
    bn_learned_free(&w);
    bn_learner_close(l);
    bn_mat_free(&j0);
    moments_free(&m);
    ring_free(&r);
}

/* The subspace rules are not local.  Held: column j is the regression of p_j on the y of all
 * neurons but j, here y = p: the transpose of what delta finds.  Free: the eigenvalues of
 * J J^T are 0 or 1.                                                              */
static void subspace(void **state)
{
    (void)state;
    enum { N = 4, M = 64 };
    struct ring r = ring_make(N, M, 1.0, 1.5, 3);
    struct moments m = moments_make(&r.rate, &r.rate, NULL);
    struct bn_learner_spec s = spec_of(&r, "subspace-clamped", 0.05, 0.0);
    const struct shown c = { .rng = { .seed = 42 } };
    struct bn_mat error = mat_make(N, N), t = mat_make(N, N), j0 = mat_random(N, N, 3);
    double e[N], worst = 0.0;

    bn_learner *l = open_learner(&s);
    show(l, &c, 0, 10000);
    struct bn_mat j = average(l, &c, 10000, 200000, 100, &error), want = fixed_ridge(&m, 0.0);
    for (size_t i = 0; i < N; i++)
        for (size_t k = 0; k < N; k++)
            if (i != k)
                worst = fmax(worst, fabs(*bn_mat_at(&j, i, k) - *bn_mat_at(&want, k, i))
                                    / *bn_mat_at(&error, i, k));
    assert_true(worst < 5.0);
    assert_true(bn_mat_norm(&error) < 0.02 * bn_mat_norm(&want));
    bn_learner_close(l);

    s = spec_of(&r, "subspace", 0.002, 0.0);
    s.initial = &j0;
    l = open_learner(&s);
    show(l, &c, 0, 60000);
    struct bn_learned w = dense_of(l);
    assert_ok(bn_gram(1.0, &w.dense, BN_PLAIN, &t));
    assert_ok(bn_eig_symmetric(&t, e));
    for (size_t k = 0; k < N; k++)
        assert_true(fabs(e[k]) < 0.01 || fabs(e[k] - 1.0) < 0.01);
    assert_close(e[N - 1], 1.0, 0.01, 0.0);
    bn_learned_free(&w);
    bn_learner_close(l);
    bn_mat_free(&j), bn_mat_free(&want), bn_mat_free(&error), bn_mat_free(&t), bn_mat_free(&j0);
    moments_free(&m);
    ring_free(&r);
}

/* --- R0 ------------------------------------------------------------------------------ */

/* Delta with decay, lambda = 0.01, eta tr C = 0.2 and 1, weights averaged over the last half
 * of 40,000 presentations: the reference numbers are 0.4 % of the ridge weights and 5.5e-4
 * and 1.6e-3 on the manifold.  N = 128; 512 if slow.                              */
static void ridge_online(void **state)
{
    (void)state;
    const size_t n = slow() ? 512 : 128;
    const double lambda = 0.01, shares[2] = { 0.2, 1.0 };
    struct reference *ref = reference_r0(n, 2);
    const struct ring *r = &ref->ring;
    struct bn_mat offline = ring_weights(r, lambda / (double)n);
    struct bn_mat residual = mat_make(n, r->m);
    const double trace = pow(bn_mat_norm(&r->phi), 2.0);

    for (size_t k = 0; k < 2; k++) {
        const struct bn_learner_spec s = spec_of(r, "delta", shares[k] / trace, lambda);
        const struct shown c = { .rng = { .seed = 21, .stream = k } };
        bn_learner *l = open_learner(&s);
        assert_int_equal(bn_learner_engine(l), n > 254 ? BN_ENGINE_SPAN : BN_ENGINE_DENSE);
        show(l, &c, 0, 20000);
        struct bn_mat j = average(l, &c, 20000, 20000, 100, NULL);
        const double apart = mat_apart(&j, &offline);
        for (size_t e = 0; e < n * n; e++)
            j.data[e] -= offline.data[e];
        assert_ok(bn_gemm(1.0, &j, BN_PLAIN, &r->rate, BN_PLAIN, 0.0, &residual));
        const double on = bn_mat_norm(&residual) / bn_mat_norm(&r->current);
        assert_true(apart < 0.02);
        assert_true(on < 5e-3);
        bn_learner_close(l);
        bn_mat_free(&j);
    }
    bn_mat_free(&offline), bn_mat_free(&residual);
    reference_free(ref);
}

/* Just below 2/(3 tr C) the residual falls, just above 2/tr C the learner stops with both
 * bounds in its message.                                                          */
static void stability(void **state)
{
    (void)state;
    struct reference *ref = reference_r0(160, 6);
    const double factor[2] = { 0.98, 1.02 * 3.0 };
    struct bn_operator op;
    double safe, limit, start[40], power[40], first = 0.0;

    bn_learned_power(&ref->ring.x, start, 40);
    for (size_t h = 0; h < 40; h++)
        first += start[h];
    for (size_t k = 0; k < 2; k++) {
        struct bn_learner_spec s = spec_of(&ref->ring, "delta", 1e-3, 0.0);
        bn_learner *l = open_learner(&s);
        bn_learner_bounds(l, 0.0, &safe, &limit);
        assert_close(safe, 2.0 / 3.0 / pow(bn_mat_norm(&ref->ring.phi), 2.0), 1e-12, 0.0);
        assert_close(limit, 3.0 * safe, 1e-12, 0.0);
        bn_learner_close(l);
        s.eta = factor[k] * safe;
        l = open_learner(&s);
        double theta[4000];
        const struct bn_rng rng = { .seed = 4 };
        bn_rng_uniforms(rng, 0, 0, theta, 4000);
        for (size_t t = 0; t < 4000; t++)
            theta[t] *= BN_TWO_PI;
        bn_status rc = BN_OK;
        for (uint64_t round = 0; rc == BN_OK && round < 5; round++)
            rc = bn_learner_run(l, 4000 * round, 4000, theta, NULL);
        if (k == 1) {
            char bound[32];
            assert_int_equal(rc, BN_NUMERIC);
            snprintf(bound, sizeof bound, "%.3g", safe);
            assert_says(bn_error(), bound);
            snprintf(bound, sizeof bound, "%.3g", limit);
            assert_says(bn_error(), bound);
        } else {
            double sum = 0.0;
            assert_ok(rc);
            struct bn_learned w = dense_of(l);
            assert_ok(bn_operator_dense(&op, &w.dense));
            assert_ok(bn_learned_residual(&op, &ref->ring.x, &ref->ring.phi, power, 40));
            for (size_t h = 0; h < 40; h++)
                sum += power[h];
            assert_true(sqrt(sum / first) < 0.05);
            bn_learned_free(&w);
        }
        bn_learner_close(l);
    }
    reference_free(ref);
}

/* --- in time, and with velocity ------------------------------------------------------------ */

/* The time that each harmonic of the residual takes to fall by e, in one run, against the
 * averaged engine.  In T presentations at independent angles the mean square of a harmonic,
 * 2 cos^2, is 1 to a standard deviation of sqrt(0.5/T), and so is the time; single
 * presentations add eta tr C/2 = 1 %.  A learner with another eta (by 1/N, by dt) is off by
 * factors.  The mean field, 1/(eta N c_k), is met where modes are harmonics: the first few
 * here to 5 N^-1/2.                                                               */
static void learning_times(void **state)
{
    (void)state;
    enum { N = 200, M = 64, COUNT = 25, H = 6 };
    struct ring r = ring_make(N, M, RING_SIGMA, RING_BETA, 8);
    const double trace = pow(bn_mat_norm(&r.phi), 2.0);
    struct bn_learner_spec s = spec_of(&r, "delta", 0.02 / trace, 0.0);
    const struct bn_averaged_spec mean = mean_of(&s);
    const struct shown c = { .rng = { .seed = 14 } };
    struct bn_mat got = mat_make(COUNT, H), want = mat_make(COUNT, H);
    double n[COUNT], theory[H];
    bn_averaged *a;

    bn_averaged_times(&r.phi, s.eta, 0.0, theory, H);
    bn_learner *l = open_learner(&s);
    for (size_t k = 0; k < COUNT; k++) {
        struct bn_operator op;
        n[k] = k == 0 ? 0.0 : floor(30.0 * pow(1.35, (double)k));
        if (k > 0)
            show(l, &c, (uint64_t)n[k - 1], (size_t)(n[k] - n[k - 1]));
        struct bn_learned w = dense_of(l);
        assert_ok(bn_operator_dense(&op, &w.dense));
        assert_ok(bn_learned_residual(&op, &r.x, &r.phi, bn_mat_row(&got, k), H));
        bn_learned_free(&w);
    }
    assert_ok(bn_averaged_new(&mean, &a));
    assert_ok(bn_averaged_residual(a, &r.x, n, COUNT, &want));
    for (size_t h = 0; h < H; h++) {
        double x[COUNT], y[COUNT], tx = 0.0, ty = 0.0;
        for (size_t k = 0; k < COUNT; k++) {
            x[k] = *bn_mat_at(&got, k, h);
            y[k] = *bn_mat_at(&want, k, h);
        }
        const bool both = bn_learned_time(n, x, COUNT, &tx) && bn_learned_time(n, y, COUNT, &ty);
        assert_true(both);
        assert_close(tx, ty, 5.0 * sqrt(0.5 / ty) + 0.01, 0.0);
        if (h > 0 && h < 5)
            assert_close(ty, theory[h], 5.0 / sqrt(N), 0.0);
    }
    bn_averaged_free(a);
    bn_learner_close(l);
    bn_mat_free(&got), bn_mat_free(&want);
    ring_free(&r);
}

static double relative(const struct bn_operator *op, const struct bn_mat *target,
                       const struct ring *r)
{
    double power[64], of[64], sum = 0.0, all = 0.0;
    assert_ok(bn_learned_residual(op, target, &r->phi, power, 64));
    bn_learned_power(target, of, 64);
    for (size_t h = 0; h < 64; h++) {
        sum += power[h];
        all += of[h];
    }
    return sqrt(sum / all);
}

/* The averaged engine's residual of target at the end. */
static double mean_residual(const struct bn_learner_spec *s, const struct bn_mat *target,
                            double end)
{
    struct bn_averaged_spec mean = mean_of(s);
    struct bn_mat power = mat_make(1, 32);
    double sum = 0.0, of[32], all = 0.0;
    bn_averaged *a;

    mean.post = target;
    assert_ok(bn_averaged_new(&mean, &a));
    assert_ok(bn_averaged_residual(a, target, &end, 1, &power));
    bn_learned_power(target, of, 32);
    for (size_t h = 0; h < 32; h++) {
        sum += power.data[h];
        all += of[h];
    }
    bn_averaged_free(a);
    bn_mat_free(&power);
    return sqrt(sum / all);
}

/* J and J' learned together at +-v, equally often: J is unbiased and J' phi = x', as two delta
 * rules that do not see each other, J' with eta (tau omega)^2 and decay/(tau omega)^2, which
 * here are eta and decay.  Without tau, or with J' multiplied into J, either fails.   */
static void velocity(void **state)
{
    (void)state;
    enum { N = 120, M = 64 };
    struct ring r = ring_make(N, M, 1.0, 1.2, 8);
    const double trace = pow(bn_mat_norm(&r.phi), 2.0);
    const double ratio = bn_mat_norm(&r.slope) / bn_mat_norm(&r.x);
    struct bn_learner_spec s = spec_of(&r, "delta", 0.2 / trace, 1e-3);
    const struct shown both = { .rng = { .seed = 5 }, .speed = 1.0 / s.tau };
    double of_mean[2], of_run[2];

    s.velocity = true;
    bn_learner *l = open_learner(&s);
    show(l, &both, 0, 40000);
    struct bn_learned w = dense_of(l);
    for (int prime = 0; prime < 2; prime++) {
        const struct bn_mat *target = prime ? &r.slope : &r.x;
        struct bn_operator op;
        assert_ok(bn_operator_dense(&op, prime ? &w.dense_velocity : &w.dense));
        of_mean[prime] = mean_residual(&s, target, 40000.0);
        of_run[prime] = relative(&op, target, &r);
    }
    /* Single presentations add eta tr C/(2 - eta tr C) times what both leave unexplained, tr C
     * counted twice for the two weights. */
    const double more = 0.4 / (2.0 - 0.4) * (pow(of_mean[0], 2.0)
                                             + pow(of_mean[1] * ratio, 2.0));
    assert_true(of_run[0] > 0.8 * of_mean[0]);
    assert_true(of_run[0] < 1.2 * sqrt(pow(of_mean[0], 2.0) + more));
    assert_true(of_run[1] > 0.8 * of_mean[1]);
    assert_true(of_run[1] < 1.2 * sqrt(pow(of_mean[1], 2.0) + more / pow(ratio, 2.0)));
    assert_true(of_mean[0] < 0.01 && of_mean[1] < 0.02);
    bn_learned_free(&w);
    bn_learner_close(l);
    ring_free(&r);
}

/* At a mean velocity w and without J' the weights make x* + tau w x*': the residual is
 * tau w |x'|/|x|, in the direction of x'.  Backwards, it would be twice that.     */
static void biased_velocity(void **state)
{
    (void)state;
    enum { N = 120, M = 64 };
    struct ring r = ring_make(N, M, 1.0, 1.2, 8);
    const double trace = pow(bn_mat_norm(&r.phi), 2.0);
    const double ratio = bn_mat_norm(&r.slope) / bn_mat_norm(&r.x);
    const struct bn_learner_spec s = spec_of(&r, "delta", 0.2 / trace, 1e-3);
    const struct shown one = { .rng = { .seed = 6 }, .speed = 1.0, .bias = 2.0 };
    struct bn_mat turned = mat_copy(&r.x);
    struct bn_operator op;

    for (size_t k = 0; k < turned.rows * turned.cols; k++)
        turned.data[k] += s.tau * one.bias * r.slope.data[k];
    bn_learner *l = open_learner(&s);
    show(l, &one, 0, 40000);
    struct bn_learned w = dense_of(l);
    assert_ok(bn_operator_dense(&op, &w.dense));
    assert_close(relative(&op, &r.x, &r), s.tau * one.bias * ratio, 0.15, 0.0);
    assert_true(relative(&op, &turned, &r) < 0.3 * s.tau * one.bias * ratio);
    bn_learned_free(&w);
    bn_learner_close(l);
    bn_mat_free(&turned);
    ring_free(&r);
}

/* Ornstein-Uhlenbeck velocities (as often positive as negative) and lagging synapses: the error
 * holds tau omega x*', and omega goes with the lag, so weights are biased by about k^2 tau
 * tau_s <omega^2>.  Weights averaged over a long run are those of the averaged engine to the
 * order of eta (measured: 14 %, 4 % and 2 % at eta = 2e-4, 5e-5 and 2e-5); one that leaves the
 * product of omega and lag out is 17 % off at any eta.                             */
static void lagging_synapses(void **state)
{
    (void)state;
    enum { N = 12, M = 64, BLOCK = 1000 };
    struct ring r = ring_make(N, M, 1.0, 1.2, 8);
    struct bn_learner_spec s = spec_of(&r, "delta", 5e-5, 1.0);
    const struct bn_course course = { .order = BN_ORDER_OU, .angles = M, .dt = s.dt, .sd = 8.0,
                                      .tau = 0.5, .rng = { .seed = 31 } };
    const struct bn_motion motion = { 0.0, s.dt * 8.0, exp(-s.dt / 0.5) };
    struct bn_course_state at = bn_course_begin(&course);
    struct bn_averaged_spec mean = mean_of(&s);
    struct bn_mat sum = mat_make(N, N), turn = mat_copy(&r.slope), want = mat_make(N, N);
    double theta[BLOCK], omega[BLOCK];
    struct bn_lowpass synapse;
    const size_t blocks = 500, first = 100;
    bn_averaged *a;

    s.tau_synapse = 0.2;
    bn_learner *l = open_learner(&s);
    for (size_t b = 0; b < blocks; b++) {
        assert_ok(bn_course_walk(&course, &at, b * BLOCK, BLOCK, theta, omega));
        assert_ok(bn_learner_run(l, b * BLOCK, BLOCK, theta, omega));
        struct bn_learned w = dense_of(l);
        for (size_t e = 0; b >= first && e < N * N; e++)
            sum.data[e] += w.dense.data[e] / (double)(blocks - first);
        bn_learned_free(&w);
    }
    bn_learner_close(l);
    for (size_t k = 0; k < turn.rows * turn.cols; k++)
        turn.data[k] *= s.tau / s.dt;
    assert_ok(bn_lowpass_make(&motion, -expm1(-s.dt / s.tau_synapse), false, M / 2, &synapse));
    mean.synapse = &synapse;
    for (int k = 0; k < 2; k++) {
        mean.turn = k == 0 ? NULL : &turn;
        assert_ok(bn_averaged_new(&mean, &a));
        assert_ok(bn_averaged_dense(a, INFINITY, &want));
        assert_true(k == 0 ? mat_apart(&sum, &want) > 0.15 : mat_apart(&sum, &want) < 0.06);
        bn_averaged_free(a);
    }
    bn_lowpass_free(&synapse);
    bn_mat_free(&sum), bn_mat_free(&turn), bn_mat_free(&want);
    ring_free(&r);
}

/* --- R0 left alone -------------------------------------------------------------------- */

/* J of R0 by a rule on currents, at its fixed point, as factors. */
static struct bn_averaged_weights r0_weights(const struct reference *ref, const char *text)
{
    struct bn_rule rule;
    struct bn_averaged_weights w;
    bn_averaged *a;

    assert_ok(bn_rule_read(text, BN_SIGNAL_CURRENT, &rule));
    const struct bn_averaged_spec s = { .post = &ref->ring.x, .phi = &ref->ring.phi,
                                        .rule = &rule, .eta = 1e-3, .decay = 1.0 };
    assert_ok(bn_averaged_new(&s, &a));
    assert_ok(bn_averaged_weights(a, INFINITY, &w));
    bn_averaged_free(a);
    return w;
}

/* The gain g at which |x - g J phi| is least, and that residual. */
static double best_gain(const struct bn_operator *op, const struct ring *r, double *residual)
{
    struct bn_mat phi = mat_make(r->phi.cols, r->n), image = mat_make(r->phi.cols, r->n);
    double xx = 0.0, xj = 0.0, jj = 0.0;

    for (size_t i = 0; i < r->n; i++)
        for (size_t k = 0; k < r->phi.cols; k++)
            *bn_mat_at(&phi, k, i) = *bn_mat_at(&r->phi, i, k);
    assert_ok(bn_operator_apply(op, BN_PLAIN, &phi, &image));
    for (size_t i = 0; i < r->n; i++)
        for (size_t k = 0; k < r->phi.cols; k++) {
            const double x = *bn_mat_at(&r->x, i, k), j = *bn_mat_at(&image, k, i);
            xx += x * x, xj += x * j, jj += j * j;
        }
    bn_mat_free(&phi), bn_mat_free(&image);
    *residual = sqrt(1.0 - xj * xj / xx / jj);
    return xj / jj;
}

/* Harmonics from 1 on of x - g J phi, relative to those of x: what is left of a rule that
 * knows no means when these are given to it.                                      */
static double centred_residual(const struct bn_operator *op, const struct ring *r, double *gain)
{
    struct ring c = *r;
    double residual;
    c.x = mat_copy(&r->x);
    c.phi = mat_copy(&r->phi);
    for (size_t i = 0; i < r->n; i++)
        *bn_mat_at(&c.x, i, 0) = *bn_mat_at(&c.phi, i, 0) = 0.0;
    *gain = best_gain(op, &c, &residual);
    bn_mat_free(&c.x), bn_mat_free(&c.phi);
    return residual;
}

/* The network with weights g J and steady currents b: these come from one more neuron, whose
 * current stays 0 and whose rate is phi(0).  From `starts` angles of the manifold for 100 tau;
 * how many end states there are (angles more than 0.1 apart), and the mean error.    */
static size_t end_states(const struct reference *ref, const struct bn_averaged_weights *w,
                         double g, const double *b, size_t starts, double *error)
{
    const size_t n = ref->ring.n, q = w->left.cols;
    struct bn_mat left = mat_make(n + 1, q + 1), right = mat_make(q + 1, n + 1);
    struct bn_mat x = mat_make(starts, n + 1), rate = mat_make(starts, n);
    double *diagonal = calloc(n + 1, sizeof *diagonal), phi0, zero = 0.0;
    double *basis = calloc(ref->ring.x.cols, sizeof *basis);
    double *angle = calloc(starts, sizeof *angle);
    bn_decoder *decoder;

    bn_transfer_rate(&ref->ring.transfer, 1, &zero, &phi0);
    for (size_t i = 0; i < n; i++) {
        for (size_t k = 0; k < q; k++) {
            *bn_mat_at(&left, i, k) = g * *bn_mat_at(&w->left, i, k);
            *bn_mat_at(&right, k, i) = *bn_mat_at(&w->right, k, i);
        }
        *bn_mat_at(&left, i, q) = (b != NULL ? b[i] : 0.0) / phi0;
        diagonal[i] = g * w->diagonal[i];
    }
    *bn_mat_at(&right, q, n) = 1.0;
    for (size_t t = 0; t < starts; t++) {
        bn_fourier_basis(BN_TWO_PI * (double)t / (double)starts, ref->ring.x.cols, 0, basis);
        for (size_t i = 0; i < n; i++)
            *bn_mat_at(&x, t, i) = bn_dot(ref->ring.x.cols, basis, bn_mat_row(&ref->ring.x, i));
    }
    struct bn_network net = { .transfer = ref->ring.transfer, .tau = 1.0, .dt = 0.1 };
    const struct bn_rng none = { 0 };
    assert_ok(bn_operator_factored(&net.weights, &left, &right, diagonal));
    assert_ok(bn_network_run(&net, &x, 1000, 1000, NULL, none, NULL, NULL));
    for (size_t t = 0; t < starts; t++)
        bn_transfer_rate(&ref->ring.transfer, n, bn_mat_row(&x, t), bn_mat_row(&rate, t));
    assert_ok(bn_decoder_new(&decoder, &ref->ring.x, &ref->ring.phi, 24));
    assert_ok(bn_decode_overlap(decoder, &rate, NULL, angle, NULL));
    size_t count = 0;
    *error = 0.0;
    for (size_t t = 0; t < starts; t++) {
        bool new = true;
        for (size_t k = 0; k < t; k++)
            new = new && fabs(bn_ring_difference(angle[t], angle[k])) > 0.1;
        count += new;
        *error += fabs(bn_ring_difference(angle[t], BN_TWO_PI * (double)t / (double)starts))
                  / (double)starts;
    }
    bn_decoder_free(decoder);
    bn_mat_free(&left), bn_mat_free(&right), bn_mat_free(&x), bn_mat_free(&rate);
    free(diagonal), free(basis), free(angle);
    return count;
}

/* b = mean x - g J mean phi */
static double *steady_input(const struct reference *ref, const struct bn_operator *op, double g)
{
    const size_t n = ref->ring.n;
    struct bn_mat p = mat_make(1, n), j = mat_make(1, n);
    double *b = calloc(n, sizeof *b);
    for (size_t i = 0; i < n; i++)
        p.data[i] = *bn_mat_at(&ref->ring.phi, i, 0);
    assert_ok(bn_operator_apply(op, BN_PLAIN, &p, &j));
    for (size_t i = 0; i < n; i++)
        b[i] = *bn_mat_at(&ref->ring.x, i, 0) - g * j.data[i];
    bn_mat_free(&p), bn_mat_free(&j);
    return b;
}

struct r0_row {
    const char *rule;
    double residual, correlation;        /* reference numbers; of another draw: 30 %, 0.1 */
    double gain;                         /* of the free run, relative to the best one */
    size_t least, most;                  /* end states after 100 tau */
    double error[2];                     /* mean angle error then */
};

/* Hebb and Oja have one end state, wherever they start (so the mean error is pi/2); given
 * the means that it does not know, covariance has a few and errors of half a radian; the ridge
 * has as many as k_lambda says, 24 in the reference, and is 0.03 away.  By this table delta
 * alone makes an attractor of the ring.  Four draws if slow.                     */
static void reference_network(void **state)
{
    (void)state;
    static const struct r0_row rows[] = {
        { "hebb", 0.418, 0.679, 1.5, 1, 1, { 1.56, 1.58 } },
        { "oja", 0.578, 0.603, 1.5, 1, 1, { 1.56, 1.58 } },
        { "covariance", 0.430, 0.700, 1.5, 2, 8, { 0.35, 1.2 } },
        { "(y-d)*p - 0.0001*1*1*J", 1.1e-3, 1.0, 1.0, 17, 31, { 0.02, 0.06 } },
    };
    for (uint64_t seed = 1; seed <= (slow() ? 4 : 1); seed++) {
        struct reference *ref = reference_r0(512, seed);
        for (size_t k = 0; k < BN_LEN(rows); k++) {
            const struct r0_row *row = &rows[k];
            const bool centred = k == 2;
            struct bn_averaged_weights w = r0_weights(ref, row->rule);
            struct bn_learned_distance d;
            struct bn_operator op;
            double residual, gain, error;
            assert_ok(bn_operator_factored(&op, &w.left, &w.right, w.diagonal));
            if (centred)
                residual = centred_residual(&op, &ref->ring, &gain);
            else
                gain = best_gain(&op, &ref->ring, &residual);
            assert_close(residual, row->residual, 0.3, 0.0);
            assert_ok(bn_learned_distance(&op, &ref->net.weights, &ref->ring.phi, &d));
            assert_close(d.correlation, row->correlation, 0.0, 0.1);
            gain *= row->gain;
            double *b = centred ? steady_input(ref, &op, gain) : NULL;
            const size_t count = end_states(ref, &w, gain, b, 32, &error);
            assert_true(count >= row->least && count <= row->most);
            assert_true(error >= row->error[0] && error <= row->error[1]);
            free(b);
            bn_averaged_weights_free(&w);
        }
        reference_free(ref);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mean_over_runs), cmocka_unit_test(fixed_points),
        cmocka_unit_test(without_error), cmocka_unit_test(oja_free),
        cmocka_unit_test(subspace), cmocka_unit_test(noise_is_ridge),
        cmocka_unit_test(ridge_online),
        cmocka_unit_test(stability), cmocka_unit_test(learning_times),
        cmocka_unit_test(velocity), cmocka_unit_test(biased_velocity),
        cmocka_unit_test(lagging_synapses),
        cmocka_unit_test(reference_network),
    };
    bn_threads_set(1);                   /* small networks: starting threads would cost more */
    return cmocka_run_group_tests_name("fixed points", tests, NULL, NULL);
}
