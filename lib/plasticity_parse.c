/* SPDX-License-Identifier: MIT */
#include <basin/plasticity.h>
#include <basin/mem.h>
#include <basin/text.h>

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

enum { FACTORS = 8, LENGTH = 32 };

/* A term as it is read: its factors without blanks. */
struct reading {
    const char *rest;                    /* of the text */
    size_t term;                         /* 1, 2, ... */
    size_t n;
    char factor[FACTORS][LENGTH];
    char text[FACTORS * LENGTH];
};

static const char *skip(const char *s)
{
    while (isspace((unsigned char)*s))
        s++;
    return s;
}

/* The end of a number, "1e-3" included; `s` itself if there is none. */
static const char *end_of_number(const char *s)
{
    const char *p = s;

    while (isdigit((unsigned char)*p) || *p == '.')
        p++;
    if (p != s && (*p == 'e' || *p == 'E')) {
        const char *q = p + 1 + (p[1] == '+' || p[1] == '-');
        if (isdigit((unsigned char)*q)) {
            while (isdigit((unsigned char)*q))
                q++;
            p = q;
        }
    }
    return p;
}

/* One factor: a number, or all up to *, + or - outside parentheses. */
static bn_status read_factor(struct reading *r)
{
    const char *s = skip(r->rest), *end = end_of_number(s);
    char *to = r->factor[r->n];
    size_t depth = 0, n = 0;

    if (end == s || strncmp(end, "/N", 2) == 0)
        for (end = s; *end != '\0' && (depth > 0 || strchr("*+-", *end) == NULL); end++) {
            depth += *end == '(';
            if (*end == ')' && depth-- == 0)
                return bn_fail(BN_USAGE, "rule, term %zu: a `)` without its `(`", r->term);
        }
    if (depth > 0)
        return bn_fail(BN_USAGE, "rule, term %zu: a `(` without its `)`", r->term);
    for (const char *p = s; p < end; p++)
        if (!isspace((unsigned char)*p)) {
            if (n + 1 == LENGTH)
                return bn_fail(BN_USAGE, "rule, term %zu: `%.*s...` is no factor; factors are "
                               "joined by `*`", r->term, LENGTH - 1, s);
            to[n++] = *p;
        }
    to[n] = '\0';
    r->rest = skip(end);
    if (n == 0)
        return bn_fail(BN_USAGE, "rule, term %zu: something is missing after `%s`; a term is "
                       "post * pre, or post * pre * J", r->term,
                       r->n > 0 ? r->factor[r->n - 1] : "the sign");
    if (*r->rest != '\0' && strchr("*+-", *r->rest) == NULL)
        return bn_fail(BN_USAGE, "rule, term %zu: `%s` and `%s` need a `*` between them",
                       r->term, to, r->rest);
    r->n++;
    return BN_OK;
}

static bn_status read_factors(struct reading *r)
{
    r->n = 0;
    for (;;) {
        if (r->n == FACTORS)
            return bn_fail(BN_USAGE, "rule, term %zu has more than %d factors", r->term,
                           FACTORS);
        BN_TRY(read_factor(r));
        if (*r->rest != '*')
            break;
        r->rest++;
    }
    r->text[0] = '\0';
    for (size_t k = 0; k < r->n; k++) {
        strcat(r->text, k > 0 ? "*" : "");
        strcat(r->text, r->factor[k]);
    }
    return BN_OK;
}

static int post_of(const char *name)
{
    for (int f = 0; f < BN_POST_FACTORS; f++)
        if (strcmp(name, bn_post_name((enum bn_post_factor)f)) == 0)
            return f;
    return -1;
}

static int pre_of(const char *name)
{
    for (int f = 0; f < BN_PRE_FACTORS; f++)
        if (strcmp(name, bn_pre_name((enum bn_pre_factor)f)) == 0)
            return f;
    return -1;
}

static bn_status unknown(const struct reading *r, const char *name, bool post)
{
    const char *names[BN_POST_FACTORS + BN_PRE_FACTORS];
    const size_t n = post ? (size_t)BN_POST_FACTORS : (size_t)BN_PRE_FACTORS;
    char list[512] = "";

    for (size_t k = 0; k < n; k++) {
        names[k] = post ? bn_post_name((enum bn_post_factor)k)
                        : bn_pre_name((enum bn_pre_factor)k);
        strcat(list, k == 0 ? "" : k + 1 < n ? ", " : " and ");
        strcat(list, names[k]);
    }
    const char *near = bn_nearest(name, names, n);
    return bn_fail(BN_USAGE, "rule, term %zu, `%s`: `%s` is no %s factor%s%s%s; there are %s",
                   r->term, r->text, name, post ? "postsynaptic" : "presynaptic",
                   near != NULL ? " (did you mean `" : "", near != NULL ? near : "",
                   near != NULL ? "`?)" : "", list);
}

/* The last two factors before J. */
static bn_status read_sides(const struct reading *r, size_t n, struct bn_term *t)
{
    if (n < 2)
        return bn_fail(BN_USAGE, "rule, term %zu, `%s`: a term has a postsynaptic and a "
                       "presynaptic factor; the one that does nothing is 1, as in y*1 or "
                       "lambda*1*1*J", r->term, r->text);
    const char *first = r->factor[n - 2], *second = r->factor[n - 1];
    const int post = post_of(first), pre = pre_of(second);

    if (strcmp(second, "lambda") == 0)
        return bn_fail(BN_USAGE, "rule, term %zu, `%s`: numbers, lambda and 1/N come first, as "
                       "in lambda*1*1*J", r->term, r->text);
    if (pre_of(first) > 0 && post_of(second) > 0)
        return bn_fail(BN_USAGE, "rule, term %zu, `%s`: the postsynaptic factor comes first; "
                       "write %s*%s", r->term, r->text, second, first);
    if (post < 0)
        return unknown(r, first, true);
    if (pre < 0)
        return unknown(r, second, false);
    t->post = (enum bn_post_factor)post;
    t->pre = (enum bn_pre_factor)pre;
    return BN_OK;
}

static bn_status read_term(struct reading *r, double sign, struct bn_term *t)
{
    size_t n;

    BN_TRY(read_factors(r));
    *t = (struct bn_term){ .coefficient = sign };
    n = r->n;
    if (n > 0 && strcmp(r->factor[n - 1], "J") == 0) {
        t->weight = true;
        n--;
    }
    BN_TRY(read_sides(r, n, t));
    for (size_t k = 0; k + 2 < n; k++) {
        const char *f = r->factor[k];
        double x;
        if (strcmp(f, "lambda") == 0 || strcmp(f, "1/N") == 0) {
            if (t->scale != BN_SCALE_ONE)
                return bn_fail(BN_USAGE, "rule, term %zu, `%s`: lambda or 1/N stands in a term "
                               "once", r->term, r->text);
            t->scale = f[0] == 'l' ? BN_SCALE_DECAY : BN_SCALE_SHARE;
        } else if (bn_parse_real(f, &x) == BN_OK) {
            t->coefficient *= x;
        } else {
            return bn_fail(BN_USAGE, "rule, term %zu, `%s`: `%s` stands where a number, lambda "
                           "or 1/N may stand; a term is [number *] post * pre [* J]", r->term,
                           r->text, f);
        }
    }
    return BN_OK;
}

bn_status bn_rule_parse(const char *text, enum bn_post_signal signal, struct bn_rule *rule)
{
    struct reading r = { .rest = skip(text) };
    size_t n;
    const struct bn_rule *table = bn_rules(&n);

    *rule = table[n - 1];
    if (*r.rest == '\0')
        return bn_fail(BN_USAGE, "a custom rule needs terms, as in y*p - lambda*1*1*J");
    while (*r.rest != '\0') {
        const double sign = *r.rest == '-' ? -1.0 : 1.0;
        if (*r.rest == '-' || *r.rest == '+')
            r.rest++;
        if (rule->n_terms == BN_RULE_TERMS)
            return bn_fail(BN_USAGE, "a rule has at most %d terms", BN_RULE_TERMS);
        r.term = rule->n_terms + 1;
        BN_TRY(read_term(&r, sign, &rule->terms[rule->n_terms]));
        rule->n_terms++;
    }
    const unsigned reads = bn_rule_reads(rule);
    rule->teacher = (reads & BN_READS_DRIVE) != 0 && (reads & BN_READS_POST) != 0;
    rule->post = signal != BN_SIGNAL_AUTO ? signal
               : (reads & BN_READS_DRIVE) != 0 ? BN_SIGNAL_CURRENT : BN_SIGNAL_RATE;
    return BN_OK;
}

bn_status bn_rule_read(const char *text, enum bn_post_signal signal, struct bn_rule *rule)
{
    const struct bn_rule *row;

    if (strchr(text, '*') != NULL)
        return bn_rule_parse(text, signal, rule);
    BN_TRY(bn_rule_find(text, &row));
    if (row->whole == BN_WHOLE_NONE && row->n_terms == 0)
        return bn_fail(BN_USAGE, "the rule `custom` is given by its terms, as in "
                       "y*p - lambda*1*1*J, instead of its name");
    *rule = *row;
    if (signal != BN_SIGNAL_AUTO)
        rule->post = signal;
    return BN_OK;
}

char *bn_rule_text(const struct bn_rule *rule)
{
    char *text = bn_copy("");

    for (size_t k = 0; k < rule->n_terms && text != NULL; k++) {
        const struct bn_term *t = &rule->terms[k];
        const double size = t->coefficient < 0.0 ? -t->coefficient : t->coefficient;
        char number[32];
        char *longer = bn_format("%s%s%s%s%s%s*%s%s", text,
                                 t->coefficient < 0.0 ? (k > 0 ? " - " : "-") : k > 0 ? " + " : "",
                                 size != 1.0 ? bn_shortest(size, number) : "",
                                 size != 1.0 ? "*" : "",
                                 t->scale == BN_SCALE_DECAY ? "lambda*"
                                 : t->scale == BN_SCALE_SHARE ? "1/N*" : "",
                                 bn_post_name(t->post), bn_pre_name(t->pre),
                                 t->weight ? "*J" : "");
        free(text);
        text = longer;
    }
    return text;
}
