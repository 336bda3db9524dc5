/* SPDX-License-Identifier: MIT */
#include "commands.h"

#include "basin.h"

#include <basin/mem.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* What most of them take; a make has RESULTS=, FROM= and SET= for them. */
#define RESULTS { "--results", "FOLDER", "where results lie, if not in results/" }
#define FROM    { "--from", "PIPELINE", "the pipeline that figures draw, if not ring" }
#define SET     { "--set", "SET", "parameters: \"ring.weights.lambda=1e-6 ...\"" }
#define JSON    { "--json", NULL, "for programs" }

const struct command commands[] = {
    { "accept", accept_main, "keep a result across a change of code that is harmless",
      "NODE... --why TEXT",
      "Keeps the result of NODE (ring/weights, results/ring/weights.h5) although the code of "
      "its stage changed, because you know that the change does not touch the result. Who, "
      "when and why is kept with it. Refused, with status 1, if anything but code changed.",
      { { "--why", "TEXT", "what changed, and why it is harmless" }, RESULTS, FROM, SET } },
    { "archive", NULL, "put figures with all that they were made from into one file",
      "NODE...",
      "Writes results/archive/<name>.zip: a bag with an RO-Crate of sources, artifacts, figures, "
      "recordings and how each of them came about (docs/archive.md). Refused, with status 3 and "
      "the names, while anything that NODE (figure3, ring/weights) needs is not current.",
      { { "--name", "NAME", "of the archive; otherwise it is made from the content" },
        { "--limit", "MB", "recordings above this size are named, not put in; 100" },
        RESULTS, FROM, SET } },
    { "cat", cat_main, "print datasets of an artifact as columns or as a matrix",
      "FILE[:/dataset[slice]]...",
      "With a FILE alone: what is in it. A slice is as in Python: [3], [:100], [::10,0]. A "
      "vector is one column, a matrix as many as it has; several datasets stand side by "
      "side.",
      { { "--header", NULL, "a first line with names and units" },
        { "--transpose", NULL, "rows for columns" },
        { "--every", "N", "every Nth row" },
        { "--grid", NULL, "for gnuplot's `nonuniform matrix`; coordinates are those of the "
          "dimension scales, or --x and --y" },
        { "--matrix", NULL, "the same for `binary matrix`, to a file (gnuplot reads no pipe)" },
        { "--x", "FILE:/dataset", "coordinates of the columns" },
        { "--y", "FILE:/dataset", "coordinates of the rows" } } },
    { "complete", complete_main, "what could follow at the prompt (for the shell)",
      "TEXT [BREAKS]",
      "TEXT is the command line up to the cursor, BREAKS the shell's COMP_WORDBREAKS. To have "
      "it: . tools/completion.bash", { { NULL, NULL, NULL } } },
    { "dag", dag_main, "draw what a target is made from, stale parts coloured", "NODE...",
      "Writes results/dag.NODE.svg and says so.", { RESULTS, FROM, SET } },
    { "data", NULL, "fetch recordings of the DANDI archive, and check them", "[DANDISET]...",
      "Without DANDISET: which there are. Files go to FOLDER/DANDISET/... and get their names "
      "when their bytes have the sha256 of recordings/DANDISET.tsv; until then they are "
      "NAME.part, which the next run goes on with. What is there already is checked and left "
      "alone; a file that has such a name and other bytes is never touched. FOLDER is --to, or "
      "the environment's BASIN_DATA, or ~/recordings. Status 0: all are there, 1: another file "
      "has the name of one, 2: usage, 3: some could not be fetched, 4: the disk.",
      { { "--files", "GLOBS", "only these: \"sub-A18* *ogen*\"" },
        { "--to", "FOLDER", "where they go" },
        { "--list", NULL, "only say what would be fetched" },
        { "--check", NULL, "read all that is there again; fetch nothing" },
        { "--yes", NULL, "do not ask at a terminal" },
        { "--mirror", "URL", "fetch URL/DANDISET/... (https, http or file), or from a folder" },
        { "--stall", "SECONDS", "without a byte until a connection is given up, 60" },
        { "--pause", "SECONDS", "before the second of five attempts, 1; doubled each time" },
        { "--tables", "FOLDER", "tables of your own, if not those in recordings/" } } },
    { "diff", diff_main, "compare two artifacts, dataset by dataset", "FILE FILE",
      "Each is a file, a name like ring/weights, or the key of an object in the cache. Every "
      "dataset is identical, within the tolerance that the stage's table declares, or "
      "different, with where and by how much. Status 0: identical or within, 1: different, "
      "2: they cannot be compared.",
      { RESULTS, JSON } },
    { "docs", docs_main, "write docs/stages/ from the tables of the stages", "[FOLDER]", NULL,
      { { "--man", "FOLDER", "man pages instead, in FOLDER/man1/: `make man`" } } },
    { "element", element_main, "run the stages of one element of a job array (for a cluster)",
      "FOLDER", NULL, { { NULL, NULL, NULL } } },
    { "force", force_main, "have the next make run a node again", "NODE...",
      "The next make that needs NODE (figure3, ring/weights, results/ring/weights.h5) runs it "
      "again, whatever the cache has. A stage that then gives something else is not "
      "deterministic: make says so.",
      { RESULTS, FROM, SET } },
    { "gc", gc_main, "list, or delete, what nothing in results/ needs", "",
      "Without a word: temporaries and plans. Never an object that a link leads to, or that "
      "one was made from.",
      { { "objects", NULL, "of the cache that nothing in results/ leads to" },
        { "temporaries", NULL, "of processes that are gone" },
        { "plans", NULL, "that no make works on" },
        { "damaged", NULL, "what was found damaged and set aside" },
        { "--delete", NULL, "do it; otherwise it is only listed" },
        { "--older", "DAYS", "only objects and damaged ones of more than so many days ago" },
        { "--keep-last", "N", "and not the last N of each artifact" },
        { "--also", "FOLDER", "results of another checkout that shares this cache" },
        RESULTS } },
    { "numbers", numbers_main, "list the numbers that a thesis can cite", "[WORD...]",
      "Of results/numbers.tex and files like it, which `make numbers` makes: the LaTeX macro of "
      "each number, what it is set as, and the dataset that it is. With words only those that "
      "have all of them in macro or dataset. docs/thesis.md.", { RESULTS } },
    { "report", report_main, "write results/report.html: figures, and what made them",
      "[NODE...]",
      "One page, complete in itself: every figure (or those that are named) with the parameters, "
      "runs and files behind it; what is not up to date and why; all parameters and artifacts. "
      "Makes nothing. With --from mouse it is report.mouse.html. docs/report.md.",
      { RESULTS, FROM, SET } },
    { "resolve", plan_main, "make a plan: every node with its parameters (for make)", "", NULL,
      { RESULTS, FROM, SET, { "--make", "PID", "the make that it is for" },
        { "--slurm", NULL, "which has a cluster run the stages" } } },
    { "run", run_main, "make one node of a plan (for make)", "FILE...", NULL,
      { RESULTS, { "--plan", "DIGEST", "of the plan" },
        { "--slurm", NULL, "a cluster runs the stages" },
        { "--quiet", NULL, "nothing but errors" } } },
    { "status", status_main, "every artifact with its state, size, age and duration",
      "[NODE...]", NULL, { RESULTS, FROM, SET, JSON } },
    { "submit", submit_main, "have a Slurm cluster make what targets need (for make)",
      "FILE...", NULL,
      { RESULTS, { "--plan", "DIGEST", "of the plan" },
        { "--quiet", NULL, "nothing but errors" } } },
    { "thesis", thesis_main, "is every number and figure of a LaTeX document current?",
      "FILE.tex",
      "Reads the document, with the files that it reads, and names each number and figure of "
      "this project in it that is stale (the plan now wants another one) or missing. Makes "
      "nothing. Status 0: all are as wanted now, 1: some are not, 2: trouble.",
      { RESULTS, SET } },
    { "verify", NULL, "check an archive, and make again what is in it", "FILE",
      "FILE is an archive of `make archive` (.zip, .tar, .tar.gz, .tar.xz) or its unpacked "
      "folder, from anywhere. Every file must be listed and be what its digest says, and "
      "results, goals.json and manifests must agree. With --rerun the sources in it are built "
      "in a new folder, everything is made again and compared, dataset by dataset. What looks "
      "hostile is refused; docs/verify.md.\n\n"
      "The exit status says which:\n\n"
      "   0  whole; with --rerun: every result came out identical\n"
      "   1  some results are different\n"
      "   2  the command line makes no sense\n"
      "   3  damaged: cut off, changed, something missing or added\n"
      "   4  a file could not be written\n"
      "   6  out of memory\n"
      "   7  refused: hostile, or above a limit\n"
      "   8  some results are within the declared tolerance, the others identical\n"
      "   9  some could not be made again, the others are identical or within\n"
      "  10  --rerun needs --trust",
      { { "--rerun", NULL, "build and run the code in the archive, and compare" },
        { "--trust", NULL, "with --rerun: yes, run it, with all that I may do" },
        { "--jobs", "N", "runs at a time; 1" },
        { "--keep", "FOLDER", "a new folder for what --rerun builds and makes; otherwise a "
          "temporary one" },
        { "--html", "FILE", "the same as a page" },
        { "--limit", "GB", "most that it may unpack to; 16, and 200 times its own size" } } },
    { "why", why_main, "what making a target would run, why, and how long it takes", "NODE...",
      "Changes nothing. Status 0 if nothing would run, 1 if something would, 2 if the "
      "question makes no sense. docs/engine.md says how to read the answer.",
      { RESULTS, FROM, SET, JSON } },
};
const size_t n_commands = BN_LEN(commands);

const struct command *command_find(const char *name)
{
    for (size_t i = 0; i < n_commands; i++)
        if (strcmp(commands[i].name, name) == 0)
            return &commands[i];
    return NULL;
}

/* --- help ----------------------------------------------------------------- */

/* One paragraph or indented line, up to `end`. */
static void fold_piece(FILE *f, const char *text, const char *end, int indent, int width)
{
    int column = 0;
    while (text < end) {
        const size_t word = strcspn(text, " \n");
        const int n = (int)word;
        if (column > 0 && column + 1 + n > width)
            column = 0 * fputc('\n', f);
        fprintf(f, "%*s%.*s", column == 0 ? indent : 1, "", n, text);
        column += n + (column == 0 ? indent : 1);
        text += word + strspn(text + word, " \n");
    }
    fputc('\n', f);
}

void command_fold(FILE *f, const char *text, int indent, int width)
{
    while (*text != '\0') {
        const bool plain = *text == ' ';
        const char *end = strstr(text, plain ? "\n" : "\n\n");
        if (end == NULL)
            end = text + strlen(text);
        if (plain)
            fprintf(f, "%*s%.*s\n", indent, "", (int)(end - text), text);
        else
            fold_piece(f, text, end, indent, width);
        text = end;
        if (strncmp(text, "\n\n", 2) == 0)
            fputc('\n', f);
        text += strspn(text, "\n");
    }
}

static void help_option(FILE *f, const struct bn_option *o)
{
    char left[80];
    const int n = snprintf(left, sizeof left, "  %s%s%s", o->name, o->value ? " " : "",
                           o->value ? o->value : "");
    char *text = NULL;
    size_t size;
    FILE *m = open_memstream(&text, &size);
    if (m != NULL) {
        command_fold(m, o->help, 21, 78);
        fclose(m);
    }
    /* The first line stands beside the name, if that leaves two blanks. */
    if (text != NULL && n <= 19)
        fprintf(f, "%s%s", left, text + n);
    else
        fprintf(f, "%s\n%s", left, text ? text : "");
    free(text);
}

void command_help(FILE *f, const char *name)
{
    const struct command *c = command_find(name);
    if (c == NULL)
        return;
    fprintf(f, "basin %s - %s\n\nusage: basin %s%s%s%s\n", c->name, c->summary, c->name,
            *c->synopsis ? " " : "", c->synopsis, c->options[0].name ? " [option]..." : "");
    if (c->details != NULL) {
        fputc('\n', f);
        command_fold(f, c->details, 0, 78);
    }
    if (c->options[0].name != NULL)
        fputc('\n', f);
    for (size_t i = 0; i < COMMAND_OPTIONS && c->options[i].name != NULL; i++)
        help_option(f, &c->options[i]);
}

/* --- run ------------------------------------------------------------------ */

/* A command that is a program of its own, with libraries that the driver does not load. */
static int run_beside(const struct command *c, char **argv)
{
    char *build = NULL;
    bn_status rc = file_build_folder(&build);
    char *path = rc == BN_OK ? bn_format("%s/basin-%s", build, c->name) : NULL;
    if (path != NULL) {
        execv(path, argv);
        rc = bn_fail(BN_INPUT, "%s: cannot be run (%s); `make programs` builds it", path,
                     strerror(errno));
    }
    fprintf(stderr, "basin %s: %s\n", c->name, bn_error());
    free(path);
    free(build);
    return rc == BN_OK ? BN_NOMEM : (int)rc;
}

int command_run(const struct command *c, int argc, char **argv)
{
    for (int i = 1; i < argc; i++)
        if (strcmp(argv[i], "--help") == 0) {
            command_help(stdout, c->name);
            return 0;
        }
    return c->main != NULL ? c->main(argc, argv) : run_beside(c, argv);
}
