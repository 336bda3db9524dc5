/* SPDX-License-Identifier: MIT */
#include "data.h"

#include <basin/mem.h>
#include <basin/text.h>

#include <ctype.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_COLUMNS = 32 };
enum column { PATH, BYTES, SHA256, URL, COLUMNS };
static const char *const column_names[COLUMNS] = { "path", "size_bytes", "sha256", "s3_url" };

/* Cut a line, in place, at its tabs; a line of Windows ends with a \r. */
static size_t split(char *line, char *cell[MOST_COLUMNS])
{
    size_t n = 0;
    line[strcspn(line, "\r")] = '\0';
    for (char *p = line; p != NULL && n < MOST_COLUMNS; n++) {
        cell[n] = p;
        p = strchr(p, '\t');
        if (p != NULL)
            *p++ = '\0';
    }
    return n;
}

static char *next_line(char **text)
{
    char *line = *text, *end = strchr(line, '\n');
    if (*line == '\0')
        return NULL;
    *text = end != NULL ? end + 1 : line + strlen(line);
    if (end != NULL)
        *end = '\0';
    return line;
}

/* --- one line ------------------------------------------------------------- */

/* Below the folder and nowhere else, and nothing that a terminal would obey. */
static bool is_safe(const char *path)
{
    const size_t n = strlen(path);
    if (n == 0 || n > 1024 || (n > 5 && strcmp(path + n - 5, ".part") == 0))
        return false;
    for (const char *p = path; *p != '\0'; p++)
        if ((unsigned char)*p < ' ' || *p == 127 || *p == '\\')
            return false;
    for (const char *p = path;; p++) {
        const size_t length = strcspn(p, "/");
        if (length == 0 || length > 200 || *p == '.')    /* "", ".", ".." and hidden ones */
            return false;
        p += length;
        if (*p == '\0')
            return true;
    }
}

static bool is_digest(const char *text)
{
    return strlen(text) == BN_HEX - 1 && strspn(text, "0123456789abcdef") == BN_HEX - 1;
}

static bool is_plain(const char *text)
{
    for (; *text != '\0'; text++)
        if (*text <= ' ' || *text >= 127)
            return false;
    return true;
}

static bn_status fill(struct item *item, char *const cell[COLUMNS], const char *place)
{
    int64_t bytes;
    *item = (struct item){ 0 };
    if (!is_safe(cell[PATH]))
        return bn_fail(BN_INPUT, "%s: the path is not one of a file below the data set: it "
                       "must have neither an empty part, nor one that begins with a dot, nor "
                       "control characters, and not end in .part", place);
    if (bn_parse_integer(cell[BYTES], &bytes) != BN_OK || bytes < 0)
        return bn_fail(BN_INPUT, "%s: `%.40s` is not a size in bytes", place, cell[BYTES]);
    if (!is_digest(cell[SHA256]))
        return bn_fail(BN_INPUT, "%s: the sha256 is not 64 of 0-9 and a-f", place);
    if (!is_plain(cell[URL]))
        return bn_fail(BN_INPUT, "%s: the address has blanks or other characters that no "
                       "address has", place);
    *item = (struct item){ .path = bn_copy(cell[PATH]), .url = bn_copy(cell[URL]),
                           .bytes = (uint64_t)bytes };
    memcpy(item->sha256, cell[SHA256], BN_HEX);
    return item->path != NULL && item->url != NULL ? BN_OK : BN_NOMEM;
}

/* --- a table --------------------------------------------------------------- */

static bn_status find_columns(char *line, size_t at[COLUMNS], const char *path)
{
    char *cell[MOST_COLUMNS];
    const size_t n = line != NULL ? split(line, cell) : 0;
    for (size_t k = 0; k < COLUMNS; k++) {
        for (at[k] = 0; at[k] < n && strcmp(cell[at[k]], column_names[k]) != 0; at[k]++)
            ;
        if (at[k] == n)
            return bn_fail(BN_INPUT, "%s: its first line names no column `%s` (columns are "
                           "separated by tabs)", path, column_names[k]);
    }
    return BN_OK;
}

static bn_status add_line(struct table *t, char *line, const size_t at[COLUMNS],
                          const char *place)
{
    char *cell[MOST_COLUMNS], *wanted[COLUMNS];
    const size_t n = split(line, cell);
    for (size_t k = 0; k < COLUMNS; k++) {
        if (at[k] >= n)
            return bn_fail(BN_INPUT, "%s: the line has %zu columns, and `%s` is number %zu",
                           place, n, column_names[k], at[k] + 1);
        wanted[k] = cell[at[k]];
    }
    if ((t->n & (t->n - 1)) == 0) {
        struct item *more = bn_grow(t->at, t->n ? 2 * t->n : 1, sizeof *more);
        if (more == NULL)
            return BN_NOMEM;
        t->at = more;
    }
    BN_TRY(fill(&t->at[t->n++], wanted, place));
    return BN_OK;
}

static int by_path(const void *a, const void *b)
{
    return strcmp(((const struct item *)a)->path, ((const struct item *)b)->path);
}

static bn_status read_lines(struct table *t, char *text, const char *path)
{
    size_t at[COLUMNS];
    BN_TRY(find_columns(next_line(&text), at, path));
    char *line;
    for (size_t number = 2; (line = next_line(&text)) != NULL; number++) {
        char *place = bn_format("%s:%zu", path, number);
        const bn_status rc = place == NULL      ? BN_NOMEM
                             : line[0] == '\0' ? BN_OK
                                                : add_line(t, line, at, place);
        free(place);
        BN_TRY(rc);
    }
    if (t->n > 1)
        qsort(t->at, t->n, sizeof *t->at, by_path);
    for (size_t i = 1; i < t->n; i++)
        if (strcmp(t->at[i - 1].path, t->at[i].path) == 0)
            return bn_fail(BN_INPUT, "%s: %s stands in it twice", path, t->at[i].path);
    return t->n > 0 ? BN_OK : bn_fail(BN_INPUT, "%s: it names no file", path);
}

/* dandiset, licence, commit, pipeline, what: for people, and optional. */
static bn_status read_about(struct table *t, const char *folder)
{
    char *path = bn_format("%s/SOURCES", folder), *text = NULL, *cell[MOST_COLUMNS];
    bn_status rc = path == NULL ? BN_NOMEM
                   : file_exists(path) ? file_read(path, &text, NULL) : BN_OK;
    char *rest = text, *line;
    while (rc == BN_OK && rest != NULL && (line = next_line(&rest)) != NULL)
        if (split(line, cell) == 5 && strcmp(cell[0], t->dandiset) == 0) {
            t->licence = bn_copy(cell[1]);
            t->pipeline = bn_copy(cell[3]);
            t->what = bn_copy(cell[4]);
        }
    free(text);
    free(path);
    return rc;
}

bn_status table_names(const char *folder, struct list *names)
{
    BN_TRY(file_names(folder, ".tsv", names));
    for (size_t i = 0; i < names->n; i++)
        names->at[i][strlen(names->at[i]) - 4] = '\0';
    return names->n > 0 ? BN_OK : bn_fail(BN_INPUT, "%s/: there is no table <name>.tsv; "
                                          "call this where the Makefile is", folder);
}

/* What there is instead. */
static bn_status unknown(const char *folder, const char *dandiset)
{
    struct list known = { 0 };
    char hint[96];
    BN_TRY(table_names(folder, &known));
    char *all = list_sentence(&known);
    const bn_status rc = bn_fail(BN_USAGE, "there is no table of a data set `%.40s`%s; there "
                                 "are %s (a table of your own is %s/<name>.tsv)", dandiset,
                                 list_hint(&known, dandiset, hint), all ? all : "", folder);
    free(all);
    list_free(&known);
    return rc;
}

bn_status table_read(struct table *t, const char *folder, const char *dandiset)
{
    size_t n = 0, size = 0;
    *t = (struct table){ .dandiset = bn_copy(dandiset) };
    while (isalnum((unsigned char)dandiset[n]) || (n > 0 && strchr("-_", dandiset[n]) &&
                                                   dandiset[n] != '\0'))
        n++;
    char *path = bn_format("%s/%s.tsv", folder, dandiset), *text = NULL;
    bn_status rc = path != NULL && t->dandiset != NULL ? BN_OK : BN_NOMEM;
    if (rc == BN_OK && (n == 0 || dandiset[n] != '\0' || !file_exists(path)))
        rc = unknown(folder, dandiset);
    if (rc == BN_OK)
        rc = file_read(path, &text, &size);
    if (rc == BN_OK && strlen(text) != size)
        rc = bn_fail(BN_INPUT, "%s: a byte of it is 0, so it is no text", path);
    if (rc == BN_OK)
        rc = read_lines(t, text, path);
    if (rc == BN_OK)
        rc = read_about(t, folder);
    free(text);
    free(path);
    return rc;
}

void table_free(struct table *t)
{
    for (size_t i = 0; i < t->n; i++) {
        free(t->at[i].path);
        free(t->at[i].url);
    }
    free(t->at);
    free(t->dandiset);
    free(t->what);
    free(t->licence);
    free(t->pipeline);
    *t = (struct table){ 0 };
}

/* --- choosing -------------------------------------------------------------- */

static bool matches(const char *glob, const char *path)
{
    const char *slash = strrchr(path, '/');
    char folder[1025];
    snprintf(folder, sizeof folder, "%.*s", slash != NULL ? (int)(slash - path) : 0, path);
    return fnmatch(glob, path, 0) == 0 || fnmatch(glob, folder, 0) == 0 ||
           (slash != NULL && fnmatch(glob, slash + 1, 0) == 0);
}

size_t table_choose(struct table *t, const char *glob)
{
    size_t n = 0;
    for (size_t i = 0; i < t->n; i++)
        if (matches(glob, t->at[i].path)) {
            t->at[i].wanted = true;
            n++;
        }
    return n;
}
