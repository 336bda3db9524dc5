/* SPDX-License-Identifier: MIT
 *
 * The lists of the report: what is not up to date, the parameters, the artifacts, and
 * what they were made with.                                                  */
#include "report.h"

#include "page.h"

#include <basin/mem.h>
#include <basin/text.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void report_open_section(FILE *f, const char *id, const char *title, size_t n)
{
    page_print(f, "<section id=\"%s\" aria-labelledby=\"%s-title\">\n<h2 id=\"%s-title\">%s "
               "<span class=\"count\" data-count>%zu</span></h2>\n", id, id, id, title, n);
}

static const struct look_node *in_order(const struct report *r, size_t i)
{
    return &r->look->nodes[r->look->order[i]];
}

/* --- what is not up to date ------------------------------------------------ */

/* It was made once under this name, or something that was made wants it. */
bool report_is_stale(const struct report *r, const struct look_node *n)
{
    size_t i;
    json_t *cause;
    bool never = false;
    if (n->state == LOOK_FRESH || n->state == LOOK_OWN || report_is_copy(n))
        return false;
    json_array_foreach(n->causes, i, cause)
        never = never || strcmp(text_of(cause, "kind"), "never") == 0;
    return !never || json_object_get(r->used, n->name) != NULL;
}

size_t report_count_stale(const struct report *r)
{
    size_t n = 0;
    for (size_t i = 0; i < r->look->n_order; i++)
        n += report_is_stale(r, in_order(r, i));
    return n;
}

static void put_reasons(FILE *f, const struct look_node *n)
{
    enum { MOST = 6 };
    size_t i, more = json_array_size(n->upstream);
    json_t *cause;
    json_array_foreach(n->causes, i, cause)
        if (i < MOST)
            page_print(f, "<div>%s</div>", text_of(cause, "text"));
    if (json_array_size(n->causes) > MOST)
        page_print(f, "<div>and %zu more</div>", json_array_size(n->causes) - MOST);
    if (n->state == LOOK_CACHED)
        fputs("<div class=\"muted\">cached: would only be relinked</div>", f);
    if (n->state != LOOK_FOLLOWS || n->parent == NULL)
        return;
    page_print(f, "<div class=\"muted\">follows <code>%s</code>", n->parent);
    if (more > 1)
        page_print(f, " and %zu more", more - 1);
    fputs(json_array_size(n->causes) == 0 ? ": runs unless that comes out the same</div>"
                                          : ": runs unless that comes out as once before"
                                            "</div>", f);
}

static void put_stale(FILE *f, const struct look_node *n)
{
    char time[32] = "";
    fputs("<tr data-find><th scope=\"row\">", f);
    report_name(f, n->name);
    fputs("</th><td>", f);
    report_tag(f, n);
    fputs("</td><td class=\"line\">", f);
    put_reasons(f, n);
    if (look_is_due(n->state) && n->seconds >= 0.0)
        bn_human_seconds(n->seconds, time);
    page_print(f, "</td><td class=\"num\" data-h=\"would take\">%s</td></tr>\n", time);
}

enum { FEW = 4 };                        /* points of a sweep that are shown with reasons */

/* Of many points of a sweep a few stand with their reasons, and the others by name. */
static bool is_folded(const struct look_node *n, json_t *points)
{
    const char *of = text_of(n->node, "of");
    if (of[0] == '\0')
        return false;
    if (json_object_get(points, of) == NULL)
        json_object_set_new(points, of, json_array());
    json_array_append_new(json_object_get(points, of), json_string(n->name));
    return json_array_size(json_object_get(points, of)) > FEW;
}

static void put_folded(FILE *f, const struct report *r, const char *of, const json_t *names)
{
    double seconds = 0.0;
    char time[32] = "", *name = bn_format("%.*s.*.h5", (int)strlen(of) - 3, of);
    if (json_array_size(names) <= FEW || name == NULL) {
        free(name);
        return;
    }
    fputs("<tr data-find><th scope=\"row\">", f);
    report_name(f, name);
    page_print(f, "</th><td></td><td class=\"line\"><details><summary>and %zu more "
               "points</summary>\n", json_array_size(names) - FEW);
    for (size_t i = FEW; i < json_array_size(names); i++) {
        const struct look_node *n =
            look_find(r->look, json_string_value(json_array_get(names, i)));
        page_print(f, "<div>%s <span class=\"muted\">%s</span></div>\n", n->name, look_word(n));
        seconds += look_is_due(n->state) && n->seconds > 0.0 ? n->seconds : 0.0;
    }
    page_print(f, "</details></td><td class=\"num\" data-h=\"would take\">%s</td></tr>\n",
               seconds > 0.0 ? bn_human_seconds(seconds, time) : "");
    free(name);
}

/* Of what is in the table alone: most of the plan may never have been asked for. */
static void put_cost(FILE *f, const struct report *r)
{
    double seconds = 0.0;
    char text[32];
    for (size_t i = 0; i < r->look->n_order; i++) {
        const struct look_node *n = in_order(r, i);
        if (report_is_stale(r, n) && look_is_due(n->state) && n->seconds > 0.0)
            seconds += n->seconds;
    }
    if (seconds > 0.0)
        page_print(f, "<p class=\"muted small\">About %s of computing in all, if no result "
                   "comes out the same.</p>\n", bn_human_seconds(seconds, text));
}

void report_stale(FILE *f, struct report *r)
{
    static const char *const heads[] = { "Artifact", "State", "Why", "!would take" };
    const size_t n = report_count_stale(r);
    const char *of;
    json_t *names, *points = json_object();
    if (n == 0) {
        json_decref(points);
        return;
    }
    report_open_section(f, "stale", "Not up to date", n);
    fputs("<div class=\"card\">", f);
    page_table(f, "What is not up to date, and why", true, heads, BN_LEN(heads));
    for (size_t i = 0; i < r->look->n_order; i++)
        if (report_is_stale(r, in_order(r, i)) && !is_folded(in_order(r, i), points))
            put_stale(f, in_order(r, i));
    json_object_foreach(points, of, names)
        put_folded(f, r, of, names);
    page_table_end(f);
    put_cost(f, r);
    fputs("</div></section>\n", f);
    json_decref(points);
}

/* --- parameters ------------------------------------------------------------ */

static bool is_listed(const struct look_node *n)
{
    return n->object.path != NULL && strncmp(n->name, "figures/", 8) != 0;
}

static struct ancestor ancestor_of(const struct look_node *n)
{
    return (struct ancestor){ .name = (char *)(uintptr_t)n->name, .now = n,
                              .manifest = n->object.manifest };
}

bn_status report_parameters(FILE *f, struct report *r)
{
    struct setting_rows rows = { 0 };
    bn_status rc = BN_OK;
    for (size_t i = 0; i < r->look->n_order && rc == BN_OK; i++) {
        const struct ancestor a = ancestor_of(in_order(r, i));
        if (is_listed(a.now))
            rc = report_add_settings(r, &a, false, &rows);
    }
    report_drop_defaults(&rows);
    if (rc == BN_OK && rows.n > 0) {
        report_open_section(f, "parameters", "Parameters that differ from the defaults",
                            rows.n);
        fputs("<div class=\"card\">", f);
        report_settings(f, &rows, "Parameters that differ from the defaults", true, true);
        fputs("</div></section>\n", f);
    }
    report_free_settings(&rows);
    return rc;
}

/* --- artifacts ------------------------------------------------------------- */

static void put_used(FILE *f, const struct report *r, const struct look_node *n)
{
    size_t i;
    json_t *number;
    const json_t *used = json_object_get(r->used, n->name);
    fputs(json_array_size(used) > 0 ? "<dt>Shown in</dt><dd>" : "", f);
    json_array_foreach(used, i, number) {
        const struct figure *g = &r->figures[json_integer_value(number)];
        page_print(f, i > 0 ? ", <a href=\"#%s\">%s</a>" : "<a href=\"#%s\">%s</a>", g->id,
                   g->label);
    }
    fputs(json_array_size(used) > 0 ? "</dd>\n" : "", f);
}

static bn_status put_artifact(FILE *f, struct report *r, const struct look_node *n)
{
    const struct ancestor a = ancestor_of(n);
    struct setting_rows rows = { 0 };
    char size[32] = "", time[32] = "";
    const bn_status rc = report_add_settings(r, &a, true, &rows);
    if (look_bytes(n) >= 0.0)
        bn_human_bytes(look_bytes(n), size);
    if (n->object.manifest != NULL && look_took(n) >= 0.0)
        bn_human_seconds(look_took(n), time);
    page_print(f, "<details class=\"artifact\" id=\"%s\" data-find><summary><code>%s</code> ",
               n->name, n->name);
    report_tag(f, n);
    page_print(f, " <span class=\"muted small\">%s%s%s</span></summary>\n", size,
               time[0] ? " \u00b7 " : "", time);
    fputs("<dl class=\"facts\">", f);
    put_used(f, r, n);
    if (n->object.manifest != NULL)
        report_provenance(f, r, &a);
    else
        fputs("<dt>Origin</dt><dd>a file of your own</dd>", f);
    fputs("</dl>\n", f);
    if (rows.n > 0)
        report_settings(f, &rows, "Parameters that it read", false, false);
    fputs("</details>\n", f);
    report_free_settings(&rows);
    return rc;
}

static void put_point(FILE *f, const struct look_node *n)
{
    char size[32] = "", time[32] = "", date[32];
    report_date(n->object.manifest, date);
    if (look_bytes(n) >= 0.0)
        bn_human_bytes(look_bytes(n), size);
    if (look_took(n) >= 0.0)
        bn_human_seconds(look_took(n), time);
    fputs("<tr><td class=\"line\">", f);
    report_name(f, n->name);
    fputs("</td><td>", f);
    report_tag(f, n);
    page_print(f, "</td><td class=\"num\">%s</td><td class=\"num\">%s</td><td class=\"date\">%s"
               "</td><td class=\"key line\">%s</td></tr>\n", time, size, date, n->object.k2);
}

/* All points of one node, as one line that opens. */
static void put_points(FILE *f, struct report *r, const char *of)
{
    static const char *const heads[] = { "Point", "State", "!took", "!size", "made", "key" };
    size_t n = 0;
    for (size_t i = 0; i < r->look->n_order; i++)
        n += is_listed(in_order(r, i)) && strcmp(text_of(in_order(r, i)->node, "of"), of) == 0;
    char *name = bn_format("%.*s.*.h5", (int)strlen(of) - 3, of);
    page_print(f, "<details class=\"artifact\" data-find><summary><code>%s</code> <span "
               "class=\"muted small\">%zu points of a sweep</span></summary>\n",
               name ? name : of, n);
    page_table(f, "Points of the sweep", true, heads, BN_LEN(heads));
    for (size_t i = 0; i < r->look->n_order; i++)
        if (is_listed(in_order(r, i)) && strcmp(text_of(in_order(r, i)->node, "of"), of) == 0)
            put_point(f, in_order(r, i));
    page_table_end(f);
    fputs("</details>\n", f);
    free(name);
}

/* Its length in a name; 0: numbers.tex, which lies beside the pipelines. */
static size_t pipeline_of(const char *name)
{
    const char *slash = strchr(name, '/');
    return slash ? (size_t)(slash - name) : 0;
}

static bn_status put_pipeline(FILE *f, struct report *r, const char *pipeline)
{
    const size_t length = strlen(pipeline);
    struct list swept = { 0 };
    bn_status rc = BN_OK;
    page_print(f, "<div class=\"card group\"><h3>%s</h3>\n",
               length > 0 ? pipeline : "beside the pipelines");
    for (size_t i = 0; i < r->look->n_order && rc == BN_OK; i++) {
        const struct look_node *n = in_order(r, i);
        const char *of = text_of(n->node, "of");
        if (!is_listed(n) || pipeline_of(n->name) != length ||
            memcmp(n->name, pipeline, length) != 0)
            continue;
        if (of[0] == '\0') {
            rc = put_artifact(f, r, n);
        } else if (!list_has(&swept, of)) {
            put_points(f, r, of);
            rc = list_add(&swept, of);
        }
    }
    fputs("</div>\n", f);
    list_free(&swept);
    return rc;
}

bn_status report_artifacts(FILE *f, struct report *r)
{
    struct list pipelines = { 0 };
    size_t n = 0;
    bn_status rc = BN_OK;
    for (size_t i = 0; i < r->look->n_order && rc == BN_OK; i++) {
        const struct look_node *node = in_order(r, i);
        char *name = bn_format("%.*s", (int)pipeline_of(node->name), node->name);
        n += is_listed(node);
        if (name == NULL)
            rc = BN_NOMEM;
        else if (is_listed(node) && !list_has(&pipelines, name))
            rc = list_add(&pipelines, name);
        free(name);
    }
    if (n > 0)
        report_open_section(f, "artifacts", "Artifacts", n);
    for (size_t i = 0; i < pipelines.n && rc == BN_OK; i++)
        rc = put_pipeline(f, r, pipelines.at[i]);
    fputs(n > 0 ? "</section>\n" : "", f);
    list_free(&pipelines);
    return rc;
}

/* --- what they were made with ---------------------------------------------- */

void report_builds(FILE *f, const struct report *r)
{
    static const struct { const char *key, *name; } facts[] = {
        { "host", "Host" }, { "cpu", "Processor" }, { "system", "System" },
        { "basin", "basin" }, { "build", "Built by" },
    };
    const char *text;
    json_t *number;
    if (json_object_size(r->builds) == 0)
        return;
    report_open_section(f, "environments", "Environments", json_object_size(r->builds));
    json_object_foreach(r->builds, text, number) {
        json_t *build = json_loads(text, 0, NULL);
        page_print(f, "<div class=\"card\" data-find><h3>Environment %zu</h3><dl "
                   "class=\"facts\">", (size_t)json_integer_value(number));
        for (size_t i = 0; i < BN_LEN(facts); i++)
            page_print(f, i + 1 < BN_LEN(facts) ? "<dt>%s</dt><dd>%s</dd>"
                                                : "<dt>%s</dt><dd class=\"key\">%s</dd>",
                       facts[i].name, text_of(build, facts[i].key));
        fputs("</dl></div>\n", f);
        json_decref(build);
    }
    fputs("</section>\n", f);
}
