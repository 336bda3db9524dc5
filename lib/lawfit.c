/* SPDX-License-Identifier: MIT */
#include <basin/lawfit.h>
#include <basin/mem.h>
#include <basin/sort.h>

#include <gsl/gsl_cdf.h>
#include <gsl/gsl_sf_psi.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const char *const names[] = { "size", "exponential", "gamma", "lognormal", "poisson",
                                     "truncated", "negative" };

const char *bn_law_name(enum bn_law law)
{
    return names[law];
}

/* --- the laws ------------------------------------------------------------------------ */

static double log_poisson(double k, double mean)
{
    return mean > 0.0 ? k * log(mean) - mean - lgamma(k + 1.0) : k == 0.0 ? 0.0 : -INFINITY;
}

/* Mean m and dispersion a: r = 1/a successes. */
static double log_negative(double k, double m, double a)
{
    if (a <= 0.0)
        return log_poisson(k, m);
    const double r = 1.0 / a;
    return lgamma(k + r) - lgamma(r) - lgamma(k + 1.0) - r * log1p(a * m)
         + (k > 0.0 ? k * log(a * m / (1.0 + a * m)) : 0.0);
}

static double log_density(const struct bn_lawfit *f, double x)
{
    const double a = f->parameter[0], b = f->parameter[1], e = 2.0 / (double)f->dimensions;

    switch (f->law) {
    case BN_LAW_SIZE:
        return log(e * a) + (e - 1.0) * log(x) - a * pow(x, e);
    case BN_LAW_EXPONENTIAL:
        return -log(a) - x / a;
    case BN_LAW_GAMMA:
        return (a - 1.0) * log(x) - x / b - lgamma(a) - a * log(b);
    case BN_LAW_LOGNORMAL:
        return -0.5 * (log(x) - a) * (log(x) - a) / (b * b) - log(x * b * 2.5066282746310002);
    case BN_LAW_POISSON:
        return log_poisson(x, a);
    case BN_LAW_TRUNCATED:
        return log_poisson(x, a) - log(-expm1(-a));
    case BN_LAW_NEGATIVE:
        return log_negative(x, a, b);
    }
    return -INFINITY;
}

static bool counts(enum bn_law law)
{
    return law >= BN_LAW_POISSON;
}

double bn_law_density(const struct bn_lawfit *fit, double x)
{
    const double least = fit->law == BN_LAW_TRUNCATED ? 1.0 : 0.0;

    if (counts(fit->law))
        return x < least || x != floor(x) ? 0.0 : exp(log_density(fit, x));
    if (fit->law == BN_LAW_EXPONENTIAL && x == 0.0)
        return 1.0 / fit->parameter[0];
    return x <= 0.0 ? 0.0 : exp(log_density(fit, x));
}

static double cdf_of_counts(const struct bn_lawfit *f, double x)
{
    double sum = 0.0;

    for (double k = f->law == BN_LAW_TRUNCATED ? 1.0 : 0.0; k <= x; k += 1.0)
        sum += exp(log_density(f, k));
    return sum < 1.0 ? sum : 1.0;
}

double bn_law_cdf(const struct bn_lawfit *fit, double x)
{
    const double a = fit->parameter[0], b = fit->parameter[1];

    if (counts(fit->law))
        return cdf_of_counts(fit, x);
    if (x <= 0.0)
        return 0.0;
    if (fit->law == BN_LAW_SIZE)
        return -expm1(-a * pow(x, 2.0 / (double)fit->dimensions));
    if (fit->law == BN_LAW_EXPONENTIAL)
        return -expm1(-x / a);
    if (fit->law == BN_LAW_GAMMA)
        return gsl_cdf_gamma_P(x, a, b);
    return 0.5 * erfc((a - log(x)) / (b * 1.4142135623730951));
}

/* --- maximum likelihood -------------------------------------------------------------- */

/* log k - psi(k) = gap, by Newton steps in 1/k (Minka 2002). */
static double gamma_shape(double gap)
{
    double k = (3.0 - gap + sqrt((gap - 3.0) * (gap - 3.0) + 24.0 * gap)) / (12.0 * gap);

    for (int i = 0; i < 50; i++) {
        const double f = log(k) - gsl_sf_psi(k) - gap;
        const double next = 1.0 / (1.0 / k + f / (k * k * (1.0 / k - gsl_sf_psi_1(k))));
        if (fabs(next - k) <= 1e-14 * k)
            break;
        k = next;
    }
    return k;
}

/* d log L/d r for the mean m: sum psi(x + r) - n psi(r) - n log(1 + m/r). */
static double negative_score(double r, double m, const double *x, size_t n)
{
    double s = -(double)n * (gsl_sf_psi(r) + log1p(m / r));

    for (size_t i = 0; i < n; i++)
        s += gsl_sf_psi(x[i] + r);
    return s;
}

/* 1/r at the root of the score, by bisection of log r; 0 where there is none: the counts vary
 * no more than a Poisson's.                                                      */
static double dispersion(double m, double variance, const double *x, size_t n)
{
    double low = log(1e-6), high = log(1e7);

    if (variance <= m || negative_score(exp(high), m, x, n) >= 0.0)
        return 0.0;
    for (int i = 0; i < 80; i++) {
        const double mid = 0.5 * (low + high);
        *(negative_score(exp(mid), m, x, n) > 0.0 ? &low : &high) = mid;
    }
    return exp(-0.5 * (low + high));
}

/* m < mean (1 - e^-m) holds below the root: bisection. */
double bn_law_untruncated(double mean)
{
    double low = 0.0, high = mean > 1.0 ? mean : 0.0;

    for (int i = 0; i < 200 && high - low > 1e-15 * high; i++) {
        const double m = 0.5 * (low + high);
        *(m < -mean * expm1(-m) ? &low : &high) = m;
    }
    return 0.5 * (low + high);
}

static bn_status estimate(struct bn_lawfit *f, const double *x, size_t n)
{
    const double e = 2.0 / (double)f->dimensions;
    const struct bn_moments plain = bn_law_moments(x, n);
    double power = 0.0, logs = 0.0, squares = 0.0;

    for (size_t i = 0; i < n && !counts(f->law); i++) {
        power += pow(x[i], e) / (double)n;
        logs += log(x[i]) / (double)n;
    }
    for (size_t i = 0; i < n && !counts(f->law); i++)
        squares += (log(x[i]) - logs) * (log(x[i]) - logs) / (double)n;
    f->parameters = f->law == BN_LAW_GAMMA || f->law == BN_LAW_LOGNORMAL
                 || f->law == BN_LAW_NEGATIVE ? 2 : 1;
    if (f->parameters == 2 && plain.sd == 0.0)
        return bn_fail(BN_INPUT, "%zu values are all %g: a %s law has two parameters and needs "
                       "values that differ", n, x[0], names[f->law]);
    if (f->law == BN_LAW_TRUNCATED && plain.mean <= 1.0)
        return bn_fail(BN_INPUT, "%zu counts are all 1: how many zeros were not seen cannot be "
                       "told", n);
    f->parameter[0] = plain.mean;
    f->parameter[1] = 0.0;
    if (f->law == BN_LAW_SIZE)
        f->parameter[0] = 1.0 / power;
    if (f->law == BN_LAW_GAMMA) {
        f->parameter[0] = gamma_shape(log(plain.mean) - logs);
        f->parameter[1] = plain.mean / f->parameter[0];
    }
    if (f->law == BN_LAW_LOGNORMAL) {
        f->parameter[0] = logs;
        f->parameter[1] = sqrt(squares);
    }
    if (f->law == BN_LAW_TRUNCATED)
        f->parameter[0] = bn_law_untruncated(plain.mean);
    if (f->law == BN_LAW_NEGATIVE)
        f->parameter[1] = dispersion(plain.mean, plain.sd * plain.sd, x, n);
    return BN_OK;
}

static bn_status usable(const struct bn_lawfit *f, const double *x, size_t n)
{
    if (n < 2)
        return bn_fail(BN_INPUT, "%zu values for a %s law: at least 2 are needed", n,
                       names[f->law]);
    for (size_t i = 0; i < n; i++) {
        const bool fits = counts(f->law)
            ? x[i] >= (f->law == BN_LAW_TRUNCATED ? 1.0 : 0.0) && x[i] == floor(x[i])
            : x[i] > 0.0 && isfinite(x[i]);
        if (!fits)
            return bn_fail(BN_INPUT, "value %zu is %g: a %s law gives %s", i, x[i],
                           names[f->law], counts(f->law)
                           ? f->law == BN_LAW_TRUNCATED ? "1, 2, 3 ..." : "0, 1, 2 ..."
                           : "positive numbers");
    }
    return BN_OK;
}

/* --- distances ----------------------------------------------------------------------- */

double bn_law_kolmogorov(double d, size_t n)
{
    const double root = sqrt((double)n), x = (root + 0.12 + 0.11 / root) * d;
    double p = 0.0;

    if (x < 0.2)                         /* 1 to 13 digits; the series needs many terms */
        return 1.0;
    for (int j = 1; j <= 100; j++)
        p += (j % 2 == 1 ? 2.0 : -2.0) * exp(-2.0 * j * j * x * x);
    return p < 0.0 ? 0.0 : p < 1.0 ? p : 1.0;
}

/* Both sides of each step of the sample; of a law with steps only what is at them. */
static double distance(const struct bn_lawfit *f, const double *sorted, size_t n)
{
    double d = 0.0;

    for (size_t i = 0; i < n; i++) {
        if (counts(f->law) && i + 1 < n && sorted[i + 1] == sorted[i])
            continue;
        const double c = bn_law_cdf(f, sorted[i]);
        const double above = fabs((double)(i + 1) / (double)n - c);
        const double below = counts(f->law) ? 0.0 : fabs(c - (double)i / (double)n);
        d = above > d ? above : d;
        d = below > d ? below : d;
    }
    return d;
}

bn_status bn_lawfit(enum bn_law law, size_t dimensions, const double *x, size_t n,
                    struct bn_lawfit *fit)
{
    *fit = (struct bn_lawfit){ .law = law, .dimensions = dimensions > 0 ? dimensions : 1 };
    BN_TRY(usable(fit, x, n));
    BN_TRY(estimate(fit, x, n));
    double *sorted = bn_alloc(n, sizeof *sorted);
    if (sorted == NULL)
        return BN_NOMEM;
    memcpy(sorted, x, n * sizeof *sorted);
    bn_sort(sorted, n);
    for (size_t i = 0; i < n; i++)
        fit->loglik += log_density(fit, sorted[i]);
    fit->aic = 2.0 * (double)fit->parameters - 2.0 * fit->loglik;
    fit->bic = (double)fit->parameters * log((double)n) - 2.0 * fit->loglik;
    fit->ks = distance(fit, sorted, n);
    fit->p = bn_law_kolmogorov(fit->ks, n);
    free(sorted);
    return BN_OK;
}

/* --- moments and lines --------------------------------------------------------------- */

struct bn_moments bn_law_moments(const double *x, size_t n)
{
    struct bn_moments m = { 0 };
    double second = 0.0, third = 0.0, fourth = 0.0;

    for (size_t i = 0; i < n; i++)
        m.mean += x[i] / (double)n;
    for (size_t i = 0; i < n; i++) {
        const double d = x[i] - m.mean;
        second += d * d / (double)n;
        third += d * d * d / (double)n;
        fourth += d * d * d * d / (double)n;
    }
    m.sd = sqrt(second);
    if (second > 0.0) {
        m.skew = third / (second * m.sd);
        m.kurtosis = fourth / (second * second) - 3.0;
    }
    return m;
}

double bn_law_slope(const double *x, const double *y, size_t n, double *error)
{
    const struct bn_moments mx = bn_law_moments(x, n), my = bn_law_moments(y, n);
    double xy = 0.0;

    *error = 0.0;
    if (n < 2 || mx.sd == 0.0)
        return 0.0;
    for (size_t i = 0; i < n; i++)
        xy += (x[i] - mx.mean) * (y[i] - my.mean) / (double)n;
    const double slope = xy / (mx.sd * mx.sd);
    const double rest = my.sd * my.sd - slope * xy;
    if (n > 2 && rest > 0.0)
        *error = sqrt(rest / (double)(n - 2)) / mx.sd;
    return slope;
}
