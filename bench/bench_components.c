/* SPDX-License-Identifier: MIT
 * Pieces and Euler characteristics of 20 Gaussian maps of 512 x 512 points, sigma_c = 16
 * points, at 20 thresholds; a thousand maps take 50 times as long.             */
#include "bench.h"

#include <basin/components.h>
#include <basin/euler.h>
#include <basin/maps.h>

enum { SIDE = 512, LENGTH = 16, MAPS = 20, LEVELS = 20 };

struct work {
    struct bn_lattice lattice;
    struct bn_mat values, level, count, chi;       /* [MAPS, ...]; level [1, LEVELS] */
};

static bn_status one_map(void *context, size_t k)
{
    struct work *w = context;
    bn_components *c;
    uint8_t *q = malloc(w->values.cols);
    bn_status s = bn_components_new(&c, &w->lattice, BN_FACES);

    if (s == BN_OK && q == NULL)
        s = BN_NOMEM;
    if (s == BN_OK)
        s = bn_lattice_levels(w->values.cols, bn_mat_row(&w->values, k), w->level.data, LEVELS, q);
    if (s == BN_OK)
        s = bn_components_count(c, q, LEVELS, bn_mat_row(&w->count, k));
    if (s == BN_OK)
        s = bn_euler(&w->lattice, BN_FACES, q, LEVELS, bn_mat_row(&w->chi, k));
    bn_components_free(c);
    free(q);
    return s;
}

static void ours(void *context)
{
    BENCH_TRY(bn_tiles(MAPS, one_map, context));
}

static void agree(const char *folder, const char *name, const struct bn_mat *mine)
{
    struct bn_mat theirs;

    BENCH_TRY(bn_mat_alloc(&theirs, MAPS, LEVELS));
    bench_take(folder, name, &theirs);
    if (memcmp(theirs.data, mine->data, MAPS * LEVELS * sizeof(double)) != 0) {
        fprintf(stderr, "components: %s differ from the peer's\n", name);
        exit(1);
    }
    bn_mat_free(&theirs);
}

int main(void)
{
    static const char *const files[] = { "values", "level", "count", "chi", NULL };
    const struct bn_manifold box = { .kind = BN_BOX, .dimensions = 2,
                                     .count = { SIDE, SIDE, 1 }, .size = { SIDE, SIDE } };
    const struct bn_kernel kernel = { BN_KERNEL_GAUSSIAN, { LENGTH, LENGTH } };
    struct work w;
    char folder[64], argument[80];

    BENCH_TRY(bn_lattice_of(&box, &w.lattice));
    BENCH_TRY(bn_mat_alloc(&w.values, MAPS, SIDE * SIDE));
    BENCH_TRY(bn_mat_alloc(&w.level, 1, LEVELS));
    BENCH_TRY(bn_mat_alloc(&w.count, MAPS, LEVELS));
    BENCH_TRY(bn_mat_alloc(&w.chi, MAPS, LEVELS));
    for (size_t k = 0; k < LEVELS; k++)
        w.level.data[k] = -2.0 + 4.0 * (double)k / (LEVELS - 1);
    BENCH_TRY(bn_maps_sample(&box, &kernel, (struct bn_rng){ 1, 2, 0 }, 0, &w.values));
    bench_folder(folder);
    bench_give(folder, "values", &w.values);
    bench_give(folder, "level", &w.level);
    bench_header();
    for (unsigned threads = 1; threads <= 2; threads++) {
        snprintf(argument, sizeof argument, "%s %u", folder, threads);
        bn_threads_set(threads);
        struct bench_peer peer = bench_peer_start("bench/peer_components.py", argument, threads);
        const struct bench_line b = {
            .what = "pieces", .threads = threads, .rounds = 3, .repeat = 1, .ours = ours,
            .context = &w, .peer = &peer,
            .peers = { { "label", "SciPy label, no Euler", 5.0 },
                       { "both", "label, Euler in NumPy", 0.0 } },
        };
        bench_compare(&b);
        bench_peer_end(&peer);
        agree(folder, "count", &w.count);
        agree(folder, "chi", &w.chi);
    }
    bench_folder_remove(folder, files);
    bn_mat_free(&w.values);
    bn_mat_free(&w.level);
    bn_mat_free(&w.count);
    bn_mat_free(&w.chi);
    return 0;
}
