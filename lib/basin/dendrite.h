/* SPDX-License-Identifier: MIT
 * dendrite: a ring of two-compartment neurons that learns to predict what it sees, and
 * so to turn in the dark (Vafidis, Owald, D'Albis & Kempter, eLife 2022).  Floor 5.
 *
 * n HD cells, two for each of n/2 directions, and n HR cells.  HD cell i drives HR cell i
 * alone; even cells are of the wing that a positive velocity excites, odd ones of the
 * other.  W [n, 2n] goes from all HR and all HD cells, in this order, to the dendrites:
 *   tau_s dI/dt = -I + W f + I_inh            tau_l dV/dt = -V + I
 *   du/dt = -g_L u + g_D (V - u) + r          f_HD = F(u),  F(u) = f_max/(1 + e^-b(u - x0))
 *   r = M exp(-sin^2((theta_i - theta)/2)/2 s^2) - 1 in the light, 0 in the dark
 *   tau_r dh/dt = -h + f_HD                   f_HR = F(w h +- k v + I_HR)
 * and learns by the error of the dendrite's prediction of its soma:
 *   tau_s dq/dt = -q + f,  tau_l dp/dt = -p + q     (postsynaptic potential p)
 *   tau_d dD/dt = -D + (f_HD - F(g_D V/(g_D + g_L))) p^T,   dW/dt = eta D
 * by Euler steps of dt in the order I, V, q, p, h, f_HR, u, f_HD, D, W; each takes what
 * stands before it as new.  Noise, of its own for u, I and the HR cells, is drawn at every
 * step and added to r, I_inh and I_HR: its effect on u and I is that of noise^2 dt.
 *
 * Units as in the source: ms, 1/ms = kHz, currents in those of u; velocity in deg/s.
 * The source's own +4 that is added to the soma and taken from r is left out.   */
#ifndef BN_DENDRITE_H
#define BN_DENDRITE_H

#include <basin/mat.h>
#include <basin/rng.h>

struct bn_dendrite {
    double neurons;                      /* n, even */
    double dt;                           /* ms */
    double tau_s, tau_l, tau_d, tau_r;   /* ms */
    double g_dendrite, g_leak;           /* 1/ms */
    double rate_max, slope, half;        /* f_max kHz, b, x0 */
    double inhibition, inhibition_hr;    /* I_inh, I_HR */
    double hr_weight;                    /* w f_max, current */
    double hr_velocity;                  /* k, current per deg/s */
    double cue, cue_width;               /* M, s */
    double noise;
    double eta;                          /* 1/kHz^2 */
};

/* The constants by name, for parameters and attributes: value = number x scale, where
 * numbers are in SI units, Hz and deg/s (eta, too: ms and kHz as it is).     */
struct bn_dendrite_constant {
    const char *name;
    size_t offset;
    double scale;
};
const struct bn_dendrite_constant *bn_dendrite_constants(size_t *count);
double *bn_dendrite_value(struct bn_dendrite *d, const struct bn_dendrite_constant *c);

/* BN_USAGE: n odd or below 4; dt too long for a time constant or for the soma, whose
 * Euler steps grow from dt = 2/(g_D + g_L) on.                               */
BN_MUST_USE bn_status bn_dendrite_check(const struct bn_dendrite *d);
size_t bn_dendrite_neurons(const struct bn_dendrite *d);
/* theta_i = 2 pi floor(i/2)/(n/2) */
void bn_dendrite_preferred(const struct bn_dendrite *d, double *theta);
/* F(u) */
void bn_dendrite_rate(const struct bn_dendrite *d, size_t count, const double *u, double *f);

/* What a network is given at a step. */
struct bn_dendrite_input {
    double heading;                      /* rad: where the cue is, in the light */
    double velocity;                     /* deg/s */
    bool light;
};

/* T networks with the same weights: rows are trials. */
struct bn_dendrite_state {
    struct bn_mat rate;                  /* [T, 2n] kHz: HR cells, HD cells */
    struct bn_mat current, dendrite, soma, seen;         /* [T, n]: I, V, u, h */
};
/* Silence: no potentials, rates F(0). */
BN_MUST_USE bn_status bn_dendrite_start(struct bn_dendrite_state *s,
                                        const struct bn_dendrite *d, size_t trials);
void bn_dendrite_free(struct bn_dendrite_state *s);

/* --- weights that do not learn, many trials ---------------------------------------- */

struct bn_dendrite_trials {
    const struct bn_dendrite *network;
    const struct bn_mat *weights;        /* [n, 2n] */
    struct bn_rng rng;                   /* trial t draws from unit t, step k from 3 n k */
    size_t every;                        /* steps between saves */
    /* What trial t gets at step k. */
    void (*course)(void *context, size_t t, size_t k, struct bn_dendrite_input *in);
    /* HD rates of trials first .. first + rate->rows - 1, kHz.  Tiles call at the same
     * time.                                                                  */
    bn_status (*watch)(void *context, size_t first, size_t save, const struct bn_mat *rate);
    void *context;
};
/* Steps from .. to - 1; the watch sees the state before step k where k = save x every,
 * and at k = to, too.  BN_NUMERIC where a rate is not finite.                */
BN_MUST_USE bn_status bn_dendrite_run(const struct bn_dendrite_trials *r,
                                      struct bn_dendrite_state *s, size_t from, size_t to);

/* --- weights that learn, one network ------------------------------------------------ */

struct bn_dendrite_memory {
    size_t neurons, sources, values;     /* n, 2n, numbers in weight and in trace */
    double *weight, *trace;              /* W and D, columns in tiles of 32 neurons */
    double *received, *potential;        /* [2n] kHz: q, p */
};
BN_MUST_USE bn_status bn_dendrite_memory(struct bn_dendrite_memory *m,
                                         const struct bn_dendrite *d,
                                         const struct bn_mat *weights);
void bn_dendrite_forget(struct bn_dendrite_memory *m);
void bn_dendrite_weights(const struct bn_dendrite_memory *m, struct bn_mat *weights);

/* `steps` steps of one trial, the first of which is step `from` of all (noise is drawn from
 * unit 0, 3 n per step).  *error grows by the sum over steps and neurons of
 * |f - F(g_D V/(g_D + g_L))|, kHz.  BN_NUMERIC if that stops being finite.   */
BN_MUST_USE bn_status bn_dendrite_learn(const struct bn_dendrite *d,
                                        struct bn_dendrite_memory *m,
                                        struct bn_dendrite_state *s, uint64_t from,
                                        size_t steps, const struct bn_dendrite_input *in,
                                        struct bn_rng rng, double *error);

#endif
