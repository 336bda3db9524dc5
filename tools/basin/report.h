/* SPDX-License-Identifier: MIT
 * Between the files of `basin report`. */
#ifndef BASIN_REPORT_H
#define BASIN_REPORT_H

#include "lineage.h"

struct figure {
    const struct look_node *pdf, *svg, *png;
    const struct look_node *shown;       /* the one whose lineage it is; NULL: not made */
    char *id;                            /* figures/figure3.mouse */
    char *label, *title;                 /* "Figure 3 of mouse"; of the script, or "" */
    struct list panels;                  /* "a relaxation onto the ring" */
    struct lineage line;
    char *graph;                         /* an SVG that dot drew, or NULL */
};

/* One value, or the values of a sweep, that are not the default's. */
struct setting_row {
    char *where, *key;                   /* "ring/weights.h5", or "ring/weights.* (9 points)" */
    const struct bn_param *param;
    char *initial;
    struct list values, origins;
};
struct setting_rows {
    struct setting_row *at;
    size_t n, room;
    json_t *index;
};

struct report {
    struct look *look;
    struct figure *figures;
    size_t n_figures, n_made;
    json_t *used;                        /* name of an artifact -> numbers of figures */
    json_t *builds;                      /* what it was made with -> number, from 1 */
    char *no_graphs;                     /* why there are no pictures of graphs, or NULL */
};

/* --- report_figure.c ----------------------------------------------------- */
BN_MUST_USE bn_status report_find_figures(struct report *r, const struct list *words);
BN_MUST_USE bn_status report_draw_graphs(struct report *r);
BN_MUST_USE bn_status report_figures(FILE *f, struct report *r);
void report_free_figures(struct report *r);
char *report_command(const struct report *r, const struct figure *g);

/* --- report_parts.c ------------------------------------------------------ */
/* Every parameter of an ancestor, or those that differ from the defaults. */
BN_MUST_USE bn_status report_add_settings(struct report *r, const struct ancestor *a,
                                          bool all, struct setting_rows *rows);
/* At the end: points of a sweep bring all of theirs, of which one may be the default. */
void report_drop_defaults(struct setting_rows *rows);
void report_settings(FILE *f, const struct setting_rows *rows, const char *caption,
                     bool where, bool search);
void report_free_settings(struct setting_rows *rows);
bool report_is_copy(const struct look_node *n);          /* an SVG or PNG of a PDF */
void report_tag(FILE *f, const struct look_node *n);     /* its state, coloured */
void report_date(const json_t *manifest, char text[32]); /* "2026-11-22 21:13 UTC" */
void report_name(FILE *f, const char *name);            /* may be broken at / and at . */
void report_link(FILE *f, const struct report *r, const char *name);
/* Facts of a run for a <dl>: when, on what, key, code, inputs, recordings. */
void report_recordings(FILE *f, const json_t *manifest);
void report_provenance(FILE *f, struct report *r, const struct ancestor *a);

/* --- report_lists.c ------------------------------------------------------ */
/* Does it stand in the table of what is not up to date? */
bool report_is_stale(const struct report *r, const struct look_node *n);
size_t report_count_stale(const struct report *r);
void report_stale(FILE *f, struct report *r);
BN_MUST_USE bn_status report_parameters(FILE *f, struct report *r);
BN_MUST_USE bn_status report_artifacts(FILE *f, struct report *r);
void report_builds(FILE *f, const struct report *r);
void report_open_section(FILE *f, const char *id, const char *title, size_t n);

#endif
