/* SPDX-License-Identifier: MIT
 * weights - recurrent weights that hold the target states x*(theta).
 *
 *     min (1/N)(1/M) sum (J phi* - x*)^2 + lambda sum J_ij^2,  J_ii = 0   (offline)
 *
 * and the controls made from them: the circulant average, the circulant average
 * plus the shuffled rest, the Hebbian outer product, three surrogates that share the
 * spectrum of J and nothing else, a taught reservoir, and what stage learning learned.
 * J' (velocity weights) is fitted like J to dx and d theta.  lambda has the factor 1/N in
 * front of the error, so that it has a limit for N -> infinity (docs/science/ring.md, the
 * box).
 */
#include <basin/charts.h>
#include <basin/fourier.h>
#include <basin/manifold.h>
#include <basin/reservoir.h>
#include <basin/ridge.h>
#include <basin/rng.h>
#include <basin/stage.h>
#include <basin/surrogate.h>
#include <basin/targets.h>

#include <math.h>
#include <stdio.h>
#include <string.h>

static const struct bn_input inputs[] = {
    { "tuning", false, "target currents and rates" },
    { "weights", true, "offline weights, for what is made from them" },
    { "learning", true, "what was learned, for kind = learned" },
    BN_CHARTS_INPUT,
};

static const struct bn_output outputs[] = {
    { "/J", "neuron presynaptic", "1", "weights; J_ij is from neuron j to neuron i", 1e-12,
      1e-8, false },
    { "/J_velocity", "neuron presynaptic", "1", "velocity weights J'", 1e-12, 1e-8, false },
    { "/left", "neuron mode", "1", "J = left right - diag(diagonal)", 1e-12, 1e-8, false },
    { "/right", "mode presynaptic", "1", "right factor", 1e-12, 1e-8, false },
    { "/diagonal", "neuron", "1", "taken off the diagonal, so that J_ii = 0", 1e-12, 1e-8,
      false },
    { "/left_velocity", "neuron mode", "1", "J' = left_velocity right - diag(...)", 1e-12, 1e-8,
      false },
    { "/diagonal_velocity", "neuron", "1", "taken off the diagonal of J'", 1e-12, 1e-8, false },
    { "/basis", "mode coefficient", "1", "modes of the rates as combinations of their "
      "Fourier coefficients (form = modes)", 1e-9, 0, false },
    { "/core", "mode mode2", "1", "inverse of the modes' covariance plus lambda, per N", 1e-12,
      1e-6, false },
    { "/residual", "", "1", "|J phi* - x*| / |x*| over the manifold", 1e-12, 1e-6, false,
      .cite = "residual" },
    { "/residual_velocity", "", "1", "|J' phi* - dx*/dtheta| / |dx*/dtheta|", 1e-12, 1e-6,
      false, .cite = "velocity residual" },
    { "/condition", "", "1", "condition number of K = Phi Phi^T/N + M lambda I on its span", 0,
      1e-3, false, .cite = "condition" },
    { "/rank", "", "1", "numerical rank: modes that J needs to rank_tolerance", 1, 0, false,
      .cite = "rank" },
    { "/coefficients", "", "1", "Fourier coefficients per curve that decide J to 1e-11", 0, 0,
      false },
    { "/lambda", "", "1", "ridge used", 0, 0, false, .cite = "lambda" },
    { "/readout_residual", "", "1", "|B phi* - f| / |f| of the teachers f (kind = reservoir)",
      1e-12, 1e-6, false, .cite = "readout residual" },
    { "/radius", "", "1", "radius of the disc of eigenvalues that the random part of J has for "
      "many neurons (kind = noisy and reservoir)", 1e-12, 1e-9, false, .cite = "radius" },
    { "/gain", "", "1", "factor on what was learned", 1e-9, 1e-3, false, .cite = "gain" },
    BN_CHARTS_OUTPUTS,
};

static const struct bn_param params[] = {
    BN_CHOICE("kind", "offline",
              "offline circulant scrambled hebb rotated mixed noisy reservoir learned",
              "which weights"),
    BN_REAL("lambda", "1", "1e-8", 0, 1e6, "ridge, with the error per neuron and angle"),
    BN_CHOICE("form", "auto", "auto dense factored modes",
              "how J is stored; auto: dense up to 2000 neurons; modes: what is small in it, "
              "for very many neurons"),
    BN_REAL("rank_tolerance", "1", "1e-10", 0, 0.1,
            "modes that change J by less than this (relative) are dropped"),
    BN_FLAG("velocity", "yes", "fit the velocity weights, too (offline)"),
    BN_REAL("gain", "1", "1", -100, 100, "factor on the circulant average or on what was "
            "learned"),
    BN_FLAG("symmetric", "yes", "symmetrise the circulant average"),
    BN_INTEGER("snapshot", "-1", -1, 100000, "which snapshot of learning; -1: the last, "
               "after maintenance if there was some"),
    BN_CHOICE("normalise", "none", "none first best", "scale what was learned so that J phi* "
              "has the first harmonic of x*, or is nearest to x*"),
    BN_CHARTS_PARAMS,
};

enum { DENSE_LIMIT = 2000, SCRAMBLE_LIMIT = 20000, ROTATE_LIMIT = 5000 };

static bool want_dense(size_t n)
{
    return bn_is("form", "dense") || (bn_is("form", "auto") && n <= DENSE_LIMIT);
}

/* |gain J phi* - target| / |target| over the grid, from coefficients (Parseval). */
static double scaled_residual(const struct bn_operator *op, double gain,
                              const struct bn_mat *phi, const struct bn_mat *target)
{
    struct bn_mat p = bn_scratch(phi->cols, phi->rows), out = bn_scratch(phi->cols, phi->rows);
    double error = 0.0, norm = 0.0;

    for (size_t i = 0; i < phi->rows; i++)
        for (size_t k = 0; k < phi->cols; k++)
            *bn_mat_at(&p, k, i) = *bn_mat_at(phi, i, k);
    BN_CHECK(bn_operator_apply(op, BN_PLAIN, &p, &out));
    for (size_t i = 0; i < phi->rows; i++)
        for (size_t k = 0; k < phi->cols; k++) {
            const double x = k < target->cols ? *bn_mat_at(target, i, k) : 0.0;
            const double d = gain * *bn_mat_at(&out, k, i) - x;
            error += d * d;
            norm += x * x;
        }
    return sqrt(error / norm);
}

static double residual(const struct bn_operator *op, const struct bn_mat *phi,
                       const struct bn_mat *target)
{
    return scaled_residual(op, 1.0, phi, target);
}

static void write_dense(const char *name, const struct bn_mat *left, const struct bn_mat *right)
{
    struct bn_mat j = bn_scratch(left->rows, left->rows);

    BN_CHECK(bn_ridge_dense(left, right, &j));
    bn_output_mat(name, &j);
}

/* A velocity is one number: where there are more directions no J' is fitted. */
static bool want_velocity(const struct bn_targets *t)
{
    if (!bn_flag("velocity"))
        return false;
    if (t->manifold.dimensions > 1)
        bn_say("velocity weights are fitted in one dimension; a %s has %zu: none are written",
               bn_manifold_name(t->manifold.kind), t->manifold.dimensions);
    return t->manifold.dimensions == 1;
}

/* What readers need beside the tuning to apply J: nothing as large as the curves. */
static void offline_modes(const struct bn_targets *t)
{
    const double lambda = bn_real("lambda");
    const bool velocity = t->manifold.kind == BN_RING && want_velocity(t);
    const size_t r = bn_ridge_coefficients(&t->x, &t->phi, lambda);
    struct bn_ridge_modes fit;

    BN_CHECK(bn_ridge_modes(&t->x, &t->phi, velocity, r, lambda, bn_real("rank_tolerance"),
                            &fit));
    bn_output_mat("/basis", &fit.basis);
    bn_output_mat("/core", &fit.core);
    bn_output_vec("/diagonal", fit.diagonal, t->x.rows);
    bn_output_number("/residual", fit.residual);
    if (velocity) {
        bn_output_vec("/diagonal_velocity", fit.diagonal_velocity, t->x.rows);
        bn_output_number("/residual_velocity", fit.residual_velocity);
    }
    bn_output_number("/condition", fit.condition);
    bn_output_number("/rank", (double)fit.basis.rows);
    bn_output_number("/coefficients", (double)r);
    bn_output_number("/lambda", lambda);
    bn_ridge_modes_free(&fit);
}

static void offline(const struct bn_targets *t)
{
    const size_t n = t->x.rows;
    const double lambda = bn_real("lambda");
    const bool velocity = want_velocity(t), dense = want_dense(n);
    const struct bn_mat x = bn_targets_wide(t);
    struct bn_mat slope = { 0 };
    struct bn_ridge fit;
    struct bn_operator op;

    if (velocity) {
        slope = bn_scratch(n, x.cols);
        memcpy(slope.data, x.data, n * x.cols * sizeof(double));
        bn_targets_differentiate(t, &slope);
    }
    const size_t r = bn_ridge_coefficients(&x, &t->phi, lambda);
    BN_CHECK(bn_ridge_fit(&x, &t->phi, velocity ? &slope : NULL, r, lambda,
                          bn_real("rank_tolerance"), &fit));
    bn_progress(0.5);
    if (dense) {
        write_dense("/J", &fit.left, &fit.right);
        if (velocity)
            write_dense("/J_velocity", &fit.left_velocity, &fit.right);
    } else {
        bn_output_mat("/left", &fit.left);
        bn_output_mat("/right", &fit.right);
        bn_output_vec("/diagonal", fit.diagonal, n);
        if (velocity) {
            bn_output_mat("/left_velocity", &fit.left_velocity);
            bn_output_vec("/diagonal_velocity", fit.diagonal_velocity, n);
        }
    }
    BN_CHECK(bn_operator_factored(&op, &fit.left, &fit.right, fit.diagonal));
    bn_output_number("/residual", residual(&op, &t->phi, &x));
    if (velocity) {
        BN_CHECK(bn_operator_factored(&op, &fit.left_velocity, &fit.right,
                                      fit.diagonal_velocity));
        bn_output_number("/residual_velocity", residual(&op, &t->phi, &slope));
    }
    bn_output_number("/condition", fit.condition);
    bn_output_number("/rank", (double)fit.rank);
    bn_output_number("/coefficients", (double)r);
    bn_output_number("/lambda", lambda);
    bn_ridge_free(&fit);
}

/* J = g X Phi^T/N per point, with g such that J phi* has the first harmonics of x*:
 * in the mean field the sum over presynaptic neurons multiplies each harmonic by the
 * rate spectrum, so g = 1 / (spectrum of the rates on the first shell).     */
static void hebb(const struct bn_targets *t)
{
    const struct bn_mat x = bn_targets_wide(t);
    const size_t n = x.rows, r = x.cols;
    struct bn_mat right = bn_scratch(r, n), left = bn_scratch(n, r);
    double *power = bn_scratch_vec(r), *diagonal = bn_scratch_vec(n);
    struct bn_operator op;

    size_t first;
    const size_t shell = bn_harmonics_shell(t->harmonics, 1, &first);
    double sum = 0.0;

    bn_fourier_power(&t->phi, power);
    for (size_t k = first; k < first + shell; k++)
        sum += power[k];
    const double g = (double)shell / sum;
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < r; k++) {
            *bn_mat_at(&left, i, k) = g * *bn_mat_at(&x, i, k) / (double)n;
            *bn_mat_at(&right, k, i) = *bn_mat_at(&t->phi, i, k);
            diagonal[i] += *bn_mat_at(&left, i, k) * *bn_mat_at(&t->phi, i, k);
        }
    if (want_dense(n)) {
        write_dense("/J", &left, &right);
    } else {
        bn_output_mat("/left", &left);
        bn_output_mat("/right", &right);
        bn_output_vec("/diagonal", diagonal, n);
    }
    BN_CHECK(bn_operator_factored(&op, &left, &right, diagonal));
    bn_output_number("/residual", residual(&op, &t->phi, &x));
}

static void circulant(const struct bn_targets *t, const double *profile)
{
    const size_t n = t->x.rows;
    const double gain = bn_real("gain");
    struct bn_operator op;

    if (want_dense(n)) {
        struct bn_mat out = bn_scratch(n, n);
        BN_CHECK(bn_surrogate_circulant(profile, t->order, gain, &out));
        bn_output_mat("/J", &out);
        BN_CHECK(bn_operator_dense(&op, &out));
    } else {
        const size_t cols = t->phi.cols < n ? t->x.cols : n, h = (cols - 1) / 2, q = 2 * h + 1;
        struct bn_mat left = bn_scratch(n, q), right = bn_scratch(q, n);
        double *diagonal = bn_scratch_vec(n);
        BN_CHECK(bn_surrogate_factors(profile, t->order, n, gain, h, &left, &right, diagonal));
        bn_output_mat("/left", &left);
        bn_output_mat("/right", &right);
        bn_output_vec("/diagonal", diagonal, n);
        BN_CHECK(bn_operator_factored(&op, &left, &right, diagonal));
    }
    bn_output_number("/residual", residual(&op, &t->phi, &t->x));
}

/* Before any weights are read: they alone may not fit in memory. */
static void check_dense(size_t n)
{
    if (bn_is("kind", "scrambled") && n > SCRAMBLE_LIMIT)
        BN_REFUSE(BN_USAGE, "kind = scrambled shuffles all N x N weights and so needs them in "
                  "memory: refused above %d neurons (here %zu)", SCRAMBLE_LIMIT, n);
    if ((bn_is("kind", "rotated") || bn_is("kind", "mixed")) && n > ROTATE_LIMIT)
        BN_REFUSE(BN_USAGE, "kind = %s turns N x N weights by a random rotation, in N^3 "
                  "operations: refused above %d neurons (here %zu)",
                  bn_is("kind", "mixed") ? "mixed" : "rotated", ROTATE_LIMIT, n);
    if (bn_is("form", "factored"))
        BN_REFUSE(BN_USAGE, "kind = %s has no factored form: its weights have full rank; set form "
                  "to dense or auto", bn_text("kind"));
}

static void write_surrogate(const struct bn_targets *t, const struct bn_mat *j)
{
    struct bn_operator op;

    bn_output_mat("/J", j);
    BN_CHECK(bn_operator_dense(&op, j));
    bn_output_number("/residual", residual(&op, &t->phi, &t->x));
}

static void scrambled(const struct bn_targets *t, const struct bn_recurrent *j,
                      const double *profile)
{
    struct bn_mat out = bn_recurrent_dense(&j->weights);

    BN_CHECK(bn_surrogate_scramble(profile, t->order, bn_random(), &out));
    write_surrogate(t, &out);
}

static void rotated(const struct bn_targets *t, const struct bn_recurrent *j)
{
    struct bn_mat out = bn_recurrent_dense(&j->weights);

    BN_CHECK(bn_surrogate_rotate(bn_random(), bn_is("kind", "rotated"), &out));
    write_surrogate(t, &out);
}

/* The eigenvalues that offline weights have in the mean field, from the targets at hand:
 * cross/(power of the rates + lambda), per harmonic.                        */
static double *mean_field_modes(const struct bn_targets *t, size_t modes)
{
    const double lambda = bn_real("lambda");
    double *mode = bn_scratch_vec(modes);

    for (size_t h = 0; h < modes; h++) {
        double cross = 0.0, power = 0.0;
        for (size_t k = h == 0 ? 0 : 2 * h - 1; k <= 2 * h; k++)
            for (size_t i = 0; i < t->x.rows; i++) {
                const double phi = *bn_mat_at(&t->phi, i, k);
                cross += *bn_mat_at(&t->x, i, k) * phi / (double)t->x.rows;
                power += phi * phi / (double)t->x.rows;
            }
        mode[h] = cross / (power + (h == 0 ? 1.0 : 2.0) * lambda);
    }
    return mode;
}

static void noisy(const struct bn_targets *t, const struct bn_recurrent *j)
{
    const size_t n = t->x.rows, cols = t->x.cols < t->phi.cols ? t->x.cols : t->phi.cols;
    const size_t most = n / 2, modes = (cols + 1) / 2 < most ? (cols + 1) / 2 : most;
    struct bn_mat out = bn_recurrent_dense(&j->weights);
    const double norm = bn_mat_norm(&out), *mode = mean_field_modes(t, modes);
    double sd;

    bn_surrogate_noisy(mode, modes, t->order, norm, bn_random(), &out, &sd);
    bn_output_number("/radius", sd * sqrt((double)n));
    write_surrogate(t, &out);
}

/* J = g W + U B from what the tuning drew and drove (reservoir.h). */
static void reservoir(const struct bn_targets *t)
{
    if (bn_h5_kind(bn_input("tuning"), "/reservoir") != BN_H5_DATASET)
        BN_REFUSE(BN_INPUT, "%s: no /reservoir: kind = reservoir needs a tuning whose process is "
                  "reservoir", bn_h5_path(bn_input("tuning")));
    struct bn_mat j = bn_input_mat("tuning", "/reservoir");
    const struct bn_mat feedback = bn_input_mat("tuning", "/feedback");
    const size_t n = t->x.rows;
    double error, gain, amplitude;

    if (j.rows != n || j.cols != n || feedback.rows != n || feedback.cols == 0)
        BN_REFUSE(BN_INPUT, "%s: /reservoir is %zu x %zu and /feedback %zu x %zu for %zu neurons",
                  bn_h5_path(bn_input("tuning")), j.rows, j.cols, feedback.rows, feedback.cols, n);
    BN_CHECK(bn_h5_get_real(bn_input("tuning"), "/reservoir", "gain", &gain));
    BN_CHECK(bn_h5_get_real(bn_input("tuning"), "/feedback", "amplitude", &amplitude));
    struct bn_mat readout = bn_scratch(feedback.cols, n);
    BN_CHECK(bn_reservoir_readout(&t->phi, feedback.cols / 2, amplitude, bn_real("lambda"),
                                  &readout, &error));
    BN_CHECK(bn_gemm(1.0, &feedback, BN_PLAIN, &readout, BN_PLAIN, 1.0, &j));
    bn_output_number("/readout_residual", error);
    bn_output_number("/radius", gain);
    write_surrogate(t, &j);
}

/* The factor on J with which J phi* has as much of x*'s first harmonic as x* itself,
 * |x*|^2/<x*, J phi*> of that harmonic, or with which it is nearest to x*,
 * <x*, J phi*>/|J phi*|^2.                                                  */
static double normaliser(const struct bn_operator *op, const struct bn_targets *t)
{
    const bool first = bn_is("normalise", "first");    /* of the ring */
    const size_t n = t->x.rows, from = first ? 1 : 0, to = first ? 3 : t->phi.cols;
    struct bn_mat p = bn_scratch(to - from, n), out = bn_scratch(to - from, n);
    double cross = 0.0, target = 0.0, made = 0.0;

    for (size_t i = 0; i < n; i++)
        for (size_t k = from; k < to; k++)
            *bn_mat_at(&p, k - from, i) = *bn_mat_at(&t->phi, i, k);
    BN_CHECK(bn_operator_apply(op, BN_PLAIN, &p, &out));
    for (size_t i = 0; i < n; i++)
        for (size_t k = from; k < to; k++) {
            const double x = k < t->x.cols ? *bn_mat_at(&t->x, i, k) : 0.0;
            const double y = *bn_mat_at(&out, k - from, i);
            cross += x * y;
            target += x * x;
            made += y * y;
        }
    if (!(cross > 0.0))
        BN_REFUSE(BN_NUMERIC, "normalise = %s: J phi* has nothing of x* in it (overlap %g): no "
                  "factor brings it there", bn_text("normalise"), cross);
    return first ? target / cross : cross / made;
}

static void write_operator(const struct bn_operator *op, double gain, const char *dense,
                           const char *left, const char *diagonal)
{
    const bool factors = op->dense.data == NULL;
    const struct bn_mat *from = factors ? &op->left : &op->dense;
    struct bn_mat scaled = bn_scratch(from->rows, from->cols);

    for (size_t k = 0; k < scaled.rows * scaled.cols; k++)
        scaled.data[k] = gain * from->data[k];
    if (!factors) {
        bn_output_mat(dense, &scaled);
    } else if (want_dense(op->n)) {
        write_dense(dense, &scaled, &op->right);
    } else {
        double *d = bn_scratch_vec(op->n);
        for (size_t i = 0; i < op->n; i++)
            d[i] = gain * op->diagonal[i];
        bn_output_mat(left, &scaled);
        bn_output_vec(diagonal, d, op->n);
    }
}

static void learned(const struct bn_targets *t)
{
    if (!bn_has_input("learning"))
        BN_REFUSE(BN_USAGE, "kind = learned needs what was learned: give --in learning=FILE, or "
                  "add the prerequisite to the pipeline");
    const struct bn_recurrent j = bn_recurrent_learned("learning", t, bn_integer("snapshot"));
    const double scale = bn_is("normalise", "none") ? 1.0 : normaliser(&j.weights, t);
    const double gain = scale * bn_real("gain");
    const struct bn_mat x = bn_targets_wide(t);

    if (bn_is("form", "factored") && j.weights.dense.data != NULL)
        BN_REFUSE(BN_USAGE, "form = factored, but %s holds dense weights: their rank is not "
                  "known to be small; set form to dense or auto",
                  bn_h5_path(bn_input("learning")));
    write_operator(&j.weights, gain, "/J", "/left", "/diagonal");
    if (j.weights.dense.data == NULL && !want_dense(j.weights.n))
        bn_output_mat("/right", &j.weights.right);
    bn_output_number("/gain", gain);
    bn_output_number("/residual", scaled_residual(&j.weights, gain, &t->phi, &x));
    if (j.velocity.n == 0)
        return;
    struct bn_mat slope = bn_scratch(x.rows, x.cols);
    memcpy(slope.data, x.data, x.rows * x.cols * sizeof(double));
    bn_fourier_differentiate(&slope);
    write_operator(&j.velocity, 1.0, "/J_velocity", "/left_velocity", "/diagonal_velocity");
    bn_output_number("/residual_velocity", residual(&j.velocity, &t->phi, &slope));
}

/* Whatever is made from offline weights. */
static void from_offline(const struct bn_targets *t)
{
    if (!bn_has_input("weights"))
        BN_REFUSE(BN_USAGE, "kind = %s needs the offline weights: give --in weights=FILE, or add "
                  "the prerequisite to the pipeline", bn_text("kind"));
    if (!bn_is("kind", "circulant"))
        check_dense(t->x.rows);
    const struct bn_recurrent j = bn_recurrent_factored("weights", t);
    if (j.bias != NULL)
        BN_REFUSE(BN_USAGE, "%s: these weights need their bias, which kind = %s does not "
                  "keep: make them with inhibition = 0", bn_h5_path(bn_input("weights")),
                  bn_text("kind"));
    if (bn_is("kind", "noisy")) {
        noisy(t, &j);
        return;
    }
    if (!bn_is("kind", "circulant") && !bn_is("kind", "scrambled")) {
        rotated(t, &j);
        return;
    }
    double *profile = bn_scratch_vec(t->x.rows);
    BN_CHECK(bn_surrogate_profile(&j.weights, t->order, profile));
    if (bn_flag("symmetric"))
        bn_surrogate_symmetrise(profile, t->x.rows);
    if (bn_is("kind", "circulant"))
        circulant(t, profile);
    else
        scrambled(t, &j, profile);
}

/* More than the ridge of one map: several maps, bounds, inhibition. */
static void held_maps(void)
{
    if (!bn_is("kind", "offline"))
        BN_REFUSE(BN_USAGE, "target, inhibition and tuning.maps are for kind = offline, not for "
                  "kind = %s", bn_text("kind"));
    if (bn_is("form", "modes"))
        BN_REFUSE(BN_USAGE, "form = modes is for the currents of one map without inhibition: set "
                  "form to factored or dense");
    bn_charts_weights(want_dense);
}

/* What is made of differences of angles, or of harmonics of the ring. */
static void check_ring(const struct bn_targets *t)
{
    static const char *const angular[] = { "circulant", "scrambled", "noisy", "reservoir",
                                           "learned" };
    for (size_t k = 0; k < BN_LEN(angular); k++) {
        char what[32];
        snprintf(what, sizeof what, "kind = %s", angular[k]);
        if (bn_is("kind", angular[k]))
            bn_targets_need_ring(t, what);
    }
}

static void run(void)
{
    if (bn_charts_wanted()) {
        held_maps();
        return;
    }
    /* Readers of modes make them from functions of the angle, and presentations are at any
     * angle: no Nyquist term there. */
    const bool angles = bn_is("form", "modes") || bn_is("kind", "learned");
    const struct bn_targets t = angles ? bn_targets_read("tuning")
                                       : bn_targets_read_grid("tuning");

    check_ring(&t);
    if (bn_is("form", "modes") && !bn_is("kind", "offline"))
        BN_REFUSE(BN_USAGE, "form = modes is for kind = offline: set form to factored or dense");
    if (bn_is("kind", "offline") && bn_is("form", "modes")) {
        offline_modes(&t);
    } else if (bn_is("kind", "offline")) {
        offline(&t);
    } else if (bn_is("kind", "hebb")) {
        hebb(&t);
    } else if (bn_is("kind", "reservoir")) {
        check_dense(t.x.rows);
        reservoir(&t);
    } else if (bn_is("kind", "learned")) {
        learned(&t);
    } else {
        from_offline(&t);
    }
}

const struct bn_stage bn_stage = {
    .name = "weights",
    .summary = "recurrent weights that hold the target states",
    .details = "kind = offline is the ridge solution with an exactly zero diagonal, found by one "
               "factorisation. circulant is its average over pairs with the same difference of "
               "preferred angle, scrambled is that average plus the rest in random places, hebb "
               "is the outer product of currents and rates with gain 1 on the first harmonics. "
               "rotated (Q J Q^T, Q random orthogonal) keeps the eigenvalues and singular values "
               "of J, mixed (Q J P^T) its singular values; noisy is a circulant matrix with the "
               "eigenvalues that J has in the mean field, plus independent noise up to the norm "
               "of J. reservoir teaches the random network of a tuning with process = reservoir: "
               "J = g W + U B, B by ridge. learned is a snapshot of stage "
               "learning. "
               "A factored circulant average keeps as many harmonics of its profile as the "
               "angles carry, (angles - 1)/2, and so is smoother than the dense one. "
               "Dense weights are /J; factored ones /left, /right and /diagonal, and nothing of "
               "size N x N is ever formed. form = modes stores what is small: with the curves "
               "C_x, C_phi of the tuning and F = C_phi basis^T, J = C_x (basis^T core) F^T + D (F "
               "core F^T - 1), and stages that read it make the rest from the tuning.",
    .inputs = inputs, .n_inputs = BN_LEN(inputs),
    .outputs = outputs, .n_outputs = BN_LEN(outputs),
    .params = params, .n_params = BN_LEN(params),
    .gather = "tuning.maps",
    .random = true,
    .run = run,
    .resources = { .hours = 1, .memory = 4 },
};
