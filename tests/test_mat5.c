/* SPDX-License-Identifier: MIT
 * The same variables from MATLAB v5 and v7.3 files.                              */
#include "fake_mat.h"

#include <basin/mat5.h>

#include <stdio.h>
#include <stdlib.h>

static char path[64];
static const char damaged[] = "tests/fuzz/corpus/session/mat5-no-dimensions";
static const double spikes[] = { 0.5, 1.5, 2.5, 3.5 };
static const int64_t ends[] = { 1, 1, 4 };

static void write_file(int version)
{
    static const char *const fields[] = { "times" };
    static const char *const inner[] = { "time", "spikes" };
    double cube[24];
    int16_t counts[] = { 1, 2, 3, 4, 5, 6 };
    size_t dims3[] = { 4, 3, 2 }, dims2[] = { 3, 2 }, three[] = { 3, 1 },
           one[] = { 1, 1 };
    char text[] = "hello";
    size_t letters[] = { 1, 5 };
    mat_t *mat = fake_mat(path, version);

    for (size_t i = 0; i < 24; i++)
        cube[i] = (double)i;
    fake_put(mat, Mat_VarCreate("cube", MAT_C_DOUBLE, MAT_T_DOUBLE, 3, dims3, cube, 0));
    fake_put(mat, Mat_VarCreate("counts", MAT_C_INT16, MAT_T_INT16, 2, dims2, counts, 0));
    fake_put(mat, Mat_VarCreate("text", MAT_C_CHAR, MAT_T_UINT8, 2, letters, text, 0));
    fake_cells(mat, "cells", spikes, ends, 3);
    matvar_t *units =
        Mat_VarCreateStruct("unit", 2, three, (const char **)(uintptr_t)fields, 1);
    for (size_t i = 0; i < 3; i++) {
        const size_t from = i > 0 ? (size_t)ends[i - 1] : 0;
        Mat_VarSetStructFieldByName(
            units, "times", i, fake_vector(NULL, spikes + from, (size_t)ends[i] - from));
    }
    fake_put(mat, units);
    matvar_t *angle =
        Mat_VarCreateStruct("Angle", 2, one, (const char **)(uintptr_t)inner, 2);
    Mat_VarSetStructFieldByName(angle, "time", 0, fake_vector(NULL, spikes, 4));
    fake_put(mat, angle);
    Mat_Close(mat);
}

static void same_from(int version)
{
    struct bn_mat5_array a;
    bn_mat5 *f;

    write_file(version);
    assert_true(bn_mat5_is(path));
    assert_ok(bn_mat5_open(&f, path));
    assert_ok(bn_mat5_read(f, "cube", &a));
    assert_true(a.dim[0] == 4 && a.dim[1] == 3 && a.dim[2] == 2);
    for (size_t i = 0; i < 24; i++)
        assert_close(a.data[i], (double)i, 0, 0);
    free(a.data);
    assert_ok(bn_mat5_read(f, "counts", &a));
    assert_true(a.dim[0] == 3 && a.dim[1] == 2 && a.dim[2] == 1);
    assert_close(a.data[5], 6, 0, 0);
    free(a.data);
    assert_ok(bn_mat5_read(f, "Angle.time", &a));
    assert_int_equal(a.dim[0], 4);
    assert_close(a.data[3], 3.5, 0, 0);
    free(a.data);
    static const char *const trains[] = { "cells", "unit.times" };
    for (size_t i = 0; i < 2; i++) {
        struct bn_trains t;
        assert_ok(bn_mat5_trains(f, trains[i], &t));
        assert_int_equal(t.n, 3);
        for (size_t u = 0; u < 3; u++)
            assert_int_equal(t.end[u], ends[u]);
        assert_memory_equal(t.time, spikes, sizeof spikes);
        bn_trains_free(&t);
    }
    bn_mat5_close(f);
}

static void version_5(void **state)
{
    (void)state;
    same_from(5);
}

static void version_73(void **state)
{
    (void)state;
    same_from(73);
}

static void refusals(void **state)
{
    (void)state;
    static const struct { const char *name, *says; } array[] = {
        { "cub", "did you mean \"cube\"?" }, { "nothing", "cube, counts, text" },
        { "text", "no array of real numbers" }, { "cells", "no array of real numbers" },
        { "Angle.tme", "Angle.tme" }, { "cube.x", "cube.x" },
    }, train[] = {
        { "cube", "neither a cell array" }, { "unit", "neither a cell array" },
        { "unit.tmes", "unit 1 has no vector" },
    };
    struct bn_mat5_array a;
    struct bn_trains t;
    bn_mat5 *f;

    write_file(5);
    assert_ok(bn_mat5_open(&f, path));
    for (size_t i = 0; i < BN_LEN(array); i++) {
        assert_fails(bn_mat5_read(f, array[i].name, &a), BN_INPUT);
        assert_says(bn_error(), array[i].says);
        assert_says(bn_error(), path);
        assert_null(a.data);
    }
    for (size_t i = 0; i < BN_LEN(train); i++) {
        assert_fails(bn_mat5_trains(f, train[i].name, &t), BN_INPUT);
        assert_says(bn_error(), train[i].says);
    }
    bn_mat5_close(f);
    assert_fails(bn_mat5_open(&f, "/nowhere/a.mat"), BN_INPUT);
    assert_says(bn_error(), "No such file");
}

static void cut_short(void **state)
{
    (void)state;
    char bytes[4096];
    struct bn_mat5_array a;
    bn_mat5 *f;

    for (int version = 5; version < 74; version += 68) {
        write_file(version);
        FILE *whole = fopen(path, "rb");
        assert_non_null(whole);
        const size_t n = fread(bytes, 1, sizeof bytes, whole);
        fclose(whole);
        for (size_t keep = 0; keep < n; keep += 37) {
            FILE *part = fopen(path, "wb");
            assert_int_equal(fwrite(bytes, 1, keep, part), keep);
            fclose(part);
            /* cut between two variables it may open; no zeros where numbers were */
            if (bn_mat5_open(&f, path) != BN_OK)
                continue;
            const bn_status rc = bn_mat5_read(f, "cube", &a);
            const double last = rc == BN_OK ? a.data[23] : 23.0;
            free(a.data);
            bn_mat5_close(f);
            assert_close(last, 23, 0, 0);
        }
    }
}

static int setup(void **state)
{
    (void)state;
    snprintf(path, sizeof path, "/tmp/basin-test-mat5-%ld.mat", (long)getpid());
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    return unlink(path);
}

/* Found by fuzzing: a damaged file whose cells have no dimensions and no data.  Before,
 * a cell was read that is not there, which the sanitizers see.               */
static void dimensions_that_lie(void **state)
{
    (void)state;
    char bytes[2048];
    struct bn_trains trains;
    bn_mat5 *f;
    FILE *from = fopen(damaged, "rb"), *to = fopen(path, "wb");
    assert_non_null(from);
    assert_non_null(to);
    const size_t n = fread(bytes, 1, sizeof bytes, from);
    assert_int_equal(fwrite(bytes + 1, 1, n - 1, to), n - 1);    /* 1: the fuzzer's own */
    fclose(from);
    fclose(to);
    assert_ok(bn_mat5_open(&f, path));
    assert_fails(bn_mat5_trains(f, "spikes", &trains), BN_INPUT);
    assert_says(bn_error(), "unit 1 has no vector");
    bn_mat5_close(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(version_5),
        cmocka_unit_test(version_73),
        cmocka_unit_test(refusals),
        cmocka_unit_test(cut_short),
        cmocka_unit_test(dimensions_that_lie),
    };
    return cmocka_run_group_tests_name("mat5", tests, setup, teardown);
}
