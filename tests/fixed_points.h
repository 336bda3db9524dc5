/* SPDX-License-Identifier: MIT
 * The clamped fixed points of learning rules as closed forms in B = <y p^T>, C = <p p^T> and
 * lambda, J_ii = 0, written out densely with one linear system per neuron: O(N^4), nothing
 * in common with what they test.  y and p are curves on the grid, [N, M].         */
#ifndef TEST_FIXED_POINTS_H
#define TEST_FIXED_POINTS_H

#include "ring.h"

struct moments {
    struct bn_mat b, c;                  /* [N, N] */
    double *y, *p, *yy, *pp;             /* [N] means, of squares as well */
};

/* Means with a weight for each angle (NULL: 1), which need not add up to 1. */
static inline struct moments moments_make(const struct bn_mat *y, const struct bn_mat *p,
                                          const double *weight)
{
    const size_t n = y->rows, m = y->cols;
    struct moments s = { mat_make(n, n), mat_make(n, n), calloc(n, sizeof(double)),
                         calloc(n, sizeof(double)), calloc(n, sizeof(double)),
                         calloc(n, sizeof(double)) };
    struct bn_mat scaled = mat_copy(p);

    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < m; k++) {
            const double w = (weight != NULL ? weight[k] : 1.0) / (double)m;
            const double yi = *bn_mat_at(y, i, k), pi = *bn_mat_at(p, i, k);
            *bn_mat_at(&scaled, i, k) *= w;
            s.y[i] += w * yi, s.p[i] += w * pi;
            s.yy[i] += w * yi * yi, s.pp[i] += w * pi * pi;
        }
    assert_ok(bn_gemm(1.0, y, BN_PLAIN, &scaled, BN_TRANSPOSED, 0.0, &s.b));
    assert_ok(bn_gemm(1.0, p, BN_PLAIN, &scaled, BN_TRANSPOSED, 0.0, &s.c));
    bn_mat_free(&scaled);
    return s;
}

static inline void moments_free(struct moments *s)
{
    bn_mat_free(&s->b), bn_mat_free(&s->c);
    free(s->y), free(s->p), free(s->yy), free(s->pp);
}

/* B_ij/row_i/column_j (NULL: 1), less what the means give (centred), J_ii = 0. */
static inline struct bn_mat fixed_diagonal(const struct moments *s, bool centred, double scale,
                                           const double *row, const double *column)
{
    struct bn_mat j = mat_copy(&s->b);
    for (size_t i = 0; i < j.rows; i++)
        for (size_t k = 0; k < j.cols; k++) {
            double *at = bn_mat_at(&j, i, k);
            *at -= centred ? s->y[i] * s->p[k] : 0.0;
            *at *= scale / (row != NULL ? row[i] : 1.0) / (column != NULL ? column[k] : 1.0);
            if (i == k)
                *at = 0.0;
        }
    return j;
}

/* Row i solves J (C + lambda) = B over j != i: without its own row and column.  J0 (or NULL)
 * at lambda = 0: the nearest solution to it is wanted, which for a C that can be inverted is
 * the solution.                                                                 */
static inline struct bn_mat fixed_ridge(const struct moments *s, double lambda)
{
    const size_t n = s->c.rows;
    struct bn_mat j = mat_make(n, n), a = mat_make(n, n);
    int *pivot = calloc(n, sizeof *pivot);

    assert_non_null(pivot);
    for (size_t i = 0; i < n; i++) {
        double *row = bn_mat_row(&j, i);
        memcpy(a.data, s->c.data, n * n * sizeof(double));
        for (size_t k = 0; k < n; k++) {
            row[k] = *bn_mat_at(&s->b, i, k);
            *bn_mat_at(&a, k, k) += lambda;
            *bn_mat_at(&a, i, k) = *bn_mat_at(&a, k, i) = 0.0;
        }
        *bn_mat_at(&a, i, i) = 1.0;
        row[i] = 0.0;
        assert_ok(bn_lu(&a, pivot));
        assert_ok(bn_lu_solve(&a, pivot, BN_PLAIN, row));
    }
    bn_mat_free(&a);
    free(pivot);
    return j;
}

#endif
