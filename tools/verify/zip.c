/* SPDX-License-Identifier: MIT
 *
 * A .zip says everything twice: in a header before each entry and in the central directory
 * at the end.  Readers that believe different ones see different files, entries may lie on
 * top of each other, and bytes may hide between them; libarchive tells nothing of that.
 * Here the two must agree, and every byte of the file must belong to one entry.  (Layout:
 * APPNOTE.TXT of PKWARE, 4.3.)                                               */
#define _XOPEN_SOURCE 700                /* S_IFMT */
#include "verify.h"

#include <basin/mem.h>

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { END = 22, END64 = 56, LOCATOR64 = 20, CENTRAL = 46, LOCAL = 30, COMMENT = 65535 };
/* Flags; LEVEL and UTF8 only inform. */
enum { ENCRYPTED = 1, LEVEL = 6, AT_END = 1 << 3, STRONG = 1 << 6, UTF8 = 1 << 11,
       MASKED = 1 << 13 };

static uint64_t number(const unsigned char *at, int bytes)
{
    uint64_t x = 0;
    for (int i = bytes; i-- > 0;)
        x = x << 8 | at[i];
    return x;
}

static bn_status odd(const struct bag *b, const char *what)
{
    return bn_fail(BAG_REFUSED, "%s: %s: refused", b->path, what);
}

static bn_status cut(const struct bag *b)
{
    return bn_fail(BN_INPUT, "%s: the archive is cut off or damaged: its table of contents "
                   "is not where it should be; fetch it again", b->path);
}

static bool take(const struct bag *b, uint64_t at, void *bytes, size_t n)
{
    if (at > b->packed || n > b->packed - at)
        return false;
    for (size_t done = 0; done < n;) {
        const ssize_t got = pread(b->fd, (char *)bytes + done, n - done, (off_t)(at + done));
        if (got <= 0)
            return false;
        done += (size_t)got;
    }
    return true;
}

struct directory {
    uint64_t entries, size, offset;
};

/* The end record, which has the size of the comment after it. */
static bn_status find_end(const struct bag *b, uint64_t *at, struct directory *d)
{
    const size_t n = b->packed < END + COMMENT ? (size_t)b->packed : END + COMMENT;
    unsigned char *tail = bn_alloc(n + 1, 1);
    bool found = false;
    if (tail == NULL)
        return BN_NOMEM;
    if (n >= END && take(b, b->packed - n, tail, n))
        for (size_t i = n - END + 1; i-- > 0 && !found;) {
            const unsigned char *e = tail + i;
            found = memcmp(e, "PK\5\6", 4) == 0 && number(e + 20, 2) == n - END - i;
            if (found) {
                *at = b->packed - n + i;
                *d = (struct directory){ number(e + 10, 2), number(e + 12, 4),
                                         number(e + 16, 4) };
                found = number(e + 4, 4) == 0 && number(e + 8, 2) == d->entries;
            }
        }
    free(tail);
    return found ? BN_OK : cut(b);
}

/* Large archives have a second end record with wider numbers before the first. */
static bn_status widen(const struct bag *b, uint64_t *end, struct directory *d)
{
    unsigned char l[LOCATOR64], e[END64];
    if (*end < LOCATOR64 || !take(b, *end - LOCATOR64, l, sizeof l) ||
        memcmp(l, "PK\6\7", 4) != 0) {
        if (d->entries == 0xffff || d->size == 0xffffffff || d->offset == 0xffffffff)
            return cut(b);
        return BN_OK;
    }
    const uint64_t at = number(l + 8, 8);
    if (!take(b, at, e, sizeof e) || memcmp(e, "PK\6\6", 4) != 0)
        return cut(b);
    const struct directory wide = { number(e + 32, 8), number(e + 40, 8), number(e + 48, 8) };
    if (at + number(e + 4, 8) + 12 != *end - LOCATOR64 ||
        (d->entries != 0xffff && d->entries != wide.entries) ||
        (d->size != 0xffffffff && d->size != wide.size) ||
        (d->offset != 0xffffffff && d->offset != wide.offset))
        return odd(b, "its two tables of contents differ");
    *d = wide;
    *end = at;
    return BN_OK;
}

/* Numbers that do not fit stand in an extra field, in this order. */
static bn_status extra(const struct bag *b, const unsigned char *at, size_t n,
                       struct zip_entry *e)
{
    while (n >= 4) {
        const size_t kind = (size_t)number(at, 2), size = (size_t)number(at + 2, 2);
        uint64_t *const wide[] = { &e->size, &e->packed, &e->offset };
        size_t used = 4;
        if (size > n - 4)
            return odd(b, "an entry has a malformed extra field");
        if (kind == 0x7075)
            return odd(b, "an entry has a second name");
        for (size_t i = 0; i < 3 && kind == 1; i++)
            if (*wide[i] == 0xffffffff) {
                if (used + 8 > 4 + size)
                    return odd(b, "an entry has a malformed extra field");
                *wide[i] = number(at + used, 8);
                used += 8;
            }
        at += 4 + size;
        n -= 4 + size;
    }
    return n == 0 ? BN_OK : odd(b, "an entry has a malformed extra field");
}

static bn_status check_name(const struct bag *b, const char *name, size_t n)
{
    char *copy = bn_alloc(n + 1, 1), shown[128];
    if (copy == NULL)
        return BN_NOMEM;
    for (size_t i = 0; i < n; i++)
        copy[i] = name[i] != '\0' ? name[i] : '\1';      /* shown as `?`, like all of them */
    const char *fault = name_fault(name, n > 1 && name[n - 1] == '/' ? n - 1 : n);
    const bn_status rc = fault == NULL ? BN_OK
                                       : bn_fail(BAG_REFUSED, "%s: the name `%s` %s: refused",
                                                 b->path, name_shown(copy, shown), fault);
    free(copy);
    return rc;
}

static bn_status check_kind(const struct bag *b, const unsigned char *c, const char *name)
{
    const mode_t mode = c[5] == 3 ? (mode_t)(number(c + 38, 4) >> 16) : 0;
    const uint64_t flags = number(c + 8, 2), method = number(c + 10, 2);
    char what[256], shown[128];
    name_shown(name, shown);
    if (flags & (ENCRYPTED | STRONG | MASKED)) {
        snprintf(what, sizeof what, "`%s` is encrypted", shown);
        return odd(b, what);
    }
    if (flags & ~(uint64_t)(LEVEL | AT_END | UTF8)) {
        snprintf(what, sizeof what, "`%s` is packed in a way that is not read", shown);
        return odd(b, what);
    }
    if ((mode & S_IFMT) != 0 && !S_ISREG(mode) && !S_ISDIR(mode)) {
        snprintf(what, sizeof what, "`%s` is a %s, and a bag has only files and folders", shown,
                 S_ISLNK(mode) ? "symbolic link" : "device, pipe or socket");
        return odd(b, what);
    }
    if (method != 0 && method != 8) {
        snprintf(what, sizeof what, "`%s` is packed by method %d, but only deflate is read",
                 shown, (int)method);
        return odd(b, what);
    }
    return BN_OK;
}

/* The header before the entry must say what the directory says; *end is where the entry
 * ends, but for the sizes that may stand after it.                          */
static bn_status check_local(const struct bag *b, const unsigned char *c,
                             const struct zip_entry *e, uint64_t *end)
{
    unsigned char l[LOCAL];
    char name[BAG_NAME + 2];
    const size_t n = strlen(e->name);
    if (!take(b, e->offset, l, sizeof l) || memcmp(l, "PK\3\4", 4) != 0)
        return cut(b);
    if (number(l + 26, 2) != n || n > sizeof name || !take(b, e->offset + LOCAL, name, n) ||
        memcmp(name, e->name, n) != 0)
        return odd(b, "a name in the table of contents is another one at the entry itself");
    const bool later = (number(l + 6, 2) & AT_END) != 0;
    if (number(l + 6, 2) != number(c + 8, 2) ||
        number(l + 8, 2) != number(c + 10, 2) ||
        (!later && (number(l + 14, 4) != number(c + 16, 4) ||
                    (number(l + 18, 4) != 0xffffffff && number(l + 18, 4) != e->packed) ||
                    (number(l + 22, 4) != 0xffffffff && number(l + 22, 4) != e->size))))
        return odd(b, "the table of contents says something else than the entry itself");
    *end = e->offset + LOCAL + n + number(l + 28, 2) + e->packed;
    return BN_OK;
}


static bn_status take_entry(struct bag *b, const unsigned char *c, size_t room, size_t *used,
                            uint64_t *start, uint64_t *end)
{
    struct zip_entry *e = &b->zip[b->n_zip];
    if (room < CENTRAL || memcmp(c, "PK\1\2", 4) != 0)
        return cut(b);
    const size_t n = (size_t)number(c + 28, 2), m = (size_t)number(c + 30, 2);
    *used = CENTRAL + n + m + (size_t)number(c + 32, 2);
    if (*used > room)
        return cut(b);
    *e = (struct zip_entry){ .packed = number(c + 20, 4), .size = number(c + 24, 4),
                             .offset = number(c + 42, 4) };
    BN_TRY(check_name(b, (const char *)c + CENTRAL, n));
    e->name = bn_format("%.*s", (int)n, (const char *)c + CENTRAL);
    if (e->name == NULL)
        return BN_NOMEM;
    b->n_zip++;
    BN_TRY(extra(b, c + CENTRAL + n, m, e));
    BN_TRY(check_kind(b, c, e->name));
    *start = e->offset;
    BN_TRY(check_local(b, c, e, end));
    if ((number(c + 8, 2) & AT_END) != 0)
        *end |= (uint64_t)1 << 63;       /* up to 24 bytes of sizes follow */
    return BN_OK;
}

static int by_start(const void *a, const void *b)
{
    const uint64_t *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct zip_entry *)a)->name, ((const struct zip_entry *)b)->name);
}

/* Pairs of start and end, which must follow each other without room between them. */
static bn_status check_order(struct bag *b, uint64_t *pair, size_t n, uint64_t directory)
{
    qsort(pair, n, 2 * sizeof *pair, by_start);
    uint64_t at = 0, slack = 0;
    for (size_t i = 0; i <= n; i++) {
        const uint64_t start = i < n ? pair[2 * i] : directory;
        if (start < at)
            return odd(b, "entries lie on top of each other, as in a bomb");
        if (start - at > slack)
            return odd(b, "it has bytes that belong to no entry");
        at = i < n ? pair[2 * i + 1] & ~((uint64_t)1 << 63) : at;
        slack = i < n && pair[2 * i + 1] >> 63 ? 24 : 0;
    }
    return BN_OK;
}

static bn_status check_sizes(const struct bag *b)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < b->n_zip; i++) {
        if (b->zip[i].size > b->most || (sum += b->zip[i].size) > b->most)
            return odd(b, "unpacked, it says that it is larger than what is allowed "
                       "(--limit GB)");
        if (i > 0 && strcmp(b->zip[i - 1].name, b->zip[i].name) == 0) {
            char what[256], shown[128];
            snprintf(what, sizeof what, "the name `%s` is there twice",
                     name_shown(b->zip[i].name, shown));
            return odd(b, what);
        }
    }
    return BN_OK;
}

static bn_status take_directory(struct bag *b, const struct directory *d,
                                const unsigned char *bytes, uint64_t *pair)
{
    size_t at = 0, used = 0;
    for (uint64_t i = 0; i < d->entries; i++, at += used)
        BN_TRY(take_entry(b, bytes + at, (size_t)d->size - at, &used, &pair[2 * i],
                          &pair[2 * i + 1]));
    if (at != d->size)
        return odd(b, "its table of contents has more entries than it says");
    BN_TRY(check_order(b, pair, b->n_zip, d->offset));
    for (size_t i = 0; i < b->n_zip; i++) {
        char *normal = name_normal(b->zip[i].name);
        if (normal == NULL)
            return BN_NOMEM;
        free(b->zip[i].name);
        b->zip[i].name = normal;
    }
    if (b->n_zip > 1)
        qsort(b->zip, b->n_zip, sizeof *b->zip, by_name);
    return check_sizes(b);
}

bn_status zip_check(struct bag *b)
{
    struct directory d = { 0 };
    uint64_t end = 0;
    BN_TRY(find_end(b, &end, &d));
    BN_TRY(widen(b, &end, &d));
    if (d.entries > BAG_ENTRIES)
        return bn_fail(BAG_REFUSED, "%s: it has %llu entries, more than the %d of any bag of "
                       "this project: refused", b->path, (unsigned long long)d.entries,
                       (int)BAG_ENTRIES);
    if (d.offset > end || d.size != end - d.offset)
        return cut(b);
    if (d.size > (d.entries + 1) * (CENTRAL + BAG_NAME + 1000))
        return odd(b, "its table of contents is larger than any bag needs");
    unsigned char *bytes = bn_alloc((size_t)d.size + 1, 1);
    uint64_t *pair = bn_alloc((size_t)d.entries + 1, 2 * sizeof *pair);
    b->zip = bn_alloc((size_t)d.entries + 1, sizeof *b->zip);
    bn_status rc = bytes != NULL && pair != NULL && b->zip != NULL ? BN_OK : BN_NOMEM;
    if (rc == BN_OK)
        rc = take(b, d.offset, bytes, (size_t)d.size) ? take_directory(b, &d, bytes, pair)
                                                      : cut(b);
    free(bytes);
    free(pair);
    return rc;
}
