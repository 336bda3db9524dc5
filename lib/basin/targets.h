/* SPDX-License-Identifier: MIT
 * targets: what stages downstream of `tuning` and `weights` read.  Floor 9.
 *
 * Like the readers of stage.h these end the program with a message if something is
 * missing or does not fit; all memory belongs to the frame.                 */
#ifndef BN_TARGETS_H
#define BN_TARGETS_H

#include <basin/decode.h>
#include <basin/grid.h>
#include <basin/harmonics.h>
#include <basin/operator.h>
#include <basin/stage.h>
#include <basin/transfer.h>

struct bn_targets {
    struct bn_mat x, phi;                /* [N, R] coefficients (harmonics.h).  The ring: R
                                            = M odd or M - 1, the Nyquist term is left out;
                                            elsewhere, or from a tuning that stores
                                            coefficients, as many as are above rounding */
    size_t angles;                       /* M: points of the grid */
    struct bn_manifold manifold;
    const bn_harmonics *harmonics;       /* of which x and phi are coefficients; the frame's */
    const double *preferred;             /* [N] rad; NULL where there is no angle */
    const size_t *order;                 /* [N] neurons by preferred angle, or NULL */
    struct bn_transfer transfer;         /* the network's rate function */
};
struct bn_targets bn_targets_read(const char *role);
/* The same with R = M on the ring: an even M keeps its Nyquist term, which belongs to the fit
 * on the grid although it is no function of the angle.                      */
struct bn_targets bn_targets_read_grid(const char *role);

/* The targets that weights were fitted to, where they are not those of the tuning: /current
 * [neuron, maps x point] of the weights in `role`, of the map-th map, with its rate function.
 * Nothing changes if the weights have no /current.                          */
void bn_targets_settle(struct bn_targets *t, const char *role, size_t map);

/* Ends the program unless the manifold is the ring, for what is defined by angles: `what` is
 * the subject of the sentence ("kind = circulant").                         */
void bn_targets_need_ring(const struct bn_targets *t, const char *what);

/* The derivative of coefficients x [N, R] along the coordinate of a one-dimensional manifold,
 * in place: what the velocity weights hold.                                 */
void bn_targets_differentiate(const struct bn_targets *t, struct bn_mat *x);

/* x with as many columns as phi, the new ones zero. */
struct bn_mat bn_targets_wide(const struct bn_targets *t);

/* x and phi with the columns that are above rounding in one or the other: equal shapes. */
void bn_targets_trim(const struct bn_targets *t, struct bn_mat *x, struct bn_mat *phi);

/* The network's rate function, from the attributes of its curves or coefficients. */
struct bn_transfer bn_targets_transfer(const char *role);

struct bn_recurrent {
    struct bn_operator weights, velocity;          /* velocity.n = 0 if there is none */
    const double *bias;                            /* b [N], or NULL: 0 */
};
/* /J [N, N] if there; else /left, /right and /diagonal; else /basis, /core and /diagonal
 * with the curves of the tuning that they belong to: a shared operator.  And /bias, if
 * there.                                                                    */
struct bn_recurrent bn_recurrent_read(const char *role, const struct bn_targets *t);
/* The same for readers that need left and right: shared operators become factored. */
struct bn_recurrent bn_recurrent_factored(const char *role, const struct bn_targets *t);

/* J [N, N] of weights that were read: as they stand if they are dense, else multiplied out. */
struct bn_mat bn_recurrent_dense(const struct bn_operator *op);

/* Weights of one snapshot of an artifact of stage learning; snapshot -1: the last. */
struct bn_recurrent bn_recurrent_learned(const char *role, const struct bn_targets *t,
                                         int64_t snapshot);

#endif
