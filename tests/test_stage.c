/* SPDX-License-Identifier: MIT
 * A stage of the test's own, run in forked children: exit statuses, messages,
 * the file it leaves, and that failing leaves nothing.                      */
#include "test.h"

#include <basin/h5digest.h>
#include <basin/rng.h>
#include <basin/stage.h>

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static void run(void);

static const struct bn_input inputs[] = {
    { "tuning", false, "tuning curves" },
    { "extra", true, "something else" },
};
static const struct bn_output outputs[] = {
    { "/theta", "theta/other", "rad", "angle", 0, 0, false },
    { "/J", "neuron theta", "1/s", "weights", 1e-9, 1e-6, false },
    { "/residual", "", "1", "residual", 0, 1e-3, false, .cite = "residual" },
    { "/count", "phi/item", "1", "counts", 0, 0, true },
    { "/label", "word", "", "names", 0, 0, false },
};
static const struct bn_param params[] = {
    BN_REAL("lambda", "1", "1e-8", 0, 1, "ridge"),
    BN_REAL("tau", "s", "50 ms", 1e-3, INFINITY, "time constant"),
    BN_CHOICE("form", "dense", "dense nan inf number none die attribute axis wait big"
              " missing unknown twice rank badchoice", "what to do"),
    BN_INTEGER("rows", "4", -5, 1e7, "rows of J"),
    BN_FILE("file", "", "a file"),
    BN_REALS("noise", "s", "", 0, 1, "noise"),
};
static const struct bn_stage stage = {
    .name = "weights", .summary = "make weights", .details = "The details.",
    .inputs = inputs, .n_inputs = BN_LEN(inputs),
    .outputs = outputs, .n_outputs = BN_LEN(outputs),
    .params = params, .n_params = BN_LEN(params),
    .random = true, .run = run,
};
static const struct bn_stage *played = &stage;

static void write_all(size_t rows)
{
    static const char *const label[] = { "a", "b", "c", "d" };
    size_t n;
    const double *theta = bn_input_vec("tuning", "/theta", &n);
    struct bn_mat j = bn_scratch(rows, n);
    int64_t count[4] = { 1, 2, 3, 4 };

    bn_rng_normals(bn_random(), 0, 0, j.data, rows * n);
    j.data[0] = bn_real("lambda");
    if (bn_is("form", "nan"))
        *bn_mat_at(&j, 3, 2) = NAN;
    if (bn_is("form", "inf"))
        *bn_mat_at(&j, 1, 0) = -INFINITY;
    if (*bn_text("file") != '\0')
        bn_say("has a file");
    bn_output_mat("/J", &j);
    bn_output_vec("/theta", theta, bn_is("form", "axis") ? n - 1 : n);
    bn_output_number("/residual", 0.5);
    bn_output_integers("/count", count, 4);
    bn_output_texts("/label", label, 4);
    bn_output_attribute("/J", "note", "square");
    bn_output_attribute_real("/J", "scale", bn_is("form", "attribute") ? NAN : 2.0);
    (void)bn_scratch_vec(10);
    for (int i = 0; i <= 1000; i++)
        bn_progress(i / 1000.0);
}

static void misbehave(void)
{
    if (bn_is("form", "die"))
        BN_REFUSE(BN_NUMERIC, "lambda = %g is singular", bn_real("lambda"));
    if (bn_is("form", "missing"))
        (void)bn_input_mat("tuning", "/rates");
    if (bn_is("form", "number"))
        (void)bn_input_number("tuning", "/theta");
    if (bn_is("form", "unknown"))
        bn_output_number("/nothing", 1.0);
    if (bn_is("form", "rank"))
        bn_output_number("/J", 1.0);
    if (bn_is("form", "twice"))
        bn_output_number("/residual", 1.0);
    if (bn_is("form", "badchoice"))
        (void)bn_is("form", "dence");
    if (bn_is("form", "wait")) {
        bn_output_number("/residual", 0.5);
        fprintf(stderr, "waiting\n");
        for (;;)
            pause();
    }
}

static void run(void)
{
    const size_t rows = bn_count("rows");

    if (bn_is("form", "none"))
        return;
    misbehave();
    write_all(rows);
    if (bn_is("form", "twice"))
        bn_output_number("/residual", 1.0);
}

/* --- running it ----------------------------------------------------------- */

static char dir[] = "/tmp/test_stage.XXXXXX";

enum { MAX_ARGS = 16 };

/* Output of the child, standard error and standard output together. */
static char said[65536];

static void read_all(int fd)
{
    size_t used = 0;
    ssize_t n;

    while (used + 1 < sizeof said &&
           (n = read(fd, said + used, sizeof said - 1 - used)) > 0)
        used += (size_t)n;
    said[used] = '\0';
    close(fd);
}

static pid_t start(const char *command, int *from)
{
    char text[1024], *argv[MAX_ARGS + 2] = { (char *)"weights" };
    int argc = 1, pipes[2];

    snprintf(text, sizeof text, "%s", command);
    for (char *save, *w = strtok_r(text, " ", &save); w != NULL && argc < MAX_ARGS;
         w = strtok_r(NULL, " ", &save))
        argv[argc++] = w;
    assert_int_equal(pipe(pipes), 0);
    fflush(NULL);
    const pid_t child = fork();
    if (child == 0) {
        signal(SIGABRT, SIG_DFL);
        if (chdir(dir) != 0 || dup2(pipes[1], 1) < 0 || dup2(pipes[1], 2) < 0)
            _exit(99);
        close(pipes[0]);
        close(pipes[1]);
        exit(bn_stage_run(played, argc, argv));
    }
    close(pipes[1]);
    *from = pipes[0];
    return child;
}

static int finish(pid_t child, int from)
{
    int status = 0;

    read_all(from);
    assert_int_equal(waitpid(child, &status, 0), child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static int run_stage(const char *command)
{
    int from;
    const pid_t child = start(command, &from);
    return finish(child, from);
}

static const char *in_dir(const char *name)
{
    static char path[4][256];
    static int turn;
    char *p = path[turn = (turn + 1) % 4];

    snprintf(p, sizeof path[0], "%s/%s", dir, name);
    return p;
}

static bool exists(const char *name)
{
    struct stat st;
    return lstat(in_dir(name), &st) == 0;
}

static size_t files_left(void)
{
    size_t n = 0;
    DIR *d = opendir(dir);
    assert_non_null(d);
    for (const struct dirent *e; (e = readdir(d)) != NULL;)
        n += e->d_name[0] != '.';
    closedir(d);
    return n;
}

static void write_text(const char *name, const char *text)
{
    FILE *f = fopen(in_dir(name), "w");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
}

#define GOOD "--in tuning=tuning.h5 --out out.h5 "

/* --- tests ---------------------------------------------------------------- */

static void the_result_explains_itself(void **state)
{
    (void)state;
    bn_h5 *f;
    char *text;
    double x;
    struct bn_mat j;
    struct bn_shape shape;

    assert_int_equal(run_stage(GOOD "--set lambda=0.25 --set weights.tau=70ms"), 0);
    assert_string_equal(said, "");
    assert_ok(bn_h5_open(&f, in_dir("out.h5")));
    assert_ok(bn_h5_read_mat(f, "/J", &j));
    assert_int_equal(j.rows, 4);
    assert_int_equal(j.cols, 3);
    assert_true(j.data[0] == 0.25);
    bn_mat_free(&j);
    assert_ok(bn_h5_shape(f, "/residual", &shape));
    assert_int_equal(shape.rank, 0);
    assert_ok(bn_h5_get_text(f, "/J", "units", &text));
    assert_string_equal(text, "1/s");
    free(text);
    assert_ok(bn_h5_get_text(f, "/J", "long_name", &text));
    assert_string_equal(text, "weights");
    free(text);
    assert_ok(bn_h5_get_real(f, "/J", "scale", &x));
    assert_true(x == 2.0);
    assert_ok(bn_h5_get_text(f, "/theta", "CLASS", &text));
    assert_string_equal(text, "DIMENSION_SCALE");
    free(text);
    assert_true(bn_h5_has_attribute(f, "/J", "DIMENSION_LIST"));
    /* an axis without coordinates counts from 0 */
    assert_true(bn_h5_has_attribute(f, "/count", "DIMENSION_LIST"));
    double *item;
    size_t n;
    assert_ok(bn_h5_read(f, "/item", &item, &n));
    assert_int_equal(n, 4);
    for (size_t k = 0; k < n; k++)
        assert_true(item[k] == (double)k);
    free(item);
    assert_ok(bn_h5_close(f));
}

static void expect_texts(bn_h5 *f, const char *name, const char *want)
{
    char **texts, all[4096] = "";
    size_t n;

    assert_ok(bn_h5_read_texts(f, name, &texts, &n));
    for (size_t i = 0; i < n; i++) {
        strcat(all, i > 0 ? "|" : "");
        strcat(all, texts[i]);
    }
    free(texts);
    assert_string_equal(all, want);
}

static void provenance_holds_what_was_read(void **state)
{
    (void)state;
    bn_h5 *f;
    char *text, want[256], hex[BN_HEX];

    write_text("abc", "abc");
    mkdir(in_dir("sub"), 0700);
    rename(in_dir("abc"), in_dir("sub/abc"));
    assert_int_equal(run_stage(GOOD "--set file=sub/abc --set seed=7 --code c0de --set "
                               "weights.stream=other"), 0);
    assert_string_equal(said, "weights: has a file\n");
    assert_ok(bn_h5_open(&f, in_dir("out.h5")));
    expect_texts(f, "/provenance/parameter",
                 "file|form|lambda|replicate|rows|seed|stream");
    expect_texts(f, "/provenance/value",
                 "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad abc|"
                 "dense|1e-08|0|4|7|other");
    expect_texts(f, "/provenance/unit", "||1|1|1|1|");
    expect_texts(f, "/provenance/role", "tuning");
    assert_ok(bn_h5_digest(in_dir("tuning.h5"), hex));
    snprintf(want, sizeof want, "%s", hex);
    expect_texts(f, "/provenance/digest", want);
    assert_ok(bn_h5_get_text(f, "/provenance", "stage", &text));
    assert_string_equal(text, "weights");
    free(text);
    assert_ok(bn_h5_get_text(f, "/provenance", "code", &text));
    assert_string_equal(text, "c0de");
    free(text);
    assert_ok(bn_h5_close(f));

    const char *known = "00000000000000000000000000000000000000000000000000000000000000ab";
    snprintf(want, sizeof want, GOOD "--digest tuning=%s --in extra=tuning.h5", known);
    assert_int_equal(run_stage(want), 0);
    assert_ok(bn_h5_open(&f, in_dir("out.h5")));
    expect_texts(f, "/provenance/role", "extra|tuning");
    snprintf(want, sizeof want, "%s|%s", hex, known);
    expect_texts(f, "/provenance/digest", want);
    assert_ok(bn_h5_close(f));
    unlink(in_dir("sub/abc"));
    rmdir(in_dir("sub"));
}

static void bytes_of(const char *name, char hex[BN_HEX])
{
    assert_ok(bn_digest_file(in_dir(name), hex));
}

static void equal_runs_give_equal_bytes(void **state)
{
    (void)state;
    char a[BN_HEX], b[BN_HEX];

    assert_int_equal(run_stage(GOOD "--threads 1"), 0);
    bytes_of("out.h5", a);
    sleep(1);                            /* a time stamp would show */
    assert_int_equal(run_stage("--out ./second.h5 --quiet --in tuning=./tuning.h5 "
                               "--threads 2 --set tau=1"), 0);
    bytes_of("second.h5", b);
    assert_string_equal(a, b);
    assert_int_equal(run_stage(GOOD "--set replicate=1"), 0);
    bytes_of("out.h5", b);
    assert_string_not_equal(a, b);
    unlink(in_dir("second.h5"));
}

static void layers(void **state)
{
    (void)state;
    static const struct { const char *file, *args, *want; } row[] = {
        { "", "", "1e-08|1|weights" },
        { "seed = 5\nweights { lambda = 0.5 }", "", "0.5|5|weights" },
        { "weights { seed = 6 }\nseed = 5", "", "1e-08|6|weights" },
        { "weights.x { lambda = 0.125 }\nweights { lambda = 0.5 stream = s }", "",
          "0.5|1|s" },
        { "weights.x { lambda = 0.125 }\nweights { lambda = 0.5 stream = s }",
          "--section weights.x", "0.125|1|s" },
        { "weights.x { lambda = 0.125 }\nother { a = {1, 2} }",
          "--section weights.x --set lambda=0.75", "0.75|1|weights" },
        { "weights.x { lambda = 0.125 }", "--section weights.x --set weights.x.lambda=0.25",
          "0.25|1|weights" },
        { "weights { lambda = 0.5 }", "--set lambda=0.1 --set weights.lambda=0.2",
          "0.2|1|weights" },
    };

    for (size_t i = 0; i < BN_LEN(row); i++) {
        char command[512], want[128];
        bn_h5 *f;
        write_text("p.conf", row[i].file);
        snprintf(command, sizeof command, GOOD "--params p.conf %s", row[i].args);
        if (run_stage(command) != 0)
            fail_msg("row %zu: %s", i, said);
        assert_ok(bn_h5_open(&f, in_dir("out.h5")));
        snprintf(want, sizeof want, "|dense|%.*s|0|4|%s",
                 (int)strcspn(row[i].want, "|"), row[i].want, strchr(row[i].want, '|') + 1);
        expect_texts(f, "/provenance/value", want);
        assert_ok(bn_h5_close(f));
    }
    unlink(in_dir("p.conf"));
}

static const struct { const char *args; int status; const char *says; } mistakes[] = {
    { "", 2, "weights: the input `tuning` is missing: give --in tuning=FILE" },
    { "--in tuning=tuning.h5", 2, "give --out FILE" },
    { "--in tunning=tuning.h5 --out o.h5", 2, "did you mean `tuning`?" },
    { "--in colour=tuning.h5 --out o.h5", 2, "the inputs of this stage: tuning, extra" },
    { "--in tuning --out o.h5", 2, "--in tuning: expected ROLE=FILE" },
    { GOOD "--in tuning=b.h5", 2, "was given before, as tuning.h5" },
    { GOOD "stray", 2, "unexpected argument `stray`" },
    { GOOD "--bogus", 2, "unrecognized option" },
    { GOOD "--set lamda=1", 2, "unknown key `lamda` (--set): did you mean `lambda`?" },
    { GOOD "--set lambda=2", 2, "lambda = 2 is outside [0, 1] (--set)" },
    { GOOD "--set lambda", 2, "--set lambda: expected KEY=VALUE" },
    { GOOD "--set tuning.lambda=1", 2, "[tuning] is not a section of this stage" },
    { GOOD "--set weights.lambda=x", 2, "lambda: \"x\" is not a number (--set, [weights])" },
    { GOOD "--section tuning.x", 2, "is named weights.VARIANT" },
    { GOOD "--section weightsx", 2, "is named weights.VARIANT" },
    { GOOD "--params none.conf", 2, "none.conf: cannot open the parameter file" },
    { GOOD "--params bad.conf", 2,
      "unknown key `lamda` in [weights] (bad.conf:2): did you mean `lambda`?" },
    { GOOD "--threads -1", 2, "--threads -1: expected a whole number" },
    { GOOD "--digest tuning=xyz", 2, "expected 64 hexadecimal digits" },
    { "--in tuning=none.h5 --out o.h5", 3, "input `tuning`: none.h5: " },
    { "--in tuning=bad.conf --out o.h5", 3, "bad.conf: cannot" },
    { "--in tuning=tuning.h5 --out tuning.h5", 2, "--out tuning.h5 is the input `tuning`" },
    { "--in tuning=tuning.h5 --out link.h5", 2, "is the input" },
    { "--in tuning=tuning.h5 --out no/o.h5", 4, "no/o.h5: cannot write: No such file or "
      "directory; make its directory first" },
    { "--in tuning=tuning.h5 --out .", 4, "not a regular file" },
    { GOOD "--set form=none", 4, "no output was written" },
    { GOOD "--set form=die", 5, "weights: lambda = 1e-08 is singular\n" },
    { GOOD "--set form=nan", 5, "weights: /J[3,2] is nan" },
    { GOOD "--set form=inf", 5, "weights: /J[1,0] is -inf" },
    { GOOD "--set form=attribute", 5, "attribute scale of /J is not finite" },
    { GOOD "--set form=axis", 4, "axis 1 of /J has 3 entries, but /theta has 2" },
    { GOOD "--set form=number", 3, "/theta has 3 values, one was expected" },
    { GOOD "--set form=missing", 3, "tuning.h5 (input `tuning`): no dataset /rates; the "
      "stage tuning makes it, this file comes from elsewhere" },
    { GOOD "--set rows=-2", 2, "rows = -2 is negative" },
    { GOOD "--set file=none.nwb", 3, "none.nwb: cannot open: No such file" },
    { GOOD "--set form=unknown", 128 + SIGABRT, "/nothing is not an output" },
    { GOOD "--set form=twice", 128 + SIGABRT, "/residual is written twice" },
    { GOOD "--set form=rank", 128 + SIGABRT, "/J is written with another number" },
    { GOOD "--set form=badchoice", 128 + SIGABRT, "form is no choice" },
};

static void mistakes_are_named(void **state)
{
    (void)state;
    write_text("bad.conf", "# c\nweights { lamda = 1 }\n");
    assert_int_equal(symlink("tuning.h5", in_dir("link.h5")), 0);
    write_text("out.h5", "the old one");
    const size_t before = files_left();
    for (size_t i = 0; i < BN_LEN(mistakes); i++) {
        const int status = run_stage(mistakes[i].args);
        if (status != mistakes[i].status || strstr(said, mistakes[i].says) == NULL)
            fail_msg("%s\ngave %d: %s", mistakes[i].args, status, said);
        if (files_left() != before)
            fail_msg("%s left a file behind", mistakes[i].args);
    }
    char hex[BN_HEX], old[BN_HEX];
    bytes_of("out.h5", hex);
    write_text("out.h5", "the old one");
    bytes_of("out.h5", old);
    assert_string_equal(hex, old);
    unlink(in_dir("link.h5"));
    unlink(in_dir("bad.conf"));
}

static void whose_file_it_is(void **state)
{
    (void)state;
    assert_int_equal(run_stage("--in tuning=tuning.h5 --out first.h5"), 0);
    assert_int_equal(run_stage("--in tuning=first.h5 --out out.h5 --set form=missing"), 3);
    assert_says(said, "this file was made by the stage weights");
    unlink(in_dir("first.h5"));
}

static void signals_leave_nothing(void **state)
{
    (void)state;
    static const int signals[] = { SIGINT, SIGTERM, SIGHUP };

    for (size_t i = 0; i < BN_LEN(signals); i++) {
        char seen[16] = "";
        int from;
        const size_t before = files_left();
        const pid_t child = start("--in tuning=tuning.h5 --out o.h5 --set form=wait", &from);
        assert_true(read(from, seen, sizeof seen) > 0);
        assert_int_equal(files_left(), before + 1);
        kill(child, signals[i]);
        assert_int_equal(finish(child, from), 128 + signals[i]);
        assert_int_equal(files_left(), before);
        assert_false(exists("o.h5"));
    }
}

static void a_full_disk_is_reported(void **state)
{
    (void)state;
    struct rlimit old, low;
    const size_t before = files_left();

    assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
    low = old;
    for (rlim_t limit = 100; limit < 40000; limit = 3 * limit) {
        low.rlim_cur = limit;
        assert_int_equal(setrlimit(RLIMIT_FSIZE, &low), 0);
        const int status = run_stage("--in tuning=tuning.h5 --out o.h5 --set rows=2000");
        assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
        if (status != BN_OUTPUT)
            fail_msg("limit %lu gave %d: %s", (unsigned long)limit, status, said);
        assert_says(said, "weights: ");
        assert_says(said, "o.h5");
        if (strchr(said, '\n') != said + strlen(said) - 1)
            fail_msg("more than one line: %s", said);
        assert_int_equal(files_left(), before);
    }
}

static void progress_is_sparse_and_true(void **state)
{
    (void)state;
    assert_int_equal(run_stage(GOOD "--progress-fd 1 --quiet --set file=tuning.h5"), 0);
    double x = -1.0;
    char rest;
    assert_int_equal(sscanf(said, "%lf%c", &x, &rest), 2);
    assert_true(x >= 0.0 && x <= 1.0 && rest == '\n');
    assert_true(strlen(said) < 10 * strlen("0.1234\n"));
}

static void it_says_what_it_is(void **state)
{
    (void)state;
    static const char *const help[] = {
        "weights - make weights", "--in tuning=FILE [--in extra=FILE]", "The details.",
        "/J [neuron theta]", "lambda = 1e-8", "tau = 50 ms\n", "at least 0.001",
        "one of: dense nan", "seed = 1", "replicate = 0", "stream = weights",
        "residual (citable)",
    };
    static const char *const schema[] = {
        "\"name\": \"weights\"", "\"random\": true", "\"role\": \"extra\"",
        "\"optional\": true", "\"axes\": \"neuron theta\"", "\"rtol\": 9.9999999999999995e-7",
        "\"initial\": \"50 ms\"", "\"type\": \"choice\"", "\"name\": \"seed\"",
        "\"high\": 9007199254740992.0",
    };

    assert_int_equal(run_stage("--help"), 0);
    for (size_t i = 0; i < BN_LEN(help); i++)
        assert_says(said, help[i]);
    assert_int_equal(run_stage("--schema"), 0);
    for (size_t i = 0; i < BN_LEN(schema); i++)
        assert_says(said, schema[i]);
    size_t highs = 0;                    /* of all numbers but tau */
    for (const char *p = said; (p = strstr(p, "\"high\"")) != NULL; p++)
        highs++;
    assert_int_equal(highs, 5);
    assert_int_equal(run_stage("--version"), 0);
    assert_says(said, "weights (basin ");
}

/* The schema of a stage with these outputs. */
static int schema_of(const struct bn_output *table, size_t n)
{
    struct bn_stage other = stage;

    other.outputs = table;
    other.n_outputs = n;
    played = &other;
    const int status = run_stage("--schema");
    played = &stage;
    return status;
}

static void what_may_be_cited(void **state)
{
    (void)state;
    struct bn_output table[] = {
        { "/gap", "", "1", "gap", 0, 0, false, .cite = "gap ring", .error = "/gap_error" },
        { "/gap_error", "", "1", "its error", 0, 0, false },
        { "/summary/value", "row", "1", "values", 0, 0, false, .cite = "",
          .error = "/summary/error" },
        { "/summary/name", "row", "1", "names", 0, 0, false },
        { "/summary/error", "row", "1", "errors", 0, 0, false },
        { "/mean", "method", "1", "means", 0, 0, false, .cite = "mean" },
        { "/method", "method", "", "names", 0, 0, false },
    };
    static const char *const words[] = { "", "gap1", "gap_ring", " gap", "gap ", "gap  ring",
                                         "l\303\244nge" };
    static const char *const errors[] = { "/none", "/gap", "/summary/error" };

    assert_int_equal(schema_of(table, BN_LEN(table)), 0);
    assert_says(said, "\"cite\": \"gap ring\"");
    assert_says(said, "\"error\": \"/gap_error\"");
    assert_says(said, "\"cite\": \"\"");
    assert_says(said, "\"cite\": null");
    for (size_t i = 0; i < BN_LEN(words); i++) {
        table[0].cite = words[i];
        assert_int_equal(schema_of(table, BN_LEN(table)), BN_USAGE);
        assert_says(said, "/gap: .cite = ");
    }
    table[0].cite = "gap";
    for (size_t i = 0; i < BN_LEN(errors); i++) {
        table[0].error = errors[i];
        assert_int_equal(schema_of(table, BN_LEN(table)), BN_USAGE);
        assert_says(said, "must be another output");
    }
    table[0].cite = NULL;                /* an error of what nobody cites */
    table[0].error = "/gap_error";
    assert_int_equal(schema_of(table, BN_LEN(table)), BN_USAGE);
    table[0].error = NULL;
    assert_int_equal(schema_of(table, BN_LEN(table)), 0);
    assert_int_equal(schema_of(table, BN_LEN(table) - 1), BN_USAGE);
    assert_says(said, "/mean [method]: .cite is for a number, or");
    table[5].axes = "method other";
    assert_int_equal(schema_of(table, BN_LEN(table)), BN_USAGE);
}

static int begin(void **state)
{
    bn_h5 *f;
    const double theta[] = { 0.0, 1.0, 2.0 };
    const struct bn_shape shape = bn_shape1(3);

    (void)state;
    if (mkdtemp(dir) == NULL)
        return -1;
    assert_ok(bn_h5_create(&f, in_dir("tuning.h5")));
    assert_ok(bn_h5_write(f, "/theta", BN_H5_F64, &shape, theta, false));
    assert_ok(bn_h5_close(f));
    return 0;
}

static int end(void **state)
{
    (void)state;
    unlink(in_dir("tuning.h5"));
    unlink(in_dir("out.h5"));
    return rmdir(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_result_explains_itself),
        cmocka_unit_test(provenance_holds_what_was_read),
        cmocka_unit_test(equal_runs_give_equal_bytes),
        cmocka_unit_test(layers),
        cmocka_unit_test(mistakes_are_named),
        cmocka_unit_test(whose_file_it_is),
        cmocka_unit_test(signals_leave_nothing),
        cmocka_unit_test(a_full_disk_is_reported),
        cmocka_unit_test(progress_is_sparse_and_true),
        cmocka_unit_test(it_says_what_it_is),
        cmocka_unit_test(what_may_be_cited),
    };
    signal(SIGINT, SIG_DFL);             /* ignored in what a script puts in the background */
    signal(SIGHUP, SIG_DFL);             /* and under nohup */
    return cmocka_run_group_tests(tests, begin, end);
}
