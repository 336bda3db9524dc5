/* SPDX-License-Identifier: MIT
 * Sweeps: nodes per combination, their names, who gathers them, what reruns.  A small
 * project of its own in a temporary folder: tuning -> weights -> diagnosis, gathered
 * by summary.  Code is what was built; the Makefile is the project's.        */
#include "shell.h"

#include <string.h>

static const char *bin;
static char make[2048], plan[80];

/* Resolve with this SET; the message if it fails. */
static void resolve(const char *set)
{
    assert_runs("%s/basin resolve --set '%s' > out; "
                "sed -n 's/^error://p' out | xargs -r cat; cat out", bin, set);
    const char *hex = strstr(said, "/plans/");
    plan[0] = '\0';
    if (hex != NULL)
        sscanf(hex, "/plans/%64[0-9a-f].mk", plan);
}

static void assert_resolves(const char *set)
{
    resolve(set);
    if (plan[0] == '\0')
        fail_msg("resolve %s: %s", set, said);
}

/* How many nodes of the plan have this in their names? */
static int count_nodes(const char *piece)
{
    assert_runs("tail -n +2 results/.basin/plans/%s.plan | cut -d ' ' -f 1 | "
                "grep -c -e '%s' || true", plan, piece);
    return atoi(said);
}

static void assert_node(const char *name)
{
    assert_runs("grep -q '^%s {' results/.basin/plans/%s.plan || { cut -d ' ' -f 1 "
                "results/.basin/plans/%s.plan; exit 1; }", name, plan, plan);
}

static void params(const char *text)
{
    assert_runs("cat > params/ring.conf <<'END'\n"
                "tuning { neurons = 30 angles = 48 model_curves = 100 }\n"
                "weights { form = dense }\n"
                "weights.circulant { kind = circulant }\n"
                "diagnosis { drift_angles = 16 jacobian_angles = 1 }\n%s\nEND", text);
}

static int setup(void **state)
{
    (void)state;
    static char dir[] = "/tmp/basin-test-XXXXXX";
    char here[512];
    bin = programs();
    if (getcwd(here, sizeof here) == NULL || mkdtemp(dir) == NULL)
        return -1;
    write_make(make, sizeof make, NULL);
    if (sh("cp -Rp Makefile lib stages tools tests '%s'", dir) != 0 || chdir(dir) != 0)
        return -1;
    return sh("mkdir pipelines params figures && printf '%%s\\n' '$R/ring/tuning.h5:' "
              "'$R/ring/weights.h5: $R/ring/tuning.h5' "
              "'$R/ring/weights.circulant.h5: $R/ring/weights.h5 $R/ring/tuning.h5' "
              "'$R/ring/diagnosis.h5: $R/ring/weights.h5 $R/ring/tuning.h5' "
              "'$R/ring/summary.h5: $R/ring/diagnosis.h5' > pipelines/ring.mk");
}

static int teardown(void **state)
{
    (void)state;
    return sh("rm -rf \"$PWD\"");
}

static int clean(void **state)
{
    (void)state;
    return sh("rm -rf results out pipelines/x.mk");
}

/* --- the plan ------------------------------------------------------------ */

static void grid_and_names(void **state)
{
    (void)state;
    params("sweep { weights.lambda = {1e-8, 0.0001}  tuning.replicate = {1..5..2} }");
    assert_resolves("");
    assert_int_equal(count_nodes("^ring/tuning\\.replicate"), 3);
    assert_int_equal(count_nodes("^ring/weights\\.lambda"), 6);
    assert_int_equal(count_nodes("^ring/weights\\.circulant\\.lambda"), 6);
    assert_int_equal(count_nodes("^ring/diagnosis\\."), 6 + 1);
    assert_int_equal(count_nodes("^ring/summary"), 1);
    assert_int_equal(count_nodes("[= ]"), 0);
    assert_node("ring/tuning.h5");
    assert_node("ring/tuning.replicate-5.h5");
    assert_node("ring/weights.circulant.lambda-1e-08.replicate-3.h5");
    assert_runs("grep '^ring/weights.circulant.lambda-1e-08.replicate-3.h5' "
                "results/.basin/plans/%s.plan", plan);
    assert_says(said, "\"lambda\":\"1e-08\"");
    assert_says(said, "\"weights\":\"ring/weights.lambda-1e-08.replicate-3.h5\"");
    assert_says(said, "\"tuning\":\"ring/tuning.replicate-3.h5\"");
    assert_resolves("ring.sweep.weights.lambda={1e-6,2e-6,3e-6}");
    assert_int_equal(count_nodes("^ring/weights\\.lambda"), 9);
    assert_resolves("ring.sweep.weights.lambda={}");
    assert_int_equal(count_nodes("lambda"), 0);
    assert_int_equal(count_nodes("replicate"), 12);
}

static void axes_reach_what_is_downstream(void **state)
{
    (void)state;
    params("sweep { weights.circulant.gain = {1, 1.5}  diagnosis.inhibition = {0..3} }");
    assert_resolves("");
    assert_int_equal(count_nodes("gain-"), 2);           /* nobody reads weights.circulant */
    assert_int_equal(count_nodes("^ring/diagnosis\\.inhibition-"), 4);
    params("sweep { seed = {1, 2}  weights.gain = {1, 2}  tuning.seed = {7} }");
    assert_resolves("");
    assert_node("ring/tuning.seed-2.tuning-seed-7.h5");
    params("");
    assert_resolves("");
    assert_int_equal(count_nodes("-"), 0);
    assert_runs("grep -q '\"diagnosis.000000.\":\"ring/diagnosis.h5\"' "
                "results/.basin/plans/%s.plan", plan);   /* the one point there is */
}

static void wrong_sweeps_are_refused(void **state)
{
    (void)state;
    static const struct { const char *conf, *says; } rows[] = {
        { "weights.lamda = {1}", "unknown key `weights.lamda` in [sweep] "
                                 "(params/ring.conf:5): did you mean `weights.lambda`?" },
        { "weigths.lambda = {1}", "did you mean `weights.lambda`" },
        { "weights.lambda = {1e-8, -1}", "params/ring.conf:5" },
        { "weights.lambda = {1e-8, -1}", "lambda = -1 is outside" },
        { "weights.lambda = {1e-8, soon}", "\"soon\" is not a number" },
        { "weights.lambda = {1e-8, 0.00000001}", "the value 1e-08 comes twice" },
        { "tuning.replicate = {5..1}", "the range 5..1" },
        { "tuning.replicate = {1..9..0}", "the range 1..9..0" },
        { "tuning.replicate = {1..2000000}", "more than 1000000" },
        { "tuning.replicate = {1..2000}  weights.lambda = {1..2000}", "more than 1000000" },
        { "tuning.stream = {\"a b\", \"a_b\"}", "share the file name" },
        { "weights.gain = {1, 2} weights.circulant.gain = {1, 2}", "both set one parameter" },
        { "weights.lambda = 1e-8 2", "expected `=`" },
    };
    for (size_t i = 0; i < BN_LEN(rows); i++) {
        char text[256];
        snprintf(text, sizeof text, "sweep { %s }", rows[i].conf);
        params(text);
        resolve("");
        assert_true(plan[0] == '\0');
        assert_says(said, rows[i].says);
    }
    params("");
    static const struct { const char *set, *says; } sets[] = {
        { "ring.sweep.weights.lamda={1}", "did you mean `weights.lambda`" },
        { "ring.sweep.weights.lambda=1", "takes a list" },
        { "rng.sweep.weights.lambda={1}", "unknown pipeline `rng`" },
        { "ring.sweep.weights.lambda={-1}", "lambda = -1 is outside" },
    };
    for (size_t i = 0; i < BN_LEN(sets); i++) {
        resolve(sets[i].set);
        assert_true(plan[0] == '\0');
        assert_says(said, sets[i].says);
    }
    params("sweep { weights.lambda = {1, 2} }");
    assert_runs("echo '$R/ring/weights.lambda-2.h5: $R/ring/tuning.h5' > pipelines/x.mk");
    resolve("");
    assert_says(said, "also a target in pipelines/");
}

/* --- runs ---------------------------------------------------------------- */

static void assert_makes(int runs, const char *arguments)
{
    const int status = sh("%s %s", make, arguments);
    if (status != 0 || count_said(" memory ") != runs)
        fail_msg("make %s: status %d, %d runs, want %d: %s", arguments, status,
                 count_said(" memory "), runs, said);
}

static void one_value_changes_one_point(void **state)
{
    (void)state;
    params("sweep { weights.lambda = {1e-8, 1e-6, 1e-4} }");
    assert_makes(1 + 3 + 3 + 1, "-j2 out/ring/summary.h5");    /* no plain weights */
    assert_runs("! test -e out/ring/weights.h5 && ! test -e out/ring/diagnosis.h5");
    assert_makes(0, "out/ring/summary.h5");
    assert_exits(0, "%s -q out/ring/summary.h5", make);
    assert_runs("cp -L out/ring/summary.h5 first.h5");
    params("sweep { weights.lambda = {1e-8, 1e-5, 1e-4} }");
    assert_makes(3, "out/ring/summary.h5");
    params("sweep { weights.lambda = {1e-8, 1e-6, 1e-4} }");
    assert_makes(0, "out/ring/summary.h5");
    assert_runs("cmp -s first.h5 out/ring/summary.h5");
    params("sweep { weights.lambda = {1e-8, 1e-6, 1e-4, 1e-3} }");
    assert_makes(3, "out/ring/summary.h5");
    assert_makes(0, "out/ring/weights.h5");                /* 1e-8 is its value, too */
    assert_makes(1, "out/ring/weights.h5 SET=ring.weights.lambda=2e-8");
    params("sweep { weights.lambda = {1e-3, 1e-4} }");
    assert_makes(1, "out/ring/summary.h5");
}

static void table_says_what_the_points_are(void **state)
{
    (void)state;
    params("sweep { weights.lambda = {1e-8, 1e-4}  tuning.replicate = {0, 2} }");
    assert_makes(2 + 4 + 4 + 1, "-j2 out/ring/summary.h5");
    assert_runs("%s/basin cat out/ring/summary.h5:/value", bin);
    assert_true(strcmp(said, "1e-08\t0\n1e-08\t2\n0.0001\t0\n0.0001\t2\n") == 0);
    assert_runs("%s/basin cat out/ring/summary.h5:/parameter", bin);
    assert_true(strcmp(said, "weights.lambda\ntuning.replicate\n") == 0);
    assert_runs("%s/basin cat out/ring/summary.h5:/point | sed -n 4p", bin);
    assert_true(strcmp(said, "diagnosis.lambda-0.0001.replicate-2\n") == 0);
    for (int k = 1; k <= 4; k++)
        assert_runs("p=$(%s/basin cat out/ring/summary.h5:/point | sed -n %dp); "
                    "a=$(%s/basin cat out/ring/$p.h5:/residual); "
                    "b=$(%s/basin cat out/ring/summary.h5:/residual | sed -n %dp); "
                    "test -n \"$a\" -a \"$a\" = \"$b\"", bin, k, bin, bin, k);
    /* Replicates draw other numbers; a lambda does not. */
    assert_runs("! cmp -s out/ring/tuning.replicate-0.h5 out/ring/tuning.replicate-2.h5");
    assert_makes(0, "out/ring/tuning.h5 SET=ring.tuning.replicate=2");
    assert_runs("%s/basin cat out/ring/tuning.h5:/rate > a; "
                "%s/basin cat out/ring/tuning.replicate-2.h5:/rate | cmp a -", bin, bin);
}

static void unread_parameter_runs_once(void **state)
{
    (void)state;
    params("sweep { tuning.smoothing = {1..4} }");         /* only read for recordings */
    assert_makes(1 + 1 + 1 + 1, "out/ring/summary.h5");
    assert_runs("%s/basin cat out/ring/summary.h5:/value | wc -l", bin);
    assert_int_equal(atoi(said), 4);
}

static void a_failed_point_is_named(void **state)
{
    (void)state;
    params("tuning { neurons = 10 }  sweep { weights.lambda = {0, 1e-8, 1e-6} }");
    assert_exits(2, "%s -k -j2 out/ring/summary.h5", make);
    assert_int_equal(count_said(" memory "), 1 + 2 + 2);   /* the others went on */
    assert_says(said, "failed: ring/weights.lambda-0.h5\n");
    assert_int_equal(count_said("failed: "), 1);
    assert_runs("! test -e out/ring/summary.h5 && ! test -e out/ring/weights.lambda-0.h5");
    assert_exits(1, "%s -k -q out/ring/summary.h5", make);
    assert_runs("%s -k -n out/ring/summary.h5", make);
    assert_int_equal(count_said("failed: "), 0);
    assert_makes(1, "-k out/ring/summary.h5 SET='ring.sweep.weights.lambda={1e-8,1e-6}'");
}

static void by_hand(void **state)
{
    (void)state;
    params("sweep { weights.lambda = {1e-8, 1e-6} }");
    assert_makes(6, "-j2 out/ring/summary.h5");
    assert_runs("%s/stages/summary --in diagnosis=out/ring/diagnosis.lambda-1e-08.h5 "
                "--in diagnosis=out/ring/diagnosis.lambda-1e-06.h5 --out hand.h5", bin);
    assert_runs("%s/basin cat hand.h5:/gap > a; %s/basin cat out/ring/summary.h5:/gap | "
                "cmp a -; rm hand.h5", bin, bin);
    assert_exits(BN_USAGE, "%s/stages/summary --out hand.h5", bin);
    assert_says(said, "--in diagnosis=");
}

#define TEST(f) cmocka_unit_test_setup(f, clean)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(grid_and_names), TEST(axes_reach_what_is_downstream),
        TEST(wrong_sweeps_are_refused), TEST(one_value_changes_one_point),
        TEST(table_says_what_the_points_are), TEST(unread_parameter_runs_once),
        TEST(a_failed_point_is_named), TEST(by_hand),
    };
    return cmocka_run_group_tests_name("sweep", tests, setup, teardown);
}
