/* SPDX-License-Identifier: MIT */
#include "test.h"

#include <basin/quantity.h>

static void texts_become_numbers(void **state)
{
    (void)state;
    static const struct { const char *text, *unit; double want; } row[] = {
        { "0.05", "s", 0.05 },        { "50 ms", "s", 0.05 },
        { "50ms", "s", 0.05 },        { "9 ms", "s", 0.009 },
        { " 50 ms ", "s", 0.05 },     { "5e1 ms", "s", 0.05 },
        { "2 s", "s", 2.0 },          { "1 min", "s", 60.0 },
        { "3", "1", 3.0 },            { "3", "", 3.0 },
        { "50 %", "1", 0.5 },         { "50%", "", 0.5 },
        { "180 degrees", "rad", 3.14159265358979 },
        { "90 degree/s", "rad/s", 1.5707963267949 },
        { "20 Hz", "1/s", 20.0 },     { "20 1/s", "Hz", 20.0 },
        { "1.5 kHz", "Hz", 1500.0 },  { "3 µs", "s", 3e-6 },
        { "-70 mV", "V", -0.07 },     { "0.1", "Hz", 0.1 },
        { "16 GB", "GB", 16.0 },      { "500 MB", "GB", 0.5 },
    };

    for (size_t i = 0; i < BN_LEN(row); i++) {
        double x = -77.0;
        const bn_status rc = bn_quantity(row[i].text, row[i].unit, &x);
        if (rc != BN_OK || x != row[i].want)
            fail_msg("%s in %s: %.17g, %s", row[i].text, row[i].unit, x, bn_error());
    }
}

static void nonsense_is_refused_and_named(void **state)
{
    (void)state;
    static const struct { const char *text, *unit, *says; } row[] = {
        { "fast", "s", "not a number or a quantity in s" },
        { "", "1", "not a number" },
        { "1 2", "1", "not a number" },
        { "50 foo", "s", "unknown unit `foo`" },
        { "50 m", "s", "differ in kind" },
        { "50 ms", "1", "pure number" },
        { "1 Hz", "rad/s", "differ in kind" },
        { "1 rad/s", "Hz", "differ in kind" },
        { "nan s", "s", "not a number" },
        { "1e400 s", "s", "too large" },
        { "1e306 km", "mm", "too large" },
        { "0x10 s", "s", "unknown unit" },
        { "3 s", "GB", "differ in kind" },
    };

    for (size_t i = 0; i < BN_LEN(row); i++) {
        double x = -77.0;
        assert_fails(bn_quantity(row[i].text, row[i].unit, &x), BN_USAGE);
        assert_says(bn_error(), row[i].says);
        assert_true(x == -77.0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts_become_numbers),
        cmocka_unit_test(nonsense_is_refused_and_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
