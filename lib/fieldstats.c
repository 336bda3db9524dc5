/* SPDX-License-Identifier: MIT */
#include <basin/fieldstats.h>
#include <basin/mem.h>

#include <math.h>
#include <stdlib.h>

enum { GROUPS = BN_FIELDSTATS_GROUPS, NONE = GROUPS };     /* cell i belongs to i % GROUPS */

static const struct { const char *name, *unit; } table[BN_STATS] = {
    [BN_STAT_ACTIVE] = { "active_share", "1" },
    [BN_STAT_COUNT] = { "fields_per_cell", "1" },
    [BN_STAT_FANO] = { "fields_fano", "1" },
    [BN_STAT_SILENT] = { "silent_share", "1" },
    [BN_STAT_OBSERVED] = { "fields_per_active_cell", "1" },
    [BN_STAT_SIZE] = { "size_all", "" },
    [BN_STAT_INNER_SIZE] = { "size", "" },
    [BN_STAT_SIZE_CV] = { "size_cv", "1" },
    [BN_STAT_GAP] = { "gap_all", "-" },
    [BN_STAT_INNER_GAP] = { "gap", "-" },
    [BN_STAT_GAP_CV] = { "gap_cv", "1" },
    [BN_STAT_PEAKS] = { "peaks_per_field", "1" },
    [BN_STAT_SEVERAL] = { "several_peaks_share", "1" },
    [BN_STAT_PEAK_EXPONENT] = { "peak_exponent", "1" },
    [BN_STAT_SKEW] = { "log_size_skewness", "1" },
    [BN_STAT_KURTOSIS] = { "log_size_kurtosis", "1" },
    [BN_STAT_SIZE_KS] = { "size_law_distance", "1" },
    [BN_STAT_GAP_KS] = { "gap_law_distance", "1" },
};

const char *bn_fieldstats_name(enum bn_fieldstat k)
{
    return table[k].name;
}

const char *bn_fieldstats_unit(enum bn_fieldstat k)
{
    return table[k].unit;
}

/* --- values ----------------------------------------------------------------------------- */

/* Room for the numbers of as many fields or gaps as there are. */
struct desk {
    double *a, *b;
};

static bool counts(size_t cell, size_t left_out)
{
    return left_out == NONE || cell % GROUPS != left_out;
}

static double mean(const double *x, size_t n)
{
    return n > 0 ? bn_law_moments(x, n).mean : NAN;
}

static double variation(const double *x, size_t n)
{
    const struct bn_moments m = bn_law_moments(x, n);

    return n > 1 ? m.sd / m.mean : NAN;
}

/* Distance of x over its mean from an exponential law. */
static double distance(const double *x, size_t n)
{
    struct bn_lawfit fit;

    return n > 1 && bn_lawfit(BN_LAW_EXPONENTIAL, 1, x, n, &fit) == BN_OK ? fit.ks : NAN;
}

static void of_cells(const struct bn_census *c, size_t left_out, struct desk *d, double *value)
{
    size_t n = 0, silent = 0;
    double active = 0.0;

    for (size_t i = 0; i < c->cells; i++) {
        if (!counts(i, left_out))
            continue;
        d->a[n++] = c->count[i];
        active += c->share[i];
        silent += c->count[i] == 0.0;
    }
    const struct bn_moments m = bn_law_moments(d->a, n);
    const double cells = (double)n;
    value[BN_STAT_ACTIVE] = active / cells;
    value[BN_STAT_COUNT] = m.mean;
    value[BN_STAT_FANO] = m.mean > 0.0 ? m.sd * m.sd * cells / (cells - 1.0) / m.mean : NAN;
    value[BN_STAT_SILENT] = (double)silent / cells;
    value[BN_STAT_OBSERVED] = silent < n ? m.mean * cells / (double)(n - silent) : NAN;
}

static void of_peaks(const struct bn_census *c, const struct bn_fieldstats_plan *plan,
                     size_t left_out, double *value)
{
    double peaks = 0.0, several = 0.0, n = 0.0;

    for (size_t k = 0; k < c->fields; k++) {
        const struct bn_piece *p = &c->field[k].piece;
        if (!counts(c->field[k].cell, left_out) || (p->wall && !plan->walls))
            continue;
        peaks += (double)p->peaks;
        several += p->peaks > 1;
        n += 1.0;
    }
    value[BN_STAT_PEAKS] = n > 0.0 ? peaks / n : NAN;
    value[BN_STAT_SEVERAL] = n > 0.0 ? several / n : NAN;
}

static void of_fields(const struct bn_census *c, const struct bn_fieldstats_plan *plan,
                      size_t left_out, struct desk *d, double *value)
{
    const double power = 2.0 / (double)plan->dimensions;
    double all = 0.0, number = 0.0, error;
    size_t n = 0;

    for (size_t k = 0; k < c->fields; k++) {
        const struct bn_piece *p = &c->field[k].piece;
        if (!counts(c->field[k].cell, left_out))
            continue;
        all += p->size;
        number += 1.0;
        if (!p->wall || plan->walls) {
            d->a[n] = p->size;
            d->b[n++] = log(p->peak);
        }
    }
    value[BN_STAT_SIZE] = number > 0.0 ? all / number : NAN;
    value[BN_STAT_INNER_SIZE] = mean(d->a, n);
    value[BN_STAT_SIZE_CV] = variation(d->a, n);
    for (size_t k = 0; k < n; k++)
        d->a[k] = log(d->a[k]);
    const struct bn_moments m = bn_law_moments(d->a, n);
    value[BN_STAT_SKEW] = n > 2 ? m.skew : NAN;
    value[BN_STAT_KURTOSIS] = n > 3 ? m.kurtosis : NAN;
    value[BN_STAT_PEAK_EXPONENT] = n > 2 ? bn_law_slope(d->a, d->b, n, &error)
                                           * (double)plan->dimensions : NAN;
    for (size_t k = 0; k < n; k++)
        d->a[k] = exp(power * d->a[k]);
    value[BN_STAT_SIZE_KS] = distance(d->a, n);
    of_peaks(c, plan, left_out, value);
}

static void of_gaps(const struct bn_census *c, size_t left_out, struct desk *d, double *value)
{
    double all = 0.0, number = 0.0;
    size_t n = 0;

    for (size_t k = 0; k < c->gaps; k++) {
        const struct bn_piece *p = &c->gap[k].piece;
        if (!counts(c->gap[k].cell, left_out))
            continue;
        /* a ring without fields has no gap between any */
        const bool edges = c->count[c->gap[k].cell] > 0.0;
        all += p->size;
        number += p->wall || edges;
        if (!p->wall && edges)
            d->a[n++] = p->size;
    }
    value[BN_STAT_GAP] = number > 0.0 ? all / number : NAN;
    value[BN_STAT_INNER_GAP] = mean(d->a, n);
    value[BN_STAT_GAP_CV] = variation(d->a, n);
    value[BN_STAT_GAP_KS] = distance(d->a, n);
}

static void values(const struct bn_census *c, const struct bn_fieldstats_plan *plan,
                   size_t left_out, struct desk *d, double *value)
{
    of_cells(c, left_out, d, value);
    of_fields(c, plan, left_out, d, value);
    of_gaps(c, left_out, d, value);
}

bn_status bn_fieldstats(const struct bn_census *c, const struct bn_fieldstats_plan *plan,
                        struct bn_fieldstats *s)
{
    const size_t most = c->fields > c->gaps ? c->fields : c->gaps;
    const size_t room = most + c->cells + 1;
    struct desk d = { bn_alloc(room, sizeof *d.a), bn_alloc(room, sizeof *d.b) };
    const bool enough = d.a != NULL && d.b != NULL;

    *s = (struct bn_fieldstats){ .groups = c->cells < 2 ? 0 : c->cells < GROUPS ? c->cells
                                                                                : GROUPS };
    if (enough)
        values(c, plan, NONE, &d, s->value);
    for (size_t g = 0; g < s->groups && enough; g++)
        values(c, plan, g, &d, s->part[g]);
    free(d.a);
    free(d.b);
    return enough ? BN_OK : BN_NOMEM;
}

double bn_fieldstats_error(const double *part, size_t groups, size_t stride)
{
    double mean_part = 0.0, square = 0.0;

    for (size_t g = 0; g < groups; g++)
        mean_part += part[g * stride] / (double)groups;
    for (size_t g = 0; g < groups; g++)
        square += (part[g * stride] - mean_part) * (part[g * stride] - mean_part);
    return groups > 1 ? sqrt(square * (double)(groups - 1) / (double)groups) : 0.0;
}

/* --- theory ----------------------------------------------------------------------------- */

/* Sums over cells: of shares, numbers of fields and gaps, and those of a line without ends. */
struct sums {
    double share, fields, gaps, silent, rate, peaks;
};

static struct sums sums_of(const struct bn_domain *d, const double *theta, size_t n, double a)
{
    struct sums s = { 0 };

    for (size_t i = 0; i < n; i++) {
        const double fields = bn_fieldlaw_euler(d, theta[i]), rate = bn_fieldlaw_rate(theta[i]);
        s.share += bn_fieldlaw_share(theta[i]) / (double)n;
        s.fields += fields / (double)n;
        s.gaps += bn_fieldlaw_euler(d, -theta[i]) / (double)n;
        s.silent += exp(-fields) / (double)n;
        s.rate += rate / (double)n;
        s.peaks += rate * bn_fieldlaw_peaks(theta[i], a) / (double)n;
    }
    return s;
}

void bn_fieldstats_theory(const struct bn_domain *d, const struct bn_fieldstats_plan *plan,
                          const double *theta, size_t n, double irregularity, double *value)
{
    static const double cv[] = { 0.0, 0.52272320087706332, 1.0, 1.5476774381721468 };
    const struct sums s = sums_of(d, theta, n, irregularity);
    const double extent = bn_fieldlaw_extent(d);

    for (size_t k = 0; k < BN_STATS; k++)
        value[k] = NAN;
    value[BN_STAT_ACTIVE] = s.share;
    value[BN_STAT_COUNT] = s.fields;
    value[BN_STAT_FANO] = 1.0;
    value[BN_STAT_SILENT] = s.silent;
    value[BN_STAT_OBSERVED] = s.fields / (1.0 - s.silent);
    value[BN_STAT_SIZE] = s.share * extent / s.fields;
    value[BN_STAT_SIZE_CV] = cv[plan->dimensions];
    value[BN_STAT_PEAK_EXPONENT] = 2.0;
    value[BN_STAT_SKEW] = -1.1395470994046486;       /* of the log of an exponential number */
    value[BN_STAT_KURTOSIS] = 2.4;
    if (plan->dimensions > 1)
        return;
    value[BN_STAT_GAP] = (1.0 - s.share) * extent / s.gaps;
    value[BN_STAT_INNER_SIZE] = plan->walls ? value[BN_STAT_SIZE] : s.share / s.rate;
    value[BN_STAT_INNER_GAP] = (1.0 - s.share) / s.rate;
    value[BN_STAT_GAP_CV] = 1.0;
    value[BN_STAT_PEAKS] = irregularity > 0.0 ? s.peaks / s.rate : NAN;
}

/* --- kernels ---------------------------------------------------------------------------- */

/* 1/sqrt(r''''(0)) for -r''(0) = 1: from the series of kernel.h's formulas, of the oscillatory
 * one, exp(-a q^2/2) cos(b q), with a = 1/4 = 1 - b^2.                             */
double bn_fieldstats_irregularity(const struct bn_kernel *kernel)
{
    const double length = kernel->length[0];

    switch (kernel->kind) {
    case BN_KERNEL_GAUSSIAN:
    case BN_KERNEL_HEAT:
        return 1.0 / sqrt(3.0);
    case BN_KERNEL_MATERN52:
        return 1.0 / 3.0;
    case BN_KERNEL_MATERN72:
        return 1.0 / sqrt(5.0);
    case BN_KERNEL_OSCILLATORY:
        return 1.0 / sqrt(1.875);
    case BN_KERNEL_VONMISES:
        return 1.0 / sqrt(3.0 + length * length);
    case BN_KERNEL_GEODESIC:
        break;
    }
    return 0.0;
}

/* --- length ----------------------------------------------------------------------------- */

double bn_fieldstats_length(const struct bn_lattice *g, const struct bn_mat *maps, size_t k)
{
    size_t stride = 1;
    double product = 0.0, square = 0.0, pairs = 0.0;

    for (size_t j = k + 1; j < g->dimensions; j++)
        stride *= g->count[j];
    const size_t m = g->count[k], block = stride * m;
    for (size_t i = 0; i < maps->rows; i++) {
        const double *h = bn_mat_row(maps, i);
        for (size_t x = 0; x < maps->cols; x++) {
            const bool last = x % block / stride == m - 1;
            if (last && !g->periodic)
                continue;
            const double a = h[x], b = h[last ? x - (m - 1) * stride : x + stride];
            product += a * b;
            square += 0.5 * (a * a + b * b);
            pairs += 1.0;
        }
    }
    const double r = product / square;
    return pairs > 0.0 && r > 0.0 && r < 1.0 ? g->step[k] / sqrt(-2.0 * log(r)) : NAN;
}
