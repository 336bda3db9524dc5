/* SPDX-License-Identifier: MIT
 * What every test includes: cmocka and a comparison of doubles.  cmocka 1.1.5
 * has only assert_float_equal(), which casts both sides to float.           */
#ifndef TEST_H
#define TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <string.h>
#include <basin/err.h>

#define assert_ok(call)                                                       \
    do {                                                                      \
        if ((call) != BN_OK)                                                  \
            fail_msg("%s: %s", #call, bn_error());                            \
    } while (0)

#define assert_fails(call, code)                                              \
    do {                                                                      \
        const bn_status s_ = (call);                                          \
        if (s_ != (code))                                                     \
            fail_msg("%s gave %d, want %d; message: %s", #call, (int)s_,      \
                     (int)(code), bn_error());                                \
    } while (0)

/* The text has that piece; the failure shows the whole text. */
#define assert_says(text, piece)                                              \
    do {                                                                      \
        const char *t_ = (text), *p_ = (piece);                               \
        if (strstr(t_, p_) == NULL)                                           \
            fail_msg("\"%s\" does not say \"%s\"", t_, p_);                   \
    } while (0)

/* |got - want| <= atol + rtol |want|; NaN never passes. */
#define assert_close(got, want, rtol, atol)                                   \
    do {                                                                      \
        const double g_ = (got), w_ = (want), t_ = (atol) + (rtol) * fabs(w_); \
        if (!(fabs(g_ - w_) <= t_))                                           \
            fail_msg("%s = %.17g, want %.17g +- %.2g", #got, g_, w_, t_);     \
    } while (0)

#endif
