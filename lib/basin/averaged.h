/* SPDX-License-Identifier: MIT
 * averaged: the mean of the weights that a rule learns.  Floor 7.
 *
 * Under full clamp and presentations that are independent of one another, the mean of the
 * weights of every rule that is linear in J (and in its drive d) follows
 *     dJ = eta [ S F^T - J F G F^T - (a_i + b_j) J_ij ],      J_ii = 0,
 * F [N, R] the coefficients of the rates (fourier.h).  S, G, a and b are means over the
 * manifold of products of the rule's factors, taken from the same functions of
 * plasticity.h that the learner calls; so each row of the table that is linear, and each
 * custom one, is reduced by the same code.  Running averages stand at their stationary
 * means (with their fluctuations, to first order in their share, if that is given).
 *
 * G = 0 (Hebb, covariance, Oja, BCM): each weight on its own,
 *     J(n) = J0 (1 - eta r)^n + S F^T [1 - (1 - eta r)^n]/r,    r = a_i + b_j.
 * G > 0 (delta and its kin): with G = Gamma Gamma^T and the orthogonal modes W of F Gamma
 * (W^T W = diag(c)), row i of J is P_i W m_i (P_i: entry i becomes 0), and
 *     dm_i = eta [ s_i - m_i (diag(c) - w_i w_i^T) - a_i m_i ].
 * Without P_i each mode learns alone, with gain 1 - (1 - eta (c_k + a))^n.  With it each
 * row has the eigenproblem of a diagonal less a rank-one matrix (secular.h), exactly.
 * n counts presentations, so stability is that of the discrete recursion:
 * eta < 2/(c_max + a).  No N x N is formed.
 *
 * Of the rules that see the whole network, RLS stands after n presentations at the ridge
 * solution for lambda = decay/n (exactly so after whole sweeps of the angles), and offline at
 * that for lambda = decay whatever n is; the subspace rules are not linear.  */
#ifndef BN_AVERAGED_H
#define BN_AVERAGED_H

#include <basin/operator.h>
#include <basin/plasticity.h>

/* Presentations that are not independent: what a low-pass of a curve holds, on average,
 * while the manifold is at theta.  Harmonic k of the curve is multiplied by re[k] +
 * i im[k] (e^{ik theta} convention).  E|.|^2 of the low-pass is power[k]; swing is the mean of
 * the low-pass times the next step of theta less the mean step, 0 where it knows nothing of
 * the past.                                                                  */
struct bn_lowpass {
    size_t harmonics;                    /* those above have none: 0 */
    const double *re, *im, *power;
    const double *swing_re, *swing_im;   /* rad; NULL: 0 */
};

/* Steps of theta from one presentation to the next, rad: normal, with a correlation memory^s
 * between steps s apart.  Diffusion: sd = sqrt(2 D dt), memory 0; an Ornstein-Uhlenbeck
 * velocity: sd = dt sd(omega), memory e^{-dt/tau}; a sweep: sd 0; independent: sd INFINITY. */
struct bn_motion {
    double mean, sd, memory;
};

/* The low-pass z += share (f - z) of such a course, with f of this presentation in it or not
 * (`past`: up to the one before).  Where it is used weights must change slowly beside the
 * course.  bn_lowpass_free() it.                                             */
BN_MUST_USE bn_status bn_lowpass_make(const struct bn_motion *motion, double share, bool past,
                                      size_t harmonics, struct bn_lowpass *l);
void bn_lowpass_free(struct bn_lowpass *l);

struct bn_averaged_spec {
    const struct bn_mat *post;           /* [N, Ry]: y as a function of theta, any Ry.  The
                                            current x*, x* + tau <omega> x*', or the rate */
    const struct bn_mat *turn;           /* [N, any]: what a step of theta adds to y, per rad:
                                            (tau/dt) x*' for currents.  NULL: nothing.  It
                                            matters beside lags, which go with the velocity */
    const struct bn_mat *phi;            /* [N, R] */
    const struct bn_rule *rule;
    const struct bn_modifiers *modifiers;          /* NULL: none */
    double eta, decay;                   /* per presentation; lambda in C units */
    double y0, epsilon;                  /* as the learner takes them */
    double share_mean, share_trace;      /* dt/tau of the averages; 0: they do not waver */
    double noise_rate;
    bool self;                           /* J_ii is learned, too */
    const struct bn_operator *initial;   /* NULL: 0.  Borrowed until bn_averaged_free */
    const struct bn_lowpass *trace, *synapse;      /* NULL: trace of independent presentations;
                                                      no synaptic low-pass */
};

/* Velocity weights J' that are learned beside J at velocities as often positive as negative
 * follow the same rule for y = x*', with eta_velocity eta <(tau omega)^2> for eta and
 * decay/<(tau omega)^2> for decay: what is multiplied by J' is not multiplied by tau omega. */

typedef struct bn_averaged bn_averaged;

/* BN_USAGE with the reason if the mean is not closed: rules that are not linear in J, rates
 * of decay that vary over i and j, modifiers that act on single weights.    */
BN_MUST_USE bn_status bn_averaged_new(const struct bn_averaged_spec *spec, bn_averaged **a);
void bn_averaged_free(bn_averaged *a);

/* Fastest rate c + a of any mode of any row: 0 < eta < 2/fastest is stable. */
BN_MUST_USE bn_status bn_averaged_fastest(const bn_averaged *a, double *fastest);

/* J after n presentations (n = INFINITY: the fixed point), as operator.h takes it:
 *     keep_i J0_ij keep_j + left right - diag(diagonal).
 * Owned by the caller: bn_averaged_weights_free().  BN_NUMERIC if J has no fixed point, or
 * if it is not finite any more, with the bound on eta.                      */
struct bn_averaged_weights {
    struct bn_mat left, right;           /* [N, q], [q, N] */
    double *diagonal;                    /* [N] */
    double *keep_row, *keep_column;      /* [N] of J0 */
};
BN_MUST_USE bn_status bn_averaged_weights(const bn_averaged *a, double n,
                                          struct bn_averaged_weights *w);
void bn_averaged_weights_free(struct bn_averaged_weights *w);
/* The same as a dense matrix [N, N], J0 included. */
BN_MUST_USE bn_status bn_averaged_dense(const bn_averaged *a, double n, struct bn_mat *j);

/* Mean square over neurons of harmonic k of x* - J phi*, after each of n [count]
 * presentations: power [count, harmonics], all neurons at once and no weights formed.
 * target [N, any] are the coefficients of x*.                               */
BN_MUST_USE bn_status bn_averaged_residual(const bn_averaged *a, const struct bn_mat *target,
                                           const double *n, size_t count,
                                           struct bn_mat *power);

/* T_k = 1/(eta (C_k + decay)), presentations: C_k the mean of <p p^T> over the two functions
 * of harmonic k, N c_phi^(k) of the mean field.  times [harmonics].         */
void bn_averaged_times(const struct bn_mat *phi, double eta, double decay, double *times,
                       size_t harmonics);

#endif
