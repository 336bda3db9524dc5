/* SPDX-License-Identifier: MIT
 * Diagnosis of a network of 2,500 neurons with factored weights, all that needs no
 * simulation: drift, diffusion and transverse mode at 256 angles, fixed points, Jacobians
 * at 8 angles, 60 eigenvalues and singular values of J.  The peer does one angle of each
 * kind by dense LAPACK; its time for the whole is that times the number of angles.   */
#include "bench.h"

#include <basin/diagnose.h>
#include <basin/flow.h>
#include <basin/fourier.h>
#include <basin/gp.h>
#include <basin/manifold.h>
#include <basin/ridge.h>
#include <basin/transfer.h>

enum { N = 2500, M = 500, ANGLES = 256, JACOBIANS = 8, LEADING = 60, ROUNDS = 3, PARTS = 4 };

static const struct bn_transfer transfer = { BN_TRANSFER_ERF, 2.7659, 0.0 };

struct work {
    struct bn_mat x, j;
    struct bn_ridge fit;
    struct bn_ring_network net;
    struct bn_points points;
    struct bn_modes modes;
    double drift[ANGLES], diffusion, gap, seconds[PARTS];
    size_t zeros;
};

static void prepare(struct work *w)
{
    const struct bn_rng rng = { .seed = 1 };
    struct bn_mat c, x, phi, cphi;

    BENCH_TRY(bn_mat_alloc(&c, N, 2 * bn_gp_harmonics(1.4211) + 1));
    BENCH_TRY(bn_mat_alloc(&x, N, M));
    BENCH_TRY(bn_mat_alloc(&phi, N, M));
    BENCH_TRY(bn_mat_alloc(&w->x, N, M - 1));
    BENCH_TRY(bn_mat_alloc(&cphi, N, M - 1));
    BENCH_TRY(bn_mat_alloc(&w->j, N, N));
    BENCH_TRY(bn_gp_sample(1.4211, rng, 0, &c));
    BENCH_TRY(bn_fourier_inverse(&c, &x));
    bn_transfer_rate(&transfer, N * M, x.data, phi.data);
    BENCH_TRY(bn_fourier(&x, &w->x));
    BENCH_TRY(bn_fourier(&phi, &cphi));
    BENCH_TRY(bn_ridge_fit(&w->x, &cphi, NULL, bn_ridge_coefficients(&w->x, &cphi, 1e-8), 1e-8,
                           1e-10, &w->fit));
    BENCH_TRY(bn_ridge_dense(&w->fit.left, &w->fit.right, &w->j));
    w->net = (struct bn_ring_network){ .transfer = transfer, .x = w->x };
    BENCH_TRY(bn_operator_factored(&w->net.weights, &w->fit.left, &w->fit.right,
                                   w->fit.diagonal));
    bn_mat_free(&c), bn_mat_free(&x), bn_mat_free(&phi), bn_mat_free(&cphi);
}

static void along(struct work *w)
{
    double theta[ANGLES];
    struct bn_along a[ANGLES];

    bn_points_free(&w->points);
    bn_modes_free(&w->modes);
    bn_ring_grid(ANGLES, theta);
    BENCH_TRY(bn_diagnose_points(&w->net, theta, ANGLES, &w->points));
    BENCH_TRY(bn_diagnose_modes(&w->net, &w->points, &w->modes));
    bn_diagnose_along(&w->points, &w->modes, a);
    w->diffusion = a[0].diffusion;
    for (size_t k = 0; k < ANGLES; k++)
        w->drift[k] = a[k].drift;
}

static void fixed_points(struct work *w)
{
    struct bn_zero *zero;
    bn_flow *flow;

    BENCH_TRY(bn_flow_new(&flow, w->drift, ANGLES));
    BENCH_TRY(bn_flow_zeros(flow, bn_diagnose_drift_at, &w->net, &zero, &w->zeros));
    free(zero);
    bn_flow_free(flow);
}

static void jacobians(struct work *w)
{
    for (size_t k = 0; k < ANGLES; k += ANGLES / JACOBIANS) {
        double re[7], im[7], overlap, value;
        size_t found, tangent;
        BENCH_TRY(bn_diagnose_jacobian(&w->net, &w->points, k, 6, re, im, &found, &tangent,
                                       &overlap, &value));
        if (k == 0)
            w->gap = re[tangent == 0];
    }
}

static void spectra(struct work *w)
{
    double re[LEADING + 1], im[LEADING + 1], s[LEADING + 1];
    size_t found;

    BENCH_TRY(bn_diagnose_spectrum(&w->net.weights, false, LEADING, re, im, &found, NULL));
    BENCH_TRY(bn_diagnose_singular(&w->net.weights, false, LEADING, s, &found));
}

/* Median seconds of each part and of all. */
static double ours(struct work *w)
{
    static void (*const part[PARTS])(struct work *) = { along, fixed_points, jacobians, spectra };
    double time[PARTS][ROUNDS], all = 0.0;

    for (size_t r = 0; r < ROUNDS; r++)
        for (size_t k = 0; k < PARTS; k++) {
            const double start = bench_now();
            part[k](w);
            time[k][r] = bench_now() - start;
        }
    for (size_t k = 0; k < PARTS; k++)
        all += w->seconds[k] = bench_median(time[k], ROUNDS);
    return all;
}

static int compare(const struct work *w, struct bench_peer *peer, const char *folder)
{
    struct bn_mat found;

    BENCH_TRY(bn_mat_alloc(&found, 1, 3));
    bench_ask(peer, "save", 1);
    bench_take(folder, "found", &found);
    const double v = fabs(w->drift[0] / found.data[0] - 1.0);
    const double d = fabs(w->diffusion / found.data[1] - 1.0), g = fabs(w->gap - found.data[2]);
    const bool good = v < 1e-3 && d < 1e-3 && g < 1e-6;
    printf("          at angle 0: drift differs by %.0e, diffusion by %.0e (of 1), gap by %.0e%s\n",
           v, d, g, good ? "" : "  WRONG");
    bn_mat_free(&found);
    return !good;
}

int main(void)
{
    static const double times[PARTS] = { ANGLES, JACOBIANS, 1, 1 };
    static const char *const name[PARTS] = { "drift", "gap", "spectrum", "singular" };
    struct work *w = calloc(1, sizeof *w);
    double theirs = 0.0, each[PARTS];
    char folder[64];

    if (w == NULL)
        bench_stop("calloc");
    prepare(w);
    along(w);
    bench_folder(folder);
    const struct bn_mat first[] = { { 1, N, w->points.slope.data },
        { 1, N, w->points.tangent.data }, { 1, N, w->points.residual.data } };
    bench_give(folder, "j", &w->j);
    bench_give(folder, "slope", &first[0]);
    bench_give(folder, "tangent", &first[1]);
    bench_give(folder, "residual", &first[2]);
    struct bench_peer peer = bench_peer_start("bench/peer_diagnosis.py", folder, 1);
    bn_threads_set(1);
    const double mine = ours(w);
    bench_ask(&peer, "drift", 1);        /* warm up */
    for (size_t k = 0; k < PARTS; k++) {
        each[k] = bench_ask(&peer, name[k], k == 0 ? 3 : 1);
        theirs += times[k] * each[k];
    }
    bench_header();
    printf("%-9s 1  %-24s %9.0f %9.0f  %6.0f  target 10.0 %s\n", "diagnosis",
           "NumPy, dense (scaled)", 1e3 * mine, 1e3 * theirs, theirs / mine,
           theirs >= 10.0 * mine ? "met" : "MISSED");
    printf("          ours, ms: along the ring %.0f, %zu fixed points %.0f, Jacobians %.0f, "
           "spectra %.0f\n", 1e3 * w->seconds[0], w->zeros, 1e3 * w->seconds[1],
           1e3 * w->seconds[2], 1e3 * w->seconds[3]);
    printf("          NumPy, s: %d drifts of %.2f, %d Jacobians of %.1f, eigenvalues of J %.1f, "
           "singular values %.1f\n", ANGLES, each[0], JACOBIANS, each[1], each[2], each[3]);
    const double q = (double)w->fit.rank;
    const double flops = ANGLES * (2.0 * N * q * q + 2.0 / 3.0 * q * q * q);
    printf("          rank %zu: its %d Woodbury matrices are %.0f %% of our time along the ring at "
           "dgemm's speed\n", w->fit.rank, ANGLES, 100.0 * flops / bench_peak(1) / w->seconds[0]);
    const int bad = compare(w, &peer, folder);
    bench_peer_end(&peer);
    bench_folder_remove(folder, (const char *const[]){ "j", "slope", "tangent", "residual",
                                                       "found", NULL });
    bn_points_free(&w->points);
    bn_modes_free(&w->modes);
    bn_ridge_free(&w->fit);
    bn_mat_free(&w->x);
    bn_mat_free(&w->j);
    free(w);
    return bad;
}
