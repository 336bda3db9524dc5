/* SPDX-License-Identifier: MIT
 *
 * What differs between the run that made an object and the run that is wanted: code,
 * edges, the parameters that it read, the content of its inputs.  A cause is
 *
 *   { "kind": "parameter", "text": "lambda: 1e-08 -> 1e-06 (SET)", ... }
 *
 * where the text is for people and the other fields say the same to programs. */
#include "look.h"
#include "look_priv.h"

#include <basin/mem.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

json_t *cause_add(json_t *causes, const char *kind, char *text)
{
    json_t *cause = json_pack("{ss ss}", "kind", kind, "text", text ? text : "");
    free(text);
    json_array_append_new(causes, cause);
    return cause;
}

static json_t *add_change(json_t *causes, const char *kind, const char *name,
                          const char *old, const char *new, char *text)
{
    json_t *cause = cause_add(causes, kind, text);
    json_object_set_new(cause, "name", json_string(name));
    json_object_set_new(cause, "old", old ? json_string(old) : json_null());
    json_object_set_new(cause, "new", new ? json_string(new) : json_null());
    return cause;
}

/* --- code ---------------------------------------------------------------- */

/* Files and programs that a node's code is made of, with their digests. */
static bn_status code_parts(const char *results, const json_t *node, json_t *parts)
{
    const char *stage = text_of(node, "stage");
    if (strcmp(stage, "numbers") == 0)
        return numbers_parts(node, parts);
    const bool script = strcmp(stage, "figure") == 0;
    const bool program = script || strcmp(stage, "pdftocairo") == 0;
    char *version = NULL;
    bn_status rc = BN_OK;
    if (script) {
        rc = code_files_of_script(text_of(node, "script"), parts);
        if (rc == BN_OK)
            rc = code_files("tools/basin/cat.c", parts);
    }
    if (program && rc == BN_OK)
        rc = store_version(results, script ? "gnuplot" : "pdftocairo",
                           script ? "--version" : "-v", &version);
    if (program && rc == BN_OK)
        json_object_set_new(parts, script ? "gnuplot" : "pdftocairo", json_string(version));
    free(version);
    if (program)
        return rc;
    char *source = bn_format("stages/%s.c", stage);
    rc = source ? code_files(source, parts) : BN_NOMEM;
    free(source);
    return rc;
}

static char *parts_path(const char *results, const char *code)
{
    return bn_format("%s/cache/sources/%s.json", results, code);
}

bn_status look_note_code(const char *results, const json_t *node)
{
    char *path = parts_path(results, text_of(node, "code"));
    if (path == NULL || file_exists(path)) {
        free(path);
        return path ? BN_OK : BN_NOMEM;
    }
    json_t *parts = json_object();
    bn_status rc = code_parts(results, node, parts);
    char *text = json_dumps(parts, JSON_INDENT(1) | JSON_SORT_KEYS);
    if (rc == BN_OK)
        rc = text ? file_write(path, text) : BN_NOMEM;
    free(text);
    json_decref(parts);
    free(path);
    return rc;
}

/* "lib/gp.c, lib/mat.c and 3 more": at most four names. */
static char *name_some(const struct list *names)
{
    struct list some = { 0 };
    bn_status rc = BN_OK;
    for (size_t i = 0; i < names->n && i < 4 && rc == BN_OK; i++)
        rc = list_add(&some, names->at[i]);
    if (names->n > 4 && rc == BN_OK) {
        char more[32];
        snprintf(more, sizeof more, "%zu more", names->n - 4);
        rc = list_add(&some, more);
    }
    char *text = rc == BN_OK ? list_sentence(&some) : NULL;
    list_free(&some);
    return text;
}

/* Names of the parts that are not the same on both sides. */
static bn_status changed_parts(const json_t *old, const json_t *new, struct list *names)
{
    const char *name;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)new, name, value)
        if (!json_equal(value, json_object_get(old, name)))
            BN_TRY(list_add(names, name));
    json_object_foreach((json_t *)(uintptr_t)old, name, value)
        if (json_object_get(new, name) == NULL)
            BN_TRY(list_add(names, name));
    return BN_OK;
}

static bn_status compare_code(const struct look *l, const json_t *node, const json_t *old,
                              json_t *causes)
{
    const char *was = text_of(old, "code"), *is = text_of(node, "code");
    if (strcmp(was, is) == 0)
        return BN_OK;
    if (strncmp(is, "missing: ", 9) == 0)
        return BN_OK;                    /* look.c says that it cannot be made */
    struct list names = { 0 };
    char *path = parts_path(l->results, was);
    json_t *before = path ? json_load_file(path, 0, NULL) : NULL, *now = json_object();
    bn_status rc = before ? code_parts(l->results, node, now) : BN_OK;
    if (rc == BN_OK && before != NULL)
        rc = changed_parts(before, now, &names);
    if (rc == BN_OK) {
        char *some = name_some(&names);
        char *text = before == NULL
            ? bn_format("code changed (%.8s -> %.8s; which file is not on record)", was, is)
            : names.n == 0 ? bn_format("code: compiled with other -D flags")
                           : bn_format("code changed: %s", some ? some : "");
        json_t *cause = add_change(causes, "code", "code", was, is, text);
        json_t *files = json_array();
        for (size_t i = 0; i < names.n; i++)
            json_array_append_new(files, json_string(names.at[i]));
        json_object_set_new(cause, "files", files);
        free(some);
    }
    json_decref(before);
    json_decref(now);
    free(path);
    list_free(&names);
    return rc;
}

/* --- parameters ---------------------------------------------------------- */

/* "sha256:ab12... name" of one file: say what of the two changed. */
static char *file_change(const char *key, const char *old, const char *new,
                         const char *origin)
{
    const char *a = strchr(old, ' '), *b = strchr(new, ' ');
    if (strstr(new, "sha256:missing") != NULL)
        return bn_format("%s: %s is not there any more (%s)", key, b ? b + 1 : "the file",
                         origin);
    if (a == NULL || b == NULL || strchr(a + 1, ' ') != NULL || strchr(b + 1, ' ') != NULL)
        return bn_format("%s: other files or other content (%s)", key, origin);
    if (strcmp(a, b) != 0)
        return bn_format("%s: %s -> %s (%s)", key, a + 1, b + 1, origin);
    return bn_format("%s: %s has other content (%.8s -> %.8s)", key, a + 1, old + 7,
                     new + 7);
}

static void compare_parameters(const struct look *l, const char *name, const json_t *node,
                               const json_t *old, json_t *causes)
{
    const json_t *origins = json_object_get(json_object_get(l->origins, name),
                                            "parameters");
    const json_t *now = json_object_get(node, "parameters");
    const char *key;
    json_t *value;
    json_object_foreach(json_object_get(old, "parameters"), key, value) {
        const char *was = json_string_value(value);
        const char *is = json_string_value(json_object_get(now, key));
        const char *place = text_of(origins, key);
        const char *origin = place[0] ? place : "default";
        if (was == NULL || (is != NULL && strcmp(was, is) == 0))
            continue;
        char *text;
        if (is == NULL)
            text = bn_format("%s: was %s, the stage has it no more", key, was);
        else if (strncmp(was, "sha256:", 7) == 0 && strncmp(is, "sha256:", 7) == 0)
            text = file_change(key, was, is, origin);
        else
            text = bn_format("%s: %s -> %s (%s)", key, was[0] ? was : "nothing",
                             is[0] ? is : "nothing", origin);
        json_t *cause = add_change(causes, "parameter", key, was, is, text);
        json_object_set_new(cause, "origin", json_string(origin));
    }
}

/* --- inputs -------------------------------------------------------------- */

/* The first parameter that tells two runs of one node apart: "sigma 0.5 -> 0.6". */
static char *first_difference(const json_t *old, const json_t *new)
{
    const char *key;
    json_t *value;
    if (old == NULL || new == NULL)
        return NULL;
    json_object_foreach(json_object_get(old, "parameters"), key, value) {
        const char *is = text_of(json_object_get(new, "parameters"), key);
        if (json_is_string(value) && is[0] != '\0' &&
            strncmp(is, "sha256:", 7) != 0 && strcmp(json_string_value(value), is) != 0)
            return bn_format("%s %s -> %s", key, json_string_value(value), is);
    }
    if (strcmp(text_of(old, "code"), text_of(new, "code")) != 0)
        return bn_copy("other code");
    return bn_copy("other inputs");
}

static char *input_change(struct look *l, const char *input, const char *was,
                          const char *is)
{
    const struct look_node *n = look_find(l, input);
    const bool own = n != NULL && n->state == LOOK_OWN;
    if (own)
        return bn_format("%s changed: it is a file of your own now (content %.8s -> %.8s)",
                         input, was, is);
    json_t *old = NULL, *new = NULL;
    if (look_history(l) == BN_OK) {
        const struct look_run *a = look_run_of(l, was), *b = look_run_of(l, is);
        old = a ? look_manifest(l, a->k2) : NULL;
        new = b ? look_manifest(l, b->k2) : NULL;
    }
    char age[32], *how = first_difference(old, new);
    char *text = bn_format("%s changed: content %.8s -> %.8s%s%s%s%s", input, was, is,
                           new ? ", made " : "", new ? look_age(look_made(new), age) : "",
                           how ? " with " : "", how ? how : "");
    free(how);
    json_decref(old);
    json_decref(new);
    return text;
}

/* "diagnosis[000003]" is a point that is gathered as `diagnosis`. */
static bool is_gathered(const char *role)
{
    return strchr(role, '[') != NULL;
}

static size_t count_gathered(const json_t *inputs)
{
    const char *role;
    json_t *value;
    size_t n = 0;
    json_object_foreach((json_t *)(uintptr_t)inputs, role, value)
        n += is_gathered(role);
    return n;
}

static void compare_points(const json_t *node, const json_t *now, const json_t *manifest,
                           json_t *causes)
{
    const size_t was = count_gathered(json_object_get(manifest, "inputs"));
    const size_t is = count_gathered(now);
    const json_t *old = json_object_get(manifest, "points");
    const json_t *new = json_object_get(node, "points");
    if (was != is)
        cause_add(causes, "edge", bn_format("sweep: gathers %zu inputs instead of %zu", is,
                                            was));
    else if ((old != NULL || new != NULL) && !json_equal(old, new))
        cause_add(causes, "edge", bn_copy("sweep: gathers other points"));
}

static void compare_edges(const struct look *l, const char *name, const json_t *now,
                          const json_t *old, json_t *causes)
{
    const char *place = text_of(json_object_get(l->origins, name), "rule"), *role;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)now, role, value)
        if (!is_gathered(role) && json_object_get(old, role) == NULL)
            add_change(causes, "edge", role, NULL, role,
                       bn_format("edge: `%s` is a new input (%s)", role, place));
    json_object_foreach((json_t *)(uintptr_t)old, role, value)
        if (!is_gathered(role) && json_object_get(now, role) == NULL)
            add_change(causes, "edge", role, role, NULL,
                       bn_format("edge: `%s` is an input no more (%s)", role, place));
}

static void compare_inputs(struct look *l, const json_t *node, const json_t *digests,
                           const json_t *old, json_t *causes)
{
    const char *role;
    json_t *value;
    const bool moved = count_gathered(digests) != count_gathered(old);
    json_object_foreach((json_t *)(uintptr_t)digests, role, value) {
        if (moved && is_gathered(role))
            continue;
        const char *is = json_string_value(value);
        const char *was = json_string_value(json_object_get(old, role));
        const char *input = text_of(json_object_get(node, "inputs"), role);
        if (is != NULL && was != NULL && is[0] != '\0' && strcmp(was, is) != 0)
            add_change(causes, "input", input, was, is, input_change(l, input, was, is));
    }
}

bn_status cause_compare(struct look *l, const struct look_node *n, const json_t *digests,
                        const json_t *old, json_t *causes)
{
    const json_t *inputs = json_object_get(old, "inputs");
    if (strcmp(text_of(old, "format"), BASIN_FORMAT) != 0) {
        add_change(causes, "format", "format", text_of(old, "format"), BASIN_FORMAT,
                   bn_format("made by another version of basin, with other keys (%s)",
                             text_of(old, "format")));
        return BN_OK;
    }
    BN_TRY(compare_code(l, n->node, old, causes));
    compare_edges(l, n->name, digests, inputs, causes);
    compare_points(n->node, digests, old, causes);
    compare_parameters(l, n->name, n->node, old, causes);
    compare_inputs(l, n->node, digests, inputs, causes);
    return BN_OK;
}
