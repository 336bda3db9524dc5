/* SPDX-License-Identifier: MIT
 * Generated ring networks for the tests of the science: curves, coefficients, the
 * offline weights, and an independent solution of the same minimisation.      */
#ifndef TEST_RING_H
#define TEST_RING_H

#include "test.h"

#include <basin/diagnose.h>
#include <basin/fourier.h>
#include <basin/gp.h>
#include <basin/manifold.h>
#include <basin/ridge.h>
#include <basin/transfer.h>

#include <stdlib.h>

#define RING_SIGMA 1.4211
#define RING_BETA  2.7659

struct ring {
    size_t n, m;
    struct bn_transfer transfer;
    struct bn_mat current, rate;         /* [N, M] on the grid */
    struct bn_mat x, phi, slope;         /* [N, R] coefficients, R odd; slope of x */
};

static inline struct bn_mat mat_make(size_t rows, size_t cols)
{
    struct bn_mat m;
    assert_ok(bn_mat_alloc(&m, rows, cols));
    return m;
}

static inline struct bn_mat mat_random(size_t rows, size_t cols, uint64_t seed)
{
    const struct bn_rng rng = { .seed = seed, .stream = bn_rng_stream("test") };
    struct bn_mat m = mat_make(rows, cols);
    for (size_t i = 0; i < rows; i++)
        bn_rng_normals(rng, i, 0, bn_mat_row(&m, i), cols);
    return m;
}

static inline struct bn_mat mat_copy(const struct bn_mat *a)
{
    struct bn_mat m = mat_make(a->rows, a->cols);
    memcpy(m.data, a->data, a->rows * a->cols * sizeof(double));
    return m;
}

/* |a - b| / |b| in the Frobenius norm. */
static inline double mat_apart(const struct bn_mat *a, const struct bn_mat *b)
{
    double d = 0.0, s = 0.0;
    assert_int_equal(a->rows, b->rows);
    assert_int_equal(a->cols, b->cols);
    for (size_t k = 0; k < a->rows * a->cols; k++) {
        d += (a->data[k] - b->data[k]) * (a->data[k] - b->data[k]);
        s += b->data[k] * b->data[k];
    }
    return sqrt(d / s);
}

/* Coefficients of rates and currents that are on the grid. */
static inline void ring_transform(struct ring *r)
{
    const size_t odd = r->m - (r->m % 2 == 0);
    r->x = mat_make(r->n, odd);
    r->phi = mat_make(r->n, odd);
    assert_ok(bn_fourier(&r->current, &r->x));
    assert_ok(bn_fourier(&r->rate, &r->phi));
    r->slope = mat_copy(&r->x);
    bn_fourier_differentiate(&r->slope);
}

static inline struct ring ring_make(size_t n, size_t m, double sigma, double beta,
                                    uint64_t seed)
{
    const struct bn_rng rng = { .seed = seed, .stream = bn_rng_stream("ring") };
    struct ring r = { .n = n, .m = m, .transfer = { BN_TRANSFER_ERF, beta, 0.0 } };
    size_t h = bn_gp_harmonics(sigma);
    if (2 * h + 1 > m)
        h = (m - 1) / 2;
    struct bn_mat c = mat_make(n, 2 * h + 1);
    assert_ok(bn_gp_sample(sigma, rng, 0, &c));
    r.current = mat_make(n, m);
    r.rate = mat_make(n, m);
    assert_ok(bn_fourier_inverse(&c, &r.current));
    bn_transfer_rate(&r.transfer, n * m, r.current.data, r.rate.data);
    bn_mat_free(&c);
    ring_transform(&r);
    return r;
}

static inline void ring_free(struct ring *r)
{
    bn_mat_free(&r->current);
    bn_mat_free(&r->rate);
    bn_mat_free(&r->x);
    bn_mat_free(&r->phi);
    bn_mat_free(&r->slope);
}

static inline struct bn_ridge ring_fit(const struct ring *r, double lambda, double tolerance)
{
    struct bn_ridge fit;
    assert_ok(bn_ridge_fit(&r->x, &r->phi, &r->slope, r->x.cols, lambda, tolerance, &fit));
    return fit;
}

/* Dense J of the offline solution. */
static inline struct bn_mat ring_weights(const struct ring *r, double lambda)
{
    struct bn_ridge fit = ring_fit(r, lambda, 0.0);
    struct bn_mat j = mat_make(r->n, r->n);
    assert_ok(bn_ridge_dense(&fit.left, &fit.right, &j));
    bn_ridge_free(&fit);
    return j;
}

/* A ring with its offline weights as factors, as the diagnostics take it. */
struct ring_net {
    struct ring ring;
    struct bn_ridge fit;
    struct bn_ring_network net;
    struct bn_operator velocity;
};

static inline struct ring_net ring_net_make(size_t n, size_t m, double sigma, double beta,
                                            double lambda, uint64_t seed)
{
    struct ring_net w = { .ring = ring_make(n, m, sigma, beta, seed) };
    w.fit = ring_fit(&w.ring, lambda, 1e-9);
    w.net = (struct bn_ring_network){ .transfer = w.ring.transfer, .x = w.ring.x };
    assert_ok(bn_operator_factored(&w.net.weights, &w.fit.left, &w.fit.right,
                                   w.fit.diagonal));
    assert_ok(bn_operator_factored(&w.velocity, &w.fit.left_velocity, &w.fit.right,
                                   w.fit.diagonal_velocity));
    return w;
}

static inline void ring_net_free(struct ring_net *w)
{
    bn_ridge_free(&w->fit);
    ring_free(&w->ring);
}

#endif
