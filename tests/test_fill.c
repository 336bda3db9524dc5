/* SPDX-License-Identifier: MIT
 * Currents of silent points against the moments of truncated Gaussians in closed form, and
 * against the process that the neurons were drawn from.                          */
#include "ring.h"

#include <basin/fill.h>
#include <basin/mem.h>
#include <basin/tile.h>

static const struct bn_rng rng = { .seed = 3, .stream = 8 };

static double density(double x)
{
    return exp(-0.5 * x * x) / 2.50662827463100050242;
}

static double below(double x)
{
    return 0.5 * erfc(-x / 1.41421356237309504880);
}

/* N pairs of points with correlation r: `n` equal rows, each of its own samples. */
static struct bn_mat filled(const struct bn_mat *c, double theta, const double *row, size_t n,
                            size_t draws)
{
    struct bn_mat x = mat_make(n, c->rows), t = mat_make(1, n);
    for (size_t i = 0; i < n; i++) {
        memcpy(bn_mat_row(&x, i), row, c->rows * sizeof(double));
        t.data[i] = theta;
    }
    const struct bn_fill f = { c, t.data, 1e-4, draws };
    double loosened;
    assert_ok(bn_fill_silent(&f, rng, &x, &loosened));
    assert_true(loosened < 1e-8);
    bn_mat_free(&t);
    return x;
}

/* Point 0 fires with current x: h_1 is Gaussian with mean r (theta + x) and variance 1 - r^2,
 * cut off at theta.  Forgetting the cut gives the mean itself, -0.04 and +0.46 here instead of
 * -0.52 and -0.23.                                                            */
static void beside_a_field(void **state)
{
    (void)state;
    enum { N = 4000 };
    const double r[] = { 0.6, 0.9 }, theta = 1.1, row[] = { 0.6, -1.0 };
    for (size_t c = 0; c < 2; c++) {
        const struct bn_mat cov = { 2, 2, (double[]){ 1.0, r[c], r[c], 1.0 } };
        struct bn_mat x = filled(&cov, theta, row, N, 1);
        const double sd = sqrt(1.0 - r[c] * r[c]), mu = r[c] * (theta + row[0]);
        const double a = (theta - mu) / sd, ratio = density(a) / below(a);
        const double mean = mu - sd * ratio - theta, var = sd * sd * (1.0 - a * ratio
                                                                     - ratio * ratio);
        double m = 0.0, s = 0.0;
        for (size_t i = 0; i < N; i++) {
            assert_true(*bn_mat_at(&x, i, 0) == row[0] && *bn_mat_at(&x, i, 1) <= 0.0);
            m += *bn_mat_at(&x, i, 1) / N;
        }
        for (size_t i = 0; i < N; i++)
            s += pow(*bn_mat_at(&x, i, 1) - m, 2) / N;
        assert_close(m, mean, 0, 5.0 * sqrt(var / N));
        assert_close(s, var, 5.0 * sqrt(8.0 / N), 0);     /* kurtosis below that of exp */
        bn_mat_free(&x);
    }
}

/* Both points silent: E h_1 = -(1 + r) density(theta) Phi(theta sqrt((1 - r)/(1 + r)))
 * / P(both below)  (Rosenbaum 1961); P by integrating over the first.            */
static void both_silent(void **state)
{
    (void)state;
    enum { N = 4000 };
    const double r = 0.7, theta = 0.4, row[] = { -1.0, -1.0 };
    const struct bn_mat cov = { 2, 2, (double[]){ 1.0, r, r, 1.0 } };
    struct bn_mat x = filled(&cov, theta, row, N, 1);
    double both = 0.0, m = 0.0, square = 0.0, cross = 0.0;
    for (double h = -9.0; h < theta; h += 1e-4)
        both += 1e-4 * density(h + 5e-5) * below((theta - r * (h + 5e-5)) / sqrt(1.0 - r * r));
    const double want = -(1.0 + r) * density(theta) * below(theta * sqrt((1.0 - r) / (1.0 + r)))
                      / both;
    for (size_t i = 0; i < N; i++) {
        const double *h = bn_mat_row(&x, i);
        m += 0.5 * (h[0] + h[1] + 2.0 * theta) / N;
        square += pow(h[0] + theta, 2) / N;
        cross += (h[0] + theta) * (h[1] + theta) / N;
    }
    assert_close(m, want, 0, 5.0 / sqrt(N));
    assert_true(cross - m * m > 0.2 * (square - m * m));     /* they keep their correlation */
    bn_mat_free(&x);
}

/* Squared exponential on a line, cut at 1.1: the mean of samples is nearer to what h was than
 * any constant, and than a Gaussian without bounds could know of a silent neuron (0); and its
 * squared error is about that of the samples around it.                         */
static void finds_the_process_again(void **state)
{
    (void)state;
    enum { N = 64, P = 60 };
    const double step = 0.2, theta = 1.1;
    struct bn_mat c = mat_make(P, P), u, x = mat_make(N, P), z = mat_random(N, P, 5);
    double e[P], t[N];
    for (size_t i = 0; i < P; i++)
        for (size_t k = 0; k < P; k++)
            *bn_mat_at(&c, i, k) = exp(-0.5 * pow(step * ((double)i - (double)k), 2));
    u = mat_copy(&c);
    assert_ok(bn_eig_symmetric(&u, e));
    for (size_t i = 0; i < N; i++)
        for (size_t k = 0; k < P; k++)
            *bn_mat_at(&z, i, k) *= sqrt(fmax(e[k], 0.0));
    assert_ok(bn_gemm(1.0, &z, BN_PLAIN, &u, BN_PLAIN, 0.0, &x));
    double mean = 0.0, count = 0.0, constant = 0.0, error = 0.0, one = 0.0;
    for (size_t i = 0; i < N; i++)
        t[i] = theta;
    for (size_t k = 0; k < N * P; k++) {
        x.data[k] -= theta;
        mean += x.data[k] <= 0.0 ? x.data[k] : 0.0;
        count += x.data[k] <= 0.0;
    }
    mean /= count;
    struct bn_mat many = mat_copy(&x), draw = mat_copy(&x);
    struct bn_fill f = { &c, t, 1e-3, 200 };
    double loosened;
    assert_ok(bn_fill_silent(&f, rng, &many, &loosened));
    assert_true(loosened < 0.05);
    f.draws = 1;
    assert_ok(bn_fill_silent(&f, rng, &draw, &loosened));
    for (size_t k = 0; k < N * P; k++) {
        if (x.data[k] > 0.0) {
            assert_true(many.data[k] == x.data[k]);
            continue;
        }
        constant += pow(x.data[k] - mean, 2) / count;
        error += pow(x.data[k] - many.data[k], 2) / count;
        one += pow(x.data[k] - draw.data[k], 2) / count;
    }
    /* truth and a sample have the same law around the mean, apart from each other by two
     * such variances; 64 neurons of about ten independent places: 5 sigma is 20 %.   */
    assert_true(error < 0.8 * constant);
    assert_close(one, 2.0 * error, 0.2, 0);
    bn_mat_free(&c), bn_mat_free(&u), bn_mat_free(&x), bn_mat_free(&z);
    bn_mat_free(&many), bn_mat_free(&draw);
}

/* Fields that no such process has: bounds are loosened, said, and nothing is above 0. */
static void impossible_fields(void **state)
{
    (void)state;
    const struct bn_mat c = { 3, 3, (double[]){ 1, 0.99, 0.95, 0.99, 1, 0.99, 0.95, 0.99, 1 } };
    struct bn_mat x = { 1, 3, (double[]){ 2.0, -1.0, 2.0 } };
    const double theta = 0.5;
    const struct bn_fill f = { &c, &theta, 1e-3, 20 };
    double loosened;
    assert_ok(bn_fill_silent(&f, rng, &x, &loosened));
    assert_true(loosened > 0.5 && x.data[1] <= 0.0 && x.data[0] == 2.0);
}

static void threads_memory_and_refusals(void **state)
{
    (void)state;
    enum { N = 20 };
    const struct bn_mat c = { 2, 2, (double[]){ 1.0, 0.5, 0.5, 1.0 } };
    struct bn_mat x = mat_random(N, 2, 1), y = mat_copy(&x), t = mat_make(1, N);
    struct bn_fill f = { &c, t.data, 1e-3, 3 };
    bn_threads_set(1);
    assert_ok(bn_fill_silent(&f, rng, &x, NULL));
    bn_threads_set(3);
    assert_ok(bn_fill_silent(&f, rng, &y, NULL));
    assert_memory_equal(x.data, y.data, 2 * N * sizeof(double));
    bn_threads_set(1);
    bn_status rc = BN_NOMEM;
    for (long k = 0; rc != BN_OK && k < 100; k++) {
        bn_alloc_fail_after(k);
        rc = bn_fill_silent(&f, rng, &x, NULL);
        bn_alloc_fail_after(-1);
        assert_true(rc == BN_OK || rc == BN_NOMEM);
    }
    assert_int_equal(rc, BN_OK);
    bn_threads_set(0);
    f.draws = 0;
    assert_fails(bn_fill_silent(&f, rng, &x, NULL), BN_USAGE);
    x.cols = 1;
    assert_fails(bn_fill_silent(&f, rng, &x, NULL), BN_INPUT);
    bn_mat_free(&x), bn_mat_free(&y), bn_mat_free(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(beside_a_field),
        cmocka_unit_test(both_silent),
        cmocka_unit_test(finds_the_process_again),
        cmocka_unit_test(impossible_fields),
        cmocka_unit_test(threads_memory_and_refusals),
    };
    return cmocka_run_group_tests_name("fill", tests, NULL, NULL);
}
