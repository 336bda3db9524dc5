/* SPDX-License-Identifier: MIT
 * What the harnesses share: an input as a file in memory, as texts, and a check that
 * ends the run.                                                              */
#ifndef FUZZ_H
#define FUZZ_H

#include <basin/err.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
long syscall(long number, ...);

/* What must hold for every input. */
#define MUST(condition)                                                       \
    do {                                                                      \
        if (!(condition)) {                                                   \
            fprintf(stderr, "%s:%d: " #condition "\n", __FILE__, __LINE__);   \
            abort();                                                          \
        }                                                                     \
    } while (0)

/* A failure without a sentence, or with one that is no line of text, is a bug. */
static inline void must_explain(bn_status rc)
{
    MUST(rc == BN_OK || (rc >= BN_USAGE && rc <= BN_NOMEM));
    MUST(rc == BN_OK || bn_error()[0] != '\0');
}

struct memory {
    int fd;
    char path[64];
};

/* A new file each time: HDF5 knows files by their inode. */
static inline struct memory memory_open(const uint8_t *data, size_t size)
{
    struct memory m;
    m.fd = (int)syscall(SYS_memfd_create, "fuzz", 0u);
    MUST(m.fd >= 0);
    for (size_t done = 0; done < size;) {
        const ssize_t n = write(m.fd, data + done, size - done);
        MUST(n > 0);
        done += (size_t)n;
    }
    snprintf(m.path, sizeof m.path, "/proc/self/fd/%d", m.fd);
    return m;
}

static inline void memory_close(const struct memory *m)
{
    close(m->fd);
}

/* The input as a text with its final NUL; free() it. */
static inline char *as_text(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1);
    MUST(text != NULL);
    if (size > 0)
        memcpy(text, data, size);
    text[size] = '\0';
    return text;
}

#endif
