/* SPDX-License-Identifier: MIT
 * `basin why`, `status`, `dag` and `diff`.  The first three must say what make then
 * does, so what they say is compared with what really runs.                  */
#include "shell.h"

#include <basin/h5.h>

#include <jansson.h>

#define SMALL "ring.tuning.neurons=40 ring.tuning.angles=48 "                 \
              "ring.tuning.model_curves=100 ring.weights.form=dense "

static const char *bin;

static void resolve(const char *set, char hex[80])
{
    assert_runs("%s/basin resolve --set '" SMALL "%s' 2>/dev/null", bin, set);
    if (sscanf(said, "results/.basin/plans/%64[0-9a-f].mk", hex) != 1)
        fail_msg("resolve %s: %s", set, said);
}

/* Make a target with the driver; the number of stages that ran. */
static int make(const char *target, const char *set)
{
    char hex[80];
    resolve(set, hex);
    assert_runs("%s/basin run --plan %s results/%s", bin, hex, target);
    return count_said(" memory ");
}

static int why(const char *target, const char *set)
{
    return sh("%s/basin why %s --set '" SMALL "%s'", bin, target, set);
}

/* A number of `basin why --json`. */
static int why_number(const char *target, const char *set, const char *key)
{
    sh("%s/basin why --json %s --set '" SMALL "%s'", bin, target, set);
    json_error_t error;
    json_t *json = json_loads(said, 0, &error);
    if (json == NULL)
        fail_msg("%s: %s", error.text, said);
    const int n = (int)json_integer_value(json_object_get(json, key));
    json_decref(json);
    return n;
}

static int setup(void **state)
{
    (void)state;
    static char dir[] = "/tmp/basin-look-XXXXXX";
    char here[512];
    static char copy[600];
    bin = programs();
    if (getcwd(here, sizeof here) == NULL || mkdtemp(dir) == NULL || chdir(dir) != 0
        || sh("cp -Rp '%s' b", bin) != 0)
        return -1;
    snprintf(copy, sizeof copy, "%s/b", dir);
    bin = copy;
    return sh("cp -Rp '%s/lib' '%s/stages' . && mkdir pipelines params tools && "
              "cp -Rp '%s/tools/basin' tools", here, here, here);
}

static int teardown(void **state)
{
    (void)state;
    return sh("rm -rf \"$PWD\"");
}

/* Each test starts with the same fragment and without results. */
static int clean(void **state)
{
    (void)state;
    return sh("rm -rf results && "
              "printf '%%s\\n' '$R/ring/tuning.h5:' "
              "'$R/ring/weights.h5: $R/ring/tuning.h5' "
              "'$R/ring/weights.circulant.h5: $R/ring/weights.h5 $R/ring/tuning.h5' "
              "'$R/ring/weights.hebb.h5: $R/ring/tuning.h5' > pipelines/ring.mk && "
              "printf '%%s\\n' 'weights.circulant { kind = circulant }' "
              "'weights.hebb { kind = hebb }' > params/ring.conf");
}

/* --- why ------------------------------------------------------------------------- */

static void why_before_and_after(void **state)
{
    (void)state;
    assert_exits(1, "%s/basin why ring/weights.circulant --set '" SMALL "'", bin);
    assert_int_equal(count_said("never made"), 3);
    assert_says(said, "3 of 3 would run");
    assert_runs("! test -e results/ring && ! test -e results/.basin");    /* it only looks */
    make("ring/weights.circulant.h5", "");
    assert_int_equal(why("ring/weights.circulant", ""), 0);
    assert_says(said, "nothing: ring/weights.circulant is up to date (made ");
    assert_int_equal(why("results/ring/weights.circulant.h5", ""), 0);
    assert_int_equal(why("ring/weights.circulant", "ring.weights.hebb.gain=2"), 0);
}

static void why_names_the_parameter(void **state)
{
    (void)state;
    make("ring/weights.circulant.h5", "");
    assert_int_equal(why("ring/weights.circulant", "ring.weights.lambda=1e-6"), 1);
    assert_says(said, "lambda: 1e-08 -> 1e-06 (SET)");
    assert_says(said, "unless that comes out the same");
    assert_says(said, "2 of 3 would run");
    assert_true(strstr(said, "tuning") == NULL);
    assert_runs("printf 'tuning {\\n  sigma = 0.7\\n}\\n' >> params/ring.conf");
    assert_int_equal(why("ring/weights.circulant", ""), 1);
    assert_says(said, "0.7 (params/ring.conf:4)");
    assert_says(said, "3 of 3 would run");
    /* read by no run of these: nothing to do */
    assert_runs("sed -i '/tuning/,$d' params/ring.conf");
    assert_int_equal(why("ring/weights.circulant", "ring.weights.circulant.lambda=1"), 0);
}

static void why_knows_the_cache(void **state)
{
    (void)state;
    make("ring/weights.circulant.h5", "");
    make("ring/weights.circulant.h5", "ring.weights.lambda=1e-6");
    assert_int_equal(why("ring/weights.circulant", ""), 0);
    assert_says(said, "cached: would only be relinked");
    assert_says(said, "lambda: 1e-06 -> 1e-08 (default)");
    assert_int_equal(why_number("ring/weights.circulant", "", "cached"), 2);
    assert_int_equal(make("ring/weights.circulant.h5", ""), 0);
}

static void why_names_the_source(void **state)
{
    (void)state;
    make("ring/weights.circulant.h5", "");
    assert_runs("cp -p stages/weights.c kept.c && "
                "sed -i 's,^static void run,/* a comment */\\n&,' stages/weights.c");
    assert_int_equal(why("ring/weights.circulant", ""), 0);
    assert_runs("sed -i 's/^static void run/static int more = 1; &/' stages/weights.c");
    assert_int_equal(why("ring/weights.circulant", ""), 1);
    assert_int_equal(count_said("code changed: stages/weights.c\n"), 2);
    assert_runs("cp -p kept.c stages/weights.c && cp -p lib/ridge.c kept.c && "
                "echo 'int one_more(void);' >> lib/ridge.c");
    assert_int_equal(why("ring/weights", ""), 1);
    assert_says(said, "code changed: lib/ridge.c\n");
    assert_runs("rm -r results/cache/sources");
    assert_int_equal(why("ring/weights", ""), 1);
    assert_says(said, "which file is not on record");
    assert_runs("mv kept.c lib/ridge.c");
    assert_int_equal(why("ring/weights", ""), 0);
}

static void why_names_the_edge(void **state)
{
    (void)state;
    make("ring/weights.hebb.h5", "");
    make("ring/weights.h5", "");
    assert_runs("sed -i '4s,$, $R/ring/weights.h5,' pipelines/ring.mk");
    assert_int_equal(why("ring/weights.hebb", ""), 1);
    assert_says(said, "edge: `weights` is a new input (pipelines/ring.mk:4)");
    make("ring/weights.hebb.h5", "");
    assert_runs("sed -i '4s, $R/ring/weights.h5,,' pipelines/ring.mk");
    assert_int_equal(why("ring/weights.hebb", ""), 0);               /* in the cache */
    assert_says(said, "edge: `weights` is an input no more (pipelines/ring.mk:4)");
}

static void why_names_the_input(void **state)
{
    (void)state;
    const char *set = "ring.tuning.sigma=0.7";
    make("ring/weights.h5", "");
    make("ring/tuning.h5", set);
    assert_int_equal(why("ring/weights", set), 1);
    assert_says(said, "1 of 2 would run");
    assert_says(said, "ring/tuning.h5 changed: content ");
    assert_says(said, "with sigma ");
    assert_runs("cd results/ring && cp -L tuning.h5 own.h5 && rm tuning.h5 && "
                "mv own.h5 tuning.h5");
    assert_int_equal(why("ring/weights", ""), 1);
    assert_says(said, "it is a file of your own now");
    assert_int_equal(why("ring/tuning", ""), 0);
    assert_says(said, "a file of your own");
}

static void why_sees_what_is_lost(void **state)
{
    (void)state;
    make("ring/weights.h5", "");
    assert_runs("rm results/ring/weights.h5");
    assert_int_equal(why("ring/weights", ""), 0);                    /* in the cache */
    assert_says(said, "missing: removed");
    make("ring/weights.h5", "");
    assert_runs("f=$(readlink -f results/ring/weights.h5); chmod u+w $f; "
                "printf x | dd of=$f bs=1 seek=9000 conv=notrunc 2>/dev/null");
    assert_int_equal(why("ring/weights", ""), 1);
    assert_says(said, "damaged: its object");
    make("ring/weights.h5", "");
    assert_runs("rm -f $(readlink -f results/ring/weights.h5)");
    assert_int_equal(why("ring/weights", ""), 1);
    assert_says(said, "leads to nothing");
}

/* What `why` announces bounds what then runs, whatever was done before. */
static void why_keeps_its_word(void **state)
{
    (void)state;
    static const struct { const char *set, *before; } rows[] = {
        { "", "true" }, { "ring.weights.lambda=1e-6", "true" },
        { "ring.tuning.sigma=0.7", "rm results/ring/weights.h5" }, { "", "true" },
        { "", "rm -f $(readlink -f results/ring/tuning.h5)" },
        { "ring.tuning.sigma=0.7 ring.weights.lambda=1e-6", "true" },
        { "ring.weights.circulant.gain=1.5", "sed -i 's/^static void run/int one;\\n&/' "
          "stages/tuning.c" },                   /* tuning comes out the same */
        { "ring.weights.circulant.gain=1.5", "true" },
        { "ring.weights.lambda=1e-6", "sed -i '/^int one;/d' stages/tuning.c" },
        { "ring.weights.circulant.symmetric=no", "rm -r results/ring" },
        { "", "rm -rf results/cache/memo" },
        { "", "rm -rf results/.basin" },
    };
    int ran = 0, cut = 0;
    assert_runs("cp -p stages/tuning.c kept.c");
    for (size_t i = 0; i < BN_LEN(rows); i++) {
        const char *target = i % 3 == 1 ? "ring/weights.h5" : "ring/weights.circulant.h5";
        const char *set = rows[i].set;
        assert_runs("%s", rows[i].before);
        assert_int_equal(compiled_as_is(bin, "stages/tuning.c"), 0);
        const int runs = why_number(target, set, "runs");
        const int more = why_number(target, set, "follows");
        const int made = make(target, set);
        if (made < runs || made > runs + more)
            fail_msg("%zu, %s: announced %d and perhaps %d more, %d ran", i, set, runs,
                     more, made);
        assert_int_equal(why_number(target, set, "runs"), 0);
        assert_int_equal(why_number(target, set, "follows"), 0);
        ran += made;
        cut += runs + more - made;
    }
    assert_true(ran > 8 && cut > 0);
}

/* Seconds that the run of a target took, from its manifest. */
static double seconds_of(const char *target)
{
    assert_runs("f=$(readlink -f results/%s); cat \"${f%%.h5}.json\"", target);
    json_t *json = json_loads(said, 0, NULL);
    const double seconds = json_number_value(json_object_get(json, "seconds"));
    json_decref(json);
    assert_true(seconds > 0.0);
    return seconds;
}

static void why_adds_up_durations(void **state)
{
    (void)state;
    make("ring/weights.circulant.h5", "");
    const double first = seconds_of("ring/weights.h5");
    const double second = seconds_of("ring/weights.circulant.h5");
    sh("%s/basin why --json ring/weights.circulant ring/weights.hebb --set '" SMALL
       "ring.weights.lambda=1e-6'", bin);
    json_t *json = json_loads(said, 0, NULL);
    /* the Hebbian weights never ran: they take as long as other weights usually do */
    assert_close(json_number_value(json_object_get(json, "seconds")),
                 first + (first > second ? first : second), 1e-4, 0);
    assert_close(json_number_value(json_object_get(json, "seconds_follows")), second, 1e-4,
                 0);
    assert_int_equal(json_integer_value(json_object_get(json, "unknown")), 0);
    json_decref(json);
}

/* Many points of a sweep are counted, not listed; what gathers them still stands there. */
static void sweeps_are_folded(void **state)
{
    (void)state;
    assert_runs("printf '%%s\\n' '$R/ring/diagnosis.h5: $R/ring/weights.h5 $R/ring/tuning.h5' "
                "'$R/ring/summary.h5: $R/ring/diagnosis.h5' >> pipelines/ring.mk");
    const char *set = "ring.sweep.weights.lambda={1e-8,1e-7,1e-6,1e-5,1e-4,1e-3}";
    assert_int_equal(why("ring/summary", set), 1);
    assert_says(said, "14 of 14 would run");
    assert_int_equal(count_said("ring/weights.lambda-"), 4);
    assert_says(said, "and 2 more points of ring/weights.h5");
    assert_says(said, "ring/summary.h5 ");
    assert_runs("%s/basin status --set '" SMALL "%s'", bin, set);
    assert_int_equal(count_said("ring/weights.lambda-"), 0);
    assert_says(said, "ring/weights.* (6 points)");
    assert_says(said, "6 never made");
    assert_int_equal(make("ring/summary.h5", set), 14);
    assert_int_equal(why("ring/summary", set), 0);
    /* one value more: its own points, and what gathers them */
    set = "ring.sweep.weights.lambda={1e-8,1e-7,1e-6,1e-5,1e-4,1e-3,1e-2}";
    assert_int_equal(why("ring/summary", set), 1);
    assert_says(said, "3 of 16 would run");
    assert_says(said, "sweep: gathers 7 inputs instead of 6");
    assert_int_equal(make("ring/summary.h5", set), 3);
}

static void why_says_what_cannot_be(void **state)
{
    (void)state;
    assert_runs("echo '$R/ring/recording.h5:' >> pipelines/ring.mk");
    assert_int_equal(why("ring/recording", "ring.recording.file=/nowhere/x.nwb"), 1);
    assert_says(said, "cannot be made: file: there is no file /nowhere/x.nwb");
}

static void why_refuses(void **state)
{
    (void)state;
    static const struct { const char *arguments, *says; } rows[] = {
        { "", "name a target" },
        { "ring/wieghts", "did you mean `ring/weights`" },
        { "ring/weights --form", "unknown option --form" },
        { "ring/weights --set", "--set needs a value" },
        { "ring/weights --set ring.weights.lamda=1", "did you mean `lambda`" },
        { "ring/weights --from rign", "did you mean `ring`" },
    };
    for (size_t i = 0; i < BN_LEN(rows); i++) {
        assert_exits(2, "%s/basin why %s", bin, rows[i].arguments);
        assert_says(said, rows[i].says);
        assert_int_equal(count_said("\n"), 1);
    }
}

/* --- status and dag -------------------------------------------------------------- */

static void status_is_a_table(void **state)
{
    (void)state;
    make("ring/weights.circulant.h5", "");
    assert_runs("%s/basin status --set '" SMALL "'", bin);
    assert_says(said, "4 artifacts and figures: 3 fresh, 1 never made");
    assert_runs("%s/basin status --set '" SMALL "ring.weights.lambda=1e-6'", bin);
    assert_says(said, "stale: lambda: 1e-08 -> 1e-06 ");
    assert_says(said, "follows ring/weights.h5");
    assert_says(said, "cache: 3 objects");
    for (const char *p = said, *end; (end = strchr(p, '\n')) != NULL; p = end + 1)
        if (end - p > 100)
            fail_msg("%d columns: %.*s", (int)(end - p), (int)(end - p), p);
    assert_runs("%s/basin status --json ring/tuning --set '" SMALL "'", bin);
    json_t *json = json_loads(said, 0, NULL), *rows = json_object_get(json, "nodes");
    assert_int_equal(json_array_size(rows), 1);
    assert_string_equal(json_string_value(json_object_get(json_array_get(rows, 0), "state")),
                        "fresh");
    json_decref(json);
    assert_exits(2, "%s/basin status rnig", bin);
}

static void dag_is_drawn(void **state)
{
    (void)state;
    make("ring/weights.circulant.h5", "");
    assert_exits(BN_INPUT, "PATH=/nowhere %s/basin dag ring/weights.circulant --set '" SMALL
                 "ring.weights.lambda=1e-6'", bin);
    assert_says(said, "make deps-all");
    assert_runs("cat results/dag.ring-weights.circulant.dot");
    assert_int_equal(count_said(" -> n"), 3);
    assert_int_equal(count_said("[style=dashed]"), 1);
    assert_int_equal(count_said("#E69F00"), 2);                  /* one, and the legend */
    assert_says(said, "lambda: 1e-08 -> 1e-06");
    if (sh("command -v dot") != 0) {
        print_message("skipped: no Graphviz for the picture\n");
        return;
    }
    assert_runs("%s/basin dag ring/weights.circulant --set '" SMALL "'", bin);
    assert_runs("grep -c '<svg' results/dag.ring-weights.circulant.svg");
}

/* --- diff ------------------------------------------------------------------------ */

struct sample {
    double J[6], lambda;
    int64_t count[2];
    const char *unit, *extra;
    size_t columns;
};

static const struct sample plain = { { 1, 2, 3, 4, 5, 6 }, 0.25, { 1, 2 }, "1", NULL, 3 };

/* As an artifact of the stage weights: /J has the tolerance 1e-12 + 1e-8 |b|. */
static void write_sample(const char *path, const struct sample *s)
{
    static const char *const names[] = { "lambda" }, *const values[] = { "0.25" };
    const struct bn_shape shape = bn_shape2(6 / s->columns, s->columns);
    const struct bn_shape two = bn_shape1(2), one = { 0 };
    bn_h5 *f;
    assert_ok(bn_h5_create(&f, path));
    assert_ok(bn_h5_write(f, "/J", BN_H5_F64, &shape, s->J, false));
    assert_ok(bn_h5_put_text(f, "/J", "units", s->unit));
    assert_ok(bn_h5_write(f, "/lambda", BN_H5_F64, &one, &s->lambda, false));
    assert_ok(bn_h5_write(f, "/count", BN_H5_I64, &two, s->count, false));
    if (s->extra != NULL)
        assert_ok(bn_h5_write(f, s->extra, BN_H5_F64, &one, &s->lambda, false));
    assert_ok(bn_h5_group(f, "/provenance"));
    assert_ok(bn_h5_put_text(f, "/provenance", "stage", "weights"));
    assert_ok(bn_h5_write_texts(f, "/provenance/parameter", names, 1));
    assert_ok(bn_h5_write_texts(f, "/provenance/value", values, 1));
    assert_ok(bn_h5_close(f));
}

static void diff_says_how_much(void **state)
{
    (void)state;
    static const struct { struct sample b; int status; const char *says; } rows[] = {
        { { { 1, 2, 3, 4, 5, 6 }, 0.25, { 1, 2 }, "1", NULL, 3 }, 0, "\nidentical\n" },
        { { { 1, 2, 3, 4, 5 + 1e-9, 6 }, 0.25, { 1, 2 }, "1", NULL, 3 }, 0,
          "worst at [1,1]: 5 -> 5.000000001\n" },
        { { { 1 + 0x1p-52, 2, 3, 4, 5, 6 }, 0.25, { 1, 2 }, "1", NULL, 3 }, 0, "; 1 ULP)" },
        { { { 1, 2, 3, 4, 5, 7 }, 0.25, { 1, 2 }, "1", NULL, 3 }, 1,
          "1 of 6 differ, at most by 1 (" },
        { { { 1 + 1e-9, 2, 3, 4, 5, 7 }, 0.25, { 1, 2 }, "1", NULL, 3 }, 1,
          "worst at [1,2]: 6 -> 7\n    1 outside the tolerance 1e-12 + 1e-08 |b|" },
        { { { 1, 2, 3, 4, 5, 6 }, 0.2500000001, { 1, 2 }, "1", NULL, 3 }, 1, "/lambda" },
        { { { 1, 2, 3, 4, 5, 6 }, 0.25, { 1, 3 }, "1", NULL, 3 }, 1, "/count" },
        { { { 1, 2, 3, 4, 5, 6 }, 0.25, { 1, 2 }, "Hz", NULL, 3 }, 1, "1 -> Hz" },
        { { { 1, 2, 3, 4, 5, 6 }, 0.25, { 1, 2 }, "1", "/more", 3 }, 1, "only in B" },
        { { { 1, 2, 3, 4, 5, 6 }, 0.25, { 1, 2 }, "1", NULL, 2 }, 1,
          "reals 2 x 3 -> reals 3 x 2" },
        { { { 1, 2, NAN, 4, 5, 6 }, 0.25, { 1, 2 }, "1", NULL, 3 }, 1, "worst at [0,2]" },
    };
    write_sample("a.h5", &plain);
    for (size_t i = 0; i < BN_LEN(rows); i++) {
        write_sample("b.h5", &rows[i].b);
        assert_exits(rows[i].status, "%s/basin diff a.h5 b.h5", bin);
        assert_says(said, rows[i].says);
        assert_says(said, rows[i].status == 1 ? "\ndifferent: " : "");
        assert_exits(rows[i].status, "%s/basin diff --json b.h5 a.h5", bin);
        json_t *json = json_loads(said, 0, NULL);
        assert_non_null(json);
        json_decref(json);
    }
}

/* Whole numbers that are equal as doubles, and more numbers than are read at once. */
static void diff_is_exact_and_long(void **state)
{
    (void)state;
    struct sample big = plain;
    big.count[1] = INT64_C(9007199254740993);
    write_sample("a.h5", &big);
    big.count[1] -= 1;
    write_sample("b.h5", &big);
    assert_exits(1, "%s/basin diff a.h5 b.h5", bin);
    const size_t n = (1 << 20) + 3;
    double *x = calloc(n, sizeof *x);
    const struct bn_shape shape = bn_shape1(n);
    for (int k = 0; k < 2; k++) {
        bn_h5 *f;
        x[n - 1] = k;
        assert_ok(bn_h5_create(&f, k ? "b.h5" : "a.h5"));
        assert_ok(bn_h5_write(f, "/x", BN_H5_F64, &shape, x, false));
        assert_ok(bn_h5_close(f));
    }
    free(x);
    assert_exits(1, "%s/basin diff a.h5 b.h5", bin);
    assert_says(said, "1 of 1048579 differ");
    assert_says(said, "worst at [1048578]: 0 -> 1");
    assert_says(said, "no tolerance is declared");
}

static void diff_of_artifacts(void **state)
{
    (void)state;
    make("ring/weights.h5", "");
    assert_runs("readlink results/ring/weights.h5 | sed 's,.*/,,; s,.h5,,' > key");
    make("ring/weights.h5", "ring.weights.lambda=1e-6");
    assert_exits(1, "%s/basin diff $(cat key) ring/weights", bin);
    assert_says(said, "lambda             1e-08 -> 1e-06");
    assert_runs("%s/basin diff ring/weights results/ring/weights.h5", bin);
    static const struct { const char *arguments, *says; } rows[] = {
        { "ring/weights", "give two artifacts" },
        { "ring/weights ring/wieghts", "`ring/wieghts`: no such file" },
        { "--toll ring/weights ring/weights", "unknown option --toll" },
        { "ring/weights params/../broken.h5", "broken.h5" },
    };
    assert_runs("echo not HDF5 > broken.h5");
    for (size_t i = 0; i < BN_LEN(rows); i++) {
        assert_exits(2, "%s/basin diff %s", bin, rows[i].arguments);
        assert_says(said, rows[i].says);
        assert_int_equal(count_said("\n"), 1);
    }
}

#define TEST(f) cmocka_unit_test_setup(f, clean)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(why_before_and_after), TEST(why_names_the_parameter), TEST(why_knows_the_cache),
        TEST(why_names_the_source), TEST(why_names_the_edge), TEST(why_names_the_input),
        TEST(why_sees_what_is_lost), TEST(why_keeps_its_word), TEST(why_adds_up_durations),
        TEST(sweeps_are_folded), TEST(why_says_what_cannot_be),
        TEST(why_refuses), TEST(status_is_a_table), TEST(dag_is_drawn),
        TEST(diff_says_how_much), TEST(diff_is_exact_and_long), TEST(diff_of_artifacts),
    };
    return cmocka_run_group_tests_name("look", tests, setup, teardown);
}
