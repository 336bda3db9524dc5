/* SPDX-License-Identifier: MIT */
#include "stage_priv.h"

#include <basin/option.h>
#include <basin/text.h>

#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool is_number(const struct bn_param *p)
{
    return p->type == BN_TYPE_REAL || p->type == BN_TYPE_REALS ||
           p->type == BN_TYPE_INTEGER || p->type == BN_TYPE_INTEGERS;
}

/* --- for people ----------------------------------------------------------- */

static void show_inputs(const struct bn_stage *s)
{
    if (s->n_inputs > 0)
        printf("\ninputs:\n");
    for (size_t i = 0; i < s->n_inputs; i++)
        printf("  %-18s %s%s%s\n", s->inputs[i].role, s->inputs[i].help,
               s->inputs[i].optional ? " (optional)" : "",
               bn_gather_takes(s, s->inputs[i].role) ? " (every point of a sweep)" : "");
}

static void show_outputs(const struct bn_stage *s)
{
    if (s->n_outputs > 0)
        printf("\noutputs:\n");
    for (size_t i = 0; i < s->n_outputs; i++) {
        const struct bn_output *o = &s->outputs[i];
        char shape[128];
        snprintf(shape, sizeof shape, "%s%s%s%s", o->name, *o->axes != '\0' ? " [" : "",
                 o->axes, *o->axes != '\0' ? "]" : "");
        printf("  %-28s %-8s %s%s\n", shape, o->unit, o->help,
               o->cite != NULL ? " (citable)" : "");
    }
}

static void show_parameter(const struct bn_param *p)
{
    const char *initial = *p->initial != '\0' ? p->initial : "none";
    const char last = initial[strlen(initial) - 1];
    /* A default may bring its own unit. */
    const bool bare = is_number(p) && strcmp(p->unit, "1") != 0 &&
                      ((last >= '0' && last <= '9') || last == '.');
    char low[32], high[32];

    printf("  %s = %s%s%s\n      %s", p->name, initial, bare ? " " : "",
           bare ? p->unit : "", p->help);
    if (p->choices != NULL)
        printf("; one of: %s", p->choices);
    else if (is_number(p) && isfinite(p->low) && isfinite(p->high))
        printf("; %s to %s", bn_shortest(p->low, low), bn_shortest(p->high, high));
    else if (is_number(p) && isfinite(p->low))
        printf("; at least %s", bn_shortest(p->low, low));
    else if (is_number(p) && isfinite(p->high))
        printf("; at most %s", bn_shortest(p->high, high));
    printf(" (%s)\n", bn_type_name(p->type));
}

static void show_options(const struct bn_option *o)
{
    char left[64];
    for (; o->name != NULL; o++) {
        snprintf(left, sizeof left, "%s%s%s", o->name, o->value ? " " : "",
                 o->value ? o->value : "");
        printf("  %-20s %s\n", left, o->help);
    }
}

void bn_stage_help(const struct bn_stage *s, const struct bn_param *table, size_t n)
{
    printf("%s - %s\n\nusage: %s", s->name, s->summary, s->name);
    for (size_t i = 0; i < s->n_inputs; i++)
        printf(s->inputs[i].optional ? " [--in %s=FILE]" : " --in %s=FILE",
               s->inputs[i].role);
    printf(" --out FILE [--params FILE] [--set KEY=VALUE]...\n");
    if (s->details != NULL)
        printf("\n%s\n", s->details);
    show_inputs(s);
    show_outputs(s);
    if (n > 0)
        printf("\nparameters (a number is in the unit shown, or carries its own: "
               "--set tau=\"50 ms\"):\n");
    for (size_t i = 0; i < n; i++)
        show_parameter(&table[i]);
    printf("\noptions:\n");
    show_options(bn_stage_options);
    printf("for the driver:\n");
    show_options(bn_stage_options_of_driver);
    printf("\nexit status: 0 done, 2 usage or parameter, 3 input, 4 output, 5 numerical,\n"
           "6 out of memory\n");
}

/* --- for programs --------------------------------------------------------- */

static json_t *text_or_null(const char *text)
{
    return text != NULL ? json_string(text) : json_null();
}

static json_t *schema_input(const struct bn_stage *s, const struct bn_input *in)
{
    return json_pack("{s:s, s:b, s:b, s:s}", "role", in->role, "optional",
                     (int)in->optional, "gather", (int)bn_gather_takes(s, in->role), "help",
                     in->help);
}

static json_t *schema_output(const struct bn_output *o)
{
    return json_pack("{s:s, s:s, s:s, s:s, s:f, s:f, s:b, s:o, s:o}", "name", o->name,
                     "axes", o->axes, "unit", o->unit, "help", o->help, "atol", o->atol,
                     "rtol", o->rtol, "pack", (int)o->pack, "cite", text_or_null(o->cite),
                     "error", text_or_null(o->error));
}

static const struct bn_output *find_output(const struct bn_stage *s, const char *name)
{
    for (size_t i = 0; i < s->n_outputs; i++)
        if (strcmp(s->outputs[i].name, name) == 0)
            return &s->outputs[i];
    return NULL;
}

/* LaTeX's names have letters only: words of them, a blank between two. */
static bool is_words(const char *text)
{
    for (const char *c = text; *c != '\0'; c++) {
        const bool letter = (*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z');
        if (!letter && (*c != ' ' || c == text || c[1] == ' ' || c[1] == '\0'))
            return false;
    }
    return true;
}

/* Is there an output `name` in the folder of `o`, with the same axes? */
static bool has_beside(const struct bn_stage *s, const struct bn_output *o, const char *name)
{
    char path[256];

    snprintf(path, sizeof path, "%.*s/%s", (int)(strrchr(o->name, '/') - o->name), o->name,
             name);
    const struct bn_output *other = find_output(s, path);
    return other != NULL && strcmp(other->axes, o->axes) == 0;
}

static bn_status check_citable(const struct bn_stage *s, const struct bn_output *o)
{
    const bool number = *o->axes == '\0', rows = strpbrk(o->axes, " /") == NULL;
    const struct bn_output *error = o->error != NULL ? find_output(s, o->error) : NULL;

    if (o->error != NULL && (o->cite == NULL || error == NULL || error == o ||
                             strcmp(error->axes, o->axes) != 0))
        return bn_fail(BN_USAGE, "%s: %s: .error = \"%s\" must be another output of the table "
                       "with the same axes, and %s have a .cite", s->name, o->name, o->error,
                       o->name);
    if (o->cite == NULL)
        return BN_OK;
    if (!is_words(o->cite) || (number && *o->cite == '\0'))
        return bn_fail(BN_USAGE, "%s: %s: .cite = \"%s\" must be words of letters, with a "
                       "blank between two", s->name, o->name, o->cite);
    if (!number && (!rows || !(has_beside(s, o, "name") || has_beside(s, o, o->axes))))
        return bn_fail(BN_USAGE, "%s: %s [%s]: .cite is for a number, or for an array with one "
                       "axis whose rows have names: texts in \"/%s\", or in \"name\" beside it",
                       s->name, o->name, o->axes, o->axes);
    return BN_OK;
}

static json_t *schema_param(const struct bn_param *p)
{
    json_t *j = json_pack("{s:s, s:s, s:s, s:s, s:s}", "name", p->name, "type",
                          bn_type_name(p->type), "unit", p->unit, "initial", p->initial,
                          "help", p->help);
    if (is_number(p) && isfinite(p->low))
        json_object_set_new(j, "low", json_real(p->low));
    if (is_number(p) && isfinite(p->high))
        json_object_set_new(j, "high", json_real(p->high));
    if (p->choices != NULL)
        json_object_set_new(j, "choices", json_string(p->choices));
    return j;
}

bn_status bn_stage_schema(const struct bn_stage *s, const struct bn_param *table, size_t n)
{
    json_t *inputs = json_array(), *outputs = json_array(), *params = json_array();
    bn_status rc = BN_OK;

    for (size_t i = 0; i < s->n_outputs && rc == BN_OK; i++)
        rc = check_citable(s, &s->outputs[i]);
    for (size_t i = 0; i < s->n_inputs; i++)
        json_array_append_new(inputs, schema_input(s, &s->inputs[i]));
    for (size_t i = 0; i < s->n_outputs; i++)
        json_array_append_new(outputs, schema_output(&s->outputs[i]));
    for (size_t i = 0; i < n; i++)
        json_array_append_new(params, schema_param(&table[i]));

    const bool whole = json_array_size(inputs) == s->n_inputs &&
                       json_array_size(outputs) == s->n_outputs &&
                       json_array_size(params) == n;
    json_t *root = json_pack("{s:s, s:s, s:o, s:b, s:o, s:o, s:o, s:{s:f, s:f}}",
                             "name", s->name, "summary", s->summary, "details",
                             text_or_null(s->details), "random", (int)s->random, "inputs",
                             inputs, "outputs", outputs, "params", params, "resources",
                             "hours", s->resources.hours, "memory", s->resources.memory);
    if (rc == BN_OK && (root == NULL || !whole ||
                        json_dumpf(root, stdout, JSON_INDENT(2)) != 0 ||
                        putchar('\n') == EOF || fflush(stdout) != 0))
        rc = bn_fail(BN_OUTPUT, "cannot write the schema; are all texts of the table UTF-8?");
    json_decref(root);
    return rc;
}
