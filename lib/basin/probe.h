/* SPDX-License-Identifier: MIT
 * probe: what a simulation says about an attractor, for comparison with what linear
 * theory says (diagnose.h).  Floor 8.
 *
 * The network of diagnose.h runs by Euler steps (network.h) in units of tau: times in tau,
 * speeds in rad/tau.  The angle of a state is the nearest point of the manifold,
 * argmin |x - x*(theta)|.                                                    */
#ifndef BN_PROBE_H
#define BN_PROBE_H

#include <basin/diagnose.h>
#include <basin/rng.h>

/* Called now and then with the share of the running simulation that is done. */
typedef void bn_probe_progress(void *context, double done);

struct bn_probe_setup {
    struct bn_ring_network net;
    struct bn_operator velocity;         /* J', n = 0 if there is none */
    double dt;                           /* Euler step, tau */
    bn_probe_progress *progress;         /* may be NULL */
    void *context;
};

typedef struct bn_probe bn_probe;
BN_MUST_USE bn_status bn_probe_new(bn_probe **p, const struct bn_probe_setup *setup);
void bn_probe_free(bn_probe *p);         /* accepts NULL */

/* x*(theta): x [count, N], allocated; the caller frees it. */
BN_MUST_USE bn_status bn_probe_states(const bn_probe *p, const double *theta, size_t count,
                                      struct bn_mat *x);
/* Nearest angle of each state, and its root-mean-square distance per neuron (may be
 * NULL).                                                                     */
BN_MUST_USE bn_status bn_probe_decode(const bn_probe *p, const struct bn_mat *x, double *angle,
                                      double *distance);
/* Let states [T, N] run for `time`, with angular velocity omega in rad/tau (0: none). */
BN_MUST_USE bn_status bn_probe_relax(const bn_probe *p, struct bn_mat *x, double time,
                                     double omega);

/* Drift: from x*(theta) relax for `relax`, decode, decode again `window` later; the
 * speed between, and the angle half-way.  With omega the same under that input.  */
BN_MUST_USE bn_status bn_probe_drift(const bn_probe *p, const double *theta, size_t count,
                                     double relax, double window, double omega, double *angle,
                                     double *drift);

/* Memory: |angle(T) - theta| at ascending times from states that began at x*(theta): mean
 * and largest over the angles.  x [count, N] holds x*(theta) and is run on to the last
 * time, angle [count] is decoded there.                                      */
struct bn_memory {
    double time, mean, largest;          /* tau, rad, rad */
};
BN_MUST_USE bn_status bn_probe_memory(const bn_probe *p, const double *theta, struct bn_mat *x,
                                      struct bn_memory *memory, size_t times, double *angle);

/* The two leading Lyapunov exponents along the flow from each x*(theta) (Benettin et
 * al. 1980): one small difference that starts along the ring, one drawn at random and
 * kept orthogonal to it, both shortened again `rounds` times every `length`.  On an
 * attractor the first is the rate along the ring, about 0, the second the slowest decay
 * off it: the gap.  Averages over the second half of the rounds, as eigenvalues of the
 * continuous flow (real ones are exact for any dt).  x [count, N] gets the states there. */
BN_MUST_USE bn_status bn_probe_exponents(const bn_probe *p, const double *theta, size_t count,
                                         size_t rounds, double length, struct bn_rng rng,
                                         struct bn_mat *x, double *first, double *second);

/* Diffusion: `runs` runs from each relaxed angle with private white noise,
 *     tau dx = F dt + sigma dW.
 * With V(t) the variance of the angle about the mean of its own start (so that drift does
 * not count), pooled over starts, D = (V(T) - V(T/4))/(2 (3T/4)): transverse noise adds a
 * constant to V, which V/2T contains.  Standard errors for Gaussian angles whose spread
 * may differ from start to start.                                            */
struct bn_spread {
    double diffusion, error;             /* rad^2/tau */
    double naive, naive_error;           /* V(T)/2T */
    double drift;                        /* rms over starts of the mean, rad/tau */
};
BN_MUST_USE bn_status bn_probe_diffusion(const bn_probe *p, const double *theta, size_t count,
                                         size_t runs, double sigma, double relax, double time,
                                         struct bn_rng rng, struct bn_spread *spread);

/* What linear response says that measurement must give, per sigma^2: V is the sum over the
 * steps of dt |w|^2, where w goes back from the gradient of the decoded angle at the end by
 * w <- (1 + dt A^T) w, A along the undisturbed trajectory.  It comes to the D of the left
 * mode only where the time is far above 1/|gap| and far below the one that the drift takes
 * from one fixed point to the next.                                          */
BN_MUST_USE bn_status bn_probe_response(const bn_probe *p, const double *theta, size_t count,
                                        double relax, double time, struct bn_spread *spread);

/* Path integration: mean speed under each constant velocity after `settle`, over whole
 * turns if there is one in `time`; `count` runs from x*(theta).               */
BN_MUST_USE bn_status bn_probe_integrate(const bn_probe *p, double theta,
                                         const double *velocity, size_t count, double settle,
                                         double time, double *speed);

/* The velocity of the sign of `toward` at which the bump comes loose: where the slowest
 * simulated drift under that input passes through zero, by secant steps; *error is the
 * last one.  0 if nothing holds it.                                          */
BN_MUST_USE bn_status bn_probe_pinning(const bn_probe *p, size_t angles, double toward,
                                       double relax, double window, double *velocity,
                                       double *error);

/* The smallest |velocity| above the one of the largest speed/velocity where that ratio is
 * below 90 % of its largest; *found = false if there is none.               */
double bn_probe_saturation(const double *velocity, const double *speed, size_t count,
                           bool *found);

/* Far starts: x*(theta_k) + sd_k z, run for `time`; their ends x [count, N], angles, and
 * distances from the manifold per neuron.                                    */
BN_MUST_USE bn_status bn_probe_far(const bn_probe *p, const double *theta, const double *sd,
                                   size_t count, double time, struct bn_rng rng,
                                   struct bn_mat *x, double *angle, double *distance);

#endif
