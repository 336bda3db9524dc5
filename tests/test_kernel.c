/* SPDX-License-Identifier: MIT
 * kernel: correlations on every manifold: one at 0, curvature -1/length^2, variances that
 * are not negative and sum to 1, and the refusal of what is no correlation.  */
#include "test.h"

#include <basin/kernel.h>

#include <stdlib.h>

#define PI (0.5 * BN_TWO_PI)

static const struct bn_manifold ring = { BN_RING, 1, { 101, 1, 1 }, { BN_TWO_PI }, 0.0 };
static const struct bn_manifold torus = { BN_TORUS, 2, { 81, 81, 1 }, { 3.0, 2.0 }, 0.0 };
static const struct bn_manifold hexagon = { BN_HEXAGON, 2, { 81, 81, 1 }, { 1.5, 1.5 }, 0.0 };
static const struct bn_manifold sphere = { BN_SPHERE, 2, { 161, 81, 1 }, { BN_TWO_PI, PI },
                                           0.0 };
static const struct bn_manifold interval = { BN_INTERVAL, 1, { 50, 1, 1 }, { 9.0 }, 0.0 };
static const struct bn_manifold box2 = { BN_BOX, 2, { 50, 50, 1 }, { 9.0, 9.0 }, 0.0 };
static const struct bn_manifold box3 = { BN_BOX, 3, { 9, 9, 9 }, { 9.0, 9.0, 9.0 }, 0.0 };

static const enum bn_kernel_kind G = BN_KERNEL_GAUSSIAN, M5 = BN_KERNEL_MATERN52,
    M7 = BN_KERNEL_MATERN72, O = BN_KERNEL_OSCILLATORY, V = BN_KERNEL_VONMISES,
    H = BN_KERNEL_HEAT;

/* Every kernel that there is, on every manifold that has it; short and long. */
struct row {
    const struct bn_manifold *m;
    enum bn_kernel_kind kind;
    double length[3];
};

static size_t rows_of(struct row *row)
{
    static const struct bn_manifold *const all[] = { &ring, &torus, &hexagon, &sphere,
                                                     &interval, &box2, &box3 };
    static const double length[][2][3] = {
        { { 0.7 }, { 2.0 } }, { { 0.3, 0.25 }, { 1.1, 0.6 } }, { { 0.15 }, { 0.6 } },
        { { 0.3 }, { 1.3 } }, { { 1.0 }, { 4.0 } }, { { 1.0, 2.0 }, { 3.0, 1.0 } },
        { { 1.0, 2.0, 1.5 }, { 3.0, 1.0, 2.0 } },
    };
    size_t n = 0;

    for (size_t i = 0; i < BN_LEN(all); i++)
        for (size_t k = 0; k < 6; k++)
            for (size_t l = 0; l < 2; l++) {
                const enum bn_kernel_kind kind = (const enum bn_kernel_kind[]){ G, M5, M7, O, V,
                                                                                H }[k];
                if ((all[i] == &sphere && kind == O)
                    || (!bn_manifold_closed(all[i]) && (kind == V || kind == H)))
                    continue;
                row[n] = (struct row){ all[i], kind, { 0.0 } };
                memcpy(row[n].length, length[i][l], sizeof row[n].length);
                n++;
            }
    return n;
}

static struct bn_kernel kernel_of(const struct row *r)
{
    return (struct bn_kernel){ r->kind, { r->length[0], r->length[1], r->length[2] } };
}

static double length_along(const struct row *r, size_t d)
{
    return r->m->kind == BN_HEXAGON || r->m->kind == BN_SPHERE ? r->length[0] : r->length[d];
}

/* The curvature of r at 0 along each direction is -1/length^2: -(r(h) - 2 + r(-h))/h^2, with
 * Richardson's extrapolation from three steps (its error is of order h^6; matern52 has a
 * |d|^5 term, of order h^3).  A Matern whose length is not rescaled would be off by 5/3 or
 * 7/5, a wrapped Gaussian of s = 1.5 by 0.5 %, a Gaussian filter's width by 2.  */
static void sigma_c_is_length(void **state)
{
    (void)state;
    struct row row[100];
    const size_t n = rows_of(row);

    for (size_t i = 0; i < n; i++) {
        const struct bn_kernel k = kernel_of(&row[i]);
        const struct bn_manifold *m = row[i].m;
        const double a[3] = { 0.4, m->kind == BN_SPHERE ? 0.3 : 0.7, 0.6 };
        assert_ok(bn_kernel_check(&k, m));
        assert_close(bn_kernel_at(&k, m, a, a), 1.0, 0.0, 1e-9);
        for (size_t d = 0; d < m->dimensions; d++) {
            const double length = length_along(&row[i], d), h = 0.02 * length;
            double c[3];
            for (int s = 0; s < 3; s++) {
                double step[3] = { 0.0 }, up[3], down[3];
                step[d] = h * (1 << s);
                bn_manifold_move(m, a, step, up);
                step[d] = -step[d];
                bn_manifold_move(m, a, step, down);
                c[s] = (2.0 * bn_kernel_at(&k, m, a, a) - bn_kernel_at(&k, m, a, up)
                        - bn_kernel_at(&k, m, a, down)) / (step[d] * step[d]);
            }
            const double once = (4.0 * c[0] - c[1]) / 3.0, far = (4.0 * c[1] - c[2]) / 3.0;
            const double curvature = (16.0 * once - far) / 15.0;
            const double rough = row[i].kind == M5 ? 3e-5 : 1e-6;
            assert_close(1.0 / sqrt(curvature), length, rough, 0.0);
        }
    }
}

/* Variances: none negative, sum 1, and sum over functions of variance x (slope along
 * direction d)^2 = 1/length^2.                                              */
static void spectra_are_variances(void **state)
{
    (void)state;
    struct row row[100];
    const size_t n = rows_of(row);

    for (size_t i = 0; i < n; i++) {
        const struct bn_kernel k = kernel_of(&row[i]);
        const struct bn_manifold *m = row[i].m;
        if (!bn_manifold_closed(m))
            continue;
        bn_harmonics *h;
        assert_ok(bn_harmonics_new(&h, m));
        const size_t r = bn_harmonics_count(h);
        struct bn_mat v;
        assert_ok(bn_mat_alloc(&v, 1 + m->dimensions, r));
        assert_ok(bn_kernel_spectrum(&k, h, r, v.data));
        const double at[2] = { 0.3, 0.2 };
        double sum = 0.0, slope[2] = { 0.0 };
        bn_harmonics_gradient(h, at, r, v.data + r);
        for (size_t j = r; j-- > 0;) {
            assert_true(v.data[j] >= 0.0);
            sum += v.data[j];
            for (size_t d = 0; d < m->dimensions; d++)
                slope[d] += v.data[j] * v.data[(1 + d) * r + j] * v.data[(1 + d) * r + j];
        }
        /* a power law of 6 or 8 (in one dimension) leaves k^-5, and k^-3 of the slopes */
        const bool matern = row[i].kind == M5 || row[i].kind == M7;
        assert_close(sum, 1.0, 0.0, matern ? 1e-5 : 1e-12);
        for (size_t d = 0; d < m->dimensions; d++)
            assert_close(1.0 / sqrt(slope[d]), length_along(&row[i], d), matern ? 1e-2 : 1e-11,
                         0.0);
        bn_mat_free(&v);
        bn_harmonics_free(h);
    }
}

/* r between points is sum of variance e(a) e(b): two computations with nothing in common but
 * the unit of length (images or Legendre sums on one side, transforms on the other). */
static void correlations_are_sums_of_their_spectra(void **state)
{
    (void)state;
    struct row row[100];
    const size_t n = rows_of(row);

    for (size_t i = 0; i < n; i++) {
        const struct bn_kernel k = kernel_of(&row[i]);
        const struct bn_manifold *m = row[i].m;
        double points[12 * 2];
        if (!bn_manifold_closed(m))
            continue;
        bn_harmonics *h;
        assert_ok(bn_harmonics_new(&h, m));
        const size_t r = bn_harmonics_count(h);
        struct bn_mat v;
        assert_ok(bn_mat_alloc(&v, 3, r));
        assert_ok(bn_kernel_spectrum(&k, h, r, v.data));
        bn_manifold_spread(m, 12, points);
        for (size_t p = 0; p < 12; p++) {
            const double *a = points, *b = points + p * m->dimensions;
            double *ea = bn_mat_row(&v, 1), *eb = bn_mat_row(&v, 2), sum = 0.0;
            bn_harmonics_at(h, a, r, ea);
            bn_harmonics_at(h, b, r, eb);
            for (size_t j = 0; j < r; j++)
                sum += v.data[j] * ea[j] * eb[j];
            const bool matern = row[i].kind == M5 || row[i].kind == M7;
            assert_close(bn_kernel_at(&k, m, a, b), sum, 0.0, matern ? 2e-5 : 1e-11);
        }
        bn_mat_free(&v);
        bn_harmonics_free(h);
    }
}

/* Between walls there are no coefficients: the matrix of correlations of the grid's points has
 * no negative eigenvalue beyond rounding, 1e-12 of their number (its trace).  The wave of one
 * dimension, cos(b q) exp(-q^2/8), laid around a point of the plane or of space has.   */
static void correlations_between_walls_have_no_negative_variance(void **state)
{
    (void)state;
    static const struct bn_manifold coarse[] = {
        { BN_INTERVAL, 1, { 50, 1, 1 }, { 9.0 }, 0.0 },
        { BN_BOX, 2, { 12, 12, 1 }, { 9.0, 9.0 }, 0.0 },
        { BN_BOX, 3, { 6, 6, 6 }, { 9.0, 9.0, 9.0 }, 0.0 },
    };
    static const double lengths[][3] = { { 1.0, 2.0, 1.5 }, { 3.0, 1.0, 2.0 } };
    for (size_t i = 0; i < 3; i++)
        for (int kind = 0; kind <= 4; kind++)            /* 4: the wrong one */
            for (size_t l = 0; l < 2; l++) {
                const struct bn_manifold *m = &coarse[i];
                const size_t n = bn_manifold_points(m);
                const enum bn_kernel_kind kinds[] = { G, M5, M7, O, G };
                const struct bn_kernel k = { kinds[kind], { lengths[l][0], lengths[l][1],
                                                            lengths[l][2] } };
                double w[216], a[3], b[3];
                struct bn_mat r;
                if (kind == 4 && (i == 0 || l == 1))
                    continue;
                assert_ok(bn_mat_alloc(&r, n, n));
                for (size_t p = 0; p < n; p++)
                    for (size_t q = 0; q < n; q++) {
                        bn_manifold_point(m, p, a);
                        bn_manifold_point(m, q, b);
                        const double at = bn_kernel_at(&k, m, a, b), d2 = -2.0 * log(at);
                        *bn_mat_at(&r, p, q) = kind < 4 ? at : exp(-d2 / 8.0)
                                               * cos(sqrt(0.75 * (double)(i + 1) * fabs(d2)));
                    }
                assert_ok(bn_eig_symmetric(&r, w));
                double least = w[0];
                for (size_t p = 1; p < n; p++)
                    least = fmin(least, w[p]);
                if (!(kind < 4 ? least >= -1e-12 * (double)n : least < -0.01))
                    fail_msg("%s, %s: %g", bn_manifold_name(m->kind), bn_kernel_name(k.kind),
                             least);
                bn_mat_free(&r);
            }
}

/* Closed forms: the wrapped Gaussian on the ring, von Mises' Bessel functions, Fisher's
 * coth kappa - 1/kappa, and the planar forms between walls.                 */
static void closed_forms(void **state)
{
    (void)state;
    bn_harmonics *h;
    double v[40];

    /* sigma_c^2 of exp(-s^2 n^2/2), s = 1.5, is 1.504^2 (place.md): that length gives it back */
    double total = 1.0, curvature = 0.0;
    for (int n = 1; n < 10; n++) {
        total += 2.0 * exp(-1.125 * n * n);
        curvature += 2.0 * n * n * exp(-1.125 * n * n);
    }
    const double length = sqrt(total / curvature);
    assert_close(length, 1.504, 0.0, 5e-4);
    assert_ok(bn_harmonics_new(&h, &ring));
    for (int kind = 0; kind < 2; kind++) {
        const struct bn_kernel heat = { kind == 0 ? H : G, { length } };
        assert_ok(bn_kernel_spectrum(&heat, h, 9, v));
        for (int n = 0; n < 5; n++)
            assert_close(v[n == 0 ? 0 : 2 * n - 1], exp(-1.125 * n * n) / total, 1e-10, 1e-15);
    }
    const struct bn_kernel mises = { V, { 0.5 } };       /* kappa = 4: I_n(4) e^-4 */
    static const double i4[] = { 11.301921952136331, 9.759465153704450, 6.422189375284105,
                                 3.337275778420340, 1.416275707653595 };
    assert_ok(bn_kernel_spectrum(&mises, h, 9, v));
    for (size_t n = 0; n < 5; n++)
        assert_close(v[n == 0 ? 0 : 2 * n - 1], i4[n] * exp(-4.0), 1e-13, 0.0);
    bn_harmonics_free(h);
    assert_ok(bn_harmonics_new(&h, &sphere));
    assert_ok(bn_kernel_spectrum(&mises, h, 9, v));
    assert_close(v[1] / v[0], 1.0 / tanh(4.0) - 0.25, 1e-13, 0.0);
    bn_harmonics_free(h);
    const double a[2] = { 1.0, 1.0 }, b[2] = { 2.0, 3.0 };
    const struct bn_kernel flat = { G, { 2.0, 4.0 } }, wavy = { O, { 2.0, 2.0 } };
    const struct bn_kernel half = { M7, { 1.0, 1.0 } };
    assert_close(bn_kernel_at(&flat, &box2, a, b), exp(-0.125 - 0.125), 1e-14, 0.0);
    const double s = 5.0;                /* sqrt 5 times the distance sqrt 5 */
    assert_close(bn_kernel_at(&half, &box2, a, b),
                 (1.0 + s + 0.4 * s * s + s * s * s / 15.0) * exp(-s), 1e-13, 0.0);
    /* J_0(1.3693063937629153) = 0.58408...: x^2/4 = 15/32, its series */
    double j0 = 0.0, term = 1.0;
    for (int k = 0; k < 20; k++) {
        j0 += term;
        term *= -15.0 / 32.0 / ((k + 1.0) * (k + 1.0));
    }
    assert_close(bn_kernel_at(&wavy, &box2, a, b), j0 * exp(-1.25 / 8.0), 1e-13, 0.0);
}

/* Shells of a hexagon are six-fold and a square torus is not isotropic but symmetric. */
static void spectra_have_the_symmetry_of_the_manifold(void **state)
{
    (void)state;
    struct row row[100];
    const size_t n = rows_of(row);

    for (size_t i = 0; i < n; i++) {
        const struct bn_kernel k = kernel_of(&row[i]);
        if (row[i].m != &hexagon && row[i].m != &sphere)
            continue;
        bn_harmonics *h;
        double v[91];
        assert_ok(bn_harmonics_new(&h, row[i].m));
        assert_ok(bn_kernel_spectrum(&k, h, 91, v));
        for (size_t j = 0; j < 91; j++) {
            size_t first;
            const size_t shell = bn_harmonics_shell(h, j, &first);
            /* three cosines are six-fold, not a function of |k|: compare within one star */
            if (row[i].m == &hexagon && row[i].kind == V && shell > 6)
                continue;
            assert_close(v[j], v[first], 1e-9, 1e-16);
        }
        bn_harmonics_free(h);
    }
}

/* The numbers of place.md, section 4: -8.9e-6, -1.6e-4, -3e-3 at s = 0.8, 1, 1.5. */
static void the_geodesic_gaussian_is_refused(void **state)
{
    (void)state;
    static const struct { const struct bn_manifold *m; double s; const char *says; } row[] = {
        { &ring, 0.8, "variance -8.9e-06" }, { &ring, 1.0, "variance -0.00016" },
        { &ring, 1.5, "variance -0.003" },   { &ring, 0.2, "below rounding" },
        { &sphere, 1.2, "variance -" },      { &hexagon, 0.5, "variance -" },
        { &torus, 0.7, "variance -" },
    };
    for (size_t i = 0; i < BN_LEN(row); i++) {
        const struct bn_kernel k = { BN_KERNEL_GEODESIC, { row[i].s, row[i].s } };
        assert_fails(bn_kernel_check(&k, row[i].m), BN_USAGE);
        assert_says(bn_error(), "is no correlation");
        assert_says(bn_error(), row[i].says);
    }
    const struct bn_kernel k = { BN_KERNEL_GEODESIC, { 1.0 } };
    const double a = 1.0, b = 2.0;
    assert_ok(bn_kernel_check(&k, &interval));           /* there it is the Gaussian */
    assert_close(bn_kernel_at(&k, &interval, &a, &b), exp(-0.5), 1e-14, 0.0);
}

static void what_is_no_kernel_is_refused(void **state)
{
    (void)state;
    static const struct { const struct bn_manifold *m; struct bn_kernel k; const char *says; }
    row[] = {
        { &ring, { BN_KERNEL_HEAT, { 0.0 } }, "length 0 along coordinate 0" },
        { &ring, { BN_KERNEL_HEAT, { NAN } }, "must be positive" },
        { &box2, { BN_KERNEL_GAUSSIAN, { 1.0, 0.0 } }, "along coordinate 1" },
        { &torus, { BN_KERNEL_GAUSSIAN, { 1.0, 1.2 } }, "only 2 round: at most 1" },
        { &sphere, { BN_KERNEL_OSCILLATORY, { 0.5 } }, "plane waves" },
        { &interval, { BN_KERNEL_HEAT, { 0.5 } }, "take gaussian" },
        { &box3, { BN_KERNEL_VONMISES, { 0.5, 0.5, 0.5 } }, "take gaussian" },
    };
    enum bn_kernel_kind kind;
    bn_harmonics *h;
    double v[5];

    for (size_t i = 0; i < BN_LEN(row); i++) {
        assert_fails(bn_kernel_check(&row[i].k, row[i].m), BN_USAGE);
        assert_says(bn_error(), row[i].says);
    }
    const struct bn_kernel k = { BN_KERNEL_GAUSSIAN, { 1.0 } };
    assert_ok(bn_harmonics_new(&h, &interval));
    assert_fails(bn_kernel_spectrum(&k, h, 5, v), BN_USAGE);
    bn_harmonics_free(h);
    for (int i = 0; i <= BN_KERNEL_GEODESIC; i++) {
        assert_ok(bn_kernel_parse(bn_kernel_name((enum bn_kernel_kind)i), &kind));
        assert_int_equal(kind, i);
    }
    assert_fails(bn_kernel_parse("box", &kind), BN_USAGE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sigma_c_is_length),
        cmocka_unit_test(spectra_are_variances),
        cmocka_unit_test(correlations_are_sums_of_their_spectra),
        cmocka_unit_test(correlations_between_walls_have_no_negative_variance),
        cmocka_unit_test(closed_forms),
        cmocka_unit_test(spectra_have_the_symmetry_of_the_manifold),
        cmocka_unit_test(the_geodesic_gaussian_is_refused),
        cmocka_unit_test(what_is_no_kernel_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
