/* SPDX-License-Identifier: MIT */
#include "array.h"

#include <basin/mem.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

char *array_path(const char *folder, size_t element, size_t run, enum array_file what)
{
    static const char *const one[] = { "job", "at", "stopped", "log" };
    if (what == ARRAY_OUT || what == ARRAY_DONE)
        return bn_format("%s/%zu.%zu.%s", folder, element, run,
                         what == ARRAY_OUT ? "h5" : "done");
    return bn_format("%s/%zu.%s", folder, element, one[what]);
}

static const char script[] = "#!/bin/sh\nexec \"$BASIN_ELEMENT/basin\" element "
                             "\"$BASIN_ELEMENT\"\n";

static bn_status write_in(const struct array *a, const char *name, const char *text)
{
    char *path = bn_format("%s/%s", a->folder, name);
    const bn_status rc = path ? file_write(path, text) : BN_NOMEM;
    free(path);
    return rc;
}

static bool take_lock(struct array *a)
{
    char *path = bn_format("%s/lock", a->folder);
    a->lock = path ? open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666) : -1;
    free(path);
    return a->lock >= 0 && flock(a->lock, LOCK_EX | LOCK_NB) == 0;
}

bn_status array_create(const char *results, const char *stage, struct array *a)
{
    *a = (struct array){ .lock = -1, .id = bn_copy("") };
    a->folder = bn_format("%s/cache/slurm/%s.XXXXXX", results, stage);
    bn_status rc = a->folder && a->id ? file_make_folders(a->folder) : BN_NOMEM;
    if (rc == BN_OK && mkdtemp(a->folder) == NULL)
        rc = bn_fail(BN_OUTPUT, "%s/cache/slurm: no folder can be made there (%s)", results,
                     strerror(errno));
    if (rc == BN_OK && !take_lock(a))
        rc = bn_fail(BN_OUTPUT, "%s/lock: cannot be locked (%s)", a->folder, strerror(errno));
    if (rc == BN_OK)
        a->name = bn_copy(strrchr(a->folder, '/') + 1);
    return rc == BN_OK && a->name == NULL ? BN_NOMEM : rc;
}

static bn_status set_jobs(struct array *a, json_t *jobs)
{
    a->n = json_array_size(jobs);
    a->jobs = bn_alloc(a->n + 1, sizeof(json_t *));
    a->elements = bn_alloc(a->n + 1, sizeof *a->elements);
    if (a->jobs == NULL || a->elements == NULL)
        return BN_NOMEM;
    for (size_t e = 0; e < a->n; e++) {
        struct element *x = &a->elements[e];
        a->jobs[e] = json_incref(json_array_get(jobs, e));
        x->runs = x->left = json_array_size(json_object_get(a->jobs[e], "runs"));
        x->settled = bn_alloc(x->runs + 1, sizeof(bool));
        if (x->settled == NULL)
            return BN_NOMEM;
        a->left += x->left;
    }
    return BN_OK;
}

bn_status array_write(struct array *a, json_t *jobs)
{
    BN_TRY(set_jobs(a, jobs));
    BN_TRY(write_in(a, "script", script));
    for (size_t e = 0; e < a->n; e++) {
        char *path = array_path(a->folder, e, 0, ARRAY_JOB);
        char *text = json_dumps(a->jobs[e], JSON_COMPACT);
        const bn_status rc = path && text ? file_write(path, text) : BN_NOMEM;
        free(text);
        free(path);
        BN_TRY(rc);
    }
    return BN_OK;
}

/* All elements, or those before the first that cannot be read. */
static json_t *read_jobs(const char *folder)
{
    json_t *jobs = json_array(), *job = jobs;
    for (size_t e = 0; job != NULL; e++) {
        char *path = array_path(folder, e, 0, ARRAY_JOB);
        job = path ? json_load_file(path, 0, NULL) : NULL;
        if (job != NULL)
            json_array_append_new(jobs, job);
        free(path);
    }
    return jobs;
}

bn_status array_adopt(const char *folder, struct array *a, bool *alive)
{
    *a = (struct array){ .lock = -1, .folder = bn_copy(folder) };
    char *sent = bn_format("%s/sent", folder);
    bn_status rc = a->folder && sent ? BN_OK : BN_NOMEM;
    *alive = rc == BN_OK && !take_lock(a) && a->lock >= 0;
    json_t *jobs = read_jobs(folder);
    if (rc == BN_OK)
        rc = set_jobs(a, jobs);
    json_decref(jobs);
    if (rc == BN_OK && file_exists(sent) && file_read(sent, &a->id, NULL) != BN_OK)
        a->id = NULL;
    if (rc == BN_OK && (a->name = bn_copy(strrchr(folder, '/') + 1)) == NULL)
        rc = BN_NOMEM;
    free(sent);
    return rc;
}

static void remove_files(const struct array *a)
{
    struct list names = { 0 };
    const char *const *suffix = (const char *const[]){ ".job", "", NULL };
    for (; *suffix != NULL; suffix++) {  /* without its job an element writes nothing more */
        if (file_names(a->folder, *suffix, &names) != BN_OK)
            break;
        for (size_t i = 0; i < names.n; i++) {
            char *path = bn_format("%s/%s", a->folder, names.at[i]);
            if (path != NULL)
                unlink(path);
            free(path);
        }
        list_free(&names);
    }
    list_free(&names);
}

void array_remove(struct array *a)
{
    const struct timespec pause = { 0, 20000000 };
    for (int i = 0; i < 5 && a->folder != NULL; i++) {
        remove_files(a);
        if (rmdir(a->folder) == 0 || errno == ENOENT)
            break;
        nanosleep(&pause, NULL);         /* one that is ending has just written */
    }
}

void array_free(struct array *a)
{
    for (size_t e = 0; e < a->n; e++) {
        if (a->jobs != NULL)
            json_decref(a->jobs[e]);
        if (a->elements != NULL)
            free(a->elements[e].settled);
    }
    if (a->lock >= 0)
        close(a->lock);
    free(a->jobs);
    free(a->elements);
    free(a->folder);
    free(a->name);
    free(a->id);
    *a = (struct array){ .lock = -1 };
}
