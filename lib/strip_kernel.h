/* SPDX-License-Identifier: MIT
 * Four loops over one or two registers of trajectories: strip.c defines NAME(x), BITS,
 * PAIR (two registers, or one) and ROWS (neurons per turn: 12 or 6) and includes this,
 * once for each width of registers.                                           */
#include "registers.h"

#if ROWS == 12
#define EACH(do) do(0) do(1) do(2) do(3) do(4) do(5) do(6) do(7) do(8) do(9) do(10) do(11)
#else
#define EACH(do) do(0) do(1) do(2) do(3) do(4) do(5)
#endif
#define EACH_COLUMN(do) do(0) do(1) do(2) do(3) do(4) do(5) do(6) do(7)
#if PAIR
#define TWO(x) x
#else
#define TWO(x)
#endif

/* ROWS neurons of a block; f: the first of them in the first panel. */
TARGET static void NAME(spread)(const double *f, size_t panels, size_t lanes,
                                const double *begin, const double *small, double *out)
{
#define BEGIN(i) REAL p##i = LOAD(begin); TWO(REAL q##i = LOAD(begin + LANES);)
    EACH(BEGIN)
    for (size_t panel = 0; panel < panels; panel++, f += BLOCK) {
        for (size_t i = 0; i < ROWS; i++)
            __builtin_prefetch(f + BLOCK * panels + i * PANEL, 0, 2);    /* next block */
        for (size_t k = 0; k < PANEL; k++, small += lanes) {
            const REAL left = LOAD(small);
            TWO(const REAL right = LOAD(small + LANES);)
#define ROW(i) {                                                              \
                const REAL x = SET(f[i * PANEL + k]);                         \
                p##i = FMA(x, left, p##i);                                    \
                TWO(q##i = FMA(x, right, q##i);)                              \
            }
            EACH(ROW)
        }
    }
#define END(i) STORE(out + i * lanes, p##i); TWO(STORE(out + i * lanes + LANES, q##i);)
    EACH(END)
#undef BEGIN
#undef ROW
#undef END
}

/* One panel of a block: eight columns. */
TARGET static void NAME(collect)(const double *f, size_t ahead, size_t lanes,
                                 const double *state, double *sum)
{
#define BEGIN(k)                                                              \
    REAL p##k = LOAD(sum + k * lanes); TWO(REAL q##k = LOAD(sum + k * lanes + LANES);)
    EACH_COLUMN(BEGIN)
    for (size_t i = 0; i < BN_STRIP_ROWS; i++, f += PANEL, state += lanes) {
        __builtin_prefetch(f + ahead, 0, 2);
        const REAL left = LOAD(state);
        TWO(const REAL right = LOAD(state + LANES);)
#define COLUMN(k) {                                                           \
            const REAL x = SET(f[k]);                                         \
            p##k = FMA(x, left, p##k);                                        \
            TWO(q##k = FMA(x, right, q##k);)                                  \
        }
        EACH_COLUMN(COLUMN)
    }
#define END(k) STORE(sum + k * lanes, p##k); TWO(STORE(sum + k * lanes + LANES, q##k);)
    EACH_COLUMN(END)
#undef BEGIN
#undef COLUMN
#undef END
}

TARGET static void NAME(add)(const struct bn_strip_self *p, size_t rows, size_t lanes,
                             const double *h, const double *g, double *x)
{
    const REAL gamma = LOAD(p->gamma), a = SET(p->a);
    TWO(const REAL second = LOAD(p->gamma + LANES);)

    for (size_t i = 0; i < rows; i++, h += lanes, x += lanes) {
        const REAL d = SET(p->d[i]), e = SET(p->e[i]);
        REAL in = LOAD(h);
        TWO(REAL too = LOAD(h + LANES);)
        if (g != NULL) {
            in = FMA(FMA(gamma, e, d), LOAD(g + i * lanes), in);
            TWO(too = FMA(FMA(second, e, d), LOAD(g + i * lanes + LANES), too);)
        }
        STORE(x, FMA(a, in, LOAD(x)));
        TWO(STORE(x + LANES, FMA(a, too, LOAD(x + LANES)));)
    }
}

TARGET static void NAME(decay)(const struct bn_strip_self *p, size_t rows, size_t lanes,
                               const double *r, double *x)
{
    const REAL gamma = LOAD(p->gamma), a = SET(-p->a);
    TWO(const REAL second = LOAD(p->gamma + LANES);)

    for (size_t i = 0; i < rows; i++, r += lanes, x += lanes) {
        const REAL d = SET(p->d[i]), e = SET(p->e[i]), left = LOAD(x);
        TWO(const REAL right = LOAD(x + LANES);)
        STORE(x, FMA(a, FMA(FMA(gamma, e, d), LOAD(r), left), left));
        TWO(STORE(x + LANES, FMA(a, FMA(FMA(second, e, d), LOAD(r + LANES), right), right));)
    }
}

#undef EACH
#undef EACH_COLUMN
#undef TWO
#undef NAME
#undef BITS
#undef PAIR
#undef ROWS
