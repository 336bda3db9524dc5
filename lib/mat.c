/* SPDX-License-Identifier: MIT */
#include <basin/mat.h>
#include <basin/mem.h>

#include <cblas.h>
#include <lapacke.h>
#include <float.h>
#include <limits.h>
#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

/* OpenBLAS gives other bits with other thread counts, so it gets one thread. */
static void pin(void)
{
    openblas_set_num_threads(1);
}

static void one_thread(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, pin);
}

bn_status bn_mat_alloc(struct bn_mat *m, size_t rows, size_t cols)
{
    *m = (struct bn_mat){ 0 };
    if (cols != 0 && rows > SIZE_MAX / cols)
        return bn_fail(BN_NOMEM, "a matrix of %zu x %zu does not fit in memory", rows, cols);
    double *data = bn_alloc(rows * cols, sizeof *data);
    if (data == NULL)
        return BN_NOMEM;
    *m = (struct bn_mat){ .rows = rows, .cols = cols, .data = data };
    return BN_OK;
}

bn_status bn_mat_copy(struct bn_mat *to, const struct bn_mat *from)
{
    BN_TRY(bn_mat_alloc(to, from->rows, from->cols));
    if (from->rows * from->cols > 0)
        memcpy(to->data, from->data, from->rows * from->cols * sizeof(double));
    return BN_OK;
}

void bn_mat_free(struct bn_mat *m)
{
    free(m->data);
    *m = (struct bn_mat){ 0 };
}

static bool fits(size_t n)
{
    return n <= INT_MAX;
}

static int leading(const struct bn_mat *m)
{
    return m->cols > 0 ? (int)m->cols : 1;
}

bn_status bn_gemm(double alpha, const struct bn_mat *a, enum bn_trans ta,
                  const struct bn_mat *b, enum bn_trans tb, double beta, struct bn_mat *c)
{
    const size_t m = ta == BN_PLAIN ? a->rows : a->cols;
    const size_t k = ta == BN_PLAIN ? a->cols : a->rows;
    const size_t k2 = tb == BN_PLAIN ? b->rows : b->cols;
    const size_t n = tb == BN_PLAIN ? b->cols : b->rows;

    if (k != k2 || c->rows != m || c->cols != n || !fits(m) || !fits(n) || !fits(k))
        return bn_fail(BN_INPUT, "product of %zu x %zu and %zu x %zu into %zu x %zu", m, k,
                       k2, n, c->rows, c->cols);
    one_thread();
    if (m > 0 && n > 0)
        cblas_dgemm(CblasRowMajor, ta == BN_PLAIN ? CblasNoTrans : CblasTrans,
                    tb == BN_PLAIN ? CblasNoTrans : CblasTrans, (int)m, (int)n, (int)k,
                    alpha, a->data, leading(a), b->data, leading(b), beta, c->data,
                    leading(c));
    return BN_OK;
}

bn_status bn_gram(double alpha, const struct bn_mat *a, enum bn_trans ta, struct bn_mat *c)
{
    const size_t n = ta == BN_PLAIN ? a->rows : a->cols;
    const size_t k = ta == BN_PLAIN ? a->cols : a->rows;

    if (c->rows != n || c->cols != n || !fits(n) || !fits(k))
        return bn_fail(BN_INPUT, "Gram matrix of %zu x %zu into %zu x %zu", a->rows, a->cols,
                       c->rows, c->cols);
    one_thread();
    if (n == 0)
        return BN_OK;
    cblas_dsyrk(CblasRowMajor, CblasUpper, ta == BN_PLAIN ? CblasNoTrans : CblasTrans,
                (int)n, (int)k, alpha, a->data, leading(a), 0.0, c->data, (int)n);
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < i; j++)
            c->data[i * n + j] = c->data[j * n + i];
    return BN_OK;
}

double bn_dot(size_t n, const double *x, const double *y)
{
    one_thread();
    return cblas_ddot((int)n, x, 1, y, 1);
}

double bn_norm(size_t n, const double *x)
{
    one_thread();
    return cblas_dnrm2((int)n, x, 1);
}

double bn_mat_norm(const struct bn_mat *m)
{
    double s = 0.0;                      /* by rows: n may exceed an int */
    for (size_t i = 0; i < m->rows; i++)
        s = hypot(s, bn_norm(m->cols, m->data + i * m->cols));
    return s;
}

static bn_status square(const struct bn_mat *a, const char *what)
{
    if (a->rows != a->cols || !fits(a->rows))
        return bn_fail(BN_INPUT, "%s needs a square matrix, got %zu x %zu", what, a->rows,
                       a->cols);
    one_thread();
    return BN_OK;
}

static bn_status lapack(lapack_int info, const char *what)
{
    if (info == LAPACK_WORK_MEMORY_ERROR || info == LAPACK_TRANSPOSE_MEMORY_ERROR)
        return bn_fail(BN_NOMEM, "%s: out of memory", what);
    if (info < 0)
        return bn_fail(BN_NUMERIC, "%s: a number is NaN", what);
    if (info > 0)
        return bn_fail(BN_NUMERIC, "%s did not converge (info %d)", what, (int)info);
    return BN_OK;
}

bn_status bn_eig_symmetric(struct bn_mat *a, double *w)
{
    BN_TRY(square(a, "a symmetric eigenproblem"));
    /* Column-major eigenvectors in columns are rows to a row-major reader. */
    return lapack(LAPACKE_dsyevd(LAPACK_COL_MAJOR, 'V', 'U', (int)a->rows, a->data,
                                 leading(a), w), "symmetric eigenproblem");
}

struct eigenvalue {
    double re, im;
    size_t pair;                         /* index of its first member */
};

/* Largest modulus first; a pair stays together, +imaginary first. */
static int by_modulus(const void *x, const void *y)
{
    const struct eigenvalue *a = x, *b = y;
    const double ma = hypot(a->re, a->im), mb = hypot(b->re, b->im);
    if (ma != mb)
        return ma > mb ? -1 : 1;
    if (a->re != b->re)
        return a->re > b->re ? -1 : 1;
    if (a->pair != b->pair)              /* equal pairs must not mix */
        return a->pair < b->pair ? -1 : 1;
    return a->im > b->im ? -1 : a->im < b->im;
}

bn_status bn_eig_general(struct bn_mat *a, double *re, double *im)
{
    const size_t n = a->rows;

    BN_TRY(square(a, "an eigenproblem"));
    /* The eigenvalues of the transpose are the same, so no transposition. */
    BN_TRY(lapack(LAPACKE_dgeev(LAPACK_COL_MAJOR, 'N', 'N', (int)n, a->data, leading(a), re, im,
                                NULL, 1, NULL, 1), "eigenproblem"));
    struct eigenvalue *e = bn_alloc(n, sizeof *e);
    if (e == NULL)
        return BN_NOMEM;
    for (size_t i = 0; i < n; i++)
        e[i] = (struct eigenvalue){ re[i], im[i], im[i] < 0.0 ? i - 1 : i };
    qsort(e, n, sizeof *e, by_modulus);
    for (size_t i = 0; i < n; i++) {
        re[i] = e[i].re;
        im[i] = e[i].im;
    }
    free(e);
    return BN_OK;
}

bn_status bn_eig_vectors(struct bn_mat *a, double *re, double *im, struct bn_mat *v)
{
    const size_t n = a->rows;

    BN_TRY(square(a, "an eigenproblem"));
    if (v->rows != n || v->cols != n)
        return bn_fail(BN_INPUT, "eigenvectors of %zu x %zu into %zu x %zu", n, n, v->rows,
                       v->cols);
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < i; k++) {
            const double t = a->data[i * n + k];
            a->data[i * n + k] = a->data[k * n + i];
            a->data[k * n + i] = t;
        }
    return lapack(LAPACKE_dgeev(LAPACK_COL_MAJOR, 'N', 'V', (int)n, a->data, leading(a), re, im,
                                NULL, 1, v->data, leading(v)), "eigenproblem");
}

bn_status bn_singular_values(struct bn_mat *a, double *s)
{
    if (!fits(a->rows) || !fits(a->cols))
        return bn_fail(BN_INPUT, "singular values of %zu x %zu", a->rows, a->cols);
    one_thread();
    return lapack(LAPACKE_dgesdd(LAPACK_COL_MAJOR, 'N', (int)a->cols, (int)a->rows, a->data,
                                 leading(a), s, NULL, 1, NULL, 1), "singular values");
}

bn_status bn_row_basis(struct bn_mat *a, double tolerance, size_t *rank)
{
    const size_t most = a->rows < a->cols ? a->rows : a->cols, ld = a->cols;

    *rank = 0;
    if (!fits(a->rows) || !fits(a->cols) || most == 0)
        return bn_fail(BN_INPUT, "a basis of %zu rows of %zu", a->rows, a->cols);
    lapack_int *pivot = bn_alloc(a->rows, sizeof *pivot);
    double *tau = bn_alloc(most, sizeof *tau);
    one_thread();
    /* LAPACK sees columns where the rows are. */
    bn_status rc = pivot == NULL || tau == NULL ? BN_NOMEM
        : lapack(LAPACKE_dgeqp3(LAPACK_COL_MAJOR, (int)a->cols, (int)a->rows, a->data, leading(a),
                                pivot, tau), "a basis");
    while (rc == BN_OK && *rank < most
           && fabs(a->data[*rank * ld + *rank]) > tolerance * fabs(a->data[0]))
        ++*rank;
    if (rc == BN_OK && *rank > 0)
        rc = lapack(LAPACKE_dorgqr(LAPACK_COL_MAJOR, (int)a->cols, (int)*rank, (int)*rank, a->data,
                                   leading(a), tau), "a basis");
    free(pivot);
    free(tau);
    return rc;
}

bn_status bn_lu(struct bn_mat *a, int *pivot)
{
    const size_t n = a->rows;

    BN_TRY(square(a, "a linear system"));
    const double scale = LAPACKE_dlange(LAPACK_COL_MAJOR, '1', (int)n, (int)n, a->data, leading(a));
    const lapack_int info = LAPACKE_dgetrf(LAPACK_COL_MAJOR, (int)n, (int)n, a->data, leading(a),
                                           pivot);
    if (info < 0)
        return lapack(info, "LU factors");
    for (size_t i = 0; i < n; i++)
        if (a->data[i * n + i] == 0.0)
            a->data[i * n + i] = (scale > 0.0 ? scale : 1.0) * DBL_EPSILON;
    return BN_OK;
}

/* LAPACK sees the transpose of a row-major matrix.  Only x is looked through for NaN: the
 * factors were when they were made, and reading them costs as much as solving.   */
bn_status bn_lu_solve(const struct bn_mat *lu, const int *pivot, enum bn_trans trans, double *x)
{
    const int n = (int)lu->rows;

    for (size_t i = 0; i < lu->rows; i++)
        if (isnan(x[i]))
            return bn_fail(BN_NUMERIC, "linear system: a number is NaN");
    return lapack(LAPACKE_dgetrs_work(LAPACK_COL_MAJOR, trans == BN_PLAIN ? 'T' : 'N', n, 1,
                                      lu->data, leading(lu), pivot, x, leading(lu)),
                  "linear system");
}

bn_status bn_cholesky(struct bn_mat *a)
{
    BN_TRY(square(a, "a positive definite matrix"));
    const lapack_int info = LAPACKE_dpotrf_work(LAPACK_COL_MAJOR, 'L', (int)a->rows, a->data,
                                                leading(a));
    if (info > 0)
        return bn_fail(BN_NUMERIC, "a matrix of %zu x %zu is not positive definite (row %d)",
                       a->rows, a->cols, (int)info - 1);
    return lapack(info, "Cholesky factor");
}

bn_status bn_cholesky_solve(const struct bn_mat *factor, double *x)
{
    return lapack(LAPACKE_dpotrs_work(LAPACK_COL_MAJOR, 'L', (int)factor->rows, 1,
                                      factor->data, leading(factor), x, leading(factor)),
                  "linear system");
}
