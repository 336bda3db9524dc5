/* SPDX-License-Identifier: MIT */
#include <basin/fieldlaw.h>

#include <gsl/gsl_cdf.h>
#include <math.h>

#define PI 3.14159265358979323846
#define ROOT_TWO_PI 2.5066282746310005024

static double normal(double x)
{
    return exp(-0.5 * x * x) / ROOT_TWO_PI;
}

double bn_fieldlaw_share(double theta)
{
    return 0.5 * erfc(theta / sqrt(2.0));
}

double bn_fieldlaw_threshold(double share)
{
    return share > 0.0 && share < 1.0 ? gsl_cdf_ugaussian_Qinv(share) : NAN;
}

double bn_fieldlaw_mean(double theta)
{
    return normal(theta) - theta * bn_fieldlaw_share(theta);
}

double bn_fieldlaw_square(double theta)
{
    return (1.0 + theta * theta) * bn_fieldlaw_share(theta) - theta * normal(theta);
}

/* --- numbers ------------------------------------------------------------------------- */

struct bn_domain bn_fieldlaw_domain(const struct bn_lattice *g, const double *length)
{
    struct bn_domain d = { g->periodic ? BN_SHAPE_PERIODIC : BN_SHAPE_BOX, g->dimensions,
                           { 1.0, 1.0, 1.0 } };

    for (size_t k = 0; k < g->dimensions; k++)
        d.side[k] = bn_lattice_side(g, k) / length[k];
    if (g->hexagon)
        d.side[0] *= sqrt(0.75);
    return d;
}

double bn_fieldlaw_extent(const struct bn_domain *d)
{
    double extent = 1.0;

    if (d->kind == BN_SHAPE_SPHERE)
        return 4.0 * PI * d->side[0] * d->side[0];
    for (size_t k = 0; k < d->dimensions; k++)
        extent *= d->side[k];
    return extent;
}

/* rho_j, j = 0 .. 3: Euler densities of a Gaussian field. */
static double density(size_t j, double u)
{
    const double hermite[] = { 0.0, 1.0, u, u * u - 1.0 };

    return j == 0 ? bn_fieldlaw_share(u)
                  : hermite[j] * exp(-0.5 * u * u) / pow(ROOT_TWO_PI, (double)j + 1.0);
}

double bn_fieldlaw_euler(const struct bn_domain *d, double u)
{
    double sums[BN_DIMENSIONS + 1] = { 1.0 };        /* elementary symmetric functions */
    double chi = 0.0;

    if (d->kind == BN_SHAPE_SPHERE)
        return 2.0 * density(0, u) + bn_fieldlaw_extent(d) * density(2, u);
    if (d->kind == BN_SHAPE_PERIODIC)
        return bn_fieldlaw_extent(d) * density(d->dimensions, u);
    for (size_t k = 0; k < d->dimensions; k++)
        for (size_t j = k + 1; j > 0; j--)
            sums[j] += sums[j - 1] * d->side[k];
    for (size_t j = 0; j <= d->dimensions; j++)
        chi += sums[j] * density(j, u);
    return chi;
}

double bn_fieldlaw_rate(double theta)
{
    return density(1, theta);
}

double bn_fieldlaw_size(double theta)
{
    return bn_fieldlaw_share(theta) / bn_fieldlaw_rate(theta);
}

double bn_fieldlaw_gap(double theta)
{
    return bn_fieldlaw_share(-theta) / bn_fieldlaw_rate(theta);
}

double bn_fieldlaw_mean_size(const struct bn_domain *d, double theta)
{
    return bn_fieldlaw_share(theta) * bn_fieldlaw_extent(d) / bn_fieldlaw_euler(d, theta);
}

/* Gaps are the fields of -h: the same domain at -theta, in one dimension. */
double bn_fieldlaw_mean_gap(const struct bn_domain *d, double theta)
{
    return bn_fieldlaw_mean_size(d, -theta);
}

double bn_fieldlaw_peaks(double theta, double a)
{
    const double b = sqrt(1.0 - a * a);

    return bn_fieldlaw_share(theta / b) * exp(0.5 * theta * theta) / a
         + bn_fieldlaw_share(-a * theta / b);
}

double bn_fieldlaw_slope(double k)
{
    return k < 0.0 ? 0.0 : k * exp(-0.5 * k * k);
}

/* --- sizes --------------------------------------------------------------------------- */

double bn_fieldlaw_beta(size_t dimensions, double mean)
{
    const double d = (double)dimensions;

    return pow(tgamma(1.0 + 0.5 * d) / mean, 2.0 / d);
}

double bn_fieldlaw_beta_limit(size_t dimensions, double theta)
{
    static const double ball[] = { 1.0, 2.0, PI, 4.0 * PI / 3.0 };

    return 0.5 * theta * theta / pow(ball[dimensions], 2.0 / (double)dimensions);
}

struct bn_lawfit bn_fieldlaw_sizes(size_t dimensions, double beta)
{
    return (struct bn_lawfit){ .law = BN_LAW_SIZE, .dimensions = dimensions, .parameters = 1,
                               .parameter = { beta, 0.0 } };
}

/* --- silent cells and propensities --------------------------------------------------- */

double bn_fieldlaw_observed(double n)
{
    return n > 0.0 ? -n / expm1(-n) : 1.0;
}

double bn_fieldlaw_recruited(double k, double n)
{
    return -expm1(-k * log1p(n / k));
}

/* --- (sigma_c, theta) ---------------------------------------------------------------- */

/* The length at which the mean size is right for this theta.  The number of fields falls with
 * the length, so the mean size grows: bisection of its logarithm.                 */
static bn_status length_of(const struct bn_lattice *g, double theta, double size, double *length)
{
    const double extent = bn_lattice_extent(g), least = g->dimensions == 3 ? 1.0 : 0.0;
    double low = log(extent) / (double)g->dimensions - 20.0, high = low + 40.0;

    if (!(theta > least || (g->dimensions == 1 && isfinite(theta))))
        return bn_fail(BN_INPUT, "the population's threshold would be %g standard deviations: "
                       "in %zu dimensions fields are told apart above %g only", theta,
                       g->dimensions, least);
    if (size >= (1.0 - 1e-9) * extent)         /* everything, but for rounding */
        return bn_fail(BN_INPUT, "fields of mean size %g in an environment of %g: there is none "
                       "smaller than it", size, extent);
    for (int i = 0; i < 100; i++) {
        const double mid = 0.5 * (low + high), l[BN_DIMENSIONS] = { exp(mid), exp(mid), exp(mid) };
        const struct bn_domain d = bn_fieldlaw_domain(g, l);
        const double number = bn_fieldlaw_euler(&d, theta);
        *(bn_fieldlaw_share(theta) * extent < size * number ? &low : &high) = mid;
    }
    *length = exp(0.5 * (low + high));
    return BN_OK;
}

bn_status bn_fieldlaw_from_share(const struct bn_lattice *g, double share, double size,
                                 struct bn_fieldlaw *found)
{
    if (!(share > 0.0 && share < 1.0 && size > 0.0))
        return bn_fail(BN_INPUT, "%g of space is active in fields of mean size %g: neither "
                       "nothing nor everything can be fitted", share, size);
    found->threshold = bn_fieldlaw_threshold(share);
    return length_of(g, found->threshold, size, &found->length);
}

bn_status bn_fieldlaw_from_count(const struct bn_lattice *g, double count, double size,
                                 struct bn_fieldlaw *found)
{
    return bn_fieldlaw_from_share(g, count * size / bn_lattice_extent(g), size, found);
}

/* Walls included, size = Q L/(L mu + Q) and gap = P L/(L mu + P), P = 1 - Q: both give mu, so
 * Q (1/size - 1/L) = P (1/gap - 1/L).  On a ring the terms 1/L are not there.      */
bn_status bn_fieldlaw_from_gap(const struct bn_lattice *g, double gap, double size,
                               struct bn_fieldlaw *found)
{
    const double ends = g->periodic ? 0.0 : 1.0 / bn_lattice_extent(g);
    const double q = 1.0 / gap - ends, p = 1.0 / size - ends;

    if (g->dimensions != 1)
        return bn_fail(BN_USAGE, "gaps have lengths in one dimension only, not in %zu",
                       g->dimensions);
    if (!(p > 0.0 && q > 0.0))
        return bn_fail(BN_INPUT, "fields of mean size %g and gaps of %g: one fills the "
                       "environment", size, gap);
    return bn_fieldlaw_from_share(g, q / (p + q), size, found);
}

bn_status bn_fieldlaw_from_observed(const struct bn_lattice *g, double observed, double size,
                                    struct bn_fieldlaw *found)
{
    if (!(observed > 1.0))
        return bn_fail(BN_INPUT, "cells with fields have %g of them on average: with no more "
                       "than one, how many cells are silent cannot be told", observed);
    return bn_fieldlaw_from_count(g, bn_law_untruncated(observed), size, found);
}
