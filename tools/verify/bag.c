/* SPDX-License-Identifier: MIT */
#include "verify.h"

#include <basin/mem.h>
#include <basin/text.h>

#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const uint64_t held = (uint64_t)256 << 20;        /* bytes of texts and of names */

/* --- what is looked at ---------------------------------------------------- */

static bool ends(const char *name, const char *tail)
{
    const size_t n = strlen(name), m = strlen(tail);
    return n >= m && strcmp(name + n - m, tail) == 0;
}

/* Texts that verify reads itself: tag files, goals.json and manifests. */
static bool is_text(const char *name)
{
    return strchr(name, '/') == NULL || strcmp(name, "data/goals.json") == 0 ||
           (strncmp(name, "data/runs/", 10) == 0 && ends(name, ".json"));
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct bag_file *)a)->name, ((const struct bag_file *)b)->name);
}

struct bag_file *bag_find(const struct bag *b, const char *name)
{
    const struct bag_file key = { .name = (char *)(uintptr_t)name };
    return b->n > 0 ? bsearch(&key, b->at, b->n, sizeof key, by_name) : NULL;
}

bn_status bag_problem(struct bag *b, const char *fmt, ...)
{
    char text[1024];
    va_list args;
    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    return list_add(&b->problems, text);
}

/* --- the first reading ---------------------------------------------------- */

static bn_status refuse(const struct bag *b, const char *name, const char *fault)
{
    char shown[128];
    return bn_fail(BAG_REFUSED, "%s: the name `%s` %s: refused", b->path,
                   name_shown(name, shown), fault);
}

/* `tar cf x.tar ./bag` puts "./" before each name, and there may be an entry for "./" itself;
 * gives NULL for that.                                                       */
static const char *without_dot(const struct bag *b, const char *name, bool folder)
{
    if (b->kind != BAG_TAR || name[0] != '.')
        return name;
    if (folder && (name[1] == '\0' || (name[1] == '/' && name[2] == '\0')))
        return NULL;
    return name[1] == '/' ? name + 2 : name;
}

/* Of an archive: the one folder that everything is in.  That of `tar cf x.tar .` inside the
 * bag is "./", which is gone by now.                                         */
static bn_status split_top(struct bag *b, bool dot, bool folder, const char **name)
{
    const char *slash = strchr(*name, '/');
    const size_t n = slash != NULL ? (size_t)(slash - *name) : strlen(*name);
    const bool inside = dot && ((slash == NULL && !folder) ||
                                (n == 4 && memcmp(*name, "data", n) == 0));
    if (b->top == NULL && inside && (b->top = bn_copy("")) == NULL)
        return BN_NOMEM;
    if (b->top != NULL && b->top[0] == '\0')
        return BN_OK;
    if (b->top == NULL && (b->top = bn_format("%.*s", (int)n, *name)) == NULL)
        return BN_NOMEM;
    if (strlen(b->top) != n || strncmp(b->top, *name, n) != 0)
        return refuse(b, *name, "is not in the first folder of the archive, but a bag is one "
                      "folder with everything in it");
    *name += slash != NULL ? n + 1 : n;
    return BN_OK;
}

static bn_status add_file(struct bag_reader *r, const char *name, bool folder, bool runs)
{
    struct bag *b = r->b;
    b->names += strlen(name);
    if (b->n >= BAG_ENTRIES || b->names > held)
        return bn_fail(BAG_REFUSED, "%s: it has more than %d entries, which no bag of this "
                       "project needs: refused", b->path, (int)BAG_ENTRIES);
    if (b->n == b->room) {
        const size_t room = b->room ? 2 * b->room : 64;
        struct bag_file *at = bn_grow(b->at, room, sizeof *at);
        if (at == NULL)
            return BN_NOMEM;
        b->at = at;
        b->room = room;
    }
    r->file = &b->at[b->n];
    *r->file = (struct bag_file){ .name = bn_copy(name), .folder = folder, .runs = runs };
    if (r->file->name == NULL)
        return BN_NOMEM;
    b->n++;
    return BN_OK;
}

static bn_status start_digests(struct bag_reader *r)
{
    r->sha256 = EVP_MD_CTX_new();
    r->sha512 = EVP_MD_CTX_new();
    if (r->sha256 == NULL || r->sha512 == NULL ||
        EVP_DigestInit_ex(r->sha256, EVP_sha256(), NULL) != 1 ||
        EVP_DigestInit_ex(r->sha512, EVP_sha512(), NULL) != 1)
        return bn_fail(BN_NOMEM, "no memory for a digest");
    return BN_OK;
}

static void drop_digests(struct bag_reader *r)
{
    EVP_MD_CTX_free(r->sha256);
    EVP_MD_CTX_free(r->sha512);
    r->sha256 = r->sha512 = NULL;
}

bn_status bag_entry(struct bag_reader *r, const char *whole, bool folder, bool runs)
{
    struct bag *b = r->b;
    const char *name = without_dot(b, whole, folder);
    r->file = NULL;
    r->size = 0;
    r->wanted = false;
    if (name == NULL)
        return r->dot++ == 0 ? BN_OK : refuse(b, whole, "is there twice");
    size_t n = strlen(name);
    n -= folder && n > 1 && name[n - 1] == '/';
    const char *fault = name_fault(name, n);
    if (fault != NULL)
        return refuse(b, name, fault);
    char *copy = name_normal(name);
    if (copy == NULL)
        return BN_NOMEM;
    n = strlen(copy);
    if (folder && n > 1 && copy[n - 1] == '/')
        copy[n - 1] = '\0';
    const char *rest = copy;
    bn_status rc = b->kind == BAG_FOLDER ? BN_OK : split_top(b, name != whole, folder, &rest);
    if (rc == BN_OK && *rest == '\0' && !folder)
        rc = refuse(b, name, "is a file in the place of the bag's folder");
    if (rc == BN_OK && *rest != '\0') {
        if (r->pass == NULL) {
            rc = add_file(r, rest, folder, runs);
            r->wanted = !folder;
        } else {
            r->file = bag_find(b, rest);
            if (r->file == NULL || r->file->folder != folder)
                rc = bn_fail(BN_INPUT, "%s: it changed while it was read", b->path);
            else if (!folder)
                rc = r->pass->begin(r->pass->context, r->file, &r->wanted);
        }
    }
    if (rc == BN_OK && r->wanted)
        rc = start_digests(r);
    free(copy);
    return rc;
}

static bn_status hold_text(struct bag_reader *r, const void *bytes, size_t n)
{
    char shown[128];
    r->b->texts += n;
    if (r->size > BAG_TEXT || r->b->texts > held)
        return bn_fail(BAG_REFUSED, "%s: %s is larger than any manifest needs to be: refused",
                       r->b->path, name_shown(r->file->name, shown));
    char *text = bn_grow(r->file->text, (size_t)r->size + 1, 1);
    if (text == NULL)
        return BN_NOMEM;
    memcpy(text + r->size - n, bytes, n);
    text[r->size] = '\0';
    r->file->text = text;
    return BN_OK;
}

static bn_status check_size(const struct bag *b)
{
    char a[32], c[32];
    if (b->total > b->most)
        return bn_fail(BAG_REFUSED, "%s: unpacked, it is larger than %s: refused; if you "
                       "expect that, allow more with --limit GB", b->path,
                       bn_human_bytes((double)b->most, a));
    if (b->kind != BAG_FOLDER && !b->told &&
        b->total > ((uint64_t)64 << 20) + BAG_RATIO * b->packed)
        return bn_fail(BAG_REFUSED, "%s: %s of archive become more than %s, as only a bomb "
                       "does: refused; if you expect that, say how much to allow with "
                       "--limit GB", b->path, bn_human_bytes((double)b->packed, a),
                       bn_human_bytes((double)b->total, c));
    return BN_OK;
}

bn_status bag_block(struct bag_reader *r, const void *bytes, size_t n)
{
    r->size += n;
    if (r->pass == NULL) {
        r->b->total += n;
        BN_TRY(check_size(r->b));
    } else if (r->file != NULL && r->size > r->file->size) {
        return bn_fail(BN_INPUT, "%s: it changed while it was read", r->b->path);
    }
    if (!r->wanted || n == 0)            /* libarchive may give a block of nothing */
        return BN_OK;
    EVP_DigestUpdate(r->sha256, bytes, n);
    EVP_DigestUpdate(r->sha512, bytes, n);
    if (r->pass != NULL)
        return r->pass->block(r->pass->context, bytes, n);
    return is_text(r->file->name) ? hold_text(r, bytes, n) : BN_OK;
}

static void end_digest(EVP_MD_CTX *d, char *hex, size_t room)
{
    unsigned char bytes[EVP_MAX_MD_SIZE];
    unsigned n = 0;
    EVP_DigestFinal_ex(d, bytes, &n);
    for (unsigned i = 0; i < n && 2 * i + 2 < room; i++)
        snprintf(hex + 2 * (size_t)i, 3, "%02x", bytes[i]);
}

bn_status bag_end(struct bag_reader *r)
{
    char sha512[BAG_HEX] = "", sha256[BN_HEX] = "", shown[128];
    if (!r->wanted)
        return BN_OK;
    end_digest(r->sha256, sha256, sizeof sha256);
    end_digest(r->sha512, sha512, sizeof sha512);
    drop_digests(r);
    if (r->pass == NULL) {
        r->file->size = r->size;
        memcpy(r->file->sha256, sha256, sizeof sha256);
        memcpy(r->file->sha512, sha512, sizeof sha512);
        return BN_OK;
    }
    if (strcmp(sha512, r->file->sha512) != 0)
        return bn_fail(BN_INPUT, "%s: %s changed while it was read", r->b->path,
                       name_shown(r->file->name, shown));
    return r->pass->end(r->pass->context, r->file);
}

static bn_status read_all(struct bag *b, const struct bag_pass *pass)
{
    struct bag_reader r = { .b = b, .pass = pass };
    const bn_status rc = b->kind == BAG_FOLDER ? bag_read_folder(&r) : bag_read_archive(&r);
    drop_digests(&r);
    return rc;
}

bn_status bag_again(struct bag *b, const struct bag_pass *p)
{
    return read_all(b, p);
}

/* --- names that get into each other's way --------------------------------- */

struct place {
    char *key;                           /* folded */
    const char *name;
    size_t n;                            /* of it, for the folders that a name implies */
    bool folder, implied;
};

static int by_key(const void *a, const void *b)
{
    const struct place *x = a, *y = b;
    const int order = strcmp(x->key, y->key);
    if (order != 0)
        return order;
    return x->implied - y->implied;
}

static bn_status add_place(struct place **at, size_t *n, size_t *room, const char *name,
                           size_t length, bool folder, bool implied)
{
    if (*n == *room) {
        const size_t more = *room ? 2 * *room : 256;
        struct place *grown = bn_grow(*at, more, sizeof *grown);
        if (grown == NULL)
            return BN_NOMEM;
        *at = grown;
        *room = more;
    }
    char *part = bn_format("%.*s", (int)length, name);
    char *key = part != NULL ? name_folded(part) : NULL;
    free(part);
    if (key == NULL)
        return BN_NOMEM;
    (*at)[(*n)++] = (struct place){ key, name, length, folder, implied };
    return BN_OK;
}

/* Every name, and every folder that it implies and the name before it did not. */
static bn_status all_places(struct bag *b, struct place **at, size_t *n)
{
    size_t room = 0;
    const char *last = "";
    for (size_t i = 0; i < b->n; i++) {
        const char *name = b->at[i].name;
        size_t common = 0;
        while (name[common] != '\0' && name[common] == last[common])
            common++;
        for (const char *s = strchr(name, '/'); s != NULL; s = strchr(s + 1, '/'))
            if ((size_t)(s - name) >= common) {
                b->names += (size_t)(s - name);
                BN_TRY(add_place(at, n, &room, name, (size_t)(s - name), true, true));
            }
        if (b->names > held)
            return bn_fail(BAG_REFUSED, "%s: it has more names than any bag needs: refused",
                           b->path);
        BN_TRY(add_place(at, n, &room, name, strlen(name), b->at[i].folder, false));
        last = name;
    }
    return BN_OK;
}

static bn_status check_pair(const struct bag *b, const struct place *x, const struct place *y)
{
    if (strcmp(x->key, y->key) != 0)
        return BN_OK;
    if (x->n != y->n || memcmp(x->name, y->name, x->n) != 0)
        return refuse(b, y->name, "differs from another one only in upper and lower case or in "
                      "how Unicode spells it");
    if (!x->folder || !y->folder)
        return refuse(b, y->name, x->folder != y->folder ? "is a file and a folder at once"
                                                         : "is there twice");
    if (!x->implied && !y->implied)
        return refuse(b, y->name, "is there twice");
    return BN_OK;
}

static bn_status check_places(struct bag *b)
{
    struct place *at = NULL;
    size_t n = 0;
    bn_status rc = all_places(b, &at, &n);
    if (rc == BN_OK && n > 1)
        qsort(at, n, sizeof *at, by_key);
    for (size_t i = 1; i < n && rc == BN_OK; i++)
        rc = check_pair(b, &at[i - 1], &at[i]);
    for (size_t i = 0; i < n; i++)
        free(at[i].key);
    free(at);
    return rc;
}

/* --- opening -------------------------------------------------------------- */

static bn_status find_kind(struct bag *b)
{
    struct stat st;
    char magic[4] = "";
    b->fd = open(b->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (b->fd < 0 || fstat(b->fd, &st) != 0)
        return bn_fail(BN_USAGE, "%s: cannot be opened (%s)", b->path, strerror(errno));
    if (S_ISDIR(st.st_mode)) {
        b->kind = BAG_FOLDER;
        return BN_OK;
    }
    if (!S_ISREG(st.st_mode))
        return bn_fail(BN_USAGE, "%s: it is neither a file nor a folder", b->path);
    b->packed = (uint64_t)st.st_size;
    const ssize_t n = pread(b->fd, magic, 4, 0);
    b->kind = n == 4 && memcmp(magic, "PK", 2) == 0 ? BAG_ZIP : BAG_TAR;
    return b->kind == BAG_ZIP ? zip_check(b) : BN_OK;
}

bn_status bag_open(struct bag *b, const char *path, double most)
{
    *b = (struct bag){ .path = path, .fd = -1, .told = most > 0.0 };
    b->most = (uint64_t)((most > 0.0 ? most : 16.0) * 1e9);
    BN_TRY(find_kind(b));
    BN_TRY(read_all(b, NULL));
    if (b->n > 1)
        qsort(b->at, b->n, sizeof *b->at, by_name);
    return check_places(b);
}

void bag_close(struct bag *b)
{
    if (b->fd >= 0)
        close(b->fd);
    for (size_t i = 0; i < b->n; i++) {
        free(b->at[i].name);
        free(b->at[i].text);
    }
    for (size_t i = 0; i < b->n_zip; i++)
        free(b->zip[i].name);
    free(b->at);
    free(b->zip);
    free(b->top);
    list_free(&b->problems);
}
