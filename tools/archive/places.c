/* SPDX-License-Identifier: MIT
 *
 * A recording lies in the bag as recordings/<name>, or whoever runs the bag again puts it
 * there; from the sources, where make runs, that is ../recordings/<name>.  Parameters that
 * name it by a path of this machine would lead elsewhere: in SET the path is replaced, a
 * file of parameters goes in as it is, so there it is refused.               */
#include "deposit.h"

#include <basin/mem.h>

#include <stdlib.h>
#include <string.h>

/* --- SET --------------------------------------------------------------------- */

static bool is_edge(char c)
{
    return c == '\0' || strchr(" \t\n'\"={},", c) != NULL;
}

/* The next place in `at` (somewhere in `text`) where a value or an element of one is `path`. */
static const char *find_path(const char *text, const char *at, const char *path)
{
    const size_t n = strlen(path);
    while ((at = strstr(at, path)) != NULL &&
           !((at == text || is_edge(at[-1])) && is_edge(at[n])))
        at++;
    return at;
}

static bn_status replace(char **text, const char *path, const char *instead)
{
    char *out = bn_copy("");
    const char *from = *text, *at;
    while (out != NULL && (at = find_path(*text, from, path)) != NULL) {
        char *longer = bn_format("%s%.*s%s", out, (int)(at - from), from, instead);
        free(out);
        out = longer;
        from = at + strlen(path);
    }
    char *whole = out ? bn_format("%s%s", out, from) : NULL;
    free(out);
    if (whole == NULL)
        return BN_NOMEM;
    free(*text);
    *text = whole;
    return BN_OK;
}

/* --- files of parameters --------------------------------------------------------- */

/* Does the file at "params/mouse.conf:12" spell the path out, but for comments?  What it
 * gives as ${BASIN_DATA}/... is found again in the bag.                       */
static bn_status is_spelt(const char *origin, const char *path, bool *spelt)
{
    char *file = bn_format("%.*s", (int)strcspn(origin, ":"), origin), *text = NULL;
    bn_status rc = file ? BN_OK : BN_NOMEM;
    *spelt = false;
    if (rc == BN_OK && file_exists(file))
        rc = file_read(file, &text, NULL);
    for (const char *at = text; at != NULL && !*spelt && (at = find_path(text, at, path)); at++) {
        const char *line = at;
        while (line > text && line[-1] != '\n')
            line--;
        *spelt = memchr(line, '#', (size_t)(at - line)) == NULL;
    }
    free(text);
    free(file);
    return rc;
}

static bn_status check_conf(const char *node, const char *key, const char *origin,
                            const char *path)
{
    bool spelt;
    BN_TRY(is_spelt(origin, path, &spelt));
    if (recording_is_below(path) && !spelt)
        return BN_OK;
    const int pipeline = (int)strcspn(node, "/");
    const char *stage = node + pipeline + 1;
    const char *dot = strrchr(stage, '.');
    return bn_fail(BN_INPUT, "%s: %s is %s, a path that leads nowhere in the archive: write "
                   "${BASIN_DATA}/%s there (BASIN_DATA=folder says where that is), or give "
                   "SET=\"%.*s.%.*s.%s=%s\", which goes in as the path in the archive", origin,
                   key, path, recording_name(path), pipeline, node,
                   (int)(dot ? dot - stage : (long)strlen(stage)), stage, key, path);
}

/* --- both ---------------------------------------------------------------------------- */

static bool is_needed(const struct deposit *a, const char *node)
{
    return list_has(&a->names, node);
}

/* Artifacts that nobody asked for are not made again, but SET names their files, too. */
static bn_status settle(struct deposit *a, const char *node, const char *key, const char *path)
{
    const char *name = recording_name(path);
    if (recording_is_source(path) && json_object_get(a->data, name) == NULL)
        return BN_OK;
    const json_t *origins = json_object_get(json_object_get(a->look.origins, node), "parameters");
    const char *origin = text_of(origins, key);
    const char *given = a->look.set;
    if (find_path(given, given, path) != NULL) {
        char *inside = bn_format("../recordings/%s", name);
        const bn_status rc = inside ? replace(&a->set, path, inside) : BN_NOMEM;
        free(inside);
        BN_TRY(rc);
    } else if (strcmp(origin, "SET") == 0 && is_needed(a, node)) {
        return bn_fail(BN_USAGE, "SET: the path %s of %s is quoted in pieces, and the archive "
                       "must replace it by its own: put all of it in one pair of quotes", path,
                       key);
    }
    return strcmp(origin, "SET") == 0 || !is_needed(a, node)
               ? BN_OK : check_conf(node, key, origin, path);
}

bn_status places_settle(struct deposit *a)
{
    a->set = bn_copy(a->look.set);
    bn_status rc = a->set ? BN_OK : BN_NOMEM;
    for (size_t k = 0; k < a->look.n && rc == BN_OK; k++) {
        const char *key;
        json_t *files, *file;
        size_t i;
        json_object_foreach(json_object_get(a->look.nodes[k].node, "files"), key, files)
            json_array_foreach(files, i, file)
                if (rc == BN_OK)
                    rc = settle(a, a->look.nodes[k].name, key,
                                json_string_value(json_array_get(file, 0)));
    }
    if (rc == BN_OK)
        a->look.set = a->set;            /* what everything in the bag shows from here on */
    return rc;
}
