/* SPDX-License-Identifier: MIT
 * diagnosis - is the set of target states an attractor?
 *
 * Residual, drift along the ring, Jacobian on the manifold, spectrum of J beside
 * the predicted singlet and doublets, and the mean profile of J beside
 *     Jbar_n = xbar_n phibar_n / (Ghat^phi_n + lambda)        (aligned means), and
 *     Jhat_n = Ghat^x_n / (Ghat^phi_n + lambda)               (mean-field hat).
 * Times are in units of tau.  Definitions: docs/science/ring.md.
 */
#include <basin/diagnose.h>
#include <basin/fourier.h>
#include <basin/manifold.h>
#include <basin/rng.h>
#include <basin/stage.h>
#include <basin/surrogate.h>
#include <basin/targets.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { HARMONICS = 12, PROFILE = 180, SAMPLE = 400 };

static const struct bn_input inputs[] = {
    { "weights", false, "recurrent weights" },
    { "tuning", false, "target currents and rates: the manifold" },
};

static const struct bn_output outputs[] = {
    { "/residual", "", "1", "|x* - F| / |x*| over the manifold", 1e-9, 1e-4, false },
    { "/residual_centred", "", "1", "the same over |x* - mean x*|", 1e-9, 1e-4, false },
    { "/residual_max", "", "1", "largest |eps| / |x*| at one angle", 1e-9, 1e-4, false },
    { "/drift_angle", "drift_angle", "rad", "angles of the drift", 0, 0, false },
    { "/drift", "drift_angle", "rad", "drift along the ring per tau, by the adjoint mode", 1e-8,
      1e-3, false },
    { "/drift_projected", "drift_angle", "rad", "the cruder -x'.eps/|x'|^2", 1e-8, 1e-3,
      false },
    { "/drift_rms", "", "rad", "root-mean-square drift per tau", 1e-8, 1e-3, false },
    { "/drift_max", "", "rad", "largest drift per tau", 1e-8, 1e-3, false },
    { "/fixed_angle", "fixed_point", "rad", "zeros of the drift", 1e-3, 0, false },
    { "/fixed_sign", "fixed_point", "1", "-1: stable, +1: unstable along the ring", 0, 0,
      false },
    { "/jacobian_angle", "jacobian_angle", "rad", "angles of the Jacobians", 0, 0, false },
    { "/jacobian_real", "jacobian_angle mode", "1", "leading eigenvalues x tau, real part", 1e-6,
      0, false },
    { "/jacobian_imag", "jacobian_angle mode", "1", "imaginary part", 1e-6, 0, false },
    { "/tangent", "jacobian_angle", "1", "eigenvalue of the tangent mode x tau", 1e-6, 0,
      false },
    { "/tangent_overlap", "jacobian_angle", "1", "overlap of its eigenvector with x*'", 1e-4, 0,
      false },
    { "/transverse", "jacobian_angle", "1", "largest other eigenvalue x tau", 1e-6, 0, false },
    { "/gap", "", "1", "largest transverse real part over the ring x tau; < 0 is stable", 1e-6,
      0, false },
    { "/eigenvalue_real", "eigenvalue", "1", "eigenvalues of J, largest modulus first", 1e-6, 0,
      false },
    { "/eigenvalue_imag", "eigenvalue", "1", "imaginary part", 1e-6, 0, false },
    { "/singular", "singular_value", "1", "singular values of J", 1e-9, 1e-6, false },
    { "/predicted", "harmonic", "1", "predicted eigenvalue of each harmonic", 1e-9, 0, false },
    { "/harmonic", "harmonic", "1", "0: singlet; n >= 1: doublet", 0, 0, false },
    { "/profile_angle", "profile_angle", "rad", "difference of preferred angles", 0, 0, false },
    { "/profile", "profile_angle", "1", "N J averaged over pairs", 1e-9, 1e-6, false },
    { "/profile_predicted", "profile_angle", "1", "Jbar from the aligned means", 1e-9, 1e-6,
      false },
    { "/hat", "profile_angle", "1", "mean-field profile: the Mexican hat", 1e-9, 1e-6, false },
    { "/sample_unsorted", "row column", "1", "N J of up to 400 neurons, arbitrary order", 1e-9,
      1e-6, false },
    { "/sample_sorted", "row column", "1", "the same, sorted by preferred angle", 1e-9, 1e-6,
      false },
};

static const struct bn_param params[] = {
    BN_INTEGER("drift_angles", "256", 16, 100000, "angles of the drift"),
    BN_INTEGER("jacobian_angles", "8", 1, 10000, "angles of the Jacobians"),
    BN_INTEGER("jacobian_modes", "6", 2, 200, "leading eigenvalues of each"),
    BN_CHOICE("spectrum", "auto", "auto full leading",
              "eigenvalues of J: all, or the leading ones; auto: all up to 1200 neurons"),
    BN_INTEGER("eigenvalues", "60", 4, 1000, "how many, if leading"),
    BN_REAL("inhibition", "1", "0", 0, 1e6, "uniform inhibition c (as in activity)"),
    BN_REAL("target_rate", "1", "1", 0, 1e6, "mean rate r0 that the inhibition aims at"),
};

static void residuals(const struct bn_points *p)
{
    const size_t count = p->x.rows, n = p->x.cols;
    double *mean = bn_scratch_vec(n), error = 0.0, norm = 0.0, centred = 0.0, worst = 0.0;

    for (size_t t = 0; t < count; t++)
        for (size_t i = 0; i < n; i++)
            mean[i] += *bn_mat_at(&p->x, t, i) / (double)count;
    for (size_t t = 0; t < count; t++) {
        double e = 0.0, s = 0.0;
        for (size_t i = 0; i < n; i++) {
            const double x = *bn_mat_at(&p->x, t, i), r = *bn_mat_at(&p->residual, t, i);
            e += r * r;
            s += x * x;
            centred += (x - mean[i]) * (x - mean[i]);
        }
        error += e;
        norm += s;
        worst = fmax(worst, sqrt(e / s));
    }
    bn_output_number("/residual", sqrt(error / norm));
    bn_output_number("/residual_centred", sqrt(error / centred));
    bn_output_number("/residual_max", worst);
}

static void drift(const struct bn_ring_network *net)
{
    const size_t count = bn_count("drift_angles");
    double *theta = bn_scratch_vec(count), *v = bn_scratch_vec(count);
    double *projected = bn_scratch_vec(count), *zero = bn_scratch_vec(count);
    int *sign = (int *)(void *)bn_scratch_vec(count);
    double rms = 0.0, top = 0.0;
    struct bn_points p;
    size_t zeros;

    bn_ring_grid(count, theta);
    BN_CHECK(bn_diagnose_points(net, theta, count, &p));
    residuals(&p);
    BN_CHECK(bn_diagnose_drift(net, &p, v, projected));
    bn_points_free(&p);
    for (size_t k = 0; k < count; k++) {
        rms += v[k] * v[k] / (double)count;
        top = fmax(top, fabs(v[k]));
    }
    bn_diagnose_zeros(v, count, zero, sign, &zeros);
    int64_t *kind = (int64_t *)(void *)bn_scratch_vec(count);
    for (size_t k = 0; k < zeros; k++)
        kind[k] = sign[k];
    bn_output_vec("/drift_angle", theta, count);
    bn_output_vec("/drift", v, count);
    bn_output_vec("/drift_projected", projected, count);
    bn_output_number("/drift_rms", sqrt(rms));
    bn_output_number("/drift_max", top);
    bn_output_vec("/fixed_angle", zero, zeros);
    bn_output_integers("/fixed_sign", kind, zeros);
}

static void jacobians(const struct bn_ring_network *net)
{
    const size_t count = bn_count("jacobian_angles"), n = net->weights.n;
    const size_t k = bn_count("jacobian_modes") < n ? bn_count("jacobian_modes") : n;
    double *theta = bn_scratch_vec(count), *re = bn_scratch_vec(k + 1);
    double *im = bn_scratch_vec(k + 1), *tangent = bn_scratch_vec(count);
    double *overlap = bn_scratch_vec(count), *other = bn_scratch_vec(count), gap = -INFINITY;
    struct bn_mat all_re = bn_scratch(count, k), all_im = bn_scratch(count, k);
    struct bn_points p;

    bn_ring_grid(count, theta);
    BN_CHECK(bn_diagnose_points(net, theta, count, &p));
    for (size_t t = 0; t < count; t++) {
        size_t found, which;
        BN_CHECK(bn_diagnose_jacobian(net, &p, t, k, re, im, &found, &which, &overlap[t]));
        memcpy(bn_mat_row(&all_re, t), re, k * sizeof *re);
        memcpy(bn_mat_row(&all_im, t), im, k * sizeof *im);
        tangent[t] = re[which];
        other[t] = re[which == 0 ? 1 : 0];
        gap = fmax(gap, other[t]);
        bn_progress(0.4 + 0.3 * (double)(t + 1) / (double)count);
    }
    bn_points_free(&p);
    bn_output_vec("/jacobian_angle", theta, count);
    bn_output_mat("/jacobian_real", &all_re);
    bn_output_mat("/jacobian_imag", &all_im);
    bn_output_vec("/tangent", tangent, count);
    bn_output_vec("/tangent_overlap", overlap, count);
    bn_output_vec("/transverse", other, count);
    bn_output_number("/gap", gap);
}

static void spectrum(const struct bn_operator *op)
{
    const bool full = bn_is("spectrum", "full") || (bn_is("spectrum", "auto") && op->n <= 1200);
    const size_t most = full ? op->n : bn_count("eigenvalues");
    const size_t k = most < op->n ? most : op->n;
    double *re = bn_scratch_vec(k + 1), *im = bn_scratch_vec(k + 1), *s = bn_scratch_vec(k + 1);
    size_t found;

    BN_CHECK(bn_diagnose_spectrum(op, full, k, re, im, &found));
    bn_output_vec("/eigenvalue_real", re, found);
    bn_output_vec("/eigenvalue_imag", im, found);
    BN_CHECK(bn_diagnose_singular(op, full, k, s, &found));
    bn_output_vec("/singular", s, found);
}

/* Harmonics of the predicted covariances: closed forms where the tuning has them,
 * the population's own where its prediction was only drawn.                 */
static void harmonics_of(const char *dataset, double *hat, size_t h)
{
    size_t m;
    const double *covariance = bn_input_vec("tuning", dataset, &m);
    BN_CHECK(bn_fourier_even(covariance, m, hat, h));
}

static void covariance_harmonics(double *x, double *phi, double *cross, size_t h)
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

static void profiles(const struct bn_targets *t, const struct bn_operator *op, double lambda,
                     const double *gx, const double *gphi, size_t h)
{
    const size_t n = op->n, bins = n < PROFILE ? n : PROFILE;
    double *profile = bn_scratch_vec(n), *angle = bn_scratch_vec(bins);
    double *mean = bn_scratch_vec(bins), *count = bn_scratch_vec(bins);
    double *bar = bn_scratch_vec(bins), *hat = bn_scratch_vec(bins);
    double *xr = bn_scratch_vec(h), *xi = bn_scratch_vec(h), *pr = bn_scratch_vec(h);
    double *pi = bn_scratch_vec(h);

    BN_CHECK(bn_surrogate_profile(op, t->order, profile));
    for (size_t d = 1; d < n; d++) {     /* J_ii = 0 is not part of the profile */
        const size_t bin = (d * bins + n / 2) / n % bins;
        mean[bin] += (double)n * profile[d];
        count[bin] += 1.0;
    }
    aligned_mean(&t->x, t->preferred, xr, xi, h);
    aligned_mean(&t->phi, t->preferred, pr, pi, h);
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

static void sample(const struct bn_targets *t, const struct bn_operator *op)
{
    const size_t n = op->n, k = n < SAMPLE ? n : SAMPLE;
    struct bn_mat plain = bn_scratch(k, k), sorted = bn_scratch(k, k);

    for (size_t a = 0; a < k; a++)
        for (size_t b = 0; b < k; b++) {
            const size_t i = a * n / k, j = b * n / k;
            *bn_mat_at(&plain, a, b) = (double)n * bn_operator_at(op, i, j);
            *bn_mat_at(&sorted, a, b) = (double)n * bn_operator_at(op, t->order[i], t->order[j]);
        }
    bn_output_mat("/sample_unsorted", &plain);
    bn_output_mat("/sample_sorted", &sorted);
}

static void run(void)
{
    const struct bn_targets t = bn_targets_read("tuning");
    const struct bn_recurrent j = bn_recurrent_factored("weights", &t);
    const struct bn_ring_network net = { .weights = j.weights, .transfer = t.transfer,
        .inhibition = bn_real("inhibition"), .target = bn_real("target_rate"), .x = t.x };
    const size_t h = t.angles / 2 < 64 ? t.angles / 2 : 64;
    double *gx = bn_scratch_vec(h), *gphi = bn_scratch_vec(h), *cross = bn_scratch_vec(h);
    double harmonic[HARMONICS], predicted[HARMONICS];
    const bool offline = bn_h5_kind(bn_input("weights"), "/lambda") == BN_H5_DATASET;
    const double lambda = offline ? bn_input_number("weights", "/lambda") : 0.0;

    drift(&net);
    bn_progress(0.4);
    jacobians(&net);
    spectrum(&j.weights);
    covariance_harmonics(gx, gphi, cross, h);
    const size_t shown = h < HARMONICS ? h : HARMONICS;
    for (size_t k = 0; k < shown; k++) {
        harmonic[k] = (double)k;
        predicted[k] = cross[k] / (gphi[k] + lambda);
    }
    bn_output_vec("/harmonic", harmonic, shown);
    bn_output_vec("/predicted", predicted, shown);
    profiles(&t, &j.weights, lambda, gx, gphi, h);
    sample(&t, &j.weights);
}

const struct bn_stage bn_stage = {
    .name = "diagnosis",
    .summary = "is the set of target states an attractor?",
    .details = "A small residual does not make an attractor: read /residual, /drift and /gap "
               "together. The drift is the projection of the residual on the left eigenvector of "
               "the tangent mode; the gap is the largest real part of any other mode of the "
               "Jacobian on the manifold and must be negative.",
    .inputs = inputs, .n_inputs = BN_LEN(inputs),
    .outputs = outputs, .n_outputs = BN_LEN(outputs),
    .params = params, .n_params = BN_LEN(params),
    .run = run,
};
