/* SPDX-License-Identifier: MIT
 * Weights that hold several maps, with inhibition.  */
#include "ring.h"

#include <basin/atlas.h>
#include <basin/mem.h>
#include <basin/network.h>
#include <basin/operator.h>

enum { N = 300, M = 75 };

/* Squared exponential on a ring of length 2 pi, cut off: currents h - theta. */
struct map {
    struct bn_chart chart;
    double weight[M];
};

static struct map map(double length, double theta, uint64_t seed)
{
    const struct bn_rng rng = { .seed = seed, .stream = bn_rng_stream("map") };
    struct map m = { 0 };
    struct bn_mat c = mat_make(N, M);
    m.chart.current = mat_make(N, M);
    m.chart.rate = mat_make(N, M);
    for (size_t i = 0; i < N; i++) {
        double z[M];
        bn_rng_normals(rng, i, 0, z, M);
        for (size_t k = 0; k < M; k++) {
            const double q = length * (double)((k + 1) / 2);
            *bn_mat_at(&c, i, k) = z[k] * sqrt(length / 2.5066282746310002 * exp(-0.5 * q * q));
        }
    }
    assert_ok(bn_fourier_inverse(&c, &m.chart.current));
    for (size_t k = 0; k < N * M; k++) {
        m.chart.current.data[k] -= theta;
        m.chart.rate.data[k] = fmax(0.0, m.chart.current.data[k]);
    }
    for (size_t p = 0; p < M; p++)
        m.weight[p] = 1.0 / M;
    bn_mat_free(&c);
    return m;
}

static void map_free(struct map *m)
{
    bn_mat_free(&m->chart.current), bn_mat_free(&m->chart.rate);
}

static struct bn_mat dense(const struct bn_ridge *fit)
{
    struct bn_mat j = mat_make(fit->left.rows, fit->left.rows), full = mat_copy(&j);
    assert_ok(bn_ridge_dense(&fit->left, &fit->right, &j));
    assert_ok(bn_gemm(1.0, &fit->left, BN_PLAIN, &fit->right, BN_PLAIN, 0.0, &full));
    for (size_t i = 0; i < j.rows; i++)
        assert_close(*bn_mat_at(&full, i, i), fit->diagonal[i], 1e-8, 1e-10);
    bn_mat_free(&full);
    return j;
}

/* One map without inhibition is the ridge in coefficients; the same map twice as well, since
 * each counts half.                                                              */
static void one_map_is_the_ridge(void **state)
{
    (void)state;
    struct map m = map(0.5, 0.8, 1);
    m.chart.weight = m.weight;
    struct bn_chart twice[2] = { m.chart, m.chart };
    struct bn_mat x = mat_make(N, M), phi = mat_make(N, M), want = mat_make(N, N);
    struct bn_ridge fit;
    assert_ok(bn_fourier(&m.chart.current, &x));
    assert_ok(bn_fourier(&m.chart.rate, &phi));
    assert_ok(bn_ridge_fit(&x, &phi, NULL, M, 1e-5, 0.0, &fit));
    assert_ok(bn_ridge_dense(&fit.left, &fit.right, &want));
    for (size_t k = 1; k <= 2; k++) {
        const struct bn_atlas atlas = { .lambda = 1e-5 };
        struct bn_atlas_weights w;
        assert_ok(bn_atlas_fit(&atlas, twice, k, &w));
        struct bn_mat j = dense(&w.fit);
        assert_true(mat_apart(&j, &want) < 1e-8);
        assert_true(w.bias == 0.0);
        bn_mat_free(&j);
        bn_atlas_free(&w);
    }
    bn_ridge_free(&fit);
    bn_mat_free(&x), bn_mat_free(&phi), bn_mat_free(&want);
    map_free(&m);
}

/* Inhibition leaves the states where they are: of what it adds to the residual if J is shifted
 * as it stands, because the mean rate fluctuates along the map, less than a tenth is left.
 * The mean of J's rows goes down by c, and J_ii = 0.                             */
static void inhibition_is_compensated(void **state)
{
    (void)state;
    const double c = 5.0;
    struct map m = map(0.5, 0.8, 1);
    m.chart.weight = m.weight;
    for (int onesided = 0; onesided < 2; onesided++) {
        struct bn_atlas atlas = { .lambda = 1e-5, .onesided = onesided, .margin = 0.1 };
        struct bn_atlas_weights without, with;
        double before, after, fires, shifted;
        assert_ok(bn_atlas_fit(&atlas, &m.chart, 1, &without));
        assert_ok(bn_atlas_residual(&without, &m.chart, &before, &fires));
        atlas.inhibition = c;
        assert_ok(bn_atlas_fit(&atlas, &m.chart, 1, &with));
        assert_ok(bn_atlas_residual(&with, &m.chart, &after, &fires));
        double mean = 0.0, row[2] = { 0 };
        for (size_t k = 0; k < N * M; k++)
            mean += m.chart.rate.data[k] / (N * M);
        assert_close(with.bias, c * mean, 1e-12, 0);
        struct bn_mat a = dense(&without.fit), b = dense(&with.fit);
        for (size_t i = 0; i < N; i++)
            for (size_t j = 0; j < N; j++) {
                row[0] += *bn_mat_at(&a, i, j) / N;
                row[1] += *bn_mat_at(&b, i, j) / N;
            }
        assert_close(row[1] - row[0], -c * (N - 1) / N, 0.1, 0);
        /* the crude way: the same J, shifted */
        struct bn_mat u = mat_make(N, M);
        assert_ok(bn_gemm(1.0, &a, BN_PLAIN, &m.chart.rate, BN_PLAIN, 0.0, &u));
        double error = 0.0, norm = 0.0;
        for (size_t p = 0; p < M; p++) {
            double at = 0.0;
            for (size_t i = 0; i < N; i++)
                at += *bn_mat_at(&m.chart.rate, i, p) / N;
            for (size_t i = 0; i < N; i++) {
                const double x = *bn_mat_at(&m.chart.current, i, p);
                error += pow(*bn_mat_at(&u, i, p) + c * (mean - at) - x, 2);
                norm += x * x;
            }
        }
        shifted = sqrt(error / norm);
        assert_true(fabs(after - before) < 0.1 * (shifted - before));
        bn_mat_free(&a), bn_mat_free(&b), bn_mat_free(&u);
        bn_atlas_free(&without), bn_atlas_free(&with);
    }
    map_free(&m);
}

/* Largest cosine of rates with the states of a map. */
static double cosine(const struct map *m, const double *rate)
{
    double best = 0.0, size = 0.0;
    for (size_t i = 0; i < N; i++)
        size += rate[i] * rate[i];
    for (size_t p = 0; p < M; p++) {
        double dot = 0.0, own = 0.0;
        for (size_t i = 0; i < N; i++) {
            const double f = *bn_mat_at(&m->chart.rate, i, p);
            dot += f * rate[i];
            own += f * f;
        }
        best = fmax(best, dot / sqrt(own * size));
    }
    return best;
}

/* Started in a map, disturbed, a network that holds two stays in that one: after 20 tau its
 * rates are states of that map (cosine > 0.95) and of no other (what two unrelated maps have
 * in common is below 0.6 at N = 300).  J of map 0 alone does not hold map 1.       */
static void two_maps_are_recalled(void **state)
{
    (void)state;
    struct map m[2] = { map(0.9, 0.8, 1), map(0.9, 0.8, 2) };
    struct bn_chart charts[2];
    for (int k = 0; k < 2; k++) {
        m[k].chart.weight = m[k].weight;
        charts[k] = m[k].chart;
    }
    for (size_t count = 1; count <= 2; count++) {
        const struct bn_atlas atlas = { .lambda = 1e-6, .inhibition = 3.0 };
        struct bn_atlas_weights w;
        assert_ok(bn_atlas_fit(&atlas, charts, count, &w));
        double bias[N];
        for (size_t i = 0; i < N; i++)
            bias[i] = w.bias;
        struct bn_network net = { .transfer = { BN_TRANSFER_THRESHOLD, 1.0, 0.0 }, .tau = 1.0,
                                  .dt = 0.1, .bias = bias };
        assert_ok(bn_operator_factored(&net.weights, &w.fit.left, &w.fit.right,
                                       w.fit.diagonal));
        struct bn_mat x = mat_random(8, N, 9);
        for (size_t t = 0; t < 8; t++)
            for (size_t i = 0; i < N; i++)
                *bn_mat_at(&x, t, i) = 0.3 * *bn_mat_at(&x, t, i)
                    + *bn_mat_at(&m[t % 2].chart.current, i, (t / 2) * 19);
        assert_ok(bn_network_run(&net, &x, 200, 200, NULL, (struct bn_rng){ 0 }, NULL, NULL));
        for (size_t t = 0; t < 8; t++) {
            double rate[N];
            bn_transfer_rate(&net.transfer, N, bn_mat_row(&x, t), rate);
            const double own = cosine(&m[t % 2], rate), other = cosine(&m[1 - t % 2], rate);
            if (count == 1 && t % 2 == 1)
                assert_true(own < 0.8);
            else
                assert_true(own > 0.95 && other < 0.6);
        }
        bn_mat_free(&x);
        bn_atlas_free(&w);
    }
    map_free(&m[0]), map_free(&m[1]);
}

/* Softplus of the currents gives the rates back where they are above the floor, and the
 * floor elsewhere.                                                              */
static void softened_rates(void **state)
{
    (void)state;
    const struct bn_transfer softplus = { BN_TRANSFER_SOFTPLUS, 5.0, 0.0 };
    struct map m = map(0.5, 0.8, 1);
    struct bn_mat before = mat_copy(&m.chart.rate);
    double top = 0.0;
    for (size_t k = 0; k < N * M; k++)
        top = fmax(top, before.data[k]);
    assert_ok(bn_atlas_soften(&softplus, 1e-3, &m.chart));
    for (size_t k = 0; k < N * M; k++) {
        const double want = fmax(before.data[k], 1e-3 * top);
        assert_close(log1p(exp(5.0 * m.chart.current.data[k])) / 5.0, want, 1e-12, 0);
        assert_true(m.chart.rate.data[k] == want);
    }
    assert_fails(bn_atlas_soften(&softplus, 0.0, &m.chart), BN_USAGE);
    bn_mat_free(&before);
    map_free(&m);
}

static void refusals_and_no_memory(void **state)
{
    (void)state;
    struct map m = map(0.9, 0.8, 1);
    m.chart.weight = m.weight;
    struct bn_chart two[2] = { m.chart, m.chart };
    struct bn_atlas atlas = { .lambda = 1e-4, .inhibition = 1.0 };
    struct bn_atlas_weights w;
    two[1].current.rows--;
    assert_fails(bn_atlas_fit(&atlas, two, 2, &w), BN_INPUT);
    assert_says(bn_error(), "map 1");
    assert_fails(bn_atlas_fit(&atlas, two, 0, &w), BN_INPUT);
    bn_status rc = BN_NOMEM;
    for (long k = 0; rc != BN_OK && k < 100; k++) {
        bn_alloc_fail_after(k);
        rc = bn_atlas_fit(&atlas, two, 1, &w);
        bn_alloc_fail_after(-1);
        assert_true(rc == BN_OK || (rc == BN_NOMEM && w.fit.left.data == NULL));
    }
    assert_int_equal(rc, BN_OK);
    bn_atlas_free(&w);
    map_free(&m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_map_is_the_ridge),
        cmocka_unit_test(inhibition_is_compensated),
        cmocka_unit_test(two_maps_are_recalled),
        cmocka_unit_test(softened_rates),
        cmocka_unit_test(refusals_and_no_memory),
    };
    return cmocka_run_group_tests_name("atlas", tests, NULL, NULL);
}
