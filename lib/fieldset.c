/* SPDX-License-Identifier: MIT */
#include <basin/fieldset.h>
#include <basin/sort.h>

#include <math.h>
#include <string.h>

enum { MOST = 4096 };                    /* fields of a cell */

bn_status bn_fieldset_of(const struct bn_axes *a, const struct bn_mat *map,
                         struct bn_fieldset *s)
{
    const double extent = bn_manifold_extent(&a->manifold);
    double active = 0.0, runs = 0.0;

    if (a->manifold.dimensions != 1)
        return bn_fail(BN_USAGE, "fields of given lengths are for one dimension, a %s has %zu",
                       bn_manifold_name(a->manifold.kind), a->manifold.dimensions);
    for (size_t i = 0; i < map->rows; i++)
        for (size_t p = 0; p < map->cols; p++) {
            const size_t next = bn_axes_step(a, p, 0, 1);
            const bool here = *bn_mat_at(map, i, p) > 0.0;
            active += here ? 1.0 : 0.0;
            runs += here && (next == BN_NOWHERE || !(*bn_mat_at(map, i, next) > 0.0)) ? 1 : 0;
        }
    s->coverage = active / (double)(map->rows * map->cols);
    if (runs == 0.0 || s->coverage > 0.9)
        return bn_fail(BN_INPUT, "the maps are above 0 at %.3g of all places, in %g pieces: "
                       "they have no fields to compare with (process = threshold has)",
                       s->coverage, runs);
    s->length = active / runs * extent / (double)map->cols;
    return BN_OK;
}

static double parabola(double d, double length)
{
    const double x = 2.0 * d / length;
    return fabs(x) < 1.0 ? 1.0 - x * x : 0.0;
}

static double around(double d, double extent)
{
    return d - extent * floor(d / extent + 0.5);
}

/* One field; walls cut it off. */
static void one(const struct bn_axes *a, double length, struct bn_rng rng, uint64_t cell,
                double *f)
{
    const double extent = bn_manifold_extent(&a->manifold);
    double u;

    bn_rng_uniforms(rng, cell, 0, &u, 1);
    for (size_t p = 0; p < a->points; p++) {
        const double d = a->axis[0][p] - extent * u;
        f[p] = parabola(a->period[0] > 0.0 ? around(d, extent) : d, length);
    }
}

/* Lengths until their sum is nearest to `wanted`, at least one. */
static size_t lengths_of(double mean, double wanted, struct bn_rng rng, uint64_t cell,
                         double *length, double *sum)
{
    static const double shape = 3.1647;
    size_t n = 0;

    *sum = 0.0;
    while (n < MOST) {
        const double next = mean / shape * bn_rng_gamma(rng, cell * MOST + n, shape);
        if (n > 0 && fabs(*sum + next - wanted) >= fabs(*sum - wanted))
            break;
        length[n++] = next;
        *sum += next;
        if (*sum >= wanted)
            break;
    }
    return n;
}

static void scales(const struct bn_axes *a, const struct bn_fieldset *s, struct bn_rng rng,
                   uint64_t cell, double *f)
{
    const double extent = bn_manifold_extent(&a->manifold);
    double length[MOST], at[MOST + 1], sum, edge = 0.0;
    const size_t n = lengths_of(s->length, s->coverage * extent, bn_rng_sub(rng, "lengths"),
                                cell, length, &sum);
    const double left = fmax(0.0, extent - sum);

    /* Uniform points in what is left over; at[0] turns the whole. */
    bn_rng_uniforms(rng, cell, 0, at, n + 1);
    bn_sort(at + 1, n);
    memset(f, 0, a->points * sizeof *f);
    for (size_t k = 0; k < n; k++) {
        const double centre = extent * at[0] + left * at[k + 1] + edge + 0.5 * length[k];
        edge += length[k];
        for (size_t p = 0; p < a->points; p++)
            f[p] += parabola(around(a->axis[0][p] - centre, extent), length[k]);
    }
}

bn_status bn_fieldset_draw(const struct bn_axes *a, enum bn_fieldset_kind kind,
                           const struct bn_fieldset *s, struct bn_rng rng, struct bn_mat *map)
{
    const double extent = bn_manifold_extent(&a->manifold);

    if (map->cols != a->points || a->manifold.dimensions != 1)
        return bn_fail(BN_INPUT, "maps of %zu points do not fit a grid of %zu in %zu dimensions",
                       map->cols, a->points, a->manifold.dimensions);
    for (size_t i = 0; i < map->rows; i++) {
        double *f = bn_mat_row(map, i);
        if (kind == BN_FIELDSET_SCALES)
            scales(a, s, rng, i, f);
        else
            one(a, kind == BN_FIELDSET_SINGLE ? s->coverage * extent : s->length, rng, i, f);
    }
    return BN_OK;
}
