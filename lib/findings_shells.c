/* SPDX-License-Identifier: MIT */
#include "findings_priv.h"

#include <basin/doublets.h>
#include <basin/grid.h>
#include <basin/sort.h>
#include <basin/summarise.h>

#include <math.h>
#include <stdio.h>
#include <string.h>

/* Functions whose eigenvalues are looked for, rows and columns of a covariance that is taken
 * apart, shells of the score, letters of a unit at most; share of the largest prediction
 * down to which shells are looked for.                                       */
enum { FUNCTIONS = 120, SIDE = 2500, SCORED = 5, UNIT = 64 };
static const double VISIBLE = 0.05;

struct shells {
    size_t count, functions;
    size_t *size, *found;
    double *laplacian, *predicted, *mean, *worst;
};

/* Mean over neurons and functions of a shell: sum a_k b_k. */
static double power_of(const struct bn_mat *a, const struct bn_mat *b, size_t first,
                       size_t size)
{
    double sum = 0.0;

    for (size_t i = 0; i < a->rows; i++)
        sum += bn_dot(size, bn_mat_row(a, i) + first, bn_mat_row(b, i) + first);
    return sum / (double)(a->rows * size);
}

static struct shells shells_of(const struct bn_ring_network *net, const struct bn_mat *phi,
                               double lambda)
{
    const size_t cols = net->x.cols < phi->cols ? net->x.cols : phi->cols;
    const size_t most = net->weights.n / 3 < FUNCTIONS ? net->weights.n / 3 : FUNCTIONS;
    struct shells s = { .size = (size_t *)(void *)bn_scratch_vec(FUNCTIONS + 1),
        .found = (size_t *)(void *)bn_scratch_vec(FUNCTIONS + 1),
        .laplacian = bn_scratch_vec(FUNCTIONS + 1), .predicted = bn_scratch_vec(FUNCTIONS + 1),
        .mean = bn_scratch_vec(FUNCTIONS + 1), .worst = bn_scratch_vec(FUNCTIONS + 1) };
    double top = 0.0;

    while (s.functions < cols) {
        size_t first;
        const size_t size = bn_harmonics_shell(net->harmonics, s.functions, &first);
        if (first + size > cols || first + size > most)
            break;
        const double predicted = power_of(&net->x, phi, first, size)
                               / (power_of(phi, phi, first, size) + lambda);
        top = fmax(top, fabs(predicted));
        if (s.count > 1 && !(fabs(predicted) >= VISIBLE * top))
            break;
        s.size[s.count] = size;
        s.laplacian[s.count] = bn_harmonics_eigenvalue(net->harmonics, first);
        s.predicted[s.count++] = predicted;
        s.functions += size;
    }
    return s;
}

static double *numbers(const size_t *from, size_t count)
{
    double *x = bn_scratch_vec(count + 1);

    for (size_t k = 0; k < count; k++)
        x[k] = (double)from[k];
    return x;
}

static void scores(const struct shells *s)
{
    double deviation[SCORED];
    size_t n = 0;

    for (size_t h = 1; h < s->count && n < SCORED; h++)
        if (s->found[h] == s->size[h])
            deviation[n++] = s->worst[h] / fabs(s->predicted[h]);
    if (n > 0)
        bn_summarise("shell_score", bn_median(deviation, n), "1", 0.0);
    if (s->count > 1) {
        bn_summarise("shell_1_size", (double)s->size[1], "1", 0.0);
        bn_summarise("shell_1_predicted", s->predicted[1], "1", 0.0);
        bn_summarise("shell_1_mean", s->mean[1], "1", 0.0);
    }
}

static void multiplets(const struct bn_ring_network *net, struct shells *s)
{
    const size_t n = net->weights.n, k = s->functions + 6 < n ? s->functions + 6 : n;
    double *re = bn_scratch_vec(k + 1), *im = bn_scratch_vec(k + 1);
    double *overlap = bn_scratch_vec(k + 1);
    size_t *home = (size_t *)(void *)bn_scratch_vec(k + 1), found;
    int64_t *shell = (int64_t *)(void *)bn_scratch_vec(k + 1);
    struct bn_mat vectors;

    BN_CHECK(bn_diagnose_spectrum(&net->weights, false, k, re, im, &found, &vectors));
    BN_CHECK(bn_shells(im, &vectors, found, &net->x, s->size, s->count, home, overlap));
    bn_mat_free(&vectors);
    for (size_t e = 0; e < found; e++) {
        shell[e] = home[e] < s->count ? (int64_t)home[e] : -1;
        if (home[e] == s->count)
            continue;
        s->found[home[e]]++;
        s->mean[home[e]] += re[e];
        s->worst[home[e]] = fmax(s->worst[home[e]],
                                 hypot(re[e] - s->predicted[home[e]], im[e]));
    }
    for (size_t h = 0; h < s->count; h++)
        s->mean[h] /= s->found[h] > 0 ? (double)s->found[h] : 1.0;
    bn_output_vec("/multiplet_real", re, found);
    bn_output_vec("/multiplet_imag", im, found);
    bn_output_integers("/multiplet_shell", shell, found);
    bn_output_vec("/multiplet_overlap", overlap, found);
}

/* Columns of c from `from` on, without the mean over the manifold if from = 1: covariance over
 * neurons or over functions, whichever is smaller; both have the same eigenvalues.  */
static bool covariance(const struct bn_mat *c, size_t from, struct bn_mat *g)
{
    const size_t n = c->rows, r = c->cols - from, side = n < r ? n : r;
    struct bn_mat part;

    if (side > SIDE || r == 0)
        return false;
    BN_CHECK(bn_mat_alloc(&part, n, r));
    for (size_t i = 0; i < n; i++)
        memcpy(bn_mat_row(&part, i), bn_mat_row(c, i) + from, r * sizeof(double));
    *g = bn_scratch(side, side);
    BN_CHECK(bn_gram(1.0 / (double)n, &part, n < r ? BN_PLAIN : BN_TRANSPOSED, g));
    bn_mat_free(&part);
    return true;
}

static void dimensions(const struct bn_ring_network *net, const struct bn_mat *phi)
{
    struct bn_mat g;

    if (covariance(&net->x, 1, &g))
        bn_summarise("participation_currents", bn_participation(&g), "1", 0.0);
    if (covariance(phi, 1, &g))
        bn_summarise("participation_rates", bn_participation(&g), "1", 0.0);
    if (!covariance(phi, 0, &g))
        return;
    const size_t r = g.rows;
    double *w = bn_scratch_vec(r), *down = bn_scratch_vec(r);
    bn_summarise("participation_kernel", bn_participation(&g), "1", 0.0);
    BN_CHECK(bn_eig_symmetric(&g, w));
    for (size_t i = 0; i < r; i++)
        down[i] = w[r - 1 - i];
    bn_output_vec("/kernel", down, r);
}

void bn_findings_shells(const struct bn_ring_network *net, const struct bn_mat *phi,
                        double lambda)
{
    struct shells s = shells_of(net, phi, lambda);
    const char *unit = bn_manifold_unit("tuning");
    char per[UNIT];

    snprintf(per, sizeof per, "%s-2", unit);
    multiplets(net, &s);
    bn_output_vec("/shell_laplacian", s.laplacian, s.count);
    bn_output_attribute("/shell_laplacian", "units", per);
    bn_output_vec("/shell_size", numbers(s.size, s.count), s.count);
    bn_output_vec("/shell_predicted", s.predicted, s.count);
    bn_output_vec("/shell_found", numbers(s.found, s.count), s.count);
    bn_output_vec("/shell_mean", s.mean, s.count);
    scores(&s);
    dimensions(net, phi);
}
