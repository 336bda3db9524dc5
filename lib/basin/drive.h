/* SPDX-License-Identifier: MIT
 * drive: the angular velocity that a network is given.  Floor 8.
 *
 * Reads the parameters velocity, speed, ou_sd, ou_tau and recorded_start of the running
 * stage (only those that the kind needs), and role `recording` where it is recorded.
 * Ends the program with a message where something is missing.               */
#ifndef BN_DRIVE_H
#define BN_DRIVE_H

#include <basin/stage.h>

struct bn_drive {
    struct bn_mat omega;                 /* [steps, 1] rad/s; rows = 0: none */
    double *turned;                      /* [steps + 1] rad: integral of omega dt */
    double start;                        /* rad: where the recorded animal looks; else 0 */
    bool recorded;
    double begin, dt;                    /* s into the recording, Euler step */
};
struct bn_drive bn_drive_read(size_t steps, double dt);

/* Overlap (1/n) sum_i phi_i(theta) c_i(t) of recorded counts with the unit-mean curves of
 * the same cells, counts divided by their mean: [saves, angles], at the time of each
 * saved step (every `every`).                                               */
struct bn_mat bn_drive_recorded_overlap(const struct bn_drive *drive, size_t saves,
                                        size_t every, size_t angles);

#endif
