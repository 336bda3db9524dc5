/* SPDX-License-Identifier: MIT
 * surrogate: what is left of J when its disorder is averaged or shuffled.  Floor 6.
 *
 * Neurons are taken in the order of their preferred angles; rank k stands for the
 * angle 2 pi k/N.  The profile P(d), d = 0 .. N - 1, is the mean of J_ij over pairs
 * with rank(i) - rank(j) = d (mod N): the circulant average of J.           */
#ifndef BN_SURROGATE_H
#define BN_SURROGATE_H

#include <basin/operator.h>
#include <basin/rng.h>

/* profile [N]; order[k] is the neuron of rank k.  Dense: one pass over J.  Factored:
 * cross-correlations by FFT, O(q N log N).                                  */
BN_MUST_USE bn_status bn_surrogate_profile(const struct bn_operator *op, const size_t *order,
                                           double *profile);

/* P(d) <- (P(d) + P(N - d))/2: without it the circulant network rotates slowly. */
void bn_surrogate_symmetrise(double *profile, size_t n);

/* J_ij = gain P(rank(i) - rank(j)) in the neurons' own order. */
BN_MUST_USE bn_status bn_surrogate_circulant(const double *profile, const size_t *order,
                                             double gain, struct bn_mat *j);

/* The same from the first `harmonics` harmonics of P as factors (left [N, q], right
 * [q, N], q = 2 harmonics + 1, diagonal [N] to take the self-coupling out). */
BN_MUST_USE bn_status bn_surrogate_factors(const double *profile, const size_t *order,
                                           size_t n, double gain, size_t harmonics,
                                           struct bn_mat *left, struct bn_mat *right,
                                           double *diagonal);

/* j <- circulant + shuffled (j - circulant): the same values off the diagonal in
 * random places, the diagonal stays zero.                                   */
BN_MUST_USE bn_status bn_surrogate_scramble(const double *profile, const size_t *order,
                                            struct bn_rng rng, struct bn_mat *j);

/* j <- Q j P^T with random orthogonal matrices, uniform in the sense of Haar: the singular
 * values stay.  With `one`, P = Q and the eigenvalues stay, too.  O(N^3).   */
BN_MUST_USE bn_status bn_surrogate_rotate(struct bn_rng rng, bool one, struct bn_mat *j);

/* A symmetric circulant matrix in the order of preferred angles, with the eigenvalue
 * mode[0] of the mean and mode[n] twice for harmonic n < modes (modes <= N/2), plus
 * independent Gaussian noise that brings the expected Frobenius norm to `norm`; the noise
 * alone has the eigenvalues of a disc of radius *sd sqrt N.  Its standard deviation *sd is
 * 0 if the modes exceed the norm.                                           */
void bn_surrogate_noisy(const double *mode, size_t modes, const size_t *order, double norm,
                        struct bn_rng rng, struct bn_mat *j, double *sd);

#endif
