/* SPDX-License-Identifier: MIT */
#include "test.h"

#include <basin/mem.h>
#include <basin/param.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static const struct bn_param table[] = {
    BN_REAL("lambda", "1", "1e-8", 0, 1, "ridge"),
    BN_REAL("tau", "s", "50 ms", 1e-3, 10, "time constant"),
    BN_REAL("drift", "rad/s", "0", -INFINITY, INFINITY, "drift"),
    BN_INTEGER("neurons", "1e3", 1, 1e6, "neurons"),
    BN_FLAG("plot", "no", "draw"),
    BN_CHOICE("form", "auto", "auto dense factored", "form of J"),
    BN_TEXT("stream", "weights", "name of the noise"),
    BN_FILE("file", "", "recording"),
    BN_REALS("noise", "s", "10 ms 20 ms, 0.03", 0, 1, "noise"),
    BN_INTEGERS("cells", "1 2 3", 0, 9, "cells"),
    BN_FILES("files", "", "recordings"),
};

static int make(void **state)
{
    bn_values *v;
    assert_ok(bn_values_new(&v, table, BN_LEN(table)));
    *state = v;
    return 0;
}

static int drop(void **state)
{
    bn_values_free(*state);
    return 0;
}

static const char *canonical(const bn_values *v, const char *name)
{
    size_t i;
    assert_true(bn_values_find(v, name, &i));
    return bn_values_canonical(v, i);
}

static void defaults_are_parsed(void **state)
{
    bn_values *v = *state;
    size_t n;

    assert_true(bn_values_real(v, "lambda") == 1e-8);
    assert_true(bn_values_real(v, "tau") == 0.05);
    assert_int_equal(bn_values_integer(v, "neurons"), 1000);
    assert_false(bn_values_flag(v, "plot"));
    assert_string_equal(bn_values_text(v, "form"), "auto");
    assert_string_equal(bn_values_text(v, "file"), "");
    const double *noise = bn_values_reals(v, "noise", &n);
    assert_int_equal(n, 3);
    assert_true(noise[0] == 0.01 && noise[1] == 0.02 && noise[2] == 0.03);
    const int64_t *cells = bn_values_integers(v, "cells", &n);
    assert_int_equal(n, 3);
    assert_int_equal(cells[2], 3);
    (void)bn_values_texts(v, "files", &n);
    assert_int_equal(n, 0);
    assert_string_equal(bn_values_origin(v, 0), "default");
    assert_string_equal(canonical(v, "neurons"), "1000");
}

static void texts_have_one_canonical_form(void **state)
{
    bn_values *v = *state;
    static const struct { const char *name, *text, *want; } row[] = {
        { "lambda", "1e-6", "1e-06" },       { "lambda", "0.000001", "1e-06" },
        { "lambda", "-0", "0" },             { "lambda", "50 %", "0.5" },
        { "tau", "9 ms", "0.009" },          { "tau", "0.009", "0.009" },
        { "neurons", "1.5e3", "1500" },      { "neurons", "1500.0", "1500" },
        { "plot", "on", "yes" },             { "plot", "true", "yes" },
        { "plot", "off", "no" },             { "form", "dense", "dense" },
        { "stream", "a b", "a b" },          { "file", "/data/a b.nwb", "/data/a b.nwb" },
        { "noise", "{10 ms, 0.02}", "0.01 0.02" },
        { "noise", "0.1 0.2", "0.1 0.2" },   { "noise", "10ms 20 ms", "0.01 0.02" },
        { "noise", "5 ms", "0.005" },        { "noise", "", "" },
        { "cells", "{ 4,5 }", "4 5" },       { "cells", "1e0,2", "1 2" },
        { "files", "a.nwb, \"b c.nwb\"", "a.nwb b c.nwb" },
    };

    for (size_t i = 0; i < BN_LEN(row); i++) {
        assert_ok(bn_values_set_text(v, "weights", row[i].name, row[i].text, "--set"));
        if (strcmp(canonical(v, row[i].name), row[i].want) != 0)
            fail_msg("%s = %s: %s", row[i].name, row[i].text, canonical(v, row[i].name));
    }
    size_t i;
    assert_true(bn_values_find(v, "files", &i));
    assert_int_equal(bn_values_length(v, i), 2);
    assert_string_equal(bn_values_item(v, i, 1), "b c.nwb");
    assert_string_equal(bn_values_origin(v, i), "--set");
}

static void wrong_texts_are_refused(void **state)
{
    bn_values *v = *state;
    static const struct { const char *name, *text, *says; } row[] = {
        { "lambda", "2", "lambda = 2 is outside [0, 1] (params/ring.conf:14, [weights])" },
        { "lambda", "big", "lambda: \"big\" is not a number (params/ring.conf:14, [weights])" },
        { "lambda", "nan", "not a number" },     { "lambda", "inf", "not a number" },
        { "lambda", "1e-8 s", "pure number" },
        { "lambda", "", "not a number" },
        { "tau", "1 min", "tau = 60 s is outside [0.001, 10] s" },
        { "tau", "50 mV", "differ in kind" },
        { "drift", "inf", "not a number" },
        { "neurons", "1.5", "not a whole number" },
        { "neurons", "0", "neurons = 0 is outside [1, 1000000]" },
        { "plot", "maybe", "neither yes nor no" },
        { "form", "dence", "did you mean `dense`?" },
        { "form", "sparse", "not among {auto dense factored}" },
        { "noise", "0.1, 2", "noise = 2 s is outside [0, 1] s" },
        { "noise", "0.1 x", "unknown unit `x`" },
        { "cells", "1, 10", "cells = 10 is outside [0, 9]" },
        { "files", "a, \"\"", "empty file name" },
        { "lamda", "1", "unknown key `lamda` in [weights] (params/ring.conf:14): "
                        "did you mean `lambda`?" },
        { "colour", "1", "the keys are lambda, tau" },
    };

    for (size_t i = 0; i < BN_LEN(row); i++) {
        assert_fails(bn_values_set_text(v, "weights", row[i].name, row[i].text,
                                        "params/ring.conf:14"), BN_USAGE);
        assert_says(bn_error(), row[i].says);
    }
    for (size_t i = 0; i < bn_values_count(v); i++)
        assert_string_equal(bn_values_origin(v, i), "default");
    assert_string_equal(canonical(v, "noise"), "0.01 0.02 0.03");
}

static void arrays_of_texts(void **state)
{
    bn_values *v = *state;
    static const char *const two[] = { "10 ms", "0.5" };

    assert_ok(bn_values_set(v, "weights", "noise", two, 2, "x:1"));
    assert_string_equal(canonical(v, "noise"), "0.01 0.5");
    assert_ok(bn_values_set(v, "weights", "noise", two, 0, "x:1"));
    assert_string_equal(canonical(v, "noise"), "");
    assert_fails(bn_values_set(v, "weights", "tau", two, 2, "x:1"), BN_USAGE);
    assert_says(bn_error(), "tau takes one value, not a list of 2 (x:1, [weights])");
}

static void only_reading_is_logged(void **state)
{
    bn_values *v = *state;

    assert_ok(bn_values_set_text(v, "", "lambda", "0.5", "--set"));
    (void)canonical(v, "lambda");
    for (size_t i = 0; i < bn_values_count(v); i++)
        assert_false(bn_values_was_read(v, i));
    (void)bn_values_real(v, "tau");
    for (size_t i = 0; i < bn_values_count(v); i++)
        assert_int_equal(bn_values_was_read(v, i), i == 1);
    assert_string_equal(bn_values_param(v, 1)->name, "tau");
}

static void types_have_names(void **state)
{
    (void)state;
    enum bn_type back;

    for (enum bn_type t = BN_TYPE_REAL; t <= BN_TYPE_FILES; t++) {
        assert_true(bn_type_parse(bn_type_name(t), &back));
        assert_int_equal(back, t);
    }
    assert_false(bn_type_parse("float", &back));
}

static void out_of_memory_is_survived(void **state)
{
    bn_values *v = *state, *fresh = NULL;
    bn_status rc = BN_NOMEM;

    for (long n = 0; rc != BN_OK; n++) {
        bn_alloc_fail_after(n);
        rc = bn_values_new(&fresh, table, BN_LEN(table));
        assert_true(rc == BN_OK ? fresh != NULL : rc == BN_NOMEM && fresh == NULL);
        assert_true(n < 10000);
    }
    bn_alloc_fail_after(-1);
    bn_values_free(fresh);

    rc = BN_NOMEM;
    for (long n = 0; rc != BN_OK; n++) {
        bn_alloc_fail_after(n);
        rc = bn_values_set_text(v, "", "noise", "0.5 0.6", "--set");
        assert_string_equal(canonical(v, "noise"),
                            rc == BN_OK ? "0.5 0.6" : "0.01 0.02 0.03");
        assert_true(n < 10000);
    }
    bn_alloc_fail_after(-1);
}

static void read_unknown(bn_values *v) { (void)bn_values_real(v, "nothing"); }
static void read_mistyped(bn_values *v) { (void)bn_values_real(v, "neurons"); }
static void bad_default(bn_values *v)
{
    static const struct bn_param bad[] = { BN_REAL("x", "1", "7", 0, 1, "x") };
    if (bn_values_new(&v, bad, 1) != BN_OK)
        _exit(1);
}

static void bugs_of_a_stage_abort(void **state)
{
    static void (*const bugs[])(bn_values *) = { read_unknown, read_mistyped, bad_default };

    for (size_t i = 0; i < BN_LEN(bugs); i++) {
        int status = 0;
        fflush(NULL);
        const pid_t child = fork();
        if (child == 0) {
            signal(SIGABRT, SIG_DFL);
            if (freopen("/dev/null", "w", stderr) != NULL)
                bugs[i](*state);
            _exit(0);
        }
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(defaults_are_parsed, make, drop),
        cmocka_unit_test_setup_teardown(texts_have_one_canonical_form, make, drop),
        cmocka_unit_test_setup_teardown(wrong_texts_are_refused, make, drop),
        cmocka_unit_test_setup_teardown(arrays_of_texts, make, drop),
        cmocka_unit_test_setup_teardown(only_reading_is_logged, make, drop),
        cmocka_unit_test(types_have_names),
        cmocka_unit_test_setup_teardown(out_of_memory_is_survived, make, drop),
        cmocka_unit_test_setup_teardown(bugs_of_a_stage_abort, make, drop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
