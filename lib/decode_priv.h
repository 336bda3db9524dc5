/* SPDX-License-Identifier: MIT
 * What the sources of the decode module share: decode.c is the ring, decode_on.c any other
 * manifold.                                                                 */
#ifndef BN_DECODE_PRIV_H
#define BN_DECODE_PRIV_H

#include <basin/decode.h>

struct bn_decoder {
    struct bn_mat x, phi;                /* [N, r] coefficients */
    struct bn_mat square;                /* [1, r2]: (1/N) |x*|^2 */
    size_t grid;                         /* ring: angles that are searched */
    /* any other manifold */
    const bn_harmonics *h;               /* of the targets; NULL: the ring */
    bn_harmonics *fine;                  /* of the search: it holds squares, too */
    enum bn_score score;
    struct bn_mat norm, norm_values;     /* cosine: (1/N) |phi*|^2, [1, r3] and on the grid */
};

/* A copy of the first r columns, or of all if there are fewer. */
BN_MUST_USE bn_status bn_decode_columns(const struct bn_mat *c, size_t r, struct bn_mat *out);

#endif
