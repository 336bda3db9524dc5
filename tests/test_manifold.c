/* SPDX-License-Identifier: MIT
 * manifold: geometry and grids of every kind; angles, centres and alignment on the ring.  */
#include "every_manifold.h"
#include "test.h"

#include <basin/manifold.h>
#include <basin/mem.h>
#include <basin/rng.h>

#include <stdlib.h>

static const double pi = 0.5 * BN_TWO_PI;

static void grid_angles_are_even(void **state)
{
    (void)state;
    double theta[7];
    bn_ring_grid(7, theta);
    assert_true(theta[0] == 0.0);
    for (int m = 0; m < 7; m++)
        assert_close(theta[m], BN_TWO_PI * m / 7.0, 1e-15, 0.0);
}

static void angles_wrap_into_one_turn(void **state)
{
    (void)state;
    static const struct { double theta, want; } row[] = {
        { 0.0, 0.0 },                { 1.0, 1.0 },
        { -1.0, BN_TWO_PI - 1.0 },   { BN_TWO_PI, 0.0 },
        { -BN_TWO_PI, 0.0 },         { -1e-20, 0.0 },      /* 2 pi - 1e-20 rounds to 2 pi */
        { -1e-16, 0.0 },             { BN_TWO_PI + 1.0, 1.0 },
        { 7.0 * BN_TWO_PI + 2.0, 2.0 }, { -7.0 * BN_TWO_PI - 2.0, BN_TWO_PI - 2.0 },
    };

    for (size_t i = 0; i < BN_LEN(row); i++) {
        const double w = bn_ring_wrap(row[i].theta);
        assert_true(w >= 0.0 && w < BN_TWO_PI);
        assert_close(w, row[i].want, 0.0, 1e-14);
    }
    for (double theta = -1e6; theta < 1e6; theta += 777.7) {
        const double w = bn_ring_wrap(theta);
        assert_true(w >= 0.0 && w < BN_TWO_PI);
        /* the double 2 pi is off by 2.4e-16: 1.6e5 turns, and as many roundings */
        assert_close(cos(w), cos(theta), 0.0, 1e-10);
        assert_close(sin(w), sin(theta), 0.0, 1e-10);
    }
    const double huge = bn_ring_wrap(-1e300);
    assert_true(huge >= 0.0 && huge < BN_TWO_PI);
    assert_true(isnan(bn_ring_wrap(NAN)));             /* 0 would be a lie */
    assert_true(isnan(bn_ring_wrap(INFINITY)));
}

static void differences_go_the_short_way(void **state)
{
    (void)state;
    static const struct { double a, b, want; } row[] = {
        { 0.1, 0.3, -0.2 },              { 0.1, BN_TWO_PI - 0.1, 0.2 },
        { BN_TWO_PI - 0.1, 0.1, -0.2 },  { 1.0, 1.0, 0.0 },
        { 0.5 * BN_TWO_PI, 0.0, -0.5 * BN_TWO_PI },       /* [-pi, pi) */
        { 0.0, 0.5 * BN_TWO_PI, -0.5 * BN_TWO_PI },
        { 0.0, 1e-20, 0.0 },             { 100.0 * BN_TWO_PI, 1.0, -1.0 },
    };

    for (size_t i = 0; i < BN_LEN(row); i++) {
        const double d = bn_ring_difference(row[i].a, row[i].b);
        assert_true(d >= -pi && d < pi);
        assert_close(d, row[i].want, 0.0, 1e-13);
    }
    for (double a = -20.0; a < 20.0; a += 0.37)
        for (double b = -20.0; b < 20.0; b += 0.71) {
            const double d = bn_ring_difference(a, b);
            assert_true(d >= -pi && d < pi);
            assert_close(cos(d), cos(a - b), 0.0, 1e-14);
            assert_close(sin(d), sin(a - b), 0.0, 1e-14);
        }
    assert_true(isnan(bn_ring_difference(NAN, 1.0)));
}

/* Curves a + b cos(t - p): centre p and length b/(2 a), exactly on any grid of three
 * angles or more; and von Mises curves, symmetric about p.                  */
static void centres_of_known_curves(void **state)
{
    (void)state;
    static const size_t angles[] = { 3, 24, 25, 100 };
    enum { N = 60 };

    for (size_t g = 0; g < BN_LEN(angles); g++) {
        const size_t m = angles[g];
        struct bn_mat wave, hill;
        double at[N], length[N], at_hill[N];
        assert_ok(bn_mat_alloc(&wave, N, m));
        assert_ok(bn_mat_alloc(&hill, N, m));
        for (size_t i = 0; i < N; i++)
            for (size_t k = 0; k < m; k++) {
                const double d = BN_TWO_PI * ((double)k / (double)m - (double)i / N);
                *bn_mat_at(&wave, i, k) = 2.0 + 1.5 * cos(d);
                *bn_mat_at(&hill, i, k) = exp(2.0 * (cos(d) - 1.0));
            }
        bn_ring_centre(&wave, at, length);
        bn_ring_centre(&hill, at_hill, NULL);
        bn_ring_centre(&wave, NULL, length);
        for (size_t i = 0; i < N; i++) {
            const double want = BN_TWO_PI * (double)i / N;
            assert_true(at[i] >= 0.0 && at[i] < BN_TWO_PI);
            assert_close(bn_ring_difference(at[i], want), 0.0, 0.0, 4e-15);
            assert_close(length[i], 0.375, 0.0, 1e-15);
            /* harmonics M - 1, ... of the hill fold into the first */
            if (m >= 24)
                assert_close(bn_ring_difference(at_hill[i], want), 0.0, 0.0, 1e-13);
        }
        bn_mat_free(&hill);
        bn_mat_free(&wave);
    }
}

static void a_silent_neuron_has_centre_zero(void **state)
{
    (void)state;
    double rate[8] = { 0, 0, 0, 0, 0, 5, 0, 0 }, at[2] = { 9, 9 }, length[2] = { 9, 9 };
    const struct bn_mat curves = { 2, 4, rate };

    bn_ring_centre(&curves, at, length);
    assert_true(at[0] == 0.0 && length[0] == 0.0);
    assert_close(at[1], 0.25 * BN_TWO_PI, 1e-15, 0.0);
    assert_close(length[1], 1.0, 1e-15, 0.0);
}

/* One curve turned to random angles: turned back they are all the same.  A rotation
 * by the wrong sign would blur them.                                        */
static void aligned_copies_are_the_curve(void **state)
{
    (void)state;
    static const size_t angles[] = { 48, 49 };
    enum { N = 40 };
    const struct bn_rng r = { .seed = 9, .stream = 1 };
    double p[N], mean[49], sd[49];

    bn_rng_uniforms(r, 0, 0, p, N);
    for (size_t i = 0; i < N; i++)
        p[i] *= BN_TWO_PI;
    for (size_t g = 0; g < BN_LEN(angles); g++) {
        const size_t m = angles[g];
        struct bn_mat c;
        assert_ok(bn_mat_alloc(&c, N, m));
        for (size_t i = 0; i < N; i++)
            for (size_t k = 0; k < m; k++) {
                const double d = BN_TWO_PI * (double)k / (double)m - p[i];
                *bn_mat_at(&c, i, k) = 1.0 + cos(d) + 0.3 * sin(2.0 * d);  /* lopsided */
            }
        assert_ok(bn_ring_align(&c, p, mean, sd));
        for (size_t k = 0; k < m; k++) {
            const double d = BN_TWO_PI * (double)k / (double)m - pi;
            assert_close(mean[k], 1.0 + cos(d) + 0.3 * sin(2.0 * d), 0.0, 1e-14);
            assert_close(sd[k], 0.0, 0.0, 1e-14);
        }
        bn_mat_free(&c);
    }
}

/* Two heights of one curve: the standard deviation over rows is half of their
 * difference, everywhere.                                                   */
static void alignment_measures_spread(void **state)
{
    (void)state;
    enum { M = 20 };
    struct bn_mat c;
    const double p[2] = { 1.0, 4.0 };
    double mean[M], sd[M];

    assert_ok(bn_mat_alloc(&c, 2, M));
    for (size_t i = 0; i < 2; i++)
        for (size_t k = 0; k < M; k++)
            *bn_mat_at(&c, i, k) = (double)(i + 1) * (2.0 + cos(BN_TWO_PI * (double)k / M
                                                                - p[i]));
    assert_ok(bn_ring_align(&c, p, mean, sd));
    for (size_t k = 0; k < M; k++) {
        const double f = 2.0 + cos(BN_TWO_PI * (double)k / M - pi);
        assert_close(mean[k], 1.5 * f, 0.0, 1e-14);
        assert_close(sd[k], 0.5 * f, 0.0, 1e-14);
    }
    bn_status rc = BN_NOMEM;
    for (long n = 0; rc != BN_OK; n++) {
        bn_alloc_fail_after(n);
        rc = bn_ring_align(&c, p, mean, sd);
        bn_alloc_fail_after(-1);
        assert_true(rc == BN_OK || (rc == BN_NOMEM && n < 20));
        assert_true(n > 1 || rc == BN_NOMEM);
    }
    bn_mat_free(&c);
}

static void neurons_are_ordered_by_angle(void **state)
{
    (void)state;
    static const double p[] = { 3.0, 0.5, 6.0, 0.5, 0.0, 3.0 };
    static const size_t want[] = { 4, 1, 3, 0, 5, 2 };  /* equal angles by number */
    size_t order[6];

    assert_ok(bn_ring_order(p, 6, order));
    assert_memory_equal(order, want, sizeof want);
    assert_ok(bn_ring_order(p, 0, order));
    bn_alloc_fail_after(0);
    assert_fails(bn_ring_order(p, 6, order), BN_NOMEM);
}

/* a + b cos falls to half between its ends a quarter turn from its top: width pi, whatever a
 * is and wherever it stands; a triangle of half-width w has width w, on any grid that has
 * its corners.  Half of the largest value, or the next grid angle, would differ. */
static void widths_of_known_curves(void **state)
{
    (void)state;
    double curve[120], peak;

    for (size_t turn = 0; turn < 120; turn += 7) {
        for (size_t k = 0; k < 120; k++)
            curve[k] = 5.0 + 2.0 * cos(BN_TWO_PI * ((double)k - (double)turn) / 120.0);
        assert_close(bn_ring_width(curve, 120, &peak), pi, 1e-12, 0.0);
        assert_close(peak, 7.0, 1e-15, 0.0);
        for (size_t k = 0; k < 120; k++)
            curve[k] = fmax(0.0, 9.0 - fabs((double)((k + 180 - turn) % 120) - 60.0));
        assert_close(bn_ring_width(curve, 120, &peak), 9.0 * BN_TWO_PI / 120.0, 1e-12, 0.0);
    }
    for (size_t k = 0; k < 120; k++)
        curve[k] = 3.0;
    assert_close(bn_ring_width(curve, 120, &peak), BN_TWO_PI, 1e-12, 0.0);
}

/* --- every manifold ----------------------------------------------------------------- */

/* Places in Euclidean space, independent of the module's own geometry. */
static void place(const struct bn_manifold *m, const double *c, double *x)
{
    x[0] = c[0];
    x[1] = m->dimensions > 1 ? c[1] : 0.0;
    x[2] = m->dimensions > 2 ? c[2] : 0.0;
    if (m->kind == BN_HEXAGON) {
        x[0] = c[0] + 0.5 * c[1];
        x[1] = 0.5 * sqrt(3.0) * c[1];
    } else if (m->kind == BN_SPHERE) {
        x[0] = cos(c[1]) * cos(c[0]);
        x[1] = cos(c[1]) * sin(c[0]);
        x[2] = sin(c[1]);
    }
}

/* The distance by brute force: over 25 images, or by the angle between unit vectors. */
static double plain_distance(const struct bn_manifold *m, const double *a, const double *b)
{
    const int images = bn_manifold_periodic(m) ? 2 : 0;
    double best = INFINITY, x[3], y[3];

    place(m, a, x);
    for (int i = -images; i <= images; i++)
        for (int j = -images; j <= images; j++) {
            const double c[3] = { b[0] + i * m->size[0],
                                  m->dimensions > 1 ? b[1] + j * m->size[1] : 0.0,
                                  m->dimensions > 2 ? b[2] : 0.0 };
            place(m, c, y);
            const double chord = hypot(hypot(x[0] - y[0], x[1] - y[1]), x[2] - y[2]);
            best = fmin(best, m->kind == BN_SPHERE ? 2.0 * asin(fmin(1.0, 0.5 * chord))
                                                   : chord);
        }
    return best;
}

/* A lattice cell's nearest image is not always the nearest in u and in v: rounding u and v
 * alone would fail on the hexagon.                                          */
static void distances_are_the_shortest(void **state)
{
    (void)state;
    enum { POINTS = 60 };
    double points[POINTS * BN_DIMENSIONS], d[BN_DIMENSIONS], to[BN_DIMENSIONS];

    for (size_t i = 0; i < BN_LEN(every_manifold); i++) {
        const struct bn_manifold *m = &every_manifold[i];
        const size_t dims = m->dimensions;
        bn_manifold_spread(m, POINTS, points);
        for (size_t p = 0; p < POINTS; p++)
            for (size_t q = 0; q < POINTS; q++) {
                const double *a = points + p * dims, *b = points + q * dims;
                const double want = plain_distance(m, a, b);
                double norm = 0.0;
                assert_close(bn_manifold_distance(m, a, b), want, 1e-12, 1e-12);
                assert_close(bn_manifold_distance(m, b, a), want, 1e-12, 1e-12);
                bn_manifold_displacement(m, a, b, d);
                for (size_t k = 0; k < dims; k++)
                    norm += d[k] * d[k];
                assert_close(sqrt(norm), want, 1e-12, 1e-12);
                bn_manifold_move(m, a, d, to);
                assert_close(bn_manifold_distance(m, to, b), 0.0, 0.0, 1e-12);
            }
    }
}

static void tangents_of_the_sphere_are_east_and_north(void **state)
{
    (void)state;
    const struct bn_manifold *m = &every_manifold[9];
    static const struct { double from[2], d[2], to[2]; } row[] = {
        { { 1.0, 0.0 }, { 0.5, 0.0 }, { 1.5, 0.0 } },
        { { 1.0, 0.2 }, { 0.0, 0.5 }, { 1.0, 0.7 } },
        { { 6.0, 0.0 }, { 1.0, 0.0 }, { 7.0 - BN_TWO_PI, 0.0 } },
        { { 1.0, 1.2 }, { 0.0, 0.8 }, { 1.0 + 0.5 * BN_TWO_PI, 0.5 * BN_TWO_PI - 2.0 } },
        { { 1.0, 0.25 * BN_TWO_PI }, { 0.3, 0.0 }, { 1.0 + 0.25 * BN_TWO_PI,
                                                     0.25 * BN_TWO_PI - 0.3 } },
        { { 1.0, 0.25 * BN_TWO_PI }, { 0.0, 0.3 }, { 1.0 + 0.5 * BN_TWO_PI,
                                                     0.25 * BN_TWO_PI - 0.3 } },
    };
    for (size_t i = 0; i < BN_LEN(row); i++) {
        double to[2];
        bn_manifold_move(m, row[i].from, row[i].d, to);
        assert_close(to[0], row[i].to[0], 0.0, 1e-14);
        assert_close(to[1], row[i].to[1], 0.0, 1e-14);
    }
    /* a nanoradian away: no cancellation */
    const double a[2] = { 2.0, 1.0 }, b[2] = { 2.0, 1.0 + 1e-9 };
    assert_close(bn_manifold_distance(m, a, b), 1e-9, 1e-6, 0.0);
    const double south[2] = { 2.0 + 0.5 * BN_TWO_PI, -1.0 };
    assert_close(bn_manifold_distance(m, a, south), 0.5 * BN_TWO_PI, 1e-15, 0.0);
}

static void walls_stop_and_ends_join(void **state)
{
    (void)state;
    static const struct { size_t manifold; double c[3], want[3]; } row[] = {
        { 0, { -1.0 }, { BN_TWO_PI - 1.0 } },
        { 2, { 4.0 }, { 3.5 } },              { 2, { -0.25 }, { -0.25 } },
        { 3, { 3.0 }, { 2.5 } },              { 3, { -0.1 }, { 0.0 } },
        { 4, { 2.5, 0.7 }, { 2.0, 0.7 } },    { 5, { 0.5, -1.0, 9.0 }, { 0.5, 0.0, 1.5 } },
        { 7, { 3.25, -0.5 }, { 0.25, 1.5 } }, { 7, { -1e-20, 2.0 }, { 0.0, 0.0 } },
        { 8, { 1.3, -1.3 }, { 0.0, 0.0 } },
        { 9, { 1.0, 2.0 }, { 1.0 + 0.5 * BN_TWO_PI, 0.5 * BN_TWO_PI - 2.0 } },
        { 9, { 4.0, -2.0 }, { 4.0 - 0.5 * BN_TWO_PI, 2.0 - 0.5 * BN_TWO_PI } },
    };
    for (size_t i = 0; i < BN_LEN(row); i++) {
        const struct bn_manifold *m = &every_manifold[row[i].manifold];
        double c[3] = { row[i].c[0], row[i].c[1], row[i].c[2] };
        bn_manifold_wrap(m, c);
        for (size_t d = 0; d < m->dimensions; d++)
            assert_close(c[d], row[i].want[d], 0.0, 1e-14);
    }
    const double in[3] = { 0.0, 0.5, 0.1 }, out[3] = { -0.1, 0.5, 0.1 };
    assert_true(bn_manifold_inside(&every_manifold[2], in));
    assert_false(bn_manifold_inside(&every_manifold[2], out));
    assert_false(bn_manifold_inside(&every_manifold[5], out));
    assert_true(bn_manifold_inside(&every_manifold[8], out));
}

/* Means that are known: of polynomials of longitude and latitude on the sphere up to the
 * order that the nodes carry, of everything linear elsewhere.               */
static void quadrature_is_exact(void **state)
{
    (void)state;
    for (size_t i = 0; i < BN_LEN(every_manifold); i++) {
        const struct bn_manifold *m = &every_manifold[i];
        const size_t points = bn_manifold_points(m), dims = m->dimensions;
        struct bn_mat grid, w;
        assert_ok(bn_mat_alloc(&grid, points, dims));
        assert_ok(bn_mat_alloc(&w, 1, points));
        bn_manifold_grid(m, grid.data);
        bn_manifold_quadrature(m, w.data);
        double sum = 0.0, first[3] = { 0.0 }, up[7] = { 0.0 };
        for (size_t k = 0; k < points; k++) {
            const double *c = bn_mat_row(&grid, k);
            double one[BN_DIMENSIONS];
            bn_manifold_point(m, k, one);
            assert_memory_equal(one, c, dims * sizeof(double));
            assert_true(bn_manifold_inside(m, c) || m->kind == BN_LINE);
            sum += w.data[k];
            for (size_t d = 0; d < dims; d++)
                first[d] += w.data[k] * c[d];
            for (int n = 0; n < 7; n++)
                up[n] += w.data[k] * pow(sin(c[dims - 1]), 2.0 * n);
        }
        assert_close(sum, 1.0, 1e-13, 0.0);
        for (size_t d = 0; !bn_manifold_closed(m) && d < dims; d++)
            assert_close(first[d], 0.5 * m->size[d], 1e-13, 0.0);
        for (int n = 0; m->kind == BN_SPHERE && n < 7; n++)
            assert_close(up[n], 1.0 / (2.0 * n + 1.0), 1e-13, 0.0);
        bn_mat_free(&w);
        bn_mat_free(&grid);
    }
    assert_close(bn_manifold_extent(&every_manifold[0]), BN_TWO_PI, 1e-15, 0.0);
    assert_close(bn_manifold_extent(&every_manifold[2]), 3.0, 1e-15, 0.0);
    assert_close(bn_manifold_extent(&every_manifold[5]), 3.0, 1e-15, 0.0);
    assert_close(bn_manifold_extent(&every_manifold[8]), 1.69 * sqrt(0.75), 1e-15, 0.0);
    assert_close(bn_manifold_extent(&every_manifold[9]), 2.0 * BN_TWO_PI, 1e-15, 0.0);
}

/* Middles of bins between walls, the margins of a line included; the torus from 0. */
static void grids_stand_where_they_should(void **state)
{
    (void)state;
    double c[3];
    bn_manifold_point(&every_manifold[2], 0, c);
    assert_close(c[0], -0.45, 0.0, 1e-15);
    bn_manifold_point(&every_manifold[2], 39, c);
    assert_close(c[0], 3.45, 1e-15, 0.0);
    bn_manifold_point(&every_manifold[5], (2 * 8 + 5) * 9 + 7, c);
    assert_close(c[0], 2.5 / 7.0, 1e-15, 0.0);
    assert_close(c[1], 5.5 / 4.0, 1e-15, 0.0);
    assert_close(c[2], 7.5 / 6.0, 1e-15, 0.0);
    bn_manifold_point(&every_manifold[7], 4 * 9 + 3, c);
    assert_close(c[0], 1.0, 1e-15, 0.0);
    assert_close(c[1], 2.0 / 3.0, 1e-15, 0.0);
    double ring[25], theta[25];
    bn_manifold_grid(&every_manifold[0], ring);
    bn_ring_grid(25, theta);
    assert_memory_equal(ring, theta, sizeof ring);
}

/* Spread points: as far from each other as a random choice never is.  The nearest of n points
 * of a hexagonal packing are sqrt(2/sqrt 3 A/n) apart; independent points come nearer than
 * a tenth of that with near certainty (probability 1 - e^-1.8 for n = 100).  */
static void spread_points_are_even(void **state)
{
    (void)state;
    enum { POINTS = 100 };
    double points[POINTS * BN_DIMENSIONS];

    for (size_t i = 0; i < BN_LEN(every_manifold); i++) {
        const struct bn_manifold *m = &every_manifold[i];
        const size_t dims = m->dimensions;
        double nearest = INFINITY;
        bn_manifold_spread(m, POINTS, points);
        for (size_t p = 0; p < POINTS; p++) {
            assert_true(bn_manifold_inside(m, points + p * dims));
            for (size_t q = 0; q < p; q++)
                nearest = fmin(nearest, bn_manifold_distance(m, points + p * dims,
                                                             points + q * dims));
        }
        const double each = bn_manifold_extent(m) / POINTS;
        assert_true(nearest > (dims == 1 ? 0.999 * each : 0.35 * pow(each, 1.0 / (double)dims)));
    }
    bn_manifold_spread(&every_manifold[0], 4, points);
    assert_true(points[0] == 0.0);
    assert_close(points[1], 0.25 * BN_TWO_PI, 1e-15, 0.0);
    bn_manifold_spread(&every_manifold[2], 3, points);
    assert_close(points[0], 0.5, 1e-15, 0.0);
}

static void bad_manifolds_are_refused(void **state)
{
    (void)state;
    static const struct { struct bn_manifold m; const char *says; } row[] = {
        { { BN_BOX, 1, { 9, 1, 1 }, { 1.0 }, 0.0 }, "a box in 1 dimensions: it has 2 or 3" },
        { { BN_TORUS, 3, { 9, 9, 9 }, { 1.0, 1.0, 1.0 }, 0.0 }, "in 3 dimensions: it has 2" },
        { { BN_INTERVAL, 1, { 2, 1, 1 }, { 1.0 }, 0.0 }, "at least 3" },
        { { BN_INTERVAL, 1, { 9, 9, 1 }, { 1.0 }, 0.0 }, "coordinate 1: it needs 1" },
        { { BN_INTERVAL, 1, { 9, 1, 1 }, { 0.0 }, 0.0 }, "must be positive" },
        { { BN_INTERVAL, 1, { 9, 1, 1 }, { 1.0 }, 0.1 }, "only a line" },
        { { BN_INTERVAL, 1, { 9, 1, 1 }, { NAN }, 0.0 }, "must be positive" },
        { { BN_LINE, 1, { 9, 1, 1 }, { 1.0 }, -0.1 }, "0 or more" },
        { { BN_HEXAGON, 2, { 9, 9, 1 }, { 1.0, 2.0 }, 0.0 }, "one period" },
        { { BN_HEXAGON, 2, { 9, 8, 1 }, { 1.0, 1.0 }, 0.0 }, "as many grid points" },
        { { BN_RING, 1, { 9, 1, 1 }, { 360.0 }, 0.0 }, "6.283185307 by definition" },
        { { BN_SPHERE, 2, { 9, 9, 1 }, { BN_TWO_PI, BN_TWO_PI }, 0.0 }, "3.141592654 by" },
        { { BN_BOX, 3, { 100000, 100000, 1000 }, { 1.0, 1.0, 1.0 }, 0.0 }, "at most 1e12" },
    };
    enum bn_manifold_kind kind;

    for (size_t i = 0; i < BN_LEN(row); i++) {
        assert_fails(bn_manifold_check(&row[i].m), BN_USAGE);
        assert_says(bn_error(), row[i].says);
    }
    for (size_t i = 0; i < BN_LEN(every_manifold); i++) {
        assert_ok(bn_manifold_check(&every_manifold[i]));
        assert_ok(bn_manifold_parse(bn_manifold_name(every_manifold[i].kind), &kind));
        assert_int_equal(kind, every_manifold[i].kind);
    }
    assert_fails(bn_manifold_parse("klein", &kind), BN_USAGE);
    assert_says(bn_error(), "no manifold \"klein\"");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(distances_are_the_shortest),
        cmocka_unit_test(tangents_of_the_sphere_are_east_and_north),
        cmocka_unit_test(walls_stop_and_ends_join),
        cmocka_unit_test(quadrature_is_exact),
        cmocka_unit_test(grids_stand_where_they_should),
        cmocka_unit_test(spread_points_are_even),
        cmocka_unit_test(bad_manifolds_are_refused),
        cmocka_unit_test(widths_of_known_curves),
        cmocka_unit_test(grid_angles_are_even),
        cmocka_unit_test(angles_wrap_into_one_turn),
        cmocka_unit_test(differences_go_the_short_way),
        cmocka_unit_test(centres_of_known_curves),
        cmocka_unit_test(a_silent_neuron_has_centre_zero),
        cmocka_unit_test(aligned_copies_are_the_curve),
        cmocka_unit_test(alignment_measures_spread),
        cmocka_unit_test(neurons_are_ordered_by_angle),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
