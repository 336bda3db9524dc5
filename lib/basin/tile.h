/* SPDX-License-Identifier: MIT
 * tile: run independent pieces of work on all cores.  Floor 2.
 *
 * The caller cuts the work into tiles whose number and bounds depend on the
 * problem alone, never on the number of threads; each tile writes only what
 * it owns.  So the bits of a result do not depend on the thread count.      */
#ifndef BN_TILE_H
#define BN_TILE_H

#include <basin/err.h>

/* How many threads bn_tiles may use; 0 (the start) means all online cores. */
void bn_threads_set(unsigned n);
unsigned bn_threads(void);

/* Call work(context, k) once for each k in [0, count); returns when all are
 * done.  The first failure by tile number is returned, with its message.    */
typedef bn_status bn_tile_work(void *context, size_t k);
BN_MUST_USE bn_status bn_tiles(size_t count, bn_tile_work *work, void *context);

#endif
