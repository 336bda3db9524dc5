/* SPDX-License-Identifier: MIT
 * look: what every node is and would do, without making anything: what `basin why`,
 * `status` and `dag` have in common.                                         */
#ifndef BASIN_LOOK_H
#define BASIN_LOOK_H

#include "basin.h"

enum look_state {
    LOOK_FRESH,                          /* what is wanted is there */
    LOOK_OWN,                            /* a file of the user's own */
    LOOK_CACHED,                         /* the cache has it: only a link is renewed */
    LOOK_FOLLOWS,                        /* runs unless the cache has it for inputs that
                                            are not known before they are made */
    LOOK_RUNS
};
const char *look_state_name(enum look_state state);
bool look_is_due(enum look_state state);                 /* FOLLOWS or RUNS */

struct look_node {
    const char *name;
    const json_t *node;                  /* of the plan; NULL: only a file */
    enum look_state state;
    bool busy, done, has_link;
    json_t *causes;                      /* of { kind, text, ... } */
    json_t *upstream;                    /* names of inputs that are due */
    const char *parent;                  /* the last of them in the order; or NULL */
    char content[BN_HEX];                /* that it has or will have; "" unknown */
    struct object object;                /* what the link leads to */
    size_t place;                        /* in look.order */
    double seconds;                      /* expected duration; negative: unknown */
    double linked;                       /* time of the link, as Make sees it */
};

/* One earlier run, from its manifest in the cache. */
struct look_run {
    char *node, *stage;
    char k2[BN_HEX], content[BN_HEX];
    double seconds, made;                /* duration; when, in seconds after 1970 */
};

struct look {
    const char *results, *from, *set;
    char *build;
    json_t *plan, *origins, *index;      /* index: name -> position in nodes */
    struct look_node *nodes;             /* upstream first is `order` */
    size_t n;
    size_t *order, n_order;
    struct look_run *runs;               /* newest first */
    size_t n_runs;
    bool has_runs;
    /* see history.c */
    json_t *run_of_node, *run_of_content, *usual, *names_of, *results_of;
};

/* The options that all of them take; the other arguments are left in `rest`. */
struct look_options {
    const char *results, *from, *set;
    bool json;
    struct list rest;
};
BN_MUST_USE bn_status look_options(struct look_options *o, int argc, char **argv);

BN_MUST_USE bn_status look_open(struct look *l, const struct look_options *o);
void look_close(struct look *l);
/* Nodes that a word names: figure3, ring/weights, results/ring/weights.h5. */
BN_MUST_USE bn_status look_target(const struct look *l, const char *word,
                                  struct list *names);
/* Find the state of a node and of all that it needs. */
BN_MUST_USE bn_status look_at(struct look *l, const char *name);
struct look_node *look_find(const struct look *l, const char *name);
/* Names of the inputs of a node, in order. */
BN_MUST_USE bn_status look_inputs(const json_t *node, struct list *names);

/* What is the matter with it, in a word or two: fresh, own file, cached, stale, missing,
 * never made, damaged.                                                       */
const char *look_word(const struct look_node *n);
double look_bytes(const struct look_node *n);            /* size of what is there, or -1 */
/* Seconds of the run that made it, or else what a run is expected to take, or -1. */
double look_took(const struct look_node *n);

/* When an object was made, in seconds after 1970; 0 if it does not say. */
double look_made(const json_t *manifest);
const char *look_age(double made, char buf[32]);         /* "3 min ago" */
/* Expected time of all nodes that are due: of those that run, and of those that may;
 * *unknown counts nodes that nobody has run yet.                            */
void look_cost(const struct look *l, double *runs, double *follows, size_t *unknown);
int look_fail(const char *command);      /* prints bn_error(); gives BN_USAGE */

/* --- dag.c --------------------------------------------------------------- */
/* In the language of dot: all nodes that were looked at, or those whose number in nodes is
 * `wanted`.  Without a title there is a legend only where something is not fresh. */
BN_MUST_USE bn_status dag_print(FILE *f, const struct look *l, const bool *wanted,
                                const char *title);
/* Pictures of files of dot: results/dag.figure3.dot.svg.  BN_INPUT: no Graphviz here. */
BN_MUST_USE bn_status dag_draw(const struct list *dots);

#endif
