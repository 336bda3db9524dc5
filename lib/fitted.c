/* SPDX-License-Identifier: MIT */
#include <basin/fitted.h>
#include <basin/stage.h>

#include <math.h>
#include <string.h>

/* Rates of the model have harmonics beyond those compared; on 96 angles what folds back
 * is below 1e-6 of the loss (test_fit: angles_suffice).                    */
enum { FIT_ANGLES = 96 };

static struct bn_fit_box search_box(const double *process)
{
    static const char *const name[] = { "fit_sigma", "fit_beta", "fit_threshold" };
    struct bn_fit_box box;

    for (int k = 0; k < BN_FIT_PARAMETERS; k++) {
        size_t n;
        const double *range = bn_reals(name[k], &n);
        if (n != 2 || !(range[0] <= range[1]))
            BN_REFUSE(BN_USAGE, "%s is a range: two numbers, the smaller one first", name[k]);
        box.low[k] = range[0];
        box.high[k] = range[1];
    }
    if (bn_is("process", "erf"))
        box.low[BN_FIT_THRESHOLD] = box.high[BN_FIT_THRESHOLD] = process[BN_FIT_THRESHOLD];
    return box;
}

static double *axis_of(const struct bn_fit_box *box, int k, size_t n, const char *name)
{
    double *axis = bn_scratch_vec(n);

    for (size_t i = 0; i < n; i++)
        axis[i] = box->low[k]
            + (box->high[k] - box->low[k]) * (double)i / (double)(n > 1 ? n - 1 : 1);
    bn_output_vec(name, axis, n);
    return axis;
}

static void map_landscape(const bn_fit *f, const double *target, const double *p,
                          const struct bn_fit_box *box)
{
    const size_t n = bn_count("fit_nodes");
    const size_t nb = box->low[BN_FIT_THRESHOLD] < box->high[BN_FIT_THRESHOLD] ? n : 1;
    double *sigma = axis_of(box, BN_FIT_SIGMA, n, "/fit_sigma");
    double *beta = axis_of(box, BN_FIT_BETA, n, "/fit_beta");
    double *threshold = axis_of(box, BN_FIT_THRESHOLD, nb, "/fit_threshold");
    struct bn_mat a = bn_scratch(n, n), b = bn_scratch(n, nb);

    BN_CHECK(bn_fit_landscape(f, target, p, BN_FIT_SIGMA, sigma, BN_FIT_BETA, beta, &a));
    BN_CHECK(bn_fit_landscape(f, target, p, BN_FIT_BETA, beta, BN_FIT_THRESHOLD, threshold,
                              &b));
    bn_output_mat("/fit_loss_sigma_beta", &a);
    bn_output_mat("/fit_loss_beta_threshold", &b);
}

/* C_n of the curves with their standard errors; returns how far the mean of so few
 * cells is from that of all, in units of the loss (root mean square).        */
static double fit_target(const struct bn_mat *cells, size_t n, double *target,
                         struct bn_mat *spread)
{
    double *harmonic = bn_scratch_vec(n), *sd = bn_scratch_vec(n), sum = 0.0, norm = 0.0;

    BN_CHECK(bn_fit_curves(cells, n, target, spread));
    for (size_t k = 0; k < n; k++) {
        harmonic[k] = (double)k;
        sd[k] = sqrt(*bn_mat_at(spread, k, k));
        sum += sd[k] * sd[k];
        norm += k > 0 ? target[k] * target[k] : 0.0;
    }
    bn_output_vec("/fit_harmonic", harmonic, n);
    bn_output_vec("/fit_target", target, n);
    bn_output_vec("/fit_target_sd", sd, n);
    return sqrt(sum / norm);
}

static void fit_outputs(const bn_fit *f, const struct bn_fit_box *box, const double *best,
                        const struct bn_mat *spread, size_t cells)
{
    static const char *const name[] = { "sigma", "beta", "threshold" };
    const size_t n = spread->rows;
    struct bn_mat covariance = bn_scratch(BN_FIT_PARAMETERS, BN_FIT_PARAMETERS);
    double *model = bn_scratch_vec(n);

    BN_CHECK(bn_fit_model(f, best, 1.0, model));
    bn_output_texts("/fit_parameter", name, BN_FIT_PARAMETERS);
    bn_output_vec("/fit_point", best, BN_FIT_PARAMETERS);
    bn_output_vec("/fit_model", model, n);
    if (bn_fit_errors(f, box, best, spread, cells, &covariance) == BN_OK)
        bn_output_mat("/fit_covariance", &covariance);
    else
        bn_say("no errors of the fitted point: %s", bn_error());
}

void bn_fitted(const struct bn_mat *cells, double process[BN_FIT_PARAMETERS])
{
    const enum bn_fit_process kind = bn_is("process", "erf") ? BN_FIT_ERF
        : bn_is("process", "softplus") ? BN_FIT_SOFTPLUS : BN_FIT_NORMALISED;
    const size_t n = bn_count("fit_coefficients"), starts = bn_count("fit_starts");
    const struct bn_fit_box box = search_box(process);
    struct bn_mat spread = bn_scratch(n, n), ends = bn_scratch(starts, BN_FIT_PARAMETERS + 1);
    double *target = bn_scratch_vec(n), *model = bn_scratch_vec(n);
    double best[BN_FIT_PARAMETERS], loss;
    bn_fit *f;

    const double sampling = fit_target(cells, n, target, &spread);
    BN_CHECK(bn_fit_new(&f, kind, n, FIT_ANGLES, bn_count("model_curves"),
                        box.high[BN_FIT_SIGMA], bn_rng_sub(bn_random(), "model")));
    BN_CHECK(bn_fit_search(f, target, &box, process, starts, bn_rng_sub(bn_random(), "fit"),
                           best, &loss, &ends));
    BN_CHECK(bn_fit_model(f, process, 1.0, model));
    bn_output_number("/fit_loss", loss);
    bn_output_vec("/fit_given", process, BN_FIT_PARAMETERS);
    bn_output_number("/fit_loss_given", bn_fit_distance(target, model, n));
    bn_output_number("/fit_loss_sampling", sampling);
    bn_output_mat("/fit_ends", &ends);
    fit_outputs(f, &box, best, &spread, cells->rows);
    bn_progress(0.6);
    map_landscape(f, target, best, &box);
    bn_fit_free(f);
    bn_say("fitted to %zu curves: sigma = %.4g, beta = %.4g, threshold = %.4g, loss %.2g (%.2g "
           "is the sampling error of the curves)", cells->rows, best[0], best[1], best[2],
           loss, sampling);
    memcpy(process, best, sizeof best);
}
