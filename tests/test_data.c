/* SPDX-License-Identifier: MIT
 * `basin data` against a mirror of its own on the loopback (mirror.py), whose files are cut
 * off, damaged, moved, too long ... as their names say.                      */
#include "shell.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <time.h>

enum { SIZE = 300000 };

static char root[64], basin[1100], mirror[64];

/* basin data on table 000001 into out/, from the mirror. */
static int data(const char *arguments)
{
    char files[64];
    sscanf(arguments, "%63s", files);
    return sh("'%s' data 000001 --to out --mirror %s --pause 0.01 --files %s", basin, mirror,
              arguments);
}

static const char *path_of(const char *name)
{
    static char path[128];
    snprintf(path, sizeof path, "out/000001/sub-%s/%s.nwb", name, name);
    return path;
}

static void assert_good(const char *name)
{
    assert_runs("cmp %s mirror/000001/sub-%s/%s.nwb && test ! -e %s.part", path_of(name), name,
                name, path_of(name));
}

static void assert_absent(const char *name)
{
    assert_runs("test ! -e %s", path_of(name));
}

/* What the server was asked: "cut 0 cut 100000 ". */
static void assert_asked(const char *want)
{
    assert_runs("tr '\\n' ' ' < requests");
    assert_string_equal(said, want);
}

static void begin(void)
{
    assert_runs("chmod -R u+w out 2>/dev/null; rm -rf out; : > requests");
}

/* A part of so many bytes, right ones or zeros. */
static void write_part(const char *name, int bytes, const char *of)
{
    assert_runs("mkdir -p out/000001/sub-%s && head -c %d %s > %s.part", name, bytes, of,
                path_of(name));
}

/* --- what goes well ------------------------------------------------------------------ */

static void fetches_once(void **state)
{
    (void)state;
    begin();
    assert_int_equal(data("'sub-plain'"), 0);
    assert_says(said, "Bad servers 2026 (licence: CC-BY-4.0)");
    assert_says(said, "1 file to fetch, 300 kB; ");
    assert_says(said, "fetched and checked: 000001/sub-plain/plain.nwb, 300 kB\n");
    assert_says(said, "make figure1 FROM=mouse SET=\"mouse.recording.file=/");
    assert_good("plain");
    assert_runs("stat -c %%a %s", path_of("plain"));
    assert_string_equal(said, "444\n");
    assert_int_equal(data("plain.nwb --yes"), 0);
    assert_says(said, "0 files to fetch, 0 B; 1 here, as the table says\n");
    assert_asked("plain 0 ");
    assert_int_equal(data("'sub-p*' --check"), 0);
    /* What a URL must not have. */
    assert_int_equal(data("'sub-a*'"), 0);
    assert_runs("cmp 'out/000001/sub-a+b/odd name%%41 #1?.nwb' "
                "'mirror/000001/sub-a+b/odd name%%41 #1?.nwb'");
}

static void a_list_fetches_nothing(void **state)
{
    (void)state;
    begin();
    write_part("cut", SIZE / 3, "mirror/000001/sub-cut/cut.nwb");
    assert_int_equal(data("'sub-cut sub-plain' --list"), 0);
    assert_says(said, "300 kB  33 % is here\n");
    assert_says(said, "2 files to fetch, 500 kB; ");
    assert_absent("plain");
    assert_asked("");
    assert_runs("'%s' data --tables recordings --to out", basin);
    assert_says(said, "Bad servers 2026");
    assert_says(said, "DANDISET=000002");
}

static void goes_on_where_it_was_cut(void **state)
{
    (void)state;
    begin();
    assert_int_equal(data("sub-cut"), 0);
    assert_asked("cut 0 cut 100000 cut 166666 cut 211110 ");
    assert_good("cut");
}

static void goes_on_with_a_part(void **state)
{
    static const struct {
        int bytes;
        const char *of, *asked;
    } part[] = {
        { SIZE / 3, "mirror/000001/sub-plain/plain.nwb", "plain 100000 " },
        { SIZE, "mirror/000001/sub-plain/plain.nwb", "" },
        { SIZE / 3, "/dev/zero", "plain 100000 plain 0 " },
        { SIZE, "/dev/zero", "plain 0 " },
        { SIZE + 1, "/dev/zero", "plain 0 " },
    };
    (void)state;
    for (size_t k = 0; k < BN_LEN(part); k++) {
        begin();
        write_part("plain", part[k].bytes, part[k].of);
        assert_int_equal(data("sub-plain"), 0);
        assert_asked(part[k].asked);
        assert_good("plain");
    }
}

/* Good in the end, whatever lies there first. */
static void takes_what_servers_do(void **state)
{
    static const struct {
        const char *name, *asked, *says;
        int part;
    } server[] = {
        { "norange", "norange 0 norange 100000 ", "trying again", 0 },
        { "norange", "norange 50000 norange 100000 ", "trying again", 50000 },
        { "corruptonce", "corruptonce 0 corruptonce 0 ", "is not the file of the table", 0 },
        { "redirect", "redirect 0 moved 0 ", "", 0 },
        { "redirect", "redirect 1000 moved 1000 ", "", 1000 },
        { "busy", "busy 0 busy 0 busy 0 ", "the server says 503; trying again", 0 },
        { "shifted", "shifted 1000 shifted 0 ", "", 1000 },
        { "unsatisfied", "unsatisfied 1000 unsatisfied 0 ", "", 1000 },
        { "stall", "stall 0 stall 100000 ", "trying again", 0 },
    };
    char arguments[64], of[64];
    (void)state;
    for (size_t k = 0; k < BN_LEN(server); k++) {
        begin();
        snprintf(of, sizeof of, "mirror/000001/sub-%s/*", server[k].name);
        if (server[k].part > 0)
            write_part(server[k].name, server[k].part, of);
        snprintf(arguments, sizeof arguments, "sub-%s --stall 1", server[k].name);
        if (data(arguments) != 0)
            fail_msg("%s: %s", server[k].name, said);
        assert_says(said, server[k].says);
        assert_asked(server[k].asked);
        assert_good(server[k].name);
    }
}

/* --- what does not -------------------------------------------------------------------- */

/* Status 3, a reason, no file; and bytes are kept only where they may be right. */
static void refuses_what_is_wrong(void **state)
{
    static const struct {
        const char *name, *says;
        int part, left;
    } server[] = {
        { "short", "the server has 150000 bytes, the table says 300000", 0, 0 },
        { "short", "the server has 150000 bytes, the table says 300000", 1000, 1000 },
        { "chunkedshort", "it ended after 150000 of 300000 bytes", 0, 150000 },
        { "toolong", "sends more than the 300000 bytes", 0, 0 },
        { "corrupt", "what came is not the file of the table: its sha256 is", 0, 0 },
        { "loop", "redirect", 0, 0 },
        { "missing", "the server says 404: it has no such file", 0, 0 },
        { "secret", "the server says 403: it does not give this file away", 0, 0 },
        { "broken", "the server says 500", 0, 0 },
        { "html", "the server has 20 bytes (a web page), the table says 300000", 0, 0 },
        { "htmlsame", "is not the file of the table", 0, 0 },
        { "changed", "the server has 1005 bytes, the table says 300000", 1000, 1000 },
        { "tofile", "rotocol", 0, 0 },
        { "dies", "transfer closed", 0, 100000 },
    };
    char arguments[64];
    (void)state;
    for (size_t k = 0; k < BN_LEN(server); k++) {
        begin();
        if (server[k].part > 0)
            write_part(server[k].name, server[k].part, "/dev/zero");
        snprintf(arguments, sizeof arguments, "sub-%s", server[k].name);
        const int status = data(arguments);
        if (status != 3)
            fail_msg("%s: status %d: %s", server[k].name, status, said);
        assert_says(said, server[k].says);
        assert_says(said, "not everything is here; the same command goes on");
        assert_absent(server[k].name);
        assert_runs("cat %s.part 2>/dev/null | wc -c", path_of(server[k].name));
        assert_int_equal(atoi(said), server[k].left);
    }
}

/* One that cannot be had does not keep others back; a server that is gone does. */
static void goes_on_after_a_failure(void **state)
{
    (void)state;
    begin();
    assert_int_equal(data("'sub-broken sub-missing sub-plain'"), 3);
    assert_good("plain");
    begin();
    assert_exits(3, "'%s' data 000001 --to out --pause 0.01 --files 'sub-plain sub-cut'", basin);
    assert_int_equal(count_said("https://127.0.0.1:1/cut: "), 5);
    assert_int_equal(count_said("https://127.0.0.1:1/plain"), 0);
    assert_int_equal(count_said("trying again"), 4);
}

static void overwrites_nothing(void **state)
{
    static const char *const there[] = {
        "head -c 300000 /dev/zero > %s", "echo my own > %s", "mkdir %s", "ln -s nowhere %s",
        "ln -s /etc/hostname %s",
    };
    char command[256];
    (void)state;
    for (size_t k = 0; k < BN_LEN(there); k++) {
        begin();
        snprintf(command, sizeof command, there[k], path_of("plain"));
        assert_runs("mkdir -p out/000001/sub-plain && %s && ls -lA --full-time "
                    "out/000001/sub-plain > before", command);
        assert_int_equal(data("'sub-plain sub-cut'"), 1);
        assert_says(said, "ANOTHER FILE has this name");
        assert_says(said, "1 NOT fetched, since another file has the name");
        assert_good("cut");
        assert_runs("ls -lA --full-time out/000001/sub-plain | cmp - before");
        assert_int_equal(data("sub-plain --check"), 1);
    }
    /* A good file that changes later, with and without its old size. */
    begin();
    assert_int_equal(data("sub-plain"), 0);
    assert_runs("chmod u+w %s && printf x | dd of=%s conv=notrunc status=none", path_of("plain"),
                path_of("plain"));
    assert_int_equal(data("sub-plain"), 1);
    assert_asked("plain 0 ");
}

/* A .part that leads elsewhere would have that written to. */
static void follows_no_link(void **state)
{
    (void)state;
    begin();
    assert_runs("echo mine > mine; mkdir -p out/000001/sub-plain && ln -s ../../../mine %s.part",
                path_of("plain"));
    assert_int_equal(data("sub-plain"), 4);
    assert_says(said, "is a link; move it away");
    assert_runs("echo mine | cmp - mine && rm %s.part && ln mine %s.part", path_of("plain"),
                path_of("plain"));
    assert_int_equal(data("sub-plain"), 4);
    assert_says(said, "is not a file of its own");
    assert_runs("echo mine | cmp - mine");
}

/* Two on one file: `first` has begun and the second waits for it when `then` runs. */
static void two_fetch(const char *options, const char *then)
{
    begin();
    assert_runs("'%s' data 000001 --to out --mirror %s --pause 0.01 %s --files sub-stall "
                "> first 2>&1 & p=$!; "
                "for k in $(seq 500); do [ -s %s.part ] && break; sleep 0.02; done; "
                "'%s' data 000001 --to out --mirror %s --files sub-stall > second 2>&1 & q=$!; "
                "for k in $(seq 500); do grep -q waiting second && break; sleep 0.02; done; "
                "%s wait $p; echo first $?; wait $q; echo second $?; cat first second",
                basin, mirror, options, path_of("stall"), basin, mirror, then);
    assert_says(said, "somebody else is fetching it; waiting for that");
    assert_says(said, "second 0\n");
    assert_asked("stall 0 stall 100000 ");
    assert_good("stall");
}

static void keeps_what_came_when_stopped(void **state)
{
    (void)state;
    two_fetch("", "kill -TERM $p;");
    assert_runs("cat first; grep -c '^fetched and checked' second");
    assert_says(said, "stopped; what came is kept, the same command goes on from there");
}

static void takes_what_another_fetched(void **state)
{
    (void)state;
    begin();
    assert_runs("umask 077; '%s' data 000001 --to out --mirror %s --files sub-plain && "
                "[ $(stat -c %%a %s) = 400 ]", basin, mirror, path_of("plain"));
    two_fetch("--stall 1", "");
    assert_runs("grep -c '^fetched and checked' first");
}

/* Who sits at a terminal may have meant less. */
static void asks_at_a_terminal(void **state)
{
    static const char *const answer[] = { "n", "", "yes" };
    (void)state;
    for (int k = 0; k < 3; k++) {
        begin();
        assert_exits(k == 2 ? 0 : 1, "echo '%s' | TERM=vt100 /usr/bin/python3 -c 'import os, pty, "
                     "sys; sys.exit(os.waitstatus_to_exitcode(pty.spawn(sys.argv[1:])))' '%s' data "
                     "000001 --to out --mirror %s --files sub-plain", answer[k], basin, mirror);
        assert_says(said, "fetch 300 kB? [y/N] ");
        assert_asked(k == 2 ? "plain 0 " : "");
    }
    assert_good("plain");
}

/* --- mirrors that are folders ----------------------------------------------------------- */

static void takes_a_folder(void **state)
{
    static const char *const from[] = { "mirror", "\"file://$PWD/mirror/\"", "'a mirror'" };
    (void)state;
    assert_runs("ln -sfn mirror 'a mirror'");
    for (size_t k = 0; k < BN_LEN(from); k++) {
        begin();
        write_part("plain", 1000, "mirror/000001/sub-plain/plain.nwb");
        assert_runs("'%s' data 000001 --to out --mirror %s --files 'sub-plain *odd*'", basin,
                    from[k]);
        assert_good("plain");
    }
    begin();
    assert_runs("mkdir -p half/000001/sub-plain && head -c 1000 mirror/000001/sub-plain/* > "
                "half/000001/sub-plain/plain.nwb");
    assert_exits(3, "'%s' data 000001 --to out --mirror half --files 'sub-plain'", basin);
    assert_says(said, "it ended after 1000 of 300000 bytes");
    write_part("plain", 2000, "mirror/000001/sub-plain/plain.nwb");
    assert_exits(3, "'%s' data 000001 --to out --mirror half --files 'sub-plain sub-cut'", basin);
    assert_says(said, "cut.nwb: there is no such file");
    assert_exits(2, "'%s' data 000001 --to out --mirror nowhere", basin);
    assert_exits(2, "'%s' data 000001 --to out --mirror ftp://x/", basin);
}

/* --- places ------------------------------------------------------------------------------ */

static void looks_for_room_first(void **state)
{
    (void)state;
    begin();
    assert_exits(4, "'%s' data 000002 --to out/deep --mirror %s", basin, mirror);
    assert_says(said, "1.0 PB are missing but only ");
    assert_says(said, "choose fewer with FILES=");
    assert_asked("");
    assert_runs("test ! -e out");
    assert_runs("echo > out");
    assert_int_equal(data("sub-plain"), 4);
    assert_says(said, "its folder cannot be made (Not a directory); BASIN_DATA=folder names");
    assert_runs("rm out");
}

/* A disk that is full, or here a limit, ends everything and loses nothing. */
static void stops_when_the_disk_is_full(void **state)
{
    (void)state;
    begin();
    assert_exits(4, "trap '' XFSZ; ulimit -f 100; '%s' data 000001 --to out --mirror %s --files "
                 "'sub-plain sub-busy'", basin, mirror);
    assert_says(said, "busy.nwb.part: cannot be written (File too large)");
    assert_asked("busy 0 busy 0 busy 0 ");
    assert_runs("stat -c %%s %s.part", path_of("busy"));
    const int left = atoi(said);
    assert_true(left > 0 && left < SIZE);
    assert_int_equal(data("sub-busy"), 0);
    assert_good("busy");
    assert_runs("tail -n 1 requests");
    assert_int_equal(atoi(said + strlen("busy ")), left);
}

static void knows_where_to_put_it(void **state)
{
    (void)state;
    assert_runs("HOME=/nowhere BASIN_DATA=  '%s' data 000001 --list", basin);
    assert_says(said, "in /nowhere/recordings/000001, ");
    assert_runs("HOME=/nowhere BASIN_DATA=mine/ '%s' data 000001 --list", basin);
    assert_says(said, "/mine/000001, ");
    assert_exits(2, "env -u HOME -u BASIN_DATA '%s' data 000001 --list", basin);
    assert_exits(2, "'%s' data 000001 --list --files 'sub-plain nothing*'", basin);
    assert_says(said, "no file of 000001 is like `nothing*`");
    assert_exits(2, "'%s' data 00001 --list", basin);
    assert_says(said, "did you mean `000001`?");
    assert_exits(2, "'%s' data ../recordings/000001 --list", basin);
    assert_exits(2, "'%s' data --nonsense", basin);
    assert_exits(2, "'%s' data 000001 --files", basin);
    assert_exits(2, "'%s' data 000001 --stall soon", basin);
}

/* --- tables ------------------------------------------------------------------------------- */

#define HEAD  "path\\tsize_bytes\\tsha256\\ts3_url\\n"
#define SUM   "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define LINE(path, size, sum, url) HEAD path "\\t" size "\\t" sum "\\t" url "\\n"
#define GOOD  "a.nwb\\t1\\t" SUM "\\thttps://x\\n"

static void believes_no_table(void **state)
{
    static const struct {
        const char *text, *says;
    } bad[] = {
        { LINE("../a.nwb", "1", SUM, "https://x"), "t.tsv:2: the path is not" },
        { LINE("/etc/a.nwb", "1", SUM, "https://x"), "the path is not" },
        { LINE("a/../../b.nwb", "1", SUM, "https://x"), "the path is not" },
        { LINE("a/./b.nwb", "1", SUM, "https://x"), "the path is not" },
        { LINE("a//b.nwb", "1", SUM, "https://x"), "the path is not" },
        { LINE("a/", "1", SUM, "https://x"), "the path is not" },
        { LINE(".checked", "1", SUM, "https://x"), "the path is not" },
        { LINE("a.part", "1", SUM, "https://x"), "the path is not" },
        { LINE("\\033[2Ja", "1", SUM, "https://x"), "the path is not" },
        { LINE("a.nwb", "-1", SUM, "https://x"), "`-1` is not a size" },
        { LINE("a.nwb", "1e99", SUM, "https://x"), "`1e99` is not a size" },
        { LINE("a.nwb", "", SUM, "https://x"), "is not a size" },
        { LINE("a.nwb", "1", "abc", "https://x"), "the sha256 is not" },
        { LINE("a.nwb", "1", SUM, "https://x y"), "the address has blanks" },
        { HEAD GOOD GOOD, "a.nwb stands in it twice" },
        { HEAD GOOD "b.nwb\\t1\\n", "t.tsv:3: the line has 2 columns" },
        { HEAD, "it names no file" },
        { "", "names no column `path`" },
        { "path\\tsize_bytes\\tsha256\\n" GOOD, "names no column `s3_url`" },
        { HEAD GOOD "b\\0.nwb", "a byte of it is 0" },
    };
    (void)state;
    assert_runs("rm -rf t; mkdir t");
    for (size_t k = 0; k < BN_LEN(bad); k++) {
        assert_runs("printf '%s' > t/t.tsv", bad[k].text);
        const int status = sh("'%s' data t --tables t --to out --list", basin);
        if (status != 3)
            fail_msg("%s: status %d: %s", bad[k].text, status, said);
        assert_says(said, bad[k].says);
    }
    assert_runs("printf '" HEAD "%s' | sed 's/$/\\r/' > t/t.tsv", GOOD);
    assert_runs("'%s' data t --tables t --to out --list", basin);
}

/* Whatever bytes stand in a table, nothing is written outside the folder. */
static void no_table_leads_out(void **state)
{
    unsigned r = 1;
    char text[2000];
    (void)state;
    begin();
    assert_runs("rm -rf t; mkdir t; head -c 1500 recordings/000001.tsv > t/good; ls -A > before");
    FILE *f = fopen("t/good", "rb");
    const size_t n = fread(text, 1, sizeof text, f);
    fclose(f);
    for (int k = 0; k < 40; k++) {
        f = fopen("t/t.tsv", "wb");
        for (size_t i = 0; i < n; i++) {
            r = r * 1664525u + 1013904223u;
            fputc((r >> 16) % 200 == 0 ? "./\t\n\r0~%*\\\x7f\xff"[(r >> 8) % 12] : text[i], f);
        }
        fclose(f);
        const int status = sh("'%s' data t --tables t --to out --mirror half", basin);
        if (status != 2 && status != 3)
            fail_msg("status %d: %s", status, said);
    }
    assert_runs("rmdir out/t/* out/t out 2>/dev/null; ls -A | diff before -");
}

/* --- the tables of the project ------------------------------------------------------------- */

static char project[512];

static void make_data_lists(void **state)
{
    char make[2048], here[512];
    (void)state;
    assert_non_null(getcwd(here, sizeof here));
    assert_int_equal(chdir(project), 0);
    write_make(make, sizeof make, NULL);
    assert_runs("%s data DANDISET='000939 000582' FILES='sub-A18* sub-10073' DATA=--list "
                "BASIN_DATA=/nowhere/mine", make);
    assert_says(said, "in /nowhere/mine/000582, from where the table says\n");
    assert_says(said, "6 files to fetch, 8.4 GB");
    assert_runs("%s -n data DANDISET=000939 BASIN_DATA=/nowhere/mine", make);
    assert_says(said, "in /nowhere/mine/000939, from where the table says\n");
    assert_says(said, "sub-A1808/sub-A1808_behavior+ecephys+ogen.nwb");
    assert_runs("env -u BASIN_DATA HOME=/nowhere %s data", make);
    assert_int_equal(count_said(" files  "), 6);
    assert_says(said, "000939    31 files    55 GB  Duszkiewicz et al. 2024");
    assert_says(said, "They go to /nowhere/recordings;");
    assert_int_equal(chdir(here), 0);
}

static int enter(void **state)
{
    (void)state;
    strcpy(root, "/tmp/basin-data-XXXXXX");
    snprintf(basin, sizeof basin, "%s/basin", programs());
    if (getcwd(project, sizeof project) == NULL || mkdtemp(root) == NULL)
        return -1;
    unsetenv("http_proxy"), unsetenv("all_proxy"), unsetenv("https_proxy");
    unsetenv("ALL_PROXY"), unsetenv("HTTPS_PROXY");
    if (sh("/usr/bin/python3 tests/mirror.py %s %ld > %s/mirror.log 2>&1 & "
           "for k in $(seq 500); do [ -e %s/port ] && break; sleep 0.02; done; "
           "cat %s/port || cat %s/mirror.log", root, (long)getpid(), root, root, root,
           root) != 0 ||
        chdir(root) != 0) {
        print_error("%s\n", said);
        return -1;
    }
    snprintf(mirror, sizeof mirror, "http://127.0.0.1:%d", atoi(said));
    return 0;
}

static int leave(void **state)
{
    (void)state;
    sh("rm -f port; chmod -R u+w .");    /* the mirror ends without its port */
    return chdir("/") == 0 ? sh("rm -rf %s", root) : -1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fetches_once),
        cmocka_unit_test(a_list_fetches_nothing),
        cmocka_unit_test(goes_on_where_it_was_cut),
        cmocka_unit_test(goes_on_with_a_part),
        cmocka_unit_test(takes_what_servers_do),
        cmocka_unit_test(refuses_what_is_wrong),
        cmocka_unit_test(goes_on_after_a_failure),
        cmocka_unit_test(overwrites_nothing),
        cmocka_unit_test(follows_no_link),
        cmocka_unit_test(keeps_what_came_when_stopped),
        cmocka_unit_test(takes_what_another_fetched),
        cmocka_unit_test(asks_at_a_terminal),
        cmocka_unit_test(takes_a_folder),
        cmocka_unit_test(looks_for_room_first),
        cmocka_unit_test(stops_when_the_disk_is_full),
        cmocka_unit_test(knows_where_to_put_it),
        cmocka_unit_test(believes_no_table),
        cmocka_unit_test(no_table_leads_out),
        cmocka_unit_test(make_data_lists),
    };
    return cmocka_run_group_tests(tests, enter, leave);
}
