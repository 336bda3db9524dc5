/* SPDX-License-Identifier: MIT
 * `basin report`: one page that says what is there and how it came about, whatever is
 * written in parameters and figures.                                         */
#include "shell.h"

#include <string.h>

#define SMALL "ring.tuning.neurons=40 ring.tuning.angles=48 "                 \
              "ring.tuning.model_curves=100 ring.weights.form=dense "

static const char *bin, *page;
static char scripts[512];

static void resolve(const char *set, char hex[80])
{
    assert_runs("%s/basin resolve --set '" SMALL "%s' 2>/dev/null", bin, set);
    if (sscanf(said, "results/.basin/plans/%64[0-9a-f].mk", hex) != 1)
        fail_msg("resolve %s: %s", set, said);
}

static void make(const char *targets, const char *set)
{
    char hex[80];
    resolve(set, hex);
    assert_runs("for t in %s; do %s/basin run --plan %s results/$t || exit 1; done", targets,
                bin, hex);
}

static const char figure[] = "ring/tuning.h5 ring/weights.h5 figures/figure1.pdf "
                             "figures/figure1.svg figures/figure1.png";

/* The same with the default parameters, and a copy of it for the tests that follow. */
static void make_figure(void)
{
    if (sh("test -d made && cp -a made results") == 0)
        return;
    make(figure, "");
    assert_runs("cp -a results made");
}

static void report(const char *set)
{
    assert_runs("%s/basin report --set '" SMALL "%s'", bin, set);
    assert_says(said, "results/report.html: ");
    assert_runs("/usr/bin/python3 '%s/page.py' %s", scripts, page);
}

/* The rows and paragraphs of an element of the page. */
static void read_part(const char *id)
{
    assert_runs("/usr/bin/python3 '%s/page.py' %s '%s'", scripts, page, id);
}

static int setup(void **state)
{
    (void)state;
    static char dir[] = "/tmp/basin-report-XXXXXX";
    char here[400];
    static char copy[600];
    bin = programs();
    page = "results/report.html";
    if (getcwd(here, sizeof here) == NULL || mkdtemp(dir) == NULL || chdir(dir) != 0
        || sh("mkdir b && cd '%s' && cp -Rp basin flags lib schema stages tools \"$OLDPWD\"/b",
              bin) != 0)
        return -1;
    snprintf(copy, sizeof copy, "%s/b", dir);
    snprintf(scripts, sizeof scripts, "%s/tests", here);
    bin = copy;
    return sh("cp -Rp '%s/lib' '%s/stages' . && mkdir pipelines params figures tools && "
              "cp -Rp '%s/tools/basin' tools", here, here, here);
}

static int teardown(void **state)
{
    (void)state;
    return sh("rm -rf \"$PWD\"");
}

static const char fragment[] =
    "$R/ring/tuning.h5:\n"
    "$R/ring/weights.h5: $R/ring/tuning.h5\n"
    "$R/ring/weights.hebb.h5: $R/ring/tuning.h5\n"
    "$R/figures/figure1.pdf: $R/ring/tuning.h5 $R/ring/weights.h5\n"
    "$R/figures/figure2.pdf: $R/ring/weights.hebb.h5\n"
    "$R/numbers.tex: $R/ring/weights.h5\n";

static const char gnuplot[] =
    "# SPDX-License-Identifier: MIT\n"
    "# figure1: curves <b>& \"weights\"</b>\n"
    "set terminal pdfcairo size 8cm, 6cm\n"
    "set output out\n"
    "letter = \"a\"; name = \"gap of {/:Italic J} (1/{/Symbol t})\"; \n"
    "letter = \"b\"; name = from eq \"x\" ? \"recorded\" : \"eigenvalues\"; \n"
    "plot \"< basin cat \".tuning.\":/theta\" with lines\n";

static void write_file(const char *path, const char *text)
{
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    assert_true(fputs(text, f) >= 0);
    assert_int_equal(fclose(f), 0);
}

/* Each test starts without results. */
static int clean(void **state)
{
    (void)state;
    if (sh("chmod -Rf u+w results 2>/dev/null; rm -rf results") != 0)
        return -1;
    write_file("pipelines/ring.mk", fragment);
    write_file("params/ring.conf", "weights.hebb { kind = hebb }\n");
    write_file("figures/figure1.gp", gnuplot);
    return sh("sed 's/figure1: .*/figure2: another/; s/tuning/weights_hebb/; s/theta/rate/' "
              "figures/figure1.gp > figures/figure2.gp && rm -f figures/h*.gp");
}

/* --- what it says ---------------------------------------------------------- */

static void report_of_nothing(void **state)
{
    (void)state;
    report("");
    read_part("main");
    assert_says(said, "0 of 2 figures made, 0 artifacts");
    read_part("unmade");
    assert_says(said, "Figure 1 | Curves <b>& \"weights\"</b> | make figure1 SET=");
    assert_says(said, "Figure 2 | Another | make figure2");
    assert_runs("! grep -q 'id=\"stale\"' %s && ! test -e results/ring", page);
}

static void report_of_a_figure(void **state)
{
    (void)state;
    make(figure, "ring.weights.lambda=1e-6");
    report("ring.weights.lambda=1e-6");
    read_part("main");
    assert_says(said, "1 of 2 figures made, 2 artifacts");
    assert_says(said, "All of it is up to date");
    assert_runs("! grep -q 'id=\"stale\"' %s", page);
    read_part("figures/figure1");
    assert_says(said, "Figure 1 Curves <b>& \"weights\"</b>");
    assert_says(said, "ring/weights.h5 | lambda | 1e-06 | 1e-08 | SET | ");
    assert_says(said, "ring/tuning.h5 | neurons | 40 | ");
    assert_true(strstr(said, "sigma") == NULL);          /* as by default */
    assert_says(said, "figures/figure1.gp");
    assert_runs("grep -o 'aria-label=\"Figure 1: [^\"]*\"' %s", page);
    assert_says(said, "\"Figure 1: Curves &lt;b&gt;&amp; &quot;weights&quot;&lt;/b&gt;. "
                      "Panels: a gap of J (1/\u03c4); b recorded or eigenvalues\"");
    read_part("ring/weights.h5");
    assert_says(said, "lambda | 1e-06 | 1e-08");
    assert_says(said, "Figure 1");
    /* the key and the code of the manifest */
    assert_runs("m=$(readlink results/ring/weights.h5); m=results/ring/${m%%.h5}.json; "
                "for k in k2 code content; do grep -q \"$(sed -n 's/^ *\"'$k'\": \"\\(.*\\)\".*"
                "/\\1/p' $m)\" %s || exit 1; done", page);
}

/* Graphviz comes with deps-all; without it the tables say the same. */
static void graphs_are_drawn_by_dot(void **state)
{
    (void)state;
    make_figure();
    assert_runs("rm -rf few && mkdir few && ln -s $(command -v gnuplot) "
                "$(command -v pdftocairo) few");
    assert_runs("PATH=$PWD/few %s/basin report --set '" SMALL "' && ! ls results/.basin/*.dot*",
                bin);
    read_part("figures/figure1");
    assert_says(said, "up to date");
    assert_says(said, "No picture of the graph. It is drawn by dot of Graphviz");
    if (sh("command -v dot") != 0) {
        print_message("skipped: no dot of Graphviz: make deps-all\n");
        skip();
    }
    report("");
    assert_runs("grep -o '<div class=\"paper graph\"[^>]*><svg role=\"img\" [^>]*>' %s", page);
    assert_runs("! grep -q 'No picture of the graph' %s && ! ls results/.basin/*.dot*", page);
    assert_runs("grep -c '>ring/weights</text>' %s", page);
}

static void report_of_numbers(void **state)
{
    (void)state;
    make("ring/tuning.h5 ring/weights.h5 numbers.tex", "");
    report("");
    read_part("artifacts");
    assert_says(said, "beside the pipelines");
    read_part("numbers.tex");
    assert_says(said, "ring/weights.h5 ");
    report("ring.weights.lambda=1e-6");
    read_part("stale");
    assert_says(said, "numbers.tex | stale | follows ring/weights.h5");
}

static void report_is_deterministic(void **state)
{
    (void)state;
    make_figure();
    report("");
    assert_runs("cp %s first.html && sleep 1.1 && touch results", page);
    report("");
    assert_runs("cmp %s first.html", page);
    assert_runs("rm results/ring/weights.h5");           /* `why` says how long ago */
    report("");
    assert_runs("cp %s first.html && sleep 1.1", page);
    report("");
    assert_runs("cmp %s first.html", page);
    read_part("stale");
    assert_says(said, "ring/weights.h5 | cached | missing: removed, or its last run failed "
                      "cached: would only be relinked");
}

/* The table has the nodes and the reasons of `basin why`. */
static void stale_table_after_a_change(void **state)
{
    (void)state;
    make_figure();
    report("ring.weights.lambda=1e-6");
    read_part("stale");
    assert_says(said, "ring/weights.h5 | stale | lambda: 1e-08 -> 1e-06 (SET) | ");
    assert_says(said, "figures/figure1.pdf | stale | follows ring/weights.h5: runs unless that "
                      "comes out the same | ");
    assert_true(strstr(said, "tuning") == NULL && strstr(said, "hebb") == NULL);
    assert_says(said, "of computing in all, if no result comes out the same");
    assert_int_equal(count_said("\n"), 4);
    read_part("figures/figure1");
    assert_says(said, "stale follows ring/weights.h5, which is not up to date");
    make(figure, "ring.weights.lambda=1e-6");
    report("");
    read_part("stale");
    assert_says(said, "ring/weights.h5 | cached | lambda: 1e-06 -> 1e-08 (default)");
    report("ring.weights.lambda=1e-6");
    assert_runs("! grep -q 'id=\"stale\"' %s", page);
}

/* What a figure shows is what it was made from, not what lies there now. */
static void figure_of_an_earlier_run(void **state)
{
    (void)state;
    make(figure, "ring.weights.lambda=1e-6");
    make("ring/weights.h5", "");
    report("");
    read_part("figures/figure1");
    assert_says(said, "ring/weights.h5 | lambda | 1e-06 | 1e-08 | an earlier setting | ");
    assert_says(said, "ring/weights.h5 an earlier one | ");
    read_part("ring/weights.h5");
    assert_says(said, "lambda | 1e-08 | | default | ");
}

static void sweep_is_folded(void **state)
{
    (void)state;
    static const char sweep[] = "ring.sweep.weights.lambda={1e-8,1e-7,1e-6,1e-5,1e-4,1e-3}";
    make("ring/tuning.h5 ring/weights.lambda-1e-08.h5 ring/weights.lambda-1e-07.h5 "
         "ring/weights.lambda-1e-06.h5 ring/weights.lambda-1e-05.h5 "
         "ring/weights.lambda-0.0001.h5 ring/weights.lambda-0.001.h5", sweep);
    report(sweep);
    assert_runs("! grep -q 'id=\"stale\"' %s", page);
    read_part("artifacts");
    assert_says(said, "ring/weights.lambda-1e-06.h5 | up to date | ");
    read_part("parameters");
    assert_says(said, "ring/weights.*.h5 | lambda | 1e-08, 1e-07, 1e-06, 1e-05, 0.0001, "
                      "0.001 | 1e-08 | ");
    report("ring.sweep.weights.lambda={1e-8,1e-7,1e-6,1e-5,1e-4,1e-3} ring.tuning.sigma=1.2");
    read_part("stale");
    assert_says(said, "ring/weights.lambda-1e-06.h5 | stale | follows ring/tuning.h5");
    assert_says(said, "ring/weights.*.h5 | | and 2 more points ring/weights.lambda-0.0001.h5 "
                      "stale ring/weights.lambda-0.001.h5 stale | ");
}

/* --- what others wrote ------------------------------------------------------- */

static void hostile_texts(void **state)
{
    (void)state;
    static const char set[] = "ring.tuning.stream=\"</td><script>alert(1)</script>&<!--\" ";
    make(figure, set);
    report(set);
    read_part("parameters");
    assert_says(said, "| stream | </td><script>alert(1)</script>&<!-- | ");
    assert_runs("! grep -q '<script>alert' %s && test $(grep -c '<script>' %s) = 1", page,
                page);
    /* the only script that may run is the one whose digest is in the policy */
    assert_runs("/usr/bin/python3 -c \"import base64,hashlib,re,sys\n"
                "t=open('%s',encoding='utf-8').read()\n"
                "s=re.search('<script>(.*)</script>',t,re.S).group(1).encode()\n"
                "d=base64.b64encode(hashlib.sha256(s).digest()).decode()\n"
                "sys.exit(chr(39)+'sha256-'+d+chr(39) not in t)\"", page);
}

/* Files of somebody's own in the places of figures h0, h1, ... */
static void own_picture(size_t i, const char *svg)
{
    char path[64], rule[80];
    snprintf(rule, sizeof rule, "$R/figures/h%zu.pdf: $R/ring/tuning.h5", i);
    assert_runs("echo '%s' >> pipelines/ring.mk && cp figures/figure1.gp figures/h%zu.gp && "
                "mkdir -p results/figures", rule, i);
    snprintf(path, sizeof path, "results/figures/h%zu.svg", i);
    write_file(path, svg);
}

/* Is it an image, in which nothing can act, or a part of the page? */
static void shows_as(size_t i, const char *begin, const char *svg)
{
    if (sh("grep -A 5 '^<article [^>]*id=\"figures/h%zu\"' %s | grep -q '<div class=\"paper\">"
           "%s '", i, page, begin) != 0)
        fail_msg("h%zu is not shown as %s: %s", i, begin, svg);
}

#define SVG(inside) "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 9 9\">"    \
                    inside "</svg>"

static void hostile_pictures(void **state)
{
    (void)state;
    static const char *const hostile[] = {
        SVG("<script>alert(7)</script>"), SVG("<g onclick=\"alert(7)\"/>"),
        SVG("<g OnClick='alert(7)'/>"), SVG("<style>*{display:none}</style>"),
        SVG("<a href=\"javascript:alert(7)\"><g/></a>"),
        SVG("<a xlink:href=\"http://example.org/\"><g/></a>"),
        SVG("<image href=\"http://example.org/a.png\"/>"),
        SVG("<g style=\"fill:URL(http://example.org/#a)\"/>"),
        SVG("<g style=\"fill:url&#40;http://example.org/#a&#41;\"/>"),
        SVG("<g style=\"background:image-set('http://example.org/a.png' 1x)\"/>"),
        SVG("<g style=\"fill:url(http://example.org/#a)\"/>"),
        SVG("<g style=\"fill:URL(http://example.org/#a)\"/>"),
        SVG("<g style=\"fill:url&#40;http://example.org/#a&#41;\"/>"),
        SVG("<g style=\"background:image-set('http://example.org/a.png' 1x)\"/>"),
        SVG("<g style=\"fill:ur\\6c(http://example.org/#a)\"/>"),
        SVG("<foreignObject><p>alert(7)</p></foreignObject>"),
        SVG("<title><g/></title>"), SVG("<p/>"), SVG("<g>"), SVG("</g>"), SVG("<g"),
        "<svg viewBox=\"0 0 9 9\"></svgb",
        SVG("<g a=\"b/>"), SVG("<g/><![CDATA[x]]>"), SVG("<use href=\"data:text/html,x\"/>"),
        SVG("") "<p>alert(7)</p>", SVG("") SVG(""), "text", "", "<svg>", "<svg viewBox=\"0\"/>",
        "<!DOCTYPE svg [<!ENTITY a \"alert(7)\">]>" SVG("<text>&a;</text>"),
        SVG("<set attributeName=\"href\" to=\"javascript:alert(7)\"/>"), "<svg width=\"1e9\"/>",
    };
    static const char good[] =
        "<?xml version=\"1.0\"?><!-- x -->\n"
        SVG("<defs><g id=\"a\"/></defs><use xlink:href=\"#a\"/><g style=\"fill:url(#a)\"/>"
            "<title>a</title>");
    const size_t n = BN_LEN(hostile);
    for (size_t i = 0; i < n; i++)
        own_picture(i, hostile[i]);
    own_picture(n, good);
    own_picture(n + 1, good);
    report("");
    for (size_t i = 0; i < n; i++)
        shows_as(i, "<img", hostile[i]);
    shows_as(n, "<svg", good);
    shows_as(n + 1, "<svg", good);
    read_part("figures/h0");
    assert_says(said, "A file of your own, of which nothing is known");
    assert_runs("! grep -qi 'alert(7)' %s", page);
    assert_runs("test $(grep -o 'id=\"f[0-9]*-a\"/></defs><use xlink:href=\"#f[0-9]*-a\"/><g "
                "style=\"fill:url(#f[0-9]*-a)\"/>' %s | sort -u | wc -l) = 2", page);
}

static void large_picture(void **state)
{
    (void)state;
    make_figure();
    assert_runs("cd results/figures && cp --remove-destination figure1.svg big && "
                "rm -f figure1.svg && { sed 's,</svg>,,' big; "
                "head -c 5000000 /dev/zero | tr '\\0' ' '; echo '</svg>'; } > figure1.svg");
    report("");
    assert_runs("test $(stat -c %%s %s) -lt 1000000 && "
                "grep -q 'src=\"data:image/png;' %s", page, page);
    assert_runs("rm results/figures/figure1.png");
    report("");
    read_part("figures/figure1");
    assert_says(said, "Figure 1 takes 5.0 MB, more than a page should");
}

static void wrong_questions(void **state)
{
    (void)state;
    assert_exits(2, "%s/basin report figure7", bin);
    assert_says(said, "there is no target `figure7`");
    assert_exits(2, "%s/basin report --set ring.weights.lamda=1", bin);
    assert_says(said, "lambda");
    assert_runs("! test -e results/report.html");
    make("ring/tuning.h5", "");
    assert_runs("mkdir results/report.html");
    assert_exits(4, "%s/basin report", bin);
    assert_says(said, "results/report.html: cannot be written");
    assert_runs("! ls results | grep -v -e '^ring$' -e '^cache$' -e '^report.html$'");
}

/* --- in a browser -------------------------------------------------------------- */

static void in_a_browser(void **state)
{
    (void)state;
    make(figure, "ring.tuning.stream=\"<img src=x>\"");
    assert_runs("%s/basin report --set '" SMALL "ring.weights.lambda=1e-6'", bin);
    const int status = sh("timeout 120 /usr/bin/python3 '%s/report_browser.py' %s lambda",
                          scripts, page);
    if (status == 77) {
        print_message("%s", said);
        skip();
    }
    if (status != 0)
        fail_msg("%s", said);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(report_of_nothing, clean),
        cmocka_unit_test_setup(report_of_a_figure, clean),
        cmocka_unit_test_setup(report_of_numbers, clean),
        cmocka_unit_test_setup(graphs_are_drawn_by_dot, clean),
        cmocka_unit_test_setup(report_is_deterministic, clean),
        cmocka_unit_test_setup(stale_table_after_a_change, clean),
        cmocka_unit_test_setup(figure_of_an_earlier_run, clean),
        cmocka_unit_test_setup(sweep_is_folded, clean),
        cmocka_unit_test_setup(hostile_texts, clean),
        cmocka_unit_test_setup(hostile_pictures, clean),
        cmocka_unit_test_setup(large_picture, clean),
        cmocka_unit_test_setup(wrong_questions, clean),
        cmocka_unit_test_setup(in_a_browser, clean),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
