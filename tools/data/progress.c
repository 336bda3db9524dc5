/* SPDX-License-Identifier: MIT */
#include "data.h"

#include <basin/text.h>

#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static bool shown;

static bool is_terminal(void)
{
    static int known = -1;
    if (known < 0)
        known = isatty(STDERR_FILENO) && getenv("TERM") != NULL;
    return known;
}

double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

void progress_note(const char *what)
{
    if (!is_terminal())
        return;
    fprintf(stderr, "\r\033[K%.100s", what);
    shown = true;
}

void progress_show(const char *what, double before, double done, double all, double seconds)
{
    static double last;
    char a[32], b[32], speed[32], left[32];
    if (!is_terminal() || (shown && now() < last + 0.2))
        return;
    last = now();
    const double rate = seconds > 0.0 ? (done - before) / seconds : 0.0;
    fprintf(stderr, "\r\033[K%.60s  %s of %s, %s/s%s%s", what, bn_human_bytes(done, a),
            bn_human_bytes(all, b), bn_human_bytes(rate, speed), rate > 0.0 ? ", left " : "",
            rate > 0.0 ? bn_human_seconds((all - done) / rate, left) : "");
    fflush(stderr);
    shown = true;
}

void progress_hide(void)
{
    if (shown)
        fputs("\r\033[K", stderr);
    shown = false;
}
