/* SPDX-License-Identifier: MIT
 * `basin docs --man`: every command and every stage has a page that says what its table
 * says, that mandoc and groff take without a warning, and in which no text of a table is a
 * request.                                                                   */
#include "shell.h"

#include <jansson.h>
#include <string.h>

static char folder[64];

static bool have(const char *program)
{
    if (sh("command -v %s > /dev/null", program) == 0)
        return true;
    print_message("skipped: no %s: make deps\n", program);
    return false;
}

static void every_table_has_a_page(void **state)
{
    (void)state;
    assert_runs("'%s/basin' docs --man %s", programs(), folder);
    assert_runs("{ '%s/basin' --help | sed -n 's/^  basin \\([a-z]*\\) .*/basin-\\1.1/p'; echo "
                "basin.1; ls '%s/schema' | sed 's/\\(.*\\).json/basin-\\1.1/'; } | sort > %s/want; "
                "ls %s/man1 | sort | diff %s/want -", programs(), programs(), folder, folder,
                folder);
    assert_runs("wc -l < %s/want", folder);
    assert_true(atoi(said) > 25);
}

static void readers_take_them(void **state)
{
    (void)state;
    if (have("mandoc")) {
        assert_runs("mandoc -Tlint -Wwarning %s/man1/*.1", folder);
        assert_string_equal(said, "");
    }
    if (have("groff")) {
        assert_runs("for p in %s/man1/*.1; do groff -ww -man -Tutf8 -z $p; done", folder);
        assert_string_equal(said, "");
    }
}

/* The page as a person reads it. */
static void read_page(const char *name)
{
    assert_runs("mandoc -Tutf8 %s/man1/%s.1 | sed 's/.\\x08//g' | tr -s ' \\n' ' '", folder,
                name);
}

/* `text` stands in it, however it is broken into lines; `names` are bold. */
static void assert_reads(const char *text)
{
    char *one = strdup(text), *to = one;
    size_t ticks = 0;
    for (const char *p = text; *p != '\0'; p++)
        ticks += *p == '`';
    for (const char *p = one; *p != '\0'; p++)
        if ((*p != ' ' || to == one || to[-1] != ' ') && (*p != '`' || ticks % 2 == 1))
            *to++ = *p;
    *to = '\0';
    assert_says(said, one);
    free(one);
}

static void a_stage_says_its_table(void **state)
{
    static const char *const lists[] = { "params", "outputs", "inputs" };
    json_error_t error;
    char path[1200];
    (void)state;
    if (!have("mandoc"))
        return;
    snprintf(path, sizeof path, "%s/schema/weights.json", programs());
    json_t *schema = json_load_file(path, 0, &error);
    assert_non_null(schema);
    read_page("basin-weights");
    assert_reads(json_string_value(json_object_get(schema, "details")));
    for (size_t l = 0; l < BN_LEN(lists); l++) {
        const json_t *list = json_object_get(schema, lists[l]);
        assert_true(json_array_size(list) > 0);
        for (size_t k = 0; k < json_array_size(list); k++) {
            const json_t *x = json_array_get(list, k);
            const json_t *name = json_object_get(x, l == 2 ? "role" : "name");
            assert_reads(json_string_value(name));
            assert_reads(json_string_value(json_object_get(x, "help")));
        }
    }
    json_decref(schema);
    /* What every stage takes, as the stage itself says it. */
    assert_runs("'%s/stages/weights' --help | sed -n 's/^  \\(--[a-z-]*\\).*/\\1/p' > %s/options; "
                "mandoc -Tascii %s/man1/basin-weights.1 | sed 's/.\\x08//g' > %s/page; "
                "while read -r o; do grep -q -e \"^ *$o\" %s/page || echo $o; done < %s/options; "
                "wc -l < %s/options", programs(), folder, folder, folder, folder, folder, folder);
    assert_true(atoi(said) > 12);        /* nothing but the number was said */
}

static void a_command_says_its_table(void **state)
{
    (void)state;
    if (!have("mandoc"))
        return;
    assert_runs("for c in $('%s/basin' --help | sed -n 's/^  basin \\([a-z]*\\) .*/\\1/p'); do "
                "mandoc -Tascii %s/man1/basin-$c.1 | sed 's/.\\x08//g' > %s/page; "
                "'%s/basin' $c --help | sed -n 's/^  \\([a-z-]*\\).*/\\1/p' | while read -r o; do "
                "grep -q -e \"^ *$o\" %s/page || echo $c $o; done; done", programs(), folder,
                folder, programs(), folder);
    assert_string_equal(said, "");
}

/* Every option of the table is one that the command takes, and it takes no other. */
static void commands_take_what_the_table_says(void **state)
{
    (void)state;
    assert_runs("mkdir -p %s/empty && cd %s/empty && b='%s/basin' && "
                "for c in $($b --help | sed -n 's/^  basin \\([a-z]*\\) .*/\\1/p'); do "
                "[ $c = complete ] && continue; "
                "$b $c --nonsense > said 2>&1 < /dev/null; [ $? = 2 ] || cat said; "
                "$b $c --help | sed -n 's/^  \\(--[a-z-]*\\)\\( [^ ]*\\)\\{0,1\\} .*/\\1\\2/p' | "
                "while read -r o v; do $b $c $o ${v:+x} > said 2>&1 < /dev/null; "
                "grep -e 'unknown option' -e 'no option' -e 'not an option' said; done; done; "
                "$b --help | wc -l", folder, folder, programs());
    assert_true(atoi(said) > 15);        /* nothing but the number was said */
}

/* A driver of its own, whose only stage has texts like these. */
static void texts_are_no_requests(void **state)
{
    (void)state;
    char path[128];
    snprintf(path, sizeof path, "%s/own/schema/evil.json", folder);
    assert_runs("mkdir -p %s/own/schema && cp '%s/basin' %s/own", folder, programs(), folder);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fputs("{\"name\": \"evil\", \"summary\": \".so x\", \"details\": \".so /etc/passwd \\\\fB "
          "\\\\*[x] \\u00e1 `bold` `\\n\\n.\\n\\n'so /etc/passwd\\n\\n  .TH a\\n.PP\", "
          "\"random\": false, \"inputs\": [], \"outputs\": [], \"params\": [{\"name\": \".br\", "
          "\"type\": \"text\", \"unit\": \"1\", \"initial\": \"\\\\\", \"help\": \"\"}]}", f);
    fclose(f);
    assert_runs("%s/own/basin docs --man %s/evil", folder, folder);
    if (!have("mandoc"))
        return;
    assert_runs("mandoc -Tlint -Wwarning %s/evil/man1/basin-evil.1", folder);
    assert_string_equal(said, "");
    read_page("../evil/man1/basin-evil");
    assert_reads("basin-evil - .so x SYNOPSIS");
    assert_reads(".so /etc/passwd \\fB \\*[x] \u00e1 `bold` ` . 'so /etc/passwd .TH a "
                 ".PP PARAMETERS");
    assert_reads(".br = \\ (text) ");
    assert_true(strstr(said, "root:") == NULL);
}

/* Two pages of one name. */
static void a_stage_is_no_command(void **state)
{
    (void)state;
    assert_runs("cd %s/own/schema && sed 's/evil/gc/' evil.json > gc.json", folder);
    assert_exits(2, "%s/own/basin docs --man %s/evil", folder, folder);
    assert_says(said, "stages/gc.c: `basin gc` is a command of the driver");
}

static int enter(void **state)
{
    (void)state;
    strcpy(folder, "/tmp/basin-man-XXXXXX");
    return mkdtemp(folder) != NULL ? 0 : -1;
}

static int leave(void **state)
{
    (void)state;
    return sh("rm -rf %s", folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_table_has_a_page),
        cmocka_unit_test(readers_take_them),
        cmocka_unit_test(a_stage_says_its_table),
        cmocka_unit_test(a_command_says_its_table),
        cmocka_unit_test(commands_take_what_the_table_says),
        cmocka_unit_test(texts_are_no_requests),
        cmocka_unit_test(a_stage_is_no_command),
    };
    return cmocka_run_group_tests(tests, enter, leave);
}
