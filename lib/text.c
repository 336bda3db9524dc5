/* SPDX-License-Identifier: MIT */
#include <basin/text.h>

#include <ctype.h>
#include <errno.h>
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A decimal number cut into its parts; strtod() alone also takes hexadecimal,
 * "nan", "infinity" and leading blanks.                                     */
struct decimal {
    const char *digits;                  /* mantissa: digits and maybe a point */
    size_t length;
    bool negative;
    long exponent;                       /* clamped to +-100000 */
};

static const char *read_mantissa(const char *s, struct decimal *d)
{
    size_t digits = 0;
    bool point = false;

    d->negative = *s == '-';
    if (*s == '-' || *s == '+')
        s++;
    d->digits = s;
    for (; isdigit((unsigned char)*s) || (*s == '.' && !point); s++) {
        point = point || *s == '.';
        digits += *s != '.';
    }
    d->length = (size_t)(s - d->digits);
    return digits > 0 ? s : NULL;
}

static bool read_decimal(const char *text, struct decimal *d)
{
    const char *s = read_mantissa(text, d);
    if (s == NULL)
        return false;

    d->exponent = 0;
    if (*s == 'e' || *s == 'E') {
        const bool negative = *++s == '-';
        if (*s == '-' || *s == '+')
            s++;
        if (!isdigit((unsigned char)*s))
            return false;
        for (; isdigit((unsigned char)*s); s++)
            if (d->exponent < 100000)
                d->exponent = 10 * d->exponent + (*s - '0');
        if (negative)
            d->exponent = -d->exponent;
    }
    return *s == '\0';
}

bn_status bn_parse_real(const char *text, double *x)
{
    struct decimal d;
    if (!read_decimal(text, &d))
        return bn_fail(BN_USAGE, "\"%s\" is not a number", text);

    errno = 0;
    const double value = strtod(text, NULL);
    if (isinf(value))
        return bn_fail(BN_USAGE, "%s is too large for double precision (at most 1.8e308)",
                       text);
    if (errno == ERANGE && value == 0.0)
        return bn_fail(BN_USAGE, "%s is too small for double precision; write 0", text);
    *x = value;
    return BN_OK;
}

/* m <- m * 10^k + digit; false on overflow. */
static bool shift_in(uint64_t *m, long k, unsigned digit)
{
    for (; k > 0; k--) {
        if (*m > UINT64_MAX / 10)
            return false;
        *m *= 10;
        if (*m == 0)
            break;
    }
    if (*m > UINT64_MAX - digit)
        return false;
    *m += digit;
    return true;
}

/* Exact: the mantissa without its trailing zeros, then the power of ten. */
static bn_status whole_number(const struct decimal *d, uint64_t *m, const char *text)
{
    long zeros = 0, after_point = 0;
    bool point = false;

    *m = 0;
    for (size_t i = 0; i < d->length; i++) {
        const char c = d->digits[i];
        if (c == '.') {
            point = true;
            continue;
        }
        after_point += point;
        zeros++;
        if (c == '0')
            continue;
        if (!shift_in(m, zeros, (unsigned)(c - '0')))
            return bn_fail(BN_USAGE, "%s is too large for a 64-bit integer", text);
        zeros = 0;
    }
    if (*m == 0)
        return BN_OK;

    const long power = d->exponent - after_point + zeros;
    if (power < 0)
        return bn_fail(BN_USAGE, "%s is not a whole number", text);
    if (!shift_in(m, power, 0))
        return bn_fail(BN_USAGE, "%s is too large for a 64-bit integer", text);
    return BN_OK;
}

bn_status bn_parse_integer(const char *text, int64_t *x)
{
    struct decimal d;
    uint64_t m;

    if (!read_decimal(text, &d))
        return bn_fail(BN_USAGE, "\"%s\" is not a whole number", text);
    BN_TRY(whole_number(&d, &m, text));
    if (m > (uint64_t)INT64_MAX + d.negative)
        return bn_fail(BN_USAGE, "%s is too large for a 64-bit integer", text);
    if (m > (uint64_t)INT64_MAX)
        *x = INT64_MIN;
    else
        *x = d.negative ? -(int64_t)m : (int64_t)m;
    return BN_OK;
}

const char *bn_shortest(double x, char buf[32])
{
    /* A normal double that has a decimal of at most 15 digits prints as it with
     * %.15g; a subnormal one may need far fewer.                            */
    const int first = fabs(x) < DBL_MIN ? 1 : DBL_DIG;

    for (int digits = first; digits <= 17; digits++) {
        snprintf(buf, 32, "%.*g", digits, x);
        if (strtod(buf, NULL) == x)
            break;
    }
    return buf;
}

double bn_round15(double x)
{
    char buf[32];

    snprintf(buf, sizeof buf, "%.14e", x);
    return strtod(buf, NULL);
}

enum { LONGEST = 63 };                   /* names beyond this have no neighbours */

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Optimal string alignment: insert, delete, replace, swap neighbours. */
static size_t distance(const char *a, size_t n, const char *b, size_t m)
{
    size_t row[3][LONGEST + 1];

    for (size_t j = 0; j <= m; j++)
        row[0][j] = j;
    for (size_t i = 1; i <= n; i++) {
        size_t *now = row[i % 3];
        const size_t *up = row[(i - 1) % 3], *up2 = row[(i + 1) % 3];
        now[0] = i;
        for (size_t j = 1; j <= m; j++) {
            const size_t replace = up[j - 1] + (a[i - 1] != b[j - 1]);
            now[j] = least(least(up[j], now[j - 1]) + 1, replace);
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                now[j] = least(now[j], up2[j - 2] + 1);
        }
    }
    return row[n % 3][m];
}

const char *bn_nearest(const char *name, const char *const *candidates, size_t n)
{
    const size_t length = strlen(name);
    size_t best = length / 3 > 0 ? length / 3 : 1;
    const char *found = NULL;

    if (length > LONGEST)
        return NULL;
    for (size_t i = 0; i < n; i++) {
        const size_t m = strlen(candidates[i]);
        if (m > LONGEST)
            continue;
        const size_t d = distance(name, length, candidates[i], m);
        if (d < best || (d == best && found == NULL)) {
            best = d;
            found = candidates[i];
        }
    }
    return found;
}

const char *bn_human_bytes(double bytes, char buf[32])
{
    static const char *const unit[] = { "B", "kB", "MB", "GB", "TB", "PB", "EB" };
    size_t k = 0;

    for (; bytes >= 999.5 && k + 1 < BN_LEN(unit); k++)
        bytes /= 1000.0;
    snprintf(buf, 32, k > 0 && bytes < 9.95 ? "%.1f %s" : "%.0f %s", bytes, unit[k]);
    return buf;
}

const char *bn_human_seconds(double s, char buf[32])
{
    if (!(s >= 0.0 && s < 1e15))
        snprintf(buf, 32, "?");
    else if (s < 0.9995e-3)
        snprintf(buf, 32, "%.0f us", s * 1e6);
    else if (s < 0.9995)
        snprintf(buf, 32, "%.0f ms", s * 1e3);
    else if (s < 59.95)
        snprintf(buf, 32, s < 9.95 ? "%.1f s" : "%.0f s", s);
    else if (s < 3599.5)
        snprintf(buf, 32, "%.0f min %02.0f s", floor(round(s) / 60),
                 fmod(round(s), 60));
    else if (s < 86370.0)
        snprintf(buf, 32, "%.0f h %02.0f min", floor(round(s / 60) / 60),
                 fmod(round(s / 60), 60));
    else
        snprintf(buf, 32, "%.0f d %02.0f h", floor(round(s / 3600) / 24),
                 fmod(round(s / 3600), 24));
    return buf;
}
