/* SPDX-License-Identifier: MIT
 * Descriptions of tuning curves in cases that can be solved.                 */
#include "ring.h"

#include <basin/describe.h>
#include <basin/tile.h>

enum { M = 360 };

static void waves(double *rate, const double *a, const double *b, size_t harmonics, size_t m,
                  double shift)
{
    for (size_t k = 0; k < m; k++) {
        const double d = BN_TWO_PI * (double)k / (double)m - shift;
        rate[k] = 5.0;
        for (size_t n = 1; n <= harmonics; n++)
            rate[k] += a[n - 1] * cos((double)n * d) + b[n - 1] * sin((double)n * d);
    }
}

static size_t peaks(const double *rate, size_t m, double level)
{
    size_t n;
    assert_ok(bn_describe_peaks(rate, m, level, &n, NULL, 0));
    return n;
}

/* cos d + a cos 2d has a second peak, at pi, for a > 1/4; its z is
 * (a - 1) / sqrt((1 + a^2)/2).  Turning the curve so that a peak falls between the last
 * angle and the first changes nothing; counting on an open interval would.   */
static void peaks_of_two_waves(void **state)
{
    (void)state;
    const struct { double a; size_t above[3]; } rows[] = {
        { 0.2, { 1, 1, 1 } },            /* no second peak */
        { 0.9, { 1, 1, 1 } },            /* z = -0.11 */
        { 1.5, { 1, 1, 2 } },            /* z = 0.39 */
        { 2.0, { 1, 2, 2 } },            /* z = 0.63 */
        { 9.0, { 2, 2, 2 } },            /* z = 1.25 */
    };
    const double level[] = { 1.0, 0.5, 0.0 }, none[2] = { 0 };
    double rate[M];
    for (size_t r = 0; r < BN_LEN(rows); r++)
        for (size_t turn = 0; turn < M; turn += 45) {
            waves(rate, (const double[]){ 1.0, rows[r].a }, none, 2, M,
                  BN_TWO_PI * (double)turn / M);
            for (size_t l = 0; l < 3; l++)
                assert_int_equal(peaks(rate, M, level[l]), rows[r].above[l]);
        }
}

static void heights_fall(void **state)
{
    (void)state;
    const double rate[] = { 9, 1, 4, 4, 1, 7, 2, 2, 3, 9 };  /* 9 9 is one peak around 0 */
    double height[4];
    size_t n;
    assert_ok(bn_describe_peaks(rate, BN_LEN(rate), -10.0, &n, height, 4));
    assert_int_equal(n, 3);
    const double want[] = { 9, 7, 4, 0 };
    for (size_t k = 0; k < 4; k++)
        assert_close(height[k], want[k], 0, 0);
    const double flat[] = { 2, 2, 2 };
    assert_int_equal(peaks(flat, 3, -1.0), 0);
}

/* cos d + b sin 2d about 0 has (1 - b^2)/(1 + b^2), wherever the curve is turned.
 * About another angle (a peak in place of the centre of mass) it differs.    */
static void symmetry_of_two_waves(void **state)
{
    (void)state;
    for (double b = 0.0; b < 2.0; b += 0.4)
        for (double turn = 0.0; turn < 6.0; turn += 0.7) {
            struct bn_mat r = mat_make(1, M), c = mat_make(1, 41);
            double centre;
            waves(r.data, (const double[]){ 1, 0 }, (const double[]){ 0, b }, 2, M, turn);
            bn_ring_centre(&r, &centre, NULL);
            assert_ok(bn_fourier(&r, &c));
            const double want = (1.0 - b * b) / (1.0 + b * b);
            assert_close(bn_ring_difference(centre, turn), 0, 0, 1e-12);
            assert_close(bn_describe_symmetry(c.data, 41, centre), want, 0, 1e-12);
            assert_true(fabs(bn_describe_symmetry(c.data, 41, centre + 0.3) - want) > 0.01);
            bn_mat_free(&r), bn_mat_free(&c);
        }
}

/* The same number from the grid: Pearson correlation with the reversed curve. */
static void symmetry_is_pearson(void **state)
{
    (void)state;
    struct bn_mat c = mat_random(20, 21, 1), r = mat_make(20, M);
    assert_ok(bn_fourier_inverse(&c, &r));
    for (size_t i = 0; i < 20; i++) {
        const double *f = bn_mat_row(&r, i);
        double mean = 0.0, xy = 0.0, xx = 0.0;
        for (size_t k = 0; k < M; k++)
            mean += f[k] / M;
        for (size_t k = 0; k < M; k++) {     /* about angle 30 of the grid */
            const double u = f[(30 + k) % M] - mean, v = f[(30 + M - k) % M] - mean;
            xy += u * v;
            xx += u * u;
        }
        assert_close(bn_describe_symmetry(bn_mat_row(&c, i), 21, BN_TWO_PI * 30 / M), xy / xx,
                     0, 1e-12);
    }
    bn_mat_free(&c), bn_mat_free(&r);
}

/* r = 1 + a cos d: (log((1 + s)/2) + 1 - s)/log 2 with s = sqrt(1 - a^2); a box of width
 * w: log2(1/w).  Without dividing by the mean the scale of the rate would matter.  */
static void information_per_spike(void **state)
{
    (void)state;
    double rate[M];
    for (double a = 0.0; a <= 1.0; a += 0.25)
        for (double scale = 0.1; scale < 20.0; scale *= 10.0) {
            for (size_t k = 0; k < M; k++)
                rate[k] = scale * (1.0 + a * cos(BN_TWO_PI * (double)k / M));
            const double s = sqrt(1.0 - a * a);
            /* with a = 1 the curve touches 0, where the trapezoidal rule is good to 1/M^2 */
            assert_close(bn_describe_information(rate, M),
                         (log(0.5 * (1.0 + s)) + 1.0 - s) / log(2.0), 0,
                         a < 1.0 ? 1e-12 : 2.0 / M / M);
        }
    for (size_t k = 0; k < M; k++)
        rate[k] = k < M / 8 ? 3.0 : 0.0;
    assert_close(bn_describe_information(rate, M), 3.0, 1e-12, 0);
}

/* Under the null p is uniform: the number of p < a in 4000 sets is binomial.  Five sigma,
 * plus 0.003 for the approximation.  A Kolmogorov-Smirnov statistic depends on where
 * angles are counted from; Kuiper's does not.                                */
static void kuiper_under_the_null(void **state)
{
    (void)state;
    enum { SETS = 4000 };
    const size_t sizes[] = { 10, 32, 200 };
    const double at[] = { 0.01, 0.05, 0.2, 0.5, 0.8 };
    for (size_t s = 0; s < BN_LEN(sizes); s++) {
        const struct bn_rng rng = { .seed = s, .stream = bn_rng_stream("null") };
        double below[BN_LEN(at)] = { 0 }, angle[200], v, p, w, q;
        for (size_t k = 0; k < SETS; k++) {
            bn_rng_uniforms(rng, k, 0, angle, sizes[s]);
            for (size_t i = 0; i < sizes[s]; i++)
                angle[i] *= BN_TWO_PI;
            assert_ok(bn_describe_kuiper(angle, sizes[s], &v, &p));
            for (size_t a = 0; a < BN_LEN(at); a++)
                below[a] += (p < at[a]) / (double)SETS;
            for (size_t i = 0; i < sizes[s]; i++)
                angle[i] += 1.0;
            assert_ok(bn_describe_kuiper(angle, sizes[s], &w, &q));
            assert_close(w, v, 0, 1e-12);
        }
        for (size_t a = 0; a < BN_LEN(at); a++)
            assert_close(below[a], at[a], 0, 0.003 + 5.0 * sqrt(at[a] * (1 - at[a]) / SETS));
    }
}

/* Equally spaced angles have V = 1/n; all at one place, V = 1.  Stephens' 5 % and 1 %
 * points of (sqrt n + 0.155 + 0.24/sqrt n) V are 1.747 and 2.001.             */
static void kuiper_of_known_samples(void **state)
{
    (void)state;
    double angle[64], v, p;
    for (size_t i = 0; i < 64; i++)
        angle[i] = BN_TWO_PI * (double)i / 64 + 0.01;
    assert_ok(bn_describe_kuiper(angle, 64, &v, &p));
    assert_close(v, 1.0 / 64, 1e-10, 0);
    assert_close(p, 1, 1e-12, 0);
    for (size_t i = 0; i < 64; i++)
        angle[i] = 3.0;
    assert_ok(bn_describe_kuiper(angle, 64, &v, &p));
    assert_close(v, 1, 1e-12, 0);
    assert_true(p < 1e-12);
    /* n = 64 uniform on a share of the circle: V = 1 - share + 1/n */
    const double points[][2] = { { 1.747, 0.05 }, { 2.001, 0.01 } };
    for (size_t k = 0; k < 2; k++) {
        const double want = points[k][0] / (8.0 + 0.155 + 0.03), share = 1.0 - want + 1.0 / 64;
        for (size_t i = 0; i < 64; i++)
            angle[i] = BN_TWO_PI * share * (double)i / 64;
        assert_ok(bn_describe_kuiper(angle, 64, &v, &p));
        assert_close(v, 1.0 - share * 63.0 / 64, 1e-12, 0);
        assert_true(fabs(p - points[k][1]) < 0.25 * points[k][1]);
    }
    assert_fails(bn_describe_kuiper(angle, 0, &v, &p), BN_INPUT);
}

/* The example of Benjamini & Hochberg (1995): four of fifteen at 0.05, where Bonferroni
 * finds three.  In any order.                                                */
static void discoveries_of_1995(void **state)
{
    (void)state;
    const double p[] = { 0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344,
                         0.0459, 0.3240, 0.4262, 0.5719, 0.6528, 0.7590, 1.0000 };
    const double want[] = { 0.0015, 0.0030, 0.0095, 0.035625, 0.0603, 0.447 / 7, 0.447 / 7,
                            0.0645, 0.0765, 0.486, 6.393 / 11, 0.714875, 9.792 / 13,
                            11.385 / 14, 1.0 };
    double mixed[15], q[15];
    for (size_t step = 1; step < 15; step += 3) {        /* coprime to 15: 1 4 7 13 */
        if (step == 10)
            continue;
        for (size_t k = 0; k < 15; k++)
            mixed[k * step % 15] = p[k];
        assert_ok(bn_describe_discoveries(mixed, 15, q));
        size_t found = 0;
        for (size_t k = 0; k < 15; k++) {
            assert_close(q[k * step % 15], want[k], 1e-12, 0);
            found += q[k] <= 0.05;
        }
        assert_int_equal(found, 4);
    }
}

/* Cosines of random direction: the circulant part is the same for all sets, and
 * E[1/share] = 1 + 1/n.  Equally spaced directions, n >= 3: exactly 1.  Five standard
 * errors over independent sets.                                              */
static void circularity_of_cosines(void **state)
{
    (void)state;
    enum { N = 16, SETS = 2000 };
    const size_t cells[] = { 1, 4, 16 };
    double mean[3] = { 0 }, square[3] = { 0 }, expected[3], angle[N];
    struct bn_mat c = mat_make(N, 7), share = mat_make(3, 1);
    for (size_t s = 0; s <= SETS; s++) {
        bn_rng_uniforms((struct bn_rng){ 1, 2, 0 }, s, 0, angle, N);
        for (size_t i = 0; i < N; i++) {
            const double a = BN_TWO_PI * (s < SETS ? angle[i] : (double)i / N);
            *bn_mat_at(&c, i, 0) = 1.0;
            *bn_mat_at(&c, i, 1) = cos(a);
            *bn_mat_at(&c, i, 2) = sin(a);
        }
        assert_ok(bn_describe_circularity(&c, cells, (struct bn_rng){ 1, 3, 0 }, &share));
        for (size_t k = 0; s < SETS && k < 3; k++) {
            mean[k] += 1.0 / share.data[k] / SETS;
            square[k] += 1.0 / share.data[k] / share.data[k] / SETS;
        }
    }
    assert_close(share.data[2], 1, 1e-12, 0);
    bn_describe_circularity_expected(&c, cells, 3, expected);
    for (size_t k = 0; k < 3; k++) {
        const double n = (double)cells[k];
        const double se = sqrt(fmax(square[k] - mean[k] * mean[k], 0.0) / SETS);
        assert_close(mean[k], 1.0 + 1.0 / n, 0, 5.0 * se + 1e-12);
        assert_close(expected[k], n / (n + 1.0), 1e-12, 0);
    }
    bn_mat_free(&c), bn_mat_free(&share);
}

/* Against the definition on the grid; bits do not depend on threads. */
static void circularity_is_the_definition(void **state)
{
    (void)state;
    enum { N = 60, R = 21, A = 40, SUBSETS = 8 };
    const size_t cells[] = { 3, 20, N };
    struct bn_mat c = mat_make(N, R), r = mat_make(N, A), s1 = mat_make(3, SUBSETS);
    struct bn_mat s2 = mat_make(3, SUBSETS), cov = mat_make(A, A);
    double part = 0.0, whole = 0.0;
    assert_ok(bn_gp_sample(1.42, (struct bn_rng){ 5, 5, 0 }, 0, &c));
    bn_threads_set(1);
    assert_ok(bn_describe_circularity(&c, cells, (struct bn_rng){ 1, 1, 0 }, &s1));
    bn_threads_set(5);
    assert_ok(bn_describe_circularity(&c, cells, (struct bn_rng){ 1, 1, 0 }, &s2));
    bn_threads_set(0);
    assert_memory_equal(s1.data, s2.data, 3 * SUBSETS * sizeof(double));
    for (size_t i = 0; i < N; i++)
        *bn_mat_at(&c, i, 0) = 0.0;
    assert_ok(bn_fourier_inverse(&c, &r));
    assert_ok(bn_gram(1.0 / N, &r, BN_TRANSPOSED, &cov));
    for (size_t lag = 0; lag < A; lag++) {
        double mean = 0.0;
        for (size_t k = 0; k < A; k++) {
            const double v = *bn_mat_at(&cov, k, (k + lag) % A);
            mean += v / A;
            whole += v * v;
        }
        part += A * mean * mean;
    }
    assert_close(*bn_mat_at(&s1, 2, 0), part / whole, 1e-10, 0);
    bn_mat_free(&c), bn_mat_free(&r), bn_mat_free(&s1), bn_mat_free(&s2), bn_mat_free(&cov);
}

/* Gaussian curves have random directions: what is missing from 1, averaged over 400
 * populations of 100, is what is expected, to five standard errors.  Sums over positive
 * harmonics alone would expect another distance.                             */
static void circularity_is_as_expected(void **state)
{
    (void)state;
    enum { N = 100, R = 21, SETS = 400 };
    const size_t cells[] = { N };
    struct bn_mat c = mat_make(N, R), share = mat_make(1, 1);
    double mean = 0.0, square = 0.0, expected = 0.0, one;
    for (uint64_t s = 0; s < SETS; s++) {
        assert_ok(bn_gp_sample(1.42, (struct bn_rng){ 7, 7, s }, 0, &c));
        assert_ok(bn_describe_circularity(&c, cells, (struct bn_rng){ 1, 1, 0 }, &share));
        bn_describe_circularity_expected(&c, cells, 1, &one);
        mean += (1.0 - share.data[0]) / SETS;
        square += (1.0 - share.data[0]) * (1.0 - share.data[0]) / SETS;
        expected += (1.0 - one) / SETS;
    }
    const double se = sqrt((square - mean * mean) / SETS);
    print_message("1 - circularity %.5f, expected %.5f, standard error %.5f\n", mean, expected,
                  se);
    assert_true(5.0 * se < 0.25 * expected);
    assert_close(mean, expected, 0, 5.0 * se);
    bn_mat_free(&c), bn_mat_free(&share);
}

static void refusals(void **state)
{
    (void)state;
    struct bn_mat c = mat_make(4, 7), even = mat_make(4, 6), share = mat_make(1, 2);
    const size_t many[] = { 5 }, one[] = { 1 };
    assert_fails(bn_describe_circularity(&c, many, (struct bn_rng){ 0 }, &share), BN_INPUT);
    assert_says(bn_error(), "5 cells asked of 4");
    assert_fails(bn_describe_circularity(&even, one, (struct bn_rng){ 0 }, &share), BN_INPUT);
    bn_mat_free(&c), bn_mat_free(&even), bn_mat_free(&share);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(peaks_of_two_waves),
        cmocka_unit_test(heights_fall),
        cmocka_unit_test(symmetry_of_two_waves),
        cmocka_unit_test(symmetry_is_pearson),
        cmocka_unit_test(information_per_spike),
        cmocka_unit_test(kuiper_under_the_null),
        cmocka_unit_test(kuiper_of_known_samples),
        cmocka_unit_test(discoveries_of_1995),
        cmocka_unit_test(circularity_of_cosines),
        cmocka_unit_test(circularity_is_the_definition),
        cmocka_unit_test(circularity_is_as_expected),
        cmocka_unit_test(refusals),
    };
    return cmocka_run_group_tests_name("describe", tests, NULL, NULL);
}
