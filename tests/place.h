/* SPDX-License-Identifier: MIT
 * Networks of Gaussian maps on any manifold, with their offline weights, for tests.  */
#ifndef TEST_PLACE_H
#define TEST_PLACE_H

#include "cells.h"
#include "ring.h"

struct place {
    struct bn_manifold manifold;
    bn_harmonics *harmonics;
    struct bn_mat current, rate, x, phi; /* [N, M], [N, R] */
    struct bn_ridge fit;
    struct bn_ring_network net;
};

/* Currents h - threshold, h of unit variance and correlation length `length`. */
static inline struct place place_make(struct bn_manifold m, double length, size_t n,
                                      struct bn_transfer transfer, double threshold,
                                      double lambda, uint64_t seed)
{
    const struct bn_rng rng = { .seed = seed, .stream = bn_rng_stream("place") };
    const struct bn_kernel k = { BN_KERNEL_GAUSSIAN, { length, length, length } };
    const struct cells c = cells_make(&m, &k, &transfer, threshold, n, rng);
    struct place p = { .manifold = m, .harmonics = c.h, .current = c.current, .rate = c.rate,
                       .x = c.x, .phi = c.phi };
    const size_t r = bn_harmonics_count(p.harmonics);
    assert_ok(bn_ridge_fit(&p.x, &p.phi, NULL, r, lambda, 1e-9, &p.fit));
    p.net = (struct bn_ring_network){ .transfer = transfer, .x = p.x,
                                      .harmonics = p.harmonics };
    assert_ok(bn_operator_factored(&p.net.weights, &p.fit.left, &p.fit.right,
                                   p.fit.diagonal));
    return p;
}

static inline void place_free(struct place *p)
{
    bn_mat_free(&p->current), bn_mat_free(&p->rate), bn_mat_free(&p->x), bn_mat_free(&p->phi);
    bn_ridge_free(&p->fit);
    bn_harmonics_free(p->harmonics);
}

static inline struct bn_manifold place_torus(size_t side)
{
    return (struct bn_manifold){ .kind = BN_TORUS, .dimensions = 2, .count = { side, side, 1 },
                                 .size = { BN_TWO_PI, BN_TWO_PI } };
}

static inline struct bn_manifold place_interval(size_t points, double size)
{
    return (struct bn_manifold){ .kind = BN_INTERVAL, .dimensions = 1,
                                 .count = { points, 1, 1 }, .size = { size } };
}

#endif
