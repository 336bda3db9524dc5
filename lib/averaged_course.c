/* SPDX-License-Identifier: MIT */
#include "averaged_priv.h"

#include <basin/mem.h>

#include <math.h>
#include <stdlib.h>

/* Weights of a low-pass below this are not summed. */
static const double LEAST = 1e-18;

/* E[e^{-ik(step over `lag` presentations)}], from its mean and its variance. */
static double correlation(const struct bn_motion *m, size_t k, double lag, double variance,
                          bool odd)
{
    const double turn = (double)k * m->mean * lag;
    const double size = k == 0 ? 1.0 : exp(-0.5 * (double)(k * k) * variance);

    return size * (odd ? -sin(turn) : cos(turn));
}

bn_status bn_lowpass_make(const struct bn_motion *motion, double share, bool past,
                          size_t harmonics, struct bn_lowpass *l)
{
    *l = (struct bn_lowpass){ 0 };
    if (!(share > 0.0 && share <= 1.0) || !(motion->sd >= 0.0) || !(motion->memory >= 0.0)
        || !(motion->memory <= 1.0) || !isfinite(motion->mean))
        return bn_fail(BN_USAGE, "a low-pass with a share of %g of a course with steps of %g +- "
                       "%g and memory %g: shares lie in (0, 1], memory in [0, 1]", share,
                       motion->mean, motion->sd, motion->memory);
    double *re = bn_alloc(5 * harmonics, sizeof *re);
    if (re == NULL)
        return BN_NOMEM;
    double *im = re + harmonics, *power = im + harmonics;
    double *swing_re = power + harmonics, *swing_im = swing_re + harmonics;
    const double square = isinf(motion->sd) ? 0.0 : motion->sd * motion->sd;
    double weight = 1.0, before = 0.0, variance = 0.0, reach = 0.0, memory = 1.0;
    for (size_t lag = 0; weight > LEAST || lag < 2; lag++) {
        for (size_t k = 0; k < harmonics; k++) {
            const double c = correlation(motion, k, (double)lag, variance, false);
            const double s = correlation(motion, k, (double)lag, variance, true);
            const double at = share * (past ? before : weight);
            re[k] += at * c;
            im[k] += at * s;
            /* E[u e^{-ikD}] = -ik Cov(u, D) E[e^{-ikD}] of the next step u and the last D */
            swing_re[k] += at * (double)k * square * reach * s;
            swing_im[k] -= at * (double)k * square * reach * c;
            power[k] += share / (2.0 - share) * (lag == 0 ? 1.0 : 2.0) * weight * c;
        }
        /* Var(sum of s + 1 steps) = Var(sum of s) + sd^2 (1 + 2 sum_{d <= s} memory^d) */
        variance += motion->sd * motion->sd * (1.0 + 2.0 * reach);
        memory *= motion->memory;
        reach += memory;
        before = weight;
        weight *= 1.0 - share;
    }
    *l = (struct bn_lowpass){ harmonics, re, im, power, swing_re, swing_im };
    return BN_OK;
}

void bn_lowpass_free(struct bn_lowpass *l)
{
    free((void *)(uintptr_t)l->re);      /* one block for all */
    *l = (struct bn_lowpass){ 0 };
}
