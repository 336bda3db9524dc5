/* SPDX-License-Identifier: MIT
 *
 * `basin accept NODE --why TEXT`: the code of a stage changed, and its author knows
 * that the result did not.  The same bytes get the key of the new code, and their
 * manifest says who said so, when and why.  Refused unless the code is the only thing
 * that changed.                                                              */
#include "commands.h"
#include "look.h"
#include "look_priv.h"

#include <basin/mem.h>

#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

enum { REFUSED = 1 };

/* --- may it be? ---------------------------------------------------------- */

static bn_status check_inputs(const struct look *l, const struct look_node *n,
                              const json_t *digests)
{
    struct list inputs = { 0 };
    bn_status rc = look_inputs(n->node, &inputs);
    for (size_t i = 0; i < inputs.n && rc == BN_OK; i++) {
        const struct look_node *input = look_find(l, inputs.at[i]);
        if (input != NULL && look_is_due(input->state))
            rc = bn_fail(BN_USAGE, "%s needs %s, which is not up to date: make that first, "
                         "or accept it, too", n->name, inputs.at[i]);
    }
    list_free(&inputs);
    const json_t *old = json_object_get(n->object.manifest, "inputs");
    const char *role;
    json_t *digest;
    json_object_foreach((json_t *)(uintptr_t)digests, role, digest)
        if (rc == BN_OK && !json_equal(digest, json_object_get(old, role)))
            rc = bn_fail(BN_USAGE, "%s: its input `%s` is not what it was made from; make "
                         "it", n->name, role);
    if (rc == BN_OK && json_object_size(old) != json_object_size(digests))
        rc = bn_fail(BN_USAGE, "%s: it has other inputs than when it was made; make it",
                     n->name);
    return rc;
}

static bn_status check_parameters(const struct look_node *n)
{
    const json_t *now = json_object_get(n->node, "parameters");
    const char *key;
    json_t *old;
    json_object_foreach(json_object_get(n->object.manifest, "parameters"), key, old) {
        const json_t *value = json_object_get(now, key);
        if (value == NULL)
            return bn_fail(BN_USAGE, "%s: it was made with a parameter `%s`, which its "
                           "stage does not have any more; make it", n->name, key);
        if (!json_equal(old, value))
            return bn_fail(BN_USAGE, "%s: %s was %s and is %s now, so it is another result; "
                           "make it", n->name, key, json_string_value(old),
                           json_string_value(value));
    }
    return BN_OK;
}

static bn_status check(struct look *l, struct look_node *n, json_t *digests)
{
    const json_t *m = n->object.manifest;
    const char *code = text_of(n->node, "code");
    struct object other;
    char k1[BN_HEX];
    bool known;
    BN_TRY(look_at(l, n->name));
    m = n->object.manifest;
    if (n->state == LOOK_OWN)
        return bn_fail(BN_USAGE, "%s is a file of your own; no code makes it", n->name);
    if (m == NULL)
        return bn_fail(BN_USAGE, "%s: there is no result to keep; make it", n->name);
    if (strncmp(code, "missing: ", 9) == 0)
        return bn_fail(BN_USAGE, "%s: %s", n->name, code + 9);
    BN_TRY(look_digests(l, n, digests, &known));
    BN_TRY(check_inputs(l, n, digests));
    BN_TRY(check_parameters(n));
    if (strcmp(text_of(m, "stage"), text_of(n->node, "stage")) != 0)
        return bn_fail(BN_USAGE, "%s: the stage `%s` made it, not `%s`", n->name,
                       text_of(m, "stage"), text_of(n->node, "stage"));
    if (strcmp(text_of(m, "code"), code) == 0)
        return bn_fail(BN_USAGE, "%s: its code has not changed; there is nothing to accept",
                       n->name);
    BN_TRY(store_key(n->node, digests, k1));
    if (store_find(l->results, n->name, k1, json_object_get(n->node, "parameters"), &other)) {
        object_free(&other);
        return bn_fail(BN_USAGE, "%s: the new code has run already; make takes its result "
                       "from the cache", n->name);
    }
    return BN_OK;
}

/* --- the record ---------------------------------------------------------- */

static json_t *record(const struct look_node *n, const char *why)
{
    struct utsname u = { 0 };
    struct tm tm;
    char date[32] = "";
    const time_t t = time(NULL);
    const struct passwd *user = getpwuid(geteuid());
    if (gmtime_r(&t, &tm) == NULL || strftime(date, sizeof date, "%FT%TZ", &tm) == 0 ||
        uname(&u) != 0)
        return NULL;
    char *who = user ? bn_format("%s@%s", user->pw_name, u.nodename)
                     : bn_format("%lu@%s", (unsigned long)geteuid(), u.nodename);
    json_t *accepted = json_pack("{ss ss ss ss ss}", "who", who ? who : "", "when", date,
                                 "why", why, "old_code",
                                 text_of(n->object.manifest, "code"), "new_code",
                                 text_of(n->node, "code"));
    json_t *before = json_object_get(n->object.manifest, "accepted");
    if (before != NULL)
        json_object_set(accepted, "before", before);
    free(who);
    return accepted;
}

/* Another name for the same bytes, or a copy where there are no hard links. */
static bn_status double_file(const char *from, const char *to)
{
    BN_TRY(file_make_folders(to));
    unlink(to);
    if (link(from, to) == 0)
        return BN_OK;
    char block[1 << 16];
    FILE *in = fopen(from, "rb"), *out = in ? fopen(to, "wb") : NULL;
    bool good = out != NULL;
    for (size_t n; good && (n = fread(block, 1, sizeof block, in)) > 0;)
        good = fwrite(block, 1, n, out) == n;
    good = good && !ferror(in);
    if (in != NULL)
        fclose(in);
    if (out != NULL && fclose(out) != 0)
        good = false;
    if (good)
        return BN_OK;
    const int reason = errno;
    unlink(to);
    return bn_fail(BN_OUTPUT, "%s: cannot be written (%s); free some space, or make the "
                   "folder writable", to, strerror(reason));
}

static bn_status accept(const struct look *l, const struct look_node *n,
                        const json_t *digests, const char *why)
{
    const char *ext = strrchr(n->name, '.');
    struct object o = { 0 };
    char k1[BN_HEX];
    json_t *m = json_deep_copy(n->object.manifest), *accepted = record(n, why);
    char *made = bn_format("%s/cache/tmp/%ld%s", l->results, (long)getpid(), ext);
    bn_status rc = m && accepted && made ? store_key(n->node, digests, k1) : BN_NOMEM;
    if (rc == BN_OK) {
        json_object_set_new(m, "code", json_string(text_of(n->node, "code")));
        json_object_set(m, "accepted", accepted);
        rc = double_file(n->object.path, made);
    }
    if (rc == BN_OK)
        rc = store_publish(l->results, n->name, made, k1, m, &o);
    if (rc == BN_OK)
        rc = look_note_code(l->results, n->node);
    if (rc == BN_OK)
        rc = store_link(l->results, n->name, &o);
    if (rc == BN_OK)
        printf("%s/%s: kept as the result of the new code; its manifest says that %s said "
               "so\n", l->results, n->name, text_of(accepted, "who"));
    if (made != NULL)
        unlink(made);
    object_free(&o);
    free(made);
    json_decref(accepted);
    json_decref(m);
    return rc;
}

/* --- the command --------------------------------------------------------- */

/* Takes --why out of argv. */
static const char *take_why(int *argc, char **argv)
{
    const char *why = NULL;
    int n = 1;
    for (int i = 1; i < *argc; i++)
        if (strcmp(argv[i], "--why") == 0 && i + 1 < *argc)
            why = argv[++i];
        else
            argv[n++] = argv[i];
    *argc = n;
    return why;
}

static bn_status accept_all(struct look *l, const struct list *names, const char *why,
                            bool *refused)
{
    for (size_t i = 0; i < names->n; i++) {
        struct look_node *n = look_find(l, names->at[i]);
        json_t *digests = json_object();
        bn_status rc = n ? check(l, n, digests)
                         : bn_fail(BN_USAGE, "%s: no stage makes it", names->at[i]);
        *refused = rc == BN_USAGE;
        if (rc == BN_OK)
            rc = store_verify(l->results, &n->object);
        if (rc == BN_OK)
            rc = accept(l, n, digests, why);
        json_decref(digests);
        BN_TRY(rc);
    }
    return BN_OK;
}

int accept_main(int argc, char **argv)
{
    struct look_options o = { 0 };
    struct look l = { 0 };
    struct list names = { 0 };
    bool refused = false;
    int in_use = -1;
    if (argc < 2) {
        command_help(stderr, "accept");
        return BN_USAGE;
    }
    const char *why = take_why(&argc, argv);
    bn_status rc = look_options(&o, argc, argv);
    if (rc == BN_OK && (o.rest.n == 0 || why == NULL || why[strspn(why, " \t\n")] == '\0'))
        rc = bn_fail(BN_USAGE, "say what to keep, and why: basin accept ring/weights "
                     "--why \"only renamed a variable\"");
    if (rc == BN_OK)
        rc = gc_keep_out(o.results, &in_use);
    if (rc == BN_OK)
        rc = look_open(&l, &o);
    for (size_t i = 0; i < o.rest.n && rc == BN_OK; i++)
        rc = look_target(&l, o.rest.at[i], &names);
    if (rc == BN_OK)
        rc = accept_all(&l, &names, why, &refused);
    if (rc != BN_OK)
        fprintf(stderr, "basin accept: %s%s\n", refused ? "refused: " : "", bn_error());
    if (in_use >= 0)
        close(in_use);
    list_free(&names);
    list_free(&o.rest);
    look_close(&l);
    return refused ? REFUSED : (int)rc;
}
