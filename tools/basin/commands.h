/* SPDX-License-Identifier: MIT
 * commands: every subcommand of the driver, declared once.  `basin --help`, `basin
 * <command> --help`, the man pages and the completion at the prompt are made from this
 * table and say nothing else.                                                */
#ifndef BASIN_COMMANDS_H
#define BASIN_COMMANDS_H

#include <basin/option.h>

#include <stdio.h>

/* What stands for a value, of an option and in a synopsis, says what completes it: NODE
 * (ring/weights.h5, figure3), PIPELINE, SET (a text of ring.weights.lambda=1e-6 ...) and
 * DANDISET; where another word stands, names of files are offered.           */
enum { COMMAND_OPTIONS = 16 };
struct command {
    const char *name;
    int (*main)(int argc, char **argv);  /* NULL: the program basin-<name> beside `basin` */
    const char *summary;                 /* one line, without a full stop */
    const char *synopsis;                /* without the options: "NODE..." */
    const char *details;                 /* paragraphs, with an empty line between them; what
                                            is indented stays as it is.  NULL: none */
    struct bn_option options[COMMAND_OPTIONS];        /* up to one without a name */
};

extern const struct command commands[];
extern const size_t n_commands;

const struct command *command_find(const char *name);       /* NULL: there is none */
/* The whole help of one command: what `basin NAME --help` prints. */
void command_help(FILE *f, const char *name);
/* A text in lines of `width` columns at most, each after `indent` blanks. */
void command_fold(FILE *f, const char *text, int indent, int width);
/* Run the command with its own arguments; gives its exit status. */
int command_run(const struct command *c, int argc, char **argv);

#endif
