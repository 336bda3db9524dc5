/* SPDX-License-Identifier: MIT */
#include <basin/learned.h>
#include <basin/mem.h>
#include <basin/ridge.h>
#include <basin/tile.h>

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Rows of dense weights, or neurons of factored ones, per tile. */
enum { ROWS = 64 };

/* Of c_max: directions of the rates below it are rounding. */
static const double LEAST = 1e-13;

/* --- residual ---------------------------------------------------------------------- */

static void add_power(const double *c, size_t cols, double share, double *power,
                      size_t harmonics)
{
    for (size_t k = 0; k < cols && (k + 1) / 2 < harmonics; k++)
        power[(k + 1) / 2] += c[k] * c[k] * share;
}

void bn_learned_power(const struct bn_mat *x, double *power, size_t harmonics)
{
    memset(power, 0, harmonics * sizeof *power);
    for (size_t i = 0; i < x->rows; i++)
        add_power(bn_mat_row(x, i), x->cols, 1.0 / (double)x->rows, power, harmonics);
}

bn_status bn_learned_residual(const struct bn_operator *j, const struct bn_mat *x,
                              const struct bn_mat *phi, double *power, size_t harmonics)
{
    const size_t n = phi->rows, most = x->cols > phi->cols ? x->cols : phi->cols;
    struct bn_mat rates = { 0 }, image = { 0 };

    if (x->rows != n || j->n != n)
        return bn_fail(BN_INPUT, "weights of %zu neurons, currents of %zu, rates of %zu", j->n,
                       x->rows, n);
    bn_status rc = bn_mat_alloc(&rates, phi->cols, n);
    if (rc == BN_OK)
        rc = bn_mat_alloc(&image, phi->cols, n);
    for (size_t i = 0; rc == BN_OK && i < n; i++)
        for (size_t k = 0; k < phi->cols; k++)
            *bn_mat_at(&rates, k, i) = *bn_mat_at(phi, i, k);
    if (rc == BN_OK)
        rc = bn_operator_apply(j, BN_PLAIN, &rates, &image);
    memset(power, 0, harmonics * sizeof *power);
    for (size_t k = 0; rc == BN_OK && k < most && (k + 1) / 2 < harmonics; k++)
        for (size_t i = 0; i < n; i++) {
            const double e = (k < x->cols ? *bn_mat_at(x, i, k) : 0.0)
                             - (k < phi->cols ? *bn_mat_at(&image, k, i) : 0.0);
            power[(k + 1) / 2] += e * e / (double)n;
        }
    bn_mat_free(&rates);
    bn_mat_free(&image);
    return rc;
}

/* --- the span of the tuning -------------------------------------------------------- */

/* Columns of b [N, r] rotated to be orthogonal and scaled to 1, [N, q] in out; those whose
 * square is below LEAST of the largest are dropped.                             */
static bn_status orthogonal(const struct bn_mat *b, struct bn_mat *out)
{
    const size_t r = b->cols;
    struct bn_mat v = { 0 }, kept = { 0 };
    double *e = bn_alloc(r, sizeof *e);
    size_t drop = 0;

    bn_status rc = e == NULL ? BN_NOMEM : bn_mat_alloc(&v, r, r);
    if (rc == BN_OK)
        rc = bn_gram(1.0, b, BN_TRANSPOSED, &v);
    if (rc == BN_OK)
        rc = bn_eig_symmetric(&v, e);
    while (rc == BN_OK && drop + 1 < r && e[drop] <= LEAST * e[r - 1])
        drop++;
    if (rc == BN_OK)
        rc = bn_mat_alloc(&kept, r - drop, r);
    for (size_t k = 0; rc == BN_OK && k < kept.rows; k++)
        for (size_t l = 0; l < r; l++)
            *bn_mat_at(&kept, k, l) = *bn_mat_at(&v, drop + k, l) / sqrt(e[drop + k]);
    if (rc == BN_OK)
        rc = bn_mat_alloc(out, b->rows, kept.rows);
    if (rc == BN_OK)
        rc = bn_gemm(1.0, b, BN_PLAIN, &kept, BN_TRANSPOSED, 0.0, out);
    bn_mat_free(&v);
    bn_mat_free(&kept);
    free(e);
    return rc;
}

/* U [N, q] with U^T U = 1.  Small modes come out of the first rotation with errors of
 * epsilon sqrt(c_max/c); the second one makes them orthogonal to rounding.      */
static bn_status span_of(const struct bn_mat *phi, struct bn_mat *u)
{
    struct bn_mat first = { 0 };

    bn_status rc = orthogonal(phi, &first);
    if (rc == BN_OK)
        rc = orthogonal(&first, u);
    bn_mat_free(&first);
    return rc;
}

/* --- sums over weights ------------------------------------------------------------- */

struct sums {
    double j, off, jj, offoff, joff;     /* over i != j: of both and of their products */
    double inside, outside;              /* squares of the parts of J - J_off */
};

static void add_sums(const struct sums *from, struct sums *to)
{
    to->j += from->j;
    to->off += from->off;
    to->jj += from->jj;
    to->offoff += from->offoff;
    to->joff += from->joff;
    to->inside += from->inside;
    to->outside += from->outside;
}

/* P_i U has the Gram matrix 1 - u u^T, so with a = w U the part of w in its span has the
 * square |a|^2 + (a.u)^2/(1 - |u|^2), and with w' = w - (w U) U^T what is left has
 * |w'|^2 - w'_i^2/(1 - |u|^2).                                                   */
static double free_share(const double *u, size_t q)
{
    const double left = 1.0 - bn_dot(q, u, u);
    return left > 1e-10 ? 1.0 / left : 0.0;      /* 0: neuron i alone spans a direction */
}

struct dense {
    const struct bn_operator *j, *off;
    const struct bn_mat *u;
    struct sums *part;
};

/* Rows begin ... of J, diagonal 0. */
static bn_status take_rows(const struct bn_operator *op, size_t begin, struct bn_mat *rows)
{
    bn_status rc = BN_OK;

    if (op->dense.data != NULL) {
        memcpy(rows->data, bn_mat_row(&op->dense, begin), rows->rows * op->n * sizeof(double));
    } else {
        const struct bn_mat left = { rows->rows, op->left.cols, bn_mat_row(&op->left, begin) };
        rc = bn_gemm(1.0, &left, BN_PLAIN, &op->right, BN_PLAIN, 0.0, rows);
    }
    for (size_t i = 0; i < rows->rows; i++)
        *bn_mat_at(rows, i, begin + i) = 0.0;
    return rc;
}

static void pair_sums(const struct bn_mat *j, const struct bn_mat *off, struct sums *s)
{
    for (size_t k = 0; k < j->rows * j->cols; k++) {
        const double a = j->data[k], b = off->data[k];
        s->j += a;
        s->off += b;
        s->jj += a * a;
        s->offoff += b * b;
        s->joff += a * b;
    }
}

static bn_status dense_tile(void *context, size_t tile)
{
    const struct dense *w = context;
    const size_t n = w->j->n, begin = tile * ROWS, q = w->u->cols;
    const size_t rows = n - begin < ROWS ? n - begin : ROWS;
    struct bn_mat d = { 0 }, off = { 0 }, a = { 0 };
    struct sums *s = &w->part[tile];

    bn_status rc = bn_mat_alloc(&d, rows, n);
    if (rc == BN_OK)
        rc = bn_mat_alloc(&off, rows, n);
    if (rc == BN_OK)
        rc = bn_mat_alloc(&a, rows, q);
    if (rc == BN_OK)
        rc = take_rows(w->j, begin, &d);
    if (rc == BN_OK)
        rc = take_rows(w->off, begin, &off);
    if (rc == BN_OK)
        pair_sums(&d, &off, s);
    for (size_t k = 0; rc == BN_OK && k < rows * n; k++)
        d.data[k] -= off.data[k];
    if (rc == BN_OK)
        rc = bn_gemm(1.0, &d, BN_PLAIN, w->u, BN_PLAIN, 0.0, &a);
    if (rc == BN_OK)
        rc = bn_gemm(-1.0, &a, BN_PLAIN, w->u, BN_TRANSPOSED, 1.0, &d);
    for (size_t i = 0; rc == BN_OK && i < rows; i++) {
        const double *u = bn_mat_row(w->u, begin + i), *ai = bn_mat_row(&a, i);
        const double *di = bn_mat_row(&d, i);
        const double by = free_share(u, q), au = bn_dot(q, ai, u), own = di[begin + i];
        s->inside += bn_dot(q, ai, ai) + by * au * au;
        s->outside += bn_dot(n, di, di) - by * own * own;
    }
    bn_mat_free(&d);
    bn_mat_free(&off);
    bn_mat_free(&a);
    return rc;
}

static bn_status sum_dense(const struct bn_operator *j, const struct bn_operator *off,
                           const struct bn_mat *u, struct sums *s)
{
    const size_t tiles = (j->n + ROWS - 1) / ROWS;
    struct dense w = { j, off, u, bn_alloc(tiles, sizeof *w.part) };

    if (w.part == NULL)
        return BN_NOMEM;
    const bn_status rc = bn_tiles(tiles, dense_tile, &w);
    for (size_t t = 0; t < tiles; t++)
        add_sums(&w.part[t], s);
    free(w.part);
    return rc;
}

/* --- the same of factors ------------------------------------------------------------ */

/* J - J_off = L R with L = [left, -left_off], R = [right; right_off]. */
struct factors {
    size_t n, q1, q2;
    struct bn_mat left, right;           /* [N, q1 + q2], [q1 + q2, N] */
    struct bn_mat in_span;               /* [q1 + q2, q] = R U */
    struct bn_mat rest;                  /* [q1 + q2, N] = R - R U U^T */
};

static bn_status join(const struct bn_operator *j, const struct bn_operator *off,
                      struct factors *f)
{
    f->n = j->n;
    f->q1 = j->left.cols;
    f->q2 = off->left.cols;
    BN_TRY(bn_mat_alloc(&f->left, f->n, f->q1 + f->q2));
    BN_TRY(bn_mat_alloc(&f->right, f->q1 + f->q2, f->n));
    for (size_t i = 0; i < f->n; i++) {
        memcpy(bn_mat_row(&f->left, i), bn_mat_row(&j->left, i), f->q1 * sizeof(double));
        for (size_t k = 0; k < f->q2; k++)
            *bn_mat_at(&f->left, i, f->q1 + k) = -*bn_mat_at(&off->left, i, k);
    }
    memcpy(f->right.data, j->right.data, f->q1 * f->n * sizeof(double));
    memcpy(bn_mat_row(&f->right, f->q1), off->right.data, f->q2 * f->n * sizeof(double));
    return BN_OK;
}

/* sum_kl A_kl B_kl over a block of the left and right Gram matrices: the sum over all i, j of
 * products of two pieces of L R.                                                  */
static double block_sum(const struct bn_mat *a, const struct bn_mat *b, size_t k0, size_t k1,
                        size_t l0, size_t l1)
{
    double s = 0.0;
    for (size_t k = k0; k < k1; k++)
        for (size_t l = l0; l < l1; l++)
            s += *bn_mat_at(a, k, l) * *bn_mat_at(b, k, l);
    return s;
}

/* Sums of weights are left.1 times right.1. */
static double total_of(const struct factors *f, size_t k0, size_t k1)
{
    double s = 0.0;

    for (size_t k = k0; k < k1; k++) {
        double l = 0.0, r = 0.0;
        for (size_t i = 0; i < f->n; i++) {
            l += *bn_mat_at(&f->left, i, k);
            r += *bn_mat_at(&f->right, k, i);
        }
        s += l * r;
    }
    return s;
}

static bn_status whole_sums(const struct factors *f, struct sums *s)
{
    const size_t q1 = f->q1, all = f->q1 + f->q2;
    struct bn_mat left = { 0 }, right = { 0 };

    bn_status rc = bn_mat_alloc(&left, all, all);
    if (rc == BN_OK)
        rc = bn_mat_alloc(&right, all, all);
    if (rc == BN_OK)
        rc = bn_gram(1.0, &f->left, BN_TRANSPOSED, &left);
    if (rc == BN_OK)
        rc = bn_gram(1.0, &f->right, BN_PLAIN, &right);
    if (rc == BN_OK) {
        s->j = total_of(f, 0, q1);
        s->off = -total_of(f, q1, all);
        s->jj = block_sum(&left, &right, 0, q1, 0, q1);
        s->offoff = block_sum(&left, &right, q1, all, q1, all);
        s->joff = -block_sum(&left, &right, 0, q1, q1, all);
        rc = bn_gram(1.0, &f->rest, BN_PLAIN, &right);
    }
    if (rc == BN_OK)
        s->outside = block_sum(&left, &right, 0, all, 0, all);
    bn_mat_free(&left);
    bn_mat_free(&right);
    return rc;
}

/* Takes the diagonals out, neuron by neuron. */
static void own_sums(const struct factors *f, const struct bn_mat *u, const struct bn_mat *a,
                     struct sums *s)
{
    const size_t all = f->q1 + f->q2, q = u->cols;

    for (size_t i = 0; i < f->n; i++) {
        const double *l = bn_mat_row(&f->left, i), *ui = bn_mat_row(u, i);
        const double *ai = bn_mat_row(a, i), by = free_share(ui, q);
        double own[2] = { 0.0, 0.0 }, rest = 0.0, square = 0.0, au = 0.0;
        for (size_t k = 0; k < all; k++) {
            own[k >= f->q1] += l[k] * *bn_mat_at(&f->right, k, i);
            rest += l[k] * *bn_mat_at(&f->rest, k, i);
        }
        for (size_t k = 0; k < q; k++) {
            const double t = ai[k] - (own[0] + own[1]) * ui[k];
            square += t * t;
            au += t * ui[k];
        }
        s->j -= own[0];
        s->off += own[1];
        s->jj -= own[0] * own[0];
        s->offoff -= own[1] * own[1];
        s->joff += own[0] * own[1];
        s->inside += square + by * au * au;
        s->outside -= by * rest * rest;
    }
}

static bn_status sum_factors(const struct bn_operator *j, const struct bn_operator *off,
                             const struct bn_mat *u, struct sums *s)
{
    struct factors f = { 0 };
    struct bn_mat a = { 0 };

    bn_status rc = join(j, off, &f);
    if (rc == BN_OK)
        rc = bn_mat_alloc(&f.in_span, f.q1 + f.q2, u->cols);
    if (rc == BN_OK)
        rc = bn_gemm(1.0, &f.right, BN_PLAIN, u, BN_PLAIN, 0.0, &f.in_span);
    if (rc == BN_OK)
        rc = bn_mat_alloc(&f.rest, f.q1 + f.q2, f.n);
    if (rc == BN_OK) {
        memcpy(f.rest.data, f.right.data, (f.q1 + f.q2) * f.n * sizeof(double));
        rc = bn_gemm(-1.0, &f.in_span, BN_PLAIN, u, BN_TRANSPOSED, 1.0, &f.rest);
    }
    if (rc == BN_OK)
        rc = bn_mat_alloc(&a, f.n, u->cols);
    if (rc == BN_OK)
        rc = bn_gemm(1.0, &f.left, BN_PLAIN, &f.in_span, BN_PLAIN, 0.0, &a);
    if (rc == BN_OK)
        rc = whole_sums(&f, s);
    if (rc == BN_OK)
        own_sums(&f, u, &a, s);
    bn_mat_free(&f.left);
    bn_mat_free(&f.right);
    bn_mat_free(&f.in_span);
    bn_mat_free(&f.rest);
    bn_mat_free(&a);
    return rc;
}

/* --- distance ------------------------------------------------------------------------ */

static bn_status conclude(const struct sums *s, size_t n, struct bn_learned_distance *d)
{
    const double count = (double)n * (double)(n - 1);
    const double vj = s->jj - s->j * s->j / count, vo = s->offoff - s->off * s->off / count;
    const double inside = fmax(s->inside, 0.0), outside = fmax(s->outside, 0.0);

    if (!(s->offoff > 0.0))
        return bn_fail(BN_NUMERIC, "the offline weights are all 0: there is nothing to compare "
                       "learned weights with");
    *d = (struct bn_learned_distance){
        .total = sqrt((inside + outside) / s->offoff),
        .inside = sqrt(inside / s->offoff),
        .outside = sqrt(outside / s->offoff),
        .norm = sqrt(fmax(s->jj, 0.0) / s->offoff),
    };
    if (vj > 1e-13 * s->jj && vo > 1e-13 * s->offoff)
        d->correlation = (s->joff - s->j * s->off / count) / sqrt(vj * vo);
    return BN_OK;
}

/* A shared operator as factors, made into *made; others as they are. */
static bn_status plain(const struct bn_operator *op, struct bn_mat made[2],
                       struct bn_operator *out)
{
    *out = *op;
    if (op->factor.data == NULL)
        return BN_OK;
    BN_TRY(bn_operator_factors(op, &made[0], &made[1]));
    return bn_operator_factored(out, &made[0], &made[1], op->diagonal);
}

bn_status bn_learned_distance(const struct bn_operator *j, const struct bn_operator *offline,
                              const struct bn_mat *phi, struct bn_learned_distance *d)
{
    struct bn_mat made[4] = { { 0 }, { 0 }, { 0 }, { 0 } }, u = { 0 };
    struct bn_operator a, b;
    struct sums s = { 0 };

    *d = (struct bn_learned_distance){ 0 };
    if (j->n != offline->n || j->n != phi->rows || j->n < 2)
        return bn_fail(BN_INPUT, "weights of %zu neurons, offline weights of %zu, rates of %zu",
                       j->n, offline->n, phi->rows);
    bn_status rc = plain(j, made, &a);
    if (rc == BN_OK)
        rc = plain(offline, made + 2, &b);
    if (rc == BN_OK)
        rc = span_of(phi, &u);
    if (rc == BN_OK)
        rc = a.dense.data != NULL || b.dense.data != NULL ? sum_dense(&a, &b, &u, &s)
                                                          : sum_factors(&a, &b, &u, &s);
    if (rc == BN_OK)
        rc = conclude(&s, j->n, d);
    for (size_t k = 0; k < 4; k++)
        bn_mat_free(&made[k]);
    bn_mat_free(&u);
    return rc;
}

bn_status bn_learned_offline(const struct bn_operator *j, const struct bn_mat *x,
                             const struct bn_mat *phi, double lambda,
                             struct bn_learned_distance *d)
{
    struct bn_ridge fit = { 0 };
    struct bn_operator offline;
    const size_t most = x->cols < phi->cols ? x->cols : phi->cols;
    const size_t r = most < phi->cols ? phi->cols : bn_ridge_coefficients(x, phi, lambda);
    struct bn_mat wide = { 0 };

    bn_status rc = bn_mat_alloc(&wide, x->rows, phi->cols);
    for (size_t i = 0; rc == BN_OK && i < x->rows; i++)
        memcpy(bn_mat_row(&wide, i), bn_mat_row(x, i), most * sizeof(double));
    if (rc == BN_OK)
        rc = bn_ridge_fit(&wide, phi, NULL, r, lambda, 1e-10, &fit);
    if (rc == BN_OK)
        rc = bn_operator_factored(&offline, &fit.left, &fit.right, fit.diagonal);
    if (rc == BN_OK)
        rc = bn_learned_distance(j, &offline, phi, d);
    bn_ridge_free(&fit);
    bn_mat_free(&wide);
    return rc;
}

double bn_learned_lambda(double eta, double decay, double n, size_t neurons)
{
    return (decay + 1.0 / (eta * n)) / (double)neurons;
}

bool bn_learned_time(const double *n, const double *power, size_t count, double *time)
{
    for (size_t k = 1; k < count; k++) {
        const double before = 0.5 * log(power[k - 1] / power[0]);
        const double now = 0.5 * log(power[k] / power[0]);
        if (now > -1.0)
            continue;
        *time = isinf(now) ? n[k] : n[k - 1] + (n[k] - n[k - 1]) * (before + 1.0)
                                              / (before - now);
        return true;
    }
    return false;
}
