/* SPDX-License-Identifier: MIT
 * Names in letters, numbers that end where their error does, units of siunitx. */
#include "test.h"

#include <basin/latex.h>
#include <basin/rng.h>

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static void names_are_letters(void **state)
{
    (void)state;
    static const struct { const char *text, *name; } cases[] = {
        { "gap", "Gap" }, { "drift_rms", "DriftRms" }, { "gap ring", "GapRing" },
        { "ring-sizes", "RingSizes" }, { "lambda-1e-06", "LambdaOneEMinusZeroSix" },
        { "lambda-1e+06", "LambdaOneEPlusZeroSix" }, { "x--2", "XMinusTwo" },
        { "0.5", "ZeroPointFive" }, { "tau-0.05.replicate-3",
                                      "TauZeroPointZeroFiveReplicateThree" },
        { "shell_1_size", "ShellOneSize" }, { "mouse28-140313", "MouseTwoEightOneFourZero"
                                              "ThreeOneThree" },
        { "CamelCase", "CamelCase" }, { "size-10", "SizeOneZero" }, { "", "" }, { "%_-.", "" },
        { "Bl\303\244tter", "BlTter" }, { "-5", "MinusFive" }, { "e-5", "EFive" },
        { ".5", "Five" },
    };
    for (size_t i = 0; i < BN_LEN(cases); i++) {
        char *name = bn_latex_name(cases[i].text);
        assert_string_equal(name, cases[i].name);
        free(name);
    }
}

static void numbers_end_where_their_error_does(void **state)
{
    (void)state;
    static const struct { double x, error; const char *text; } cases[] = {
        { 1.2345, 0.0432, "1.23(4)" }, { -1.2345, 0.0132, "-1.234(13)" },
        { 1.2345, 0.0296, "1.23(3)" }, { 1.2345, 0.0962, "1.23(10)" },
        { 0.5, 0.5, "0.5(5)" }, { 4.2e-8, 1.1e-8, "4.2(11)e-8" }, { 9.996, 0.03, "10.00(3)" },
        { 9.996e-8, 0.03e-8, "1.000(3)e-7" }, { 0.001234, 3e-5, "0.00123(3)" },
        { 0.0001234, 3e-6, "1.23(3)e-4" }, { 123456, 7890, "123000(8000)" },
        { 12345, 120, "12340(120)" }, { 1234567890, 3e6, "1.235(3)e9" }, { 0.3, 12, "0(12)" },
        { -0.3, 12, "0(12)" }, { 0.0, 0.02, "0.000(20)" }, { 0.0, 3e-9, "0(3)e-9" },
        /* felt by no digit that is shown */
        { 0.123456789, 1e-9, "0.12346" }, { 0.25, 1e-17, "0.25" }, { 3.0, 1e-12, "3" },
        /* no error: four digits, or all of a whole number */
        { 0.123456, 0, "0.1235" }, { 1e-8, 0, "1e-8" }, { 0.05, 0, "0.05" }, { 2.7659, 0,
        "2.766" }, { 1234567, 0, "1234567" }, { 0, 0, "0" }, { -0.0, 0, "0" }, { -3, 0, "-3" },
        { 1.5e300, 0, "1.5e300" }, { 9.9999e-5, 0, "1.0000e-4" }, { 123456.7, 0, "123500" },
        { 12345678.9, 0, "1.235e7" }, { 1e-300, 0, "1e-300" },
        { 1e-6, 0, "1e-6" }, { 3e-7, 0, "3e-7" }, { 1e23, 0, "1e23" }, { 0.1, 1e-9, "0.1" },
        { 0.5, DBL_MAX, "0.0(18)e308" }, { DBL_MAX, DBL_MAX, "1.8(18)e308" },
        { DBL_TRUE_MIN, DBL_MAX, "0.0(18)e308" }, { DBL_MAX, DBL_TRUE_MIN, "1.7977e308" },
        { 0.0, DBL_TRUE_MIN, "0(5)e-324" },
    };
    for (size_t i = 0; i < BN_LEN(cases); i++) {
        char buf[BN_LATEX_NUMBER];
        assert_string_equal(bn_latex_number(cases[i].x, cases[i].error, buf), cases[i].text);
    }
}

/* What a number says to a reader: its value, the worth of its last digit, its error. */
static void read_as_siunitx(const char *text, double *x, double *step, double *error)
{
    char plain[BN_LATEX_NUMBER];
    const size_t n = strcspn(text, "(e");
    const char *e = strchr(text, 'e'), *open = strchr(text, '(');

    snprintf(plain, sizeof plain, "%.*s%s", (int)n, text, e ? e : "");
    *x = strtod(plain, NULL);
    snprintf(plain, sizeof plain, "%.*s", (int)n, text);
    const char *dot = strchr(plain, '.');
    const double after = dot ? (double)strlen(dot + 1) : 0.0;
    *step = pow(10.0, (e ? strtod(e + 1, NULL) : 0.0) - after);
    *error = open ? strtod(open + 1, NULL) * *step : 0.0;
    for (size_t k = n; dot == NULL && e == NULL && k > 1 && plain[k - 1] == '0'; k--)
        *step *= 10.0;                   /* zeros that only fill up */
}

static void any_number_is_rounded_well(void **state)
{
    (void)state;
    const struct bn_rng rng = { .seed = 1, .stream = bn_rng_stream("latex") };
    double u[4];
    for (uint64_t k = 0; k < 20000; k++) {
        char buf[BN_LATEX_NUMBER];
        double shown, step, shown_error;
        bn_rng_normals(rng, k, 0, u, 4);
        const double x = u[0] * pow(10.0, 6.0 * u[1]);
        const double error = k % 4 == 0 ? 0.0 : fabs(x * u[2]) * pow(10.0, 2.0 * u[3]);
        read_as_siunitx(bn_latex_number(x, error, buf), &shown, &step, &shown_error);
        if (!(fabs(shown - x) <= 0.50001 * step))
            fail_msg("%.17g +- %.3g is shown as %s", x, error, buf);
        if (shown_error > 0.0 && !(fabs(shown_error - error) <= 0.2 * error))
            fail_msg("%.17g +- %.17g is shown as %s", x, error, buf);
        if (shown_error == 0.0 && !(fabs(shown - x) <= 5.001e-4 * fabs(x)))
            fail_msg("%.17g +- %.17g is shown as %s: too few digits", x, error, buf);
        assert_true(strlen(buf) < 24);
    }
}

static void units_are_those_of_siunitx(void **state)
{
    (void)state;
    static const struct { const char *unit, *latex, *declared; } cases[] = {
        { "1", "", "" }, { "s", "\\second", "" }, { "ms", "\\milli\\second", "" },
        { "rad/s", "\\radian\\per\\second", "" }, { "1/s", "\\per\\second", "" },
        { "degree2/s", "\\degree\\tothe{2}\\per\\second", "" }, { "m2", "\\metre\\tothe{2}", "" },
        { "m^2", "\\metre\\tothe{2}", "" }, { "1/kHz", "\\per\\kilo\\hertz", "" },
        { "bit/s", "\\bit\\per\\second", "" }, { "s-1", "\\per\\second", "" },
        { "m.s-2", "\\metre\\per\\second\\tothe{2}", "" }, { "kg m/s", "\\kilo\\gram\\metre"
                                                                      "\\per\\second", "" },
        { "min", "\\minute", "" }, { "cm", "\\centi\\metre", "" },
        { "1/tau", "\\per\\basinTau",
          "\\DeclareSIUnit{\\basinTau}{\\ensuremath{\\mathnormal{\\tau}}}\n" },
        { "sigma_c", "\\basinSigmaC", "\\DeclareSIUnit{\\basinSigmaC}"
          "{\\ensuremath{\\mathnormal{\\sigma}_{\\mathrm{c}}}}\n" },
        { "rad^2/(tau sigma^2)", "\\radian\\tothe{2}\\per\\basinTau\\per\\basinSigma\\tothe{2}",
          "\\DeclareSIUnit{\\basinTau}{\\ensuremath{\\mathnormal{\\tau}}}\n"
          "\\DeclareSIUnit{\\basinSigma}{\\ensuremath{\\mathnormal{\\sigma}}}\n" },
        { "current", "\\basinCurrent", "\\DeclareSIUnit{\\basinCurrent}{current}\n" },
    };
    static const char *const refused[] = { "", "100 m", "0.1 s", "m/", "/s", "m//s", "(m", "m)",
        "m^", "m0", "\\input{x}", "m}", "\302\265m", "((((((((((m))))))))))", "m^999999999999" };

    for (size_t i = 0; i < BN_LEN(cases); i++) {
        char *latex, *declared;
        assert_ok(bn_latex_unit(cases[i].unit, &latex, &declared));
        assert_string_equal(latex, cases[i].latex);
        assert_string_equal(declared, cases[i].declared);
        free(latex);
        free(declared);
    }
    for (size_t i = 0; i < BN_LEN(refused); i++) {
        char *latex, *declared;
        if (bn_latex_unit(refused[i], &latex, &declared) != BN_INPUT)
            fail_msg("`%s` was taken as a unit: %s", refused[i], latex);
        assert_says(bn_error(), "cannot be written in LaTeX");
        assert_null(latex);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_letters),
        cmocka_unit_test(numbers_end_where_their_error_does),
        cmocka_unit_test(any_number_is_rounded_well),
        cmocka_unit_test(units_are_those_of_siunitx),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
