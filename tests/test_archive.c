/* SPDX-License-Identifier: MIT
 * `make archive`: a bag that other programs can check, with the bytes that were asked for
 * and no others; the same from any copy of the tree.                          */
#include "tiny.h"

#include <sys/stat.h>

static char checker[600];                /* tests/crate.py, as an absolute path */

/* A project with an artifact `e` that all others lead to. */
static int setup(void **state)
{
    char here[512], build[1024];
    if (getcwd(here, sizeof here) == NULL)
        return -1;
    snprintf(checker, sizeof checker, "/usr/bin/python3 '%s/tests/crate.py'", here);
    snprintf(build, sizeof build, "%s", programs());
    if (tiny_setup(state) != 0)
        return -1;
    const int status = sh("cp -Rp '%s/tools/archive' build/%s/tools && "
              "cp -p '%s/basin-archive' build/%s && "
              "cp -p '%s/CITATION.cff' '%s/LICENSE' '%s/README.md' . && "
              "ln -s ../README.md params/link.md && "
              "%s -j2 archive ARCHIVE=first FIGURES=out/ring/e.h5", build,
              strrchr(build, '/') + 1, build, strrchr(build, '/') + 1, here, here, here,
              tiny_make);
    if (status != 0)
        print_error("%s\n", said);
    return status;
}

static int make_archive(const char *more)
{
    return sh("%s archive FIGURES=out/ring/e.h5 %s", tiny_make, more);
}

/* The bag of the first archive, unpacked. */
static void unpack(const char *zip)
{
    assert_runs("rm -rf unpacked && mkdir unpacked && unzip -q '%s' -d unpacked", zip);
}

static void others_can_check_it(void **state)
{
    (void)state;
    unpack("out/archive/first.zip");
    assert_runs("cd unpacked/first && sha512sum --quiet --strict -c manifest-sha512.txt && "
                "sha512sum --quiet --strict -c tagmanifest-sha512.txt");
    assert_runs("cd unpacked/first && find data -type f | LC_ALL=C sort > ../there && "
                "cut -c 131- manifest-sha512.txt | cmp - ../there");
    assert_runs("cd unpacked/first && grep -qx 'BagIt-Version: 1.0' bagit.txt && "
                "grep -qx \"Payload-Oxum: $(find data -type f -printf '%%s\\n' | "
                "awk '{ s += $1 } END { printf \"%%d.%%d\", s, NR }')\" bag-info.txt");
    assert_runs("/usr/bin/python3 -c 'import zipfile; z = zipfile.ZipFile("
                "\"out/archive/first.zip\"); assert z.testzip() is None; "
                "n = z.namelist(); assert n == sorted(n) and len(set(n)) == len(n); "
                "assert all(i.date_time == (2000, 1, 1, 0, 0, 0) for i in z.infolist())'");
}

static void it_holds_what_was_made(void **state)
{
    (void)state;
    unpack("out/archive/first.zip");
    for (int i = 0; i < NODES; i++)
        assert_runs("cmp -s out/ring/%s.h5 unpacked/first/data/results/ring/%s.h5 && "
                    "! [ -L unpacked/first/data/results/ring/%s.h5 ]", node_name[i],
                    node_name[i], node_name[i]);
    assert_runs("cd unpacked/first/data && [ $(ls runs | wc -l) = 6 ] && for f in runs/*; do "
                "cmp -s $f ../../../out/cache/objects/*/${f#runs/} || exit 1; done");
    assert_runs("diff -r -x out -x build -x unpacked -x runs.log . "
                "unpacked/first/data/source");
    assert_runs("[ -x unpacked/first/data/source/tools/compile ] && "
                "! [ -x unpacked/first/data/source/Makefile ] && "
                "! [ -L unpacked/first/data/source/params/link.md ]");
}

static void what_is_stale_is_refused(void **state)
{
    (void)state;
    assert_exits(3, "build/%s/basin archive ring/e --results out --set ring.b.gain=9",
                 strrchr(programs(), '/') + 1);
    assert_says(said, "not what sources and parameters ask for now: ring/b.h5");
    assert_says(said, "make why T=ring/b.h5");
    assert_true(strstr(said, "ring/c.h5") == NULL);
    assert_int_equal(count_said("\n"), 1);
    assert_exits(2, "build/%s/basin archive ring/nonsense --results out",
                 strrchr(programs(), '/') + 1);
    assert_int_not_equal(make_archive("ARCHIVE=../x"), 0);
    assert_says(said, "it is the name of a file");
    assert_runs("[ \"$(ls out/archive)\" = first.zip ]");
}

static void damage_is_refused(void **state)
{
    (void)state;
    assert_runs("f=$(readlink -f out/ring/a.h5); chmod u+w $f; "
                "printf x | dd of=$f bs=1 seek=900 conv=notrunc 2>/dev/null; chmod a-w $f");
    assert_exits(3, "build/%s/basin archive ring/e --results out",
                 strrchr(programs(), '/') + 1);
    assert_says(said, "ring/a.h5");
    assert_int_equal(make_archive("ARCHIVE=second"), 0);            /* makes it anew */
    unpack("out/archive/second.zip");
    assert_runs("cd unpacked/second && sha512sum --quiet -c manifest-sha512.txt && "
                "cmp data/results/ring/a.h5 ../../out/ring/a.h5 && "
                "rm ../../out/archive/second.zip");
    assert_int_equal(value_of("out", "a"), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(others_can_check_it), cmocka_unit_test(it_holds_what_was_made),
        cmocka_unit_test(what_is_stale_is_refused), cmocka_unit_test(damage_is_refused),
    };
    return cmocka_run_group_tests(tests, setup, tiny_teardown);
}
