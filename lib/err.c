/* SPDX-License-Identifier: MIT */
#include <basin/err.h>

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static _Thread_local char message[2048] = "no error";

bn_status bn_fail(bn_status code, const char *fmt, ...)
{
    char text[sizeof message];           /* an argument may be bn_error() */
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    memcpy(message, text, sizeof message);
    return code;
}

bn_status bn_fail_at(bn_status code, const char *fmt, ...)
{
    char where[512], what[sizeof message];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(where, sizeof where, fmt, ap);
    va_end(ap);
    memcpy(what, message, sizeof message);
    const size_t n = strlen(where);
    memcpy(message, where, n);
    memcpy(message + n, ": ", 2);
    what[sizeof what - n - 3] = '\0';
    memcpy(message + n + 2, what, strlen(what) + 1);
    return code;
}

const char *bn_error(void)
{
    return message;
}
