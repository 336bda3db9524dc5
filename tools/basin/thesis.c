/* SPDX-License-Identifier: MIT
 *
 * `basin thesis FILE.tex`: is every number and figure that a document takes from here what
 * the plan wants now?  A number's file says which content of which artifact it was made
 * from, so a copy of it beside a thesis elsewhere is as good as the node; a figure is
 * compared by its bytes.  `basin numbers` lists what there is to cite.        */
#include "document.h"
#include "look.h"

#include <basin/latex.h>
#include <basin/mem.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* --- what is wrong ------------------------------------------------------- */

struct check {
    struct look_options options;
    struct look look;
    char from[256];                      /* that `look` is open for; "": none */
    struct document document;
    json_t *numbers;
    json_t *goals;                       /* pipeline -> [ "numbers" ]: what would repair it */
    size_t wrong, used_numbers, used_figures;
};

static void complain(struct check *c, const char *place, char *text)
{
    printf("%s: %s\n", place, text ? text : "out of memory");
    free(text);
    c->wrong++;
}

static bn_status open_look(struct check *c, const char *from)
{
    if (strcmp(c->from, from) == 0)
        return BN_OK;
    if (c->from[0] != '\0')
        look_close(&c->look);
    snprintf(c->from, sizeof c->from, "%s", from);
    c->options.from = c->from;
    return look_open(&c->look, &c->options);
}

/* The pipeline in "figure1.mouse.pdf" or "numbers.mouse.tex"; ring without one. */
static void from_of(const char *base, char from[256])
{
    const char *first = strchr(base, '.'), *last = strrchr(base, '.');
    if (first == NULL || first == last)
        snprintf(from, 256, "ring");
    else
        snprintf(from, 256, "%.*s", (int)(last - first - 1), first + 1);
}

/* "figure1.mouse.pdf" is made by `make figure1 FROM=mouse`. */
static bn_status add_goal(struct check *c, const char *base)
{
    char from[256];
    from_of(base, from);
    char *goal = bn_format("%.*s", (int)strcspn(base, "."), base);
    if (goal == NULL)
        return BN_NOMEM;
    if (json_object_get(c->goals, from) == NULL)
        json_object_set_new(c->goals, from, json_object());
    json_object_set_new(json_object_get(c->goals, from), goal, json_true());
    free(goal);
    return BN_OK;
}

static const char *base_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

/* Why the node is not what is wanted: its first cause, or that of what it follows. */
static const char *cause_of(const struct check *c, const struct look_node *n, const char **at)
{
    for (int up = 0; n != NULL && up < 100; up++) {
        const json_t *first = json_array_get(n->causes, 0);
        *at = n->name;
        if (first != NULL && (n->parent == NULL ||
                              strcmp(text_of(first, "kind"), "input") != 0))
            return text_of(first, "text");
        n = n->parent ? look_find(&c->look, n->parent) : NULL;
    }
    return "";
}

/* What the plan wants of a node: "" and the reason if nobody has it yet. */
static bn_status wanted(struct check *c, const char *name, const char **content, char **why)
{
    const char *at = name;
    *content = "";
    *why = NULL;
    if (look_find(&c->look, name) == NULL) {
        *why = bn_format("no pipeline makes %s any more", name);
        return *why ? BN_OK : BN_NOMEM;
    }
    BN_TRY(look_at(&c->look, name));
    const struct look_node *n = look_find(&c->look, name);
    *content = look_is_due(n->state) ? "" : n->content;
    const char *cause = cause_of(c, n, &at);
    const bool own = strcmp(at, name) == 0;
    *why = bn_format("%s would run%s%s%s%s", name, cause[0] ? ": " : "", own ? "" : at,
                     own || !cause[0] ? "" : ": ", cause);
    return *why ? BN_OK : BN_NOMEM;
}

/* --- numbers ------------------------------------------------------------- */

static bn_status check_number(struct check *c, const char *name, const char *place)
{
    const json_t *x = json_object_get(c->numbers, name);
    const char *content, *node = text_of(x, "node"), *file = text_of(x, "file");
    char *why;
    c->used_numbers++;
    BN_TRY(wanted(c, node, &content, &why));
    const bool known = content[0] != '\0';
    if (!known || strcmp(content, text_of(x, "content")) != 0) {
        complain(c, place, known ?
                 bn_format("\\%s is stale: %s was made from another %s than is wanted now", name,
                           file, node) :
                 bn_format("\\%s is stale: %s", name, why));
        free(why);
        return add_goal(c, base_of(file));
    }
    free(why);
    return BN_OK;
}

static void list_names(const struct check *c, struct list *names)
{
    const char *name;
    json_t *x;
    json_object_foreach(c->numbers, name, x)
        if (list_add(names, name) != BN_OK)
            return;
}

/* Does it begin like a number of some artifact: pipeline and stage in one word? */
static bool looks_like_one(const struct check *c, const char *name)
{
    bool found = false;
    for (size_t i = 0; i < c->look.n && !found; i++) {
        char *pipeline, *stage, *variant;
        if (strstr(c->look.nodes[i].name, ".h5") == NULL ||
            graph_split(c->look.nodes[i].name, &pipeline, &stage, &variant) != BN_OK)
            continue;
        char *words = bn_format("%s %s", pipeline, stage);
        char *prefix = words ? bn_latex_name(words) : NULL;
        found = prefix != NULL && strncmp(name, prefix, strlen(prefix)) == 0;
        free(prefix);
        free(words);
        free(pipeline);
    }
    return found;
}

static void complain_missing(struct check *c, const char *name, const char *place)
{
    struct list names = { 0 };
    char hint[96];
    list_names(c, &names);
    list_hint(&names, name, hint);
    complain(c, place, bn_format("\\%s is missing: no file of numbers that the document reads "
                                 "has it%s%s", name, hint, hint[0] ? "" :
                                 "; `basin numbers` lists what there is, and pipelines/figures.mk "
                                 "says which artifacts it is taken from"));
    list_free(&names);
}

static bn_status check_numbers(struct check *c)
{
    const char *name;
    json_t *place;
    json_object_foreach(c->document.absent, name, place) {
        complain(c, json_string_value(place), bn_format("%s is missing: it is not beside the "
                 "document and not in %s", name, c->options.results));
        BN_TRY(add_goal(c, name));
    }
    json_object_foreach(c->document.numbers, name, place) {
        bool sealed;
        BN_TRY(numbers_read(name, c->numbers, &sealed));
        if (sealed)
            continue;
        complain(c, json_string_value(place), bn_format("%s is not what was made: it was "
                 "edited, or comes from another version; make it (or copy it) again", name));
        BN_TRY(add_goal(c, base_of(name)));
    }
    BN_TRY(open_look(c, "ring"));
    json_object_foreach(c->document.macros, name, place) {
        const size_t n = strlen(name);
        char *plain = n > 3 && strcmp(name + n - 3, "Raw") == 0
                      ? bn_format("%.*s", (int)n - 3, name) : bn_copy(name);
        if (plain == NULL)
            return BN_NOMEM;
        bn_status rc = BN_OK;
        if (json_object_get(c->document.defined, name) != NULL)
            ;                            /* the document's own */
        else if (json_object_get(c->numbers, name) != NULL)
            rc = check_number(c, name, json_string_value(place));
        else if (json_object_get(c->numbers, plain) != NULL)
            rc = check_number(c, plain, json_string_value(place));
        else if (json_object_size(c->document.absent) == 0 && looks_like_one(c, name))
            complain_missing(c, name, json_string_value(place));
        free(plain);
        BN_TRY(rc);
    }
    return BN_OK;
}

/* --- figures ------------------------------------------------------------- */

/* The node that a figure's file is, or would be: by its name. */
static bn_status node_of_figure(struct check *c, const char *argument, char **name)
{
    static const char *const ends[] = { "", ".pdf", ".png" };
    const char *base = base_of(argument);
    *name = NULL;
    for (size_t e = 0; e < BN_LEN(ends) && *name == NULL; e++) {
        char *node = bn_format("figures/%s%s", base, ends[e]), from[256];
        if (node == NULL)
            return BN_NOMEM;
        from_of(node + strlen("figures/"), from);
        /* a name with dots of its own is of no pipeline */
        if (strrchr(node, '.') != NULL && open_look(c, from) == BN_OK &&
            look_find(&c->look, node) != NULL)
            *name = node;
        else
            free(node);
    }
    return BN_OK;
}

/* \includegraphics{figure1} takes figure1.png, without a word, where figure1.pdf is not. */
static bool is_other_form(const char *path, const char *name)
{
    const char *a = strrchr(base_of(path), '.'), *b = strrchr(base_of(name), '.');
    return a != NULL && b != NULL && strcmp(a, b) != 0;
}

/* Nothing was found, or another form of it. */
static char *missing_figure(const struct check *c, const char *name, const char *path)
{
    const char *base = base_of(name), *from = c->from, *set = c->options.set;
    const bool ring = strcmp(from, "ring") == 0;
    if (path == NULL)
        return bn_format("%s is missing", base);
    return bn_format("%s is missing, and %s would silently be taken in its place: run make %.*s"
                     "%s%s%s%s%s", base, path, (int)strcspn(base, "."), base,
                     ring ? "" : " FROM=", ring ? "" : from, set[0] ? " SET=\"" : "", set,
                     set[0] ? "\"" : "");
}

static bn_status check_figure(struct check *c, const char *argument, const char *place)
{
    char *name, *path, *why = NULL, hex[BN_HEX] = "";
    const char *content;
    BN_TRY(node_of_figure(c, argument, &name));
    if (name == NULL)
        return BN_OK;                    /* not of this project */
    c->used_figures++;
    const json_t *scaled = json_object_get(c->document.scaled, argument);
    if (scaled != NULL)                  /* not wrong, but letters differ from page to page */
        printf("%s: %s is scaled: it is drawn 15 cm wide, so leave its size alone in a text of "
               "that width\n", json_string_value(scaled), base_of(name));
    path = document_figure(&c->document, argument, c->options.results);
    bn_status rc = wanted(c, name, &content, &why);
    if (rc == BN_OK && path != NULL)
        rc = bn_digest_file(path, hex);
    const bool known = content[0] != '\0';
    const bool missing = path == NULL || is_other_form(path, name);
    if (rc == BN_OK && (missing || !known || strcmp(hex, content) != 0)) {
        complain(c, place, missing ? missing_figure(c, name, path) :
                 known ? bn_format("%s is stale: %s is not the figure that is wanted now",
                                   base_of(name), path) :
                 bn_format("%s is stale: %s", base_of(name), why));
        rc = add_goal(c, base_of(name));
    }
    free(why);
    free(path);
    free(name);
    return rc;
}

/* --- the commands -------------------------------------------------------- */

static void print_verdict(const struct check *c, const char *path)
{
    if (c->wrong == 0) {
        printf("%s: %zu number%s and %zu figure%s, all as wanted now\n", path, c->used_numbers,
               c->used_numbers == 1 ? "" : "s", c->used_figures, c->used_figures == 1 ? "" : "s");
        return;
    }
    printf("%s: %zu number%s or figure%s stale or missing", path, c->wrong,
           c->wrong == 1 ? "" : "s", c->wrong == 1 ? " is" : "s are");
    const char *from, *goal, *set = c->options.set, *before = ": run";
    json_t *goals, *yes;
    json_object_foreach(c->goals, from, goals) {
        printf("%s make", before);
        json_object_foreach(goals, goal, yes)
            printf(" %s", goal);
        if (strcmp(from, "ring") != 0)
            printf(" FROM=%s", from);
        if (set[0] != '\0')
            printf(" SET=\"%s\"", set);
        before = ";";
    }
    putchar('\n');
}

static bn_status check(struct check *c, const char *path)
{
    const char *argument;
    json_t *place;
    BN_TRY(document_read(&c->document, path, c->options.results));
    BN_TRY(check_numbers(c));
    json_object_foreach(c->document.figures, argument, place)
        BN_TRY(check_figure(c, argument, json_string_value(place)));
    return BN_OK;
}

int thesis_main(int argc, char **argv)
{
    struct check c = { .numbers = json_object(), .goals = json_object() };
    bn_status rc = look_options(&c.options, argc, argv);
    if (rc == BN_OK && c.options.rest.n != 1)
        rc = bn_fail(BN_USAGE, "name the main file of a document, like `basin thesis "
                     "examples/thesis/thesis.tex`");
    if (rc == BN_OK)
        rc = check(&c, c.options.rest.at[0]);
    if (rc == BN_OK)
        print_verdict(&c, c.options.rest.at[0]);
    const int status = rc != BN_OK ? look_fail("thesis") : c.wrong > 0;
    if (c.from[0] != '\0')
        look_close(&c.look);
    document_free(&c.document);
    json_decref(c.numbers);
    json_decref(c.goals);
    list_free(&c.options.rest);
    return status;
}

static bool has_word(const char *text, const char *word)
{
    const size_t n = strlen(word);
    for (; *text != '\0'; text++)
        if (strncasecmp(text, word, n) == 0)
            return true;
    return n == 0;
}

static bn_status read_all_numbers(const char *results, json_t *numbers)
{
    struct list names = { 0 };
    bn_status rc = file_names(results, ".tex", &names);
    size_t found = 0;
    for (size_t i = 0; i < names.n && rc == BN_OK; i++) {
        char *path = bn_format("%s/%s", results, names.at[i]);
        if (path != NULL && numbers_is(names.at[i]) && file_exists(path)) {
            bool sealed;
            rc = numbers_read(path, numbers, &sealed);
            found++;
        }
        free(path);
    }
    list_free(&names);
    if (rc == BN_OK && found == 0)
        rc = bn_fail(BN_USAGE, "%s/numbers.tex: there is none yet: run `make numbers`", results);
    return rc;
}

int numbers_main(int argc, char **argv)
{
    struct look_options o;
    const char *name;
    json_t *x, *numbers = json_object();
    size_t shown = 0;
    bn_status rc = look_options(&o, argc, argv);
    if (rc == BN_OK)
        rc = read_all_numbers(o.results, numbers);
    json_object_foreach(numbers, name, x) {
        bool wants = rc == BN_OK;
        for (size_t i = 0; i < o.rest.n && wants; i++)
            wants = has_word(name, o.rest.at[i]) || has_word(text_of(x, "where"), o.rest.at[i]);
        if (wants)
            printf("\\%-36s %-34s %s\n", name, text_of(x, "value"), text_of(x, "where"));
        shown += wants;
    }
    json_decref(numbers);
    list_free(&o.rest);
    return rc != BN_OK ? look_fail("numbers") : shown == 0;
}
