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
WIDE("avx512f") __m512d Sleef_finz_erfd8_u10avx512f(__m512d);
WIDE("avx512f") __m512d Sleef_finz_expd8_u10avx512f(__m512d);
WIDE("avx512f") __m512d Sleef_finz_log1pd8_u10avx512f(__m512d);
WIDE("avx2,fma") __m256d Sleef_finz_erfd4_u10avx2(__m256d);
WIDE("avx2,fma") __m256d Sleef_finz_expd4_u10avx2(__m256d);
WIDE("avx2,fma") __m256d Sleef_finz_log1pd4_u10avx2(__m256d);
#endif
double Sleef_finz_erfd1_u10purecfma(double);
double Sleef_finz_expd1_u10purecfma(double);
double Sleef_finz_log1pd1_u10purecfma(double);

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
#define AVX512(name)                                                          \
    VECTOR_LOOP(name##_avx512, "avx512f", 8, __m512d, _mm512_loadu_pd,        \
                _mm512_storeu_pd, Sleef_finz_##name##d8_u10avx512f)
#define AVX2(name)                                                            \
    VECTOR_LOOP(name##_avx2, "avx2,fma", 4, __m256d, _mm256_loadu_pd,         \
                _mm256_storeu_pd, Sleef_finz_##name##d4_u10avx2)
AVX512(erf) AVX512(exp) AVX512(log1p)
AVX2(erf) AVX2(exp) AVX2(log1p)
#endif

#define SCALAR_LOOP(name)                                                     \
    static void name##_scalar(size_t n, const double *x, double *y)           \
    {                                                                         \
        for (size_t i = 0; i < n; i++)                                        \
            y[i] = Sleef_finz_##name##d1_u10purecfma(x[i]);                   \
    }
SCALAR_LOOP(erf) SCALAR_LOOP(exp) SCALAR_LOOP(log1p)

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
