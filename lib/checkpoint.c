/* SPDX-License-Identifier: MIT */
#include <basin/checkpoint.h>

#include <basin/digest.h>
#include <basin/mem.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PIECE = 1 << 20, DIGITS = 20 };   /* DIGITS: of the step, so that headers of one
                                            computation are equally long */

static char *header(const struct bn_checkpoint *c, uint64_t step)
{
    char *text = bn_format("basin checkpoint 1\nstage %s\ncode %s\nrun %s\nstep %0*llu\n",
                           c->stage, c->code, c->run, (int)DIGITS,
                           (unsigned long long)step);
    for (size_t i = 0; text != NULL && i <= c->n; i++) {
        char *more = i < c->n ? bn_format("%sarray %s %zu\n", text, c->kept[i].name,
                                          c->kept[i].n)
                              : bn_format("%sdata\n", text);
        free(text);
        text = more;
    }
    return text;
}

/* One name for every writer of a path: what a killed one left is overwritten. */
static char *unfinished(const char *path)
{
    return bn_format("%s.new", path);
}

/* --- writing -------------------------------------------------------------- */

static bn_status put(int fd, bn_digest *d, const void *bytes, size_t n, const char *path)
{
    const unsigned char *p = bytes;

    while (n > 0) {
        const ssize_t wrote = write(fd, p, n < PIECE ? n : PIECE);
        if (wrote < 0 && errno == EINTR)
            continue;
        if (wrote <= 0)
            return bn_fail(BN_OUTPUT, "%s: cannot write (%s)", path,
                           wrote < 0 ? strerror(errno) : "no space");
        if (d != NULL)
            bn_digest_add(d, p, (size_t)wrote);
        p += wrote;
        n -= (size_t)wrote;
    }
    return BN_OK;
}

static bn_status put_all(int fd, const struct bn_checkpoint *c, const char *text,
                         const char *path)
{
    char hex[BN_HEX];
    bn_digest *d;

    BN_TRY(bn_digest_new(&d));
    bn_status rc = put(fd, d, text, strlen(text), path);
    for (size_t i = 0; i < c->n && rc == BN_OK; i++)
        rc = put(fd, d, c->kept[i].data, c->kept[i].n * sizeof(double), path);
    bn_digest_end(d, hex);
    return rc == BN_OK ? put(fd, NULL, hex, BN_HEX - 1, path) : rc;
}

/* Best effort: some network file systems cannot sync a folder. */
static void sync_folder(const char *path)
{
    const char *slash = strrchr(path, '/');
    char *folder = slash != NULL ? bn_format("%.*s", (int)(slash - path + 1), path)
                                 : bn_copy(".");
    const int fd = folder != NULL ? open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;

    if (fd >= 0) {
        (void)fsync(fd);
        close(fd);
    }
    free(folder);
}

static bn_status write_file(const char *temp, const char *path,
                            const struct bn_checkpoint *c, const char *text)
{
    const int fd = open(temp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);

    if (fd < 0)
        return bn_fail(BN_OUTPUT, "%s: cannot write (%s)", path, strerror(errno));
    bn_status rc = put_all(fd, c, text, path);
    if (rc == BN_OK && fsync(fd) != 0)
        rc = bn_fail(BN_OUTPUT, "%s: cannot write (%s)", path, strerror(errno));
    if (close(fd) != 0 && rc == BN_OK)
        rc = bn_fail(BN_OUTPUT, "%s: cannot write (%s)", path, strerror(errno));
    if (rc == BN_OK && rename(temp, path) != 0)
        rc = bn_fail(BN_OUTPUT, "%s: cannot write (%s)", path, strerror(errno));
    if (rc != BN_OK)
        unlink(temp);
    else
        sync_folder(path);
    return rc;
}

bn_status bn_checkpoint_write(const char *path, const struct bn_checkpoint *c,
                              uint64_t step)
{
    char *temp = unfinished(path), *text = header(c, step);
    const bn_status rc = temp != NULL && text != NULL ? write_file(temp, path, c, text)
                                                      : BN_NOMEM;

    free(text);
    free(temp);
    return rc;
}

void bn_checkpoint_remove(const char *path)
{
    char *temp = unfinished(path);

    unlink(path);
    if (temp != NULL)
        unlink(temp);
    free(temp);
}

/* --- reading -------------------------------------------------------------- */

static bn_status damaged(const char *path)
{
    return bn_fail(BN_INPUT, "%s: the checkpoint is damaged", path);
}

/* Is the content what the last 64 bytes say? */
static bn_status check_content(FILE *f, size_t size, const char *path)
{
    char said[BN_HEX], is[BN_HEX];
    unsigned char *piece = bn_alloc(PIECE, 1);
    bn_digest *d;

    if (piece == NULL)
        return BN_NOMEM;
    bn_status rc = size >= BN_HEX - 1 ? BN_OK : damaged(path);
    if (rc == BN_OK)
        rc = bn_digest_new(&d);
    if (rc != BN_OK) {
        free(piece);
        return rc;
    }
    for (size_t left = size - (BN_HEX - 1); left > 0 && rc == BN_OK;) {
        const size_t n = fread(piece, 1, left < PIECE ? left : PIECE, f);
        bn_digest_add(d, piece, n);
        left -= n;
        if (n == 0)
            rc = damaged(path);
    }
    bn_digest_end(d, is);
    free(piece);
    if (rc == BN_OK && (fread(said, 1, BN_HEX - 1, f) != BN_HEX - 1 ||
                        memcmp(said, is, BN_HEX - 1) != 0))
        rc = damaged(path);
    rewind(f);
    return rc;
}

/* The header must be the one that would be written, at whatever step. */
static bn_status check_header(FILE *f, const struct bn_checkpoint *c, size_t size,
                              const char *path, uint64_t *step)
{
    size_t data = BN_HEX - 1;
    char *want = header(c, 0);
    const size_t n = want != NULL ? strlen(want) : 0;
    char *text = want != NULL ? bn_alloc(n + 1, 1) : NULL;
    bn_status rc = text != NULL ? BN_OK : BN_NOMEM;

    for (size_t i = 0; i < c->n; i++)
        data += c->kept[i].n * sizeof(double);
    if (rc == BN_OK && (size != n + data || fread(text, 1, n, f) != n))
        rc = BN_INPUT;
    const char *place = rc == BN_OK ? strstr(text, "\nstep ") : NULL;
    if (place != NULL)
        *step = strtoull(place + 6, NULL, 10);
    free(want);
    want = place != NULL ? header(c, *step) : NULL;
    if (rc != BN_NOMEM && (want == NULL || memcmp(want, text, n) != 0))
        rc = bn_fail(BN_INPUT, "%s: the checkpoint is of other parameters, inputs or code",
                     path);
    free(want);
    free(text);
    return rc;
}

bn_status bn_checkpoint_read(const char *path, const struct bn_checkpoint *c,
                             uint64_t *step)
{
    struct stat st;
    FILE *f = stat(path, &st) == 0 && S_ISREG(st.st_mode) ? fopen(path, "rb") : NULL;
    uint64_t at = 0;

    if (f == NULL)
        return bn_fail(BN_INPUT, "%s: the checkpoint cannot be read", path);
    bn_status rc = check_content(f, (size_t)st.st_size, path);
    if (rc == BN_OK)
        rc = check_header(f, c, (size_t)st.st_size, path, &at);
    for (size_t i = 0; i < c->n && rc == BN_OK; i++)
        if (fread(c->kept[i].data, sizeof(double), c->kept[i].n, f) != c->kept[i].n)
            rc = bn_fail(BN_OUTPUT, "%s: changed while it was read; start again", path);
    fclose(f);
    if (rc == BN_OK)
        *step = at;
    return rc;
}
