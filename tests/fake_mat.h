/* SPDX-License-Identifier: MIT
 * Small MATLAB files for tests, in any version that matio writes.               */
#ifndef FAKE_MAT_H
#define FAKE_MAT_H

#include "test.h"

#include <matio.h>
#include <unistd.h>

static inline matvar_t *fake_vector(const char *name, const double *x, size_t n)
{
    size_t dims[] = { n, 1 };
    matvar_t *v =
        Mat_VarCreate(name, MAT_C_DOUBLE, MAT_T_DOUBLE, 2, dims, (void *)(uintptr_t)x, 0);
    assert_non_null(v);
    return v;
}

static inline void fake_put(mat_t *mat, matvar_t *v)
{
    assert_int_equal(Mat_VarWrite(mat, v, MAT_COMPRESSION_ZLIB), 0);
    Mat_VarFree(v);
}

static inline mat_t *fake_mat(const char *path, int version)
{
    unlink(path);
    mat_t *mat = Mat_CreateVer(path, NULL, version == 5 ? MAT_FT_MAT5 : MAT_FT_MAT73);
    assert_non_null(mat);
    return mat;
}

/* spikes = {unit 1; unit 2; ...} */
static inline void fake_cells(mat_t *mat, const char *name, const double *time,
                              const int64_t *end, size_t units)
{
    size_t dims[] = { units, 1 };
    matvar_t *cells = Mat_VarCreate(name, MAT_C_CELL, MAT_T_CELL, 2, dims, NULL, 0);
    for (size_t i = 0; i < units; i++) {
        const size_t from = i > 0 ? (size_t)end[i - 1] : 0;
        Mat_VarSetCell(cells, (int)i,
                       fake_vector(NULL, time + from, (size_t)end[i] - from));
    }
    fake_put(mat, cells);
}

#endif
