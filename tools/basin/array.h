/* SPDX-License-Identifier: MIT
 * array: a job array of a cluster as a folder that both sides see:
 *
 *   results/cache/slurm/weights.a8Bc3d/    also its name on the cluster
 *     lock             held by the `basin submit` that looks after it
 *     stage, basin     the programs, as they were when it was submitted
 *     script           what the cluster starts
 *     sent             its number on the cluster; empty while nobody knows it
 *     3.job            element 3: its runs with all that publishing takes
 *     3.log            what the element said besides
 *     3.at             the run that it is at
 *     3.0.h5           the result of its run 0
 *     3.0.done         how that run ended; by rename, when the result is complete
 *     3.stopped        the cluster stopped it
 *
 * A run is over when the submitting side has published it; then its files are gone. */
#ifndef BASIN_ARRAY_H
#define BASIN_ARRAY_H

#include "basin.h"

enum array_file { ARRAY_JOB, ARRAY_AT, ARRAY_STOPPED, ARRAY_LOG, ARRAY_OUT, ARRAY_DONE };
/* NULL: no memory. */
char *array_path(const char *folder, size_t element, size_t run, enum array_file what);

struct array {
    char *folder, *name, *id;            /* id: "17", or "" */
    int lock;
    size_t n;                            /* elements */
    json_t **jobs;                       /* of each element, { "runs": [...] } */
    struct element *elements;
    size_t left;                         /* runs that are not settled */
    double asked, pause;                 /* when the cluster was asked, and how often */
    bool adopted;                        /* an earlier make sent it */
    bool cancelled;                      /* what had not begun, by us */
};
struct element {
    bool *settled;                       /* each run */
    size_t runs, left;
    bool begun, hint;                    /* it says that it runs; that it was stopped */
    bool seen;                           /* the cluster said that it lives */
    double gone;                         /* since when the cluster does not have it; or 0 */
    double announced;                    /* since when a result of it should be seen */
    char state[32];                      /* as the cluster says; "" */
};

/* --- array.c ------------------------------------------------------------- */
/* A new folder for runs of a stage, locked. */
BN_MUST_USE bn_status array_create(const char *results, const char *stage,
                                   struct array *a);
/* Take jobs[] over as its elements and write them. */
BN_MUST_USE bn_status array_write(struct array *a, json_t *jobs);
/* One that somebody left; *alive is true, and nothing else set, if its maker lives. */
BN_MUST_USE bn_status array_adopt(const char *folder, struct array *a, bool *alive);
/* A folder with everything in it; what cannot go stays. */
void array_remove(struct array *a);
void array_free(struct array *a);

/* --- slurm.c: the commands of Slurm --------------------------------------- */
/* Submit; `asked` is what a node asks for, over the stage's own `hours` and `memory`.
 * BN_USAGE with what sbatch said.                                           */
struct asking {
    const json_t *asked;
    double hours, memory;                /* of one element; 0: the cluster's own */
};
BN_MUST_USE bn_status slurm_submit(struct array *a, const struct asking *ask);
/* name -> { element -> { state, reason, node } } of what the cluster knows of arrays;
 * BN_INPUT if it does not answer.                                           */
BN_MUST_USE bn_status slurm_states(const struct list *names, json_t **states);
bool slurm_is_over(const char *state);
BN_MUST_USE bn_status slurm_cancel(const struct array *a, bool waiting_only);

#endif
