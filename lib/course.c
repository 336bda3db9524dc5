/* SPDX-License-Identifier: MIT */
#include <basin/course.h>
#include <basin/manifold.h>
#include <basin/mem.h>

#include <math.h>
#include <stdlib.h>

uint64_t bn_course_period(const struct bn_course *c)
{
    if (c->samples < 2)
        return 0;
    const double left = (double)(c->samples - 1) * c->bin - c->begin;
    return left < 0.0 ? 0 : (uint64_t)floor(left / c->dt * (1.0 + 1e-12)) + 1;
}

struct bn_course_state bn_course_begin(const struct bn_course *c)
{
    return (struct bn_course_state){ bn_ring_wrap(c->start), 0.0 };
}

/* Velocities of a course that jumps: nothing but their distribution is meant. */
static void independent(const struct bn_course *c, uint64_t first, size_t n, double *omega)
{
    bn_rng_normals(bn_rng_sub(c->rng, "velocity"), 0, first, omega, n);
    for (size_t k = 0; k < n; k++)
        omega[k] = c->bias + c->sd * omega[k];
}

static void uniform(const struct bn_course *c, uint64_t first, size_t n, double *theta)
{
    bn_rng_uniforms(bn_rng_sub(c->rng, "angle"), 0, first, theta, n);
    for (size_t k = 0; k < n; k++)
        theta[k] = bn_ring_wrap(BN_TWO_PI * theta[k]);
}

/* Sweep s of the grid has the order of unit s, so that any presentation is found at once. */
static bn_status shuffled(const struct bn_course *c, uint64_t first, size_t n, double *theta)
{
    const struct bn_rng rng = bn_rng_sub(c->rng, "order");
    const size_t m = c->angles;
    size_t *order = bn_alloc(m, sizeof *order);

    if (order == NULL)
        return BN_NOMEM;
    for (size_t k = 0; k < n; k++) {
        const uint64_t at = first + k;
        if (k == 0 || at % m == 0)
            bn_rng_permutation(rng, at / m, order, m);
        theta[k] = BN_TWO_PI * (double)order[at % m] / (double)m;
    }
    free(order);
    return BN_OK;
}

static void sweep(const struct bn_course *c, uint64_t first, size_t n, double *theta,
                  double *omega)
{
    const double step = BN_TWO_PI / (double)c->angles;

    for (size_t k = 0; k < n; k++) {
        theta[k] = bn_ring_wrap(c->start + step * (double)((first + k) % c->angles));
        omega[k] = step / c->dt;
    }
}

static void move(const struct bn_course *c, struct bn_course_state *s, size_t n, double *theta,
                 const double *omega)
{
    for (size_t k = 0; k < n; k++) {
        theta[k] = s->theta;
        s->theta = bn_ring_wrap(s->theta + c->dt * omega[k]);
    }
}

static void diffusion(const struct bn_course *c, struct bn_course_state *s, uint64_t first,
                      size_t n, double *theta, double *omega)
{
    const double sd = sqrt(2.0 * c->diffusion / c->dt);

    bn_rng_normals(bn_rng_sub(c->rng, "velocity"), 0, first, omega, n);
    for (size_t k = 0; k < n; k++)
        omega[k] = c->bias + sd * omega[k];
    move(c, s, n, theta, omega);
}

static void ornstein_uhlenbeck(const struct bn_course *c, struct bn_course_state *s,
                               uint64_t first, size_t n, double *theta, double *omega)
{
    const double decay = exp(-c->dt / c->tau), kick = c->sd * sqrt(1.0 - decay * decay);

    bn_rng_normals(bn_rng_sub(c->rng, "velocity"), 0, first, omega, n);
    for (size_t k = 0; k < n; k++) {
        s->velocity = first + k == 0 ? c->sd * omega[k] : decay * s->velocity + kick * omega[k];
        omega[k] = c->bias + s->velocity;
    }
    move(c, s, n, theta, omega);
}

/* Angles are linear between two samples, by the short way round; a velocity lasts from its
 * sample to the next, as in a recording.                                     */
static bn_status recorded(const struct bn_course *c, uint64_t first, size_t n, double *theta,
                          double *omega)
{
    const uint64_t period = bn_course_period(c);

    if (period == 0)
        return bn_fail(BN_INPUT, "the recorded course has %zu samples of %g s and is to begin "
                       "after %g s: nothing is left of it", c->samples, c->bin, c->begin);
    for (size_t k = 0; k < n; k++) {
        const double at = (c->begin + c->dt * (double)((first + k) % period)) / c->bin;
        const size_t most = c->samples - 2;
        const size_t i = at < 0.0 ? 0 : at >= (double)most ? most : (size_t)at;
        const double share = fmin(1.0, fmax(0.0, at - (double)i));
        const double turn = bn_ring_difference(c->angle[i + 1], c->angle[i]);
        theta[k] = bn_ring_wrap(c->angle[i] + share * turn);
        omega[k] = c->velocity[i];
    }
    return BN_OK;
}

bn_status bn_course_walk(const struct bn_course *c, struct bn_course_state *state,
                         uint64_t first, size_t n, double *theta, double *omega)
{
    switch (c->order) {
    case BN_ORDER_SHUFFLED:
        independent(c, first, n, omega);
        return shuffled(c, first, n, theta);
    case BN_ORDER_SWEEP:
        sweep(c, first, n, theta, omega);
        return BN_OK;
    case BN_ORDER_DIFFUSION:
        diffusion(c, state, first, n, theta, omega);
        return BN_OK;
    case BN_ORDER_OU:
        ornstein_uhlenbeck(c, state, first, n, theta, omega);
        return BN_OK;
    case BN_ORDER_RECORDED:
        return recorded(c, first, n, theta, omega);
    case BN_ORDER_IID:
        break;
    }
    independent(c, first, n, omega);
    uniform(c, first, n, theta);
    return BN_OK;
}
