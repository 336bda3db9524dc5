/* SPDX-License-Identifier: MIT */
#include "ridge_priv.h"

#include <basin/mem.h>
#include <basin/tile.h>

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Rows per tile of a product, at most; neurons whose rows and columns are walked
 * together, so that each cache line of both layouts is fetched once; neurons from which on
 * currents keep the columns only that rounding does not hide.                    */
enum { TILE_ROWS = 200, LINE = 8, MANY = 16384 };

struct product {
    const struct bn_mat *a, *b;
    enum bn_trans trans;
    struct bn_mat *out;
    size_t rows;                         /* per tile */
};

static bn_status product_tile(void *context, size_t tile)
{
    const struct product *p = context;
    const size_t begin = tile * p->rows, left = p->a->rows - begin;
    const size_t rows = left < p->rows ? left : p->rows;
    const struct bn_mat a = { rows, p->a->cols, bn_mat_row(p->a, begin) };
    struct bn_mat out = { rows, p->out->cols, bn_mat_row(p->out, begin) };

    return bn_gemm(1.0, &a, BN_PLAIN, p->b, p->trans, 0.0, &out);
}

/* out = a op(b), rows shared out over cores. */
static bn_status product(const struct bn_mat *a, const struct bn_mat *b, enum bn_trans trans,
                         struct bn_mat *out)
{
    const size_t tiles = (a->rows + TILE_ROWS - 1) / TILE_ROWS;
    struct product p = { a, b, trans, out, tiles > 0 ? (a->rows + tiles - 1) / tiles : 1 };

    return bn_tiles(tiles > 0 ? (a->rows + p.rows - 1) / p.rows : 0, product_tile, &p);
}

/* tail[k]: mean square of what is lost when only the first k are kept. */
static double *tails(const struct bn_mat *c)
{
    double *tail = bn_alloc(c->cols + 1, sizeof *tail);
    if (tail == NULL)
        return NULL;
    for (size_t i = 0; i < c->rows; i++)
        for (size_t k = 0; k < c->cols; k++)
            tail[k] += *bn_mat_at(c, i, k) * *bn_mat_at(c, i, k);
    for (size_t k = c->cols; k-- > 0;)
        tail[k] = tail[k] / (double)c->rows + tail[k + 1];
    return tail;
}

size_t bn_ridge_coefficients(const struct bn_mat *x, const struct bn_mat *phi, double lambda)
{
    double *tx = tails(x), *tp = tails(phi);
    size_t r = phi->cols;

    if (tx != NULL && tp != NULL)
        for (size_t k = 1; k < phi->cols; k += 2)
            if (tp[k] <= 1e-12 * lambda
                && sqrt(tp[k] * tx[k < x->cols ? k : x->cols]) <= 1e-11 * lambda) {
                r = k;
                break;
            }
    free(tp);
    free(tx);
    return r;
}

struct work {
    const struct bn_mat *x, *phi, *x_prime;
    size_t r, n;
    double lambda;
    struct bn_mat u;                     /* [r, r]: row k is eigenvector k */
    struct bn_mat v;                     /* [r, N] = U C_phi^T */
    struct bn_mat right;                 /* [r, N] = (U S U^T + lambda)^-1 V */
    struct bn_mat xu, xu_prime;          /* [N, r] = C_x U^T */
    double *e;                           /* [r] eigenvalues of S */
};

/* The first r columns, so that products run over contiguous rows. */
static bn_status leading(const struct bn_mat *c, size_t r, struct bn_mat *out)
{
    BN_TRY(bn_mat_alloc(out, c->rows, r));
    for (size_t i = 0; i < c->rows; i++)
        memcpy(bn_mat_row(out, i), bn_mat_row(c, i), r * sizeof(double));
    return BN_OK;
}

/* Columns of c that rounding does not hide: a smooth current has few functions. */
static size_t visible(const struct bn_mat *c, size_t r)
{
    double *square = tails(c);
    size_t p = r;

    while (square != NULL && p > 1 && square[p - 1] - square[r] <= 1e-26 * square[0])
        p--;
    free(square);
    return p;
}

static bn_status project(const struct bn_mat *c, struct work *w, struct bn_mat *out)
{
    const size_t p = w->n > MANY ? visible(c, w->r) : w->r;
    struct bn_mat first, u = { 0 };

    bn_status rc = leading(c, p, &first);
    if (rc == BN_OK)
        rc = leading(&w->u, p, &u);
    if (rc == BN_OK)
        rc = bn_mat_alloc(out, w->n, w->r);
    if (rc == BN_OK)
        rc = product(&first, &u, BN_TRANSPOSED, out);
    bn_mat_free(&first);
    bn_mat_free(&u);
    return rc;
}

/* out = a op(b), whose rows are modes and columns neurons: shared out over cores from where it
 * pays on.                                                                      */
static bn_status wide(const struct bn_mat *a, const struct bn_mat *b, enum bn_trans trans,
                      struct bn_mat *out)
{
    return out->cols > MANY ? product(a, b, trans, out)
                            : bn_gemm(1.0, a, BN_PLAIN, b, trans, 0.0, out);
}

/* U S U^T is diagonal but for rounding of the largest eigenvalue, which is not small
 * beside lambda: an error of 1e-15/lambda in J.  From V it is known far better, so
 * its inverse is taken to first order in what is off the diagonal.          */
void bn_ridge_invert(struct bn_mat *t, double lambda, double *e)
{
    for (size_t k = 0; k < t->rows; k++)
        e[k] = *bn_mat_at(t, k, k);
    for (size_t j = 0; j < t->rows; j++)
        for (size_t k = 0; k < t->rows; k++) {
            const double ej = e[j] + lambda, ek = e[k] + lambda;
            *bn_mat_at(t, j, k) = j == k ? 1.0 / ej : -*bn_mat_at(t, j, k) / ej / ek;
        }
}

bn_status bn_ridge_spans(const double *e, size_t r, size_t n, double lambda)
{
    const double floor = (double)r * DBL_EPSILON * e[r - 1];

    if (fmax(e[0], 0.0) + lambda > floor)
        return BN_OK;
    return bn_fail(BN_NUMERIC, "the rates of %zu neurons span fewer than the %zu dimensions "
                   "of their curves, so lambda = %g cannot be used; set lambda to at least "
                   "%.1e (1e-8 is the default)", n, r, lambda, floor);
}

static bn_status solve(struct work *w)
{
    struct bn_mat t;

    bn_status rc = bn_mat_alloc(&t, w->r, w->r);
    if (rc == BN_OK)
        rc = bn_gram(1.0 / (double)w->n, &w->v, BN_PLAIN, &t);
    if (rc == BN_OK)
        bn_ridge_invert(&t, w->lambda, w->e);
    if (rc == BN_OK)
        rc = bn_mat_alloc(&w->right, w->r, w->n);
    if (rc == BN_OK)
        rc = wide(&t, &w->v, BN_PLAIN, &w->right);
    bn_mat_free(&t);
    return rc;
}

static bn_status decompose(struct work *w)
{
    struct bn_mat c;

    bn_status rc = leading(w->phi, w->r, &c);
    if (rc == BN_OK)
        rc = bn_mat_alloc(&w->u, w->r, w->r);
    if (rc == BN_OK && (w->e = bn_alloc(w->r, sizeof *w->e)) == NULL)
        rc = BN_NOMEM;
    if (rc == BN_OK)
        rc = bn_gram(1.0 / (double)w->n, &c, BN_TRANSPOSED, &w->u);
    if (rc == BN_OK)
        rc = bn_eig_symmetric(&w->u, w->e);
    if (rc == BN_OK)
        rc = bn_mat_alloc(&w->v, w->r, w->n);
    if (rc == BN_OK)
        rc = wide(&w->u, &c, BN_TRANSPOSED, &w->v);
    bn_mat_free(&c);
    BN_TRY(rc);
    BN_TRY(bn_ridge_spans(w->e, w->r, w->n, w->lambda));
    return solve(w);
}

/* (J_uc)_ii / A_ii for the target whose projection is xu. */
static double *diagonal_of(const struct work *w, const struct bn_mat *xu)
{
    double *d = bn_alloc(w->n, sizeof *d), *a = bn_alloc(w->n, sizeof *a);

    if (d == NULL || a == NULL) {
        free(a);
        free(d);
        return NULL;
    }
    for (size_t i0 = 0; i0 < w->n; i0 += LINE)
        for (size_t k = 0; k < w->r; k++) {
            const double s = 1.0 / ((double)w->n * (w->e[k] + w->lambda));
            const double *v = bn_mat_row(&w->v, k);
            for (size_t i = i0; i < i0 + LINE && i < w->n; i++) {
                d[i] += s * *bn_mat_at(xu, i, k) * v[i];
                a[i] += s * v[i] * v[i];
            }
        }
    for (size_t i = 0; i < w->n; i++)
        d[i] /= 1.0 - a[i];
    free(a);
    return d;
}

/* left = (C_x U^T + D V^T)/N, in place of C_x U^T. */
static void complete(const struct work *w, const double *d, struct bn_mat *xu)
{
    for (size_t i0 = 0; i0 < w->n; i0 += LINE)
        for (size_t k = 0; k < w->r; k++) {
            const double *v = bn_mat_row(&w->v, k);
            for (size_t i = i0; i < i0 + LINE && i < w->n; i++)
                *bn_mat_at(xu, i, k) = (*bn_mat_at(xu, i, k) + d[i] * v[i]) / (double)w->n;
        }
}

/* Squared Frobenius norm that each mode adds to left right: rows of V are
 * orthogonal with |V_k|^2 = N e_k, so the norms add.                        */
static void contributions(const struct work *w, const struct bn_mat *left, double *c)
{
    for (size_t k = 0; k < w->r; k++)
        c[k] = 0.0;
    for (size_t i = 0; i < w->n; i++)
        for (size_t k = 0; k < w->r; k++)
            c[k] += *bn_mat_at(left, i, k) * *bn_mat_at(left, i, k);
    for (size_t k = 0; k < w->r; k++) {
        const double s = w->e[k] + w->lambda;
        c[k] *= (double)w->n * w->e[k] / (s * s);
    }
}

struct mode {
    double share;
    size_t k;
};

static int by_share(const void *x, const void *y)
{
    const struct mode *a = x, *b = y;
    return a->share != b->share ? (a->share < b->share ? -1 : 1)
                                : (a->k > b->k) - (a->k < b->k);
}

static void add_shares(struct mode *m, const double *c, size_t r)
{
    double sum = 0.0;
    for (size_t k = 0; c != NULL && k < r; k++)
        sum += c[k];
    for (size_t k = 0; c != NULL && k < r; k++)
        m[k].share += sum > 0.0 ? c[k] / sum : 0.0;
}

bn_status bn_ridge_choose(const double *c, const double *c_prime, size_t r, double tolerance,
                          bool *keep, size_t *rank)
{
    struct mode *m = bn_alloc(r, sizeof *m);

    if (m == NULL)
        return BN_NOMEM;
    for (size_t k = 0; k < r; k++)
        m[k].k = k;
    add_shares(m, c, r);
    add_shares(m, c_prime, r);
    qsort(m, r, sizeof *m, by_share);
    double lost = 0.0;
    *rank = 0;
    for (size_t k = 0; k < r; k++) {
        lost += m[k].share;
        keep[m[k].k] = lost > tolerance * tolerance || k + 1 == r;
        *rank += keep[m[k].k];
    }
    free(m);
    return BN_OK;
}

/* keep[k] for modes that matter to J or J'; returns how many. */
static bn_status choose(const struct work *w, double tolerance, bool *keep, size_t *rank)
{
    double *c = bn_alloc(2 * w->r, sizeof *c), *c_prime = NULL;

    if (c == NULL)
        return BN_NOMEM;
    contributions(w, &w->xu, c);
    if (w->x_prime != NULL) {
        c_prime = c + w->r;
        contributions(w, &w->xu_prime, c_prime);
    }
    const bn_status rc = bn_ridge_choose(c, c_prime, w->r, tolerance, keep, rank);
    free(c);
    return rc;
}

static bn_status take_columns(const struct bn_mat *from, const bool *keep, size_t q,
                              struct bn_mat *to)
{
    BN_TRY(bn_mat_alloc(to, from->rows, q));
    for (size_t i = 0; i < from->rows; i++)
        for (size_t k = 0, at = 0; k < from->cols; k++)
            if (keep[k])
                *bn_mat_at(to, i, at++) = *bn_mat_at(from, i, k);
    return BN_OK;
}

static bn_status publish(const struct work *w, double tolerance, struct bn_ridge *out)
{
    bool *keep = bn_alloc(w->r, sizeof *keep);
    if (keep == NULL)
        return BN_NOMEM;
    bn_status rc = choose(w, tolerance, keep, &out->rank);
    if (rc == BN_OK)
        rc = take_columns(&w->xu, keep, out->rank, &out->left);
    if (rc == BN_OK && w->x_prime != NULL)
        rc = take_columns(&w->xu_prime, keep, out->rank, &out->left_velocity);
    if (rc == BN_OK)
        rc = bn_mat_alloc(&out->right, out->rank, w->n);
    double low = INFINITY, high = 0.0;
    for (size_t k = 0, at = 0; rc == BN_OK && k < w->r; k++) {
        low = fmin(low, w->e[k]);
        high = fmax(high, w->e[k]);
        if (keep[k])
            memcpy(bn_mat_row(&out->right, at++), bn_mat_row(&w->right, k),
                   w->n * sizeof(double));
    }
    out->condition = (high + w->lambda) / (low + w->lambda);
    free(keep);
    return rc;
}

bn_status bn_ridge_fit(const struct bn_mat *x, const struct bn_mat *phi,
                       const struct bn_mat *x_prime, size_t r, double lambda,
                       double tolerance, struct bn_ridge *out)
{
    struct work w = { .x = x, .phi = phi, .x_prime = x_prime, .r = r, .n = phi->rows,
                      .lambda = lambda };

    *out = (struct bn_ridge){ 0 };
    if (x->rows != phi->rows || r == 0 || r > x->cols || r > phi->cols
        || (x_prime != NULL && (x_prime->rows != phi->rows || r > x_prime->cols)))
        return bn_fail(BN_INPUT, "currents are %zu x %zu, rates %zu x %zu, %zu coefficients "
                       "asked for", x->rows, x->cols, phi->rows, phi->cols, r);
    bn_status rc = decompose(&w);
    if (rc == BN_OK)
        rc = project(x, &w, &w.xu);
    if (rc == BN_OK && (out->diagonal = diagonal_of(&w, &w.xu)) == NULL)
        rc = BN_NOMEM;
    if (rc == BN_OK)
        complete(&w, out->diagonal, &w.xu);
    if (rc == BN_OK && x_prime != NULL) {
        rc = project(x_prime, &w, &w.xu_prime);
        if (rc == BN_OK && (out->diagonal_velocity = diagonal_of(&w, &w.xu_prime)) == NULL)
            rc = BN_NOMEM;
        if (rc == BN_OK)
            complete(&w, out->diagonal_velocity, &w.xu_prime);
    }
    if (rc == BN_OK)
        rc = publish(&w, tolerance, out);
    bn_mat_free(&w.u);
    bn_mat_free(&w.v);
    bn_mat_free(&w.right);
    bn_mat_free(&w.xu);
    bn_mat_free(&w.xu_prime);
    free(w.e);
    if (rc != BN_OK)
        bn_ridge_free(out);
    return rc;
}

void bn_ridge_free(struct bn_ridge *r)
{
    bn_mat_free(&r->left);
    bn_mat_free(&r->right);
    bn_mat_free(&r->left_velocity);
    free(r->diagonal);
    free(r->diagonal_velocity);
    *r = (struct bn_ridge){ 0 };
}

/* The diagonal of left right is D to rounding, and J_ii = 0 by definition. */
bn_status bn_ridge_dense(const struct bn_mat *left, const struct bn_mat *right,
                         struct bn_mat *j)
{
    if (j->rows != left->rows || j->cols != right->cols || j->rows != j->cols)
        return bn_fail(BN_INPUT, "J is %zu x %zu, its factors give %zu x %zu", j->rows,
                       j->cols, left->rows, right->cols);
    BN_TRY(product(left, right, BN_PLAIN, j));
    for (size_t i = 0; i < j->rows; i++)
        *bn_mat_at(j, i, i) = 0.0;
    return BN_OK;
}
