/* SPDX-License-Identifier: MIT
 * A library to preload: the n-th call that changes something on the disk fails, or a
 * byte is read wrong.  See faults.h and test_safety.c.                       */
#define _GNU_SOURCE
#include "faults.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static struct faults *plan;

/* ISO C has no conversion from an object pointer to a function pointer. */
#define REAL(type, name, ...)                                                 \
    static type (*real)(__VA_ARGS__);                                         \
    if (real == NULL) {                                                       \
        void *found_ = dlsym(RTLD_NEXT, name);                                \
        memcpy(&real, &found_, sizeof real);                                  \
    }

__attribute__((constructor)) static void start(void)
{
    Dl_info info;
    char path[4096];
    void *here;
    void (*self)(void) = start;
    memcpy(&here, &self, sizeof here);
    if (dladdr(here, &info) == 0 || info.dli_fname == NULL)
        return;
    snprintf(path, sizeof path, "%s.plan", info.dli_fname);
    REAL(int, "open", const char *, int, ...)
    const int fd = real(path, O_RDWR | O_CLOEXEC);
    void *at = fd >= 0 ? mmap(NULL, sizeof *plan, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0)
                       : MAP_FAILED;
    if (at != MAP_FAILED)
        plan = at;
    if (fd >= 0)
        close(fd);
}

static bool fails(const char *path)
{
    if (plan == NULL || path == NULL || strstr(path, plan->under) == NULL)
        return false;
    const int64_t n = plan->count++;
    if (plan->at < 0 || (plan->for_good ? n < plan->at : n != plan->at))
        return false;
    errno = plan->error;
    return true;
}

static bool fails_at(int fd)
{
    const int before = errno;
    char link[64], path[4096];
    if (plan == NULL)
        return false;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    const ssize_t n = readlink(link, path, sizeof path - 1);
    path[n > 0 ? n : 0] = '\0';
    errno = before;
    return fails(path);
}

/* --- files --------------------------------------------------------------- */

int open(const char *path, int flags, ...)
{
    REAL(int, "open", const char *, int, ...)
    mode_t mode = 0;
    if (flags & O_CREAT) {
        va_list args;
        va_start(args, flags);
        mode = va_arg(args, mode_t);
        va_end(args);
        if (fails(path))
            return -1;
    }
    return real(path, flags, mode);
}

FILE *fopen(const char *path, const char *mode)
{
    REAL(FILE *, "fopen", const char *, const char *)
    if (mode[0] != 'r' && fails(path))
        return NULL;
    return real(path, mode);
}

static bool is_written(FILE *f)
{
    const int fd = f != NULL ? fileno(f) : -1;
    return fd >= 0 && (fcntl(fd, F_GETFL) & O_ACCMODE) != O_RDONLY;
}

int fflush(FILE *f)
{
    REAL(int, "fflush", FILE *)
    if (is_written(f) && fails_at(fileno(f)))
        return EOF;
    return real(f);
}

int fclose(FILE *f)
{
    REAL(int, "fclose", FILE *)
    const bool bad = is_written(f) && fails_at(fileno(f));
    const int error = errno, result = real(f);
    if (bad)
        errno = error;
    return bad ? EOF : result;
}

/* --- what changes a file ------------------------------------------------- */

ssize_t write(int fd, const void *bytes, size_t n)
{
    REAL(ssize_t, "write", int, const void *, size_t)
    return fails_at(fd) ? -1 : real(fd, bytes, n);
}

ssize_t pwrite(int fd, const void *bytes, size_t n, off_t at)
{
    REAL(ssize_t, "pwrite", int, const void *, size_t, off_t)
    return fails_at(fd) ? -1 : real(fd, bytes, n, at);
}

int ftruncate(int fd, off_t n)
{
    REAL(int, "ftruncate", int, off_t)
    return fails_at(fd) ? -1 : real(fd, n);
}

int fsync(int fd)
{
    REAL(int, "fsync", int)
    return fails_at(fd) ? -1 : real(fd);
}

int fchmod(int fd, mode_t mode)
{
    REAL(int, "fchmod", int, mode_t)
    return fails_at(fd) ? -1 : real(fd, mode);
}

int futimens(int fd, const struct timespec times[2])
{
    REAL(int, "futimens", int, const struct timespec *)
    return fails_at(fd) ? -1 : real(fd, times);
}

/* --- what changes a folder ----------------------------------------------- */

int rename(const char *from, const char *to)
{
    REAL(int, "rename", const char *, const char *)
    return fails(to) ? -1 : real(from, to);
}

int mkdir(const char *path, mode_t mode)
{
    REAL(int, "mkdir", const char *, mode_t)
    return fails(path) ? -1 : real(path, mode);
}

int symlink(const char *target, const char *path)
{
    REAL(int, "symlink", const char *, const char *)
    return fails(path) ? -1 : real(target, path);
}

int link(const char *from, const char *to)
{
    REAL(int, "link", const char *, const char *)
    return fails(to) ? -1 : real(from, to);
}

/* --- bytes that are read wrong ------------------------------------------- */

static void spoil(int fd, unsigned char *bytes, ssize_t n, off_t at)
{
    struct stat st;
    const int before = errno;
    if (plan != NULL && plan->inode != 0 && n > 0 && fstat(fd, &st) == 0 &&
        st.st_ino == plan->inode && plan->offset >= at && plan->offset < at + n)
        bytes[plan->offset - at] ^= (unsigned char)plan->mask;
    errno = before;
}

ssize_t read(int fd, void *bytes, size_t n)
{
    REAL(ssize_t, "read", int, void *, size_t)
    const off_t at = plan != NULL && plan->inode != 0 ? lseek(fd, 0, SEEK_CUR) : -1;
    const ssize_t got = real(fd, bytes, n);
    if (at >= 0)
        spoil(fd, bytes, got, at);
    return got;
}

ssize_t pread(int fd, void *bytes, size_t n, off_t at)
{
    REAL(ssize_t, "pread", int, void *, size_t, off_t)
    const ssize_t got = real(fd, bytes, n, at);
    spoil(fd, bytes, got, at);
    return got;
}
