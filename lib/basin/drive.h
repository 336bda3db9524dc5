/* SPDX-License-Identifier: MIT
 * drive: the angular velocity that a network is given.  Floor 8.
 *
 * Reads the parameters velocity, speed, ou_sd, ou_tau and recorded_start of the running
 * stage (only those that the kind needs), and role `recording` where it is recorded.
 * Ends the program with a message where something is missing.               */
#ifndef BN_DRIVE_H
#define BN_DRIVE_H

#include <basin/course.h>
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

/* How presentations go round a ring of M angles, from the parameters below and, if order is
 * recorded, the role recording.  Velocities are drawn where the order moves by them or
 * `velocity` asks for them; else parameters of the velocity are not read.     */
struct bn_course bn_drive_course(size_t angles, bool velocity);

#define BN_COURSE_PARAMS                                                              \
    BN_CHOICE("order", "iid", "iid shuffled sweep diffusion ou recorded",                 \
              "how the angle moves: uniform draws, sweeps of the grid in random order or "   \
              "round and round, or continuous courses"),                              \
    BN_REAL("interval", "s", "0.005", 1e-6, 1e3, "time between presentations"),            \
    BN_REAL("velocity_sd", "rad/s", "3.92699081698724", 0, 1e3,                         \
            "standard deviation of the angular velocity (225 degrees/s)"),             \
    BN_REAL("velocity_tau", "s", "0.5", 1e-6, 1e6, "its correlation time (order = ou)"),     \
    BN_REAL("velocity_bias", "rad/s", "0", -1e3, 1e3, "its mean"),                       \
    BN_REAL("diffusion", "rad2/s", "1", 0, 1e6,                                        \
            "D of order = diffusion: the angle spreads by 2 D t"),                     \
    BN_REAL("recorded_start", "s", "0", 0, 1e6, "where in the recording to begin")

#endif
