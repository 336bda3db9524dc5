/* SPDX-License-Identifier: MIT */
#include "test.h"
#include "every_manifold.h"

#include <basin/poisson.h>

#include <stdlib.h>

static const struct bn_rng rng = { 3, 5, 0 };

static struct bn_mat mat_make(size_t rows, size_t cols)
{
    struct bn_mat m;
    assert_ok(bn_mat_alloc(&m, rows, cols));
    return m;
}

/* A map that is its own coordinate is reproduced between grid points; on grid points every
 * map is.                                                                        */
static void interpolation(void **state)
{
    (void)state;
    for (size_t k = 0; k < BN_LEN(every_manifold); k++) {
        struct bn_axes l;
        assert_ok(bn_axes_new(&l, &every_manifold[k]));
        const size_t dims = l.manifold.dimensions;
        struct bn_mat map = mat_make(dims + 1, l.points), x = mat_make(l.points, dims);
        struct bn_mat rate = mat_make(l.points, dims + 1);
        bn_rng_uniforms(rng, k, 0, bn_mat_row(&map, dims), l.points);
        bn_manifold_grid(&l.manifold, x.data);
        for (size_t p = 0; p < l.points; p++)
            for (size_t d = 0; d < dims; d++)
                *bn_mat_at(&map, d, p) = *bn_mat_at(&x, p, d);
        assert_ok(bn_poisson_rates(&l, &map, &x, &rate));
        for (size_t p = 0; p < l.points; p++) {
            assert_close(*bn_mat_at(&rate, p, dims), *bn_mat_at(&map, dims, p), 1e-12, 1e-12);
            assert_int_equal(bn_axes_nearest(&l, bn_mat_row(&x, p)), p);
        }
        for (size_t p = 0; p < l.points; p++)    /* a third of the way to the next point */
            for (size_t d = 0; d < dims; d++)
                if (bn_axes_step(&l, p, d, 1) == p + l.stride[d])
                    *bn_mat_at(&x, p, d) = bn_axes_between(&l, p, d, 1.0 / 3.0);
        assert_ok(bn_poisson_rates(&l, &map, &x, &rate));
        for (size_t p = 0; p < l.points; p++)
            for (size_t d = 0; d < dims; d++)
                assert_close(*bn_mat_at(&rate, p, d), *bn_mat_at(&x, p, d), 1e-12, 1e-12);
        bn_mat_free(&rate), bn_mat_free(&x), bn_mat_free(&map);
        bn_axes_free(&l);
    }
}

/* Mean and variance of counts are the mean; counts of a cell do not depend on others. */
static void counts_are_poisson(void **state)
{
    (void)state;
    enum { T = 20000 };
    static const double mean[] = { 0.05, 0.8, 6.0, 90.0 };
    struct bn_mat n = mat_make(T, BN_LEN(mean)), one = mat_make(T, 1);
    for (size_t t = 0; t < T; t++) {
        for (size_t i = 0; i < BN_LEN(mean); i++)
            *bn_mat_at(&n, t, i) = mean[i] / 0.25;
        one.data[t] = mean[0] / 0.25;
    }
    assert_ok(bn_poisson_counts(rng, 0, 0.25, &n));
    assert_ok(bn_poisson_counts(rng, 0, 0.25, &one));
    for (size_t i = 0; i < BN_LEN(mean); i++) {
        double m = 0.0, v = 0.0;
        for (size_t t = 0; t < T; t++)
            m += *bn_mat_at(&n, t, i) / T;
        for (size_t t = 0; t < T; t++)
            v += pow(*bn_mat_at(&n, t, i) - m, 2) / T;
        assert_close(m, mean[i], 0, 5.0 * sqrt(mean[i] / T));
        /* variance of a sample variance: (mu4 - v^2)/T = (v + 2 v^2)/T */
        assert_close(v, mean[i], 0, 5.0 * sqrt((mean[i] + 2.0 * mean[i] * mean[i]) / T));
    }
    for (size_t t = 0; t < T; t++)
        assert_true(one.data[t] == *bn_mat_at(&n, t, 0));
    n.data[3] = 1e5;
    assert_fails(bn_poisson_counts(rng, 0, 0.25, &n), BN_USAGE);
    n.data[3] = NAN;
    assert_fails(bn_poisson_counts(rng, 0, 0.25, &n), BN_USAGE);
    bn_mat_free(&one), bn_mat_free(&n);
}

/* A cell of constant rate has a constant map, up to the walls and beside what was never
 * visited: smoothing the quotient instead of both sums would lower it there.  Bins that are
 * not used do not count.                                                           */
static void maps_of_a_constant_rate(void **state)
{
    (void)state;
    enum { P = 30, T = 400 };
    const struct bn_manifold m = { BN_INTERVAL, 1, { P, 1, 1 }, { 3.0, 0, 0 }, 0 };
    struct bn_axes l;
    assert_ok(bn_axes_new(&l, &m));
    struct bn_mat x = mat_make(T, 1), n = mat_make(T, 2), rate = mat_make(2, P);
    double seconds[P], total = 0.0;
    bool use[T], known[P];
    bn_rng_uniforms(rng, 1, 0, x.data, T);
    for (size_t t = 0; t < T; t++) {
        x.data[t] *= 2.0;                        /* 2 .. 3 is not visited */
        use[t] = t % 4 != 0;
        *bn_mat_at(&n, t, 0) = use[t] ? 3.0 : 50.0;
        *bn_mat_at(&n, t, 1) = x.data[t] < 1.0 ? 2.0 : 0.0;
    }
    const struct bn_poisson_data d = { &x, &n, use, 0.1, 0.15, 0.2 };
    assert_ok(bn_poisson_maps(&l, &d, &rate, seconds, known));
    for (size_t p = 0; p < P; p++) {
        total += seconds[p];
        assert_int_equal(known[p], p < 23);      /* 0.2 s = 2 bins' worth: 2 widths beyond */
        if (known[p])
            assert_close(*bn_mat_at(&rate, 0, p), 30.0, 1e-9, 0);
    }
    assert_close(total, 0.1 * 0.75 * T, 1e-12, 0);
    assert_close(*bn_mat_at(&rate, 1, 2), 20.0, 1e-3, 0);
    assert_close(*bn_mat_at(&rate, 1, 18), 0.0, 0, 1e-3);
    struct bn_mat plane = mat_make(T, 2);
    const struct bn_poisson_data bad = { &plane, &n, use, 0.1, 0.15, 0.2 };
    assert_fails(bn_poisson_maps(&l, &bad, &rate, seconds, known), BN_INPUT);
    bn_mat_free(&plane), bn_mat_free(&rate), bn_mat_free(&n), bn_mat_free(&x);
    bn_axes_free(&l);
}

/* von Mises curves: J = N T A kappa e^-kappa I_1(kappa), from the integral it comes from;
 * central differences are off by step^2.                                          */
static void fisher_of_von_mises_curves(void **state)
{
    (void)state;
    enum { N = 64, P = 400 };
    const double kappa = 3.0, peak = 15.0, window = 0.4;
    const struct bn_manifold m = bn_manifold_ring(P);
    struct bn_axes l;
    assert_ok(bn_axes_new(&l, &m));
    struct bn_mat f = mat_make(N, P), j = mat_make(P, 1);
    double want = 0.0;
    for (size_t i = 0; i < N; i++)
        for (size_t p = 0; p < P; p++)
            *bn_mat_at(&f, i, p) = peak * exp(kappa * (cos(BN_TWO_PI * ((double)p / P
                                                     - (double)i / N)) - 1.0));
    for (size_t p = 0; p < P; p++) {
        const double u = BN_TWO_PI * (double)p / P;
        want += N * window * peak * pow(kappa * sin(u), 2) * exp(kappa * (cos(u) - 1.0)) / P;
    }
    assert_ok(bn_poisson_fisher(&l, &f, window, 1e-6, &j));
    for (size_t p = 0; p < P; p++) {
        assert_close(j.data[p], want, 2e-3, 0);
        assert_close(bn_poisson_bound(&j.data[p], 1), 1.0 / sqrt(want), 1e-3, 0);
    }
    assert_fails(bn_poisson_fisher(&l, &f, window, 0.0, &j), BN_INPUT);
    bn_mat_free(&j), bn_mat_free(&f);
    bn_axes_free(&l);
}

/* A tent f = k (w - |x|) cut off at 0: f'^2/f = k^2/f on both flanks; at the outermost points
 * above `least` the slope is that of the flank, not of the step down to 0.           */
static void fisher_beside_a_threshold(void **state)
{
    (void)state;
    enum { P = 100 };
    const struct bn_manifold m = { BN_INTERVAL, 1, { P, 1, 1 }, { 10.0, 0, 0 }, 0 };
    struct bn_axes l;
    assert_ok(bn_axes_new(&l, &m));
    struct bn_mat f = mat_make(1, P), j = mat_make(P, 1);
    for (size_t p = 0; p < P; p++)
        f.data[p] = fmax(0.0, 4.0 * (1.03 - fabs(0.1 * ((double)p + 0.5) - 5.05)));
    assert_ok(bn_poisson_fisher(&l, &f, 0.5, 0.2, &j));
    for (size_t p = 0; p < P; p++) {
        const double want = f.data[p] >= 0.2 && p != 50 ? 0.5 * 16.0 / f.data[p] : 0.0;
        assert_close(j.data[p], want, 1e-9, 1e-9);
    }
    assert_true(isinf(bn_poisson_bound(&j.data[0], 1)));
    bn_mat_free(&j), bn_mat_free(&f);
    bn_axes_free(&l);
}

/* The tail of a smooth curve 20 exp(-x^2/2): J = T x^2 f wherever f >= least; central
 * differences are off by h^2 |x^2 - 3|/6 < 2 %, twice that in J.  A difference to the higher
 * neighbour alone, as beside a threshold, would be off by 2 x h/2 = 32 % at the outermost. */
static void fisher_in_a_tail(void **state)
{
    (void)state;
    enum { P = 100 };
    const struct bn_manifold m = { BN_INTERVAL, 1, { P, 1, 1 }, { 10.0, 0, 0 }, 0 };
    struct bn_axes l;
    assert_ok(bn_axes_new(&l, &m));
    struct bn_mat f = mat_make(1, P), j = mat_make(P, 1);
    for (size_t p = 0; p < P; p++)
        f.data[p] = 20.0 * exp(-0.5 * pow(l.axis[0][p] - 5.0, 2));
    assert_ok(bn_poisson_fisher(&l, &f, 0.5, 0.1, &j));
    for (size_t p = 0; p < P; p++)
        if (f.data[p] >= 0.1)
            assert_close(j.data[p], 0.5 * pow(l.axis[0][p] - 5.0, 2) * f.data[p], 0.04, 0);
    bn_mat_free(&j), bn_mat_free(&f);
    bn_axes_free(&l);
}

/* f = 2 + cos(k.x): gradient -k sin(k.x) in Cartesian directions of a hexagon, u and v being
 * none; on a sphere f = 2 + cos(lat) cos(lon) has |grad f|^2 = 1 - (f - 2)^2 everywhere. */
static void fisher_in_tangent_directions(void **state)
{
    (void)state;
    const struct bn_manifold hex = { BN_HEXAGON, 2, { 80, 80, 1 }, { 1.0, 1.0, 0 }, 0 };
    const struct bn_manifold ball = { BN_SPHERE, 2, { 120, 80, 1 },
                                      { BN_TWO_PI, BN_TWO_PI / 2, 0 }, 0 };
    struct bn_axes l;
    assert_ok(bn_axes_new(&l, &hex));
    struct bn_mat f = mat_make(1, l.points), j = mat_make(l.points, 4);
    const double k[2] = { BN_TWO_PI, BN_TWO_PI / sqrt(3.0) };    /* k.x = 2 pi (u + v) */
    double c[3];
    for (size_t p = 0; p < l.points; p++) {
        bn_manifold_point(&hex, p, c);
        f.data[p] = 2.0 + cos(BN_TWO_PI * (c[0] + c[1]));
    }
    assert_ok(bn_poisson_fisher(&l, &f, 1.0, 0.1, &j));
    for (size_t p = 0; p < l.points; p++) {
        bn_manifold_point(&hex, p, c);
        const double s = pow(sin(BN_TWO_PI * (c[0] + c[1])), 2) / f.data[p];
        for (size_t a = 0; a < 4; a++)
            assert_close(*bn_mat_at(&j, p, a), s * k[a / 2] * k[a % 2], 0, 0.2);
    }
    bn_mat_free(&j), bn_mat_free(&f);
    bn_axes_free(&l);
    assert_ok(bn_axes_new(&l, &ball));
    f = mat_make(1, l.points), j = mat_make(l.points, 4);
    for (size_t p = 0; p < l.points; p++) {
        bn_manifold_point(&ball, p, c);
        f.data[p] = 2.0 + cos(c[1]) * cos(c[0]);
    }
    assert_ok(bn_poisson_fisher(&l, &f, 1.0, 0.1, &j));
    for (size_t p = 0; p < l.points; p++) {
        bn_manifold_point(&ball, p, c);
        if (fabs(c[1]) < 1.4)
            assert_close(*bn_mat_at(&j, p, 0) + *bn_mat_at(&j, p, 3),
                         (1.0 - pow(f.data[p] - 2.0, 2)) / f.data[p], 0, 0.005);
    }
    bn_mat_free(&j), bn_mat_free(&f);
    bn_axes_free(&l);
}

/* sqrt(trace J^-1) by hand. */
static void bounds(void **state)
{
    (void)state;
    const double two[] = { 4, 1, 1, 2 }, singular[] = { 4, 2, 2, 1 };
    const double three[] = { 2, 0, 0, 0, 4, 1, 0, 1, 2 };
    assert_close(bn_poisson_bound(two, 2), sqrt(6.0 / 7.0), 1e-14, 0);
    assert_true(isinf(bn_poisson_bound(singular, 2)));
    assert_close(bn_poisson_bound(three, 3), sqrt(0.5 + 6.0 / 7.0), 1e-14, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(interpolation),
        cmocka_unit_test(counts_are_poisson),
        cmocka_unit_test(maps_of_a_constant_rate),
        cmocka_unit_test(fisher_of_von_mises_curves),
        cmocka_unit_test(fisher_beside_a_threshold),
        cmocka_unit_test(fisher_in_a_tail),
        cmocka_unit_test(fisher_in_tangent_directions),
        cmocka_unit_test(bounds),
    };
    return cmocka_run_group_tests_name("poisson", tests, NULL, NULL);
}
