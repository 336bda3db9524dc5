/* SPDX-License-Identifier: MIT */
#include <basin/mat5.h>

#include <basin/mem.h>
#include <basin/text.h>

#include <errno.h>
#include <matio.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct bn_mat5 {
    mat_t *mat;
    char path[];
};

enum { NAME_LENGTH = 256 };

bool bn_mat5_is(const char *path)
{
    static const char head[] = "MATLAB ";
    char bytes[sizeof head] = "";
    FILE *f = fopen(path, "rb");

    if (f == NULL)
        return false;
    const size_t n = fread(bytes, 1, sizeof head - 1, f);
    fclose(f);
    return n == sizeof head - 1 && memcmp(bytes, head, n) == 0;
}

/* matio prints its troubles; ours are returned. */
static void silent(int level, char *message)
{
    (void)level, (void)message;
}

static uint32_t word(const unsigned char *p, bool big)
{
    return big ? (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3]
               : (uint32_t)p[3] << 24 | (uint32_t)p[2] << 16 | (uint32_t)p[1] << 8 | p[0];
}

/* matio fills what a v5 file lacks with zeros and says nothing, so follow the chain
 * of variables (type, length, bytes) and see that it ends where the file does.     */
static bn_status whole(FILE *f, const char *path)
{
    enum { HEADER = 128, VERSION_5 = 1 };
    unsigned char head[HEADER], tag[8];
    long at = HEADER;

    if (fread(head, 1, HEADER, f) != HEADER)
        return bn_fail(BN_INPUT, "%s: cut short: not even the MATLAB header is whole",
                       path);
    const bool big = head[126] == 'M';
    if (head[big ? 124 : 125] != VERSION_5)
        return BN_OK;                    /* v4 has no header, v7.3 is HDF5 */
    if (fseek(f, 0, SEEK_END) != 0)
        return bn_fail(BN_INPUT, "%s: cannot read (%s)", path, strerror(errno));
    const long size = ftell(f);
    while (at < size) {
        if (fseek(f, at, SEEK_SET) != 0 || fread(tag, 1, sizeof tag, f) != sizeof tag)
            return bn_fail(BN_INPUT,
                           "%s: cut short in the head of a variable, at byte %ld", path,
                           at);
        const long next = at + 8 + (long)word(tag + 4, big);
        if (next > size)
            return bn_fail(BN_INPUT,
                           "%s: cut short: the variable at byte %ld reaches to byte %ld, "
                           "but the file ends at %ld",
                           path, at, next, size);
        at = next;
    }
    return BN_OK;
}

static bn_status check_whole(const char *path)
{
    FILE *f = fopen(path, "rb");
    if (f == NULL)
        return bn_fail(BN_INPUT, "%s: cannot open (%s)", path, strerror(errno));
    const bn_status rc = whole(f, path);
    fclose(f);
    return rc;
}

bn_status bn_mat5_open(bn_mat5 **f, const char *path)
{
    const size_t length = strlen(path) + 1;

    *f = NULL;
    BN_TRY(check_whole(path));
    Mat_LogInitFunc("basin", silent);
    mat_t *mat = Mat_Open(path, MAT_ACC_RDONLY);
    if (mat == NULL)
        return bn_fail(BN_INPUT, "%s: not a MATLAB file, or cut short", path);
    bn_mat5 *h = bn_alloc(1, sizeof *h + length);
    if (h == NULL) {
        Mat_Close(mat);
        return BN_NOMEM;
    }
    h->mat = mat;
    memcpy(h->path, path, length);
    *f = h;
    return BN_OK;
}

void bn_mat5_close(bn_mat5 *f)
{
    if (f != NULL)
        Mat_Close(f->mat);
    free(f);
}

/* --- variables and fields ------------------------------------------------- */

static bn_status no_variable(const bn_mat5 *f, const char *name)
{
    char list[900] = "";
    size_t n = 0, used = 0;
    char *const *names = Mat_GetDir(f->mat, &n);   /* owned by matio */

    for (size_t i = 0; i < n; i++) {
        const size_t room = sizeof list - used;
        const int m = snprintf(list + used, room, "%s%s", i > 0 ? ", " : "", names[i]);
        if (m < 0 || (size_t)m >= room)
            break;
        used += (size_t)m;
    }
    const char *near = n > 0 ? bn_nearest(name, (const char *const *)names, n) : NULL;
    return bn_fail(BN_INPUT,
                   "%s: no variable \"%s\", or it is cut short%s%s%s; the variables are: "
                   "%s",
                   f->path, name, near != NULL ? ": did you mean \"" : "",
                   near != NULL ? near : "", near != NULL ? "\"?" : "",
                   n > 0 ? list : "none");
}

/* The variable before the first point of `name`; *field is what follows or NULL. */
static bn_status variable(const bn_mat5 *f, const char *name, matvar_t **v,
                          const char **field)
{
    char first[NAME_LENGTH];
    const size_t n = strcspn(name, ".");

    *v = NULL;
    if (n == 0 || n >= sizeof first)
        return bn_fail(BN_USAGE, "\"%s\" is no name of a MATLAB variable", name);
    memcpy(first, name, n);
    first[n] = '\0';
    *field = name[n] == '.' ? name + n + 1 : NULL;
    *v = Mat_VarRead(f->mat, first);
    return *v != NULL ? BN_OK : no_variable(f, first);
}

static size_t elements(const matvar_t *v)
{
    size_t n = v->class_type == MAT_C_EMPTY ? 0 : 1;
    for (int i = 0; i < v->rank && n > 0; i++)
        n = v->dims[i] <= SIZE_MAX / n ? n * v->dims[i] : SIZE_MAX;
    return n;
}

/* Is there really so much?  In a damaged file matio may have read less than the
 * dimensions promise. */
static bool holds(const matvar_t *v, size_t n, size_t size)
{
    return n == 0 || (v->data != NULL && size > 0 && v->nbytes / size >= n);
}

/* Elements that are variables themselves: cells, or the fields of structs. */
static bool holds_variables(matvar_t *v)
{
    const size_t n = elements(v), fields = v->class_type == MAT_C_STRUCT
                                         ? Mat_VarGetNumberOfFields(v) : 1;
    return fields == 0 || n <= SIZE_MAX / fields ? holds(v, n * fields, sizeof(void *))
                                                 : false;
}

/* Follow "a.b.c" from element `index` of struct v; borrowed. */
static matvar_t *field_of(matvar_t *v, const char *field, size_t index)
{
    char name[NAME_LENGTH];

    while (v != NULL && field != NULL) {
        const size_t n = strcspn(field, ".");
        if (v->class_type != MAT_C_STRUCT || n >= sizeof name || index >= elements(v) ||
            !holds_variables(v))
            return NULL;
        memcpy(name, field, n);
        name[n] = '\0';
        v = Mat_VarGetStructFieldByName(v, name, index);
        field = field[n] == '.' ? field + n + 1 : NULL;
        index = 0;
    }
    return v;
}

#define WIDEN(type)                                                           \
    for (size_t i = 0; i < n; i++)                                            \
        x[i] = (double)((const type *)v->data)[i];                            \
    return true

static bool widen(const matvar_t *v, size_t n, double *x)
{
    switch (v->data_type) {
    case MAT_T_DOUBLE: WIDEN(double);
    case MAT_T_SINGLE: WIDEN(float);
    case MAT_T_INT8: WIDEN(int8_t);
    case MAT_T_UINT8: WIDEN(uint8_t);
    case MAT_T_INT16: WIDEN(int16_t);
    case MAT_T_UINT16: WIDEN(uint16_t);
    case MAT_T_INT32: WIDEN(int32_t);
    case MAT_T_UINT32: WIDEN(uint32_t);
    case MAT_T_INT64: WIDEN(int64_t);
    case MAT_T_UINT64: WIDEN(uint64_t);
    default: return false;
    }
}

static bool numeric(const matvar_t *v)
{
    if (v == NULL || v->isComplex)
        return false;
    return elements(v) == 0 || (v->class_type >= MAT_C_DOUBLE &&
                                v->class_type <= MAT_C_UINT64 &&
                                holds(v, elements(v), Mat_SizeOf(v->data_type)));
}

static bn_status take(const bn_mat5 *f, const char *name, const matvar_t *v,
                      struct bn_mat5_array *a)
{
    if (!numeric(v))
        return bn_fail(BN_INPUT,
                       "%s: %s is no array of real numbers (an object of a MATLAB class "
                       "must be saved as plain arrays first)",
                       f->path, name);
    if (v->rank > 3)
        return bn_fail(BN_INPUT, "%s: %s has %d dimensions; at most 3 are read", f->path,
                       name, v->rank);
    for (int i = 0; i < 3; i++)
        a->dim[i] = i < v->rank ? v->dims[i] : 1;
    const size_t n = elements(v);
    a->data = bn_alloc(n, sizeof *a->data);
    if (a->data == NULL)
        return BN_NOMEM;
    if (n > 0 && !widen(v, n, a->data))
        return bn_fail(BN_INPUT, "%s: %s: MATLAB type %d is not read", f->path, name,
                       (int)v->data_type);
    return BN_OK;
}

bn_status bn_mat5_read(bn_mat5 *f, const char *name, struct bn_mat5_array *a)
{
    const char *field;
    matvar_t *v;

    *a = (struct bn_mat5_array){0};
    BN_TRY(variable(f, name, &v, &field));
    const bn_status rc = take(f, name, field_of(v, field, 0), a);
    if (rc != BN_OK) {
        free(a->data);
        *a = (struct bn_mat5_array){0};
    }
    Mat_VarFree(v);
    return rc;
}

/* --- spikes --------------------------------------------------------------- */

/* Unit i of a cell array, or of a struct array's field. */
static matvar_t *unit_of(matvar_t *v, const char *field, size_t i)
{
    if (v->class_type == MAT_C_CELL)
        return i < elements(v) && holds_variables(v) ? ((matvar_t **)v->data)[i] : NULL;
    return field_of(v, field, i);
}

static bn_status measure(const bn_mat5 *f, const char *name, matvar_t *v,
                         const char *field, size_t units, size_t *spikes)
{
    *spikes = 0;
    for (size_t i = 0; i < units; i++) {
        const matvar_t *u = unit_of(v, field, i);
        if (!numeric(u))
            return bn_fail(BN_INPUT, "%s: %s: unit %zu has no vector of spike times",
                           f->path, name, i + 1);
        *spikes += elements(u);
    }
    return BN_OK;
}

static bn_status collect(const bn_mat5 *f, const char *name, matvar_t *v,
                         const char *field, struct bn_trains *trains)
{
    if (field != NULL && v->class_type == MAT_C_STRUCT && elements(v) == 1) {
        matvar_t *inner = field_of(v, field, 0);
        if (inner != NULL && inner->class_type == MAT_C_CELL)
            v = inner, field = NULL;     /* one struct that holds a cell array */
    }
    if (!(v->class_type == MAT_C_CELL && field == NULL) &&
        !(v->class_type == MAT_C_STRUCT && field != NULL))
        return bn_fail(BN_INPUT,
                       "%s: %s is neither a cell array with one vector of spike times "
                       "per unit nor a field of a struct array",
                       f->path, name);
    const size_t units = elements(v);
    size_t spikes;
    BN_TRY(measure(f, name, v, field, units, &spikes));
    BN_TRY(bn_trains_alloc(trains, units, spikes));
    spikes = 0;
    for (size_t i = 0; i < units; i++) {
        const matvar_t *u = unit_of(v, field, i);
        const size_t n = elements(u);
        if (n > 0 && !widen(u, n, trains->time + spikes)) {
            bn_trains_free(trains);
            return bn_fail(BN_INPUT,
                           "%s: %s: unit %zu has MATLAB type %d, which is not read",
                           f->path, name, i + 1, (int)u->data_type);
        }
        trains->end[i] = spikes += n;
    }
    return BN_OK;
}

bn_status bn_mat5_trains(bn_mat5 *f, const char *name, struct bn_trains *trains)
{
    const char *field;
    matvar_t *v;

    *trains = (struct bn_trains){0};
    BN_TRY(variable(f, name, &v, &field));
    const bn_status rc = collect(f, name, v, field, trains);
    Mat_VarFree(v);
    return rc;
}
