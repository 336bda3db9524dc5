/* SPDX-License-Identifier: MIT
 *
 * The cache, results/cache:
 *
 *   objects/ab/<K2>.h5     what a stage wrote; read-only, with a fixed time
 *   objects/ab/<K2>.json   its manifest: how it came about, the digests of its content
 *                          and of its bytes, and a seal over the manifest itself
 *   names/<K1>/<hash>      names of the parameters that runs under K1 were seen to
 *                          read, one set per file
 *   memo/ab/<hash>         digests of files by device, inode, size and times
 *   lock/<hash>            held while somebody makes this one; kernel locks
 *   damaged/<K2>.<date>    what was found not to be what was stored (damage.c)
 *
 *   K1 = SHA-256(format, stage, code, content digests of the inputs by role)
 *   K2 = SHA-256(K1, names and values of the parameters that were read)
 *
 * A run is determined by K1 and the values that it reads.  So if some set of names
 * seen under K1, with the values wanted now, gives the K2 of an object, that object
 * is what a run would write, whatever the other parameters are.
 *
 * An object is published in the order bytes, manifest, names, link, each on disk
 * before the next; without one of them there is no object, and it is made again. */
#include "store_priv.h"

#include <basin/h5digest.h>
#include <basin/mem.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

static const char *extension(const char *name)
{
    const char *dot = strrchr(name, '.');
    return dot ? dot : "";
}

void object_free(struct object *o)
{
    free(o->path);
    json_decref(o->manifest);
    *o = (struct object){ 0 };
}

/* --- memo ---------------------------------------------------------------- */

typedef bn_status compute(const char *path, char hex[BN_HEX]);

static char *memo_path(const char *results, const char *kind, const struct stat *st)
{
    char hex[BN_HEX];
    bn_digest *d;
    if (bn_digest_new(&d) != BN_OK)
        return NULL;
    char *text = bn_format("%s %llu %llu %lld %lld.%ld %lld.%ld", kind,
                           (unsigned long long)st->st_dev,
                           (unsigned long long)st->st_ino, (long long)st->st_size,
                           (long long)st->st_mtim.tv_sec, st->st_mtim.tv_nsec,
                           (long long)st->st_ctim.tv_sec, st->st_ctim.tv_nsec);
    bn_digest_text(d, text ? text : "");
    bn_digest_end(d, hex);
    free(text);
    return text ? bn_format("%s/cache/memo/%.2s/%s", results, hex, hex) : NULL;
}

/* A file written a moment ago may change again within one tick of the clock. */
static bool is_settled(const struct stat *st)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return st->st_ctim.tv_sec < now.tv_sec - 1;
}

/* A digest, and a digest of that and of the memo's name: a damaged memo is none, and
 * neither is that of another file.                                          */
static void seal_memo(const char *memo, const char *hex, char text[2 * BN_HEX])
{
    char seal[BN_HEX] = "";
    bn_digest *d;
    if (bn_digest_new(&d) == BN_OK) {
        bn_digest_text(d, strrchr(memo, '/'));
        bn_digest_text(d, hex);
        bn_digest_end(d, seal);
    }
    snprintf(text, 2 * BN_HEX, "%s %.16s", hex, seal);
}

static bool read_memo(const char *memo, char hex[BN_HEX])
{
    char text[2 * BN_HEX] = "", want[2 * BN_HEX];
    const int fd = open(memo, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    const ssize_t n = read(fd, text, sizeof text - 1);
    close(fd);
    if (n < BN_HEX)
        return false;
    snprintf(hex, BN_HEX, "%.64s", text);
    seal_memo(memo, hex, want);
    return strcmp(text, want) == 0;
}

/* Only for speed: what cannot be noted is computed again. */
static void write_memo(const char *memo, const char *hex)
{
    char text[2 * BN_HEX], *message = bn_copy(bn_error());
    seal_memo(memo, hex, text);
    if (file_write(memo, text) != BN_OK)
        bn_fail(BN_OK, "%s", message ? message : "");
    free(message);
}

static bn_status remember(const char *results, const char *kind, const char *path,
                          compute *how, char hex[BN_HEX])
{
    struct stat st;
    if (stat(path, &st) != 0)
        return bn_fail(BN_INPUT, "%s: cannot be read (%s)", path, strerror(errno));
    char *memo = memo_path(results, kind, &st);
    if (memo == NULL)
        return BN_NOMEM;
    bn_status rc = BN_OK;
    if (!read_memo(memo, hex)) {
        rc = how(path, hex);
        if (rc == BN_OK && is_settled(&st))
            write_memo(memo, hex);
    }
    free(memo);
    return rc;
}

bn_status store_digest(const char *results, const char *path, char hex[BN_HEX])
{
    const bool h5 = strcmp(extension(path), ".h5") == 0;
    return remember(results, h5 ? "content" : "sha256", path,
                    h5 ? bn_h5_digest : bn_digest_file, hex);
}

bn_status store_sha256(const char *results, const char *path, char hex[BN_HEX])
{
    return remember(results, "sha256", path, bn_digest_file, hex);
}

char *store_memo(const char *results, const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 ? memo_path(results, "sha256", &st) : NULL;
}

/* An object that was just stored is young, but nobody will write to it again. */
void store_remember(const char *results, const char *path, const char *hex)
{
    char *memo = store_memo(results, path);
    if (memo != NULL)
        write_memo(memo, hex);
    free(memo);
}

static char *first_line(const char *program, const char *argument)
{
    char *command = bn_format("%s %s 2>&1", program, argument);
    FILE *f = command ? popen(command, "r") : NULL;
    char line[256] = "";
    if (f != NULL) {
        if (fgets(line, sizeof line, f) == NULL)
            line[0] = '\0';
        while (fgetc(f) != EOF)
            ;
        pclose(f);
    }
    free(command);
    line[strcspn(line, "\n")] = '\0';
    return bn_copy(line);
}

static bool find_program(const char *program, struct stat *st)
{
    const char *path = getenv("PATH");
    bool found = false;
    for (const char *p = path; p != NULL && *p != '\0' && !found;) {
        const size_t n = strcspn(p, ":");
        char *whole = bn_format("%.*s/%s", (int)n, p, program);
        found = whole && access(whole, X_OK) == 0 && stat(whole, st) == 0;
        free(whole);
        p += n + (p[n] == ':');
    }
    return found;
}

bn_status store_version(const char *results, const char *program, const char *argument,
                        char **version)
{
    struct stat st;
    if (!find_program(program, &st))
        return bn_fail(BN_INPUT, "the program `%s` is not installed: run `make deps`",
                       program);
    char *memo = memo_path(results, program, &st);
    if (memo == NULL)
        return BN_NOMEM;
    *version = NULL;
    bn_status rc = BN_OK;
    if (file_exists(memo)) {
        rc = file_read(memo, version, NULL);
    } else {
        *version = first_line(program, argument);
        rc = *version ? file_write(memo, *version) : BN_NOMEM;
    }
    free(memo);
    return rc;
}

/* --- keys ---------------------------------------------------------------- */

bn_status store_sorted_keys(const json_t *object, struct list *keys)
{
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)object, key, value)
        BN_TRY(list_add(keys, key));
    list_sort(keys);
    return BN_OK;
}

/* Add the pairs of an object whose keys are in `only` (all if NULL). */
static bn_status add_pairs(bn_digest *d, const json_t *object, const struct list *only)
{
    struct list keys = { 0 };
    bn_status rc = only ? BN_OK : store_sorted_keys(object, &keys);
    const struct list *use = only ? only : &keys;
    for (size_t i = 0; i < use->n && rc == BN_OK; i++) {
        bn_digest_text(d, use->at[i]);
        bn_digest_text(d, text_of(object, use->at[i]));
    }
    list_free(&keys);
    return rc;
}

bn_status store_key(const json_t *node, const json_t *inputs, char k1[BN_HEX])
{
    bn_digest *d;
    BN_TRY(bn_digest_new(&d));
    bn_digest_text(d, BASIN_FORMAT);
    bn_digest_text(d, text_of(node, "stage"));
    bn_digest_text(d, text_of(node, "code"));
    bn_status rc = add_pairs(d, inputs, NULL);
    const json_t *points = json_object_get(node, "points");
    if (points != NULL && rc == BN_OK) { /* what gathered inputs stand for */
        char *text = json_dumps(points, JSON_COMPACT | JSON_SORT_KEYS);
        bn_digest_text(d, text ? text : "");
        rc = text ? BN_OK : BN_NOMEM;
        free(text);
    }
    bn_digest_end(d, k1);
    return rc;
}

bn_status store_second_key(const char *k1, const json_t *parameters,
                           const struct list *names, char k2[BN_HEX])
{
    bn_digest *d;
    BN_TRY(bn_digest_new(&d));
    bn_digest_text(d, k1);
    const bn_status rc = add_pairs(d, parameters, names);
    bn_digest_end(d, k2);
    return rc;
}

/* --- objects ------------------------------------------------------------- */

char *store_object_path(const char *results, const char *k2, const char *ext)
{
    return bn_format("%s/cache/objects/%.2s/%s%s", results, k2, k2, ext);
}

/* One that is not what was stored is set aside; then there is none. */
static bool object_load(const char *results, const char *k2, const char *ext,
                        struct object *o)
{
    const char *why = "";
    enum found found = store_inspect(results, k2, ext, false, o, &why);
    if (found == FOUND_DAMAGED) {
        store_set_aside(results, k2, ext, "it is made again when it is needed");
        found = store_inspect(results, k2, ext, false, o, &why);     /* made meanwhile? */
    }
    return found == FOUND_WHOLE;
}

/* K2 in a link text like ../cache/objects/ab/<K2>.h5 */
static bool link_key(const char *path, char k2[BN_HEX])
{
    char text[4096];
    const ssize_t n = readlink(path, text, sizeof text - 1);
    if (n <= 0)
        return false;
    text[n] = '\0';
    const char *slash = strrchr(text, '/');
    if (strstr(text, "cache/objects/") == NULL || strlen(slash + 1) < BN_HEX - 1)
        return false;
    snprintf(k2, BN_HEX, "%.64s", slash + 1);
    return true;
}

bool store_is_own(const char *results, const char *name)
{
    char *path = bn_format("%s/%s", results, name), k2[BN_HEX];
    const bool own = path != NULL && !link_key(path, k2) && file_exists(path);
    free(path);
    return own;
}

enum holds store_holds(const char *results, const char *name, struct object *o)
{
    *o = (struct object){ 0 };
    char *path = bn_format("%s/%s", results, name), k2[BN_HEX];
    enum holds holds = HOLDS_NOTHING;
    if (path != NULL && link_key(path, k2)) {
        if (object_load(results, k2, extension(name), o))
            holds = HOLDS_OBJECT;
    } else if (path != NULL && file_exists(path)) {
        o->path = path;
        return HOLDS_FILE;
    }
    free(path);
    return holds;
}

bool store_agrees(const struct object *o, const char *k1, const json_t *parameters)
{
    if (o->manifest == NULL || strcmp(text_of(o->manifest, "k1"), k1) != 0)
        return false;
    const char *name;
    json_t *value;
    json_object_foreach(json_object_get(o->manifest, "parameters"), name, value)
        if (!json_equal(value, json_object_get(parameters, name)))
            return false;
    return true;
}

static bn_status read_names(const char *path, struct list *names)
{
    char *text, *rest = NULL;
    BN_TRY(file_read(path, &text, NULL));
    bn_status rc = BN_OK;
    for (char *w = strtok_r(text, "\n", &rest); w && rc == BN_OK;
         w = strtok_r(NULL, "\n", &rest))
        rc = list_add(names, w);
    free(text);
    return rc;
}

static bool find_with(const char *results, const char *path, const char *ext,
                      const char *k1, const json_t *parameters, struct object *o)
{
    struct list names = { 0 };
    char k2[BN_HEX];
    const bool found = read_names(path, &names) == BN_OK &&
                       store_second_key(k1, parameters, &names, k2) == BN_OK &&
                       object_load(results, k2, ext, o);
    list_free(&names);
    return found;
}

bool store_find(const char *results, const char *name, const char *k1,
                const json_t *parameters, struct object *o)
{
    struct list sets = { 0 };
    char *folder = bn_format("%s/cache/names/%s", results, k1);
    bool found = false;
    if (folder != NULL && file_names(folder, "", &sets) == BN_OK)
        for (size_t i = 0; i < sets.n && !found; i++) {
            char *path = bn_format("%s/%s", folder, sets.at[i]);
            found = path && strchr(sets.at[i], '.') == NULL &&
                    find_with(results, path, extension(name), k1, parameters, o);
            free(path);
        }
    list_free(&sets);
    free(folder);
    return found;
}

/* --- links --------------------------------------------------------------- */

bn_status store_link(const char *results, const char *name, const struct object *o)
{
    char up[256] = "";
    for (const char *p = strchr(name, '/'); p; p = strchr(p + 1, '/'))
        if (strlen(up) + 4 < sizeof up)
            strcat(up, "../");
    char *path = bn_format("%s/%s", results, name);
    char *temp = path ? bn_format("%s.tmp.%ld", path, (long)getpid()) : NULL;
    char *target = bn_format("%s%s", up, o->path + strlen(results) + 1);
    bn_status rc = temp && target ? file_make_folders(path) : BN_NOMEM;
    if (rc == BN_OK && (symlink(target, temp) != 0 || rename(temp, path) != 0)) {
        rc = bn_fail(BN_OUTPUT, "%s: the link to the result cannot be made (%s); make the "
                     "folder writable, or choose another with RESULTS=folder", path,
                     strerror(errno));
        unlink(temp);
    }
    free(target);
    free(temp);
    free(path);
    return rc;
}

void store_unlink(const char *results, const char *name)
{
    char k2[BN_HEX], *path = bn_format("%s/%s", results, name);
    if (path != NULL && link_key(path, k2))
        unlink(path);
    free(path);
}

/* Make sees the later of the times of a link (-L) and of its object, which `cp -r`
 * makes young: a link with an old time to an old object is one to be renewed.  */
void store_age(const char *results, const char *name)
{
    const struct timespec times[2] = { { YEAR_2000, 0 }, { YEAR_2000, 0 } };
    char k2[BN_HEX], *path = bn_format("%s/%s", results, name);
    struct stat st;
    if (path != NULL && link_key(path, k2) &&
        (utimensat(AT_FDCWD, path, times, AT_SYMLINK_NOFOLLOW) != 0 ||
         (stat(path, &st) == 0 && st.st_mtim.tv_sec > YEAR_2000 &&
          utimensat(AT_FDCWD, path, times, 0) != 0)))
        unlink(path);                    /* a file system without times of links, or
                                            an object of somebody else's */
    free(path);
}

bool store_renew(const char *results, const char *name, bool always)
{
    const struct timespec times[2] = { { 0, UTIME_NOW }, { 0, UTIME_NOW } };
    struct stat st;
    char *path = bn_format("%s/%s", results, name);
    const bool renewed = path != NULL && lstat(path, &st) == 0 && S_ISLNK(st.st_mode) &&
                         (always || st.st_mtim.tv_sec == YEAR_2000) &&
                         utimensat(AT_FDCWD, path, times, AT_SYMLINK_NOFOLLOW) == 0;
    free(path);
    return renewed;
}

/* --- locks --------------------------------------------------------------- */

/* The file goes when its last user leaves, so one that was locked after it was
 * removed is not the lock any more.                                         */
static bool is_same_file(int fd, const char *path)
{
    struct stat a, b;
    return fstat(fd, &a) == 0 && stat(path, &b) == 0 && a.st_ino == b.st_ino &&
           a.st_dev == b.st_dev;
}

bn_status store_lock_key(const char *k1, const json_t *parameters, char hex[BN_HEX])
{
    struct list names = { 0 };
    bn_status rc = store_sorted_keys(parameters, &names);
    if (rc == BN_OK)
        rc = store_second_key(k1, parameters, &names, hex);
    list_free(&names);
    return rc;
}

bn_status store_lock(const char *results, const char *k1, const json_t *parameters,
                     int *fd, char **path)
{
    char hex[BN_HEX];
    BN_TRY(store_lock_key(k1, parameters, hex));
    return store_lock_name(results, hex, fd, path);
}

bn_status store_lock_name(const char *results, const char *name, int *fd, char **path)
{
    *path = bn_format("%s/cache/lock/%s", results, name);
    if (*path == NULL)
        return BN_NOMEM;
    bn_status rc = file_make_folders(*path);
    for (*fd = -1; rc == BN_OK;) {
        *fd = open(*path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
        if (*fd < 0)
            rc = bn_fail(BN_OUTPUT, "%s: cannot be opened (%s); make the folder writable, "
                         "or choose another with RESULTS=folder", *path, strerror(errno));
        else if (flock(*fd, LOCK_EX) != 0 && errno != EINTR)
            rc = bn_fail(BN_OUTPUT, "%s: cannot be locked (%s)", *path, strerror(errno));
        else if (is_same_file(*fd, *path))
            return BN_OK;
        if (*fd >= 0)
            close(*fd);
    }
    free(*path);
    *path = NULL;
    return rc;
}

void store_unlock(int fd, char *path)
{
    unlink(path);
    close(fd);
    free(path);
}
