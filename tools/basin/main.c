/* SPDX-License-Identifier: MIT */
#include "basin.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    const char *name;
    int (*main)(int argc, char **argv);
    const char *help;
} commands[] = {
    { "accept", accept_main, "keep a result across a change of code that is harmless" },
    { "cat", cat_main, "print datasets of an artifact as columns or as a matrix" },
    { "dag", dag_main, "draw what a target is made from, stale parts coloured" },
    { "diff", diff_main, "compare two artifacts, dataset by dataset" },
    { "docs", docs_main, "write docs/stages/ from the tables of the stages" },
    { "force", force_main, "have the next make run a node again" },
    { "gc", gc_main, "list, or delete, what nothing in results/ needs" },
    { "report", report_main, "write results/report.html: figures, and what made them" },
    { "resolve", plan_main, "make a plan: every node with its parameters (for make)" },
    { "run", run_main, "make one node of a plan (for make)" },
    { "status", status_main, "every artifact with its state, size, age and duration" },
    { "why", why_main, "what making a target would run, why, and how long it takes" },
};

static void help(FILE *f)
{
    fprintf(f, "basin %s - the driver of the bench\n\n", BASIN_VERSION);
    for (size_t i = 0; i < BN_LEN(commands); i++)
        fprintf(f, "  basin %-9s %s\n", commands[i].name, commands[i].help);
    fprintf(f, "\n`make help` lists what can be made.\n");
}

int main(int argc, char **argv)
{
    struct list names = { 0 };
    char hint[96];
    const char *name = argc > 1 ? argv[1] : "--help";
    if (strcmp(name, "--help") == 0 || strcmp(name, "help") == 0) {
        help(stdout);
        return argc > 1 ? 0 : BN_USAGE;
    }
    if (strcmp(name, "--version") == 0) {
        printf("basin %s\n", BASIN_VERSION);
        return 0;
    }
    for (size_t i = 0; i < BN_LEN(commands); i++)
        if (strcmp(commands[i].name, name) == 0)
            return commands[i].main(argc - 1, argv + 1);
    for (size_t i = 0; i < BN_LEN(commands); i++)
        if (list_add(&names, commands[i].name) != BN_OK)
            break;
    fprintf(stderr, "basin: there is no command `%s`%s\n", name,
            list_hint(&names, name, hint));
    list_free(&names);
    return BN_USAGE;
}
