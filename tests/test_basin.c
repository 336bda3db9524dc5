/* SPDX-License-Identifier: MIT
 * The driver by itself: fragments, parameters, the cache, `basin cat`.  A small
 * project of its own in a temporary folder, with copies of lib/ and stages/ so
 * that code can be edited, and the programs as they were built.              */
#include "shell.h"

#define SMALL "ring.tuning.neurons=40 ring.tuning.angles=48 "                 \
              "ring.tuning.model_curves=100 ring.weights.form=dense"

static const char *bin;
static char plan[80];

/* Resolve with this SET and remember the plan. */
static void resolve(const char *set)
{
    char hex[80];
    assert_runs("%s/basin resolve --set '%s' 2>/dev/null", bin, set);
    if (sscanf(said, "results/.basin/plans/%64[0-9a-f].mk", hex) != 1)
        fail_msg("resolve %s: %s", set, said);
    memcpy(plan, hex, sizeof hex);
}

static int make(const char *target)
{
    return sh("%s/basin run --plan %s results/%s", bin, plan, target);
}

static void assert_made(const char *target, int runs)
{
    if (make(target) != 0)
        fail_msg("%s: %s", target, said);
    const int ran = count_said(" memory ");
    if (ran != runs)
        fail_msg("%s: %d runs, want %d: %s", target, ran, runs, said);
}

static int setup(void **state)
{
    (void)state;
    static char dir[] = "/tmp/basin-test-XXXXXX";
    char here[512];
    bin = programs();
    if (getcwd(here, sizeof here) == NULL || mkdtemp(dir) == NULL || chdir(dir) != 0)
        return -1;
    return sh("cp -Rp '%s/lib' '%s/stages' . && mkdir pipelines params tools && "
              "cp -Rp '%s/tools/basin' tools && "
              "printf '%%s\\n' '$R/ring/tuning.h5:' "
              "'$R/ring/weights.h5: $R/ring/tuning.h5' "
              "'$R/ring/weights.circulant.h5: $R/ring/weights.h5 $R/ring/tuning.h5' "
              "> pipelines/ring.mk && "
              "echo 'weights.circulant { kind = circulant }' > params/ring.conf",
              here, here, here);
}

static int teardown(void **state)
{
    (void)state;
    return sh("rm -rf \"$PWD\"");
}

/* Each test starts without results. */
static int clean(void **state)
{
    (void)state;
    return sh("rm -rf results pipelines/x.mk");
}

/* --- what is refused -------------------------------------------------------------- */

static void settings_are_checked(void **state)
{
    (void)state;
    static const struct { const char *set, *says; } rows[] = {
        { "rng.weights.lambda=1", "unknown pipeline `rng`" },
        { "ring.weigths.lambda=1", "did you mean `weights`" },
        { "ring.weights.lamda=1", "did you mean `lambda`" },
        { "ring.weights.circular.gain=1", "did you mean `circulant`" },
        { "ring.weights.lambda=-1", "lambda = -1 is outside" },
        { "ring.weights.lambda=soon", "\"soon\" is not a number" },
        { "ring.sead=1", "unknown key `sead`" },
        { "lambda=1", "names no pipeline" },
        { "ring.weights.lambda", "has no `=`" },
        { "ring.seed=many", "\"many\" is not a whole number" },
    };
    for (size_t i = 0; i < BN_LEN(rows); i++) {
        assert_exits(BN_USAGE, "%s/basin resolve --set '%s'", bin, rows[i].set);
        assert_runs("%s/basin resolve --set '%s' | sed 's/^error://' | xargs cat", bin,
                    rows[i].set);
        assert_says(said, rows[i].says);
    }
    assert_runs("%s/basin resolve --from rign | sed 's/^error://' | xargs cat", bin);
    assert_says(said, "did you mean `ring`");
    assert_runs("%s/basin resolve --set \"ring.tuning.stream='a b'\"", bin);
}

static void fragments_are_checked(void **state)
{
    (void)state;
    static const struct { const char *line, *says; } rows[] = {
        { "\\techo hello", "x.mk:1: a recipe" },
        { "a = b", "x.mk:1: `a`" },
        { "# fine\\n\\n$R/ring/%.h5: $R/ring/tuning.h5", "x.mk:3: `$R/ring/%.h5:`" },
        { "$R/ring/weights.a.h5: $Q/ring/tuning.h5", "unknown variable `Q`" },
        { "$R/ring/weights.a.h5: lib/h5.c", "does not start with $R/" },
        { "$R/ring/weights.a.h5:", "needs a `tuning`" },
        { "$R/ring/weights.a.h5: $R/ring/tunnig.h5", "did you mean `ring/tuning.h5`" },
        { "$R/ring/wheights.a.h5: $R/ring/tuning.h5", "did you mean `weights`" },
        { "$R/ring/tuning.h5: $R/ring/weights.h5", "the stage tuning reads no `weights`" },
        { "$R/ring/tuning..h5:", "an artifact is named" },
        { "$R/ring/weights.b.h5: $R/ring/tuning.h5 \\\\\\n $R/ring/weights.b.h5",
          "needs itself" },
    };
    for (size_t i = 0; i < BN_LEN(rows); i++) {
        assert_runs("printf '%%b\\n' '%s' > pipelines/x.mk", rows[i].line);
        assert_runs("%s/basin resolve | sed 's/^error://' | xargs cat", bin);
        assert_says(said, rows[i].says);
    }
    assert_runs("rm pipelines/x.mk");
}

/* --- the cache -------------------------------------------------------------------------- */

static void nothing_runs_twice(void **state)
{
    (void)state;
    resolve(SMALL);
    assert_made("ring/weights.circulant.h5", 3);     /* inputs first */
    assert_made("ring/weights.circulant.h5", 0);
    resolve(SMALL " ring.weights.lambda=1e-6");
    assert_made("ring/weights.h5", 1);
    resolve(SMALL);
    assert_made("ring/weights.h5", 0);               /* switched back */
    resolve(SMALL " ring.tuning.smoothing=3");       /* only read for recordings */
    assert_made("ring/weights.h5", 0);
    resolve(SMALL " ring.seed=2");
    assert_made("ring/weights.h5", 2);
    resolve(SMALL " ring.weights.circulant.gain=1.5");
    assert_made("ring/weights.h5", 0);
    assert_made("ring/weights.circulant.h5", 1);
}

static void same_bytes(void **state)
{
    (void)state;
    resolve(SMALL);
    assert_made("ring/weights.h5", 2);
    assert_runs("cp -L results/ring/weights.h5 first.h5; rm -rf results");
    resolve(SMALL);
    assert_made("ring/weights.h5", 2);
    assert_runs("cmp first.h5 results/ring/weights.h5; rm first.h5");
}

static void code_counts_by_its_tokens(void **state)
{
    (void)state;
    resolve(SMALL);
    assert_runs("grep code results/.basin/nodes/ring/weights.node > before; "
                "cp -p stages/weights.c kept.c; cp -p lib/ridge.c ridge.c; "
                "sed -i '1i /* new */' stages/weights.c lib/ridge.c; "
                "sed -i 's/^    /\\t  /; s/[.]hours = 1,/.hours = 9,/' stages/weights.c; "
                "grep -q '[.]hours = 9,' stages/weights.c");
    resolve(SMALL);
    assert_runs("grep code results/.basin/nodes/ring/weights.node | cmp before -");
    /* the program is older than this comment: it is not trusted to be the same */
    assert_int_equal(make("ring/weights.h5"), BN_INPUT);
    assert_says(said, "run make again");
    assert_runs("mv kept.c stages/weights.c; echo 'int zzz;' >> lib/ridge.c");
    resolve(SMALL);
    assert_runs("grep code results/.basin/nodes/ring/weights.node | cmp -s before - && "
                "exit 1; mv ridge.c lib/ridge.c");
    resolve(SMALL);
    assert_runs("grep code results/.basin/nodes/ring/weights.node | cmp before -");
}

static void own_file_is_kept(void **state)
{
    (void)state;
    resolve(SMALL);
    assert_made("ring/weights.h5", 2);
    assert_runs("cp -L results/ring/weights.h5 own.h5; rm results/ring/weights.h5; "
                "mv own.h5 results/ring/weights.h5; cksum < results/ring/weights.h5 > sum");
    resolve(SMALL " ring.weights.lambda=1e-3");
    assert_runs("! grep -q 'ring/weights.h5' results/.basin/plans/%s.mk", plan);
    assert_made("ring/weights.h5", 0);
    assert_says(said, "file of your own");
    assert_made("ring/weights.circulant.h5", 1);
    assert_runs("cksum < results/ring/weights.h5 | cmp sum - && "
                "test -f results/ring/weights.h5 && ! test -L results/ring/weights.h5");
}

static void failure_leaves_nothing(void **state)
{
    (void)state;
    resolve(SMALL);
    assert_made("ring/weights.circulant.h5", 3);
    resolve(SMALL " ring.weights.lambda=0 ring.weights.rank_tolerance=0 "
            "ring.tuning.neurons=3");
    const int status = make("ring/weights.circulant.h5");
    assert_true(status != 0);
    assert_int_equal(sh("test -L results/ring/weights.circulant.h5"), 1);
    assert_runs("test -z \"$(find results/cache/tmp results/cache/lock -type f)\"");
}

static void unwritable_results(void **state)
{
    (void)state;
    if (geteuid() == 0)
        assert_runs("touch results");                /* root writes anywhere */
    else
        assert_runs("mkdir results; chmod a-w results");
    assert_runs("%s/basin resolve | sed 's/^error://' | xargs cat", bin);
    assert_says(said, "RESULTS=folder");
    assert_runs("chmod u+w results; rm -rf results");
}

static void damage_is_found(void **state)
{
    (void)state;
    resolve(SMALL);
    assert_made("ring/tuning.h5", 1);
    assert_runs("f=results/ring/tuning.h5; chmod u+w $f; "
                "printf x | dd of=$f bs=1 seek=$(($(stat -Lc %%s $f) / 2)) conv=notrunc");
    resolve(SMALL);
    assert_made("ring/tuning.h5", 1);
    assert_runs("%s/basin cat results/ring/tuning.h5:/rate > /dev/null", bin);
}

/* Links go to whoever comes last; what is made from them does not mix. */
static void plans_do_not_mix(void **state)
{
    (void)state;
    char first[80];
    resolve(SMALL);
    memcpy(first, plan, sizeof first);
    assert_made("ring/weights.h5", 2);
    assert_runs("cp -L results/ring/weights.h5 want.h5; rm -rf results");
    resolve(SMALL);
    resolve(SMALL " ring.seed=7");
    assert_made("ring/tuning.h5", 1);
    memcpy(plan, first, sizeof first);
    assert_made("ring/weights.h5", 2);               /* the first plan's tuning, too */
    assert_runs("cmp want.h5 results/ring/weights.h5; rm want.h5");
}

static void two_at_once_run_once(void **state)
{
    (void)state;
    resolve(SMALL);
    assert_runs("for i in 1 2 3 4; do %s/basin run --plan %s results/ring/weights.h5 & "
                "done; wait", bin, plan);
    assert_int_equal(count_said(" memory "), 2);
    assert_runs("test -z \"$(find results/cache/tmp results/cache/lock -type f)\"");
}

static void missing_file_is_said(void **state)
{
    (void)state;
    assert_runs("echo '$R/mouse/recording.h5:' > pipelines/mouse.mk; "
                "echo 'recording { file = \"no/such.nwb\" }' > params/mouse.conf");
    resolve(SMALL);
    assert_int_equal(make("mouse/recording.h5"), BN_USAGE);
    assert_says(said, "no/such.nwb");
    assert_says(said, "BASIN_DATA");
    assert_runs("rm pipelines/mouse.mk params/mouse.conf; ! test -e results/mouse");
}

/* --- basin cat ----------------------------------------------------------------------------- */

static void cat_prints_columns(void **state)
{
    (void)state;
    resolve(SMALL);
    assert_made("ring/weights.h5", 2);
    static const struct { const char *arguments; int lines, columns; } rows[] = {
        { "T:/theta", 48, 1 },
        { "T:/rate", 40, 48 },
        { "T:/theta T:'/rate[:5]' --transpose", -1, 0 },
        { "T:'/rate[:5]' --transpose", 48, 5 },
        { "--every 4 T:/theta", 12, 1 },
        { "T:'/rate[3]'", 48, 1 },
        { "T:'/rate[-1,::-1]'", 48, 1 },
        { "T:'/rate[1:3,2:10:3]'", 2, 3 },
        { "T:'/theta[3::9223372036854775807]'", 1, 1 },
        { "T:'/theta[::-9223372036854775808]'", 1, 1 },
        { "T:/preferred W:'/J[:,0]'", 40, 2 },
        { "--header T:/theta", 49, 1 },
        { "T:/provenance/parameter", -2, 1 },
    };
    for (size_t i = 0; i < BN_LEN(rows); i++) {
        const int status = sh("set -- %s; for a; do shift; set -- \"$@\" "
                              "\"$(echo \"$a\" | sed 's,^T:,results/ring/tuning.h5:,;"
                              "s,^W:,results/ring/weights.h5:,')\"; done; "
                              "%s/basin cat \"$@\" > out; s=$?; wc -l < out; "
                              "awk '!/^#/ { print NF; exit }' out; exit $s",
                              rows[i].arguments, bin);
        int lines = 0, columns = 0;
        if (rows[i].lines == -1) {
            assert_int_equal(status, BN_USAGE);
            continue;
        }
        if (status != 0 || sscanf(said, "%d %d", &lines, &columns) != 2 ||
            (rows[i].lines >= 0 && lines != rows[i].lines) || columns != rows[i].columns)
            fail_msg("%s: exit status %d: %s", rows[i].arguments, status, said);
    }
}

static void cat_keeps_every_bit(void **state)
{
    (void)state;
    resolve(SMALL);
    assert_made("ring/tuning.h5", 1);
    assert_runs("%s/basin cat results/ring/tuning.h5:/theta", bin);
    const char *p = said;
    for (int m = 0; m < 48; m++) {
        char *end;
        const double x = strtod(p, &end);
        assert_true(x == 2.0 * acos(-1.0) * m / 48);
        p = end;
    }
}

static void cat_writes_a_matrix(void **state)
{
    (void)state;
    resolve(SMALL);
    assert_made("ring/tuning.h5", 1);
    assert_runs("%s/basin cat --matrix results/ring/tuning.h5:/rate > out; wc -c < out; "
                "od -A n -t f4 -N 12 out", bin);
    int bytes;
    double n, x0, x1;
    assert_int_equal(sscanf(said, "%d %lf %lf %lf", &bytes, &n, &x0, &x1), 4);
    assert_int_equal(bytes, 4 * (1 + 48 + 40 * 49));
    assert_close(n, 48, 0, 0);
    assert_close(x0, 0, 0, 0);
    assert_close(x1, 2.0 * acos(-1.0) / 48, 1e-6, 0);    /* from the dimension scale */
}

static void cat_says_what_is_wrong(void **state)
{
    (void)state;
    resolve(SMALL);
    assert_made("ring/tuning.h5", 1);
    static const struct { const char *arguments; int status; const char *says; } rows[] = {
        { "results/ring/tuning.h5:/raet", BN_INPUT, "did you mean `/rate`" },
        { "results/ring/tuning.h5:rate", BN_USAGE, ":/rate" },
        { "results/ring/none.h5:/rate", BN_INPUT, "none.h5" },
        { "'results/ring/tuning.h5:/theta[99]'", BN_USAGE, "outside the 48" },
        { "'results/ring/tuning.h5:/theta[0,1]'", BN_USAGE, "more indices" },
        { "'results/ring/tuning.h5:/theta[x]'", BN_USAGE, "is no slice" },
        { "--every 0 results/ring/tuning.h5:/theta", BN_USAGE, "--every 0" },
        { "--matrx results/ring/tuning.h5:/rate", BN_USAGE, "no option --matrx" },
    };
    for (size_t i = 0; i < BN_LEN(rows); i++) {
        assert_exits(rows[i].status, "%s/basin cat %s", bin, rows[i].arguments);
        assert_says(said, rows[i].says);
    }
    assert_runs("%s/basin cat results/ring/tuning.h5", bin);
    assert_says(said, "40 x 48");
    assert_exits(BN_USAGE, "%s/basin cta", bin);
    assert_says(said, "did you mean `cat`");
}

#define TEST(f) cmocka_unit_test_setup(f, clean)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(settings_are_checked), TEST(fragments_are_checked), TEST(nothing_runs_twice),
        TEST(same_bytes), TEST(code_counts_by_its_tokens), TEST(own_file_is_kept),
        TEST(failure_leaves_nothing), TEST(unwritable_results), TEST(damage_is_found),
        TEST(plans_do_not_mix), TEST(two_at_once_run_once), TEST(missing_file_is_said),
        TEST(cat_prints_columns), TEST(cat_keeps_every_bit), TEST(cat_writes_a_matrix),
        TEST(cat_says_what_is_wrong),
    };
    return cmocka_run_group_tests_name("basin", tests, setup, teardown);
}
