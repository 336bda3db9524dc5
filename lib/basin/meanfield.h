/* SPDX-License-Identifier: MIT
 * meanfield: the ring of very many neurons, by its order parameters.  Floor 6.
 *
 * For N -> infinity the state of a network with offline weights (ridge.h) is told by
 * its overlap with the targets, G(theta, t) = (1/N) sum_i phi*_i(theta) phi_i(t), and by
 * what the neurons have integrated of it (Clark, Abbott & Sompolinsky 2025; derivation
 * in docs/science/meanfield.md):
 *     s = m - d mhat/dtheta
 *     H(theta) = sum_n Jhat_n s_n e^{in theta},    Q = sum_n Uhat_n |s_n|^2
 *     G(theta) = F(Q, H(theta)) = E[phi(x*(theta)) phi(x)]
 *     tau dm/dt = -m + G,    tau dmhat/dt = -mhat + tau omega G
 *     Jhat_n = Ghat^x_n/(Ghat^phi_n + guard),  Uhat_n = Ghat^x_n/(Ghat^phi_n + guard)^2
 * with sums over all integers n, and x*(theta), x Gaussian of variances Ghat^x(0) and Q
 * and covariance H.  For phi = 1 + erf(beta sqrt(pi) x/2), the only rate function here,
 *     F(Q, H) = 1 + (2/pi) arctan(beta^2 H/sqrt(A D - beta^4 H^2)),
 *     A = beta^2 Ghat^x(0) + 2/pi,   D = beta^2 Q + 2/pi.
 * Curves are values on the M grid angles; "hat" is the coefficient of e^{in theta}.
 * `guard` keeps harmonics that are below rounding out of the sums.  In the place of
 * lambda it is the ridge: then this is the theory of weights with that lambda.   */
#ifndef BN_MEANFIELD_H
#define BN_MEANFIELD_H

#include <basin/mat.h>
#include <basin/rng.h>
#include <basin/transfer.h>

struct bn_meanfield {
    struct bn_transfer transfer;
    double sigma, guard;
    double variance, gain;               /* Ghat^x(0) and alpha = E[phi'] */
    size_t angles, harmonics;            /* M; n = 0 .. h enter the sums */
    double *x, *phi;                     /* [h + 1] Ghat^x_n, Ghat^phi_n */
    double *hat, *power;                 /* [h + 1] Jhat_n, Uhat_n */
    double *current, *rate;              /* [M] G^x and G^phi at lag theta_m */
    struct bn_mat basis;                 /* [M, 2 h + 1] functions of fourier.h */
};

/* The h of a width sigma, the last harmonic with Ghat^x_n above 2^-60 of Ghat^x_0; M
 * must be at least 2 h + 1.                                                 */
size_t bn_meanfield_harmonics(double sigma);

/* Process and rate function on M angles.  BN_USAGE if sigma, guard or M is out of its
 * range, if the rate function is not erf with threshold 0, or if guard is too small for
 * this process.  bn_meanfield_free() it; empty on failure.                  */
BN_MUST_USE bn_status bn_meanfield_new(struct bn_meanfield *mf, const struct bn_transfer *t,
                                       double sigma, size_t angles, double guard);
void bn_meanfield_free(struct bn_meanfield *mf);

/* Eigenvalue alpha Ghat^x_n/(Ghat^phi_n + lambda) of J for n <= h: one for n = 0, two
 * for each n >= 1.                                                          */
double bn_meanfield_eigenvalue(const struct bn_meanfield *mf, size_t n, double lambda);

/* F and its derivatives by H and Q; slope arrays may be NULL.  h, g, by_h, by_q [M]. */
void bn_meanfield_rate(const struct bn_meanfield *mf, double q, const double *h, double *g,
                       double *by_h, double *by_q);

/* --- dynamics -------------------------------------------------------------------- */

/* G of m and mhat (NULL: zero), [M] each. */
BN_MUST_USE bn_status bn_meanfield_overlap(const struct bn_meanfield *mf, const double *m,
                                           const double *mhat, double *g);

enum bn_meanfield_method { BN_MEANFIELD_EULER, BN_MEANFIELD_RK4 };

struct bn_meanfield_clock {
    enum bn_meanfield_method method;
    double tau, dt;                      /* s */
    size_t steps, every;
};

/* Called at steps 0, every, 2 every ...: m, and G of m and mhat, [M] each. */
typedef bn_status bn_meanfield_watch(void *context, size_t save, const double *m,
                                     const double *g);

/* Advance m and mhat [M]; omega [steps] rad/s, each value held for a step, or NULL.
 * watch may be NULL.  BN_NUMERIC if a value stops being finite, saying when. */
BN_MUST_USE bn_status bn_meanfield_run(const struct bn_meanfield *mf,
                                       const struct bn_meanfield_clock *clock,
                                       const double *omega, double *m, double *mhat,
                                       bn_meanfield_watch *watch, void *context);

/* --- steady states, even in theta: s [h + 1] holds s_n -------------------------------- */

/* The bump: the solution that is G^phi for guard = 0, by Newton's method from there.
 * *found is false if it has vanished or the method does not converge.      */
BN_MUST_USE bn_status bn_meanfield_bump(const struct bn_meanfield *mf, double *s, bool *found);

/* The only steady state without angle: s_0 = *level, all others zero.  (F is concave in
 * s_0 > 0 and positive at 0, and s_0 < 0 has no solution, so there is no second.) */
void bn_meanfield_homogeneous(const struct bn_meanfield *mf, double *level);

/* G [M] of a steady state, H [M] (may be NULL) and Q. */
void bn_meanfield_state(const struct bn_meanfield *mf, const double *s, double *g, double *h,
                        double *q);

/* Eigenvalues x tau of the Jacobian of m at a steady state, largest real part first;
 * all others are -1, as are those of mhat.                                  */
struct bn_meanfield_modes {
    double *even_re, *even_im;           /* [h + 1] cosine sector */
    double *odd;                         /* [h] sine sector: real */
    double tangent;                      /* of the sine mode most like d s/dtheta */
    double gap;                          /* largest real part but the tangent's */
    double *block;                       /* owned */
};
BN_MUST_USE bn_status bn_meanfield_modes(const struct bn_meanfield *mf, const double *s,
                                         struct bn_meanfield_modes *modes);
void bn_meanfield_modes_free(struct bn_meanfield_modes *modes);

/* The same for the homogeneous state, in closed form: mode[n], n = 0 .. h, single for
 * n = 0 and double otherwise.                                               */
void bn_meanfield_homogeneous_modes(const struct bn_meanfield *mf, double level, double *mode);

/* The ridge (guard) at which the homogeneous state becomes stable.  The bump shrinks to
 * it there: below the limit there is a ring of states, above it there is none.  In
 * [1e-12, 1e3].                                                             */
BN_MUST_USE bn_status bn_meanfield_ridge_limit(const struct bn_meanfield *mf, double *limit);

/* --- finite N ------------------------------------------------------------------------ */

/* To first order in N^-1/2 the 2 x 2 block of J that belongs to doublet n is
 *     eigenvalue I + N^-1/2 (stretch + turn),
 * a random symmetric traceless and a random antisymmetric matrix.  With w the block of
 * one neuron (see the documentation), stretch2[n - 1] = E[(w11 - w22)^2 + (w12 + w21)^2]
 * and turn2[n - 1] = E[(w12 - w21)^2], so that the two eigenvalues have
 *     E[(e+ - e-)^2] = (stretch2 - turn2)/N
 * (negative squares: complex pairs).  Means over `draws` generated curves, n = 1 .. count. */
BN_MUST_USE bn_status bn_meanfield_splitting(const struct bn_meanfield *mf, double lambda,
                                             struct bn_rng rng, size_t draws, size_t count,
                                             double *stretch2, double *turn2);

/* sqrt(E|e+ - e-|^2) x sqrt N, and the share of pairs that are complex, from these. */
double bn_meanfield_split(double stretch2, double turn2);
double bn_meanfield_complex(double stretch2, double turn2);

#endif
