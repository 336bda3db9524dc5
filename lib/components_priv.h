/* SPDX-License-Identifier: MIT
 * Shared by the parts of components.                                         */
#ifndef BN_COMPONENTS_PRIV_H
#define BN_COMPONENTS_PRIV_H

#include <basin/components.h>

struct run {
    uint32_t start, end;                 /* [start, end) of its row */
    uint32_t level;                      /* >= 1 */
};

struct edge {
    uint32_t a, b, level;                /* two runs, the lower of their levels */
};

struct bn_components {
    struct bn_lattice g;
    enum bn_connectivity how;
    size_t nx, ny, nz;                   /* nx: the fastest coordinate */
    struct run *run;
    size_t runs, run_room;
    size_t *row;                         /* [rows + 1] first run of each row */
    struct edge *edge;
    size_t edges, edge_room;
    uint32_t *parent;                    /* [run_room] */
    uint32_t *order;                     /* [edge_room] edges by falling level */
    uint8_t *inside;                     /* [points] of bn_components_find */
    uint32_t *label;                     /* [points] */
    struct bn_piece *piece;
    size_t pieces, piece_room;
};

static inline uint32_t bn_components_root(uint32_t *parent, uint32_t k)
{
    while (parent[k] != k)
        k = parent[k] = parent[parent[k]];
    return k;
}

/* Sizes of all pieces, from labels and h. */
void bn_components_measure(bn_components *c, const double *h, enum bn_side side);
/* Edges of intervals. */
void bn_components_ends(bn_components *c, const double *h);
/* Local maxima. */
void bn_components_peaks(bn_components *c, const double *h, enum bn_side side);

#endif
