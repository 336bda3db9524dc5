/* SPDX-License-Identifier: MIT */
#include <basin/trail.h>

#include <basin/mem.h>
#include <basin/sort.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

void bn_trail_free(struct bn_trail *t)
{
    free(t->time), free(t->xy), free(t->velocity), free(t->speed), free(t->at);
    *t = (struct bn_trail){0};
}

static void lose_whole_samples(struct bn_trail *t)
{
    for (size_t k = 0; k < t->n; k++) {
        double *x = t->xy + k * t->width, sum = 0.0;
        for (size_t d = 0; d < t->width; d++)
            sum += x[d];
        for (size_t d = 0; d < t->width && !isfinite(sum); d++)
            x[d] = NAN;
    }
}

bn_status bn_trail_make(struct bn_trail *t, double *time, double *xy, size_t n, size_t width)
{
    *t = (struct bn_trail){ .n = n, .width = width, .time = time, .xy = xy };
    if (width > BN_DIMENSIONS)
        return bn_fail(BN_INPUT, "%zu numbers per sample are no position: it has 1 to %d",
                       width, BN_DIMENSIONS);
    t->velocity = bn_alloc(n * width, sizeof *t->velocity);
    t->speed = bn_alloc(n, sizeof *t->speed);
    if (t->velocity == NULL || t->speed == NULL)
        return BN_NOMEM;
    lose_whole_samples(t);
    const struct bn_track track = { .n = n, .time = time };
    bn_track_velocity(&track, time, xy, n, width, t->velocity);
    for (size_t k = 0; k < n; k++) {
        double sum = 0.0;
        for (size_t d = 0; d < width; d++)
            sum += t->velocity[k * width + d] * t->velocity[k * width + d];
        t->speed[k] = sqrt(sum);
    }
    return BN_OK;
}

/* --- the line ---------------------------------------------------------------------- */

/* Covariance of the positions that count, [width, width]; false if none does. */
static bool covariance(const struct bn_trail *t, const bool *counts, struct bn_mat *c)
{
    double mean[BN_DIMENSIONS] = {0}, n = 0.0;

    for (size_t k = 0; k < t->n; k++)
        if (counts[k]) {
            n += 1.0;
            for (size_t d = 0; d < t->width; d++)
                mean[d] += t->xy[k * t->width + d];
        }
    for (size_t d = 0; d < t->width && n > 0.0; d++)
        mean[d] /= n;
    for (size_t k = 0; k < t->n; k++)
        for (size_t d = 0; d < t->width && counts[k]; d++)
            for (size_t e = 0; e < t->width; e++)
                *bn_mat_at(c, d, e) += (t->xy[k * t->width + d] - mean[d]) *
                                       (t->xy[k * t->width + e] - mean[e]) / n;
    return n > 0.0;
}

/* The largest component of an axis is positive. */
static void orient(double *axis, size_t width)
{
    size_t most = 0;

    for (size_t d = 1; d < width; d++)
        if (fabs(axis[d]) > fabs(axis[most]) * (1.0 + 1e-9))
            most = d;
    for (size_t d = 0; axis[most] < 0.0 && d < width; d++)
        if (d != most)
            axis[d] = -axis[d];
    axis[most] = fabs(axis[most]);
}

static bn_status find_axes(struct bn_trail *t, enum bn_projection projection,
                           struct bn_mat *c, double *off)
{
    double variance[BN_DIMENSIONS] = {0}, total = 0.0, along = 0.0;

    memset(t->axis, 0, sizeof t->axis);
    for (size_t d = 0; d < t->width; d++)
        total += *bn_mat_at(c, d, d);
    if (t->dimensions > 1 || t->width == 1 || projection != BN_PRINCIPAL) {
        const size_t first = t->dimensions == 1 && projection == BN_SECOND ? 1 : 0;
        for (size_t d = 0; d < t->dimensions; d++) {
            t->axis[d][first + d] = 1.0;
            along += *bn_mat_at(c, first + d, first + d);
        }
    } else {
        BN_TRY(bn_eig_symmetric(c, variance));
        memcpy(t->axis[0], bn_mat_row(c, t->width - 1), t->width * sizeof(double));
        orient(t->axis[0], t->width);
        along = variance[t->width - 1];
    }
    if (off != NULL)
        *off = sqrt(fmax(0.0, total - along));
    return BN_OK;
}

static bn_status project(struct bn_trail *t)
{
    free(t->at);
    t->at = bn_alloc(t->n * t->dimensions, sizeof *t->at);
    if (t->at == NULL)
        return BN_NOMEM;
    for (size_t k = 0; k < t->n; k++)
        for (size_t d = 0; d < t->dimensions; d++)
            for (size_t e = 0; e < t->width; e++)
                t->at[k * t->dimensions + d] += t->axis[d][e] * t->xy[k * t->width + e];
    return BN_OK;
}

bn_status bn_trail_project(struct bn_trail *t, size_t dimensions,
                           enum bn_projection projection, const bool *counts, double *off)
{
    struct bn_mat c;

    if (dimensions > t->width)
        return bn_fail(BN_INPUT,
                       "the position has %zu number per sample, so there is no map of %zu "
                       "dimensions: set dimensions = 1, or name another series",
                       t->width, dimensions);
    if (dimensions == 1 && projection == BN_SECOND && t->width == 1)
        return bn_fail(BN_INPUT, "the position has one number per sample, not the second "
                                 "that projection = second asks for");
    t->dimensions = dimensions;
    BN_TRY(bn_mat_alloc(&c, t->width, t->width));
    bn_status rc = covariance(t, counts, &c)
        ? find_axes(t, projection, &c, off)
        : bn_fail(BN_INPUT, "not one sample counts: position tracked, inside the epoch and "
                            "fast enough");
    bn_mat_free(&c);
    return rc == BN_OK ? project(t) : rc;
}

double bn_trail_heading(const struct bn_trail *t, size_t k)
{
    double sum = 0.0;

    for (size_t e = 0; e < t->width; e++)
        sum += t->axis[0][e] * t->velocity[k * t->width + e];
    return sum;
}

/* --- the grid ---------------------------------------------------------------------- */

/* Of coordinate d of the samples that count. */
static bn_status range_of(const struct bn_trail *t, const bool *counts, size_t d,
                          double trim, double *low, double *high)
{
    double *x = bn_alloc(t->n, sizeof *x);
    size_t n = 0;

    if (x == NULL)
        return BN_NOMEM;
    for (size_t k = 0; k < t->n; k++)
        if (counts[k])
            x[n++] = t->at[k * t->dimensions + d];
    bn_sort(x, n);
    const size_t beyond = (size_t)(trim * (double)n);
    if (n > 0)
        *low = x[beyond], *high = x[n - 1 - beyond];
    free(x);
    return n > 0 ? BN_OK : bn_fail(BN_INPUT, "not one sample counts");
}

static bn_status sides(struct bn_trail *t, const bool *counts, double trim,
                       const double *range, size_t n_range, double *size)
{
    if (n_range != 0 && n_range != 2 * t->dimensions)
        return bn_fail(BN_USAGE, "range has %zu numbers; it wants %zu: the lowest and the "
                       "highest position along each coordinate", n_range,
                       2 * t->dimensions);
    for (size_t d = 0; d < t->dimensions; d++) {
        double high = 0.0;
        if (n_range == 0)
            BN_TRY(range_of(t, counts, d, trim, &t->low[d], &high));
        else
            t->low[d] = range[2 * d], high = range[2 * d + 1];
        size[d] = high - t->low[d];
        if (n_range > 0 && !(size[d] > 0.0))
            return bn_fail(BN_USAGE, "range goes from %g to %g: the second must be larger",
                           t->low[d], high);
    }
    return BN_OK;
}

static bn_status refuse_narrow(const struct bn_trail *t, const double *size, size_t narrow,
                               size_t bins)
{
    const size_t other = 1 - narrow;

    if (t->dimensions == 1 || !(size[other] > 0.0))
        return bn_fail(BN_INPUT,
                       "the position moves over %.4g %s in all: there is no map of a place "
                       "that was never left", size[narrow], t->unit);
    return bn_fail(BN_INPUT,
                   "the position moves over %.4g %s along coordinate %zu but only %.4g %s along "
                   "the other: at %zu bins that is a line of fewer than 3 bins across, and "
                   "no map of two dimensions: set dimensions = 1, or take more bins",
                   size[other], t->unit, other + 1, size[narrow], t->unit, bins);
}

bn_status bn_trail_grid(struct bn_trail *t, const bool *counts, size_t bins, double trim,
                        const double *range, size_t n_range)
{
    double size[BN_DIMENSIONS] = {0};

    BN_TRY(sides(t, counts, trim, range, n_range, size));
    const double step = fmax(size[0], size[1]) / (double)bins;
    t->grid = (struct bn_manifold){ .kind = t->dimensions == 1 ? BN_INTERVAL : BN_BOX,
                                    .dimensions = t->dimensions, .count = { 1, 1, 1 } };
    for (size_t d = 0; d < t->dimensions; d++) {
        const double n = step > 0.0 ? round(size[d] / step) : 0.0;
        if (n < 3.0)
            return refuse_narrow(t, size, d, bins);
        t->grid.count[d] = (size_t)n;
        t->grid.size[d] = size[d];
    }
    return BN_OK;
}

size_t bn_trail_bin(const struct bn_trail *t, size_t k)
{
    size_t bin = 0;

    for (size_t d = 0; d < t->dimensions; d++) {
        const size_t n = t->grid.count[d];
        const double x = t->at[k * t->dimensions + d] - t->low[d], size = t->grid.size[d];
        if (!(x >= 0.0 && x <= size))
            return SIZE_MAX;
        const size_t m = (size_t)(x / size * (double)n);
        bin = bin * n + (m < n ? m : n - 1);         /* the upper wall is inside */
    }
    return bin;
}

/* --- the path ---------------------------------------------------------------------- */

void bn_path_free(struct bn_path *p)
{
    free(p->time), free(p->position), free(p->speed), free(p->valid), free(p->counts);
    *p = (struct bn_path){0};
}

/* Time and counts are those of any behaviour: where it is tracked the angle is a number. */
static bn_status frame(struct bn_path *p, const struct bn_trail *t,
                       const struct bn_trains *trains, double start, double stop,
                       double width)
{
    struct bn_track track = { .n = t->n, .time = t->time };
    struct bn_behaviour b;

    track.angle = bn_alloc(t->n, sizeof *track.angle);
    if (track.angle == NULL)
        return BN_NOMEM;
    for (size_t k = 0; k < t->n; k++)
        track.angle[k] = isnan(t->at[k * t->dimensions]) ? NAN : 0.0;
    const bn_status rc = bn_behaviour_make(&b, &track, trains, start, stop, width);
    free(track.angle);
    if (rc != BN_OK)
        return rc;
    *p = (struct bn_path){ .n = b.n, .units = b.units, .time = b.time, .counts = b.counts,
                           .valid = b.valid };
    b.time = b.counts = b.valid = NULL;
    bn_behaviour_free(&b);
    p->position = bn_alloc(p->n * t->dimensions, sizeof *p->position);
    p->speed = bn_alloc(p->n, sizeof *p->speed);
    return p->position != NULL && p->speed != NULL ? BN_OK : BN_NOMEM;
}

/* Means of the samples in each bin; tally [n, 3]: tracked, with a speed, counted less half
 * of all.                                                                          */
static void average(struct bn_path *p, const struct bn_trail *t, const bool *counts,
                    double start, double width, double *tally)
{
    const size_t dims = t->dimensions;

    for (size_t k = 0; k < t->n; k++) {
        const double at = floor((t->time[k] - start) / width);
        if (!(at >= 0.0 && at < (double)p->n))
            continue;
        const size_t i = (size_t)at;
        tally[3 * i + 2] += counts[k] ? 0.5 : -0.5;
        if (isnan(t->at[k * dims]))
            continue;
        tally[3 * i] += 1.0;
        for (size_t d = 0; d < dims; d++)
            p->position[i * dims + d] += t->at[k * dims + d] - t->low[d];
        if (!isnan(t->speed[k]))
            tally[3 * i + 1] += 1.0, p->speed[i] += t->speed[k];
    }
    for (size_t i = 0; i < p->n; i++) {
        for (size_t d = 0; d < dims && tally[3 * i] > 0.0; d++)
            p->position[i * dims + d] =
                fmax(0.0, fmin(t->grid.size[d], p->position[i * dims + d] / tally[3 * i]));
        if (tally[3 * i + 1] > 0.0)
            p->speed[i] /= tally[3 * i + 1];
        p->valid[i] = tally[3 * i] > 0.0 && tally[3 * i + 2] >= 0.0 ? 1.0 : 0.0;
    }
}

/* Straight lines across bins without a sample (seen[3 i] is 0); held outward at the ends. */
static void cross(double *x, size_t n, size_t width, const double *seen)
{
    size_t last = SIZE_MAX;

    for (size_t i = 0; i <= n; i++) {
        if (i < n && !(seen[3 * i] > 0.0))
            continue;
        for (size_t k = last == SIZE_MAX ? 0 : last + 1; k < i; k++)
            for (size_t d = 0; d < width; d++) {
                const double a = last == SIZE_MAX ? 0.0 : x[last * width + d];
                const double b = i < n ? x[i * width + d] : a;
                const double part = last == SIZE_MAX ? 1.0
                                                     : (double)(k - last) / (double)(i - last);
                x[k * width + d] = a + part * (b - a);
            }
        last = i;
    }
}

bn_status bn_path_make(struct bn_path *p, const struct bn_trail *t, const bool *counts,
                       const struct bn_trains *trains, double start, double stop,
                       double width)
{
    *p = (struct bn_path){0};
    bn_status rc = frame(p, t, trains, start, stop, width);
    double *tally = rc == BN_OK ? bn_alloc(3 * p->n, sizeof *tally) : NULL;

    if (rc == BN_OK && tally == NULL)
        rc = BN_NOMEM;
    if (rc == BN_OK) {
        average(p, t, counts, start, width, tally);
        cross(p->position, p->n, t->dimensions, tally);
        cross(p->speed, p->n, 1, tally + 1);
    } else {
        bn_path_free(p);
    }
    free(tally);
    return rc;
}
