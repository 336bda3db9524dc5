/* SPDX-License-Identifier: MIT
 * What a test asks of the disk: a file beside faults.so, faults.so.plan, which every
 * process that has faults.so preloaded maps.  (The driver scrubs the environment of
 * its children, so variables would not reach them.)                          */
#ifndef FAULTS_H
#define FAULTS_H

#include <stdint.h>

struct faults {
    _Atomic int64_t count;               /* calls so far that change a file below `under` */
    int64_t at;                          /* the one that fails; negative: none */
    int32_t error;                       /* with this errno */
    int32_t for_good;                    /* and so do all that follow */
    char under[64];                      /* part of a path, "out/" */
    /* a byte of this file is read wrong, as from a disk that has rotted */
    uint64_t inode;
    int64_t offset;
    int32_t mask;
};

#endif
