/* SPDX-License-Identifier: MIT
 *
 * `basin why TARGET...`: what would run, why, and what it drags along.
 *
 *   ring/weights.h5                              4.1 s
 *       lambda: 1e-08 -> 1e-06 (params/ring.conf:12)
 *     ring/activity.h5                            30 s  unless that comes out the same
 *     ring/diagnosis.h5                          1.2 s  unless that comes out the same
 *
 * Every node stands once, below the first of its inputs that would run.  Exit
 * status: 0 nothing would run, 1 something would, 2 the command makes no sense. */
#include "look.h"

#include <basin/mem.h>
#include <basin/text.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* MOST: causes of one node; FEW: points of one sweep that are shown. */
enum { WIDE = 46, DEEPEST = 12, MOST = 6, FEW = 4 };

/* --- the tree ------------------------------------------------------------ */

static void print_causes(const struct look_node *n, int indent)
{
    size_t i, shown = 0;
    json_t *cause;
    json_array_foreach(n->causes, i, cause)
        if (++shown <= MOST)
            printf("%*s%s\n", indent, "", text_of(cause, "text"));
    if (shown > MOST)
        printf("%*sand %zu more\n", indent, "", shown - MOST);
}

/* "that" is the line under which the node stands, if that is shown. */
static void print_condition(const struct look_node *n, bool under)
{
    const size_t more = json_array_size(n->upstream);
    if (n->state == LOOK_CACHED)
        printf("  cached: would only be relinked");
    if (n->state != LOOK_FOLLOWS)
        return;
    /* With a cause of its own, it is another result that the cache might have. */
    const bool same = json_array_size(n->causes) == 0;
    printf("  unless %s", under ? "that" : n->parent);
    if (more > 1)
        printf(" and %zu other%s", more - 1, more == 2 ? "" : "s");
    printf(" come%s out %s", more > 1 ? "" : "s", same ? "the same" : "as once before");
}

static void print_node(const struct look_node *n, int depth, bool under)
{
    char time[32];
    const int indent = 2 * depth, width = WIDE - indent;
    const bool due = look_is_due(n->state);
    printf("%*s%-*s %9s", indent, "", width > 0 ? width : 0, n->name,
           !due ? "" : n->seconds >= 0.0 ? bn_human_seconds(n->seconds, time) : "?");
    print_condition(n, under);
    const json_t *first = json_array_get(n->causes, 0);
    const bool one_word = json_array_size(n->causes) == 1 &&
                          strcmp(text_of(first, "kind"), "never") == 0;
    if (one_word)
        printf("  %s", text_of(first, "text"));
    putchar('\n');
    if (!one_word)
        print_causes(n, indent + 4);
}

/* Of many points of a sweep a few are shown and the others counted in `points`. */
static bool is_shown(const struct look_node *n, json_t *points)
{
    const char *of = text_of(n->node, "of");
    if (of[0] == '\0')
        return true;
    const json_int_t before = json_integer_value(json_object_get(points, of));
    json_object_set_new(points, of, json_integer(before + 1));
    return before < FEW;
}

/* What stands below a node, in the order of `look`; of 100,000 nodes, too. */
struct below {
    const struct look_node **first, **next;          /* by the number of a node */
};

static bn_status find_below(const struct look *l, struct below *b)
{
    *b = (struct below){ bn_alloc(l->n + 1, sizeof *b->first),
                         bn_alloc(l->n + 1, sizeof *b->next) };
    if (b->first == NULL || b->next == NULL)
        return BN_NOMEM;
    for (size_t i = l->n_order; i-- > 0;) {
        const struct look_node *n = &l->nodes[l->order[i]];
        const struct look_node *parent = n->parent ? look_find(l, n->parent) : NULL;
        if (parent == NULL || !look_is_due(n->state))
            continue;
        b->next[n - l->nodes] = b->first[parent - l->nodes];
        b->first[parent - l->nodes] = n;
    }
    return BN_OK;
}

static void print_branch(const struct look *l, const struct below *b,
                         const struct look_node *n, int depth, bool under, json_t *points)
{
    const bool shown = is_shown(n, points);
    if (shown)
        print_node(n, depth, under);
    for (const struct look_node *next = b->first[n - l->nodes]; next != NULL;
         next = b->next[next - l->nodes])
        print_branch(l, b, next, depth + (shown && depth < DEEPEST), shown, points);
}

static void count(const struct look *l, size_t n[LOOK_RUNS + 1])
{
    memset(n, 0, (LOOK_RUNS + 1) * sizeof *n);
    for (size_t i = 0; i < l->n_order; i++)
        n[l->nodes[l->order[i]].state]++;
}

/* "about 4 min 10 s, and up to 30 s more" */
static void print_cost(const struct look *l)
{
    char a[32], b[32];
    double runs, follows;
    size_t unknown;
    look_cost(l, &runs, &follows, &unknown);
    if (runs > 0.0)
        printf(", about %s", bn_human_seconds(runs, a));
    if (follows > 0.0)
        printf("%s up to %s%s", runs > 0.0 ? "," : ";", bn_human_seconds(runs + follows, b),
               runs > 0.0 ? " if no result comes out the same" : "");
    if (unknown > 0)
        printf("; %zu ha%s never run here, so nobody knows how long %s", unknown,
               unknown == 1 ? "s" : "ve", unknown == 1 ? "it takes" : "they take");
}

static double newest(const struct look *l, const struct list *names)
{
    double made = 0.0;
    for (size_t i = 0; i < names->n; i++) {
        const struct look_node *n = look_find(l, names->at[i]);
        const double t = look_made(n->object.manifest);
        made = t > made ? t : made;
    }
    return made;
}

static void print_nothing(const struct look *l, const char *words, bool one,
                          const struct list *names, size_t cached)
{
    char age[32];
    const struct look_node *n = look_find(l, names->at[0]);
    if (names->n == 1 && n->state == LOOK_OWN) {
        printf("nothing: %s is a file of your own\n", words);
        return;
    }
    printf("nothing: %s %s up to date", words, one ? "is" : "are");
    if (cached > 0)
        printf(" as soon as %zu link%s renewed", cached, cached == 1 ? " is" : "s are");
    else if (newest(l, names) > 0.0)
        printf(" (made %s)", look_age(newest(l, names), age));
    putchar('\n');
}

static void print_hidden(json_t *points)
{
    const char *of;
    json_t *n;
    json_object_foreach(points, of, n)
        if (json_integer_value(n) > FEW)
            printf("and %lld more points of %s\n",
                   (long long)json_integer_value(n) - FEW, of);
}

/* Is it relinked for no other reason than that its inputs are? */
static bool follows_links(const struct look_node *n)
{
    size_t i;
    json_t *cause;
    json_array_foreach(n->causes, i, cause)
        if (strcmp(text_of(cause, "kind"), "input") != 0 &&
            strcmp(text_of(cause, "kind"), "older") != 0)
            return false;
    return true;
}

static bn_status print_tree(const struct look *l, const char *words, bool one,
                            const struct list *names)
{
    size_t n[LOOK_RUNS + 1];
    struct below b;
    const bn_status rc = find_below(l, &b);
    count(l, n);
    const size_t due = n[LOOK_RUNS] + n[LOOK_FOLLOWS];
    if (due == 0)
        print_nothing(l, words, one, names, n[LOOK_CACHED]);
    else
        printf("%s: %zu of %zu would run", words, due, l->n_order);
    if (due > 0)
        print_cost(l);
    printf(due > 0 ? "\n\n" : n[LOOK_CACHED] > 0 ? "\n" : "");
    size_t others = 0;
    json_t *points = json_object();
    for (size_t i = 0; i < l->n_order && rc == BN_OK; i++) {
        const struct look_node *node = &l->nodes[l->order[i]];
        if (node->state == LOOK_CACHED && follows_links(node))
            others++;                    /* counted, not shown */
        else if (node->state == LOOK_CACHED && is_shown(node, points))
            print_node(node, 0, false);
        else if (look_is_due(node->state) && node->parent == NULL)
            print_branch(l, &b, node, 0, false, points);
    }
    if (others > 0)
        printf("%zu other%s that follow%s: cached, would only be relinked\n", others,
               others == 1 ? "" : "s", others == 1 ? "s" : "");
    print_hidden(points);
    json_decref(points);
    free(b.first);
    free(b.next);
    return rc;
}

/* --- for programs -------------------------------------------------------- */

static json_t *node_json(const struct look_node *n)
{
    json_t *json = json_pack("{ss ss ss sO sO}", "node", n->name, "stage",
                             text_of(n->node, "stage"), "state", look_state_name(n->state),
                             "causes", n->causes, "follows", n->upstream);
    if (look_is_due(n->state))
        json_object_set_new(json, "seconds", n->seconds >= 0.0 ? json_real(n->seconds)
                                                               : json_null());
    return json;
}

static void print_json(const struct look *l, const struct list *names)
{
    double runs, follows;
    size_t unknown, n[LOOK_RUNS + 1];
    count(l, n);
    look_cost(l, &runs, &follows, &unknown);
    json_t *nodes = json_array(), *targets = json_array();
    for (size_t i = 0; i < names->n; i++)
        json_array_append_new(targets, json_string(names->at[i]));
    for (size_t i = 0; i < l->n_order; i++)
        json_array_append_new(nodes, node_json(&l->nodes[l->order[i]]));
    json_t *all = json_pack("{so sI sI sI sf sf sI so}", "targets", targets, "runs",
                            (json_int_t)n[LOOK_RUNS], "follows",
                            (json_int_t)n[LOOK_FOLLOWS], "cached",
                            (json_int_t)n[LOOK_CACHED], "seconds", runs, "seconds_follows",
                            follows, "unknown", (json_int_t)unknown, "nodes", nodes);
    json_dumpf(all, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(6));
    putchar('\n');
    json_decref(all);
}

/* --- the command --------------------------------------------------------- */

static bn_status look_at_all(struct look *l, const struct list *words, struct list *names)
{
    for (size_t i = 0; i < words->n; i++)
        BN_TRY(look_target(l, words->at[i], names));
    for (size_t i = 0; i < names->n; i++)
        BN_TRY(look_at(l, names->at[i]));
    return BN_OK;
}

int why_main(int argc, char **argv)
{
    struct look_options o;
    struct look l = { 0 };
    struct list names = { 0 };
    size_t n[LOOK_RUNS + 1] = { 0 };
    bn_status rc = look_options(&o, argc, argv);
    if (rc == BN_OK && o.rest.n == 0)
        rc = bn_fail(BN_USAGE, "name a target, like `basin why figure1` (with make: "
                     "make why T=figure1)");
    if (rc == BN_OK)
        rc = look_open(&l, &o);
    if (rc == BN_OK)
        rc = look_at_all(&l, &o.rest, &names);
    char *words = rc == BN_OK ? list_sentence(&o.rest) : NULL;
    if (rc == BN_OK && o.json)
        print_json(&l, &names);
    else if (rc == BN_OK)
        rc = print_tree(&l, words ? words : "", o.rest.n == 1, &names);
    int status = rc == BN_OK ? 0 : look_fail("why");
    if (rc == BN_OK) {
        count(&l, n);
        status = n[LOOK_RUNS] + n[LOOK_FOLLOWS] > 0;
    }
    free(words);
    list_free(&names);
    list_free(&o.rest);
    look_close(&l);
    return status;
}
