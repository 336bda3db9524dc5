/* SPDX-License-Identifier: MIT */
#include <basin/diagnose.h>
#include <basin/arnoldi.h>
#include <basin/fourier.h>
#include <basin/linear.h>
#include <basin/mem.h>
#include <basin/tile.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Points that share a product, and numbers in one vector of all of them at most; vectors
 * of a Krylov space.                                                        */
enum { BATCH = 16, BATCH_NUMBERS = 1 << 19, KRYLOV = 24 };
static const double SHIFT = BN_KRYLOV_SHIFT;

/* --- points on the manifold ------------------------------------------------------ */

/* Basis functions at one point, or their D derivatives: `row` [1 or D][R]. */
static void basis_at(const struct bn_ring_network *net, const double *point, bool derivative,
                     double *row)
{
    const size_t r = net->x.cols;

    if (net->harmonics == NULL)
        bn_fourier_basis(*point, r, derivative, row);
    else if (derivative)
        bn_harmonics_gradient(net->harmonics, point, r, row);
    else
        bn_harmonics_at(net->harmonics, point, r, row);
}

bn_status bn_diagnose_target(const struct bn_ring_network *net, const double *points,
                             size_t count, bool derivative, struct bn_mat *out)
{
    const size_t d = net->harmonics == NULL ? 1
                   : bn_harmonics_manifold(net->harmonics)->dimensions;
    const size_t rows = derivative ? d : 1;
    struct bn_mat basis;

    *out = (struct bn_mat){ 0 };
    BN_TRY(bn_mat_alloc(&basis, count * rows, net->x.cols));
    for (size_t t = 0; t < count; t++)
        basis_at(net, points + t * d, derivative, bn_mat_row(&basis, t * rows));
    bn_status rc = bn_mat_alloc(out, count * rows, net->x.rows);
    if (rc == BN_OK)
        rc = bn_gemm(1.0, &basis, BN_PLAIN, &net->x, BN_TRANSPOSED, 0.0, out);
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
        for (size_t i = 0; net->bias != NULL && i < p->x.cols; i++)
            *bn_mat_at(&p->residual, t, i) -= net->bias[i];
    }
    return BN_OK;
}

bn_status bn_diagnose_states(const struct bn_ring_network *net, struct bn_mat *x,
                             struct bn_mat *tangent, struct bn_points *p)
{
    const size_t n = net->weights.n, count = x->rows;

    *p = (struct bn_points){ .x = *x, .tangent = *tangent };
    *x = *tangent = (struct bn_mat){ 0 };
    bn_status rc = n == p->x.cols && n == p->tangent.cols && count > 0
                && p->tangent.rows > 0 && p->tangent.rows % count == 0 ? BN_OK
        : bn_fail(BN_INPUT, "weights of %zu neurons, %zu states of %zu with %zu tangents of %zu",
                  n, count, p->x.cols, p->tangent.rows, p->tangent.cols);
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

bn_status bn_diagnose_points(const struct bn_ring_network *net, const double *theta,
                             size_t count, struct bn_points *p)
{
    struct bn_mat x, tangent;

    *p = (struct bn_points){ 0 };
    if (net->x.rows != net->weights.n)
        return bn_fail(BN_INPUT, "weights of %zu neurons, currents of %zu", net->weights.n,
                       net->x.rows);
    if (net->harmonics != NULL && net->x.cols > bn_harmonics_count(net->harmonics))
        return bn_fail(BN_INPUT, "currents of %zu coefficients on a manifold of %zu functions",
                       net->x.cols, bn_harmonics_count(net->harmonics));
    BN_TRY(bn_diagnose_target(net, theta, count, false, &x));
    const bn_status rc = bn_diagnose_target(net, theta, count, true, &tangent);
    if (rc != BN_OK)
        bn_mat_free(&x);
    return rc == BN_OK ? bn_diagnose_states(net, &x, &tangent, p) : rc;
}

void bn_points_free(struct bn_points *p)
{
    bn_mat_free(&p->x);
    bn_mat_free(&p->tangent);
    bn_mat_free(&p->rate);
    bn_mat_free(&p->slope);
    bn_mat_free(&p->residual);
}

/* --- the tangent mode ----------------------------------------------------------------- */

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

/* The search for the tangent mode in a Krylov space of each point.               */
struct krylov {
    struct bn_krylov space;
    /* right: overlap with the first vector; left: with the right mode that was found */
    const struct bn_mat *re, *im;
    bool *settled;                       /* [T] the chosen one has converged */
    double *chosen;                      /* [T] of [2, KRYLOV]: its real, imaginary part */
    double *value, *imaginary, *overlap; /* [T]: lambda and |u . r| */
    double *slow;                        /* [T]: real part of the next one; or NULL */
};

static void krylov_free(struct krylov *k)
{
    bn_krylov_free(&k->space);
    free(k->settled);
    free(k->chosen);
}

static bn_status krylov_start(struct krylov *k, const struct bn_mat *start)
{
    k->space.most = KRYLOV;
    k->space.again = k->slow != NULL;
    k->settled = bn_alloc(start->rows, sizeof *k->settled);
    k->chosen = bn_alloc(start->rows * 2 * KRYLOV, sizeof *k->chosen);
    if (k->settled == NULL || k->chosen == NULL)
        return BN_NOMEM;
    return bn_krylov_start(&k->space, start);
}

/* How much the Ritz vector y of the left space belongs to the right mode: left and right
 * modes of different eigenvalues are orthogonal, so there is only one that does.    */
static double partnership(const struct krylov *k, size_t t, const double *a, const double *b)
{
    double ra = 0.0, rb = 0.0, ia = 0.0, ib = 0.0;

    for (size_t j = 0; j < k->space.size; j++) {
        const double *v = bn_mat_row(&k->space.v[j], t);
        const double re = bn_dot(k->space.n, v, bn_mat_row(k->re, t));
        const double im = bn_dot(k->space.n, v, bn_mat_row(k->im, t));
        ra += a[j] * re;
        ia += a[j] * im;
        rb += b != NULL ? b[j] * re : 0.0;
        ib += b != NULL ? b[j] * im : 0.0;
    }
    return fmax(hypot(ra - ib, ia + rb), hypot(ra + ib, ia - rb));
}

/* The transverse mode nearest to 0: the other one of a complex pair, or the largest theta
 * but the chosen one.                                                       */
static bool krylov_slow(struct krylov *k, size_t t, const double *re, const double *im,
                        const struct bn_mat *y, size_t chosen)
{
    size_t at = chosen;
    double top = -1.0;

    if (k->slow == NULL)
        return true;
    for (size_t i = 0; i < k->space.size && im[chosen] == 0.0; i++)
        if (i != chosen && im[i] >= 0.0 && hypot(re[i], im[i]) > top) {
            top = hypot(re[i], im[i]);
            at = i;
        }
    const double size = hypot(re[at], im[at]);
    k->slow[t] = size > 0.0 && (at != chosen || im[at] > 0.0)
               ? SHIFT + re[at] / (size * size) : -INFINITY;
    return (at != chosen || im[at] > 0.0 || k->space.closed[t])
        && bn_krylov_converged(&k->space, t, y, at, re[at], im[at], 1e-8);
}

/* Which Ritz pair: of largest overlap, or nearest to the one that has been settled. */
static size_t krylov_pick(const struct krylov *k, size_t t, const double *re, const double *im,
                          const struct bn_mat *y, double *score)
{
    const double first[KRYLOV] = { 1.0 };
    const double size = hypot(k->value[t] - SHIFT, k->imaginary[t]);
    size_t at = 0;

    *score = -INFINITY;
    for (size_t i = 0; i < k->space.size; i++) {
        double o;
        if (im[i] < 0.0)
            continue;
        if (k->settled[t])
            o = -hypot(re[i] - (k->value[t] - SHIFT) / (size * size),
                       im[i] + k->imaginary[t] / (size * size));
        else if (k->re == NULL)
            o = overlap_with(first, y, i, im[i], k->space.size);
        else
            o = partnership(k, t, bn_mat_row(y, i), im[i] > 0.0 ? bn_mat_row(y, i + 1) : NULL);
        if (o > *score) {
            *score = o;
            at = i;
        }
    }
    return at;
}

/* The mode of largest overlap; it is settled when it has converged (a later round might
 * mix it with others of the same eigenvalue), and the point is done when the next mode has,
 * too.                                                                      */
static bn_status krylov_choose(struct krylov *k, size_t t)
{
    const size_t m = k->space.size;
    double re[KRYLOV], im[KRYLOV], score;
    struct bn_mat y;
    const bn_status rc = bn_krylov_ritz(&k->space, t, re, im, &y);

    if (rc == BN_OK) {
        const size_t at = krylov_pick(k, t, re, im, &y, &score);
        const bool next = krylov_slow(k, t, re, im, &y, at);
        if (!k->settled[t]) {
            const double size = hypot(re[at], im[at]);
            double *to = k->chosen + t * 2 * KRYLOV;
            memset(to, 0, 2 * KRYLOV * sizeof *to);
            memcpy(to, bn_mat_row(&y, at), m * sizeof *to);
            if (im[at] > 0.0)
                memcpy(to + KRYLOV, bn_mat_row(&y, at + 1), m * sizeof *to);
            k->settled[t] = bn_krylov_converged(&k->space, t, &y, at, re[at], im[at], 1e-11);
            k->value[t] = SHIFT + re[at] / (size * size);
            k->imaginary[t] = -im[at] / (size * size);
            if (k->overlap != NULL)
                k->overlap[t] = score;
        }
        k->space.done[t] = k->space.closed[t] || (next && k->settled[t]);
    }
    bn_mat_free(&y);
    return rc;
}

/* Until every point's mode has converged, or for KRYLOV rounds. */
static bn_status krylov_run(struct krylov *k)
{
    bool all = false;

    while (!all && k->space.size < KRYLOV) {
        BN_TRY(bn_krylov_grow(&k->space));
        all = true;
        for (size_t t = 0; t < k->space.count; t++) {
            if (!k->space.done[t])
                BN_TRY(krylov_choose(k, t));
            all = all && k->space.done[t];
        }
    }
    return BN_OK;
}

/* The chosen mode in the space of neurons. */
static void krylov_mode(const struct krylov *k, size_t t, double *re, double *im)
{
    const double *c = k->chosen + t * 2 * KRYLOV;

    bn_krylov_vector(&k->space, t, c, re);
    bn_krylov_vector(&k->space, t, c + KRYLOV, im);
}

/* z / (z . u), its real part if z is complex: v = Re(z . F)/(z . u) is what a pair turns. */
static bn_status normalise(double *re, const double *im, const double *u, size_t n, size_t t)
{
    const double a = bn_dot(n, re, u), b = bn_dot(n, im, u), s = a * a + b * b;

    if (!(s > 0.0) || !isfinite(s))
        return bn_fail(BN_NUMERIC, "no left eigenvector of the tangent mode at point %zu", t);
    for (size_t i = 0; i < n; i++)
        re[i] = (re[i] * a + im[i] * b) / s;
    return BN_OK;
}

/* Rows [first, first + rows) of a matrix. */
static struct bn_mat rows_of(const struct bn_mat *m, size_t first, size_t rows)
{
    return (struct bn_mat){ rows, m->cols, bn_mat_row(m, first) };
}

/* z [T, N] and r [T, N], with z . x*' = 1 and z . r = 1.  Where the mode is one of a complex
 * pair, r is x*'.                                                           */
static bn_status find_modes(struct krylov *right, struct krylov *left, const struct bn_mat *u,
                            const struct bn_mat *slope, struct bn_mat *z, struct bn_mat *re)
{
    const size_t count = u->rows, n = u->cols;
    struct bn_mat im = { 0 }, start = { 0 };
    bn_status rc = krylov_start(right, u);

    if (rc == BN_OK)
        rc = krylov_run(right);
    if (rc == BN_OK)
        rc = bn_mat_alloc(&im, count, n);
    if (rc == BN_OK)
        rc = bn_mat_alloc(&start, count, n);
    for (size_t t = 0; rc == BN_OK && t < count; t++)
        krylov_mode(right, t, bn_mat_row(re, t), bn_mat_row(&im, t));
    for (size_t k = 0; rc == BN_OK && k < count * n; k++)
        start.data[k] = slope->data[k] * u->data[k];     /* it is z for symmetric J */
    left->re = re;
    left->im = &im;
    if (rc == BN_OK)
        rc = krylov_start(left, &start);
    if (rc == BN_OK)
        rc = krylov_run(left);
    for (size_t t = 0; rc == BN_OK && t < count; t++) {
        krylov_mode(left, t, bn_mat_row(z, t), bn_mat_row(&im, t));
        rc = normalise(bn_mat_row(z, t), bn_mat_row(&im, t), bn_mat_row(u, t), n, t);
        const double *zt = bn_mat_row(z, t);
        double *r = bn_mat_row(re, t), scale = bn_dot(n, zt, r);
        if (right->imaginary[t] != 0.0)
            memcpy(r, bn_mat_row(u, t), n * sizeof *r), scale = 1.0;
        for (size_t i = 0; i < n; i++)
            r[i] /= scale;
    }
    bn_mat_free(&im);
    bn_mat_free(&start);
    return rc;
}

/* First-order displacement d of the invariant set from x*: A d = (1 - r z) eps, z . d = 0,
 * as (A - SHIFT) d = (1 - r z) eps - SHIFT d, three times.  The projection afterwards takes
 * off what rounding, divided by the tangent mode's small eigenvalue, has put along r.  */
static bn_status displace(const struct bn_factors *f, const struct bn_mat *r,
                          const struct bn_mat *eps, const struct bn_mat *z, struct bn_mat *d)
{
    const size_t n = r->cols;

    for (int pass = 0; pass < 3; pass++) {
        for (size_t t = 0; t < r->rows; t++) {
            const double along = bn_dot(n, bn_mat_row(z, t), bn_mat_row(eps, t));
            for (size_t i = 0; i < n; i++)
                *bn_mat_at(d, t, i) = *bn_mat_at(eps, t, i) - along * *bn_mat_at(r, t, i)
                                    - SHIFT * *bn_mat_at(d, t, i);
        }
        BN_TRY(bn_factors_solve(f, BN_PLAIN, d));
        for (size_t t = 0; t < r->rows; t++) {
            const double along = bn_dot(n, bn_mat_row(z, t), bn_mat_row(d, t));
            for (size_t i = 0; i < n; i++)
                *bn_mat_at(d, t, i) -= along * *bn_mat_at(r, t, i);
        }
    }
    return BN_OK;
}

struct finding {
    const struct bn_linear *linear;
    const struct bn_points *points;
    struct bn_modes *modes;
    size_t batch;
};

static bn_status modes_of_batch(void *context, size_t tile)
{
    const struct finding *f = context;
    const size_t first = tile * f->batch, all = f->points->x.rows;
    const size_t rows = all - first < f->batch ? all - first : f->batch;
    const struct bn_mat u = rows_of(&f->points->tangent, first, rows);
    const struct bn_mat s = rows_of(&f->points->slope, first, rows);
    const struct bn_mat eps = rows_of(&f->points->residual, first, rows);
    struct bn_mat z = rows_of(&f->modes->left, first, rows);
    struct bn_mat d = { 0 };
    struct bn_factors factors;
    struct bn_mat r = { 0 };
    double *spare = bn_alloc(2 * rows, sizeof *spare);
    struct krylov right = { .space = { .factors = &factors, .trans = BN_PLAIN },
        .value = f->modes->value + first, .imaginary = f->modes->imaginary + first,
        .overlap = f->modes->overlap + first };
    struct krylov left = { .space = { .factors = &factors, .trans = BN_TRANSPOSED }, .value = spare,
        .imaginary = spare != NULL ? spare + rows : NULL };

    if (spare == NULL)
        return BN_NOMEM;
    if (f->modes->slow != NULL) {
        right.slow = f->modes->slow + first;
        d = rows_of(&f->modes->displacement, first, rows);
    }
    bn_status rc = bn_factors_make(&factors, f->linear, &s, SHIFT);
    if (rc == BN_OK)
        rc = bn_mat_alloc(&r, rows, u.cols);
    if (rc == BN_OK)
        rc = find_modes(&right, &left, &u, &s, &z, &r);
    if (rc == BN_OK && d.data != NULL)
        rc = displace(&factors, &r, &eps, &z, &d);
    bn_mat_free(&r);
    krylov_free(&right);
    krylov_free(&left);
    bn_factors_free(&factors);
    free(spare);
    return rc;
}

/* Without `all` only z and the tangent mode, which is half of the time. */
static bn_status modes_at(const struct bn_ring_network *net, const struct bn_points *points,
                          bool all, struct bn_modes *modes)
{
    const size_t count = points->x.rows, n = points->x.cols;
    struct bn_linear linear;
    struct finding f = { &linear, points, modes, BATCH };

    if (net->weights.dense.data != NULL || BATCH_NUMBERS / n == 0)
        f.batch = 1;                     /* N x N factors are for one point at a time */
    else if (BATCH_NUMBERS / n < BATCH)
        f.batch = BATCH_NUMBERS / n;

    *modes = (struct bn_modes){ 0 };
    BN_TRY(bn_linear_make(&linear, &net->weights, net->inhibition));
    modes->value = bn_alloc(count, sizeof *modes->value);
    modes->imaginary = bn_alloc(count, sizeof *modes->imaginary);
    modes->overlap = bn_alloc(count, sizeof *modes->overlap);
    if (all)
        modes->slow = bn_alloc(count, sizeof *modes->slow);
    bn_status rc = modes->value == NULL || modes->imaginary == NULL || modes->overlap == NULL
                || (all && modes->slow == NULL) ? BN_NOMEM : bn_mat_alloc(&modes->left, count, n);
    if (rc == BN_OK && all)
        rc = bn_mat_alloc(&modes->displacement, count, n);
    if (rc == BN_OK)
        rc = bn_tiles((count + f.batch - 1) / f.batch, modes_of_batch, &f);
    bn_linear_free(&linear);
    if (rc != BN_OK)
        bn_modes_free(modes);
    return rc;
}

bn_status bn_diagnose_modes(const struct bn_ring_network *net, const struct bn_points *points,
                            struct bn_modes *modes)
{
    return modes_at(net, points, true, modes);
}

void bn_modes_free(struct bn_modes *m)
{
    bn_mat_free(&m->left);
    bn_mat_free(&m->displacement);
    free(m->value);
    free(m->imaginary);
    free(m->overlap);
    free(m->slow);
    *m = (struct bn_modes){ 0 };
}

/* --- numbers along the ring --------------------------------------------------------- */

bn_status bn_diagnose_velocity(const struct bn_operator *velocity,
                               const struct bn_points *points, const struct bn_modes *modes,
                               double *gain)
{
    struct bn_mat push;

    BN_TRY(bn_mat_alloc(&push, points->x.rows, points->x.cols));
    const bn_status rc = bn_operator_apply(velocity, BN_PLAIN, &points->rate, &push);
    for (size_t t = 0; rc == BN_OK && t < points->x.rows; t++)
        gain[t] = bn_dot(points->x.cols, bn_mat_row(&modes->left, t), bn_mat_row(&push, t));
    bn_mat_free(&push);
    return rc;
}

void bn_diagnose_along(const struct bn_points *points, const struct bn_modes *modes,
                       struct bn_along *along)
{
    const size_t n = points->x.cols;

    for (size_t t = 0; t < points->x.rows; t++) {
        const double *u = bn_mat_row(&points->tangent, t), *z = bn_mat_row(&modes->left, t);
        const double *eps = bn_mat_row(&points->residual, t);
        const double *d = bn_mat_row(&modes->displacement, t), uu = bn_dot(n, u, u);
        along[t].drift = -bn_dot(n, z, eps);
        along[t].projected = -bn_dot(n, u, eps) / uu;
        along[t].diffusion = 0.5 * bn_dot(n, z, z);
        along[t].bound = 0.5 / uu;
        along[t].shift = bn_dot(n, u, d) / uu;
        along[t].displacement = bn_norm(n, d) / sqrt((double)n);
    }
}

/* d eps/dtheta = -A x*'. */
bn_status bn_diagnose_turning(const struct bn_ring_network *net, const struct bn_points *points,
                              double *residual, double *turning)
{
    const size_t n = points->x.cols;
    struct bn_linear linear = { .op = &net->weights, .inhibition = net->inhibition, .n = n };
    struct bn_mat a;

    BN_TRY(bn_mat_alloc(&a, points->x.rows, n));
    const bn_status rc = bn_linear_apply(&linear, &points->slope, BN_PLAIN, &points->tangent, &a);
    for (size_t t = 0; rc == BN_OK && t < points->x.rows; t++) {
        const double *eps = bn_mat_row(&points->residual, t), *d = bn_mat_row(&a, t);
        *residual += bn_dot(n, eps, eps);
        *turning += bn_dot(n, d, d);
    }
    bn_mat_free(&a);
    return rc;
}

bn_status bn_diagnose_drift(const struct bn_ring_network *net, const struct bn_points *points,
                            double *drift, double *projected)
{
    const size_t count = points->x.rows, n = points->x.cols;
    struct bn_modes modes;

    BN_TRY(modes_at(net, points, false, &modes));
    for (size_t t = 0; t < count; t++) {
        const double *u = bn_mat_row(&points->tangent, t);
        const double *eps = bn_mat_row(&points->residual, t);
        drift[t] = -bn_dot(n, bn_mat_row(&modes.left, t), eps);
        if (projected != NULL)
            projected[t] = -bn_dot(n, u, eps) / bn_dot(n, u, u);
    }
    bn_modes_free(&modes);
    return BN_OK;
}

bn_status bn_diagnose_drift_at(void *context, const double *theta, size_t count, double *drift)
{
    const struct bn_ring_network *net = context;
    struct bn_points p;

    BN_TRY(bn_diagnose_points(net, theta, count, &p));
    const bn_status rc = bn_diagnose_drift(net, &p, drift, NULL);
    bn_points_free(&p);
    return rc;
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

/* Overlap of the tangent mode at one point, found near 0 and not from the right. */
static bn_status overlap_of_all(const struct bn_ring_network *net,
                                const struct bn_points *points, size_t p, double *overlap,
                               double *value)
{
    const struct bn_points one = { rows_of(&points->x, p, 1), rows_of(&points->tangent, p, 1),
        rows_of(&points->rate, p, 1), rows_of(&points->slope, p, 1),
        rows_of(&points->residual, p, 1) };
    struct bn_modes modes;

    BN_TRY(modes_at(net, &one, false, &modes));
    *overlap = modes.overlap[0];
    *value = modes.value[0];
    bn_modes_free(&modes);
    return BN_OK;
}

bn_status bn_diagnose_jacobian(const struct bn_ring_network *net,
                               const struct bn_points *points, size_t p, size_t k,
                               double *re, double *im, size_t *found, size_t *tangent,
                               double *overlap, double *value)
{
    const size_t n = net->weights.n;
    struct linear l = { &net->weights, bn_mat_row(&points->slope, p), net->inhibition,
                        bn_alloc(n, sizeof(double)) };
    struct bn_mat v = { 0 };
    double best = -1.0;

    if (l.scratch == NULL)
        return BN_NOMEM;
    bn_status rc = bn_arnoldi(n, k, BN_LARGEST_REAL, 1e-10, apply_linear, &l, re, im, found,
                              &v);
    *tangent = 0;
    for (size_t i = 0; rc == BN_OK && i < *found; i++) {
        const double o = overlap_with(bn_mat_row(&points->tangent, p), &v, i, im[i], n);
        if (o > best) {
            best = o;
            *tangent = i;
        }
    }
    /* with many unstable modes it may not be among the leading ones */
    if (rc == BN_OK)
        rc = overlap_of_all(net, points, p, overlap, value);
    if (rc == BN_OK && *overlap > best + 0.01) {
        *tangent = *found;
    } else if (rc == BN_OK) {
        *overlap = best;
        *value = re[*tangent];
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
                               double *im, size_t *found, struct bn_mat *vectors)
{
    if (!full) {
        struct linear l = { op, NULL, 0.0, bn_alloc(op->n, sizeof(double)) };
        if (l.scratch == NULL)
            return BN_NOMEM;
        const bn_status rc = bn_arnoldi(op->n, k, BN_LARGEST_MODULUS, 1e-10, apply_linear, &l,
                                        re, im, found, vectors);
        free(l.scratch);
        return rc;
    }
    if (vectors != NULL)
        return bn_fail(BN_USAGE, "eigenvectors are for the leading eigenvalues only");
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
