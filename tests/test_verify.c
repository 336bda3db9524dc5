/* SPDX-License-Identifier: MIT
 * `basin verify` on bags of the test's own: whole ones, some four hundred that are damaged or
 * hostile (bags.py makes them and says what must come of each), and the re-execution of a
 * project whose Makefile only copies.                                        */
#include "shell.h"

#include <basin/h5.h>
#include <basin/h5digest.h>
#include <jansson.h>

static char root[] = "/tmp/basin-verify-test-XXXXXX", script[600];
static const char *bin;

/* --- what is in the bags ------------------------------------------------------------ */

/* An artifact of one stage, as a stage writes it. */
static void write_artifact(const char *path, const char *stage, const double x[4])
{
    const struct bn_shape four = bn_shape1(4);
    bn_h5 *f;
    assert_ok(bn_h5_create(&f, path));
    assert_ok(bn_h5_write(f, "/value", BN_H5_F64, &four, x, false));
    assert_ok(bn_h5_put_text(f, "/value", "units", "1"));
    assert_ok(bn_h5_group(f, "/provenance"));
    assert_ok(bn_h5_put_text(f, "/provenance", "stage", stage));
    assert_ok(bn_h5_close(f));
}

static void write_text(const char *path, const char *text)
{
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
}

static const char makefile[] =
    "RESULTS ?= results\n"
    "programs: ; env > env.txt; mkdir -p build/release/schema; "
    "for s in a b c; do sed s/STAGE/$$s/ table > build/release/schema/$$s.json; done\n"
    "$(RESULTS)/ring/a.h5: $(NEEDS)\n"
    "$(RESULTS)/ring/b.h5: $(RESULTS)/ring/a.h5\n"
    "$(RESULTS)/ring/%.h5: %.b64 ; mkdir -p $(@D); base64 -d $< > $@\n"
    "figure1: $(RESULTS)/figures/figure1.pdf $(RESULTS)/ring/b.h5 $(RESULTS)/ring/c.h5\n"
    "$(RESULTS)/figures/%.pdf: ; mkdir -p $(@D); cp picture $@\n";

/* A page with a square; `note` is a comment, which nobody sees. */
static char *picture(const char *square, const char *note)
{
    static char pdf[2][600];
    static int k;
    char *at = pdf[k = 1 - k];
    snprintf(at, sizeof pdf[0], "%%PDF-1.4\n%%%s\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n"
             "2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n3 0 obj<</Type/Page/Parent 2 0 R"
             "/MediaBox[0 0 72 72]/Contents 4 0 R>>endobj\n4 0 obj<</Length %zu>>stream\n%s\n"
             "endstream endobj\ntrailer<</Root 1 0 R>>\n%%%%EOF\n", note, strlen(square),
             square);
    return at;
}

static const char table[] =
    "{ \"name\": \"STAGE\", \"params\": [], \"inputs\": [], \"outputs\": [ { \"name\": "
    "\"/value\", \"atol\": 0, \"rtol\": 1e-06 } ] }\n";

struct project {
    const char *set;                     /* in goals.json */
    double again[3];                     /* factor on what comes out again; 0: nothing does */
    const char *rec;                     /* sha256 of a recording that `a` reads, or NULL */
    const char *drawn[2];                /* the square of the figure, and a comment; or NULL */
    const char *programs;                /* a rule in place of the one that works */
};

static json_t *text_file(const char *path)
{
    FILE *f = fopen(path, "r");
    static char text[1 << 17];
    assert_non_null(f);
    text[fread(text, 1, sizeof text - 1, f)] = '\0';
    fclose(f);
    return json_string(text);
}

static void add_node(json_t *nodes, const char *node, const char *from, const char *stage,
                     const char *input, const char *rec)
{
    char content[BN_HEX] = "", file[200] = "none";
    if (strcmp(stage, "figure") != 0)
        assert_ok(bn_h5_digest(from, content));
    if (rec != NULL)
        snprintf(file, sizeof file, "sha256:%s rec.nwb", rec);
    json_object_set_new(nodes, node, json_pack(
        "{ss ss ss s{ss} s{ss}}", "from", from, "content", content, "stage", stage, "inputs",
        "in", input, "parameters", "file", file));
}

/* artifacts, their sources and facts.json in `folder`, and the bags from them. */
static void make_bags(const char *folder, const struct project *p, const char *only)
{
    static const char *const name[] = { "a", "b", "c" };
    char path[300], text[4096], digest[BN_HEX] = "";
    assert_runs("mkdir -p %s", folder);
    assert_int_equal(chdir(folder), 0);
    json_t *nodes = json_object(), *source = json_object(), *data = json_object();
    for (int k = 0; k < 3; k++) {
        double x[4] = { 1.0 + k, 2.0, 3.0, 4.0 };
        snprintf(path, sizeof path, "%s.h5", name[k]);
        write_artifact(path, name[k], x);
        char node[32];
        snprintf(node, sizeof node, "ring/%s.h5", name[k]);
        add_node(nodes, node, path, name[k], k == 1 ? digest : "", k == 0 ? p->rec : NULL);
        if (k == 0)
            assert_ok(bn_h5_digest(path, digest));
        x[2] *= p->again[k];
        write_artifact("again.h5", name[k], x);
        assert_runs("base64 again.h5 > again.b64");
        snprintf(path, sizeof path, "%s.b64", name[k]);
        if (p->again[k] > 0.0)
            json_object_set_new(source, path, text_file("again.b64"));
    }
    write_text("figure1.pdf", picture("10 10 30 30 re f", "first"));
    json_object_set_new(source, "picture",
                        json_string(picture(p->drawn[0] ? p->drawn[0] : "10 10 30 30 re f",
                                            p->drawn[1] ? p->drawn[1] : "first")));
    add_node(nodes, "figures/figure1.pdf", "figure1.pdf", "figure", "", NULL);
    snprintf(text, sizeof text, "%s%s%s", p->rec ? "NEEDS = $(BASIN_DATA)/rec.nwb\n" : "NEEDS =\n",
             makefile, p->programs ? p->programs : "");
    json_object_set_new(source, "Makefile", json_string(text));
    json_object_set_new(source, "table", json_string(table));
    if (p->rec != NULL)
        json_object_set_new(data, "rec.nwb", json_pack("{ss si sb}", "sha256", p->rec, "bytes", 4,
                                                       "included", 0));
    json_t *facts = json_pack("{so so so s[s] ss}", "nodes", nodes, "source", source, "data", data,
                              "goals", "figure1", "set", p->set ? p->set : "");
    assert_int_equal(json_dump_file(facts, "facts.json", 0), 0);
    json_decref(facts);
    assert_runs("/usr/bin/python3 '%s' . %s", script, only);
    assert_int_equal(chdir(root), 0);
}

static int setup(void **state)
{
    (void)state;
    char here[512];
    bin = programs();
    if (getcwd(here, sizeof here) == NULL || mkdtemp(root) == NULL || chdir(root) != 0)
        return -1;
    snprintf(script, sizeof script, "%s/tests/bags.py", here);
    setenv("TMPDIR", "/nowhere", 1);
    char tmp[100];
    snprintf(tmp, sizeof tmp, "%s/tmp", root);
    setenv("TMPDIR", tmp, 1);
    unsetenv("BASIN_DATA");
    return sh("mkdir tmp");
}

static int teardown(void **state)
{
    (void)state;
    return chdir("/") == 0 ? sh("rm -rf '%s'", root) : -1;
}

/* --- what must come of each --------------------------------------------------------- */

/* Is `status` one of "3|7"? */
static bool allowed(const char *list, int status)
{
    for (const char *p = list; p != NULL; p = strchr(p, '|') ? strchr(p, '|') + 1 : NULL)
        if (atoi(p) == status)
            return true;
    return false;
}

static int check_line(char *line)
{
    char *status = strchr(line, '\t'), *says;
    line[strcspn(line, "\n")] = '\0';
    assert_non_null(status);
    *status++ = '\0';
    says = strchr(status, '\t');
    assert_non_null(says);
    *says++ = '\0';
    const int got = sh("cd all && '%s/basin' verify '%s'", bin, line);
    if (allowed(status, got) && strstr(said, says) != NULL && strlen(said) > 0 &&
        strpbrk(said, "\x1b\x7f") == NULL)
        return 0;
    print_error("%s: status %d, want %s, and `%s` in: %s\n", line, got, status, says, said);
    return 1;
}

static const char listing[] = "find . -type d -printf '%p\\n' -o -printf '%p %y %s %T@ %l\\n' "
                              "| sort | sha256sum";

/* Each has the status and the words that bags.py wants, and nothing anywhere below the
 * folder of the test, temporary files among it, is made, changed or removed.  */
static void whole_damaged_and_hostile(void **state)
{
    (void)state;
    const struct project p = { .again = { 1, 1, 1 } };
    char line[512];
    int bad = 0, n = 0;
    make_bags("all", &p, "");
    assert_runs("%s", listing);
    char before[80];
    snprintf(before, sizeof before, "%.64s", said);
    FILE *f = fopen("all/bags.tsv", "r");
    assert_non_null(f);
    for (; fgets(line, sizeof line, f) != NULL; n++)
        bad += check_line(line);
    fclose(f);
    assert_runs("%s", listing);
    if (strncmp(before, said, 64) != 0)
        fail_msg("something was written beside the bags");
    assert_true(n > 250);
    assert_int_equal(bad, 0);
    assert_runs("rm -rf all");
}

/* --- the command line ---------------------------------------------------------------- */

static int verify(const char *arguments)
{
    return sh("'%s/basin' verify %s", bin, arguments);
}

static void what_is_asked(void **state)
{
    (void)state;
    static const struct {
        const char *arguments, *says;
    } odd[] = {
        { "", "give a bag" },
        { "a b", "one bag" },
        { "nowhere.zip", "cannot be opened" },
        { "/dev/null", "neither a file nor a folder" },
        { "x --jobs", "needs a value" },
        { "x --jobs many", "positive number" },
        { "x --limit -3", "positive number" },
        { "x --trust", "goes with --rerun" },
        { "x --keep y", "goes with --rerun" },
        { "x --force", "unknown option --force" },
    };
    for (size_t i = 0; i < BN_LEN(odd); i++) {
        const int status = verify(odd[i].arguments);
        if (status != 2 || strstr(said, odd[i].says) == NULL || count_said("\n") != 1)
            fail_msg("%s: status %d, %s", odd[i].arguments, status, said);
    }
    /* the statuses of the page are those of --help */
    assert_runs("'%s/basin' verify --help", bin);
    assert_says(said, "10  --rerun needs --trust");
}

/* --- making it again ----------------------------------------------------------------- */

/* Where in `said` the line "verdict ... node" is; it must be there. */
static const char *line_of(const char *verdict, const char *node)
{
    char both[200];
    snprintf(both, sizeof both, "%-17s %s", verdict, node);
    const char *at = strstr(said, both);
    if (at == NULL)
        fail_msg("no line `%s` in: %s", both, said);
    return at;
}

static void rerun_with(const struct project *p, int want, const char *more)
{
    make_bags("again", p, "good");
    const int status = sh("'%s/basin' verify again/good.zip --rerun --trust %s; s=$?; "
                          "ls -A tmp | grep . && exit 99; exit $s", bin, more);
    if (status != want)                  /* 99: something is left */
        fail_msg("status %d, want %d: %s", status, want, said);
}

static void only_with_trust(void **state)
{
    (void)state;
    const struct project p = { .again = { 1, 1, 1 }, .set = "ring.a.x=\"1 2\" a='b'" };
    make_bags("again", &p, "good");
    assert_exits(10, "'%s/basin' verify again/good.zip --rerun --keep kept", bin);
    assert_says(said, "would run code from the bag");
    assert_says(said, "`make programs`");
    assert_says(said, "SET='ring.a.x=\"1 2\" a='\\''b'\\''' figure1");
    assert_says(said, "--trust");
    /* what a person copies into a shell is one word there, too */
    const struct project quote = { .again = { 1, 1, 1 }, .set = "ring.x=1' ; echo pwned; '" };
    make_bags("again", &quote, "good");
    assert_exits(10, "'%s/basin' verify again/good.zip --rerun > line 2>&1", bin);
    assert_runs("s=$(sed -n 's/.* SET=\\(.*\\) figure1.*/\\1/p' line); rm line; "
                "sh -c \"printf %%s $s\"");
    assert_string_equal(said, quote.set);
    assert_runs("! test -e kept && ! ls -A tmp | grep .");
}

static void identical(void **state)
{
    (void)state;
    const struct project p = { .again = { 1, 1, 1 }, .set = "ring.a.x=1" };
    setenv("SECRET", "swordfish", 1);
    setenv("MAKEFLAGS", "-n", 1);
    rerun_with(&p, 0, "--jobs 2 --keep kept --html page.html");
    unsetenv("MAKEFLAGS");
    assert_says(said, "4 identical, 0 within tolerance, 0 different, 0 not re-executed");
    assert_runs("cat kept/source/env.txt");
    if (strstr(said, "swordfish") != NULL || strstr(said, "BASIN_DATA=/") == NULL)
        fail_msg("the environment of make: %s", said);
    char home[100];
    snprintf(home, sizeof home, "HOME=%s/kept/home", root);
    assert_says(said, home);
    /* nobody else can read or change what was unpacked; a second time it is in the way */
    assert_runs("stat -c %%a kept; test \"$(stat -c %%a kept)\" = 700");
    assert_exits(4, "'%s/basin' verify again/good.zip --rerun --trust --keep kept", bin);
    assert_says(said, "not there yet");
    assert_runs("grep -c '<tr>' page.html; rm -rf kept page.html");
}

/* The worst first, each with its dataset, and where it begins. */
static void different_within_and_missing(void **state)
{
    (void)state;
    const struct project within = { .again = { 1, 1, 1 + 1e-9 } };
    rerun_with(&within, 8, "");
    assert_says(line_of("within tolerance", "ring/c.h5"), "/value");
    assert_says(said, "0 outside the tolerance 0 + 1e-06 |b|");

    const struct project different = { .again = { 1.01, 1.5, 1 + 1e-9 } };
    rerun_with(&different, 1, "--html page.html");
    const char *a = line_of("different", "ring/a.h5"), *b = line_of("different", "ring/b.h5"),
               *c = line_of("within tolerance", "ring/c.h5");
    assert_true(b < a && a < c);                 /* b is half as large again, a one percent */
    assert_true(strstr(a, "it begins here") != NULL && strstr(a, "it begins here") < c);
    assert_says(b, "worst at [2]: 3 -> 4.5");
    assert_says(said, "1 identical, 1 within tolerance, 2 different, 0 not re-executed");
    assert_runs("cat page.html");
    const char *pb = strstr(said, "ring/b.h5"), *pa = strstr(said, "ring/a.h5");
    assert_true(pb != NULL && pa != NULL && pb < pa);
    assert_says(said, "1e-06 |b|");

    const struct project missing = { .again = { 1, 1, 0 } };
    rerun_with(&missing, 9, "");
    assert_says(line_of("not re-executed", "ring/c.h5"), "could not be made");
    const struct project both = { .again = { 1, 2, 0 } };
    rerun_with(&both, 1, "");                    /* different outweighs missing */
    const struct project broken = { .again = { 1, 1, 1 }, .programs = "programs: ; @exit 3\n" };
    rerun_with(&broken, 9, "");
    assert_says(said, "4 not re-executed");
}

static void a_figure_is_what_it_looks_like(void **state)
{
    (void)state;
    const struct project other = { .again = { 1, 1, 1 }, .drawn = { NULL, "second" } };
    rerun_with(&other, 8, "");
    assert_says(line_of("within tolerance", "figures/figure1.pdf"), "the same picture");
    const struct project moved = { .again = { 1, 1, 1 }, .drawn = { "11 10 30 30 re f", NULL } };
    rerun_with(&moved, 1, "");
    assert_says(line_of("different", "figures/figure1.pdf"), "sha256");
}

static void a_recording_is_named(void **state)
{
    (void)state;
    static char sha[BN_HEX];
    assert_runs("mkdir -p data; printf spikes > data/rec.nwb; sha256sum data/rec.nwb");
    snprintf(sha, sizeof sha, "%.64s", said);
    const struct project p = { .again = { 1, 1, 1 }, .rec = sha };
    rerun_with(&p, 9, "");
    assert_says(line_of("not re-executed", "ring/a.h5"), "needs rec.nwb");
    assert_says(line_of("not re-executed", "ring/b.h5"), "needs rec.nwb");   /* made from a */
    assert_says(said, "2 identical, 0 within tolerance, 0 different, 2 not re-executed");
    char data[100];
    snprintf(data, sizeof data, "%s/data", root);
    setenv("BASIN_DATA", data, 1);
    rerun_with(&p, 0, "");
    assert_runs("printf other > data/rec.nwb");
    rerun_with(&p, 9, "");
    assert_says(said, "is not the recording that the bag names");
    unsetenv("BASIN_DATA");
}

/* What SET names must be the recording in the bag: `file` is one, `curves` is a text. */
static void a_path_of_elsewhere_is_refused(void **state)
{
    (void)state;
    static char sha[BN_HEX];
    static const struct { const char *set, *says; } cases[] = {
        { "ring.a.file=/etc/passwd", "an absolute path" },
        { "'ring.a.file=/a b/rec.nwb'", "an absolute path" },
        { "ring.a.file='/etc'/passwd", "an absolute path" },
        { "ring.a.gain=2 ring.a.file=../rec.nwb", "leads out" },
        { "ring.a.file=../recordings/../rec.nwb", "leads out" },
        { "ring.a.file=.\"\"./rec.nwb", "leads out" },
        { "ring.a.file='x.nwb x/../../rec.nwb'", "leads out" },
        { "ring.sweep.a.file={x.nwb,/rec.nwb}", "an absolute path" },
        { "ring.a.file=../recordings/rec.nwb ring.a.curves=/rate", NULL },
        { "ring.a.file='../recordings/a..b/rec.nwb'", NULL },
    };
    assert_runs("mkdir -p data; printf spikes > data/rec.nwb; sha256sum data/rec.nwb");
    snprintf(sha, sizeof sha, "%.64s", said);
    for (size_t i = 0; i < BN_LEN(cases); i++) {
        const struct project p = { .again = { 1, 1, 1 }, .rec = sha, .set = cases[i].set };
        make_bags("again", &p, "good");
        assert_exits(0, "'%s/basin' verify again/good.zip", bin);        /* it is whole */
        assert_exits(cases[i].says ? 7 : 10, "'%s/basin' verify again/good.zip --rerun", bin);
        assert_says(said, cases[i].says ? cases[i].says : "--trust");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_asked),
        cmocka_unit_test(whole_damaged_and_hostile),
        cmocka_unit_test(only_with_trust),
        cmocka_unit_test(identical),
        cmocka_unit_test(different_within_and_missing),
        cmocka_unit_test(a_figure_is_what_it_looks_like),
        cmocka_unit_test(a_recording_is_named),
        cmocka_unit_test(a_path_of_elsewhere_is_refused),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
