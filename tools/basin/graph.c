/* SPDX-License-Identifier: MIT
 *
 * Fragments are read by Make and by this parser, so only what means the same to
 * both is let in: `target: prerequisites`, comments, continued lines, and the
 * four variables $R, $P, $S and $(RECORDED).                                 */
#include "basin.h"

#include <basin/mem.h>

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bn_status find_rule(struct graph *g, const char *target, const char *place,
                           struct rule **rule)
{
    for (size_t i = 0; i < g->n; i++)
        if (strcmp(g->rules[i].target, target) == 0) {
            *rule = &g->rules[i];
            return BN_OK;
        }
    struct rule *rules = bn_grow(g->rules, g->n + 1, sizeof *rules);
    if (rules == NULL)
        return BN_NOMEM;
    g->rules = rules;
    rules[g->n] = (struct rule){ .target = bn_copy(target), .place = bn_copy(place) };
    *rule = &rules[g->n++];
    return (*rule)->target && (*rule)->place ? BN_OK : BN_NOMEM;
}

/* One logical line; it is cut up in place. */
static bn_status parse_line(struct graph *g, char *line, const char *place)
{
    if (line[0] == '\t')
        return bn_fail(BN_USAGE, "%s: a recipe; a fragment holds only `target: "
                       "prerequisites` lines (the Makefile has the one rule)", place);
    char *rest = NULL;
    char *first = strtok_r(line, " \t", &rest);
    if (first == NULL)
        return BN_OK;
    const size_t n = strlen(first);
    if (n < 2 || first[n - 1] != ':' || strpbrk(first, "=%") != NULL)
        return bn_fail(BN_USAGE, "%s: `%s` is not `target:`; a fragment holds only "
                       "`target: prerequisites` lines", place, first);
    first[n - 1] = '\0';
    struct rule *rule;
    BN_TRY(find_rule(g, first, place, &rule));
    for (char *w = strtok_r(NULL, " \t", &rest); w; w = strtok_r(NULL, " \t", &rest)) {
        if (strpbrk(w, ":=|;%") != NULL)
            return bn_fail(BN_USAGE, "%s: `%s` is not a prerequisite; a fragment holds "
                           "only `target: prerequisites` lines", place, w);
        if (!list_has(&rule->inputs, w))
            BN_TRY(list_add(&rule->inputs, w));
    }
    return BN_OK;
}

/* Blank out comments and join continued lines, then parse line by line. */
static bn_status parse_text(struct graph *g, char *text, const char *path)
{
    size_t line = 1;
    for (char *p = text; *p != '\0';) {
        const size_t start = line;
        char *out = p, *begin = p;
        bool comment = false;
        for (; *p != '\0' && *p != '\n'; p++) {
            if (p[0] == '\\' && p[1] == '\n') {
                *out++ = ' ';
                p++;
                line++;
                continue;
            }
            comment = comment || *p == '#';
            if (!comment && *p != '\r')
                *out++ = *p;
        }
        const bool more = *p == '\n';
        *out = '\0';
        char *place = bn_format("%s:%zu", path, start);
        const bn_status rc = place ? parse_line(g, begin, place) : BN_NOMEM;
        free(place);
        BN_TRY(rc);
        p += more;
        line++;
    }
    return BN_OK;
}

bn_status graph_load(struct graph *g, const char *folder)
{
    struct list names = { 0 };
    bn_status rc = file_names(folder, ".mk", &names);
    if (rc == BN_OK && names.n == 0)
        rc = bn_fail(BN_USAGE, "%s/: no fragment (*.mk) here; run this in the folder of "
                     "the project", folder);
    for (size_t i = 0; i < names.n && rc == BN_OK; i++) {
        char *path = bn_format("%s/%s", folder, names.at[i]), *text = NULL;
        rc = path ? file_read(path, &text, NULL) : BN_NOMEM;
        if (rc == BN_OK)
            rc = parse_text(g, text, path);
        free(text);
        free(path);
    }
    list_free(&names);
    return rc;
}

void graph_free(struct graph *g)
{
    for (size_t i = 0; i < g->n; i++) {
        free(g->rules[i].target);
        free(g->rules[i].place);
        list_free(&g->rules[i].inputs);
    }
    free(g->rules);
    *g = (struct graph){ 0 };
}

/* $R becomes this byte, so that a path that does not start with it shows. */
enum { ROOT = '\001' };
#define ROOT_TEXT "\001"

static bn_status variable(const char **p, const struct variables *v, const char *place,
                          char *out, size_t room)
{
    const char *name = *p + 1;
    size_t n = 1;
    if (*name == '(') {
        name++;
        n = strcspn(name, ")");
        *p = name + n + (name[n] == ')');
    } else {
        *p = name + (*name != '\0');
    }
    out[0] = '\0';
    if (n == 1 && *name == 'R')
        snprintf(out, room, ROOT_TEXT);
    else if (n == 1 && *name == 'P')
        snprintf(out, room, "%s", v->from);
    else if (n == 1 && *name == 'S')
        snprintf(out, room, "%s", v->suffix);
    else if (n == 8 && strncmp(name, "RECORDED", 8) == 0)
        snprintf(out, room, "%.1s%s%s", v->recorded[0] ? ROOT_TEXT : "",
                 v->recorded[0] ? "/" : "", v->recorded);
    else
        return bn_fail(BN_USAGE, "%s: unknown variable `%.*s`; a fragment may use $R (the "
                       "results), $P (the pipeline), $S (its suffix) and $(RECORDED)",
                       place, (int)n, name);
    return BN_OK;
}

bn_status graph_expand(const char *word, const struct variables *v, const char *place,
                       char **name)
{
    char buf[1024], value[512];
    size_t n = 0;
    for (const char *p = word; *p != '\0';) {
        if (*p == '$') {
            BN_TRY(variable(&p, v, place, value, sizeof value));
        } else {
            value[0] = *p++;
            value[1] = '\0';
        }
        const size_t m = strlen(value);
        if (n + m >= sizeof buf)
            return bn_fail(BN_USAGE, "%s: `%s` is too long", place, word);
        memcpy(buf + n, value, m);
        n += m;
    }
    buf[n] = '\0';
    const char *plain = buf[0] == ROOT && buf[1] == '/' ? buf + 2 : buf;
    if (n > 0 && plain == buf)
        return bn_fail(BN_USAGE, "%s: `%s` does not start with $R/: every file in a "
                       "fragment lies in the results", place, word);
    for (const char *c = plain; *c != '\0'; c++)
        if (!isalnum((unsigned char)*c) && strchr("._-/+", *c) == NULL)
            return bn_fail(BN_USAGE, "%s: `%s` has a `%c`; use letters, digits and . _ - +",
                           place, word, *c);
    *name = bn_copy(plain);
    return *name ? BN_OK : BN_NOMEM;
}

bn_status graph_split(const char *name, char **pipeline, char **stage, char **variant)
{
    *pipeline = bn_format("%s ", name);      /* room for one more NUL */
    if (*pipeline == NULL)
        return BN_NOMEM;
    char *slash = strchr(*pipeline, '/');
    char *dot = slash ? strchr(slash, '.') : NULL;
    char *last = slash ? strrchr(slash, '.') : NULL;
    if (dot == NULL || strchr(slash + 1, '/') != NULL || strcmp(last, ".h5 ") != 0 ||
        dot == slash + 1 || last == dot + 1) {
        free(*pipeline);
        *pipeline = NULL;
        return bn_fail(BN_USAGE, "%s: an artifact is named <pipeline>/<stage>.h5 or "
                       "<pipeline>/<stage>.<variant>.h5", name);
    }
    *slash = *dot = *last = '\0';
    *stage = slash + 1;
    *variant = dot == last ? last : dot + 1;
    return BN_OK;
}
