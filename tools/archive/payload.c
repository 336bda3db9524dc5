/* SPDX-License-Identifier: MIT */
#include "deposit.h"

#include <basin/mem.h>

#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>
#include <unicase.h>
#include <unistd.h>
#include <unistr.h>

/* --- two digests of the same bytes ----------------------------------------- */

struct digests {
    EVP_MD_CTX *sha256, *sha512;
};

static void drop_digests(struct digests *d)
{
    EVP_MD_CTX_free(d->sha256);
    EVP_MD_CTX_free(d->sha512);
    free(d);
}

bn_status digests_new(struct digests **made)
{
    struct digests *d = bn_alloc(1, sizeof *d);
    *made = NULL;
    if (d == NULL)
        return BN_NOMEM;
    d->sha256 = EVP_MD_CTX_new();
    d->sha512 = EVP_MD_CTX_new();
    if (d->sha256 == NULL || d->sha512 == NULL ||
        EVP_DigestInit_ex(d->sha256, EVP_sha256(), NULL) != 1 ||
        EVP_DigestInit_ex(d->sha512, EVP_sha512(), NULL) != 1) {
        drop_digests(d);
        return bn_fail(BN_NOMEM, "libcrypto cannot start a SHA-512 digest; check the "
                       "installation of libssl3");
    }
    *made = d;
    return BN_OK;
}

/* Neither can fail once begun; stopping beats a wrong digest. */
void digests_add(struct digests *d, const void *bytes, size_t n)
{
    if (EVP_DigestUpdate(d->sha256, bytes, n) != 1 ||
        EVP_DigestUpdate(d->sha512, bytes, n) != 1)
        abort();
}

static void end_one(EVP_MD_CTX *context, char *hex, size_t size)
{
    unsigned char sum[EVP_MAX_MD_SIZE];
    unsigned n = 0;
    if (EVP_DigestFinal_ex(context, sum, &n) != 1 || 2 * n + 1 != size)
        abort();
    for (unsigned i = 0; i < n; i++)
        snprintf(hex + 2 * i, 3, "%02x", sum[i]);
}

void digests_end(struct digests *d, char sha256[BN_HEX], char sha512[HEX512])
{
    end_one(d->sha256, sha256, BN_HEX);
    end_one(d->sha512, sha512, HEX512);
    drop_digests(d);
}

/* --- names ------------------------------------------------------------------ */

/* What `basin verify` takes, and less: what zip, sha512sum and every system read alike. */
static bn_status check_name(const char *name)
{
    const char *what = NULL;
    size_t folders = 0;
    if (u8_check((const uint8_t *)name, strlen(name)) != NULL)
        what = "holds bytes that are no UTF-8";
    for (const char *s = name; *s != '\0' && what == NULL; s++) {
        folders += *s == '/';
        if ((unsigned char)*s < 0x20 || *s == 0x7f || strchr("\\%:*?\"<>|", *s) != NULL)
            what = "holds a backslash, a control character or one of %:*?\"<>|";
    }
    if (what == NULL && (folders > 30 || strlen(name) > 900))
        what = "is longer than 900 bytes or more than 30 folders deep";
    return what == NULL ? BN_OK
           : bn_fail(BN_INPUT, "%s: this name %s, which not every system can unpack; rename the "
                     "file", name, what);
}

/* As a file system that does not tell capitals apart sees it. */
static bn_status fold(const char *name, char **folded)
{
    size_t n = 0;
    *folded = (char *)u8_casefold((const uint8_t *)name, strlen(name) + 1, NULL, UNINORM_NFC,
                                  NULL, &n);
    return *folded ? BN_OK : bn_fail(BN_NOMEM, "%s: out of memory", name);
}

/* Two names that one folder of macOS or Windows cannot hold at once. */
static bn_status refuse_twins(const struct payload *p)
{
    json_t *seen = json_object();
    bn_status rc = seen ? BN_OK : BN_NOMEM;
    for (size_t i = 0; rc == BN_OK && i < p->n; i++) {
        char *folded;
        rc = fold(p->at[i].name, &folded);
        const char *twin = rc == BN_OK ? json_string_value(json_object_get(seen, folded)) : NULL;
        if (twin != NULL)
            rc = bn_fail(BN_INPUT, "%s and %s differ in capitals alone, and a folder of macOS or "
                         "Windows holds only one of them; rename one", twin, p->at[i].name);
        else if (rc == BN_OK && json_object_set_new(seen, folded,
                                                    json_string(p->at[i].name)) != 0)
            rc = BN_NOMEM;
        free(folded);
    }
    json_decref(seen);
    return rc;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct item *)a)->name, ((const struct item *)b)->name);
}

bn_status payload_sort(struct payload *p)
{
    BN_TRY(refuse_twins(p));
    if (p->n > 1)
        qsort(p->at, p->n, sizeof *p->at, by_name);
    json_object_clear(p->index);
    for (size_t i = 0; i < p->n; i++)
        json_object_set_new(p->index, p->at[i].name, json_integer((json_int_t)i));
    return BN_OK;
}

/* --- the list ---------------------------------------------------------------- */

static bn_status add(struct payload *p, const char *name, struct item **item)
{
    BN_TRY(check_name(name));
    if (p->index == NULL)
        p->index = json_object();
    if (p->n == p->room) {
        const size_t room = p->room ? 2 * p->room : 256;
        struct item *at = bn_grow(p->at, room, sizeof *at);
        if (at == NULL)
            return BN_NOMEM;
        p->at = at;
        p->room = room;
    }
    *item = &p->at[p->n];
    **item = (struct item){ .name = bn_copy(name) };
    if ((*item)->name == NULL || json_object_set_new(p->index, name,
                                                     json_integer((json_int_t)p->n)) != 0)
        return BN_NOMEM;
    p->n++;
    return BN_OK;
}

bn_status payload_file(struct payload *p, const char *name, const char *path)
{
    struct item *item;
    struct stat st;
    if (payload_find(p, name) != NULL)
        return BN_OK;
    if (stat(path, &st) != 0)
        return bn_fail(BN_INPUT, "%s: cannot be read (%s)", path, strerror(errno));
    if (!S_ISREG(st.st_mode))
        return bn_fail(BN_INPUT, "%s: %s, and a bag holds only files; put the files "
                       "themselves there, or take it out of the project", path,
                       S_ISDIR(st.st_mode) ? "a link to a folder" : "no ordinary file");
    BN_TRY(add(p, name, &item));
    item->program = (st.st_mode & S_IXUSR) != 0;
    item->path = bn_copy(path);
    return item->path ? BN_OK : BN_NOMEM;
}

bn_status payload_text(struct payload *p, const char *name, char *text)
{
    struct item *item = NULL;
    bn_status rc = text ? add(p, name, &item) : BN_NOMEM;
    if (rc == BN_OK) {
        item->text = text;
        item->bytes = strlen(text);
    } else {
        free(text);
    }
    return rc;
}

bn_status payload_json(struct payload *p, const char *name, json_t *json)
{
    char *text = json ? json_dumps(json, JSON_INDENT(2)) : NULL;
    char *line = text ? bn_format("%s\n", text) : NULL;
    free(text);
    json_decref(json);
    return payload_text(p, name, line);
}

const struct item *payload_find(const struct payload *p, const char *name)
{
    const json_t *i = json_object_get(p->index, name);
    return i ? &p->at[json_integer_value(i)] : NULL;
}

void payload_free(struct payload *p)
{
    for (size_t i = 0; i < p->n; i++) {
        free(p->at[i].name);
        free(p->at[i].path);
        free(p->at[i].text);
    }
    free(p->at);
    json_decref(p->index);
    *p = (struct payload){ 0 };
}

/* --- hashing ------------------------------------------------------------------ */

static bn_status hash_file(struct item *item, struct digests *d)
{
    static char block[1 << 18];
    const int fd = open(item->path, O_RDONLY | O_CLOEXEC);
    ssize_t n = -1;
    item->bytes = 0;
    while (fd >= 0 && ((n = read(fd, block, sizeof block)) > 0 ||
                       (n < 0 && errno == EINTR))) {
        if (n < 0)
            continue;
        digests_add(d, block, (size_t)n);
        item->bytes += (size_t)n;
    }
    const int why = errno;
    if (fd >= 0)
        close(fd);
    return n == 0 ? BN_OK : bn_fail(BN_INPUT, "%s: cannot be read (%s)", item->path,
                                    strerror(why));
}

static bn_status hash_item(struct item *item)
{
    struct digests *d;
    bn_status rc = BN_OK;
    BN_TRY(digests_new(&d));
    if (item->path != NULL)
        rc = hash_file(item, d);
    else
        digests_add(d, item->text, item->bytes);
    digests_end(d, item->sha256, item->sha512);
    item->hashed = rc == BN_OK;
    return rc;
}

bn_status payload_hash(struct payload *p)
{
    for (size_t i = 0; i < p->n; i++)
        if (!p->at[i].hashed)
            BN_TRY(hash_item(&p->at[i]));
    return BN_OK;
}
