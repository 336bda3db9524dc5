/* SPDX-License-Identifier: MIT
 * What a step costs from 1,000 to 1,000,000 neurons with weights of the rank that a ring
 * has (sigma = 1.42, lambda = 1e-8), beside a chain of BLAS products; and a step with
 * dense weights beside its product alone.                                     */
#include "bench.h"

#include <basin/mem.h>
#include <basin/network.h>

enum { RANK = 195, HEAD = 37, STATES = 16, SIZES = 7, ROUNDS = 3, DENSE = 2500, MANY = 34 };

static const size_t sizes[SIZES] = { 1000, 3000, 10000, 30000, 100000, 300000, 1000000 };

/* Numbers of the right size; their values cost no time. */
static void fill(struct bn_mat *m, size_t rows, size_t cols, double scale)
{
    double z[4096];

    BENCH_TRY(bn_mat_alloc(m, rows, cols));
    bn_rng_normals((struct bn_rng){ .seed = 1 }, rows, cols, z, 4096);
    for (size_t k = 0; k < rows * cols; k++)
        m->data[k] = scale * z[(k * 2654435761u >> 7) % 4096];
}

struct work {
    struct bn_network net;
    struct bn_mat head, factor, lift, core, x, rate, in;
    double *diagonal;
};

static void make(struct work *w, size_t n)
{
    const double scale = 1.0 / (double)n;

    *w = (struct work){ .net = { .transfer = { BN_TRANSFER_ERF, 2.7659, 0.0 }, .tau = 0.05,
                                 .dt = 0.005 } };
    fill(&w->head, n, HEAD, 1.0);
    fill(&w->factor, n, RANK, 1.0);
    fill(&w->lift, HEAD, RANK, 0.01 * scale);
    fill(&w->core, RANK, RANK, 0.01 * scale);
    fill(&w->x, STATES, n, 1.0);
    fill(&w->rate, STATES, n, 1.0);
    fill(&w->in, STATES, n, 1.0);
    w->diagonal = bn_alloc(n, sizeof(double));
    BENCH_TRY(w->diagonal != NULL ? BN_OK : BN_NOMEM);
    BENCH_TRY(bn_operator_shared(&w->net.weights, &w->head, &w->factor, &w->lift, &w->core,
                                 w->diagonal));
}

static void drop(struct work *w)
{
    bn_mat_free(&w->head), bn_mat_free(&w->factor), bn_mat_free(&w->lift);
    bn_mat_free(&w->core), bn_mat_free(&w->x), bn_mat_free(&w->rate), bn_mat_free(&w->in);
    free(w->diagonal);
}

/* Seconds on the wall if threads share the work, else of the processor: those of one thread
 * mean something on a busy machine, too.                                     */
static double now(unsigned threads)
{
    struct timespec t;
    clock_gettime(threads > 1 ? CLOCK_MONOTONIC : CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static double run(struct work *w, size_t steps, unsigned threads)
{
    const double start = now(threads);
    bn_threads_set(threads);
    BENCH_TRY(bn_network_run(&w->net, &w->x, steps, steps, NULL, (struct bn_rng){ 0 }, NULL,
                             NULL));
    return now(threads) - start;
}

/* Seconds per step without laying out the factors. */
static double ours(struct work *w, size_t steps, unsigned threads)
{
    const double set_up = run(w, 1, threads);
    return (run(w, steps + 1, threads) - set_up) / (double)steps;
}

/* The same step as products of whole matrices. */
static double chain(struct work *w, size_t steps)
{
    const double start = now(1);

    for (size_t k = 0; k < steps; k++) {
        bn_transfer_rate(&w->net.transfer, w->x.rows * w->x.cols, w->x.data, w->rate.data);
        BENCH_TRY(bn_operator_apply(&w->net.weights, BN_PLAIN, &w->rate, &w->in));
        for (size_t i = 0; i < w->x.rows * w->x.cols; i++)
            w->x.data[i] += 0.1 * (w->in.data[i] - w->x.data[i]);
    }
    return (now(1) - start) / (double)steps;
}

/* Bytes per second of reading far more than the caches hold. */
static double bandwidth(const struct bn_mat *m)
{
    double best = 1e300, sum[8] = { 0 };

    for (int k = 0; k < 3; k++) {
        const double start = bench_now();
        for (size_t i = 0; i + 8 <= m->rows * m->cols; i += 8)
            for (size_t j = 0; j < 8; j++)
                sum[j] += m->data[i + j];
        best = fmin(best, bench_now() - start);
    }
    if (isnan(sum[0] + sum[1] + sum[2] + sum[3] + sum[4] + sum[5] + sum[6] + sum[7]))
        printf("not a number\n");
    return 8.0 * (double)(m->rows * m->cols) / best;
}

static void size_line(size_t n, double *seconds)
{
    const size_t steps = 500000 / n + 3, rounds = n < 200000 ? ROUNDS : 1;
    const double each = 1e9 / ((double)n * STATES), flops = 4.0 * RANK + 2.0 * HEAD;
    double one[ROUNDS], two[ROUNDS], blas[ROUNDS], ratio[ROUNDS];
    struct work w;

    make(&w, n);
    for (size_t k = 0; k < rounds; k++) {
        one[k] = ours(&w, steps, 1);
        blas[k] = chain(&w, steps / 3);
        ratio[k] = blas[k] / one[k];
        two[k] = ours(&w, steps, 2);
    }
    const double bytes = 8.0 * (RANK + HEAD + 2.0 * STATES) / STATES;
    *seconds = bench_median(one, rounds);
    printf("large     %8zu  %6.1f  %6.1f  %6.1f   %4.2f  %4.0f  %5.1f", n, each * *seconds,
           each * bench_median(two, rounds), each * bench_median(blas, rounds),
           bench_median(ratio, rounds), flops / (each * *seconds), bytes / (each * *seconds));
    if (n == sizes[SIZES - 1])
        printf("  of %.0f Gflop/s in dgemm, %.0f GB/s in reading", 1e-9 * bench_peak(1),
               1e-9 * bandwidth(&w.factor));
    printf("\n");
    fflush(stdout);
    drop(&w);
}

static void exponent(const double *seconds)
{
    double sx = 0.0, sy = 0.0, xx = 0.0, xy = 0.0;

    for (size_t k = 0; k < SIZES; k++) {
        const double x = log((double)sizes[k]), y = log(seconds[k]);
        sx += x / SIZES;
        sy += y / SIZES;
        xx += x * x / SIZES;
        xy += x * y / SIZES;
    }
    printf("          a step costs N^%.3f (least squares of the logarithms, one thread)\n",
           (xy - sx * sy) / (xx - sx * sx));
}

/* A step with dense weights against dgemm alone plus 2 ns per rate. */
static void dense_line(void)
{
    enum { STEPS = 40 };
    struct work w = { .net = { .transfer = { BN_TRANSFER_ERF, 2.7659, 0.0 }, .tau = 0.05,
                               .dt = 0.005 } };
    struct bn_mat j;
    double ratio[ROUNDS], step[ROUNDS], product[ROUNDS];

    fill(&j, DENSE, DENSE, 0.01 / DENSE);
    fill(&w.x, MANY, DENSE, 1.0);
    fill(&w.rate, MANY, DENSE, 1.0);
    fill(&w.in, MANY, DENSE, 1.0);
    BENCH_TRY(bn_operator_dense(&w.net.weights, &j));
    for (size_t k = 0; k < ROUNDS; k++) {
        step[k] = ours(&w, STEPS, 1);
        const double start = now(1);
        for (size_t i = 0; i < STEPS; i++)
            BENCH_TRY(bn_gemm(1.0, &w.rate, BN_PLAIN, &j, BN_TRANSPOSED, 0.0, &w.in));
        product[k] = (now(1) - start) / STEPS;
        ratio[k] = step[k] / (product[k] + 2e-9 * MANY * DENSE);
    }
    const double times = bench_median(ratio, ROUNDS);
    printf("dense     a step of %d trajectories of %d neurons takes %.2f ms, dgemm %.2f ms: "
           "%.2f of dgemm + 2 ns per rate  target 1.2 %s\n", MANY, DENSE,
           1e3 * bench_median(step, ROUNDS), 1e3 * bench_median(product, ROUNDS), times,
           times <= 1.2 ? "met" : "MISSED");
    bn_mat_free(&j), bn_mat_free(&w.x), bn_mat_free(&w.rate), bn_mat_free(&w.in);
}

int main(void)
{
    double seconds[SIZES];

    dense_line();
    printf("large          N   ns per neuron, trajectory and step: one thread, two (wall), BLAS; "
           "ratio; Gflop/s, GB/s\n");
    for (size_t k = 0; k < SIZES; k++)
        size_line(sizes[k], &seconds[k]);
    exponent(seconds);
    return 0;
}
