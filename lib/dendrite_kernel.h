/* SPDX-License-Identifier: MIT
 * What a network of two-compartment neurons does at every step, by the register:
 * dendrite.c defines PASS, RELAX and BITS and includes this, once for each width.  All
 * are chains of fused multiply-adds per element: the same bits for each width.  */
#include "registers.h"

/* D <- keep D + error psp^T, W <- W + step D, out <- W rate: W and D are read and
 * written once.  Neurons in tiles of TILE, in each of which a source is TILE numbers. */
TARGET static void PASS(const struct bn_dendrite_memory *m, double keep, double step,
                        const double *error, const double *rate, double *out)
{
    const REAL a = SET(keep), c = SET(step), zero = SET(0.0);
    double *w = m->weight, *d = m->trace;

    for (size_t i = 0; i < m->values / m->sources; i += 4 * LANES) {
        /* Registers of a tile stand beside each other, TILE / (4 LANES) passes over it. */
        double *wi = w + i / TILE * TILE * m->sources + i % TILE;
        double *di = d + i / TILE * TILE * m->sources + i % TILE;
        const REAL e0 = LOAD(error + i), e1 = LOAD(error + i + LANES);
        const REAL e2 = LOAD(error + i + 2 * LANES), e3 = LOAD(error + i + 3 * LANES);
        REAL o0 = zero, o1 = zero, o2 = zero, o3 = zero;
        for (size_t j = 0; j < m->sources; j++, wi += TILE, di += TILE) {
            const REAL p = SET(m->potential[j]), f = SET(rate[j]);
#define COLUMN(k)                                                             \
            const REAL d##k = FMA(e##k, p, FMA(a, LOAD(di + k * LANES), zero)); \
            const REAL w##k = FMA(c, d##k, LOAD(wi + k * LANES));             \
            STORE(di + k * LANES, d##k);                                      \
            STORE(wi + k * LANES, w##k);                                      \
            o##k = FMA(w##k, f, o##k);
            COLUMN(0) COLUMN(1) COLUMN(2) COLUMN(3)
#undef COLUMN
        }
        STORE(out + i, o0);
        STORE(out + i + LANES, o1);
        STORE(out + i + 2 * LANES, o2);
        STORE(out + i + 3 * LANES, o3);
    }
}

/* y <- y + share (gain in + push - y); push may be NULL: 0. */
TARGET static void RELAX(size_t n, double share, double gain, const double *in,
                         const double *push, double *y)
{
    const REAL s = SET(share), g = SET(gain), minus = SET(-1.0), zero = SET(0.0);
    size_t i = 0;

    for (; i + LANES <= n; i += LANES) {
        const REAL now = LOAD(y + i);
        const REAL to = FMA(g, LOAD(in + i), push != NULL ? LOAD(push + i) : zero);
        STORE(y + i, FMA(s, FMA(minus, now, to), now));
    }
    for (; i < n; i++)
        y[i] = fma(share, fma(-1.0, y[i], fma(gain, in[i], push != NULL ? push[i] : 0.0)), y[i]);
}

#undef PASS
#undef RELAX
#undef BITS
