/* SPDX-License-Identifier: MIT
 * libconfuse counts lines wrongly after a comment, loses the file name within a
 * section and reports a list item by item.  So the outline of a file (comments,
 * sections, includes, where a value begins and ends) is read here, with its lines,
 * and libconfuse reads each value: quotes, escapes, the environment, lists.  */
#include <basin/conf.h>

#include <basin/mem.h>
#include <basin/text.h>

#include <confuse.h>
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { DEPTH = 16 };                     /* of nested includes */

struct source {
    const char *path;
    char *text;
    const char *at;
    long line;
    dev_t device;
    ino_t inode;
    const struct source *outer;          /* the file that includes this one */
    int depth;
};

struct reader {
    const struct bn_section *sections;
    size_t n;
    bn_assign *assign;
    void *context;
};

/* A text that grows; every append can fail, and the last one tells. */
struct buffer {
    char *text;
    size_t length, size;
    bool failed;
};

static void put(struct buffer *b, const char *text, size_t n)
{
    if (b->failed)
        return;
    if (b->length + n + 1 > b->size) {
        const size_t size = 2 * (b->length + n + 1);
        char *grown = bn_grow(b->text, size, 1);
        if (grown == NULL) {
            b->failed = true;
            return;
        }
        b->text = grown;
        b->size = size;
    }
    memcpy(b->text + b->length, text, n);
    b->length += n;
    b->text[b->length] = '\0';
}

/* --- tokens --------------------------------------------------------------- */

static bn_status skip_comment(struct source *s)
{
    const long first = s->line;

    for (s->at += 2; strncmp(s->at, "*/", 2) != 0; s->at++) {
        if (*s->at == '\0')
            return bn_fail(BN_USAGE, "%s:%ld: the comment that begins here is never "
                           "closed by */", s->path, first);
        s->line += *s->at == '\n';
    }
    s->at += 2;
    return BN_OK;
}

static bool line_comment(const char *at)
{
    return *at == '#' || strncmp(at, "//", 2) == 0;
}

static bn_status skip_blank(struct source *s)
{
    for (;;) {
        if (line_comment(s->at)) {
            s->at += strcspn(s->at, "\n");
        } else if (strncmp(s->at, "/*", 2) == 0) {
            BN_TRY(skip_comment(s));
        } else if (*s->at != '\0' && isspace((unsigned char)*s->at)) {
            s->line += *s->at == '\n';
            s->at++;
        } else {
            return BN_OK;
        }
    }
}

/* Length of the bare word at `at`; ${NAME:-a default} counts as one piece. */
static size_t word_length(const char *at)
{
    const char *p = at;

    while (*p != '\0') {
        if (p[0] == '$' && p[1] == '{' && strcspn(p, "}\n") < strcspn(p, "\n"))
            p += strcspn(p, "}") + 1;
        else if (strchr(" \t\r\n\f\v\"'={}(),", *p) != NULL || line_comment(p) ||
                 strncmp(p, "/*", 2) == 0 || strncmp(p, "+=", 2) == 0)
            break;
        else
            p++;
    }
    return (size_t)(p - at);
}

static bn_status unexpected(const struct source *s, const char *where)
{
    if (*s->at == '\0')
        return bn_fail(BN_USAGE, "%s:%ld: the file ends %s", s->path, s->line, where);
    if (*s->at == '\n')
        return bn_fail(BN_USAGE, "%s:%ld: the line ends %s", s->path, s->line, where);
    const size_t n = word_length(s->at) > 0 ? word_length(s->at) : 1;
    return bn_fail(BN_USAGE, "%s:%ld: unexpected `%.*s` %s", s->path, s->line,
                   (int)(n < 80 ? n : 80), s->at, where);
}

/* libconfuse would take an unset variable for an empty text. */
static bn_status check_variables(const struct source *s, const char *text, size_t n)
{
    for (size_t i = 0; i + 1 < n; i++) {
        if (text[i] == '\\')
            i++;
        if (text[i] != '$' || text[i + 1] != '{')
            continue;
        char name[128];
        const char *first = text + i + 2;
        const size_t length = strcspn(first, ":}");
        if (first[length] == ':' && first[length + 1] == '-')
            continue;
        if (length >= sizeof name)
            return bn_fail(BN_USAGE, "%s:%ld: the name of an environment variable is too "
                           "long", s->path, s->line);
        memcpy(name, first, length);
        name[length] = '\0';
        if (getenv(name) == NULL)
            return bn_fail(BN_USAGE, "%s:%ld: the environment variable %s is not set; set "
                           "it, or write ${%s:-default}", s->path, s->line, name, name);
    }
    return BN_OK;
}

static bn_status skip_quoted(struct source *s)
{
    const long first = s->line;
    const char quote = *s->at++;

    for (; *s->at != quote; s->at++) {
        if (*s->at == '\\' && s->at[1] != '\0')
            s->at++;
        if (*s->at == '\0')
            return bn_fail(BN_USAGE, "%s:%ld: the text that begins here is never closed by "
                           "%c", s->path, first, quote);
        s->line += *s->at == '\n';
    }
    s->at++;
    return BN_OK;
}

static bn_status read_quoted(struct source *s, struct buffer *raw)
{
    const char *first = s->at;

    BN_TRY(skip_quoted(s));
    const size_t n = (size_t)(s->at - first);
    if (*first == '"')
        BN_TRY(check_variables(s, first, n));
    put(raw, first, n);
    return BN_OK;
}

/* A bare word goes to libconfuse in quotes: it would drop the + of 1e+3 and split
 * ${A}/b in two.                                                             */
static bn_status read_word(struct source *s, struct buffer *raw)
{
    const size_t n = word_length(s->at);

    BN_TRY(check_variables(s, s->at, n));
    put(raw, "\"", 1);
    for (size_t i = 0; i < n; i++)
        put(raw, s->at[i] == '\\' ? "\\\\" : s->at + i, s->at[i] == '\\' ? 2 : 1);
    put(raw, "\"", 1);
    s->at += n;
    return BN_OK;
}

static bn_status read_one(struct source *s, struct buffer *raw, const char *where)
{
    if (*s->at == '"' || *s->at == '\'')
        return read_quoted(s, raw);
    if (word_length(s->at) == 0)
        return unexpected(s, where);
    return read_word(s, raw);
}

static bn_status read_list(struct source *s, struct buffer *raw)
{
    const long first = s->line;
    bool item = false;                   /* the last thing was an item */

    put(raw, "{", 1);
    for (s->at++;; ) {
        BN_TRY(skip_blank(s));
        if (*s->at == '}')
            break;
        if (*s->at == '\0')
            return bn_fail(BN_USAGE, "%s:%ld: the list that begins here is never closed "
                           "by }", s->path, first);
        if (*s->at == ',' && item) {
            put(raw, ",", 1);
            s->at++;
            item = false;
        } else if (item) {
            return unexpected(s, "in a list: a comma or a } is missing before it");
        } else {
            BN_TRY(read_one(s, raw, "in a list"));
            item = true;
        }
    }
    put(raw, "}", 1);
    s->at++;
    return BN_OK;
}

/* --- values --------------------------------------------------------------- */

static char complaint[256];

static void complain(cfg_t *cfg, const char *fmt, va_list ap)
{
    (void)cfg;
    vsnprintf(complaint, sizeof complaint, fmt, ap);
}

/* Let libconfuse read `value = <raw>`. */
static bn_status decode(const struct source *s, long line, const char *raw, cfg_t **cfg)
{
    cfg_opt_t options[] = { CFG_STR_LIST("value", NULL, CFGF_NODEFAULT), CFG_END() };
    char *text = bn_format("value = %s\n", raw);

    *cfg = NULL;
    if (text == NULL)
        return BN_NOMEM;
    *cfg = cfg_init(options, CFGF_NONE);
    if (*cfg == NULL) {
        free(text);
        return bn_fail(BN_NOMEM, "%s:%ld: out of memory", s->path, line);
    }
    cfg_set_error_function(*cfg, complain);
    strcpy(complaint, "not readable");
    const int rc = cfg_parse_buf(*cfg, text);
    free(text);
    if (rc == CFG_SUCCESS)
        return BN_OK;
    cfg_free(*cfg);
    *cfg = NULL;
    return bn_fail(BN_USAGE, "%s:%ld: %s in the value %s", s->path, line, complaint, raw);
}

static bn_status hand_over(const struct reader *r, const struct source *s, long line,
                           const char *section, const char *key, cfg_t *cfg)
{
    const unsigned n = cfg_size(cfg, "value");
    const char **texts = bn_alloc(n, sizeof *texts);
    char *origin = bn_format("%s:%ld", s->path, line);
    bn_status rc = BN_NOMEM;

    if (texts != NULL && origin != NULL) {
        for (unsigned i = 0; i < n; i++)
            texts[i] = cfg_getnstr(cfg, "value", i);
        const struct bn_assignment a = { section, key, texts, n, origin };
        rc = r->assign(r->context, &a);
    }
    free(origin);
    free(texts);
    return rc;
}

/* --- names ---------------------------------------------------------------- */

static const struct bn_section *find_section(const struct reader *r, const char *name)
{
    for (size_t i = 0; i < r->n; i++)
        if (strcmp(r->sections[i].name, name) == 0)
            return &r->sections[i];
    return NULL;
}

static const struct bn_param *find_key(const struct bn_section *section, const char *key)
{
    for (size_t i = 0; section != NULL && i < section->count; i++)
        if (strcmp(section->params[i].name, key) == 0)
            return &section->params[i];
    return NULL;
}

/* The nearest section name, or with `of` the nearest key of that section. */
static bn_status nearest(const struct reader *r, const struct bn_section *of,
                         const char *name, const char **found)
{
    const size_t n = of != NULL ? of->count : r->n;
    const char **names = bn_alloc(n, sizeof *names);

    if (names == NULL)
        return BN_NOMEM;
    for (size_t i = 0; i < n; i++)
        names[i] = of != NULL ? of->params[i].name : r->sections[i].name;
    *found = bn_nearest(name, names, n);
    free(names);
    if (*found != NULL && (**found == '\0' || strcmp(*found, "*") == 0))
        *found = NULL;
    return BN_OK;
}

static bn_status unknown_section(const struct reader *r, const struct source *s, long line,
                                 const char *name)
{
    const char *near;
    char list[512] = "";
    size_t used = 0;

    if (find_key(find_section(r, ""), name) != NULL)
        return bn_fail(BN_USAGE, "`%s` is a key, not a section (%s:%ld): write %s = ...",
                       name, s->path, line, name);
    BN_TRY(nearest(r, NULL, name, &near));
    if (near != NULL)
        return bn_fail(BN_USAGE, "unknown section [%s] (%s:%ld): did you mean [%s]?", name,
                       s->path, line, near);
    for (size_t i = 0; i < r->n && used + 80 < sizeof list; i++)
        if (*r->sections[i].name != '\0')
            used += (size_t)snprintf(list + used, sizeof list - used, "%s%.60s",
                                     used > 0 ? ", " : "", r->sections[i].name);
    return bn_fail(BN_USAGE, "unknown section [%s] (%s:%ld): the sections are %s", name,
                   s->path, line, used > 0 ? list : "none");
}

/* A key that is right but stands in the wrong place. */
static bn_status misplaced(const struct reader *r, const struct source *s, long line,
                           const struct bn_section *section, const char *key)
{
    const bool top = *section->name == '\0';

    if (top && find_section(r, key) != NULL)
        return bn_fail(BN_USAGE, "`%s` is a section (%s:%ld): write %s { ... }", key,
                       s->path, line, key);
    for (size_t i = 0; i < r->n; i++) {
        const char *home = r->sections[i].name;
        const size_t n = strlen(home);
        if (&r->sections[i] == section)
            continue;
        if (find_key(&r->sections[i], key) != NULL)
            return *home != '\0'
                 ? bn_fail(BN_USAGE, "unknown key `%s`%s%s%s (%s:%ld): it belongs in [%s]",
                           key, top ? "" : " in [", section->name, top ? "" : "]",
                           s->path, line, home)
                 : bn_fail(BN_USAGE, "unknown key `%s` in [%s] (%s:%ld): it belongs before "
                           "the first section", key, section->name, s->path, line);
        if (top && n > 0 && strncmp(key, home, n) == 0 && key[n] == '.')
            return bn_fail(BN_USAGE, "unknown key `%s` (%s:%ld): write %s { %s = ... }",
                           key, s->path, line, home, key + n + 1);
    }
    return BN_OK;
}

static bn_status unknown_key(const struct reader *r, const struct source *s, long line,
                             const struct bn_section *section, const char *key)
{
    const bool top = *section->name == '\0';
    const char *near;
    char list[512] = "";
    size_t used = 0;

    BN_TRY(nearest(r, section, key, &near));
    if (near == NULL)
        BN_TRY(misplaced(r, s, line, section, key));
    for (size_t i = 0; i < section->count && used + 80 < sizeof list; i++)
        used += (size_t)snprintf(list + used, sizeof list - used, "%s%.60s",
                                 used > 0 ? ", " : "", section->params[i].name);
    return bn_fail(BN_USAGE, "unknown key `%s`%s%s%s (%s:%ld): %s%s%s", key,
                   top ? "" : " in [", section->name, top ? "" : "]", s->path, line,
                   near != NULL ? "did you mean `" : "the keys here are ",
                   near != NULL ? near : used > 0 ? list : "none",
                   near != NULL ? "`?" : "");
}

/* --- statements ----------------------------------------------------------- */

static bn_status read_assignment(const struct reader *r, struct source *s, long line,
                                 const struct bn_section *section, const char *key)
{
    const struct bn_param *p = find_key(section, key);
    struct buffer raw = { 0 };
    cfg_t *cfg = NULL;
    char where[160];

    if (p == NULL)
        return unknown_key(r, s, line, section, key);
    s->at++;
    s->at += strspn(s->at, " \t\r");
    snprintf(where, sizeof where, "where the value of `%.100s` was expected", key);
    if (line_comment(s->at))
        s->at += strcspn(s->at, "\n");

    bn_status rc;
    if (*s->at != '{')
        rc = read_one(s, &raw, where);
    else if (p->type < BN_TYPE_REALS)
        rc = bn_fail(BN_USAGE, "%s:%ld: `%s` takes one value, not a list", s->path, line,
                     key);
    else
        rc = read_list(s, &raw);
    if (rc == BN_OK)
        rc = raw.failed ? BN_NOMEM : decode(s, line, raw.text, &cfg);
    if (rc == BN_OK)
        rc = hand_over(r, s, line, section->name, key, cfg);
    if (cfg != NULL)
        cfg_free(cfg);
    free(raw.text);
    return rc;
}

/* Pass over a section that is somebody else's. */
static bn_status skip_section(struct source *s, const char *name)
{
    const long first = s->line;
    int depth = 0;

    do {
        BN_TRY(skip_blank(s));
        if (*s->at == '\0')
            return bn_fail(BN_USAGE, "%s:%ld: the section [%s] is never closed by }",
                           s->path, first, name);
        if (*s->at == '"' || *s->at == '\'') {
            BN_TRY(skip_quoted(s));
        } else if (word_length(s->at) > 0) {
            s->at += word_length(s->at);
        } else {
            depth += (*s->at == '{') - (*s->at == '}');
            s->at++;
        }
    } while (depth > 0);
    return BN_OK;
}

static bn_status read_file(const struct reader *r, const char *path,
                           const struct source *outer, long line);

/* A path in a file is relative to that file. */
static char *beside(const char *file, const char *name)
{
    const char *slash = strrchr(file, '/');

    if (*name == '/' || slash == NULL)
        return bn_copy(name);
    return bn_format("%.*s/%s", (int)(slash - file), file, name);
}

static bn_status read_include(const struct reader *r, struct source *s, long line)
{
    struct buffer raw = { 0 };
    cfg_t *cfg = NULL;
    char *path = NULL;

    s->at++;
    bn_status rc = skip_blank(s);
    if (rc == BN_OK)
        rc = read_one(s, &raw, "where the name of a file was expected: include(\"name\")");
    if (rc == BN_OK)
        rc = skip_blank(s);
    if (rc == BN_OK && *s->at++ != ')') {
        s->at--;
        rc = unexpected(s, "where the ) of include was expected");
    }
    if (rc == BN_OK)
        rc = raw.failed ? BN_NOMEM : decode(s, line, raw.text, &cfg);
    if (rc == BN_OK) {
        path = beside(s->path, cfg_getnstr(cfg, "value", 0));
        rc = path != NULL ? read_file(r, path, s, line) : BN_NOMEM;
    }
    if (cfg != NULL)
        cfg_free(cfg);
    free(path);
    free(raw.text);
    return rc;
}

static bn_status read_block(const struct reader *r, struct source *s,
                            const struct bn_section *section, long first);

static bn_status read_section(const struct reader *r, struct source *s, long line,
                              const char *name)
{
    const struct bn_section *section = find_section(r, name);

    if (section != NULL && *name != '\0' && strcmp(name, "*") != 0) {
        s->at++;
        return read_block(r, s, section, line);
    }
    if (find_section(r, "*") != NULL)
        return skip_section(s, name);
    return unknown_section(r, s, line, name);
}

static bn_status read_statement(const struct reader *r, struct source *s,
                                const struct bn_section *section, const char *word,
                                long line, bool crowded)
{
    const bool top = *section->name == '\0';

    BN_TRY(skip_blank(s));
    if (*s->at == '=')
        return read_assignment(r, s, line, section, word);
    if (strncmp(s->at, "+=", 2) == 0)
        return bn_fail(BN_USAGE, "%s:%ld: `%s +=` is not understood; give the whole list "
                       "with =", s->path, line, word);
    if (*s->at == '(' && strcmp(word, "include") == 0)
        return top ? read_include(r, s, line)
                   : bn_fail(BN_USAGE, "%s:%ld: include must stand outside sections, not "
                             "in [%s]", s->path, line, section->name);
    if (*s->at == '{')
        return top ? read_section(r, s, line, word)
                   : bn_fail(BN_USAGE, "%s:%ld: section [%s] within section [%s]: is a } "
                             "missing before it?", s->path, line, word, section->name);
    return bn_fail(BN_USAGE, "%s:%ld: expected `=`%s after `%s`%s", s->path, line,
                   top ? " or `{`" : "", word,
                   crowded ? " (a value with blanks needs quotes, a list needs braces)"
                           : "");
}

static bn_status read_block(const struct reader *r, struct source *s,
                            const struct bn_section *section, long first)
{
    const bool top = *section->name == '\0';
    long last = 0;                       /* where the last statement ended */

    for (;;) {
        BN_TRY(skip_blank(s));
        const long line = s->line;
        const size_t n = word_length(s->at);
        if (*s->at == '\0' && top)
            return BN_OK;
        if (*s->at == '\0')
            return bn_fail(BN_USAGE, "%s:%ld: the section [%s] is never closed by }",
                           s->path, first, section->name);
        if (*s->at == '}' && !top) {
            s->at++;
            return BN_OK;
        }
        if (n == 0)
            return unexpected(s, top ? "where a key or a section was expected"
                                     : "where a key was expected");
        char *word = bn_format("%.*s", (int)n, s->at);
        if (word == NULL)
            return BN_NOMEM;
        s->at += n;
        const bn_status rc = read_statement(r, s, section, word, line, line == last);
        free(word);
        if (rc != BN_OK)
            return rc;
        last = s->line;
    }
}

/* --- files ---------------------------------------------------------------- */

static bn_status slurp(FILE *f, struct source *s)
{
    struct buffer b = { 0 };
    char chunk[4096];

    put(&b, "", 0);
    for (size_t n; (n = fread(chunk, 1, sizeof chunk, f)) > 0;)
        put(&b, chunk, n);
    s->text = b.text;
    if (b.failed)
        return BN_NOMEM;
    if (ferror(f))
        return bn_fail(BN_USAGE, "%s: cannot read: %s", s->path, strerror(errno));
    if (memchr(b.text, '\0', b.length) != NULL)
        return bn_fail(BN_USAGE, "%s: not a text file (it holds zero bytes)", s->path);
    s->at = b.text;
    if (strncmp(s->at, "\xef\xbb\xbf", 3) == 0)
        s->at += 3;                      /* a byte order mark */
    return BN_OK;
}

static bn_status check_chain(const struct source *s, long line)
{
    if (s->depth > DEPTH)
        return bn_fail(BN_USAGE, "%s:%ld: more than %d nested includes", s->outer->path,
                       line, DEPTH);
    for (const struct source *o = s->outer; o != NULL; o = o->outer)
        if (o->device == s->device && o->inode == s->inode)
            return bn_fail(BN_USAGE, "%s:%ld: include(\"%s\") goes in a circle",
                           s->outer->path, line, s->path);
    return BN_OK;
}

static bn_status open_failed(const char *path, const struct source *outer, long line)
{
    const char *why = strerror(errno);

    if (outer != NULL)
        return bn_fail(BN_USAGE, "%s:%ld: include: cannot open %s: %s", outer->path, line,
                       path, why);
    return bn_fail(BN_USAGE, "%s: cannot open the parameter file: %s", path, why);
}

static bn_status read_file(const struct reader *r, const char *path,
                           const struct source *outer, long line)
{
    static const struct bn_section none = { .name = "" };
    const struct bn_section *top = find_section(r, "");
    struct source s = { .path = path, .line = 1, .outer = outer,
                        .depth = outer != NULL ? outer->depth + 1 : 0 };
    struct stat st;

    FILE *f = fopen(path, "r");
    if (f == NULL)
        return open_failed(path, outer, line);
    if (fstat(fileno(f), &st) == 0) {
        s.device = st.st_dev;
        s.inode = st.st_ino;
    }
    bn_status rc = check_chain(&s, line);
    if (rc == BN_OK)
        rc = slurp(f, &s);
    fclose(f);
    if (rc == BN_OK)
        rc = read_block(r, &s, top != NULL ? top : &none, 1);
    free(s.text);
    return rc;
}

bn_status bn_conf_load(const char *path, const struct bn_section *sections, size_t n,
                       bn_assign *assign, void *context)
{
    const struct reader r = { sections, n, assign, context };

    return read_file(&r, path, NULL, 0);
}
