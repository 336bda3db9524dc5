/* SPDX-License-Identifier: MIT
 * Thresholded maps on a track or a closed one as artifacts of stage `tuning`, written by
 * hand, for tests of what reads them.                                            */
#ifndef TEST_TRACK_H
#define TEST_TRACK_H

#include "black_box.h"

#include <basin/maps.h>

struct track {
    size_t neurons, points;
    double size, length, theta;          /* sigma_c; threshold of every cell */
    bool closed;                         /* torus has two dimensions; false: walls */
    uint64_t seed;
};

static inline struct bn_manifold track_manifold(const struct track *t)
{
    return (struct bn_manifold){ .kind = t->closed ? BN_RING : BN_INTERVAL, .dimensions = 1,
                                 .count = { t->points, 1, 1 }, .size = { t->size } };
}

/* Currents h - theta [N, M]. */
static inline struct bn_mat track_current(const struct track *t)
{
    const struct bn_manifold m = track_manifold(t);
    const struct bn_kernel k = { .kind = BN_KERNEL_GAUSSIAN, .length = { t->length } };
    const struct bn_rng rng = { .seed = t->seed, .stream = bn_rng_stream("track") };
    struct bn_mat x;
    assert_ok(bn_mat_alloc(&x, t->neurons, t->points));
    assert_ok(bn_maps_sample(&m, &k, rng, 0, &x));
    for (size_t i = 0; i < t->neurons * t->points; i++)
        x.data[i] -= t->theta;
    return x;
}

static inline void track_put(bn_h5 *f, const char *name, const double *data, size_t rows,
                             size_t cols)
{
    const struct bn_shape s = cols == 0 ? bn_shape1(rows) : bn_shape2(rows, cols);
    assert_ok(bn_h5_write(f, name, BN_H5_F64, &s, data, false));
}

/* The file as `tuning` would write it. */
static inline void track_write(const struct track *t, const char *path)
{
    const struct bn_manifold m = track_manifold(t);
    struct bn_mat x = track_current(t), rate, point;
    const double count = (double)t->points, one = 1.0, none = 0.0;
    assert_ok(bn_mat_alloc(&rate, t->neurons, t->points));
    assert_ok(bn_mat_alloc(&point, 2, t->points > t->neurons ? t->points : t->neurons));
    for (size_t i = 0; i < t->neurons * t->points; i++)
        rate.data[i] = fmax(0.0, x.data[i]);
    bn_h5 *f;
    assert_ok(bn_h5_create(&f, path));
    bn_manifold_grid(&m, point.data);
    track_put(f, t->closed ? "/theta" : "/point", point.data, t->points, !t->closed);
    if (!t->closed) {
        bn_manifold_quadrature(&m, bn_mat_row(&point, 1));
        track_put(f, "/quadrature", bn_mat_row(&point, 1), t->points, 0);
        assert_ok(bn_h5_put_text(f, "/point", "manifold", "interval"));
        assert_ok(bn_h5_put_text(f, "/point", "units", "m"));
        assert_ok(bn_h5_put_real(f, "/point", "count", &count, 1));
        assert_ok(bn_h5_put_real(f, "/point", "size", &t->size, 1));
        assert_ok(bn_h5_put_real(f, "/point", "margin", &none, 1));
    }
    track_put(f, "/current", x.data, t->neurons, t->points);
    track_put(f, "/rate", rate.data, t->neurons, t->points);
    assert_ok(bn_h5_put_text(f, "/rate", "transfer", "threshold"));
    assert_ok(bn_h5_put_real(f, "/rate", "transfer_beta", &one, 1));
    assert_ok(bn_h5_put_real(f, "/rate", "transfer_threshold", &none, 1));
    for (size_t i = 0; i < t->neurons; i++)
        point.data[i] = t->theta;
    track_put(f, "/threshold", point.data, t->neurons, 0);
    if (t->closed) {                     /* where each cell fires most */
        for (size_t i = 0; i < t->neurons; i++) {
            size_t best = 0;
            for (size_t p = 0; p < t->points; p++)
                best = *bn_mat_at(&x, i, p) > *bn_mat_at(&x, i, best) ? p : best;
            point.data[i] = BN_TWO_PI * (double)best / count;
        }
        track_put(f, "/preferred", point.data, t->neurons, 0);
    }
    assert_ok(bn_h5_close(f));
    bn_mat_free(&x), bn_mat_free(&rate), bn_mat_free(&point);
}

#endif
