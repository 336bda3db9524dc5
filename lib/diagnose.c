/* SPDX-License-Identifier: MIT */
#include <basin/diagnose.h>
#include <basin/arnoldi.h>
#include <basin/fourier.h>
#include <basin/manifold.h>
#include <basin/mem.h>
#include <basin/tile.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { INVERSE_STEPS = 4 };

/* --- points on the manifold ------------------------------------------------------ */

static bn_status evaluate(const struct bn_mat *c, const double *theta, size_t count,
                          int derivative, struct bn_mat *out)
{
    struct bn_mat basis;

    BN_TRY(bn_mat_alloc(&basis, count, c->cols));
    for (size_t t = 0; t < count; t++)
        bn_fourier_basis(theta[t], c->cols, derivative, bn_mat_row(&basis, t));
    bn_status rc = bn_mat_alloc(out, count, c->rows);
    if (rc == BN_OK)
        rc = bn_gemm(1.0, &basis, BN_PLAIN, c, BN_TRANSPOSED, 0.0, out);
    bn_mat_free(&basis);
    return rc;
}

static double row_mean(const double *x, size_t n)
{
    double s = 0.0;
    for (size_t i = 0; i < n; i++)
        s += x[i];
    return s / (double)n;
}

static bn_status fill_residual(const struct bn_ring_network *net, struct bn_points *p)
{
    BN_TRY(bn_operator_apply(&net->weights, BN_PLAIN, &p->rate, &p->residual));
    for (size_t t = 0; t < p->x.rows; t++) {
        const double push = net->inhibition
            * (net->target - row_mean(bn_mat_row(&p->rate, t), p->rate.cols));
        for (size_t i = 0; i < p->x.cols; i++)
            *bn_mat_at(&p->residual, t, i) = *bn_mat_at(&p->x, t, i)
                                           - *bn_mat_at(&p->residual, t, i) - push;
    }
    return BN_OK;
}

bn_status bn_diagnose_points(const struct bn_ring_network *net, const double *theta,
                             size_t count, struct bn_points *p)
{
    const size_t n = net->x.rows;

    *p = (struct bn_points){ 0 };
    bn_status rc = n == net->weights.n ? BN_OK
        : bn_fail(BN_INPUT, "weights of %zu neurons, currents of %zu", net->weights.n, n);
    if (rc == BN_OK)
        rc = evaluate(&net->x, theta, count, 0, &p->x);
    if (rc == BN_OK)
        rc = evaluate(&net->x, theta, count, 1, &p->tangent);
    if (rc == BN_OK)
        rc = bn_mat_alloc(&p->rate, count, n);
    if (rc == BN_OK)
        rc = bn_mat_alloc(&p->slope, count, n);
    if (rc == BN_OK)
        rc = bn_mat_alloc(&p->residual, count, n);
    if (rc == BN_OK) {
        bn_transfer_rate(&net->transfer, count * n, p->x.data, p->rate.data);
        bn_transfer_slope(&net->transfer, count * n, p->x.data, p->slope.data);
        rc = fill_residual(net, p);
    }
    if (rc != BN_OK)
        bn_points_free(p);
    return rc;
}

void bn_points_free(struct bn_points *p)
{
    bn_mat_free(&p->x);
    bn_mat_free(&p->tangent);
    bn_mat_free(&p->rate);
    bn_mat_free(&p->slope);
    bn_mat_free(&p->residual);
}

/* --- drift ------------------------------------------------------------------------ *
 * A^T = -I + diag(phi') (J^T - (c/N) 1 1^T).  With factored J and the inhibition as
 * one more factor, A^T = -E + G H^T where E = I + diag(phi' D), G = diag(phi') R^T and
 * H = L, so that a solve needs only the q x q matrix I - H^T E^-1 G (Woodbury).  */

struct adjoint {
    size_t n, q;
    double *e;                           /* [N], factored only */
    struct bn_mat g, h;                  /* [q, N] rows, factored only */
    struct bn_mat lu;                    /* [q, q], or [N, N] for dense J */
    int *pivot;
    double *small;                       /* [q] */
};

static void adjoint_free(struct adjoint *a)
{
    free(a->e);
    bn_mat_free(&a->g);
    bn_mat_free(&a->h);
    bn_mat_free(&a->lu);
    free(a->pivot);
    free(a->small);
}

static bn_status factor_dense(const struct bn_ring_network *net, const double *slope,
                              struct adjoint *a)
{
    const double c = net->inhibition / (double)a->n;

    BN_TRY(bn_mat_alloc(&a->lu, a->n, a->n));
    for (size_t i = 0; i < a->n; i++)
        for (size_t j = 0; j < a->n; j++)
            *bn_mat_at(&a->lu, i, j) = (*bn_mat_at(&net->weights.dense, i, j) - c) * slope[j]
                                     - (i == j);
    return bn_lu(&a->lu, a->pivot);      /* of A; solved transposed */
}

static bn_status factor_low_rank(const struct bn_ring_network *net, const double *slope,
                                 struct adjoint *a)
{
    const struct bn_operator *w = &net->weights;
    const double c = net->inhibition / (double)a->n;
    struct bn_mat weighted;

    BN_TRY(bn_mat_alloc(&a->g, a->q, a->n));
    BN_TRY(bn_mat_alloc(&a->h, a->q, a->n));
    BN_TRY(bn_mat_alloc(&a->lu, a->q, a->q));
    for (size_t i = 0; i < a->n; i++) {
        a->e[i] = 1.0 + (w->diagonal != NULL ? slope[i] * w->diagonal[i] : 0.0);
        for (size_t k = 0; k + 1 < a->q; k++) {
            *bn_mat_at(&a->g, k, i) = slope[i] * *bn_mat_at(&w->right, k, i);
            *bn_mat_at(&a->h, k, i) = *bn_mat_at(&w->left, i, k);
        }
        *bn_mat_at(&a->g, a->q - 1, i) = -c * slope[i];
        *bn_mat_at(&a->h, a->q - 1, i) = 1.0;
    }
    BN_TRY(bn_mat_alloc(&weighted, a->q, a->n));
    for (size_t k = 0; k < a->q; k++)
        for (size_t i = 0; i < a->n; i++)
            *bn_mat_at(&weighted, k, i) = *bn_mat_at(&a->g, k, i) / a->e[i];
    bn_status rc = bn_gemm(-1.0, &a->h, BN_PLAIN, &weighted, BN_TRANSPOSED, 0.0, &a->lu);
    bn_mat_free(&weighted);
    for (size_t k = 0; k < a->q; k++)
        *bn_mat_at(&a->lu, k, k) += 1.0;
    return rc == BN_OK ? bn_lu(&a->lu, a->pivot) : rc;
}

static bn_status adjoint_factor(const struct bn_ring_network *net, const double *slope,
                                struct adjoint *a)
{
    const bool dense = net->weights.dense.data != NULL;

    *a = (struct adjoint){ .n = net->weights.n,
                           .q = dense ? 0 : net->weights.left.cols + 1 };
    a->pivot = bn_alloc(dense ? a->n : a->q, sizeof *a->pivot);
    a->e = bn_alloc(dense ? 1 : a->n, sizeof *a->e);
    a->small = bn_alloc(a->q + 1, sizeof *a->small);
    if (a->pivot == NULL || a->e == NULL || a->small == NULL)
        return BN_NOMEM;
    return dense ? factor_dense(net, slope, a) : factor_low_rank(net, slope, a);
}

/* z <- A^-T z */
static bn_status adjoint_solve(const struct adjoint *a, double *z)
{
    if (a->q == 0)
        return bn_lu_solve(&a->lu, a->pivot, BN_TRANSPOSED, z);
    for (size_t i = 0; i < a->n; i++)
        z[i] /= -a->e[i];
    for (size_t k = 0; k < a->q; k++)
        a->small[k] = bn_dot(a->n, bn_mat_row(&a->h, k), z);
    BN_TRY(bn_lu_solve(&a->lu, a->pivot, BN_PLAIN, a->small));
    for (size_t k = 0; k < a->q; k++)
        for (size_t i = 0; i < a->n; i++)
            z[i] += *bn_mat_at(&a->g, k, i) * a->small[k] / a->e[i];
    return BN_OK;
}

struct drifting {
    const struct bn_ring_network *net;
    const struct bn_points *points;
    double *drift, *projected;
};

static bn_status drift_at(void *context, size_t t)
{
    const struct drifting *d = context;
    const size_t n = d->net->weights.n;
    const double *u = bn_mat_row(&d->points->tangent, t);
    const double *eps = bn_mat_row(&d->points->residual, t);
    struct adjoint a;
    double *z = bn_alloc(n, sizeof *z);

    if (z == NULL)
        return BN_NOMEM;
    memcpy(z, u, n * sizeof *z);
    bn_status rc = adjoint_factor(d->net, bn_mat_row(&d->points->slope, t), &a);
    for (int k = 0; rc == BN_OK && k < INVERSE_STEPS; k++) {
        rc = adjoint_solve(&a, z);
        const double norm = bn_norm(n, z);
        for (size_t i = 0; i < n; i++)
            z[i] /= norm;
    }
    d->drift[t] = -bn_dot(n, z, eps) / bn_dot(n, z, u);
    if (d->projected != NULL)
        d->projected[t] = -bn_dot(n, u, eps) / bn_dot(n, u, u);
    if (rc == BN_OK && !isfinite(d->drift[t]))
        rc = bn_fail(BN_NUMERIC, "no left eigenvector of the tangent mode at point %zu", t);
    adjoint_free(&a);
    free(z);
    return rc;
}

bn_status bn_diagnose_drift(const struct bn_ring_network *net, const struct bn_points *points,
                            double *drift, double *projected)
{
    struct drifting d = { net, points, drift, projected };
    return bn_tiles(points->x.rows, drift_at, &d);
}

void bn_diagnose_zeros(const double *drift, size_t count, double *angle, int *sign,
                       size_t *found)
{
    const double step = BN_TWO_PI / (double)count;

    *found = 0;
    for (size_t k = 0; k < count; k++) {
        const double a = drift[k], b = drift[(k + 1) % count];
        if ((a > 0.0) == (b > 0.0))
            continue;
        angle[*found] = bn_ring_wrap(((double)k + a / (a - b)) * step);
        sign[(*found)++] = a > 0.0 ? -1 : 1;
    }
    if (*found < 2 || angle[*found - 1] >= angle[*found - 2])
        return;                          /* else the last one fell on 2 pi, which is 0 */
    const int last = sign[*found - 1];
    memmove(angle + 1, angle, (*found - 1) * sizeof *angle);
    memmove(sign + 1, sign, (*found - 1) * sizeof *sign);
    angle[0] = 0.0;
    sign[0] = last;
}

/* --- eigenvalues -------------------------------------------------------------------- */

struct linear {
    const struct bn_operator *op;
    const double *slope;                 /* NULL: the operator itself */
    double inhibition;
    double *scratch;                     /* [N] */
};

static bn_status apply_linear(void *context, const double *x, double *y)
{
    const struct linear *l = context;
    const size_t n = l->op->n;
    struct bn_mat in = { 1, n, l->scratch }, out = { 1, n, y };

    for (size_t i = 0; i < n; i++)
        l->scratch[i] = l->slope != NULL ? l->slope[i] * x[i] : x[i];
    BN_TRY(bn_operator_apply(l->op, BN_PLAIN, &in, &out));
    if (l->slope == NULL)
        return BN_OK;
    const double push = l->inhibition * row_mean(l->scratch, n);
    for (size_t i = 0; i < n; i++)
        y[i] -= x[i] + push;
    return BN_OK;
}

/* |u . r| for a real mode; for a pair the length of u's projection on the plane
 * spanned by its real and imaginary part.                                   */
static double overlap_with(const double *u, const struct bn_mat *v, size_t k, double im,
                           size_t n)
{
    const double *a = bn_mat_row(v, k);
    if (im == 0.0)
        return fabs(bn_dot(n, u, a)) / (bn_norm(n, u) * bn_norm(n, a));
    const double *b = bn_mat_row(v, im > 0.0 && k + 1 < v->rows ? k + 1 : k);
    const double aa = bn_dot(n, a, a), bb = bn_dot(n, b, b), ab = bn_dot(n, a, b);
    const double ua = bn_dot(n, u, a), ub = bn_dot(n, u, b), det = aa * bb - ab * ab;
    if (!(det > 1e-12 * aa * bb))
        return fabs(ua) / (bn_norm(n, u) * sqrt(aa));
    const double p = (ua * (bb * ua - ab * ub) + ub * (aa * ub - ab * ua)) / det;
    return sqrt(fmax(0.0, p)) / bn_norm(n, u);
}

bn_status bn_diagnose_jacobian(const struct bn_ring_network *net,
                               const struct bn_points *points, size_t p, size_t k,
                               double *re, double *im, size_t *found, size_t *tangent,
                               double *overlap)
{
    const size_t n = net->weights.n;
    struct linear l = { &net->weights, bn_mat_row(&points->slope, p), net->inhibition,
                        bn_alloc(n, sizeof(double)) };
    struct bn_mat v = { 0 };

    if (l.scratch == NULL)
        return BN_NOMEM;
    bn_status rc = bn_arnoldi(n, k, BN_LARGEST_REAL, 1e-10, apply_linear, &l, re, im, found,
                              &v);
    *tangent = 0;
    *overlap = -1.0;
    for (size_t i = 0; rc == BN_OK && i < *found; i++) {
        const double o = overlap_with(bn_mat_row(&points->tangent, p), &v, i, im[i], n);
        if (o > *overlap) {
            *overlap = o;
            *tangent = i;
        }
    }
    bn_mat_free(&v);
    free(l.scratch);
    return rc;
}

static bn_status formed(const struct bn_operator *op, struct bn_mat *j)
{
    BN_TRY(bn_mat_alloc(j, op->n, op->n));
    if (op->dense.data != NULL) {
        memcpy(j->data, op->dense.data, op->n * op->n * sizeof(double));
        return BN_OK;
    }
    const bn_status rc = bn_gemm(1.0, &op->left, BN_PLAIN, &op->right, BN_PLAIN, 0.0, j);
    for (size_t i = 0; op->diagonal != NULL && i < op->n; i++)
        *bn_mat_at(j, i, i) -= op->diagonal[i];
    return rc;
}

bn_status bn_diagnose_spectrum(const struct bn_operator *op, bool full, size_t k, double *re,
                               double *im, size_t *found)
{
    if (!full) {
        struct linear l = { op, NULL, 0.0, bn_alloc(op->n, sizeof(double)) };
        if (l.scratch == NULL)
            return BN_NOMEM;
        const bn_status rc = bn_arnoldi(op->n, k, BN_LARGEST_MODULUS, 1e-10, apply_linear, &l,
                                        re, im, found, NULL);
        free(l.scratch);
        return rc;
    }
    struct bn_mat j;
    bn_status rc = formed(op, &j);
    if (rc == BN_OK)
        rc = bn_eig_general(&j, re, im);
    *found = op->n;
    bn_mat_free(&j);
    return rc;
}

struct normal {
    const struct bn_operator *op;
    struct bn_mat half;                  /* [1, N] */
};

static bn_status apply_normal(void *context, const double *x, double *y)
{
    struct normal *a = context;
    double *copy = bn_alloc(a->op->n, sizeof *copy);

    if (copy == NULL)
        return BN_NOMEM;
    memcpy(copy, x, a->op->n * sizeof *copy);
    const struct bn_mat in = { 1, a->op->n, copy };
    struct bn_mat out = { 1, a->op->n, y };
    bn_status rc = bn_operator_apply(a->op, BN_PLAIN, &in, &a->half);
    if (rc == BN_OK)
        rc = bn_operator_apply(a->op, BN_TRANSPOSED, &a->half, &out);
    free(copy);
    return rc;
}

bn_status bn_diagnose_singular(const struct bn_operator *op, bool full, size_t k, double *s,
                               size_t *found)
{
    struct bn_mat j = { 0 };
    bn_status rc;

    if (full) {
        *found = op->n;
        rc = formed(op, &j);
        if (rc == BN_OK)
            rc = bn_singular_values(&j, s);
        bn_mat_free(&j);
        return rc;
    }
    struct normal a = { op, { 0 } };
    double *im = bn_alloc(k + 1, sizeof *im);
    rc = im == NULL ? BN_NOMEM : bn_mat_alloc(&a.half, 1, op->n);
    if (rc == BN_OK)
        rc = bn_arnoldi(op->n, k, BN_LARGEST_MODULUS, 1e-10, apply_normal, &a, s, im, found,
                        NULL);
    for (size_t i = 0; rc == BN_OK && i < *found; i++)
        s[i] = sqrt(fmax(0.0, s[i]));
    bn_mat_free(&a.half);
    free(im);
    return rc;
}
