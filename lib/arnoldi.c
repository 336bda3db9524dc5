/* SPDX-License-Identifier: MIT */
#include <basin/arnoldi.h>
#include <basin/mem.h>
#include <basin/rng.h>

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wstrict-prototypes"
#include <arpack/arpack.h>
#pragma GCC diagnostic pop

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct workspace {
    int n, k, ncv, lworkl;
    double *resid, *v, *workd, *workl, *dr, *di, *z, *workev;
    int *select;
};

/* Iteration may converge to a value just beyond the k leading ones before it has found
 * them all: so many more are asked for, and the leading k of these are delivered.  */
enum { SPARE = 6, MOST_DENSE = 1200 };

struct pair {
    double re, im;
    const double *vr, *vi;               /* columns of the Ritz vectors */
};

static void release(struct workspace *w)
{
    free(w->resid);
    free(w->v);
    free(w->workd);
    free(w->workl);
    free(w->dr);
    free(w->di);
    free(w->z);
    free(w->workev);
    free(w->select);
}

static bn_status reserve(struct workspace *w, size_t n, size_t k)
{
    const size_t ncv = 2 * k + 20 < n ? 2 * k + 20 : n;

    *w = (struct workspace){ .n = (int)n, .k = (int)k, .ncv = (int)ncv,
                             .lworkl = (int)(3 * ncv * ncv + 6 * ncv) };
    w->resid = bn_alloc(n, sizeof(double));
    w->v = bn_alloc(n * ncv, sizeof(double));
    w->workd = bn_alloc(3 * n, sizeof(double));
    w->workl = bn_alloc((size_t)w->lworkl, sizeof(double));
    w->dr = bn_alloc(k + 1, sizeof(double));
    w->di = bn_alloc(k + 1, sizeof(double));
    w->z = bn_alloc(n * (k + 1), sizeof(double));
    w->workev = bn_alloc(3 * ncv, sizeof(double));
    w->select = bn_alloc(ncv, sizeof(int));
    if (w->resid != NULL && w->v != NULL && w->workd != NULL && w->workl != NULL
        && w->dr != NULL && w->di != NULL && w->z != NULL && w->workev != NULL
        && w->select != NULL)
        return BN_OK;
    release(w);
    return BN_NOMEM;
}

static bn_status iterate(struct workspace *w, const char *which, double tolerance,
                         int restarts, bn_arnoldi_apply *apply, void *context, size_t *count)
{
    int ido = 0, info = 1;               /* 1: start from resid */
    int iparam[11] = { 1, 0, restarts, 1, 0, 0, 1 }, ipntr[14] = { 0 };
    const struct bn_rng rng = { .seed = 1, .stream = bn_rng_stream("arnoldi") };

    bn_rng_normals(rng, 0, 0, w->resid, (size_t)w->n);
    for (;;) {
        dnaupd_c(&ido, "I", w->n, which, w->k, tolerance, w->resid, w->ncv, w->v, w->n,
                 iparam, ipntr, w->workd, w->workl, w->lworkl, &info);
        if (ido != 1 && ido != -1)
            break;
        BN_TRY(apply(context, w->workd + ipntr[0] - 1, w->workd + ipntr[1] - 1));
    }
    if (info != 0)
        return bn_fail(BN_NUMERIC, "Arnoldi iteration found %d of %d eigenvalues of a %d x %d "
                       "operator (info %d)", iparam[4], w->k, w->n, w->n, info);
    /* Always with vectors: without them the values come otherwise, pairs reversed. */
    dneupd_c(true, "A", w->select, w->dr, w->di, w->z, w->n, 0.0, 0.0, w->workev, "I",
             w->n, which, w->k, tolerance, w->resid, w->ncv, w->v, w->n, iparam, ipntr,
             w->workd, w->workl, w->lworkl, &info);
    /* k, or k + 1 where k would have cut a pair; they come in no order. */
    *count = (size_t)iparam[4];
    return info == 0 ? BN_OK : bn_fail(BN_NUMERIC, "Arnoldi eigenvectors failed (info %d)",
                                       info);
}

static int by_real(const void *x, const void *y)
{
    const struct pair *a = x, *b = y;
    if (a->re != b->re)
        return a->re > b->re ? -1 : 1;
    if (fabs(a->im) != fabs(b->im))
        return fabs(a->im) > fabs(b->im) ? -1 : 1;
    if (a->vr != b->vr)                  /* equal pairs must not mix */
        return a->vr < b->vr ? -1 : 1;
    return a->im > b->im ? -1 : a->im < b->im;
}

static int by_modulus(const void *x, const void *y)
{
    const struct pair *a = x, *b = y;
    const double ma = hypot(a->re, a->im), mb = hypot(b->re, b->im);
    return ma != mb ? (ma > mb ? -1 : 1) : by_real(x, y);
}

/* The k wanted of `count`, and one more where k would cut a pair. */
static bn_status deliver(struct pair *p, size_t count, size_t n, size_t k,
                         enum bn_arnoldi_which which, double *re, double *im,
                         size_t *found, struct bn_mat *vectors)
{
    qsort(p, count, sizeof *p, which == BN_LARGEST_REAL ? by_real : by_modulus);
    if (count > k)
        count = p[k - 1].im > 0.0 ? k + 1 : k;
    *found = count;
    for (size_t i = 0; i < count; i++) {
        re[i] = p[i].re;
        im[i] = p[i].im;
    }
    if (vectors == NULL)
        return BN_OK;
    BN_TRY(bn_mat_alloc(vectors, count, n));
    for (size_t i = 0; i < count; i++) {
        const double *from = p[i].im < 0.0 ? p[i].vi : p[i].vr;
        memcpy(bn_mat_row(vectors, i), from, n * sizeof *from);
    }
    return BN_OK;
}

static bn_status sparse(size_t n, size_t k, enum bn_arnoldi_which which, double tolerance,
                        bn_arnoldi_apply *apply, void *context, double *re, double *im,
                        size_t *found, struct bn_mat *vectors)
{
    const char *leading = which == BN_LARGEST_REAL ? "LR" : "LM";
    size_t asked = k + SPARE, count = 0;
    struct workspace w;

    BN_TRY(reserve(&w, n, asked));
    bn_status rc = iterate(&w, leading, tolerance, 300, apply, context, &count);
    if (rc == BN_NUMERIC) {
        /* The spare ones do not converge where one value fills the rest of the spectrum, as
         * the -1 of a Jacobian with few other modes does.                   */
        release(&w);
        asked = k;
        BN_TRY(reserve(&w, n, asked));
        rc = iterate(&w, leading, tolerance, 3000, apply, context, &count);
    }
    struct pair *p = rc == BN_OK ? bn_alloc(asked + 1, sizeof *p) : NULL;
    if (rc == BN_OK && p == NULL)
        rc = BN_NOMEM;
    for (size_t i = 0; rc == BN_OK && i < count; i++) {
        const bool second = w.di[i] < 0.0 && i > 0;
        const double *at = w.z + (second ? i - 1 : i) * n;
        p[i] = (struct pair){ w.dr[i], w.di[i], at, at + n };
    }
    if (rc == BN_OK)
        rc = deliver(p, count, n, k, which, re, im, found, vectors);
    free(p);
    release(&w);
    return rc;
}

static bn_status dense(size_t n, size_t k, enum bn_arnoldi_which which,
                       bn_arnoldi_apply *apply, void *context, double *re, double *im,
                       size_t *found, struct bn_mat *vectors)
{
    struct bn_mat a, v;
    double *x = bn_alloc(4 * n, sizeof *x);
    struct pair *p = bn_alloc(n, sizeof *p);

    bn_status rc = x == NULL || p == NULL ? BN_NOMEM : bn_mat_alloc(&a, n, n);
    if (rc != BN_OK) {
        free(p);
        free(x);
        return rc;
    }
    rc = bn_mat_alloc(&v, n, n);
    for (size_t j = 0; rc == BN_OK && j < n; j++) {
        memset(x, 0, n * sizeof *x);
        x[j] = 1.0;
        rc = apply(context, x, x + n);
        for (size_t i = 0; i < n; i++)
            *bn_mat_at(&a, i, j) = x[n + i];
    }
    if (rc == BN_OK)
        rc = bn_eig_vectors(&a, x + 2 * n, x + 3 * n, &v);
    for (size_t i = 0; rc == BN_OK && i < n; i++) {
        const double e = x[3 * n + i];
        const double *at = bn_mat_row(&v, e < 0.0 ? i - 1 : i);
        p[i] = (struct pair){ x[2 * n + i], e, at, at + n };
    }
    if (rc == BN_OK)
        rc = deliver(p, n, n, k, which, re, im, found, vectors);
    bn_mat_free(&v);
    bn_mat_free(&a);
    free(p);
    free(x);
    return rc;
}

bn_status bn_arnoldi(size_t n, size_t k, enum bn_arnoldi_which which, double tolerance,
                     bn_arnoldi_apply *apply, void *context, double *re, double *im,
                     size_t *found, struct bn_mat *vectors)
{
    *found = 0;
    if (vectors != NULL)
        *vectors = (struct bn_mat){ 0 };
    if (k == 0 || n == 0)
        return bn_fail(BN_INPUT, "%zu eigenvalues of a %zu x %zu operator", k, n, n);
    if (n < 3 * k + 40)
        return dense(n, k, which, apply, context, re, im, found, vectors);
    const bn_status rc = sparse(n, k, which, tolerance, apply, context, re, im, found, vectors);
    /* As where one value fills the spectrum from before the k-th on: weights of low rank less
     * a constant diagonal.                                                  */
    if (rc == BN_NUMERIC && n <= MOST_DENSE)
        return dense(n, k, which, apply, context, re, im, found, vectors);
    return rc;
}
