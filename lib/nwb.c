/* SPDX-License-Identifier: MIT */
#include <basin/nwb.h>

#include <basin/mem.h>
#include <basin/text.h>

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* Paths in a file are made here; longer ones are not found rather than cut. */
enum { PATH_MAX_IN_FILE = 512, LIST_LENGTH = 900, DEPTH = 8 };

/* --- text that lists what there is ---------------------------------------- */

struct listing {
    char text[LIST_LENGTH];
    size_t used, count;
};

static void list_add(struct listing *l, const char *item)
{
    static const char more[] = ", ...";
    const size_t room = sizeof l->text - l->used - sizeof more;

    l->count++;
    if (l->used > 0 && l->text[l->used - 1] == '.')
        return;                          /* full: it ends with the three points */
    if (strlen(item) + 2 > room) {
        memcpy(l->text + l->used, more, sizeof more);
        l->used += sizeof more - 1;
        return;
    }
    l->used += (size_t)sprintf(l->text + l->used, "%s%s", l->used > 0 ? ", " : "", item);
}

static const char *list_or(const struct listing *l, const char *none)
{
    return l->used > 0 ? l->text : none;
}

static bool join(char path[PATH_MAX_IN_FILE], const char *group, const char *name)
{
    const int n =
        snprintf(path, PATH_MAX_IN_FILE, "%s/%s", strcmp(group, "/") ? group : "", name);
    return n > 0 && n < PATH_MAX_IN_FILE;
}

static bool has(bn_h5 *f, const char *group, const char *name, enum bn_h5_kind kind)
{
    char path[PATH_MAX_IN_FILE];
    return join(path, group, name) && bn_h5_kind(f, path) == kind;
}

/* --- the file ------------------------------------------------------------- */

bool bn_nwb_is(bn_h5 *f)
{
    return bn_h5_has_attribute(f, "/", "nwb_version") ||
           bn_h5_kind(f, "/nwb_version") == BN_H5_DATASET;
}

static bn_status check_version(bn_h5 *f)
{
    const char *path = bn_h5_path(f);
    char *version = NULL, *end;

    bn_status rc = BN_OK;

    if (!bn_nwb_is(f))
        return bn_fail(BN_INPUT, "%s: this HDF5 file is not NWB: its root has no attribute "
                       "nwb_version", path);
    if (!bn_h5_has_attribute(f, "/", "nwb_version"))
        return bn_fail(BN_INPUT, "%s: this is NWB 1.x; 2.0 or later is needed: convert it, "
                       "for instance with MatNWB or PyNWB", path);
    BN_TRY(bn_h5_get_text(f, "/", "nwb_version", &version));
    const char *number = version + strcspn(version, "0123456789");   /* "NWB-2.0.1" */
    const double major = strtod(number, &end);
    if (end == number || !(major >= 2.0))
        rc = bn_fail(BN_INPUT, "%s: nwb_version is \"%s\"; 2.0 or later is needed: convert "
                     "it, for instance with MatNWB or PyNWB", path, version);
    free(version);
    return rc;
}

bn_status bn_nwb_open(bn_h5 **f, const char *path)
{
    BN_TRY(bn_h5_open(f, path));
    const bn_status rc = check_version(*f);
    if (rc != BN_OK) {
        const bn_status shut = bn_h5_close(*f);
        (void)shut;                      /* the first message is the one that counts */
        *f = NULL;
    }
    return rc;
}

/* --- finding series ------------------------------------------------------- */

struct found {
    char path[PATH_MAX_IN_FILE];
    char type[64], parent[64];           /* neurodata_type of it and of its container */
    size_t rows, width;                  /* 0 rows: no data */
};

struct catalogue {
    struct found *item;
    size_t n;
};

static bn_status type_of(bn_h5 *f, const char *path, char type[64])
{
    char *text = NULL;

    type[0] = '\0';
    if (!bn_h5_has_attribute(f, path, "neurodata_type"))
        return BN_OK;
    BN_TRY(bn_h5_get_text(f, path, "neurodata_type", &text));
    snprintf(type, 64, "%s", text);
    free(text);
    return BN_OK;
}

static void measure(bn_h5 *f, struct found *x)
{
    char data[PATH_MAX_IN_FILE];
    struct bn_shape s;

    x->rows = x->width = 0;
    if (!join(data, x->path, "data") || bn_h5_kind(f, data) != BN_H5_DATASET ||
        bn_h5_shape(f, data, &s) != BN_OK || s.rank < 1)
        return;
    x->rows = s.dim[0];
    x->width = 1;
    for (int i = 1; i < s.rank; i++)
        x->width *= s.dim[i];
}

static bn_status note(bn_h5 *f, struct catalogue *c, const char *path, const char *type,
                      const char *parent)
{
    struct found *more = bn_grow(c->item, c->n + 1, sizeof *more);
    if (more == NULL)
        return BN_NOMEM;
    c->item = more;
    struct found *x = &c->item[c->n++];
    snprintf(x->path, sizeof x->path, "%s", path);
    snprintf(x->type, sizeof x->type, "%s", type);
    snprintf(x->parent, sizeof x->parent, "%s", parent);
    measure(f, x);
    return BN_OK;
}

/* Depth is bounded because soft links may lead back upward. */
static bn_status explore(bn_h5 *f, struct catalogue *c, const char *group,
                         const char *parent, int depth)
{
    char **names = NULL, path[PATH_MAX_IN_FILE], type[64];
    size_t n = 0;
    bn_status rc = depth > 0 ? bn_h5_members(f, group, &names, &n) : BN_OK;

    for (size_t i = 0; i < n && rc == BN_OK; i++) {
        if (!join(path, group, names[i]) || bn_h5_kind(f, path) != BN_H5_GROUP)
            continue;
        rc = type_of(f, path, type);
        if (rc != BN_OK)
            break;
        if (has(f, path, "timestamps", BN_H5_DATASET) ||
            has(f, path, "starting_time", BN_H5_DATASET) ||
            strstr(type, "Series") != NULL)
            rc = note(f, c, path, type, parent);
        else
            rc = explore(f, c, path, type, depth - 1);
    }
    free(names);
    return rc;
}

static bn_status catalogue(bn_h5 *f, struct catalogue *c)
{
    static const char *const places[] = { "/acquisition", "/processing", "/analysis",
                                          "/scratch" };
    bn_status rc = BN_OK;

    *c = (struct catalogue){0};
    for (size_t i = 0; i < BN_LEN(places) && rc == BN_OK; i++)
        if (bn_h5_kind(f, places[i]) == BN_H5_GROUP)
            rc = explore(f, c, places[i], "", DEPTH);
    return rc;
}

static void describe(const struct found *x, struct listing *l)
{
    char text[PATH_MAX_IN_FILE + 160];
    snprintf(text, sizeof text, "%s (%s, %zu x %zu)", x->path,
             x->type[0] != '\0' ? x->type : "no type", x->rows, x->width);
    list_add(l, text);
}

static bool named(const struct found *x, const char *name)
{
    const char *last = strrchr(x->path, '/');
    return strcmp(x->path, name) == 0 || strcmp(last + 1, name) == 0;
}

typedef bool wanted(const struct found *x, const char *name);

static bool is_compass(const struct found *x, const char *name)
{
    (void)name;
    return strcmp(x->parent, "CompassDirection") == 0;
}

static bool is_single(const struct found *x, const char *name)
{
    (void)name;
    return strcmp(x->type, "SpatialSeries") == 0 && x->width == 1 &&
           strcmp(x->parent, "Position") != 0;
}

static bool is_position(const struct found *x, const char *name)
{
    (void)name;
    return strcmp(x->parent, "Position") == 0 && x->width >= 2 && x->width <= 3;
}

static bool is_planar(const struct found *x, const char *name)
{
    (void)name;
    return strcmp(x->type, "SpatialSeries") == 0 && x->width >= 2 && x->width <= 3;
}

static bool is_linear(const struct found *x, const char *name)
{
    (void)name;
    return strcmp(x->parent, "Position") == 0 && x->width == 1;
}

/* The only series that one of the tests, tried in turn, lets through. */
static bn_status choose(bn_h5 *f, const struct catalogue *c, const char *name,
                        const char *what, const char *parameter, wanted *const *tests,
                        char **path)
{
    struct listing all = {0};

    for (; *tests != NULL; tests++) {
        struct listing those = {0};
        const struct found *one = NULL;
        for (size_t i = 0; i < c->n; i++)
            if ((*tests)(&c->item[i], name)) {
                one = &c->item[i];
                describe(one, &those);
            }
        if (those.count > 1)
            return bn_fail(BN_INPUT,
                           "%s: %zu series could be the %s: %s; name one with %s",
                           bn_h5_path(f), those.count, what, those.text, parameter);
        if (one != NULL)
            return (*path = bn_copy(one->path)) != NULL ? BN_OK : BN_NOMEM;
    }
    for (size_t i = 0; i < c->n; i++)
        describe(&c->item[i], &all);
    if (name[0] != '\0')
        return bn_fail(BN_INPUT, "%s: no series %s (%s); there is: %s", bn_h5_path(f),
                       name, parameter, list_or(&all, "no series at all"));
    if (all.count == 0)
        return bn_fail(BN_INPUT,
                       "%s: no tracking: no %s was found, nor any other series: choose "
                       "another file",
                       bn_h5_path(f), what);
    return bn_fail(BN_INPUT,
                   "%s: no tracking: no %s was found; the series in this file are: %s; "
                   "if one of them is it, name it with %s, otherwise choose another file",
                   bn_h5_path(f), what, all.text, parameter);
}

static bn_status find(bn_h5 *f, const char *name, const char *what, const char *parameter,
                      wanted *const *tests, char **path)
{
    static wanted *const by_name[] = { named, NULL };
    struct catalogue c;

    *path = NULL;
    bn_status rc = catalogue(f, &c);
    if (rc == BN_OK)
        rc =
            choose(f, &c, name, what, parameter, name[0] != '\0' ? by_name : tests, path);
    free(c.item);
    return rc;
}

bn_status bn_nwb_find_angle(bn_h5 *f, const char *name, char **path)
{
    static wanted *const tests[] = { is_compass, is_single, NULL };
    return find(f, name, "head direction (a SpatialSeries in a CompassDirection)",
                "series", tests, path);
}

bn_status bn_nwb_find_position(bn_h5 *f, const char *name, char **path)
{
    static wanted *const tests[] = { is_position, is_planar, is_linear, NULL };
    return find(f, name, "position (a SpatialSeries in a Position)", "position", tests,
                path);
}

/* --- reading series ------------------------------------------------------- */

void bn_nwb_series_free(struct bn_nwb_series *s)
{
    free(s->time);
    free(s->data);
    free(s->unit);
    *s = (struct bn_nwb_series){0};
}

static bn_status regular_times(bn_h5 *f, const char *clock, struct bn_nwb_series *s)
{
    double *first = NULL, rate = 0.0;
    size_t one = 0;

    if (!bn_h5_has_attribute(f, clock, "rate"))
        return bn_fail(BN_INPUT, "%s: %s has no attribute rate", bn_h5_path(f), clock);
    BN_TRY(bn_h5_get_real(f, clock, "rate", &rate));
    if (!(rate > 0.0 && isfinite(rate)))
        return bn_fail(BN_INPUT, "%s: %s: the rate is %g Hz", bn_h5_path(f), clock, rate);
    BN_TRY(bn_h5_read(f, clock, &first, &one));
    if (one == 0) {
        free(first);
        return bn_fail(BN_INPUT, "%s: %s is empty", bn_h5_path(f), clock);
    }
    s->time = bn_alloc(s->n, sizeof *s->time);
    for (size_t k = 0; k < s->n && s->time != NULL; k++)
        s->time[k] = first[0] + (double)k / rate;
    free(first);
    return s->time != NULL ? BN_OK : BN_NOMEM;
}

static bn_status read_times(bn_h5 *f, const char *path, struct bn_nwb_series *s)
{
    char clock[PATH_MAX_IN_FILE];
    size_t n = 0;

    if (join(clock, path, "timestamps") && bn_h5_kind(f, clock) == BN_H5_DATASET) {
        BN_TRY(bn_h5_read(f, clock, &s->time, &n));
        return n == s->n ? BN_OK
                         : bn_fail(BN_INPUT, "%s: %s has %zu samples but %zu timestamps",
                                   bn_h5_path(f), path, s->n, n);
    }
    if (join(clock, path, "starting_time") && bn_h5_kind(f, clock) == BN_H5_DATASET)
        return regular_times(f, clock, s);
    return bn_fail(BN_INPUT,
                   "%s: %s has neither timestamps nor starting_time (or they are links "
                   "that lead nowhere)",
                   bn_h5_path(f), path);
}

static bn_status real_attribute(bn_h5 *f, const char *object, const char *key, double *x)
{
    return bn_h5_has_attribute(f, object, key) ? bn_h5_get_real(f, object, key, x)
                                               : BN_OK;
}

static bn_status read_values(bn_h5 *f, const char *data, struct bn_nwb_series *s)
{
    double offset = 0.0;
    size_t n = 0;

    s->conversion = 1.0;
    BN_TRY(real_attribute(f, data, "conversion", &s->conversion));
    BN_TRY(real_attribute(f, data, "offset", &offset));
    if (bn_h5_has_attribute(f, data, "unit"))
        BN_TRY(bn_h5_get_text(f, data, "unit", &s->unit));
    else if ((s->unit = bn_copy("")) == NULL)
        return BN_NOMEM;
    BN_TRY(bn_h5_read(f, data, &s->data, &n));
    for (size_t k = 0; k < n; k++)
        s->data[k] = s->data[k] * s->conversion + offset;
    return BN_OK;
}

static bn_status series_parts(bn_h5 *f, const char *path, struct bn_nwb_series *s)
{
    char data[PATH_MAX_IN_FILE];
    struct bn_shape shape;

    if (!join(data, path, "data") || bn_h5_kind(f, data) != BN_H5_DATASET)
        return bn_fail(BN_INPUT, "%s: %s has no data", bn_h5_path(f), path);
    BN_TRY(bn_h5_shape(f, data, &shape));
    s->n = shape.rank > 0 ? shape.dim[0] : 0;
    s->width = s->n > 0 ? bn_shape_count(&shape) / s->n : 0;
    if (s->n == 0 || s->width == 0)
        return bn_fail(BN_INPUT, "%s: %s is empty", bn_h5_path(f), data);
    BN_TRY(read_values(f, data, s));
    return read_times(f, path, s);
}

bn_status bn_nwb_series_read(bn_h5 *f, const char *path, struct bn_nwb_series *s)
{
    *s = (struct bn_nwb_series){0};
    const bn_status rc = series_parts(f, path, s);
    if (rc != BN_OK)
        bn_nwb_series_free(s);
    return rc;
}

/* What files call their lengths; cm 0: no length. */
static const struct length {
    const char *unit, *symbol;
    double cm;
} lengths[] = {
    { "m", "m", 100.0 },          { "meter", "m", 100.0 },      { "meters", "m", 100.0 },
    { "metre", "m", 100.0 },      { "metres", "m", 100.0 },     { "cm", "cm", 1.0 },
    { "centimeter", "cm", 1.0 },  { "centimeters", "cm", 1.0 }, { "centimetre", "cm", 1.0 },
    { "centimetres", "cm", 1.0 }, { "mm", "mm", 0.1 },          { "millimeter", "mm", 0.1 },
    { "millimeters", "mm", 0.1 }, { "millimetre", "mm", 0.1 },  { "millimetres", "mm", 0.1 },
    { "px", "px", 0.0 },          { "pixel", "px", 0.0 },       { "pixels", "px", 0.0 },
};

/* NULL if the file's word is not among them. */
static const struct length *length_of(const struct bn_nwb_series *s)
{
    for (size_t i = 0; i < BN_LEN(lengths); i++)
        if (strcasecmp(s->unit, lengths[i].unit) == 0)
            return &lengths[i];
    return NULL;
}

/* Stored centimetres with their conversion to metres beside them. */
static bool to_metres(const struct bn_nwb_series *s, const struct length *l)
{
    return l->cm == 1.0 && fabs(s->conversion - 0.01) < 1e-6;
}

bn_status bn_nwb_centimetres(const struct bn_nwb_series *s, double *factor)
{
    const struct length *l = length_of(s);

    if (l == NULL || l->cm == 0.0)
        return bn_fail(BN_INPUT,
                       "the position is in \"%s\", which is no known length: no speed can "
                       "be had from it, so set speed_min = 0",
                       s->unit);
    *factor = to_metres(s, l) ? 100.0 : l->cm;
    return BN_OK;
}

const char *bn_nwb_length(const struct bn_nwb_series *s, double *factor)
{
    const struct length *l = length_of(s);

    *factor = l != NULL && to_metres(s, l) ? 100.0 : 1.0;
    return l != NULL ? l->symbol : s->unit;
}

/* --- units ---------------------------------------------------------------- */

static bool ends_with(const char *text, const char *end)
{
    const size_t n = strlen(text), m = strlen(end);
    return n >= m && strcmp(text + n - m, end) == 0;
}

static bn_status no_column(bn_h5 *f, const char *column)
{
    struct listing l = {0};
    char **names = NULL;
    size_t n = 0;

    BN_TRY(bn_h5_members(f, "/units", &names, &n));
    for (size_t i = 0; i < n; i++)
        if (!ends_with(names[i], "_index"))
            list_add(&l, names[i]);
    const char *near = bn_nearest(column, (const char *const *)names, n);
    const bn_status rc =
        bn_fail(BN_INPUT,
                "%s: /units has no column \"%s\"%s%s%s; its columns are: %s",
                bn_h5_path(f), column, near != NULL ? ": did you mean \"" : "",
                near != NULL ? near : "", near != NULL ? "\"?" : "", list_or(&l, "none"));
    free(names);
    return rc;
}

/* `true`, `yes` and `false`, `no` stand for 1 and 0. */
static bn_status number_of(const char *value, double *x)
{
    if (strcasecmp(value, "true") == 0 || strcasecmp(value, "yes") == 0) {
        *x = 1.0;
        return BN_OK;
    }
    if (strcasecmp(value, "false") == 0 || strcasecmp(value, "no") == 0) {
        *x = 0.0;
        return BN_OK;
    }
    return bn_parse_real(value, x);
}

struct column {
    char **texts;                        /* or numbers */
    double *numbers;
    size_t n;
};

static bn_status none_selected(bn_h5 *f, const char *column, const char *value,
                               const struct column *c)
{
    struct listing l = {0};
    char item[256];

    for (size_t i = 0; i < c->n; i++) {
        bool seen = false;
        for (size_t k = 0; k < i && !seen; k++)
            seen = c->texts != NULL ? strcmp(c->texts[k], c->texts[i]) == 0
                                    : c->numbers[k] == c->numbers[i];
        if (seen)
            continue;
        if (c->texts != NULL)
            snprintf(item, sizeof item, "\"%s\"", c->texts[i]);
        else
            snprintf(item, sizeof item, "%.6g", c->numbers[i]);
        list_add(&l, item);
    }
    return bn_fail(BN_INPUT, "%s: no unit has %s = \"%s\"; the %zu units have: %s",
                   bn_h5_path(f), column, value, c->n, list_or(&l, "no values"));
}

static bn_status compare(bn_h5 *f, const char *column, const char *value,
                         const struct column *c, bool *keep)
{
    double x = 0.0;
    size_t kept = 0;

    if (c->texts == NULL && number_of(value, &x) != BN_OK)
        return bn_fail(BN_USAGE, "%s: /units/%s holds numbers, which cannot equal "
                       "units_value = \"%s\"", bn_h5_path(f), column, value);
    for (size_t i = 0; i < c->n; i++) {
        keep[i] =
            c->texts != NULL ? strcasecmp(c->texts[i], value) == 0 : c->numbers[i] == x;
        kept += keep[i];
    }
    return kept > 0 ? BN_OK : none_selected(f, column, value, c);
}

/* keep[i]: is unit i wanted? */
static bn_status select_units(bn_h5 *f, const char *column, const char *value,
                              size_t units, bool *keep)
{
    char path[PATH_MAX_IN_FILE], index[PATH_MAX_IN_FILE];
    struct column c = {0};

    for (size_t i = 0; i < units; i++)
        keep[i] = true;
    if (column[0] == '\0')
        return BN_OK;
    if (!join(path, "/units", column) || bn_h5_kind(f, path) != BN_H5_DATASET)
        return no_column(f, column);
    if (snprintf(index, sizeof index, "%s_index", path) < (int)sizeof index &&
        bn_h5_kind(f, index) != BN_H5_NONE)
        return bn_fail(BN_INPUT, "%s: %s has several values per unit: no selection by it",
                       bn_h5_path(f), path);
    bn_status rc = bn_h5_is_text(f, path) ? bn_h5_read_texts(f, path, &c.texts, &c.n)
                                          : bn_h5_read(f, path, &c.numbers, &c.n);
    if (rc == BN_OK && c.n != units)
        rc = bn_fail(BN_INPUT, "%s: %s has %zu rows for %zu units", bn_h5_path(f), path,
                     c.n, units);
    if (rc == BN_OK)
        rc = compare(f, column, value, &c, keep);
    free(c.texts), free(c.numbers);
    return rc;
}

struct units {
    double *times;
    int64_t *end;
    size_t spikes, n;
};

static bn_status read_ends(bn_h5 *f, struct units *u)
{
    static const char index[] = "/units/spike_times_index";

    if (bn_h5_kind(f, "/units/spike_times_index_index") != BN_H5_NONE)
        return bn_fail(BN_INPUT,
                       "%s: /units/spike_times is ragged twice: no such files are read",
                       bn_h5_path(f));
    if (bn_h5_kind(f, index) == BN_H5_DATASET) {
        BN_TRY(bn_h5_read_integers(f, index, &u->end, &u->n));
    } else {                             /* one spike per row */
        u->n = u->spikes;
        u->end = bn_alloc(u->n, sizeof *u->end);
        if (u->end == NULL)
            return BN_NOMEM;
        for (size_t i = 0; i < u->n; i++)
            u->end[i] = (int64_t)i + 1;
    }
    for (size_t i = 0; i < u->n; i++)
        if (u->end[i] < (i > 0 ? u->end[i - 1] : 0) || u->end[i] > (int64_t)u->spikes)
            return bn_fail(BN_INPUT,
                           "%s: %s: row %zu is %lld, which is no end among %zu spikes",
                           bn_h5_path(f), index, i, (long long)u->end[i], u->spikes);
    if (u->n == 0)
        return bn_fail(BN_INPUT, "%s: /units is empty", bn_h5_path(f));
    return BN_OK;
}

static bn_status copy_trains(const struct units *u, const bool *keep,
                             struct bn_trains *trains)
{
    size_t units = 0, spikes = 0;

    for (size_t i = 0; i < u->n; i++)
        if (keep[i]) {
            units++;
            spikes += (size_t)(u->end[i] - (i > 0 ? u->end[i - 1] : 0));
        }
    BN_TRY(bn_trains_alloc(trains, units, spikes));
    units = spikes = 0;
    for (size_t i = 0; i < u->n; i++) {
        const size_t from = i > 0 ? (size_t)u->end[i - 1] : 0, to = (size_t)u->end[i];
        if (!keep[i])
            continue;
        memcpy(trains->time + spikes, u->times + from, (to - from) * sizeof *u->times);
        spikes += to - from;
        trains->end[units++] = spikes;
    }
    return BN_OK;
}

bn_status bn_nwb_units(bn_h5 *f, const char *column, const char *value,
                       struct bn_trains *trains)
{
    struct units u = {0};
    bool *keep = NULL;

    *trains = (struct bn_trains){0};
    if (bn_h5_kind(f, "/units/spike_times") != BN_H5_DATASET)
        return bn_fail(BN_INPUT,
                       "%s: no sorted spikes: there is no /units/spike_times; choose a "
                       "file with sorted units",
                       bn_h5_path(f));
    bn_status rc = bn_h5_read(f, "/units/spike_times", &u.times, &u.spikes);
    if (rc == BN_OK)
        rc = read_ends(f, &u);
    if (rc == BN_OK && (keep = bn_alloc(u.n, sizeof *keep)) == NULL)
        rc = BN_NOMEM;
    if (rc == BN_OK)
        rc = select_units(f, column, value, u.n, keep);
    if (rc == BN_OK)
        rc = copy_trains(&u, keep, trains);
    free(u.times), free(u.end), free(keep);
    return rc;
}

/* --- intervals ------------------------------------------------------------ */

struct table {
    char path[PATH_MAX_IN_FILE];
    double *start, *stop;
    size_t rows;
    char **tags;                         /* NULL: none */
    size_t n_tags;
    int64_t *tag_end;                    /* exclusive ends; NULL: one per row */
    size_t n_ends;
};

static void table_free(struct table *t)
{
    free(t->start), free(t->stop), free(t->tags), free(t->tag_end);
    *t = (struct table){0};
}

static bn_status table_tags(bn_h5 *f, struct table *t)
{
    char path[PATH_MAX_IN_FILE];

    if (!join(path, t->path, "tags") || bn_h5_kind(f, path) != BN_H5_DATASET ||
        !bn_h5_is_text(f, path))
        return BN_OK;
    BN_TRY(bn_h5_read_texts(f, path, &t->tags, &t->n_tags));
    if (has(f, t->path, "tags_index", BN_H5_DATASET) && join(path, t->path, "tags_index"))
        BN_TRY(bn_h5_read_integers(f, path, &t->tag_end, &t->n_ends));
    const size_t rows = t->tag_end != NULL ? t->n_ends : t->n_tags;
    if (rows != t->rows)
        return bn_fail(BN_INPUT, "%s: %s has tags for %zu of its %zu rows", bn_h5_path(f),
                       t->path, rows, t->rows);
    for (size_t i = 0; i < t->n_ends; i++)
        if (t->tag_end[i] < (i > 0 ? t->tag_end[i - 1] : 0) ||
            t->tag_end[i] > (int64_t)t->n_tags)
            return bn_fail(BN_INPUT,
                           "%s: %s: row %zu is %lld, which is no end among %zu tags",
                           bn_h5_path(f), path, i, (long long)t->tag_end[i], t->n_tags);
    return BN_OK;
}

/* Rows stay 0 for what is no table of intervals. */
static bn_status table_read(bn_h5 *f, const char *name, struct table *t)
{
    char start[PATH_MAX_IN_FILE], stop[PATH_MAX_IN_FILE];
    size_t n = 0;

    *t = (struct table){0};
    if (!join(t->path, "/intervals", name) || !join(start, t->path, "start_time") ||
        !join(stop, t->path, "stop_time") || bn_h5_kind(f, start) != BN_H5_DATASET ||
        bn_h5_kind(f, stop) != BN_H5_DATASET)
        return BN_OK;
    BN_TRY(bn_h5_read(f, start, &t->start, &t->rows));
    BN_TRY(bn_h5_read(f, stop, &t->stop, &n));
    if (n != t->rows)
        return bn_fail(BN_INPUT, "%s: %s has %zu start and %zu stop times", bn_h5_path(f),
                       t->path, t->rows, n);
    return table_tags(f, t);
}

/* Some writers put "wake,square" into one text. */
static bool tag_is(const char *text, const char *tag)
{
    const size_t n = strlen(tag);

    if (strcmp(text, tag) == 0)
        return true;
    for (const char *p = text; p != NULL; p = strchr(p, ',')) {
        p += strspn(p, ", ");
        if (strncmp(p, tag, n) == 0 && (p[n] == '\0' || p[n] == ',' || p[n] == ' '))
            return true;
    }
    return false;
}

static bool row_has(const struct table *t, size_t row, const char *tag)
{
    const size_t before = t->tag_end != NULL && row > 0 ? (size_t)t->tag_end[row - 1] : 0;
    const size_t from = t->tag_end != NULL ? before : row;
    const size_t to = t->tag_end == NULL ? row + 1 : (size_t)t->tag_end[row];

    for (size_t i = from; i < to && t->tags != NULL; i++)
        if (tag_is(t->tags[i], tag))
            return true;
    return false;
}

static bn_status spans_add(bn_h5 *f, const struct table *t, size_t row,
                           struct bn_spans *s)
{
    const double a = t->start[row], b = t->stop[row];

    if (!isfinite(a) || !isfinite(b) || b < a)
        return bn_fail(BN_INPUT, "%s: %s: row %zu goes from %g to %g s", bn_h5_path(f),
                       t->path, row, a, b);
    double *start = bn_grow(s->start, s->n + 1, sizeof *start);
    if (start == NULL)
        return BN_NOMEM;
    s->start = start;
    double *stop = bn_grow(s->stop, s->n + 1, sizeof *stop);
    if (stop == NULL)
        return BN_NOMEM;
    s->stop = stop;
    s->start[s->n] = a;
    s->stop[s->n++] = b;
    return BN_OK;
}

static void list_table(const char *name, const struct table *t, struct listing *tags,
                       struct listing *tables)
{
    if (t->start != NULL)
        list_add(tables, name);
    for (size_t i = 0; i < t->n_tags; i++) {
        bool seen = false;
        for (size_t k = 0; k < i && !seen; k++)
            seen = strcmp(t->tags[k], t->tags[i]) == 0;
        if (!seen)
            list_add(tags, t->tags[i]);
    }
}

/* All intervals of `tag`, and what else there would have been. */
static bn_status gather(bn_h5 *f, const char *tag, struct bn_spans *spans,
                        struct listing *tags, struct listing *tables)
{
    char **names = NULL;
    size_t n = 0;
    bn_status rc = bn_h5_kind(f, "/intervals") == BN_H5_GROUP
        ? bn_h5_members(f, "/intervals", &names, &n) : BN_OK;

    for (size_t i = 0; i < n && rc == BN_OK; i++) {
        struct table t;
        rc = table_read(f, names[i], &t);
        for (size_t row = 0; row < t.rows && rc == BN_OK; row++)
            if (strcmp(names[i], tag) == 0 || row_has(&t, row, tag))
                rc = spans_add(f, &t, row, spans);
        if (rc == BN_OK)
            list_table(names[i], &t, tags, tables);
        table_free(&t);
    }
    free(names);
    return rc;
}

bn_status bn_nwb_spans(bn_h5 *f, const char *tag, struct bn_spans *spans)
{
    struct listing tags = {0}, tables = {0};

    *spans = (struct bn_spans){0};
    bn_status rc = gather(f, tag, spans, &tags, &tables);
    if (rc == BN_OK && spans->n == 0)
        rc =
            bn_fail(BN_INPUT,
                    "%s: no epoch \"%s\"; the tags are: %s; the tables in /intervals "
                    "are: %s; epoch = \"\" takes the whole recording",
                    bn_h5_path(f), tag, list_or(&tags, "none"), list_or(&tables, "none"));
    if (rc != BN_OK)
        bn_spans_free(spans);
    return rc;
}

bn_status bn_nwb_has_epoch(bn_h5 *f, const char *tag, bool *found)
{
    struct listing tags = {0}, tables = {0};
    struct bn_spans spans = {0};
    const bn_status rc = gather(f, tag, &spans, &tags, &tables);

    *found = spans.n > 0;
    bn_spans_free(&spans);
    return rc;
}
