/* SPDX-License-Identifier: MIT
 * h5digest: the digest of what an HDF5 file says.  Floor 4.
 *
 * SHA-256 over a canonical walk: sorted paths, kinds, types (class, size, sign,
 * canonical little-endian), shapes, attributes sorted by name (dimension-scale
 * bookkeeping by the scale's path, not by reference) and raw values.  The group
 * /provenance is left out, so that a result that came out the same has the same
 * digest whatever made it.  Layout, chunking and compression do not enter.  */
#ifndef BN_H5DIGEST_H
#define BN_H5DIGEST_H

#include <basin/digest.h>

/* BN_INPUT: not HDF5, truncated, or a checksum does not match (named). */
BN_MUST_USE bn_status bn_h5_digest(const char *path, char hex[BN_HEX]);

#endif
