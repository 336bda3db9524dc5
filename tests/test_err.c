/* SPDX-License-Identifier: MIT
 * err and mem: the message that is left, and memory that runs out on demand.  */
#include "test.h"

#include <basin/mem.h>

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

static void a_failure_leaves_its_code_and_message(void **state)
{
    (void)state;
    assert_int_equal(bn_fail(BN_INPUT, "%s: no dataset %s", "a.h5", "x"), BN_INPUT);
    assert_string_equal(bn_error(), "a.h5: no dataset x");
    assert_int_equal(bn_fail(BN_USAGE, "second"), BN_USAGE);
    assert_string_equal(bn_error(), "second");
}

static void an_argument_may_be_the_message_itself(void **state)
{
    (void)state;
    (void)bn_fail(BN_INPUT, "inner");
    (void)bn_fail(BN_INPUT, "outer, because: %s", bn_error());
    assert_string_equal(bn_error(), "outer, because: inner");
    assert_int_equal(bn_fail_at(BN_OUTPUT, "again %s", bn_error()), BN_OUTPUT);
    assert_string_equal(bn_error(), "again outer, because: inner: outer, because: inner");
}

static void the_place_comes_in_front(void **state)
{
    (void)state;
    (void)bn_fail(BN_INPUT, "too short");
    assert_int_equal(bn_fail_at(BN_INPUT, "row %d", 7), BN_INPUT);
    assert_int_equal(bn_fail_at(BN_INPUT, "%s", "file.h5"), BN_INPUT);
    assert_string_equal(bn_error(), "file.h5: row 7: too short");
}

/* Every length around the sizes of the buffers, both in front and behind. */
static void long_messages_are_cut_and_stay_strings(void **state)
{
    (void)state;
    static char text[5000];

    for (size_t n = 500; n < 4999; n += n < 530 || (n > 2030 && n < 2060) ? 1 : 97) {
        memset(text, 'x', n);
        text[n] = '\0';
        (void)bn_fail(BN_INPUT, "%s", text);
        assert_int_equal(strlen(bn_error()), n < 2047 ? n : 2047);
        (void)bn_fail_at(BN_INPUT, "%s", text);
        assert_true(strlen(bn_error()) < 2048);
        assert_memory_equal(bn_error(), "xxx", 3);
        (void)bn_fail(BN_INPUT, "the end");
        (void)bn_fail_at(BN_INPUT, "%s", text);
        assert_says(bn_error(), "x: the end");
    }
}

static void *fail_elsewhere(void *unused)
{
    (void)unused;
    (void)bn_fail(BN_INPUT, "elsewhere");
    return NULL;
}

static void messages_of_threads_are_apart(void **state)
{
    (void)state;
    pthread_t t;

    (void)bn_fail(BN_INPUT, "here");
    assert_int_equal(pthread_create(&t, NULL, fail_elsewhere, NULL), 0);
    pthread_join(t, NULL);
    assert_string_equal(bn_error(), "here");
}

static bn_status hands_up(bn_status inner)
{
    BN_TRY(inner == BN_OK ? BN_OK : bn_fail(inner, "from below"));
    return BN_OK;
}

static void a_failure_is_handed_up_unchanged(void **state)
{
    (void)state;
    static const bn_status code[] = { BN_OK, BN_USAGE, BN_INPUT, BN_OUTPUT, BN_NUMERIC,
                                      BN_NOMEM };

    for (size_t i = 0; i < BN_LEN(code); i++)
        assert_fails(hands_up(code[i]), code[i]);
}

static void memory_is_zero_aligned_and_writable(void **state)
{
    (void)state;
    static const size_t size[] = { 0, 1, 63, 64, 65, 4095, 4096, 4097, 100003 };

    for (size_t i = 0; i < BN_LEN(size); i++) {
        for (int again = 0; again < 2; again++) {   /* the second reuses dirty blocks */
            unsigned char *p = bn_alloc(size[i], 1);
            assert_non_null(p);
            if (size[i] >= 4096)
                assert_int_equal((uintptr_t)p % 64, 0);
            for (size_t k = 0; k < size[i]; k++) {
                assert_int_equal(p[k], 0);
                p[k] = 0xA5;
            }
            free(p);
        }
    }
}

/* Each product is beyond the address space, many of them small after wrapping. */
static void sizes_that_overflow_are_refused(void **state)
{
    (void)state;
    static const struct { size_t n, size; } row[] = {
        { SIZE_MAX, 2 },         { SIZE_MAX / 8 + 1, 8 }, { SIZE_MAX / 8 + 2, 8 },
        { SIZE_MAX, SIZE_MAX },  { 2, SIZE_MAX },         { SIZE_MAX / 2 + 1, 2 },
        { (size_t)1 << 33, (size_t)1 << 33 },
    };

    for (size_t i = 0; i < BN_LEN(row); i++) {
        (void)bn_fail(BN_INPUT, "stale");
        assert_null(bn_alloc(row[i].n, row[i].size));
        assert_says(bn_error(), "out of memory");
        (void)bn_fail(BN_INPUT, "stale");
        assert_null(bn_grow(NULL, row[i].n, row[i].size));
        assert_says(bn_error(), "out of memory");
    }
    assert_null(bn_alloc(SIZE_MAX - 10, 1));   /* rounding up would wrap */
}

static void a_block_grows_and_survives_a_refusal(void **state)
{
    (void)state;
    int *p = bn_grow(NULL, 3, sizeof *p);
    assert_non_null(p);
    for (int i = 0; i < 3; i++)
        p[i] = i;
    int *q = bn_grow(p, 4000, sizeof *p);
    assert_non_null(q);
    p = q;
    assert_null(bn_grow(p, SIZE_MAX, sizeof *p));
    bn_alloc_fail_after(0);
    assert_null(bn_grow(p, 5000, sizeof *p));
    for (int i = 0; i < 3; i++)
        assert_int_equal(p[i], i);
    q = bn_grow(p, 0, sizeof *p);
    assert_non_null(q);
    free(q);
}

static void strings_are_copied_and_formatted(void **state)
{
    (void)state;
    char *a = bn_copy("two words"), *b = bn_format("%s-%03d", "n", 7), *c = bn_copy("");
    assert_string_equal(a, "two words");
    assert_string_equal(b, "n-007");
    assert_string_equal(c, "");
    free(c);
    free(b);
    char *d = bn_format("%s%0999d%s", a, 1, a);
    assert_int_equal(strlen(d), 9 + 999 + 9);
    free(d);
    free(a);
}

static void exactly_the_counted_allocation_fails(void **state)
{
    (void)state;
    for (long n = 0; n < 4; n++) {
        void *p[6];
        bn_alloc_fail_after(n);
        p[0] = bn_alloc(3, 8);
        p[1] = bn_copy("text");
        p[2] = bn_format("%d", 5);
        p[3] = bn_grow(NULL, 3, 8);
        p[4] = bn_alloc(1, 100000);      /* after the failure all succeeds again */
        p[5] = bn_copy("x");
        for (long k = 0; k < 6; k++) {
            assert_int_equal(p[k] == NULL, k == n);
            free(p[k]);
        }
    }
    bn_alloc_fail_after(0);
    bn_alloc_fail_after(-1);
    void *p = bn_alloc(1, 1);
    assert_non_null(p);
    free(p);
    bn_alloc_fail_after(0);
    assert_null(bn_copy("x"));
    assert_says(bn_error(), "out of memory");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_failure_leaves_its_code_and_message),
        cmocka_unit_test(an_argument_may_be_the_message_itself),
        cmocka_unit_test(the_place_comes_in_front),
        cmocka_unit_test(long_messages_are_cut_and_stay_strings),
        cmocka_unit_test(messages_of_threads_are_apart),
        cmocka_unit_test(a_failure_is_handed_up_unchanged),
        cmocka_unit_test(memory_is_zero_aligned_and_writable),
        cmocka_unit_test(sizes_that_overflow_are_refused),
        cmocka_unit_test(a_block_grows_and_survives_a_refusal),
        cmocka_unit_test(strings_are_copied_and_formatted),
        cmocka_unit_test(exactly_the_counted_allocation_fails),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
