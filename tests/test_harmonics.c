/* SPDX-License-Identifier: MIT
 * harmonics: bases of functions on each manifold, against their laws: orthonormality,
 * inverse transforms, eigenvalues of the Laplacian and multiplicities.  */
#include "every_manifold.h"
#include "test.h"

#include <basin/fourier.h>
#include <basin/harmonics.h>
#include <basin/mem.h>
#include <basin/rng.h>
#include <basin/tile.h>

#include <stdlib.h>

static struct bn_mat new_mat(size_t rows, size_t cols)
{
    struct bn_mat m;
    assert_ok(bn_mat_alloc(&m, rows, cols));
    return m;
}

static bn_harmonics *new_harmonics(const struct bn_manifold *m)
{
    bn_harmonics *h;
    assert_ok(bn_harmonics_new(&h, m));
    return h;
}

static struct bn_mat random_mat(uint64_t seed, size_t rows, size_t cols)
{
    struct bn_mat m = new_mat(rows, cols);
    bn_rng_normals((struct bn_rng){ .seed = seed }, 0, 0, m.data, rows * cols);
    return m;
}

/* Values of the basis on the grid: coefficients are the identity. */
static struct bn_mat basis_of(const bn_harmonics *h)
{
    const size_t r = bn_harmonics_count(h);
    struct bn_mat one = new_mat(r, r);
    struct bn_mat values = new_mat(r, bn_manifold_points(bn_harmonics_manifold(h)));

    for (size_t k = 0; k < r; k++)
        *bn_mat_at(&one, k, k) = 1.0;
    assert_ok(bn_harmonics_inverse(h, &one, &values));
    bn_mat_free(&one);
    return values;
}

/* sum_m w_m e_k e_l = delta; a basis of complex waves' real parts, or one normalised
 * without sqrt 2, would fail by 0.5.                                        */
static void bases_are_orthonormal(void **state)
{
    (void)state;
    for (size_t i = 0; i < BN_LEN(every_manifold); i++) {
        const struct bn_manifold *m = &every_manifold[i];
        bn_harmonics *h = new_harmonics(m);
        const size_t r = bn_harmonics_count(h), points = bn_manifold_points(m);
        struct bn_mat e = basis_of(h), weighted = new_mat(r, points), gram = new_mat(r, r);
        double *w = new_mat(1, points).data;
        bn_manifold_quadrature(m, w);
        for (size_t k = 0; k < r; k++)
            for (size_t p = 0; p < points; p++)
                *bn_mat_at(&weighted, k, p) = w[p] * *bn_mat_at(&e, k, p);
        assert_ok(bn_gemm(1.0, &e, BN_PLAIN, &weighted, BN_TRANSPOSED, 0.0, &gram));
        for (size_t k = 0; k < r; k++)
            for (size_t l = 0; l < r; l++)
                assert_close(*bn_mat_at(&gram, k, l), k == l ? 1.0 : 0.0, 0.0, 1e-12);
        free(w);
        bn_mat_free(&gram);
        bn_mat_free(&weighted);
        bn_mat_free(&e);
        bn_harmonics_free(h);
    }
}

/* On grid points the functions anywhere are those of the grid. */
static void functions_anywhere_are_those_of_the_grid(void **state)
{
    (void)state;
    for (size_t i = 0; i < BN_LEN(every_manifold); i++) {
        const struct bn_manifold *m = &every_manifold[i];
        bn_harmonics *h = new_harmonics(m);
        const size_t r = bn_harmonics_count(h), points = bn_manifold_points(m);
        struct bn_mat e = basis_of(h);
        double *row = new_mat(1, r).data;
        for (size_t p = 0; p < points; p += 1 + points / 50) {
            double c[BN_DIMENSIONS];
            bn_manifold_point(m, p, c);
            bn_harmonics_at(h, c, r, row);
            for (size_t k = 0; k < r; k++)
                assert_close(row[k], *bn_mat_at(&e, k, p), 0.0, 2e-12);
        }
        free(row);
        bn_mat_free(&e);
        bn_harmonics_free(h);
    }
}

static void transforms_invert_each_other(void **state)
{
    (void)state;
    for (size_t i = 0; i < BN_LEN(every_manifold); i++) {
        const struct bn_manifold *m = &every_manifold[i];
        bn_harmonics *h = new_harmonics(m);
        const size_t all = bn_harmonics_count(h), rs[] = { 1, 2, all / 3 + 1, all };
        for (size_t q = 0; q < BN_LEN(rs); q++) {
            const size_t r = m->kind == BN_RING ? rs[q] | 1 : rs[q];
            struct bn_mat c = random_mat(7, 5, r), back = new_mat(5, r);
            struct bn_mat values = new_mat(5, bn_manifold_points(m));
            assert_ok(bn_harmonics_inverse(h, &c, &values));
            assert_ok(bn_harmonics_transform(h, &values, &back));
            for (size_t k = 0; k < 5 * r; k++)
                assert_close(back.data[k], c.data[k], 0.0, 1e-12);
            bn_mat_free(&values);
            bn_mat_free(&back);
            bn_mat_free(&c);
        }
        bn_harmonics_free(h);
    }
}

/* More rows than pass at a time give what one row alone gives. */
static void rows_do_not_see_each_other(void **state)
{
    (void)state;
    const struct bn_manifold m = { BN_TORUS, 2, { 64, 64, 1 }, { 1.0, 2.0 }, 0.0 };
    enum { N = 300 };                    /* 256 rows of 4096 points are one chunk */
    bn_harmonics *h = new_harmonics(&m);
    struct bn_mat values = random_mat(3, N, 4096), c = new_mat(N, 40), one = new_mat(1, 40);
    assert_ok(bn_harmonics_transform(h, &values, &c));
    for (size_t i = 0; i < N; i += 13) {
        struct bn_mat row = { 1, 4096, bn_mat_row(&values, i) };
        assert_ok(bn_harmonics_transform(h, &row, &one));
        assert_memory_equal(one.data, bn_mat_row(&c, i), 40 * sizeof(double));
    }
    bn_mat_free(&one);
    bn_mat_free(&c);
    bn_mat_free(&values);
    bn_harmonics_free(h);
}

static void the_ring_is_fourier_bit_for_bit(void **state)
{
    (void)state;
    for (size_t m = 24; m <= 25; m++) {
        const struct bn_manifold ring = bn_manifold_ring(m);
        bn_harmonics *h = new_harmonics(&ring);
        const size_t r = bn_harmonics_count(h);
        assert_int_equal(r, 2 * ((m - 1) / 2) + 1);
        struct bn_mat values = random_mat(1, 4, m), a = new_mat(4, r), b = new_mat(4, r);
        double row[2][32];
        const double theta = 1.234;
        assert_ok(bn_fourier(&values, &a));
        assert_ok(bn_harmonics_transform(h, &values, &b));
        assert_memory_equal(a.data, b.data, 4 * r * sizeof(double));
        bn_fourier_basis(theta, r, 0, row[0]);
        bn_harmonics_at(h, &theta, r, row[1]);
        assert_memory_equal(row[0], row[1], r * sizeof(double));
        bn_fourier_basis(theta, r, 1, row[0]);
        bn_harmonics_gradient(h, &theta, r, row[1]);
        assert_memory_equal(row[0], row[1], r * sizeof(double));
        bn_mat_free(&b);
        bn_mat_free(&a);
        bn_mat_free(&values);
        bn_harmonics_free(h);
    }
}

/* Where a step along each tangent direction leads: a gradient along longitude instead of
 * east, or along u and v of a hexagon instead of x and y, would fail.        */
static void gradients_are_differences_along_tangents(void **state)
{
    (void)state;
    for (size_t i = 0; i < BN_LEN(every_manifold); i++) {
        const struct bn_manifold *m = &every_manifold[i];
        bn_harmonics *h = new_harmonics(m);
        const size_t r = bn_harmonics_count(h), dims = m->dimensions;
        double *g = new_mat(dims, r).data, *up = new_mat(2, r).data, *down = up + r;
        double points[7 * BN_DIMENSIONS];
        const double eps = 1e-5;
        bn_manifold_spread(m, 7, points);
        for (size_t p = 0; p < 7; p++)
            for (size_t d = 0; d < dims; d++) {
                double step[BN_DIMENSIONS] = { 0.0 }, c[BN_DIMENSIONS];
                /* off the places where the stencil changes */
                for (size_t k = 0; k < dims; k++)
                    c[k] = points[p * dims + k] + 0.0123 * m->size[0] / (double)m->count[0];
                bn_harmonics_gradient(h, c, r, g);
                double to[BN_DIMENSIONS];
                step[d] = eps;
                bn_manifold_move(m, c, step, to);
                bn_harmonics_at(h, to, r, up);
                step[d] = -eps;
                bn_manifold_move(m, c, step, to);
                bn_harmonics_at(h, to, r, down);
                for (size_t k = 0; k < r; k++) {
                    const double scale = 1.0 + pow(bn_harmonics_eigenvalue(h, k), 1.5);
                    assert_close((up[k] - down[k]) / (2.0 * eps), g[d * r + k], 0.0,
                                 scale * eps * eps * 20.0 + 1e-9);
                }
            }
        free(up);
        free(g);
        bn_harmonics_free(h);
    }
}

/* Green: the mean of |grad e|^2 over a closed manifold is e's eigenvalue. */
static void eigenvalues_are_mean_squares_of_gradients(void **state)
{
    (void)state;
    for (size_t i = 0; i < BN_LEN(every_manifold); i++) {
        const struct bn_manifold *m = &every_manifold[i];
        if (!bn_manifold_closed(m))
            continue;
        bn_harmonics *h = new_harmonics(m);
        /* odd counts: |grad e|^2 of the highest functions is integrated exactly */
        const size_t r = bn_harmonics_count(h), points = bn_manifold_points(m);
        double *w = new_mat(1, points).data, *g = new_mat(m->dimensions, r).data;
        double *mean = new_mat(1, r).data;
        bn_manifold_quadrature(m, w);
        for (size_t p = 0; p < points; p++) {
            double c[BN_DIMENSIONS];
            bn_manifold_point(m, p, c);
            bn_harmonics_gradient(h, c, r, g);
            for (size_t k = 0; k < r; k++)
                for (size_t d = 0; d < m->dimensions; d++)
                    mean[k] += w[p] * g[d * r + k] * g[d * r + k];
        }
        for (size_t k = 0; k < r; k++)
            assert_close(mean[k], bn_harmonics_eigenvalue(h, k), 1e-11, 1e-11);
        free(mean);
        free(g);
        free(w);
        bn_harmonics_free(h);
    }
}

/* How many functions share an eigenvalue: what tells the manifolds apart. */
static void shells_have_their_multiplicities(void **state)
{
    (void)state;
    static const struct {
        struct bn_manifold m;
        size_t shells[10];
        double eigenvalue[4];
    } row[] = {
        { { BN_RING, 1, { 25, 1, 1 }, { BN_TWO_PI }, 0.0 }, { 1, 2, 2, 2, 2 },
          { 0, 1, 4, 9 } },
        { { BN_TORUS, 2, { 13, 13, 1 }, { BN_TWO_PI, BN_TWO_PI }, 0.0 },
          { 1, 4, 4, 4, 8, 4, 4, 8, 8, 4 }, { 0, 1, 2, 4 } },
        { { BN_TORUS, 2, { 13, 13, 1 }, { 0.1, 0.1 }, 0.0 },
          { 1, 4, 4, 4, 8, 4, 4, 8, 8, 4 }, { 0, 400 * 9.869604401089358 } },
        /* (5, 0) and (3, 4), 12 together */
        { { BN_TORUS, 2, { 31, 31, 1 }, { 0.7, 0.7 }, 0.0 },
          { 1, 4, 4, 4, 8, 4, 4, 8, 8, 4 }, { 0 } },
        { { BN_TORUS, 2, { 13, 13, 1 }, { 2.0 * BN_TWO_PI, BN_TWO_PI }, 0.0 },
          { 1, 2, 4, 4, 4 }, { 0, 0.25, 1.0, 1.25 } },
        { { BN_HEXAGON, 2, { 25, 25, 1 }, { 1.0, 1.0 }, 0.0 },
          { 1, 6, 6, 6, 12, 6, 6, 12 }, { 0, 4.0 / 3.0 * 39.47841760435743 } },
        { { BN_SPHERE, 2, { 21, 11, 1 }, { BN_TWO_PI, 0.5 * BN_TWO_PI }, 0.0 },
          { 1, 3, 5, 7, 9, 11, 13 }, { 0, 2, 6, 12 } },
        { { BN_INTERVAL, 1, { 30, 1, 1 }, { 0.5 * BN_TWO_PI }, 0.0 }, { 1, 1, 1, 1 },
          { 0, 1, 4, 9 } },
        { { BN_BOX, 2, { 9, 9, 1 }, { 0.5 * BN_TWO_PI, 0.5 * BN_TWO_PI }, 0.0 },
          { 1, 2, 1, 2, 2 }, { 0, 1, 2, 4 } },
    };
    for (size_t i = 0; i < BN_LEN(row); i++) {
        bn_harmonics *h = new_harmonics(&row[i].m);
        size_t k = 0;
        for (size_t s = 0; s < 10 && row[i].shells[s] > 0; s++) {
            size_t first;
            for (size_t j = 0; j < row[i].shells[s]; j++) {
                assert_int_equal(bn_harmonics_shell(h, k + j, &first), row[i].shells[s]);
                assert_int_equal(first, k);
            }
            if (s < 4 && row[i].eigenvalue[s] > 0.0)
                assert_close(bn_harmonics_eigenvalue(h, k), row[i].eigenvalue[s], 1e-12, 0.0);
            k += row[i].shells[s];
        }
        bn_harmonics_free(h);
    }
    const struct bn_manifold big = { BN_TORUS, 2, { 31, 31, 1 }, { 0.7, 0.7 }, 0.0 };
    bn_harmonics *h = new_harmonics(&big);
    size_t first, twelve = 0;
    for (size_t k = 0; k < 120; k++)
        twelve += bn_harmonics_shell(h, k, &first) == 12;
    assert_int_equal(twelve, 12);
    bn_harmonics_free(h);
}

/* Between the points of a box a smooth function is as exact as six points make it: the
 * error of sin falls by 2^6 when the step is halved (a cosine series, whose slope at the
 * walls is 0, would gain 2^2).                                              */
static double worst_between(size_t count)
{
    const struct bn_manifold m = { BN_INTERVAL, 1, { count, 1, 1 }, { 2.0 }, 0.0 };
    bn_harmonics *h = new_harmonics(&m);
    struct bn_mat f = new_mat(1, count), c = new_mat(1, count), row = new_mat(1, count);
    double worst = 0.0;

    for (size_t k = 0; k < count; k++) {
        double x;
        bn_manifold_point(&m, k, &x);
        f.data[k] = sin(3.0 * x + 0.3);
    }
    assert_ok(bn_harmonics_transform(h, &f, &c));
    for (double x = 0.0; x <= 2.0; x += 1.0 / 512.0) {
        bn_harmonics_at(h, &x, count, row.data);
        worst = fmax(worst, fabs(bn_dot(count, row.data, c.data) - sin(3.0 * x + 0.3)));
    }
    bn_mat_free(&row);
    bn_mat_free(&c);
    bn_mat_free(&f);
    bn_harmonics_free(h);
    return worst;
}

static void between_walls_six_points_interpolate(void **state)
{
    (void)state;
    const double coarse = worst_between(32), fine = worst_between(64);

    assert_true(coarse < 1e-4);
    assert_close(log2(coarse / fine), 6.0, 0.0, 0.5);
}

/* A band-limited function on a closed manifold is exact everywhere: the sum of harmonics
 * on the sphere of cos gamma, l = 1, turned to any axis.                     */
static void addition_theorem_on_the_sphere(void **state)
{
    (void)state;
    const struct bn_manifold m = every_manifold[9];
    bn_harmonics *h = new_harmonics(&m);
    const double a[2] = { 0.7, -0.4 }, b[2] = { 3.9, 1.2 };
    double ra[100], rb[100];
    const double x = cos(bn_manifold_distance(&m, a, b));
    bn_harmonics_at(h, a, 100, ra);
    bn_harmonics_at(h, b, 100, rb);
    double before = 1.0, p = x;
    for (size_t l = 1; l < 10; l++) {    /* sum_m e_lm(a) e_lm(b) = (2 l + 1) P_l(cos) */
        assert_close(bn_dot(2 * l + 1, ra + l * l, rb + l * l), (double)(2 * l + 1) * p, 0.0,
                     1e-12);
        const double next = ((double)(2 * l + 1) * x * p - (double)l * before)
                          / (double)(l + 1);
        before = p;
        p = next;
    }
    bn_harmonics_free(h);
}

/* Value and gradient of a random function are those of its basis functions, and the Hessian
 * is what gradients change by along the tangents.                           */
static void local_expansions_agree_with_the_basis(void **state)
{
    (void)state;
    for (size_t i = 0; i < BN_LEN(every_manifold); i++) {
        const struct bn_manifold *m = &every_manifold[i];
        bn_harmonics *h = new_harmonics(m);
        const size_t all = bn_harmonics_count(h), dims = m->dimensions;
        const size_t r = bn_manifold_closed(m) ? all < 30 ? all : 30 : all;
        struct bn_mat k = random_mat(5, 1, all), values = new_mat(1, bn_manifold_points(m));
        struct bn_mat row = new_mat(1 + dims, r);
        double points[5 * BN_DIMENSIONS], f, g[3], hess[9], up, down, g2[3], unused[9];
        for (size_t j = 0; j < all; j++)
            k.data[j] = j < r ? k.data[j] / (1.0 + bn_harmonics_eigenvalue(h, j)) : 0.0;
        assert_ok(bn_harmonics_inverse(h, &k, &values));
        bn_manifold_spread(m, 5, points);
        for (size_t p = 0; p < 5; p++) {
            double c[BN_DIMENSIONS], to[BN_DIMENSIONS], scale = 1.0;
            for (size_t d = 0; d < dims; d++)
                c[d] = points[p * dims + d] + 0.0123 * m->size[d] / (double)m->count[d];
            bn_harmonics_local(h, k.data, r, values.data, c, &f, g, hess);
            bn_harmonics_at(h, c, r, row.data);
            bn_harmonics_gradient(h, c, r, row.data + r);
            assert_close(f, bn_dot(r, row.data, k.data), 0.0, 1e-12);
            for (size_t d = 0; d < dims; d++)
                assert_close(g[d], bn_dot(r, bn_mat_row(&row, 1 + d), k.data), 0.0, 1e-11);
            for (size_t d = 0; d < dims * dims; d++)
                scale = fmax(scale, fabs(hess[d]));
            for (size_t d = 0; d < dims; d++) {
                const double eps = 1e-4;
                double step[BN_DIMENSIONS] = { 0.0 };
                step[d] = eps;
                bn_manifold_move(m, c, step, to);
                bn_harmonics_local(h, k.data, r, values.data, to, &up, g2, unused);
                step[d] = -eps;
                bn_manifold_move(m, c, step, to);
                bn_harmonics_local(h, k.data, r, values.data, to, &down, g2, unused);
                assert_close(hess[d * dims + d], (up - 2.0 * f + down) / (eps * eps), 0.0,
                             2e-5 * scale);
                for (size_t e = 0; e < dims; e++)
                    assert_close(hess[d * dims + e], hess[e * dims + d], 0.0, 1e-12 * scale);
            }
        }
        bn_mat_free(&row);
        bn_mat_free(&values);
        bn_mat_free(&k);
        bn_harmonics_free(h);
    }
}

/* A bump about a place between the grid points has its top there: on closed manifolds
 * sum_k v_k e_k(place) e_k, a function of the distance alone; between walls a Gaussian of
 * w = three grid steps h.  Six points miss its height by 162 15/720 (h/w)^6 = 4.6e-3 per
 * side at most (beside a wall; 1e-4 within), its place by 5! 15/720 (h/w)^4 h = 0.031 h next
 * to a wall, where they stand on one side (the grid point alone: by h/2).   */
static void tops_are_found_between_grid_points(void **state)
{
    (void)state;
    for (size_t i = 0; i < BN_LEN(every_manifold); i++) {
        const struct bn_manifold *m = &every_manifold[i];
        bn_harmonics *h = new_harmonics(m);
        const size_t r = bn_harmonics_count(h), dims = m->dimensions;
        const size_t points = bn_manifold_points(m);
        struct bn_mat k = new_mat(1, r), values = new_mat(1, points);
        double places[20 * BN_DIMENSIONS], found[BN_DIMENSIONS], c[BN_DIMENSIONS];
        double step = 0.0;
        for (size_t d = 0; d < dims; d++)
            step = fmax(step, (m->size[d] + 2.0 * m->margin) / (double)m->count[d]);
        const double width = 3.0 * step;
        bn_manifold_spread(m, 20, places);
        for (size_t p = 0; p < 20; p++) {
            const double *place = places + p * dims;
            if (bn_manifold_closed(m)) {
                bn_harmonics_at(h, place, r, k.data);
                for (size_t j = 0; j < r; j++)
                    k.data[j] *= exp(-0.5 * width * width * bn_harmonics_eigenvalue(h, j));
                assert_ok(bn_harmonics_inverse(h, &k, &values));
            } else {
                for (size_t q = 0; q < points; q++) {
                    bn_manifold_point(m, q, c);
                    const double d = bn_manifold_distance(m, c, place) / width;
                    values.data[q] = exp(-0.5 * d * d);
                }
                assert_ok(bn_harmonics_transform(h, &values, &k));
            }
            for (int sign = -1; sign <= 1; sign += 2) {
                for (size_t q = 0; q < points && sign < 0; q++)
                    values.data[q] = -values.data[q];
                for (size_t q = 0; q < r && sign < 0; q++)
                    k.data[q] = -k.data[q];
                const double top = bn_harmonics_extremum(h, k.data, r, values.data, sign, found);
                for (size_t q = 0; q < points && sign < 0; q++)
                    values.data[q] = -values.data[q];
                for (size_t q = 0; q < r && sign < 0; q++)
                    k.data[q] = -k.data[q];
                assert_close(bn_manifold_distance(m, found, place), 0.0, 0.0,
                             bn_manifold_closed(m) ? 1e-9 : 0.031 * step * sqrt((double)dims));
                if (!bn_manifold_closed(m))
                    assert_close(top, sign, 4.6e-3 * (double)dims, 0.0);
            }
        }
        bn_mat_free(&values);
        bn_mat_free(&k);
        bn_harmonics_free(h);
    }
}

/* What rises towards a wall is largest on it, and in a corner. */
static void walls_hold_the_top(void **state)
{
    (void)state;
    const struct bn_manifold *m = &every_manifold[4];
    bn_harmonics *h = new_harmonics(m);
    const size_t r = bn_harmonics_count(h);
    struct bn_mat k = new_mat(1, r), values = new_mat(1, r);
    double c[2];

    for (int wall = 0; wall < 2; wall++) {
        for (size_t q = 0; q < r; q++) {
            bn_manifold_point(m, q, c);
            values.data[q] = wall == 0 ? c[0] - 0.7 * c[1]
                                       : c[0] - (c[1] - 0.8123) * (c[1] - 0.8123);
        }
        assert_ok(bn_harmonics_transform(h, &values, &k));
        const double top = bn_harmonics_extremum(h, k.data, r, values.data, 1, c);
        assert_close(top, 2.0, 1e-12, 0.0);
        assert_close(c[0], 2.0, 1e-12, 0.0);
        assert_close(c[1], wall == 0 ? 0.0 : 0.8123, 0.0, 1e-9);
    }
    bn_mat_free(&values);
    bn_mat_free(&k);
    bn_harmonics_free(h);
}

/* Out of memory at each allocation in turn: a status, and nothing leaks or is half made. */
static void memory_may_run_out_anywhere(void **state)
{
    (void)state;
    static const size_t kinds[] = { 4, 8, 9 };           /* box, hexagon, sphere */
    bn_threads_set(1);
    for (size_t i = 0; i < BN_LEN(kinds); i++) {
        const struct bn_manifold *m = &every_manifold[kinds[i]];
        const size_t points = bn_manifold_points(m);
        struct bn_mat values = random_mat(1, 3, points), c = new_mat(3, 20);
        bn_status rc = BN_NOMEM;
        for (long n = 0; rc != BN_OK; n++) {
            bn_harmonics *h = NULL;
            assert_true(n < 500);
            bn_alloc_fail_after(n);
            rc = bn_harmonics_new(&h, m);
            if (rc == BN_OK)
                rc = bn_harmonics_transform(h, &values, &c);
            if (rc == BN_OK)
                rc = bn_harmonics_inverse(h, &c, &values);
            bn_alloc_fail_after(-1);
            assert_true(rc == BN_OK || rc == BN_NOMEM);
            bn_harmonics_free(h);
        }
        bn_mat_free(&c);
        bn_mat_free(&values);
    }
    bn_threads_set(0);
}

static void what_does_not_fit_is_refused(void **state)
{
    (void)state;
    bn_harmonics *h;
    struct bn_manifold m = every_manifold[8];
    m.count[1] = 14;
    assert_fails(bn_harmonics_new(&h, &m), BN_USAGE);
    assert_null(h);
    h = new_harmonics(&every_manifold[8]);
    struct bn_mat values = new_mat(2, 225), c = new_mat(2, 226);
    assert_fails(bn_harmonics_transform(h, &values, &c), BN_INPUT);
    assert_says(bn_error(), "2 x 226 coefficients on a hexagon of 225 points");
    bn_mat_free(&c);
    bn_mat_free(&values);
    bn_harmonics_free(h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bases_are_orthonormal),
        cmocka_unit_test(functions_anywhere_are_those_of_the_grid),
        cmocka_unit_test(transforms_invert_each_other),
        cmocka_unit_test(rows_do_not_see_each_other),
        cmocka_unit_test(the_ring_is_fourier_bit_for_bit),
        cmocka_unit_test(gradients_are_differences_along_tangents),
        cmocka_unit_test(eigenvalues_are_mean_squares_of_gradients),
        cmocka_unit_test(shells_have_their_multiplicities),
        cmocka_unit_test(between_walls_six_points_interpolate),
        cmocka_unit_test(addition_theorem_on_the_sphere),
        cmocka_unit_test(local_expansions_agree_with_the_basis),
        cmocka_unit_test(tops_are_found_between_grid_points),
        cmocka_unit_test(walls_hold_the_top),
        cmocka_unit_test(memory_may_run_out_anywhere),
        cmocka_unit_test(what_does_not_fit_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
