/* SPDX-License-Identifier: MIT
 *
 * Makes that work in one tree with the same plan help each other; makes with
 * different plans take turns, because results/ can hold one set of links.  Each
 * make is noted in results/.basin/makes/<pid> with the time it started, so that
 * a note whose process is gone, however it went, counts for nothing.         */
#include "basin.h"

#include <basin/mem.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

/* Parent and start time (clock ticks after boot) of a process; false if gone. */
static bool process(long pid, long *parent, unsigned long long *start)
{
    char path[64], text[1024];
    snprintf(path, sizeof path, "/proc/%ld/stat", pid);
    FILE *f = fopen(path, "r");
    if (f == NULL)
        return false;
    const size_t n = fread(text, 1, sizeof text - 1, f);
    fclose(f);
    text[n] = '\0';
    char state, *end = strrchr(text, ')');   /* the name may hold anything */
    return end != NULL &&
           sscanf(end + 1, " %c %ld %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d "
                  "%*d %*d %*d %*d %llu", &state, parent, start) == 3 && state != 'Z';
}

/* A make that runs below another one must not wait for it. */
static bool is_ancestor(long pid, long of)
{
    unsigned long long start;
    for (long p = of, parent; p > 1; p = parent) {
        if (!process(p, &parent, &start))
            return false;
        if (parent == pid)
            return true;
    }
    return false;
}

/* Is there a living make, not this one, with another plan?  Dead notes go. */
static bn_status find_other(const char *folder, long make, const char *plan, long *other)
{
    struct list names = { 0 };
    *other = 0;
    bn_status rc = file_names(folder, "", &names);
    for (size_t i = 0; i < names.n && rc == BN_OK; i++) {
        char *path = bn_format("%s/%s", folder, names.at[i]), *text = NULL;
        char theirs[BN_HEX + 8] = "";
        const long pid = strtol(names.at[i], NULL, 10);
        unsigned long long noted = 0, start = 0;
        long parent;
        rc = path && (!file_exists(path) || file_read(path, &text, NULL) == BN_OK)
                 ? BN_OK : BN_NOMEM;
        const bool whole = text && sscanf(text, "%llu %71[^\n]", &noted, theirs) == 2;
        if (pid > 0 && (!whole || !process(pid, &parent, &start) || start != noted))
            unlink(path);
        else if (pid > 0 && pid != make && strcmp(theirs, plan) != 0 &&
                 !is_ancestor(pid, make))
            *other = pid;
        free(text);
        free(path);
    }
    list_free(&names);
    return rc;
}

/* The shell that Make starts names its parent; if that was killed meanwhile, it is the
 * process that adopts orphans, which lives for ever and makes nothing.      */
static bool is_make(long pid)
{
    char path[64], name[64] = "";
    snprintf(path, sizeof path, "/proc/%ld/comm", pid);
    FILE *f = fopen(path, "r");
    const bool known = f != NULL && fgets(name, sizeof name, f) != NULL;
    if (f != NULL)
        fclose(f);
    return known && (pid != 1 || strstr(name, "make") != NULL);
}

static bn_status note(const char *folder, long make, const char *plan)
{
    unsigned long long start = 0;
    long parent;
    if (!is_make(make) || !process(make, &parent, &start))
        return bn_fail(BN_USAGE, "--make %ld: there is no such make any more", make);
    char *path = bn_format("%s/%ld", folder, make);
    char *text = bn_format("%llu %s\n", start, plan);
    const bn_status rc = path && text ? file_write(path, text) : BN_NOMEM;
    free(text);
    free(path);
    return rc;
}

static bn_status open_gate(const char *folder, int *fd)
{
    char *gate = bn_format("%s/.gate", folder);
    bn_status rc = gate ? file_make_folders(gate) : BN_NOMEM;
    if (rc == BN_OK && (*fd = open(gate, O_RDWR | O_CREAT | O_CLOEXEC, 0666)) < 0)
        rc = bn_fail(BN_OUTPUT, "%s: cannot be opened (%s); make the folder writable, or "
                     "choose another with RESULTS=folder", gate, strerror(errno));
    free(gate);
    return rc;
}

bn_status makes_enter(const char *results, long make, const char *plan)
{
    const struct timespec pause = { 0, 100000000 };
    char *folder = bn_format("%s/.basin/makes", results);
    int fd = -1;
    bn_status rc = folder ? open_gate(folder, &fd) : BN_NOMEM;
    bool said = false;
    while (rc == BN_OK) {
        long other;
        while (flock(fd, LOCK_EX) != 0 && errno == EINTR)
            ;
        rc = find_other(folder, make, plan, &other);
        if (rc == BN_OK && other == 0)
            rc = note(folder, make, plan);
        flock(fd, LOCK_UN);
        if (rc != BN_OK || other == 0)
            break;
        if (!said)
            fprintf(stderr, "basin: another make (process %ld) works in %s with other "
                    "parameters or RUN; waiting for it to end\n", other, results);
        said = true;
        nanosleep(&pause, NULL);
    }
    if (fd >= 0)
        close(fd);
    free(folder);
    return rc;
}

bn_status makes_shut(const char *results, int *gate)
{
    const struct timespec pause = { 0, 100000000 };
    char *folder = bn_format("%s/.basin/makes", results);
    bn_status rc = folder ? open_gate(folder, gate) : BN_NOMEM;
    bool said = false;
    while (rc == BN_OK) {
        long other;
        while (flock(*gate, LOCK_EX) != 0 && errno == EINTR)
            ;
        rc = find_other(folder, (long)getpid(), "", &other);
        if (rc != BN_OK || other == 0)
            break;
        flock(*gate, LOCK_UN);
        if (!said)
            fprintf(stderr, "basin: a make (process %ld) works in %s; waiting for it to "
                    "end\n", other, results);
        said = true;
        nanosleep(&pause, NULL);
    }
    free(folder);
    return rc;
}

bn_status makes_plans(const char *results, struct list *plans)
{
    struct list names = { 0 };
    char *folder = bn_format("%s/.basin/makes", results);
    bn_status rc = folder ? file_names(folder, "", &names) : BN_NOMEM;
    for (size_t i = 0; i < names.n && rc == BN_OK; i++) {
        char *path = bn_format("%s/%s", folder, names.at[i]), *text = NULL;
        char plan[BN_HEX] = "";
        if (path != NULL && file_read(path, &text, NULL) == BN_OK &&
            sscanf(text, "%*u %64s", plan) == 1)
            rc = list_add(plans, plan);
        free(text);
        free(path);
    }
    list_free(&names);
    free(folder);
    return rc;
}

/* Seconds after 1970 at which a process started, from the ticks after boot. */
static double started(unsigned long long ticks)
{
    double up = 0.0;
    FILE *f = fopen("/proc/uptime", "r");
    const bool good = f != NULL && fscanf(f, "%lf", &up) == 1;
    if (f != NULL)
        fclose(f);
    return good ? (double)time(NULL) - up + (double)ticks / (double)sysconf(_SC_CLK_TCK)
                : 0.0;
}

bool makes_alive(long pid, time_t when)
{
    unsigned long long ticks;
    long parent;
    return process(pid, &parent, &ticks) && started(ticks) < (double)when + 2.0;
}

bool makes_busy(const char *results)
{
    char *folder = bn_format("%s/.basin/makes", results);
    long other = 0;
    const bool known = folder != NULL && find_other(folder, 0, "", &other) == BN_OK;
    free(folder);
    return !known || other != 0;
}
