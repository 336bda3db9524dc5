/* SPDX-License-Identifier: MIT */
#include <basin/enrol.h>
#include <basin/fourier.h>
#include <basin/manifold.h>
#include <basin/ridge.h>
#include <basin/rng.h>

#include <math.h>
#include <string.h>

/* Dense weights of so many neurons take 3.2 GB. */
enum { DENSE_LIMIT = 20000 };

static enum bn_post_signal signal_of(void)
{
    return bn_is("post", "current") ? BN_SIGNAL_CURRENT
           : bn_is("post", "rate") ? BN_SIGNAL_RATE : BN_SIGNAL_AUTO;
}

static struct bn_modifiers modifiers_of(void)
{
    struct bn_modifiers m = bn_modifiers_none;

    m.homeostasis = bn_real("homeostasis");
    if (m.homeostasis > 0.0) {
        m.target = bn_real("homeostasis_target");
        m.tau_homeostasis = bn_real("homeostasis_tau");
    }
    if (!bn_is("dale", "none")) {
        m.dale = bn_is("dale", "projected") ? BN_DALE_PROJECTED : BN_DALE_MULTIPLICATIVE;
        m.excitatory = bn_real("excitatory");
    }
    m.bound = bn_real("bound");
    if (m.bound > 0.0)
        m.power = bn_real("bound_power");
    m.noise = bn_real("weight_noise");
    m.density = bn_real("density");
    m.turnover = bn_real("turnover");
    return m;
}

static void covariance(struct bn_enrolled *e)
{
    const double norm = bn_mat_norm(&e->phi);
    double *power = bn_scratch_vec(e->phi.cols + 2);

    bn_fourier_power(&e->phi, power);
    e->trace = norm * norm;
    e->harmonic = 0.5 * (double)e->phi.rows * (power[1] + power[2]);
}

/* Learning rate and decay, and whether they can go together. */
static void speeds(struct bn_enrolled *e)
{
    struct bn_learner_spec *p = &e->spec;
    const bool steps = p->rule.whole == BN_WHOLE_NONE;
    const bool pooled = steps && (bn_rule_reads(&p->rule) & BN_READS_POOL) != 0;

    p->eta = bn_real("eta");
    if (p->eta == 0.0)
        p->eta = bn_real("eta_scale") / (pooled ? 1.0 : e->trace);
    p->decay = bn_real("decay");
    if (p->decay == 0.0)
        p->decay = bn_real("decay_scale") * e->harmonic;
    if (p->rule.decays && p->decay == 0.0)
        BN_REFUSE(BN_USAGE, "rule = %s has no fixed point without decay, its weights grow for "
                  "ever: set decay, or decay_scale = 1 for gain 1 on the first harmonic",
                  bn_text("rule"));
    if (steps && p->eta * p->decay >= 1.0)
        BN_REFUSE(BN_USAGE, "eta = %g times decay = %g is %.3g: each presentation would take "
                  "away the whole weight; lower eta (eta_scale) to well below %.3g", p->eta,
                  p->decay, p->eta * p->decay, 1.0 / p->decay);
}

/* A network that runs freely leaves the ring, and its weights the span of the rates. */
static enum bn_engine engine_of(bool dense)
{
    const bool span = bn_is("engine", "span");

    if (dense && span)
        BN_REFUSE(BN_USAGE, "maintenance needs dense weights, since a network without clamp "
                  "leaves the ring: set engine to auto or dense");
    if (dense || bn_is("engine", "dense"))
        return BN_ENGINE_DENSE;
    return span ? BN_ENGINE_SPAN : BN_ENGINE_AUTO;
}

/* Before anything of size N x N is asked for. */
static void check_size(struct bn_enrolled *e)
{
    const struct bn_learner_spec *p = &e->spec;
    const size_t n = e->x.rows;

    e->span = p->engine != BN_ENGINE_DENSE && p->clamp == BN_CLAMP_FULL && p->noise_rate == 0.0
              && bn_rule_is_span(&p->rule, &p->modifiers);
    if (n > DENSE_LIMIT && (!e->span || !bn_is("initial", "zero")))
        BN_REFUSE(BN_USAGE, "%s needs all N x N weights, %.3g GB for %zu neurons: refused above "
                  "%d; rules that fit the span engine from initial = zero under a full clamp "
                  "do not (docs/science/plasticity.md)",
                  e->span ? "initial" : "this rule or what is on top of it",
                  8e-9 * (double)n * (double)n, n, DENSE_LIMIT);
}

static struct bn_mat gaussian(size_t n)
{
    struct bn_mat j = bn_scratch(n, n);
    const struct bn_rng rng = bn_rng_sub(bn_random(), "initial");
    const double sd = bn_real("gain") / sqrt((double)n);

    for (size_t i = 0; i < n; i++) {
        bn_rng_normals(rng, i, 0, bn_mat_row(&j, i), n);
        for (size_t k = 0; k < n; k++)
            *bn_mat_at(&j, i, k) *= i == k ? 0.0 : sd;
    }
    return j;
}

/* J to begin with, and J' if the artifact has one and it is to be learned. */
static void begin(struct bn_enrolled *e, const struct bn_targets *t)
{
    if (bn_is("initial", "gaussian"))
        e->initial = gaussian(e->x.rows);
    if (bn_is("initial", "artifact")) {
        if (!bn_has_input("weights"))
            BN_REFUSE(BN_USAGE, "initial = artifact needs weights to begin with: give --in "
                      "weights=FILE, or add the prerequisite to the pipeline");
        const struct bn_recurrent r = bn_recurrent_factored("weights", t);
        if (r.bias != NULL)
            BN_REFUSE(BN_USAGE, "%s: these weights need their bias, which learning does not have: "
                      "make them with inhibition = 0", bn_h5_path(bn_input("weights")));
        e->initial = bn_recurrent_dense(&r.weights);
        if (e->spec.velocity && r.velocity.n != 0)
            e->initial_velocity = bn_recurrent_dense(&r.velocity);
    }
    if (e->initial.data != NULL) {
        BN_CHECK(bn_operator_dense(&e->first, &e->initial));
        e->spec.initial = &e->initial;
    }
    if (e->initial_velocity.data != NULL)
        e->spec.initial_velocity = &e->initial_velocity;
}

static void clamp_of(struct bn_learner_spec *p, bool free_later)
{
    p->clamp = bn_is("clamp", "full") ? BN_CLAMP_FULL
               : bn_is("clamp", "soft") ? BN_CLAMP_SOFT : BN_CLAMP_NUDGED;
    if (p->clamp != BN_CLAMP_FULL)
        p->gain = bn_real("clamp_gain");
    if (p->clamp == BN_CLAMP_FULL && !free_later)
        return;
    p->noise = bn_real("noise");
    if (p->dt > p->tau)
        BN_REFUSE(BN_USAGE, "interval = %g s is longer than tau = %g s: without a full clamp it "
                  "is the Euler step, which would be unstable", p->dt, p->tau);
    if (p->clamp == BN_CLAMP_SOFT && (1.0 + p->gain) * p->dt > p->tau)
        BN_REFUSE(BN_USAGE, "(1 + clamp_gain) interval = %g s is longer than tau = %g s: Euler "
                  "steps would overshoot what the soft clamp wants; lower clamp_gain or interval",
                  (1.0 + p->gain) * p->dt, p->tau);
}

void bn_enrol(const struct bn_targets *t, bool dense, struct bn_enrolled *e)
{
    struct bn_learner_spec *p = &e->spec;

    *e = (struct bn_enrolled){ 0 };
    bn_targets_trim(t, &e->x, &e->phi);
    *p = (struct bn_learner_spec){ .x = &e->x, .phi = &e->phi, .transfer = t->transfer,
        .post = signal_of(), .velocity = bn_flag("velocity"), .tau = bn_real("tau"),
        .dt = bn_real("interval"), .tau_synapse = bn_real("tau_synapse"),
        .noise_rate = bn_real("noise_rate"), .modifiers = modifiers_of(),
        .engine = engine_of(dense), .rng = bn_rng_sub(bn_random(), "learner") };
    BN_CHECK(bn_rule_read(bn_text("rule"), p->post, &p->rule));
    if ((bn_rule_reads(&p->rule) & BN_READS_AVERAGES) != 0) {
        p->tau_mean = bn_real("tau_mean");
        p->tau_trace = bn_real("tau_trace");
        p->y0 = bn_real("y0");
    }
    if (p->velocity)
        p->eta_velocity = bn_real("eta_velocity");
    clamp_of(p, dense);
    covariance(e);
    speeds(e);
    check_size(e);
    begin(e, t);
    BN_CHECK(bn_learner_open(p, &e->learner));
}

static bool takes_rates(const struct bn_learner_spec *p)
{
    return (p->post != BN_SIGNAL_AUTO ? p->post : p->rule.post) == BN_SIGNAL_RATE;
}

/* plain x* + by x*', the slope along the ring */
static struct bn_mat turned(const struct bn_enrolled *e, double plain, double by)
{
    struct bn_mat y = bn_scratch(e->x.rows, e->x.cols);

    memcpy(y.data, e->x.data, y.rows * y.cols * sizeof(double));
    bn_fourier_differentiate(&y);
    for (size_t k = 0; k < y.rows * y.cols; k++)
        y.data[k] = plain * e->x.data[k] + by * y.data[k];
    return y;
}

/* Steps of the angle from one presentation to the next. */
static struct bn_motion motion_of(const struct bn_course *c)
{
    struct bn_motion m = { .mean = c->bias * c->dt };

    if (c->order == BN_ORDER_SWEEP)
        m.mean = BN_TWO_PI / (double)c->angles;
    else if (c->order == BN_ORDER_DIFFUSION)
        m.sd = sqrt(2.0 * c->diffusion * c->dt);
    else if (c->order == BN_ORDER_OU)
        m = (struct bn_motion){ m.mean, c->dt * c->sd, exp(-c->dt / c->tau) };
    else
        m = (struct bn_motion){ 0.0, INFINITY, 0.0 };
    return m;
}

bn_averaged *bn_enrol_average(const struct bn_enrolled *e, const struct bn_course *course)
{
    const struct bn_learner_spec *p = &e->spec;
    const bool past = (bn_rule_reads(&p->rule) & BN_READS_AVERAGES) != 0;
    const struct bn_motion motion = motion_of(course);
    const bool moves = isfinite(motion.sd);
    const size_t harmonics = e->phi.cols / 2 + 1;
    struct bn_lowpass trace = { 0 }, synapse = { 0 };
    bn_averaged *a = NULL;

    const double velocity = moves ? motion.mean / course->dt : course->bias;
    if (p->clamp != BN_CLAMP_FULL || course->order == BN_ORDER_RECORDED
        || (p->velocity && (velocity != 0.0 || (moves && p->tau_synapse > 0.0))))
        return NULL;
    const bool rates = takes_rates(p);
    const struct bn_mat post = rates ? e->phi : turned(e, 1.0, p->tau * velocity);
    const struct bn_mat turn = rates ? post : turned(e, 0.0, p->tau / p->dt);
    /* slow averages of a course that moves are taken to stand still */
    struct bn_averaged_spec spec = { .post = &post, .turn = rates ? NULL : &turn,
        .phi = &e->phi, .rule = &p->rule,
        .modifiers = &p->modifiers, .eta = p->eta, .decay = p->decay, .y0 = p->y0,
        .epsilon = p->epsilon, .noise_rate = p->noise_rate,
        .share_mean = past && !moves ? -expm1(-p->dt / p->tau_mean) : 0.0,
        .share_trace = past ? -expm1(-p->dt / p->tau_trace) : 0.0,
        .initial = e->first.n != 0 ? &e->first : NULL };
    if (past && moves) {
        BN_CHECK(bn_lowpass_make(&motion, spec.share_trace, true, harmonics, &trace));
        spec.trace = &trace;
    }
    if (p->tau_synapse > 0.0) {
        BN_CHECK(bn_lowpass_make(&motion, -expm1(-p->dt / p->tau_synapse), false, harmonics,
                                 &synapse));
        spec.synapse = &synapse;
    }
    const bn_status rc = bn_averaged_new(&spec, &a);
    bn_lowpass_free(&trace);
    bn_lowpass_free(&synapse);
    if (rc != BN_OK && rc != BN_USAGE)   /* usage: no closed form is known */
        bn_die(rc);
    return rc == BN_OK ? a : NULL;
}
