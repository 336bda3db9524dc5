/* SPDX-License-Identifier: MIT
 * tile: each piece of work once, whatever the number of threads.  */
#include "test.h"

#include <basin/mem.h>
#include <basin/tile.h>

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

enum { TILES = 500, PER_TILE = 64 };
static const unsigned threads[] = { 1, 2, 7, 64, 1000 };

static atomic_int visits[TILES];

static bn_status visit(void *context, size_t k)
{
    (void)context;
    atomic_fetch_add(&visits[k], 1);
    return BN_OK;
}

static void each_tile_is_done_once(void **state)
{
    (void)state;
    for (size_t t = 0; t < BN_LEN(threads); t++)
        for (size_t count = 0; count <= TILES; count += count < 10 ? 1 : 49) {
            bn_threads_set(threads[t]);
            for (size_t k = 0; k < TILES; k++)
                atomic_store(&visits[k], 0);
            assert_ok(bn_tiles(count, visit, NULL));
            for (size_t k = 0; k < TILES; k++)
                assert_int_equal(atomic_load(&visits[k]), k < count);
        }
}

/* A sum whose rounding depends on its order: each tile sums its own part. */
static bn_status partial(void *context, size_t k)
{
    double s = 0.0;
    for (size_t i = 0; i < PER_TILE; i++)
        s += sin(1e3 * (double)(k * PER_TILE + i)) / (double)(i + 1);
    ((double *)context)[k] = s;
    return BN_OK;
}

static void results_do_not_depend_on_threads(void **state)
{
    (void)state;
    static double want[TILES], got[TILES];

    bn_threads_set(1);
    assert_ok(bn_tiles(TILES, partial, want));
    for (size_t t = 1; t < BN_LEN(threads); t++) {
        bn_threads_set(threads[t]);
        memset(got, 0, sizeof got);
        assert_ok(bn_tiles(TILES, partial, got));
        assert_memory_equal(got, want, sizeof got);
    }
}

/* The lowest tile that fails waits until another has, so the failure that comes
 * first in time is not the first by number.                                 */
static atomic_int failures;

static bn_status fail_some(void *lowest, size_t k)
{
    if (k < *(size_t *)lowest)
        return BN_OK;
    if (k == *(size_t *)lowest && bn_threads() > 1)
        while (atomic_load(&failures) == 0)
            ;
    const bn_status rc = bn_fail(k % 2 == 0 ? BN_NUMERIC : BN_INPUT, "tile %zu broke", k);
    atomic_fetch_add(&failures, 1);
    return rc;
}

static void the_lowest_failure_is_reported(void **state)
{
    (void)state;
    for (size_t t = 0; t < BN_LEN(threads); t++)
        for (size_t lowest = 0; lowest < 9; lowest++) {
            char want[32];
            bn_threads_set(threads[t]);
            atomic_store(&failures, 0);
            snprintf(want, sizeof want, "tile %zu broke", lowest);
            (void)bn_fail(BN_OUTPUT, "stale");
            assert_fails(bn_tiles(10, fail_some, &lowest),
                         lowest % 2 == 0 ? BN_NUMERIC : BN_INPUT);
            assert_string_equal(bn_error(), want);
        }
}

static bn_status never(void *context, size_t k)
{
    (void)context;
    return bn_fail(BN_INPUT, "tile %zu of none", k);
}

static void nothing_to_do_is_done(void **state)
{
    (void)state;
    for (size_t t = 0; t < BN_LEN(threads); t++) {
        bn_threads_set(threads[t]);
        assert_ok(bn_tiles(0, never, NULL));
    }
}

static void zero_threads_mean_all_cores(void **state)
{
    (void)state;
    bn_threads_set(3);
    assert_int_equal(bn_threads(), 3);
    bn_threads_set(0);
    assert_true(bn_threads() >= 1);
    assert_ok(bn_tiles(TILES, visit, NULL));
}

/* The failing tile's own allocation for the message may fail, too. */
static bn_status fail_without_memory(void *context, size_t k)
{
    (void)context;
    (void)k;
    bn_alloc_fail_after(0);
    return bn_fail(BN_INPUT, "lost");
}

static void a_failure_without_memory_keeps_its_status(void **state)
{
    (void)state;
    bn_threads_set(1);
    assert_fails(bn_tiles(1, fail_without_memory, NULL), BN_INPUT);
    bn_alloc_fail_after(-1);
    assert_true(strlen(bn_error()) > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_tile_is_done_once),
        cmocka_unit_test(results_do_not_depend_on_threads),
        cmocka_unit_test(the_lowest_failure_is_reported),
        cmocka_unit_test(nothing_to_do_is_done),
        cmocka_unit_test(zero_threads_mean_all_cores),
        cmocka_unit_test(a_failure_without_memory_keeps_its_status),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
