/* SPDX-License-Identifier: MIT */
#include <basin/sort.h>

#include <stdlib.h>

static int ascending(const void *x, const void *y)
{
    const double a = *(const double *)x, b = *(const double *)y;
    return (a > b) - (a < b);
}

void bn_sort(double *x, size_t n)
{
    qsort(x, n, sizeof *x, ascending);
}

double bn_median(double *x, size_t n)
{
    bn_sort(x, n);
    return n == 0 ? 0.0 : 0.5 * (x[(n - 1) / 2] + x[n / 2]);
}
