/* SPDX-License-Identifier: MIT */
#include <basin/linear.h>
#include <basin/mem.h>
#include <basin/rng.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

static double *h_of(const struct bn_krylov *k, size_t t)
{
    return k->h + t * (k->most + k->width) * k->most;
}

void bn_krylov_free(struct bn_krylov *k)
{
    for (size_t i = 0; i < k->most + k->width; i++)
        bn_mat_free(&k->v[i]);
    free(k->h);
    free(k->closed);
    free(k->done);
    *k = (struct bn_krylov){ 0 };
}

/* Takes off x what lies in the first `size` vectors, twice, adding it to the column `h`;
 * |x| then.                                                                 */
static double orthogonalise(const struct bn_krylov *k, size_t t, size_t size, double *x,
                            double *h)
{
    for (int pass = 0; pass < 2; pass++)
        for (size_t j = 0; j < size; j++) {
            const double *v = bn_mat_row(&k->v[j], t), p = bn_dot(k->n, v, x);
            h[j * k->most] += p;
            for (size_t i = 0; i < k->n; i++)
                x[i] -= p * v[i];
        }
    return bn_norm(k->n, x);
}

/* The start vectors of one point, made orthonormal. */
static bn_status start_at(struct bn_krylov *k, const struct bn_mat *start, size_t t)
{
    double ignored[BN_TANGENTS * BN_KRYLOV] = { 0 };

    for (size_t a = 0; a < k->width; a++) {
        const double *from = bn_mat_row(start, t * k->width + a);
        double *to = bn_mat_row(&k->v[a], t), whole = bn_norm(k->n, from);
        memcpy(to, from, k->n * sizeof *to);
        const double norm = a == 0 ? whole : orthogonalise(k, t, a, to, ignored);
        if (!(norm > 1e-10 * whole))
            return a == 0
                ? bn_fail(BN_NUMERIC, "the manifold stands still at point %zu: its tangent "
                          "vanishes", t)
                : bn_fail(BN_NUMERIC, "the manifold has fewer than %zu dimensions at point %zu: "
                          "its tangent vectors are not independent", k->width, t);
        for (size_t i = 0; i < k->n; i++)
            to[i] /= norm;
    }
    return BN_OK;
}

bn_status bn_krylov_start(struct bn_krylov *k, const struct bn_mat *start)
{
    k->n = start->cols;
    k->count = k->factors->count;
    k->width = start->rows / k->count;
    if (k->width == 0 || k->width > BN_TANGENTS || k->width * k->count != start->rows
        || k->most == 0 || k->most > BN_KRYLOV)
        return bn_fail(BN_INPUT, "%zu vectors to start from at %zu points, for %zu rounds",
                       start->rows, k->count, k->most);
    k->h = bn_alloc(k->count * (k->most + k->width) * k->most, sizeof *k->h);
    k->closed = bn_alloc(k->count, sizeof *k->closed);
    k->done = bn_alloc(k->count, sizeof *k->done);
    if (k->h == NULL || k->closed == NULL || k->done == NULL)
        return BN_NOMEM;
    for (size_t a = 0; a < k->width; a++)
        BN_TRY(bn_mat_alloc(&k->v[a], k->count, k->n));
    for (size_t t = 0; t < k->count; t++)
        BN_TRY(start_at(k, start, t));
    return BN_OK;
}

/* The space is invariant (on an exact manifold its tangents are modes by themselves): the
 * other modes are looked for from a random vector.                          */
static double begin_again(const struct bn_krylov *k, size_t t, size_t size, double *x)
{
    const struct bn_rng rng = { .seed = 1, .stream = bn_rng_stream("krylov") };
    double ignored[(BN_KRYLOV + BN_TANGENTS) * BN_KRYLOV] = { 0 };

    bn_rng_normals(rng, size, 0, x, k->n);
    return orthogonalise(k, t, size, x, ignored);
}

/* The next vector of one point from w = operator v_m, which becomes it. */
static bn_status grow_at(struct bn_krylov *k, size_t t, size_t m, double *x)
{
    const size_t n = k->n, size = m + k->width;
    const double before = bn_norm(n, x);
    double *h = h_of(k, t);

    if (k->closed[t] || k->done[t]) {
        memset(x, 0, n * sizeof *x);
        return BN_OK;
    }
    if (!isfinite(before))
        return bn_fail(BN_NUMERIC, "the Jacobian cannot be inverted at point %zu", t);
    double norm = orthogonalise(k, t, size, x, h + m);
    const bool invariant = !(norm > 1e-10 * before);
    h[size * k->most + m] = invariant ? 0.0 : norm;
    if (invariant && k->again && size < n)
        norm = begin_again(k, t, size, x);
    k->closed[t] = m + 1 >= n || (invariant && !k->again);
    const bool none = k->closed[t] || size >= n;
    for (size_t i = 0; i < n; i++)
        x[i] = none ? 0.0 : x[i] / norm;
    return BN_OK;
}

bn_status bn_krylov_grow(struct bn_krylov *k)
{
    const size_t m = k->size++;
    struct bn_mat *w = &k->v[m + k->width];

    BN_TRY(bn_mat_alloc(w, k->count, k->n));
    memcpy(w->data, k->v[m].data, k->count * k->n * sizeof *w->data);
    BN_TRY(bn_factors_solve(k->factors, k->trans, w));
    for (size_t t = 0; t < k->count; t++)
        BN_TRY(grow_at(k, t, m, bn_mat_row(w, t)));
    return BN_OK;
}

bn_status bn_krylov_ritz(const struct bn_krylov *k, size_t t, double *re, double *im,
                         struct bn_mat *y)
{
    const size_t m = k->size;
    struct bn_mat a;

    *y = (struct bn_mat){ 0 };
    BN_TRY(bn_mat_alloc(&a, m, m));
    for (size_t i = 0; i < m; i++)
        memcpy(bn_mat_row(&a, i), h_of(k, t) + i * k->most, m * sizeof(double));
    bn_status rc = bn_mat_alloc(y, m, m);
    if (rc == BN_OK)
        rc = bn_eig_vectors(&a, re, im, y);
    bn_mat_free(&a);
    return rc;
}

/* Rows m .. m + D - 1 of h hold what the space misses of its last D columns. */
bool bn_krylov_converged(const struct bn_krylov *k, size_t t, const struct bn_mat *y, size_t i,
                         double re, double im, double tolerance)
{
    const size_t m = k->size, d = k->width;
    const double *a = bn_mat_row(y, i), *b = bn_mat_row(y, im > 0.0 ? i + 1 : i);
    double missed = 0.0;

    if (k->closed[t])
        return true;
    for (size_t row = m; row < m + d; row++) {
        double x = 0.0, z = 0.0;
        for (size_t j = m > d ? m - d : 0; j < m; j++) {
            x += h_of(k, t)[row * k->most + j] * a[j];
            z += h_of(k, t)[row * k->most + j] * b[j];
        }
        missed = hypot(missed, hypot(x, z));
    }
    return missed <= tolerance * hypot(re, im);
}

void bn_krylov_vector(const struct bn_krylov *k, size_t t, const double *c, double *out)
{
    memset(out, 0, k->n * sizeof *out);
    for (size_t j = 0; j < k->size; j++) {
        const double *v = bn_mat_row(&k->v[j], t), a = c[j];
        for (size_t i = 0; i < k->n; i++)
            out[i] += a * v[i];
    }
}
