/* SPDX-License-Identifier: MIT
 * 2,500 Gaussian-process currents on 500 angles and their erf rates. */
#include "bench.h"

#include <basin/fourier.h>
#include <basin/gp.h>
#include <basin/transfer.h>

enum { N = 2500, M = 500 };

static const double sigma = 1.4211;      /* the defaults of the stage tuning */
static const struct bn_transfer transfer = { BN_TRANSFER_ERF, 2.7659, 0.0 };

struct work {
    struct bn_mat c, current, rate;
    struct bn_rng rng;
};

static void sample(void *context)
{
    struct work *w = context;

    w->rng.replicate++;
    BENCH_TRY(bn_gp_sample(sigma, w->rng, 0, &w->c));
    BENCH_TRY(bn_fourier_inverse(&w->c, &w->current));
    bn_transfer_rate(&transfer, N * M, w->current.data, w->rate.data);
}

int main(void)
{
    struct work w = { .rng = { 1, bn_rng_stream("bench"), 0 } };
    char harmonics[16];

    snprintf(harmonics, sizeof harmonics, "%zu", bn_gp_harmonics(sigma));
    BENCH_TRY(bn_mat_alloc(&w.c, N, 2 * bn_gp_harmonics(sigma) + 1));
    BENCH_TRY(bn_mat_alloc(&w.current, N, M));
    BENCH_TRY(bn_mat_alloc(&w.rate, N, M));
    bench_header();
    for (unsigned threads = 1; threads <= 2; threads++) {
        struct bench_peer peer = bench_peer_start("bench/peer_sampling.py", harmonics, threads);
        const struct bench_line b = {
            .what = "sampling", .threads = threads, .rounds = 15, .repeat = 10,
            .ours = sample, .context = &w, .peer = &peer,
            .peers = { { "matmul", "NumPy, matmul", 1.5 }, { "irfft", "NumPy, irfft", 1.5 } },
        };
        bench_compare(&b);
        bench_peer_end(&peer);
    }
    bn_mat_free(&w.rate);
    bn_mat_free(&w.current);
    bn_mat_free(&w.c);
    return 0;
}
