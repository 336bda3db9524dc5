/* SPDX-License-Identifier: MIT */
#include "test.h"

#include <basin/digest.h>

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* FIPS 180-2, appendix B. */
static const struct { const char *text, *hex; } known[] = {
    { "", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" },
    { "abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" },
    { "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
      "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1" },
};

static void known_answers(void **state)
{
    (void)state;
    for (size_t i = 0; i < BN_LEN(known); i++) {
        bn_digest *d;
        char hex[BN_HEX];

        assert_ok(bn_digest_new(&d));
        for (const char *c = known[i].text; *c != '\0'; c++)
            bn_digest_add(d, c, 1);
        bn_digest_end(d, hex);
        assert_string_equal(hex, known[i].hex);
    }
}

static void text_ends_are_digested(void **state)
{
    (void)state;
    static const char *const pair[2][2] = { { "ab", "c" }, { "a", "bc" } };
    char hex[2][BN_HEX];

    for (size_t i = 0; i < 2; i++) {
        bn_digest *d;
        assert_ok(bn_digest_new(&d));
        bn_digest_text(d, pair[i][0]);
        bn_digest_text(d, pair[i][1]);
        bn_digest_end(d, hex[i]);
    }
    assert_string_not_equal(hex[0], hex[1]);
}

static void files(void **state)
{
    (void)state;
    char path[] = "/tmp/test_digest.XXXXXX", hex[BN_HEX] = "untouched";
    const int fd = mkstemp(path);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, "abc", 3), 3);
    close(fd);
    assert_ok(bn_digest_file(path, hex));
    assert_string_equal(hex, known[1].hex);
    unlink(path);

    strcpy(hex, "untouched");
    assert_fails(bn_digest_file(path, hex), BN_INPUT);
    assert_says(bn_error(), path);
    assert_says(bn_error(), "No such file");
    assert_fails(bn_digest_file("/tmp", hex), BN_INPUT);
    assert_says(bn_error(), "not a regular file");
    assert_string_equal(hex, "untouched");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_answers),
        cmocka_unit_test(text_ends_are_digested),
        cmocka_unit_test(files),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
