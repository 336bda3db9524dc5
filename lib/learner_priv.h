/* SPDX-License-Identifier: MIT
 * What the parts of the module learner share: learner.c (opening, weights), learner_run.c
 * (presentations), learner_pre.c (what axons bring), learner_synapse.c (modifiers of single
 * synapses).                                                                       */
#ifndef BN_LEARNER_PRIV_H
#define BN_LEARNER_PRIV_H

#include <basin/fused.h>
#include <basin/learner.h>
#include <basin/packed.h>
#include <basin/ridge.h>

/* Presentations that pass over a tile of rows while it is in cache; rows of a tile at most;
 * presentations between two acts of weight noise and turnover.                     */
enum { BLOCK = 64, TILE = 64, EPOCH = 64, MOST = BN_FUSED_MOST };

/* Terms that share what the axon brings: dJ_ij += (sum_k c_k post^k_i) pre_j. */
struct group {
    enum bn_pre_factor pre;
    size_t n;
    double c[BN_RULE_TERMS];             /* eta, lambda, 1/N included */
    enum bn_post_factor post[BN_RULE_TERMS];
};

/* The rule as it runs: terms without J, with J and a pre factor, with J alone. */
struct plan {
    size_t n_add, n_scale;
    struct group add[MOST], scale[MOST], keep;
    bool rates, drives_axons, averages;  /* reads phi(y), phi(d); the d of axons; averages */
};

/* A tile of rows, and the update that its last presentation left to be done. */
struct rows {
    size_t i0, n;
    bool pending;
    size_t slot;                         /* of that presentation in the block */
    uint64_t number;
    double f[MOST][TILE], a[MOST][TILE], keep[TILE];
    double f_velocity[MOST][TILE], a_velocity[MOST][TILE], keep_velocity[TILE];
    double d[TILE], turned[TILE];        /* (J + turn J') p; J' p */
    double now[TILE], y[TILE];           /* x + tau dx/dt; what the rule takes */
    uint64_t bad;                        /* first presentation that was too large */
    double worst;
};

/* What is known before the weights are: one row per presentation of a block. */
struct block {
    struct bn_mat basis;                 /* [BLOCK, R] of phi* */
    struct bn_mat value_basis, slope_basis;        /* [BLOCK, Rx] of x* and x*' */
    struct bn_mat x, slope;              /* [BLOCK, width] x*, x*' */
    struct bn_mat rate;                  /* [BLOCK, width] phi* or phi(x): of the neurons */
    struct bn_mat pre;                   /* [BLOCK, stride] p or b, low-passed, with noise */
    struct bn_mat q;                     /* [BLOCK, stride] what weights multiply */
    struct bn_mat g[MOST], h[MOST];      /* [BLOCK, stride] factors of the axons */
    struct bn_mat own;                   /* span: [BLOCK, width] p at the neurons */
    struct bn_mat own_g[MOST];           /* span: g at the neurons */
    struct bn_mat first, first_velocity; /* span: J0 p, J0' p */
    double turn[BLOCK];                  /* tau omega */
};

struct bn_learner {
    struct bn_learner_spec spec;         /* its pointers are not used after opening */
    enum bn_engine engine;
    bool engine_fixed, failed, careful;  /* careful: synapses are changed one by one */
    bool hollow;                         /* the weights have a diagonal, kept at zero */
    size_t n, width;                     /* neurons, padded */
    size_t space, stride;                /* columns of the weights: N or R, padded */
    struct bn_mat x, phi;                /* [N, Rx], [N, R] */
    struct bn_packed x_of, phi_of;       /* [Rx, width], [R, width]: basis row -> neurons */
    struct bn_packed gram;               /* span: [R, stride] F^T F */
    struct bn_packed first_of, first_velocity_of;  /* span: [R, width] (J0 F)^T */
    struct bn_mat first, first_velocity; /* span: J0, J0' as given, or empty */
    struct plan plan;
    struct block block;
    size_t n_tiles, tile_rows;
    struct rows *tiles;
    const struct bn_mat *own;            /* span: p at the neurons, in the block */
    double per_y0;
    double trace_c, typical;             /* tr C; root mean square of x* */
    double limit;                        /* of |d| before it is called divergence */
    double a_mean, a_trace, a_synapse, a_rate;             /* 1 - exp(-dt/tau) */
    /* the state */
    double *weights, *velocity;          /* [N, stride] J or B; J' or B', or NULL */
    double *scale;                       /* span with J0: [N] D */
    double *scale_velocity;
    double *diagonal, *diagonal_velocity;          /* span: [N] sum_r B_ir F_ir */
    double *current;                     /* [width] x */
    double *mean, *square, *trace;       /* [width] of y */
    double *pre_mean, *pre_trace, *synapse;        /* [stride] */
    double *rate_mean;                   /* [width], homeostasis */
    double *inverse;                     /* RLS: [N, stride] G */
    /* constants of single synapses */
    float *exists;                       /* [N, stride] 0 or 1, or NULL: all */
    double *sign;                        /* [stride] +-1 of columns, or NULL */
    double *rate_target;                 /* [width] r0, homeostasis */
    double *drive, *column;              /* [width]: d of all neurons; for steps that see the
                                            whole network */
    struct bn_ridge offline;
};

/* learner_pre.c: rates of `count` presentations from slot `slot` on, and what axons bring. */
bn_status bn_learner_clamped(bn_learner *l, uint64_t first, size_t slot, size_t count,
                             const double *theta, const double *omega);
bn_status bn_learner_axons(bn_learner *l, uint64_t first, size_t slot, size_t count);

/* learner_synapse.c: the pending update of a tile, synapse by synapse; noise and turnover
 * where they are due, after the presentation with this number.                     */
void bn_learner_synapses(const bn_learner *l, const struct rows *s);
bool bn_learner_due(const bn_learner *l, uint64_t number);
bn_status bn_learner_epoch(const bn_learner *l, const struct rows *s);
/* What initial weights must obey, too: rows i0 .. i0 + n - 1. */
void bn_learner_obey(const bn_learner *l, size_t i0, size_t n, double *w, bool velocity);
bn_status bn_learner_lots(bn_learner *l);          /* draws signs and which synapses exist */

/* Presentations must wait for each other: rates that depend on the weights, or steps that
 * see other neurons' drives.                                                      */
bool bn_learner_in_turn(const bn_learner *l);

#endif
