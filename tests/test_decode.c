/* SPDX-License-Identifier: MIT */
#include "ring.h"

#include <basin/decode.h>

enum { K = 9 };

/* Off every grid, and at both ends of [0, 2 pi). */
static const double angles[K] = { 0.0, 1e-9, 0.123456789, 1.0, 2.0, 3.1415, 4.4, 5.9, 6.2831 };

static double apart(double a, double b)
{
    return fabs(bn_ring_difference(a, b));
}

/* Rows: the curves of coefficients c at each angle. */
static struct bn_mat states_at(const struct bn_mat *c, const double *theta, size_t k)
{
    struct bn_mat basis = mat_make(k, c->cols), x = mat_make(k, c->rows);
    for (size_t t = 0; t < k; t++)
        bn_fourier_basis(theta[t], c->cols, 0, bn_mat_row(&basis, t));
    assert_ok(bn_gemm(1.0, &basis, BN_PLAIN, c, BN_TRANSPOSED, 0.0, &x));
    bn_mat_free(&basis);
    return x;
}

static bn_decoder *decoder_of(const struct ring *r)
{
    bn_decoder *d;
    assert_ok(bn_decoder_new(&d, &r->x, &r->phi, 40));
    return d;
}

/* The angle is that of the state, whatever the disorder; the distance is 0 up to the
 * square root of the rounding of |x|^2 - 2 x.x* + |x*|^2.  The argmax of the overlap is
 * another angle in a disordered population: it must be told apart.          */
static void a_state_on_the_ring(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 3; seed++) {
        struct ring r = ring_make(150, 81, RING_SIGMA, RING_BETA, seed);
        bn_decoder *d = decoder_of(&r);
        struct bn_mat x = states_at(&r.x, angles, K), rate = mat_copy(&x);
        double distance[K], angle[K], overlap[K], worst = 0.0;
        assert_ok(bn_decode_distance(d, &x, distance, angle));
        bn_transfer_rate(&r.transfer, K * r.n, x.data, rate.data);
        assert_ok(bn_decode_overlap(d, &rate, NULL, overlap, NULL));
        for (size_t t = 0; t < K; t++) {
            assert_true(angle[t] >= 0.0 && angle[t] < BN_TWO_PI);
            assert_close(apart(angle[t], angles[t]), 0, 0, 1e-8);
            assert_close(distance[t], 0, 0, 1e-7);
            worst = fmax(worst, apart(overlap[t], angles[t]));
        }
        assert_true(worst > 1e-3 && worst < 0.5);
        bn_mat_free(&x), bn_mat_free(&rate);
        bn_decoder_free(d);
        ring_free(&r);
    }
}

/* Shifted copies of one even curve: the overlap is an autocorrelation, whose maximum is
 * at zero shift; sampling by N neurons is exact beyond the curve's harmonics. */
static void homogeneous_population(void **state)
{
    (void)state;
    enum { N = 128, M = 101 };
    struct ring r = { .n = N, .m = M, .transfer = { BN_TRANSFER_ERF, 1.5, 0.0 } };
    r.current = mat_make(N, M);
    r.rate = mat_make(N, M);
    for (size_t i = 0; i < N; i++)
        for (size_t k = 0; k < M; k++) {
            const double a = BN_TWO_PI * ((double)k / M - (double)i / N);
            *bn_mat_at(&r.current, i, k) = 1.2 * cos(a) + 0.3 * cos(2.0 * a) - 0.4;
        }
    bn_transfer_rate(&r.transfer, N * M, r.current.data, r.rate.data);
    ring_transform(&r);
    bn_decoder *d = decoder_of(&r);
    struct bn_mat x = states_at(&r.x, angles, K);
    double angle[K];
    bn_transfer_rate(&r.transfer, K * N, x.data, x.data);
    assert_ok(bn_decode_overlap(d, &x, NULL, angle, NULL));
    for (size_t t = 0; t < K; t++)
        assert_close(apart(angle[t], angles[t]), 0, 0, 1e-10);
    bn_mat_free(&x);
    bn_decoder_free(d);
    ring_free(&r);
}

/* The curve is (1/N) sum phi*_i(theta) phi_i on the grid, its maximum is no less than
 * any of its values, and stands where the fine curve has it.                */
static void overlap_curve(void **state)
{
    (void)state;
    enum { T = 3, A = 2000 };
    struct ring r = ring_make(100, 61, RING_SIGMA, RING_BETA, 5);
    bn_decoder *d = decoder_of(&r);
    struct bn_mat rate = mat_random(T, r.n, 3), curve = mat_make(T, A);
    double angle[T], peak[T], theta[A];
    for (size_t k = 0; k < T * r.n; k++)
        rate.data[k] = fabs(rate.data[k]);
    bn_ring_grid(A, theta);
    assert_ok(bn_decode_overlap(d, &rate, &curve, angle, peak));
    struct bn_mat phi = states_at(&r.phi, theta, A);
    for (size_t t = 0; t < T; t++) {
        size_t best = 0;
        for (size_t a = 0; a < A; a++) {
            const double want = bn_dot(r.n, bn_mat_row(&phi, a), bn_mat_row(&rate, t))
                              / (double)r.n;
            assert_close(*bn_mat_at(&curve, t, a), want, 1e-12, 1e-13);
            assert_true(peak[t] >= want - 1e-13);
            best = want > *bn_mat_at(&curve, t, best) ? a : best;
        }
        assert_close(apart(angle[t], theta[best]), 0, 0, BN_TWO_PI / A);
    }
    bn_mat_free(&phi), bn_mat_free(&rate), bn_mat_free(&curve);
    bn_decoder_free(d);
    ring_free(&r);
}

/* What is left of delta outside the span of the ring (Gram-Schmidt, twice). */
static void make_orthogonal(const struct bn_mat *c, double *delta)
{
    const size_t n = c->rows, r = c->cols;
    struct bn_mat q = mat_make(r, n);
    for (size_t k = 0; k < r; k++) {
        double *row = bn_mat_row(&q, k);
        for (size_t i = 0; i < n; i++)
            row[i] = *bn_mat_at(c, i, k);
        for (size_t j = 0; j < 2 * k; j++) {
            const double *other = bn_mat_row(&q, j % k);
            const double s = bn_dot(n, row, other);
            for (size_t i = 0; i < n; i++)
                row[i] -= s * other[i];
        }
        const double norm = bn_norm(n, row);
        for (size_t i = 0; i < n; i++)
            row[i] = norm > 0.0 ? row[i] / norm : 0.0;
    }
    for (size_t j = 0; j < 2 * r; j++) {
        const double *other = bn_mat_row(&q, j % r);
        const double s = bn_dot(n, delta, other);
        for (size_t i = 0; i < n; i++)
            delta[i] -= s * other[i];
    }
    bn_mat_free(&q);
}

static void distance_of_a_displaced_state(void **state)
{
    (void)state;
    struct ring r = ring_make(200, 81, RING_SIGMA, RING_BETA, 2);
    bn_decoder *d = decoder_of(&r);
    const struct bn_mat few = { r.x.rows, r.x.cols, r.x.data };
    struct bn_mat x = states_at(&few, angles, K), delta = mat_random(1, r.n, 4);
    double distance[K], angle[K];
    make_orthogonal(&few, delta.data);
    const double length = bn_norm(r.n, delta.data) / sqrt((double)r.n);
    assert_true(length > 0.5);
    for (size_t t = 0; t < K; t++)
        for (size_t i = 0; i < r.n; i++)
            *bn_mat_at(&x, t, i) += delta.data[i];
    assert_ok(bn_decode_distance(d, &x, distance, angle));
    for (size_t t = 0; t < K; t++) {     /* per neuron: not |delta|, not its square */
        assert_close(distance[t], length, 1e-12, 0);
        assert_close(apart(angle[t], angles[t]), 0, 0, 1e-8);
    }
    bn_mat_free(&x), bn_mat_free(&delta);
    bn_decoder_free(d);
    ring_free(&r);
}

/* No angle of a fine grid is nearer than what is called the nearest. */
static void distance_is_the_smallest(void **state)
{
    (void)state;
    enum { T = 4, A = 1500 };
    struct ring r = ring_make(100, 81, RING_SIGMA, RING_BETA, 2);
    bn_decoder *d = decoder_of(&r);
    struct bn_mat x = mat_random(T, r.n, 7);
    double distance[T], theta[A];
    bn_ring_grid(A, theta);
    struct bn_mat on = states_at(&r.x, theta, A);
    assert_ok(bn_decode_distance(d, &x, distance, NULL));
    for (size_t t = 0; t < T; t++) {
        double best = INFINITY;
        for (size_t a = 0; a < A; a++) {
            double s = 0.0;
            for (size_t i = 0; i < r.n; i++)
                s += pow(*bn_mat_at(&x, t, i) - *bn_mat_at(&on, a, i), 2.0);
            best = fmin(best, sqrt(s / (double)r.n));
        }
        assert_true(distance[t] <= best + 1e-12);
        assert_close(distance[t], best, 1e-4, 0);
    }
    bn_mat_free(&x), bn_mat_free(&on);
    bn_decoder_free(d);
    ring_free(&r);
}

static void shapes_are_refused(void **state)
{
    (void)state;
    struct ring r = ring_make(30, 41, RING_SIGMA, RING_BETA, 2);
    bn_decoder *d = decoder_of(&r);
    struct bn_mat x = mat_make(2, 31);
    double out[2];
    assert_fails(bn_decode_distance(d, &x, out, NULL), BN_INPUT);
    assert_fails(bn_decode_overlap(d, &x, NULL, out, NULL), BN_INPUT);
    bn_mat_free(&x);
    bn_decoder_free(d);
    bn_decoder_free(NULL);
    ring_free(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_state_on_the_ring),
        cmocka_unit_test(homogeneous_population),
        cmocka_unit_test(overlap_curve),
        cmocka_unit_test(distance_of_a_displaced_state),
        cmocka_unit_test(distance_is_the_smallest),
        cmocka_unit_test(shapes_are_refused),
    };
    return cmocka_run_group_tests_name("decode", tests, NULL, NULL);
}
