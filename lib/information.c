/* SPDX-License-Identifier: MIT */
#include <basin/information.h>

#include <basin/mem.h>
#include <basin/sort.h>
#include <basin/tile.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

static bool visited(double seconds, double least)
{
    return seconds > 0.0 && seconds >= least;
}

struct bn_information bn_information(const double *rate, const double *seconds, size_t bins,
                                     double least)
{
    struct bn_information i = { .sparsity = 1.0 };
    double time = 0.0, sum = 0.0, squares = 0.0, logs = 0.0;

    for (size_t b = 0; b < bins; b++) {
        if (!visited(seconds[b], least))
            continue;
        time += seconds[b];
        sum += seconds[b] * rate[b];
        squares += seconds[b] * rate[b] * rate[b];
        if (rate[b] > 0.0)
            logs += seconds[b] * rate[b] * log2(rate[b]);
    }
    if (!(sum > 0.0))
        return i;
    i.mean = sum / time;
    i.sparsity = sum * sum / (time * squares);
    i.per_spike = fmax(0.0, logs / sum - log2(i.mean));
    i.per_second = i.mean * i.per_spike;
    return i;
}

/* --- correlations ------------------------------------------------------------------ */

struct pairs {
    double n, a, b, aa, bb, ab;
};

static void pair(struct pairs *p, double a, double b)
{
    p->n += 1.0, p->a += a, p->b += b;
    p->aa += a * a, p->bb += b * b, p->ab += a * b;
}

static double correlation(const struct pairs *p)
{
    const double aa = p->aa - p->a * p->a / p->n, bb = p->bb - p->b * p->b / p->n;

    if (p->n < 3.0 || !(aa > 1e-12 * p->aa) || !(bb > 1e-12 * p->bb))
        return 0.0;
    const double r = (p->ab - p->a * p->b / p->n) / sqrt(aa * bb);
    return fmax(-1.0, fmin(1.0, r));
}

/* Mean over the visited neighbours of bin (i, j); false if there are none. */
static bool neighbours(const double *raw, const double *seconds, const size_t count[2],
                       double least, size_t bin, double *mean)
{
    const size_t i = bin / count[1], j = bin % count[1];
    double n = 0.0, sum = 0.0;

    for (size_t k = i > 0 ? i - 1 : 0; k <= i + 1 && k < count[0]; k++)
        for (size_t l = j > 0 ? j - 1 : 0; l <= j + 1 && l < count[1]; l++) {
            const size_t b = k * count[1] + l;
            if (b != bin && visited(seconds[b], least))
                n += 1.0, sum += raw[b];
        }
    *mean = n > 0.0 ? sum / n : 0.0;
    return n > 0.0;
}

double bn_coherence(const double *raw, const double *seconds, const size_t count[2],
                    double least)
{
    const double most = 1.0 - 1e-12;
    struct pairs p = {0};
    double mean;

    for (size_t b = 0; b < count[0] * count[1]; b++)
        if (visited(seconds[b], least) &&
            neighbours(raw, seconds, count, least, b, &mean))
            pair(&p, raw[b], mean);
    return atanh(fmax(-most, fmin(most, correlation(&p))));
}

double bn_map_correlation(const double *a, const double *seconds_a, const double *b,
                          const double *seconds_b, size_t bins, double least)
{
    struct pairs p = {0};

    for (size_t k = 0; k < bins; k++)
        if (visited(seconds_a[k], least) && visited(seconds_b[k], least))
            pair(&p, a[k], b[k]);
    return correlation(&p);
}

/* --- shuffles ---------------------------------------------------------------------- */

struct shuffle {
    const struct bn_visits *v;
    const struct bn_blunt *g;
    const struct bn_firing *firing;
    const struct bn_shuffles *s;
    size_t bins, nearest;                /* visits that a shift is at least */
    uint32_t *twice;                     /* bins of all visits, twice over: no modulo */
    double *seconds, *blunt;             /* seconds per bin, and smoothed */
    double *per_spike;
};

bn_status bn_firing_new(struct bn_firing *f, uint64_t unit, const double *spikes,
                        size_t visits)
{
    size_t n = 0;

    *f = (struct bn_firing){ .unit = unit };
    for (size_t k = 0; k < visits; k++)
        n += spikes[k] > 0.0;
    f->visit = bn_alloc(n, sizeof *f->visit);
    f->spikes = bn_alloc(n, sizeof *f->spikes);
    if (f->visit == NULL || f->spikes == NULL) {
        bn_firing_free(f);
        return BN_NOMEM;
    }
    for (size_t k = 0; k < visits; k++)
        if (spikes[k] > 0.0) {
            f->visit[f->n] = (uint32_t)k;
            f->spikes[f->n++] = (uint32_t)spikes[k];
        }
    return BN_OK;
}

void bn_firing_free(struct bn_firing *f)
{
    free(f->visit), free(f->spikes);
    *f = (struct bn_firing){0};
}

static double shifted(const struct shuffle *s, const struct bn_firing *f, size_t by,
                      double *map)
{
    double *smooth = map + s->bins, *scratch = smooth + s->bins;
    const uint32_t *bin = s->twice + by;

    memset(map, 0, s->bins * sizeof *map);
    for (size_t k = 0; k < f->n; k++)
        map[bin[f->visit[k]]] += (double)f->spikes[k];
    bn_blunt_apply(s->g, map, scratch, smooth);
    for (size_t b = 0; b < s->bins; b++)
        smooth[b] = s->blunt[b] > 0.0 ? smooth[b] / s->blunt[b] : 0.0;
    return bn_information(smooth, s->seconds, s->bins, s->s->least).per_spike;
}

static bn_status shuffle_row(void *context, size_t row)
{
    const struct shuffle *s = context;
    const size_t shuffles = s->s->n, room = s->v->n - 2 * s->nearest + 1;
    double *map = bn_alloc(3 * s->bins, sizeof *map);
    double *out = s->per_spike + row * shuffles;

    if (map == NULL)
        return BN_NOMEM;
    bn_rng_uniforms(s->s->rng, s->firing[row].unit, 0, out, shuffles);
    for (size_t k = 0; k < shuffles; k++) {
        const size_t draw = (size_t)(out[k] * (double)room);
        const size_t by = s->nearest + (draw < room ? draw : room - 1);
        out[k] = shifted(s, &s->firing[row], by % s->v->n, map);
    }
    bn_sort(out, shuffles);
    free(map);
    return BN_OK;
}

static bn_status shuffle_begin(struct shuffle *s)
{
    const size_t n = s->v->n;
    double total = 0.0;

    s->bins = s->v->count[0] * s->v->count[1];
    for (size_t k = 0; k < n; k++)
        total += s->v->seconds[k];
    if (n == 0 || total < 2.0 * s->s->shift_min * (1.0 - 1e-9) || n > UINT32_MAX)
        return bn_fail(BN_USAGE,
                       "spikes are shifted by at least %g s, but only %g s count: take a "
                       "smaller shift_min or a longer epoch", s->s->shift_min, total);
    s->nearest = (size_t)ceil(s->s->shift_min / total * (double)n * (1.0 - 1e-12));
    if (2 * s->nearest > n)
        s->nearest = n / 2;
    s->twice = bn_alloc(2 * n, sizeof *s->twice);
    s->seconds = bn_alloc(3 * s->bins, sizeof *s->seconds);
    if (s->twice == NULL || s->seconds == NULL)
        return BN_NOMEM;
    for (size_t k = 0; k < 2 * n; k++)
        s->twice[k] = (uint32_t)s->v->bin[k % n];
    s->blunt = s->seconds + s->bins;
    bn_ratemap_sum(s->v, NULL, 2, s->seconds);
    bn_blunt_apply(s->g, s->seconds, s->blunt + s->bins, s->blunt);
    return BN_OK;
}

bn_status bn_information_shuffle(const struct bn_visits *v, const struct bn_blunt *g,
                                 const struct bn_firing *firing, size_t rows,
                                 const struct bn_shuffles *shuffles, double *per_spike)
{
    struct shuffle s = { .v = v, .g = g, .firing = firing, .s = shuffles,
                         .per_spike = per_spike };

    bn_status rc = shuffle_begin(&s);
    if (rc == BN_OK)
        rc = bn_tiles(rows, shuffle_row, &s);
    free(s.twice), free(s.seconds);
    return rc;
}

double bn_shuffle_p(const double *sorted, size_t n, double x)
{
    size_t below = 0;

    while (below < n && sorted[below] < x)
        below++;
    return (1.0 + (double)(n - below)) / (1.0 + (double)n);
}
