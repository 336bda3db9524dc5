/* SPDX-License-Identifier: MIT
 * What Make's users expect, in a tiny project: edits and other makes during a run, a
 * copied tree, an edited edge, and the letters -n -q -j -k -B.               */
#include "tiny.h"

/* Everything as it was first, but built. */
static int clean(void **state)
{
    (void)state;
    if (sh("rm -rf out ../q runs.log *.said && mkdir -p out") != 0)
        return -1;
    write_project();
    return 0;
}

/* The log of what ran, sorted, must be these lines. */
static void assert_log(const char *where, const char *lines)
{
    assert_runs("touch %s/runs.log; sort %s/runs.log", where, where);
    if (strcmp(said, lines) != 0)
        fail_msg("ran:\n%swanted:\n%s", said, lines);
}

static const char all_runs[] =
    "a 0.0 n=1\n"
    "b 0.0 a=1 gain=1 bias=-1\n"
    "b 0.0 a=1 gain=2 bias=-1\n"
    "c 0.0 a=1 divisor=3\n"
    "d 0.0 extra=0 b=1 c=0\n"
    "e 0.0 d=10 b=2 modulus=7\n";

static void assert_values(const char *results, const long want[NODES])
{
    for (int i = 0; i < NODES; i++)
        if (value_of(results, node_name[i]) != want[i])
            fail_msg("%s: %s is %ld, want %ld, after %s", results, node_name[i],
                     value_of(results, node_name[i]), want[i], said);
}

static const long first[NODES] = { 1, 1, 2, 0, 10, 5 };
static const long with_n5[NODES] = { 5, 5, 10, 1, 51, 5 };

/* Start make and wait until stage `a` sleeps; `wait_for` ends it. */
static void start(const char *arguments)
{
    assert_runs("(%s %s > make.said 2>&1; echo $? > status.said) > /dev/null 2>&1 & "
                "i=0; while ! test -s runs.log; do sleep 0.02; i=$((i+1)); "
                "test $i -lt 1500 || exit 1; done", tiny_make, arguments);
}

static int finish(void)
{
    int status = -1;
    assert_runs("i=0; while ! test -s status.said; do sleep 0.02; i=$((i+1)); "
                "test $i -lt 1500 || exit 1; done; cat status.said");
    sscanf(said, "%d", &status);
    return status;
}

/* --- while it runs ---------------------------------------------------------------- */

static void a_parameter_is_edited(void **state)
{
    (void)state;
    const char *nap = "SET='ring.a.nap=0.7'";
    start("SET='ring.a.nap=0.7' -j2 out/ring/e.h5");
    assert_runs("sed -i 's/a { n = 1 }/a { n = 5 }/' params/ring.conf");
    assert_runs("%s %s -n out/ring/e.h5", tiny_make, nap);  /* looks, does not wait */
    assert_runs("! test -e status.said");
    assert_int_equal(finish(), 0);
    assert_values("out", first);                     /* what it was told to make */
    assert_log(".", all_runs);
    assert_exits(1, "%s %s -q out/ring/e.h5", tiny_make, nap);
    assert_runs("%s %s out/ring/e.h5", tiny_make, nap);
    assert_values("out", with_n5);
    assert_exits(0, "%s %s -q out/ring/e.h5", tiny_make, nap);
    assert_runs("sed -i 's/a { n = 5 }/a { n = 1 }/' params/ring.conf; rm runs.log; "
                "%s %s out/ring/e.h5", tiny_make, nap);
    assert_log(".", "");
    assert_values("out", first);
}

/* The edit comes before the program is due: it is refused or it is the old code, and
 * the next make has the new. */
static void code_is_edited(void **state)
{
    (void)state;
    const struct code edited = { .code = { [SD] = 2 } };
    start("SET='ring.a.nap=0.7' out/ring/e.h5");
    write_stage(&edited, SD);
    const int status = finish();
    if (status != 0) {
        assert_runs("cat make.said");
        assert_says(said, "run make again");
    }
    assert_runs("%s SET='ring.a.nap=0.7' out/ring/e.h5", tiny_make);
    assert_int_equal(value_of("out", "d"), 12);
    assert_int_equal(value_of("out", "e"), 14 % 7);
    assert_runs("! grep 'd 2.0' runs.log | sort | uniq -d | grep .");
}

/* Between the compiler and the linker, or while the compiler reads: what runs is not
 * what the source says now, and must not be stored under its name.           */
static void code_is_edited_while_it_is_built(void **state)
{
    (void)state;
    struct code edited = { .code = { [SC] = 1 } };
    assert_runs("%s out/ring/e.h5", tiny_make);
    write_stage(&edited, SC);
    /* a compiler that takes its time after it has read the source */
    assert_runs("mkdir -p ../slow && printf '%%s\\n' '#!/bin/sh' "
                "'case \"$*\" in *\"-c stages/c.c\"*) ;; *) exec cc-real \"$@\" ;; esac' "
                "'cc-real \"$@\"; s=$?' 'touch compiled' 'sleep 0.7; exit $s' "
                "> ../slow/gcc && cp ../slow/gcc ../slow/clang && chmod +x ../slow/*; "
                "cc=$(sed -n '1s/ .*//p' build/*/flags); "
                "ln -sf \"$(command -v $cc)\" ../slow/cc-real; rm -f compiled");
    assert_runs("(PATH=\"$(cd ../slow; pwd):$PATH\" %s out/ring/e.h5 > make.said 2>&1; "
                "echo $? > status.said) > /dev/null 2>&1 & "
                "i=0; while ! test -e compiled; do sleep 0.02; i=$((i+1)); "
                "test $i -lt 1500 || exit 1; done", tiny_make);
    edited.code[SC] = 2;
    write_stage(&edited, SC);
    (void)finish();
    assert_runs("%s out/ring/e.h5", tiny_make);
    assert_int_equal(value_of("out", "c"), 2);
    assert_int_equal(value_of("out", "d"), 12);
}

/* --- a source that is older than before ------------------------------------------- */

static void an_old_source_comes_back(void **state)
{
    (void)state;
    const struct code edited = { .code = { [SD] = 2 } };
    assert_runs("%s out/ring/e.h5 && cp -p stages/d.c d.said", tiny_make);
    write_stage(&edited, SD);
    assert_runs("%s out/ring/e.h5", tiny_make);
    assert_int_equal(value_of("out", "d"), 12);
    assert_runs("mv d.said stages/d.c; rm runs.log; rm -rf out; "
                "%s out/ring/e.h5", tiny_make);
    assert_values("out", first);
    assert_log(".", all_runs);
}

/* --- what lies in the tree -------------------------------------------------------- */

static void a_missing_object_is_noticed(void **state)
{
    (void)state;
    assert_runs("%s out/ring/e.h5 && rm runs.log", tiny_make);
    assert_runs("rm -f \"$(readlink -f out/ring/c.h5)\"");
    assert_exits(1, "%s -q out/ring/e.h5", tiny_make);
    assert_runs("%s out/ring/e.h5", tiny_make);
    assert_log(".", "c 0.0 a=1 divisor=3\n");
    assert_runs("rm out/ring/b.h5 runs.log");
    assert_exits(1, "%s -q out/ring/e.h5", tiny_make);
    assert_runs("%s out/ring/e.h5", tiny_make);
    assert_log(".", "");
    assert_values("out", first);
}

static void a_copied_tree(void **state)
{
    (void)state;
    static const char *const ways[] = { "-r", "-a" };
    assert_runs("%s out/ring/e.h5", tiny_make);
    for (size_t i = 0; i < BN_LEN(ways); i++) {
        /* what is compiled keeps its times, to save the time of compiling it all */
        assert_runs("rm -rf ../q runs.log && cp %s . ../q && "
                    "cp -Rp build lib tools Makefile ../q", ways[i]);
        assert_runs("%s -C ../q out/ring/e.h5", tiny_make);
        assert_log("../q", "");
        assert_values("../q/out", first);
        assert_exits(0, "%s -C ../q -q out/ring/e.h5", tiny_make);
        assert_runs("%s -C ../q out/ring/e.h5 SET='ring.a.n=5'", tiny_make);
        assert_values("../q/out", with_n5);
        assert_values("out", first);                 /* nothing is shared */
        assert_exits(0, "%s -q out/ring/e.h5", tiny_make);
    }
}

/* Objects that are younger than links, as `cp -r` leaves them. */
static void young_objects(void **state)
{
    (void)state;
    assert_runs("%s out/ring/e.h5 && for n in a b b.twice c d e; do "
                "sleep 0.01; touch \"$(readlink -f out/ring/$n.h5)\"; done", tiny_make);
    assert_exits(0, "%s -q out/ring/e.h5", tiny_make);
    assert_exits(1, "%s -q out/ring/e.h5 SET='ring.a.n=5'", tiny_make);
    assert_runs("%s out/ring/e.h5 SET='ring.a.n=5'", tiny_make);
    assert_values("out", with_n5);
    assert_runs("%s out/ring/e.h5", tiny_make);
    assert_values("out", first);
}

static void an_edge_is_edited(void **state)
{
    (void)state;
    assert_runs("%s out/ring/e.h5 && rm runs.log", tiny_make);
    assert_runs("sed -i 's,d.h5: $R/ring/b.h5,d.h5: $R/ring/b.twice.h5,' "
                "pipelines/ring.mk");
    assert_exits(1, "%s -q out/ring/e.h5", tiny_make);
    assert_runs("%s out/ring/e.h5", tiny_make);
    assert_log(".", "d 0.0 extra=0 b=2 c=0\n" "e 0.0 d=20 b=2 modulus=7\n");
    assert_runs("rm runs.log; "
                "sed -i 's,d.h5: $R/ring/b.twice.h5,d.h5: $R/ring/b.h5,' "
                "pipelines/ring.mk");
    assert_exits(1, "%s -q out/ring/e.h5", tiny_make);
    assert_runs("%s out/ring/e.h5", tiny_make);
    assert_log(".", "");
    assert_values("out", first);
}

/* --- makes at once ---------------------------------------------------------------- */

/* `arguments` is a list of shell words, one make each. */
static void at_once(const char *arguments)
{
    assert_runs("for a in %s; do (%s SET=\"${a#*:}\" out/ring/${a%%%%:*}.h5) & "
                "p=\"$p $!\"; done; for i in $p; do wait $i || exit; done", arguments,
                tiny_make);
}

static void makes_at_once(void **state)
{
    (void)state;
    static const char *const rows[] = {
        "e:ring.a.nap=0.3 e:ring.a.nap=0.3",
        "e:ring.a.nap=0.3 e:ring.a.nap=0.3 e:ring.a.nap=0.3 e:ring.a.nap=0.3",
        "e:ring.a.nap=0.3 d:ring.a.nap=0.3",
        "b:ring.a.nap=0.3 c:ring.a.nap=0.3 d:ring.a.nap=0.3 e:ring.a.nap=0.3",
    };
    for (size_t i = 0; i < BN_LEN(rows); i++) {
        assert_runs("rm -rf out runs.log");
        at_once(rows[i]);
        assert_log(".", all_runs);
        assert_values("out", first);
        assert_runs("test -z \"$(find out/cache/tmp out/cache/lock -type f)\"");
    }
}

/* Each ends with its own values, whatever the other wants. */
static void different_values_at_once(void **state)
{
    (void)state;
    at_once("e:ring.a.n=1 e:ring.a.n=5 e:ring.a.n=1 e:ring.a.n=5");
    assert_log(".", "a 0.0 n=1\n" "a 0.0 n=5\n"
               "b 0.0 a=1 gain=1 bias=-1\n" "b 0.0 a=1 gain=2 bias=-1\n"
               "b 0.0 a=5 gain=1 bias=-1\n" "b 0.0 a=5 gain=2 bias=-1\n"
               "c 0.0 a=1 divisor=3\n" "c 0.0 a=5 divisor=3\n"
               "d 0.0 extra=0 b=1 c=0\n" "d 0.0 extra=0 b=5 c=1\n"
               "e 0.0 d=10 b=2 modulus=7\n" "e 0.0 d=51 b=10 modulus=7\n");
    assert_runs("rm runs.log; %s SET=ring.a.n=5 out/ring/e.h5", tiny_make);
    assert_values("out", with_n5);
    assert_runs("%s SET=ring.a.n=1 out/ring/e.h5", tiny_make);
    assert_values("out", first);
    assert_log(".", "");
}

/* --- letters ---------------------------------------------------------------------- */

static void n_and_q_run_nothing(void **state)
{
    (void)state;
    assert_runs("%s programs", tiny_make);
    assert_exits(1, "%s -q out/ring/e.h5", tiny_make);
    assert_runs("%s -n out/ring/e.h5", tiny_make);
    assert_int_equal(count_said("basin run"), NODES);
    assert_log(".", "");
    assert_runs("! test -e out/ring && ! test -e out/cache/objects");
    assert_runs("%s out/ring/d.h5 && rm runs.log", tiny_make);
    assert_exits(0, "%s -q out/ring/d.h5", tiny_make);
    assert_exits(1, "%s -q out/ring/e.h5", tiny_make);
    assert_runs("%s -n out/ring/e.h5", tiny_make);
    assert_int_equal(count_said("basin run"), 2);    /* b.twice and e */
    assert_runs("%s -n out/ring/d.h5", tiny_make);
    assert_int_equal(count_said("basin run"), 0);
    assert_log(".", "");
}

/* -n and -q with other values do not touch what is there. */
static void a_look_leaves_no_trace(void **state)
{
    (void)state;
    assert_runs("%s out/ring/e.h5 && rm runs.log", tiny_make);
    assert_exits(1, "%s -q out/ring/e.h5 SET=ring.a.n=5", tiny_make);
    assert_runs("%s -n out/ring/e.h5 SET=ring.a.n=5", tiny_make);
    assert_exits(0, "%s -q out/ring/e.h5", tiny_make);
    assert_runs("%s out/ring/e.h5", tiny_make);
    assert_says(said, "up to date");
    assert_log(".", "");
}

static void B_runs_again(void **state)
{
    (void)state;
    assert_runs("%s out/ring/e.h5 && cp -Lr out/ring first.said && rm runs.log", tiny_make);
    assert_runs("%s -B out/ring/e.h5", tiny_make);
    assert_log(".", all_runs);
    assert_runs("for f in first.said/*; do cmp $f out/ring/${f##*/} || exit; done; "
                "rm -r first.said runs.log");
    assert_exits(0, "%s -q out/ring/e.h5", tiny_make);
    assert_runs("%s -B -j2 out/ring/b.h5", tiny_make);
    assert_log(".", "a 0.0 n=1\n" "b 0.0 a=1 gain=1 bias=-1\n");
}

static void k_goes_on(void **state)
{
    (void)state;
    assert_runs("%s out/ring/e.h5 && rm runs.log", tiny_make);
    assert_exits(2, "%s -k results SET='ring.c.nap=13 ring.a.n=5'", tiny_make);
    assert_says(said, "unlucky");
    assert_says(said, "out/ring/c.h5");
    assert_log(".", "a 0.0 n=5\n" "b 0.0 a=5 gain=1 bias=-1\n" "b 0.0 a=5 gain=2 bias=-1\n"
               "c 0.0 a=5 divisor=3\n");
    assert_runs("cd out/ring && ls *.h5 | tr '\\n' ' '");
    assert_string_equal(said, "a.h5 b.h5 b.twice.h5 ");      /* no old c, d, e */
    assert_runs("rm runs.log; %s out/ring/e.h5 SET='ring.a.n=5'", tiny_make);
    assert_log(".", "c 0.0 a=5 divisor=3\n" "d 0.0 extra=0 b=5 c=1\n"
               "e 0.0 d=51 b=10 modulus=7\n");
}

static void j_gives_the_same_bytes(void **state)
{
    (void)state;
    assert_runs("cp -a . ../q && %s -j1 results && %s -C ../q -j2 results", tiny_make,
                tiny_make);
    assert_runs("cd out/cache/objects && find . -name '*.h5' | sort > ../list && "
                "(cd ../../../../q/out/cache/objects && find . -name '*.h5' | sort) | "
                "cmp ../list - && find . -name '*.h5' -exec cmp {} "
                "../../../../q/out/cache/objects/{} \\;");
    assert_string_equal(said, "");
}

/* Ctrl-C stops everything cleanly, and the next make goes on. */
static void interrupted(void **state)
{
    (void)state;
    assert_runs("setsid %s out/ring/e.h5 SET=ring.a.nap=20 > make.said 2>&1 & p=$!; "
                "i=0; while ! test -s runs.log; do sleep 0.02; i=$((i+1)); "
                "test $i -lt 1500 || exit 1; done; kill -s INT -- -$p; "
                "wait $p; test $? -ne 0", tiny_make);
    assert_runs("test -z \"$(find out/cache/tmp out/cache/lock -type f)\"; "
                "! test -e out/ring/a.h5 && rm runs.log");
    assert_runs("%s out/ring/e.h5", tiny_make);
    assert_log(".", all_runs);
}

#define TEST(f) cmocka_unit_test_setup(f, clean)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(n_and_q_run_nothing), TEST(a_look_leaves_no_trace), TEST(B_runs_again),
        TEST(k_goes_on), TEST(j_gives_the_same_bytes), TEST(a_parameter_is_edited),
        TEST(code_is_edited), TEST(code_is_edited_while_it_is_built),
        TEST(an_old_source_comes_back), TEST(a_missing_object_is_noticed),
        TEST(a_copied_tree), TEST(young_objects), TEST(an_edge_is_edited),
        TEST(makes_at_once), TEST(different_values_at_once), TEST(interrupted),
    };
    return cmocka_run_group_tests_name("makes", tests, tiny_setup, tiny_teardown);
}
