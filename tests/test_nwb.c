/* SPDX-License-Identifier: MIT
 * Every way in which NWB files differ, in small files; then the real ones.      */
#include "fake_nwb.h"

#include <basin/nwb.h>

#include <hdf5.h>

static char path[64];

static int setup(void **state)
{
    static struct fake k;
    snprintf(path, sizeof path, "/tmp/basin-test-nwb-%ld.nwb", (long)getpid());
    k = fake_make();
    *state = &k;
    return 0;
}

static int teardown(void **state)
{
    fake_free(*state);
    return unlink(path);
}

static bn_h5 *reopen(void)
{
    bn_h5 *f;
    assert_ok(bn_nwb_open(&f, path));
    return f;
}

static void a_whole_file(void **state)
{
    const struct fake *k = *state;
    struct bn_nwb_series s;
    struct bn_trains t;
    struct bn_spans spans;
    char *name;

    fake_file(path, k, 1.0, "radians");
    bn_h5 *f = reopen();
    assert_ok(bn_nwb_find_angle(f, "", &name));
    assert_string_equal(name, FAKE_ANGLE);
    assert_ok(bn_nwb_series_read(f, name, &s));
    assert_int_equal(s.n, FAKE_SAMPLES);
    assert_int_equal(s.width, 1);
    assert_string_equal(s.unit, "radians");
    assert_memory_equal(s.time, k->time, FAKE_SAMPLES * sizeof(double));
    assert_memory_equal(s.data, k->angle, FAKE_SAMPLES * sizeof(double));
    bn_nwb_series_free(&s);
    free(name);
    assert_ok(bn_nwb_find_position(f, "", &name));
    assert_string_equal(name, FAKE_POSITION);
    free(name);
    assert_ok(bn_nwb_units(f, "", "", &t));
    assert_int_equal(t.n, FAKE_UNITS);
    for (size_t i = 0; i < FAKE_UNITS; i++)
        assert_int_equal(t.end[i], k->end[i]);
    assert_memory_equal(t.time, k->spikes, k->n_spikes * sizeof(double));
    bn_trains_free(&t);
    assert_ok(bn_nwb_spans(f, "wake_square", &spans));
    assert_int_equal(spans.n, 1);
    assert_close(spans.start[0], 100.0, 0, 0);
    assert_close(spans.stop[0], 500.0, 0, 0);
    bn_spans_free(&spans);
    assert_ok(bn_nwb_spans(f, "epochs", &spans));      /* the table's name: all rows */
    assert_int_equal(spans.n, 2);
    bn_spans_free(&spans);
    assert_ok(bn_h5_close(f));
}

static void units_by_column(void **state)
{
    static const struct {
        const char *column, *value;
        bn_status status;
        size_t units;
        const char *says;
    } row[] = {
        { "location", "ADn", BN_OK, 3, "" },
        { "location", "posub", BN_OK, 2, "" },
        { "is_head_direction", "true", BN_OK, 4, "" },
        { "is_head_direction", "1", BN_OK, 4, "" },
        { "is_head_direction", "no", BN_OK, 1, "" },
        { "is_head_direction", "2", BN_INPUT, 0, "the 5 units have: 1, 0" },
        { "is_head_direction", "PoSub", BN_USAGE, 0, "PoSub" },
        { "location", "CA1", BN_INPUT, 0, "\"ADn\", \"PoSub\"" },
        { "locaton", "ADn", BN_INPUT, 0, "did you mean \"location\"?" },
        { "zzz", "ADn", BN_INPUT, 0, "is_head_direction, location, spike_times" },
        { "spike_times", "1", BN_INPUT, 0, "several values per unit" },
    };
    fake_file(path, *state, 1.0, "radians");
    bn_h5 *f = reopen();
    for (size_t i = 0; i < BN_LEN(row); i++) {
        struct bn_trains t = { .n = 99 };
        assert_fails(bn_nwb_units(f, row[i].column, row[i].value, &t), row[i].status);
        assert_int_equal(t.n, row[i].units);
        if (row[i].status != BN_OK) {
            assert_says(bn_error(), row[i].says);
            assert_says(bn_error(), path);
        }
        bn_trains_free(&t);
    }
    assert_ok(bn_h5_close(f));
}

static void unknown_epoch_lists_what_there_is(void **state)
{
    struct bn_spans spans;
    bool found = true;

    fake_file(path, *state, 1.0, "radians");
    bn_h5 *f = reopen();
    assert_fails(bn_nwb_spans(f, "wake_circle", &spans), BN_INPUT);
    assert_says(bn_error(), "wake, wake_square, sleep");
    assert_says(bn_error(), "epochs");
    assert_ok(bn_nwb_has_epoch(f, "wake_circle", &found));
    assert_false(found);
    assert_ok(bn_nwb_has_epoch(f, "sleep", &found));
    assert_true(found);
    assert_ok(bn_h5_close(f));
}

static void flat_and_joined_tags(void **state)
{
    (void)state;
    static const char *const tags[] = { "run", "rest, run", "running" };
    const double start[] = { 0, 10, 20 }, stop[] = { 5, 15, 25 };
    struct bn_spans spans;

    bn_h5 *f = fake_begin(path, "2.0.1");
    fake_intervals(f, "/intervals/trials", start, stop, 3, tags, 3, NULL);
    assert_ok(bn_h5_close(f));
    f = reopen();
    assert_ok(bn_nwb_spans(f, "run", &spans));
    assert_int_equal(spans.n, 2);
    assert_close(spans.start[1], 10, 0, 0);
    bn_spans_free(&spans);
    assert_ok(bn_h5_close(f));
}

static void bad_intervals(void **state)
{
    (void)state;
    static const char *const tags[] = { "run", "run" };
    const double start[] = { 0, 10 }, stop[] = { 5, 9 };
    const int64_t ends[] = { 1, 7 };
    struct bn_spans spans;

    bn_h5 *f = fake_begin(path, "2.4.0");
    fake_intervals(f, "/intervals/a", start, stop, 2, tags, 2, NULL);
    assert_ok(bn_h5_close(f));
    f = reopen();
    assert_fails(bn_nwb_spans(f, "run", &spans), BN_INPUT);
    assert_says(bn_error(), "row 1 goes from 10 to 9");
    assert_ok(bn_h5_close(f));

    f = fake_begin(path, "2.4.0");
    fake_intervals(f, "/intervals/a", start, stop, 2, tags, 2, ends);
    assert_ok(bn_h5_close(f));
    f = reopen();
    assert_fails(bn_nwb_spans(f, "run", &spans), BN_INPUT);
    assert_says(bn_error(), "no end among 2 tags");
    assert_ok(bn_h5_close(f));
}

/* starting_time + rate, (T,1) int16 with conversion and offset, no container type. */
static void regular_int16(void **state)
{
    (void)state;
    const double start = 12.5;
    const int16_t raw[] = { -100, 0, 50, 200 };
    const hsize_t dims[] = { 4, 1 };
    const struct bn_shape scalar = { .rank = 0 };
    struct bn_nwb_series s;
    char *name;

    bn_h5 *f = fake_begin(path, "2.5.0");
    fake_type(f, "/acquisition/hd", "SpatialSeries");
    assert_ok(bn_h5_write(f, "/acquisition/hd/starting_time", BN_H5_F64, &scalar, &start,
                          false));
    assert_ok(
        bn_h5_put_real(f, "/acquisition/hd/starting_time", "rate", &(double){ 40.0 }, 1));
    assert_ok(bn_h5_close(f));
    const hid_t file = H5Fopen(path, H5F_ACC_RDWR, H5P_DEFAULT);
    const hid_t space = H5Screate_simple(2, dims, NULL);
    const hid_t set = H5Dcreate2(file, "/acquisition/hd/data", H5T_STD_I16BE, space,
                                 H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    assert_true(H5Dwrite(set, H5T_NATIVE_INT16, H5S_ALL, H5S_ALL, H5P_DEFAULT, raw) >= 0);
    const hid_t one = H5Screate(H5S_SCALAR);
    for (int i = 0; i < 2; i++) {        /* conversion is float32 in the schema */
        const float value = i == 0 ? 0.5f : 3.0f;
        const hid_t a = H5Acreate2(set, i == 0 ? "conversion" : "offset", H5T_IEEE_F32LE,
                                   one, H5P_DEFAULT, H5P_DEFAULT);
        assert_true(H5Awrite(a, H5T_NATIVE_FLOAT, &value) >= 0);
        H5Aclose(a);
    }
    H5Sclose(one), H5Dclose(set), H5Sclose(space), H5Fclose(file);

    f = reopen();
    assert_ok(bn_nwb_find_angle(f, "", &name)); /* the only one-number SpatialSeries */
    assert_string_equal(name, "/acquisition/hd");
    assert_ok(bn_nwb_series_read(f, name, &s));
    assert_int_equal(s.n, 4);
    assert_int_equal(s.width, 1);
    for (size_t k = 0; k < 4; k++) {
        assert_close(s.time[k], 12.5 + 0.025 * (double)k, 1e-15, 0);
        assert_close(s.data[k], 0.5 * raw[k] + 3.0, 0, 0);
    }
    assert_string_equal(s.unit, "");
    bn_nwb_series_free(&s);
    free(name);
    assert_ok(bn_h5_close(f));
}

static void link_clock(const char *target)
{
    const hid_t file = H5Fopen(path, H5F_ACC_RDWR, H5P_DEFAULT);
    assert_true(H5Lcreate_soft(target, file, "/acquisition/b/timestamps", H5P_DEFAULT,
                               H5P_DEFAULT) >= 0);
    /* and a link that leads in a circle, which the search must survive */
    assert_true(H5Lcreate_soft("/acquisition", file, "/acquisition/loop", H5P_DEFAULT,
                               H5P_DEFAULT) >= 0);
    H5Fclose(file);
}

static void two_series(void)
{
    const double x[] = { 0.1, 0.2, 0.3 }, t[] = { 1, 2, 3 };
    bn_h5 *f = fake_begin(path, "2.4.0");
    fake_series(f, "/acquisition/a", "SpatialSeries", x, 3, 0, "radians");
    fake_times(f, "/acquisition/a", t, 3);
    fake_series(f, "/acquisition/b", "SpatialSeries", x, 3, 0, "radians");
    assert_ok(bn_h5_close(f));
}

static void shared_clock_by_soft_link(void **state)
{
    (void)state;
    struct bn_nwb_series s;
    char *name;

    two_series();
    link_clock("/acquisition/a/timestamps");
    bn_h5 *f = reopen();
    assert_ok(bn_nwb_series_read(f, "/acquisition/b", &s));
    assert_close(s.time[2], 3, 0, 0);
    bn_nwb_series_free(&s);
    assert_fails(bn_nwb_find_angle(f, "", &name), BN_INPUT);     /* which of the two? */
    assert_says(bn_error(), "name one with series");
    assert_says(bn_error(), "/acquisition/a (SpatialSeries, 3 x 1)");
    assert_ok(bn_nwb_find_angle(f, "/acquisition/b", &name));
    free(name);
    assert_fails(bn_nwb_find_angle(f, "head", &name), BN_INPUT);
    assert_says(bn_error(), "no series head");
    assert_null(name);
    assert_ok(bn_h5_close(f));

    two_series();
    link_clock("/acquisition/gone");
    f = reopen();
    assert_fails(bn_nwb_series_read(f, "/acquisition/b", &s), BN_INPUT);
    assert_says(bn_error(), "neither timestamps nor starting_time");
    assert_ok(bn_h5_close(f));
}

static void malformed_series(void **state)
{
    (void)state;
    const double x[] = { 0.1, 0.2, 0.3 }, t[] = { 1, 2 };
    struct bn_nwb_series s;

    bn_h5 *f = fake_begin(path, "2.4.0");
    fake_series(f, "/acquisition/a", "SpatialSeries", x, 3, 0, "radians");
    fake_times(f, "/acquisition/a", t, 2);
    fake_series(f, "/acquisition/b", "SpatialSeries", x, 0, 0, "radians");
    fake_type(f, "/acquisition/c", "SpatialSeries");
    assert_ok(bn_h5_close(f));
    f = reopen();
    assert_fails(bn_nwb_series_read(f, "/acquisition/a", &s), BN_INPUT);
    assert_says(bn_error(), "3 samples but 2 timestamps");
    assert_fails(bn_nwb_series_read(f, "/acquisition/b", &s), BN_INPUT);
    assert_says(bn_error(), "is empty");
    assert_fails(bn_nwb_series_read(f, "/acquisition/c", &s), BN_INPUT);
    assert_says(bn_error(), "has no data");
    assert_ok(bn_h5_close(f));
}

static void malformed_units(void **state)
{
    (void)state;
    const double t[] = { 1, 2, 3 };
    const int64_t beyond[] = { 2, 4 }, backwards[] = { 3, 1 };
    struct bn_trains s;

    for (int i = 0; i < 2; i++) {
        bn_h5 *f = fake_begin(path, "2.4.0");
        fake_units(f, t, 3, i == 0 ? beyond : backwards, 2);
        assert_ok(bn_h5_close(f));
        f = reopen();
        assert_fails(bn_nwb_units(f, "", "", &s), BN_INPUT);
        assert_says(bn_error(), i == 0 ? "row 1 is 4" : "row 1 is 1");
        assert_ok(bn_h5_close(f));
    }
    bn_h5 *f = fake_begin(path, "2.4.0");
    const struct bn_shape three = bn_shape1(3);
    assert_ok(bn_h5_write(f, "/units/spike_times", BN_H5_F64, &three, t, false));
    assert_ok(bn_h5_close(f));
    f = reopen();
    assert_ok(bn_nwb_units(f, "", "", &s));            /* no index: a spike per row */
    assert_int_equal(s.n, 3);
    assert_int_equal(s.end[2], 3);
    bn_trains_free(&s);
    assert_ok(bn_h5_close(f));
    assert_ok(bn_h5_close(fake_begin(path, "2.4.0")));
    f = reopen();
    assert_fails(bn_nwb_units(f, "", "", &s), BN_INPUT);
    assert_says(bn_error(), "no sorted spikes");
    assert_ok(bn_h5_close(f));
}

static void versions(void **state)
{
    (void)state;
    static const struct { const char *version; bn_status status; } row[] = {
        { "2.4.0", BN_OK }, { "NWB-2.0.0", BN_OK }, { "10.1", BN_OK },
        { "1.0.6", BN_INPUT }, { "NWB-1.0.5_beta", BN_INPUT }, { "unknown", BN_INPUT },
    };
    bn_h5 *f;
    for (size_t i = 0; i < BN_LEN(row); i++) {
        assert_ok(bn_h5_close(fake_begin(path, row[i].version)));
        assert_fails(bn_nwb_open(&f, path), row[i].status);
        if (row[i].status == BN_OK)
            assert_ok(bn_h5_close(f));
        else
            assert_says(bn_error(), row[i].version);
    }
    /* NWB 1.x keeps its version in a dataset */
    static const char *const one[] = { "NWB-1.0.6" };
    assert_ok(bn_h5_create(&f, path));
    assert_ok(bn_h5_write_texts(f, "/nwb_version", one, 1));
    assert_ok(bn_h5_close(f));
    assert_fails(bn_nwb_open(&f, path), BN_INPUT);
    assert_says(bn_error(), "NWB 1.x");
    assert_null(f);
    assert_ok(bn_h5_create(&f, path));
    assert_ok(bn_h5_close(f));
    assert_fails(bn_nwb_open(&f, path), BN_INPUT);
    assert_says(bn_error(), "not NWB");
}

static void centimetres(void **state)
{
    (void)state;
    static const struct { const char *unit; double conversion, factor; } row[] = {
        { "meters", 1.0, 100.0 }, { "meters", 0.01, 100.0 }, { "cm", 1.0, 1.0 },
        { "centimeters", 0.01, 100.0 }, { "mm", 1.0, 0.1 }, { "pixels", 1.0, NAN },
    };
    for (size_t i = 0; i < BN_LEN(row); i++) {
        char unit[16];
        double factor = -1;
        snprintf(unit, sizeof unit, "%s", row[i].unit);
        const struct bn_nwb_series s = { .unit = unit, .conversion = row[i].conversion };
        assert_fails(bn_nwb_centimetres(&s, &factor),
                     isnan(row[i].factor) ? BN_INPUT : BN_OK);
        if (isnan(row[i].factor))
            assert_says(bn_error(), "pixels");
        else
            assert_close(factor, row[i].factor, 0, 0);
    }
}

static void every_allocation_may_fail(void **state)
{
    fake_file(path, *state, 1.0, "radians");
    bn_h5 *f = reopen();
    bn_status rc = BN_NOMEM;
    for (long n = 0; rc != BN_OK; n++) {
        struct bn_nwb_series s = {0};
        struct bn_trains t = {0};
        struct bn_spans spans = {0};
        char *name = NULL;
        assert_true(n < 500);
        bn_alloc_fail_after(n);
        rc = bn_nwb_find_angle(f, "", &name);
        if (rc == BN_OK)
            rc = bn_nwb_series_read(f, name, &s);
        if (rc == BN_OK)
            rc = bn_nwb_units(f, "location", "ADn", &t);
        if (rc == BN_OK)
            rc = bn_nwb_spans(f, "wake", &spans);
        bn_alloc_fail_after(-1);
        assert_true(rc == BN_OK || rc == BN_NOMEM);
        free(name);
        bn_nwb_series_free(&s);
        bn_trains_free(&t);
        bn_spans_free(&spans);
    }
    assert_ok(bn_h5_close(f));
}

/* Counted with h5py: 32 units, 385,173 spikes, 91,451 samples at 40 Hz. */
static void mouse28(const char *file)
{
    struct bn_nwb_series s;
    struct bn_trains t;
    struct bn_spans spans;
    char *name;
    bn_h5 *f;

    assert_ok(bn_nwb_open(&f, file));
    assert_ok(bn_nwb_find_angle(f, "", &name));
    assert_ok(bn_nwb_series_read(f, name, &s));
    assert_int_equal(s.n, 91451);
    assert_close(s.time[91450], 7851.3991, 1e-12, 0);
    bn_nwb_series_free(&s);
    free(name);
    assert_ok(bn_nwb_find_position(f, "", &name));
    assert_ok(bn_nwb_series_read(f, name, &s));        /* timestamps are a soft link */
    assert_int_equal(s.width, 2);
    assert_close(s.time[0], 5565.1491, 1e-12, 0);
    bn_nwb_series_free(&s);
    free(name);
    assert_ok(bn_nwb_units(f, "", "", &t));
    assert_int_equal(t.n, 32);
    assert_int_equal(t.end[31], 385173);
    bn_trains_free(&t);
    assert_ok(bn_nwb_units(f, "location", "adn", &t));
    assert_int_equal(t.n, 17);
    bn_trains_free(&t);
    assert_ok(bn_nwb_spans(f, "wake_square", &spans));
    assert_close(spans.stop[0], 7851.4116, 1e-12, 0);
    bn_spans_free(&spans);
    assert_ok(bn_h5_close(f));
}

/* Written by MatNWB; its events hold a time of -1.5e9 s and run backwards. */
static void human(const char *file)
{
    struct bn_nwb_series s;
    struct bn_mended m;
    struct bn_trains t;
    char *name;
    bn_h5 *f;

    assert_ok(bn_nwb_open(&f, file));
    assert_fails(bn_nwb_find_angle(f, "", &name), BN_INPUT);
    assert_says(bn_error(), "no tracking");
    assert_says(bn_error(), "/acquisition/events (TimeSeries, 1717 x 1)");
    assert_ok(bn_nwb_series_read(f, "/acquisition/events", &s));
    assert_ok(bn_series_mend(&s.n, s.time, s.data, s.width, &m));
    assert_true(m.absurd > 0 && s.n > 1600);
    for (size_t k = 1; k < s.n; k++)
        assert_true(s.time[k] > s.time[k - 1] && s.time[0] > -1.0);
    bn_nwb_series_free(&s);
    assert_ok(bn_nwb_units(f, "", "", &t));
    assert_int_equal(t.n, 35);
    assert_int_equal(t.end[34], 214278);
    bn_trains_free(&t);
    assert_ok(bn_h5_close(f));
}

static void real_files(void **state)
{
    (void)state;
    const char *data = recordings();
    char file[1100], *name;
    bn_h5 *f;

    if (data == NULL)
        skip();
    snprintf(file, sizeof file, "%s/mouse28-140313.nwb", data);
    mouse28(file);
    snprintf(file, sizeof file, "%s/sub-4_ses-4_ecephys+image.nwb", data);
    human(file);
    snprintf(file, sizeof file, "%s/A8604-211122.nwb", data);
    assert_ok(bn_nwb_open(&f, file));
    assert_fails(bn_nwb_find_angle(f, "", &name), BN_INPUT);
    assert_says(bn_error(), "nor any other series");
    assert_ok(bn_h5_close(f));
    snprintf(file, sizeof file, "%s/linear-track.nwb", data);
    assert_ok(bn_nwb_open(&f, file));
    assert_fails(bn_nwb_find_angle(f, "", &name), BN_INPUT);
    assert_says(bn_error(), "/processing/behavior/Position/position");
    assert_ok(bn_h5_close(f));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_whole_file),
        cmocka_unit_test(units_by_column),
        cmocka_unit_test(unknown_epoch_lists_what_there_is),
        cmocka_unit_test(flat_and_joined_tags),
        cmocka_unit_test(bad_intervals),
        cmocka_unit_test(regular_int16),
        cmocka_unit_test(shared_clock_by_soft_link),
        cmocka_unit_test(malformed_series),
        cmocka_unit_test(malformed_units),
        cmocka_unit_test(versions),
        cmocka_unit_test(centimetres),
        cmocka_unit_test(every_allocation_may_fail),
        cmocka_unit_test(real_files),
    };
    return cmocka_run_group_tests_name("nwb", tests, setup, teardown);
}
