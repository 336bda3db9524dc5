/* SPDX-License-Identifier: MIT */
#include <basin/rng.h>

/* Random123's headers are not clean under our warnings. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wpedantic"
#pragma GCC diagnostic ignored "-Wconversion"
#pragma GCC diagnostic ignored "-Wsign-conversion"
#pragma GCC diagnostic ignored "-Wunused-function"
#include <Random123/philox.h>
#pragma GCC diagnostic pop

#include <math.h>

#define TWO_PI 6.28318530717958647692

void bn_rng_block(const uint64_t counter[4], const uint64_t key[2], uint64_t out[4])
{
    philox4x64_ctr_t c;
    philox4x64_key_t k;

    for (int i = 0; i < 4; i++)
        c.v[i] = counter[i];
    k.v[0] = key[0];
    k.v[1] = key[1];
    c = philox4x64(c, k);
    for (int i = 0; i < 4; i++)
        out[i] = c.v[i];
}

static uint64_t fnv(uint64_t h, const char *text)
{
    for (const char *p = text; *p != '\0'; p++) {
        h ^= (unsigned char)*p;
        h *= UINT64_C(0x100000001B3);
    }
    return h;
}

uint64_t bn_rng_stream(const char *name)
{
    return fnv(UINT64_C(0xCBF29CE484222325), name);
}

struct bn_rng bn_rng_sub(struct bn_rng r, const char *purpose)
{
    r.stream = fnv(r.stream ^ UINT64_C(0x9E3779B97F4A7C15), purpose);
    return r;
}

/* Four uniforms on the midpoints of 2^52 equal bins: never 0, never 1 (a bit more
 * and the midpoints above 1/2 would be rounded, the last one to 1).         */
static void four(struct bn_rng r, uint64_t unit, uint64_t block, double u[4])
{
    const uint64_t key[2] = { r.seed, r.stream };
    const uint64_t counter[4] = { block, unit, r.replicate, 0 };
    uint64_t bits[4];

    bn_rng_block(counter, key, bits);
    for (int i = 0; i < 4; i++)
        u[i] = ((double)(bits[i] >> 12) + 0.5) * 0x1p-52;
}

/* Box-Muller: (u0, u1) -> two normals, (u2, u3) -> two more. */
static void four_normals(struct bn_rng r, uint64_t unit, uint64_t block, double z[4])
{
    double u[4];

    four(r, unit, block, u);
    for (int i = 0; i < 4; i += 2) {
        const double radius = sqrt(-2.0 * log(u[i]));
        z[i] = radius * cos(TWO_PI * u[i + 1]);
        z[i + 1] = radius * sin(TWO_PI * u[i + 1]);
    }
}

typedef void draw4(struct bn_rng r, uint64_t unit, uint64_t block, double x[4]);

static void fill(draw4 *draw, struct bn_rng r, uint64_t unit, uint64_t first,
                 double *out, size_t n)
{
    double x[4];

    for (size_t i = 0; i < n;) {
        const uint64_t step = first + i;
        draw(r, unit, step / 4, x);
        for (uint64_t k = step % 4; k < 4 && i < n; k++)
            out[i++] = x[k];
    }
}

void bn_rng_uniforms(struct bn_rng r, uint64_t unit, uint64_t first, double *out,
                     size_t n)
{
    fill(four, r, unit, first, out, n);
}

void bn_rng_normals(struct bn_rng r, uint64_t unit, uint64_t first, double *out,
                    size_t n)
{
    fill(four_normals, r, unit, first, out, n);
}

/* Each attempt takes a normal and a uniform of its own; 95 % succeed. */
double bn_rng_gamma(struct bn_rng r, uint64_t unit, double shape)
{
    const struct bn_rng second = bn_rng_sub(r, "gamma");
    const double k = shape < 1.0 ? shape + 1.0 : shape, d = k - 1.0 / 3.0;
    const double c = 1.0 / sqrt(9.0 * d);
    double boost, z, u;

    bn_rng_uniforms(second, unit, 0, &boost, 1);
    for (uint64_t attempt = 0;; attempt++) {
        bn_rng_normals(r, unit, attempt, &z, 1);
        bn_rng_uniforms(second, unit, attempt + 1, &u, 1);
        const double t = 1.0 + c * z, v = t * t * t;
        if (v > 0.0 && log(u) < 0.5 * z * z + d * (1.0 - v + log(v)))
            return shape < 1.0 ? d * v * pow(boost, 1.0 / shape) : d * v;
    }
}

/* A uniform integer below n: the high word of a 64 x 64 product, drawn again in
 * the rare case that would favour small values (Lemire 2019).               */
static uint64_t below(struct bn_rng r, uint64_t unit, uint64_t step, uint64_t n)
{
    const uint64_t key[2] = { r.seed, r.stream };
    const uint64_t threshold = (0 - n) % n;

    for (uint64_t again = 1;; again++) {
        const uint64_t counter[4] = { step, unit, r.replicate, again };
        uint64_t bits[4];
        bn_rng_block(counter, key, bits);
        for (int i = 0; i < 4; i++) {
            const uint64_t a_hi = bits[i] >> 32, a_lo = bits[i] & 0xFFFFFFFF;
            const uint64_t b_hi = n >> 32, b_lo = n & 0xFFFFFFFF;
            const uint64_t mid = a_hi * b_lo + (a_lo * b_lo >> 32);
            const uint64_t mid2 = a_lo * b_hi + (mid & 0xFFFFFFFF);
            if (bits[i] * n >= threshold)
                return a_hi * b_hi + (mid >> 32) + (mid2 >> 32);
        }
    }
}

void bn_rng_permutation(struct bn_rng r, uint64_t unit, size_t *p, size_t n)
{
    for (size_t i = 0; i < n; i++)
        p[i] = i;
    for (size_t i = n; i > 1; i--) {
        const size_t j = (size_t)below(r, unit, i, i);
        const size_t t = p[i - 1];
        p[i - 1] = p[j];
        p[j] = t;
    }
}
