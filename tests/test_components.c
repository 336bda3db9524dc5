/* SPDX-License-Identifier: MIT
 * Pieces and Euler characteristics: against a flood fill and a count of cells that know
 * nothing of runs, against sizes known in closed form, and of sets with known topology. */
#include "test.h"

#include <basin/components.h>
#include <basin/euler.h>
#include <basin/mem.h>
#include <basin/rng.h>

#include <stdlib.h>

enum { MOST = 4096 };

static struct bn_lattice lattice(size_t d, size_t a, size_t b, size_t c, bool periodic)
{
    struct bn_lattice g = { .dimensions = d, .count = { a, d > 1 ? b : 1, d > 2 ? c : 1 },
                            .step = { 0.5, 0.25, 2.0 }, .periodic = periodic, .cell = 1.0 };
    for (size_t k = 0; k < d; k++)
        g.cell *= g.step[k];
    return g;
}

/* --- a flood fill -------------------------------------------------------------------- */

static const char *const names[] = { "faces", "simplices", "full" };

/* Is a step d (in the lattice's coordinates) one between neighbours? */
static bool adjacent(const struct bn_lattice *g, enum bn_connectivity how, const int *d)
{
    int up = 0, down = 0;
    for (size_t k = 0; k < g->dimensions; k++) {
        up += d[k] > 0;
        down += d[k] < 0;
    }
    if (up + down == 0)
        return false;
    if (how == BN_FACES)
        return up + down == 1;
    if (how == BN_FULL || up + down == 1)
        return true;
    return g->hexagon ? up == 1 && down == 1 : up == 0 || down == 0;
}

static bool shifted(const struct bn_lattice *g, size_t point, const int *d, size_t *to)
{
    size_t at[3], out = 0;
    at[2] = point % g->count[2];
    at[1] = point / g->count[2] % g->count[1];
    at[0] = point / g->count[2] / g->count[1];
    for (size_t k = 0; k < 3; k++) {
        const int n = (int)g->count[k];
        int x = (int)at[k] + d[k];
        if (k < g->dimensions && g->periodic)
            x = (x + n) % n;
        if (x < 0 || x >= n)
            return false;
        out = out * g->count[k] + (size_t)x;
    }
    *to = out;
    return true;
}

/* Labels 1 .. of the pieces of inside, in the order of their first points. */
static size_t flood(const struct bn_lattice *g, enum bn_connectivity how, const bool *inside,
                    size_t *label)
{
    static size_t stack[MOST];
    const size_t points = bn_lattice_points(g);
    size_t pieces = 0;
    memset(label, 0, points * sizeof *label);
    for (size_t s = 0; s < points; s++) {
        size_t depth = 0, to;
        if (!inside[s] || label[s] != 0)
            continue;
        label[s] = ++pieces;
        stack[depth++] = s;
        while (depth > 0) {
            const size_t x = stack[--depth];
            for (int k = 0; k < 27; k++) {
                const int d[3] = { k / 9 - 1, k / 3 % 3 - 1, k % 3 - 1 };
                /* coordinates are the first D of three */
                if (adjacent(g, how, d) && shifted(g, x, d, &to) && inside[to]
                    && label[to] == 0) {
                    label[to] = pieces;
                    stack[depth++] = to;
                }
            }
        }
    }
    return pieces;
}

/* Cells one by one: a cell is its lowest corner and the steps to its other corners. */
static int cells(const struct bn_lattice *g, const bool *inside)
{
    int chi = 0;
    for (size_t s = 0; s < bn_lattice_points(g); s++)
        for (int set = 0; set < 1 << g->dimensions; set++) {
            int all = 1, size = 0;
            for (int part = 0; part < 1 << g->dimensions; part++) {
                const int d[3] = { part & 1, part >> 1 & 1, part >> 2 & 1 };
                size_t to;
                if ((part & set) == part)
                    all = all && shifted(g, s, d, &to) && inside[to];
            }
            for (int k = 0; k < 3; k++)
                size += set >> k & 1;
            chi += all ? size % 2 == 0 ? 1 : -1 : 0;
        }
    return chi;
}

static const struct { size_t d, a, b, c; bool periodic, hexagon; } shapes[] = {
    { 1, 40, 1, 1, false, false }, { 1, 41, 1, 1, true, false }, { 1, 3, 1, 1, true, false },
    { 2, 13, 30, 1, false, false }, { 2, 30, 13, 1, true, false }, { 2, 3, 3, 1, true, false },
    { 2, 20, 20, 1, true, true }, { 3, 6, 7, 19, false, false }, { 3, 7, 6, 11, true, false },
    { 3, 3, 3, 3, true, false }, { 2, 2, 2, 1, false, false }, { 3, 2, 2, 2, false, false },
};

/* Random maps with as much structure as they can have, and smooth ones. */
static void draw(size_t points, uint64_t seed, double *h)
{
    const struct bn_rng rng = { .seed = seed, .stream = bn_rng_stream("components") };
    bn_rng_normals(rng, 0, 0, h, points);
    if (seed % 2 == 1)                   /* a few values only: plateaus */
        for (size_t k = 0; k < points; k++)
            h[k] = round(2.0 * h[k]) / 2.0;
    if (seed % 3 == 2)                   /* long runs */
        for (size_t k = 3; k < points; k++)
            h[k] = 0.9 * h[k - 1] + 0.4 * h[k];
}

static void pieces_are_those_of_a_flood_fill(void **state)
{
    (void)state;
    static const double level[] = { -2, -1, -0.5, 0, 0.3, 0.5, 1, 1.5, 2.5 };
    enum { L = BN_LEN(level) };
    static double h[MOST], count[L], chi[L];
    static uint8_t q[MOST];
    static bool inside[MOST];
    static size_t label[MOST];
    for (size_t s = 0; s < BN_LEN(shapes); s++)
        for (enum bn_connectivity how = BN_FACES; how <= BN_FULL; how++) {
            struct bn_lattice g = lattice(shapes[s].d, shapes[s].a, shapes[s].b, shapes[s].c,
                                          shapes[s].periodic);
            const size_t points = bn_lattice_points(&g);
            bn_components *c;
            g.hexagon = shapes[s].hexagon;
            assert_ok(bn_components_new(&c, &g, how));
            for (uint64_t seed = 0; seed < 12; seed++) {
                draw(points, seed, h);
                assert_ok(bn_lattice_levels(points, h, level, L, q));
                assert_ok(bn_components_count(c, q, L, count));
                if (how != BN_FULL)
                    assert_ok(bn_euler(&g, how, q, L, chi));
                for (size_t l = 0; l < L; l++) {
                    for (size_t k = 0; k < points; k++)
                        inside[k] = h[k] >= level[l];
                    const size_t want = flood(&g, how, inside, label);
                    if ((size_t)count[l] != want)
                        fail_msg("shape %zu, %s, seed %d, level %g: %g pieces, want %zu", s,
                                 names[how], (int)seed, level[l], count[l], want);
                    if (how == BN_FACES && chi[l] != cells(&g, inside))
                        fail_msg("shape %zu, seed %d, level %g: chi %g, want %d", s, (int)seed,
                                 level[l], chi[l], cells(&g, inside));
                }
            }
            bn_components_free(c);
        }
}

/* Every point in the right piece, in the right order, for fields and for gaps. */
static void labels_are_those_of_a_flood_fill(void **state)
{
    (void)state;
    static double h[MOST];
    static bool inside[MOST];
    static size_t label[MOST];
    for (size_t s = 0; s < BN_LEN(shapes); s++)
        for (size_t k = 0; k < 3 * 2 * 6; k++) {
            const enum bn_connectivity how = (enum bn_connectivity)(k % 3);
            const enum bn_side side = (enum bn_side)(k / 3 % 2);
            struct bn_lattice g = lattice(shapes[s].d, shapes[s].a, shapes[s].b, shapes[s].c,
                                          shapes[s].periodic);
            const size_t points = bn_lattice_points(&g);
            const struct bn_piece *piece;
            size_t n, in = 0;
            bn_components *c;
            g.hexagon = shapes[s].hexagon;
            assert_ok(bn_components_new(&c, &g, how));
            draw(points, 100 + k / 6, h);
            for (size_t x = 0; x < points; x++)
                inside[x] = (h[x] > 0.0) == (side == BN_FIELDS);
            assert_ok(bn_components_find(c, h, side, &piece, &n));
            assert_int_equal(n, flood(&g, how, inside, label));
            for (size_t x = 0; x < points; x++)
                if (inside[x]) {
                    assert_int_equal(bn_components_label(c)[x] + 1, label[x]);
                    in++;
                }
            for (size_t p = 0; p < n; p++) {
                assert_true(piece[p].peak == (side == BN_FIELDS ? 1 : -1) * h[piece[p].top]);
                assert_true(piece[p].peaks >= 1 && piece[p].peaks <= piece[p].points);
                in -= piece[p].points;
            }
            assert_int_equal(in, 0);
            bn_components_free(c);
        }
}

/* In the plane chi is pieces minus holes, and a hole is a piece of the rest that does not
 * reach the border.  With the same neighbours on both sides only the triangulation's are
 * right: 4 with 4, or 8 with 8, fails.                                            */
static void euler_is_pieces_minus_holes(void **state)
{
    (void)state;
    enum { A = 24, B = 31 };
    const struct bn_lattice g = lattice(2, A, B, 1, false);
    static const double zero = 0.0;
    static double h[A * B], chi;
    static uint8_t q[A * B];
    static bool in[A * B], out[A * B];
    static size_t label[A * B];
    for (uint64_t seed = 0; seed < 20; seed++)
        for (enum bn_connectivity how = BN_FACES; how <= BN_SIMPLICES; how++) {
            bool border[A * B + 1] = { false };
            int want;
            draw(A * B, 3 * seed + 2, h);
            assert_ok(bn_lattice_levels(A * B, h, &zero, 1, q));
            assert_ok(bn_euler(&g, how, q, 1, &chi));
            for (size_t k = 0; k < A * B; k++)
                out[k] = !(in[k] = h[k] >= 0.0);
            want = (int)flood(&g, how, in, label);
            const size_t rest = flood(&g, how == BN_FACES ? BN_FULL : how, out, label);
            for (size_t k = 0; k < A * B; k++)
                if (k < B || k >= (A - 1) * B || k % B == 0 || k % B == B - 1)
                    border[label[k]] = true;
            for (size_t k = 1; k <= rest; k++)
                want -= !border[k];
            assert_int_equal((int)chi, want);
        }
}

/* --- sizes --------------------------------------------------------------------------- */

/* Fields and gaps fill the domain, whatever the map. */
static void sizes_sum_to_the_domain(void **state)
{
    (void)state;
    static double h[MOST];
    for (size_t s = 0; s < BN_LEN(shapes); s++)
        for (uint64_t seed = 0; seed < 6; seed++) {
            struct bn_lattice g = lattice(shapes[s].d, shapes[s].a, shapes[s].b, shapes[s].c,
                                          shapes[s].periodic);
            const struct bn_piece *piece;
            double sum = 0.0;
            size_t n;
            bn_components *c;
            g.hexagon = shapes[s].hexagon;
            assert_ok(bn_components_new(&c, &g, BN_SIMPLICES));
            draw(bn_lattice_points(&g), seed, h);
            for (enum bn_side side = BN_FIELDS; side <= BN_GAPS; side++) {
                assert_ok(bn_components_find(c, h, side, &piece, &n));
                for (size_t k = 0; k < n; k++) {
                    sum += piece[k].size;
                    if (g.dimensions == 1)
                        assert_close(piece[k].high - piece[k].low, piece[k].size, 1e-12, 1e-12);
                }
            }
            assert_close(sum, bn_lattice_extent(&g), 1e-12, 0);
            bn_components_free(c);
        }
}

static struct bn_piece only_piece(const struct bn_lattice *g, const double *h)
{
    const struct bn_piece *piece;
    struct bn_piece one;
    size_t n;
    bn_components *c;
    assert_ok(bn_components_new(&c, g, BN_SIMPLICES));
    assert_ok(bn_components_find(c, h, BN_FIELDS, &piece, &n));
    assert_int_equal(n, 1);
    one = piece[0];
    bn_components_free(c);
    return one;
}

/* {|x| + |y| (+ |z|) < r} with the planes of the axes on grid planes is exact: 2 r, 2 r^2,
 * 4/3 r^3, also with a radius between grid points; counting points would be off by a step. */
static void sizes_of_cross_polytopes(void **state)
{
    (void)state;
    enum { M = 15 };
    static double h[M * M * M];
    for (size_t d = 1; d <= 3; d++)
        for (double r = 0.71; r < 6.5; r += 0.37) {
            struct bn_lattice g = lattice(d, M, M, M, false);
            g.step[0] = g.step[1] = g.step[2] = g.cell = 1.0;
            for (size_t k = 0; k < bn_lattice_points(&g); k++) {
                const double x = (double)(k % M) - 7, y = d > 1 ? (double)(k / M % M) - 7 : 0;
                const double z = d > 2 ? (double)(k / M / M) - 7 : 0;
                h[k] = r - fabs(x) - fabs(y) - fabs(z);
            }
            const struct bn_piece p = only_piece(&g, h);
            const double want = d == 1 ? 2 * r : d == 2 ? 2 * r * r : 4.0 / 3.0 * r * r * r;
            assert_close(p.size, want, 1e-12, 0);
            assert_int_equal(p.peaks, 1);
            assert_close(p.peak, r, 1e-15, 0);
            assert_true(!p.wall);
        }
}

/* Corners cut off a cube by a slanted plane, x + y + z < s: s^3/6 up to 1, then less three
 * smaller corners.  All ways in which a plane can meet a tetrahedron occur.        */
static void sizes_of_cut_cubes(void **state)
{
    (void)state;
    static const double tilt[][3] = { { 1, 1, 1 }, { -1, 1, 1 }, { 1, -1, 1 }, { 1, 1, -1 } };
    double h[4 * 4 * 4];
    struct bn_lattice g = lattice(3, 4, 4, 4, false);
    g.step[0] = g.step[1] = g.step[2] = 1.0 / 3.0;
    g.cell = 1.0 / 27.0;
    for (size_t t = 0; t < BN_LEN(tilt); t++)
        for (double s = 0.05; s < 3.0; s += 0.0917) {
            for (size_t k = 0; k < 64; k++) {
                const size_t at[3] = { k / 16, k / 4 % 4, k % 4 };
                h[k] = s;
                for (size_t j = 0; j < 3; j++) {
                    const double x = (double)at[j] / 3.0;
                    h[k] -= tilt[t][j] > 0 ? x : 1.0 - x;
                }
            }
            const double a = fmax(s - 1, 0), b = fmax(s - 2, 0);
            const struct bn_piece p = only_piece(&g, h);
            assert_close(p.size, (s * s * s - 3 * a * a * a + 3 * b * b * b) / 6, 1e-12, 0);
            assert_true(p.wall);
        }
}

/* A disc as {1 - x^2 - y^2 > 0}: the chord of a circle of curvature k in a segment of length
 * l loses k l^3/12, so that the area is short by about step^2/12 x perimeter x a number near
 * 1; the lattice with cells along diagonals has segments up to sqrt 2 steps: twice that.  */
static void area_of_a_disc(void **state)
{
    (void)state;
    enum { M = 240 };
    static double h[M * M];
    struct bn_lattice g = lattice(2, M, M, 1, false);
    const double step = g.step[0] = g.step[1] = 2.4 / M;
    g.cell = step * step;
    for (size_t k = 0; k < M * M; k++) {
        const double x = step * ((double)(k % M) - 118.77), y = step * ((double)(k / M) - 121.3);
        h[k] = 1.0 - x * x - y * y;
    }
    const struct bn_piece p = only_piece(&g, h);
    assert_true(p.size < 3.14159265358979);
    assert_close(p.size, 3.14159265358979, 0, 2.0 * 6.2831853 * step * step / 6.0);
    assert_int_equal(p.peaks, 1);
}

/* Three intervals on a line, one across the end of a ring. */
static void edges_of_intervals(void **state)
{
    (void)state;
    const double h[12] = { 1, -1, -3, 1, 2, 1, -1, -1, -1, -1, -2, 2 };
    const struct bn_piece *p;
    size_t n;
    for (int periodic = 0; periodic < 2; periodic++) {
        const struct bn_lattice g = lattice(1, 12, 1, 1, periodic);      /* step 0.5 */
        bn_components *c;
        double slope[12];
        assert_ok(bn_components_new(&c, &g, BN_SIMPLICES));
        assert_ok(bn_components_find(c, h, BN_FIELDS, &p, &n));
        assert_int_equal(n, periodic ? 2 : 3);
        assert_close(p[0].high, periodic ? 6.25 : 0.25, 1e-15, 0);
        assert_close(p[0].low, periodic ? 5.25 : 0.0, 1e-15, 0);
        assert_close(p[0].size, periodic ? 1.0 : 0.25, 1e-15, 0);
        assert_close(p[1].low, 1.375, 1e-15, 0);
        assert_close(p[1].high, 2.75, 1e-15, 0);
        assert_int_equal(p[0].wall, !periodic);
        assert_false(p[1].wall);
        /* 1 > -1, -3 < 1, 1 > -1, -2 < 2 */
        assert_int_equal(bn_lattice_crossings(&g, h, 0, slope), 4);
        assert_close(slope[0] + slope[1] + slope[2] + slope[3], 2 * (2 + 4 + 2 + 4), 1e-15, 0);
        assert_ok(bn_components_find(c, h, BN_GAPS, &p, &n));
        assert_int_equal(n, 2);
        assert_false(p[0].wall || p[1].wall);
        assert_close(p[0].size, 1.125, 1e-15, 0);
        bn_components_free(c);
    }
}

/* --- known topology ------------------------------------------------------------------ */

/* chi of {f > 0} in a cube of 25 points a side (square if flat), by both constructions. */
static void has_euler(double (*f)(double, double, double), size_t d, double want)
{
    enum { M = 25 };
    static double h[M * M * M];
    static uint8_t q[M * M * M];
    static const double zero = 0.0;
    const struct bn_lattice g = lattice(d, M, M, M, false);
    double chi;
    for (size_t k = 0; k < bn_lattice_points(&g); k++)
        h[k] = f((double)(k % M) / 12 - 1, (double)(k / M % M) / 12 - 1,
                 d > 2 ? (double)(k / M / M) / 12 - 1 : 0.0);
    assert_ok(bn_lattice_levels(bn_lattice_points(&g), h, &zero, 1, q));
    for (enum bn_connectivity how = BN_FACES; how <= BN_SIMPLICES; how++) {
        assert_ok(bn_euler(&g, how, q, 1, &chi));
        assert_close(chi, want, 0, 0);
    }
    assert_fails(bn_euler(&g, BN_FULL, q, 1, &chi), BN_USAGE);
}

static double ball(double x, double y, double z) { return 0.7 - sqrt(x * x + y * y + z * z); }
static double shell(double x, double y, double z) { return 0.3 - fabs(ball(x, y, z)); }
static double two(double x, double y, double z)
{
    return fmax(ball(x - 0.5, y, z), ball(x + 0.5, y, z)) - 0.35;
}
static double ring(double x, double y, double z)
{
    return 0.25 - hypot(hypot(x, y) - 0.6, z);
}
static double all(double x, double y, double z) { return 1.0 + 0.0 * (x + y + z); }

static void euler_of_known_sets(void **state)
{
    (void)state;
    has_euler(ball, 2, 1);
    has_euler(shell, 2, 0);
    has_euler(two, 2, 2);
    has_euler(all, 2, 1);
    has_euler(ball, 3, 1);
    has_euler(shell, 3, 2);
    has_euler(two, 3, 2);
    has_euler(ring, 3, 0);
    has_euler(all, 3, 1);
}

/* A ring, a torus (square or hexagonal) and a 3-torus have 0; without one point the disc's
 * boundary is left: chi falls by the 1 of the hole.                               */
static void euler_of_closed_manifolds(void **state)
{
    (void)state;
    static const double zero = 0.0;
    double h[12 * 12 * 12], chi;
    uint8_t q[12 * 12 * 12];
    for (size_t d = 1; d <= 4; d++)
        for (int hole = 0; hole < 2; hole++)
            for (enum bn_connectivity how = BN_FACES; how <= BN_SIMPLICES; how++) {
                struct bn_lattice g = lattice(d == 4 ? 2 : d, 12, 12, 12, true);
                g.hexagon = d == 4;
                for (size_t k = 0; k < bn_lattice_points(&g); k++)
                    h[k] = hole && k == 7 ? -1 : 1;
                assert_ok(bn_lattice_levels(bn_lattice_points(&g), h, &zero, 1, q));
                assert_ok(bn_euler(&g, how, q, 1, &chi));
                assert_close(chi, hole == 0 ? 0 : d % 2 == 1 ? 1 : -1, 0, 0);
            }
}

/* --- levels and refusals ------------------------------------------------------------- */

static void levels_are_counted(void **state)
{
    (void)state;
    static double h[MOST];
    static uint8_t q[MOST];
    double level[255];
    for (size_t n = 1; n <= 255; n += 23) {
        for (size_t k = 0; k < n; k++)   /* uneven, one of them zero */
            level[k] = pow((double)k / 40.0 - 1.0, 3);
        draw(MOST, n, h);
        h[17] = level[n - 1], h[18] = level[0], h[19] = 1e300, h[20] = -1e300;
        h[21] = nextafter(level[n / 2], -9), h[22] = level[n / 2];
        assert_ok(bn_lattice_levels(MOST, h, level, n, q));
        for (size_t k = 0; k < MOST; k++) {
            size_t want = 0;
            for (size_t l = 0; l < n; l++)
                want += level[l] <= h[k];
            assert_int_equal(q[k], want);
        }
    }
    level[1] = level[0];
    assert_fails(bn_lattice_levels(MOST, h, level, 2, q), BN_USAGE);
    assert_fails(bn_lattice_levels(MOST, h, level, 0, q), BN_USAGE);
    assert_fails(bn_lattice_levels(MOST, h, level, 256, q), BN_USAGE);
}

static void lattices_of_manifolds(void **state)
{
    (void)state;
    struct bn_lattice g;
    const struct bn_manifold box = { BN_BOX, 2, { 20, 30, 1 }, { 4.0, 3.0, 0 }, 0 };
    const struct bn_manifold hexagon = { BN_HEXAGON, 2, { 20, 20, 1 }, { 2.0, 2.0, 0 }, 0 };
    const struct bn_manifold sphere = { BN_SPHERE, 2, { 20, 20, 1 }, { 0 }, 0 };
    const struct bn_manifold point = { BN_INTERVAL, 1, { 1, 1, 1 }, { 1.0 }, 0 };
    assert_ok(bn_lattice_of(&box, &g));
    assert_close(bn_lattice_extent(&g), 3.8 * 2.9, 1e-14, 0);
    assert_close(bn_lattice_side(&g, 0), 3.8, 1e-14, 0);
    assert_ok(bn_lattice_of(&hexagon, &g));
    assert_close(bn_lattice_extent(&g), 4.0 * sqrt(0.75), 1e-14, 0);
    assert_fails(bn_lattice_of(&sphere, &g), BN_USAGE);
    assert_fails(bn_lattice_of(&point, &g), BN_USAGE);
}

/* Every allocation may fail. */
static void out_of_memory(void **state)
{
    (void)state;
    const struct bn_lattice g = lattice(2, 40, 40, 1, false);
    double h[1600];
    bn_status s = BN_NOMEM;
    draw(1600, 4, h);
    for (long n = 0; s != BN_OK; n++) {
        const struct bn_piece *p;
        size_t count;
        bn_components *c;
        bn_alloc_fail_after(n);
        s = bn_components_new(&c, &g, BN_SIMPLICES);
        if (s == BN_OK)
            s = bn_components_find(c, h, BN_FIELDS, &p, &count);
        bn_alloc_fail_after(-1);
        bn_components_free(c);
        assert_true(s == BN_OK || s == BN_NOMEM);
        assert_true(n < 50);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pieces_are_those_of_a_flood_fill),
        cmocka_unit_test(labels_are_those_of_a_flood_fill),
        cmocka_unit_test(euler_is_pieces_minus_holes),
        cmocka_unit_test(sizes_sum_to_the_domain),
        cmocka_unit_test(sizes_of_cross_polytopes),
        cmocka_unit_test(sizes_of_cut_cubes),
        cmocka_unit_test(area_of_a_disc),
        cmocka_unit_test(edges_of_intervals),
        cmocka_unit_test(euler_of_known_sets),
        cmocka_unit_test(euler_of_closed_manifolds),
        cmocka_unit_test(levels_are_counted),
        cmocka_unit_test(lattices_of_manifolds),
        cmocka_unit_test(out_of_memory),
    };
    return cmocka_run_group_tests_name("components", tests, NULL, NULL);
}
