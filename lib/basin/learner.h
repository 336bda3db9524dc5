/* SPDX-License-Identifier: MIT
 * learner: weights that change online, one presentation after another.  Floor 7.
 *
 * Presentation n shows the angle theta_n for `dt` (angular velocity omega_n).  The network
 *     tau dx/dt = -x + (J + tau omega J') p + I_ext,      p = phi(x), low-passed by tau_synapse
 * is held by I_ext (enum bn_clamp), and J changes by its rule (plasticity.h) with
 *     y_i = x_i + tau dx_i/dt = d_i + I_ext,i,    d_i = sum_{j != i} (J + tau omega J')_ij p_j
 * so that under every clamp the error y - d is the external current.  Fully clamped this is
 * y = x* + tau omega x*', p = phi*.  J' (with `velocity`) changes by the same terms times
 * tau omega and eta_velocity; terms with a factor J take J' instead and are not multiplied
 * by tau omega.  J' is that of network.h and of the weights' artifact (J' phi* = x*').
 *
 * Engines, equal to rounding:
 *   dense  any rule and clamp; J [N, N], updated and multiplied in one pass (fused.h).
 *          Fully clamped, neurons do not see each other's weights, so many presentations
 *          pass over a few rows while these are in cache, rows shared out over cores.
 *   span   J = offdiag(D J0 + B F^T), F [N, R] the coefficients of the rates, B [N, R]:
 *          with the basis row b(theta), p = F b, d = D (J0 F) b + B (F^T F) b - diagonal p,
 *          B <- r B + f b^T.  Exact where bn_rule_is_span(), under the full clamp.
 * Averages start at the means over the manifold.  Random numbers are draws by the number
 * of the presentation, and no sum depends on how presentations are grouped: a run cut
 * anywhere, on any number of threads, gives the same bits.                         */
#ifndef BN_LEARNER_H
#define BN_LEARNER_H

#include <basin/checkpoint.h>
#include <basin/mat.h>
#include <basin/plasticity.h>
#include <basin/rng.h>
#include <basin/transfer.h>

enum bn_clamp {
    BN_CLAMP_FULL,         /* x = x*(theta) */
    BN_CLAMP_SOFT,         /* I_ext = gain (x* + tau omega x*' - x), Euler steps of dt */
    BN_CLAMP_NUDGED,       /* I_ext = gain (x* + tau omega x*' - d), 0 < gain <= 1: the teacher
                              takes a share of the drive (Urbanczik & Senn 2014) */
    BN_CLAMP_NONE          /* I_ext = 0; theta is ignored */
};

enum bn_engine { BN_ENGINE_AUTO, BN_ENGINE_DENSE, BN_ENGINE_SPAN };

struct bn_learner_spec {
    const struct bn_mat *x, *phi;        /* coefficients of x* and phi* (fourier.h), [N, Rx],
                                            [N, R], odd; copied */
    struct bn_transfer transfer;         /* phi */
    struct bn_rule rule;
    enum bn_post_signal post;            /* AUTO: the rule's */
    double eta, decay;                   /* per presentation; lambda in C units, N lambda_ring.
                                            rls: decay is alpha, eta is always 1 */
    double y0, epsilon;                  /* BCM: rate or current; pool; 0: 1 and 1e-6 tr C */
    struct bn_modifiers modifiers;
    double tau, dt;                      /* s; dt: one presentation, one Euler step */
    double tau_mean, tau_trace;          /* s, of mean, square and of trace; 0: 1000 dt, 10 dt */
    double tau_synapse;                  /* s; 0: p is not low-passed */
    enum bn_clamp clamp;
    double gain;                         /* of a soft clamp or nudging */
    double noise;                        /* current, private, as network.h; not fully clamped */
    double noise_rate;                   /* sd added to each p_j (what it costs in C: its
                                            square on the diagonal, a ridge); dense only */
    bool velocity;
    double eta_velocity;                 /* relative to eta; 0: 1 */
    const struct bn_mat *initial, *initial_velocity;   /* [N, N], copied; NULL: 0 */
    enum bn_engine engine;               /* AUTO: the one with fewer multiplications */
    struct bn_rng rng;
};

typedef struct bn_learner bn_learner;

/* BN_USAGE for what does not go together (span engine with a rule that it cannot hold,
 * multiplicative Dale from J = 0, a fraction outside its range ...), BN_NOMEM with the bytes.
 * bn_learner_close() it; NULL is accepted.                                         */
BN_MUST_USE bn_status bn_learner_open(const struct bn_learner_spec *spec, bn_learner **l);
void bn_learner_close(bn_learner *l);

/* Presentations first .. first + n - 1 at theta [n], rad, omega [n], rad/s (NULL: 0), in
 * order and without gaps.  BN_NUMERIC, before anything that is not finite can be seen, if
 * they diverge: at which presentation, with the bounds below.  After that only
 * bn_learner_close() works.                                                       */
BN_MUST_USE bn_status bn_learner_run(bn_learner *l, uint64_t first, size_t n,
                                     const double *theta, const double *omega);

/* Another clamp from the next presentation on.  A span learner becomes dense if the clamp
 * asks for it (BN_USAGE if it was opened with engine = span).  The state x stays.    */
BN_MUST_USE bn_status bn_learner_clamp(bn_learner *l, enum bn_clamp clamp, double gain);

/* Error-driven rules (y - d) p converge in mean square for eta < safe = 2/(3 tr C) and
 * diverge for eta > limit = 2/tr C (plasticity.md), C = <p p^T> with what J' adds:
 * tr C (1 + eta_velocity <(tau omega)^2>), for the given mean square of omega.  Rules that
 * divide by the pool are fastest at safe = 1 and diverge above limit = 2.           */
void bn_learner_bounds(const bn_learner *l, double omega_square, double *safe, double *limit);

/* Arrays that are the whole state, for checkpoint.h, at most BN_LEARNER_KEPT; names are
 * constant.  Filling them continues the run.                                       */
enum { BN_LEARNER_KEPT = 16 };
void bn_learner_state(bn_learner *l, struct bn_kept kept[BN_LEARNER_KEPT], size_t *n);

enum bn_engine bn_learner_engine(const bn_learner *l);
/* Multiplications per presentation: of the engine that runs. */
double bn_learner_cost(const bn_learner *l);
/* x [N], the current after the last presentation. */
const double *bn_learner_current(const bn_learner *l);
size_t bn_learner_size(const bn_learner *l);

/* Weights as operator.h takes them: dense [N, N], or left [N, q], right [q, N] and
 * diagonal [N] with J = left right - diag(diagonal); J' likewise, with the same right;
 * empty without `velocity`.  Diagonals are exactly zero.  Owned by the caller.      */
struct bn_learned {
    struct bn_mat dense, dense_velocity;
    struct bn_mat left, right, left_velocity;
    double *diagonal, *diagonal_velocity;
};
BN_MUST_USE bn_status bn_learner_weights(const bn_learner *l, struct bn_learned *w);
/* The same, written out if they are in span form. */
BN_MUST_USE bn_status bn_learner_dense(const bn_learner *l, struct bn_learned *w);
void bn_learned_free(struct bn_learned *w);

#endif
