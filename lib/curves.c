/* SPDX-License-Identifier: MIT */
#include <basin/curves.h>
#include <basin/fourier.h>
#include <basin/mem.h>

#include <math.h>
#include <stdlib.h>

static double row_mean(const struct bn_mat *m, size_t i)
{
    double s = 0.0;
    for (size_t k = 0; k < m->cols; k++)
        s += *bn_mat_at(m, i, k);
    return s / (double)m->cols;
}

static void scale_row(struct bn_mat *m, size_t i, double by)
{
    for (size_t k = 0; k < m->cols; k++)
        *bn_mat_at(m, i, k) *= by;
}

bn_status bn_curves_unit_mean(struct bn_mat *rate)
{
    for (size_t i = 0; i < rate->rows; i++) {
        const double mean = row_mean(rate, i);
        if (!(mean > 0.0) || !isfinite(mean))
            return bn_fail(BN_INPUT, "neuron %zu has mean rate %g: its curve cannot be "
                           "normalised; leave it out (minimum_spikes of the recording)", i,
                           mean);
        scale_row(rate, i, 1.0 / mean);
    }
    return BN_OK;
}

void bn_curves_floor(struct bn_mat *rate, enum bn_floor kind, double floor,
                     int64_t *floored)
{
    for (size_t i = 0; i < rate->rows; i++) {
        floored[i] = 0;
        for (size_t k = 0; k < rate->cols; k++) {
            double *r = bn_mat_at(rate, i, k);
            floored[i] += *r < floor;
            *r = kind == BN_FLOOR_ADD ? *r + floor : *r < floor ? floor : *r;
        }
    }
}

/* The wrapped Gaussian's transform on M bins is sampled in space, so that its
 * weights are positive and sum to one whatever the width.                   */
static bn_status kernel_gains(size_t m, double width, struct bn_mat *gain)
{
    struct bn_mat kernel;
    double sum = 0.0;

    BN_TRY(bn_mat_alloc(&kernel, 1, m));
    const long turns = (long)ceil(6.0 * width / (double)m) + 1;
    for (size_t k = 0; k < m; k++) {
        for (long w = -turns; w <= turns; w++) {
            const double d = ((double)k + (double)w * (double)m) / width;
            kernel.data[k] += exp(-0.5 * d * d);
        }
        sum += kernel.data[k];
    }
    for (size_t k = 0; k < m; k++)
        kernel.data[k] /= sum;
    bn_status rc = bn_mat_alloc(gain, 1, m / 2 + 1);
    if (rc == BN_OK)
        rc = bn_fourier_even(kernel.data, m, gain->data, m / 2 + 1);
    for (size_t k = 0; rc == BN_OK && k <= m / 2; k++)
        gain->data[k] *= (double)m;
    bn_mat_free(&kernel);
    return rc;
}

bn_status bn_curves_smooth(struct bn_mat *curves, double width)
{
    struct bn_mat gain = { 0 }, c = { 0 };

    if (width <= 0.0)
        return BN_OK;
    bn_status rc = kernel_gains(curves->cols, width, &gain);
    if (rc == BN_OK)
        rc = bn_mat_alloc(&c, curves->rows, curves->cols);
    if (rc == BN_OK)
        rc = bn_fourier(curves, &c);
    for (size_t i = 0; rc == BN_OK && i < c.rows; i++)
        for (size_t k = 0; k < c.cols; k++)
            *bn_mat_at(&c, i, k) *= gain.data[(k + 1) / 2];
    if (rc == BN_OK)
        rc = bn_fourier_inverse(&c, curves);
    bn_mat_free(&c);
    bn_mat_free(&gain);
    return rc;
}

bn_status bn_curves_double_normalise(struct bn_mat *rate, size_t sweeps, double *row_error)
{
    double *column = bn_alloc(rate->cols, sizeof *column);

    if (column == NULL)
        return BN_NOMEM;
    for (size_t s = 0; s < sweeps; s++) {
        for (size_t k = 0; k < rate->cols; k++)
            column[k] = 0.0;
        for (size_t i = 0; i < rate->rows; i++) {
            scale_row(rate, i, 1.0 / row_mean(rate, i));
            for (size_t k = 0; k < rate->cols; k++)
                column[k] += *bn_mat_at(rate, i, k);
        }
        for (size_t k = 0; k < rate->cols; k++)
            column[k] = (double)rate->rows / column[k];
        for (size_t i = 0; i < rate->rows; i++)
            for (size_t k = 0; k < rate->cols; k++)
                *bn_mat_at(rate, i, k) *= column[k];
    }
    *row_error = 0.0;
    for (size_t i = 0; i < rate->rows && isfinite(*row_error); i++) {
        const double e = fabs(row_mean(rate, i) - 1.0);
        *row_error = e <= *row_error ? *row_error : e;       /* nan stays, unlike fmax */
    }
    free(column);
    return isfinite(*row_error) ? BN_OK
        : bn_fail(BN_NUMERIC, "the double normalisation failed: an angle or a neuron has no "
                  "rate at all; raise the floor");
}
