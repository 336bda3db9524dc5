/* SPDX-License-Identifier: MIT */
#include <basin/manifold.h>
#include <basin/special.h>

#include <math.h>
#include <string.h>

#define PI        (0.5 * BN_TWO_PI)
#define HALF_SQRT3 0.86602540378443864676

/* The golden ratio's inverse and the two of its relative in one dimension more (the real
 * root of z^3 = z + 1): multiples of them fill a period most evenly.        */
#define GOLDEN    0.61803398874989484820
#define PLASTIC_1 0.75487766624669276005
#define PLASTIC_2 0.56984029099805326591

static const struct {
    const char *name;
    size_t least, most;                  /* D */
    bool periodic;
} kinds[] = {
    [BN_RING] = { "ring", 1, 1, true },       [BN_LINE] = { "line", 1, 1, false },
    [BN_INTERVAL] = { "interval", 1, 1, false }, [BN_BOX] = { "box", 2, 3, false },
    [BN_TORUS] = { "torus", 2, 2, true },     [BN_HEXAGON] = { "hexagon", 2, 2, true },
    [BN_SPHERE] = { "sphere", 2, 2, false },
};

const char *bn_manifold_name(enum bn_manifold_kind kind)
{
    return kinds[kind].name;
}

bn_status bn_manifold_parse(const char *name, enum bn_manifold_kind *kind)
{
    for (size_t k = 0; k < BN_LEN(kinds); k++)
        if (strcmp(name, kinds[k].name) == 0) {
            *kind = (enum bn_manifold_kind)k;
            return BN_OK;
        }
    return bn_fail(BN_USAGE, "no manifold \"%s\": there are ring, line, interval, box, torus, "
                   "hexagon and sphere", name);
}

struct bn_manifold bn_manifold_ring(size_t angles)
{
    return (struct bn_manifold){ .kind = BN_RING, .dimensions = 1, .count = { angles, 1, 1 },
                                 .size = { BN_TWO_PI } };
}

/* Sizes that the kind itself fixes. */
static bn_status check_fixed(const struct bn_manifold *m)
{
    const double want[2] = { BN_TWO_PI, PI };

    for (size_t d = 0; d < m->dimensions; d++)
        if ((m->kind == BN_RING || m->kind == BN_SPHERE)
            && fabs(m->size[d] - want[d]) > 1e-9)
            return bn_fail(BN_USAGE, "size %zu of a %s is %.10g, but it is %.10g by definition: "
                           "leave it out", d, kinds[m->kind].name, m->size[d], want[d]);
    if (m->kind == BN_HEXAGON && (m->size[0] != m->size[1] || m->count[0] != m->count[1]))
        return bn_fail(BN_USAGE, "a hexagon has one period and as many grid points along u as "
                       "along v: sizes are %g and %g, counts %zu and %zu", m->size[0],
                       m->size[1], m->count[0], m->count[1]);
    return BN_OK;
}

bn_status bn_manifold_check(const struct bn_manifold *m)
{
    if ((size_t)m->kind >= BN_LEN(kinds))
        return bn_fail(BN_USAGE, "manifold number %d: there are %zu", (int)m->kind,
                       BN_LEN(kinds));
    const char *name = kinds[m->kind].name;
    double points = 1.0;

    if (m->dimensions < kinds[m->kind].least || m->dimensions > kinds[m->kind].most)
        return bn_fail(BN_USAGE, "a %s in %zu dimensions: it has %zu%s", name, m->dimensions,
                       kinds[m->kind].least, m->kind == BN_BOX ? " or 3" : "");
    for (size_t d = 0; d < BN_DIMENSIONS; d++) {
        const bool used = d < m->dimensions;
        if (used ? m->count[d] < 3 : m->count[d] != 1)
            return bn_fail(BN_USAGE, "a %s with %zu grid points along coordinate %zu: it needs "
                           "%s", name, m->count[d], d, used ? "at least 3" : "1");
        if (used ? !(m->size[d] > 0.0 && isfinite(m->size[d])) : m->size[d] != 0.0)
            return bn_fail(BN_USAGE, "a %s of size %g along coordinate %zu: it must be %s", name,
                           m->size[d], d, used ? "positive" : "0");
        points *= (double)m->count[d];
    }
    if (points > 1e12)
        return bn_fail(BN_USAGE, "a %s with %g grid points: at most 1e12", name, points);
    if (m->kind == BN_LINE ? !(m->margin >= 0.0 && isfinite(m->margin)) : m->margin != 0.0)
        return bn_fail(BN_USAGE, "a %s with a margin of %g: it must be %s", name, m->margin,
                       m->kind == BN_LINE ? "0 or more" : "0; only a line goes on beyond its "
                       "ends");
    return check_fixed(m);
}

bool bn_manifold_periodic(const struct bn_manifold *m)
{
    return kinds[m->kind].periodic;
}

bool bn_manifold_closed(const struct bn_manifold *m)
{
    return kinds[m->kind].periodic || m->kind == BN_SPHERE;
}

size_t bn_manifold_points(const struct bn_manifold *m)
{
    return m->count[0] * m->count[1] * m->count[2];
}

double bn_manifold_extent(const struct bn_manifold *m)
{
    double extent = 1.0;

    if (m->kind == BN_SPHERE)
        return 2.0 * BN_TWO_PI;
    for (size_t d = 0; d < m->dimensions; d++)
        extent *= m->size[d];
    return m->kind == BN_HEXAGON ? extent * HALF_SQRT3 : extent;
}

/* --- grids ---------------------------------------------------------------------- */

static double coordinate(const struct bn_manifold *m, size_t axis, size_t k)
{
    const double count = (double)m->count[axis];
    double node, weight;

    if (m->kind == BN_SPHERE && axis == 1) {
        bn_gauss_legendre(m->count[1], k, &node, &weight);
        return asin(node);
    }
    if (bn_manifold_closed(m))
        return m->size[axis] * (double)k / count;
    return ((double)k + 0.5) * (m->size[axis] + 2.0 * m->margin) / count - m->margin;
}

void bn_manifold_point(const struct bn_manifold *m, size_t k, double *c)
{
    for (size_t d = m->dimensions; d-- > 0; k /= m->count[d])
        c[d] = coordinate(m, d, k % m->count[d]);
}

/* Coordinate d stays the same over `run` points, and all its values come round after
 * run count points.                                                         */
void bn_manifold_grid(const struct bn_manifold *m, double *points)
{
    const size_t total = bn_manifold_points(m), dims = m->dimensions;
    size_t run = 1;

    for (size_t d = dims; d-- > 0;) {
        const size_t count = m->count[d];
        for (size_t k = 0; k < count; k++) {
            const double x = coordinate(m, d, k);
            for (size_t at = k * run; at < total; at += run * count)
                for (size_t i = at; i < at + run; i++)
                    points[i * dims + d] = x;
        }
        run *= count;
    }
}

void bn_manifold_quadrature(const struct bn_manifold *m, double *w)
{
    const size_t total = bn_manifold_points(m), lats = m->count[1];
    double node, weight;

    if (m->kind != BN_SPHERE) {
        for (size_t k = 0; k < total; k++)
            w[k] = 1.0 / (double)total;
        return;
    }
    for (size_t k = 0; k < lats; k++) {
        bn_gauss_legendre(lats, k, &node, &weight);
        w[k] = 0.5 * weight / (double)m->count[0];
    }
    for (size_t k = lats; k < total; k++)
        w[k] = w[k - lats];
}

/* --- geometry ------------------------------------------------------------------- */

bool bn_manifold_inside(const struct bn_manifold *m, const double *c)
{
    if (bn_manifold_closed(m))
        return true;
    for (size_t d = 0; d < m->dimensions; d++)
        if (!(c[d] >= 0.0 && c[d] <= m->size[d]))
            return false;
    return true;
}

static double periodic(double x, double size)
{
    if (size == BN_TWO_PI)
        return bn_ring_wrap(x);
    const double w = x - size * floor(x / size);
    return w >= size ? 0.0 : fmax(w, 0.0);
}

/* Over a pole and down on the other side: the longitude turns by pi. */
static void wrap_sphere(double *c)
{
    double up = bn_ring_difference(c[1], 0.0);

    if (fabs(up) > 0.5 * PI) {
        up = copysign(PI, up) - up;
        c[0] += PI;
    }
    c[0] = bn_ring_wrap(c[0]);
    c[1] = up;
}

void bn_manifold_wrap(const struct bn_manifold *m, double *c)
{
    if (m->kind == BN_SPHERE) {
        wrap_sphere(c);
        return;
    }
    for (size_t d = 0; d < m->dimensions; d++) {
        if (bn_manifold_periodic(m))
            c[d] = periodic(c[d], m->size[d]);
        else if (c[d] > m->size[d] + m->margin)
            c[d] = m->size[d] + m->margin;
        else if (c[d] < -m->margin)
            c[d] = -m->margin;           /* nan stays */
    }
}

/* The shortest of d and its images: of a hexagonal lattice it is one of nine. */
static void shortest_hexagonal(double a, double *d)
{
    const double u = d[0] - a * round(d[0] / a), v = d[1] - a * round(d[1] / a);
    double best = INFINITY;

    for (int i = -1; i <= 1; i++)
        for (int j = -1; j <= 1; j++) {
            const double x = u + i * a + 0.5 * (v + j * a), y = HALF_SQRT3 * (v + j * a);
            if (x * x + y * y < best) {
                best = x * x + y * y;
                d[0] = x;
                d[1] = y;
            }
        }
}

/* Components of `to` along east and north of `from`; no cancellation near each other. */
static void displacement_sphere(const double *from, const double *to, double *d)
{
    const double turn = to[0] - from[0], s = sin(0.5 * turn);
    const double east = cos(to[1]) * sin(turn);
    const double north = sin(to[1] - from[1]) + 2.0 * cos(to[1]) * sin(from[1]) * s * s;
    const double along = cos(to[1] - from[1]) - 2.0 * cos(to[1]) * cos(from[1]) * s * s;
    const double side = hypot(east, north), angle = atan2(side, along);

    d[0] = side > 0.0 ? angle * east / side : 0.0;
    d[1] = side > 0.0 ? angle * north / side : angle;   /* the antipode: by north */
}

void bn_manifold_displacement(const struct bn_manifold *m, const double *from,
                              const double *to, double *d)
{
    if (m->kind == BN_SPHERE) {
        displacement_sphere(from, to, d);
        return;
    }
    for (size_t k = 0; k < m->dimensions; k++) {
        d[k] = to[k] - from[k];
        if (m->kind == BN_RING)
            d[k] = bn_ring_difference(to[k], from[k]);
        else if (m->kind == BN_TORUS)
            d[k] -= m->size[k] * round(d[k] / m->size[k]);
    }
    if (m->kind == BN_HEXAGON)
        shortest_hexagonal(m->size[0], d);
}

/* Haversines: the same both ways, and exact for neighbours and for antipodes. */
static double distance_sphere(const double *a, const double *b)
{
    const double s = sin(0.5 * (a[0] - b[0])), c = cos(0.5 * (a[0] - b[0]));
    const double down = sin(0.5 * (a[1] - b[1])), up = sin(0.5 * (a[1] + b[1]));
    const double flat = fmax(0.0, cos(a[1]) * cos(b[1]));

    return 2.0 * atan2(sqrt(down * down + flat * s * s), sqrt(up * up + flat * c * c));
}

double bn_manifold_distance(const struct bn_manifold *m, const double *a, const double *b)
{
    double d[BN_DIMENSIONS] = { 0.0 }, sum = 0.0;

    if (m->kind == BN_SPHERE)
        return distance_sphere(a, b);
    bn_manifold_displacement(m, a, b, d);
    if (m->dimensions == 1)
        return fabs(d[0]);
    for (size_t k = 0; k < m->dimensions; k++)
        sum += d[k] * d[k];
    return sqrt(sum);
}

static void move_sphere(const double *from, const double *d, double *to)
{
    const double angle = hypot(d[0], d[1]);
    const double scale = angle > 0.0 ? sin(angle) / angle : 1.0;
    const double flat = cos(from[1]), up = sin(from[1]), longitude = from[0];
    const double east = scale * d[0];
    const double out = cos(angle) * flat - scale * d[1] * up;
    const double z = cos(angle) * up + scale * d[1] * flat;
    const double side = hypot(out, east);

    to[0] = bn_ring_wrap(side > 0.0 ? longitude + atan2(east, out) : longitude);
    to[1] = atan2(z, side);
}

void bn_manifold_move(const struct bn_manifold *m, const double *from, const double *d,
                      double *to)
{
    if (m->kind == BN_SPHERE) {
        move_sphere(from, d, to);
        return;
    }
    if (m->kind == BN_HEXAGON) {
        const double v = d[1] / HALF_SQRT3, u = d[0] - 0.5 * v;
        to[0] = from[0] + u;
        to[1] = from[1] + v;
    } else {
        for (size_t k = 0; k < m->dimensions; k++)
            to[k] = from[k] + d[k];
    }
    bn_manifold_wrap(m, to);
}

void bn_manifold_spread(const struct bn_manifold *m, size_t count, double *points)
{
    static const double step[2][2] = { { GOLDEN, 0.0 }, { PLASTIC_1, PLASTIC_2 } };
    const size_t dims = m->dimensions;
    const double shift = bn_manifold_periodic(m) ? 0.0 : 0.5;

    for (size_t k = 0; k < count; k++) {
        double *c = points + k * dims;
        c[0] = ((double)k + shift) / (double)count;
        for (size_t d = 1; d < dims; d++) {
            const double turned = shift + (double)k * step[dims - 2][d - 1];
            c[d] = turned - floor(turned);
        }
        if (m->kind == BN_SPHERE) {      /* equal areas: the sine of latitude is even */
            const double sine = 2.0 * c[0] - 1.0;
            c[0] = BN_TWO_PI * c[1];
            c[1] = asin(sine);
            continue;
        }
        for (size_t d = 0; d < dims; d++)
            c[d] *= m->size[d];
    }
}
