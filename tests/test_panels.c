/* SPDX-License-Identifier: MIT
 * The letters and names of panels in gnuplot scripts: of every figure of the project those
 * that a reader of it counts, and of small scripts, whole and cut anywhere.   */
#include "../tools/basin/panels.h"
#include "shell.h"
#include "test.h"

#include <basin/mem.h>

#include <stdio.h>
#include <stdlib.h>

static char here[4096];

static char *all_of(const char *script)
{
    struct list panels = { 0 };
    assert_ok(panels_find(script, &panels));
    char *text = bn_copy("");
    for (size_t i = 0; i < panels.n; i++) {
        char *more = bn_format("%s%s%s", text, i > 0 ? "; " : "", panels.at[i]);
        free(text);
        text = more;
    }
    list_free(&panels);
    return text;
}

static const struct figure_case {
    const char *name, *letters, *says;
} figures[] = {
    { "figure1", "abcdef", "b targets from the recording or generated" },
    { "figure2", "abcdef", "a NJ, arbitrary order" },
    { "figure3", "abcdefghi", "d J; e circulant average; f average + shuffled rest" },
    { "figure4", "abcdef", "e recorded or random velocity; f residual" },
    { "figure4-million", "abcdef", "c \u2026 decoded angles" },
    { "figure5", "abcd", "a (labels in the figure); b residual" },
    { "figure6", "abcdefghi", "a (labels in the figure); b decay; c learning rate" },
    { "figure7", "abcdefghijkl", "f Euler, 1-D; g Euler, 2-D; h Euler, 3-D" },
    { "figure8", "abcdefghi", "f states that stay for 100 \u03c4" },
    { "figure9", "abcdefghijkl", "a torus; b sphere; c hexagonal torus; d Betti" },
    { "figureS1", "abcdefghi", "b peaks above z = \u2026; c" },
    { "figureS2", "abcdefghi", "i reservoir: residual" },
    { "figureS3", "abc", "c fixed points: \u2026 elsewhere" },
    { "figureS4", "abcdefghi", "d learned: rates; e ring: overlap" },
    { "figureS5", "abcdef", "a forward, rate / peak; b backward, rate / peak" },
    { "figureS6", "abcdef", "c \u2026 cells" },
};

static void every_panel_of_every_figure(void **state)
{
    (void)state;
    for (size_t i = 0; i < BN_LEN(figures); i++) {
        char *path = bn_format("%s/figures/%s.gp", here, figures[i].name), *script;
        char letters[64] = "";
        struct list panels = { 0 };
        assert_ok(file_read(path, &script, NULL));
        assert_ok(panels_find(script, &panels));
        for (size_t k = 0; k < panels.n && k < 32; k++)
            letters[k] = panels.at[k][0];
        assert_string_equal(letters, figures[i].letters);
        char *text = all_of(script);
        assert_says(text, figures[i].says);
        list_free(&panels);
        free(text);
        free(script);
        free(path);
    }
    /* a new figure gets a line above; style.gp is none */
    assert_int_equal(sh("test $(ls '%s'/figures/*.gp | wc -l) = %zu", here,
                        BN_LEN(figures) + 1), 0);
}

static const struct { const char *script, *panels; } cases[] = {
    { "", "" },
    { "letter = \"a\"; name = \"one; two? {/:Italic x}: (\"; eval NAME\n",
      "a one; two? x: (" },
    { "letter = 'a'\nname = 'one'\nletter = \"a\"; name = \"again\"\n", "a one" },
    { "letter = \"a\"\nplot x\nname = \"of the next\"\nletter = \"b\"; name = \"two\"\n",
      "a (labels in the figure); b two" },
    { "do for [p=1:2] {\n    letter = word(\"a b\", p); name = p == 2 ? \"two\" : \"one\"\n}\n"
      "letter = \"c\"; name = p == 1 ? \"x\" : \"y\"\n", "a one; b two; c x or y" },
    { "k[1] = \"one\"\nk[2] = \"two\"\ndo for [i=1:words(k)] {\n"
      "    letter = word(\"a b\", i); name = k[i].\" of \".n.\", \".f(i)\n}\n",
      "a one of \u2026, \u2026; b two of \u2026, \u2026" },
    { "f(x) = f(x).f(x)\nletter = \"a\"; name = f(1).\"!\"; eval NAME\n",
      "a (labels in the figure)" },
    { "letter = \"a\"; name = sprintf(\"%d%% of %.2f %s\", 3, y, \"cells\")\n",
      "a 3% of \u2026 cells" },
    { "letter = \"a\"\nif (r) {\n    name = \"yes\"\n    plot x\n} else {\n"
      "    name = \"no\"\n}\n", "a yes or no" },
    { "letter = \"a\"; name = ((((\"x\"\nletter = \"b\"; name = \"\nletter = \"c\"; name = a ? b\n",
      "a (labels in the figure); b (labels in the figure); c (labels in the figure)" },
};

static void names_are_put_together(void **state)
{
    (void)state;
    for (size_t i = 0; i < BN_LEN(cases); i++) {
        char *text = all_of(cases[i].script);
        assert_string_equal(text, cases[i].panels);
        free(text);
    }
}

/* Nothing is read beyond a script that ends anywhere (for the sanitizers). */
static void scripts_may_end_anywhere(void **state)
{
    (void)state;
    for (size_t i = 0; i < BN_LEN(cases); i++) {
        for (size_t n = strlen(cases[i].script); n > 0; n--) {
            char *part = bn_format("%.*s", (int)n, cases[i].script);
            char *text = all_of(part);
            assert_true(strlen(text) < 200);
            free(text);
            free(part);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_panel_of_every_figure),
        cmocka_unit_test(names_are_put_together),
        cmocka_unit_test(scripts_may_end_anywhere),
    };
    if (getcwd(here, sizeof here) == NULL)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
