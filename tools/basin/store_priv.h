/* SPDX-License-Identifier: MIT
 * What the files of the cache share: store.c, damage.c, publish.c, gc.c.     */
#ifndef BASIN_STORE_PRIV_H
#define BASIN_STORE_PRIV_H

#include "basin.h"

char *store_object_path(const char *results, const char *k2, const char *ext);
/* Path of the memo of a file's SHA-256; NULL if there is no such file. */
char *store_memo(const char *results, const char *path);
void store_remember(const char *results, const char *path, const char *hex);
BN_MUST_USE bn_status store_sorted_keys(const json_t *object, struct list *keys);
BN_MUST_USE bn_status store_second_key(const char *k1, const json_t *parameters,
                                       const struct list *names, char k2[BN_HEX]);
/* A kernel lock by name; store_unlock() gives it back. */
BN_MUST_USE bn_status store_lock_name(const char *results, const char *name, int *fd,
                                      char **path);

/* --- damage.c ------------------------------------------------------------ */
/* A manifest as text with a seal over all that follows the seal; NULL: no memory. */
char *store_seal(const json_t *manifest);
bool store_is_sealed(const char *text);
enum found { FOUND_NOTHING, FOUND_WHOLE, FOUND_DAMAGED };
/* Is <k2> an object?  Its bytes are hashed if `bytes`, or if they were not yet.
 * *o is only filled if it is whole; *why is a phrase if it is damaged.      */
enum found store_inspect(const char *results, const char *k2, const char *ext, bool bytes,
                         struct object *o, const char **why);
/* Look again, move it to cache/damaged/ if it is damaged, and say so in a line that
 * ends with `then`.                                                         */
void store_set_aside(const char *results, const char *k2, const char *ext,
                     const char *then);
/* Move object and manifest to cache/damaged/<k2>.<date>.<tag>. */
BN_MUST_USE bn_status store_keep_old(const char *results, const char *k2, const char *ext,
                                     const char *tag);

#endif
