/* SPDX-License-Identifier: MIT
 * plasticity: the table of learning rules, as sums of products.  Floor 6.
 *
 *     dJ_ij = eta sum_terms coefficient scale post_i pre_j J_ij^(0|1),      J_ii = 0
 *
 * once per presentation.  A post factor is a function of what the neuron of the synapse
 * knows (struct bn_post) and of nothing else, a pre factor of what its axon brings
 * (struct bn_pre): what a rule may see is decided by these two types, so no row made of
 * terms can be non-local.  Rows that need the whole network (RLS, subspace, offline) have
 * no terms of their own; they name a step of another type and say local = false.
 * Sources and fixed points: docs/science/plasticity.md.                           */
#ifndef BN_PLASTICITY_H
#define BN_PLASTICITY_H

#include <basin/err.h>

/* What neuron i knows at a presentation.  Averages and traces hold the presentations
 * before this one, not this one: mean += a (y - mean) after its use.              */
struct bn_post {
    double y;              /* its signal: current or rate, see enum bn_post_signal */
    double d;              /* its recurrent (dendritic) drive, a current */
    double mean, square;   /* slow averages of y and y^2 */
    double threshold;      /* of BCM: square / y0 */
    double trace;          /* fast low-pass of y */
    double rate_y, rate_d; /* phi(teacher's or own current), phi(d) */
};

/* What axon j brings. */
struct bn_pre {
    double p;              /* rate, low-passed by the synapse if that has a time constant */
    double mean;           /* slow average of p */
    double trace;          /* fast low-pass of p, without this presentation */
    double pool;           /* epsilon + sum_j p_j^2: a signal shared by a dendrite */
    double d;              /* the drive of neuron j itself: for Storkey's rule only, which
                              needs it; an axon that brings rates does not */
};

enum bn_post_factor {
    BN_POST_ONE,           /* 1             */
    BN_POST_Y,             /* y             */
    BN_POST_SQUARE,        /* y^2           */
    BN_POST_MEAN,          /* ymean         */
    BN_POST_CENTRED,       /* (y-ymean)     */
    BN_POST_TRACE,         /* ytrace        */
    BN_POST_CHANGE,        /* (y-ytrace)    */
    BN_POST_D,             /* d             */
    BN_POST_D_SQUARE,      /* d^2           */
    BN_POST_ERROR,         /* (y-d)         */
    BN_POST_RATE_ERROR,    /* (f(y)-f(d))   */
    BN_POST_BCM,           /* y(y-theta)    */
    BN_POST_FACTORS
};

enum bn_pre_factor {
    BN_PRE_ONE,            /* 1             */
    BN_PRE_P,              /* p             */
    BN_PRE_SQUARE,         /* p^2           */
    BN_PRE_MEAN,           /* pmean         */
    BN_PRE_CENTRED,        /* (p-pmean)     */
    BN_PRE_TRACE,          /* ptrace        */
    BN_PRE_CHANGE,         /* (p-ptrace)    */
    BN_PRE_POOLED,         /* p/pool        */
    BN_PRE_D,              /* dpre          */
    BN_PRE_FACTORS
};

/* As written above, which is also how bn_rule_parse() reads them. */
const char *bn_post_name(enum bn_post_factor f);
const char *bn_pre_name(enum bn_pre_factor f);
double bn_post_value(enum bn_post_factor f, const struct bn_post *post);
double bn_pre_value(enum bn_pre_factor f, const struct bn_pre *pre);

enum bn_scale { BN_SCALE_ONE, BN_SCALE_DECAY /* lambda */, BN_SCALE_SHARE /* 1/N */ };

struct bn_term {
    double coefficient;
    enum bn_scale scale;
    enum bn_post_factor post;
    enum bn_pre_factor pre;
    bool weight;           /* times J_ij */
};

/* y: the current x + tau dx/dt that a neuron has (clamped: x* + tau omega x*'), or its
 * rate phi(x).  AUTO is the row's own choice: on signed currents Hebb, Oja and BCM would
 * potentiate negative responses, so they take rates.                              */
enum bn_post_signal { BN_SIGNAL_AUTO, BN_SIGNAL_CURRENT, BN_SIGNAL_RATE };

/* Rows that see the whole network: the vector that takes the place of pre_j. */
enum bn_whole {
    BN_WHOLE_NONE,
    BN_WHOLE_RLS,          /* (y-d) times G p/(1 + p^T G p), G = (alpha + sum p p^T)^-1 */
    BN_WHOLE_SUBSPACE,     /* d times p - J^T d */
    BN_WHOLE_CLAMPED,      /* y times p - J^T y */
    BN_WHOLE_OFFLINE       /* no steps: the ridge solution at lambda = decay */
};

enum { BN_RULE_TERMS = 12 };

struct bn_rule {
    const char *name;
    const char *equation;                /* dJ_ij/eta, for people */
    const char *fixed_point;             /* clamped, slow learning, all theta alike */
    enum bn_post_signal post;            /* default; never AUTO */
    bool teacher;                        /* needs y apart from its own drive d */
    bool local;
    bool decays;                         /* no finite fixed point at decay = 0 */
    enum bn_whole whole;
    size_t n_terms;
    struct bn_term terms[BN_RULE_TERMS];
};

/* The table, custom (no terms) last. */
const struct bn_rule *bn_rules(size_t *n);

/* A row by name, or BN_USAGE with the nearest name. */
BN_MUST_USE bn_status bn_rule_find(const char *name, const struct bn_rule **rule);

/* A rule of its own from text, "y*p - lambda*1*1*J": terms joined by + and -, each
 *     [number *] [lambda *] [1/N *] post * pre [* J]
 * with the names above.  It takes what `signal` the caller gives (AUTO: current if d is
 * read, else rate).  BN_USAGE says which term, what is wrong, and how to write it. */
BN_MUST_USE bn_status bn_rule_parse(const char *text, enum bn_post_signal signal,
                                    struct bn_rule *rule);

/* A row's name, or else terms (text with a `*`): what a parameter file may say. */
BN_MUST_USE bn_status bn_rule_read(const char *text, enum bn_post_signal signal,
                                   struct bn_rule *rule);

/* The terms of a rule as text that bn_rule_parse() reads; NULL if memory is short. */
char *bn_rule_text(const struct bn_rule *rule);

/* What the terms read, for the column `reads` of the docs. */
enum { BN_READS_PRE = 1, BN_READS_POST = 2, BN_READS_DRIVE = 4, BN_READS_WEIGHT = 8,
       BN_READS_AVERAGES = 16, BN_READS_POOL = 32, BN_READS_PARTNER = 64 /* d_j */,
       BN_READS_ALL = 128 };
unsigned bn_rule_reads(const struct bn_rule *rule);

/* --- on top of any rule ------------------------------------------------------------- */

enum bn_dale { BN_DALE_NONE, BN_DALE_PROJECTED, BN_DALE_MULTIPLICATIVE };

/* All zero but density = 1 (bn_modifiers_none): nothing. */
struct bn_modifiers {
    double homeostasis;    /* beta: each presentation J_ij *= 1 + beta (r0_i - mean rate_i) */
    double target;         /* r0, rate; 0: each neuron's own mean over the manifold */
    double tau_homeostasis;              /* s, of the mean rate */
    enum bn_dale dale;     /* projected: J <- s max(0, s J); multiplicative:
                              ln |J_ij| += eta (s_j [terms without J] + [factors of J]) */
    double excitatory;     /* share of columns with s = +1, drawn at random */
    double bound, power;   /* terms without J are multiplied by (1 - |J|/bound)^power, and
                              |J| ends a millionth below the bound; bound 0: none */
    double noise;          /* sd of a random walk of each weight, per square root of a
                              presentation; done every 64th presentation at once */
    double density;        /* share of synapses that exist, drawn once; 1: all */
    double turnover;       /* probability per presentation that a synapse is replaced by
                              one of weight 0; every 64th presentation at once */
};
extern const struct bn_modifiers bn_modifiers_none;
BN_MUST_USE bn_status bn_modifiers_check(const struct bn_modifiers *m);

/* May J be held exactly as offdiag(D J0 + B F^T), F the coefficients of the rates?  Yes
 * if each term is a post factor times a linear function of the rates, or a post factor
 * times J, and no modifier works on single synapses.                               */
bool bn_rule_is_span(const struct bn_rule *rule, const struct bn_modifiers *m);

#endif
