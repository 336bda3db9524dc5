/* SPDX-License-Identifier: MIT
 *
 * A stage's table reaches the driver as the JSON that `<stage> --schema` printed
 * when the stage was built, so that the driver links no stage and all checking of
 * values is done by the same lib/param.c.                                    */
#include "basin.h"

#include <basin/mem.h>
#include <basin/text.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

static struct schema **schemas;
static size_t n_schemas;

static double number_of(const json_t *object, const char *key, double other)
{
    const json_t *x = json_object_get(object, key);
    return json_is_number(x) ? json_number_value(x) : other;
}

static bn_status fill_param(struct bn_param *p, const json_t *json, const char *path)
{
    *p = (struct bn_param){
        .name = text_of(json, "name"),
        .unit = text_of(json, "unit"),
        .initial = text_of(json, "initial"),
        .low = number_of(json, "low", -INFINITY),
        .high = number_of(json, "high", INFINITY),
        .choices = text_of(json, "choices"),
        .help = text_of(json, "help"),
    };
    if (p->name[0] == '\0' || !bn_type_parse(text_of(json, "type"), &p->type))
        return bn_fail(BN_INPUT, "%s: parameter `%s` has the unknown type `%s`; remove "
                       "the file and run make again", path, p->name,
                       text_of(json, "type"));
    return BN_OK;
}

static bool has_param(const struct schema *s, const char *name)
{
    for (size_t i = 0; i < s->n_params; i++)
        if (strcmp(s->params[i].name, name) == 0)
            return true;
    return false;
}

/* What every stage that draws random numbers has beside its own table. */
static void add_random(struct schema *s)
{
    const struct bn_param more[] = {
        BN_INTEGER("seed", "1", 0, 9007199254740992.0, "root of all random numbers"),
        BN_TEXT("stream", s->stage, "name of the random stream"),
        BN_INTEGER("replicate", "0", 0, 4294967295.0, "number of the replicate"),
    };
    for (size_t i = 0; i < BN_LEN(more); i++)
        if (!has_param(s, more[i].name))
            s->params[s->n_params++] = more[i];
}

static bn_status fill(struct schema *s, const char *path)
{
    const json_t *params = json_object_get(s->json, "params");
    const size_t n = json_array_size(params);
    s->random = json_is_true(json_object_get(s->json, "random"));
    s->params = bn_alloc(n + 3, sizeof *s->params);
    if (s->params == NULL)
        return BN_NOMEM;
    for (; s->n_params < n; s->n_params++)
        BN_TRY(fill_param(&s->params[s->n_params], json_array_get(params, s->n_params),
                          path));
    if (s->random)
        add_random(s);
    return BN_OK;
}

static void schema_free(struct schema *s)
{
    free(s->stage);
    free(s->params);
    json_decref(s->json);
    free(s);
}

/* Which stages there are, for the message. */
static bn_status unknown_stage(const char *build, const char *stage)
{
    struct list known = { 0 };
    char hint[96], *folder = bn_format("%s/schema", build);
    bn_status rc = folder ? file_names(folder, ".json", &known) : BN_NOMEM;
    for (size_t i = 0; i < known.n; i++)
        known.at[i][strlen(known.at[i]) - 5] = '\0';
    char *all = list_sentence(&known);
    if (rc == BN_OK)
        rc = bn_fail(BN_USAGE, "there is no stage `%s`%s; the stages are %s (a new one is "
                     "a file stages/<name>.c)", stage, list_hint(&known, stage, hint),
                     all ? all : "");
    free(all);
    free(folder);
    list_free(&known);
    return rc;
}

static bn_status load(const char *build, const char *stage, struct schema **out)
{
    char *path = bn_format("%s/schema/%s.json", build, stage);
    struct schema *s = path ? bn_alloc(1, sizeof *s) : NULL;
    if (s == NULL || (s->stage = bn_copy(stage)) == NULL) {
        free(s);
        free(path);
        return BN_NOMEM;
    }
    json_error_t error;
    bn_status rc = BN_OK;
    if (!file_exists(path))
        rc = unknown_stage(build, stage);
    else if ((s->json = json_load_file(path, 0, &error)) == NULL)
        rc = bn_fail(BN_INPUT, "%s:%d: %s; remove the file and run make again", path,
                     error.line, error.text);
    else
        rc = fill(s, path);
    free(path);
    if (rc != BN_OK)
        schema_free(s);
    else
        *out = s;
    return rc;
}

bn_status schema_get(const char *build, const char *stage, const struct schema **schema)
{
    for (size_t i = 0; i < n_schemas; i++)
        if (strcmp(schemas[i]->stage, stage) == 0) {
            *schema = schemas[i];
            return BN_OK;
        }
    struct schema **more = bn_grow(schemas, n_schemas + 1, sizeof(struct schema *));
    if (more == NULL)
        return BN_NOMEM;
    schemas = more;
    BN_TRY(load(build, stage, &schemas[n_schemas]));
    *schema = schemas[n_schemas++];
    return BN_OK;
}

bool schema_has_input(const struct schema *s, const char *role)
{
    size_t i;
    json_t *input;
    json_array_foreach(json_object_get(s->json, "inputs"), i, input)
        if (strcmp(text_of(input, "role"), role) == 0)
            return true;
    return false;
}

bool schema_gathers(const struct schema *s, const char *role)
{
    size_t i;
    json_t *input;
    json_array_foreach(json_object_get(s->json, "inputs"), i, input)
        if (strcmp(text_of(input, "role"), role) == 0)
            return json_is_true(json_object_get(input, "gather"));
    return false;
}

void schema_free_all(void)
{
    for (size_t i = 0; i < n_schemas; i++)
        schema_free(schemas[i]);
    free(schemas);
    schemas = NULL;
    n_schemas = 0;
}
