/* SPDX-License-Identifier: MIT
 *
 * The state of every node, as make would find it: the same plan, the same keys and
 * the same cache, but nothing is made.  Contents of inputs are followed through the
 * cache: what would only be relinked has a content that is known already, so what
 * comes after it can be looked up too.  What would run has none yet.         */
#include "look.h"
#include "look_priv.h"

#include <basin/mem.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

const char *look_state_name(enum look_state state)
{
    static const char *const names[] = { "fresh", "own file", "cached", "follows", "runs" };
    return names[state];
}

bool look_is_due(enum look_state state)
{
    return state == LOOK_RUNS || state == LOOK_FOLLOWS;
}

int look_fail(const char *command)
{
    fprintf(stderr, "basin %s: %s\n", command, bn_error());
    return BN_USAGE;
}

/* --- opening ------------------------------------------------------------- */

bn_status look_options(struct look_options *o, int argc, char **argv)
{
    *o = (struct look_options){ .results = "results", .from = "ring", .set = "" };
    const struct { const char *name; const char **value; } known[] = {
        { "--results", &o->results }, { "--from", &o->from }, { "--set", &o->set },
    };
    for (int i = 1; i < argc; i++) {
        bool taken = false;
        for (size_t k = 0; k < BN_LEN(known) && !taken; k++)
            if (strcmp(argv[i], known[k].name) == 0) {
                if (i + 1 == argc)
                    return bn_fail(BN_USAGE, "%s needs a value", argv[i]);
                *known[k].value = argv[++i];
                taken = true;
            }
        if (strcmp(argv[i], "--json") == 0 && !taken)
            o->json = taken = true;
        if (!taken && strncmp(argv[i], "--", 2) == 0)
            return bn_fail(BN_USAGE, "unknown option %s; basin %s --help has all", argv[i],
                           argv[0]);
        if (!taken)
            BN_TRY(list_add(&o->rest, argv[i]));
    }
    return BN_OK;
}

bn_status look_open(struct look *l, const struct look_options *o)
{
    *l = (struct look){ .results = o->results, .from = o->from, .set = o->set };
    BN_TRY(file_build_folder(&l->build));
    BN_TRY(plan_look(l->results, l->from, l->set, &l->plan, &l->origins));
    const size_t room = json_object_size(l->plan);
    l->index = json_object();
    l->nodes = bn_alloc(room + 1, sizeof *l->nodes);
    l->order = bn_alloc(room + 1, sizeof *l->order);
    if (l->nodes == NULL || l->order == NULL || l->index == NULL)
        return BN_NOMEM;
    const char *name;
    json_t *node;
    json_object_foreach(l->plan, name, node) {
        l->nodes[l->n] = (struct look_node){ .name = name, .node = node, .seconds = -1.0,
                                             .causes = json_array(),
                                             .upstream = json_array() };
        json_object_set_new(l->index, name, json_integer((json_int_t)l->n++));
    }
    return BN_OK;
}

void look_close(struct look *l)
{
    for (size_t i = 0; i < l->n; i++) {
        object_free(&l->nodes[i].object);
        json_decref(l->nodes[i].causes);
        json_decref(l->nodes[i].upstream);
    }
    look_forget(l);
    free(l->nodes);
    free(l->order);
    free(l->build);
    json_decref(l->index);
    json_decref(l->origins);
    json_decref(l->plan);
    *l = (struct look){ 0 };
}

struct look_node *look_find(const struct look *l, const char *name)
{
    const json_t *i = json_object_get(l->index, name);
    return i ? &l->nodes[json_integer_value(i)] : NULL;
}

bn_status look_inputs(const json_t *node, struct list *names)
{
    const char *role;
    json_t *input;
    json_object_foreach(json_object_get(node, "inputs"), role, input)
        BN_TRY(list_add(names, json_string_value(input)));
    return BN_OK;
}

/* --- what a word names --------------------------------------------------- */

static bn_status add_if(const struct look *l, struct list *names, char *name)
{
    bn_status rc = name ? BN_OK : BN_NOMEM;
    if (rc == BN_OK && look_find(l, name) != NULL && !list_has(names, name))
        rc = list_add(names, name);
    free(name);
    return rc;
}

static bn_status unknown_target(const struct look *l, const char *word)
{
    struct list known = { 0 };
    char hint[96];
    bn_status rc = BN_OK;
    for (size_t i = 0; i < l->n && rc == BN_OK; i++) {
        const char *name = l->nodes[i].name, *dot = strrchr(name, '.');
        const bool figure = strncmp(name, "figures/", 8) == 0;
        char *plain = figure ? bn_format("%.*s", (int)strcspn(name + 8, "."), name + 8)
                             : bn_format("%.*s", (int)(dot - name), name);
        rc = plain == NULL ? BN_NOMEM : list_has(&known, plain) ? BN_OK
                                                                : list_add(&known, plain);
        free(plain);
    }
    if (rc == BN_OK)
        rc = bn_fail(BN_USAGE, "there is no target `%s`%s; name a figure (figure1) or an "
                     "artifact (ring/weights.h5); `basin status` lists them", word,
                     list_hint(&known, word, hint));
    list_free(&known);
    return rc;
}

bn_status look_target(const struct look *l, const char *word, struct list *names)
{
    static const char *const forms[] = { "pdf", "svg", "png" };
    const size_t before = names->n, n = strlen(l->results);
    const char *suffix = strcmp(l->from, "ring") == 0 ? "" : l->from;
    const char *plain = strncmp(word, l->results, n) == 0 && word[n] == '/' ? word + n + 1
                                                                            : word;
    if (strcmp(word, "results") == 0 || strcmp(word, "figures") == 0) {
        const bool all = word[0] == 'r';
        for (size_t i = 0; i < l->n; i++)
            if (all || strncmp(l->nodes[i].name, "figures/", 8) == 0)
                BN_TRY(list_add(names, l->nodes[i].name));
        return BN_OK;
    }
    BN_TRY(add_if(l, names, bn_copy(plain)));
    BN_TRY(add_if(l, names, bn_format("%s.h5", plain)));
    BN_TRY(add_if(l, names, bn_format("%s%s%s.tex", plain, suffix[0] ? "." : "", suffix)));
    BN_TRY(add_if(l, names, bn_format("%s.tex", plain)));
    for (size_t i = 0; i < BN_LEN(forms) && names->n - before < BN_LEN(forms); i++) {
        BN_TRY(add_if(l, names, bn_format("figures/%s%s%s.%s", plain, suffix[0] ? "." : "",
                                          suffix, forms[i])));
        BN_TRY(add_if(l, names, bn_format("figures/%s.%s", plain, forms[i])));
    }
    return names->n > before ? BN_OK : unknown_target(l, word);
}

/* --- the state of a node ------------------------------------------------- */

/* The digest of an input, or "" while it is not known. */
static bn_status digest_of(struct look *l, const char *name, char hex[BN_HEX])
{
    const struct look_node *n = look_find(l, name);
    if (n != NULL) {
        memcpy(hex, n->content, BN_HEX);
        return BN_OK;
    }
    char *path = bn_format("%s/%s", l->results, name);       /* a file without a rule */
    const bn_status rc = path ? store_digest(l->results, path, hex) : BN_NOMEM;
    free(path);
    return rc;
}

/* Contents of the inputs by role, as the key has them; *known is false if one of
 * them is not known before it was made.                                     */
bn_status look_digests(struct look *l, const struct look_node *n, json_t *digests,
                       bool *known)
{
    const char *role;
    json_t *input;
    char hex[BN_HEX];
    *known = true;
    json_object_foreach(json_object_get(n->node, "inputs"), role, input) {
        BN_TRY(digest_of(l, json_string_value(input), hex));
        *known = *known && hex[0] != '\0';
        json_object_set_new(digests, role, json_string(hex));
    }
    return BN_OK;
}

/* Time of a link (or of a user's own file) as Make sees it.  One that was aged is
 * about to be renewed, when its content is what is wanted.                  */
static bool link_time(const struct look *l, const char *name, double *t)
{
    struct stat st;
    char *path = bn_format("%s/%s", l->results, name);
    const bool there = path != NULL && lstat(path, &st) == 0;
    free(path);
    *t = there ? (double)st.st_mtim.tv_sec + 1e-9 * (double)st.st_mtim.tv_nsec : 0.0;
    if (there && st.st_mtim.tv_sec == YEAR_2000)
        *t = (double)time(NULL) + 1.0;
    return there;
}

/* K2 of the object that a link leads to, even if it is gone. */
static bool link_key(const struct look *l, const char *name, char k2[BN_HEX])
{
    char text[4096], *path = bn_format("%s/%s", l->results, name);
    const ssize_t n = path ? readlink(path, text, sizeof text - 1) : -1;
    text[n > 0 ? n : 0] = '\0';
    const char *slash = strrchr(text, '/');
    free(path);
    if (slash == NULL || strlen(slash + 1) < BN_HEX - 1)
        return false;
    snprintf(k2, BN_HEX, "%.64s", slash + 1);
    return true;
}

/* Was it set aside, under its key and a date, after this link was made? */
static bool is_later(const char *folder, const char *entry, double linked)
{
    struct stat st;
    char *path = bn_format("%s/%s", folder, entry);
    const bool later = path != NULL && stat(path, &st) == 0 &&
                       (double)st.st_ctim.tv_sec + 1e-9 * (double)st.st_ctim.tv_nsec > linked;
    free(path);
    return later;
}

static bool was_set_aside(const struct look *l, const char *name, double linked)
{
    struct list names = { 0 };
    char k2[BN_HEX], *folder = bn_format("%s/cache/damaged", l->results);
    bool found = false;
    if (folder != NULL && link_key(l, name, k2) && file_names(folder, "", &names) == BN_OK)
        for (size_t i = 0; i < names.n && !found; i++)
            found = strncmp(names.at[i], k2, BN_HEX - 1) == 0 &&
                    is_later(folder, names.at[i], linked);
    list_free(&names);
    free(folder);
    return found;
}

/* Why no object could be loaded through the link. */
static void say_absent(struct look *l, const struct look_node *n)
{
    struct stat st;
    char age[32], *path = bn_format("%s/%s", l->results, n->name);
    const struct look_run *last = look_last_run(l, n->name);
    if (n->has_link && was_set_aside(l, n->name, n->linked))
        cause_add(n->causes, "damaged", bn_format("damaged: its object was not what was "
                                                  "stored, and is in %s/cache/damaged now",
                                                  l->results));
    else if (path != NULL && n->has_link && stat(path, &st) != 0)
        cause_add(n->causes, "dangling", bn_copy("its link leads to nothing: the object is "
                                                 "gone from the cache"));
    else if (n->has_link)
        cause_add(n->causes, "damaged", bn_copy("damaged: the object in the cache is not "
                                                "what was stored"));
    else if (last != NULL)
        cause_add(n->causes, "missing", bn_format("missing: removed, or its last run failed "
                                                  "(it was made %s)",
                                                  look_age(last->made, age)));
    else
        cause_add(n->causes, "never", bn_copy("never made"));
    free(path);
}

static void note_older(struct look_node *n, const char *than)
{
    if (n->state == LOOK_FRESH)
        cause_add(n->causes, "older", bn_format("its link is older than %s", than));
    n->state = LOOK_CACHED;
}

/* Recorded data of a younger date: Make looks, though the content is the same. */
static void check_file_times(struct look_node *n)
{
    const char *key;
    json_t *files, *file;
    size_t i;
    struct stat st;
    json_object_foreach(json_object_get(n->node, "files"), key, files)
        json_array_foreach(files, i, file) {
            const char *path = json_string_value(json_array_get(file, 0));
            if (path != NULL && stat(path, &st) == 0 &&
                (double)st.st_mtim.tv_sec + 1e-9 * (double)st.st_mtim.tv_nsec > n->linked)
                note_older(n, path);
        }
}

/* What lies there is what is wanted; would Make look at it all the same, because it
 * is older than something that it is made from?                             */
static bn_status check_times(struct look *l, struct look_node *n)
{
    struct list names = { 0 };
    bn_status rc = look_inputs(n->node, &names);
    n->state = LOOK_FRESH;
    for (size_t i = 0; i < names.n && rc == BN_OK; i++) {
        const struct look_node *input = look_find(l, names.at[i]);
        double t;
        if ((input != NULL && input->state == LOOK_CACHED) ||
            (link_time(l, names.at[i], &t) && t > n->linked))
            note_older(n, names.at[i]);
    }
    check_file_times(n);
    list_free(&names);
    return rc;
}

/* A run that would fail at once: say so before it is tried. */
static void say_unable(struct look_node *n)
{
    const char *code = text_of(n->node, "code"), *key;
    json_t *files, *file;
    size_t i;
    if (strncmp(code, "missing: ", 9) == 0)
        cause_add(n->causes, "unable", bn_format("cannot be made: %s", code + 9));
    json_object_foreach(json_object_get(n->node, "files"), key, files)
        json_array_foreach(files, i, file)
            if (strcmp(json_string_value(json_array_get(file, 1)), "missing") == 0)
                cause_add(n->causes, "unable", bn_format(
                    "cannot be made: %s: there is no file %s", key,
                    json_string_value(json_array_get(file, 0))));
}

/* Its inputs were looked at before it, so they all have their place in the order. */
static bn_status note_upstream(struct look *l, struct look_node *n)
{
    struct list names = { 0 };
    size_t last = 0;
    bn_status rc = look_inputs(n->node, &names);
    for (size_t i = 0; i < names.n; i++) {
        const struct look_node *input = look_find(l, names.at[i]);
        if (input == NULL || !look_is_due(input->state))
            continue;
        json_array_append_new(n->upstream, json_string(names.at[i]));
        if (n->parent == NULL || input->place > last) {
            n->parent = input->name;
            last = input->place;
        }
    }
    list_free(&names);
    return rc;
}

/* Nothing that is wanted lies there: say why, and whether it must run. */
static bn_status find_causes(struct look *l, struct look_node *n, const json_t *digests,
                             bool known)
{
    char k2[BN_HEX];
    json_t *old = json_incref(n->object.manifest);
    BN_TRY(look_history(l));
    if (old == NULL) {
        const struct look_run *last = look_last_run(l, n->name);
        say_absent(l, n);
        old = link_key(l, n->name, k2) ? look_manifest(l, k2) : NULL;
        if (old == NULL && last != NULL)
            old = look_manifest(l, last->k2);
    }
    bn_status rc = old ? cause_compare(l, n, digests, old, n->causes) : BN_OK;
    if (rc == BN_OK)
        rc = note_upstream(l, n);
    if (n->state != LOOK_CACHED)
        say_unable(n);
    if (n->state != LOOK_CACHED)
        n->state = !known && look_might_hit(l, n->node) ? LOOK_FOLLOWS : LOOK_RUNS;
    if (json_array_size(n->causes) == 0 && known)
        cause_add(n->causes, "key", bn_copy("its key is another one"));
    n->seconds = look_expect(l, n->name, text_of(n->node, "stage"));
    json_decref(old);
    return rc;
}

static bn_status examine(struct look *l, struct look_node *n)
{
    json_t *digests = json_object();
    const json_t *parameters = json_object_get(n->node, "parameters");
    struct object other;
    bool known;
    char k1[BN_HEX];
    n->has_link = link_time(l, n->name, &n->linked);
    const enum holds holds = store_holds(l->results, n->name, &n->object);
    if (holds == HOLDS_FILE) {
        n->state = LOOK_OWN;
        json_decref(digests);
        return store_digest(l->results, n->object.path, n->content);
    }
    const bool forced = store_is_forced(l->results, n->name);
    bn_status rc = look_digests(l, n, digests, &known);
    if (rc == BN_OK && known)
        rc = store_key(n->node, digests, k1);
    if (rc == BN_OK && forced)
        rc = look_history(l);
    if (rc == BN_OK && forced) {
        n->state = LOOK_RUNS;
        n->seconds = look_expect(l, n->name, text_of(n->node, "stage"));
        cause_add(n->causes, "forced", bn_copy("forced: `basin force` was asked to run it"));
    } else if (rc == BN_OK && known && holds == HOLDS_OBJECT &&
               store_agrees(&n->object, k1, parameters)) {
        memcpy(n->content, n->object.content, BN_HEX);
        rc = check_times(l, n);
    } else if (rc == BN_OK) {
        n->state = LOOK_RUNS;
        if (known && store_find(l->results, n->name, k1, parameters, &other)) {
            n->state = LOOK_CACHED;
            memcpy(n->content, other.content, BN_HEX);
            object_free(&other);
        }
        rc = find_causes(l, n, digests, known);
    }
    json_decref(digests);
    return rc;
}

bn_status look_at(struct look *l, const char *name)
{
    struct look_node *n = look_find(l, name);
    struct list inputs = { 0 };
    if (n == NULL || n->done)
        return BN_OK;
    if (n->busy)
        return bn_fail(BN_USAGE, "pipelines/: %s needs itself, through its prerequisites",
                       name);
    n->busy = true;
    bn_status rc = look_inputs(n->node, &inputs);
    for (size_t i = 0; i < inputs.n && rc == BN_OK; i++)
        rc = look_at(l, inputs.at[i]);
    list_free(&inputs);
    if (rc == BN_OK)
        rc = examine(l, n);
    n->done = true;
    n->place = l->n_order;
    l->order[l->n_order++] = (size_t)(n - l->nodes);
    return rc;
}

static bool has_cause(const struct look_node *n, const char *kind)
{
    size_t i;
    json_t *cause;
    json_array_foreach(n->causes, i, cause)
        if (strcmp(text_of(cause, "kind"), kind) == 0)
            return true;
    return false;
}

const char *look_word(const struct look_node *n)
{
    static const struct { const char *kind, *word; } lost[] = {
        { "never", "never made" }, { "missing", "missing" }, { "dangling", "missing" },
        { "damaged", "damaged" },
    };
    if (n->state == LOOK_FRESH || n->state == LOOK_OWN || n->state == LOOK_CACHED)
        return look_state_name(n->state);
    for (size_t i = 0; i < BN_LEN(lost); i++)
        if (has_cause(n, lost[i].kind))
            return lost[i].word;
    return "stale";
}

double look_bytes(const struct look_node *n)
{
    struct stat st;
    return n->object.path != NULL && stat(n->object.path, &st) == 0 ? (double)st.st_size
                                                                    : -1.0;
}

double look_took(const struct look_node *n)
{
    const json_t *took = json_object_get(n->object.manifest, "seconds");
    return json_is_number(took) ? json_number_value(took) : n->seconds;
}

void look_cost(const struct look *l, double *runs, double *follows, size_t *unknown)
{
    *runs = *follows = 0.0;
    *unknown = 0;
    for (size_t i = 0; i < l->n_order; i++) {
        const struct look_node *n = &l->nodes[l->order[i]];
        if (!look_is_due(n->state))
            continue;
        *unknown += n->seconds < 0.0;
        *(n->state == LOOK_RUNS ? runs : follows) += n->seconds > 0.0 ? n->seconds : 0.0;
    }
}
