/* SPDX-License-Identifier: MIT
 * homology: complexes done by hand, reduction of the whole boundary matrix, and clouds on
 * manifolds whose Betti numbers are known.                                  */
#include "test.h"

#include <basin/homology.h>
#include <basin/mem.h>
#include <basin/rng.h>
#include <basin/tile.h>

#include <stdlib.h>

static const double PI = 3.14159265358979323846;

static struct bn_rng stream(uint64_t seed)
{
    return (struct bn_rng){ .seed = seed, .stream = bn_rng_stream("test_homology") };
}

static struct bn_mat room(size_t rows, size_t cols)
{
    struct bn_mat m;
    assert_ok(bn_mat_alloc(&m, rows, cols));
    return m;
}

static struct bn_mat distances(const struct bn_mat *x)
{
    struct bn_mat d = room(x->rows, x->rows);
    for (size_t i = 0; i < x->rows; i++)
        for (size_t j = 0; j < i; j++) {
            double s = 0.0;
            for (size_t k = 0; k < x->cols; k++) {
                const double a = *bn_mat_at(x, i, k) - *bn_mat_at(x, j, k);
                s += a * a;
            }
            *bn_mat_at(&d, i, j) = *bn_mat_at(&d, j, i) = sqrt(s);
        }
    return d;
}

static struct bn_homology bars_of(const struct bn_mat *x, int top)
{
    struct bn_mat d = distances(x);
    struct bn_homology h;
    assert_ok(bn_homology(&d, top, INFINITY, 0, &h));
    bn_mat_free(&d);
    return h;
}

/* Max-min landmarks, so that few points cover much: [count, cols]. */
static struct bn_mat landmarks(const struct bn_mat *x, size_t count)
{
    struct bn_mat l = room(count, x->cols);
    double *near = bn_alloc(x->rows, sizeof *near);
    size_t next = 0;
    for (size_t i = 0; i < x->rows; i++)
        near[i] = INFINITY;
    for (size_t k = 0; k < count; k++) {
        memcpy(bn_mat_row(&l, k), bn_mat_row(x, next), x->cols * sizeof(double));
        for (size_t i = 0; i < x->rows; i++) {
            double s = 0.0;
            for (size_t j = 0; j < x->cols; j++) {
                const double a = *bn_mat_at(x, i, j) - *bn_mat_at(&l, k, j);
                s += a * a;
            }
            near[i] = fmin(near[i], s);
        }
        for (size_t i = next = 0; i < x->rows; i++)
            next = near[i] > near[next] ? i : next;
    }
    free(near);
    return l;
}

/* --- by hand ----------------------------------------------------------------------------- */

static void few_points(void **state)
{
    (void)state;
    struct bn_mat one = room(1, 1), same = room(3, 2), square = room(4, 2);
    struct bn_homology h = bars_of(&one, 2);
    assert_int_equal(h.count[0], 1);
    assert_true(isinf(h.bar[0][0].death) && h.count[1] == 0 && h.count[2] == 0);
    bn_homology_free(&h);
    h = bars_of(&same, 2);                           /* three times the same point */
    assert_int_equal(h.count[0], 1);
    bn_homology_free(&h);
    const double corner[] = { 0, 0, 1, 0, 1, 1, 0, 1 };
    memcpy(square.data, corner, sizeof corner);
    h = bars_of(&square, 2);
    assert_int_equal(h.count[0], 4);
    assert_int_equal(h.count[1], 1);
    assert_int_equal(h.count[2], 0);
    assert_true(isinf(h.bar[0][0].death) && h.bar[0][3].death == 1.0);
    assert_true(h.bar[1][0].birth == 1.0 && h.bar[1][0].death == sqrt(2.0));
    assert_true(h.radius == sqrt(2.0));
    bn_homology_free(&h);
    bn_mat_free(&one), bn_mat_free(&same), bn_mat_free(&square);
}

/* Six points, +-a on each axis.  Loop x y closes at hypot(1, 1.1); the ends of z, joined to
 * both ends of x, make two more at hypot(1, 1.2); at hypot(1.1, 1.2) all faces of an
 * octahedron are there and its inside is a cavity until the ends of x meet at 2.  */
static void octahedron(void **state)
{
    (void)state;
    const double axis[3] = { 1.0, 1.1, 1.2 };
    struct bn_mat x = room(6, 3);
    for (size_t k = 0; k < 6; k++)
        *bn_mat_at(&x, k, k / 2) = k % 2 ? axis[k / 2] : -axis[k / 2];
    struct bn_homology h = bars_of(&x, 2);
    assert_int_equal(h.count[2], 1);
    assert_close(h.bar[2][0].birth, hypot(1.1, 1.2), 1e-15, 0);
    assert_close(h.bar[2][0].death, 2.0, 1e-15, 0);
    assert_int_equal(h.count[1], 3);
    for (size_t k = 0; k < 3; k++) {
        assert_close(h.bar[1][k].birth, hypot(1.0, k == 0 ? 1.1 : 1.2), 1e-15, 0);
        assert_close(h.bar[1][k].death, hypot(1.1, 1.2), 1e-15, 0);
    }
    bn_homology_free(&h);
    bn_mat_free(&x);
}

/* --- against the whole matrix ------------------------------------------------------------ */

enum { FEW = 11, FACES = 1 << FEW };

struct face {
    unsigned set;                        /* bits of its vertices */
    int d;
    double diameter;
};

static int by_filtration(const void *a, const void *b)
{
    const struct face *x = a, *y = b;
    if (x->diameter != y->diameter)
        return x->diameter < y->diameter ? -1 : 1;
    if (x->d != y->d)
        return x->d - y->d;
    return (x->set > y->set) - (x->set < y->set);
}

/* All faces of dimensions up to 3 with a diameter up to the radius. */
static size_t all_faces(const struct bn_mat *m, double radius, struct face *face)
{
    size_t n = 0;
    for (unsigned set = 1; set < 1u << m->rows; set++) {
        struct face f = { set, -1, 0.0 };
        for (size_t i = 0; i < m->rows; i++) {
            f.d += (set >> i & 1) != 0;
            for (size_t j = 0; j < i; j++)
                if ((set >> i & 1) && (set >> j & 1))
                    f.diameter = fmax(f.diameter, *bn_mat_at(m, i, j));
        }
        if (f.d <= 3 && f.diameter <= radius)
            face[n++] = f;
    }
    qsort(face, n, sizeof *face, by_filtration);
    return n;
}

/* Standard reduction of the boundary matrix, columns as bytes; low[j]: lowest one, or -1. */
static void reduce_boundary(const struct face *face, size_t n, unsigned char *column, int *low)
{
    for (size_t j = 0; j < n; j++) {
        unsigned char *c = column + j * n;
        low[j] = -1;
        for (size_t i = 0; i < n; i++) {
            c[i] = face[i].d == face[j].d - 1 && (face[i].set & ~face[j].set) == 0;
            low[j] = c[i] ? (int)i : low[j];
        }
        for (size_t k = 0; low[j] >= 0 && k < j; k++) {
            if (low[k] != low[j])
                continue;
            low[j] = -1;
            for (size_t i = 0; i < n; i++) {
                c[i] ^= column[k * n + i];
                low[j] = c[i] ? (int)i : low[j];
            }
            k = (size_t)-1;
        }
    }
}

static int by_bar(const void *a, const void *b)
{
    const struct bn_bar *x = a, *y = b;
    if (x->birth != y->birth)
        return x->birth < y->birth ? -1 : 1;
    return (x->death > y->death) - (x->death < y->death);
}

static void check_against_matrix(const struct bn_mat *m, double radius)
{
    struct face *face = bn_alloc(FACES, sizeof *face);
    const size_t n = all_faces(m, radius, face);
    unsigned char *column = bn_alloc(n * n, 1), *dies = bn_alloc(n, 1);
    int *low = bn_alloc(n, sizeof *low);
    struct bn_bar *want = bn_alloc(n, sizeof *want);
    struct bn_homology h;

    reduce_boundary(face, n, column, low);
    assert_ok(bn_homology(m, 2, radius, 0, &h));
    for (size_t j = 0; j < n; j++)
        if (low[j] >= 0)
            dies[low[j]] = 1;
    for (int d = 0; d <= 2; d++) {
        size_t count = 0;
        for (size_t j = 0; j < n; j++) {
            if (low[j] >= 0 && face[low[j]].d == d && face[j].diameter > face[low[j]].diameter)
                want[count++] = (struct bn_bar){ face[low[j]].diameter, face[j].diameter };
            if (low[j] < 0 && !dies[j] && face[j].d == d)
                want[count++] = (struct bn_bar){ face[j].diameter, INFINITY };
        }
        assert_int_equal(h.count[d], count);
        qsort(want, count, sizeof *want, by_bar);
        if (count > 0)
            qsort(h.bar[d], count, sizeof *want, by_bar);
        for (size_t k = 0; k < count; k++)
            assert_true(h.bar[d][k].birth == want[k].birth && h.bar[d][k].death == want[k].death);
    }
    bn_homology_free(&h);
    free(face), free(column), free(dies), free(low), free(want);
}

/* Clouds, and matrices that are no metric; distances rounded to few values make ties, which a
 * pairing that breaks them inconsistently gets wrong; radii below the enclosing one leave
 * bars that do not end.                                                       */
static void small_clouds(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 120; seed++) {
        const size_t n = 4 + seed % (FEW - 3);
        struct bn_mat x = room(n, 3), m = room(n, n);
        double u[FEW * FEW];
        bn_rng_normals(stream(seed), 0, 0, x.data, n * 3);
        bn_rng_uniforms(stream(seed), 1, 0, u, sizeof u / sizeof *u);
        struct bn_mat d = distances(&x);
        double enclosing = INFINITY;
        for (size_t i = 0; i < n; i++) {
            double far = 0.0;
            for (size_t j = 0; j < n; j++) {
                const double a = seed % 2 ? *bn_mat_at(&d, i, j)
                                          : u[(i > j ? i : j) * n + (i > j ? j : i)];
                *bn_mat_at(&m, i, j) = i == j ? 0.0 : seed % 3 == 0 ? ceil(6 * a) / 6
                                     : seed % 15 == 1 ? floor(2 * a) : a;
                far = fmax(far, *bn_mat_at(&m, i, j));
            }
            enclosing = fmin(enclosing, far);
        }
        check_against_matrix(&m, enclosing);
        check_against_matrix(&m, 0.6 * enclosing);
        bn_mat_free(&d), bn_mat_free(&x), bn_mat_free(&m);
    }
}

/* --- manifolds --------------------------------------------------------------------------- */

enum { CIRCLE, CIRCLES, TORUS, HEXAGON, SPHERE, BALL };

/* Points drawn uniformly; the embeddings of flat tori are isometric. */
static struct bn_mat cloud(int kind, size_t n, double noise)
{
    enum { D = 6 };
    struct bn_mat x = room(n, D);
    double u[2], g[D];
    for (size_t i = 0; i < n; i++) {
        double *p = bn_mat_row(&x, i);
        bn_rng_uniforms(stream(7), i, 0, u, 2);
        bn_rng_normals(stream(7), i, 2, g, D);
        const double a = 2 * PI * u[0], b = 2 * PI * u[1], z = 2 * u[1] - 1;
        for (int k = 0; kind == CIRCLE && k < 2; k++)
            p[k] = cos(a - k * PI / 2);
        for (int k = 0; kind == CIRCLES && k < 2; k++)
            p[k] = cos(a - k * PI / 2) + (k == 0 && i % 2 ? 5.0 : 0.0);
        for (int k = 0; kind == TORUS && k < 4; k++)
            p[k] = cos((k < 2 ? a : b) - k % 2 * PI / 2);
        for (int k = 0; kind == HEXAGON && k < 6; k++)
            p[k] = cos((k < 2 ? a : k < 4 ? b : a - b) - k % 2 * PI / 2);
        if (kind == SPHERE) {
            p[0] = sqrt(1 - z * z) * cos(a);
            p[1] = sqrt(1 - z * z) * sin(a);
            p[2] = z;
        }
        for (size_t k = 0; k < D; k++)
            p[k] += (kind == BALL && k < 3 ? 1.0 : noise) * g[k];
    }
    return x;
}

/* Bars longer than a fifth of the radius; components: two fifths, since landmarks are apart. */
static void check_betti(int kind, size_t n, double noise, int b0, int b1, int b2)
{
    struct bn_mat all = cloud(kind, 4000, noise), x = landmarks(&all, n);
    struct bn_homology h = bars_of(&x, 2);
    const int want[3] = { b0, b1, b2 };
    for (int d = 0; d <= 2; d++) {
        int count = 0;
        for (size_t k = 0; k < h.count[d]; k++)
            count += h.bar[d][k].death - h.bar[d][k].birth
                     > (d == 0 ? 0.4 : 0.2) * h.radius;
        if (count != want[d]) {
            for (size_t k = 0; k < h.count[d] && k < 5; k++)
                print_message("%g %g\n", h.bar[d][k].birth, h.bar[d][k].death);
            fail_msg("cloud %d: %d long bars of dimension %d, want %d", kind, count, d, want[d]);
        }
    }
    bn_homology_free(&h);
    bn_mat_free(&all), bn_mat_free(&x);
}

static void manifolds(void **state)
{
    (void)state;
    check_betti(CIRCLE, 60, 0.02, 1, 1, 0);
    check_betti(CIRCLES, 80, 0.02, 2, 2, 0);
    check_betti(TORUS, 200, 0.02, 1, 2, 1);
    check_betti(HEXAGON, 200, 0.02, 1, 2, 1);
    check_betti(SPHERE, 150, 0.02, 1, 0, 1);
    check_betti(BALL, 150, 0.0, 1, 0, 0);
}

/* A circle of circumference 1 with the geodesic distance: the loop lives until 1/3 (Adamaszek
 * & Adams 2017); chords of a circle of radius 1 end it at sqrt 3.  An implementation whose
 * scale is the radius of balls would give half of it.                       */
static void circles_end_at_a_third(void **state)
{
    (void)state;
    enum { N = 300 };
    struct bn_mat d = room(N, N);
    struct bn_homology h;
    for (size_t i = 0; i < N; i++)
        for (size_t j = 0; j < N; j++) {
            const size_t k = i > j ? i - j : j - i;
            *bn_mat_at(&d, i, j) = (double)(k < N - k ? k : N - k);
        }
    assert_ok(bn_homology(&d, 1, INFINITY, 0, &h));
    assert_int_equal(h.count[1], 1);
    assert_true(h.bar[1][0].birth == 1.0 && h.bar[1][0].death == N / 3.0);
    bn_homology_free(&h);
    bn_mat_free(&d);
}

/* --- failing ----------------------------------------------------------------------------- */

static void refusals(void **state)
{
    (void)state;
    struct bn_mat x = cloud(BALL, 60, 0.0), d = distances(&x), flat = { 6, 600, d.data };
    struct bn_homology h;
    assert_fails(bn_homology(&flat, 1, INFINITY, 0, &h), BN_INPUT);
    assert_fails(bn_homology(&d, 3, INFINITY, 0, &h), BN_USAGE);
    assert_fails(bn_homology(&d, 2, INFINITY, 40000, &h), BN_NOMEM);
    assert_says(bn_error(), "fewer points");
    *bn_mat_at(&d, 7, 3) += 1e-9;
    assert_fails(bn_homology(&d, 1, INFINITY, 0, &h), BN_INPUT);
    assert_says(bn_error(), "points 7 and 3");
    *bn_mat_at(&d, 7, 3) = *bn_mat_at(&d, 3, 7) = NAN;
    assert_fails(bn_homology(&d, 1, INFINITY, 0, &h), BN_INPUT);
    bn_homology_free(&h);
    bn_mat_free(&x), bn_mat_free(&d);
}

static void allocations(void **state)
{
    (void)state;
    struct bn_mat x = cloud(SPHERE, 30, 0.3), d = distances(&x);
    struct bn_homology h;
    bn_status rc = BN_NOMEM;
    bn_threads_set(1);                   /* failures are counted per allocation, in order */
    for (long k = 0; rc != BN_OK; k++) {
        bn_alloc_fail_after(k);
        rc = bn_homology(&d, 2, INFINITY, 0, &h);
        bn_alloc_fail_after(-1);
        assert_true(rc == BN_OK || rc == BN_NOMEM);
    }
    bn_threads_set(0);
    bn_homology_free(&h);
    bn_mat_free(&x), bn_mat_free(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(few_points),
        cmocka_unit_test(octahedron),
        cmocka_unit_test(small_clouds),
        cmocka_unit_test(manifolds),
        cmocka_unit_test(circles_end_at_a_third),
        cmocka_unit_test(refusals),
        cmocka_unit_test(allocations),
    };
    return cmocka_run_group_tests_name("homology", tests, NULL, NULL);
}
