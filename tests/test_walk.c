/* SPDX-License-Identifier: MIT */
#include "test.h"
#include "every_manifold.h"

#include <basin/blur.h>
#include <basin/walk.h>

#include <stdlib.h>

static const struct bn_rng rng = { 3, 5, 0 };

static struct bn_mat mat_make(size_t rows, size_t cols)
{
    struct bn_mat m;
    assert_ok(bn_mat_alloc(&m, rows, cols));
    return m;
}

/* K(p | q) of walk.h from distances, dense. */
static struct bn_mat kernel_of(const struct bn_axes *l, const double *prior, double step,
                               double jump)
{
    struct bn_mat k = mat_make(l->points, l->points);
    for (size_t q = 0; q < l->points; q++) {
        double from[3], to[3], z = 0.0;
        bn_manifold_point(&l->manifold, q, from);
        for (size_t p = 0; p < l->points; p++) {
            bn_manifold_point(&l->manifold, p, to);
            const double d = bn_manifold_distance(&l->manifold, from, to);
            *bn_mat_at(&k, p, q) = prior[p] * exp(-0.5 * d * d / (step * step));
            z += *bn_mat_at(&k, p, q);
        }
        for (size_t p = 0; p < l->points; p++)
            *bn_mat_at(&k, p, q) = (1 - jump) * *bn_mat_at(&k, p, q) / z + jump * prior[p];
    }
    return k;
}

static double *prior_of(const struct bn_axes *l)
{
    double *w = malloc(l->points * sizeof *w), sum = 0.0;
    bn_manifold_quadrature(&l->manifold, w);
    for (size_t p = 0; p < l->points; p++) {
        double c[3];
        bn_manifold_point(&l->manifold, p, c);
        if (p % 5 == 2 || !bn_manifold_inside(&l->manifold, c))
            w[p] = 0.0;
        sum += w[p];
    }
    for (size_t p = 0; p < l->points; p++)
        w[p] /= sum;
    return w;
}

/* Hidden Markov model, forward algorithm with a dense matrix: the same posterior after
 * every bin, on every manifold, with places that are no candidates.  A walk that is
 * normalised over the wrong argument, or not at walls, fails.                      */
static void filter_is_the_forward_algorithm(void **state)
{
    (void)state;
    enum { N = 5, T = 12 };
    for (size_t m = 0; m < BN_LEN(every_manifold); m++) {
        struct bn_axes l;
        assert_ok(bn_axes_new(&l, &every_manifold[m]));
        const size_t points = l.points;
        struct bn_mat f = mat_make(N, points), n = mat_make(T, N), score = mat_make(T, points);
        struct bn_mat x = mat_make(T, l.manifold.dimensions);
        double *prior = prior_of(&l), bits[T], *a = malloc(points * sizeof *a);
        double *b = malloc(points * sizeof *b);
        const double step = 0.45, jump = 0.02;
        struct bn_mat k = kernel_of(&l, prior, step, jump);
        for (size_t i = 0; i < N; i++) {
            bn_rng_uniforms(rng, i, 0, bn_mat_row(&f, i), points);
            bn_rng_uniforms(rng, 100 + i, 0, n.data + i * T, T);
        }
        for (size_t j = 0; j < N * points; j++)
            f.data[j] *= 10.0;
        for (size_t j = 0; j < (size_t)T * N; j++)
            n.data[j] = floor(3.0 * n.data[j]);
        const struct bn_read_maps maps = { &l, &f, prior, 0.1, 0.01 };
        bn_readout *r;
        bn_walk *w;
        assert_ok(bn_readout_new(&r, BN_READ_POISSON, &maps, NULL));
        assert_ok(bn_walk_new(&w, &l, bn_readout_prior(r), step, jump));
        assert_ok(bn_readout_scores(r, &n, &score));
        for (size_t last = 1; last <= T; last += 11) {
            struct bn_mat some = { last, N, n.data }, out = { last, x.cols, x.data };
            assert_ok(bn_walk_filter(w, r, &some, NULL, &out, bits));
            memcpy(a, prior, points * sizeof *a);
            for (size_t t = 0; t < last; t++) {
                double z = 0.0, h = 0.0;
                for (size_t p = 0; p < points; p++) {
                    b[p] = t == 0 ? prior[p] : bn_dot(points, bn_mat_row(&k, p), a);
                    b[p] *= prior[p] > 0.0 ? exp(*bn_mat_at(&score, t, p)) : 0.0;
                    z += b[p];
                }
                for (size_t p = 0; p < points; p++) {
                    a[p] = b[p] / z;
                    h += a[p] > 0.0 ? a[p] * log2(a[p] / prior[p]) : 0.0;
                }
                assert_close(bits[t], h, 1e-9, 1e-9);
            }
            for (size_t p = 0; p < points; p++)
                assert_close(bn_walk_posterior(w)[p], a[p], 1e-10, 1e-14);
        }
        bn_walk_free(w);
        bn_readout_free(r);
        free(prior), free(a), free(b);
        bn_mat_free(&k), bn_mat_free(&x), bn_mat_free(&score), bn_mat_free(&n);
        bn_mat_free(&f);
        bn_axes_free(&l);
    }
}

/* A walk keeps probability, and the even prior of a closed manifold is its own. */
static void prediction_keeps_probability(void **state)
{
    (void)state;
    for (size_t m = 0; m < BN_LEN(every_manifold); m++) {
        struct bn_axes l;
        bn_walk *w;
        assert_ok(bn_axes_new(&l, &every_manifold[m]));
        double *prior = malloc(l.points * sizeof *prior), *to = malloc(l.points * sizeof *to);
        double sum = 0.0, inside = 0.0;
        bn_manifold_quadrature(&l.manifold, prior);
        assert_ok(bn_walk_new(&w, &l, prior, 0.3, 0.0));
        double *from = calloc(l.points, sizeof *from);
        from[l.points / 2] = 1.0;
        bn_walk_predict(w, from, to);
        for (size_t p = 0; p < l.points; p++)
            sum += to[p];
        assert_close(sum, 1.0, 1e-12, 0);
        bn_walk_predict(w, prior, to);
        for (size_t p = 0; p < l.points; p++)
            inside = fmax(inside, fabs(to[p] - prior[p]) / prior[p]);
        if (l.manifold.kind == BN_RING || l.manifold.kind == BN_TORUS
            || l.manifold.kind == BN_HEXAGON)
            assert_close(inside, 0.0, 0, 1e-12);
        free(prior), free(from), free(to);
        bn_walk_free(w);
        bn_axes_free(&l);
    }
}

/* Two fields; one bin that speaks for the other one moves the filter a part of the way, four
 * move it there.  Without a walk, as at a fresh start, every bin counts alone.      */
static void the_past_counts(void **state)
{
    (void)state;
    enum { P = 40, T = 13 };
    const struct bn_manifold m = { BN_INTERVAL, 1, { P, 1, 1 }, { 4.0, 0, 0 }, 0 };
    struct bn_axes l;
    assert_ok(bn_axes_new(&l, &m));
    struct bn_mat f = mat_make(2, P), n = mat_make(T, 2), x = mat_make(T, 1);
    for (size_t p = 0; p < P; p++)
        for (size_t i = 0; i < 2; i++)
            *bn_mat_at(&f, i, p) =
                5.0 * exp(-pow(0.1 * ((double)p + 0.5) - (i == 0 ? 1.0 : 3.0), 2)) + 0.1;
    for (size_t t = 0; t < T; t++)
        *bn_mat_at(&n, t, t == 5 || t > 8) = 2.0;
    const struct bn_read_maps maps = { &l, &f, NULL, 0.1, 0.01 };
    const bool fresh[T] = { [5] = true };
    bn_readout *r;
    bn_walk *w;
    assert_ok(bn_readout_new(&r, BN_READ_POISSON, &maps, NULL));
    assert_ok(bn_walk_new(&w, &l, bn_readout_prior(r), 0.2, 0.0));
    assert_ok(bn_walk_filter(w, r, &n, NULL, &x, NULL));
    assert_true(x.data[4] < 1.2 && x.data[5] > x.data[4] && x.data[5] < 2.0);
    assert_true(x.data[12] > 2.5);
    assert_ok(bn_walk_filter(w, r, &n, fresh, &x, NULL));
    assert_true(x.data[4] < 1.2 && x.data[5] > 2.5);
    bn_walk_free(w);
    bn_readout_free(r);
    bn_mat_free(&x), bn_mat_free(&n), bn_mat_free(&f);
    bn_axes_free(&l);
}

/* Spikes that are impossible within reach of the walk: the filter stays within nine steps,
 * and all its numbers are finite; with jumps, however rare, it goes there.          */
static void what_the_walk_excludes(void **state)
{
    (void)state;
    enum { P = 100 };
    const struct bn_manifold m = { BN_INTERVAL, 1, { P, 1, 1 }, { 100.0, 0, 0 }, 0 };
    struct bn_axes l;
    assert_ok(bn_axes_new(&l, &m));
    struct bn_mat f = mat_make(2, P), n = mat_make(2, 2), x = mat_make(2, 1);
    for (size_t p = 0; p < P; p++) {
        *bn_mat_at(&f, 0, p) = p < 3 ? 10.0 : 0.0;
        *bn_mat_at(&f, 1, p) = p > 96 ? 10.0 : 0.0;
    }
    n.data[0] = n.data[3] = 400.0;
    const struct bn_read_maps maps = { &l, &f, NULL, 1.0, 1e-3 };
    double bits[2];
    for (int jumps = 0; jumps < 2; jumps++) {
        bn_readout *r;
        bn_walk *w;
        assert_ok(bn_readout_new(&r, BN_READ_POISSON, &maps, NULL));
        assert_ok(bn_walk_new(&w, &l, bn_readout_prior(r), 1.0, jumps ? 1e-9 : 0.0));
        assert_ok(bn_walk_filter(w, r, &n, NULL, &x, bits));
        assert_true(x.data[0] < 4.0 && isfinite(bits[0]) && isfinite(bits[1]));
        assert_true(jumps ? x.data[1] > 96.0 : x.data[1] < 12.5);
        bn_walk_free(w);
        bn_readout_free(r);
    }
    bn_mat_free(&x), bn_mat_free(&n), bn_mat_free(&f);
    bn_axes_free(&l);
}

/* Steps have the variance asked for, and the walk stays uniform between walls (clamping
 * would pile it up there): T/tau independent draws bound the mean at five errors.    */
static void simulated_positions(void **state)
{
    (void)state;
    enum { T = 20000 };
    const struct bn_manifold m = { BN_BOX, 2, { 10, 10, 1 }, { 2.0, 3.0, 0 }, 0 };
    const struct bn_manifold s = { BN_SPHERE, 2, { 10, 6, 1 }, { BN_TWO_PI, BN_TWO_PI / 2, 0 },
                                   0 };
    struct bn_mat x = mat_make(T, 2);
    bn_walk_positions(&m, 0.2, rng, &x);
    double moved = 0.0, edge = 0.0;
    size_t counted = 0;
    for (size_t t = 0; t < T; t++) {
        const double *c = bn_mat_row(&x, t);
        assert_true(c[0] >= 0.0 && c[0] <= 2.0 && c[1] >= 0.0 && c[1] <= 3.0);
        edge += c[0] < 0.2 ? 1.0 / T : 0.0;
        if (t > 0 && c[-2] > 1.0 && c[-2] < 1.0 + 1e-1) {        /* far from walls */
            moved += pow(c[0] - c[-2], 2);
            counted++;
        }
    }
    assert_true(counted > 500);
    assert_close(moved / (double)counted, 0.04, 5.0 * sqrt(2.0 / (double)counted), 0);
    /* Slowest mode cos(pi x/L): correlated over 2 (L/pi)^2/step^2 = 20 steps. */
    assert_close(edge, 0.1, 0, 5.0 * sqrt(0.09 * 20 / T));
    bn_walk_positions(&s, 0.0, rng, &x);
    double up = 0.0;
    for (size_t t = 0; t < T; t++)
        up += pow(sin(*bn_mat_at(&x, t, 1)), 2) / T;
    assert_close(up, 1.0 / 3.0, 0, 5.0 * sqrt(4.0 / 45 / T));    /* not at the poles */
    bn_mat_free(&x);
}

static void refusals(void **state)
{
    (void)state;
    struct bn_axes l;
    bn_walk *w;
    double prior[25];
    assert_ok(bn_axes_new(&l, &every_manifold[0]));
    bn_manifold_quadrature(&l.manifold, prior);
    assert_fails(bn_walk_new(&w, &l, prior, 0.0, 0.0), BN_USAGE);
    assert_fails(bn_walk_new(&w, &l, prior, NAN, 0.0), BN_USAGE);
    assert_fails(bn_walk_new(&w, &l, prior, 0.1, 1.5), BN_USAGE);
    bn_walk_free(NULL);
    bn_axes_free(&l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(filter_is_the_forward_algorithm),
        cmocka_unit_test(prediction_keeps_probability),
        cmocka_unit_test(the_past_counts),
        cmocka_unit_test(what_the_walk_excludes),
        cmocka_unit_test(simulated_positions),
        cmocka_unit_test(refusals),
    };
    return cmocka_run_group_tests_name("walk", tests, NULL, NULL);
}
