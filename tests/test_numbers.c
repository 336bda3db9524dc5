/* SPDX-License-Identifier: MIT
 * numbers.tex and the check of a thesis: what the macros say is what artifacts hold, and a
 * number or figure that is not what the plan wants now is named.             */
#include "shell.h"

#include <basin/h5.h>

#include <math.h>

#define SMALL "ring.tuning.neurons=40 ring.tuning.angles=48 "                 \
              "ring.tuning.model_curves=100 ring.weights.form=dense "

static const char *bin;

static void resolve(const char *from, const char *set, char hex[80])
{
    assert_runs("%s/basin resolve --from %s --set '" SMALL "%s' 2>/dev/null", bin, from, set);
    if (sscanf(said, "results/.basin/plans/%64[0-9a-f].mk", hex) != 1)
        fail_msg("resolve %s: %s", set, said);
}

/* Make targets with the driver; the number of nodes that ran. */
static int make(const char *targets, const char *set)
{
    char hex[80];
    resolve("ring", set, hex);
    assert_runs("for t in %s; do %s/basin run --plan %s results/$t || exit; done", targets, bin,
                hex);
    return count_said(" memory ");
}

static int check(const char *file, const char *set)
{
    return sh("%s/basin thesis %s --set '" SMALL "%s'", bin, file, set);
}

static void write_text(const char *path, const char *text)
{
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fputs(text, f);
    assert_int_equal(fclose(f), 0);
}

static int setup(void **state)
{
    (void)state;
    static char dir[] = "/tmp/basin-numbers-XXXXXX";
    char here[512];
    static char copy[600];
    bin = programs();
    if (getcwd(here, sizeof here) == NULL || mkdtemp(dir) == NULL || chdir(dir) != 0 ||
        sh("cp -Rp '%s' b", bin) != 0)
        return -1;
    snprintf(copy, sizeof copy, "%s/b", dir);
    bin = copy;
    return sh("cp -Rp '%s/lib' '%s/stages' . && mkdir pipelines params tools figures && "
              "cp -Rp '%s/tools/basin' '%s/tools/thesis' tools", here, here, here, here);
}

static int teardown(void **state)
{
    (void)state;
    return sh("rm -rf \"$PWD\"");
}

/* Each test starts with the same fragment, a figure and a document, and without results. */
static int clean(void **state)
{
    (void)state;
    write_text("pipelines/ring.mk",
               "$R/ring/tuning.h5:\n"
               "$R/ring/weights.h5: $R/ring/tuning.h5\n"
               "$R/ring/weights.circulant.h5: $R/ring/weights.h5 $R/ring/tuning.h5\n"
               "$R/numbers$S.tex: $R/$P/tuning.h5 $R/$P/weights.h5\n"
               "$R/numbers-more.tex: $R/ring/weights.circulant.h5\n"
               "$R/ring/population.h5: $R/ring/tuning.h5\n"
               "$R/numbers-rows.tex: $R/ring/population.h5\n"
               "$R/figures/small$S.pdf: $R/$P/weights.h5\n");
    write_text("params/ring.conf", "weights.circulant { kind = circulant }\n");
    write_text("figures/small.gp", "set terminal pdfcairo size 15cm, 5cm\nset output out\n"
               "plot sprintf('< basin cat %s:/J[0,:]', weights) with lines\n");
    write_text("thesis.tex",
               "\\documentclass{article}\n\\usepackage{graphicx,siunitx}\n\\input{numbers}\n"
               "\\begin{document}\n"
               "Residual \\RingWeightsResidual, rank \\RingWeightsRankRaw{},\n"
               "gain \\RingTuningMeanGain.\n"
               "\\end{document}\n\\RingWeightsNothing\n");
    return sh("rm -rf results other more.tex");
}

static double number(const char *artifact, const char *name)
{
    bn_h5 *f;
    double *x;
    size_t n;
    assert_ok(bn_h5_open(&f, artifact));
    assert_ok(bn_h5_read(f, name, &x, &n));
    assert_ok(bn_h5_close(f));
    assert_int_equal(n, 1);
    const double value = x[0];
    free(x);
    return value;
}

/* The body of a macro in a file like numbers.tex. */
static const char *body(const char *file, const char *macro)
{
    static char line[1024], pattern[128];
    size_t n = (size_t)snprintf(pattern, sizeof pattern, "\\newcommand{\\%s}{", macro);
    FILE *f = fopen(file, "r");
    assert_non_null(f);
    while (fgets(line, sizeof line, f) != NULL)
        if (strncmp(line, pattern, n) == 0) {
            fclose(f);
            return line + n;
        }
    fclose(f);
    fail_msg("%s has no \\%s", file, macro);
    return NULL;
}

/* --- numbers.tex ----------------------------------------------------------------- */

static void macros_are_what_the_artifacts_say(void **state)
{
    (void)state;
    make("numbers.tex numbers-more.tex", "");
    const double residual = number("results/ring/weights.h5", "/residual");
    const double other = number("results/ring/weights.circulant.h5", "/residual");
    assert_true(residual != other);
    assert_true(strtod(body("results/numbers.tex", "RingWeightsResidualRaw"), NULL) == residual);
    assert_true(strtod(body("results/numbers-more.tex", "RingWeightsCirculantResidualRaw"), NULL)
                == other);
    double shown = 0.0;
    assert_int_equal(sscanf(body("results/numbers.tex", "RingWeightsResidual"), "\\num{%lf}",
                            &shown), 1);
    assert_true(fabs(shown - residual) <= 5.001e-4 * residual);
    /* each says which dataset of which object it is */
    assert_runs("k=$(basename $(readlink results/ring/weights.h5) .h5) && "
                "grep -c \"^.newcommand{.RingWeightsRank}{.num{[0-9]*}}%% "
                "ring/weights.h5:/rank $(echo $k | cut -c -16)$\" results/numbers.tex && "
                "grep -q \"^%% artifact ring/weights.h5 key $k content [0-9a-f]\\{64\\}$\" "
                "results/numbers.tex");
    assert_true(strstr(body("results/numbers.tex", "RingTuningMeanGain"), "\\num{0.") != NULL);
    assert_exits(0, "%s/basin numbers residual circ", bin);
    assert_says(said, "\\RingWeightsCirculantResidual ");
    assert_int_equal(count_said("\n"), 1);
    assert_exits(1, "%s/basin numbers nonsense", bin);
    assert_runs("rm -r results; ! %s/basin numbers", bin);
    assert_says(said, "run `make numbers`");
}

static void it_is_cached_like_a_figure(void **state)
{
    (void)state;
    assert_int_equal(make("numbers.tex", ""), 3);
    assert_int_equal(make("numbers.tex", ""), 0);
    assert_runs("cp results/numbers.tex first.tex");
    assert_int_equal(make("numbers.tex", "ring.weights.lambda=1e-3"), 2);
    assert_runs("! cmp -s results/numbers.tex first.tex");
    assert_int_equal(make("numbers.tex", ""), 0);
    assert_runs("cmp results/numbers.tex first.tex");
    assert_exits(1, "%s/basin why numbers --set '" SMALL "ring.weights.lambda=1e-2'", bin);
    assert_says(said, "lambda: 1e-08 -> 0.01 (SET)");
    /* what is citable is part of what it is made from */
    assert_runs("sed -i 's/\"cite\": \"rank\"/\"cite\": \"order\"/' b/schema/weights.json");
    assert_exits(1, "%s/basin why numbers --set '" SMALL "'", bin);
    assert_says(said, "code changed: what weights calls citable");
    assert_int_equal(make("numbers.tex", ""), 1);
    assert_true(strstr(body("results/numbers.tex", "RingWeightsOrder"), "ring/weights.h5:/rank")
                != NULL);
    assert_runs("sed -i 's/\"cite\": \"order\"/\"cite\": \"rank\"/' b/schema/weights.json");
}

/* One axis, and texts beside it: every row is a number of its own, with its error. */
static void rows_have_names(void **state)
{
    (void)state;
    make("numbers-rows.tex", "");
    const char *mean = body("results/numbers-rows.tex", "RingPopulationMeanMeanVectorLength");
    double value, error;
    assert_int_equal(sscanf(mean, "\\num{%lf(%lf)}%% ring/population.h5:/mean[mean vector length]",
                            &value, &error), 2);
    assert_true(value > 0.0 && value < 1.0 && error >= 1.0 && error < 30.0);
    assert_exits(0, "%s/basin numbers 'mean[mean vector'", bin);
    assert_says(said, "\\RingPopulationMeanMeanVectorLength ");
    assert_int_equal(count_said("\n"), 1);
    write_text("more.tex", "\\input{numbers-rows}\\RingPopulationMeanMeanVectorLength");
    assert_int_equal(check("more.tex", ""), 0);
    assert_int_equal(check("more.tex", "ring.tuning.sigma=0.7"), 1);
    assert_says(said, "more.tex:1: \\RingPopulationMeanMeanVectorLength is stale: "
                "ring/population.h5 would run: ring/tuning.h5: sigma: ");
}

/* Keys in comments are not compared, numbers are: by the tolerances of the tables. */
static void two_files_are_compared_by_their_numbers(void **state)
{
    (void)state;
    make("numbers.tex", "");
    assert_runs("cp results/numbers.tex first.tex");
    make("numbers.tex", "ring.weights.lambda=1e-3");
    assert_exits(1, "%s/basin diff first.tex numbers.tex", bin);
    assert_says(said, "RingWeightsLambda");
    assert_says(said, "1e-08 -> 0.001");
    assert_says(said, "RingTuningMeanGain ");
    assert_exits(0, "%s/basin diff numbers.tex numbers.tex", bin);
    /* another content of the artifact with numbers that are as good */
    assert_runs("body=$(sed -e 1d -e 's/content [0-9a-f]*/content 77/' first.tex | "
                "sed '/ResidualRaw}{/s/[0-9]}%%$/8}%%/'; echo x) && body=${body%%x} && "
                "sum=$(printf '%%s\\0' \"$body\" | sha256sum | cut -d ' ' -f 1) && "
                "printf '%%s %%s\\n%%s' '%% sealed' $sum \"$body\" > second.tex && "
                "! cmp -s first.tex second.tex");
    assert_exits(0, "%s/basin diff first.tex second.tex", bin);
    assert_says(said, "within");
    assert_runs("sed -i '/LambdaRaw/d' second.tex");
    assert_exits(1, "%s/basin diff first.tex second.tex", bin);     /* edited: bytes */
    assert_says(said, "sha256");
}

static void one_name_one_number(void **state)
{
    (void)state;
    char hex[80];
    assert_runs("sed -i 's/^$R.numbers-more.*/$R\\/numbers-more.tex: "
                "$R\\/ring\\/weights.a-b.h5 $R\\/ring\\/weights.aB.h5/' pipelines/ring.mk && "
                "for v in a-b aB; do echo \"\\$R/ring/weights.$v.h5: \\$R/ring/tuning.h5\"; done "
                ">> pipelines/ring.mk");
    resolve("ring", "", hex);
    assert_exits(2, "%s/basin run --plan %s results/numbers-more.tex", bin, hex);
    assert_says(said, "ring/weights.a-b.h5:/residual and ring/weights.aB.h5:/residual would both "
                "be \\RingWeightsABResidual");
    assert_runs("! test -e results/numbers-more.tex");
}

/* A pipeline without an input of numbers.tex can do everything else. */
static void what_is_lacking_is_said_when_it_is_asked_for(void **state)
{
    (void)state;
    char hex[80];
    assert_runs("echo '$R/other/tuning.h5:' > pipelines/other.mk");
    resolve("other", "", hex);
    assert_exits(0, "%s/basin run --plan %s results/other/tuning.h5", bin, hex);
    assert_exits(3, "%s/basin run --plan %s results/numbers.other.tex", bin, hex);
    assert_says(said, "results/other/weights.h5: no rule makes it and it is not there");
    assert_runs("rm pipelines/other.mk");
}

/* Somebody's own file is cited as it is, but never a number that is none. */
static void own_files(void **state)
{
    (void)state;
    const struct { double x; int status; } cases[] = { { 0.25, 0 }, { NAN, 5 }, { INFINITY, 5 } };
    for (size_t i = 0; i < BN_LEN(cases); i++) {
        char hex[80];
        const struct bn_shape one = { .rank = 0 };
        bn_h5 *f;
        make("ring/tuning.h5", "");
        assert_runs("rm -f results/ring/weights.h5");
        assert_ok(bn_h5_create(&f, "results/ring/weights.h5"));
        assert_ok(bn_h5_write(f, "/residual", BN_H5_F64, &one, &cases[i].x, false));
        assert_ok(bn_h5_put_text(f, "/residual", "units", "rad/s"));
        assert_ok(bn_h5_close(f));
        resolve("ring", "", hex);
        assert_exits(cases[i].status, "%s/basin run --plan %s results/numbers.tex", bin, hex);
        if (cases[i].status == 0) {
            assert_true(strstr(body("results/numbers.tex", "RingWeightsResidual"),
                               "\\qty{0.25}{\\radian\\per\\second}}% ring/weights.h5:/residual own")
                        != NULL);
            write_text("own.tex", "\\input{numbers}\\RingWeightsResidual");
            assert_int_equal(check("own.tex", ""), 0);
        } else {
            assert_says(said, "only finite numbers are cited");
        }
    }
}

/* --- the check ------------------------------------------------------------------- */

static void stale_and_missing_numbers_are_named(void **state)
{
    (void)state;
    assert_int_equal(check("thesis.tex", ""), 1);
    assert_says(said, "thesis.tex:3: numbers.tex is missing");
    assert_says(said, "1 number or figure is stale or missing: run make numbers");
    make("numbers.tex", "");
    assert_int_equal(check("thesis.tex", ""), 0);
    assert_says(said, "thesis.tex: 3 numbers and 0 figures, all as wanted now\n");

    /* a parameter of the weights: the tuning's number is as good as it was */
    const char *more = "ring.weights.lambda=1e-3";
    assert_int_equal(check("thesis.tex", more), 1);
    assert_says(said, "thesis.tex:5: \\RingWeightsResidual is stale: ring/weights.h5 would run: "
                "lambda: 1e-08 -> 0.001 (SET)\n");
    assert_says(said, "thesis.tex:5: \\RingWeightsRank is stale");
    assert_says(said, "2 numbers or figures are stale");
    assert_true(strstr(said, "Gain is stale") == NULL);
    /* the artifact is there, the file of numbers is not made from it */
    make("ring/weights.h5", more);
    assert_int_equal(check("thesis.tex", more), 1);
    assert_says(said, "\\RingWeightsResidual is stale: results/numbers.tex was made from another "
                "ring/weights.h5 than is wanted now\n");
    make("numbers.tex", more);
    assert_int_equal(check("thesis.tex", more), 0);
    assert_int_equal(check("thesis.tex", ""), 1);
    make("ring/weights.h5", "");         /* from the cache; numbers.tex is still the other */
    assert_int_equal(check("thesis.tex", ""), 1);
    make("numbers.tex", "");
    assert_int_equal(check("thesis.tex", ""), 0);
    /* what no number of the document comes from, or read, may be anything */
    assert_int_equal(check("thesis.tex", "ring.weights.circulant.lambda=1"), 0);
    assert_int_equal(check("thesis.tex", "ring.weights.gain=2"), 0);
}

static void what_a_document_uses(void **state)
{
    (void)state;
    make("numbers.tex numbers-more.tex", "");
    write_text("more.tex",
               "\\newcommand{\\RingWeightsMine}{7}\\RingWeightsMine \\RingBuffer \\Ring\n"
               "%% \\RingWeightsInAComment\n\\verb|\\RingWeightsVerb|\n"
               "\\begin{verbatim}\n\\RingWeightsVerbatim\n\\end{verbatim}\n"
               "100\\% \\RingWeightsResidul\n");
    write_text("thesis.tex",
               "\\input{numbers}\n\\begin{document}\n\\input{more}\n\\input{more.tex}\n"
               "\\RingWeightsCirculantResidual\n\\end{document}\n");
    assert_int_equal(check("thesis.tex", ""), 1);
    assert_says(said, "more.tex:7: \\RingWeightsResidul is missing: no file of numbers that the "
                "document reads has it (did you mean `RingWeightsResidual`?)\n");
    assert_says(said, "thesis.tex:5: \\RingWeightsCirculantResidual is missing");
    assert_says(said, "2 numbers or figures are stale or missing");
    assert_int_equal(count_said("\n"), 3);
    assert_runs("sed -i 's/Residul/Residual/' more.tex && "
                "sed -i 's/.input{numbers}/&\\\\input{numbers-more.tex}/' thesis.tex");
    assert_exits(0, "%s/basin thesis thesis.tex --set '" SMALL "'", bin);
    assert_says(said, "2 numbers");
    assert_exits(2, "%s/basin thesis none.tex", bin);
    assert_says(said, "none.tex: cannot be read");
    assert_exits(2, "%s/basin thesis", bin);
    /* files that read each other, and bytes that are no text */
    write_text("more.tex",
               "\\input{more}\\input{thesis}\\input{\\includegraphics[\\begin{verbatim");
    assert_int_equal(check("thesis.tex", ""), 0);
    assert_runs("head -c 20000 b/basin > more.tex");
    const int status = check("thesis.tex", "");
    assert_true(status == 0 || status == 1);
}

/* A thesis elsewhere, with copies beside it. */
static void a_thesis_of_its_own(void **state)
{
    (void)state;
    if (sh("command -v gnuplot && command -v pdftocairo") != 0) {
        print_message("skipped: no gnuplot or no pdftocairo: make deps\n");
        return;
    }
    assert_runs("mkdir -p other/pictures");
    write_text("other/my.tex", "\\input{numbers}\\graphicspath{{pictures/}}\n\\begin{document}\n"
               "\\RingWeightsRank\\includegraphics[trim={0 0 0 0}]{small}\n"
               "\\includegraphics{photo.jpg}\n\\end{document}\n");
    make("numbers.tex", "");
    assert_int_equal(check("other/my.tex", ""), 1);
    assert_says(said, "other/my.tex:3: small.pdf is missing");
    assert_says(said, ": run make small SET=");
    make("figures/small.pdf", "");
    assert_int_equal(check("other/my.tex", ""), 0);
    assert_says(said, "1 number and 1 figure, all");
    assert_true(strstr(said, "scaled") == NULL);
    /* without the PDF, LaTeX would take a PNG of the same name */
    assert_runs("mv results/figures/small.pdf kept && : > results/figures/small.png");
    assert_int_equal(check("other/my.tex", ""), 1);
    assert_says(said, "other/my.tex:3: small.pdf is missing, and results/figures/small.png would "
                "silently be taken in its place: run make small SET=\"" SMALL "\"\n");
    assert_true(strstr(said, "not the figure that is wanted") == NULL);
    assert_runs("mv kept results/figures/small.pdf && rm results/figures/small.png");
    assert_runs("sed 's/trim={0 0 0 0}/clip, width=7cm/' other/my.tex > other/scaled.tex");
    assert_int_equal(check("other/scaled.tex", ""), 0);
    assert_says(said, "other/scaled.tex:3: small.pdf is scaled: it is drawn 15 cm wide");
    assert_runs("cp -L results/numbers.tex other && "
                "cp -L results/figures/small.pdf other/pictures");
    make("numbers.tex figures/small.pdf", "ring.weights.lambda=1e-3");
    assert_int_equal(check("other/my.tex", ""), 0);
    assert_int_equal(check("other/my.tex", "ring.weights.lambda=1e-3"), 1);
    assert_says(said, "my.tex:3: \\RingWeightsRank is stale: other/numbers.tex was made from "
                "another ring/weights.h5");
    assert_says(said, "small.pdf is stale: other/pictures/small.pdf is not the figure that is "
                "wanted now");
    assert_says(said, "run make numbers small SET=");
    assert_runs("echo >> other/pictures/small.pdf");
    assert_int_equal(check("other/my.tex", ""), 1);
    assert_says(said, "small.pdf is stale");
    /* somebody knew better */
    assert_runs("chmod u+w other/numbers.tex && "
                "sed -i 's/.RingWeightsRank}{.num{/&9/' other/numbers.tex");
    assert_int_equal(check("other/my.tex", ""), 1);
    assert_says(said, "other/numbers.tex is not what was made: it was edited");
    assert_runs("cp -fL results/numbers.tex other");
    make("numbers.tex", "");
    assert_runs("cp -fL results/numbers.tex other");
    /* only the script of the figure changed */
    assert_runs("echo 'x = 1' >> figures/small.gp");
    assert_int_equal(check("other/my.tex", ""), 1);
    assert_says(said, "small.pdf is stale: figures/small.pdf would run: code changed: "
                "figures/small.gp");
    assert_true(strstr(said, "Rank") == NULL);
}

/* --- LaTeX ----------------------------------------------------------------------- */

static void it_is_set(void **state)
{
    (void)state;
    if (sh("command -v pdflatex && kpsewhich siunitx.sty && command -v pdftotext") != 0) {
        print_message("skipped: no pdflatex with siunitx: make deps-all\n");
        return;
    }
    make("numbers.tex", "");
    assert_exits(0, "tools/thesis b/basin results '" SMALL "' thesis.tex");
    assert_says(said, "results/thesis/thesis.pdf\n");
    char rank[32];
    snprintf(rank, sizeof rank, "rank %.0f,", number("results/ring/weights.h5", "/rank"));
    assert_runs("pdftotext results/thesis/thesis.pdf -");
    assert_says(said, rank);
    assert_says(said, "gain 0.");
    /* stale: it says so and leaves the document alone */
    assert_runs("rm results/thesis/thesis.pdf");
    assert_exits(1, "tools/thesis b/basin results '" SMALL "ring.tuning.sigma=0.7' thesis.tex");
    assert_says(said, "\\RingTuningMeanGain is stale: ring/tuning.h5 would run: sigma: ");
    assert_runs("! test -e results/thesis/thesis.pdf");
    /* what only LaTeX can know */
    assert_runs("sed -i 's/Residual .RingWeightsResidual/& \\\\RngWeightsRank/' thesis.tex");
    assert_exits(3, "tools/thesis b/basin results '" SMALL "' thesis.tex");
    assert_says(said, "Undefined control sequence");
    assert_says(said, "RngWeightsRank");
    assert_says(said, "results/thesis/thesis.said");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(macros_are_what_the_artifacts_say, clean),
        cmocka_unit_test_setup(it_is_cached_like_a_figure, clean),
        cmocka_unit_test_setup(rows_have_names, clean),
        cmocka_unit_test_setup(two_files_are_compared_by_their_numbers, clean),
        cmocka_unit_test_setup(one_name_one_number, clean),
        cmocka_unit_test_setup(what_is_lacking_is_said_when_it_is_asked_for, clean),
        cmocka_unit_test_setup(own_files, clean),
        cmocka_unit_test_setup(stale_and_missing_numbers_are_named, clean),
        cmocka_unit_test_setup(what_a_document_uses, clean),
        cmocka_unit_test_setup(a_thesis_of_its_own, clean),
        cmocka_unit_test_setup(it_is_set, clean),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
