/* SPDX-License-Identifier: MIT
 * 1,000 Euler steps of 34 trajectories of 2,500 neurons with erf rates, back to the ring
 * from perturbed states.                                                    */
#include "bench.h"

#include <basin/fourier.h>
#include <basin/gp.h>
#include <basin/network.h>
#include <basin/ridge.h>

enum { N = 2500, M = 500, STATES = 34, STEPS = 1000 };

static const double sigma = 1.4211, lambda = 1e-8, disturbance = 0.5;

struct work {
    struct bn_network net;
    struct bn_ridge fit;
    struct bn_mat start, x, j;
};

static void run(void *context)
{
    struct work *w = context;

    memcpy(w->x.data, w->start.data, STATES * N * sizeof(double));
    BENCH_TRY(bn_network_run(&w->net, &w->x, STEPS, STEPS, NULL, (struct bn_rng){ 0 }, NULL,
                             NULL));
}

static void start_from(struct work *w, const struct bn_mat *curves)
{
    double z[N];

    BENCH_TRY(bn_mat_alloc(&w->start, STATES, N));
    BENCH_TRY(bn_mat_alloc(&w->x, STATES, N));
    for (size_t t = 0; t < STATES; t++) {
        bn_rng_normals((struct bn_rng){ .seed = 2 }, t, 0, z, N);
        for (size_t i = 0; i < N; i++)
            *bn_mat_at(&w->start, t, i) = *bn_mat_at(curves, i, t * M / STATES)
                                        + disturbance * z[i];
    }
}

static void prepare(struct work *w)
{
    struct bn_mat c, x, phi, cphi;

    w->net = (struct bn_network){ .transfer = { BN_TRANSFER_ERF, 2.7659, 0.0 }, .tau = 0.05,
                                  .dt = 0.005 };
    BENCH_TRY(bn_mat_alloc(&c, N, 2 * bn_gp_harmonics(sigma) + 1));
    BENCH_TRY(bn_mat_alloc(&x, N, M));
    BENCH_TRY(bn_mat_alloc(&phi, N, M));
    BENCH_TRY(bn_mat_alloc(&cphi, N, M));
    BENCH_TRY(bn_mat_alloc(&w->j, N, N));
    BENCH_TRY(bn_gp_sample(sigma, (struct bn_rng){ .seed = 1 }, 0, &c));
    BENCH_TRY(bn_fourier_inverse(&c, &x));
    start_from(w, &x);
    bn_transfer_rate(&w->net.transfer, N * M, x.data, phi.data);
    BENCH_TRY(bn_fourier(&phi, &cphi));
    bn_mat_free(&c);
    BENCH_TRY(bn_mat_alloc(&c, N, M));
    BENCH_TRY(bn_fourier(&x, &c));
    const size_t r = bn_ridge_coefficients(&c, &cphi, lambda);
    BENCH_TRY(bn_ridge_fit(&c, &cphi, NULL, r, lambda, 1e-10, &w->fit));
    BENCH_TRY(bn_ridge_dense(&w->fit.left, &w->fit.right, &w->j));
    BENCH_TRY(bn_operator_factored(&w->net.weights, &w->fit.left, &w->fit.right,
                                   w->fit.diagonal));
    bn_mat_free(&c);
    bn_mat_free(&x);
    bn_mat_free(&phi);
    bn_mat_free(&cphi);
}

static void give(const struct work *w, const char *folder)
{
    const struct bn_mat diagonal = { 1, N, w->fit.diagonal };

    bench_give(folder, "j", &w->j);
    bench_give(folder, "left", &w->fit.left);
    bench_give(folder, "right", &w->fit.right);
    bench_give(folder, "diagonal", &diagonal);
    bench_give(folder, "start", &w->start);
}

static void measure(struct work *w, const char *folder, unsigned threads)
{
    struct bench_peer peer = bench_peer_start("bench/peer_dynamics.py", folder, threads);
    const struct bench_line b = {
        .what = "dynamics", .threads = threads, .rounds = 3, .repeat = 1, .ours = run,
        .context = w, .peer = &peer,
        .peers = { { "factored", "NumPy, our factors", 0.0 },
                   { "dense", "NumPy, dense J", 5.0 } },
    };
    const double seconds = bench_compare(&b), peak = bench_peak(threads);
    const double flops = 4.0 * N * (double)w->fit.rank * STATES * STEPS;

    printf("          rank %zu; %.0f Gflop/s in its products of the %.0f of dgemm, if nothing "
           "else took time\n", w->fit.rank, 1e-9 * flops / seconds, 1e-9 * peak);
    struct bn_mat end;
    BENCH_TRY(bn_mat_alloc(&end, STATES, N));
    bench_ask(&peer, "save", 1);
    bench_take(folder, "x", &end);
    printf("          relative difference of the final states to dense J: %.1e\n",
           bench_difference(&w->x, &end));
    bn_mat_free(&end);
    bench_peer_end(&peer);
}

int main(void)
{
    static const char *const files[] = { "j", "left", "right", "diagonal", "start", "x", NULL };
    struct work w = { 0 };
    char folder[64];

    prepare(&w);
    bench_folder(folder);
    give(&w, folder);
    bench_header();
    for (unsigned threads = 1; threads <= 2; threads++)
        measure(&w, folder, threads);
    bench_folder_remove(folder, files);
    bn_ridge_free(&w.fit);
    bn_mat_free(&w.start);
    bn_mat_free(&w.x);
    bn_mat_free(&w.j);
    return 0;
}
