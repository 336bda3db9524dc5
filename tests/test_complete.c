/* SPDX-License-Identifier: MIT
 * `basin complete`: what is offered for a line, in this project; and the same typed at a
 * real bash on a terminal (complete.py).                                     */
#include "shell.h"

#include <string.h>

/* What is printed for a line, with blanks between the lines. */
static void offer(const char *line, const char *breaks)
{
    setenv("LINE", line, 1);
    setenv("BREAKS", breaks, 1);
    assert_runs("set -e; '%s/basin' complete \"$LINE\" \"$BREAKS\" > /dev/null; "
                "'%s/basin' complete \"$LINE\" \"$BREAKS\" | paste -sd ' '", programs(),
                programs());
    said[strcspn(said, "\n")] = '\0';
}

static void offers_what_fits(void **state)
{
    static const char usual[] = " \t\n\"'><=;|&(:";
    static const struct {
        const char *line, *breaks, *want;
    } table[] = {
        { "make figure1", usual, "space figure1" },
        { "make SET=\"ring.weights.lam", usual,
          "space ring.weights.lambda= ring.weights.lambda=1e-8" },
        { "make SET=\"ring.seed=3 ring.weights.lam", usual,
          "space ring.seed=3 ring.weights.lambda= ring.seed=3 ring.weights.lambda=1e-8" },
        { "make SET=ring.weights.lam", usual,
          "space ring.weights.lambda= ring.weights.lambda=1e-8" },
        { "make SET=ring.weights.lam", " \t\n",
          "space SET=ring.weights.lambda= SET=ring.weights.lambda=1e-8" },
        { "make SET=ring.weights.lambda=", usual, "space 1e-8" },
        { "make \"SET=ring.weights.lambda=", usual, "space SET=ring.weights.lambda=1e-8" },
        { "make SET=\"ring.weights.velocity=", usual,
          "space ring.weights.velocity=no ring.weights.velocity=yes" },
        { "make SET=\"ring.weights.form=de", usual, "space ring.weights.form=dense" },
        { "make SET=\"ring.weights.nothing=", usual, "space" },
        { "make SET=\"nothing", usual, "space" },
        { "make VERB", usual, "nospace VERBOSE=" },
        { "make FROM=tunnel-", usual, "space tunnel-lengths tunnel-sizes" },
        { "make V=", usual, "space asan cov debug fuzz release" },
        { "make QUIET=", usual, "space 1" },
        { "make LIMIT=", usual, "space" },
        { "make V=release FROM=gridc", usual, "space gridcells" },
        { "make T=ring/weights.cir", usual, "space ring/weights.circulant" },
        { "make results/million/we", usual, "space results/million/weights.h5" },
        { "X=1 Y=2 /usr/bin/make VERB", usual, "nospace VERBOSE=" },
        { "basin gc --ol", usual, "space --older" },
        { "basin gc --results x ob", usual, "space objects" },
        { "build/basin why --json --from gridc", usual, "space gridcells" },
        { "build/stages/weights --se", usual, "space --section --set" },
        { "build/stages/weights --set lam", usual, "nospace lambda=" },
        { "build/stages/weights --set form=de", usual, "space dense" },
        { "build/stages/weights --set \"form=de", usual, "space form=dense" },
        { "build/stages/weights --set nothing=", usual, "space" },
        { "build/stages/weights --in tun", usual, "space tuning.maps= tuning=" },
        { "build/stages/weights --in tuning=x --out ", usual, "space" },
        { "build/stages/nothing --se", usual, "space" },
        { "basin nosuchthing x", usual, "space" },
        { "make SET=\"a\\", usual, "space" },
        { "make \"", usual, NULL },      /* only that it ends well */
        { "basin", usual, "" },
        { " \t", usual, "" },
        { "", usual, "" },
    };
    (void)state;
    for (size_t k = 0; k < BN_LEN(table); k++) {
        offer(table[k].line, table[k].breaks);
        if (table[k].want != NULL && strcmp(said, table[k].want) != 0)
            fail_msg("%s: \"%s\", want \"%s\"", table[k].line, said, table[k].want);
    }
}

/* Bytes of any kind are no reason to fail. */
static void takes_any_line(void **state)
{
    static const char bytes[] = "ring.weights=\"'\\ \t$`{}[]/-\xc3\xff\x01";
    static const char *const start[] = { "make SET=\"ring.", "basin why --set \"", "make " };
    unsigned r = 7;
    char line[64];
    (void)state;
    for (int k = 0; k < 30; k++) {
        size_t n = (size_t)snprintf(line, sizeof line, "%s", start[k % 3]);
        for (int i = 0; i < 12; i++) {
            r = r * 1664525u + 1013904223u;
            line[n++] = bytes[(r >> 16) % (sizeof bytes - 1)];
        }
        line[n] = '\0';
        offer(line, "=:");
    }
}

static void a_shell_completes(void **state)
{
    char here[1024];
    (void)state;
    if (sh("test -x /usr/bin/python3 -a -x /bin/bash") != 0) {
        print_message("skipped: no bash or python3\n");
        return;
    }
    assert_non_null(getcwd(here, sizeof here));
    assert_runs("/usr/bin/python3 tests/complete.py '%s' '%s/basin'", here, programs());
    if (said[0] != '\0')
        fail_msg("%s", said);
}

/* Where nothing is as it should be, there is nothing to offer, and no message. */
static void is_silent_elsewhere(void **state)
{
    char here[1024], folder[] = "/tmp/basin-silent-XXXXXX";
    (void)state;
    assert_non_null(getcwd(here, sizeof here));
    assert_non_null(mkdtemp(folder));
    assert_int_equal(chdir(folder), 0);
    assert_runs("mkdir pipelines && echo nonsense > pipelines/x.mk");
    offer("make SET=\"x.", "=");
    assert_string_equal(said, "space");
    offer("make fig", "=");
    assert_string_equal(said, "space");
    assert_int_equal(chdir(here), 0);
    assert_runs("rm -rf %s", folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(offers_what_fits),
        cmocka_unit_test(takes_any_line),
        cmocka_unit_test(a_shell_completes),
        cmocka_unit_test(is_silent_elsewhere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
