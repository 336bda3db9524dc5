/* SPDX-License-Identifier: MIT */
#include <basin/population.h>

#include <basin/mem.h>

#include <stdlib.h>
#include <string.h>

#define TURN 6.283185307179586

void bn_population_free(struct bn_population *p)
{
    free(p->rate), free(p->raw), free(p->spikes), free(p->smoothing);
    free(p->smoothing_fold), free(p->session), free(p->occupancy);
    *p = (struct bn_population){0};
}

static bn_status widen(double **x, size_t n)
{
    double *more = bn_grow(*x, n, sizeof *more);
    if (more == NULL)
        return BN_NOMEM;
    *x = more;
    return BN_OK;
}

/* Room for `n` units; p->n stays until they are filled. */
static bn_status reserve(struct bn_population *p, size_t n)
{
    if (n > SIZE_MAX / p->angles)
        return bn_fail(BN_NOMEM, "out of memory: %zu units of %zu angles", n, p->angles);
    BN_TRY(widen(&p->rate, n * p->angles));
    BN_TRY(widen(&p->raw, n * p->angles));
    BN_TRY(widen(&p->session, n));
    if (p->counted) {
        BN_TRY(widen(&p->spikes, n));
        BN_TRY(widen(&p->smoothing, n));
        BN_TRY(widen(&p->smoothing_fold, n * BN_FOLDS));
    }
    return BN_OK;
}

static bn_status begin(struct bn_population *p, size_t units, size_t angles, bool counted)
{
    if (p->n == 0) {
        p->angles = angles;
        p->counted = counted;
        p->occupancy = bn_alloc(angles, sizeof *p->occupancy);
        if (p->occupancy == NULL)
            return BN_NOMEM;
    }
    if (p->counted != counted)
        return bn_fail(BN_INPUT, "finished curves and spikes cannot be pooled: give "
                                 "either kind of file alone");
    if (p->angles != angles)
        return bn_fail(BN_INPUT,
                       "%zu angles here but %zu in the files before: only curves over "
                       "the same angles can be pooled",
                       angles, p->angles);
    return reserve(p, p->n + units);
}

bn_status bn_population_add(struct bn_population *p, const struct bn_tally *t,
                            const double *sigmas, size_t n, double floor, size_t session)
{
    BN_TRY(begin(p, t->units, t->angles, true));
    const size_t row = p->n * p->angles;
    double *chosen = p->smoothing_fold + p->n * BN_FOLDS;
    BN_TRY(bn_tally_smooth(t, sigmas, n, floor, p->rate + row, chosen));
    bn_tally_raw(t, p->raw + row);
    for (size_t u = 0; u < t->units; u++) {
        p->spikes[p->n + u] = bn_tally_spikes(t, u);
        p->smoothing[p->n + u] = 0.5 * (chosen[BN_FOLDS * u] + chosen[BN_FOLDS * u + 1]);
        p->session[p->n + u] = (double)session;
    }
    for (size_t m = 0; m < p->angles; m++)
        p->occupancy[m] += t->occupancy[m] + t->occupancy[p->angles + m];
    p->n += t->units;
    return BN_OK;
}

bn_status bn_population_import(struct bn_population *p, const double *rate, size_t units,
                               size_t angles, size_t session)
{
    BN_TRY(begin(p, units, angles, false));
    memcpy(p->rate + p->n * angles, rate, units * angles * sizeof *rate);
    memcpy(p->raw + p->n * angles, rate, units * angles * sizeof *rate);
    for (size_t u = 0; u < units; u++)
        p->session[p->n + u] = (double)session;
    p->n += units;
    return BN_OK;
}

/* Row `to` becomes unit `from` turned by an angle. */
static void turned(struct bn_population *p, size_t from, size_t to, double by)
{
    bn_curve_rotate(p->rate + from * p->angles, p->angles, by, p->rate + to * p->angles);
    bn_curve_rotate(p->raw + from * p->angles, p->angles, by, p->raw + to * p->angles);
    p->session[to] = p->session[from];
    if (!p->counted)
        return;
    p->spikes[to] = p->spikes[from];
    p->smoothing[to] = p->smoothing[from];
    memcpy(p->smoothing_fold + to * BN_FOLDS, p->smoothing_fold + from * BN_FOLDS,
           BN_FOLDS * sizeof *p->smoothing_fold);
}

bn_status bn_population_copy(struct bn_population *p, size_t copies, struct bn_rng random)
{
    const size_t units = p->n;
    double *share = bn_alloc(copies, sizeof *share);

    if (share == NULL)
        return BN_NOMEM;
    const bn_status rc =
        copies < SIZE_MAX / (units + 1)
            ? reserve(p, units * (copies + 1))
            : bn_fail(BN_NOMEM, "out of memory: %zu copies of %zu units", copies, units);
    for (size_t u = 0; u < units && rc == BN_OK; u++) {
        bn_rng_uniforms(random, u, 0, share, copies);
        for (size_t k = 0; k < copies; k++)
            turned(p, u, (k + 1) * units + u, TURN * share[k]);
    }
    if (rc == BN_OK)
        p->n = units * (copies + 1);
    free(share);
    return rc;
}

void bn_population_centres(const struct bn_population *p, double *preferred,
                           double *length)
{
    for (size_t u = 0; u < p->n; u++)
        bn_curve_centre(p->rate + u * p->angles, p->angles, &preferred[u], &length[u]);
}
