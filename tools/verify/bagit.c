/* SPDX-License-Identifier: MIT
 *
 * BagIt (RFC 8493): the bag is complete, every file listed and every listed file there, and
 * valid, every file what its digest says.  Stricter than the RFC in one point: every tag file
 * must be listed too, since an unlisted one could be changed by anybody.     */
#include "verify.h"

#include <basin/mem.h>
#include <basin/text.h>

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

static bool begins(const char *text, const char *start)
{
    return strncmp(text, start, strlen(start)) == 0;
}

/* A text that is there, whole and without a NUL; NULL: it is not (and that was noted). */
static bn_status text_in(struct bag *b, const char *name, const char **text)
{
    const struct bag_file *f = bag_find(b, name);
    *text = NULL;
    if (f == NULL || f->folder)
        return bag_problem(b, "%s is missing%s", name, b->kind == BAG_FOLDER &&
                           strcmp(name, "bagit.txt") == 0
                           ? ": is this the folder of a bag?" : "");
    const char *t = f->text != NULL ? f->text : "";
    if (strlen(t) != f->size)
        return bag_problem(b, "%s: it has a NUL byte", name);
    if (begins(t, "\xef\xbb\xbf"))
        return bag_problem(b, "%s: it starts with a byte-order mark, which RFC 8493 forbids",
                           name);
    *text = t;
    return BN_OK;
}

/* --- bagit.txt and bag-info.txt ------------------------------------------- */

static bool same_lines(const char *a, const char *b)
{
    for (; *a != '\0' || *b != '\0'; a++, b++) {
        while (*a == '\r' && a[1] == '\n')
            a++;
        if (*a != *b)
            return *a == '\0' && strcmp(b, "\n") == 0;
    }
    return true;
}

static bn_status check_declaration(struct bag *b)
{
    const char *text;
    BN_TRY(text_in(b, "bagit.txt", &text));
    if (text != NULL &&
        !same_lines(text, "BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n"))
        return bag_problem(b, "bagit.txt: it does not say BagIt-Version: 1.0 and "
                           "Tag-File-Character-Encoding: UTF-8");
    return BN_OK;
}

static bn_status check_oxum(struct bag *b)
{
    const char *text;
    unsigned long long bytes = 0, files = 0, want_bytes, want_files;
    char end;
    if (bag_find(b, "bag-info.txt") == NULL)
        return BN_OK;
    BN_TRY(text_in(b, "bag-info.txt", &text));
    for (size_t i = 0; i < b->n; i++)
        if (!b->at[i].folder && begins(b->at[i].name, "data/")) {
            bytes += b->at[i].size;
            files++;
        }
    for (const char *l = text; l != NULL && *l != '\0';) {
        char line[64];
        snprintf(line, sizeof line, "%.*s", (int)strcspn(l, "\r\n"), l);
        for (char *c = line; *c != '\0' && *c != ':'; c++)
            *c = (char)tolower((unsigned char)*c);
        if (begins(line, "payload-oxum:")) {
            if (sscanf(line + 13, " %20llu.%20llu %c", &want_bytes, &want_files, &end) != 2)
                BN_TRY(bag_problem(b, "bag-info.txt: Payload-Oxum is not `bytes.files`"));
            else if (want_bytes != bytes || want_files != files)
                BN_TRY(bag_problem(b, "bag-info.txt: Payload-Oxum says %llu bytes in %llu "
                                   "files, there are %llu in %llu", want_bytes, want_files,
                                   bytes, files));
        }
        l += strcspn(l, "\n");
        l += *l == '\n';
    }
    return BN_OK;
}

/* --- manifests ------------------------------------------------------------ */

/* %0A, %0D and %25 stand for what would end a line, and for themselves; in place. */
static void decode(char *name)
{
    char *to = name;
    for (const char *from = name; *from != '\0'; to++) {
        static const struct {
            const char *code;
            char byte;
        } codes[] = { { "%0a", '\n' }, { "%0d", '\r' }, { "%25", '%' } };
        *to = *from;
        size_t skip = 1;
        for (size_t i = 0; i < BN_LEN(codes); i++)
            if (from[0] == '%' && from[1] == codes[i].code[1] && from[2] != '\0' &&
                tolower((unsigned char)from[2]) == codes[i].code[2]) {
                *to = codes[i].byte;
                skip = 3;
            }
        from += skip;
    }
    *to = '\0';
}

struct manifest {
    const char *name;
    size_t digits;                       /* of a digest */
    bool tag;
};

static const char *digest_of(const struct bag_file *f, const struct manifest *m)
{
    return m->digits == 128 ? f->sha512 : f->sha256;
}

static bn_status check_line(struct bag *b, const struct manifest *m, char *line, size_t number)
{
    char shown[128];
    const size_t n = strspn(line, "0123456789abcdefABCDEF");
    const size_t blank = strspn(line + n, " \t");
    char *name = line + n + blank;
    if (n != m->digits || blank == 0 || *name == '\0')
        return bag_problem(b, "%s:%zu: it is not a digest of %zu hexadecimal digits, blanks "
                           "and a name", m->name, number, m->digits);
    decode(name);
    const char *fault = name_fault(name, strlen(name));
    if (fault != NULL)
        return bn_fail(BAG_REFUSED, "%s: %s:%zu: the name `%s` %s: refused", b->path, m->name,
                       number, name_shown(name, shown), fault);
    if (begins(name, "data/") == m->tag)
        return bag_problem(b, "%s:%zu: `%s` belongs into the other manifest", m->name, number,
                           name_shown(name, shown));
    char *normal = name_normal(name);
    if (normal == NULL)
        return BN_NOMEM;
    struct bag_file *f = bag_find(b, normal);
    free(normal);
    if (f == NULL || f->folder)
        return bag_problem(b, "`%s` is missing: %s lists it", name_shown(name, shown), m->name);
    if (f->listed)
        return bag_problem(b, "%s:%zu: `%s` is listed twice", m->name, number,
                           name_shown(name, shown));
    f->listed = true;
    for (size_t i = 0; i < n; i++)
        line[i] = (char)tolower((unsigned char)line[i]);
    if (strncmp(line, digest_of(f, m), n) != 0)
        return bag_problem(b, "`%s` was changed: its digest is not what %s says",
                           name_shown(name, shown), m->name);
    return BN_OK;
}

static bool belongs(const struct bag_file *f, const struct manifest *m)
{
    return !f->folder && begins(f->name, "data/") != m->tag &&
           !(m->tag && begins(f->name, "tagmanifest-"));
}

static bn_status check_manifest(struct bag *b, const struct manifest *m)
{
    const char *text;
    char shown[128];
    BN_TRY(text_in(b, m->name, &text));
    char *copy = text != NULL ? bn_copy(text) : NULL, *next = NULL;
    if (text != NULL && copy == NULL)
        return BN_NOMEM;
    for (size_t i = 0; i < b->n; i++)
        b->at[i].listed = false;
    bn_status rc = BN_OK;
    size_t number = 1;
    for (char *line = copy; line != NULL && *line != '\0' && rc == BN_OK; line = next) {
        const size_t n = strcspn(line, "\n");
        next = line + n + (line[n] == '\n');
        line[n] = '\0';
        if (n > 0 && line[n - 1] == '\r')
            line[n - 1] = '\0';
        rc = check_line(b, m, line, number++);
    }
    free(copy);
    for (size_t i = 0; i < b->n && rc == BN_OK && text != NULL; i++)
        if (!b->at[i].listed && belongs(&b->at[i], m))
            rc = bag_problem(b, "`%s` is in no line of %s: it was added",
                             name_shown(b->at[i].name, shown), m->name);
    return rc;
}

bn_status bagit_check(struct bag *b)
{
    static const struct manifest needed[] = {
        { "manifest-sha512.txt", 128, false }, { "tagmanifest-sha512.txt", 128, true },
    }, more[] = {
        { "manifest-sha256.txt", 64, false }, { "tagmanifest-sha256.txt", 64, true },
    };
    BN_TRY(check_declaration(b));
    if (bag_find(b, "fetch.txt") != NULL)
        BN_TRY(bag_problem(b, "fetch.txt: files would have to be fetched from elsewhere: put "
                           "them into the bag, and remove it"));
    for (size_t i = 0; i < BN_LEN(needed); i++)
        BN_TRY(check_manifest(b, &needed[i]));
    for (size_t i = 0; i < BN_LEN(more); i++)
        if (bag_find(b, more[i].name) != NULL)
            BN_TRY(check_manifest(b, &more[i]));
    return check_oxum(b);
}
