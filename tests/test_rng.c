/* SPDX-License-Identifier: MIT
 * rng: known answers of Random123, then laws; statistics at five sigma with fixed
 * seeds, so they always give the same verdict.                              */
#include "test.h"

#include <basin/rng.h>

static const struct bn_rng plain = { .seed = 20240901, .stream = 77, .replicate = 3 };

enum { N = 1000000 };                    /* shows a variance wrong by 0.7 % */
static double a[N], b[N];

/* kat_vectors of Random123 1.14, philox4x64 with 10 rounds. */
static void blocks_are_those_of_random123(void **state)
{
    (void)state;
    static const struct { uint64_t counter[4], key[2], want[4]; } row[] = {
        { { 0 }, { 0 },
          { 0x16554d9eca36314c, 0xdb20fe9d672d0fdc, 0xd7e772cee186176b,
            0x7e68b68aec7ba23b } },
        { { UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX }, { UINT64_MAX, UINT64_MAX },
          { 0x87b092c3013fe90b, 0x438c3c67be8d0224, 0x9cc7d7c69cd777b6,
            0xa09caebf594f0ba0 } },
        { { 0x243f6a8885a308d3, 0x13198a2e03707344, 0xa4093822299f31d0,
            0x082efa98ec4e6c89 },
          { 0x452821e638d01377, 0xbe5466cf34e90c6c },
          { 0xa528f45403e61d95, 0x38c72dbd566e9788, 0xa5a1610e72fd18b5,
            0x57bd43b5e52b7fe6 } },
    };

    for (size_t i = 0; i < BN_LEN(row); i++) {
        uint64_t got[4] = { 1, 2, 3, 4 };
        bn_rng_block(row[i].counter, row[i].key, got);
        for (int k = 0; k < 4; k++)
            if (got[k] != row[i].want[k])
                fail_msg("row %zu word %d: %016llx", i, k, (unsigned long long)got[k]);
    }
}

/* FNV-1a's published vectors; a stream that changed would change every result. */
static void streams_are_named_by_fnv1a(void **state)
{
    (void)state;
    assert_true(bn_rng_stream("") == 0xcbf29ce484222325);
    assert_true(bn_rng_stream("a") == 0xaf63dc4c8601ec8c);
    assert_true(bn_rng_stream("foobar") == 0x85944171f73967e8);
    assert_true(bn_rng_sub(plain, "x").stream != plain.stream);
    assert_true(bn_rng_sub(plain, "x").stream != bn_rng_sub(plain, "y").stream);
    assert_true(bn_rng_sub(plain, "").stream != plain.stream);
    assert_true(bn_rng_sub(plain, "x").seed == plain.seed);
    assert_true(bn_rng_sub(plain, "x").replicate == plain.replicate);
    assert_true(bn_rng_sub(bn_rng_sub(plain, "x"), "y").stream
                != bn_rng_sub(bn_rng_sub(plain, "y"), "x").stream);
}

/* Midpoints of 2^52 bins: u 2^53 is an odd integer, so u is never 0 and, however it
 * is rounded, never 1.  With 53 bits + 0.5 the upper half would be rounded, and the
 * last bin to 1.                                                            */
static void uniforms_are_midpoints_of_bins(void **state)
{
    (void)state;
    bn_rng_uniforms(plain, 1, 0, a, N);
    for (size_t i = 0; i < N; i++) {
        const double k = a[i] * 0x1p53;
        assert_true(a[i] > 0.0 && a[i] < 1.0);
        assert_true(fmod(k, 2.0) == 1.0);
    }
}

static void moment(const double *x, int power, double want, double sd)
{
    double s = 0.0;
    for (size_t i = 0; i < N; i++)
        s += pow(x[i], power);
    /* the mean of N powers, each of standard deviation sd: five sigma */
    assert_close(s / N, want, 0.0, 5.0 * sd / sqrt((double)N));
}

/* E u^p = 1/(p+1), var u^p = 1/(2p+1) - 1/(p+1)^2. */
static void uniforms_have_uniform_moments(void **state)
{
    (void)state;
    bn_rng_uniforms(plain, 2, 0, a, N);
    for (int p = 1; p <= 6; p++) {
        const double m = 1.0 / (p + 1);
        moment(a, p, m, sqrt(1.0 / (2 * p + 1) - m * m));
    }
}

/* E z^p = (p-1)!! for even p, and var z^p = (2p-1)!! - (E z^p)^2. */
static void normals_have_normal_moments(void **state)
{
    (void)state;
    static const double want[] = { 1, 0, 1, 0, 3, 0, 15 };
    static const double square[] = { 1, 1, 3, 15, 105, 945, 10395 };

    bn_rng_normals(plain, 2, 0, a, N);
    for (int p = 1; p <= 6; p++)
        moment(a, p, want[p], sqrt(square[p] - want[p] * want[p]));
    double tail = 0.0;                   /* P(|z| > 3) = erfc(3/sqrt 2) */
    for (size_t i = 0; i < N; i++)
        tail += fabs(a[i]) > 3.0;
    const double q = erfc(3.0 / sqrt(2.0));
    assert_close(tail / N, q, 0.0, 5.0 * sqrt(q * (1.0 - q) / N));
}

/* 100 bins: chi^2 has mean 99 and variance 2 * 99. */
static void uniforms_fill_all_bins_equally(void **state)
{
    (void)state;
    enum { BINS = 100 };
    double count[BINS] = { 0 }, chi2 = 0.0;
    const double want = (double)N / BINS;

    bn_rng_uniforms(plain, 5, 0, a, N);
    for (size_t i = 0; i < N; i++)
        count[(size_t)(a[i] * BINS)]++;
    for (int k = 0; k < BINS; k++)
        chi2 += (count[k] - want) * (count[k] - want) / want;
    assert_close(chi2, BINS - 1, 0.0, 5.0 * sqrt(2.0 * (BINS - 1)));
}

typedef void draw(struct bn_rng r, uint64_t unit, uint64_t first, double *out, size_t n);

static void a_draw_depends_on_its_step_alone(void **state)
{
    (void)state;
    static draw *const kind[] = { bn_rng_uniforms, bn_rng_normals };
    enum { M = 97 };
    static const uint64_t base[] = { 0, 2, 1000003, UINT64_C(1) << 40 };

    for (size_t k = 0; k < BN_LEN(kind); k++)
        for (size_t s = 0; s < BN_LEN(base); s++) {
            double whole[M], part[M];
            kind[k](plain, 9, base[s], whole, M);
            for (size_t first = 0; first < M; first++)
                for (size_t n = 0; n <= 9 && first + n <= M; n++) {
                    part[n] = -1.5;
                    kind[k](plain, 9, base[s] + first, part, n);
                    assert_memory_equal(part, whole + first, n * sizeof *part);
                    assert_true(part[n] == -1.5);      /* nothing behind the end */
                }
        }
}

/* Everything that names a draw must change it, and leave no correlation: for
 * independent normals the mean product has standard deviation 1/sqrt N.     */
static void seeds_streams_replicates_and_units_are_independent(void **state)
{
    (void)state;
    const struct { struct bn_rng r; uint64_t unit, first; } row[] = {
        { { plain.seed + 1, plain.stream, plain.replicate }, 4, 0 },
        { { plain.seed, plain.stream + 1, plain.replicate }, 4, 0 },
        { { plain.seed, plain.stream, plain.replicate + 1 }, 4, 0 },
        { { plain.stream, plain.seed, plain.replicate }, 4, 0 },
        { plain, 5, 0 },
        { plain, 4, 1 },
        { plain, 4, 4 },
        { { plain.seed, plain.stream, 4 }, 3, 0 },     /* unit and replicate swapped */
        { bn_rng_sub(plain, "noise"), 4, 0 },
    };

    bn_rng_normals(plain, 4, 0, a, N);
    for (size_t k = 0; k < BN_LEN(row); k++) {
        double s = 0.0;
        size_t equal = 0;
        bn_rng_normals(row[k].r, row[k].unit, row[k].first, b, N);
        for (size_t i = 0; i < N; i++) {
            s += a[i] * b[i];
            equal += a[i] == b[i];
        }
        assert_close(s / N, 0.0, 0.0, 5.0 / sqrt((double)N));
        assert_int_equal(equal, 0);
    }
}

static void neighbouring_steps_are_uncorrelated(void **state)
{
    (void)state;
    bn_rng_normals(plain, 6, 0, a, N);
    for (size_t lag = 1; lag <= 8; lag++) {
        double s = 0.0;
        const double n = (double)(N - lag);
        for (size_t i = lag; i < N; i++)
            s += a[i] * a[i - lag];
        assert_close(s / n, 0.0, 0.0, 5.0 / sqrt(n));
    }
}

static void adding_a_unit_changes_no_other(void **state)
{
    (void)state;
    enum { STEPS = 10 };
    double few[5][STEPS], many[50][STEPS];

    for (uint64_t u = 0; u < 5; u++)
        bn_rng_normals(plain, u, 0, few[u], STEPS);
    for (uint64_t u = 50; u-- > 0;)      /* in another order */
        bn_rng_normals(plain, u, 0, many[u], STEPS);
    assert_memory_equal(few, many, sizeof few);
}

static void a_permutation_is_one(void **state)
{
    (void)state;
    static const size_t size[] = { 0, 1, 2, 3, 10, 1000 };
    static size_t p[1000], again[1000];
    static bool seen[1000];

    for (size_t k = 0; k < BN_LEN(size); k++) {
        const size_t n = size[k];
        memset(seen, 0, sizeof seen);
        bn_rng_permutation(plain, 0, p, n);
        for (size_t i = 0; i < n; i++) {
            assert_true(p[i] < n && !seen[p[i]]);
            seen[p[i]] = true;
        }
        bn_rng_permutation(plain, 0, again, n);
        assert_memory_equal(p, again, n * sizeof *p);
    }
    bn_rng_permutation(plain, 1, again, 1000);
    assert_memory_not_equal(p, again, sizeof p);
}

/* All 4! = 24 orders: chi^2 with 23 degrees of freedom, over units and replicates.
 * An exchange with any place instead of those left would give chi^2 in the
 * thousands: its orders have probabilities of 8/256 to 15/256.              */
static void permutations_are_uniform(void **state)
{
    (void)state;
    enum { DRAWS = 48000 };
    double count[256] = { 0 }, chi2 = 0.0;
    const double want = DRAWS / 24.0;
    size_t orders = 0;

    for (uint64_t d = 0; d < DRAWS; d++) {
        size_t p[4];
        struct bn_rng r = plain;
        r.replicate = d % 10;
        bn_rng_permutation(r, d / 10, p, 4);
        count[p[0] + 4 * p[1] + 16 * p[2] + 64 * p[3]]++;
    }
    for (size_t k = 0; k < 256; k++)
        if (count[k] > 0.0) {
            chi2 += (count[k] - want) * (count[k] - want) / want;
            orders++;
        }
    assert_int_equal(orders, 24);
    assert_close(chi2, 23.0, 0.0, 5.0 * sqrt(2.0 * 23.0));
}

/* A permutation of two is a coin; drawn from the same counters as the uniforms of its
 * unit it would be decided by one of them.                                  */
static void permutations_share_no_draws_with_uniforms(void **state)
{
    (void)state;
    enum { DRAWS = 4000, STEPS = 40 };
    double s[STEPS] = { 0 };

    for (uint64_t d = 0; d < DRAWS; d++) {
        double u[STEPS];
        size_t p[2];
        bn_rng_permutation(plain, d, p, 2);
        bn_rng_uniforms(plain, d, 0, u, STEPS);
        for (size_t i = 0; i < STEPS; i++)
            s[i] += (p[0] == 0 ? 1.0 : -1.0) * (u[i] - 0.5);
    }
    for (size_t i = 0; i < STEPS; i++)   /* a uniform has variance 1/12 */
        assert_close(s[i] / DRAWS, 0.0, 0.0, 5.0 * sqrt(1.0 / 12.0 / DRAWS));
}

/* In a long permutation p[i] is uniform: over many, the mean of p[0] and p[n-1] is
 * (n-1)/2 with variance (n^2-1)/12 each.                                    */
static void long_permutations_are_fair_at_both_ends(void **state)
{
    (void)state;
    enum { LEN = 300, DRAWS = 2000 };
    static size_t p[LEN];
    double head = 0.0, tail = 0.0;

    for (uint64_t d = 0; d < DRAWS; d++) {
        bn_rng_permutation(plain, d, p, LEN);
        head += (double)p[0];
        tail += (double)p[LEN - 1];
    }
    const double sigma = sqrt((LEN * LEN - 1) / 12.0 / DRAWS);
    assert_close(head / DRAWS, 0.5 * (LEN - 1), 0.0, 5.0 * sigma);
    assert_close(tail / DRAWS, 0.5 * (LEN - 1), 0.0, 5.0 * sigma);
}

/* Mean, variance and Laplace transform: E g = Var g = k, E e^(-sg) = (1 + s)^-k.  Without
 * the power of a uniform that a shape below 1 needs, the mean would be k + 1.     */
static void gammas_have_their_moments(void **state)
{
    (void)state;
    static const double shapes[] = { 0.1, 0.57, 1.0, 3.5, 40.0 }, rates[] = { 0.2, 1.0, 5.0 };
    enum { DRAWS = 40000 };
    for (size_t k = 0; k < BN_LEN(shapes); k++) {
        const double shape = shapes[k];
        double sum = 0.0, square = 0.0;
        for (size_t i = 0; i < DRAWS; i++) {
            a[i] = bn_rng_gamma(plain, i, shape);
            sum += a[i] / DRAWS;
            square += (a[i] - shape) * (a[i] - shape) / DRAWS;
        }
        /* fourth central moment: 3 k^2 + 6 k */
        assert_close(sum, shape, 0, 5.0 * sqrt(shape / DRAWS));
        assert_close(square, shape, 0, 5.0 * sqrt((2.0 * shape * shape + 6.0 * shape) / DRAWS));
        for (size_t j = 0; j < BN_LEN(rates); j++) {
            const double want = pow(1.0 + rates[j], -shape);
            const double second = pow(1.0 + 2.0 * rates[j], -shape);
            double mean = 0.0;
            for (size_t i = 0; i < DRAWS; i++)
                mean += exp(-rates[j] * a[i]) / DRAWS;
            assert_close(mean, want, 0, 5.0 * sqrt((second - want * want) / DRAWS));
        }
        assert_true(bn_rng_gamma(plain, 7, shape) == a[7]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(blocks_are_those_of_random123),
        cmocka_unit_test(streams_are_named_by_fnv1a),
        cmocka_unit_test(uniforms_are_midpoints_of_bins),
        cmocka_unit_test(uniforms_have_uniform_moments),
        cmocka_unit_test(normals_have_normal_moments),
        cmocka_unit_test(uniforms_fill_all_bins_equally),
        cmocka_unit_test(a_draw_depends_on_its_step_alone),
        cmocka_unit_test(seeds_streams_replicates_and_units_are_independent),
        cmocka_unit_test(neighbouring_steps_are_uncorrelated),
        cmocka_unit_test(adding_a_unit_changes_no_other),
        cmocka_unit_test(a_permutation_is_one),
        cmocka_unit_test(permutations_are_uniform),
        cmocka_unit_test(permutations_share_no_draws_with_uniforms),
        cmocka_unit_test(long_permutations_are_fair_at_both_ends),
        cmocka_unit_test(gammas_have_their_moments),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
