/* SPDX-License-Identifier: MIT
 * What people see while stages run: lines in a file, a block on a terminal, nothing
 * with --quiet.  `script` lends a terminal.                                  */
#include "shell.h"

static const char *bin;
static char plan[80];

static void resolve(const char *set)
{
    char hex[80];
    assert_runs("%s/basin resolve --set 'ring.tuning.neurons=300 ring.tuning.angles=64 "
                "ring.activity.starts=8 ring.activity.noise=0.1 ring.activity.interval=0.05 "
                "%s'", bin, set);
    if (sscanf(said, "results/.basin/plans/%64[0-9a-f].mk", hex) != 1)
        fail_msg("resolve %s: %s", set, said);
    memcpy(plan, hex, sizeof hex);
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
              "cp -Rp '%s/tools/basin' tools && : > params/ring.conf && "
              "printf '%%s\\n' '$R/ring/tuning.h5:' '$R/ring/weights.h5: $R/ring/tuning.h5' "
              "'$R/ring/activity.h5: $R/ring/weights.h5 $R/ring/tuning.h5' "
              "'$R/ring/activity.two.h5: $R/ring/weights.h5 $R/ring/tuning.h5' "
              "> pipelines/ring.mk", here, here, here);
}

static int teardown(void **state)
{
    (void)state;
    return sh("rm -rf \"$PWD\"");
}

static int clean(void **state)
{
    (void)state;
    return sh("rm -rf results");
}

/* Short runs say one line, longer ones say that they run, and what they took. */
static void lines_in_a_file(void **state)
{
    (void)state;
    resolve("ring.activity.duration=400");
    assert_runs("%s/basin run --plan %s results/ring/weights.h5", bin, plan);
    assert_int_equal(count_said("running"), 0);
    assert_int_equal(count_said(" memory "), 2);
    assert_runs("timeout -s KILL 3 %s/basin run --plan %s results/ring/activity.h5; true",
                bin, plan);
    assert_int_equal(count_said("ring/activity.h5                      running\n"), 1);
    assert_int_equal(count_said("\033"), 0);
    assert_runs("echo '600 activity ring/activity.h5' >> results/.basin/times; "
                "timeout -s KILL 3 %s/basin run --plan %s results/ring/activity.h5; true",
                bin, plan);
    assert_says(said, "running, took 10 min 00 s last time\n");
}

static void quiet_says_errors(void **state)
{
    (void)state;
    resolve("ring.activity.duration=400");
    assert_runs("%s/basin run --quiet --plan %s results/ring/weights.h5", bin, plan);
    assert_runs("%s/basin run --quiet --plan %s results/ring/weights.h5; "
                "timeout -s KILL 2.4 %s/basin run --quiet --plan %s "
                "results/ring/activity.h5; true", bin, plan, bin, plan);
    if (strcmp(said, "Killed\n") != 0)
        assert_string_equal(said, "");
    resolve("ring.activity.dt=0.05 ring.activity.tau=0.01");
    assert_true(sh("%s/basin run --quiet --plan %s results/ring/activity.h5", bin, plan) != 0);
    assert_int_equal(count_said("\n"), 1);
    assert_says(said, "activity: dt = 0.05 s is longer than tau");
}

static bool no_terminal(void)
{
    if (sh("command -v script") == 0)
        return false;
    print_message("skipped: no `script` to lend a terminal\n");
    return true;
}

/* Two drivers on one terminal: whoever draws draws both; a killed one is gone from the
 * next drawing; what others print stays; the last one leaves nothing behind. */
static void block_on_a_terminal(void **state)
{
    (void)state;
    if (no_terminal())
        return;
    resolve("ring.activity.duration=400 ring.activity.two.replicate=1");
    assert_runs("%s/basin run --plan %s results/ring/weights.h5 && printf '%%s\\n' "
                "'100 activity ring/activity.h5' '50 activity ring/activity.two.h5' "
                ">> results/.basin/times", bin, plan);
    assert_runs("printf '%%s\\n' '%s/basin run --plan %s results/ring/activity.h5 & p=$!' "
                "'%s/basin run --plan %s results/ring/activity.two.h5 & q=$!' 'sleep 4' "
                "'echo MARK >&2' 'kill -9 $q; sleep 1; kill -9 $p; wait' > both.sh && "
                "TERM=xterm BASIN_GOALS='results' script -qec 'sh both.sh' typed >/dev/null; "
                "cat typed", bin, plan, bin, plan);
    assert_says(said, "\r\033[J\r\nring/activity.h5            [");
    assert_says(said, " %  ");
    assert_says(said, " left\r\nring/activity.two.h5 ");
    assert_says(said, "\r\033[2A");
    assert_says(said, "MARK\r\n");
    const char *last = strstr(said, "MARK");
    for (const char *p = last; p != NULL; p = strstr(p + 1, "\r\033[J"))
        last = p;
    assert_says(last, "\nring/activity.h5");
    assert_null(strstr(last, "activity.two"));
}

/* What the goal needs beside what runs, from earlier runs; nothing on a dumb terminal. */
static void what_is_left(void **state)
{
    (void)state;
    if (no_terminal())
        return;
    resolve("ring.activity.duration=400 ring.activity.two.replicate=1");
    assert_runs("%s/basin run --plan %s results/ring/weights.h5 && "
                "printf '%%s\\n' '100 activity ring/activity.h5' "
                "'5000 activity ring/activity.two.h5' >> results/.basin/times", bin, plan);
    assert_runs("TERM=xterm BASIN_GOALS=results script -qec 'timeout -s KILL 5 %s/basin run "
                "--plan %s results/ring/activity.h5' typed >/dev/null; cat typed", bin, plan);
    assert_says(said, "results: 1 more to make, about 1 h 2");
    assert_runs("TERM=dumb script -qec 'timeout -s KILL 5 %s/basin run --plan %s "
                "results/ring/activity.h5' typed >/dev/null; cat typed", bin, plan);
    assert_int_equal(count_said("\033"), 0);
    /* nobody counts thousands of links five times a second */
    resolve("ring.activity.duration=400 ring.sweep.activity.two.replicate={1..9000}");
    assert_runs("TERM=xterm BASIN_GOALS=results script -qec 'timeout -s KILL 2 %s/basin run "
                "--plan %s results/ring/activity.h5' typed >/dev/null; cat typed", bin, plan);
    assert_says(said, "ring/activity.h5 ");
    assert_int_equal(count_said("more to make"), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(lines_in_a_file, clean),
        cmocka_unit_test_setup(quiet_says_errors, clean),
        cmocka_unit_test_setup(block_on_a_terminal, clean),
        cmocka_unit_test_setup(what_is_left, clean),
    };
    return cmocka_run_group_tests_name("display", tests, setup, teardown);
}
