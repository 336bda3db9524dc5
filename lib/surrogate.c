/* SPDX-License-Identifier: MIT */
#include <basin/surrogate.h>
#include <basin/fourier.h>
#include <basin/manifold.h>
#include <basin/mem.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

static size_t *ranks(const size_t *order, size_t n)
{
    size_t *rank = bn_alloc(n, sizeof *rank);
    for (size_t k = 0; rank != NULL && k < n; k++)
        rank[order[k]] = k;
    return rank;
}

static bn_status profile_dense(const struct bn_mat *j, const size_t *order, double *profile)
{
    const size_t n = j->rows;
    size_t *rank = ranks(order, n);

    if (rank == NULL)
        return BN_NOMEM;
    for (size_t i = 0; i < n; i++) {
        const double *row = bn_mat_row(j, i);
        for (size_t k = 0; k < n; k++)
            profile[(rank[i] + n - rank[k]) % n] += row[k];
    }
    for (size_t d = 0; d < n; d++)
        profile[d] /= (double)n;
    free(rank);
    return BN_OK;
}

/* sum_i l_(i + d) r_i has the harmonics  lhat_n conj(rhat_n): with the real basis
 * (a, b) of each, a_l a_r + b_l b_r goes with cos n d, b_l a_r - a_l b_r with sin. */
static void correlate(const double *l, const double *r, size_t n, double *sum)
{
    const double sqrt2 = sqrt(2.0);

    sum[0] += l[0] * r[0];
    for (size_t k = 1; k < n; k += 2) {
        if (k + 1 == n) {                /* Nyquist */
            sum[k] += l[k] * r[k];
            continue;
        }
        sum[k] += (l[k] * r[k] + l[k + 1] * r[k + 1]) / sqrt2;
        sum[k + 1] += (l[k + 1] * r[k] - l[k] * r[k + 1]) / sqrt2;
    }
}

static bn_status profile_factored(const struct bn_operator *op, const size_t *order,
                                  double *profile)
{
    const size_t n = op->n;
    struct bn_mat rows = { 0 }, c = { 0 }, sum = { 0 }, out = { 1, n, profile };
    double self = 0.0;

    bn_status rc = bn_mat_alloc(&rows, 2, n);
    if (rc == BN_OK)
        rc = bn_mat_alloc(&c, 2, n);
    if (rc == BN_OK)
        rc = bn_mat_alloc(&sum, 1, n);
    for (size_t k = 0; rc == BN_OK && k < op->left.cols; k++) {
        for (size_t i = 0; i < n; i++) {
            *bn_mat_at(&rows, 0, i) = *bn_mat_at(&op->left, order[i], k);
            *bn_mat_at(&rows, 1, i) = *bn_mat_at(&op->right, k, order[i]);
        }
        rc = bn_fourier(&rows, &c);
        correlate(bn_mat_row(&c, 0), bn_mat_row(&c, 1), n, sum.data);
    }
    if (rc == BN_OK)
        rc = bn_fourier_inverse(&sum, &out);
    for (size_t i = 0; op->diagonal != NULL && i < n; i++)
        self += op->diagonal[i] / (double)n;
    profile[0] -= self;
    bn_mat_free(&sum);
    bn_mat_free(&c);
    bn_mat_free(&rows);
    return rc;
}

bn_status bn_surrogate_profile(const struct bn_operator *op, const size_t *order,
                               double *profile)
{
    memset(profile, 0, op->n * sizeof *profile);
    return op->dense.data != NULL ? profile_dense(&op->dense, order, profile)
                                  : profile_factored(op, order, profile);
}

void bn_surrogate_symmetrise(double *profile, size_t n)
{
    for (size_t d = 1; d <= n / 2; d++)
        profile[d] = profile[n - d] = 0.5 * (profile[d] + profile[n - d]);
}

bn_status bn_surrogate_circulant(const double *profile, const size_t *order, double gain,
                                 struct bn_mat *j)
{
    const size_t n = j->rows;
    size_t *rank = ranks(order, n);

    if (rank == NULL)
        return BN_NOMEM;
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < n; k++)
            *bn_mat_at(j, i, k) = i == k ? 0.0
                : gain * profile[(rank[i] + n - rank[k]) % n];
    free(rank);
    return BN_OK;
}

/* P(d) = sum_n a_n cos n d + b_n sin n d, the angle d of rank(i) - rank(j), is the
 * product of (a cos + b sin, a sin - b cos) at i with (cos, sin) at j.      */
static void one_row(const double *c, size_t q, double angle, double gain, double *left,
                    double *right)
{
    left[0] = gain * c[0];
    right[0] = 1.0;
    for (size_t k = 1; k + 1 < q; k += 2) {
        const double w = gain * sqrt(2.0), a = w * c[k], b = w * c[k + 1];
        const double cs = cos((double)((k + 1) / 2) * angle);
        const double sn = sin((double)((k + 1) / 2) * angle);
        left[k] = a * cs + b * sn;
        left[k + 1] = a * sn - b * cs;
        right[k] = cs;
        right[k + 1] = sn;
    }
}

bn_status bn_surrogate_factors(const double *profile, const size_t *order, size_t n,
                               double gain, size_t harmonics, struct bn_mat *left,
                               struct bn_mat *right, double *diagonal)
{
    const size_t q = 2 * harmonics + 1;
    struct bn_mat p = { 0 }, c = { 0 };
    double *row = bn_alloc(q, sizeof *row);

    bn_status rc = row == NULL ? BN_NOMEM
        : q <= n && left->rows == n && left->cols == q && right->rows == q && right->cols == n
        ? bn_mat_alloc(&p, 1, n)
        : bn_fail(BN_INPUT, "%zu harmonics of a profile of %zu neurons", harmonics, n);
    if (rc == BN_OK)
        rc = bn_mat_alloc(&c, 1, q);
    if (rc == BN_OK) {
        memcpy(p.data, profile, n * sizeof *profile);
        rc = bn_fourier(&p, &c);
    }
    for (size_t rank = 0; rc == BN_OK && rank < n; rank++) {
        const size_t i = order[rank];
        one_row(c.data, q, BN_TWO_PI * (double)rank / (double)n, gain, bn_mat_row(left, i),
                row);
        for (size_t k = 0; k < q; k++)
            *bn_mat_at(right, k, i) = row[k];
        diagonal[i] = bn_dot(q, bn_mat_row(left, i), row);
    }
    bn_mat_free(&c);
    bn_mat_free(&p);
    free(row);
    return rc;
}

bn_status bn_surrogate_scramble(const double *profile, const size_t *order,
                                struct bn_rng rng, struct bn_mat *j)
{
    const size_t n = j->rows, pairs = n * (n - 1);
    size_t *rank = ranks(order, n), *p = bn_alloc(pairs, sizeof *p);
    double *rest = bn_alloc(pairs, sizeof *rest);
    bn_status rc = rank == NULL || p == NULL || rest == NULL ? BN_NOMEM : BN_OK;

    if (rc == BN_OK)
        bn_rng_permutation(rng, 0, p, pairs);
    for (size_t i = 0, at = 0; rc == BN_OK && i < n; i++)
        for (size_t k = 0; k < n; k++)
            if (i != k)
                rest[at++] = *bn_mat_at(j, i, k) - profile[(rank[i] + n - rank[k]) % n];
    for (size_t i = 0, at = 0; rc == BN_OK && i < n; i++)
        for (size_t k = 0; k < n; k++)
            if (i != k)
                *bn_mat_at(j, i, k) = profile[(rank[i] + n - rank[k]) % n] + rest[p[at++]];
    free(rest);
    free(p);
    free(rank);
    return rc;
}

/* Rows: the eigenvectors of a symmetric Gaussian matrix, whose law no rotation changes,
 * with random signs: LAPACK has a rule of its own for them.                 */
static bn_status orthogonal(struct bn_rng rng, struct bn_mat *q)
{
    const size_t n = q->rows;
    double *w = bn_alloc(2 * n, sizeof *w);
    const struct bn_rng entries = bn_rng_sub(rng, "entries");

    if (w == NULL)
        return BN_NOMEM;
    for (size_t i = 0; i < n; i++) {
        bn_rng_normals(entries, i, 0, bn_mat_row(q, i), i + 1);
        *bn_mat_at(q, i, i) *= sqrt(2.0);
        for (size_t k = 0; k < i; k++)
            *bn_mat_at(q, k, i) = *bn_mat_at(q, i, k);
    }
    const bn_status rc = bn_eig_symmetric(q, w);
    bn_rng_uniforms(bn_rng_sub(rng, "signs"), 0, 0, w + n, n);
    for (size_t i = 0; rc == BN_OK && i < n; i++)
        for (size_t k = 0; w[n + i] < 0.5 && k < n; k++)
            *bn_mat_at(q, i, k) = -*bn_mat_at(q, i, k);
    free(w);
    return rc;
}

bn_status bn_surrogate_rotate(struct bn_rng rng, bool one, struct bn_mat *j)
{
    struct bn_mat q = { 0 }, half = { 0 };

    bn_status rc = bn_mat_alloc(&q, j->rows, j->rows);
    if (rc == BN_OK)
        rc = bn_mat_alloc(&half, j->rows, j->rows);
    if (rc == BN_OK)
        rc = orthogonal(bn_rng_sub(rng, "left"), &q);
    if (rc == BN_OK)
        rc = bn_gemm(1.0, &q, BN_PLAIN, j, BN_PLAIN, 0.0, &half);
    if (rc == BN_OK && !one)
        rc = orthogonal(bn_rng_sub(rng, "right"), &q);
    if (rc == BN_OK)
        rc = bn_gemm(1.0, &half, BN_PLAIN, &q, BN_TRANSPOSED, 0.0, j);
    bn_mat_free(&half);
    bn_mat_free(&q);
    return rc;
}

void bn_surrogate_noisy(const double *mode, size_t modes, const size_t *order, double norm,
                        struct bn_rng rng, struct bn_mat *j, double *sd)
{
    const size_t n = j->rows;
    double square = mode[0] * mode[0];

    for (size_t k = 1; k < modes; k++)
        square += 2.0 * mode[k] * mode[k];
    *sd = sqrt(fmax(0.0, norm * norm - square)) / (double)n;
    for (size_t a = 0; a < n; a++)
        bn_rng_normals(rng, a, 0, bn_mat_row(j, a), n);
    for (size_t lag = 0; lag < n; lag++) {
        double p = mode[0] / (double)n;
        for (size_t k = 1; k < modes; k++)
            p += 2.0 * mode[k] / (double)n
                * cos(BN_TWO_PI * (double)(k * lag % n) / (double)n);
        for (size_t b = 0; b < n; b++) {
            double *at = bn_mat_at(j, order[(b + lag) % n], order[b]);
            *at = p + *sd * *at;
        }
    }
}
