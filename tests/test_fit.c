/* SPDX-License-Identifier: MIT
 * The fit of a generating process to the covariance of rates: against drawn curves,
 * closed forms, and the sampling error that theory gives.                    */
#include "ring.h"

#include <basin/curves.h>
#include <basin/fit.h>
#include <basin/mem.h>
#include <basin/tile.h>

enum { HAT = 20, ANGLES = 96, DRAWS = 4096 };

static const double published[] = { 1.42, 2.77, 1.73 };
static const struct bn_fit_box everywhere = { { 0.5, 0.5, -1.0 }, { 3.0, 12.0, 4.0 } };

static struct bn_rng stream(uint64_t seed, const char *name)
{
    return (struct bn_rng){ .seed = seed, .stream = bn_rng_stream(name) };
}

static bn_fit *fit_seeded(enum bn_fit_process process, size_t angles, size_t draws,
                          uint64_t seed)
{
    bn_fit *f;
    assert_ok(bn_fit_new(&f, process, HAT, angles, draws, everywhere.high[0],
                         stream(seed, "draws")));
    return f;
}

static bn_fit *fit_make(enum bn_fit_process process, size_t angles, size_t draws)
{
    return fit_seeded(process, angles, draws, 1);
}

/* Rates of n curves by the floors below fit, which share nothing with it but the random
 * numbers; `own` divides each by its own mean.                              */
static struct bn_mat curves(enum bn_transfer_kind kind, const double *p, size_t n, size_t m,
                            struct bn_rng rng, bool own)
{
    const struct bn_transfer t = { kind, p[1], p[2] };
    struct bn_mat c = mat_make(n, 2 * bn_gp_harmonics(p[0]) + 1), x = mat_make(n, m);
    assert_ok(bn_gp_sample(p[0], rng, 0, &c));
    assert_ok(bn_fourier_inverse(&c, &x));
    bn_transfer_rate(&t, n * m, x.data, x.data);
    if (own)
        assert_ok(bn_curves_unit_mean(&x));
    bn_mat_free(&c);
    return x;
}

/* The draws are the curves that gp, transfer and curves make from the same numbers.
 * Dividing all curves by one mean (wrong) is off by a tenth.                 */
static void draws_are_the_curves(void **state)
{
    (void)state;
    const double points[][3] = { { 1.42, 2.77, 1.73 }, { 0.8, 6.0, 0.0 }, { 2.5, 1.0, 3.0 } };
    bn_fit *f = fit_make(BN_FIT_NORMALISED, ANGLES, DRAWS);
    struct bn_mat spread = mat_make(HAT, HAT);
    for (size_t k = 0; k < BN_LEN(points); k++) {
        double want[HAT], got[HAT], wrong[HAT];
        for (int own = 0; own < 2; own++) {
            struct bn_mat r = curves(BN_TRANSFER_SOFTPLUS, points[k], DRAWS, ANGLES,
                                     stream(1, "draws"), own);
            assert_ok(bn_fit_curves(&r, HAT, own ? want : wrong, &spread));
            bn_mat_free(&r);
        }
        assert_ok(bn_fit_model(f, points[k], 1.0, got));
        assert_close(got[0], 1, 1e-12, 0);
        for (size_t n = 0; n < HAT; n++)
            assert_close(got[n], want[n], 1e-8, 1e-11);
        assert_true(fabs(wrong[1] / wrong[0] - want[1]) > 0.1 * want[1]);
    }
    bn_mat_free(&spread);
    bn_fit_free(f);
}

/* Closed form and quadrature against sampled curves: five standard errors at each
 * harmonic that is not lost in them; the erf of half the gain is outside.    */
static void covariances_are_those_of_curves(void **state)
{
    (void)state;
    const double points[][3] = { { 1.4211, 2.7659, 0.0 }, { 1.0, 2.0, 0.7 } };
    struct bn_mat spread = mat_make(HAT, HAT);
    for (int kind = 0; kind < 2; kind++)
        for (size_t k = 0; k < BN_LEN(points); k++) {
            const double half[] = { points[k][0], 0.5 * points[k][1], points[k][2] };
            double want[HAT], got[HAT], other[HAT], worst = 0.0;
            bn_fit *f = fit_make(kind == 0 ? BN_FIT_ERF : BN_FIT_SOFTPLUS, 256, 0);
            struct bn_mat r = curves(kind == 0 ? BN_TRANSFER_ERF : BN_TRANSFER_SOFTPLUS,
                                     points[k], 20000, 128, stream(2, "sample"), false);
            assert_ok(bn_fit_curves(&r, HAT, want, &spread));
            assert_ok(bn_fit_model(f, points[k], 1.0, got));
            assert_ok(bn_fit_model(f, half, 1.0, other));
            for (size_t n = 0; n < HAT; n++) {
                const double five = 5.0 * sqrt(*bn_mat_at(&spread, n, n));
                assert_close(want[n], got[n], 0, five + 1e-12);
                worst = fmax(worst, fabs(want[n] - other[n]) / five);
            }
            assert_true(worst > 1.0);
            bn_mat_free(&r);
            bn_fit_free(f);
        }
    bn_mat_free(&spread);
}

/* A threshold of 1e-9 leaves the closed form for the quadrature and changes nothing. */
static void closed_form_is_the_quadrature(void **state)
{
    (void)state;
    const double p[] = { 1.4211, 2.7659, 0.0 }, q[] = { 1.4211, 2.7659, 1e-9 };
    bn_fit *f = fit_make(BN_FIT_ERF, ANGLES, 0);
    double a[HAT], b[HAT];
    assert_ok(bn_fit_model(f, p, 1.0, a));
    assert_ok(bn_fit_model(f, q, 1.0, b));
    for (size_t n = 0; n < HAT; n++)
        assert_close(b[n], a[n], 0, 1e-8);
    bn_fit_free(f);
}

/* Rates have harmonics above those of the currents; on the stage's 96 angles they fold
 * back onto those compared by less than 1e-6 of the loss.                    */
static void angles_suffice(void **state)
{
    (void)state;
    bn_fit *coarse = fit_make(BN_FIT_NORMALISED, ANGLES, 1024);
    bn_fit *fine = fit_make(BN_FIT_NORMALISED, 512, 1024);
    const double points[][3] = { { 1.42, 2.77, 1.73 }, { 1.0, 12.0, 0.0 }, { 2.5, 6.0, 1.0 } };
    for (size_t k = 0; k < BN_LEN(points); k++) {
        double a[HAT], b[HAT];
        assert_ok(bn_fit_model(coarse, points[k], 1.0, a));
        assert_ok(bn_fit_model(fine, points[k], 1.0, b));
        assert_close(bn_fit_distance(b, a, HAT), 0, 0, 1e-6);
    }
    bn_fit_free(coarse), bn_fit_free(fine);
}

/* Loss, point and landscape: the same bits on 1, 2 and 5 threads, and again. */
static void same_bits(void **state)
{
    (void)state;
    enum { RUNS = 4 };
    const unsigned threads[RUNS] = { 1, 2, 5, 1 };
    const double truth[] = { 1.2, 3.0, 1.0 };
    double point[RUNS][4], map[RUNS][9];
    for (size_t k = 0; k < RUNS; k++) {
        bn_threads_set(threads[k]);
        bn_fit *f = fit_make(BN_FIT_NORMALISED, ANGLES, 2000);
        double data[HAT];
        struct bn_mat m = { 3, 3, map[k] };
        assert_ok(bn_fit_model(f, truth, 1.0, data));
        data[1] *= 1.1;
        assert_ok(bn_fit_search(f, data, &everywhere, published, 2, stream(1, "search"),
                                point[k], &point[k][3], NULL));
        assert_ok(bn_fit_landscape(f, data, point[k], BN_FIT_SIGMA,
                                   (const double[]){ 1.0, 1.2, 1.4 }, BN_FIT_BETA,
                                   (const double[]){ 1.0, 3.0, 9.0 }, &m));
        bn_fit_free(f);
    }
    bn_threads_set(0);
    for (size_t k = 1; k < RUNS; k++) {
        assert_memory_equal(point[k], point[0], sizeof point[0]);
        assert_memory_equal(map[k], map[0], sizeof map[0]);
    }
}

/* Without sampling error the search ends at the truth: from any start, in all
 * processes.  The bound is wide along the valley, where the loss is 1e-5.    */
static void exact_covariances_give_the_point_back(void **state)
{
    (void)state;
    const struct { enum bn_fit_process process; double truth[3], start[3]; } rows[] = {
        { BN_FIT_NORMALISED, { 1.42, 2.77, 1.73 }, { 1.0, 5.0, 0.5 } },
        { BN_FIT_NORMALISED, { 0.9, 4.0, 0.3 }, { 2.0, 1.0, 3.0 } },
        { BN_FIT_SOFTPLUS, { 1.2, 2.0, 0.5 }, { 1.42, 2.77, 1.73 } },
        { BN_FIT_ERF, { 1.4211, 2.7659, 0.0 }, { 0.7, 1.0, 0.0 } },
    };
    for (size_t k = 0; k < BN_LEN(rows); k++) {
        const bool drawn = rows[k].process == BN_FIT_NORMALISED;
        bn_fit *f = fit_make(rows[k].process, drawn ? ANGLES : 72, DRAWS);
        struct bn_fit_box box = everywhere;
        double data[HAT], best[3], loss;
        if (rows[k].process == BN_FIT_ERF)
            box.low[2] = box.high[2] = 0.0;
        assert_ok(bn_fit_model(f, rows[k].truth, 1.0, data));
        assert_ok(bn_fit_search(f, data, &box, rows[k].start, k == 0 ? 3 : 1,
                                stream(3, "search"), best, &loss, NULL));
        assert_close(loss, 0, 0, 1e-5);
        for (int i = 0; i < 3; i++)
            assert_close(best[i], rows[k].truth[i], 0, 0.02);
        bn_fit_free(f);
    }
}

/* Curves drawn from a known process, its threshold given: the squared distance of the
 * fitted (sigma, beta) from the truth in units of the predicted covariance is chi^2 with
 * 2 degrees of freedom per seed, 12 for six.  The bounds are its five-sigma quantiles
 * (2.87e-7 on either side).  Wrong ones that fail: curves not divided by their means;
 * errors of one cell in place of those of their mean.
 * (With the threshold free the point moves so far along the curved valley that a first
 * order is not enough; small_errors_go_where_theory_says has that case.)      */
static void recovery_is_as_good_as_sampling_allows(void **state)
{
    (void)state;
    enum { SEEDS = 6, N = 10240 };
    const struct bn_fit_box box = { { 0.5, 0.5, 1.73 }, { 3.0, 12.0, 1.73 } };
    struct bn_mat spread = mat_make(HAT, HAT), v = mat_make(3, 3);
    double sum = 0.0, best[3], loss, data[HAT];
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        struct bn_mat r = curves(BN_TRANSFER_SOFTPLUS, published, N, 80,
                                 stream(10 + seed, "data"), true);
        bn_fit *f = fit_seeded(BN_FIT_NORMALISED, 72, N, 20 + seed);
        assert_ok(bn_fit_curves(&r, HAT, data, &spread));
        assert_ok(bn_fit_search(f, data, &box, (const double[]){ 1.2, 2.0, 1.73 }, 1,
                                stream(1, "search"), best, &loss, NULL));
        assert_ok(bn_fit_errors(f, &box, published, &spread, N, &v));
        const double a = v.data[0], b = v.data[1], c = v.data[4];
        const double x = best[0] - published[0], y = best[1] - published[1];
        sum += (c * x * x - 2.0 * b * x * y + a * y * y) / (a * c - b * b);
        assert_true(v.data[8] == 0.0 && best[2] == 1.73);
        bn_mat_free(&r);
        bn_fit_free(f);
    }
    print_message("chi^2 = %.1f on %d degrees of freedom\n", sum, 2 * SEEDS);
    assert_true(sum > 0.504 && sum < 53.9);
    bn_mat_free(&v), bn_mat_free(&spread);
}

/* All three parameters: a small error d of the covariance moves the fitted point by A d.
 * With d d^T as its spread the predicted variances are the squares of that.   */
static void small_errors_go_where_theory_says(void **state)
{
    (void)state;
    bn_fit *f = fit_make(BN_FIT_NORMALISED, ANGLES, DRAWS);
    struct bn_mat spread = mat_make(HAT, HAT), v = mat_make(3, 3);
    for (uint64_t seed = 0; seed < 3; seed++) {
        double data[HAT], d[HAT], best[3], loss;
        assert_ok(bn_fit_model(f, published, 1.0, data));
        bn_rng_normals(stream(seed, "error"), 0, 0, d, HAT);
        for (size_t n = 0; n < HAT; n++) {
            d[n] *= 2e-4 * data[n];
            data[n] += d[n];
        }
        for (size_t n = 0; n < HAT; n++)
            for (size_t k = 0; k < HAT; k++)
                *bn_mat_at(&spread, n, k) = d[n] * d[k];
        assert_ok(bn_fit_search(f, data, &everywhere, published, 1, stream(1, "search"), best,
                                &loss, NULL));
        assert_ok(bn_fit_errors(f, &everywhere, published, &spread, 0, &v));
        for (size_t i = 0; i < 3; i++)
            assert_close(fabs(best[i] - published[i]), sqrt(*bn_mat_at(&v, i, i)), 0.05, 5e-5);
    }
    bn_mat_free(&v), bn_mat_free(&spread);
    bn_fit_free(f);
}

/* The valley: the predicted error in one direction is more than twenty times that in
 * another, and the landscape is what the distance says at its nodes.         */
static void landscape_has_a_valley(void **state)
{
    (void)state;
    enum { NODES = 9 };
    bn_fit *f = fit_make(BN_FIT_NORMALISED, ANGLES, DRAWS);
    struct bn_mat map = mat_make(NODES, NODES), spread = mat_make(HAT, HAT), v = mat_make(3, 3);
    double data[HAT], hat[HAT], sigma[NODES], beta[NODES], w[3];
    assert_ok(bn_fit_model(f, published, 1.0, data));
    for (size_t k = 0; k < NODES; k++) {
        sigma[k] = 1.42 + 0.1 * ((double)k - 4.0);
        beta[k] = 2.77 + 0.34 * ((double)k - 4.0);
    }
    assert_ok(bn_fit_landscape(f, data, published, BN_FIT_SIGMA, sigma, BN_FIT_BETA, beta,
                               &map));
    for (size_t i = 0; i < NODES; i++)
        for (size_t k = 0; k < NODES; k++) {
            const double p[] = { sigma[i], beta[k], 1.73 };
            assert_ok(bn_fit_model(f, p, 1.0, hat));
            assert_close(*bn_mat_at(&map, i, k), bn_fit_distance(data, hat, HAT), 1e-12, 0);
            assert_true(*bn_mat_at(&map, i, k) >= *bn_mat_at(&map, 4, 4));
        }
    struct bn_mat r = curves(BN_TRANSFER_SOFTPLUS, published, 4000, 80, stream(5, "data"), true);
    assert_ok(bn_fit_curves(&r, HAT, hat, &spread));
    assert_ok(bn_fit_errors(f, &everywhere, published, &spread, 4000, &v));
    assert_ok(bn_eig_symmetric(&v, w));
    print_message("standard errors along the axes: %g %g %g\n", sqrt(w[0]), sqrt(w[1]), sqrt(w[2]));
    assert_true(sqrt(w[2] / w[0]) > 20.0);
    bn_mat_free(&r), bn_mat_free(&v), bn_mat_free(&spread), bn_mat_free(&map);
    bn_fit_free(f);
}

static void refusals(void **state)
{
    (void)state;
    bn_fit *f;
    double best[3], loss, data[HAT] = { 1, 1 };
    struct bn_mat one = mat_make(1, 64), spread = mat_make(HAT, HAT);
    assert_fails(bn_fit_new(&f, BN_FIT_NORMALISED, HAT, 30, 100, 3.0, stream(1, "a")),
                 BN_USAGE);
    assert_says(bn_error(), "twice as many angles");
    assert_fails(bn_fit_new(&f, BN_FIT_NORMALISED, HAT, 50, 100, 3.0, stream(1, "a")),
                 BN_USAGE);
    assert_says(bn_error(), "take 65");
    assert_fails(bn_fit_curves(&one, HAT, data, &spread), BN_INPUT);
    f = fit_make(BN_FIT_NORMALISED, ANGLES, 100);
    assert_fails(bn_fit_search(f, data, &everywhere, (const double[]){ 4.0, 2.0, 1.0 }, 1,
                               stream(1, "b"), best, &loss, NULL), BN_USAGE);
    assert_says(bn_error(), "sigma = 4");
    assert_fails(bn_fit_model(f, (const double[]){ 1.0, 500.0, 5.0 }, 1.0, data), BN_NUMERIC);
    assert_says(bn_error(), "no rate at all");
    bn_fit_free(f);
    bn_mat_free(&one), bn_mat_free(&spread);
}

/* Out of memory anywhere: a status, no leak. */
static void memory_runs_out(void **state)
{
    (void)state;
    const double p[] = { 1.0, 2.0, 0.5 };
    bn_status rc = BN_NOMEM;
    bn_threads_set(1);
    for (long n = 0; rc != BN_OK; n++) {
        struct bn_mat v = mat_make(3, 3), spread = mat_make(HAT, HAT);
        double data[HAT], best[3], loss;
        bn_fit *f = NULL;
        bn_alloc_fail_after(n);
        rc = bn_fit_new(&f, BN_FIT_NORMALISED, HAT, ANGLES, 64, 3.0, stream(1, "draws"));
        if (rc == BN_OK)
            rc = bn_fit_model(f, p, 1.0, data);
        if (rc == BN_OK)
            rc = bn_fit_search(f, data, &everywhere, p, 1, stream(1, "s"), best, &loss, NULL);
        if (rc == BN_OK)
            rc = bn_fit_errors(f, &everywhere, best, &spread, 100, &v);
        bn_alloc_fail_after(-1);
        assert_true(rc == BN_OK || rc == BN_NOMEM);
        bn_fit_free(f);
        bn_mat_free(&v), bn_mat_free(&spread);
        n += n / 8;                      /* a search allocates thousands of times */
    }
    bn_threads_set(0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(draws_are_the_curves),
        cmocka_unit_test(covariances_are_those_of_curves),
        cmocka_unit_test(closed_form_is_the_quadrature),
        cmocka_unit_test(angles_suffice),
        cmocka_unit_test(same_bits),
        cmocka_unit_test(exact_covariances_give_the_point_back),
        cmocka_unit_test(recovery_is_as_good_as_sampling_allows),
        cmocka_unit_test(small_errors_go_where_theory_says),
        cmocka_unit_test(landscape_has_a_valley),
        cmocka_unit_test(refusals),
        cmocka_unit_test(memory_runs_out),
    };
    return cmocka_run_group_tests_name("fit", tests, NULL, NULL);
}
