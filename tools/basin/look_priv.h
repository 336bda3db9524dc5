/* SPDX-License-Identifier: MIT
 * Between look.c, cause.c and history.c. */
#ifndef BASIN_LOOK_PRIV_H
#define BASIN_LOOK_PRIV_H

#include "look.h"

/* --- look.c -------------------------------------------------------------- */
BN_MUST_USE bn_status look_digests(struct look *l, const struct look_node *n,
                                   json_t *digests, bool *known);

/* --- history.c ----------------------------------------------------------- */
BN_MUST_USE bn_status look_history(struct look *l);      /* reads them once */
void look_forget(struct look *l);
/* The newest run of a node, or of whatever gave this content; NULL if none. */
const struct look_run *look_last_run(const struct look *l, const char *name);
const struct look_run *look_run_of(const struct look *l, const char *content);
json_t *look_manifest(const struct look *l, const char *k2);
/* Seconds: of the node's last run, else the median of its stage, else -1. */
double look_expect(const struct look *l, const char *name, const char *stage);

/* Has the cache a result of this code with these parameters, for whatever inputs? */
bool look_might_hit(const struct look *l, const json_t *node);

/* --- cause.c ------------------------------------------------------------- */
json_t *cause_add(json_t *causes, const char *kind, char *text);     /* frees text */
/* Everything that differs between what is wanted (`digests`: role -> content of the
 * input, "" if it is not known yet) and the run of a manifest.              */
BN_MUST_USE bn_status cause_compare(struct look *l, const struct look_node *n,
                                    const json_t *digests, const json_t *old,
                                    json_t *causes);
#endif
