/* SPDX-License-Identifier: MIT
 * mem: the only caller of calloc() and realloc().  Floor 1.                 */
#ifndef BN_MEM_H
#define BN_MEM_H

#include <basin/err.h>

/* n * size zeroed bytes, from 4096 bytes on 64-byte aligned, never NULL on
 * success; NULL if out of memory or if n * size overflows, with bn_error() set.
 * Release with free().                                                      */
BN_MUST_USE void *bn_alloc(size_t n, size_t size);

/* Grow a block obtained from bn_grow (or NULL) to n * size bytes; the new part
 * is not zeroed.  NULL on failure, with the old block untouched.            */
BN_MUST_USE void *bn_grow(void *block, size_t n, size_t size);

/* A copy of a string; NULL on failure with bn_error() set. */
BN_MUST_USE char *bn_copy(const char *text);

/* printf into a fresh string; NULL on failure with bn_error() set. */
BN_MUST_USE char *bn_format(const char *fmt, ...) BN_PRINTF(1, 2);

/* For tests: let `n` more allocations succeed and the next one fail; -1 turns
 * this off.  Loop n upward until the code under test succeeds.              */
void bn_alloc_fail_after(long n);

#endif
