/* SPDX-License-Identifier: MIT */
#include <basin/accuracy.h>
#include <basin/mem.h>
#include <basin/sort.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

double bn_accuracy_length(const struct bn_manifold *m)
{
    return pow(bn_manifold_extent(m), 1.0 / (double)m->dimensions);
}

void bn_accuracy_errors(const struct bn_manifold *m, const struct bn_mat *truth,
                        const struct bn_mat *decoded, double *error)
{
    for (size_t t = 0; t < truth->rows; t++)
        error[t] = bn_manifold_distance(m, bn_mat_row(truth, t), bn_mat_row(decoded, t));
}

bn_status bn_accuracy_of(const double *error, size_t n, double limit, struct bn_accuracy *a)
{
    double *sorted = bn_alloc(n, sizeof *sorted);

    *a = (struct bn_accuracy){ 0 };
    if (sorted == NULL)
        return BN_NOMEM;
    memcpy(sorted, error, n * sizeof *sorted);
    for (size_t t = 0; t < n; t++) {
        a->mean += error[t] / (double)n;
        a->rmse += error[t] * error[t] / (double)n;
        a->far += (error[t] > limit ? 1.0 : 0.0) / (double)n;
    }
    a->rmse = sqrt(a->rmse);
    if (n > 0) {
        a->median = bn_median(sorted, n);
        a->p99 = sorted[(size_t)ceil(0.99 * (double)n) - 1];
    }
    free(sorted);
    return BN_OK;
}

/* --- coarse bins --------------------------------------------------------------------------- */

struct bn_coarse bn_coarse_make(const struct bn_manifold *m, size_t wanted)
{
    struct bn_coarse b = { 1, { 1, 1, 1 } };

    for (size_t d = 0; d < m->dimensions; d++) {
        double n = pow((double)wanted, 1.0 / (double)m->dimensions);
        if (m->kind == BN_SPHERE)
            n *= d == 0 ? sqrt(2.0) : sqrt(0.5);
        b.count[d] = n > 1.0 ? (size_t)floor(n + 0.5) : 1;
        b.bins *= b.count[d];
    }
    return b;
}

/* Coordinate d as a share of its range, by area. */
static double share(const struct bn_manifold *m, size_t d, double c)
{
    if (m->kind == BN_SPHERE)
        return d == 0 ? c / BN_TWO_PI : 0.5 * (1.0 + sin(c));
    return m->kind == BN_RING ? c / BN_TWO_PI : c / m->size[d];
}

size_t bn_coarse_bin(const struct bn_manifold *m, const struct bn_coarse *b, const double *c)
{
    size_t bin = 0;

    for (size_t d = 0; d < m->dimensions; d++) {
        const double x = share(m, d, c[d]) * (double)b->count[d];
        const size_t last = b->count[d] - 1;
        bin = bin * b->count[d] + (x > 0.0 ? x < (double)last ? (size_t)x : last : 0);
    }
    return bin;
}

void bn_coarse_middle(const struct bn_manifold *m, const struct bn_coarse *b, size_t bin,
                      double *c)
{
    for (size_t d = m->dimensions; d-- > 0;) {
        const double x = ((double)(bin % b->count[d]) + 0.5) / (double)b->count[d];
        bin /= b->count[d];
        if (m->kind == BN_SPHERE)
            c[d] = d == 0 ? BN_TWO_PI * x : asin(2.0 * x - 1.0);
        else
            c[d] = (m->kind == BN_RING ? BN_TWO_PI : m->size[d]) * x;
    }
}

void bn_accuracy_confusion(const struct bn_manifold *m, const struct bn_coarse *b,
                           const struct bn_mat *truth, const struct bn_mat *decoded,
                           struct bn_mat *confusion)
{
    memset(confusion->data, 0, b->bins * b->bins * sizeof(double));
    for (size_t t = 0; t < truth->rows; t++)
        *bn_mat_at(confusion, bn_coarse_bin(m, b, bn_mat_row(truth, t)),
                   bn_coarse_bin(m, b, bn_mat_row(decoded, t))) += 1.0;
}

/* --- information ----------------------------------------------------------------------------- */

/* How many of the bins that were seen are expected to be, if `more` bins that were not have
 * the probability that Bayes' rule leaves to them.                              */
static double expected(const double *row, size_t bins, double tries, double seen, double more)
{
    const double gone = more * (1.0 - pow(tries / (tries + seen), 1.0 / tries));
    double sum = more > 0.0 ? more * (1.0 - pow(1.0 - gone / more, tries)) : 0.0;

    for (size_t k = 0; k < bins; k++)
        if (row[k] > 0.0) {
            const double p = more > 0.0 ? (1.0 - gone) * (row[k] + 1.0) / (tries + seen)
                                        : row[k] / tries;
            sum += 1.0 - pow(1.0 - p, tries);
        }
    return sum;
}

/* Bins that can occur: as many as make the number that did the expected one. */
static double relevant(const double *row, size_t bins, double most)
{
    double tries = 0.0, seen = 0.0, more = 0.0, last = most;

    for (size_t k = 0; k < bins; k++) {
        tries += row[k];
        seen += row[k] > 0.0 ? 1.0 : 0.0;
    }
    if (seen >= most || tries == 0.0)
        return seen;
    double off = fabs(seen - expected(row, bins, tries, seen, 0.0));
    while (off < last && seen + more < most) {
        more += 1.0;
        last = off;
        off = fabs(seen - expected(row, bins, tries, seen, more));
    }
    return fmax(seen, seen + more - (off < last ? 0.0 : 1.0));
}

bn_status bn_accuracy_bits(const struct bn_mat *confusion, double *bits, double *bias)
{
    const size_t n = confusion->rows;
    double total = 0.0, excess = 0.0, columns = 0.0;
    double *column = bn_alloc(n, sizeof *column);

    *bits = *bias = 0.0;
    if (column == NULL)
        return BN_NOMEM;
    for (size_t s = 0; s < n; s++)
        for (size_t k = 0; k < n; k++)
            column[k] += *bn_mat_at(confusion, s, k);
    for (size_t k = 0; k < n; k++) {
        total += column[k];
        columns += column[k] > 0.0 ? 1.0 : 0.0;
    }
    for (size_t s = 0; s < n; s++) {
        const double *row = bn_mat_row(confusion, s);
        double sum = 0.0;
        for (size_t k = 0; k < n; k++)
            sum += row[k];
        for (size_t k = 0; k < n; k++)
            if (row[k] > 0.0)
                *bits += row[k] / total * log2(row[k] * total / (sum * column[k]));
        if (sum > 0.0)
            excess += relevant(row, n, columns) - 1.0;
    }
    if (total > 0.0)
        *bias = (excess - (columns - 1.0)) / (2.0 * total * log(2.0));
    free(column);
    return BN_OK;
}

bool bn_accuracy_crossing(const double *x, const double *y, size_t n, double wanted,
                          double *at)
{
    for (size_t k = 0; k < n; k++)
        if (y[k] <= wanted) {
            *at = x[k];
            if (k > 0 && y[k] < y[k - 1])
                *at = x[k] * pow(x[k - 1] / x[k], log(y[k] / wanted) / log(y[k] / y[k - 1]));
            return k > 0 || y[k] == wanted;
        }
    return false;
}
