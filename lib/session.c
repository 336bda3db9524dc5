/* SPDX-License-Identifier: MIT */
#include <basin/session.h>

#include <basin/mat5.h>
#include <basin/mem.h>
#include <basin/nwb.h>
#include <basin/text.h>

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define TURN 6.283185307179586

void bn_session_free(struct bn_session *s)
{
    bn_track_free(&s->track);
    bn_trail_free(&s->trail);
    bn_trains_free(&s->trains);
    bn_spans_free(&s->spans);
    free(s->curves);
    *s = (struct bn_session){0};
}

/* Append a sentence to the notes; what does not fit is left out whole. */
static void note(struct bn_session *s, const char *fmt, ...) BN_PRINTF(2, 3);
static void note(struct bn_session *s, const char *fmt, ...)
{
    const size_t used = strlen(s->notes), room = sizeof s->notes - used;
    va_list ap;

    va_start(ap, fmt);
    const int n = vsnprintf(s->notes + used, room, fmt, ap);
    va_end(ap);
    if (n < 0 || (size_t)n + 2 > room)
        s->notes[used] = '\0';
    else
        memcpy(s->notes + used + (size_t)n, "\n", 2);
}

static void note_mended(struct bn_session *s, const char *what, const struct bn_mended *m)
{
    if (m->absurd > 0)
        note(s, "%s: %zu left out for having no usable time", what, m->absurd);
    if (m->unsorted > 0)
        note(s, "%s: %zu went back in time; sorted", what, m->unsorted);
    if (m->repeated > 0)
        note(s, "%s: %zu at the same time as another left out", what, m->repeated);
}

static bool given(const char *text)
{
    return text[0] != '\0';
}

static bool any_within(const struct bn_trains *t, const struct bn_spans *spans)
{
    const size_t all = t->n > 0 ? t->end[t->n - 1] : 0;
    for (size_t j = 0; j < all; j++)
        for (size_t i = 0; i < spans->n; i++)
            if (t->time[j] >= spans->start[i] && t->time[j] < spans->stop[i])
                return true;
    return false;
}

static void range_of(const double *x, size_t n, double *low, double *high)
{
    *low = INFINITY, *high = -INFINITY;
    for (size_t k = 0; k < n; k++)
        *low = fmin(*low, x[k]), *high = fmax(*high, x[k]);
}

/* Track, trains and spans are read: make them one session. */
static bn_status settle(const struct bn_source *from, struct bn_session *s)
{
    struct bn_mended mended;
    double step, low, high;

    const bn_status rc = bn_track_step(&s->track, &step);
    if (rc != BN_OK)
        return bn_fail_at(rc, "%s", from->path);
    const double first = s->track.time[0], last = s->track.time[s->track.n - 1] + step;
    if (s->spans.n == 0) {
        BN_TRY(bn_spans_alloc(&s->spans, 1));
        s->spans.start[0] = first, s->spans.stop[0] = last;
    }
    range_of(s->spans.start, s->spans.n, &low, &high);
    bn_spans_merge(&s->spans, first, last);
    if (s->spans.n == 0)
        return bn_fail(BN_INPUT,
                       "%s: epoch \"%s\" begins at %g s but the tracking goes from %g to "
                       "%g s: they do not meet",
                       from->path, from->epoch, low, first, last);
    BN_TRY(bn_trains_mend(&s->trains, &mended));
    note_mended(s, "spikes", &mended);
    const size_t spikes = s->trains.end[s->trains.n - 1];
    if (spikes == 0)
        return bn_fail(BN_INPUT, "%s: the %zu units have not one spike", from->path,
                       s->trains.n);
    if (!any_within(&s->trains, &s->spans)) {
        range_of(s->trains.time, spikes, &low, &high);
        return bn_fail(BN_INPUT,
                       "%s: no spike falls into the epoch: the spikes lie between %g and "
                       "%g s, the tracked epoch between %g and %g s; do they share a "
                       "clock?",
                       from->path, low, high, s->spans.start[0],
                       s->spans.stop[s->spans.n - 1]);
    }
    return BN_OK;
}

/* --- NWB ------------------------------------------------------------------ */

static void note_lost(struct bn_session *s)
{
    size_t lost = 0;
    for (size_t k = 0; k < s->track.n; k++)
        lost += isnan(s->track.angle[k]) ? 1 : 0;
    if (lost > 0)
        note(s, "tracking: %zu of %zu samples have no angle and are left out", lost,
             s->track.n);
}

/* The angle is read: sort it out.  `where` names it in messages. */
static bn_status settle_angle(const struct bn_source *from, const char *where,
                              const char *unit, struct bn_session *s)
{
    struct bn_mended mended;
    bool guessed;

    BN_TRY(bn_series_mend(&s->track.n, s->track.time, s->track.angle, 1, &mended));
    note_mended(s, "tracking", &mended);
    const bn_status rc = bn_angle_wrap(s->track.angle, s->track.n, unit, from->angle_unit,
                                       &guessed);
    if (rc != BN_OK)
        return bn_fail_at(rc, "%s: %s", from->path, where);
    if (guessed)
        note(s,
             "%s: the values go beyond one turn in radians (unit \"%s\"): taken as "
             "degrees; angle_unit says otherwise",
             where, unit);
    note_lost(s);
    return BN_OK;
}

static bn_status take_angle(const struct bn_source *from, const char *path,
                            struct bn_nwb_series *angle, struct bn_session *s)
{
    if (angle->width != 1)
        return bn_fail(BN_INPUT,
                       "%s: %s has %zu numbers per sample; a head direction has one: "
                       "name another with series",
                       from->path, path, angle->width);
    s->track =
        (struct bn_track){ .n = angle->n, .time = angle->time, .angle = angle->data };
    angle->time = angle->data = NULL;    /* now the track's */
    return settle_angle(from, path, angle->unit, s);
}

static bn_status nwb_angle(bn_h5 *f, const struct bn_source *from, struct bn_session *s)
{
    struct bn_nwb_series angle = {0};
    char *path;

    BN_TRY(bn_nwb_find_angle(f, from->series, &path));
    bn_status rc = bn_nwb_series_read(f, path, &angle);
    if (rc == BN_OK)
        rc = take_angle(from, path, &angle, s);
    bn_nwb_series_free(&angle);
    free(path);
    return rc;
}

static bn_status take_speed(const struct bn_source *from, const char *path,
                            struct bn_nwb_series *xy, struct bn_session *s)
{
    struct bn_mended mended;
    double factor;

    const bn_status rc = bn_nwb_centimetres(xy, &factor);
    if (rc != BN_OK)
        return bn_fail_at(rc, "%s: %s", from->path, path);
    if (factor == 100.0 && strncasecmp(xy->unit, "c", 1) == 0)
        note(s, "%s: conversion 0.01 with the unit \"%s\" is read as stored in cm", path,
             xy->unit);
    BN_TRY(bn_series_mend(&xy->n, xy->time, xy->data, xy->width, &mended));
    note_mended(s, "position", &mended);
    for (size_t k = 0; k < xy->n * xy->width; k++)
        xy->data[k] *= factor;
    return bn_track_speed(&s->track, xy->time, xy->data, xy->n, xy->width);
}

static bn_status nwb_speed(bn_h5 *f, const struct bn_source *from, struct bn_session *s)
{
    struct bn_nwb_series xy = {0};
    char *path;

    BN_TRY(bn_nwb_find_position(f, from->position, &path));
    bn_status rc = bn_nwb_series_read(f, path, &xy);
    if (rc == BN_OK)
        rc = take_speed(from, path, &xy, s);
    bn_nwb_series_free(&xy);
    free(path);
    return rc;
}

/* --- positions ------------------------------------------------------------ */

/* settle() and what counts samples know a track by its time and its losses. */
static bn_status track_places(struct bn_session *s)
{
    const struct bn_trail *t = &s->trail;
    size_t lost = 0;

    s->track = (struct bn_track){ .n = t->n, .time = bn_alloc(t->n, sizeof(double)),
                                  .angle = bn_alloc(t->n, sizeof(double)) };
    if (s->track.time == NULL || s->track.angle == NULL)
        return BN_NOMEM;
    memcpy(s->track.time, t->time, t->n * sizeof *t->time);
    for (size_t k = 0; k < t->n; k++) {
        s->track.angle[k] = isnan(t->xy[k * t->width]) ? NAN : 0.0;
        lost += isnan(s->track.angle[k]) ? 1 : 0;
    }
    if (lost > 0)
        note(s, "tracking: %zu of %zu samples have no position and are left out", lost, t->n);
    return BN_OK;
}

static bn_status take_place(const char *path, struct bn_nwb_series *xy, struct bn_session *s)
{
    struct bn_mended mended;
    double factor;
    char unit[sizeof s->trail.unit];

    snprintf(unit, sizeof unit, "%s", bn_nwb_length(xy, &factor));
    if (factor != 1.0)
        note(s, "%s: conversion 0.01 with the unit \"%s\" is read as stored in cm", path,
             xy->unit);
    note(s, "%s: lengths are in %s, speeds in %s/s%s", path, unit, unit,
         strcmp(unit, "px") == 0 ? ": no scale of the camera is known" : "");
    BN_TRY(bn_series_mend(&xy->n, xy->time, xy->data, xy->width, &mended));
    note_mended(s, "position", &mended);
    for (size_t k = 0; k < xy->n * xy->width; k++)
        xy->data[k] *= factor;
    double *time = xy->time, *data = xy->data;
    xy->time = xy->data = NULL;          /* now the trail's */
    BN_TRY(bn_trail_make(&s->trail, time, data, xy->n, xy->width));
    memcpy(s->trail.unit, unit, sizeof unit);
    return track_places(s);
}

static bn_status nwb_place(bn_h5 *f, const struct bn_source *from, struct bn_session *s)
{
    struct bn_nwb_series xy = {0};
    char *path;

    BN_TRY(bn_nwb_find_position(f, from->position, &path));
    bn_status rc = bn_nwb_series_read(f, path, &xy);
    if (rc == BN_OK) {
        rc = take_place(path, &xy, s);
        if (rc != BN_OK && rc != BN_NOMEM)
            rc = bn_fail_at(rc, "%s: %s", from->path, path);
    }
    bn_nwb_series_free(&xy);
    free(path);
    return rc;
}

static bn_status nwb_epoch(bn_h5 *f, const struct bn_source *from, struct bn_session *s)
{
    static const char usual[] = "wake_square";
    bool found;

    if (strcmp(from->epoch, "auto") != 0)
        return given(from->epoch) ? bn_nwb_spans(f, from->epoch, &s->spans) : BN_OK;
    BN_TRY(bn_nwb_has_epoch(f, usual, &found));
    note(s,
         found ? "epoch: the intervals tagged %s"
               : "epoch: no interval is tagged %s, so the "
                 "whole tracking is taken",
         usual);
    return found ? bn_nwb_spans(f, usual, &s->spans) : BN_OK;
}

static bn_status nwb_parts(bn_h5 *f, const struct bn_source *from, struct bn_session *s)
{
    BN_TRY(from->place ? nwb_place(f, from, s) : nwb_angle(f, from, s));
    if (from->speed)
        BN_TRY(nwb_speed(f, from, s));
    BN_TRY(bn_nwb_units(f, from->column, from->value, &s->trains));
    BN_TRY(nwb_epoch(f, from, s));
    return settle(from, s);
}

static bn_status read_nwb(const struct bn_source *from, struct bn_session *s)
{
    bn_h5 *f;

    BN_TRY(bn_nwb_open(&f, from->path));
    const bn_status rc = nwb_parts(f, from, s), shut = bn_h5_close(f);
    return rc != BN_OK ? rc : shut;
}

/* --- finished curves ------------------------------------------------------ */

static bn_status check_curves(const struct bn_source *from, const struct bn_session *s)
{
    if (s->cells == 0 || s->angles < 3)
        return bn_fail(BN_INPUT, "%s: %zu cells at %zu angles are no tuning curves",
                       from->path, s->cells, s->angles);
    for (size_t i = 0; i < s->cells; i++) {
        double sum = 0.0;
        for (size_t m = 0; m < s->angles; m++) {
            const double r = s->curves[i * s->angles + m];
            if (!(r >= 0.0) || isinf(r))
                return bn_fail(BN_INPUT,
                               "%s: cell %zu at angle %zu (from 0) has the rate %g: "
                               "rates are finite and not negative",
                               from->path, i, m, r);
            sum += r;
        }
        if (sum == 0.0)
            return bn_fail(BN_INPUT,
                           "%s: cell %zu (from 0) is silent at every angle: leave it out "
                           "of the file",
                           from->path, i);
    }
    return BN_OK;
}

static bn_status h5_curves(bn_h5 *f, const struct bn_source *from, struct bn_session *s)
{
    struct bn_shape shape;
    size_t n;

    BN_TRY(bn_h5_shape(f, from->curves, &shape));
    if (shape.rank != 2 && !(shape.rank == 3 && shape.dim[1] == BN_FOLDS))
        return bn_fail(BN_INPUT,
                       "%s: %s has rank %d and %zu numbers; tuning curves are cell x "
                       "angle or cell x 2 x angle: name another dataset with curves",
                       from->path, from->curves, shape.rank, bn_shape_count(&shape));
    BN_TRY(bn_h5_read(f, from->curves, &s->curves, &n));
    s->cells = shape.dim[0];
    s->angles = shape.dim[shape.rank - 1];
    if (shape.rank == 2)
        return BN_OK;
    for (size_t i = 0; i < s->cells; i++)
        for (size_t m = 0; m < s->angles; m++) {     /* in place: read ahead of written */
            const double *fold = s->curves + i * BN_FOLDS * s->angles + m;
            s->curves[i * s->angles + m] = 0.5 * (fold[0] + fold[s->angles]);
        }
    note(s, "%s: the mean of two folds", from->curves);
    return BN_OK;
}

static bn_status list_datasets(bn_h5 *f, const struct bn_source *from)
{
    char **names = NULL, list[900] = "";
    size_t n = 0, used = 0;

    BN_TRY(bn_h5_members(f, "/", &names, &n));
    for (size_t i = 0; i < n && used + strlen(names[i]) + 4 < sizeof list; i++)
        used += (size_t)sprintf(list + used, "%s/%s", i > 0 ? ", " : "", names[i]);
    free(names);
    return bn_fail(BN_INPUT,
                   "%s: no dataset %s; there is: %s; name the tuning curves with curves "
                   "(and the format, if this is none of nwb, mat, csv, curves)",
                   from->path, from->curves, used > 0 ? list : "nothing");
}

static bn_status read_curves(const struct bn_source *from, struct bn_session *s)
{
    bn_h5 *f;

    BN_TRY(bn_h5_open(&f, from->path));
    const bn_status rc = bn_h5_kind(f, from->curves) == BN_H5_DATASET
                             ? h5_curves(f, from, s)
                             : list_datasets(f, from);
    const bn_status shut = bn_h5_close(f);
    return rc != BN_OK ? rc : shut;
}

/* --- MATLAB --------------------------------------------------------------- */

static bn_status mat_vector(bn_mat5 *f, const struct bn_source *from,
                            const char *parameter, const char *name, double **x,
                            size_t *n)
{
    struct bn_mat5_array a;

    if (!given(name))
        return bn_fail(BN_USAGE, "%s: %s is not set: name the MATLAB variable",
                       from->path, parameter);
    BN_TRY(bn_mat5_read(f, name, &a));
    *x = a.data;
    *n = a.dim[0] * a.dim[1] * a.dim[2];
    return BN_OK;
}

static bn_status mat_epoch(bn_mat5 *f, const struct bn_source *from, struct bn_session *s)
{
    struct bn_mat5_array a;

    if (!given(from->epoch) || strcmp(from->epoch, "auto") == 0)
        return BN_OK;
    BN_TRY(bn_mat5_read(f, from->epoch, &a));
    bn_status rc = BN_OK;
    if (a.dim[1] != 2 || a.dim[2] != 1 || a.dim[0] == 0)
        rc = bn_fail(BN_INPUT,
                     "%s: the epoch %s is %zu x %zu; start and stop times are K x 2",
                     from->path, from->epoch, a.dim[0], a.dim[1]);
    if (rc == BN_OK)
        rc = bn_spans_alloc(&s->spans, a.dim[0]);
    for (size_t i = 0; i < a.dim[0] && rc == BN_OK; i++) {
        s->spans.start[i] = a.data[i];
        s->spans.stop[i] = a.data[a.dim[0] + i];
        if (!(s->spans.start[i] <= s->spans.stop[i]))
            rc = bn_fail(BN_INPUT, "%s: %s: row %zu goes from %g to %g s", from->path,
                         from->epoch, i + 1, s->spans.start[i], s->spans.stop[i]);
    }
    free(a.data);
    return rc;
}

static bn_status mat_spikes(bn_mat5 *f, const struct bn_source *from,
                            struct bn_session *s)
{
    size_t n = 0;

    if (given(from->column) || from->speed)
        return bn_fail(BN_USAGE, "%s: %s works with NWB files only", from->path,
                       from->speed ? "speed_min" : "units_column");
    BN_TRY(mat_vector(f, from, "mat_time", from->mat_time, &s->track.time, &s->track.n));
    BN_TRY(mat_vector(f, from, "mat_angle", from->mat_angle, &s->track.angle, &n));
    if (n != s->track.n)
        return bn_fail(BN_INPUT, "%s: %s has %zu angles but %s has %zu times", from->path,
                       from->mat_angle, n, from->mat_time, s->track.n);
    BN_TRY(settle_angle(from, from->mat_angle, "", s));
    BN_TRY(bn_mat5_trains(f, from->mat_spikes, &s->trains));
    if (s->trains.n == 0)
        return bn_fail(BN_INPUT, "%s: %s has no units", from->path, from->mat_spikes);
    BN_TRY(mat_epoch(f, from, s));
    return settle(from, s);
}

/* MATLAB's [angle, cell] with the first index fastest is our [cell, angle]. */
static bn_status mat_curves(bn_mat5 *f, const struct bn_source *from,
                            struct bn_session *s)
{
    const char *name = from->curves + (from->curves[0] == '/');
    struct bn_mat5_array a;

    const bn_status rc = bn_mat5_read(f, name, &a);
    if (rc != BN_OK)
        return bn_fail_at(rc, "no mat_spikes is set, so curves = %s is looked for", name);
    s->curves = a.data;
    s->angles = a.dim[0];
    s->cells = a.dim[1];
    if (from->layer > a.dim[2])
        return bn_fail(BN_USAGE, "%s: layer = %zu, but %s has %zu", from->path,
                       from->layer, name, a.dim[2]);
    const size_t layer = from->layer > 0 ? from->layer - 1 : a.dim[2] - 1;
    const size_t size = a.dim[2] > 0 ? s->angles * s->cells : 0;
    if (size == 0)
        s->cells = 0;                    /* an empty array in MATLAB has sizes, too */
    else
        memmove(s->curves, s->curves + layer * size, size * sizeof *s->curves);
    note(s, "%s: %zu angles (rows) of %zu cells (columns)%s", name, s->angles, s->cells,
         a.dim[2] > 1 ? ", one of its layers" : "");
    return BN_OK;
}

static bn_status read_mat(const struct bn_source *from, struct bn_session *s)
{
    bn_mat5 *f;

    BN_TRY(bn_mat5_open(&f, from->path));
    const bn_status rc = given(from->mat_spikes) ? mat_spikes(f, from, s)
                                                 : mat_curves(f, from, s);
    bn_mat5_close(f);
    return rc;
}

/* --- CSV ------------------------------------------------------------------ */

struct csv {
    const char *path;
    char *text;                          /* cut into words at the separators */
    size_t size;
    double *x;                           /* [row, column] */
    size_t rows, columns, line;
    bool header;                         /* begins with theta */
};

static bn_status slurp(struct csv *c)
{
    FILE *f = fopen(c->path, "rb");
    size_t room = 0, got = 1;

    if (f == NULL)
        return bn_fail(BN_INPUT, "%s: cannot open (%s)", c->path, strerror(errno));
    while (got > 0) {
        room = room * 2 + 65536;
        char *more = bn_grow(c->text, room + 1, 1);
        if (more == NULL) {
            fclose(f);
            return BN_NOMEM;
        }
        c->text = more;
        got = fread(c->text + c->size, 1, room - c->size, f);
        c->size += got;
    }
    const bool bad = ferror(f) != 0;
    fclose(f);
    c->text[c->size] = '\0';
    if (bad || strlen(c->text) != c->size)
        return bn_fail(BN_INPUT, "%s: not a text file", c->path);
    return BN_OK;
}

/* The next word of the line, NUL-terminated in place; NULL at its end.  Words are
 * apart by blanks or by one comma, semicolon or tab; two commas hold an empty one. */
static char *word(char **at)
{
    char *p = *at + strspn(*at, " \r");
    if (*p == '\0')
        return NULL;
    char *end = p + strcspn(p, ",;\t ");
    char *next = end + strspn(end, " \r");
    if (*next != '\0' && strchr(",;\t", *next) != NULL)
        next++;
    *end = '\0';
    end = p + strcspn(p, "\r");
    *end = '\0';
    *at = next;
    return p;
}

static bn_status add_row(struct csv *c, char *line)
{
    size_t columns = 0;

    for (char *w = word(&line); w != NULL; w = word(&line), columns++) {
        double *more = bn_grow(c->x, c->rows * c->columns + columns + 1, sizeof *more);
        if (more == NULL)
            return BN_NOMEM;
        c->x = more;
        double *x = &c->x[c->rows * c->columns + columns];
        if (bn_parse_real(w, x) != BN_OK)
            return bn_fail(BN_INPUT, "%s:%zu: \"%s\" in column %zu is not a number",
                           c->path, c->line, w, columns + 1);
    }
    if (c->rows > 0 && columns != c->columns)
        return bn_fail(BN_INPUT, "%s:%zu: %zu columns, but %zu in the rows before",
                       c->path, c->line, columns, c->columns);
    c->columns = columns;
    c->rows++;
    return BN_OK;
}

/* A first line that does not begin with a number names the columns. */
static bn_status add_header(struct csv *c, char *line, bool *is_header)
{
    char first[32] = "";
    double x;

    line += strspn(line, " \"");
    const size_t n = strcspn(line, ",;\t \"\r");
    memcpy(first, line, n < sizeof first ? n : sizeof first - 1);
    *is_header = bn_parse_real(first, &x) != BN_OK;
    if (!*is_header)
        return BN_OK;
    c->header = strcasecmp(first, "theta") == 0 || strcasecmp(first, "angle") == 0;
    return c->header ? BN_OK
                     : bn_fail(BN_INPUT,
                               "%s:%zu: the header begins with \"%s\"; the first column "
                               "must be theta, or there is no header and each row is a "
                               "cell",
                               c->path, c->line, first);
}

static bn_status parse(struct csv *c)
{
    bool is_header;

    c->x = bn_grow(NULL, 1, sizeof *c->x);
    if (c->x == NULL)
        return BN_NOMEM;
    for (char *line = c->text, *next; line != NULL; line = next) {
        next = strchr(line, '\n');
        if (next != NULL)
            *next++ = '\0';
        c->line++;
        line += strspn(line, " \t\r");
        if (*line == '\0' || *line == '#')
            continue;
        is_header = false;
        if (c->rows == 0 && !c->header)
            BN_TRY(add_header(c, line, &is_header));
        if (!is_header)
            BN_TRY(add_row(c, line));
    }
    return BN_OK;
}

/* theta must step evenly once around: where it begins, in radians. */
static bn_status theta_column(const struct csv *c, double *begin)
{
    const double n = (double)c->rows,
                 step = c->rows > 1 ? c->x[c->columns] - c->x[0] : 0.0;
    const bool degrees = fabs(step * n - 360.0) < 0.36;

    if (!degrees && fabs(step * n - TURN) >= 1e-3 * TURN)
        return bn_fail(BN_INPUT,
                       "%s: theta steps by %g in %zu rows: together %g, which is one "
                       "turn neither in radians nor in degrees",
                       c->path, step, c->rows, step * n);
    for (size_t m = 0; m < c->rows; m++) {
        const double want = c->x[0] + (double)m * (degrees ? 360.0 : TURN) / n;
        if (fabs(c->x[m * c->columns] - want) > 0.01 * step)
            return bn_fail(BN_INPUT,
                           "%s: theta is %g in row %zu where even steps give %g", c->path,
                           c->x[m * c->columns], m + 1, want);
    }
    *begin = degrees ? c->x[0] * TURN / 360.0 : c->x[0];
    return BN_OK;
}

static bn_status csv_columns(const struct csv *c, struct bn_session *s)
{
    double begin = 0.0;

    if (c->rows < 3 || c->columns < 2)
        return bn_fail(BN_INPUT,
                       "%s: %zu rows of %zu columns; a column theta and one per cell are "
                       "expected",
                       c->path, c->rows, c->columns);
    BN_TRY(theta_column(c, &begin));
    s->angles = c->rows;
    s->cells = c->columns - 1;
    s->curves = bn_alloc(s->cells * s->angles, sizeof *s->curves);
    double *curve = bn_alloc(s->angles, sizeof *curve);
    if (s->curves == NULL || curve == NULL) {
        free(curve);
        return BN_NOMEM;
    }
    const bool shifted = fabs(remainder(begin, TURN)) > 1e-6;
    for (size_t i = 0; i < s->cells; i++) {
        for (size_t m = 0; m < s->angles; m++)
            curve[m] = c->x[m * c->columns + i + 1];
        if (shifted)
            bn_curve_rotate(curve, s->angles, begin, s->curves + i * s->angles);
        else
            memcpy(s->curves + i * s->angles, curve, s->angles * sizeof *curve);
    }
    free(curve);
    if (shifted)
        note(s, "theta begins at %g rad: interpolated to angles from 0", begin);
    return BN_OK;
}

static bn_status read_csv(const struct bn_source *from, struct bn_session *s)
{
    struct csv c = { .path = from->path };

    bn_status rc = slurp(&c);
    if (rc == BN_OK)
        rc = parse(&c);
    if (rc == BN_OK && c.rows == 0)
        rc = bn_fail(BN_INPUT, "%s: no numbers in it", c.path);
    if (rc == BN_OK && c.header) {
        rc = csv_columns(&c, s);
    } else if (rc == BN_OK) {
        s->cells = c.rows, s->angles = c.columns;
        s->curves = c.x, c.x = NULL;
        note(s, "no header: each of %zu rows is a cell at %zu angles from 0", c.rows,
             c.columns);
    }
    free(c.text), free(c.x);
    return rc;
}

/* --- which format --------------------------------------------------------- */

static bn_status detect_h5(const char *path, const char **format)
{
    bn_h5 *f;

    BN_TRY(bn_h5_open(&f, path));
    *format = bn_nwb_is(f) ? "nwb" : "curves";
    return bn_h5_close(f);
}

static bn_status detect(const char *path, const char **format)
{
    static const char signature[] = "\211HDF\r\n\032\n";
    char head[4096];

    errno = 0;
    FILE *f = fopen(path, "rb");
    const size_t n = f != NULL ? fread(head, 1, sizeof head, f) : 0;
    const int why = errno;
    if (f != NULL)
        fclose(f);
    if (f == NULL || (n == 0 && why != 0))
        return bn_fail(BN_INPUT, "%s: cannot read (%s): check the path of the "
                       "recording", path, strerror(why));
    if (n == 0)
        return bn_fail(BN_INPUT, "%s: the file is empty", path);
    if (bn_mat5_is(path))
        *format = "mat";
    else if (n >= sizeof signature - 1 &&
             memcmp(head, signature, sizeof signature - 1) == 0)
        return detect_h5(path, format);
    else if (memchr(head, '\0', n) == NULL)
        *format = "csv";
    else
        return bn_fail(BN_INPUT,
                       "%s: neither NWB nor another HDF5 file, nor MATLAB, nor text",
                       path);
    return BN_OK;
}

bn_status bn_session_read(const struct bn_source *source, struct bn_session *s)
{
    static const struct {
        const char *format;
        bn_status (*read)(const struct bn_source *from, struct bn_session *s);
    } readers[] = { { "nwb", read_nwb }, { "mat", read_mat }, { "csv", read_csv },
                    { "curves", read_curves } };
    const char *format = source->format;

    *s = (struct bn_session){0};
    if (strcmp(format, "auto") == 0)
        BN_TRY(detect(source->path, &format));
    if (source->place && strcmp(format, "nwb") != 0)
        return bn_fail(BN_USAGE, "%s: positions are read from NWB files only, not from %s",
                       source->path, format);
    bn_status rc = bn_fail(BN_USAGE, "%s: no format %s", source->path, format);
    for (size_t i = 0; i < BN_LEN(readers); i++)
        if (strcmp(readers[i].format, format) == 0)
            rc = readers[i].read(source, s);
    if (rc == BN_OK && s->curves != NULL)
        rc = check_curves(source, s);
    if (rc != BN_OK)
        bn_session_free(s);
    return rc;
}
