/* SPDX-License-Identifier: MIT */
#include "deposit.h"

#include <basin/mem.h>

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

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

/* Length of the UTF-8 character at `s`; 0 if it is none. */
static size_t utf8_length(const unsigned char *s)
{
    const size_t n = s[0] < 0x80 ? 1 : s[0] < 0xc2 ? 0 : s[0] < 0xe0 ? 2 : s[0] < 0xf0 ? 3
                     : s[0] < 0xf5 ? 4 : 0;
    for (size_t i = 1; i < n; i++)
        if ((s[i] & 0xc0) != 0x80)
            return 0;
    if ((s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xed && s[1] > 0x9f) ||
        (s[0] == 0xf0 && s[1] < 0x90) || (s[0] == 0xf4 && s[1] > 0x8f))
        return 0;
    return n;
}

static bn_status check_name(const char *name)
{
    const unsigned char *s = (const unsigned char *)name;
    for (size_t n; *s != '\0'; s += n) {
        n = utf8_length(s);
        if (n == 0 || *s < 0x20 || *s == 0x7f || strchr("\\%:*?\"<>|", *s) != NULL)
            return bn_fail(BN_INPUT, "%s: this name holds %s, which not every system can "
                           "unpack; rename the file", name,
                           n == 0 ? "bytes that are no UTF-8" : "a backslash, a control "
                           "character or one of %:*?\"<>|");
    }
    return BN_OK;
}

/* Two names that one folder of macOS or Windows cannot hold at once. */
static int by_folded(const void *a, const void *b)
{
    const char *x = *(char *const *)a, *y = *(char *const *)b;
    for (;; x++, y++) {
        const int d = tolower((unsigned char)*x) - tolower((unsigned char)*y);
        if (d != 0 || *x == '\0')
            return d;
    }
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct item *)a)->name, ((const struct item *)b)->name);
}

static bn_status refuse_twins(const struct payload *p)
{
    char **names = bn_alloc(p->n + 1, sizeof *names);
    bn_status rc = names ? BN_OK : BN_NOMEM;
    for (size_t i = 0; names != NULL && i < p->n; i++)
        names[i] = p->at[i].name;
    if (names != NULL && p->n > 1)
        qsort(names, p->n, sizeof *names, by_folded);
    for (size_t i = 1; rc == BN_OK && i < p->n; i++)
        if (by_folded(&names[i - 1], &names[i]) == 0)
            rc = bn_fail(BN_INPUT, "%s and %s differ in capitals alone, and a folder of "
                         "macOS or Windows holds only one of them; rename one",
                         names[i - 1], names[i]);
    free(names);
    return rc;
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
