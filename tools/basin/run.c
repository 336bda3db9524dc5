/* SPDX-License-Identifier: MIT
 *
 * `basin run`: make one node of a plan.  Inputs are looked up as the plan wants
 * them, not as the links happen to be: an input whose link is something else
 * comes from the cache, or is made first.  So a result never mixes two plans. */
#include "basin.h"

#include <basin/checkpoint.h>
#include <basin/h5.h>
#include <basin/mem.h>
#include <basin/text.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

struct run {
    const char *results, *plan;
    char *build;
    json_t *known;                       /* inputs that are as they should be, by name */
    bool again;                          /* make -B: run even if the cache has it */
    bool quiet;
    long threads, jobs;
};

static int ensure(const struct run *r, const char *name, bool wanted, struct object *o);
static int ensure_inputs(const struct run *r, const json_t *node, struct input *inputs,
                         json_t *digests);

/* --- what make was told -------------------------------------------------- */

/* MAKEFLAGS starts with the single letters, then " -j2 ..." and the rest. */
static void read_makeflags(struct run *r)
{
    const char *flags = getenv("MAKEFLAGS");
    const long cores = sysconf(_SC_NPROCESSORS_ONLN);
    r->threads = cores > 0 ? cores : 1;
    r->jobs = 1;
    if (flags == NULL)
        return;
    const size_t letters = flags[0] == '-' ? 0 : strcspn(flags, " ");
    r->again = memchr(flags, 'B', letters) != NULL;
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

/* --- lines for people ---------------------------------------------------- */

static void say_made(const char *name, const struct child *c, const struct object *o)
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

static void say_cached(const char *name, const struct object *o)
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

/* --- data files ---------------------------------------------------------- */

static bn_status check_files(const struct run *r, const json_t *node, const char *name)
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

/* --- running a stage ----------------------------------------------------- */

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

static void drop_points(const char *out)
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

static bn_status build_command(const struct run *r, const json_t *node,
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
static bn_status check_code(const struct run *r, const json_t *node)
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

static int run_stage(const struct run *r, const json_t *node, const char *name,
                     const struct input *inputs, size_t n, const char *out,
                     const char *checkpoint, struct child *c)
{
    struct list argv = { 0 };
    bn_status rc = check_files(r, node, name);
    if (rc == BN_OK)
        rc = check_code(r, node);
    if (rc == BN_OK)
        rc = build_command(r, node, inputs, n, out, checkpoint, &argv);
    int status = (int)rc;
    if (rc == BN_OK) {
        c->argv = argv.at;
        c->progress = true;
        rc = child_run(c);
        status = rc == BN_OK ? child_status(c, name) : (int)rc;
        c->argv = NULL;
        if (status > 0 && status < 128)
            bn_fail(BN_INPUT, "%s", "");     /* the stage has said why */
    }
    if (status == 0)
        status = (int)check_files(r, node, name);
    list_free(&argv);
    return status;
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

static void add_machine(json_t *m)
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

static bn_status build_manifest(const struct run *r, const json_t *node, const char *name,
                                const json_t *digests, const char *out,
                                const struct child *c, json_t **manifest)
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
    if (*manifest != NULL)
        add_machine(*manifest);
    if (json_object_get(node, "points") != NULL)
        json_object_set(*manifest, "points", json_object_get(node, "points"));
    free(flags);
    free(path);
    return rc == BN_OK && *manifest == NULL ? BN_NOMEM : rc;
}

/* --- making a node ------------------------------------------------------- */

/* Named like the lock: by what can be known before a run, and all parameters. */
static char *checkpoint_path(const struct run *r, const char *name, const char *lock)
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

/* The child removes its own temporary file unless it was killed outright. */
static void sweep(const char *out, pid_t child)
{
    char *temp = bn_format("%s.tmp.%ld", out, (long)child);
    unlink(out);
    if (temp != NULL)
        unlink(temp);
    free(temp);
}

static int make_node(const struct run *r, const json_t *node, const char *name,
                     const struct input *inputs, size_t n, const json_t *digests,
                     const char *k1, const char *lock, struct object *o)
{
    const bool stage = strcmp(strrchr(name, '.'), ".h5") == 0;
    char *verified = store_vouch(inputs, n);
    struct child c = { .name = name, .stage = text_of(node, "stage"),
                       .results = r->results, .verified = stage ? NULL : verified };
    char *checkpoint = checkpoint_path(r, name, lock);
    json_t *manifest = NULL;
    char *out = bn_format("%s/cache/tmp/%ld%s", r->results, (long)getpid(),
                          strrchr(name, '.'));
    int status = (int)(out && checkpoint ? file_make_folders(out) : BN_NOMEM);
    if (status == 0)
        status = stage ? run_stage(r, node, name, inputs, n, out, checkpoint, &c)
                 : numbers_is(name) ? numbers_make(name, inputs, n, r->build, out, &c)
                       : figure_make(node, name, inputs, n, r->build, out, &c);
    if (status == 0)
        status = (int)build_manifest(r, node, name, digests, out, &c, &manifest);
    if (status == 0)
        status = (int)look_note_code(r->results, node);
    if (status == 0)
        status = (int)store_publish(r->results, name, out, k1, manifest, o);
    if (status == 0) {
        bn_checkpoint_remove(checkpoint);
        times_add(r->results, name, c.stage, c.seconds);
        say_made(name, &c, o);
    } else if (out != NULL) {
        sweep(out, c.pid);
    }
    free(checkpoint);
    if (out != NULL)
        drop_points(out);
    json_decref(manifest);
    free(verified);
    free(c.said);
    free(out);
    return status;
}

/* After a failure nothing that depends on it may look like a result. */
static void drop_stale(const struct run *r, const char *name)
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

/* The bytes of every input are hashed before something reads them.  One that is
 * not what was stored is made again, from its own inputs, in the same way.   */
static int verify_inputs(const struct run *r, const json_t *node, struct input *inputs,
                         size_t n, json_t *digests)
{
    for (int tries = 0;; tries++) {
        size_t good = 0;
        while (good < n && store_verify(r->results, &inputs[good].object) == BN_OK)
            good++;
        if (good == n)
            return 0;
        if (tries == 3)
            return (int)bn_fail_at(BN_INPUT, "made %d times in a row, and damaged each "
                                   "time: test the disk and the memory", tries);
        for (size_t i = 0; i < n; i++)
            object_free(&inputs[i].object);
        json_object_clear(digests);
        json_object_clear(r->known);
        const int status = ensure_inputs(r, node, inputs, digests);
        if (status != 0)
            return status;
    }
}

/* Not in the cache: make it, unless somebody else does meanwhile. */
static int make_once(const struct run *r, const json_t *node, const char *name,
                     bool wanted, struct input *inputs, size_t n, json_t *digests,
                     struct object *o, bool *cached)
{
    const json_t *parameters = json_object_get(node, "parameters");
    char k1[BN_HEX], *path;
    int fd, status;
    status = verify_inputs(r, node, inputs, n, digests);
    if (status == 0)
        status = (int)store_key(node, digests, k1);
    if (status == 0)
        status = (int)store_lock(r->results, k1, parameters, &fd, &path);
    if (status != 0)
        return status;
    const bool forced = store_is_forced(r->results, name);
    *cached = !forced && !(r->again && wanted) &&
              store_find(r->results, name, k1, parameters, o);
    if (!*cached)
        status = make_node(r, node, name, inputs, n, digests, k1, path, o);
    if (status == 0 && forced)
        store_unforce(r->results, name);
    store_unlock(fd, path);
    return status;
}

static int find_or_make(const struct run *r, const json_t *node, const char *name,
                        bool wanted, struct input *inputs, size_t n, json_t *digests,
                        struct object *o)
{
    const json_t *parameters = json_object_get(node, "parameters");
    char k1[BN_HEX];
    bn_status rc = store_key(node, digests, k1);
    if (rc != BN_OK)
        return (int)rc;
    const bool again = (r->again && wanted) || store_is_forced(r->results, name);
    bool cached = !again && store_find(r->results, name, k1, parameters, o);
    int status = 0;
    if (!cached)
        status = make_once(r, node, name, wanted, inputs, n, digests, o, &cached);
    if (status == 0)
        status = (int)store_link(r->results, name, o);
    if (status == 0 && cached && wanted)
        say_cached(name, o);
    return status;
}

/* What one gathers may need the same input ten thousand times. */
static int ensure_once(const struct run *r, const char *name, struct object *o)
{
    const json_t *known = json_object_get(r->known, name);
    if (known == NULL) {
        const int status = ensure(r, name, false, o);
        if (status == 0)
            json_object_set_new(r->known, name,
                                json_pack("{ss ss ss so*}", "path", o->path, "k2", o->k2,
                                          "content", o->content, "manifest",
                                          json_incref(o->manifest)));
        return status;
    }
    *o = (struct object){ .path = bn_copy(text_of(known, "path")),
                          .manifest = json_incref(json_object_get(known, "manifest")) };
    snprintf(o->k2, sizeof o->k2, "%s", text_of(known, "k2"));
    snprintf(o->content, sizeof o->content, "%s", text_of(known, "content"));
    return o->path != NULL ? 0 : (int)BN_NOMEM;
}

static int ensure_inputs(const struct run *r, const json_t *node, struct input *inputs,
                         json_t *digests)
{
    const char *role;
    json_t *input;
    size_t i = 0;
    json_object_foreach(json_object_get(node, "inputs"), role, input) {
        inputs[i].role = (char *)(uintptr_t)role;
        const int status = ensure_once(r, json_string_value(input), &inputs[i].object);
        if (status != 0)
            return status;
        json_object_set_new(digests, role, json_string(inputs[i].object.content));
        i++;
    }
    return 0;
}

static int users_own(const struct run *r, const char *name, bool wanted, struct object *o)
{
    if (wanted && !r->quiet)
        printf("%-34s is a file of your own: kept as it is\n", name);
    return (int)store_digest(r->results, o->path, o->content);
}

/* `name` as the plan wants it.  `wanted`: make asked for it, so its link is renewed
 * and a line is printed; an input that is fine already stays as it is.      */
static int ensure(const struct run *r, const char *name, bool wanted, struct object *o)
{
    const enum holds holds = store_holds(r->results, name, o);
    if (holds == HOLDS_FILE)
        return users_own(r, name, wanted, o);
    json_t *node = NULL, *digests = json_object();
    char k1[BN_HEX];
    int status = (int)plan_node(r->results, r->plan, name, &node);
    const size_t n = json_object_size(json_object_get(node, "inputs"));
    struct input *inputs = bn_alloc(n + 1, sizeof *inputs);
    if (inputs == NULL)
        status = (int)BN_NOMEM;
    /* before hours go into inputs of what cannot be made */
    if (status == 0 && strncmp(text_of(node, "code"), "missing: ", 9) == 0)
        status = (int)bn_fail(BN_INPUT, "%s", text_of(node, "code") + 9);
    if (status == 0)
        status = ensure_inputs(r, node, inputs, digests);
    const bool good = status == 0 && !wanted && holds == HOLDS_OBJECT &&
                      !store_is_forced(r->results, name) &&
                      store_key(node, digests, k1) == BN_OK &&
                      store_agrees(o, k1, json_object_get(node, "parameters"));
    if (!good && holds == HOLDS_OBJECT)
        object_free(o);
    if (!good && status == 0)
        status = find_or_make(r, node, name, wanted, inputs, n, digests, o);
    if (status != 0) {
        object_free(o);
        drop_stale(r, name);
    }
    for (size_t i = 0; inputs != NULL && i < n; i++)
        object_free(&inputs[i].object);
    free(inputs);
    json_decref(digests);
    json_decref(node);
    return status;
}

/* `make -k` goes on and names at its end what failed. */
static void note_failure(const char *name)
{
    const char *path = getenv("BASIN_FAILED");
    FILE *f = path != NULL && path[0] != '\0' ? fopen(path, "a") : NULL;
    if (f == NULL)
        return;
    fprintf(f, "%s\n", name);
    fclose(f);
}

/* One after the other; the first failure ends it. */
static int make_targets(const struct run *r, char *const *targets, int n)
{
    int status = 0;
    for (int i = 0; i < n && status == 0; i++) {
        struct object o = { 0 };
        const char *name = targets[i] + strlen(r->results) + 1;
        status = ensure(r, name, true, &o);
        if (status != 0 && bn_error()[0] != '\0') {
            char *text = bn_format("basin: %s\n", bn_error());
            display_print(stderr, text ? text : "basin: out of memory\n");
            free(text);
        }
        if (status != 0)
            note_failure(name);
        object_free(&o);
    }
    return status;
}

static bool below(const char *path, const char *folder)
{
    const size_t n = strlen(folder);
    return strncmp(path, folder, n) == 0 && path[n] == '/';
}

int run_main(int argc, char **argv)
{
    struct run r = { .results = "results", .plan = "" };
    int n = 0;                           /* targets: argv[0] to argv[n - 1] */
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--results") == 0 && i + 1 < argc)
            r.results = argv[++i];
        else if (strcmp(argv[i], "--plan") == 0 && i + 1 < argc)
            r.plan = argv[++i];
        else if (strcmp(argv[i], "--quiet") == 0)
            r.quiet = true;
        else
            argv[n++] = argv[i];
    }
    bool good = n > 0 && r.plan[0] != '\0';
    for (int i = 0; i < n && good; i++)
        good = below(argv[i], r.results);
    if (!good) {
        fprintf(stderr, "basin run: it takes --results FOLDER --plan DIGEST FOLDER/TARGET "
                "...; `make TARGET` calls it\n");
        return BN_USAGE;
    }
    r.known = json_object();
    int in_use = -1;
    read_makeflags(&r);
    display_open(r.results, r.quiet);
    left_open(r.results, r.plan, r.again ? 0 : r.jobs);
    int status = (int)file_build_folder(&r.build);
    if (status == 0)
        status = (int)gc_keep_out(r.results, &in_use);
    if (status == 0)
        status = make_targets(&r, argv, n);
    else if (bn_error()[0] != '\0')
        fprintf(stderr, "basin: %s\n", bn_error());
    left_close();
    display_close();
    json_decref(r.known);
    if (in_use >= 0)
        close(in_use);
    free(r.build);
    return status;
}
