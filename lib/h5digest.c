/* SPDX-License-Identifier: MIT */
#include <basin/h5digest.h>

#include <basin/mem.h>

#include <errno.h>
#include <hdf5.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* A box stays in the cache and its memory is reused; a chunk may be larger. */
enum { BLOCK = 1 << 20, CHUNKS = 64 << 20, STAGED = 64 << 10 };

enum kind { HARD, SOFT, EXTERNAL };

struct entry {
    char *path;
    enum kind kind;
    char *target;                        /* of a soft or external link */
    haddr_t address;
    bool shared;                         /* more than one hard link leads here */
    size_t first;                        /* the entry that tells what it holds */
};

struct place {
    haddr_t address;
    size_t entry;
};

struct walk {
    hid_t file;
    const char *path;
    struct entry *entry;
    size_t n, room;
    struct place *place;                 /* hard links by address */
    size_t n_place;
    bn_digest *digest;
    unsigned char *staged;               /* small pieces on their way to the digest */
    size_t n_staged;
};

/* --- failing -------------------------------------------------------------- */

static herr_t innermost(unsigned n, const H5E_error2_t *e, void *reason)
{
    (void)n;
    *(const char **)reason = e->desc != NULL ? e->desc : "";
    return 0;
}

/* To be asked before anything else of HDF5, which forgets its errors at each call. */
static bn_status unreadable(const struct walk *w, const char *what)
{
    const char *reason = "";

    H5Ewalk2(H5E_DEFAULT, H5E_WALK_DOWNWARD, innermost, &reason);
    return bn_fail(BN_INPUT, "%s: cannot read %s (%s); is the file damaged?", w->path, what,
                   *reason != '\0' ? reason : "no reason given");
}

/* --- feeding the digest --------------------------------------------------- */

static void flush(struct walk *w)
{
    bn_digest_add(w->digest, w->staged, w->n_staged);
    w->n_staged = 0;
}

static void add(struct walk *w, const void *bytes, size_t n)
{
    if (w->n_staged + n > STAGED)
        flush(w);
    if (n > STAGED) {
        bn_digest_add(w->digest, bytes, n);
    } else {
        memcpy(w->staged + w->n_staged, bytes, n);
        w->n_staged += n;
    }
}

static void add_text(struct walk *w, const char *text)
{
    add(w, text, strlen(text) + 1);
}

static void add_number(struct walk *w, uint64_t x)
{
    unsigned char byte[8];

    for (int i = 0; i < 8; i++)
        byte[i] = (unsigned char)(x >> (8 * i));
    add(w, byte, sizeof byte);
}

/* n numbers of `size` bytes each in the order of this machine, as little-endian. */
static void add_numbers(struct walk *w, const unsigned char *bytes, size_t size, size_t n)
{
    static const uint16_t probe = 1;

    if (*(const unsigned char *)&probe == 1 || size == 1) {
        add(w, bytes, size * n);
        return;
    }
    for (size_t i = 0; i < n; i++)
        for (size_t k = size; k > 0; k--)
            add(w, bytes + i * size + k - 1, 1);
}

/* --- types ---------------------------------------------------------------- */

static void add_type(struct walk *w, hid_t type);

static void add_member_types(struct walk *w, hid_t type, bool compound)
{
    const int n = H5Tget_nmembers(type);

    add_number(w, (uint64_t)n);
    for (unsigned i = 0; n > 0 && i < (unsigned)n; i++) {
        char *name = H5Tget_member_name(type, i);
        add_text(w, name != NULL ? name : "");
        H5free_memory(name);
        if (compound) {
            const hid_t member = H5Tget_member_type(type, i);
            add_type(w, member);
            H5Tclose(member);
        }
    }
}

/* The values of an enumeration, by name, as little-endian numbers. */
static void add_enum(struct walk *w, hid_t type)
{
    const hid_t base = H5Tget_super(type);
    const hid_t native = H5Tget_native_type(type, H5T_DIR_ASCEND);
    const size_t size = H5Tget_size(native);
    const int n = H5Tget_nmembers(native);
    unsigned char value[64] = { 0 };

    add_type(w, base);
    add_member_types(w, type, false);
    for (unsigned i = 0; n > 0 && i < (unsigned)n && size <= sizeof value; i++)
        if (H5Tget_member_value(native, i, value) >= 0)
            add_numbers(w, value, size, 1);
    H5Tclose(native);
    H5Tclose(base);
}

static void add_float(struct walk *w, hid_t type)
{
    size_t sign, exponent, n_exponent, mantissa, n_mantissa;

    add_number(w, H5Tget_size(type));
    if (H5Tget_fields(type, &sign, &exponent, &n_exponent, &mantissa, &n_mantissa) >= 0) {
        add_number(w, n_exponent);
        add_number(w, n_mantissa);
        add_number(w, H5Tget_ebias(type));
    }
}

static void add_array_type(struct walk *w, hid_t type)
{
    hsize_t dim[H5S_MAX_RANK];
    const int rank = H5Tget_array_dims2(type, dim);
    const hid_t base = H5Tget_super(type);

    add_number(w, (uint64_t)rank);
    for (int k = 0; k < rank; k++)
        add_number(w, dim[k]);
    add_type(w, base);
    H5Tclose(base);
}

static void add_type(struct walk *w, hid_t type)
{
    const H5T_class_t class = H5Tget_class(type);
    char *tag;
    hid_t base;

    add_number(w, (uint64_t)class);
    switch (class) {
    case H5T_INTEGER:
        add_number(w, H5Tget_size(type));
        add_number(w, (uint64_t)H5Tget_sign(type));
        break;
    case H5T_FLOAT:
        add_float(w, type);
        break;
    case H5T_STRING:
        add_number(w, H5Tis_variable_str(type) > 0 ? 0 : H5Tget_size(type));
        add_number(w, (uint64_t)H5Tget_cset(type));
        break;
    case H5T_COMPOUND:
        add_member_types(w, type, true);
        break;
    case H5T_ENUM:
        add_enum(w, type);
        break;
    case H5T_ARRAY:
        add_array_type(w, type);
        break;
    case H5T_VLEN:
        base = H5Tget_super(type);
        add_type(w, base);
        H5Tclose(base);
        break;
    case H5T_OPAQUE:
        tag = H5Tget_tag(type);
        add_text(w, tag != NULL ? tag : "");
        H5free_memory(tag);
        add_number(w, H5Tget_size(type));
        break;
    default:                             /* bit field, reference, time */
        add_number(w, H5Tget_size(type));
        break;
    }
}

/* What to read `type` as: the layout of this machine, but never a long double,
 * whose padding is undefined.                                               */
static hid_t memory_type(hid_t type)
{
    hid_t native = H5I_INVALID_HID;

    if (!(H5Tget_class(type) == H5T_FLOAT && H5Tget_size(type) > sizeof(double)))
        native = H5Tget_native_type(type, H5T_DIR_ASCEND);
    return native >= 0 ? native : H5Tcopy(type);
}

static bool is_plain(hid_t type)
{
    const H5T_class_t class = H5Tget_class(type);
    return class == H5T_INTEGER || class == H5T_FLOAT || class == H5T_ENUM ||
           class == H5T_BITFIELD;
}

/* --- values --------------------------------------------------------------- */

static void add_values(struct walk *w, hid_t type, const unsigned char *bytes, size_t n);

static int by_address(const void *a, const void *b)
{
    const struct place *x = a, *y = b;
    return (x->address > y->address) - (x->address < y->address);
}

static const char *path_of(const struct walk *w, hid_t object)
{
    H5O_info_t info;
    struct place key = { 0 };

    if (object < 0 || H5Oget_info2(object, &info, H5O_INFO_BASIC) < 0)
        return "nowhere";
    key.address = info.addr;
    const struct place *p = bsearch(&key, w->place, w->n_place, sizeof *p, by_address);
    return p != NULL ? w->entry[w->entry[p->entry].first].path : "elsewhere";
}

static void add_region(struct walk *w, const void *reference)
{
    const hid_t space = H5Rget_region(w->file, H5R_DATASET_REGION, reference);
    if (space < 0)
        return;
    const int rank = H5Sget_simple_extent_ndims(space);
    const bool points = H5Sget_select_type(space) == H5S_SEL_POINTS;
    const hssize_t n = points ? H5Sget_select_elem_npoints(space)
                     : H5Sget_select_type(space) == H5S_SEL_HYPERSLABS
                     ? H5Sget_select_hyper_nblocks(space) : 0;
    hsize_t corner[2 * H5S_MAX_RANK];

    add_number(w, (uint64_t)H5Sget_select_type(space));
    add_number(w, (uint64_t)n);
    for (hssize_t i = 0; i < n; i++) {
        const herr_t rc = points
            ? H5Sget_select_elem_pointlist(space, (hsize_t)i, 1, corner)
            : H5Sget_select_hyper_blocklist(space, (hsize_t)i, 1, corner);
        for (int k = 0; rc >= 0 && k < (points ? rank : 2 * rank); k++)
            add_number(w, corner[k]);
    }
    H5Sclose(space);
}

static void add_references(struct walk *w, hid_t type, const unsigned char *bytes, size_t n)
{
    const bool region = H5Tequal(type, H5T_STD_REF_DSETREG) > 0;
    const H5R_type_t kind = region ? H5R_DATASET_REGION : H5R_OBJECT;
    const size_t size = H5Tget_size(type);
    const char *path = "nowhere";

    for (size_t i = 0; i < n; i++) {
        const unsigned char *r = bytes + i * size;
        /* Columns of references often repeat one. */
        if (i == 0 || memcmp(r, r - size, size) != 0) {
            const hid_t object = H5Rdereference2(w->file, H5P_DEFAULT, kind, r);
            path = path_of(w, object);
            if (object >= 0)
                H5Oclose(object);
        }
        add_text(w, path);
        if (region)
            add_region(w, r);
    }
}

static void add_strings(struct walk *w, hid_t type, const unsigned char *bytes, size_t n)
{
    const size_t size = H5Tget_size(type);
    const bool variable = H5Tis_variable_str(type) > 0;
    const bool blanks = !variable && H5Tget_strpad(type) == H5T_STR_SPACEPAD;

    for (size_t i = 0; i < n; i++) {
        const char *text = (const char *)bytes + i * size;
        size_t length;
        if (variable) {
            memcpy(&text, bytes + i * size, sizeof text);
            length = text != NULL ? strlen(text) : 0;
        } else {
            length = strnlen(text, size);
            while (blanks && length > 0 && text[length - 1] == ' ')
                length--;
        }
        add_number(w, length);
        add(w, text != NULL ? text : "", length);
    }
}

static void add_compounds(struct walk *w, hid_t type, const unsigned char *bytes, size_t n)
{
    const int members = H5Tget_nmembers(type);
    const size_t size = H5Tget_size(type);

    /* Member by member: one look at each type, and no padding. */
    for (unsigned k = 0; members > 0 && k < (unsigned)members; k++) {
        const hid_t member = H5Tget_member_type(type, k);
        const size_t offset = H5Tget_member_offset(type, k);
        for (size_t i = 0; i < n; i++)
            add_values(w, member, bytes + i * size + offset, 1);
        H5Tclose(member);
    }
}

static void add_lists(struct walk *w, hid_t type, const unsigned char *bytes, size_t n)
{
    const hid_t base = H5Tget_super(type);

    for (size_t i = 0; i < n; i++) {
        hvl_t list;
        memcpy(&list, bytes + i * sizeof list, sizeof list);
        add_number(w, list.len);
        add_values(w, base, list.p, list.len);
    }
    H5Tclose(base);
}

static void add_arrays(struct walk *w, hid_t type, const unsigned char *bytes, size_t n)
{
    const hid_t base = H5Tget_super(type);

    add_values(w, base, bytes, n * (H5Tget_size(type) / H5Tget_size(base)));
    H5Tclose(base);
}

static void add_values(struct walk *w, hid_t type, const unsigned char *bytes, size_t n)
{
    if (n == 0)
        return;
    switch (H5Tget_class(type)) {
    case H5T_INTEGER:
    case H5T_FLOAT:
    case H5T_ENUM:
    case H5T_BITFIELD:
        add_numbers(w, bytes, H5Tget_size(type), n);
        break;
    case H5T_STRING:    add_strings(w, type, bytes, n); break;
    case H5T_COMPOUND:  add_compounds(w, type, bytes, n); break;
    case H5T_REFERENCE: add_references(w, type, bytes, n); break;
    case H5T_VLEN:      add_lists(w, type, bytes, n); break;
    case H5T_ARRAY:     add_arrays(w, type, bytes, n); break;
    default:            add(w, bytes, n * H5Tget_size(type)); break;
    }
}

/* --- datasets and attributes ---------------------------------------------- */

/* Returns the number of elements. */
static hsize_t add_space(struct walk *w, hid_t space)
{
    hsize_t dim[H5S_MAX_RANK];
    const int rank = H5Sget_simple_extent_dims(space, dim, NULL);
    const H5S_class_t class = H5Sget_simple_extent_type(space);
    hsize_t n = class == H5S_NULL ? 0 : 1;

    add_number(w, (uint64_t)class);
    add_number(w, (uint64_t)rank);
    for (int k = 0; k < rank; k++) {
        add_number(w, dim[k]);
        n *= dim[k];
    }
    return n;
}

/* A box of at most BLOCK bytes: whole inner axes, part of one, one of the outer. */
static size_t choose_block(int rank, const hsize_t *dim, size_t size, hsize_t *block)
{
    size_t n = 1;

    for (int k = rank - 1; k >= 0; k--) {
        const hsize_t fit = BLOCK / (n * size);
        block[k] = fit < 1 ? 1 : fit < dim[k] ? fit : dim[k];
        n *= (size_t)block[k];
        if (block[k] < dim[k]) {
            while (k-- > 0)
                block[k] = 1;
            break;
        }
    }
    return n;
}

static bool next_box(int rank, const hsize_t *dim, const hsize_t *block, hsize_t *start)
{
    for (int k = rank - 1; k >= 0; k--) {
        start[k] += block[k];
        if (start[k] < dim[k])
            return true;
        start[k] = 0;
    }
    return false;
}

static bn_status read_box(struct walk *w, hid_t dataset, hid_t type, hid_t space,
                          const hsize_t *count, int rank, unsigned char *buf,
                          const char *name)
{
    size_t n = 1;
    for (int k = 0; k < rank; k++)
        n *= (size_t)count[k];

    /* Of the shape of the box: HDF5 goes element by element if the ranks differ. */
    const hid_t memory = rank > 0 ? H5Screate_simple(rank, count, NULL)
                                  : H5Screate(H5S_SCALAR);
    const bool plain = is_plain(type);
    bn_status rc = BN_OK;

    if (H5Dread(dataset, type, memory, space, H5P_DEFAULT, buf) < 0) {
        rc = unreadable(w, name);
    } else {
        add_values(w, type, buf, n);
        if (!plain && H5Tget_class(type) != H5T_OPAQUE)
            H5Dvlen_reclaim(type, memory, H5P_DEFAULT, buf);
    }
    H5Sclose(memory);
    return rc;
}

static bn_status add_boxes(struct walk *w, hid_t dataset, hid_t type, hid_t space,
                           const char *name)
{
    hsize_t dim[H5S_MAX_RANK] = { 1 }, block[H5S_MAX_RANK] = { 1 }, count[H5S_MAX_RANK];
    hsize_t start[H5S_MAX_RANK] = { 0 };
    const int rank = H5Sget_simple_extent_dims(space, dim, NULL);
    const size_t size = H5Tget_size(type);
    unsigned char *buf = bn_alloc(choose_block(rank, dim, size, block), size);

    if (buf == NULL)
        return BN_NOMEM;
    bn_status rc = BN_OK;
    do {
        for (int k = 0; k < rank; k++)
            count[k] = start[k] + block[k] > dim[k] ? dim[k] - start[k] : block[k];
        if (rank > 0)
            H5Sselect_hyperslab(space, H5S_SELECT_SET, start, NULL, count, NULL);
        rc = read_box(w, dataset, type, space, count, rank, buf, name);
    } while (rc == BN_OK && next_box(rank, dim, block, start));
    free(buf);
    return rc;
}

static bn_status add_dataset(struct walk *w, const char *name)
{
    const hid_t access = H5Pcreate(H5P_DATASET_ACCESS);
    H5Pset_chunk_cache(access, 12421, (size_t)CHUNKS, 1.0);
    const hid_t dataset = H5Dopen2(w->file, name, access);
    bn_status rc = dataset >= 0 ? BN_OK : unreadable(w, name);
    H5Pclose(access);
    if (rc != BN_OK)
        return rc;

    const hid_t space = H5Dget_space(dataset), type = H5Dget_type(dataset);
    const hid_t memory = memory_type(type);
    add_type(w, type);
    if (add_space(w, space) > 0)
        rc = memory >= 0 ? add_boxes(w, dataset, memory, space, name) : unreadable(w, name);
    if (memory >= 0)
        H5Tclose(memory);
    H5Tclose(type);
    H5Sclose(space);
    H5Dclose(dataset);
    return rc;
}

static bn_status add_attribute(struct walk *w, hid_t object, const char *owner,
                               const char *name)
{
    char what[512];
    const hid_t attribute = H5Aopen(object, name, H5P_DEFAULT);

    snprintf(what, sizeof what, "attribute %s of %s", name, owner);
    if (attribute < 0)
        return unreadable(w, what);
    const hid_t space = H5Aget_space(attribute), type = H5Aget_type(attribute);
    const hid_t memory = memory_type(type);
    bn_status rc = BN_OK;

    /* The back links of a dimension scale come in the order of attaching; the
     * DIMENSION_LIST of what it measures says the same.                     */
    if (strcmp(name, "REFERENCE_LIST") != 0 || H5Tget_class(type) != H5T_COMPOUND) {
        add_text(w, name);
        add_type(w, type);
        const hsize_t n = add_space(w, space);
        unsigned char *buf = n > 0 ? bn_alloc((size_t)n, H5Tget_size(memory)) : NULL;
        if (n > 0 && buf == NULL) {
            rc = BN_NOMEM;
        } else if (n > 0 && H5Aread(attribute, memory, buf) < 0) {
            rc = unreadable(w, what);
        } else if (n > 0) {
            add_values(w, memory, buf, (size_t)n);
            H5Dvlen_reclaim(memory, space, H5P_DEFAULT, buf);
        }
        free(buf);
    }
    H5Tclose(memory);
    H5Tclose(type);
    H5Sclose(space);
    H5Aclose(attribute);
    return rc;
}

/* --- names, sorted -------------------------------------------------------- */

struct names {
    char **name;
    size_t n;
    bool failed;
};

static herr_t keep_name(struct names *names, const char *name)
{
    char **grown = bn_grow(names->name, names->n + 1, sizeof *grown);

    if (grown != NULL) {
        names->name = grown;
        names->name[names->n] = bn_copy(name);
    }
    names->failed = grown == NULL || names->name[names->n] == NULL;
    names->n += !names->failed;
    return names->failed ? -1 : 0;
}

static herr_t keep_link(hid_t group, const char *name, const H5L_info_t *info, void *names)
{
    (void)group;
    (void)info;
    return keep_name(names, name);
}

static herr_t keep_attribute(hid_t object, const char *name, const H5A_info_t *info,
                             void *names)
{
    (void)object;
    (void)info;
    return keep_name(names, name);
}

static int by_bytes(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static void drop_names(struct names *names)
{
    for (size_t i = 0; i < names->n; i++)
        free(names->name[i]);
    free(names->name);
}

static bn_status finish_names(const struct walk *w, struct names *names, herr_t rc,
                              const char *what)
{
    if (rc >= 0) {
        if (names->n > 0)
            qsort(names->name, names->n, sizeof *names->name, by_bytes);
        return BN_OK;
    }
    return names->failed ? BN_NOMEM : unreadable(w, what);
}

static bn_status add_attributes(struct walk *w, const char *owner)
{
    struct names names = { 0 };
    const hid_t object = H5Oopen(w->file, owner, H5P_DEFAULT);
    if (object < 0)
        return unreadable(w, owner);

    const herr_t got = H5Aiterate2(object, H5_INDEX_NAME, H5_ITER_NATIVE, NULL,
                                   keep_attribute, &names);
    bn_status rc = finish_names(w, &names, got, owner);
    add_text(w, "attributes");
    for (size_t i = 0; rc == BN_OK && i < names.n; i++)
        rc = add_attribute(w, object, owner, names.name[i]);
    add_text(w, "");
    drop_names(&names);
    H5Oclose(object);
    return rc;
}

/* --- the walk ------------------------------------------------------------- */

static struct entry *append(struct walk *w, char *path)
{
    if (path != NULL && w->n == w->room) {
        const size_t room = 2 * w->room + 64;
        struct entry *grown = bn_grow(w->entry, room, sizeof *grown);
        if (grown != NULL) {
            w->entry = grown;
            w->room = room;
        }
    }
    if (path == NULL || w->n == w->room) {
        free(path);
        return NULL;
    }
    w->entry[w->n] = (struct entry){ .path = path, .first = w->n };
    return &w->entry[w->n++];
}

/* Soft and external links are what they say, wherever they lead. */
static bn_status note_link(struct walk *w, struct entry *e, const H5L_info_t *info)
{
    const char *file, *object;
    unsigned flags;
    char *value = bn_alloc(info->u.val_size + 1, 1);

    if (value == NULL)
        return BN_NOMEM;
    bn_status rc = BN_OK;
    e->kind = info->type == H5L_TYPE_SOFT ? SOFT : EXTERNAL;
    if (H5Lget_val(w->file, e->path, value, info->u.val_size, H5P_DEFAULT) < 0) {
        rc = unreadable(w, e->path);
    } else if (e->kind == SOFT) {
        e->target = bn_copy(value);
        rc = e->target != NULL ? BN_OK : BN_NOMEM;
    } else if (info->type != H5L_TYPE_EXTERNAL ||
               H5Lunpack_elink_val(value, info->u.val_size, &flags, &file, &object) < 0) {
        rc = unreadable(w, e->path);
    } else {
        e->target = bn_format("%s\n%s", file, object);
        rc = e->target != NULL ? BN_OK : BN_NOMEM;
    }
    free(value);
    return rc;
}

static bool seen_before(const struct walk *w, size_t i, size_t *first)
{
    if (!w->entry[i].shared)
        return false;
    for (size_t k = 0; k < i; k++) {
        if (w->entry[k].shared && w->entry[k].address == w->entry[i].address) {
            *first = k;
            return true;
        }
    }
    return false;
}

static bn_status collect(struct walk *w, const char *group);

static bn_status note_object(struct walk *w, size_t i)
{
    H5O_info_t info;
    const char *path = w->entry[i].path; /* the array may move, the text does not */

    if (H5Oget_info_by_name2(w->file, path, &info, H5O_INFO_BASIC, H5P_DEFAULT) < 0)
        return unreadable(w, path);
    w->entry[i].address = info.addr;
    w->entry[i].shared = info.rc > 1;
    if (seen_before(w, i, &w->entry[i].first))
        return BN_OK;
    return info.type == H5O_TYPE_GROUP ? collect(w, path) : BN_OK;
}

static bn_status note_member(struct walk *w, const char *group, const char *name)
{
    H5L_info_t info;
    const bool root = strcmp(group, "/") == 0;

    if (root && strcmp(name, "provenance") == 0)
        return BN_OK;
    struct entry *e = append(w, bn_format("%s/%s", root ? "" : group, name));
    if (e == NULL)
        return BN_NOMEM;
    if (H5Lget_info(w->file, e->path, &info, H5P_DEFAULT) < 0)
        return unreadable(w, e->path);
    return info.type == H5L_TYPE_HARD ? note_object(w, (size_t)(e - w->entry))
                                      : note_link(w, e, &info);
}

static bn_status collect(struct walk *w, const char *group)
{
    struct names names = { 0 };
    const hid_t id = H5Gopen2(w->file, group, H5P_DEFAULT);
    if (id < 0)
        return unreadable(w, group);

    const herr_t got = H5Literate(id, H5_INDEX_NAME, H5_ITER_NATIVE, NULL, keep_link,
                                  &names);
    bn_status rc = finish_names(w, &names, got, group);
    H5Gclose(id);
    for (size_t i = 0; rc == BN_OK && i < names.n; i++)
        rc = note_member(w, group, names.name[i]);
    drop_names(&names);
    return rc;
}

static bn_status index_places(struct walk *w)
{
    w->place = bn_alloc(w->n, sizeof *w->place);
    if (w->place == NULL)
        return BN_NOMEM;
    for (size_t i = 0; i < w->n; i++)
        if (w->entry[i].kind == HARD && w->entry[i].first == i)
            w->place[w->n_place++] = (struct place){ w->entry[i].address, i };
    qsort(w->place, w->n_place, sizeof *w->place, by_address);
    return BN_OK;
}

static bn_status add_object(struct walk *w, const char *path)
{
    H5O_info_t info;
    bn_status rc = BN_OK;

    if (H5Oget_info_by_name2(w->file, path, &info, H5O_INFO_BASIC, H5P_DEFAULT) < 0)
        return unreadable(w, path);
    if (info.type == H5O_TYPE_GROUP) {
        add_text(w, "group");
    } else if (info.type == H5O_TYPE_DATASET) {
        add_text(w, "dataset");
        rc = add_dataset(w, path);
    } else {
        add_text(w, "type");
        const hid_t type = H5Topen2(w->file, path, H5P_DEFAULT);
        if (type < 0)
            return unreadable(w, path);
        add_type(w, type);
        H5Tclose(type);
    }
    return rc == BN_OK ? add_attributes(w, path) : rc;
}

static bn_status add_entry(struct walk *w, size_t i)
{
    static const char *const kinds[] = { "hard", "soft", "external" };
    const struct entry *e = &w->entry[i];

    add_text(w, e->path);
    add_text(w, kinds[e->kind]);
    if (e->kind != HARD) {
        add_text(w, e->target);
        return BN_OK;
    }
    if (e->first != i) {
        add_text(w, "same as");
        add_text(w, w->entry[e->first].path);
        return BN_OK;
    }
    return add_object(w, e->path);
}

static bn_status add_all(struct walk *w)
{
    struct entry *root = append(w, bn_copy("/"));

    if (root == NULL)
        return BN_NOMEM;
    BN_TRY(note_object(w, 0));
    BN_TRY(index_places(w));
    add_text(w, "basin content digest 1");
    for (size_t i = 0; i < w->n; i++)
        BN_TRY(add_entry(w, i));
    flush(w);
    return BN_OK;
}

static bn_status open_file(struct walk *w)
{
    struct stat st;

    if (stat(w->path, &st) != 0)
        return bn_fail(BN_INPUT, "%s: cannot open: %s", w->path, strerror(errno));
    if (S_ISDIR(st.st_mode))
        return bn_fail(BN_INPUT, "%s: it is a folder, not an HDF5 file", w->path);
    /* As h5.c opens files: one process cannot open a file in two ways. */
    H5Eset_auto2(H5E_DEFAULT, NULL, NULL);
    setenv("HDF5_USE_FILE_LOCKING", "FALSE", 1);
    const hid_t access = H5Pcreate(H5P_FILE_ACCESS);
    H5Pset_fclose_degree(access, H5F_CLOSE_SEMI);
    w->file = H5Fopen(w->path, H5F_ACC_RDONLY, access);
    const bn_status rc = w->file >= 0 ? BN_OK : unreadable(w, "it as HDF5");
    H5Pclose(access);
    return rc;
}

bn_status bn_h5_digest(const char *path, char hex[BN_HEX])
{
    struct walk w = { .path = path };
    char sum[BN_HEX];

    BN_TRY(open_file(&w));
    w.staged = bn_alloc(STAGED, 1);
    bn_status rc = w.staged != NULL ? bn_digest_new(&w.digest) : BN_NOMEM;
    if (rc == BN_OK) {
        rc = add_all(&w);
        bn_digest_end(w.digest, sum);
    }
    for (size_t i = 0; i < w.n; i++) {
        free(w.entry[i].path);
        free(w.entry[i].target);
    }
    free(w.entry);
    free(w.place);
    free(w.staged);
    H5Fclose(w.file);
    if (rc == BN_OK)
        memcpy(hex, sum, BN_HEX);
    return rc;
}
