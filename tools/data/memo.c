/* SPDX-License-Identifier: MIT */
#include "data.h"

#include <basin/mem.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* Everything that changes when the file does, and then its path. */
static char *key_of(const char *path, const struct stat *st)
{
    return bn_format("%lld %lld %lld.%09ld %lld.%09ld %s", (long long)st->st_ino,
                     (long long)st->st_size, (long long)st->st_mtim.tv_sec,
                     st->st_mtim.tv_nsec, (long long)st->st_ctim.tv_sec, st->st_ctim.tv_nsec,
                     path);
}

/* The lines that are not about `path`, which ends each line; and the digest of the one
 * that is, if it has that key.                                              */
static char *look_up(const char *text, const char *key, const char *path, char hex[BN_HEX])
{
    char *kept = bn_alloc(strlen(text) + 2, 1);
    size_t n = 0;
    const size_t tail = strlen(path), whole = strlen(key);
    while (kept != NULL && *text != '\0') {
        const size_t length = strcspn(text, "\n");
        if (length == BN_HEX + whole && memcmp(text + BN_HEX, key, whole) == 0)
            snprintf(hex, BN_HEX, "%.64s", text);
        if (length < tail + 1 || text[length - tail - 1] != ' ' ||
            memcmp(text + length - tail, path, tail) != 0) {
            memcpy(kept + n, text, length);
            n += length;
            kept[n++] = '\n';
        }
        text += length + (text[length] == '\n');
        kept[n] = '\0';
    }
    return kept;
}

/* `known`: its digest, or NULL to look it up or read the file. */
static bn_status digest(const char *folder, const char *path, const char *known, bool again,
                        char hex[BN_HEX])
{
    struct stat st;
    char *memo = bn_format("%s/.checked", folder), *text = NULL;
    char *file = bn_format("%s/%s", folder, path);
    hex[0] = '\0';
    if (memo == NULL || file == NULL || stat(file, &st) != 0) {
        const bn_status rc = memo && file ? bn_fail(BN_INPUT, "%s: cannot be looked at (%s)",
                                                    file, strerror(errno)) : BN_NOMEM;
        free(file);
        free(memo);
        return rc;
    }
    char *key = key_of(path, &st);
    if (!file_exists(memo) || file_read(memo, &text, NULL) != BN_OK)
        text = bn_copy("");
    char *kept = key && text ? look_up(text, key, path, hex) : NULL;
    bn_status rc = kept ? BN_OK : BN_NOMEM;
    if (rc == BN_OK && (known != NULL || again || hex[0] == '\0')) {
        if (known != NULL)
            memcpy(hex, known, BN_HEX);
        else
            rc = bn_digest_file(file, hex);
        char *new = rc == BN_OK ? bn_format("%s%s %s\n", kept, hex, key) : NULL;
        if (new != NULL && file_write(memo, new) != BN_OK)
            rc = BN_OK;                  /* then it is read again the next time */
        free(new);
    }
    free(kept);
    free(key);
    free(text);
    free(file);
    free(memo);
    return rc;
}

bn_status memo_digest(const char *folder, const char *path, bool again, char hex[BN_HEX])
{
    return digest(folder, path, NULL, again, hex);
}

bn_status memo_note(const char *folder, const char *path, const char known[BN_HEX])
{
    char hex[BN_HEX];
    return digest(folder, path, known, false, hex);
}
