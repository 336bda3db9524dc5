/* SPDX-License-Identifier: MIT
 *
 * What is running, on the terminal: one line for each stage and one for the rest.
 *
 *     (the cursor waits on this empty line)
 *     ring/activity.h5             [########............]  41 %  2 min 10 s, 3 min left
 *     ring/tuning.replicate-2.h5   [##..................]  12 %  0.6 s, 4 s left
 *     figure3: 5 of 9 left, about 6 min
 *
 * With -j every stage has a driver of its own.  Each writes how far it is to
 * results/.basin/running/<host>.<pid>, locked as long as it lives, and whoever has
 * not seen the block drawn for a while draws all of it; so there is no leader whose
 * death would matter, and a note without a lock is a dead one's and goes.  The cursor
 * rests above the block: what Make or a stage prints in between gets a line of its
 * own, and the block is drawn again below.                                   */
#include "basin.h"

#include <basin/mem.h>
#include <basin/text.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

enum { WIDE = 100, BAR = 20, NAME = 34, SHORT_BAR = 10, SHORT_NAME = 27 };
#define TICK 0.2                         /* seconds between two drawings */

static struct {
    const char *results;
    bool live, quiet;
    char *folder, *path;                 /* of all notes, of ours */
    int note, gate;                      /* our note; taken while somebody draws */
    unsigned long long terminal;
    char host[64];
} display = { .note = -1, .gate = -1 };

/* CLOCK_MONOTONIC, here and in child.c: the time a laptop sleeps is nobody's work. */
static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

void display_open(const char *results, bool quiet)
{
    const char *term = getenv("TERM");
    struct stat st;
    display.results = results;
    display.quiet = quiet;
    display.live = !quiet && isatty(STDERR_FILENO) != 0 &&
                   fstat(STDERR_FILENO, &st) == 0 && term != NULL &&
                   strcmp(term, "dumb") != 0;
    if (!display.live)
        return;
    display.terminal = (unsigned long long)st.st_rdev;
    gethostname(display.host, sizeof display.host - 1);
    display.folder = bn_format("%s/.basin/running", results);
    display.live = display.folder != NULL;
}

bool display_is_live(void)
{
    return display.live;
}

bool display_is_quiet(void)
{
    return display.quiet;
}

/* --- notes --------------------------------------------------------------- */

static int open_locked(const char *path)
{
    for (;;) {
        struct stat st;
        const int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
        if (fd < 0 || flock(fd, LOCK_EX) != 0 || fstat(fd, &st) != 0) {
            if (fd >= 0)
                close(fd);
            return -1;
        }
        if (st.st_nlink > 0)             /* nobody swept it before it was locked */
            return fd;
        close(fd);
    }
}

static bool open_gate(void)
{
    char *gate = display.gate < 0 ? bn_format("%s/.gate", display.folder) : NULL;
    if (gate != NULL && file_make_folders(gate) == BN_OK)
        display.gate = open(gate, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    free(gate);
    return display.gate >= 0;
}

static bool open_note(void)
{
    if (!open_gate() || display.note >= 0)
        return display.note >= 0;
    if (display.path == NULL)
        display.path = bn_format("%s/%s.%ld", display.folder, display.host,
                                 (long)getpid());
    display.note = display.path != NULL ? open_locked(display.path) : -1;
    return display.note >= 0;
}

static void lock_gate(void)
{
    while (flock(display.gate, LOCK_EX) != 0 && errno == EINTR)
        ;
}

static void write_note(const struct progress *p)
{
    char text[512];
    const int n = snprintf(text, sizeof text, "%llu %.1f %.4f %.1f %.400s\n",
                           display.terminal, p->elapsed, p->fraction, p->left, p->name);
    if (pwrite(display.note, text, (size_t)n, 0) == n && ftruncate(display.note, n) != 0)
        return;                          /* the tail of a longer one: drawn after \n */
}

/* The note of a living driver on this terminal. */
static bool read_note(const char *path, struct progress *p, char name[512])
{
    char text[512];
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    const bool dead = flock(fd, LOCK_SH | LOCK_NB) == 0;
    const ssize_t n = dead ? -1 : pread(fd, text, sizeof text - 1, 0);
    if (dead)
        unlink(path);
    close(fd);
    if (n <= 0)
        return false;
    text[n] = '\0';
    unsigned long long terminal;
    p->name = name;
    return sscanf(text, "%llu %lf %lf %lf %511[^\n]", &terminal, &p->elapsed, &p->fraction,
                  &p->left, name) == 5 && terminal == display.terminal;
}

/* --- drawing ------------------------------------------------------------- */

static void screen(size_t *rows, size_t *cols)
{
    struct winsize w = { 0 };
    const bool known = ioctl(STDERR_FILENO, TIOCGWINSZ, &w) == 0;
    *rows = known && w.ws_row > 0 ? w.ws_row : 24;
    *cols = known && w.ws_col > 0 ? w.ws_col : 80;
}

static void draw_line(FILE *f, const struct progress *p, size_t cols)
{
    char bar[BAR + 1], a[32], b[32], rest[64] = "", line[1024];
    const bool known = p->fraction > 0.0;
    const int length = cols < WIDE ? SHORT_BAR : BAR, name = cols < WIDE ? SHORT_NAME : NAME;
    for (int i = 0; i < length; i++)
        bar[i] = i < (int)(length * p->fraction) ? '#' : '.';
    bar[length] = '\0';
    if (p->left >= 0.0)
        snprintf(rest, sizeof rest, ", %s left", bn_human_seconds(p->left, b));
    if (known)
        snprintf(line, sizeof line, "%-*s [%s] %3d %%  %s%s", name, p->name, bar,
                 (int)(100.0 * p->fraction), bn_human_seconds(p->elapsed, a), rest);
    else
        snprintf(line, sizeof line, "%-*s %s%s", name, p->name,
                 bn_human_seconds(p->elapsed, a), rest);
    fprintf(f, "\n%.*s", (int)cols - 1, line);
}

/* How many lines; a block must not be taller than the screen. */
static size_t draw_block(FILE *f)
{
    size_t rows, cols, lines = 0;
    double sum = 0.0, longest = 0.0;
    char rest[256];
    struct list names = { 0 }, running = { 0 };
    screen(&rows, &cols);
    if (file_names(display.folder, "", &names) != BN_OK)
        names.n = 0;
    for (size_t i = 0; i < names.n; i++) {
        struct progress p;
        char name[512], *path = bn_format("%s/%s", display.folder, names.at[i]);
        if (names.at[i][0] != '.' && path != NULL && read_note(path, &p, name) &&
            list_add(&running, name) == BN_OK) {
            sum += p.left > 0.0 ? p.left : 0.0;
            longest = p.left > longest ? p.left : longest;
            if (lines + 4 < rows)
                draw_line(f, &p, cols), lines++;
        }
        free(path);
    }
    if (running.n > 0 && left_line(&running, sum, longest, rest, sizeof rest)) {
        fprintf(f, "\n%.*s", (int)cols - 1, rest);
        lines++;
    }
    list_free(&running);
    list_free(&names);
    return lines;
}

/* Erase below the cursor, print `text`, and draw the block below that again. */
static void draw(FILE *to, const char *text)
{
    char *out = NULL;
    size_t size = 0;
    FILE *f = open_memstream(&out, &size);
    if (f == NULL)
        return;
    if (text != NULL) {
        fputs("\r\033[J", stderr);
        fflush(stderr);
        fputs(text, to);
        fflush(to);
    }
    fputs("\r\033[J", f);
    const size_t lines = draw_block(f);
    if (lines > 0)
        fprintf(f, "\r\033[%zuA", lines);
    if (fclose(f) == 0 && write(STDERR_FILENO, out, size) < 0)
        display.live = false;            /* the terminal is gone */
    free(out);
}

/* When the block was drawn last, in the gate. */
static double last_drawn(void)
{
    char text[32] = "";
    return pread(display.gate, text, sizeof text - 1, 0) > 0 ? strtod(text, NULL) : 0.0;
}

static void note_drawn(void)
{
    char text[32];
    const int n = snprintf(text, sizeof text, "%-20.3f", now());
    if (pwrite(display.gate, text, (size_t)n, 0) != n)
        return;                          /* drawn more often than needed, no more */
}

void display_show(const struct progress *p)
{
    if (!display.live || !open_note())
        return;
    write_note(p);
    const int locked = flock(display.gate, LOCK_EX | LOCK_NB);
    const double since = now() - last_drawn();
    if (locked == 0 && (since >= 0.9 * TICK || since < 0.0)) {
        draw(NULL, NULL);
        note_drawn();
    }
    if (locked == 0)
        flock(display.gate, LOCK_UN);
}

void display_print(FILE *to, const char *text)
{
    if (!display.live || !open_gate()) {
        fputs(text, to);
        fflush(to);
        return;
    }
    lock_gate();
    draw(to, text);
    flock(display.gate, LOCK_UN);
}

void display_hide(void)
{
    if (!display.live || display.note < 0)
        return;
    unlink(display.path);
    close(display.note);
    display.note = -1;
    lock_gate();
    draw(NULL, NULL);
    flock(display.gate, LOCK_UN);
}

void display_close(void)
{
    display_hide();
    if (display.gate >= 0)
        close(display.gate);
    display.gate = -1;
    free(display.folder);
    free(display.path);
    display.folder = display.path = NULL;
    display.live = false;
}
