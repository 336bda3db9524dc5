/* SPDX-License-Identifier: MIT */
#include <basin/places.h>

#include <basin/gridscore.h>
#include <basin/information.h>
#include <basin/mem.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A failure of the numbers alone does not know which file they came from. */
static void check(bn_status rc, const char *path)
{
    if (rc != BN_OK)
        bn_die(bn_fail_at(rc, "%s", path));
}

/* What all parts need; its memory is the frame's, but for the stretches. */
struct places {
    struct bn_session *s;
    const char *path, *base;
    bool *counts;                        /* [sample] */
    double least;                        /* s */
    size_t bins, units, ways;
    double way[2];                       /* 0: both; 1 forward, -1 backward */
    size_t *selected;                    /* [unit] its number among the selected */
    double *spikes;                      /* [stretch] of one unit */
};
static struct bn_stretches stretches;    /* static: dying leaves nothing unreachable */
static struct bn_blunt blunt;
static struct bn_path walked;

/* --- which samples count ----------------------------------------------------------- */

static void find_counting(struct places *p)
{
    const double slowest = bn_real("run_speed");
    const struct bn_binning binning = { .chunks = bn_count("chunks"), .gap = bn_real("gap") };
    const struct bn_trail *t = &p->s->trail;
    double seconds = 0.0, all = 0.0;

    for (size_t k = 0; k < t->n; k++)
        if (slowest > 0.0 && !(t->speed[k] >= slowest))
            p->s->track.angle[k] = NAN;
    check(bn_stretches_make(&stretches, &p->s->track, &p->s->spans, &binning), p->path);
    p->counts = (bool *)bn_scratch_vec(t->n);
    for (size_t k = 0; k < stretches.n; k++) {
        p->counts[stretches.sample[k]] = true;
        seconds += stretches.to[k] - stretches.from[k];
    }
    for (size_t i = 0; i < p->s->spans.n; i++)
        all += p->s->spans.stop[i] - p->s->spans.start[i];
    bn_say("%s: %.6g s of the epoch's %.6g s count: tracked%s", p->base, seconds, all,
           slowest > 0.0 ? " and not slower than run_speed" : "");
}

/* --- the grid ---------------------------------------------------------------------- */

static enum bn_projection projection(void)
{
    return bn_is("projection", "first")    ? BN_FIRST
           : bn_is("projection", "second") ? BN_SECOND
                                           : BN_PRINCIPAL;
}

static void say_grid(const struct places *p, double off)
{
    const struct bn_trail *t = &p->s->trail;
    const struct bn_manifold *m = &t->grid;
    const double bin = m->size[0] / (double)m->count[0];

    if (m->dimensions == 2)
        bn_say("%s: a box of %.6g x %.6g %s in %zu x %zu bins of %.4g %s", p->base, m->size[0],
               m->size[1], t->unit, m->count[0], m->count[1], bin, t->unit);
    else if (t->width == 1)
        bn_say("%s: a line of %.6g %s in %zu bins", p->base, m->size[0], t->unit, m->count[0]);
    else
        bn_say("%s: a line along (%.3f, %.3f) of %.6g %s in %zu bins of %.4g %s; positions lie "
               "%.3g %s (s.d.) off it", p->base, t->axis[0][0], t->axis[0][1], m->size[0],
               t->unit, m->count[0], bin, t->unit, off, t->unit);
}

static void make_grid(struct places *p)
{
    struct bn_trail *t = &p->s->trail;
    const double smoothing = bn_real("smoothing");
    double off = 0.0;
    size_t n;

    const double *range = bn_reals("range", &n);
    check(bn_trail_project(t, bn_count("dimensions"), projection(), p->counts, &off), p->path);
    check(bn_trail_grid(t, p->counts, bn_count("bins"), bn_real("trim"), range, n), p->path);
    for (size_t d = 0; d < t->dimensions; d++)
        if (2.0 * smoothing > (double)t->grid.count[d])
            BN_REFUSE(BN_USAGE,
                      "%s: smoothing = %g bins, but the environment has %zu bins along "
                      "coordinate %zu: a map so smooth shows nothing; lower smoothing or "
                      "take more bins", p->path, smoothing, t->grid.count[d], d + 1);
    p->bins = bn_manifold_points(&t->grid);
    check(bn_blunt_new(&blunt, t->grid.count, smoothing), p->path);
    say_grid(p, off);
}

/* --- spikes ------------------------------------------------------------------------ */

static void choose_ways(struct places *p)
{
    const bool split = bn_is("direction", "split");

    p->ways = split ? 2 : 1;
    p->way[0] = bn_is("direction", "both") ? 0.0 : bn_is("direction", "backward") ? -1.0 : 1.0;
    p->way[1] = -1.0;
    if (p->way[0] != 0.0 && p->s->trail.dimensions != 1)
        BN_REFUSE(BN_USAGE, "direction = %s, but in the plane there are more ways than two: "
                  "set direction = both or dimensions = 1", bn_text("direction"));
}

/* The bin of stretch k for one way, or SIZE_MAX. */
static size_t bin_of(const struct places *p, size_t k, double way)
{
    const size_t sample = stretches.sample[k];

    if (way != 0.0 && !(way * bn_trail_heading(&p->s->trail, sample) > 0.0))
        return SIZE_MAX;
    return bn_trail_bin(&p->s->trail, sample);
}

/* Samples off the grid or on another way do not count any more. */
static void restrict_counting(struct places *p)
{
    for (size_t k = 0; k < stretches.n; k++) {
        bool some = false;
        for (size_t w = 0; w < p->ways; w++)
            some = some || bin_of(p, k, p->way[w]) != SIZE_MAX;
        p->counts[stretches.sample[k]] = some;
    }
}

/* Units with too few spikes are left out. */
static void drop_units(struct places *p)
{
    struct bn_trains *trains = &p->s->trains;
    const size_t minimum = bn_count("minimum_spikes"), all = trains->n;
    bool *keep = (bool *)bn_scratch_vec(all);

    p->spikes = bn_scratch_vec(stretches.n);
    p->selected = (size_t *)bn_scratch_vec(all);
    for (size_t u = 0; u < all; u++) {
        double sum = 0.0;
        (void)bn_stretches_spikes(&stretches, trains, u, p->spikes);
        for (size_t k = 0; k < stretches.n; k++)
            sum += p->counts[stretches.sample[k]] ? p->spikes[k] : 0.0;
        keep[u] = sum >= (double)minimum;
        if (keep[u])
            p->selected[p->units++] = u;
    }
    bn_trains_keep(trains, keep);
    if (p->units == 0)
        BN_REFUSE(BN_INPUT, "%s: none of the %zu selected cells has minimum_spikes = %zu spikes "
                  "where and when positions count: lower it, or run_speed", p->path, all,
                  minimum);
    if (p->units < all)
        bn_say("%s: %zu of %zu cells have fewer than %zu spikes where and when positions count "
               "and are left out", p->base, all - p->units, all, minimum);
}

/* --- maps and their measures ------------------------------------------------------- */

struct measures {
    double *rate, *raw, *preferred, *mean, *direction, *cell, *spikes;
    double *information, *per_second, *p, *shuffled, *sparsity, *coherence, *stability;
    double *score, *spacing, *orientation, *peaks, *occupancy;
};
static const double levels[] = { 0.05, 0.5, 0.95, 0.99 };

static struct measures measures_new(size_t rows, size_t bins, size_t dimensions)
{
    return (struct measures){
        .rate = bn_scratch_vec(rows * bins), .raw = bn_scratch_vec(rows * bins),
        .preferred = bn_scratch_vec(rows * dimensions), .mean = bn_scratch_vec(rows),
        .direction = bn_scratch_vec(rows), .cell = bn_scratch_vec(rows),
        .spikes = bn_scratch_vec(rows), .information = bn_scratch_vec(rows),
        .per_second = bn_scratch_vec(rows), .p = bn_scratch_vec(rows),
        .shuffled = bn_scratch_vec(rows * BN_LEN(levels)), .sparsity = bn_scratch_vec(rows),
        .coherence = bn_scratch_vec(rows), .stability = bn_scratch_vec(rows),
        .score = bn_scratch_vec(rows), .spacing = bn_scratch_vec(rows),
        .orientation = bn_scratch_vec(rows), .peaks = bn_scratch_vec(rows),
        .occupancy = bn_scratch_vec(bins),
    };
}

/* One way: its visits, the stretch of each, and one unit's spikes in them. */
struct way {
    struct bn_visits v;
    size_t *stretch;
    double *spikes, *seconds;            /* [visit], [bin] */
};
static struct bn_firing *firing;         /* [unit] of one way */
static size_t firings;

static struct way visits_of(const struct places *p, double which)
{
    const struct bn_manifold *m = &p->s->trail.grid;
    struct way w = { .v = { .count = { m->count[0], m->count[1] } } };

    w.stretch = (size_t *)bn_scratch_vec(stretches.n);
    w.spikes = bn_scratch_vec(stretches.n);
    w.v.bin = (size_t *)bn_scratch_vec(stretches.n);
    w.v.fold = (size_t *)bn_scratch_vec(stretches.n);
    w.v.seconds = bn_scratch_vec(stretches.n);
    for (size_t k = 0; k < stretches.n; k++) {
        const size_t bin = bin_of(p, k, which);
        if (bin == SIZE_MAX)
            continue;
        w.v.bin[w.v.n] = bin;
        w.v.fold[w.v.n] = stretches.fold[k];
        w.v.seconds[w.v.n] = stretches.to[k] - stretches.from[k];
        w.stretch[w.v.n++] = k;
    }
    w.seconds = bn_scratch_vec(p->bins);
    bn_ratemap_sum(&w.v, NULL, 2, w.seconds);
    return w;
}

static bool visited(const struct places *p, const struct way *w, size_t bin)
{
    return w->seconds[bin] > 0.0 && w->seconds[bin] >= p->least;
}

static void refuse_unvisited(const struct places *p, const struct way *w)
{
    double most = 0.0;
    size_t n = 0;

    for (size_t b = 0; b < p->bins; b++) {
        n += visited(p, w, b);
        most = fmax(most, w->seconds[b]);
    }
    if (n < 3)
        BN_REFUSE(BN_INPUT, "%s: %zu of %zu bins were visited for occupancy_min = %g s (the "
                  "most for %g s): take fewer bins, a longer epoch or a smaller occupancy_min",
                  p->path, n, p->bins, p->least, most);
    if (n < p->bins)
        bn_say("%s: %zu of %zu bins were visited for less than %g s: their rate is 0", p->base,
               p->bins - n, p->bins, p->least);
}

/* Correlation of the maps of the two folds. */
static double stability(const struct places *p, const struct way *w, const double *spikes,
                        double *work)
{
    double *map[2], *seconds[2];

    for (size_t f = 0; f < 2; f++) {
        double *counts = work + 3 * f * p->bins;
        seconds[f] = counts + p->bins, map[f] = seconds[f] + p->bins;
        bn_ratemap_sum(&w->v, spikes, f, counts);
        bn_ratemap_sum(&w->v, NULL, f, seconds[f]);
        check(bn_ratemap_rate(&blunt, counts, seconds[f], 0.5 * p->least, map[f]), p->path);
    }
    return bn_map_correlation(map[0], seconds[0], map[1], seconds[1], p->bins, 0.5 * p->least);
}

static void score(const struct places *p, const struct way *w, struct measures *m, size_t row,
                  double *work)
{
    const struct bn_manifold *g = &p->s->trail.grid;
    const struct bn_plane plane = {
        .value = work, .count = { g->count[0], g->count[1] },
        .step = { { g->size[0] / (double)g->count[0], 0.0 },
                  { 0.0, g->size[1] / (double)g->count[1] } },
    };
    struct bn_gridscore s;

    for (size_t b = 0; b < p->bins; b++)
        work[b] = visited(p, w, b) ? m->rate[row * p->bins + b] : NAN;
    check(bn_gridscore(&plane, &s), p->path);
    m->score[row] = s.score, m->spacing[row] = s.spacing;
    m->orientation[row] = s.orientation, m->peaks[row] = (double)s.peaks;
}

static void measure(const struct places *p, const struct way *w, size_t row,
                    struct measures *m, double *work)
{
    const double *spikes = w->spikes;
    double *rate = m->rate + row * p->bins, *raw = m->raw + row * p->bins;
    const size_t dims = p->s->trail.dimensions;
    size_t best = 0;

    bn_ratemap_sum(&w->v, spikes, 2, work);
    check(bn_ratemap_rate(&blunt, work, w->seconds, p->least, rate), p->path);
    for (size_t b = 0; b < p->bins; b++) {
        m->spikes[row] += work[b];
        raw[b] = visited(p, w, b) ? work[b] / w->seconds[b] : 0.0;
        best = rate[b] > rate[best] ? b : best;
    }
    const struct bn_information i = bn_information(rate, w->seconds, p->bins, p->least);
    m->information[row] = i.per_spike, m->per_second[row] = i.per_second;
    m->sparsity[row] = i.sparsity, m->mean[row] = i.mean;
    m->coherence[row] = bn_coherence(raw, w->seconds, w->v.count, p->least);
    m->stability[row] = stability(p, w, spikes, work);
    bn_manifold_point(&p->s->trail.grid, best, m->preferred + row * dims);
    if (dims == 2)
        score(p, w, m, row, work);
}

static void shuffle(const struct places *p, const struct way *w, double which, size_t first,
                    struct measures *m)
{
    const size_t n = bn_count("shuffles");
    const struct bn_shuffles s = {
        .n = n, .shift_min = bn_real("shift_min"), .least = p->least,
        .rng = bn_rng_sub(bn_random(), which == 0.0 ? "both"
                                       : which > 0.0 ? "forward" : "backward"),
    };
    double *sorted = bn_scratch_vec(p->units * n);

    check(bn_information_shuffle(&w->v, &blunt, firing, p->units, &s, sorted), p->path);
    for (size_t u = 0; u < p->units; u++) {
        const double *of = sorted + u * n;
        m->p[first + u] = bn_shuffle_p(of, n, m->information[first + u]);
        for (size_t l = 0; l < BN_LEN(levels); l++)
            m->shuffled[(first + u) * BN_LEN(levels) + l] =
                of[(size_t)ceil(levels[l] * (double)n) - 1];
    }
}

static void map_way(const struct places *p, size_t which, struct measures *m, double *work)
{
    const struct way w = visits_of(p, p->way[which]);
    const size_t first = which * p->units;

    refuse_unvisited(p, &w);
    for (size_t b = 0; b < p->bins; b++)
        m->occupancy[b] += w.seconds[b];
    for (size_t u = 0; u < p->units; u++) {
        m->cell[first + u] = (double)u;
        m->direction[first + u] = p->way[which];
        (void)bn_stretches_spikes(&stretches, &p->s->trains, u, p->spikes);
        for (size_t k = 0; k < w.v.n; k++)
            w.spikes[k] = p->spikes[w.stretch[k]];
        measure(p, &w, first + u, m, work);
        if (bn_count("shuffles") > 0)
            check(bn_firing_new(&firing[firings++], p->selected[u], w.spikes, w.v.n), p->path);
    }
    bn_progress(((double)which + 0.2) / (double)p->ways);
    if (bn_count("shuffles") > 0)
        shuffle(p, &w, p->way[which], first, m);
    while (firings > 0)
        bn_firing_free(&firing[--firings]);
    bn_progress((double)(which + 1) / (double)p->ways);
}

/* --- writing ----------------------------------------------------------------------- */

static void write_grid(const struct places *p)
{
    const struct bn_trail *t = &p->s->trail;
    double axis[BN_DIMENSIONS * BN_DIMENSIONS];

    for (size_t d = 0; d < t->dimensions; d++)
        for (size_t e = 0; e < t->width; e++)
            axis[d * t->width + e] = t->axis[d][e];
    bn_manifold_write(&t->grid, t->unit);
    bn_output_attribute_reals("/point", "axis", axis, t->dimensions * t->width);
    bn_output_attribute_reals("/point", "origin", t->low, t->dimensions);
}

static void write_measures(const struct places *p, const struct measures *m, size_t rows)
{
    const size_t dims = p->s->trail.dimensions;
    const char *unit = p->s->trail.unit;

    bn_output_array("/rate", m->rate, bn_shape2(rows, p->bins));
    bn_output_array("/raw_rate", m->raw, bn_shape2(rows, p->bins));
    bn_output_vec("/occupancy", m->occupancy, p->bins);
    bn_output_vec("/spikes", m->spikes, rows);
    bn_output_vec("/cell", m->cell, rows);
    bn_output_vec("/direction", m->direction, rows);
    bn_output_array("/preferred_point", m->preferred, bn_shape2(rows, dims));
    bn_output_attribute("/preferred_point", "units", unit);
    bn_output_vec("/mean_rate", m->mean, rows);
    bn_output_vec("/information", m->information, rows);
    bn_output_vec("/information_rate", m->per_second, rows);
    bn_output_vec("/sparsity", m->sparsity, rows);
    bn_output_vec("/coherence", m->coherence, rows);
    bn_output_vec("/stability", m->stability, rows);
    if (bn_count("shuffles") > 0) {
        bn_output_vec("/information_p", m->p, rows);
        bn_output_vec("/level", levels, BN_LEN(levels));
        bn_output_array("/shuffled", m->shuffled, bn_shape2(rows, BN_LEN(levels)));
    }
    if (dims != 2)
        return;
    bn_output_vec("/grid_score", m->score, rows);
    bn_output_vec("/grid_spacing", m->spacing, rows);
    bn_output_attribute("/grid_spacing", "units", unit);
    bn_output_vec("/grid_orientation", m->orientation, rows);
    bn_output_vec("/grid_peaks", m->peaks, rows);
}

/* Decoders need even time steps: the longest interval, where there are several. */
static void write_path(const struct places *p)
{
    const struct bn_spans *s = &p->s->spans;
    const size_t i = bn_spans_longest(s);
    char unit[sizeof p->s->trail.unit + 3];

    if (s->n > 1)
        bn_say("%s: the behaviour is that of the longest of %zu intervals, %g to %g s", p->base,
               s->n, s->start[i], s->stop[i]);
    check(bn_path_make(&walked, &p->s->trail, p->counts, &p->s->trains, s->start[i], s->stop[i],
                       bn_real("bin")), p->path);
    snprintf(unit, sizeof unit, "%s/s", p->s->trail.unit);
    bn_output_vec("/time", walked.time, walked.n);
    bn_output_array("/position", walked.position,
                    bn_shape2(walked.n, p->s->trail.dimensions));
    bn_output_attribute("/position", "units", p->s->trail.unit);
    bn_output_vec("/speed", walked.speed, walked.n);
    bn_output_attribute("/speed", "units", unit);
    bn_output_vec("/valid", walked.valid, walked.n);
    bn_output_array("/counts", walked.counts, bn_shape2(walked.n, walked.units));
    bn_path_free(&walked);
}

void bn_places_write(struct bn_session *s, const char *path)
{
    const char *slash = strrchr(path, '/');
    struct places p = { .s = s, .path = path, .base = slash != NULL ? slash + 1 : path,
                        .least = bn_real("occupancy_min") };

    find_counting(&p);
    make_grid(&p);
    choose_ways(&p);
    restrict_counting(&p);
    drop_units(&p);
    const size_t rows = p.ways * p.units;
    struct measures m = measures_new(rows, p.bins, s->trail.dimensions);
    double *work = bn_scratch_vec(6 * p.bins);
    firing = bn_alloc(p.units, sizeof *firing);
    if (firing == NULL)
        bn_die(BN_NOMEM);
    for (size_t w = 0; w < p.ways; w++)
        map_way(&p, w, &m, work);
    write_grid(&p);
    write_measures(&p, &m, rows);
    write_path(&p);
    free(firing);
    bn_stretches_free(&stretches);
    bn_blunt_free(&blunt);
}
