/* SPDX-License-Identifier: MIT
 *
 * The figures of the report: what they show, in words too, what they were made from, and
 * how to make those that are not there.                                      */
#include "report.h"

#include "page.h"
#include "panels.h"
#include "svg.h"

#include <basin/mem.h>
#include <basin/text.h>

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* LARGE: bytes of an SVG or PNG that a page may hold; points of print per CSS pixel. */
enum { LARGE = 4 << 20 };
static const double scale = 4.0 / 3.0 * 1.5;

/* --- what the script says -------------------------------------------------- */

/* Of "# figure3: a title", as `make help` has it. */
static char *title_of(const char *script, const char *name)
{
    char *begin = bn_format("\n# %s: ", name);
    const char *at = begin ? strstr(script, begin) : NULL;
    const char *from = at ? at + strlen(begin) : "";
    free(begin);
    char *title = bn_format("%.*s", (int)strcspn(from, "\n"), from);
    if (title != NULL)
        title[0] = (char)toupper((unsigned char)title[0]);
    return title;
}

static bn_status describe(struct figure *g, const char *from)
{
    const char *base = g->id + strlen("figures/"), *dot = strchr(base, '.');
    char *name = bn_format("%.*s", dot ? (int)(dot - base) : (int)strlen(base), base);
    char *script = NULL;
    if (name == NULL)
        return BN_NOMEM;
    if (file_read(text_of(g->pdf->node, "script"), &script, NULL) != BN_OK)
        script = bn_copy("");
    const bool plain = strncmp(name, "figure", 6) == 0 && name[6] != '\0';
    g->label = bn_format("%s%s%s%s", plain ? "Figure " : "", plain ? name + 6 : name,
                         dot ? " of " : "", dot ? from : "");
    g->title = script ? title_of(script, name) : NULL;
    const bn_status rc = script ? panels_find(script, &g->panels) : BN_NOMEM;
    free(script);
    free(name);
    return g->label && g->title ? rc : BN_NOMEM;
}

/* --- which there are ------------------------------------------------------- */

static const struct look_node *form(const struct report *r, const char *id, const char *end)
{
    char *name = bn_format("%s.%s", id, end);
    const struct look_node *n = name ? look_find(r->look, name) : NULL;
    free(name);
    return n;
}

/* Note for every artifact which figures show it. */
static bn_status note_used(struct report *r, size_t figure)
{
    const struct lineage *line = &r->figures[figure].line;
    for (size_t i = 0; i < line->n; i++) {
        if (line->at[i].earlier)
            continue;
        if (json_object_get(r->used, line->at[i].name) == NULL)
            json_object_set_new(r->used, line->at[i].name, json_array());
        json_array_append_new(json_object_get(r->used, line->at[i].name),
                              json_integer((json_int_t)figure));
    }
    return BN_OK;
}

static bn_status add_figure(struct report *r, const struct look_node *pdf)
{
    struct figure *g = &r->figures[r->n_figures];
    g->pdf = pdf;
    g->id = bn_format("%.*s", (int)strlen(pdf->name) - 4, pdf->name);
    if (g->id == NULL)
        return BN_NOMEM;
    r->n_figures++;
    g->svg = form(r, g->id, "svg");
    g->png = form(r, g->id, "png");
    BN_TRY(describe(g, r->look->from));
    const struct look_node *forms[] = { g->svg, g->png, pdf };
    for (size_t i = 0; i < BN_LEN(forms) && g->shown == NULL; i++)
        if (forms[i] != NULL && forms[i]->object.path != NULL)
            g->shown = forms[i];
    if (g->shown == NULL)
        return BN_OK;
    r->n_made++;
    BN_TRY(lineage_find(r->look, g->shown, &g->line));
    return note_used(r, r->n_figures - 1);
}

bn_status report_find_figures(struct report *r, const struct list *words)
{
    struct list names = { 0 };
    bn_status rc = BN_OK;
    r->figures = bn_alloc(r->look->n + 1, sizeof *r->figures);
    if (r->figures == NULL)
        return BN_NOMEM;
    for (size_t i = 0; i < words->n && rc == BN_OK; i++)
        rc = look_target(r->look, words->at[i], &names);
    for (size_t i = 0; i < r->look->n && words->n == 0 && rc == BN_OK; i++)
        rc = list_add(&names, r->look->nodes[i].name);
    for (size_t i = 0; i < names.n && rc == BN_OK; i++) {
        const char *end = strrchr(names.at[i], '.');
        if (strncmp(names.at[i], "figures/", 8) == 0 && end && strcmp(end, ".pdf") == 0)
            rc = add_figure(r, look_find(r->look, names.at[i]));
    }
    list_free(&names);
    return rc;
}

void report_free_figures(struct report *r)
{
    for (size_t i = 0; i < r->n_figures; i++) {
        struct figure *g = &r->figures[i];
        free(g->id);
        free(g->label);
        free(g->title);
        list_free(&g->panels);
        free(g->graph);
        lineage_free(&g->line);
    }
    free(r->figures);
}

char *report_command(const struct report *r, const struct figure *g)
{
    const struct look *l = r->look;
    const char *base = g->id + strlen("figures/");
    const bool ring = strcmp(l->from, "ring") == 0;
    return bn_format("make %.*s%s%s%s%s%s%s%s%s", (int)strcspn(base, "."), base,
                     ring ? "" : " FROM=", ring ? "" : l->from,
                     l->set[0] ? " SET=\"" : "", l->set, l->set[0] ? "\"" : "",
                     strcmp(l->results, "results") == 0 ? "" : " RESULTS=",
                     strcmp(l->results, "results") == 0 ? "" : l->results, "");
}

/* --- graphs ---------------------------------------------------------------- */

static void mark(const struct look *l, const char *name, bool *wanted)
{
    const struct look_node *n = look_find(l, name);
    const char *role;
    json_t *input;
    if (n == NULL || wanted[n - l->nodes])
        return;
    wanted[n - l->nodes] = true;
    json_object_foreach(json_object_get(n->node, "inputs"), role, input)
        mark(l, json_string_value(input), wanted);
}

static bn_status write_graph(const struct report *r, const struct figure *g, const char *dot)
{
    bool *wanted = bn_alloc(r->look->n + 1, sizeof *wanted);
    char *text = NULL;
    size_t size;
    FILE *f = wanted ? open_memstream(&text, &size) : NULL;
    bn_status rc = BN_NOMEM;
    if (f != NULL) {
        mark(r->look, g->pdf->name, wanted);
        rc = dag_print(f, r->look, wanted, NULL);
        fclose(f);
    }
    if (rc == BN_OK)
        rc = file_write(dot, text);
    free(text);
    free(wanted);
    return rc;
}

/* What dot drew for each figure that was made, in their order; its files are removed. */
static void take_pictures(struct report *r, const struct list *dots)
{
    size_t k = 0;
    for (size_t i = 0; i < r->n_figures && k < dots->n; i++) {
        if (r->figures[i].shown == NULL)
            continue;
        char *svg = bn_format("%s.svg", dots->at[k]);
        if (svg != NULL && file_exists(svg) &&
            file_read(svg, &r->figures[i].graph, NULL) != BN_OK)
            r->figures[i].graph = NULL;
        if (svg != NULL)
            unlink(svg);
        unlink(dots->at[k++]);
        free(svg);
    }
}

/* dot starts once for all figures: it takes longer to start than to draw. */
bn_status report_draw_graphs(struct report *r)
{
    struct list dots = { 0 };
    bn_status rc = BN_OK;
    for (size_t i = 0; i < r->n_figures && rc == BN_OK; i++) {
        if (r->figures[i].shown == NULL)
            continue;
        char *dot = bn_format("%s/.basin/report.%ld.%zu.dot", r->look->results,
                              (long)getpid(), i);
        rc = dot ? write_graph(r, &r->figures[i], dot) : BN_NOMEM;
        if (rc == BN_OK)
            rc = list_add(&dots, dot);
        free(dot);
    }
    if (rc == BN_OK && dots.n > 0 && (rc = dag_draw(&dots)) == BN_INPUT) {
        r->no_graphs = bn_copy("It is drawn by dot of Graphviz, which is not installed here: "
                               "make deps-all.");
        rc = r->no_graphs ? BN_OK : BN_NOMEM;
    }
    take_pictures(r, &dots);
    list_free(&dots);
    return rc;
}

/* --- the pictures ---------------------------------------------------------- */

static char *alternative(const struct figure *g)
{
    char *text = bn_format("%s%s%s", g->label, g->title[0] ? ": " : "", g->title);
    for (size_t i = 0; i < g->panels.n && text != NULL; i++) {
        char *longer = bn_format("%s%s%s", text, i == 0 ? ". Panels: " : "; ",
                                 g->panels.at[i]);
        free(text);
        text = longer;
    }
    return text;
}

/* <b>a</b> relaxation onto the ring ... */
static void put_caption(FILE *f, const struct figure *g)
{
    if (g->panels.n > 0)
        fputs("<figcaption class=\"muted small\">", f);
    for (size_t i = 0; i < g->panels.n; i++) {
        const char letter[2] = { g->panels.at[i][0], '\0' };
        page_print(f, "%s<b>%s</b>%s", i > 0 ? "; " : "", letter, g->panels.at[i] + 1);
    }
    fputs(g->panels.n > 0 ? "</figcaption>\n" : "", f);
}

static void put_image(FILE *f, const char *type, const char *bytes, size_t n, const char *label)
{
    page_print(f, "<img alt=\"%s\" src=\"data:image/%s;base64,", label, type);
    page_base64(f, bytes, n);
    fputs("\">", f);
}

/* Inline if it only draws; else as an image, in which nothing can act. */
static bn_status put_svg(FILE *f, const char *text, size_t n, const char *prefix,
                         const char *label)
{
    const struct svg_place place = { .prefix = prefix, .label = label, .scale = scale };
    char *inlined = NULL;
    size_t size;
    FILE *memory = open_memstream(&inlined, &size);
    if (memory == NULL)
        return BN_NOMEM;
    const bool good = strlen(text) == n && svg_inline(memory, text, &place);
    fclose(memory);
    if (good)
        fwrite(inlined, 1, size, f);
    else
        put_image(f, "svg+xml", text, n, label);
    free(inlined);
    return BN_OK;
}

static double bytes_of(const struct look_node *n)
{
    return n != NULL ? look_bytes(n) : -1.0;
}

static bn_status put_file(FILE *f, const struct figure *g, const struct look_node *n,
                          const char *prefix, const char *label)
{
    char *text = NULL;
    size_t size = 0;
    bn_status rc = file_read(n->object.path, &text, &size);
    if (rc == BN_OK && n == g->svg)
        rc = put_svg(f, text, size, prefix, label);
    else if (rc == BN_OK)
        put_image(f, "png", text, size, label);
    free(text);
    return rc;
}

static bn_status put_picture(FILE *f, const struct figure *g, size_t number)
{
    char prefix[32], size[32], *label = alternative(g);
    const double svg = bytes_of(g->svg), png = bytes_of(g->png);
    bn_status rc = label ? BN_OK : BN_NOMEM;
    snprintf(prefix, sizeof prefix, "f%zu-", number);
    fputs("<div class=\"paper\">", f);
    if (rc == BN_OK && svg >= 0.0 && svg <= LARGE)
        rc = put_file(f, g, g->svg, prefix, label);
    else if (rc == BN_OK && png >= 0.0 && png <= LARGE)
        rc = put_file(f, g, g->png, prefix, label);
    else if (rc == BN_OK && svg >= 0.0)
        page_print(f, "<p>%s takes %s, more than a page should: see <a href=\"%s.svg\">"
                   "%s.svg</a>.</p>", g->label, bn_human_bytes(svg, size), g->id, g->id);
    else if (rc == BN_OK)
        page_print(f, "<p>Only the PDF is there: <a href=\"%s.pdf\">%s.pdf</a>.</p>", g->id,
                   g->id);
    fputs("</div>\n", f);
    free(label);
    return rc;
}

/* --- one figure ------------------------------------------------------------ */

/* The points of a sweep are one line. */
struct step {
    const struct ancestor *first;
    const char *of;
    size_t n;
    double seconds, bytes;
};

static void add_step(const struct ancestor *a, struct step *steps, size_t *n, json_t *index)
{
    const char *of = a->now ? text_of(a->now->node, "of") : "";
    const json_t *known = of[0] ? json_object_get(index, of) : NULL;
    const size_t at = known ? (size_t)json_integer_value(known) : *n;
    struct step *s = &steps[at];
    if (known == NULL) {
        *s = (struct step){ .first = a, .of = of };
        json_object_set_new(index, of[0] ? of : a->name, json_integer((json_int_t)(*n)++));
    }
    s->n++;
    s->seconds += json_number_value(json_object_get(a->manifest, "seconds"));
    s->bytes += json_number_value(json_object_get(a->manifest, "bytes"));
}

static void put_step(FILE *f, const struct report *r, const struct step *s)
{
    char text[32] = "", name[256];
    const struct ancestor *a = s->first;
    fputs("<tr><td class=\"line\">", f);
    snprintf(name, sizeof name, "%.*s.*.h5", s->of[0] ? (int)strlen(s->of) - 3 : 0, s->of);
    if (s->n > 1)
        page_print(f, "<code>%s</code> <span class=\"muted\">%zu points</span>", name, s->n);
    else
        report_link(f, r, a->name);
    if (a->earlier && a->manifest != NULL)
        fputs(" <span class=\"tag warn\">an earlier one</span>", f);
    if (a->manifest == NULL)
        fputs(a->earlier ? " <span class=\"tag warn\">its run is not known any more</span>"
                         : " <span class=\"tag\">your own file</span>", f);
    page_print(f, "</td><td class=\"num\">%s</td>",
               a->manifest ? bn_human_seconds(s->seconds, text) : "");
    page_print(f, "<td class=\"num\">%s</td>",
               a->manifest ? bn_human_bytes(s->bytes, text) : "");
    report_date(a->manifest, text);
    page_print(f, "<td class=\"date\">%s</td></tr>\n", text);
}

static bn_status put_steps(FILE *f, const struct report *r, const struct figure *g)
{
    static const char *const heads[] = { "Artifact", "!took", "!size", "made" };
    struct step *steps = bn_alloc(g->line.n + 1, sizeof *steps);
    json_t *index = json_object();
    size_t n = 0;
    if (steps == NULL || index == NULL) {
        free(steps);
        json_decref(index);
        return BN_NOMEM;
    }
    for (size_t i = 0; i < g->line.n; i++)
        add_step(&g->line.at[i], steps, &n, index);
    page_table(f, "Runs that led to it, in order", true, heads, BN_LEN(heads));
    for (size_t i = 0; i < n; i++)
        put_step(f, r, &steps[i]);
    page_table_end(f);
    free(steps);
    json_decref(index);
    return BN_OK;
}

static bn_status put_graph(FILE *f, const struct report *r, const struct figure *g, size_t n)
{
    char prefix[32];
    char *label = bn_format("Graph of what %s is made from; the table that follows lists the "
                            "same artifacts", g->label);
    const struct svg_place place = { .prefix = prefix, .label = label, .scale = 4.0 / 3.0 };
    snprintf(prefix, sizeof prefix, "g%zu-", n);
    char *text = NULL;
    size_t size;
    FILE *memory = open_memstream(&text, &size);
    if (label == NULL || memory == NULL) {
        free(label);
        return BN_NOMEM;
    }
    const bool good = g->graph != NULL && svg_inline(memory, g->graph, &place);
    fclose(memory);
    if (good)
        fprintf(f, "<div class=\"paper graph\" role=\"group\" tabindex=\"0\" "
                "aria-label=\"Graph\">%s</div>\n", text);
    else
        page_print(f, "<p class=\"muted\">No picture of the graph. %s</p>\n",
                   r->no_graphs ? r->no_graphs : "");
    free(text);
    free(label);
    return BN_OK;
}

static void open_details(FILE *f, const char *title, size_t n)
{
    page_print(f, "<details><summary>%s", title);
    if (n > 0)
        page_print(f, " <span class=\"count\">%zu</span>", n);
    fputs("</summary>\n", f);
}

static bn_status put_changed(FILE *f, struct report *r, const struct figure *g)
{
    struct setting_rows rows = { 0 };
    bn_status rc = BN_OK;
    for (size_t i = 0; i < g->line.n && rc == BN_OK; i++)
        rc = report_add_settings(r, &g->line.at[i], false, &rows);
    report_drop_defaults(&rows);
    open_details(f, "Parameters that differ from the defaults", rows.n);
    if (rows.n > 0)
        report_settings(f, &rows, "Parameters that differ from the defaults", true, false);
    else
        fputs("<p class=\"muted\">None: all have their default values.</p>\n", f);
    fputs("</details>\n", f);
    report_free_settings(&rows);
    return rc;
}

static void put_summary(FILE *f, const struct figure *g)
{
    double seconds = 0.0;
    size_t runs = 0;
    char date[32], text[32];
    for (size_t i = 0; i < g->line.n; i++) {
        runs += g->line.at[i].manifest != NULL;
        seconds += json_number_value(json_object_get(g->line.at[i].manifest, "seconds"));
    }
    report_date(g->shown->object.manifest, date);
    if (runs > 0)
        page_print(f, "<p class=\"muted small\"><span class=\"date\">%s</span>%s%zu runs, "
                   "%s of computing", date,
                   date[0] ? " \u00b7 " : "", runs, bn_human_seconds(seconds, text));
    else
        fputs("<p class=\"muted small\">A file of your own, of which nothing is known", f);
    const struct look_node *forms[] = { g->pdf, g->svg, g->png };
    for (size_t i = 0; i < BN_LEN(forms); i++)
        if (forms[i] != NULL && forms[i]->object.path != NULL)
            page_print(f, " \u00b7 <a href=\"%s\">%s</a>", forms[i]->name,
                       strrchr(forms[i]->name, '.') + 1);
    fputs("</p>\n", f);
}

static bn_status put_origin(FILE *f, struct report *r, const struct figure *g, size_t n)
{
    BN_TRY(put_changed(f, r, g));
    open_details(f, "How it was made", 0);
    BN_TRY(put_graph(f, r, g, n));
    BN_TRY(put_steps(f, r, g));
    fputs("</details>\n", f);
    open_details(f, "Provenance", 0);
    fputs("<dl class=\"facts\">", f);
    page_print(f, "<dt>Script</dt><dd><code>%s</code></dd>\n", text_of(g->pdf->node, "script"));
    for (size_t i = 0; i < g->line.n; i++)
        if (g->line.at[i].now == g->pdf && g->line.at[i].manifest != NULL)
            report_provenance(f, r, &g->line.at[i]);
    for (size_t i = 0; i < g->line.n; i++)
        if (strncmp(g->line.at[i].name, "figures/", 8) != 0)
            report_recordings(f, g->line.at[i].manifest);
    fputs("</dl></details>\n", f);
    return BN_OK;
}

/* Of the PDF, since the others follow it, with the first reason; of a picture without a
 * PDF its own.                                                               */
static void put_state(FILE *f, const struct report *r, const struct figure *g)
{
    const bool of_pdf = g->pdf->object.path != NULL && g->pdf->state != LOOK_FRESH;
    const struct look_node *n = of_pdf ? g->pdf : g->shown;
    const bool link = report_is_stale(r, n);
    fputs("<p class=\"small\">", f);
    report_tag(f, n);
    fputs(link ? " <a href=\"#stale\">" : " ", f);
    if (n->state == LOOK_FOLLOWS && n->parent != NULL)
        page_print(f, "follows %s, which is not up to date", n->parent);
    else if (json_array_size(n->causes) > 0)
        page_text(f, text_of(json_array_get(n->causes, 0), "text"));
    fputs(link ? "</a></p>\n" : "</p>\n", f);
}

static bn_status put_figure(FILE *f, struct report *r, size_t number)
{
    const struct figure *g = &r->figures[number];
    page_print(f, "<article class=\"card figure\" id=\"%s\" aria-labelledby=\"%s-title\" "
               "data-find>\n<h3 id=\"%s-title\">", g->id, g->id, g->id);
    page_print(f, "<span class=\"name\">%s</span> %s</h3>\n", g->label, g->title);
    put_state(f, r, g);
    fputs("<figure>\n", f);
    BN_TRY(put_picture(f, g, number));
    put_caption(f, g);
    fputs("</figure>\n", f);
    put_summary(f, g);
    if (g->shown->object.manifest != NULL)
        BN_TRY(put_origin(f, r, g, number));
    fputs("</article>\n", f);
    return BN_OK;
}

static bn_status put_unmade(FILE *f, const struct report *r, const struct figure *g)
{
    char *command = report_command(r, g);
    const char *code = text_of(g->pdf->node, "code");
    if (command == NULL)
        return BN_NOMEM;
    page_print(f, "<tr data-find id=\"%s\"><th scope=\"row\">%s</th><td>%s</td><td>", g->id,
               g->label, g->title);
    if (strncmp(code, "missing: ", 9) == 0)
        page_print(f, "<span class=\"muted\">cannot be made: %s</span>", code + 9);
    else
        page_print(f, "<code>%s</code>", command);
    fputs("</td></tr>\n", f);
    free(command);
    return BN_OK;
}

bn_status report_figures(FILE *f, struct report *r)
{
    static const char *const heads[] = { "Figure", "Title", "Command" };
    bn_status rc = BN_OK;
    if (r->n_made > 0)
        report_open_section(f, "figures", "Figures", r->n_made);
    for (size_t i = 0; i < r->n_figures && rc == BN_OK; i++)
        if (r->figures[i].shown != NULL)
            rc = put_figure(f, r, i);
    fputs(r->n_made > 0 ? "</section>\n" : "", f);
    if (r->n_made == r->n_figures || rc != BN_OK)
        return rc;
    report_open_section(f, "unmade", "Figures not made yet", r->n_figures - r->n_made);
    fputs("<div class=\"card\">", f);
    page_table(f, "Figures not made yet", true, heads, BN_LEN(heads));
    for (size_t i = 0; i < r->n_figures && rc == BN_OK; i++)
        if (r->figures[i].shown == NULL)
            rc = put_unmade(f, r, &r->figures[i]);
    page_table_end(f);
    fputs("</div></section>\n", f);
    return rc;
}
