/* SPDX-License-Identifier: MIT */
#include <basin/fourier.h>
#include <basin/mem.h>
#include <basin/tile.h>

#include <fftw3.h>
#include <limits.h>
#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define TWO_PI 6.28318530717958647692
#define SQRT2  1.41421356237309504880

/* FFTW's planner is not thread-safe; its execution is. */
static pthread_mutex_t planner = PTHREAD_MUTEX_INITIALIZER;

/* Rows are transformed in tiles, each with buffers of its own: a curve of m values
 * and its m/2 + 1 complex harmonics (real-to-complex transforms are three times as
 * fast as real ones to FFTW's half-complex order).                          */
enum { TILE_ROWS = 64 };

struct transform {
    const struct bn_mat *from;
    struct bn_mat *to;
    size_t m;
    fftw_plan plan;
};

struct buffers {
    fftw_complex *harmonic;
    double *curve;
};

/* One block: the curve starts on a multiple of 16 bytes, as FFTW's vectors want, so
 * that one plan serves every tile.                                          */
static bn_status buffers_alloc(struct buffers *b, size_t m)
{
    const size_t n = m / 2 + 1;
    b->harmonic = bn_alloc(n * sizeof *b->harmonic + m * sizeof *b->curve, 1);
    if (b->harmonic == NULL)
        return BN_NOMEM;
    b->curve = (double *)(b->harmonic + n);
    return BN_OK;
}

enum kind { CIRCLE, CIRCLE_BACK, COSINES, COSINES_BACK };

static fftw_plan plan_of(enum kind kind, int m, const struct buffers *b)
{
    double *waves = (double *)b->harmonic;

    if (kind == CIRCLE)
        return fftw_plan_dft_r2c_1d(m, b->curve, b->harmonic, FFTW_ESTIMATE);
    if (kind == CIRCLE_BACK)
        return fftw_plan_dft_c2r_1d(m, b->harmonic, b->curve, FFTW_ESTIMATE);
    if (kind == COSINES)
        return fftw_plan_r2r_1d(m, b->curve, waves, FFTW_REDFT10, FFTW_ESTIMATE);
    return fftw_plan_r2r_1d(m, waves, b->curve, FFTW_REDFT01, FFTW_ESTIMATE);
}

static bn_status run(struct transform *t, enum kind kind, bn_tile_work *work)
{
    struct buffers b;

    BN_TRY(buffers_alloc(&b, t->m));
    pthread_mutex_lock(&planner);
    t->plan = plan_of(kind, (int)t->m, &b);
    pthread_mutex_unlock(&planner);
    free(b.harmonic);
    if (t->plan == NULL)
        return bn_fail(BN_NUMERIC, "no Fourier transform of length %zu", t->m);
    const bn_status rc = bn_tiles((t->from->rows + TILE_ROWS - 1) / TILE_ROWS, work, t);
    pthread_mutex_lock(&planner);
    fftw_destroy_plan(t->plan);
    pthread_mutex_unlock(&planner);
    return rc;
}

static size_t end_of(const struct transform *t, size_t tile)
{
    const size_t end = (tile + 1) * TILE_ROWS;
    return end < t->from->rows ? end : t->from->rows;
}

static void from_harmonics(fftw_complex *h, size_t m, double *c, size_t r)
{
    const double s = 1.0 / (double)m;

    for (size_t k = 0; k < r; k++) {
        const size_t n = (k + 1) / 2;
        if (k == 0 || 2 * n == m)
            c[k] = h[n][0] * s;
        else
            c[k] = k % 2 == 1 ? SQRT2 * s * h[n][0] : -SQRT2 * s * h[n][1];
    }
}

static void to_harmonics(const double *c, size_t r, fftw_complex *h, size_t m)
{
    memset(h, 0, (m / 2 + 1) * sizeof *h);
    for (size_t k = 0; k < r; k++) {
        const size_t n = (k + 1) / 2;
        if (k == 0 || 2 * n == m)
            h[n][0] = c[k];
        else if (k % 2 == 1)
            h[n][0] = c[k] / SQRT2;
        else
            h[n][1] = -c[k] / SQRT2;
    }
}

static bn_status forward_tile(void *context, size_t tile)
{
    const struct transform *t = context;
    struct buffers b;

    BN_TRY(buffers_alloc(&b, t->m));
    for (size_t i = tile * TILE_ROWS; i < end_of(t, tile); i++) {
        memcpy(b.curve, bn_mat_row(t->from, i), t->m * sizeof *b.curve);
        fftw_execute_dft_r2c(t->plan, b.curve, b.harmonic);
        from_harmonics(b.harmonic, t->m, bn_mat_row(t->to, i), t->to->cols);
    }
    free(b.harmonic);
    return BN_OK;
}

static bn_status inverse_tile(void *context, size_t tile)
{
    const struct transform *t = context;
    struct buffers b;

    BN_TRY(buffers_alloc(&b, t->m));
    for (size_t i = tile * TILE_ROWS; i < end_of(t, tile); i++) {
        to_harmonics(bn_mat_row(t->from, i), t->from->cols, b.harmonic, t->m);
        fftw_execute_dft_c2r(t->plan, b.harmonic, b.curve);
        memcpy(bn_mat_row(t->to, i), b.curve, t->m * sizeof *b.curve);
    }
    free(b.harmonic);
    return BN_OK;
}

bn_status bn_fourier(const struct bn_mat *curves, struct bn_mat *c)
{
    struct transform t = { curves, c, curves->cols, NULL };

    if (c->rows != curves->rows || c->cols > t.m || t.m == 0)
        return bn_fail(BN_INPUT, "%zu curves on %zu angles into %zu x %zu coefficients",
                       curves->rows, t.m, c->rows, c->cols);
    return run(&t, CIRCLE, forward_tile);
}

bn_status bn_fourier_inverse(const struct bn_mat *c, struct bn_mat *curves)
{
    struct transform t = { c, curves, curves->cols, NULL };

    if (c->rows != curves->rows || c->cols > t.m || t.m == 0)
        return bn_fail(BN_INPUT, "%zu x %zu coefficients into %zu curves on %zu angles",
                       c->rows, c->cols, curves->rows, t.m);
    return run(&t, CIRCLE_BACK, inverse_tile);
}

/* FFTW's sums of cosines: forward 2 sum_j f_j cos(n pi (j + 1/2)/M), back c_0 + 2 sum_n
 * c_n cos(...).  The buffer of harmonics has room for m reals.              */
static bn_status cosines_tile(void *context, size_t tile)
{
    const struct transform *t = context;
    const double s = 0.5 / (double)t->m;
    struct buffers b;

    BN_TRY(buffers_alloc(&b, t->m));
    const double *waves = (const double *)b.harmonic;
    for (size_t i = tile * TILE_ROWS; i < end_of(t, tile); i++) {
        double *c = bn_mat_row(t->to, i);
        memcpy(b.curve, bn_mat_row(t->from, i), t->m * sizeof *b.curve);
        fftw_execute_r2r(t->plan, b.curve, (double *)b.harmonic);
        for (size_t k = 0; k < t->to->cols; k++)
            c[k] = k == 0 ? s * waves[k] : SQRT2 * s * waves[k];
    }
    free(b.harmonic);
    return BN_OK;
}

static bn_status cosines_back_tile(void *context, size_t tile)
{
    const struct transform *t = context;
    struct buffers b;

    BN_TRY(buffers_alloc(&b, t->m));
    double *waves = (double *)b.harmonic;
    for (size_t i = tile * TILE_ROWS; i < end_of(t, tile); i++) {
        const double *c = bn_mat_row(t->from, i);
        for (size_t k = 0; k < t->m; k++)
            waves[k] = k >= t->from->cols ? 0.0 : k == 0 ? c[k] : c[k] / SQRT2;
        fftw_execute_r2r(t->plan, waves, b.curve);
        memcpy(bn_mat_row(t->to, i), b.curve, t->m * sizeof *b.curve);
    }
    free(b.harmonic);
    return BN_OK;
}

bn_status bn_fourier_cosines(const struct bn_mat *values, struct bn_mat *c)
{
    struct transform t = { values, c, values->cols, NULL };

    if (c->rows != values->rows || c->cols > t.m || t.m == 0)
        return bn_fail(BN_INPUT, "%zu x %zu values into %zu x %zu cosines", values->rows, t.m,
                       c->rows, c->cols);
    return run(&t, COSINES, cosines_tile);
}

bn_status bn_fourier_cosines_inverse(const struct bn_mat *c, struct bn_mat *values)
{
    struct transform t = { c, values, values->cols, NULL };

    if (c->rows != values->rows || c->cols > t.m || t.m == 0)
        return bn_fail(BN_INPUT, "%zu x %zu cosines into %zu x %zu values", c->rows, c->cols,
                       values->rows, t.m);
    return run(&t, COSINES_BACK, cosines_back_tile);
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

struct bn_fourier_lines {
    fftw_plan plan;
};

bn_status bn_fourier_lines_new(bn_fourier_lines **lines, size_t m, size_t lanes, int sign)
{
    const int n = (int)m, side = (int)lanes;

    *lines = NULL;
    if (m == 0 || lanes == 0 || m > INT_MAX || lanes > INT_MAX)
        return bn_fail(BN_NUMERIC, "no Fourier transform of %zu lines of length %zu", lanes, m);
    bn_fourier_lines *l = bn_alloc(1, sizeof *l);
    fftw_complex *z = bn_alloc(m * lanes, sizeof *z);
    if (l == NULL || z == NULL) {
        free(l);
        free(z);
        return BN_NOMEM;
    }
    pthread_mutex_lock(&planner);
    l->plan = fftw_plan_many_dft(1, &n, side, z, NULL, side, 1, z, NULL, side, 1,
                                 sign > 0 ? FFTW_BACKWARD : FFTW_FORWARD, FFTW_ESTIMATE);
    pthread_mutex_unlock(&planner);
    free(z);
    if (l->plan == NULL) {
        free(l);
        return bn_fail(BN_NUMERIC, "no Fourier transform of length %zu", m);
    }
    *lines = l;
    return BN_OK;
}

void bn_fourier_lines_run(const bn_fourier_lines *lines, double *z)
{
    fftw_complex *c = (fftw_complex *)(void *)z;
    fftw_execute_dft(lines->plan, c, c);
}

void bn_fourier_lines_free(bn_fourier_lines *lines)
{
    if (lines == NULL)
        return;
    pthread_mutex_lock(&planner);
    fftw_destroy_plan(lines->plan);
    pthread_mutex_unlock(&planner);
    free(lines);
}

size_t bn_fourier_fast(size_t m)
{
    static const size_t primes[] = { 2, 3, 5, 7 };

    for (size_t n = m > 1 ? m : 1;; n++) {
        size_t rest = n;
        for (size_t k = 0; k < BN_LEN(primes); k++)
            while (rest % primes[k] == 0)
                rest /= primes[k];
        if (rest == 1)
            return n;
    }
}

/* --- maps in the plane ------------------------------------------------------------ */

struct plane {
    size_t rows, cols;                   /* zeros around included */
    double *map;                         /* [rows, cols] */
    fftw_complex *first, *second;        /* [rows, cols/2 + 1] */
};

static void plane_free(struct plane *p)
{
    free(p->map), free(p->first), free(p->second);
}

static bn_status plane_alloc(struct plane *p, const size_t n[2], bool periodic)
{
    *p = (struct plane){ .rows = periodic ? n[0] : 2 * n[0],
                         .cols = periodic ? n[1] : 2 * n[1] };
    p->map = bn_alloc(p->rows * p->cols, sizeof *p->map);
    p->first = bn_alloc(p->rows * (p->cols / 2 + 1), sizeof *p->first);
    p->second = bn_alloc(p->rows * (p->cols / 2 + 1), sizeof *p->second);
    return p->map != NULL && p->first != NULL && p->second != NULL ? BN_OK : BN_NOMEM;
}

/* map to *half, or back from it. */
static bn_status plane_transform(struct plane *p, fftw_complex *half, bool inverse)
{
    const int rows = (int)p->rows, cols = (int)p->cols;

    pthread_mutex_lock(&planner);
    fftw_plan plan =
        inverse ? fftw_plan_dft_c2r_2d(rows, cols, half, p->map, FFTW_ESTIMATE)
                : fftw_plan_dft_r2c_2d(rows, cols, p->map, half, FFTW_ESTIMATE);
    pthread_mutex_unlock(&planner);
    if (plan == NULL)
        return bn_fail(BN_NUMERIC, "no Fourier transform of %zu x %zu", p->rows, p->cols);
    fftw_execute(plan);
    pthread_mutex_lock(&planner);
    fftw_destroy_plan(plan);
    pthread_mutex_unlock(&planner);
    return BN_OK;
}

static bn_status plane_load(struct plane *p, const double *x, const size_t n[2],
                            fftw_complex *half)
{
    memset(p->map, 0, p->rows * p->cols * sizeof *p->map);
    for (size_t i = 0; i < n[0]; i++)
        memcpy(p->map + i * p->cols, x + i * n[1], n[1] * sizeof *x);
    return plane_transform(p, half, false);
}

static bn_status plane_correlate(struct plane *p, const double *a, const double *b,
                                 const size_t n[2])
{
    const double scale = 1.0 / ((double)p->rows * (double)p->cols);

    BN_TRY(plane_load(p, a, n, p->first));
    BN_TRY(plane_load(p, b, n, p->second));
    for (size_t k = 0; k < p->rows * (p->cols / 2 + 1); k++) {
        const double *x = p->first[k], re = p->second[k][0], im = p->second[k][1];
        p->second[k][0] = scale * (x[0] * re + x[1] * im);
        p->second[k][1] = scale * (x[0] * im - x[1] * re);
    }
    return plane_transform(p, p->second, true);
}

bn_status bn_fourier_correlate(const double *a, const double *b, const size_t n[2],
                               bool periodic, double *c)
{
    struct plane p;
    bn_status rc = plane_alloc(&p, n, periodic);

    if (rc == BN_OK)
        rc = plane_correlate(&p, a, b, n);
    const size_t back[2] = { periodic ? 0 : n[0] - 1, periodic ? 0 : n[1] - 1 };
    const size_t rows = n[0] + back[0], cols = n[1] + back[1];
    for (size_t i = 0; i < rows && rc == BN_OK; i++) {
        const double *from = p.map + (i + p.rows - back[0]) % p.rows * p.cols;
        for (size_t j = 0; j < cols; j++)
            c[i * cols + j] = from[(j + p.cols - back[1]) % p.cols];
    }
    plane_free(&p);
    return rc;
}
