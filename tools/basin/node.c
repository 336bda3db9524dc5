/* SPDX-License-Identifier: MIT
 *
 * What it takes to run one stage, here or on a cluster: may it run, with which command
 * line, and what its manifest says afterwards.                               */
#include "node.h"

#include <basin/checkpoint.h>
#include <basin/h5.h>
#include <basin/mem.h>
#include <basin/text.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

/* --- what make was told -------------------------------------------------- */

/* MAKEFLAGS starts with the single letters, then " -j2 ..." and the rest. */
void node_read_makeflags(struct run *r)
{
    const char *flags = getenv("MAKEFLAGS");
    const long cores = sysconf(_SC_NPROCESSORS_ONLN);
    r->threads = cores > 0 ? cores : 1;
    r->jobs = 1;
    if (flags == NULL)
        return;
    const size_t letters = flags[0] == '-' ? 0 : strcspn(flags, " ");
    r->again = memchr(flags, 'B', letters) != NULL;
    r->keep_going = memchr(flags, 'k', letters) != NULL;
    const char *jobs = strstr(flags, " -j"), *variables = strstr(flags, " -- ");
    if (jobs != NULL && variables != NULL && variables < jobs)
        jobs = NULL;
    if (strncmp(flags, "-j", 2) == 0)
        jobs = flags - 1;
    const long n = jobs ? strtol(jobs + 3, NULL, 10) : 1;
    if (n > 1) {
        r->jobs = n;
        r->threads = r->threads > n ? r->threads / n : 1;
    }
}

/* --- data files ---------------------------------------------------------- */

bn_status node_check_files(const struct run *r, const json_t *node, const char *name)
{
    const char *key;
    json_t *files, *file;
    size_t i;
    json_object_foreach(json_object_get(node, "files"), key, files)
        json_array_foreach(files, i, file) {
            const char *path = json_string_value(json_array_get(file, 0));
            const char *wanted = json_string_value(json_array_get(file, 1));
            const int pipeline = (int)strcspn(name, "/");
            const char *stage = name + pipeline + 1;
            const int n = (int)(strrchr(stage, '.') - stage);
            char now[BN_HEX];
            if (!file_exists(path))
                return bn_fail(BN_USAGE, "%.*s.%.*s.%s is %s, and there is no such file; "
                               "put it there, set BASIN_DATA to the folder that has it, "
                               "or name another with SET=\"%.*s.%.*s.%s=path\"", pipeline,
                               name, n, stage, key, path, pipeline, name, n, stage, key);
            BN_TRY(store_sha256(r->results, path, now));
            if (strcmp(now, wanted) != 0)
                return bn_fail(BN_INPUT, "%s: changed while make was running: run make "
                               "again", path);
        }
    return BN_OK;
}

/* --- the command line ---------------------------------------------------- */

static bn_status add_option(struct list *argv, const char *option, const char *key,
                            const char *value)
{
    char *text = bn_format("%s=%s", key, value);
    bn_status rc = text ? list_add(argv, option) : BN_NOMEM;
    if (rc == BN_OK)
        rc = list_add(argv, text);
    free(text);
    return rc;
}

static bn_status add_parameters(const json_t *node, struct list *argv)
{
    const json_t *files = json_object_get(node, "files");
    const char *key;
    json_t *value;
    json_object_foreach(json_object_get(node, "parameters"), key, value) {
        const json_t *paths = json_object_get(files, key);
        char *joined = bn_copy(paths ? "" : json_string_value(value));
        for (size_t i = 0; i < json_array_size(paths) && joined != NULL; i++) {
            const char *path = json_string_value(
                json_array_get(json_array_get(paths, i), 0));
            char *longer = bn_format("%s%s%s", joined, i ? " " : "", path);
            free(joined);
            joined = longer;
        }
        const bn_status rc = joined ? add_option(argv, "--set", key, joined) : BN_NOMEM;
        free(joined);
        BN_TRY(rc);
    }
    return BN_OK;
}

/* Points of a sweep may be more than a command line holds: `basin run` hands them over
 * in a file beside the output, as the plan has them, with paths and digests.  */
static char *points_path(const char *out)
{
    return bn_format("%s.points", out);
}

void node_drop_points(const char *out)
{
    char *path = points_path(out);
    if (path != NULL)
        unlink(path);
    free(path);
}

static bn_status write_points(const json_t *node, const struct input *inputs, size_t n,
                              const char *path)
{
    json_t *points = json_deep_copy(json_object_get(node, "points")), *role;
    for (size_t i = 0; i < n && points != NULL; i++) {
        const char *bracket = strchr(inputs[i].role, '[');
        char name[256];
        if (bracket == NULL)
            continue;
        snprintf(name, sizeof name, "%.*s", (int)(bracket - inputs[i].role),
                 inputs[i].role);
        role = json_object_get(points, name);
        if (json_object_get(role, "path") == NULL) {
            json_object_set_new(role, "path", json_array());
            json_object_set_new(role, "digest", json_array());
        }
        json_array_append_new(json_object_get(role, "path"),
                              json_string(inputs[i].object.path));
        json_array_append_new(json_object_get(role, "digest"),
                              json_string(inputs[i].object.content));
    }
    char *text = points ? json_dumps(points, JSON_COMPACT) : NULL;
    const bn_status rc = text ? file_write(path, text) : BN_NOMEM;
    free(text);
    json_decref(points);
    return rc;
}

static bn_status add_points(const json_t *node, const struct input *inputs, size_t n,
                            const char *out, struct list *argv)
{
    if (json_object_get(node, "points") == NULL)
        return BN_OK;
    char *path = points_path(out);
    bn_status rc = path ? write_points(node, inputs, n, path) : BN_NOMEM;
    if (rc == BN_OK)
        rc = list_add(argv, "--inputs");
    if (rc == BN_OK)
        rc = list_add(argv, path);
    free(path);
    return rc;
}

/* A stage with long loops continues from `checkpoint` and writes it now and then. */
static bn_status add_options(const struct run *r, const json_t *node,
                             const char *checkpoint, struct list *argv)
{
    const char *every = text_of(node, "checkpoint");
    const char *const options[] = { "--checkpoint-keep", "--checkpoint-every",
                                    every[0] != '\0' ? every : "60",
                                    "--checkpoint", checkpoint };
    for (size_t i = 0; i < BN_LEN(options); i++)
        BN_TRY(list_add(argv, options[i]));
    return r->quiet ? list_add(argv, "--quiet") : BN_OK;
}

bn_status node_command(const struct run *r, const json_t *node,
                       const struct input *inputs, size_t n, const char *out,
                       const char *checkpoint, struct list *argv)
{
    char number[32];
    char *program = bn_format("%s/stages/%s", r->build, text_of(node, "stage"));
    bn_status rc = program ? list_add(argv, program) : BN_NOMEM;
    free(program);
    BN_TRY(rc);
    snprintf(number, sizeof number, "%ld", r->threads);
    const char *const fixed[] = { "--out", out, "--code", text_of(node, "code"),
                                  "--threads", number };
    for (size_t i = 0; i < BN_LEN(fixed); i++)
        BN_TRY(list_add(argv, fixed[i]));
    BN_TRY(add_points(node, inputs, n, out, argv));
    for (size_t i = 0; i < n; i++) {
        if (strchr(inputs[i].role, '[') != NULL)
            continue;
        BN_TRY(add_option(argv, "--in", inputs[i].role, inputs[i].object.path));
        BN_TRY(add_option(argv, "--digest", inputs[i].role, inputs[i].object.content));
    }
    BN_TRY(add_options(r, node, checkpoint, argv));
    return add_parameters(node, argv);
}

/* The program must be what the plan calls its code. */
bn_status node_check_code(const struct run *r, const json_t *node)
{
    const char *stage = text_of(node, "stage");
    char now[BN_HEX], *source = bn_format("stages/%s.c", stage);
    char *program = bn_format("%s/stages/%s", r->build, stage);
    bn_status rc = source && program ? code_is_built(r->build, source, program) : BN_NOMEM;
    if (rc == BN_OK)
        rc = code_identity(r->build, source, now);
    if (rc == BN_OK && strcmp(now, text_of(node, "code")) != 0)
        rc = bn_fail(BN_INPUT, "%s: sources changed while make was running: run make "
                     "again", source);
    free(program);
    free(source);
    return rc;
}

/* --- the manifest -------------------------------------------------------- */

/* Split the wanted parameters into those that the run read and the rest. */
static bn_status split_parameters(const json_t *node, const char *out, bool stage,
                                  json_t *read, json_t *unread)
{
    const json_t *all = json_object_get(node, "parameters");
    char **names = NULL;
    size_t n = 0;
    if (!stage) {
        json_object_update(read, (json_t *)(uintptr_t)all);
        return BN_OK;
    }
    bn_h5 *f;
    BN_TRY(bn_h5_open(&f, out));
    bn_status rc = BN_OK;
    if (bn_h5_kind(f, "/provenance/parameter") == BN_H5_DATASET)
        rc = bn_h5_read_texts(f, "/provenance/parameter", &names, &n);
    const bn_status closed = bn_h5_close(f);
    for (size_t i = 0; i < n && rc == BN_OK; i++) {
        json_t *value = json_object_get(all, names[i]);
        if (value == NULL)
            rc = bn_fail(BN_INPUT, "%s: read the parameter `%s`, which its schema does not "
                         "have: run make again", text_of(node, "stage"), names[i]);
        else
            json_object_set(read, names[i], value);
    }
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)all, key, value)
        if (json_object_get(read, key) == NULL)
            json_object_set(unread, key, value);
    free(names);
    return rc != BN_OK ? rc : closed;
}

void node_machine(json_t *m)
{
    struct utsname u;
    char line[512] = "", date[32];
    if (uname(&u) == 0) {
        json_object_set_new(m, "host", json_string(u.nodename));
        json_object_set_new(m, "system", json_pack("s++", u.sysname, " ", u.release));
    }
    FILE *f = fopen("/proc/cpuinfo", "r");
    while (f != NULL && fgets(line, sizeof line, f) != NULL)
        if (strncmp(line, "model name", 10) == 0 && strchr(line, ':') != NULL) {
            line[strcspn(line, "\n")] = '\0';
            json_object_set_new(m, "cpu", json_string(strchr(line, ':') + 2));
            break;
        }
    if (f != NULL)
        fclose(f);
    const time_t t = time(NULL);
    struct tm tm;
    if (gmtime_r(&t, &tm) != NULL && strftime(date, sizeof date, "%FT%TZ", &tm) > 0)
        json_object_set_new(m, "date", json_string(date));
}

bn_status node_manifest(const struct run *r, const json_t *node, const char *name,
                        const json_t *digests, const char *out, const struct child *c,
                        const json_t *machine, json_t **manifest)
{
    json_t *read = json_object(), *unread = json_object();
    const bool stage = strstr(name, ".h5") != NULL;
    struct stat st;
    bn_status rc = stat(out, &st) == 0 ? BN_OK
                   : bn_fail(BN_OUTPUT, "%s: ended well but wrote no result", name);
    if (rc == BN_OK)
        rc = split_parameters(node, out, stage, read, unread);
    char *path = bn_format("%s/flags", r->build), *flags = NULL;
    if (path != NULL && file_exists(path) && file_read(path, &flags, NULL) == BN_OK)
        flags[strcspn(flags, "\n")] = '\0';
    *manifest = json_pack("{ss ss ss ss sO so so sf sf sI ss ss}", "format", BASIN_FORMAT,
                          "node", name, "stage", text_of(node, "stage"), "code",
                          text_of(node, "code"), "inputs", digests, "parameters", read,
                          "unread", unread, "seconds", c->seconds, "memory", c->bytes,
                          "bytes", (json_int_t)st.st_size, "basin", BASIN_VERSION,
                          "build", flags ? flags : "");
    if (*manifest != NULL && machine != NULL)
        json_object_update(*manifest, (json_t *)(uintptr_t)machine);
    else if (*manifest != NULL)
        node_machine(*manifest);
    if (json_object_get(node, "points") != NULL)
        json_object_set(*manifest, "points", json_object_get(node, "points"));
    free(flags);
    free(path);
    return rc == BN_OK && *manifest == NULL ? BN_NOMEM : rc;
}

/* --- around it ----------------------------------------------------------- */

/* Named like the lock: by what can be known before a run, and all parameters. */
char *node_checkpoint(const struct run *r, const char *name, const char *lock)
{
    const char *slash = strrchr(lock, '/');
    char *path = bn_format("%s/cache/checkpoints/%s.ck", r->results,
                           slash != NULL ? slash + 1 : lock);
    if (path != NULL && file_make_folders(path) != BN_OK) {
        free(path);
        return NULL;
    }
    if (path != NULL && (r->again || store_is_forced(r->results, name)))
        bn_checkpoint_remove(path);      /* from the beginning */
    return path;
}

void node_say_made(const char *name, const struct child *c, const struct object *o)
{
    char time[32], memory[32], size[32];
    struct stat st;
    const double bytes = stat(o->path, &st) == 0 ? (double)st.st_size : 0.0;
    char *line = bn_format("%-34s %10s  %9s memory  %9s\n", name,
                           bn_human_seconds(c->seconds, time),
                           bn_human_bytes(c->bytes, memory), bn_human_bytes(bytes, size));
    if (line != NULL && !display_is_quiet())
        display_print(stdout, line);
    free(line);
}

void node_say_cached(const char *name, const struct object *o)
{
    char size[32];
    struct stat st;
    const double bytes = stat(o->path, &st) == 0 ? (double)st.st_size : 0.0;
    char *line = bn_format("%-34s %10s  %9s         %9s\n", name, "cached", "",
                           bn_human_bytes(bytes, size));
    if (line != NULL && !display_is_quiet())
        display_print(stdout, line);
    free(line);
}

/* After a failure nothing that depends on it may look like a result. */
void node_drop_stale(const struct run *r, const char *name)
{
    struct list names = { 0 };
    char *message = bn_copy(bn_error());
    if (plan_dependants(r->results, r->plan, name, &names) == BN_OK)
        for (size_t i = 0; i < names.n; i++)
            store_unlink(r->results, names.at[i]);
    list_free(&names);
    bn_fail(BN_INPUT, "%s", message ? message : "out of memory");
    free(message);
}

/* `make -k` goes on and names at its end what failed. */
void node_note_failure(const char *name)
{
    const char *path = getenv("BASIN_FAILED");
    FILE *f = path != NULL && path[0] != '\0' ? fopen(path, "a") : NULL;
    if (f == NULL)
        return;
    fprintf(f, "%s\n", name);
    fclose(f);
}
