/* SPDX-License-Identifier: MIT
 * conf: parameter files in libconfuse syntax.  Floor 4; the sole includer of
 * confuse.h.
 *
 *     # a comment
 *     seed = 1
 *     weights { lambda = 1e-8 }                 # one section per stage
 *     weights.circulant { gain = 1.275 }        # ... and per variant
 *     recording { file = "${BASIN_DATA}/a.nwb" }
 *     include("other.conf")                     # relative to this file
 *
 * Comments are # and // to the end of the line, and C comments.  A value with
 * blanks needs quotes; a list is {1, 2, 3}, and one value does for a list of one.
 * ${NAME} and ${NAME:-default} come from the environment, but not within single
 * quotes; an unset NAME without a default is an error.
 * Later values win.  Values stay text here; param.h gives them a type.      */
#ifndef BN_CONF_H
#define BN_CONF_H

#include <basin/param.h>

struct bn_section {
    const char *name;                    /* "" is the top level; "*" stands for every
                                            section that is not named: skipped */
    const struct bn_param *params;
    size_t count;
};

struct bn_assignment {
    const char *section, *key;
    const char *const *texts;            /* one, or the items of a list */
    size_t count;
    const char *origin;                  /* "params/ring.conf:14" */
};
typedef bn_status bn_assign(void *context, const struct bn_assignment *a);

/* Read a file and call assign() for each assignment, in order.  Keys and
 * sections must be among `sections`.  BN_USAGE names file, line, section, key,
 * what was expected and the nearest known name; the first error ends the
 * reading, and what assign() returned is handed up.                         */
BN_MUST_USE bn_status bn_conf_load(const char *path, const struct bn_section *sections,
                                   size_t n, bn_assign *assign, void *context);

#endif
