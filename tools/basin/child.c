/* SPDX-License-Identifier: MIT
 *
 * One program, run in a scrubbed environment so that what it does depends on its
 * command line alone, with a live line while it runs.                        */
#include "basin.h"

#include <basin/mem.h>
#include <basin/text.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define TICK 0.2                         /* seconds between two live lines */

pid_t wait4(pid_t pid, int *status, int options, struct rusage *usage);

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* --- environment --------------------------------------------------------- */

/* Sanitizers are told what to overlook through their variables. */
static const char *const handed_on[] = {
    "HOME", "ASAN_OPTIONS", "LSAN_OPTIONS", "UBSAN_OPTIONS", "LD_PRELOAD", "TMPDIR",
};

static bn_status environment(const char *path, struct list *env)
{
    const char *old = getenv("PATH");
    char *full = bn_format("PATH=%s%s%s", path ? path : "", path ? ":" : "",
                           old ? old : "/usr/bin:/bin");
    bn_status rc = full ? list_add(env, full) : BN_NOMEM;
    free(full);
    for (size_t i = 0; i < BN_LEN(handed_on) && rc == BN_OK; i++) {
        const char *value = getenv(handed_on[i]);
        char *text = value ? bn_format("%s=%s", handed_on[i], value) : NULL;
        if (text != NULL)
            rc = list_add(env, text);
        free(text);
    }
    const char *const fixed[] = { "LANG=C.UTF-8", "OPENBLAS_NUM_THREADS=1",
                                  "OMP_NUM_THREADS=1", "HDF5_USE_FILE_LOCKING=FALSE" };
    for (size_t i = 0; i < BN_LEN(fixed) && rc == BN_OK; i++)
        rc = list_add(env, fixed[i]);
    return rc;
}

/* --- signals: a child that is stopped stops cleanly, and so do we -------- */

static volatile sig_atomic_t caught, running;

static void pass_on(int sig)
{
    caught = sig;
    if (running > 0)
        kill((pid_t)running, sig);
}

static const int stops[] = { SIGINT, SIGTERM, SIGHUP };

static void catch_stops(struct sigaction old[BN_LEN(stops)])
{
    struct sigaction act = { .sa_handler = pass_on };
    sigemptyset(&act.sa_mask);
    for (size_t i = 0; i < BN_LEN(stops); i++)
        sigaction(stops[i], &act, &old[i]);
}

static void restore_stops(const struct sigaction old[BN_LEN(stops)])
{
    for (size_t i = 0; i < BN_LEN(stops); i++)
        sigaction(stops[i], &old[i], NULL);
}

/* --- the live line ------------------------------------------------------- */

static void show(const struct child *c, double elapsed, double fraction)
{
    char a[32], b[32], rest[64] = "";
    if (fraction > 0.0)
        snprintf(rest, sizeof rest, "  %3.0f %%  %s left", 100.0 * fraction,
                 bn_human_seconds(elapsed * (1.0 - fraction) / fraction, b));
    fprintf(stderr, "\r\033[K%s  %s%s", c->name, bn_human_seconds(elapsed, a), rest);
    fflush(stderr);
}

/* The last whole line in what the stage wrote is how far it is. */
static void take_progress(int *fd, double *fraction)
{
    char text[512];
    const ssize_t n = read(*fd, text, sizeof text - 1);
    if (n <= 0) {
        close(*fd);
        *fd = -1;
        return;
    }
    text[n] = '\0';
    char *end = strrchr(text, '\n');
    if (end == NULL)
        return;
    *end = '\0';
    char *start = strrchr(text, '\n');
    double x;
    if (bn_parse_real(start ? start + 1 : text, &x) == BN_OK && x >= 0.0 && x <= 1.0)
        *fraction = x;
}

static void take_said(int *fd, char **said, size_t *n)
{
    char text[4096];
    const ssize_t got = read(*fd, text, sizeof text);
    char *more = got > 0 && *n < (1 << 20) ? bn_grow(*said, *n + (size_t)got + 1, 1) : NULL;
    if (more != NULL) {
        memcpy(more + *n, text, (size_t)got);
        *n += (size_t)got;
        more[*n] = '\0';
        *said = more;
    } else if (got <= 0) {
        close(*fd);
        *fd = -1;
    }
}

static void watch(struct child *c, int progress, int said)
{
    const bool live = isatty(STDERR_FILENO) != 0;
    const double start = now();
    double shown = start, fraction = 0.0;
    size_t n = 0;
    while (progress >= 0 || said >= 0) {
        struct pollfd fds[2] = { { progress, POLLIN, 0 }, { said, POLLIN, 0 } };
        const int ready = poll(fds, 2, live ? (int)(TICK * 1e3) : -1);
        if (ready < 0 && errno != EINTR)
            break;
        if (ready > 0 && fds[0].revents != 0)
            take_progress(&progress, &fraction);
        if (ready > 0 && fds[1].revents != 0)
            take_said(&said, &c->said, &n);
        if (live && now() - shown >= TICK) {
            shown = now();
            show(c, shown - start, fraction);
        }
    }
    if (live && shown > start)
        fprintf(stderr, "\r\033[K");
}

/* --- start and wait ------------------------------------------------------ */

static _Noreturn void become(const struct child *c, char *const *argv, char *const *env,
                             int progress, int said)
{
    prctl(PR_SET_PDEATHSIG, SIGTERM);    /* a driver that is killed takes it along */
    if (progress >= 0)
        fcntl(progress, F_SETFD, 0);
    if (said >= 0)
        dup2(said, STDERR_FILENO);
    if (c->capture)
        dup2(STDERR_FILENO, STDOUT_FILENO);
    execve(argv[0], argv, env);
    fprintf(stderr, "basin: %s: cannot be run (%s)\n", argv[0], strerror(errno));
    _exit(127);
}

static bn_status make_pipe(bool wanted, int fds[2])
{
    fds[0] = fds[1] = -1;
    if (!wanted)
        return BN_OK;
    if (pipe(fds) != 0)
        return bn_fail(BN_NOMEM, "no more pipes (%s)", strerror(errno));
    fcntl(fds[0], F_SETFD, FD_CLOEXEC);
    fcntl(fds[1], F_SETFD, FD_CLOEXEC);
    return BN_OK;
}

static bn_status build_argv(const struct child *c, int progress, struct list *argv)
{
    for (size_t i = 0; c->argv[i] != NULL; i++)
        BN_TRY(list_add(argv, c->argv[i]));
    if (progress >= 0) {
        char number[16];
        snprintf(number, sizeof number, "%d", progress);
        BN_TRY(list_add(argv, "--progress-fd"));
        BN_TRY(list_add(argv, number));
    }
    return BN_OK;
}

static bn_status start(struct child *c, int progress[2], int said[2])
{
    struct list argv = { 0 }, env = { 0 };
    bn_status rc = build_argv(c, progress[1], &argv);
    if (rc == BN_OK)
        rc = environment(c->path, &env);
    if (rc == BN_OK) {
        fflush(NULL);
        c->pid = fork();
        if (c->pid == 0)
            become(c, argv.at, env.at, progress[1], said[1]);
        if (c->pid < 0)
            rc = bn_fail(BN_NOMEM, "%s: cannot be started (%s)", c->argv[0],
                         strerror(errno));
    }
    list_free(&argv);
    list_free(&env);
    return rc;
}

bn_status child_run(struct child *c)
{
    int progress[2] = { -1, -1 }, said[2] = { -1, -1 };
    struct sigaction old[BN_LEN(stops)];
    struct rusage usage = { 0 };
    const double begin = now();
    c->said = NULL;
    caught = 0;
    BN_TRY(make_pipe(c->progress, progress));
    BN_TRY(make_pipe(c->capture, said));
    catch_stops(old);
    const bn_status rc = start(c, progress, said);
    if (progress[1] >= 0)
        close(progress[1]);
    if (said[1] >= 0)
        close(said[1]);
    if (rc == BN_OK) {
        running = c->pid;
        watch(c, progress[0], said[0]);
        while (wait4(c->pid, &c->status, 0, &usage) < 0 && errno == EINTR)
            ;
        running = 0;
        c->seconds = now() - begin;
        c->bytes = 1024.0 * (double)usage.ru_maxrss;
    }
    restore_stops(old);
    return rc;
}

int child_status(const struct child *c, const char *what)
{
    if (WIFSIGNALED(c->status)) {
        const int sig = WTERMSIG(c->status);
        bn_fail(BN_INPUT, "%s: stopped by signal %d (%s)%s", what, sig, strsignal(sig),
                sig == SIGKILL ? ": the machine may be out of memory" : "");
        return 128 + sig;
    }
    const int status = WEXITSTATUS(c->status);
    if (status == 0 && caught == 0)
        return 0;
    bn_fail(BN_INPUT, "%s: ended with exit status %d", what, status);
    return caught ? 128 + (int)caught : status;
}
