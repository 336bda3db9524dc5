/* SPDX-License-Identifier: MIT */
#include <basin/doublets.h>
#include <basin/mem.h>
#include <basin/sort.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A vector that lies in a plane of N dimensions by chance has a share of 2/N; below this
 * one it belongs to none.                                                   */
static const double LEAST = 0.05;

/* Units: a real eigenvalue or a complex pair, which wants two places of a harmonic.  */
struct matching {
    size_t units, harmonics;
    const size_t *places;                /* [harmonics] functions of each */
    size_t *first, *members, *home;      /* [units]; home = harmonics: none */
    size_t *used;                        /* [harmonics] places taken */
    double *share;                       /* [units, harmonics] squared projection */
};

/* Columns first .. first + count of c made orthonormal: rows of `plane`; how many. */
static size_t plane_of(const struct bn_mat *c, size_t first, size_t count, struct bn_mat *plane)
{
    const size_t n = c->rows;
    size_t have = 0;

    for (size_t k = first; k < first + count; k++) {
        double *to = bn_mat_row(plane, have);
        for (size_t i = 0; i < n; i++)
            to[i] = *bn_mat_at(c, i, k);
        const double before = bn_norm(n, to);
        for (size_t pass = 0; pass < 2 * have; pass++) {
            const double *e = bn_mat_row(plane, pass % have), p = bn_dot(n, e, to);
            for (size_t i = 0; i < n; i++)
                to[i] -= p * e[i];
        }
        const double norm = bn_norm(n, to);
        if (!(norm > 1e-12 * before) || norm == 0.0)
            continue;
        for (size_t i = 0; i < n; i++)
            to[i] /= norm;
        have++;
    }
    return have;
}

static double share_of(const struct bn_mat *vectors, size_t first, size_t members,
                       const struct bn_mat *plane, size_t dimensions)
{
    const size_t n = vectors->cols;
    double on = 0.0, all = 0.0;

    for (size_t m = 0; m < members; m++) {
        const double *v = bn_mat_row(vectors, first + m);
        all += bn_dot(n, v, v);
        for (size_t d = 0; d < dimensions; d++) {
            const double p = bn_dot(n, v, bn_mat_row(plane, d));
            on += p * p;
        }
    }
    return all > 0.0 ? on / all : 0.0;
}

static double gain(const struct matching *m, size_t u, size_t h)
{
    return h == m->harmonics ? 0.0
        : (double)m->members[u] * (m->share[u * m->harmonics + h] - LEAST);
}

static void move(struct matching *m, size_t u, size_t h)
{
    if (m->home[u] < m->harmonics)
        m->used[m->home[u]] -= m->members[u];
    m->home[u] = h;
    if (h < m->harmonics)
        m->used[h] += m->members[u];
}

/* The clearest unit that has no home and gains by a place that is free. */
static bool settle_one(struct matching *m)
{
    size_t unit = m->units, at = 0;
    double best = 0.0;

    for (size_t u = 0; u < m->units; u++)
        for (size_t h = 0; m->home[u] == m->harmonics && h < m->harmonics; h++)
            if (m->used[h] + m->members[u] <= m->places[h]
                && gain(m, u, h) > best * (1.0 + 1e-12)) {
                best = gain(m, u, h);
                unit = u;
                at = h;
            }
    if (unit < m->units)
        move(m, unit, at);
    return unit < m->units;
}

static double total(const struct matching *m)
{
    double s = 0.0;
    for (size_t u = 0; u < m->units; u++)
        s += gain(m, u, m->home[u]);
    return s;
}

/* Give u the harmonic h, turn out who is in the way, and let those find other places. */
static bool improves(struct matching *m, size_t u, size_t h, size_t *before)
{
    const double was = total(m);

    memcpy(before, m->home, m->units * sizeof *before);
    move(m, u, m->harmonics);
    while (m->used[h] + m->members[u] > m->places[h]) {
        size_t out = m->units;
        for (size_t k = 0; k < m->units; k++)
            if (m->home[k] == h && (out == m->units || gain(m, k, h) < gain(m, out, h)))
                out = k;
        move(m, out, m->harmonics);
    }
    move(m, u, h);
    while (settle_one(m)) {}
    if (total(m) > was + 1e-9)
        return true;
    for (size_t k = 0; k < m->units; k++)
        move(m, k, m->harmonics);
    for (size_t k = 0; k < m->units; k++)
        move(m, k, before[k]);
    return false;
}

/* Largest sum of shares: the clearest first, then any change that is for the better (two
 * harmonics may have mixed into a real and a complex pair, so the clearest are in the
 * way).                                                                     */
static bn_status settle(struct matching *m)
{
    size_t *before = bn_alloc(m->units, sizeof *before);
    bool better = true;

    if (before == NULL)
        return BN_NOMEM;
    while (settle_one(m)) {}
    while (better) {
        better = false;
        for (size_t u = 0; u < m->units; u++)
            for (size_t h = 0; h < m->harmonics; h++)
                if (m->home[u] != h && m->members[u] <= m->places[h] && gain(m, u, h) > 0.0)
                    better = improves(m, u, h, before) || better;
    }
    free(before);
    return BN_OK;
}

static void fill(const struct matching *m, const double *re, const double *im,
                 struct bn_doublet *out)
{
    for (size_t h = 0; h < m->harmonics; h++)
        out[h] = (struct bn_doublet){ 0 };
    for (size_t u = 0; u < m->units; u++) {
        const size_t h = m->home[u];
        for (size_t e = 0; h < m->harmonics && e < m->members[u]; e++) {
            struct bn_doublet *d = &out[h];
            d->index[d->count] = m->first[u] + e;
            d->re[d->count] = re[m->first[u] + e];
            d->im[d->count++] = im[m->first[u] + e];
            d->overlap += m->share[u * m->harmonics + h];
        }
    }
    for (size_t h = 0; h < m->harmonics; h++)
        if (out[h].count > 0)
            out[h].overlap = sqrt(out[h].overlap / (double)out[h].count);
}

static bn_status matching_new(struct matching *m, const double *im, size_t found,
                              const size_t *places, size_t harmonics)
{
    *m = (struct matching){ .harmonics = harmonics, .places = places,
        .first = bn_alloc(found, sizeof *m->first), .members = bn_alloc(found, sizeof *m->members),
        .home = bn_alloc(found, sizeof *m->home), .used = bn_alloc(harmonics, sizeof *m->used),
        .share = bn_alloc(found * harmonics, sizeof *m->share) };
    if (m->first == NULL || m->members == NULL || m->home == NULL || m->used == NULL
        || m->share == NULL)
        return BN_NOMEM;
    for (size_t e = 0; e < found; e += m->members[m->units++]) {
        m->first[m->units] = e;
        m->members[m->units] = im[e] > 0.0 && e + 1 < found ? 2 : 1;
        m->home[m->units] = harmonics;
    }
    return BN_OK;
}

static void matching_free(struct matching *m)
{
    free(m->first);
    free(m->members);
    free(m->home);
    free(m->used);
    free(m->share);
}

static bn_status match(struct matching *m, const double *im, const struct bn_mat *vectors,
                       size_t found, const struct bn_mat *c, const size_t *places,
                       size_t harmonics)
{
    struct bn_mat plane = { 0 };
    size_t first = 0, most = 1;

    for (size_t h = 0; h < harmonics; h++)
        most = places[h] > most ? places[h] : most;
    bn_status rc = matching_new(m, im, found, places, harmonics);
    if (rc == BN_OK)
        rc = bn_mat_alloc(&plane, most, c->rows);
    for (size_t h = 0; rc == BN_OK && h < harmonics; first += places[h++]) {
        const size_t dimensions = plane_of(c, first, places[h], &plane);
        for (size_t u = 0; u < m->units; u++)
            m->share[u * harmonics + h] = share_of(vectors, m->first[u], m->members[u], &plane,
                                                   dimensions);
    }
    if (rc == BN_OK)
        rc = settle(m);
    bn_mat_free(&plane);
    return rc;
}

bn_status bn_doublets(const double *re, const double *im, const struct bn_mat *vectors,
                      size_t found, const struct bn_mat *c, size_t harmonics,
                      struct bn_doublet *out)
{
    struct matching m;

    if (harmonics == 0 || 2 * harmonics - 1 > c->cols || vectors->cols != c->rows)
        return bn_fail(BN_INPUT, "%zu harmonics of %zu x %zu coefficients for vectors of %zu "
                       "neurons", harmonics, c->rows, c->cols, vectors->cols);
    size_t *places = bn_alloc(harmonics, sizeof *places);
    if (places == NULL)
        return BN_NOMEM;
    for (size_t h = 0; h < harmonics; h++)
        places[h] = h == 0 ? 1 : 2;
    const bn_status rc = match(&m, im, vectors, found, c, places, harmonics);
    if (rc == BN_OK)
        fill(&m, re, im, out);
    matching_free(&m);
    free(places);
    return rc;
}

bn_status bn_shells(const double *im, const struct bn_mat *vectors, size_t found,
                    const struct bn_mat *c, const size_t *size, size_t shells, size_t *home,
                    double *overlap)
{
    struct matching m;
    size_t all = 0;

    for (size_t h = 0; h < shells; h++)
        all += size[h];
    if (shells == 0 || all > c->cols || vectors->cols != c->rows)
        return bn_fail(BN_INPUT, "%zu shells of %zu functions, %zu x %zu coefficients and vectors "
                       "of %zu neurons", shells, all, c->rows, c->cols, vectors->cols);
    const bn_status rc = match(&m, im, vectors, found, c, size, shells);
    for (size_t u = 0; rc == BN_OK && u < m.units; u++)
        for (size_t e = 0; e < m.members[u]; e++) {
            home[m.first[u] + e] = m.home[u];
            overlap[m.first[u] + e] = m.home[u] < shells
                                    ? sqrt(m.share[u * shells + m.home[u]]) : 0.0;
        }
    matching_free(&m);
    return rc;
}

double bn_doublet_deviation(const struct bn_doublet *d, double predicted)
{
    double worst = 0.0;
    for (size_t e = 0; e < d->count; e++)
        worst = fmax(worst, hypot(d->re[e] - predicted, d->im[e]));
    return worst / fabs(predicted);
}

double bn_doublet_splitting(const struct bn_doublet *d)
{
    const double re = d->re[0] - d->re[1], im = d->im[0] - d->im[1];
    return d->count == 2 ? hypot(re, im) / hypot(d->re[0] + d->re[1], d->im[0] + d->im[1]) : 0.0;
}

double bn_participation(const struct bn_mat *c)
{
    const double norm = bn_mat_norm(c);
    double trace = 0.0;

    for (size_t k = 0; k < c->rows; k++)
        trace += *bn_mat_at(c, k, k);
    return norm > 0.0 ? (trace / norm) * (trace / norm) : 0.0;
}
