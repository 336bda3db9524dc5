/* SPDX-License-Identifier: MIT
 * The mean of the weights that a rule learns: against closed forms in B, C and lambda that
 * are written out densely here, against the recursion itself, step by step, with means taken
 * on a grid, and against the offline weights.                                 */
#include "ring.h"

#include <basin/averaged.h>

#include <stdio.h>

enum { N = 20, M = 128 };

/* Presentations one after another: dJ = eta <sum of terms>, the mean over the grid of what
 * the factors give, with no algebra at all.  It knows nothing of Fourier coefficients. */
struct brute {
    const struct bn_rule *rule;
    const struct ring *ring;
    const struct bn_mat *y;              /* [N, M] on the grid */
    double eta, decay, y0, epsilon;
    bool self;
    double *mean_y, *square, *mean_p;
    struct bn_mat step;
};

static struct brute brute_make(const struct ring *ring, const struct bn_rule *rule,
                               const struct bn_mat *y, double eta, double decay)
{
    struct brute b = { .rule = rule, .ring = ring, .y = y, .eta = eta, .decay = decay,
                       .y0 = 0.7, .epsilon = 0.3 };
    b.mean_y = calloc(3 * ring->n, sizeof(double));
    b.square = b.mean_y + ring->n;
    b.mean_p = b.square + ring->n;
    b.step = mat_make(ring->n, ring->n);
    for (size_t i = 0; i < ring->n; i++)
        for (size_t m = 0; m < ring->m; m++) {
            const double v = *bn_mat_at(y, i, m);
            b.mean_y[i] += v / (double)ring->m;
            b.square[i] += v * v / (double)ring->m;
            b.mean_p[i] += *bn_mat_at(&ring->rate, i, m) / (double)ring->m;
        }
    return b;
}

static void brute_free(struct brute *b)
{
    free(b->mean_y);
    bn_mat_free(&b->step);
}

static double brute_scale(const struct brute *b, const struct bn_term *t)
{
    return t->coefficient * (t->scale == BN_SCALE_DECAY ? b->decay
                             : t->scale == BN_SCALE_SHARE ? 1.0 / (double)b->ring->n : 1.0);
}

static void brute_angle(struct brute *b, const struct bn_mat *j, size_t m)
{
    const size_t n = b->ring->n;
    double pool = b->epsilon;

    for (size_t k = 0; k < n; k++)
        pool += pow(*bn_mat_at(&b->ring->rate, k, m), 2.0);
    for (size_t i = 0; i < n; i++) {
        struct bn_post post = { .y = *bn_mat_at(b->y, i, m), .mean = b->mean_y[i],
                                .square = b->square[i], .threshold = b->square[i] / b->y0,
                                .trace = b->mean_y[i] };
        for (size_t k = 0; k < n; k++)
            post.d += *bn_mat_at(j, i, k) * *bn_mat_at(&b->ring->rate, k, m);
        for (size_t k = 0; k < n; k++) {
            const struct bn_pre pre = { *bn_mat_at(&b->ring->rate, k, m), b->mean_p[k],
                                        b->mean_p[k], pool, 0.0 };
            for (size_t t = 0; t < b->rule->n_terms; t++) {
                const struct bn_term *term = &b->rule->terms[t];
                *bn_mat_at(&b->step, i, k) += brute_scale(b, term) / (double)b->ring->m
                    * bn_post_value(term->post, &post) * bn_pre_value(term->pre, &pre)
                    * (term->weight ? *bn_mat_at(j, i, k) : 1.0);
            }
        }
    }
}

static void brute_run(struct brute *b, struct bn_mat *j, size_t steps)
{
    const size_t n = b->ring->n;

    for (size_t s = 0; s < steps; s++) {
        memset(b->step.data, 0, n * n * sizeof(double));
        for (size_t m = 0; m < b->ring->m; m++)
            brute_angle(b, j, m);
        for (size_t k = 0; k < n * n; k++)
            j->data[k] += b->eta * b->step.data[k];
        for (size_t i = 0; !b->self && i < n; i++)
            *bn_mat_at(j, i, i) = 0.0;
    }
}

static struct bn_mat random_weights(size_t n, double g, uint64_t seed)
{
    struct bn_mat j = mat_random(n, n, seed);
    for (size_t k = 0; k < n * n; k++)
        j.data[k] *= g / sqrt((double)n);
    for (size_t i = 0; i < n; i++)
        *bn_mat_at(&j, i, i) = 0.0;
    return j;
}

/* Power per harmonic of x - J phi on the grid. */
static void residual_on_grid(const struct ring *r, const struct bn_mat *j, size_t harmonics,
                             double *power)
{
    struct bn_mat e = mat_copy(&r->current), c = mat_make(r->n, r->x.cols);

    assert_ok(bn_gemm(-1.0, j, BN_PLAIN, &r->rate, BN_PLAIN, 1.0, &e));
    assert_ok(bn_fourier(&e, &c));
    memset(power, 0, harmonics * sizeof *power);
    for (size_t i = 0; i < r->n; i++)
        for (size_t k = 0; k < c.cols && (k + 1) / 2 < harmonics; k++)
            power[(k + 1) / 2] += pow(*bn_mat_at(&c, i, k), 2.0) / (double)r->n;
    bn_mat_free(&e), bn_mat_free(&c);
}

struct setting {
    struct bn_averaged_spec spec;
    struct bn_rule rule;
    struct bn_operator initial;
};

static bn_averaged *averaged_of(struct setting *s, const struct ring *r, const struct bn_mat *post,
                                double eta, double decay)
{
    bn_averaged *a;
    s->spec.post = post;
    s->spec.phi = &r->phi;
    s->spec.rule = &s->rule;
    s->spec.eta = eta;
    s->spec.decay = decay;
    s->spec.y0 = 0.7;
    s->spec.epsilon = 0.3;
    assert_ok(bn_averaged_new(&s->spec, &a));
    return a;
}

static const char *const linear_rules[] = {
    "hebb", "covariance", "oja", "oja-presynaptic", "bcm", "anti-hebb", "delta", "nlms",
    "temporal-difference", "bell",
    "0.5*(y-d)*(p-pmean) + 0.1*ymean*(p-pmean) - lambda*1*1*J",
    "(y-d)*p - 0.3*y^2*1*J + 0.2*y^2*p",
    "1/N*y^2*p^2 - y*1 - lambda*1*1*J - 0.1*1*p*J",
};

/* Every linear rule, with and without J0, with and without J_ii, after 0, 1, 2 and 7
 * presentations: weights and residual per harmonic are those of the recursion.  An engine
 * that takes exp(-eta c n) for (1 - eta c)^n, or the modes of all neurons for those of a row
 * without itself, fails it at the second decimal.                             */
static void test_recursion(void **state)
{
    (void)state;
    struct ring r = ring_make(N, M, 1.0, 1.5, 3);
    struct bn_mat j0 = random_weights(N, 0.8, 5), zero = mat_make(N, N);
    enum { HARMONICS = 8 };
    const double times[4] = { 0.0, 1.0, 2.0, 7.0 };

    for (size_t k = 0; k < BN_LEN(linear_rules); k++)
        for (unsigned how = 0; how < 4; how++) {
            struct setting s = { 0 };
            assert_ok(bn_rule_read(linear_rules[k], BN_SIGNAL_AUTO, &s.rule));
            const bool rate = s.rule.post == BN_SIGNAL_RATE;
            assert_ok(bn_operator_dense(&s.initial, &j0));
            s.spec.initial = how & 1 ? &s.initial : NULL;
            s.spec.self = how & 2;
            const double eta = strchr(linear_rules[k], 'N') != NULL ? 0.02
                               : strcmp(linear_rules[k], "nlms") == 0 ? 0.9 : 0.01;
            bn_averaged *a = averaged_of(&s, &r, rate ? &r.phi : &r.x, eta, 0.4);
            struct brute b = brute_make(&r, &s.rule, rate ? &r.rate : &r.current, eta, 0.4);
            b.self = s.spec.self;
            struct bn_mat j = mat_copy(how & 1 ? &j0 : &zero), got = mat_make(N, N);
            struct bn_mat power = mat_make(4, HARMONICS);
            assert_ok(bn_averaged_residual(a, &r.x, times, 4, &power));
            for (size_t t = 0; t < 4; t++) {
                double want[HARMONICS];
                brute_run(&b, &j, (size_t)(t > 0 ? times[t] - times[t - 1] : 0));
                assert_ok(bn_averaged_dense(a, times[t], &got));
                double largest = 0.1;
                for (size_t e = 0; e < N * N; e++)
                    largest = fmax(largest, fabs(j.data[e]));
                for (size_t e = 0; e < N * N; e++)
                    if (!(fabs(got.data[e] - j.data[e]) <= 1e-11 * largest))
                        fail_msg("%s (%u), n = %g: J[%zu] = %.12g, want %.12g", linear_rules[k],
                                 how, times[t], e, got.data[e], j.data[e]);
                residual_on_grid(&r, &j, HARMONICS, want);
                for (size_t h = 0; h < HARMONICS; h++)
                    assert_close(*bn_mat_at(&power, t, h), want[h], 1e-10, 1e-12);
            }
            bn_mat_free(&j), bn_mat_free(&got), bn_mat_free(&power);
            brute_free(&b);
            bn_averaged_free(a);
        }
    bn_mat_free(&j0), bn_mat_free(&zero);
    ring_free(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_recursion),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
