/* SPDX-License-Identifier: MIT
 * err: one way to fail.  Floor 0.
 *
 * A library function that fails returns a status and leaves one sentence for
 * a person in bn_error(): what went wrong, where (file, dataset, line), both
 * numbers that disagree, and the way out.  Libraries return; stages die.    */
#ifndef BN_ERR_H
#define BN_ERR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BN_MUST_USE     __attribute__((warn_unused_result))
#define BN_PRINTF(f, a) __attribute__((format(printf, f, a)))
#define BN_LEN(a)       (sizeof(a) / sizeof((a)[0]))

/* Doubles as the exit status of every program; 1 means "differs" or "no". */
typedef enum {
    BN_OK = 0,
    BN_USAGE = 2,      /* command line, parameter or parameter file */
    BN_INPUT = 3,      /* missing, malformed or inconsistent input */
    BN_OUTPUT = 4,     /* could not write */
    BN_NUMERIC = 5,    /* singular, diverged, not finite */
    BN_NOMEM = 6       /* out of memory */
} bn_status;

/* Record a message for bn_error() and return `code`, so that failing is one
 * statement: return bn_fail(BN_INPUT, "%s: no dataset %s", path, name);     */
bn_status bn_fail(bn_status code, const char *fmt, ...) BN_PRINTF(2, 3);

/* Put "fmt: " in front of the recorded message and return `code`; for callers
 * that know more about the place than the function that failed.             */
bn_status bn_fail_at(bn_status code, const char *fmt, ...) BN_PRINTF(2, 3);

/* The message of this thread's last failure; never NULL, owned by the lib. */
const char *bn_error(void);

/* Hand a failure up unchanged.  Only where nothing is held. */
#define BN_TRY(call)                                                          \
    do {                                                                      \
        const bn_status bn_rc_ = (call);                                      \
        if (bn_rc_ != BN_OK)                                                  \
            return bn_rc_;                                                    \
    } while (0)

#endif
