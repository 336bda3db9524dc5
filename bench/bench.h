/* SPDX-License-Identifier: MIT
 * What every benchmark includes: a peer in Python that runs beside it and a table of
 * ratios.
 *
 * Both sides hold their data in memory and take turns, A B A B: a busy machine slows
 * them alike, and each round gives one ratio, peer's time over ours.  The peer obeys
 * lines "name count" on its standard input and answers with seconds per run.   */
#ifndef BENCH_H
#define BENCH_H

#include <basin/mat.h>
#include <basin/tile.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { MAX_ROUNDS = 32, MAX_PEERS = 4 };

#define BENCH_TRY(call)                                                       \
    do {                                                                      \
        if ((call) != BN_OK) {                                                \
            fprintf(stderr, "%s: %s\n", #call, bn_error());                   \
            exit(1);                                                          \
        }                                                                     \
    } while (0)

static inline _Noreturn void bench_stop(const char *what)
{
    perror(what);
    exit(1);
}

static inline double bench_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* Threads of OpenBLAS spin for some 30 ms after a product and would take a core
 * from whoever is next.                                                     */
static inline void bench_settle(void)
{
    nanosleep(&(struct timespec){ .tv_nsec = 60000000 }, NULL);
}

/* --- the peer ----------------------------------------------------------------- */
struct bench_peer {
    pid_t pid;
    FILE *to, *from;
};

/* Start `python3 script folder` with that many threads for its BLAS. */
static inline struct bench_peer bench_peer_start(const char *script, const char *folder,
                                                 unsigned threads)
{
    struct bench_peer p = { 0 };
    int to[2], from[2];
    char count[16];

    if (pipe(to) != 0 || pipe(from) != 0 || (p.pid = fork()) < 0)
        bench_stop("starting the peer");
    if (p.pid == 0) {
        snprintf(count, sizeof count, "%u", threads);
        setenv("OPENBLAS_NUM_THREADS", count, 1);
        dup2(to[0], 0);
        dup2(from[1], 1);
        close(to[1]);
        close(from[0]);
        execl("/usr/bin/python3", "python3", script, folder, (char *)NULL);
        bench_stop("/usr/bin/python3");
    }
    close(to[0]);
    close(from[1]);
    p.to = fdopen(to[1], "w");
    p.from = fdopen(from[0], "r");
    if (p.to == NULL || p.from == NULL)
        bench_stop("talking to the peer");
    return p;
}

static inline double bench_ask(struct bench_peer *p, const char *name, size_t count)
{
    char line[64];

    fprintf(p->to, "%s %zu\n", name, count);
    fflush(p->to);
    if (fgets(line, sizeof line, p->from) == NULL) {
        fprintf(stderr, "the peer gave up (it needs Debian's python3-numpy and python3-scipy; "
                "run this from the project's folder)\n");
        exit(1);
    }
    return strtod(line, NULL);
}

static inline void bench_peer_end(struct bench_peer *p)
{
    fclose(p->to);
    fclose(p->from);
    waitpid(p->pid, NULL, 0);
}

/* --- matrices to and from the peer: raw doubles in row-major order ---------------- */
static inline FILE *bench_open(const char *folder, const char *name, const char *mode)
{
    char path[4096];

    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *f = fopen(path, mode);
    if (f == NULL)
        bench_stop(path);
    return f;
}

static inline void bench_give(const char *folder, const char *name, const struct bn_mat *m)
{
    FILE *f = bench_open(folder, name, "wb");
    if (fwrite(m->data, sizeof(double), m->rows * m->cols, f) != m->rows * m->cols
        || fclose(f) != 0)
        bench_stop(name);
}

static inline void bench_take(const char *folder, const char *name, struct bn_mat *m)
{
    FILE *f = bench_open(folder, name, "rb");
    if (fread(m->data, sizeof(double), m->rows * m->cols, f) != m->rows * m->cols)
        bench_stop(name);
    fclose(f);
}

/* |a - b| / |b| in the Frobenius norm. */
static inline double bench_difference(const struct bn_mat *a, const struct bn_mat *b)
{
    double error = 0.0, norm = 0.0;

    for (size_t i = 0; i < a->rows; i++) {
        const double *x = bn_mat_row(a, i), *y = bn_mat_row(b, i);
        for (size_t k = 0; k < a->cols; k++) {
            error += (x[k] - y[k]) * (x[k] - y[k]);
            norm += y[k] * y[k];
        }
    }
    return sqrt(error / norm);
}

/* A folder that disappears at the end with the files that are named. */
static inline void bench_folder(char path[64])
{
    const char *base = getenv("TMPDIR");
    snprintf(path, 64, "%.40s/basin-bench-XXXXXX", base != NULL ? base : "/tmp");
    if (mkdtemp(path) == NULL)
        bench_stop(path);
}

static inline void bench_folder_remove(const char *folder, const char *const *names)
{
    char path[4096];

    for (; *names != NULL; names++) {
        snprintf(path, sizeof path, "%s/%s", folder, *names);
        remove(path);
    }
    rmdir(folder);
}

/* --- rounds ------------------------------------------------------------------------- */
struct bench_line {
    const char *what;
    unsigned threads;
    size_t rounds, repeat;               /* repeat: runs per measurement */
    void (*ours)(void *context);
    void *context;
    struct bench_peer *peer;
    struct { const char *name, *label; double target; } peers[MAX_PEERS];
};

static inline int bench_ascending(const void *x, const void *y)
{
    const double a = *(const double *)x, b = *(const double *)y;
    return (a > b) - (a < b);
}

static inline double bench_median(double *x, size_t n)
{
    qsort(x, n, sizeof *x, bench_ascending);
    return n % 2 == 1 ? x[n / 2] : 0.5 * (x[n / 2 - 1] + x[n / 2]);
}

static inline double bench_time(const struct bench_line *b)
{
    const double start = bench_now();
    for (size_t k = 0; k < b->repeat; k++)
        b->ours(b->context);
    return (bench_now() - start) / (double)b->repeat;
}

static inline void bench_print(const struct bench_line *b, size_t k, double ours,
                               double *theirs, double *ratio)
{
    const double median = bench_median(ratio, b->rounds), target = b->peers[k].target;
    char verdict[48] = "";

    if (target > 0.0)
        snprintf(verdict, sizeof verdict, "  target %.1f %s", target,
                 median >= target ? "met" : "MISSED");
    printf("%-9s %u  %-24s %9.2f %9.2f  %6.2f  (%.2f .. %.2f)%s\n", b->what, b->threads,
           b->peers[k].label, 1e3 * ours, 1e3 * bench_median(theirs, b->rounds), median,
           ratio[0], ratio[b->rounds - 1], verdict);
    fflush(stdout);
}

static inline void bench_header(void)
{
    printf("%-9s %s  %-24s %9s %9s  %6s  %s\n", "what", "T", "peer", "ours, ms", "peer, ms",
           "ratio", "(min .. max)");
}

/* Take turns, print one line per peer; seconds of our run (median). */
static inline double bench_compare(const struct bench_line *b)
{
    double ours[MAX_ROUNDS], theirs[MAX_PEERS][MAX_ROUNDS], ratio[MAX_PEERS][MAX_ROUNDS];

    bn_threads_set(b->threads);
    bench_time(b);                       /* one turn each to warm up */
    for (size_t k = 0; k < MAX_PEERS && b->peers[k].name != NULL; k++)
        bench_ask(b->peer, b->peers[k].name, 1);
    for (size_t r = 0; r < b->rounds; r++) {
        bench_settle();
        ours[r] = bench_time(b);
        for (size_t k = 0; k < MAX_PEERS && b->peers[k].name != NULL; k++) {
            bench_settle();
            theirs[k][r] = bench_ask(b->peer, b->peers[k].name, b->repeat);
            ratio[k][r] = theirs[k][r] / ours[r];
        }
    }
    const double seconds = bench_median(ours, b->rounds);
    for (size_t k = 0; k < MAX_PEERS && b->peers[k].name != NULL; k++)
        bench_print(b, k, seconds, theirs[k], ratio[k]);
    return seconds;
}

/* --- the limit: what a large product reaches on this machine now, flop/s ------------- */
static inline bn_status bench_product(void *context, size_t k)
{
    struct bn_mat *m = (struct bn_mat *)context + 3 * k;
    return bn_gemm(1.0, &m[0], BN_PLAIN, &m[1], BN_PLAIN, 0.0, &m[2]);
}

static inline double bench_peak(unsigned threads)
{
    enum { SIZE = 1024, MOST = 8 };
    struct bn_mat m[3 * MOST];
    double best = 1e300;
    const size_t n = threads < MOST ? threads : MOST;

    for (size_t k = 0; k < 3 * n; k++)
        BENCH_TRY(bn_mat_alloc(&m[k], SIZE, SIZE));
    bn_threads_set(threads);
    for (int i = 0; i < 5; i++) {
        const double start = bench_now();
        BENCH_TRY(bn_tiles(n, bench_product, m));
        const double t = bench_now() - start;
        best = t < best ? t : best;
    }
    for (size_t k = 0; k < 3 * n; k++)
        bn_mat_free(&m[k]);
    return 2.0 * SIZE * SIZE * SIZE * (double)n / best;
}

#endif
