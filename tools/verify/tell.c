/* SPDX-License-Identifier: MIT */
#include "verify.h"
#include "../basin/page.h"

#include <basin/mem.h>
#include <basin/text.h>

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SHOWN = 12 };                     /* findings of one node in the text */

static const char *const names[] = { "identical", "within tolerance", "not re-executed",
                                     "different" };

/* --- text ------------------------------------------------------------------ */

static size_t files_of(const struct bag *b)
{
    size_t n = 0;
    for (size_t i = 0; i < b->n; i++)
        n += !b->at[i].folder;
    return n;
}

void tell_bag(const struct bag *b, const struct goals *g)
{
    char size[32], shown[128];
    printf("%s: %zu files, %s\n", b->path, files_of(b), bn_human_bytes((double)b->total, size));
    if (b->problems.n == 0) {
        printf("whole: every file is listed, and what its sha512 says; results (%zu) are what "
               "goals.json and their manifests say\n", json_object_size(g->nodes));
        return;
    }
    for (size_t i = 0; i < b->problems.n && i < 20; i++)
        printf("  %s\n", b->problems.at[i]);
    if (b->problems.n > 20)
        printf("  and %zu more\n", b->problems.n - 20);
    printf("damaged: %zu problem%s; fetch %s again\n", b->problems.n,
           b->problems.n == 1 ? "" : "s",
           b->top && b->top[0] ? name_shown(b->top, shown) : "it");
}

static void tell_findings(const struct again *a)
{
    size_t n = 0;
    for (size_t i = 0; i < a->diff.n; i++) {
        if (a->diff.at[i].verdict == IDENTICAL)
            continue;
        if (n++ < SHOWN) {
            printf("    ");
            diff_print_finding(stdout, &a->diff.at[i]);
        }
    }
    if (n > SHOWN)
        printf("    and %zu more datasets\n", n - SHOWN);
}

void tell_rerun(const struct rerun *r)
{
    char a[32], b[32];
    printf("\nbuilt in %s, made in %s%s\n\n", bn_human_seconds(r->seconds[0], a),
           bn_human_seconds(r->seconds[1], b), r->made != 0 ? "; make failed" : "");
    for (size_t i = 0; i < r->n; i++) {
        const struct again *x = &r->at[i];
        if (x->outcome == AGAIN_IDENTICAL)
            continue;
        printf("%-17s %s%s%s\n", names[x->outcome], x->node, x->why ? "  " : "",
               x->why ? x->why : "");
        if (x->first && r->count[AGAIN_DIFFERENT] > 1)
            printf("    what it is made from came out the same: it begins here\n");
        tell_findings(x);
    }
    printf("%s%zu identical, %zu within tolerance, %zu different, %zu not re-executed\n",
           r->count[AGAIN_IDENTICAL] < r->n ? "\n" : "", r->count[AGAIN_IDENTICAL],
           r->count[AGAIN_WITHIN], r->count[AGAIN_DIFFERENT], r->count[AGAIN_MISSING]);
}

/* --- HTML ------------------------------------------------------------------ */

static const char *tag_of(enum outcome o)
{
    static const char *const tags[] = { "good", "note", "warn", "bad" };
    return tags[o];
}

static void html_facts(FILE *f, const struct bag *b, const struct goals *g,
                       const struct rerun *r)
{
    char size[32], a[32], c[32];
    page_print(f, "<dl class=\"facts\"><dt>Bag</dt><dd class=\"key\">%s</dd>", b->path);
    page_print(f, "<dt>Files</dt><dd>%zu, %s</dd>", files_of(b),
               bn_human_bytes((double)b->total, size));
    page_print(f, "<dt>Results</dt><dd>%zu</dd>", json_object_size(g->nodes));
    if (r != NULL) {
        char *line = rerun_line(g, r->jobs);
        page_print(f, "<dt>Run again</dt><dd class=\"key\">%s</dd>", line ? line : "");
        page_print(f, "<dt>Time</dt><dd>built in %s, made in %s</dd>",
                   bn_human_seconds(r->seconds[0], a), bn_human_seconds(r->seconds[1], c));
        free(line);
    }
    fputs("</dl>\n", f);
}

static void html_problems(FILE *f, const struct bag *b)
{
    if (b->problems.n == 0) {
        fputs("<p>Every file is listed once and is what its sha512 says. Results are what "
              "goals.json and their manifests say.</p>\n", f);
        return;
    }
    fputs("<h2>Damaged</h2>\n<ul>\n", f);
    for (size_t i = 0; i < b->problems.n && i < 1000; i++)
        page_print(f, "<li>%s</li>\n", b->problems.at[i]);
    fputs("</ul>\n", f);
}

static void html_finding(FILE *f, const struct finding *x)
{
    char most[32] = "", relative[32] = "", tolerance[64] = "", where[96], a[32], b[32];
    char *values = NULL;
    if (x->differ > 0 && x->what[0] == '\0') {
        snprintf(most, sizeof most, "%.3g", x->most);
        snprintf(relative, sizeof relative, "%.2g", x->relative);
        diff_where(x, where);
        values = bn_format("%s%s \xe2\x86\x92 %s", where, bn_shortest(x->a, a),
                           bn_shortest(x->b, b));
    }
    if (x->tolerance)
        snprintf(tolerance, sizeof tolerance, "%g + %g |b|", x->atol, x->rtol);
    page_print(f, "<tr><th scope=\"row\" class=\"key\">%s</th><td><span class=\"tag %s\">%s"
               "</span></td>", x->name, tag_of(x->verdict == IDENTICAL ? AGAIN_IDENTICAL
                                               : x->verdict == WITHIN ? AGAIN_WITHIN
                                                                      : AGAIN_DIFFERENT),
               diff_verdict_name(x->verdict));
    page_print(f, "<td class=\"num\" data-h=\"at most\">%s</td>"
               "<td class=\"num\" data-h=\"relative\">%s</td>"
               "<td class=\"num\" data-h=\"tolerance\">%s</td>"
               "<td data-h=\"worst\">%s</td></tr>\n", most, relative, tolerance,
               x->what[0] ? x->what : values ? values : "");
    free(values);
}

static void html_findings(FILE *f, const struct again *a)
{
    static const char *const heads[] = { "dataset", "verdict", "!largest difference",
                                         "!relative", "!tolerance",
                                         "in the bag \xe2\x86\x92 now" };
    page_print(f, "<section class=\"card\"><h3 class=\"key\">%s</h3><p><span class=\"tag %s\">"
               "%s</span>", a->node, tag_of(a->outcome), names[a->outcome]);
    if (a->first)
        fputs(" <span class=\"muted\">It begins here: what it is made from came out the "
              "same.</span>", f);
    fputs("</p>\n", f);
    if (a->why != NULL)
        page_print(f, "<p>%s</p>\n", a->why);
    if (a->diff.n > 0) {
        char *caption = bn_format("Datasets of %s", a->node);
        page_table(f, caption ? caption : "", true, heads, BN_LEN(heads));
        free(caption);
        for (size_t i = 0; i < a->diff.n; i++)
            html_finding(f, &a->diff.at[i]);
        page_table_end(f);
    }
    fputs("</section>\n", f);
}

static void html_rerun(FILE *f, const struct rerun *r)
{
    static const char *const heads[] = { "result", "verdict", "!largest relative difference" };
    fputs("<h2>Run again</h2>\n", f);
    page_table(f, "Results, the worst first", true, heads, BN_LEN(heads));
    for (size_t i = 0; i < r->n; i++) {
        const struct again *a = &r->at[i];
        char worst[32] = "";
        if (a->worst > 0.0 && isfinite(a->worst))
            snprintf(worst, sizeof worst, "%.2g", a->worst);
        page_print(f, "<tr><th scope=\"row\" class=\"key\">%s</th><td><span class=\"tag %s\">%s"
                   "</span></td><td class=\"num\" data-h=\"by\">%s</td></tr>\n", a->node,
                   tag_of(a->outcome), names[a->outcome], worst);
    }
    page_table_end(f);
    for (size_t i = 0; i < r->n; i++)
        if (r->at[i].outcome != AGAIN_IDENTICAL)
            html_findings(f, &r->at[i]);
}

bn_status tell_html(const char *path, const struct bag *b, const struct goals *g,
                    const struct rerun *r, const char *verdict)
{
    FILE *f = fopen(path, "wb");
    if (f == NULL)
        return bn_fail(BN_OUTPUT, "%s: cannot be written (%s)", path, strerror(errno));
    const char *tag = b->problems.n > 0 || (r != NULL && r->count[AGAIN_DIFFERENT] > 0) ? "bad"
                      : r != NULL && r->count[AGAIN_MISSING] > 0 ? "warn"
                      : r != NULL && r->count[AGAIN_WITHIN] > 0 ? "note" : "good";
    const char *name = b->top != NULL && b->top[0] ? b->top : b->path;
    char *title = bn_format("Verification of %s", name);
    page_begin(f, title != NULL ? title : "Verification", NULL);
    page_print(f, "<h1>Verification of %s</h1>\n<p class=\"lead\"><span class=\"tag %s\">%s"
               "</span></p>\n", name, tag, verdict);
    html_facts(f, b, g, r);
    html_problems(f, b);
    if (r != NULL)
        html_rerun(f, r);
    page_end(f, NULL);
    free(title);
    const bool good = ferror(f) == 0;
    if (fclose(f) != 0 || !good)
        return bn_fail(BN_OUTPUT, "%s: cannot be written (%s)", path, strerror(errno));
    return BN_OK;
}
