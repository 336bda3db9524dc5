/* SPDX-License-Identifier: MIT */
#include <basin/compress.h>
#include <basin/mem.h>
#include <basin/rng.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Modes weaker than CLIFF times the strongest are rounding.  A neuron that almost alone has a
 * mode leaves its diagonal open, and whatever stands there then needs one more mode: there
 * is room for SPARE of them.                                                */
enum { SPARE = 16 };
static const double CLIFF = 1e-14, OPEN = 1e-12, CLOSE = 1e-12;

/* Rows of one half (0: even, 1: odd) by columns of another. */
static bn_status part(const struct bn_mat *j, size_t rows, size_t cols, struct bn_mat *out)
{
    const size_t n = j->rows;

    BN_TRY(bn_mat_alloc(out, (n - rows + 1) / 2, (n - cols + 1) / 2));
    for (size_t i = 0; i < out->rows; i++)
        for (size_t k = 0; k < out->cols; k++)
            *bn_mat_at(out, i, k) = *bn_mat_at(j, 2 * i + rows, 2 * k + cols);
    return BN_OK;
}

static bn_status diagonal_of(const struct bn_mat *j, size_t half, double *d, size_t *rank)
{
    struct bn_mat q = { 0 }, own = { 0 }, w = { 0 };
    bn_status rc = part(j, 1 - half, half, &q);

    if (rc == BN_OK)
        rc = bn_row_basis(&q, CLIFF, rank);
    q.rows = *rank;
    if (rc == BN_OK && *rank > 0)
        rc = part(j, half, half, &own);
    if (rc == BN_OK && *rank > 0)
        rc = bn_mat_alloc(&w, own.rows, q.rows);
    if (rc == BN_OK && *rank > 0)
        rc = bn_gemm(1.0, &own, BN_PLAIN, &q, BN_TRANSPOSED, 0.0, &w);
    for (size_t i = 0; rc == BN_OK && i < own.rows; i++) {
        double along = 0.0, share = 0.0;
        for (size_t k = 0; k < q.rows; k++) {
            const double a = *bn_mat_at(&q, k, i);
            along += *bn_mat_at(&w, i, k) * a;
            share += a * a;
        }
        d[2 * i + half] = 1.0 - share > OPEN
                        ? (along - *bn_mat_at(&own, i, i)) / (1.0 - share) : 0.0;
    }
    bn_mat_free(&q);
    bn_mat_free(&own);
    bn_mat_free(&w);
    return rc;
}

/* left right = k, as far as `modes` random combinations of its rows span them all. */
static bn_status split(const struct bn_mat *k, size_t modes, struct bn_compressed *out)
{
    const struct bn_rng rng = { .seed = 1, .stream = bn_rng_stream("compress") };
    const size_t n = k->rows;
    struct bn_mat draw;
    size_t rank = 0;

    BN_TRY(bn_mat_alloc(&draw, modes, n));
    for (size_t i = 0; i < modes; i++)
        bn_rng_normals(rng, i, 0, bn_mat_row(&draw, i), n);
    bn_status rc = bn_mat_alloc(&out->right, modes, n);
    if (rc == BN_OK)
        rc = bn_gemm(1.0, &draw, BN_PLAIN, k, BN_PLAIN, 0.0, &out->right);
    if (rc == BN_OK)
        rc = bn_row_basis(&out->right, CLIFF, &rank);
    out->right.rows = rank;
    if (rc == BN_OK)
        rc = bn_mat_alloc(&out->left, n, rank);
    if (rc == BN_OK)
        rc = bn_gemm(1.0, k, BN_PLAIN, &out->right, BN_TRANSPOSED, 0.0, &out->left);
    bn_mat_free(&draw);
    return rc;
}

/* Largest entries do not decide: the norm of all that is left. */
static bn_status is_close(struct bn_mat *k, double norm, const struct bn_compressed *c,
                          bool *close)
{
    BN_TRY(bn_gemm(-1.0, &c->left, BN_PLAIN, &c->right, BN_PLAIN, 1.0, k));
    *close = bn_mat_norm(k) <= CLOSE * norm;
    return BN_OK;
}

/* J + diag(d) */
static bn_status without(const struct bn_mat *j, const double *d, struct bn_mat *k)
{
    BN_TRY(bn_mat_copy(k, j));
    for (size_t i = 0; i < j->rows; i++)
        *bn_mat_at(k, i, i) += d[i];
    return BN_OK;
}

bn_status bn_compress(const struct bn_mat *j, struct bn_compressed *out)
{
    const size_t n = j->rows;
    size_t rank[2] = { 0 };
    bool close = false;
    struct bn_mat k = { 0 };
    bn_status rc = BN_OK;

    *out = (struct bn_compressed){ 0 };
    if (n < 4 * SPARE || j->cols != n)
        return BN_OK;
    out->diagonal = bn_alloc(n, sizeof *out->diagonal);
    if (out->diagonal == NULL)
        return BN_NOMEM;
    for (size_t half = 0; rc == BN_OK && half < 2; half++)
        rc = diagonal_of(j, half, out->diagonal, &rank[half]);
    const size_t modes = (rank[0] > rank[1] ? rank[0] : rank[1]) + SPARE;
    const bool few = rank[0] > 0 && rank[1] > 0 && 3 * modes <= n;
    if (rc == BN_OK && few)
        rc = without(j, out->diagonal, &k);
    if (rc == BN_OK && few)
        rc = split(&k, modes, out);
    if (rc == BN_OK && few)
        rc = is_close(&k, bn_mat_norm(j), out, &close);
    if (rc == BN_OK && close)
        rc = bn_operator_factored(&out->op, &out->left, &out->right, out->diagonal);
    bn_mat_free(&k);
    if (rc != BN_OK || !close)
        bn_compressed_free(out);
    return rc;
}

void bn_compressed_free(struct bn_compressed *c)
{
    bn_mat_free(&c->left);
    bn_mat_free(&c->right);
    free(c->diagonal);
    *c = (struct bn_compressed){ 0 };
}
