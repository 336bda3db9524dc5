/* SPDX-License-Identifier: MIT
 * Checkpoints: the file, the stage `activity` killed and continued by hand, and the
 * same under the driver.                                                     */
#include "shell.h"

#include <basin/checkpoint.h>
#include <basin/digest.h>

/* A run of about two seconds on one core. */
#define LONG "--set duration=%s --set starts=8 --set noise=0.1 --set interval=0.05 "

static const char *bin;
static char stages[1100];

static int setup(void **state)
{
    (void)state;
    static char dir[] = "/tmp/basin-test-XXXXXX";
    char here[512];
    bin = programs();
    if (getcwd(here, sizeof here) == NULL || mkdtemp(dir) == NULL || chdir(dir) != 0)
        return -1;
    snprintf(stages, sizeof stages, "%s/stages", bin);
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

/* Kill -9 at ten points that differ from run to run, then to the end: same bytes. */
static void killed_by_hand(void **state)
{
    (void)state;
    char options[512];
    int duration = 20, resumed = 0;
    unsigned seed = (unsigned)getpid();
    snprintf(options, sizeof options, RUN, duration);
    assert_int_equal(activity("", "a.h5", options), 0);
    snprintf(options, sizeof options, RUN " --checkpoint b.ck --checkpoint-every 0",
             duration);
    for (int k = 0; k < 10; k++) {
        seed = seed * 1103515245u + 12345u;
        char before[64];
        snprintf(before, sizeof before, "timeout -s KILL %.3f",
                 0.03 + 0.2 * (double)(seed >> 16 & 1023) / 1024.0);
        if (activity(before, "b.h5", options) == 0)
            break;
        resumed += count_said("continues from its checkpoint");
        assert_runs("! test -e b.h5");
    }
    if (sh("test -e b.h5") != 0 && activity("", "b.h5", options) != 0)
        fail_msg("%s", said);
    print_message("continued %d times\n", resumed);
    assert_true(resumed > 0);
    assert_runs("cmp a.h5 b.h5 && ! test -e b.ck && ! test -e b.ck.new");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(what_was_written_is_read, clean),
        cmocka_unit_test_setup(damage_is_found, clean),
        cmocka_unit_test_setup(another_computation_is_refused, clean),
        cmocka_unit_test_setup(killed_by_hand, clean),
    };
    return cmocka_run_group_tests_name("checkpoint", tests, setup, teardown);
}
