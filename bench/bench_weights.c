/* SPDX-License-Identifier: MIT
 * Dense weights of 2,500 neurons from 500 angles: from curves in memory to J with an
 * exactly zero diagonal.  Both sides write into a J that exists already.    */
#include "bench.h"

#include <basin/fourier.h>
#include <basin/gp.h>
#include <basin/ridge.h>
#include <basin/transfer.h>

enum { N = 2500, M = 500 };

static const double sigma = 1.4211, lambda = 1e-8;       /* defaults of the stages */
static const struct bn_transfer transfer = { BN_TRANSFER_ERF, 2.7659, 0.0 };

struct work {
    struct bn_mat x, phi, cx, cphi, j;
    size_t coefficients, rank;
};

static void fit(void *context)
{
    struct work *w = context;
    struct bn_ridge r;

    BENCH_TRY(bn_fourier(&w->x, &w->cx));
    BENCH_TRY(bn_fourier(&w->phi, &w->cphi));
    w->coefficients = bn_ridge_coefficients(&w->cx, &w->cphi, lambda);
    BENCH_TRY(bn_ridge_fit(&w->cx, &w->cphi, NULL, w->coefficients, lambda, 1e-10, &r));
    BENCH_TRY(bn_ridge_dense(&r.left, &r.right, &w->j));
    w->rank = r.rank;
    bn_ridge_free(&r);
}

static void prepare(struct work *w)
{
    struct bn_mat c;

    BENCH_TRY(bn_mat_alloc(&c, N, 2 * bn_gp_harmonics(sigma) + 1));
    BENCH_TRY(bn_mat_alloc(&w->x, N, M));
    BENCH_TRY(bn_mat_alloc(&w->phi, N, M));
    BENCH_TRY(bn_mat_alloc(&w->cx, N, M));
    BENCH_TRY(bn_mat_alloc(&w->cphi, N, M));
    BENCH_TRY(bn_mat_alloc(&w->j, N, N));
    BENCH_TRY(bn_gp_sample(sigma, (struct bn_rng){ .seed = 1 }, 0, &c));
    BENCH_TRY(bn_fourier_inverse(&c, &w->x));
    bn_transfer_rate(&transfer, N * M, w->x.data, w->phi.data);
    bn_mat_free(&c);
}

/* Two correct solvers agree to rounding over lambda. */
static int compare(const struct work *w, struct bench_peer *peer, const char *folder)
{
    static const char *const form[] = { "definition", "one_product", "banded" };
    const double bound = fmax(1e-8, 1e-15 / lambda);
    struct bn_mat j;
    int bad = 0;

    BENCH_TRY(bn_mat_alloc(&j, N, N));
    for (size_t k = 0; k < BN_LEN(form); k++) {
        bench_ask(peer, form[k], 1);
        bench_ask(peer, "save", 1);
        bench_take(folder, "j", &j);
        const double d = bench_difference(&w->j, &j);
        bad |= !(d <= bound);
        printf("          relative difference to %s: %.1e (at most %.0e)%s\n", form[k], d, bound,
               d <= bound ? "" : "  WRONG");
    }
    bn_mat_free(&j);
    return bad;
}

static int measure(struct work *w, const char *folder, unsigned threads)
{
    struct bench_peer peer = bench_peer_start("bench/peer_weights.py", folder, threads);
    const struct bench_line b = {
        .what = "weights", .threads = threads, .rounds = 9, .repeat = 1, .ours = fit,
        .context = w, .peer = &peer,
        .peers = { { "one_product", "NumPy, one product", 1.5 },
                   { "definition", "NumPy, the definition", 0.0 },
                   { "banded", "NumPy, our band limit", 0.0 } },
    };
    const double seconds = bench_compare(&b), peak = bench_peak(threads);
    const double flops = 2.0 * N * N * (double)w->rank;

    printf("          %zu coefficients, rank %zu; its product alone needs %.0f %% of our time at "
           "the %.0f Gflop/s of dgemm\n", w->coefficients, w->rank,
           100.0 * flops / peak / seconds, 1e-9 * peak);
    const int bad = threads == 1 ? compare(w, &peer, folder) : 0;
    bench_peer_end(&peer);
    return bad;
}

int main(void)
{
    struct work w = { 0 };
    char folder[64];
    int bad = 0;

    prepare(&w);
    bench_folder(folder);
    bench_give(folder, "x", &w.x);
    bench_give(folder, "phi", &w.phi);
    bench_header();
    for (unsigned threads = 1; threads <= 2; threads++)
        bad |= measure(&w, folder, threads);
    bench_folder_remove(folder, (const char *const[]){ "x", "phi", "j", NULL });
    bn_mat_free(&w.x);
    bn_mat_free(&w.phi);
    bn_mat_free(&w.cx);
    bn_mat_free(&w.cphi);
    bn_mat_free(&w.j);
    return bad;
}
