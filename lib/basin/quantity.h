/* SPDX-License-Identifier: MIT
 * quantity: numbers with units, over udunits2.  Floor 2; the sole includer of
 * udunits2.h.                                                               */
#ifndef BN_QUANTITY_H
#define BN_QUANTITY_H

#include <basin/err.h>

/* Read "0.05", "50 ms" or "50ms" as a number in `unit` ("s"; "1" for a pure
 * number).  A bare number is taken to be in `unit` already.  A converted value
 * is rounded to 15 significant digits, so "50 ms" and 0.05 are the same double.
 * BN_USAGE: not a number, unknown unit, or a unit of another dimension, with
 * what was found and what was expected.                                     */
BN_MUST_USE bn_status bn_quantity(const char *text, const char *unit, double *x);

#endif
