/* SPDX-License-Identifier: MIT
 *
 * The arrays of `basin submit`: what goes into one, what comes back, and what became of
 * those from which nothing comes.  Results and verdicts appear in the folder of their
 * array; the cluster is asked now and then, and about all arrays at once.     */
#include "submit.h"

#include <basin/checkpoint.h>
#include <basin/mem.h>
#include <basin/text.h>

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
    ELEMENTS = 1000,                     /* Slurm's own default for an array */
    STRANGERS = 100,                     /* elements for runs that nobody has timed */
    PATIENCE = 90,                       /* s until what was announced must be visible */
};
#define BATCH 60.0                       /* s: shorter runs are put together */

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* For tests: a shared folder that is slow, or seen not to be shared, in less time. */
static double patience(void)
{
    const char *text = getenv("BASIN_SLURM_PATIENCE");
    double x;
    return text != NULL && bn_parse_real(text, &x) == BN_OK && x > 0.0 ? x : PATIENCE;
}

static double number_of(const json_t *object, const char *key, double other)
{
    double x;
    const char *text = text_of(object, key);
    return text[0] != '\0' && bn_parse_real(text, &x) == BN_OK ? x : other;
}

static struct array *add_array(struct submit *s)
{
    struct array *more = bn_grow(s->arrays, s->n_arrays + 1, sizeof *more);
    if (more == NULL)
        return NULL;
    s->arrays = more;
    s->arrays[s->n_arrays] = (struct array){ .lock = -1 };
    return &s->arrays[s->n_arrays++];
}

static const json_t *run_of(const struct array *a, size_t e, size_t k)
{
    return json_array_get(json_object_get(a->jobs[e], "runs"), k);
}

/* --- what goes into an array ----------------------------------------------- */

/* The inputs of a task as the command line of its stage needs them. */
static bn_status inputs_of(const struct submit *s, const struct task *t,
                           struct input **inputs, size_t *n)
{
    const json_t *all = json_object_get(t->node, "inputs");
    const char *role;
    json_t *input;
    *n = 0;
    *inputs = bn_alloc(json_object_size(all) + 1, sizeof **inputs);
    if (*inputs == NULL)
        return BN_NOMEM;
    json_object_foreach((json_t *)(uintptr_t)all, role, input) {
        const struct task *x = submit_task(s, json_string_value(input));
        (*inputs)[(*n)++] = (struct input){ (char *)(uintptr_t)role, x->object };
    }
    return BN_OK;
}

/* The bytes of every input are hashed before something reads them; a damaged one is made
 * again first.                                                              */
static bool verify(struct submit *s, struct task *t)
{
    const char *role;
    json_t *input;
    bool good = true;
    json_object_foreach(json_object_get(t->node, "inputs"), role, input) {
        struct task *x = submit_task(s, json_string_value(input));
        if (json_object_get(s->verified, x->name) != NULL)
            continue;
        if (store_verify(s->r->results, &x->object) == BN_OK) {
            json_object_set_new(s->verified, x->name, json_true());
            continue;
        }
        object_free(&x->object);
        x->state = UNKNOWN;
        good = false;
    }
    if (!good)
        t->state = UNKNOWN;
    return good;
}

/* Those that can run now; the others have another state. */
static bn_status take_ready(struct submit *s, const json_t *members, json_t *ready)
{
    size_t i;
    json_t *member;
    json_array_foreach(members, i, member) {
        struct task *t = &s->tasks[json_integer_value(member)];
        bn_status rc = BN_OK;
        if (json_object_get(s->running, t->hex) != NULL) {   /* another has its key */
            t->state = RUNS;
        } else if (node_check_files(s->r, t->node, t->name) != BN_OK) {
            t->state = FAILED;
            submit_fail(s, t->name, t->hex, BN_INPUT);
        } else if (verify(s, t)) {
            t->state = RUNS;
            json_object_set_new(s->running, t->hex, json_true());
            rc = json_array_append(ready, member) == 0 ? BN_OK : BN_NOMEM;
        }
        BN_TRY(rc);
    }
    return BN_OK;
}

/* How many of the runs from `first` on are one element. */
struct batch {
    double each, most;                   /* seconds together; runs */
};

static double expected(const struct submit *s, const struct task *t)
{
    return times_of(s->times, t->name, text_of(t->node, "stage"));
}

static struct batch batch_of(const struct submit *s, const json_t *ready)
{
    const size_t n = json_array_size(ready);
    double sum = 0.0;
    bool known = true;
    size_t i;
    json_t *member;
    const struct task *t = NULL;
    json_array_foreach(ready, i, member) {
        t = &s->tasks[json_integer_value(member)];
        const double x = expected(s, t);
        known = known && x >= 0.0;
        sum += x > 0.0 ? x : 0.0;
    }
    const double each = number_of(json_object_get(t->node, "slurm"), "batch", BATCH);
    if (!known)
        return (struct batch){ INFINITY, ceil((double)n / (each > 0.0 ? STRANGERS : ELEMENTS)) };
    /* no element but the last has fewer than `most` runs: never more than ELEMENTS of them */
    const double least = sum / ELEMENTS;
    return (struct batch){ each > least ? each : least, ceil((double)n / ELEMENTS) };
}

static json_t *new_run(const struct submit *s, const struct task *t)
{
    return json_pack("{ss ss ss sO sO sf}", "name", t->name, "hex", t->hex, "k1", t->k1,
                     "node", t->node, "digests", t->digests, "expected", expected(s, t));
}

/* An array of elements { runs: [...] }, without their commands. */
static json_t *split(const struct submit *s, const json_t *ready)
{
    const struct batch b = batch_of(s, ready);
    json_t *jobs = json_array(), *runs = NULL, *member;
    double sum = 0.0;
    size_t i;
    json_array_foreach(ready, i, member) {
        const struct task *t = &s->tasks[json_integer_value(member)];
        const double x = expected(s, t), count = (double)json_array_size(runs);
        const bool full = isinf(b.each) ? count >= b.most
                                        : sum + (x > 0.0 ? x : 0.0) > b.each && count >= b.most;
        if (runs == NULL || full) {
            json_array_append_new(jobs, json_pack("{s[]}", "runs"));
            runs = json_object_get(json_array_get(jobs, json_array_size(jobs) - 1), "runs");
            sum = 0.0;
        }
        sum += x > 0.0 ? x : 0.0;
        json_array_append_new(runs, new_run(s, t));
    }
    return jobs;
}

/* --- programs, as they are now --------------------------------------------- */

static bn_status copy_file(const char *from, const char *to)
{
    char buf[1 << 16];
    const int in = open(from, O_RDONLY | O_CLOEXEC);
    const int out = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0777);
    ssize_t n = in >= 0 && out >= 0 ? 1 : -1;
    while (n > 0 && (n = read(in, buf, sizeof buf)) > 0)
        for (ssize_t done = 0, m; done < n; done += m)
            if ((m = write(out, buf + done, (size_t)(n - done))) <= 0) {
                n = -1;
                break;
            }
    const int why = errno;
    const bool closed = out < 0 || close(out) == 0;
    if (in >= 0)
        close(in);
    return n == 0 && closed ? BN_OK : bn_fail(BN_OUTPUT, "%s: cannot be copied to %s (%s)",
                                              from, to, strerror(why));
}

/* A program is replaced by rename, so another name keeps what it is now. */
static bn_status keep_program(const struct submit *s, const char *program,
                              const struct array *a, const char *name)
{
    struct stat before, after;
    char *from = bn_format("%s/%s", s->r->build, program);
    char *to = bn_format("%s/%s", a->folder, name);
    bn_status rc = from && to ? BN_OK : BN_NOMEM;
    if (rc == BN_OK && stat(from, &before) != 0)
        rc = bn_fail(BN_INPUT, "%s: there is no such program: run make again", from);
    if (rc == BN_OK && link(from, to) != 0)
        rc = copy_file(from, to);
    if (rc == BN_OK && (stat(from, &after) != 0 || before.st_ino != after.st_ino ||
                        before.st_mtim.tv_sec != after.st_mtim.tv_sec ||
                        before.st_mtim.tv_nsec != after.st_mtim.tv_nsec))
        rc = bn_fail(BN_INPUT, "%s: built again while make was running: run make again", from);
    free(to);
    free(from);
    return rc;
}

static bn_status keep_programs(const struct submit *s, const struct array *a,
                               const struct task *t)
{
    char *stage = bn_format("stages/%s", text_of(t->node, "stage"));
    bn_status rc = stage ? keep_program(s, stage, a, "stage") : BN_NOMEM;
    free(stage);
    if (rc == BN_OK)
        rc = node_check_code(s->r, t->node);
    return rc == BN_OK ? keep_program(s, "basin", a, "basin") : rc;
}

/* --- sending ----------------------------------------------------------------- */

static bn_status add_command(struct submit *s, const struct array *a, size_t e, size_t k,
                             json_t *run)
{
    const struct task *t = submit_task(s, text_of(run, "name"));
    struct run r = *s->r;
    struct input *inputs = NULL;
    struct list argv = { 0 };
    size_t n;
    r.threads = (long)number_of(json_object_get(t->node, "slurm"), "cpus", 1.0);
    r.again = r.again && json_object_get(s->made, t->hex) == NULL;
    char *out = array_path(a->folder, e, k, ARRAY_OUT);
    char *checkpoint = node_checkpoint(&r, t->name, t->hex);
    bn_status rc = out && checkpoint ? inputs_of(s, t, &inputs, &n) : BN_NOMEM;
    if (rc == BN_OK)
        rc = node_command(&r, t->node, inputs, n, out, checkpoint, &argv);
    json_t *words = json_pack("[s+]", a->folder, "/stage");
    for (size_t i = 1; i < argv.n; i++)
        json_array_append_new(words, json_string(argv.at[i]));
    if (rc == BN_OK && (words == NULL || json_array_size(words) != argv.n ||
                        json_object_set(run, "argv", words) != 0 ||
                        json_object_set_new(run, "out", json_string(out)) != 0 ||
                        json_object_set_new(run, "checkpoint", json_string(checkpoint)) != 0))
        rc = BN_NOMEM;
    json_decref(words);
    list_free(&argv);
    free(inputs);
    free(checkpoint);
    free(out);
    return rc;
}

static bn_status add_commands(struct submit *s, const struct array *a, json_t *jobs)
{
    size_t e, k;
    json_t *job, *run;
    json_array_foreach(jobs, e, job)
        json_array_foreach(json_object_get(job, "runs"), k, run)
            BN_TRY(add_command(s, a, e, k, run));
    return BN_OK;
}

/* The longest element decides; the limit of a run is one for surprises. */
static struct asking ask_for(const struct task *t, const json_t *jobs,
                             const json_t *resources)
{
    const json_t *asked = json_object_get(t->node, "slurm");
    const double hours = number_of(asked, "time",
                                   json_number_value(json_object_get(resources, "hours")));
    const double memory = number_of(asked, "memory",
                                    json_number_value(json_object_get(resources, "memory")));
    double longest = hours;
    size_t e, k;
    json_t *job, *run;
    json_array_foreach(jobs, e, job) {
        const json_t *runs = json_object_get(job, "runs");
        double sum = json_array_size(runs) > 1 ? hours : 0.0;
        json_array_foreach(runs, k, run) {
            const double x = json_number_value(json_object_get(run, "expected"));
            sum += x >= 0.0 && json_array_size(runs) > 1 ? 2.0 * x / 3600.0 : hours;
        }
        longest = sum > longest ? sum : longest;
    }
    return (struct asking){ asked, hours > 0.0 ? longest : 0.0, memory };
}

static void say_sent(const struct array *a, const struct task *t)
{
    const char *stage = text_of(t->node, "stage");
    char *line = a->left == 1
        ? bn_format("%-34s    on the cluster, job %s\n", t->name, a->id)
        : bn_format("%-34s    %zu runs on the cluster, job %s with %zu element%s\n", stage,
                    a->left, a->id, a->n, a->n == 1 ? "" : "s");
    if (line != NULL && !display_is_quiet())
        display_print(stdout, line);
    free(line);
}

static bn_status send_array(struct submit *s, const json_t *ready, struct array *a)
{
    const struct task *t = &s->tasks[json_integer_value(json_array_get(ready, 0))];
    const struct schema *schema;
    json_t *jobs = split(s, ready);
    bn_status rc = jobs ? array_create(s->r->results, text_of(t->node, "stage"), a)
                        : BN_NOMEM;
    if (rc == BN_OK)
        rc = keep_programs(s, a, t);
    if (rc == BN_OK)
        rc = add_commands(s, a, jobs);
    if (rc == BN_OK)
        rc = array_write(a, jobs);
    if (rc == BN_OK)
        rc = schema_get(s->r->build, text_of(t->node, "stage"), &schema);
    if (rc == BN_OK) {
        const struct asking ask = ask_for(t, jobs, json_object_get(schema->json, "resources"));
        rc = slurm_submit(a, &ask);
    }
    json_decref(jobs);
    if (rc != BN_OK) {
        char *message = bn_copy(bn_error());
        array_remove(a);
        a->left = 0;
        bn_fail(rc, "%s", message ? message : "out of memory");
        free(message);
        return rc;
    }
    say_sent(a, t);
    a->asked = now();
    a->pause = 4.0;
    s->sent += a->left;
    return BN_OK;
}

bn_status submit_array(struct submit *s, const json_t *members)
{
    json_t *ready = json_array();
    if (s->times == NULL)
        s->times = times_read(s->r->results);
    bn_status rc = ready && s->times ? take_ready(s, members, ready) : BN_NOMEM;
    if (rc == BN_OK && json_array_size(ready) > 0 && !s->stopping) {
        struct array *a = add_array(s);
        rc = a ? send_array(s, ready, a) : BN_NOMEM;
        s->began = s->began > 0.0 ? s->began : now();
        s->pause = 0.0;
    }
    json_decref(ready);
    return rc;
}

/* --- what comes back --------------------------------------------------------- */

/* Whoever waits for this run looks again, in the next round. */
static void wake(struct submit *s, const char *hex)
{
    json_object_del(s->running, hex);
    s->pause = 0.0;
}

static void drop_file(const struct array *a, size_t e, size_t k, enum array_file what)
{
    char *path = array_path(a->folder, e, k, what);
    if (path != NULL)
        unlink(path);
    free(path);
}

static void settled(struct submit *s, struct array *a, size_t e, size_t k, bool keep)
{
    char hex[BN_HEX];
    const json_t *run = run_of(a, e, k);
    snprintf(hex, sizeof hex, "%s", text_of(run, "hex"));
    a->elements[e].settled[k] = true;
    a->elements[e].left--;
    a->left--;
    s->back++;
    wake(s, hex);
    if (keep)                            /* the next make may publish it */
        return;
    node_drop_points(text_of(run, "out"));
    drop_file(a, e, k, ARRAY_OUT);
    drop_file(a, e, k, ARRAY_DONE);
    if (a->left == 0)
        array_remove(a);
}

static bn_status publish(struct submit *s, const json_t *run, struct child *c,
                         const json_t *done)
{
    const json_t *node = json_object_get(run, "node");
    const json_t *digests = json_object_get(run, "digests");
    const char *name = text_of(run, "name"), *out = text_of(run, "out");
    json_t *manifest = NULL;
    struct object o = { 0 };
    bn_status rc = node_check_files(s->r, node, name);
    if (rc == BN_OK)
        rc = node_manifest(s->r, node, name, digests, out, c, json_object_get(done, "machine"),
                           &manifest);
    if (rc == BN_OK)
        rc = look_note_code(s->r->results, node);
    if (rc == BN_OK)
        rc = store_publish(s->r->results, name, out, text_of(run, "k1"), manifest, &o);
    if (rc == BN_OK) {
        bn_checkpoint_remove(text_of(run, "checkpoint"));
        times_add(s->r->results, name, text_of(node, "stage"), c->seconds);
        if (store_is_forced(s->r->results, name))
            store_unforce(s->r->results, name);
        json_object_set_new(s->made, text_of(run, "hex"), json_true());
        node_say_made(name, c, &o);
    }
    object_free(&o);
    json_decref(manifest);
    return rc;
}

/* Can all of the result be seen here? */
static bool is_visible(const json_t *run, const json_t *done)
{
    struct stat st;
    const json_int_t bytes = json_integer_value(json_object_get(done, "bytes"));
    const int fd = open(text_of(run, "out"), O_RDONLY | O_CLOEXEC);  /* NFS looks again */
    const bool seen = fd >= 0 && fstat(fd, &st) == 0 && (json_int_t)st.st_size == bytes;
    if (fd >= 0)
        close(fd);
    return seen;
}

/* Of an array that an earlier make sent: does this one need it, too? */
static bool is_wanted(const struct submit *s, const json_t *run)
{
    const struct task *t = submit_task(s, text_of(run, "name"));
    return t != NULL && strcmp(t->hex, text_of(run, "hex")) == 0;
}

/* What went wrong before this make looked is no answer to it: that runs again. */
static bool is_stale(const struct array *a, size_t e)
{
    return a->adopted && !a->elements[e].seen;
}

static int verdict(struct submit *s, const struct array *a, size_t e, const json_t *run,
                   const json_t *done, struct child *c)
{
    const char *name = text_of(run, "name");
    const char *host = text_of(json_object_get(done, "machine"), "host");
    int status = child_status(c, name);
    if (status != 0 && is_stale(a, e))
        return status;
    if (c->said != NULL && c->said[0] != '\0' && (status != 0 || !s->r->quiet))
        display_print(stderr, c->said);
    if (status != 0) {
        char *why = bn_copy(bn_error());
        bn_fail(BN_INPUT, "%s (job %s_%zu on %s)", why ? why : name, a->id, e, host);
        free(why);
    } else {
        status = (int)publish(s, run, c, done);
    }
    return status;
}

/* *over is false if the result is announced and cannot be seen yet. */
static void take_back(struct submit *s, struct array *a, size_t e, size_t k,
                      const json_t *done, double waited, bool *over)
{
    const json_t *run = run_of(a, e, k);
    const char *name = text_of(run, "name");
    struct child c = { .name = name, .stage = text_of(json_object_get(run, "node"), "stage"),
                       .results = s->r->results,
                       .status = (int)json_integer_value(json_object_get(done, "status")),
                       .seconds = json_number_value(json_object_get(done, "seconds")),
                       .bytes = json_number_value(json_object_get(done, "memory")) };
    const bool there = c.status != 0 || is_visible(run, done);
    *over = there || waited > patience();
    if (!*over)
        return;
    c.said = bn_copy(text_of(done, "said"));
    int status = BN_INPUT;
    if (there)
        status = verdict(s, a, e, run, done, &c);
    else
        bn_fail(BN_INPUT, "%s: job %s_%zu says that it is made, and for %.0f s %s has not been "
                "seen here: is results/ on a file system that all nodes share?", name, a->id,
                e, waited, text_of(run, "out"));
    free(c.said);
    if (status != 0 && !is_stale(a, e) && is_wanted(s, run))
        submit_fail(s, name, text_of(run, "hex"), status);
    settled(s, a, e, k, status == BN_OUTPUT);
}

/* --- looking at a folder ------------------------------------------------------- */

/* "3.0.done" */
static void look_at_done(struct submit *s, struct array *a, size_t e, size_t k)
{
    struct element *x = &a->elements[e];
    char *path = array_path(a->folder, e, k, ARRAY_DONE);
    bool over = false;
    json_t *done = path ? json_load_file(path, 0, NULL) : NULL;
    if (x->announced <= 0.0)             /* by our own clock: others may differ */
        x->announced = now();
    if (done != NULL)
        take_back(s, a, e, k, done, now() - x->announced, &over);
    if (over)
        x->gone = x->announced = 0.0;
    json_decref(done);
    free(path);
}

static void look_in(struct submit *s, struct array *a)
{
    struct list names = { 0 };
    if (file_names(a->folder, "", &names) != BN_OK)
        return;
    for (size_t i = 0; i < names.n && a->left > 0; i++) {
        size_t e, k;
        char word[16] = "";
        if (sscanf(names.at[i], "%zu.%zu.%15s", &e, &k, word) == 3) {
            if (strcmp(word, "done") == 0 && e < a->n && k < a->elements[e].runs &&
                !a->elements[e].settled[k])
                look_at_done(s, a, e, k);
        } else if (sscanf(names.at[i], "%zu.%15s", &e, word) == 2 && e < a->n) {
            a->elements[e].begun = a->elements[e].begun || strcmp(word, "at") == 0;
            if (strcmp(word, "stopped") == 0)
                a->elements[e].hint = true;
        }
    }
    list_free(&names);
}

/* --- asking the cluster ---------------------------------------------------------- */

/* The last line of what an element said besides, for one that ended without a word. */
static char *last_words(const struct array *a, size_t e)
{
    char *path = array_path(a->folder, e, 0, ARRAY_LOG), *text = NULL, *words = NULL;
    if (path != NULL && file_exists(path) && file_read(path, &text, NULL) == BN_OK) {
        for (size_t n = strlen(text); n > 0 && text[n - 1] == '\n';)
            text[--n] = '\0';
        const char *line = strrchr(text, '\n');
        words = bn_format("; it said: %.300s", line ? line + 1 : text);
    }
    free(text);
    free(path);
    return words ? words : bn_copy("");
}

/* Why the cluster ended an element; gives the exit status of a shell. */
static int explain(const struct array *a, size_t e, const json_t *run)
{
    const char *name = text_of(run, "name"), *state = a->elements[e].state;
    const char *stage = text_of(json_object_get(run, "node"), "stage");
    char job[96], *words = last_words(a, e);
    snprintf(job, sizeof job, "job %.60s_%zu", a->id ? a->id : "", e);
    int status = 128 + SIGTERM;
    if (strcmp(state, "CANCELLED") == 0)
        bn_fail(BN_INPUT, "%s: its %s was cancelled", name, job);
    else if (strcmp(state, "TIMEOUT") == 0 || strcmp(state, "DEADLINE") == 0)
        bn_fail(BN_INPUT, "%s: stopped by the cluster because its time was over (%s): give it "
                "more, slurm.%s { time = 4 }, or a checkpoint and run make again", name, job,
                stage);
    else if (strcmp(state, "PREEMPTED") == 0 || strcmp(state, "NODE_FAIL") == 0 ||
             strcmp(state, "BOOT_FAIL") == 0)
        bn_fail(BN_INPUT, "%s: its %s ended because %s: run make again", name, job,
                state[0] == 'P' ? "others needed its place" : "the machine failed");
    else if (strcmp(state, "OUT_OF_MEMORY") == 0) {
        bn_fail(BN_INPUT, "%s: out of memory on the cluster (%s): give it more, slurm.%s { "
                "memory = 16 }", name, job, stage);
        status = 128 + SIGKILL;
    } else {
        bn_fail(BN_INPUT, "%s: its %s ended without a word (the cluster says %s)%s; is this "
                "folder on a file system that all nodes share?", name, job,
                state[0] != '\0' ? state : "nothing of it any more", words ? words : "");
        status = BN_INPUT;
    }
    free(words);
    return status;
}

/* Which run an element was at: the one that is to blame. */
static size_t run_at(const struct array *a, size_t e)
{
    char *path = array_path(a->folder, e, 0, ARRAY_AT), *text = NULL;
    size_t at = 0;
    if (path != NULL && file_exists(path) && file_read(path, &text, NULL) == BN_OK)
        at = strtoul(text, NULL, 10);
    free(text);
    free(path);
    const struct element *x = &a->elements[e];
    for (size_t k = 0; k < x->runs; k++)
        if (!x->settled[(at + k) % x->runs])
            return (at + k) % x->runs;
    return 0;
}

/* Nothing will come from this element any more: the run that it was at failed, the
 * others behind it are sent again.                                          */
static void give_up(struct submit *s, struct array *a, size_t e)
{
    const size_t at = run_at(a, e), runs = a->elements[e].runs;
    const json_t *run = run_of(a, e, at);
    const bool by_us = a->cancelled && !a->elements[e].begun;
    const bool all = strcmp(a->elements[e].state, "CANCELLED") == 0 && !by_us;
    for (size_t k = 0; k < runs; k++) {
        if (a->elements[e].settled[k])
            continue;
        const json_t *other = run_of(a, e, k);
        if (is_wanted(s, other) && !by_us && !is_stale(a, e) && (all || other == run))
            submit_fail(s, text_of(other, "name"), text_of(other, "hex"),
                        explain(a, e, other));
        const bool last = a->left == 1;
        settled(s, a, e, k, false);
        if (last)
            return;                      /* its folder is gone */
    }
}

/* Seconds for which what an element still said may take to be seen. */
static double grace(const struct element *x)
{
    if (x->hint || strcmp(x->state, "CANCELLED") == 0)
        return 1.0;
    const double p = patience();
    return strcmp(x->state, "COMPLETED") == 0 || p < 5.0 ? p : 5.0;
}

static void take_state(struct submit *s, struct array *a, size_t e, const json_t *states)
{
    struct element *x = &a->elements[e];
    char number[32];
    snprintf(number, sizeof number, "%zu", e);
    const json_t *now_is = json_object_get(json_object_get(states, a->name), number);
    if (x->left == 0)
        return;
    snprintf(x->state, sizeof x->state, "%s", text_of(now_is, "state"));
    if (now_is != NULL && !slurm_is_over(x->state)) {
        x->gone = 0.0;
        x->seen = true;
        if (x->hint && strcmp(x->state, "PENDING") == 0) {
            x->hint = x->begun = false;  /* preempted: it will go on */
            drop_file(a, e, 0, ARRAY_STOPPED);
        }
        return;
    }
    if (x->gone <= 0.0)
        x->gone = now();
    else if (now() - x->gone > grace(x))
        give_up(s, a, e);
}

static bool is_due(const struct array *a)
{
    double pause = a->pause;
    for (size_t e = 0; e < a->n; e++)
        if (a->elements[e].left > 0 && (a->elements[e].hint || a->elements[e].gone > 0.0))
            pause = 0.5;
    return a->left > 0 && now() - a->asked > pause;
}

static bn_status ask(struct submit *s)
{
    struct list names = { 0 };
    json_t *states = NULL;
    bn_status rc = BN_OK;
    bool due = false;
    for (size_t i = 0; i < s->n_arrays; i++)
        due = due || is_due(&s->arrays[i]);
    for (size_t i = 0; i < s->n_arrays && due && rc == BN_OK; i++)
        if (s->arrays[i].left > 0)
            rc = list_add(&names, s->arrays[i].name);
    /* A cluster that does not answer is asked again: what runs there goes on. */
    const bool answered = due && rc == BN_OK && slurm_states(&names, &states) == BN_OK;
    for (size_t i = 0; i < s->n_arrays && due; i++) {
        struct array *a = &s->arrays[i];
        a->asked = now();
        a->pause = a->pause < 40.0 ? 1.5 * a->pause : 60.0;
        if (answered)
            look_in(s, a);               /* it may have come meanwhile */
        for (size_t e = 0; e < a->n && answered && a->left > 0; e++)
            take_state(s, a, e, states);
    }
    json_decref(states);
    list_free(&names);
    return rc;
}

void submit_stop(struct submit *s)
{
    for (size_t i = 0; i < s->n_arrays; i++) {
        struct array *a = &s->arrays[i];
        if (a->left == 0 || a->cancelled)
            continue;
        a->cancelled = true;
        a->pause = 1.0;
        if (slurm_cancel(a, true) != BN_OK)
            fprintf(stderr, "basin: %s\n", bn_error());
    }
}

/* --- what others left ------------------------------------------------------------ */

static void note_running(struct submit *s, const struct array *a, json_t *into)
{
    (void)s;
    for (size_t e = 0; e < a->n; e++)
        for (size_t k = 0; k < a->elements[e].runs; k++)
            json_object_set_new(into, text_of(run_of(a, e, k), "hex"), json_true());
}

static bool is_ours(const struct submit *s, const char *name)
{
    for (size_t i = 0; i < s->n_arrays; i++)
        if (s->arrays[i].name != NULL && strcmp(s->arrays[i].name, name) == 0)
            return true;
    return false;
}

static bn_status adopt(struct submit *s, const char *folder)
{
    bool alive;
    struct array *a = add_array(s);
    if (a == NULL)
        return BN_NOMEM;
    const bn_status rc = array_adopt(folder, a, &alive);
    if (rc == BN_OK && alive)
        note_running(s, a, s->theirs);
    else if (rc == BN_OK && (a->id == NULL || a->left == 0))
        array_remove(a);                 /* never sent, or over */
    if (rc != BN_OK || alive || a->id == NULL || a->left == 0) {
        array_free(a);
        s->n_arrays--;
        return rc;
    }
    a->adopted = true;
    note_running(s, a, s->running);
    s->sent += a->left;
    s->began = s->began > 0.0 ? s->began : now();
    if (!display_is_quiet())
        printf("%-34s    %zu run%s of an earlier make on the cluster, job %s\n", a->name,
               a->left, a->left == 1 ? "" : "s", a->id[0] != '\0' ? a->id : "not known yet");
    fflush(stdout);
    return BN_OK;                        /* asked = 0: the cluster is asked at once */
}

bn_status submit_look_around(struct submit *s)
{
    struct list names = { 0 };
    char *all = bn_format("%s/cache/slurm", s->r->results);
    bn_status rc = all ? file_names(all, "", &names) : BN_NOMEM;
    json_object_clear(s->theirs);
    for (size_t i = 0; i < names.n && rc == BN_OK; i++) {
        char *folder = is_ours(s, names.at[i]) ? NULL
                                               : bn_format("%s/%s", all, names.at[i]);
        if (folder != NULL)
            rc = adopt(s, folder);
        free(folder);
    }
    for (size_t i = 0; i < s->n; i++)
        if (s->tasks[i].state == THEIRS)
            s->tasks[i].state = UNKNOWN;
    s->looked = now();
    list_free(&names);
    free(all);
    return rc;
}

/* --- waiting ----------------------------------------------------------------------- */

static void show(const struct submit *s)
{
    char name[96];
    size_t busy = 0;
    for (size_t i = 0; i < s->n_arrays; i++)
        for (size_t e = 0; e < s->arrays[i].n; e++)
            busy += s->arrays[i].elements[e].left > 0 && s->arrays[i].elements[e].begun;
    snprintf(name, sizeof name, "cluster: %zu of %zu back, %zu busy", s->back, s->sent, busy);
    const struct progress p = { name, now() - s->began, -1.0,
                                s->sent > 0 ? (double)s->back / (double)s->sent : 0.0 };
    display_show(&p);
}

static bool has_theirs(const struct submit *s)
{
    for (size_t i = 0; i < s->n; i++)
        if (s->tasks[i].state == THEIRS)
            return true;
    return false;
}

bn_status submit_wait(struct submit *s)
{
    const double longest = display_is_live() ? 0.2 : 1.0;
    const size_t before = s->back;
    s->pause = s->pause <= 0.0 ? 0.02 : s->pause < longest ? 1.5 * s->pause : longest;
    if (display_is_live() && s->sent > 0)
        show(s);
    poll(NULL, 0, (int)(1e3 * s->pause));
    for (size_t i = 0; i < s->n_arrays; i++)
        if (s->arrays[i].left > 0)
            look_in(s, &s->arrays[i]);
    bn_status rc = s->back == before ? ask(s) : BN_OK;
    if (rc == BN_OK && has_theirs(s) && now() - s->looked > 1.0)
        rc = submit_look_around(s);
    return rc;
}
