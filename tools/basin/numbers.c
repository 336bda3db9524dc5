/* SPDX-License-Identifier: MIT
 *
 * numbers.tex: a node like a figure.  Each output that a stage's table calls citable
 * becomes a \newcommand, rounded to what its error allows, and says in a comment which
 * dataset of which object it is: `basin thesis` compares that with the plan.   */
#include "basin.h"

#include <basin/h5.h>
#include <basin/latex.h>
#include <basin/mem.h>
#include <basin/text.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

bool numbers_is(const char *name)
{
    const size_t n = strlen(name);
    return strncmp(name, "numbers", 7) == 0 && strchr(name, '/') == NULL && n > 11 - 1 &&
           strcmp(name + n - 4, ".tex") == 0;
}

/* --- what the tables call citable ---------------------------------------- */

static bn_status schema_of(const char *build, const char *artifact, const struct schema **s)
{
    char *pipeline, *stage, *variant;
    BN_TRY(graph_split(artifact, &pipeline, &stage, &variant));
    const bn_status rc = schema_get(build, stage, s);
    free(pipeline);
    return rc;
}

/* What a stage's table says of its citable outputs, as text. */
static bn_status cited(const struct schema *s, char hex[BN_HEX])
{
    size_t i;
    json_t *output;
    bn_digest *d;
    BN_TRY(bn_digest_new(&d));
    json_array_foreach(json_object_get(s->json, "outputs"), i, output)
        if (json_is_string(json_object_get(output, "cite"))) {
            static const char *const keys[] = { "name", "axes", "unit", "cite", "error" };
            for (size_t k = 0; k < BN_LEN(keys); k++)
                bn_digest_text(d, text_of(output, keys[k]));
        }
    bn_digest_end(d, hex);
    return BN_OK;
}

bn_status numbers_parts(const json_t *node, json_t *parts)
{
    const char *role;
    json_t *input;
    char *build;
    BN_TRY(code_files("tools/basin/numbers.c", parts));
    BN_TRY(file_build_folder(&build));
    bn_status rc = BN_OK;
    json_object_foreach(json_object_get(node, "inputs"), role, input) {
        const struct schema *s;
        char hex[BN_HEX], name[128];
        if (rc == BN_OK)
            rc = schema_of(build, role, &s);
        if (rc == BN_OK)
            rc = cited(s, hex);
        if (rc != BN_OK)
            break;
        snprintf(name, sizeof name, "what %.64s calls citable", s->stage);
        json_object_set_new(parts, name, json_string(hex));
    }
    free(build);
    return rc;
}

bn_status numbers_code(const char *build, const json_t *node, char hex[BN_HEX])
{
    const char *role;
    json_t *input;
    bn_digest *d;
    BN_TRY(bn_digest_new(&d));
    bn_status rc = code_identity(build, "tools/basin/numbers.c", hex);
    bn_digest_text(d, hex);
    json_object_foreach(json_object_get(node, "inputs"), role, input) {
        const struct schema *s;
        if (rc == BN_OK)
            rc = schema_of(build, role, &s);
        if (rc == BN_OK)
            rc = cited(s, hex);
        bn_digest_text(d, hex);
    }
    bn_digest_end(d, hex);
    return rc;
}

/* --- writing ------------------------------------------------------------- */

struct writer {
    FILE *units, *macros;
    json_t *names;                       /* macro -> where its number is */
    struct list declared;                /* lines with units that siunitx lacks */
    const struct input *input;
    bn_h5 *file;
    char *prefix;                        /* "RingDiagnosis" */
};

struct number {
    const char *cite, *row;              /* row "": the dataset is a number */
    const char *dataset, *unit;
    double value, error;
};

static bn_status add_units(struct writer *w, const char *lines)
{
    bn_status rc = BN_OK;
    for (const char *line = lines; *line != '\0' && rc == BN_OK;) {
        const size_t n = strcspn(line, "\n");
        char *copy = bn_format("%.*s", (int)n, line);
        if (copy != NULL && !list_has(&w->declared, copy)) {
            rc = list_add(&w->declared, copy);
            fprintf(w->units, "%s\n", copy);
        }
        rc = copy != NULL ? rc : BN_NOMEM;
        free(copy);
        line += n + (line[n] == '\n');
    }
    return rc;
}

/* No two numbers have one name; each claims its name and that of its raw form. */
static bn_status claim(struct writer *w, const char *macro, const char *where)
{
    for (size_t k = 0; k < 2; k++) {
        char *name = bn_format("%s%s", macro, k ? "Raw" : "");
        if (name == NULL)
            return BN_NOMEM;
        const char *other = json_string_value(json_object_get(w->names, name));
        const bn_status rc = other == NULL ? BN_OK :
            bn_fail(BN_USAGE, "%s and %s would both be \\%s: change the variant's name, or "
                    "the .cite in the stage's table", other, where, name);
        json_object_set_new(w->names, name, json_string(where));
        free(name);
        BN_TRY(rc);
    }
    return BN_OK;
}

static bn_status write_macro(struct writer *w, const struct number *x, const char *macro,
                             const char *where)
{
    char buf[BN_LATEX_NUMBER], raw[32], *unit, *declared;
    if (!isfinite(x->value) || !isfinite(x->error))
        return bn_fail(BN_NUMERIC, "%s is %g with the error %g: only finite numbers are cited",
                       where, x->value, x->error);
    bn_status rc = bn_latex_unit(x->unit, &unit, &declared);
    if (rc != BN_OK)
        return bn_fail_at(rc, "%s", where);
    rc = claim(w, macro, where);
    if (rc == BN_OK)
        rc = add_units(w, declared);
    bn_latex_number(x->value, x->error, buf);
    if (unit[0] != '\0')
        fprintf(w->macros, "\\newcommand{\\%s}{\\qty{%s}{%s}}", macro, buf, unit);
    else
        fprintf(w->macros, "\\newcommand{\\%s}{\\num{%s}}", macro, buf);
    fprintf(w->macros, "%% %s %.16s\n\\newcommand{\\%sRaw}{%s}%%\n", where,
            w->input->object.k2[0] ? w->input->object.k2 : "own", macro,
            bn_shortest(x->value, raw));
    free(unit);
    free(declared);
    return rc;
}

static bn_status write_number(struct writer *w, const struct number *x)
{
    char *words = bn_format("%s %s", x->cite, x->row), *tail = words ? bn_latex_name(words) : NULL;
    char *macro = tail ? bn_format("%s%s", w->prefix, tail) : NULL;
    char *where = bn_format("%s:%s%s%s%s", w->input->role, x->dataset, x->row[0] ? "[" : "",
                            x->row, x->row[0] ? "]" : "");
    bn_status rc = macro && where ? BN_OK : BN_NOMEM;
    if (rc == BN_OK && strpbrk(where, "\r\n") != NULL)
        rc = bn_fail(BN_INPUT, "%s: a name that is cited is one line", where);
    if (rc == BN_OK && tail[0] == '\0')
        rc = bn_fail(BN_INPUT, "%s: its name has no letter or digit", where);
    if (rc == BN_OK)
        rc = write_macro(w, x, macro, where);
    free(where);
    free(macro);
    free(tail);
    free(words);
    return rc;
}

/* --- reading ------------------------------------------------------------- */

/* All numbers of a dataset, n of them; NULL if the artifact does not have it. */
static bn_status read_column(struct writer *w, const char *dataset, size_t n, double **x)
{
    size_t found;
    *x = NULL;
    if (dataset[0] == '\0' || bn_h5_kind(w->file, dataset) != BN_H5_DATASET)
        return BN_OK;
    BN_TRY(bn_h5_read(w->file, dataset, x, &found));
    return found == n ? BN_OK : bn_fail(BN_INPUT, "%s: %s has %zu numbers, expected %zu",
                                        bn_h5_path(w->file), dataset, found, n);
}

static bn_status read_rows(struct writer *w, const char *dataset, const char *beside, size_t n,
                           char ***texts)
{
    const char *slash = strrchr(dataset, '/');
    char *path = bn_format("%.*s/%s", (int)(slash - dataset), dataset, beside);
    size_t found = n;
    bn_status rc = path ? BN_OK : BN_NOMEM;
    *texts = NULL;
    if (rc == BN_OK && bn_h5_kind(w->file, path) == BN_H5_DATASET &&
        bn_h5_is_text(w->file, path))
        rc = bn_h5_read_texts(w->file, path, texts, &found);
    if (rc == BN_OK && found != n)
        rc = bn_fail(BN_INPUT, "%s: %s has %zu texts, expected %zu", bn_h5_path(w->file), path,
                     found, n);
    free(path);
    return rc;
}

struct column {
    double *value, *error;
    char **row, **unit;                  /* NULL: a number, or one unit for all */
    char *units;
    size_t n;
};

static void column_free(struct column *c)
{
    free(c->value);
    free(c->error);
    free(c->row);
    free(c->unit);
    free(c->units);
}

static bn_status read_output(struct writer *w, const json_t *output, struct column *c)
{
    const char *name = text_of(output, "name"), *axes = text_of(output, "axes");
    BN_TRY(bn_h5_read(w->file, name, &c->value, &c->n));
    BN_TRY(read_column(w, text_of(output, "error"), c->n, &c->error));
    if (bn_h5_has_attribute(w->file, name, "units"))
        BN_TRY(bn_h5_get_text(w->file, name, "units", &c->units));
    if (axes[0] == '\0')
        return BN_OK;
    BN_TRY(read_rows(w, name, "name", c->n, &c->row));
    if (c->row == NULL)
        BN_TRY(read_rows(w, name, axes, c->n, &c->row));
    if (c->row == NULL)
        return bn_fail(BN_INPUT, "%s: the rows of %s have no names: only numbers, and rows with "
                       "a text each, are cited", bn_h5_path(w->file), name);
    return read_rows(w, name, "unit", c->n, &c->unit);
}

static bn_status write_output(struct writer *w, const json_t *output)
{
    struct column c = { 0 };
    bn_status rc = read_output(w, output, &c);
    for (size_t i = 0; i < c.n && rc == BN_OK; i++) {
        const struct number x = {
            .cite = text_of(output, "cite"), .row = c.row ? c.row[i] : "",
            .dataset = text_of(output, "name"), .value = c.value[i],
            .error = c.error ? c.error[i] : 0.0,
            .unit = c.unit ? c.unit[i] : c.units && c.units[0] ? c.units : "1",
        };
        rc = write_number(w, &x);
    }
    column_free(&c);
    return rc;
}

/* "RingDiagnosis", or with the variant "RingDiagnosisRotated". */
static char *prefix_of(const char *artifact)
{
    char *pipeline, *stage, *variant, *name[3] = { NULL, NULL, NULL }, *whole = NULL;
    if (graph_split(artifact, &pipeline, &stage, &variant) != BN_OK)
        return NULL;
    name[0] = bn_latex_name(pipeline);
    name[1] = bn_latex_name(stage);
    name[2] = bn_latex_name(variant);
    if (name[0] && name[1] && name[2])
        whole = bn_format("%s%s%s", name[0], name[1], name[2]);
    for (size_t i = 0; i < BN_LEN(name); i++)
        free(name[i]);
    free(pipeline);
    return whole;
}

static bn_status write_artifact(struct writer *w, const char *build, const struct input *input)
{
    const struct schema *s;
    size_t i;
    json_t *output;
    BN_TRY(schema_of(build, input->role, &s));
    w->input = input;
    w->prefix = prefix_of(input->role);
    bn_status rc = w->prefix ? bn_h5_open(&w->file, input->object.path) : BN_NOMEM;
    fprintf(w->macros, "\n%% artifact %s key %s content %s\n", input->role,
            input->object.k2[0] ? input->object.k2 : "own", input->object.content);
    json_array_foreach(json_object_get(s->json, "outputs"), i, output)
        if (rc == BN_OK && json_is_string(json_object_get(output, "cite")) &&
            bn_h5_kind(w->file, text_of(output, "name")) == BN_H5_DATASET)
            rc = write_output(w, output);
    const bn_status closed = bn_h5_close(w->file);
    w->file = NULL;
    free(w->prefix);
    w->prefix = NULL;
    return rc != BN_OK ? rc : closed;
}

static bn_status write_all(struct writer *w, const char *build, const struct input *inputs,
                           size_t n, const char *name)
{
    fprintf(w->units, "%% %s of basin " BASIN_VERSION ": make it again, do not edit it "
            "(docs/thesis.md).\n%% For the preamble, after \\usepackage{siunitx}.  A number: its "
            "artifact, dataset and key.\n\\providecommand{\\qty}[2]{\\SI{#1}{#2}}%% "
            "before siunitx 3\n", name);
    bn_status rc = BN_OK;
    for (size_t i = 0; i < n && rc == BN_OK; i++)
        rc = write_artifact(w, build, &inputs[i]);
    return rc;
}

/* The first line has the digest of all that follows, so that a copy can be trusted. */
static const char seal[] = "% sealed ";

static bn_status seal_of(const char *text, char hex[BN_HEX])
{
    bn_digest *d;
    BN_TRY(bn_digest_new(&d));
    bn_digest_text(d, text);
    bn_digest_end(d, hex);
    return BN_OK;
}

static double memory(void)
{
    struct rusage u;
    return getrusage(RUSAGE_SELF, &u) == 0 ? 1024.0 * (double)u.ru_maxrss : 0.0;
}

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

int numbers_make(const char *name, const struct input *inputs, size_t n, const char *build,
                 const char *out, struct child *c)
{
    const double start = now();
    char *units = NULL, *macros = NULL;
    size_t size[2];
    struct writer w = { .units = open_memstream(&units, &size[0]),
                        .macros = open_memstream(&macros, &size[1]), .names = json_object() };
    bn_status rc = w.units && w.macros && w.names ? write_all(&w, build, inputs, n, name)
                                                  : BN_NOMEM;
    if (w.units != NULL)
        fclose(w.units);
    if (w.macros != NULL)
        fclose(w.macros);
    char hex[BN_HEX];
    char *body = rc == BN_OK && units && macros ? bn_format("%s%s", units, macros) : NULL;
    if (rc == BN_OK)
        rc = body ? seal_of(body, hex) : BN_NOMEM;
    char *text = rc == BN_OK ? bn_format("%s%s\n%s", seal, hex, body) : NULL;
    if (rc == BN_OK)
        rc = text ? file_write(out, text) : BN_NOMEM;
    json_decref(w.names);
    list_free(&w.declared);
    free(text);
    free(body);
    free(units);
    free(macros);
    c->seconds = now() - start;
    c->bytes = memory();
    return (int)rc;
}

/* --- reading such a file -------------------------------------------------- */

static bool is_sealed(const char *text)
{
    const size_t n = strlen(seal);
    char hex[BN_HEX];
    const char *body = strchr(text, '\n');
    return body != NULL && strncmp(text, seal, n) == 0 &&
           (size_t)(body - text) == n + BN_HEX - 1 && seal_of(body + 1, hex) == BN_OK &&
           strncmp(text + n, hex, BN_HEX - 1) == 0;
}

/* \newcommand{\Name}{value}% where key, or \newcommand{\NameRaw}{value}% behind it. */
static void read_line(char *line, const char *path, const char *node, const char *content,
                      json_t *numbers)
{
    char name[256];
    int value = 0;
    char *comment = strstr(line, "}%"), *key = strrchr(line, ' ');
    if (comment == NULL ||
        sscanf(line, "\\newcommand{\\%255[A-Za-z]}{%n", name, &value) != 1 || value == 0 ||
        line + value > comment)
        return;
    *comment = '\0';
    const size_t n = strlen(name);
    if (comment[2] == ' ' && key > comment + 3) {
        *key = '\0';                     /* a row may have blanks in its name */
        json_object_set_new(numbers, name, json_pack("{ss ss ss ss ss}", "value", line + value,
                                                     "where", comment + 3, "node", node, "content",
                                                     content, "file", path));
    } else if (n > 3 && strcmp(name + n - 3, "Raw") == 0) {
        name[n - 3] = '\0';
        json_t *x = json_object_get(numbers, name);
        if (x != NULL)
            json_object_set_new(x, "raw", json_string(line + value));
    }
}

bn_status numbers_read(const char *path, json_t *numbers, bool *sealed)
{
    char *text, *save, node[512] = "", content[BN_HEX] = "";
    BN_TRY(file_read(path, &text, NULL));
    *sealed = is_sealed(text);
    for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
        sscanf(line, "%% artifact %511s key %*64s content %64[0-9a-f]", node, content);
        read_line(line, path, node, content, numbers);
    }
    free(text);
    return BN_OK;
}
