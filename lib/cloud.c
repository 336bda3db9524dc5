/* SPDX-License-Identifier: MIT */
#include <basin/cloud.h>
#include <basin/mem.h>
#include <basin/tile.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* --- principal components ----------------------------------------------------------------- */

/* Rows about their weighted mean, times sqrt w. */
static bn_status centred(const struct bn_mat *rate, const double *w, struct bn_mat *r,
                         double *constant)
{
    BN_TRY(bn_mat_alloc(r, rate->rows, rate->cols));
    *constant = 0.0;
    for (size_t i = 0; i < rate->rows; i++) {
        const double *from = bn_mat_row(rate, i), mean = bn_dot(rate->cols, w, from);
        double *to = bn_mat_row(r, i);
        for (size_t p = 0; p < rate->cols; p++)
            to[p] = sqrt(w[p]) * (from[p] - mean);
        *constant += mean * mean / (double)rate->rows;
    }
    return BN_OK;
}

/* From eigenvectors over points: loadings by a product, scores by scaling; from those over
 * neurons the other way round.                                               */
static bn_status both_sides(const struct bn_mat *r, const double *w, const struct bn_mat *u,
                            struct bn_principal *c)
{
    const size_t p = r->cols, k = c->scores.cols;
    const double n = (double)r->rows;
    const bool points = p <= r->rows;
    struct bn_mat other;

    if (points)
        BN_TRY(bn_gemm(1.0, u, BN_PLAIN, r, BN_TRANSPOSED, 0.0, &c->loadings));
    BN_TRY(bn_mat_alloc(&other, k, p));
    bn_status rc = points ? BN_OK
                          : bn_gemm(1.0 / sqrt(n), u, BN_PLAIN, r, BN_PLAIN, 0.0, &other);
    for (size_t i = 0; rc == BN_OK && i < k; i++) {
        const double scale = sqrt(c->value[i]);
        const double *from = points ? bn_mat_row(u, i) : bn_mat_row(&other, i);
        for (size_t q = 0; q < p; q++)
            *bn_mat_at(&c->scores, q, i) = from[q] * (points ? scale : 1.0) / sqrt(w[q]);
        for (size_t q = 0; !points && q < r->rows; q++)
            *bn_mat_at(&c->loadings, i, q) = sqrt(n) * scale * *bn_mat_at(u, i, q);
    }
    bn_mat_free(&other);
    return rc;
}

static bn_status components(const struct bn_mat *r, const double *w, size_t keep,
                            struct bn_mat *gram, struct bn_principal *c)
{
    const size_t n = gram->rows, k = keep < n ? keep : n;
    struct bn_mat u;

    BN_TRY(bn_gram(1.0 / (double)r->rows, r, r->cols <= r->rows ? BN_TRANSPOSED : BN_PLAIN,
                   gram));
    c->values = n;
    c->value = bn_alloc(n, sizeof *c->value);
    if (c->value == NULL)
        return BN_NOMEM;
    BN_TRY(bn_eig_symmetric(gram, c->value));
    for (size_t i = 0; i < n / 2; i++) {
        const double swap = c->value[i];
        c->value[i] = c->value[n - 1 - i];
        c->value[n - 1 - i] = swap;
    }
    for (size_t i = 0; i < n; i++)
        c->value[i] = fmax(c->value[i], 0.0);
    BN_TRY(bn_mat_alloc(&c->scores, r->cols, k));
    BN_TRY(bn_mat_alloc(&c->loadings, k, r->rows));
    BN_TRY(bn_mat_alloc(&u, k, n));
    for (size_t i = 0; i < k; i++)
        memcpy(bn_mat_row(&u, i), bn_mat_row(gram, n - 1 - i), n * sizeof(double));
    const bn_status rc = both_sides(r, w, &u, c);
    bn_mat_free(&u);
    return rc;
}

bn_status bn_cloud_components(const struct bn_mat *rate, const double *w, size_t keep,
                              struct bn_principal *c)
{
    const size_t n = rate->rows < rate->cols ? rate->rows : rate->cols;
    struct bn_mat r = { 0 }, gram = { 0 };

    *c = (struct bn_principal){ 0 };
    for (size_t p = 0; p < rate->cols; p++)
        if (!(w[p] > 0.0))
            return bn_fail(BN_INPUT, "the weight of point %zu is %g: all must be positive", p,
                           w[p]);
    bn_status rc = centred(rate, w, &r, &c->constant);
    if (rc == BN_OK)
        rc = bn_mat_alloc(&gram, n, n);
    if (rc == BN_OK)
        rc = components(&r, w, keep, &gram, c);
    bn_mat_free(&r);
    bn_mat_free(&gram);
    if (rc != BN_OK)
        bn_principal_free(c);
    return rc;
}

void bn_principal_free(struct bn_principal *c)
{
    free(c->value);
    bn_mat_free(&c->scores);
    bn_mat_free(&c->loadings);
    *c = (struct bn_principal){ 0 };
}

void bn_cloud_noise(const double *variance, struct bn_rng rng, uint64_t unit,
                    struct bn_mat *x)
{
    bn_rng_normals(rng, unit, 0, x->data, x->rows * x->cols);
    for (size_t p = 0; p < x->rows; p++)
        for (size_t k = 0; k < x->cols; k++)
            *bn_mat_at(x, p, k) *= sqrt(variance[k]);
}

/* --- neighbours --------------------------------------------------------------------------- */

bn_status bn_metric_parse(const char *name, enum bn_metric *metric)
{
    static const char *const names[] = { "euclidean", "cosine", "geodesic" };

    for (size_t k = 0; k < BN_LEN(names); k++)
        if (strcmp(name, names[k]) == 0) {
            *metric = (enum bn_metric)k;
            return BN_OK;
        }
    return bn_fail(BN_USAGE, "distance = %s: there is euclidean, cosine and geodesic", name);
}

static double apart(const struct bn_mat *x, size_t i, size_t j)
{
    const double *a = bn_mat_row(x, i), *b = bn_mat_row(x, j);
    double s = 0.0;

    for (size_t k = 0; k < x->cols; k++)
        s += (a[k] - b[k]) * (a[k] - b[k]);
    return sqrt(s);
}

struct neighbours {
    const struct bn_mat *x;
    size_t k;                            /* fewer than there are points */
    size_t *index;                       /* [P, k] nearest first */
    double *distance;                    /* [P, k] */
};

enum { ROWS = 64 };

static bn_status search(void *context, size_t tile)
{
    const struct neighbours *s = context;
    const size_t n = s->x->rows, to = (tile + 1) * ROWS < n ? (tile + 1) * ROWS : n;

    for (size_t i = tile * ROWS; i < to; i++) {
        double *d = s->distance + i * s->k;
        size_t *at = s->index + i * s->k, have = 0;
        for (size_t j = 0; j < n; j++) {
            const double r = apart(s->x, i, j);
            if (j == i || (have == s->k && !(r < d[have - 1])))
                continue;
            size_t place = have < s->k ? have++ : have - 1;
            for (; place > 0 && d[place - 1] > r; place--) {
                d[place] = d[place - 1];
                at[place] = at[place - 1];
            }
            d[place] = r;
            at[place] = j;
        }
    }
    return BN_OK;
}

static void neighbours_free(struct neighbours *s)
{
    free(s->index);
    free(s->distance);
}

static bn_status neighbours_of(const struct bn_mat *x, size_t k, struct neighbours *s)
{
    *s = (struct neighbours){ .x = x, .k = k };
    if (k == 0 || k >= x->rows)
        return bn_fail(BN_USAGE, "%zu neighbours among %zu points: there must be at least one, "
                       "and fewer than points", k, x->rows);
    s->index = bn_alloc(x->rows * k, sizeof *s->index);
    s->distance = bn_alloc(x->rows * k, sizeof *s->distance);
    if (s->index != NULL && s->distance != NULL)
        return bn_tiles((x->rows + ROWS - 1) / ROWS, search, s);
    return BN_NOMEM;
}

struct crowd {
    double distance;
    size_t point;
};

static int by_distance(const void *a, const void *b)
{
    const struct crowd *x = a, *y = b;

    if (x->distance != y->distance)
        return x->distance < y->distance ? -1 : 1;
    return (x->point > y->point) - (x->point < y->point);
}

static int by_index(const void *a, const void *b)
{
    const size_t x = *(const size_t *)a, y = *(const size_t *)b;

    return (x > y) - (x < y);
}

bn_status bn_cloud_densest(const struct bn_mat *x, size_t k, double share, size_t *index,
                           size_t *kept)
{
    const size_t n = x->rows;
    struct neighbours s;

    *kept = n - (size_t)(share * (double)n);
    for (size_t i = 0; i < n; i++)
        index[i] = i;
    if (*kept == n)
        return BN_OK;
    struct crowd *crowd = bn_alloc(n, sizeof *crowd);
    bn_status rc = neighbours_of(x, k, &s);
    if (crowd == NULL)
        rc = BN_NOMEM;
    for (size_t i = 0; rc == BN_OK && i < n; i++)
        crowd[i] = (struct crowd){ s.distance[(i + 1) * k - 1], i };
    if (rc == BN_OK) {
        qsort(crowd, n, sizeof *crowd, by_distance);
        for (size_t i = 0; i < *kept; i++)
            index[i] = crowd[i].point;
        qsort(index, *kept, sizeof *index, by_index);
    }
    neighbours_free(&s);
    free(crowd);
    return rc;
}

/* --- the graph of neighbours ---------------------------------------------------------------- */

struct edge {
    uint32_t from, to;
    double length;
};

struct graph {
    size_t n, edges;
    struct edge *edge;                   /* both ways, by `from` */
    size_t *start;                       /* [n + 1] */
    struct crowd *heap;                  /* of Dijkstra's search */
};

static int by_source(const void *a, const void *b)
{
    const struct edge *x = a, *y = b;

    if (x->from != y->from)
        return x->from < y->from ? -1 : 1;
    return (x->to > y->to) - (x->to < y->to);
}

static void join(struct graph *g, size_t i, size_t j, double length)
{
    g->edge[g->edges++] = (struct edge){ (uint32_t)i, (uint32_t)j, length };
    g->edge[g->edges++] = (struct edge){ (uint32_t)j, (uint32_t)i, length };
}

/* Prim: the point nearest to the tree joins it. */
static bn_status spanning_tree(const struct bn_mat *x, struct graph *g)
{
    const size_t n = x->rows;
    struct crowd *near = bn_alloc(n, sizeof *near);  /* .point: its nearest in the tree */
    size_t last = 0;

    if (near == NULL)
        return BN_NOMEM;
    for (size_t i = 0; i < n; i++)
        near[i].distance = INFINITY;
    near[0].distance = -1.0;                         /* -1: in the tree */
    for (size_t k = 1; k < n; k++) {
        size_t next = n;
        for (size_t i = 0; i < n; i++) {
            const double d = near[i].distance < 0.0 ? 0.0 : apart(x, i, last);
            if (near[i].distance < 0.0)
                continue;
            if (d < near[i].distance)
                near[i] = (struct crowd){ d, last };
            if (next == n || near[i].distance < near[next].distance)
                next = i;
        }
        join(g, next, near[next].point, near[next].distance);
        near[next].distance = -1.0;
        last = next;
    }
    free(near);
    return BN_OK;
}

static void graph_free(struct graph *g)
{
    free(g->edge);
    free(g->start);
    free(g->heap);
}

static bn_status graph_new(struct graph *g, const struct bn_mat *x, size_t k)
{
    const size_t n = x->rows;
    struct neighbours s;

    *g = (struct graph){ .n = n };
    bn_status rc = neighbours_of(x, k, &s);
    if (rc == BN_OK) {
        g->edge = bn_alloc(2 * n * (k + 1), sizeof *g->edge);
        g->start = bn_alloc(n + 1, sizeof *g->start);
        g->heap = bn_alloc(2 * n * (k + 1) + 1, sizeof *g->heap);
        if (g->edge == NULL || g->start == NULL || g->heap == NULL)
            rc = BN_NOMEM;
    }
    for (size_t i = 0; rc == BN_OK && i < n; i++)
        for (size_t j = 0; j < k; j++)
            join(g, i, s.index[i * k + j], s.distance[i * k + j]);
    neighbours_free(&s);
    if (rc == BN_OK)
        rc = spanning_tree(x, g);
    if (rc != BN_OK)
        return rc;
    qsort(g->edge, g->edges, sizeof *g->edge, by_source);
    for (size_t i = 0, e = 0; i <= n; i++) {
        while (e < g->edges && g->edge[e].from < i)
            e++;
        g->start[i] = e;
    }
    return BN_OK;
}

static void heap_up(struct crowd *h, size_t k)
{
    const struct crowd x = h[k];

    for (; k > 0 && by_distance(&h[(k - 1) / 2], &x) > 0; k = (k - 1) / 2)
        h[k] = h[(k - 1) / 2];
    h[k] = x;
}

static struct crowd heap_pop(struct crowd *h, size_t *n)
{
    const struct crowd least = h[0], x = h[--*n];
    size_t k = 0;

    for (size_t child = 1; child < *n; child = 2 * k + 1) {
        if (child + 1 < *n && by_distance(&h[child + 1], &h[child]) < 0)
            child++;
        if (by_distance(&h[child], &x) >= 0)
            break;
        h[k] = h[child];
        k = child;
    }
    h[k] = x;
    return least;
}

/* Dijkstra: length [n] of the shortest ways from a point. */
static void shortest(struct graph *g, size_t from, double *length)
{
    size_t n = 0;

    for (size_t i = 0; i < g->n; i++)
        length[i] = INFINITY;
    length[from] = 0.0;
    g->heap[n++] = (struct crowd){ 0.0, from };
    while (n > 0) {
        const struct crowd at = heap_pop(g->heap, &n);
        if (at.distance > length[at.point])
            continue;
        for (size_t e = g->start[at.point]; e < g->start[at.point + 1]; e++) {
            const double d = at.distance + g->edge[e].length;
            if (!(d < length[g->edge[e].to]))
                continue;
            length[g->edge[e].to] = d;
            g->heap[n] = (struct crowd){ d, g->edge[e].to };
            heap_up(g->heap, n++);
        }
    }
}

/* --- landmarks ------------------------------------------------------------------------------ */

/* Unit vectors; a point at the origin has no direction. */
static bn_status directions(const struct bn_mat *x, struct bn_mat *unit)
{
    BN_TRY(bn_mat_alloc(unit, x->rows, x->cols));
    for (size_t i = 0; i < x->rows; i++) {
        const double norm = bn_norm(x->cols, bn_mat_row(x, i));
        if (!(norm > 0.0)) {
            bn_mat_free(unit);
            return bn_fail(BN_INPUT, "point %zu is at the mean and has no direction: take "
                           "distance = euclidean", i);
        }
        for (size_t k = 0; k < x->cols; k++)
            *bn_mat_at(unit, i, k) = *bn_mat_at(x, i, k) / norm;
    }
    return BN_OK;
}

/* near [P] is INFINITY at first; far [P] is room. */
static double max_min(const struct bn_mat *x, struct graph *g, size_t *index, size_t count,
                      struct bn_mat *all, double *near)
{
    size_t next = 0;

    for (size_t k = 0; k < count; k++) {
        double *far = bn_mat_row(all, k);
        index[k] = next;
        if (g != NULL)
            shortest(g, next, far);
        for (size_t i = 0; i < x->rows; i++) {
            far[i] = g != NULL ? far[i] : apart(x, i, index[k]);
            near[i] = fmin(near[i], far[i]);
        }
        for (size_t i = next = 0; i < x->rows; i++)
            next = near[i] > near[next] ? i : next;
    }
    return near[next];
}

bn_status bn_cloud_landmarks(const struct bn_mat *x, enum bn_metric metric, size_t neighbours,
                             size_t *index, struct bn_mat *distance, double *cover)
{
    const size_t n = x->rows, count = distance->rows;
    struct bn_mat unit = { 0 }, all = { 0 };
    struct graph g = { 0 };

    if (count == 0 || count > n || distance->cols != count)
        return bn_fail(BN_USAGE, "%zu landmarks of %zu points: between 1 and all are taken",
                       count, n);
    double *near = bn_alloc(n, sizeof *near);
    bn_status rc = near == NULL ? BN_NOMEM : bn_mat_alloc(&all, count, n);
    if (rc == BN_OK && metric == BN_COSINE)
        rc = directions(x, &unit);
    if (rc == BN_OK && metric == BN_GEODESIC)
        rc = graph_new(&g, x, neighbours);
    if (rc == BN_OK) {
        for (size_t i = 0; i < n; i++)
            near[i] = INFINITY;
        *cover = max_min(metric == BN_COSINE ? &unit : x, metric == BN_GEODESIC ? &g : NULL,
                         index, count, &all, near);
        /* There and back are sums in another order: the smaller one counts for both. */
        for (size_t i = 0; i < count; i++)
            for (size_t j = 0; j < count; j++)
                *bn_mat_at(distance, i, j) = fmin(*bn_mat_at(&all, i, index[j]),
                                                  *bn_mat_at(&all, j, index[i]));
    }
    graph_free(&g);
    bn_mat_free(&unit);
    bn_mat_free(&all);
    free(near);
    return rc;
}
