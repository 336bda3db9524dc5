/* SPDX-License-Identifier: MIT
 *
 * How a finished file becomes an object: bytes, manifest, names, each on disk before
 * the next is begun, so that a crash at any moment leaves the object or none.  */
#include "store_priv.h"

#include <basin/h5digest.h>
#include <basin/mem.h>

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *extension(const char *name)
{
    const char *dot = strrchr(name, '.');
    return dot ? dot : "";
}

static bn_status write_names(const char *results, const char *k1, const struct list *names)
{
    char hex[BN_HEX];
    bn_digest *d;
    BN_TRY(bn_digest_new(&d));
    char *text = bn_copy("");
    for (size_t i = 0; i < names->n && text != NULL; i++) {
        char *longer = bn_format("%s%s\n", text, names->at[i]);
        free(text);
        text = longer;
    }
    bn_digest_text(d, text ? text : "");
    bn_digest_end(d, hex);
    char *path = bn_format("%s/cache/names/%s/%s", results, k1, hex), *old = NULL;
    bn_status rc = text && path ? BN_OK : BN_NOMEM;
    if (rc == BN_OK && (!file_exists(path) || file_read(path, &old, NULL) != BN_OK ||
                        strcmp(old, text) != 0))
        rc = file_write_durable(path, text);
    free(old);
    free(path);
    free(text);
    return rc;
}

/* Durable and read-only before it gets its name. */
static bn_status settle(const char *made)
{
    const struct timespec times[2] = { { YEAR_2000, 0 }, { YEAR_2000, 0 } };
    const int fd = open(made, O_RDONLY | O_CLOEXEC);
    const bool good = fd >= 0 && fsync(fd) == 0 && fchmod(fd, 0444) == 0 &&
                      futimens(fd, times) == 0;
    const int why = errno;
    if (fd >= 0)
        close(fd);
    if (!good)
        return bn_fail(BN_OUTPUT, "%s: cannot be stored (%s); free some space, make the "
                       "folder writable, or choose another with RESULTS=folder", made,
                       strerror(why));
    return BN_OK;
}

/* Its name, and the name of its folder. */
static bn_status move_in(const char *made, const char *path)
{
    if (rename(made, path) != 0)
        return bn_fail(BN_OUTPUT, "%s: cannot be stored (%s); free some space, make the "
                       "folder writable, or choose another with RESULTS=folder", path,
                       strerror(errno));
    BN_TRY(file_sync_folder(path));
    char *folder = bn_format("%.*s", (int)(strrchr(path, '/') - path), path);
    const bn_status rc = folder ? file_sync_folder(folder) : BN_NOMEM;
    free(folder);
    return rc;
}

/* The same key, and something else came out: that must not pass unnoticed. */
static bn_status keep_contradicted(const char *results, const json_t *old,
                                   const struct object *o, const char *ext)
{
    static const char *const facts[] = { "build", "host", "cpu" };
    const char *differs = NULL;
    for (size_t i = 0; i < BN_LEN(facts) && differs == NULL; i++)
        if (strcmp(text_of(old, facts[i]), text_of(o->manifest, facts[i])) != 0)
            differs = facts[i];
    BN_TRY(store_keep_old(results, o->k2, ext, "nondeterministic"));
    if (differs != NULL)
        fprintf(stderr, "basin: %s: the same code, inputs and parameters gave another "
                "result than on %s, with another %s: \"%s\" then, \"%s\" now; the old one "
                "is kept in %s/cache/damaged/\n", text_of(o->manifest, "node"),
                text_of(old, "date"), differs, text_of(old, differs),
                text_of(o->manifest, differs), results);
    else
        fprintf(stderr, "basin: %s: the same code, inputs and parameters gave another "
                "result than on %s: the stage `%s` is not deterministic (look for time, "
                "addresses, uninitialised memory, or threads that add in any order); the "
                "old result is kept in %s/cache/damaged/\n", text_of(o->manifest, "node"),
                text_of(old, "date"), text_of(o->manifest, "stage"), results);
    return BN_OK;
}

/* Make room for the new bytes: a manifest never stands beside bytes of another run. */
static bn_status retire(const char *results, const struct object *o, const char *ext)
{
    char *json = store_object_path(results, o->k2, ".json");
    char *memo = store_memo(results, o->path);
    json_t *old = json ? json_load_file(json, 0, NULL) : NULL;
    bn_status rc = json ? BN_OK : BN_NOMEM;
    const char *content = text_of(old, "content");
    if (old != NULL && strlen(content) == BN_HEX - 1 && strcmp(content, o->content) != 0)
        rc = keep_contradicted(results, old, o, ext);
    else if (json != NULL && file_exists(json) &&
             strcmp(text_of(old, "sha256"), text_of(o->manifest, "sha256")) != 0 &&
             unlink(json) != 0)
        rc = bn_fail(BN_OUTPUT, "%s: cannot be removed (%s)", json, strerror(errno));
    if (memo != NULL)
        unlink(memo);                    /* of a file that is going */
    json_decref(old);
    free(memo);
    free(json);
    return rc;
}

static bn_status write_manifest(const char *results, const struct object *o)
{
    char *path = store_object_path(results, o->k2, ".json");
    char *text = store_seal(o->manifest);
    const bn_status rc = path && text ? file_write_durable(path, text) : BN_NOMEM;
    /* Bytes without a manifest are only in the way, on a full disk above all. */
    if (rc != BN_OK && path != NULL && !file_exists(path))
        unlink(o->path);
    free(text);
    free(path);
    return rc;
}

/* Bytes and content are read at the same time: half of the waiting for a large result. */
struct bytes {
    const char *path;
    char sha[BN_HEX];
    bn_status rc;
    char *message;                       /* of the thread: its own */
};

static void *sum_bytes(void *context)
{
    struct bytes *b = context;
    b->rc = bn_digest_file(b->path, b->sha);
    b->message = b->rc != BN_OK ? bn_copy(bn_error()) : NULL;
    return NULL;
}

static bn_status digests_of(const char *made, char sha[BN_HEX], char content[BN_HEX])
{
    struct bytes b = { .path = made };
    pthread_t thread;
    if (pthread_create(&thread, NULL, sum_bytes, &b) != 0) {
        BN_TRY(bn_digest_file(made, sha));
        return bn_h5_digest(made, content);
    }
    bn_status rc = bn_h5_digest(made, content);
    pthread_join(thread, NULL);
    if (rc == BN_OK && b.rc != BN_OK)
        rc = bn_fail(b.rc, "%s", b.message != NULL ? b.message : made);
    free(b.message);
    memcpy(sha, b.sha, BN_HEX);
    return rc;
}

static bn_status describe(const char *name, const char *made, const char *k1,
                          const struct list *names, struct object *o)
{
    char sha[BN_HEX];
    BN_TRY(store_second_key(k1, json_object_get(o->manifest, "parameters"), names, o->k2));
    if (strcmp(extension(name), ".h5") == 0) {
        BN_TRY(digests_of(made, sha, o->content));
    } else {
        BN_TRY(bn_digest_file(made, sha));
        memcpy(o->content, sha, BN_HEX);
    }
    json_object_set_new(o->manifest, "k1", json_string(k1));
    json_object_set_new(o->manifest, "k2", json_string(o->k2));
    json_object_set_new(o->manifest, "content", json_string(o->content));
    json_object_set_new(o->manifest, "sha256", json_string(sha));
    return BN_OK;
}

static bn_status put(const char *results, const char *made, const struct object *o)
{
    char *lock = bn_format("%s.object", o->k2), *path;
    int fd;
    bn_status rc = lock ? store_lock_name(results, lock, &fd, &path) : BN_NOMEM;
    free(lock);
    BN_TRY(rc);
    rc = retire(results, o, extension(o->path));
    if (rc == BN_OK)
        rc = move_in(made, o->path);
    if (rc == BN_OK) {
        store_remember(results, o->path, text_of(o->manifest, "sha256"));
        rc = write_manifest(results, o);
    }
    store_unlock(fd, path);
    return rc;
}

bn_status store_publish(const char *results, const char *name, const char *made,
                        const char *k1, json_t *manifest, struct object *o)
{
    struct list names = { 0 };
    *o = (struct object){ .manifest = json_incref(manifest) };
    bn_status rc = store_sorted_keys(json_object_get(manifest, "parameters"), &names);
    if (rc == BN_OK)
        rc = describe(name, made, k1, &names, o);
    if (rc == BN_OK) {
        o->path = store_object_path(results, o->k2, extension(name));
        rc = o->path ? file_make_folders(o->path) : BN_NOMEM;
    }
    if (rc == BN_OK)
        rc = settle(made);
    if (rc == BN_OK)
        rc = put(results, made, o);
    if (rc == BN_OK)
        rc = write_names(results, k1, &names);
    list_free(&names);
    return rc;
}
