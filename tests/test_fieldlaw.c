/* SPDX-License-Identifier: MIT
 * The formulas of the theory of place fields: against printed tables, each other and
 * integrals.  That fields of generated maps obey them is test_fields_theory's.  */
#include "test.h"

#include <basin/fieldlaw.h>

static const double PI = 3.14159265358979323846;
static const double a_gaussian = 0.57735026918962576;    /* w2/sqrt(w4) of exp(-d^2/2) */

/* Table of section 1.4 of docs/science/place.md's sources, as printed. */
static void table_of_one_dimension(void **state)
{
    (void)state;
    static const double row[][9] = {
        { 0.5, .30854, 2.197, 4.92, .14045, 1.168, .1628, .19780, .20964 },
        { 1.0, .15866, 1.644, 8.72, .09653, 1.075, .2908, .08332, .07534 },
        { 1.1, .13567, 1.561, 9.95, .08691, 1.064, .3223, .06862, .06018 },
        { 1.2, .11507, 1.485, 11.42, .07747, 1.054, .3560, .05610, .04775 },
        { 1.3, .09680, 1.416, 13.21, .06837, 1.046, .3918, .04553, .03761 },
        { 1.6, .05480, 1.238, 21.36, .04425, 1.027, .5121, .02324, .01761 },
        { 2.0, .02275, 1.056, 45.4, .02154, 1.013, .7040, .00849, .00577 },
        { 2.4, .00820, .918, 111, .00893, 1.006, .9329, .00272, .00167 },
        { 3.0, .00135, .764, 565, .00177, 1.002, 1.347, .00038, .00020 },
    };
    for (size_t k = 0; k < BN_LEN(row); k++) {
        const double *r = row[k], theta = r[0], size = bn_fieldlaw_size(theta);
        assert_close(bn_fieldlaw_share(theta), r[1], 0, 0.6e-5);
        assert_close(size, r[2], 0, 0.6e-3);
        assert_close(bn_fieldlaw_gap(theta), r[3], 2e-3, 0.006);
        assert_close(bn_fieldlaw_rate(theta), r[4], 0, 0.6e-5);
        assert_close(bn_fieldlaw_peaks(theta, a_gaussian), r[5], 0, 0.6e-3);
        assert_close(bn_fieldlaw_beta(1, size), r[6], 0, 0.6e-3);
        assert_close(bn_fieldlaw_mean(theta), r[7], 0, 0.6e-5);
        assert_close(bn_fieldlaw_square(theta), r[8], 0, 0.6e-5);
        assert_close(bn_fieldlaw_threshold(bn_fieldlaw_share(theta)), theta, 1e-10, 0);
    }
}

/* Simpson's rule on f(x) over [a, b]. */
static double integral(double (*f)(double, double), double p, double a, double b)
{
    enum { STEPS = 8000 };
    double sum = 0.0;
    for (int k = 0; k <= STEPS; k++)
        sum += (k == 0 || k == STEPS ? 1 : k % 2 ? 4 : 2) * f(a + (b - a) * k / STEPS, p);
    return sum * (b - a) / (3 * STEPS);
}

static double excess(double h, double theta)
{
    return (h - theta) * exp(-0.5 * h * h) / sqrt(2 * PI);
}

static double squared(double h, double theta)
{
    return (h - theta) * excess(h, theta);
}

static double rayleigh_mean(double k, double p)
{
    return k * bn_fieldlaw_slope(k) + 0 * p;
}

static void moments_are_integrals(void **state)
{
    (void)state;
    for (double theta = -1; theta < 4; theta += 0.7) {
        assert_close(bn_fieldlaw_mean(theta), integral(excess, theta, theta, theta + 12), 1e-9,
                     1e-13);
        assert_close(bn_fieldlaw_square(theta), integral(squared, theta, theta, theta + 12),
                     1e-9, 1e-13);
    }
    assert_close(integral(rayleigh_mean, 0, 0, 12), sqrt(PI / 2), 1e-9, 0);      /* 1.2533 */
}

/* <s> = Gamma(1 + D/2) beta^(-D/2); the limit's mean is (2 pi)^(D/2) theta^-D, and Rice's
 * mean comes to it: Q ~ phi/theta.                                               */
static void sizes(void **state)
{
    (void)state;
    static const double gamma[] = { 0, 0.88622692545275801, 1.0, 1.3293403881791370 };
    for (size_t d = 1; d <= 3; d++) {
        for (double mean = 0.1; mean < 50; mean *= 3) {
            const double beta = bn_fieldlaw_beta(d, mean);
            assert_close(gamma[d] * pow(beta, -0.5 * (double)d), mean, 1e-12, 0);
            const struct bn_lawfit law = bn_fieldlaw_sizes(d, beta);
            assert_close(bn_law_cdf(&law, pow(1 / beta, 0.5 * (double)d)), 1 - exp(-1), 1e-12, 0);
        }
        const double beta = bn_fieldlaw_beta_limit(d, 2.4);
        assert_close(gamma[d] * pow(beta, -0.5 * (double)d),
                     pow(2 * PI, 0.5 * (double)d) / pow(2.4, (double)d), 1e-12, 0);
    }
    assert_close(bn_fieldlaw_beta_limit(1, 1), 1.0 / 8, 1e-12, 0);
    assert_close(bn_fieldlaw_beta_limit(2, 1), 1 / (2 * PI), 1e-12, 0);
    assert_close(bn_fieldlaw_beta_limit(3, 1), 1 / 5.197, 1e-3, 0);
    assert_close(bn_fieldlaw_size(30) * 30 / sqrt(2 * PI), 1, 2e-3, 0);
    assert_close(bn_fieldlaw_peaks(12, a_gaussian), 1, 1e-9, 0);
    /* bats, 200 m: beta 0.0280 per m^2 */
    assert_close(bn_fieldlaw_beta(1, 3.394 * bn_fieldlaw_size(1.1)), 0.0280, 0, 0.0001);
}

static struct bn_domain box(size_t d, double a, double b, double c)
{
    return (struct bn_domain){ BN_SHAPE_BOX, d, { a, b, c } };
}

/* Eqs. 8-10 of Mainali et al. for cubes, the table for squares, and the whole space. */
static void euler_of_domains(void **state)
{
    (void)state;
    static const double table[][3] = {   /* theta, 4.313^2 at 0.5657, 20^2 at 1 */
        { -1, .08, -10.7 }, { 0, 2.93, 6.87 }, { 1, 3.87, 19.42 }, { 1.2, 3.45, 18.05 },
        { 2, 1.35, 7.76 },
    };
    const double side = 4.313 / 0.5657;
    const struct bn_domain small = box(2, side, side, 1), large = box(2, 20, 20, 1);
    for (size_t k = 0; k < BN_LEN(table); k++) {
        assert_close(bn_fieldlaw_euler(&small, table[k][0]), table[k][1], 0, 0.008);
        assert_close(bn_fieldlaw_euler(&large, table[k][0]), table[k][2], 0, 0.06);
    }
    for (double u = -3; u < 4; u += 0.5) {
        const double e = exp(-u * u / 2), q = bn_fieldlaw_share(u), l = 3.7;
        const struct bn_domain line = box(1, l, 1, 1), square = box(2, l, l, 1);
        const struct bn_domain cube = box(3, l, l, l), flat = box(3, l, l, 0);
        const struct bn_domain ring = { BN_SHAPE_PERIODIC, 1, { l, 0, 0 } };
        const struct bn_domain torus = { BN_SHAPE_PERIODIC, 2, { l, 2, 0 } };
        const struct bn_domain sphere = { BN_SHAPE_SPHERE, 2, { l, 0, 0 } };
        assert_close(bn_fieldlaw_euler(&line, u), l / (2 * PI) * e + q, 1e-13, 0);
        assert_close(bn_fieldlaw_euler(&square, u), (l * l * u / pow(2 * PI, 1.5)
                     + 2 * l / (2 * PI)) * e + q, 1e-13, 1e-14);
        assert_close(bn_fieldlaw_euler(&cube, u), (l * l * l * (u * u - 1) / pow(2 * PI, 2)
                     + 3 * l * l * u / pow(2 * PI, 1.5) + 3 * l / (2 * PI)) * e + q, 1e-12,
                     1e-13);
        assert_close(bn_fieldlaw_euler(&flat, u), bn_fieldlaw_euler(&square, u), 1e-13, 1e-14);
        assert_close(bn_fieldlaw_euler(&ring, u), l * e / (2 * PI), 1e-13, 0);
        assert_close(bn_fieldlaw_euler(&torus, u), 2 * l * u * e / pow(2 * PI, 1.5), 1e-13, 0);
        assert_close(bn_fieldlaw_euler(&sphere, u), 2 * q + 4 * PI * l * l * u * e
                     / pow(2 * PI, 1.5), 1e-13, 1e-14);
    }
    /* everything: 1, 0 and 2 by topology, not size */
    const struct bn_domain room = box(3, 10, 8, 5), globe = { BN_SHAPE_SPHERE, 2, { 7, 0, 0 } };
    const struct bn_domain torus = { BN_SHAPE_PERIODIC, 2, { 30, 20, 0 } };
    assert_close(bn_fieldlaw_euler(&room, -12), 1, 0, 1e-12);
    assert_close(bn_fieldlaw_euler(&globe, -12), 2, 0, 1e-12);
    assert_close(bn_fieldlaw_euler(&torus, -12), 0, 0, 1e-12);
    /* 200 m: 9.88 at 0, 5.257 at 1.1 */
    const struct bn_domain tunnel = box(1, 200 / 3.394, 1, 1);
    assert_close(bn_fieldlaw_euler(&tunnel, 0), 9.88, 0, 0.006);
    assert_close(bn_fieldlaw_euler(&tunnel, 1.1), 5.257, 0, 0.003);
}

static void lattices(void **state)
{
    (void)state;
    const double length[3] = { 0.5, 0.25, 2 };
    const struct bn_lattice b = { 2, { 21, 41, 1 }, { 0.1, 0.1 }, 0.01, false, false };
    const struct bn_lattice h = { 2, { 20, 20, 1 }, { 0.1, 0.1 }, 0.01 * sqrt(0.75), true, true };
    const struct bn_domain d = bn_fieldlaw_domain(&b, length), x = bn_fieldlaw_domain(&h, length);
    assert_close(d.side[0], 4, 1e-13, 0);
    assert_close(d.side[1], 16, 1e-13, 0);
    assert_int_equal(d.kind, BN_SHAPE_BOX);
    assert_int_equal(x.kind, BN_SHAPE_PERIODIC);
    assert_close(bn_fieldlaw_extent(&x), 4 * sqrt(0.75) / 0.125, 1e-13, 0);
}

/* Eq. 5 and its inverse; gamma propensities: Rich et al.'s numbers at 3, 10, 22, 48 m. */
static void silent_cells(void **state)
{
    (void)state;
    for (double n = 1e-3; n < 100; n *= 1.7) {
        assert_close(bn_fieldlaw_observed(n), n / (1 - exp(-n)), 1e-10, 0);
        assert_close(bn_law_untruncated(bn_fieldlaw_observed(n)), n, 1e-9, 0);
    }
    assert_close(bn_law_untruncated(1), 0, 0, 1e-12);
    static const double rich[][2] = { { 3, .170 }, { 10, .376 }, { 22, .535 }, { 48, .675 } };
    for (size_t k = 0; k < BN_LEN(rich); k++)
        assert_close(bn_fieldlaw_recruited(0.57, 0.57 * rich[k][0] / 7.75), rich[k][1], 0,
                     0.0006);
}

/* From the means that the theory gives, its parameters come back, by all four ways. */
static void parameters_come_back(void **state)
{
    (void)state;
    static const struct { struct bn_lattice g; double length, threshold; } rows[] = {
        { { 1, { 1001, 1, 1 }, { 0.2 }, 0.2, false, false }, 3.394, 1.1 },
        { { 1, { 601, 1, 1 }, { 0.01 }, 0.01, false, false }, 1.414, 2.4 },
        { { 1, { 500, 1, 1 }, { 0.2 }, 0.2, true, false }, 2.0, 0.3 },
        { { 2, { 87, 87, 1 }, { 0.05, 0.05 }, 0.0025, false, false }, 0.566, 1.2 },
        { { 2, { 60, 60, 1 }, { 0.1, 0.1 }, 0.01, true, false }, 0.5, 1.6 },
        { { 3, { 58, 46, 27 }, { 0.1, 0.1, 0.1 }, 0.001, false, false }, 0.57, 1.3 },
    };
    for (size_t k = 0; k < BN_LEN(rows); k++) {
        const double l = rows[k].length, t = rows[k].threshold, three[3] = { l, l, l };
        const struct bn_lattice *g = &rows[k].g;
        const struct bn_domain d = bn_fieldlaw_domain(g, three);
        const double unit = pow(l, (double)g->dimensions), n = bn_fieldlaw_euler(&d, t);
        const double size = unit * bn_fieldlaw_mean_size(&d, t), share = bn_fieldlaw_share(t);
        struct bn_fieldlaw f[4];
        assert_close(n * size, share * bn_lattice_extent(g), 1e-12, 0);
        assert_ok(bn_fieldlaw_from_share(g, share, size, &f[0]));
        assert_ok(bn_fieldlaw_from_count(g, n, size, &f[1]));
        assert_ok(bn_fieldlaw_from_observed(g, bn_fieldlaw_observed(n), size, &f[2]));
        f[3] = f[0];
        if (g->dimensions == 1) {
            const double gap = l * bn_fieldlaw_mean_gap(&d, t);
            assert_close(gap, bn_fieldlaw_share(-t) * bn_lattice_extent(g)
                         / (n + (g->periodic ? 0 : 1 - 2 * share)), 1e-12, 0);
            assert_ok(bn_fieldlaw_from_gap(g, gap, size, &f[3]));
        } else {
            assert_fails(bn_fieldlaw_from_gap(g, 1, size, &f[3]), BN_USAGE);
            f[3] = f[0];
        }
        for (size_t m = 0; m < 4; m++) {
            assert_close(f[m].length, l, 1e-8, 0);
            assert_close(f[m].threshold, t, 1e-8, 0);
        }
        assert_fails(bn_fieldlaw_from_share(g, 0, size, &f[0]), BN_INPUT);
        assert_fails(bn_fieldlaw_from_share(g, 0.1, 2 * bn_lattice_extent(g), &f[0]), BN_INPUT);
        assert_fails(bn_fieldlaw_from_observed(g, 1, size, &f[0]), BN_INPUT);
        if (g->dimensions > 1)
            assert_fails(bn_fieldlaw_from_share(g, 0.7, size, &f[0]), BN_INPUT);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(table_of_one_dimension),
        cmocka_unit_test(moments_are_integrals),
        cmocka_unit_test(sizes),
        cmocka_unit_test(euler_of_domains),
        cmocka_unit_test(lattices),
        cmocka_unit_test(silent_cells),
        cmocka_unit_test(parameters_come_back),
    };
    return cmocka_run_group_tests_name("fieldlaw", tests, NULL, NULL);
}
