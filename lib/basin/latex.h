/* SPDX-License-Identifier: MIT
 * latex: names, numbers and units as LaTeX and siunitx want them.  Floor 2. */
#ifndef BN_LATEX_H
#define BN_LATEX_H

#include <basin/err.h>

/* A text as words in one: "drift_rms" is DriftRms, "lambda-1e-06" is
 * LambdaOneEMinusZeroSix, "0.5" is ZeroPointFive.  Letters only; "" if there are none.
 * NULL: no memory.                                                          */
BN_MUST_USE char *bn_latex_name(const char *text);

/* A number as siunitx reads it.  An error that is not 0 has two digits if it begins with
 * 1 or 2, else one, and the number ends where it does: 1.23(4), -4.2(11)e-8.  One that the
 * fifth digit of the number does not feel is not shown.  Without an error four digits,
 * fewer if that is the whole number; and all of a whole number.             */
enum { BN_LATEX_NUMBER = 128 };
const char *bn_latex_number(double x, double error, char buf[BN_LATEX_NUMBER]);

/* A unit in udunits' spelling as macros of siunitx: "rad/s" is \radian\per\second, "1" is
 * "".  *declared: a \DeclareSIUnit line for each name that siunitx does not have, like
 * tau, or "".  BN_INPUT if it cannot be read, or has a factor.              */
BN_MUST_USE bn_status bn_latex_unit(const char *unit, char **latex, char **declared);

#endif
