/* SPDX-License-Identifier: MIT
 * param: typed, ranged, documented parameters, declared once.  Floor 3.
 *
 * A value is set from text (parameter file, command line, default) and checked
 * at once; reading it is logged, because the log of what a stage read decides
 * what may rerun it.                                                        */
#ifndef BN_PARAM_H
#define BN_PARAM_H

#include <basin/err.h>

enum bn_type {
    BN_TYPE_REAL, BN_TYPE_INTEGER, BN_TYPE_FLAG, BN_TYPE_CHOICE, BN_TYPE_TEXT,
    BN_TYPE_FILE,                        /* its content is what counts */
    BN_TYPE_REALS, BN_TYPE_INTEGERS, BN_TYPE_FILES        /* lists */
};

struct bn_param {
    const char *name;
    enum bn_type type;
    const char *unit;                    /* "1" for pure numbers; "" if none */
    const char *initial;                 /* default as text; lists: "a b c" */
    double low, high;                    /* inclusive range of numbers */
    const char *choices;                 /* "one two three" */
    const char *help;                    /* one line */
};

#define BN_REAL(name, unit, initial, low, high, help)                         \
    { name, BN_TYPE_REAL, unit, initial, low, high, NULL, help }
#define BN_INTEGER(name, initial, low, high, help)                            \
    { name, BN_TYPE_INTEGER, "1", initial, low, high, NULL, help }
#define BN_FLAG(name, initial, help)     /* initial "yes" or "no" */          \
    { name, BN_TYPE_FLAG, "", initial, 0, 0, NULL, help }
#define BN_CHOICE(name, initial, choices, help)                               \
    { name, BN_TYPE_CHOICE, "", initial, 0, 0, choices, help }
#define BN_TEXT(name, initial, help)                                          \
    { name, BN_TYPE_TEXT, "", initial, 0, 0, NULL, help }
#define BN_FILE(name, initial, help)                                          \
    { name, BN_TYPE_FILE, "", initial, 0, 0, NULL, help }
#define BN_FILES(name, initial, help)                                         \
    { name, BN_TYPE_FILES, "", initial, 0, 0, NULL, help }
#define BN_REALS(name, unit, initial, low, high, help)                        \
    { name, BN_TYPE_REALS, unit, initial, low, high, NULL, help }
#define BN_INTEGERS(name, initial, low, high, help)                           \
    { name, BN_TYPE_INTEGERS, "1", initial, low, high, NULL, help }

/* "real", "integer", ... and back; bn_type_parse returns false if unknown. */
const char *bn_type_name(enum bn_type type);
bool bn_type_parse(const char *name, enum bn_type *type);

/* The values of one table.  The table must outlive them. */
typedef struct bn_values bn_values;

BN_MUST_USE bn_status bn_values_new(bn_values **v, const struct bn_param *table,
                                    size_t n);
void bn_values_free(bn_values *v);

/* Set `name` from `count` texts (1 unless a list).  `origin` says where it came
 * from ("params/ring.conf:14, [weights]", "--set") and is copied.  BN_USAGE names
 * key, value, origin, what was expected, and the nearest known name:
 * "unknown key `lamda` in [weights] (params/ring.conf:14): did you mean `lambda`?" */
BN_MUST_USE bn_status bn_values_set(bn_values *v, const char *section,
                                    const char *name, const char *const *texts,
                                    size_t count, const char *origin);
/* The same from one text: lists are split at blanks and commas (braces allowed). */
BN_MUST_USE bn_status bn_values_set_text(bn_values *v, const char *section,
                                         const char *name, const char *text,
                                         const char *origin);

/* Readers: each logs that `name` was read.  A name or type that is not in the
 * table is a bug in the stage and aborts.                                   */
double bn_values_real(bn_values *v, const char *name);
int64_t bn_values_integer(bn_values *v, const char *name);
bool bn_values_flag(bn_values *v, const char *name);
const char *bn_values_text(bn_values *v, const char *name);  /* choice, text, file */
const double *bn_values_reals(bn_values *v, const char *name, size_t *n);
const int64_t *bn_values_integers(bn_values *v, const char *name, size_t *n);
const char *const *bn_values_texts(bn_values *v, const char *name, size_t *n); /* files */

/* For the frame: canonical text ("1e-08" and "1e-8" print alike; lists joined
 * with one blank; texts as they are), where it came from, and the log.  None of
 * these counts as reading.                                                  */
size_t bn_values_count(const bn_values *v);
const struct bn_param *bn_values_param(const bn_values *v, size_t i);
const char *bn_values_canonical(const bn_values *v, size_t i);
size_t bn_values_length(const bn_values *v, size_t i);       /* items of a list */
const char *bn_values_item(const bn_values *v, size_t i, size_t k);
const char *bn_values_origin(const bn_values *v, size_t i);  /* "default" */
bool bn_values_was_read(const bn_values *v, size_t i);
bool bn_values_find(const bn_values *v, const char *name, size_t *i);

#endif
