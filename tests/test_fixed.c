/* SPDX-License-Identifier: MIT
 * Fixed points and slow points against the cosine ring, where they are known.   */
#include "cosine.h"

#include <basin/decode.h>
#include <basin/fixed.h>

enum { N = 128, K = 3, T = 2 * K };

/* The angle of states near the ring, by the first harmonic: exact for x = a + b cos. */
static void angles_of(const struct bn_mat *x, double *angle)
{
    for (size_t t = 0; t < x->rows; t++) {
        double c = 0.0, s = 0.0;
        for (size_t i = 0; i < x->cols; i++) {
            const double th = BN_TWO_PI * (double)i / (double)x->cols;
            c += *bn_mat_at(x, t, i) * cos(th);
            s += *bn_mat_at(x, t, i) * sin(th);
        }
        angle[t] = bn_ring_wrap(atan2(s, c));
    }
}

/* Six fixed points at multiples of pi/3, by symmetry exactly, stable and unstable in
 * turns, with tangent eigenvalues v' = +-k A up to an error of order A^2: half the push, a
 * quarter of the error.  x* itself has a singular A, so plain Newton goes nowhere from
 * there; A transposed, or without its diagonal part, does not converge in 20 steps.  */
static void newton_finds_the_known_points(void **state)
{
    (void)state;
    double off[2];
    for (int p = 0; p < 2; p++) {
        struct cosine *c = cosine_make(N, K, p == 0 ? 0.04 : 0.02);
        double theta[T], angle[T], re[4], im[4];
        struct bn_point point[T];
        size_t found;
        for (size_t t = 0; t < T; t++)
            theta[t] = BN_TWO_PI * (double)t / T + 0.03 * (t % 2 == 0 ? 1.0 : -1.0);
        struct bn_mat x = cosine_states(c, theta, T);
        assert_ok(bn_fixed_newton(&c->field, &x, 20, point));
        angles_of(&x, angle);
        off[p] = 0.0;
        for (size_t t = 0; t < T; t++) {
            assert_true(point[t].fixed && point[t].local && point[t].q < 1e-20);
            assert_close(bn_ring_difference(angle[t], BN_TWO_PI * (double)t / T), 0, 0, 1e-9);
            assert_ok(bn_fixed_eigenvalues(&c->field, bn_mat_row(&x, t), 3, re, im, &found));
            const double slope = K * c->amplitude * (t % 2 == 0 ? 1.0 : -1.0);
            assert_true(fabs(slope) > 1e-3 && re[1] < -0.1);
            assert_int_equal(re[0] > 0.0, slope > 0.0);
            off[p] = fmax(off[p], fabs(re[0] - slope));
        }
        assert_true(off[p] < 0.05 * K * fabs(c->amplitude));
        bn_mat_free(&x);
        cosine_free(c);
    }
    assert_close(off[1] / off[0], 0.25, 0.1, 0);
}

/* With J + v J', v = 1.5 A, the flow along the ring is v + A sin k theta > 0: no fixed
 * point, but slow points where sin k theta = -1.  There F can be made to point along z
 * alone, and z.F = z.x*' (v - A), so that q = (v - A)^2 (z.x*')^2/(2 |z|^2); the flow on x*
 * itself has |x*'|^2 in place of (z.x*')^2/|z|^2, 26 % more.  A push of the other
 * sign is the same ring turned, so q is even in it and corrections are of order A^2.
 * A search that only descends |F| in the gradient's direction does not end in 200
 * steps: transverse and tangent slopes differ by a factor of 1e5.            */
static void slow_points_are_the_bottlenecks(void **state)
{
    (void)state;
    double off[2];
    for (int p = 0; p < 2; p++) {
        struct cosine *c = cosine_make(N, K, p == 0 ? 0.04 : 0.02);
        const double a = fabs(c->amplitude), v = 1.5 * a;
        double theta[K], angle[K];
        struct bn_point point[K];
        for (size_t k = 0; k < N * 4; k++)
            c->left.data[k] += v * c->turn.data[k];
        for (size_t t = 0; t < K; t++)
            theta[t] = ((double)t - (c->amplitude > 0.0 ? 0.25 : 0.75)) * BN_TWO_PI / K + 0.05;
        struct bn_mat x = cosine_states(c, theta, K), y = mat_copy(&x);
        assert_ok(bn_fixed_slow(&c->field, &x, 200, point));
        angles_of(&x, angle);
        const double want = 0.5 * (v - a) * (v - a) * c->zx * c->zx / c->zz;
        const double naive = want * 0.5 * N * c->b * c->b * c->zz / (c->zx * c->zx);
        assert_true(naive > 1.2 * want);
        off[p] = 0.0;
        for (size_t t = 0; t < K; t++) {
            assert_true(point[t].local && !point[t].fixed && point[t].gradient <= 1e-6);
            off[p] = fmax(off[p], fabs(point[t].q / want - 1.0));
            assert_close(bn_ring_difference(angle[t], theta[t] - 0.05), 0, 0, 0.02);
        }
        assert_true(off[p] < 0.05);
        assert_ok(bn_fixed_newton(&c->field, &y, 40, point));
        for (size_t t = 0; t < K; t++)       /* and Newton finds no root there */
            assert_false(point[t].fixed);
        bn_mat_free(&x), bn_mat_free(&y);
        cosine_free(c);
    }
    assert_close(off[1] / off[0], 0.25, 0.1, 0);
}

/* Dense weights give the same points.  With inhibition, too: the extra factor.   */
static void dense_is_factored(void **state)
{
    (void)state;
    for (int inhibited = 0; inhibited < 2; inhibited++) {
        struct cosine *c = cosine_make(N, K, 0.04);
        struct bn_mat j = mat_make(N, N), x = mat_random(4, N, 5);
        struct bn_field dense = c->field;
        struct bn_point a[4], b[4];
        assert_ok(bn_gemm(1.0, &c->left, BN_PLAIN, &c->right, BN_PLAIN, 0.0, &j));
        assert_ok(bn_operator_dense(&dense.weights, &j));
        c->field.inhibition = dense.inhibition = 0.5 * inhibited;
        c->field.target = dense.target = 0.36;
        struct bn_mat y = mat_copy(&x);
        assert_ok(bn_fixed_newton(&c->field, &x, 200, a));
        assert_ok(bn_fixed_newton(&dense, &y, 200, b));
        size_t fixed = 0;
        for (size_t t = 0; t < 4; t++) {
            assert_int_equal(a[t].fixed, b[t].fixed);
            fixed += a[t].fixed;
            for (size_t i = 0; a[t].fixed && i < N; i++)
                assert_close(*bn_mat_at(&x, t, i), *bn_mat_at(&y, t, i), 0, 1e-6);
        }
        assert_true(fixed >= 2);
        bn_mat_free(&j), bn_mat_free(&x), bn_mat_free(&y);
        cosine_free(c);
    }
}

/* 1e-3 of |x| is the radius; groups are numbered as they appear; a member is compared
 * with the first of a group, so that a chain does not become one group.     */
static void merging(void **state)
{
    (void)state;
    double at[] = { 10, 20, 10.009, 20.01, 10.018, 30, 10.001 };
    const bool use[] = { true, true, true, true, true, false, true };
    const size_t want[] = { 0, 1, 0, 1, 2, SIZE_MAX, 0 };
    const struct bn_mat x = { 7, 1, at };
    size_t group[7];
    assert_int_equal(bn_fixed_merge(&x, use, 1e-3, group), 3);
    for (size_t t = 0; t < 7; t++)
        assert_int_equal(group[t], want[t]);
    assert_int_equal(bn_fixed_merge(&x, NULL, 1e-3, group), 4);
    assert_int_equal(bn_fixed_merge(&x, NULL, 10.0, group), 1);
}

static void sizes_are_refused(void **state)
{
    (void)state;
    struct cosine *c = cosine_make(N, K, 0.0);
    struct bn_mat x = mat_make(1, N - 1);
    struct bn_point point;
    assert_fails(bn_fixed_newton(&c->field, &x, 1, &point), BN_INPUT);
    assert_says(bn_error(), "127 neurons");
    bn_mat_free(&x);
    cosine_free(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(newton_finds_the_known_points),
        cmocka_unit_test(slow_points_are_the_bottlenecks),
        cmocka_unit_test(dense_is_factored),
        cmocka_unit_test(merging),
        cmocka_unit_test(sizes_are_refused),
    };
    return cmocka_run_group_tests_name("fixed", tests, NULL, NULL);
}
