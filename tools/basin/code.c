/* SPDX-License-Identifier: MIT
 *
 * The identity of code: a digest of what the compiler sees, tokens without
 * comments and white space, of a source file, of the project's headers that it
 * includes, of lib/<module>.c for each of those headers, and so on until nothing
 * new turns up, together with the -D flags.  Not of the machine, the compiler,
 * the path or a date: a result made elsewhere from the same code is the same.
 * A module counts if its header is included, whether or not it is called: that
 * may run a stage once too often, never once too few.                        */
#include "basin.h"

#include <basin/mem.h>

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Sources that only talk to people, and so cannot change a number:
 *   lib/err.c   keeps the sentence of a failure; a failed run leaves no result
 *   lib/conf.c  reads parameter files; the driver hands every value to a stage on
 *               its command line, and values are in the key themselves
 *   lib/stage_show.c  prints --help and --schema
 * Their headers stay in: they hold macros and types that others compile.     */
static const char *const left_out[] = { "lib/err.c", "lib/conf.c", "lib/stage_show.c" };

/* --- tokens -------------------------------------------------------------- */

struct scan {
    const char *p;
    bn_digest *d;
    bool start;                          /* of a line */
    bool directive;                      /* in a line that starts with # */
    bool define;                         /* just after `#define` */
};

static void emit(struct scan *s, const char *begin, size_t n)
{
    bn_digest_add(s->d, begin, n);
    bn_digest_add(s->d, "", 1);
}

static const char *skip_literal(const char *p)
{
    const char quote = *p++;
    for (; *p != '\0' && *p != quote && *p != '\n'; p++)
        if (*p == '\\' && p[1] != '\0')
            p++;
    return p + (*p == quote);
}

/* Identifiers and numbers; "1e-5" is one number. */
static const char *skip_word(const char *p)
{
    const bool number = isdigit((unsigned char)*p) || *p == '.';
    for (;; p++) {
        if (isalnum((unsigned char)*p) || *p == '_' || (number && *p == '.'))
            continue;
        if (!number || (*p != '+' && *p != '-') || strchr("eEpP", p[-1]) == NULL)
            return p;
    }
}

static const char *skip_punctuator(const char *p)
{
    static const char *const longer[] = {
        "...", "<<=", ">>=", "->", "++", "--", "<<", ">>", "<=", ">=", "==", "!=", "&&",
        "||", "*=", "/=", "%=", "+=", "-=", "&=", "^=", "|=", "##",
    };
    for (size_t i = 0; i < BN_LEN(longer); i++)
        if (strncmp(p, longer[i], strlen(longer[i])) == 0)
            return p + strlen(longer[i]);
    return p + 1;
}

/* `.resources = { .hours = 2, .memory = 4 },` of a stage's table: what a run asks of a
 * cluster changes no number.  NULL if something else stands here.           */
static const char *skip_resources(const char *p)
{
    static const char *const parts[] = { ".resources", "=", "{", ".hours", "=", NULL, ",",
                                         ".memory", "=", NULL, "}", "," };
    for (size_t i = 0; i < BN_LEN(parts); i++) {
        const char *number = p += strspn(p, " \t\n");
        if (parts[i] == NULL)
            p += strspn(p, "0123456789.");
        else if (strncmp(p, parts[i], strlen(parts[i])) == 0)
            p += strlen(parts[i]);
        if (p == number)
            return NULL;
    }
    return p;
}

/* White space and comments; the end of a directive is a token of its own. */
static void skip_blank(struct scan *s)
{
    for (const char *end;;) {
        if (*s->p == '.' && !s->directive && (end = skip_resources(s->p)) != NULL) {
            s->p = end;
        } else if (s->p[0] == '/' && s->p[1] == '*') {
            end = strstr(s->p + 2, "*/");
            s->p = end ? end + 2 : s->p + strlen(s->p);
        } else if (s->p[0] == '/' && s->p[1] == '/') {
            s->p += strcspn(s->p, "\n");
        } else if (*s->p == '\n') {
            if (s->directive)
                emit(s, "\n", 1);
            s->directive = s->define = false;
            s->start = true;
            s->p++;
        } else if (*s->p != '\0' && isspace((unsigned char)*s->p)) {
            s->p++;
        } else {
            return;
        }
    }
}

static void scan_tokens(struct scan *s)
{
    for (skip_blank(s); *s->p != '\0'; skip_blank(s)) {
        const char *begin = s->p, *end;
        const unsigned char c = (unsigned char)*begin;
        if (c == '"' || c == '\'')
            end = skip_literal(begin);
        else if (isalnum(c) || c == '_' || (c == '.' && isdigit((unsigned char)begin[1])))
            end = skip_word(begin);
        else
            end = skip_punctuator(begin);
        emit(s, begin, (size_t)(end - begin));
        s->directive = s->directive || (s->start && c == '#');
        s->start = false;
        /* `#define f (x)` is not `#define f(x)` */
        if (s->define)
            emit(s, *end == '(' ? "(" : " ", 1);
        s->define = s->directive && end - begin == 6 && memcmp(begin, "define", 6) == 0;
        s->p = end;
    }
}

/* A backslash before a newline joins the lines, before all else. */
static void join_lines(char *text)
{
    char *out = text;
    for (const char *p = text; *p != '\0'; p++) {
        if (p[0] == '\\' && p[1] == '\n')
            p++;
        else
            *out++ = *p;
    }
    *out = '\0';
}

/* --- the closure of a source --------------------------------------------- */

static bool is_left_out(const char *path)
{
    for (size_t i = 0; i < BN_LEN(left_out); i++)
        if (strcmp(path, left_out[i]) == 0)
            return true;
    return false;
}

static bn_status add_file(struct list *files, const char *path)
{
    if (is_left_out(path) || list_has(files, path) || !file_exists(path))
        return BN_OK;
    return list_add(files, path);
}

/* A module is lib/<module>.c and whatever is called lib/<module>_<part>.c. */
static bn_status add_module(struct list *files, const char *module)
{
    static struct list names;            /* of lib/, read once */
    const size_t n = strlen(module);
    bn_status rc = names.n ? BN_OK : file_names("lib", ".c", &names);
    for (size_t i = 0; i < names.n && rc == BN_OK; i++) {
        if (strncmp(names.at[i], module, n) != 0 || strchr("._", names.at[i][n]) == NULL)
            continue;
        char *path = bn_format("lib/%s", names.at[i]);
        rc = path ? add_file(files, path) : BN_NOMEM;
        free(path);
    }
    return rc;
}

/* What follows the # of `#include <basin/x.h>` or `#include "x.h"` in `from`. */
static bn_status add_include(struct list *files, const char *from, const char *line)
{
    char name[128];
    char *path = NULL;
    bn_status rc = BN_OK;
    if (sscanf(line, "include <basin/%100[a-z0-9_].h>", name) == 1) {
        path = bn_format("lib/basin/%s.h", name);
        rc = path ? add_module(files, name) : BN_NOMEM;
    } else if (sscanf(line, "include \"%100[A-Za-z0-9_./-]\"", name) == 1) {
        const char *slash = strrchr(from, '/');
        path = bn_format("%.*s%s", slash ? (int)(slash - from + 1) : 0, from, name);
    } else {
        return BN_OK;
    }
    if (rc == BN_OK)
        rc = path ? add_file(files, path) : BN_NOMEM;
    free(path);
    return rc;
}

static bn_status find_closure(const char *source, struct list *files)
{
    if (!file_exists(source))
        return bn_fail(BN_INPUT, "%s: no such source", source);
    BN_TRY(list_add(files, source));
    if (strncmp(source, "stages/", 7) == 0)
        BN_TRY(add_file(files, "lib/stage_main.c"));
    for (size_t i = 0; i < files->n; i++) {
        char *text;
        bn_status rc = file_read(files->at[i], &text, NULL);
        for (char *line = text; rc == BN_OK && line != NULL && *line != '\0';) {
            const char *p = line + strspn(line, " \t");
            if (*p == '#')
                rc = add_include(files, files->at[i], p + 1 + strspn(p + 1, " \t"));
            line = strchr(line, '\n');
            line += line != NULL;
        }
        free(text);
        BN_TRY(rc);
    }
    list_sort(files);
    return BN_OK;
}

/* Found once per process for the source that was asked for last: `basin run` asks for
 * one source, whether it is built, what it is and of which files.            */
static bn_status closure(const char *source, const struct list **files)
{
    static struct list last;
    static char *of;
    *files = &last;
    if (of != NULL && strcmp(of, source) == 0)
        return BN_OK;
    free(of);
    of = NULL;
    list_free(&last);
    BN_TRY(find_closure(source, &last));
    of = bn_copy(source);
    return of ? BN_OK : BN_NOMEM;
}

/* --- digests, each file's tokens hashed once per process ----------------- */

static bn_status token_hash(const char *path, char hex[BN_HEX])
{
    static struct list paths, hashes;
    for (size_t i = 0; i < paths.n; i++)
        if (strcmp(paths.at[i], path) == 0) {
            memcpy(hex, hashes.at[i], BN_HEX);
            return BN_OK;
        }
    char *text;
    BN_TRY(file_read(path, &text, NULL));
    struct scan s = { .start = true };
    bn_status rc = bn_digest_new(&s.d);
    if (rc == BN_OK) {
        join_lines(text);
        s.p = text;
        scan_tokens(&s);
        bn_digest_end(s.d, hex);
        rc = list_add(&hashes, hex);
    }
    if (rc == BN_OK)
        rc = list_add(&paths, path);
    free(text);
    return rc;
}

/* The -D flags of this build, in the order of the alphabet. */
static bn_status add_defines(const char *build, bn_digest *d)
{
    char *path = bn_format("%s/flags", build), *text = NULL;
    struct list defines = { 0 };
    bn_status rc = path ? BN_OK : BN_NOMEM;
    if (rc == BN_OK && file_exists(path))
        rc = file_read(path, &text, NULL);
    char *rest = NULL;
    for (char *w = text ? strtok_r(text, " \n", &rest) : NULL; w && rc == BN_OK;
         w = strtok_r(NULL, " \n", &rest))
        if (strncmp(w, "-D", 2) == 0)
            rc = list_add(&defines, w);
    list_sort(&defines);
    for (size_t i = 0; i < defines.n; i++)
        bn_digest_text(d, defines.at[i]);
    list_free(&defines);
    free(text);
    free(path);
    return rc;
}

bn_status code_identity(const char *build, const char *source, char hex[BN_HEX])
{
    const struct list *files;
    bn_digest *d = NULL;
    bn_status rc = closure(source, &files);
    if (rc == BN_OK)
        rc = bn_digest_new(&d);
    if (rc == BN_OK)
        rc = add_defines(build, d);
    for (size_t i = 0; i < files->n && rc == BN_OK; i++) {
        rc = token_hash(files->at[i], hex);
        bn_digest_text(d, files->at[i]);
        bn_digest_text(d, hex);
    }
    if (d != NULL)
        bn_digest_end(d, hex);
    return rc;
}

bn_status code_files(const char *source, json_t *hashes)
{
    const struct list *files;
    bn_status rc = closure(source, &files);
    for (size_t i = 0; i < files->n && rc == BN_OK; i++) {
        char hex[BN_HEX];
        rc = token_hash(files->at[i], hex);
        if (rc == BN_OK)
            json_object_set_new(hashes, files->at[i], json_string(hex));
    }
    return rc;
}

/* --- what the programs were built from ----------------------------------- */

/* Make compares times, and a source that was put back with an old time (from an
 * archive, by `cp -p` or `mv`) looks built.  So tools/compile writes down beside each
 * object what the compiler read, `<SHA-256>  <path>` a line, and that is compared. */
enum built { BUILT, NOT_YET, FROM_ANOTHER };

static bool is_later(const struct timespec *a, const struct timespec *b)
{
    return a->tv_sec > b->tv_sec || (a->tv_sec == b->tv_sec && a->tv_nsec > b->tv_nsec);
}

static bn_status file_hash(const char *path, const char **hex)
{
    static struct list paths, hashes;    /* each once per process */
    char now[BN_HEX];
    for (size_t i = 0; i < paths.n; i++)
        if (strcmp(paths.at[i], path) == 0) {
            *hex = hashes.at[i];
            return BN_OK;
        }
    BN_TRY(bn_digest_file(path, now));
    BN_TRY(list_add(&hashes, now));
    BN_TRY(list_add(&paths, path));
    *hex = hashes.at[hashes.n - 1];
    return BN_OK;
}

/* A file that nobody touched since the object was made needs no hashing. */
static bn_status compare_source(const char *path, const char *recorded,
                                const struct stat *object, enum built *built)
{
    struct stat st;
    const char *now;
    if (stat(path, &st) != 0 || is_later(&st.st_mtim, &object->st_mtim)) {
        *built = NOT_YET;                /* Make sees that, too */
        return BN_OK;
    }
    if (!is_later(&st.st_ctim, &object->st_mtim))
        return BN_OK;
    BN_TRY(file_hash(path, &now));
    if (strcmp(now, recorded) != 0)
        *built = FROM_ANOTHER;
    return BN_OK;
}

/* `base` is a source without its ending, "lib/h5"; `from` is set to what differs. */
static bn_status check_object(const char *build, const char *base, enum built *built,
                              char from[256])
{
    char *sum = bn_format("%s/%s.sum", build, base), *text = NULL, *rest = NULL;
    char *object = bn_format("%s/%s.o", build, base);
    struct stat st;
    bn_status rc = sum && object ? BN_OK : BN_NOMEM;
    *built = BUILT;
    snprintf(from, 256, "%s.c", base);
    if (rc == BN_OK && stat(object, &st) != 0)
        *built = NOT_YET;
    else if (rc == BN_OK && file_exists(sum))
        rc = file_read(sum, &text, NULL);
    if (text != NULL && text[0] == '\0')
        *built = FROM_ANOTHER;           /* saved while the compiler was reading */
    for (char *l = text ? strtok_r(text, "\n", &rest) : NULL;
         l && rc == BN_OK && *built == BUILT; l = strtok_r(NULL, "\n", &rest)) {
        char hash[BN_HEX], path[256];
        if (sscanf(l, "%64[0-9a-f]  %255s", hash, path) != 2)
            continue;
        rc = compare_source(path, hash, &st, built);
        if (*built != BUILT)
            memcpy(from, path, sizeof path);
    }
    free(text);
    free(object);
    free(sum);
    return rc;
}

bn_status code_drop_wrong_objects(const char *build)
{
    static const char *const folders[] = { "lib", "stages", "tools/basin" };
    bn_status rc = BN_OK;
    for (size_t k = 0; k < BN_LEN(folders) && rc == BN_OK; k++) {
        struct list names = { 0 };
        char *folder = bn_format("%s/%s", build, folders[k]);
        rc = folder ? file_names(folder, ".sum", &names) : BN_NOMEM;
        for (size_t i = 0; i < names.n && rc == BN_OK; i++) {
            enum built built;
            char from[256];
            char *base = bn_format("%s/%.*s", folders[k], (int)strlen(names.at[i]) - 4,
                                   names.at[i]);
            char *object = base ? bn_format("%s/%s.o", build, base) : NULL;
            rc = object ? check_object(build, base, &built, from) : BN_NOMEM;
            if (rc == BN_OK && built == FROM_ANOTHER)
                unlink(object);
            free(object);
            free(base);
        }
        list_free(&names);
        free(folder);
    }
    return rc;
}

/* Every object of the closure was compiled from what stands there now, before the
 * program was linked. */
bn_status code_is_built(const char *build, const char *source, const char *program)
{
    const struct list *files;
    struct stat linked, st;
    if (stat(program, &linked) != 0)
        return bn_fail(BN_INPUT, "%s: not built; run make again", program);
    bn_status rc = closure(source, &files);
    for (size_t i = 0; i < files->n && rc == BN_OK; i++) {
        const char *dot = strrchr(files->at[i], '.');
        enum built built = BUILT;
        char from[256];
        if (stat(files->at[i], &st) != 0 || is_later(&st.st_mtim, &linked.st_mtim))
            built = NOT_YET;
        snprintf(from, sizeof from, "%s", files->at[i]);
        if (built == BUILT && strcmp(dot, ".c") == 0) {
            char *base = bn_format("%.*s", (int)(dot - files->at[i]), files->at[i]);
            rc = base ? check_object(build, base, &built, from) : BN_NOMEM;
            free(base);
        }
        if (rc == BN_OK && built != BUILT)
            rc = bn_fail(BN_INPUT, "%s: sources changed while make was running (%s was "
                         "built from another text): run make again", from, program);
    }
    return rc;
}

/* --- gnuplot scripts ----------------------------------------------------- */

/* Every file that a script names between quotes: what it loads or calls, anywhere in a
 * line, and data that it plots.  Data of artifacts come by variables, and are inputs. */
static bn_status script_closure(struct list *files)
{
    for (size_t i = 0; i < files->n; i++) {
        char *text;
        bn_status rc = file_read(files->at[i], &text, NULL);
        for (const char *p = text; rc == BN_OK && (p = strpbrk(p, "\"'")) != NULL;) {
            const size_t n = strcspn(p + 1, p[0] == '"' ? "\"\n" : "'\n");
            char *name = bn_format("%.*s", (int)n, p + 1);
            struct stat st;
            if (name == NULL)
                rc = BN_NOMEM;
            else if (stat(name, &st) == 0 && S_ISREG(st.st_mode) && !list_has(files, name))
                rc = list_add(files, name);
            free(name);
            /* an apostrophe in a comment opens nothing: go on behind the quote */
            p++;
        }
        free(text);
        BN_TRY(rc);
    }
    return BN_OK;
}

bn_status code_files_of_script(const char *script, json_t *hashes)
{
    struct list files = { 0 };
    bn_status rc = list_add(&files, script);
    if (rc == BN_OK)
        rc = script_closure(&files);
    for (size_t i = 0; i < files.n && rc == BN_OK; i++) {
        char hex[BN_HEX];
        rc = bn_digest_file(files.at[i], hex);
        if (rc == BN_OK)
            json_object_set_new(hashes, files.at[i], json_string(hex));
    }
    list_free(&files);
    return rc;
}

bn_status code_of_script(const char *script, bn_digest *d)
{
    json_t *hashes = json_object(), *hash;   /* in the order in which they turn up */
    const char *path;
    const bn_status rc = code_files_of_script(script, hashes);
    json_object_foreach(hashes, path, hash) {
        bn_digest_text(d, path);
        bn_digest_text(d, json_string_value(hash));
    }
    json_decref(hashes);
    return rc;
}
