/* SPDX-License-Identifier: MIT
 * mat5: variables of MATLAB files, v5 to v7.3.  Floor 4; the sole includer of
 * matio.h.
 *
 * A name is a variable, or a field of a struct: "Angle.time", "unit.spike_times".
 * Objects of MATLAB classes (TSToolbox's tsd, say) are opaque to everyone but
 * MATLAB: save their contents as arrays first.                              */
#ifndef BN_MAT5_H
#define BN_MAT5_H

#include <basin/spikes.h>

typedef struct bn_mat5 bn_mat5;

/* Does the file begin like a MATLAB file?  False if it cannot be read. */
bool bn_mat5_is(const char *path);

BN_MUST_USE bn_status bn_mat5_open(bn_mat5 **f, const char *path);
void bn_mat5_close(bn_mat5 *f);          /* NULL is fine */

/* Numbers of any type as double, in MATLAB's order: the first index runs fastest.
 * A rank above 3 is BN_INPUT; missing dimensions are 1.  free(data).          */
struct bn_mat5_array {
    size_t dim[3];
    double *data;
};
BN_MUST_USE bn_status bn_mat5_read(bn_mat5 *f, const char *name, struct bn_mat5_array *a);

/* Spike times (s): a cell array with one vector per unit, or a field of a struct
 * array with one element per unit.                                            */
BN_MUST_USE bn_status bn_mat5_trains(bn_mat5 *f, const char *name, struct bn_trains *trains);

#endif
