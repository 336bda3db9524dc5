/* SPDX-License-Identifier: MIT */
#include <basin/milestones.h>
#include <basin/diagnose.h>
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

/* Sum of squares of the columns of harmonic k. */
static double power_of(const struct bn_mat *c, size_t k)
{
    double s = 0.0;

    for (size_t col = k == 0 ? 0 : 2 * k - 1; col <= 2 * k && col < c->cols; col++)
        for (size_t i = 0; i < c->rows; i++)
            s += *bn_mat_at(c, i, col) * *bn_mat_at(c, i, col);
    return s;
}

size_t bn_milestones_harmonics(const struct bn_mat *x, size_t most)
{
    const double norm = bn_mat_norm(x), least = VISIBLE * norm * norm;
    size_t k = 1;

    while (k < most && 2 * k < x->cols && power_of(x, k) > least)
        k++;
    return k;
}

bn_status bn_milestones_residual(const struct bn_operator *op, const struct bn_mat *x,
                                 const struct bn_mat *phi, double *power, size_t harmonics,
                                 double *total)
{
    const size_t n = phi->rows, r = phi->cols;
    struct bn_mat p, out;

    BN_TRY(bn_mat_alloc(&p, r, n));
    bn_status rc = bn_mat_alloc(&out, r, n);
    if (rc == BN_OK) {
        for (size_t i = 0; i < n; i++)
            for (size_t k = 0; k < r; k++)
                *bn_mat_at(&p, k, i) = *bn_mat_at(phi, i, k);
        rc = bn_operator_apply(op, BN_PLAIN, &p, &out);
        *total = 0.0;
        memset(power, 0, harmonics * sizeof *power);
        for (size_t k = 0; rc == BN_OK && k < r; k++) {
            double s = 0.0;
            for (size_t i = 0; i < n; i++) {
                const double e = *bn_mat_at(&out, k, i) - *bn_mat_at(x, i, k);
                s += e * e;
            }
            *total += s;
            if ((k + 1) / 2 < harmonics)
                power[(k + 1) / 2] += s;
        }
        bn_mat_free(&out);
    }
    bn_mat_free(&p);
    return rc;
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

bn_status bn_milestones_look(struct bn_milestones *m, size_t which, const struct bn_operator *op,
                             const struct bn_mat *x, const struct bn_mat *phi)
{
    double *harmonic = bn_mat_row(&m->harmonic, which), total;

    BN_TRY(bn_milestones_residual(op, x, phi, harmonic, m->harmonics, &total));
    m->residual[which] = sqrt(total) / bn_mat_norm(x);
    for (size_t k = 0; k < m->harmonics; k++) {
        const double there = power_of(x, k);         /* 0: curves of zero mean */
        harmonic[k] = there > 0.0 ? sqrt(harmonic[k] / there) : 0.0;
    }
    if (m->eigenvalues == 0 || is_zero(op))
        return BN_OK;
    return eigenvalues(op, m->eigenvalues, bn_mat_row(&m->re, which),
                       bn_mat_row(&m->im, which));
}
