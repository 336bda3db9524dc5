/* SPDX-License-Identifier: MIT
 * diagnosis - is the set of target states an attractor?
 *
 * Residual, drift along the ring, Jacobian on the manifold, spectrum of J beside
 * the predicted singlet and doublets, and the mean profile of J beside
 *     Jbar_n = xbar_n phibar_n / (Ghat^phi_n + lambda)        (aligned means), and
 *     Jhat_n = Ghat^x_n / (Ghat^phi_n + lambda)               (mean-field hat).
 * Times are in units of tau.  Definitions: docs/science/ring.md and diagnostics.md.
 */
#include <basin/compress.h>
#include <basin/findings.h>
#include <basin/fourier.h>
#include <basin/learned.h>
#include <basin/manifold.h>
#include <basin/rng.h>
#include <basin/stage.h>
#include <basin/summarise.h>
#include <basin/surrogate.h>
#include <basin/targets.h>
#include <basin/trials.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { HARMONICS = 12, PROFILE = 180, SAMPLE = 400 };

static const struct bn_input inputs[] = {
    { "weights", false, "recurrent weights" },
    { "tuning", false, "target currents and rates: the manifold" },
};

static const struct bn_output outputs[] = {
    BN_FLOW_OUTPUTS,
    BN_SURFACE_OUTPUTS,
    BN_JACOBIAN_OUTPUTS,
    BN_SPECTRUM_OUTPUTS,
    { "/profile_angle", "profile_angle", "rad", "difference of preferred angles", 0, 0, false },
    { "/profile", "profile_angle", "1", "N J averaged over pairs", 1e-9, 1e-6, false },
    { "/profile_predicted", "profile_angle", "1", "Jbar from the aligned means", 1e-9, 1e-6,
      false },
    { "/hat", "profile_angle", "1", "mean-field profile: the Mexican hat", 1e-9, 1e-6, false },
    { "/sample_unsorted", "row column", "1", "N J of up to 400 neurons, arbitrary order", 1e-9,
      1e-6, false },
    { "/sample_sorted", "row column", "1", "the same, sorted by preferred angle", 1e-9, 1e-6,
      false },
    BN_TRIAL_OUTPUTS,
    BN_ROAM_OUTPUTS,
    BN_SUMMARY_OUTPUTS,
};

static const struct bn_param params[] = {
    BN_FLOW_PARAMS,
    BN_SURFACE_PARAMS,
    BN_JACOBIAN_PARAMS,
    BN_SPECTRUM_PARAMS,
    BN_TRIAL_PARAMS,
    BN_ROAM_PARAMS,
    BN_REAL("inhibition", "1", "0", 0, 1e6, "uniform inhibition c (as in activity)"),
    BN_REAL("target_rate", "1", "1", 0, 1e6, "mean rate r0 that the inhibition aims at"),
    BN_REAL("offline_lambda", "1", "0", 0, 1e6, "ridge of the offline weights whose distance "
            "from J is given; 0: it is not"),
};

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

/* Neurons by preferred angle, or by preferred place along one dimension, or as they come. */
static const size_t *sorted_neurons(const struct bn_targets *t)
{
    const size_t n = t->x.rows;
    size_t *order = (size_t *)(void *)bn_scratch_vec(n), points = 0;

    if (t->order != NULL)
        return t->order;
    for (size_t i = 0; i < n; i++)
        order[i] = i;
    if (t->manifold.dimensions > 1
        || bn_h5_kind(bn_input("tuning"), "/preferred_point") != BN_H5_DATASET)
        return order;
    const double *preferred = bn_input_vec("tuning", "/preferred_point", &points);
    if (points == n)
        BN_CHECK(bn_ring_order(preferred, n, order));
    return order;
}

static void sample(const struct bn_targets *t, const struct bn_operator *op)
{
    const size_t n = op->n, k = n < SAMPLE ? n : SAMPLE;
    const size_t *order = sorted_neurons(t);
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

static void distance(const struct bn_targets *t, const struct bn_operator *j)
{
    const double lambda = bn_real("offline_lambda");
    struct bn_learned_distance d;

    if (lambda <= 0.0)
        return;
    BN_CHECK(bn_learned_offline(j, &t->x, &t->phi, lambda, &d));
    bn_summarise("distance", d.total, "1", 0.0);
    bn_summarise("distance_span", d.inside, "1", 0.0);
    bn_summarise("distance_rest", d.outside, "1", 0.0);
    bn_summarise("correlation", d.correlation, "1", 0.0);
}

/* Dense weights as factors, if that is what they are: angles then share their products. */
static bool compressed(struct bn_operator *op)
{
    struct bn_compressed c;

    if (op->dense.data == NULL)
        return true;
    BN_CHECK(bn_compress(&op->dense, &c));
    bn_stage_own(c.left.data);
    bn_stage_own(c.right.data);
    bn_stage_own(c.diagonal);
    *op = c.op.n > 0 ? c.op : *op;
    return c.op.n > 0;
}

/* J and J' must have the same form. */
static struct bn_recurrent compact(const struct bn_recurrent *given)
{
    struct bn_recurrent j = *given;

    return compressed(&j.weights) && (j.velocity.n == 0 || compressed(&j.velocity)) ? j : *given;
}

/* What is defined by harmonics of the angle: the spectrum beside its prediction, profiles. */
static void harmonics(const struct bn_targets *t, const struct bn_ring_network *net,
                      const struct bn_operator *stored)
{
    struct bn_ring_network as_stored = *net;
    const size_t h = t->angles / 2 < 64 ? t->angles / 2 : 64;
    double *gx = bn_scratch_vec(h), *gphi = bn_scratch_vec(h), *cross = bn_scratch_vec(h);
    double predicted[HARMONICS];
    const bool offline = bn_h5_kind(bn_input("weights"), "/lambda") == BN_H5_DATASET;
    const double lambda = offline ? bn_input_number("weights", "/lambda") : 0.0;
    const size_t shown = h < HARMONICS ? h : HARMONICS;

    covariance_harmonics(gx, gphi, cross, h);
    for (size_t k = 0; k < shown; k++)
        predicted[k] = cross[k] / (gphi[k] + lambda);
    as_stored.weights = *stored;
    bn_findings_spectrum(&as_stored, &t->phi, predicted, shown, lambda);
    profiles(t, stored, lambda, gx, gphi, h);
}

static void run(void)
{
    struct bn_targets t = bn_targets_read("tuning");
    bn_targets_settle(&t, "weights", 0);
    const struct bn_recurrent stored = bn_recurrent_factored("weights", &t);
    const struct bn_recurrent j = compact(&stored);
    const struct bn_ring_network net = { .weights = j.weights, .transfer = t.transfer,
        .inhibition = bn_real("inhibition"), .target = bn_real("target_rate"),
        .bias = j.bias, .x = t.x,
        .harmonics = t.manifold.kind == BN_RING ? NULL : t.harmonics };

    bn_summarise("neurons", (double)net.weights.n, "1", 0.0);
    const struct bn_gap near = bn_findings_flow(&net, &j.velocity);
    bn_progress(0.4);
    bn_findings_jacobians(&net, near);
    if (t.manifold.kind == BN_RING)
        harmonics(&t, &net, &stored.weights);
    sample(&t, &stored.weights);
    distance(&t, &stored.weights);
    bn_trials_run(&net, &j.velocity);
    bn_summary_write();
}

const struct bn_stage bn_stage = {
    .name = "diagnosis",
    .summary = "is the set of target states an attractor?",
    .details = "A small residual does not make an attractor: read /residual, /drift and /gap_ring "
               "together. The drift is the projection of the residual on the left eigenvector of "
               "the tangent mode; the gap is the largest real part of any other mode of the "
               "Jacobian on the manifold and must be negative. All scalars stand in /summary, too.",
    .inputs = inputs, .n_inputs = BN_LEN(inputs),
    .outputs = outputs, .n_outputs = BN_LEN(outputs),
    .params = params, .n_params = BN_LEN(params),
    .random = true,
    .run = run,
};
