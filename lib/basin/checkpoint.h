/* SPDX-License-Identifier: MIT
 * checkpoint: the state of a long computation in a file, to continue from.  Floor 3.
 *
 * The file is a short text, the arrays as doubles, and the SHA-256 of all of that:
 *
 *     basin checkpoint 1
 *     stage activity
 *     code <identity of the code>
 *     run <digest of parameters and inputs>
 *     step 00000000000000001200
 *     array x 34000
 *     data
 *
 * It is plain, not HDF5, because a disk that fills up must cost no more than the
 * checkpoint, and HDF5 does not survive a file that it cannot write.         */
#ifndef BN_CHECKPOINT_H
#define BN_CHECKPOINT_H

#include <basin/err.h>

struct bn_kept {
    const char *name;
    double *data;
    size_t n;
};

struct bn_checkpoint {
    const char *stage, *code, *run;      /* whose state it is; words without blanks */
    struct bn_kept *kept;
    size_t n;
};

/* Write beside `path` and rename: after a crash the old file or the new one is there. */
BN_MUST_USE bn_status bn_checkpoint_write(const char *path, const struct bn_checkpoint *c,
                                          uint64_t step);
/* Fill the arrays.  BN_INPUT, and arrays as they were, if the file is damaged or
 * belongs to another computation; after any other failure they hold nothing.  */
BN_MUST_USE bn_status bn_checkpoint_read(const char *path, const struct bn_checkpoint *c,
                                         uint64_t *step);
/* Remove the file and what a killed writer left beside it. */
void bn_checkpoint_remove(const char *path);

#endif
