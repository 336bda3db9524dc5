/* SPDX-License-Identifier: MIT
 *
 * An SVG in a page is a part of that page: its ids meet those of other pictures, its style
 * sheets and scripts would hold for all of it.  So only elements that draw are let
 * through, every reference has to stay inside, and ids get a prefix.        */
#include "svg.h"

#include "page.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DEEPEST = 200 };

struct word { const char *at; size_t n; };

struct reader {
    const char *p;
    FILE *out;
    const struct svg_place *place;
    struct word open[DEEPEST];
    size_t depth;
    size_t hushed;                       /* depth of a <title> that is left out; or 0 */
    bool ended;
};

static bool is(struct word w, const char *text)
{
    return strlen(text) == w.n && memcmp(text, w.at, w.n) == 0;
}

static bool starts(struct word w, const char *text)
{
    return strlen(text) <= w.n && memcmp(text, w.at, strlen(text)) == 0;
}

static bool draws(struct word name)
{
    static const char *const known[] = {
        "svg", "g", "defs", "symbol", "use", "path", "rect", "circle", "ellipse", "line",
        "polyline", "polygon", "text", "tspan", "image", "clipPath", "mask", "pattern",
        "linearGradient", "radialGradient", "stop", "title", "desc", "filter", "marker", "a",
    };
    for (size_t i = 0; i < BN_LEN(known); i++)
        if (is(name, known[i]))
            return true;
    return starts(name, "fe");           /* parts of a filter */
}

static struct word take_name(struct reader *r)
{
    struct word w = { r->p, 0 };
    while (isalnum((unsigned char)*r->p) || (*r->p != '\0' && strchr(":-_.", *r->p)))
        r->p++;
    w.n = (size_t)(r->p - w.at);
    return w;
}

static void skip_blanks(struct reader *r)
{
    while (*r->p != '\0' && strchr(" \t\r\n", *r->p) != NULL)
        r->p++;
}

/* --- attributes ------------------------------------------------------------ */

/* May a value call this function?  v.at[end] is its opening parenthesis. */
static bool may_call(struct word v, size_t end)
{
    static const char *const known[] = { "rgb", "rgba", "matrix", "translate", "scale",
                                         "rotate", "skewX", "skewY" };
    size_t from = end;
    while (from > 0 && (isalnum((unsigned char)v.at[from - 1]) || v.at[from - 1] == '-'))
        from--;
    const struct word name = { v.at + from, end - from };
    for (size_t i = 0; i < BN_LEN(known); i++)
        if (is(name, known[i]))
            return true;
    return is(name, "url") && end + 1 < v.n && v.at[end + 1] == '#';
}

/* Entities that HTML would read as something else than they look like. */
static bool is_plain_entity(struct word v, size_t at)
{
    static const char *const known[] = { "&amp;", "&lt;", "&gt;", "&quot;" };
    const struct word rest = { v.at + at, v.n - at };
    for (size_t i = 0; i < BN_LEN(known); i++)
        if (starts(rest, known[i]))
            return true;
    return false;
}

/* Does a value hold a reference that leads out, or a way to write one that is not seen? */
static bool leads_out(struct word name, struct word v)
{
    const bool words = is(name, "xlink:title") || is(name, "aria-label");
    for (size_t i = 0; i < v.n; i++) {
        if (v.at[i] == '<')
            return true;
        if (words)
            continue;
        if (v.at[i] == '\\' || v.at[i] == '@' || (v.at[i] == '(' && !may_call(v, i)) ||
            (v.at[i] == '&' && !is_plain_entity(v, i)))
            return true;
    }
    return false;
}

static bool is_reference(struct word name)
{
    return is(name, "href") || is(name, "xlink:href");
}

static bool may_be_referred_to(struct word v)
{
    return starts(v, "#") || starts(v, "data:image/png;base64,") ||
           starts(v, "data:image/jpeg;base64,");
}

/* The value with the prefix after every # that begins the name of an id. */
static void put_value(struct reader *r, struct word name, struct word v)
{
    const bool id = is(name, "id"), reference = is_reference(name);
    if (id)
        fputs(r->place->prefix, r->out);
    for (size_t i = 0; i < v.n; i++) {
        fputc(v.at[i], r->out);
        if (v.at[i] == '#' && ((reference && i == 0) ||
                               (i >= 4 && memcmp(v.at + i - 4, "url(", 4) == 0)))
            fputs(r->place->prefix, r->out);
    }
}

static bool read_attribute(struct reader *r, struct word *name, struct word *value)
{
    *name = take_name(r);
    if (name->n == 0 || r->p[0] != '=' || (r->p[1] != '"' && r->p[1] != '\''))
        return false;
    const char quote = r->p[1], *end = strchr(r->p + 2, quote);
    if (end == NULL)
        return false;
    *value = (struct word){ r->p + 2, (size_t)(end - r->p) - 2 };
    r->p = end + 1;
    const bool acts = name->n > 1 && tolower((unsigned char)name->at[0]) == 'o' &&
                      tolower((unsigned char)name->at[1]) == 'n';
    return !acts && !leads_out(*name, *value) &&
           (!is_reference(*name) || may_be_referred_to(*value));
}

static bool copy_attribute(struct reader *r)
{
    struct word name, value;
    if (!read_attribute(r, &name, &value))
        return false;
    if (starts(name, "xmlns") || r->hushed > 0)
        return true;                     /* HTML knows the names */
    const char quote = value.at[-1];
    fprintf(r->out, " %.*s=%c", (int)name.n, name.at, quote);
    put_value(r, name, value);
    fputc(quote, r->out);
    return true;
}

static double number(struct word w)
{
    char text[32];
    if (w.n >= sizeof text)
        return 0.0;
    memcpy(text, w.at, w.n);
    text[w.n] = '\0';
    return strtod(text, NULL);           /* "425pt" and "425" alike */
}

/* Of the outermost <svg> only the size is kept. */
static bool open_root(struct reader *r)
{
    struct word name, value;
    double width = 0.0, height = 0.0, box[4] = { 0.0 };
    for (skip_blanks(r); *r->p != '>' && *r->p != '/'; skip_blanks(r)) {
        if (!read_attribute(r, &name, &value))
            return false;
        if (is(name, "width"))
            width = number(value);
        else if (is(name, "height"))
            height = number(value);
        else if (is(name, "viewBox") &&
                 sscanf(value.at, "%lf%*[ ,]%lf%*[ ,]%lf%*[ ,]%lf", &box[0], &box[1], &box[2],
                        &box[3]) != 4)
            return false;
    }
    if (box[2] <= 0.0 || box[3] <= 0.0)
        box[2] = width, box[3] = height;
    if (!(box[2] > 0.0 && box[3] > 0.0 && box[2] < 1e6 && box[3] < 1e6 &&
          fabs(box[0]) < 1e6 && fabs(box[1]) < 1e6))
        return false;
    fprintf(r->out, "<svg role=\"img\" viewBox=\"%g %g %g %g\" width=\"%.0f\" height=\"%.0f\"",
            box[0], box[1], box[2], box[3], r->place->scale * box[2],
            r->place->scale * box[3]);
    page_print(r->out, " aria-label=\"%s\"", r->place->label);
    return true;
}

/* --- tags ------------------------------------------------------------------ */

static bool open_tag(struct reader *r)
{
    r->p++;
    const struct word name = take_name(r);
    const bool root = r->depth == 0;
    if (!draws(name) || r->ended || root != is(name, "svg") || r->depth == DEEPEST)
        return false;
    if (r->depth > 0 && (is(r->open[r->depth - 1], "title") ||
                         is(r->open[r->depth - 1], "desc")))
        return false;                    /* HTML reads what is in these as HTML */
    if (is(name, "title") && !r->place->titles && r->hushed == 0)
        r->hushed = r->depth + 1;
    r->open[r->depth++] = name;
    if (root && !open_root(r))
        return false;
    if (!root && r->hushed == 0)
        fprintf(r->out, "<%.*s", (int)name.n, name.at);
    for (skip_blanks(r); *r->p != '>' && *r->p != '/'; skip_blanks(r))
        if (!copy_attribute(r))
            return false;
    const bool empty = *r->p == '/';
    r->p += empty;
    if (*r->p++ != '>')
        return false;
    if (r->hushed == 0)
        fputs(empty ? "/>" : ">", r->out);
    if (empty && r->hushed == r->depth)
        r->hushed = 0;
    r->depth -= empty;
    r->ended = r->depth == 0;
    return true;
}

static bool close_tag(struct reader *r)
{
    r->p += 2;
    const struct word name = take_name(r);
    skip_blanks(r);
    if (r->depth == 0 || *r->p++ != '>')
        return false;
    const struct word open = r->open[r->depth - 1];
    if (open.n != name.n || memcmp(open.at, name.at, name.n) != 0)
        return false;
    if (r->hushed == 0)
        fprintf(r->out, "</%.*s>", (int)name.n, name.at);
    if (r->hushed == r->depth)
        r->hushed = 0;
    r->ended = --r->depth == 0;
    return true;
}

/* <?xml ...?>, a comment, a DOCTYPE without declarations of its own. */
static bool skip_to(struct reader *r, const char *end)
{
    const char *p = strstr(r->p, end);
    const bool good = p != NULL && (end[0] != '>' ||
                                    memchr(r->p, '[', (size_t)(p - r->p)) == NULL);
    r->p = good ? p + strlen(end) : r->p;
    return good;
}

bool svg_inline(FILE *f, const char *text, const struct svg_place *place)
{
    struct reader r = { .p = text, .out = f, .place = place };
    bool good = true;
    while (good && *r.p != '\0') {       /* what failed may stand behind the end */
        if (strncmp(r.p, "<?xml", 5) == 0)
            good = skip_to(&r, "?>");
        else if (strncmp(r.p, "<!--", 4) == 0)
            good = skip_to(&r, "-->");
        else if (strncmp(r.p, "<!DOCTYPE", 9) == 0 && r.depth == 0)
            good = skip_to(&r, ">");
        else if (strncmp(r.p, "</", 2) == 0)
            good = close_tag(&r);
        else if (*r.p == '<')
            good = open_tag(&r);
        else if (r.depth == 0)
            good = strchr(" \t\r\n", *r.p++) != NULL;
        else if (r.hushed == 0)
            fputc(*r.p++, f);
        else
            r.p++;
    }
    return good && r.ended;
}
