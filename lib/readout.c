/* SPDX-License-Identifier: MIT */
#include <basin/readout.h>
#include <basin/mem.h>
#include <basin/special.h>
#include <basin/tile.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A panel of scores is ROWS x POINTS, 2.4 MB: smaller ones, which a core's own cache would
 * hold, cost more in packing the factors of many small products than they save (measured:
 * 192 x 384 takes 8 % longer, 96 x 1024 18 %).                                     */
enum { ROWS = 384, POINTS = 768 };
static const double never = -1e300;

struct bn_readout {
    enum bn_readout_kind kind;
    const struct bn_axes *axes;
    size_t cells, sizes, quiet;          /* quiet: the answer to no spikes */
    size_t *order, *end;                 /* cells by size; [sizes] where each size ends */
    struct bn_mat *weight;               /* [sizes] of [P, cells of this size alone] */
    struct bn_mat offset;                /* [sizes, P] */
    double *prior;                       /* [P] */
};

const char *bn_readout_name(enum bn_readout_kind kind)
{
    static const char *const names[] = { "overlap", "cosine", "correlation", "poisson" };
    return names[kind];
}

const double *bn_readout_prior(const bn_readout *r)
{
    return r->prior;
}

void bn_readout_free(bn_readout *r)
{
    if (r == NULL)
        return;
    for (size_t s = 0; r->weight != NULL && s < r->sizes; s++)
        bn_mat_free(&r->weight[s]);
    bn_mat_free(&r->offset);
    free(r->weight);
    free(r->prior);
    free(r->order);
    free(r->end);
    free(r);
}

/* --- what scores are made of ------------------------------------------------------------ */

static bn_status prior_of(bn_readout *r, const struct bn_read_maps *maps)
{
    const struct bn_axes *l = maps->axes;
    double sum = 0.0;

    if (maps->share == NULL)
        bn_manifold_quadrature(&l->manifold, r->prior);
    for (size_t p = 0; p < l->points; p++) {
        double c[BN_DIMENSIONS];
        bn_manifold_point(&l->manifold, p, c);
        if (maps->share != NULL)
            r->prior[p] = maps->share[p];
        if (!bn_manifold_inside(&l->manifold, c))
            r->prior[p] = 0.0;
        sum += r->prior[p];
    }
    if (!(sum > 0.0))
        return bn_fail(BN_INPUT, "none of %zu grid points is a candidate for the position",
                       l->points);
    for (size_t p = 0; p < l->points; p++)
        r->prior[p] /= sum;
    return BN_OK;
}

static bn_status check_rates(const struct bn_mat *rate, size_t points)
{
    if (rate->cols != points)
        return bn_fail(BN_INPUT, "the maps have %zu points, their grid has %zu", rate->cols,
                       points);
    for (size_t k = 0; k < rate->rows * rate->cols; k++)
        if (!(rate->data[k] >= 0.0 && rate->data[k] <= 1e12))
            return bn_fail(BN_INPUT, "cell %zu has the rate %g at grid point %zu: rates must be "
                           "numbers from 0 on", k / rate->cols, rate->data[k],
                           k % rate->cols);
    return BN_OK;
}

/* One row of weights, of the cells order[0 .. n) at point p; adds to *offset. */
static void weigh(const bn_readout *r, const struct bn_read_maps *maps, size_t p,
                  const size_t *order, size_t n, double *row, double *offset)
{
    double sum = 0.0, square = 0.0;

    for (size_t i = 0; i < n; i++)
        sum += row[i] = *bn_mat_at(maps->rate, order[i], p);
    if (r->kind == BN_READ_POISSON) {
        *offset -= maps->window * sum;
        for (size_t i = 0; i < n; i++)
            row[i] = log(maps->window * (row[i] + maps->floor));
        return;
    }
    const double mean = r->kind == BN_READ_CORRELATION ? sum / (double)n : 0.0;
    for (size_t i = 0; i < n; i++)
        square += (row[i] - mean) * (row[i] - mean);
    double scale = r->kind == BN_READ_OVERLAP ? 1.0 / (double)maps->rate->rows
                 : square > 0.0 ? 1.0 / sqrt(square) : 0.0;
    for (size_t i = 0; i < n; i++)
        row[i] = scale * (row[i] - mean);
}

static bn_status fill(bn_readout *r, const struct bn_read_maps *maps)
{
    const size_t points = r->axes->points;
    double least = INFINITY;

    for (size_t s = 0, start = 0; s < r->sizes; start = r->end[s++]) {
        const size_t n = r->end[s] - start;
        BN_TRY(bn_mat_alloc(&r->weight[s], points, n));
        for (size_t p = 0; p < points; p++) {
            double *offset = bn_mat_at(&r->offset, s, p);
            *offset = s > 0 ? *bn_mat_at(&r->offset, s - 1, p)
                    : r->prior[p] > 0.0 ? 0.0 : never;
            weigh(r, maps, p, r->order + start, n, bn_mat_row(&r->weight[s], p), offset);
        }
    }
    for (size_t p = 0; p < points; p++) {
        double sum = 0.0;
        for (size_t i = 0; i < maps->rate->rows; i++)
            sum += *bn_mat_at(maps->rate, i, p);
        if (r->prior[p] > 0.0 && sum < least) {
            least = sum;
            r->quiet = p;
        }
    }
    return BN_OK;
}

static bn_status order_of(bn_readout *r, const struct bn_nested *nested)
{
    for (size_t i = 0; i < r->cells; i++)
        r->order[i] = nested != NULL ? nested->order[i] : i;
    for (size_t s = 0; s < r->sizes; s++) {
        r->end[s] = nested != NULL ? nested->size[s] : r->cells;
        if (r->end[s] > r->cells || r->end[s] <= (s > 0 ? r->end[s - 1] : 0))
            return bn_fail(BN_USAGE, "numbers of cells must go up from 1 to the %zu that there "
                           "are: %zu is number %zu", r->cells, r->end[s], s + 1);
    }
    return BN_OK;
}

bn_status bn_readout_new(bn_readout **out, enum bn_readout_kind kind,
                         const struct bn_read_maps *maps, const struct bn_nested *nested)
{
    const size_t points = maps->axes->points;

    *out = NULL;
    BN_TRY(check_rates(maps->rate, points));
    if (!(maps->window > 0.0) || (kind == BN_READ_POISSON && !(maps->floor > 0.0)))
        return bn_fail(BN_USAGE, "window = %g s and floor = %g Hz must be above 0",
                       maps->window, maps->floor);
    if (nested != NULL && nested->sizes > 1 && kind != BN_READ_OVERLAP
        && kind != BN_READ_POISSON)
        return bn_fail(BN_USAGE, "%s is normalised over all cells: one size at a time",
                       bn_readout_name(kind));
    bn_readout *r = bn_alloc(1, sizeof *r);
    if (r == NULL)
        return BN_NOMEM;
    r->kind = kind;
    r->axes = maps->axes;
    r->cells = maps->rate->rows;
    r->sizes = nested != NULL ? nested->sizes : 1;
    r->order = bn_alloc(r->cells, sizeof *r->order);
    r->end = bn_alloc(r->sizes, sizeof *r->end);
    r->weight = bn_alloc(r->sizes, sizeof *r->weight);
    r->prior = bn_alloc(points, sizeof *r->prior);
    bn_status rc = BN_NOMEM;
    if (r->order != NULL && r->end != NULL && r->weight != NULL && r->prior != NULL)
        rc = bn_mat_alloc(&r->offset, r->sizes, points);
    if (rc == BN_OK)
        rc = order_of(r, nested);
    if (rc == BN_OK)
        rc = prior_of(r, maps);
    if (rc == BN_OK)
        rc = fill(r, maps);
    if (rc != BN_OK) {
        bn_readout_free(r);
        return rc;
    }
    *out = r;
    return BN_OK;
}

/* --- between grid points ------------------------------------------------------------------- */

struct form {                            /* s0 + g.x - x.h.x/2 in steps of the grid */
    size_t n, d[BN_DIMENSIONS];          /* of the coordinates that have both neighbours */
    double g[BN_DIMENSIONS], h[BN_DIMENSIONS][BN_DIMENSIONS];
};

/* The point some steps away, or BN_NOWHERE also where there is no candidate. */
static size_t candidate(const struct bn_axes *l, const double *prior, size_t p, size_t d,
                        int by)
{
    const size_t q = p == BN_NOWHERE ? p : bn_axes_step(l, p, d, by);
    return q == BN_NOWHERE || prior[q] <= 0.0 ? BN_NOWHERE : q;
}

static void mixed(const struct bn_axes *l, const double *prior, size_t best,
                  bn_score *score, const void *context, struct form *f)
{
    for (size_t a = 0; a < f->n; a++)
        for (size_t b = 0; b < a; b++) {
            double sum = 0.0;
            bool whole = true;
            for (int k = 0; whole && k < 4; k++) {
                const size_t q = candidate(l, prior,
                                           candidate(l, prior, best, f->d[a], k & 1 ? 1 : -1),
                                           f->d[b], k & 2 ? 1 : -1);
                whole = q != BN_NOWHERE;
                if (whole)
                    sum += (k == 0 || k == 3 ? 0.25 : -0.25) * score(context, q);
            }
            f->h[a][b] = f->h[b][a] = whole ? -sum : 0.0;
        }
}

/* x = h^-1 g by Cholesky; false if h is not positive definite or x leaves the cell of the
 * eight (or two, or 26) neighbours.                                             */
static bool top(const struct form *f, double *x)
{
    double c[BN_DIMENSIONS][BN_DIMENSIONS];

    for (size_t i = 0; i < f->n; i++)
        for (size_t j = 0; j <= i; j++) {
            double s = f->h[i][j];
            for (size_t k = 0; k < j; k++)
                s -= c[i][k] * c[j][k];
            if (i == j && !(s > 1e-12 * f->h[i][i]))
                return false;
            c[i][j] = i == j ? sqrt(s) : s / c[j][j];
        }
    for (size_t i = 0; i < f->n; i++) {
        x[i] = f->g[i];
        for (size_t k = 0; k < i; k++)
            x[i] -= c[i][k] * x[k];
        x[i] /= c[i][i];
    }
    for (size_t i = f->n; i-- > 0;) {
        for (size_t k = i + 1; k < f->n; k++)
            x[i] -= c[k][i] * x[k];
        x[i] /= c[i][i];
    }
    for (size_t i = 0; i < f->n; i++)
        if (!(fabs(x[i]) <= 1.0))
            return false;
    return true;
}

void bn_readout_refine(const struct bn_axes *l, const double *prior, size_t best,
                       bn_score *score, const void *context, double *position)
{
    const double s0 = score(context, best);
    double x[BN_DIMENSIONS];
    struct form f = { .n = 0 };

    bn_manifold_point(&l->manifold, best, position);
    for (size_t d = 0; d < l->manifold.dimensions; d++) {
        const size_t up = candidate(l, prior, best, d, 1);
        const size_t down = candidate(l, prior, best, d, -1);
        if (up == BN_NOWHERE || down == BN_NOWHERE || up == down)
            continue;
        const double su = score(context, up), sd = score(context, down);
        if (!(2.0 * s0 - su - sd > 0.0))
            continue;
        f.d[f.n] = d;
        f.g[f.n] = 0.5 * (su - sd);
        f.h[f.n][f.n] = 2.0 * s0 - su - sd;
        f.n++;
    }
    mixed(l, prior, best, score, context, &f);
    if (!top(&f, x))
        for (size_t a = 0; a < f.n; a++)
            x[a] = fmin(0.5, fmax(-0.5, f.g[a] / f.h[a][a]));
    for (size_t a = 0; a < f.n; a++)
        position[f.d[a]] = bn_axes_between(l, best, f.d[a], x[a]);
    bn_manifold_wrap(&l->manifold, position);
}

/* --- decoding ------------------------------------------------------------------------------ */

struct best {                            /* of one bin, so far */
    double score;
    size_t point;
    double sum, moment;                  /* sum w e^(s - score), sum w e^(s - score) (s - score) */
};

struct job {
    const bn_readout *r;
    const struct bn_mat *counts;
    struct bn_mat *position, *bits;
};

struct block {                           /* what a tile works on */
    const struct job *job;
    size_t first, rows;
    struct bn_mat *counts;               /* [sizes] of [rows, cells of this size alone] */
    struct bn_mat score;                 /* [rows, POINTS] at most */
    struct best *best;                   /* [sizes, ROWS] */
    double *scratch;                     /* [2 POINTS] */
};

static double larger(double a, double b)
{
    return a > b ? a : b;
}

/* The largest of n numbers, by four that do not wait for each other. */
static double largest(const double *s, size_t n)
{
    double a = 2.0 * never, b = a, c = a, d = a;
    size_t k = 0;

    for (; k + 4 <= n; k += 4) {
        a = larger(s[k], a);
        b = larger(s[k + 1], b);
        c = larger(s[k + 2], c);
        d = larger(s[k + 3], d);
    }
    for (; k < n; k++)
        a = larger(s[k], a);
    return larger(larger(a, b), larger(c, d));
}

static void look(const double *s, size_t first, size_t n, struct best *b)
{
    const double m = largest(s, n);

    if (!(m > b->score))
        return;
    for (size_t k = 0; k < n; k++)
        if (s[k] == m) {
            b->point = first + k;
            break;
        }
    /* The sums so far were relative to the old best. */
    const double fall = b->score - m, share = exp(fall);
    b->moment = b->sum > 0.0 ? share * (b->moment + b->sum * fall) : 0.0;
    b->sum *= share;
    b->score = m;
}

static void add_up(const double *s, const double *prior, size_t n, double *scratch,
                   struct best *b)
{
    double *e = scratch + POINTS;

    for (size_t k = 0; k < n; k++)
        scratch[k] = fmax(s[k] - b->score, -700.0);
    bn_exp(n, scratch, e);
    for (size_t k = 0; k < n; k++) {
        b->sum += prior[k] * e[k];
        b->moment += prior[k] * e[k] * scratch[k];
    }
}

/* Scores of a panel for one size after the other: each adds its own cells. */
static bn_status panel(struct block *b, size_t p0, size_t points)
{
    const bn_readout *r = b->job->r;

    b->score.rows = b->rows;
    b->score.cols = points;
    for (size_t s = 0; s < r->sizes; s++) {
        const struct bn_mat w = { points, r->weight[s].cols, bn_mat_row(&r->weight[s], p0) };
        const double *now = bn_mat_at(&r->offset, s, p0);
        const double *before = s > 0 ? bn_mat_at(&r->offset, s - 1, p0) : NULL;
        for (size_t t = 0; t < b->rows; t++) {
            double *row = bn_mat_row(&b->score, t);
            if (before == NULL)
                memcpy(row, now, points * sizeof *row);
            else
                for (size_t k = 0; k < points; k++)
                    row[k] += now[k] - before[k];
        }
        BN_TRY(bn_gemm(1.0, &b->counts[s], BN_PLAIN, &w, BN_TRANSPOSED, 1.0, &b->score));
        for (size_t t = 0; t < b->rows; t++) {
            struct best *best = &b->best[s * ROWS + t];
            look(bn_mat_row(&b->score, t), p0, points, best);
            if (b->job->bits != NULL)
                add_up(bn_mat_row(&b->score, t), r->prior + p0, points, b->scratch, best);
        }
    }
    return BN_OK;
}

struct asked {                           /* one bin at one size, scored point by point */
    const struct block *b;
    size_t size, t;
};

static double score_at(const void *context, size_t point)
{
    const struct asked *a = context;
    const bn_readout *r = a->b->job->r;
    double sum = *bn_mat_at(&r->offset, a->size, point);

    for (size_t s = 0; s <= a->size; s++)
        sum += bn_dot(r->weight[s].cols, bn_mat_row(&a->b->counts[s], a->t),
                      bn_mat_row(&r->weight[s], point));
    return sum;
}

static void answer(struct block *b)
{
    const bn_readout *r = b->job->r;

    for (size_t s = 0; s < r->sizes; s++)
        for (size_t t = 0; t < b->rows; t++) {
            const struct best *best = &b->best[s * ROWS + t];
            const struct asked a = { b, s, t };
            double *x = bn_mat_row(&b->job->position[s], b->first + t), spikes = 0.0;
            for (size_t k = 0; k <= s; k++)
                for (size_t i = 0; i < b->counts[k].cols; i++)
                    spikes += *bn_mat_at(&b->counts[k], t, i);
            if (spikes > 0.0 || r->kind == BN_READ_POISSON)
                bn_readout_refine(r->axes, r->prior, best->point, score_at, &a, x);
            else
                bn_manifold_point(&r->axes->manifold, r->quiet, x);
            if (b->job->bits != NULL)
                *bn_mat_at(b->job->bits, s, b->first + t) =
                    (best->moment / best->sum - log(best->sum)) / log(2.0);
        }
}

static bn_status gather(struct block *b)
{
    const bn_readout *r = b->job->r;

    for (size_t s = 0, start = 0; s < r->sizes; start = r->end[s++]) {
        BN_TRY(bn_mat_alloc(&b->counts[s], b->rows, r->end[s] - start));
        for (size_t t = 0; t < b->rows; t++)
            for (size_t i = 0; i < b->counts[s].cols; i++)
                *bn_mat_at(&b->counts[s], t, i) =
                    *bn_mat_at(b->job->counts, b->first + t, r->order[start + i]);
    }
    for (size_t k = 0; k < r->sizes * ROWS; k++)
        b->best[k] = (struct best){ 2.0 * never, 0, 0.0, 0.0 };
    return BN_OK;
}

static bn_status decode_block(void *context, size_t k)
{
    const struct job *j = context;
    const size_t left = j->counts->rows - k * ROWS, points = j->r->axes->points;
    struct block b = { .job = j, .first = k * ROWS, .rows = left < ROWS ? left : ROWS };
    bn_status rc = BN_NOMEM;

    b.counts = bn_alloc(j->r->sizes, sizeof *b.counts);
    b.best = bn_alloc(j->r->sizes * ROWS, sizeof *b.best);
    b.scratch = bn_alloc((size_t)2 * POINTS, sizeof *b.scratch);
    if (b.counts != NULL && b.best != NULL && b.scratch != NULL)
        rc = bn_mat_alloc(&b.score, b.rows, points < POINTS ? points : POINTS);
    if (rc == BN_OK)
        rc = gather(&b);
    for (size_t p = 0; rc == BN_OK && p < points; p += POINTS)
        rc = panel(&b, p, points - p < POINTS ? points - p : POINTS);
    if (rc == BN_OK)
        answer(&b);
    for (size_t s = 0; b.counts != NULL && s < j->r->sizes; s++)
        bn_mat_free(&b.counts[s]);
    bn_mat_free(&b.score);
    free(b.counts);
    free(b.best);
    free(b.scratch);
    return rc;
}

static bn_status check_counts(const struct bn_mat *counts, size_t cells)
{
    if (counts->cols != cells)
        return bn_fail(BN_INPUT, "the counts are of %zu cells, the maps of %zu", counts->cols,
                       cells);
    for (size_t k = 0; k < counts->rows * counts->cols; k++)
        if (!(counts->data[k] >= 0.0 && counts->data[k] <= 1e12))
            return bn_fail(BN_INPUT, "the count of cell %zu in bin %zu is %g: counts must be "
                           "numbers from 0 on", k % counts->cols, k / counts->cols,
                           counts->data[k]);
    return BN_OK;
}

bn_status bn_readout_decode(const bn_readout *r, const struct bn_mat *counts,
                            struct bn_mat *position, struct bn_mat *bits)
{
    struct job j = { r, counts, position, bits };

    BN_TRY(check_counts(counts, r->cells));
    for (size_t s = 0; s < r->sizes; s++)
        if (position[s].rows != counts->rows
            || position[s].cols != r->axes->manifold.dimensions)
            return bn_fail(BN_INPUT, "positions of %zu bins in %zu dimensions want %zu x %zu, "
                           "not %zu x %zu", counts->rows, r->axes->manifold.dimensions,
                           counts->rows, r->axes->manifold.dimensions, position[s].rows,
                           position[s].cols);
    return bn_tiles((counts->rows + ROWS - 1) / ROWS, decode_block, &j);
}

bn_status bn_readout_scores(const bn_readout *r, const struct bn_mat *counts,
                            struct bn_mat *score)
{
    BN_TRY(check_counts(counts, r->cells));
    if (r->sizes != 1 || r->end[0] != r->cells || score->rows != counts->rows
        || score->cols != r->axes->points)
        return bn_fail(BN_INPUT, "scores are of all %zu cells, [%zu, %zu]", r->cells,
                       counts->rows, r->axes->points);
    struct bn_mat sorted = *counts;
    for (size_t t = 0; t < score->rows; t++)
        memcpy(bn_mat_row(score, t), r->offset.data, score->cols * sizeof(double));
    return bn_gemm(1.0, &sorted, BN_PLAIN, &r->weight[0], BN_TRANSPOSED, 1.0, score);
}

bn_status bn_readout_vector(const struct bn_read_maps *maps, const struct bn_mat *counts,
                            struct bn_mat *position)
{
    const struct bn_axes *l = maps->axes;
    const size_t dims = l->manifold.dimensions, cells = maps->rate->rows;
    struct bn_mat wave = { 0 }, mean = { 0 }, sum = { 0 };

    BN_TRY(check_rates(maps->rate, l->points));
    BN_TRY(check_counts(counts, cells));
    if (!bn_manifold_periodic(&l->manifold))
        return bn_fail(BN_USAGE, "a population vector needs coordinates that come round, which "
                       "those of %s do not", bn_manifold_name(l->manifold.kind));
    bn_status rc = bn_mat_alloc(&wave, l->points, 2 * dims);
    if (rc == BN_OK)
        rc = bn_mat_alloc(&mean, cells, 2 * dims);
    if (rc == BN_OK)
        rc = bn_mat_alloc(&sum, counts->rows, 2 * dims);
    for (size_t p = 0; rc == BN_OK && p < l->points; p++)
        for (size_t d = 0; d < dims; d++) {
            double c[BN_DIMENSIONS];
            bn_manifold_point(&l->manifold, p, c);
            *bn_mat_at(&wave, p, 2 * d) = cos(BN_TWO_PI * c[d] / l->period[d]);
            *bn_mat_at(&wave, p, 2 * d + 1) = sin(BN_TWO_PI * c[d] / l->period[d]);
        }
    if (rc == BN_OK)
        rc = bn_gemm(1.0, maps->rate, BN_PLAIN, &wave, BN_PLAIN, 0.0, &mean);
    if (rc == BN_OK)
        rc = bn_gemm(1.0, counts, BN_PLAIN, &mean, BN_PLAIN, 0.0, &sum);
    for (size_t t = 0; rc == BN_OK && t < counts->rows; t++)
        for (size_t d = 0; d < dims; d++) {
            const double *z = bn_mat_row(&sum, t) + 2 * d;
            const double angle = z[0] != 0.0 || z[1] != 0.0 ? atan2(z[1], z[0]) : 0.0;
            *bn_mat_at(position, t, d) = l->period[d] * angle / BN_TWO_PI;
        }
    for (size_t t = 0; rc == BN_OK && t < counts->rows; t++)
        bn_manifold_wrap(&l->manifold, bn_mat_row(position, t));
    bn_mat_free(&sum);
    bn_mat_free(&mean);
    bn_mat_free(&wave);
    return rc;
}
