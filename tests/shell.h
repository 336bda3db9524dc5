/* SPDX-License-Identifier: MIT
 * For tests that use programs as a person would: run a command line, keep what
 * it says and its exit status.                                               */
#ifndef SHELL_H
#define SHELL_H

#include "test.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static char said[1 << 16];               /* by the last command, both streams */

/* Exit status of a command; 128 + n if a signal ended it. */
__attribute__((format(printf, 1, 2))) static int sh(const char *fmt, ...)
{
    char command[4096], wrapped[4200];
    va_list args;
    va_start(args, fmt);
    vsnprintf(command, sizeof command, fmt, args);
    va_end(args);
    snprintf(wrapped, sizeof wrapped, "{ %s\n} 2>&1", command);
    FILE *f = popen(wrapped, "r");
    if (f == NULL)
        fail_msg("%s: cannot be run", command);
    const size_t n = fread(said, 1, sizeof said - 1, f);
    said[n] = '\0';
    while (fgetc(f) != EOF)
        ;
    const int status = pclose(f);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

#define assert_runs(...)                                                      \
    do {                                                                      \
        const int s_ = sh(__VA_ARGS__);                                       \
        if (s_ != 0)                                                          \
            fail_msg("exit status %d: %s", s_, said);                         \
    } while (0)

#define assert_exits(status, ...)                                             \
    do {                                                                      \
        const int s_ = sh(__VA_ARGS__);                                       \
        if (s_ != (status))                                                   \
            fail_msg("exit status %d, want %d: %s", s_, status, said);        \
    } while (0)

/* How often a piece of text occurs in what was said. */
static inline int count_said(const char *piece)
{
    int n = 0;
    for (const char *p = strstr(said, piece); p; p = strstr(p + 1, piece))
        n++;
    return n;
}

/* For tests that edit a source without compiling it: let the build in folder `b` say that
 * it was compiled from the sources as they are now.                        */
static inline int compiled_as_is(const char *b, const char *source)
{
    return sh("o='%s'/$(echo '%s' | sed 's/[.]c$//'); "
              "cut -c 67- $o.sum | xargs sha256sum > $o.new && mv $o.new $o.sum && "
              "touch $o.o && touch '%s'/stages/*[a-z]", b, source, b);
}

/* The folder with the programs: BIN, or the release build. */
static inline const char *programs(void)
{
    static char path[1024];
    const char *bin = getenv("BIN");
    if (bin != NULL)
        return bin;
    char here[900];
    snprintf(path, sizeof path, "%s/build/release", getcwd(here, sizeof here) ? here : ".");
    return path;
}

/* The start of a `make` of the test's own: variant and compiler of the programs under
 * test, results in out/, the build in folder `build` (NULL: the one under test).  */
static inline void write_make(char *make, size_t size, const char *build)
{
    char folder[1024], cc[64] = "gcc";
    snprintf(folder, sizeof folder, "%s", programs());
    if (sh("cut -d ' ' -f 1 '%s/flags'", folder) == 0)
        sscanf(said, "%63s", cc);
    char *variant = strrchr(folder, '/');
    *variant++ = '\0';
    snprintf(make, size, "env -u MAKEFLAGS -u MFLAGS -u MAKELEVEL make --no-print-directory "
             "V=%s BUILD='%s' CC='%s' RESULTS=out", variant, build ? build : folder, cc);
}

#endif
