/* SPDX-License-Identifier: MIT
 *
 * Objects that are not what was stored: a fault of the disk, a half copy, or
 * somebody who wrote to them.  Looking up an object is by stat; whoever reads one
 * (a stage, a figure, `basin cat`) has its bytes hashed first.  What is wrong goes
 * to results/cache/damaged/ and is made again; nobody is served with it.
 *
 * The manifest of an object has the SHA-256 of its bytes, so that HDF5 need not parse
 * a broken file to find out, and a seal, the SHA-256 of the manifest's own text.  */
#define _XOPEN_SOURCE 700                /* realpath */
#include "store_priv.h"

#include <basin/mem.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* --- the seal of a manifest ---------------------------------------------- */

static const char seal_start[] = "{\n  \"seal\": \"", seal_end[] = "\",\n";

static bool seal_of(const char *rest, char hex[BN_HEX])
{
    bn_digest *d;
    if (bn_digest_new(&d) != BN_OK)
        return false;
    bn_digest_add(d, rest, strlen(rest));
    bn_digest_end(d, hex);
    return true;
}

char *store_seal(const json_t *manifest)
{
    json_t *copy = json_copy((json_t *)(uintptr_t)manifest);
    json_object_del(copy, "seal");
    char *text = copy ? json_dumps(copy, JSON_INDENT(2) | JSON_SORT_KEYS) : NULL;
    char *rest = text ? bn_format("%s\n", text + strlen("{\n")) : NULL, hex[BN_HEX];
    char *sealed = rest && seal_of(rest, hex)
                       ? bn_format("%s%s%s%s", seal_start, hex, seal_end, rest) : NULL;
    free(rest);
    free(text);
    json_decref(copy);
    return sealed;
}

bool store_is_sealed(const char *text)
{
    const size_t n = strlen(seal_start);
    char hex[BN_HEX];
    if (strncmp(text, seal_start, n) != 0 || strlen(text) < n + 64 + strlen(seal_end) ||
        strncmp(text + n + 64, seal_end, strlen(seal_end)) != 0)
        return false;
    return seal_of(text + n + 64 + strlen(seal_end), hex) &&
           strncmp(hex, text + n, 64) == 0;
}

/* NULL: there is none, or it is not what was written (*damaged). */
static json_t *load_manifest(const char *results, const char *k2, bool *damaged)
{
    char *path = store_object_path(results, k2, ".json"), *text = NULL;
    json_t *m = NULL;
    size_t n = 0;
    *damaged = false;
    if (path != NULL && file_exists(path)) {
        *damaged = true;
        if (file_read(path, &text, &n) == BN_OK && strlen(text) == n && store_is_sealed(text))
            m = json_loads(text, 0, NULL);
        if (m != NULL && strcmp(text_of(m, "k2"), k2) == 0 &&
            strlen(text_of(m, "content")) == BN_HEX - 1) {
            *damaged = false;
        } else {
            json_decref(m);
            m = NULL;
        }
    }
    free(text);
    free(path);
    return m;
}

enum found store_inspect(const char *results, const char *k2, const char *ext, bool bytes,
                         struct object *o, const char **why)
{
    char now[BN_HEX];
    bool damaged;
    *o = (struct object){ .path = store_object_path(results, k2, ext) };
    if (o->path == NULL || !file_exists(o->path)) {
        object_free(o);
        return FOUND_NOTHING;
    }
    o->manifest = load_manifest(results, k2, &damaged);
    enum found found = o->manifest ? FOUND_WHOLE
                                   : damaged ? FOUND_DAMAGED : FOUND_NOTHING;
    *why = "its manifest is not what was written";
    if (found == FOUND_WHOLE) {
        snprintf(o->k2, sizeof o->k2, "%s", k2);
        snprintf(o->content, sizeof o->content, "%s", text_of(o->manifest, "content"));
        const bn_status rc = bytes ? bn_digest_file(o->path, now)
                                   : store_sha256(results, o->path, now);
        *why = rc != BN_OK ? "it cannot be read" : "it is not what was stored";
        if (rc != BN_OK || strcmp(now, text_of(o->manifest, "sha256")) != 0)
            found = FOUND_DAMAGED;
    }
    if (found != FOUND_WHOLE)
        object_free(o);
    return found;
}

/* --- out of the way ------------------------------------------------------ */

/* results/cache/damaged/<k2>.<date>[.tag], without the ending. */
static char *place_for(const char *results, const char *k2, const char *tag)
{
    char date[32] = "";
    struct tm tm;
    const time_t t = time(NULL);
    if (gmtime_r(&t, &tm) == NULL || strftime(date, sizeof date, "%Y%m%dT%H%M%SZ", &tm) == 0)
        return NULL;
    char *place = bn_format("%s/cache/damaged/%s.%s%s%s", results, k2, date,
                            tag[0] ? "." : "", tag);
    for (int i = 2; place != NULL && i < 1000; i++) {
        char *json = bn_format("%s.json", place), *h5 = bn_format("%s.h5", place);
        const bool taken = (json && file_exists(json)) || (h5 && file_exists(h5));
        free(json);
        free(h5);
        if (!taken)
            break;
        free(place);
        place = bn_format("%s/cache/damaged/%s.%s-%d%s%s", results, k2, date, i,
                          tag[0] ? "." : "", tag);
    }
    return place;
}

/* The manifest first: without it the rest is no object. */
bn_status store_keep_old(const char *results, const char *k2, const char *ext,
                         const char *tag)
{
    const char *const ends[] = { ".json", ext };
    char *place = place_for(results, k2, tag);
    bn_status rc = place ? file_make_folders(place) : BN_NOMEM;
    for (size_t i = 0; i < BN_LEN(ends) && rc == BN_OK; i++) {
        char *from = store_object_path(results, k2, ends[i]);
        char *to = bn_format("%s%s", place, ends[i]);
        if (from == NULL || to == NULL)
            rc = BN_NOMEM;
        else if (rename(from, to) != 0 && errno != ENOENT)
            rc = bn_fail(BN_OUTPUT, "%s: cannot be moved to %s (%s)", from, to,
                         strerror(errno));
        free(to);
        free(from);
    }
    free(place);
    return rc;
}

/* The name that people know it by; free() it. */
static char *known_as(const char *results, const char *k2)
{
    char *path = store_object_path(results, k2, ".json");
    json_t *m = path ? json_load_file(path, 0, NULL) : NULL;
    const char *node = text_of(m, "node");
    char *name = node[0] != '\0' ? bn_format(" (%s/%s)", results, node) : bn_copy("");
    json_decref(m);
    free(path);
    return name;
}

/* Somebody else may have set it aside and made it again meanwhile, so it is looked at
 * once more under the lock that publishing takes, too.                      */
void store_set_aside(const char *results, const char *k2, const char *ext,
                     const char *then)
{
    struct object o;
    const char *why = "";
    char *message = bn_copy(bn_error()), *lock = bn_format("%s.object", k2), *path;
    char *name = known_as(results, k2);
    int fd;
    if (lock == NULL || store_lock_name(results, lock, &fd, &path) != BN_OK) {
        fprintf(stderr, "basin: %s/cache/objects/%.2s/%s%s%s is damaged, and it cannot be "
                "set aside: %s\n", results, k2, k2, ext, name ? name : "", bn_error());
    } else {
        const enum found found = store_inspect(results, k2, ext, true, &o, &why);
        if (found == FOUND_WHOLE)
            object_free(&o);
        else if (found == FOUND_DAMAGED && store_keep_old(results, k2, ext, "") != BN_OK)
            fprintf(stderr, "basin: %s\n", bn_error());
        else if (found == FOUND_DAMAGED)
            fprintf(stderr, "basin: %s/cache/objects/%.2s/%s%s%s: %s (a fault of the disk, "
                    "or somebody wrote to it); it was moved to %s/cache/damaged/; %s\n",
                    results, k2, k2, ext, name ? name : "", why, results, then);
        store_unlock(fd, path);
    }
    bn_fail(BN_INPUT, "%s", message ? message : "");
    free(name);
    free(lock);
    free(message);
}

/* --- before reading ------------------------------------------------------ */

static const char *extension(const char *path)
{
    const char *dot = strrchr(path, '.');
    return dot ? dot : "";
}

bn_status store_verify(const char *results, const struct object *o)
{
    struct object now;
    const char *why = "";
    if (o->manifest == NULL)
        return BN_OK;                    /* a user's own file */
    const enum found found = store_inspect(results, o->k2, extension(o->path), true, &now,
                                           &why);
    const bool good = found == FOUND_WHOLE && strcmp(now.content, o->content) == 0;
    if (found == FOUND_WHOLE)
        object_free(&now);
    if (good)
        return BN_OK;
    if (found == FOUND_DAMAGED)
        store_set_aside(results, o->k2, extension(o->path), "it is made again");
    return bn_fail(BN_INPUT, "%s: %s", o->path, found == FOUND_DAMAGED ? why
                   : "it was replaced while it was needed");
}

/* "k2:device:inode:size:time:change" of an object as it is now. */
static char *identity(const char *k2, const char *path)
{
    struct stat st;
    if (stat(path, &st) != 0)
        return NULL;
    return bn_format("%s:%llu:%llu:%lld:%lld.%ld:%lld.%ld", k2,
                     (unsigned long long)st.st_dev, (unsigned long long)st.st_ino,
                     (long long)st.st_size, (long long)st.st_mtim.tv_sec,
                     st.st_mtim.tv_nsec, (long long)st.st_ctim.tv_sec,
                     st.st_ctim.tv_nsec);
}

char *store_vouch(const struct input *inputs, size_t n)
{
    char *text = bn_copy(STORE_VERIFIED "=");
    for (size_t i = 0; i < n && text != NULL; i++) {
        if (inputs[i].object.manifest == NULL)
            continue;
        char *one = identity(inputs[i].object.k2, inputs[i].object.path);
        char *longer = one ? bn_format("%s%s ", text, one) : NULL;
        free(text);
        free(one);
        text = longer;
    }
    return text;
}

static bool is_vouched(const char *k2, const char *path)
{
    const char *text = getenv(STORE_VERIFIED);
    char *one = text ? identity(k2, path) : NULL;
    const char *at = one ? strstr(text, one) : NULL;
    const bool yes = at != NULL && at[strlen(one)] == ' ' && (at == text || at[-1] == ' ');
    free(one);
    return yes;
}

bn_status store_verify_path(const char *path)
{
    static const char middle[] = "/cache/objects/";
    char *whole = realpath(path, NULL), k2[BN_HEX], *at = NULL;
    for (char *p = whole ? strstr(whole, middle) : NULL; p; p = strstr(p + 1, middle))
        at = p;
    const char *base = at ? at + strlen(middle) + 3 : "";
    if (at == NULL || strspn(base, "0123456789abcdef") != 64) {
        free(whole);
        return BN_OK;                    /* not of a cache */
    }
    snprintf(k2, sizeof k2, "%.64s", base);
    const char *ext = base + 64, *why = "";
    struct object o;
    enum found found = FOUND_WHOLE;
    *at = '\0';
    if (!is_vouched(k2, path))
        found = store_inspect(whole, k2, ext, true, &o, &why);
    else
        o = (struct object){ 0 };
    bn_status rc = BN_OK;
    if (found == FOUND_WHOLE)
        object_free(&o);
    else if (found == FOUND_DAMAGED) {
        store_set_aside(whole, k2, ext, "`make` makes it again");
        rc = bn_fail(BN_INPUT, "%s: nothing is read from it, for %s; make it again", path,
                     why);
    } else
        rc = bn_fail(BN_INPUT, "%s: the cache does not say what it should hold (its "
                     "manifest is gone); make it again", path);
    free(whole);
    return rc;
}
