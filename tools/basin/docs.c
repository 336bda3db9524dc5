/* SPDX-License-Identifier: MIT
 *
 * `basin docs [FOLDER]`: one page per stage from its own table, so that the pages
 * cannot say anything else than the programs do; --man: man pages.             */
#include "man.h"

#include <basin/mem.h>
#include <basin/text.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A `|` would end the cell of a table. */
static void print_cell(FILE *f, const char *text)
{
    for (; *text != '\0'; text++) {
        if (*text == '|')
            fputc('\\', f);
        fputc(*text, f);
    }
}

static void print_inputs(FILE *f, const json_t *schema)
{
    size_t i;
    json_t *x;
    const json_t *inputs = json_object_get(schema, "inputs");
    if (json_array_size(inputs) == 0)
        return;
    fprintf(f, "\n## Inputs\n\n| role | what |\n|---|---|\n");
    json_array_foreach(inputs, i, x) {
        fprintf(f, "| `%s`%s | ", text_of(x, "role"),
                json_is_true(json_object_get(x, "optional")) ? " (optional)"
                : json_is_true(json_object_get(x, "gather")) ? " (every point of a sweep)"
                                                             : "");
        print_cell(f, text_of(x, "help"));
        fprintf(f, " |\n");
    }
}

static void print_tolerance(FILE *f, const json_t *x)
{
    char a[32], b[32];
    const double atol = json_number_value(json_object_get(x, "atol"));
    const double rtol = json_number_value(json_object_get(x, "rtol"));
    if (atol > 0.0 && rtol > 0.0)
        fprintf(f, "%s + %s \\|b\\|", bn_shortest(atol, a), bn_shortest(rtol, b));
    else if (atol > 0.0)
        fprintf(f, "%s", bn_shortest(atol, a));
    else if (rtol > 0.0)
        fprintf(f, "%s \\|b\\|", bn_shortest(rtol, b));
    else
        fprintf(f, "exact");
}

static void print_outputs(FILE *f, const json_t *schema)
{
    size_t i;
    json_t *x;
    const json_t *outputs = json_object_get(schema, "outputs");
    if (json_array_size(outputs) == 0)
        return;
    fprintf(f, "\n## Outputs\n\n| dataset | axes | unit | what | tolerance |\n"
            "|---|---|---|---|---|\n");
    json_array_foreach(outputs, i, x) {
        fprintf(f, "| `%s` | %s | %s | ", text_of(x, "name"), text_of(x, "axes"),
                text_of(x, "unit"));
        print_cell(f, text_of(x, "help"));
        fprintf(f, json_is_string(json_object_get(x, "cite")) ? " (citable) | " : " | ");
        print_tolerance(f, x);
        fprintf(f, " |\n");
    }
}

static void print_range(FILE *f, const json_t *x)
{
    char a[32], b[32];
    const json_t *low = json_object_get(x, "low"), *high = json_object_get(x, "high");
    const char *choices = text_of(x, "choices");
    if (choices[0] != '\0')
        print_cell(f, choices);
    else if (json_is_number(low) && json_is_number(high))
        fprintf(f, "%s to %s", bn_shortest(json_number_value(low), a),
                bn_shortest(json_number_value(high), b));
    else if (json_is_number(low))
        fprintf(f, "at least %s", bn_shortest(json_number_value(low), a));
    else if (json_is_number(high))
        fprintf(f, "at most %s", bn_shortest(json_number_value(high), b));
}

static void print_params(FILE *f, const struct schema *s)
{
    size_t i;
    json_t *x;
    if (s->n_params == 0)
        return;
    fprintf(f, "\n## Parameters\n\nIn `params/<pipeline>.conf`, section `%s`; or "
            "`make ... SET=\"<pipeline>.%s.<name>=<value>\"`.\n\n"
            "| name | type | default | unit | range | what |\n|---|---|---|---|---|---|\n",
            s->stage, s->stage);
    json_array_foreach(json_object_get(s->json, "params"), i, x) {
        const char *initial = text_of(x, "initial");
        fprintf(f, "| `%s` | %s | %s%s%s | %s | ", text_of(x, "name"), text_of(x, "type"),
                initial[0] ? "`" : "", initial, initial[0] ? "`" : "",
                text_of(x, "unit"));
        print_range(f, x);
        fprintf(f, " | ");
        print_cell(f, text_of(x, "help"));
        fprintf(f, " |\n");
    }
}

static void print_resources(FILE *f, const json_t *schema)
{
    const json_t *r = json_object_get(schema, "resources");
    const double hours = json_number_value(json_object_get(r, "hours"));
    const double memory = json_number_value(json_object_get(r, "memory"));
    if (hours > 0.0 && memory > 0.0)
        fprintf(f, "\nOn a cluster a run asks for %g h and %g GB, or for what `slurm` in the "
                "parameter file says.\n", hours, memory);
}

static char *page(const struct schema *s)
{
    char *text = NULL;
    size_t size;
    FILE *f = open_memstream(&text, &size);
    if (f == NULL)
        return NULL;
    fprintf(f, "<!-- Made by `make docs` from stages/%s.c: edit that. -->\n"
            "# %s: %s\n", s->stage, s->stage, text_of(s->json, "summary"));
    const char *details = text_of(s->json, "details");
    if (details[0] != '\0')
        fprintf(f, "\n%s\n", details);
    print_inputs(f, s->json);
    print_outputs(f, s->json);
    print_params(f, s);
    if (s->random)
        fprintf(f, "\nThis stage draws random numbers: they follow from `seed` (the "
                "pipeline's, unless the section has its own), `stream` and `replicate`.\n");
    print_resources(f, s->json);
    fclose(f);
    return text;
}

static bn_status write_pages(const char *folder, const char *build,
                             const struct list *stages)
{
    bn_status rc = BN_OK;
    for (size_t i = 0; i < stages->n && rc == BN_OK; i++) {
        const struct schema *s;
        rc = schema_get(build, stages->at[i], &s);
        char *text = rc == BN_OK ? page(s) : NULL;
        char *path = bn_format("%s/%s.md", folder, stages->at[i]);
        if (rc == BN_OK)
            rc = text && path ? file_write_changed(path, text) : BN_NOMEM;
        free(path);
        free(text);
    }
    return rc;
}

int docs_main(int argc, char **argv)
{
    struct list stages = { 0 };
    char *build = NULL;
    const bool man = argc > 1 && strcmp(argv[1], "--man") == 0;
    const char *folder = man ? (argc > 2 ? argv[2] : "build/man")
                             : argc > 1 ? argv[1] : "docs/stages";
    bn_status rc = strncmp(folder, "--", 2) != 0 ? file_build_folder(&build)
                   : bn_fail(BN_USAGE, "unknown option %s; basin docs --help has all", folder);
    char *schemas = rc == BN_OK ? bn_format("%s/schema", build) : NULL;
    if (rc == BN_OK)
        rc = schemas ? file_names(schemas, ".json", &stages) : BN_NOMEM;
    for (size_t i = 0; i < stages.n; i++)
        stages.at[i][strlen(stages.at[i]) - 5] = '\0';
    if (rc == BN_OK)
        rc = (man ? man_write : write_pages)(folder, build, &stages);
    if (rc != BN_OK)
        fprintf(stderr, "basin docs: %s\n", bn_error());
    list_free(&stages);
    free(schemas);
    free(build);
    schema_free_all();
    return (int)rc;
}
