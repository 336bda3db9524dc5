/* SPDX-License-Identifier: MIT
 * h5: what is written comes back, damage and strangeness are reported.  Files that
 * our own functions never write are made with HDF5 itself.  After every test no
 * HDF5 object may be left open: a leaked one would keep its file open.      */
#include "test.h"

#include <basin/h5.h>
#include <basin/mem.h>
#include <basin/rng.h>

#include <float.h>
#include <hdf5.h>
#include <hdf5_hl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <fcntl.h>
#include <time.h>
#include <unistd.h>

static char dir[] = "/tmp/test_h5.XXXXXX";

static const char *in_dir(const char *name)
{
    static char path[2][128];
    static int turn;
    turn ^= 1;
    snprintf(path[turn], sizeof path[turn], "%s/%s", dir, name);
    return path[turn];
}

static bn_h5 *create(const char *name)
{
    bn_h5 *f = NULL;
    assert_ok(bn_h5_create(&f, in_dir(name)));
    return f;
}

static bn_h5 *reopen(bn_h5 *f)
{
    char path[128];
    snprintf(path, sizeof path, "%s", bn_h5_path(f));
    assert_ok(bn_h5_close(f));
    assert_ok(bn_h5_open(&f, path));
    assert_string_equal(bn_h5_path(f), path);
    return f;
}

static unsigned char *contents(const char *path, size_t *n)
{
    FILE *f = fopen(path, "rb");
    assert_non_null(f);
    fseek(f, 0, SEEK_END);
    *n = (size_t)ftell(f);
    rewind(f);
    unsigned char *bytes = bn_alloc(*n, 1);
    assert_int_equal(fread(bytes, 1, *n, f), *n);
    fclose(f);
    return bytes;
}

static void save(const char *path, const void *bytes, size_t n)
{
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(bytes, 1, n, f), n);
    assert_int_equal(fclose(f), 0);
}

/* --- numbers -------------------------------------------------------------------- */

static const double special[] = { 0.0, -0.0, 1.0, -2.5, 1e-320, DBL_MAX, INFINITY, NAN };

static double value(size_t i)
{
    return i < BN_LEN(special) ? special[i] : (double)i + 0.25;
}

/* `n` values of a type, each of which a double can hold. */
static void *values(enum bn_h5_type type, size_t n)
{
    void *p = bn_alloc(n, 8);
    for (size_t i = 0; i < n; i++) {
        if (type == BN_H5_F64)
            ((double *)p)[i] = value(i);
        else if (type == BN_H5_F32)
            ((float *)p)[i] = i == 3 ? NAN : (float)i * 0.5F;
        else if (type == BN_H5_I64)
            ((int64_t *)p)[i] = i % 2 == 0 ? (int64_t)i << 40 : -(int64_t)i;
        else
            ((uint8_t *)p)[i] = (uint8_t)(i * 7);
    }
    return p;
}

static double as_double(enum bn_h5_type type, const void *p, size_t i)
{
    return type == BN_H5_F64 ? ((const double *)p)[i]
         : type == BN_H5_F32 ? (double)((const float *)p)[i]
         : type == BN_H5_I64 ? (double)((const int64_t *)p)[i]
         : ((const uint8_t *)p)[i];
}

static const struct bn_shape shapes[] = {
    { 0, { 0 } }, { 1, { 1 } }, { 1, { 8 } }, { 1, { 0 } }, { 2, { 3, 5 } }, { 2, { 0, 4 } },
    { 2, { 4, 0 } }, { 3, { 2, 3, 4 } }, { 4, { 2, 1, 3, 2 } }, { 1, { 9000 } },
    { 2, { 300, 400 } }, { 2, { 2, 200000 } }, { 3, { 50, 40, 30 } },
    { 4, { 70, 3, 20, 40 } },
};

static void numbers_come_back(void **state)
{
    (void)state;
    for (size_t s = 0; s < BN_LEN(shapes); s++)
        for (int t = 0; t < 4; t++)
            for (int pack = 0; pack < 2; pack++) {
                const enum bn_h5_type type = (enum bn_h5_type)t;
                const size_t count = bn_shape_count(&shapes[s]);
                void *data = values(type, count);
                bn_h5 *f = create("n.h5");
                assert_ok(bn_h5_write(f, "/deep/er/x", type, &shapes[s], data, pack == 1));
                f = reopen(f);
                struct bn_shape shape;
                double *got;
                size_t n;
                assert_ok(bn_h5_shape(f, "deep/er/x", &shape));
                assert_int_equal(shape.rank, shapes[s].rank);
                for (int i = 0; i < shape.rank; i++)
                    assert_int_equal(shape.dim[i], shapes[s].dim[i]);
                assert_ok(bn_h5_read(f, "/deep/er/x", &got, &n));
                assert_int_equal(n, count);
                for (size_t i = 0; i < n; i++) {
                    const double want = as_double(type, data, i);
                    if (memcmp(&got[i], &want, 8) != 0 && !(isnan(want) && isnan(got[i])))
                        fail_msg("type %d shape %zu: %g, want %g", t, s, got[i], want);
                }
                assert_true(bn_h5_is_integer(f, "/deep/er/x") == (t >= BN_H5_I64));
                assert_false(bn_h5_is_text(f, "/deep/er/x"));
                free(got);
                free(data);
                assert_ok(bn_h5_close(f));
            }
}

static void integers_are_exact_at_both_ends(void **state)
{
    (void)state;
    static const int64_t want[] = { INT64_MIN, INT64_MIN + 1, -1, 0, 9007199254740993,
                                    INT64_MAX };
    const struct bn_shape shape = bn_shape1(BN_LEN(want));
    bn_h5 *f = create("i.h5");
    int64_t *got;
    size_t n;

    assert_ok(bn_h5_write(f, "i", BN_H5_I64, &shape, want, false));
    f = reopen(f);
    assert_ok(bn_h5_read_integers(f, "i", &got, &n));
    assert_int_equal(n, BN_LEN(want));
    assert_memory_equal(got, want, sizeof want);
    free(got);
    assert_ok(bn_h5_close(f));
}

static void shapes_are_counted(void **state)
{
    (void)state;
    const struct bn_shape a = bn_shape1(7), b = bn_shape2(3, 4), c = bn_shape3(2, 3, 4);
    const struct bn_shape scalar = { 0 };
    assert_int_equal(bn_shape_count(&a), 7);
    assert_int_equal(bn_shape_count(&b), 12);
    assert_int_equal(bn_shape_count(&c), 24);
    assert_int_equal(bn_shape_count(&scalar), 1);
}

/* 900 x 500 doubles: chunks of 262 rows, so ranges begin and end inside of them. */
static void rows_are_slices(void **state)
{
    (void)state;
    enum { ROWS = 900, COLS = 500 };
    static const size_t range[][2] = { { 0, 1 }, { 261, 3 }, { 899, 1 }, { 0, 900 },
                                       { 100, 500 }, { 900, 0 }, { 5, 0 } };
    const struct bn_shape shape = bn_shape2(ROWS, COLS);
    double *data = values(BN_H5_F64, ROWS * COLS), *got = bn_alloc(ROWS * COLS + 1, 8);
    bn_h5 *f = create("r.h5");

    assert_ok(bn_h5_write(f, "x", BN_H5_F64, &shape, data, false));
    f = reopen(f);
    for (size_t k = 0; k < BN_LEN(range); k++) {
        const size_t n = range[k][1] * COLS;
        got[n] = 77.0;
        assert_ok(bn_h5_read_rows(f, "x", range[k][0], range[k][1], got));
        assert_memory_equal(got, data + range[k][0] * COLS, n * 8);
        assert_true(got[n] == 77.0);
    }
    assert_fails(bn_h5_read_rows(f, "x", 899, 2, got), BN_INPUT);
    assert_says(bn_error(), "rows 899 to 901 of x were asked for, it has 900");
    assert_fails(bn_h5_read_rows(f, "x", 901, 0, got), BN_INPUT);
    assert_fails(bn_h5_read_rows(f, "x", 1, SIZE_MAX, got), BN_INPUT);
    assert_says(bn_error(), "were asked for, it has 900");
    free(got);
    free(data);
    assert_ok(bn_h5_close(f));
}

static void matrices_have_their_shape(void **state)
{
    (void)state;
    const struct bn_shape shape[] = { bn_shape2(3, 4), bn_shape1(12), bn_shape3(3, 2, 2),
                                      { 0 } };
    double x[12];
    bn_h5 *f = create("m.h5");
    struct bn_mat m;

    for (size_t i = 0; i < 12; i++)
        x[i] = (double)i;
    for (size_t k = 0; k < BN_LEN(shape); k++)
        assert_ok(bn_h5_write(f, (const char *[]){ "a", "b", "c", "d" }[k], BN_H5_F64,
                              &shape[k], x, false));
    f = reopen(f);
    assert_ok(bn_h5_read_mat(f, "a", &m));
    assert_true(m.rows == 3 && m.cols == 4);
    assert_memory_equal(m.data, x, sizeof x);
    bn_mat_free(&m);
    assert_ok(bn_h5_read_mat(f, "b", &m));
    assert_true(m.rows == 12 && m.cols == 1);
    assert_memory_equal(m.data, x, sizeof x);
    bn_mat_free(&m);
    assert_fails(bn_h5_read_mat(f, "c", &m), BN_INPUT);
    assert_says(bn_error(), "c has 3 axes, a matrix was expected");
    assert_null(m.data);
    assert_fails(bn_h5_read_mat(f, "d", &m), BN_INPUT);
    assert_ok(bn_h5_close(f));
}

/* --- texts, attributes, names ------------------------------------------------------ */

static void texts_come_back(void **state)
{
    (void)state;
    static const char *const texts[] = { "plain", "", "Größe µs θ", "a\nb", " blanks  " };
    bn_h5 *f = create("t.h5");
    char **got;
    size_t n;

    assert_ok(bn_h5_write_texts(f, "in/t", texts, BN_LEN(texts)));
    assert_ok(bn_h5_write_texts(f, "none", texts, 0));
    f = reopen(f);
    assert_true(bn_h5_is_text(f, "in/t"));
    assert_false(bn_h5_is_integer(f, "in/t"));
    assert_ok(bn_h5_read_texts(f, "in/t", &got, &n));
    assert_int_equal(n, BN_LEN(texts));
    for (size_t i = 0; i < n; i++)
        assert_string_equal(got[i], texts[i]);
    free(got);
    assert_ok(bn_h5_read_texts(f, "none", &got, &n));
    assert_int_equal(n, 0);
    free(got);
    assert_ok(bn_h5_close(f));
}

/* A foreign dataset of fixed-length strings, all bytes given. */
static void put_fixed(hid_t file, const char *name, size_t size, H5T_str_t pad, hsize_t n,
                      const char *bytes)
{
    const hid_t t = H5Tcopy(H5T_C_S1), space = H5Screate_simple(1, &n, NULL);
    H5Tset_size(t, size);
    H5Tset_strpad(t, pad);
    const hid_t d = H5Dcreate2(file, name, t, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    assert_true(H5Dwrite(d, t, H5S_ALL, H5S_ALL, H5P_DEFAULT, bytes) >= 0);
    H5Dclose(d);
    H5Sclose(space);
    H5Tclose(t);
}

static hid_t foreign(const char *name)
{
    const hid_t file = H5Fcreate(in_dir(name), H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
    assert_true(file >= 0);
    return file;
}

static bn_h5 *opened(hid_t file, const char *name)
{
    bn_h5 *f;
    assert_true(H5Fclose(file) >= 0);
    assert_ok(bn_h5_open(&f, in_dir(name)));
    return f;
}

static void foreign_texts_of_fixed_length_are_read(void **state)
{
    (void)state;
    static const struct { const char *name; H5T_str_t pad; const char *bytes; } row[] = {
        { "terminated", H5T_STR_NULLTERM, "ab\0\0cd\0\0\0\0\0\0" },
        { "full", H5T_STR_NULLPAD, "ab\0\0cd\0\0wxyz" },
        { "blank", H5T_STR_SPACEPAD, "ab  cd      " },
    };
    const hid_t file = foreign("x.h5");

    for (size_t i = 0; i < BN_LEN(row); i++)
        put_fixed(file, row[i].name, 4, row[i].pad, 3, row[i].bytes);
    bn_h5 *f = opened(file, "x.h5");
    for (size_t i = 0; i < BN_LEN(row); i++) {
        char **got;
        size_t n;
        assert_true(bn_h5_is_text(f, row[i].name));
        assert_ok(bn_h5_read_texts(f, row[i].name, &got, &n));
        assert_int_equal(n, 3);
        assert_string_equal(got[0], "ab");
        assert_string_equal(got[1], "cd");
        assert_string_equal(got[2], i == 1 ? "wxyz" : "");
        free(got);
    }
    assert_ok(bn_h5_close(f));
}

static void attributes_come_back(void **state)
{
    (void)state;
    static const char *const object[] = { "/", "g", "g/x", "made/between" };
    static const double three[] = { 1.5, -2.0, 3.0 }, one = -0.125;
    const struct bn_shape shape = bn_shape1(3);
    bn_h5 *f = create("a.h5");

    assert_ok(bn_h5_group(f, "g"));
    assert_ok(bn_h5_group(f, "made/between/here"));
    assert_ok(bn_h5_write(f, "g/x", BN_H5_F64, &shape, three, false));
    for (size_t i = 0; i < BN_LEN(object); i++) {
        assert_ok(bn_h5_put_text(f, object[i], "units", "µV²"));
        assert_ok(bn_h5_put_text(f, object[i], "empty", ""));
        assert_ok(bn_h5_put_real(f, object[i], "one", &one, 1));
        assert_ok(bn_h5_put_real(f, object[i], "three", three, 3));
    }
    f = reopen(f);
    for (size_t i = 0; i < BN_LEN(object); i++) {
        char *text;
        double x;
        assert_ok(bn_h5_get_text(f, object[i], "units", &text));
        assert_string_equal(text, "µV²");
        free(text);
        assert_ok(bn_h5_get_text(f, object[i], "empty", &text));
        assert_string_equal(text, "");
        free(text);
        assert_ok(bn_h5_get_real(f, object[i], "one", &x));
        assert_true(x == one);
        assert_ok(bn_h5_get_real(f, object[i], "three", &x));
        assert_true(x == 1.5);
        double all[3];
        assert_ok(bn_h5_get_reals(f, object[i], "three", all, 3));
        assert_memory_equal(all, three, sizeof all);
        assert_fails(bn_h5_get_reals(f, object[i], "three", all, 2), BN_INPUT);
        assert_says(bn_error(), "has 3 numbers, not 2");
        assert_true(bn_h5_has_attribute(f, object[i], "units"));
        assert_false(bn_h5_has_attribute(f, object[i], "unit"));
    }
    assert_ok(bn_h5_close(f));
}

static void wrong_attributes_are_named(void **state)
{
    (void)state;
    const double x = 1.0;
    bn_h5 *f = create("a.h5");
    char *text;
    double got = 77.0;

    assert_ok(bn_h5_put_text(f, "/", "text", "t"));
    assert_ok(bn_h5_put_real(f, "/", "real", &x, 1));
    assert_fails(bn_h5_put_real(f, "/", "real", &x, 1), BN_OUTPUT);   /* twice */
    assert_says(bn_error(), "cannot write attribute real of /");
    assert_fails(bn_h5_put_real(f, "/none", "real", &x, 1), BN_OUTPUT);
    assert_says(bn_error(), "/none");
    f = reopen(f);
    assert_fails(bn_h5_get_text(f, "/", "real", &text), BN_INPUT);
    assert_says(bn_error(), "a.h5: attribute real of / is not text");
    assert_fails(bn_h5_get_real(f, "/", "text", &got), BN_INPUT);
    assert_says(bn_error(), "a.h5: attribute text of / is not a number");
    assert_fails(bn_h5_get_text(f, "/", "none", &text), BN_INPUT);
    assert_says(bn_error(), "a.h5: / has no attribute none");
    assert_null(text);
    assert_fails(bn_h5_get_real(f, "/g", "none", &got), BN_INPUT);
    assert_false(bn_h5_has_attribute(f, "/g", "none"));
    assert_ok(bn_h5_close(f));
}

static void foreign_attributes_are_read(void **state)
{
    (void)state;
    static const char *const two[] = { "first", "second" };
    const hsize_t n = 2;
    const hid_t file = foreign("x.h5"), t = H5Tcopy(H5T_C_S1);
    const hid_t space = H5Screate_simple(1, &n, NULL);
    const short whole = -7;

    H5Tset_size(t, H5T_VARIABLE);
    const hid_t a = H5Acreate2(file, "two", t, space, H5P_DEFAULT, H5P_DEFAULT);
    assert_true(H5Awrite(a, t, two) >= 0);
    H5Aclose(a);
    H5Sclose(space);
    H5Tclose(t);
    assert_true(H5LTset_attribute_string(file, "/", "fixed", "fixed text") >= 0);
    assert_true(H5LTset_attribute_short(file, "/", "whole", &whole, 1) >= 0);
    bn_h5 *f = opened(file, "x.h5");
    char *text;
    double x;
    assert_ok(bn_h5_get_text(f, "/", "two", &text));
    assert_string_equal(text, "first");
    free(text);
    assert_ok(bn_h5_get_text(f, "/", "fixed", &text));
    assert_string_equal(text, "fixed text");
    free(text);
    assert_ok(bn_h5_get_real(f, "/", "whole", &x));
    assert_true(x == -7.0);
    char **names;
    size_t count;                        /* no order is recorded: any is fine */
    assert_ok(bn_h5_attributes(f, "/", &names, &count));
    assert_int_equal(count, 3);
    free(names);
    assert_ok(bn_h5_close(f));
}

/* 3 attributes lie in the object's header, 20 in a heap of their own. */
static void attributes_are_listed_in_the_order_written(void **state)
{
    (void)state;
    static const char *const object[] = { "/", "g", "x", "made", "t" };
    static const size_t many[] = { 0, 3, 20 };
    static const char *const text[] = { "t" };
    const struct bn_shape scalar = { 0 };
    const double one = 1.0;

    for (size_t k = 0; k < BN_LEN(many); k++) {
        bn_h5 *f = create("o.h5");
        assert_ok(bn_h5_group(f, "g"));
        assert_ok(bn_h5_write(f, "x", BN_H5_F64, &scalar, &one, false));
        assert_ok(bn_h5_write(f, "made/x", BN_H5_F64, &scalar, &one, false));
        assert_ok(bn_h5_write_texts(f, "t", text, 1));
        for (size_t i = 0; i < BN_LEN(object); i++)
            for (size_t j = 0; j < many[k]; j++) {
                char key[24];
                snprintf(key, sizeof key, "k%02zu", j * 7 % 20);
                assert_ok(bn_h5_put_real(f, object[i], key, &one, 1));
            }
        f = reopen(f);
        for (size_t i = 0; i < BN_LEN(object); i++) {
            char **names, key[24];
            size_t n = 99;
            assert_ok(bn_h5_attributes(f, object[i], &names, &n));
            assert_int_equal(n, many[k]);
            for (size_t j = 0; j < n; j++) {
                snprintf(key, sizeof key, "k%02zu", j * 7 % 20);
                if (strcmp(names[j], key) != 0)
                    fail_msg("%s: attribute %zu is %s, not %s", object[i], j, names[j], key);
            }
            free(names);
        }
        assert_ok(bn_h5_close(f));
    }
}

static void members_are_sorted_and_kinds_told(void **state)
{
    (void)state;
    static const char *const want[] = { "apple", "fig", "pear", "zoo" };
    const struct bn_shape scalar = { 0 };
    const double one = 1.0;
    bn_h5 *f = create("l.h5");
    char **names;
    size_t n;

    assert_ok(bn_h5_write(f, "b/pear", BN_H5_F64, &scalar, &one, false));
    assert_ok(bn_h5_group(f, "b/zoo"));
    assert_ok(bn_h5_write(f, "b/apple", BN_H5_U8, &scalar, &one, false));
    assert_ok(bn_h5_group(f, "b/fig"));
    f = reopen(f);
    assert_ok(bn_h5_members(f, "/b", &names, &n));
    assert_int_equal(n, BN_LEN(want));
    for (size_t i = 0; i < n; i++)
        assert_string_equal(names[i], want[i]);
    free(names);
    assert_ok(bn_h5_members(f, "b/zoo", &names, &n));
    assert_int_equal(n, 0);
    free(names);
    assert_int_equal(bn_h5_kind(f, "/"), BN_H5_GROUP);
    assert_int_equal(bn_h5_kind(f, "/b/fig"), BN_H5_GROUP);
    assert_int_equal(bn_h5_kind(f, "b/pear"), BN_H5_DATASET);
    assert_int_equal(bn_h5_kind(f, "b/plum"), BN_H5_NONE);
    assert_int_equal(bn_h5_kind(f, "c/plum"), BN_H5_NONE);
    assert_fails(bn_h5_members(f, "none", &names, &n), BN_INPUT);
    assert_says(bn_error(), "l.h5: cannot list none");
    assert_fails(bn_h5_members(f, "b/pear", &names, &n), BN_INPUT);
    assert_fails(bn_h5_attributes(f, "none", &names, &n), BN_INPUT);
    assert_null(names);
    assert_ok(bn_h5_close(f));
}

static void links_are_followed_and_told_apart(void **state)
{
    (void)state;
    const hid_t file = foreign("k.h5");
    const hsize_t dim = 2;
    const double x[] = { 3.0, 4.0 };
    double *got;
    size_t n;

    assert_true(H5LTmake_dataset_double(file, "x", 1, &dim, x) >= 0);
    assert_true(H5LTmake_dataset_double(file, "twin", 1, &dim, x) >= 0);
    H5Lcreate_soft("/x", file, "soft", H5P_DEFAULT, H5P_DEFAULT);
    H5Lcreate_hard(file, "x", file, "hard", H5P_DEFAULT, H5P_DEFAULT);
    H5Lcreate_soft("/nowhere", file, "dangling", H5P_DEFAULT, H5P_DEFAULT);
    H5Lcreate_soft("/loop", file, "loop", H5P_DEFAULT, H5P_DEFAULT);
    H5Lcreate_external("none.h5", "/x", file, "outside", H5P_DEFAULT, H5P_DEFAULT);
    bn_h5 *f = opened(file, "k.h5");
    assert_ok(bn_h5_read(f, "soft", &got, &n));
    assert_true(n == 2 && got[0] == 3.0 && got[1] == 4.0);
    free(got);
    assert_int_equal(bn_h5_kind(f, "soft"), BN_H5_DATASET);
    assert_true(bn_h5_same(f, "x", "soft"));
    assert_true(bn_h5_same(f, "hard", "/soft"));
    assert_false(bn_h5_same(f, "x", "twin"));
    static const char *const broken[] = { "dangling", "loop", "outside" };
    for (size_t i = 0; i < BN_LEN(broken); i++) {
        assert_int_equal(bn_h5_kind(f, broken[i]), BN_H5_NONE);
        assert_false(bn_h5_same(f, broken[i], broken[i]));
        assert_false(bn_h5_has_attribute(f, broken[i], "units"));
        assert_fails(bn_h5_read(f, broken[i], &got, &n), BN_INPUT);
        assert_says(bn_error(), broken[i]);
        assert_null(got);
    }
    char **names;
    assert_ok(bn_h5_members(f, "/", &names, &n));
    assert_int_equal(n, 7);
    free(names);
    assert_ok(bn_h5_close(f));
}

/* --- axes --------------------------------------------------------------------------- */

static bn_h5 *with_axes(const char *name)
{
    static const double rate[6] = { 1, 2, 3, 4, 5, 6 }, theta[3] = { 0, 2, 4 };
    const struct bn_shape two = bn_shape2(2, 3), one = bn_shape1(3);
    bn_h5 *f = create(name);

    assert_ok(bn_h5_write(f, "theta", BN_H5_F64, &one, theta, false));
    assert_ok(bn_h5_write(f, "rate", BN_H5_F64, &two, rate, false));
    assert_ok(bn_h5_write(f, "again", BN_H5_F64, &two, rate, false));
    assert_ok(bn_h5_put_text(f, "rate", "units", "Hz"));
    assert_ok(bn_h5_axis(f, "theta", 0, "theta"));
    for (int k = 0; k < 2; k++) {
        assert_ok(bn_h5_axis(f, k ? "again" : "rate", 0, "neuron"));
        assert_ok(bn_h5_axis(f, k ? "again" : "rate", 1, "/theta"));
    }
    return f;
}

static void axes_are_named_and_scaled(void **state)
{
    (void)state;
    bn_h5 *f = reopen(with_axes("s.h5"));
    char *name;

    assert_ok(bn_h5_axis_name(f, "rate", 0, &name));
    assert_string_equal(name, "neuron");
    free(name);
    assert_ok(bn_h5_axis_name(f, "again", 1, &name));
    assert_string_equal(name, "theta");
    free(name);
    assert_fails(bn_h5_axis_name(f, "none", 0, &name), BN_INPUT);
    assert_says(bn_error(), "none");
    assert_null(name);
    assert_ok(bn_h5_close(f));

    const hid_t file = H5Fopen(in_dir("s.h5"), H5F_ACC_RDONLY, H5P_DEFAULT);
    const hid_t d = H5Dopen2(file, "rate", H5P_DEFAULT);
    const hid_t s = H5Dopen2(file, "theta", H5P_DEFAULT);
    assert_true(H5DSis_scale(s) > 0);
    assert_true(H5DSis_attached(d, s, 1) > 0);
    assert_int_equal(H5DSget_num_scales(d, 0), 0);
    H5Dclose(s);
    H5Dclose(d);
    H5Fclose(file);
}

static void an_axis_without_name_has_none(void **state)
{
    (void)state;
    const struct bn_shape two = bn_shape2(2, 3);
    const double x[6] = { 0 };
    bn_h5 *f = create("u.h5");
    char *name = NULL;

    assert_ok(bn_h5_write(f, "x", BN_H5_F64, &two, x, false));
    assert_ok(bn_h5_axis_name(f, "x", 0, &name));
    assert_null(name);
    assert_ok(bn_h5_axis(f, "x", 1, "time"));
    assert_ok(bn_h5_axis_name(f, "x", 0, &name));
    assert_null(name);
    assert_ok(bn_h5_axis_name(f, "x", 1, &name));
    assert_string_equal(name, "time");
    free(name);
    assert_fails(bn_h5_axis(f, "none", 0, "time"), BN_OUTPUT);
    assert_says(bn_error(), "axis 0 of none");
    assert_fails(bn_h5_axis(f, "x", 5, "time"), BN_OUTPUT);
    assert_says(bn_error(), "axis 5 of x");
    assert_ok(bn_h5_close(f));
}

/* What the users' tools see. */
static void h5py_sees_axes_and_texts(void **state)
{
    (void)state;
    char command[512], line[256] = "";

    if (system("/usr/bin/python3 -c 'import h5py' 2>/dev/null") != 0) {
        print_message("skipped: no h5py for /usr/bin/python3\n");
        return;
    }
    assert_ok(bn_h5_close(with_axes("p.h5")));
    snprintf(command, sizeof command, "/usr/bin/python3 -c 'import h5py; "
             "r = h5py.File(\"%s\", \"r\")[\"rate\"]; "
             "print(r.shape, r.dtype, r.dims[0].label, r.dims[1].label, "
             "r.dims[1][0][2], r.dims[1][\"theta\"].name, r.attrs[\"units\"], r[1, 2])'",
             in_dir("p.h5"));
    FILE *p = popen(command, "r");
    assert_non_null(p);
    assert_non_null(fgets(line, sizeof line, p));
    assert_int_equal(pclose(p), 0);
    assert_string_equal(line, "(2, 3) float64 neuron theta 4.0 /theta Hz 6.0\n");
}

/* --- reproducible bytes -------------------------------------------------------------- */

/* Leave garbage on the stack and in the heap for whoever forgets to set a byte. */
static void soil(int pattern)
{
    volatile unsigned char junk[16384];
    void *p[64];

    for (size_t i = 0; i < sizeof junk; i++)
        junk[i] = (unsigned char)pattern;
    for (size_t i = 0; i < BN_LEN(p); i++) {
        p[i] = bn_grow(NULL, i * 48 + 16, 1);
        memset(p[i], pattern, i * 48 + 16);
    }
    for (size_t i = 0; i < BN_LEN(p); i++)
        free(p[i]);
}

static void write_everything(const char *name, int pattern)
{
    static const char *const texts[] = { "one", "", "three" };
    double *x = values(BN_H5_F64, 20000);
    const struct bn_shape big = bn_shape2(200, 100), small = bn_shape1(3);
    bn_h5 *f;

    soil(pattern);
    f = with_axes(name);
    soil(pattern);
    assert_ok(bn_h5_axis(f, "again", 1, "neuron"));
    assert_ok(bn_h5_write(f, "deep/down/big", BN_H5_F64, &big, x, false));
    assert_ok(bn_h5_write(f, "deep/packed", BN_H5_F64, &big, x, true));
    assert_ok(bn_h5_write(f, "deep/u8", BN_H5_U8, &small, x, false));
    soil(pattern);
    assert_ok(bn_h5_write_texts(f, "deep/texts", texts, 3));
    assert_ok(bn_h5_group(f, "group"));
    for (int i = 0; i < 20; i++) {
        char key[24];
        snprintf(key, sizeof key, "k%d", i);
        soil(pattern);
        assert_ok(bn_h5_put_real(f, "group", key, x, 3));
        assert_ok(bn_h5_put_text(f, "/", key, "text"));
    }
    soil(pattern);
    assert_ok(bn_h5_close(f));
    free(x);
}

/* In two different seconds, with two kinds of garbage in memory. */
static void the_same_calls_give_the_same_bytes(void **state)
{
    (void)state;
    size_t n, n2;
    const time_t begin = time(NULL);

    write_everything("b1.h5", 0x55);
    while (time(NULL) == begin)
        nanosleep(&(struct timespec){ .tv_nsec = 20000000 }, NULL);
    write_everything("b2.h5", 0xAA);
    unsigned char *a = contents(in_dir("b1.h5"), &n), *b = contents(in_dir("b2.h5"), &n2);
    assert_int_equal(n, n2);
    for (size_t i = 0; i < n; i++)
        if (a[i] != b[i])
            fail_msg("byte %zu of %zu: %02x and %02x", i, n, a[i], b[i]);
    free(b);
    free(a);
}

static herr_t no_time(hid_t object, const char *name, const H5O_info_t *info, void *count)
{
    (void)object;
    if (info->atime != 0 || info->mtime != 0 || info->ctime != 0 || info->btime != 0)
        fail_msg("%s carries a time", name);
    ++*(int *)count;
    return 0;
}

static void no_object_carries_a_time(void **state)
{
    (void)state;
    int count = 0;
    write_everything("b1.h5", 0);
    const hid_t file = H5Fopen(in_dir("b1.h5"), H5F_ACC_RDONLY, H5P_DEFAULT);
    assert_true(H5Ovisit2(file, H5_INDEX_NAME, H5_ITER_INC, no_time, &count, H5O_INFO_ALL)
                >= 0);
    assert_int_equal(count, 11);
    H5Fclose(file);
}

/* --- damage ------------------------------------------------------------------------- */

/* Above 64 KiB one flipped bit anywhere in the data is found; without the checksum
 * it would be read as another number.                                       */
static void a_flipped_bit_is_found(void **state)
{
    (void)state;
    enum { N = 20000 };
    const struct bn_shape shape = bn_shape1(N);
    double *x = values(BN_H5_F64, N), *got;
    bn_h5 *f = create("f.h5");
    size_t size, n, at = 0;

    assert_ok(bn_h5_write(f, "x", BN_H5_F64, &shape, x, false));
    assert_ok(bn_h5_close(f));
    unsigned char *bytes = contents(in_dir("f.h5"), &size);
    while (at + 16 <= size && memcmp(bytes + at, x + 10, 16) != 0)
        at++;
    assert_true(at + 16 <= size);
    for (size_t k = 0; k < 20; k++) {
        const size_t here = at + k * 7901;
        bytes[here] ^= (unsigned char)(1u << k % 8);
        save(in_dir("g.h5"), bytes, size);
        bytes[here] ^= (unsigned char)(1u << k % 8);
        assert_ok(bn_h5_open(&f, in_dir("g.h5")));
        assert_fails(bn_h5_read(f, "x", &got, &n), BN_INPUT);
        assert_says(bn_error(), "g.h5: cannot read x");
        assert_says(bn_error(), "damaged");
        assert_null(got);
        assert_ok(bn_h5_close(f));
    }
    free(bytes);
    free(x);
}

/* Cut anywhere, a file is refused when it is opened. */
static void a_truncated_file_is_refused(void **state)
{
    (void)state;
    size_t size;
    bn_h5 *f;

    write_everything("b1.h5", 0);
    unsigned char *bytes = contents(in_dir("b1.h5"), &size);
    for (size_t k = 0; k < 60; k++) {
        const size_t cut = k < 20 ? k * 8 : k < 40 ? size - 1 - (k - 20) : size * (k - 39) / 22;
        save(in_dir("g.h5"), bytes, cut);
        assert_fails(bn_h5_open(&f, in_dir("g.h5")), BN_INPUT);
        assert_says(bn_error(), "g.h5: cannot open as HDF5");
        assert_null(f);
        if (cut > 200)
            assert_says(bn_error(), "truncated file");
    }
    free(bytes);
}

static void what_is_no_hdf5_file_is_refused(void **state)
{
    (void)state;
    bn_h5 *f;

    save(in_dir("text.h5"), "tau = 5\n", 8);
    save(in_dir("empty.h5"), "", 0);
    assert_fails(bn_h5_open(&f, in_dir("text.h5")), BN_INPUT);
    assert_says(bn_error(), "text.h5: cannot open as HDF5");
    assert_says(bn_error(), "signature");
    assert_null(f);
    assert_fails(bn_h5_open(&f, in_dir("empty.h5")), BN_INPUT);
    assert_fails(bn_h5_open(&f, in_dir("missing.h5")), BN_INPUT);
    assert_says(bn_error(), "missing.h5: cannot open: No such file or directory");
    assert_fails(bn_h5_open(&f, dir), BN_INPUT);
    assert_says(bn_error(), dir);
    assert_null(strchr(bn_error(), '\n'));
    assert_ok(bn_h5_close(NULL));
}

static void what_is_missing_is_named(void **state)
{
    (void)state;
    const struct bn_shape shape = bn_shape1(1);
    struct bn_shape got;
    bn_h5 *f = create("m.h5");
    double *x, row[1] = { 1.0 };
    int64_t *i;
    char **t;
    size_t n;
    struct bn_mat m;

    assert_ok(bn_h5_group(f, "group"));
    assert_ok(bn_h5_write(f, "x", BN_H5_F64, &shape, row, false));
    f = reopen(f);
    static const char *const name[] = { "none", "group", "group/none", "x/none" };
    for (size_t k = 0; k < BN_LEN(name); k++) {
        char want[64];
        snprintf(want, sizeof want, "m.h5: no dataset %s", name[k]);
        assert_fails(bn_h5_read(f, name[k], &x, &n), BN_INPUT);
        assert_says(bn_error(), want);
        assert_fails(bn_h5_read_integers(f, name[k], &i, &n), BN_INPUT);
        assert_says(bn_error(), want);
        assert_fails(bn_h5_read_mat(f, name[k], &m), BN_INPUT);
        assert_says(bn_error(), want);
        assert_fails(bn_h5_read_rows(f, name[k], 0, 1, row), BN_INPUT);
        assert_says(bn_error(), want);
        assert_fails(bn_h5_read_texts(f, name[k], &t, &n), BN_INPUT);
        assert_says(bn_error(), want);
        assert_fails(bn_h5_shape(f, name[k], &got), BN_INPUT);
        assert_says(bn_error(), want);
        assert_false(bn_h5_is_text(f, name[k]));
        assert_false(bn_h5_is_integer(f, name[k]));
    }
    assert_fails(bn_h5_read_texts(f, "x", &t, &n), BN_INPUT);
    assert_says(bn_error(), "x does not hold text");
    assert_ok(bn_h5_close(f));
}

/* --- foreign numbers ------------------------------------------------------------------ */

/* Enums of every width and sign, one of them big-endian, with values that show the
 * sign bit.                                                                 */
static void enums_are_read_as_their_numbers(void **state)
{
    (void)state;
    const struct { const char *name; hid_t base; int64_t low, high; } row[] = {
        { "i8", H5T_STD_I8LE, -128, 127 },      { "u8", H5T_STD_U8LE, 0, 200 },
        { "i16", H5T_STD_I16LE, -30000, 7 },    { "u16", H5T_STD_U16LE, 1, 65535 },
        { "i32", H5T_STD_I32BE, -70000, 70000 }, { "u32", H5T_STD_U32LE, 3, 4294967295 },
        { "i64", H5T_STD_I64LE, -(INT64_C(1) << 50), INT64_C(1) << 50 },
    };
    const hid_t file = foreign("e.h5");

    for (size_t k = 0; k < BN_LEN(row); k++) {
        const hid_t t = H5Tenum_create(row[k].base), mem = H5Tenum_create(H5T_NATIVE_INT64);
        const hsize_t n = 3;
        const int64_t data[] = { row[k].high, row[k].low, row[k].high };
        for (int side = 0; side < 2; side++) {
            int64_t v = side ? row[k].high : row[k].low;
            H5Tenum_insert(mem, side ? "high" : "low", &v);
            H5Tconvert(H5T_NATIVE_INT64, row[k].base, 1, &v, NULL, H5P_DEFAULT);
            H5Tenum_insert(t, side ? "high" : "low", &v);
        }
        const hid_t space = H5Screate_simple(1, &n, NULL);
        const hid_t d = H5Dcreate2(file, row[k].name, t, space, H5P_DEFAULT, H5P_DEFAULT,
                                   H5P_DEFAULT);
        assert_true(H5Dwrite(d, mem, H5S_ALL, H5S_ALL, H5P_DEFAULT, data) >= 0);
        H5Dclose(d);
        H5Sclose(space);
        H5Tclose(mem);
        H5Tclose(t);
    }
    bn_h5 *f = opened(file, "e.h5");
    for (size_t k = 0; k < BN_LEN(row); k++) {
        double *x, last;
        int64_t *i;
        size_t n;
        assert_true(bn_h5_is_integer(f, row[k].name));
        assert_ok(bn_h5_read(f, row[k].name, &x, &n));
        assert_int_equal(n, 3);
        assert_ok(bn_h5_read_integers(f, row[k].name, &i, &n));
        assert_ok(bn_h5_read_rows(f, row[k].name, 2, 1, &last));
        if (x[0] != (double)row[k].high || x[1] != (double)row[k].low || last != x[2]
            || i[0] != row[k].high || i[1] != row[k].low || i[2] != row[k].high)
            fail_msg("%s: %g %g %g", row[k].name, x[0], x[1], last);
        free(i);
        free(x);
    }
    assert_ok(bn_h5_close(f));
}

static void other_number_types_are_converted(void **state)
{
    (void)state;
    const struct { const char *name; hid_t type; } row[] = {
        { "u8", H5T_STD_U8BE }, { "i16", H5T_STD_I16BE }, { "u32", H5T_STD_U32BE },
        { "i64", H5T_STD_I64BE }, { "f32", H5T_IEEE_F32BE }, { "f64", H5T_IEEE_F64BE },
    };
    const double data[] = { 0.0, 7.0, 100.0 };
    const hsize_t dim = 3;
    const hid_t file = foreign("c.h5");

    for (size_t k = 0; k < BN_LEN(row); k++) {
        const hid_t space = H5Screate_simple(1, &dim, NULL);
        const hid_t d = H5Dcreate2(file, row[k].name, row[k].type, space, H5P_DEFAULT,
                                   H5P_DEFAULT, H5P_DEFAULT);
        assert_true(H5Dwrite(d, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, data) >= 0);
        H5Dclose(d);
        H5Sclose(space);
    }
    bn_h5 *f = opened(file, "c.h5");
    for (size_t k = 0; k < BN_LEN(row); k++) {
        double *x;
        int64_t *i;
        size_t n;
        assert_ok(bn_h5_read(f, row[k].name, &x, &n));
        assert_memory_equal(x, data, sizeof data);
        assert_ok(bn_h5_read_integers(f, row[k].name, &i, &n));
        assert_true(i[0] == 0 && i[1] == 7 && i[2] == 100);
        free(i);
        free(x);
    }
    assert_ok(bn_h5_close(f));
}

static void put_strange(hid_t file, const char *name, hid_t type, hid_t space, hid_t dcpl)
{
    const hid_t d = H5Dcreate2(file, name, type, space, H5P_DEFAULT, dcpl, H5P_DEFAULT);
    assert_true(d >= 0);
    H5Dclose(d);
    H5Sclose(space);
}

/* Five axes, no space at all, compounds, and a dataset that claims 2^66 numbers, whose
 * count in 64 bits is 4: no size that a file claims may be believed.        */
static void strange_datasets_are_refused(void **state)
{
    (void)state;
    const hsize_t five[5] = { 1, 1, 1, 1, 2 }, huge[2] = { (hsize_t)1 << 33, (hsize_t)1 << 33 };
    const hsize_t wide[2] = { (hsize_t)1 << 31, (hsize_t)1 << 31 }, chunk[2] = { 2, 2 };
    const hid_t file = foreign("s.h5"), dcpl = H5Pcreate(H5P_DATASET_CREATE);
    const hid_t pair = H5Tcreate(H5T_COMPOUND, 16);

    H5Tinsert(pair, "a", 0, H5T_NATIVE_DOUBLE);
    H5Tinsert(pair, "b", 8, H5T_NATIVE_DOUBLE);
    H5Pset_chunk(dcpl, 2, chunk);
    put_strange(file, "five", H5T_NATIVE_DOUBLE, H5Screate_simple(5, five, NULL), H5P_DEFAULT);
    put_strange(file, "null", H5T_NATIVE_DOUBLE, H5Screate(H5S_NULL), H5P_DEFAULT);
    put_strange(file, "pair", pair, H5Screate(H5S_SCALAR), H5P_DEFAULT);
    put_strange(file, "huge", H5T_NATIVE_DOUBLE, H5Screate_simple(2, huge, NULL), dcpl);
    put_strange(file, "wide", H5T_NATIVE_DOUBLE, H5Screate_simple(2, wide, NULL), dcpl);
    H5Tclose(pair);
    H5Pclose(dcpl);
    bn_h5 *f = opened(file, "s.h5");
    double *x;
    size_t n = 99;
    struct bn_shape shape;
    struct bn_mat m;
    assert_fails(bn_h5_read(f, "five", &x, &n), BN_INPUT);
    assert_says(bn_error(), "five has 5 axes, at most 4");
    assert_ok(bn_h5_read(f, "null", &x, &n));
    assert_int_equal(n, 0);
    free(x);
    assert_fails(bn_h5_read(f, "pair", &x, &n), BN_INPUT);
    assert_says(bn_error(), "pair does not hold numbers");
    assert_fails(bn_h5_shape(f, "huge", &shape), BN_INPUT);
    assert_says(bn_error(), "huge");
    assert_fails(bn_h5_read(f, "huge", &x, &n), BN_INPUT);
    assert_null(x);
    assert_fails(bn_h5_read_mat(f, "wide", &m), BN_INPUT);
    assert_null(m.data);
    assert_ok(bn_h5_close(f));
}

static size_t pass(unsigned flags, size_t n, const unsigned *v, size_t bytes, size_t *size,
                   void **buffer)
{
    (void)flags, (void)n, (void)v, (void)size, (void)buffer;
    return bytes;
}

static void a_missing_filter_is_named(void **state)
{
    (void)state;
    const H5Z_class2_t filter = { H5Z_CLASS_T_VERS, 333, 1, 1, "zap", NULL, NULL, pass };
    const hsize_t dim = 10, chunk = 5;
    const double data[10] = { 1.0 };
    double *x;
    size_t n;
    const hid_t file = foreign("z.h5"), dcpl = H5Pcreate(H5P_DATASET_CREATE);
    const hid_t space = H5Screate_simple(1, &dim, NULL);

    assert_true(H5Zregister(&filter) >= 0);
    H5Pset_chunk(dcpl, 1, &chunk);
    H5Pset_filter(dcpl, 333, H5Z_FLAG_MANDATORY, 0, NULL);
    const hid_t d = H5Dcreate2(file, "x", H5T_NATIVE_DOUBLE, space, H5P_DEFAULT, dcpl,
                               H5P_DEFAULT);
    assert_true(H5Dwrite(d, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, data) >= 0);
    H5Dclose(d);
    H5Sclose(space);
    H5Pclose(dcpl);
    H5Fclose(file);
    assert_true(H5Zunregister(333) >= 0);
    bn_h5 *f;
    assert_ok(bn_h5_open(&f, in_dir("z.h5")));
    assert_fails(bn_h5_read(f, "x", &x, &n), BN_INPUT);
    assert_says(bn_error(), "z.h5: x is compressed with filter 333 (zap), which is not");
    assert_ok(bn_h5_close(f));
}

/* --- failing to write ------------------------------------------------------------------ */

static void what_cannot_be_written_is_reported(void **state)
{
    (void)state;
    const struct bn_shape shape = bn_shape1(1);
    static const char *const text[] = { "t" };
    const double x = 1.0;
    bn_h5 *f;

    assert_fails(bn_h5_create(&f, in_dir("no/such/folder.h5")), BN_OUTPUT);
    assert_says(bn_error(), "folder.h5: cannot create (No such file or directory)");
    assert_null(f);
    f = create("w.h5");
    assert_ok(bn_h5_write(f, "x", BN_H5_F64, &shape, &x, false));
    assert_fails(bn_h5_write(f, "x", BN_H5_F64, &shape, &x, false), BN_OUTPUT);
    assert_says(bn_error(), "w.h5: cannot write x");
    assert_says(bn_error(), "exists");
    assert_fails(bn_h5_write_texts(f, "x", text, 1), BN_OUTPUT);
    assert_says(bn_error(), "exists");
    assert_fails(bn_h5_group(f, "x"), BN_OUTPUT);
    assert_says(bn_error(), "cannot create the group x");
    assert_says(bn_error(), "exists");
    assert_fails(bn_h5_write(f, "x/below", BN_H5_F64, &shape, &x, false), BN_OUTPUT);
    f = reopen(f);                       /* for reading now */
    assert_fails(bn_h5_write(f, "y", BN_H5_F64, &shape, &x, false), BN_OUTPUT);
    assert_fails(bn_h5_write_texts(f, "y", text, 1), BN_OUTPUT);
    assert_fails(bn_h5_group(f, "y"), BN_OUTPUT);
    assert_fails(bn_h5_put_real(f, "x", "k", &x, 1), BN_OUTPUT);
    assert_fails(bn_h5_put_text(f, "x", "k", "t"), BN_OUTPUT);
    assert_fails(bn_h5_axis(f, "x", 0, "y"), BN_OUTPUT);
    assert_ok(bn_h5_close(f));
}

/* Network file systems without locks would refuse a file that HDF5 tries to lock. */
static void files_are_not_locked(void **state)
{
    (void)state;
    bn_h5 *f = create("lock.h5");
    assert_ok(bn_h5_close(f));
    const int fd = open(in_dir("lock.h5"), O_RDWR);
    assert_true(fd >= 0);
    assert_int_equal(flock(fd, LOCK_EX | LOCK_NB), 0);
    assert_ok(bn_h5_open(&f, in_dir("lock.h5")));
    assert_ok(bn_h5_close(f));
    f = create("lock.h5");
    assert_ok(bn_h5_close(f));
    close(fd);
}

/* --- memory that runs out ---------------------------------------------------------------- */

static bn_status read_everything(bn_h5 *f)
{
    struct { double *x; int64_t *i; char **t, *text; struct bn_mat m; } g = { 0 };
    size_t n;
    double one;
    bn_status rc = bn_h5_read(f, "deep/down/big", &g.x, &n);
    if (rc == BN_OK)
        rc = bn_h5_read_integers(f, "deep/u8", &g.i, &n);
    if (rc == BN_OK)
        rc = bn_h5_read_mat(f, "rate", &g.m);
    if (rc == BN_OK)
        rc = bn_h5_read_texts(f, "deep/texts", &g.t, &n);
    free(g.t);
    g.t = NULL;
    if (rc == BN_OK)
        rc = bn_h5_members(f, "deep", &g.t, &n);
    free(g.t);
    g.t = NULL;
    if (rc == BN_OK)
        rc = bn_h5_attributes(f, "group", &g.t, &n);
    if (rc == BN_OK)
        rc = bn_h5_get_text(f, "rate", "units", &g.text);
    if (rc == BN_OK)
        rc = bn_h5_get_real(f, "group", "k1", &one);
    if (rc == BN_OK) {
        free(g.text);
        rc = bn_h5_axis_name(f, "rate", 0, &g.text);
    }
    free(g.text);
    free(g.t);
    bn_mat_free(&g.m);
    free(g.i);
    free(g.x);
    return rc;
}

static void memory_that_runs_out_is_reported(void **state)
{
    (void)state;
    bn_status rc = BN_NOMEM;
    bn_h5 *f;

    write_everything("b1.h5", 0);
    const hid_t file = H5Fopen(in_dir("b1.h5"), H5F_ACC_RDWR, H5P_DEFAULT);
    put_fixed(file, "fixed", 4, H5T_STR_NULLPAD, 2, "ab\0\0cdef");
    H5Fclose(file);
    for (long n = 0; rc != BN_OK; n++) {
        char **t;
        size_t count;
        bn_alloc_fail_after(n);
        rc = bn_h5_open(&f, in_dir("b1.h5"));
        if (rc == BN_OK) {
            rc = read_everything(f);
            if (rc == BN_OK && (rc = bn_h5_read_texts(f, "fixed", &t, &count)) == BN_OK)
                free(t);
            bn_alloc_fail_after(-1);
            assert_int_equal(bn_h5_close(f), BN_OK);
        } else {
            assert_null(f);
        }
        bn_alloc_fail_after(-1);
        assert_true(rc == BN_OK || rc == BN_NOMEM);
        if (rc != BN_OK)
            assert_says(bn_error(), "out of memory");
        assert_true(n > 40 || rc == BN_NOMEM);
    }
    bn_alloc_fail_after(0);
    assert_fails(bn_h5_create(&f, in_dir("n.h5")), BN_NOMEM);
    assert_null(f);
}

/* A file that may not grow beyond 1 kB: 100 numbers do not fit when their dataset is
 * closed, and a million when they are written.  Last, because HDF5 keeps what it could
 * not flush.                                                                */
static void a_full_disk_is_reported(void **state)
{
    (void)state;
    bn_h5 *f;
    struct rlimit full;

    assert_fails(bn_h5_create(&f, "/dev/full"), BN_OUTPUT);
    assert_string_equal(bn_error(), "/dev/full: cannot create (No space left on device)");
    assert_null(f);
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &full), 0);
    const struct rlimit small = { 1024, full.rlim_max };
    for (size_t n = 100; n <= 1000000; n *= 10000) {
        const struct bn_shape shape = bn_shape1(n);
        double *x = values(BN_H5_F64, n);
        f = create("full.h5");
        assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
        const bn_status wrote = bn_h5_write(f, "x", BN_H5_F64, &shape, x, false);
        assert_says(bn_error(), "full.h5: cannot write x (File too large)");
        const bn_status closed = bn_h5_close(f);
        assert_int_equal(setrlimit(RLIMIT_FSIZE, &full), 0);
        assert_int_equal(wrote, BN_OUTPUT);
        assert_int_equal(closed, BN_OUTPUT);
        assert_says(bn_error(), "full.h5: cannot write (File too large); is the disk full?");
        free(x);
    }
}

/* --- frame ------------------------------------------------------------------------------- */

static ssize_t before;

static int count_objects(void **state)
{
    (void)state;
    before = H5Fget_obj_count(H5F_OBJ_ALL, H5F_OBJ_ALL);
    return 0;
}

static int nothing_left_open(void **state)
{
    (void)state;
    const ssize_t n = H5Fget_obj_count(H5F_OBJ_ALL, H5F_OBJ_ALL) - before;
    if (n != 0)
        print_error("%d HDF5 objects are left open\n", (int)n);
    return n != 0;
}

/* The first call that HDF5 sees is one of ours: it reads the environment then. */
static int make_dir(void **state)
{
    (void)state;
    if (mkdtemp(dir) == NULL)
        return -1;
    write_everything("b1.h5", 0);
    return 0;
}

static int remove_dir(void **state)
{
    (void)state;
    char command[64];
    snprintf(command, sizeof command, "rm -r '%s'", dir);
    return system(command);
}

#define closed(test) cmocka_unit_test_setup_teardown(test, count_objects, nothing_left_open)

int main(void)
{
    const struct CMUnitTest tests[] = {
        closed(files_are_not_locked),
        closed(numbers_come_back),
        closed(integers_are_exact_at_both_ends),
        closed(shapes_are_counted),
        closed(rows_are_slices),
        closed(matrices_have_their_shape),
        closed(texts_come_back),
        closed(foreign_texts_of_fixed_length_are_read),
        closed(attributes_come_back),
        closed(wrong_attributes_are_named),
        closed(foreign_attributes_are_read),
        closed(attributes_are_listed_in_the_order_written),
        closed(members_are_sorted_and_kinds_told),
        closed(links_are_followed_and_told_apart),
        closed(axes_are_named_and_scaled),
        closed(an_axis_without_name_has_none),
        closed(h5py_sees_axes_and_texts),
        closed(the_same_calls_give_the_same_bytes),
        closed(no_object_carries_a_time),
        closed(a_flipped_bit_is_found),
        closed(a_truncated_file_is_refused),
        closed(what_is_no_hdf5_file_is_refused),
        closed(what_is_missing_is_named),
        closed(enums_are_read_as_their_numbers),
        closed(other_number_types_are_converted),
        closed(strange_datasets_are_refused),
        closed(a_missing_filter_is_named),
        closed(what_cannot_be_written_is_reported),
        closed(memory_that_runs_out_is_reported),
        cmocka_unit_test(a_full_disk_is_reported),
    };
    return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
