/* SPDX-License-Identifier: MIT */
#include <basin/roam.h>
#include <basin/decode.h>
#include <basin/mem.h>
#include <basin/network.h>
#include <basin/sort.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const double ALIKE = 0.99;

struct bn_roam {
    struct bn_ring_network net;
    const struct bn_manifold *manifold;
    double dt;
    bn_decoder *decoder;
    bn_roam_progress *progress;
    void *context;
};

bn_status bn_roam_new(bn_roam **out, const struct bn_ring_network *net, double dt,
                      bn_roam_progress *progress, void *context)
{
    *out = NULL;
    if (!(dt > 0.0 && dt <= 1.0))
        return bn_fail(BN_USAGE, "an Euler step of %g tau: give one in (0, 1]", dt);
    if (net->x.rows != net->weights.n)
        return bn_fail(BN_INPUT, "weights of %zu neurons, currents of %zu", net->weights.n,
                       net->x.rows);
    bn_roam *r = bn_alloc(1, sizeof *r);
    if (r == NULL)
        return BN_NOMEM;
    *r = (struct bn_roam){ .net = *net, .manifold = bn_harmonics_manifold(net->harmonics),
                           .dt = dt, .progress = progress, .context = context };
    const bn_status rc = bn_decoder_on(&r->decoder, net->harmonics, &net->x, &net->x, BN_OVERLAP,
                                       net->x.cols / 2);
    if (rc == BN_OK)
        *out = r;
    else
        bn_roam_free(r);
    return rc;
}

void bn_roam_free(bn_roam *r)
{
    if (r == NULL)
        return;
    bn_decoder_free(r->decoder);
    free(r);
}

bn_status bn_roam_locate(const bn_roam *r, const struct bn_mat *x, double *at, double *distance)
{
    double *away = distance != NULL ? distance : bn_alloc(x->rows, sizeof *away);

    if (away == NULL)
        return BN_NOMEM;
    const bn_status rc = bn_decode_nearest(r->decoder, x, away, at);
    if (away != distance)
        free(away);
    return rc;
}

/* --- running ------------------------------------------------------------------------ */

struct run {
    const bn_roam *r;
    size_t steps;
};

static bn_status rest(void *context, size_t step)
{
    const struct run *run = context;
    run->r->progress(run->r->context, (double)step / (double)run->steps);
    return BN_OK;
}

bn_status bn_roam_relax(const bn_roam *r, struct bn_mat *x, double time)
{
    const struct bn_ring_network *net = &r->net;
    const struct bn_network network = { .weights = net->weights, .transfer = net->transfer,
        .tau = 1.0, .dt = r->dt, .inhibition = net->inhibition, .target = net->target,
        .bias = net->bias };
    const size_t steps = (size_t)fmax(0.0, round(time / r->dt));
    struct run run = { r, steps };

    if (steps == 0)
        return BN_OK;
    return bn_network_resume(&network, x, 0, steps, steps, NULL, (struct bn_rng){ 0 }, NULL,
                             r->progress != NULL ? rest : NULL, &run);
}

bn_status bn_roam_drift(const bn_roam *r, const double *points, size_t count, double relax,
                        double window, double *at, double *drift)
{
    const size_t d = r->manifold->dimensions;
    const double time = round(window / r->dt) * r->dt;
    double *end = bn_alloc(count * d, sizeof *end);
    struct bn_mat x = { 0 };

    bn_status rc = end == NULL ? BN_NOMEM : time > 0.0 ? BN_OK
        : bn_fail(BN_USAGE, "a drift over %g tau is shorter than one step of %g tau", window,
                  r->dt);
    if (rc == BN_OK)
        rc = bn_diagnose_target(&r->net, points, count, false, &x);
    if (rc == BN_OK)
        rc = bn_roam_relax(r, &x, relax);
    if (rc == BN_OK)
        rc = bn_roam_locate(r, &x, at, NULL);
    if (rc == BN_OK)
        rc = bn_roam_relax(r, &x, time);
    if (rc == BN_OK)
        rc = bn_roam_locate(r, &x, end, NULL);
    for (size_t t = 0; rc == BN_OK && t < count; t++) {
        double half[BN_DIMENSIONS], middle[BN_DIMENSIONS], *v = drift + t * d;
        bn_manifold_displacement(r->manifold, at + t * d, end + t * d, v);
        for (size_t a = 0; a < d; a++)
            half[a] = 0.5 * v[a];
        bn_manifold_move(r->manifold, at + t * d, half, middle);
        for (size_t a = 0; a < d; a++) {
            at[t * d + a] = middle[a];
            v[a] /= time;
        }
    }
    bn_mat_free(&x);
    free(end);
    return rc;
}

/* --- persistence -------------------------------------------------------------------- */

bn_status bn_roam_stay(const bn_roam *r, const double *points, double near, struct bn_mat *x,
                       struct bn_stay *stay, size_t times, double *at, struct bn_mat *moved)
{
    const size_t d = r->manifold->dimensions, count = x->rows;
    double *sorted = bn_alloc(count + 1, sizeof *sorted), now = 0.0;
    bn_status rc = sorted != NULL ? BN_OK : BN_NOMEM;

    for (size_t k = 0; rc == BN_OK && k < times; k++) {
        if (!(stay[k].time >= now))
            rc = bn_fail(BN_USAGE, "times of the memory must ascend: %g tau after %g",
                         stay[k].time, now);
        if (rc == BN_OK)
            rc = bn_roam_relax(r, x, stay[k].time - now);
        if (rc == BN_OK)
            rc = bn_roam_locate(r, x, at, NULL);
        now = stay[k].time;
        size_t within = 0;
        for (size_t t = 0; rc == BN_OK && t < count; t++) {
            sorted[t] = bn_manifold_distance(r->manifold, points + t * d, at + t * d);
            *bn_mat_at(moved, t, k) = sorted[t];
            within += sorted[t] < near;
        }
        stay[k].share = (double)within / (double)count;
        stay[k].median = bn_median(sorted, count);
    }
    free(sorted);
    return rc;
}

double bn_roam_half(const struct bn_stay *stay, size_t times)
{
    double before = 1.0, since = times > 0 ? log(0.01 * stay[0].time) : 0.0;

    for (size_t k = 0; k < times; k++) {
        const double now = log(stay[k].time);
        if (stay[k].share < 0.5)
            return exp(since + (now - since) * (before - 0.5) / (before - stay[k].share));
        before = stay[k].share;
        since = now;
    }
    return INFINITY;
}

bn_status bn_roam_capture(const bn_roam *r, const double *points, size_t count, double relative,
                          double spread, double near, double time, struct bn_rng rng,
                          double *captured, double *left)
{
    const size_t d = r->manifold->dimensions, n = r->net.x.rows;
    double *at = bn_alloc(count * (d + 2), sizeof *at);
    struct bn_mat x, noise = { 0 };

    if (at == NULL)
        return BN_NOMEM;
    double *before = at + count * d, *after = before + count;
    bn_status rc = bn_diagnose_target(&r->net, points, count, false, &x);
    if (rc == BN_OK)
        rc = bn_mat_alloc(&noise, 1, n);
    for (size_t t = 0; rc == BN_OK && t < count; t++) {
        bn_rng_normals(rng, t, 0, noise.data, n);
        const double scale = relative * spread / bn_norm(n, noise.data);
        for (size_t i = 0; i < n; i++)
            *bn_mat_at(&x, t, i) += scale * noise.data[i];
    }
    if (rc == BN_OK)
        rc = bn_roam_locate(r, &x, at, before);
    if (rc == BN_OK)
        rc = bn_roam_relax(r, &x, time);
    if (rc == BN_OK)
        rc = bn_roam_locate(r, &x, at, after);
    size_t within = 0;
    *left = 0.0;
    for (size_t t = 0; rc == BN_OK && t < count; t++) {
        const double moved = bn_manifold_distance(r->manifold, points + t * d, at + t * d);
        within += moved < near;
        *left += after[t] / before[t] / (double)count;
    }
    *captured = (double)within / (double)count;
    bn_mat_free(&x);
    bn_mat_free(&noise);
    free(at);
    return rc;
}

/* --- end states ---------------------------------------------------------------------- */

size_t bn_roam_groups(const bn_roam *r, const struct bn_mat *x, const double *at, double near,
                      size_t *group, double *effective)
{
    const size_t d = r->manifold->dimensions, n = x->cols;
    size_t groups = 0;
    double entropy = 0.0;

    for (size_t t = 0; t < x->rows; t++) {
        const double *a = bn_mat_row(x, t), norm = bn_norm(n, a);
        group[t] = groups;
        for (size_t s = 0, first = 0; s < t; s++) {
            const double *b = bn_mat_row(x, s);
            if (group[s] != first)
                continue;                /* not the first member of its group */
            first++;
            if (bn_dot(n, a, b) > ALIKE * norm * bn_norm(n, b)
                && bn_manifold_distance(r->manifold, at + s * d, at + t * d) < near) {
                group[t] = group[s];
                break;
            }
        }
        groups += group[t] == groups;
    }
    for (size_t g = 0; g < groups; g++) {
        double share = 0.0;
        for (size_t t = 0; t < x->rows; t++)
            share += (group[t] == g) / (double)x->rows;
        entropy -= share * log(share);
    }
    *effective = exp(entropy);
    return groups;
}
