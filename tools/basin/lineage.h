/* SPDX-License-Identifier: MIT
 * lineage: what a result was really made from, by the manifests of the runs.  The plan
 * says what it would be made from now; for what is stale that is something else.  */
#ifndef BASIN_LINEAGE_H
#define BASIN_LINEAGE_H

#include "look.h"

struct ancestor {
    char *name;                          /* "ring/weights.h5" */
    json_t *manifest;                    /* NULL: a file of the user's own, or forgotten */
    const struct look_node *now;         /* of that name, or NULL */
    bool earlier;                        /* its name leads to another result by now */
};
struct lineage {
    struct ancestor *at;                 /* upstream first; the result itself is last */
    size_t n, room;
    json_t *seen;
};
/* Of what the link of `n` leads to. */
BN_MUST_USE bn_status lineage_find(struct look *l, const struct look_node *n,
                                   struct lineage *line);
void lineage_free(struct lineage *line);

#endif
