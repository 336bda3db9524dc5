/* SPDX-License-Identifier: MIT */
#include "verify.h"

#include <basin/mem.h>

#include <stdlib.h>
#include <string.h>
#include <unicase.h>
#include <uninorm.h>
#include <unistr.h>

static const char *component_fault(const char *at, size_t n)
{
    if (n == 0)
        return "has an empty component";
    if (n == 1 && at[0] == '.')
        return "has the component `.`";
    if (n == 2 && at[0] == '.' && at[1] == '.')
        return "has the component `..`, which leads out of the folder";
    return n > 255 ? "has a component of more than 255 bytes" : NULL;
}

const char *name_fault(const char *name, size_t n)
{
    size_t depth = 0;
    if (n == 0)
        return "is empty";
    if (n > BAG_NAME)
        return "is longer than 1000 bytes";
    if (name[0] == '/')
        return "is absolute";
    if (n >= 2 && name[1] == ':' && ((name[0] | 32) >= 'a' && (name[0] | 32) <= 'z'))
        return "begins with the letter of a drive";
    for (size_t i = 0; i < n; i++) {
        const unsigned char c = (unsigned char)name[i];
        if (c < 32 || c == 127)
            return "has a control character";
        if (c == '\\')
            return "has a backslash, which some systems take for a slash";
    }
    if (u8_check((const uint8_t *)name, n) != NULL)
        return "is not UTF-8";
    for (size_t i = 0; i <= n; depth++) {
        const char *slash = memchr(name + i, '/', n - i);
        const size_t end = slash != NULL ? (size_t)(slash - name) : n;
        const char *fault = component_fault(name + i, end - i);
        if (fault != NULL)
            return fault;
        i = end + 1;
    }
    return depth > BAG_DEPTH ? "lies more than 32 folders deep" : NULL;
}

const char *name_shown(const char *name, char buf[128])
{
    size_t i = 0;
    for (; name[i] != '\0' && i < 120; i++) {
        const unsigned char c = (unsigned char)name[i];
        buf[i] = (char)(c >= 32 && c < 127 ? c : '?');
    }
    memcpy(buf + i, name[i] != '\0' ? "..." : "", name[i] != '\0' ? 4 : 1);
    return buf;
}

char *name_normal(const char *name)
{
    size_t n = 0;
    uint8_t *normal = u8_normalize(UNINORM_NFC, (const uint8_t *)name, strlen(name) + 1, NULL,
                                   &n);
    char *copy = normal != NULL && n > 0 ? bn_copy((const char *)normal) : NULL;
    free(normal);
    return copy;
}

char *name_folded(const char *name)
{
    size_t n = 0;
    uint8_t *folded = u8_casefold((const uint8_t *)name, strlen(name) + 1, NULL, UNINORM_NFC,
                                  NULL, &n);
    char *copy = folded != NULL && n > 0 ? bn_copy((const char *)folded) : NULL;
    free(folded);
    return copy;
}
