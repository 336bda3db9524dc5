/* SPDX-License-Identifier: MIT */
#include "trials_priv.h"

#include <basin/findings.h>
#include <basin/grid.h>
#include <basin/mem.h>
#include <basin/roam.h>
#include <basin/summarise.h>
#include <basin/surface.h>

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { NAME = 48 };

struct trials {
    const struct bn_ring_network *net;
    const struct bn_manifold *manifold;
    bn_roam *roam;
    size_t d, count;
    double *start;                       /* [count, D] */
    double length;                       /* sigma_c */
    const char *unit;
    double from, to;                     /* share of the stage's time */
};

static void progress(void *context, double done)
{
    const struct trials *t = context;
    bn_progress(t->from + (t->to - t->from) * done);
}

static void part(struct trials *t, double to)
{
    t->from = t->to;
    t->to = to;
}

/* A text that lives as long as the summary: "captured_0.1". */
static const char *named(const char *name, double number)
{
    char *text = bn_alloc(NAME, 1);

    if (text == NULL)
        bn_die(BN_NOMEM);
    bn_stage_own(text);
    snprintf(text, NAME, "%s_%g", name, number);
    return text;
}

static void in_unit(const char *name, const char *unit)
{
    bn_output_attribute(name, "units", unit);
}

static void rows(const char *name, double *data, size_t count, size_t cols, const char *unit)
{
    const struct bn_mat m = { count, cols, data };

    bn_output_mat(name, &m);
    in_unit(name, unit);
}

static double share_error(double p, size_t n)
{
    return sqrt(p * (1.0 - p) / (double)n);
}

/* --- drift ---------------------------------------------------------------------------- */

static void response(const struct trials *t, double *v)
{
    struct bn_points p;

    BN_CHECK(bn_diagnose_points(t->net, t->start, t->count, &p));
    BN_CHECK(bn_surface_window(t->net, &p, bn_real("drift_from"), bn_real("drift_until"), v));
    bn_points_free(&p);
}

static void drift(const struct trials *t)
{
    const size_t all = t->count * t->d;
    double *at = bn_scratch_vec(all), *v = bn_scratch_vec(all), *theory = bn_scratch_vec(all);
    const double from = bn_real("drift_from");
    char *speed = bn_alloc(NAME, 1);

    if (speed == NULL)
        bn_die(BN_NOMEM);
    bn_stage_own(speed);
    snprintf(speed, NAME, "%s/tau", t->unit);
    BN_CHECK(bn_roam_drift(t->roam, t->start, t->count, from, bn_real("drift_until") - from, at,
                           v));
    response(t, theory);
    const double a = bn_norm(all, v), b = bn_norm(all, theory), ab = bn_dot(all, v, theory);
    const double r = ab / (a * b), slope = ab / (b * b);
    rows("/simulated_point", at, t->count, t->d, t->unit);
    rows("/simulated_vector", v, t->count, t->d, t->unit);
    rows("/simulated_vector_response", theory, t->count, t->d, t->unit);
    bn_summarise("drift_rms_simulated", a / sqrt((double)t->count), speed, 0.0);
    bn_summarise("drift_correlation", r, "1", 0.0);
    bn_summarise("drift_slope", slope, "1",
                 sqrt(fmax(0.0, 1.0 / (r * r) - 1.0) / (double)all) * fabs(slope));
}

/* --- persistence and end states --------------------------------------------------------- */

static void by_walls(const struct trials *t, const struct bn_mat *moved)
{
    double from[BN_WALL_BINS], count[BN_WALL_BINS] = { 0 };
    struct bn_mat share = bn_scratch(BN_WALL_BINS, moved->cols);
    size_t shown = 0;

    for (size_t k = 0; k < t->count; k++) {
        size_t side;
        double inward;
        const size_t b = bn_surface_wall(t->manifold, t->length, t->start + k * t->d, &side,
                                         &inward);
        count[b] += 1.0;
        for (size_t e = 0; e < moved->cols; e++)
            *bn_mat_at(&share, b, e) += *bn_mat_at(moved, k, e) < 0.5 * t->length;
    }
    for (size_t b = 0; b < BN_WALL_BINS; b++) {
        if (count[b] == 0.0)
            continue;
        for (size_t e = 0; e < moved->cols; e++)
            *bn_mat_at(&share, shown, e) = *bn_mat_at(&share, b, e) / count[b];
        from[shown++] = bn_wall_from[b];
    }
    share.rows = shown;
    bn_output_vec("/wall_start_from", from, shown);
    bn_output_mat("/wall_persistence", &share);
}

static void ends(const struct trials *t, const struct bn_mat *x, double *at)
{
    size_t *group = (size_t *)(void *)bn_scratch_vec(t->count);
    double effective;
    const size_t found = bn_roam_groups(t->roam, x, at, 0.25 * t->length, group, &effective);
    double *where = bn_scratch_vec(found * t->d), *share = bn_scratch_vec(found);
    int64_t *number = (int64_t *)(void *)bn_scratch_vec(t->count);

    for (size_t k = t->count; k-- > 0;) {        /* the first of each is written last */
        number[k] = (int64_t)group[k];
        share[group[k]] += 1.0 / (double)t->count;
        memcpy(where + group[k] * t->d, at + k * t->d, t->d * sizeof *at);
    }
    bn_output_integers("/start_group", number, t->count);
    rows("/end_point", where, found, t->d, t->unit);
    bn_output_vec("/end_share", share, found);
    bn_summarise("end_states", (double)found, "1", 0.0);
    bn_summarise("end_states_effective", effective, "1", 0.0);
    bn_summarise("end_states_spacing", bn_manifold_extent(t->manifold)
                 / pow(t->length, (double)t->d) / (double)found, "1", 0.0);
}

static void persistence(const struct trials *t)
{
    size_t times;
    const double *time = bn_reals("memory_times", &times);
    struct bn_stay *stay = (struct bn_stay *)(void *)
        bn_scratch(times + 1, sizeof *stay / sizeof(double)).data;
    double *at = bn_scratch_vec(t->count * t->d), *share = bn_scratch_vec(times + 1);
    double *median = bn_scratch_vec(times + 1);
    struct bn_mat x, moved = bn_scratch(t->count, times);

    if (times == 0)
        return;
    for (size_t k = 0; k < times; k++)
        stay[k].time = time[k];
    BN_CHECK(bn_diagnose_target(t->net, t->start, t->count, false, &x));
    BN_CHECK(bn_roam_stay(t->roam, t->start, 0.5 * t->length, &x, stay, times, at, &moved));
    for (size_t k = 0; k < times; k++) {
        share[k] = stay[k].share;
        median[k] = stay[k].median;
        bn_summarise(named("persistence", time[k]), share[k], "1",
                     share_error(share[k], t->count));
    }
    bn_output_vec("/persistence_time", time, times);
    bn_output_vec("/persistence", share, times);
    bn_output_vec("/persistence_median", median, times);
    in_unit("/persistence_median", t->unit);
    rows("/start_point", t->start, t->count, t->d, t->unit);
    rows("/start_end", at, t->count, t->d, t->unit);
    rows("/start_moved", moved.data, t->count, times, t->unit);
    bn_summarise("persistence_half", bn_roam_half(stay, times), "tau", 0.0);
    bn_summarise("moved_median", median[times - 1], t->unit, 0.0);
    ends(t, &x, at);
    if (!bn_manifold_closed(t->manifold))
        by_walls(t, &moved);
    bn_mat_free(&x);
}

/* --- far starts ------------------------------------------------------------------------- */

static void capture(const struct trials *t)
{
    size_t n;
    const double *noise = bn_reals("capture_noises", &n);
    double *captured = bn_scratch_vec(n + 1), *left = bn_scratch_vec(n + 1);
    struct bn_scale scale;

    BN_CHECK(bn_surface_scale(t->net, t->start, t->count, NULL, &scale));
    for (size_t k = 0; k < n; k++) {
        BN_CHECK(bn_roam_capture(t->roam, t->start, t->count, noise[k], scale.spread, t->length,
                                 bn_real("capture_time"), bn_rng_sub(bn_random(), "capture"),
                                 &captured[k], &left[k]));
        bn_summarise(named("captured", noise[k]), captured[k], "1",
                     share_error(captured[k], t->count));
    }
    bn_output_vec("/capture_noise", noise, n);
    bn_output_vec("/captured", captured, n);
    bn_output_vec("/capture_left", left, n);
}

void bn_trials_surface(const struct bn_ring_network *net)
{
    const struct bn_manifold *m = bn_harmonics_manifold(net->harmonics);
    struct trials t = { .net = net, .manifold = m, .d = m->dimensions,
        .count = bn_count("trial_angles"), .length = bn_findings_length(net),
        .unit = bn_manifold_unit("tuning"), .to = 0.7 };

    t.start = bn_scratch_vec(t.count * t.d);
    bn_manifold_spread(m, t.count, t.start);
    BN_CHECK(bn_roam_new(&t.roam, net, bn_real("trial_dt"), progress, &t));
    part(&t, 0.75);
    drift(&t);
    part(&t, 0.97);
    persistence(&t);
    part(&t, 0.99);
    capture(&t);
    bn_roam_free(t.roam);
}
