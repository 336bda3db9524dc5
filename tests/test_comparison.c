/* SPDX-License-Identifier: MIT
 * The stage `comparison` as a black box: diagnoses that say what the test wants, so that
 * every number of the table is known.                                        */
#include "black_box.h"

#include <math.h>
#include <string.h>

struct row {
    const char *name, *unit;
    double value;
};

static void write_table(const char *file, const struct row *rows, size_t n, bool memory)
{
    const char *text[32];
    double value[32], error[32] = { 0.0 };
    const double time[2] = { 1.0, 10.0 }, lost[2] = { 0.01, 0.1 };
    const struct bn_shape shape = bn_shape1(n), two = bn_shape1(2);
    bn_h5 *f;

    assert_ok(bn_h5_create(&f, file));
    for (size_t k = 0; k < n; k++) {
        text[k] = rows[k].name;
        value[k] = rows[k].value;
    }
    assert_ok(bn_h5_write_texts(f, "/summary/name", text, n));
    for (size_t k = 0; k < n; k++)
        text[k] = rows[k].unit;
    assert_ok(bn_h5_write_texts(f, "/summary/unit", text, n));
    assert_ok(bn_h5_write(f, "/summary/value", BN_H5_F64, &shape, value, false));
    assert_ok(bn_h5_write(f, "/summary/error", BN_H5_F64, &shape, error, false));
    if (memory) {
        assert_ok(bn_h5_write(f, "/memory_time", BN_H5_F64, &two, time, false));
        assert_ok(bn_h5_write(f, "/memory_mean", BN_H5_F64, &two, lost, false));
    }
    assert_ok(bn_h5_close(f));
}

#define WRITE(file, memory, ...)                                              \
    do {                                                                      \
        const struct row rows_[] = { __VA_ARGS__ };                           \
        write_table(file, rows_, BN_LEN(rows_), memory);                      \
    } while (0)

/* What the driver gives to a stage that gathers a sweep. */
static void write_points(const char *json)
{
    FILE *f = fopen("points.json", "w");
    assert_non_null(f);
    fputs(json, f);
    assert_int_equal(fclose(f), 0);
}

static size_t row_of(const char *file, const char *dataset, const char *want)
{
    char **names;
    size_t n, k = 0;
    bn_h5 *f;

    assert_ok(bn_h5_open(&f, file));
    assert_ok(bn_h5_read_texts(f, dataset, &names, &n));
    assert_ok(bn_h5_close(f));
    while (k < n && strcmp(names[k], want) != 0)
        k++;
    if (k == n)
        fail_msg("%s: no `%s` among the %zu of %s; the first is %s", file, want, n, dataset,
                 n > 0 ? names[0] : "");
    free(names);
    return k;
}

static double cell(const char *file, const char *dataset, const char *network,
                   const char *metric)
{
    const size_t w = row_of(file, "/network", network), k = row_of(file, "/metric", metric);
    struct bn_mat m = box_mat(file, dataset);
    const double x = *bn_mat_at(&m, w, k);
    bn_mat_free(&m);
    return x;
}

static int setup(void **state)
{
    (void)state;
    WRITE("o1.h5", true, { "residual", "1", 1e-4 }, { "gap", "1/tau", -0.2 },
          { "gap_ring", "1/tau", -0.1 }, { "fixed_points_stable", "1", 24 },
          { "velocity_gain", "1", 1.0 }, { "integration_gain", "1", 0.98 },
          { "drift_rms", "rad/tau", 1e-4 },
          { "odd", "rad", 3.0 });
    WRITE("o2.h5", true, { "residual", "1", 3e-4 }, { "gap", "1/tau", -0.1 },
          { "gap_ring", "1/tau", -0.3 }, { "fixed_points_stable", "1", 20 },
          { "velocity_gain", "1", 1.0 }, { "integration_gain", "1", 1.01 },
          { "odd", "rad", 3.0 });
    WRITE("h1.h5", false, { "residual", "1", 0.4 }, { "gap", "1/tau", 0.5 },
          { "fixed_points_stable", "1", 73 }, { "tangent_max", "1/tau", 1.0 },
          { "drift_rms", "rad/tau", 0.1 }, { "drift_rms_simulated", "rad/tau", 0.2 },
          { "gap_ring", "1/tau", 0.1 }, { "integration_gain", "1", 1.0 });
    WRITE("h2.h5", false, { "residual", "1", 0.6 }, { "gap", "1/tau", 0.3 },
          { "tangent_max", "1/tau", 0.4 },
          { "gap_ring", "1/tau", 0.1 }, { "fixed_points_stable", "1", 1 },
          { "integration_gain", "1", 1.0 });
    WRITE("l.h5", false, { "residual", "1", 77.0 }, { "correlation", "1", 0.7 },
          { "learning_time_1", "1", 20.0 }, { "learning_time_predicted_1", "1", 10.0 },
          { "learning_time_2", "1", 40.0 }, { "learning_time_predicted_2", "1", 5.0 },
          { "learning_time_predicted_3", "1", 9.0 });
    WRITE("other.h5", false, { "residual", "%", 40.0 });
    write_points("{\"diagnosis\": {\"path\": [\"o1.h5\", \"o2.h5\", \"h1.h5\", \"h2.h5\"],"
                 "\"point\": [\"diagnosis.offline.replicate-1\","
                 "\"diagnosis.offline.replicate-2\", \"diagnosis.hebb.replicate-1\","
                 "\"diagnosis.hebb.replicate-2\"], \"digest\": [\"a\", \"b\", \"c\", \"d\"],"
                 "\"parameter\": [\"tuning.replicate\"], \"unit\": [\"1\"],"
                 "\"value\": [[\"1\"], [\"2\"], [\"1\"], [\"2\"]]},"
                 "\"learning\": {\"path\": [\"l.h5\"], \"point\": [\"learning.hebb.replicate-2\"],"
                 "\"digest\": [\"e\"], \"parameter\": [\"tuning.replicate\"], \"unit\": [\"1\"],"
                 "\"value\": [[\"2\"]]}}");
    box_runs("comparison", "--inputs points.json --out c.h5");
    box_runs("comparison", "--inputs points.json --out all.h5 --set metrics=all");
    return 0;
}

static void explains_itself(void **state)
{
    (void)state;
    box_explains("comparison");
}

static void same_bytes_twice(void **state)
{
    (void)state;
    box_repeats("comparison", "--inputs points.json");
}

/* Mean and standard error over two seeds: |a - b|/2.  A standard deviation (sqrt 2 larger), or
 * one with n in place of n - 1 (sqrt 2 smaller), fails.                     */
static void means_over_seeds(void **state)
{
    (void)state;
    box_is_sound("c.h5");
    box_shape("c.h5", "/value", 2, 2, 9, 0);
    assert_close(cell("c.h5", "/value", "offline", "residual"), 2e-4, 1e-14, 0);
    assert_close(cell("c.h5", "/error", "offline", "residual"), 1e-4, 1e-12, 0);
    assert_close(cell("c.h5", "/count", "offline", "residual"), 2, 0, 0);
    assert_close(cell("c.h5", "/value", "hebb", "residual"), 0.5, 1e-14, 0);
    assert_close(cell("c.h5", "/error", "hebb", "residual"), 0.1, 1e-12, 0);
    assert_close(cell("c.h5", "/value", "offline", "memory_10"), 0.1, 1e-14, 0);
    assert_close(cell("c.h5", "/error", "offline", "memory_10"), 0, 0, 1e-16);
    struct bn_mat sample = box_mat("c.h5", "/sample"), network = box_mat("c.h5", "/point_network");
    const double want[4] = { 1e-4, 3e-4, 0.4, 0.6 }, rows[4] = { 0, 0, 1, 1 };
    const size_t k = row_of("c.h5", "/metric", "residual");
    for (size_t p = 0; p < 4; p++) {
        assert_close(*bn_mat_at(&sample, p, k), want[p], 0, 0);
        assert_close(network.data[p], rows[p], 0, 0);
    }
    bn_mat_free(&sample), bn_mat_free(&network);
}

/* What is not there counts 0 and enters no mean: a mean with zeros in the places of missing
 * numbers would give 0.5 stable angles here, and error bars of the same size.  */
static void missing_is_said(void **state)
{
    (void)state;
    assert_close(cell("c.h5", "/count", "hebb", "fixed_points_stable"), 1, 0, 0);
    assert_close(cell("c.h5", "/value", "hebb", "fixed_points_stable"), 1, 0, 0);
    assert_close(cell("c.h5", "/error", "hebb", "fixed_points_stable"), 0, 0, 0);
    assert_close(cell("c.h5", "/count", "hebb", "memory_1"), 0, 0, 0);
    assert_close(cell("c.h5", "/score", "hebb", "memory_1"), 0, 0, 0);
    struct bn_mat has = box_mat("c.h5", "/sampled");
    const size_t k = row_of("c.h5", "/metric", "fixed_points_stable");
    assert_close(*bn_mat_at(&has, 2, k), 0, 0, 0);
    assert_close(*bn_mat_at(&has, 3, k), 1, 0, 0);
    bn_mat_free(&has);
    /* nor does what theory says along a ring that has no slow mode: 37 stable angles */
    assert_close(cell("c.h5", "/count", "hebb", "drift_rms"), 0, 0, 0);
    assert_close(cell("all.h5", "/count", "hebb", "drift_rms_simulated"), 1, 0, 0);
    /* without velocity weights an input gain of 1 is no merit */
    assert_close(cell("c.h5", "/count", "hebb", "integration_gain"), 0, 0, 0);
    assert_close(cell("c.h5", "/count", "offline", "integration_gain"), 2, 0, 0);
}

/* `learning` adds what the diagnosis does not say, to its own point. */
static void learning_is_beside(void **state)
{
    (void)state;
    assert_close(cell("all.h5", "/value", "hebb", "residual"), 0.5, 1e-14, 0);
    assert_close(cell("all.h5", "/value", "hebb", "correlation"), 0.7, 0, 0);
    assert_close(cell("all.h5", "/count", "hebb", "correlation"), 1, 0, 0);
    assert_close(cell("all.h5", "/count", "offline", "correlation"), 0, 0, 0);
    /* ratios 2 and 8: an arithmetic mean would say 5 */
    assert_close(cell("c.h5", "/value", "hebb", "learning_time_ratio"), 4, 1e-14, 0);
    struct bn_mat has = box_mat("all.h5", "/sampled");
    const size_t k = row_of("all.h5", "/metric", "correlation");
    for (size_t p = 0; p < 4; p++)
        assert_close(*bn_mat_at(&has, p, k), p == 3, 0, 0);
    bn_mat_free(&has);
}

/* Half-way by the logarithm for what is positive, plainly for a gap. */
static void scores(void **state)
{
    (void)state;
    WRITE("a.h5", false, { "residual", "1", 1e-4 }, { "gap_ring", "1/tau", -0.3 },
          { "odd", "rad", 1.0 }, { "drift_max", "rad/tau", 0 });
    WRITE("b.h5", false, { "residual", "1", 1e-2 }, { "gap_ring", "1/tau", 0.1 },
          { "odd", "rad", 2.0 }, { "drift_max", "rad/tau", 1 });
    WRITE("c1.h5", false, { "residual", "1", 1.0 }, { "gap_ring", "1/tau", 0.5 },
          { "odd", "rad", 3.0 }, { "drift_max", "rad/tau", 2 });
    box_runs("comparison", "--in diagnosis=a.h5 --in diagnosis=b.h5 --in diagnosis=c1.h5 "
             "--out s.h5 --set metrics='gap_ring residual odd drift_max'");
    assert_int_equal(row_of("s.h5", "/metric", "gap_ring"), 0);
    const double want[3] = { 1.0, 0.5, 0.0 };
    const char *const names[3] = { "a", "b", "c1" };
    for (size_t w = 0; w < 3; w++) {
        assert_close(cell("s.h5", "/score", names[w], "residual"), want[w], 0, 1e-12);
        assert_close(cell("s.h5", "/score", names[w], "gap_ring"), want[w], 0, 1e-12);
        assert_close(cell("s.h5", "/score", names[w], "odd"), 0.5, 0, 0);
    }
    /* no logarithm: as good as the smallest that has one */
    assert_close(cell("s.h5", "/score", "a", "drift_max"), 1, 0, 0);
    assert_close(cell("s.h5", "/score", "b", "drift_max"), 1, 0, 0);
    assert_close(cell("s.h5", "/score", "c1", "drift_max"), 0, 0, 0);
    struct bn_mat better = box_mat("s.h5", "/better");
    assert_close(better.data[0], -1, 0, 0);
    assert_close(better.data[2], 0, 0, 0);
    bn_mat_free(&better);
}

/* A swept parameter that is no repetition makes networks of its own. */
static void sweeps_are_networks(void **state)
{
    (void)state;
    write_points("{\"diagnosis\": {\"path\": [\"o1.h5\", \"o2.h5\", \"h1.h5\", \"h2.h5\"],"
                 "\"point\": [\"diagnosis.eta-0.1.seed-1\",\"diagnosis.eta-0.1.seed-2\","
                 "\"diagnosis.eta-0.2.seed-1\", \"diagnosis.eta-0.2.seed-2\"],"
                 "\"digest\": [\"a\", \"b\", \"c\", \"d\"],"
                 "\"parameter\": [\"learning.eta\", \"seed\"], \"unit\": [\"1\", \"1\"],"
                 "\"value\": [[\"0.1\", \"1\"], [\"0.1\", \"2\"], [\"0.2\", \"1\"],"
                 "[\"0.2\", \"2\"]]}}");
    box_runs("comparison", "--inputs points.json --out e.h5");
    assert_close(cell("e.h5", "/value", "eta-0.1", "residual"), 2e-4, 1e-14, 0);
    assert_close(cell("e.h5", "/value", "eta-0.2", "residual"), 0.5, 1e-14, 0);
    struct bn_mat at = box_mat("e.h5", "/coordinate");
    assert_int_equal(at.rows, 2);
    assert_int_equal(at.cols, 1);
    assert_close(at.data[0], 0.1, 0, 0);
    assert_close(at.data[1], 0.2, 0, 0);
    bn_mat_free(&at);
    box_runs("comparison", "--inputs points.json --out r.h5 --set repeats=none");
    box_shape("r.h5", "/value", 2, 4, 7, 0);
    box_shape("r.h5", "/coordinate", 2, 4, 2, 0);
    box_is_sound("r.h5");
}

static void refusals(void **state)
{
    (void)state;
    static const struct box_refusal rows[] = {
        { "", "the input `diagnosis` is missing", BN_USAGE },
        { "--in diagnosis=o1.h5 --set metrics=residul", "did you mean `residual`?", BN_USAGE },
        { "--in diagnosis=o1.h5 --set 'metrics=gap gap'", "`gap` comes twice", BN_USAGE },
        { "--in diagnosis=o1.h5 --set 'metrics= '", "no number is left", BN_USAGE },
        { "--in diagnosis=o1.h5 --in diagnosis=other.h5",
          "residual is in 1 in one input and, in other, in %", BN_INPUT },
        { "--in diagnosis=o1.h5 --in learning=l.h5", "learning.X belongs to diagnosis.X",
          BN_INPUT },
        { "--in diagnosis=empty.h5", "/summary/name", BN_INPUT },
        { "--in diagnosis=diagnosis.x.h5 --in learning=learning.x.h5 --in learning=y/learning.x.h5",
          "give one of them", BN_INPUT },
    };
    WRITE("l1.h5", false, { "correlation", "1", 0.7 });
    bn_h5 *f;
    assert_ok(bn_h5_create(&f, "empty.h5"));
    assert_ok(bn_h5_close(f));
    assert_int_equal(system("mkdir y && cp o1.h5 diagnosis.x.h5 && cp l.h5 learning.x.h5 && "
                            "cp l.h5 y/learning.x.h5"), 0);
    for (size_t k = 0; k < BN_LEN(rows); k++)
        box_refuses("comparison", &rows[k]);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(explains_itself),
        cmocka_unit_test(same_bytes_twice),
        cmocka_unit_test(means_over_seeds),
        cmocka_unit_test(missing_is_said),
        cmocka_unit_test(learning_is_beside),
        cmocka_unit_test(scores),
        cmocka_unit_test(sweeps_are_networks),
        cmocka_unit_test(refusals),
    };
    (void)argc;
    box_enter(argv[0]);
    return cmocka_run_group_tests_name("comparison", tests, setup, box_leave);
}
