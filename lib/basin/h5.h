/* SPDX-License-Identifier: MIT
 * h5: artifacts and foreign HDF5 files.  Floor 3; h5.c and h5digest.c alone
 * include hdf5.h.
 *
 * Files written here are bitwise reproducible: no object carries a time stamp,
 * attributes come in the order of the calls.  Datasets above 64 KiB are chunked
 * with a Fletcher-32 checksum.  File locking is off (write-once files).
 * Every function names file and dataset when it fails.                      */
#ifndef BN_H5_H
#define BN_H5_H

#include <basin/mat.h>

typedef struct bn_h5 bn_h5;

enum { BN_RANK = 4 };
struct bn_shape {
    int rank;                            /* 0: scalar */
    size_t dim[BN_RANK];
};
size_t bn_shape_count(const struct bn_shape *s);
struct bn_shape bn_shape1(size_t a);
struct bn_shape bn_shape2(size_t a, size_t b);
struct bn_shape bn_shape3(size_t a, size_t b, size_t c);

BN_MUST_USE bn_status bn_h5_create(bn_h5 **f, const char *path);
BN_MUST_USE bn_status bn_h5_open(bn_h5 **f, const char *path);  /* read only */
BN_MUST_USE bn_status bn_h5_close(bn_h5 *f);   /* NULL is fine; a failed flush is BN_OUTPUT */
const char *bn_h5_path(const bn_h5 *f);

/* --- writing --------------------------------------------------------------
 * Intermediate groups of `name` are made.  `pack`: shuffle + deflate 1.     */
enum bn_h5_type { BN_H5_F64, BN_H5_F32, BN_H5_I64, BN_H5_U8 };
BN_MUST_USE bn_status bn_h5_write(bn_h5 *f, const char *name, enum bn_h5_type type,
                                  const struct bn_shape *shape, const void *data,
                                  bool pack);
/* UTF-8 strings as a one-dimensional variable-length dataset. */
BN_MUST_USE bn_status bn_h5_write_texts(bn_h5 *f, const char *name,
                                        const char *const *texts, size_t n);
BN_MUST_USE bn_status bn_h5_group(bn_h5 *f, const char *name);
/* Name axis `axis` of `name`; if dataset `scale` exists (1-D, same length) it is
 * attached as that axis' HDF5 dimension scale.                              */
BN_MUST_USE bn_status bn_h5_axis(bn_h5 *f, const char *name, int axis,
                                 const char *scale);
/* The name that bn_h5_axis gave, which free(); NULL if the axis has none. */
BN_MUST_USE bn_status bn_h5_axis_name(bn_h5 *f, const char *name, int axis, char **scale);
/* Attributes of an object ("/" is the root). */
BN_MUST_USE bn_status bn_h5_put_text(bn_h5 *f, const char *object, const char *key,
                                     const char *text);
BN_MUST_USE bn_status bn_h5_put_real(bn_h5 *f, const char *object, const char *key,
                                     const double *x, size_t n);   /* n = 1: scalar */

/* --- reading --------------------------------------------------------------- */
enum bn_h5_kind { BN_H5_NONE, BN_H5_GROUP, BN_H5_DATASET };
enum bn_h5_kind bn_h5_kind(bn_h5 *f, const char *name);   /* dangling link: NONE */
BN_MUST_USE bn_status bn_h5_shape(bn_h5 *f, const char *name, struct bn_shape *shape);
bool bn_h5_is_text(bn_h5 *f, const char *name);
bool bn_h5_is_integer(bn_h5 *f, const char *name);        /* integer or enum */
/* Any numeric or enum type as double, whole dataset: *data is allocated (free
 * it), *n its length.  A missing filter plugin is named.                    */
BN_MUST_USE bn_status bn_h5_read(bn_h5 *f, const char *name, double **data, size_t *n);
BN_MUST_USE bn_status bn_h5_read_integers(bn_h5 *f, const char *name, int64_t **data,
                                          size_t *n);
/* Rows [row, row + rows) of the first axis into `out`, rows * (product of the
 * other axes) doubles.                                                      */
BN_MUST_USE bn_status bn_h5_read_rows(bn_h5 *f, const char *name, size_t row,
                                      size_t rows, double *out);
/* A matrix (a 1-D dataset becomes n x 1); bn_mat_free() it. */
BN_MUST_USE bn_status bn_h5_read_mat(bn_h5 *f, const char *name, struct bn_mat *m);
/* Variable or fixed length strings, ASCII or UTF-8; texts and the array are one
 * block: free(*texts).                                                      */
BN_MUST_USE bn_status bn_h5_read_texts(bn_h5 *f, const char *name, char ***texts,
                                       size_t *n);

bool bn_h5_has_attribute(bn_h5 *f, const char *object, const char *key);
/* *text is allocated; for a one-element array its element. */
BN_MUST_USE bn_status bn_h5_get_text(bn_h5 *f, const char *object, const char *key,
                                     char **text);
/* First element; any numeric type. */
BN_MUST_USE bn_status bn_h5_get_real(bn_h5 *f, const char *object, const char *key,
                                     double *x);
/* All n elements; BN_INPUT if there are not as many. */
BN_MUST_USE bn_status bn_h5_get_reals(bn_h5 *f, const char *object, const char *key,
                                      double *x, size_t n);

/* Names of the members of a group, sorted; or of the attributes of an object, in
 * the order they were written: one block, free(*names).                     */
BN_MUST_USE bn_status bn_h5_members(bn_h5 *f, const char *group, char ***names,
                                    size_t *n);
BN_MUST_USE bn_status bn_h5_attributes(bn_h5 *f, const char *object, char ***names,
                                       size_t *n);

/* Is the HDF5 address of `a` the same object as `b` (soft and hard links)? */
bool bn_h5_same(bn_h5 *f, const char *a, const char *b);

#endif
