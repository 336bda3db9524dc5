/* SPDX-License-Identifier: MIT */
#include <basin/harmonics.h>
#include <basin/fourier.h>

#include <math.h>
#include <string.h>

#include "harmonics_priv.h"

#define SQRT2 1.41421356237309504880

enum { D = BN_DIMENSIONS };

/* --- a function, its gradient and Hessian at a point ----------------------------------- */

static void periodic_local(const bn_harmonics *h, const double *k, size_t r, const double *c,
                           double *f, double *g, double *hess)
{
    const size_t dims = h->dims;

    *f = r > 0 ? k[0] : 0.0;
    for (size_t i = 1; i < r; i += 2) {  /* cos and sin of one wave stand together */
        const int *n = h->function[i].n;
        const double b = i + 1 < r ? k[i + 1] : 0.0;
        double phase = 0.0, wave[D];
        for (size_t d = 0; d < dims; d++)
            phase += BN_TWO_PI / h->m.size[d] * n[d] * c[d];
        const double cs = SQRT2 * cos(phase), sn = SQRT2 * sin(phase);
        const double value = k[i] * cs + b * sn, slope = b * cs - k[i] * sn;
        bn_wave_vector(&h->m, n, wave);
        *f += value;
        for (size_t d = 0; d < dims; d++) {
            g[d] += slope * wave[d];
            for (size_t e = 0; e < dims; e++)
                hess[d * dims + e] -= value * wave[d] * wave[e];
        }
    }
}

/* One derivative of the interpolation: of order order[d] along side d. */
static double interpolated(const bn_harmonics *h, const double *values, const struct stencil *s,
                           const size_t *order)
{
    const size_t dims = h->dims, points = s[0].points;
    const size_t second = dims > 1 ? s[1].points : 1, third = dims > 2 ? s[2].points : 1;
    double sum = 0.0;

    for (size_t i = 0; i < points; i++)
        for (size_t j = 0; j < second; j++) {
            const double *row = values + s[0].first + i;
            double along = 0.0;
            if (dims > 1)
                row = values + (s[0].first + i) * h->m.count[1] + s[1].first + j;
            if (dims > 2)
                row = values + ((s[0].first + i) * h->m.count[1] + s[1].first + j)
                    * h->m.count[2] + s[2].first;
            for (size_t k = 0; k < third; k++)
                along += row[k] * (dims > 2 ? s[2].weight[order[2]][k] : 1.0);
            sum += s[0].weight[order[0]][i] * (dims > 1 ? s[1].weight[order[1]][j] : 1.0)
                 * along;
        }
    return sum;
}

static void walls_local(const bn_harmonics *h, const double *values, const double *c,
                        double *f, double *g, double *hess)
{
    const size_t dims = h->dims;
    struct stencil s[D] = { { 0 } };
    size_t order[D] = { 0 };

    for (size_t d = 0; d < dims; d++)
        s[d] = bn_stencil_at(&h->m, d, c[d]);
    *f = interpolated(h, values, s, order);
    for (size_t d = 0; d < dims; d++) {
        order[d]++;
        g[d] = interpolated(h, values, s, order);
        for (size_t e = 0; e <= d; e++) {
            order[e]++;
            hess[d * dims + e] = hess[e * dims + d] = interpolated(h, values, s, order);
            order[e]--;
        }
        order[d]--;
    }
}

/* A sum of functions with coefficients k, and its derivatives to the east and north, or NULL. */
struct sphere_sum {
    const double *k;
    double f, *g;
};

static void add_function(void *context, const struct sphere_function *at)
{
    struct sphere_sum *sum = context;
    const double k = sum->k[at->k];

    sum->f += k * at->s.p * at->wave;
    if (sum->g == NULL)
        return;
    sum->g[0] += k * at->m * at->s.over * at->turned;
    sum->g[1] += k * at->s.slope * at->wave;
}

static double sphere_value(const bn_harmonics *h, const double *k, size_t r, const double *c,
                           double *g)
{
    struct sphere_sum sum = { k, 0.0, g };

    (void)h;
    bn_sphere_each(c, r, add_function, &sum);
    return sum.f;
}

/* Second differences along great circles: the Hessian in normal coordinates, to 1e-7. */
static void sphere_local(const bn_harmonics *h, const double *k, size_t r, const double *c,
                         double *f, double *g, double *hess)
{
    static const double way[3][2] = { { 1.0, 0.0 }, { 0.0, 1.0 }, { 1.0, 1.0 } };
    const double step = 1e-4;
    double second[3];

    *f = sphere_value(h, k, r, c, g);
    for (size_t i = 0; i < 3; i++) {
        double sum = -2.0 * *f;
        for (int sign = -1; sign <= 1; sign += 2) {
            const double d[2] = { sign * step * way[i][0], sign * step * way[i][1] };
            double to[D] = { 0.0 };
            bn_manifold_move(&h->m, c, d, to);
            sum += sphere_value(h, k, r, to, NULL);
        }
        second[i] = sum / (step * step);
    }
    hess[0] = second[0];
    hess[3] = second[1];
    hess[1] = hess[2] = 0.5 * (second[2] - second[0] - second[1]);
}

void bn_harmonics_local(const bn_harmonics *h, const double *k, size_t r,
                        const double *values, const double *c, double *f, double *g,
                        double *hess)
{
    const size_t dims = h->dims;
    double ring[3];

    memset(g, 0, dims * sizeof *g);
    memset(hess, 0, dims * dims * sizeof *hess);
    if (h->m.kind == BN_RING) {
        bn_fourier_at(k, r, c[0], ring);
        *f = ring[0];
        g[0] = ring[1];
        hess[0] = ring[2];
    } else if (h->cosine[0] != NULL) {
        walls_local(h, values, c, f, g, hess);
    } else if (h->m.kind == BN_SPHERE) {
        sphere_local(h, k, r, c, f, g, hess);
    } else {
        periodic_local(h, k, r, c, f, g, hess);
    }
}

/* --- uphill ------------------------------------------------------------------------------ */

/* Coordinates that stand at a wall which the slope pushes against stay there. */
static void mark_free(const struct bn_manifold *m, const double *c, const double *g, bool *go)
{
    for (size_t d = 0; d < m->dimensions; d++) {
        go[d] = true;
        if (!bn_manifold_closed(m))
            go[d] = !(c[d] <= -m->margin && g[d] < 0.0)
                 && !(c[d] >= m->size[d] + m->margin && g[d] > 0.0);
    }
}

/* s with -H s = g among the free coordinates, by elimination; false if -H is not positive
 * definite there.                                                           */
static bool newton(size_t dims, const double *hess, const double *g, const bool *go, double *s)
{
    double a[D][D + 1];

    for (size_t i = 0; i < dims; i++) {
        for (size_t j = 0; j < dims; j++)
            a[i][j] = go[i] && go[j] ? -hess[i * dims + j] : i == j ? 1.0 : 0.0;
        a[i][dims] = go[i] ? g[i] : 0.0;
    }
    for (size_t i = 0; i < dims; i++) {
        if (!(a[i][i] > 0.0))
            return false;
        for (size_t k = i + 1; k < dims; k++) {
            const double by = a[k][i] / a[i][i];
            for (size_t j = i; j <= dims; j++)
                a[k][j] -= by * a[i][j];
        }
    }
    for (size_t i = dims; i-- > 0;) {
        s[i] = a[i][dims];
        for (size_t j = i + 1; j < dims; j++)
            s[i] -= a[i][j] * s[j];
        s[i] /= a[i][i];
    }
    return true;
}

static double length_of(size_t dims, const double *s)
{
    double sum = 0.0;

    for (size_t d = 0; d < dims; d++)
        sum += s[d] * s[d];
    return sqrt(sum);
}

/* The shortest grid step: of a sphere that of its latitudes. */
static double grid_step(const struct bn_manifold *m)
{
    double step = INFINITY;

    if (m->kind == BN_SPHERE)
        return m->size[1] / (double)m->count[1];
    for (size_t d = 0; d < m->dimensions; d++)
        step = fmin(step, (m->size[d] + 2.0 * m->margin) / (double)m->count[d]);
    return step;
}

double bn_harmonics_climb(const struct bn_manifold *m, bn_local *local, const void *context,
                          double *c)
{
    const size_t dims = m->dimensions;
    const double most = grid_step(m);
    double f, g[D], hess[D * D], s[D], to[D], there, g2[D], hess2[D * D];

    local(context, c, &f, g, hess);
    for (int i = 0; i < 60; i++) {
        bool go[D];
        mark_free(m, c, g, go);
        const bool curved = newton(dims, hess, g, go, s);
        for (size_t d = 0; !curved && d < dims; d++)
            s[d] = go[d] ? g[d] : 0.0;
        double length = length_of(dims, s);
        if (!(length > 0.0))
            break;
        const double cut = !curved || length > most ? most / length : 1.0;
        for (size_t d = 0; d < dims; d++)
            s[d] *= cut;
        length *= cut;
        for (;;) {                       /* far from the top each step must go up */
            bn_manifold_move(m, c, s, to);
            local(context, to, &there, g2, hess2);
            if (there >= f || length < 1e-5 * most)
                break;
            for (size_t d = 0; d < dims; d++)
                s[d] *= 0.5;
            length *= 0.5;
        }
        memcpy(c, to, dims * sizeof *c);
        memcpy(g, g2, sizeof g);
        memcpy(hess, hess2, sizeof hess);
        f = there;
        if (length < 1e-13 * most)
            break;
    }
    return f;
}

struct curve {
    const bn_harmonics *h;
    const double *k, *values;
    size_t r;
    int sign;
};

static void curve_local(const void *context, const double *c, double *f, double *g,
                        double *hess)
{
    const struct curve *u = context;
    const size_t dims = u->h->dims;

    bn_harmonics_local(u->h, u->k, u->r, u->values, c, f, g, hess);
    *f *= u->sign;
    for (size_t d = 0; d < dims; d++)
        g[d] *= u->sign;
    for (size_t d = 0; d < dims * dims; d++)
        hess[d] *= u->sign;
}

double bn_harmonics_extremum(const bn_harmonics *h, const double *k, size_t r,
                             const double *values, int sign, double *point)
{
    const struct curve u = { h, k, values, r, sign };
    const size_t points = bn_manifold_points(&h->m);
    size_t best = 0;
    double value;

    if (h->m.kind == BN_RING) {
        *point = bn_fourier_extremum(k, r, values, points, sign, &value);
        return value;
    }
    for (size_t i = 1; i < points; i++)
        if (sign * values[i] > sign * values[best])
            best = i;
    bn_manifold_point(&h->m, best, point);
    return sign * bn_harmonics_climb(&h->m, curve_local, &u, point);
}
