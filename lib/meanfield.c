/* SPDX-License-Identifier: MIT */
#include <basin/meanfield.h>
#include <basin/fourier.h>
#include <basin/gp.h>
#include <basin/manifold.h>
#include <basin/mem.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define PI (0.5 * BN_TWO_PI)

static double twice(size_t n)
{
    return n == 0 ? 1.0 : 2.0;
}

/* exp(-n^2/(2 sigma^2)) > 2^-60; more than anybody has angles for a sigma that is absurd */
size_t bn_meanfield_harmonics(double sigma)
{
    return (size_t)fmin(floor(sigma * sqrt(2.0 * 60.0 * log(2.0))), 1e15);
}

static bn_status check(const struct bn_transfer *t, double sigma, size_t angles, double guard)
{
    if (t->kind != BN_TRANSFER_ERF || t->threshold != 0.0)
        return bn_fail(BN_USAGE, "the mean-field equations are closed only for erf rates with "
                       "threshold 0, but these are %s rates with threshold %g: leave the "
                       "tuning out and give sigma and beta of an erf process",
                       bn_transfer_name(t->kind), t->threshold);
    if (!(t->beta > 0.0) || !(sigma > 0.0) || !isfinite(t->beta) || !isfinite(sigma))
        return bn_fail(BN_USAGE, "sigma = %g and beta = %g: the width of the spectrum and the "
                       "gain must both be positive and finite", sigma, t->beta);
    if (!(guard >= 0.0) || !isfinite(guard))
        return bn_fail(BN_USAGE, "guard = %g: it is added to a spectrum and must not be "
                       "negative", guard);
    const double least = 2.0 * floor(sigma * sqrt(2.0 * 60.0 * log(2.0))) + 1.0;
    if ((double)angles < least || angles < 4)
        return bn_fail(BN_USAGE, "%zu angles cannot carry the %zu harmonics of sigma = %g: at "
                       "least %.0f are needed", angles, bn_meanfield_harmonics(sigma), sigma,
                       fmax(4.0, least));
    return BN_OK;
}

static void weigh(struct bn_meanfield *mf, double guard)
{
    mf->guard = guard;
    for (size_t n = 0; n <= mf->harmonics; n++) {
        mf->hat[n] = mf->x[n] / (mf->phi[n] + guard);
        mf->power[n] = mf->hat[n] / (mf->phi[n] + guard);
    }
}

static bn_status fill(struct bn_meanfield *mf)
{
    const size_t h = mf->harmonics, m = mf->angles;

    bn_gp_covariance(mf->sigma, m, mf->current);
    mf->variance = mf->current[0];
    BN_TRY(bn_transfer_mean_slope(&mf->transfer, mf->variance, &mf->gain));
    BN_TRY(bn_transfer_covariance(&mf->transfer, mf->variance, mf->current, m, mf->rate));
    BN_TRY(bn_fourier_even(mf->rate, m, mf->phi, h + 1));
    for (size_t n = 0; n <= h; n++) {
        mf->x[n] = bn_gp_spectrum(mf->sigma, n);
        /* Rounding leaves harmonics of 1e-17 of either sign. */
        if (!(mf->phi[n] + mf->guard > 0.0))
            return bn_fail(BN_USAGE, "harmonic %zu of the rate covariance is below rounding at "
                           "sigma = %g, beta = %g: guard = %g is too small, 1e-12 will do", n,
                           mf->sigma, mf->transfer.beta, mf->guard);
    }
    weigh(mf, mf->guard);
    BN_TRY(bn_mat_alloc(&mf->basis, m, 2 * h + 1));
    for (size_t k = 0; k < m; k++)
        bn_fourier_basis(BN_TWO_PI * (double)k / (double)m, 2 * h + 1, 0,
                         bn_mat_row(&mf->basis, k));
    return BN_OK;
}

bn_status bn_meanfield_new(struct bn_meanfield *mf, const struct bn_transfer *t, double sigma,
                           size_t angles, double guard)
{
    *mf = (struct bn_meanfield){ 0 };
    BN_TRY(check(t, sigma, angles, guard));
    *mf = (struct bn_meanfield){ .transfer = *t, .sigma = sigma, .guard = guard,
                                 .angles = angles,
                                 .harmonics = bn_meanfield_harmonics(sigma) };
    const size_t h = mf->harmonics;
    mf->x = bn_alloc(4 * (h + 1) + 2 * angles, sizeof(double));
    if (mf->x == NULL) {
        *mf = (struct bn_meanfield){ 0 };
        return BN_NOMEM;
    }
    mf->phi = mf->x + (h + 1);
    mf->hat = mf->phi + (h + 1);
    mf->power = mf->hat + (h + 1);
    mf->current = mf->power + (h + 1);
    mf->rate = mf->current + angles;
    const bn_status rc = fill(mf);
    if (rc != BN_OK)
        bn_meanfield_free(mf);
    return rc;
}

void bn_meanfield_free(struct bn_meanfield *mf)
{
    free(mf->x);
    bn_mat_free(&mf->basis);
    *mf = (struct bn_meanfield){ 0 };
}

double bn_meanfield_eigenvalue(const struct bn_meanfield *mf, size_t n, double lambda)
{
    return mf->gain * mf->x[n] / (mf->phi[n] + lambda);
}

/* arctan(u/S) with S^2 = A D - u^2 has derivatives 1/S by u and -u/(2 S D) by D. */
void bn_meanfield_rate(const struct bn_meanfield *mf, double q, const double *h, double *g,
                       double *by_h, double *by_q)
{
    const double b2 = mf->transfer.beta * mf->transfer.beta;
    const double d = b2 * q + 2.0 / PI, ad = (b2 * mf->variance + 2.0 / PI) * d;

    for (size_t k = 0; k < mf->angles; k++) {
        const double u = b2 * h[k], s = sqrt(ad - u * u);
        if (g != NULL)
            g[k] = 1.0 + 2.0 / PI * atan(u / s);
        if (by_h != NULL)
            by_h[k] = 2.0 / PI * b2 / s;
        if (by_q != NULL)
            by_q[k] = -b2 * u / (PI * s * d);
    }
}

/* --- dynamics --------------------------------------------------------------------- */

/* Rows of two [M] states, what they are projected to, and the rates of change. */
struct work {
    struct bn_mat y, coefficient, drive, h;
    double *g, *stage, *slope, *sum;
    struct bn_mat block;
};

static bn_status work_alloc(struct work *w, const struct bn_meanfield *mf)
{
    const size_t m = mf->angles, r = mf->basis.cols;

    BN_TRY(bn_mat_alloc(&w->block, 1, 10 * m + 3 * r));
    double *at = w->block.data;
    w->y = (struct bn_mat){ 2, m, at };
    w->stage = at + 2 * m;
    w->slope = at + 4 * m;
    w->sum = at + 6 * m;
    w->g = at + 8 * m;
    w->h = (struct bn_mat){ 1, m, at + 9 * m };
    w->coefficient = (struct bn_mat){ 2, r, at + 10 * m };
    w->drive = (struct bn_mat){ 1, r, at + 10 * m + 2 * r };
    return BN_OK;
}

/* G of the rows m and mhat of y.  In the real basis |s_n|^2 + |s_-n|^2 is the sum of two
 * squared coefficients.                                                     */
static bn_status overlap(const struct bn_meanfield *mf, const double *y, struct work *w)
{
    struct bn_mat both = { 2, mf->angles, NULL }, bent = { 1, mf->basis.cols, NULL };
    double q = 0.0;

    memcpy(w->y.data, y, 2 * mf->angles * sizeof *y);
    both.data = w->y.data;
    BN_TRY(bn_gemm(1.0 / (double)mf->angles, &both, BN_PLAIN, &mf->basis, BN_PLAIN, 0.0,
                   &w->coefficient));
    bent.data = bn_mat_row(&w->coefficient, 1);
    bn_fourier_differentiate(&bent);
    for (size_t k = 0; k < bent.cols; k++) {
        const double s = w->coefficient.data[k] - bent.data[k];
        q += mf->power[(k + 1) / 2] * s * s;
        w->drive.data[k] = mf->hat[(k + 1) / 2] * s;
    }
    BN_TRY(bn_gemm(1.0, &w->drive, BN_PLAIN, &mf->basis, BN_TRANSPOSED, 0.0, &w->h));
    bn_meanfield_rate(mf, q, w->h.data, w->g, NULL, NULL);
    return BN_OK;
}

bn_status bn_meanfield_overlap(const struct bn_meanfield *mf, const double *m,
                               const double *mhat, double *g)
{
    const size_t bytes = mf->angles * sizeof *m;
    struct work w;

    BN_TRY(work_alloc(&w, mf));
    memcpy(w.stage, m, bytes);
    if (mhat != NULL)
        memcpy(w.stage + mf->angles, mhat, bytes);
    const bn_status rc = overlap(mf, w.stage, &w);
    memcpy(g, w.g, bytes);
    bn_mat_free(&w.block);
    return rc;
}

/* dy/dt x tau into w->slope. */
static bn_status slope(const struct bn_meanfield *mf, const double *y, double tau_omega,
                       struct work *w)
{
    const size_t m = mf->angles;

    BN_TRY(overlap(mf, y, w));
    for (size_t k = 0; k < m; k++) {
        w->slope[k] = w->g[k] - y[k];
        w->slope[m + k] = tau_omega * w->g[k] - y[m + k];
    }
    return BN_OK;
}

static bn_status advance(const struct bn_meanfield *mf, const struct bn_meanfield_clock *clock,
                         double omega, double *y, struct work *w)
{
    static const double reach[4] = { 0.5, 0.5, 1.0, 0.0 };
    static const double share[4] = { 1.0 / 6, 1.0 / 3, 1.0 / 3, 1.0 / 6 };
    const size_t n = 2 * mf->angles;
    const double step = clock->dt / clock->tau, drive = clock->tau * omega;

    if (clock->method == BN_MEANFIELD_EULER) {
        BN_TRY(slope(mf, y, drive, w));
        for (size_t k = 0; k < n; k++)
            y[k] += step * w->slope[k];
        return BN_OK;
    }
    memcpy(w->stage, y, n * sizeof *y);
    memset(w->sum, 0, n * sizeof *y);
    for (size_t i = 0; i < 4; i++) {
        BN_TRY(slope(mf, w->stage, drive, w));
        for (size_t k = 0; k < n; k++) {
            w->sum[k] += share[i] * w->slope[k];
            w->stage[k] = y[k] + reach[i] * step * w->slope[k];
        }
    }
    for (size_t k = 0; k < n; k++)
        y[k] += step * w->sum[k];
    return BN_OK;
}

static bn_status march(const struct bn_meanfield *mf, const struct bn_meanfield_clock *clock,
                       const double *omega, double *y, struct work *w,
                       bn_meanfield_watch *watch, void *context)
{
    for (size_t k = 0; k <= clock->steps; k++) {
        if (!isfinite(y[0]) || !isfinite(y[mf->angles]))
            return bn_fail(BN_NUMERIC, "the order parameters diverged at t = %g s: a smaller dt "
                           "than %g s may help", (double)k * clock->dt, clock->dt);
        if (watch != NULL && k % clock->every == 0) {
            BN_TRY(overlap(mf, y, w));
            BN_TRY(watch(context, k / clock->every, y, w->g));
        }
        if (k < clock->steps)
            BN_TRY(advance(mf, clock, omega != NULL ? omega[k] : 0.0, y, w));
    }
    return BN_OK;
}

bn_status bn_meanfield_run(const struct bn_meanfield *mf,
                           const struct bn_meanfield_clock *clock, const double *omega,
                           double *m, double *mhat, bn_meanfield_watch *watch, void *context)
{
    const size_t n = mf->angles;
    struct work w;

    BN_TRY(work_alloc(&w, mf));
    double *y = bn_alloc(2 * n, sizeof *y);
    bn_status rc = y != NULL ? BN_OK : BN_NOMEM;
    if (rc == BN_OK) {
        memcpy(y, m, n * sizeof *y);
        memcpy(y + n, mhat, n * sizeof *y);
        rc = march(mf, clock, omega, y, &w, watch, context);
        memcpy(m, y, n * sizeof *y);
        memcpy(mhat, y + n, n * sizeof *y);
    }
    free(y);
    bn_mat_free(&w.block);
    return rc;
}

/* --- steady states ------------------------------------------------------------------ */

void bn_meanfield_state(const struct bn_meanfield *mf, const double *s, double *g, double *h,
                        double *q)
{
    const size_t m = mf->angles;
    double *drive = h != NULL ? h : g;   /* G may take the place of H */

    *q = 0.0;
    for (size_t n = 0; n <= mf->harmonics; n++)
        *q += twice(n) * mf->power[n] * s[n] * s[n];
    for (size_t k = 0; k < m; k++) {
        const double *e = bn_mat_row(&mf->basis, k);
        drive[k] = mf->hat[0] * s[0];
        for (size_t n = 1; n <= mf->harmonics; n++)
            drive[k] += sqrt(2.0) * e[2 * n - 1] * mf->hat[n] * s[n];
    }
    bn_meanfield_rate(mf, *q, drive, g, NULL, NULL);
}

/* Room for the linear problem at a steady state: slopes of F on the grid, their
 * harmonics up to M/2, and G's.                                             */
struct linear {
    double *g, *h, *by_h, *by_q;         /* [M] */
    double *f, *b, *value;               /* [M/2 + 1] */
    struct bn_mat block;
};

static bn_status linear_alloc(struct linear *l, const struct bn_meanfield *mf)
{
    const size_t m = mf->angles, half = m / 2 + 1;

    BN_TRY(bn_mat_alloc(&l->block, 1, 4 * m + 3 * half));
    l->g = l->block.data;
    l->h = l->g + m;
    l->by_h = l->h + m;
    l->by_q = l->by_h + m;
    l->f = l->by_q + m;
    l->b = l->f + half;
    l->value = l->b + half;
    return BN_OK;
}

static bn_status linearise(const struct bn_meanfield *mf, const double *s, struct linear *l)
{
    const size_t m = mf->angles, half = m / 2 + 1;
    double q;

    bn_meanfield_state(mf, s, l->g, l->h, &q);
    bn_meanfield_rate(mf, q, l->h, NULL, l->by_h, l->by_q);
    BN_TRY(bn_fourier_even(l->g, m, l->value, half));
    BN_TRY(bn_fourier_even(l->by_h, m, l->f, half));
    return bn_fourier_even(l->by_q, m, l->b, half);
}

/* Harmonic of an even function on the grid, where n and M - n are one. */
static double harmonic(const double *f, size_t n, size_t m)
{
    n %= m;
    return f[n <= m / 2 ? n : m - n];
}

/* dG_k/ds_n among cosines: a product with dF/dH adds and subtracts harmonics, and Q
 * couples all to all by an outer product.  [h + 1, h + 1]                   */
static void even_sector(const struct bn_meanfield *mf, const double *s, const struct linear *l,
                        struct bn_mat *e)
{
    const size_t m = mf->angles;

    for (size_t k = 0; k <= mf->harmonics; k++)
        for (size_t n = 0; n <= mf->harmonics; n++) {
            const double f = n == 0 ? l->f[k]
                : harmonic(l->f, k > n ? k - n : n - k, m) + harmonic(l->f, k + n, m);
            *bn_mat_at(e, k, n) = mf->hat[n] * f
                                + 2.0 * twice(n) * mf->power[n] * s[n] * l->b[k];
        }
}

/* Among sines, with sqrt Jhat on both sides so that it is symmetric: [h, h]. */
static void odd_sector(const struct bn_meanfield *mf, const struct linear *l, struct bn_mat *o)
{
    const size_t m = mf->angles;

    for (size_t k = 1; k <= mf->harmonics; k++)
        for (size_t n = 1; n <= mf->harmonics; n++)
            *bn_mat_at(o, k - 1, n - 1) = sqrt(mf->hat[k] * mf->hat[n])
                * (harmonic(l->f, k > n ? k - n : n - k, m) - harmonic(l->f, k + n, m));
}

/* One Newton step; *error is the largest |G_k - s_k| before it. */
static bn_status newton(const struct bn_meanfield *mf, double *s, struct linear *l,
                        struct bn_mat *e, int *pivot, double *step, double *error)
{
    const size_t n = mf->harmonics + 1;

    BN_TRY(linearise(mf, s, l));
    even_sector(mf, s, l, e);
    *error = 0.0;
    for (size_t k = 0; k < n; k++) {
        for (size_t j = 0; j < n; j++)
            *bn_mat_at(e, k, j) = (k == j ? 1.0 : 0.0) - *bn_mat_at(e, k, j);
        step[k] = l->value[k] - s[k];
        *error = fmax(*error, fabs(step[k]));
    }
    if (*error < 1e-15)
        return BN_OK;
    BN_TRY(bn_lu(e, pivot));
    BN_TRY(bn_lu_solve(e, pivot, BN_PLAIN, step));
    for (size_t k = 0; k < n; k++)
        s[k] += step[k];
    return BN_OK;
}

bn_status bn_meanfield_bump(const struct bn_meanfield *mf, double *s, bool *found)
{
    enum { STEPS = 60 };
    const size_t n = mf->harmonics + 1;
    struct linear l;
    struct bn_mat e = { 0 };
    double error = INFINITY;

    *found = false;
    memcpy(s, mf->phi, n * sizeof *s);
    BN_TRY(linear_alloc(&l, mf));
    int *pivot = bn_alloc(n, sizeof *pivot);
    double *step = bn_alloc(n, sizeof *step);
    bn_status rc = pivot != NULL && step != NULL ? bn_mat_alloc(&e, n, n) : BN_NOMEM;
    for (int i = 0; rc == BN_OK && i < STEPS && error >= 1e-15; i++) {
        const double before = error;
        rc = newton(mf, s, &l, &e, pivot, step, &error);
        if (!isfinite(error) || (error < 1e-13 && error >= before))
            break;                       /* down to rounding, or lost */
    }
    bn_mat_free(&e);
    free(step);
    free(pivot);
    bn_mat_free(&l.block);
    *found = rc == BN_OK && error < 1e-12 && n > 1 && fabs(s[1]) > 1e-9 * mf->phi[1];
    return rc;
}

/* F(Ghat^x_0 c^2, Ghat^x_0 c) is concave and increasing in c = s_0/(Ghat^phi_0 + guard),
 * 1 at c = 0 and below 2: bisection of F - s_0 on [0, 2].                   */
void bn_meanfield_homogeneous(const struct bn_meanfield *mf, double *level)
{
    struct bn_meanfield one = *mf;
    double low = 0.0, high = 2.0;

    one.angles = 1;
    for (int i = 0; i < 200; i++) {
        const double s = 0.5 * (low + high), h = mf->hat[0] * s;
        double g;
        if (s == low || s == high)
            break;
        bn_meanfield_rate(&one, mf->power[0] * s * s, &h, &g, NULL, NULL);
        if (g > s)
            low = s;
        else
            high = s;
    }
    *level = 0.5 * (low + high);
}

/* Constant slopes of F: the Jacobian is diagonal in harmonics. */
void bn_meanfield_homogeneous_modes(const struct bn_meanfield *mf, double level, double *mode)
{
    struct bn_meanfield one = *mf;
    const double h = mf->hat[0] * level;
    double by_h, by_q;

    one.angles = 1;
    bn_meanfield_rate(&one, mf->power[0] * level * level, &h, NULL, &by_h, &by_q);
    for (size_t n = 0; n <= mf->harmonics; n++)
        mode[n] = -1.0 + by_h * mf->hat[n]
                + (n == 0 ? 2.0 * by_q * mf->power[0] * level : 0.0);
}

/* Bisection in the logarithm. */
bn_status bn_meanfield_ridge_limit(const struct bn_meanfield *mf, double *limit)
{
    const size_t n = mf->harmonics + 1;
    struct bn_meanfield ridge = *mf;
    double low = log(1e-12), high = log(1e3);
    double *block = bn_alloc(3 * n, sizeof *block), *mode = block + 2 * n;

    if (block == NULL)
        return BN_NOMEM;
    ridge.hat = block;
    ridge.power = block + n;
    for (int i = 0; i < 60; i++) {
        double level, top = -1.0;
        weigh(&ridge, exp(0.5 * (low + high)));
        bn_meanfield_homogeneous(&ridge, &level);
        bn_meanfield_homogeneous_modes(&ridge, level, mode);
        for (size_t k = 1; k < n; k++)
            top = fmax(top, mode[k]);
        if (top > 0.0)
            low = 0.5 * (low + high);
        else
            high = 0.5 * (low + high);
    }
    *limit = exp(low);
    free(block);
    return BN_OK;
}

/* Largest real part first; equal ones (conjugate pairs) keep their order. */
static void sort_pairs(double *re, double *im, size_t n)
{
    for (size_t i = 1; i < n; i++)
        for (size_t k = i; k > 0 && re[k] > re[k - 1]; k--) {
            const double a = re[k], b = im[k];
            re[k] = re[k - 1], im[k] = im[k - 1];
            re[k - 1] = a, im[k - 1] = b;
        }
}

static bn_status odd_modes(const struct bn_meanfield *mf, const double *s,
                           const struct linear *l, struct bn_meanfield_modes *modes,
                           size_t *tangent)
{
    const size_t h = mf->harmonics;
    struct bn_mat o;
    double best = 0.0;

    *tangent = h;                        /* none, where s has no angle */
    if (h == 0)
        return BN_OK;
    BN_TRY(bn_mat_alloc(&o, h, h));
    odd_sector(mf, l, &o);
    double *w = bn_alloc(h, sizeof *w);
    bn_status rc = w != NULL ? bn_eig_symmetric(&o, w) : BN_NOMEM;
    for (size_t k = 0; rc == BN_OK && k < h; k++) {
        const size_t up = h - 1 - k;     /* LAPACK's come ascending */
        double along = 0.0;
        for (size_t n = 1; n <= h; n++)
            along += *bn_mat_at(&o, up, n - 1) * sqrt(mf->hat[n]) * (double)n * s[n];
        modes->odd[k] = w[up] - 1.0;
        if (fabs(along) > best) {
            best = fabs(along);
            *tangent = k;
        }
    }
    free(w);
    bn_mat_free(&o);
    return rc;
}

static bn_status even_modes(const struct bn_meanfield *mf, const double *s,
                            const struct linear *l, struct bn_meanfield_modes *modes)
{
    const size_t n = mf->harmonics + 1;
    struct bn_mat e;

    BN_TRY(bn_mat_alloc(&e, n, n));
    even_sector(mf, s, l, &e);
    const bn_status rc = bn_eig_general(&e, modes->even_re, modes->even_im);
    bn_mat_free(&e);
    for (size_t k = 0; rc == BN_OK && k < n; k++)
        modes->even_re[k] -= 1.0;
    sort_pairs(modes->even_re, modes->even_im, n);
    return rc;
}

bn_status bn_meanfield_modes(const struct bn_meanfield *mf, const double *s,
                             struct bn_meanfield_modes *modes)
{
    const size_t h = mf->harmonics;
    struct linear l;
    size_t tangent = 0;

    *modes = (struct bn_meanfield_modes){ .block = bn_alloc(3 * h + 2, sizeof(double)) };
    if (modes->block == NULL)
        return BN_NOMEM;
    modes->even_re = modes->block;
    modes->even_im = modes->even_re + h + 1;
    modes->odd = modes->even_im + h + 1;
    bn_status rc = linear_alloc(&l, mf);
    if (rc == BN_OK) {
        rc = linearise(mf, s, &l);
        if (rc == BN_OK)
            rc = odd_modes(mf, s, &l, modes, &tangent);
        if (rc == BN_OK)
            rc = even_modes(mf, s, &l, modes);
        bn_mat_free(&l.block);
    }
    if (rc != BN_OK) {
        bn_meanfield_modes_free(modes);
        return rc;
    }
    modes->tangent = tangent < h ? modes->odd[tangent] : 0.0;
    modes->gap = modes->even_re[0];
    for (size_t k = 0; k < h; k++)
        if (k != tangent)
            modes->gap = fmax(modes->gap, modes->odd[k]);
    return BN_OK;
}

void bn_meanfield_modes_free(struct bn_meanfield_modes *modes)
{
    free(modes->block);
    *modes = (struct bn_meanfield_modes){ 0 };
}

/* --- finite N ----------------------------------------------------------------------- */

enum { DRAWN = 512 };                    /* curves at a time */

/* Of each curve the coefficients (c, d) of cos n and sin n of current and rate: as complex
 * numbers X and P, the stretch of its block is |P (X - e P)|^2 and its turn the square of
 * Im(conj P X), e the eigenvalue, both over (Ghat^phi_n + lambda)^2.        */
static void add_blocks(const struct bn_mat *x, const struct bn_mat *phi, size_t n, double e,
                       double *stretch, double *turn)
{
    const size_t at = 2 * n - 1;

    for (size_t i = 0; i < x->rows; i++) {
        const double xc = *bn_mat_at(x, i, at), xd = *bn_mat_at(x, i, at + 1);
        const double pc = *bn_mat_at(phi, i, at), pd = *bn_mat_at(phi, i, at + 1);
        const double rc = xc - e * pc, rd = xd - e * pd, across = pc * xd - pd * xc;
        *stretch += (pc * pc + pd * pd) * (rc * rc + rd * rd);
        *turn += across * across;
    }
}

struct drawn {
    struct bn_mat x, curve, phi;
};

static void drawn_free(struct drawn *d)
{
    bn_mat_free(&d->x);
    bn_mat_free(&d->curve);
    bn_mat_free(&d->phi);
}

static bn_status draw(const struct bn_meanfield *mf, struct bn_rng rng, size_t first,
                      size_t rows, struct drawn *d)
{
    d->x.rows = d->curve.rows = d->phi.rows = rows;
    BN_TRY(bn_gp_sample(mf->sigma, rng, first, &d->x));
    BN_TRY(bn_fourier_inverse(&d->x, &d->curve));
    bn_transfer_rate(&mf->transfer, rows * mf->angles, d->curve.data, d->curve.data);
    return bn_fourier(&d->curve, &d->phi);
}

bn_status bn_meanfield_splitting(const struct bn_meanfield *mf, double lambda,
                                 struct bn_rng rng, size_t draws, size_t count,
                                 double *stretch2, double *turn2)
{
    struct drawn d = { 0 };
    const size_t r = 2 * mf->harmonics + 1;

    if (count > mf->harmonics || draws == 0)
        return bn_fail(BN_USAGE, "%zu doublets from %zu curves: there are %zu doublets, and one "
                       "curve at least is needed", count, draws, mf->harmonics);
    memset(stretch2, 0, count * sizeof *stretch2);
    memset(turn2, 0, count * sizeof *turn2);
    bn_status rc = bn_mat_alloc(&d.x, DRAWN, r);
    if (rc == BN_OK)
        rc = bn_mat_alloc(&d.curve, DRAWN, mf->angles);
    if (rc == BN_OK)
        rc = bn_mat_alloc(&d.phi, DRAWN, r);
    for (size_t i = 0; rc == BN_OK && i < draws; i += DRAWN) {
        rc = draw(mf, rng, i, draws - i < DRAWN ? draws - i : DRAWN, &d);
        for (size_t n = 1; rc == BN_OK && n <= count; n++)
            add_blocks(&d.x, &d.phi, n, bn_meanfield_eigenvalue(mf, n, lambda),
                       &stretch2[n - 1], &turn2[n - 1]);
    }
    drawn_free(&d);
    for (size_t n = 1; n <= count; n++) {
        const double below = (mf->phi[n] + lambda) * (mf->phi[n] + lambda) * (double)draws;
        stretch2[n - 1] /= below;
        turn2[n - 1] /= below;
    }
    return rc;
}

/* (e+ - e-)^2 = y - z^2 with y exponential of mean stretch2 and z normal of variance
 * turn2, both Gaussian sums over many neurons.                               */
double bn_meanfield_complex(double stretch2, double turn2)
{
    return 1.0 - 1.0 / sqrt(1.0 + 2.0 * turn2 / stretch2);
}

double bn_meanfield_split(double stretch2, double turn2)
{
    const double negative = turn2 - stretch2 * bn_meanfield_complex(stretch2, turn2);
    return sqrt(stretch2 - turn2 + 2.0 * negative);
}
