/* SPDX-License-Identifier: MIT
 * What must change the digest, and what must not.  Each row builds one small file
 * in a way of its own and is compared with the plain one.                   */
#include "test.h"

#include <basin/h5digest.h>

#include <hdf5.h>
#include <hdf5_hl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static char dir[] = "/tmp/test_h5digest.XXXXXX";

enum { N = 6 };

/* How a file differs from the plain one. */
struct twist {
    const char *name;
    bool same;                           /* must the digest stay? */
    bool reversed, chunked, packed, big_endian, single, other_value, other_unit, renamed,
         attribute_order, other_shape, no_group, provenance, target, hard_link, other_text,
         fixed_text, other_pad, other_reference, other_member, other_list, other_enum,
         negative_zero, tracked, libver, other_soft;
};

static hid_t compound_type(bool padded)
{
    const size_t step = padded ? 24 : 16;
    const hid_t t = H5Tcreate(H5T_COMPOUND, step + 8);

    H5Tinsert(t, "count", 0, H5T_NATIVE_INT32);
    H5Tinsert(t, "value", 8, H5T_NATIVE_DOUBLE);
    H5Tinsert(t, "small", step, H5T_NATIVE_INT8);
    return t;
}

static void put_dataset(hid_t file, const char *name, hid_t type, hid_t space, hid_t dcpl,
                        hid_t memory, const void *data)
{
    const hid_t d = H5Dcreate2(file, name, type, space, H5P_DEFAULT, dcpl, H5P_DEFAULT);
    assert_true(d >= 0);
    assert_true(H5Dwrite(d, memory, H5S_ALL, H5S_ALL, H5P_DEFAULT, data) >= 0);
    H5Dclose(d);
}

static void put_numbers(hid_t file, const struct twist *t)
{
    double x[N] = { 0.0, 1.0, 2.5, -3.0, 4.0, 5.0 };
    const hsize_t dim[2] = { 2, 3 }, other[2] = { 3, 2 }, chunk[2] = { 1, 2 };
    const hid_t space = H5Screate_simple(2, t->other_shape ? other : dim, NULL);
    const hid_t dcpl = H5Pcreate(H5P_DATASET_CREATE);

    x[3] = t->other_value ? -3.0000000000000004 : -3.0;
    x[0] = t->negative_zero ? -0.0 : 0.0;
    H5Pset_obj_track_times(dcpl, t->tracked);
    if (t->chunked || t->packed)
        H5Pset_chunk(dcpl, 2, chunk);
    if (t->packed) {
        H5Pset_shuffle(dcpl);
        H5Pset_deflate(dcpl, 1);
        H5Pset_fletcher32(dcpl);
    }
    put_dataset(file, t->renamed ? "y" : "x", t->single ? H5T_IEEE_F32LE
                : t->big_endian ? H5T_IEEE_F64BE : H5T_IEEE_F64LE, space, dcpl,
                H5T_NATIVE_DOUBLE, x);
    const char *at = t->renamed ? "y" : "x";
    if (!t->attribute_order)
        H5LTset_attribute_string(file, at, "units", t->other_unit ? "mV" : "V");
    H5LTset_attribute_string(file, at, "long_name", "x");
    if (t->attribute_order)
        H5LTset_attribute_string(file, at, "units", "V");
    H5Pclose(dcpl);
    H5Sclose(space);
}

static void put_texts(hid_t file, const struct twist *t)
{
    const hsize_t dim = 2;
    const char *text[2] = { "one", t->other_text ? "twos" : "two" };
    char fixed[2][8];
    const hid_t space = H5Screate_simple(1, &dim, NULL);
    const hid_t type = H5Tcopy(H5T_C_S1), eight = H5Tcopy(H5T_C_S1);

    memset(fixed, t->other_pad ? 'z' : 0, sizeof fixed);
    strcpy(fixed[0], "one");
    strcpy(fixed[1], "two");
    H5Tset_size(type, t->fixed_text ? 4 : H5T_VARIABLE);
    if (t->fixed_text) {
        const char four[2][4] = { "one", "two" };
        put_dataset(file, "text", type, space, H5P_DEFAULT, type, four);
    } else {
        put_dataset(file, "text", type, space, H5P_DEFAULT, type, text);
    }
    H5Tset_size(eight, 8);
    put_dataset(file, "fixed", eight, space, H5P_DEFAULT, eight, fixed);
    H5Tclose(eight);
    H5Tclose(type);
    H5Sclose(space);
}

static void put_compound(hid_t file, const struct twist *t)
{
    unsigned char rows[2 * 32];
    const hsize_t dim = 2;
    const size_t step = t->other_pad ? 24 : 16;
    const hid_t space = H5Screate_simple(1, &dim, NULL);
    const hid_t type = compound_type(t->other_pad);

    memset(rows, t->other_pad ? 0xee : 0, sizeof rows);
    for (size_t i = 0; i < 2; i++) {
        unsigned char *row = rows + i * (step + 8);
        const int32_t count = (int32_t)i;
        const double value = t->other_member ? 3.5 : 2.5;
        const signed char small = 7;
        memcpy(row, &count, sizeof count);
        memcpy(row + 8, &value, sizeof value);
        memcpy(row + step, &small, 1);
    }
    put_dataset(file, "table", type, space, H5P_DEFAULT, type, rows);
    H5Tclose(type);
    H5Sclose(space);
}

static void put_odd_types(hid_t file, const struct twist *t)
{
    const hsize_t dim = 2, three = 3;
    const hid_t space = H5Screate_simple(1, &dim, NULL), null = H5Screate(H5S_NULL);
    int first[2] = { 1, 2 }, second[1] = { t->other_list ? 4 : 3 };
    hvl_t lists[2] = { { 2, first }, { 1, second } };
    const hid_t list = H5Tvlen_create(H5T_NATIVE_INT);
    const hid_t truth = H5Tenum_create(H5T_NATIVE_INT8);
    const hid_t array = H5Tarray_create2(H5T_NATIVE_INT, 1, &three);
    const hid_t opaque = H5Tcreate(H5T_OPAQUE, 3);
    signed char no = 0, yes = 1;
    const int arrays[2][3] = { { 1, 2, 3 }, { 4, 5, 6 } };
    const signed char truths[2] = { 1, 0 };

    put_dataset(file, "lists", list, space, H5P_DEFAULT, list, lists);
    H5Tenum_insert(truth, "FALSE", &no);
    H5Tenum_insert(truth, t->other_enum ? "YES" : "TRUE", &yes);
    put_dataset(file, "truth", truth, space, H5P_DEFAULT, truth, truths);
    put_dataset(file, "arrays", array, space, H5P_DEFAULT, array, arrays);
    H5Tset_tag(opaque, "rgb");
    put_dataset(file, "opaque", opaque, space, H5P_DEFAULT, opaque, "abcdef");
    H5Dclose(H5Dcreate2(file, "null", H5T_NATIVE_INT, null, H5P_DEFAULT, H5P_DEFAULT,
                        H5P_DEFAULT));
    H5Tcommit2(file, "type", truth, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    H5Tclose(opaque);
    H5Tclose(array);
    H5Tclose(truth);
    H5Tclose(list);
    H5Sclose(null);
    H5Sclose(space);
}

static void put_groups(hid_t file, const struct twist *t)
{
    const hsize_t dim = 1;

    if (!t->no_group)
        H5Gclose(H5Gcreate2(file, "group", H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT));
    H5Lcreate_soft(t->other_soft ? "/table" : "/text", file, "soft", H5P_DEFAULT,
                   H5P_DEFAULT);
    H5Lcreate_external("other.h5", t->target ? "/b" : "/a", file, "external", H5P_DEFAULT,
                       H5P_DEFAULT);
    if (t->hard_link)
        H5Lcreate_hard(file, "text", file, "twin", H5P_DEFAULT, H5P_DEFAULT);
    if (t->provenance) {
        const double x = 3.0;
        H5Gclose(H5Gcreate2(file, "provenance", H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT));
        H5LTmake_dataset_double(file, "/provenance/x", 1, &dim, &x);
        H5LTset_attribute_string(file, "/provenance", "stage", "weights");
    }
}

/* After all that they point to, so that addresses differ between files. */
static void put_references(hid_t file, const struct twist *t)
{
    const hsize_t dim = 3;
    const hid_t space = H5Screate_simple(1, &dim, NULL);
    hobj_ref_t refs[3] = { 0, 0, 0 };
    hdset_reg_ref_t region[3];
    const hid_t d = H5Dopen2(file, "table", H5P_DEFAULT), s = H5Dget_space(d);
    const hsize_t start = 0, count = t->other_reference ? 2 : 1;

    H5Rcreate(&refs[0], file, t->other_reference ? "table" : "text", H5R_OBJECT, -1);
    H5Rcreate(&refs[1], file, "table", H5R_OBJECT, -1);
    put_dataset(file, "refs", H5T_STD_REF_OBJ, space, H5P_DEFAULT, H5T_STD_REF_OBJ, refs);
    H5Sselect_hyperslab(s, H5S_SELECT_SET, &start, NULL, &count, NULL);
    memset(region, 0, sizeof region);
    for (size_t i = 0; i < 3; i++)
        H5Rcreate(&region[i], file, "table", H5R_DATASET_REGION, s);
    put_dataset(file, "regions", H5T_STD_REF_DSETREG, space, H5P_DEFAULT,
                H5T_STD_REF_DSETREG, region);
    H5Sclose(s);
    H5Dclose(d);
    H5Sclose(space);
}

static void put_scales(hid_t file, bool reversed)
{
    const hsize_t dim = 2;
    const double x[2] = { 1, 2 };
    static const char *const user[2] = { "fixed", "table" };

    H5LTmake_dataset_double(file, "scale", 1, &dim, x);
    const hid_t scale = H5Dopen2(file, "scale", H5P_DEFAULT);
    H5DSset_scale(scale, "scale");
    for (size_t i = 0; i < 2; i++) {
        const hid_t d = H5Dopen2(file, user[reversed ? 1 - i : i], H5P_DEFAULT);
        assert_true(H5DSattach_scale(d, scale, 0) >= 0);
        H5Dclose(d);
    }
    H5Dclose(scale);
}

static void build(const struct twist *t, const char *path)
{
    static void (*const parts[])(hid_t, const struct twist *) = {
        put_numbers, put_texts, put_compound, put_odd_types,
    };
    const hid_t fapl = H5Pcreate(H5P_FILE_ACCESS);

    if (t->libver)
        H5Pset_libver_bounds(fapl, H5F_LIBVER_LATEST, H5F_LIBVER_LATEST);
    const hid_t file = H5Fcreate(path, H5F_ACC_TRUNC, H5P_DEFAULT, fapl);
    assert_true(file >= 0);
    for (size_t i = 0; i < BN_LEN(parts); i++)
        parts[t->reversed ? BN_LEN(parts) - 1 - i : i](file, t);
    put_groups(file, t);
    put_references(file, t);
    put_scales(file, t->reversed);
    assert_true(H5Fclose(file) >= 0);
    H5Pclose(fapl);
}

static const char *in_dir(const char *name)
{
    static char path[256];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    return path;
}

static void twists(void **state)
{
    (void)state;
    static const struct twist plain = { .name = "plain" }, row[] = {
        { .name = "again", .same = true },
        { .name = "created in reverse", .same = true, .reversed = true },
        { .name = "chunked", .same = true, .chunked = true },
        { .name = "packed", .same = true, .packed = true },
        { .name = "big endian", .same = true, .big_endian = true },
        { .name = "attributes in another order", .same = true, .attribute_order = true },
        { .name = "with provenance", .same = true, .provenance = true },
        { .name = "other padding", .same = true, .other_pad = true },
        { .name = "times tracked", .same = true, .tracked = true },
        { .name = "latest format", .same = true, .libver = true },
        { .name = "single precision", .single = true },
        { .name = "one ULP", .other_value = true },
        { .name = "negative zero", .negative_zero = true },
        { .name = "other unit", .other_unit = true },
        { .name = "renamed", .renamed = true },
        { .name = "other shape", .other_shape = true },
        { .name = "no group", .no_group = true },
        { .name = "other external target", .target = true },
        { .name = "other soft target", .other_soft = true },
        { .name = "a hard link more", .hard_link = true },
        { .name = "other text", .other_text = true },
        { .name = "text of fixed length", .fixed_text = true },
        { .name = "other reference", .other_reference = true },
        { .name = "other member", .other_member = true },
        { .name = "other list", .other_list = true },
        { .name = "other name in an enumeration", .other_enum = true },
    };
    char want[BN_HEX], got[BN_HEX];

    build(&plain, in_dir("a.h5"));
    assert_ok(bn_h5_digest(in_dir("a.h5"), want));
    for (size_t i = 0; i < BN_LEN(row); i++) {
        build(&row[i], in_dir("a.h5"));
        assert_ok(bn_h5_digest(in_dir("a.h5"), got));
        if ((strcmp(want, got) == 0) != row[i].same)
            fail_msg("%s: the digest %s", row[i].name,
                     row[i].same ? "changed" : "did not change");
    }
    unlink(in_dir("a.h5"));
}

/* A version of the digest that is stored in caches must not change by accident. */
static void known_answer(void **state)
{
    (void)state;
    const hsize_t dim = 3;
    const double x[3] = { 1.0, 2.0, 3.0 };
    char got[BN_HEX];
    const hid_t file = H5Fcreate(in_dir("k.h5"), H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);

    H5LTmake_dataset_double(file, "x", 1, &dim, x);
    H5LTset_attribute_string(file, "x", "units", "s");
    H5Fclose(file);
    assert_ok(bn_h5_digest(in_dir("k.h5"), got));
    assert_string_equal(got,
                        "cc81b28d72fbb90bf432cb60bd8fac459f3a9b80e25c438b9faef95fbfb54b6a");
    unlink(in_dir("k.h5"));
}

static void circles_end(void **state)
{
    (void)state;
    char got[BN_HEX];
    const hid_t file = H5Fcreate(in_dir("c.h5"), H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);

    H5Gclose(H5Gcreate2(file, "a", H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT));
    H5Gclose(H5Gcreate2(file, "a/b", H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT));
    H5Lcreate_hard(file, "/", file, "a/b/root", H5P_DEFAULT, H5P_DEFAULT);
    H5Lcreate_hard(file, "a", file, "a/b/a", H5P_DEFAULT, H5P_DEFAULT);
    H5Fclose(file);
    assert_ok(bn_h5_digest(in_dir("c.h5"), got));
    unlink(in_dir("c.h5"));
}

/* Larger than one block of reading, along each kind of axis. */
static void big_datasets(void **state)
{
    (void)state;
    enum { BIG = 5000000 };
    static const hsize_t dims[][3] = { { BIG, 1, 1 }, { 1, BIG, 1 }, { 1, 1, BIG },
                                       { 2, BIG / 2, 1 }, { 1000, 1000, 5 } };
    double *x = malloc(BIG * sizeof *x);
    char got[BN_HEX], last[BN_HEX];

    assert_non_null(x);
    for (size_t i = 0; i < BIG; i++)
        x[i] = (double)i;
    for (size_t i = 0; i < BN_LEN(dims); i++) {
        for (int change = 0; change < 2; change++) {
            x[BIG - 1] = change ? 0.5 : (double)(BIG - 1);
            const hid_t f = H5Fcreate(in_dir("b.h5"), H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
            H5LTmake_dataset_double(f, "x", 3, dims[i], x);
            H5Fclose(f);
            assert_ok(bn_h5_digest(in_dir("b.h5"), got));
            if (change)
                assert_string_not_equal(got, last);
            memcpy(last, got, BN_HEX);
        }
    }
    free(x);
    unlink(in_dir("b.h5"));
}

static void flip(const char *path, long at)
{
    FILE *f = fopen(path, "r+");
    assert_non_null(f);
    fseek(f, at, SEEK_SET);
    const int c = fgetc(f);
    fseek(f, at, SEEK_SET);
    fputc(c ^ 1, f);
    fclose(f);
}

static void damage_is_named(void **state)
{
    (void)state;
    const hsize_t dim = 1000;
    double x[1000];
    char got[BN_HEX] = "untouched";
    const hid_t dcpl = H5Pcreate(H5P_DATASET_CREATE), space = H5Screate_simple(1, &dim, NULL);

    for (size_t i = 0; i < dim; i++)
        x[i] = 1234.5;
    H5Pset_chunk(dcpl, 1, &dim);
    H5Pset_fletcher32(dcpl);
    const hid_t f = H5Fcreate(in_dir("d.h5"), H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
    put_dataset(f, "x", H5T_IEEE_F64LE, space, dcpl, H5T_NATIVE_DOUBLE, x);
    H5Fclose(f);
    H5Sclose(space);
    H5Pclose(dcpl);

    FILE *file = fopen(in_dir("d.h5"), "r");
    static unsigned char bytes[65536];
    assert_non_null(file);
    const size_t n = fread(bytes, 1, sizeof bytes, file);
    fclose(file);
    size_t at = 0;
    while (at + 16 < n && memcmp(bytes + at, x, 16) != 0)
        at++;
    assert_true(at + 16 < n);

    flip(in_dir("d.h5"), (long)at + 800);
    assert_fails(bn_h5_digest(in_dir("d.h5"), got), BN_INPUT);
    assert_says(bn_error(), "d.h5: cannot read /x (");
    assert_says(bn_error(), "hecksum");
    flip(in_dir("d.h5"), (long)at + 800);
    assert_ok(bn_h5_digest(in_dir("d.h5"), got));

    strcpy(got, "untouched");
    assert_int_equal(truncate(in_dir("d.h5"), (off_t)n / 2), 0);
    assert_fails(bn_h5_digest(in_dir("d.h5"), got), BN_INPUT);
    assert_says(bn_error(), "truncated");
    unlink(in_dir("d.h5"));
    assert_fails(bn_h5_digest(in_dir("d.h5"), got), BN_INPUT);
    assert_says(bn_error(), "d.h5: cannot open: No such file or directory");
    assert_fails(bn_h5_digest(dir, got), BN_INPUT);
    assert_string_equal(got, "untouched");
}

static int begin(void **state)
{
    (void)state;
    return mkdtemp(dir) != NULL ? 0 : -1;
}

static int end(void **state)
{
    (void)state;
    return rmdir(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(twists),
        cmocka_unit_test(known_answer),
        cmocka_unit_test(circles_end),
        cmocka_unit_test(big_datasets),
        cmocka_unit_test(damage_is_named),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
