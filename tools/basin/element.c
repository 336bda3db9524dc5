/* SPDX-License-Identifier: MIT
 *
 * `basin element FOLDER`: on a node of a cluster, run the stages of one element of a job
 * array, one after the other (array.h says what the files of FOLDER are).  It looks
 * nothing up and publishes nothing: it says how each run ended, and the submitting side
 * does the rest.
 *
 * When the cluster stops it (cancelled, over its time, preempted) the run that stops
 * with it gets no verdict: only the cluster knows why, and it may start this element
 * again, which then goes on with that run, and that from its checkpoint.     */
#include "array.h"

#include "node.h"

#include <basin/mem.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { TRIES = 40 };                     /* half seconds for a file to be seen on NFS */

static json_t *read_job(const char *folder, size_t element)
{
    const struct timespec pause = { 0, 500000000 };
    char *path = array_path(folder, element, 0, ARRAY_JOB);
    json_t *job = NULL;
    for (int i = 0; path != NULL && job == NULL && i < TRIES; i++) {
        if (i > 0)
            nanosleep(&pause, NULL);
        job = json_load_file(path, 0, NULL);
    }
    if (job == NULL)
        fprintf(stderr, "basin element: %s: cannot be read; is its folder on a file system "
                "that all nodes of the cluster share?\n", path ? path : folder);
    free(path);
    return job;
}

/* The run that an earlier start of this element was at, or 0. */
static size_t first_run(const char *folder, size_t element)
{
    char *path = array_path(folder, element, 0, ARRAY_AT), *text = NULL;
    size_t at = 0;
    if (path != NULL && file_exists(path) && file_read(path, &text, NULL) == BN_OK)
        at = strtoul(text, NULL, 10);
    free(text);
    free(path);
    return at;
}

static bn_status note(const char *folder, size_t element, size_t run, enum array_file what,
                      const char *text)
{
    char *path = array_path(folder, element, run, what);
    char *job = array_path(folder, element, 0, ARRAY_JOB);
    bn_status rc = path && job ? BN_OK : BN_NOMEM;
    if (rc == BN_OK && !file_exists(job))
        rc = bn_fail(BN_OUTPUT, "%s: it is gone; nobody waits for this any more", folder);
    if (rc == BN_OK)
        rc = file_write(path, text);
    free(job);
    free(path);
    return rc;
}

static bn_status say_at(const char *folder, size_t element, size_t run)
{
    char text[32];
    snprintf(text, sizeof text, "%zu\n", run);
    return note(folder, element, run, ARRAY_AT, text);
}

/* What a killed run of this name left. */
static void sweep(const char *out)
{
    struct list names = { 0 };
    const char *base = strrchr(out, '/');
    char *folder = bn_format("%.*s", (int)(base - out), out);
    if (folder != NULL && file_names(folder, "", &names) == BN_OK)
        for (size_t i = 0; i < names.n; i++) {
            const size_t n = strlen(base + 1);
            char *path = bn_format("%s/%s", folder, names.at[i]);
            if (path != NULL && strncmp(names.at[i], base + 1, n) == 0 &&
                (names.at[i][n] == '\0' || strncmp(names.at[i] + n, ".tmp.", 5) == 0))
                unlink(path);
            free(path);
        }
    list_free(&names);
    free(folder);
}

static bn_status say_done(const char *folder, size_t element, size_t run,
                          const struct child *c, const char *out)
{
    struct stat st;
    json_t *machine = json_object();
    node_machine(machine);
    const bool made = c->status == 0 && stat(out, &st) == 0;
    json_t *done = json_pack("{si sf sf sI ss? so}", "status", c->status, "seconds",
                             c->seconds, "memory", c->bytes, "bytes",
                             made ? (json_int_t)st.st_size : (json_int_t)-1, "said",
                             c->said, "machine", machine);
    char *text = done ? json_dumps(done, JSON_COMPACT) : NULL;
    if (done != NULL && text == NULL) {  /* said something that is no UTF-8 */
        json_object_set_new(done, "said", json_string("(what it said is no text)\n"));
        text = json_dumps(done, JSON_COMPACT);
    }
    const bn_status rc = text ? note(folder, element, run, ARRAY_DONE, text) : BN_NOMEM;
    free(text);
    json_decref(done);
    return rc;
}

/* A cluster that stops a job signals all of its processes, in any order: if the stage
 * was stopped by somebody, wait for our own signal, which ends us.            */
static void expect_signal(const struct child *c)
{
    const struct timespec pause = { 1, 0 };
    if (WIFSIGNALED(c->status) && WTERMSIG(c->status) == SIGTERM)
        nanosleep(&pause, NULL);
}

static bn_status run_one(const char *folder, size_t element, size_t run, const json_t *job,
                         int *stopped)
{
    struct list argv = { 0 };
    size_t i;
    json_t *word;
    bn_status rc = say_at(folder, element, run);
    json_array_foreach(json_object_get(job, "argv"), i, word)
        if (rc == BN_OK)
            rc = list_add(&argv, json_string_value(word));
    const char *out = text_of(job, "out");
    if (rc == BN_OK && (argv.n == 0 || strchr(out, '/') == NULL))
        rc = bn_fail(BN_INPUT, "%s: run %zu of element %zu has no command", folder, run,
                     element);
    struct child c = { .name = text_of(job, "name"), .argv = argv.at, .capture = true };
    if (rc == BN_OK) {
        sweep(out);
        rc = child_run(&c);
    }
    if (rc == BN_OK)
        *stopped = c.stopped;
    if (rc == BN_OK && c.stopped == 0) {
        expect_signal(&c);
        rc = say_done(folder, element, run, &c, out);
    }
    free(c.said);
    list_free(&argv);
    return rc;
}

int element_main(int argc, char **argv)
{
    const char *number = getenv("SLURM_ARRAY_TASK_ID");
    if (argc != 2 || number == NULL) {
        fprintf(stderr, "basin element: a Slurm cluster calls it; see docs/cluster.md\n");
        return BN_USAGE;
    }
    const char *folder = argv[1];
    const size_t element = strtoul(number, NULL, 10);
    json_t *job = read_job(folder, element);
    if (job == NULL)
        return BN_INPUT;
    display_open(folder, true);
    char *old = array_path(folder, element, 0, ARRAY_STOPPED);
    if (old != NULL)
        unlink(old);
    free(old);
    bn_status rc = BN_OK;
    int stopped = 0;
    const json_t *runs = json_object_get(job, "runs");
    for (size_t i = first_run(folder, element);
         i < json_array_size(runs) && rc == BN_OK && stopped == 0; i++)
        rc = run_one(folder, element, i, json_array_get(runs, i), &stopped);
    if (rc == BN_OK && stopped != 0)
        rc = note(folder, element, 0, ARRAY_STOPPED, "");
    if (rc != BN_OK)
        fprintf(stderr, "basin element: %s\n", bn_error());
    json_decref(job);
    return stopped != 0 ? 128 + stopped : (int)rc;
}
