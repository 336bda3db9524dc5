/* SPDX-License-Identifier: MIT
 * Six rows times two registers of columns: packed.c defines NAME and BITS and includes
 * this, once for each width of registers.
 * out[i][j] += sum_k a[i][k] b[k * PANEL + j], k = 0 .. n - 1; row pointers may repeat. */
#include "registers.h"

TARGET static void NAME(size_t n, const double *const a[6], const double *b,
                        double *const out[6])
{
    const double *const a0 = a[0], *const a1 = a[1], *const a2 = a[2];
    const double *const a3 = a[3], *const a4 = a[4], *const a5 = a[5];
#define BEGIN(i) REAL p##i = LOAD(out[i]), q##i = LOAD(out[i] + LANES);
    BEGIN(0) BEGIN(1) BEGIN(2) BEGIN(3) BEGIN(4) BEGIN(5)

    for (size_t k = 0; k < n; k++, b += PANEL) {
        __builtin_prefetch(b + AHEAD);           /* harmless behind the end */
        __builtin_prefetch(b + AHEAD + PANEL / 2);
        const REAL left = LOAD(b), right = LOAD(b + LANES);
#define ROW(i)                                                                \
        const REAL x##i = SET(a##i[k]);                                       \
        p##i = FMA(x##i, left, p##i);                                         \
        q##i = FMA(x##i, right, q##i);
        ROW(0) ROW(1) ROW(2) ROW(3) ROW(4) ROW(5)
    }
#define END(i) STORE(out[i], p##i); STORE(out[i] + LANES, q##i);
    END(0) END(1) END(2) END(3) END(4) END(5)
#undef BEGIN
#undef ROW
#undef END
}

#undef NAME
#undef BITS
