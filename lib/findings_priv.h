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

/* Does the tuning have angles?  Also where net->harmonics asks for more. */
bool bn_is_ring(const struct bn_ring_network *net);
/* Eigenvalues and singular values of J. */
void bn_eigenvalues_write(const struct bn_operator *op);
/* Harmonics 0 .. h - 1 of the tuning's covariances on the ring: closed forms where it has
 * them, the population's own where its prediction was only drawn.             */
void bn_covariance_harmonics(double *x, double *phi, double *cross, size_t h);
/* Eigenvalues of J by shells of harmonics; dimensions.                        */
void bn_findings_shells(const struct bn_ring_network *net, const struct bn_mat *phi,
                        double lambda);

/* bn_findings_flow(), _jacobians() where net->harmonics says what the manifold is. */
struct bn_gap bn_findings_surface(const struct bn_ring_network *net);
void bn_findings_surface_jacobians(const struct bn_ring_network *net, struct bn_gap near);

#endif
