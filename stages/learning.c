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
#include <basin/enrol.h>
#include <basin/fourier.h>
#include <basin/learned.h>
#include <basin/manifold.h>
#include <basin/milestones.h>
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
    { "/presentation", "presentation", "1", "presentations so far", 0, 0, false },
    { "/residual", "presentation", "1", "|J phi* - x*| / |x*| over the manifold", 1e-9, 1e-3,
      false },
    { "/harmonic", "harmonic", "1", "harmonics of x* (0: its mean)", 0, 0, false },
    { "/residual_harmonic", "presentation harmonic", "1",
      "the same of one harmonic of the ring, over that of x*", 1e-9, 1e-3, false },
    { "/residual_predicted", "presentation harmonic", "1",
      "the same of the mean of the weights, by theory, where it is known "
      "(linear rules, full clamp)", 1e-9, 1e-3, false },
    { "/rate_power", "harmonic", "1", "mean square of a coefficient of the rates, Ghat^phi",
      1e-12, 1e-9, false },
    { "/eigenvalue_real", "presentation eigenvalue", "1",
      "eigenvalues of J, largest modulus first; 0 before the first presentation", 1e-6, 1e-3,
      false },
    { "/eigenvalue_imag", "presentation eigenvalue", "1", "imaginary part", 1e-6, 1e-3, false },
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
    { "/maintenance_time", "maintenance_time", "s", "time without clamp", 0, 0, false },
    { "/maintenance_angle", "maintenance_time", "rad", "decoded angle", 1e-6, 0, false },
    { "/maintenance_distance", "maintenance_time", "1", "root-mean-square distance of the "
      "currents to the manifold, per neuron", 1e-6, 1e-3, false },
    { "/maintenance_residual", "maintenance_time", "1", "residual of the weights then",
      1e-9, 1e-3, false },
    { "/maintenance_residual_harmonic", "maintenance_time harmonic", "1",
      "the same of one harmonic", 1e-9, 1e-3, false },
    { "/maintenance_change", "maintenance_time", "1", "|J - J_0| / |J_0|, J_0 what was "
      "learned", 1e-9, 1e-3, false },
    BN_SUMMARY_OUTPUTS,
};

static const struct bn_param params[] = {
    BN_ENROL_PARAMS,
    BN_COURSE_PARAMS,
    BN_INTEGER("presentations", "20000", 1, 1e12, "how many; each takes `interval`"),
    BN_REAL("duration", "s", "0", 0, 1e9, "time of learning; 0: by presentations"),
    BN_INTEGER("snapshots", "25", 2, 10000, "how often weights are looked at, log-spaced"),
    BN_CHOICE("keep", "last", "last all", "whose weights are written"),
    BN_INTEGER("harmonics", "12", 1, 1000, "harmonics of the residual, at most"),
    BN_INTEGER("eigenvalues", "12", 0, 1000, "leading eigenvalues of J at each snapshot"),
    BN_REAL("lambda", "1", "1e-8", 0, 1e6, "ridge of the offline weights that those learned are "
            "compared with"),
    BN_REAL("maintenance", "s", "0", 0, 1e7, "time without clamp afterwards, while the rule goes "
            "on; needs dense weights"),
};

enum { BLOCK = 1024, DECODED_HARMONICS = 24, TIMED = 5 };
static const double KEPT_LIMIT = 8e9;    /* bytes */

struct school {
    struct bn_enrolled e;
    struct bn_course course;
    struct bn_course_state state;
    uint64_t total, after;               /* presentations; steps of maintenance */
    struct bn_milestones seen;
    struct bn_mat predicted;             /* [count, harmonics], or empty */
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

/* --- looking ------------------------------------------------------------------------------ */

static void make_milestones(const struct school *s, uint64_t total, size_t eigenvalues,
                            struct bn_milestones *m)
{
    m->at = bn_scratch_vec(bn_count("snapshots"));
    m->count = bn_milestones_at(total, bn_count("snapshots"), m->at);
    m->harmonics = bn_milestones_harmonics(&s->e.x, bn_count("harmonics"));
    m->eigenvalues = eigenvalues < s->e.x.rows ? eigenvalues : s->e.x.rows;
    m->residual = bn_scratch_vec(m->count);
    m->harmonic = bn_scratch(m->count, m->harmonics);
    m->re = bn_scratch(m->count, m->eigenvalues);
    m->im = bn_scratch(m->count, m->eigenvalues);
}

static void check_room(const struct school *s)
{
    const double n = (double)s->e.x.rows, rows = s->all ? (double)bn_count("snapshots") : 1.0;
    const double cols = s->e.span ? (double)s->e.phi.cols : n;
    const double bytes = 8.0 * rows * n * cols * (s->e.spec.velocity ? 2.0 : 1.0);

    if (s->all && bytes > KEPT_LIMIT)
        BN_REFUSE(BN_USAGE, "keep = all would keep %.3g GB of weights, more than %.3g: lower "
                  "snapshots, or keep the last", 1e-9 * bytes, 1e-9 * KEPT_LIMIT);
}

static void make_room(struct school *s)
{
    const size_t n = s->e.x.rows;
    struct bn_learned w;

    check_room(s);
    make_milestones(s, s->total, bn_count("eigenvalues"), &s->seen);
    s->kept = (s->all ? s->seen.count : 1) + (s->after > 0);
    BN_CHECK(bn_learner_weights(s->e.learner, &w));
    if (w.dense.data != NULL) {
        s->j = bn_scratch(s->kept * n, n);
        if (s->e.spec.velocity)
            s->j_velocity = bn_scratch(s->kept * n, n);
    } else {
        s->right = bn_scratch(w.right.rows, n);
        memcpy(s->right.data, w.right.data, w.right.rows * n * sizeof(double));
        s->left = bn_scratch(s->kept * n, w.left.cols);
        s->diagonal = bn_scratch(s->kept, n);
        if (s->e.spec.velocity) {
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
    BN_CHECK(bn_decoder_new(&f->decoder, &s->e.x, &s->e.phi, DECODED_HARMONICS));
}

/* Block `row` of as many rows as `from` has. */
static void put(struct bn_mat *to, size_t row, const double *from, size_t count)
{
    if (to->data != NULL)
        memcpy(to->data + row * count, from, count * sizeof(double));
}

static void keep_weights(struct school *s, size_t row, const struct bn_learned *w)
{
    const size_t n = s->e.x.rows;

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

    BN_CHECK(bn_learner_weights(s->e.learner, &w));
    const struct bn_operator op = operator_of(&w);
    BN_CHECK(bn_milestones_look(&s->seen, which, &op, &s->e.x, &s->e.phi));
    if (s->all || which + 1 == s->seen.count)
        keep_weights(s, s->all ? which : 0, &w);
    bn_learned_free(&w);
}

/* Without clamp: where the state is, and what became of the weights. */
static void look_free(struct school *s, size_t which)
{
    struct maintenance *f = &s->free;
    const size_t n = s->e.x.rows;
    struct bn_mat x = bn_scratch(1, n), rate = bn_scratch(1, n);
    const double *learned = s->j.data + (s->kept - 2) * n * n;
    double change = 0.0, norm = 0.0;
    struct bn_learned w;

    memcpy(x.data, bn_learner_current(s->e.learner), n * sizeof(double));
    bn_transfer_rate(&s->e.spec.transfer, n, x.data, rate.data);
    BN_CHECK(bn_decode_overlap(f->decoder, &rate, NULL, &f->angle[which], NULL));
    BN_CHECK(bn_decode_distance(f->decoder, &x, &f->distance[which], NULL));
    BN_CHECK(bn_learner_weights(s->e.learner, &w));
    const struct bn_operator op = operator_of(&w);
    BN_CHECK(bn_milestones_look(&f->seen, which, &op, &s->e.x, &s->e.phi));
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

    bn_learner_state(s->e.learner, kept, &n);
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
        BN_CHECK(bn_learner_run(s->e.learner, k, n, theta, omega));
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

    BN_CHECK(bn_learner_clamp(s->e.learner, BN_CLAMP_NONE, 0.0));
    if (k == 0)
        look_free(s, 0);
    while (k < s->after) {
        const uint64_t left = (uint64_t)m->at[next] - k;
        const size_t n = left < BLOCK ? (size_t)left : BLOCK;
        const bn_status rc = bn_learner_run(s->e.learner, s->total + k, n, nowhere, nowhere);
        if (rc == BN_NUMERIC) {
            bn_say("maintenance ends at %g s: %s", (double)k * s->e.spec.dt, bn_error());
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
    double *kept = bn_scratch_vec(s->kept), *coefficient = bn_scratch_vec(s->e.phi.cols + 1);

    bn_fourier_power(&s->e.phi, coefficient);
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
    if (s->predicted.data != NULL)
        bn_output_mat("/residual_predicted", &s->predicted);
    bn_output_vec("/rate_power", power, m->harmonics);
    bn_output_mat("/eigenvalue_real", &m->re);
    bn_output_mat("/eigenvalue_imag", &m->im);
    bn_output_vec("/kept", kept, s->kept);
    write_weights(s);
    bn_output_number("/cost", bn_learner_cost(s->e.learner));
}

/* Learning rate of (y - d) p: rules that divide by |p|^2 themselves have a larger eta. */
static double rate_of(const struct school *s)
{
    const bool pooled = (bn_rule_reads(&s->e.spec.rule) & BN_READS_POOL) != 0;

    return s->e.spec.eta / (pooled ? s->e.trace : 1.0);
}

/* The lambda of stage weights that so many presentations amount to. */
static double early_lambda(const struct school *s)
{
    const struct bn_learner_spec *p = &s->e.spec;
    const double n = (double)s->e.x.rows, total = (double)s->total;

    if (p->rule.whole == BN_WHOLE_RLS)
        return p->decay / total / n;
    if (p->rule.whole == BN_WHOLE_OFFLINE)
        return p->decay / n;
    return bn_learned_lambda(rate_of(s), p->decay, total, s->e.x.rows);
}

/* Of the weights that were learned, beside the ridge solution and beside the one at the
 * lambda that stopping after so many presentations amounts to.                */
static void distances(const struct school *s)
{
    static const char *const names[][4] = {
        { "offline_distance", "offline_distance_span", "offline_distance_rest",
          "offline_correlation" },
        { "early_distance", "early_distance_span", "early_distance_rest", "early_correlation" } };
    const size_t n = s->e.x.rows, row = s->kept - 1 - (s->after > 0);
    const bool dense = s->j.data != NULL;
    const struct bn_mat j = { n, n, dense ? s->j.data + row * n * n : NULL };
    const struct bn_mat left = { n, s->left.cols,
                                 dense ? NULL : s->left.data + row * n * s->left.cols };
    struct bn_operator op;

    if (dense)
        BN_CHECK(bn_operator_dense(&op, &j));
    else
        BN_CHECK(bn_operator_factored(&op, &left, &s->right, bn_mat_row(&s->diagonal, row)));
    for (size_t k = 0; k < 2; k++) {
        const double lambda = k == 0 ? bn_real("lambda") : early_lambda(s);
        struct bn_learned_distance d;
        BN_CHECK(bn_learned_offline(&op, &s->e.x, &s->e.phi, lambda, &d));
        bn_summarise(names[k][0], d.total, "1", 0.0);
        bn_summarise(names[k][1], d.inside, "1", 0.0);
        bn_summarise(names[k][2], d.outside, "1", 0.0);
        bn_summarise(names[k][3], d.correlation, "1", 0.0);
    }
}

/* When the residual of each harmonic has fallen by e, beside theory. */
static void times(const struct school *s)
{
    static const char *const names[TIMED][2] = {
        { "learning_time_1", "learning_time_predicted_1" },
        { "learning_time_2", "learning_time_predicted_2" },
        { "learning_time_3", "learning_time_predicted_3" },
        { "learning_time_4", "learning_time_predicted_4" },
        { "learning_time_5", "learning_time_predicted_5" } };
    const struct bn_milestones *m = &s->seen;
    double predicted[TIMED + 1], *power = bn_scratch_vec(m->count), time;

    bn_averaged_times(&s->e.phi, rate_of(s), s->e.spec.decay, predicted, TIMED + 1);
    for (size_t k = 1; k < m->harmonics && k <= TIMED; k++) {
        for (size_t i = 0; i < m->count; i++)
            power[i] = *bn_mat_at(&m->harmonic, i, k) * *bn_mat_at(&m->harmonic, i, k);
        if (bn_learned_time(m->at, power, m->count, &time))
            bn_summarise(names[k - 1][0], time, "1", 0.0);
        bn_summarise(names[k - 1][1], predicted[k], "1", 0.0);
    }
}

static void write_maintenance(const struct school *s)
{
    const struct maintenance *f = &s->free;
    const struct bn_milestones *m = &f->seen;
    const struct bn_mat harmonic = { m->count, m->harmonics, m->harmonic.data };

    for (size_t k = 0; k < m->count; k++)
        m->at[k] *= s->e.spec.dt;
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
    const struct bn_learner_spec *p = &s->e.spec;
    const double n = (double)s->e.x.rows;

    bn_summarise("presentations", (double)s->total, "1", 0.0);
    bn_summarise("learning_residual", s->seen.residual[s->seen.count - 1], "1", 0.0);
    bn_summarise("learning_rate", p->eta, "1", 0.0);
    bn_summarise("learning_rate_scale", rate_of(s) * s->e.trace, "1", 0.0);
    bn_summarise("decay", p->decay, "1", 0.0);
    bn_summarise("lambda_decay", p->decay / n, "1", 0.0);
    bn_summarise("lambda_effective", early_lambda(s), "1", 0.0);
    bn_summarise("cost", bn_learner_cost(s->e.learner), "1", 0.0);
    distances(s);
    times(s);
    bn_summary_write();
}

static void predict(struct school *s)
{
    bn_averaged *a = bn_enrol_average(&s->e, &s->course);
    struct bn_mat harmonic = bn_scratch(s->seen.count, s->seen.harmonics);

    if (a == NULL)
        return;
    const bn_status rc = bn_milestones_predict(&s->seen, a, &s->e.x, &harmonic);
    bn_averaged_free(a);
    if (rc == BN_OK)
        s->predicted = harmonic;
    else if (rc != BN_NUMERIC)           /* it diverges: the run will say so */
        bn_die(rc);
}

static void run(void)
{
    const struct bn_targets t = bn_targets_read("tuning");
    const double duration = bn_real("duration"), interval = bn_real("interval");
    struct school s = { .all = bn_is("keep", "all") };

    bn_targets_need_ring(&t, "a course of presentations");
    s.total = duration > 0.0 ? (uint64_t)llround(duration / interval)
                             : (uint64_t)bn_integer("presentations");
    if (s.total == 0)
        BN_REFUSE(BN_USAGE, "duration = %g s is shorter than one presentation, interval = %g s",
                  duration, interval);
    s.after = (uint64_t)llround(bn_real("maintenance") / interval);
    s.course = bn_drive_course(t.angles, bn_flag("velocity"));
    bn_enrol(&t, s.after > 0, &s.e);
    make_room(&s);
    predict(&s);
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
    bn_learner_close(s.e.learner);
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
    .resources = { .hours = 4, .memory = 4 },
};
