/* SPDX-License-Identifier: MIT
 * cells: a population with Gaussian currents on any manifold, for tests.  */
#ifndef CELLS_H
#define CELLS_H

#include "test.h"

#include <basin/harmonics.h>
#include <basin/maps.h>
#include <basin/transfer.h>

struct cells {
    bn_harmonics *h;
    struct bn_mat current, rate;         /* [N, M] on the grid */
    struct bn_mat x, phi;                /* [N, R] */
};

/* Currents h - threshold, h of unit variance with that kernel. */
static inline struct cells cells_make(const struct bn_manifold *m, const struct bn_kernel *k,
                                      const struct bn_transfer *f, double threshold, size_t n,
                                      struct bn_rng rng)
{
    const size_t points = bn_manifold_points(m);
    struct cells c = { 0 };

    assert_ok(bn_harmonics_new(&c.h, m));
    assert_ok(bn_mat_alloc(&c.current, n, points));
    assert_ok(bn_mat_alloc(&c.rate, n, points));
    assert_ok(bn_mat_alloc(&c.x, n, bn_harmonics_count(c.h)));
    assert_ok(bn_mat_alloc(&c.phi, n, bn_harmonics_count(c.h)));
    assert_ok(bn_maps_sample(m, k, rng, 0, &c.current));
    for (size_t i = 0; i < n * points; i++)
        c.current.data[i] -= threshold;
    bn_transfer_rate(f, n * points, c.current.data, c.rate.data);
    assert_ok(bn_harmonics_transform(c.h, &c.current, &c.x));
    assert_ok(bn_harmonics_transform(c.h, &c.rate, &c.phi));
    return c;
}

static inline void cells_free(struct cells *c)
{
    bn_mat_free(&c->current);
    bn_mat_free(&c->rate);
    bn_mat_free(&c->x);
    bn_mat_free(&c->phi);
    bn_harmonics_free(c->h);
}

/* Currents [T, N] at any points [T, D], and what the coefficients c give there. */
static inline struct bn_mat cells_at(const bn_harmonics *h, const struct bn_mat *c,
                                     const double *points, size_t count)
{
    const size_t dims = bn_harmonics_manifold(h)->dimensions;
    struct bn_mat basis, out;

    assert_ok(bn_mat_alloc(&basis, count, c->cols));
    assert_ok(bn_mat_alloc(&out, count, c->rows));
    for (size_t t = 0; t < count; t++)
        bn_harmonics_at(h, points + t * dims, c->cols, bn_mat_row(&basis, t));
    assert_ok(bn_gemm(1.0, &basis, BN_PLAIN, c, BN_TRANSPOSED, 0.0, &out));
    bn_mat_free(&basis);
    return out;
}

#endif
