/* SPDX-License-Identifier: MIT */
#include <basin/fill.h>

#include <basin/mem.h>
#include <basin/tile.h>

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define PI 3.14159265358979323846
#define FLOOR 1e-12                      /* modes of less variance, of the largest */
#define RIDGE 1e-6                       /* of the search for a first state */

/* Neurons per tile, samples before the first that counts, Newton steps to a first state,
 * reflections of one sample at most.                                             */
enum { ROWS = 8, BURN = 10, STEPS = 50, MOST = 100000 };

struct work {
    const struct bn_fill *fill;
    struct bn_rng rng;
    struct bn_mat *current;
    struct bn_mat b;                     /* [P, K] */
    double *loosened;                    /* [N] */
};

/* One neuron; n silent points, w ~ N(0, 1) in K dimensions with f w <= g. */
struct row {
    size_t n, *silent;                   /* [P] */
    struct bn_mat v, a;                  /* [K, K] posterior's modes, rows; room */
    struct bn_mat f;                     /* [n, K] */
    double *e, *mean, *w, *speed, *room; /* [K] */
    double *g, *at, *rate, *length, *sum;        /* [n]: bound, f w, f speed, |f|^2 */
};

/* --- the covariance ------------------------------------------------------------------------ */

static bn_status modes(const struct bn_mat *covariance, struct bn_mat *b)
{
    const size_t p = covariance->rows;
    struct bn_mat u;
    double *e = bn_alloc(p, sizeof *e);
    size_t k = 0;

    bn_status rc = e == NULL ? BN_NOMEM : bn_mat_alloc(&u, p, p);
    if (rc != BN_OK) {
        free(e);
        return rc;
    }
    memcpy(u.data, covariance->data, p * p * sizeof(double));
    rc = bn_eig_symmetric(&u, e);
    while (rc == BN_OK && k < p && e[p - 1 - k] > FLOOR * e[p - 1])
        k++;
    if (rc == BN_OK)
        rc = bn_mat_alloc(b, p, k);
    for (size_t m = 0; rc == BN_OK && m < k; m++)
        for (size_t i = 0; i < p; i++)
            *bn_mat_at(b, i, m) = sqrt(e[p - 1 - m]) * *bn_mat_at(&u, p - 1 - m, i);
    bn_mat_free(&u);
    free(e);
    return rc;
}

/* --- z given the fields ------------------------------------------------------------------ */

/* v, e: 1 + sum b b^T/noise^2 over the fields; mean of z in the coordinates of v. */
static bn_status given_fields(const struct work *w, struct row *r, size_t neuron)
{
    const double *x = bn_mat_row(w->current, neuron), theta = w->fill->threshold[neuron];
    const double weight = 1.0 / (w->fill->noise * w->fill->noise);
    const size_t k = w->b.cols;

    memset(r->v.data, 0, k * k * sizeof(double));
    memset(r->room, 0, k * sizeof(double));
    r->n = 0;
    for (size_t p = 0; p < w->b.rows; p++) {
        const double *b = bn_mat_row(&w->b, p);
        if (!(x[p] > 0.0)) {
            r->silent[r->n++] = p;
            continue;
        }
        for (size_t i = 0; i < k; i++) {
            r->room[i] += weight * b[i] * (x[p] + theta);
            for (size_t j = 0; j < k; j++)
                *bn_mat_at(&r->v, i, j) += weight * b[i] * b[j];
        }
    }
    for (size_t i = 0; i < k; i++)
        *bn_mat_at(&r->v, i, i) += 1.0;
    BN_TRY(bn_eig_symmetric(&r->v, r->e));
    for (size_t i = 0; i < k; i++)
        r->mean[i] = bn_dot(k, bn_mat_row(&r->v, i), r->room) / r->e[i];
    return BN_OK;
}

/* f, g: h <= theta at the silent points, for w in units of the posterior's modes. */
static void bounds(const struct work *w, struct row *r, size_t neuron)
{
    const size_t k = w->b.cols;

    r->f = (struct bn_mat){ r->n, k, r->f.data };
    for (size_t j = 0; j < r->n; j++) {
        const double *b = bn_mat_row(&w->b, r->silent[j]);
        double *f = bn_mat_row(&r->f, j);
        r->g[j] = w->fill->threshold[neuron];
        for (size_t i = 0; i < k; i++) {
            f[i] = bn_dot(k, bn_mat_row(&r->v, i), b);
            r->g[j] -= f[i] * r->mean[i];
            f[i] /= sqrt(r->e[i]);
        }
        r->length[j] = bn_dot(k, f, f);
    }
}

/* --- a first state --------------------------------------------------------------------------- */

/* (RIDGE + sum f f^T) w = sum f g over the bounds that are exceeded. */
static bn_status newton(struct row *r, bool *moved)
{
    const size_t k = r->f.cols;

    memset(r->a.data, 0, k * k * sizeof(double));
    memset(r->room, 0, k * sizeof(double));
    for (size_t j = 0; j < r->n; j++) {
        const double *f = bn_mat_row(&r->f, j);
        if (bn_dot(k, f, r->w) <= r->g[j])
            continue;
        for (size_t i = 0; i < k; i++) {
            r->room[i] += f[i] * (r->g[j] - 1e-3 * sqrt(r->length[j]));
            for (size_t l = 0; l < k; l++)
                *bn_mat_at(&r->a, i, l) += f[i] * f[l];
        }
    }
    for (size_t i = 0; i < k; i++)
        *bn_mat_at(&r->a, i, i) += RIDGE;
    BN_TRY(bn_cholesky(&r->a));
    BN_TRY(bn_cholesky_solve(&r->a, r->room));
    *moved = false;
    for (size_t i = 0; i < k; i++) {
        *moved = *moved || fabs(r->room[i] - r->w[i]) > 1e-9;
        r->w[i] = 0.5 * (r->w[i] + r->room[i]);
    }
    return BN_OK;
}

static bn_status first_state(struct row *r, double *loosened)
{
    const size_t k = r->f.cols;
    bool moved = true;

    memset(r->w, 0, k * sizeof(double));
    *loosened = 0.0;
    for (int step = 0; step < STEPS && moved; step++)
        BN_TRY(newton(r, &moved));
    for (size_t j = 0; j < r->n; j++) {
        const double over = bn_dot(k, bn_mat_row(&r->f, j), r->w) - r->g[j];
        if (over > -1e-9) {
            r->g[j] += over + 1e-9;
            *loosened = fmax(*loosened, over);
        }
    }
    return BN_OK;
}

/* --- samples ---------------------------------------------------------------------------------- */

/* When f w first comes up to its bound from below, on w cos t + speed sin t. */
static double hit(double at, double rate, double bound)
{
    const double reach = hypot(at, rate);

    if (reach <= fabs(bound))
        return INFINITY;
    double t = atan2(rate, at) - acos(bound / reach);
    while (t < 0.0)
        t += 2.0 * PI;
    return t;
}

static void turn(double t, size_t n, double *position, double *speed)
{
    const double c = cos(t), s = sin(t);

    for (size_t i = 0; i < n; i++) {
        const double x = position[i], v = speed[i];
        position[i] = c * x + s * v;
        speed[i] = c * v - s * x;
    }
}

static void reflect(struct row *r, size_t wall)
{
    const double *f = bn_mat_row(&r->f, wall);
    const double by = 2.0 * r->rate[wall] / r->length[wall];

    for (size_t i = 0; i < r->f.cols; i++)
        r->speed[i] -= by * f[i];
    for (size_t j = 0; j < r->n; j++)
        r->rate[j] -= by * bn_dot(r->f.cols, bn_mat_row(&r->f, j), f);
}

/* A quarter of a turn from fresh speeds: independent of the state but for the walls. */
static bn_status sample(struct row *r)
{
    const size_t k = r->f.cols;
    double left = 0.5 * PI;
    size_t last = SIZE_MAX;

    for (size_t j = 0; j < r->n; j++) {
        r->at[j] = bn_dot(k, bn_mat_row(&r->f, j), r->w);
        r->rate[j] = bn_dot(k, bn_mat_row(&r->f, j), r->speed);
    }
    for (size_t count = 0; count < MOST; count++) {
        double first = INFINITY;
        size_t wall = SIZE_MAX;
        for (size_t j = 0; j < r->n; j++) {
            const double t = hit(r->at[j], r->rate[j], r->g[j]);
            if (t < first && !(j == last && (t < 1e-9 || t > 2.0 * PI - 1e-9))) {
                first = t;
                wall = j;
            }
        }
        const double t = fmin(first, left);
        turn(t, k, r->w, r->speed);
        turn(t, r->n, r->at, r->rate);
        left -= t;
        if (left <= 0.0 || wall == SIZE_MAX)
            return BN_OK;
        reflect(r, wall);
        last = wall;
    }
    return bn_fail(BN_NUMERIC, "the bounds of silent points leave no room: %d reflections in one "
                   "sample; a larger noise helps", MOST);
}

static bn_status fill_row(const struct work *w, struct row *r, size_t neuron)
{
    const size_t k = w->b.cols, draws = w->fill->draws;
    double *x = bn_mat_row(w->current, neuron);

    BN_TRY(given_fields(w, r, neuron));
    bounds(w, r, neuron);
    BN_TRY(first_state(r, &w->loosened[neuron]));
    memset(r->sum, 0, w->b.rows * sizeof(double));
    for (size_t s = 0; s < BURN + draws; s++) {
        bn_rng_normals(w->rng, neuron, s * k, r->speed, k);
        BN_TRY(sample(r));
        for (size_t j = 0; s >= BURN && j < r->n; j++)
            r->sum[j] += r->at[j];
    }
    /* f w - g = h - theta, but for what was loosened. */
    for (size_t j = 0; j < r->n; j++) {
        const double *b = bn_mat_row(&w->b, r->silent[j]);
        double h = r->sum[j] / (double)draws;
        for (size_t i = 0; i < k; i++)
            h += r->mean[i] * bn_dot(k, bn_mat_row(&r->v, i), b);
        x[r->silent[j]] = fmin(0.0, h - w->fill->threshold[neuron]);
    }
    return BN_OK;
}

static bn_status run_tile(void *context, size_t tile)
{
    const struct work *w = context;
    const size_t begin = tile * ROWS, most = w->current->rows, k = w->b.cols, p = w->b.rows;
    struct bn_mat small = { 0 }, tall = { 0 };
    struct row r = { 0 };

    bn_status rc = bn_mat_alloc(&r.v, k, k);
    if (rc == BN_OK)
        rc = bn_mat_alloc(&r.a, k, k);
    if (rc == BN_OK)
        rc = bn_mat_alloc(&r.f, p, k);
    if (rc == BN_OK)
        rc = bn_mat_alloc(&small, 5, k);
    if (rc == BN_OK)
        rc = bn_mat_alloc(&tall, 5, p);
    if (rc == BN_OK && (r.silent = bn_alloc(p, sizeof *r.silent)) == NULL)
        rc = BN_NOMEM;
    double **const of_modes[] = { &r.e, &r.mean, &r.w, &r.speed, &r.room };
    double **const of_points[] = { &r.g, &r.at, &r.rate, &r.length, &r.sum };
    for (size_t m = 0; rc == BN_OK && m < 5; m++) {
        *of_modes[m] = bn_mat_row(&small, m);
        *of_points[m] = bn_mat_row(&tall, m);
    }
    for (size_t i = begin; rc == BN_OK && i < begin + ROWS && i < most; i++)
        rc = fill_row(w, &r, i);
    free(r.silent);
    bn_mat_free(&tall);
    bn_mat_free(&small);
    bn_mat_free(&r.f);
    bn_mat_free(&r.a);
    bn_mat_free(&r.v);
    return rc;
}

bn_status bn_fill_silent(const struct bn_fill *f, struct bn_rng rng, struct bn_mat *current,
                         double *loosened)
{
    struct work w = { .fill = f, .rng = rng, .current = current };
    const size_t n = current->rows;

    if (f->covariance->rows != f->covariance->cols || f->covariance->rows != current->cols
        || n == 0 || current->cols == 0)
        return bn_fail(BN_INPUT, "the covariance is %zu x %zu for currents of %zu x %zu",
                       f->covariance->rows, f->covariance->cols, n, current->cols);
    if (!(f->noise > 0.0) || f->draws == 0)
        return bn_fail(BN_USAGE, "silent currents need noise > 0 and at least one sample (given "
                       "%g and %zu)", f->noise, f->draws);
    bn_status rc = modes(f->covariance, &w.b);
    if (rc == BN_OK && (w.loosened = bn_alloc(n, sizeof *w.loosened)) == NULL)
        rc = BN_NOMEM;
    if (rc == BN_OK)
        rc = bn_tiles((n + ROWS - 1) / ROWS, run_tile, &w);
    if (rc == BN_OK && loosened != NULL)
        *loosened = 0.0;
    for (size_t i = 0; rc == BN_OK && loosened != NULL && i < n; i++)
        *loosened = fmax(*loosened, w.loosened[i]);
    free(w.loosened);
    bn_mat_free(&w.b);
    return rc;
}
