/* SPDX-License-Identifier: MIT
 * mat: dense row-major matrices of double over BLAS and LAPACK.  Floor 2;
 * mat.c alone includes cblas.h and lapacke.h.
 *
 * BLAS runs on one thread whatever the environment says, so that results do
 * not depend on the number of threads; parallelism comes from tile.h.
 * Shapes are checked: a mismatch is BN_INPUT with both shapes in the message. */
#ifndef BN_MAT_H
#define BN_MAT_H

#include <basin/err.h>

struct bn_mat {
    size_t rows, cols;
    double *data;          /* owned; element (i,j) is data[i * cols + j] */
};

/* Zero-filled.  On failure *m is empty and safe to free. */
BN_MUST_USE bn_status bn_mat_alloc(struct bn_mat *m, size_t rows, size_t cols);
/* A copy of `from`, allocated; from an empty matrix an empty one. */
BN_MUST_USE bn_status bn_mat_copy(struct bn_mat *to, const struct bn_mat *from);
void bn_mat_free(struct bn_mat *m);      /* accepts an empty matrix */

static inline double *bn_mat_at(const struct bn_mat *m, size_t i, size_t j)
{
    return m->data + i * m->cols + j;
}

static inline double *bn_mat_row(const struct bn_mat *m, size_t i)
{
    return m->data + i * m->cols;
}

enum bn_trans { BN_PLAIN, BN_TRANSPOSED };

/* c <- alpha op(a) op(b) + beta c */
BN_MUST_USE bn_status bn_gemm(double alpha, const struct bn_mat *a, enum bn_trans ta,
                              const struct bn_mat *b, enum bn_trans tb,
                              double beta, struct bn_mat *c);

/* c <- alpha a a^T (BN_PLAIN) or alpha a^T a (BN_TRANSPOSED); both triangles
 * are filled.                                                               */
BN_MUST_USE bn_status bn_gram(double alpha, const struct bn_mat *a,
                              enum bn_trans ta, struct bn_mat *c);

double bn_dot(size_t n, const double *x, const double *y);
double bn_norm(size_t n, const double *x);
double bn_mat_norm(const struct bn_mat *m);                     /* Frobenius */

/* Symmetric eigenproblem: on return row k of `a` is the unit eigenvector of
 * w[k], ascending.                                                          */
BN_MUST_USE bn_status bn_eig_symmetric(struct bn_mat *a, double *w);

/* Eigenvalues of a general matrix (destroyed): re[n], im[n], largest modulus
 * first, conjugate pairs adjacent with the positive imaginary part first.   */
BN_MUST_USE bn_status bn_eig_general(struct bn_mat *a, double *re, double *im);

/* The same with right eigenvectors, in the order that LAPACK gives: for a real
 * eigenvalue row k of v is its unit vector; for a pair (im > 0 first) rows k and
 * k + 1 are its real and imaginary part.  a is destroyed; v [n, n].         */
BN_MUST_USE bn_status bn_eig_vectors(struct bn_mat *a, double *re, double *im,
                                     struct bn_mat *v);

/* Singular values (a destroyed), descending: s[min(rows, cols)]. */
BN_MUST_USE bn_status bn_singular_values(struct bn_mat *a, double *s);

/* Orthonormal rows that span those of a, but for what is below `tolerance` times the longest:
 * the first *rank rows of a, by QR with pivots.                             */
BN_MUST_USE bn_status bn_row_basis(struct bn_mat *a, double tolerance, size_t *rank);

/* LU factors of a, in place; pivot [n].  An exactly singular a is factored with a
 * pivot of rounding size, which is what inverse iteration wants; bn_lu_solve
 * solves a x = b in place, or a^T x = b.                                    */
BN_MUST_USE bn_status bn_lu(struct bn_mat *a, int *pivot);
BN_MUST_USE bn_status bn_lu_solve(const struct bn_mat *lu, const int *pivot,
                                  enum bn_trans trans, double *x);

/* The factor of a symmetric positive definite a, in place (half of LU's work); BN_NUMERIC if a
 * is none.  bn_cholesky_solve solves a x = b in place.                      */
BN_MUST_USE bn_status bn_cholesky(struct bn_mat *a);
BN_MUST_USE bn_status bn_cholesky_solve(const struct bn_mat *factor, double *x);

#endif
