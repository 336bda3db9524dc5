/* SPDX-License-Identifier: MIT */
#include <basin/onesided.h>

#include "ridge_priv.h"

#include <basin/mem.h>
#include <basin/tile.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Neurons per tile; Newton steps before giving up (a handful is usual). */
enum { ROWS = 8, MOST = 1000, HALVINGS = 60 };

struct work {
    const struct bn_onesided *problem;
    size_t n, points;
    struct bn_mat gram;                  /* [P, P] Phi^T Phi/N */
    struct bn_mat alpha;                 /* [N, P] */
    size_t *steps;                       /* [N] */
};

/* One neuron's problem. */
struct row {
    const double *rate, *target;         /* [P] */
    double *alpha, *u;                   /* [P] where Newton stands */
    double *d, *du;                      /* [P] the step to the minimum for S */
    double *b;                           /* [|S|] */
    size_t *set, count;                  /* S */
    struct bn_mat a;                     /* room for [P, P] */
};

static bool counts(const struct row *r, const double *u, size_t p)
{
    return r->rate[p] > 0.0 || u[p] > r->target[p];
}

/* S for currents u; true if it was that before. */
static bool choose_set(struct row *r, size_t points, const double *u)
{
    size_t count = 0;
    bool same = true;

    for (size_t p = 0; p < points; p++)
        if (counts(r, u, p)) {
            same = same && count < r->count && r->set[count] == p;
            r->set[count++] = p;
        }
    same = same && count == r->count;
    r->count = count;
    return same;
}

/* u = G_i alpha */
static void currents(const struct work *w, const struct row *r, const double *alpha, double *u)
{
    const double own = bn_dot(w->points, alpha, r->rate) / (double)w->n;

    for (size_t p = 0; p < w->points; p++)
        u[p] = -own * r->rate[p];
    for (size_t q = 0; q < w->points; q++) {
        const double *g = bn_mat_row(&w->gram, q);
        if (alpha[q] == 0.0)
            continue;
        for (size_t p = 0; p < w->points; p++)
            u[p] += alpha[q] * g[p];
    }
}

/* d: from alpha to the minimum if S stayed what it is; du: what that does to u. */
static bn_status newton(const struct work *w, struct row *r)
{
    const struct bn_onesided *problem = w->problem;
    struct bn_mat a = { r->count, r->count, r->a.data };

    for (size_t j = 0; j < r->count; j++) {
        const size_t p = r->set[j];
        const double *g = bn_mat_row(&w->gram, p), own = r->rate[p] / (double)w->n;
        for (size_t k = 0; k <= j; k++)
            *bn_mat_at(&a, j, k) = *bn_mat_at(&a, k, j) = g[r->set[k]] - own * r->rate[r->set[k]];
        *bn_mat_at(&a, j, j) += problem->lambda / problem->weight[p];
        r->b[j] = r->target[p];
    }
    BN_TRY(r->count > 0 ? bn_cholesky(&a) : BN_OK);
    BN_TRY(r->count > 0 ? bn_cholesky_solve(&a, r->b) : BN_OK);
    for (size_t p = 0; p < w->points; p++)
        r->d[p] = 0.0;
    for (size_t j = 0; j < r->count; j++)
        r->d[r->set[j]] = r->b[j];
    currents(w, r, r->d, r->du);
    for (size_t p = 0; p < w->points; p++) {
        r->d[p] -= r->alpha[p];
        r->du[p] -= r->u[p];
    }
    return BN_OK;
}

/* Half the derivative of the function at alpha + s d: it grows with s. */
static double slope(const struct work *w, const struct row *r, double s)
{
    double sum = 0.0;

    for (size_t p = 0; p < w->points; p++) {
        const double u = r->u[p] + s * r->du[p];
        sum += w->problem->lambda * r->d[p] * u;
        if (r->rate[p] > 0.0 || u > r->target[p])
            sum += w->problem->weight[p] * (u - r->target[p]) * r->du[p];
    }
    return sum;
}

static double search(const struct work *w, const struct row *r)
{
    double low = 0.0, high = 1.0;

    if (slope(w, r, 1.0) <= 1e-12 * fabs(slope(w, r, 0.0)))      /* a zero, but for rounding */
        return 1.0;
    for (int k = 0; k < HALVINGS; k++) {
        const double s = 0.5 * (low + high);
        if (slope(w, r, s) > 0.0)
            high = s;
        else
            low = s;
    }
    return 0.5 * (low + high);
}

static bn_status solve_row(const struct work *w, struct row *r, size_t i)
{
    memset(r->u, 0, w->points * sizeof *r->u);
    r->count = 0;
    (void)choose_set(r, w->points, r->u);
    for (w->steps[i] = 1; w->steps[i] <= MOST; w->steps[i]++) {
        double moved = 0.0, size = 0.0;
        BN_TRY(newton(w, r));
        const double s = search(w, r);
        for (size_t p = 0; p < w->points; p++) {
            r->alpha[p] += s * r->d[p];
            r->u[p] += s * r->du[p];
            moved = fmax(moved, fabs(s * r->du[p]));
            size = fmax(size, fabs(r->target[p]));
        }
        if ((choose_set(r, w->points, r->u) && s == 1.0) || moved <= 1e-14 * size)
            return BN_OK;
    }
    return bn_fail(BN_NUMERIC, "the bounds of neuron %zu were not settled in %d Newton steps; a "
                   "larger lambda helps", i, MOST);
}

static bn_status run_tile(void *context, size_t tile)
{
    const struct work *w = context;
    const size_t begin = tile * ROWS, end = begin + ROWS < w->n ? begin + ROWS : w->n;
    struct bn_mat room = { 0 };
    struct row r = { 0 };

    bn_status rc = bn_mat_alloc(&r.a, w->points, w->points);
    if (rc == BN_OK)
        rc = bn_mat_alloc(&room, 4, w->points);
    if (rc == BN_OK && (r.set = bn_alloc(w->points, sizeof *r.set)) == NULL)
        rc = BN_NOMEM;
    for (size_t i = begin; rc == BN_OK && i < end; i++) {
        r.rate = bn_mat_row(w->problem->rate, i);
        r.target = bn_mat_row(w->problem->target, i);
        r.alpha = bn_mat_row(&w->alpha, i);
        r.u = bn_mat_row(&room, 0);
        r.d = bn_mat_row(&room, 1);
        r.du = bn_mat_row(&room, 2);
        r.b = bn_mat_row(&room, 3);
        rc = solve_row(w, &r, i);
    }
    free(r.set);
    bn_mat_free(&room);
    bn_mat_free(&r.a);
    return rc;
}

/* --- alpha Phi^T by its modes ------------------------------------------------------------ */

/* What each mode adds to |alpha Phi^T/N|^2: |alpha u_k|^2 |Phi u_k|^2, the rows being
 * orthogonal; |Phi u_k|^2 = N e_k.                                               */
static bn_status choose_modes(const struct bn_mat *projected, const double *e, double tolerance,
                              bool *keep, size_t *rank)
{
    double *c = bn_alloc(projected->cols, sizeof *c);

    if (c == NULL)
        return BN_NOMEM;
    for (size_t i = 0; i < projected->rows; i++)
        for (size_t k = 0; k < projected->cols; k++)
            c[k] += *bn_mat_at(projected, i, k) * *bn_mat_at(projected, i, k);
    for (size_t k = 0; k < projected->cols; k++)
        c[k] *= fmax(e[k], 0.0);
    const bn_status rc = bn_ridge_choose(c, NULL, projected->cols, tolerance, keep, rank);
    free(c);
    return rc;
}

static bn_status publish(const struct work *w, const struct bn_mat *u, const struct bn_mat *c,
                         const bool *keep, struct bn_ridge *out)
{
    struct bn_mat kept = { 0 };

    BN_TRY(bn_mat_alloc(&out->left, w->n, out->rank));
    for (size_t i = 0; i < w->n; i++)
        for (size_t k = 0, at = 0; k < w->points; k++)
            if (keep[k])
                *bn_mat_at(&out->left, i, at++) = *bn_mat_at(c, i, k) / (double)w->n;
    bn_status rc = bn_mat_alloc(&kept, out->rank, w->points);
    for (size_t k = 0, at = 0; rc == BN_OK && k < w->points; k++)
        if (keep[k])
            memcpy(bn_mat_row(&kept, at++), bn_mat_row(u, k), w->points * sizeof(double));
    if (rc == BN_OK)
        rc = bn_mat_alloc(&out->right, out->rank, w->n);
    if (rc == BN_OK)
        rc = bn_gemm(1.0, &kept, BN_PLAIN, w->problem->rate, BN_TRANSPOSED, 0.0, &out->right);
    bn_mat_free(&kept);
    if (rc == BN_OK && (out->diagonal = bn_alloc(w->n, sizeof(double))) == NULL)
        rc = BN_NOMEM;
    for (size_t k = 0; rc == BN_OK && k < out->rank; k++)
        for (size_t i = 0; i < w->n; i++)
            out->diagonal[i] += *bn_mat_at(&out->left, i, k) * *bn_mat_at(&out->right, k, i);
    return rc;
}

/* The Gram matrix becomes its eigenvectors: it is not needed any more. */
static bn_status factor(struct work *w, struct bn_ridge *out)
{
    struct bn_mat c = { 0 };
    double *e = bn_alloc(w->points, sizeof *e);
    bool *keep = bn_alloc(w->points, sizeof *keep);

    bn_status rc = e == NULL || keep == NULL ? BN_NOMEM : bn_eig_symmetric(&w->gram, e);
    if (rc == BN_OK)
        rc = bn_mat_alloc(&c, w->n, w->points);
    if (rc == BN_OK)
        rc = bn_gemm(1.0, &w->alpha, BN_PLAIN, &w->gram, BN_TRANSPOSED, 0.0, &c);
    if (rc == BN_OK)
        rc = choose_modes(&c, e, w->problem->tolerance, keep, &out->rank);
    if (rc == BN_OK)
        rc = publish(w, &w->gram, &c, keep, out);
    if (rc == BN_OK)
        out->condition = (e[w->points - 1] + w->problem->lambda)
                       / (fmax(e[0], 0.0) + w->problem->lambda);
    free(keep);
    free(e);
    bn_mat_free(&c);
    return rc;
}

static bn_status check(const struct bn_onesided *p)
{
    if (p->rate->rows != p->target->rows || p->rate->cols != p->target->cols
        || p->rate->rows == 0 || p->rate->cols == 0)
        return bn_fail(BN_INPUT, "rates are %zu x %zu, targets %zu x %zu", p->rate->rows,
                       p->rate->cols, p->target->rows, p->target->cols);
    if (!(p->lambda > 0.0))
        return bn_fail(BN_USAGE, "bounds on silent currents need lambda > 0 (given %g): 1e-6 is "
                       "a good start", p->lambda);
    for (size_t k = 0; k < p->rate->cols; k++)
        if (!(p->weight[k] > 0.0))
            return bn_fail(BN_INPUT, "the weight of point %zu is %g: it must be positive", k,
                           p->weight[k]);
    return BN_OK;
}

bn_status bn_onesided_fit(const struct bn_onesided *problem, struct bn_ridge *out, size_t *steps)
{
    struct work w = { .problem = problem, .n = problem->rate->rows,
                      .points = problem->rate->cols };

    *out = (struct bn_ridge){ 0 };
    BN_TRY(check(problem));
    bn_status rc = bn_mat_alloc(&w.gram, w.points, w.points);
    if (rc == BN_OK)
        rc = bn_mat_alloc(&w.alpha, w.n, w.points);
    if (rc == BN_OK && (w.steps = bn_alloc(w.n, sizeof *w.steps)) == NULL)
        rc = BN_NOMEM;
    if (rc == BN_OK)
        rc = bn_gram(1.0 / (double)w.n, problem->rate, BN_TRANSPOSED, &w.gram);
    if (rc == BN_OK)
        rc = bn_tiles((w.n + ROWS - 1) / ROWS, run_tile, &w);
    if (rc == BN_OK)
        rc = factor(&w, out);
    for (size_t i = 0; rc == BN_OK && steps != NULL && i < w.n; i++)
        *steps = i == 0 || w.steps[i] > *steps ? w.steps[i] : *steps;
    free(w.steps);
    bn_mat_free(&w.alpha);
    bn_mat_free(&w.gram);
    if (rc != BN_OK)
        bn_ridge_free(out);
    return rc;
}
