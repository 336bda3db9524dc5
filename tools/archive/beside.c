/* SPDX-License-Identifier: MIT
 *
 * What stands beside the crate: goals.json, from which `basin verify` knows what to make
 * again and what to compare it with; environment.json; codecheck.yml.          */
#include "deposit.h"

#include <basin/mem.h>

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

/* --- goals.json ------------------------------------------------------------- */

static json_t *texts(const struct list *l)
{
    json_t *array = json_array();
    for (size_t i = 0; i < l->n; i++)
        json_array_append_new(array, json_string(l->at[i]));
    return array;
}

static json_t *describe(const struct deposit *a, const struct look_node *n)
{
    char *inside = bn_format("data/results/%s", n->name);
    const struct item *item = inside ? payload_find(&a->payload, inside) : NULL;
    const json_t *m = n->object.manifest;
    json_t *node = item == NULL ? NULL
        : json_pack("{s:s+ ss ss ss}", "file", "results/", n->name, "stage",
                    text_of(n->node, "stage"), "content", n->content, "sha256",
                    item->sha256);
    free(inside);
    if (node != NULL && m == NULL) {
        json_object_set_new(node, "own", json_true());
    } else if (node != NULL) {
        json_object_set_new(node, "code", json_string(text_of(m, "code")));
        json_object_set_new(node, "k2", json_string(n->object.k2));
        json_object_set_new(node, "manifest", json_pack("s++", "runs/", n->object.k2,
                                                        ".json"));
    }
    return node;
}

bn_status beside_goals(struct deposit *a)
{
    json_t *nodes = json_object();
    for (size_t i = 0; i < a->names.n; i++)
        if (json_object_set_new(nodes, a->names.at[i],
                                describe(a, look_find(&a->look, a->names.at[i]))) != 0) {
            json_decref(nodes);
            return BN_NOMEM;
        }
    return payload_json(&a->payload, "data/goals.json",
                        json_pack("{ss so ss ss sO so}", "format", BASIN_FORMAT, "goals",
                                  texts(&a->goals), "from", a->look.from, "set", a->look.set,
                                  "data", a->data, "nodes", nodes));
}

/* --- environment.json ------------------------------------------------------- */

/* "gcc ... -lm cc=12.2.0 hdf5=1.10.8": the last words are versions of libraries. */
static json_t *describe_build(const char *text)
{
    json_t *libraries = json_object();
    const char *end = text + strlen(text), *compiler = "";
    char *version = NULL;
    for (const char *p = end; p > text; end = p) {
        while (p > text && p[-1] != ' ')
            p--;
        const char *equals = memchr(p, '=', (size_t)(end - p));
        if (equals == NULL || *p == '-' || equals == p)
            break;
        char *name = bn_format("%.*s", (int)(equals - p), p);
        char *number = bn_format("%.*s", (int)(end - equals - 1), equals + 1);
        if (name != NULL && number != NULL && strcmp(name, "cc") == 0) {
            free(version);
            version = bn_copy(number);
        } else if (name != NULL && number != NULL) {
            json_object_set_new(libraries, name, json_string(number));
        }
        free(number);
        free(name);
        while (p > text && p[-1] == ' ')
            p--;
    }
    compiler = version ? version : "not recorded";
    json_t *build = json_pack("{s:s% ss so ss}", "compiler", text, strcspn(text, " "),
                              "compiler version", compiler, "libraries", libraries,
                              "command", text);
    free(version);
    return build;
}

/* Under `key`, the description and how many nodes came about so. */
static void count(json_t *among, const char *key, json_t *fresh)
{
    json_t *known = json_object_get(among, key);
    if (known == NULL) {
        json_object_set_new(fresh, "runs", json_integer(0));
        json_object_set(among, key, fresh);
        known = fresh;
    }
    const json_int_t n = json_integer_value(json_object_get(known, "runs"));
    json_object_set_new(known, "runs", json_integer(n + 1));
    json_decref(fresh);
}

static json_t *values(const json_t *object)
{
    json_t *array = json_array(), *value;
    const char *key;
    json_object_foreach((json_t *)(uintptr_t)object, key, value)
        json_array_append(array, value);
    return array;
}

static bn_status add_version(const struct deposit *a, json_t *programs, const char *program,
                             const char *argument)
{
    char *version = NULL;
    BN_TRY(store_version(a->look.results, program, argument, &version));
    json_object_set_new(programs, program, json_string(version));
    free(version);
    return BN_OK;
}

bn_status beside_environment(struct deposit *a)
{
    json_t *builds = json_object(), *machines = json_object(), *programs = json_object();
    bn_status rc = add_version(a, programs, "make", "--version");
    if (rc == BN_OK)
        rc = add_version(a, programs, "gnuplot", "--version");
    if (rc == BN_OK)
        rc = add_version(a, programs, "pdftocairo", "-v");
    for (size_t i = 0; i < a->names.n; i++) {
        const json_t *m = look_find(&a->look, a->names.at[i])->object.manifest;
        const char *host = text_of(m, "host"), *system = text_of(m, "system"),
                   *cpu = text_of(m, "cpu");
        char *key = m ? bn_format("%s\n%s\n%s", host, system, cpu) : NULL;
        if (key == NULL)
            continue;
        count(machines, key, json_pack("{ss ss ss}", "host", host, "system", system, "cpu",
                                       cpu));
        count(builds, text_of(m, "build"), describe_build(text_of(m, "build")));
        free(key);
    }
    if (rc == BN_OK)
        rc = payload_json(&a->payload, "data/environment.json",
                          json_pack("{ss ss so so sO}", "format", BASIN_FORMAT, "basin",
                                    BASIN_VERSION, "builds", values(builds), "machines",
                                    values(machines), "programs", programs));
    json_decref(programs);
    json_decref(machines);
    json_decref(builds);
    return rc;
}
