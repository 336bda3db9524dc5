/* SPDX-License-Identifier: MIT
 *
 * `basin run`: make one node of a plan.  Inputs are looked up as the plan wants
 * them, not as the links happen to be: an input whose link is something else
 * comes from the cache, or is made first.  So a result never mixes two plans. */
#include "node.h"

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

static int ensure(const struct run *r, const char *name, bool wanted, struct object *o);
static int ensure_inputs(const struct run *r, const json_t *node, struct input *inputs,
                         json_t *digests);

/* --- running a stage ----------------------------------------------------- */

static int run_stage(const struct run *r, const json_t *node, const char *name,
                     const struct input *inputs, size_t n, const char *out,
                     const char *checkpoint, struct child *c)
{
    struct list argv = { 0 };
    bn_status rc = node_check_files(r, node, name);
    if (rc == BN_OK)
        rc = node_check_code(r, node);
    if (rc == BN_OK)
        rc = node_command(r, node, inputs, n, out, checkpoint, &argv);
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
        status = (int)node_check_files(r, node, name);
    list_free(&argv);
    return status;
}

/* --- making a node ------------------------------------------------------- */

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
    char *checkpoint = node_checkpoint(r, name, lock);
    json_t *manifest = NULL;
    char *out = bn_format("%s/cache/tmp/%ld%s", r->results, (long)getpid(),
                          strrchr(name, '.'));
    int status = (int)(out && checkpoint ? file_make_folders(out) : BN_NOMEM);
    if (status == 0)
        status = stage ? run_stage(r, node, name, inputs, n, out, checkpoint, &c)
                 : numbers_is(name) ? numbers_make(name, inputs, n, r->build, out, &c)
                       : figure_make(node, name, inputs, n, r->build, out, &c);
    if (status == 0)
        status = (int)node_manifest(r, node, name, digests, out, &c, NULL, &manifest);
    if (status == 0)
        status = (int)look_note_code(r->results, node);
    if (status == 0)
        status = (int)store_publish(r->results, name, out, k1, manifest, o);
    if (status == 0) {
        bn_checkpoint_remove(checkpoint);
        times_add(r->results, name, c.stage, c.seconds);
        node_say_made(name, &c, o);
    } else if (out != NULL) {
        sweep(out, c.pid);
    }
    free(checkpoint);
    if (out != NULL)
        node_drop_points(out);
    json_decref(manifest);
    free(verified);
    free(c.said);
    free(out);
    return status;
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
    if (status == 0 && cached && wanted && !r->slurm)    /* submit.c has said so */
        node_say_cached(name, o);
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
        node_drop_stale(r, name);
    }
    for (size_t i = 0; inputs != NULL && i < n; i++)
        object_free(&inputs[i].object);
    free(inputs);
    json_decref(digests);
    json_decref(node);
    return status;
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
            node_note_failure(name);
        object_free(&o);
    }
    return status;
}

/* `basin submit` was here before, so there is hardly anything left to send.  What was run
 * there does not run again, with `make -B` either.                          */
static int make_on_cluster(struct run *r, char *const *targets, int n)
{
    struct list names = { 0 };
    bn_status rc = BN_OK;
    for (int i = 0; i < n && rc == BN_OK; i++)
        rc = list_add(&names, targets[i] + strlen(r->results) + 1);
    r->again = false;
    bool hopeless;
    const int status = rc == BN_OK ? submit_nodes(r, &names, &hopeless) : (int)rc;
    list_free(&names);
    for (int i = 0; i < n && status != 0; i++)
        node_note_failure(targets[i] + strlen(r->results) + 1);
    return status == 0 ? make_targets(r, targets, n) : status;
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
        else if (strcmp(argv[i], "--slurm") == 0)
            r.slurm = true;
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
    node_read_makeflags(&r);
    display_open(r.results, r.quiet);
    left_open(r.results, r.plan, r.again ? 0 : r.jobs);
    int status = (int)file_build_folder(&r.build);
    if (status == 0)
        status = (int)gc_keep_out(r.results, &in_use);
    if (status == 0 && r.slurm)
        status = make_on_cluster(&r, argv, n);
    else if (status == 0)
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
