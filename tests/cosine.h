/* SPDX-License-Identifier: MIT
 * The evenly spaced cosine ring, the control that can be solved:
 *     J_ij = (1/N)(J0 + J2 cos(th_i - th_j)) + (push/N) cos(k th_i)
 * with logistic rates.  Without the last term x_i(theta) = a + b cos(theta - th_i) is
 * fixed at every theta.  By evenness the mean rate rbar does not depend on theta, and the
 * left mode of the tangent is z = phi' x*', so to first order in push
 *     v(theta) = push rbar sum_i z_i cos(k th_i)/(z . x*') = A sin k theta:
 * the sum is a Fourier coefficient of d phi/dtheta.  Symmetry puts the fixed points at
 * multiples of pi/k whatever push is.  J' turns the ring at exactly omega.     */
#ifndef TEST_COSINE_H
#define TEST_COSINE_H

#include "ring.h"

#include <basin/diagnose.h>
#include <basin/field.h>
#include <basin/network.h>

struct cosine {
    size_t n, k;
    double a, b;                         /* x*(theta) = a + b cos */
    struct bn_mat left, right, turn;     /* J = left right; J' = turn right */
    struct bn_mat x, phi;                /* coefficients */
    struct bn_field field;
    struct bn_operator velocity;
    struct bn_ring_network ring;
    double amplitude;                    /* A, rad/tau */
    double zx, zz;                       /* z.x*' and |z|^2, at any theta */
};

static inline void cosine_weights(struct cosine *c, double j0, double j2)
{
    c->left = mat_make(c->n, 4);
    c->right = mat_make(4, c->n);
    c->turn = mat_make(c->n, 4);
    for (size_t i = 0; i < c->n; i++) {
        const double th = BN_TWO_PI * (double)i / (double)c->n;
        const double e[3] = { 1.0, cos(th), sin(th) };
        for (size_t k = 0; k < 3; k++) {
            *bn_mat_at(&c->right, k, i) = e[k];
            *bn_mat_at(&c->left, i, k) = (k == 0 ? j0 : j2) * e[k] / (double)c->n;
        }
        *bn_mat_at(&c->right, 3, i) = 1.0;
        *bn_mat_at(&c->turn, i, 1) = j2 * e[2] / (double)c->n;
        *bn_mat_at(&c->turn, i, 2) = -j2 * e[1] / (double)c->n;
    }
}

/* a and b of the self-consistent bump: a = J0 <phi>, b = J2 <phi cos>. */
static inline void cosine_bump(struct cosine *c, double j0, double j2)
{
    c->a = 0.5, c->b = 2.0;
    for (int it = 0; it < 4000; it++) {
        double m = 0.0, f = 0.0;
        for (size_t i = 0; i < c->n; i++) {
            const double co = cos(BN_TWO_PI * (double)i / (double)c->n);
            const double x = c->a + c->b * co;
            double r;
            bn_transfer_rate(&c->field.transfer, 1, &x, &r);
            m += r / (double)c->n;
            f += r * co / (double)c->n;
        }
        c->a += 0.1 * (j0 * m - c->a);
        c->b += 0.1 * (j2 * f - c->b);
    }
    assert_true(c->b > 0.5);             /* a bump, not the homogeneous state */
}

static inline void cosine_first_order(struct cosine *c, double push)
{
    double mean = 0.0, pull = 0.0;

    for (size_t i = 0; i < c->n; i++) {
        const double th = BN_TWO_PI * (double)i / (double)c->n;
        const double at = 0.25 * BN_TWO_PI / (double)c->k;
        const double x = c->a + c->b * cos(at - th), up = -c->b * sin(at - th);
        double r, s;
        bn_transfer_rate(&c->field.transfer, 1, &x, &r);
        bn_transfer_slope(&c->field.transfer, 1, &x, &s);
        mean += r / (double)c->n;
        pull += s * up * cos((double)c->k * th);
        c->zx += s * up * up;
        c->zz += s * up * s * up;
        *bn_mat_at(&c->left, i, 3) = push / (double)c->n * cos((double)c->k * th);
    }
    c->amplitude = push * mean * pull / c->zx;       /* at theta = pi/2k, where sin is 1 */
}

/* j0 = -6, j2 = 10: with x = a + b cos and the logistic of gain 3 at 1/3, a bump. */
static inline struct cosine *cosine_make(size_t n, size_t k, double push)
{
    struct cosine *c = calloc(1, sizeof *c);
    assert_non_null(c);
    c->n = n;
    c->k = k;
    c->field.transfer = (struct bn_transfer){ BN_TRANSFER_LOGISTIC, 3.0, -1.0 };
    cosine_weights(c, -6.0, 10.0);
    cosine_bump(c, -6.0, 10.0);
    cosine_first_order(c, push);
    c->x = mat_make(n, 3);
    struct bn_mat x = mat_make(n, 65), rate = mat_make(n, 65);
    for (size_t i = 0; i < n; i++) {
        const double th = BN_TWO_PI * (double)i / (double)n;
        *bn_mat_at(&c->x, i, 0) = c->a;
        *bn_mat_at(&c->x, i, 1) = c->b * cos(th) / sqrt(2.0);
        *bn_mat_at(&c->x, i, 2) = c->b * sin(th) / sqrt(2.0);
    }
    assert_ok(bn_fourier_inverse(&c->x, &x));
    bn_transfer_rate(&c->field.transfer, n * 65, x.data, rate.data);
    c->phi = mat_make(n, 65);
    assert_ok(bn_fourier(&rate, &c->phi));
    assert_ok(bn_operator_factored(&c->field.weights, &c->left, &c->right, NULL));
    assert_ok(bn_operator_factored(&c->velocity, &c->turn, &c->right, NULL));
    c->ring = (struct bn_ring_network){ .weights = c->field.weights,
                                        .transfer = c->field.transfer, .x = c->x };
    bn_mat_free(&x), bn_mat_free(&rate);
    return c;
}

static inline void cosine_free(struct cosine *c)
{
    bn_mat_free(&c->left), bn_mat_free(&c->right), bn_mat_free(&c->turn);
    bn_mat_free(&c->x), bn_mat_free(&c->phi);
    free(c);
}

/* x*(theta) of each angle. */
static inline struct bn_mat cosine_states(const struct cosine *c, const double *theta,
                                          size_t count)
{
    struct bn_mat x = mat_make(count, c->n);
    for (size_t t = 0; t < count; t++)
        for (size_t i = 0; i < c->n; i++)
            *bn_mat_at(&x, t, i) = c->a + c->b
                * cos(theta[t] - BN_TWO_PI * (double)i / (double)c->n);
    return x;
}

#endif
