/* SPDX-License-Identifier: MIT */
#include "trials_priv.h"

#include <basin/fixed.h>
#include <basin/flow.h>
#include <basin/manifold.h>
#include <basin/probe.h>
#include <basin/rng.h>
#include <basin/summarise.h>

#include <math.h>
#include <string.h>

enum { ROUNDS = 12, KINDS = 5, SLOW_STEPS = 200 };

/* Every search for fixed points adds its ends here. */
struct ends {
    struct bn_mat x;                     /* [room, N] */
    bool *fixed;
    size_t count;
};

struct trials {
    const struct bn_ring_network *net;
    const struct bn_operator *velocity;
    bn_probe *probe;
    struct bn_field field;
    size_t n, angles;
    double *theta;                       /* [angles] */
    double relax, merge;
    struct ends ends;
    double from, to;                     /* share of the stage's time */
};

static void progress(void *context, double done)
{
    const struct trials *t = context;
    bn_progress(t->from + (t->to - t->from) * done);
}

static double rms(const double *x, size_t n)
{
    return bn_norm(n, x) / sqrt((double)n);
}

static double *grid(size_t count)
{
    double *theta = bn_scratch_vec(count);
    bn_ring_grid(count, theta);
    return theta;
}

static struct bn_mat states(const struct trials *t, const double *theta, size_t count)
{
    struct bn_mat x, copy = bn_scratch(count, t->n);

    BN_CHECK(bn_probe_states(t->probe, theta, count, &x));
    memcpy(copy.data, x.data, count * t->n * sizeof *x.data);
    bn_mat_free(&x);
    return copy;
}

/* --- drift ------------------------------------------------------------------------- */

static double *drift(const struct trials *t)
{
    const size_t m = t->angles;
    double *angle = bn_scratch_vec(m), *v = bn_scratch_vec(m), *adjoint = bn_scratch_vec(m);
    struct bn_ring_network copy = *t->net;
    double slope, r2;

    BN_CHECK(bn_probe_drift(t->probe, t->theta, m, t->relax, bn_real("drift_time"), 0.0, angle,
                            v));
    BN_CHECK(bn_diagnose_drift_at(&copy, angle, m, adjoint));
    bn_flow_line(m, adjoint, v, &slope, &r2);
    const double r = bn_dot(m, adjoint, v) / (bn_norm(m, adjoint) * bn_norm(m, v));
    bn_output_vec("/simulated_angle", angle, m);
    bn_output_vec("/simulated_drift", v, m);
    bn_output_vec("/simulated_adjoint", adjoint, m);
    bn_summarise("drift_rms_simulated", rms(v, m), "rad/tau", 0.0);
    bn_summarise("drift_correlation", r, "1", 0.0);
    bn_summarise("drift_slope", slope, "1",
                 sqrt(fmax(0.0, 1.0 / (r * r) - 1.0) / (double)m) * fabs(slope));
    return v;
}

/* --- fixed points ------------------------------------------------------------------ */

static void search(struct trials *t, struct bn_mat *x)
{
    struct bn_point *point = (struct bn_point *)(void *)
        bn_scratch(x->rows, sizeof *point / sizeof(double) + 1).data;

    BN_CHECK(bn_fixed_newton(&t->field, x, bn_count("newton_steps"), point));
    memcpy(bn_mat_row(&t->ends.x, t->ends.count), x->data, x->rows * t->n * sizeof *x->data);
    for (size_t k = 0; k < x->rows; k++)
        t->ends.fixed[t->ends.count++] = point[k].fixed;
}

/* From where the simulated drift changes sign: stable and unstable points. */
static void search_zeros(struct trials *t, const double *v)
{
    double *at = bn_scratch_vec(t->angles);
    size_t found = 0;

    for (size_t k = 0; k < t->angles; k++) {
        const double a = v[k], b = v[(k + 1) % t->angles];
        if ((a > 0.0) != (b > 0.0))
            at[found++] = ((double)k + a / (a - b)) * BN_TWO_PI / (double)t->angles;
    }
    if (found == 0)
        return;
    struct bn_mat x = states(t, at, found);
    BN_CHECK(bn_probe_relax(t->probe, &x, t->relax, 0.0));
    search(t, &x);
}

static void memory(struct trials *t)
{
    const size_t m = t->angles;
    size_t times;
    const double *time = bn_reals("memory_times", &times);
    struct bn_memory *e = (struct bn_memory *)(void *)
        bn_scratch(times, sizeof *e / sizeof(double)).data;
    double *angle = bn_scratch_vec(m), *mean = bn_scratch_vec(times);
    double *top = bn_scratch_vec(times);
    size_t *group = (size_t *)(void *)bn_scratch_vec(m);
    struct bn_mat x = states(t, t->theta, m);

    if (times == 0)
        return;
    for (size_t k = 0; k < times; k++)
        e[k].time = time[k];
    BN_CHECK(bn_probe_memory(t->probe, t->theta, &x, e, times, angle));
    for (size_t k = 0; k < times; k++) {
        mean[k] = e[k].mean;
        top[k] = e[k].largest;
    }
    bn_output_vec("/memory_time", time, times);
    bn_output_vec("/memory_mean", mean, times);
    bn_output_vec("/memory_max", top, times);
    bn_output_vec("/end_angle", angle, m);
    bn_summarise("memory_time", time[times - 1], "tau", 0.0);
    bn_summarise("memory_mean", mean[times - 1], "rad", 0.0);
    bn_summarise("memory_max", top[times - 1], "rad", 0.0);
    bn_summarise("end_states", (double)bn_fixed_merge(&x, NULL, t->merge, group), "1", 0.0);
    search(t, &x);
}

static void slow_points(const struct trials *t)
{
    const size_t m = bn_count("slow_starts");
    struct bn_mat x = states(t, grid(m), m);
    struct bn_point *point = (struct bn_point *)(void *)
        bn_scratch(m, sizeof *point / sizeof(double) + 1).data;
    bool *use = (bool *)(void *)bn_scratch_vec(m);
    size_t *group = (size_t *)(void *)bn_scratch_vec(m), seen = 0, fixed = 0;
    double *angle = bn_scratch_vec(m), *q = bn_scratch_vec(m), *all = bn_scratch_vec(m);

    BN_CHECK(bn_probe_relax(t->probe, &x, t->relax, 0.0));
    BN_CHECK(bn_fixed_slow(&t->field, &x, SLOW_STEPS, point));
    BN_CHECK(bn_probe_decode(t->probe, &x, all, NULL));
    for (size_t k = 0; k < m; k++)
        use[k] = point[k].local;
    bn_fixed_merge(&x, use, t->merge, group);
    for (size_t k = 0; k < m; k++) {
        if (group[k] != seen)
            continue;
        angle[seen] = all[k];
        q[seen++] = point[k].q;
        fixed += point[k].fixed;
    }
    bn_output_vec("/slow_angle", angle, seen);
    bn_output_vec("/slow_q", q, seen);
    bn_summarise("slow_points", (double)seen, "1", 0.0);
    bn_summarise("slow_points_fixed", (double)fixed, "1", 0.0);
}

/* --- everything that a search found ------------------------------------------------ */

struct found {
    size_t row;
    double angle, distance, eigenvalue;
    int64_t positive;
};

static void kind_of(const struct trials *t, struct found *f)
{
    const size_t k = KINDS < t->n ? KINDS : t->n;
    double *re = bn_scratch_vec(k + 1), *im = bn_scratch_vec(k + 1);
    size_t found;

    BN_CHECK(bn_fixed_eigenvalues(&t->field, bn_mat_row(&t->ends.x, f->row), k, re, im,
                                  &found));
    f->eigenvalue = re[0];
    for (size_t e = 0; e < found && e < k; e++)
        f->positive += re[e] > 0.0;
}

static void write_found(const struct found *f, size_t count, double far)
{
    double *angle = bn_scratch_vec(count + 1), *lead = bn_scratch_vec(count + 1);
    double *distance = bn_scratch_vec(count + 1);
    int64_t *positive = (int64_t *)(void *)bn_scratch_vec(count + 1);
    size_t stable = 0, saddle = 0, spurious = 0, held = 0;

    for (size_t k = 0; k < count; k++) {
        angle[k] = f[k].angle;
        lead[k] = f[k].eigenvalue;
        distance[k] = f[k].distance;
        positive[k] = f[k].positive;
        const bool away = f[k].distance > far;
        stable += !away && f[k].positive == 0;
        saddle += !away && f[k].positive > 0;
        spurious += away;
        held += away && f[k].positive == 0;
    }
    bn_output_vec("/newton_angle", angle, count);
    bn_output_vec("/newton_eigenvalue", lead, count);
    bn_output_integers("/newton_positive", positive, count);
    bn_output_vec("/newton_distance", distance, count);
    bn_summarise("newton_stable", (double)stable, "1", 0.0);
    bn_summarise("newton_unstable", (double)saddle, "1", 0.0);
    bn_summarise("spurious_fixed_points", (double)spurious, "1", 0.0);
    bn_summarise("spurious_stable", (double)held, "1", 0.0);
}

static void distinct(const struct trials *t, double far)
{
    const struct bn_mat all = { t->ends.count, t->n, t->ends.x.data };
    size_t *group = (size_t *)(void *)bn_scratch_vec(all.rows + 1), seen = 0, lost = 0;
    double *angle = bn_scratch_vec(all.rows + 1), *distance = bn_scratch_vec(all.rows + 1);
    struct found *f = (struct found *)(void *)
        bn_scratch(all.rows + 1, sizeof *f / sizeof(double) + 1).data;

    bn_fixed_merge(&all, t->ends.fixed, t->merge, group);
    BN_CHECK(bn_probe_decode(t->probe, &all, angle, distance));
    for (size_t k = 0; k < all.rows; k++) {
        lost += group[k] == SIZE_MAX;
        if (group[k] != seen)
            continue;
        struct found one = { .row = k, .angle = angle[k], .distance = distance[k] };
        kind_of(t, &one);
        size_t at = seen++;
        for (; at > 0 && f[at - 1].angle > one.angle; at--)
            f[at] = f[at - 1];
        f[at] = one;
    }
    write_found(f, seen, far);
    bn_summarise("newton_lost", (double)lost / (double)all.rows, "1", 0.0);
}

/* --- the gap, diffusion, path integration ------------------------------------------ */

static void exponents(const struct trials *t)
{
    const size_t m = bn_count("exponent_angles");
    double *theta = grid(m), *first = bn_scratch_vec(m), *second = bn_scratch_vec(m);
    double gap = -INFINITY;
    struct bn_mat x = bn_scratch(m, t->n), both = bn_scratch(m, 2);

    BN_CHECK(bn_probe_exponents(t->probe, theta, m, ROUNDS, bn_real("exponent_time") / ROUNDS,
                                bn_rng_sub(bn_random(), "exponents"), &x, first, second));
    for (size_t k = 0; k < m; k++) {
        *bn_mat_at(&both, k, 0) = first[k];
        *bn_mat_at(&both, k, 1) = second[k];
        gap = fmax(gap, second[k]);
    }
    bn_output_vec("/exponent_angle", theta, m);
    bn_output_mat("/exponent", &both);
    bn_summarise("gap_simulated", gap, "1/tau", 0.0);
}

static void diffusion(const struct trials *t)
{
    const size_t m = bn_count("diffusion_angles"), runs = bn_count("diffusion_runs");
    const double sigma = bn_real("diffusion_noise"), s2 = sigma * sigma;
    const double time = bn_real("diffusion_time"), *theta = grid(m);
    struct bn_spread s, expected;

    BN_CHECK(bn_probe_diffusion(t->probe, theta, m, runs, sigma, t->relax, time,
                                bn_rng_sub(bn_random(), "diffusion"), &s));
    BN_CHECK(bn_probe_response(t->probe, theta, m, t->relax, time, &expected));
    bn_summarise("diffusion_simulated", s.diffusion / s2, "rad^2/(tau sigma^2)", s.error / s2);
    bn_summarise("diffusion_response", expected.diffusion, "rad^2/(tau sigma^2)", 0.0);
    bn_summarise("variance_simulated", s.naive / s2, "rad^2/(tau sigma^2)", s.naive_error / s2);
    bn_summarise("variance_response", expected.naive, "rad^2/(tau sigma^2)", 0.0);
}

/* A ring that is far from one may have no velocity at which its slowest drift vanishes. */
static void pinning(const struct trials *t, double sign, const char *name)
{
    double pin, error;
    const bn_status rc = bn_probe_pinning(t->probe, t->angles, sign, t->relax,
                                          bn_real("drift_time"), &pin, &error);

    if (rc == BN_NUMERIC) {
        bn_say("%s: no row %s", bn_error(), name);
        return;
    }
    BN_CHECK(rc);
    bn_summarise(name, sign * pin, "rad/tau", error);
}

static void path_integration(const struct trials *t)
{
    size_t n;
    const double *speeds = bn_reals("speeds", &n), time = bn_real("integration_time");
    double *given = bn_scratch_vec(2 * n), *speed = bn_scratch_vec(2 * n), gain, r2;
    bool saturates;

    for (size_t k = 0; k < 2 * n; k++)
        given[k] = k < n ? -speeds[n - 1 - k] : speeds[k - n];
    if (t->velocity->n == 0 || n == 0)
        return;
    BN_CHECK(bn_probe_integrate(t->probe, 0.0, given, 2 * n, t->relax, time, speed));
    bn_flow_line(2 * n, given, speed, &gain, &r2);
    const double top = bn_probe_saturation(given, speed, 2 * n, &saturates);
    bn_output_vec("/speed_simulated", speed, 2 * n);
    bn_summarise("integration_gain_simulated", gain, "1", 0.0);
    bn_summarise("integration_r2_simulated", r2, "1", 0.0);
    if (saturates)
        bn_summarise("saturation", top, "rad/tau", 0.0);
    pinning(t, 1.0, "pinning_forward_simulated");
    pinning(t, -1.0, "pinning_backward_simulated");
}

/* --- far starts -------------------------------------------------------------------- */

/* Root mean square of x* - its mean over angles, per neuron. */
static double spread(const struct trials *t)
{
    const struct bn_mat *x = &t->net->x;
    double s = 0.0;

    for (size_t i = 0; i < x->rows; i++)
        s += bn_dot(x->cols - 1, bn_mat_row(x, i) + 1, bn_mat_row(x, i) + 1);
    return sqrt(s / (double)x->rows);
}

static void far_starts(struct trials *t, double far)
{
    size_t sds, back = 0;
    const double *list = bn_reals("far_sds", &sds);
    const size_t each = bn_count("far_starts"), m = sds * each;
    double *theta = bn_scratch_vec(m), *sd = bn_scratch_vec(m), *angle = bn_scratch_vec(m);
    double *distance = bn_scratch_vec(m);
    struct bn_mat x = bn_scratch(m, t->n);

    if (m == 0)
        return;
    for (size_t k = 0; k < m; k++) {
        sd[k] = list[k / each];
        theta[k] = BN_TWO_PI * (double)(k % each) / (double)each;
    }
    BN_CHECK(bn_probe_far(t->probe, theta, sd, m, bn_real("far_time"),
                          bn_rng_sub(bn_random(), "far"), &x, angle, distance));
    for (size_t k = 0; k < m; k++)
        back += distance[k] <= far;
    bn_output_vec("/far_sd", sd, m);
    bn_output_vec("/far_angle", angle, m);
    bn_output_vec("/far_distance", distance, m);
    const double share = (double)back / (double)m;
    bn_summarise("far_returned", share, "1", sqrt(share * (1.0 - share) / (double)m));
    search(t, &x);
}

/* --- all --------------------------------------------------------------------------- */

static void part(struct trials *t, double to)
{
    t->from = t->to;
    t->to = to;
}

static void run(struct trials *t)
{
    const double far = bn_real("far_distance") * spread(t);

    part(t, 0.72);
    const double *v = drift(t);
    search_zeros(t, v);
    part(t, 0.85);
    memory(t);
    slow_points(t);
    part(t, 0.90);
    far_starts(t, far);
    distinct(t, far);
    part(t, 0.92);
    exponents(t);
    part(t, 0.96);
    diffusion(t);
    part(t, 0.99);
    path_integration(t);
}

void bn_trials_run(const struct bn_ring_network *net, const struct bn_operator *velocity)
{
    size_t sds;

    if (!bn_flag("simulate"))
        return;
    if (net->harmonics != NULL) {
        bn_trials_surface(net);
        return;
    }
    struct trials t = { .net = net, .velocity = velocity, .n = net->weights.n,
        .field = { .weights = net->weights, .transfer = net->transfer,
                   .inhibition = net->inhibition, .target = net->target,
                   .bias = net->bias },
        .angles = bn_count("trial_angles"), .relax = bn_real("relax_time"),
        .merge = bn_real("merge"), .to = 0.7 };
    const struct bn_probe_setup setup = { .net = *net, .velocity = *velocity,
        .dt = bn_real("trial_dt"), .progress = progress, .context = &t };
    bn_reals("far_sds", &sds);
    const size_t room = 2 * t.angles + sds * bn_count("far_starts");

    t.theta = grid(t.angles);
    t.ends.x = bn_scratch(room, t.n);
    t.ends.fixed = (bool *)(void *)bn_scratch_vec(room);
    BN_CHECK(bn_probe_new(&t.probe, &setup));
    run(&t);
    bn_probe_free(t.probe);
}
