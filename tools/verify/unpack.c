/* SPDX-License-Identifier: MIT
 *
 * Archives, one entry after another, through libarchive.  Only what a bag needs is turned
 * on: plain tar, gzip, xz and zip, files and folders.                        */
#include "verify.h"

#include <archive.h>
#include <archive_entry.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { BLOCK = 1 << 16 };

static bn_status damaged(const struct bag *b, struct archive *a)
{
    const char *why = archive_error_string(a);
    char shown[128];
    return bn_fail(BN_INPUT, "%s: cannot be read to its end (%s); is it whole, and a .zip, "
                   ".tar, .tar.gz or .tar.xz?", b->path, why ? name_shown(why, shown)
                                                             : "no reason given");
}

static struct archive *open_archive(struct bag *b)
{
    struct archive *a = archive_read_new();
    if (a == NULL)
        return NULL;
    if (b->kind == BAG_ZIP) {
        archive_read_support_format_zip_seekable(a);
    } else {
        archive_read_support_format_tar(a);
        archive_read_support_filter_gzip(a);
        archive_read_support_filter_xz(a);
    }
    return a;
}

static const char *what_it_is(struct archive_entry *e)
{
    if (archive_entry_hardlink(e) != NULL)
        return "is a hard link";
    switch (archive_entry_filetype(e)) {
    case AE_IFREG:
        return archive_entry_sparse_count(e) > 0 ? "is a sparse file" : NULL;
    case AE_IFDIR:
        return NULL;
    case AE_IFLNK:
        return "is a symbolic link";
    case AE_IFIFO:
        return "is a named pipe";
    case AE_IFSOCK:
        return "is a socket";
    default:
        return "is a device";
    }
}

static bn_status check_declared(struct bag *b, struct archive_entry *e, const char *name)
{
    char shown[128];
    const char *what = what_it_is(e);
    if (what != NULL)
        return bn_fail(BAG_REFUSED, "%s: `%s` %s, and a bag has only files and folders: "
                       "refused", b->path, name_shown(name, shown), what);
    if (archive_entry_is_encrypted(e))
        return bn_fail(BAG_REFUSED, "%s: `%s` is encrypted: refused", b->path,
                       name_shown(name, shown));
    if (archive_entry_size_is_set(e) && archive_entry_filetype(e) == AE_IFREG &&
        (archive_entry_size(e) < 0 || (uint64_t)archive_entry_size(e) > b->most))
        return bn_fail(BAG_REFUSED, "%s: `%s` says that it is larger than all that is allowed "
                       "(--limit GB): refused", b->path, name_shown(name, shown));
    return BN_OK;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct zip_entry *)a)->name, ((const struct zip_entry *)b)->name);
}

/* libarchive reads the local headers: they must be what the central directory has. */
static bn_status check_listed(struct bag *b, const char *name)
{
    const struct zip_entry key = { .name = name_normal(name) };
    char shown[128];
    const bool known = key.name != NULL &&
                       bsearch(&key, b->zip, b->n_zip, sizeof key, by_name) != NULL;
    free(key.name);
    if (!known)
        return bn_fail(BAG_REFUSED, "%s: `%s` is not in the table of contents: refused",
                       b->path, name_shown(name, shown));
    return BN_OK;
}

static bn_status read_data(struct bag_reader *r, struct archive *a)
{
    const void *bytes;
    size_t n;
    la_int64_t at;
    uint64_t done = 0;
    int rc;
    while ((rc = archive_read_data_block(a, &bytes, &n, &at)) == ARCHIVE_OK) {
        if ((uint64_t)at != done)
            return bn_fail(BAG_REFUSED, "%s: a file with holes: refused", r->b->path);
        done += n;
        BN_TRY(bag_block(r, bytes, n));
    }
    return rc == ARCHIVE_EOF ? BN_OK : damaged(r->b, a);
}

static bn_status read_entry(struct bag_reader *r, struct archive *a, struct archive_entry *e)
{
    const char *name = archive_entry_pathname(e);
    const bool folder = archive_entry_filetype(e) == AE_IFDIR;
    if (name == NULL)
        return bn_fail(BAG_REFUSED, "%s: a name is not UTF-8: refused", r->b->path);
    BN_TRY(check_declared(r->b, e, name));
    if (r->b->kind == BAG_ZIP)
        BN_TRY(check_listed(r->b, name));
    BN_TRY(bag_entry(r, name, folder, (archive_entry_perm(e) & 0100) != 0));
    if (folder)
        return BN_OK;
    BN_TRY(read_data(r, a));
    return bag_end(r);
}

bn_status bag_read_archive(struct bag_reader *r)
{
    struct bag *b = r->b;
    struct archive_entry *e;
    struct archive *a = open_archive(b);
    bn_status rc = BN_OK;
    size_t n = 0;
    if (a == NULL)
        return bn_fail(BN_NOMEM, "no memory for libarchive");
    if (lseek(b->fd, 0, SEEK_SET) != 0 || archive_read_open_fd(a, b->fd, BLOCK) != ARCHIVE_OK)
        rc = damaged(b, a);
    while (rc == BN_OK) {
        const int got = archive_read_next_header(a, &e);
        if (got == ARCHIVE_EOF)
            break;
        if (archive_filter_count(a) > 2)         /* the filter, and "none" at the bottom */
            rc = bn_fail(BAG_REFUSED, "%s: it is compressed more than once: refused", b->path);
        else if (got != ARCHIVE_OK && got != ARCHIVE_WARN)
            rc = damaged(b, a);
        else
            rc = read_entry(r, a, e);
        n++;
    }
    if (rc == BN_OK && b->kind == BAG_ZIP && n != b->n_zip)
        rc = bn_fail(BN_INPUT, "%s: %zu of %zu entries could be read", b->path, n, b->n_zip);
    archive_read_free(a);
    return rc;
}
