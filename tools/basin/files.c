/* SPDX-License-Identifier: MIT */
#include "basin.h"

#include <basin/mem.h>
#include <basin/text.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

bn_status list_add(struct list *l, const char *text)
{
    if (l->n + 1 >= l->room) {           /* one more, for the final NULL */
        const size_t room = l->room ? 2 * l->room : 16;
        char **at = bn_grow(l->at, room, sizeof *at);
        if (at == NULL)
            return BN_NOMEM;
        l->at = at;
        l->room = room;
    }
    l->at[l->n] = bn_copy(text);
    if (l->at[l->n] == NULL)
        return BN_NOMEM;
    l->at[++l->n] = NULL;
    return BN_OK;
}

bool list_has(const struct list *l, const char *text)
{
    for (size_t i = 0; i < l->n; i++)
        if (strcmp(l->at[i], text) == 0)
            return true;
    return false;
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

void list_sort(struct list *l)
{
    if (l->n > 1)
        qsort(l->at, l->n, sizeof *l->at, by_text);
}

void list_free(struct list *l)
{
    for (size_t i = 0; i < l->n; i++)
        free(l->at[i]);
    free(l->at);
    *l = (struct list){ 0 };
}

char *set_shown(const char *set)
{
    char *shown = bn_alloc(4 * strlen(set) + 8, 1), *out = shown;
    if (shown == NULL)
        return NULL;
    out = stpcpy(out, set[0] ? " SET='" : "");
    for (const char *at = set; *at != '\0'; at++)
        if (*at == '\'')
            out = stpcpy(out, "'\\''");
        else
            *out++ = *at;
    strcpy(out, set[0] ? "'" : "");
    return shown;
}

char *list_sentence(const struct list *l)
{
    char *s = bn_copy(l->n ? l->at[0] : "none");
    for (size_t i = 1; s != NULL && i < l->n; i++) {
        char *longer = bn_format("%s%s%s", s, i + 1 < l->n ? ", " : " and ", l->at[i]);
        free(s);
        s = longer;
    }
    return s;
}

const char *list_hint(const struct list *l, const char *name, char buf[96])
{
    const char *near = bn_nearest(name, (const char *const *)l->at, l->n);
    buf[0] = '\0';
    if (near != NULL)
        snprintf(buf, 96, " (did you mean `%.64s`?)", near);
    return buf;
}

const char *text_of(const json_t *object, const char *key)
{
    const char *s = json_string_value(json_object_get(object, key));
    return s ? s : "";
}

bool file_exists(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0;
}

bool file_is_link(const char *path)
{
    struct stat st;
    return lstat(path, &st) == 0 && S_ISLNK(st.st_mode);
}

bn_status file_read(const char *path, char **text, size_t *n)
{
    *text = NULL;
    FILE *f = fopen(path, "rb");
    struct stat st;
    if (f == NULL || fstat(fileno(f), &st) != 0 || S_ISDIR(st.st_mode)) {
        const int why = f != NULL && errno == 0 ? EISDIR : errno;
        if (f != NULL)
            fclose(f);
        return bn_fail(BN_INPUT, "%s: cannot be read (%s)", path, strerror(why));
    }
    const size_t size = (size_t)st.st_size;
    *text = bn_alloc(size + 1, 1);
    if (*text == NULL) {
        fclose(f);
        return BN_NOMEM;
    }
    const size_t got = fread(*text, 1, size, f);
    const bool bad = ferror(f) != 0;
    fclose(f);
    if (bad) {
        free(*text);
        *text = NULL;
        return bn_fail(BN_INPUT, "%s: cannot be read to its end (%s)", path,
                       strerror(errno));
    }
    (*text)[got] = '\0';
    if (n != NULL)
        *n = got;
    return BN_OK;
}

/* Mostly all are there: a server is asked about the last one only.  If not all could be
 * made, `path` ends after the first that could not.                         */
static bool make_folder(char *path)
{
    if (mkdir(path, 0777) == 0 || errno == EEXIST)
        return true;
    char *slash = strrchr(path, '/');
    if ((errno != ENOENT && errno != ENOTDIR) || slash == NULL || slash == path)
        return false;
    *slash = '\0';
    if (!make_folder(path))
        return false;
    *slash = '/';
    return mkdir(path, 0777) == 0 || errno == EEXIST;
}

bn_status file_make_folders(const char *path)
{
    char *p = bn_copy(path), *slash = p ? strrchr(p, '/') : NULL;
    bn_status rc = p ? BN_OK : BN_NOMEM;
    if (slash != NULL && slash != p) {
        *slash = '\0';
        if (!make_folder(p))
            rc = bn_fail(BN_OUTPUT, "%s: the folder cannot be made (%s); make it writable, or "
                         "choose another place with RESULTS=folder", p, strerror(errno));
    }
    free(p);
    return rc;
}

bn_status file_sync_folder(const char *path)
{
    const char *slash = strrchr(path, '/');
    char *folder = slash ? bn_format("%.*s", (int)(slash - path), path) : bn_copy(".");
    if (folder == NULL)
        return BN_NOMEM;
    const int fd = open(folder, O_RDONLY | O_DIRECTORY);
    free(folder);
    if (fd < 0)
        return bn_fail(BN_OUTPUT, "%s: its folder cannot be opened (%s)", path,
                       strerror(errno));
    /* Some file systems cannot sync a folder and say EINVAL: nothing to lose. */
    if (fsync(fd) != 0 && errno != EINVAL) {
        close(fd);
        return bn_fail(BN_OUTPUT, "%s: its folder cannot be synced (%s)", path,
                       strerror(errno));
    }
    close(fd);
    return BN_OK;
}

static bn_status write_file(const char *path, const char *text, bool durable)
{
    BN_TRY(file_make_folders(path));
    char *temp = bn_format("%s.tmp.%ld", path, (long)getpid());
    if (temp == NULL)
        return BN_NOMEM;
    FILE *f = fopen(temp, "wb");
    bool good = f != NULL;
    if (good) {
        good = fputs(text, f) >= 0 && fflush(f) == 0;
        good = good && (!durable || fsync(fileno(f)) == 0);
        const int why = errno;
        if (fclose(f) != 0)
            good = false;
        else if (!good)
            errno = why;
        good = good && rename(temp, path) == 0;
    }
    bn_status rc = BN_OK;
    if (!good) {
        rc = bn_fail(BN_OUTPUT, "%s: cannot be written (%s); free some space, make the "
                     "folder writable, or choose another with RESULTS=folder", path,
                     strerror(errno));
        unlink(temp);
    }
    free(temp);
    return rc == BN_OK && durable ? file_sync_folder(path) : rc;
}

bn_status file_write(const char *path, const char *text)
{
    return write_file(path, text, false);
}

bn_status file_write_durable(const char *path, const char *text)
{
    return write_file(path, text, true);
}

bn_status file_write_changed(const char *path, const char *text)
{
    char *old = NULL;
    const bool same = file_exists(path) && file_read(path, &old, NULL) == BN_OK &&
                      strcmp(old, text) == 0;
    free(old);
    return same ? BN_OK : file_write(path, text);
}

bn_status file_names(const char *folder, const char *suffix, struct list *names)
{
    DIR *d = opendir(folder);
    if (d == NULL)
        return errno == ENOENT ? BN_OK : bn_fail(BN_INPUT, "%s: cannot be listed (%s)",
                                                 folder, strerror(errno));
    bn_status rc = BN_OK;
    const size_t tail = strlen(suffix);
    for (struct dirent *e = readdir(d); e != NULL && rc == BN_OK; e = readdir(d)) {
        const size_t n = strlen(e->d_name);
        if (e->d_name[0] != '.' && n > tail && strcmp(e->d_name + n - tail, suffix) == 0)
            rc = list_add(names, e->d_name);
    }
    closedir(d);
    list_sort(names);
    return rc;
}

bn_status file_build_folder(char **folder)
{
    char path[4096];
    const ssize_t n = readlink("/proc/self/exe", path, sizeof path - 1);
    if (n <= 0)
        return bn_fail(BN_INPUT, "/proc/self/exe: cannot be read (%s)", strerror(errno));
    path[n] = '\0';
    char *slash = strrchr(path, '/');
    if (slash != NULL)
        *slash = '\0';
    char here[4096];
    const size_t m = getcwd(here, sizeof here) ? strlen(here) : 0;
    const bool below = m > 0 && strncmp(path, here, m) == 0 && path[m] == '/';
    *folder = bn_copy(below ? path + m + 1 : path);
    return *folder ? BN_OK : BN_NOMEM;
}
