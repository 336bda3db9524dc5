/* SPDX-License-Identifier: MIT
 * A module of grid cells, stage by stage: tuning, weights and 5 s of 16 trajectories with
 * the parameters of params/grid.conf, 2,000 cells on 20 x 20 phases first, then 25,000 on
 * 50 x 50.  bench_grid small: only the first.                                   */
#include "bench.h"

#include <sys/resource.h>

struct stage {
    const char *name, *inputs;
};

static const struct stage stages[] = {
    { "tuning", "" },
    { "weights", "--in tuning=%s/tuning.h5" },
    { "activity", "--in weights=%s/weights.h5 --in tuning=%s/tuning.h5" },
};

/* Gigabytes of the largest program so far. */
static double most_memory(void)
{
    struct rusage u;
    getrusage(RUSAGE_CHILDREN, &u);
    return 1024e-9 * (double)u.ru_maxrss;
}

static double processor(void)
{
    struct rusage u;
    getrusage(RUSAGE_CHILDREN, &u);
    return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec)
         + 1e-6 * (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec);
}

static double run(const char *programs, const char *folder, const struct stage *s,
                  const char *more)
{
    char inputs[512], command[4096];
    const double start = bench_now(), used = processor();

    snprintf(inputs, sizeof inputs, s->inputs, folder, folder);
    snprintf(command, sizeof command, "%s/%s --quiet --params params/grid.conf %s --out "
             "%s/%s.h5 %s", programs, s->name, inputs, folder, s->name, more);
    if (system(command) != 0) {
        fprintf(stderr, "failed (run this from the project's folder): %s\n", command);
        exit(1);
    }
    const double seconds = bench_now() - start;
    printf("  %-9s %8.1f s, of the processors %8.1f s\n", s->name, seconds, processor() - used);
    fflush(stdout);
    return seconds;
}

static void module(const char *programs, const char *what, const char *more, double target)
{
    static const char *const files[] = { "tuning.h5", "weights.h5", "activity.h5", NULL };
    char folder[64], verdict[64] = "";
    double seconds = 0.0;

    bench_folder(folder);
    printf("grid cells, %s\n", what);
    for (size_t k = 0; k < BN_LEN(stages); k++)
        seconds += run(programs, folder, &stages[k], k == 0 ? more : "");
    if (target > 0.0)
        snprintf(verdict, sizeof verdict, "  target 300 s, 8 GB %s",
                 seconds < target && most_memory() < 8.0 ? "met" : "MISSED");
    printf("  together  %8.1f s, at most %.1f GB%s\n", seconds, most_memory(), verdict);
    fflush(stdout);
    bench_folder_remove(folder, files);
}

int main(int argc, char **argv)
{
    char programs[2048];
    const char *slash = strrchr(argv[0], '/');

    snprintf(programs, sizeof programs, "%.*s../stages",
             slash != NULL ? (int)(slash - argv[0]) + 1 : 0, argv[0]);
    module(programs, "2,000 on 20 x 20 phases", "--set neurons=2000 --set points=20", 0.0);
    if (argc < 2 || strcmp(argv[1], "small") != 0)
        module(programs, "25,000 on 50 x 50 phases", "", 300.0);
    return 0;
}
