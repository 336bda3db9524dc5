/* SPDX-License-Identifier: MIT
 * decode on every manifold: states of the manifold are found where they are, between the
 * points of the grid; the overlap's top is the top.  */
#include "cells.h"

#include <basin/decode.h>
#include <basin/fourier.h>
#include <basin/mem.h>
#include <basin/tile.h>

#include <stdlib.h>

#define PI (0.5 * BN_TWO_PI)

enum { N = 150, PLACES = 12 };

static const struct {
    struct bn_manifold m;
    struct bn_kernel k;
    double miss;                         /* what interpolation between walls leaves */
} world[] = {
    { { BN_TORUS, 2, { 25, 25, 1 }, { BN_TWO_PI, BN_TWO_PI }, 0.0 },
      { BN_KERNEL_HEAT, { 1.0, 1.2 } }, 0.0 },
    { { BN_HEXAGON, 2, { 32, 32, 1 }, { 2.0, 2.0 }, 0.0 }, { BN_KERNEL_VONMISES, { 0.35 } }, 0.0 },
    { { BN_SPHERE, 2, { 33, 17, 1 }, { BN_TWO_PI, PI }, 0.0 }, { BN_KERNEL_HEAT, { 0.7 } }, 0.0 },
    { { BN_INTERVAL, 1, { 80, 1, 1 }, { 8.0 }, 0.0 }, { BN_KERNEL_GAUSSIAN, { 1.0 } }, 1.0 },
    { { BN_LINE, 1, { 100, 1, 1 }, { 8.0 }, 1.0 }, { BN_KERNEL_GAUSSIAN, { 1.0 } }, 1.0 },
    { { BN_BOX, 2, { 30, 25, 1 }, { 4.0, 3.0 }, 0.0 }, { BN_KERNEL_GAUSSIAN, { 1.0, 1.0 } },
      1.0 },
    { { BN_BOX, 3, { 9, 9, 9 }, { 1.0, 1.0, 1.0 }, 0.0 },
      { BN_KERNEL_GAUSSIAN, { 1.0, 1.0, 1.0 } }, 1.0 },
};

static const struct bn_transfer erf_cells = { .kind = BN_TRANSFER_ERF, .beta = 1.0 };

struct found {
    double at[PLACES * BN_DIMENSIONS], value[PLACES];
};

/* The nearest point of a state of the manifold is where it is, at distance 0; and the cosine
 * is largest there, and 1, by Schwarz.  The overlap's top is elsewhere in a disordered
 * population: a decoder that took one for the other, or that kept the nearest grid point
 * (0.05 to 0.13 away), would fail.  Between walls six points a coordinate leave 1e-4 of a
 * standard deviation (step h = length/8 to length/10: 162/720 15 (h/length)^6 beside a wall),
 * and a tenth of a step of a place where rates are as steep as erf.          */
static void states_are_found_where_they_are(void **state)
{
    (void)state;
    for (size_t i = 0; i < BN_LEN(world); i++) {
        const struct bn_manifold *m = &world[i].m;
        struct cells c = cells_make(m, &world[i].k, &erf_cells, 0.0, N,
                                    (struct bn_rng){ .seed = 3 + i });
        double places[PLACES * BN_DIMENSIONS];
        struct found near, cosine, overlap;
        bn_decoder *d, *co;
        assert_ok(bn_decoder_on(&d, c.h, &c.x, &c.phi, BN_OVERLAP, 0));
        assert_ok(bn_decoder_on(&co, c.h, &c.x, &c.phi, BN_COSINE, 0));
        bn_manifold_spread(m, PLACES, places);
        struct bn_mat x = cells_at(c.h, &c.x, places, PLACES);
        struct bn_mat rate = cells_at(c.h, &c.phi, places, PLACES);
        assert_ok(bn_decode_nearest(d, &x, near.value, near.at));
        assert_ok(bn_decode_position(co, &rate, NULL, cosine.at, cosine.value));
        assert_ok(bn_decode_position(d, &rate, NULL, overlap.at, overlap.value));
        double worst = 0.0;
        for (size_t t = 0; t < PLACES; t++) {
            const double *want = places + t * m->dimensions;
            const size_t at = t * m->dimensions;
            assert_close(near.value[t], 0.0, 0.0, world[i].miss > 0.0 ? 1e-2 : 1e-6);
            assert_close(bn_manifold_distance(m, near.at + at, want), 0.0, 0.0,
                         world[i].miss > 0.0 ? 1e-3 : 1e-6);
            assert_close(cosine.value[t], 1.0, 0.0, world[i].miss > 0.0 ? 1e-4 : 1e-7);
            assert_close(bn_manifold_distance(m, cosine.at + at, want), 0.0, 0.0,
                         world[i].miss > 0.0 ? 1e-2 : 1e-4);
            worst = fmax(worst, bn_manifold_distance(m, overlap.at + at, want));
        }
        assert_true(worst > 5e-3);
        bn_mat_free(&rate);
        bn_mat_free(&x);
        bn_decoder_free(co);
        bn_decoder_free(d);
        cells_free(&c);
    }
}

/* No place near the overlap's top or on the grid has more, for any state at all (but for the
 * functions that the decoder leaves out: 1e-4 of the slopes, over sqrt N).   */
static void the_top_of_the_overlap_is_its_top(void **state)
{
    (void)state;
    for (size_t i = 0; i < BN_LEN(world); i++) {
        const struct bn_manifold *m = &world[i].m;
        const size_t points = bn_manifold_points(m), dims = m->dimensions;
        struct cells c = cells_make(m, &world[i].k, &erf_cells, 0.0, N,
                                    (struct bn_rng){ .seed = 13 + i });
        struct bn_mat rate, curve;
        struct found top;
        bn_decoder *d;
        assert_ok(bn_mat_alloc(&rate, PLACES, N));
        assert_ok(bn_mat_alloc(&curve, PLACES, points));
        for (size_t k = 0; k < PLACES * N; k++)
            rate.data[k] = (double)((k * 7919) % 101) / 50.0;
        assert_ok(bn_decoder_on(&d, c.h, &c.x, &c.phi, BN_OVERLAP, 0));
        assert_ok(bn_decode_position(d, &rate, &curve, top.at, top.value));
        for (size_t t = 0; t < PLACES; t++) {
            double more[200 * BN_DIMENSIONS];
            struct bn_mat f = { 0 };
            for (size_t k = 0; k < points; k++)          /* the curve is the plain sum */
                assert_true(*bn_mat_at(&curve, t, k) <= top.value[t] + 1e-9);
            for (size_t k = 0; k < points; k += 37) {
                double sum = 0.0;
                for (size_t n = 0; n < N; n++)
                    sum += *bn_mat_at(&rate, t, n) * *bn_mat_at(&c.rate, n, k) / N;
                assert_close(*bn_mat_at(&curve, t, k), sum, 0.0, 2e-4);
            }
            for (size_t k = 0; k < 200; k++) {
                double step[BN_DIMENSIONS];
                for (size_t e = 0; e < dims; e++)
                    step[e] = 0.02 * cos((double)(k * (e + 1)) + (double)e) * (k % 2 ? 1 : 0.03);
                bn_manifold_move(m, top.at + t * dims, step, more + k * dims);
            }
            f = cells_at(c.h, &c.phi, more, 200);
            for (size_t k = 0; k < 200; k++) {
                const double f_k = bn_dot(N, bn_mat_row(&f, k), bn_mat_row(&rate, t)) / N;
                assert_true(f_k <= top.value[t] + 5e-5);
            }
            bn_mat_free(&f);
        }
        bn_decoder_free(d);
        bn_mat_free(&curve);
        bn_mat_free(&rate);
        cells_free(&c);
    }
}

/* The ring goes the way it went before, bit for bit. */
static void the_ring_is_as_before(void **state)
{
    (void)state;
    const struct bn_manifold m = bn_manifold_ring(101);
    const struct bn_kernel k = { BN_KERNEL_HEAT, { 0.7 } };
    struct cells c = cells_make(&m, &k, &erf_cells, 0.0, N, (struct bn_rng){ .seed = 1 });
    double theta[3] = { 0.5, 3.0, 6.0 }, at[2][3], value[2][3], far[2][3], near[2][3];
    struct bn_mat x = cells_at(c.h, &c.x, theta, 3), rate = cells_at(c.h, &c.phi, theta, 3);
    struct bn_mat curve[2];
    bn_decoder *old, *new;

    assert_ok(bn_mat_alloc(&curve[0], 3, 120));
    assert_ok(bn_mat_alloc(&curve[1], 3, 120));
    assert_ok(bn_decoder_new(&old, &c.x, &c.phi, 24));
    assert_ok(bn_decoder_on(&new, c.h, &c.x, &c.phi, BN_OVERLAP, 24));
    assert_ok(bn_decode_overlap(old, &rate, &curve[0], at[0], value[0]));
    assert_ok(bn_decode_position(new, &rate, &curve[1], at[1], value[1]));
    assert_ok(bn_decode_distance(old, &x, far[0], near[0]));
    assert_ok(bn_decode_nearest(new, &x, far[1], near[1]));
    assert_memory_equal(at[0], at[1], sizeof at[0]);
    assert_memory_equal(value[0], value[1], sizeof at[0]);
    assert_memory_equal(far[0], far[1], sizeof at[0]);
    assert_memory_equal(near[0], near[1], sizeof at[0]);
    assert_memory_equal(curve[0].data, curve[1].data, 360 * sizeof(double));
    bn_decoder_free(new);
    assert_fails(bn_decoder_on(&new, c.h, &c.x, &c.phi, BN_COSINE, 24), BN_USAGE);
    assert_null(new);
    bn_decoder_free(old);
    bn_mat_free(&curve[1]);
    bn_mat_free(&curve[0]);
    bn_mat_free(&rate);
    bn_mat_free(&x);
    cells_free(&c);
}

/* Out of memory at each allocation in turn: a status, and nothing leaks. */
static void memory_may_run_out_anywhere(void **state)
{
    (void)state;
    const struct bn_manifold *m = &world[0].m;
    struct cells c = cells_make(m, &world[0].k, &erf_cells, 0.0, 20, (struct bn_rng){ .seed = 1 });
    const struct bn_mat rate = { 1, 20, c.rate.data };
    bn_status rc = BN_NOMEM;

    bn_threads_set(1);
    for (long n = 0; rc != BN_OK; n++) {
        double at[2], value;
        bn_decoder *d = NULL;
        assert_true(n < 2000);
        bn_alloc_fail_after(n);
        rc = bn_decoder_on(&d, c.h, &c.x, &c.phi, BN_COSINE, 0);
        if (rc == BN_OK)
            rc = bn_decode_position(d, &rate, NULL, at, &value);
        if (rc == BN_OK)
            rc = bn_decode_nearest(d, &rate, &value, at);
        bn_alloc_fail_after(-1);
        assert_true(rc == BN_OK || rc == BN_NOMEM);
        bn_decoder_free(d);
    }
    bn_threads_set(0);
    cells_free(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(states_are_found_where_they_are),
        cmocka_unit_test(the_top_of_the_overlap_is_its_top),
        cmocka_unit_test(the_ring_is_as_before),
        cmocka_unit_test(memory_may_run_out_anywhere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
