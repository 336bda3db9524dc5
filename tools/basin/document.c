/* SPDX-License-Identifier: MIT */
#include "document.h"

#include <basin/mem.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DEEPEST = 32 };                   /* files that read files */

struct reader {
    struct document *d;
    const char *results, *path, *at;
    size_t line;
    int depth;
};

static bn_status read_file(struct document *d, const char *path, const char *results,
                           int depth);

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bn_status note(const struct reader *r, json_t *where, const char *name)
{
    if (json_object_get(where, name) != NULL)
        return BN_OK;
    char *place = bn_format("%s:%zu", r->path, r->line);
    const bool noted = place && json_object_set_new(where, name, json_string(place)) == 0;
    free(place);
    /* A name that is no UTF-8 is none of ours. */
    return noted || place != NULL ? BN_OK : BN_NOMEM;
}

/* --- places --------------------------------------------------------------- */

static char *folder_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? bn_format("%.*s/", (int)(slash - path), path) : bn_copy("");
}

/* FOLDER NAME END, if there is such a file. */
static char *try_file(const char *folder, const char *name, const char *end)
{
    char *path = bn_format("%s%s%s", name[0] == '/' ? "" : folder, name, end);
    struct stat st;
    if (path != NULL && stat(path, &st) == 0 && S_ISREG(st.st_mode))
        return path;
    free(path);
    return NULL;
}

static char *try_folders(const char *const *folders, size_t n, const char *name,
                         const char *end)
{
    char *found = NULL;
    for (size_t i = 0; i < n && found == NULL; i++)
        found = try_file(folders[i], name, end);
    return found;
}

/* As LaTeX does: with .tex first, from the folder where it runs. */
static char *find_input(const struct reader *r, const char *name)
{
    char *own = folder_of(r->path), *results = bn_format("%s/", r->results), *found = NULL;
    if (own != NULL && results != NULL) {
        const char *const folders[] = { r->d->folder, own, results };
        found = try_folders(folders, BN_LEN(folders), name, ".tex");
        if (found == NULL)
            found = try_folders(folders, BN_LEN(folders), name, "");
    }
    free(own);
    free(results);
    return found;
}

char *document_figure(const struct document *d, const char *argument, const char *results)
{
    static const char *const ends[] = { "", ".pdf", ".png" };
    char *figures = bn_format("%s/figures/", results), *plain = bn_format("%s/", results);
    char *found = NULL;
    for (size_t e = 0; e < BN_LEN(ends) && found == NULL && figures && plain; e++) {
        const char *const folders[] = { d->folder, figures, plain };
        found = try_file(folders[0], argument, ends[e]);
        for (size_t i = 0; i < d->paths.n && found == NULL; i++) {
            char *folder = bn_format("%s%s", d->paths.at[i][0] == '/' ? "" : d->folder,
                                     d->paths.at[i]);
            found = folder ? try_file(folder, argument, ends[e]) : NULL;
            free(folder);
        }
        if (found == NULL)
            found = try_folders(folders + 1, 2, argument, ends[e]);
    }
    free(figures);
    free(plain);
    return found;
}

/* --- reading -------------------------------------------------------------- */

static void skip_line(struct reader *r)
{
    r->at += strcspn(r->at, "\n");
}

static void skip_blanks(struct reader *r)
{
    for (;; r->at++) {
        if (*r->at == '%')
            skip_line(r);
        if (*r->at == '\n')
            r->line++;
        else if (*r->at != ' ' && *r->at != '\t' && *r->at != '\r')
            return;
    }
}

/* Up to the `close` that matches, without it; `at` is behind the `open`. */
static char *read_group(struct reader *r, char open, char close)
{
    const char *start = r->at;
    size_t depth = 1;
    for (; *r->at != '\0'; r->at++) {
        if (*r->at == '\n')
            r->line++;
        if (*r->at == '\\' && r->at[1] != '\0' && r->at[1] != '\n')
            r->at++;
        else if (*r->at == close && --depth == 0)
            break;
        else if (*r->at == open)
            depth++;
    }
    char *text = bn_format("%.*s", (int)(r->at - start), start);
    r->at += *r->at != '\0';
    return text;
}

/* {text}, after any [options] and a star; NULL if that is not what stands there.
 * *scaled (or NULL): an option sets a size.                                  */
static char *read_optioned(struct reader *r, bool *scaled)
{
    static const char *const sizes[] = { "width", "height", "scale" };
    if (*r->at == '*')
        r->at++;
    skip_blanks(r);
    while (*r->at == '[') {
        r->at++;
        char *options = read_group(r, '[', ']');
        for (size_t i = 0; i < BN_LEN(sizes) && options != NULL && scaled != NULL; i++)
            *scaled = *scaled || strstr(options, sizes[i]) != NULL;
        free(options);
        skip_blanks(r);
    }
    if (*r->at != '{')
        return NULL;
    r->at++;
    return read_group(r, '{', '}');
}

static char *read_argument(struct reader *r)
{
    return read_optioned(r, NULL);
}

static bn_status read_input(struct reader *r)
{
    const size_t line = r->line;
    char *name = read_argument(r);
    if (name == NULL)
        return BN_OK;
    char *path = name[0] != '\0' ? find_input(r, name) : NULL;
    const char *slash = strrchr(name, '/'), *base = slash ? slash + 1 : name;
    const size_t n = strlen(base);
    char *file = n > 4 && strcmp(base + n - 4, ".tex") == 0 ? bn_copy(base)
                                                            : bn_format("%s.tex", base);
    bn_status rc = file ? BN_OK : BN_NOMEM;
    const struct reader here = { .d = r->d, .path = r->path, .line = line };
    if (rc == BN_OK && numbers_is(file))
        rc = note(&here, path ? r->d->numbers : r->d->absent, path ? path : file);
    else if (rc == BN_OK && path != NULL && !list_has(&r->d->files, path))
        rc = read_file(r->d, path, r->results, r->depth + 1);
    free(file);
    free(path);
    free(name);
    return rc;
}

static bn_status read_figure(struct reader *r)
{
    bool scaled = false;
    char *name = read_optioned(r, &scaled);
    bn_status rc = name && name[0] ? note(r, r->d->figures, name) : BN_OK;
    if (rc == BN_OK && name && name[0] && scaled)
        rc = note(r, r->d->scaled, name);
    free(name);
    return rc;
}

/* \graphicspath{{a/}{b/}} */
static bn_status read_paths(struct reader *r)
{
    char *all = read_argument(r);
    bn_status rc = BN_OK;
    for (char *p = all; p != NULL && (p = strchr(p, '{')) != NULL && rc == BN_OK;) {
        const size_t n = strcspn(++p, "}");
        char *path = bn_format("%.*s", (int)n, p);
        rc = path ? list_add(&r->d->paths, path) : BN_NOMEM;
        free(path);
        p += n;
    }
    free(all);
    return rc;
}

static void read_definition(struct reader *r)
{
    if (*r->at == '*')
        r->at++;
    skip_blanks(r);
    if (*r->at == '{')
        r->at++;
    if (*r->at != '\\')
        return;
    size_t n = 0;
    while (is_letter(r->at[1 + n]))
        n++;
    char *name = bn_format("%.*s", (int)n, r->at + 1);
    if (name != NULL)
        json_object_set_new(r->d->defined, name, json_true());
    free(name);
    r->at += 1 + n;
}

/* What stands verbatim is not read. */
static void skip_verbatim(struct reader *r)
{
    static const char *const names[] = { "verbatim", "verbatim*", "lstlisting", "minted",
                                         "comment" };
    const char *before = r->at;
    const size_t line = r->line;
    char *name = read_argument(r), *end = name ? bn_format("\\end{%s}", name) : NULL;
    bool found = false;
    for (size_t i = 0; i < BN_LEN(names) && end != NULL; i++)
        found = found || strcmp(name, names[i]) == 0;
    const char *to = found ? strstr(r->at, end) : NULL;
    if (!found) {
        r->at = before;
        r->line = line;
    }
    for (; found && *r->at != '\0' && r->at != to; r->at++)
        r->line += *r->at == '\n';
    free(end);
    free(name);
}

static bn_status read_macro(struct reader *r)
{
    static const char *const definitions[] = { "newcommand", "renewcommand", "providecommand",
        "def", "gdef", "edef", "let", "DeclareMathOperator", "DeclareRobustCommand",
        "NewDocumentCommand", "newif" };
    size_t n = 0;
    while (is_letter(r->at[n]))
        n++;
    char name[128];
    snprintf(name, sizeof name, "%.*s", (int)n, r->at);
    if (n == 0 || n >= sizeof name) {
        r->at += n > 0 ? n : *r->at != '\0' && *r->at != '\n';
        return BN_OK;
    }
    BN_TRY(note(r, r->d->macros, name));
    r->at += n;
    if (strcmp(name, "input") == 0 || strcmp(name, "include") == 0 ||
        strcmp(name, "subfile") == 0)
        return read_input(r);
    if (strcmp(name, "includegraphics") == 0)
        return read_figure(r);
    if (strcmp(name, "graphicspath") == 0)
        return read_paths(r);
    if (strcmp(name, "begin") == 0)
        skip_verbatim(r);
    for (size_t i = 0; i < BN_LEN(definitions); i++)
        if (strcmp(name, definitions[i]) == 0)
            read_definition(r);
    if (strcmp(name, "verb") == 0 && *r->at != '\0') {
        const char *end = strchr(r->at + 1, *r->at);
        r->at = end ? end + 1 : r->at + 1;
    }
    return BN_OK;
}

static bn_status read_text(struct reader *r)
{
    static const char end[] = "\\end{document}";
    while (*r->at != '\0') {
        if (*r->at == '%')
            skip_line(r);
        else if (strncmp(r->at, end, sizeof end - 1) == 0)
            return BN_OK;
        else if (*r->at == '\\') {
            r->at++;
            BN_TRY(read_macro(r));
        } else {
            r->line += *r->at == '\n';
            r->at++;
        }
    }
    return BN_OK;
}

static bn_status read_file(struct document *d, const char *path, const char *results,
                           int depth)
{
    char *text;
    if (depth > DEEPEST)
        return bn_fail(BN_INPUT, "%s: the %dth file that is read by another: do they read each "
                       "other?", path, DEEPEST);
    BN_TRY(file_read(path, &text, NULL));
    struct reader r = { .d = d, .results = results, .path = path, .at = text, .line = 1,
                        .depth = depth };
    bn_status rc = list_add(&d->files, path);
    if (rc == BN_OK)
        rc = read_text(&r);
    free(text);
    return rc;
}

bn_status document_read(struct document *d, const char *path, const char *results)
{
    *d = (struct document){ .folder = folder_of(path), .macros = json_object(),
                            .defined = json_object(), .figures = json_object(),
                            .scaled = json_object(), .numbers = json_object(),
                            .absent = json_object() };
    if (!d->folder || !d->macros || !d->defined || !d->figures || !d->scaled || !d->numbers ||
        !d->absent)
        return BN_NOMEM;
    return read_file(d, path, results, 0);
}

void document_free(struct document *d)
{
    free(d->folder);
    json_decref(d->macros);
    json_decref(d->defined);
    json_decref(d->figures);
    json_decref(d->scaled);
    json_decref(d->numbers);
    json_decref(d->absent);
    list_free(&d->files);
    list_free(&d->paths);
}
