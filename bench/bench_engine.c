/* SPDX-License-Identifier: MIT
 * The engine by itself: what a hit costs, a plan of 10,000 nodes with nothing to do,
 * what the driver adds to a stage; and Snakemake on 1,000 nodes with nothing to do.
 * Small projects in a temporary folder, with the code and the programs of this one.
 *
 * The 10,000 points differ in a parameter that their stage does not read, so that one
 * run fills the cache; looking a point up costs the same, whatever made it.  */
#include "bench.h"

#include <limits.h>
#include <stdarg.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/types.h>

pid_t wait4(pid_t pid, int *status, int options, struct rusage *usage);

enum { ROUNDS = 11 };

static char bin[PATH_MAX], project[PATH_MAX], folder[64], make[3 * PATH_MAX];
static int missed;

struct cost {
    double seconds, bytes;               /* wall; of the largest process */
};

/* Run a line of the shell; a benchmark that cannot run is no benchmark. */
static struct cost run(const char *command)
{
    struct rusage usage;
    int status;
    const double start = bench_now();
    fflush(stdout);
    const pid_t pid = fork();
    if (pid < 0)
        bench_stop("fork");
    if (pid == 0) {
        if (chdir(folder) != 0 || freopen("log", "w", stdout) == NULL ||
            dup2(STDOUT_FILENO, STDERR_FILENO) < 0)
            _exit(127);
        execl("/bin/sh", "sh", "-c", command, (char *)NULL);
        _exit(127);
    }
    if (wait4(pid, &status, 0, &usage) != pid || status != 0) {
        fprintf(stderr, "%s: failed; %s/log says why\n", command, folder);
        exit(1);
    }
    return (struct cost){ bench_now() - start, 1024.0 * (double)usage.ru_maxrss };
}

__attribute__((format(printf, 1, 2))) static struct cost runf(const char *fmt, ...)
{
    char command[8192];
    va_list args;
    va_start(args, fmt);
    vsnprintf(command, sizeof command, fmt, args);
    va_end(args);
    return run(command);
}

static void report(const char *what, double x, const char *unit, double limit)
{
    printf("%-52s %8.2f %s", what, x, unit);
    if (limit > 0.0) {
        printf("  target < %g %s %s", limit, unit, x < limit ? "met" : "MISSED");
        missed += x >= limit;
    }
    printf("\n");
    fflush(stdout);
}

/* --- the project --------------------------------------------------------- */

/* Parameters of a sweep of n points, and an empty results folder. */
static void begin(size_t n)
{
    char path[128];
    snprintf(path, sizeof path, "%s/ring.conf", folder);
    FILE *f = fopen(path, "w");
    if (f == NULL)
        bench_stop(path);
    fprintf(f, "tuning { neurons = 20  angles = 40  model_curves = 100 }\n");
    for (size_t k = 0; k < n; k++)
        fprintf(f, "%s%g", k == 0 ? "sweep { tuning.smoothing = {" : ", ",
                0.005 * (double)k);
    fprintf(f, "%s\n", n > 0 ? "} }" : "");
    if (fclose(f) != 0)
        bench_stop(path);
    runf("rm -rf results params pipelines && mkdir -p params pipelines figures && "
         "mv ring.conf params/ && echo '$R/ring/tuning.h5:' > pipelines/ring.mk && "
         "for f in Makefile lib stages tools; do ln -sfn '%s'/$f .; done", project);
}

/* Every point is there: one process makes them all. */
static void fill(void)
{
    runf("plan=$(%s/basin resolve | sed 's,.*/,,; s,[.]mk$,,'); "
         "sed '1d; s,^,results/,; s/ .*//' results/.basin/plans/$plan.plan | "
         "xargs %s/basin run --plan $plan", bin, bin);
    runf("%s results", make);            /* every link is as young as Make wants it */
}

static double median_of(const char *command)
{
    double x[ROUNDS];
    run(command);
    for (int i = 0; i < ROUNDS; i++)
        x[i] = run(command).seconds;
    return bench_median(x, ROUNDS);
}

/* --- what is measured ---------------------------------------------------- */

/* What /bin/sh itself costs is left out. */
static void hit(void)
{
    char command[2 * PATH_MAX];
    double x[ROUNDS];
    begin(0);
    for (int i = -1; i < ROUNDS; i++) {
        runf("plan() { %s/basin resolve --set \"$1\" | sed 's,.*/,,; s,[.]mk$,,'; }; "
             "%s/basin run --plan $(plan ring.tuning.neurons=30) results/ring/tuning.h5; "
             "plan '' > plan", bin, bin);
        snprintf(command, sizeof command, "read plan < plan; exec %s/basin run --plan $plan "
                 "results/ring/tuning.h5", bin);
        const double seconds = run(command).seconds;
        if (i >= 0)
            x[i] = seconds;
    }
    report("a parameter switched back: found in the cache",
           1e3 * (bench_median(x, ROUNDS) - median_of("exit 0")), "ms", 10.0);
}

static void overhead(void)
{
    char bare[3 * PATH_MAX], driven[3 * PATH_MAX];
    double x[ROUNDS], y[ROUNDS];
    begin(0);
    runf("echo 'tuning { neurons = 4000  angles = 500 }' > params/ring.conf; "
         "%s/basin resolve | sed 's,.*/,,; s,[.]mk$,,' > plan", bin);
    snprintf(bare, sizeof bare, "exec %s/stages/tuning --params params/ring.conf --out "
             "bare.h5", bin);
    snprintf(driven, sizeof driven, "read plan < plan; MAKEFLAGS=B exec %s/basin run --plan "
             "$plan results/ring/tuning.h5", bin);
    for (int i = -1; i < ROUNDS; i++) {
        const double a = run(bare).seconds, b = run(driven).seconds;
        if (i >= 0) {
            x[i] = b - a;
            y[i] = a;
        }
    }
    char path[128];
    struct stat st;
    snprintf(path, sizeof path, "%s/bare.h5", folder);
    if (stat(path, &st) != 0)
        bench_stop(path);
    const double limit = 15.0 + 2e-6 * (double)st.st_size;
    printf("%-52s %8.2f ms, %.1f MB\n", "the stage tuning by itself",
           1e3 * bench_median(y, ROUNDS), 1e-6 * (double)st.st_size);
    report("what basin run adds (hash, sync, manifest, link)", 1e3 * bench_median(x, ROUNDS),
           "ms", limit);
}

static double noop(double *bytes)
{
    double x[ROUNDS];
    for (int i = 0; i < ROUNDS; i++) {
        const struct cost c = runf("exec %s results", make);
        x[i] = c.seconds;
        *bytes = c.bytes > *bytes ? c.bytes : *bytes;
    }
    return bench_median(x, ROUNDS);
}

static void sweep(void)
{
    double bytes = 0.0;
    begin(10000);
    fill();
    report("10,000 points, nothing to do", noop(&bytes), "s", 2.0);
    report("   largest process", 1e-6 * bytes, "MB", 200.0);
}

static void snakemake(void)
{
    double bytes = 0.0, ours[3], theirs[3];
    begin(1000);
    fill();
    const double alone = noop(&bytes);
    report("1,000 points, nothing to do", alone, "s", 0.0);
    if (system("command -v snakemake > /dev/null") != 0) {
        printf("snakemake is not installed (make deps-all): no ratio\n");
        return;
    }
    runf("mkdir peer && cp '%s/bench/peer_snakemake/Snakefile' peer && cd peer && "
         "export HOME=$PWD && for k in $(seq 0 999); do echo > tuning.smoothing-$k.txt; done "
         "&& snakemake -c1 --quiet --touch && snakemake -c1 && ! grep 'rule tuning' ../log",
         project);
    for (int i = 0; i < 3; i++) {        /* turn by turn: a busy machine slows both */
        theirs[i] = run("cd peer && HOME=$PWD exec snakemake -c1 --quiet").seconds;
        ours[i] = runf("exec %s results", make).seconds;
        theirs[i] /= ours[i];
    }
    printf("%-52s %8.2f  (%.1f .. %.1f)\n", "   snakemake's time over ours",
           bench_median(theirs, 3), theirs[0], theirs[2]);
}

int main(void)
{
    char path[PATH_MAX] = "";
    if (getcwd(project, sizeof project) == NULL ||
        readlink("/proc/self/exe", path, sizeof path - 1) < 0)
        bench_stop("/proc/self/exe");
    *strrchr(path, '/') = '\0';
    *strrchr(path, '/') = '\0';
    snprintf(bin, sizeof bin, "%s", path);
    char *variant = strrchr(path, '/');
    *variant++ = '\0';
    snprintf(make, sizeof make, "env -u MAKEFLAGS -u MFLAGS -u MAKELEVEL make -s "
             "--no-print-directory V=%s BUILD='%s' RESULTS=%s", variant, path, "results");
    bench_folder(folder);
    printf("the engine (median of %d)\n", ROUNDS);
    hit();
    overhead();
    sweep();
    snakemake();
    return runf("cd / && chmod -R u+w '%s' && rm -rf '%s'", folder, folder).seconds < 0.0 ||
           missed > 0;
}
