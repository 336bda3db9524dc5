/* SPDX-License-Identifier: MIT */
#include "test.h"

#include <basin/text.h>

#include <stdio.h>
#include <stdlib.h>

static void reals_are_strict(void **state)
{
    (void)state;
    static const struct { const char *text; double want; bool ok; } row[] = {
        { "0", 0.0, true },           { "-1.5", -1.5, true },
        { "+2.", 2.0, true },         { ".5", 0.5, true },
        { "1e-8", 1e-8, true },       { "1E+3", 1000.0, true },
        { "5e-324", 5e-324, true },   { "1.7976931348623157e308", 1.7976931348623157e308, true },
        { "", 0, false },             { ".", 0, false },
        { "1e", 0, false },           { "1e+", 0, false },
        { "1.2.3", 0, false },        { "1 ", 0, false },
        { " 1", 0, false },           { "1,5", 0, false },
        { "0x10", 0, false },         { "nan", 0, false },
        { "inf", 0, false },          { "-Infinity", 0, false },
        { "1e309", 0, false },        { "1e-400", 0, false },
        { "--1", 0, false },          { "one", 0, false },
    };

    for (size_t i = 0; i < BN_LEN(row); i++) {
        double x = -77.0;
        const bn_status rc = bn_parse_real(row[i].text, &x);
        if ((rc == BN_OK) != row[i].ok)
            fail_msg("\"%s\" gave %d", row[i].text, (int)rc);
        if (x != (row[i].ok ? row[i].want : -77.0))
            fail_msg("\"%s\" gave %.17g", row[i].text, x);
    }
}

static void integers_are_exact(void **state)
{
    (void)state;
    static const struct { const char *text; int64_t want; bool ok; } row[] = {
        { "0", 0, true },             { "-0", 0, true },
        { "1e6", 1000000, true },     { "1.5e1", 15, true },
        { "15.00", 15, true },        { "1500e-2", 15, true },
        { "0e99999", 0, true },       { "0.000", 0, true },
        { "9007199254740993", 9007199254740993, true },
        { "9223372036854775807", INT64_MAX, true },
        { "-9223372036854775808", INT64_MIN, true },
        { "0.00000000000000000000000001e26", 1, true },
        { "9223372036854775808", 0, false },
        { "-9223372036854775809", 0, false },
        { "1e19", 0, false },         { "1e999999999999", 0, false },
        { "1.5", 0, false },          { "1e-1", 0, false },
        { "15.001", 0, false },       { "0x10", 0, false },
        { "", 0, false },             { "3 ", 0, false },
        { "18446744073709551617", 0, false },
    };

    for (size_t i = 0; i < BN_LEN(row); i++) {
        int64_t x = -77;
        const bn_status rc = bn_parse_integer(row[i].text, &x);
        if ((rc == BN_OK) != row[i].ok)
            fail_msg("\"%s\" gave %d", row[i].text, (int)rc);
        if (x != (row[i].ok ? row[i].want : -77))
            fail_msg("\"%s\" gave %lld", row[i].text, (long long)x);
    }
}

static void shortest_is_short_and_exact(void **state)
{
    (void)state;
    static const struct { double x; const char *want; } row[] = {
        { 0.0, "0" },          { 0.1, "0.1" },     { 1e-8, "1e-08" },
        { 1e6, "1000000" },    { 1.0 / 3, "0.3333333333333333" },
        { 0.1 + 0.2, "0.30000000000000004" },      { 5e-324, "5e-324" },
        { -2.5, "-2.5" },      { 1e22, "1e+22" },  { 123456789012345.0, "123456789012345" },
    };
    char buf[32];

    for (size_t i = 0; i < BN_LEN(row); i++)
        assert_string_equal(bn_shortest(row[i].x, buf), row[i].want);

    uint64_t bits = 0x9e3779b97f4a7c15;
    for (int i = 0; i < 20000; i++) {
        double x;
        bits = bits * 6364136223846793005u + 1442695040888963407u;
        memcpy(&x, &bits, sizeof x);
        if (isfinite(x) && strtod(bn_shortest(x, buf), NULL) != x)
            fail_msg("%s is not %.17g", buf, x);
    }
}

static void round15_undoes_a_conversion(void **state)
{
    (void)state;
    assert_true(9 * 0.001 != 0.009);
    for (int i = 1; i < 1000; i++) {
        char text[16];
        snprintf(text, sizeof text, "%d.%03d", i / 1000, i % 1000);
        assert_true(bn_round15(i * 0.001) == strtod(text, NULL));
    }
    assert_true(bn_round15(0.0) == 0.0);
    assert_true(bn_round15(-1.0 / 3) == -0.333333333333333);
}

static void nearest_name(void **state)
{
    (void)state;
    static const char *const known[] = { "lambda", "form", "gain", "neurons", "sigma",
                                         "beta" };
    static const struct { const char *name, *want; } row[] = {
        { "lamda", "lambda" },   { "labmda", "lambda" }, { "Lambda", "lambda" },
        { "lambdas", "lambda" }, { "from", "form" },     { "neuron", "neurons" },
        { "sgima", "sigma" },    { "bata", "beta" },     { "gain", "gain" },
        { "x", NULL },           { "temperature", NULL }, { "", NULL },
        { "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", NULL },
    };

    for (size_t i = 0; i < BN_LEN(row); i++) {
        const char *got = bn_nearest(row[i].name, known, BN_LEN(known));
        if ((got == NULL) != (row[i].want == NULL) ||
            (got != NULL && strcmp(got, row[i].want) != 0))
            fail_msg("%s: %s", row[i].name, got != NULL ? got : "none");
    }
    assert_null(bn_nearest("a", NULL, 0));
}

static void human_sizes(void **state)
{
    (void)state;
    static const struct { double x; const char *bytes, *seconds; } row[] = {
        { 0, "0 B", "0 us" },              { 12, "12 B", "12 s" },
        { 999, "999 B", "16 min 39 s" },   { 1500, "1.5 kB", "25 min 00 s" },
        { 9960, "10 kB", "2 h 46 min" },   { 12e3, "12 kB", "3 h 20 min" },
        { 999.7e3, "1.0 MB", "11 d 14 h" }, { 1.5e9, "1.5 GB", "17361 d 03 h" },
    };
    static const struct { double x; const char *want; } small[] = {
        { 3.42, "3.4 s" },     { 0.012, "12 ms" },     { 350e-6, "350 us" },
        { 0.9996, "1.0 s" },   { 59.96, "1 min 00 s" }, { 3720, "1 h 02 min" },
        { 3599.6, "1 h 00 min" }, { 9.97, "10 s" },    { -1, "?" },  { NAN, "?" },
    };
    char buf[32];

    for (size_t i = 0; i < BN_LEN(row); i++) {
        assert_string_equal(bn_human_bytes(row[i].x, buf), row[i].bytes);
        assert_string_equal(bn_human_seconds(row[i].x, buf), row[i].seconds);
    }
    for (size_t i = 0; i < BN_LEN(small); i++)
        assert_string_equal(bn_human_seconds(small[i].x, buf), small[i].want);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reals_are_strict),
        cmocka_unit_test(integers_are_exact),
        cmocka_unit_test(shortest_is_short_and_exact),
        cmocka_unit_test(round15_undoes_a_conversion),
        cmocka_unit_test(nearest_name),
        cmocka_unit_test(human_sizes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
