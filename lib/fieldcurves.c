/* SPDX-License-Identifier: MIT */
#include <basin/fieldcurves.h>
#include <basin/sort.h>
#include <basin/summarise.h>

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { PEAKS = 8 };

/* --- units --------------------------------------------------------------------------- */

static struct {
    char length[64], size[72], density[72], per_length[72];
} unit;

void bn_fieldcurves_units(const char *length, size_t dimensions)
{
    snprintf(unit.length, sizeof unit.length, "%s", length);
    snprintf(unit.size, sizeof unit.size, dimensions > 1 ? "%s%zu" : "%s", unit.length,
             dimensions);
    snprintf(unit.density, sizeof unit.density, "%s-%zu", unit.length, dimensions);
    snprintf(unit.per_length, sizeof unit.per_length, "%s-1", unit.length);
}

const char *bn_fieldcurves_unit_size(void)
{
    return unit.size;
}

const char *bn_fieldcurves_unit_length(void)
{
    return unit.length;
}

void bn_fieldcurves_put(const char *name, const double *x, size_t n, const char *in)
{
    bn_output_vec(name, x, n);
    bn_output_attribute(name, "units", in);
}

/* --- distributions ------------------------------------------------------------------- */

/* Share per width of x [n] in bins of that width from 0. */
static void histogram(const double *x, size_t n, double width, size_t bins, double *density)
{
    for (size_t i = 0; i < n; i++) {
        const double b = x[i] / width;
        if (b >= 0.0 && b < (double)bins)
            density[(size_t)b] += 1.0 / ((double)n * width);
    }
}

static double *middles(double width, size_t bins)
{
    double *x = bn_scratch_vec(bins);

    for (size_t k = 0; k < bins; k++)
        x[k] = ((double)k + 0.5) * width;
    return x;
}

/* Bins from 0 to where 99.5 % of the values are. */
static double bin_width(const double *x, size_t n, size_t bins)
{
    double *sorted = bn_scratch_vec(n);

    memcpy(sorted, x, n * sizeof *x);
    bn_sort(sorted, n);
    return sorted[(size_t)(0.995 * (double)(n - 1))] / (double)bins;
}

/* Mean over cells, each as often as it has fields on an endless line; or, in more dimensions,
 * one law with the measured mean.                                               */
static double size_theory(const struct bn_fieldmaps *p, bool limit, double measured, double s)
{
    const size_t d = p->g.dimensions;
    double scale = 1.0, sum = 0.0, weights = 0.0;

    for (size_t k = 0; k < d; k++)
        scale *= p->length[k];
    for (size_t i = 0; i < p->excess.rows; i++) {
        const double theta = p->theta[i], w = bn_fieldlaw_rate(theta);
        const double rice = d == 1 ? bn_fieldlaw_size(theta) : measured / scale;
        const struct bn_lawfit law = bn_fieldlaw_sizes(d, limit
            ? bn_fieldlaw_beta_limit(d, theta > 0.1 ? theta : 0.1) : bn_fieldlaw_beta(d, rice));
        sum += w * bn_law_density(&law, s / scale) / scale;
        weights += w;
        if (i + 1 < p->excess.rows && p->theta[i + 1] == theta && i == 0) {
            size_t same = 1;             /* one threshold for all: one law */
            while (same < p->excess.rows && p->theta[same] == theta)
                same++;
            if (same == p->excess.rows)
                break;
        }
    }
    return sum / weights;
}

static double gap_theory(const struct bn_fieldmaps *p, double s)
{
    double sum = 0.0, weights = 0.0;

    for (size_t i = 0; i < p->excess.rows; i++) {
        const double w = bn_fieldlaw_rate(p->theta[i]);
        const double mean = p->length[0] * bn_fieldlaw_gap(p->theta[i]);
        sum += w * exp(-s / mean) / mean;
        weights += w;
    }
    return sum / weights;
}

static void write_sizes(const struct bn_fieldmaps *p, const double *size, size_t n)
{
    enum { SCALED = 25 };
    const size_t bins = bn_count("bins");
    const double width = bin_width(size, n, bins), power = 2.0 / (double)p->g.dimensions;
    const double mean = bn_law_moments(size, n).mean, *s = middles(width, bins);
    double *density = bn_scratch_vec(bins), *theory = bn_scratch_vec(bins);
    double *limit = bn_scratch_vec(bins), *z = bn_scratch_vec(n), *collapsed, *law;

    histogram(size, n, width, bins, density);
    for (size_t k = 0; k < bins; k++) {
        theory[k] = size_theory(p, false, mean, s[k]);
        limit[k] = size_theory(p, true, mean, s[k]);
    }
    bn_fieldcurves_put("/size", s, bins, unit.size);
    bn_fieldcurves_put("/size_density", density, bins, unit.density);
    bn_fieldcurves_put("/size_density_theory", theory, bins, unit.density);
    bn_fieldcurves_put("/size_density_limit", limit, bins, unit.density);
    for (size_t k = 0; k < n; k++)
        z[k] = pow(size[k], power);
    const double scale = bn_law_moments(z, n).mean;
    for (size_t k = 0; k < n; k++)
        z[k] /= scale;
    collapsed = bn_scratch_vec(SCALED);
    law = bn_scratch_vec(SCALED);
    const double *middle = middles(0.2, SCALED);
    histogram(z, n, 0.2, SCALED, collapsed);
    for (size_t k = 0; k < SCALED; k++)
        law[k] = exp(-middle[k]);
    bn_output_vec("/scaled", middle, SCALED);
    bn_output_vec("/scaled_density", collapsed, SCALED);
    bn_output_vec("/scaled_density_theory", law, SCALED);
}

static void write_gaps(const struct bn_fieldmaps *p, const double *gap, size_t n)
{
    const size_t bins = bn_count("bins");
    const double width = bin_width(gap, n, bins), *s = middles(width, bins);
    double *density = bn_scratch_vec(bins), *theory = bn_scratch_vec(bins);

    histogram(gap, n, width, bins, density);
    for (size_t k = 0; k < bins; k++)
        theory[k] = gap_theory(p, s[k]);
    bn_fieldcurves_put("/gap", s, bins, unit.length);
    bn_fieldcurves_put("/gap_density", density, bins, unit.per_length);
    bn_fieldcurves_put("/gap_density_theory", theory, bins, unit.per_length);
}

static void write_counts(const struct bn_fieldmaps *p, const struct bn_census *c,
                         const struct bn_domain *d)
{
    double most = 0.0;

    for (size_t i = 0; i < c->cells; i++)
        most = c->count[i] > most ? c->count[i] : most;
    const size_t n = (size_t)most + 2;
    double *number = bn_scratch_vec(n), *share = bn_scratch_vec(n), *theory = bn_scratch_vec(n);
    for (size_t i = 0; i < c->cells; i++) {
        const struct bn_lawfit law = { .law = BN_LAW_POISSON,
                                       .parameter = { bn_fieldlaw_euler(d, p->theta[i]) } };
        share[(size_t)c->count[i]] += 1.0 / (double)c->cells;
        for (size_t k = 0; k < n && law.parameter[0] >= 0.0; k++)
            theory[k] += bn_law_density(&law, (double)k) / (double)c->cells;
    }
    for (size_t k = 0; k < n; k++)
        number[k] = (double)k;
    bn_output_vec("/fields", number, n);
    bn_output_vec("/fields_probability", share, n);
    bn_output_vec("/fields_probability_theory", theory, n);
}

static void write_peaks(const struct bn_census *c, bool walls)
{
    double number[PEAKS], share[PEAKS] = { 0 }, n = 0.0;

    for (size_t k = 0; k < c->fields; k++) {
        const size_t peaks = c->field[k].piece.peaks;
        if (c->field[k].piece.wall && !walls)
            continue;
        share[peaks < PEAKS ? peaks - 1 : PEAKS - 1] += 1.0;
        n += 1.0;
    }
    for (size_t k = 0; k < PEAKS; k++) {
        number[k] = (double)k + 1.0;
        share[k] /= n > 0.0 ? n : 1.0;
    }
    bn_output_vec("/peaks", number, PEAKS);
    bn_output_vec("/peaks_probability", share, PEAKS);
}

/* Mean and root mean square of the slopes of all cells but one group (groups: of none), along all
 * coordinates, each in units of its own length.                                 */
static size_t slope_means(const struct bn_fieldmaps *p, const struct bn_census *c, size_t left_out,
                          double means[2])
{
    double sum = 0.0, square = 0.0;
    size_t n = 0;

    for (size_t d = 0; d < p->g.dimensions; d++) {
        const double unit_slope = p->length[d] / p->gain;
        for (size_t i = 0; i < c->cells; i++) {
            const size_t first = i > 0 ? c->slope_end[d][i - 1] : 0;
            for (size_t k = first; k < c->slope_end[d][i] && i % BN_FIELDSTATS_GROUPS != left_out;
                 k++, n++) {
                sum += unit_slope * c->slope[d][k];
                square += unit_slope * unit_slope * c->slope[d][k] * c->slope[d][k];
            }
        }
    }
    means[0] = n > 0 ? sum / (double)n : 0.0;
    means[1] = n > 0 ? sqrt(square / (double)n) : 0.0;
    return n;
}

static void summarise_slopes(const struct bn_fieldmaps *p, const struct bn_census *c)
{
    const size_t groups = c->cells < BN_FIELDSTATS_GROUPS ? c->cells : BN_FIELDSTATS_GROUPS;
    double all[2], part[BN_FIELDSTATS_GROUPS][2];

    slope_means(p, c, BN_FIELDSTATS_GROUPS, all);
    for (size_t g = 0; g < groups; g++)
        slope_means(p, c, g, part[g]);
    bn_summarise("slope", all[0], "1", bn_fieldstats_error(&part[0][0], groups, 2));
    bn_summarise("slope_theory", sqrt(BN_TWO_PI / 4.0), "1", 0.0);
    bn_summarise("slope_rms", all[1], "1", bn_fieldstats_error(&part[0][1], groups, 2));
    bn_summarise("slope_rms_theory", sqrt(2.0), "1", 0.0);
}

static void write_slopes(const struct bn_fieldmaps *p, const struct bn_census *c)
{
    enum { SLOPES = 50 };
    double *density = bn_scratch_vec(SLOPES), *theory = bn_scratch_vec(SLOPES), *slope;
    const double *middle = middles(0.1, SLOPES);
    size_t n = 0;

    slope = bn_scratch_vec(c->slopes[0] + c->slopes[1] + c->slopes[2] + 1);
    for (size_t d = 0; d < p->g.dimensions; d++)
        for (size_t k = 0; k < c->slopes[d]; k++)
            slope[n++] = c->slope[d][k] * p->length[d] / p->gain;
    if (n < 2)
        return;
    histogram(slope, n, 0.1, SLOPES, density);
    for (size_t k = 0; k < SLOPES; k++)
        theory[k] = bn_fieldlaw_slope(middle[k]);
    bn_output_vec("/slope", middle, SLOPES);
    bn_output_vec("/slope_density", density, SLOPES);
    bn_output_vec("/slope_density_theory", theory, SLOPES);
    summarise_slopes(p, c);
}

/* --- levels and windows -------------------------------------------------------------- */

void bn_fieldcurves_levels(const struct bn_fieldmaps *p, const struct bn_census *c,
                           const struct bn_census_plan *plan)
{
    double *theory = bn_scratch_vec(plan->levels + 1);
    const struct bn_domain d = bn_fieldlaw_domain(&p->g, p->length);

    for (size_t k = 0; k < plan->levels; k++)
        theory[k] = bn_fieldlaw_euler(&d, plan->level[k]);
    if (plan->levels == 0)
        return;
    bn_output_vec("/level", plan->level, plan->levels);
    bn_output_vec("/euler", c->euler, plan->levels);
    bn_output_vec("/euler_error", c->euler_error, plan->levels);
    bn_output_vec("/euler_theory", theory, plan->levels);
    bn_output_vec("/pieces", c->pieces, plan->levels);
    bn_output_vec("/pieces_error", c->pieces_error, plan->levels);
}

void bn_fieldcurves_windows(const struct bn_fieldmaps *p, const struct bn_census *c,
                            const struct bn_census_plan *plan)
{
    double *theory = bn_scratch_vec(plan->windows + 1), *size = bn_scratch_vec(plan->windows + 1);

    for (size_t k = 0; k < plan->windows; k++) {
        const struct bn_lattice w = bn_census_window(&p->g, plan->window[k]);
        const struct bn_domain d = bn_fieldlaw_domain(&w, p->length);
        size[k] = bn_lattice_extent(&w);
        for (size_t i = 0; i < c->cells; i++)
            theory[k] -= expm1(-bn_fieldlaw_euler(&d, p->theta[i])) / (double)c->cells;
    }
    if (plan->windows == 0)
        return;
    bn_output_vec("/window", plan->window, plan->windows);
    bn_fieldcurves_put("/window_size", size, plan->windows, unit.size);
    bn_output_vec("/recruited", c->recruited, plan->windows);
    bn_output_vec("/recruited_error", c->recruited_error, plan->windows);
    bn_output_vec("/recruited_theory", theory, plan->windows);
}

/* --- fits ---------------------------------------------------------------------------- */

static struct {
    size_t n;
    const char *name[12];
    struct bn_lawfit fit[12];
} fits;

static void fit(const char *name, enum bn_law law, size_t d, const double *x, size_t n)
{
    if (n > 1 && bn_lawfit(law, d, x, n, &fits.fit[fits.n]) == BN_OK)
        fits.name[fits.n++] = name;
}

static void write_fits(void)
{
    const size_t n = fits.n;
    struct bn_mat parameters = bn_scratch(n + 1, 2);
    double *column[5];

    for (size_t k = 0; k < 5; k++)
        column[k] = bn_scratch_vec(n + 1);
    for (size_t k = 0; k < n; k++) {
        const struct bn_lawfit *f = &fits.fit[k];
        const double row[5] = { f->loglik, f->aic, f->bic, f->ks, f->p };
        memcpy(bn_mat_row(&parameters, k), f->parameter, sizeof f->parameter);
        for (size_t j = 0; j < 5; j++)
            column[j][k] = row[j];
    }
    if (n == 0)
        return;
    parameters.rows = n;
    bn_output_texts("/fit", fits.name, n);
    bn_output_mat("/fit_parameters", &parameters);
    bn_output_vec("/fit_loglik", column[0], n);
    bn_output_vec("/fit_aic", column[1], n);
    bn_output_vec("/fit_bic", column[2], n);
    bn_output_vec("/fit_ks", column[3], n);
    bn_output_vec("/fit_p", column[4], n);
}

/* --- lists --------------------------------------------------------------------------- */

void bn_fieldcurves_lists(const struct bn_census *c)
{
    const size_t most = c->fields > c->gaps ? c->fields : c->gaps;
    double *x[5];

    for (size_t k = 0; k < 5; k++)
        x[k] = bn_scratch_vec(most + 1);
    for (size_t k = 0; k < c->fields; k++) {
        const double row[5] = { (double)c->field[k].cell, c->field[k].piece.size,
                                c->field[k].piece.peak, (double)c->field[k].piece.peaks,
                                c->field[k].piece.wall };
        for (size_t j = 0; j < 5; j++)
            x[j][k] = row[j];
    }
    bn_output_vec("/neuron_fields", c->count, c->cells);
    bn_output_vec("/neuron_active", c->share, c->cells);
    bn_output_vec("/field_neuron", x[0], c->fields);
    bn_fieldcurves_put("/field_size", x[1], c->fields, unit.size);
    bn_output_vec("/field_peak", x[2], c->fields);
    bn_output_vec("/field_peaks", x[3], c->fields);
    bn_output_vec("/field_wall", x[4], c->fields);
    for (size_t k = 0; k < c->gaps; k++) {
        x[0][k] = (double)c->gap[k].cell;
        x[1][k] = c->gap[k].piece.size;
        x[2][k] = c->gap[k].piece.wall;
    }
    if (c->gaps == 0)
        return;
    bn_output_vec("/gap_neuron", x[0], c->gaps);
    bn_fieldcurves_put("/gap_size", x[1], c->gaps, unit.length);
    bn_output_vec("/gap_wall", x[2], c->gaps);
}

/* Sizes that are described, and gaps between two fields. */
static size_t described(const struct bn_census *c, bool walls, double *size)
{
    size_t n = 0;

    for (size_t k = 0; k < c->fields; k++)
        if (walls || !c->field[k].piece.wall)
            size[n++] = c->field[k].piece.size;
    return n;
}

static size_t between(const struct bn_census *c, double *gap)
{
    size_t n = 0;

    for (size_t k = 0; k < c->gaps; k++)
        if (!c->gap[k].piece.wall && c->count[c->gap[k].cell] > 0.0)
            gap[n++] = c->gap[k].piece.size;
    return n;
}

static void laws(const struct bn_fieldmaps *p, const struct bn_census *c, bool walls)
{
    const size_t d = p->g.dimensions;
    double *x = bn_scratch_vec((c->fields > c->gaps ? c->fields : c->gaps) + 1);
    size_t n = described(c, walls, x);

    if (n > 1)
        write_sizes(p, x, n);
    else
        bn_say("no field lies inside: environments are smaller than fields; walls = yes describes "
               "those that are cut");
    fit("size: size law", BN_LAW_SIZE, d, x, n);
    fit("size: gamma", BN_LAW_GAMMA, d, x, n);
    fit("size: lognormal", BN_LAW_LOGNORMAL, d, x, n);
    fit("size: exponential", BN_LAW_EXPONENTIAL, d, x, n);
    n = between(c, x);
    if (n > 1)
        write_gaps(p, x, n);
    fit("gap: exponential", BN_LAW_EXPONENTIAL, d, x, n);
    fit("gap: gamma", BN_LAW_GAMMA, d, x, n);
    fit("fields: poisson", BN_LAW_POISSON, d, c->count, c->cells);
    fit("fields: negative binomial", BN_LAW_NEGATIVE, d, c->count, c->cells);
    n = 0;
    x = bn_scratch_vec(c->cells + 1);
    for (size_t i = 0; i < c->cells; i++)
        if (c->count[i] > 0.0)
            x[n++] = c->count[i];
    fit("fields: truncated poisson", BN_LAW_TRUNCATED, d, x, n);
    write_fits();
}

void bn_fieldcurves_distributions(const struct bn_fieldmaps *p, const struct bn_census *c,
                                  bool walls)
{
    const struct bn_domain d = bn_fieldlaw_domain(&p->g, p->length);

    laws(p, c, walls);
    write_counts(p, c, &d);
    write_peaks(c, walls);
    write_slopes(p, c);
}
