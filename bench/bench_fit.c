/* SPDX-License-Identifier: MIT
 * Rate covariance of the normalised softplus process at one point (sigma, beta, b): what a
 * fit evaluates a thousand times.  20,000 curves on 96 angles, 20 coefficients. */
#include "bench.h"

#include <basin/fit.h>

enum { N = 20000, M = 96, HAT = 20 };

static const double point[] = { 1.42, 2.77, 1.73 };

struct work {
    bn_fit *f;
    double hat[HAT];
};

static void evaluate(void *context)
{
    struct work *w = context;
    BENCH_TRY(bn_fit_model(w->f, point, 1.0, w->hat));
}

int main(void)
{
    const struct bn_rng rng = { 1, bn_rng_stream("bench"), 0 };
    struct work w;

    BENCH_TRY(bn_fit_new(&w.f, BN_FIT_NORMALISED, HAT, M, N, 3.0, rng));
    bench_header();
    for (unsigned threads = 1; threads <= 2; threads++) {
        struct bench_peer peer = bench_peer_start("bench/peer_fit.py", "", threads);
        const struct bench_line b = {
            .what = "fit", .threads = threads, .rounds = 9, .repeat = 5,
            .ours = evaluate, .context = &w, .peer = &peer,
            .peers = { { "matmul", "NumPy, matmul", 0.0 }, { "rfft", "NumPy, rfft", 0.0 } },
        };
        const double seconds = bench_compare(&b);
        printf("          %.0f evaluations per second, %.2f ns per rate\n", 1.0 / seconds,
               1e9 * seconds / N / M);
        bench_peer_end(&peer);
    }
    bn_fit_free(w.f);
    return 0;
}
