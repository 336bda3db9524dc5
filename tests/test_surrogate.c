/* SPDX-License-Identifier: MIT */
#include "ring.h"

#include <basin/surrogate.h>

static const struct bn_rng rng = { .seed = 12, .stream = 34 };

static size_t *some_order(size_t n)
{
    size_t *p = calloc(n, sizeof *p);
    assert_non_null(p);
    bn_rng_permutation(rng, 1, p, n);
    return p;
}

/* A profile without symmetry and without self-coupling. */
static struct bn_mat some_profile(size_t n)
{
    struct bn_mat p = mat_random(1, n, 5);
    p.data[0] = 0.0;
    return p;
}

/* J_ij = P(rank(i) - rank(j)): only P(1) = 1 couples each neuron to the one after it. */
static void direction(void **state)
{
    (void)state;
    enum { N = 7 };
    size_t *order = some_order(N);
    double profile[N] = { 0, 1 };
    struct bn_mat j = mat_make(N, N);
    assert_ok(bn_surrogate_circulant(profile, order, 2.5, &j));
    for (size_t k = 0; k < N; k++)
        for (size_t l = 0; l < N; l++)
            assert_true(*bn_mat_at(&j, order[l], order[k]) == (l == (k + 1) % N ? 2.5 : 0.0));
    free(order);
    bn_mat_free(&j);
}

static void profile_of_a_circulant_matrix(void **state)
{
    (void)state;
    for (size_t n = 40; n <= 41; n++) {
        size_t *order = some_order(n);
        struct bn_mat p = some_profile(n), j = mat_make(n, n), got = mat_make(1, n);
        struct bn_operator op;
        assert_ok(bn_surrogate_circulant(p.data, order, 1.0, &j));
        assert_ok(bn_operator_dense(&op, &j));
        assert_ok(bn_surrogate_profile(&op, order, got.data));
        assert_close(mat_apart(&got, &p), 0, 0, 1e-14);
        free(order);
        bn_mat_free(&p), bn_mat_free(&j), bn_mat_free(&got);
    }
}

/* Cross-correlations by FFT against the pass over J, for even and odd N, and with the
 * diagonal taken off; a profile of J^T would be P(-d), which is another.    */
static void factored_profile_is_the_dense_one(void **state)
{
    (void)state;
    for (size_t n = 30; n <= 31; n++) {
        size_t *order = some_order(n);
        struct bn_mat left = mat_random(n, 3, 1), right = mat_random(3, n, 2);
        struct bn_mat d = mat_random(1, n, 3), j = mat_make(n, n);
        struct bn_mat a = mat_make(1, n), b = mat_make(1, n);
        struct bn_operator dense, factored;
        assert_ok(bn_gemm(1.0, &left, BN_PLAIN, &right, BN_PLAIN, 0.0, &j));
        for (size_t i = 0; i < n; i++)
            *bn_mat_at(&j, i, i) -= d.data[i];
        assert_ok(bn_operator_dense(&dense, &j));
        assert_ok(bn_operator_factored(&factored, &left, &right, d.data));
        assert_ok(bn_surrogate_profile(&dense, order, a.data));
        assert_ok(bn_surrogate_profile(&factored, order, b.data));
        assert_close(mat_apart(&b, &a), 0, 0, 1e-13);
        bn_surrogate_symmetrise(b.data, n);
        assert_true(mat_apart(&b, &a) > 0.1);
        free(order);
        bn_mat_free(&left), bn_mat_free(&right), bn_mat_free(&d), bn_mat_free(&j);
        bn_mat_free(&a), bn_mat_free(&b);
    }
}

static void symmetrised(void **state)
{
    (void)state;
    for (size_t n = 8; n <= 9; n++) {
        struct bn_mat p = mat_random(1, n, 5), s = mat_copy(&p);
        bn_surrogate_symmetrise(s.data, n);
        assert_true(s.data[0] == p.data[0]);
        for (size_t d = 1; d < n; d++)
            assert_close(s.data[d], 0.5 * (p.data[d] + p.data[n - d]), 1e-15, 0);
        bn_mat_free(&p), bn_mat_free(&s);
    }
}

/* With all harmonics, factors are the dense circulant matrix, odd part and all: the
 * unsymmetrised profile must not come out symmetrised.                      */
static void circulant_factors(void **state)
{
    (void)state;
    enum { N = 31, H = 15, Q = 2 * H + 1 };
    size_t *order = some_order(N);
    struct bn_mat p = some_profile(N), j = mat_make(N, N), got = mat_make(N, N);
    struct bn_mat left = mat_make(N, Q), right = mat_make(Q, N);
    double diagonal[N];
    struct bn_operator op;
    for (int symmetric = 0; symmetric < 2; symmetric++) {
        if (symmetric)
            bn_surrogate_symmetrise(p.data, N);
        assert_ok(bn_surrogate_circulant(p.data, order, 1.7, &j));
        assert_ok(bn_surrogate_factors(p.data, order, N, 1.7, H, &left, &right, diagonal));
        assert_ok(bn_operator_factored(&op, &left, &right, diagonal));
        for (size_t i = 0; i < N; i++)
            for (size_t k = 0; k < N; k++)
                *bn_mat_at(&got, i, k) = bn_operator_at(&op, i, k);
        assert_close(mat_apart(&got, &j), 0, 0, 1e-13);
        for (size_t i = 0; i < N; i++)
            assert_close(*bn_mat_at(&got, i, i), 0, 0, 1e-13);
    }
    assert_fails(bn_surrogate_factors(p.data, order, N, 1.0, H + 1, &left, &right, diagonal),
                 BN_INPUT);
    free(order);
    bn_mat_free(&p), bn_mat_free(&j), bn_mat_free(&got), bn_mat_free(&left);
    bn_mat_free(&right);
}

/* Few harmonics: the part of the profile that they span, in even and odd N. */
static void few_harmonics(void **state)
{
    (void)state;
    for (size_t n = 40; n <= 41; n++) {
        size_t *order = some_order(n);
        struct bn_mat p = mat_make(1, n), j = mat_make(n, n);
        struct bn_mat left = mat_make(n, 7), right = mat_make(7, n), d = mat_make(1, n);
        struct bn_operator op;
        for (size_t k = 0; k < n; k++) {
            const double a = BN_TWO_PI * (double)k / (double)n;
            p.data[k] = 0.3 + cos(a) - 0.5 * sin(2.0 * a) + 0.2 * cos(3.0 * a);
        }
        assert_ok(bn_surrogate_circulant(p.data, order, 1.0, &j));
        assert_ok(bn_surrogate_factors(p.data, order, n, 1.0, 3, &left, &right, d.data));
        assert_ok(bn_operator_factored(&op, &left, &right, d.data));
        for (size_t i = 0; i < n; i++)
            for (size_t k = 0; k < n; k++)
                assert_close(bn_operator_at(&op, i, k), *bn_mat_at(&j, i, k), 0, 1e-13);
        free(order);
        bn_mat_free(&p), bn_mat_free(&j), bn_mat_free(&left), bn_mat_free(&right);
        bn_mat_free(&d);
    }
}

static int ascending(const void *x, const void *y)
{
    const double *a = x, *b = y;
    return (*a > *b) - (*a < *b);
}

/* What is left of J off the diagonal, sorted. */
static double *rest_of(const struct bn_mat *j, const double *profile, const size_t *order,
                       size_t *count)
{
    const size_t n = j->rows;
    double *rest = calloc(n * n, sizeof *rest);
    assert_non_null(rest);
    *count = 0;
    for (size_t a = 0; a < n; a++)
        for (size_t b = 0; b < n; b++)
            if (a != b)
                rest[(*count)++] = *bn_mat_at(j, order[a], order[b]) - profile[(a + n - b) % n];
    qsort(rest, *count, sizeof *rest, ascending);
    return rest;
}

/* Two random orders of n values of variance v differ by 2 n v (1 - r) in the sum of squares,
 * r of variance 1/(n - 1).  Half of them left in their places would be half of that. */
static void are_shuffles(const struct bn_mat *a, const struct bn_mat *b, const double *values,
                         size_t n)
{
    double mean = 0.0, square = 0.0;
    for (size_t k = 0; k < n; k++)
        mean += values[k] / (double)n;
    for (size_t k = 0; k < n; k++)
        square += (values[k] - mean) * (values[k] - mean);
    const double apart = mat_apart(a, b) * bn_mat_norm(b);
    assert_close(apart * apart / (2.0 * square), 1.0, 0, 5.0 / sqrt((double)n - 1.0));
}

/* The same values in other places, nothing on the diagonal, reproducible. */
static void scrambled(void **state)
{
    (void)state;
    enum { N = 60 };
    size_t *order = some_order(N), count;
    struct bn_mat p = some_profile(N), j = mat_random(N, N, 8);
    for (size_t i = 0; i < N; i++)
        *bn_mat_at(&j, i, i) = 0.0;
    struct bn_mat once = mat_copy(&j), twice = mat_copy(&j), other = mat_copy(&j);
    assert_ok(bn_surrogate_scramble(p.data, order, rng, &once));
    assert_ok(bn_surrogate_scramble(p.data, order, rng, &twice));
    assert_ok(bn_surrogate_scramble(p.data, order, bn_rng_sub(rng, "x"), &other));
    assert_memory_equal(once.data, twice.data, N * N * sizeof(double));
    double *before = rest_of(&j, p.data, order, &count);
    double *after = rest_of(&once, p.data, order, &count);
    assert_int_equal(count, N * (N - 1));
    are_shuffles(&once, &j, before, count);
    are_shuffles(&other, &once, before, count);
    for (size_t k = 0; k < count; k++)
        assert_close(after[k], before[k], 0, 4e-15);
    assert_close(bn_norm(count, after), bn_norm(count, before), 1e-14, 0);
    for (size_t i = 0; i < N; i++)
        assert_true(*bn_mat_at(&once, i, i) == 0.0);
    free(before), free(after), free(order);
    bn_mat_free(&p), bn_mat_free(&j), bn_mat_free(&once), bn_mat_free(&twice);
    bn_mat_free(&other);
}

/* Shuffled places are uncorrelated with the old ones: |r| < 5/sqrt(pairs). */
static void scrambling_forgets_places(void **state)
{
    (void)state;
    enum { N = 100 };
    size_t *order = some_order(N);
    struct bn_mat p = mat_make(1, N), j = mat_random(N, N, 9);
    for (size_t i = 0; i < N; i++)
        *bn_mat_at(&j, i, i) = 0.0;
    struct bn_mat s = mat_copy(&j);
    assert_ok(bn_surrogate_scramble(p.data, order, rng, &s));
    const double r = bn_dot(N * N, s.data, j.data) / bn_dot(N * N, j.data, j.data);
    assert_close(r, 0, 0, 5.0 / sqrt(N * (N - 1.0)));
    free(order);
    bn_mat_free(&p), bn_mat_free(&j), bn_mat_free(&s);
}

/* Q J Q^T keeps eigenvalues and singular values, Q J P^T the latter only, and neither is J:
 * |J' - J|^2 = 2 |J|^2 - 2 <J', J>.  Over all Q, <Q J P^T, J> has the mean 0 and the variance
 * |J|^4/N^2; <Q J Q^T, J> the mean (tr J)^2/N and a variance of at most |J|^4 over the
 * dimension N (N - 1)/2 of antisymmetric matrices (Schur).  A Q that is not orthogonal keeps
 * nothing; one that moves a plane only leaves <J', J> near |J|^2.            */
static void rotation_keeps_the_spectrum(void **state)
{
    (void)state;
    enum { N = 60 };
    struct bn_mat j = mat_random(N, N, 8), s[3];
    double re[3][N], im[N], w[3][N], trace = 0.0;
    const double norm = bn_mat_norm(&j), sd = sqrt(2.0 / (N * (N - 1.0)));
    for (size_t i = 0; i < N; i++)
        trace += *bn_mat_at(&j, i, i);
    for (size_t k = 0; k < 3; k++) {
        s[k] = mat_copy(&j);
        if (k > 0) {
            assert_ok(bn_surrogate_rotate(rng, k == 1, &s[k]));
            const double along = bn_dot(N * N, s[k].data, j.data) / (norm * norm);
            assert_close(along, k == 1 ? trace * trace / (N * norm * norm) : 0.0, 0, 5.0 * sd);
        }
        struct bn_mat a = mat_copy(&s[k]);
        assert_ok(bn_eig_general(&a, re[k], im));
        bn_mat_free(&a);
        a = mat_copy(&s[k]);
        assert_ok(bn_singular_values(&a, w[k]));
        bn_mat_free(&a);
    }
    double moved = 0.0;
    for (size_t i = 0; i < N; i++) {
        assert_close(w[1][i], w[0][i], 0, 1e-12 * w[0][0]);
        assert_close(w[2][i], w[0][i], 0, 1e-12 * w[0][0]);
        assert_close(re[1][i], re[0][i], 0, 1e-9);
        moved = fmax(moved, fabs(re[2][i] - re[0][i]));
    }
    assert_true(moved > 1e3 * 1e-9);     /* of what is kept: see above */
    for (size_t k = 0; k < 3; k++)
        bn_mat_free(&s[k]);
    bn_mat_free(&j);
}

/* An eigenvalue mu of two modes moves by one of the 2 x 2 matrix u^T W (1 - W/mu)^-1 v, whose
 * numbers have the variance s^2 = sd^2/(1 - sd^2 N/mu^2) and the mean sd^2/mu at most.  It is
 * no larger than the root of their sum of squares, s^2 chi^2 of 4 terms, which exceeds
 * 34.5 s^2 with the probability of five sigma.                               */
static double five_sigma(double mu, double sd, size_t n)
{
    const double s2 = sd * sd / (1.0 - sd * sd * (double)n / (mu * mu));
    return sqrt(34.5 * s2) + sd * sd / fabs(mu);
}

/* Modes alone are the eigenvalues, each but the first twice; noise fills up the norm:
 * |J|^2 = |modes|^2 + sd^2 (chi^2 of N^2 terms) + a cross term of variance 4 sd^2 |modes|^2,
 * and leaves the modes near theirs: pairs with 1/N for 2/N would be off by five times that. */
static void circulant_and_noise(void **state)
{
    (void)state;
    enum { N = 120, MODES = 3 };
    const double mode[MODES] = { 0.3, 2.0, -1.0 }, square = 0.09 + 2.0 * 4.0 + 2.0;
    size_t *order = some_order(N);
    struct bn_mat j = mat_make(N, N);
    double re[N], im[N], sd;
    bn_surrogate_noisy(mode, MODES, order, 3.0, rng, &j, &sd);
    assert_true(sd == 0.0);
    assert_ok(bn_eig_general(&j, re, im));
    const double want[] = { 2.0, 2.0, -1.0, -1.0, 0.3, 0.0 };
    for (size_t k = 0; k < BN_LEN(want); k++)
        assert_close(re[k], want[k], 0, 1e-12);
    bn_surrogate_noisy(mode, MODES, order, 5.0, rng, &j, &sd);
    assert_close(sd * sd * N * N, 25.0 - square, 1e-12, 0);
    const double norm = bn_mat_norm(&j);
    assert_close(norm * norm, 25.0, 0, 5.0 * sqrt(2.0 * pow(sd, 4) * N * N
                                                  + 4.0 * sd * sd * square));
    assert_ok(bn_eig_general(&j, re, im));
    for (size_t k = 0; k < 4; k++)
        assert_close(re[k], want[k], 0, five_sigma(want[k], sd, N));
    free(order);
    bn_mat_free(&j);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(direction),
        cmocka_unit_test(profile_of_a_circulant_matrix),
        cmocka_unit_test(factored_profile_is_the_dense_one),
        cmocka_unit_test(symmetrised),
        cmocka_unit_test(circulant_factors),
        cmocka_unit_test(few_harmonics),
        cmocka_unit_test(scrambled),
        cmocka_unit_test(rotation_keeps_the_spectrum),
        cmocka_unit_test(circulant_and_noise),
        cmocka_unit_test(scrambling_forgets_places),
    };
    return cmocka_run_group_tests_name("surrogate", tests, NULL, NULL);
}
