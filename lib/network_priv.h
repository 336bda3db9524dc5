/* SPDX-License-Identifier: MIT
 * What the sources of the network module share: network.c checks, cuts a run into blocks
 * and steps networks with dense weights; network_factored.c steps those with factors. */
#ifndef BN_NETWORK_PRIV_H
#define BN_NETWORK_PRIV_H

#include <basin/network.h>

struct bn_network_plan {
    const struct bn_network *net;
    struct bn_mat *x;
    size_t steps, every, tile;           /* tile: trajectories per tile */
    size_t from, to;                     /* the block: steps [from, to) */
    const struct bn_mat *omega;
    struct bn_rng rng;
    bn_network_watch *watch;
    void *context;
    struct bn_network_factored *factored;        /* NULL: dense */
};

/* tau omega of a trajectory at a step; 0 without a velocity. */
double bn_network_turn(const struct bn_network_plan *p, size_t step, size_t trajectory);

/* If `step` is one to save: x finite, and shown to watch with its rates. */
bool bn_network_saves(const struct bn_network_plan *p, size_t step);
BN_MUST_USE bn_status bn_network_save(const struct bn_network_plan *p, size_t first,
                                      size_t step, const struct bn_mat *x,
                                      const struct bn_mat *rate);

/* --- network_factored.c ----------------------------------------------------------- */
BN_MUST_USE bn_status bn_network_factored_make(struct bn_network_plan *p);
BN_MUST_USE bn_status bn_network_factored_block(struct bn_network_plan *p);
void bn_network_factored_free(struct bn_network_factored *f);          /* or NULL */

#endif
