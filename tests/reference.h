/* SPDX-License-Identifier: MIT
 * Reference networks: currents mu + GP on M angles with covariance exp((cos d - 1)/ell^2),
 *     x_i(theta) = mu + sum_k sqrt(g_k (2 - delta_k0)) (a_ik cos k theta + b_ik sin k theta),
 *     g_k = e^{-1/ell^2} I_k(1/ell^2),  a, b ~ N(0, 1),  k <= M/2 - 1,
 * rates, and the zero-diagonal ridge weights.  `c_lambda` is the ridge of C = Phi Phi^T/M,
 * N times the lambda of ridge.h.                                            */
#ifndef TEST_REFERENCE_H
#define TEST_REFERENCE_H

#include "ring.h"

#include <basin/diagnose.h>

struct reference {
    struct ring ring;
    struct bn_ridge fit;
    struct bn_ring_network net;          /* factored; transfer only if not tanh */
    double lambda;                       /* of ridge.h */
    bool tanh;
};

/* g_k: mean over the circle of exp((cos t - 1)/ell^2) cos k t; 512 points are exact. */
static inline double reference_spectrum(double ell, size_t k)
{
    double s = 0.0;
    for (size_t m = 0; m < 512; m++) {
        const double t = BN_TWO_PI * (double)m / 512.0;
        s += exp((cos(t) - 1.0) / (ell * ell)) * cos((double)k * t) / 512.0;
    }
    return fmax(s, 0.0);                 /* rounding, from k = 20 on */
}

static inline void reference_currents(struct ring *r, double mu, double sigma, double ell,
                                      uint64_t seed)
{
    const struct bn_rng rng = { .seed = seed, .stream = bn_rng_stream("reference") };
    const size_t columns = r->m - 1;
    struct bn_mat c = mat_make(r->n, columns);
    double *sd = calloc(columns, sizeof *sd);
    assert_non_null(sd);
    for (size_t k = 0; k < columns; k++)
        sd[k] = sigma * sqrt(reference_spectrum(ell, (k + 1) / 2));
    for (size_t i = 0; i < r->n; i++) {
        bn_rng_normals(rng, i, 0, bn_mat_row(&c, i), columns);
        for (size_t k = 0; k < columns; k++)
            *bn_mat_at(&c, i, k) *= sd[k];
        *bn_mat_at(&c, i, 0) += mu;
    }
    assert_ok(bn_fourier_inverse(&c, &r->current));
    bn_mat_free(&c);
    free(sd);
}

/* kind tanh: rates tanh(x), which lib/transfer does not have. */
static inline struct reference *reference_make(size_t n, size_t m, const struct bn_transfer *phi,
                                               double mu, double sigma, double c_lambda,
                                               uint64_t seed)
{
    struct reference *r = calloc(1, sizeof *r);
    assert_non_null(r);
    r->tanh = phi == NULL;
    r->lambda = c_lambda / (double)n;
    r->ring = (struct ring){ .n = n, .m = m, .current = mat_make(n, m), .rate = mat_make(n, m) };
    reference_currents(&r->ring, mu, sigma, 0.5, seed);
    if (phi != NULL) {
        r->ring.transfer = *phi;
        bn_transfer_rate(phi, n * m, r->ring.current.data, r->ring.rate.data);
    }
    for (size_t k = 0; phi == NULL && k < n * m; k++)
        r->ring.rate.data[k] = tanh(r->ring.current.data[k]);
    ring_transform(&r->ring);
    r->fit = ring_fit(&r->ring, r->lambda, 1e-10);
    r->net = (struct bn_ring_network){ .transfer = r->ring.transfer, .x = r->ring.x };
    assert_ok(bn_operator_factored(&r->net.weights, &r->fit.left, &r->fit.right,
                                   r->fit.diagonal));
    return r;
}

/* R0: sparse and sigmoidal. */
static const struct bn_transfer reference_phi = { BN_TRANSFER_LOGISTIC, 4.0, 0.5 };
static inline struct reference *reference_r0(size_t n, uint64_t seed)
{
    return reference_make(n, 128, &reference_phi, -1.0, 1.0, 1e-4, seed);
}

static inline void reference_free(struct reference *r)
{
    bn_ridge_free(&r->fit);
    ring_free(&r->ring);
    free(r);
}

/* Points on the manifold; for tanh, rates, slopes and residual are put in by hand, which
 * is how any other rate function can be diagnosed.                          */
static inline struct bn_points reference_points(const struct reference *r, const double *theta,
                                                size_t count)
{
    struct bn_points p;
    assert_ok(bn_diagnose_points(&r->net, theta, count, &p));
    for (size_t k = 0; r->tanh && k < count * r->ring.n; k++) {
        p.rate.data[k] = tanh(p.x.data[k]);
        p.slope.data[k] = 1.0 - p.rate.data[k] * p.rate.data[k];
    }
    if (r->tanh)
        assert_ok(bn_operator_apply(&r->net.weights, BN_PLAIN, &p.rate, &p.residual));
    for (size_t k = 0; r->tanh && k < count * r->ring.n; k++)
        p.residual.data[k] = p.x.data[k] - p.residual.data[k];
    return p;
}

#endif
