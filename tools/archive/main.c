/* SPDX-License-Identifier: MIT */
#include "deposit.h"

#include <basin/mem.h>
#include <basin/quantity.h>
#include <basin/text.h>

#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

struct wish {
    const char *name, *limit;
};

static bn_status read_options(int argc, char **argv, struct wish *w, struct look_options *o)
{
    char **rest = bn_alloc((size_t)argc + 1, sizeof *rest);
    int n = 0;
    *w = (struct wish){ .name = "", .limit = "100" };
    for (int i = 0; i < argc && rest != NULL; i++) {
        const char **value = strcmp(argv[i], "--name") == 0 ? &w->name
                             : strcmp(argv[i], "--limit") == 0 ? &w->limit : NULL;
        if (value != NULL && i + 1 < argc)
            *value = argv[++i];
        else
            rest[n++] = argv[i];
    }
    bn_status rc = rest ? look_options(o, n, rest) : BN_NOMEM;
    if (rc == BN_OK && o->rest.n == 0)
        rc = bn_fail(BN_USAGE, "say what goes in: `make archive FIGURES=\"figure1 figure2\"`, "
                     "or `basin archive figure1 figure2`");
    for (const char *c = w->name; rc == BN_OK && *c != '\0'; c++)
        if (strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.", *c) ==
                NULL || (c == w->name && *c == '.'))
            rc = bn_fail(BN_USAGE, "--name %s: it is the name of a file and of a folder: "
                         "letters, digits, and - _ . after the first", w->name);
    free(rest);
    return rc;
}

/* --- is all there? ----------------------------------------------------------- */

static bn_status refuse(const struct list *stale)
{
    struct list few = { 0 };
    bn_status rc = BN_OK;
    for (size_t i = 0; i < stale->n && i < 8 && rc == BN_OK; i++)
        rc = list_add(&few, stale->at[i]);
    char *more = stale->n > 8 ? bn_format("%zu others", stale->n - 8) : NULL;
    if (more != NULL && rc == BN_OK)
        rc = list_add(&few, more);
    char *names = list_sentence(&few);
    if (rc == BN_OK)
        rc = bn_fail(BN_INPUT, "not what sources and parameters ask for now: %s; `make archive "
                     "FIGURES=\"...\"` makes them first (`make why T=%s` says what is wrong)",
                     names ? names : "", stale->at[0]);
    free(names);
    free(more);
    list_free(&few);
    return rc;
}

/* Files in results/ that no rule makes: the user's own, and inputs all the same. */
static bn_status note_strays(struct deposit *a, const struct look_node *n)
{
    struct list inputs = { 0 };
    bn_status rc = look_inputs(n->node, &inputs);
    for (size_t i = 0; i < inputs.n && rc == BN_OK; i++)
        if (look_find(&a->look, inputs.at[i]) == NULL && !list_has(&a->strays, inputs.at[i]))
            rc = list_add(&a->strays, inputs.at[i]);
    list_free(&inputs);
    return rc;
}

static bn_status look_at_goals(struct deposit *a)
{
    bool made = false;
    struct list stale = { 0 };
    bn_status rc = BN_OK;
    for (size_t i = 0; i < a->goals.n && rc == BN_OK; i++)
        rc = look_target(&a->look, a->goals.at[i], &a->targets);
    for (size_t i = 0; i < a->targets.n && rc == BN_OK; i++)
        rc = look_at(&a->look, a->targets.at[i]);
    for (size_t i = 0; i < a->look.n_order && rc == BN_OK; i++) {
        const struct look_node *n = &a->look.nodes[a->look.order[i]];
        rc = list_add(&a->names, n->name);
        made = made || n->object.manifest != NULL;
        if (rc == BN_OK && n->state != LOOK_OWN)
            rc = note_strays(a, n);
        if (rc == BN_OK && n->state != LOOK_FRESH && n->state != LOOK_OWN)
            rc = list_add(&stale, n->name);
    }
    list_sort(&a->names);
    list_sort(&a->strays);
    if (rc == BN_OK && stale.n > 0)
        rc = refuse(&stale);
    else if (rc == BN_OK && !made)
        rc = bn_fail(BN_INPUT, "%s: only files of your own: nothing there was made by the "
                     "project", a->goals.at[0]);
    list_free(&stale);
    return rc;
}

const struct item *deposit_item(const struct deposit *a, const char *name)
{
    char *inside = bn_format("data/results/%s", name);
    const struct item *item = inside ? payload_find(&a->payload, inside) : NULL;
    free(inside);
    return item;
}

const json_t *deposit_manifest(const struct deposit *a, const char *name)
{
    const struct look_node *n = look_find(&a->look, name);
    return n ? n->object.manifest : NULL;
}

/* --- what goes in ------------------------------------------------------------- */

/* The newest run dates the bag: the clock does not. */
static void note_date(struct deposit *a)
{
    snprintf(a->date, sizeof a->date, "2000-01-01T00:00:00Z");
    for (size_t i = 0; i < a->names.n; i++) {
        const char *date = text_of(deposit_manifest(a, a->names.at[i]), "date");
        if (strcmp(date, a->date) > 0)
            snprintf(a->date, sizeof a->date, "%s", date);
    }
}

static bn_status add_manifest(struct deposit *a, const struct look_node *n)
{
    char *inside = bn_format("data/runs/%s.json", n->object.k2);
    char *path = bn_format("%.*s.json", (int)(strrchr(n->object.path, '.') - n->object.path),
                           n->object.path);
    const bn_status rc = inside && path ? payload_file(&a->payload, inside, path) : BN_NOMEM;
    free(path);
    free(inside);
    return rc;
}

static bn_status add_stray(struct deposit *a, const char *name)
{
    char *inside = bn_format("data/results/%s", name);
    char *path = bn_format("%s/%s", a->look.results, name);
    const bn_status rc = inside && path ? payload_file(&a->payload, inside, path) : BN_NOMEM;
    free(path);
    free(inside);
    return rc;
}

static bn_status add_node(struct deposit *a, const char *name)
{
    const struct look_node *n = look_find(&a->look, name);
    char *inside = bn_format("data/results/%s", name);
    bn_status rc = inside ? payload_file(&a->payload, inside, n->object.path) : BN_NOMEM;
    free(inside);
    return rc == BN_OK && n->object.manifest != NULL ? add_manifest(a, n) : rc;
}

/* The bytes that go in are those that were stored. */
static bn_status check_node(struct deposit *a, const char *name)
{
    const struct look_node *n = look_find(&a->look, name);
    const struct item *item = deposit_item(a, name);
    bn_status rc = item ? BN_OK : BN_NOMEM;
    if (item != NULL && n->object.manifest != NULL &&
        strcmp(item->sha256, text_of(n->object.manifest, "sha256")) != 0) {
        rc = store_verify(a->look.results, &n->object);
        rc = bn_fail(BN_INPUT, "%s: its bytes are not what was stored: run make archive "
                     "again, which makes it anew", name);
    }
    return rc;
}

static bn_status check_recordings(const struct deposit *a)
{
    const char *name;
    json_t *entry;
    json_object_foreach(a->data, name, entry) {
        char *inside = bn_format("data/recordings/%s", name);
        const struct item *item = inside ? payload_find(&a->payload, inside) : NULL;
        free(inside);
        if (item != NULL && strcmp(item->sha256, text_of(entry, "sha256")) != 0)
            return bn_fail(BN_INPUT, "%s: changed while the archive was made: run make "
                           "archive again", item->path);
    }
    return BN_OK;
}

static bn_status gather(struct deposit *a, double limit)
{
    BN_TRY(citation_load("CITATION.cff", &a->cff));
    BN_TRY(payload_file(&a->payload, "data/CITATION.cff", "CITATION.cff"));
    BN_TRY(sources_add(&a->payload, a->look.results, a->look.build));
    BN_TRY(recordings_add(&a->payload, &a->look, limit, a->data));
    BN_TRY(places_settle(a));
    for (size_t i = 0; i < a->names.n; i++)
        BN_TRY(add_node(a, a->names.at[i]));
    for (size_t i = 0; i < a->strays.n; i++)
        BN_TRY(add_stray(a, a->strays.at[i]));
    BN_TRY(payload_hash(&a->payload));
    for (size_t i = 0; i < a->names.n; i++)
        BN_TRY(check_node(a, a->names.at[i]));
    BN_TRY(check_recordings(a));
    note_date(a);
    BN_TRY(beside_goals(a));
    BN_TRY(beside_environment(a));
    BN_TRY(beside_codecheck(a));
    BN_TRY(beside_readme(a));
    BN_TRY(payload_hash(&a->payload));
    return crate_write(a);
}

/* --- the whole ---------------------------------------------------------------- */

static void report(const struct deposit *a, const struct bag *b)
{
    char size[32];
    size_t figures = 0, included = 0, sources = 0;
    const char *name;
    json_t *entry;
    for (size_t i = 0; i < a->names.n; i++)
        figures += strncmp(a->names.at[i], "figures/", 8) == 0;
    for (size_t i = 0; i < a->payload.n; i++)
        sources += strncmp(a->payload.at[i].name, "data/source/", 12) == 0;
    json_object_foreach(a->data, name, entry)
        included += json_is_true(json_object_get(entry, "included"));
    printf("%s: %s, %zu artifacts, %zu files of figures, %zu sources", b->path,
           bn_human_bytes((double)b->bytes, size), a->names.n - figures, figures, sources);
    if (json_object_size(a->data) > 0)
        printf(", %zu of %zu recordings", included, json_object_size(a->data));
    printf("\n");
    json_object_foreach(a->data, name, entry)
        if (!json_is_true(json_object_get(entry, "included")))
            printf("  %s is not in it (%s, more than LIMIT): its source is %s\n", name,
                   bn_human_bytes(json_number_value(json_object_get(entry, "bytes")), size),
                   text_of(entry, "source"));
}

static bn_status write_bag(struct deposit *a, const struct wish *w)
{
    char id[BN_HEX];
    BN_TRY(bag_close(&a->payload, a->date, id));
    char *top = w->name[0] ? bn_copy(w->name) : bn_format("basin-%.12s", id);
    struct bag bag = { .top = top };
    bag.path = top ? bn_format("%s/archive/%s.zip", a->look.results, top) : NULL;
    const bn_status rc = bag.path ? bag_write(&a->payload, &bag) : BN_NOMEM;
    if (rc == BN_OK)
        report(a, &bag);
    free(bag.path);
    free(top);
    return rc;
}

static bn_status deposit(struct deposit *a, const struct wish *w, const struct look_options *o)
{
    double limit;
    int in_use = -1;
    if (bn_quantity(w->limit, "MB", &limit) != BN_OK)
        return bn_fail(BN_USAGE, "LIMIT=%s: the largest recording that goes in, as a number "
                       "of MB or with a unit, \"2 GB\"", w->limit);
    BN_TRY(look_open(&a->look, o));
    BN_TRY(look_at_goals(a));
    BN_TRY(gc_keep_out(a->look.results, &in_use));
    bn_status rc = gather(a, 1e6 * limit);
    if (rc == BN_OK)
        rc = write_bag(a, w);
    close(in_use);
    return rc;
}

int main(int argc, char **argv)
{
    struct deposit a = { .data = json_object() };
    struct wish w;
    struct look_options o = { 0 };
    /* Names are UTF-8 and times are UTC, whatever the user's settings. */
    setlocale(LC_CTYPE, "C.UTF-8");
    setenv("TZ", "UTC0", 1);
    tzset();
    bn_status rc = read_options(argc, argv, &w, &o);
    for (size_t i = 0; i < o.rest.n && rc == BN_OK; i++) {
        const size_t n = strlen(o.results);
        const char *word = o.rest.at[i];
        const bool path = strncmp(word, o.results, n) == 0 && word[n] == '/';
        rc = list_add(&a.goals, path ? word + n + 1 : word);
    }
    if (rc == BN_OK)
        rc = deposit(&a, &w, &o);
    if (rc != BN_OK)
        fprintf(stderr, "basin archive: %s\n", bn_error());
    payload_free(&a.payload);
    json_decref(a.cff);
    json_decref(a.data);
    list_free(&a.strays);
    list_free(&a.names);
    list_free(&a.targets);
    list_free(&a.goals);
    list_free(&o.rest);
    look_close(&a.look);
    free(a.set);
    schema_free_all();
    return (int)rc;
}
