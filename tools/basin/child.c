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
#define ANNOUNCE 2.0                     /* what runs longer is worth a line in a file */

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

static bn_status environment(const char *path, const char *verified, struct list *env)
{
    const char *old = getenv("PATH");
    char *full = bn_format("PATH=%s%s%s", path ? path : "", path ? ":" : "",
                           old ? old : "/usr/bin:/bin");
    bn_status rc = full ? list_add(env, full) : BN_NOMEM;
    free(full);
    if (rc == BN_OK && verified != NULL)
        rc = list_add(env, verified);
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

/* --- how far it is -------------------------------------------------------- */

struct course {
    double start, fraction;              /* of what is done; 0: unknown */
    double first, first_at;              /* the first fraction that was reported, when:
                                            a run may continue from a checkpoint */
    double expected;                     /* of an earlier run; negative: unknown */
    bool asked, announced;
};

static double seconds_left(const struct course *p, double t)
{
    const double elapsed = t - p->start;
    /* The first percents of a run say less than an earlier run. */
    if (p->fraction > p->first + (p->expected < 0.0 ? 0.0 : 0.02))
        return (t - p->first_at) * (1.0 - p->fraction) / (p->fraction - p->first);
    if (p->expected < 0.0)
        return -1.0;
    const double left = p->fraction > 0.0 ? p->expected * (1.0 - p->fraction)
                                          : p->expected - elapsed;
    return left > 0.0 ? left : -1.0;
}

static void ask_history(const struct child *c, struct course *p)
{
    if (!p->asked && c->results != NULL && c->stage != NULL)
        p->expected = times_expect(c->results, c->name, c->stage);
    p->asked = true;
}

static void show(const struct child *c, struct course *p)
{
    const double t = now(), elapsed = t - p->start;
    ask_history(c, p);
    struct progress shown = { c->name, elapsed, seconds_left(p, t), p->fraction };
    if (shown.fraction <= 0.0 && shown.left > 0.0)
        shown.fraction = elapsed / (elapsed + shown.left);
    display_show(&shown);
}

/* Into a file: that something runs is worth a line once it takes a while. */
static void announce(const struct child *c, struct course *p)
{
    char text[512], a[32], last[64] = "";
    ask_history(c, p);
    if (p->expected > 0.0)
        snprintf(last, sizeof last, ", took %s last time", bn_human_seconds(p->expected, a));
    snprintf(text, sizeof text, "%-34s    running%s\n", c->name, last);
    display_print(stdout, text);
    p->announced = true;
}

/* The last whole line in what the stage wrote is how far it is. */
static void take_progress(int *fd, struct course *p)
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
    if (bn_parse_real(start ? start + 1 : text, &x) != BN_OK || x <= 0.0 || x > 1.0)
        return;
    if (p->fraction <= 0.0) {
        p->first = x;
        p->first_at = now();
    }
    p->fraction = x;
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

/* What a stage says goes to the terminal line by line, above what is drawn there. */
static void hand_on(struct child *c, size_t *n, bool all)
{
    char *end = *n > 0 ? strrchr(c->said, '\n') : NULL;
    const size_t length = all ? *n : end != NULL ? (size_t)(end + 1 - c->said) : 0;
    char *lines = length > 0 ? bn_format("%.*s", (int)length, c->said) : NULL;
    if (lines == NULL)
        return;
    display_print(stderr, lines);
    free(lines);
    *n -= length;
    memmove(c->said, c->said + length, *n + 1);
}

/* Milliseconds until there is something to do, whatever the child does. */
static int patience(const struct course *p)
{
    if (display_is_live())
        return (int)(TICK * 1e3);
    if (display_is_quiet() || p->announced)
        return -1;
    const double left = ANNOUNCE - (now() - p->start);
    return left > 0.0 ? (int)(left * 1e3) + 1 : 0;
}

static void watch(struct child *c, int progress, int said)
{
    struct course p = { .start = now(), .expected = -1.0 };
    double shown = p.start;
    size_t n = 0;
    while (progress >= 0 || said >= 0) {
        struct pollfd fds[2] = { { progress, POLLIN, 0 }, { said, POLLIN, 0 } };
        const int ready = poll(fds, 2, patience(&p));
        if (ready < 0 && errno != EINTR)
            break;
        if (ready > 0 && fds[0].revents != 0)
            take_progress(&progress, &p);
        if (ready > 0 && fds[1].revents != 0)
            take_said(&said, &c->said, &n);
        if (!c->capture && n > 0)
            hand_on(c, &n, said < 0);
        if (display_is_live() && now() - shown >= TICK) {
            shown = now();
            show(c, &p);
        }
        if (!display_is_live() && !display_is_quiet() && !p.announced &&
            now() - p.start >= ANNOUNCE)
            announce(c, &p);
    }
}

/* --- start and wait ------------------------------------------------------ */

static _Noreturn void become(const struct child *c, char *const *argv, char *const *env,
                             int progress, int said, pid_t parent)
{
    prctl(PR_SET_PDEATHSIG, SIGTERM);    /* a driver that is killed takes it along */
    if (getppid() != parent)             /* it was killed before */
        _exit(127);
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
        rc = environment(c->path, c->verified, &env);
    if (rc == BN_OK) {
        fflush(NULL);
        const pid_t parent = getpid();
        c->pid = fork();
        if (c->pid == 0)
            become(c, argv.at, env.at, progress[1], said[1], parent);
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
    BN_TRY(make_pipe(c->capture || display_is_live(), said));
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
        display_hide();
        c->stopped = caught;
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
