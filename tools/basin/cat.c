/* SPDX-License-Identifier: MIT
 *
 * `basin cat`: datasets as columns of text, or as a binary matrix for gnuplot.
 * Every figure reads its data through this, so its code is in their keys.    */
#include "basin.h"

#include <basin/h5.h>
#include <basin/mem.h>
#include <basin/text.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct range {
    size_t start, count;
    ptrdiff_t step;
    bool single;
};

struct table {
    size_t rows, cols;
    double *numbers;                     /* rows x cols, or NULL */
    char **texts;                        /* rows, or NULL */
    char *title;
    char *scale[2];                      /* datasets of row and column coordinates */
};

struct options {
    bool transpose, matrix, grid, header;
    size_t every;
    const char *x, *y;
};

/* --- FILE:/dataset[slice] ------------------------------------------------ */

struct address {
    char *file, *dataset, *slice;        /* slice: inside the brackets, or NULL */
};

static void address_free(struct address *a)
{
    free(a->file);
    free(a->dataset);
    free(a->slice);
}

static bn_status parse_address(const char *text, struct address *a)
{
    *a = (struct address){ 0 };
    const char *open = strchr(text, '['), *colon = NULL;
    const size_t n = open ? (size_t)(open - text) : strlen(text);
    for (size_t i = 0; i + 1 < n; i++)
        if (text[i] == ':' && text[i + 1] == '/')
            colon = text + i;
    if (colon == NULL) {
        const char *plain = strrchr(text, ':');
        if (plain != NULL && !file_exists(text))
            return bn_fail(BN_USAGE, "`%s`: write FILE:/dataset, like %.*s:/%s", text,
                           (int)(plain - text), text, plain + 1);
        a->file = bn_copy(text);
        return a->file ? BN_OK : BN_NOMEM;
    }
    a->file = bn_format("%.*s", (int)(colon - text), text);
    a->dataset = bn_format("%.*s", (int)(text + n - colon - 1), colon + 1);
    if (open != NULL) {
        const size_t m = strlen(open);
        if (open[m - 1] != ']')
            return bn_fail(BN_USAGE, "`%s`: the slice does not end with `]`", text);
        a->slice = bn_format("%.*s", (int)m - 2, open + 1);
    }
    return a->file && a->dataset && (open == NULL || a->slice) ? BN_OK : BN_NOMEM;
}

/* One part of a slice as Python has it: "3", "-1", "2:8", "::10", ":", "". */
static bn_status parse_range(const char *text, size_t size, const char *whole,
                             struct range *r)
{
    char *end;
    const long n = (long)size;
    long start = 0, stop = n, step = 1;
    const bool has_start = text[strspn(text, " ")] != '\0' && *text != ':';
    if (has_start)
        start = strtol(text, &end, 10);
    else
        end = (char *)(uintptr_t)text + strspn(text, " ");
    if (has_start && *end == '\0') {
        if (start < -n || start >= n)
            return bn_fail(BN_USAGE, "[%s]: index %ld is outside the %ld that there are",
                           whole, start, n);
        *r = (struct range){ (size_t)(start < 0 ? start + n : start), 1, 1, true };
        return BN_OK;
    }
    bool has_stop = false;
    if (*end == ':') {
        has_stop = end[1] != '\0' && end[1] != ':';
        stop = has_stop ? strtol(end + 1, &end, 10) : n;
        end += !has_stop;
        if (*end == ':' && end[1] != '\0')
            step = strtol(end + 1, &end, 10);
        else
            end += *end == ':';
    }
    if (*end != '\0' || step == 0)
        return bn_fail(BN_USAGE, "[%s]: `%s` is no slice; write 3, 2:8, ::10 or :", whole,
                       text);
    if (step < 0 && !has_start)
        start = n - 1;
    if (start < 0 && (has_start || step > 0))
        start += n;
    if (stop < 0)
        stop += n;
    else if (step < 0 && !has_stop)
        stop = -1;
    start = start < 0 ? 0 : start > n ? n : start;
    if (step < 0 && start > n - 1)
        start = n - 1;
    stop = stop < -1 ? -1 : stop > n ? n : stop;
    const long span = step > 0 ? stop - start : start - stop;
    step = step < -n ? -n - 1 : step > n ? n + 1 : step;     /* one element alone */
    const long width = step > 0 ? step : -step;
    const size_t count = span > 0 ? (size_t)((span - 1) / width + 1) : 0;
    *r = (struct range){ (size_t)start, count, step, false };
    return BN_OK;
}

static bn_status parse_slice(const char *slice, const struct bn_shape *shape,
                             struct range ranges[BN_RANK])
{
    for (int k = 0; k < shape->rank; k++)
        ranges[k] = (struct range){ 0, shape->dim[k], 1, false };
    if (slice == NULL)
        return BN_OK;
    char *copy = bn_copy(slice), *p = copy;
    bn_status rc = copy ? BN_OK : BN_NOMEM;
    for (int k = 0; p != NULL && rc == BN_OK; k++) {
        char *comma = strchr(p, ',');
        if (comma != NULL)
            *comma = '\0';
        if (k >= shape->rank)
            rc = bn_fail(BN_USAGE, "[%s]: more indices than the %d axes of the dataset",
                         slice, shape->rank);
        else
            rc = parse_range(p, shape->dim[k], slice, &ranges[k]);
        p = comma ? comma + 1 : NULL;
    }
    free(copy);
    return rc;
}

/* --- reading ------------------------------------------------------------- */

static bn_status walk(bn_h5 *f, const char *group, struct list *names)
{
    char **members = NULL;
    size_t n = 0;
    BN_TRY(bn_h5_members(f, group, &members, &n));
    bn_status rc = BN_OK;
    for (size_t i = 0; i < n && rc == BN_OK; i++) {
        char *path = bn_format("%s/%s", strcmp(group, "/") == 0 ? "" : group, members[i]);
        if (path == NULL)
            rc = BN_NOMEM;
        else if (bn_h5_kind(f, path) == BN_H5_DATASET)
            rc = list_add(names, path);
        else if (bn_h5_kind(f, path) == BN_H5_GROUP && strlen(path) < 512)
            rc = walk(f, path, names);
        free(path);
    }
    free(members);
    return rc;
}

static bn_status no_dataset(bn_h5 *f, const char *dataset)
{
    struct list known = { 0 };
    char hint[96];
    BN_TRY(walk(f, "/", &known));
    char *all = list_sentence(&known);
    const bn_status rc = bn_fail(BN_INPUT, "%s: no dataset %s%s; there is %s",
                                 bn_h5_path(f), dataset, list_hint(&known, dataset, hint),
                                 all ? all : "");
    free(all);
    list_free(&known);
    return rc;
}

/* Rows lo..hi of the first axis, then the wanted elements of each. */
static bn_status gather(bn_h5 *f, const char *dataset, const struct bn_shape *shape,
                        const struct range r[BN_RANK], struct table *t)
{
    struct range full[BN_RANK];
    size_t block = 1, stride[BN_RANK];
    for (int k = BN_RANK - 1; k >= 0; k--) {
        full[k] = k < shape->rank ? r[k] : (struct range){ 0, 1, 1, true };
        stride[k] = block;
        block *= k > 0 && k < shape->rank ? shape->dim[k] : 1;
    }
    const size_t n = full[0].count;
    const size_t last = n == 0 ? 0
        : (size_t)((ptrdiff_t)full[0].start + (ptrdiff_t)(n - 1) * full[0].step);
    const size_t lo = last < full[0].start ? last : full[0].start;
    const size_t hi = last < full[0].start ? full[0].start : last;
    const size_t rows = n == 0 ? 0 : hi - lo + 1;
    double *raw = bn_alloc(rows * block + 1, sizeof *raw);
    t->numbers = bn_alloc(t->rows * t->cols + 1, sizeof *t->numbers);
    bn_status rc = raw && t->numbers ? BN_OK : BN_NOMEM;
    if (rc == BN_OK && t->rows * t->cols > 0)
        rc = bn_h5_read_rows(f, dataset, lo, rows, raw);
    size_t out = 0;
    for (size_t i = 0; i < full[0].count && rc == BN_OK; i++)
        for (size_t j = 0; j < full[1].count; j++)
            for (size_t k = 0; k < full[2].count; k++)
                for (size_t m = 0; m < full[3].count; m++) {
                    const size_t at[BN_RANK] = { i, j, k, m };
                    size_t index = 0;
                    for (int a = 0; a < BN_RANK; a++)
                        index += stride[a] * (size_t)((ptrdiff_t)full[a].start +
                                                      (ptrdiff_t)at[a] * full[a].step);
                    t->numbers[out++] = raw[index - stride[0] * lo];
                }
    free(raw);
    return rc;
}

static bn_status read_numbers(bn_h5 *f, const struct address *a,
                              const struct bn_shape *shape, const struct range *r,
                              struct table *t)
{
    if (shape->rank > 0)
        return gather(f, a->dataset, shape, r, t);
    size_t n;
    return bn_h5_read(f, a->dataset, &t->numbers, &n);
}

static bn_status read_texts(bn_h5 *f, const struct address *a, const struct range *r,
                            struct table *t)
{
    char **all;
    size_t n;
    BN_TRY(bn_h5_read_texts(f, a->dataset, &all, &n));
    t->texts = bn_alloc(t->rows + 1, sizeof *t->texts);
    bn_status rc = t->texts ? BN_OK : BN_NOMEM;
    for (size_t i = 0; i < t->rows && rc == BN_OK; i++) {
        const size_t k = (size_t)((ptrdiff_t)r->start + (ptrdiff_t)i * r->step);
        t->texts[i] = bn_copy(all[k < n ? k : 0]);
        rc = t->texts[i] ? BN_OK : BN_NOMEM;
    }
    free(all);
    return rc;
}

static void table_free(struct table *t)
{
    for (size_t i = 0; t->texts != NULL && i < t->rows; i++)
        free(t->texts[i]);
    free(t->texts);
    free(t->numbers);
    free(t->title);
    free(t->scale[0]);
    free(t->scale[1]);
    *t = (struct table){ 0 };
}

static bn_status set_shape(bn_h5 *f, const struct address *a, const struct bn_shape *shape,
                           const struct range *r, struct table *t)
{
    int left = 0;
    t->rows = t->cols = 1;
    for (int k = 0; k < shape->rank; k++) {
        if (r[k].single)
            continue;
        if (left < 2 && r[k].start == 0 && r[k].step == 1 && r[k].count == shape->dim[k])
            BN_TRY(bn_h5_axis_name(f, a->dataset, k, &t->scale[left]));
        if (left == 0)
            t->rows = r[k].count;
        else
            t->cols = r[k].count;
        left++;
    }
    if (left > 2)
        return bn_fail(BN_USAGE, "%s:%s has %d axes left; give indices until two are left, "
                       "like %s[0]", a->file, a->dataset, left, a->dataset);
    return BN_OK;
}

static bn_status set_title(bn_h5 *f, const struct address *a, struct table *t)
{
    char *unit = NULL;
    if (bn_h5_has_attribute(f, a->dataset, "units") &&
        bn_h5_get_text(f, a->dataset, "units", &unit) != BN_OK)
        unit = NULL;
    const bool shown = unit != NULL && strcmp(unit, "1") != 0;
    t->title = bn_format("%s%s%s%s", a->dataset + 1, shown ? "(" : "", shown ? unit : "",
                         shown ? ")" : "");
    free(unit);
    return t->title ? BN_OK : BN_NOMEM;
}

static bn_status read_table(bn_h5 *f, const struct address *a, struct table *t)
{
    struct bn_shape shape;
    struct range r[BN_RANK] = { { 0, 1, 1, true } };
    if (bn_h5_kind(f, a->dataset) != BN_H5_DATASET)
        return no_dataset(f, a->dataset);
    BN_TRY(bn_h5_shape(f, a->dataset, &shape));
    BN_TRY(parse_slice(a->slice, &shape, r));
    BN_TRY(set_shape(f, a, &shape, r, t));
    BN_TRY(set_title(f, a, t));
    if (bn_h5_is_text(f, a->dataset))
        return read_texts(f, a, r, t);
    return read_numbers(f, a, &shape, r, t);
}

static bn_status load(const char *text, struct table *t)
{
    struct address a;
    bn_h5 *f = NULL;
    bn_status rc = parse_address(text, &a);
    if (rc == BN_OK && a.dataset == NULL)
        rc = bn_fail(BN_USAGE, "`%s`: name the dataset too, like %s:/rate", text, text);
    if (rc == BN_OK)
        rc = bn_h5_open(&f, a.file);
    if (rc == BN_OK)
        rc = read_table(f, &a, t);
    const bn_status closed = bn_h5_close(f);
    address_free(&a);
    return rc != BN_OK ? rc : closed;
}

/* --- printing ------------------------------------------------------------ */

/* As bn_shortest, for millions: most doubles need 16 or 17 digits, so these are
 * tried first.                                                              */
static void print_shortest(double x)
{
    char buf[32], less[32];
    const int n = snprintf(buf, sizeof buf, "%.16g", x);
    if (strtod(buf, NULL) != x) {
        printf("%.17g", x);
        return;
    }
    snprintf(less, sizeof less, "%.15g", x);
    const bool shorter = n > 15 && strtod(less, NULL) == x;
    fputs(shorter ? less : buf, stdout);
}

static void print_number(double x)
{
    if (isnan(x) || isinf(x))
        fputs(isnan(x) ? "NaN" : x > 0 ? "Inf" : "-Inf", stdout);
    else if (fabs(x) < 1e15 && x == floor(x) && (x != 0.0 || !signbit(x)))
        printf("%lld", (long long)x);
    else
        print_shortest(x);
}

static void transpose(struct table *t)
{
    if (t->numbers == NULL)
        return;
    double *turned = bn_alloc(t->rows * t->cols + 1, sizeof *turned);
    if (turned == NULL)
        return;
    for (size_t i = 0; i < t->rows; i++)
        for (size_t j = 0; j < t->cols; j++)
            turned[j * t->rows + i] = t->numbers[i * t->cols + j];
    free(t->numbers);
    char *scale = t->scale[0];
    *t = (struct table){ t->cols, t->rows, turned, NULL, t->title,
                         { t->scale[1], scale } };
}

static void print_header(const struct table *tables, size_t n)
{
    const char *between = "#";
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < tables[i].cols; j++) {
            printf("%s%s", between, tables[i].title);
            if (tables[i].cols > 1)
                printf("[%zu]", j);
            between = "\t";
        }
    putchar('\n');
}

static bn_status print_columns(const struct table *tables, size_t n,
                               const struct options *o, char *const *names)
{
    for (size_t i = 1; i < n; i++)
        if (tables[i].rows != tables[0].rows)
            return bn_fail(BN_USAGE, "%s has %zu rows and %s has %zu: only equal numbers "
                           "of rows can stand side by side", names[0], tables[0].rows,
                           names[i], tables[i].rows);
    if (o->header)
        print_header(tables, n);
    for (size_t row = 0; row < tables[0].rows; row += o->every) {
        for (size_t i = 0; i < n; i++) {
            if (i > 0)
                putchar('\t');
            if (tables[i].texts != NULL)
                fputs(tables[i].texts[row], stdout);
            for (size_t j = 0; tables[i].texts == NULL && j < tables[i].cols; j++) {
                if (j > 0)
                    putchar('\t');
                print_number(tables[i].numbers[row * tables[i].cols + j]);
            }
        }
        putchar('\n');
    }
    return BN_OK;
}

/* Coordinates along one axis: what was asked for, the dimension scale, or 0, 1, ... */
static bn_status coordinates(const char *asked, const char *file, const char *scale,
                             size_t n, float **out)
{
    struct table t = { 0 };
    char *text = asked ? bn_copy(asked)
                       : scale ? bn_format("%s:/%s", file, scale + (*scale == '/')) : NULL;
    *out = bn_alloc(n + 1, sizeof **out);
    bn_status rc = *out ? BN_OK : BN_NOMEM;
    if (rc == BN_OK && text != NULL) {
        rc = load(text, &t);
        if (asked == NULL && (rc != BN_OK || t.rows * t.cols != n || t.numbers == NULL)) {
            table_free(&t);              /* an axis with a name but no scale */
            rc = BN_OK;
        } else if (rc == BN_OK && (t.numbers == NULL || t.rows * t.cols != n)) {
            rc = bn_fail(BN_USAGE, "%s holds %zu numbers for %zu coordinates", text,
                         t.rows * t.cols, n);
        }
    }
    for (size_t i = 0; i < n && rc == BN_OK; i++)
        (*out)[i] = (float)(t.numbers ? t.numbers[i] : (double)i);
    table_free(&t);
    free(text);
    return rc;
}

/* One number of a matrix: four bytes, or nine digits (all that a float has). */
static void put_cell(float z, bool text, bool first)
{
    if (!text)
        fwrite(&z, sizeof z, 1, stdout);
    else
        printf(first ? "%.9g" : " %.9g", (double)z);
}

/* gnuplot's `nonuniform matrix`: n, x[n], then y and n values for each row; as text,
 * because gnuplot cannot read its binary form from a pipe, or binary for a file.  */
static void print_cells(const struct table *t, const float *x, const float *y,
                        const struct options *o)
{
    const bool text = o->grid;

    put_cell((float)((t->cols + o->every - 1) / o->every), text, true);
    for (size_t j = 0; j < t->cols; j += o->every)
        put_cell(x[j], text, false);
    if (text)
        putchar('\n');
    for (size_t i = 0; i < t->rows; i += o->every) {
        put_cell(y[i], text, true);
        for (size_t j = 0; j < t->cols; j += o->every)
            put_cell((float)t->numbers[i * t->cols + j], text, false);
        if (text)
            putchar('\n');
    }
}

static bn_status print_matrix(const struct table *t, const char *name,
                              const struct options *o)
{
    struct address a;
    float *x = NULL, *y = NULL;
    bn_status rc = parse_address(name, &a);
    if (rc == BN_OK && t->numbers == NULL)
        rc = bn_fail(BN_USAGE, "%s holds text: it has no matrix", name);
    if (rc == BN_OK)
        rc = coordinates(o->x, a.file, t->scale[1], t->cols, &x);
    if (rc == BN_OK)
        rc = coordinates(o->y, a.file, t->scale[0], t->rows, &y);
    if (rc == BN_OK)
        print_cells(t, x, y, o);
    free(x);
    free(y);
    address_free(&a);
    return rc;
}

/* --- listing ------------------------------------------------------------- */

static void shape_text(const struct bn_shape *s, char buf[96])
{
    size_t n = 0;
    buf[0] = '\0';
    for (int k = 0; k < s->rank && n < 72; k++)
        n += (size_t)snprintf(buf + n, 96 - n, "%s%zu", k ? " x " : "", s->dim[k]);
}

static char *attribute(bn_h5 *f, const char *name, const char *key)
{
    char *text = NULL;
    if (!bn_h5_has_attribute(f, name, key) || bn_h5_get_text(f, name, key, &text) != BN_OK)
        text = NULL;
    return text ? text : bn_copy("");
}

static bn_status list_file(const char *path)
{
    bn_h5 *f;
    struct list names = { 0 };
    BN_TRY(bn_h5_open(&f, path));
    bn_status rc = walk(f, "/", &names);
    for (size_t i = 0; i < names.n && rc == BN_OK; i++) {
        struct bn_shape shape;
        char buf[96] = "";
        if (bn_h5_shape(f, names.at[i], &shape) == BN_OK)
            shape_text(&shape, buf);
        char *unit = attribute(f, names.at[i], "units");
        char *help = attribute(f, names.at[i], "long_name");
        printf("%-26s %-14s %-8s %s\n", names.at[i], buf, unit ? unit : "",
               help ? help : "");
        free(unit);
        free(help);
    }
    list_free(&names);
    const bn_status closed = bn_h5_close(f);
    return rc != BN_OK ? rc : closed;
}

/* --- the command --------------------------------------------------------- */

static bn_status parse_option(int argc, char **argv, int *i, struct options *o)
{
    const char *option = argv[*i], *value = *i + 1 < argc ? argv[*i + 1] : NULL;
    int64_t n;
    if (strcmp(option, "--transpose") == 0)
        o->transpose = true;
    else if (strcmp(option, "--grid") == 0)
        o->matrix = o->grid = true;
    else if (strcmp(option, "--matrix") == 0)
        o->matrix = true;
    else if (strcmp(option, "--header") == 0)
        o->header = true;
    else if (strcmp(option, "--x") == 0 && value != NULL)
        o->x = argv[++*i];
    else if (strcmp(option, "--y") == 0 && value != NULL)
        o->y = argv[++*i];
    else if (strcmp(option, "--every") == 0 && value != NULL) {
        if (bn_parse_integer(argv[++*i], &n) != BN_OK || n < 1)
            return bn_fail(BN_USAGE, "--every %s: a whole number from 1 on", value);
        o->every = (size_t)n;
    } else {
        return bn_fail(BN_USAGE, "there is no option %s, or it lacks its value; see basin "
                       "cat --help", option);
    }
    return BN_OK;
}

/* Once per file, before anything is read from it. */
static bn_status verify(const struct list *names, const struct options *o)
{
    struct list done = { 0 };
    bn_status rc = BN_OK;
    for (size_t i = 0; i < names->n + 2 && rc == BN_OK; i++) {
        const char *name = i < names->n ? names->at[i] : i == names->n ? o->x : o->y;
        struct address a = { 0 };
        if (name != NULL)
            rc = parse_address(name, &a);
        if (rc == BN_OK && a.file != NULL && !list_has(&done, a.file)) {
            rc = store_verify_path(a.file);
            if (rc == BN_OK)
                rc = list_add(&done, a.file);
        }
        address_free(&a);
    }
    list_free(&done);
    return rc;
}

static bn_status show(char *const *names, size_t n, const struct options *o)
{
    struct table *tables = bn_alloc(n, sizeof *tables);
    bn_status rc = tables ? BN_OK : BN_NOMEM;
    for (size_t i = 0; i < n && rc == BN_OK; i++) {
        rc = load(names[i], &tables[i]);
        if (rc == BN_OK && o->transpose)
            transpose(&tables[i]);
    }
    if (rc == BN_OK && o->matrix)
        rc = n == 1 ? print_matrix(&tables[0], names[0], o)
                    : bn_fail(BN_USAGE, "--grid and --matrix take one dataset");
    else if (rc == BN_OK)
        rc = print_columns(tables, n, o, names);
    for (size_t i = 0; tables != NULL && i < n; i++)
        table_free(&tables[i]);
    free(tables);
    return rc;
}

int cat_main(int argc, char **argv)
{
    struct options o = { .every = 1 };
    struct list names = { 0 };
    struct address a = { 0 };
    bn_status rc = BN_OK;
    for (int i = 1; i < argc && rc == BN_OK; i++)
        rc = strncmp(argv[i], "--", 2) == 0 ? parse_option(argc, argv, &i, &o)
                                            : list_add(&names, argv[i]);
    if (rc == BN_OK && names.n == 0)
        rc = bn_fail(BN_USAGE, "name a FILE or FILE:/dataset; see basin cat --help");
    if (rc == BN_OK)
        rc = verify(&names, &o);
    if (rc == BN_OK && names.n == 1)
        rc = parse_address(names.at[0], &a);
    if (rc == BN_OK && a.file != NULL && a.dataset == NULL)
        rc = list_file(a.file);
    else if (rc == BN_OK)
        rc = show(names.at, names.n, &o);
    address_free(&a);
    list_free(&names);
    if (rc == BN_OK && fflush(stdout) != 0)
        rc = bn_fail(BN_OUTPUT, "the output cannot be written");
    if (rc != BN_OK)
        fprintf(stderr, "basin cat: %s\n", bn_error());
    return (int)rc;
}
