/* SPDX-License-Identifier: MIT
 * network: rate dynamics of many trajectories at once.  Floor 6.
 *
 *   tau dx/dt = -x + J phi(x) + tau omega(t) J' phi(x) + c (r0 - mean_i phi_i) 1 + b + noise
 *
 * (Clark, Abbott & Sompolinsky 2025), by Euler steps of dt.  Noise is private and
 * white: each step adds noise sqrt(dt/tau) z, z ~ N(0,1) per neuron, which is
 * tau dx = F dt + noise dW in units of tau.  Cores share fixed tiles of trajectories, or,
 * where factored weights have very many neurons, fixed chunks of neurons with sums in a
 * fixed order: no bit depends on how many cores there are.                  */
#ifndef BN_NETWORK_H
#define BN_NETWORK_H

#include <basin/operator.h>
#include <basin/rng.h>
#include <basin/transfer.h>

struct bn_network {
    struct bn_operator weights;
    struct bn_operator velocity;         /* J'; n = 0 if there is none */
    struct bn_transfer transfer;
    double tau, dt;                      /* s */
    double inhibition, target;           /* c (current per rate), r0 (rate) */
    const double *bias;                  /* b [N], current; NULL: 0 */
    double noise;                        /* current */
};

/* Called at steps 0, every, 2 every, ... with the states of a tile: rows first ..
 * first + x->rows of all trajectories, x and rate [rows, N].  Tiles may call at the
 * same time: write only what belongs to these rows.                         */
typedef bn_status bn_network_watch(void *context, size_t first, size_t save,
                                   const struct bn_mat *x, const struct bn_mat *rate);

/* Advance x [T, N] by `steps`.  omega [steps, 1] (shared) or [steps, T], rad/s, or
 * NULL.  Trajectory t draws its noise from unit t, step k from draws k N ...
 * BN_NUMERIC if a state stops being finite, saying when.                    */
BN_MUST_USE bn_status bn_network_run(const struct bn_network *net, struct bn_mat *x,
                                     size_t steps, size_t every, const struct bn_mat *omega,
                                     struct bn_rng rng, bn_network_watch *watch,
                                     void *context);

/* Called by the caller's thread about twice a second, or after every step that takes
 * longer, but not at the last one, while all trajectories stand at `step`, which watch has
 * not seen yet: x and what watch wrote are the whole state.  How often changes no bit.  */
typedef bn_status bn_network_rest(void *context, size_t step);

/* The same from step `from` on, with x as it was then, and with rests (or NULL). */
BN_MUST_USE bn_status bn_network_resume(const struct bn_network *net, struct bn_mat *x,
                                        size_t from, size_t steps, size_t every,
                                        const struct bn_mat *omega, struct bn_rng rng,
                                        bn_network_watch *watch, bn_network_rest *rest,
                                        void *context);

#endif
