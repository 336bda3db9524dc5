/* SPDX-License-Identifier: MIT */
#include "averaged_priv.h"

#include <basin/fourier.h>
#include <basin/mem.h>
#include <basin/secular.h>
#include <basin/tile.h>

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Neurons per tile. */
enum { ROWS = 16 };

struct bn_averaged {
    size_t n, r, q;
    double eta;
    bool pull, self, columns;
    enum bn_whole whole;                 /* RLS and offline: gains of their own */
    double decay;
    struct bn_mat phi;                   /* F [N, R] */
    struct bn_mat w;                     /* [N, q]: right factor of J; with a pull W^T W is
                                            diagonal */
    double *c;                           /* [q] its diagonal, ascending */
    struct bn_mat s;                     /* [N, q] */
    struct bn_mat y;                     /* [q, R] = W^T F */
    struct bn_mat z, z_phi;              /* J0 W [N, q], J0 F [N, R]; empty if J0 = 0 */
    double *row, *column;                /* a, b [N] */
    const struct bn_operator *initial;
};

/* --- gains --------------------------------------------------------------------------- */

/* (1 - eta rate)^n; of n = INFINITY its limit, NAN where it has none. */
static double left_over(double eta, double rate, double n)
{
    const double keep = 1.0 - eta * rate;

    if (isinf(n))
        return rate == 0.0 ? 1.0 : fabs(keep) < 1.0 ? 0.0 : NAN;
    if (keep > 0.0)
        return exp(n * log1p(-eta * rate));
    const double size = keep == 0.0 ? (n == 0.0 ? 1.0 : 0.0) : exp(n * log(-keep));
    return fmod(n, 2.0) == 0.0 ? size : -size;
}

/* [1 - (1 - eta rate)^n]/rate: what a steady source has left in the weights. */
static double gain(double eta, double rate, double n)
{
    if (rate == 0.0)
        return eta * n;
    if (!isinf(n) && eta * rate < 0.5)
        return -expm1(n * log1p(-eta * rate)) / rate;
    return (1.0 - left_over(eta, rate, n)) / rate;
}

/* [(1 - eta (mu + a))^n - (1 - eta a)^n]/mu: what a mode does to initial weights more than
 * the decay a does.                                                             */
static double forgotten(double eta, double mu, double a, double n)
{
    const double keep = 1.0 - eta * a, next = 1.0 - eta * (mu + a);

    if (n == 0.0)
        return 0.0;
    if (!isinf(n) && keep > 0.0 && next > 0.5 * keep) {
        const double t = n * log1p(-eta * mu / keep);
        return mu == 0.0 ? -n * eta * exp((n - 1.0) * log(keep))
                         : exp(n * log(keep)) * expm1(t) / mu;
    }
    return (left_over(eta, mu + a, n) - left_over(eta, a, n)) / mu;
}

/* What n presentations make of a source and of initial weights in a mode of rate mu. */
struct gains {
    double source, initial;
};

static struct gains gains_of(const struct bn_averaged *a, double mu, double row, double n)
{
    const double lambda = a->whole == BN_WHOLE_RLS ? a->decay / n : a->decay;

    if (a->whole == BN_WHOLE_NONE)
        return (struct gains){ gain(a->eta, mu + row, n), forgotten(a->eta, mu, row, n) };
    if (n == 0.0)
        return (struct gains){ 0.0, 0.0 };
    return (struct gains){ 1.0 / (mu + lambda), -1.0 / (mu + lambda) };
}

/* --- making it ------------------------------------------------------------------------ */

/* Gamma [R, g] with Gamma Gamma^T = G, and its pseudo-inverse transposed. */
static bn_status root_of(const struct bn_mat *gram, struct bn_mat *root, struct bn_mat *inverse)
{
    const size_t r = gram->rows;
    struct bn_mat v = { 0 };
    double *e = bn_alloc(r, sizeof *e);
    size_t kept = 0, at = 0;

    bn_status rc = e == NULL ? BN_NOMEM : bn_mat_copy(&v, gram);
    if (rc == BN_OK)
        rc = bn_eig_symmetric(&v, e);
    const double floor = rc == BN_OK ? (double)r * DBL_EPSILON * fabs(e[r - 1]) : 0.0;
    for (size_t k = 0; rc == BN_OK && k < r; k++)
        kept += e[k] > floor;
    if (rc == BN_OK && (e[0] < -floor || kept == 0))
        rc = bn_fail(BN_USAGE, "the mean of the weights grows along what it does already: a "
                     "term in d has the wrong sign");
    if (rc == BN_OK)
        rc = bn_mat_alloc(root, r, kept);
    if (rc == BN_OK)
        rc = bn_mat_alloc(inverse, r, kept);
    for (size_t k = 0; rc == BN_OK && k < r; k++) {
        if (e[k] <= floor)
            continue;
        for (size_t l = 0; l < r; l++) {
            *bn_mat_at(root, l, at) = *bn_mat_at(&v, k, l) * sqrt(e[k]);
            *bn_mat_at(inverse, l, at) = *bn_mat_at(&v, k, l) / sqrt(e[k]);
        }
        at++;
    }
    bn_mat_free(&v);
    free(e);
    return rc;
}

/* Rotates the first `low` rows of u [g, g] so that tall u^T has orthogonal columns; e [low]
 * their squares, ascending.                                                     */
static bn_status resolve(const struct bn_mat *tall, size_t low, struct bn_mat *u, double *e)
{
    const struct bn_mat few = { low, u->cols, u->data };
    struct bn_mat w = { 0 }, v = { 0 }, turned = { 0 };

    bn_status rc = bn_mat_alloc(&w, tall->rows, low);
    if (rc == BN_OK)
        rc = bn_gemm(1.0, tall, BN_PLAIN, &few, BN_TRANSPOSED, 0.0, &w);
    if (rc == BN_OK)
        rc = bn_mat_alloc(&v, low, low);
    if (rc == BN_OK)
        rc = bn_gram(1.0, &w, BN_TRANSPOSED, &v);
    if (rc == BN_OK)
        rc = bn_eig_symmetric(&v, e);
    if (rc == BN_OK)
        rc = bn_mat_alloc(&turned, low, u->cols);
    if (rc == BN_OK)
        rc = bn_gemm(1.0, &v, BN_PLAIN, &few, BN_PLAIN, 0.0, &turned);
    if (rc == BN_OK)
        memcpy(u->data, turned.data, low * u->cols * sizeof(double));
    bn_mat_free(&w);
    bn_mat_free(&v);
    bn_mat_free(&turned);
    return rc;
}

/* Orthogonal modes of F Gamma, [q, g] in u, squares ascending: the eigenvectors of its Gram
 * matrix, and again of what is small in it, since the smaller half of the digits of c is
 * rounding of the largest.  At lambda = 1e-8 modes of 1e-15 c_max still show in J.    */
static bn_status modes_of(const struct bn_mat *tall, struct bn_mat *u)
{
    const size_t g = tall->cols;
    struct bn_mat all = { 0 };
    double *e = bn_alloc(g, sizeof *e);
    size_t low = 0, drop = 0;

    bn_status rc = e == NULL ? BN_NOMEM : bn_mat_alloc(&all, g, g);
    if (rc == BN_OK)
        rc = bn_gram(1.0, tall, BN_TRANSPOSED, &all);
    if (rc == BN_OK)
        rc = bn_eig_symmetric(&all, e);
    while (rc == BN_OK && low + 1 < g && e[low] <= 1e-7 * e[g - 1])
        low++;
    if (rc == BN_OK && low > 0)
        rc = resolve(tall, low, &all, e);
    while (rc == BN_OK && drop < low
           && e[drop] <= (double)g * DBL_EPSILON * fmax(e[low - 1], 1e-8 * e[g - 1]))
        drop++;
    if (rc == BN_OK)
        rc = bn_mat_alloc(u, g - drop, g);
    if (rc == BN_OK)
        memcpy(u->data, bn_mat_row(&all, drop), (g - drop) * g * sizeof(double));
    bn_mat_free(&all);
    free(e);
    return rc;
}

/* Columns by their square, ascending, which is what the eigenvalues are but for rounding. */
static bn_status measure_modes(struct bn_averaged *a)
{
    a->c = bn_alloc(a->q, sizeof *a->c);
    if (a->c == NULL)
        return BN_NOMEM;
    for (size_t i = 0; i < a->n; i++)
        for (size_t k = 0; k < a->q; k++)
            a->c[k] += *bn_mat_at(&a->w, i, k) * *bn_mat_at(&a->w, i, k);
    for (size_t k = 1; k < a->q; k++)
        a->c[k] = fmax(a->c[k], a->c[k - 1]);
    return BN_OK;
}

/* What of the source does not lie in the range of G would grow apart from the modes. */
static bn_status check_range(const struct bn_averaged_spec *spec, const struct bn_mat *source,
                             const struct bn_mat *root, const struct bn_mat *inverse)
{
    struct bn_mat inside = { 0 }, back = { 0 };

    bn_status rc = bn_mat_alloc(&inside, source->rows, root->cols);
    if (rc == BN_OK)
        rc = bn_mat_copy(&back, source);
    if (rc == BN_OK)
        rc = bn_gemm(1.0, source, BN_PLAIN, inverse, BN_PLAIN, 0.0, &inside);
    if (rc == BN_OK)
        rc = bn_gemm(-1.0, &inside, BN_PLAIN, root, BN_TRANSPOSED, 1.0, &back);
    if (rc == BN_OK && bn_mat_norm(&back) > 1e-9 * bn_mat_norm(source))
        rc = bn_fail(BN_USAGE, "no closed mean of the weights for the rule %s: terms in y drive "
                     "what its terms in d do not hold back", spec->rule->name);
    bn_mat_free(&inside);
    bn_mat_free(&back);
    return rc;
}

/* W = F Gamma U^T, s = S Gamma^-T U^T. */
static bn_status make_modes(struct bn_averaged *a, const struct bn_averaged_spec *spec,
                            const struct bn_mean_step *step)
{
    struct bn_mat root = { 0 }, inverse = { 0 }, tall = { 0 }, u = { 0 };

    bn_status rc = root_of(&step->gram, &root, &inverse);
    if (rc == BN_OK && root.cols < a->r)
        rc = check_range(spec, &step->source, &root, &inverse);
    if (rc == BN_OK)
        rc = bn_mat_alloc(&tall, a->n, root.cols);
    if (rc == BN_OK)
        rc = bn_gemm(1.0, &a->phi, BN_PLAIN, &root, BN_PLAIN, 0.0, &tall);
    if (rc == BN_OK)
        rc = modes_of(&tall, &u);
    a->q = u.rows;
    if (rc == BN_OK)
        rc = bn_mat_alloc(&a->w, a->n, a->q);
    if (rc == BN_OK)
        rc = bn_mat_alloc(&a->s, a->n, a->q);
    if (rc == BN_OK)
        rc = bn_gemm(1.0, &tall, BN_PLAIN, &u, BN_TRANSPOSED, 0.0, &a->w);
    if (rc == BN_OK)
        rc = bn_gemm(1.0, &step->source, BN_PLAIN, &inverse, BN_PLAIN, 0.0, &tall);
    if (rc == BN_OK)
        rc = bn_gemm(1.0, &tall, BN_PLAIN, &u, BN_TRANSPOSED, 0.0, &a->s);
    if (rc == BN_OK)
        rc = measure_modes(a);
    bn_mat_free(&root);
    bn_mat_free(&inverse);
    bn_mat_free(&tall);
    bn_mat_free(&u);
    return rc;
}

/* W = [F K], s = [S L]: nothing pulls, so nothing mixes. */
static bn_status take_step(struct bn_averaged *a, const struct bn_mean_step *step)
{
    const size_t more = step->left.cols;

    a->q = a->r + more;
    BN_TRY(bn_mat_alloc(&a->w, a->n, a->q));
    BN_TRY(bn_mat_alloc(&a->s, a->n, a->q));
    for (size_t i = 0; i < a->n; i++) {
        memcpy(bn_mat_row(&a->w, i), bn_mat_row(&a->phi, i), a->r * sizeof(double));
        memcpy(bn_mat_row(&a->s, i), bn_mat_row(&step->source, i), a->r * sizeof(double));
        if (more > 0) {
            memcpy(bn_mat_row(&a->w, i) + a->r, bn_mat_row(&step->right, i),
                   more * sizeof(double));
            memcpy(bn_mat_row(&a->s, i) + a->r, bn_mat_row(&step->left, i),
                   more * sizeof(double));
        }
    }
    return BN_OK;
}

/* out = J0 diag(scale) b [N, any]; scale may be NULL. */
static bn_status apply_initial(const struct bn_operator *j0, const double *scale,
                               const struct bn_mat *b, struct bn_mat *out)
{
    struct bn_mat in = { 0 }, back = { 0 };

    bn_status rc = bn_mat_alloc(&in, b->cols, b->rows);
    if (rc == BN_OK)
        rc = bn_mat_alloc(&back, b->cols, b->rows);
    if (rc == BN_OK && out->data == NULL)
        rc = bn_mat_alloc(out, b->rows, b->cols);
    for (size_t j = 0; rc == BN_OK && j < b->rows; j++)
        for (size_t k = 0; k < b->cols; k++)
            *bn_mat_at(&in, k, j) = *bn_mat_at(b, j, k) * (scale != NULL ? scale[j] : 1.0);
    if (rc == BN_OK)
        rc = bn_operator_apply(j0, BN_PLAIN, &in, &back);
    for (size_t i = 0; rc == BN_OK && i < b->rows; i++)
        for (size_t k = 0; k < b->cols; k++)
            *bn_mat_at(out, i, k) = *bn_mat_at(&back, k, i);
    bn_mat_free(&in);
    bn_mat_free(&back);
    return rc;
}

static bn_status fill(struct bn_averaged *a, const struct bn_averaged_spec *spec,
                      struct bn_mean_step *step)
{
    a->pull = step->gram.data != NULL;
    a->columns = step->columns;
    BN_TRY(bn_mat_copy(&a->phi, spec->phi));
    BN_TRY(a->pull ? make_modes(a, spec, step) : take_step(a, step));
    a->row = step->row;
    a->column = step->column;
    step->row = step->column = NULL;
    BN_TRY(bn_mat_alloc(&a->y, a->q, a->r));
    BN_TRY(bn_gemm(1.0, &a->w, BN_TRANSPOSED, &a->phi, BN_PLAIN, 0.0, &a->y));
    if (spec->initial == NULL || a->whole == BN_WHOLE_OFFLINE)
        return BN_OK;
    a->initial = spec->initial;
    BN_TRY(apply_initial(a->initial, NULL, &a->phi, &a->z_phi));
    return a->pull ? apply_initial(a->initial, NULL, &a->w, &a->z) : BN_OK;
}

bn_status bn_averaged_new(const struct bn_averaged_spec *spec, bn_averaged **out)
{
    struct bn_mean_step step;

    *out = NULL;
    BN_TRY(bn_mean_step(spec, &step));
    struct bn_averaged *a = bn_alloc(1, sizeof *a);
    bn_status rc = a == NULL ? BN_NOMEM : BN_OK;
    if (rc == BN_OK) {
        *a = (struct bn_averaged){ .n = spec->phi->rows, .r = spec->phi->cols,
                                   .eta = spec->eta, .self = spec->self,
                                   .whole = spec->rule->whole, .decay = spec->decay };
        rc = fill(a, spec, &step);
    }
    bn_mean_step_free(&step);
    if (rc != BN_OK) {
        bn_averaged_free(a);
        a = NULL;
    }
    *out = a;
    return rc;
}

void bn_averaged_free(bn_averaged *a)
{
    if (a == NULL)
        return;
    bn_mat_free(&a->phi);
    bn_mat_free(&a->w);
    bn_mat_free(&a->s);
    bn_mat_free(&a->y);
    bn_mat_free(&a->z);
    bn_mat_free(&a->z_phi);
    free(a->c);
    free(a->row);
    free(a->column);
    free(a);
}

/* --- rows ------------------------------------------------------------------------------ */

/* Room for one row at `count` times. */
struct row {
    struct bn_mat vectors;               /* [q, q] */
    double *mu, *source, *initial;       /* [q]; what the modes of the row get of s and z */
    struct bn_mat by_mode, m;            /* [count, q] */
};

static bn_status row_alloc(const struct bn_averaged *a, size_t count, struct row *row)
{
    *row = (struct row){ 0 };
    row->mu = bn_alloc(3 * a->q, sizeof(double));
    if (row->mu == NULL)
        return BN_NOMEM;
    row->source = row->mu + a->q;
    row->initial = row->source + a->q;
    if (a->pull)
        BN_TRY(bn_mat_alloc(&row->vectors, a->q, a->q));
    BN_TRY(bn_mat_alloc(&row->by_mode, count, a->q));
    return bn_mat_alloc(&row->m, count, a->q);
}

static void row_free(struct row *row)
{
    free(row->mu);
    bn_mat_free(&row->vectors);
    bn_mat_free(&row->by_mode);
    bn_mat_free(&row->m);
}

static bn_status row_modes(const struct bn_averaged *a, size_t i, struct row *row)
{
    const double *s = bn_mat_row(&a->s, i);

    if (a->self)
        memcpy(row->mu, a->c, a->q * sizeof(double));
    else
        BN_TRY(bn_secular(a->q, a->c, bn_mat_row(&a->w, i), row->mu, &row->vectors));
    for (size_t k = 0; k < a->q; k++) {
        const double *v = a->self ? NULL : bn_mat_row(&row->vectors, k);
        row->mu[k] = fmax(row->mu[k], 0.0);
        row->source[k] = v == NULL ? s[k] : bn_dot(a->q, v, s);
        if (a->z.data == NULL)
            continue;
        const double *z = bn_mat_row(&a->z, i);
        row->initial[k] = v == NULL ? z[k] : bn_dot(a->q, v, z);
    }
    return BN_OK;
}

/* m of row i after n[t] presentations, into row->m [count, q]. */
static bn_status row_at(const struct bn_averaged *a, size_t i, const double *n, size_t count,
                        struct row *row)
{
    const double floor = DBL_EPSILON * (double)a->q * (a->pull ? a->c[a->q - 1] : 0.0);

    if (!a->pull) {
        for (size_t t = 0; t < count; t++)
            for (size_t k = 0; k < a->q; k++)
                *bn_mat_at(&row->m, t, k) = *bn_mat_at(&a->s, i, k)
                    * (a->columns ? 1.0 : gain(a->eta, a->row[i] + a->column[0], n[t]));
        return BN_OK;
    }
    BN_TRY(row_modes(a, i, row));
    for (size_t t = 0; t < count; t++)
        for (size_t k = 0; k < a->q; k++) {
            const struct gains g = gains_of(a, row->mu[k], a->row[i], n[t]);
            double sum = 0.0;
            if (row->mu[k] + a->row[i] > floor || !isinf(n[t]))
                sum = row->source[k] * g.source;
            if (a->z.data != NULL && (row->mu[k] > floor || !isinf(n[t])))
                sum += row->initial[k] * g.initial;
            *bn_mat_at(&row->by_mode, t, k) = sum;
        }
    if (a->self) {
        memcpy(row->m.data, row->by_mode.data, count * a->q * sizeof(double));
        return BN_OK;
    }
    return bn_gemm(1.0, &row->by_mode, BN_PLAIN, &row->vectors, BN_PLAIN, 0.0, &row->m);
}

/* --- the bound ------------------------------------------------------------------------- */

struct fastest {
    const struct bn_averaged *a;
    double *of;                          /* [tiles] */
};

static bn_status fastest_tile(void *context, size_t tile)
{
    const struct fastest *f = context;
    const struct bn_averaged *a = f->a;
    struct row row;

    bn_status rc = row_alloc(a, 1, &row);
    for (size_t i = tile * ROWS; rc == BN_OK && i < a->n && i < (tile + 1) * ROWS; i++) {
        if (a->pull)
            rc = row_modes(a, i, &row);
        const double most = a->pull ? row.mu[a->q - 1] : a->column[i];
        f->of[tile] = fmax(f->of[tile], most + a->row[i]);
    }
    row_free(&row);
    return rc;
}

bn_status bn_averaged_fastest(const bn_averaged *a, double *fastest)
{
    const size_t tiles = (a->n + ROWS - 1) / ROWS;
    struct fastest f = { a, bn_alloc(tiles, sizeof *f.of) };

    if (f.of == NULL)
        return BN_NOMEM;
    const bn_status rc = bn_tiles(tiles, fastest_tile, &f);
    *fastest = 0.0;
    for (size_t k = 0; k < tiles; k++)
        *fastest = fmax(*fastest, f.of[k]);
    free(f.of);
    return rc;
}

/* --- weights --------------------------------------------------------------------------- */

struct shape {
    const struct bn_averaged *a;
    double n;
    struct bn_averaged_weights *w;
};

static bn_status weights_tile(void *context, size_t tile)
{
    const struct shape *s = context;
    const struct bn_averaged *a = s->a;
    struct row row;

    bn_status rc = row_alloc(a, 1, &row);
    for (size_t i = tile * ROWS; rc == BN_OK && i < a->n && i < (tile + 1) * ROWS; i++) {
        rc = row_at(a, i, &s->n, 1, &row);
        if (rc != BN_OK)
            break;
        memcpy(bn_mat_row(&s->w->left, i), row.m.data, a->q * sizeof(double));
        s->w->keep_row[i] = left_over(a->eta, a->row[i], s->n);
    }
    row_free(&row);
    return rc;
}

static bn_status not_finite(const struct bn_averaged *a)
{
    double fastest;

    BN_TRY(bn_averaged_fastest(a, &fastest));
    if (a->eta * fastest < 2.0)
        return bn_fail(BN_NUMERIC, "the mean of the weights has no fixed point: nothing holds "
                       "back all of their growth; set decay above 0");
    return bn_fail(BN_NUMERIC, "the mean of the weights diverges: eta = %g is above 2/(c_max + "
                   "lambda) = %g", a->eta, 2.0 / fastest);
}

static bn_status check_finite(const struct bn_averaged *a, const struct shape *s)
{
    bool finite = true;

    for (size_t k = 0; k < a->n * a->q; k++)
        finite = finite && isfinite(s->w->left.data[k]) && isfinite(s->w->right.data[k]);
    for (size_t i = 0; i < a->n; i++)
        finite = finite && isfinite(s->w->diagonal[i]) && isfinite(s->w->keep_row[i])
                 && isfinite(s->w->keep_column[i]);
    return finite ? BN_OK : not_finite(a);
}

static bn_status fill_weights(const struct bn_averaged *a, struct shape *s)
{
    struct bn_averaged_weights *w = s->w;

    BN_TRY(bn_mat_alloc(&w->left, a->n, a->q));
    BN_TRY(bn_mat_alloc(&w->right, a->q, a->n));
    w->diagonal = bn_alloc(a->n, sizeof(double));
    w->keep_row = bn_alloc(a->n, sizeof(double));
    w->keep_column = bn_alloc(a->n, sizeof(double));
    if (w->diagonal == NULL || w->keep_row == NULL || w->keep_column == NULL)
        return BN_NOMEM;
    BN_TRY(bn_tiles((a->n + ROWS - 1) / ROWS, weights_tile, s));
    for (size_t j = 0; j < a->n; j++) {
        const double rate = a->row[0] + a->column[j];
        const double by = a->columns ? gain(a->eta, rate, s->n) : 1.0;
        w->keep_column[j] = a->columns ? left_over(a->eta, rate, s->n) : 1.0;
        if (a->columns)
            w->keep_row[j] = 1.0;
        for (size_t k = 0; k < a->q; k++)
            *bn_mat_at(&w->right, k, j) = by * *bn_mat_at(&a->w, j, k);
        if (!a->self)
            w->diagonal[j] = by * bn_dot(a->q, bn_mat_row(&w->left, j), bn_mat_row(&a->w, j));
    }
    return check_finite(a, s);
}

bn_status bn_averaged_weights(const bn_averaged *a, double n, struct bn_averaged_weights *w)
{
    *w = (struct bn_averaged_weights){ 0 };
    struct shape s = { a, n, w };
    const bn_status rc = fill_weights(a, &s);
    if (rc != BN_OK)
        bn_averaged_weights_free(w);
    return rc;
}

void bn_averaged_weights_free(struct bn_averaged_weights *w)
{
    bn_mat_free(&w->left);
    bn_mat_free(&w->right);
    free(w->diagonal);
    free(w->keep_row);
    free(w->keep_column);
    *w = (struct bn_averaged_weights){ 0 };
}

bn_status bn_averaged_dense(const bn_averaged *a, double n, struct bn_mat *j)
{
    struct bn_averaged_weights w = { 0 };

    if (j->rows != a->n || j->cols != a->n)
        return bn_fail(BN_INPUT, "weights of %zu neurons into %zu x %zu", a->n, j->rows,
                       j->cols);
    BN_TRY(bn_averaged_weights(a, n, &w));
    const bn_status rc = bn_gemm(1.0, &w.left, BN_PLAIN, &w.right, BN_PLAIN, 0.0, j);
    for (size_t i = 0; rc == BN_OK && i < a->n; i++) {
        for (size_t k = 0; a->initial != NULL && k < a->n; k++)
            *bn_mat_at(j, i, k) += w.keep_row[i] * bn_operator_at(a->initial, i, k)
                                   * w.keep_column[k];
        if (!a->self)
            *bn_mat_at(j, i, i) = 0.0;
    }
    bn_averaged_weights_free(&w);
    return rc;
}

/* --- residual -------------------------------------------------------------------------- */

struct residual {
    const struct bn_averaged *a;
    const struct bn_mat *target;
    const double *n;
    size_t count, harmonics;
    const struct bn_mat *y;              /* [q, R] W^T F */
    const struct bn_mat *z;              /* [N, R] J0 F, or empty */
    const double *by;                    /* [N] gains of columns, or NULL */
    double *part;                        /* [tiles, count, harmonics] */
};

/* Harmonics of x* - J phi* of row i at each time, added to part. */
static bn_status residual_row(const struct residual *w, size_t i, struct row *row,
                              struct bn_mat *image, double *part)
{
    const struct bn_averaged *a = w->a;
    const double *f = bn_mat_row(&a->phi, i), *x = bn_mat_row(w->target, i);
    const size_t most = a->r > w->target->cols ? a->r : w->target->cols;

    BN_TRY(row_at(a, i, w->n, w->count, row));
    BN_TRY(bn_gemm(1.0, &row->m, BN_PLAIN, w->y, BN_PLAIN, 0.0, image));
    for (size_t t = 0; t < w->count; t++) {
        const double *m = bn_mat_row(&row->m, t), *j = bn_mat_row(image, t);
        const double own = a->self ? 0.0 : (w->by != NULL ? w->by[i] : 1.0)
                                           * bn_dot(a->q, m, bn_mat_row(&a->w, i));
        const double keep = w->z->data == NULL ? 0.0
                            : a->columns ? 1.0 : left_over(a->eta, a->row[i], w->n[t]);
        for (size_t k = 0; k < most && (k + 1) / 2 < w->harmonics; k++) {
            double e = k < w->target->cols ? x[k] : 0.0;
            if (k < a->r)
                e -= j[k] - own * f[k];
            if (k < a->r && w->z->data != NULL)
                e -= keep * *bn_mat_at(w->z, i, k);
            part[t * w->harmonics + (k + 1) / 2] += e * e;
        }
    }
    return BN_OK;
}

static bn_status residual_tile(void *context, size_t tile)
{
    const struct residual *w = context;
    const struct bn_averaged *a = w->a;
    struct bn_mat image = { 0 };
    struct row row;

    bn_status rc = row_alloc(a, w->count, &row);
    if (rc == BN_OK)
        rc = bn_mat_alloc(&image, w->count, a->r);
    for (size_t i = tile * ROWS; rc == BN_OK && i < a->n && i < (tile + 1) * ROWS; i++)
        rc = residual_row(w, i, &row, &image, w->part + tile * w->count * w->harmonics);
    bn_mat_free(&image);
    row_free(&row);
    return rc;
}

static bn_status add_up(struct residual *w, struct bn_mat *power, size_t at)
{
    const size_t tiles = (w->a->n + ROWS - 1) / ROWS, each = w->count * w->harmonics;

    w->part = bn_alloc(tiles * each, sizeof(double));
    if (w->part == NULL)
        return BN_NOMEM;
    bn_status rc = bn_tiles(tiles, residual_tile, w);
    double *out = bn_mat_row(power, at);
    memset(out, 0, each * sizeof(double));
    for (size_t t = 0; t < tiles; t++)
        for (size_t k = 0; k < each; k++)
            out[k] += w->part[t * each + k] / (double)w->a->n;
    for (size_t k = 0; rc == BN_OK && k < each; k++)
        if (!isfinite(out[k]))
            rc = not_finite(w->a);
    free(w->part);
    return rc;
}

/* Where columns decay at rates of their own, W^T diag(gain) F is another one each time. */
static bn_status residual_columns(const struct residual *all, size_t count,
                                  struct bn_mat *power)
{
    const struct bn_averaged *a = all->a;
    struct residual w = *all;
    struct bn_mat scaled = { 0 }, y = { 0 }, z = { 0 };
    double *by = bn_alloc(2 * a->n, sizeof *by);

    bn_status rc = by == NULL ? BN_NOMEM : bn_mat_alloc(&scaled, a->n, a->r);
    if (rc == BN_OK)
        rc = bn_mat_alloc(&y, a->q, a->r);
    for (size_t t = 0; rc == BN_OK && t < count; t++) {
        for (size_t j = 0; j < a->n; j++) {
            by[j] = gain(a->eta, a->row[0] + a->column[j], w.n[0]);
            by[a->n + j] = left_over(a->eta, a->row[0] + a->column[j], w.n[0]);
            for (size_t k = 0; k < a->r; k++)
                *bn_mat_at(&scaled, j, k) = by[j] * *bn_mat_at(&a->phi, j, k);
        }
        rc = bn_gemm(1.0, &a->w, BN_TRANSPOSED, &scaled, BN_PLAIN, 0.0, &y);
        if (rc == BN_OK && a->initial != NULL)
            rc = apply_initial(a->initial, by + a->n, &a->phi, &z);
        w.y = &y;
        w.z = &z;
        w.by = by;
        if (rc == BN_OK)
            rc = add_up(&w, power, t);
        w.n++;
    }
    bn_mat_free(&scaled);
    bn_mat_free(&y);
    bn_mat_free(&z);
    free(by);
    return rc;
}

bn_status bn_averaged_residual(const bn_averaged *a, const struct bn_mat *target,
                               const double *n, size_t count, struct bn_mat *power)
{
    struct residual w = { .a = a, .target = target, .n = n, .count = count,
                          .harmonics = power->cols, .y = &a->y, .z = &a->z_phi };

    if (target->rows != a->n || power->rows != count || power->cols == 0)
        return bn_fail(BN_INPUT, "targets of %zu neurons for weights of %zu; residuals at %zu "
                       "times into %zu rows", target->rows, a->n, count, power->rows);
    if (!a->columns)
        return count > 0 ? add_up(&w, power, 0) : BN_OK;
    w.count = 1;
    return residual_columns(&w, count, power);
}

void bn_averaged_times(const struct bn_mat *phi, double eta, double decay, double *times,
                       size_t harmonics)
{
    for (size_t h = 0; h < harmonics; h++) {
        const size_t first = h == 0 ? 0 : 2 * h - 1, count = h == 0 ? 1 : 2;
        double sum = 0.0;
        for (size_t i = 0; i < phi->rows; i++)
            for (size_t k = first; k < first + count && k < phi->cols; k++)
                sum += *bn_mat_at(phi, i, k) * *bn_mat_at(phi, i, k);
        times[h] = 1.0 / (eta * (sum / (double)count + decay));
    }
}
