/* SPDX-License-Identifier: MIT
 * Shared by the parts of components.                                         */
#ifndef BN_COMPONENTS_PRIV_H
#define BN_COMPONENTS_PRIV_H

#include <basin/components.h>

struct run {
    uint32_t start, end;                 /* [start, end) of its row */
    uint32_t piece;                      /* its number, when that is known */
};

struct edge {
    uint32_t a, b, level;                /* two runs; or two peaks, and up to which level */
};

/* A top of a row of levels, and where the next one's part of the row begins. */
struct peak {
    uint32_t end, level;
};

/* Row (y + dy, z + dz) has the neighbours x + low .. x + high of x. */
struct neighbour { int dy, dz, low, high; };

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
    struct peak *peak;                   /* of bn_components_count, where row counts them */
    size_t peaks, peak_room;
    uint32_t *order;                     /* edges by falling level */
    size_t order_room;
    uint8_t *low;                        /* [nx] the lower of two rows */
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

/* The earlier one becomes the root, so that pieces are in the order of their first point;
 * false if they were together.                                                  */
bool bn_components_unite(uint32_t *parent, const struct edge *e);
/* Rows beside a row that come after it, but for those around the end. */
size_t bn_components_neighbours(const bn_components *c, struct neighbour list[4]);
/* k + d in [0, n), around the end if periodic; n if there is none. */
size_t bn_components_beside(size_t k, int d, size_t n, bool periodic);

/* Sizes of all pieces, from labels and h. */
void bn_components_measure(bn_components *c, const double *h, enum bn_side side);
/* Edges of intervals. */
void bn_components_ends(bn_components *c, const double *h);
/* Local maxima. */
void bn_components_peaks(bn_components *c, const double *h, enum bn_side side);

#endif
