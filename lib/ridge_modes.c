/* SPDX-License-Identifier: MIT */
#include "ridge_priv.h"

#include <basin/fourier.h>
#include <basin/mem.h>
#include <basin/tile.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Sums over neurons are made of at most GROUPS parts, added in their order; within a
 * group neurons pass by ROWS at a time.                                     */
enum { GROUPS = 16, ROWS = 512 };

struct sums {
    struct bn_mat square;                /* [r or q, r], of the pass */
    double *mode, *mode_velocity;        /* [r]: sum of left_ik^2 */
    double error[2], norm[2];            /* of J and J' */
};

struct work {
    const struct bn_mat *x, *phi;
    bool velocity;
    size_t n, p, r, groups, per_group;
    double lambda;
    struct bn_mat u;                     /* [r, r]; later [q, r], the modes kept */
    struct bn_mat t;                     /* [r, r] inverse; later [q, q], core */
    struct bn_mat y;                     /* [q, r] = F^T C_phi */
    double *e;                           /* [r] */
    double *d[2];                        /* D, D' */
    struct sums *sums;                   /* [groups] */
    bn_status (*pass)(struct work *w, struct sums *s, size_t begin, struct bn_mat *c,
                      struct bn_mat *x, struct bn_mat *f);
};

/* Rows begin ... of x (or of its derivative) and of the first r columns of phi. */
static void take_rows(const struct bn_mat *from, size_t begin, struct bn_mat *to)
{
    for (size_t i = 0; i < to->rows; i++)
        memcpy(bn_mat_row(to, i), bn_mat_row(from, begin + i), to->cols * sizeof(double));
}

static bn_status run_group(void *context, size_t group)
{
    struct work *w = context;
    const size_t begin = group * w->per_group;
    const size_t end = begin + w->per_group < w->n ? begin + w->per_group : w->n;
    struct bn_mat c = { 0 }, x = { 0 }, f = { 0 };

    bn_status rc = bn_mat_alloc(&c, ROWS, w->r);
    if (rc == BN_OK)
        rc = bn_mat_alloc(&x, ROWS, w->p);
    if (rc == BN_OK)
        rc = bn_mat_alloc(&f, ROWS, w->u.rows);
    for (size_t i = begin; rc == BN_OK && i < end; i += ROWS) {
        c.rows = x.rows = f.rows = end - i < ROWS ? end - i : ROWS;
        take_rows(w->phi, i, &c);
        take_rows(w->x, i, &x);
        if (w->u.data != NULL)
            rc = bn_gemm(1.0, &c, BN_PLAIN, &w->u, BN_TRANSPOSED, 0.0, &f);
        if (rc == BN_OK)
            rc = w->pass(w, &w->sums[group], i, &c, &x, &f);
    }
    bn_mat_free(&c);
    bn_mat_free(&x);
    bn_mat_free(&f);
    return rc;
}

/* --- passes ----------------------------------------------------------------------------- */

/* square += C^T C / N */
static bn_status gram_pass(struct work *w, struct sums *s, size_t begin, struct bn_mat *c,
                           struct bn_mat *x, struct bn_mat *f)
{
    (void)begin, (void)x, (void)f;
    return bn_gemm(1.0 / (double)w->n, c, BN_TRANSPOSED, c, BN_PLAIN, 1.0, &s->square);
}

/* square += F^T F / N */
static bn_status rotated_pass(struct work *w, struct sums *s, size_t begin, struct bn_mat *c,
                              struct bn_mat *x, struct bn_mat *f)
{
    (void)begin, (void)x, (void)c;
    return bn_gemm(1.0 / (double)w->n, f, BN_TRANSPOSED, f, BN_PLAIN, 1.0, &s->square);
}

/* square += F^T C */
static bn_status image_pass(struct work *w, struct sums *s, size_t begin, struct bn_mat *c,
                            struct bn_mat *x, struct bn_mat *f)
{
    (void)w, (void)begin, (void)x;
    return bn_gemm(1.0, f, BN_TRANSPOSED, c, BN_PLAIN, 1.0, &s->square);
}

/* out = x U_x^T for the columns that x has. */
static bn_status project(const struct work *w, const struct bn_mat *x, struct bn_mat *out)
{
    struct bn_mat few;

    BN_TRY(bn_mat_alloc(&few, w->u.rows, w->p));
    take_rows(&w->u, 0, &few);
    const bn_status rc = bn_gemm(1.0, x, BN_PLAIN, &few, BN_TRANSPOSED, 0.0, out);
    bn_mat_free(&few);
    return rc;
}

/* D_i = (J_uc)_ii / A_ii, and what each mode adds to the square of left. */
static bn_status diagonal_pass(struct work *w, struct sums *s, size_t begin, struct bn_mat *c,
                               struct bn_mat *x, struct bn_mat *f)
{
    struct bn_mat xu;

    (void)c;
    BN_TRY(bn_mat_alloc(&xu, f->rows, w->r));
    bn_status rc = BN_OK;
    for (int prime = 0; rc == BN_OK && prime <= (int)w->velocity; prime++) {
        double *sum = prime ? s->mode_velocity : s->mode;
        if (prime)
            bn_fourier_differentiate(x);
        rc = project(w, x, &xu);
        for (size_t i = 0; rc == BN_OK && i < f->rows; i++) {
            const double *fi = bn_mat_row(f, i), *xi = bn_mat_row(&xu, i);
            double d = 0.0, a = 0.0;
            for (size_t k = 0; k < w->r; k++) {
                const double v = fi[k] / ((double)w->n * (w->e[k] + w->lambda));
                d += xi[k] * v;
                a += fi[k] * v;
            }
            d /= 1.0 - a;
            w->d[prime][begin + i] = d;
            for (size_t k = 0; k < w->r; k++)
                sum[k] += (xi[k] + d * fi[k]) * (xi[k] + d * fi[k]);
        }
    }
    bn_mat_free(&xu);
    return rc;
}

/* |J phi - x|^2 of these neurons: C_x lift Y + D (F core Y - C) - C_x. */
static bn_status residual_pass(struct work *w, struct sums *s, size_t begin, struct bn_mat *c,
                               struct bn_mat *x, struct bn_mat *f)
{
    struct bn_mat z = { 0 }, back = { 0 }, image = { 0 }, xu = { 0 };
    const size_t q = w->u.rows;

    bn_status rc = bn_mat_alloc(&z, q, w->r);
    if (rc == BN_OK)
        rc = bn_mat_alloc(&back, f->rows, w->r);
    if (rc == BN_OK)
        rc = bn_mat_alloc(&image, f->rows, w->r);
    if (rc == BN_OK)
        rc = bn_mat_alloc(&xu, f->rows, q);
    if (rc == BN_OK)
        rc = bn_gemm(1.0, &w->t, BN_PLAIN, &w->y, BN_PLAIN, 0.0, &z);
    if (rc == BN_OK)
        rc = bn_gemm(1.0, f, BN_PLAIN, &z, BN_PLAIN, 0.0, &back);
    for (int prime = 0; rc == BN_OK && prime <= (int)w->velocity; prime++) {
        if (prime)
            bn_fourier_differentiate(x);
        rc = project(w, x, &xu);
        if (rc == BN_OK)
            rc = bn_gemm(1.0, &xu, BN_PLAIN, &z, BN_PLAIN, 0.0, &image);
        for (size_t i = 0; rc == BN_OK && i < f->rows; i++)
            for (size_t k = 0; k < w->r; k++) {
                const double want = k < w->p ? *bn_mat_at(x, i, k) : 0.0;
                const double off = *bn_mat_at(&image, i, k) - want + w->d[prime][begin + i]
                                 * (*bn_mat_at(&back, i, k) - *bn_mat_at(c, i, k));
                s->error[prime] += off * off;
                s->norm[prime] += want * want;
            }
    }
    bn_mat_free(&z);
    bn_mat_free(&back);
    bn_mat_free(&image);
    bn_mat_free(&xu);
    return rc;
}

/* --- the solution ------------------------------------------------------------------------- */

/* A pass; *total (or NULL) gets the sum of what the groups put in `square`. */
static bn_status run_pass(struct work *w, struct bn_mat *total, size_t rows)
{
    bn_status rc = BN_OK;

    for (size_t g = 0; rc == BN_OK && total != NULL && g < w->groups; g++)
        rc = bn_mat_alloc(&w->sums[g].square, rows, w->r);
    if (rc == BN_OK)
        rc = bn_tiles(w->groups, run_group, w);
    if (rc == BN_OK && total != NULL)
        rc = bn_mat_alloc(total, rows, w->r);
    for (size_t g = 0; g < w->groups; g++) {
        for (size_t k = 0; rc == BN_OK && total != NULL && k < rows * w->r; k++)
            total->data[k] += w->sums[g].square.data[k];
        bn_mat_free(&w->sums[g].square);
    }
    return rc;
}

static bn_status solve(struct work *w)
{
    struct bn_mat u;

    w->pass = gram_pass;
    BN_TRY(run_pass(w, &u, w->r));
    w->u = u;
    BN_TRY(bn_eig_symmetric(&w->u, w->e));
    BN_TRY(bn_ridge_spans(w->e, w->r, w->n, w->lambda));
    w->pass = rotated_pass;
    BN_TRY(run_pass(w, &w->t, w->r));
    bn_ridge_invert(&w->t, w->lambda, w->e);
    w->pass = diagonal_pass;
    return run_pass(w, NULL, 0);
}

/* Rows and columns of the kept modes. */
static bn_status reduce(struct work *w, const bool *keep, size_t q)
{
    struct bn_mat u = { 0 }, t = { 0 };

    bn_status rc = bn_mat_alloc(&u, q, w->r);
    if (rc == BN_OK)
        rc = bn_mat_alloc(&t, q, q);
    for (size_t j = 0, row = 0; rc == BN_OK && j < w->r; j++) {
        if (!keep[j])
            continue;
        memcpy(bn_mat_row(&u, row), bn_mat_row(&w->u, j), w->r * sizeof(double));
        for (size_t k = 0, col = 0; k < w->r; k++)
            if (keep[k])
                *bn_mat_at(&t, row, col++) = *bn_mat_at(&w->t, j, k) / (double)w->n;
        row++;
    }
    if (rc != BN_OK) {
        bn_mat_free(&u);
        return rc;
    }
    bn_mat_free(&w->u);
    bn_mat_free(&w->t);
    w->u = u;
    w->t = t;
    return BN_OK;
}

static bn_status drop_modes(struct work *w, double tolerance)
{
    double *c = bn_alloc(2 * w->r, sizeof *c);
    bool *keep = bn_alloc(w->r, sizeof *keep);
    size_t q = 0;

    bn_status rc = c == NULL || keep == NULL ? BN_NOMEM : BN_OK;
    for (size_t k = 0; rc == BN_OK && k < w->r; k++) {
        const double s = w->e[k] + w->lambda, weight = w->e[k] / (s * s);
        for (size_t g = 0; g < w->groups; g++) {
            c[k] += w->sums[g].mode[k] * weight;
            c[w->r + k] += w->sums[g].mode_velocity[k] * weight;
        }
    }
    if (rc == BN_OK)
        rc = bn_ridge_choose(c, w->velocity ? c + w->r : NULL, w->r, tolerance, keep, &q);
    if (rc == BN_OK)
        rc = reduce(w, keep, q);
    free(keep);
    free(c);
    return rc;
}

static bn_status measure(struct work *w, struct bn_ridge_modes *out)
{
    double error[2] = { 0 }, norm[2] = { 0 };

    w->pass = image_pass;
    BN_TRY(run_pass(w, &w->y, w->u.rows));
    w->pass = residual_pass;
    BN_TRY(run_pass(w, NULL, 0));
    for (size_t g = 0; g < w->groups; g++)
        for (int prime = 0; prime < 2; prime++) {
            error[prime] += w->sums[g].error[prime];
            norm[prime] += w->sums[g].norm[prime];
        }
    out->residual = sqrt(error[0] / norm[0]);
    out->residual_velocity = w->velocity ? sqrt(error[1] / norm[1]) : 0.0;
    return BN_OK;
}

static bn_status prepare(struct work *w)
{
    w->groups = (w->n + ROWS - 1) / ROWS < GROUPS ? (w->n + ROWS - 1) / ROWS : GROUPS;
    w->per_group = (w->n + w->groups - 1) / w->groups;
    w->groups = (w->n + w->per_group - 1) / w->per_group;
    w->sums = bn_alloc(w->groups, sizeof *w->sums);
    w->e = bn_alloc(w->r, sizeof *w->e);
    w->d[0] = bn_alloc(w->n, sizeof(double));
    w->d[1] = w->velocity ? bn_alloc(w->n, sizeof(double)) : NULL;
    if (w->sums == NULL || w->e == NULL || w->d[0] == NULL || (w->velocity && w->d[1] == NULL))
        return BN_NOMEM;
    for (size_t g = 0; g < w->groups; g++) {
        w->sums[g].mode = bn_alloc(2 * w->r, sizeof(double));
        if (w->sums[g].mode == NULL)
            return BN_NOMEM;
        w->sums[g].mode_velocity = w->sums[g].mode + w->r;
    }
    return BN_OK;
}

static void release(struct work *w)
{
    for (size_t g = 0; w->sums != NULL && g < w->groups; g++)
        free(w->sums[g].mode);
    free(w->sums);
    free(w->e);
    bn_mat_free(&w->y);
}

bn_status bn_ridge_modes(const struct bn_mat *x, const struct bn_mat *phi, bool velocity,
                         size_t r, double lambda, double tolerance, struct bn_ridge_modes *out)
{
    struct work w = { .x = x, .phi = phi, .velocity = velocity, .n = phi->rows,
                      .p = x->cols < r ? x->cols : r, .r = r, .lambda = lambda };

    *out = (struct bn_ridge_modes){ 0 };
    if (x->rows != phi->rows || x->rows == 0 || r == 0 || r > phi->cols || x->cols == 0)
        return bn_fail(BN_INPUT, "currents are %zu x %zu, rates %zu x %zu, %zu coefficients "
                       "asked for", x->rows, x->cols, phi->rows, phi->cols, r);
    bn_status rc = prepare(&w);
    if (rc == BN_OK)
        rc = solve(&w);
    if (rc == BN_OK)
        out->condition = (w.e[r - 1] + lambda) / (w.e[0] + lambda);
    if (rc == BN_OK)
        rc = drop_modes(&w, tolerance);
    if (rc == BN_OK)
        rc = measure(&w, out);
    out->basis = w.u;
    out->core = w.t;
    out->diagonal = w.d[0];
    out->diagonal_velocity = w.d[1];
    release(&w);
    if (rc != BN_OK)
        bn_ridge_modes_free(out);
    return rc;
}

void bn_ridge_modes_free(struct bn_ridge_modes *m)
{
    bn_mat_free(&m->basis);
    bn_mat_free(&m->core);
    free(m->diagonal);
    free(m->diagonal_velocity);
    *m = (struct bn_ridge_modes){ 0 };
}

/* C_x' lift = C_x (d/dtheta lift): c'_2n-1 = n c_2n, c'_2n = -n c_2n-1. */
bn_status bn_ridge_lift(const struct bn_mat *basis, const struct bn_mat *core, size_t p,
                        int order, struct bn_mat *lift)
{
    struct bn_mat few;

    *lift = (struct bn_mat){ 0 };
    if (p > basis->cols)
        return bn_fail(BN_INPUT, "currents have %zu coefficients, the modes %zu", p,
                       basis->cols);
    BN_TRY(bn_mat_alloc(&few, p, basis->rows));
    for (size_t k = 0; k < p; k++) {
        const bool pair = k > 0 && (k % 2 == 0 || k + 1 < p);
        const size_t from = order == 0 ? k : k % 2 == 1 ? k + 1 : k - 1;
        const double n = (double)((k + 1) / 2);
        const double by = order == 0 ? 1.0 : !pair ? 0.0 : k % 2 == 1 ? -n : n;
        for (size_t j = 0; by != 0.0 && j < basis->rows; j++)
            *bn_mat_at(&few, k, j) = by * *bn_mat_at(basis, j, from);
    }
    bn_status rc = bn_mat_alloc(lift, p, basis->rows);
    if (rc == BN_OK)
        rc = bn_gemm(1.0, &few, BN_PLAIN, core, BN_PLAIN, 0.0, lift);
    bn_mat_free(&few);
    if (rc != BN_OK)
        bn_mat_free(lift);
    return rc;
}

struct tall {
    const struct bn_mat *phi, *basis;
    struct bn_mat *factor;
};

static bn_status factor_rows(void *context, size_t tile)
{
    const struct tall *t = context;
    const size_t begin = tile * ROWS, left = t->phi->rows - begin;
    struct bn_mat c, out = { left < ROWS ? left : ROWS, t->factor->cols,
                             bn_mat_row(t->factor, begin) };

    BN_TRY(bn_mat_alloc(&c, out.rows, t->basis->cols));
    take_rows(t->phi, begin, &c);
    const bn_status rc = bn_gemm(1.0, &c, BN_PLAIN, t->basis, BN_TRANSPOSED, 0.0, &out);
    bn_mat_free(&c);
    return rc;
}

bn_status bn_ridge_factor(const struct bn_mat *phi, const struct bn_mat *basis,
                          struct bn_mat *factor)
{
    const struct tall t = { phi, basis, factor };

    *factor = (struct bn_mat){ 0 };
    if (basis->cols > phi->cols)
        return bn_fail(BN_INPUT, "rates have %zu coefficients, the modes %zu", phi->cols,
                       basis->cols);
    BN_TRY(bn_mat_alloc(factor, phi->rows, basis->rows));
    const bn_status rc = bn_tiles((phi->rows + ROWS - 1) / ROWS, factor_rows, (void *)&t);
    if (rc != BN_OK)
        bn_mat_free(factor);
    return rc;
}
