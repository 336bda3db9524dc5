/* SPDX-License-Identifier: MIT
 *
 * A bag that is a folder, walked by descriptors: whatever is put in the place of a file or
 * folder meanwhile, no link is followed.  A file with more than one name is read as any
 * other: only its bytes count, and nothing is written here.                  */
#include "verify.h"

#include <basin/mem.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { BLOCK = 1 << 16 };

static bn_status trouble(const struct bag *b, const char *name)
{
    char shown[128];
    return bn_fail(BN_INPUT, "%s: `%s` cannot be read (%s)", b->path, name_shown(name, shown),
                   strerror(errno));
}

static bn_status read_file(struct bag_reader *r, int fd, const char *name)
{
    char *block = bn_alloc(BLOCK, 1);
    bn_status rc = block != NULL ? BN_OK : BN_NOMEM;
    while (rc == BN_OK) {
        const ssize_t n = read(fd, block, BLOCK);
        if (n == 0)
            break;
        if (n > 0)
            rc = bag_block(r, block, (size_t)n);
        else if (errno != EINTR)
            rc = trouble(r->b, name);
    }
    free(block);
    return rc == BN_OK ? bag_end(r) : rc;
}

static bn_status no_file(const struct bag *b, const char *name, mode_t mode)
{
    char shown[128];
    return bn_fail(BAG_REFUSED, "%s: `%s` is a %s, and a bag has only files and folders: "
                   "refused", b->path, name_shown(name, shown),
                   S_ISLNK(mode) ? "symbolic link" : S_ISFIFO(mode) ? "named pipe"
                   : S_ISSOCK(mode) ? "socket" : "device");
}

static bn_status names_in(const struct bag *b, int fd, struct list *names)
{
    const int copy = dup(fd);
    DIR *d = copy >= 0 ? fdopendir(copy) : NULL;
    if (d == NULL) {
        if (copy >= 0)
            close(copy);
        return trouble(b, ".");
    }
    bn_status rc = BN_OK;
    for (struct dirent *e = readdir(d); e != NULL && rc == BN_OK; e = readdir(d))
        if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
            rc = names->n <= BAG_ENTRIES
                     ? list_add(names, e->d_name)
                     : bn_fail(BAG_REFUSED, "%s: a folder has more than %d entries: refused",
                               b->path, (int)BAG_ENTRIES);
    closedir(d);
    list_sort(names);
    return rc;
}

static bn_status walk(struct bag_reader *r, int fd, const char *prefix);

static bn_status visit(struct bag_reader *r, int parent, const char *leaf, const char *name)
{
    struct stat st;
    if (fstatat(parent, leaf, &st, AT_SYMLINK_NOFOLLOW) != 0)
        return trouble(r->b, name);
    if (!S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode))
        return no_file(r->b, name, st.st_mode);
    const int fd = openat(parent, leaf, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &st) != 0)
        return trouble(r->b, name);
    bn_status rc;
    if (S_ISDIR(st.st_mode)) {
        rc = bag_entry(r, name, true, false);
        if (rc == BN_OK)
            rc = walk(r, fd, name);
    } else if (S_ISREG(st.st_mode)) {
        rc = bag_entry(r, name, false, (st.st_mode & S_IXUSR) != 0);
        if (rc == BN_OK && (r->pass == NULL || r->wanted))
            rc = read_file(r, fd, name);
    } else {
        rc = no_file(r->b, name, st.st_mode);
    }
    close(fd);
    return rc;
}

static bn_status walk(struct bag_reader *r, int fd, const char *prefix)
{
    struct list names = { 0 };
    bn_status rc = names_in(r->b, fd, &names);
    for (size_t i = 0; i < names.n && rc == BN_OK; i++) {
        char *name = bn_format("%s%s%s", prefix, prefix[0] ? "/" : "", names.at[i]);
        rc = name != NULL ? visit(r, fd, names.at[i], name) : BN_NOMEM;
        free(name);
    }
    list_free(&names);
    return rc;
}

bn_status bag_read_folder(struct bag_reader *r)
{
    if (lseek(r->b->fd, 0, SEEK_SET) != 0)
        return trouble(r->b, ".");
    return walk(r, r->b->fd, "");
}
