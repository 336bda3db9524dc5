/* SPDX-License-Identifier: MIT
 * node: what making a node takes besides running it, here (run.c) or on a cluster
 * (submit.c).                                                                */
#ifndef BASIN_NODE_H
#define BASIN_NODE_H

#include "basin.h"

struct run {
    const char *results, *plan;
    char *build;
    json_t *known;                       /* inputs that are as they should be, by name */
    bool again;                          /* make -B: run even if the cache has it */
    bool keep_going;                     /* make -k */
    bool quiet, slurm;
    long threads, jobs;
};
void node_read_makeflags(struct run *r);

/* Before a run: the data files and the program are what the plan says. */
BN_MUST_USE bn_status node_check_files(const struct run *r, const json_t *node,
                                       const char *name);
BN_MUST_USE bn_status node_check_code(const struct run *r, const json_t *node);
/* The command line of a stage.  Points of a sweep are handed over in a file beside
 * `out`, which node_drop_points() removes.                                  */
BN_MUST_USE bn_status node_command(const struct run *r, const json_t *node,
                                   const struct input *inputs, size_t n, const char *out,
                                   const char *checkpoint, struct list *argv);
void node_drop_points(const char *out);
/* Of a node with this lock; gone if it is to run from the beginning.  NULL: no memory. */
char *node_checkpoint(const struct run *r, const char *name, const char *lock);

/* After a run.  `machine` is what node_machine() found where it ran; NULL: here. */
BN_MUST_USE bn_status node_manifest(const struct run *r, const json_t *node,
                                    const char *name, const json_t *digests,
                                    const char *out, const struct child *c,
                                    const json_t *machine, json_t **manifest);
void node_machine(json_t *m);
void node_say_made(const char *name, const struct child *c, const struct object *o);
void node_say_cached(const char *name, const struct object *o);
void node_drop_stale(const struct run *r, const char *name);
void node_note_failure(const char *name);

/* --- submit.c ------------------------------------------------------------ */
/* Have a cluster make what these nodes need, themselves included unless they are
 * figures; an exit status.  What failed has been said.  *hopeless: not a node failed,
 * but the whole: there is no use in going on.                                */
int submit_nodes(const struct run *r, const struct list *targets, bool *hopeless);

#endif
