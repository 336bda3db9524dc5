/* SPDX-License-Identifier: MIT */
#include <basin/transfer.h>
#include <basin/special.h>

#include <math.h>
#include <string.h>

#define PI 3.14159265358979323846

enum { BLOCK = 256, MAX_NODES = 1024 };

static const char *const names[] = { "erf", "softplus", "logistic", "tanh", "threshold" };
/* Rates lie in (lowest, highest). */
static const double lowest[] = { 0.0, 0.0, 0.0, -1.0, 0.0 };
static const double highest[] = { 2.0, INFINITY, 1.0, 1.0, INFINITY };

const char *bn_transfer_name(enum bn_transfer_kind kind)
{
    return names[kind];
}

bn_status bn_transfer_parse(const char *name, enum bn_transfer_kind *kind)
{
    for (size_t k = 0; k < BN_LEN(names); k++)
        if (strcmp(name, names[k]) == 0) {
            *kind = (enum bn_transfer_kind)k;
            return BN_OK;
        }
    return bn_fail(BN_INPUT, "unknown rate function `%s`; known are erf, softplus, logistic, "
                   "tanh and threshold", name);
}

/* A whole block: compilers vectorise loops whose count they know. */
static void rate_of_block(const struct bn_transfer *t, const double *x, double *rate)
{
    const bool is_erf = t->kind == BN_TRANSFER_ERF;
    const bool is_tanh = t->kind == BN_TRANSFER_TANH;
    const double gain = is_erf ? 0.5 * t->beta * sqrt(PI) : is_tanh ? 2.0 * t->beta : t->beta;
    const double scale = 1.0 / t->beta, b = t->threshold;
    double u[BLOCK];

    for (size_t k = 0; k < BLOCK; k++)
        u[k] = gain * (x[k] - b);
    if (is_erf) {
        bn_erf(BLOCK, u, u);
        for (size_t k = 0; k < BLOCK; k++)
            rate[k] = 1.0 + u[k];
    } else if (t->kind == BN_TRANSFER_LOGISTIC) {
        bn_logistic(BLOCK, u, rate);
    } else if (is_tanh) {                /* tanh u = 2 logistic(2u) - 1 */
        bn_logistic(BLOCK, u, u);
        for (size_t k = 0; k < BLOCK; k++)
            rate[k] = 2.0 * u[k] - 1.0;
    } else if (t->kind == BN_TRANSFER_THRESHOLD) {
        for (size_t k = 0; k < BLOCK; k++)
            rate[k] = u[k] <= 0.0 ? 0.0 : u[k];      /* NaN stays NaN */
    } else {
        bn_softplus(BLOCK, u, u);
        for (size_t k = 0; k < BLOCK; k++)
            rate[k] = u[k] * scale;
    }
}

void bn_transfer_rate(const struct bn_transfer *t, size_t n, const double *x, double *rate)
{
    const size_t whole = n - n % BLOCK;
    double tail[BLOCK] = { 0 };

    for (size_t i = 0; i < whole; i += BLOCK)
        rate_of_block(t, x + i, rate + i);
    if (whole == n)
        return;
    memcpy(tail, x + whole, (n - whole) * sizeof *x);
    rate_of_block(t, tail, tail);
    memcpy(rate + whole, tail, (n - whole) * sizeof *rate);
}

void bn_transfer_slope(const struct bn_transfer *t, size_t n, const double *x, double *slope)
{
    const bool is_erf = t->kind == BN_TRANSFER_ERF;
    const double gain = 0.5 * t->beta * sqrt(PI), b = t->threshold;
    const bool is_tanh = t->kind == BN_TRANSFER_TANH;
    const double beta = is_tanh ? 2.0 * t->beta : t->beta;
    const double scale = t->kind == BN_TRANSFER_SOFTPLUS ? 1.0 : is_tanh ? 2.0 * beta : beta;
    double u[BLOCK];

    if (t->kind == BN_TRANSFER_THRESHOLD) {
        for (size_t i = 0; i < n; i++)
            slope[i] = x[i] > b ? t->beta : 0.0;
        return;
    }
    for (size_t i = 0; i < n; i += BLOCK) {
        const size_t m = n - i < BLOCK ? n - i : BLOCK;
        for (size_t k = 0; k < m; k++) {
            const double z = x[i + k] - b;
            u[k] = is_erf ? -(gain * z) * (gain * z) : beta * z;
        }
        if (is_erf)
            bn_exp(m, u, u);
        else
            bn_logistic(m, u, u);
        if (t->kind == BN_TRANSFER_LOGISTIC || is_tanh) {
            double rest[BLOCK];          /* 1 - phi without cancellation */
            for (size_t k = 0; k < m; k++)
                rest[k] = -beta * (x[i + k] - b);
            bn_logistic(m, rest, rest);
            for (size_t k = 0; k < m; k++)
                u[k] *= rest[k];
        }
        for (size_t k = 0; k < m; k++)
            slope[i + k] = scale * u[k];
    }
}

/* erf^-1 by Newton from a rough start; curves are inverted once per run. */
static double erf_inverse(double y)
{
    const double w = log1p(-y * y), a = 2.0 / (PI * 0.147) + 0.5 * w;
    double x = copysign(sqrt(sqrt(a * a - w / 0.147) - a), y);

    for (int i = 0; i < 4; i++)
        x -= (erf(x) - y) / (2.0 / sqrt(PI) * exp(-x * x));
    return x;
}

bn_status bn_transfer_current(const struct bn_transfer *t, size_t n, const double *rate,
                              double *x)
{
    const bool is_erf = t->kind == BN_TRANSFER_ERF;

    for (size_t i = 0; i < n; i++)
        if (!(rate[i] > lowest[t->kind]) || !(rate[i] < highest[t->kind])
            || (is_erf && !(fabs(rate[i] - 1.0) < 1.0)))     /* 1e-17 - 1 is -1 */
            return bn_fail(BN_NUMERIC, "rate %g (element %zu) has no current: %s rates lie in "
                           "(%g, %g)", rate[i], i, names[t->kind], lowest[t->kind],
                           highest[t->kind]);
    if (is_erf) {
        for (size_t i = 0; i < n; i++)
            x[i] = t->threshold + erf_inverse(rate[i] - 1.0) * 2.0 / (t->beta * sqrt(PI));
        return BN_OK;
    }
    if (t->kind == BN_TRANSFER_TANH) {
        for (size_t i = 0; i < n; i++)
            x[i] = t->threshold + atanh(rate[i]) / t->beta;
        return BN_OK;
    }
    if (t->kind == BN_TRANSFER_LOGISTIC) {
        for (size_t i = 0; i < n; i++)
            x[i] = t->threshold + (log(rate[i]) - log1p(-rate[i])) / t->beta;
        return BN_OK;
    }
    if (t->kind == BN_TRANSFER_THRESHOLD) {
        for (size_t i = 0; i < n; i++)
            x[i] = t->threshold + rate[i] / t->beta;
        return BN_OK;
    }
    for (size_t i = 0; i < n; i++)
        x[i] = t->beta * rate[i];
    bn_softplus_inverse(n, x, x);
    for (size_t i = 0; i < n; i++)
        x[i] = t->threshold + x[i] / t->beta;
    return BN_OK;
}

static bool closed_form(const struct bn_transfer *t)
{
    return t->kind == BN_TRANSFER_ERF && t->threshold == 0.0;
}

/* Trapezoidal rule for E[f(z)], z ~ N(0,1): it converges geometrically for functions
 * that are analytic near the real line, here with steps of 0.6 / (beta sqrt g0) to
 * 1e-13.  (Gauss-Hermite with as many nodes loses erf and softplus of large gain:
 * 2e-2 at beta = 6.)  Returns how many nodes.                                */
static size_t trapezoid(const struct bn_transfer *t, double g0, double *node, double *weight)
{
    const double reach = 8.5, finest = 2.0 * reach / (MAX_NODES - 1);
    const double gain = t->kind == BN_TRANSFER_TANH ? 2.0 * t->beta : t->beta;
    const double h = fmax(finest, fmin(0.5, 0.6 / (gain * sqrt(g0))));
    const size_t half = (size_t)(reach / h);

    for (size_t k = 0; k < 2 * half + 1; k++) {
        node[k] = ((double)k - (double)half) * h;
        weight[k] = h / sqrt(2.0 * PI) * exp(-0.5 * node[k] * node[k]);
    }
    return 2 * half + 1;
}

bn_status bn_transfer_mean_slope(const struct bn_transfer *t, double g0, double *slope)
{
    double node[MAX_NODES], weight[MAX_NODES];

    *slope = t->beta / sqrt(1.0 + 0.5 * PI * t->beta * t->beta * g0);
    if (closed_form(t))
        return BN_OK;
    if (t->kind == BN_TRANSFER_THRESHOLD) {
        *slope = g0 > 0.0 ? 0.5 * t->beta * erfc(t->threshold / sqrt(2.0 * g0))
                          : t->threshold < 0.0 ? t->beta : 0.0;
        return BN_OK;
    }
    const size_t nodes = trapezoid(t, g0, node, weight);
    for (size_t k = 0; k < nodes; k++)
        node[k] *= sqrt(g0);
    bn_transfer_slope(t, nodes, node, node);
    *slope = 0.0;
    for (size_t k = 0; k < nodes; k++)
        *slope += weight[k] * node[k];
    return BN_OK;
}

/* E[phi(x) phi(y)] with x = sqrt(g0) z1, y = (g z1 + sqrt(g0^2 - g^2) z2)/sqrt(g0). */
static double by_quadrature(const struct bn_transfer *t, double g0, double g,
                            const double *node, const double *weight, size_t nodes)
{
    const double s = sqrt(g0), rest = sqrt(fmax(0.0, g0 * g0 - g * g));
    double x[MAX_NODES], y[MAX_NODES], sum = 0.0;

    for (size_t i = 0; i < nodes; i++)
        x[i] = s * node[i];
    bn_transfer_rate(t, nodes, x, x);
    for (size_t i = 0; i < nodes; i++) {
        double inner = 0.0;
        for (size_t k = 0; k < nodes; k++)
            y[k] = g0 > 0.0 ? (g * node[i] + rest * node[k]) / s : 0.0;
        bn_transfer_rate(t, nodes, y, y);
        for (size_t k = 0; k < nodes; k++)
            inner += weight[k] * y[k];
        sum += weight[i] * x[i] * inner;
    }
    return sum;
}

/* Currents of no variance have the rate of 0. */
static double rectified(const struct bn_transfer *t, double g0, double g)
{
    const double b2 = t->beta * t->beta, floor = fmin(0.0, t->threshold);

    if (!(g0 > 0.0))
        return b2 * floor * floor;
    return b2 * g0 * bn_gauss_rectified(t->threshold / sqrt(g0), g / g0);
}

bn_status bn_transfer_covariance(const struct bn_transfer *t, double g0, const double *g,
                                 size_t n, double *covariance)
{
    if (t->kind == BN_TRANSFER_THRESHOLD) {
        for (size_t i = 0; i < n; i++)
            covariance[i] = rectified(t, g0, g[i]);
        return BN_OK;
    }
    const double b2 = t->beta * t->beta, a = b2 * g0 + 2.0 / PI;
    double node[MAX_NODES], weight[MAX_NODES];
    const size_t nodes = closed_form(t) ? 0 : trapezoid(t, g0, node, weight);

    for (size_t i = 0; i < n; i++)
        covariance[i] = closed_form(t)
            ? 1.0 + 2.0 / PI * atan(b2 * g[i] / sqrt(a * a - b2 * b2 * g[i] * g[i]))
            : by_quadrature(t, g0, g[i], node, weight, nodes);
    return BN_OK;
}
