/* SPDX-License-Identifier: MIT
 * cloud, betti: distances that are known, and clouds whose Betti numbers are.  */
#include "test.h"

#include <basin/betti.h>
#include <basin/mem.h>
#include <basin/tile.h>

#include <stdlib.h>

static const double PI = 3.14159265358979323846;

static struct bn_rng stream(uint64_t seed)
{
    return (struct bn_rng){ .seed = seed, .stream = bn_rng_stream("test_cloud") };
}

static struct bn_mat room(size_t rows, size_t cols)
{
    struct bn_mat m;
    assert_ok(bn_mat_alloc(&m, rows, cols));
    return m;
}

/* --- components -------------------------------------------------------------------------- */

/* Scores keep the distances of points, loadings have the eigenvalues as mean squares, a
 * component's weighted variance over points is its eigenvalue; for more cells than points and
 * for fewer.  Points that count equally where weights differ would fail the last.  */
static void components(void **state)
{
    (void)state;
    static const size_t sizes[][2] = { { 30, 12 }, { 12, 30 }, { 9, 9 } };
    for (size_t s = 0; s < BN_LEN(sizes); s++) {
        const size_t n = sizes[s][0], p = sizes[s][1];
        struct bn_mat r = room(n, p);
        struct bn_principal c;
        double *w = bn_alloc(p, sizeof *w), sum = 0.0, total = 0.0, constant = 0.0, trace = 0.0;
        bn_rng_normals(stream(s), 0, 0, r.data, n * p);
        bn_rng_uniforms(stream(s), 1, 0, w, p);
        for (size_t k = 0; k < p; k++)
            sum += w[k];
        for (size_t k = 0; k < p; k++)
            w[k] /= sum;
        for (size_t i = 0; i < n; i++) {
            const double mean = bn_dot(p, w, bn_mat_row(&r, i));
            constant += mean * mean / (double)n;
            for (size_t k = 0; k < p; k++)
                total += w[k] * pow(*bn_mat_at(&r, i, k) - mean, 2) / (double)n;
        }
        assert_ok(bn_cloud_components(&r, w, 1000, &c));
        assert_close(c.constant, constant, 1e-12, 0);
        assert_int_equal(c.values, n < p ? n : p);
        for (size_t k = 0; k < c.values; k++) {
            const double *a = bn_mat_row(&c.loadings, k);
            double mean = 0.0, square = 0.0;
            for (size_t q = 0; q < p; q++) {
                mean += w[q] * *bn_mat_at(&c.scores, q, k);
                square += w[q] * pow(*bn_mat_at(&c.scores, q, k), 2);
            }
            trace += c.value[k];
            assert_true(k == 0 || c.value[k] <= c.value[k - 1]);
            assert_close(bn_dot(n, a, a) / (double)n, c.value[k], 1e-9, 1e-12);
            assert_close(square, c.value[k], 1e-9, 1e-12);
            assert_close(mean, 0.0, 0, 1e-7);
        }
        assert_close(trace, total, 1e-12, 0);
        for (size_t a = 0; a < p; a++)
            for (size_t b = 0; b < p; b++) {
                double want = 0.0, got = 0.0;
                for (size_t i = 0; i < n; i++)
                    want += pow(*bn_mat_at(&r, i, a) - *bn_mat_at(&r, i, b), 2) / (double)n;
                for (size_t k = 0; k < c.scores.cols; k++)
                    got += pow(*bn_mat_at(&c.scores, a, k) - *bn_mat_at(&c.scores, b, k), 2);
                assert_close(got, want, 1e-9, 1e-12);
            }
        w[3] = 0.0;
        bn_principal_free(&c);
        assert_fails(bn_cloud_components(&r, w, 3, &c), BN_INPUT);
        bn_mat_free(&r);
        free(w);
    }
}

/* --- distances --------------------------------------------------------------------------- */

/* Points on a circle a step apart: geodesics are whole numbers of chords, the way across a gap
 * that the spanning tree leaves open is the way round.  Euclid's distance of opposite points is 2.
 */
static void distances(void **state)
{
    (void)state;
    enum { N = 40, COUNT = 10 };
    struct bn_mat x = room(N, 2), d = room(COUNT, COUNT);
    const double chord = 2.0 * sin(PI / N);
    size_t index[COUNT];
    double cover;
    for (size_t i = 0; i < N; i++) {
        *bn_mat_at(&x, i, 0) = 3.0 * cos(2 * PI * (double)i / N);
        *bn_mat_at(&x, i, 1) = 3.0 * sin(2 * PI * (double)i / N);
    }
    for (int metric = BN_EUCLIDEAN; metric <= BN_GEODESIC; metric++) {
        assert_ok(bn_cloud_landmarks(&x, (enum bn_metric)metric, 2, index, &d, &cover));
        assert_int_equal(index[0], 0);
        assert_int_equal(index[1], N / 2);
        for (size_t a = 0; a < COUNT; a++)
            for (size_t b = 0; b < COUNT; b++) {
                const size_t k = index[a] > index[b] ? index[a] - index[b] : index[b] - index[a];
                const double steps = (double)(k < N - k ? k : N - k), s = sin(PI * steps / N);
                const double want = metric == BN_EUCLIDEAN ? 6.0 * s : metric == BN_COSINE
                                    ? 2.0 * s : 3.0 * chord * steps;
                assert_close(*bn_mat_at(&d, a, b), want, 1e-9, 1e-9);
            }
        /* halves, quarters, eighths (5 steps), then two of the gaps of 5: 2 and 3 remain */
        assert_close(cover, metric == BN_GEODESIC ? 6.0 * chord
                            : (metric == BN_COSINE ? 2.0 : 6.0) * sin(2 * PI / N), 1e-9, 0);
    }
    memset(x.data, 0, 2 * sizeof(double));
    assert_fails(bn_cloud_landmarks(&x, BN_COSINE, 2, index, &d, &cover), BN_INPUT);
    assert_fails(bn_cloud_landmarks(&x, BN_GEODESIC, N, index, &d, &cover), BN_USAGE);
    bn_mat_free(&x), bn_mat_free(&d);
}

/* Two groups far apart have a way between them: the shortest link. */
static void one_graph(void **state)
{
    (void)state;
    struct bn_mat x = room(20, 1), d = room(20, 20);
    size_t index[20];
    double cover, far = 0.0;
    for (size_t i = 0; i < 20; i++)
        x.data[i] = (double)i + (i < 10 ? 0.0 : 100.0);
    assert_ok(bn_cloud_landmarks(&x, BN_GEODESIC, 1, index, &d, &cover));
    for (size_t k = 0; k < 400; k++)
        far = fmax(far, d.data[k]);
    assert_close(far, 119.0, 1e-12, 0);
    assert_true(cover == 0.0);
    bn_mat_free(&x), bn_mat_free(&d);
}

static void densest(void **state)
{
    (void)state;
    enum { N = 200 };
    struct bn_mat x = room(N, 2);
    size_t index[N], kept;
    bn_rng_normals(stream(3), 0, 0, x.data, 2 * N);
    for (size_t i = 0; i < N; i += 10)               /* a tenth are far out */
        *bn_mat_at(&x, i, 0) += 10.0 * (double)(i + 1);
    assert_ok(bn_cloud_densest(&x, 5, 0.1, index, &kept));
    assert_int_equal(kept, N - N / 10);
    for (size_t k = 0; k < kept; k++)
        assert_true(index[k] % 10 != 0 && (k == 0 || index[k] > index[k - 1]));
    assert_ok(bn_cloud_densest(&x, 5, 0.0, index, &kept));
    assert_true(kept == N && index[N - 1] == N - 1);
    bn_mat_free(&x);
}

/* --- Betti numbers ----------------------------------------------------------------------- */

enum { CIRCLE, TORUS, HEXAGON, SPHERE, NOISE, KINDS, DIM = 6 };

static struct bn_mat cloud(int kind, size_t n, uint64_t seed, double noise)
{
    struct bn_mat x = room(n, DIM);
    double u[2], g[DIM];
    for (size_t i = 0; i < n; i++) {
        double *p = bn_mat_row(&x, i);
        bn_rng_uniforms(stream(seed), i, 0, u, 2);
        bn_rng_normals(stream(seed), i, 2, g, DIM);
        const double a = 2 * PI * u[0], b = 2 * PI * u[1], z = 2 * u[1] - 1;
        for (int k = 0; kind == CIRCLE && k < 2; k++)
            p[k] = cos(a - k * PI / 2);
        for (int k = 0; kind == TORUS && k < 4; k++)
            p[k] = cos((k < 2 ? a : b) - k % 2 * PI / 2);
        for (int k = 0; kind == HEXAGON && k < 6; k++)
            p[k] = cos((k < 2 ? a : k < 4 ? b : a - b) - k % 2 * PI / 2);
        for (int k = 0; kind == SPHERE && k < 3; k++)
            p[k] = k == 2 ? z : sqrt(1 - z * z) * cos(a - k * PI / 2);
        for (size_t k = 0; k < DIM; k++)
            p[k] += (kind == NOISE ? 1.0 / (double)(k + 1) : noise) * g[k];
    }
    return x;
}

/* With noise of a twentieth of the radius in every dimension; 500 points, as few as a grid of rates
 * has.  Counting all bars longer than the cover, or the bars before the largest gap, calls the
 * noise a manifold.                                                         */
static void betti_numbers(void **state)
{
    (void)state;
    static const size_t want[KINDS][3] = { { 1, 1, 0 }, { 1, 2, 1 }, { 1, 2, 1 }, { 1, 0, 1 },
                                           { 1, 0, 0 } };
    for (int kind = 0; kind < KINDS; kind++) {
        struct bn_mat x = cloud(kind, 500, 1 + (uint64_t)kind, 0.05);
        const struct bn_betti_how how = { BN_EUCLIDEAN, 8, kind == NOISE ? 100 : 200, 2,
                                          INFINITY, 0, kind == NOISE ? 19 : 2 };
        struct bn_betti b;
        assert_ok(bn_betti(&x, &how, stream(9), &b));
        for (int d = 0; d <= 2; d++) {
            if (b.betti[d] != want[kind][d])
                fail_msg("cloud %d: Betti number %d is %zu, bound %g", kind, d, b.betti[d],
                         b.bound[d]);
            assert_true((b.separation[d] > 1.0) == (want[kind][d] > (d == 0)));
        }
        bn_betti_free(&b);
        bn_mat_free(&x);
    }
}

/* All points are landmarks, so the surrogates alone decide: of clouds that are Gaussian themselves
 * one in five has a loop longer than those of four surrogates, to five standard deviations.
 * Longer than their mean would be about half.                                */
static void chance_passes_as_often_as_said(void **state)
{
    (void)state;
    enum { DRAWS = 250, N = 40, D = 3 };
    const double variance[D] = { 1.0, 0.7, 0.5 }, p = 0.2;
    const struct bn_betti_how how = { BN_EUCLIDEAN, 4, N, 1, INFINITY, 0, 4 };
    struct bn_mat x = room(N, D);
    int passed = 0;
    for (uint64_t k = 0; k < DRAWS; k++) {
        struct bn_betti b;
        bn_cloud_noise(variance, stream(20), k, &x);
        assert_ok(bn_betti(&x, &how, stream(1000 + k), &b));
        assert_true(b.cover == 0.0);
        passed += b.betti[1] > 0;
        bn_betti_free(&b);
    }
    assert_close(passed, p * DRAWS, 0, 5.0 * sqrt(p * (1.0 - p) * DRAWS));
    bn_mat_free(&x);
}

/* A spiral sheet: loops by Euclid's distance that are none along the sheet. */
static void geodesics_unroll(void **state)
{
    (void)state;
    enum { N = 400 };
    struct bn_mat x = room(N, 2);
    for (size_t i = 0; i < N; i++) {
        const double a = 2 * PI * 0.97 * (double)i / N, r = 1.0 + 0.12 * (double)i / N;
        *bn_mat_at(&x, i, 0) = r * cos(a);
        *bn_mat_at(&x, i, 1) = r * sin(a);
    }
    for (int metric = BN_EUCLIDEAN; metric <= BN_GEODESIC; metric += 2) {
        const struct bn_betti_how how = { (enum bn_metric)metric, 4, 60, 1, INFINITY, 0, 4 };
        struct bn_betti b;
        assert_ok(bn_betti(&x, &how, stream(9), &b));
        assert_int_equal(b.betti[1], metric == BN_EUCLIDEAN);
        bn_betti_free(&b);
    }
    bn_mat_free(&x);
}

static void threads_do_not_count(void **state)
{
    (void)state;
    struct bn_mat x = cloud(NOISE, 150, 3, 0.0);
    const struct bn_betti_how how = { BN_GEODESIC, 6, 60, 2, INFINITY, 0, 3 };
    struct bn_betti b[2];
    for (unsigned k = 0; k < 2; k++) {
        bn_threads_set(k + 1);
        assert_ok(bn_betti(&x, &how, stream(9), &b[k]));
    }
    bn_threads_set(0);
    assert_memory_equal(b[0].longest.data, b[1].longest.data, 9 * sizeof(double));
    for (int d = 0; d <= 2; d++) {
        assert_int_equal(b[0].bars.count[d], b[1].bars.count[d]);
        if (b[0].bars.count[d] > 0)
            assert_memory_equal(b[0].bars.bar[d], b[1].bars.bar[d],
                                b[0].bars.count[d] * sizeof(struct bn_bar));
    }
    bn_betti_free(&b[0]), bn_betti_free(&b[1]);
    bn_mat_free(&x);
}

static void allocations(void **state)
{
    (void)state;
    struct bn_mat x = cloud(SPHERE, 40, 3, 0.1);
    const struct bn_betti_how how = { BN_GEODESIC, 4, 15, 1, INFINITY, 0, 1 };
    struct bn_betti b;
    bn_status rc = BN_NOMEM;
    bn_threads_set(1);
    for (long k = 0; rc != BN_OK; k++) {
        bn_alloc_fail_after(k);
        rc = bn_betti(&x, &how, stream(9), &b);
        bn_alloc_fail_after(-1);
        assert_true(rc == BN_OK || rc == BN_NOMEM);
    }
    bn_threads_set(0);
    bn_betti_free(&b);
    bn_mat_free(&x);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(components),
        cmocka_unit_test(distances),
        cmocka_unit_test(one_graph),
        cmocka_unit_test(densest),
        cmocka_unit_test(betti_numbers),
        cmocka_unit_test(chance_passes_as_often_as_said),
        cmocka_unit_test(geodesics_unroll),
        cmocka_unit_test(threads_do_not_count),
        cmocka_unit_test(allocations),
    };
    return cmocka_run_group_tests_name("cloud", tests, NULL, NULL);
}
