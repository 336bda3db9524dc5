/* SPDX-License-Identifier: MIT
 *
 * `basin submit`: have a cluster make what targets need (docs/cluster.md).  The plan is
 * walked here: an artifact whose inputs are all there is looked up in the cache; what the
 * cache does not have is submitted, all runs of a stage at the same depth of the DAG as
 * one job array; what comes back is published as that of a local run is.  There is no
 * order but this: an array is sent when each of its nodes is either there or can run. */
#include "submit.h"

#include <basin/checkpoint.h>
#include <basin/mem.h>
#include <basin/text.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <unistd.h>

/* --- what is needed ------------------------------------------------------ */

struct task *submit_task(const struct submit *s, const char *name)
{
    const json_t *i = json_object_get(s->index, name);
    return i ? &s->tasks[json_integer_value(i)] : NULL;
}

static bn_status add_task(struct submit *s, const char *name, json_t *node, size_t level)
{
    struct task *more = bn_grow(s->tasks, s->n + 1, sizeof *more);
    char *copy = bn_copy(name);
    if (more != NULL)
        s->tasks = more;
    if (more == NULL || copy == NULL) {
        free(copy);
        return BN_NOMEM;
    }
    s->tasks[s->n] = (struct task){ .name = copy, .node = json_incref(node), .level = level };
    json_object_set_new(s->index, name, json_integer((json_int_t)s->n++));
    return BN_OK;
}

/* Add a node and, before it, all that it needs; pictures only need.  *level: depth. */
static bn_status need(struct submit *s, const char *name, size_t *level)
{
    const struct task *known = submit_task(s, name);
    json_t *node = NULL, *input;
    const char *role;
    size_t deepest = 0, below;
    *level = known ? known->level : 0;
    if (known != NULL || json_object_get(s->seen, name) != NULL)
        return BN_OK;
    json_object_set_new(s->seen, name, json_true());
    const bool stage = strcmp(strrchr(name, '.'), ".h5") == 0;
    if (plan_node(s->r->results, s->r->plan, name, &node) != BN_OK)
        return stage ? add_task(s, name, NULL, 0) : BN_OK;
    bn_status rc = BN_OK;
    /* What cannot be drawn needs nothing; Make says why. */
    if (stage || strncmp(text_of(node, "code"), "missing: ", 9) != 0)
        json_object_foreach(json_object_get(node, "inputs"), role, input)
            if (rc == BN_OK) {
                rc = need(s, json_string_value(input), &below);
                deepest = below > deepest ? below : deepest;
            }
    *level = deepest + (stage ? 1 : 0);
    if (rc == BN_OK && stage)
        rc = add_task(s, name, node, *level);
    json_decref(node);
    return rc;
}

/* --- failures ------------------------------------------------------------ */

/* The recipes of the same make learn what was tried: `make -k` goes on. */
static char *record_path(const struct submit *s, const char *hex)
{
    return bn_format("%s/.basin/failed/%s", s->r->results, hex);
}

static void record(const struct submit *s, const char *hex, int status)
{
    const char *make = getenv("BASIN_MAKE");
    char *path = record_path(s, hex), *text = NULL;
    if (make != NULL)
        text = bn_format("%d %s", status, make);
    if (path != NULL && text != NULL && file_write(path, text) != BN_OK)
        fprintf(stderr, "basin: %s\n", bn_error());
    free(text);
    free(path);
}

static int recorded(const struct submit *s, const char *hex)
{
    const char *make = getenv("BASIN_MAKE");
    char *path = make ? record_path(s, hex) : NULL, *text = NULL;
    int status = 0, n = 0;
    if (path != NULL && file_exists(path) && file_read(path, &text, NULL) == BN_OK &&
        (sscanf(text, "%d %n", &status, &n) != 1 || strcmp(text + n, make) != 0))
        status = 0;
    free(text);
    free(path);
    return status;
}

/* A node is not made: say so, and take away what would look like its results. */
void submit_fail(struct submit *s, const char *name, const char *hex, int status)
{
    if (bn_error()[0] != '\0') {
        char *text = bn_format("basin: %s\n", bn_error());
        display_print(stderr, text ? text : "basin: out of memory\n");
        free(text);
    }
    node_drop_stale(s->r, name);
    if (hex[0] != '\0') {
        json_object_set_new(s->failed, hex, json_integer(status));
        record(s, hex, status);
    }
    if (s->status == 0)
        s->status = status;
    if (!s->r->keep_going)
        s->stopping = true;
}

/* --- one node ------------------------------------------------------------ */

static bool inputs_are_there(struct submit *s, struct task *t)
{
    const char *role;
    json_t *input;
    bool there = true;
    json_object_foreach(json_object_get(t->node, "inputs"), role, input) {
        const struct task *x = submit_task(s, json_string_value(input));
        if (x == NULL || x->state == BLOCKED || x->state == FAILED)
            t->state = BLOCKED;
        there = there && x != NULL && x->state == DONE;
    }
    return there && t->state != BLOCKED;
}

static bn_status keys_of(struct submit *s, struct task *t)
{
    const char *role;
    json_t *input;
    json_decref(t->digests);
    t->digests = json_object();
    json_object_foreach(json_object_get(t->node, "inputs"), role, input)
        json_object_set_new(t->digests, role,
                            json_string(submit_task(s, json_string_value(input))
                                            ->object.content));
    BN_TRY(store_key(t->node, t->digests, t->k1));
    return store_lock_key(t->k1, json_object_get(t->node, "parameters"), t->hex);
}

/* Its inputs are there: has the cache what is wanted, is it on its way, must it run? */
static bn_status look_up(struct submit *s, struct task *t, const struct object *holds)
{
    const json_t *parameters = json_object_get(t->node, "parameters");
    BN_TRY(keys_of(s, t));
    const int before = json_object_get(s->failed, t->hex)
                           ? (int)json_integer_value(json_object_get(s->failed, t->hex))
                           : recorded(s, t->hex);
    if (before != 0) {
        t->state = FAILED;
        s->status = s->status ? s->status : before;
        s->stopping = s->stopping || !s->r->keep_going;
        return BN_OK;
    }
    const bool made = json_object_get(s->made, t->hex) != NULL;
    const bool again = !made && (s->r->again || store_is_forced(s->r->results, t->name));
    if (json_object_get(s->running, t->hex) != NULL) {
        t->state = RUNS;
    } else if (!again && holds->path != NULL &&
               store_agrees(holds, t->k1, parameters)) {
        t->object = *holds;
        t->object.path = bn_copy(holds->path);
        t->object.manifest = json_incref(holds->manifest);
        t->state = DONE;
    } else if (!again && store_find(s->r->results, t->name, t->k1, parameters, &t->object)) {
        t->state = DONE;
        BN_TRY(store_link(s->r->results, t->name, &t->object));
        if (!made)
            node_say_cached(t->name, &t->object);
    } else {
        t->state = json_object_get(s->theirs, t->hex) != NULL ? THEIRS : READY;
    }
    return BN_OK;
}

static bn_status settle(struct submit *s, struct task *t)
{
    struct object o = { 0 };
    bn_status rc = BN_OK;
    /* of ten thousand that wait for their inputs none is opened again and again */
    const bool own = !t->looked_at && store_is_own(s->r->results, t->name);
    t->looked_at = true;
    if (!own && t->node != NULL && !inputs_are_there(s, t))
        return BN_OK;
    if (store_holds(s->r->results, t->name, &o) == HOLDS_FILE) {
        rc = store_digest(s->r->results, o.path, o.content);
        t->object = o;
        t->state = DONE;
        return rc;
    }
    if (t->node == NULL)
        rc = bn_fail(BN_USAGE, "%s/%s: no rule makes it and it is not there", s->r->results,
                     t->name);
    else
        rc = look_up(s, t, &o);
    object_free(&o);
    return rc;
}

/* All that can be known; *waiting: nodes that are on their way. */
static void settle_all(struct submit *s, size_t *waiting)
{
    *waiting = 0;
    for (size_t i = 0; i < s->n; i++) {
        struct task *t = &s->tasks[i];
        if (t->state == RUNS && json_object_get(s->running, t->hex) == NULL)
            t->state = UNKNOWN;          /* it came back, or will not */
        if (t->state == UNKNOWN && settle(s, t) != BN_OK) {
            t->state = FAILED;
            submit_fail(s, t->name, t->hex, BN_INPUT);
        }
        *waiting += t->state == RUNS || t->state == THEIRS;
    }
}

/* --- arrays that are due --------------------------------------------------- */

/* Nodes with the same text go into one array. */
static char *group_of(const struct task *t)
{
    const json_t *asked = json_object_get(t->node, "slurm");
    char *text = asked ? json_dumps(asked, JSON_COMPACT | JSON_SORT_KEYS) : bn_copy("");
    char *group = text ? bn_format("%06zu %s %s", t->level, text_of(t->node, "stage"), text)
                       : NULL;
    free(text);
    return group;
}

/* Is a node of this stage and depth still waiting for its inputs? */
static bool is_early(const struct submit *s, const struct task *of)
{
    for (size_t i = 0; i < s->n; i++) {
        const struct task *t = &s->tasks[i];
        if (t->state == UNKNOWN && t->level == of->level &&
            strcmp(text_of(t->node, "stage"), text_of(of->node, "stage")) == 0)
            return true;
    }
    return false;
}

static bn_status find_due(const struct submit *s, json_t *groups)
{
    const struct task *last = NULL;
    bool early = false;
    bn_status rc = groups ? BN_OK : BN_NOMEM;
    for (size_t i = 0; i < s->n && rc == BN_OK; i++) {
        const struct task *t = &s->tasks[i];
        if (t->state != READY)
            continue;
        if (last == NULL || last->level != t->level ||
            strcmp(text_of(last->node, "stage"), text_of(t->node, "stage")) != 0)
            early = is_early(s, t);
        last = t;
        char *key = early ? NULL : group_of(t);
        if (key != NULL && json_object_get(groups, key) == NULL)
            json_object_set_new(groups, key, json_array());
        if (key != NULL)
            json_array_append_new(json_object_get(groups, key), json_integer((json_int_t)i));
        else if (!early)
            rc = BN_NOMEM;
        free(key);
    }
    return rc;
}

/* Two makes at once must not both send what they find missing: one at a time looks what
 * there is and sends.                                                       */
static bn_status enter_gate(const struct submit *s, int *fd)
{
    char *path = bn_format("%s/cache/slurm/.gate", s->r->results);
    bn_status rc = path ? file_make_folders(path) : BN_NOMEM;
    if (rc == BN_OK && (*fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666)) < 0)
        rc = bn_fail(BN_OUTPUT, "%s: cannot be opened (%s); make the folder writable, or "
                     "choose another with RESULTS=folder", path, strerror(errno));
    while (rc == BN_OK && flock(*fd, LOCK_EX) != 0 && errno == EINTR)
        ;
    free(path);
    return rc;
}

static bn_status look_again(struct submit *s)
{
    size_t waiting;
    BN_TRY(submit_look_around(s));
    for (size_t i = 0; i < s->n; i++)
        if (s->tasks[i].state == READY)
            s->tasks[i].state = UNKNOWN;
    settle_all(s, &waiting);
    return BN_OK;
}

static bn_status submit_due(struct submit *s)
{
    json_t *groups = json_object(), *members;
    const char *group;
    int gate = -1;
    bn_status rc = find_due(s, groups);
    const bool any = json_object_size(groups) > 0;
    if (rc == BN_OK && any)
        rc = enter_gate(s, &gate);
    if (rc == BN_OK && any)
        rc = look_again(s);
    json_object_clear(groups);
    if (rc == BN_OK && any)
        rc = find_due(s, groups);
    json_object_foreach(groups, group, members)
        if (rc == BN_OK && !s->stopping)
            rc = submit_array(s, members);
    if (gate >= 0)
        close(gate);
    json_decref(groups);
    return rc;
}

/* --- signals --------------------------------------------------------------- */

static volatile sig_atomic_t told, orphaned;

static void on_stop(int sig)
{
    told = sig;
}

static void on_orphan(int sig)
{
    (void)sig;
    orphaned = 1;
}

static void catch_signals(void)
{
    static const int stops[] = { SIGINT, SIGTERM, SIGHUP };
    struct sigaction act = { .sa_handler = on_stop };
    sigemptyset(&act.sa_mask);
    for (size_t i = 0; i < BN_LEN(stops); i++)
        sigaction(stops[i], &act, NULL);
    act.sa_handler = on_orphan;
    sigaction(SIGUSR1, &act, NULL);
    prctl(PR_SET_PDEATHSIG, SIGUSR1);    /* the jobs stay, and the next make finds them */
}

static void cancel_all(struct submit *s)
{
    for (size_t i = 0; i < s->n_arrays; i++) {
        struct array *a = &s->arrays[i];
        if (a->left == 0)
            continue;
        if (slurm_cancel(a, false) == BN_OK)
            array_remove(a);
        else
            fprintf(stderr, "basin: %s; make RUN=slurm finds it again\n", bn_error());
    }
}

/* --- the loop ---------------------------------------------------------------- */

static bn_status walk(struct submit *s)
{
    bn_status rc = submit_look_around(s);
    while (rc == BN_OK && told == 0 && orphaned == 0) {
        size_t waiting;
        settle_all(s, &waiting);
        if (!s->stopping)
            rc = submit_due(s);
        else
            submit_stop(s);
        bool any = false;
        for (size_t i = 0; i < s->n; i++)
            any = any || s->tasks[i].state == RUNS || s->tasks[i].state == THEIRS;
        bool again = false;
        for (size_t i = 0; i < s->n && !s->stopping; i++)
            again = again || s->tasks[i].state == UNKNOWN;
        if (!any && !again)
            break;
        if (rc == BN_OK && any)
            rc = submit_wait(s);
    }
    return rc;
}

static void submit_free(struct submit *s)
{
    for (size_t i = 0; i < s->n; i++) {
        object_free(&s->tasks[i].object);
        json_decref(s->tasks[i].digests);
        json_decref(s->tasks[i].node);
        free(s->tasks[i].name);
    }
    for (size_t i = 0; i < s->n_arrays; i++)
        array_free(&s->arrays[i]);
    json_t *const all[] = { s->index, s->seen, s->failed, s->made, s->running, s->theirs,
                            s->times, s->verified };
    for (size_t i = 0; i < BN_LEN(all); i++)
        json_decref(all[i]);
    free(s->tasks);
    free(s->arrays);
}

int submit_nodes(const struct run *r, const struct list *targets, bool *hopeless)
{
    struct submit s = { .r = r, .index = json_object(), .seen = json_object(),
                        .failed = json_object(), .made = json_object(),
                        .running = json_object(), .theirs = json_object(),
                        .verified = json_object() };
    bn_status rc = s.verified ? BN_OK : BN_NOMEM;
    size_t level;
    for (size_t i = 0; i < targets->n && rc == BN_OK; i++)
        rc = need(&s, targets->at[i], &level);
    if (rc == BN_OK) {
        catch_signals();
        rc = walk(&s);
    }
    display_hide();
    if (told != 0)
        cancel_all(&s);
    if (rc != BN_OK)
        fprintf(stderr, "basin: %s\n", bn_error());
    /* jobs that were sent go on: what failed was this side, and make finds them again */
    const int status = told != 0 ? 128 + (int)told : orphaned ? 128 + SIGHUP
                       : rc != BN_OK ? (int)rc : s.status;
    *hopeless = told != 0 || orphaned || rc != BN_OK;
    submit_free(&s);
    return status;
}

/* --- the command ----------------------------------------------------------- */

/* "points" stands for all points of sweeps: they may be too many for a command line. */
static bn_status add_target(const struct run *r, const char *word, struct list *targets)
{
    const size_t n = strlen(r->results);
    if (strncmp(word, r->results, n) == 0 && word[n] == '/')
        return list_add(targets, word + n + 1);
    if (strcmp(word, "points") == 0)
        return plan_points(r->results, r->plan, targets);
    return bn_fail(BN_USAGE, "`%s` is not below %s/", word, r->results);
}

int submit_main(int argc, char **argv)
{
    struct run r = { .results = "results", .plan = "", .slurm = true };
    struct list targets = { 0 };
    int in_use = -1, i = 1;
    for (; i < argc && strncmp(argv[i], "--", 2) == 0; i++) {
        if (strcmp(argv[i], "--results") == 0 && i + 1 < argc)
            r.results = argv[++i];
        else if (strcmp(argv[i], "--plan") == 0 && i + 1 < argc)
            r.plan = argv[++i];
        else if (strcmp(argv[i], "--quiet") == 0)
            r.quiet = true;
        else
            r.plan = "";
    }
    if (r.plan[0] == '\0') {
        fprintf(stderr, "basin submit: it takes --results FOLDER --plan DIGEST FOLDER/TARGET "
                "...; `make TARGET RUN=slurm` calls it\n");
        return BN_USAGE;
    }
    bn_status rc = BN_OK;
    for (; i < argc && rc == BN_OK; i++)
        rc = add_target(&r, argv[i], &targets);
    node_read_makeflags(&r);
    if (rc == BN_OK)
        rc = file_build_folder(&r.build);
    if (rc == BN_OK)
        rc = gc_keep_out(r.results, &in_use);
    if (rc != BN_OK)
        fprintf(stderr, "basin: %s\n", bn_error());
    display_open(r.results, r.quiet);
    bool hopeless = true;
    const int status = rc == BN_OK ? submit_nodes(&r, &targets, &hopeless) : (int)rc;
    display_close();
    list_free(&targets);
    free(r.build);
    if (in_use >= 0)
        close(in_use);
    /* with -k the recipes of what failed say so */
    return r.keep_going && !hopeless ? 0 : status;
}
