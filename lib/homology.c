/* SPDX-License-Identifier: MIT
 *
 * A simplex is one 64-bit key: the rank of its diameter among all distances in the high 24
 * bits, in the low 40 the complement of its number in the combinatorial number system,
 * sum_i C(v_i, d + 1 - i) over vertices v_0 > v_1 > ... > v_d.  So keys of one dimension are
 * in the order of the filtration: by diameter, and among equal ones the largest number first.
 * That is the order in which pairs of equal diameter are found by the first hit:
 *     cofacets with the vertex taken from high to low are numbered downwards, so the first of
 *     the simplex' own diameter is its earliest cofacet;
 *     facets that drop the vertices from high to low are numbered upwards, so the first of
 *     the simplex' own diameter is its latest facet.
 * Equal distances have equal ranks.                                          */
#include <basin/homology.h>
#include <basin/mem.h>
#include <basin/sort.h>
#include <basin/tile.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { BITS = 40, MOST_VERTICES = BN_HOMOLOGY_TOP + 2, EDGES_PER_TILE = 256 };
static const uint64_t NUMBER = ((uint64_t)1 << BITS) - 1, NONE = UINT64_MAX;
static const uint32_t BEYOND = UINT32_MAX;

struct list {
    uint64_t *at;
    size_t n, room;
};

struct map {                             /* open addressing; room is a power of two */
    uint64_t *key;
    size_t *value, n, room;
};

struct complex {
    size_t n;
    uint32_t *rank;                      /* [n, n]; BEYOND on the diagonal and after `last` */
    uint32_t last;                       /* rank of the last distance up to the radius */
    double *value;                       /* distance by rank */
    uint64_t *binomial[MOST_VERTICES + 1];       /* C(v, k) */
    struct list edges;                   /* upwards */
    size_t bytes, limit;
};

/* --- memory that counts ------------------------------------------------------------------- */

static bn_status charge(struct complex *c, size_t bytes)
{
    c->bytes += bytes;
    if (c->limit != 0 && c->bytes > c->limit)
        return bn_fail(BN_NOMEM, "homology of %zu points takes more than %.3g MB: take fewer "
                       "points, a smaller radius or a lower dimension", c->n,
                       (double)c->limit / 1e6);
    return BN_OK;
}

static bn_status push(struct complex *c, struct list *l, uint64_t x)
{
    if (l->n == l->room) {
        const size_t room = l->room > 0 ? 2 * l->room : 64;
        BN_TRY(charge(c, (room - l->room) * sizeof *l->at));
        uint64_t *at = bn_grow(l->at, room, sizeof *at);
        if (at == NULL)
            return BN_NOMEM;
        l->at = at;
        l->room = room;
    }
    l->at[l->n++] = x;
    return BN_OK;
}

static void drop(struct complex *c, struct list *l)
{
    c->bytes -= l->room * sizeof *l->at;
    free(l->at);
    *l = (struct list){ 0 };
}

static size_t slot(const struct map *m, uint64_t key)
{
    size_t k = (size_t)((key * 0x9e3779b97f4a7c15u) >> 20) & (m->room - 1);

    while (m->key[k] != NONE && m->key[k] != key)
        k = (k + 1) & (m->room - 1);
    return k;
}

static void map_free(struct complex *c, struct map *m)
{
    c->bytes -= m->room * (sizeof *m->key + sizeof *m->value);
    free(m->key);
    free(m->value);
    *m = (struct map){ 0 };
}

static bn_status map_put(struct complex *c, struct map *m, uint64_t key, size_t value)
{
    if (2 * (m->n + 1) > m->room) {
        struct map more = { .room = m->room > 0 ? 2 * m->room : 1024, .n = m->n };
        BN_TRY(charge(c, more.room * (sizeof *m->key + sizeof *m->value)));
        more.key = bn_alloc(more.room, sizeof *more.key);
        more.value = bn_alloc(more.room, sizeof *more.value);
        if (more.key == NULL || more.value == NULL) {
            map_free(c, &more);
            return BN_NOMEM;
        }
        memset(more.key, 0xff, more.room * sizeof *more.key);
        for (size_t k = 0; k < m->room; k++)
            if (m->key[k] != NONE) {
                const size_t at = slot(&more, m->key[k]);
                more.key[at] = m->key[k];
                more.value[at] = m->value[k];
            }
        map_free(c, m);
        *m = more;
    }
    const size_t at = slot(m, key);
    m->n += m->key[at] == NONE;
    m->key[at] = key;
    m->value[at] = value;
    return BN_OK;
}

static bool map_get(const struct map *m, uint64_t key, size_t *value)
{
    if (m->room == 0)
        return false;
    const size_t at = slot(m, key);
    if (m->key[at] == NONE)
        return false;
    *value = m->value[at];
    return true;
}

/* --- columns in Z2: binary heaps in which equal keys cancel ------------------------------- */

static bn_status heap_push(struct complex *c, struct list *h, uint64_t x)
{
    BN_TRY(push(c, h, x));
    size_t k = h->n - 1;
    for (; k > 0 && h->at[(k - 1) / 2] > x; k = (k - 1) / 2)
        h->at[k] = h->at[(k - 1) / 2];
    h->at[k] = x;
    return BN_OK;
}

static void sink(struct list *h, size_t k)
{
    const uint64_t x = h->at[k];

    for (size_t child = 2 * k + 1; child < h->n; child = 2 * k + 1) {
        if (child + 1 < h->n && h->at[child + 1] < h->at[child])
            child++;
        if (h->at[child] >= x)
            break;
        h->at[k] = h->at[child];
        k = child;
    }
    h->at[k] = x;
}

static uint64_t heap_pop(struct list *h)
{
    const uint64_t x = h->at[0];

    h->at[0] = h->at[--h->n];
    if (h->n > 0)
        sink(h, 0);
    return x;
}

/* The smallest key that is there an odd number of times, taken out; NONE. */
static uint64_t pop_pivot(struct list *h)
{
    while (h->n > 0) {
        const uint64_t x = heap_pop(h);
        if (h->n == 0 || h->at[0] != x)
            return x;
        heap_pop(h);
    }
    return NONE;
}

/* --- simplices ---------------------------------------------------------------------------- */

static uint64_t key_of(uint32_t rank, uint64_t number)
{
    return (uint64_t)rank << BITS | (NUMBER - number);
}

static uint32_t rank_of(uint64_t key)
{
    return (uint32_t)(key >> BITS);
}

/* Vertices v[0] > v[1] > ... > v[d]: each time the largest v with C(v, k) <= number. */
static void vertices_of(const struct complex *c, uint64_t key, int d, uint32_t *v)
{
    uint64_t number = NUMBER - (key & NUMBER);
    size_t high = c->n;

    for (int i = 0; i <= d; i++) {
        const uint64_t *b = c->binomial[d + 1 - i];
        size_t low = 0;
        while (high - low > 1) {
            const size_t middle = (low + high) / 2;
            if (b[middle] <= number)
                low = middle;
            else
                high = middle;
        }
        v[i] = (uint32_t)low;
        number -= b[low];
        high = low > 0 ? low : 1;
    }
}

/* Cofacets of a simplex, numbered downwards. */
struct cofacets {
    const struct complex *c;
    const uint32_t *row[MOST_VERTICES];  /* ranks of the distances from each vertex */
    uint32_t v[MOST_VERTICES], own;      /* vertices; rank of the simplex */
    int d, above;                        /* vertices larger than the next one */
    uint64_t high, low;                  /* their part of the number, and that of the rest */
    size_t next;                         /* vertices below it are still to come */
};

/* With the vertices in f->v. */
static void begin_cofacets(struct cofacets *f, const struct complex *c, uint64_t key, int d)
{
    f->c = c;
    f->own = rank_of(key);
    f->d = d;
    f->above = 0;
    f->high = 0;
    f->low = NUMBER - (key & NUMBER);
    f->next = c->n;
    for (int i = 0; i <= d; i++)
        f->row[i] = c->rank + (size_t)f->v[i] * c->n;
}

static void cofacets_of(struct cofacets *f, const struct complex *c, uint64_t key, int d)
{
    vertices_of(c, key, d, f->v);
    begin_cofacets(f, c, key, d);
}

/* The next one with a rank up to `most`, or NONE. */
static uint64_t next_cofacet(struct cofacets *f, uint32_t most)
{
    const int d = f->d;

    while (f->next > 0) {
        const size_t v = --f->next;
        uint32_t rank = f->own;
        for (int i = 0; i <= d; i++)
            rank = f->row[i][v] > rank ? f->row[i][v] : rank;
        if (rank > most)
            continue;
        while (f->above <= d && f->v[f->above] > v) {
            f->low -= f->c->binomial[d + 1 - f->above][f->v[f->above]];
            f->high += f->c->binomial[d + 2 - f->above][f->v[f->above]];
            f->above++;
        }
        return key_of(rank, f->high + f->c->binomial[d + 2 - f->above][v] + f->low);
    }
    return NONE;
}

/* The earliest cofacet, if its diameter is that of the simplex. */
static uint64_t twin_cofacet(const struct complex *c, uint64_t key, int d)
{
    struct cofacets f;

    cofacets_of(&f, c, key, d);
    return next_cofacet(&f, f.own);
}

/* The latest facet of a simplex with vertices v, if its diameter is that of the simplex. */
static uint64_t twin_facet(const struct complex *c, uint64_t key, const uint32_t *v, int d)
{
    for (int out = 0; out <= d; out++) {
        uint64_t number = 0;
        uint32_t rank = 0;
        for (int i = 0, k = d; i <= d; i++) {
            if (i == out)
                continue;
            number += c->binomial[k--][v[i]];
            for (int j = i + 1; j <= d; j++) {
                const uint32_t r = c->rank[(size_t)v[i] * c->n + v[j]];
                if (j != out)
                    rank = r > rank ? r : rank;
            }
        }
        if (rank == rank_of(key))
            return key_of(rank, number);
    }
    return NONE;
}

/* The other half of an apparent pair, one dimension lower or higher; NONE.  v: vertices. */
static uint64_t apparent_facet(const struct complex *c, uint64_t key, const uint32_t *v, int d)
{
    const uint64_t facet = twin_facet(c, key, v, d);

    return facet != NONE && twin_cofacet(c, facet, d - 1) == key ? facet : NONE;
}

static uint64_t apparent_cofacet(const struct complex *c, uint64_t key, const uint32_t *v,
                                 int d)
{
    struct cofacets f;
    uint32_t w[MOST_VERTICES];

    memcpy(f.v, v, sizeof f.v);
    begin_cofacets(&f, c, key, d);
    const uint64_t cofacet = next_cofacet(&f, f.own);
    if (cofacet == NONE)
        return NONE;
    for (int i = 0, k = 0; i <= d + 1; i++)          /* f.next is the new vertex */
        w[i] = i == f.above ? (uint32_t)f.next : v[k++];
    return twin_facet(c, cofacet, w, d + 1) == key ? cofacet : NONE;
}

static uint64_t facet_of_pair(const struct complex *c, uint64_t key, int d)
{
    uint32_t v[MOST_VERTICES];

    vertices_of(c, key, d, v);
    return apparent_facet(c, key, v, d);
}

/* --- the filtration ----------------------------------------------------------------------- */

static int by_key(const void *a, const void *b)
{
    const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

    return (x > y) - (x < y);
}

static bn_status check(const struct bn_mat *m, int top)
{
    const size_t n = m->rows;
    const size_t most = top < 2 ? BN_HOMOLOGY_LOOPS : BN_HOMOLOGY_POINTS;

    if (m->cols != n || n == 0)
        return bn_fail(BN_INPUT, "distances are %zu x %zu: a square matrix is needed", n,
                       m->cols);
    if (top < 0 || top > BN_HOMOLOGY_TOP)
        return bn_fail(BN_USAGE, "homology of dimension %d: 0 to %d is computed", top,
                       BN_HOMOLOGY_TOP);
    if (n > most)
        return bn_fail(BN_USAGE, "homology of %zu points: at most %zu; choose landmarks", n,
                       most);
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j <= i; j++) {
            const double d = *bn_mat_at(m, i, j);
            if (!(d >= 0.0) || d != *bn_mat_at(m, j, i) || (i == j && d != 0.0) || isinf(d))
                return bn_fail(BN_INPUT, "distances %g and %g between points %zu and %zu: they "
                               "must be finite, not negative, symmetric and 0 on the diagonal",
                               d, *bn_mat_at(m, j, i), i, j);
        }
    return BN_OK;
}

static double enclosing(const struct bn_mat *m)
{
    double least = INFINITY;

    for (size_t i = 0; i < m->rows; i++) {
        double most = 0.0;
        for (size_t j = 0; j < m->cols; j++)
            most = fmax(most, *bn_mat_at(m, i, j));
        least = fmin(least, most);
    }
    return least;
}

/* The distinct distances up to the radius, upwards; value[0] is 0. */
static size_t distinct(const struct bn_mat *m, double radius, double *value)
{
    size_t n = 1, k = 1;

    value[0] = 0.0;
    for (size_t i = 0; i < m->rows; i++)
        for (size_t j = 0; j < i; j++)
            if (*bn_mat_at(m, i, j) <= radius)
                value[n++] = *bn_mat_at(m, i, j);
    bn_sort(value, n);
    for (size_t i = 1; i < n; i++)
        if (value[i] > value[k - 1])
            value[k++] = value[i];
    return k;
}

static uint32_t find(const double *value, size_t n, double d)
{
    size_t low = 0, high = n;

    while (high - low > 1) {
        const size_t middle = (low + high) / 2;
        if (value[middle] <= d)
            low = middle;
        else
            high = middle;
    }
    return (uint32_t)low;
}

static bn_status rank_edges(struct complex *c, const struct bn_mat *m, double radius)
{
    const size_t n = c->n, pairs = n * (n - 1) / 2;

    BN_TRY(charge(c, n * n * sizeof *c->rank + (pairs + 1) * sizeof *c->value));
    c->rank = bn_alloc(n * n, sizeof *c->rank);
    c->value = bn_alloc(pairs + 1, sizeof *c->value);
    if (c->rank == NULL || c->value == NULL)
        return BN_NOMEM;
    const size_t values = distinct(m, radius, c->value);
    c->last = (uint32_t)values - 1;
    for (size_t i = 0; i < n; i++) {
        c->rank[i * n + i] = BEYOND;
        for (size_t j = 0; j < i; j++) {
            const double d = *bn_mat_at(m, i, j);
            const uint32_t rank = d <= radius ? find(c->value, values, d) : BEYOND;
            c->rank[i * n + j] = c->rank[j * n + i] = rank;
            if (rank != BEYOND)
                BN_TRY(push(c, &c->edges, key_of(rank, c->binomial[2][i] + j)));
        }
    }
    if (c->edges.n > 1)
        qsort(c->edges.at, c->edges.n, sizeof *c->edges.at, by_key);
    return BN_OK;
}

static bn_status complex_new(struct complex *c, const struct bn_mat *m, double radius,
                             size_t limit)
{
    *c = (struct complex){ .n = m->rows, .limit = limit };
    for (size_t k = 0; k <= MOST_VERTICES; k++) {
        uint64_t *b = c->binomial[k] = bn_alloc(c->n + 1, sizeof *b);
        if (b == NULL)
            return BN_NOMEM;
        for (size_t v = 0; v <= c->n; v++)
            b[v] = k == 0 ? 1 : v == 0 ? 0 : b[v - 1] + c->binomial[k - 1][v - 1];
    }
    return rank_edges(c, m, radius);
}

static void complex_free(struct complex *c)
{
    for (size_t k = 0; k <= MOST_VERTICES; k++)
        free(c->binomial[k]);
    free(c->rank);
    free(c->value);
    free(c->edges.at);
}

/* --- bars --------------------------------------------------------------------------------- */

static bn_status add_bar(struct bn_homology *h, int d, double birth, double death)
{
    const size_t n = h->count[d];

    if (!(death > birth))
        return BN_OK;
    if ((n & (n - 1)) == 0) {            /* room is the next power of two */
        struct bn_bar *bar = bn_grow(h->bar[d], n > 0 ? 2 * n : 1, sizeof *bar);
        if (bar == NULL)
            return BN_NOMEM;
        h->bar[d] = bar;
    }
    h->bar[d][h->count[d]++] = (struct bn_bar){ birth, death };
    return BN_OK;
}

static int by_length(const void *a, const void *b)
{
    const struct bn_bar *x = a, *y = b;
    const double p = x->death - x->birth, q = y->death - y->birth;

    if (p != q)
        return p > q ? -1 : 1;
    return (x->birth > y->birth) - (x->birth < y->birth);
}

static uint32_t root(uint32_t *parent, uint32_t v)
{
    while (parent[v] != v)
        v = parent[v] = parent[parent[v]];
    return v;
}

/* Components: an edge that joins two ends a bar; the others, backwards, are the columns of
 * dimension 1.                                                               */
static bn_status components(struct complex *c, struct bn_homology *h, struct list *columns)
{
    uint32_t *parent = bn_alloc(c->n, sizeof *parent), v[MOST_VERTICES] = { 0 };
    bn_status rc = parent != NULL ? BN_OK : BN_NOMEM;
    size_t left = c->n;

    for (uint32_t k = 0; rc == BN_OK && k < c->n; k++)
        parent[k] = k;
    for (size_t k = 0; rc == BN_OK && k < c->edges.n; k++) {
        const uint64_t edge = c->edges.at[k];
        vertices_of(c, edge, 1, v);
        const uint32_t a = root(parent, v[0]), b = root(parent, v[1]);
        if (a == b) {
            if (apparent_cofacet(c, edge, v, 1) == NONE)
                rc = push(c, columns, edge);
            continue;
        }
        parent[a > b ? a : b] = a > b ? b : a;
        left--;
        rc = add_bar(h, 0, 0.0, c->value[rank_of(edge)]);
    }
    for (; rc == BN_OK && left > 0; left--)
        rc = add_bar(h, 0, 0.0, INFINITY);
    free(parent);
    return rc;
}

/* --- reduction ---------------------------------------------------------------------------- */

struct reduction {
    struct complex *c;
    int d;
    struct list columns;                 /* upwards; reduced from the last one */
    struct map pivots;                   /* earliest cofacet -> which column it belongs to */
    struct list added;                   /* simplices added to each column */
    struct list start;                   /* where those of a column begin, by order of work */
    struct list sum, chain;              /* the working column; what was added to it */
    uint32_t limit;                      /* the column has its cofacets up to this rank */
};

static bn_status add_cofacets(struct reduction *r, uint64_t simplex, uint32_t from)
{
    struct cofacets f;
    uint64_t cofacet;

    cofacets_of(&f, r->c, simplex, r->d);
    while ((cofacet = next_cofacet(&f, r->limit)) != NONE)
        if (rank_of(cofacet) >= from)
            BN_TRY(heap_push(r->c, &r->sum, cofacet));
    return BN_OK;
}

static bn_status add_coboundary(struct reduction *r, uint64_t simplex)
{
    BN_TRY(heap_push(r->c, &r->chain, simplex));
    return add_cofacets(r, simplex, 0);
}

/* The pivot of the working column of a simplex.  Most cofacets of what was added are far behind
 * the pivot and never looked at, so they come in portions, when the portion before is used
 * up: for long loops among 1,000 points a tenth of the memory and half of the time.  */
static bn_status next_pivot(struct reduction *r, uint64_t simplex, uint64_t *pivot)
{
    for (;;) {
        const uint32_t before = r->limit, last = r->c->last;
        *pivot = pop_pivot(&r->sum);
        if (*pivot != NONE || before == last)
            return BN_OK;
        r->limit = last - before > last / 8 ? before + last / 8 + 1 : last;
        BN_TRY(add_cofacets(r, simplex, before + 1));
        for (size_t k = 0; k < r->chain.n; k++)
            BN_TRY(add_cofacets(r, r->chain.at[k], before + 1));
    }
}

/* Coboundary of a new column.  Its first cofacet of equal diameter is its pivot if no other
 * column has it: then nothing else is needed (emergent pair).               */
static bn_status begin_column(struct reduction *r, uint64_t simplex, uint64_t *pivot)
{
    struct cofacets f;
    uint64_t cofacet;
    bool emergent = true;
    size_t which;

    const uint32_t own = rank_of(simplex), last = r->c->last;
    r->sum.n = r->chain.n = 0;
    r->limit = last - own > last / 16 ? own + last / 16 : last;
    cofacets_of(&f, r->c, simplex, r->d);
    while ((cofacet = next_cofacet(&f, r->limit)) != NONE) {
        if (emergent && rank_of(cofacet) == own) {
            if (!map_get(&r->pivots, cofacet, &which)
                && facet_of_pair(r->c, cofacet, r->d + 1) == NONE) {
                *pivot = cofacet;
                return BN_OK;
            }
            emergent = false;
        }
        BN_TRY(push(r->c, &r->sum, cofacet));
    }
    for (size_t k = r->sum.n / 2; k-- > 0;)
        sink(&r->sum, k);
    return next_pivot(r, simplex, pivot);
}

/* Add earlier columns until the pivot is new; NONE: nothing is left. */
static bn_status reduce(struct reduction *r, uint64_t simplex, uint64_t *pivot)
{
    size_t which;

    while (*pivot != NONE) {
        uint64_t facet;
        BN_TRY(heap_push(r->c, &r->sum, *pivot));
        if (map_get(&r->pivots, *pivot, &which)) {
            const size_t from = (size_t)r->start.at[which];
            const size_t to = (size_t)r->start.at[which + 1];
            BN_TRY(add_coboundary(r, r->columns.at[r->columns.n - 1 - which]));
            for (size_t k = from; k < to; k++)
                BN_TRY(add_coboundary(r, r->added.at[k]));
        } else if ((facet = facet_of_pair(r->c, *pivot, r->d + 1)) != NONE) {
            BN_TRY(add_coboundary(r, facet));
        } else {
            return BN_OK;
        }
        BN_TRY(next_pivot(r, simplex, pivot));
    }
    return BN_OK;
}

static bn_status reduce_all(struct reduction *r, struct bn_homology *h)
{
    const double *value = r->c->value;

    BN_TRY(push(r->c, &r->start, 0));
    for (size_t k = 0; k < r->columns.n; k++) {
        const uint64_t simplex = r->columns.at[r->columns.n - 1 - k];
        uint64_t pivot, s;
        BN_TRY(begin_column(r, simplex, &pivot));
        BN_TRY(reduce(r, simplex, &pivot));
        BN_TRY(add_bar(h, r->d, value[rank_of(simplex)],
                       pivot != NONE ? value[rank_of(pivot)] : INFINITY));
        if (pivot != NONE) {
            BN_TRY(map_put(r->c, &r->pivots, pivot, k));
            while ((s = pop_pivot(&r->chain)) != NONE)
                BN_TRY(push(r->c, &r->added, s));
        }
        BN_TRY(push(r->c, &r->start, r->added.n));
    }
    return BN_OK;
}

/* --- columns of the next dimension -------------------------------------------------------- */

struct assembly {
    struct complex *c;
    const struct map *pivots;            /* of dimension 1 */
    struct list *part;                   /* triangles found from each tile of edges */
};

/* Triangles with the edge as their two smallest vertices that are in no apparent pair and
 * end no bar of dimension 1.                                                 */
static bn_status triangles_of(struct assembly *a, uint64_t edge, struct list *found)
{
    const struct complex *c = a->c;
    uint32_t t[MOST_VERTICES] = { 0 };
    size_t which;

    vertices_of(c, edge, 1, t + 1);
    const uint32_t *p = c->rank + (size_t)t[1] * c->n, *q = c->rank + (size_t)t[2] * c->n;
    const uint64_t low = NUMBER - (edge & NUMBER);
    for (size_t v = t[1] + 1; v < c->n; v++) {
        uint32_t rank = p[v] > q[v] ? p[v] : q[v];
        t[0] = (uint32_t)v;
        if (rank == BEYOND)
            continue;
        rank = rank_of(edge) > rank ? rank_of(edge) : rank;
        const uint64_t key = key_of(rank, c->binomial[3][v] + low);
        if (apparent_cofacet(c, key, t, 2) != NONE || apparent_facet(c, key, t, 2) != NONE
            || map_get(a->pivots, key, &which))
            continue;
        if (found->n == found->room) {
            const size_t room = found->room > 0 ? 2 * found->room : 64;
            uint64_t *at = bn_grow(found->at, room, sizeof *at);
            if (at == NULL)
                return BN_NOMEM;
            found->at = at;
            found->room = room;
        }
        found->at[found->n++] = key;
    }
    return BN_OK;
}

static bn_status assemble_tile(void *context, size_t t)
{
    struct assembly *a = context;
    const size_t from = t * EDGES_PER_TILE, end = from + EDGES_PER_TILE;
    const size_t to = end < a->c->edges.n ? end : a->c->edges.n;

    for (size_t k = from; k < to; k++)
        BN_TRY(triangles_of(a, a->c->edges.at[k], &a->part[t]));
    return BN_OK;
}

static bn_status assemble(struct complex *c, const struct map *pivots, struct list *columns)
{
    const size_t tiles = (c->edges.n + EDGES_PER_TILE - 1) / EDGES_PER_TILE;
    struct assembly a = { c, pivots, bn_alloc(tiles > 0 ? tiles : 1, sizeof *a.part) };

    if (a.part == NULL)
        return BN_NOMEM;
    bn_status rc = bn_tiles(tiles, assemble_tile, &a);
    for (size_t t = 0; t < tiles; t++) {
        for (size_t k = 0; rc == BN_OK && k < a.part[t].n; k++)
            rc = push(c, columns, a.part[t].at[k]);
        free(a.part[t].at);
    }
    free(a.part);
    if (rc == BN_OK && columns->n > 1)
        qsort(columns->at, columns->n, sizeof *columns->at, by_key);
    return rc;
}

static void reduction_free(struct reduction *r)
{
    map_free(r->c, &r->pivots);
    drop(r->c, &r->columns);
    drop(r->c, &r->added);
    drop(r->c, &r->start);
    drop(r->c, &r->sum);
    drop(r->c, &r->chain);
}

static bn_status bars(struct complex *c, int top, struct bn_homology *h)
{
    struct reduction loops = { .c = c, .d = 1 }, cavities = { .c = c, .d = 2 };

    bn_status rc = components(c, h, &loops.columns);
    if (rc == BN_OK && top >= 1)
        rc = reduce_all(&loops, h);
    if (rc == BN_OK && top >= 2)
        rc = assemble(c, &loops.pivots, &cavities.columns);
    reduction_free(&loops);
    if (rc == BN_OK && top >= 2)
        rc = reduce_all(&cavities, h);
    reduction_free(&cavities);
    return rc;
}

bn_status bn_homology(const struct bn_mat *distance, int top, double radius, size_t bytes,
                      struct bn_homology *h)
{
    struct complex c;

    *h = (struct bn_homology){ 0 };
    BN_TRY(check(distance, top));
    h->radius = fmin(radius, enclosing(distance));
    bn_status rc = complex_new(&c, distance, h->radius, bytes);
    if (rc == BN_OK)
        rc = bars(&c, top, h);
    complex_free(&c);
    if (rc != BN_OK)
        bn_homology_free(h);
    for (int d = 0; rc == BN_OK && d <= top; d++)
        if (h->count[d] > 0)
            qsort(h->bar[d], h->count[d], sizeof *h->bar[d], by_length);
    return rc;
}

void bn_homology_free(struct bn_homology *h)
{
    for (int d = 0; d <= BN_HOMOLOGY_TOP; d++)
        free(h->bar[d]);
    *h = (struct bn_homology){ 0 };
}
