/* SPDX-License-Identifier: MIT */
#include "basin.h"
#include "commands.h"

#include <stdio.h>
#include <string.h>

static void help(FILE *f)
{
    fprintf(f, "basin %s - the driver of the bench\n\n", BASIN_VERSION);
    for (size_t i = 0; i < n_commands; i++)
        fprintf(f, "  basin %-9s %s\n", commands[i].name, commands[i].summary);
    fprintf(f, "\n`basin COMMAND --help` says more, `make help` what can be made.\n");
}

static int unknown(const char *name)
{
    struct list names = { 0 };
    char hint[96];
    for (size_t i = 0; i < n_commands; i++)
        if (list_add(&names, commands[i].name) != BN_OK)
            break;
    fprintf(stderr, "basin: there is no command `%s`%s\n", name,
            list_hint(&names, name, hint));
    list_free(&names);
    return BN_USAGE;
}

int main(int argc, char **argv)
{
    const char *name = argc > 1 ? argv[1] : "--help";
    const bool wants_help = strcmp(name, "--help") == 0 || strcmp(name, "help") == 0;
    if (strcmp(name, "--version") == 0) {
        printf("basin %s\n", BASIN_VERSION);
        return 0;
    }
    if (wants_help && argc > 2 && command_find(argv[2]) != NULL) {
        command_help(stdout, argv[2]);
        return 0;
    }
    if (wants_help && argc <= 2) {
        help(stdout);
        return argc > 1 ? 0 : BN_USAGE;
    }
    if (wants_help)
        name = argv[2];
    const struct command *c = command_find(name);
    return c != NULL ? command_run(c, argc - 1, argv + 1) : unknown(name);
}
