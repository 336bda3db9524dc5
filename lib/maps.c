/* SPDX-License-Identifier: MIT */
#include <basin/maps.h>
#include <basin/fourier.h>
#include <basin/mem.h>
#include <basin/tile.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A map is a sum of waves on a torus that the manifold lies on or is cut out of:
 *     h_m = Re or Im of sum_j sqrt(lambda_j / P) (z_j + i z'_j) e^(2 pi i jm/P),
 * where lambda is the Fourier transform of the kernel on that torus.  Waves are kept as long
 * as they carry variance, so few numbers are drawn for a smooth map, and the transform goes
 * along one coordinate after the other, of lines that are not all zero, for points that are
 * wanted.
 *
 * LANES: lines transformed side by side; TOGETHER: pairs of maps in one dimension that are
 * (one in more); PORTION: points of the torus per tile of work.               */
enum { LANES = 8, TOGETHER = 8, PORTION = 1 << 22 };

#define NEGLIGIBLE 2e-8      /* correlation across the padding; a Gaussian's at 6 lengths */
#define UNSEEN     1e-13     /* share of the variance that left out waves may carry */

struct axis {
    size_t count, torus, band;           /* points, with padding; waves */
    double step;
    bn_fourier_lines *plan;
};

/* The last coordinate is axis[2]; axes before the first have one point. */
struct sampler {
    const struct bn_manifold *m;
    const struct bn_kernel *k;
    struct axis axis[BN_DIMENSIONS];
    size_t first_axis, modes, together;  /* together: pairs that are transformed at once */
    double *sd;                          /* [modes] */
    struct bn_rng rng;
    uint64_t first, first_pair;          /* of row 0 */
    size_t pairs, per_tile;
    struct bn_mat *values;
};

/* --- the spectrum ------------------------------------------------------------------ */

static double length_along(const struct bn_kernel *k, const struct bn_manifold *m, size_t d)
{
    return k->length[m->kind == BN_HEXAGON || m->kind == BN_SPHERE ? 0 : d];
}

/* In lengths: from there on the correlation is negligible, but at least 6. */
static double padding(const struct bn_kernel *k, const struct bn_manifold *m)
{
    const double origin[BN_DIMENSIONS] = { 0.0 };
    double far[BN_DIMENSIONS] = { 0.0 }, q = 64.0;

    for (; q > 6.0; q -= 0.25) {
        far[0] = (q - 0.25) * k->length[0];
        if (fabs(bn_kernel_at(k, m, origin, far)) > NEGLIGIBLE)
            break;
    }
    return q;
}

static void lay_out(struct sampler *s)
{
    const size_t dims = s->m->dimensions;
    const bool closed = bn_manifold_closed(s->m);
    const double pad = closed ? 0.0 : padding(s->k, s->m);

    s->first_axis = BN_DIMENSIONS - dims;
    for (size_t d = 0; d < BN_DIMENSIONS; d++) {
        struct axis *a = &s->axis[d];
        *a = (struct axis){ 1, 1, 1, 0.0, NULL };
        if (d < s->first_axis)
            continue;
        const size_t c = d - s->first_axis;
        const double length = length_along(s->k, s->m, c);
        a->count = s->m->count[c];
        a->step = (s->m->size[c] + 2.0 * s->m->margin) / (double)a->count;
        a->torus = closed ? a->count
                          : bn_fourier_fast(a->count + (size_t)ceil(pad * length / a->step));
    }
}

/* The correlation of points that are i steps apart on the torus, with that of all images: a
 * sum over a lattice has no kink half way round, so it is positive definite whenever the
 * kernel is.                                                                    */
static double on_torus(const struct sampler *s, const size_t i[BN_DIMENSIONS])
{
    const double origin[BN_DIMENSIONS] = { 0.0 };
    double sum = 0.0;

    for (int a = 0; a < (s->first_axis > 0 ? 1 : 2); a++)
        for (int b = 0; b < (s->first_axis > 1 ? 1 : 2); b++)
            for (int c = 0; c < 2; c++) {
                const int turn[BN_DIMENSIONS] = { a, b, c };
                double to[BN_DIMENSIONS] = { 0.0 };
                for (size_t d = s->first_axis; d < BN_DIMENSIONS; d++)
                    to[d - s->first_axis] = s->axis[d].step
                        * ((double)i[d] - (double)turn[d] * (double)s->axis[d].torus);
                sum += bn_kernel_at(s->k, s->m, origin, to);
            }
    return sum;
}

static size_t torus_points(const struct sampler *s)
{
    return s->axis[0].torus * s->axis[1].torus * s->axis[2].torus;
}

struct spectrum {
    const struct sampler *s;
    double *z;                           /* [torus points][2] */
};

/* The kernel on one plane of constant first coordinate.  It is even in each coordinate: half
 * of the points along each are the mirror images of the others.                  */
static bn_status kernel_tile(void *context, size_t i0)
{
    const struct spectrum *w = context;
    const struct axis *a = w->s->axis;
    const size_t n0 = a[0].torus, n1 = a[1].torus, n2 = a[2].torus;

    for (size_t i1 = 0; i1 <= n1 / 2; i1++)
        for (size_t i2 = 0; i2 <= n2 / 2; i2++) {
            const double r = on_torus(w->s, (const size_t[]){ i0, i1, i2 });
            for (size_t mirror = 0; mirror < 8; mirror++) {
                const size_t j0 = mirror & 4 ? (n0 - i0) % n0 : i0;
                const size_t j1 = mirror & 2 ? (n1 - i1) % n1 : i1;
                const size_t j2 = mirror & 1 ? (n2 - i2) % n2 : i2;
                w->z[2 * ((j0 * n1 + j1) * n2 + j2)] = r;
            }
        }
    return BN_OK;
}

/* Lines along axis d of an array [outer][from][inner] of complex numbers to [outer][to][inner],
 * LANES at a time.  Line t of all outer x inner ones is (t / inner, t % inner).  Wave number b
 * of `from` has its place at the begin or, if negative, at the end of the torus.     */
static size_t place_of(const struct axis *a, size_t from, size_t b)
{
    return b < (from + 1) / 2 ? b : a->torus - from + b;
}

static void gather(const struct axis *a, const double *in, size_t from, size_t inner,
                   size_t line, size_t lanes, double *z)
{
    const bool side_by_side = line % inner + lanes <= inner;

    if (from < a->torus)
        memset(z, 0, a->torus * LANES * 2 * sizeof *z);
    for (size_t b = 0; b < from; b++) {
        double *to = z + place_of(a, from, b) * LANES * 2;
        const double *c = in + 2 * ((line / inner * from + b) * inner + line % inner);
        if (side_by_side) {
            memcpy(to, c, 2 * lanes * sizeof *to);
            continue;
        }
        for (size_t t = line; t < line + lanes; t++) {
            c = in + 2 * ((t / inner * from + b) * inner + t % inner);
            *to++ = c[0];
            *to++ = c[1];
        }
    }
}

static void scatter(const double *z, double *out, size_t count, size_t inner, size_t line,
                    size_t lanes)
{
    for (size_t b = 0; b < count; b++)
        for (size_t t = 0; t < lanes; t++) {
            const size_t l = line + t;
            double *c = out + 2 * ((l / inner * count + b) * inner + l % inner);
            c[0] = z[(b * LANES + t) * 2];
            c[1] = z[(b * LANES + t) * 2 + 1];
        }
}

static void pass(const struct axis *a, const double *in, size_t outer, size_t from,
                 size_t inner, double *z, double *out, size_t count)
{
    for (size_t line = 0; line < outer * inner; line += LANES) {
        const size_t left = outer * inner - line, lanes = left < LANES ? left : LANES;
        gather(a, in, from, inner, line, lanes, z);
        bn_fourier_lines_run(a->plan, z);
        scatter(z, out, count, inner, line, lanes);
    }
}

/* Waves along axis d that matter: all but those that carry a negligible share together. */
static bn_status band_of(struct sampler *s, const double *lambda, size_t d)
{
    struct axis *a = s->axis;
    const size_t half = a[d].torus / 2;
    double *share = bn_alloc(half + 1, sizeof *share), total = 0.0, left = 0.0;

    if (share == NULL)
        return BN_NOMEM;
    for (size_t k = 0; k < torus_points(s); k++) {
        const size_t i[BN_DIMENSIONS] = { k / a[2].torus / a[1].torus,
                                          k / a[2].torus % a[1].torus, k % a[2].torus };
        share[i[d] <= half ? i[d] : a[d].torus - i[d]] += lambda[2 * k];
        total += lambda[2 * k];
    }
    size_t top = half;
    while (top > 0 && left + share[top] < UNSEEN / BN_DIMENSIONS * total)
        left += share[top--];
    a[d].band = 2 * top + 1 < a[d].torus ? 2 * top + 1 : a[d].torus;
    free(share);
    return BN_OK;
}

static bn_status check_spectrum(const struct sampler *s, double *lambda)
{
    double least = 0.0, most = 0.0;

    for (size_t k = 0; k < torus_points(s); k++) {
        least = fmin(least, lambda[2 * k]);
        most = fmax(most, lambda[2 * k]);
    }
    if (!(least >= -1e-9 * most))
        return bn_fail(BN_NUMERIC, "the %s kernel of length %g on this %s has a variance of %g "
                       "where the largest is %g: no map has that correlation; use a smaller "
                       "length, or a longer margin or side", bn_kernel_name(s->k->kind),
                       s->k->length[0], bn_manifold_name(s->m->kind), least, most);
    for (size_t k = 0; k < torus_points(s); k++)
        lambda[2 * k] = fmax(0.0, lambda[2 * k]);
    return BN_OK;
}

/* sqrt(lambda / P) of the waves in the band. */
static bn_status take_modes(struct sampler *s, const double *lambda)
{
    const struct axis *a = s->axis;
    const double scale = 1.0 / (double)torus_points(s);

    s->modes = a[0].band * a[1].band * a[2].band;
    s->sd = bn_alloc(s->modes, sizeof *s->sd);
    if (s->sd == NULL)
        return BN_NOMEM;
    for (size_t k = 0; k < s->modes; k++) {
        const size_t b[BN_DIMENSIONS] = { k / a[2].band / a[1].band, k / a[2].band % a[1].band,
                                          k % a[2].band };
        size_t at = 0;
        for (size_t d = 0; d < BN_DIMENSIONS; d++)
            at = at * a[d].torus + place_of(&a[d], a[d].band, b[d]);
        s->sd[k] = sqrt(lambda[2 * at] * scale);
    }
    return BN_OK;
}

static bn_status transform_spectrum(const struct sampler *s, double *z)
{
    size_t outer = 1, inner = torus_points(s);

    for (size_t d = 0; d < BN_DIMENSIONS; d++) {
        const struct axis *a = &s->axis[d];
        inner /= a->torus;
        if (a->torus > 1) {
            double *line = bn_alloc(a->torus * LANES * 2, sizeof *line);
            if (line == NULL)
                return BN_NOMEM;
            pass(a, z, outer, a->torus, inner, line, z, a->torus);
            free(line);
        }
        outer *= a->torus;
    }
    return BN_OK;
}

/* On a manifold that comes round the waves are its harmonics, of which a cosine and its sine
 * have the variance lambda/P of the wave and of its negative.                       */
static bn_status closed_spectrum(const struct sampler *s, double *z)
{
    const double scale = (double)torus_points(s);
    bn_harmonics *h;

    BN_TRY(bn_harmonics_new(&h, s->m));
    const size_t r = bn_harmonics_count(h);
    double *variance = bn_alloc(r, sizeof *variance);
    bn_status rc = variance == NULL ? BN_NOMEM : bn_kernel_spectrum(s->k, h, r, variance);
    for (size_t k = 0; rc == BN_OK && k < r; k++) {
        const int *n = bn_harmonics_numbers(h, k);
        size_t plus = 0, minus = 0;
        for (size_t d = s->first_axis; d < BN_DIMENSIONS; d++) {
            const long p = (long)s->axis[d].torus, w = n[d - s->first_axis];
            plus = plus * (size_t)p + (size_t)((w + p) % p);
            minus = minus * (size_t)p + (size_t)((p - w) % p);
        }
        z[2 * plus] = z[2 * minus] = scale * variance[k];
    }
    free(variance);
    bn_harmonics_free(h);
    return rc;
}

static bn_status embedded_spectrum(const struct sampler *s, double *z)
{
    struct spectrum w = { s, z };

    BN_TRY(bn_tiles(s->axis[0].torus / 2 + 1, kernel_tile, &w));
    return transform_spectrum(s, z);
}

static bn_status prepare(struct sampler *s)
{
    lay_out(s);
    for (size_t d = 0; d < BN_DIMENSIONS; d++)
        BN_TRY(bn_fourier_lines_new(&s->axis[d].plan, s->axis[d].torus, LANES, 1));
    double *z = bn_alloc(torus_points(s), 2 * sizeof *z);
    if (z == NULL)
        return bn_fail_at(BN_NOMEM, "maps with their padding have %zu x %zu x %zu points",
                          s->axis[0].torus, s->axis[1].torus, s->axis[2].torus);
    bn_status rc = bn_manifold_closed(s->m) ? closed_spectrum(s, z) : embedded_spectrum(s, z);
    if (rc == BN_OK)
        rc = check_spectrum(s, z);
    for (size_t d = 0; rc == BN_OK && d < BN_DIMENSIONS; d++)
        rc = band_of(s, z, d);
    if (rc == BN_OK)
        rc = take_modes(s, z);
    free(z);
    return rc;
}

/* --- maps -------------------------------------------------------------------------- */

struct buffers {
    double *noise, *wave, *line, *a, *b;
};

static void buffers_free(struct buffers *b)
{
    free(b->noise);
    free(b->wave);
    free(b->line);
    free(b->a);
    free(b->b);
}

/* Complex numbers between two passes, at most. */
static size_t between(const struct sampler *s)
{
    const struct axis *a = s->axis;
    const size_t x = a[0].band * a[1].band * a[2].count, y = a[0].band * a[1].count * a[2].count;
    return x > y ? x : y;
}

static bn_status buffers_alloc(const struct sampler *s, struct buffers *b)
{
    size_t longest = 1;

    for (size_t d = 0; d < BN_DIMENSIONS; d++)
        longest = s->axis[d].torus > longest ? s->axis[d].torus : longest;
    *b = (struct buffers){ .noise = bn_alloc(2 * s->modes, sizeof(double)),
        .wave = bn_alloc(2 * s->modes * s->together, sizeof(double)),
        .line = bn_alloc(longest * LANES * 2, sizeof(double)),
        .a = bn_alloc(2 * between(s) * s->together, sizeof(double)),
        .b = bn_alloc(2 * between(s) * s->together, sizeof(double)) };
    if (b->noise != NULL && b->wave != NULL && b->line != NULL && b->a != NULL && b->b != NULL)
        return BN_OK;
    buffers_free(b);
    return BN_NOMEM;
}

/* Amplitudes [modes][together] of pairs from `pair` on. */
static void draw(const struct sampler *s, struct buffers *b, size_t pair, size_t pairs)
{
    for (size_t p = 0; p < pairs; p++) {
        bn_rng_normals(s->rng, s->first_pair + pair + p, 0, b->noise, 2 * s->modes);
        for (size_t k = 0; k < s->modes; k++) {
            double *w = b->wave + 2 * (k * s->together + p);
            w[0] = s->sd[k] * b->noise[2 * k];
            w[1] = s->sd[k] * b->noise[2 * k + 1];
        }
    }
}

/* The row of one of the two maps of a pair; NULL if it is not wanted. */
static double *row_of(const struct sampler *s, size_t pair, size_t part)
{
    const uint64_t unit = 2 * (s->first_pair + pair) + part;
    const bool wanted = unit >= s->first && unit - s->first < s->values->rows;
    return wanted ? bn_mat_row(s->values, (size_t)(unit - s->first)) : NULL;
}

/* Lines `line` .. of the last pass, whose real and imaginary parts go to the rows of pairs.
 * In more than one dimension all lines belong to one pair.                        */
static void put(const struct sampler *s, const double *z, size_t count, size_t points,
                size_t line, size_t lanes, double *const row[2 * TOGETHER])
{
    for (size_t part = 0; s->together == 1 && part < 2; part++) {
        if (row[part] == NULL)
            continue;
        for (size_t b = 0; b < count; b++) {
            double *to = row[part] + b * points + line;
            const double *from = z + b * LANES * 2 + part;
            for (size_t t = 0; t < lanes; t++)
                to[t] = from[2 * t];
        }
    }
    for (size_t t = 0; s->together > 1 && t < lanes; t++)
        for (size_t part = 0; part < 2; part++) {
            double *to = row[2 * ((line + t) % s->together) + part];
            for (size_t b = 0; to != NULL && b < count; b++)
                to[b] = z[(b * LANES + t) * 2 + part];
        }
}

static void last_pass(const struct sampler *s, const struct axis *a, const double *in,
                      size_t inner, size_t pair, size_t pairs, double *z)
{
    double *row[2 * TOGETHER] = { NULL };

    for (size_t p = 0; p < pairs; p++)
        for (size_t part = 0; part < 2; part++)
            row[2 * p + part] = row_of(s, pair + p, part);
    for (size_t line = 0; line < inner; line += LANES) {
        const size_t left = inner - line, lanes = left < LANES ? left : LANES;
        gather(a, in, a->band, inner, line, lanes, z);
        bn_fourier_lines_run(a->plan, z);
        put(s, z, a->count, inner / s->together, line, lanes, row);
    }
}

static bn_status sample_tile(void *context, size_t tile)
{
    const struct sampler *s = context;
    const size_t begin = tile * s->per_tile;
    const size_t end = begin + s->per_tile < s->pairs ? begin + s->per_tile : s->pairs;
    struct buffers buffers;

    BN_TRY(buffers_alloc(s, &buffers));
    for (size_t pair = begin; pair < end; pair += s->together) {
        const size_t pairs = end - pair < s->together ? end - pair : s->together;
        size_t outer = s->modes, inner = s->together;
        const double *from = buffers.wave;
        draw(s, &buffers, pair, pairs);
        for (size_t d = BN_DIMENSIONS - 1; d > s->first_axis; d--) {
            double *to = from == buffers.a ? buffers.b : buffers.a;
            outer /= s->axis[d].band;
            pass(&s->axis[d], from, outer, s->axis[d].band, inner, buffers.line, to,
                 s->axis[d].count);
            inner *= s->axis[d].count;
            from = to;
        }
        last_pass(s, &s->axis[s->first_axis], from, inner, pair, pairs, buffers.line);
    }
    buffers_free(&buffers);
    return BN_OK;
}

static bn_status check(const struct bn_manifold *m, const struct bn_kernel *k,
                       const struct bn_mat *values)
{
    BN_TRY(bn_manifold_check(m));
    BN_TRY(bn_kernel_check(k, m));
    if (values->cols != bn_manifold_points(m))
        return bn_fail(BN_INPUT, "maps of %zu points for a %s of %zu", values->cols,
                       bn_manifold_name(m->kind), bn_manifold_points(m));
    for (size_t d = 0; d < m->dimensions; d++) {
        const double step = (m->size[d] + 2.0 * m->margin) / (double)m->count[d];
        const double length = length_along(k, m, d);
        if (!(step <= 0.5 * length))
            return bn_fail(BN_USAGE, "a step of the grid, %g along coordinate %zu, is longer than "
                           "half of the kernel's length of %g: set at least %.0f points there",
                           step, d + 1, length, ceil(2.0 * step * (double)m->count[d] / length));
    }
    return BN_OK;
}

/* --- the sphere, on which no coordinate comes round by itself ------------------------- */

static bn_status draw_chunk(const bn_harmonics *h, const double *variance, struct bn_rng rng,
                            uint64_t first, struct bn_mat *c, struct bn_mat *values)
{
    for (size_t i = 0; i < c->rows; i++) {
        double *row = bn_mat_row(c, i);
        bn_rng_normals(rng, first + i, 0, row, c->cols);
        for (size_t k = 0; k < c->cols; k++)
            row[k] *= sqrt(fmax(0.0, variance[k]));
    }
    return bn_harmonics_inverse(h, c, values);
}

static bn_status by_harmonics(const struct bn_manifold *m, const struct bn_kernel *k,
                              struct bn_rng rng, uint64_t first, struct bn_mat *values)
{
    enum { CHUNK = 256 };
    const size_t n = values->rows, rows = n < CHUNK ? n : CHUNK;
    bn_harmonics *h;
    struct bn_mat c;

    BN_TRY(bn_harmonics_new(&h, m));
    bn_status rc = bn_mat_alloc(&c, rows + 1, bn_harmonics_count(h));
    double *variance = c.data;           /* the first row */
    if (rc == BN_OK)
        rc = bn_kernel_spectrum(k, h, c.cols, variance);
    for (size_t i = 0; rc == BN_OK && i < n; i += rows) {
        const size_t some = n - i < rows ? n - i : rows;
        struct bn_mat part = { some, c.cols, bn_mat_row(&c, 1) };
        struct bn_mat out = { some, values->cols, bn_mat_row(values, i) };
        rc = draw_chunk(h, variance, rng, first + i, &part, &out);
    }
    bn_mat_free(&c);
    bn_harmonics_free(h);
    return rc;
}

bn_status bn_maps_sample(const struct bn_manifold *m, const struct bn_kernel *k,
                         struct bn_rng rng, uint64_t first, struct bn_mat *values)
{
    struct sampler s = { .m = m, .k = k, .rng = rng, .first = first, .first_pair = first / 2,
                         .values = values };

    BN_TRY(check(m, k, values));
    if (m->kind == BN_SPHERE)
        return by_harmonics(m, k, rng, first, values);
    s.together = m->dimensions == 1 ? TOGETHER : 1;
    s.pairs = (size_t)((first + values->rows + 1) / 2 - s.first_pair);
    bn_status rc = prepare(&s);
    if (rc == BN_OK) {
        const size_t some = PORTION / torus_points(&s) / s.together + 1;
        s.per_tile = some * s.together;
        rc = bn_tiles((s.pairs + s.per_tile - 1) / s.per_tile, sample_tile, &s);
    }
    for (size_t d = 0; d < BN_DIMENSIONS; d++)
        bn_fourier_lines_free(s.axis[d].plan);
    free(s.sd);
    return rc;
}
