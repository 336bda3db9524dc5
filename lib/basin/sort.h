/* SPDX-License-Identifier: MIT
 * sort: numbers in order, and their median.  Floor 1.                       */
#ifndef BN_SORT_H
#define BN_SORT_H

#include <stddef.h>

/* Ascending, in place; no element may be NaN. */
void bn_sort(double *x, size_t n);

/* Sorts x; the mean of the two in the middle if n is even, 0 if n is 0. */
double bn_median(double *x, size_t n);

#endif
