/* SPDX-License-Identifier: MIT
 *
 * Man pages from the same tables as everything else: basin(1), a page per command and a
 * page per stage.                                                            */
#include "man.h"

#include "commands.h"

#include <basin/mem.h>
#include <basin/text.h>

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* --- text for roff --------------------------------------------------------- */

/* One character, which has another meaning in roff or is no ASCII; gives how many bytes
 * of `p` it is.  At the start of a line a dot would be a request.           */
static size_t put_char(FILE *f, const char *p, bool first)
{
    static const struct { char c; const char *roff; } special[] = {
        { '\\', "\\e" }, { '-', "\\-" }, { '\'', "\\(aq" }, { '`', "\\(ga" },
        { '^', "\\(ha" }, { '~', "\\(ti" }, { '"', "\\(dq" },
    };
    const unsigned char c = (unsigned char)*p;
    for (size_t k = 0; k < BN_LEN(special); k++)
        if (*p == special[k].c) {
            fputs(special[k].roff, f);
            return 1;
        }
    if (c < 0x80) {
        fprintf(f, "%s%c", first && c == '.' ? "\\&" : "", c < ' ' || c == 127 ? ' ' : c);
        return 1;
    }
    const size_t more = c >= 0xf0 ? 3 : c >= 0xe0 ? 2 : 1;
    unsigned code = c & (0x3fu >> more);
    for (size_t k = 1; k <= more; k++) {
        if ((p[k] & 0xc0) != 0x80) {     /* not UTF-8: nothing that could be shown */
            fputc('?', f);
            return 1;
        }
        code = code << 6 | ((unsigned char)p[k] & 0x3f);
    }
    fprintf(f, "\\[u%04X]", code);
    return more + 1;
}

/* Within a line; `names` like these become bold. */
static void put_word(FILE *f, const char *text, size_t n, bool *bold, bool marked, bool first)
{
    for (size_t i = 0; i < n;) {
        if (marked && text[i] == '`') {
            *bold = !*bold;
            fputs(*bold ? "\\fB" : "\\fR", f);
            i++;
        } else {
            i += put_char(f, text + i, first && i == 0);
        }
    }
}

/* One paragraph, in lines that an editor shows; a sentence begins a line. */
static void put_paragraph(FILE *f, const char *text, size_t n)
{
    size_t ticks = 0, column = 0;
    bool bold = false;
    for (size_t i = 0; i < n; i++)
        ticks += text[i] == '`';
    for (size_t i = 0; i < n;) {
        size_t m = 0;
        while (i + m < n && text[i + m] != ' ' && text[i + m] != '\n')
            m++;
        if (m > 0 && column > 0 && column + 1 + m > 76)
            column = 0 * (size_t)fputc('\n', f);
        if (m > 0 && column > 0)
            fputc(' ', f);
        put_word(f, text + i, m, &bold, ticks % 2 == 0, column == 0);
        column += m + (column > 0 && m > 0);
        i += m;
        if (i > 0 && m > 0 && (text[i - 1] == '.' || text[i - 1] == '?') && i < n && column > 0)
            column = 0 * (size_t)fputc('\n', f);
        while (i < n && (text[i] == ' ' || text[i] == '\n'))
            i++;
    }
    if (column > 0)
        fputc('\n', f);
}

/* Paragraphs with an empty line between them; indented lines stay as they are. */
static void put_text(FILE *f, const char *text)
{
    for (bool next = false; *text != '\0'; next = true) {
        const bool plain = *text == ' ';
        const char *end = strstr(text, plain ? "\n" : "\n\n");
        if (end == NULL)
            end = text + strlen(text);
        if (next && !plain)
            fprintf(f, ".PP\n");
        if (plain)
            fprintf(f, ".PP\n.nf\n");
        bool bold = false;
        if (plain)
            put_word(f, text, (size_t)(end - text), &bold, false, true);
        else
            put_paragraph(f, text, (size_t)(end - text));
        if (plain)
            fprintf(f, "\n.fi\n");
        text = end + strspn(end, "\n");
    }
}

static void put(FILE *f, const char *text)
{
    bool bold = false;
    put_word(f, text, strlen(text), &bold, false, true);
}

/* A name in bold and what stands for its value. */
static void put_term(FILE *f, const char *name, const char *value)
{
    fprintf(f, ".TP\n\\fB");
    put(f, name);
    fprintf(f, "\\fR");
    if (value != NULL && value[0] != '\0') {
        fprintf(f, " \\fI");
        put(f, value);
        fprintf(f, "\\fR");
    }
    fprintf(f, "\n");
}

static void put_options(FILE *f, const struct bn_option *o, size_t most)
{
    for (size_t i = 0; i < most && o[i].name != NULL; i++) {
        put_term(f, o[i].name, o[i].value);
        put_text(f, o[i].help);
    }
}

/* --- parts of every page --------------------------------------------------- */

static void put_title(FILE *f, const char *name, const char *summary)
{
    fprintf(f, ".\\\" Made by `make man`: edit tools/basin/commands.c or the stage's table.\n"
            ".TH \"");
    for (const char *p = name; *p != '\0'; p++)
        fputc(toupper((unsigned char)*p), f);
    fprintf(f, "\" \"1\" \"%s\" \"basin %s\" \"basin\"\n.nh\n.ad l\n.SH NAME\n", BASIN_DATE,
            BASIN_VERSION);
    put(f, name);
    fprintf(f, " \\- ");
    put(f, summary);
    fputc('\n', f);
}

static void put_status(FILE *f)
{
    static const struct { const char *status, *means; } all[] = {
        { "0", "done" }, { "1", "it differs, or no" }, { "2", "usage or parameter" },
        { "3", "input" }, { "4", "output: full disk, no permission" },
        { "5", "numbers that cannot be computed" }, { "6", "out of memory" },
    };
    fprintf(f, ".SH EXIT STATUS\n");
    for (size_t i = 0; i < BN_LEN(all); i++) {
        put_term(f, all[i].status, NULL);
        put_text(f, all[i].means);
    }
}

static void put_see_also(FILE *f, const char *name, const char *file)
{
    fprintf(f, ".SH SEE ALSO\n");
    if (strcmp(name, "basin") != 0)
        fprintf(f, ".BR basin (1),\n");
    fprintf(f, "\\fI");
    put(f, file);
    fprintf(f, "\\fR\n");
}

/* --- a command -------------------------------------------------------------- */

static void command_page(FILE *f, const struct command *c)
{
    char name[64];
    snprintf(name, sizeof name, "basin-%s", c->name);
    put_title(f, name, c->summary);
    fprintf(f, ".SH SYNOPSIS\n\\fBbasin ");
    put(f, c->name);
    fprintf(f, "\\fR %s", *c->synopsis ? "\\fI" : "");
    put(f, c->synopsis);
    fprintf(f, "%s\n", *c->synopsis ? "\\fR" : "");
    if (c->options[0].name != NULL)
        fprintf(f, "[\\fIoption\\fR]...\n");
    fprintf(f, ".SH DESCRIPTION\n");
    put_text(f, c->details != NULL ? c->details : c->summary);
    if (c->options[0].name != NULL) {
        fprintf(f, ".SH OPTIONS\n");
        put_options(f, c->options, COMMAND_OPTIONS);
    }
    /* some say above what theirs mean */
    if (c->details == NULL || (strstr(c->details, "Status 0") == NULL &&
                               strstr(c->details, "exit status") == NULL))
        put_status(f);
    put_see_also(f, name, "docs/engine.md");
}

/* --- a stage ---------------------------------------------------------------- */

static void put_inputs(FILE *f, const json_t *schema)
{
    size_t i;
    json_t *x;
    const json_t *inputs = json_object_get(schema, "inputs");
    if (json_array_size(inputs) > 0)
        fprintf(f, ".SH INPUTS\n");
    json_array_foreach(inputs, i, x) {
        put_term(f, text_of(x, "role"), json_is_true(json_object_get(x, "gather"))
                 ? "(every point of a sweep)"
                 : json_is_true(json_object_get(x, "optional")) ? "(optional)" : NULL);
        put_text(f, text_of(x, "help"));
    }
}

static void put_outputs(FILE *f, const json_t *schema)
{
    size_t i;
    json_t *x;
    const json_t *outputs = json_object_get(schema, "outputs");
    if (json_array_size(outputs) > 0)
        fprintf(f, ".SH OUTPUTS\n");
    json_array_foreach(outputs, i, x) {
        const char *axes = text_of(x, "axes"), *unit = text_of(x, "unit");
        char *shape = bn_format("%s%s%s%s%s", *axes ? "[" : "", axes, *axes ? "]" : "",
                                *axes && strcmp(unit, "1") != 0 ? " " : "",
                                strcmp(unit, "1") == 0 ? "" : unit);
        put_term(f, text_of(x, "name"), shape);
        put_text(f, text_of(x, "help"));
        free(shape);
    }
}

static void put_range(FILE *f, const struct bn_param *p)
{
    char a[32], b[32];
    char *text = NULL;
    if (p->choices != NULL && p->choices[0] != '\0')
        text = bn_format("One of: %s.", p->choices);
    else if (isfinite(p->low) && isfinite(p->high))
        text = bn_format("From %s to %s.", bn_shortest(p->low, a), bn_shortest(p->high, b));
    else if (isfinite(p->low))
        text = bn_format("At least %s.", bn_shortest(p->low, a));
    else if (isfinite(p->high))
        text = bn_format("At most %s.", bn_shortest(p->high, b));
    if (text != NULL) {
        fprintf(f, ".br\n");
        put_text(f, text);
    }
    free(text);
}

static void put_params(FILE *f, const struct schema *s)
{
    if (s->n_params > 0) {
        fprintf(f, ".SH PARAMETERS\nIn\n.IR params/ <pipeline> .conf ,\nsection\n\\fB");
        put(f, s->stage);
        fprintf(f, "\\fR; for one run of make,\n\\fBSET=\\(dq\\fR\\fIpipeline\\fR\\fB.");
        put(f, s->stage);
        fprintf(f, ".\\fR\\fIname\\fR\\fB=\\fR\\fIvalue\\fR\\fB\\(dq\\fR;\nby hand,\n"
                "\\fB\\-\\-set\\fR \\fIname\\fR\\fB=\\fR\\fIvalue\\fR.\n");
    }
    for (size_t i = 0; i < s->n_params; i++) {
        const struct bn_param *p = &s->params[i];
        const bool unit = p->unit[0] != '\0' && strcmp(p->unit, "1") != 0;
        char *value = bn_format("%s%s%s (%s%s%s)", p->initial[0] ? "= " : "", p->initial,
                                "", bn_type_name(p->type), unit ? ", in " : "",
                                unit ? p->unit : "");
        put_term(f, p->name, value);
        put_text(f, p->help);
        put_range(f, p);
        free(value);
    }
}

static void stage_page(FILE *f, const struct schema *s)
{
    size_t i;
    json_t *x;
    char *name = bn_format("basin-%s", s->stage), *file = bn_format("docs/stages/%s.md",
                                                                    s->stage);
    if (name != NULL && file != NULL) {
        const char *details = text_of(s->json, "details");
        put_title(f, name, text_of(s->json, "summary"));
        fprintf(f, ".SH SYNOPSIS\n\\fBbuild/stages/");
        put(f, s->stage);
        fprintf(f, "\\fR\n");
        json_array_foreach(json_object_get(s->json, "inputs"), i, x) {
            const bool optional = json_is_true(json_object_get(x, "optional"));
            fprintf(f, "%s\\fB\\-\\-in\\fR \\fI", optional ? "[" : "");
            put(f, text_of(x, "role"));
            fprintf(f, "\\fR=\\fIFILE\\fR%s\n", optional ? "]" : "");
        }
        fprintf(f, "\\fB\\-\\-out\\fR \\fIFILE\\fR [\\fB\\-\\-set\\fR "
                "\\fIKEY\\fR=\\fIVALUE\\fR]...\n.SH DESCRIPTION\n");
        put_text(f, details[0] != '\0' ? details : text_of(s->json, "summary"));
        put_inputs(f, s->json);
        put_outputs(f, s->json);
        put_params(f, s);
        fprintf(f, ".SH OPTIONS\n");
        put_options(f, bn_stage_options, 100);
        fprintf(f, ".SS For the driver\n");
        put_options(f, bn_stage_options_of_driver, 100);
        put_status(f);
        put_see_also(f, name, file);
    }
    free(name);
    free(file);
}

/* --- basin(1) --------------------------------------------------------------- */

static void put_page_line(FILE *f, const char *name, const char *summary)
{
    fprintf(f, ".TP\n\\fBbasin\\-");
    put(f, name);
    fprintf(f, "\\fR(1)\n");
    put_text(f, summary);
}

static bn_status main_page(FILE *f, const char *build, const struct list *stages)
{
    put_title(f, "basin", "laboratory bench for attractors in recurrent neural networks");
    fprintf(f, ".SH SYNOPSIS\n\\fBmake\\fR \\fItarget\\fR\n"
            "[\\fBFROM=\\fR\\fIpipeline\\fR] [\\fBSET=\\(dq\\fR\\fIpipeline.stage.name=value\\fR "
            "\\&...\\fB\\(dq\\fR]\n.br\n\\fBbuild/basin\\fR \\fIcommand\\fR "
            "[\\fIargument\\fR]...\n.SH DESCRIPTION\n");
    put_text(f, "Every scientific step, a stage, is a small program that reads HDF5 and writes "
             "HDF5; make chains the steps; gnuplot draws. `make figure3` runs only what the last "
             "change can reach; `make help` lists what can be made. The driver `basin` is called "
             "by make and by hand.");
    fprintf(f, ".SH COMMANDS\n");
    for (size_t i = 0; i < n_commands; i++)
        put_page_line(f, commands[i].name, commands[i].summary);
    fprintf(f, ".SH STAGES\n");
    for (size_t i = 0; i < stages->n; i++) {
        const struct schema *s;
        BN_TRY(schema_get(build, stages->at[i], &s));
        put_page_line(f, s->stage, text_of(s->json, "summary"));
    }
    fprintf(f, ".SH ENVIRONMENT\n");
    put_term(f, "BASIN_DATA", NULL);
    put_text(f, "the folder with recordings");
    fprintf(f, ".SH FILES\n");
    put_term(f, "params/<pipeline>.conf", NULL);
    put_text(f, "parameters");
    put_term(f, "pipelines/<pipeline>.mk", NULL);
    put_text(f, "which artifact is made from which");
    put_term(f, "results/<pipeline>/<stage>.h5", NULL);
    put_text(f, "an artifact: a link into the cache, or a file of your own");
    put_status(f);
    put_see_also(f, "basin", "README.md, docs/tutorial.md, docs/engine.md");
    return BN_OK;
}

/* --- all pages --------------------------------------------------------------- */

static bn_status write_page(const char *folder, const char *name, const struct command *c,
                            const struct schema *s, const char *build,
                            const struct list *stages)
{
    char *text = NULL;
    size_t size;
    char *path = bn_format("%s/man1/basin%s%s.1", folder, name[0] ? "-" : "", name);
    FILE *f = path ? open_memstream(&text, &size) : NULL;
    bn_status rc = f ? BN_OK : BN_NOMEM;
    if (f != NULL && c != NULL)
        command_page(f, c);
    else if (f != NULL && s != NULL)
        stage_page(f, s);
    else if (f != NULL)
        rc = main_page(f, build, stages);
    if (f != NULL && fclose(f) != 0)
        rc = BN_NOMEM;
    if (rc == BN_OK)
        rc = file_write_changed(path, text);
    free(path);
    free(text);
    return rc;
}

bn_status man_write(const char *folder, const char *build, const struct list *stages)
{
    BN_TRY(write_page(folder, "", NULL, NULL, build, stages));
    for (size_t i = 0; i < n_commands; i++)
        BN_TRY(write_page(folder, commands[i].name, &commands[i], NULL, build, stages));
    for (size_t i = 0; i < stages->n; i++) {
        const struct schema *s;
        if (command_find(stages->at[i]) != NULL)
            return bn_fail(BN_USAGE, "stages/%s.c: `basin %s` is a command of the driver, so the "
                           "two would share a man page; give the stage another name",
                           stages->at[i], stages->at[i]);
        BN_TRY(schema_get(build, stages->at[i], &s));
        BN_TRY(write_page(folder, stages->at[i], NULL, s, build, stages));
    }
    return BN_OK;
}
