/* SPDX-License-Identifier: MIT
 * 200 Gaussian maps between walls on 512 x 512 points, sigma_c = 16 points, by circulant
 * embedding; beside them a kernel whose spectrum falls so slowly that all waves count.  */
#include "bench.h"

#include <basin/maps.h>

enum { SIDE = 512, LENGTH = 16, MAPS = 200 };

struct work {
    struct bn_manifold manifold;
    struct bn_kernel kernel;
    struct bn_rng rng;
    struct bn_mat values;
};

static void sample(void *context)
{
    struct work *w = context;

    BENCH_TRY(bn_maps_sample(&w->manifold, &w->kernel, w->rng, 0, &w->values));
    w->rng.replicate++;
}

int main(void)
{
    static const struct { const char *name; enum bn_kernel_kind kind; double target; } rows[] = {
        { "gaussian", BN_KERNEL_GAUSSIAN, 2.0 }, { "matern52", BN_KERNEL_MATERN52, 0.0 },
    };
    struct work w = { .manifold = { .kind = BN_BOX, .dimensions = 2, .count = { SIDE, SIDE, 1 },
                                    .size = { SIDE, SIDE } },
                      .rng = { 1, bn_rng_stream("bench"), 0 } };

    BENCH_TRY(bn_mat_alloc(&w.values, MAPS, SIDE * SIDE));
    bench_header();
    for (unsigned threads = 1; threads <= 2; threads++)
        for (size_t k = 0; k < threads; k++) {     /* the slow one on all cores only */
            char torus[16];
            w.kernel = (struct bn_kernel){ rows[k].kind, { LENGTH, LENGTH } };
            snprintf(torus, sizeof torus, "%s %u", rows[k].name, threads);
            struct bench_peer peer = bench_peer_start("bench/peer_maps.py", torus, threads);
            const struct bench_line b = {
                .what = "maps", .threads = threads, .rounds = k == 0 ? 3 : 1, .repeat = 1,
                .ours = sample, .context = &w, .peer = &peer,
                .peers = { { "maps", rows[k].name, rows[k].target },
                           { "band", "the same, our band limit", 0.0 } },
            };
            bench_compare(&b);
            bench_peer_end(&peer);
        }
    bn_mat_free(&w.values);
    return 0;
}
