/* SPDX-License-Identifier: MIT
 * RUN=slurm on a real cluster: Slurm on this machine alone (tests/slurm-one-node), with the
 * tiny project.  What can go wrong otherwise is in test_slurm.c, which needs no cluster.
 * Skipped where Slurm or root is missing, and with sanitizers unless BASIN_SLOW is set. */
#include "tiny.h"

#define SWEEP "SET='ring.sweep.e.modulus={1..200} ring.slurm.batch=2'"

static char slurm[4096], cluster[600], script[700];
static bool skipped;

static int cluster_setup(void **state)
{
    char here[512];
    const char *variant = strrchr(programs(), '/');
    if (getcwd(here, sizeof here) == NULL)
        return -1;
    skipped = strcmp(variant, "/release") != 0 && getenv("BASIN_SLOW") == NULL;
    if (skipped) {
        print_message("skipped: sanitizers see this code in test_slurm\n");
        return 0;
    }
    snprintf(script, sizeof script, "%s/tests/slurm-one-node", here);
    strcpy(cluster, "/tmp/basin-cluster-XXXXXX");
    if (mkdtemp(cluster) == NULL)
        return -1;
    const int status = sh("'%s' start '%s' %ld", script, cluster, (long)getpid());
    if (status != 0)
        print_message("%s", said);
    skipped = status == 77;
    if (status != 0) {
        sh("'%s' stop '%s'; rm -rf '%s'", script, cluster, cluster);
        return skipped ? 0 : -1;
    }
    char conf[700];
    snprintf(conf, sizeof conf, "%s/slurm.conf", cluster);
    if (setenv("SLURM_CONF", conf, 1) != 0 || tiny_setup(state) != 0)
        return -1;
    snprintf(slurm, sizeof slurm, "%s RUN=slurm", tiny_make);
    return 0;
}

static int cluster_teardown(void **state)
{
    if (skipped)
        return 0;
    sh("scancel --user=root; '%s' stop '%s'; rm -rf '%s'", script, cluster, cluster);
    return tiny_teardown(state);
}

static int clean(void **state)
{
    (void)state;
    if (skipped)
        return 0;
    if (sh("rm -rf out loc runs.log *.said && mkdir out") != 0)
        return -1;
    write_project();
    return 0;
}

static void start(const char *arguments)
{
    assert_runs("rm -f make.said status.said; (setsid %s %s > make.said 2>&1 & "
                "echo $! > make.pid; wait $!; echo $? > status.said) > /dev/null 2>&1 &",
                slurm, arguments);
}

static void wait_for(const char *condition)
{
    assert_runs("i=0; while ! { %s; }; do sleep 0.1; i=$((i+1)); "
                "test $i -lt 900 || { cat make.said; squeue -t all; exit 1; }; done",
                condition);
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

static void sweep_of_200_points(void **state)
{
    (void)state;
    if (skipped)
        skip();
    size_t elements = 0;
    assert_runs("%s " SWEEP " RESULTS=loc QUIET=1 -j2 results", tiny_make);
    assert_runs("mkdir -p out/.basin && echo '0.045 e other' > out/.basin/times");
    assert_runs("%s " SWEEP " -j2 results > make.said 2>&1 || { cat make.said; exit 1; }; "
                "sed -n 's/.* 200 runs on the cluster, job [0-9]* with \\([0-9]*\\) .*/\\1/p' "
                "make.said", slurm);
    sscanf(said, "%zu", &elements);
    assert_int_equal(elements, 5);
    assert_runs("for r in out loc; do (cd $r/cache/objects && find . -name '*.h5' | sort | "
                "xargs sha256sum) > $r.sums; done; cmp out.sums loc.sums");
    assert_runs("wc -l < out.sums");
    assert_int_equal(atoi(said), 5 + 200);           /* e itself is the point of modulus 7 */
    assert_runs("%s " SWEEP " -q results", tiny_make);
    assert_runs("ls out/cache/slurm");
    assert_string_equal(said, "");
}

static void a_job_is_killed(void **state)
{
    (void)state;
    if (skipped)
        skip();
    start("SET=ring.c.nap=50 out/ring/d.h5");
    wait_for("grep -q '^c ' runs.log 2>/dev/null");
    assert_runs("pkill -KILL -f \"slurm/$(basename out/cache/slurm/c.*)/stage\"");
    assert_int_equal(finish(), 2);
    assert_says(said, "ring/c.h5: stopped by signal 9");
    assert_says(said, "Error 137");
    assert_runs("rm runs.log");
    start("SET=ring.c.nap=50 out/ring/d.h5");
    wait_for("grep -q '^c ' runs.log 2>/dev/null");
    assert_runs("scancel --name=basin.$(basename out/cache/slurm/c.*)");
    assert_int_equal(finish(), 2);
    assert_says(said, "ring/c.h5: its job ");
    assert_says(said, "was cancelled");
    assert_runs("%s out/ring/d.h5", slurm);
    assert_int_equal(value_of("out", "d"), 10);
}

static void a_drained_node(void **state)
{
    (void)state;
    if (skipped)
        skip();
    assert_runs("scontrol update nodename=localhost state=drain reason=test");
    start("out/ring/a.h5");
    wait_for("squeue -h -o %T -t PENDING | grep -q PENDING");
    assert_runs("sleep 1; ! test -e status.said; ! test -e runs.log; "
                "scontrol update nodename=localhost state=resume");
    assert_int_equal(finish(), 0);
}

static void a_killed_make_goes_on(void **state)
{
    (void)state;
    if (skipped)
        skip();
    start("SET=ring.b.nap=4 out/ring/e.h5");
    wait_for("grep -q '^b ' runs.log 2>/dev/null");
    assert_runs("kill -s KILL -- -$(cat make.pid); ls -d out/cache/slurm/b.* | wc -l");
    assert_runs("%s SET=ring.b.nap=4 out/ring/e.h5", slurm);
    assert_says(said, "of an earlier make on the cluster, job ");
    assert_runs("grep -c '^b ' runs.log");
    assert_int_equal(atoi(said), 2);                 /* b and b.twice, once each */
    assert_int_equal(value_of("out", "e"), 5);
}

/* Started again by the cluster, it goes on; make only waits. */
static void a_requeued_job(void **state)
{
    (void)state;
    if (skipped)
        skip();
    start("SET=ring.a.nap=3 out/ring/a.h5");
    wait_for("test -s runs.log");
    /* Slurm would wait two minutes, until what the first start was told has expired.  Within
     * the second in which that was revoked the node refuses a start, and the job is held. */
    assert_runs("scontrol requeue $(squeue -h -o %%i | head -n 1) && sleep 3; i=0; "
                "until test $(wc -l < runs.log) = 2; do squeue -h -t PENDING -o %%i | "
                "xargs -r -I J scontrol update jobid=J StartTime=now; sleep 0.3; "
                "i=$((i+1)); test $i -lt 200 || "
                "{ squeue -t all; tail -n 20 '%s'/log/*; exit 1; }; done", cluster);
    assert_int_equal(finish(), 0);
    assert_runs("wc -l < runs.log");
    assert_int_equal(atoi(said), 2);
    assert_runs("ls out/cache/slurm");
    assert_string_equal(said, "");
}

static void interrupted(void **state)
{
    (void)state;
    if (skipped)
        skip();
    start("SET=ring.a.nap=50 out/ring/e.h5");
    wait_for("test -s runs.log");
    assert_runs("kill -s INT -- -$(cat make.pid)");
    assert_true(finish() != 0);
    wait_for("test -z \"$(squeue -h)\"");
    assert_runs("ls out/cache/slurm; ! test -e out/ring/a.h5");
    assert_string_equal(said, "");
}

#define TEST(f) cmocka_unit_test_setup(f, clean)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(sweep_of_200_points), TEST(a_job_is_killed), TEST(a_drained_node),
        TEST(a_killed_make_goes_on), TEST(a_requeued_job), TEST(interrupted),
    };
    return cmocka_run_group_tests_name("cluster", tests, cluster_setup, cluster_teardown);
}
