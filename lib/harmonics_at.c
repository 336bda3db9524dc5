/* SPDX-License-Identifier: MIT */
#include <basin/harmonics.h>
#include <basin/fourier.h>

#include <math.h>

#include "harmonics_priv.h"

#define SQRT2 1.41421356237309504880
#define SQRT3 1.73205080756887729353

void bn_wave_vector(const struct bn_manifold *m, const int *n, double *k)
{
    for (size_t d = 0; d < m->dimensions; d++)
        k[d] = BN_TWO_PI * n[d] / m->size[d];
    if (m->kind == BN_HEXAGON)
        k[1] = (2.0 * k[1] - k[0]) / SQRT3;
}

size_t bn_sphere_degree(size_t k)
{
    size_t l = (size_t)sqrt((double)k);

    while (l * l > k)
        l--;
    while ((l + 1) * (l + 1) <= k)
        l++;
    return l;
}

size_t bn_sphere_at(size_t l, size_t m, bool sine)
{
    return l * l + (m == 0 ? 0 : 2 * m - !sine);
}

/* --- Legendre -------------------------------------------------------------------- */

/* Degree m of order m, with `power` factors of the cosine left in. */
static double sectoral(int m, double flat, int power)
{
    double p = 1.0;

    for (int k = 1; k <= m; k++)
        p *= sqrt((2.0 * k + 1.0) / (2.0 * k)) * (k <= power ? flat : 1.0);
    return p;
}

struct legendre bn_legendre_first(int m, double up, double flat)
{
    return (struct legendre){ .p = sectoral(m, flat, m),
                              .slope = m > 0 ? -m * up * sectoral(m, flat, m - 1) : 0.0,
                              .over = m > 0 ? sectoral(m, flat, m - 1) : 0.0 };
}

void bn_legendre_next(struct legendre *s, int l, int m, double up, double flat)
{
    const double ll = l, mm = m;
    const double a = sqrt((4.0 * ll * ll - 1.0) / (ll * ll - mm * mm));
    const double b = sqrt(((ll - 1.0) * (ll - 1.0) - mm * mm)
                          / (4.0 * (ll - 1.0) * (ll - 1.0) - 1.0));
    const struct legendre was = *s;

    s->p = a * (up * was.p - b * was.before_p);
    s->over = a * (up * was.over - b * was.before_over);
    s->slope = a * (flat * was.p + up * was.slope - b * was.before_slope);
    s->before_p = was.p;
    s->before_over = was.over;
    s->before_slope = was.slope;
}

/* --- anywhere --------------------------------------------------------------------- */

struct stencil bn_stencil_at(const struct bn_manifold *m, size_t axis, double x)
{
    const size_t count = m->count[axis], points = count < BN_STENCIL ? count : BN_STENCIL;
    const double step = (m->size[axis] + 2.0 * m->margin) / (double)count;
    const double at = (x + m->margin) / step - 0.5;
    const double low = floor(at) - (double)(points / 2 - 1), last = (double)(count - points);
    struct stencil s = { .points = points };

    s.first = (size_t)fmin(fmax(low, 0.0), last);
    const double t = at - (double)s.first;
    for (size_t j = 0; j < points; j++) {
        double product = 1.0, slope = 0.0, curve = 0.0;
        for (size_t i = 0; i < points; i++) {
            if (i == j)
                continue;
            const double over = 1.0 / ((double)j - (double)i), factor = (t - (double)i) * over;
            curve = curve * factor + 2.0 * slope * over;
            slope = slope * factor + product * over;
            product *= factor;
        }
        s.weight[0][j] = product;
        s.weight[1][j] = slope / step;
        s.weight[2][j] = curve / (step * step);
    }
    return s;
}

/* The half waves n between walls, through a stencil. */
static double half_waves(const double *cosine, size_t count, const struct stencil *s, int n,
                         const double *weight)
{
    const size_t period = 4 * count;
    double sum = 0.0;

    for (size_t j = 0; j < s->points; j++)
        sum += weight[j] * (n == 0 ? 1.0
                                   : cosine[(size_t)n * (2 * (s->first + j) + 1) % period]);
    return sum;
}

/* Values, or with `along` >= 0 the derivative along that side. */
static void walls_at(const bn_harmonics *h, const double *c, size_t r, int along, double *row)
{
    struct stencil s[BN_DIMENSIONS];
    const double *weight[BN_DIMENSIONS];

    for (size_t d = 0; d < h->dims; d++) {
        s[d] = bn_stencil_at(&h->m, d, c[d]);
        weight[d] = s[d].weight[(int)d == along];
    }
    for (size_t k = 0; k < r; k++) {
        row[k] = 1.0;
        for (size_t d = 0; d < h->dims; d++)
            row[k] *= half_waves(h->cosine[d], h->m.count[d], &s[d], h->function[k].n[d],
                                 weight[d]);
    }
}

static double phase(const bn_harmonics *h, const struct function *f, const double *c)
{
    double sum = 0.0;

    for (size_t d = 0; d < h->dims; d++)
        sum += BN_TWO_PI / h->m.size[d] * f->n[d] * c[d];
    return sum;
}

void bn_sphere_each(const double *c, size_t r, bn_sphere_visit *visit, void *context)
{
    const int top = (int)bn_sphere_degree(r - 1);
    const double up = sin(c[1]), flat = cos(c[1]);

    for (int m = 0; m <= top; m++) {
        const double norm = m == 0 ? 1.0 : SQRT2;
        const double wave[2] = { norm * cos(m * c[0]), norm * sin(m * c[0]) };
        struct sphere_function f = { .m = m, .s = bn_legendre_first(m, up, flat) };
        for (int l = m; l <= top; l++) {
            if (l > m)
                bn_legendre_next(&f.s, l, m, up, flat);
            for (int sine = 0; sine < (m == 0 ? 1 : 2); sine++) {
                f.k = bn_sphere_at((size_t)l, (size_t)m, sine == 1);
                f.wave = wave[sine];
                f.turned = sine == 1 ? wave[0] : -wave[1];
                if (f.k < r)
                    visit(context, &f);
            }
        }
    }
}

/* Values [r] and derivatives along east and north [2][r]; either may be NULL. */
struct sphere_rows {
    size_t r;
    double *row, *gradient;
};

static void write_rows(void *context, const struct sphere_function *f)
{
    const struct sphere_rows *to = context;

    if (to->row != NULL)
        to->row[f->k] = f->s.p * f->wave;
    if (to->gradient == NULL)
        return;
    to->gradient[f->k] = f->m * f->s.over * f->turned;
    to->gradient[to->r + f->k] = f->s.slope * f->wave;
}

static void sphere_anywhere(const double *c, size_t r, double *row, double *gradient)
{
    struct sphere_rows to = { r, row, gradient };

    bn_sphere_each(c, r, write_rows, &to);
}

void bn_harmonics_at(const bn_harmonics *h, const double *c, size_t r, double *row)
{
    if (h->m.kind == BN_RING) {
        bn_fourier_basis(c[0], r, 0, row);
    } else if (h->m.kind == BN_SPHERE) {
        sphere_anywhere(c, r, row, NULL);
    } else if (h->cosine[0] != NULL) {
        walls_at(h, c, r, -1, row);
    } else {
        for (size_t k = 0; k < r; k++) {
            const double a = phase(h, &h->function[k], c);
            row[k] = k == 0 ? 1.0 : SQRT2 * (h->function[k].sine ? sin(a) : cos(a));
        }
    }
}

void bn_harmonics_gradient(const bn_harmonics *h, const double *c, size_t r,
                           double *gradient)
{
    if (h->m.kind == BN_RING) {
        bn_fourier_basis(c[0], r, 1, gradient);
    } else if (h->m.kind == BN_SPHERE) {
        sphere_anywhere(c, r, NULL, gradient);
    } else if (h->cosine[0] != NULL) {
        for (size_t d = 0; d < h->dims; d++)
            walls_at(h, c, r, (int)d, gradient + d * r);
    } else {
        for (size_t k = 0; k < r; k++) {
            const struct function *f = &h->function[k];
            const double a = phase(h, f, c);
            const double slope = k == 0 ? 0.0 : SQRT2 * (f->sine ? cos(a) : -sin(a));
            double wave[BN_DIMENSIONS];
            bn_wave_vector(&h->m, f->n, wave);
            for (size_t d = 0; d < h->dims; d++)
                gradient[d * r + k] = slope * wave[d];
        }
    }
}
