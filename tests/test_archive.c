/* SPDX-License-Identifier: MIT
 * `make archive`: a bag that other programs can check, with the bytes that were asked for
 * and no others; the same from any copy of the tree.                          */
#include "tiny.h"

#include <jansson.h>

static char basin[1200], checker[600], node[600];
#define GOALS "figure1 out/ring/e.h5 out/ring/r.h5"

/* --- a project with a figure, a recording and a paper ------------------------------- */

/* A stage that reads a file, a figure of `a`, and who made all that. */
static void write_more(void)
{
    FILE *f = tiny_file("stages/r.c");
    fprintf(f, "#include \"tiny.h\"\n"
            "static const struct bn_output out[] = { VALUE };\n"
            "static const struct bn_param params[] = {\n"
            "    BN_FILE(\"file\", \"\", \"what was recorded\"), NAP,\n"
            "    BN_REAL(\"window\", \"s\", \"0.5\", 0, 9, \"length of a window\"),\n};\n"
            "static void run(void)\n{\n"
            "    const double w = bn_real(\"window\");\n"
            "    doze();\n"
            "    bn_output_number(\"/value\", w * (bn_text(\"file\")[0] != 0));\n}\n"
            "const struct bn_stage bn_stage = {\n"
            "    .name = \"r\", .summary = \"half a number\", .outputs = out,\n"
            "    .n_outputs = BN_LEN(out), .params = params, .n_params = BN_LEN(params),\n"
            "    .run = run,\n};\n");
    tiny_close(f, "stages/r.c");
    f = tiny_file("figures/figure1.gp");
    fprintf(f, "# figure1: one number, drawn\nwidth = 5; height = 4\n"
            "load \"figures/style.gp\"\nset xrange [-1:1]; set yrange [0:9]\n"
            "plot \"< basin cat \".a.\":/value\" using (0):1 with points\n");
    tiny_close(f, "figures/figure1.gp");
    f = tiny_file("CITATION.cff");
    fprintf(f, "cff-version: 1.2.0\ntitle: \"Numbers, and \\\"more\\\" of them\"\n"
            "authors:\n  - family-names: Lovelace\n    given-names: Ada\n"
            "    orcid: https://orcid.org/0000-0002-1825-0097\n    affiliation: At home\n"
            "license: [MIT, CC-BY-4.0]\nreferences:\n  - type: article\n    title: Notes\n"
            "    doi: 10.1000/182\n    authors: [{family-names: Menabrea}]\n");
    tiny_close(f, "CITATION.cff");
}

static int setup(void **state)
{
    char here[512], build[1024], *variant;
    if (getcwd(here, sizeof here) == NULL)
        return -1;
    snprintf(checker, sizeof checker, "/usr/bin/python3 '%s/tests/crate.py'", here);
    snprintf(node, sizeof node, "%s/build/node", here);
    snprintf(build, sizeof build, "%s", programs());
    variant = strrchr(build, '/') + 1;
    snprintf(basin, sizeof basin, "BASIN_DATA=../recorded build/%s/basin", variant);
    if (tiny_setup(state) != 0)
        return -1;
    assert_runs("mkdir -p figures ../recorded/sub && cp '%s/figures/style.gp' figures && "
                "cp '%s/LICENSE' . && printf 'a voltage' > '../recorded/sub/take one.dat' && "
                "ln -s ../LICENSE params/link.md && "
                "printf '%%s\\n' '$R/ring/r.h5:' >> pipelines/ring.mk && "
                "printf '%%s\\n' '$R/figures/figure1$S.pdf: $R/ring/a.h5' "
                "> pipelines/figures.mk && "
                "printf '%%s\\n' 'r { file = \"${BASIN_DATA}/sub/take one.dat\" }' "
                ">> params/ring.conf && cp -Rp '%s/tools/archive' build/%s/tools && "
                "cp -p '%s/basin-archive' build/%s", here, here, build, variant, build, variant);
    write_more();
    const int status = sh("%s -j2 archive BASIN_DATA=../recorded ARCHIVE=first FIGURES='" GOALS
                          "'", tiny_make);
    if (status != 0)
        print_error("%s\n", said);
    return status;
}

static int make_archive(const char *more)
{
    return sh("%s archive BASIN_DATA=../recorded FIGURES='" GOALS "' %s", tiny_make, more);
}

static void unpack(const char *zip)
{
    assert_runs("rm -rf ../unpacked && mkdir ../unpacked && unzip -q '%s' -d ../unpacked && "
                "mv ../unpacked/* ../unpacked/bag", zip);
}

/* Most tests only look at the first one: unpacked once, for them, as ../unpacked/bag. */
static void unpack_first(void)
{
    assert_runs("[ -d ../first ] || { mkdir ../first && unzip -q out/archive/first.zip -d "
                "../first; }; rm -rf ../unpacked && mkdir ../unpacked && "
                "ln -s ../first/first ../unpacked/bag");
}

static void say_skipped(const char *why)
{
    print_message("skipped: %s\n", why);
    skip();
}

/* --- what others say of it ----------------------------------------------------------- */

static void coreutils_and_python_read_it(void **state)
{
    (void)state;
    unpack_first();
    assert_runs("cd ../unpacked/bag && sha512sum --quiet --strict -c manifest-sha512.txt && "
                "sha512sum --quiet --strict -c tagmanifest-sha512.txt");
    assert_runs("/usr/bin/python3 -c 'import zipfile; z = zipfile.ZipFile("
                "\"out/archive/first.zip\"); assert z.testzip() is None; "
                "n = z.namelist(); assert n == sorted(n) and len(set(n)) == len(n); "
                "assert all(i.date_time == (2000, 1, 1, 0, 0, 0) and "
                "i.external_attr >> 16 in (0o100644, 0o100755) for i in z.infolist())'");
}

static void it_keeps_the_specifications(void **state)
{
    (void)state;
    unpack_first();
    assert_runs("%s ../unpacked/bag", checker);
    assert_runs("%s --broken ../unpacked/bag", checker);
}

static void its_terms_have_a_meaning(void **state)
{
    (void)state;
    if (sh("/usr/bin/python3 -c 'import pyld'") != 0) {
        say_skipped("no python3-pyld: make deps-all");
    }
    unpack_first();
    assert_runs("%s --context ../unpacked/bag", checker);
    assert_runs("cp -RL ../unpacked/bag ../unpacked/odd && "
                "sed -i 's/\"startTime\"/\"startedAt\"/' "
                "../unpacked/odd/data/ro-crate-metadata.json");
    assert_exits(1, "%s --context ../unpacked/odd", checker);
    if (sh("test -e '%s/node_modules/ro-crate/lib/context.json'", node) == 0)
        assert_runs("%s --context ../unpacked/bag '%s/node_modules/ro-crate/lib/context.json'",
                    checker, node);
}

/* The validator of the npm package.  It fetches contexts: it gets its own copy. */
static void the_npm_package_takes_it(void **state)
{
    (void)state;
    static const char script[] =
        "const lib = process.argv[1] + \"/node_modules/ro-crate/lib/\";"
        "globalThis.fetch = async (url) => ({ ok: true, json: async () => "
        "  url.includes(\"ro/crate\") ? require(lib + \"context.json\") : { \"@context\": {} } });"
        "const { Validator } = require(lib + \"validator\");"
        "const fs = require(\"fs\"); console.error = () => {};"
        "const path = require(\"path\"), top = process.argv[2], files = {};"
        "const walk = (d) => { for (const n of fs.readdirSync(path.join(top, d))) {"
        "  const f = path.join(d, n), dir = fs.lstatSync(path.join(top, f)).isDirectory();"
        "  files[encodeURI(f) + (dir ? \"/\" : \"\")] = { exists: true, isDir: dir };"
        "  if (dir) walk(f); } }; walk(\"\");"
        "const v = new Validator(); v.parseJSON(fs.readFileSync("
        "  path.join(top, \"ro-crate-metadata.json\"), \"utf8\"));"
        "v.crate.resolveContext().then(() => v.validate()).then(() => { v.checkFiles(files);"
        "  const bad = v.results.filter(r => r.status == \"error\");"
        "  console.log(bad, v.results.length); process.exit(bad.length ? 1 : 0); });";
    if (sh("node --version && test -e '%s/node_modules/ro-crate'", node) != 0) {
        say_skipped("no npm package ro-crate in build/node: make deps-all");
    }
    unpack("out/archive/first.zip");
    assert_runs("node -e '%s' '%s' ../unpacked/bag/data", script, node);
    assert_runs("cd ../unpacked/bag/data && cp ro-crate-metadata.json good && "
                "sed -i 's/\"license\"/\"lizenz\"/' ro-crate-metadata.json");
    assert_exits(1, "node -e '%s' '%s' ../unpacked/bag/data", script, node);
    assert_says(said, "Missing required property: license");
    assert_runs("cd ../unpacked/bag/data && mv good ro-crate-metadata.json && "
                "rm results/ring/e.h5");
    assert_exits(1, "node -e '%s' '%s' ../unpacked/bag/data", script, node);
    assert_says(said, "does not exist");
}

/* --- what is in it --------------------------------------------------------------------- */

static void it_holds_what_was_made(void **state)
{
    (void)state;
    unpack_first();
    for (int i = 0; i < NODES; i++)
        assert_runs("cmp -s out/ring/%s.h5 ../unpacked/bag/data/results/ring/%s.h5 && "
                    "! [ -L ../unpacked/bag/data/results/ring/%s.h5 ]", node_name[i],
                    node_name[i], node_name[i]);
    assert_runs("cd ../unpacked/bag/data && [ $(ls runs | wc -l) = 10 ] && for f in runs/*; do "
                "cmp -s $f ../../../p/out/cache/objects/*/${f#runs/} || exit 1; done && "
                "cmp results/figures/figure1.svg ../../../p/out/figures/figure1.svg && "
                "cmp 'recordings/sub/take one.dat' '../../../recorded/sub/take one.dat'");
    assert_runs("diff -r -x out -x build -x runs.log -x .git . ../unpacked/bag/data/source");
    assert_runs("cd ../unpacked/bag/data && [ -x source/tools/compile ] && "
                "! [ -x source/Makefile ] && ! [ -L source/params/link.md ]");
}

/* A text of the crate: entity, key; the driver's own reader of JSON. */
static const char *crate_says(const json_t *crate, const char *id, const char *key)
{
    size_t i;
    json_t *e;
    json_array_foreach(json_object_get(crate, "@graph"), i, e)
        if (strcmp(json_string_value(json_object_get(e, "@id")), id) == 0) {
            const json_t *v = json_object_get(e, key);
            const char *s = json_string_value(json_is_object(v) ? json_object_get(v, "@id") : v);
            return s != NULL ? s : "(none)";
        }
    return "(no entity)";
}

static json_t *load(const char *file)
{
    char path[512];
    snprintf(path, sizeof path, "%s", file);
    json_error_t error;
    json_t *json = json_load_file(path, 0, &error);
    if (json == NULL)
        fail_msg("%s: %s", path, error.text);
    return json;
}

static void the_crate_says_who_and_when(void **state)
{
    (void)state;
    char id[128];
    unpack_first();
    json_t *c = load("../unpacked/bag/data/ro-crate-metadata.json");
    assert_string_equal(crate_says(c, "./", "name"),
                        "Numbers, and \"more\" of them: figure1, ring/e.h5 and ring/r.h5");
    assert_string_equal(crate_says(c, "https://orcid.org/0000-0002-1825-0097", "name"),
                        "Ada Lovelace");
    assert_string_equal(crate_says(c, "./", "citation"), "https://doi.org/10.1000/182");
    assert_string_equal(crate_says(c, "#r/window=0.5", "unitText"), "s");
    assert_string_equal(crate_says(c, "#r/window=0.5", "unitCode"),
                        "https://qudt.org/vocab/unit/SEC");
    assert_string_equal(crate_says(c, "#r/parameter/window", "additionalType"), "Float");
    assert_string_equal(crate_says(c, "recordings/sub/take%20one.dat", "contentSize"), "9");
    assert_string_equal(crate_says(c, "source/figures/figure1.gp", "description"),
                        "one number, drawn");
    /* the times of a run are those of its manifest */
    assert_runs("basename $(readlink out/ring/e.h5) .h5 | tr -d '\\n'");
    snprintf(id, sizeof id, "#run-%.64s", said);
    assert_runs("f=$(readlink -f out/ring/e.h5); printf %%s ${f%%.h5}.json");
    json_t *m = load(said);
    assert_string_equal(crate_says(c, id, "endTime"),
                        json_string_value(json_object_get(m, "date")));
    assert_string_equal(crate_says(c, id, "instrument"), "source/stages/e.c");
    json_decref(m);
    json_decref(c);
}

static void a_codechecker_finds_the_figure(void **state)
{
    (void)state;
    unpack_first();
    assert_runs("cat ../unpacked/bag/data/codecheck.yml");
    assert_says(said, "version: https://codecheck.org.uk/spec/config/1.0\n");
    assert_says(said, "  - file: \"results/figures/figure1.pdf\"\n"
                "    comment: \"one number, drawn\"\n");
    assert_says(said, "ORCID: \"0000-0002-1825-0097\"");
    assert_true(strstr(said, ".svg") == NULL);
    assert_runs("cat ../unpacked/bag/data/environment.json");
    assert_says(said, "\"hdf5\": \"1.");
    assert_true(strstr(said, "not recorded") == NULL);
}

/* --- the same bytes everywhere ------------------------------------------------------------ */

static void a_copy_gives_the_same_bytes(void **state)
{
    (void)state;
    static const char how[] = "archive --results out " GOALS " --name first";
    assert_runs("mkdir -p '../far away' && mv out/archive/first.zip .. && "
                "cp -a . '../far away/q' && chmod -R g-w,o-rwx stages");
    assert_runs("cp -a ../recorded '../far away'; cd '../far away/q' && umask 077 && "
                "env TZ=Asia/Kathmandu LC_ALL=tr_TR.UTF-8 HOME=/ %s %s", basin, how);
    assert_runs("umask 0 && env TZ=America/St_Johns LC_ALL=C LANG=C %s %s", basin, how);
    assert_runs("cmp ../first.zip '../far away/q/out/archive/first.zip' && "
                "cmp ../first.zip out/archive/first.zip && rm -rf '../far away' ../first.zip");
    /* a name from the content: another parameter, another name */
    assert_runs("%s archive --results out ring/e && %s archive --results out ring/e && "
                "ls out/archive/basin-*.zip", basin, basin);
    assert_int_equal(count_said("zip: "), 2);
    assert_runs("[ $(ls out/archive/basin-*.zip | wc -l) = 1 ] && rm out/archive/basin-*.zip");
}

static void git_says_what_the_sources_are(void **state)
{
    (void)state;
    if (sh("git --version") != 0) {
        say_skipped("no git");
    }
    assert_runs("cp -a . ../g && cd ../g && git init -q . && printf '/build/\\n/out/\\n' > "
                ".gitignore && git add . && git rm -q --cached stages/e.c && "
                "echo private > notes.txt && echo new > params/new.conf.draft && "
                "%s archive --results out --name git ring/e && unzip -l out/archive/git.zip",
                basin);
    assert_says(said, "git/data/source/stages/e.c");         /* not added yet, but read */
    assert_says(said, "git/data/source/params/new.conf.draft");
    assert_says(said, "git/data/source/.gitignore");
    assert_true(strstr(said, "notes.txt") == NULL);
    assert_true(strstr(said, "/.git/") == NULL && strstr(said, "source/out/") == NULL);
    /* git that fails does not mean that everything goes in */
    assert_int_equal(sh("cd ../g && echo damaged > .git/index && "
                        "%s archive --results out --name torn ring/e", basin), BN_INPUT);
    assert_says(said, "`git ls-files -z --cached` failed");
    assert_runs("[ ! -e ../g/out/archive/torn.zip ] && rm -rf ../g");
}

/* --- recordings ---------------------------------------------------------------------------- */

static void large_recordings_are_named(void **state)
{
    (void)state;
    const char *how = "archive --results out --name big ring/r --limit";
    assert_runs("%s %s 0.000008", basin, how);
    assert_says(said, "sub/take one.dat is not in it (9 B, more than LIMIT): its source is "
                "unknown");
    unpack("out/archive/big.zip");
    assert_runs("! [ -e ../unpacked/bag/data/recordings ] && %s ../unpacked/bag", checker);
    json_t *c = load("../unpacked/bag/data/ro-crate-metadata.json");
    assert_runs("sha256sum < '../recorded/sub/take one.dat' | cut -c -64 | tr -d '\\n'");
    char id[128];
    snprintf(id, sizeof id, "#recording-%.64s", said);
    assert_string_equal(crate_says(c, id, "@type"), "CreativeWork");
    assert_says(crate_says(c, id, "description"), "not known");
    json_decref(c);
    assert_runs("mkdir -p recordings && printf 'path\\tsha256\\ts3_url\\nx/y.nwb\\t%.64s\\t"
                "https://example.org/b\\n' > recordings/7.tsv && "
                "printf 'dandiset\\tlicence\\twhat\\n7\\tCC-BY-4.0\\tA voltage, 1780\\n' > "
                "recordings/SOURCES && %s %s 0", id + strlen("#recording-"), basin, how);
    assert_says(said, "its source is https://example.org/b");
    unpack("out/archive/big.zip");
    assert_runs("%s ../unpacked/bag", checker);
    c = load("../unpacked/bag/data/ro-crate-metadata.json");
    assert_string_equal(crate_says(c, "https://example.org/b", "@type"), "File");
    assert_string_equal(crate_says(c, "https://example.org/b", "license"),
                        "https://spdx.org/licenses/CC-BY-4.0");
    json_decref(c);
    assert_runs("rm -r recordings out/archive/big.zip");
    assert_exits(2, "%s %s many", basin, how);
    assert_says(said, "LIMIT=many");
}

/* Paths of this machine do not get into the bag: SET names the copy there, and a file of
 * parameters that spells one out is refused.                                  */
static void paths_of_here_stay_here(void **state)
{
    (void)state;
    static const struct { const char *data, *set, *is, *same; } cases[] = {
        { "../recorded", "ring.r.file='$D/sub/take one.dat'",
          "ring.r.file='../recordings/take one.dat'", "take one.dat" },
        { "$D", "ring.r.file='$D/sub/take one.dat' ring.b.gain=1",
          "ring.r.file='../recordings/sub/take one.dat' ring.b.gain=1", "sub/take one.dat" },
        { "../recorded", "'ring.r.file=../recorded/sub/take one.dat'",
          "'ring.r.file=../recordings/sub/take one.dat'", "sub/take one.dat" },
    };
    for (size_t i = 0; i < BN_LEN(cases); i++) {
        assert_runs("D=$(cd ../recorded && pwd) && %s archive BASIN_DATA=%s ARCHIVE=path "
                    "FIGURES=ring/r SET=\"%s\"", tiny_make, cases[i].data, cases[i].set);
        unpack("out/archive/path.zip");
        assert_runs("%s ../unpacked/bag && ! grep -rl '%s' ../unpacked/bag && "
                    "cmp '../recorded/sub/take one.dat' '../unpacked/bag/data/recordings/%s'",
                    checker, tiny_root, cases[i].same);
        json_t *g = load("../unpacked/bag/data/goals.json");
        assert_string_equal(json_string_value(json_object_get(g, "set")), cases[i].is);
        json_decref(g);
        /* the line of the README is one that a shell takes */
        assert_runs("line=$(grep 'make deps' ../unpacked/bag/data/README.md) && "
                    "make() { printf '%%s\\n' \"$@\"; } && eval \"$line\" | grep '^SET=' | "
                    "cut -c 5- | tr -d '\\n'");
        assert_string_equal(said, cases[i].is);
    }
    assert_runs("cp params/ring.conf ../ring.conf && D=$(cd ../recorded && pwd) && "
                "sed -i \"s,\\${BASIN_DATA},$D,\" params/ring.conf && grep -q $D params/ring.conf");
    assert_int_not_equal(sh("%s archive BASIN_DATA=$(cd ../recorded && pwd) ARCHIVE=no "
                            "FIGURES=ring/r", tiny_make), 0);
    assert_says(said, "write ${BASIN_DATA}/sub/take one.dat there");
    assert_says(said, "params/ring.conf:");
    assert_int_not_equal(make_archive("ARCHIVE=no"), 0);
    assert_says(said, "leads nowhere in the archive");
    assert_runs("! [ -e out/archive/no.zip ] && mv ../ring.conf params && "
                "rm out/archive/path.zip");
    assert_int_equal(make_archive("ARCHIVE=first"), 0);
}

/* Sizes that need Zip64, read again by two programs.  A minute of hashing zeros. */
static void four_gigabytes_go_in(void **state)
{
    (void)state;
    if (getenv("BASIN_SLOW") == NULL) {
        say_skipped("4.3 GB in one file: make check-slow");
        return;
    }
    assert_runs("truncate -s 4300M ../recorded/huge.dat && cp params/ring.conf ../ring.conf && "
                "sed -i 's,sub/take one.dat,huge.dat,' params/ring.conf && "
                "%s archive BASIN_DATA=../recorded ARCHIVE=huge LIMIT=5000 "
                "FIGURES=out/ring/r.h5", tiny_make);
    assert_runs("unzip -tq out/archive/huge.zip && /usr/bin/python3 -c 'import zipfile; "
                "z = zipfile.ZipFile(\"out/archive/huge.zip\"); "
                "assert z.getinfo(\"huge/data/recordings/huge.dat\").file_size == 4300 << 20; "
                "assert z.testzip() is None'");
    /* stopped while it writes: nothing is left */
    assert_runs("rm out/archive/huge.zip; %s archive --results out --name huge --limit 5000 "
                "ring/r & pid=$!; while kill -0 $pid && ! ls out/archive/huge.zip.tmp.* "
                ">/dev/null 2>&1; do sleep 0.1; done; kill $pid; wait $pid; [ $? = 143 ] && "
                "! ls out/archive/huge*", basin);
    assert_runs("mv ../ring.conf params && rm ../recorded/huge.dat");
    assert_int_equal(make_archive("ARCHIVE=first"), 0);
}

/* --- refused ------------------------------------------------------------------------------- */

static void what_is_stale_is_refused(void **state)
{
    (void)state;
    assert_exits(3, "%s archive ring/e --results out --set ring.b.gain=9", basin);
    assert_says(said, "not what sources and parameters ask for now: ring/b.h5");
    assert_says(said, "make why T=ring/b.h5");
    assert_true(strstr(said, "ring/c.h5") == NULL);
    assert_int_equal(count_said("\n"), 1);
    assert_exits(2, "%s archive ring/nonsense --results out", basin);
    assert_exits(2, "%s archive --results out", basin);
    assert_int_not_equal(make_archive("ARCHIVE=../x"), 0);
    assert_says(said, "it is the name of a file");
    assert_int_not_equal(sh("%s archive FIGURES=figure7", tiny_make), 0);
    assert_says(said, "did you mean `figure1`");
    assert_runs("[ \"$(ls out/archive)\" = first.zip ]");
}

static void a_license_is_asked_for(void **state)
{
    (void)state;
    static const struct { const char *edit, *says; } cases[] = {
        { "rm CITATION.cff", "it says who made the archive" },
        { "sed -i /^license/d CITATION.cff", "`license: MIT`" },
        { "sed -i /^title/d CITATION.cff", "`title:" },
        { "sed -i 's/^authors:/authors: [/' CITATION.cff", "no YAML" },
        { "sed -i '/^authors/,/affiliation/d' CITATION.cff", "`authors:" },
    };
    assert_runs("cp CITATION.cff ../keep.cff");
    for (size_t i = 0; i < BN_LEN(cases); i++) {
        assert_runs("cp ../keep.cff CITATION.cff; %s", cases[i].edit);
        assert_exits(3, "%s archive ring/e --results out", basin);
        assert_says(said, cases[i].says);
    }
    assert_runs("mv ../keep.cff CITATION.cff");
}

/* Names that another system, or another program, would read differently. */
static void odd_names_are_refused(void **state)
{
    (void)state;
    static const struct { const char *make, *name, *says; } cases[] = {
        { "touch", "params/a\\b", "backslash" }, { "touch", "params/50%", "one of" },
        { "touch", "params/\xff", "no UTF-8" }, { "touch", "params/two\nlines", "control" },
        { "touch", "params/RING.conf", "capitals" }, { "ln -s /tmp", "params/t", "a link to a" },
        { "mkfifo", "params/pipe", NULL }, { "touch", "params/gr\xc3\xbc\xc3\x9f e", NULL },
    };
    for (size_t i = 0; i < BN_LEN(cases); i++) {
        assert_runs("%s '%s'", cases[i].make, cases[i].name);
        assert_exits(cases[i].says ? 3 : 0, "LC_ALL=C %s archive ring/e --results out --name odd",
                     basin);
        if (cases[i].says != NULL)
            assert_says(said, cases[i].says);
        assert_runs("rm '%s'", cases[i].name);
    }
    assert_runs("/usr/bin/python3 -c 'import zipfile; assert \"odd/data/source/params/"
                "gr\\u00fc\\u00df e\" in zipfile.ZipFile(\"out/archive/odd.zip\").namelist()' && "
                "rm out/archive/odd.zip");
}

/* A file of the user's own goes in as it is, and is called that. */
static void own_files_are_marked(void **state)
{
    (void)state;
    assert_runs("cp -L out/ring/a.h5 mine.h5 && rm out/ring/a.h5 && mv mine.h5 out/ring/a.h5");
    assert_int_equal(make_archive("ARCHIVE=own"), 0);
    unpack("out/archive/own.zip");
    assert_runs("%s ../unpacked/bag", checker);
    json_t *c = load("../unpacked/bag/data/ro-crate-metadata.json");
    assert_says(crate_says(c, "results/ring/a.h5", "description"), "of the author's own");
    assert_string_equal(crate_says(c, "#step/ring/a.h5", "@id"), "(no entity)");
    json_decref(c);
    json_t *g = load("../unpacked/bag/data/goals.json");
    const json_t *a = json_object_get(json_object_get(g, "nodes"), "ring/a.h5");
    assert_true(json_is_true(json_object_get(a, "own")));
    json_decref(g);
    /* one that no rule knows */
    assert_runs("cp out/ring/a.h5 out/ring/a.mine.h5 && cp pipelines/ring.mk ../ring.mk && "
                "echo '$R/ring/b.stray.h5: $R/ring/a.mine.h5' >> pipelines/ring.mk && "
                "%s archive BASIN_DATA=../recorded ARCHIVE=own FIGURES=out/ring/b.stray.h5",
                tiny_make);
    unpack("out/archive/own.zip");
    assert_runs("%s ../unpacked/bag && cmp out/ring/a.mine.h5 "
                "../unpacked/bag/data/results/ring/a.mine.h5 && mv ../ring.mk pipelines", checker);
    g = load("../unpacked/bag/data/goals.json");
    a = json_object_get(json_object_get(g, "nodes"), "ring/a.mine.h5");
    assert_true(json_is_true(json_object_get(a, "own")));
    json_decref(g);
    assert_runs("rm out/archive/own.zip out/ring/a.h5 out/ring/a.mine.h5");
    assert_int_equal(make_archive("ARCHIVE=first"), 0);
}

/* --- whole or not at all --------------------------------------------------------------------- */

static void a_full_disk_leaves_nothing(void **state)
{
    (void)state;
    /* files may have 100 kB: the write fails, or its signal kills the program */
    assert_exits(4, "trap '' XFSZ; ulimit -f 200; %s archive ring/e --results out --name full",
                 basin);
    assert_says(said, "cannot be written");
    assert_runs("[ \"$(ls -A out/archive)\" = first.zip ]");
    assert_int_not_equal(sh("ulimit -c 0; ulimit -f 200; %s archive ring/e --results out "
                            "--name full", basin), 0);
    assert_runs("ls -A out/archive");
    assert_says(said, "full.zip.tmp.");
    assert_true(strstr(said, "full.zip\n") == NULL);
    assert_runs("%s archive ring/e --results out --name full && rm out/archive/full.zip && "
                "[ \"$(ls -A out/archive)\" = first.zip ]", basin);
}

static void damage_is_refused(void **state)
{
    (void)state;
    assert_runs("f=$(readlink -f out/ring/a.h5); chmod u+w $f; "
                "printf x | dd of=$f bs=1 seek=900 conv=notrunc 2>/dev/null; chmod a-w $f");
    assert_exits(3, "%s archive ring/e --results out", basin);
    assert_says(said, "ring/a.h5");
    assert_int_equal(make_archive("ARCHIVE=second"), 0);            /* makes it anew */
    unpack("out/archive/second.zip");
    assert_runs("cd ../unpacked/bag && sha512sum --quiet -c manifest-sha512.txt && "
                "cmp data/results/ring/a.h5 ../../p/out/ring/a.h5");
    assert_int_equal(value_of("out", "a"), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(coreutils_and_python_read_it),
        cmocka_unit_test(it_keeps_the_specifications),
        cmocka_unit_test(its_terms_have_a_meaning),
        cmocka_unit_test(the_npm_package_takes_it),
        cmocka_unit_test(it_holds_what_was_made),
        cmocka_unit_test(the_crate_says_who_and_when),
        cmocka_unit_test(a_codechecker_finds_the_figure),
        cmocka_unit_test(a_copy_gives_the_same_bytes),
        cmocka_unit_test(git_says_what_the_sources_are),
        cmocka_unit_test(what_is_stale_is_refused),
        cmocka_unit_test(a_license_is_asked_for),
        cmocka_unit_test(odd_names_are_refused),
        cmocka_unit_test(large_recordings_are_named),
        cmocka_unit_test(paths_of_here_stay_here),
        cmocka_unit_test(own_files_are_marked), cmocka_unit_test(four_gigabytes_go_in),
        cmocka_unit_test(a_full_disk_leaves_nothing),
        cmocka_unit_test(damage_is_refused),
    };
    return cmocka_run_group_tests(tests, setup, tiny_teardown);
}
