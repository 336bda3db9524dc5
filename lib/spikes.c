/* SPDX-License-Identifier: MIT */
#include <basin/spikes.h>

#include <basin/mem.h>
#include <basin/sort.h>
#include <basin/tile.h>

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TURN 6.283185307179586
#define HALF_WINDOW 0.1                  /* s: speed is measured over twice that */

/* --- containers ----------------------------------------------------------- */

void bn_track_free(struct bn_track *t)
{
    free(t->time);
    free(t->angle);
    free(t->speed);
    *t = (struct bn_track){0};
}

void bn_trains_free(struct bn_trains *s)
{
    free(s->end);
    free(s->time);
    *s = (struct bn_trains){0};
}

void bn_spans_free(struct bn_spans *s)
{
    free(s->start);
    free(s->stop);
    *s = (struct bn_spans){0};
}

bn_status bn_trains_alloc(struct bn_trains *s, size_t units, size_t spikes)
{
    *s = (struct bn_trains){ .n = units };
    s->end = bn_alloc(units, sizeof *s->end);
    s->time = bn_alloc(spikes, sizeof *s->time);
    if (s->end != NULL && s->time != NULL)
        return BN_OK;
    bn_trains_free(s);
    return BN_NOMEM;
}

bn_status bn_spans_alloc(struct bn_spans *s, size_t n)
{
    *s = (struct bn_spans){ .n = n };
    s->start = bn_alloc(n, sizeof *s->start);
    s->stop = bn_alloc(n, sizeof *s->stop);
    if (s->start != NULL && s->stop != NULL)
        return BN_OK;
    bn_spans_free(s);
    return BN_NOMEM;
}

static size_t first_of(const struct bn_trains *s, size_t unit)
{
    return unit > 0 ? s->end[unit - 1] : 0;
}

/* --- cleaning ------------------------------------------------------------- */

struct stamped {
    double time;
    size_t from;
};

/* By time; of equal times the one that was written first. */
static int by_time(const void *a, const void *b)
{
    const struct stamped *x = a, *y = b;
    const int order = (x->time > y->time) - (x->time < y->time);
    return order != 0 ? order : (x->from > y->from) - (x->from < y->from);
}

/* The samples with a usable time, in file order; returns how many. */
static size_t usable(size_t n, const double *time, double centre, struct stamped *s)
{
    const double longest = 1e7;
    size_t kept = 0;

    for (size_t k = 0; k < n; k++)
        if (isfinite(time[k]) && fabs(time[k] - centre) <= longest)
            s[kept++] = (struct stamped){ time[k], k };
    return kept;
}

bn_status bn_series_mend(size_t *n, double *time, double *data, size_t width,
                         struct bn_mended *m)
{
    struct stamped *s = bn_alloc(*n, sizeof *s);
    double *finite = bn_alloc(*n, sizeof *finite),
           *moved = bn_alloc(*n * width, sizeof *moved);
    size_t count = 0, kept = 0;

    *m = (struct bn_mended){0};
    if (s == NULL || finite == NULL || moved == NULL) {
        free(s), free(finite), free(moved);
        return BN_NOMEM;
    }
    for (size_t k = 0; k < *n; k++)
        if (isfinite(time[k]))
            finite[count++] = time[k];
    if (count > 0)
        count = usable(*n, time, bn_median(finite, count), s);
    m->absurd = *n - count;
    for (size_t k = 1; k < count; k++)
        m->unsorted += s[k].time < s[k - 1].time;
    if (m->unsorted > 0)
        qsort(s, count, sizeof *s, by_time);
    for (size_t k = 0; k < count; k++) {
        if (kept > 0 && s[k].time == time[kept - 1])
            continue;
        time[kept] = s[k].time;          /* s holds copies: no time is read again */
        memcpy(moved + kept * width, data + s[k].from * width, width * sizeof *data);
        kept++;
    }
    m->repeated = count - kept;
    memcpy(data, moved, kept * width * sizeof *data);
    *n = kept;
    free(s), free(finite), free(moved);
    return BN_OK;
}

bn_status bn_trains_mend(struct bn_trains *s, struct bn_mended *m)
{
    size_t kept = 0, from = 0;

    *m = (struct bn_mended){0};
    for (size_t u = 0; u < s->n; u++) {
        const size_t first = kept, end = s->end[u];
        for (; from < end; from++)
            if (isfinite(s->time[from]))
                s->time[kept++] = s->time[from];
            else
                m->absurd++;
        size_t backwards = 0;
        for (size_t k = first + 1; k < kept; k++)
            backwards += s->time[k] < s->time[k - 1];
        if (backwards > 0)
            bn_sort(s->time + first, kept - first);
        m->unsorted += backwards;
        s->end[u] = kept;
    }
    return BN_OK;
}

static void sort_spans(struct bn_spans *s)
{
    for (size_t i = 1; i < s->n; i++)
        for (size_t k = i; k > 0 && s->start[k] < s->start[k - 1]; k--) {
            const double a = s->start[k], b = s->stop[k];
            s->start[k] = s->start[k - 1], s->stop[k] = s->stop[k - 1];
            s->start[k - 1] = a, s->stop[k - 1] = b;
        }
}

void bn_spans_merge(struct bn_spans *s, double first, double last)
{
    size_t kept = 0;

    sort_spans(s);
    for (size_t i = 0; i < s->n; i++) {
        const double a = fmax(s->start[i], first), b = fmin(s->stop[i], last);
        if (!(a < b))
            continue;
        if (kept > 0 && a <= s->stop[kept - 1]) {
            s->stop[kept - 1] = fmax(s->stop[kept - 1], b);
        } else {
            s->start[kept] = a, s->stop[kept] = b;
            kept++;
        }
    }
    s->n = kept;
}

size_t bn_spans_longest(const struct bn_spans *s)
{
    size_t longest = 0;

    for (size_t i = 1; i < s->n; i++)
        if (s->stop[i] - s->start[i] > s->stop[longest] - s->start[longest])
            longest = i;
    return longest;
}

bn_status bn_track_step(const struct bn_track *t, double *step)
{
    if (t->n < 2)
        return bn_fail(BN_INPUT,
                       "the tracking has %zu usable sample(s), not the two that a time "
                       "step needs",
                       t->n);
    double *d = bn_alloc(t->n - 1, sizeof *d);
    if (d == NULL)
        return BN_NOMEM;
    for (size_t k = 0; k + 1 < t->n; k++)
        d[k] = t->time[k + 1] - t->time[k];
    *step = bn_median(d, t->n - 1);
    free(d);
    return BN_OK;
}

/* --- angles --------------------------------------------------------------- */

static double wrapped(double angle)
{
    const double a = fmod(angle, TURN);
    const double b = a < 0.0 ? a + TURN : a;
    return b < TURN ? b : 0.0;           /* -1e-17 + 2 pi rounds to 2 pi */
}

/* Are the values degrees?  See bn_angle_wrap. */
static bn_status guess_degrees(double low, double high, const char *unit, bool *degrees,
                               bool *guessed)
{
    const double slack = 0.02;           /* rounding of a value stored in few digits */
    const bool one_turn = low >= -TURN - slack && high <= TURN + slack;
    const bool says_degrees = strncmp(unit, "deg", 3) == 0;

    *degrees = says_degrees || !one_turn;
    if (says_degrees && one_turn && high > low)
        return bn_fail(BN_INPUT,
                       "the unit is \"%s\" but all angles lie in [%.4g, %.4g], one turn "
                       "in radians: say which is right with angle_unit = radians or "
                       "degrees",
                       unit, low, high);
    if (!says_degrees && *degrees) {
        if (low < -360.0 - slack || high > 360.0 + slack)
            return bn_fail(BN_INPUT,
                           "the unit is \"%s\" and the angles lie in [%.4g, %.4g], "
                           "neither one turn in radians nor one in degrees: say which "
                           "with angle_unit = radians or degrees",
                           unit, low, high);
        *guessed = true;
    }
    return BN_OK;
}

bn_status bn_angle_wrap(double *angle, size_t n, const char *unit, const char *wanted,
                        bool *guessed)
{
    double low = INFINITY, high = -INFINITY;
    bool degrees = strcmp(wanted, "degrees") == 0;

    *guessed = false;
    for (size_t k = 0; k < n; k++)
        if (isfinite(angle[k]))
            low = fmin(low, angle[k]), high = fmax(high, angle[k]);
    if (low > high)
        return bn_fail(BN_INPUT, "not one of %zu angles is a number: tracking was lost "
                       "throughout", n);
    if (strcmp(wanted, "auto") == 0)
        BN_TRY(guess_degrees(low, high, unit, &degrees, guessed));
    else if (!degrees && strcmp(wanted, "radians") != 0)
        return bn_fail(BN_USAGE, "angle_unit is auto, radians or degrees, not %s",
                       wanted);
    for (size_t k = 0; k < n; k++)
        angle[k] = isfinite(angle[k])
                       ? wrapped(degrees ? angle[k] * (TURN / 360.0) : angle[k])
                       : NAN;
    return BN_OK;
}

/* The last sample at or before `at`; SIZE_MAX if there is none. */
static size_t sample_at(const double *time, size_t n, double at)
{
    size_t low = 0, high = n;
    while (low < high) {
        const size_t mid = low + (high - low) / 2;
        if (time[mid] <= at)
            low = mid + 1;
        else
            high = mid;
    }
    return low - 1;
}

/* From half a window before to half a window after `when`; NaN where the track begins or
 * ends.                                                                       */
static void displacement(const double *time, const double *xy, size_t n, size_t width,
                         double when, double *d)
{
    size_t at[2];
    double part[2];

    for (int side = 0; side < 2; side++) {
        const double edge = when + (side ? HALF_WINDOW : -HALF_WINDOW);
        at[side] = sample_at(time, n, edge);
        if (at[side] == SIZE_MAX || at[side] + 1 >= n) {
            for (size_t k = 0; k < width; k++)
                d[k] = NAN;
            return;
        }
        part[side] = (edge - time[at[side]]) / (time[at[side] + 1] - time[at[side]]);
    }
    for (size_t k = 0; k < width; k++) {
        double x[2];
        for (int side = 0; side < 2; side++) {
            const double *p = xy + at[side] * width + k;
            x[side] = p[0] + part[side] * (p[width] - p[0]);
        }
        d[k] = x[1] - x[0];
    }
}

void bn_track_velocity(const struct bn_track *t, const double *time, const double *xy,
                       size_t n, size_t width, double *v)
{
    for (size_t k = 0; k < t->n; k++) {
        displacement(time, xy, n, width, t->time[k], v + k * width);
        for (size_t d = 0; d < width; d++)
            v[k * width + d] /= 2.0 * HALF_WINDOW;
    }
}

bn_status bn_track_speed(struct bn_track *t, const double *time, const double *xy,
                         size_t n, size_t width)
{
    double *way = bn_alloc(width, sizeof *way);

    t->speed = bn_alloc(t->n, sizeof *t->speed);
    for (size_t k = 0; k < t->n && way != NULL && t->speed != NULL; k++) {
        double sum = 0.0;
        displacement(time, xy, n, width, t->time[k], way);
        for (size_t d = 0; d < width; d++)
            sum += way[d] * way[d];
        t->speed[k] = sqrt(sum) / (2.0 * HALF_WINDOW);
    }
    const bool room = way != NULL && t->speed != NULL;
    free(way);
    return room ? BN_OK : BN_NOMEM;
}

/* --- counting ------------------------------------------------------------- */

void bn_tally_free(struct bn_tally *t)
{
    free(t->occupancy);
    free(t->counts);
    *t = (struct bn_tally){0};
}

/* A walk along the epoch: how each sample's stretch falls into folds and bins. */
struct walk {
    const struct bn_track *track;
    const struct bn_spans *spans;
    const struct bn_binning *b;
    double step, total;
};

static size_t bin_of(double angle, size_t angles)
{
    const double m = floor(angle / TURN * (double)angles + 0.5);
    return (size_t)m % angles;
}

/* Sample k's stretch within span i: [*from, *to), and whether it counts. */
static bool stretch(const struct walk *w, size_t i, size_t k, double *from, double *to)
{
    const struct bn_track *t = w->track;
    const double hold = t->time[k] + (k + 1 < t->n ? w->b->gap : 1.0) * w->step;
    const double end = k + 1 < t->n ? fmin(t->time[k + 1], hold) : hold;

    *from = fmax(t->time[k], w->spans->start[i]);
    *to = fmin(end, w->spans->stop[i]);
    return *from < *to && isfinite(t->angle[k]) &&
           !(w->b->speed_min > 0.0 &&
             !(t->speed != NULL && t->speed[k] >= w->b->speed_min));
}

/* The fold of what begins at `when` in span i; `before`: seconds of earlier spans. */
static size_t fold_of(const struct walk *w, size_t i, double before, double when)
{
    const double part = (before + when - w->spans->start[i]) / w->total;
    const size_t chunk = (size_t)(part * (double)w->b->chunks);
    return (chunk < w->b->chunks ? chunk : w->b->chunks - 1) % BN_FOLDS;
}

static bn_status walk_begin(struct walk *w, const struct bn_track *track,
                            const struct bn_spans *spans, const struct bn_binning *b)
{
    *w = (struct walk){ .track = track, .spans = spans, .b = b };
    for (size_t i = 0; i < spans->n; i++)
        w->total += spans->stop[i] - spans->start[i];
    return bn_track_step(track, &w->step);
}

/* Fill occupancy[fold, angle]; returns the seconds that count. */
static double occupy(const struct walk *w, size_t angles, double *occupancy)
{
    double before = 0.0, seconds = 0.0, from, to;

    memset(occupancy, 0, BN_FOLDS * angles * sizeof *occupancy);
    for (size_t i = 0; i < w->spans->n; i++) {
        size_t k = sample_at(w->track->time, w->track->n, w->spans->start[i]);
        for (k = k == SIZE_MAX ? 0 : k; k < w->track->n; k++) {
            if (w->track->time[k] >= w->spans->stop[i])
                break;
            if (!stretch(w, i, k, &from, &to))
                continue;
            occupancy[fold_of(w, i, before, from) * angles +
                      bin_of(w->track->angle[k], angles)] += to - from;
            seconds += to - from;
        }
        before += w->spans->stop[i] - w->spans->start[i];
    }
    return seconds;
}

static void count_unit(const struct walk *w, const struct bn_trains *trains, size_t unit,
                       size_t angles, double *counts)
{
    const double *s = trains->time;
    const size_t end = trains->end[unit];
    double before = 0.0, from, to;
    size_t j = first_of(trains, unit);

    for (size_t i = 0; i < w->spans->n; i++) {
        while (j < end && s[j] < w->spans->start[i])
            j++;
        size_t k = j < end ? sample_at(w->track->time, w->track->n, s[j]) : 0;
        for (; j < end && s[j] < w->spans->stop[i]; j++) {
            if (k == SIZE_MAX)
                k = sample_at(w->track->time, w->track->n, s[j]);
            if (k == SIZE_MAX)
                continue;                /* before the first sample */
            while (k + 1 < w->track->n && w->track->time[k + 1] <= s[j])
                k++;
            if (stretch(w, i, k, &from, &to) && s[j] >= from && s[j] < to)
                counts[fold_of(w, i, before, from) * angles +
                       bin_of(w->track->angle[k], angles)] += 1.0;
        }
        before += w->spans->stop[i] - w->spans->start[i];
    }
}

static size_t unvisited(const double *occupancy, size_t angles, size_t *first)
{
    size_t count = 0;
    for (size_t m = angles; m-- > 0;)
        if (!(occupancy[m] > 0.0) || !(occupancy[angles + m] > 0.0)) {
            count++;
            *first = m;
        }
    return count;
}

/* Which bins are empty, and how many angles would leave none empty. */
static bn_status refuse_unvisited(const struct walk *w, double *occupancy, size_t count,
                                  size_t first)
{
    const size_t angles = w->b->angles;
    size_t fewer = angles, ignored;

    do {
        fewer--;
        if (fewer > 0)
            (void)occupy(w, fewer, occupancy);
    } while (fewer > 0 && unvisited(occupancy, fewer, &ignored) > 0);
    if (fewer < 3)
        return bn_fail(BN_INPUT,
                       "%zu of %zu angular bins were not visited in both folds (the "
                       "first is at %.1f degrees), and no number of angles would do: "
                       "take a longer epoch, a lower speed_min or more chunks",
                       count, angles, 360.0 * (double)first / (double)angles);
    return bn_fail(BN_INPUT,
                   "%zu of %zu angular bins were not visited in both folds (the first is "
                   "at %.1f degrees): this epoch resolves angles = %zu, not %zu; or take "
                   "a longer epoch, a lower speed_min or more chunks",
                   count, angles, 360.0 * (double)first / (double)angles, fewer, angles);
}

static bn_status tally_check(const struct walk *w, struct bn_tally *t)
{
    size_t first = 0;

    if (!(occupy(w, t->angles, t->occupancy) > 0.0))
        return bn_fail(BN_INPUT,
                       "not one second of the epoch can be used: angle tracked%s and "
                       "inside the intervals",
                       w->b->speed_min > 0.0 ? ", faster than speed_min" : "");
    const size_t count = unvisited(t->occupancy, t->angles, &first);
    return count > 0 ? refuse_unvisited(w, t->occupancy, count, first) : BN_OK;
}

bn_status bn_tally_make(struct bn_tally *t, const struct bn_track *track,
                        const struct bn_trains *trains, const struct bn_spans *spans,
                        const struct bn_binning *b)
{
    const size_t size = BN_FOLDS * b->angles;
    struct walk w;

    *t = (struct bn_tally){ .angles = b->angles, .units = trains->n };
    BN_TRY(walk_begin(&w, track, spans, b));
    t->occupancy = bn_alloc(size, sizeof *t->occupancy);
    t->counts = bn_alloc(trains->n * size, sizeof *t->counts);
    const bn_status rc = t->occupancy != NULL && t->counts != NULL ? tally_check(&w, t)
                                                                   : BN_NOMEM;
    if (rc != BN_OK) {
        bn_tally_free(t);
        return rc;
    }
    for (size_t u = 0; u < trains->n; u++)
        count_unit(&w, trains, u, b->angles, t->counts + u * size);
    return BN_OK;
}

double bn_tally_spikes(const struct bn_tally *t, size_t unit)
{
    const size_t size = BN_FOLDS * t->angles;
    double sum = 0.0;
    for (size_t k = 0; k < size; k++)
        sum += t->counts[unit * size + k];
    return sum;
}

void bn_trains_keep(struct bn_trains *s, const bool *keep)
{
    size_t units = 0, spikes = 0, from = 0;

    for (size_t u = 0; u < s->n; u++) {
        const size_t end = s->end[u], n = end - from;
        if (keep[u]) {
            memmove(s->time + spikes, s->time + from, n * sizeof *s->time);
            s->end[units++] = spikes += n;
        }
        from = end;
    }
    s->n = units;
}

bn_status bn_tally_drop(struct bn_tally *t, struct bn_trains *trains, double minimum,
                        size_t *dropped)
{
    const size_t size = BN_FOLDS * t->angles, before = t->units;
    bool *keep = bn_alloc(before, sizeof *keep);
    size_t units = 0;

    if (keep == NULL)
        return BN_NOMEM;
    for (size_t u = 0; u < before; u++) {
        keep[u] = bn_tally_spikes(t, u) >= minimum;
        if (keep[u])
            memmove(t->counts + units++ * size, t->counts + u * size,
                    size * sizeof *t->counts);
    }
    bn_trains_keep(trains, keep);
    free(keep);
    t->units = units;
    *dropped = before - units;
    return BN_OK;
}

void bn_tally_raw(const struct bn_tally *t, double *raw)
{
    const size_t angles = t->angles;
    for (size_t u = 0; u < t->units; u++)
        for (size_t m = 0; m < angles; m++) {
            const double *c = t->counts + u * BN_FOLDS * angles + m;
            raw[u * angles + m] = (c[0] + c[angles]) /
                                  (t->occupancy[m] + t->occupancy[angles + m]);
        }
}

/* --- counting into any bins ------------------------------------------------ */

void bn_stretches_free(struct bn_stretches *s)
{
    free(s->sample), free(s->fold), free(s->from), free(s->to);
    *s = (struct bn_stretches){0};
}

static void list_stretches(const struct walk *w, struct bn_stretches *s)
{
    double before = 0.0, from, to;

    for (size_t i = 0; i < w->spans->n; i++) {
        size_t k = sample_at(w->track->time, w->track->n, w->spans->start[i]);
        for (k = k == SIZE_MAX ? 0 : k; k < w->track->n; k++) {
            if (w->track->time[k] >= w->spans->stop[i])
                break;
            if (!stretch(w, i, k, &from, &to))
                continue;
            s->sample[s->n] = k;
            s->fold[s->n] = fold_of(w, i, before, from);
            s->from[s->n] = from, s->to[s->n++] = to;
        }
        before += w->spans->stop[i] - w->spans->start[i];
    }
}

bn_status bn_stretches_make(struct bn_stretches *s, const struct bn_track *track,
                            const struct bn_spans *spans, const struct bn_binning *b)
{
    const size_t most = track->n + spans->n;     /* a span may begin within a sample's time */
    struct walk w;

    *s = (struct bn_stretches){0};
    BN_TRY(walk_begin(&w, track, spans, b));
    s->sample = bn_alloc(most, sizeof *s->sample);
    s->fold = bn_alloc(most, sizeof *s->fold);
    s->from = bn_alloc(most, sizeof *s->from);
    s->to = bn_alloc(most, sizeof *s->to);
    if (s->sample == NULL || s->fold == NULL || s->from == NULL || s->to == NULL) {
        bn_stretches_free(s);
        return BN_NOMEM;
    }
    list_stretches(&w, s);
    return BN_OK;
}

double bn_stretches_spikes(const struct bn_stretches *s, const struct bn_trains *trains,
                           size_t unit, double *spikes)
{
    size_t j = first_of(trains, unit);
    double sum = 0.0;

    for (size_t k = 0; k < s->n; k++) {
        spikes[k] = 0.0;
        while (j < trains->end[unit] && trains->time[j] < s->from[k])
            j++;
        for (; j < trains->end[unit] && trains->time[j] < s->to[k]; j++)
            spikes[k] += 1.0;
        sum += spikes[k];
    }
    return sum;
}

/* --- smoothing ------------------------------------------------------------ */

/* One side of a symmetric circular kernel: weight[d] for bins d away, d <= reach. */
static void kernel(double sigma, size_t angles, double *weight, size_t *reach)
{
    const double negligible = 1e-20;     /* far below one rounding of the sum */
    const long wraps = (long)ceil(9.0 * sigma / (double)angles) + 1;
    double sum = 0.0;

    *reach = 0;
    for (size_t d = 0; d <= angles / 2; d++) {
        weight[d] = 0.0;
        for (long j = -wraps; j <= wraps; j++) {
            const double z = ((double)d + (double)(j * (long)angles)) / sigma;
            weight[d] += exp(-0.5 * z * z);
        }
        if (weight[d] > negligible * weight[0])
            *reach = d;
        sum += (d == 0 || 2 * d == angles ? 1.0 : 2.0) * weight[d];
    }
    for (size_t d = 0; d <= angles / 2; d++)
        weight[d] /= sum;
}

/* `around` holds x with half a turn more on each side: x[m] is around[h + m]. */
static void surround(const double *x, size_t angles, double *around)
{
    const size_t h = angles / 2;
    for (size_t k = 0; k < angles + 2 * h; k++)
        around[k] = x[(k + angles - h) % angles];
}

static void convolve(const double *around, size_t angles, const double *weight,
                     size_t reach, double *y)
{
    const double *x = around + angles / 2;

    for (size_t m = 0; m < angles; m++)
        y[m] = weight[0] * x[m];
    for (size_t d = 1; d <= reach; d++) {
        const double w = 2 * d == angles ? 0.5 * weight[d] : weight[d];
        const double *left = x - d, *right = x + d;
        for (size_t m = 0; m < angles; m++)
            y[m] += w * (left[m] + right[m]);
    }
}

bn_status bn_smooth(const double *x, size_t angles, double sigma, double *y)
{
    double *weight = bn_alloc(angles / 2 + 1, sizeof *weight);
    double *around = bn_alloc(2 * angles, sizeof *around);
    size_t reach;

    if (weight != NULL && around != NULL) {
        kernel(sigma, angles, weight, &reach);
        surround(x, angles, around);
        convolve(around, angles, weight, reach, y);
    }
    const bn_status rc = weight != NULL && around != NULL ? BN_OK : BN_NOMEM;
    free(weight), free(around);
    return rc;
}

struct search {
    const struct bn_tally *tally;
    const double *sigmas;
    size_t n;
    double floor;
    double *weights;                     /* [sigma, distance] */
    size_t *reach;
    double *rate, *chosen;
};

/* How likely the other fold's counts are under the curve r (up to a constant). */
static double likelihood(const double *counts, const double *occupancy, const double *r,
                         size_t angles)
{
    double sum = 0.0;
    for (size_t m = 0; m < angles; m++) {
        if (counts[m] > 0.0)
            sum += counts[m] * log(r[m]);
        sum -= r[m] * occupancy[m];
    }
    return sum;
}

static double total(const double *x, size_t n)
{
    double sum = 0.0;
    for (size_t k = 0; k < n; k++)
        sum += x[k];
    return sum;
}

/* The fold's rate with its empty bins lifted; false if it has no spike at all. */
static bool lifted(const struct search *s, size_t unit, size_t fold, double *x)
{
    const size_t angles = s->tally->angles;
    const double *counts = s->tally->counts + (unit * BN_FOLDS + fold) * angles;
    double sum = 0.0;

    for (size_t m = 0; m < angles; m++)
        sum += x[m] = counts[m] / s->tally->occupancy[fold * angles + m];
    for (size_t m = 0; m < angles; m++)
        if (x[m] == 0.0)
            x[m] = s->floor * sum / (double)angles;
    return sum > 0.0;
}

static void smooth_fold(const struct search *s, size_t unit, size_t fold, double *work)
{
    const size_t angles = s->tally->angles, half = angles / 2 + 1, other = 1 - fold;
    const double *counts = s->tally->counts + (unit * BN_FOLDS + other) * angles;
    double *x = work, *y = work + angles, *around = work + 2 * angles;
    size_t best = s->n - 1;

    const bool fired = lifted(s, unit, fold, x);
    surround(x, angles, around);
    if (fired && total(counts, angles) > 0.0) {
        double most = -INFINITY;
        for (size_t k = 0; k < s->n; k++) {
            convolve(around, angles, s->weights + k * half, s->reach[k], y);
            const double l = likelihood(counts, s->tally->occupancy + other * angles, y,
                                        angles);
            if (l > most)
                most = l, best = k;
        }
    }
    convolve(around, angles, s->weights + best * half, s->reach[best], y);
    for (size_t m = 0; m < angles; m++)
        s->rate[unit * angles + m] += y[m] / BN_FOLDS;
    s->chosen[unit * BN_FOLDS + fold] = s->sigmas[best];
}

static bn_status smooth_unit(void *context, size_t unit)
{
    const struct search *s = context;
    const size_t angles = s->tally->angles;
    double *work = bn_alloc(4 * angles, sizeof *work);

    if (work == NULL)
        return BN_NOMEM;
    memset(s->rate + unit * angles, 0, angles * sizeof *s->rate);
    for (size_t fold = 0; fold < BN_FOLDS; fold++)
        smooth_fold(s, unit, fold, work);
    free(work);
    return BN_OK;
}

bn_status bn_tally_smooth(const struct bn_tally *t, const double *sigmas, size_t n,
                          double floor, double *rate, double *chosen)
{
    const size_t half = t->angles / 2 + 1;
    struct search s = { .tally = t, .sigmas = sigmas, .n = n, .floor = floor,
                        .rate = rate, .chosen = chosen };
    bn_status rc = BN_NOMEM;

    s.weights = bn_alloc(n * half, sizeof *s.weights);
    s.reach = bn_alloc(n, sizeof *s.reach);
    if (s.weights != NULL && s.reach != NULL) {
        for (size_t k = 0; k < n; k++)
            kernel(sigmas[k], t->angles, s.weights + k * half, &s.reach[k]);
        rc = bn_tiles(t->units, smooth_unit, &s);
    }
    free(s.weights), free(s.reach);
    return rc;
}

/* --- curves --------------------------------------------------------------- */

void bn_curve_centre(const double *rate, size_t angles, double *angle, double *length)
{
    double re = 0.0, im = 0.0, sum = 0.0;

    for (size_t m = 0; m < angles; m++) {
        const double theta = TURN * (double)m / (double)angles;
        re += rate[m] * cos(theta);
        im += rate[m] * sin(theta);
        sum += rate[m];
    }
    *angle = sum > 0.0 ? wrapped(atan2(im, re)) : 0.0;
    *length = sum > 0.0 ? hypot(re, im) / sum : 0.0;
}

void bn_curve_rotate(const double *x, size_t angles, double by, double *y)
{
    const double shift = wrapped(by) / TURN * (double)angles;
    const size_t whole = (size_t)shift % angles;
    const double part = shift - floor(shift);

    for (size_t m = 0; m < angles; m++) {
        const size_t near = (m + angles - whole) % angles;
        const size_t far = (near + angles - 1) % angles;
        y[m] = (1.0 - part) * x[near] + part * x[far];
    }
}

/* --- behaviour ------------------------------------------------------------ */

void bn_behaviour_free(struct bn_behaviour *b)
{
    free(b->time);
    free(b->angle);
    free(b->velocity);
    free(b->valid);
    free(b->counts);
    *b = (struct bn_behaviour){0};
}

/* The shortest way from angle a to angle b, in [-pi, pi). */
static double way(double a, double b)
{
    return wrapped(b - a + 0.5 * TURN) - 0.5 * TURN;
}

/* Circular mean of the samples in each bin; velocity serves as room for the sines. */
static size_t average(struct bn_behaviour *b, const struct bn_track *t, double start,
                      double width)
{
    size_t tracked = 0;

    for (size_t k = 0; k < t->n; k++) {
        const double at = floor((t->time[k] - start) / width);
        if (!(at >= 0.0 && at < (double)b->n) || !isfinite(t->angle[k]))
            continue;
        b->angle[(size_t)at] += cos(t->angle[k]);
        b->velocity[(size_t)at] += sin(t->angle[k]);
    }
    for (size_t i = 0; i < b->n; i++) {
        /* samples that cancel have no mean, like no samples at all */
        b->valid[i] = hypot(b->angle[i], b->velocity[i]) > 1e-9 ? 1.0 : 0.0;
        b->angle[i] =
            b->valid[i] > 0.0 ? wrapped(atan2(b->velocity[i], b->angle[i])) : 0.0;
        tracked += b->valid[i] > 0.0;
    }
    return tracked;
}

/* Cross what was lost the short way; hold the first and the last angle outward. */
static void interpolate(struct bn_behaviour *b)
{
    size_t last = SIZE_MAX;

    for (size_t i = 0; i < b->n; i++) {
        if (b->valid[i] == 0.0)
            continue;
        const size_t from = last == SIZE_MAX ? 0 : last + 1;
        for (size_t k = from; k < i; k++)
            b->angle[k] = last == SIZE_MAX ? b->angle[i]
                : wrapped(b->angle[last] + way(b->angle[last], b->angle[i]) *
                          (double)(k - last) / (double)(i - last));
        last = i;
    }
    for (size_t k = last + 1; k < b->n; k++)
        b->angle[k] = b->angle[last];
    for (size_t i = 0; i + 1 < b->n; i++)
        b->velocity[i] =
            way(b->angle[i], b->angle[i + 1]) / (b->time[i + 1] - b->time[i]);
    b->velocity[b->n - 1] = b->n > 1 ? b->velocity[b->n - 2] : 0.0;
}

static void count_bins(struct bn_behaviour *b, const struct bn_trains *s, double start,
                       double width)
{
    for (size_t u = 0; u < s->n; u++)
        for (size_t j = first_of(s, u); j < s->end[u]; j++) {
            const double at = floor((s->time[j] - start) / width);
            if (at >= 0.0 && at < (double)b->n)
                b->counts[(size_t)at * s->n + u] += 1.0;
        }
}

static bn_status behaviour_alloc(struct bn_behaviour *b, size_t n, size_t units)
{
    *b = (struct bn_behaviour){ .n = n, .units = units };
    b->time = bn_alloc(n, sizeof(double));
    b->angle = bn_alloc(n, sizeof(double));
    b->velocity = bn_alloc(n, sizeof(double));
    b->valid = bn_alloc(n, sizeof(double));
    b->counts = bn_alloc(units != 0 && n > SIZE_MAX / units ? SIZE_MAX : n * units,
                         sizeof(double));
    if (b->time != NULL && b->angle != NULL && b->velocity != NULL && b->valid != NULL &&
        b->counts != NULL)
        return BN_OK;
    bn_behaviour_free(b);
    return BN_NOMEM;
}

bn_status bn_behaviour_make(struct bn_behaviour *b, const struct bn_track *t,
                            const struct bn_trains *s, double start, double stop,
                            double width)
{
    double step;

    *b = (struct bn_behaviour){0};
    BN_TRY(bn_track_step(t, &step));
    if (width < step * (1.0 - 1e-9))
        return bn_fail(BN_USAGE,
                       "bin = %g s is below the tracking's own step of %g s: choose bin "
                       "= %g or more",
                       width, step, step);
    const double bins = floor((stop - start) / width + 1e-9);
    if (!(bins >= 1.0))
        return bn_fail(BN_USAGE, "bin = %g s is longer than the epoch of %g s", width,
                       stop - start);
    BN_TRY(behaviour_alloc(b, (size_t)bins, s->n));
    for (size_t i = 0; i < b->n; i++)
        b->time[i] = start + ((double)i + 0.5) * width;
    if (average(b, t, start, width) == 0) {
        bn_behaviour_free(b);
        return bn_fail(BN_INPUT, "nothing was tracked between %g and %g s", start, stop);
    }
    interpolate(b);
    count_bins(b, s, start, width);
    return BN_OK;
}
