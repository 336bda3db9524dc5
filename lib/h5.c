/* SPDX-License-Identifier: MIT */
#include <basin/h5.h>
#include <basin/mem.h>

#include <errno.h>
#include <hdf5.h>
#include <hdf5_hl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

struct bn_h5 {
    hid_t id;
    bool writing;
    char path[];
};

enum { CHUNKED_ABOVE = 64 * 1024, CHUNK_BYTES = 1024 * 1024 };

/* --- shapes ------------------------------------------------------------------- */

size_t bn_shape_count(const struct bn_shape *s)
{
    size_t n = 1;
    for (int i = 0; i < s->rank; i++)
        n *= s->dim[i];
    return n;
}

struct bn_shape bn_shape1(size_t a)
{
    return (struct bn_shape){ .rank = 1, .dim = { a } };
}

struct bn_shape bn_shape2(size_t a, size_t b)
{
    return (struct bn_shape){ .rank = 2, .dim = { a, b } };
}

struct bn_shape bn_shape3(size_t a, size_t b, size_t c)
{
    return (struct bn_shape){ .rank = 3, .dim = { a, b, c } };
}

/* --- files -------------------------------------------------------------------- */

/* The innermost reason that HDF5 gives for its last failure. */
static herr_t innermost(unsigned n, const H5E_error2_t *e, void *reason)
{
    (void)n;
    *(const char **)reason = e->desc != NULL ? e->desc : "";
    return 0;
}

/* A failed system call comes with the time, an address and a line break around what
 * the system says, of which only that is for people.                        */
static const char *reason(void)
{
    static _Thread_local char text[256];
    static const char quote[] = "error message = '";
    const char *desc = "";

    H5Ewalk2(H5E_DEFAULT, H5E_WALK_DOWNWARD, innermost, &desc);
    const char *system_says = strstr(desc, quote);
    if (system_says != NULL)
        desc = system_says + strlen(quote);
    size_t n = strcspn(desc, system_says != NULL ? "'\n" : "\n");
    if (n > sizeof text - 1)
        n = sizeof text - 1;
    memcpy(text, desc, n);
    text[n] = '\0';
    return n > 0 ? text : "no reason given";
}

static bn_status wrap(bn_h5 **f, hid_t id, const char *path, bool writing)
{
    const size_t len = strlen(path) + 1;
    bn_h5 *h = bn_alloc(1, sizeof *h + len);
    if (h == NULL) {
        H5Fclose(id);
        return BN_NOMEM;
    }
    h->id = id;
    h->writing = writing;
    memcpy(h->path, path, len);
    *f = h;
    return BN_OK;
}

/* Every object that is still open when the file is closed would keep the file
 * open silently: H5F_CLOSE_SEMI turns that bug into an error.               */
static hid_t access_list(void)
{
    const hid_t fapl = H5Pcreate(H5P_FILE_ACCESS);
    H5Pset_libver_bounds(fapl, H5F_LIBVER_EARLIEST, H5F_LIBVER_V110);
    H5Pset_fclose_degree(fapl, H5F_CLOSE_SEMI);
    return fapl;
}

/* Both before HDF5 starts.  Its own clean-up at exit crashes where a full disk has
 * left a file that could not be closed; we close everything ourselves.      */
static void quiet(void)
{
    H5dont_atexit();
    setenv("HDF5_USE_FILE_LOCKING", "FALSE", 1);
    H5Eset_auto2(H5E_DEFAULT, NULL, NULL);
}

bn_status bn_h5_create(bn_h5 **f, const char *path)
{
    *f = NULL;
    quiet();
    const hid_t fcpl = H5Pcreate(H5P_FILE_CREATE), fapl = access_list();
    H5Pset_obj_track_times(fcpl, 0);
    H5Pset_link_creation_order(fcpl, H5P_CRT_ORDER_TRACKED);
    H5Pset_attr_creation_order(fcpl, H5P_CRT_ORDER_TRACKED);
    const hid_t id = H5Fcreate(path, H5F_ACC_TRUNC, fcpl, fapl);
    /* Closing a list would wipe the reason. */
    const bn_status rc = id >= 0 ? BN_OK
        : bn_fail(BN_OUTPUT, "%s: cannot create (%s)", path, reason());
    H5Pclose(fapl);
    H5Pclose(fcpl);
    return rc == BN_OK ? wrap(f, id, path, true) : rc;
}

bn_status bn_h5_open(bn_h5 **f, const char *path)
{
    struct stat st;

    *f = NULL;
    if (stat(path, &st) != 0)
        return bn_fail(BN_INPUT, "%s: cannot open: %s", path, strerror(errno));
    if (S_ISDIR(st.st_mode))
        return bn_fail(BN_INPUT, "%s: it is a folder, not an HDF5 file", path);
    quiet();
    const hid_t fapl = access_list();
    const hid_t id = H5Fopen(path, H5F_ACC_RDONLY, fapl);
    const bn_status rc = id >= 0 ? BN_OK
        : bn_fail(BN_INPUT, "%s: cannot open as HDF5 (%s)", path, reason());
    H5Pclose(fapl);
    return rc == BN_OK ? wrap(f, id, path, false) : rc;
}

bn_status bn_h5_close(bn_h5 *f)
{
    if (f == NULL)
        return BN_OK;
    bn_status rc = BN_OK;
    if (f->writing && H5Fflush(f->id, H5F_SCOPE_LOCAL) < 0)
        rc = bn_fail(BN_OUTPUT, "%s: cannot write (%s); is the disk full?", f->path, reason());
    if (H5Fclose(f->id) < 0 && rc == BN_OK)
        rc = bn_fail(f->writing ? BN_OUTPUT : BN_INPUT, "%s: cannot close (%s)", f->path,
                     reason());
    free(f);
    return rc;
}

const char *bn_h5_path(const bn_h5 *f)
{
    return f->path;
}

/* --- writing ------------------------------------------------------------------ */

/* HDF5 holds small writes back until an object is closed, so that closing may fail for
 * want of space.  A failure before keeps its message.                       */
static bn_status close_written(bn_h5 *f, const char *name, hid_t id, bn_status rc)
{
    const bool good = id < 0 || H5Idec_ref(id) >= 0;
    return good || rc != BN_OK ? rc : bn_fail(BN_OUTPUT, "%s: cannot write %s (%s)", f->path,
                                              name, reason());
}

static hid_t stored_type(enum bn_h5_type t)
{
    return t == BN_H5_F64 ? H5T_IEEE_F64LE : t == BN_H5_F32 ? H5T_IEEE_F32LE
         : t == BN_H5_I64 ? H5T_STD_I64LE : H5T_STD_U8LE;
}

static hid_t memory_type(enum bn_h5_type t)
{
    return t == BN_H5_F64 ? H5T_NATIVE_DOUBLE : t == BN_H5_F32 ? H5T_NATIVE_FLOAT
         : t == BN_H5_I64 ? H5T_NATIVE_INT64 : H5T_NATIVE_UINT8;
}

/* Whole rows of about a mebibyte, so that rows can be read one at a time. */
static void choose_chunk(const struct bn_shape *s, size_t size, hsize_t chunk[BN_RANK])
{
    size_t bytes = size;

    for (int i = s->rank - 1; i >= 0; i--) {
        const size_t room = bytes < CHUNK_BYTES ? CHUNK_BYTES / bytes : 1;
        chunk[i] = s->dim[i] < room ? s->dim[i] : room;
        bytes *= chunk[i];
    }
}

static hid_t creation_list(const struct bn_shape *s, size_t size, bool pack)
{
    const hid_t dcpl = H5Pcreate(H5P_DATASET_CREATE);
    const size_t n = bn_shape_count(s);
    hsize_t chunk[BN_RANK];

    H5Pset_obj_track_times(dcpl, 0);
    H5Pset_attr_creation_order(dcpl, H5P_CRT_ORDER_TRACKED);
    if (n == 0 || s->rank == 0 || (n * size <= CHUNKED_ABOVE && !pack))
        return dcpl;
    choose_chunk(s, size, chunk);
    H5Pset_chunk(dcpl, s->rank, chunk);
    if (pack) {
        H5Pset_shuffle(dcpl);
        H5Pset_deflate(dcpl, 1);
    }
    H5Pset_fletcher32(dcpl);
    return dcpl;
}

static hid_t intermediate(void)
{
    const hid_t lcpl = H5Pcreate(H5P_LINK_CREATE);
    H5Pset_create_intermediate_group(lcpl, 1);
    return lcpl;
}

static hid_t space_of(const struct bn_shape *s)
{
    hsize_t dims[BN_RANK];

    if (s->rank == 0)
        return H5Screate(H5S_SCALAR);
    for (int i = 0; i < s->rank; i++)
        dims[i] = s->dim[i];
    return H5Screate_simple(s->rank, dims, NULL);
}

bn_status bn_h5_write(bn_h5 *f, const char *name, enum bn_h5_type type,
                      const struct bn_shape *shape, const void *data, bool pack)
{
    const hid_t space = space_of(shape), lcpl = intermediate();
    const hid_t dcpl = creation_list(shape, H5Tget_size(stored_type(type)), pack);
    const hid_t d = H5Dcreate2(f->id, name, stored_type(type), space, lcpl, dcpl,
                               H5P_DEFAULT);
    bool bad = d < 0;
    if (!bad && bn_shape_count(shape) > 0)
        bad = H5Dwrite(d, memory_type(type), H5S_ALL, H5S_ALL, H5P_DEFAULT, data) < 0;
    bn_status rc = !bad ? BN_OK
        : bn_fail(BN_OUTPUT, "%s: cannot write %s (%s)", f->path, name, reason());
    rc = close_written(f, name, d, rc);
    H5Pclose(dcpl);
    H5Pclose(lcpl);
    H5Sclose(space);
    return rc;
}

static hid_t text_type(size_t fixed)
{
    const hid_t type = H5Tcopy(H5T_C_S1);
    H5Tset_size(type, fixed != 0 ? fixed : H5T_VARIABLE);
    H5Tset_cset(type, H5T_CSET_UTF8);
    return type;
}

bn_status bn_h5_write_texts(bn_h5 *f, const char *name, const char *const *texts, size_t n)
{
    const struct bn_shape shape = bn_shape1(n);
    const hid_t type = text_type(0), space = space_of(&shape), lcpl = intermediate();
    const hid_t dcpl = creation_list(&(struct bn_shape){ 0 }, 1, false);
    const hid_t d = H5Dcreate2(f->id, name, type, space, lcpl, dcpl, H5P_DEFAULT);
    bool bad = d < 0;
    if (!bad && n > 0)
        bad = H5Dwrite(d, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, texts) < 0;
    bn_status rc = !bad ? BN_OK
        : bn_fail(BN_OUTPUT, "%s: cannot write %s (%s)", f->path, name, reason());
    rc = close_written(f, name, d, rc);
    H5Pclose(dcpl);
    H5Pclose(lcpl);
    H5Sclose(space);
    H5Tclose(type);
    return rc;
}

bn_status bn_h5_group(bn_h5 *f, const char *name)
{
    const hid_t gcpl = H5Pcreate(H5P_GROUP_CREATE), lcpl = intermediate();
    H5Pset_obj_track_times(gcpl, 0);
    H5Pset_attr_creation_order(gcpl, H5P_CRT_ORDER_TRACKED);
    const hid_t g = H5Gcreate2(f->id, name, lcpl, gcpl, H5P_DEFAULT);
    const bn_status rc = g >= 0 ? BN_OK
        : bn_fail(BN_OUTPUT, "%s: cannot create the group %s (%s)", f->path, name, reason());
    H5Pclose(lcpl);
    H5Pclose(gcpl);
    return close_written(f, name, g, rc);
}

bn_status bn_h5_axis(bn_h5 *f, const char *name, int axis, const char *scale)
{
    const char *label = scale[0] == '/' ? scale + 1 : scale;
    const hid_t d = H5Dopen2(f->id, name, H5P_DEFAULT);
    hid_t s = -1;
    bool bad = d < 0;

    if (!bad && bn_h5_kind(f, scale) == BN_H5_DATASET) {
        s = H5Dopen2(f->id, scale, H5P_DEFAULT);
        const bool self = bn_h5_same(f, name, scale);
        if (H5DSis_scale(s) <= 0)
            bad = H5DSset_scale(s, label) < 0;
        if (!bad && !self)
            bad = H5DSattach_scale(d, s, (unsigned)axis) < 0;
        if (!bad && !self)
            bad = H5DSset_label(d, (unsigned)axis, label) < 0;
    } else if (!bad) {
        bad = H5DSset_label(d, (unsigned)axis, label) < 0;
    }
    const bn_status rc = !bad ? BN_OK
        : bn_fail(BN_OUTPUT, "%s: cannot name axis %d of %s %s (%s)", f->path, axis, name,
                  label, reason());
    return close_written(f, name, d, close_written(f, scale, s, rc));
}

bn_status bn_h5_axis_name(bn_h5 *f, const char *name, int axis, char **scale)
{
    *scale = NULL;
    const hid_t d = H5Dopen2(f->id, name, H5P_DEFAULT);
    if (d < 0)
        return bn_fail(BN_INPUT, "%s: no dataset %s (%s)", f->path, name, reason());
    const ssize_t n = H5DSget_label(d, (unsigned)axis, NULL, 0);
    bn_status rc = BN_OK;
    if (n > 0) {
        *scale = bn_alloc((size_t)n + 1, 1);
        if (*scale == NULL)
            rc = BN_NOMEM;
        else if (H5DSget_label(d, (unsigned)axis, *scale, (size_t)n + 1) < 0)
            rc = bn_fail(BN_INPUT, "%s: axis %d of %s has an unreadable name (%s)",
                         f->path, axis, name, reason());
    }
    if (rc != BN_OK) {
        free(*scale);
        *scale = NULL;
    }
    H5Dclose(d);
    return rc;
}

/* One attribute; `type` describes both memory and file. */
static bn_status put(bn_h5 *f, const char *object, const char *key, hid_t file_type,
                     hid_t mem_type, const struct bn_shape *shape, const void *data)
{
    const hid_t o = H5Oopen(f->id, object, H5P_DEFAULT), space = space_of(shape);
    const hid_t a = o < 0 ? -1 : H5Acreate2(o, key, file_type, space, H5P_DEFAULT,
                                            H5P_DEFAULT);
    const bool bad = a < 0 || H5Awrite(a, mem_type, data) < 0;
    bn_status rc = !bad ? BN_OK
        : bn_fail(BN_OUTPUT, "%s: cannot write attribute %s of %s (%s)", f->path, key,
                  object, reason());
    rc = close_written(f, key, a, rc);
    H5Sclose(space);
    return close_written(f, object, o, rc);
}

/* Variable length, because h5py gives these as str and fixed ones as bytes. */
bn_status bn_h5_put_text(bn_h5 *f, const char *object, const char *key, const char *text)
{
    const hid_t type = text_type(0);
    const bn_status rc = put(f, object, key, type, type, &(struct bn_shape){ 0 }, &text);
    H5Tclose(type);
    return rc;
}

bn_status bn_h5_put_real(bn_h5 *f, const char *object, const char *key, const double *x,
                         size_t n)
{
    struct bn_shape shape = bn_shape1(n);
    if (n == 1)
        shape.rank = 0;
    return put(f, object, key, H5T_IEEE_F64LE, H5T_NATIVE_DOUBLE, &shape, x);
}

/* --- reading ------------------------------------------------------------------ */

enum bn_h5_kind bn_h5_kind(bn_h5 *f, const char *name)
{
    const hid_t o = H5Oopen(f->id, name, H5P_DEFAULT);
    if (o < 0)
        return BN_H5_NONE;
    const H5I_type_t t = H5Iget_type(o);
    H5Oclose(o);
    return t == H5I_DATASET ? BN_H5_DATASET : t == H5I_GROUP ? BN_H5_GROUP : BN_H5_NONE;
}

static bn_status open_dataset(bn_h5 *f, const char *name, hid_t *d)
{
    *d = H5Dopen2(f->id, name, H5P_DEFAULT);
    return *d >= 0 ? BN_OK : bn_fail(BN_INPUT, "%s: no dataset %s", f->path, name);
}

static bn_status shape_of(bn_h5 *f, const char *name, hid_t d, struct bn_shape *shape)
{
    const hid_t space = H5Dget_space(d);
    const int rank = H5Sget_simple_extent_ndims(space);
    hsize_t dims[H5S_MAX_RANK];

    *shape = (struct bn_shape){ 0 };
    if (rank < 0 || rank > BN_RANK) {
        H5Sclose(space);
        return bn_fail(BN_INPUT, "%s: %s has %d axes, at most %d can be read", f->path,
                       name, rank, BN_RANK);
    }
    H5Sget_simple_extent_dims(space, dims, NULL);
    const bool none = H5Sget_simple_extent_type(space) == H5S_NULL;
    H5Sclose(space);
    size_t bytes = sizeof(double);       /* a damaged file may claim any size */
    for (int i = 0; i < rank; i++) {
        if (dims[i] > 0 && bytes > SIZE_MAX / dims[i])
            return bn_fail(BN_INPUT, "%s: %s claims more numbers than any memory holds; is "
                           "the file damaged?", f->path, name);
        bytes *= dims[i] > 0 ? (size_t)dims[i] : 1;
    }
    shape->rank = none ? 1 : rank;
    for (int i = 0; i < rank; i++)
        shape->dim[i] = (size_t)dims[i];
    return BN_OK;
}

bn_status bn_h5_shape(bn_h5 *f, const char *name, struct bn_shape *shape)
{
    hid_t d;

    *shape = (struct bn_shape){ 0 };
    BN_TRY(open_dataset(f, name, &d));
    const bn_status rc = shape_of(f, name, d, shape);
    H5Dclose(d);
    return rc;
}

static H5T_class_t class_of(bn_h5 *f, const char *name)
{
    const hid_t d = H5Dopen2(f->id, name, H5P_DEFAULT);
    if (d < 0)
        return H5T_NO_CLASS;
    const hid_t t = H5Dget_type(d);
    const H5T_class_t c = H5Tget_class(t);
    H5Tclose(t);
    H5Dclose(d);
    return c;
}

bool bn_h5_is_text(bn_h5 *f, const char *name)
{
    return class_of(f, name) == H5T_STRING;
}

bool bn_h5_is_integer(bn_h5 *f, const char *name)
{
    const H5T_class_t c = class_of(f, name);
    return c == H5T_INTEGER || c == H5T_ENUM;
}

/* HDF5 converts no enum to a number: read it as its base integer. */
static hid_t reading_type(hid_t d, hid_t wanted)
{
    const hid_t t = H5Dget_type(d);
    const H5T_class_t c = H5Tget_class(t);
    hid_t r = -1;

    if (c == H5T_INTEGER || c == H5T_FLOAT)
        r = H5Tcopy(wanted);
    else if (c == H5T_ENUM)
        r = H5Tget_native_type(t, H5T_DIR_ASCEND);
    H5Tclose(t);
    return r;
}

static bool is_signed(hid_t enumeration)
{
    const hid_t base = H5Tget_super(enumeration);
    const bool yes = H5Tget_sign(base) != H5T_SGN_NONE;
    H5Tclose(base);
    return yes;
}

/* Spread native enum values of `size` bytes over an array of wider numbers, in place. */
static bn_status widen(void *data, size_t n, size_t size, bool sign, hid_t wanted)
{
    const hid_t from = size == 1 ? (sign ? H5T_NATIVE_INT8 : H5T_NATIVE_UINT8)
                     : size == 2 ? (sign ? H5T_NATIVE_INT16 : H5T_NATIVE_UINT16)
                     : size == 4 ? (sign ? H5T_NATIVE_INT32 : H5T_NATIVE_UINT32)
                                 : (sign ? H5T_NATIVE_INT64 : H5T_NATIVE_UINT64);
    return H5Tconvert(from, wanted, n, data, NULL, H5P_DEFAULT) >= 0
               ? BN_OK : bn_fail(BN_INPUT, "enum values of %zu bytes (%s)", size, reason());
}

/* Name the filter that this installation lacks, if that is why reading fails. */
static bn_status unreadable(bn_h5 *f, const char *name, hid_t d)
{
    const char *why = reason();
    const hid_t dcpl = H5Dget_create_plist(d);
    bn_status rc = bn_fail(BN_INPUT, "%s: cannot read %s (%s); is the file damaged?",
                           f->path, name, why);

    for (int i = 0; i < H5Pget_nfilters(dcpl); i++) {
        char filter[64] = "";
        unsigned flags;
        size_t none = 0;
        const H5Z_filter_t id = H5Pget_filter2(dcpl, (unsigned)i, &flags, &none, NULL,
                                               sizeof filter, filter, NULL);
        if (H5Zfilter_avail(id) <= 0)
            rc = bn_fail(BN_INPUT, "%s: %s is compressed with filter %d (%s), which is not "
                         "installed; rewrite it, e.g. with h5repack -f GZIP=1", f->path,
                         name, (int)id, filter);
    }
    H5Pclose(dcpl);
    return rc;
}

static bn_status read_selection(bn_h5 *f, const char *name, hid_t d, hid_t mem_space,
                                hid_t file_space, hid_t wanted, void *out, size_t n)
{
    const hid_t type = reading_type(d, wanted);
    if (type < 0)
        return bn_fail(BN_INPUT, "%s: %s does not hold numbers", f->path, name);
    const bool is_enum = H5Tget_class(type) == H5T_ENUM;
    const size_t size = H5Tget_size(type);
    const bool bad = H5Dread(d, type, mem_space, file_space, H5P_DEFAULT, out) < 0;
    bn_status rc = bad ? unreadable(f, name, d) : BN_OK;
    if (!bad && is_enum)
        rc = widen(out, n, size, is_signed(type), wanted);
    H5Tclose(type);
    return rc;
}

static bn_status read_all(bn_h5 *f, const char *name, hid_t wanted, void **data, size_t *n,
                          struct bn_shape *shape)
{
    hid_t d;

    *data = NULL;
    *n = 0;
    BN_TRY(open_dataset(f, name, &d));
    bn_status rc = shape_of(f, name, d, shape);
    if (rc == BN_OK) {
        const size_t count = bn_shape_count(shape);
        void *p = bn_alloc(count, sizeof(double));
        if (p == NULL)
            rc = BN_NOMEM;
        else if (count > 0)
            rc = read_selection(f, name, d, H5S_ALL, H5S_ALL, wanted, p, count);
        if (rc == BN_OK) {
            *data = p;
            *n = count;
        } else {
            free(p);
        }
    }
    H5Dclose(d);
    return rc;
}

bn_status bn_h5_read(bn_h5 *f, const char *name, double **data, size_t *n)
{
    struct bn_shape shape;
    void *p;
    const bn_status rc = read_all(f, name, H5T_NATIVE_DOUBLE, &p, n, &shape);
    *data = p;
    return rc;
}

bn_status bn_h5_read_integers(bn_h5 *f, const char *name, int64_t **data, size_t *n)
{
    struct bn_shape shape;
    void *p;
    const bn_status rc = read_all(f, name, H5T_NATIVE_INT64, &p, n, &shape);
    *data = p;
    return rc;
}

bn_status bn_h5_read_mat(bn_h5 *f, const char *name, struct bn_mat *m)
{
    struct bn_shape shape;
    void *p;
    size_t n;

    *m = (struct bn_mat){ 0 };
    BN_TRY(read_all(f, name, H5T_NATIVE_DOUBLE, &p, &n, &shape));
    if (shape.rank > 2 || shape.rank < 1) {
        free(p);
        return bn_fail(BN_INPUT, "%s: %s has %d axes, a matrix was expected", f->path,
                       name, shape.rank);
    }
    *m = (struct bn_mat){ .rows = shape.dim[0], .cols = shape.rank == 2 ? shape.dim[1] : 1,
                          .data = p };
    return BN_OK;
}

bn_status bn_h5_read_rows(bn_h5 *f, const char *name, size_t row, size_t rows, double *out)
{
    struct bn_shape shape;
    hid_t d;

    BN_TRY(open_dataset(f, name, &d));
    bn_status rc = shape_of(f, name, d, &shape);
    if (rc == BN_OK && (shape.rank < 1 || row > shape.dim[0] || rows > shape.dim[0] - row))
        rc = bn_fail(BN_INPUT, "%s: rows %zu to %zu of %s were asked for, it has %zu",
                     f->path, row, row + rows, name, shape.rank < 1 ? 1 : shape.dim[0]);
    if (rc == BN_OK && rows > 0 && bn_shape_count(&shape) > 0) {
        hsize_t start[BN_RANK] = { row }, count[BN_RANK] = { rows };
        hsize_t n = rows;
        for (int i = 1; i < shape.rank; i++) {
            count[i] = shape.dim[i];
            n *= count[i];
        }
        const hid_t file_space = H5Dget_space(d), mem_space = H5Screate_simple(1, &n, NULL);
        H5Sselect_hyperslab(file_space, H5S_SELECT_SET, start, NULL, count, NULL);
        rc = read_selection(f, name, d, mem_space, file_space, H5T_NATIVE_DOUBLE, out,
                            (size_t)n);
        H5Sclose(mem_space);
        H5Sclose(file_space);
    }
    H5Dclose(d);
    return rc;
}

/* n strings and the pointers to them in one block, from a callback by index. */
static bn_status gather(size_t n, const char *const *from, char ***texts)
{
    size_t bytes = n * sizeof(char *);

    *texts = NULL;
    for (size_t i = 0; i < n; i++)
        bytes += strlen(from[i] != NULL ? from[i] : "") + 1;
    char **block = bn_alloc(bytes, 1);
    if (block == NULL)
        return BN_NOMEM;
    char *at = (char *)(block + n);
    for (size_t i = 0; i < n; i++) {
        const size_t len = strlen(from[i] != NULL ? from[i] : "") + 1;
        memcpy(at, from[i] != NULL ? from[i] : "", len);
        block[i] = at;
        at += len;
    }
    *texts = block;
    return BN_OK;
}

/* Fixed-length strings may lack their final NUL or be padded with blanks. */
static bn_status read_fixed(hid_t d, size_t n, size_t size, hid_t cset_of, char ***texts)
{
    char *raw = bn_alloc(n + 1, size + 1);
    const char **from = bn_alloc(n + 1, sizeof *from);
    bn_status rc = raw == NULL || from == NULL ? BN_NOMEM : BN_OK;

    if (rc == BN_OK) {
        const hid_t type = H5Tcopy(H5T_C_S1);
        H5Tset_size(type, size + 1);     /* room for the NUL that HDF5 adds */
        H5Tset_cset(type, H5Tget_cset(cset_of));
        if (n > 0 && H5Dread(d, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, raw) < 0)
            rc = bn_fail(BN_INPUT, "%s", reason());
        H5Tclose(type);
        for (size_t i = 0; i < n; i++)
            from[i] = raw + i * (size + 1);
        if (rc == BN_OK)
            rc = gather(n, from, texts);
    }
    free(from);
    free(raw);
    return rc;
}

static bn_status read_variable(hid_t d, size_t n, hid_t cset_of, char ***texts)
{
    char **raw = bn_alloc(n + 1, sizeof *raw);
    if (raw == NULL)
        return BN_NOMEM;
    const hid_t type = text_type(0), space = H5Dget_space(d);
    H5Tset_cset(type, H5Tget_cset(cset_of));
    bn_status rc = BN_OK;
    if (n > 0 && H5Dread(d, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, raw) < 0)
        rc = bn_fail(BN_INPUT, "%s", reason());
    else
        rc = gather(n, (const char *const *)raw, texts);
    if (n > 0)
        H5Dvlen_reclaim(type, space, H5P_DEFAULT, raw);
    H5Sclose(space);
    H5Tclose(type);
    free(raw);
    return rc;
}

bn_status bn_h5_read_texts(bn_h5 *f, const char *name, char ***texts, size_t *n)
{
    struct bn_shape shape;
    hid_t d;

    *texts = NULL;
    *n = 0;
    BN_TRY(open_dataset(f, name, &d));
    const hid_t type = H5Dget_type(d);
    bn_status rc = shape_of(f, name, d, &shape);
    if (rc == BN_OK && H5Tget_class(type) != H5T_STRING)
        rc = bn_fail(BN_INPUT, "%s: %s does not hold text", f->path, name);
    if (rc == BN_OK) {
        *n = bn_shape_count(&shape);
        rc = H5Tis_variable_str(type) > 0
                 ? read_variable(d, *n, type, texts)
                 : read_fixed(d, *n, H5Tget_size(type), type, texts);
        if (rc == BN_INPUT)
            rc = bn_fail_at(rc, "%s: cannot read %s", f->path, name);
    }
    H5Tclose(type);
    H5Dclose(d);
    return rc;
}

bool bn_h5_has_attribute(bn_h5 *f, const char *object, const char *key)
{
    return bn_h5_kind(f, object) != BN_H5_NONE
        && H5Aexists_by_name(f->id, object, key, H5P_DEFAULT) > 0;
}

static bn_status open_attribute(bn_h5 *f, const char *object, const char *key, hid_t *a)
{
    *a = H5Aopen_by_name(f->id, object, key, H5P_DEFAULT, H5P_DEFAULT);
    return *a >= 0 ? BN_OK : bn_fail(BN_INPUT, "%s: %s has no attribute %s", f->path,
                                     object, key);
}

static size_t attribute_count(hid_t a)
{
    const hid_t space = H5Aget_space(a);
    const hssize_t n = H5Sget_simple_extent_npoints(space);
    H5Sclose(space);
    return n > 0 ? (size_t)n : 0;
}

static bn_status attribute_text(hid_t a, hid_t type, char **text)
{
    const size_t n = attribute_count(a), size = H5Tget_size(type);
    const bool variable = H5Tis_variable_str(type) > 0;
    const hid_t mem = text_type(variable ? 0 : size + 1), space = H5Aget_space(a);
    char *raw = bn_alloc(n, variable ? sizeof(char *) : size + 1);
    bn_status rc = raw == NULL ? BN_NOMEM : BN_OK;

    H5Tset_cset(mem, H5Tget_cset(type));
    if (rc == BN_OK && H5Aread(a, mem, raw) < 0) {
        rc = bn_fail(BN_INPUT, "%s", reason());
    } else if (rc == BN_OK) {
        const char *first = variable ? *(char **)(void *)raw : raw;
        *text = bn_copy(first != NULL ? first : "");
        rc = *text == NULL ? BN_NOMEM : BN_OK;
        if (variable)
            H5Dvlen_reclaim(mem, space, H5P_DEFAULT, raw);
    }
    free(raw);
    H5Sclose(space);
    H5Tclose(mem);
    return rc;
}

bn_status bn_h5_get_text(bn_h5 *f, const char *object, const char *key, char **text)
{
    hid_t a;

    *text = NULL;
    BN_TRY(open_attribute(f, object, key, &a));
    const hid_t type = H5Aget_type(a);
    bn_status rc;
    if (H5Tget_class(type) != H5T_STRING || attribute_count(a) == 0)
        rc = bn_fail(BN_INPUT, "%s: attribute %s of %s is not text", f->path, key, object);
    else if ((rc = attribute_text(a, type, text)) == BN_INPUT)
        rc = bn_fail_at(rc, "%s: cannot read attribute %s of %s", f->path, key, object);
    H5Tclose(type);
    H5Aclose(a);
    return rc;
}

/* The elements of a numeric attribute, which free(). */
static bn_status get_numbers(bn_h5 *f, const char *object, const char *key, double **x,
                             size_t *n)
{
    hid_t a;

    *x = NULL;
    BN_TRY(open_attribute(f, object, key, &a));
    const hid_t type = H5Aget_type(a);
    const H5T_class_t c = H5Tget_class(type);
    *n = attribute_count(a);
    *x = bn_alloc(*n, sizeof **x);
    bn_status rc = *x == NULL ? BN_NOMEM : BN_OK;
    if (rc == BN_OK && ((c != H5T_INTEGER && c != H5T_FLOAT) || *n == 0
                        || H5Aread(a, H5T_NATIVE_DOUBLE, *x) < 0))
        rc = bn_fail(BN_INPUT, "%s: attribute %s of %s is not a number", f->path, key,
                     object);
    H5Tclose(type);
    H5Aclose(a);
    return rc;
}

bn_status bn_h5_get_real(bn_h5 *f, const char *object, const char *key, double *x)
{
    double *all;
    size_t n;

    *x = 0.0;
    const bn_status rc = get_numbers(f, object, key, &all, &n);
    if (rc == BN_OK)
        *x = all[0];
    free(all);
    return rc;
}

bn_status bn_h5_get_reals(bn_h5 *f, const char *object, const char *key, double *x, size_t n)
{
    double *all;
    size_t there;
    bn_status rc = get_numbers(f, object, key, &all, &there);

    if (rc == BN_OK && there != n)
        rc = bn_fail(BN_INPUT, "%s: attribute %s of %s has %zu numbers, not %zu", f->path, key,
                     object, there, n);
    if (rc == BN_OK)
        memcpy(x, all, n * sizeof *x);
    free(all);
    return rc;
}

/* --- listing ------------------------------------------------------------------ */

struct names {
    char **items;
    size_t n;
    bool failed;
};

static void remember(struct names *l, const char *name)
{
    char **grown = bn_grow(l->items, l->n + 1, sizeof *grown);
    if (grown != NULL)
        l->items = grown;
    char *copy = grown != NULL ? bn_copy(name) : NULL;
    if (copy == NULL)
        l->failed = true;
    else
        l->items[l->n++] = copy;
}

static herr_t on_link(hid_t g, const char *name, const H5L_info_t *info, void *list)
{
    (void)g;
    (void)info;
    remember(list, name);
    return ((struct names *)list)->failed ? -1 : 0;
}

static herr_t on_attribute(hid_t o, const char *name, const H5A_info_t *info, void *list)
{
    (void)o;
    (void)info;
    remember(list, name);
    return ((struct names *)list)->failed ? -1 : 0;
}

static bn_status listed(struct names *l, herr_t e, bn_h5 *f, const char *object,
                        char ***names, size_t *n)
{
    bn_status rc = BN_NOMEM;

    if (e < 0 && !l->failed)
        rc = bn_fail(BN_INPUT, "%s: cannot list %s (%s)", f->path, object, reason());
    else if (!l->failed && (rc = gather(l->n, (const char *const *)l->items, names)) == BN_OK)
        *n = l->n;
    for (size_t i = 0; i < l->n; i++)
        free(l->items[i]);
    free(l->items);
    return rc;
}

bn_status bn_h5_members(bn_h5 *f, const char *group, char ***names, size_t *n)
{
    struct names l = { 0 };

    *names = NULL;
    *n = 0;
    const herr_t e = H5Literate_by_name(f->id, group, H5_INDEX_NAME, H5_ITER_INC, NULL,
                                        on_link, &l, H5P_DEFAULT);
    return listed(&l, e, f, group, names, n);
}

bn_status bn_h5_attributes(bn_h5 *f, const char *object, char ***names, size_t *n)
{
    struct names l = { 0 };
    H5_index_t index = H5_INDEX_CRT_ORDER;
    hsize_t at = 0;

    *names = NULL;
    *n = 0;
    herr_t e = H5Aiterate_by_name(f->id, object, index, H5_ITER_INC, &at, on_attribute, &l,
                                  H5P_DEFAULT);
    if (e < 0 && l.n == 0) {             /* foreign files may not track the order */
        at = 0;
        e = H5Aiterate_by_name(f->id, object, H5_INDEX_NAME, H5_ITER_INC, &at,
                               on_attribute, &l, H5P_DEFAULT);
    }
    return listed(&l, e, f, object, names, n);
}

bool bn_h5_same(bn_h5 *f, const char *a, const char *b)
{
    H5O_info_t x, y;

    return H5Oget_info_by_name2(f->id, a, &x, H5O_INFO_BASIC, H5P_DEFAULT) >= 0
        && H5Oget_info_by_name2(f->id, b, &y, H5O_INFO_BASIC, H5P_DEFAULT) >= 0
        && x.fileno == y.fileno && x.addr == y.addr;
}
