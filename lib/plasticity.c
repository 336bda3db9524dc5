/* SPDX-License-Identifier: MIT */
#include <basin/plasticity.h>
#include <basin/text.h>

#include <string.h>

/* --- what a synapse may see: each factor is a function of one side of it ------------- */

static double post_one(const struct bn_post *s) { (void)s; return 1.0; }
static double post_y(const struct bn_post *s) { return s->y; }
static double post_square(const struct bn_post *s) { return s->y * s->y; }
static double post_mean(const struct bn_post *s) { return s->mean; }
static double post_centred(const struct bn_post *s) { return s->y - s->mean; }
static double post_trace(const struct bn_post *s) { return s->trace; }
static double post_change(const struct bn_post *s) { return s->y - s->trace; }
static double post_d(const struct bn_post *s) { return s->d; }
static double post_d_square(const struct bn_post *s) { return s->d * s->d; }
static double post_error(const struct bn_post *s) { return s->y - s->d; }
static double post_rate_error(const struct bn_post *s) { return s->rate_y - s->rate_d; }
static double post_bcm(const struct bn_post *s) { return s->y * (s->y - s->threshold); }

static double pre_one(const struct bn_pre *s) { (void)s; return 1.0; }
static double pre_p(const struct bn_pre *s) { return s->p; }
static double pre_square(const struct bn_pre *s) { return s->p * s->p; }
static double pre_mean(const struct bn_pre *s) { return s->mean; }
static double pre_centred(const struct bn_pre *s) { return s->p - s->mean; }
static double pre_trace(const struct bn_pre *s) { return s->trace; }
static double pre_change(const struct bn_pre *s) { return s->p - s->trace; }
static double pre_pooled(const struct bn_pre *s) { return s->p / s->pool; }
static double pre_d(const struct bn_pre *s) { return s->d; }

static const struct {
    const char *name;
    double (*value)(const struct bn_post *s);
    unsigned reads;
} posts[BN_POST_FACTORS] = {
    [BN_POST_ONE] = { "1", post_one, 0 },
    [BN_POST_Y] = { "y", post_y, BN_READS_POST },
    [BN_POST_SQUARE] = { "y^2", post_square, BN_READS_POST },
    [BN_POST_MEAN] = { "ymean", post_mean, BN_READS_AVERAGES },
    [BN_POST_CENTRED] = { "(y-ymean)", post_centred, BN_READS_POST | BN_READS_AVERAGES },
    [BN_POST_TRACE] = { "ytrace", post_trace, BN_READS_AVERAGES },
    [BN_POST_CHANGE] = { "(y-ytrace)", post_change, BN_READS_POST | BN_READS_AVERAGES },
    [BN_POST_D] = { "d", post_d, BN_READS_DRIVE },
    [BN_POST_D_SQUARE] = { "d^2", post_d_square, BN_READS_DRIVE },
    [BN_POST_ERROR] = { "(y-d)", post_error, BN_READS_POST | BN_READS_DRIVE },
    [BN_POST_RATE_ERROR] = { "(f(y)-f(d))", post_rate_error, BN_READS_POST | BN_READS_DRIVE },
    [BN_POST_BCM] = { "y(y-theta)", post_bcm, BN_READS_POST | BN_READS_AVERAGES },
};

static const struct {
    const char *name;
    double (*value)(const struct bn_pre *s);
    unsigned reads;
    bool linear;                         /* in the rates: it keeps to their span */
} pres[BN_PRE_FACTORS] = {
    [BN_PRE_ONE] = { "1", pre_one, 0, false },
    [BN_PRE_P] = { "p", pre_p, BN_READS_PRE, true },
    [BN_PRE_SQUARE] = { "p^2", pre_square, BN_READS_PRE, false },
    [BN_PRE_MEAN] = { "pmean", pre_mean, BN_READS_AVERAGES, true },
    [BN_PRE_CENTRED] = { "(p-pmean)", pre_centred, BN_READS_PRE | BN_READS_AVERAGES, true },
    [BN_PRE_TRACE] = { "ptrace", pre_trace, BN_READS_AVERAGES, true },
    [BN_PRE_CHANGE] = { "(p-ptrace)", pre_change, BN_READS_PRE | BN_READS_AVERAGES, true },
    [BN_PRE_POOLED] = { "p/pool", pre_pooled, BN_READS_PRE | BN_READS_POOL, true },
    [BN_PRE_D] = { "dpre", pre_d, BN_READS_PARTNER, false },
};

const char *bn_post_name(enum bn_post_factor f)
{
    return posts[f].name;
}

const char *bn_pre_name(enum bn_pre_factor f)
{
    return pres[f].name;
}

double bn_post_value(enum bn_post_factor f, const struct bn_post *post)
{
    return posts[f].value(post);
}

double bn_pre_value(enum bn_pre_factor f, const struct bn_pre *pre)
{
    return pres[f].value(pre);
}

/* --- the table ---------------------------------------------------------------------- */

#define TERM(c, post, pre)  { c, BN_SCALE_ONE, BN_POST_##post, BN_PRE_##pre, false }
#define TIMES_J(c, post, pre) { c, BN_SCALE_ONE, BN_POST_##post, BN_PRE_##pre, true }
#define SHARE(c, post, pre, w) { c, BN_SCALE_SHARE, BN_POST_##post, BN_PRE_##pre, w }
#define DECAY { -1.0, BN_SCALE_DECAY, BN_POST_ONE, BN_PRE_ONE, true }

static const struct bn_rule rules[] = {
    { .name = "hebb", .equation = "y_i p_j - lambda J_ij",
      .fixed_point = "<y_i p_j>/lambda: the gain of mode k goes as c_k, where 1 is needed",
      .post = BN_SIGNAL_RATE, .local = true, .decays = true,
      .n_terms = 2, .terms = { TERM(1, Y, P), DECAY } },
    { .name = "covariance", .equation = "(y_i - <y_i>)(p_j - <p_j>) - lambda J_ij",
      .fixed_point = "Cov(y_i, p_j)/lambda (Sejnowski 1977)",
      .post = BN_SIGNAL_CURRENT, .local = true, .decays = true,
      .n_terms = 2, .terms = { TERM(1, CENTRED, CENTRED), DECAY } },
    { .name = "oja", .equation = "y_i p_j - y_i^2 J_ij",
      .fixed_point = "<y_i p_j>/<y_i^2>: Hebb with rows scaled",
      .post = BN_SIGNAL_RATE, .local = true,
      .n_terms = 2, .terms = { TERM(1, Y, P), TIMES_J(-1, SQUARE, ONE) } },
    { .name = "oja-presynaptic", .equation = "y_i p_j - p_j^2 J_ij",
      .fixed_point = "<y_i p_j>/<p_j^2>: the regression of y_i on each p_j alone",
      .post = BN_SIGNAL_RATE, .local = true,
      .n_terms = 2, .terms = { TERM(1, Y, P), TIMES_J(-1, ONE, SQUARE) } },
    { .name = "oja-free", .equation = "d_i p_j - d_i^2 J_ij",
      .fixed_point = "+- the unit eigenvector of C (without self-connections) with the "
                     "largest eigenvalue, in each row (Oja 1982)",
      .post = BN_SIGNAL_RATE, .local = true,
      .n_terms = 2, .terms = { TERM(1, D, P), TIMES_J(-1, D_SQUARE, ONE) } },
    { .name = "subspace", .equation = "d_i (p_j - sum_k d_k J_kj)",
      .fixed_point = "J J^T a projector, rows within the leading eigenvectors of C",
      .post = BN_SIGNAL_RATE, .whole = BN_WHOLE_SUBSPACE },
    { .name = "subspace-clamped", .equation = "y_i (p_j - sum_k y_k J_kj)",
      .fixed_point = "<y y^T>^-1 <y p^T>: the regression of p on y",
      .post = BN_SIGNAL_RATE, .whole = BN_WHOLE_CLAMPED },
    { .name = "bcm", .equation = "y_i (y_i - theta_i) p_j - lambda J_ij, theta_i = <y_i^2>/y0",
      .fixed_point = "<y_i (y_i - theta_i) p_j>/lambda",
      .post = BN_SIGNAL_RATE, .local = true, .decays = true,
      .n_terms = 2, .terms = { TERM(1, BCM, P), DECAY } },
    { .name = "anti-hebb", .equation = "- d_i p_j",
      .fixed_point = "0 on the span of the rates; what is outside stays",
      .post = BN_SIGNAL_CURRENT, .local = true,
      .n_terms = 1, .terms = { TERM(-1, D, P) } },
    { .name = "delta", .equation = "(y_i - d_i) p_j - lambda J_ij",
      .fixed_point = "<y p^T> (C + lambda)^-1: the ridge solution of the same lambda "
                     "(Widrow & Hoff 1960)",
      .post = BN_SIGNAL_CURRENT, .teacher = true, .local = true,
      .n_terms = 2, .terms = { TERM(1, ERROR, P), DECAY } },
    { .name = "nlms", .equation = "(y_i - d_i) p_j/(epsilon + |p|^2)",
      .fixed_point = "the weights nearest to the first ones that predict y, as delta at "
                     "lambda = 0; fastest at eta = 1",
      .post = BN_SIGNAL_CURRENT, .teacher = true, .local = true,
      .n_terms = 1, .terms = { TERM(1, ERROR, POOLED) } },
    { .name = "dendritic", .equation = "(phi(y_i) - phi(d_i)) p_j, p low-passed by the synapse",
      .fixed_point = "that of delta at lambda = 0: where no error is left (Urbanczik & Senn "
                     "2014)",
      .post = BN_SIGNAL_CURRENT, .teacher = true, .local = true,
      .n_terms = 1, .terms = { TERM(1, RATE_ERROR, P) } },
    { .name = "storkey", .equation = "(y_i p_j - y_i h_ji - h_ij p_j)/N, h_ij = d_i - J_ij p_j",
      .fixed_point = "none for ever repeated patterns; one pass is a step from Hebb towards "
                     "the pseudo-inverse (Storkey 1997); J_ji is read as J_ij",
      .post = BN_SIGNAL_RATE, .teacher = true, .local = true,
      .n_terms = 5, .terms = { SHARE(1, Y, P, false), SHARE(-1, Y, D, false),
                               SHARE(-1, D, P, false), SHARE(1, SQUARE, ONE, true),
                               SHARE(1, ONE, SQUARE, true) } },
    { .name = "temporal-difference", .equation = "(y_i - ytrace_i) p_j - lambda J_ij",
      .fixed_point = "<(y_i - ytrace_i) p_j>/lambda: Cov(y_i, p_j)/lambda for independent "
                     "angles, Hebb with its low harmonics damped for slow ones",
      .post = BN_SIGNAL_RATE, .local = true, .decays = true,
      .n_terms = 2, .terms = { TERM(1, CHANGE, P), DECAY } },
    { .name = "bell", .equation = "y_i ptrace_j - y_i^2 J_ij",
      .fixed_point = "<y_i ptrace_j>/<y_i^2>: the slope of the rates before y_i on y_i; with "
                     "turnover and homeostasis on top as in Bell, Duffy & Fairhall 2024",
      .post = BN_SIGNAL_RATE, .local = true,
      .n_terms = 2, .terms = { TERM(1, Y, TRACE), TIMES_J(-1, SQUARE, ONE) } },
    { .name = "rls", .equation = "(y_i - d_i) k_j, k = G p/(1 + p^T G p), G <- G - k (G p)^T",
      .fixed_point = "the ridge solution with lambda = alpha/n after n presentations, exactly; "
                     "alpha is the parameter decay",
      .post = BN_SIGNAL_CURRENT, .teacher = true, .whole = BN_WHOLE_RLS },
    { .name = "offline", .equation = "none: the ridge solution at lambda",
      .fixed_point = "itself",
      .post = BN_SIGNAL_CURRENT, .teacher = true, .whole = BN_WHOLE_OFFLINE },
    { .name = "custom", .equation = "terms given as text", .fixed_point = "as the terms have it",
      .post = BN_SIGNAL_RATE, .local = true },
};

const struct bn_rule *bn_rules(size_t *n)
{
    *n = BN_LEN(rules);
    return rules;
}

bn_status bn_rule_find(const char *name, const struct bn_rule **rule)
{
    const char *names[BN_LEN(rules)];
    const bool force = strcmp(name, "force") == 0;   /* RLS by its other name */

    for (size_t k = 0; k < BN_LEN(rules); k++) {
        names[k] = rules[k].name;
        if (strcmp(name, names[k]) == 0 || (force && rules[k].whole == BN_WHOLE_RLS)) {
            *rule = &rules[k];
            return BN_OK;
        }
    }
    const char *near = bn_nearest(name, names, BN_LEN(rules));
    if (near != NULL)
        return bn_fail(BN_USAGE, "there is no learning rule `%s`; did you mean `%s`?", name,
                       near);
    return bn_fail(BN_USAGE, "there is no learning rule `%s`; there are hebb, covariance, oja, "
                   "delta and %zu more (docs/science/plasticity.md), or terms as in "
                   "y*p - lambda*1*1*J", name, BN_LEN(rules) - 4);
}

unsigned bn_rule_reads(const struct bn_rule *rule)
{
    unsigned reads = rule->whole != BN_WHOLE_NONE ? BN_READS_ALL : 0;

    for (size_t k = 0; k < rule->n_terms; k++)
        reads |= posts[rule->terms[k].post].reads | pres[rule->terms[k].pre].reads
               | (rule->terms[k].weight ? BN_READS_WEIGHT : 0);
    return reads;
}

/* --- on top of a rule --------------------------------------------------------------- */

const struct bn_modifiers bn_modifiers_none = { .density = 1.0 };

static bn_status within(const char *name, double x, double least, double most)
{
    if (x >= least && x <= most)
        return BN_OK;
    return bn_fail(BN_USAGE, "%s = %g is not within [%g, %g]", name, x, least, most);
}

bn_status bn_modifiers_check(const struct bn_modifiers *m)
{
    const double large = 1e300;

    BN_TRY(within("homeostasis", m->homeostasis, 0.0, 1.0));
    BN_TRY(within("target", m->target, 0.0, large));
    BN_TRY(within("tau_homeostasis", m->tau_homeostasis, 0.0, large));
    BN_TRY(within("excitatory", m->excitatory, 0.0, 1.0));
    BN_TRY(within("bound", m->bound, 0.0, large));
    BN_TRY(within("power", m->power, 0.0, 16.0));
    BN_TRY(within("noise", m->noise, 0.0, large));
    BN_TRY(within("turnover", m->turnover, 0.0, 1.0));
    if (!(m->density > 0.0 && m->density <= 1.0))
        return bn_fail(BN_USAGE, "density = %g: the share of synapses that exist lies in (0, 1]",
                       m->density);
    if (m->homeostasis > 0.0 && m->tau_homeostasis <= 0.0)
        return bn_fail(BN_USAGE, "homeostasis = %g needs tau_homeostasis above 0 s",
                       m->homeostasis);
    return BN_OK;
}

bool bn_rule_is_span(const struct bn_rule *rule, const struct bn_modifiers *m)
{
    if (rule->whole != BN_WHOLE_NONE || m->dale != BN_DALE_NONE || m->bound > 0.0
        || m->noise > 0.0 || m->density < 1.0 || m->turnover > 0.0)
        return false;
    for (size_t k = 0; k < rule->n_terms; k++) {
        const struct bn_term *t = &rule->terms[k];
        if (t->weight ? t->pre != BN_PRE_ONE : !pres[t->pre].linear)
            return false;
    }
    return rule->n_terms > 0;
}
