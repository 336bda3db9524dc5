/* SPDX-License-Identifier: MIT
 * RUN=slurm with a cluster that is only files (tests/fake-slurm), in the tiny project:
 * what is sent, what comes back, and everything that can go wrong between.  A real
 * cluster is in test_cluster.c.                                              */
#include "tiny.h"

#define SWEEP "SET='ring.sweep.b.gain={1,2,3,4,5,6}'"
#define POINTS "out/ring/e.gain-1.h5 out/ring/e.gain-2.h5 out/ring/e.gain-3.h5 " \
               "out/ring/e.gain-4.h5 out/ring/e.gain-5.h5 out/ring/e.gain-6.h5"

static char slurm[4096];                 /* make with the cluster in its PATH */

static int fake_setup(void **state)
{
    char here[512];
    if (getcwd(here, sizeof here) == NULL || tiny_setup(state) != 0)
        return -1;
    snprintf(slurm, sizeof slurm, "env PATH=\"$PWD/fake:$PATH\" BASIN_SLURM_PATIENCE=3 "
             "ASAN_OPTIONS=handle_segv=0 %s RUN=slurm", tiny_make);
    return sh("mkdir fake kept && cp '%s/tests/fake-slurm' kept/sbatch && "
              "ln -s sbatch kept/squeue && ln -s sbatch kept/scancel", here);
}

static int clean(void **state)
{
    (void)state;
    if (sh("for p in fake/pid/*; do [ -e $p ] && kill $(cat $p) 2>/dev/null; done; "
           "rm -rf out loc ../q runs.log *.said fake && cp -a kept fake && mkdir out") != 0)
        return -1;
    write_project();
    return 0;
}

static int tidy(void **state)
{
    (void)state;
    return sh("for p in fake/pid/*; do [ -e $p ] && kill $(cat $p) 2>/dev/null; done; true");
}

static void start(const char *arguments)
{
    assert_runs("rm -f make.said status.said; (setsid %s %s > make.said 2>&1 & "
                "echo $! > make.pid; wait $!; echo $? > status.said) > /dev/null 2>&1 &",
                slurm, arguments);
}

static void wait_for(const char *condition)
{
    assert_runs("i=0; while ! { %s; }; do sleep 0.05; i=$((i+1)); "
                "test $i -lt 1200 || { cat make.said fake/log; exit 1; }; done", condition);
}

static int finish(void)
{
    int status = -1;
    wait_for("test -s status.said");
    assert_runs("cat status.said");
    sscanf(said, "%d", &status);
    assert_runs("cat make.said");
    return status;
}

/* How many lines of the cluster's log have this? */
static int asked(const char *what)
{
    assert_runs("touch fake/log; grep -c -e '%s' fake/log || true", what);
    return atoi(said);
}

static int runs_of(const char *stage)
{
    assert_runs("touch runs.log; grep -c '^%s ' runs.log || true", stage);
    return atoi(said);
}

/* Nothing of the cluster is left. */
static void assert_tidy(void)
{
    assert_runs("find out/cache/slurm out/cache/tmp -mindepth 1 ! -name .gate 2>/dev/null || true");
    assert_string_equal(said, "");
}

/* --- what is sent, and what comes back --------------------------------------------- */

static void same_bytes_in_few_arrays(void **state)
{
    (void)state;
    assert_runs("%s " SWEEP " -j2 " POINTS, slurm);
    /* one per stage and depth */
    assert_int_equal(asked("^sbatch"), 5);
    assert_int_equal(runs_of("b"), 6);               /* b.twice is b.gain-2 */
    assert_int_equal(runs_of("e"), 6);
    assert_tidy();
    assert_runs("%s " SWEEP " RESULTS=loc $(echo " POINTS " | sed 's,out/,loc/,g')",
                tiny_make);
    assert_runs("for r in out loc; do (cd $r/cache/objects && find . -name '*.h5' | sort | "
                "xargs sha256sum) > $r.sums; done; cmp out.sums loc.sums && wc -l < out.sums");
    assert_int_equal(atoi(said), 1 + 6 + 1 + 6 + 6);
    assert_runs("rm runs.log fake/log; %s " SWEEP " -q " POINTS, tiny_make);
    assert_runs("%s " SWEEP " " POINTS, slurm);
    assert_int_equal(asked("sbatch"), 0);
    assert_exits(0, "%s " SWEEP " -q " POINTS, slurm);
}

/* Runs whose time is known go together, up to `batch` seconds. */
static void short_runs_are_batched(void **state)
{
    (void)state;
    assert_runs("%s out/ring/b.h5", tiny_make);
    assert_runs("%s " SWEEP " out/ring/b.gain-2.h5 out/ring/b.gain-3.h5 "
                "out/ring/b.gain-4.h5", slurm);
    assert_int_equal(asked("array=0-0 "), 1);
    assert_runs("rm fake/log; for i in 1 2 3; do echo '50 b x'; done > out/.basin/times; "
                "%s SET='ring.sweep.b.gain={11,12,13,14} ring.slurm.batch=120' "
                "out/ring/b.gain-11.h5 out/ring/b.gain-12.h5 out/ring/b.gain-13.h5 "
                "out/ring/b.gain-14.h5", slurm);
    assert_int_equal(asked("array=0-1 "), 1);
}

static void what_hits_is_not_sent(void **state)
{
    (void)state;
    assert_runs("%s out/ring/e.h5", slurm);
    assert_runs("rm runs.log fake/log; %s SET='ring.a.n=2' out/ring/e.h5", slurm);
    assert_int_equal(runs_of("a"), 1);
    assert_int_equal(runs_of("c"), 1);               /* 2/3 = 1/3: d follows b alone */
    assert_runs("rm runs.log fake/log; %s SET='ring.c.divisor=4' out/ring/e.h5", slurm);
    assert_int_equal(asked("sbatch"), 1);            /* c comes out the same */
    assert_runs("rm fake/log; %s SET='ring.d.unread=3' out/ring/e.h5", slurm);
    assert_int_equal(asked("sbatch"), 0);
}

static void what_is_asked_for(void **state)
{
    (void)state;
    assert_runs("printf '%%s\\n' 'slurm { partition = fast  options = "
                "\"--qos=long --nice\" }' 'slurm.b { memory = \"3 GB\" time = \"90 min\" "
                "cpus = 2 }' "
                "'slurm.b.twice { account = us }' >> params/ring.conf; %s out/ring/e.h5",
                slurm);
    assert_int_equal(asked("sbatch.*--partition=fast.*--qos=long --nice "), 6);
    assert_int_equal(asked("job-name=basin.b.*--cpus-per-task=2 --time=90 --mem=3072M"), 2);
    assert_int_equal(asked("job-name=basin.b.*--account=us"), 1);
    assert_int_equal(asked("job-name=basin.c.*--time=120 --mem=4096M"), 1);
    assert_int_equal(asked("--mem="), 3);
    assert_int_equal(asked("--export=BASIN_ELEMENT"), 6);
    /* no part of any key, nor a reason to look again */
    assert_runs("rm runs.log; sed -i /slurm/d params/ring.conf; %s out/ring/e.h5", tiny_make);
    assert_runs("! test -e runs.log");
}

static void wrong_keys_are_refused(void **state)
{
    (void)state;
    assert_exits(2, "echo 'slurm { partion = x }' >> params/ring.conf; %s out/ring/a.h5",
                 slurm);
    assert_says(said, "did you mean `partition`");
    write_project();
    assert_exits(2, "echo 'slurm.wieghts { memory = 2 }' >> params/ring.conf; "
                 "%s out/ring/a.h5", slurm);
    assert_says(said, "unknown section [slurm.wieghts] (params/ring.conf:");
    write_project();
    assert_exits(2, "%s SET=ring.slurm.memry=2 out/ring/a.h5", slurm);
    assert_says(said, "did you mean `memory`");
    assert_exits(2, "%s SET=ring.slurm.memory=much out/ring/a.h5", slurm);
    assert_exits(2, "%s SET='ring.sweep.slurm.memory={1,2}' out/ring/a.h5", slurm);
    assert_exits(2, "%s RUN=slrum out/ring/a.h5", slurm);
    assert_says(said, "there is RUN=slurm");
}

/* --- what goes wrong ------------------------------------------------------------------ */

static void sbatch_refuses(void **state)
{
    (void)state;
    assert_exits(2, "touch fake/refuse; %s out/ring/e.h5", slurm);
    assert_says(said, "invalid partition specified: nowhere");
    assert_int_equal(count_said("invalid partition"), 1);
    assert_tidy();
    const char *b = strrchr(programs(), '/') + 1;
    assert_exits(2, "plan=$(build/%s/basin resolve --results out) && plan=${plan##*/} && "
                 "PATH=/nowhere build/%s/basin submit --results out --plan ${plan%%.mk} "
                 "out/ring/e.h5", b, b);
    assert_says(said, "no `sbatch` here");
    assert_tidy();
}

static void a_stage_fails(void **state)
{
    (void)state;
    assert_exits(2, "%s SET=ring.c.nap=13 out/ring/e.h5", slurm);
    assert_says(said, "an unlucky number");
    assert_says(said, "basin: ring/c.h5: ended with exit status 5 (job ");
    assert_says(said, "Error 5");
    assert_tidy();
    /* with -k the others are made, and what failed is named once */
    assert_exits(2, "%s SET=ring.c.nap=13 -k results", slurm);
    assert_int_equal(count_said("an unlucky number"), 1);
    assert_says(said, "failed: ring/c.h5");
    assert_runs("test -e out/ring/b.twice.h5 && ! test -L out/ring/c.h5 && "
                "! test -L out/ring/d.h5");
    assert_int_equal(runs_of("d"), 0);
    assert_runs("%s results", slurm);
}

/* -k goes on after a signal, too; and a failure of an array that nobody needs any more
 * is none of the next make.                                                 */
static void k_and_a_signal(void **state)
{
    (void)state;
    start("SET=ring.c.nap=30 -k results");
    wait_for("grep -q '^c ' runs.log 2>/dev/null && test -e out/ring/b.twice.h5");
    assert_runs("for p in fake/pid/*; do pkill -SEGV -P $(cat $p); done; true");
    assert_int_equal(finish(), 2);
    assert_says(said, "failed: ring/c.h5");
    assert_says(said, "out/ring/c.h5] Error 139");
    start("SET='ring.a.nap=30 ring.a.n=3' out/ring/a.h5");
    wait_for("grep -q '^a .*n=3' runs.log");
    assert_runs("kill -s KILL -- -$(cat make.pid); n=$(basename out/cache/slurm/a.*); "
                "(sleep 1; pkill -KILL -f slurm/$n/stage) > /dev/null 2>&1 & "
                "%s SET=ring.c.nap=2 out/ring/e.h5", slurm);
    assert_int_equal(value_of("out", "e"), 5);
}

static void a_stage_is_killed(void **state)
{
    (void)state;
    start("SET=ring.c.nap=30 out/ring/e.h5");
    wait_for("grep -q '^c ' runs.log 2>/dev/null");
    assert_runs("for p in fake/pid/*; do pkill -SEGV -P $(cat $p); done; true");
    assert_int_equal(finish(), 2);
    assert_says(said, "ring/c.h5: stopped by signal 11 (Segmentation fault)");
    assert_says(said, "Error 139");
    assert_tidy();
}

static void somebody_cancels(void **state)
{
    (void)state;
    start("SET=ring.c.nap=30 out/ring/e.h5");
    wait_for("grep -q '^c ' runs.log 2>/dev/null");
    assert_runs("n=$(basename out/cache/slurm/c.*); fake/scancel --name=basin.$n");
    assert_int_equal(finish(), 2);
    assert_says(said, "ring/c.h5: its job 10");
    assert_says(said, "was cancelled");
    assert_says(said, "Error 143");
    assert_tidy();
    assert_runs("%s out/ring/e.h5", slurm);
}

static void an_element_is_lost(void **state)
{
    (void)state;
    assert_exits(2, "touch fake/lost; %s out/ring/a.h5", slurm);
    assert_says(said, "ring/a.h5: its job 101_0 ended without a word (the cluster says FAILED)");
    assert_says(said, "no such library");
    assert_tidy();
}

/* On NFS a verdict may be seen before the result is. */
static void results_are_seen_late(void **state)
{
    (void)state;
    assert_runs("touch fake/late; %s out/ring/b.h5", slurm);
    assert_int_equal(value_of("out", "b"), 1);
    assert_tidy();
}

/* Preempted, and started again by the cluster: it goes on where it was. */
static void an_element_is_requeued(void **state)
{
    (void)state;
    assert_runs("%s out/ring/b.h5", tiny_make);       /* it is known to be short: one element */
    start("SET='ring.sweep.b.gain={1,2,3} ring.b.nap=1' out/ring/b.gain-2.h5 "
          "out/ring/b.gain-3.h5");
    wait_for("grep -q '^b .*gain=3' runs.log 2>/dev/null");
    assert_runs("touch fake/requeue; kill $(cat fake/pid/*)");
    assert_int_equal(finish(), 0);
    assert_int_equal(asked("sbatch"), 1);
    assert_runs("grep -c 'gain=2' runs.log");
    assert_int_equal(atoi(said), 1);
    assert_tidy();
}

/* --- makes ------------------------------------------------------------------------------ */

static void a_killed_make_goes_on(void **state)
{
    (void)state;
    start("SET=ring.b.nap=3 out/ring/e.h5");
    wait_for("grep -q '^b ' runs.log 2>/dev/null");
    assert_runs("kill -s KILL $(cat make.pid); ls -d out/cache/slurm/b.*");  /* make alone */
    assert_runs("%s SET=ring.b.nap=3 out/ring/e.h5", slurm);
    assert_says(said, "of an earlier make on the cluster, job ");
    assert_int_equal(asked("sbatch.*job-name=basin.b"), 1);
    assert_int_equal(runs_of("a"), 1);
    assert_int_equal(value_of("out", "e"), 5);
    assert_tidy();
}

/* What ended badly while nobody looked is sent again; what never began, too. */
static void stale_arrays_are_known(void **state)
{
    (void)state;
    start("SET=ring.a.nap=30 out/ring/a.h5");
    wait_for("grep -q '^a ' runs.log 2>/dev/null");
    assert_runs("kill -s KILL -- -$(cat make.pid); for p in fake/pid/*; do "
                "pkill -KILL -P $(cat $p); done; sleep 1; rm runs.log; "
                "mkdir out/cache/slurm/a.XyZ123 out/cache/slurm/a.XyZ124; "
                "touch out/cache/slurm/a.XyZ124/sent; "
                "cp $(dirname out/cache/slurm/a.*/0.job)/0.job out/cache/slurm/a.XyZ123");
    start("SET=ring.a.nap=0.1 out/ring/a.h5");
    assert_int_equal(finish(), 0);
    assert_int_equal(runs_of("a"), 1);
    assert_tidy();
}

static void interrupted(void **state)
{
    (void)state;
    static const char *const signals[] = { "INT", "TERM", "HUP" };
    for (size_t i = 0; i < BN_LEN(signals); i++) {
        assert_runs("rm -f runs.log");
        start("SET=ring.a.nap=30 out/ring/e.h5");
        wait_for("test -s runs.log");
        assert_runs("kill -s %s -- -$(cat make.pid)", signals[i]);
        assert_true(finish() != 0);
        assert_int_equal(asked("scancel --name=basin.a"), (int)i + 1);
        assert_tidy();
        assert_runs("! test -e out/ring/a.h5");
    }
}

static void makes_share(void **state)
{
    (void)state;
    start("SET=ring.a.nap=1 -j2 out/ring/e.h5");
    wait_for("grep -q sbatch fake/log 2>/dev/null");
    assert_runs("%s SET=ring.a.nap=1 out/ring/e.h5", slurm);
    assert_int_equal(finish(), 0);
    assert_int_equal(asked("sbatch"), 5);
    assert_int_equal(runs_of("a"), 1);
    assert_tidy();
}

/* While runs wait in the queue everything may be edited: they are what they were. */
static void code_is_edited(void **state)
{
    (void)state;
    struct code v = { .code = { 0, 5 } };
    assert_runs("touch fake/hold");
    start("out/ring/b.h5");
    wait_for("grep -q sbatch fake/log 2>/dev/null");
    write_stage(&v, SB);
    write_stage(&(struct code){ .code = { 3 } }, SA);
    assert_runs("%s programs && rm fake/hold", tiny_make);
    const int status = finish();
    /* `a` ran as it was sent; for `b` the program of the plan is gone */
    assert_int_equal(status, 2);
    assert_says(said, "run make again");
    assert_runs("grep -q '^a 0.0 ' runs.log && ! grep -q '^b ' runs.log");
    assert_runs("%s out/ring/b.h5", slurm);
    assert_int_equal(value_of("out", "b"), 4 + 5);
    assert_tidy();
}

static void forced_and_again(void **state)
{
    (void)state;
    assert_runs("%s out/ring/b.h5 && rm runs.log && %s -B out/ring/b.h5", slurm, slurm);
    assert_int_equal(runs_of("a") + runs_of("b"), 2);
    assert_runs("rm runs.log; %s force T=ring/b.h5 && %s out/ring/b.h5", tiny_make, slurm);
    assert_int_equal(runs_of("a") + runs_of("b"), 1);
    assert_runs("rm runs.log; %s -n out/ring/b.h5 && %s out/ring/b.h5", slurm, slurm);
    assert_runs("! test -e runs.log");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, clean, tidy)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(same_bytes_in_few_arrays), TEST(short_runs_are_batched),
        TEST(what_hits_is_not_sent), TEST(what_is_asked_for), TEST(wrong_keys_are_refused),
        TEST(sbatch_refuses), TEST(a_stage_fails), TEST(k_and_a_signal),
        TEST(a_stage_is_killed),
        TEST(somebody_cancels), TEST(an_element_is_lost), TEST(results_are_seen_late),
        TEST(an_element_is_requeued), TEST(a_killed_make_goes_on),
        TEST(stale_arrays_are_known), TEST(interrupted), TEST(makes_share),
        TEST(forced_and_again), TEST(code_is_edited),   /* last: it compiles */
    };
    return cmocka_run_group_tests_name("slurm", tests, fake_setup, tiny_teardown);
}
