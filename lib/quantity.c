/* SPDX-License-Identifier: MIT */
#include <basin/quantity.h>

#include <basin/mem.h>
#include <basin/text.h>

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <udunits2.h>

/* Read once, and only when a text brings its own unit: the database takes
 * longer to load than most parameter files.                                 */
static ut_system *database(void)
{
    static ut_system *units;

    if (units == NULL) {
        ut_set_error_message_handler(ut_ignore);
        units = ut_read_xml(NULL);
        /* what everybody who works on head direction types */
        ut_unit *degree = units != NULL ? ut_get_unit_by_name(units, "degree") : NULL;
        if (degree != NULL)
            ut_map_name_to_unit("deg", UT_ASCII, degree);
        ut_free(degree);
        /* it knows the byte by its long name alone */
        ut_unit *byte = units != NULL ? ut_get_unit_by_name(units, "byte") : NULL;
        if (byte != NULL)
            ut_map_symbol_to_unit("B", UT_ASCII, byte);
        ut_free(byte);
    }
    return units;
}

/* Length of the number at the start of `s`; 0 if there is none. */
static size_t number_length(const char *s)
{
    const char *p = s;
    size_t digits = 0;
    bool point = false;

    if (*p == '-' || *p == '+')
        p++;
    for (; isdigit((unsigned char)*p) || (*p == '.' && !point); p++) {
        point = point || *p == '.';
        digits += *p != '.';
    }
    if (digits == 0)
        return 0;
    if (*p == 'e' || *p == 'E') {
        const char *e = p + 1;
        if (*e == '-' || *e == '+')
            e++;
        if (isdigit((unsigned char)*e))
            for (p = e; isdigit((unsigned char)*p);)
                p++;
    }
    return (size_t)(p - s);
}

/* udunits knows the radian as a number, so that 1 Hz would pass for 1 rad/s;
 * who writes "Hz" for an angular velocity means 2 pi of that.               */
static bool angles_agree(const ut_unit *a, const ut_unit *b)
{
    char in_a[256], in_b[256];
    const unsigned how = UT_ASCII | UT_NAMES | UT_DEFINITION;

    const int na = ut_format(a, in_a, sizeof in_a, how);
    const int nb = ut_format(b, in_b, sizeof in_b, how);
    if (na < 0 || nb < 0 || (size_t)na >= sizeof in_a || (size_t)nb >= sizeof in_b)
        return true;
    in_a[na] = in_b[nb] = '\0';
    const bool turns_a = strstr(in_a, "radian") != NULL;
    const bool turns_b = strstr(in_b, "radian") != NULL;
    return turns_a == turns_b || (ut_is_dimensionless(a) && ut_is_dimensionless(b));
}

static bn_status convert(double value, const char *text, const ut_unit *from,
                         const ut_unit *to, const char *unit, double *x)
{
    if (!ut_are_convertible(from, to) || !angles_agree(from, to))
        return bn_fail(BN_USAGE, "\"%s\" is not a quantity in %s: the units differ in kind",
                       text, strcmp(unit, "1") == 0 ? "1 (a pure number)" : unit);
    cv_converter *cv = ut_get_converter((ut_unit *)(uintptr_t)from,
                                        (ut_unit *)(uintptr_t)to);
    if (cv == NULL)
        return bn_fail(BN_NOMEM, "out of memory while converting \"%s\" to %s", text,
                       unit);
    const double y = bn_round15(cv_convert_double(cv, value));
    cv_free(cv);
    if (!isfinite(y))
        return bn_fail(BN_USAGE, "\"%s\" is too large in %s", text, unit);
    *x = y;
    return BN_OK;
}

static bn_status with_unit(const char *text, double value, const char *found,
                           const char *unit, double *x)
{
    ut_system *units = database();
    if (units == NULL)
        return bn_fail(BN_INPUT, "\"%s\": the udunits2 database cannot be read; install "
                       "libudunits2-data or write the bare number in %s", text, unit);

    ut_unit *from = ut_parse(units, found, UT_UTF8);
    if (from == NULL)
        return bn_fail(BN_USAGE, "\"%s\": unknown unit `%s`; expected a number or a "
                       "quantity in %s", text, found, unit);
    ut_unit *to = ut_parse(units, unit, UT_UTF8);
    bn_status rc;
    if (to == NULL)
        rc = bn_fail(BN_USAGE, "\"%s\": the declared unit `%s` is unknown to udunits2; "
                     "this is a bug in the stage's table", text, unit);
    else
        rc = convert(value, text, from, to, unit, x);
    ut_free(to);
    ut_free(from);
    return rc;
}

bn_status bn_quantity(const char *text, const char *unit, double *x)
{
    const char *declared = *unit != '\0' ? unit : "1";
    const char *s = text + strspn(text, " \t");
    const size_t n = number_length(s);
    const char *rest = s + n + strspn(s + n, " \t");

    /* "1 2" is no quantity, though udunits would take the 2 as a unit. */
    const bool per = strncmp(rest, "1/", 2) == 0;
    if (n == 0 || (*rest != '\0' && !per && strchr("0123456789.+-", *rest) != NULL))
        return bn_fail(BN_USAGE, strcmp(declared, "1") == 0
                       ? "\"%s\" is not a number"
                       : "\"%s\" is not a number or a quantity in %s", text, declared);

    char *number = bn_copy(s), *found = bn_copy(rest);
    double value = 0.0;
    bn_status rc = number != NULL && found != NULL ? BN_OK : BN_NOMEM;
    if (rc == BN_OK) {
        number[n] = '\0';
        for (size_t k = strlen(found); k > 0 && isspace((unsigned char)found[k - 1]);)
            found[--k] = '\0';
        rc = bn_parse_real(number, &value);
    }
    if (rc == BN_OK && (*found == '\0' || strcmp(found, declared) == 0))
        *x = value;
    else if (rc == BN_OK)
        rc = with_unit(text, value, found, declared, x);
    free(found);
    free(number);
    return rc;
}
