/* SPDX-License-Identifier: MIT
 *
 * `basin complete TEXT [BREAKS]`: what could follow at the prompt, for tools/completion.bash.
 * TEXT is the command line up to the cursor, BREAKS what bash has in COMP_WORDBREAKS.  The
 * first line says `space` or `nospace` (after the only match), the others are what bash is
 * to put in the place of what it thinks the current word is.  Nothing is run or written, and
 * whatever is wrong with the project, there is no message: then there is nothing to offer. */
#include "commands.h"

#include "basin.h"

#include <basin/mem.h>

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

/* --- the line --------------------------------------------------------------- */

struct line {
    struct list words;                   /* without quotes; the last is being typed */
    char quote;                          /* that is open in it, or 0 */
    size_t fixed;                        /* its bytes that readline leaves alone */
};

/* One word.  Readline replaces what follows an open quote, or else the last character of
 * `breaks` that is not quoted.                                              */
static const char *take_word(struct line *l, const char *p, const char *breaks, char *word)
{
    size_t n = 0;
    l->quote = 0;
    l->fixed = 0;
    for (; *p != '\0' && (l->quote != 0 || !isspace((unsigned char)*p)); p++) {
        if (l->quote != 0 && *p == l->quote) {
            l->quote = 0;
            l->fixed = n;
        } else if (l->quote == 0 && (*p == '"' || *p == '\'')) {
            l->quote = *p;
            l->fixed = n;
        } else if (*p == '\\' && p[1] != '\0' &&
                   (l->quote == 0 || (l->quote == '"' && strchr("\"\\$`", p[1]) != NULL))) {
            word[n++] = *++p;
        } else {
            word[n++] = *p;
            if (l->quote == 0 && strchr(breaks, *p) != NULL)
                l->fixed = n;
        }
    }
    word[n] = '\0';
    return p;
}

static bn_status read_line(struct line *l, const char *text, const char *breaks)
{
    char *word = bn_alloc(strlen(text) + 1, 1);
    bn_status rc = word ? BN_OK : BN_NOMEM;
    for (const char *p = text; rc == BN_OK;) {
        p += strspn(p, " \t\n");
        p = take_word(l, p, breaks, word);
        rc = list_add(&l->words, word);
        if (*p == '\0')
            break;
    }
    free(word);
    return rc;
}

/* --- candidates -------------------------------------------------------------- */

/* Whole values of the current word; those that do not begin with it are left out. */
struct offer {
    const char *build;
    struct line line;
    const char *word;                    /* that is typed */
    struct list found;
};

static bool begins(const char *text, const char *with)
{
    return strncmp(text, with, strlen(with)) == 0;
}

/* Letters and what else make takes in a name: nothing that a shell would act on. */
static bool is_plain(const char *text)
{
    for (; *text != '\0'; text++)
        if (!isalnum((unsigned char)*text) && strchr("._-/+=", *text) == NULL)
            return false;
    return true;
}

static bn_status offer_text(struct offer *o, const char *before, const char *text,
                            const char *after)
{
    char *whole = bn_format("%s%s%s", before, text, after);
    bn_status rc = whole ? BN_OK : BN_NOMEM;
    for (const char *p = text; *p != '\0'; p++)
        if ((unsigned char)*p < ' ' || *p == 127) {
            free(whole);                 /* bash reads lines; a terminal obeys */
            return rc;
        }
    if (rc == BN_OK && begins(whole, o->word) && !list_has(&o->found, whole))
        rc = list_add(&o->found, whole);
    free(whole);
    return rc;
}

/* Of names with levels, "ring/weights" or "ring.weights.lambda=", only the next level after
 * `prefix`; a single one is followed down, because readline would close the quote. */
static bn_status offer_levels(struct offer *o, const char *before, const struct list *names,
                              const char *prefix, char separator)
{
    char *level = bn_copy(prefix);
    bn_status rc = level ? BN_OK : BN_NOMEM;
    for (bool deeper = true; deeper && rc == BN_OK;) {
        struct list cut = { 0 };
        deeper = false;
        for (size_t i = 0; i < names->n && rc == BN_OK; i++) {
            const char *name = names->at[i];
            if (!begins(name, level))
                continue;
            const char *end = strchr(name + strlen(level), separator);
            char *piece = end ? bn_format("%.*s", (int)(end + 1 - name), name) : bn_copy(name);
            if (piece == NULL)
                rc = BN_NOMEM;
            else if (!list_has(&cut, piece))
                rc = list_add(&cut, piece);
            free(piece);
        }
        if (rc == BN_OK && cut.n == 1 && strlen(cut.at[0]) > strlen(level) &&
            cut.at[0][strlen(cut.at[0]) - 1] == separator) {
            free(level);
            level = bn_copy(cut.at[0]);
            rc = level ? BN_OK : BN_NOMEM;
            deeper = true;
        }
        for (size_t i = 0; i < cut.n && rc == BN_OK && !deeper; i++)
            rc = offer_text(o, before, cut.at[i], "");
        list_free(&cut);
    }
    free(level);
    return rc;
}

/* --- what there is ------------------------------------------------------------ */

static bn_status find_pipelines(struct list *names)
{
    struct list files = { 0 };
    bn_status rc = file_names("pipelines", ".mk", &files);
    for (size_t i = 0; i < files.n && rc == BN_OK; i++) {
        files.at[i][strlen(files.at[i]) - 3] = '\0';
        if (is_plain(files.at[i]) && strcmp(files.at[i], "figures") != 0)
            rc = list_add(names, files.at[i]);
    }
    list_free(&files);
    return rc;
}

/* "ring/weights.circulant.h5" and "figures/figure3.pdf", as the fragments have them. */
static bn_status find_nodes(struct list *names)
{
    const struct variables v = { .from = "ring", .suffix = "", .recorded = "" };
    struct graph g = { 0 };
    bn_status rc = graph_load(&g, "pipelines");
    for (size_t i = 0; i < g.n && rc == BN_OK; i++) {
        char *name = NULL;
        if (graph_expand(g.rules[i].target, &v, g.rules[i].place, &name) == BN_OK)
            rc = list_add(names, name);
        free(name);
    }
    graph_free(&g);
    return rc;
}

/* How people call them: "ring/weights.circulant", "figure3". */
static bn_status find_short_nodes(struct list *names)
{
    struct list all = { 0 };
    bn_status rc = find_nodes(&all);
    for (size_t i = 0; i < all.n && rc == BN_OK; i++) {
        char *name = all.at[i], *dot = strrchr(name, '.');
        if (dot != NULL)
            *dot = '\0';
        rc = list_add(names, begins(name, "figures/") ? name + 8 : name);
    }
    list_free(&all);
    return rc;
}

/* --- SET ------------------------------------------------------------------------ */

static bn_status add_section(struct offer *o, struct list *all, const char *pipeline,
                             const char *stage, const char *section)
{
    const struct schema *s;
    if (schema_get(o->build, stage, &s) != BN_OK)
        return BN_OK;
    for (size_t i = 0; i < s->n_params; i++) {
        char *name = bn_format("%s.%s.%s=", pipeline, section, s->params[i].name);
        const bn_status rc = name == NULL ? BN_NOMEM
                             : list_has(all, name) ? BN_OK : list_add(all, name);
        free(name);
        BN_TRY(rc);
    }
    return BN_OK;
}

/* "ring.weights.lambda=" and the like, of one pipeline. */
static bn_status find_parameters(struct offer *o, const char *pipeline, struct list *all)
{
    struct list nodes = { 0 };
    char *seed = bn_format("%s.seed=", pipeline);
    bn_status rc = seed ? list_add(all, seed) : BN_NOMEM;
    if (rc == BN_OK)
        rc = find_nodes(&nodes);
    for (size_t i = 0; i < nodes.n && rc == BN_OK; i++) {
        char *p, *stage, *variant;
        if (graph_split(nodes.at[i], &p, &stage, &variant) != BN_OK)
            continue;
        char *section = bn_format("%s%s%s", stage, variant[0] ? "." : "", variant);
        if (section == NULL)
            rc = BN_NOMEM;
        else if (strcmp(p, pipeline) == 0) {
            rc = add_section(o, all, pipeline, stage, stage);
            if (rc == BN_OK && variant[0] != '\0')
                rc = add_section(o, all, pipeline, stage, section);
        }
        free(section);
        free(p);
    }
    free(seed);
    list_free(&nodes);
    return rc;
}

static const struct bn_param *find_param(const struct schema *s, const char *name)
{
    const size_t n = strcspn(name, "=");
    for (size_t i = 0; i < s->n_params; i++)
        if (strlen(s->params[i].name) == n && strncmp(s->params[i].name, name, n) == 0)
            return &s->params[i];
    return NULL;
}

/* Choices, yes and no, or the default; `before` ends with `name=`. */
static bn_status offer_values(struct offer *o, const char *before, const struct bn_param *p)
{
    if (p->type != BN_TYPE_FLAG && (p->choices == NULL || p->choices[0] == '\0'))
        return p->initial[0] != '\0' && is_plain(p->initial)
                   ? offer_text(o, before, p->initial, "") : BN_OK;
    char *values = bn_copy(p->type == BN_TYPE_FLAG ? "yes no" : p->choices), *rest = NULL;
    bn_status rc = values ? BN_OK : BN_NOMEM;
    for (char *v = values ? strtok_r(values, " ", &rest) : NULL; v != NULL && rc == BN_OK;
         v = strtok_r(NULL, " ", &rest))
        rc = offer_text(o, before, v, "");
    free(values);
    return rc;
}

/* Of "ring.weights.circulant.kind=", after other assignments in `before`. */
static bn_status offer_values_of(struct offer *o, const char *before, const char *name)
{
    char stage[128];
    const size_t equals = strcspn(name, "=");
    char *key = bn_format("%.*s", (int)equals, name);
    const char *dot = key ? strchr(key, '.') : NULL, *last = key ? strrchr(key, '.') : NULL;
    bn_status rc = key ? BN_OK : BN_NOMEM;
    const struct schema *s;
    if (dot != last) {
        snprintf(stage, sizeof stage, "%.*s", (int)strcspn(dot + 1, "."), dot + 1);
        const struct bn_param *p = schema_get(o->build, stage, &s) == BN_OK
                                       ? find_param(s, last + 1) : NULL;
        char *both = p != NULL ? bn_format("%s%s=", before, key) : NULL;
        if (both != NULL)
            rc = offer_values(o, both, p);
        free(both);
    }
    free(key);
    return rc;
}

/* The last assignment of a text of them; `before` is what stands in front of it. */
static bn_status offer_set(struct offer *o, const char *before, const char *token)
{
    struct list pipelines = { 0 }, all = { 0 };
    if (strchr(token, '=') != NULL)
        return offer_values_of(o, before, token);
    bn_status rc = find_pipelines(&pipelines);
    size_t n = 0, only = 0;
    for (size_t i = 0; i < pipelines.n && rc == BN_OK; i++) {
        const size_t m = strlen(pipelines.at[i]);
        const bool whole = begins(token, pipelines.at[i]) && token[m] == '.';
        if (whole || begins(pipelines.at[i], token)) {
            only = i;
            n++;
        }
    }
    for (size_t i = 0; i < pipelines.n && rc == BN_OK && n > 1; i++)
        rc = offer_text(o, before, pipelines.at[i], ".");
    if (rc == BN_OK && n == 1)
        rc = find_parameters(o, pipelines.at[only], &all);
    if (rc == BN_OK && n == 1)
        rc = offer_levels(o, before, &all, token, '.');
    /* A single `name=` is shown with a value, too, so that no quote is closed after it. */
    if (rc == BN_OK && o->found.n == 1) {
        char *name = bn_copy(o->found.at[0] + strlen(before));
        rc = name ? offer_values_of(o, before, name) : BN_NOMEM;
        if (rc == BN_OK && o->found.n == 1)
            rc = offer_text(o, o->found.at[0], "VALUE", "");
        free(name);
    }
    list_free(&all);
    list_free(&pipelines);
    return rc;
}

/* --- values ------------------------------------------------------------------------ */

static bn_status offer_options(struct offer *o, const char *before, const struct command *c)
{
    bn_status rc = BN_OK;
    for (size_t i = 0; i < COMMAND_OPTIONS && c->options[i].name != NULL && rc == BN_OK; i++)
        rc = offer_text(o, before, c->options[i].name, "");
    return rc;
}

/* What a word like NODE in a table stands for; `token` is the current word after `before`. */
static bn_status offer_kind(struct offer *o, const char *kind, const char *before,
                            const char *token)
{
    struct list names = { 0 };
    bn_status rc = BN_OK;
    if (begins(kind, "SET"))
        return offer_set(o, before, token);
    if (begins(kind, "NODE"))
        rc = find_short_nodes(&names);
    else if (begins(kind, "PIPELINE"))
        rc = find_pipelines(&names);
    else if (begins(kind, "DANDISET"))
        rc = file_names("recordings", ".tsv", &names);
    for (size_t i = 0; i < names.n; i++)
        if (begins(kind, "DANDISET"))
            names.at[i][strlen(names.at[i]) - 4] = '\0';
    if (rc == BN_OK)
        rc = offer_levels(o, before, &names, token, '/');
    list_free(&names);
    return rc;
}

/* --- make ---------------------------------------------------------------------------- */

/* Where the last word of a list of them begins. */
static size_t last_token(const char *text)
{
    size_t n = strlen(text);
    while (n > 0 && !isspace((unsigned char)text[n - 1]))
        n--;
    return n;
}

/* What the comment of a variable in the Makefile begins with: "release | debug | asan: ...",
 * "slurm: ...", "1: ..."; but not "MB: ..." or a sentence.                  */
static bn_status offer_choices(struct offer *o, const char *before, const char *comment)
{
    const size_t n = strcspn(comment, ":");
    if (comment[n] != ':' || strspn(comment, "abcdefghijklmnopqrstuvwxyz0123456789| ") < n)
        return BN_OK;
    char *text = bn_format("%.*s", (int)n, comment), *rest = NULL;
    bn_status rc = text ? BN_OK : BN_NOMEM;
    for (char *v = text ? strtok_r(text, "|", &rest) : NULL; v != NULL && rc == BN_OK;
         v = strtok_r(NULL, "|", &rest)) {
        v += strspn(v, " ");
        v[strcspn(v, " ")] = '\0';
        rc = offer_text(o, before, v, "");
    }
    free(text);
    return rc;
}

/* The value of NAME=, of which `comment` is what the Makefile says. */
static bn_status offer_variable(struct offer *o, const char *name, const char *comment)
{
    static const struct { const char *name, *kind; } known[] = {
        { "SET=", "SET" }, { "FROM=", "PIPELINE" }, { "T=", "NODE" }, { "FIGURES=", "NODE" },
        { "DANDISET=", "DANDISET" },
    };
    static const struct { const char *name, *command; } options[] = {
        { "GC=", "gc" }, { "DATA=", "data" },
    };
    const char *value = o->word + strlen(name);
    const size_t at = strlen(name) + last_token(value);
    char *before = bn_format("%.*s", (int)at, o->word);
    bn_status rc = before ? BN_OK : BN_NOMEM;
    bool done = false;
    for (size_t i = 0; i < BN_LEN(known) && rc == BN_OK; i++)
        if (strcmp(known[i].name, name) == 0) {
            rc = offer_kind(o, known[i].kind, before, o->word + at);
            done = true;
        }
    for (size_t i = 0; i < BN_LEN(options) && rc == BN_OK; i++)
        if (strcmp(options[i].name, name) == 0) {
            rc = offer_options(o, before, command_find(options[i].command));
            done = true;
        }
    if (rc == BN_OK && !done)
        rc = offer_choices(o, name, comment);
    free(before);
    return rc;
}

/* Lines like `FROM    ?= ring#        pipeline that figures draw`: their names, or the value of
 * the one that is being typed.                                              */
static bn_status offer_variables(struct offer *o)
{
    char *text = NULL, *rest = NULL;
    bn_status rc = file_read("Makefile", &text, NULL);
    for (char *p = text ? strtok_r(text, "\n", &rest) : NULL; p != NULL && rc == BN_OK;
         p = strtok_r(NULL, "\n", &rest)) {
        char name[40];
        p += begins(p, "export ") ? 7 : 0;
        const size_t n = strspn(p, "ABCDEFGHIJKLMNOPQRSTUVWXYZ_");
        const char *after = p + n + strspn(p + n, " ");
        if (n == 0 || n > 30 || !begins(after, "?=") || after[2] == '\0')
            continue;
        const char *comment = strchr(after, '#');
        snprintf(name, sizeof name, "%.*s=", (int)n, p);
        rc = begins(o->word, name)
                 ? offer_variable(o, name, comment ? comment + 1 + strspn(comment + 1, " ") : "")
                 : offer_text(o, "", name, "");
    }
    free(text);
    return rc;
}

/* What tools/help says that one can make: lines that begin with "  make name". */
static bn_status offer_goals(struct offer *o)
{
    char *text = NULL, *rest = NULL;
    bn_status rc = file_read("tools/help", &text, NULL);
    for (char *p = text ? strtok_r(text, "\n", &rest) : NULL; p != NULL && rc == BN_OK;
         p = strtok_r(NULL, "\n", &rest)) {
        char name[64];
        if (!begins(p, "  make ") || !islower((unsigned char)p[7]))
            continue;
        snprintf(name, sizeof name, "%.*s", (int)strcspn(p + 7, " "), p + 7);
        rc = is_plain(name) ? offer_text(o, "", name, "") : BN_OK;
    }
    free(text);
    return rc;
}

static bn_status offer_make(struct offer *o)
{
    struct list nodes = { 0 };
    if (strchr(o->word, '=') != NULL)
        return offer_variables(o);
    if (strchr(o->word, '/') == NULL) {
        BN_TRY(offer_goals(o));
        BN_TRY(offer_variables(o));
    }
    bn_status rc = find_nodes(&nodes);
    for (size_t i = 0; i < nodes.n && rc == BN_OK; i++) {
        char name[300] = "";
        const char *dot = strrchr(nodes.at[i], '.');
        if (begins(nodes.at[i], "figures/") && dot != NULL)
            snprintf(name, sizeof name, "%.*s", (int)(dot - nodes.at[i] - 8), nodes.at[i] + 8);
        if (name[0] != '\0')
            rc = offer_text(o, "", name, "");
    }
    if (rc == BN_OK && begins(o->word, "results/"))
        rc = offer_levels(o, "results/", &nodes, o->word + 8, '/');
    else if (rc == BN_OK && o->word[0] != '\0')
        rc = offer_text(o, "", "results/", "");
    list_free(&nodes);
    return rc;
}

/* --- basin ---------------------------------------------------------------------------- */

/* The operand in a synopsis: "NODE... --why TEXT", "[DANDISET]...". */
static const char *operand(const struct command *c)
{
    return c->synopsis + strspn(c->synopsis, "[");
}

static bn_status offer_commands(struct offer *o)
{
    bn_status rc = BN_OK;
    for (size_t i = 0; i < n_commands && rc == BN_OK; i++)
        rc = offer_text(o, "", commands[i].name, "");
    return rc == BN_OK ? offer_text(o, "", "--help", "") : rc;
}

static bn_status offer_arguments(struct offer *o, const struct command *c)
{
    const char *last = o->line.words.n > 2 ? o->line.words.at[o->line.words.n - 2] : "";
    for (size_t i = 0; i < COMMAND_OPTIONS && c->options[i].name != NULL; i++) {
        const struct bn_option *x = &c->options[i];
        if (x->value == NULL || strcmp(x->name, last) != 0)
            continue;
        const size_t at = begins(x->value, "SET") ? last_token(o->word) : 0;
        char *before = bn_format("%.*s", (int)at, o->word);
        const bn_status rc = before ? offer_kind(o, x->value, before, o->word + at) : BN_NOMEM;
        free(before);
        return rc;
    }
    BN_TRY(offer_kind(o, operand(c), "", o->word));
    if (o->word[0] == '-' || operand(c)[0] == '\0')
        BN_TRY(offer_options(o, "", c));
    return o->word[0] == '-' ? offer_text(o, "", "--help", "") : BN_OK;
}

/* --- a stage by hand -------------------------------------------------------------------- */

/* build/stages/NAME: its options, and the names that --set and --in take. */
static bn_status offer_stage(struct offer *o, const struct schema *s)
{
    const char *last = o->line.words.at[o->line.words.n - 2];
    const char *equals = strchr(o->word, '=');
    size_t i;
    json_t *input;
    bn_status rc = BN_OK;
    if (strcmp(last, "--set") == 0 && equals != NULL) {
        const struct bn_param *p = find_param(s, o->word);
        char *before = bn_format("%.*s", (int)(equals + 1 - o->word), o->word);
        rc = before ? p != NULL ? offer_values(o, before, p) : BN_OK : BN_NOMEM;
        free(before);
    } else if (strcmp(last, "--set") == 0) {
        for (i = 0; i < s->n_params && rc == BN_OK; i++)
            rc = offer_text(o, "", s->params[i].name, "=");
    } else if (strcmp(last, "--in") == 0) {
        json_array_foreach(json_object_get(s->json, "inputs"), i, input)
            if (rc == BN_OK)
                rc = offer_text(o, "", text_of(input, "role"), "=");
    } else {
        bool file = false;               /* a value that is none of the project's names */
        for (i = 0; bn_stage_options[i].name != NULL; i++)
            file = file || (bn_stage_options[i].value != NULL &&
                            strcmp(bn_stage_options[i].name, last) == 0);
        for (i = 0; bn_stage_options[i].name != NULL && rc == BN_OK && !file; i++)
            rc = offer_text(o, "", bn_stage_options[i].name, "");
    }
    return rc;
}

/* --- the command ------------------------------------------------------------------------ */

/* For bash: the rest of the word, as it may stand where the cursor is. */
static void print_candidate(const char *text, char quote)
{
    const char *escape = quote == '"' ? "\"\\$`" : quote == '\'' ? "" : " \t\"'\\$`;|&()<>*?[]{}!";
    for (; *text != '\0'; text++) {
        if (quote == '\'' && *text == '\'')
            fputs("'\\'", stdout);
        else if (strchr(escape, *text) != NULL)
            putchar('\\');
        putchar(*text);
    }
    putchar('\n');
}

static void print_all(struct offer *o)
{
    list_sort(&o->found);
    const char *only = o->found.n == 1 ? o->found.at[0] : "";
    const size_t n = strlen(only);
    printf("%s\n", n > 0 && strchr("=/.", only[n - 1]) != NULL ? "nospace" : "space");
    for (size_t i = 0; i < o->found.n; i++)
        print_candidate(o->found.at[i] + o->line.fixed, o->line.quote);
}

int complete_main(int argc, char **argv)
{
    struct offer o = { 0 };
    char *build = NULL;
    size_t first = 0;
    bn_status rc = argc > 1 ? read_line(&o.line, argv[1], argc > 2 ? argv[2] : " \t\n\"'><=;|&(:")
                            : bn_fail(BN_USAGE, "say what was typed; see basin complete --help");
    const struct list *words = &o.line.words;
    while (rc == BN_OK && first + 1 < words->n && strchr(words->at[first], '=') != NULL)
        first++;                         /* NAME=value before the command */
    if (rc == BN_OK)
        rc = file_build_folder(&build);
    if (rc == BN_OK && words->n > first + 1) {
        const char *name = strrchr(words->at[first], '/');
        name = name != NULL ? name + 1 : words->at[first];
        o.build = build;
        o.word = words->at[words->n - 1];
        const struct command *c = words->n > first + 2 ? command_find(words->at[first + 1]) : NULL;
        const struct schema *s;
        if (strcmp(name, "make") == 0 || strcmp(name, "gmake") == 0)
            rc = offer_make(&o);
        else if (strstr(words->at[first], "stages/") != NULL)
            rc = schema_get(build, name, &s) == BN_OK ? offer_stage(&o, s) : BN_OK;
        else if (words->n == first + 2)
            rc = offer_commands(&o);
        else if (c != NULL)
            rc = offer_arguments(&o, c);
        print_all(&o);
    }
    if (argc < 2)
        fprintf(stderr, "basin complete: %s\n", bn_error());
    list_free(&o.line.words);
    list_free(&o.found);
    free(build);
    schema_free_all();
    return argc < 2 ? BN_USAGE : 0;
}
