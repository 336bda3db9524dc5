/* SPDX-License-Identifier: MIT
 * learning - weights that a local rule builds online, one presentation after another.
 *
 *     dJ_ij = eta sum_terms coefficient post_i pre_j J_ij^(0|1),      J_ii = 0
 *
 * The stimulus goes round the ring, the network is held in x*(theta) (or softly, or nudged)
 * and the weights change by a rule of the table in lib/plasticity.c, or by one given as
 * terms.  Afterwards, if asked for, it runs on without clamp while the rule goes on:
 * does the rule maintain what it built?  Rules and fixed points: docs/science/plasticity.md.
 */
#include <basin/decode.h>
#include <basin/drive.h>
#include <basin/fourier.h>
#include <basin/learner.h>
#include <basin/manifold.h>
#include <basin/milestones.h>
#include <basin/ridge.h>
#include <basin/rng.h>
#include <basin/stage.h>
#include <basin/summarise.h>
#include <basin/targets.h>

#include <math.h>
#include <string.h>

static const struct bn_input inputs[] = {
    { "tuning", false, "target currents and rates" },
    { "weights", true, "weights to begin with, for initial = artifact" },
    { "recording", true, "recorded angles and velocities, for order = recorded" },
};

static const struct bn_output outputs[] = {
    { "/presentation", "snapshot", "1", "presentations so far", 0, 0, false },
    { "/residual", "snapshot", "1", "|J phi* - x*| / |x*| over the manifold", 1e-9, 1e-3,
      false },
    { "/harmonic", "harmonic", "1", "harmonics of x* (0: its mean)", 0, 0, false },
    { "/residual_harmonic", "snapshot harmonic", "1",
      "the same of one harmonic of the ring, over that of x*", 1e-9, 1e-3, false },
    { "/rate_power", "harmonic", "1", "mean square of a coefficient of the rates, Ghat^phi",
      1e-12, 1e-9, false },
    { "/eigenvalue_real", "snapshot eigenvalue", "1",
      "eigenvalues of J, largest modulus first; 0 before the first presentation", 1e-6, 1e-3,
      false },
    { "/eigenvalue_imag", "snapshot eigenvalue", "1", "imaginary part", 1e-6, 1e-3, false },
    { "/kept", "kept", "1", "snapshots whose weights are kept; one beyond the last: after "
      "maintenance", 0, 0, false },
    { "/J", "kept neuron presynaptic", "1", "weights; J_ij is from neuron j to neuron i", 1e-12,
      1e-6, false },
    { "/J_velocity", "kept neuron presynaptic", "1", "velocity weights J'", 1e-12, 1e-6, false },
    { "/left", "kept neuron mode", "1", "J = left right - diag(diagonal)", 1e-12, 1e-6, false },
    { "/right", "mode presynaptic", "1", "right factor: rates as Fourier coefficients", 1e-12,
      1e-8, false },
    { "/diagonal", "kept neuron", "1", "taken off the diagonal, so that J_ii = 0", 1e-12, 1e-6,
      false },
    { "/left_velocity", "kept neuron mode", "1", "J' = left_velocity right - diag(...)", 1e-12,
      1e-6, false },
    { "/diagonal_velocity", "kept neuron", "1", "taken off the diagonal of J'", 1e-12, 1e-6,
      false },
    { "/cost", "", "1", "multiplications per presentation", 0, 0, false },
    { "/maintenance_time", "maintenance_snapshot", "s", "time without clamp", 0, 0, false },
    { "/maintenance_angle", "maintenance_snapshot", "rad", "decoded angle", 1e-6, 0, false },
    { "/maintenance_distance", "maintenance_snapshot", "1", "root-mean-square distance of the "
      "currents to the manifold, per neuron", 1e-6, 1e-3, false },
    { "/maintenance_residual", "maintenance_snapshot", "1", "residual of the weights then",
      1e-9, 1e-3, false },
    { "/maintenance_residual_harmonic", "maintenance_snapshot harmonic", "1",
      "the same of one harmonic", 1e-9, 1e-3, false },
    { "/maintenance_change", "maintenance_snapshot", "1", "|J - J_0| / |J_0|, J_0 what was "
      "learned", 1e-9, 1e-3, false },
    BN_SUMMARY_OUTPUTS,
};

static const struct bn_param params[] = {
    BN_TEXT("rule", "delta", "name of a rule (docs/science/plasticity.md), or terms such as "
            "\"y*p - lambda*1*1*J\""),
    BN_CHOICE("post", "auto", "auto current rate", "signal of the postsynaptic neuron; auto: "
              "the rule's own"),
    BN_REAL("eta", "1", "0", 0, 1e6, "learning rate per presentation; 0: by eta_scale"),
    BN_REAL("eta_scale", "1", "0.2", 1e-12, 1e6, "learning rate as a share of 1/tr C, C the "
            "covariance of the rates"),
    BN_REAL("decay", "1", "0", 0, 1e9, "lambda: decay of the weights over learning rate, N "
            "times lambda of `weights`; 0: by decay_scale"),
    BN_REAL("decay_scale", "1", "0", 0, 1e6, "lambda as a share of the eigenvalue of C that the "
            "first harmonic has in the mean field"),
    BN_FLAG("velocity", "no", "learn velocity weights J', too"),
    BN_REAL("eta_velocity", "1", "1", 0, 1e6, "their learning rate, relative to eta"),
    BN_COURSE_PARAMS,
    BN_INTEGER("presentations", "20000", 1, 1e12, "how many; each takes `interval`"),
    BN_INTEGER("snapshots", "25", 2, 10000, "how often weights are looked at, log-spaced"),
    BN_CHOICE("keep", "last", "last all", "whose weights are written"),
    BN_INTEGER("harmonics", "12", 1, 1000, "harmonics of the residual, at most"),
    BN_INTEGER("eigenvalues", "12", 0, 1000, "leading eigenvalues of J at each snapshot"),
    BN_CHOICE("initial", "zero", "zero gaussian artifact", "weights to begin with"),
    BN_REAL("gain", "1", "0.5", 0, 1e3, "sd of gaussian initial weights x sqrt N"),
    BN_CHOICE("clamp", "full", "full soft nudged", "how the network is held in x*"),
    BN_REAL("clamp_gain", "1", "1", 0, 1e6, "of a soft clamp or of nudging (share at most 1)"),
    BN_REAL("tau", "s", "0.05", 1e-4, 10, "time constant of the neurons"),
    BN_REAL("tau_mean", "s", "5", 1e-6, 1e9, "time constant of running averages"),
    BN_REAL("tau_trace", "s", "0.05", 1e-6, 1e9, "time constant of traces"),
    BN_REAL("tau_synapse", "s", "0", 0, 1e6, "low-pass of presynaptic rates; 0: none"),
    BN_REAL("y0", "1", "0", 0, 1e6, "rate or current that BCM aims at; 0: 1"),
    BN_REAL("noise", "1", "0", 0, 1e3, "private white noise in currents, per sqrt(tau); not "
            "under a full clamp"),
    BN_REAL("noise_rate", "1", "0", 0, 1e3, "sd added to presynaptic rates"),
    BN_REAL("homeostasis", "1", "0", 0, 1, "row gain per presentation and rate: J_ij *= 1 + "
            "beta (r0 - mean rate)"),
    BN_REAL("homeostasis_target", "1", "0", 0, 1e6, "r0; 0: each neuron's own mean"),
    BN_REAL("homeostasis_tau", "s", "5", 1e-6, 1e9, "time constant of the mean rate"),
    BN_CHOICE("dale", "none", "none projected multiplicative", "neurons excite or inhibit"),
    BN_REAL("excitatory", "1", "0.8", 0, 1, "share of excitatory neurons under Dale's law"),
    BN_REAL("bound", "1", "0", 0, 1e9, "soft bound on |J|; 0: none"),
    BN_REAL("bound_power", "1", "1", 0, 100, "updates x (1 - |J|/bound)^power"),
    BN_REAL("weight_noise", "1", "0", 0, 1e6, "sd of each weight's random walk per square root "
            "of a presentation"),
    BN_REAL("density", "1", "1", 0, 1, "share of synapses that exist"),
    BN_REAL("turnover", "1", "0", 0, 1, "probability per presentation that a synapse is "
            "replaced by one of weight 0"),
    BN_REAL("maintenance", "s", "0", 0, 1e7, "time without clamp afterwards, while the rule goes "
            "on; needs dense weights"),
    BN_CHOICE("engine", "auto", "auto dense span", "how J is held; auto: the cheapest exact"),
};

/* Dense weights of so many neurons take 3.2 GB. */
enum { DENSE_LIMIT = 20000, BLOCK = 1024, DECODED_HARMONICS = 24 };
static const double KEPT_LIMIT = 8e9;    /* bytes */

struct school {
    struct bn_mat x, phi;                /* coefficients, of equal shape */
    struct bn_learner_spec spec;
    bn_learner *learner;
    struct bn_course course;
    struct bn_course_state state;
    uint64_t total, after;               /* presentations; steps of maintenance */
    double trace, first;                 /* tr C; its eigenvalue of the first harmonic */
    struct bn_milestones seen;
    struct maintenance {                 /* the same without clamp */
        struct bn_milestones seen;
        double *angle, *distance, *change;
        bn_decoder *decoder;
    } free;
    bool all;                            /* snapshots are kept; else the last */
    size_t kept;                         /* how many, with the one after maintenance */
    struct bn_mat j, j_velocity;         /* [kept N, N], empty if in span form */
    struct bn_mat left, left_velocity;   /* [kept N, R] */
    struct bn_mat diagonal, diagonal_velocity;       /* [kept, N] */
    struct bn_mat right;                 /* [R, N] */
};

/* --- from parameters -------------------------------------------------------------------- */

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

/* tr C and the eigenvalue of C of the first harmonic, N (its two mean squares)/2. */
static void covariance(struct school *s)
{
    const double norm = bn_mat_norm(&s->phi);
    double *power = bn_scratch_vec(s->phi.cols + 2);

    bn_fourier_power(&s->phi, power);
    s->trace = norm * norm;
    s->first = 0.5 * (double)s->phi.rows * (power[1] + power[2]);
}

/* Learning rate and decay, and whether they can go together. */
static void speeds(struct school *s)
{
    struct bn_learner_spec *p = &s->spec;
    const char *rule = bn_text("rule");
    const bool steps = p->rule.whole == BN_WHOLE_NONE;
    const bool pooled = steps && (bn_rule_reads(&p->rule) & BN_READS_POOL) != 0;

    p->eta = bn_real("eta");
    if (p->eta == 0.0)                   /* pooled: the rule itself divides by |p|^2 */
        p->eta = bn_real("eta_scale") / (pooled ? 1.0 : s->trace);
    p->decay = bn_real("decay");
    if (p->decay == 0.0)
        p->decay = bn_real("decay_scale") * s->first;
    if (p->rule.decays && p->decay == 0.0)
        BN_REFUSE(BN_USAGE, "rule = %s has no fixed point without decay, its weights grow for "
                  "ever: set decay, or decay_scale = 1 for gain 1 on the first harmonic", rule);
    if (steps && p->eta * p->decay >= 1.0)
        BN_REFUSE(BN_USAGE, "eta = %g times decay = %g is %.3g: each presentation would take "
                  "away the whole weight; lower eta (eta_scale) to well below %.3g", p->eta,
                  p->decay, p->eta * p->decay, 1.0 / p->decay);
}

/* A network that runs freely leaves the ring, and its weights the span of the rates. */
static enum bn_engine engine_of(uint64_t after)
{
    const bool span = bn_is("engine", "span");

    if (after > 0 && span)
        BN_REFUSE(BN_USAGE, "maintenance needs dense weights, since a network without clamp "
                  "leaves the ring: set engine to auto or dense");
    if (after > 0 || bn_is("engine", "dense"))
        return BN_ENGINE_DENSE;
    return span ? BN_ENGINE_SPAN : BN_ENGINE_AUTO;
}

/* Before anything of size N x N is asked for. */
static void check_size(const struct school *s)
{
    const struct bn_learner_spec *p = &s->spec;
    const size_t n = s->x.rows;
    const bool span = p->engine != BN_ENGINE_DENSE && p->clamp == BN_CLAMP_FULL
                      && p->noise_rate == 0.0 && bn_rule_is_span(&p->rule, &p->modifiers);
    const double kept = 8.0 * (double)(s->all ? bn_count("snapshots") : 1) * (double)n
                        * (double)(span ? s->phi.cols : n) * (p->velocity ? 2.0 : 1.0);

    if (n > DENSE_LIMIT && (!span || !bn_is("initial", "zero")))
        BN_REFUSE(BN_USAGE, "%s needs all N x N weights, %.3g GB for %zu neurons: refused above "
                  "%d; rules that fit the span engine from initial = zero under a full clamp "
                  "do not (docs/science/plasticity.md)",
                  span ? "initial" : "this rule or what is on top of it",
                  8e-9 * (double)n * (double)n, n, DENSE_LIMIT);
    if (kept > KEPT_LIMIT)
        BN_REFUSE(BN_USAGE, "keep = all would keep %.3g GB of weights, more than %.3g: lower "
                  "snapshots, or keep the last", 1e-9 * kept, 1e-9 * KEPT_LIMIT);
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

static struct bn_mat dense_of(const struct bn_operator *op)
{
    if (op->dense.data != NULL)
        return op->dense;
    struct bn_mat j = bn_scratch(op->n, op->n);
    BN_CHECK(bn_ridge_dense(&op->left, &op->right, &j));
    return j;
}

/* J to begin with, and J' if the artifact has one and it is to be learned. */
static void initial(const struct school *s, const struct bn_targets *t, struct bn_mat *j,
                    struct bn_mat *velocity)
{
    if (bn_is("initial", "gaussian"))
        *j = gaussian(s->x.rows);
    if (!bn_is("initial", "artifact"))
        return;
    if (!bn_has_input("weights"))
        BN_REFUSE(BN_USAGE, "initial = artifact needs weights to begin with: give --in "
                  "weights=FILE, or add the prerequisite to the pipeline");
    const struct bn_recurrent r = bn_recurrent_factored("weights", t);
    *j = dense_of(&r.weights);
    if (s->spec.velocity && r.velocity.n != 0)
        *velocity = dense_of(&r.velocity);
}

static void clamp_of(struct bn_learner_spec *p, uint64_t after)
{
    p->clamp = bn_is("clamp", "full") ? BN_CLAMP_FULL
               : bn_is("clamp", "soft") ? BN_CLAMP_SOFT : BN_CLAMP_NUDGED;
    if (p->clamp != BN_CLAMP_FULL)
        p->gain = bn_real("clamp_gain");
    if (p->clamp == BN_CLAMP_FULL && after == 0)
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

static void enrol(struct school *s, const struct bn_targets *t)
{
    struct bn_learner_spec *p = &s->spec;
    struct bn_mat j = { 0 }, velocity = { 0 };

    *p = (struct bn_learner_spec){ .x = &s->x, .phi = &s->phi, .transfer = t->transfer,
        .post = signal_of(), .velocity = bn_flag("velocity"), .tau = bn_real("tau"),
        .dt = bn_real("interval"), .tau_mean = bn_real("tau_mean"),
        .tau_trace = bn_real("tau_trace"), .tau_synapse = bn_real("tau_synapse"),
        .y0 = bn_real("y0"), .noise_rate = bn_real("noise_rate"),
        .modifiers = modifiers_of(), .engine = engine_of(s->after),
        .rng = bn_rng_sub(bn_random(), "learner") };
    BN_CHECK(bn_rule_read(bn_text("rule"), p->post, &p->rule));
    if (p->velocity)
        p->eta_velocity = bn_real("eta_velocity");
    clamp_of(p, s->after);
    covariance(s);
    speeds(s);
    check_size(s);
    initial(s, t, &j, &velocity);
    p->initial = j.data != NULL ? &j : NULL;
    p->initial_velocity = velocity.data != NULL ? &velocity : NULL;
    BN_CHECK(bn_learner_open(p, &s->learner));
}

/* --- looking ------------------------------------------------------------------------------ */

static void make_milestones(const struct school *s, uint64_t total, size_t eigenvalues,
                            struct bn_milestones *m)
{
    m->at = bn_scratch_vec(bn_count("snapshots"));
    m->count = bn_milestones_at(total, bn_count("snapshots"), m->at);
    m->harmonics = bn_milestones_harmonics(&s->x, bn_count("harmonics"));
    m->eigenvalues = eigenvalues < s->x.rows ? eigenvalues : s->x.rows;
    m->residual = bn_scratch_vec(m->count);
    m->harmonic = bn_scratch(m->count, m->harmonics);
    m->re = bn_scratch(m->count, m->eigenvalues);
    m->im = bn_scratch(m->count, m->eigenvalues);
}

static void make_room(struct school *s)
{
    const size_t n = s->x.rows;
    struct bn_learned w;

    make_milestones(s, s->total, bn_count("eigenvalues"), &s->seen);
    s->kept = (s->all ? s->seen.count : 1) + (s->after > 0);
    BN_CHECK(bn_learner_weights(s->learner, &w));
    if (w.dense.data != NULL) {
        s->j = bn_scratch(s->kept * n, n);
        if (s->spec.velocity)
            s->j_velocity = bn_scratch(s->kept * n, n);
    } else {
        s->right = bn_scratch(w.right.rows, n);
        memcpy(s->right.data, w.right.data, w.right.rows * n * sizeof(double));
        s->left = bn_scratch(s->kept * n, w.left.cols);
        s->diagonal = bn_scratch(s->kept, n);
        if (s->spec.velocity) {
            s->left_velocity = bn_scratch(s->kept * n, w.left.cols);
            s->diagonal_velocity = bn_scratch(s->kept, n);
        }
    }
    bn_learned_free(&w);
    if (s->after == 0)
        return;
    struct maintenance *f = &s->free;
    make_milestones(s, s->after, 0, &f->seen);
    f->angle = bn_scratch_vec(f->seen.count);
    f->distance = bn_scratch_vec(f->seen.count);
    f->change = bn_scratch_vec(f->seen.count);
    BN_CHECK(bn_decoder_new(&f->decoder, &s->x, &s->phi, DECODED_HARMONICS));
}

/* Block `row` of as many rows as `from` has. */
static void put(struct bn_mat *to, size_t row, const double *from, size_t count)
{
    if (to->data != NULL)
        memcpy(to->data + row * count, from, count * sizeof(double));
}

static void keep_weights(struct school *s, size_t row, const struct bn_learned *w)
{
    const size_t n = s->x.rows;

    put(&s->j, row, w->dense.data, n * n);
    put(&s->j_velocity, row, w->dense_velocity.data, n * n);
    put(&s->left, row, w->left.data, n * s->left.cols);
    put(&s->left_velocity, row, w->left_velocity.data, n * s->left.cols);
    put(&s->diagonal, row, w->diagonal, n);
    put(&s->diagonal_velocity, row, w->diagonal_velocity, n);
}

static struct bn_operator operator_of(const struct bn_learned *w)
{
    struct bn_operator op;

    if (w->dense.data != NULL)
        BN_CHECK(bn_operator_dense(&op, &w->dense));
    else
        BN_CHECK(bn_operator_factored(&op, &w->left, &w->right, w->diagonal));
    return op;
}

static void look(struct school *s, size_t which)
{
    struct bn_learned w;

    BN_CHECK(bn_learner_weights(s->learner, &w));
    const struct bn_operator op = operator_of(&w);
    BN_CHECK(bn_milestones_look(&s->seen, which, &op, &s->x, &s->phi));
    if (s->all || which + 1 == s->seen.count)
        keep_weights(s, s->all ? which : 0, &w);
    bn_learned_free(&w);
}

/* Without clamp: where the state is, and what became of the weights. */
static void look_free(struct school *s, size_t which)
{
    struct maintenance *f = &s->free;
    const size_t n = s->x.rows;
    struct bn_mat x = bn_scratch(1, n), rate = bn_scratch(1, n);
    const double *learned = s->j.data + (s->kept - 2) * n * n;
    double change = 0.0, norm = 0.0;
    struct bn_learned w;

    memcpy(x.data, bn_learner_current(s->learner), n * sizeof(double));
    bn_transfer_rate(&s->spec.transfer, n, x.data, rate.data);
    BN_CHECK(bn_decode_overlap(f->decoder, &rate, NULL, &f->angle[which], NULL));
    BN_CHECK(bn_decode_distance(f->decoder, &x, &f->distance[which], NULL));
    BN_CHECK(bn_learner_weights(s->learner, &w));
    const struct bn_operator op = operator_of(&w);
    BN_CHECK(bn_milestones_look(&f->seen, which, &op, &s->x, &s->phi));
    for (size_t k = 0; k < n * n; k++) {
        const double d = w.dense.data[k] - learned[k];
        change += d * d;
        norm += learned[k] * learned[k];
    }
    f->change[which] = norm > 0.0 ? sqrt(change / norm) : 0.0;
    keep_weights(s, s->kept - 1, &w);
    bn_learned_free(&w);
}

/* --- the run ------------------------------------------------------------------------------ */

static void keep_block(const char *name, const struct bn_mat *m)
{
    if (m->data != NULL)
        bn_keep(name, m->data, m->rows * m->cols);
}

static void keep(struct school *s)
{
    struct bn_kept kept[BN_LEARNER_KEPT];
    const struct bn_milestones *m = &s->seen, *f = &s->free.seen;
    size_t n;

    bn_learner_state(s->learner, kept, &n);
    for (size_t k = 0; k < n; k++)
        bn_keep(kept[k].name, kept[k].data, kept[k].n);
    bn_keep("course_angle", &s->state.theta, 1);
    bn_keep("course_velocity", &s->state.velocity, 1);
    bn_keep("residual", m->residual, m->count);
    keep_block("residual_harmonic", &m->harmonic);
    keep_block("eigenvalue_real", &m->re);
    keep_block("eigenvalue_imag", &m->im);
    if (s->kept > 1) {
        keep_block("kept_J", &s->j);
        keep_block("kept_J_velocity", &s->j_velocity);
        keep_block("kept_left", &s->left);
        keep_block("kept_left_velocity", &s->left_velocity);
        keep_block("kept_diagonal", &s->diagonal);
        keep_block("kept_diagonal_velocity", &s->diagonal_velocity);
    }
    if (s->after > 0) {
        bn_keep("free_angle", s->free.angle, f->count);
        bn_keep("free_distance", s->free.distance, f->count);
        bn_keep("free_change", s->free.change, f->count);
        bn_keep("free_residual", f->residual, f->count);
        keep_block("free_residual_harmonic", &f->harmonic);
    }
}

/* The first look that is still to come when `k` steps are done; those at k itself were
 * before the checkpoint.                                                     */
static size_t to_come(const struct bn_milestones *m, uint64_t k)
{
    size_t next = 0;

    while (next < m->count && (double)k >= m->at[next])
        next++;
    return next;
}

static void report(const struct school *s, uint64_t done)
{
    bn_checkpoint(done);
    bn_progress((double)done / (double)(s->total + s->after));
}

static void learn(struct school *s, uint64_t k)
{
    double theta[BLOCK], omega[BLOCK];
    size_t next = to_come(&s->seen, k);

    if (k == 0)
        look(s, 0);
    while (k < s->total) {
        const uint64_t left = (uint64_t)s->seen.at[next] - k;
        const size_t n = left < BLOCK ? (size_t)left : BLOCK;
        BN_CHECK(bn_course_walk(&s->course, &s->state, k, n, theta, omega));
        BN_CHECK(bn_learner_run(s->learner, k, n, theta, omega));
        k += n;
        if ((double)k == s->seen.at[next])
            look(s, next++);
        report(s, k);
    }
}

/* No teacher any more, only the rule.  What diverges ends here: that is a result.  */
static void maintain(struct school *s, uint64_t k)
{
    static const double nowhere[BLOCK];
    struct bn_milestones *m = &s->free.seen;
    size_t next = to_come(m, k);

    BN_CHECK(bn_learner_clamp(s->learner, BN_CLAMP_NONE, 0.0));
    if (k == 0)
        look_free(s, 0);
    while (k < s->after) {
        const uint64_t left = (uint64_t)m->at[next] - k;
        const size_t n = left < BLOCK ? (size_t)left : BLOCK;
        const bn_status rc = bn_learner_run(s->learner, s->total + k, n, nowhere, nowhere);
        if (rc == BN_NUMERIC) {
            bn_say("maintenance ends at %g s: %s", (double)k * s->spec.dt, bn_error());
            m->count = next;
            break;
        }
        BN_CHECK(rc);
        k += n;
        if ((double)k == m->at[next])
            look_free(s, next++);
        report(s, s->total + k);
    }
}

/* --- writing ------------------------------------------------------------------------------ */

static void output_kept(const char *name, const struct bn_mat *m, size_t kept)
{
    if (m->data != NULL)
        bn_output_array(name, m->data, bn_shape3(kept, m->rows / kept, m->cols));
}

static void write_weights(const struct school *s)
{
    output_kept("/J", &s->j, s->kept);
    output_kept("/J_velocity", &s->j_velocity, s->kept);
    output_kept("/left", &s->left, s->kept);
    output_kept("/left_velocity", &s->left_velocity, s->kept);
    if (s->right.data != NULL) {
        bn_output_mat("/right", &s->right);
        bn_output_mat("/diagonal", &s->diagonal);
    }
    if (s->diagonal_velocity.data != NULL)
        bn_output_mat("/diagonal_velocity", &s->diagonal_velocity);
}

static void write(const struct school *s)
{
    const struct bn_milestones *m = &s->seen;
    double *harmonic = bn_scratch_vec(m->harmonics), *power = bn_scratch_vec(m->harmonics);
    double *kept = bn_scratch_vec(s->kept), *coefficient = bn_scratch_vec(s->phi.cols + 1);

    bn_fourier_power(&s->phi, coefficient);
    for (size_t k = 0; k < m->harmonics; k++) {
        harmonic[k] = (double)k;
        power[k] = k == 0 ? coefficient[0] : 0.5 * (coefficient[2 * k - 1] + coefficient[2 * k]);
    }
    for (size_t k = 0; k < s->kept; k++)
        kept[k] = (double)(s->all ? k : m->count - 1 + k);
    bn_output_vec("/presentation", m->at, m->count);
    bn_output_vec("/residual", m->residual, m->count);
    bn_output_vec("/harmonic", harmonic, m->harmonics);
    bn_output_mat("/residual_harmonic", &m->harmonic);
    bn_output_vec("/rate_power", power, m->harmonics);
    bn_output_mat("/eigenvalue_real", &m->re);
    bn_output_mat("/eigenvalue_imag", &m->im);
    bn_output_vec("/kept", kept, s->kept);
    write_weights(s);
    bn_output_number("/cost", bn_learner_cost(s->learner));
}

static void write_maintenance(const struct school *s)
{
    const struct maintenance *f = &s->free;
    const struct bn_milestones *m = &f->seen;
    const struct bn_mat harmonic = { m->count, m->harmonics, m->harmonic.data };

    for (size_t k = 0; k < m->count; k++)
        m->at[k] *= s->spec.dt;
    bn_output_vec("/maintenance_time", m->at, m->count);
    bn_output_vec("/maintenance_angle", f->angle, m->count);
    bn_output_vec("/maintenance_distance", f->distance, m->count);
    bn_output_vec("/maintenance_residual", m->residual, m->count);
    bn_output_mat("/maintenance_residual_harmonic", &harmonic);
    bn_output_vec("/maintenance_change", f->change, m->count);
    bn_summarise("maintenance_time", m->at[m->count - 1], "s", 0.0);
    bn_summarise("maintenance_change", f->change[m->count - 1], "1", 0.0);
    bn_summarise("maintenance_residual", m->residual[m->count - 1], "1", 0.0);
    bn_summarise("maintenance_turned",
                 fabs(bn_ring_difference(f->angle[m->count - 1], f->angle[0])), "rad", 0.0);
}

static void summarise(const struct school *s)
{
    const struct bn_learner_spec *p = &s->spec;
    const double n = (double)s->x.rows, shown = p->eta * (double)s->total;

    bn_summarise("presentations", (double)s->total, "1", 0.0);
    bn_summarise("learning_residual", s->seen.residual[s->seen.count - 1], "1", 0.0);
    bn_summarise("learning_rate", p->eta, "1", 0.0);
    bn_summarise("learning_rate_scale", p->eta * s->trace, "1", 0.0);
    bn_summarise("decay", p->decay, "1", 0.0);
    bn_summarise("lambda_decay", p->decay / n, "1", 0.0);
    bn_summarise("lambda_effective", (p->decay + 1.0 / shown) / n, "1", 0.0);
    bn_summarise("cost", bn_learner_cost(s->learner), "1", 0.0);
    bn_summary_write();
}

static void run(void)
{
    const struct bn_targets t = bn_targets_read("tuning");
    struct school s = { .total = (uint64_t)bn_integer("presentations"),
                        .all = bn_is("keep", "all") };

    s.after = (uint64_t)llround(bn_real("maintenance") / bn_real("interval"));
    bn_targets_trim(&t, &s.x, &s.phi);
    s.course = bn_drive_course(t.angles, bn_flag("velocity"));
    enrol(&s, &t);
    make_room(&s);
    s.state = bn_course_begin(&s.course);
    keep(&s);
    const uint64_t done = bn_resume();
    learn(&s, done < s.total ? done : s.total);
    if (s.after > 0)
        maintain(&s, done > s.total ? done - s.total : 0);
    write(&s);
    if (s.after > 0)
        write_maintenance(&s);
    summarise(&s);
    bn_decoder_free(s.free.decoder);
    bn_learner_close(s.learner);
}

const struct bn_stage bn_stage = {
    .name = "learning",
    .summary = "weights that a local rule builds online",
    .details = "The stimulus goes round the ring, the network is held in the target states and "
               "each presentation changes the weights by dJ_ij = eta (sum of products of what "
               "the two neurons and the synapse know). Rules, with their equations and the fixed "
               "points that theory predicts, are in docs/science/plasticity.md; stage weights "
               "with kind = learned makes weights of a snapshot, which activity and diagnosis "
               "read like any others.",
    .inputs = inputs, .n_inputs = BN_LEN(inputs),
    .outputs = outputs, .n_outputs = BN_LEN(outputs),
    .params = params, .n_params = BN_LEN(params),
    .random = true,
    .run = run,
};
