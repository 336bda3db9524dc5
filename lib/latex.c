/* SPDX-License-Identifier: MIT */
#include <basin/latex.h>
#include <basin/mem.h>
#include <basin/text.h>

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- names ---------------------------------------------------------------- */

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* A sign or a point that belongs to a number, and is not between two words. */
static const char *spelt(const char *text, const char *c)
{
    const char before = c > text ? c[-1] : '\0', twice = c > text + 1 ? c[-2] : '\0';
    const bool exponent = (before == 'e' || before == 'E') && is_digit(twice);

    if (!is_digit(c[1]))
        return NULL;
    if (*c == '.')
        return is_digit(before) ? "Point" : NULL;
    if (*c == '-')
        return exponent || (!is_letter(before) && !is_digit(before)) ? "Minus" : NULL;
    return *c == '+' ? "Plus" : NULL;
}

char *bn_latex_name(const char *text)
{
    static const char *const digits[] = { "Zero", "One", "Two", "Three", "Four", "Five",
                                          "Six", "Seven", "Eight", "Nine" };
    char *name = bn_alloc(5 * strlen(text) + 1, 1);
    size_t n = 0;
    bool first = true;                   /* of a word */

    for (const char *c = text; name != NULL && *c != '\0'; c++) {
        const char *word = is_digit(*c) ? digits[*c - '0'] : spelt(text, c);
        if (word != NULL)
            n += (size_t)sprintf(name + n, "%s", word);
        else if (is_letter(*c))
            name[n++] = (char)(first ? toupper((unsigned char)*c) : *c);
        first = !is_letter(*c);
    }
    return name;
}

/* --- numbers -------------------------------------------------------------- */

/* Digits of |x| rounded to multiples of 10^place. */
static void digits_of(double x, int place, char digits[400])
{
    char text[400];
    size_t n = 0;

    if (place <= 0)
        snprintf(text, sizeof text, "%.*f", -place, fabs(x));
    else
        snprintf(text, sizeof text, "%.0f", fabs(x) / pow(10.0, place));
    for (const char *c = text; *c != '\0'; c++)
        if (*c != '.' && (n > 0 || *c != '0'))
            digits[n++] = *c;
    if (n == 0)
        digits[n++] = '0';
    digits[n] = '\0';
}

/* The power of ten that x begins with, and how many digits its shortest form has. */
static int power_of(double x, int *length)
{
    char text[64], shortest[32];
    int n = 0, zeros = 0;

    bn_shortest(fabs(x), shortest);
    for (const char *c = shortest; *c != '\0' && *c != 'e'; c++)
        if (is_digit(*c) && (n > 0 || *c != '0')) {
            n++;
            zeros = *c == '0' ? zeros + 1 : 0;
        }
    *length = n - zeros;
    /* 1e-6 is a little less than that: as many digits as make it 1e-6 again */
    snprintf(text, sizeof text, "%.*e", *length > 1 ? *length - 1 : 0, fabs(x));
    return (int)strtol(strchr(text, 'e') + 1, NULL, 10);
}

/* The power of ten of the last digit that is shown; *uncertain: the error is, too. */
static int last_place(double x, double error, bool *uncertain)
{
    int length, own = 0;
    const int top = x != 0.0 ? power_of(x, &length) : 0;

    *uncertain = error > 0.0;
    if (error > 0.0) {
        char text[32];
        snprintf(text, sizeof text, "%.1e", error);
        own = (int)strtol(text + 4, NULL, 10) - (text[0] == '1' || text[0] == '2');
        if (x == 0.0 || own >= top - 4)
            return own;
        *uncertain = false;
    }
    if (x == 0.0)
        return 0;
    const int most = error > 0.0 ? 5 : 4;
    power_of(x, &length);
    return top - (length < most ? length : most) + 1;
}

const char *bn_latex_number(double x, double error, char buf[BN_LATEX_NUMBER])
{
    char digits[400], more[400], tail[16] = "", uncertainty[32] = "";
    bool uncertain = false;

    error = fabs(error);
    if (error == 0.0 && x == rint(x) && fabs(x) < 1e15) {
        snprintf(buf, BN_LATEX_NUMBER, "%.0f", x == 0.0 ? 0.0 : x);
        return buf;
    }
    int place = last_place(x, error, &uncertain);
    digits_of(x, place, digits);
    digits_of(error, place, more);
    const char *sign = x < 0.0 && strcmp(digits, "0") != 0 ? "-" : "";
    int top = place + (int)strlen(strcmp(digits, "0") != 0 ? digits : more) - 1;
    if (place > 0 ? top > 6 : top < -3 || top > 5) {
        snprintf(tail, sizeof tail, "e%d", top);
        place -= top;
    }
    for (; place > 0; place--) {         /* both end at the same digit */
        strcat(digits, "0");
        strcat(more, "0");
    }
    const int after = -place, missing = after + 1 - (int)strlen(digits);
    const int before = missing > 0 ? 0 : (int)strlen(digits) - after;
    if (uncertain)
        snprintf(uncertainty, sizeof uncertainty, "(%.20s)", more);
    snprintf(buf, BN_LATEX_NUMBER, "%s%.*s%s%.*s%.20s%s%s", sign,
             before > 0 && before < 20 ? before : 1, before > 0 ? digits : "0",
             after > 0 ? "." : "", missing > 1 ? missing - 1 : 0, "00000000",
             digits + before, uncertainty, tail);
    return buf;
}

/* --- units ---------------------------------------------------------------- */

static const struct { const char *name, *macro; } units[] = {
    { "s", "second" }, { "min", "minute" }, { "h", "hour" }, { "d", "day" }, { "m", "metre" },
    { "g", "gram" }, { "A", "ampere" }, { "K", "kelvin" }, { "mol", "mole" }, { "V", "volt" },
    { "Hz", "hertz" }, { "rad", "radian" }, { "degree", "degree" }, { "degrees", "degree" },
    { "deg", "degree" }, { "bit", "bit" }, { "byte", "byte" }, { "N", "newton" },
    { "Pa", "pascal" }, { "J", "joule" }, { "W", "watt" }, { "C", "coulomb" },
    { "F", "farad" }, { "ohm", "ohm" }, { "S", "siemens" }, { "T", "tesla" },
    { "percent", "percent" }, { "second", "second" }, { "metre", "metre" },
    { "meter", "metre" },
}, prefixes[] = {
    { "m", "milli" }, { "k", "kilo" }, { "M", "mega" }, { "c", "centi" }, { "u", "micro" },
    { "n", "nano" }, { "p", "pico" }, { "G", "giga" }, { "d", "deci" },
};

static const char *unit_macro(const char *name)
{
    for (size_t i = 0; i < BN_LEN(units); i++)
        if (strcmp(name, units[i].name) == 0)
            return units[i].macro;
    return NULL;
}

struct parse {
    const char *at, *whole;
    FILE *latex, *declared;
};

/* tau is a symbol, sigma_c has an index, and any other word stands as it is.  (siunitx sets
 * units upright, where some fonts have another letter in the place of a tau.)  */
static bn_status declare(const struct parse *p, const char *name)
{
    static const char *const greek[] = { "tau", "sigma", "theta", "phi", "lambda", "omega",
                                         "alpha", "beta", "gamma", "epsilon" };
    const size_t n = strcspn(name, "_");
    const char *letter = NULL;
    char *macro = bn_latex_name(name);

    if (macro == NULL)
        return BN_NOMEM;
    for (size_t i = 0; i < BN_LEN(greek); i++)
        if (strlen(greek[i]) == n && strncmp(name, greek[i], n) == 0)
            letter = greek[i];
    fprintf(p->latex, "\\basin%s", macro);
    fprintf(p->declared, "\\DeclareSIUnit{\\basin%s}{", macro);
    if (letter != NULL && name[n] == '_')
        fprintf(p->declared, "\\ensuremath{\\mathnormal{\\%s}_{\\mathrm{%s}}}}\n", letter,
                name + n + 1);
    else if (letter != NULL)
        fprintf(p->declared, "\\ensuremath{\\mathnormal{\\%s}}}\n", letter);
    else {
        for (const char *c = name; *c != '\0'; c++)
            fputc(*c == '_' ? '~' : *c, p->declared);
        fputs("}\n", p->declared);
    }
    free(macro);
    return BN_OK;
}

static bn_status write_unit(const struct parse *p, const char *name, long power)
{
    const char *macro = unit_macro(name);

    if (power < 0)
        fputs("\\per", p->latex);
    for (size_t i = 0; i < BN_LEN(prefixes) && macro == NULL; i++)
        if (*name == *prefixes[i].name && (macro = unit_macro(name + 1)) != NULL)
            fprintf(p->latex, "\\%s", prefixes[i].macro);
    if (macro != NULL)
        fprintf(p->latex, "\\%s", macro);
    else
        BN_TRY(declare(p, name));
    if (labs(power) != 1)
        fprintf(p->latex, "\\tothe{%ld}", labs(power));
    return BN_OK;
}

static bn_status unreadable(const struct parse *p)
{
    return bn_fail(BN_INPUT, "the unit `%s` cannot be written in LaTeX: `%s` is neither a "
                   "name with a power, nor . * / or a blank between two; write rad/s, "
                   "m2 or 1/s", p->whole, p->at);
}

static bn_status read_product(struct parse *p, int sign, char until, int depth);

/* A name, 1, or a group in parentheses, each with a power behind it or without. */
static bn_status read_factor(struct parse *p, int sign, int depth)
{
    char name[64];
    size_t n = 0;
    long power = 1;

    if (*p->at == '(' && depth < 8) {
        p->at++;
        BN_TRY(read_product(p, sign, ')', depth + 1));
        return BN_OK;
    }
    if (p->at[0] == '1' && !is_digit(p->at[1]) && p->at[1] != '.' && !is_letter(p->at[1])) {
        p->at++;
        return BN_OK;
    }
    while ((is_letter(*p->at) || (n > 0 && *p->at == '_')) && n + 1 < sizeof name)
        name[n++] = *p->at++;
    name[n] = '\0';
    if (n == 0)
        return unreadable(p);
    const char *number = p->at + (*p->at == '^');
    if (is_digit(*number) || (*number == '-' && is_digit(number[1]))) {
        char *end;
        power = strtol(number, &end, 10);
        p->at = end;
    }
    if (power == 0 || labs(power) > 99)
        return unreadable(p);
    return write_unit(p, name, sign * power);
}

static bn_status read_product(struct parse *p, int sign, char until, int depth)
{
    int next = sign;

    for (;;) {
        p->at += strspn(p->at, " ");
        BN_TRY(read_factor(p, next, depth));
        p->at += strspn(p->at, " ");
        next = sign;
        if (*p->at == until) {
            p->at += until != '\0';
            return BN_OK;
        }
        if (*p->at == '/')
            next = -sign;
        else if (*p->at != '.' && *p->at != '*') {
            if (!is_letter(*p->at) && *p->at != '(')
                return unreadable(p);
            continue;                    /* a blank alone */
        }
        p->at++;
    }
}

bn_status bn_latex_unit(const char *unit, char **latex, char **declared)
{
    size_t n, m;
    *latex = *declared = NULL;
    struct parse p = { .at = unit, .whole = unit, .latex = open_memstream(latex, &n),
                       .declared = open_memstream(declared, &m) };
    bn_status rc = p.latex && p.declared ? BN_OK : bn_fail(BN_NOMEM, "out of memory");

    if (rc == BN_OK)
        rc = read_product(&p, 1, '\0', 0);
    const bool whole = p.latex != NULL && fclose(p.latex) == 0;
    if ((p.declared == NULL || fclose(p.declared) != 0 || !whole) && rc == BN_OK)
        rc = bn_fail(BN_NOMEM, "out of memory");
    if (rc != BN_OK) {
        free(*latex);
        free(*declared);
        *latex = *declared = NULL;
    }
    return rc;
}
