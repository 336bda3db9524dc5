/* SPDX-License-Identifier: MIT */
#include <basin/walk.h>
#include <basin/blur.h>
#include <basin/mem.h>
#include <basin/special.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCK = 64 };                     /* bins that are scored at a time */

struct bn_walk {
    const struct bn_axes *axes;
    bn_blur *blur;
    double jump;
    double *prior, *inverse;             /* [P] 1/Z; 0 where there is no candidate */
    double *share, *scratch, *posterior, *ahead;
};

void bn_walk_free(bn_walk *w)
{
    if (w == NULL)
        return;
    bn_blur_free(w->blur);
    free(w->prior);
    free(w->inverse);
    free(w->share);
    free(w->scratch);
    free(w->posterior);
    free(w->ahead);
    free(w);
}

const double *bn_walk_posterior(const bn_walk *w)
{
    return w->posterior;
}

bn_status bn_walk_new(bn_walk **out, const struct bn_axes *l, const double *prior,
                      double step, double jump)
{
    *out = NULL;
    if (!(jump >= 0.0 && jump <= 1.0))
        return bn_fail(BN_USAGE, "the probability of a jump must be from 0 to 1, not %g", jump);
    bn_walk *w = bn_alloc(1, sizeof *w);
    if (w == NULL)
        return BN_NOMEM;
    double **array[] = { &w->prior, &w->inverse, &w->share, &w->scratch, &w->posterior,
                         &w->ahead };
    bn_status rc = BN_OK;

    for (size_t k = 0; k < BN_LEN(array); k++)
        if ((*array[k] = bn_alloc(l->points, sizeof(double))) == NULL)
            rc = BN_NOMEM;
    if (rc == BN_OK)
        rc = bn_blur_new(&w->blur, l, step);
    if (rc != BN_OK) {
        bn_walk_free(w);
        return rc;
    }
    w->axes = l;
    w->jump = jump;
    memcpy(w->prior, prior, l->points * sizeof *prior);
    bn_blur_apply(w->blur, prior, w->share, w->scratch);
    for (size_t p = 0; p < l->points; p++)
        w->inverse[p] = prior[p] > 0.0 ? 1.0 / w->share[p] : 0.0;
    *out = w;
    return BN_OK;
}

void bn_walk_predict(bn_walk *w, const double *from, double *to)
{
    for (size_t p = 0; p < w->axes->points; p++)
        w->share[p] = from[p] * w->inverse[p];
    bn_blur_apply(w->blur, w->share, to, w->scratch);
    for (size_t p = 0; p < w->axes->points; p++)
        to[p] = w->prior[p] * ((1.0 - w->jump) * to[p] + w->jump);
}

/* posterior ~ ahead e^(s - most); the largest score is that of what can be reached, so the
 * sum is never 0.                                                               */
static void update(bn_walk *w, const double *score, const double *ahead)
{
    const size_t points = w->axes->points;
    double most = -1e300, sum = 0.0;

    for (size_t p = 0; p < points; p++)
        most = ahead[p] > 0.0 && score[p] > most ? score[p] : most;
    for (size_t p = 0; p < points; p++)
        w->share[p] = fmax(score[p] - most, -745.0);
    bn_exp(points, w->share, w->posterior);
    for (size_t p = 0; p < points; p++)
        sum += w->posterior[p] *= ahead[p];
    for (size_t p = 0; p < points; p++)
        w->posterior[p] /= sum;
}

static double log_density(const void *context, size_t p)
{
    const bn_walk *w = context;
    return log(fmax(w->posterior[p] / w->prior[p], 1e-300));
}

static double entropy(const bn_walk *w)
{
    double sum = 0.0;

    for (size_t p = 0; p < w->axes->points; p++)
        if (w->posterior[p] > 0.0)
            sum += w->posterior[p] * log2(w->posterior[p] / w->prior[p]);
    return sum;
}

static size_t densest(const bn_walk *w)
{
    size_t best = 0;
    double most = -1.0;

    for (size_t p = 0; p < w->axes->points; p++)
        if (w->prior[p] > 0.0 && w->posterior[p] > most * w->prior[p]) {
            most = w->posterior[p] / w->prior[p];
            best = p;
        }
    return best;
}

bn_status bn_walk_filter(bn_walk *w, const bn_readout *r, const struct bn_mat *counts,
                         const bool *fresh, struct bn_mat *position, double *bits)
{
    const size_t points = w->axes->points;
    struct bn_mat score;

    BN_TRY(bn_mat_alloc(&score, BLOCK, points));
    bn_status rc = BN_OK;
    for (size_t t = 0; rc == BN_OK && t < counts->rows; t++) {
        if (t % BLOCK == 0) {
            const size_t left = counts->rows - t;
            const struct bn_mat some = { left < BLOCK ? left : BLOCK, counts->cols,
                                         bn_mat_row(counts, t) };
            score.rows = some.rows;
            rc = bn_readout_scores(r, &some, &score);
            if (rc != BN_OK)
                break;
        }
        if (t == 0 || (fresh != NULL && fresh[t]))
            memcpy(w->ahead, w->prior, points * sizeof *w->ahead);
        else
            bn_walk_predict(w, w->posterior, w->ahead);
        update(w, bn_mat_row(&score, t % BLOCK), w->ahead);
        bn_readout_refine(w->axes, w->prior, densest(w), log_density, w,
                          bn_mat_row(position, t));
        if (bits != NULL)
            bits[t] = entropy(w);
    }
    bn_mat_free(&score);
    return rc;
}

/* --- positions ------------------------------------------------------------------------------ */

static void uniform(const struct bn_manifold *m, struct bn_rng rng, uint64_t t, double *c)
{
    double u[BN_DIMENSIONS];

    bn_rng_uniforms(rng, t, 0, u, m->dimensions);
    for (size_t d = 0; d < m->dimensions; d++)
        c[d] = u[d] * m->size[d];
    if (m->kind == BN_RING)
        c[0] = BN_TWO_PI * u[0];
    if (m->kind == BN_SPHERE) {
        c[0] = BN_TWO_PI * u[0];
        c[1] = asin(2.0 * u[1] - 1.0);
    }
}

static double reflect(double x, double size)
{
    x = fabs(x);
    x -= 2.0 * size * floor(x / (2.0 * size));
    return x <= size ? x : 2.0 * size - x;
}

void bn_walk_positions(const struct bn_manifold *m, double step, struct bn_rng rng,
                       struct bn_mat *position)
{
    const struct bn_rng moves = bn_rng_sub(rng, "moves");

    for (size_t t = 0; t < position->rows; t++) {
        double *c = bn_mat_row(position, t), z[BN_DIMENSIONS];
        if (t == 0 || step <= 0.0) {
            uniform(m, rng, t, c);
            continue;
        }
        const double *before = bn_mat_row(position, t - 1);
        bn_rng_normals(moves, t, 0, z, m->dimensions);
        for (size_t d = 0; d < m->dimensions; d++)
            z[d] *= step;
        if (bn_manifold_closed(m)) {
            bn_manifold_move(m, before, z, c);
            bn_manifold_wrap(m, c);
        }
        for (size_t d = 0; d < m->dimensions && !bn_manifold_closed(m); d++)
            c[d] = reflect(before[d] + z[d], m->size[d]);
    }
}
