/* SPDX-License-Identifier: MIT
 * What the files of the module findings share.                               */
#ifndef BN_FINDINGS_PRIV_H
#define BN_FINDINGS_PRIV_H

#include <basin/findings.h>

double bn_mean_of(const double *x, size_t n, size_t every);
double bn_mean_square_of(const double *x, size_t n, size_t every);
/* Over all angles or points, and over every second one. */
struct bn_gap bn_gap_of(const double *transverse, size_t n);
/* Writes the gap; see findings.h. */
void bn_gap_write(struct bn_gap few, struct bn_gap near);

/* bn_findings_flow(), _jacobians() where net->harmonics says what the manifold is. */
struct bn_gap bn_findings_surface(const struct bn_ring_network *net);
void bn_findings_surface_jacobians(const struct bn_ring_network *net, struct bn_gap near);

#endif
