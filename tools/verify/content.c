/* SPDX-License-Identifier: MIT
 *
 * What artifacts say, not only their bytes: the digest of the content of each HDF5 file that
 * goals.json names.  HDF5 reads files by seeking, so each is copied to a file of our
 * own; and it trusts what it reads, so it reads in a process of its own, with limits, which
 * cannot take verify along.  A file that would have data read from other files is refused. */
#include "verify.h"

#include <basin/h5digest.h>
#include <basin/mem.h>

#include <errno.h>
#include <hdf5.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

struct content {
    struct bag *b;
    const struct goals *g;
    int fd;
    char path[1024];                     /* a copy that only we can read; "" if none */
    const char *node;                    /* of the file that is read now */
};

/* --- in the process of its own -------------------------------------------- */

static herr_t leads_out(hid_t group, const char *name, const H5L_info_t *info, void *found)
{
    (void)group, (void)name;
    *(const char **)found = info->type == H5L_TYPE_EXTERNAL ? "a link into another file"
                            : info->type >= H5L_TYPE_UD_MIN ? "a link of an unknown kind" : NULL;
    return *(const char **)found != NULL;
}

static herr_t stored_outside(hid_t file, const char *name, const H5O_info_t *info, void *found)
{
    if (info->type != H5O_TYPE_DATASET)
        return 0;
    const hid_t set = H5Dopen2(file, name, H5P_DEFAULT);
    const hid_t list = set >= 0 ? H5Dget_create_plist(set) : H5I_INVALID_HID;
    if (list >= 0 && H5Pget_layout(list) == H5D_VIRTUAL)
        *(const char **)found = "a virtual dataset, made of others";
    else if (list >= 0 && H5Pget_external_count(list) > 0)
        *(const char **)found = "a dataset that is stored in another file";
    if (list >= 0)
        H5Pclose(list);
    if (set >= 0)
        H5Dclose(set);
    return *(const char **)found != NULL;
}

static bn_status check_contained(const char *path)
{
    const char *found = NULL;
    H5Eset_auto2(H5E_DEFAULT, NULL, NULL);
    const hid_t file = H5Fopen(path, H5F_ACC_RDONLY, H5P_DEFAULT);
    if (file < 0)
        return bn_fail(BN_INPUT, "it is no HDF5 file, or damaged");
    if (H5Lvisit_by_name(file, "/", H5_INDEX_NAME, H5_ITER_NATIVE, leads_out, &found,
                         H5P_DEFAULT) >= 0 && found == NULL)
        H5Ovisit2(file, H5_INDEX_NAME, H5_ITER_NATIVE, stored_outside, &found,
                  H5O_INFO_BASIC);
    H5Fclose(file);
    return found == NULL ? BN_OK : bn_fail(BAG_REFUSED, "it has %s: refused", found);
}

static void limit(int what, rlim_t most)
{
    const struct rlimit l = { most, most };
    setrlimit(what, &l);
}

#if defined(__SANITIZE_ADDRESS__)
#define ADDRESS_SANITIZER 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define ADDRESS_SANITIZER 1
#endif
#endif

/* Writes the digest, or "!" and the status and the reason. */
static _Noreturn void digest_apart(const char *path, int out)
{
    char hex[BN_HEX] = "", text[512];
    limit(RLIMIT_CORE, 0);
    limit(RLIMIT_FSIZE, 0);
    limit(RLIMIT_CPU, 1200);
#ifndef ADDRESS_SANITIZER
    limit(RLIMIT_AS, (rlim_t)8 << 30);
#endif
    bn_status rc = check_contained(path);
    if (rc == BN_OK)
        rc = bn_h5_digest(path, hex);
    const char *why = bn_error();
    if (rc != BN_OK && strncmp(why, path, strlen(path)) == 0)
        why += strlen(path) + strspn(why + strlen(path), ": ");
    const int n = rc == BN_OK ? snprintf(text, sizeof text, "%s", hex)
                              : snprintf(text, sizeof text, "!%c%s", '0' + (int)rc, why);
    const size_t length = n < (int)sizeof text ? (size_t)n : sizeof text - 1;
    _exit(write(out, text, length) == (ssize_t)length ? 0 : 1);
}

/* --- in verify ------------------------------------------------------------ */

static bn_status digest_of(const char *path, char answer[512])
{
    int pipes[2];
    size_t n = 0;
    ssize_t got;
    int status = 0;
    if (pipe(pipes) != 0)
        return bn_fail(BN_NOMEM, "no more pipes (%s)", strerror(errno));
    fflush(NULL);
    const pid_t pid = fork();
    if (pid == 0) {
        close(pipes[0]);
        digest_apart(path, pipes[1]);
    }
    close(pipes[1]);
    while (pid > 0 && n < 511 && (got = read(pipes[0], answer + n, 511 - n)) != 0)
        if (got > 0)
            n += (size_t)got;
        else if (errno != EINTR)
            break;
    answer[n] = '\0';
    close(pipes[0]);
    while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
        ;
    if (pid < 0)
        return bn_fail(BN_NOMEM, "no more processes (%s)", strerror(errno));
    if (WIFSIGNALED(status))
        snprintf(answer, 512, "!3it is damaged: HDF5 fell over it (%s)",
                 strsignal(WTERMSIG(status)));
    else if (n == 0)
        snprintf(answer, 512, "!3it is damaged: HDF5 fell over it");
    return BN_OK;
}

static bn_status begin(void *context, const struct bag_file *f, bool *wanted)
{
    struct content *c = context;
    const size_t n = strlen(f->name);
    *wanted = n > 16 && strncmp(f->name, "data/results/", 13) == 0 &&
              strcmp(f->name + n - 3, ".h5") == 0 &&
              json_object_get(c->g->nodes, f->name + 13) != NULL;
    if (!*wanted)
        return BN_OK;
    const char *tmp = getenv("TMPDIR");
    c->node = f->name + 13;
    snprintf(c->path, sizeof c->path, "%s/basin-verify-XXXXXX", tmp != NULL ? tmp : "/tmp");
    c->fd = mkstemp(c->path);
    if (c->fd >= 0)
        return BN_OK;
    const bn_status rc = bn_fail(BN_OUTPUT, "%s: no temporary file (%s); choose another folder "
                                 "with TMPDIR", c->path, strerror(errno));
    c->path[0] = '\0';
    return rc;
}

static bn_status block(void *context, const void *bytes, size_t n)
{
    const struct content *c = context;
    for (size_t done = 0; done < n;) {
        const ssize_t put = write(c->fd, (const char *)bytes + done, n - done);
        if (put < 0 && errno != EINTR)
            return bn_fail(BN_OUTPUT, "a temporary file cannot be written (%s); choose another "
                           "folder with TMPDIR", strerror(errno));
        done += put > 0 ? (size_t)put : 0;
    }
    return BN_OK;
}

static void drop_copy(struct content *c)
{
    if (c->fd >= 0)
        close(c->fd);
    if (c->path[0] != '\0')
        unlink(c->path);
    c->fd = -1;
    c->path[0] = '\0';
}

static bn_status end(void *context, const struct bag_file *f)
{
    struct content *c = context;
    char answer[512], shown[128], other[128];
    (void)f;
    const bn_status rc = digest_of(c->path, answer);
    drop_copy(c);
    if (rc != BN_OK)
        return rc;
    name_shown(c->node, shown);
    if (answer[0] == '!' && answer[1] == '0' + (int)BAG_REFUSED)
        return bn_fail(BAG_REFUSED, "%s: %s: %s", c->b->path, shown,
                       name_shown(answer + 2, other));
    if (answer[0] == '!')
        return bag_problem(c->b, "%s: %s", shown, name_shown(answer + 2, other));
    const char *told = text_of(json_object_get(c->g->nodes, c->node), "content");
    return strcmp(told, answer) == 0
               ? BN_OK : bag_problem(c->b, "%s: its content is not what data/goals.json says",
                                     shown);
}

bn_status content_check(struct bag *b, const struct goals *g)
{
    struct content c = { .b = b, .g = g, .fd = -1 };
    const struct bag_pass pass = { &c, begin, block, end };
    const bn_status rc = bag_again(b, &pass);
    drop_copy(&c);
    return rc;
}
