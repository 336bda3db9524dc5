/* SPDX-License-Identifier: MIT */
#include <basin/milestones.h>
#include <basin/diagnose.h>
#include <basin/learned.h>
#include <basin/mem.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A harmonic is there from this share of the mean square on; neurons up to which all
 * eigenvalues are computed where the leading ones alone do not converge.      */
static const double VISIBLE = 1e-5;
enum { FULL_LIMIT = 2000 };

size_t bn_milestones_at(uint64_t total, size_t count, double *at)
{
    const size_t n = total < count - 1 ? (size_t)total + 1 : count;
    const double last = (double)total;

    for (size_t k = 0; k < n; k++) {
        const double share = n > 2 ? (double)(k > 0 ? k - 1 : 0) / (double)(n - 2) : 1.0;
        const double even = k == 0 ? 0.0 : round(pow(last, share));
        at[k] = k == 0 ? 0.0 : fmax(at[k - 1] + 1.0, even);
        /* room for one presentation before each of those that follow */
        at[k] = fmin(at[k], last - (double)(n - 1 - k));
    }
    return n;
}

size_t bn_milestones_harmonics(const struct bn_mat *x, size_t most)
{
    const size_t all = x->cols / 2 + 1, count = most < all ? most : all;
    const double norm = bn_mat_norm(x);
    const double least = VISIBLE * norm * norm / (double)x->rows;
    double *power = bn_alloc(count, sizeof *power);
    size_t k = 1;

    if (power == NULL)
        return 1;
    bn_learned_power(x, power, count);
    while (k < count && power[k] > least)
        k++;
    free(power);
    return k;
}

/* Nothing learned yet: not one weight. */
static bool is_zero(const struct bn_operator *op)
{
    const struct bn_mat *m = op->dense.data != NULL ? &op->dense : &op->left;

    for (size_t k = 0; k < m->rows * m->cols; k++)
        if (m->data[k] != 0.0)
            return false;
    return true;
}

static bn_status eigenvalues(const struct bn_operator *op, size_t k, double *re, double *im)
{
    double *all = bn_alloc(2 * (op->n + 1), sizeof *all);
    size_t found = 0;

    if (all == NULL)
        return BN_NOMEM;
    double *r = all, *i = all + op->n + 1;
    bn_status rc = bn_diagnose_spectrum(op, false, k, r, i, &found, NULL);
    if (rc == BN_NUMERIC && op->n <= FULL_LIMIT)     /* many of equal size, at the beginning */
        rc = bn_diagnose_spectrum(op, true, op->n, r, i, &found, NULL);
    memcpy(re, r, (found < k ? found : k) * sizeof *re);
    memcpy(im, i, (found < k ? found : k) * sizeof *im);
    free(all);
    return rc;
}

/* share[k] = sqrt(power[k]/that of x); 0 where x has nothing. */
static void relative(const double *power, const double *there, size_t n, double *share)
{
    for (size_t k = 0; k < n; k++)
        share[k] = there[k] > 0.0 ? sqrt(power[k] / there[k]) : 0.0;
}

bn_status bn_milestones_look(struct bn_milestones *m, size_t which, const struct bn_operator *op,
                             const struct bn_mat *x, const struct bn_mat *phi)
{
    const size_t all = (x->cols > phi->cols ? x->cols : phi->cols) / 2 + 1;
    double *power = bn_alloc(2 * all, sizeof *power), total = 0.0, norm = 0.0;

    if (power == NULL)
        return BN_NOMEM;
    bn_learned_power(x, power + all, all);
    bn_status rc = bn_learned_residual(op, x, phi, power, all);
    for (size_t k = 0; k < all; k++) {
        total += power[k];
        norm += power[all + k];
    }
    m->residual[which] = sqrt(total / norm);
    relative(power, power + all, m->harmonics, bn_mat_row(&m->harmonic, which));
    free(power);
    if (rc != BN_OK || m->eigenvalues == 0 || is_zero(op))
        return rc;
    return eigenvalues(op, m->eigenvalues, bn_mat_row(&m->re, which),
                       bn_mat_row(&m->im, which));
}

bn_status bn_milestones_predict(const struct bn_milestones *m, const bn_averaged *a,
                                const struct bn_mat *x, struct bn_mat *harmonic)
{
    double *there = bn_alloc(m->harmonics, sizeof *there);

    if (there == NULL)
        return BN_NOMEM;
    bn_learned_power(x, there, m->harmonics);
    const bn_status rc = bn_averaged_residual(a, x, m->at, m->count, harmonic);
    for (size_t s = 0; s < m->count; s++)
        relative(bn_mat_row(harmonic, s), there, m->harmonics, bn_mat_row(harmonic, s));
    free(there);
    return rc;
}
