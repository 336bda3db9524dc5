/* SPDX-License-Identifier: MIT */
#include <basin/mem.h>

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ALIGN = 64 };                     /* a cache line, an AVX-512 vector */

static _Thread_local long left = -1;

void bn_alloc_fail_after(long n)
{
    left = n;
}

/* Count one allocation; true if this is the one that the test lets fail. */
static bool refused(void)
{
    if (left == 0) {
        left = -1;
        return true;
    }
    if (left > 0)
        left--;
    return false;
}

static void *out_of_memory(size_t n, size_t size)
{
    (void)bn_fail(BN_NOMEM, "out of memory: cannot allocate %zu x %zu bytes", n, size);
    return NULL;
}

void *bn_alloc(size_t n, size_t size)
{
    if (refused() || (size != 0 && n > (SIZE_MAX - ALIGN) / size))
        return out_of_memory(n, size);

    const size_t bytes = n * size;
    const size_t whole = (bytes / ALIGN + 1) * ALIGN;
    /* Only what a vector loop walks over is worth aligning. */
    const bool small = bytes < 4096;
    void *p = small ? calloc(1, bytes != 0 ? bytes : 1) : aligned_alloc(ALIGN, whole);
    if (p == NULL)
        return out_of_memory(n, size);
    if (!small)
        memset(p, 0, whole);
    return p;
}

void *bn_grow(void *block, size_t n, size_t size)
{
    if (refused() || (size != 0 && n > SIZE_MAX / size))
        return out_of_memory(n, size);
    void *p = realloc(block, n * size != 0 ? n * size : 1);
    if (p == NULL)
        return out_of_memory(n, size);
    return p;
}

char *bn_copy(const char *text)
{
    const size_t n = strlen(text) + 1;
    char *p = bn_alloc(n, 1);
    if (p != NULL)
        memcpy(p, text, n);
    return p;
}

char *bn_format(const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    const int n = vsnprintf(NULL, 0, fmt, ap);
    va_end(ap);
    char *p = n < 0 ? NULL : bn_alloc((size_t)n + 1, 1);
    if (p == NULL)
        return NULL;
    va_start(ap, fmt);
    vsnprintf(p, (size_t)n + 1, fmt, ap);
    va_end(ap);
    return p;
}
