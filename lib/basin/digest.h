/* SPDX-License-Identifier: MIT
 * digest: SHA-256 of bytes and of files, over libcrypto.  Floor 2.          */
#ifndef BN_DIGEST_H
#define BN_DIGEST_H

#include <basin/err.h>

enum { BN_HEX = 65 };                    /* 64 hex digits and the final NUL */

typedef struct bn_digest bn_digest;

BN_MUST_USE bn_status bn_digest_new(bn_digest **d);
void bn_digest_add(bn_digest *d, const void *bytes, size_t n);
void bn_digest_text(bn_digest *d, const char *text);   /* with its final NUL */
void bn_digest_end(bn_digest *d, char hex[BN_HEX]);    /* frees d */

/* BN_INPUT with the path and the reason if the file cannot be read. */
BN_MUST_USE bn_status bn_digest_file(const char *path, char hex[BN_HEX]);

#endif
