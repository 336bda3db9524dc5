/* SPDX-License-Identifier: MIT */
#include <basin/describe.h>
#include <basin/mem.h>
#include <basin/tile.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define TWO_PI 6.28318530717958647692

/* --- peaks ---------------------------------------------------------------------------- */

static int falling(const void *x, const void *y)
{
    const double a = *(const double *)x, b = *(const double *)y;
    return (a < b) - (a > b);
}

/* Is k the first angle of a run of equal rates that falls on both sides? */
static bool is_peak(const double *rate, size_t m, size_t k)
{
    size_t next = (k + 1) % m;

    if (!(rate[(k + m - 1) % m] < rate[k]))
        return false;
    while (next != k && !(rate[next] < rate[k]) && !(rate[next] > rate[k]))
        next = (next + 1) % m;
    return rate[next] < rate[k];
}

bn_status bn_describe_peaks(const double *rate, size_t m, double level, size_t *count,
                            double *height, size_t most)
{
    double mean = 0.0, square = 0.0, *found = bn_alloc(m, sizeof *found);
    size_t n = 0;

    if (found == NULL)
        return BN_NOMEM;
    for (size_t k = 0; k < m; k++)
        mean += rate[k] / (double)m;
    for (size_t k = 0; k < m; k++)
        square += (rate[k] - mean) * (rate[k] - mean) / (double)m;
    const double above = mean + level * sqrt(square);
    *count = 0;
    for (size_t k = 0; k < m; k++)
        if (is_peak(rate, m, k)) {
            *count += rate[k] > above;
            found[n++] = rate[k];
        }
    qsort(found, n, sizeof *found, falling);
    for (size_t k = 0; height != NULL && k < most; k++)
        height[k] = k < n ? found[k] : 0.0;
    free(found);
    return BN_OK;
}

/* --- single curves ------------------------------------------------------------------------ */

double bn_describe_symmetry(const double *c, size_t r, double centre)
{
    double even = 0.0, odd = 0.0;

    for (size_t k = 1; k + 1 < r; k += 2) {
        const double n = (double)((k + 1) / 2), cs = cos(n * centre), sn = sin(n * centre);
        const double a = c[k] * cs + c[k + 1] * sn, b = c[k + 1] * cs - c[k] * sn;
        even += a * a;
        odd += b * b;
    }
    return even + odd > 0.0 ? (even - odd) / (even + odd) : 0.0;
}

double bn_describe_information(const double *rate, size_t m)
{
    double mean = 0.0, sum = 0.0;

    for (size_t k = 0; k < m; k++)
        mean += rate[k] / (double)m;
    for (size_t k = 0; k < m; k++)
        if (rate[k] > 0.0)               /* r log r -> 0 */
            sum += rate[k] / mean * log2(rate[k] / mean);
    return sum / (double)m;
}

/* --- tests ---------------------------------------------------------------------------------- */

static int rising(const void *x, const void *y)
{
    return falling(y, x);
}

/* The series is 1 to rounding below 0.4, where it would need many terms. */
static double kuiper_tail(double x)
{
    double sum = 0.0;

    if (x < 0.4)
        return 1.0;
    for (int j = 1; j <= 20; j++) {
        const double u = (double)j * (double)j * x * x;
        sum += 2.0 * (4.0 * u - 1.0) * exp(-2.0 * u);
    }
    return fmin(fmax(sum, 0.0), 1.0);
}

bn_status bn_describe_kuiper(const double *angle, size_t n, double *statistic, double *p)
{
    double above = 0.0, below = 0.0, *u = NULL;

    if (n == 0)
        return bn_fail(BN_INPUT, "no angles to test: a population needs cells");
    u = bn_alloc(n, sizeof *u);
    if (u == NULL)
        return BN_NOMEM;
    for (size_t i = 0; i < n; i++)
        u[i] = angle[i] / TWO_PI - floor(angle[i] / TWO_PI);
    qsort(u, n, sizeof *u, rising);
    for (size_t i = 0; i < n; i++) {
        above = fmax(above, (double)(i + 1) / (double)n - u[i]);
        below = fmax(below, u[i] - (double)i / (double)n);
    }
    free(u);
    const double root = sqrt((double)n);
    *statistic = above + below;
    *p = kuiper_tail((root + 0.155 + 0.24 / root) * *statistic);
    return BN_OK;
}

struct ranked {
    double p;
    size_t at;
};

static int by_p(const void *x, const void *y)
{
    const struct ranked *a = x, *b = y;
    return (a->p > b->p) - (a->p < b->p);
}

bn_status bn_describe_discoveries(const double *p, size_t n, double *q)
{
    struct ranked *r = bn_alloc(n, sizeof *r);
    double least = 1.0;

    if (r == NULL)
        return BN_NOMEM;
    for (size_t i = 0; i < n; i++)
        r[i] = (struct ranked){ p[i], i };
    qsort(r, n, sizeof *r, by_p);
    for (size_t i = n; i-- > 0;) {
        least = fmin(least, (double)n / (double)(i + 1) * r[i].p);
        q[r[i].at] = least;
    }
    free(r);
    return BN_OK;
}

/* --- circularity ------------------------------------------------------------------------------ */

/* s [r - 1, r - 1] = sum of a a^T over cells, columns (a_1, b_1, a_2, b_2, ...).  In the
 * complex basis the circulant part is the diagonal; harmonics n and -n each have
 * (s_aa + s_bb)/2 there, and the Frobenius norm is the same in both bases.   */
static double circular_share(const struct bn_mat *s)
{
    double part = 0.0, whole = 0.0;

    for (size_t k = 0; k + 1 < s->rows; k += 2) {
        const double d = *bn_mat_at(s, k, k) + *bn_mat_at(s, k + 1, k + 1);
        part += 0.5 * d * d;
    }
    for (size_t k = 0; k < s->rows * s->cols; k++)
        whole += s->data[k] * s->data[k];
    return whole > 0.0 ? part / whole : 1.0;
}

enum { BLOCK = 64 };                     /* cells per product */

struct circularity {
    const struct bn_mat *c;
    const size_t *cells;
    struct bn_rng rng;
    struct bn_mat *share;
};

static bn_status add_cells(const struct bn_mat *c, const size_t *order, size_t from, size_t to,
                           struct bn_mat *block, struct bn_mat *s)
{
    for (size_t i = from; i < to; i += BLOCK) {
        struct bn_mat part = *block;
        part.rows = to - i < BLOCK ? to - i : BLOCK;
        for (size_t k = 0; k < part.rows; k++)
            memcpy(bn_mat_row(&part, k), bn_mat_row(c, order[i + k]) + 1,
                   part.cols * sizeof *part.data);
        BN_TRY(bn_gemm(1.0, &part, BN_TRANSPOSED, &part, BN_PLAIN, 1.0, s));
    }
    return BN_OK;
}

static bn_status one_order(void *context, size_t subset)
{
    const struct circularity *j = context;
    const size_t n = j->c->rows, r = j->c->cols - 1;
    struct bn_mat s = { 0 }, block = { 0 };
    size_t *order = bn_alloc(n, sizeof *order), had = 0;

    bn_status rc = order != NULL ? bn_mat_alloc(&s, r, r) : BN_NOMEM;
    if (rc == BN_OK)
        rc = bn_mat_alloc(&block, BLOCK, r);
    if (rc == BN_OK)
        bn_rng_permutation(j->rng, subset, order, n);
    for (size_t k = 0; rc == BN_OK && k < j->share->rows; k++) {
        rc = add_cells(j->c, order, had, j->cells[k], &block, &s);
        had = j->cells[k];
        *bn_mat_at(j->share, k, subset) = circular_share(&s);
    }
    bn_mat_free(&block);
    bn_mat_free(&s);
    free(order);
    return rc;
}

bn_status bn_describe_circularity(const struct bn_mat *c, const size_t *cells,
                                  struct bn_rng rng, struct bn_mat *share)
{
    struct circularity j = { c, cells, rng, share };

    for (size_t k = 0; k < share->rows; k++)
        if (cells[k] < 1 || cells[k] > c->rows || (k > 0 && cells[k] < cells[k - 1]))
            return bn_fail(BN_INPUT, "circularity of %zu cells asked of %zu: numbers rise from "
                           "1 to that of the cells", cells[k], c->rows);
    if (c->cols < 3 || c->cols % 2 == 0)
        return bn_fail(BN_INPUT, "circularity of %zu coefficients: an odd number from 3 on is "
                       "needed", c->cols);
    return bn_tiles(share->cols, one_order, &j);
}

void bn_describe_circularity_expected(const struct bn_mat *c, const size_t *cells, size_t k,
                                      double *share)
{
    double u = 0.0, t = 0.0, v = 0.0;
    const double rows = (double)c->rows;

    for (size_t i = 0; i < c->rows; i++) {
        const double *row = bn_mat_row(c, i);
        double total = 0.0;
        for (size_t n = 1; n + 1 < c->cols; n += 2) {
            const double p = 0.5 * (row[n] * row[n] + row[n + 1] * row[n + 1]);
            total += 2.0 * p;            /* n and -n */
            u += 2.0 * p * p / rows;
        }
        t += total * total / rows;
    }
    for (size_t n = 1; n + 1 < c->cols; n += 2) {
        double mean = 0.0;
        for (size_t i = 0; i < c->rows; i++) {
            const double *row = bn_mat_row(c, i);
            mean += 0.5 * (row[n] * row[n] + row[n + 1] * row[n + 1]) / rows;
        }
        v += 2.0 * mean * mean;
    }
    for (size_t i = 0; i < k; i++) {
        const double one = 1.0 / (double)cells[i], rest = 1.0 - one;
        share[i] = (one * u + rest * v) / (one * t + rest * v);
    }
}
