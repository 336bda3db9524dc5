/* SPDX-License-Identifier: MIT
 *
 * `basin gc`: what could go from results/, and with --delete, away with it.
 *
 *   objects      of the cache that no link in results/ leads to, directly or as an
 *                input of a linked one
 *   temporaries  of processes that are gone: half-written files, locks, notes,
 *                bytes without a manifest, checkpoints of a week ago, and what job
 *                arrays left that no make came back to for four weeks
 *   plans        that no make works on, and nodes that the last plan does not have
 *   damaged      what was set aside
 *
 * While it deletes, no make and no `basin run` is at work here and none starts.  */
#include "store_priv.h"

#include <basin/mem.h>
#include <basin/text.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

enum scope { OBJECTS, TEMPORARIES, PLANS, DAMAGED, N_SCOPES };
static const char *const scopes[] = { "objects", "temporaries", "plans", "damaged" };

enum { CHECKPOINT_DAYS = 7, ARRAY_DAYS = 28 };

struct item {
    enum scope scope;
    char *path, *what;                   /* what: as people know it */
    double bytes, age;
};

struct gc {
    const char *results;
    struct list also;                    /* results/ of other checkouts, same cache */
    bool asked[N_SCOPES], delete;
    double older;                        /* seconds */
    size_t keep_last;
    time_t now;
    json_t *found;                       /* k2 -> manifest */
    json_t *live;                        /* k2 -> true */
    struct item *item;
    size_t n, room;
};

static const char *base_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

/* --- keeping out of each other's way ------------------------------------- */

static bn_status open_in_use(const char *results, int *fd)
{
    char *path = bn_format("%s/cache/in-use", results);
    bn_status rc = path ? file_make_folders(path) : BN_NOMEM;
    if (rc == BN_OK && (*fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666)) < 0)
        rc = bn_fail(BN_OUTPUT, "%s: cannot be opened (%s); make the folder writable, or "
                     "choose another with RESULTS=folder", path, strerror(errno));
    free(path);
    return rc;
}

bn_status gc_keep_out(const char *results, int *fd)
{
    BN_TRY(open_in_use(results, fd));
    while (flock(*fd, LOCK_SH) != 0 && errno == EINTR)
        ;
    return BN_OK;
}

/* No make, and then no run that was started by hand. */
static bn_status shut(const char *results, int fd[2])
{
    const struct timespec pause = { 0, 100000000 };
    bool said = false;
    fd[1] = -1;
    BN_TRY(makes_shut(results, &fd[0]));
    BN_TRY(open_in_use(results, &fd[1]));
    while (flock(fd[1], LOCK_EX | LOCK_NB) != 0) {
        if (errno != EWOULDBLOCK && errno != EINTR)
            return bn_fail(BN_OUTPUT, "%s/cache/in-use: cannot be locked (%s)", results,
                           strerror(errno));
        if (!said)
            fprintf(stderr, "basin: something is being made in %s; waiting for it to end\n",
                    results);
        said = true;
        nanosleep(&pause, NULL);
    }
    return BN_OK;
}

/* --- what was found ------------------------------------------------------ */

static bn_status add_item(struct gc *g, enum scope scope, const char *path,
                          const char *what)
{
    struct stat st;
    if (lstat(path, &st) != 0)
        return BN_OK;
    if (g->n == g->room) {
        const size_t room = g->room ? 2 * g->room : 64;
        struct item *item = bn_grow(g->item, room, sizeof *item);
        if (item == NULL)
            return BN_NOMEM;
        g->item = item;
        g->room = room;
    }
    g->item[g->n] = (struct item){ scope, bn_copy(path), bn_copy(what), (double)st.st_size,
                                   difftime(g->now, st.st_ctime) };
    const struct item *x = &g->item[g->n++];
    return x->path && x->what ? BN_OK : BN_NOMEM;
}

typedef bn_status visit(struct gc *g, const char *path, const struct stat *st);

/* Every file below a folder; links are not followed.  `but` is left out. */
static bn_status walk(struct gc *g, const char *folder, const char *const *but,
                      visit *see)
{
    DIR *d = opendir(folder);
    if (d == NULL)
        return errno == ENOENT || errno == ENOTDIR ? BN_OK
               : bn_fail(BN_INPUT, "%s: cannot be listed (%s)", folder, strerror(errno));
    bn_status rc = BN_OK;
    for (struct dirent *e = readdir(d); e != NULL && rc == BN_OK; e = readdir(d)) {
        struct stat st;
        bool skip = strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0;
        for (size_t i = 0; but != NULL && but[i] != NULL; i++)
            skip = skip || strcmp(e->d_name, but[i]) == 0;
        if (skip)
            continue;
        char *path = bn_format("%s/%s", folder, e->d_name);
        if (path == NULL)
            rc = BN_NOMEM;
        else if (lstat(path, &st) == 0)
            rc = S_ISDIR(st.st_mode) ? walk(g, path, NULL, see) : see(g, path, &st);
        free(path);
    }
    closedir(d);
    return rc;
}

static bn_status walk_below(struct gc *g, const char *part, visit *see)
{
    char *folder = bn_format("%s/%s", g->results, part);
    const bn_status rc = folder ? walk(g, folder, NULL, see) : BN_NOMEM;
    free(folder);
    return rc;
}

/* --- temporaries --------------------------------------------------------- */

/* Process in "name.tmp.123", or 0. */
static long writer_of(const char *name)
{
    const char *tmp = strstr(name, ".tmp."), *next;
    while (tmp != NULL && (next = strstr(tmp + 1, ".tmp.")) != NULL)
        tmp = next;
    char *end = NULL;
    const long pid = tmp ? strtol(tmp + 5, &end, 10) : 0;
    return pid > 0 && *end == '\0' ? pid : 0;
}

static bool has_part(const char *path, const char *part)
{
    return strstr(path, part) != NULL;
}

static bool is_free_lock(const char *path)
{
    const int fd = open(path, O_RDWR | O_CLOEXEC);
    const bool is_free = fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0;
    if (fd >= 0)
        close(fd);
    return is_free;
}

/* In results/cache/ and results/.basin/, where everything is ours. */
static bn_status see_ours(struct gc *g, const char *path, const struct stat *st)
{
    const char *name = base_of(path);
    const double days = difftime(g->now, st->st_ctime) / 86400.0;
    const double limit = g->older > 0.0 ? g->older / 86400.0 : CHECKPOINT_DAYS;
    long pid = writer_of(name);
    bool dead = false;
    if (pid == 0 && (has_part(path, "/cache/tmp/") || has_part(path, "/.basin/makes/") ||
                     has_part(path, "/.basin/running/")))
        pid = strtol(name, NULL, 10);
    if (has_part(path, "/cache/slurm/"))     /* of processes on other machines */
        dead = days > ARRAY_DAYS;
    else if (pid > 0)
        dead = !makes_alive(pid, st->st_ctime);
    else if (has_part(path, "/cache/lock/"))
        dead = is_free_lock(path);
    else if (has_part(path, "/cache/checkpoints/") || has_part(path, "/.basin/failed/"))
        dead = days > limit;
    return dead ? add_item(g, TEMPORARIES, path, path) : BN_OK;
}

/* Elsewhere only links that were not put in place, and files of stages. */
static bn_status see_theirs(struct gc *g, const char *path, const struct stat *st)
{
    const long pid = writer_of(path);
    if (pid == 0 || (!S_ISLNK(st->st_mode) && strstr(base_of(path), ".h5.tmp.") == NULL) ||
        makes_alive(pid, st->st_ctime))
        return BN_OK;
    return add_item(g, TEMPORARIES, path, path);
}

/* --- objects ------------------------------------------------------------- */

static json_t *manifest_of(const char *results, const char *k2)
{
    const char *const ends[] = { ".h5", ".pdf", ".svg", ".png", ".tex" };
    char *json = store_object_path(results, k2, ".json");
    json_t *m = json ? json_load_file(json, 0, NULL) : NULL;
    bool there = false;
    for (size_t i = 0; i < BN_LEN(ends) && m != NULL && !there; i++) {
        char *path = store_object_path(results, k2, ends[i]);
        there = path != NULL && file_exists(path);
        if (there)
            json_object_set_new(m, "path", json_string(path));
        free(path);
    }
    free(json);
    if (there)
        return m;
    json_decref(m);
    return NULL;
}

/* Each key once; what has no manifest, or a manifest of nothing, is unfinished. */
static bn_status see_object(struct gc *g, const char *path, const struct stat *st)
{
    (void)st;
    const char *name = base_of(path);
    char k2[BN_HEX];
    if (strspn(name, "0123456789abcdef") != 64 || writer_of(name) > 0)
        return BN_OK;
    snprintf(k2, sizeof k2, "%.64s", name);
    if (json_object_get(g->found, k2) == NULL) {
        json_t *m = manifest_of(g->results, k2);
        if (m != NULL)
            json_object_set_new(g->found, k2, m);
    }
    if (json_object_get(g->found, k2) == NULL && g->asked[TEMPORARIES])
        return add_item(g, TEMPORARIES, path, path);
    return BN_OK;
}

static bn_status see_link(struct gc *g, const char *path, const struct stat *st)
{
    char text[4096];
    const ssize_t n = S_ISLNK(st->st_mode) ? readlink(path, text, sizeof text - 1) : -1;
    if (n <= 0)
        return BN_OK;
    text[n] = '\0';
    const char *name = base_of(text);
    if (strstr(text, "cache/objects/") == NULL ||
        strspn(name, "0123456789abcdef") != 64)
        return BN_OK;
    char k2[BN_HEX];
    snprintf(k2, sizeof k2, "%.64s", name);
    json_object_set_new(g->live, k2, json_true());
    return BN_OK;
}

/* Inputs of what is live are live: an input is known by its content. */
static void spread(struct gc *g)
{
    json_t *wanted = json_object();
    const char *k2, *role;
    json_t *m, *digest;
    for (size_t before = SIZE_MAX; before != json_object_size(g->live);) {
        before = json_object_size(g->live);
        json_object_foreach(g->live, k2, m)
            json_object_foreach(json_object_get(json_object_get(g->found, k2), "inputs"),
                                role, digest)
                json_object_set(wanted, json_string_value(digest), json_true());
        json_object_foreach(g->found, k2, m)
            if (json_object_get(wanted, text_of(m, "content")) != NULL)
                json_object_set_new(g->live, k2, json_true());
    }
    json_decref(wanted);
}

struct aged {
    const char *k2, *node, *date;
    struct timespec written;             /* dates tell no two of one second apart */
};

static int by_node_and_age(const void *a, const void *b)
{
    const struct aged *x = a, *y = b;
    int c = strcmp(x->node, y->node);
    if (c == 0)
        c = -strcmp(x->date, y->date);                  /* the newest first */
    if (c == 0)
        c = (x->written.tv_sec < y->written.tv_sec) - (x->written.tv_sec > y->written.tv_sec);
    return c != 0 ? c : (x->written.tv_nsec < y->written.tv_nsec)
                            - (x->written.tv_nsec > y->written.tv_nsec);
}

static bn_status when_written(const struct gc *g, struct aged *x)
{
    char *json = store_object_path(g->results, x->k2, ".json");
    struct stat st;
    if (json == NULL)
        return BN_NOMEM;
    if (stat(json, &st) == 0)
        x->written = st.st_mtim;
    free(json);
    return BN_OK;
}

static bn_status add_object(struct gc *g, const struct aged *x)
{
    const json_t *m = json_object_get(g->found, x->k2);
    char *json = store_object_path(g->results, x->k2, ".json");
    char *what = bn_format("%s  (%.10s, %.12s)", x->node, x->date, x->k2);
    struct stat st;
    bn_status rc = json && what ? BN_OK : BN_NOMEM;
    if (rc == BN_OK && stat(json, &st) == 0 && difftime(g->now, st.st_mtime) >= g->older) {
        rc = add_item(g, OBJECTS, text_of(m, "path"), what);
        if (rc == BN_OK)
            g->item[g->n - 1].age = difftime(g->now, st.st_mtime);
    }
    free(what);
    free(json);
    return rc;
}

static bn_status find_objects(struct gc *g)
{
    static const char *const ours[] = { "cache", ".basin", NULL };
    const size_t n = json_object_size(g->found);
    size_t i = 0, rank = 0;
    const char *k2;
    json_t *m;
    BN_TRY(walk(g, g->results, ours, see_link));
    for (size_t k = 0; k < g->also.n; k++)
        BN_TRY(walk(g, g->also.at[k], ours, see_link));
    spread(g);
    struct aged *all = bn_alloc(n + 1, sizeof *all);
    if (all == NULL)
        return BN_NOMEM;
    bn_status rc = BN_OK;
    json_object_foreach(g->found, k2, m) {
        all[i] = (struct aged){ k2, text_of(m, "node"), text_of(m, "date"), { 0, 0 } };
        if (rc == BN_OK)
            rc = when_written(g, &all[i++]);
    }
    if (rc == BN_OK)
        qsort(all, n, sizeof *all, by_node_and_age);
    for (i = 0; i < n && rc == BN_OK; i++) {
        rank = i > 0 && strcmp(all[i].node, all[i - 1].node) == 0 ? rank + 1 : 0;
        if (rank >= g->keep_last && json_object_get(g->live, all[i].k2) == NULL)
            rc = add_object(g, &all[i]);
    }
    free(all);
    return rc;
}

/* --- plans --------------------------------------------------------------- */

static bn_status newest_plan(const char *folder, struct list *kept)
{
    struct list names = { 0 };
    struct stat st;
    time_t latest = 0;
    char *best = NULL;
    bn_status rc = file_names(folder, ".plan", &names);
    for (size_t i = 0; i < names.n && rc == BN_OK; i++) {
        char *path = bn_format("%s/%s", folder, names.at[i]);
        if (path != NULL && stat(path, &st) == 0 && (best == NULL || st.st_mtime > latest)) {
            latest = st.st_mtime;
            free(best);
            best = bn_format("%.*s", (int)(strlen(names.at[i]) - 5), names.at[i]);
        }
        free(path);
    }
    if (rc == BN_OK && best != NULL)
        rc = list_add(kept, best);
    free(best);
    list_free(&names);
    return rc;
}

static bn_status find_plans(struct gc *g)
{
    struct list kept = { 0 }, names = { 0 };
    char *folder = bn_format("%s/.basin/plans", g->results);
    bn_status rc = folder ? newest_plan(folder, &kept) : BN_NOMEM;
    if (rc == BN_OK)
        rc = makes_plans(g->results, &kept);
    if (rc == BN_OK)
        rc = file_names(folder, "", &names);
    for (size_t i = 0; i < names.n && rc == BN_OK; i++) {
        char *path = bn_format("%s/%s", folder, names.at[i]);
        char *digest = bn_format("%.*s", (int)strcspn(names.at[i], "."), names.at[i]);
        if (path == NULL || digest == NULL)
            rc = BN_NOMEM;
        else if (!list_has(&kept, digest) && writer_of(names.at[i]) == 0)
            rc = add_item(g, PLANS, path, path);
        free(digest);
        free(path);
    }
    list_free(&names);
    list_free(&kept);
    free(folder);
    return rc;
}

static bn_status see_damaged(struct gc *g, const char *path, const struct stat *st)
{
    return difftime(g->now, st->st_ctime) < g->older ? BN_OK
                                                     : add_item(g, DAMAGED, path, path);
}

/* --- deleting ------------------------------------------------------------ */

static bn_status delete_item(const struct gc *g, const struct item *x)
{
    if (x->scope == OBJECTS) {
        char *json = bn_format("%.*s.json", (int)(strrchr(x->path, '.') - x->path), x->path);
        char *memo = store_memo(g->results, x->path);
        if (json != NULL)
            unlink(json);
        if (memo != NULL)
            unlink(memo);
        free(memo);
        free(json);
    }
    if (unlink(x->path) != 0 && errno != ENOENT)
        return bn_fail(BN_OUTPUT, "%s: cannot be deleted (%s)", x->path, strerror(errno));
    return BN_OK;
}

/* What the manifests that are left say for `key`. */
static json_t *values_left(const struct gc *g, const char *key)
{
    json_t *values = json_object();
    const char *k2;
    json_t *m;
    json_object_foreach(g->found, k2, m) {
        char *path = store_object_path(g->results, k2, ".json");
        if (path != NULL && file_exists(path))
            json_object_set_new(values, text_of(m, key), json_true());
        free(path);
    }
    return values;
}

static void delete_folder(const char *folder)
{
    struct list names = { 0 };
    if (file_names(folder, "", &names) == BN_OK)
        for (size_t i = 0; i < names.n; i++) {
            char *path = bn_format("%s/%s", folder, names.at[i]);
            if (path != NULL)
                unlink(path);
            free(path);
        }
    rmdir(folder);
    list_free(&names);
}

/* Bookkeeping under keys (names) and codes (sources) that no object has any more. */
static void delete_orphans(const struct gc *g, const char *part, const char *key)
{
    json_t *left = values_left(g, key);
    struct list names = { 0 };
    char *folder = bn_format("%s/cache/%s", g->results, part);
    const bool good = folder != NULL && file_names(folder, "", &names) == BN_OK;
    for (size_t i = 0; i < names.n && good; i++) {
        char *value = bn_format("%.*s", (int)strcspn(names.at[i], "."), names.at[i]);
        char *path = bn_format("%s/%s", folder, names.at[i]);
        if (value != NULL && path != NULL && json_object_get(left, value) == NULL &&
            unlink(path) != 0)
            delete_folder(path);
        free(path);
        free(value);
    }
    free(folder);
    list_free(&names);
    json_decref(left);
}

/* --- the command --------------------------------------------------------- */

/* Links of other checkouts into a cache that is shared would dangle. */
static bn_status check_shared(const struct gc *g)
{
    char *cache = bn_format("%s/cache", g->results);
    const bool shared = cache != NULL && file_is_link(cache);
    free(cache);
    for (size_t i = 0; i < g->also.n; i++)
        if (!file_exists(g->also.at[i]))
            return bn_fail(BN_USAGE, "--also %s: there is no such folder", g->also.at[i]);
    if (shared && g->delete && g->asked[OBJECTS] && g->also.n == 0)
        return bn_fail(BN_USAGE, "%s/cache is shared with other checkouts, which may need "
                       "these objects; name the results folder of each with --also FOLDER",
                       g->results);
    return BN_OK;
}

static bn_status find_all(struct gc *g)
{
    static const char *const ours[] = { "cache", ".basin", NULL };
    bn_status rc = BN_OK;
    if (g->asked[OBJECTS] || g->asked[TEMPORARIES])
        rc = walk_below(g, "cache/objects", see_object);
    if (rc == BN_OK && g->asked[OBJECTS])
        rc = find_objects(g);
    if (rc == BN_OK && g->asked[TEMPORARIES])
        rc = walk_below(g, "cache", see_ours);
    if (rc == BN_OK && g->asked[TEMPORARIES])
        rc = walk_below(g, ".basin", see_ours);
    if (rc == BN_OK && g->asked[TEMPORARIES])
        rc = walk(g, g->results, ours, see_theirs);
    if (rc == BN_OK && g->asked[PLANS])
        rc = find_plans(g);
    if (rc == BN_OK && g->asked[DAMAGED])
        rc = walk_below(g, "cache/damaged", see_damaged);
    return rc;
}

static bn_status tell_and_delete(struct gc *g)
{
    char size[32], age[32];
    double total = 0.0;
    size_t n = 0;
    bn_status rc = BN_OK;
    for (size_t i = 0; i < g->n && rc == BN_OK; i++) {
        const struct item *x = &g->item[i];
        printf("%-12s %9s %9s  %s\n", scopes[x->scope], bn_human_bytes(x->bytes, size),
               bn_human_seconds(x->age > 0.0 ? x->age : 0.0, age), x->what);
        if (g->delete)
            rc = delete_item(g, x);
        if (rc == BN_OK) {
            total += x->bytes;
            n++;
        }
    }
    if (g->delete && g->asked[OBJECTS] && rc == BN_OK) {
        delete_orphans(g, "names", "k1");
        delete_orphans(g, "sources", "code");
    }
    if (g->n == 0)
        printf("nothing to delete\n");
    else if (g->delete)
        printf("%zu file%s deleted, %s\n", n, n == 1 ? "" : "s",
               bn_human_bytes(total, size));
    else
        printf("%zu file%s, %s would go; nothing was deleted: add --delete\n", n,
               n == 1 ? "" : "s", bn_human_bytes(total, size));
    return rc;
}

static bn_status parse(struct gc *g, int argc, char **argv)
{
    const struct list words = { (char **)(uintptr_t)scopes, N_SCOPES, N_SCOPES };
    bool any = false;
    for (int i = 1; i < argc; i++) {
        const char *value = i + 1 < argc ? argv[i + 1] : NULL;
        char hint[96];
        int64_t n;
        double days;
        size_t k = 0;
        while (k < N_SCOPES && strcmp(argv[i], scopes[k]) != 0)
            k++;
        if (k < N_SCOPES)
            any = g->asked[k] = true;
        else if (strcmp(argv[i], "--delete") == 0)
            g->delete = true;
        else if (strcmp(argv[i], "--results") == 0 && value != NULL)
            g->results = argv[++i];
        else if (strcmp(argv[i], "--also") == 0 && value != NULL)
            BN_TRY(list_add(&g->also, argv[++i]));
        else if (strcmp(argv[i], "--older") == 0 && value != NULL) {
            if (bn_parse_real(argv[++i], &days) != BN_OK || !(days >= 0.0))
                return bn_fail(BN_USAGE, "--older %s: a number of days", value);
            g->older = 86400.0 * days;
        } else if (strcmp(argv[i], "--keep-last") == 0 && value != NULL) {
            if (bn_parse_integer(argv[++i], &n) != BN_OK || n < 0)
                return bn_fail(BN_USAGE, "--keep-last %s: a whole number", value);
            g->keep_last = (size_t)n;
        } else
            return bn_fail(BN_USAGE, "`%s` is nothing that can be deleted, and no option%s; "
                           "see basin gc --help", argv[i],
                           list_hint(&words, argv[i], hint));
    }
    if (!any)
        g->asked[TEMPORARIES] = g->asked[PLANS] = true;
    return BN_OK;
}

int gc_main(int argc, char **argv)
{
    struct gc g = { .results = "results", .now = time(NULL) };
    int fd[2] = { -1, -1 };
    g.found = json_object();
    g.live = json_object();
    bn_status rc = parse(&g, argc, argv);
    if (rc == BN_OK)
        rc = check_shared(&g);
    if (rc == BN_OK && g.delete)
        rc = shut(g.results, fd);
    if (rc == BN_OK)
        rc = find_all(&g);
    if (rc == BN_OK)
        rc = tell_and_delete(&g);
    if (rc != BN_OK)
        fprintf(stderr, "basin gc: %s\n", bn_error());
    for (size_t i = 0; i < g.n; i++) {
        free(g.item[i].path);
        free(g.item[i].what);
    }
    free(g.item);
    list_free(&g.also);
    json_decref(g.found);
    json_decref(g.live);
    for (int i = 0; i < 2; i++)
        if (fd[i] >= 0)
            close(fd[i]);
    return (int)rc;
}
