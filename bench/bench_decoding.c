/* SPDX-License-Identifier: MIT
 * Poisson decoding of 100,000 windows, 120 cells and 100 x 100 positions: beside the products
 * alone that it contains, in blocks, and beside NumPy. */
#include "bench.h"

#include <basin/poisson.h>
#include <basin/readout.h>
#include <basin/walk.h>

enum { T = 100000, N = 120, SIDE = 100, P = SIDE * SIDE, BINS = 384, POINTS = 768 };

static const struct bn_rng rng = { 1, 2, 0 };

struct work {
    struct bn_axes axes;
    struct bn_mat rate, counts, position, weight;
    bn_readout *readout;
};

static void decode(void *context)
{
    struct work *w = context;
    BENCH_TRY(bn_readout_decode(w->readout, &w->counts, &w->position, NULL));
}

/* The same products on the same blocks and nothing else. */
static bn_status product(void *context, size_t k)
{
    struct work *w = context;
    const size_t left = T - k * BINS, rows = left < BINS ? left : BINS;
    const struct bn_mat n = { rows, N, bn_mat_row(&w->counts, k * BINS) };
    struct bn_mat s;
    BN_TRY(bn_mat_alloc(&s, rows, POINTS));
    bn_status rc = BN_OK;
    for (size_t p = 0; rc == BN_OK && p < P; p += POINTS) {
        s.cols = P - p < POINTS ? P - p : POINTS;
        const struct bn_mat f = { s.cols, N, bn_mat_row(&w->weight, p) };
        rc = bn_gemm(1.0, &n, BN_PLAIN, &f, BN_TRANSPOSED, 0.0, &s);
    }
    bn_mat_free(&s);
    return rc;
}

static void multiply(void *context)
{
    BENCH_TRY(bn_tiles((T + BINS - 1) / BINS, product, context));
}

static void make(struct work *w)
{
    const struct bn_manifold m = { BN_BOX, 2, { SIDE, SIDE, 1 }, { 1.0, 1.0, 0 }, 0 };
    BENCH_TRY(bn_axes_new(&w->axes, &m));
    BENCH_TRY(bn_mat_alloc(&w->rate, N, P));
    BENCH_TRY(bn_mat_alloc(&w->counts, T, N));
    BENCH_TRY(bn_mat_alloc(&w->position, T, 2));
    BENCH_TRY(bn_mat_alloc(&w->weight, P, N));
    for (size_t i = 0; i < N; i++) {
        double centre[2];
        bn_rng_uniforms(rng, i, 0, centre, 2);
        for (size_t p = 0; p < P; p++) {
            double c[2];
            bn_manifold_point(&m, p, c);
            const double d = bn_manifold_distance(&m, c, centre) / 0.1;
            *bn_mat_at(&w->rate, i, p) = 15.0 * exp(-0.5 * d * d);
            *bn_mat_at(&w->weight, p, i) = log(0.25 * (*bn_mat_at(&w->rate, i, p) + 1e-3));
        }
    }
    bn_walk_positions(&m, 0.0, rng, &w->position);
    BENCH_TRY(bn_poisson_rates(&w->axes, &w->rate, &w->position, &w->counts));
    BENCH_TRY(bn_poisson_counts(rng, 0, 0.25, &w->counts));
    const struct bn_read_maps maps = { &w->axes, &w->rate, NULL, 0.25, 1e-3 };
    BENCH_TRY(bn_readout_new(&w->readout, BN_READ_POISSON, &maps, NULL));
}

/* Our time over that of the products: what finding the largest elements costs. */
static void overhead(struct work *w, unsigned threads)
{
    enum { ROUNDS = 3 };
    double ratio[ROUNDS], ours[ROUNDS];

    bn_threads_set(threads);
    for (size_t r = 0; r < ROUNDS; r++) {
        const double start = bench_now();
        multiply(w);
        const double middle = bench_now();
        decode(w);
        ours[r] = bench_now() - middle;
        ratio[r] = ours[r] / (middle - start);
    }
    const double m = bench_median(ratio, ROUNDS);
    printf("%-9s %u  %.0f ms, %.3f times the products it contains (%.3f .. %.3f)  target 1.3 "
           "%s; %.1f Gflop/s\n", "decoding", threads, 1e3 * bench_median(ours, ROUNDS), m,
           ratio[0], ratio[ROUNDS - 1], m <= 1.3 ? "met" : "MISSED",
           2e-9 * T * N * (double)P / bench_median(ours, ROUNDS));
    fflush(stdout);
}

static void same_positions(const struct work *w, const char *folder)
{
    struct bn_mat theirs;
    double worst = 0.0;

    BENCH_TRY(bn_mat_alloc(&theirs, T, 2));
    bench_take(folder, "positions", &theirs);
    for (size_t k = 0; k < (size_t)T * 2; k++)
        worst = fmax(worst, fabs(theirs.data[k] - w->position.data[k]));
    printf("%-9s    largest difference of positions: %.2g steps of the grid (ours are refined)\n",
           "decoding", worst * SIDE);
    bn_mat_free(&theirs);
}

int main(void)
{
    static const char *const files[] = { "counts", "rate", "positions", NULL };
    struct work w = { 0 };
    char folder[64];

    make(&w);
    bench_folder(folder);
    bench_give(folder, "counts", &w.counts);
    bench_give(folder, "rate", &w.rate);
    bench_header();
    overhead(&w, 1);
    overhead(&w, 2);
    struct bench_peer peer = bench_peer_start("bench/peer_decoding.py", folder, 2);
    const struct bench_line b = {
        .what = "decoding", .threads = 2, .rounds = 3, .repeat = 1,
        .ours = decode, .context = &w, .peer = &peer,
        .peers = { { "decode", "NumPy, 500 bins at a time", 0 },
                   { "products", "NumPy, products alone", 0 } },
    };
    bench_compare(&b);
    bench_ask(&peer, "keep", 1);
    bench_peer_end(&peer);
    same_positions(&w, folder);
    bench_folder_remove(folder, files);
    bn_readout_free(w.readout);
    bn_mat_free(&w.weight), bn_mat_free(&w.position), bn_mat_free(&w.counts);
    bn_mat_free(&w.rate);
    bn_axes_free(&w.axes);
    return 0;
}
