/* SPDX-License-Identifier: MIT
 * Pseudo-potentials against drifts whose integrals are known.                */
#include "test.h"

#include <basin/potential.h>

#define PI 3.14159265358979323846

enum { M = 400 };

/* v = A sin 3 x on the ring: U = (A/3)(cos 3x - 1), sd A/(3 sqrt 2), three stable positions at
 * odd multiples of pi/3 with barriers 2 A/3, no circulation.  The trapezoidal rule is off by
 * (3 step)^2/12 of U, a chord's slope by up to twice that.    */
static void sine_on_a_ring(void **state)
{
    (void)state;
    const double step = 2.0 * PI / M, close = pow(3.0 * step, 2.0) / 10.0;
    double v[M];
    struct bn_potential p;
    for (size_t k = 0; k < M; k++)
        v[k] = 0.2 * sin(3.0 * (0.001 + step * (double)k));
    assert_ok(bn_potential_new(&p, v, M, 0.001, step, BN_ENDS_NONE));
    assert_int_equal(p.rests, 6);
    assert_int_equal(p.stable, 3);
    assert_close(p.circulation, 0, 0, 1e-14);
    assert_close(p.roughness, 0.2 / (3.0 * sqrt(2.0)), close, 0);
    assert_close(p.largest, 0.4 / 3.0, close, 0);
    for (size_t k = 0; k < 6; k++) {
        const struct bn_rest *r = &p.rest[k];
        assert_close(r->at, (double)(k + 1) * PI / 3.0, 0, 1e-5);
        assert_int_equal(r->stable, k % 2 == 0);
        assert_close(r->slope, (r->stable ? -0.6 : 0.6), 2.0 * close, 0);
        assert_close(r->barrier, r->stable ? 0.4 / 3.0 : 0.0, close, 0);
    }
    bn_potential_free(&p);
}

/* v = c + A sin x: the circulation is 2 pi c, which is no roughness; the barrier against the
 * flow is (with u = c/A) A (2 sqrt(1 - u^2) + u (2 asin u - pi)) for c > 0: the lower one.
 * Wrong, and seen here: the rise on the other side, higher by 2 pi c.         */
static void a_tilted_ring(void **state)
{
    (void)state;
    const double step = 2.0 * PI / M, u = 0.3;
    double v[M];
    struct bn_potential p;
    for (size_t k = 0; k < M; k++)
        v[k] = u + sin(step * (double)k);
    assert_ok(bn_potential_new(&p, v, M, 0.0, step, BN_ENDS_NONE));
    assert_close(p.circulation, 2.0 * PI * u, 1e-12, 0);
    assert_close(p.roughness, 1.0 / sqrt(2.0), 1e-4, 0);
    assert_int_equal(p.rests, 2);
    assert_close(p.largest, 2.0 * sqrt(1.0 - u * u) + u * (2.0 * asin(u) - PI), 1e-4, 0);
    bn_potential_free(&p);
}

/* On an interval of length 2 about 0: v = x (unstable in the middle) ends at both walls, whose
 * barrier is the whole of U(0) - U(1) = 1/2; v = -x rests in the middle, and with open ends
 * the barrier is 1/2, with walls there is none that could be left.            */
static void walls_hold(void **state)
{
    (void)state;
    enum { K = 100 };
    const double step = 2.0 / K;
    double v[K];
    struct bn_potential p;
    for (size_t k = 0; k < K; k++)
        v[k] = -1.0 + step * ((double)k + 0.5);
    assert_ok(bn_potential_new(&p, v, K, v[0], step, BN_ENDS_WALLS));
    assert_int_equal(p.rests, 3);
    assert_int_equal(p.stable, 2);
    assert_close(p.rest[0].at, -1, 0, 1e-12);
    assert_close(p.rest[1].at, 0, 0, 1e-12);
    assert_close(p.rest[2].at, 1, 0, 1e-12);
    assert_true(p.rest[0].wall && p.rest[2].wall && !p.rest[1].wall);
    assert_close(p.largest, 0.5, 1e-3, 0);
    bn_potential_free(&p);
    for (size_t k = 0; k < K; k++)
        v[k] = -v[k];
    assert_ok(bn_potential_new(&p, v, K, -v[0], step, BN_ENDS_WALLS));
    assert_int_equal(p.rests, 1);
    assert_close(p.largest, 0, 0, 0);
    bn_potential_free(&p);
    assert_ok(bn_potential_new(&p, v, K, -v[0], step, BN_ENDS_OPEN));
    assert_int_equal(p.stable, 1);
    assert_close(p.largest, 0.5, 1e-3, 0);
    bn_potential_free(&p);
    assert_fails(bn_potential_new(&p, v, 2, 0.0, 1.0, BN_ENDS_OPEN), BN_USAGE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sine_on_a_ring),
        cmocka_unit_test(a_tilted_ring),
        cmocka_unit_test(walls_hold),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
