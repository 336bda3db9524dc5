/* SPDX-License-Identifier: MIT */
#include "test.h"

#include <basin/conf.h>
#include <basin/mem.h>

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static const struct bn_param top[] = {
    BN_INTEGER("seed", "1", 0, 9e15, "root seed"),
};
static const struct bn_param weights[] = {
    BN_REAL("lambda", "1", "1", 0, 1, "ridge"),
    BN_CHOICE("form", "dense", "dense factored", "form"),
    BN_REALS("noise", "1", "", 0, 1, "noise"),
};
static const struct bn_param recording[] = {
    BN_FILE("file", "", "file"),
    BN_FILES("files", "", "files"),
    BN_TEXT("label", "", "label"),
};
static const struct bn_section sections[] = {
    { "", top, BN_LEN(top) },
    { "weights", weights, BN_LEN(weights) },
    { "weights.circulant", weights, BN_LEN(weights) },
    { "recording", recording, BN_LEN(recording) },
};
static const struct bn_section lenient[] = {
    { "", top, BN_LEN(top) },
    { "weights", weights, BN_LEN(weights) },
    { "*", NULL, 0 },
};

static char dir[] = "/tmp/test_conf.XXXXXX";

static const char *write_file(const char *name, const char *text)
{
    static char path[2][128];
    static int turn;
    char *p = path[turn ^= 1];

    snprintf(p, sizeof path[0], "%s/%s", dir, name);
    FILE *f = fopen(p, "w");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
    return p;
}

/* Every assignment as a line "file:line section.key=a|b". */
static bn_status note(void *context, const struct bn_assignment *a)
{
    char *log = context;
    const char *base = strrchr(a->origin, '/');

    sprintf(log + strlen(log), "%s %s.%s=", base != NULL ? base + 1 : a->origin, a->section,
            a->key);
    for (size_t i = 0; i < a->count; i++)
        sprintf(log + strlen(log), "%s%s", i > 0 ? "|" : "", a->texts[i]);
    strcat(log, "\n");
    return BN_OK;
}

static char *log_of(const char *text)
{
    static char log[4096];

    log[0] = '\0';
    assert_ok(bn_conf_load(write_file("ring.conf", text), sections, BN_LEN(sections), note,
                           log));
    return log;
}

static void values_and_lines(void **state)
{
    (void)state;
    static const struct { const char *text, *want; } row[] = {
        { "", "" },
        { "# only a comment", "" },
        { "seed = 1", "ring.conf:1 .seed=1\n" },
        { "# comment\nseed = 1\n", "ring.conf:2 .seed=1\n" },
        { "// a\n/* b\n c */\n\n#### d\nseed=1 # e\n", "ring.conf:6 .seed=1\n" },
        { "\xef\xbb\xbfseed = 1\r\n\r\nseed = 2\r\n",
          "ring.conf:1 .seed=1\nring.conf:3 .seed=2\n" },
        { "weights { lambda = 1e-8 form = dense }",
          "ring.conf:1 weights.lambda=1e-8\nring.conf:1 weights.form=dense\n" },
        { "weights {\n  # x\n  lambda = 1e+3\n}\nseed = +5",
          "ring.conf:3 weights.lambda=1e+3\nring.conf:5 .seed=+5\n" },
        { "weights { noise = {\n 1, # one\n \"2 ms\",\n 3\n}\n lambda = 2 }\nseed = 3",
          "ring.conf:1 weights.noise=1|2 ms|3\nring.conf:6 weights.lambda=2\n"
          "ring.conf:7 .seed=3\n" },
        { "weights { noise = 0.5 }", "ring.conf:1 weights.noise=0.5\n" },
        { "weights { noise = {} }", "ring.conf:1 weights.noise=\n" },
        { "weights { noise = {1,2,} }", "ring.conf:1 weights.noise=1|2\n" },
        { "weights\n{ lambda = 1 }\nweights.circulant { lambda = 2 }\nweights { lambda = 3 }",
          "ring.conf:2 weights.lambda=1\nring.conf:3 weights.circulant.lambda=2\n"
          "ring.conf:4 weights.lambda=3\n" },
        { "recording { label = \"a # b // c { } = 'd'\" }",
          "ring.conf:1 recording.label=a # b // c { } = 'd'\n" },
        { "recording { label = 'say \"hi\" ${NOT_SET_XYZ}' }",
          "ring.conf:1 recording.label=say \"hi\" ${NOT_SET_XYZ}\n" },
        { "recording { label = \"two\nlines\"\n file = \"q\\\"q\" }",
          "ring.conf:1 recording.label=two\nlines\nring.conf:3 recording.file=q\"q\n" },
        { "recording { file = \"\" }", "ring.conf:1 recording.file=\n" },
        { "recording { file = ${TEST_DIR}/a.nwb }", "ring.conf:1 recording.file=/data/a.nwb\n" },
        { "recording { file = \"${TEST_DIR}/a b.nwb\" }",
          "ring.conf:1 recording.file=/data/a b.nwb\n" },
        { "recording { file = \"${NOT_SET_XYZ:-../shared}/a\" }",
          "ring.conf:1 recording.file=../shared/a\n" },
        { "recording { files = {${TEST_DIR}/a, ${NOT_SET_XYZ:-b c}/d, /x/y} }",
          "ring.conf:1 recording.files=/data/a|b c/d|/x/y\n" },
    };

    for (size_t i = 0; i < BN_LEN(row); i++) {
        const char *got = log_of(row[i].text);
        if (strcmp(got, row[i].want) != 0)
            fail_msg("%s\n  gave\n%s", row[i].text, got);
    }
}

static void mistakes_are_named_with_their_line(void **state)
{
    (void)state;
    static const struct { const char *text, *says; } row[] = {
        { "# c\nweights {\n # d\n lamda = 1\n}",
          "unknown key `lamda` in [weights] (@:4): did you mean `lambda`?" },
        { "\n\nwieghts { lambda = 1 }",
          "unknown section [wieghts] (@:3): did you mean [weights]?" },
        { "sede = 2", "unknown key `sede` (@:1): did you mean `seed`?" },
        { "lambda = 2", "unknown key `lambda` (@:1): it belongs in [weights]" },
        { "weights { seed = 2 }", "unknown key `seed` in [weights] (@:1): it belongs before" },
        { "weights { colour = 2 }", "the keys here are lambda, form, noise" },
        { "colours { a = 2 }", "the sections are weights, weights.circulant, recording" },
        { "weights = 3", "`weights` is a section (@:1): write weights { ... }" },
        { "seed { }", "`seed` is a key, not a section (@:1)" },
        { "weights.lambda = 3", "(@:1): write weights { lambda = ... }" },
        { "weights { lambda = {1, 2} }", "@:1: `lambda` takes one value, not a list" },
        { "weights {\n lambda = 50 ms\n}", "@:2: expected `=` after `ms` (a value with blanks" },
        { "weights {\n lambda =\n form = dense\n}",
          "@:2: the line ends where the value of `lambda`" },
        { "weights {\n lambda = }", "@:2: unexpected `}` where the value of `lambda`" },
        { "weights {\n lambda = # none\n}", "@:2: the line ends where the value" },
        { "weights {\n lambda = 1\n", "@:1: the section [weights] is never closed" },
        { "weights {\n lambda = 1\nrecording { }\n}",
          "@:3: section [recording] within section [weights]" },
        { "weights { noise = {1, 2\n lambda = 3 }", "@:2: unexpected `lambda` in a list" },
        { "weights {\n noise = {1 2} }", "@:2: unexpected `2` in a list: a comma" },
        { "weights {\n noise = {1,, 2} }", "@:2: unexpected `,` in a list" },
        { "weights {\n noise = {1, {2}} }", "@:2: unexpected `{` in a list" },
        { "weights {\n noise = {1,", "@:2: the list that begins here is never closed" },
        { "weights { noise += {1} }", "`noise +=` is not understood" },
        { "recording {\n label = \"abc\n}\n",
          "@:2: the text that begins here is never closed by \"" },
        { "recording { label = 'abc }", "never closed by '" },
        { "seed = 1\n/* no end", "@:2: the comment that begins here" },
        { "seed = 1\n}", "@:2: unexpected `}`" },
        { "seed", "@:1: expected `=` or `{` after `seed`" },
        { "= 3", "@:1: unexpected `=`" },
        { "recording {\n label = \"\\999\" }", "@:2: bad escape sequence" },
        { "recording {\n file = \"${NOT_SET_XYZ}/a\" }",
          "@:2: the environment variable NOT_SET_XYZ is not set" },
        { "weights { include(\"x\") }", "@:1: include must stand outside sections" },
        { "\ninclude(\"missing.conf\")", "@:2: include: cannot open " },
        { "include(missing", "the file ends where the ) of include" },
        { "# c\ninclude(\"ring.conf\")", "goes in a circle" },
    };

    for (size_t i = 0; i < BN_LEN(row); i++) {
        char log[4096] = "", want[512] = "";
        const char *path = write_file("ring.conf", row[i].text);
        const char *mark = strchr(row[i].says, '@');
        if (mark != NULL)
            snprintf(want, sizeof want, "%.*s%s%s", (int)(mark - row[i].says), row[i].says,
                     path, mark + 1);
        assert_fails(bn_conf_load(path, sections, BN_LEN(sections), note, log), BN_USAGE);
        assert_says(bn_error(), mark != NULL ? want : row[i].says);
    }
    /* The lexer of libconfuse is global: a bad text must not spoil the next one. */
    assert_string_equal(log_of("seed = 4"), "ring.conf:1 .seed=4\n");
}

static void includes_keep_their_own_lines(void **state)
{
    (void)state;
    char sub[64];

    snprintf(sub, sizeof sub, "%s/sub", dir);
    mkdir(sub, 0700);
    (void)write_file("sub/inner.conf", "# i\nweights {\n lambda = 3\n}\n");
    (void)write_file("sub/middle.conf", "seed = 2\ninclude(\"inner.conf\")\nseed = 4 # e\n");
    assert_string_equal(log_of("# x\nseed = 1\ninclude(\"sub/middle.conf\") seed = 5\n"
                               "weights { lambda = 6 }"),
                        "ring.conf:2 .seed=1\nmiddle.conf:1 .seed=2\n"
                        "inner.conf:3 weights.lambda=3\nmiddle.conf:3 .seed=4\n"
                        "ring.conf:3 .seed=5\nring.conf:4 weights.lambda=6\n");

    char log[4096] = "";
    (void)write_file("sub/inner.conf", "seed = 1\n\ninclude(\"../ring.conf\")\n");
    const char *path = write_file("ring.conf", "include(\"sub/middle.conf\")");
    assert_fails(bn_conf_load(path, sections, BN_LEN(sections), note, log), BN_USAGE);
    assert_says(bn_error(), "/sub/inner.conf:3: include(");
    assert_says(bn_error(), "goes in a circle");
    snprintf(log, sizeof log, "%s/sub/inner.conf", dir);
    unlink(log);
    snprintf(log, sizeof log, "%s/sub/middle.conf", dir);
    unlink(log);
    rmdir(sub);
}

static void deep_includes_end(void **state)
{
    (void)state;
    char name[32], text[64], log[4096] = "";

    for (int i = 0; i < 20; i++) {
        snprintf(name, sizeof name, "d%d.conf", i);
        snprintf(text, sizeof text, "include(\"d%d.conf\")", i + 1);
        (void)write_file(name, text);
    }
    const char *path = write_file("d20.conf", "seed = 1");
    assert_ok(bn_conf_load(path, sections, BN_LEN(sections), note, log));
    path = write_file("d0.conf", "include(\"d1.conf\")");
    assert_fails(bn_conf_load(path, sections, BN_LEN(sections), note, log), BN_USAGE);
    assert_says(bn_error(), "more than 16 nested includes");
    for (int i = 0; i <= 20; i++) {
        snprintf(log, sizeof log, "%s/d%d.conf", dir, i);
        unlink(log);
    }
}

static void foreign_sections_are_skipped(void **state)
{
    (void)state;
    char log[4096] = "";
    const char *path = write_file(
        "ring.conf", "recording { file = \"${NOT_SET_XYZ}/}\" # }\n x = {1, {2}} }\n"
                     "other {}\nweights { lambda = 1 }\nseed = 7");

    assert_ok(bn_conf_load(path, lenient, BN_LEN(lenient), note, log));
    assert_string_equal(log, "ring.conf:4 weights.lambda=1\nring.conf:5 .seed=7\n");

    static const struct { const char *text, *says; } row[] = {
        { "other { a = 1\n", ":1: the section [other] is never closed" },
        { "weights { lamda = 1 }", "unknown key `lamda`" },
        { "sed = 1", "unknown key `sed`" },
    };
    for (size_t i = 0; i < BN_LEN(row); i++) {
        path = write_file("ring.conf", row[i].text);
        assert_fails(bn_conf_load(path, lenient, BN_LEN(lenient), note, log), BN_USAGE);
        assert_says(bn_error(), row[i].says);
    }
}

static bn_status refuse(void *context, const struct bn_assignment *a)
{
    *(int *)context += 1;
    return bn_fail(BN_INPUT, "no %s", a->key);
}

static void the_first_refusal_ends_it(void **state)
{
    (void)state;
    int calls = 0;
    const char *path = write_file("ring.conf", "seed = 1\nseed = 2\n");

    assert_fails(bn_conf_load(path, sections, BN_LEN(sections), refuse, &calls), BN_INPUT);
    assert_int_equal(calls, 1);
    assert_string_equal(bn_error(), "no seed");
}

static void bad_files(void **state)
{
    (void)state;
    char log[64] = "";

    assert_fails(bn_conf_load("/nonexistent/a.conf", sections, 4, note, log), BN_USAGE);
    assert_says(bn_error(), "/nonexistent/a.conf: cannot open the parameter file: No such");
    assert_fails(bn_conf_load(dir, sections, 4, note, log), BN_USAGE);
    assert_says(bn_error(), "Is a directory");
    const char *path = write_file("ring.conf", "seed = 1\n");
    FILE *f = fopen(path, "a");
    assert_non_null(f);
    fputc('\0', f);
    fclose(f);
    assert_fails(bn_conf_load(path, sections, 4, note, log), BN_USAGE);
    assert_says(bn_error(), "not a text file");
}

static void out_of_memory_is_survived(void **state)
{
    (void)state;
    const char *path = write_file("ring.conf", "seed = 1\nweights { noise = {1, 2} }\n");
    bn_status rc = BN_NOMEM;

    for (long n = 0; rc != BN_OK; n++) {
        char log[512] = "";
        bn_alloc_fail_after(n);
        rc = bn_conf_load(path, sections, BN_LEN(sections), note, log);
        assert_true(rc == BN_OK || rc == BN_NOMEM);
        assert_true(n < 1000);
    }
    bn_alloc_fail_after(-1);
}

static int begin(void **state)
{
    (void)state;
    setenv("TEST_DIR", "/data", 1);
    unsetenv("NOT_SET_XYZ");
    return mkdtemp(dir) != NULL ? 0 : -1;
}

static int end(void **state)
{
    char path[64];

    (void)state;
    snprintf(path, sizeof path, "%s/ring.conf", dir);
    unlink(path);
    return rmdir(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_and_lines),
        cmocka_unit_test(mistakes_are_named_with_their_line),
        cmocka_unit_test(includes_keep_their_own_lines),
        cmocka_unit_test(deep_includes_end),
        cmocka_unit_test(foreign_sections_are_skipped),
        cmocka_unit_test(the_first_refusal_ends_it),
        cmocka_unit_test(bad_files),
        cmocka_unit_test(out_of_memory_is_survived),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
