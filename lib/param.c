/* SPDX-License-Identifier: MIT */
#include <basin/param.h>

#include <basin/mem.h>
#include <basin/quantity.h>
#include <basin/text.h>

#include <ctype.h>
#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct value {
    char **item;                         /* canonical texts */
    size_t count;
    double *real;                        /* real(s) */
    int64_t *integer;                    /* integer(s); a flag as 0 or 1 */
    char *canonical;
    char *origin;
    bool read;
};

struct bn_values {
    const struct bn_param *table;
    size_t n;
    struct value *value;
};

/* Where a text came from, for messages. */
struct place {
    const char *section, *name, *origin;
};

static const char *const type_names[] = {
    [BN_TYPE_REAL] = "real",         [BN_TYPE_INTEGER] = "integer",
    [BN_TYPE_FLAG] = "flag",         [BN_TYPE_CHOICE] = "choice",
    [BN_TYPE_TEXT] = "text",         [BN_TYPE_FILE] = "file",
    [BN_TYPE_REALS] = "reals",       [BN_TYPE_INTEGERS] = "integers",
    [BN_TYPE_FILES] = "files",
};

const char *bn_type_name(enum bn_type type)
{
    return type_names[type];
}

bool bn_type_parse(const char *name, enum bn_type *type)
{
    for (size_t i = 0; i < BN_LEN(type_names); i++) {
        if (strcmp(name, type_names[i]) == 0) {
            *type = (enum bn_type)i;
            return true;
        }
    }
    return false;
}

static bool is_list(enum bn_type type)
{
    return type == BN_TYPE_REALS || type == BN_TYPE_INTEGERS || type == BN_TYPE_FILES;
}

/* --- failing -------------------------------------------------------------- */

static bn_status wrong(const struct place *at, const char *fmt, ...) BN_PRINTF(2, 3);

/* "lambda = 2 is outside [0, 1] (params/ring.conf:14, [weights])" */
static bn_status wrong(const struct place *at, const char *fmt, ...)
{
    char what[1024];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(what, sizeof what, fmt, ap);
    va_end(ap);
    if (*at->section == '\0' || strchr(at->origin, '[') != NULL)
        return bn_fail(BN_USAGE, "%s%s (%s)", at->name, what, at->origin);
    return bn_fail(BN_USAGE, "%s%s (%s, [%s])", at->name, what, at->origin, at->section);
}

/* The first names of a table, for a message. */
static void list_names(const struct bn_values *v, char *buf, size_t size)
{
    size_t used = 0;

    buf[0] = '\0';
    for (size_t i = 0; i < v->n && used + 80 < size; i++)
        used += (size_t)snprintf(buf + used, size - used, "%s%.60s", i > 0 ? ", " : "",
                                 v->table[i].name);
}

static bn_status unknown(const struct bn_values *v, const struct place *at)
{
    char where[256] = "", known[512];
    const char *near = NULL;
    const char **names = bn_alloc(v->n, sizeof *names);

    if (names == NULL)
        return BN_NOMEM;
    for (size_t i = 0; i < v->n; i++)
        names[i] = v->table[i].name;
    near = bn_nearest(at->name, names, v->n);
    free(names);

    if (*at->section != '\0')
        snprintf(where, sizeof where, " in [%s]", at->section);
    if (near != NULL)
        return bn_fail(BN_USAGE, "unknown key `%s`%s (%s): did you mean `%s`?", at->name,
                       where, at->origin, near);
    if (v->n == 0)
        return bn_fail(BN_USAGE, "unknown key `%s`%s (%s): there are no parameters here",
                       at->name, where, at->origin);
    list_names(v, known, sizeof known);
    return bn_fail(BN_USAGE, "unknown key `%s`%s (%s): the keys are %s", at->name, where,
                   at->origin, known);
}

/* --- one text ------------------------------------------------------------- */

static void show_range(const struct bn_param *p, const char *unit, char *buf, size_t size)
{
    char low[32], high[32];

    snprintf(buf, size, "%s%s, %s%s%s%s", isinf(p->low) ? "(" : "[",
             isinf(p->low) ? "-inf" : bn_shortest(p->low, low),
             isinf(p->high) ? "inf" : bn_shortest(p->high, high),
             isinf(p->high) ? ")" : "]", *unit != '\0' ? " " : "", unit);
}

static bn_status check_range(const struct bn_param *p, const struct place *at, double x,
                             const char *shown)
{
    const char *unit = strcmp(p->unit, "1") != 0 ? p->unit : "";
    char range[128];

    if (x >= p->low && x <= p->high)
        return BN_OK;
    show_range(p, unit, range, sizeof range);
    return wrong(at, " = %s%s%s is outside %s", shown, *unit != '\0' ? " " : "", unit,
                 range);
}

static bn_status parse_real(const struct bn_param *p, const struct place *at,
                            const char *text, struct value *made, size_t k)
{
    char buf[32];
    double x;

    const bn_status rc = bn_quantity(text, p->unit, &x);
    if (rc != BN_OK)
        return rc == BN_USAGE ? wrong(at, ": %s", bn_error()) : rc;
    x += 0.0;                            /* -0 means 0 */
    BN_TRY(check_range(p, at, x, bn_shortest(x, buf)));
    made->real[k] = x;
    made->item[k] = bn_copy(buf);
    return made->item[k] != NULL ? BN_OK : BN_NOMEM;
}

static bn_status parse_integer(const struct bn_param *p, const struct place *at,
                               const char *text, struct value *made, size_t k)
{
    int64_t x;

    if (bn_parse_integer(text, &x) != BN_OK)
        return wrong(at, ": %s", bn_error());
    made->integer[k] = x;
    made->item[k] = bn_format("%" PRId64, x);
    if (made->item[k] == NULL)
        return BN_NOMEM;
    return check_range(p, at, (double)x, made->item[k]);
}

static bn_status parse_flag(const struct place *at, const char *text,
                            struct value *made, size_t k)
{
    static const char *const word[] = { "no", "yes", "false", "true", "off", "on" };

    for (size_t i = 0; i < BN_LEN(word); i++) {
        if (strcmp(text, word[i]) == 0) {
            made->integer[k] = (int64_t)(i % 2);
            made->item[k] = bn_copy(word[i % 2]);
            return made->item[k] != NULL ? BN_OK : BN_NOMEM;
        }
    }
    return wrong(at, " = \"%s\" is neither yes nor no", text);
}

enum { CHOICES = 64 };

static bn_status parse_choice(const struct bn_param *p, const struct place *at,
                              const char *text, struct value *made, size_t k)
{
    const char *word[CHOICES];
    size_t n = 0;
    bool found = false;
    char *copy = bn_copy(p->choices != NULL ? p->choices : "");

    if (copy == NULL)
        return BN_NOMEM;
    for (char *save, *w = strtok_r(copy, " ", &save); w != NULL && n < CHOICES;
         w = strtok_r(NULL, " ", &save)) {
        found = found || strcmp(w, text) == 0;
        word[n++] = w;
    }
    bn_status rc = BN_OK;
    if (found) {
        made->item[k] = bn_copy(text);
        rc = made->item[k] != NULL ? BN_OK : BN_NOMEM;
    } else {
        const char *near = bn_nearest(text, word, n);
        rc = near != NULL
           ? wrong(at, " = \"%s\" is not among {%s}: did you mean `%s`?", text, p->choices,
                   near)
           : wrong(at, " = \"%s\" is not among {%s}", text, p->choices);
    }
    free(copy);
    return rc;
}

static bn_status parse_text(const struct bn_param *p, const struct place *at,
                            const char *text, struct value *made, size_t k)
{
    if (p->type == BN_TYPE_FILES && *text == '\0')
        return wrong(at, " has an empty file name");
    made->item[k] = bn_copy(text);
    return made->item[k] != NULL ? BN_OK : BN_NOMEM;
}

static bn_status parse_item(const struct bn_param *p, const struct place *at,
                            const char *text, struct value *made, size_t k)
{
    switch (p->type) {
    case BN_TYPE_REAL:
    case BN_TYPE_REALS:
        return parse_real(p, at, text, made, k);
    case BN_TYPE_INTEGER:
    case BN_TYPE_INTEGERS:
        return parse_integer(p, at, text, made, k);
    case BN_TYPE_FLAG:
        return parse_flag(at, text, made, k);
    case BN_TYPE_CHOICE:
        return parse_choice(p, at, text, made, k);
    case BN_TYPE_TEXT:
    case BN_TYPE_FILE:
    case BN_TYPE_FILES:
        break;
    }
    return parse_text(p, at, text, made, k);
}

/* --- one value ------------------------------------------------------------ */

static void drop_value(struct value *v)
{
    for (size_t k = 0; v->item != NULL && k < v->count; k++)
        free(v->item[k]);
    free(v->item);
    free(v->real);
    free(v->integer);
    free(v->canonical);
    free(v->origin);
    *v = (struct value){ 0 };
}

static char *join(char *const *item, size_t n)
{
    size_t length = 1;
    for (size_t k = 0; k < n; k++)
        length += strlen(item[k]) + 1;

    char *text = bn_alloc(length, 1);
    if (text == NULL)
        return NULL;
    char *end = text;
    for (size_t k = 0; k < n; k++) {
        const size_t m = strlen(item[k]);
        if (k > 0)
            *end++ = ' ';
        memcpy(end, item[k], m);
        end += m;
    }
    return text;
}

static bn_status make_value(const struct bn_param *p, const struct place *at,
                            const char *const *texts, size_t count, struct value *made)
{
    made->item = bn_alloc(count, sizeof *made->item);
    made->real = bn_alloc(count, sizeof *made->real);
    made->integer = bn_alloc(count, sizeof *made->integer);
    made->origin = bn_copy(at->origin);
    if (made->item == NULL || made->real == NULL || made->integer == NULL ||
        made->origin == NULL)
        return BN_NOMEM;
    made->count = count;
    for (size_t k = 0; k < count; k++)
        BN_TRY(parse_item(p, at, texts[k], made, k));
    made->canonical = join(made->item, count);
    return made->canonical != NULL ? BN_OK : BN_NOMEM;
}

/* The old value stays unless the new one is good. */
static bn_status set(bn_values *v, size_t i, const struct place *at,
                     const char *const *texts, size_t count)
{
    const struct bn_param *p = &v->table[i];
    struct value made = { 0 };

    if (!is_list(p->type) && count != 1)
        return wrong(at, " takes one value, not a list of %zu", count);
    const bn_status rc = make_value(p, at, texts, count, &made);
    if (rc != BN_OK) {
        drop_value(&made);
        return rc;
    }
    made.read = v->value[i].read;
    drop_value(&v->value[i]);
    v->value[i] = made;
    return BN_OK;
}

/* --- lists in one text ---------------------------------------------------- */

static bool is_gap(char c)
{
    return c != '\0' && strchr(" \t\n,", c) != NULL;
}

/* In "10 ms 20 ms" the word `ms` belongs to the number before it. */
static bool is_unit_of(const char *gap, const char *word)
{
    const size_t blanks = strspn(gap, " \t\n");
    return gap + blanks == word && blanks > 0 &&
           (isalpha((unsigned char)*word) || *word == '%' || (*word & 0x80) != 0);
}

/* Cut `text` in place at blanks and commas; items may stand in double quotes. */
static size_t cut_list(char *text, bool units, const char **item)
{
    size_t n = 0;
    char *last = NULL;                   /* the gap after the last item */

    for (char *s = text;;) {
        while (is_gap(*s))
            s++;
        if (*s == '\0')
            break;
        const bool quoted = *s == '"' && strchr(s + 1, '"') != NULL;
        char *word = s + quoted;
        const bool glued = units && last != NULL && is_unit_of(last, word);
        if (quoted)
            s = strchr(word, '"');
        else
            while (*s != '\0' && !is_gap(*s))
                s++;
        if (!glued)
            item[n++] = word;
        if (!glued && last != NULL)
            *last = '\0';
        if (quoted)
            *s++ = '\0';
        last = s;
    }
    if (last != NULL)
        *last = '\0';
    return n;
}

static bn_status set_list(bn_values *v, size_t i, const struct place *at, const char *text)
{
    const size_t length = strlen(text);
    char *copy = bn_copy(text + strspn(text, " \t\n"));
    const char **item = bn_alloc(length + 1, sizeof *item);
    bn_status rc = BN_NOMEM;

    if (copy != NULL && item != NULL) {
        char *body = copy;
        size_t n = strlen(copy);
        while (n > 0 && isspace((unsigned char)copy[n - 1]))
            copy[--n] = '\0';
        if (n >= 2 && copy[0] == '{' && copy[n - 1] == '}') {
            copy[n - 1] = '\0';
            body++;
        }
        const size_t count = cut_list(body, v->table[i].type == BN_TYPE_REALS, item);
        rc = set(v, i, at, item, count);
    }
    free(item);
    free(copy);
    return rc;
}

/* --- the table ------------------------------------------------------------ */

bool bn_values_find(const bn_values *v, const char *name, size_t *i)
{
    for (size_t k = 0; k < v->n; k++) {
        if (strcmp(v->table[k].name, name) == 0) {
            *i = k;
            return true;
        }
    }
    return false;
}

bn_status bn_values_set(bn_values *v, const char *section, const char *name,
                        const char *const *texts, size_t count, const char *origin)
{
    const struct place at = { section, name, origin };
    size_t i;

    if (!bn_values_find(v, name, &i))
        return unknown(v, &at);
    return set(v, i, &at, texts, count);
}

bn_status bn_values_set_text(bn_values *v, const char *section, const char *name,
                             const char *text, const char *origin)
{
    const struct place at = { section, name, origin };
    size_t i;

    if (!bn_values_find(v, name, &i))
        return unknown(v, &at);
    return is_list(v->table[i].type) ? set_list(v, i, &at, text)
                                     : set(v, i, &at, &text, 1);
}

/* Not a mistake of the person at the keyboard: stop where it can be seen. */
_Noreturn static void bug(const char *name, const char *what)
{
    fprintf(stderr, "bug: parameter `%s`: %s\n", name, what);
    abort();
}

bn_status bn_values_new(bn_values **v, const struct bn_param *table, size_t n)
{
    *v = NULL;
    bn_values *made = bn_alloc(1, sizeof *made);
    if (made == NULL)
        return BN_NOMEM;
    made->table = table;
    made->n = n;
    made->value = bn_alloc(n, sizeof *made->value);
    bn_status rc = made->value != NULL ? BN_OK : BN_NOMEM;

    for (size_t i = 0; i < n && rc == BN_OK; i++) {
        rc = bn_values_set_text(made, "", table[i].name, table[i].initial, "default");
        if (rc == BN_USAGE)
            bug(table[i].name, bn_error());
    }
    if (rc != BN_OK) {
        bn_values_free(made);
        return rc;
    }
    *v = made;
    return BN_OK;
}

void bn_values_free(bn_values *v)
{
    if (v == NULL)
        return;
    for (size_t i = 0; v->value != NULL && i < v->n; i++)
        drop_value(&v->value[i]);
    free(v->value);
    free(v);
}

/* --- reading -------------------------------------------------------------- */

static bool is_one_text(enum bn_type type)
{
    return type == BN_TYPE_TEXT || type == BN_TYPE_CHOICE || type == BN_TYPE_FILE;
}

static struct value *log_read(bn_values *v, const char *name, enum bn_type type)
{
    size_t i;

    if (!bn_values_find(v, name, &i))
        bug(name, "read, but not in the stage's table");
    const enum bn_type is = v->table[i].type;
    if (is != type && !(is_one_text(type) && is_one_text(is)))
        bug(name, "read as another type than its table says");
    v->value[i].read = true;
    return &v->value[i];
}

double bn_values_real(bn_values *v, const char *name)
{
    return log_read(v, name, BN_TYPE_REAL)->real[0];
}

int64_t bn_values_integer(bn_values *v, const char *name)
{
    return log_read(v, name, BN_TYPE_INTEGER)->integer[0];
}

bool bn_values_flag(bn_values *v, const char *name)
{
    return log_read(v, name, BN_TYPE_FLAG)->integer[0] != 0;
}

const char *bn_values_text(bn_values *v, const char *name)
{
    return log_read(v, name, BN_TYPE_TEXT)->item[0];
}

const double *bn_values_reals(bn_values *v, const char *name, size_t *n)
{
    const struct value *x = log_read(v, name, BN_TYPE_REALS);
    *n = x->count;
    return x->real;
}

const int64_t *bn_values_integers(bn_values *v, const char *name, size_t *n)
{
    const struct value *x = log_read(v, name, BN_TYPE_INTEGERS);
    *n = x->count;
    return x->integer;
}

const char *const *bn_values_texts(bn_values *v, const char *name, size_t *n)
{
    const struct value *x = log_read(v, name, BN_TYPE_FILES);
    *n = x->count;
    return (const char *const *)x->item;
}

/* --- for the frame -------------------------------------------------------- */

size_t bn_values_count(const bn_values *v)
{
    return v->n;
}

const struct bn_param *bn_values_param(const bn_values *v, size_t i)
{
    return &v->table[i];
}

const char *bn_values_canonical(const bn_values *v, size_t i)
{
    return v->value[i].canonical;
}

size_t bn_values_length(const bn_values *v, size_t i)
{
    return v->value[i].count;
}

const char *bn_values_item(const bn_values *v, size_t i, size_t k)
{
    return v->value[i].item[k];
}

const char *bn_values_origin(const bn_values *v, size_t i)
{
    return v->value[i].origin;
}

bool bn_values_was_read(const bn_values *v, size_t i)
{
    return v->value[i].read;
}
