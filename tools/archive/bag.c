/* SPDX-License-Identifier: MIT
 *
 * The outside of the bag: manifests, and the zip file.  Sizes are whatever they are: a
 * file passes through a block of memory, and Zip64 begins where it must.      */
#include "deposit.h"

#include <basin/mem.h>

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* --- manifests -------------------------------------------------------------- */

static char *manifest(const struct payload *p, bool payload)
{
    char *text = NULL;
    size_t size;
    FILE *f = open_memstream(&text, &size);
    for (size_t i = 0; f != NULL && i < p->n; i++)
        if ((strncmp(p->at[i].name, "data/", 5) == 0) == payload)
            fprintf(f, "%s  %s\n", p->at[i].sha512, p->at[i].name);
    if (f == NULL || fclose(f) != 0) {
        free(text);
        return NULL;
    }
    return text;
}

/* A UUID made from the digest (version 8 of RFC 9562), as RO-Crate asks of a bag. */
static char *bag_info(const struct payload *p, const char *date, const char id[BN_HEX])
{
    unsigned long long bytes = 0;
    for (size_t i = 0; i < p->n; i++)
        bytes += p->at[i].bytes;
    return bn_format("Bag-Software-Agent: basin %s\nBagging-Date: %.10s\n"
                     "External-Identifier: urn:uuid:%.8s-%.4s-8%.3s-a%.3s-%.12s\n"
                     "Payload-Oxum: %llu.%zu\n", BASIN_VERSION, date, id, id + 8, id + 13,
                     id + 17, id + 20, bytes, p->n);
}

bn_status bag_close(struct payload *p, const char *date, char id[BN_HEX])
{
    BN_TRY(payload_sort(p));
    BN_TRY(payload_hash(p));
    char *text = manifest(p, true), *info;
    bn_digest *d;
    if (text == NULL || bn_digest_new(&d) != BN_OK) {
        free(text);
        return BN_NOMEM;
    }
    bn_digest_add(d, text, strlen(text));
    bn_digest_end(d, id);
    info = bag_info(p, date, id);
    bn_status rc = payload_text(p, "manifest-sha512.txt", text);
    if (rc == BN_OK)
        rc = payload_text(p, "bag-info.txt", info);
    else
        free(info);
    if (rc == BN_OK)
        rc = payload_text(p, "bagit.txt", bn_copy("BagIt-Version: 1.0\n"
                                                  "Tag-File-Character-Encoding: UTF-8\n"));
    if (rc == BN_OK)
        rc = payload_sort(p);
    if (rc == BN_OK)
        rc = payload_hash(p);
    if (rc == BN_OK)
        rc = payload_text(p, "tagmanifest-sha512.txt", manifest(p, false));
    if (rc == BN_OK)
        rc = payload_sort(p);
    return rc == BN_OK ? payload_hash(p) : rc;
}

/* --- the zip file ----------------------------------------------------------- */

static bn_status zip_failed(struct archive *zip, const char *path)
{
    return bn_fail(BN_OUTPUT, "%s: cannot be written (%s); free some space, make the folder "
                   "writable, or choose another with RESULTS=folder", path,
                   archive_error_string(zip));
}

/* What compressing pays for; the rest is packed already, or numbers that are noise. */
static bool is_compressible(const char *name)
{
    static const char *const packed[] = { ".h5", ".nwb", ".png", ".pdf", ".gz", ".zip",
                                          ".mat", ".jpg" };
    const char *dot = strrchr(name, '.');
    for (size_t i = 0; dot != NULL && i < BN_LEN(packed); i++)
        if (strcmp(dot, packed[i]) == 0)
            return false;
    return true;
}

static bn_status write_header(struct archive *zip, const struct item *item,
                              const char *top, const char *path)
{
    struct archive_entry *e = archive_entry_new();
    char *name = bn_format("%s/%s", top, item->name);
    bn_status rc = e && name ? BN_OK : BN_NOMEM;
    if (rc == BN_OK) {
        archive_entry_update_pathname_utf8(e, name);
        archive_entry_set_filetype(e, AE_IFREG);
        archive_entry_set_perm(e, item->program ? 0755 : 0644);
        archive_entry_set_uid(e, 0);
        archive_entry_set_gid(e, 0);
        archive_entry_set_mtime(e, YEAR_2000, 0);
        archive_entry_set_size(e, (la_int64_t)item->bytes);
        if ((is_compressible(name) ? archive_write_zip_set_compression_deflate(zip)
                                   : archive_write_zip_set_compression_store(zip)) !=
                ARCHIVE_OK || archive_write_header(zip, e) != ARCHIVE_OK)
            rc = zip_failed(zip, path);
    }
    archive_entry_free(e);
    free(name);
    return rc;
}

static bn_status write_file(struct archive *zip, const struct item *item,
                            struct digests *d, const char *path)
{
    static char block[1 << 18];
    const int fd = open(item->path, O_RDONLY | O_CLOEXEC);
    bn_status rc = BN_OK;
    ssize_t n = -1;
    while (fd >= 0 && rc == BN_OK &&
           ((n = read(fd, block, sizeof block)) > 0 || (n < 0 && errno == EINTR))) {
        if (n < 0)
            continue;
        digests_add(d, block, (size_t)n);
        if (archive_write_data(zip, block, (size_t)n) < 0)
            rc = zip_failed(zip, path);
    }
    if (rc == BN_OK && n != 0)
        rc = bn_fail(BN_INPUT, "%s: cannot be read (%s)", item->path, strerror(errno));
    if (fd >= 0)
        close(fd);
    return rc;
}

static bn_status write_item(struct archive *zip, const struct item *item, const char *top,
                            const char *path)
{
    char sha256[BN_HEX], sha512[HEX512];
    struct digests *d;
    BN_TRY(write_header(zip, item, top, path));
    BN_TRY(digests_new(&d));
    bn_status rc = BN_OK;
    if (item->path != NULL) {
        rc = write_file(zip, item, d, path);
    } else {
        digests_add(d, item->text, item->bytes);
        if (archive_write_data(zip, item->text, item->bytes) < 0)
            rc = zip_failed(zip, path);
    }
    digests_end(d, sha256, sha512);
    if (rc == BN_OK && strcmp(sha512, item->sha512) != 0)
        rc = bn_fail(BN_INPUT, "%s: changed while the archive was written: make it again",
                     item->path ? item->path : item->name);
    return rc;
}

static bn_status write_items(const struct payload *p, const struct bag *b, int fd)
{
    struct archive *zip = archive_write_new();
    bn_status rc = zip ? BN_OK : BN_NOMEM;
    if (zip != NULL && (archive_write_set_format_zip(zip) != ARCHIVE_OK ||
                        archive_write_set_options(zip, "zip:hdrcharset=UTF-8") != ARCHIVE_OK ||
                        archive_write_open_fd(zip, fd) != ARCHIVE_OK))
        rc = zip_failed(zip, b->path);
    for (size_t i = 0; i < p->n && rc == BN_OK; i++)
        rc = write_item(zip, &p->at[i], b->top, b->path);
    if (zip != NULL && rc == BN_OK && archive_write_close(zip) != ARCHIVE_OK)
        rc = zip_failed(zip, b->path);
    archive_write_free(zip);
    return rc;
}

/* --- whole or not at all ------------------------------------------------------ */

static char *temporary;                  /* for the handler of signals */

static void stop(int signal)
{
    unlink(temporary);
    _exit(128 + signal);
}

/* What a killed archive left behind. */
static void sweep(const char *folder)
{
    struct list names = { 0 };
    struct stat st;
    if (file_names(folder, "", &names) == BN_OK)
        for (size_t i = 0; i < names.n; i++) {
            const char *mark = strstr(names.at[i], ".zip.tmp.");
            char *path = mark ? bn_format("%s/%s", folder, names.at[i]) : NULL;
            if (path != NULL && stat(path, &st) == 0 &&
                !makes_alive(strtol(mark + strlen(".zip.tmp."), NULL, 10), st.st_mtime))
                unlink(path);
            free(path);
        }
    list_free(&names);
}

static bn_status finish(int fd, struct bag *b)
{
    struct stat st;
    if (fsync(fd) != 0 || fstat(fd, &st) != 0 || rename(temporary, b->path) != 0)
        return bn_fail(BN_OUTPUT, "%s: cannot be written (%s); free some space, make the "
                       "folder writable, or choose another with RESULTS=folder", b->path,
                       strerror(errno));
    b->bytes = (size_t)st.st_size;
    return file_sync_folder(b->path);
}

bn_status bag_write(const struct payload *p, struct bag *b)
{
    const struct sigaction action = { .sa_handler = stop };
    char *folder = bn_format("%.*s", (int)(strrchr(b->path, '/') - b->path), b->path);
    temporary = bn_format("%s.tmp.%ld", b->path, (long)getpid());
    bn_status rc = folder && temporary ? file_make_folders(b->path) : BN_NOMEM;
    if (rc == BN_OK) {
        sweep(folder);
        sigaction(SIGINT, &action, NULL);
        sigaction(SIGTERM, &action, NULL);
        sigaction(SIGHUP, &action, NULL);
        const int fd = open(temporary, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
        rc = fd >= 0 ? write_items(p, b, fd)
                     : bn_fail(BN_OUTPUT, "%s: cannot be written (%s); make the folder "
                               "writable, or choose another with RESULTS=folder", b->path,
                               strerror(errno));
        if (rc == BN_OK)
            rc = finish(fd, b);
        if (fd >= 0)
            close(fd);
        if (rc != BN_OK)
            unlink(temporary);
        signal(SIGINT, SIG_DFL);
        signal(SIGTERM, SIG_DFL);
        signal(SIGHUP, SIG_DFL);
    }
    free(temporary);
    temporary = NULL;
    free(folder);
    return rc;
}
