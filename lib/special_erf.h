/* SPDX-License-Identifier: MIT
 * erf of one register of whatever width: special.c includes this once for each and
 * defines NAME, TARGET, REAL, SET, SUB, MUL, FMA, FNMA(a, b, c): c - a b, MIN(a, b) that
 * gives b if either is not a number, ABS, SIGN(a, b): a with the sign of b,
 * LESS(x, c, a, b): x < c ? a : b, and POWER(t): 2^n for t = n + 1.5 2^52.  Each
 * operation is rounded once, so all widths give the same bits.
 *
 *     |x| < 0.9:  erf x = x + x P(x^2)
 *     else:       erf x = 1 - exp(x Q(x)),  with exp y = 2^n (1 + r + r^2 E(r))
 *
 * P, Q and E are minimax polynomials by Remez's exchange in quadruple precision; x Q(x)
 * fits log erfc x with the weight erfc x, because only 1 - erfc x must be good.  */
TARGET static inline REAL NAME(REAL x)
{
    const REAL a = MIN(SET(6.0), ABS(x)), z = MUL(a, a), magic = SET(0x1.8p52);
    REAL p = SET(0.0), q = p, e = p;

#define P_STEP(c) p = FMA(p, z, SET(c));
#define Q_STEP(c) q = FMA(q, a, SET(c));
#define E_STEP(c) e = FMA(e, r, SET(c));
    ERF_P(P_STEP)
    ERF_Q(Q_STEP)
    const REAL y = MUL(q, a), rest = FNMA(q, a, y);    /* y = q a + rest */
    const REAL shifted = FMA(y, SET(0x1.71547652b82fep+0), magic);
    const REAL n = SUB(shifted, magic), s = POWER(shifted);
    const REAL low = FMA(n, SET(0x1.abc9e3b39803fp-56), rest);
    const REAL r = SUB(FMA(n, SET(-0x1.62e42fefa39efp-1), y), low);
    ERF_E(E_STEP)
    e = FMA(MUL(r, r), e, r);
    const REAL far = SUB(SUB(SET(1.0), s), MUL(s, e));
    return SIGN(LESS(a, SET(0.9), FMA(a, p, a), far), x);
#undef P_STEP
#undef Q_STEP
#undef E_STEP
}

#undef NAME
#undef TARGET
#undef REAL
#undef SET
#undef SUB
#undef MUL
#undef FMA
#undef FNMA
#undef MIN
#undef ABS
#undef SIGN
#undef LESS
#undef POWER
