/* SPDX-License-Identifier: MIT
 * tuning - target currents x*_i(theta) and rates phi*_i(theta) of a population.
 *
 *     x*_i ~ GP on the circle,  phi* = phi(x*)                (generated), or
 *     x* = g W phi(x*) + U f(theta)                           (a driven reservoir), or
 *     phi* from recorded curves, x* = phi^-1(phi*)            (role recording).
 *
 * Every choice of the preparation is a parameter; docs/science/ring.md says why.
 */
#include <basin/curves.h>
#include <basin/fitted.h>
#include <basin/fourier.h>
#include <basin/gp.h>
#include <basin/manifold.h>
#include <basin/mapped.h>
#include <basin/mem.h>
#include <basin/reservoir.h>
#include <basin/stage.h>
#include <basin/transfer.h>
#include <basin/rng.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { COPIES = 8 };

static const struct bn_input inputs[] = {
    { "recording", true, "recorded tuning curves; without it curves are generated" },
};

static const struct bn_output outputs[] = {
    { "/theta", "theta", "rad", "angle", 0, 0, false },
    { "/current", "neuron theta/grid", "1", "target current x*", 1e-12, 1e-10, false },
    { "/rate", "neuron theta/grid", "1", "target rate phi*", 1e-12, 1e-10, false },
    { "/current_coefficients", "neuron coefficient", "1", "Fourier coefficients of the target "
      "current (store = coefficients): 1, sqrt 2 cos, sqrt 2 sin, ...", 1e-12, 1e-10, false },
    { "/preferred", "neuron", "rad", "preferred angle: circular centre of mass of the rate",
      1e-9, 0, false },
    { "/order", "neuron", "1", "neurons sorted by preferred angle (indices from 0)", 0, 0,
      false },
    { "/covariance_current", "theta", "1", "E[x*(t) x*(t + lag)], predicted", 1e-9, 0, false },
    { "/covariance_current_sampled", "theta", "1", "the same, mean over neurons and angles",
      1e-9, 0, false },
    { "/covariance_rate", "theta", "1", "E[phi*(t) phi*(t + lag)], predicted", 1e-9, 0, false },
    { "/covariance_rate_sampled", "theta", "1", "the same, mean over neurons and angles", 1e-9,
      0, false },
    { "/covariance_cross", "theta", "1", "E[x*(t) phi*(t + lag)], predicted", 1e-9, 0, false },
    { "/covariance_cross_sampled", "theta", "1", "the same, mean over neurons and angles", 1e-9,
      0, false },
    { "/mean_gain", "", "1", "alpha = E[phi'(x*)], mean over neurons and angles", 1e-9, 0,
      false, .cite = "mean gain" },
    { "/aligned_mean", "theta", "1", "mean rate after aligning preferred angles at pi", 1e-9, 0,
      false },
    { "/aligned_sd", "theta", "1", "standard deviation over neurons after aligning", 1e-9, 0,
      false },
    { "/classical", "copy theta", "1", "shifted copies of the mean curve: the homogeneous ring",
      1e-9, 0, false },
    { "/reservoir", "neuron presynaptic", "1", "random weights g W (process = reservoir)", 1e-12,
      1e-10, false },
    { "/feedback", "neuron teacher", "1", "weights U of the teachers cos, sin, cos 2, ...", 1e-12,
      1e-10, false },
    { "/unsettled", "theta", "1", "root-mean-square flow of the driven states that is left",
      1e-9, 0.1, false },
    { "/settled", "", "1", "share of the driven states that are at rest to 1e-9", 0, 0, false,
      .cite = "settled" },
    { "/radius", "", "1", "radius of the disc around -1 that the eigenvalues of the driven states' "
      "Jacobian fill for many neurons: they are stable below 1", 1e-9, 0, false,
      .cite = "radius" },
    { "/floored", "neuron", "1", "bins per neuron that the floor lifted", 0, 0, false },
    { "/fit_parameter", "fit_parameter", "1", "what was fitted", 0, 0, false },
    { "/fit_point", "fit_parameter", "1", "where the loss is smallest", 1e-3, 1e-3, false,
      .cite = "fit" },
    { "/fit_covariance", "fit_parameter fit_parameter", "1",
      "sampling covariance of the fitted point, first order in 1/cells", 1e-3, 0.1, false },
    { "/fit_loss", "", "1", "distance of the covariances at the fitted point", 1e-6, 1e-3,
      false, .cite = "fit loss" },
    { "/fit_given", "fit_parameter", "1", "sigma, beta, threshold of the section", 0, 0, false },
    { "/fit_loss_given", "", "1", "loss there", 1e-9, 1e-6, false, .cite = "fit loss given" },
    { "/fit_loss_sampling", "", "1", "distance that so few cells have from their own law",
      1e-9, 1e-6, false, .cite = "fit loss sampling" },
    { "/fit_harmonic", "fit_harmonic", "1", "harmonic n of the rate covariance", 0, 0, false },
    { "/fit_target", "fit_harmonic", "1", "C_n of the curves", 1e-12, 1e-9, false },
    { "/fit_target_sd", "fit_harmonic", "1", "its standard error over cells", 1e-12, 1e-6,
      false },
    { "/fit_model", "fit_harmonic", "1", "C_n of the process at the fitted point", 1e-6, 1e-3,
      false },
    { "/fit_ends", "fit_start fit_end", "1",
      "sigma, beta, threshold and loss where each start ended", 1e-3, 1e-3, false },
    { "/fit_sigma", "fit_sigma", "1", "values of sigma in the landscape", 0, 1e-12, false },
    { "/fit_beta", "fit_beta", "1", "values of beta in the landscape", 0, 1e-12, false },
    { "/fit_threshold", "fit_threshold", "1", "values of the threshold in the landscape", 0,
      1e-12, false },
    { "/fit_loss_sigma_beta", "fit_sigma fit_beta", "1", "loss at the fitted threshold", 1e-6,
      1e-3, false },
    { "/fit_loss_beta_threshold", "fit_beta fit_threshold", "1", "loss at the fitted sigma",
      1e-6, 1e-3, false },
    BN_MAPPED_OUTPUTS,
};

static const struct bn_param params[] = {
    BN_INTEGER("neurons", "1000", 2, 1e7, "number of generated neurons N"),
    BN_INTEGER("angles", "200", 8, 100000, "grid angles M"),
    BN_CHOICE("process", "erf", "erf softplus normalised reservoir threshold",
              "rate of a generated current; normalised: softplus divided by its own mean; "
              "reservoir: states of a driven random network with tanh rates; threshold: "
              "beta [x]_+ of a current from which the cell's threshold is taken"),
    BN_REAL("gain", "1", "1.2", 0, 10, "gain g of the reservoir's random weights"),
    BN_INTEGER("teachers", "1", 1, 100, "harmonics that drive the reservoir, cos and sin of each"),
    BN_REAL("amplitude", "1", "1.5", 1e-6, 1e3, "amplitude of each teacher"),
    BN_INTEGER("settle", "1000", 1, 1000000, "most steps for the driven states to come to rest"),
    BN_CHOICE("store", "curves", "curves coefficients",
              "what is kept of generated curves; coefficients: only those of the currents, for "
              "very many neurons"),
    BN_REAL("sigma", "1", "1.4211", 0.1, 100, "width of the current spectrum, Fourier indices"),
    BN_REAL("beta", "1", "2.7659", 0.01, 100, "gain of the generating rate function"),
    BN_REAL("threshold", "1", "0", -100, 100, "threshold b of the generating rate function"),
    BN_REAL("network_beta", "1", "2", 0.01, 100,
            "gain of the network's softplus (recorded and normalised curves)"),
    BN_CHOICE("floor_kind", "clip", "clip add", "how recorded rates are lifted to the floor"),
    BN_REAL("floor", "1", "1e-3", 1e-12, 1, "floor of a recorded rate, in means of its cell"),
    BN_REAL("smoothing", "1", "2", 0, 50, "Gaussian width for recorded currents, in bins"),
    BN_INTEGER("sweeps", "1000", 0, 100000,
               "sweeps of the double normalisation (recorded and normalised curves)"),
    BN_INTEGER("model_curves", "20000", 100, 10000000,
               "curves drawn to predict covariances that have no closed form"),
    BN_CHOICE("fit", "none", "none covariance",
              "covariance: find sigma, beta, threshold that give the curves' rate covariance"),
    BN_INTEGER("fit_coefficients", "20", 2, 32, "Fourier coefficients that are compared"),
    BN_REALS("fit_sigma", "1", "0.5 3", 0.1, 4, "range of sigma that is searched and mapped"),
    BN_REALS("fit_beta", "1", "0.5 12", 0.01, 50, "range of beta"),
    BN_REALS("fit_threshold", "1", "-1 4", -5, 5,
             "range of the threshold; erf keeps that of the section"),
    BN_INTEGER("fit_starts", "8", 1, 1000, "searches: from the section's point and elsewhere"),
    BN_INTEGER("fit_nodes", "25", 2, 1000, "values per axis of the landscape"),
    BN_MAPPED_PARAMS,
};

struct population {
    struct bn_transfer network;          /* the rate function that the network has */
    struct bn_mat current, rate;
    struct bn_mat cells;                 /* rates of recorded cells without their copies; a
                                            view of rate if there are none */
    const double *theta;                 /* thresholds of the cells (process = threshold) */
};

/* sigma, beta, threshold of the generating process: those of the section, until a fit
 * to a recording finds others.                                              */
static double process[BN_FIT_PARAMETERS];

/* Currents and rates of `n` generated neurons on m angles.  Normalised curves keep
 * their raw shape here; the network's current is found from the rates.      */
static struct population generate(size_t n, size_t m, const char *stream, size_t sweeps)
{
    const double sigma = process[BN_FIT_SIGMA];
    const size_t r = 2 * bn_gp_harmonics(sigma) + 1;
    const bool normalised = bn_is("process", "normalised");
    struct population p = { .network = { BN_TRANSFER_ERF, process[BN_FIT_BETA],
                                         process[BN_FIT_THRESHOLD] } };
    struct bn_mat c = bn_scratch(n, r);

    if (m < r)
        BN_REFUSE(BN_USAGE, "angles = %zu cannot carry the currents, which have harmonics up to "
                  "%zu at sigma = %g: set angles to at least %zu", m, r / 2, sigma, r);
    if (!bn_is("process", "erf"))
        p.network.kind = BN_TRANSFER_SOFTPLUS;
    if (bn_is("process", "threshold"))
        p.network = (struct bn_transfer){ BN_TRANSFER_THRESHOLD, process[BN_FIT_BETA], 0.0 };
    p.current = bn_scratch(n, m);
    p.rate = bn_scratch(n, m);
    BN_CHECK(bn_gp_sample(sigma, bn_rng_sub(bn_random(), stream), 0, &c));
    BN_CHECK(bn_fourier_inverse(&c, &p.current));
    if (bn_is("process", "threshold")) {
        struct bn_cells cells = { .periods = 1 };
        p.theta = bn_mapped_thresholds(&cells, 1.0 / sigma, &p.current);
    }
    bn_transfer_rate(&p.network, n * m, p.current.data, p.rate.data);
    if (normalised) {
        double error;
        BN_CHECK(bn_curves_unit_mean(&p.rate));
        BN_CHECK(bn_curves_double_normalise(&p.rate, sweeps, &error));
        p.network = (struct bn_transfer){ BN_TRANSFER_SOFTPLUS, bn_real("network_beta"), 0.0 };
        BN_CHECK(bn_transfer_current(&p.network, n * m, p.rate.data, p.current.data));
    }
    p.cells = p.rate;
    return p;
}

/* What the section says about a reservoir, without its weights. */
static struct bn_reservoir reservoir_of_section(void)
{
    return (struct bn_reservoir){ .transfer = { BN_TRANSFER_TANH, 1.0, 0.0 },
        .gain = bn_real("gain"), .amplitude = bn_real("amplitude"),
        .teachers = bn_count("teachers") };
}

/* The states that a random network takes while the teachers drive it. */
static struct population driven(size_t n, size_t m)
{
    struct bn_reservoir r = reservoir_of_section();
    struct population p = { .network = r.transfer };
    struct bn_mat x = bn_scratch(m, n);
    double *moved = bn_scratch_vec(m), settled = 0.0;
    size_t taken;

    if (m < 2 * r.teachers + 2)
        BN_REFUSE(BN_USAGE, "angles = %zu cannot carry %zu teachers: set angles to at least %zu",
                  m, r.teachers, 2 * r.teachers + 2);
    r.inner = bn_scratch(n, n);
    r.feedback = bn_scratch(n, 2 * r.teachers);
    bn_reservoir_draw(&r, bn_random());
    BN_CHECK(bn_reservoir_settle(&r, bn_count("settle"), &x, moved, &taken));
    for (size_t k = 0; k < m; k++)
        settled += (double)(moved[k] <= 1e-9) / (double)m;
    if (settled < 1.0)
        bn_say("gain %g: %.0f %% of the driven states are at rest after %zu steps; the others "
               "are no states that a readout could hold", r.gain, 100.0 * settled, taken);
    p.current = bn_scratch(n, m);
    p.rate = bn_scratch(n, m);
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < m; k++)
            *bn_mat_at(&p.current, i, k) = *bn_mat_at(&x, k, i);
    bn_transfer_rate(&p.network, n * m, p.current.data, p.rate.data);
    bn_output_mat("/reservoir", &r.inner);
    bn_output_attribute_real("/reservoir", "gain", r.gain);
    bn_output_mat("/feedback", &r.feedback);
    bn_output_attribute_real("/feedback", "amplitude", r.amplitude);
    bn_output_vec("/unsettled", moved, m);
    bn_output_number("/settled", settled);
    p.cells = p.rate;
    return p;
}

/* The rows of a recording's cells before their turned copies, which come after all of
 * them: copies are no independent samples.  Without /cell every row is a cell.  */
static struct bn_mat first_rows(const struct bn_mat *rate)
{
    struct bn_mat cells = *rate;

    if (bn_h5_kind(bn_input("recording"), "/cell") == BN_H5_DATASET) {
        size_t n, k = 0;
        const double *cell = bn_input_vec("recording", "/cell", &n);
        while (k < n && k < rate->rows && cell[k] == (double)k)
            k++;
        cells.rows = k > 0 ? k : rate->rows;
    }
    return cells;
}

/* Recorded rates in Hz to targets on m angles: the order of the steps matters. */
static struct population from_recording(size_t m)
{
    struct population p = { .network = { BN_TRANSFER_SOFTPLUS, bn_real("network_beta"), 0.0 } };
    struct bn_mat rate = bn_input_mat("recording", "/rate");
    const size_t n = rate.rows, bins = rate.cols;
    double *floored = bn_scratch_vec(n), error;
    int64_t *count = (int64_t *)(void *)floored, total = 0;

    if (m < bins)
        BN_REFUSE(BN_USAGE, "angles = %zu is less than the %zu bins of the recording: set angles "
                  "to at least %zu, or record fewer bins", m, bins, bins);
    const bn_status usable = bn_curves_unit_mean(&rate);
    if (usable != BN_OK)
        bn_die(bn_fail_at(usable, "%s", bn_h5_path(bn_input("recording"))));
    bn_curves_floor(&rate, bn_is("floor_kind", "add") ? BN_FLOOR_ADD : BN_FLOOR_CLIP,
                    bn_real("floor"), count);
    struct bn_mat x = bn_scratch(n, bins);
    BN_CHECK(bn_transfer_current(&p.network, n * bins, rate.data, x.data));
    BN_CHECK(bn_curves_smooth(&x, bn_real("smoothing")));
    bn_transfer_rate(&p.network, n * bins, x.data, rate.data);
    BN_CHECK(bn_curves_double_normalise(&rate, bn_count("sweeps"), &error));
    BN_CHECK(bn_transfer_current(&p.network, n * bins, rate.data, x.data));
    p.current = bn_scratch(n, m);
    p.rate = bn_scratch(n, m);
    BN_CHECK(bn_fourier_resample(&x, &p.current));
    bn_transfer_rate(&p.network, n * m, p.current.data, p.rate.data);
    for (size_t i = 0; i < n; i++)
        total += count[i];
    bn_say("%zu recorded curves; the floor lifted %lld of %zu bins; double normalisation left "
           "row means within %.1e of 1", n, (long long)total, n * bins, error);
    bn_output_integers("/floored", count, n);
    p.cells = first_rows(&p.rate);
    return p;
}

/* Mean over neurons of the autocovariance of a and b, and of their cross-covariance
 * (a leads), on m lags; c may be NULL.                                      */
static void covariances(const struct bn_mat *x, const struct bn_mat *rate, double *cx,
                        double *cr, double *cross)
{
    const size_t m = x->cols;
    struct bn_mat a = bn_scratch(x->rows, m), b = bn_scratch(x->rows, m);
    double *power = bn_scratch_vec(m);

    BN_CHECK(bn_fourier(x, &a));
    BN_CHECK(bn_fourier(rate, &b));
    bn_fourier_power(&a, power);
    BN_CHECK(bn_fourier_covariance(power, m, m, cx));
    bn_fourier_power(&b, power);
    BN_CHECK(bn_fourier_covariance(power, m, m, cr));
    memset(power, 0, m * sizeof *power);
    for (size_t i = 0; i < a.rows; i++)
        for (size_t k = 0; k < m; k++)
            power[k] += *bn_mat_at(&a, i, k) * *bn_mat_at(&b, i, k) / (double)a.rows;
    BN_CHECK(bn_fourier_covariance(power, m, m, cross));
}

/* Of thresholded cells, given their thresholds: E x x' = g + theta^2 and, by Stein's lemma,
 * E x f' = g E phi' - theta E f.                                                */
static void predict_thresholded(const struct population *p, const double *g, double *cx,
                                double *cr, double *cross)
{
    const struct bn_cells c = { .periods = 1, .transfer = p->network,
                                .thresholds = BN_THRESHOLDS_GAMMA };
    const size_t n = p->current.rows, m = p->current.cols;
    double *gain = bn_scratch_vec(1), level = 0.0, offset = 0.0, total = 0.0;

    BN_CHECK(bn_cells_products(&c, p->theta, n, g[0], g, m, cr));
    for (size_t i = 0; i < n; i++) {
        struct bn_transfer t = p->network;
        const double none = 0.0;
        double product;
        t.threshold += p->theta[i];
        BN_CHECK(bn_transfer_mean_slope(&t, g[0], gain));
        BN_CHECK(bn_transfer_covariance(&t, g[0], &none, 1, &product));
        total += *gain / (double)n;
        level += p->theta[i] * sqrt(product) / (double)n;
        offset += p->theta[i] * p->theta[i] / (double)n;
    }
    for (size_t k = 0; k < m; k++) {
        cross[k] = total * g[k] - level;
        cx[k] = g[k] + offset;
    }
}

/* Closed forms where they exist; else the mean over a large draw of the process that
 * is always the same (common random numbers).                               */
static void predict(const struct population *p, bool recorded)
{
    const size_t m = p->current.cols;
    double *cx = bn_scratch_vec(m), *cr = bn_scratch_vec(m), *cross = bn_scratch_vec(m), alpha;

    if (recorded || bn_is("process", "normalised")) {
        const size_t fine = m > 200 ? 200 : m;
        const struct population model = generate(bn_count("model_curves"), fine, "model", 0);
        struct bn_mat c = bn_scratch(3, fine), out = bn_scratch(3, m);
        covariances(&model.current, &model.rate, bn_mat_row(&c, 0), bn_mat_row(&c, 1),
                    bn_mat_row(&c, 2));
        BN_CHECK(bn_fourier_resample(&c, &out));
        cx = bn_mat_row(&out, 0);
        cr = bn_mat_row(&out, 1);
        cross = bn_mat_row(&out, 2);
    } else if (bn_is("process", "reservoir")) {
        const struct bn_reservoir r = reservoir_of_section();
        struct bn_reservoir_theory theory;
        BN_CHECK(bn_reservoir_theory(&r, m, cx, cr, &theory));
        for (size_t k = 0; k < m; k++)
            cross[k] = theory.slope * cx[k];
        bn_output_number("/radius", theory.radius);
    } else if (p->theta != NULL) {
        double *g = bn_scratch_vec(m);
        bn_gp_covariance(bn_real("sigma"), m, g);
        predict_thresholded(p, g, cx, cr, cross);
    } else {
        bn_gp_covariance(bn_real("sigma"), m, cx);
        BN_CHECK(bn_transfer_covariance(&p->network, cx[0], cx, m, cr));
        BN_CHECK(bn_transfer_mean_slope(&p->network, cx[0], &alpha));
        for (size_t k = 0; k < m; k++)
            cross[k] = alpha * cx[k];
    }
    bn_output_vec("/covariance_current", cx, m);
    bn_output_vec("/covariance_rate", cr, m);
    bn_output_vec("/covariance_cross", cross, m);
    bn_output_attribute("/covariance_rate", "method",
                        recorded || bn_is("process", "normalised") ? "drawn"
                        : p->theta != NULL
                          || (bn_is("process", "erf") && p->network.threshold == 0.0)
                        ? "closed form" : "quadrature");
}

/* Shifted copies of the mean curve, whose peak is at pi. */
static void classical(const double *mean, size_t m)
{
    struct bn_mat copies = bn_scratch(COPIES, m);

    for (size_t c = 0; c < COPIES; c++)
        for (size_t k = 0; k < m; k++)
            *bn_mat_at(&copies, c, k) = mean[(k + m / 2 + m - c * m / COPIES) % m];
    bn_output_mat("/classical", &copies);
}

static void describe(const struct population *p)
{
    const size_t n = p->rate.rows, m = p->rate.cols;
    double *preferred = bn_scratch_vec(n), *mean = bn_scratch_vec(m), *sd = bn_scratch_vec(m);
    struct bn_mat slope = bn_scratch(1, m);
    size_t *order = (size_t *)(void *)bn_scratch_vec(n);
    int64_t *sorted = (int64_t *)(void *)bn_scratch_vec(n);
    double gain = 0.0;

    bn_ring_centre(&p->rate, preferred, NULL);
    BN_CHECK(bn_ring_order(preferred, n, order));
    BN_CHECK(bn_ring_align(&p->rate, preferred, mean, sd));
    for (size_t i = 0; i < n; i++) {
        sorted[i] = (int64_t)order[i];
        bn_transfer_slope(&p->network, m, bn_mat_row(&p->current, i), slope.data);
        for (size_t k = 0; k < m; k++)
            gain += slope.data[k] / (double)(n * m);
    }
    bn_output_vec("/preferred", preferred, n);
    bn_output_integers("/order", sorted, n);
    bn_output_number("/mean_gain", gain);
    bn_output_vec("/aligned_mean", mean, m);
    bn_output_vec("/aligned_sd", sd, m);
    classical(mean, m);
}

/* --- store = coefficients: neurons pass by in chunks ------------------------------ */

struct running {
    struct bn_transfer network;
    double *preferred, gain;
    double *mean, *square;               /* of aligned rates: sums over neurons */
    double *power_x, *power_phi, *power_cross;           /* the same of coefficients */
};

static void add_chunk(struct running *s, size_t first, const struct bn_mat *c,
                      const struct bn_mat *x, struct bn_mat *rate, struct bn_mat *b)
{
    const size_t n = c->rows, m = x->cols;
    double *mean = bn_alloc(2 * m, sizeof *mean), *sd = mean + m;

    if (mean == NULL)
        bn_die(BN_NOMEM);
    bn_transfer_rate(&s->network, n * m, x->data, rate->data);
    bn_ring_centre(rate, s->preferred + first, NULL);
    BN_CHECK(bn_ring_align(rate, s->preferred + first, mean, sd));
    for (size_t k = 0; k < m; k++) {
        s->mean[k] += (double)n * mean[k];
        s->square[k] += (double)n * (sd[k] * sd[k] + mean[k] * mean[k]);
    }
    BN_CHECK(bn_fourier(rate, b));
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < m; k++) {
            const double a = k < c->cols ? *bn_mat_at(c, i, k) : 0.0, f = *bn_mat_at(b, i, k);
            s->power_x[k] += a * a;
            s->power_phi[k] += f * f;
            s->power_cross[k] += a * f;
        }
    bn_transfer_slope(&s->network, n * m, x->data, rate->data);
    for (size_t k = 0; k < n * m; k++)
        s->gain += rate->data[k];
    free(mean);
}

static void output_running(struct running *s, size_t n, size_t m)
{
    size_t *order = (size_t *)(void *)bn_scratch_vec(n);
    int64_t *sorted = (int64_t *)(void *)bn_scratch_vec(n);
    double *c = bn_scratch_vec(m);
    struct { const char *name; double *power; } const out[] = {
        { "/covariance_current_sampled", s->power_x },
        { "/covariance_rate_sampled", s->power_phi },
        { "/covariance_cross_sampled", s->power_cross },
    };

    BN_CHECK(bn_ring_order(s->preferred, n, order));
    for (size_t i = 0; i < n; i++)
        sorted[i] = (int64_t)order[i];
    for (size_t k = 0; k < m; k++) {
        s->mean[k] /= (double)n;
        s->square[k] = sqrt(fmax(0.0, s->square[k] / (double)n - s->mean[k] * s->mean[k]));
    }
    bn_output_vec("/preferred", s->preferred, n);
    bn_output_integers("/order", sorted, n);
    bn_output_number("/mean_gain", s->gain / (double)n / (double)m);
    bn_output_vec("/aligned_mean", s->mean, m);
    bn_output_vec("/aligned_sd", s->square, m);
    classical(s->mean, m);
    for (size_t k = 0; k < BN_LEN(out); k++) {
        for (size_t j = 0; j < m; j++)
            out[k].power[j] /= (double)n;
        BN_CHECK(bn_fourier_covariance(out[k].power, m, m, c));
        bn_output_vec(out[k].name, c, m);
    }
}

static void store_coefficients(size_t n, size_t m)
{
    enum { CHUNK = 4096 };
    const double sigma = bn_real("sigma");
    const size_t r = 2 * bn_gp_harmonics(sigma) + 1, rows = n < CHUNK ? n : CHUNK;
    struct running s = { .network = { bn_is("process", "erf") ? BN_TRANSFER_ERF
                                      : BN_TRANSFER_SOFTPLUS, bn_real("beta"),
                                      bn_real("threshold") } };

    if (bn_has_input("recording") || bn_is("process", "normalised")
        || bn_is("process", "threshold"))
        BN_REFUSE(BN_USAGE, "store = coefficients is for generated erf or softplus curves: those "
                  "of a recording, normalised and thresholded ones, are not band-limited; set "
                  "store to curves");
    if (m < r)
        BN_REFUSE(BN_USAGE, "angles = %zu cannot carry the currents, which have harmonics up to "
                  "%zu at sigma = %g: set angles to at least %zu", m, r / 2, sigma, r);
    struct bn_mat c = bn_scratch(n, r), x = bn_scratch(rows, m), rate = bn_scratch(rows, m);
    struct bn_mat b = bn_scratch(rows, m);
    s.preferred = bn_scratch_vec(n);
    s.mean = bn_scratch_vec(m);
    s.square = bn_scratch_vec(m);
    s.power_x = bn_scratch_vec(m);
    s.power_phi = bn_scratch_vec(m);
    s.power_cross = bn_scratch_vec(m);
    BN_CHECK(bn_gp_sample(sigma, bn_rng_sub(bn_random(), "curves"), 0, &c));
    for (size_t i0 = 0; i0 < n; i0 += rows) {
        const struct bn_mat in = { n - i0 < rows ? n - i0 : rows, r, bn_mat_row(&c, i0) };
        x.rows = rate.rows = b.rows = in.rows;
        BN_CHECK(bn_fourier_inverse(&in, &x));
        add_chunk(&s, i0, &in, &x, &rate, &b);
        bn_progress(0.9 * (double)(i0 + in.rows) / (double)n);
    }
    bn_output_mat("/current_coefficients", &c);
    bn_output_attribute("/current_coefficients", "transfer", bn_transfer_name(s.network.kind));
    bn_output_attribute_real("/current_coefficients", "transfer_beta", s.network.beta);
    bn_output_attribute_real("/current_coefficients", "transfer_threshold",
                             s.network.threshold);
    output_running(&s, n, m);
    struct population none = { .network = s.network, .current = { 0, m, NULL } };
    predict(&none, false);
}

/* The ring's currents have the spectrum of sigma, whatever `kernel` says: what says something
 * else is refused, and the geodesic Gaussian with the reason.                   */
static void refuse_kernel(void)
{
    const struct bn_kernel k = { BN_KERNEL_GEODESIC, { 1.0 / bn_real("sigma") } };
    const struct bn_manifold ring = bn_manifold_ring(bn_count("angles"));

    if (bn_is("kernel", "geodesic"))
        BN_CHECK(bn_kernel_check(&k, &ring));
    if (!bn_is("kernel", "gaussian") && !bn_is("kernel", "heat"))
        BN_REFUSE(BN_USAGE, "kernel = %s is for other manifolds: currents on the ring have the "
                  "Gaussian spectrum of `sigma` (sigma_c = 1/sigma); leave it out",
                  bn_text("kernel"));
}

static void run(void)
{
    if (!bn_is("manifold", "ring")) {
        bn_mapped();
        return;
    }
    const bool recorded = bn_has_input("recording");
    const size_t m = bn_count("angles");
    if (recorded && bn_h5_kind(bn_input("recording"), "/point") == BN_H5_DATASET) {
        bn_mapped_recorded();
        return;
    }
    refuse_kernel();
    double *theta = bn_scratch_vec(m), *cx = bn_scratch_vec(m), *cr = bn_scratch_vec(m);
    double *cross = bn_scratch_vec(m);
    process[BN_FIT_SIGMA] = bn_real("sigma");
    process[BN_FIT_BETA] = bn_real("beta");
    process[BN_FIT_THRESHOLD] = bn_real("threshold");
    bn_ring_grid(m, theta);
    bn_output_vec("/theta", theta, m);
    if (bn_is("process", "reservoir") && (recorded || !bn_is("store", "curves")
                                          || !bn_is("fit", "none")))
        BN_REFUSE(BN_USAGE, "process = reservoir draws its own curves and keeps them: it takes no "
                  "recording, store = coefficients or fit = covariance");
    if (bn_is("process", "threshold") && (recorded || !bn_is("fit", "none")))
        BN_REFUSE(BN_USAGE, "process = threshold draws its own curves: it takes no recording and "
                  "no fit = covariance");
    if (bn_is("store", "coefficients")) {
        store_coefficients(bn_count("neurons"), m);
        return;
    }
    const struct population p = recorded ? from_recording(m)
        : bn_is("process", "reservoir") ? driven(bn_count("neurons"), m)
        : generate(bn_count("neurons"), m, "curves",
                   bn_is("process", "normalised") ? bn_count("sweeps") : 0);
    bn_progress(0.4);
    bn_output_mat("/current", &p.current);
    bn_output_mat("/rate", &p.rate);
    bn_output_attribute("/rate", "transfer", bn_transfer_name(p.network.kind));
    bn_output_attribute_real("/rate", "transfer_beta", p.network.beta);
    bn_output_attribute_real("/rate", "transfer_threshold", p.network.threshold);
    describe(&p);
    covariances(&p.current, &p.rate, cx, cr, cross);
    bn_output_vec("/covariance_current_sampled", cx, m);
    bn_output_vec("/covariance_rate_sampled", cr, m);
    bn_output_vec("/covariance_cross_sampled", cross, m);
    if (bn_is("fit", "covariance")) {
        double point[BN_FIT_PARAMETERS];
        memcpy(point, process, sizeof point);
        bn_fitted(&p.cells, point);
        if (recorded)
            memcpy(process, point, sizeof point);
    }
    bn_progress(0.7);
    predict(&p, recorded);
}

const struct bn_stage bn_stage = {
    .name = "tuning",
    .summary = "target currents and rates of a population on the ring or another manifold",
    .details = "Without a recording, currents are drawn from a stationary Gaussian process on "
               "the circle and turned into rates by an erf, a softplus, or a softplus divided "
               "by the curve's own mean; process = reservoir solves for the states of a random "
               "network under teachers that go round the circle. With a recording, its curves are "
               "divided by their means, floored, turned into currents, smoothed, turned back, "
               "normalised over neurons and angles, and resampled to the grid. With "
               "fit = covariance, sigma, "
               "beta and threshold are sought under which the process has the rate covariance "
               "of the curves; beside a recording they then make the predictions. The loss has "
               "a flat valley: read /fit_loss_* with /fit_point.\n\n"
               "On other manifolds currents are Gaussian maps with the correlation `kernel`, and "
               "rates are erf, softplus or threshold-linear ones, with thresholds of each cell's "
               "own; grid cells are maps of a hexagon (docs/science/maps.md).",
    .inputs = inputs, .n_inputs = BN_LEN(inputs),
    .outputs = outputs, .n_outputs = BN_LEN(outputs),
    .params = params, .n_params = BN_LEN(params),
    .random = true,
    .run = run,
    .resources = { .hours = 1, .memory = 4 },
};
