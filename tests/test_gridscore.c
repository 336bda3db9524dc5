/* SPDX-License-Identifier: MIT
 * gridscore: lattices of cosines, whose endless autocorrelogram is a lattice of cosines,
 * so that score, spacing and orientation are known.                              */
#include "test.h"

#include <basin/fourier.h>
#include <basin/gridscore.h>
#include <basin/mem.h>
#include <basin/rng.h>

#include <stdlib.h>

#define PI 3.14159265358979323846

enum { MOST = 128 };
static double map[MOST * MOST];

/* Waves of equal height along `waves` directions, even over half a turn: 3 make a
 * hexagonal, 2 a square lattice.  A lattice vector has the angle `turned`.        */
static double lattice(int waves, double spacing, double turned, double x, double y)
{
    const double k = 2.0 * PI / spacing / (waves == 3 ? sqrt(0.75) : 1.0);
    double sum = 0.0;
    for (int j = 0; j < waves; j++) {
        const double a = turned + PI * j / waves + (waves == 3 ? PI / 6.0 : 0.0);
        sum += cos(k * (x * cos(a) + y * sin(a)) + 1.0 + 0.7 * j);
    }
    return sum;
}

static struct bn_plane plane(size_t rows, size_t cols, double step)
{
    return (struct bn_plane){ .value = map, .count = { rows, cols },
                              .step = { { step, 0.0 }, { 0.0, step } } };
}

static void fill(const struct bn_plane *p, int waves, double spacing, double turned)
{
    for (size_t i = 0; i < p->count[0]; i++)
        for (size_t j = 0; j < p->count[1]; j++) {
            const double a = (double)i, b = (double)j;
            map[i * p->count[1] + j] =
                lattice(waves, spacing, turned, a * p->step[0][0] + b * p->step[1][0],
                        a * p->step[0][1] + b * p->step[1][1]);
        }
}

static struct bn_gridscore score(const struct bn_plane *p)
{
    struct bn_gridscore g;
    assert_ok(bn_gridscore(p, &g));
    return g;
}

static void noise(uint64_t unit, double *x, size_t n)
{
    const struct bn_rng r = { .seed = 5, .stream = bn_rng_stream("test_gridscore") };
    bn_rng_normals(r, unit, 0, x, n);
}

/* By its definition, sum over bins; one lag that is a shift is found again. */
static void correlations_in_the_plane(void **state)
{
    (void)state;
    const size_t n[2] = { 5, 8 };
    double a[40], b[40], open[9 * 15], closed[40];

    noise(0, a, 40), noise(1, b, 40);
    assert_ok(bn_fourier_correlate(a, b, n, false, open));
    assert_ok(bn_fourier_correlate(a, b, n, true, closed));
    for (int di = -4; di <= 4; di++)
        for (int dj = -7; dj <= 7; dj++) {
            double sum = 0.0, around = 0.0;
            for (int i = 0; i < 5; i++)
                for (int j = 0; j < 8; j++) {
                    const int k = i + di, l = j + dj;
                    if (k >= 0 && k < 5 && l >= 0 && l < 8)
                        sum += a[i * 8 + j] * b[k * 8 + l];
                    around += a[i * 8 + j] * b[(k + 5) % 5 * 8 + (l + 8) % 8];
                }
            assert_close(open[(di + 4) * 15 + dj + 7], sum, 0, 1e-13);
            assert_close(closed[(di + 5) % 5 * 8 + (dj + 8) % 8], around, 0, 1e-13);
        }
}

/* Pearson over the overlap, by hand, with bins that are not known. */
static void the_autocorrelogram_by_hand(void **state)
{
    (void)state;
    const struct bn_plane p = plane(9, 12, 1.0);
    double r[17 * 23];

    noise(2, map, 108);
    map[5] = map[17] = map[50] = NAN;
    assert_ok(bn_autocorrelogram(&p, 6, r));
    for (int di = -8; di <= 8; di++)
        for (int dj = -11; dj <= 11; dj++) {
            double n = 0, a = 0, b = 0, aa = 0, bb = 0, ab = 0;
            for (int i = 0; i < 9; i++)
                for (int j = 0; j < 12; j++) {
                    const int k = i + di, l = j + dj;
                    if (k < 0 || k >= 9 || l < 0 || l >= 12)
                        continue;
                    const double x = map[i * 12 + j], y = map[k * 12 + l];
                    if (isnan(x) || isnan(y))
                        continue;
                    n++, a += x, b += y, aa += x * x, bb += y * y, ab += x * y;
                }
            const double got = r[(di + 8) * 23 + dj + 11];
            if (n < 6)
                assert_true(isnan(got));
            else
                assert_close(got, (ab - a * b / n) / sqrt((aa - a * a / n) *
                             (bb - b * b / n)), 0, 1e-10);
        }
}

/* An endless lattice's score is a number (an integral over the annulus, done once in
 * NumPy on 2001 radii x 720 angles): 1.33483 and -1.20239.  With 8 spacings along a side it
 * must be near; linear interpolation and the walls leave a few hundredths.
 * A correlogram divided by the number of all bins would find 15.2 in place of 16 in the
 * small arena of 2.5 spacings (computed with NumPy), 5 %: far out of the bound.       */
static void lattices(void **state)
{
    (void)state;
    struct bn_plane p = plane(128, 128, 0.5);

    for (int k = 0; k < 6; k++) {
        const double turned = PI / 3.0 * k / 6.0;
        fill(&p, 3, 8.0, turned);
        const struct bn_gridscore g = score(&p);
        assert_int_equal(g.peaks, 6);
        assert_close(g.score, 1.33483, 0, 0.03);
        assert_close(g.spacing, 8.0, 0.005, 0);
        assert_close(remainder(g.orientation - turned, PI / 3.0), 0, 0, 0.01);
        assert_in_range((size_t)(1000.0 * (g.orientation + 1e-9)), 0, 1048);
        fill(&p, 2, 8.0, turned);
        assert_close(score(&p).score, -1.20239, 0, 0.03);
    }
    p = plane(40, 40, 1.0);
    for (int k = 0; k < 6; k++) {
        fill(&p, 3, 16.0, 0.1 + 0.15 * k);
        const struct bn_gridscore g = score(&p);
        assert_close(g.spacing, 16.0, 0.005, 0);
        assert_true(g.score > 1.0);
    }
}

/* Bins that are longer than wide, and the (u, v) grid of a hexagonal torus. */
static void other_grids(void **state)
{
    (void)state;
    struct bn_plane p = { .value = map, .count = { 60, 120 },
                          .step = { { 1.0, 0.0 }, { 0.0, 0.5 } } };
    fill(&p, 3, 10.0, 0.3);
    struct bn_gridscore g = score(&p);
    assert_close(g.spacing, 10.0, 0.01, 0);
    assert_close(g.orientation, 0.3, 0, 0.01);
    assert_close(g.score, 1.33483, 0, 0.05);

    /* four periods along each side, seven bins each; it closes */
    p = (struct bn_plane){ .value = map, .count = { 28, 28 }, .periodic = true,
                           .step = { { 1.0, 0.0 }, { 0.5, sqrt(0.75) } } };
    fill(&p, 3, 7.0, 0.0);
    g = score(&p);
    assert_close(g.spacing, 7.0, 1e-9, 0);
    assert_close(remainder(g.orientation, PI / 3.0), 0, 0, 1e-9);
    assert_close(g.score, 1.33483, 0, 0.05);

    /* a single period: the torus itself repeats */
    p.count[0] = p.count[1] = 14;
    fill(&p, 3, 14.0, 0.0);
    g = score(&p);
    assert_close(g.spacing, 14.0, 1e-9, 0);
    assert_int_equal(g.peaks, 6);
}

/* A place field repeats nowhere; so does a plateau.  A shift of the map and a factor change
 * nothing, unknown bins little.                                                  */
static void fields_and_invariance(void **state)
{
    (void)state;
    struct bn_plane p = plane(40, 40, 1.0);

    for (int i = 0; i < 40; i++)
        for (int j = 0; j < 40; j++)
            map[i * 40 + j] = exp(-0.02 * (hypot(i - 20, j - 20) * hypot(i - 20, j - 20)));
    assert_int_equal(score(&p).peaks, 0);
    for (int k = 0; k < 1600; k++)
        map[k] = 3.0;
    const struct bn_gridscore flat = score(&p);
    assert_int_equal(flat.peaks, 0);
    assert_close(flat.score, 0, 0, 0);

    fill(&p, 3, 9.0, 0.4);
    const double want = score(&p).score;
    for (int k = 0; k < 1600; k++)
        map[k] = 1e3 + 7.0 * map[k];
    assert_close(score(&p).score, want, 0, 1e-8);
    for (int i = 0; i < 6; i++)
        for (int j = 0; j < 6; j++)
            map[i * 40 + j] = NAN;
    assert_close(score(&p).score, want, 0, 0.05);
}

/* Smoothed noise has no lattice: with three correlations per map of which the largest is
 * taken away from one, the mean is below 0, and no map of 60 comes near a grid's score. */
static void smoothed_noise(void **state)
{
    (void)state;
    static double white[46 * 46], half[46 * 40];
    const double w[7] = { 0.011, 0.135, 0.607, 1.0, 0.607, 0.135, 0.011 };
    const struct bn_plane p = plane(40, 40, 1.0);
    double sum = 0.0;

    for (uint64_t unit = 0; unit < 60; unit++) {
        noise(100 + unit, white, BN_LEN(white));
        for (size_t i = 0; i < 46; i++)
            for (size_t j = 0; j < 40; j++) {
                half[i * 40 + j] = 0.0;
                for (size_t k = 0; k < 7; k++)
                    half[i * 40 + j] += w[k] * white[i * 46 + j + k];
            }
        for (size_t i = 0; i < 40; i++)
            for (size_t j = 0; j < 40; j++) {
                map[i * 40 + j] = 0.0;
                for (size_t k = 0; k < 7; k++)
                    map[i * 40 + j] += w[k] * half[(i + k) * 40 + j];
            }
        const double s = score(&p).score;
        assert_true(s < 0.7);
        sum += s;
    }
    assert_true(sum / 60.0 < 0.0);
}

static void what_is_refused(void **state)
{
    (void)state;
    struct bn_plane p = plane(2, 40, 1.0);
    struct bn_gridscore g;
    bn_status rc = BN_NOMEM;

    fill(&p, 3, 9.0, 0.0);
    assert_fails(bn_gridscore(&p, &g), BN_INPUT);
    assert_says(bn_error(), "2 x 40");
    p = plane(20, 20, 1.0);
    p.step[1][1] = 0.0;
    assert_fails(bn_gridscore(&p, &g), BN_INPUT);
    assert_says(bn_error(), "span no plane");
    p.step[1][1] = 1.0;
    for (long n = 0; rc != BN_OK; n++) {
        bn_alloc_fail_after(n);
        rc = bn_gridscore(&p, &g);
        bn_alloc_fail_after(-1);
        assert_true(rc == BN_OK || (rc == BN_NOMEM && n < 100));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(correlations_in_the_plane),
        cmocka_unit_test(the_autocorrelogram_by_hand),
        cmocka_unit_test(lattices),
        cmocka_unit_test(other_grids),
        cmocka_unit_test(fields_and_invariance),
        cmocka_unit_test(smoothed_noise),
        cmocka_unit_test(what_is_refused),
    };
    return cmocka_run_group_tests_name("gridscore", tests, NULL, NULL);
}
