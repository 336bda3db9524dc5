/* SPDX-License-Identifier: MIT
 * course: where the stimulus stands while weights change.  Floor 5.
 *
 * A presentation is an angle theta (rad) and an angular velocity omega (rad/s); one comes
 * every `dt` seconds, counted from 0.
 *
 *     iid        theta uniform on the circle, omega normal (bias, sd); all independent
 *     shuffled   sweeps over the M grid angles, each in an order of its own; omega as iid
 *     sweep      theta = start + 2 pi n/M, omega = 2 pi/(M dt): always the same way round
 *     diffusion  theta moves by dt omega, omega = bias + sqrt(2 D/dt) z: variance 2 D t
 *     ou         theta moves by dt omega, omega Ornstein-Uhlenbeck about bias: standard
 *                deviation sd, correlation time tau, exact in dt, stationary from the start
 *     recorded   a recording, its angles interpolated; when it ends it begins again
 *
 * Only ou, diffusion and recorded courses are continuous; of the others, which jump, omega
 * says what a velocity signal would have said at that moment.                 */
#ifndef BN_COURSE_H
#define BN_COURSE_H

#include <basin/rng.h>

enum bn_order { BN_ORDER_IID, BN_ORDER_SHUFFLED, BN_ORDER_SWEEP, BN_ORDER_DIFFUSION,
                BN_ORDER_OU, BN_ORDER_RECORDED };

struct bn_course {
    enum bn_order order;
    size_t angles;                       /* M (shuffled, sweep) */
    double dt;                           /* s per presentation */
    double start;                        /* rad (sweep, diffusion, ou) */
    double bias, sd, tau;                /* of omega: rad/s, rad/s, s */
    double diffusion;                    /* D, rad^2/s */
    struct bn_rng rng;
    /* recorded: `samples` equally spaced angles and velocities, every `bin` s; the first
     * presentation is `begin` s after the first sample.                       */
    const double *angle, *velocity;
    size_t samples;
    double bin, begin;
};

/* Presentations after which a recorded course begins again; 0: not one fits in. */
uint64_t bn_course_period(const struct bn_course *c);

/* Where a walk stands: all that presentation `first` needs to know of those before it. */
struct bn_course_state {
    double theta, velocity;
};
struct bn_course_state bn_course_begin(const struct bn_course *c);

/* theta [n] in [0, 2 pi) and omega [n] of presentations first .. first + n - 1.  `state` is
 * that of presentation `first`, and is carried on to first + n; a course that is cut
 * anywhere has the same bits.                                               */
BN_MUST_USE bn_status bn_course_walk(const struct bn_course *c, struct bn_course_state *state,
                                     uint64_t first, size_t n, double *theta, double *omega);

#endif
