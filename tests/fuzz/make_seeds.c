/* SPDX-License-Identifier: MIT
 * make_seeds FOLDER: the binary files that fuzzing starts from, a few kilobytes each;
 * those that are text lie in tests/fuzz/corpus.                              */
#include "../fake_mat.h"
#include "../fake_nwb.h"

#include <sys/stat.h>

enum { N = 40 };
static double time_[N], angle[N], place[2 * N], spikes[N];
static const int64_t end[] = { 15, 30, N };
static char folder[512];

static const char *path_of(const char *name)
{
    static char path[600];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static void copy_with_byte(const char *from, const char *to, int byte)
{
    FILE *in = fopen(path_of(from), "rb"), *out;
    assert_non_null(in);
    out = fopen(path_of(to), "wb");
    assert_non_null(out);
    fputc(byte, out);
    for (int c; (c = fgetc(in)) != EOF;)
        fputc(c, out);
    assert_int_equal(fclose(out), 0);
    fclose(in);
}

static void nwb(void **state)
{
    (void)state;
    static const char *const tags[] = { "wake", "wake_square", "sleep" };
    static const int64_t ends[] = { 2, 3 };
    static const char *const area[] = { "ADn", "ADn", "PoSub" };
    const double start[] = { 0.0, 2.0 }, stop[] = { 2.0, 4.0 };
    bn_h5 *f = fake_begin(path_of("h5/nwb.h5"), "2.4.0");
    fake_type(f, "/processing/behavior/CompassDirection", "CompassDirection");
    fake_series(f, FAKE_ANGLE, "SpatialSeries", angle, N, 0, "radians");
    fake_times(f, FAKE_ANGLE, time_, N);
    fake_type(f, "/processing/behavior/Position", "Position");
    fake_series(f, FAKE_POSITION, "SpatialSeries", place, N, 2, "centimeters");
    fake_times(f, FAKE_POSITION, time_, N);
    fake_units(f, spikes, N, end, 3);
    assert_ok(bn_h5_write_texts(f, "/units/location", area, 3));
    fake_intervals(f, "/intervals/epochs", start, stop, 2, tags, 3, ends);
    assert_ok(bn_h5_close(f));
    copy_with_byte("h5/nwb.h5", "session/nwb", 0);
    copy_with_byte("h5/nwb.h5", "session/nwb-all", 0 + 15 * 8);
}

static void h5(void **state)
{
    (void)state;
    static const int64_t whole[] = { 1, -2, 3 };
    static const char *const texts[] = { "one", "", "three" };
    const struct bn_shape few = bn_shape1(3), many = bn_shape1(N), grid = bn_shape2(4, 10);
    bn_h5 *f;
    assert_ok(bn_h5_create(&f, path_of("h5/plain.h5")));
    assert_ok(bn_h5_write(f, "/a", BN_H5_F64, &many, time_, true));
    assert_ok(bn_h5_write(f, "/row", BN_H5_F64, &few, time_, false));
    assert_ok(bn_h5_write(f, "/g/m", BN_H5_F32, &grid, angle, true));
    assert_ok(bn_h5_write(f, "/i", BN_H5_I64, &few, whole, false));
    assert_ok(bn_h5_write_texts(f, "/t", texts, 3));
    assert_ok(bn_h5_axis(f, "/i", 0, "row"));
    assert_ok(bn_h5_put_text(f, "/i", "units", "s"));
    assert_ok(bn_h5_put_real(f, "/i", "valid_range", time_, 2));
    assert_ok(bn_h5_close(f));
    assert_ok(bn_h5_create(&f, path_of("h5/curves.h5")));
    assert_ok(bn_h5_write(f, "/curves", BN_H5_F64, &grid, time_, false));
    assert_ok(bn_h5_close(f));
    copy_with_byte("h5/curves.h5", "session/curves", 3);
}

static void mat(void **state)
{
    (void)state;
    static const int versions[] = { 5, 7 };
    for (size_t i = 0; i < BN_LEN(versions); i++) {
        mat_t *m = fake_mat(path_of("file.mat"), versions[i]);
        fake_put(m, fake_vector("time", time_, N));
        fake_put(m, fake_vector("angle", angle, N));
        fake_cells(m, "spikes", spikes, end, 3);
        Mat_Close(m);
        copy_with_byte("file.mat", i == 0 ? "session/mat5" : "session/mat73", 1);
        unlink(path_of("file.mat"));
    }
}

int main(int argc, char **argv)
{
    const struct CMUnitTest seeds[] = { cmocka_unit_test(nwb), cmocka_unit_test(h5),
                                        cmocka_unit_test(mat) };
    if (argc != 2)
        return 2;
    snprintf(folder, sizeof folder, "%s", argv[1]);
    mkdir(path_of("h5"), 0777);
    mkdir(path_of("session"), 0777);
    for (size_t i = 0; i < N; i++) {
        time_[i] = 0.1 * (double)i;
        angle[i] = 0.15 * (double)i;
        place[2 * i] = (double)i;
        spikes[i] = 0.1 * (double)(i % 15) + 0.01 * (double)i;
    }
    return cmocka_run_group_tests_name("seeds", seeds, NULL, NULL);
}
