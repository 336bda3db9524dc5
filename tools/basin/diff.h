/* SPDX-License-Identifier: MIT
 * diff: two artifacts, dataset by dataset; what `basin diff` and `basin verify` share. */
#ifndef BASIN_DIFF_H
#define BASIN_DIFF_H

#include "basin.h"

#include <basin/h5.h>

enum verdict { IDENTICAL, WITHIN, DIFFERENT };
const char *diff_verdict_name(enum verdict v);

struct finding {
    char *name;                          /* "/rate", "/rate@units" */
    enum verdict verdict;
    char shape[96];
    char what[240];                      /* what differs, if it is not the numbers */
    size_t n, differ, outside;
    double atol, rtol;
    bool tolerance;                      /* is one declared? */
    double most, relative, ulp;          /* largest differences */
    double excess;                       /* largest difference less its tolerance, */
    size_t at;                           /* where that is: index in row order, */
    double a, b;                         /* and the two numbers there */
    struct bn_shape dims;
};

struct diff {
    const char *results;
    const char *build;                   /* whose tables have the tolerances; NULL: this one */
    char *path[2];                       /* owned */
    bn_h5 *file[2];
    char *stage[2], *code[2];
    const struct schema *schema;         /* NULL: no tolerances are known */
    json_t *parameters[2], *inputs[2];
    struct finding *at;
    size_t n;
    bool json;
};

/* Compare path[0] with path[1]: datasets of .h5, numbers of files like numbers.tex, bytes of
 * anything else.                                                            */
BN_MUST_USE bn_status diff_files(struct diff *d);
enum verdict diff_worst(const struct diff *d);
void diff_where(const struct finding *f, char buf[96]);  /* "[3,4]: " of f->at */
void diff_print_finding(FILE *to, const struct finding *f);
void diff_free(struct diff *d);

#endif
