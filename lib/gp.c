/* SPDX-License-Identifier: MIT */
#include <basin/gp.h>
#include <basin/manifold.h>
#include <basin/tile.h>

#include <math.h>

enum { TILE_ROWS = 256 };

double bn_gp_spectrum(double sigma, size_t n)
{
    const double k = (double)n / sigma;
    return exp(-0.5 * k * k) / (sqrt(BN_TWO_PI) * sigma);
}

/* exp(-n^2/(4 sigma^2)) > 2^-60 */
size_t bn_gp_harmonics(double sigma)
{
    return (size_t)fmin(floor(sigma * sqrt(4.0 * 60.0 * log(2.0))), 1e15);
}

void bn_gp_covariance(double sigma, size_t m, double *covariance)
{
    const size_t h = bn_gp_harmonics(sigma) * 2;

    for (size_t k = 0; k < m; k++) {
        const double d = BN_TWO_PI * (double)k / (double)m;
        double g = 0.0;
        for (size_t n = h; n > 0; n--)   /* small terms first */
            g += 2.0 * bn_gp_spectrum(sigma, n) * cos((double)n * d);
        covariance[k] = g + bn_gp_spectrum(sigma, 0);
    }
}

struct sampling {
    double sigma;
    struct bn_rng rng;
    uint64_t first;
    struct bn_mat *c;
};

static bn_status sample_tile(void *context, size_t tile)
{
    const struct sampling *s = context;
    const size_t begin = tile * TILE_ROWS, r = s->c->cols;
    const size_t end = begin + TILE_ROWS < s->c->rows ? begin + TILE_ROWS : s->c->rows;

    for (size_t i = begin; i < end; i++)
        bn_rng_normals(s->rng, s->first + i, 0, bn_mat_row(s->c, i), r);
    for (size_t k = 0; k < r; k++) {
        const double sd = sqrt(bn_gp_spectrum(s->sigma, (k + 1) / 2));
        for (size_t i = begin; i < end; i++)
            *bn_mat_at(s->c, i, k) *= sd;
    }
    return BN_OK;
}

bn_status bn_gp_sample(double sigma, struct bn_rng rng, uint64_t first,
                       struct bn_mat *coefficients)
{
    struct sampling s = { sigma, rng, first, coefficients };
    return bn_tiles((coefficients->rows + TILE_ROWS - 1) / TILE_ROWS, sample_tile, &s);
}
