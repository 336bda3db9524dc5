/* SPDX-License-Identifier: MIT
 *
 * The sources of the bag in a new folder, built and run there.  This is code from the bag,
 * with the rights of whoever calls it: it happens only with --trust.         */
#define _XOPEN_SOURCE 700                /* realpath */
#include "verify.h"

#include <basin/mem.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

char *rerun_line(const struct goals *g, long jobs)
{
    char *set = set_shown(g->set);
    char *line = bn_format("make -k -j%ld FROM=%s%s", jobs, g->from, set ? set : "");
    free(set);
    for (size_t i = 0; i < g->goals.n && line != NULL; i++) {
        char *longer = i < 20 ? bn_format("%s %s", line, g->goals.at[i])
                              : i == 20 ? bn_format("%s ...", line) : bn_copy(line);
        free(line);
        line = longer;
    }
    return line;
}

/* --- a folder of its own --------------------------------------------------- */

/* Make runs elsewhere, so the path begins at the root. */
static bn_status choose_folder(struct rerun *r)
{
    const char *tmp = getenv("TMPDIR");
    const char *in = r->keep != NULL ? r->keep : tmp != NULL && tmp[0] != '\0' ? tmp : "/tmp";
    char here[4096];
    if (getcwd(here, sizeof here) == NULL)
        return bn_fail(BN_INPUT, "this folder has no name (%s)", strerror(errno));
    r->folder = bn_format("%s%s%s%s", in[0] == '/' ? "" : here, in[0] == '/' ? "" : "/", in,
                          r->keep != NULL ? "" : "/basin-verify-XXXXXX");
    return r->folder != NULL ? BN_OK : BN_NOMEM;
}

bn_status rerun_folder(struct rerun *r)
{
    BN_TRY(choose_folder(r));
    if (strpbrk(r->folder, " \t\n") != NULL)
        return bn_fail(BN_USAGE, "%s: the path has a blank, which make cannot handle: choose "
                       "another with %s", r->folder, r->keep ? "--keep" : "TMPDIR");
    if (r->keep != NULL ? mkdir(r->folder, 0700) != 0 : mkdtemp(r->folder) == NULL) {
        const int why = errno;
        const bn_status rc = bn_fail(BN_OUTPUT, "%s: cannot be made (%s); --keep takes a folder "
                                     "that is not there yet", r->folder, strerror(why));
        free(r->folder);
        r->folder = NULL;
        return rc;
    }
    return BN_OK;
}

/* Make the folders of `name` below `fd`, one after another and through no link; gives a
 * descriptor of the last.                                                    */
static int open_parent(int fd, const char *name, const char **leaf)
{
    int at = dup(fd);
    const char *slash;
    while (at >= 0 && (slash = strchr(name, '/')) != NULL) {
        char part[BAG_NAME + 1];
        snprintf(part, sizeof part, "%.*s", (int)(slash - name), name);
        if (mkdirat(at, part, 0700) != 0 && errno != EEXIST) {
            close(at);
            return -1;
        }
        const int next = openat(at, part, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        close(at);
        at = next;
        name = slash + 1;
    }
    *leaf = name;
    return at;
}

static int create(int fd, const char *name)
{
    const char *leaf;
    const int parent = open_parent(fd, name, &leaf);
    const int file = parent >= 0 ? openat(parent, leaf, O_WRONLY | O_CREAT | O_EXCL |
                                          O_NOFOLLOW | O_CLOEXEC, 0600) : -1;
    if (parent >= 0)
        close(parent);
    return file;
}

/* --- unpacking ------------------------------------------------------------- */

struct unpack {
    const struct goals *g;
    int folder, fd;
    bool first;                          /* nothing of the file is written yet */
    bool script;
};

/* Where a file of the bag goes: source/, recordings/ or archived/, and what nothing made
 * into the results; NULL: nowhere.                                           */
static char *place_of(const struct unpack *u, const char *name)
{
    if (strncmp(name, "data/source/", 12) == 0 || strncmp(name, "data/recordings/", 16) == 0)
        return bn_copy(name + 5);
    const json_t *node = strncmp(name, "data/results/", 13) == 0
                             ? json_object_get(u->g->nodes, name + 13) : NULL;
    return node == NULL ? NULL : bn_format("%s/%s", goals_is_own(node) ? "source/results"
                                                                       : "archived", name + 13);
}

static bn_status begin(void *context, const struct bag_file *f, bool *wanted)
{
    struct unpack *u = context;
    char *place = place_of(u, f->name), shown[128];
    *wanted = place != NULL;
    u->first = true;
    u->script = false;
    if (place != NULL)
        u->fd = create(u->folder, place);
    free(place);
    if (*wanted && u->fd < 0)
        return bn_fail(BN_OUTPUT, "%s cannot be unpacked (%s)", name_shown(f->name, shown),
                       strerror(errno));
    return BN_OK;
}

static bn_status block(void *context, const void *bytes, size_t n)
{
    struct unpack *u = context;
    if (u->first && n >= 2)
        u->script = memcmp(bytes, "#!", 2) == 0;
    u->first = false;
    for (size_t done = 0; done < n;) {
        const ssize_t put = write(u->fd, (const char *)bytes + done, n - done);
        if (put < 0 && errno != EINTR)
            return bn_fail(BN_OUTPUT, "a file of the bag cannot be unpacked (%s); choose "
                           "another folder with TMPDIR or --keep", strerror(errno));
        done += put > 0 ? (size_t)put : 0;
    }
    return BN_OK;
}

/* Scripts are programs, also when the archive came through a tool that forgets modes. */
static bn_status end(void *context, const struct bag_file *f)
{
    struct unpack *u = context;
    const bool good = fchmod(u->fd, f->runs || u->script ? 0700 : 0600) == 0;
    const int why = errno;
    close(u->fd);
    u->fd = -1;
    return good ? BN_OK : bn_fail(BN_OUTPUT, "a file of the bag cannot be unpacked (%s)",
                                  strerror(why));
}

static bn_status unpack(struct rerun *r, struct bag *b, const struct goals *g)
{
    struct unpack u = { .g = g, .fd = -1 };
    const struct bag_pass pass = { &u, begin, block, end };
    u.folder = open(r->folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (u.folder < 0)
        return bn_fail(BN_OUTPUT, "%s: cannot be opened (%s)", r->folder, strerror(errno));
    static const char *const folders[] = { "source", "recordings", "archived", "home", "tmp" };
    bn_status rc = BN_OK;
    for (size_t i = 0; i < BN_LEN(folders) && rc == BN_OK; i++)
        if (mkdirat(u.folder, folders[i], 0700) != 0)
            rc = bn_fail(BN_OUTPUT, "%s/%s: cannot be made (%s)", r->folder, folders[i],
                         strerror(errno));
    if (rc == BN_OK)
        rc = bag_again(b, &pass);
    if (u.fd >= 0)
        close(u.fd);
    close(u.folder);
    return rc;
}

/* --- recordings that the bag only names ----------------------------------- */

/* From BASIN_DATA, if it is that file: a link, in a folder that is ours. */
static bn_status find_recording(struct rerun *r, const char *name, const json_t *told)
{
    const char *data = getenv("BASIN_DATA");
    char hex[BN_HEX] = "", shown[128];
    if (data == NULL || data[0] == '\0')
        return BN_OK;
    char *from = bn_format("%s/%s", data, name), *full = NULL;
    char *to = bn_format("%s/recordings/%s", r->folder, name);
    bn_status rc = from != NULL && to != NULL ? BN_OK : BN_NOMEM;
    if (rc == BN_OK && file_exists(from)) {
        rc = bn_digest_file(from, hex);
        if (rc == BN_OK && strcmp(hex, text_of(told, "sha256")) != 0)
            fprintf(stderr, "basin verify: %s/%s is not the recording that the bag names\n",
                    data, name_shown(name, shown));
        else if (rc == BN_OK && (full = realpath(from, NULL)) != NULL)
            rc = file_make_folders(to);
        if (rc == BN_OK && full != NULL && symlink(full, to) != 0)
            rc = bn_fail(BN_OUTPUT, "%s: cannot be linked (%s)", to, strerror(errno));
    }
    free(full);
    free(from);
    free(to);
    return rc;
}

static bn_status find_recordings(struct rerun *r, const struct bag *b, const struct goals *g)
{
    const char *name;
    json_t *told;
    json_object_foreach((json_t *)(uintptr_t)g->data, name, told) {
        char *path = bn_format("data/recordings/%s", name);
        const bool included = path != NULL && bag_find(b, path) != NULL;
        free(path);
        if (!included)
            BN_TRY(find_recording(r, name, told));
    }
    return BN_OK;
}

/* --- running --------------------------------------------------------------- */

/* Through env, so that nothing of this environment but PATH is handed on. */
static bn_status command(const struct rerun *r, struct list *argv)
{
    const char *path = getenv("PATH");
    const struct {
        const char *name, *value, *below;
    } variables[] = {
        { "PATH", path != NULL ? path : "/usr/local/bin:/usr/bin:/bin", "" },
        { "HOME", r->folder, "/home" }, { "TMPDIR", r->folder, "/tmp" },
        { "LANG", "C.UTF-8", "" },
    };
    char *chdir_to = bn_format("--chdir=%s/source", r->folder);
    bn_status rc = list_add(argv, "/usr/bin/env");
    if (rc == BN_OK)
        rc = list_add(argv, "-i");
    if (rc == BN_OK)
        rc = chdir_to != NULL ? list_add(argv, chdir_to) : BN_NOMEM;
    free(chdir_to);
    for (size_t i = 0; i < BN_LEN(variables) && rc == BN_OK; i++) {
        char *text = bn_format("%s=%s%s", variables[i].name, variables[i].value,
                               variables[i].below);
        rc = text != NULL ? list_add(argv, text) : BN_NOMEM;
        free(text);
    }
    return rc;
}

static bn_status add_words(struct list *argv, const struct rerun *r, const struct goals *g)
{
    char *const words[] = {
        bn_format("-j%ld", r->jobs), bn_format("FROM=%s", g->from), bn_format("SET=%s", g->set),
        bn_copy("RESULTS=results"), bn_format("BASIN_DATA=%s/recordings", r->folder),
    };
    bn_status rc = BN_OK;
    for (size_t i = 0; i < BN_LEN(words); i++) {
        if (rc == BN_OK)
            rc = words[i] != NULL ? list_add(argv, words[i]) : BN_NOMEM;
        free(words[i]);
    }
    return rc;
}

/* What the compiler complained of stands at the end. */
static void tell_tail(const char *said)
{
    const char *at = said + strlen(said);
    for (int lines = 0; at > said && lines <= 30;)
        lines += *--at == '\n';
    fputs(at > said ? at + 1 : at, stderr);
}

static bn_status run_make(struct rerun *r, const struct goals *g, bool programs, int *status)
{
    struct list argv = { 0 };
    struct child c = { .name = programs ? "make programs" : "make", .capture = programs };
    bn_status rc = command(r, &argv);
    if (rc == BN_OK)
        rc = list_add(&argv, "make");
    if (rc == BN_OK)
        rc = list_add(&argv, "--no-print-directory");
    if (rc == BN_OK && !programs)
        rc = list_add(&argv, "-k");
    if (rc == BN_OK)
        rc = add_words(&argv, r, g);
    if (rc == BN_OK && programs)
        rc = list_add(&argv, "programs");
    for (size_t i = 0; i < g->goals.n && rc == BN_OK && !programs; i++)
        rc = list_add(&argv, g->goals.at[i]);
    c.argv = argv.at;
    if (rc == BN_OK)
        rc = child_run(&c);
    if (rc == BN_OK) {
        *status = child_status(&c, c.name);
        if (*status != 0 && c.said != NULL)
            tell_tail(c.said);
        r->seconds[!programs] = c.seconds;
        if (*status > 128)               /* Ctrl-C, or killed: there is nothing to compare */
            rc = bn_fail_at((bn_status)*status, "the re-execution was stopped");
    }
    free(c.said);
    list_free(&argv);
    return rc;
}

bn_status rerun_run(struct rerun *r, struct bag *b, const struct goals *g)
{
    int built = 0;
    BN_TRY(unpack(r, b, g));
    BN_TRY(find_recordings(r, b, g));
    BN_TRY(run_make(r, g, true, &built));
    if (built != 0)
        r->made = built;
    else
        BN_TRY(run_make(r, g, false, &r->made));
    return BN_OK;
}

void rerun_free(struct rerun *r)
{
    for (size_t i = 0; i < r->n; i++) {
        free(r->at[i].why);
        diff_free(&r->at[i].diff);
    }
    free(r->at);
    schema_free_all();
    if (r->folder != NULL && r->keep == NULL) {
        char *const argv[] = { "/bin/rm", "-rf", "--", r->folder, NULL };
        struct child c = { .name = "rm", .argv = argv };
        if (child_run(&c) != BN_OK || child_status(&c, "rm") != 0)
            fprintf(stderr, "basin verify: %s could not be removed\n", r->folder);
        free(c.said);
    }
    free(r->folder);
}
