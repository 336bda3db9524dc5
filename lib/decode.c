/* SPDX-License-Identifier: MIT */
#include <basin/decode.h>
#include <basin/fourier.h>
#include <basin/manifold.h>
#include <basin/mem.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "decode_priv.h"

bn_status bn_decode_columns(const struct bn_mat *c, size_t r, struct bn_mat *out)
{
    const size_t take = r < c->cols ? r : c->cols;

    BN_TRY(bn_mat_alloc(out, c->rows, take));
    for (size_t i = 0; i < c->rows; i++)
        memcpy(bn_mat_row(out, i), bn_mat_row(c, i), take * sizeof(double));
    return BN_OK;
}

/* The square of a polynomial of degree h has degree 2 h: exact on 4 h + 2 angles. */
static bn_status mean_square(const struct bn_mat *x, struct bn_mat *square)
{
    const size_t m = 2 * x->cols + 2;
    struct bn_mat curve = { 0 }, sum = { 0 };

    bn_status rc = bn_mat_alloc(&curve, x->rows, m);
    if (rc == BN_OK)
        rc = bn_mat_alloc(&sum, 1, m);
    if (rc == BN_OK)
        rc = bn_fourier_inverse(x, &curve);
    for (size_t i = 0; rc == BN_OK && i < x->rows; i++)
        for (size_t k = 0; k < m; k++)
            sum.data[k] += *bn_mat_at(&curve, i, k) * *bn_mat_at(&curve, i, k)
                         / (double)x->rows;
    if (rc == BN_OK)
        rc = bn_mat_alloc(square, 1, m - 1);
    if (rc == BN_OK)
        rc = bn_fourier(&sum, square);
    bn_mat_free(&sum);
    bn_mat_free(&curve);
    return rc;
}

bn_status bn_decoder_new(bn_decoder **d, const struct bn_mat *x, const struct bn_mat *phi,
                         size_t harmonics)
{
    *d = bn_alloc(1, sizeof **d);
    if (*d == NULL)
        return BN_NOMEM;
    bn_status rc = bn_decode_columns(x, 2 * harmonics + 1, &(*d)->x);
    if (rc == BN_OK)
        rc = bn_decode_columns(phi, 2 * harmonics + 1, &(*d)->phi);
    if (rc == BN_OK)
        rc = mean_square(&(*d)->x, &(*d)->square);
    if (rc != BN_OK) {
        bn_decoder_free(*d);
        *d = NULL;
        return rc;
    }
    (*d)->grid = 4 * (*d)->phi.cols > 64 ? 4 * (*d)->phi.cols : 64;
    return BN_OK;
}

void bn_decoder_free(bn_decoder *d)
{
    if (d == NULL)
        return;
    bn_mat_free(&d->x);
    bn_mat_free(&d->phi);
    bn_mat_free(&d->square);
    bn_mat_free(&d->norm);
    bn_mat_free(&d->norm_values);
    bn_harmonics_free(d->fine);
    free(d);
}

/* The extremum of each row's polynomial. */
static bn_status extrema(const struct bn_mat *c, size_t m, int sign, double *angle,
                         double *value)
{
    struct bn_mat grid;

    BN_TRY(bn_mat_alloc(&grid, c->rows, m));
    const bn_status rc = bn_fourier_inverse(c, &grid);
    for (size_t t = 0; rc == BN_OK && t < c->rows; t++) {
        double v;
        const double a = bn_fourier_extremum(bn_mat_row(c, t), c->cols, bn_mat_row(&grid, t),
                                             m, sign, &v);
        if (angle != NULL)
            angle[t] = a;
        if (value != NULL)
            value[t] = v;
    }
    bn_mat_free(&grid);
    return rc;
}

bn_status bn_decode_overlap(const bn_decoder *d, const struct bn_mat *rate,
                            struct bn_mat *curve, double *angle, double *peak)
{
    struct bn_mat c;

    BN_TRY(bn_mat_alloc(&c, rate->rows, d->phi.cols));
    bn_status rc = bn_gemm(1.0 / (double)d->phi.rows, rate, BN_PLAIN, &d->phi, BN_PLAIN, 0.0,
                           &c);
    if (rc == BN_OK && curve != NULL) {
        struct bn_mat fewer = { 0 };
        const size_t odd = curve->cols % 2 == 0 ? curve->cols - 1 : curve->cols;
        rc = bn_decode_columns(&c, odd, &fewer);
        if (rc == BN_OK)
            rc = bn_fourier_inverse(&fewer, curve);
        bn_mat_free(&fewer);
    }
    if (rc == BN_OK)
        rc = extrema(&c, d->grid, 1, angle, peak);
    bn_mat_free(&c);
    return rc;
}

void bn_decode_vector(const double *preferred, const struct bn_mat *rate, double *angle)
{
    for (size_t t = 0; t < rate->rows; t++) {
        const double *r = bn_mat_row(rate, t);
        double c = 0.0, s = 0.0;
        for (size_t i = 0; i < rate->cols; i++) {
            c += r[i] * cos(preferred[i]);
            s += r[i] * sin(preferred[i]);
        }
        angle[t] = bn_ring_wrap(atan2(s, c));
    }
}

/* d^2 = |x|^2 - 2 x.x*(theta) + |x*(theta)|^2, all per neuron. */
bn_status bn_decode_distance(const bn_decoder *d, const struct bn_mat *x, double *distance,
                             double *angle)
{
    const size_t n = d->x.rows, r = d->x.cols;
    struct bn_mat dot, c = { 0 };

    BN_TRY(bn_mat_alloc(&dot, x->rows, r));
    bn_status rc = bn_gemm(-2.0 / (double)n, x, BN_PLAIN, &d->x, BN_PLAIN, 0.0, &dot);
    if (rc == BN_OK)
        rc = bn_mat_alloc(&c, x->rows, d->square.cols);
    for (size_t t = 0; rc == BN_OK && t < x->rows; t++) {
        double *row = bn_mat_row(&c, t);
        const double *state = bn_mat_row(x, t);
        memcpy(row, d->square.data, d->square.cols * sizeof *row);
        for (size_t k = 0; k < r; k++)
            row[k] += *bn_mat_at(&dot, t, k);
        row[0] += bn_dot(n, state, state) / (double)n;
    }
    if (rc == BN_OK)
        rc = extrema(&c, 2 * d->square.cols, -1, angle, distance);
    for (size_t t = 0; rc == BN_OK && t < x->rows; t++)
        distance[t] = sqrt(fmax(0.0, distance[t]));
    bn_mat_free(&c);
    bn_mat_free(&dot);
    return rc;
}
