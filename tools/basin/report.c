/* SPDX-License-Identifier: MIT
 *
 * `basin report [TARGET...]`: one HTML page of what there is: every figure with the
 * parameters, runs and files that led to it, what is not up to date and why.  It says
 * when things were made, not when it was written: the same state gives the same bytes. */
#include "report.h"

#include "page.h"

#include <basin/mem.h>
#include <basin/text.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Without it everything is shown; with it the search box is.  "/" and Escape, as on
 * other pages; a link to a closed artifact opens it; on paper all is open.   */
static const char script[] =
    "'use strict';(()=>{const by=i=>document.getElementById(i),all=(s,e=document)=>"
    "[...e.querySelectorAll(s)],q=by('q'),hits=by('hits'),none=by('none'),\n"
    "items=all('[data-find]').map(e=>({e})),sections=all('main>section').map(e=>({e,"
    "n:e.querySelector('[data-count]'),was:e.querySelector('[data-count]').textContent}));\n"
    "const text=i=>i.t||(i.t=i.e.textContent.toLowerCase());\n"
    "const filter=()=>{const words=q.value.toLowerCase().split(/\\s+/).filter(Boolean);"
    "let shown=0;\n"
    "for(const i of items){const on=words.every(w=>text(i).includes(w));i.e.hidden=!on;"
    "shown+=on}\n"
    "for(const s of sections){const mine=all('[data-find]',s.e),n=mine.filter(e=>!e.hidden)"
    ".length;s.e.hidden=words.length>0&&n===0;"
    "s.n.textContent=words.length?n+' of '+mine.length:s.was}\n"
    "for(const g of all('.group'))g.hidden=!g.querySelector('[data-find]:not([hidden])');\n"
    "for(const d of all('.figure details')){const on=words.length>0&&"
    "words.every(w=>d.textContent.toLowerCase().includes(w));"
    "if(on&&!d.open){d.open=true;d.dataset.auto=''}"
    "else if(!on&&'auto'in d.dataset){d.open=false;delete d.dataset.auto}}\n"
    "hits.textContent=words.length?shown+(shown===1?' hit':' hits'):'';"
    "none.hidden=words.length===0||shown>0};\n"
    "by('search').hidden=false;q.addEventListener('input',filter);"
    "by('search').addEventListener('submit',e=>e.preventDefault());\n"
    "addEventListener('keydown',e=>{const typing=/^(INPUT|TEXTAREA|SELECT)$/"
    ".test(document.activeElement.tagName);\n"
    "if(e.key==='/'&&!typing&&!e.ctrlKey&&!e.metaKey&&!e.altKey){e.preventDefault();"
    "q.focus();q.select()}\n"
    "if(e.key==='Escape'&&document.activeElement===q){e.preventDefault();"
    "if(q.value){q.value='';filter()}else q.blur()}});\n"
    "const follow=()=>{const id=decodeURIComponent(location.hash.slice(1)),e=id&&by(id);"
    "if(!e)return;if(e.closest('[hidden]')){q.value='';filter()}"
    "if(e.tagName==='DETAILS')e.open=true;e.scrollIntoView()};\n"
    "addEventListener('hashchange',follow);follow();\n"
    "addEventListener('beforeprint',()=>{for(const d of all('details:not([open])'))"
    "{d.open=true;d.dataset.print=''}});\n"
    "addEventListener('afterprint',()=>{for(const d of all('[data-print]'))"
    "{d.open=false;delete d.dataset.print}});\n"
    "if(q.value)filter()})()";

/* --- the head of the page -------------------------------------------------- */

struct sums { size_t artifacts; double bytes, seconds; const json_t *last; };

static struct sums sum_up(const struct report *r)
{
    struct sums s = { 0 };
    for (size_t i = 0; i < r->look->n_order; i++) {
        const struct look_node *n = &r->look->nodes[r->look->order[i]];
        const json_t *m = n->object.manifest;
        if (n->object.path == NULL)
            continue;
        s.artifacts += strncmp(n->name, "figures/", 8) != 0;
        s.bytes += look_bytes(n) > 0.0 ? look_bytes(n) : 0.0;
        s.seconds += json_number_value(json_object_get(m, "seconds"));
        if (m != NULL && strcmp(text_of(m, "date"), text_of(s.last, "date")) > 0)
            s.last = m;
    }
    return s;
}

static void put_lead(FILE *f, const struct report *r)
{
    const struct sums s = sum_up(r);
    const size_t stale = report_count_stale(r);
    char bytes[32], time[32], date[32];
    report_date(s.last, date);
    page_print(f, "<p class=\"lead\">%zu of %zu figures made, %zu artifacts, %s; %s of "
               "computing", r->n_made, r->n_figures, s.artifacts, bn_human_bytes(s.bytes,
               bytes), bn_human_seconds(s.seconds, time));
    page_print(f, date[0] ? ", the last run <span class=\"date\">%s</span>. " : ".%s ", date);
    if (stale > 0)
        page_print(f, "<a href=\"#stale\">%zu not up to date</a>. ", stale);
    else if (s.artifacts > 0)
        fputs("All of it is up to date. ", f);
    fputs("</p>\n", f);
    if (r->look->set[0] != '\0')
        page_print(f, "<p>With <code>SET=\"%s\"</code></p>\n", r->look->set);
}

static void put_head(FILE *f, const struct report *r)
{
    page_print(f, "<header><h1>Figures of %s and what made them</h1>\n", r->look->from);
    put_lead(f, r);
    fputs("</header>\n<form id=\"search\" class=\"bar\" role=\"search\" hidden>"
          "<label for=\"q\" class=\"out\">Search figures, artifacts and "
          "parameters</label>"
          "<input id=\"q\" type=\"search\" autocomplete=\"off\" spellcheck=\"false\" "
          "placeholder=\"Search figures, artifacts, parameters\" aria-keyshortcuts=\"/\">"
          "<output id=\"hits\" for=\"q\" aria-live=\"polite\"></output>"
          "<kbd aria-hidden=\"true\">/</kbd></form>\n", f);
}

static void put_contents(FILE *f, const struct report *r)
{
    fputs("<nav aria-label=\"Figures on this page\"><ul class=\"chips\">\n", f);
    for (size_t i = 0; i < r->n_figures; i++)
        if (r->figures[i].shown != NULL)
            page_print(f, "<li><a href=\"#%s\">%s</a></li>\n", r->figures[i].id,
                       r->figures[i].label);
    if (report_count_stale(r) > 0)
        fputs("<li><a href=\"#stale\">Not up to date</a></li>\n", f);
    if (r->n_made < r->n_figures)
        fputs("<li><a href=\"#unmade\">Not made yet</a></li>\n", f);
    if (sum_up(r).artifacts > 0)
        fputs("<li><a href=\"#parameters\">Parameters</a></li>\n"
              "<li><a href=\"#artifacts\">Artifacts</a></li>\n", f);
    fputs("</ul></nav>\n<p id=\"none\" class=\"muted\" hidden>Nothing here has all of these "
          "words.</p>\n", f);
}

/* --- the page -------------------------------------------------------------- */

static bn_status put_body(FILE *f, struct report *r)
{
    put_contents(f, r);
    report_stale(f, r);
    BN_TRY(report_figures(f, r));
    BN_TRY(report_parameters(f, r));
    BN_TRY(report_artifacts(f, r));
    report_builds(f, r);
    return BN_OK;
}

static bn_status make_page(struct report *r, char **text, size_t *size)
{
    char *body = NULL, bytes[32];
    size_t n = 0;
    FILE *f = open_memstream(&body, &n);
    bn_status rc = f ? put_body(f, r) : BN_NOMEM;
    if (f != NULL)
        fclose(f);
    f = rc == BN_OK ? open_memstream(text, size) : NULL;
    if (f != NULL) {
        char *title = bn_format("Figures of %s", r->look->from);
        page_begin(f, title ? title : "", script);
        put_head(f, r);
        fwrite(body, 1, n, f);
        page_print(f, "<p class=\"muted small\">This page holds %s.</p>\n",
                   bn_human_bytes((double)n, bytes));
        page_end(f, script);
        rc = fclose(f) == 0 && title != NULL ? BN_OK : BN_NOMEM;
        free(title);
    } else if (rc == BN_OK) {
        rc = BN_NOMEM;
    }
    free(body);
    return rc;
}

/* --- the command ----------------------------------------------------------- */

/* "(it was made 3 min ago)" would be another text every minute. */
static void forget_ages(struct look *l)
{
    for (size_t i = 0; i < l->n; i++) {
        size_t k;
        json_t *cause;
        json_array_foreach(l->nodes[i].causes, k, cause) {
            const char *text = text_of(cause, "text"), *age = strstr(text, " (it was made ");
            if (strcmp(text_of(cause, "kind"), "missing") == 0 && age != NULL)
                json_object_set_new(cause, "text",
                                    json_stringn(text, (size_t)(age - text)));
        }
    }
}

static bn_status look_at_all(struct look *l, const struct list *words)
{
    struct list names = { 0 };
    bn_status rc = BN_OK;
    for (size_t i = 0; i < words->n && rc == BN_OK; i++)
        rc = look_target(l, words->at[i], &names);
    for (size_t i = 0; i < names.n && rc == BN_OK; i++)
        rc = look_at(l, names.at[i]);
    for (size_t i = 0; i < l->n && words->n == 0 && rc == BN_OK; i++)
        rc = look_at(l, l->nodes[i].name);
    list_free(&names);
    if (rc == BN_OK)
        forget_ages(l);
    return rc;
}

static bn_status write_report(struct report *r)
{
    const struct look *l = r->look;
    const bool ring = strcmp(l->from, "ring") == 0;
    char *path = bn_format("%s/report%s%s.html", l->results, ring ? "" : ".",
                           ring ? "" : l->from), *text = NULL, bytes[32];
    size_t size = 0;
    bn_status rc = path ? make_page(r, &text, &size) : BN_NOMEM;
    if (rc == BN_OK)
        rc = file_write_durable(path, text);
    if (rc == BN_OK)
        printf("%s: %zu of %zu figures, %s\n", path, r->n_made, r->n_figures,
               bn_human_bytes((double)size, bytes));
    free(text);
    free(path);
    return rc;
}

int report_main(int argc, char **argv)
{
    struct look_options o;
    struct look l = { 0 };
    struct report r = { .look = &l, .used = json_object(), .builds = json_object() };
    bn_status rc = look_options(&o, argc, argv);
    if (rc == BN_OK)
        rc = look_open(&l, &o);
    if (rc == BN_OK)
        rc = look_at_all(&l, &o.rest);
    if (rc == BN_OK)
        rc = report_find_figures(&r, &o.rest);
    if (rc == BN_OK)
        rc = report_draw_graphs(&r);
    if (rc == BN_OK)
        rc = write_report(&r);
    if (rc != BN_OK)
        fprintf(stderr, "basin report: %s\n", bn_error());
    report_free_figures(&r);
    free(r.no_graphs);
    json_decref(r.used);
    json_decref(r.builds);
    list_free(&o.rest);
    look_close(&l);
    schema_free_all();
    return (int)rc;
}
