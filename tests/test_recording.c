/* SPDX-License-Identifier: MIT
 * The stage `recording` as a black box: what it writes, and what it says when it
 * cannot.  The program is looked for beside this one, in ../stages.              */
#include "black_box.h"
#include "fake_mat.h"
#include "fake_nwb.h"

#include <sys/wait.h>

static char stage[1024], dir[] = "/tmp/basin-test-recording-XXXXXX";
static char said[8192];
static struct fake known;

/* Run the stage in the test's own directory; `said` holds its messages. */
static int run(const char *arguments)
{
    char command[4096];
    snprintf(command, sizeof command, "%s --out out.h5 %s 2>said.txt", stage, arguments);
    const int rc = system(command);
    FILE *f = fopen("said.txt", "r");
    assert_non_null(f);
    said[fread(said, 1, sizeof said - 1, f)] = '\0';
    fclose(f);
    return WIFEXITED(rc) ? WEXITSTATUS(rc) : -1;
}

static void runs(const char *arguments)
{
    if (run(arguments) != 0)
        fail_msg("recording %s: %s", arguments, said);
}

struct row {
    const char *arguments, *says;
    int status;
};

/* One line said, the right status, and nothing left behind. */
static void refuses(const struct row *r)
{
    unlink("out.h5");
    const int status = run(r->arguments);
    if (status != r->status)
        fail_msg("recording %s: status %d, want %d: %s", r->arguments, status, r->status,
                 said);
    assert_says(said, r->says);
    const char *line = strstr(said, r->says);
    for (const char *p = said; (p = strchr(p, '\n')) != NULL && p < line; p++)
        assert_memory_equal(p + 1, "recording:", 10);
    assert_int_not_equal(system("ls out.h5* >/dev/null 2>&1"), 0);
}

static double *column(const char *name, size_t *n)
{
    return box_column("out.h5", name, n);
}

static struct bn_shape shape_of(const char *name)
{
    struct bn_shape s;
    bn_h5 *f;
    assert_ok(bn_h5_open(&f, "out.h5"));
    assert_ok(bn_h5_shape(f, name, &s));
    assert_ok(bn_h5_close(f));
    return s;
}

static void check_shape(const char *name, size_t a, size_t b)
{
    const struct bn_shape s = shape_of(name);
    if (s.dim[0] != a || (b > 0 ? s.rank != 2 || s.dim[1] != b : s.rank != 1))
        fail_msg("%s is [%zu, %zu] of rank %d, want [%zu, %zu]", name, s.dim[0], s.dim[1],
                 s.rank, a, b);
}

static double sum_of(const char *name)
{
    size_t n;
    double *x = column(name, &n), sum = 0.0;
    for (size_t k = 0; k < n; k++)
        sum += x[k];
    free(x);
    return sum;
}

static double at(const char *name, size_t i)
{
    return box_value("out.h5", name, i);
}

static bool has_dataset(const char *name)
{
    return box_has("out.h5", name);
}

/* 400 s of wake_square, four cells that fire: preferred directions 0, 1.5, 3, 5. */
static void a_session(void **state)
{
    (void)state;
    runs("--set file=a.nwb --set angles=60");
    assert_says(said, "wake_square");
    assert_says(said, "1 of 5 cells");
    check_shape("/theta", 60, 0);
    check_shape("/rate", 4, 60);
    check_shape("/raw_rate", 4, 60);
    check_shape("/smoothing_fold", 4, 2);
    check_shape("/time", 4000, 0);
    check_shape("/counts", 4000, 4);
    assert_close(at("/theta", 1), FAKE_TURN / 60, 1e-14, 0);
    assert_close(sum_of("/occupancy"), 400.0, 1e-9, 0);
    assert_close(at("/time", 0), 100.05, 1e-12, 0);
    assert_close(sum_of("/counts"), sum_of("/spikes"), 0, 0);
    const double want[] = { 0.0, 1.5, 3.0, 5.0 }, length[] = { 0.81, 0.81, 0.81, 0.3 };
    for (size_t u = 0; u < 4; u++) {
        const double five = 5.0 / sqrt(at("/spikes", u));
        assert_close(remainder(at("/preferred", u) - want[u], FAKE_TURN), 0, 0,
                     five / length[u]);
        assert_close(at("/mean_vector_length", u), length[u], 0.02, five);
        size_t n;
        double *rate = column("/rate", &n), *seconds = column("/occupancy", &n);
        for (size_t m = 0; m < 60; m++) {
            const double truth = fake_rate(u, FAKE_TURN * (double)m / 60);
            assert_close(rate[u * 60 + m], truth, 0,
                         5.0 * sqrt(truth / seconds[m]) + 0.5);
        }
        free(rate), free(seconds);
    }
}

static void same_bytes_twice(void **state)
{
    (void)state;
    runs("--threads 1 --set file=a.nwb --set copies=4");
    assert_int_equal(rename("out.h5", "first.h5"), 0);
    assert_int_equal(system("sleep 1"), 0);
    runs("--threads 2 --set file=a.nwb --set copies=4");
    assert_int_equal(system("cmp out.h5 first.h5"), 0);
}

static void selection_epoch_speed(void **state)
{
    (void)state;
    runs("--set file=a.nwb --set units_column=location --set units_value=PoSub");
    check_shape("/rate", 1, 100);        /* unit 2; unit 4 is silent */
    assert_close(at("/preferred", 0), 3.0, 0, 0.2);
    runs("--set file=a.nwb --set epoch= --set angles=30");
    assert_close(sum_of("/occupancy"), 600.0, 1e-9, 0);
    assert_close(at("/time", 0), 50.05, 1e-12, 0);
    runs("--set file=a.nwb --set epoch= --set angles=30 --set 'speed_min=5 cm/s'");
    /* the last 150 s stand still; the very first 0.1 s have no speed */
    assert_close(sum_of("/occupancy"), 450.0, 0, 0.3);
    runs("--set file=a.nwb --set epoch= --set angles=30 --set minimum_spikes=0");
    check_shape("/rate", 5, 30);
    assert_close(at("/spikes", 4), 0, 0, 0);
}

static void degrees_are_the_same(void **state)
{
    (void)state;
    static const char *const files[] = { "degrees.nwb", "unsaid.nwb" };
    runs("--set file=a.nwb");
    const double want = at("/preferred", 1), spikes = sum_of("/spikes");
    for (size_t i = 0; i < 2; i++) {
        char arguments[256];
        snprintf(arguments, sizeof arguments, "--set file=%s", files[i]);
        runs(arguments);
        assert_close(at("/preferred", 1), want, 0, 1e-9);
        assert_close(sum_of("/spikes"), spikes, 0, 0);
    }
    assert_says(said, "taken as degrees");
}

static void several_files(void **state)
{
    (void)state;
    runs("--set 'files={a.nwb, degrees.nwb, a.nwb}' --set copies=3");
    check_shape("/rate", 12 * 3, 100);
    check_shape("/counts", 4000, 4);
    assert_close(sum_of("/occupancy"), 1200.0, 1e-9, 0);
    size_t n, m;
    double *session = column("/session", &n), *rate = column("/rate", &m);
    assert_int_equal(n, 36);
    for (size_t i = 0; i < n; i++) {
        double sum = 0, original = 0;
        assert_close(session[i], (double)(i % 12 / 4), 0, 0);
        for (size_t k = 0; k < 100; k++)
            sum += rate[i * 100 + k], original += rate[i % 12 * 100 + k];
        assert_close(sum, original, 1e-12, 0);
    }
    free(session), free(rate);
}

static void imported_curves(void **state)
{
    (void)state;
    static const struct { const char *arguments; size_t cells, angles; } row[] = {
        { "--set file=columns.csv", 2, 4 },
        { "--set file=degrees.csv", 2, 4 },
        { "--set file=rows.csv", 2, 4 },
        { "--set file=curves.h5 --set curves=/plain", 2, 4 },
        { "--set file=curves.h5 --set curves=/opt_tcs", 2, 4 },
        { "--set file=curves.mat --set curves=hAll", 2, 4 },
        { "--set file=curves.mat --set curves=hAll --set layer=2", 2, 4 },
        { "--set file=curves73.mat --set curves=hAll", 2, 4 },
    };
    const double want[] = { 1, 5, 2, 0, 3, 3, 7, 3 };
    for (size_t i = 0; i < BN_LEN(row); i++) {
        size_t n;
        runs(row[i].arguments);
        check_shape("/rate", row[i].cells, row[i].angles);
        double *rate = column("/rate", &n);
        for (size_t k = 0; k < n; k++)
            if (fabs(rate[k] - want[k]) > 1e-12)
                fail_msg("%s: rate[%zu] = %g, want %g", row[i].arguments, k, rate[k],
                         want[k]);
        free(rate);
        assert_close(at("/preferred", 1), FAKE_TURN / 2, 1e-12, 0);
        assert_false(has_dataset("/spikes") || has_dataset("/counts"));
    }
    runs("--set file=half.csv");         /* bins centred on half steps: between them */
    assert_says(said, "interpolated");
    assert_close(at("/rate", 1), 3.0, 1e-12, 0);
    runs("--set file=curves.mat --set curves=hAll --set layer=1");
    assert_close(at("/rate", 0), 10.0, 0, 0);
}

static void matlab_spikes(void **state)
{
    (void)state;
    runs("--set file=a.nwb --set epoch=wake_square --set angles=60");
    const double spikes = sum_of("/spikes"), preferred = at("/preferred", 3);
    for (int v = 0; v < 2; v++) {
        char arguments[256];
        snprintf(arguments, sizeof arguments,
                 "--set file=spikes%s.mat --set mat_spikes=cells --set mat_time=t --set "
                 "mat_angle=hd --set epoch=wake --set angles=60",
                 v == 0 ? "" : "73");
        runs(arguments);
        assert_close(sum_of("/spikes"), spikes, 0, 0);
        assert_close(at("/preferred", 3), preferred, 0, 1e-12);
    }
}

static void refusals(void **state)
{
    (void)state;
    static const struct row row[] = {
        { "", "no recording: set file", 2 },
        { "--set file=none.nwb", "No such file", 3 },
        { "--set file=short.nwb", "short.nwb", 3 },
        { "--set file=empty.nwb", "empty", 3 },
        { "--set file=noise.bin", "neither NWB", 3 },
        { "--set file=old.nwb", "1.0.6", 3 },
        { "--set file=still.nwb", "no tracking", 3 },
        { "--set file=mute.nwb", "no sorted spikes", 3 },
        { "--set file=lost.nwb", "tracking was lost", 3 },
        { "--set file=clock.nwb", "share a clock", 3 },
        { "--set file=a.nwb --set epoch=wake_circle", "wake, wake_square, sleep", 3 },
        { "--set file=a.nwb --set units_column=locaton", "did you mean \"location\"", 3 },
        { "--set file=a.nwb --set units_column=location --set units_value=CA1",
          "\"ADn\", \"PoSub\"", 3 },
        { "--set file=a.nwb --set series=tail", "no series tail", 3 },
        { "--set file=a.nwb --set series=/processing/behavior/Position/position",
          "2 numbers per sample", 3 },
        { "--set file=a.nwb --set angles=9000", "this epoch resolves angles = ", 3 },
        { "--set file=a.nwb --set angles=2", "[3, 10000]", 2 },
        { "--set file=a.nwb --set bin=0.001", "below the tracking's own step", 2 },
        { "--set file=a.nwb --set minimum_spikes=1000000", "minimum_spikes = 1000000",
          3 },
        { "--set file=a.nwb --set smoothing_min=5 --set smoothing_max=2",
          "smoothing_min = 5", 2 },
        { "--set file=a.nwb --set angle_unit=degrees --set epoch=", "not visited", 3 },
        { "--set file=a.nwb --set format=curves", "no dataset /rate", 3 },
        { "--set file=negative.csv", "-1", 3 },
        { "--set file=ragged.csv", "ragged.csv:3: 3 columns, but 2", 3 },
        { "--set file=word.csv", "word.csv:2: \"x\" in column 2", 3 },
        { "--set file=turn.csv", "one turn", 3 },
        { "--set file=curves.mat --set curves=hall", "did you mean \"hAll\"", 3 },
        { "--set file=curves.mat --set curves=hAll --set layer=9", "layer = 9", 2 },
        { "--set file=spikes.mat --set mat_spikes=cells --set mat_time=t --set "
          "mat_angle=wake",
          "angles but", 3 },
        { "--set 'files={rows.csv, a.nwb}'", "cannot be pooled", 3 },
    };
    for (size_t i = 0; i < BN_LEN(row); i++)
        refuses(&row[i]);
}

/* mouse28-140313, from its bytes with h5py and NumPy, independently of this code:
 * 2286.2625 s tracked in wake_square, 385,142 of 385,173 spikes within it.         */
static void mouse28(void **state)
{
    (void)state;
    const char *data = recordings();
    char arguments[1200];
    size_t n;

    if (data == NULL)
        skip();
    snprintf(arguments, sizeof arguments, "--set 'file=%s/mouse28-140313.nwb'", data);
    runs(arguments);
    check_shape("/rate", 32, 100);
    check_shape("/counts", 22862, 32);
    assert_close(sum_of("/occupancy"), 2286.2625, 1e-12, 0);
    assert_close(at("/occupancy", 17), 26.125, 1e-10, 0);
    assert_close(sum_of("/spikes"), 385142, 0, 0);
    const double spikes[] = { 2183, 4386, 20541, 22244 };
    for (size_t u = 0; u < BN_LEN(spikes); u++)
        assert_close(at("/spikes", u), spikes[u], 0, 0);
    assert_close(at("/smoothing_fold", 0), 3.5111917342151306, 1e-12, 0);
    assert_close(at("/smoothing_fold", 5), 2.6560877829466865, 1e-12, 0);
    assert_close(at("/preferred", 0), 3.7237977384054055, 1e-9, 0);
    assert_close(at("/preferred", 2), 5.592337437843744, 1e-9, 0);
    assert_close(at("/mean_vector_length", 1), 0.8546367676839114, 1e-9, 0);
    double *valid = column("/valid", &n);
    for (size_t k = 0; k < n; k++)
        assert_close(valid[k], 1, 0, 0);
    free(valid);
    snprintf(arguments, sizeof arguments,
             "--set 'file=%s/mouse28-140313.nwb' --set copies=50 --set speed_min=2",
             data);
    runs(arguments);
    assert_says(said, "read as stored in cm");
    check_shape("/rate", 1600, 100);
}

static void files_without_tracking(void **state)
{
    (void)state;
    static const char *const files[] = { "A8604-211122.nwb",
                                         "sub-4_ses-4_ecephys+image.nwb",
                                         "linear-track.nwb" };
    const char *data = recordings();
    if (data == NULL)
        skip();
    for (size_t i = 0; i < BN_LEN(files); i++) {
        char arguments[1200];
        snprintf(arguments, sizeof arguments, "--set 'file=%s/%s'", data, files[i]);
        refuses(&(struct row){ arguments, "no tracking", 3 });
        assert_says(said, files[i]);
    }
}

/* --- the files ------------------------------------------------------------ */

static void put_text(const char *name, const char *text)
{
    FILE *f = fopen(name, "w");
    assert_true(f != NULL && fputs(text, f) >= 0 && fclose(f) == 0);
}

static void make_tables(void)
{
    static const struct {
        const char *name, *text;
    } file[] = {
        { "columns.csv", "# two cells\ntheta,a,b\n0,1,3\n1.5707963,5,3\n3.1415927,2,7\n"
                         "4.712389,0,3\n" },
        { "degrees.csv", "\"theta\"; a; b\r\n0; 1; 3\r\n90; 5; 3\r\n180; 2; 7\r\n270; 0; "
                         "3\r\n" },
        { "rows.csv", "1 5 2 0\n\n3 3 7 3\n" },
        { "half.csv", "theta,a\n45,1\n135,5\n225,2\n315,0\n" },
        { "negative.csv", "1,5,2,-1\n" },
        { "ragged.csv", "theta,a\n0,1\n1,2,3\n" },
        { "word.csv", "1,2,3\n1,x,3\n" },
        { "turn.csv", "theta,a\n0,1\n1,2\n2,3\n" },
        { "empty.nwb", "" },
    };
    for (size_t i = 0; i < BN_LEN(file); i++)
        put_text(file[i].name, file[i].text);
    FILE *f = fopen("noise.bin", "wb");
    assert_non_null(f);
    assert_int_equal(fwrite("\1\2\0\3", 1, 4, f), 4);
    fclose(f);
    assert_int_equal(system("head -c 100000 a.nwb > short.nwb"), 0);
}

static void make_curves(void)
{
    const double plain[] = { 1, 5, 2, 0, 3, 3, 7, 3 };
    const double folds[] = { 0, 4, 1, 0, 2, 6, 3, 0, 2, 2, 7, 2, 4, 4, 7, 4 };
    /* MATLAB [angle, cell, layer] */
    const double cube[] = { 10, 10, 10, 10, 10, 10, 10, 10, 1, 5, 2, 0, 3, 3, 7, 3 };
    const struct bn_shape two = bn_shape2(2, 4), three = bn_shape3(2, 2, 4);
    size_t dims[] = { 4, 2, 2 };
    bn_h5 *f;

    assert_ok(bn_h5_create(&f, "curves.h5"));
    assert_ok(bn_h5_write(f, "/plain", BN_H5_F64, &two, plain, false));
    assert_ok(bn_h5_write(f, "/opt_tcs", BN_H5_F64, &three, folds, false));
    assert_ok(bn_h5_close(f));
    for (int v = 0; v < 2; v++) {
        mat_t *mat = fake_mat(v == 0 ? "curves.mat" : "curves73.mat", v == 0 ? 5 : 73);
        fake_put(mat, Mat_VarCreate("hAll", MAT_C_DOUBLE, MAT_T_DOUBLE, 3, dims,
                                    (void *)(uintptr_t)cube, 0));
        Mat_Close(mat);
        double wake[] = { 100.0, 500.0 };
        size_t row[] = { 1, 2 };
        mat = fake_mat(v == 0 ? "spikes.mat" : "spikes73.mat", v == 0 ? 5 : 73);
        fake_put(mat, fake_vector("t", known.time, FAKE_SAMPLES));
        fake_put(mat, fake_vector("hd", known.angle, FAKE_SAMPLES));
        fake_put(mat, Mat_VarCreate("wake", MAT_C_DOUBLE, MAT_T_DOUBLE, 2, row, wake, 0));
        fake_cells(mat, "cells", known.spikes, known.end, FAKE_UNITS);
        Mat_Close(mat);
    }
}

/* Files that lack or spoil one thing each. */
static void make_spoilt(void)
{
    const double degrees = 360.0 / FAKE_TURN;
    fake_file("a.nwb", &known, 1.0, "radians");
    fake_file("degrees.nwb", &known, degrees, "degrees");
    fake_file("unsaid.nwb", &known, degrees, "meters");
    assert_ok(bn_h5_close(fake_begin("old.nwb", "1.0.6")));
    bn_h5 *f = fake_begin("still.nwb", "2.4.0");
    fake_units(f, known.spikes, known.n_spikes, known.end, FAKE_UNITS);
    assert_ok(bn_h5_close(f));
    f = fake_begin("mute.nwb", "2.4.0");
    fake_series(f, "/acquisition/hd", "SpatialSeries", known.angle, FAKE_SAMPLES, 1,
                "radians");
    fake_times(f, "/acquisition/hd", known.time, FAKE_SAMPLES);
    assert_ok(bn_h5_close(f));

    struct fake k = fake_make();
    for (size_t i = 0; i < k.n_spikes; i++)
        k.spikes[i] += 5000.0;
    fake_file("clock.nwb", &k, 1.0, "radians");
    for (size_t i = 0; i < FAKE_SAMPLES; i++)
        k.angle[i] = NAN;
    fake_file("lost.nwb", &k, 1.0, "radians");
    fake_free(&k);
}

static int setup(void **state)
{
    (void)state;
    if (mkdtemp(dir) == NULL || chdir(dir) != 0)
        return -1;
    known = fake_make();
    make_spoilt();
    make_tables();
    make_curves();
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    char command[128];
    fake_free(&known);
    snprintf(command, sizeof command, "rm -rf %s", dir);
    return chdir("/") == 0 ? system(command) : -1;
}

/* build/x/tests/test_recording -> build/x/stages/recording, as an absolute path;
 * BASIN_DATA likewise, because the tests run elsewhere.                            */
static void locate(const char *self)
{
    char here[512], data[1024];
    const char *slash = strrchr(self, '/');
    const int length = slash != NULL ? (int)(slash - self) : 1;

    if (getcwd(here, sizeof here) == NULL)
        exit(1);
    snprintf(stage, sizeof stage, "%s%s%.*s/../stages/recording",
             self[0] == '/' ? "" : here, self[0] == '/' ? "" : "/", length,
             slash != NULL ? self : ".");
    const char *folder = getenv("BASIN_DATA");
    folder = folder != NULL && folder[0] != '\0' ? folder : BASIN_DATA_DEFAULT;
    snprintf(data, sizeof data, "%s%s%s", folder[0] == '/' ? "" : here,
             folder[0] == '/' ? "" : "/", folder);
    setenv("BASIN_DATA", data, 1);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_session),
        cmocka_unit_test(same_bytes_twice),
        cmocka_unit_test(selection_epoch_speed),
        cmocka_unit_test(degrees_are_the_same),
        cmocka_unit_test(several_files),
        cmocka_unit_test(imported_curves),
        cmocka_unit_test(matlab_spikes),
        cmocka_unit_test(refusals),
        cmocka_unit_test(mouse28),
        cmocka_unit_test(files_without_tracking),
    };
    (void)argc;
    locate(argv[0]);
    return cmocka_run_group_tests_name("recording", tests, setup, teardown);
}
