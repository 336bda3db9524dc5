/* SPDX-License-Identifier: MIT */
#include "data.h"

#include <basin/text.h>

#include <stdlib.h>
#include <unistd.h>

static bool shown;

static bool is_terminal(void)
{
    static int known = -1;
    if (known < 0)
        known = isatty(STDERR_FILENO) && getenv("TERM") != NULL;
    return known;
}

void progress_show(const char *what, double before, double done, double all, double seconds)
{
    char a[32], b[32], speed[32], left[32];
    if (!is_terminal())
        return;
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
