/* SPDX-License-Identifier: MIT
 *
 * `basin force NODE`: the next make runs this node again, whatever the cache has, and
 * what depends on it only if something else comes out.  A note in
 * results/.basin/forced/ says so until the run ended well.                   */
#include "commands.h"
#include "look.h"

#include <basin/mem.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char *note_path(const char *results, const char *name)
{
    return bn_format("%s/.basin/forced/%s", results, name);
}

bool store_is_forced(const char *results, const char *name)
{
    char *path = note_path(results, name);
    const bool forced = path != NULL && access(path, F_OK) == 0;
    free(path);
    return forced;
}

void store_unforce(const char *results, const char *name)
{
    char *path = note_path(results, name);
    if (path != NULL)
        unlink(path);
    free(path);
}

static bn_status force(const char *results, const char *name)
{
    if (store_is_own(results, name))
        return bn_fail(BN_USAGE, "%s/%s is a file of your own; no stage makes it", results,
                       name);
    char *path = note_path(results, name);
    const bn_status rc = path ? file_write(path, "forced\n") : BN_NOMEM;
    free(path);
    BN_TRY(rc);
    store_age(results, name);            /* so that Make looks */
    printf("%s/%s: the next make that needs it runs it again, and what depends on it only "
           "if something else comes out\n", results, name);
    return BN_OK;
}

int force_main(int argc, char **argv)
{
    struct look_options o;
    struct look l = { 0 };
    struct list names = { 0 };
    if (argc < 2) {
        command_help(stderr, "force");
        return BN_USAGE;
    }
    bn_status rc = look_options(&o, argc, argv);
    if (rc == BN_OK && o.rest.n == 0)
        rc = bn_fail(BN_USAGE, "name what to run again: basin force ring/weights");
    if (rc == BN_OK)
        rc = look_open(&l, &o);
    for (size_t i = 0; i < o.rest.n && rc == BN_OK; i++)
        rc = look_target(&l, o.rest.at[i], &names);
    for (size_t i = 0; i < names.n && rc == BN_OK; i++)
        rc = force(o.results, names.at[i]);
    if (rc != BN_OK)
        fprintf(stderr, "basin force: %s\n", bn_error());
    list_free(&names);
    list_free(&o.rest);
    look_close(&l);
    return (int)rc;
}
