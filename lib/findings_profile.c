/* SPDX-License-Identifier: MIT */
#include "findings_priv.h"

#include <basin/fourier.h>
#include <basin/manifold.h>
#include <basin/surrogate.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { PROFILE = 180, SAMPLE = 400 };

/* Harmonics of the predicted covariances: closed forms where the tuning has them,
 * the population's own where its prediction was only drawn.                 */
static void harmonics_of(const char *dataset, double *hat, size_t h)
{
    size_t m;
    const double *covariance = bn_input_vec("tuning", dataset, &m);
    BN_CHECK(bn_fourier_even(covariance, m, hat, h));
}

void bn_covariance_harmonics(double *x, double *phi, double *cross, size_t h)
{
    char *method;
    BN_CHECK(bn_h5_get_text(bn_input("tuning"), "/covariance_rate", "method", &method));
    const bool drawn = strcmp(method, "drawn") == 0;
    free(method);
    harmonics_of(drawn ? "/covariance_current_sampled" : "/covariance_current", x, h);
    harmonics_of(drawn ? "/covariance_rate_sampled" : "/covariance_rate", phi, h);
    harmonics_of(drawn ? "/covariance_cross_sampled" : "/covariance_cross", cross, h);
}

/* Mean over neurons of coefficients after turning each curve's preferred angle to
 * zero: complex harmonics (re, im) of the aligned population mean.          */
static void aligned_mean(const struct bn_mat *c, const double *preferred, double *re,
                         double *im, size_t h)
{
    for (size_t n = 0; n < h; n++) {
        re[n] = im[n] = 0.0;
        for (size_t i = 0; i < c->rows; i++) {
            if (2 * n >= c->cols)        /* currents may have fewer than rates */
                continue;
            const double a = n == 0 ? *bn_mat_at(c, i, 0)
                                    : *bn_mat_at(c, i, 2 * n - 1) / sqrt(2.0);
            const double b = n == 0 ? 0.0 : -*bn_mat_at(c, i, 2 * n) / sqrt(2.0);
            const double cs = cos((double)n * preferred[i]), sn = sin((double)n * preferred[i]);
            re[n] += (a * cs - b * sn) / (double)c->rows;
            im[n] += (a * sn + b * cs) / (double)c->rows;
        }
    }
}

static void profiles(const struct bn_ring_network *net, const struct bn_mat *phi,
                     const double *preferred, const size_t *order, double lambda,
                     const double *gx, const double *gphi, size_t h)
{
    const struct bn_operator *op = &net->weights;
    const size_t n = op->n, bins = n < PROFILE ? n : PROFILE;
    double *profile = bn_scratch_vec(n), *angle = bn_scratch_vec(bins);
    double *mean = bn_scratch_vec(bins), *count = bn_scratch_vec(bins);
    double *bar = bn_scratch_vec(bins), *hat = bn_scratch_vec(bins);
    double *xr = bn_scratch_vec(h), *xi = bn_scratch_vec(h), *pr = bn_scratch_vec(h);
    double *pi = bn_scratch_vec(h);

    BN_CHECK(bn_surrogate_profile(op, order, profile));
    for (size_t d = 1; d < n; d++) {     /* J_ii = 0 is not part of the profile */
        const size_t bin = (d * bins + n / 2) / n % bins;
        mean[bin] += (double)n * profile[d];
        count[bin] += 1.0;
    }
    aligned_mean(&net->x, preferred, xr, xi, h);
    aligned_mean(phi, preferred, pr, pi, h);
    for (size_t b = 0; b < bins; b++) {
        angle[b] = BN_TWO_PI * ((double)b - (double)(bins / 2)) / (double)bins;
        for (size_t k = 0; k < h; k++) {
            const double a = (double)k * angle[b], twice = k == 0 ? 1.0 : 2.0;
            const double w = twice / (gphi[k] + lambda);
            /* xbar conj(phibar) e^{i k d}, real part */
            bar[b] += w * ((xr[k] * pr[k] + xi[k] * pi[k]) * cos(a)
                           - (xi[k] * pr[k] - xr[k] * pi[k]) * sin(a));
            hat[b] += w * gx[k] * cos(a);
        }
    }
    double *centred = bn_scratch_vec(bins);
    for (size_t b = 0; b < bins; b++) {
        const size_t from = (b + bins - bins / 2) % bins;
        centred[b] = count[from] > 0.0 ? mean[from] / count[from] : 0.0;
    }
    bn_output_vec("/profile_angle", angle, bins);
    bn_output_vec("/profile", centred, bins);
    bn_output_vec("/profile_predicted", bar, bins);
    bn_output_vec("/hat", hat, bins);
}

static void sample(const struct bn_operator *op, const size_t *order)
{
    const size_t n = op->n, k = n < SAMPLE ? n : SAMPLE;
    struct bn_mat plain = bn_scratch(k, k), sorted = bn_scratch(k, k);

    for (size_t a = 0; a < k; a++)
        for (size_t b = 0; b < k; b++) {
            const size_t i = a * n / k, j = b * n / k;
            *bn_mat_at(&plain, a, b) = (double)n * bn_operator_at(op, i, j);
            *bn_mat_at(&sorted, a, b) = (double)n * bn_operator_at(op, order[i], order[j]);
        }
    bn_output_mat("/sample_unsorted", &plain);
    bn_output_mat("/sample_sorted", &sorted);
}

void bn_findings_profile(const struct bn_ring_network *net, const struct bn_mat *phi,
                         size_t angles, const double *preferred, const size_t *order,
                         double lambda)
{
    if (bn_is_ring(net)) {
        const size_t h = angles / 2 < 64 ? angles / 2 : 64;
        double *gx = bn_scratch_vec(h), *gphi = bn_scratch_vec(h), *cross = bn_scratch_vec(h);
        bn_covariance_harmonics(gx, gphi, cross, h);
        profiles(net, phi, preferred, order, lambda, gx, gphi, h);
    }
    sample(&net->weights, order);
}
