/* SPDX-License-Identifier: MIT
 * doublets: which eigenvalues belong to which harmonic of the manifold.  Floor 3.
 *
 * In the mean field the eigenvectors of J are the harmonics of x*: one for the mean over
 * angles (the singlet, n = 0), two for each n >= 1.  A finite network mixes and splits
 * them, and a pair may turn complex, with equal moduli: so neither the order of the
 * eigenvalues nor their moduli say what belongs together, but their vectors do.  */
#ifndef BN_DOUBLETS_H
#define BN_DOUBLETS_H

#include <basin/mat.h>

struct bn_doublet {
    size_t count;                        /* 2, or 1 for n = 0; fewer where none was left */
    size_t index[2];                     /* among the eigenvalues given */
    double re[2], im[2];
    double overlap;                      /* root-mean-square length of the unit vectors'
                                            projections on the harmonic's plane */
};

/* Eigenvalues re, im [found] with vectors [found, N] as bn_arnoldi() gives them, and the
 * coefficients c [N, R] of the manifold (fourier.h: columns 2n - 1 and 2n are harmonic
 * n).  Each eigenvalue goes to one harmonic, none getting more than it has and the two of
 * a complex pair staying together, so that the sum of squared projections of the vectors
 * on the planes of their harmonics is largest; what lies on no plane goes nowhere.
 * out [harmonics], 2 harmonics - 1 <= R.                                     */
BN_MUST_USE bn_status bn_doublets(const double *re, const double *im,
                                  const struct bn_mat *vectors, size_t found,
                                  const struct bn_mat *c, size_t harmonics,
                                  struct bn_doublet *out);

/* The same on any manifold, where size[h] functions share the eigenvalue of shell h (the next
 * size[h] columns of c): home [found] is the shell of each eigenvalue, or `shells` for none,
 * overlap [found] the length of its unit vector's projection on the shell.     */
BN_MUST_USE bn_status bn_shells(const double *im, const struct bn_mat *vectors, size_t found,
                                const struct bn_mat *c, const size_t *size, size_t shells,
                                size_t *home, double *overlap);

/* max |e - predicted|/|predicted| over the two e of a doublet. */
double bn_doublet_deviation(const struct bn_doublet *d, double predicted);
/* |e_1 - e_2|/|e_1 + e_2|: of real doublets; a complex pair is apart by its imaginary part. */
double bn_doublet_splitting(const struct bn_doublet *d);

/* (sum mu)^2/sum mu^2 of the eigenvalues mu of a covariance: tr^2/|C|^2, no eigenvalue
 * needed.                                                                   */
double bn_participation(const struct bn_mat *covariance);

#endif
