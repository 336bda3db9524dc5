/* SPDX-License-Identifier: MIT
 * Between submit.c, which walks the plan, and arrays.c, which looks after the arrays. */
#ifndef BASIN_SUBMIT_H
#define BASIN_SUBMIT_H

#include "array.h"
#include "node.h"

enum state {
    UNKNOWN,                             /* waits for its inputs, or is to be looked up */
    READY,                               /* can run */
    RUNS,                                /* is in one of our arrays */
    THEIRS,                              /* in one that another make looks after */
    DONE, FAILED,
    BLOCKED                              /* needs one that failed */
};
struct task {
    char *name;
    json_t *node;                        /* of the plan; NULL: a file without a rule */
    size_t level;                        /* its depth in the DAG */
    enum state state;
    bool looked_at;
    char k1[BN_HEX], hex[BN_HEX];        /* key before the run, and its lock */
    json_t *digests;
    struct object object;                /* when it is done */
};
struct submit {
    const struct run *r;
    struct task *tasks;                  /* each after its inputs */
    size_t n;
    json_t *index, *seen;
    json_t *running, *theirs;            /* locks of what is in arrays */
    json_t *failed, *made;               /* locks of what failed, and of what came back */
    json_t *times, *verified;
    struct array *arrays;
    size_t n_arrays;
    double looked, pause, began;         /* around; between two looks at folders; when
                                            the first array was sent */
    size_t sent, back;                   /* runs */
    bool stopping;                       /* something failed: nothing new is sent */
    int status;
};
struct task *submit_task(const struct submit *s, const char *name);
/* bn_error() says why; `hex` may be "". */
void submit_fail(struct submit *s, const char *name, const char *hex, int status);

/* --- arrays.c ------------------------------------------------------------ */
/* Arrays that earlier makes left are ours now, unless they look after them still. */
BN_MUST_USE bn_status submit_look_around(struct submit *s);
/* Numbers of tasks that are to be one array. */
BN_MUST_USE bn_status submit_array(struct submit *s, const json_t *members);
/* Until something happened, or might have; what came back is published. */
BN_MUST_USE bn_status submit_wait(struct submit *s);
/* Cancel what has not begun. */
void submit_stop(struct submit *s);

#endif
