/* SPDX-License-Identifier: MIT
 * census: the fields and gaps of a population of maps, counted and measured.  Floor 7.
 *
 * excess [N, M]: each cell's current minus its threshold on the points of a lattice; fields are
 * where it is positive.  Cells are done in fixed groups, so that lists and sums do not depend
 * on the number of threads.                                                     */
#ifndef BN_CENSUS_H
#define BN_CENSUS_H

#include <basin/components.h>
#include <basin/mat.h>

struct bn_census_plan {
    enum bn_connectivity how;
    bool bins;                           /* sizes are points times the cell: bins above */
    double least;                        /* smaller fields are not counted */
    const double *level;                 /* [levels] of threshold + excess, ascending */
    size_t levels;
    const double *window;                /* [windows] shares of the sides, 0 < w <= 1 */
    size_t windows;
};

struct bn_found {
    size_t cell;
    struct bn_piece piece;
};

struct bn_census {
    size_t cells, fields, gaps;
    struct bn_found *field, *gap;        /* by cell; gaps in one dimension only.  A cell without
                                            fields has one gap: everything */
    double *count, *share;               /* [N] fields; share of the domain inside them */
    double *slope[BN_DIMENSIONS];        /* |d excess/dx| at edges, along each coordinate */
    size_t slopes[BN_DIMENSIONS];
    size_t *slope_end[BN_DIMENSIONS];    /* [N] where each cell's slopes end in that list */
    double *euler, *euler_error;         /* [levels] mean over cells, its standard error */
    double *pieces, *pieces_error;       /* [levels] the same of the number of pieces */
    double *recruited, *recruited_error; /* [windows] share of cells with a field in a window;
                                            the mean over all windows that fit side by side;
                                            standard error over cells */
};

/* threshold [N], or NULL: 0.  BN_FULL has no Euler characteristic: with it, levels = 0. */
BN_MUST_USE bn_status bn_census(const struct bn_lattice *g, const struct bn_mat *excess,
                                const double *threshold, const struct bn_census_plan *plan,
                                struct bn_census *c);
void bn_census_free(struct bn_census *c);            /* accepts {0} */

/* The lattice of such a window: as many steps as come nearest to its share of each side. */
struct bn_lattice bn_census_window(const struct bn_lattice *g, double share);

#endif
