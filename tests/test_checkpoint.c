/* SPDX-License-Identifier: MIT
 * Checkpoints: the file, the stage `activity` killed and continued by hand, and the
 * same under the driver.                                                     */
#include "shell.h"

#include <basin/checkpoint.h>
#include <basin/digest.h>

static const char *bin;
static char stages[1100], killer[600];

static int setup(void **state)
{
    (void)state;
    static char dir[] = "/tmp/basin-test-XXXXXX";
    char here[512];
    bin = programs();
    if (getcwd(here, sizeof here) == NULL || mkdtemp(dir) == NULL || chdir(dir) != 0)
        return -1;
    snprintf(stages, sizeof stages, "%s/stages", bin);
    snprintf(killer, sizeof killer, "%s/tests/kill-after", here);
    return sh("cp -Rp '%s/lib' '%s/stages' . && mkdir pipelines params tools && "
              "cp -Rp '%s/tools/basin' tools && "
              "'%s/tuning' --out t.h5 --set neurons=300 --set angles=64 && "
              "'%s/weights' --in tuning=t.h5 --out w.h5", here, here, here, stages, stages);
}

static int teardown(void **state)
{
    (void)state;
    return sh("rm -rf \"$PWD\"");
}

static int clean(void **state)
{
    (void)state;
    return sh("rm -rf *.ck* a.h5* b.h5* c.h5* results");
}

/* --- the file --------------------------------------------------------------------- */

struct sample {
    double x[1000], y[3];
    struct bn_kept kept[2];
    struct bn_checkpoint c;
};

static void fill(struct sample *s, double start)
{
    for (size_t i = 0; i < BN_LEN(s->x); i++)
        s->x[i] = start + (double)i / 7;
    for (size_t i = 0; i < BN_LEN(s->y); i++)
        s->y[i] = -start;
    s->kept[0] = (struct bn_kept){ "x", s->x, BN_LEN(s->x) };
    s->kept[1] = (struct bn_kept){ "y", s->y, BN_LEN(s->y) };
    s->c = (struct bn_checkpoint){ "stage", "code", "run", s->kept, 2 };
}

static void what_was_written_is_read(void **state)
{
    (void)state;
    struct sample a, b;
    uint64_t step = 0;
    fill(&a, 1.0);
    assert_ok(bn_checkpoint_write("f.ck", &a.c, 123456789));
    fill(&b, 0.0);
    assert_ok(bn_checkpoint_read("f.ck", &b.c, &step));
    assert_int_equal(step, 123456789);
    assert_memory_equal(a.x, b.x, sizeof a.x);
    assert_memory_equal(a.y, b.y, sizeof a.y);
    assert_runs("head -n 1 f.ck | grep -qx 'basin checkpoint 1' && ! test -e f.ck.new");
    bn_checkpoint_remove("f.ck");
    assert_runs("! test -e f.ck");
}

/* Every single flipped bit and every cut is found, and the arrays stay as they were. */
static void damage_is_found(void **state)
{
    (void)state;
    struct sample a, b;
    uint64_t step = 7;
    fill(&a, 1.0);
    assert_ok(bn_checkpoint_write("f.ck", &a.c, 5));
    FILE *f = fopen("f.ck", "r+b");
    assert_non_null(f);
    fseek(f, 0, SEEK_END);
    const long size = ftell(f);
    fill(&b, 2.0);
    const double was = b.x[10];
    for (long at = 0; at < size; at += at < 200 || at > size - 80 ? 1 : 61) {
        fseek(f, at, SEEK_SET);
        const int byte = fgetc(f);
        fseek(f, at, SEEK_SET);
        fputc(byte ^ (1 << at % 8), f);
        fflush(f);
        assert_fails(bn_checkpoint_read("f.ck", &b.c, &step), BN_INPUT);
        fseek(f, at, SEEK_SET);
        fputc(byte, f);
        fflush(f);
    }
    fclose(f);
    assert_ok(bn_checkpoint_read("f.ck", &a.c, &step));
    for (long cut = 0; cut < size; cut += cut < 100 ? 1 : 997) {
        assert_runs("head -c %ld f.ck > g.ck", cut);
        assert_fails(bn_checkpoint_read("g.ck", &b.c, &step), BN_INPUT);
    }
    assert_runs("cat f.ck > g.ck; echo >> g.ck");
    assert_fails(bn_checkpoint_read("g.ck", &b.c, &step), BN_INPUT);
    assert_says(bn_error(), "damaged");
    assert_true(b.x[10] == was && step == 5);
}

static void another_computation_is_refused(void **state)
{
    (void)state;
    struct sample a, b;
    uint64_t step;
    fill(&a, 1.0);
    assert_ok(bn_checkpoint_write("f.ck", &a.c, 5));
    for (int k = 0; k < 6; k++) {
        fill(&b, 2.0);
        if (k == 0)
            b.c.stage = "other";
        if (k == 1)
            b.c.code = "edoc";
        if (k == 2)
            b.c.run = "nur";
        if (k == 3)
            b.kept[1].name = "z";
        if (k == 4)
            b.kept[0].n--;
        if (k == 5)
            b.c.n--;
        assert_fails(bn_checkpoint_read("f.ck", &b.c, &step), BN_INPUT);
        assert_says(bn_error(), "other parameters, inputs or code");
        assert_true(b.x[0] == 2.0);
    }
    assert_fails(bn_checkpoint_read("none.ck", &a.c, &step), BN_INPUT);
    assert_fails(bn_checkpoint_write("no/such/folder/f.ck", &a.c, 1), BN_OUTPUT);
}

/* --- by hand ---------------------------------------------------------------------- */

static int activity(const char *before, const char *out, const char *options)
{
    return sh("%s '%s/activity' --in weights=w.h5 --in tuning=t.h5 --out %s %s", before,
              stages, out, options);
}

#define RUN " --set duration=%d --set starts=8 --set noise=0.1 --set interval=0.05"

static double chance(void)
{
    static unsigned seed = 20250311;
    seed = seed * 1103515245u + 12345u;
    return (double)(seed >> 16 & 1023) / 1024.0;
}

/* Kill -9 at ten points, some time after state was kept, then to the end: same bytes. */
static void killed_by_hand(void **state)
{
    (void)state;
    char options[512];
    int resumed = 0, killed = 0;
    snprintf(options, sizeof options, RUN, 20);
    assert_int_equal(activity("", "a.h5", options), 0);
    snprintf(options, sizeof options, RUN " --checkpoint b.ck --checkpoint-every 0", 20);
    for (int k = 0; k < 10; k++) {
        char before[1200];
        snprintf(before, sizeof before, "'%s' b.ck %.3f all", killer, 0.05 * chance());
        if (activity(before, "b.h5", options) == 0)
            break;
        killed++;
        resumed += count_said("continues from its checkpoint");
        assert_runs("! test -e b.h5");
    }
    if (sh("test -e b.h5") != 0 && activity("", "b.h5", options) != 0)
        fail_msg("%s", said);
    resumed += count_said("continues from its checkpoint");
    if (killed == 0 || resumed != killed)
        fail_msg("killed %d times, resumed %d times", killed, resumed);
    assert_runs("cmp a.h5 b.h5 && ! test -e b.ck && ! test -e b.ck.new");
}

/* Leave a checkpoint of a run that was killed on the way. */
static void leave(const char *options)
{
    for (int k = 0; k < 20; k++) {
        char before[64];
        snprintf(before, sizeof before, "timeout -s KILL %.3f", 0.1 + 0.05 * k);
        if (activity(before, "c.h5", options) == 0)
            fail_msg("the run was over before it was killed");
        if (sh("test -e b.ck") == 0)
            return;
    }
    fail_msg("no checkpoint");
}

/* Begun on one thread, ended on two, in another folder and with other BLAS threads. */
static void where_it_continues_is_all_one(void **state)
{
    (void)state;
    char options[512];
    snprintf(options, sizeof options, RUN " --threads 2 --set states=yes", 10);
    assert_int_equal(activity("OPENBLAS_NUM_THREADS=2", "a.h5", options), 0);
    snprintf(options, sizeof options, RUN " --set states=yes --threads 1 "
             "--checkpoint b.ck --checkpoint-every 0", 10);
    leave(options);
    assert_runs("mkdir -p 'another folder' && cp w.h5 'another folder/v.h5' && mv b.ck "
                "'another folder/d.ck' && cd 'another folder' && OPENBLAS_NUM_THREADS=2 "
                "'%s/activity' --in weights=v.h5 --in tuning=../t.h5 --out ../b.h5 "
                "--checkpoint d.ck --threads 2 --set states=yes" RUN, stages, 10);
    assert_int_equal(count_said("continues from its checkpoint"), 1);
    assert_runs("cmp a.h5 b.h5");
}

/* Another parameter, other code, other inputs, damage: one line, and from the start. */
static void what_does_not_match_is_ignored(void **state)
{
    (void)state;
    static const struct { const char *before, *options, *says; } rows[] = {
        { "", "--set noise=0.2 --code c1", "other parameters" },
        { "", "--set noise=0.1 --code c2", "other parameters" },
        { "", "--set noise=0.1 --code c1 --set seed=2", "other parameters" },
        { "printf x | dd of=b.ck bs=1 seek=3000 conv=notrunc 2>/dev/null;",
          "--set noise=0.1 --code c1", "damaged" },
        { "truncate -s 3000 b.ck;", "--set noise=0.1 --code c1", "damaged" },
    };
    char options[512];
    snprintf(options, sizeof options, RUN " --code c1 --checkpoint b.ck "
             "--checkpoint-every 0", 10);
    leave(options);
    assert_runs("mv b.ck kept.ck");
    for (size_t i = 0; i < BN_LEN(rows); i++) {
        snprintf(options, sizeof options, "--set duration=10 --set starts=8 "
                 "--set interval=0.05 %s", rows[i].options);
        assert_int_equal(activity("", "a.h5", options), 0);
        snprintf(options + strlen(options), sizeof options - strlen(options),
                 " --checkpoint b.ck");
        char before[256];
        snprintf(before, sizeof before, "cp kept.ck b.ck; %s", rows[i].before);
        assert_int_equal(activity(before, "b.h5", options), 0);
        assert_says(said, rows[i].says);
        assert_int_equal(count_said("starting from the beginning"), 1);
        assert_runs("cmp a.h5 b.h5 && ! test -e b.ck");
    }
    assert_runs("rm kept.ck");
}

/* A checkpoint that cannot be written costs a line, not the run; a file that is none
 * is not overwritten.                                                       */
static void never_in_the_way(void **state)
{
    (void)state;
    char options[512];
    snprintf(options, sizeof options, RUN " --checkpoint no/b.ck --checkpoint-every 0", 2);
    assert_int_equal(activity("", "b.h5", options), 0);
    assert_int_equal(count_said("no checkpoint"), 1);
    snprintf(options, sizeof options, RUN " --checkpoint b.ck --checkpoint-every 0", 2);
    assert_int_equal(activity("ln -s /dev/full b.ck.new;", "b.h5", options), 0);
    assert_says(said, "No space left on device");
    snprintf(options, sizeof options, RUN " --checkpoint t.h5", 2);
    assert_int_equal(activity("", "b.h5", options), 2);
    assert_says(said, "is no checkpoint and would be overwritten");
    assert_runs("'%s/tuning' --out b.h5 --checkpoint b.ck && ! test -e b.ck", stages);
    snprintf(options, sizeof options, RUN " --checkpoint-every -1", 2);
    assert_int_equal(activity("", "b.h5", options), 2);
}

/* --- under the driver ------------------------------------------------------------- */

static char plan[80];

static void resolve(const char *results, const char *set)
{
    char hex[80], start[64];
    assert_runs("printf '%%s\\n' '$R/ring/tuning.h5:' '$R/ring/weights.h5: "
                "$R/ring/tuning.h5' '$R/ring/activity.h5: $R/ring/weights.h5 "
                "$R/ring/tuning.h5' > pipelines/ring.mk && : > params/ring.conf && "
                "%s/basin resolve --results %s --set 'ring.tuning.neurons=300 "
                "ring.tuning.angles=64 ring.activity.starts=8 ring.activity.noise=0.1 "
                "ring.activity.interval=0.05 %s'", bin, results, set);
    snprintf(start, sizeof start, "%s/.basin/plans/%%64[0-9a-f].mk", results);
    if (sscanf(said, start, hex) != 1)
        fail_msg("resolve %s: %s", set, said);
    memcpy(plan, hex, sizeof hex);
}

/* The driver or its stage is killed; what was begun is continued, the way it was
 * interrupted and how often state was written are nowhere in the result.     */
static void killed_under_the_driver(void **state)
{
    (void)state;
    static const char *const whom[] = { "all", "first", "others" };
    int resumed = 0, killed = 0;
    resolve("ref", "ring.activity.duration=20");
    assert_runs("%s/basin run --results ref --plan %s ref/ring/activity.h5", bin, plan);
    resolve("results", "ring.activity.duration=20 ring.checkpoint=0");
    assert_runs("%s/basin run --plan %s results/ring/weights.h5", bin, plan);
    for (int k = 0; k < 10; k++) {
        sh("MAKEFLAGS=' -j2' '%s' 'results/cache/checkpoints/*.ck' %.3f %s %s/basin run --plan %s "
           "results/ring/activity.h5", killer, 0.05 * chance(), whom[k % 3], bin, plan);
        resumed += count_said("continues from its checkpoint");
        if (sh("test -e results/ring/activity.h5") == 0)
            break;
        killed++;
    }
    assert_runs("%s/basin run --plan %s results/ring/activity.h5", bin, plan);
    resumed += count_said("continues from its checkpoint");
    if (killed == 0 || resumed != killed)
        fail_msg("killed %d times, resumed %d times", killed, resumed);
    assert_runs("cmp ref/ring/activity.h5 results/ring/activity.h5 && "
                "test \"$(readlink ref/ring/activity.h5)\" = "
                "\"$(readlink results/ring/activity.h5)\" && "
                "test -z \"$(ls results/cache/checkpoints)\"");
    assert_runs("rm -rf ref");
}

/* `checkpoint` belongs to the parameter file but to no key, and is checked like one. */
static void an_option_not_a_parameter(void **state)
{
    (void)state;
    resolve("results", "ring.activity.duration=1");
    assert_runs("%s/basin run --plan %s results/ring/activity.h5; "
                "cp results/.basin/nodes/ring/activity.node kept", bin, plan);
    resolve("results", "ring.activity.duration=1 ring.checkpoint=120");
    assert_runs("cmp kept results/.basin/nodes/ring/activity.node && "
                "grep -q '\"checkpoint\":\"120\"' results/.basin/plans/%s.plan", plan);
    assert_runs("%s/basin run --plan %s results/ring/activity.h5", bin, plan);
    assert_int_equal(count_said("cached"), 1);
    assert_exits(2, "%s/basin resolve --set ring.checkpoint=-1; "
                 "s=$?; cat build/messages/*; exit $s", bin);
    assert_exits(2, "echo 'checkpoint = soon' > params/ring.conf; %s/basin resolve", bin);
    assert_runs("echo 'checkpoint = 30' > params/ring.conf; '%s/activity' --in weights=w.h5 "
                "--in tuning=t.h5 --out b.h5 --params params/ring.conf --set duration=1",
                stages);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(what_was_written_is_read, clean),
        cmocka_unit_test_setup(damage_is_found, clean),
        cmocka_unit_test_setup(another_computation_is_refused, clean),
        cmocka_unit_test_setup(killed_by_hand, clean),
        cmocka_unit_test_setup(where_it_continues_is_all_one, clean),
        cmocka_unit_test_setup(what_does_not_match_is_ignored, clean),
        cmocka_unit_test_setup(never_in_the_way, clean),
        cmocka_unit_test_setup(killed_under_the_driver, clean),
        cmocka_unit_test_setup(an_option_not_a_parameter, clean),
    };
    return cmocka_run_group_tests_name("checkpoint", tests, setup, teardown);
}
