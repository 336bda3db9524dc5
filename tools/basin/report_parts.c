/* SPDX-License-Identifier: MIT
 *
 * What figures and artifacts of the report have in common: states, dates, parameters and
 * the provenance of a run.                                                   */
#include "report.h"

#include "page.h"

#include <basin/mem.h>
#include <basin/text.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SOME = 6 };                       /* values of a sweep that are written out */

bool report_is_copy(const struct look_node *n)
{
    return strcmp(text_of(n->node, "stage"), "pdftocairo") == 0;
}

void report_tag(FILE *f, const struct look_node *n)
{
    const char *word = look_word(n);
    const char *class = n->state == LOOK_FRESH || n->state == LOOK_OWN ? "good"
                        : n->state == LOOK_CACHED ? "note"
                        : strcmp(word, "stale") == 0 ? "warn"
                        : strcmp(word, "never made") == 0 ? "" : "bad";
    page_print(f, "<span class=\"tag %s\">%s</span>", class,
               n->state == LOOK_FRESH ? "up to date" : word);
}

void report_date(const json_t *manifest, char text[32])
{
    const char *date = text_of(manifest, "date");
    text[0] = '\0';
    if (strlen(date) == strlen("2026-11-22T21:13:48Z"))
        snprintf(text, 32, "%.10s %.5s UTC", date, date + 11);
}

void report_name(FILE *f, const char *name)
{
    const char *last = strrchr(name, '.');
    fputs("<code>", f);
    for (const char *c = name; *c != '\0'; c++) {
        const char letter[2] = { *c, '\0' };
        fputs(*c == '.' && c != last ? "<wbr>" : "", f);
        page_text(f, letter);
        fputs(*c == '/' ? "<wbr>" : "", f);
    }
    fputs("</code>", f);
}

void report_link(FILE *f, const struct report *r, const char *name)
{
    const struct look_node *n = look_find(r->look, name);
    const bool listed = n != NULL && n->object.path != NULL &&
                        strncmp(name, "figures/", 8) != 0 &&
                        text_of(n->node, "of")[0] == '\0';
    if (listed)
        page_print(f, "<a href=\"#%s\">", name);
    report_name(f, name);
    fputs(listed ? "</a>" : "", f);
}

/* --- parameters ------------------------------------------------------------ */

static const struct bn_param *param_of(const struct schema *s, const char *key)
{
    for (size_t i = 0; s != NULL && i < s->n_params; i++)
        if (strcmp(s->params[i].name, key) == 0)
            return &s->params[i];
    return NULL;
}

/* The default as values are written; "" if there is none. */
static char *default_of(const struct bn_param *p)
{
    bn_values *v;
    char *text = NULL;
    if (p == NULL)
        return bn_copy("");
    if (bn_values_new(&v, p, 1) == BN_OK) {
        text = bn_copy(bn_values_canonical(v, 0));
        bn_values_free(v);
    }
    return text;
}

/* Where the value was set, if it is what the plan wants now. */
static const char *origin_of(const struct look *l, const struct ancestor *a,
                             const char *key, const char *value)
{
    if (a->now == NULL || strcmp(text_of(json_object_get(a->now->node, "parameters"), key),
                                 value) != 0)
        return "an earlier setting";
    return text_of(json_object_get(json_object_get(l->origins, a->now->name), "parameters"),
                   key);
}

/* The points of a sweep share the rows of "ring/weights.*". */
static char *place_of(const struct ancestor *a)
{
    const char *of = a->now ? text_of(a->now->node, "of") : "";
    return of[0] ? bn_format("%.*s.*.h5", (int)strlen(of) - 3, of) : bn_copy(a->name);
}

static bn_status new_row(struct setting_rows *rows, const struct bn_param *p,
                         const char *where, const char *key, const char *initial)
{
    if (rows->n == rows->room) {
        const size_t room = rows->room ? 2 * rows->room : 32;
        struct setting_row *more = bn_grow(rows->at, room, sizeof *more);
        if (more == NULL)
            return BN_NOMEM;
        rows->at = more;
        rows->room = room;
    }
    struct setting_row *row = &rows->at[rows->n++];
    *row = (struct setting_row){ .where = bn_copy(where), .key = bn_copy(key), .param = p,
                                 .initial = bn_copy(initial) };
    return row->where && row->key && row->initial ? BN_OK : BN_NOMEM;
}

static bn_status add_value(struct setting_rows *rows, const struct bn_param *p,
                           const char *where, const char *key, const char *initial,
                           const char *value, const char *origin)
{
    char *name = bn_format("%s %s", where, key);
    if (rows->index == NULL)
        rows->index = json_object();
    bn_status rc = name && rows->index ? BN_OK : BN_NOMEM;
    if (rc == BN_OK && json_object_get(rows->index, name) == NULL) {
        json_object_set_new(rows->index, name, json_integer((json_int_t)rows->n));
        rc = new_row(rows, p, where, key, initial);
    }
    if (rc == BN_OK) {
        struct setting_row *row =
            &rows->at[json_integer_value(json_object_get(rows->index, name))];
        if (!list_has(&row->values, value))
            rc = list_add(&row->values, value);
        if (rc == BN_OK && !list_has(&row->origins, origin))
            rc = list_add(&row->origins, origin);
    }
    free(name);
    return rc;
}

bn_status report_add_settings(struct report *r, const struct ancestor *a, bool all,
                              struct setting_rows *rows)
{
    const char *stage = text_of(a->manifest, "stage"), *key;
    const struct schema *s = NULL;
    json_t *value;
    bn_status rc = BN_OK;
    if (a->manifest == NULL || strncmp(a->name, "figures/", 8) == 0 ||
        schema_get(r->look->build, stage, &s) != BN_OK)
        return BN_OK;                    /* a stage of the past */
    char *where = place_of(a);
    all = all || (a->now != NULL && text_of(a->now->node, "of")[0] != '\0');
    json_object_foreach(json_object_get(a->manifest, "parameters"), key, value) {
        const struct bn_param *p = param_of(s, key);
        const char *text = json_string_value(value) ? json_string_value(value) : "";
        char *initial = default_of(p);
        if (initial == NULL || where == NULL)
            rc = BN_NOMEM;
        else if (rc == BN_OK && (all || p == NULL || strcmp(initial, text) != 0))
            rc = add_value(rows, p, where, key, initial, text,
                           origin_of(r->look, a, key, text));
        free(initial);
    }
    free(where);
    return rc;
}

static bool is_default(const struct setting_row *row)
{
    return row->values.n == 1 && strcmp(row->values.at[0], row->initial) == 0;
}

static void free_row(struct setting_row *row)
{
    free(row->where);
    free(row->key);
    free(row->initial);
    list_free(&row->values);
    list_free(&row->origins);
}

void report_drop_defaults(struct setting_rows *rows)
{
    size_t n = 0;
    for (size_t i = 0; i < rows->n; i++)
        if (is_default(&rows->at[i]))
            free_row(&rows->at[i]);
        else
            rows->at[n++] = rows->at[i];
    rows->n = n;
}

/* "sha256:98e8... mouse28.nwb" is a file: its name. */
static void put_value(FILE *f, const struct bn_param *p, const char *value)
{
    const bool file = p != NULL && (p->type == BN_TYPE_FILE || p->type == BN_TYPE_FILES);
    if (value[0] == '\0')
        fputs("<span class=\"muted\">empty</span>", f);
    if (!file) {
        page_text(f, value);
        return;
    }
    for (const char *at = value; *at != '\0';) {
        const char *name = strncmp(at, "sha256:", 7) == 0 ? strchr(at, ' ') : NULL;
        const char *next = strstr(name ? name : at, " sha256:");
        const char *from = name ? name + 1 : at;
        char *word = bn_format("%.*s", next ? (int)(next - from) : (int)strlen(from), from);
        page_print(f, "%s%s", word ? word : "", next ? ", " : "");
        free(word);
        at = next ? next + 1 : "";
    }
}

static void put_unit(FILE *f, const struct bn_param *p)
{
    if (p != NULL && p->unit != NULL && p->unit[0] != '\0' && strcmp(p->unit, "1") != 0)
        page_print(f, " %s", p->unit);
}

static void put_values(FILE *f, const struct setting_row *row)
{
    for (size_t i = 0; i < row->values.n && i < SOME; i++) {
        fputs(i > 0 ? ", " : "", f);
        put_value(f, row->param, row->values.at[i]);
    }
    put_unit(f, row->param);
    if (row->values.n > SOME)
        page_print(f, " and %zu more", row->values.n - SOME);
}

/* Two cells: the default, unless that is the value, and the line that set it. */
static void put_default(FILE *f, const struct setting_row *row, bool same)
{
    const bool untouched = same && row->origins.n == 1 &&
                           strcmp(row->origins.at[0], "default") == 0;
    fputs(same ? "</td><td data-h=\"default\">" : "</strong></td><td data-h=\"default\">", f);
    if (!same && row->initial[0] != '\0') {
        put_value(f, row->param, row->initial);
        put_unit(f, row->param);
    }
    fputs(untouched ? "</td><td class=\"muted\">" : "</td><td data-h=\"set in\">", f);
    for (size_t k = 0; k < row->origins.n && k < SOME; k++)
        page_print(f, "%s%s", k > 0 ? ", " : "", row->origins.at[k]);
}

void report_settings(FILE *f, const struct setting_rows *rows, const char *caption,
                     bool where, bool search)
{
    static const char *const heads[] = { "Artifact", "Parameter", "Value", "Default",
                                         "Set in", "What it is" };
    page_table(f, caption, true, heads + !where, BN_LEN(heads) - !where);
    for (size_t i = 0; i < rows->n; i++) {
        const struct setting_row *row = &rows->at[i];
        const bool same = is_default(row);
        fprintf(f, "<tr%s>", search ? " data-find" : "");
        if (where) {
            fputs("<td class=\"line\">", f);
            report_name(f, row->where);
            fputs("</td>", f);
        }
        page_print(f, same ? "<td><code>%s</code></td><td>"
                           : "<th scope=\"row\"><code>%s</code></th><td>", row->key);
        fputs(same ? "" : "<strong>", f);
        put_values(f, row);
        put_default(f, row, same);
        page_print(f, "</td><td class=\"muted line\">%s</td></tr>\n",
                   row->param && row->param->help ? row->param->help : "");
    }
    page_table_end(f);
}

void report_free_settings(struct setting_rows *rows)
{
    for (size_t i = 0; i < rows->n; i++)
        free_row(&rows->at[i]);
    free(rows->at);
    json_decref(rows->index);
    *rows = (struct setting_rows){ 0 };
}

/* --- provenance ------------------------------------------------------------ */

static void put_fact(FILE *f, const char *name, const char *value, bool digest)
{
    if (value[0] != '\0')
        page_print(f, digest ? "<dt>%s</dt><dd class=\"key\">%s</dd>\n"
                             : "<dt>%s</dt><dd>%s</dd>\n", name, value);
}

/* Host, compiler and libraries, which few runs have of their own: see report_builds. */
static size_t build_of(struct report *r, const json_t *m)
{
    static const char *const keys[] = { "host", "cpu", "system", "basin", "build" };
    json_t *build = json_object();
    for (size_t i = 0; i < BN_LEN(keys); i++)
        json_object_set_new(build, keys[i], json_string(text_of(m, keys[i])));
    char *text = json_dumps(build, JSON_COMPACT);
    json_decref(build);
    if (text == NULL)
        return 0;
    if (json_object_get(r->builds, text) == NULL)
        json_object_set_new(r->builds, text,
                            json_integer((json_int_t)json_object_size(r->builds) + 1));
    const size_t number = (size_t)json_integer_value(json_object_get(r->builds, text));
    free(text);
    return number;
}

static void put_inputs(FILE *f, const struct report *r, const struct ancestor *a)
{
    enum { MANY = 12 };
    const json_t *inputs = json_object_get(a->manifest, "inputs");
    const char *role;
    json_t *content;
    size_t n = 0;
    if (json_object_size(inputs) > 0)
        fputs("<dt>Made from</dt><dd>", f);
    json_object_foreach((json_t *)(uintptr_t)inputs, role, content) {
        const char *name = text_of(json_object_get(a->now ? a->now->node : NULL, "inputs"),
                                   role);
        if (n++ >= MANY)
            continue;
        fputs("<div>", f);
        if (name[0] != '\0')
            report_link(f, r, name);
        else
            page_print(f, "<code>%s</code>", role);
        page_print(f, " <span class=\"key muted\">%s</span></div>",
                   json_string_value(content) ? json_string_value(content) : "");
    }
    if (n > MANY)
        page_print(f, "<div>and %zu more</div>", n - MANY);
    fputs(n > 0 ? "</dd>\n" : "", f);
}

void report_recordings(FILE *f, const json_t *manifest)
{
    const char *key;
    json_t *value;
    json_object_foreach(json_object_get(manifest, "parameters"), key, value) {
        const char *text = json_string_value(value) ? json_string_value(value) : "";
        const char *at = strncmp(text, "sha256:", 7) == 0 ? text : strstr(text, " sha256:");
        if (at == NULL)
            continue;
        page_print(f, "<dt>Recording</dt><dd class=\"key\">%s</dd>\n", text);
    }
}

void report_provenance(FILE *f, struct report *r, const struct ancestor *a)
{
    const json_t *m = a->manifest;
    char date[32], text[32];
    report_date(m, date);
    const double memory = json_number_value(json_object_get(m, "memory"));
    const size_t build = build_of(r, m);
    put_fact(f, "Made", date, false);
    page_print(f, "<dt>On</dt><dd>%s, %s, <a href=\"#environments\">environment %zu</a></dd>\n",
               text_of(m, "host"), text_of(m, "cpu"), build);
    if (json_is_number(json_object_get(m, "seconds")))
        put_fact(f, "Took", bn_human_seconds(json_number_value(json_object_get(m, "seconds")),
                                             text), false);
    if (memory > 0.0)
        put_fact(f, "Memory", bn_human_bytes(memory, text), false);
    if (json_is_number(json_object_get(m, "bytes")))
        put_fact(f, "Size", bn_human_bytes(json_number_value(json_object_get(m, "bytes")),
                                           text), false);
    put_fact(f, "Key", text_of(m, "k2"), true);
    put_fact(f, "Content", text_of(m, "content"), true);
    if (strcmp(text_of(m, "sha256"), text_of(m, "content")) != 0)
        put_fact(f, "SHA-256", text_of(m, "sha256"), true);
    put_fact(f, "Code", text_of(m, "code"), true);
    put_inputs(f, r, a);
    report_recordings(f, m);
    const json_t *accepted = json_object_get(m, "accepted");
    if (accepted != NULL)
        page_print(f, "<dt>Accepted</dt><dd>although code changed: %s (%s, %s)</dd>\n",
                   text_of(accepted, "why"), text_of(accepted, "who"),
                   text_of(accepted, "when"));
}
