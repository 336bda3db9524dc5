/* SPDX-License-Identifier: MIT */
#include <basin/surface.h>
#include <basin/arnoldi.h>
#include <basin/linear.h>
#include <basin/mem.h>
#include <basin/tile.h>

#include <complex.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Points that share a product, and numbers in one vector of all of them at most; real
 * vectors of D modes; rounds for the drift over a window of time. */
enum { BATCH = 16, BATCH_NUMBERS = 1 << 19, VECTORS = 2 * BN_TANGENTS, WINDOW = 24 };
/* A pair of which both halves have this cosine with the tangent plane belongs to it whole;
 * candidates that have less than the other are not looked at.               */
static const double WHOLE = 0.5, FAINT = 1e-3;

/* --- choosing modes by their angles to a plane ------------------------------------- */

/* One mode among rows of vectors as bn_eig_vectors() gives them. */
struct mode {
    size_t row;
    bool pair;
    size_t members;                      /* of the D that it stands for */
};

struct plane {
    size_t d, length;                    /* the first D axes of so many */
};

/* Vectors made orthonormal, and their components in the plane. */
struct span {
    size_t rows;
    double *v;                           /* [VECTORS + 2, length] */
    double onto[VECTORS + 2][BN_TANGENTS];
};

static void span_add(struct span *s, const struct plane *p, const double *from)
{
    const size_t n = p->length;
    double *to = s->v + s->rows * n;
    const double before = bn_norm(n, from);

    memcpy(to, from, n * sizeof *to);
    for (size_t k = 0; k < 2 * s->rows; k++) {
        const double *v = s->v + k % s->rows * n, c = bn_dot(n, v, to);
        for (size_t i = 0; i < n; i++)
            to[i] -= c * v[i];
    }
    const double norm = bn_norm(n, to);
    if (!(norm > 1e-9 * before))
        return;
    for (size_t i = 0; i < n; i++)
        to[i] /= norm;
    memcpy(s->onto[s->rows++], to, p->d * sizeof *to);
}

static void span_add_mode(struct span *s, const struct plane *p, const struct bn_mat *y,
                          size_t row, bool pair)
{
    span_add(s, p, bn_mat_row(y, row));
    if (pair)
        span_add(s, p, bn_mat_row(y, row + 1));
}

/* Cosines of the angles between the span and the plane, largest first. */
static bn_status span_cosines(const struct span *s, size_t d, double *cosine)
{
    double gram[BN_TANGENTS * BN_TANGENTS] = { 0 }, w[BN_TANGENTS];
    struct bn_mat g = { d, d, gram };

    for (size_t k = 0; k < s->rows; k++)
        for (size_t a = 0; a < d; a++)
            for (size_t b = 0; b < d; b++)
                gram[a * d + b] += s->onto[k][a] * s->onto[k][b];
    BN_TRY(bn_eig_symmetric(&g, w));
    for (size_t a = 0; a < d; a++)
        cosine[a] = sqrt(fmax(0.0, w[d - 1 - a]));
    return BN_OK;
}

/* The mode that, with those chosen so far (standing for `taken` of D), lies flattest on the
 * plane: the product of the taken + 1 largest cosines.                      */
static bn_status flattest(const struct plane *p, const struct bn_mat *y, const double *im,
                          size_t found, const bool *used, struct span *s, size_t taken,
                          struct mode *best)
{
    const size_t rows = s->rows;
    double top = -1.0, cosine[BN_TANGENTS];

    for (size_t i = 0; i < found; i++) {
        const bool pair = im[i] > 0.0 && i + 1 < found;
        if (used[i] || im[i] < 0.0)
            continue;
        const double seen = hypot(bn_norm(p->d, bn_mat_row(y, i)),
                                  pair ? bn_norm(p->d, bn_mat_row(y, i + 1)) : 0.0);
        if (top >= 0.0 && seen < FAINT)
            continue;
        span_add_mode(s, p, y, i, pair);
        BN_TRY(span_cosines(s, p->d, cosine));
        s->rows = rows;
        double score = 1.0;
        for (size_t a = 0; a <= taken; a++)
            score *= cosine[a];
        if (score > top) {
            const bool whole = pair && taken + 2 <= p->d && cosine[taken + 1] >= WHOLE;
            top = score;
            *best = (struct mode){ i, pair, whole ? 2 : 1 };
        }
    }
    return BN_OK;
}

/* D modes of `found`; mode [D], how many, and the smallest cosine of their span. */
static bn_status choose(const struct plane *p, const struct bn_mat *y, const double *im,
                        size_t found, struct mode *mode, size_t *modes, double *overlap)
{
    bool used[BN_KRYLOV] = { false };
    double cosine[BN_TANGENTS];
    struct span s = { 0, bn_alloc((VECTORS + 2) * p->length, sizeof *s.v), { { 0 } } };
    size_t taken = 0;
    bn_status rc = s.v != NULL ? BN_OK : BN_NOMEM;

    for (*modes = 0; rc == BN_OK && taken < p->d && *modes < found; ) {
        struct mode best = { SIZE_MAX, false, 0 };
        rc = flattest(p, y, im, found < BN_KRYLOV ? found : BN_KRYLOV, used, &s, taken, &best);
        if (rc != BN_OK || best.row == SIZE_MAX)
            break;
        used[best.row] = true;
        span_add_mode(&s, p, y, best.row, best.pair);
        taken += best.members;
        mode[(*modes)++] = best;
    }
    if (rc == BN_OK)
        rc = span_cosines(&s, p->d, cosine);
    if (rc == BN_OK)
        *overlap = taken == p->d ? cosine[p->d - 1] : 0.0;
    free(s.v);
    return rc;
}

/* --- a search at each point of a batch ---------------------------------------------- */

struct search {
    struct bn_krylov space;
    size_t d;
    /* right: modes by their angles to the tangent plane.  left: by their products with the
     * right modes, of which there are rows [T VECTORS, N], orthonormal or zero.  */
    const struct bn_mat *partner;
    const struct search *right;
    struct mode *mode;                   /* [T D] */
    size_t *modes;                       /* [T] */
    double *re, *im;                     /* [T D] Ritz values of them */
    double *chosen;                      /* [T D] of [2, most]: their vectors */
    bool *settled;                       /* [T] they have converged */
    double *overlap, *slow;              /* [T] of the right modes; NULL */
};

static void search_free(struct search *s)
{
    bn_krylov_free(&s->space);
    free(s->mode);
    free(s->modes);
    free(s->re);
    free(s->im);
    free(s->chosen);
    free(s->settled);
}

static bn_status search_start(struct search *s, const struct bn_mat *start, size_t count)
{
    const size_t all = start->rows;

    s->d = all / count;
    s->space.most = 16 + 8 * s->d;
    s->space.again = true;
    s->mode = bn_alloc(all, sizeof *s->mode);
    s->modes = bn_alloc(count, sizeof *s->modes);
    s->re = bn_alloc(all, sizeof *s->re);
    s->im = bn_alloc(all, sizeof *s->im);
    s->chosen = bn_alloc(all * 2 * s->space.most, sizeof *s->chosen);
    s->settled = bn_alloc(count, sizeof *s->settled);
    if (s->mode == NULL || s->modes == NULL || s->re == NULL || s->im == NULL
        || s->chosen == NULL || s->settled == NULL)
        return BN_NOMEM;
    return bn_krylov_start(&s->space, start);
}

/* |sum over right modes of the product with Ritz vector i|: 0 for a left mode of any other
 * eigenvalue, since left and right modes of different eigenvalues are orthogonal.  */
static void partnership(const struct search *s, size_t t, const struct bn_mat *y,
                        const double *im, double *score)
{
    const size_t m = s->space.size, n = s->space.n;

    memset(score, 0, m * sizeof *score);
    for (size_t r = 0; r < VECTORS; r++) {
        double onto[BN_KRYLOV];
        for (size_t j = 0; j < m; j++)
            onto[j] = bn_dot(n, bn_mat_row(&s->space.v[j], t),
                             bn_mat_row(s->partner, t * VECTORS + r));
        for (size_t i = 0; i < m; i++) {
            const double a = bn_dot(m, bn_mat_row(y, i), onto);
            const double b = im[i] > 0.0 ? bn_dot(m, bn_mat_row(y, i + 1), onto) : 0.0;
            score[i] = hypot(score[i], hypot(a, b));
        }
    }
    for (size_t i = 0; i < m; i++) {
        const double *a = bn_mat_row(y, i);
        score[i] = im[i] < 0.0 ? -1.0
                 : score[i] / (im[i] > 0.0 ? hypot(bn_norm(m, a), bn_norm(m, bn_mat_row(y, i + 1)))
                                           : bn_norm(m, a));
    }
}

/* Is the left pair of this Ritz value one of which the right modes took a half? */
static bool is_half(const struct search *right, size_t t, double re, double im)
{
    double nearest = INFINITY;
    bool half = false;

    for (size_t k = 0; k < right->modes[t]; k++) {
        const struct mode *m = &right->mode[t * right->d + k];
        const double away = hypot(re - right->re[t * right->d + k],
                                  im - right->im[t * right->d + k]);
        if (away < nearest) {
            nearest = away;
            half = m->pair && m->members == 1;
        }
    }
    return half;
}

static void choose_left(struct search *s, size_t t, const struct bn_mat *y, const double *re,
                        const double *im)
{
    struct mode *mode = s->mode + t * s->d;
    double score[BN_KRYLOV];
    size_t taken = 0;

    partnership(s, t, y, im, score);
    for (s->modes[t] = 0; taken < s->d; ) {
        size_t at = 0;
        for (size_t i = 1; i < s->space.size; i++)
            at = score[i] > score[at] ? i : at;
        if (score[at] < 0.0)
            break;
        score[at] = -1.0;
        const bool pair = im[at] > 0.0;
        const bool half = pair && (taken + 1 == s->d || is_half(s->right, t, re[at], im[at]));
        mode[s->modes[t]++] = (struct mode){ at, pair, pair && !half ? 2 : 1 };
        taken += pair && !half ? 2 : 1;
    }
}

/* Rows of the Ritz values that are nearest to those that have settled. */
static void find_again(const struct search *s, size_t t, const double *re, const double *im,
                       struct mode *mode)
{
    bool used[BN_KRYLOV] = { false };

    for (size_t k = 0; k < s->modes[t]; k++) {
        double nearest = INFINITY;
        for (size_t i = 0; i < s->space.size; i++) {
            const double away = hypot(re[i] - s->re[t * s->d + k], im[i] - s->im[t * s->d + k]);
            if (!used[i] && im[i] >= 0.0 && away < nearest) {
                nearest = away;
                mode[k].row = i;
            }
        }
        used[mode[k].row] = true;
        mode[k].pair = im[mode[k].row] > 0.0;
    }
}

/* The transverse mode nearest to 0: the largest Ritz value that is not taken whole. */
static bool find_slow(struct search *s, size_t t, const struct bn_mat *y, const double *re,
                      const double *im, const struct mode *mode)
{
    double top = 0.0;
    size_t at = SIZE_MAX;

    for (size_t i = 0; i < s->space.size; i++) {
        bool whole = im[i] < 0.0;
        for (size_t k = 0; k < s->modes[t]; k++)
            whole = whole || (mode[k].row == i && mode[k].members == (mode[k].pair ? 2 : 1));
        if (!whole && hypot(re[i], im[i]) > top) {
            top = hypot(re[i], im[i]);
            at = i;
        }
    }
    s->slow[t] = at != SIZE_MAX ? BN_KRYLOV_SHIFT + re[at] / (top * top) : -INFINITY;
    return (at != SIZE_MAX || s->space.closed[t])
        && (at == SIZE_MAX || bn_krylov_converged(&s->space, t, y, at, re[at], im[at], 1e-8));
}

static void keep(struct search *s, size_t t, const struct bn_mat *y, const double *re,
                 const double *im)
{
    const size_t m = s->space.size, most = s->space.most;

    s->settled[t] = true;
    for (size_t k = 0; k < s->modes[t]; k++) {
        const size_t at = t * s->d + k, row = s->mode[at].row;
        double *to = s->chosen + at * 2 * most;
        s->re[at] = re[row];
        s->im[at] = im[row];
        memset(to, 0, 2 * most * sizeof *to);
        memcpy(to, bn_mat_row(y, row), m * sizeof *to);
        if (s->mode[at].pair)
            memcpy(to + most, bn_mat_row(y, row + 1), m * sizeof *to);
        s->settled[t] = s->settled[t]
            && bn_krylov_converged(&s->space, t, y, row, re[row], im[row], 1e-11);
    }
}

/* Modes settle when all have converged (a later round might mix them with others of the same
 * eigenvalue); the point is done when the next mode has, too.               */
static bn_status search_at(struct search *s, size_t t)
{
    const struct plane plane = { s->d, s->space.size };
    double re[BN_KRYLOV], im[BN_KRYLOV], ignored;
    struct mode now[BN_TANGENTS];
    struct bn_mat y;
    bn_status rc = bn_krylov_ritz(&s->space, t, re, im, &y);

    if (rc == BN_OK && !s->settled[t] && s->space.size >= s->d) {
        if (s->partner == NULL)
            rc = choose(&plane, &y, im, s->space.size, s->mode + t * s->d, &s->modes[t],
                        s->overlap != NULL ? &s->overlap[t] : &ignored);
        else
            choose_left(s, t, &y, re, im);
        if (rc == BN_OK)
            keep(s, t, &y, re, im);
    }
    if (rc == BN_OK && s->space.size >= s->d) {
        memcpy(now, s->mode + t * s->d, s->d * sizeof *now);
        find_again(s, t, re, im, now);
        const bool next = s->slow == NULL || find_slow(s, t, &y, re, im, now);
        s->space.done[t] = s->space.closed[t] || (next && s->settled[t]);
    }
    bn_mat_free(&y);
    return rc;
}

static bn_status search_run(struct search *s)
{
    bool all = false;

    while (!all && s->space.size < s->space.most) {
        BN_TRY(bn_krylov_grow(&s->space));
        all = true;
        for (size_t t = 0; t < s->space.count; t++) {
            if (!s->space.done[t])
                BN_TRY(search_at(s, t));
            all = all && s->space.done[t];
        }
    }
    return BN_OK;
}

/* Vectors of mode k of point t in the space of neurons, re and im [N]. */
static void search_vector(const struct search *s, size_t t, size_t k, double *re, double *im)
{
    const double *c = s->chosen + (t * s->d + k) * 2 * s->space.most;

    bn_krylov_vector(&s->space, t, c, re);
    bn_krylov_vector(&s->space, t, c + s->space.most, im);
}

/* Right modes, both halves of pairs, made orthonormal; what is not there stays zero. */
static bn_status search_partners(const struct search *s, struct bn_mat *partner)
{
    const size_t n = s->space.n;
    const struct plane none = { 0, n };
    struct bn_mat both;

    BN_TRY(bn_mat_alloc(&both, 2, n));
    for (size_t t = 0; t < s->space.count; t++) {
        struct span span = { 0, bn_mat_row(partner, t * VECTORS), { { 0 } } };
        for (size_t k = 0; k < s->modes[t]; k++) {
            search_vector(s, t, k, bn_mat_row(&both, 0), bn_mat_row(&both, 1));
            span_add_mode(&span, &none, &both, 0, s->mode[t * s->d + k].pair);
        }
    }
    bn_mat_free(&both);
    return BN_OK;
}

/* x <- (T^T T)^-1 x for k columns x [D, k]; gram [D, D] is destroyed. */
static bn_status divide(double *gram, size_t d, double *x, size_t k)
{
    struct bn_mat g = { d, d, gram };
    int pivot[BN_TANGENTS];
    double column[BN_TANGENTS];

    BN_TRY(bn_lu(&g, pivot));
    for (size_t c = 0; c < k; c++) {
        for (size_t a = 0; a < d; a++)
            column[a] = x[a * k + c];
        BN_TRY(bn_lu_solve(&g, pivot, BN_PLAIN, column));
        for (size_t a = 0; a < d; a++)
            x[a * k + c] = column[a];
    }
    return BN_OK;
}

static void gram_of(const struct bn_mat *v, size_t first, size_t d, double scale, double *gram)
{
    for (size_t a = 0; a < d; a++)
        for (size_t b = 0; b < d; b++)
            gram[a * d + b] = scale * bn_dot(v->cols, bn_mat_row(v, first + a),
                                             bn_mat_row(v, first + b));
}

/* --- Z ------------------------------------------------------------------------------ */

/* Rows re + i im [D, N] of the left modes of point t: pairs taken whole are their two real
 * vectors, which span the same.                                             */
static size_t left_rows(const struct search *left, size_t t, struct bn_mat *re,
                        struct bn_mat *im)
{
    const size_t n = left->space.n;
    size_t rows = 0;

    for (size_t k = 0; k < left->modes[t]; k++) {
        const struct mode *m = &left->mode[t * left->d + k];
        search_vector(left, t, k, bn_mat_row(re, rows), bn_mat_row(im, rows));
        if (m->members == 2) {
            memcpy(bn_mat_row(re, rows + 1), bn_mat_row(im, rows), n * sizeof(double));
            memset(bn_mat_row(im, rows), 0, n * sizeof(double));
            memset(bn_mat_row(im, rows + 1), 0, n * sizeof(double));
        }
        rows += m->members;
    }
    return rows;
}

/* Z = Re(W^-1 Y), W = Y T: the complex system as a real one of twice the size.  BN_NUMERIC,
 * without a message, if the modes have nothing along some tangent.          */
static bn_status normalise(const struct bn_mat *re, const struct bn_mat *im,
                           const struct bn_mat *tangent, struct bn_mat *z)
{
    const size_t d = tangent->rows, n = tangent->cols;
    double w[VECTORS * VECTORS], x[VECTORS];
    int pivot[VECTORS];
    struct bn_mat both = { 2 * d, 2 * d, w };

    for (size_t a = 0; a < d; a++)
        for (size_t b = 0; b < d; b++) {
            const double *u = bn_mat_row(tangent, b);
            const double r = bn_dot(n, bn_mat_row(re, a), u), i = bn_dot(n, bn_mat_row(im, a), u);
            *bn_mat_at(&both, a, b) = *bn_mat_at(&both, a + d, b + d) = r;
            *bn_mat_at(&both, a + d, b) = i;
            *bn_mat_at(&both, a, b + d) = -i;
        }
    BN_TRY(bn_lu(&both, pivot));
    memset(z->data, 0, d * n * sizeof *z->data);
    for (size_t b = 0; b < d; b++) {     /* column b of W^-1 */
        memset(x, 0, sizeof x);
        x[b] = 1.0;
        BN_TRY(bn_lu_solve(&both, pivot, BN_PLAIN, x));
        for (size_t a = 0; a < d; a++) {
            const double *r = bn_mat_row(re, b), *i = bn_mat_row(im, b);
            double *to = bn_mat_row(z, a);
            if (!(fabs(x[a]) < 1e150) || !(fabs(x[a + d]) < 1e150))
                return BN_NUMERIC;
            for (size_t j = 0; j < n; j++)
                to[j] += x[a] * r[j] - x[a + d] * i[j];
        }
    }
    return BN_OK;
}

/* lambda = shift + 1/theta, by real part, largest first. */
static void eigenvalues(const struct search *s, size_t t, double *re, double *im)
{
    size_t have = 0;

    for (size_t k = 0; k < s->modes[t]; k++) {
        const struct mode *m = &s->mode[t * s->d + k];
        const double a = s->re[t * s->d + k], b = m->pair ? s->im[t * s->d + k] : 0.0;
        const double size = hypot(a, b);
        for (size_t e = 0; e < m->members; e++, have++) {
            const double value = BN_KRYLOV_SHIFT + a / (size * size);
            size_t at = have;
            for (; at > 0 && re[at - 1] < value; at--) {
                re[at] = re[at - 1];
                im[at] = im[at - 1];
            }
            re[at] = value;
            im[at] = (e == 0 ? -b : b) / (size * size);
        }
    }
}

/* Rows [first, first + rows) of a matrix. */
static struct bn_mat rows_of(const struct bn_mat *m, size_t first, size_t rows)
{
    return (struct bn_mat){ rows, m->cols, bn_mat_row(m, first) };
}

/* Are the rows first .. first + d independent? */
static bool independent(const struct bn_mat *v, size_t first, size_t d)
{
    double gram[BN_TANGENTS * BN_TANGENTS], w[BN_TANGENTS];
    struct bn_mat g = { d, d, gram };

    gram_of(v, first, d, 1.0, gram);
    return bn_eig_symmetric(&g, w) == BN_OK && w[0] > 1e-16 * w[d - 1];
}

/* Left modes start at phi' T: it is their span for symmetric J.  Where so few cells are active
 * that it has fewer dimensions, at T.                                       */
static bn_status find_left(struct search *left, const struct bn_mat *tangent,
                           const struct bn_mat *slope)
{
    const size_t count = slope->rows, n = slope->cols, d = tangent->rows / count;
    struct bn_mat start;

    BN_TRY(bn_mat_alloc(&start, count * d, n));
    for (size_t k = 0; k < count * d; k++)
        for (size_t i = 0; i < n; i++)
            *bn_mat_at(&start, k, i) = *bn_mat_at(slope, k / d, i) * *bn_mat_at(tangent, k, i);
    for (size_t t = 0; t < count; t++)
        if (!independent(&start, t * d, d))
            memcpy(bn_mat_row(&start, t * d), bn_mat_row(tangent, t * d),
                   d * n * sizeof(double));
    bn_status rc = search_start(left, &start, count);
    bn_mat_free(&start);
    if (rc == BN_OK)
        rc = search_run(left);
    return rc;
}

/* Where too few cells are active to hold D directions: Z = T (T^T T)^-1. */
static bn_status fall_back(const struct bn_mat *tangent, struct bn_mat *z)
{
    const size_t d = tangent->rows, n = tangent->cols;
    double gram[BN_TANGENTS * BN_TANGENTS];

    memcpy(z->data, tangent->data, d * n * sizeof *z->data);
    gram_of(tangent, 0, d, 1.0, gram);
    return divide(gram, d, z->data, n);
}

/* Z of all points of the batch from left and right modes that were found. */
static bn_status finish(const struct search *right, const struct search *left,
                        const struct bn_mat *tangent, size_t first, struct bn_surface *out)
{
    const size_t d = right->d, n = tangent->cols;
    struct bn_mat re, im = { 0 };

    BN_TRY(bn_mat_alloc(&re, VECTORS, n));
    bn_status rc = bn_mat_alloc(&im, VECTORS, n);
    for (size_t t = 0; rc == BN_OK && t < right->space.count; t++) {
        const size_t at = (first + t) * d;
        const struct bn_mat u = rows_of(tangent, t * d, d);
        struct bn_mat z = rows_of(&out->left, at, d);
        if (left_rows(left, t, &re, &im) != d || normalise(&re, &im, &u, &z) != BN_OK) {
            out->overlap[first + t] = 0.0;
            rc = fall_back(&u, &z);
        }
        eigenvalues(right, t, out->value + at, out->imaginary + at);
    }
    bn_mat_free(&re);
    bn_mat_free(&im);
    return rc;
}

struct finding {
    const struct bn_linear *linear;
    const struct bn_points *points;
    struct bn_surface *surface;
    size_t batch;
};

static bn_status modes_of_batch(void *context, size_t tile)
{
    const struct finding *f = context;
    const size_t first = tile * f->batch, all = f->surface->count, d = f->surface->dimensions;
    const size_t rows = all - first < f->batch ? all - first : f->batch;
    const struct bn_mat tangent = rows_of(&f->points->tangent, first * d, rows * d);
    const struct bn_mat slope = rows_of(&f->points->slope, first, rows);
    struct bn_mat partner = { 0 };
    struct bn_factors factors;
    struct search right = { .space = { .factors = &factors, .trans = BN_PLAIN },
        .overlap = f->surface->overlap + first, .slow = f->surface->slow + first };
    struct search left = { .space = { .factors = &factors, .trans = BN_TRANSPOSED },
        .right = &right, .partner = &partner };
    bn_status rc = bn_factors_make(&factors, f->linear, &slope, BN_KRYLOV_SHIFT);

    if (rc == BN_OK)
        rc = search_start(&right, &tangent, rows);
    if (rc == BN_OK)
        rc = search_run(&right);
    if (rc == BN_OK)
        rc = bn_mat_alloc(&partner, rows * VECTORS, tangent.cols);
    if (rc == BN_OK)
        rc = search_partners(&right, &partner);
    if (rc == BN_OK)
        rc = find_left(&left, &tangent, &slope);
    if (rc == BN_OK)
        rc = finish(&right, &left, &tangent, first, f->surface);
    bn_mat_free(&partner);
    search_free(&right);
    search_free(&left);
    bn_factors_free(&factors);
    return rc;
}

static size_t batch_of(const struct bn_ring_network *net)
{
    const size_t most = BATCH_NUMBERS / net->weights.n;

    if (net->weights.dense.data != NULL || most == 0)
        return 1;                        /* N x N factors are for one point at a time */
    return most < BATCH ? most : BATCH;
}

bn_status bn_surface_modes(const struct bn_ring_network *net, const struct bn_points *points,
                           struct bn_surface *s)
{
    const size_t count = points->x.rows, n = points->x.cols;
    const size_t d = count > 0 ? points->tangent.rows / count : 0;
    struct bn_linear linear;
    struct finding f = { &linear, points, s, batch_of(net) };

    *s = (struct bn_surface){ .count = count, .dimensions = d };
    if (d == 0 || d > BN_TANGENTS || d >= n)
        return bn_fail(BN_USAGE, "a manifold of %zu dimensions and %zu neurons: there can be 1 "
                       "to %d dimensions, fewer than neurons", d, n, BN_TANGENTS);
    BN_TRY(bn_linear_make(&linear, &net->weights, net->inhibition));
    s->value = bn_alloc(count * d, sizeof *s->value);
    s->imaginary = bn_alloc(count * d, sizeof *s->imaginary);
    s->overlap = bn_alloc(count, sizeof *s->overlap);
    s->slow = bn_alloc(count, sizeof *s->slow);
    bn_status rc = s->value == NULL || s->imaginary == NULL || s->overlap == NULL
                || s->slow == NULL ? BN_NOMEM : bn_mat_alloc(&s->left, count * d, n);
    if (rc == BN_OK)
        rc = bn_tiles((count + f.batch - 1) / f.batch, modes_of_batch, &f);
    bn_linear_free(&linear);
    if (rc != BN_OK)
        bn_surface_free(s);
    return rc;
}

void bn_surface_free(struct bn_surface *s)
{
    bn_mat_free(&s->left);
    free(s->value);
    free(s->imaginary);
    free(s->overlap);
    free(s->slow);
    *s = (struct bn_surface){ 0 };
}

/* --- numbers along the manifold ------------------------------------------------------- */

bn_status bn_surface_along(const struct bn_points *points, const struct bn_surface *s,
                           double *drift, double *projected, double *diffusion, double *bound)
{
    const size_t n = points->x.cols, d = s->dimensions;
    double gram[BN_TANGENTS * BN_TANGENTS];

    for (size_t t = 0; t < s->count; t++) {
        const double *eps = bn_mat_row(&points->residual, t);
        for (size_t a = 0; a < d; a++) {
            drift[t * d + a] = -bn_dot(n, bn_mat_row(&s->left, t * d + a), eps);
            if (projected != NULL)
                projected[t * d + a] = -bn_dot(n, bn_mat_row(&points->tangent, t * d + a), eps);
        }
        if (projected != NULL) {
            gram_of(&points->tangent, t * d, d, 1.0, gram);
            BN_TRY(divide(gram, d, projected + t * d, 1));
        }
        if (diffusion != NULL)
            gram_of(&s->left, t * d, d, 0.5, diffusion + t * d * d);
        if (bound != NULL) {
            gram_of(&points->tangent, t * d, d, 1.0, gram);
            memset(bound + t * d * d, 0, d * d * sizeof *bound);
            for (size_t a = 0; a < d; a++)
                bound[t * d * d + a * d + a] = 0.5;
            BN_TRY(divide(gram, d, bound + t * d * d, d));
        }
    }
    return BN_OK;
}

/* --- drift over a window of time -------------------------------------------------------- */

struct window {
    const struct bn_linear *linear;
    const struct bn_points *points;
    size_t batch, d;
    double t1, t2;
    double *drift;                       /* [T, D] */
};

/* int_t1^t2 exp(lambda s) ds.  What grows does so until cells cross their thresholds or the
 * manifold bends: it is followed up to a factor e.                            */
static double complex grown(double complex lambda, double t1, double t2)
{
    if (creal(lambda) > 1.0 / t2)
        lambda = 1.0 / t2 + cimag(lambda) * I;
    if (cabs(lambda) * t2 < 1e-5)
        return t2 - t1 + 0.5 * lambda * (t2 * t2 - t1 * t1);
    return (cexp(lambda * t2) - cexp(lambda * t1)) / lambda;
}

/* c [size]: the integral in the Krylov space, for a start along its first vector: that vector
 * is taken apart into Ritz vectors, and each grows by itself.                 */
static bn_status window_in_space(const struct bn_krylov *k, size_t t, double t1, double t2,
                                 double *c)
{
    const size_t m = k->size;
    const double shift = k->factors->shift;
    double re[BN_KRYLOV], im[BN_KRYLOV], part[BN_KRYLOV] = { 1.0 };
    int pivot[BN_KRYLOV];
    struct bn_mat y, lu = { 0 };
    bn_status rc = bn_krylov_ritz(k, t, re, im, &y);

    memset(c, 0, k->most * sizeof *c);
    if (rc == BN_OK)
        rc = bn_mat_alloc(&lu, m, m);
    for (size_t i = 0; rc == BN_OK && i < m * m; i++)
        lu.data[i] = y.data[i];
    if (rc == BN_OK)
        rc = bn_lu(&lu, pivot);
    if (rc == BN_OK)
        rc = bn_lu_solve(&lu, pivot, BN_TRANSPOSED, part);
    for (size_t i = 0; rc == BN_OK && i < m; i++) {
        const bool pair = im[i] > 0.0;
        const double complex theta = re[i] + im[i] * I;
        if (im[i] < 0.0 || cabs(theta) < 1e-12)      /* faster than anything in the network */
            continue;
        const double complex g = grown(shift + 1.0 / theta, t1, t2)
                               * (part[i] - (pair ? part[i + 1] : 0.0) * I);
        for (size_t j = 0; j < m; j++)
            c[j] += creal(g) * *bn_mat_at(&y, i, j)
                  - (pair ? cimag(g) * *bn_mat_at(&y, i + 1, j) : 0.0);
    }
    bn_mat_free(&y);
    bn_mat_free(&lu);
    return rc;
}

static bn_status window_of_point(const struct window *w, const struct bn_krylov *k, size_t t,
                                 size_t first, double *moved)
{
    const size_t n = k->n, d = w->d;
    const double size = bn_norm(n, bn_mat_row(&w->points->residual, first + t));
    double c[BN_KRYLOV], gram[BN_TANGENTS * BN_TANGENTS], *v = w->drift + (first + t) * d;

    BN_TRY(window_in_space(k, t, w->t1, w->t2, c));
    bn_krylov_vector(k, t, c, moved);
    for (size_t a = 0; a < d; a++)       /* the space began with eps = -F */
        v[a] = -size / (w->t2 - w->t1)
             * bn_dot(n, bn_mat_row(&w->points->tangent, (first + t) * d + a), moved);
    gram_of(&w->points->tangent, (first + t) * d, d, 1.0, gram);
    return divide(gram, d, v, 1);
}

static bn_status window_of_batch(void *context, size_t tile)
{
    const struct window *w = context;
    const size_t first = tile * w->batch, all = w->points->x.rows;
    const size_t rows = all - first < w->batch ? all - first : w->batch;
    const struct bn_mat slope = rows_of(&w->points->slope, first, rows);
    struct bn_mat eps;
    struct bn_factors factors = { 0 };
    struct bn_krylov k = { .factors = &factors, .trans = BN_PLAIN, .most = WINDOW };
    double *moved = bn_alloc(slope.cols, sizeof *moved);

    if (moved == NULL)
        return BN_NOMEM;
    bn_status rc = bn_mat_alloc(&eps, rows, slope.cols);
    for (size_t t = 0; rc == BN_OK && t < rows; t++) {
        const double *from = bn_mat_row(&w->points->residual, first + t);
        memcpy(bn_mat_row(&eps, t), from, slope.cols * sizeof *from);
        if (bn_norm(slope.cols, from) == 0.0)        /* any start: it is weighted by 0 */
            *bn_mat_at(&eps, t, 0) = 1.0;
    }
    if (rc == BN_OK)
        rc = bn_factors_make(&factors, w->linear, &slope, 10.0 / w->t2);
    if (rc == BN_OK)
        rc = bn_krylov_start(&k, &eps);
    while (rc == BN_OK && k.size < k.most && k.size < slope.cols)
        rc = bn_krylov_grow(&k);
    for (size_t t = 0; rc == BN_OK && t < rows; t++)
        rc = window_of_point(w, &k, t, first, moved);
    bn_krylov_free(&k);
    bn_factors_free(&factors);
    bn_mat_free(&eps);
    free(moved);
    return rc;
}

bn_status bn_surface_window(const struct bn_ring_network *net, const struct bn_points *points,
                            double t1, double t2, double *drift)
{
    const size_t count = points->x.rows;
    struct bn_linear linear;
    struct window w = { &linear, points, batch_of(net), points->tangent.rows / count, t1, t2,
                        drift };

    if (!(t1 >= 0.0 && t2 > t1))
        return bn_fail(BN_USAGE, "a drift from %g to %g tau: give two times in ascending order",
                       t1, t2);
    BN_TRY(bn_linear_make(&linear, &net->weights, net->inhibition));
    const bn_status rc = bn_tiles((count + w.batch - 1) / w.batch, window_of_batch, &w);
    bn_linear_free(&linear);
    return rc;
}

/* --- what targets and residuals are like ------------------------------------------------- */

void bn_surface_residual(const struct bn_points *points, double *all, double *active_only,
                         double *active)
{
    for (size_t t = 0; t < points->x.rows; t++) {
        double sum = 0.0, part = 0.0;
        size_t cells = 0;
        for (size_t i = 0; i < points->x.cols; i++) {
            const double e = *bn_mat_at(&points->residual, t, i);
            const bool on = *bn_mat_at(&points->slope, t, i) > 0.0;
            sum += e * e;
            part += on ? e * e : 0.0;
            cells += on;
        }
        all[t] = sqrt(sum);
        active_only[t] = sqrt(part);
        active[t] = (double)cells;
    }
}

/* Sums over points, a part of them at a time. */
struct sums {
    size_t n, points, tangents;
    double *sum, square, slope;          /* [N] sum x*, sum |x*|^2, sum |T|^2 */
};

static bn_status add_points(const struct bn_ring_network *net, const double *points,
                            size_t count, struct sums *s)
{
    const size_t n = s->n;
    struct bn_mat x, u = { 0 };
    bn_status rc = bn_diagnose_target(net, points, count, false, &x);

    if (rc == BN_OK)
        rc = bn_diagnose_target(net, points, count, true, &u);
    for (size_t t = 0; rc == BN_OK && t < count; t++) {
        const double *row = bn_mat_row(&x, t);
        for (size_t i = 0; i < n; i++)
            s->sum[i] += row[i];
        s->square += bn_dot(n, row, row);
    }
    for (size_t k = 0; rc == BN_OK && k < u.rows; k++)
        s->slope += bn_dot(n, bn_mat_row(&u, k), bn_mat_row(&u, k));
    s->points += count;
    s->tangents += u.rows;
    bn_mat_free(&x);
    bn_mat_free(&u);
    return rc;
}

bn_status bn_surface_scale(const struct bn_ring_network *net, const double *points,
                           size_t count, const double *threshold, struct bn_scale *scale)
{
    const size_t n = net->x.rows, d = bn_harmonics_manifold(net->harmonics)->dimensions;
    struct sums s = { .n = n, .sum = bn_alloc(n, sizeof *s.sum) };
    bn_status rc = s.sum != NULL ? BN_OK : BN_NOMEM;
    double mean = 0.0;

    for (size_t t = 0; rc == BN_OK && t < count; t += BATCH)
        rc = add_points(net, points + t * d, count - t < BATCH ? count - t : BATCH, &s);
    const double t = (double)s.points, all = t * (double)n;
    if (rc == BN_OK) {
        scale->square = s.square / t;
        scale->spread = sqrt(fmax(0.0, s.square / t - bn_dot(n, s.sum, s.sum) / (t * t)));
        for (size_t i = 0; i < n; i++) {
            const double by = threshold != NULL ? threshold[i] : 0.0;
            mean += (s.sum[i] + t * by) / all;
            s.square += 2.0 * by * s.sum[i] + t * by * by;
        }
        scale->length = sqrt((s.square / all - mean * mean)
                             / (s.slope / ((double)n * (double)s.tangents)));
    }
    free(s.sum);
    return rc;
}

const double bn_wall_from[BN_WALL_BINS] = { 0.0, 0.5, 1.0, 2.0, 4.0 };

size_t bn_surface_wall(const struct bn_manifold *m, double length, const double *point,
                       size_t *side, double *inward)
{
    double nearest = INFINITY;
    size_t bin = 0;

    for (size_t d = 0; d < m->dimensions; d++)
        for (int far = 0; far < 2; far++) {
            const double away = far ? m->size[d] - point[d] : point[d];
            if (away < nearest) {
                nearest = away;
                *side = d;
                *inward = far ? -1.0 : 1.0;
            }
        }
    while (bin + 1 < BN_WALL_BINS && nearest >= bn_wall_from[bin + 1] * length)
        bin++;
    return bin;
}

/* --- leading eigenvalues ---------------------------------------------------------------- */

struct jacobian {
    struct bn_linear linear;             /* only what bn_linear_apply() reads */
    struct bn_mat slope;                 /* [1, N] */
};

static bn_status apply_jacobian(void *context, const double *x, double *y)
{
    const struct jacobian *j = context;
    double *copy = bn_alloc(j->linear.n, sizeof *copy);

    if (copy == NULL)
        return BN_NOMEM;
    memcpy(copy, x, j->linear.n * sizeof *copy);
    const struct bn_mat in = { 1, j->linear.n, copy };
    struct bn_mat out = { 1, j->linear.n, y };
    const bn_status rc = bn_linear_apply(&j->linear, &j->slope, BN_PLAIN, &in, &out);
    free(copy);
    return rc;
}

bn_status bn_surface_jacobian(const struct bn_ring_network *net, const struct bn_points *points,
                              const struct bn_surface *surface, size_t p, size_t k, double *re,
                              double *im, size_t *found, double *transverse)
{
    const size_t n = net->weights.n, d = surface->dimensions;
    struct jacobian j = { .linear = { .op = &net->weights, .inhibition = net->inhibition,
                                      .n = n }, .slope = rows_of(&points->slope, p, 1) };
    bool *tangent = bn_alloc(k + 1, sizeof *tangent);

    if (tangent == NULL)
        return BN_NOMEM;
    const bn_status rc = bn_arnoldi(n, k, BN_LARGEST_REAL, 1e-10, apply_jacobian, &j, re, im,
                                    found, NULL);
    for (size_t a = 0; rc == BN_OK && a < d; a++) {
        const double r = surface->value[p * d + a], i = surface->imaginary[p * d + a];
        double nearest = 1e-6 * (1.0 + hypot(r, i));     /* it need not be a leading one */
        size_t at = SIZE_MAX;
        for (size_t e = 0; e < *found; e++)
            if (!tangent[e] && hypot(re[e] - r, im[e] - i) < nearest) {
                nearest = hypot(re[e] - r, im[e] - i);
                at = e;
            }
        if (at != SIZE_MAX)
            tangent[at] = true;
    }
    *transverse = -INFINITY;
    for (size_t e = 0; rc == BN_OK && e < *found; e++)
        *transverse = tangent[e] ? *transverse : fmax(*transverse, re[e]);
    free(tangent);
    return rc;
}
