/* SPDX-License-Identifier: MIT
 * What the files of the module trials share.                                 */
#ifndef BN_TRIALS_PRIV_H
#define BN_TRIALS_PRIV_H

#include <basin/trials.h>

/* bn_trials_run() where net->harmonics says what the manifold is. */
void bn_trials_surface(const struct bn_ring_network *net);

#endif
