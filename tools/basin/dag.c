/* SPDX-License-Identifier: MIT
 *
 * `basin dag TARGET...`: what a target is made from, as results/dag.TARGET.svg, drawn
 * by dot of Graphviz.  What is not fresh is coloured and has a broken outline, in
 * colours that colour-blind people can tell apart.  Many points of a sweep become one
 * box for each stage.                                                        */
#include "look.h"

#include <basin/mem.h>
#include <basin/text.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

enum { MOST = 60 };                      /* boxes; above that, one for each stage */

/* One box: a node, or all nodes of a stage. */
struct box {
    char *key;                           /* node name, or "ring/weights" */
    const struct look_node *first;
    enum look_state state;               /* the worst of them */
    size_t n, due;
    double seconds;
};

struct drawing {
    const struct look *look;
    const bool *wanted;                  /* by number of the node; NULL: all looked at */
    struct box *boxes;
    size_t n;
    json_t *box_of;                      /* name of a node -> number of its box */
    bool grouped;
};

static const struct {
    const char *attributes, *legend;
} styles[] = {
    [LOOK_FRESH] = { "fillcolor=\"#FFFFFF\" style=\"filled,rounded\"", "up to date" },
    [LOOK_OWN] = { "fillcolor=\"#FFFFFF\" style=\"filled,rounded\" peripheries=2",
                   "your own file" },
    [LOOK_CACHED] = { "fillcolor=\"#CFE8F7\" style=\"filled,rounded,dotted\" penwidth=2",
                      "cached: only a link" },
    [LOOK_FOLLOWS] = { "fillcolor=\"#FBE3B0\" style=\"filled,rounded,dashed\" penwidth=2",
                       "runs unless its inputs come out the same" },
    [LOOK_RUNS] = { "fillcolor=\"#E69F00\" style=\"filled,rounded,dashed\" penwidth=2",
                    "would run" },
};

/* --- boxes --------------------------------------------------------------- */

/* SVG and PNG are the same picture as their PDF. */
static bool is_shown(const struct drawing *d, size_t i)
{
    const size_t at = d->look->order[i];
    return strcmp(text_of(d->look->nodes[at].node, "stage"), "pdftocairo") != 0 &&
           (d->wanted == NULL || d->wanted[at]);
}

static char *box_key(const struct drawing *d, const struct look_node *n)
{
    const char *slash = strchr(n->name, '/');
    if (!d->grouped || slash == NULL)
        return bn_copy(n->name);
    return bn_format("%.*s", (int)(slash - n->name + 1 + (int)strcspn(slash + 1, ".")),
                     n->name);
}

static bn_status add_to_box(struct drawing *d, const struct look_node *n, json_t *keys)
{
    char *key = box_key(d, n);
    if (key == NULL)
        return BN_NOMEM;
    const json_t *known = json_object_get(keys, key);
    const size_t at = known ? (size_t)json_integer_value(known) : d->n;
    struct box *b = &d->boxes[at];
    if (known == NULL) {
        *b = (struct box){ .key = key, .first = n };
        json_object_set_new(keys, key, json_integer((json_int_t)d->n++));
    } else {
        free(key);
    }
    const json_t *took = json_object_get(n->object.manifest, "seconds");
    const double seconds = json_is_number(took) ? json_number_value(took) : n->seconds;
    b->state = n->state > b->state ? n->state : b->state;
    b->due += look_is_due(n->state);
    b->seconds += seconds > 0.0 ? seconds : 0.0;
    b->n++;
    json_object_set_new(d->box_of, n->name, json_integer((json_int_t)at));
    return BN_OK;
}

static bn_status fill_boxes(struct drawing *d)
{
    size_t shown = 0;
    for (size_t i = 0; i < d->look->n_order; i++)
        shown += is_shown(d, i);
    d->grouped = shown > MOST;
    d->boxes = bn_alloc(shown + 1, sizeof *d->boxes);
    d->box_of = json_object();
    json_t *keys = json_object();
    bn_status rc = d->boxes && d->box_of && keys ? BN_OK : BN_NOMEM;
    for (size_t i = 0; i < d->look->n_order && rc == BN_OK; i++) {
        if (is_shown(d, i))
            rc = add_to_box(d, &d->look->nodes[d->look->order[i]], keys);
    }
    json_decref(keys);
    return rc;
}

static void drawing_free(struct drawing *d)
{
    for (size_t i = 0; i < d->n; i++)
        free(d->boxes[i].key);
    free(d->boxes);
    json_decref(d->box_of);
}

/* --- writing ------------------------------------------------------------- */

static void print_quoted(FILE *f, const char *text)
{
    for (; *text != '\0'; text++) {
        if (*text == '"' || *text == '\\')
            fputc('\\', f);
        fputc(*text, f);
    }
}

/* "ring/weights", "circulant", "128 ms" on three lines. */
static void print_label(FILE *f, const struct box *b)
{
    char time[32];
    const char *slash = strchr(b->key, '/'), *name = b->key;
    const bool figure = strncmp(name, "figures/", 8) == 0;
    const char *last = strrchr(name, '.');
    const char *from = figure ? name + 8 : name;
    const char *dot = slash && !figure ? strchr(slash, '.') : last;
    const int n = dot ? (int)(dot - from) : (int)strlen(from);
    fprintf(f, "label=\"%.*s", n, from);
    if (dot != NULL && last > dot)
        fprintf(f, "\\n%.*s", (int)(last - dot - 1), dot + 1);
    if (b->n > 1)
        fprintf(f, "\\n%zu points%s", b->n, b->due ? "" : ", all there");
    if (b->n > 1 && b->due > 0)
        fprintf(f, ", %zu to run", b->due);
    if (b->seconds > 0.0)
        fprintf(f, "\\n%s", bn_human_seconds(b->seconds, time));
    fprintf(f, "\"");
}

static void print_tooltip(FILE *f, const struct look_node *n)
{
    size_t i;
    json_t *cause;
    fprintf(f, " tooltip=\"");
    print_quoted(f, n->name);
    json_array_foreach(n->causes, i, cause) {
        fprintf(f, "\\n");
        print_quoted(f, text_of(cause, "text"));
    }
    fprintf(f, "\"");
}

static void print_box(FILE *f, const struct drawing *d, size_t i)
{
    const struct box *b = &d->boxes[i];
    fprintf(f, "  n%zu [", i);
    print_label(f, b);
    fprintf(f, " shape=%s %s", strncmp(b->key, "figures/", 8) == 0 ? "note" : "box",
            styles[b->state].attributes);
    if (b->n == 1)
        print_tooltip(f, b->first);
    fprintf(f, "];\n");
}

/* Recorded data: a cylinder for each file. */
static void print_files(FILE *f, const struct drawing *d, size_t i)
{
    const char *key;
    json_t *files, *file;
    size_t k;
    json_object_foreach(json_object_get(d->boxes[i].first->node, "files"), key, files)
        json_array_foreach(files, k, file) {
            const char *path = json_string_value(json_array_get(file, 0));
            const char *slash = path ? strrchr(path, '/') : NULL;
            fprintf(f, "  \"f%zu %s %zu\" [label=\"", i, key, k);
            print_quoted(f, slash ? slash + 1 : path ? path : "");
            fprintf(f, "\" shape=cylinder style=filled fillcolor=\"#EEEEEE\"];\n"
                    "  \"f%zu %s %zu\" -> n%zu;\n", i, key, k, i);
        }
}

static bn_status print_edges(FILE *f, const struct drawing *d, json_t *drawn)
{
    for (size_t i = 0; i < d->look->n_order; i++) {
        const struct look_node *n = &d->look->nodes[d->look->order[i]];
        const json_t *to = json_object_get(d->box_of, n->name);
        struct list inputs = { 0 };
        bn_status rc = look_inputs(n->node, &inputs);
        for (size_t k = 0; k < inputs.n && to != NULL; k++) {
            const json_t *from = json_object_get(d->box_of, inputs.at[k]);
            const struct look_node *input = look_find(d->look, inputs.at[k]);
            char line[64];
            if (from == NULL)
                continue;
            snprintf(line, sizeof line, "n%lld -> n%lld", json_integer_value(from),
                     json_integer_value(to));
            if (json_object_get(drawn, line) == NULL)
                fprintf(f, "  %s%s;\n", line,
                        look_is_due(input->state) ? " [style=dashed]" : "");
            json_object_set_new(drawn, line, json_true());
        }
        list_free(&inputs);
        BN_TRY(rc);
    }
    return BN_OK;
}

/* What the colours mean, of those that occur. */
static void print_legend(FILE *f, const struct drawing *d)
{
    bool used[BN_LEN(styles)] = { false };
    for (size_t i = 0; i < d->n; i++)
        used[d->boxes[i].state] = true;
    fprintf(f, "  subgraph cluster_legend {\n    label=\"\"; style=invis;\n");
    for (size_t s = 0; s < BN_LEN(styles); s++)
        if (used[s])
            fprintf(f, "    l%zu [label=\"%s\" shape=box height=0.2 fontsize=9 %s];\n", s,
                    styles[s].legend, styles[s].attributes);
    fprintf(f, "  }\n");
}

static bool is_all_fresh(const struct drawing *d)
{
    for (size_t i = 0; i < d->n; i++)
        if (d->boxes[i].state != LOOK_FRESH)
            return false;
    return true;
}

bn_status dag_print(FILE *f, const struct look *l, const bool *wanted, const char *title)
{
    struct drawing d = { .look = l, .wanted = wanted };
    json_t *drawn = json_object();
    bn_status rc = drawn ? fill_boxes(&d) : BN_NOMEM;
    if (rc == BN_OK) {
        fprintf(f, "digraph dag {\n  graph [fontname=\"Liberation Sans\" fontsize=12 "
                "labelloc=t nodesep=0.25 ranksep=0.35");
        if (title != NULL)
            fprintf(f, " label=\"%s\"", title);
        fprintf(f, "];\n  node [fontname=\"Liberation Sans\" fontsize=10 height=0.3 "
                "color=\"#333333\"];\n  edge [color=\"#666666\" arrowsize=0.7];\n");
        if (title != NULL || !is_all_fresh(&d))
            print_legend(f, &d);
    }
    for (size_t i = 0; i < d.n && rc == BN_OK; i++) {
        print_box(f, &d, i);
        print_files(f, &d, i);
    }
    if (rc == BN_OK)
        rc = print_edges(f, &d, drawn);
    fprintf(f, "}\n");
    json_decref(drawn);
    drawing_free(&d);
    return rc;
}

static bn_status write_dot(const struct look *l, const char *title, const char *path)
{
    char *text = NULL;
    size_t size;
    FILE *f = open_memstream(&text, &size);
    bn_status rc = f ? dag_print(f, l, NULL, title) : BN_NOMEM;
    if (f != NULL)
        fclose(f);
    if (rc == BN_OK)
        rc = file_write(path, text);
    free(text);
    return rc;
}

/* --- the command --------------------------------------------------------- */

bn_status dag_draw(const struct list *dots)
{
    enum { OPTIONS = 4 };
    char env[] = "/usr/bin/env", tool[] = "dot", form[] = "-Tsvg", beside[] = "-O";
    char **argv = bn_alloc(OPTIONS + dots->n + 1, sizeof *argv);
    if (argv == NULL)
        return BN_NOMEM;
    argv[0] = env, argv[1] = tool, argv[2] = form, argv[3] = beside;
    memcpy(argv + OPTIONS, dots->at, dots->n * sizeof *argv);
    struct child c = { .name = "dot", .argv = argv, .capture = true };
    bn_status rc = child_run(&c);
    if (rc == BN_OK && WIFEXITED(c.status) && WEXITSTATUS(c.status) == 127)
        rc = bn_fail(BN_INPUT, "%s is written, but Graphviz (`dot`), which makes a picture "
                     "of it, is not installed: run `make deps-all`", dots->at[0]);
    else if (rc == BN_OK && child_status(&c, "dot") != 0)
        rc = bn_fail(BN_INPUT, "%s: dot could not draw it: %s", dots->at[0],
                     c.said ? c.said : "");
    free(c.said);
    free(argv);
    return rc;
}

static bn_status draw(const char *dot, const char *svg)
{
    struct list one = { 0 };
    char *made = bn_format("%s.svg", dot);
    bn_status rc = made ? list_add(&one, dot) : BN_NOMEM;
    if (rc == BN_OK)
        rc = dag_draw(&one);
    if (rc == BN_OK && rename(made, svg) != 0)
        rc = bn_fail(BN_OUTPUT, "%s: cannot be written", svg);
    free(made);
    list_free(&one);
    return rc;
}

/* results/dag.figure3: the first target, plain. */
static char *picture_name(const struct look_options *o)
{
    char *name = bn_format("%s/dag.%s", o->results, o->rest.at[0]);
    for (char *p = name ? name + strlen(o->results) + 1 : NULL; p && *p != '\0'; p++)
        if (*p == '/')
            *p = '-';
    char *dot = name ? strrchr(name, '.') : NULL;
    if (dot != NULL && (strcmp(dot, ".h5") == 0 || strcmp(dot, ".pdf") == 0))
        *dot = '\0';
    return name;
}

static bn_status dag(const struct look_options *o, struct look *l)
{
    struct list names = { 0 };
    bn_status rc = BN_OK;
    for (size_t i = 0; i < o->rest.n && rc == BN_OK; i++)
        rc = look_target(l, o->rest.at[i], &names);
    for (size_t i = 0; i < names.n && rc == BN_OK; i++)
        rc = look_at(l, names.at[i]);
    list_free(&names);
    BN_TRY(rc);
    char *name = picture_name(o), *title = list_sentence(&o->rest);
    char *dot = name ? bn_format("%s.dot", name) : NULL;
    char *svg = name ? bn_format("%s.svg", name) : NULL;
    rc = title && dot && svg ? write_dot(l, title, dot) : BN_NOMEM;
    if (rc == BN_OK)
        rc = draw(dot, svg);
    if (rc == BN_OK)
        printf("%s\n", svg);
    free(svg);
    free(dot);
    free(title);
    free(name);
    return rc;
}

int dag_main(int argc, char **argv)
{
    struct look_options o;
    struct look l = { 0 };
    bn_status rc = look_options(&o, argc, argv);
    if (rc == BN_OK && o.rest.n == 0)
        rc = bn_fail(BN_USAGE, "name a target, like `basin dag figure1` (with make: "
                     "make dag T=figure1)");
    if (rc == BN_OK)
        rc = look_open(&l, &o);
    if (rc == BN_OK)
        rc = dag(&o, &l);
    if (rc != BN_OK)
        fprintf(stderr, "basin dag: %s\n", bn_error());
    list_free(&o.rest);
    look_close(&l);
    return (int)rc;
}
