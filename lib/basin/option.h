/* SPDX-License-Identifier: MIT
 * option: options as people read them, in help texts, man pages and completion.  Floor 1. */
#ifndef BN_OPTION_H
#define BN_OPTION_H

#include <basin/err.h>

struct bn_option {
    const char *name;                    /* "--out", or a plain word */
    const char *value;                   /* "FILE"; NULL: it takes none */
    const char *help;
};

/* Of every stage, each up to one without a name: for people, and what the driver adds. */
extern const struct bn_option bn_stage_options[], bn_stage_options_of_driver[];

#endif
