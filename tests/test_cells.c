/* SPDX-License-Identifier: MIT */
#include "test.h"

#include <basin/cells.h>

#include <stdlib.h>

#define PI 3.14159265358979323846

static const struct bn_rng rng = { .seed = 3, .stream = UINT64_C(0x63656C6C73) };

static struct bn_mat mat_make(size_t rows, size_t cols)
{
    struct bn_mat m;
    assert_ok(bn_mat_alloc(&m, rows, cols));
    return m;
}

/* A track of 48 m with sigma_c = 0.3 m. */
static struct bn_cells rich(void)
{
    return (struct bn_cells){ .manifold = { .kind = BN_INTERVAL, .dimensions = 1,
            .count = { 1200, 1, 1 }, .size = { 48.0 } },
        .kernel = { BN_KERNEL_GAUSSIAN, { 0.3 } }, .periods = 1, .eta = 1.0,
        .transfer = { BN_TRANSFER_THRESHOLD, 1.0, 0.0 }, .thresholds = BN_THRESHOLDS_GAMMA,
        .shape = 0.57, .scale = 1.0 / 7.75 };
}

/* --- thresholds ---------------------------------------------------------------------- */

/* Each threshold makes its propensity again by Rice: exp(-theta^2/2)/(2 pi sigma_c). */
static void thresholds_make_their_propensity(void **state)
{
    (void)state;
    enum { N = 3000 };
    const struct bn_cells c = rich();
    double theta[N], g[N], again[N];
    size_t capped = 0;
    bn_cells_thresholds(&c, rng, N, theta, g);
    bn_cells_thresholds(&c, rng, N / 2, again, NULL);
    assert_memory_equal(theta, again, N / 2 * sizeof *theta);
    for (size_t i = 0; i < N; i++) {
        const double made = exp(-0.5 * theta[i] * theta[i]) / (2.0 * PI * 0.3);
        if (theta[i] == 0.0)
            capped += g[i] >= made;      /* more fields than the process can have */
        else
            assert_close(made, g[i], 1e-9, 1e-290);
        assert_true(theta[i] > 0.0 || g[i] >= made);
    }
    assert_true(capped < N / 50);
}

/* Rich, Liaw & Lee's counts: the number of fields on 48 m is nearly negative binomial (mean
 * 3.53, 32.5 % silent), and the share of cells with a field on the first 3, 10, 22, 48 m
 * grows like the logarithm.  Beside it numbers of an independent simulation of the same
 * process, which counts begins of fields: five standard errors.  One
 * threshold for all cells, that of the mean propensity, would leave 3 % silent.   */
static void counts_are_over_dispersed(void **state)
{
    (void)state;
    enum { N = 4000, POINTS = 1200 };
    static const double upto[] = { 3.0, 10.0, 22.0, 48.0 };
    static const double want[] = { 0.172, 0.374, 0.529, 0.672 }, gamma[] = { 0.170, 0.376, 0.535,
                                                                             0.675 };
    const struct bn_cells c = rich();
    struct bn_mat h = mat_make(N, POINTS);
    double *theta = calloc(N, sizeof *theta), share[4] = { 0 }, mean = 0.0, square = 0.0;
    bn_cells_thresholds(&c, rng, N, theta, NULL);
    assert_ok(bn_cells_maps(&c, rng, 0, &h));
    for (size_t i = 0; i < N; i++) {
        const double *x = bn_mat_row(&h, i);
        double fields = 0.0;
        for (size_t k = 0; k < 4; k++) {
            const size_t end = (size_t)(upto[k] / 48.0 * POINTS + 0.5);
            bool any = false;
            for (size_t j = 1; j < end; j++)
                any = any || (x[j] > theta[i] && x[j - 1] <= theta[i]);
            share[k] += any;
        }
        for (size_t j = 1; j < POINTS; j++)
            fields += x[j] > theta[i] && x[j - 1] <= theta[i];
        mean += fields / N;
        square += fields * fields / N;
    }
    print_message("fields: mean %.3f, variance %.2f, silent %.3f\n", mean, square - mean * mean,
                  1.0 - share[3] / N);
    for (size_t k = 0; k < 4; k++) {
        const double error = sqrt(want[k] * (1.0 - want[k]) / N);
        assert_close(share[k] / N, want[k], 0, 5.0 * error);
        assert_close(share[k] / N, gamma[k], 0, 0.02 + 3.0 * error);
    }
    assert_close(mean, 3.47, 0, 5.0 * sqrt(22.6 / N));
    bn_mat_free(&h), free(theta);
}

static void skewed_thresholds_have_their_moments(void **state)
{
    (void)state;
    enum { N = 20000 };
    struct bn_cells c = rich();
    const double a = -5.0, delta = a / sqrt(1.0 + a * a), middle = delta * sqrt(2.0 / PI);
    static double theta[N];
    double mean = 0.0, square = 0.0;
    c.thresholds = BN_THRESHOLDS_SKEWED;
    c.theta = 3.0;
    c.spread = 0.3;
    bn_cells_thresholds(&c, rng, N, theta, NULL);
    for (size_t i = 0; i < N; i++)
        mean += theta[i] / N;
    for (size_t i = 0; i < N; i++)
        square += (theta[i] - mean) * (theta[i] - mean) / N;
    const double sd = 0.3 * sqrt(1.0 - 2.0 * delta * delta / PI);
    assert_close(mean, 3.0 - middle + 0.3 * middle + 0.4, 0, 5.0 * sd / sqrt(N));
    assert_close(sqrt(square), sd, 0, 5.0 * sd / sqrt(N));       /* kurtosis below 4 */
}

/* --- means --------------------------------------------------------------------------- */

/* Computed elsewhere, to the digits that are here. */
static void means_are_tabulated(void **state)
{
    (void)state;
    static const struct { double theta, q, mean, square, sparsity; } rows[] = {
        { 0.5, .30854, .19780, .20964, .187 },  { 1.0, .15866, .08332, .07534, .092 },
        { 1.1, .13567, .06862, .06018, .078 },  { 1.6, .05480, .02324, .01761, .031 },
        { 2.4, .00820, .00272, .00167, .0044 }, { 3.0, .00135, .00038, .00020, .0007 },
    };
    struct bn_cells c = rich();
    c.thresholds = BN_THRESHOLDS_FIXED;
    for (size_t k = 0; k < BN_LEN(rows); k++) {
        struct bn_cells_means m;
        assert_ok(bn_cells_theory(&c, &rows[k].theta, 1, &m));
        assert_close(m.active, rows[k].q, 0, 5.01e-6);
        assert_close(m.rate, rows[k].mean, 0, 5.01e-6);
        assert_close(m.square, rows[k].square, 0, 5.01e-6);
        assert_close(m.rate * m.rate / m.square, rows[k].sparsity, 0, 5.5e-4);
    }
}

/* The curve of products that is interpolated, beside each cell's own. */
static void products_are_means_over_cells(void **state)
{
    (void)state;
    enum { N = 60 };
    static const struct bn_transfer kinds[] = { { BN_TRANSFER_THRESHOLD, 1.7, 0.0 },
                                                { BN_TRANSFER_ERF, 2.5, 0.0 },
                                                { BN_TRANSFER_SOFTPLUS, 2.0, 0.5 } };
    const double g[] = { -0.9, -0.2, 0.0, 0.013, 0.4, 0.77, 1.1, 1.19, 1.2 }, g0 = 1.2;
    double theta[N], got[BN_LEN(g)];
    for (size_t k = 0; k < BN_LEN(kinds); k++) {
        struct bn_cells c = rich();
        c.transfer = kinds[k];
        bn_cells_thresholds(&c, rng, N, theta, NULL);
        assert_ok(bn_cells_products(&c, theta, N, g0, g, BN_LEN(g), got));
        for (size_t j = 0; j < BN_LEN(g); j++) {
            double want = 0.0;
            for (size_t i = 0; i < N; i++) {
                struct bn_transfer t = kinds[k];
                double one;
                t.threshold += k == 0 ? theta[i] : 0.0;
                assert_ok(bn_transfer_covariance(&t, g0, &g[j], 1, &one));
                want += one / N;
            }
            assert_close(got[j], want, 1e-9, 1e-10);
        }
    }
}

/* --- pairs --------------------------------------------------------------------------- */

static const struct bn_manifold floors[] = {
    { .kind = BN_INTERVAL, .dimensions = 1, .count = { 150, 1, 1 }, .size = { 15.0 } },
    { .kind = BN_BOX, .dimensions = 2, .count = { 20, 24, 1 }, .size = { 4.0, 5.0 } },
    { .kind = BN_BOX, .dimensions = 3, .count = { 8, 9, 10 }, .size = { 2.5, 2.7, 3.0 } },
    { .kind = BN_TORUS, .dimensions = 2, .count = { 20, 20, 1 },
      .size = { BN_TWO_PI, BN_TWO_PI } },
    { .kind = BN_SPHERE, .dimensions = 2, .count = { 24, 12, 1 }, .size = { BN_TWO_PI, PI } },
};

/* Batches of cells give each bin's error; the predicted products lie within five of them (a
 * batch's mean is taken from the same cells, so with 20 batches 5 is a Student's 5: 8e-5).
 * A correlation with sigma_f in place of sigma_c misses by tens, thresholds that share the
 * random numbers of the maps by 8.                                                 */
static void pairs_have_the_predicted_products(void **state)
{
    (void)state;
    enum { BATCHES = 20, BATCH = 40, N = BATCHES * BATCH };
    for (size_t f = 0; f < BN_LEN(floors); f++) {
        struct bn_cells c = rich();
        c.manifold = floors[f];
        c.kernel = (struct bn_kernel){ f == 4 ? BN_KERNEL_VONMISES : BN_KERNEL_GAUSSIAN,
                                       { 0.7, 0.7, 0.7 } };
        c.scale = 0.1;
        const size_t points = bn_manifold_points(&c.manifold);
        struct bn_mat x = mat_make(N, points), r = mat_make(N, points);
        double *theta = calloc(N, sizeof *theta), worst = 0.0;
        struct bn_cells_pairs all, part[BATCHES];
        bn_cells_thresholds(&c, rng, N, theta, NULL);
        assert_ok(bn_cells_maps(&c, rng, 0, &x));
        for (size_t i = 0; i < N; i++)
            for (size_t k = 0; k < points; k++)
                *bn_mat_at(&x, i, k) -= theta[i];
        bn_transfer_rate(&c.transfer, N * points, x.data, r.data);
        assert_ok(bn_cells_pairs(&c, theta, &x, &r, &all));
        assert_true(all.bins > 8 && all.distance[0] == 0.0);
        for (size_t b = 0; b < BATCHES; b++) {
            const struct bn_mat px = { BATCH, points, bn_mat_row(&x, b * BATCH) };
            const struct bn_mat pr = { BATCH, points, bn_mat_row(&r, b * BATCH) };
            assert_ok(bn_cells_pairs(&c, theta + b * BATCH, &px, &pr, &part[b]));
        }
        for (size_t k = 0; k < all.bins; k++) {
            double square[2] = { 0.0 };
            for (size_t b = 0; b < BATCHES; b++) {
                const double dx = part[b].current_sampled[k] - part[b].current[k];
                const double dr = part[b].rate_sampled[k] - part[b].rate[k];
                const double mx = all.current_sampled[k] - all.current[k];
                const double mr = all.rate_sampled[k] - all.rate[k];
                square[0] += (dx - mx) * (dx - mx) / (BATCHES - 1.0) / BATCHES;
                square[1] += (dr - mr) * (dr - mr) / (BATCHES - 1.0) / BATCHES;
            }
            worst = fmax(worst, fabs(all.current_sampled[k] - all.current[k]) / sqrt(square[0]));
            worst = fmax(worst, fabs(all.rate_sampled[k] - all.rate[k]) / sqrt(square[1]));
            assert_true(k == 0 || all.distance[k] > all.distance[k - 1]);
        }
        print_message("%s: %zu bins, worst %.2f errors\n", bn_manifold_name(c.manifold.kind),
                      all.bins, worst);
        assert_true(worst < 5.0);
        for (size_t b = 0; b < BATCHES; b++)
            free(part[b].distance);
        free(all.distance), free(theta), bn_mat_free(&x), bn_mat_free(&r);
    }
}

/* --- grid cells ------------------------------------------------------------------------ */

static struct bn_cells module_of_grid_cells(double eta)
{
    return (struct bn_cells){ .manifold = { .kind = BN_HEXAGON, .dimensions = 2,
            .count = { 24, 24, 1 }, .size = { 3.0, 3.0 } },
        .kernel = { BN_KERNEL_GAUSSIAN, { 0.3 } }, .whole = { BN_KERNEL_GAUSSIAN, { 0.9 } },
        .periods = 3, .eta = eta, .transfer = { BN_TRANSFER_ERF, 2.5, 0.0 } };
}

/* eta = 1: each unit cell has the same map.  eta = 0: the map of the whole.  Between, the
 * variance is 1 and the covariance the mixed one: a mix by eta instead of its root would have
 * eta^2 + (1 - eta)^2.                                                             */
static void grids_are_mixed(void **state)
{
    (void)state;
    enum { N = 4000, M = 24, UNIT = 8 };
    struct bn_mat h = mat_make(N, M * M), whole = mat_make(N, M * M), gram = mat_make(M * M, M * M);
    struct bn_cells c = module_of_grid_cells(1.0);
    assert_ok(bn_cells_check(&c));
    assert_ok(bn_cells_maps(&c, rng, 0, &h));
    for (size_t i = 0; i < 20; i++)
        for (size_t u = 0; u < M; u++)
            for (size_t v = 0; v < M; v++)
                assert_true(*bn_mat_at(&h, i, u * M + v)
                            == *bn_mat_at(&h, i, u % UNIT * M + v % UNIT));
    c.eta = 0.0;
    assert_ok(bn_cells_maps(&c, rng, 0, &h));
    assert_ok(bn_maps_sample(&c.manifold, &c.whole, bn_rng_sub(rng, "whole"), 0, &whole));
    assert_memory_equal(h.data, whole.data, N * M * M * sizeof(double));
    c.eta = 0.3;
    assert_ok(bn_cells_maps(&c, rng, 0, &h));
    assert_ok(bn_gram(1.0 / N, &h, BN_TRANSPOSED, &gram));
    double a[BN_DIMENSIONS], b[BN_DIMENSIONS], worst = 0.0;
    for (size_t p = 0; p < M * M; p += 37)
        for (size_t q = 0; q < M * M; q += 7) {
            bn_manifold_point(&c.manifold, p, a);
            bn_manifold_point(&c.manifold, q, b);
            const double r = bn_cells_correlation(&c, a, b);
            worst = fmax(worst, fabs(*bn_mat_at(&gram, p, q) - r) / sqrt((1.0 + r * r) / N));
        }
    print_message("worst of the mix: %.2f errors\n", worst);
    assert_true(worst < 5.0);
    bn_mat_free(&h), bn_mat_free(&whole), bn_mat_free(&gram);
}

static void bad_cells_are_refused(void **state)
{
    (void)state;
    struct bn_cells c = module_of_grid_cells(0.5);
    c.periods = 5;
    assert_fails(bn_cells_check(&c), BN_USAGE);
    assert_says(bn_error(), "24 points along coordinate 1 for 5 periods");
    c = rich();
    c.periods = 2;
    assert_fails(bn_cells_check(&c), BN_USAGE);
    assert_says(bn_error(), "interval");
    c = module_of_grid_cells(0.5);
    c.kernel.length[0] = 0.9;            /* fits the whole, not the unit cell */
    assert_fails(bn_cells_check(&c), BN_USAGE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(thresholds_make_their_propensity),
        cmocka_unit_test(counts_are_over_dispersed),
        cmocka_unit_test(skewed_thresholds_have_their_moments),
        cmocka_unit_test(means_are_tabulated),
        cmocka_unit_test(products_are_means_over_cells),
        cmocka_unit_test(pairs_have_the_predicted_products),
        cmocka_unit_test(grids_are_mixed),
        cmocka_unit_test(bad_cells_are_refused),
    };
    return cmocka_run_group_tests_name("cells", tests, NULL, NULL);
}
