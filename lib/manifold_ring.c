/* SPDX-License-Identifier: MIT */
#include <basin/manifold.h>
#include <basin/fourier.h>
#include <basin/mem.h>

#include <math.h>
#include <stdlib.h>

void bn_ring_grid(size_t m, double *theta)
{
    for (size_t k = 0; k < m; k++)
        theta[k] = BN_TWO_PI * (double)k / (double)m;
}

double bn_ring_wrap(double theta)
{
    const double t = fmod(theta, BN_TWO_PI);
    const double w = t < 0.0 ? t + BN_TWO_PI : t;
    return w >= BN_TWO_PI ? 0.0 : w;     /* -1e-20 + 2 pi rounds to 2 pi; nan stays */
}

double bn_ring_difference(double a, double b)
{
    const double d = bn_ring_wrap(a - b);
    return d < 0.5 * BN_TWO_PI ? d : d - BN_TWO_PI;
}

void bn_ring_centre(const struct bn_mat *rate, double *preferred, double *length)
{
    const double step = BN_TWO_PI / (double)rate->cols;

    for (size_t i = 0; i < rate->rows; i++) {
        const double *r = bn_mat_row(rate, i);
        double c = 0.0, s = 0.0, sum = 0.0;
        for (size_t m = 0; m < rate->cols; m++) {
            c += r[m] * cos((double)m * step);
            s += r[m] * sin((double)m * step);
            sum += r[m];
        }
        if (preferred != NULL)
            preferred[i] = c != 0.0 || s != 0.0 ? bn_ring_wrap(atan2(s, c)) : 0.0;
        if (length != NULL)
            length[i] = sum > 0.0 ? hypot(c, s) / sum : 0.0;
    }
}

/* Steps from the top `k0` to where the curve falls below `half`, going by `stride`. */
static double fall(const double *curve, size_t m, size_t k0, size_t stride, double half)
{
    size_t k = k0;

    for (size_t steps = 0; steps < m; steps++) {
        const size_t next = (k + stride) % m;
        if (curve[next] < half)
            return (double)steps + (curve[k] - half) / (curve[k] - curve[next]);
        k = next;
    }
    return 0.5 * (double)m;
}

double bn_ring_width(const double *curve, size_t m, double *peak)
{
    size_t top = 0;
    double least = curve[0];

    for (size_t k = 1; k < m; k++) {
        top = curve[k] > curve[top] ? k : top;
        least = fmin(least, curve[k]);
    }
    const double half = 0.5 * (least + curve[top]);
    *peak = curve[top];
    return BN_TWO_PI / (double)m
         * (fall(curve, m, top, 1, half) + fall(curve, m, top, m - 1, half));
}

/* Turn a curve by `by`: (a, b) of harmonic n rotate by n * by. */
static void rotate(double *c, size_t r, double by)
{
    for (size_t k = 1; k + 1 < r; k += 2) {
        const double n = (double)((k + 1) / 2);
        const double cs = cos(n * by), sn = sin(n * by);
        const double a = c[k], b = c[k + 1];
        c[k] = a * cs - b * sn;
        c[k + 1] = a * sn + b * cs;
    }
}

static void moments(const struct bn_mat *curves, double *mean, double *sd)
{
    const double n = (double)curves->rows;

    for (size_t m = 0; m < curves->cols; m++) {
        double s = 0.0, q = 0.0;
        for (size_t i = 0; i < curves->rows; i++)
            s += *bn_mat_at(curves, i, m);
        for (size_t i = 0; i < curves->rows; i++) {
            const double d = *bn_mat_at(curves, i, m) - s / n;
            q += d * d;
        }
        mean[m] = s / n;
        sd[m] = sqrt(q / n);
    }
}

bn_status bn_ring_align(const struct bn_mat *curves, const double *preferred, double *mean,
                        double *sd)
{
    const size_t m = curves->cols;
    struct bn_mat c, shifted;

    BN_TRY(bn_mat_alloc(&c, curves->rows, m));
    bn_status rc = bn_fourier(curves, &c);
    for (size_t i = 0; i < c.rows; i++)
        rotate(bn_mat_row(&c, i), m, 0.5 * BN_TWO_PI - preferred[i]);
    if (rc == BN_OK)
        rc = bn_mat_alloc(&shifted, curves->rows, m);
    if (rc == BN_OK) {
        rc = bn_fourier_inverse(&c, &shifted);
        moments(&shifted, mean, sd);
        bn_mat_free(&shifted);
    }
    bn_mat_free(&c);
    return rc;
}

struct ranked {
    double angle;
    size_t neuron;
};

static int by_angle(const void *x, const void *y)
{
    const struct ranked *a = x, *b = y;
    if (a->angle != b->angle)
        return a->angle < b->angle ? -1 : 1;
    return a->neuron < b->neuron ? -1 : 1;
}

bn_status bn_ring_order(const double *preferred, size_t n, size_t *order)
{
    struct ranked *r = bn_alloc(n, sizeof *r);
    if (r == NULL)
        return BN_NOMEM;
    for (size_t i = 0; i < n; i++)
        r[i] = (struct ranked){ preferred[i], i };
    qsort(r, n, sizeof *r, by_angle);
    for (size_t i = 0; i < n; i++)
        order[i] = r[i].neuron;
    free(r);
    return BN_OK;
}
