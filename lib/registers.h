/* SPDX-License-Identifier: MIT
 * Doubles by the register, for loops that are compiled once for each width: define BITS
 * as 512, 256 or 64 and include this, again for each width.  It defines
 *   TARGET   what a function that uses them is compiled for
 *   REAL, LANES   a register, and how many doubles it holds
 *   LOAD(p), STORE(p, x), SET(number), FMA(a, b, c)   a b + c, rounded once
 * 64 is the machine that has nothing, and the reference.                      */
#ifndef REGISTERS_H
#define REGISTERS_H

#include <math.h>
#include <stdbool.h>

/* Has this machine registers of so many bits? */
static inline bool registers_have(int bits)
{
#if defined(__x86_64__)
    if (bits == 512)
        return __builtin_cpu_supports("avx512f");
    if (bits == 256)
        return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
#endif
    return bits == 64;
}

static inline double registers_load(const double *p)
{
    return *p;
}

static inline void registers_store(double *p, double x)
{
    *p = x;
}

#if defined(__x86_64__)
#include <immintrin.h>
#endif
#endif

#undef TARGET
#undef REAL
#undef LANES
#undef LOAD
#undef STORE
#undef SET
#undef FMA

#if BITS == 512
#define TARGET __attribute__((target("avx512f")))
#define REAL   __m512d
#define LANES  8
#define LOAD   _mm512_loadu_pd
#define STORE  _mm512_storeu_pd
#define SET    _mm512_set1_pd
#define FMA    _mm512_fmadd_pd
#elif BITS == 256
#define TARGET __attribute__((target("avx2,fma")))
#define REAL   __m256d
#define LANES  4
#define LOAD   _mm256_loadu_pd
#define STORE  _mm256_storeu_pd
#define SET    _mm256_set1_pd
#define FMA    _mm256_fmadd_pd
#else
#define TARGET
#define REAL   double
#define LANES  1
#define LOAD   registers_load
#define STORE  registers_store
#define SET(x) (x)
#define FMA    fma
#endif
