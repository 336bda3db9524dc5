/* SPDX-License-Identifier: MIT */
#include "findings_priv.h"

#include <basin/doublets.h>
#include <basin/flow.h>
#include <basin/fourier.h>
#include <basin/manifold.h>
#include <basin/sort.h>
#include <basin/summarise.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Numbers held of each kind at a time; share of the largest predicted eigenvalue from
 * which on a doublet is looked for; harmonics of the doublet score, and of the table.  */
enum { CHUNK_NUMBERS = 1 << 22, SCORED = 5, HARMONICS = 12 };
static const double VISIBLE = 0.05;

/* --- along the ring ----------------------------------------------------------------- */

/* Everything that is known per angle, computed a chunk of angles at a time. */
struct ring {
    size_t count;
    double *theta, *tangent, *slow, *overlap, *gain;
    double *error, *norm;                /* |eps|^2, |x*|^2 */
    double turning, mean, largest;       /* sum |eps'|^2, sum |mean x*|^2, max |eps_i| */
    struct bn_along *along;
};

static void residual_of(const struct bn_points *p, size_t first, double *sum, struct ring *r)
{
    const size_t n = p->x.cols;

    for (size_t t = 0; t < p->x.rows; t++) {
        const double *x = bn_mat_row(&p->x, t), *eps = bn_mat_row(&p->residual, t);
        for (size_t i = 0; i < n; i++) {
            r->error[first + t] += eps[i] * eps[i];
            r->norm[first + t] += x[i] * x[i];
            r->largest = fmax(r->largest, fabs(eps[i]));
            sum[i] += x[i] / (double)r->count;
        }
    }
}

static void chunk_of(const struct bn_ring_network *net, const struct bn_operator *velocity,
                     size_t first, size_t rows, double *sum, struct ring *r)
{
    double ignored = 0.0;
    struct bn_points p;
    struct bn_modes m;

    BN_CHECK(bn_diagnose_points(net, r->theta + first, rows, &p));
    residual_of(&p, first, sum, r);
    BN_CHECK(bn_diagnose_turning(net, &p, &ignored, &r->turning));
    BN_CHECK(bn_diagnose_modes(net, &p, &m));
    bn_diagnose_along(&p, &m, r->along + first);
    memcpy(r->tangent + first, m.value, rows * sizeof *m.value);
    memcpy(r->overlap + first, m.overlap, rows * sizeof *m.overlap);
    for (size_t t = 0; t < rows; t++)    /* without another mode: as fast as a neuron */
        r->slow[first + t] = isfinite(m.slow[t]) ? m.slow[t] : -1.0;
    if (velocity->n > 0)
        BN_CHECK(bn_diagnose_velocity(velocity, &p, &m, r->gain + first));
    bn_modes_free(&m);
    bn_points_free(&p);
}

static struct ring around(const struct bn_ring_network *net, const struct bn_operator *velocity)
{
    const size_t count = bn_count("drift_angles"), n = net->weights.n;
    const size_t most = CHUNK_NUMBERS / n > 0 ? CHUNK_NUMBERS / n : 1;
    struct ring r = { .count = count, .theta = bn_scratch_vec(count),
        .tangent = bn_scratch_vec(count), .overlap = bn_scratch_vec(count),
        .slow = bn_scratch_vec(count), .gain = bn_scratch_vec(count),
        .error = bn_scratch_vec(count), .norm = bn_scratch_vec(count) };
    double *sum = bn_scratch_vec(n);

    r.along = (struct bn_along *)(void *)bn_scratch(count, sizeof *r.along / sizeof(double)).data;
    bn_ring_grid(count, r.theta);
    for (size_t first = 0; first < count; first += most) {
        chunk_of(net, velocity, first, count - first < most ? count - first : most, sum, &r);
        bn_progress(0.35 * (double)first / (double)count);
    }
    r.mean = (double)count * bn_dot(n, sum, sum);
    return r;
}

/* Column `which` of the numbers along the ring. */
static double *column(const struct ring *r, const double *which)
{
    const size_t offset = (size_t)(which - (const double *)(const void *)r->along);
    double *c = bn_scratch_vec(r->count);

    for (size_t t = 0; t < r->count; t++)
        c[t] = ((const double *)(const void *)&r->along[t])[offset];
    return c;
}

double bn_mean_square_of(const double *x, size_t n, size_t every)
{
    double s = 0.0;
    size_t k = 0;

    for (size_t t = 0; t < n; t += every, k++)
        s += x[t] * x[t];
    return s / (double)k;
}

double bn_mean_of(const double *x, size_t n, size_t every)
{
    double s = 0.0;
    size_t k = 0;

    for (size_t t = 0; t < n; t += every, k++)
        s += x[t];
    return s / (double)k;
}

static double largest(const double *x, size_t n, size_t every)
{
    double s = 0.0;
    for (size_t t = 0; t < n; t += every)
        s = fmax(s, fabs(x[t]));
    return s;
}

static void residuals(const struct ring *r, size_t n)
{
    const size_t m = r->count;
    const double e = bn_mean_of(r->error, m, 1), s = bn_mean_of(r->norm, m, 1);
    const double e2 = bn_mean_of(r->error, m, 2), s2 = bn_mean_of(r->norm, m, 2);
    const double centred = s - r->mean / (double)m;
    double *ratio = bn_scratch_vec(m);

    for (size_t t = 0; t < m; t++)
        ratio[t] = sqrt(r->error[t] / r->norm[t]);
    const double worst = largest(ratio, m, 1), rho = sqrt(e / s), half = sqrt(e2 / s2);
    bn_output_number("/residual", rho);
    bn_output_number("/residual_centred", sqrt(e / centred));
    bn_output_number("/residual_max", worst);
    bn_summarise("residual", rho, "1", fabs(rho - half));
    bn_summarise("residual_centred", sqrt(e / centred), "1", sqrt(s / centred) * fabs(rho - half));
    bn_summarise("residual_max", worst, "1", worst - largest(ratio, m, 2));
    bn_summarise("residual_rms", sqrt(e / (double)n), "current", sqrt(e / (double)n)
                 * fabs(1.0 - half / rho));
    bn_summarise("residual_sup", r->largest, "current", 0.0);
}

static void drifts(const struct ring *r, const double *v, const double *projected)
{
    const size_t m = r->count;
    const double rms = sqrt(bn_mean_square_of(v, m, 1)), top = largest(v, m, 1);
    double *shift = column(r, &r->along->shift), *away = column(r, &r->along->displacement);

    bn_output_vec("/drift_angle", r->theta, m);
    bn_output_vec("/drift", v, m);
    bn_output_vec("/drift_projected", projected, m);
    bn_output_number("/drift_rms", rms);
    bn_output_number("/drift_max", top);
    bn_output_vec("/drift_tangent", r->tangent, m);
    bn_output_vec("/relaxation_shift", shift, m);
    bn_summarise("drift_rms", rms, "rad/tau", fabs(rms - sqrt(bn_mean_square_of(v, m, 2))));
    bn_summarise("drift_max", top, "rad/tau", top - largest(v, m, 2));
    bn_summarise("drift_projected_rms", sqrt(bn_mean_square_of(projected, m, 1)), "rad/tau",
                 fabs(sqrt(bn_mean_square_of(projected, m, 1))
                      - sqrt(bn_mean_square_of(projected, m, 2))));
    bn_summarise("tangent_max", largest(r->tangent, m, 1), "1/tau",
                 largest(r->tangent, m, 1) - largest(r->tangent, m, 2));
    double lowest = 1.0;
    for (size_t t = 0; t < m; t++)
        lowest = fmin(lowest, r->overlap[t]);
    bn_output_vec("/drift_transverse", r->slow, m);
    bn_summarise("tangent_overlap_min", lowest, "1", 0.0);
    bn_summarise("relaxation_shift_rms", sqrt(bn_mean_square_of(shift, m, 1)), "rad",
                 fabs(sqrt(bn_mean_square_of(shift, m, 1))
                      - sqrt(bn_mean_square_of(shift, m, 2))));
    bn_summarise("relaxation_shift_max", largest(shift, m, 1), "rad",
                 largest(shift, m, 1) - largest(shift, m, 2));
    /* |theta(T) - theta_0| <= delta_0 + v_max T */
    static const char *const bound[] = { "memory_bound_1", "memory_bound_10",
                                         "memory_bound_100", "memory_bound_1000" };
    double after = 1.0;
    for (size_t k = 0; k < BN_LEN(bound); k++, after *= 10.0)
        bn_summarise(bound[k], largest(shift, m, 1) + after * top, "rad",
                     largest(shift, m, 1) - largest(shift, m, 2)
                     + after * (top - largest(v, m, 2)));
    bn_summarise("displacement_max", largest(away, m, 1), "current",
                 largest(away, m, 1) - largest(away, m, 2));
}

/* theta(T) - theta_0 of a state that starts at x*(theta_0), first relaxes and then drifts. */
static void memory(const struct ring *r, const bn_flow *flow)
{
    static const char *const name[] = { "memory_flow_1", "memory_flow_10", "memory_flow_100",
                                        "memory_flow_1000" };
    const size_t m = r->count;
    const double *shift = column(r, &r->along->shift);
    double *angle = bn_scratch_vec(m), *error = bn_scratch_vec(m), time = 1.0;

    for (size_t k = 0; k < BN_LEN(name); k++, time *= 10.0) {
        for (size_t t = 0; t < m; t++)
            angle[t] = r->theta[t] + shift[t];
        bn_flow_carry(flow, time, m, angle);
        for (size_t t = 0; t < m; t++)
            error[t] = fabs(angle[t] - r->theta[t]);
        bn_summarise(name[k], bn_mean_of(error, m, 1), "rad",
                     fabs(bn_mean_of(error, m, 1) - bn_mean_of(error, m, 2)));
    }
}

/* sqrt(<n^2>) of the residual around the ring. */
static double waves_of_residual(const struct ring *r)
{
    return sqrt(r->turning / (bn_mean_of(r->error, r->count, 1) * (double)r->count));
}

/* The residual's harmonics reach to sqrt 3 of their rms if they are alike, and the drift,
 * which is a projection of it, needs two samples of the highest: with fewer, zeros are
 * missed, so rather none are given.                                            */
static bool is_resolved(const struct ring *r, const bn_flow *flow)
{
    const double waves = waves_of_residual(r), needed = ceil(4.0 * waves);

    bn_summarise("fixed_points_rice", bn_flow_harmonic(flow), "1", 0.0);
    bn_summarise("fixed_points_rice_residual", waves, "1", 0.0);
    bn_summarise("drift_unresolved", bn_flow_unresolved(flow), "1", 0.0);
    if ((double)r->count >= needed)
        return true;
    bn_say("%zu angles do not resolve the drift (the residual waves %.0f times around the ring): "
           "no fixed points are given; drift_angles = %.0f or more shows them", r->count, waves,
           needed);
    return false;
}

static void fixed_points(const struct bn_ring_network *net, const struct ring *r,
                         const bn_flow *flow)
{
    struct bn_ring_network copy = *net;
    struct bn_zero *zero = NULL;
    size_t found = 0, stable = 0;
    const bool resolved = is_resolved(r, flow);

    if (resolved)
        BN_CHECK(bn_flow_zeros(flow, bn_diagnose_drift_at, &copy, &zero, &found));
    double *angle = bn_scratch_vec(found + 1), *slope = bn_scratch_vec(found + 1), worst = 0.0;
    int64_t *sign = (int64_t *)(void *)bn_scratch_vec(found + 1);
    for (size_t k = 0; k < found; k++) {
        angle[k] = zero[k].angle;
        slope[k] = zero[k].slope;
        sign[k] = slope[k] < 0.0 ? -1 : 1;
        stable += slope[k] < 0.0;
        worst = fmax(worst, zero[k].error);
    }
    free(zero);
    bn_output_vec("/fixed_angle", angle, found);
    bn_output_integers("/fixed_sign", sign, found);
    bn_output_vec("/fixed_slope", slope, found);
    if (!resolved)
        return;
    bn_summarise("fixed_points_stable", (double)stable, "1", 0.0);
    bn_summarise("fixed_points_unstable", (double)(found - stable), "1", 0.0);
    bn_summarise("fixed_points_last_step", worst, "rad", 0.0);
}

static void diffusion(const struct ring *r)
{
    const size_t m = r->count;
    const double *d = column(r, &r->along->diffusion), *bound = column(r, &r->along->bound);
    const double mean = bn_mean_of(d, m, 1), angle = bn_real("persistence_angle");
    const double v = sqrt(bn_mean_square_of(column(r, &r->along->drift), m, 1));
    const double error = fabs(mean - bn_mean_of(d, m, 2));

    bn_output_vec("/diffusion", d, m);
    bn_output_vec("/diffusion_bound", bound, m);
    bn_summarise("diffusion", mean, "rad^2/(tau sigma^2)", error);
    bn_summarise("diffusion_bound", bn_mean_of(bound, m, 1), "rad^2/(tau sigma^2)",
                 fabs(bn_mean_of(bound, m, 1) - bn_mean_of(bound, m, 2)));
    bn_summarise("persistence_drift", angle / v, "tau", 0.0);
    bn_summarise("persistence_diffusion", angle * angle / (2.0 * mean), "tau/sigma^2",
                 angle * angle / (2.0 * mean * mean) * error);
}

/* Theory of path integration: dtheta/dt = gain(theta) omega + v(theta). */
static void path_integration(const struct ring *r, const bn_flow *flow, bool velocity)
{
    size_t n;
    const double *speeds = bn_reals("speeds", &n);
    double *given = bn_scratch_vec(2 * n), *speed = bn_scratch_vec(2 * n), slope, r2, error;
    bn_flow *gain = NULL;

    if (velocity) {
        const double mean = bn_mean_of(r->gain, r->count, 1);
        BN_CHECK(bn_flow_new(&gain, r->gain, r->count));
        bn_output_vec("/velocity_gain", r->gain, r->count);
        bn_summarise("velocity_gain", mean, "1", fabs(mean - bn_mean_of(r->gain, r->count, 2)));
        bn_summarise("velocity_gain_min", bn_flow_smallest(gain), "1", 0.0);
        bn_summarise("velocity_gain_max", bn_flow_largest(gain), "1", 0.0);
    }
    double worst = 0.0;
    for (size_t k = 0; k < 2 * n; k++) {
        given[k] = k < n ? -speeds[n - 1 - k] : speeds[k - n];
        BN_CHECK(bn_flow_speed(flow, gain, given[k], &speed[k], &error));
        worst = fmax(worst, error / fabs(given[k]));
    }
    bn_flow_free(gain);
    bn_flow_line(2 * n, given, speed, &slope, &r2);
    bn_output_vec("/speed_given", given, 2 * n);
    bn_output_vec("/speed", speed, 2 * n);
    bn_summarise("integration_gain", slope, "1", worst);
    bn_summarise("integration_r2", r2, "1", worst);
    bn_summarise("pinning_forward", fmax(0.0, -bn_flow_smallest(flow)), "rad/tau", 0.0);
    bn_summarise("pinning_backward", fmax(0.0, bn_flow_largest(flow)), "rad/tau", 0.0);
}

struct bn_gap bn_gap_of(const double *transverse, size_t n)
{
    struct bn_gap gap = { -INFINITY, -INFINITY };

    for (size_t t = 0; t < n; t++) {
        gap.all = fmax(gap.all, transverse[t]);
        gap.half = t % 2 == 0 ? fmax(gap.half, transverse[t]) : gap.half;
    }
    return gap;
}

struct bn_gap bn_findings_flow(const struct bn_ring_network *net,
                               const struct bn_operator *velocity)
{
    if (net->harmonics != NULL)
        return bn_findings_surface(net);
    const struct ring r = around(net, velocity);
    const double *v = column(&r, &r.along->drift);
    bn_flow *flow;

    BN_CHECK(bn_flow_new(&flow, v, r.count));
    residuals(&r, net->weights.n);
    drifts(&r, v, column(&r, &r.along->projected));
    memory(&r, flow);
    fixed_points(net, &r, flow);
    diffusion(&r);
    path_integration(&r, flow, velocity->n > 0);
    bn_flow_free(flow);
    return bn_gap_of(r.slow, r.count);
}

/* --- Jacobians ------------------------------------------------------------------------ */

/* Two methods that each miss something: few angles with all modes, and all angles with the
 * modes near 0.  What either has found is there.                             */
void bn_gap_write(struct bn_gap few, struct bn_gap near)
{
    const double all = fmax(few.all, near.all);

    bn_output_number("/gap", few.all);
    bn_output_number("/gap_ring", all);
    bn_summarise("gap", few.all, "1/tau", few.all - few.half);
    bn_summarise("gap_ring", all, "1/tau", all - fmax(few.half, near.half));
}

void bn_findings_jacobians(const struct bn_ring_network *net, struct bn_gap near)
{
    if (net->harmonics != NULL) {
        bn_findings_surface_jacobians(net, near);
        return;
    }
    const size_t count = bn_count("jacobian_angles"), n = net->weights.n;
    const size_t k = bn_count("jacobian_modes") < n ? bn_count("jacobian_modes") : n;
    double *theta = bn_scratch_vec(count), *re = bn_scratch_vec(k + 1);
    double *im = bn_scratch_vec(k + 1), *tangent = bn_scratch_vec(count);
    double *overlap = bn_scratch_vec(count), *other = bn_scratch_vec(count);
    double lowest = INFINITY, ratio = INFINITY;
    struct bn_mat all_re = bn_scratch(count, k), all_im = bn_scratch(count, k);

    bn_ring_grid(count, theta);
    for (size_t t = 0; t < count; t++) {
        struct bn_points p;
        size_t found, which;
        BN_CHECK(bn_diagnose_points(net, &theta[t], 1, &p));
        BN_CHECK(bn_diagnose_jacobian(net, &p, 0, k, re, im, &found, &which, &overlap[t],
                                      &tangent[t]));
        bn_points_free(&p);
        memcpy(bn_mat_row(&all_re, t), re, k * sizeof *re);
        memcpy(bn_mat_row(&all_im, t), im, k * sizeof *im);
        other[t] = re[which == 0 ? 1 : 0];
        lowest = fmin(lowest, other[t]);
        ratio = fmin(ratio, fabs(other[t]) / fabs(tangent[t]));
        bn_progress(0.4 + 0.3 * (double)(t + 1) / (double)count);
    }
    bn_output_vec("/jacobian_angle", theta, count);
    bn_output_mat("/jacobian_real", &all_re);
    bn_output_mat("/jacobian_imag", &all_im);
    bn_output_vec("/tangent", tangent, count);
    bn_output_vec("/tangent_overlap", overlap, count);
    bn_output_vec("/transverse", other, count);
    bn_gap_write(bn_gap_of(other, count), near);
    bn_summarise("transverse_min", lowest, "1/tau", 0.0);
    bn_summarise("persistence_ratio", ratio, "1", 0.0);
}

/* --- spectra ---------------------------------------------------------------------------- */

void bn_eigenvalues_write(const struct bn_operator *op)
{
    const bool full = bn_is("spectrum", "full") || (bn_is("spectrum", "auto") && op->n <= 1200);
    const size_t most = full ? op->n : bn_count("eigenvalues");
    const size_t k = most < op->n ? most : op->n;
    double *re = bn_scratch_vec(k + 1), *im = bn_scratch_vec(k + 1), *s = bn_scratch_vec(k + 1);
    size_t found;

    BN_CHECK(bn_diagnose_spectrum(op, full, k, re, im, &found, NULL));
    bn_output_vec("/eigenvalue_real", re, found);
    bn_output_vec("/eigenvalue_imag", im, found);
    BN_CHECK(bn_diagnose_singular(op, full, k, s, &found));
    bn_output_vec("/singular", s, found);
}

/* Harmonics 0 .. h - 1 whose predicted eigenvalue stands out, at least to SCORED. */
static size_t visible(const double *predicted, size_t harmonics)
{
    double top = 0.0;
    size_t h = 0;

    for (size_t k = 0; k < harmonics; k++)
        top = fmax(top, fabs(predicted[k]));
    while (h < harmonics && (h <= 1 || fabs(predicted[h]) >= VISIBLE * top))
        h++;
    return h;
}

static void doublet_scores(const struct bn_doublet *d, size_t h, const double *predicted)
{
    static const char *const name[][2] = {
        { "doublet_1_predicted", "doublet_1_distance" },
        { "doublet_2_predicted", "doublet_2_distance" },
        { "doublet_3_predicted", "doublet_3_distance" },
        { "doublet_4_predicted", "doublet_4_distance" },
        { "doublet_5_predicted", "doublet_5_distance" } };
    double deviation[SCORED], splitting[SCORED];
    size_t n = 0;

    if (d[0].count == 1) {
        bn_summarise("singlet", d[0].re[0], "1", 0.0);
        bn_summarise("singlet_predicted", predicted[0], "1", 0.0);
    }
    for (size_t k = 1; k < h && k <= SCORED; k++) {
        bn_summarise(name[k - 1][0], predicted[k], "1", 0.0);
        if (d[k].count < 2)
            continue;
        bn_summarise(name[k - 1][1], hypot(d[k].re[0] - d[k].re[1], d[k].im[0] - d[k].im[1]),
                     "1", 0.0);
        deviation[n] = bn_doublet_deviation(&d[k], predicted[k]);
        splitting[n++] = bn_doublet_splitting(&d[k]);
    }
    if (n == 0)
        return;
    bn_summarise("doublet_score", bn_median(deviation, n), "1", 0.0);
    bn_summarise("doublet_splitting", bn_median(splitting, n), "1", 0.0);
}

/* The largest, whatever harmonic they belong to. */
static void leading(const double *re, size_t found)
{
    static const char *const name[2 * SCORED + 1] = { "eigenvalue_1", "eigenvalue_2",
        "eigenvalue_3", "eigenvalue_4", "eigenvalue_5", "eigenvalue_6", "eigenvalue_7",
        "eigenvalue_8", "eigenvalue_9", "eigenvalue_10", "eigenvalue_11" };

    for (size_t k = 0; k < found && k < BN_LEN(name); k++)
        bn_summarise(name[k], re[k], "1", 0.0);
}

static void doublets(const struct bn_ring_network *net, const double *predicted,
                     size_t harmonics)
{
    const size_t n = net->weights.n, most = (net->x.cols + 1) / 2, seen = visible(predicted,
                                                                               harmonics);
    const size_t h = seen < most ? seen : most, k = 2 * h + 4 < n ? 2 * h + 4 : n;
    double *re = bn_scratch_vec(k + 1), *im = bn_scratch_vec(k + 1), *which = bn_scratch_vec(h);
    double *overlap = bn_scratch_vec(h);
    struct bn_mat vectors, both = bn_scratch(h, 2), imag = bn_scratch(h, 2);
    struct bn_doublet *d = (struct bn_doublet *)(void *)
        bn_scratch(h, sizeof *d / sizeof(double) + 1).data;
    size_t found, shown = 0;

    BN_CHECK(bn_diagnose_spectrum(&net->weights, false, k, re, im, &found, &vectors));
    BN_CHECK(bn_doublets(re, im, &vectors, found, &net->x, h, d));
    bn_mat_free(&vectors);
    for (size_t j = 0; j < h; j++) {
        if (d[j].count < 1 + (j > 0))
            continue;
        which[shown] = (double)j;
        overlap[shown] = d[j].overlap;
        for (size_t e = 0; e < 2; e++) {
            *bn_mat_at(&both, shown, e) = d[j].re[j > 0 ? e : 0];
            *bn_mat_at(&imag, shown, e) = d[j].im[j > 0 ? e : 0];
        }
        shown++;
    }
    both.rows = imag.rows = shown;
    bn_output_vec("/doublet_harmonic", which, shown);
    bn_output_mat("/doublet_real", &both);
    bn_output_mat("/doublet_imag", &imag);
    bn_output_vec("/doublet_overlap", overlap, shown);
    leading(re, found);
    doublet_scores(d, h, predicted);
}

/* C^T C/N over the first r coefficients, without the mean if centred. */
static struct bn_mat gram_of(const struct bn_mat *c, size_t r, bool centred)
{
    const size_t from = centred ? 1 : 0;
    struct bn_mat part, g = bn_scratch(r - from, r - from);

    BN_CHECK(bn_mat_alloc(&part, c->rows, r - from));
    for (size_t i = 0; i < c->rows; i++)
        memcpy(bn_mat_row(&part, i), bn_mat_row(c, i) + from, (r - from) * sizeof(double));
    BN_CHECK(bn_gram(1.0 / (double)c->rows, &part, BN_TRANSPOSED, &g));
    bn_mat_free(&part);
    return g;
}

/* Leading coefficients, an odd number, that hold all but 1e-14 of the power. */
static size_t needed(const struct bn_mat *c)
{
    double *power = bn_scratch_vec(c->cols), all = 0.0, rest = 0.0;
    size_t r = c->cols;

    bn_fourier_power(c, power);
    for (size_t k = 0; k < c->cols; k++)
        all += power[k];
    while (r > 3 && rest + power[r - 1] <= 1e-14 * all)
        rest += power[--r];
    return r + (r % 2 == 0 && r < c->cols);
}

/* Least-squares slope of log kappa of the doublets n = 1, 2, ... while kappa > lambda. */
static void kernel_decay(const struct bn_doublet *d, size_t h, double floor)
{
    double n = 0.0, x = 0.0, y = 0.0, xx = 0.0, xy = 0.0, split[SCORED];
    size_t scored = 0;

    for (size_t k = 1; k < h && d[k].count == 2 && fmin(d[k].re[0], d[k].re[1]) > floor; k++) {
        const double a = (double)k, b = 0.5 * log(d[k].re[0] * d[k].re[1]);
        n += 1.0, x += a, y += b, xx += a * a, xy += a * b;
        if (scored < SCORED)
            split[scored++] = bn_doublet_splitting(&d[k]);
    }
    if (n > 1.0)
        bn_summarise("kernel_decay", (n * xy - x * y) / (n * xx - x * x), "1/harmonic", 0.0);
    if (scored > 0)
        bn_summarise("kernel_splitting", bn_median(split, scored), "1", 0.0);
}

static void dimensions(const struct bn_ring_network *net, const struct bn_mat *phi,
                       double lambda)
{
    const size_t rx = needed(&net->x), r = needed(phi), h = (r + 1) / 2;
    const struct bn_mat x = gram_of(&net->x, rx, true), rates = gram_of(phi, r, true);
    struct bn_mat k = gram_of(phi, r, false), unit = bn_scratch(r, r);
    double *w = bn_scratch_vec(r), *zero = bn_scratch_vec(r);
    struct bn_doublet *d = (struct bn_doublet *)(void *)
        bn_scratch(h, sizeof *d / sizeof(double) + 1).data;
    size_t above = 0;

    bn_summarise("participation_currents", bn_participation(&x), "1", 0.0);
    bn_summarise("participation_rates", bn_participation(&rates), "1", 0.0);
    bn_summarise("participation_kernel", bn_participation(&k), "1", 0.0);
    BN_CHECK(bn_eig_symmetric(&k, w));
    for (size_t i = 0; i < r; i++) {
        *bn_mat_at(&unit, i, i) = 1.0;
        above += w[i] > lambda;
    }
    BN_CHECK(bn_doublets(w, zero, &k, r, &unit, h, d));
    kernel_decay(d, h, fmax(lambda, 1e-13 * w[r - 1]));
    for (size_t i = 0; i < r / 2; i++) {
        const double t = w[i];
        w[i] = w[r - 1 - i];
        w[r - 1 - i] = t;
    }
    bn_output_vec("/kernel", w, r);
    if (lambda > 0.0)                    /* half the modes that the ridge lets through */
        bn_summarise("fixed_points_ridge", 0.5 * (double)above, "1", 0.0);
}

bool bn_is_ring(const struct bn_ring_network *net)
{
    return net->harmonics == NULL || bn_harmonics_manifold(net->harmonics)->kind == BN_RING;
}

void bn_findings_spectrum(const struct bn_ring_network *net, const struct bn_mat *phi,
                          size_t angles, double lambda)
{
    const size_t h = angles / 2 < 64 ? angles / 2 : 64, shown = h < HARMONICS ? h : HARMONICS;

    bn_eigenvalues_write(&net->weights);
    if (!bn_is_ring(net)) {
        bn_findings_shells(net, phi, lambda);
        return;
    }
    double *harmonic = bn_scratch_vec(shown), *predicted = bn_scratch_vec(shown);
    double *gx = bn_scratch_vec(h), *gphi = bn_scratch_vec(h), *cross = bn_scratch_vec(h);
    bn_covariance_harmonics(gx, gphi, cross, h);
    for (size_t k = 0; k < shown; k++) {
        harmonic[k] = (double)k;
        predicted[k] = cross[k] / (gphi[k] + lambda);
    }
    bn_output_vec("/harmonic", harmonic, shown);
    bn_output_vec("/predicted", predicted, shown);
    doublets(net, predicted, shown);
    dimensions(net, phi, lambda);
}
