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
#include <basin/learned.h>
#include <basin/manifold.h>
#include <basin/stage.h>
#include <basin/summarise.h>
#include <basin/targets.h>
#include <basin/trials.h>

static const struct bn_input inputs[] = {
    { "weights", false, "recurrent weights" },
    { "tuning", false, "target currents and rates: the manifold" },
};

static const struct bn_output outputs[] = {
    BN_FLOW_OUTPUTS,
    BN_SURFACE_OUTPUTS,
    BN_JACOBIAN_OUTPUTS,
    BN_SPECTRUM_OUTPUTS,
    BN_PROFILE_OUTPUTS,
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
    BN_FLAG("surface", "no", "the ring, too, by what is written of every other manifold: drift "
            "vectors, potential, persistence, in rad"),
};

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

static void run(void)
{
    struct bn_targets t = bn_targets_read("tuning");
    const bool angular = t.manifold.kind == BN_RING && !bn_flag("surface");
    bn_targets_settle(&t, "weights", 0);
    const struct bn_recurrent stored = bn_recurrent_factored("weights", &t);
    const struct bn_recurrent j = compact(&stored);
    const struct bn_ring_network net = { .weights = j.weights, .transfer = t.transfer,
        .inhibition = bn_real("inhibition"), .target = bn_real("target_rate"),
        .bias = j.bias, .x = t.x, .harmonics = angular ? NULL : t.harmonics };
    struct bn_ring_network as_stored = net;
    const bool offline = bn_h5_kind(bn_input("weights"), "/lambda") == BN_H5_DATASET;
    const double lambda = offline ? bn_input_number("weights", "/lambda") : 0.0;

    as_stored.weights = stored.weights;
    bn_summarise("neurons", (double)net.weights.n, "1", 0.0);
    const struct bn_gap near = bn_findings_flow(&net, &j.velocity);
    bn_progress(0.4);
    bn_findings_jacobians(&net, near);
    bn_findings_spectrum(&as_stored, &t.phi, t.angles, lambda);
    bn_findings_profile(&as_stored, &t.phi, t.angles, t.preferred,
                        sorted_neurons(&t), lambda);
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
    .resources = { .hours = 2, .memory = 4 },
};
