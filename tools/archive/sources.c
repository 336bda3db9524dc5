/* SPDX-License-Identifier: MIT */
#include "deposit.h"

#include <basin/mem.h>

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Is `name` the folder, or in it? */
static bool is_below(const char *name, const char *folder)
{
    const size_t n = folder ? strlen(folder) : 0;
    return n > 0 && strncmp(name, folder, n) == 0 && (name[n] == '/' || name[n] == '\0');
}

/* --- with git -------------------------------------------------------------- */

/* Names that git prints, each with a NUL at its end.  Where there is a .git it must not
 * fail: what it does not track can be private.                               */
static bn_status ask_git(const char *command, struct list *names)
{
    FILE *f = popen(command, "r");
    char *name = NULL;
    size_t room = 0;
    bn_status rc = BN_OK;
    while (f != NULL && rc == BN_OK && getdelim(&name, &room, '\0', f) > 0)
        rc = list_add(names, name);
    free(name);
    const int status = f != NULL ? pclose(f) : -1;
    if (rc == BN_OK && status != 0 && file_exists(".git"))
        return bn_fail(BN_INPUT, "the sources of an archive are the files that git tracks here, "
                       "but `%s` failed (above is what it said); mend that, or archive a copy "
                       "of the project without .git", command);
    return rc;
}

/* A new stage that was not added yet has its place beside those that were. */
static bn_status list_tracked(struct list *names)
{
    const bool quiet = !file_exists(".git");             /* perhaps in a folder above */
    BN_TRY(ask_git(quiet ? "git ls-files -z --cached 2>/dev/null"
                         : "git ls-files -z --cached", names));
    if (names->n == 0)
        return BN_OK;
    return ask_git("git ls-files -z --others --exclude-standard -- Makefile CITATION.cff "
                   "stages lib tools params pipelines figures recordings", names);
}

/* --- without --------------------------------------------------------------- */

static bn_status walk(const char *folder, struct list *names, int depth);

static bn_status visit(const char *path, struct list *names, int depth)
{
    struct stat st;
    if (lstat(path, &st) != 0)
        return bn_fail(BN_INPUT, "%s: cannot be read (%s)", path, strerror(errno));
    if (S_ISDIR(st.st_mode) && depth == 0 &&
        (strncmp(path, "build", 5) == 0 || strcmp(path, "results") == 0))
        return BN_OK;
    if (S_ISDIR(st.st_mode))
        return walk(path, names, depth + 1);
    return S_ISREG(st.st_mode) || S_ISLNK(st.st_mode) ? list_add(names, path) : BN_OK;
}

static bn_status walk(const char *folder, struct list *names, int depth)
{
    struct list here = { 0 };
    bn_status rc = depth < 64 ? file_names(folder[0] ? folder : ".", "", &here)
                   : bn_fail(BN_INPUT, "%s: more than 64 folders deep", folder);
    for (size_t i = 0; i < here.n && rc == BN_OK; i++) {
        const char *name = here.at[i];
        char *path = bn_format("%s%s%s", folder, folder[0] ? "/" : "", name);
        rc = path ? visit(path, names, depth) : BN_NOMEM;
        free(path);
    }
    list_free(&here);
    return rc;
}

/* --- both ------------------------------------------------------------------ */

static bn_status add_source(struct payload *p, const char *name)
{
    char *inside = bn_format("data/source/%s", name);
    const bn_status rc = inside ? payload_file(p, inside, name) : BN_NOMEM;
    free(inside);
    return rc;
}

bn_status sources_add(struct payload *p, const char *results, const char *build)
{
    struct list names = { 0 };
    char *top = bn_format("%.*s", (int)strcspn(build, "/"), build);
    bn_status rc = top ? list_tracked(&names) : BN_NOMEM;
    if (rc == BN_OK && names.n == 0)
        rc = walk("", &names, 0);
    list_sort(&names);
    for (size_t i = 0; i < names.n && rc == BN_OK; i++)
        if (!is_below(names.at[i], results) && !is_below(names.at[i], top) &&
            !is_below(names.at[i], getenv("BASIN_DATA")) &&
            (file_exists(names.at[i]) || file_is_link(names.at[i])))
            rc = add_source(p, names.at[i]);
    list_free(&names);
    free(top);
    return rc;
}
