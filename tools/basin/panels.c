/* SPDX-License-Identifier: MIT
 *
 * The letters and names of panels in a gnuplot script: `letter = ...; name = ...`.  Most
 * are texts; the rest are put together of texts, by loops over panels, ?: and sprintf.
 * This reads as much of gnuplot's expressions as that takes, and no more.     */
#include "panels.h"

#include <basin/mem.h>
#include <basin/text.h>

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Of expressions in each other; letters of an alphabet. */
enum { DEEP = 12, LETTERS = 26 };

#define UNKNOWN "\u2026"

struct scope {
    const char *script;
    char variable[32];                   /* of a loop or a function; "": none */
    int value;
    int depth;
};

struct span {
    const char *at, *end;
};

static char *value_of(struct scope s, struct span x);

/* --- the shape of expressions ---------------------------------------------- */

/* Behind the quoted text, the brackets or the character at `p`. */
static const char *past(const char *p, const char *end)
{
    int depth = 0;
    do {
        if (*p == '"' || *p == '\'') {
            const char *close = memchr(p + 1, *p, (size_t)(end - p - 1));
            p = close ? close : end - 1;
        } else {
            depth += (*p == '(' || *p == '[') - (*p == ')' || *p == ']');
        }
        p++;
    } while (depth > 0 && p < end);
    return p;
}

static const char *find(struct span x, char c)
{
    for (const char *p = x.at; p < x.end; p = past(p, x.end))
        if (*p == c)
            return p;
    return NULL;
}

static struct span trim(struct span x)
{
    while (x.at < x.end && isspace((unsigned char)*x.at))
        x.at++;
    while (x.at < x.end && isspace((unsigned char)x.end[-1]))
        x.end--;
    return x;
}

/* Up to the end of the statement. */
static struct span statement(const char *at)
{
    struct span x = { at, at + strcspn(at, "\n") };
    const char *p = x.at;
    while (p < x.end && *p != ';' && *p != '}')
        p = past(p, x.end);
    x.end = p;
    return trim(x);
}

/* The first of a list; it is taken away. */
static struct span next_argument(struct span *list)
{
    const char *comma = find(*list, ',');
    const struct span first = { list->at, comma ? comma : list->end };
    list->at = comma ? comma + 1 : list->end;
    return trim(first);
}

/* The colon of the ?: whose question mark stands before `x`. */
static const char *colon_of(struct span x)
{
    int inner = 0;
    for (const char *p = x.at; p < x.end; p = past(p, x.end)) {
        if (*p == ':' && inner-- == 0)
            return p;
        inner += *p == '?';
    }
    return NULL;
}

static const char *dot_of(struct span x)
{
    for (const char *p = x.at; p < x.end; p = past(p, x.end))
        if (*p == '.' && !(p + 1 < x.end && isdigit((unsigned char)p[1])))
            return p;
    return NULL;
}

/* --- their values ---------------------------------------------------------- */

static int number_of(const struct scope *s, struct span x)
{
    x = trim(x);
    const size_t n = (size_t)(x.end - x.at);
    if (n > 0 && n < 5 && strspn(x.at, "0123456789") >= n)
        return atoi(x.at);
    return n > 0 && n == strlen(s->variable) && memcmp(x.at, s->variable, n) == 0 ? s->value
                                                                                  : -1;
}

/* Is `p == 2` so?  -1: gnuplot knows. */
static int truth_of(const struct scope *s, struct span x)
{
    const char *is = find(x, '=');
    if (is == NULL || is + 1 >= x.end || is[1] != '=')
        return -1;
    const int a = number_of(s, (struct span){ x.at, is });
    const int b = number_of(s, (struct span){ is + 2, x.end });
    return a < 0 || b < 0 ? -1 : a == b;
}

/* Both are freed. */
static char *joined(char *a, const char *between, char *b)
{
    const bool same = a && b && between[0] != '\0' && strcmp(a, b) == 0;
    char *text = a && b ? bn_format("%s%s%s", a, same ? "" : between, same ? "" : b) : NULL;
    free(a);
    free(b);
    return text;
}

static char *choice(struct scope s, struct span x, const char *question, const char *colon)
{
    const int truth = truth_of(&s, (struct span){ x.at, question });
    const struct span yes = { question + 1, colon }, no = { colon + 1, x.end };
    if (truth >= 0)
        return value_of(s, truth ? yes : no);
    return joined(value_of(s, yes), " or ", value_of(s, no));
}

/* word("d e f", p) */
static char *word_of(struct scope s, struct span list)
{
    char *text = value_of(s, next_argument(&list));
    const int k = number_of(&s, list);
    const char *at = text ? text : "";
    if (text == NULL || k < 1 || strcmp(text, UNKNOWN) == 0) {
        free(text);
        return bn_copy(UNKNOWN);
    }
    for (int i = 1; i <= k; i++) {
        at += i > 1 ? strcspn(at, " ") : 0;
        at += strspn(at, " ");
    }
    char *word = bn_format("%.*s", (int)strcspn(at, " "), at);
    free(text);
    return word;
}

/* sprintf("Euler, %d-D", d) */
static char *printed(struct scope s, struct span list)
{
    char *format = value_of(s, next_argument(&list)), *text = NULL;
    size_t size;
    FILE *f = format ? open_memstream(&text, &size) : NULL;
    for (const char *p = format; f != NULL && *p != '\0'; p++) {
        if (*p != '%' || p[1] == '%' || p[1 + strcspn(p + 1, "cdefgxsT")] == '\0') {
            fputc(*p, f);
            p += *p == '%' && p[1] == '%';
            continue;
        }
        p += 1 + strcspn(p + 1, "cdefgxsT");
        const struct span x = next_argument(&list);
        const int k = number_of(&s, x);
        char *value = k >= 0 ? bn_format("%d", k) : value_of(s, x);
        fputs(value ? value : "", f);
        free(value);
    }
    if (f != NULL)
        fclose(f);
    free(format);
    return text;
}

/* kind[2], from `kind[2] = "learning rate"`. */
static char *element(struct scope s, struct span name, struct span index)
{
    char *begin = bn_format("%.*s[%d] = ", (int)(name.end - name.at), name.at,
                            number_of(&s, index));
    const char *at = begin ? strstr(s.script, begin) : NULL;
    const size_t n = begin ? strlen(begin) : 0;
    free(begin);
    return at ? value_of(s, statement(at + n)) : bn_copy(UNKNOWN);
}

/* name(2), from `name(k) = k == 1 ? "torus" : "sphere"`. */
static char *called(struct scope s, struct span name, struct span list)
{
    char *begin = bn_format("\n%.*s(", (int)(name.end - name.at), name.at);
    const char *at = begin ? strstr(s.script, begin) : NULL;
    const size_t n = begin ? strlen(begin) : 0;
    free(begin);
    const size_t letters = at ? strcspn(at + n, "),\n") : 0;
    if (at == NULL || letters >= sizeof s.variable ||
        strncmp(at + n + letters, ") = ", 4) != 0)
        return bn_copy(UNKNOWN);
    const int k = number_of(&s, list);
    snprintf(s.variable, sizeof s.variable, "%.*s", k < 0 ? 0 : (int)letters, at + n);
    s.value = k;
    return value_of(s, statement(at + n + letters + 4));
}

static char *simple(struct scope s, struct span x)
{
    struct span name = { x.at, x.at };
    while (name.end < x.end && (isalnum((unsigned char)*name.end) || *name.end == '_'))
        name.end++;
    const size_t n = (size_t)(name.end - name.at);
    const bool whole = name.end < x.end && past(name.end, x.end) == x.end;
    const struct span inner = { name.end + 1, x.end - 1 };
    if (!whole || inner.at > inner.end)
        return bn_copy(UNKNOWN);
    if (n == 0 && (*x.at == '"' || *x.at == '\''))
        return bn_format("%.*s", (int)(inner.end - inner.at), inner.at);
    if (*name.end == '[')
        return element(s, name, inner);
    if (*name.end != '(')
        return bn_copy(UNKNOWN);
    if (n == 0)
        return value_of(s, inner);
    if (n == 4 && strncmp(name.at, "word", 4) == 0)
        return word_of(s, inner);
    if (n == 7 && strncmp(name.at, "sprintf", 7) == 0)
        return printed(s, inner);
    return called(s, name, inner);
}

/* NULL: out of memory. */
static char *value_of(struct scope s, struct span x)
{
    x = trim(x);
    if (s.depth++ > DEEP)
        return bn_copy(UNKNOWN);
    const char *question = find(x, '?');
    const char *colon = question ? colon_of((struct span){ question + 1, x.end }) : NULL;
    if (colon != NULL)
        return choice(s, x, question, colon);
    const char *dot = dot_of(x);
    if (dot != NULL)
        return joined(simple(s, trim((struct span){ x.at, dot })), "",
                      value_of(s, (struct span){ dot + 1, x.end }));
    return simple(s, x);
}

/* --- without markup -------------------------------------------------------- */

static const char *greek(char c)
{
    static const char letters[] = "abcdefglmnpqrstwxz";
    static const char *const names[] = {
        "\u03b1", "\u03b2", "\u03c7", "\u03b4", "\u03b5", "\u03c6", "\u03b3", "\u03bb",
        "\u03bc", "\u03bd", "\u03c0", "\u03b8", "\u03c1", "\u03c3", "\u03c4", "\u03c9",
        "\u03be", "\u03b6",
    };
    const char *at = strchr(letters, c);
    return at && c != '\0' ? names[at - letters] : NULL;
}

/* "gap (1/{/Symbol t})" as words. */
static void put_plain(FILE *f, const char *text)
{
    bool symbol = false;
    for (; *text != '\0'; text++) {
        if (strncmp(text, "{/", 2) == 0) {
            symbol = strncmp(text, "{/Symbol ", 9) == 0;
            text += strcspn(text, " }");
            if (*text != ' ')
                text--;
        } else if (*text == '}') {
            symbol = false;
        } else if (*text != '{') {
            const char *letter = symbol ? greek(*text) : NULL;
            fprintf(f, letter ? "%s" : "%.1s", letter ? letter : text);
        }
    }
}

/* --- panels ---------------------------------------------------------------- */

/* Behind the next `key = `; NULL: none before `end`. */
static const char *assigned(const char *at, const char *end, const char *key)
{
    const size_t n = strlen(key);
    for (const char *p = at; p < end && (p = strstr(p, key)) != NULL && p < end; p++)
        if (strncmp(p + n, " = ", 3) == 0 && (p == at || strchr(" \n;{", p[-1])))
            return p + n + 3;
    return NULL;
}

/* `do for [p=1:3] {` around `at`: its variable, and how often; 1: no loop. */
static int loop_around(const char *script, const char *at, struct scope *s)
{
    const char *last = NULL;
    for (const char *p = script; p < at; p += strcspn(p, "\n"), p += *p == '\n') {
        const size_t n = strcspn(p, "\n");
        if (*p == '}')
            last = NULL;
        if (strncmp(p, "do for [", 8) == 0 && p[n - 1] == '{')
            last = p + 8;
    }
    const size_t n = last ? strcspn(last, "=\n") : 0;
    s->variable[0] = '\0';
    if (last == NULL || n >= sizeof s->variable || strncmp(last + n, "=1:", 3) != 0)
        return 1;
    snprintf(s->variable, sizeof s->variable, "%.*s", (int)n, last);
    const int times = atoi(last + n + 3);
    return times > 0 && times < LETTERS ? times : LETTERS;
}

/* What `name` is when the panel is drawn; "" without one, NULL if out of memory. */
static char *name_of(struct scope s, const char *at)
{
    const char *next = assigned(at, at + strlen(at), "letter"), *stop = next;
    stop = stop ? stop : at + strlen(at);
    next = stop;
    for (const char *p = strchr(at, '\n'); p && p < stop; p = strchr(p + 1, '\n')) {
        const char *word = p + 1 + strspn(p + 1, " ");
        if (strncmp(word, "plot ", 5) == 0 || strncmp(word, "splot ", 6) == 0)
            stop = p;
    }
    const char *first = assigned(at, stop, "name"), other[] = "\n} else {\n";
    if (first == NULL)
        return bn_copy("");
    char *name = value_of(s, statement(first));
    const char *second = strstr(first, other);
    if (second == NULL || second >= next)
        return name;
    second += sizeof other - 1;
    const char *line = second + strcspn(second, "\n");
    second = assigned(second, line, "name");
    return second ? joined(name, " or ", value_of(s, statement(second))) : name;
}

static bool is_listed(const struct list *panels, char letter)
{
    for (size_t i = 0; i < panels->n; i++)
        if (panels->at[i][0] == letter)
            return true;
    return false;
}

static bn_status add_panel(struct list *panels, char letter, const char *name)
{
    char *text = NULL;
    size_t size, i = 0;
    FILE *f = open_memstream(&text, &size);
    if (f == NULL)
        return BN_NOMEM;
    while (name[i] != '\0' && !isalpha((unsigned char)name[i]))
        i++;
    fprintf(f, "%c ", letter);
    put_plain(f, name[i] != '\0' ? name : "(labels in the figure)");
    fclose(f);
    const bn_status rc = list_add(panels, text);
    free(text);
    return rc;
}

bn_status panels_find(const char *script, struct list *panels)
{
    const char *end = script + strlen(script), *at = script;
    bn_status rc = BN_OK;
    while (rc == BN_OK && (at = assigned(at, end, "letter")) != NULL) {
        struct scope s = { .script = script };
        const int times = loop_around(script, at, &s);
        for (s.value = 1; s.value <= times && rc == BN_OK; s.value++) {
            char *letter = value_of(s, statement(at));
            if (letter == NULL)
                rc = BN_NOMEM;
            else if (isalpha((unsigned char)letter[0]) && letter[1] == '\0' &&
                     !is_listed(panels, letter[0])) {
                char *name = name_of(s, at);
                rc = name ? add_panel(panels, letter[0], name) : BN_NOMEM;
                free(name);
            }
            free(letter);
        }
    }
    return rc;
}
