/* SPDX-License-Identifier: MIT
 * From a project to its archive to `basin verify --rerun`, with the real Makefile, driver and
 * compiler; only what was compiled already is not compiled once more: a compiler in front of
 * the real one hands out the object under test where the source is the same.  */
#include "tiny.h"

static char bin[1024], home[512], path[2048];

/* Objects of lib/ and tools/ come from the build under test. */
static void write_compiler(void)
{
    char cc[64] = "gcc";
    if (sh("cut -d ' ' -f 1 '%s/flags'", bin) == 0)
        sscanf(said, "%63s", cc);
    FILE *f = fopen("../gcc/gcc", "w");
    assert_non_null(f);
    fprintf(f, "#!/bin/sh\n"
            "here='%s' build='%s' all=$* source= out= list=\n"
            "while [ $# -gt 0 ]; do\n"
            "    case $1 in -c) source=$2 ;; -o) out=$2 ;; -MF) list=$2 ;; esac\n"
            "    shift\n"
            "done\n"
            "object=$build/${source%%.c}\n"
            "case $source in lib/* | tools/*)\n"
            "    if cmp -s \"$source\" \"$here/$source\" && [ -e \"$object.o\" ]; then\n"
            "        echo \"$source\" >> ../known.txt\n"
            "        cp \"$object.d\" \"$list\" && exec cp \"$object.o\" \"$out\"\n"
            "    fi ;;\n"
            "esac\n"
            "exec /usr/bin/%s $all\n", home, bin, cc);
    assert_int_equal(fclose(f), 0);
    assert_runs("chmod +x ../gcc/gcc");
    snprintf(path, sizeof path, "%s/gcc:%s", tiny_root, getenv("PATH"));
    setenv("PATH", path, 1);
}

static int setup(void **state)
{
    snprintf(bin, sizeof bin, "%s", programs());
    if (getcwd(home, sizeof home) == NULL || tiny_setup(state) != 0)
        return -1;
    unsetenv("BASIN_DATA");
    return sh("mkdir ../gcc ../bag ../tmp");
}

/* The archive with another divisor in its sources, and manifests that agree with that. */
static const char tamper[] =
    "import glob, hashlib, os, sys\n"
    "top = glob.glob('basin-*')[0]\n"
    "os.chdir(top)\n"
    "conf = 'data/source/params/ring.conf'\n"
    "text = open(conf).read()\n"
    "assert 'divisor = 3' in text\n"
    "open(conf, 'w').write(text.replace('divisor = 3', 'divisor = 1'))\n"
    "for manifest in ('manifest-sha512.txt', 'tagmanifest-sha512.txt'):\n"
    "    lines = [l.rstrip('\\n').split('  ', 1) for l in open(manifest)]\n"
    "    with open(manifest, 'w') as f:\n"
    "        for _, name in lines:\n"
    "            digest = hashlib.sha512(open(name, 'rb').read()).hexdigest()\n"
    "            f.write(digest + '  ' + name + '\\n')\n";

static void archive_and_run_again(void **state)
{
    (void)state;
    const char *variant = strrchr(bin, '/') + 1;
    if (strcmp(variant, "release") != 0) {
        print_message("skipped: the programs in an archive are built as release\n");
        return;
    }
    char make[2200];
    snprintf(make, sizeof make, "%s RESULTS=results", tiny_make);
    assert_runs("%s results/ring/e.h5", make);
    assert_runs("cp '%s/CITATION.cff' . && "
                "build/%s/basin archive --results results --name basin-tiny ring/e", home, variant);
    write_compiler();
    assert_runs("cd ../bag && TMPDIR=../tmp '%s/basin' verify ../p/results/archive/basin-tiny.zip",
                bin);
    assert_says(said, "whole:");
    if (getenv("BASIN_SLOW") != NULL) {
        assert_runs("cd ../bag && TMPDIR=../tmp '%s/basin' verify --rerun --trust --jobs 2 "
                    "../p/results/archive/basin-tiny.zip", bin);
        assert_says(said, "6 identical, 0 within tolerance, 0 different, 0 not re-executed");
    }
    /* a parameter of one stage: what comes before it is identical, what follows is not */
    assert_runs("cd ../bag && /usr/bin/python3 -c 'import zipfile; "
                "zipfile.ZipFile(\"../p/results/archive/basin-tiny.zip\").extractall()'");
    FILE *f = fopen("../bag/tamper.py", "w");
    assert_non_null(f);
    fputs(tamper, f);
    fclose(f);
    assert_runs("cd ../bag && sed -i 's/[0-9a-f]/0/' basin-tiny/tagmanifest-sha512.txt");
    assert_exits(3, "cd ../bag && '%s/basin' verify basin-tiny", bin);
    assert_runs("cd ../bag && /usr/bin/python3 tamper.py");
    assert_exits(1, "cd ../bag && TMPDIR=../tmp '%s/basin' verify basin-tiny --rerun --trust "
                 "--jobs 2 --keep ../kept", bin);
    const char *c = strstr(said, "different         ring/c.h5\n"
                                 "    what it is made from came out the same: it begins here\n"
                                 "    /value ");
    if (c == NULL || strstr(said, "different         ring/a.h5") != NULL ||
        strstr(said, "0 -> 1") == NULL)
        fail_msg("%s", said);
    assert_says(said, "3 identical, 0 within tolerance, 3 different, 0 not re-executed");
    assert_runs("test $(wc -l < ../kept/known.txt) -gt 100");
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(archive_and_run_again) };
    return cmocka_run_group_tests(tests, setup, tiny_teardown);
}
