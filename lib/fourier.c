/* SPDX-License-Identifier: MIT */
#include <basin/fourier.h>
#include <basin/mem.h>

#include <fftw3.h>
#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define TWO_PI 6.28318530717958647692
#define SQRT2  1.41421356237309504880

/* FFTW's planner is not thread-safe; its execution is. */
static pthread_mutex_t planner = PTHREAD_MUTEX_INITIALIZER;

static fftw_plan plan_r2r(size_t m, double *buffer, fftw_r2r_kind kind)
{
    pthread_mutex_lock(&planner);
    const fftw_plan p = fftw_plan_r2r_1d((int)m, buffer, buffer, kind, FFTW_ESTIMATE);
    pthread_mutex_unlock(&planner);
    return p;
}

static void forget(fftw_plan p)
{
    pthread_mutex_lock(&planner);
    fftw_destroy_plan(p);
    pthread_mutex_unlock(&planner);
}

static bn_status prepare(size_t m, fftw_r2r_kind kind, double **buffer, fftw_plan *p)
{
    *buffer = bn_alloc(m, sizeof **buffer);
    if (*buffer == NULL)
        return BN_NOMEM;
    *p = plan_r2r(m, *buffer, kind);
    if (*p != NULL)
        return BN_OK;
    free(*buffer);
    return bn_fail(BN_NUMERIC, "no Fourier transform of length %zu", m);
}

/* FFTW's half-complex order is r0 r1 ... r[M/2] i[(M+1)/2-1] ... i1. */
static void from_halfcomplex(const double *h, size_t m, double *c, size_t r)
{
    const double s = 1.0 / (double)m;

    for (size_t k = 0; k < r; k++) {
        const size_t n = (k + 1) / 2;
        if (k == 0)
            c[k] = h[0] * s;
        else if (2 * n == m)
            c[k] = h[n] * s;
        else
            c[k] = k % 2 == 1 ? SQRT2 * s * h[n] : -SQRT2 * s * h[m - n];
    }
}

static void to_halfcomplex(const double *c, size_t r, double *h, size_t m)
{
    memset(h, 0, m * sizeof *h);
    for (size_t k = 0; k < r; k++) {
        const size_t n = (k + 1) / 2;
        if (k == 0 || 2 * n == m)
            h[n] = c[k];
        else if (k % 2 == 1)
            h[n] = c[k] / SQRT2;
        else
            h[m - n] = -c[k] / SQRT2;
    }
}

bn_status bn_fourier(const struct bn_mat *curves, struct bn_mat *c)
{
    const size_t m = curves->cols;
    double *buffer;
    fftw_plan p;

    if (c->rows != curves->rows || c->cols > m || m == 0)
        return bn_fail(BN_INPUT, "%zu curves on %zu angles into %zu x %zu coefficients",
                       curves->rows, m, c->rows, c->cols);
    BN_TRY(prepare(m, FFTW_R2HC, &buffer, &p));
    for (size_t i = 0; i < curves->rows; i++) {
        memcpy(buffer, bn_mat_row(curves, i), m * sizeof *buffer);
        fftw_execute(p);
        from_halfcomplex(buffer, m, bn_mat_row(c, i), c->cols);
    }
    forget(p);
    free(buffer);
    return BN_OK;
}

bn_status bn_fourier_inverse(const struct bn_mat *c, struct bn_mat *curves)
{
    const size_t m = curves->cols;
    double *buffer;
    fftw_plan p;

    if (c->rows != curves->rows || c->cols > m || m == 0)
        return bn_fail(BN_INPUT, "%zu x %zu coefficients into %zu curves on %zu angles",
                       c->rows, c->cols, curves->rows, m);
    BN_TRY(prepare(m, FFTW_HC2R, &buffer, &p));
    for (size_t i = 0; i < c->rows; i++) {
        to_halfcomplex(bn_mat_row(c, i), c->cols, buffer, m);
        fftw_execute(p);
        memcpy(bn_mat_row(curves, i), buffer, m * sizeof *buffer);
    }
    forget(p);
    free(buffer);
    return BN_OK;
}

bn_status bn_fourier_resample(const struct bn_mat *from, struct bn_mat *to)
{
    const size_t m = from->cols;
    struct bn_mat c;

    if (to->cols < m)
        return bn_fail(BN_INPUT, "cannot resample %zu angles to only %zu", m, to->cols);
    BN_TRY(bn_mat_alloc(&c, from->rows, m));
    bn_status rc = bn_fourier(from, &c);
    /* On a finer grid cos(M theta/2) is an ordinary harmonic of the basis, whose
     * function is sqrt 2 cos: the same wave has a coefficient smaller by sqrt 2. */
    if (m % 2 == 0 && to->cols > m)
        for (size_t i = 0; i < c.rows; i++)
            *bn_mat_at(&c, i, m - 1) /= SQRT2;
    if (rc == BN_OK)
        rc = bn_fourier_inverse(&c, to);
    bn_mat_free(&c);
    return rc;
}

void bn_fourier_differentiate(struct bn_mat *c)
{
    for (size_t i = 0; i < c->rows; i++) {
        double *row = bn_mat_row(c, i);
        row[0] = 0.0;
        for (size_t k = 1; k < c->cols; k += 2) {
            const double n = (double)((k + 1) / 2);
            const bool pair = k + 1 < c->cols;
            const double a = row[k];
            row[k] = pair ? n * row[k + 1] : 0.0;
            if (pair)
                row[k + 1] = -n * a;
        }
    }
}

void bn_fourier_basis(double theta, size_t r, int order, double *row)
{
    row[0] = order == 0 ? 1.0 : 0.0;
    for (size_t k = 1; k < r; k++) {
        const double n = (double)((k + 1) / 2), a = n * theta;
        const bool is_cos = k % 2 == 1;
        if (order == 0)
            row[k] = SQRT2 * (is_cos ? cos(a) : sin(a));
        else
            row[k] = SQRT2 * n * (is_cos ? -sin(a) : cos(a));
    }
}

void bn_fourier_at(const double *c, size_t r, double theta, double f[3])
{
    f[0] = r > 0 ? c[0] : 0.0;
    f[1] = f[2] = 0.0;
    for (size_t k = 1; k < r; k += 2) {
        const double n = (double)((k + 1) / 2);
        const double cs = SQRT2 * cos(n * theta), sn = SQRT2 * sin(n * theta);
        const double a = c[k], b = k + 1 < r ? c[k + 1] : 0.0;
        f[0] += a * cs + b * sn;
        f[1] += n * (b * cs - a * sn);
        f[2] -= n * n * (a * cs + b * sn);
    }
}

double bn_fourier_extremum(const double *c, size_t r, const double *grid, size_t m,
                           int sign, double *value)
{
    const double step = TWO_PI / (double)m;
    size_t best = 0;
    double f[3];

    for (size_t k = 1; k < m; k++)
        if (sign * grid[k] > sign * grid[best])
            best = k;
    double low = -step, high = step, at = 0.0;
    for (int i = 0; i < 50; i++) {       /* Newton, kept within the bracket */
        bn_fourier_at(c, r, (double)best * step + at, f);
        if (sign * f[1] > 0.0)
            low = at;
        else
            high = at;
        double next = f[2] != 0.0 ? at - f[1] / f[2] : at;
        if (!(next > low && next < high))
            next = 0.5 * (low + high);
        if (fabs(next - at) < 1e-15)
            break;
        at = next;
    }
    *value = f[0];
    const double theta = fmod((double)best * step + at + TWO_PI, TWO_PI);
    return theta < TWO_PI ? theta : 0.0;
}

void bn_fourier_power(const struct bn_mat *c, double *power)
{
    memset(power, 0, c->cols * sizeof *power);
    for (size_t i = 0; i < c->rows; i++) {
        const double *row = bn_mat_row(c, i);
        for (size_t k = 0; k < c->cols; k++)
            power[k] += row[k] * row[k];
    }
    for (size_t k = 0; k < c->cols; k++)
        power[k] /= (double)c->rows;
}

/* mean f(t) f(t + d) = c_0^2 + sum_n (c_2n-1^2 + c_2n^2) cos n d: an even
 * function of d, so only cosine terms, each with sqrt 2 cos as its basis.   */
bn_status bn_fourier_covariance(const double *power, size_t r, size_t m, double *covariance)
{
    struct bn_mat c, out = { 1, m, covariance };

    BN_TRY(bn_mat_alloc(&c, 1, m));
    for (size_t k = 0; k < r && k < m; k++) {
        const size_t n = (k + 1) / 2;
        if (k == 0 || 2 * n == m)
            c.data[k] += power[k];
        else
            c.data[2 * n - 1] += power[k] / SQRT2;
    }
    const bn_status rc = bn_fourier_inverse(&c, &out);
    bn_mat_free(&c);
    return rc;
}

bn_status bn_fourier_even(const double *even, size_t m, double *hat, size_t n)
{
    struct bn_mat c, in = { 1, m, NULL };

    BN_TRY(bn_mat_alloc(&in, 1, m));
    memcpy(in.data, even, m * sizeof *even);
    bn_status rc = bn_mat_alloc(&c, 1, m);
    if (rc == BN_OK)
        rc = bn_fourier(&in, &c);
    for (size_t k = 0; rc == BN_OK && k < n; k++) {
        const size_t at = 2 * k - (k > 0);
        hat[k] = at >= m ? 0.0 : k == 0 || 2 * k == m ? c.data[at] : c.data[at] / SQRT2;
    }
    bn_mat_free(&c);
    bn_mat_free(&in);
    return rc;
}
