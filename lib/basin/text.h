/* SPDX-License-Identifier: MIT
 * text: strict numbers, shortest printing, the nearest known name.  Floor 1. */
#ifndef BN_TEXT_H
#define BN_TEXT_H

#include <basin/err.h>

/* Strict decimal number: no trailing garbage, no nan, no inf, no overflow.
 * Both leave *x alone and set bn_error() on failure.  bn_parse_integer also
 * takes "1e6": any decimal whose value is a whole number within int64.      */
BN_MUST_USE bn_status bn_parse_real(const char *text, double *x);
BN_MUST_USE bn_status bn_parse_integer(const char *text, int64_t *x);

/* The shortest decimal that reads back as exactly x; buf is returned. */
const char *bn_shortest(double x, char buf[32]);

/* x rounded to 15 significant decimal digits: what a parameter means after a
 * conversion of units (9 * 0.001 is not 0.009 in floating point).           */
double bn_round15(double x);

/* The candidate nearest to `name` (Damerau-Levenshtein distance at most a
 * third of the length, at least 1), or NULL.                                */
const char *bn_nearest(const char *name, const char *const *candidates,
                       size_t n);

/* "1.5 GB", "12 kB"; "1 h 02 min", "3.4 s", "12 ms"; buf is returned. */
const char *bn_human_bytes(double bytes, char buf[32]);
const char *bn_human_seconds(double s, char buf[32]);

#endif
