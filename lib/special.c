/* SPDX-License-Identifier: MIT */
#include <basin/special.h>
#include <basin/mat.h>

#include <math.h>
#include <string.h>

#if defined(__x86_64__)
#include <immintrin.h>
#define WIDE(isa) __attribute__((target(isa)))
/* Declared here because sleef.h offers only what the flags of this file allow;
 * the choice is made when the program runs.                                 */
WIDE("avx512f") __m512d Sleef_finz_expd8_u10avx512f(__m512d);
WIDE("avx512f") __m512d Sleef_finz_log1pd8_u10avx512f(__m512d);
WIDE("avx2,fma") __m256d Sleef_finz_expd4_u10avx2(__m256d);
WIDE("avx2,fma") __m256d Sleef_finz_log1pd4_u10avx2(__m256d);
#endif
double Sleef_finz_expd1_u10purecfma(double);
double Sleef_finz_log1pd1_u10purecfma(double);

/* --- erf, about twice as fast as SLEEF's ----------------------------------------- */
#define ERF_P(step)                                                            \
    step(-0x1.d32752c962679p-31) step(0x1.e2dbd490d3b29p-27) step(-0x1.5d8acdddc40b1p-23) \
    step(0x1.b9b8623538955p-20) step(-0x1.f4cf6f428658ap-17) step(0x1.f9a3075ba13f3p-14) \
    step(-0x1.c02db31ed50aap-11) step(0x1.565bcd0a6e1bcp-8) step(-0x1.b82ce3127367ep-6) \
    step(0x1.ce2f21a042834p-4) step(-0x1.812746b0379e3p-2) step(0x1.06eba8214db69p-3)
#define ERF_Q(step)                                                            \
    step(0x1.efacbf8fd61b1p-40) step(-0x1.52954ce45e55dp-34) step(0x1.b15d49e76c977p-30) \
    step(-0x1.591dda1021fe4p-26) step(0x1.7eace712e41ebp-23) step(-0x1.388101ce59dd7p-20) \
    step(0x1.82339631db447p-18) step(-0x1.6a0d2cfc0c521p-16) step(0x1.f0ec1a5ef849bp-15) \
    step(-0x1.ac078e0af386cp-14) step(0x1.84bb245d3edap-17) step(0x1.263dbb54a9c35p-11) \
    step(-0x1.b840f6a53509p-10) step(0x1.a82667d530269p-13) step(0x1.396e3be9242adp-6) \
    step(-0x1.a4f51d9bf7adcp-4) step(-0x1.45f3078094afcp-1) step(-0x1.20dd74e70124ep+0)
#define ERF_E(step)                                                            \
    step(0x1.af632031bce6dp-26) step(0x1.28b408307df8p-22) step(0x1.71ddf6b996c71p-19) \
    step(0x1.a01993bca8b2p-16) step(0x1.a01a01b00a2d3p-13) step(0x1.6c16c185fea9dp-10) \
    step(0x1.111111110f808p-7) step(0x1.55555555503f1p-5) step(0x1.5555555555558p-3) \
    step(0x1.0000000000009p-1)

#if defined(__x86_64__)
#define NAME            erf8
#define TARGET          WIDE("avx512f")
#define REAL            __m512d
#define SET             _mm512_set1_pd
#define SUB             _mm512_sub_pd
#define MUL             _mm512_mul_pd
#define FMA             _mm512_fmadd_pd
#define FNMA            _mm512_fnmadd_pd
#define MIN             _mm512_min_pd
#define ABS             _mm512_abs_pd
#define LESS(x, c, a, b)                                                      \
    _mm512_mask_blend_pd(_mm512_cmp_pd_mask(x, c, _CMP_LT_OQ), b, a)
#define SIGN(a, b)                                                            \
    _mm512_castsi512_pd(_mm512_or_si512(_mm512_castpd_si512(a),               \
        _mm512_and_si512(_mm512_castpd_si512(b), _mm512_set1_epi64(INT64_MIN))))
#define POWER(t)                                                              \
    _mm512_castsi512_pd(_mm512_slli_epi64(                                    \
        _mm512_add_epi64(_mm512_castpd_si512(t), _mm512_set1_epi64(1023)), 52))
#include "special_erf.h"

#define NAME            erf4
#define TARGET          WIDE("avx2,fma")
#define REAL            __m256d
#define SET             _mm256_set1_pd
#define SUB             _mm256_sub_pd
#define MUL             _mm256_mul_pd
#define FMA             _mm256_fmadd_pd
#define FNMA            _mm256_fnmadd_pd
#define MIN             _mm256_min_pd
#define ABS(x)          _mm256_andnot_pd(_mm256_set1_pd(-0.0), x)
#define LESS(x, c, a, b) _mm256_blendv_pd(b, a, _mm256_cmp_pd(x, c, _CMP_LT_OQ))
#define SIGN(a, b)      _mm256_or_pd(a, _mm256_and_pd(_mm256_set1_pd(-0.0), b))
#define POWER(t)                                                              \
    _mm256_castsi256_pd(_mm256_slli_epi64(                                    \
        _mm256_add_epi64(_mm256_castpd_si256(t), _mm256_set1_epi64x(1023)), 52))
#include "special_erf.h"
#endif

static inline double power_of_two(double t)
{
    uint64_t bits;
    memcpy(&bits, &t, sizeof bits);
    bits = (bits + 1023) << 52;
    memcpy(&t, &bits, sizeof t);
    return t;
}

#define NAME            erf1
#define TARGET
#define REAL            double
#define SET(c)          (c)
#define SUB(a, b)       ((a) - (b))
#define MUL(a, b)       ((a) * (b))
#define FMA             fma
#define FNMA(a, b, c)   fma(-(a), b, c)
#define MIN(a, b)       ((a) < (b) ? (a) : (b))
#define ABS             fabs
#define LESS(x, c, a, b) ((x) < (c) ? (a) : (b))
#define SIGN            copysign
#define POWER           power_of_two
#include "special_erf.h"

typedef void array_function(size_t n, const double *x, double *y);

/* Three loops per function, one per register width.  The tail goes through the
 * same vector code in a padded block, so that position does not matter.     */
#if defined(__x86_64__)
#define VECTOR_LOOP(name, isa, width, type, load, store, call)                \
    WIDE(isa) static void name(size_t n, const double *x, double *y)          \
    {                                                                         \
        size_t i = 0;                                                         \
        for (; i + (width) <= n; i += (width))                                \
            store(y + i, call(load(x + i)));                                  \
        if (i < n) {                                                          \
            double tail[width] = { 0 };                                       \
            memcpy(tail, x + i, (n - i) * sizeof *x);                         \
            const type v = call(load(tail));                                  \
            store(tail, v);                                                   \
            memcpy(y + i, tail, (n - i) * sizeof *y);                         \
        }                                                                     \
    }
#define AVX512(name, call)                                                    \
    VECTOR_LOOP(name##_avx512, "avx512f", 8, __m512d, _mm512_loadu_pd,        \
                _mm512_storeu_pd, call)
#define AVX2(name, call)                                                      \
    VECTOR_LOOP(name##_avx2, "avx2,fma", 4, __m256d, _mm256_loadu_pd,         \
                _mm256_storeu_pd, call)
AVX512(erf, erf8)
AVX512(exp, Sleef_finz_expd8_u10avx512f)
AVX512(log1p, Sleef_finz_log1pd8_u10avx512f)
AVX2(erf, erf4)
AVX2(exp, Sleef_finz_expd4_u10avx2)
AVX2(log1p, Sleef_finz_log1pd4_u10avx2)
#endif

#define SCALAR_LOOP(name, call)                                               \
    static void name##_scalar(size_t n, const double *x, double *y)           \
    {                                                                         \
        for (size_t i = 0; i < n; i++)                                        \
            y[i] = call(x[i]);                                                \
    }
SCALAR_LOOP(erf, erf1)
SCALAR_LOOP(exp, Sleef_finz_expd1_u10purecfma)
SCALAR_LOOP(log1p, Sleef_finz_log1pd1_u10purecfma)

#if defined(__x86_64__)
#define DISPATCH(name)                                                        \
    static array_function *name##_loop(void)                                  \
    {                                                                         \
        return __builtin_cpu_supports("avx512f") ? name##_avx512              \
             : __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")\
                 ? name##_avx2 : name##_scalar;                               \
    }
#else
#define DISPATCH(name)                                                        \
    static array_function *name##_loop(void) { return name##_scalar; }
#endif
DISPATCH(erf) DISPATCH(exp) DISPATCH(log1p)

void bn_erf(size_t n, const double *x, double *y)
{
    erf_loop()(n, x, y);
}

void bn_exp(size_t n, const double *x, double *y)
{
    exp_loop()(n, x, y);
}

void bn_log1p(size_t n, const double *x, double *y)
{
    log1p_loop()(n, x, y);
}

enum { BLOCK = 512 };                    /* stays in the first-level cache */

/* log(1 + e^x) = max(x, 0) + log1p(e^-|x|) */
void bn_softplus(size_t n, const double *x, double *y)
{
    double t[BLOCK], top[BLOCK];

    for (size_t i = 0; i < n; i += BLOCK) {
        const size_t m = n - i < BLOCK ? n - i : BLOCK;
        for (size_t k = 0; k < m; k++) {
            const double v = x[i + k];
            t[k] = -fabs(v);
            top[k] = v > 0.0 ? v : 0.0;
        }
        bn_exp(m, t, t);
        bn_log1p(m, t, t);
        for (size_t k = 0; k < m; k++)
            y[i + k] = top[k] + t[k];
    }
}

/* log(e^y - 1): for large y as y + log1p(-e^-y), which expm1 would overflow;
 * for small y through expm1, where 1 - e^-y would lose digits.  Only used when
 * curves are prepared, so the C library's functions are fast enough.        */
void bn_softplus_inverse(size_t n, const double *y, double *x)
{
    for (size_t i = 0; i < n; i++)
        x[i] = y[i] > 1.0 ? y[i] + log1p(-exp(-y[i])) : log(expm1(y[i]));
}

void bn_logistic(size_t n, const double *x, double *y)
{
    double t[BLOCK];

    for (size_t i = 0; i < n; i += BLOCK) {
        const size_t m = n - i < BLOCK ? n - i : BLOCK;
        for (size_t k = 0; k < m; k++)
            t[k] = -fabs(x[i + k]);
        bn_exp(m, t, t);
        for (size_t k = 0; k < m; k++)
            y[i + k] = (x[i + k] >= 0.0 ? 1.0 : t[k]) / (1.0 + t[k]);
    }
}

/* The nodes are the eigenvalues of the Jacobi matrix of the recurrence
 * He_k+1 = z He_k - k He_k-1; a weight is its first component squared.      */
bn_status bn_gauss_hermite(size_t n, double *node, double *weight)
{
    struct bn_mat jacobi;

    BN_TRY(bn_mat_alloc(&jacobi, n, n));
    for (size_t k = 1; k < n; k++)
        *bn_mat_at(&jacobi, k, k - 1) = *bn_mat_at(&jacobi, k - 1, k) = sqrt((double)k);
    const bn_status rc = bn_eig_symmetric(&jacobi, node);
    for (size_t k = 0; rc == BN_OK && k < n; k++)
        weight[k] = *bn_mat_at(&jacobi, k, 0) * *bn_mat_at(&jacobi, k, 0);
    bn_mat_free(&jacobi);
    return rc;
}

/* Legendre's polynomial of degree n and its derivative, by the three-term recursion. */
static double legendre(size_t n, double x, double *slope)
{
    double before = 0.0, p = 1.0;

    for (size_t k = 1; k <= n; k++) {
        const double next = ((double)(2 * k - 1) * x * p - (double)(k - 1) * before)
                          / (double)k;
        before = p;
        p = next;
    }
    *slope = (double)n * (before - x * p) / ((1.0 - x) * (1.0 + x));
    return p;
}

void bn_gauss_legendre(size_t n, size_t k, double *node, double *weight)
{
    const bool upper = 2 * k + 1 > n;
    const size_t from_end = upper ? n - 1 - k : k;
    const double half_turn = 3.14159265358979323846;
    double x = cos(half_turn * ((double)from_end + 0.75) / ((double)n + 0.5)), slope = 1.0;

    if (2 * k + 1 == n)
        x = 0.0;                         /* the middle one, exactly */
    for (int i = 0; i < 10; i++) {
        const double step = legendre(n, x, &slope) / slope;
        if (2 * k + 1 == n || fabs(step) < 1e-16)
            break;
        x -= step;
    }
    (void)legendre(n, x, &slope);
    *node = upper ? x : -x;
    *weight = 2.0 / ((1.0 - x) * (1.0 + x) * slope * slope);
}

/* C = a_0^2 + Q^2 r + int_0^r (r - s) g(s) ds, where g is the joint density of two currents
 * at the threshold: C'' = g, C'(0) = Q^2 (Price 1958).  For r > 0 no term is negative, so
 * nothing cancels.  With s = sin t the integrand is smooth but for s near -1 at a small
 * threshold, which panels of halved width resolve.                               */
double bn_gauss_rectified(double u, double r)
{
    /* The positive half of Gauss & Legendre's 16 nodes. */
    static const double node[] = {
        0.095012509837637454, 0.28160355077925892, 0.45801677765722737, 0.61787624440264377,
        0.755404408355003, 0.86563120238783176, 0.9445750230732326, 0.98940093499164994,
    }, weight[] = {
        0.18945061045506859, 0.18260341504492361, 0.16915651939500262, 0.14959598881657676,
        0.12462897125553403, 0.095158511682492591, 0.062253523938647706, 0.027152459411754037,
    };
    const double u2 = u * u, two_pi = 6.28318530717958647692;
    const double q = 0.5 * erfc(u / sqrt(2.0));
    const double mean = exp(-0.5 * u2) / sqrt(two_pi) - u * q;
    const double end = asin(fmin(1.0, fmax(-1.0, r)));
    const size_t panels = r < 0.0 ? 14 : 3;
    double sum = 0.0;

    for (size_t p = 0; p < panels; p++) {
        /* Panels end at fractions 0, 1/2, 3/4, ... and the last at 1. */
        const double from = end * (1.0 - ldexp(1.0, -(int)p));
        const double to = p + 1 < panels ? end * (1.0 - ldexp(1.0, -(int)p - 1)) : end;
        for (size_t k = 0; k < 2 * BN_LEN(node); k++) {
            const double z = k % 2 == 0 ? node[k / 2] : -node[k / 2];
            const double s = sin(0.5 * (from + to) + 0.5 * (to - from) * z);
            if (1.0 + s > 0.0)
                sum += 0.5 * (to - from) * weight[k / 2] * (r - s) * exp(-u2 / (1.0 + s));
        }
    }
    return mean * mean + q * q * r + sum / two_pi;
}
