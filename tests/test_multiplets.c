/* SPDX-License-Identifier: MIT
 * multiplets: sampled covariances whose true eigenvalues are known.          */
#include "test.h"

#include <basin/mem.h>
#include <basin/multiplets.h>
#include <basin/rng.h>

#include <stdlib.h>

/* Eigenvalues of the covariance of `cells` cells with these variances; gain: every cell's
 * components are multiplied by its own number, whose square is exponential.  */
static double draw(uint64_t seed, size_t cells, const double *variance, size_t n, bool gain,
                   double *value)
{
    const struct bn_rng rng = { .seed = seed, .stream = bn_rng_stream("test_multiplets") };
    struct bn_mat a, g;
    double u;
    assert_ok(bn_mat_alloc(&a, n, cells));
    assert_ok(bn_mat_alloc(&g, n, n));
    double *z = bn_alloc(n, sizeof *z);
    for (size_t i = 0; i < cells; i++) {
        bn_rng_normals(rng, i, 0, z, n);
        bn_rng_uniforms(rng, i, 1000, &u, 1);
        for (size_t k = 0; k < n; k++)
            *bn_mat_at(&a, k, i) = sqrt(variance[k] * (gain ? -log(u) : 1.0)) * z[k];
    }
    assert_ok(bn_gram(1.0 / (double)cells, &a, BN_PLAIN, &g));
    assert_ok(bn_eig_symmetric(&g, z));
    for (size_t k = 0; k < n; k++)
        value[k] = z[n - 1 - k];
    const double q = bn_multiplets_inflation(&a);
    free(z);
    bn_mat_free(&a), bn_mat_free(&g);
    return q;
}

/* The spectra of a sphere, a square torus, a hexagonal one, and a circle. */
static void manifolds(void **state)
{
    (void)state;
    static const struct {
        size_t size[5];
        double value[5];
    } rows[] = {
        { { 3, 5, 7, 9 }, { 1.0, 0.55, 0.25, 0.09 } },
        { { 4, 4, 4, 8 }, { 1.0, 0.65, 0.4, 0.25 } },
        { { 6, 6, 6, 12 }, { 1.0, 0.5, 0.3, 0.15 } },
        { { 2, 2, 2, 2, 2 }, { 1.0, 0.65, 0.4, 0.25, 0.1 } },
        { { 2, 2, 4, 4 }, { 1.0, 0.7, 0.5, 0.3 } },
    };
    for (size_t r = 0; r < BN_LEN(rows); r++)
        for (uint64_t seed = 1; seed <= 5; seed++) {
            double variance[64], value[64];
            size_t n = 0, size[64], groups, want = 0;
            for (size_t g = 0; g < 5 && rows[r].size[g] > 0; g++, want++)
                for (size_t k = 0; k < rows[r].size[g]; k++)
                    variance[n++] = rows[r].value[g];
            draw(seed, 1000, variance, n, false, value);
            assert_ok(bn_multiplets(value, n, 1000.0, size, &groups));
            if (groups != want)
                fail_msg("row %zu, seed %d: %zu groups, want %zu", r, (int)seed, groups, want);
            for (size_t g = 0; g < groups; g++)
                assert_int_equal(size[g], rows[r].size[g]);
        }
}

/* A doublet is cut with probability exp(-5); for cells with gains, too, if q is known to be 2,
 * without which it would be exp(-2.5).  Bounds are five standard deviations.   */
static void doublets_are_cut_as_rarely_as_said(void **state)
{
    (void)state;
    enum { DRAWS = 1000, CELLS = 1000 };
    const double one[2] = { 1.0, 1.0 }, p = exp(-5.0), sd = sqrt(DRAWS * p * (1.0 - p));
    for (int gain = 0; gain < 2; gain++) {
        double value[2], q = 0.0;
        int cuts = 0;
        for (uint64_t seed = 0; seed < DRAWS; seed++) {
            size_t size[2], groups;
            q += draw(seed, CELLS, one, 2, gain, value) / DRAWS;
            assert_ok(bn_multiplets(value, 2, CELLS / (gain ? 2.0 : 1.0), size, &groups));
            cuts += groups == 2;
        }
        assert_close(cuts, DRAWS * p, 0, 5.0 * sd);
        assert_close(q, gain ? 2.0 : 1.0, 0, 0.06);      /* at least 1 each time: above 1 */
    }
}

static void refusals(void **state)
{
    (void)state;
    const double up[] = { 1.0, 2.0 }, zero[] = { 1.0, 0.0 };
    size_t size[2], groups;
    assert_fails(bn_multiplets(up, 2, 100.0, size, &groups), BN_INPUT);
    assert_fails(bn_multiplets(zero, 2, 100.0, size, &groups), BN_INPUT);
    assert_ok(bn_multiplets(up, 1, 100.0, size, &groups));
    assert_int_equal(groups, 1);
    assert_ok(bn_multiplets(up, 0, 100.0, size, &groups));
    assert_int_equal(groups, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(manifolds),
        cmocka_unit_test(doublets_are_cut_as_rarely_as_said),
        cmocka_unit_test(refusals),
    };
    return cmocka_run_group_tests_name("multiplets", tests, NULL, NULL);
}
