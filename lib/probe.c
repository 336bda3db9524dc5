/* SPDX-License-Identifier: MIT */
#include <basin/probe.h>
#include <basin/decode.h>
#include <basin/fourier.h>
#include <basin/linear.h>
#include <basin/manifold.h>
#include <basin/mem.h>
#include <basin/network.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define NUDGE 1e-5                       /* of a small difference, current per neuron */
#define DROPPED 1e-26                    /* share of the manifold's power */

enum { SECANTS = 4, QUARTERS = 4 };

struct bn_probe {
    struct bn_probe_setup setup;
    bn_decoder *decoder;
};

/* --- running and decoding ---------------------------------------------------------- */

/* Harmonics of x* without which no angle moves by more than rounding. */
static bn_status harmonics(const struct bn_mat *x, size_t *count)
{
    double *power = bn_alloc(x->cols, sizeof *power), total = 0.0, left = 0.0;

    if (power == NULL)
        return BN_NOMEM;
    bn_fourier_power(x, power);
    for (size_t k = 0; k < x->cols; k++)
        total += power[k];
    *count = x->cols / 2;
    for (size_t k = x->cols; k > 1; k--) {
        left += power[k - 1];
        if (left > DROPPED * total)
            break;
        *count = (k - 1) / 2;
    }
    free(power);
    return BN_OK;
}

bn_status bn_probe_new(bn_probe **out, const struct bn_probe_setup *setup)
{
    size_t h;
    bn_probe *p = bn_alloc(1, sizeof *p);

    *out = NULL;
    if (p == NULL)
        return BN_NOMEM;
    p->setup = *setup;
    bn_status rc = setup->dt > 0.0 && setup->dt <= 1.0 ? BN_OK
        : bn_fail(BN_USAGE, "an Euler step of %g tau: give one in (0, 1]", setup->dt);
    if (rc == BN_OK && setup->net.x.rows != setup->net.weights.n)
        rc = bn_fail(BN_INPUT, "weights of %zu neurons, currents of %zu", setup->net.weights.n,
                     setup->net.x.rows);
    if (rc == BN_OK)
        rc = harmonics(&setup->net.x, &h);
    if (rc == BN_OK)
        rc = bn_decoder_new(&p->decoder, &setup->net.x, &setup->net.x, h);
    if (rc == BN_OK)
        *out = p;
    else
        bn_probe_free(p);
    return rc;
}

void bn_probe_free(bn_probe *p)
{
    if (p == NULL)
        return;
    bn_decoder_free(p->decoder);
    free(p);
}

static bn_status evaluate(const struct bn_mat *c, const double *theta, size_t count,
                          struct bn_mat *x)
{
    struct bn_mat basis;

    *x = (struct bn_mat){ 0 };
    BN_TRY(bn_mat_alloc(&basis, count, c->cols));
    for (size_t t = 0; t < count; t++)
        bn_fourier_basis(theta[t], c->cols, 0, bn_mat_row(&basis, t));
    bn_status rc = bn_mat_alloc(x, count, c->rows);
    if (rc == BN_OK)
        rc = bn_gemm(1.0, &basis, BN_PLAIN, c, BN_TRANSPOSED, 0.0, x);
    bn_mat_free(&basis);
    return rc;
}

bn_status bn_probe_states(const bn_probe *p, const double *theta, size_t count,
                          struct bn_mat *x)
{
    return evaluate(&p->setup.net.x, theta, count, x);
}

bn_status bn_probe_decode(const bn_probe *p, const struct bn_mat *x, double *angle,
                          double *distance)
{
    double *d = distance != NULL ? distance : bn_alloc(x->rows, sizeof *d);

    if (d == NULL)
        return BN_NOMEM;
    const bn_status rc = bn_decode_distance(p->decoder, x, d, angle);
    if (d != distance)
        free(d);
    return rc;
}

struct run {
    const bn_probe *p;
    size_t steps;
    struct bn_mat *angle;                /* [T, saves], or NULL */
};

static bn_status watch(void *context, size_t first, size_t save, const struct bn_mat *x,
                       const struct bn_mat *rate)
{
    const struct run *r = context;
    double *angle = bn_alloc(x->rows, sizeof *angle);

    (void)rate;
    if (angle == NULL)
        return BN_NOMEM;
    const bn_status rc = bn_probe_decode(r->p, x, angle, NULL);
    for (size_t t = 0; rc == BN_OK && t < x->rows; t++)
        *bn_mat_at(r->angle, first + t, save) = angle[t];
    free(angle);
    return rc;
}

static bn_status rest(void *context, size_t step)
{
    const struct run *r = context;
    const struct bn_probe_setup *s = &r->p->setup;
    s->progress(s->context, (double)step / (double)r->steps);
    return BN_OK;
}

struct input {
    const struct bn_mat *omega;          /* [steps, 1] or [steps, T], or NULL */
    double noise;
    struct bn_rng rng;
};

static size_t steps_of(const bn_probe *p, double time)
{
    return (size_t)fmax(0.0, round(time / p->setup.dt));
}

/* Run x on; angle [T, steps/every + 1], or NULL. */
static bn_status run(const bn_probe *p, struct bn_mat *x, size_t steps, size_t every,
                     const struct input *in, struct bn_mat *angle)
{
    const struct bn_ring_network *net = &p->setup.net;
    const struct bn_network network = { .weights = net->weights,
        .velocity = p->setup.velocity, .transfer = net->transfer, .tau = 1.0,
        .dt = p->setup.dt, .inhibition = net->inhibition, .target = net->target,
        .bias = net->bias, .noise = in->noise };
    struct run r = { p, steps, angle };

    if (steps == 0)
        return BN_OK;
    return bn_network_resume(&network, x, 0, steps, every, in->omega, in->rng,
                             angle != NULL ? watch : NULL,
                             p->setup.progress != NULL ? rest : NULL, &r);
}

static bn_status constant(double omega, size_t steps, struct bn_mat *out)
{
    BN_TRY(bn_mat_alloc(out, steps > 0 ? steps : 1, 1));
    for (size_t k = 0; k < out->rows; k++)
        out->data[k] = omega;
    return BN_OK;
}

bn_status bn_probe_relax(const bn_probe *p, struct bn_mat *x, double time, double omega)
{
    const size_t steps = steps_of(p, time);
    struct input in = { 0 };
    struct bn_mat w = { 0 };
    bn_status rc = BN_OK;

    if (omega != 0.0) {
        rc = constant(omega, steps, &w);
        in.omega = &w;
    }
    if (rc == BN_OK)
        rc = run(p, x, steps, steps > 0 ? steps : 1, &in, NULL);
    bn_mat_free(&w);
    return rc;
}

/* --- drift ------------------------------------------------------------------------- */

bn_status bn_probe_drift(const bn_probe *p, const double *theta, size_t count, double relax,
                         double window, double omega, double *angle, double *drift)
{
    const double time = (double)steps_of(p, window) * p->setup.dt;
    struct bn_mat x;

    if (!(time > 0.0))
        return bn_fail(BN_USAGE, "a drift over %g tau is shorter than one step of %g tau",
                       window, p->setup.dt);
    bn_status rc = bn_probe_states(p, theta, count, &x);
    if (rc == BN_OK)
        rc = bn_probe_relax(p, &x, relax, omega);
    if (rc == BN_OK)
        rc = bn_probe_decode(p, &x, angle, NULL);
    if (rc == BN_OK)
        rc = bn_probe_relax(p, &x, window, omega);
    if (rc == BN_OK)
        rc = bn_probe_decode(p, &x, drift, NULL);
    for (size_t t = 0; rc == BN_OK && t < count; t++) {
        const double turned = bn_ring_difference(drift[t], angle[t]);
        drift[t] = turned / time;
        angle[t] = bn_ring_wrap(angle[t] + 0.5 * turned);
    }
    bn_mat_free(&x);
    return rc;
}

/* --- memory ------------------------------------------------------------------------ */

bn_status bn_probe_memory(const bn_probe *p, const double *theta, struct bn_mat *x,
                          struct bn_memory *memory, size_t times, double *angle)
{
    double now = 0.0;

    for (size_t k = 0; k < times; k++) {
        struct bn_memory *m = &memory[k];
        if (!(m->time >= now))
            return bn_fail(BN_USAGE, "times of the memory error must ascend: %g tau after %g",
                           m->time, now);
        BN_TRY(bn_probe_relax(p, x, m->time - now, 0.0));
        now = m->time;
        BN_TRY(bn_probe_decode(p, x, angle, NULL));
        m->mean = m->largest = 0.0;
        for (size_t t = 0; t < x->rows; t++) {
            const double e = fabs(bn_ring_difference(angle[t], theta[t]));
            m->mean += e / (double)x->rows;
            m->largest = fmax(m->largest, e);
        }
    }
    return BN_OK;
}

/* --- exponents --------------------------------------------------------------------- */

/* Rows of x: count states, as many displaced along the first difference, as many along the
 * second.  Differences to unit length, the second orthogonal to the first; what their
 * lengths had become is added to the logarithms.                             */
static void orthogonalise(struct bn_mat *x, size_t count, double length, double *first,
                          double *second)
{
    const size_t n = x->cols;

    for (size_t t = 0; t < count; t++) {
        const double *u = bn_mat_row(x, t);
        double *a = bn_mat_row(x, count + t), *b = bn_mat_row(x, 2 * count + t);
        for (size_t i = 0; i < n; i++) {
            a[i] -= u[i];
            b[i] -= u[i];
        }
        const double la = bn_norm(n, a), share = bn_dot(n, a, b) / (la * la);
        for (size_t i = 0; i < n; i++)
            b[i] -= share * a[i];
        const double lb = bn_norm(n, b);
        first[t] += log(la / length);
        second[t] += log(lb / length);
        for (size_t i = 0; i < n; i++) {
            a[i] = u[i] + length * a[i] / la;
            b[i] = u[i] + length * b[i] / lb;
        }
    }
}

static bn_status displaced(const bn_probe *p, const double *theta, size_t count,
                           struct bn_rng rng, struct bn_mat *x)
{
    const size_t n = p->setup.net.weights.n;
    double *angle = bn_alloc(3 * count, sizeof *angle);
    double *z = bn_alloc(n, sizeof *z);
    bn_status rc = angle != NULL && z != NULL ? BN_OK : BN_NOMEM;

    *x = (struct bn_mat){ 0 };
    for (size_t t = 0; rc == BN_OK && t < 3 * count; t++)
        angle[t] = theta[t % count] + (t / count == 1 ? 1e-3 : 0.0);
    if (rc == BN_OK)
        rc = bn_probe_states(p, angle, 3 * count, x);
    for (size_t t = 0; rc == BN_OK && t < count; t++) {
        double *row = bn_mat_row(x, 2 * count + t);
        bn_rng_normals(rng, t, 0, z, n);
        for (size_t i = 0; i < n; i++)
            row[i] += NUDGE * z[i];
    }
    free(angle);
    free(z);
    return rc;
}

/* log |growth| per time of an Euler step's factor 1 + lambda dt, to lambda. */
static double continuous(double logs, double time, double dt)
{
    return expm1(logs / time * dt) / dt;
}

bn_status bn_probe_exponents(const bn_probe *p, const double *theta, size_t count,
                             size_t rounds, double length, struct bn_rng rng, struct bn_mat *x,
                             double *first, double *second)
{
    const size_t n = p->setup.net.weights.n, half = rounds / 2;
    const double size = NUDGE * sqrt((double)n);
    const double time = (double)((rounds - half) * steps_of(p, length)) * p->setup.dt;
    struct bn_mat all;

    if (rounds == 0 || !(time > 0.0))
        return bn_fail(BN_USAGE, "exponents from %zu rounds of %g tau", rounds, length);
    bn_status rc = displaced(p, theta, count, rng, &all);
    memset(first, 0, count * sizeof *first);
    memset(second, 0, count * sizeof *second);
    for (size_t r = 0; rc == BN_OK && r <= rounds; r++) {
        if (r > 0)
            rc = bn_probe_relax(p, &all, length, 0.0);
        orthogonalise(&all, count, size, first, second);
        for (size_t t = 0; r == half && t < count; t++)
            first[t] = second[t] = 0.0;
    }
    for (size_t t = 0; rc == BN_OK && t < count; t++) {
        first[t] = continuous(first[t], time, p->setup.dt);
        second[t] = continuous(second[t], time, p->setup.dt);
        memcpy(bn_mat_row(x, t), bn_mat_row(&all, t), n * sizeof(double));
    }
    bn_mat_free(&all);
    return rc;
}

/* --- diffusion --------------------------------------------------------------------- */

/* Mean and (co)variance of columns a and b over the runs of one start. */
static double over_runs(const struct bn_mat *y, size_t runs, size_t start, size_t a, size_t b,
                        double *mean)
{
    double ma = 0.0, mb = 0.0, sum = 0.0;

    for (size_t r = start * runs; r < (start + 1) * runs; r++) {
        ma += *bn_mat_at(y, r, a) / (double)runs;
        mb += *bn_mat_at(y, r, b) / (double)runs;
    }
    for (size_t r = start * runs; r < (start + 1) * runs; r++)
        sum += (*bn_mat_at(y, r, a) - ma) * (*bn_mat_at(y, r, b) - mb);
    *mean = ma;
    return sum / (double)(runs - 1);
}

/* A sample variance has variance 2 V^2/(n - 1), two have covariance 2 C^2/(n - 1); start by
 * start, as V differs much between angles.                                  */
static void spread_of(const struct bn_mat *y, size_t starts, double time,
                      struct bn_spread *out)
{
    const size_t runs = y->rows / starts;
    const double per = 2.0 / (double)(runs - 1), a = (double)starts;
    double early = 0.0, late = 0.0, slope2 = 0.0, late2 = 0.0, drift = 0.0, mean;

    for (size_t s = 0; s < starts; s++) {
        const double v1 = over_runs(y, runs, s, 1, 1, &mean);
        const double c = over_runs(y, runs, s, 1, QUARTERS, &mean);
        const double v2 = over_runs(y, runs, s, QUARTERS, QUARTERS, &mean);
        early += v1 / a;
        late += v2 / a;
        slope2 += per * (v1 * v1 + v2 * v2 - 2.0 * c * c) / (a * a);
        late2 += per * v2 * v2 / (a * a);
        drift += mean * mean / a;
    }
    *out = (struct bn_spread){
        .diffusion = (late - early) / (1.5 * time), .error = sqrt(slope2) / (1.5 * time),
        .naive = late / (2.0 * time), .naive_error = sqrt(late2) / (2.0 * time),
        .drift = sqrt(drift) / time,
    };
}

/* Each row of `from` `runs` times. */
static bn_status repeated(const struct bn_mat *from, size_t runs, struct bn_mat *to)
{
    BN_TRY(bn_mat_alloc(to, from->rows * runs, from->cols));
    for (size_t t = 0; t < to->rows; t++)
        memcpy(bn_mat_row(to, t), bn_mat_row(from, t / runs), from->cols * sizeof(double));
    return BN_OK;
}

static bn_status relaxed(const bn_probe *p, const double *theta, size_t count, size_t runs,
                         double relax, struct bn_mat *x)
{
    struct bn_mat one;

    *x = (struct bn_mat){ 0 };
    bn_status rc = bn_probe_states(p, theta, count, &one);
    if (rc == BN_OK)
        rc = bn_probe_relax(p, &one, relax, 0.0);
    if (rc == BN_OK)
        rc = repeated(&one, runs, x);
    bn_mat_free(&one);
    return rc;
}

bn_status bn_probe_diffusion(const bn_probe *p, const double *theta, size_t count, size_t runs,
                             double sigma, double relax, double time, struct bn_rng rng,
                             struct bn_spread *spread)
{
    const size_t quarter = steps_of(p, time / QUARTERS);
    const struct input in = { .noise = sigma, .rng = rng };
    struct bn_mat x, angle = { 0 };

    if (runs < 2 || quarter == 0)
        return bn_fail(BN_USAGE, "diffusion from %zu runs of %g tau: at least 2 runs of %g tau "
                       "are needed", runs, time, QUARTERS * p->setup.dt);
    bn_status rc = relaxed(p, theta, count, runs, relax, &x);
    if (rc == BN_OK)
        rc = bn_mat_alloc(&angle, x.rows, QUARTERS + 1);
    if (rc == BN_OK)
        rc = run(p, &x, QUARTERS * quarter, quarter, &in, &angle);
    for (size_t t = 0; rc == BN_OK && t < angle.rows; t++) {
        double *row = bn_mat_row(&angle, t);
        for (size_t k = QUARTERS; k + 1 > 0; k--)
            row[k] = bn_ring_difference(row[k], row[0]);
    }
    if (rc == BN_OK)
        spread_of(&angle, count, (double)(QUARTERS * quarter) * p->setup.dt, spread);
    bn_mat_free(&x);
    bn_mat_free(&angle);
    return rc;
}

/* Gradient of the decoded angle at each state x: u/(|u|^2 - (x - x*).x*''), u = x*', from
 * the condition (x - x*(theta)).x*'(theta) = 0.                              */
static bn_status gradients(const bn_probe *p, const struct bn_mat *x, struct bn_mat *gradient)
{
    const struct bn_mat *c = &p->setup.net.x;
    const size_t n = x->cols;
    double *angle = bn_alloc(x->rows, sizeof *angle);
    struct bn_mat d = { 0 }, at = { 0 }, bend = { 0 };
    bn_status rc = angle != NULL ? bn_mat_alloc(&d, c->rows, c->cols) : BN_NOMEM;

    if (rc == BN_OK)
        rc = bn_probe_decode(p, x, angle, NULL);
    if (rc == BN_OK) {
        memcpy(d.data, c->data, c->rows * c->cols * sizeof *d.data);
        rc = evaluate(&d, angle, x->rows, &at);
    }
    bn_fourier_differentiate(&d);
    if (rc == BN_OK)
        rc = evaluate(&d, angle, x->rows, gradient);
    bn_fourier_differentiate(&d);
    if (rc == BN_OK)
        rc = evaluate(&d, angle, x->rows, &bend);
    for (size_t t = 0; rc == BN_OK && t < x->rows; t++) {
        double *u = bn_mat_row(gradient, t), scale = bn_dot(n, u, u);
        for (size_t i = 0; i < n; i++)
            scale -= (*bn_mat_at(x, t, i) - *bn_mat_at(&at, t, i)) * *bn_mat_at(&bend, t, i);
        for (size_t i = 0; i < n; i++)
            u[i] /= scale;
    }
    free(angle);
    bn_mat_free(&d);
    bn_mat_free(&at);
    bn_mat_free(&bend);
    return rc;
}

/* Slopes along undisturbed trajectories, kept once per piece of about one tau, in which the
 * Jacobian is taken as constant: the drift is slow, but not against gradients of D.  */
struct course {
    size_t quarter, pieces;              /* steps and pieces per quarter of the time */
    struct bn_mat *slope;                /* [QUARTERS * pieces] of [T, N] */
    struct bn_mat early, late;           /* gradients of the angle at T/4 and T */
};

static void course_free(struct course *c)
{
    for (size_t k = 0; c->slope != NULL && k < QUARTERS * c->pieces; k++)
        bn_mat_free(&c->slope[k]);
    free(c->slope);
    bn_mat_free(&c->early);
    bn_mat_free(&c->late);
}

static size_t first_step(const struct course *c, size_t piece)
{
    return piece * c->quarter / c->pieces;
}

static bn_status course_run(const bn_probe *p, struct bn_mat *x, struct course *c)
{
    const size_t all = QUARTERS * c->pieces;
    const double dt = p->setup.dt;

    c->slope = bn_alloc(all, sizeof *c->slope);
    if (c->slope == NULL)
        return BN_NOMEM;
    for (size_t k = 0; k < all; k++) {
        const size_t steps = first_step(c, k + 1) - first_step(c, k);
        BN_TRY(bn_mat_alloc(&c->slope[k], x->rows, x->cols));
        bn_transfer_slope(&p->setup.net.transfer, x->rows * x->cols, x->data,
                          c->slope[k].data);
        BN_TRY(bn_probe_relax(p, x, (double)steps * dt, 0.0));
        if (k + 1 == c->pieces)
            BN_TRY(gradients(p, x, &c->early));
    }
    return gradients(p, x, &c->late);
}

/* w <- (1 + dt A^T) w for the steps before the end of `pieces`, backwards in time; the mean
 * over rows of the sum of dt |w|^2.                                          */
static bn_status backwards(const bn_probe *p, const struct course *c, size_t pieces,
                           struct bn_mat *w, double *sum)
{
    const double dt = p->setup.dt;
    struct bn_linear linear;
    struct bn_mat next;

    *sum = 0.0;
    BN_TRY(bn_linear_make(&linear, &p->setup.net.weights, p->setup.net.inhibition));
    bn_status rc = bn_mat_alloc(&next, w->rows, w->cols);
    for (size_t k = pieces; rc == BN_OK && k > 0; k--)
        for (size_t step = first_step(c, k); rc == BN_OK && step > first_step(c, k - 1); step--) {
            for (size_t t = 0; t < w->rows; t++) {
                const double *row = bn_mat_row(w, t);
                *sum += dt * bn_dot(w->cols, row, row) / (double)w->rows;
            }
            rc = bn_linear_apply(&linear, &c->slope[k - 1], BN_TRANSPOSED, w, &next);
            for (size_t i = 0; rc == BN_OK && i < w->rows * w->cols; i++)
                w->data[i] += dt * next.data[i];
        }
    bn_mat_free(&next);
    bn_linear_free(&linear);
    return rc;
}

bn_status bn_probe_response(const bn_probe *p, const double *theta, size_t count, double relax,
                            double time, struct bn_spread *spread)
{
    const size_t quarter = steps_of(p, time / QUARTERS), per = steps_of(p, 1.0);
    const double end = (double)(QUARTERS * quarter) * p->setup.dt;
    struct course c = { .quarter = quarter, .pieces = quarter / per > 0 ? quarter / per : 1 };
    struct bn_mat x;
    double early, late;

    if (quarter == 0)
        return bn_fail(BN_USAGE, "diffusion over %g tau: at least %g tau are needed", time,
                       QUARTERS * p->setup.dt);
    bn_status rc = relaxed(p, theta, count, 1, relax, &x);
    if (rc == BN_OK)
        rc = course_run(p, &x, &c);
    if (rc == BN_OK)
        rc = backwards(p, &c, c.pieces, &c.early, &early);
    if (rc == BN_OK)
        rc = backwards(p, &c, QUARTERS * c.pieces, &c.late, &late);
    if (rc == BN_OK)
        *spread = (struct bn_spread){ .diffusion = (late - early) / (1.5 * end),
                                      .naive = late / (2.0 * end) };
    bn_mat_free(&x);
    course_free(&c);
    return rc;
}

/* --- path integration -------------------------------------------------------------- */

/* Angles at equal steps made continuous, and the mean speed: over whole turns, which do not
 * depend on where the window begins, if there is one.                        */
static double mean_speed(double *angle, size_t saves, double step)
{
    for (size_t k = saves - 1; k > 0; k--)
        angle[k] = bn_ring_difference(angle[k], angle[k - 1]);
    angle[0] = 0.0;
    for (size_t k = 1; k < saves; k++)
        angle[k] += angle[k - 1];
    const double all = angle[saves - 1], turns = floor(fabs(all) / BN_TWO_PI);
    if (turns < 1.0)
        return all / ((double)(saves - 1) * step);
    const double goal = turns * BN_TWO_PI;
    size_t k = 1;
    while (k + 1 < saves && fabs(angle[k]) < goal)
        k++;
    const double part = (goal - fabs(angle[k - 1])) / (fabs(angle[k]) - fabs(angle[k - 1]));
    return copysign(goal / (((double)(k - 1) + part) * step), all);
}

/* Columns of constant velocities. */
static bn_status velocities(const double *velocity, size_t count, size_t steps,
                            struct bn_mat *omega)
{
    BN_TRY(bn_mat_alloc(omega, steps, count));
    for (size_t k = 0; k < steps; k++)
        memcpy(bn_mat_row(omega, k), velocity, count * sizeof *velocity);
    return BN_OK;
}

bn_status bn_probe_integrate(const bn_probe *p, double theta, const double *velocity,
                             size_t count, double settle, double time, double *speed)
{
    const double dt = p->setup.dt;
    double fastest = 1.0;

    for (size_t k = 0; k < count; k++)
        fastest = fmax(fastest, fabs(velocity[k]));
    const size_t every = (size_t)fmax(1.0, floor(1.0 / (fastest * dt)));
    const size_t before = (steps_of(p, settle) + every - 1) / every;
    const size_t saves = before + steps_of(p, time) / every + 1, steps = (saves - 1) * every;
    struct bn_mat x, one = { 0 }, omega = { 0 }, angle = { 0 };
    if (saves < before + 2)
        return bn_fail(BN_USAGE, "a speed over %g tau: give at least %g tau", time,
                       (double)every * dt);
    bn_status rc = bn_probe_states(p, &theta, 1, &one);
    x = (struct bn_mat){ 0 };
    if (rc == BN_OK)
        rc = repeated(&one, count, &x);
    if (rc == BN_OK)
        rc = velocities(velocity, count, steps, &omega);
    if (rc == BN_OK)
        rc = bn_mat_alloc(&angle, count, saves);
    if (rc == BN_OK)
        rc = run(p, &x, steps, every, &(struct input){ .omega = &omega }, &angle);
    for (size_t k = 0; rc == BN_OK && k < count; k++)
        speed[k] = mean_speed(bn_mat_row(&angle, k) + before, saves - before,
                              (double)every * dt);
    bn_mat_free(&one);
    bn_mat_free(&x);
    bn_mat_free(&omega);
    bn_mat_free(&angle);
    return rc;
}

/* The smallest value of sign v around the ring, by the parabola through the smallest sample
 * and its neighbours at their own angles: they have moved and are not equally spaced. */
static double slowest(const double *angle, const double *v, size_t count, double sign)
{
    size_t k = 0;

    for (size_t m = 1; m < count; m++)
        k = sign * v[m] < sign * v[k] ? m : k;
    const size_t left = (k + count - 1) % count, right = (k + 1) % count;
    const double a = bn_ring_difference(angle[left], angle[k]);
    const double b = bn_ring_difference(angle[right], angle[k]);
    const double fa = sign * (v[left] - v[k]), fb = sign * (v[right] - v[k]);
    /* f = p d + q d^2 */
    const double q = (fb / b - fa / a) / (b - a), p = fa / a - q * a;
    return sign * v[k] - (q > 0.0 ? 0.25 * p * p / q : 0.0);
}

bn_status bn_probe_pinning(const bn_probe *p, size_t angles, double toward, double relax,
                           double window, double *velocity, double *error)
{
    const double sign = toward < 0.0 ? -1.0 : 1.0;
    double *theta = bn_alloc(3 * angles, sizeof *theta), last = 0.0, omega = 0.0;

    if (theta == NULL)
        return BN_NOMEM;
    bn_ring_grid(angles, theta);
    double *v = theta + angles, *angle = v + angles, before = 0.0;
    bn_status rc = BN_OK;
    *velocity = *error = 0.0;
    for (int k = 0; rc == BN_OK && k <= SECANTS; k++) {
        rc = bn_probe_drift(p, theta, angles, relax, window, omega, angle, v);
        const double slow = slowest(angle, v, angles, sign), step = sign * (omega - last);
        if (rc != BN_OK || (k == 0 && slow >= 0.0))
            break;
        const double slope = k == 0 ? 1.0 : (slow - before) / step;
        if (!(slope > 1e-3)) {
            rc = bn_fail(BN_NUMERIC, "no pinning threshold: %g rad/tau of input change the "
                         "slowest drift by %g rad/tau", step, slow - before);
            break;
        }
        last = omega;
        before = slow;
        omega -= sign * slow / slope;
        *velocity = omega;
        *error = fabs(omega - last);
        if (*error <= 1e-6 * fabs(omega))
            break;
    }
    free(theta);
    return rc;
}

double bn_probe_saturation(const double *velocity, const double *speed, size_t count,
                           bool *found)
{
    double best = 0.0, at = 0.0, first = INFINITY;

    for (size_t k = 0; k < count; k++) {
        const double ratio = speed[k] / velocity[k];
        if (ratio > best || (ratio == best && fabs(velocity[k]) < at)) {
            best = ratio;
            at = fabs(velocity[k]);
        }
    }
    for (size_t k = 0; k < count; k++)
        if (fabs(velocity[k]) > at && speed[k] / velocity[k] < 0.9 * best)
            first = fmin(first, fabs(velocity[k]));
    *found = isfinite(first);
    return *found ? first : 0.0;
}

/* --- far starts -------------------------------------------------------------------- */

bn_status bn_probe_far(const bn_probe *p, const double *theta, const double *sd, size_t count,
                       double time, struct bn_rng rng, struct bn_mat *x, double *angle,
                       double *distance)
{
    const size_t n = p->setup.net.weights.n;
    double *z = bn_alloc(n, sizeof *z);
    struct bn_mat start = { 0 };
    bn_status rc = z == NULL ? BN_NOMEM : bn_probe_states(p, theta, count, &start);

    for (size_t t = 0; rc == BN_OK && t < count; t++) {
        bn_rng_normals(rng, t, 0, z, n);
        for (size_t i = 0; i < n; i++)
            *bn_mat_at(x, t, i) = *bn_mat_at(&start, t, i) + sd[t] * z[i];
    }
    if (rc == BN_OK)
        rc = bn_probe_relax(p, x, time, 0.0);
    if (rc == BN_OK)
        rc = bn_probe_decode(p, x, angle, distance);
    bn_mat_free(&start);
    free(z);
    return rc;
}
