/* SPDX-License-Identifier: MIT
 * What the two sources of the stage module share: stage.c runs a stage,
 * stage_show.c tells people and programs what it is.                        */
#ifndef BN_STAGE_PRIV_H
#define BN_STAGE_PRIV_H

#include <basin/stage.h>

#ifndef BN_VERSION
#define BN_VERSION "0.1.0"
#endif

/* `table`, `n`: the parameters with the implicit ones of a random stage. */
void bn_stage_help(const struct bn_stage *stage, const struct bn_param *table, size_t n);
BN_MUST_USE bn_status bn_stage_schema(const struct bn_stage *stage,
                                      const struct bn_param *table, size_t n);

#endif
