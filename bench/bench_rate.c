/* SPDX-License-Identifier: MIT
 * The error function over an array: most of the time of a rate evaluation. */
#include "bench.h"

#include <basin/special.h>

enum { N = 1 << 18 };

static double x[N], y[N];

static void ours(void *context)
{
    (void)context;
    bn_erf(N, x, y);
}

static void c_library(void *context)
{
    (void)context;
    for (size_t i = 0; i < N; i++)
        y[i] = erf(x[i]);
}

int main(void)
{
    struct bench_peer peer = bench_peer_start("bench/peer_rate.py", "", 1);
    struct bench_line b = {
        .what = "erf", .threads = 1, .rounds = 9, .repeat = 10, .ours = ours, .peer = &peer,
        .peers = { { "scipy", "SciPy erf", 0.0 } },
    };

    for (size_t i = 0; i < N; i++)       /* what a network with erf rates asks for */
        x[i] = 12.0 * ((double)i * 0.6180339887498949 - floor((double)i * 0.6180339887498949))
             - 6.0;
    bench_header();
    const double seconds = bench_compare(&b);
    b.ours = c_library;
    printf("          ns per value: %.2f ours, %.2f the C library's\n", 1e9 * seconds / N,
           1e9 * bench_time(&b) / N);
    bench_peer_end(&peer);
    return 0;
}
