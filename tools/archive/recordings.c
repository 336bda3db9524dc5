/* SPDX-License-Identifier: MIT */
#include "deposit.h"

#include <basin/mem.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Where the name of a file in BASIN_DATA begins; NULL: it lies elsewhere. */
static const char *below_data(const char *path)
{
    const char *folder = getenv("BASIN_DATA");
    const size_t n = folder ? strlen(folder) : 0;
    return n > 0 && strncmp(path, folder, n) == 0 && path[n] == '/'
               ? path + n + strspn(path + n, "/") : NULL;
}

bool recording_is_below(const char *path)
{
    return below_data(path) != NULL;
}

const char *recording_name(const char *path)
{
    const char *slash = strrchr(path, '/'), *below = below_data(path);
    return below ? below : slash ? slash + 1 : path;
}

/* --- where it came from: tables of recordings/ ------------------------------ */

/* Column `want` of the heads, or -1. */
static int column(const char *heads, const char *want)
{
    int k = 0;
    const size_t n = strlen(want);
    for (const char *p = heads;; p++, k++) {
        if (strncmp(p, want, n) == 0 && strchr("\t\r\n", p[n]) != NULL)
            return k;
        p += strcspn(p, "\t\n");
        if (*p != '\t')
            return -1;
    }
}

static char *cell(const char *line, int k)
{
    for (; k > 0 && line != NULL; k--) {
        line += strcspn(line, "\t\n");
        line = *line == '\t' ? line + 1 : NULL;
    }
    return line && k == 0 ? bn_format("%.*s", (int)strcspn(line, "\t\r\n"), line) : NULL;
}

/* The value beside `key` in a table, by the names of two columns. */
static char *look_up(const char *text, const char *by, const char *key, const char *want)
{
    const int a = column(text, by), b = column(text, want);
    for (const char *line = strchr(text, '\n'); line != NULL && a >= 0 && b >= 0;
         line = strchr(line, '\n')) {
        line++;
        char *found = cell(line, a);
        const bool same = found != NULL && strcmp(found, key) == 0;
        free(found);
        if (same)
            return cell(line, b);
    }
    return NULL;
}

static void set_text(json_t *object, const char *key, char *text)
{
    if (text != NULL && text[0] != '\0')
        json_object_set_new(object, key, json_string(text));
    free(text);
}

static bn_status search_table(const char *name, json_t *entry)
{
    char *path = bn_format("recordings/%s", name), *text = NULL;
    char *set = bn_format("%.*s", (int)strcspn(name, "."), name);
    bn_status rc = path && set ? file_read(path, &text, NULL) : BN_NOMEM;
    char *url = text ? look_up(text, "sha256", text_of(entry, "sha256"), "s3_url") : NULL;
    if (url != NULL && url[0] != '\0') {
        char *sources = NULL;
        json_object_set_new(entry, "source", json_string(url));
        json_object_set_new(entry, "table", json_string(path));
        set_text(entry, "path", look_up(text, "sha256", text_of(entry, "sha256"), "path"));
        if (file_exists("recordings/SOURCES") &&
            file_read("recordings/SOURCES", &sources, NULL) == BN_OK) {
            set_text(entry, "licence", look_up(sources, "dandiset", set, "licence"));
            set_text(entry, "about", look_up(sources, "dandiset", set, "what"));
        }
        free(sources);
    }
    free(url);
    free(text);
    free(set);
    free(path);
    return rc;
}

static bn_status find_source(json_t *entry)
{
    struct list tables = { 0 };
    json_object_set_new(entry, "source", json_string("unknown"));
    bn_status rc = file_names("recordings", ".tsv", &tables);
    for (size_t i = 0; i < tables.n && rc == BN_OK &&
                       strcmp(text_of(entry, "source"), "unknown") == 0; i++)
        rc = search_table(tables.at[i], entry);
    list_free(&tables);
    return rc;
}

/* --- which there are -------------------------------------------------------- */

/* A file of the project itself, tracked or not, lies with its sources, where make looks. */
static bn_status add_source(struct payload *p, const char *path)
{
    char *inside = bn_format("data/source/%s", path);
    const bn_status rc = inside ? payload_file(p, inside, path) : BN_NOMEM;
    free(inside);
    return rc;
}

bool recording_is_source(const char *path)
{
    return below_data(path) == NULL && path[0] != '/' && strncmp(path, "../", 3) != 0 &&
           strstr(path, "/../") == NULL;
}

static bn_status add_included(struct payload *p, const char *name, const char *path)
{
    char *inside = bn_format("data/recordings/%s", name);
    const bn_status rc = inside ? payload_file(p, inside, path) : BN_NOMEM;
    free(inside);
    return rc;
}

static bn_status add_one(struct payload *p, const char *path, const char *sha256,
                         double limit, json_t *data)
{
    const char *name = recording_name(path);
    const json_t *known = json_object_get(data, name);
    struct stat st;
    if (stat(path, &st) != 0)
        return bn_fail(BN_INPUT, "%s: cannot be read (%s)", path, strerror(errno));
    const bool small = (double)st.st_size <= limit;
    if (small && recording_is_source(path))
        return add_source(p, path);
    if (known != NULL && strcmp(text_of(known, "sha256"), sha256) == 0)
        return BN_OK;
    if (known != NULL)
        return bn_fail(BN_INPUT, "%s: another recording of the name %s goes into the bag "
                       "already; rename one", path, name);
    json_t *entry = json_pack("{ss sI sb}", "sha256", sha256, "bytes",
                              (json_int_t)st.st_size, "included", small);
    if (entry == NULL || json_object_set_new(data, name, entry) != 0)
        return BN_NOMEM;
    BN_TRY(find_source(entry));
    return small ? add_included(p, name, path) : BN_OK;
}

bn_status recordings_add(struct payload *p, const struct look *l, double limit, json_t *data)
{
    for (size_t i = 0; i < l->n_order; i++) {
        const json_t *node = l->nodes[l->order[i]].node;
        const char *key;
        json_t *files, *file;
        size_t k;
        json_object_foreach(json_object_get(node, "files"), key, files)
            json_array_foreach(files, k, file)
                BN_TRY(add_one(p, json_string_value(json_array_get(file, 0)),
                               json_string_value(json_array_get(file, 1)), limit, data));
    }
    return BN_OK;
}
