/* SPDX-License-Identifier: MIT */
#include "findings_priv.h"

#include <basin/grid.h>
#include <basin/mem.h>
#include <basin/potential.h>
#include <basin/summarise.h>
#include <basin/surface.h>

#include <math.h>
#include <stdio.h>
#include <string.h>

/* Numbers held of each kind at a time; letters of a unit. */
enum { CHUNK_NUMBERS = 1 << 22, UNIT = 64 };

/* Everything that is known per point, computed a chunk of points at a time. */
struct surface {
    const struct bn_manifold *manifold;
    const char *unit;
    size_t count, d;
    double *at;                          /* [count, D] coordinates */
    double *v, *projected, *value, *imaginary;   /* [count, D] */
    double *window;                      /* [count, D] drift from `drift_from` to _until */
    double *diffusion, *bound;           /* [count, D D] */
    double *overlap, *slow, *error, *active_error, *active;      /* [count] */
    struct bn_scale scale;
};

/* unit + what, for a row of the summary: "m" and "/tau". */
static const char *with(const char *before, const char *unit, const char *after)
{
    char *text = bn_alloc(UNIT, 1);

    if (text == NULL)
        bn_die(BN_NOMEM);
    bn_stage_own(text);
    snprintf(text, UNIT, "%s%s%s", before, unit, after);
    return text;
}

static void chunk_of(const struct bn_ring_network *net, size_t first, size_t rows,
                     struct surface *s)
{
    const size_t d = s->d;
    struct bn_points p;
    struct bn_surface m;

    BN_CHECK(bn_diagnose_points(net, s->at + first * d, rows, &p));
    bn_surface_residual(&p, s->error + first, s->active_error + first, s->active + first);
    BN_CHECK(bn_surface_modes(net, &p, &m));
    BN_CHECK(bn_surface_along(&p, &m, s->v + first * d, s->projected + first * d,
                              s->diffusion + first * d * d, s->bound + first * d * d));
    BN_CHECK(bn_surface_window(net, &p, bn_real("drift_from"), bn_real("drift_until"),
                               s->window + first * d));
    memcpy(s->value + first * d, m.value, rows * d * sizeof *m.value);
    memcpy(s->imaginary + first * d, m.imaginary, rows * d * sizeof *m.imaginary);
    memcpy(s->overlap + first, m.overlap, rows * sizeof *m.overlap);
    for (size_t t = 0; t < rows; t++)    /* without another mode: as fast as a neuron */
        s->slow[first + t] = isfinite(m.slow[t]) ? m.slow[t] : -1.0;
    bn_surface_free(&m);
    bn_points_free(&p);
}

static const double *thresholds(size_t n)
{
    size_t have;

    if (bn_h5_kind(bn_input("tuning"), "/threshold") != BN_H5_DATASET)
        return NULL;
    const double *t = bn_input_vec("tuning", "/threshold", &have);
    return have == n ? t : NULL;
}

static struct bn_scale scale_of(const struct bn_ring_network *net, const double *at,
                                size_t count)
{
    struct bn_scale scale;

    BN_CHECK(bn_surface_scale(net, at, count, thresholds(net->x.rows), &scale));
    return scale;
}

double bn_findings_length(const struct bn_ring_network *net)
{
    const struct bn_manifold *m = bn_harmonics_manifold(net->harmonics);
    const size_t count = bn_count("drift_points");
    double *at = bn_scratch_vec(count * m->dimensions);

    bn_manifold_spread(m, count, at);
    return scale_of(net, at, count).length;
}

static struct surface over(const struct bn_ring_network *net)
{
    const struct bn_manifold *m = bn_harmonics_manifold(net->harmonics);
    const size_t count = bn_count("drift_points"), d = m->dimensions, n = net->weights.n;
    const size_t most = CHUNK_NUMBERS / (n * d) > 0 ? CHUNK_NUMBERS / (n * d) : 1;
    struct surface s = { .manifold = m, .unit = bn_manifold_unit("tuning"), .count = count,
        .d = d, .at = bn_scratch_vec(count * d), .v = bn_scratch_vec(count * d),
        .projected = bn_scratch_vec(count * d), .window = bn_scratch_vec(count * d),
        .value = bn_scratch_vec(count * d),
        .imaginary = bn_scratch_vec(count * d), .diffusion = bn_scratch_vec(count * d * d),
        .bound = bn_scratch_vec(count * d * d), .overlap = bn_scratch_vec(count),
        .slow = bn_scratch_vec(count), .error = bn_scratch_vec(count),
        .active_error = bn_scratch_vec(count), .active = bn_scratch_vec(count) };

    bn_manifold_spread(m, count, s.at);
    for (size_t first = 0; first < count; first += most) {
        chunk_of(net, first, count - first < most ? count - first : most, &s);
        bn_progress(0.35 * (double)first / (double)count);
    }
    s.scale = scale_of(net, s.at, count);
    return s;
}

static void matrix(const char *name, double *data, size_t rows, size_t cols, const char *unit)
{
    const struct bn_mat m = { rows, cols, data };

    bn_output_mat(name, &m);
    if (unit != NULL)                    /* else the table has it */
        bn_output_attribute(name, "units", unit);
}

static void residuals(const struct surface *s, size_t n)
{
    const size_t m = s->count;
    const double e = sqrt(bn_mean_square_of(s->error, m, 1));
    const double half = sqrt(bn_mean_square_of(s->error, m, 2));
    const double own = sqrt(bn_mean_square_of(s->active_error, m, 1));
    double *all = bn_scratch_vec(m), *part = bn_scratch_vec(m), worst = 0.0, fewest = INFINITY;

    for (size_t t = 0; t < m; t++) {
        all[t] = s->error[t] / s->scale.spread;
        part[t] = s->active_error[t] / s->scale.spread;
        worst = fmax(worst, s->error[t] / sqrt(s->scale.square));
        fewest = fmin(fewest, s->active[t]);
    }
    bn_output_number("/residual", e / sqrt(s->scale.square));
    bn_output_number("/residual_centred", e / s->scale.spread);
    bn_output_number("/residual_max", worst);
    bn_output_vec("/point_residual", all, m);
    bn_output_vec("/point_residual_active", part, m);
    bn_output_vec("/point_active", s->active, m);
    bn_summarise("residual", e / sqrt(s->scale.square), "1",
                 fabs(e - half) / sqrt(s->scale.square));
    bn_summarise("residual_centred", e / s->scale.spread, "1", fabs(e - half) / s->scale.spread);
    bn_summarise("residual_active", own / s->scale.spread, "1", fabs(own
                 - sqrt(bn_mean_square_of(s->active_error, m, 2))) / s->scale.spread);
    bn_summarise("residual_max", worst, "1", 0.0);
    bn_summarise("residual_rms", e / sqrt((double)n), "current", fabs(e - half) / sqrt((double)n));
    bn_summarise("active_cells", bn_mean_of(s->active, m, 1), "1", fabs(
                 bn_mean_of(s->active, m, 1) - bn_mean_of(s->active, m, 2)));
    bn_summarise("active_cells_min", fewest, "1", 0.0);
}

static double rms_length(const double *v, size_t count, size_t d, size_t every)
{
    double sum = 0.0;
    size_t k = 0;

    for (size_t t = 0; t < count; t += every, k++)
        sum += bn_dot(d, v + t * d, v + t * d);
    return sqrt(sum / (double)k);
}

static double largest(const double *v, size_t count, size_t d)
{
    double top = 0.0;

    for (size_t t = 0; t < count; t++)
        top = fmax(top, bn_norm(d, v + t * d));
    return top;
}

static void drifts(const struct surface *s)
{
    const size_t m = s->count, d = s->d;
    const char *speed = with("", s->unit, "/tau");
    const double adjoint = rms_length(s->v, m, d, 1), rms = rms_length(s->window, m, d, 1);
    const double wrong = rms_length(s->projected, m, d, 1), sc = s->scale.length;
    const double error = fabs(rms - rms_length(s->window, m, d, 2));

    matrix("/drift_point", s->at, m, d, s->unit);
    matrix("/drift_vector", s->v, m, d, s->unit);
    matrix("/drift_vector_projected", s->projected, m, d, s->unit);
    matrix("/drift_vector_window", s->window, m, d, s->unit);
    bn_output_number("/sigma_c", sc);
    bn_output_attribute("/sigma_c", "units", s->unit);
    bn_summarise("sigma_c", sc, s->unit, 0.0);
    bn_summarise("extent", bn_manifold_extent(s->manifold) / pow(sc, (double)d), "1", 0.0);
    bn_summarise("drift_rms", adjoint, speed, fabs(adjoint - rms_length(s->v, m, d, 2)));
    bn_summarise("drift_max", largest(s->v, m, d), speed, 0.0);
    bn_summarise("drift_projected_rms", wrong, speed,
                 fabs(wrong - rms_length(s->projected, m, d, 2)));
    bn_summarise("drift_window_rms", rms, speed, error);
    bn_summarise("drift_window_max", largest(s->window, m, d), speed, 0.0);
    bn_summarise("drift_window_lengths", rms / sc, "1/tau", error / sc);
    bn_summarise("persistence_drift", 0.5 * sc / rms, "tau", 0.5 * sc / (rms * rms) * error);
}

static void modes(const struct surface *s)
{
    const size_t m = s->count, d = s->d;
    const char *spreading = with("", s->unit, "^2/(tau sigma^2)");
    double *divergence = bn_scratch_vec(m), *along = bn_scratch_vec(m), *least = bn_scratch_vec(m);
    double top = 0.0, lowest = 1.0, unstable = 0.0;

    for (size_t t = 0; t < m; t++) {
        for (size_t a = 0; a < d; a++) {
            divergence[t] += s->value[t * d + a];
            along[t] += s->diffusion[(t * d + a) * d + a] / (double)d;
            least[t] += s->bound[(t * d + a) * d + a] / (double)d;
            top = fmax(top, fabs(s->value[t * d + a]));
        }
        lowest = fmin(lowest, s->overlap[t]);
        unstable += (s->slow[t] > 0.0) / (double)m;
    }
    matrix("/point_tangent", s->value, m, d, NULL);
    matrix("/point_tangent_imag", s->imaginary, m, d, NULL);
    bn_output_vec("/point_divergence", divergence, m);
    bn_output_vec("/point_overlap", s->overlap, m);
    bn_output_vec("/point_transverse", s->slow, m);
    matrix("/point_diffusion", s->diffusion, m, d * d, with("", s->unit, "2"));
    bn_summarise("tangent_max", top, "1/tau", 0.0);
    bn_summarise("tangent_overlap_min", lowest, "1", 0.0);
    bn_summarise("divergence_rms", sqrt(bn_mean_square_of(divergence, m, 1)), "1/tau", 0.0);
    bn_summarise("unstable_share", unstable, "1", 0.0);
    bn_summarise("diffusion", bn_mean_of(along, m, 1), spreading,
                 fabs(bn_mean_of(along, m, 1) - bn_mean_of(along, m, 2)));
    bn_summarise("diffusion_bound", bn_mean_of(least, m, 1), spreading, 0.0);
}

/* --- in one dimension ---------------------------------------------------------------- */

static void rests(const struct bn_potential *p, const char *unit)
{
    const size_t n = p->rests;
    double *at = bn_scratch_vec(n + 1), *slope = bn_scratch_vec(n + 1);
    double *barrier = bn_scratch_vec(n + 1);
    int64_t *sign = (int64_t *)(void *)bn_scratch_vec(n + 1);

    for (size_t k = 0; k < n; k++) {
        at[k] = p->rest[k].at;
        slope[k] = p->rest[k].slope;
        barrier[k] = p->rest[k].barrier;
        sign[k] = p->rest[k].stable ? -1 : 1;
    }
    bn_output_vec("/rest_position", at, n);
    bn_output_attribute("/rest_position", "units", unit);
    bn_output_vec("/rest_slope", slope, n);
    bn_output_vec("/rest_barrier", barrier, n);
    bn_output_attribute("/rest_barrier", "units", with("", unit, "2"));
    bn_output_integers("/rest_sign", sign, n);
}

static void potential(const struct surface *s)
{
    const struct bn_manifold *m = s->manifold;
    const enum bn_ends ends = bn_manifold_closed(m) ? BN_ENDS_NONE
                            : m->kind == BN_LINE ? BN_ENDS_OPEN : BN_ENDS_WALLS;
    const char *energy = with("", s->unit, "^2/tau");
    const double extent = bn_manifold_extent(m);
    struct bn_potential p;

    BN_CHECK(bn_potential_new(&p, s->window, s->count, s->at[0], extent / (double)s->count, ends));
    bn_output_vec("/potential", p.u, s->count);
    bn_output_attribute("/potential", "units", with("", s->unit, "2"));
    rests(&p, s->unit);
    bn_summarise("potential_sd", p.roughness, energy, 0.0);
    bn_summarise("potential_barrier", p.largest, energy, 0.0);
    if (ends == BN_ENDS_NONE)
        bn_summarise("potential_circulation", p.circulation, energy, 0.0);
    bn_summarise("rests_stable", (double)p.stable, "1", 0.0);
    bn_summarise("rests_unstable", (double)(p.rests - p.stable), "1", 0.0);
    bn_summarise("rests_spacing", extent / s->scale.length / (double)p.stable, "sigma_c", 0.0);
    bn_potential_free(&p);
}

/* --- by the distance to a wall ------------------------------------------------------- */

static void walls(const struct surface *s)
{
    double from[BN_WALL_BINS], count[BN_WALL_BINS] = { 0 }, error[BN_WALL_BINS] = { 0 };
    double drift[BN_WALL_BINS] = { 0 }, inward[BN_WALL_BINS] = { 0 };
    size_t shown = 0;

    for (size_t t = 0; t < s->count; t++) {
        size_t side;
        double sign;
        const size_t b = bn_surface_wall(s->manifold, s->scale.length, s->at + t * s->d, &side,
                                         &sign);
        const double *v = s->window + t * s->d;
        count[b] += 1.0;
        error[b] += s->error[t] * s->error[t] / (s->scale.spread * s->scale.spread);
        drift[b] += bn_dot(s->d, v, v);
        inward[b] += sign * v[side] > 0.0 ? 1.0 : -1.0;
    }
    for (size_t b = 0; b < BN_WALL_BINS; b++) {
        if (count[b] == 0.0)
            continue;
        from[shown] = bn_wall_from[b];
        error[shown] = sqrt(error[b] / count[b]);
        drift[shown] = sqrt(drift[b] / count[b]);
        inward[shown] = inward[b] / count[b];
        count[shown++] = count[b];
    }
    bn_output_vec("/wall_from", from, shown);
    bn_output_vec("/wall_points", count, shown);
    bn_output_vec("/wall_residual", error, shown);
    bn_output_vec("/wall_drift", drift, shown);
    bn_output_attribute("/wall_drift", "units", s->unit);
    bn_output_vec("/wall_inward", inward, shown);
}

struct bn_gap bn_findings_surface(const struct bn_ring_network *net)
{
    const struct surface s = over(net);

    residuals(&s, net->weights.n);
    drifts(&s);
    modes(&s);
    if (s.d == 1)
        potential(&s);
    if (!bn_manifold_closed(s.manifold))
        walls(&s);
    return bn_gap_of(s.slow, s.count);
}

/* --- Jacobians ------------------------------------------------------------------------ */

void bn_findings_surface_jacobians(const struct bn_ring_network *net, struct bn_gap near)
{
    const struct bn_manifold *m = bn_harmonics_manifold(net->harmonics);
    const size_t count = bn_count("jacobian_angles"), n = net->weights.n, d = m->dimensions;
    const size_t k = bn_count("jacobian_modes") < n ? bn_count("jacobian_modes") : n;
    double *at = bn_scratch_vec(count * d), *other = bn_scratch_vec(count), lowest = INFINITY;
    double *re = bn_scratch_vec(k + 1), *im = bn_scratch_vec(k + 1);
    struct bn_mat all_re = bn_scratch(count, k), all_im = bn_scratch(count, k);

    bn_manifold_spread(m, count, at);
    for (size_t t = 0; t < count; t++) {
        struct bn_points p;
        struct bn_surface s;
        size_t found;
        BN_CHECK(bn_diagnose_points(net, at + t * d, 1, &p));
        BN_CHECK(bn_surface_modes(net, &p, &s));
        BN_CHECK(bn_surface_jacobian(net, &p, &s, 0, k, re, im, &found, &other[t]));
        other[t] = isfinite(other[t]) ? other[t] : s.slow[0];
        bn_surface_free(&s);
        bn_points_free(&p);
        memcpy(bn_mat_row(&all_re, t), re, k * sizeof *re);
        memcpy(bn_mat_row(&all_im, t), im, k * sizeof *im);
        lowest = fmin(lowest, other[t]);
        bn_progress(0.4 + 0.3 * (double)(t + 1) / (double)count);
    }
    matrix("/jacobian_point", at, count, d, bn_manifold_unit("tuning"));
    bn_output_mat("/jacobian_real", &all_re);
    bn_output_mat("/jacobian_imag", &all_im);
    bn_output_vec("/transverse", other, count);
    bn_gap_write(bn_gap_of(other, count), near);
    bn_summarise("transverse_min", lowest, "1/tau", 0.0);
}
