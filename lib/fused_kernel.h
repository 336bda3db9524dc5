/* SPDX-License-Identifier: MIT
 * Loops over columns in steps of eight: fused.c defines NAME(x), BITS and ROWS (rows that
 * pass together: 8 or 4) and includes this, once for each width of registers.  A call takes
 * the lanes from `lane` on: all eight in one register (512) or a pair (256), or one (64). */
#include "registers.h"

#if BITS == 256
#define TWO(...) __VA_ARGS__
#else
#define TWO(...)
#endif

#if ROWS == 8
#define EACH(do) do(0) do(1) do(2) do(3) do(4) do(5) do(6) do(7)
#else
#define EACH(do) do(0) do(1) do(2) do(3)
#endif

/* ROWS rows: w <- w keep + f g, sum += w q.  Eight rows share each register of g and q, which
 * would else be fetched from the second cache as often as w from memory.          */
TARGET static void NAME(update)(struct part *p, size_t lane)
{
    const double *g = p->g[0] + lane, *q = p->q + lane;
    const size_t n = p->n;
#define BEGIN(i)                                                              \
    double *const w##i = p->w[i] + lane;                                      \
    const REAL k##i = SET(p->keep[i]), f##i = SET(p->f[0][i]);                \
    REAL s##i = LOAD(p->sum[i] + lane);                                       \
    TWO(REAL t##i = LOAD(p->sum[i] + LANES);)
    EACH(BEGIN)

    for (size_t j = 0; j < n; j += BN_FUSED_LANES) {
        const REAL g0 = LOAD(g + j), q0 = LOAD(q + j);
        TWO(const REAL g1 = LOAD(g + j + LANES), q1 = LOAD(q + j + LANES);)
#define ROW(i) {                                                              \
            __builtin_prefetch(w##i + j + AHEAD, 1);                          \
            const REAL x = FMA(f##i, g0, LOAD(w##i + j) * k##i);              \
            STORE(w##i + j, x);                                               \
            s##i = FMA(x, q0, s##i);                                          \
            TWO(const REAL y = FMA(f##i, g1, LOAD(w##i + j + LANES) * k##i);  \
                STORE(w##i + j + LANES, y);                                   \
                t##i = FMA(y, q1, t##i);)                                     \
        }
        EACH(ROW)
    }
#define END(i) STORE(p->sum[i] + lane, s##i); TWO(STORE(p->sum[i] + LANES, t##i);)
    EACH(END)
#undef BEGIN
#undef ROW
#undef END
}

/* ROWS rows: sum += w q. */
TARGET static void NAME(product)(struct part *p, size_t lane)
{
    const double *q = p->q + lane;
    const size_t n = p->n;
#define BEGIN(i)                                                              \
    const double *const w##i = p->w[i] + lane;                                \
    REAL s##i = LOAD(p->sum[i] + lane);                                       \
    TWO(REAL t##i = LOAD(p->sum[i] + LANES);)
    EACH(BEGIN)

    for (size_t j = 0; j < n; j += BN_FUSED_LANES) {
        const REAL q0 = LOAD(q + j);
        TWO(const REAL q1 = LOAD(q + j + LANES);)
#define ROW(i) {                                                              \
            __builtin_prefetch(w##i + j + AHEAD);                             \
            s##i = FMA(LOAD(w##i + j), q0, s##i);                             \
            TWO(t##i = FMA(LOAD(w##i + j + LANES), q1, t##i);)                \
        }
        EACH(ROW)
    }
#define END(i) STORE(p->sum[i] + lane, s##i); TWO(STORE(p->sum[i] + LANES, t##i);)
    EACH(END)
#undef BEGIN
#undef ROW
#undef END
}

/* Row i alone, any number of terms, one register of lanes. */
TARGET static void NAME(any)(struct part *p, size_t i, size_t lane)
{
    double *const w = p->w[i] + lane;
    const REAL keep = SET(p->keep[i]);
    REAL sum = LOAD(p->sum[i] + lane);

    for (size_t j = 0; j < p->n; j += BN_FUSED_LANES) {
        REAL scale = keep;
        for (size_t k = 0; k < p->n_scale; k++)
            scale = FMA(SET(p->a[k][i]), LOAD(p->h[k] + lane + j), scale);
        REAL x = LOAD(w + j) * scale;
        for (size_t k = 0; k < p->n_add; k++)
            x = FMA(SET(p->f[k][i]), LOAD(p->g[k] + lane + j), x);
        STORE(w + j, x);
        sum = FMA(x, LOAD(p->q + lane + j), sum);
    }
    STORE(p->sum[i] + lane, sum);
}

#undef EACH
#undef TWO
#undef NAME
#undef BITS
#undef ROWS
