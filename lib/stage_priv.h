/* SPDX-License-Identifier: MIT
 * What the sources of the stage module share: stage.c runs a stage, stage_show.c
 * tells people and programs what it is, stage_checkpoint.c keeps what it computed
 * so far.                                                                   */
#ifndef BN_STAGE_PRIV_H
#define BN_STAGE_PRIV_H

#include <basin/digest.h>
#include <basin/stage.h>

#ifndef BN_VERSION
#define BN_VERSION "0.1.0"
#endif

/* --- stage_gather.c ------------------------------------------------------- */
bool bn_gather_takes(const struct bn_stage *stage, const char *role);
void bn_gather_add(const char *role, const char *path);        /* by hand */
void bn_gather_load(const struct bn_stage *stage, const char *path);
bool bn_gather_has(const char *role);
size_t bn_gather_count(void);            /* of all roles */
char *bn_gather_row(size_t row, const char **digest);   /* "role[000003]": free() it */
void bn_gather_record(bn_h5 *out);
void bn_gather_free(void);
void bn_stage_own(void *block);          /* free it at the end */

/* `table`, `n`: the parameters with the implicit ones of a random stage. */
void bn_stage_help(const struct bn_stage *stage, const struct bn_param *table, size_t n);
BN_MUST_USE bn_status bn_stage_schema(const struct bn_stage *stage,
                                      const struct bn_param *table, size_t n);

/* --checkpoint: seconds between two; `kept`: the driver removes it. */
struct bn_checkpoint_options {
    const char *path;                    /* NULL: none */
    double every;
    bool kept;
};
void bn_checkpoint_begin(const struct bn_checkpoint_options *o, const char *stage);
void bn_checkpoint_end(bool published);
/* Of the code, and of all that a state depends on beside it. */
void bn_stage_identity(char code[BN_HEX], char run[BN_HEX]);

#endif
