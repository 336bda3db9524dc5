/* SPDX-License-Identifier: MIT */
#include <basin/flow.h>
#include <basin/fourier.h>
#include <basin/manifold.h>
#include <basin/mem.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { FINER = 8, SECANTS = 4, DOUBLINGS = 8, MOST_STEPS = 20000 };

struct bn_flow {
    size_t m, r;                         /* angles; coefficients, odd */
    double *c;                           /* [r] */
    double *fine;                        /* [FINER m] values */
};

bn_status bn_flow_new(bn_flow **out, const double *v, size_t m)
{
    const size_t r = m + (m % 2 == 0);
    bn_flow *f = *out = bn_alloc(1, sizeof *f);

    if (f == NULL)
        return BN_NOMEM;
    *f = (bn_flow){ .m = m, .r = r, .c = bn_alloc(r, sizeof *f->c),
                    .fine = bn_alloc(FINER * m, sizeof *f->fine) };
    double *copy = bn_alloc(m, sizeof *copy);
    bn_status rc = f->c == NULL || f->fine == NULL || copy == NULL ? BN_NOMEM : BN_OK;
    if (rc == BN_OK) {
        const struct bn_mat curve = { 1, m, copy }, all = { 1, r, f->c };
        struct bn_mat some = { 1, m, f->c }, fine = { 1, FINER * m, f->fine };
        memcpy(copy, v, m * sizeof *copy);
        rc = bn_fourier(&curve, &some);
        if (m % 2 == 0)                  /* a wave, sqrt 2 cos, from here on */
            f->c[m - 1] /= sqrt(2.0);
        if (rc == BN_OK)
            rc = bn_fourier_inverse(&all, &fine);
    }
    free(copy);
    if (rc != BN_OK) {
        bn_flow_free(f);
        *out = NULL;
    }
    return rc;
}

void bn_flow_free(bn_flow *f)
{
    if (f == NULL)
        return;
    free(f->c);
    free(f->fine);
    free(f);
}

void bn_flow_at(const bn_flow *f, double theta, double *value, double *slope)
{
    double at[3];

    bn_fourier_at(f->c, f->r, theta, at);
    *value = at[0];
    *slope = at[1];
}

double bn_flow_largest(const bn_flow *f)
{
    double value;
    (void)bn_fourier_extremum(f->c, f->r, f->fine, FINER * f->m, 1, &value);
    return value;
}

double bn_flow_smallest(const bn_flow *f)
{
    double value;
    (void)bn_fourier_extremum(f->c, f->r, f->fine, FINER * f->m, -1, &value);
    return value;
}

/* Sums of |c_k|^2 n^p over harmonics n >= from. */
static double moment(const bn_flow *f, size_t from, int p)
{
    double s = 0.0;

    for (size_t k = from > 0 ? 2 * from - 1 : 0; k < f->r; k++) {
        const double n = (double)((k + 1) / 2);
        s += f->c[k] * f->c[k] * (p == 2 ? n * n : 1.0);
    }
    return s;
}

double bn_flow_harmonic(const bn_flow *f)
{
    const double all = moment(f, 0, 0);
    return all > 0.0 ? sqrt(moment(f, 0, 2) / all) : 0.0;
}

double bn_flow_unresolved(const bn_flow *f)
{
    const double all = moment(f, 0, 0);
    return all > 0.0 ? moment(f, f->m / 4 + 1, 0) / all : 0.0;
}

static double speed_at(const bn_flow *f, double theta)
{
    double value, slope;
    bn_flow_at(f, theta, &value, &slope);
    return value;
}

void bn_flow_carry(const bn_flow *f, double time, size_t n, double *angle)
{
    double steepest = 0.0, value, slope;

    for (size_t k = 0; k < 2 * f->m; k++) {
        bn_flow_at(f, BN_TWO_PI * (double)k / (double)(2 * f->m), &value, &slope);
        steepest = fmax(steepest, fabs(slope));
    }
    const double steps = ceil(5.0 * steepest * time) + 1.0, h = time / steps;
    for (size_t k = 0; k < n; k++) {
        if (!(steps < MOST_STEPS))
            angle[k] = NAN;
        for (double s = 0.0; s < steps && steps < MOST_STEPS; s += 1.0) {
            const double a = speed_at(f, angle[k]);
            if (fabs(h * a) < 1e-13)
                break;                   /* it has arrived */
            const double b = speed_at(f, angle[k] + 0.5 * h * a);
            const double c = speed_at(f, angle[k] + 0.5 * h * b);
            angle[k] += h / 6.0 * (a + 2.0 * b + 2.0 * c + speed_at(f, angle[k] + h * c));
        }
    }
}

/* --- zeros ---------------------------------------------------------------------- */

/* Newton on the polynomial, kept between low and high, where its signs differ. */
static double root_between(const bn_flow *f, double low, double high, bool falls,
                           double *slope)
{
    double at = 0.5 * (low + high), value;

    for (int i = 0; i < 60; i++) {
        bn_flow_at(f, at, &value, slope);
        if (value == 0.0)
            break;
        if ((value > 0.0) == falls)
            low = at;
        else
            high = at;
        double next = at - value / *slope;
        if (!(next > low && next < high))
            next = 0.5 * (low + high);
        if (fabs(next - at) < 1e-15)
            break;
        at = next;
    }
    return at;
}

/* Secant steps on the drift itself, all zeros that still move at once.  The polynomial's
 * slope starts them; no step is longer than `reach`.                         */
static bn_status polish(struct bn_zero *z, size_t n, double reach, bn_flow_drift *drift,
                        void *context)
{
    double *angle = bn_alloc(4 * n, sizeof *angle);
    size_t *moving = bn_alloc(n, sizeof *moving), count = n;
    bn_status rc = BN_OK;

    if (angle == NULL || moving == NULL) {
        free(angle);
        free(moving);
        return BN_NOMEM;
    }
    double *v = angle + n, *old = v + n, *step = old + n;
    for (size_t k = 0; k < n; k++)
        moving[k] = k;
    for (int pass = 0; rc == BN_OK && pass < SECANTS && count > 0; pass++) {
        size_t left = 0;
        for (size_t i = 0; i < count; i++)
            angle[i] = z[moving[i]].angle;
        rc = drift(context, angle, count, v);
        for (size_t i = 0; rc == BN_OK && i < count; i++) {
            const size_t k = moving[i];
            /* shorter steps would make the slope one of rounding errors */
            if (pass > 0 && fabs(step[k]) > 1e-6
                && (v[i] - old[k]) / step[k] * z[k].slope > 0.0)
                z[k].slope = (v[i] - old[k]) / step[k];
            step[k] = z[k].slope != 0.0 ? -v[i] / z[k].slope : 0.0;
            step[k] = fmin(fmax(step[k], -reach), reach);
            old[k] = v[i];
            z[k].angle += step[k];
            z[k].error = fabs(step[k]);
            if (z[k].error > 1e-8)       /* the next step would be below 1e-12 */
                moving[left++] = k;
        }
        count = left;
    }
    free(moving);
    free(angle);
    return rc;
}

static int by_angle(const void *x, const void *y)
{
    const struct bn_zero *a = x, *b = y;
    return (a->angle > b->angle) - (a->angle < b->angle);
}

bn_status bn_flow_zeros(const bn_flow *f, bn_flow_drift *drift, void *context,
                        struct bn_zero **zeros, size_t *found)
{
    const size_t m = FINER * f->m;
    const double step = BN_TWO_PI / (double)m;
    struct bn_zero *z = bn_alloc(m, sizeof *z);
    bn_status rc = BN_OK;

    *zeros = z;
    *found = 0;
    if (z == NULL)
        return BN_NOMEM;
    for (size_t k = 0; k < m; k++) {
        const double a = f->fine[k], b = f->fine[(k + 1) % m];
        if ((a > 0.0) == (b > 0.0))
            continue;
        struct bn_zero *next = &z[(*found)++];
        next->angle = root_between(f, (double)k * step, (double)(k + 1) * step, a > 0.0,
                                   &next->slope);
    }
    if (drift != NULL && *found > 0)
        rc = polish(z, *found, step, drift, context);
    for (size_t k = 0; k < *found; k++)
        z[k].angle = bn_ring_wrap(z[k].angle);
    qsort(z, *found, sizeof *z, by_angle);
    if (rc != BN_OK) {
        free(z);
        *zeros = NULL;
        *found = 0;
    }
    return rc;
}

/* --- path integration ------------------------------------------------------------- */

/* 2 pi / trapezoidal rule on m angles; 0 where the speed changes sign. */
static bn_status turn(const bn_flow *f, const bn_flow *gain, double u, size_t m, double *work,
                      double *speed)
{
    const struct bn_mat c = { 1, f->r, f->c };
    struct bn_mat v = { 1, m, work }, g = { 1, m, work + m };
    double sum = 0.0, low = INFINITY, high = -INFINITY;

    BN_TRY(bn_fourier_inverse(&c, &v));
    if (gain != NULL) {
        const struct bn_mat cg = { 1, gain->r, gain->c };
        BN_TRY(bn_fourier_inverse(&cg, &g));
    }
    for (size_t k = 0; k < m; k++) {
        const double s = work[k] + (gain != NULL ? work[m + k] * u : u);
        low = fmin(low, s);
        high = fmax(high, s);
        sum += 1.0 / s;
    }
    *speed = low <= 0.0 && high >= 0.0 ? 0.0 : (double)m / sum;
    return BN_OK;
}

bn_status bn_flow_speed(const bn_flow *f, const bn_flow *gain, double u, double *speed,
                        double *error)
{
    const size_t most = (FINER * (gain != NULL && gain->m > f->m ? gain->m : f->m))
                        << DOUBLINGS;
    double *work = bn_alloc(2 * most, sizeof *work);
    bn_status rc = work == NULL ? BN_NOMEM : BN_OK;

    *error = INFINITY;
    *speed = 0.0;
    for (size_t m = most >> DOUBLINGS; rc == BN_OK && m <= most; m *= 2) {
        const double before = *speed;
        rc = turn(f, gain, u, m, work, speed);
        if (*speed == 0.0)
            *error = 0.0;
        else if (m > most >> DOUBLINGS)
            *error = fabs(*speed - before);
        if (*error <= 1e-13 * fabs(*speed))
            break;
    }
    free(work);
    return rc;
}

void bn_flow_line(size_t n, const double *x, const double *y, double *slope, double *r2)
{
    double xx = 0.0, xy = 0.0, yy = 0.0, left = 0.0;

    for (size_t k = 0; k < n; k++) {
        xx += x[k] * x[k];
        xy += x[k] * y[k];
        yy += y[k] * y[k];
    }
    *slope = xx > 0.0 ? xy / xx : 0.0;
    for (size_t k = 0; k < n; k++)
        left += (y[k] - *slope * x[k]) * (y[k] - *slope * x[k]);
    *r2 = yy > 0.0 ? 1.0 - left / yy : 0.0;
}
