/* SPDX-License-Identifier: MIT
 * The stage `fields` as a black box, on maps that are drawn here.             */
#include "black_box.h"

#include <basin/lattice.h>
#include <basin/maps.h>

static const double sd_error = 5.0;

/* A population in a file as tuning and recording write it: maps of variance 1 minus theta
 * as currents, or [.]_+ times gain as rates alone.                              */
static void write_maps(const char *name, struct bn_manifold m, double length, size_t n,
                       const double *theta, double gain, uint64_t seed)
{
    const struct bn_rng rng = { .seed = seed, .stream = bn_rng_stream("fields") };
    const struct bn_kernel k = { .kind = BN_KERNEL_GAUSSIAN, .length = { length, length, length } };
    const size_t points = bn_manifold_points(&m);
    const struct bn_shape two = bn_shape2(n, points), one = bn_shape1(n);
    const struct bn_shape grid = bn_shape2(points, m.dimensions);
    const double lengths[3] = { length, length, length };
    double count[3], *at = calloc(points * m.dimensions, sizeof *at);
    struct bn_mat h;
    bn_h5 *f;
    assert_non_null(at);
    assert_ok(bn_mat_alloc(&h, n, points));
    assert_ok(bn_maps_sample(&m, &k, rng, 0, &h));
    bn_manifold_grid(&m, at);
    for (size_t d = 0; d < m.dimensions; d++)
        count[d] = (double)m.count[d];
    for (size_t i = 0; i < n; i++)
        for (size_t x = 0; x < points; x++)
            *bn_mat_at(&h, i, x) -= theta[i];
    assert_ok(bn_h5_create(&f, name));
    assert_ok(bn_h5_write(f, "/point", BN_H5_F64, &grid, at, false));
    assert_ok(bn_h5_put_text(f, "/point", "units", "m"));
    assert_ok(bn_h5_put_text(f, "/point", "manifold", bn_manifold_name(m.kind)));
    assert_ok(bn_h5_put_real(f, "/point", "count", count, m.dimensions));
    assert_ok(bn_h5_put_real(f, "/point", "size", m.size, m.dimensions));
    assert_ok(bn_h5_put_real(f, "/point", "margin", &m.margin, 1));
    if (gain == 0.0) {
        assert_ok(bn_h5_write(f, "/current", BN_H5_F64, &two, h.data, false));
        assert_ok(bn_h5_write(f, "/threshold", BN_H5_F64, &one, theta, false));
        assert_ok(bn_h5_put_real(f, "/current", "length", lengths, m.dimensions));
        assert_ok(bn_h5_put_text(f, "/current", "kernel", "gaussian"));
    }
    for (size_t x = 0; x < n * points; x++)
        h.data[x] = h.data[x] > 0.0 ? (gain > 0.0 ? gain : 1.0) * h.data[x] : 0.0;
    assert_ok(bn_h5_write(f, "/rate", BN_H5_F64, &two, h.data, false));
    if (gain == 0.0)
        assert_ok(bn_h5_put_text(f, "/rate", "transfer", "threshold"));
    assert_ok(bn_h5_close(f));
    bn_mat_free(&h);
    free(at);
}

enum { CELLS = 400 };

static void write_fixed(const char *name, struct bn_manifold m, double length, size_t n,
                        double threshold, double gain, uint64_t seed)
{
    double theta[CELLS];
    for (size_t i = 0; i < n; i++)
        theta[i] = threshold;
    write_maps(name, m, length, n, theta, gain, seed);
}

static const struct bn_manifold tunnel = { BN_INTERVAL, 1, { 401, 1, 1 }, { 60.15 }, 0 };
static const struct bn_manifold field = { BN_BOX, 2, { 48, 40, 1 }, { 9.6, 8.0 }, 0 };
static const struct bn_manifold room = { BN_BOX, 3, { 20, 18, 16 }, { 5.0, 4.5, 4.0 }, 0 };

static void explains_itself(void **state)
{
    (void)state;
    box_explains("fields");
}

static void same_bytes_twice(void **state)
{
    (void)state;
    write_fixed("t.h5", field, 1.0, 40, 1.0, 0, 1);
    box_repeats("fields", "--in tuning=t.h5");
}

/* Value, standard error and theory of a row of /summary. */
static void row_is_theory(const char *file, const char *name, double off)
{
    struct bn_mat error = box_mat(file, "/summary/error");
    char **names, other[80];
    double e = NAN;
    size_t n;
    bn_h5 *f;
    assert_ok(bn_h5_open(&f, file));
    assert_ok(bn_h5_read_texts(f, "/summary/name", &names, &n));
    assert_ok(bn_h5_close(f));
    for (size_t k = 0; k < n; k++)
        if (strcmp(names[k], name) == 0)
            e = error.data[k];
    snprintf(other, sizeof other, "%s_theory", name);
    const double value = box_summary_has(file, name), want = box_summary_has(file, other);
    if (!(fabs(value - want) <= sd_error * e + off * fabs(want)) || !(e < 0.2 * fabs(value) + 0.2))
        fail_msg("%s: %s is %g +- %g, theory %g", file, name, value, e, want);
    free(names), bn_mat_free(&error);
}

/* Sum of a density over its bins: close to 1, less what is beyond the last one. */
static void integrates(const char *file, const char *x, const char *density, double least)
{
    struct bn_mat at = box_mat(file, x), y = box_mat(file, density);
    const size_t n = at.rows * at.cols;
    double sum = 0.0;
    assert_int_equal(y.rows * y.cols, n);
    for (size_t k = 0; k < n; k++)
        sum += y.data[k] * (at.data[1] - at.data[0]);
    if (!(sum >= least && sum <= 1.0 + 0.01))
        fail_msg("%s: %s sums to %g", file, density, sum);
    bn_mat_free(&at), bn_mat_free(&y);
}

static void levels_are_theory(const char *file)
{
    struct bn_mat chi = box_mat(file, "/euler"), e = box_mat(file, "/euler_error");
    struct bn_mat want = box_mat(file, "/euler_theory");
    for (size_t k = 0; k < chi.rows * chi.cols; k++)
        assert_close(chi.data[k], want.data[k], 0, sd_error * e.data[k] + 1e-9);
    bn_mat_free(&chi), bn_mat_free(&e), bn_mat_free(&want);
}

/* Estimates by each method that gives one, within five of their own errors. */
static void estimates_are(const char *file, double length, double theta, size_t at_least)
{
    struct bn_mat l = box_mat(file, "/estimate_length"), t = box_mat(file, "/estimate_threshold");
    struct bn_mat dl = box_mat(file, "/estimate_length_error");
    struct bn_mat dt = box_mat(file, "/estimate_threshold_error");
    size_t found = 0;
    for (size_t k = 0; k < 4; k++) {
        if (l.data[k] == 0.0)
            continue;
        found++;
        if (k == 3)                      /* Poisson counts are assumed, which these are not */
            continue;
        assert_close(l.data[k], length, 0, sd_error * dl.data[k]);
        assert_close(t.data[k], theta, 0, sd_error * dt.data[k]);
        assert_true(dl.data[k] < 0.15 * length && dt.data[k] < 0.15);
    }
    assert_true(found >= at_least);
    bn_mat_free(&l), bn_mat_free(&t), bn_mat_free(&dl), bn_mat_free(&dt);
}

static void a_tunnel(void **state)
{
    (void)state;
    static const char *const rows[] = { "active_share", "fields_per_cell", "size_all", "gap_all",
                                        "slope", "slope_rms", "peaks_per_field" };
    write_fixed("line.h5", tunnel, 1.0, CELLS, 1.1, 0, 2);
    box_runs("fields", "--in tuning=line.h5 --out f.h5");
    box_is_sound("f.h5");
    for (size_t k = 0; k < BN_LEN(rows); k++)
        row_is_theory("f.h5", rows[k], k >= 4 ? 0.003 : 1e-12);
    levels_are_theory("f.h5");
    estimates_are("f.h5", 1.0, 1.1, 4);
    integrates("f.h5", "/size", "/size_density", 0.99);
    integrates("f.h5", "/size", "/size_density_theory", 0.95);
    integrates("f.h5", "/gap", "/gap_density", 0.99);
    integrates("f.h5", "/slope", "/slope_density", 0.999);
    integrates("f.h5", "/scaled", "/scaled_density", 0.96);
    /* fewer fields than Poisson's variance: their law's theory is beside them, not equal */
    assert_true(box_summary_has("f.h5", "fields_fano") < 0.8);
    assert_close(box_summary_has("f.h5", "length"), 1, 0, 0);
    /* the lists say the same as the numbers */
    struct bn_mat size = box_mat("f.h5", "/field_size"), count = box_mat("f.h5", "/neuron_fields");
    double sum = 0.0;
    for (size_t k = 0; k < size.rows * size.cols; k++)
        sum += size.data[k] / (double)(size.rows * size.cols);
    assert_close(sum, box_summary_has("f.h5", "size_all"), 1e-12, 0);
    assert_int_equal(count.rows * count.cols, CELLS);
    bn_mat_free(&size), bn_mat_free(&count);
}

static void two_and_three_dimensions(void **state)
{
    (void)state;
    static const char *const rows[] = { "active_share", "slope" };
    write_fixed("plane.h5", field, 0.8, 250, 1.4, 0, 3);
    write_fixed("room.h5", room, 0.9, 100, 1.6, 0, 4);
    for (int d = 2; d <= 3; d++) {
        char line[64];
        snprintf(line, sizeof line, "--in tuning=%s.h5 --out f.h5", d == 2 ? "plane" : "room");
        box_runs("fields", line);
        box_is_sound("f.h5");
        for (size_t k = 0; k < BN_LEN(rows); k++)
            row_is_theory("f.h5", rows[k], k == 1 ? 0.012 : 1e-12);    /* chords */
        levels_are_theory("f.h5");
        assert_true(isnan(box_summary("f.h5", "gap_all")));
        assert_false(box_has("f.h5", "/gap"));
        integrates("f.h5", "/size", "/size_density", 0.9);
    }
}

/* Along a torus's two coordinates, in three draws: edges of one field are many segments of the
 * grid with much the same slope, and errors that take them for independent are five times too
 * small.                                                                       */
static void slopes_of_few_fields(void **state)
{
    (void)state;
    const struct bn_manifold torus = { BN_TORUS, 2, { 60, 60, 1 }, { BN_TWO_PI, BN_TWO_PI }, 0 };
    for (uint64_t seed = 1; seed < 4; seed++) {
        write_fixed("torus.h5", torus, 0.6, 60, 1.5, 0, seed);
        box_runs("fields", "--in tuning=torus.h5 --out f.h5");
        row_is_theory("f.h5", "slope", 0.004);
        row_is_theory("f.h5", "slope_rms", 0.004);
        levels_are_theory("f.h5");
    }
}

/* A gathering stage takes the numbers of all points, here of one. */
static void summary_takes_fields(void **state)
{
    (void)state;
    box_runs("summary", "--in fields=f.h5 --out s.h5");
    struct bn_mat row = box_mat("s.h5", "/number"), value = box_mat("f.h5", "/summary/value");
    assert_int_equal(row.rows * row.cols, value.rows * value.cols);
    assert_memory_equal(row.data, value.data, row.cols * row.rows * sizeof(double));
    bn_mat_free(&row), bn_mat_free(&value);
}

/* Rates alone, in Hz: sigma_c, theta and gain come from the fields.  A level of 2 Hz at a gain
 * of 10 Hz is a threshold 0.2 higher.                                             */
static void recorded_rates(void **state)
{
    (void)state;
    write_fixed("r.h5", tunnel, 1.0, CELLS, 0.9, 10.0, 5);
    box_runs("fields", "--in recording=r.h5 --out f.h5 --set level=2");
    box_is_sound("f.h5");
    estimates_are("f.h5", 1.0, 1.1, 4);
    assert_close(box_summary_has("f.h5", "threshold"), 1.1, 0, 0.1);
    row_is_theory("f.h5", "slope", 0.05);          /* the gain's own error is in it */
    struct bn_mat level = box_mat("f.h5", "/level");
    assert_true(level.data[0] >= 1.5);
    levels_are_theory("f.h5");
    bn_mat_free(&level);
}

/* Gamma propensities: counts vary more than Poisson's, silent cells are as many as their
 * thresholds say, and the negative binomial law is the better one.               */
static void cells_of_their_own(void **state)
{
    (void)state;
    double theta[CELLS];
    const struct bn_rng rng = { .seed = 9, .stream = bn_rng_stream("propensity") };
    for (size_t i = 0; i < CELLS; i++) {
        const double x = BN_TWO_PI * 0.3 * bn_rng_gamma(rng, i, 0.57) / 7.75;
        theta[i] = x < 1 ? sqrt(-2 * log(x)) : 0;
    }
    write_maps("g.h5", (struct bn_manifold){ BN_INTERVAL, 1, { 480, 1, 1 }, { 48 }, 0 }, 0.3,
               CELLS, theta, 0, 6);
    box_runs("fields", "--in tuning=g.h5 --out f.h5 --set 'windows={0.0625, 0.25, 1}'");
    box_is_sound("f.h5");
    row_is_theory("f.h5", "fields_per_cell", 0);
    row_is_theory("f.h5", "silent_share", 0);
    assert_true(box_summary_has("f.h5", "fields_fano") > 3);
    struct bn_mat r = box_mat("f.h5", "/recruited"), e = box_mat("f.h5", "/recruited_error");
    struct bn_mat want = box_mat("f.h5", "/recruited_theory"), bic = box_mat("f.h5", "/fit_bic");
    for (size_t k = 0; k < 3; k++)
        assert_close(r.data[k], want.data[k], 0, sd_error * e.data[k]);
    char **name;
    size_t n, poisson = 0, negative = 0;
    bn_h5 *f;
    assert_ok(bn_h5_open(&f, "f.h5"));
    assert_ok(bn_h5_read_texts(f, "/fit", &name, &n));
    assert_ok(bn_h5_close(f));
    for (size_t k = 0; k < n; k++) {
        poisson = strcmp(name[k], "fields: poisson") == 0 ? k : poisson;
        negative = strcmp(name[k], "fields: negative binomial") == 0 ? k : negative;
    }
    assert_true(bic.data[negative] < bic.data[poisson] - 100);
    free(name);
    bn_mat_free(&r), bn_mat_free(&e), bn_mat_free(&want), bn_mat_free(&bic);
}

/* The published way: every size is a number of bins. */
static void convention_of_the_paper(void **state)
{
    (void)state;
    box_runs("fields", "--in tuning=line.h5 --out f.h5 --set convention=paper");
    struct bn_mat size = box_mat("f.h5", "/field_size");
    for (size_t k = 0; k < size.rows * size.cols; k++)
        assert_close(size.data[k] / 0.15, round(size.data[k] / 0.15), 0, 1e-9);
    bn_mat_free(&size);
}

/* The ring's artifact has /theta and no thresholds: erf rates above a level. */
static void the_ring(void **state)
{
    (void)state;
    box_runs("tuning", "--out ring.h5 --set neurons=200 --set angles=200");
    box_runs("fields", "--in tuning=ring.h5 --out f.h5 --set level=1.5");
    box_is_sound("f.h5");
    struct bn_mat wall = box_mat("f.h5", "/field_wall");
    for (size_t k = 0; k < wall.rows * wall.cols; k++)
        assert_close(wall.data[k], 0, 0, 0);
    bn_mat_free(&wall);
}

/* A line's margins are not counted. */
static void a_line(void **state)
{
    (void)state;
    const struct bn_manifold line = { BN_LINE, 1, { 400, 1, 1 }, { 30 }, 5 };
    write_fixed("margin.h5", line, 1.0, 200, 1.1, 0, 7);
    box_runs("fields", "--in tuning=margin.h5 --out f.h5");
    row_is_theory("f.h5", "fields_per_cell", 0);
    struct bn_mat window = box_mat("f.h5", "/window_size");
    assert_close(window.data[window.rows * window.cols - 1], 29.9, 1e-9, 0);
    bn_mat_free(&window);
}

/* Fields larger than the environment: all are cut, sizes are described when asked for. */
static void small_environments(void **state)
{
    (void)state;
    const struct bn_manifold cell = { BN_INTERVAL, 1, { 30, 1, 1 }, { 0.5 }, 0 };
    write_fixed("small.h5", cell, 1.0, 100, 0.5, 0, 8);
    box_runs("fields", "--in tuning=small.h5 --out f.h5");
    assert_says(box_said, "no field lies inside");
    box_is_sound("f.h5");
    assert_false(box_has("f.h5", "/size"));
    row_is_theory("f.h5", "active_share", 0);
    box_runs("fields", "--in tuning=small.h5 --out f.h5 --set walls=yes");
    assert_true(box_has("f.h5", "/size"));
}

static void refusals(void **state)
{
    (void)state;
    static const struct box_refusal rows[] = {
        { "", "neither", 2 },
        { "--in tuning=line.h5 --in recording=r.h5", "both", 2 },
        { "--in tuning=high.h5", "none of the 20 cells is active anywhere", 3 },
        { "--in recording=r.h5 --set level=1e6", "none of the 400 cells", 3 },
        { "--in recording=all.h5", "cannot be estimated from mean size 60 and share", 3 },
        { "--in recording=sheet.h5 --set method=gap", "in one dimension only, not in 2", 3 },
        { "--in tuning=one.h5", "maps of 1 cells", 3 },
        { "--in tuning=line.h5 --set 'levels={1, 0}'", "must ascend", 2 },
        { "--in tuning=globe.h5", "not on the sphere", 2 },
    };
    const struct bn_manifold globe = { BN_SPHERE, 2, { 40, 24, 1 },
                                       { BN_TWO_PI, BN_TWO_PI / 2 }, 0 };
    write_fixed("high.h5", tunnel, 1.0, 20, 9.0, 0, 9);
    write_fixed("all.h5", tunnel, 1.0, 20, -9.0, 5.0, 9);
    write_fixed("sheet.h5", field, 1.0, 20, 1.5, 5.0, 9);
    write_fixed("one.h5", tunnel, 1.0, 1, 1.0, 0, 9);
    write_fixed("globe.h5", globe, 0.5, 4, 1.0, 0, 9);
    for (size_t k = 0; k < BN_LEN(rows); k++)
        box_refuses("fields", &rows[k]);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(explains_itself),
        cmocka_unit_test(same_bytes_twice),
        cmocka_unit_test(a_tunnel),
        cmocka_unit_test(two_and_three_dimensions),
        cmocka_unit_test(slopes_of_few_fields),
        cmocka_unit_test(summary_takes_fields),
        cmocka_unit_test(recorded_rates),
        cmocka_unit_test(cells_of_their_own),
        cmocka_unit_test(convention_of_the_paper),
        cmocka_unit_test(the_ring),
        cmocka_unit_test(a_line),
        cmocka_unit_test(small_environments),
        cmocka_unit_test(refusals),
    };
    (void)argc;
    box_enter(argv[0]);
    return cmocka_run_group_tests_name("fields", tests, NULL, box_leave);
}
