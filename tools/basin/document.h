/* SPDX-License-Identifier: MIT
 * document: what a LaTeX document takes from here, read as text, not run.    */
#ifndef BASIN_DOCUMENT_H
#define BASIN_DOCUMENT_H

#include "basin.h"

struct document {
    char *folder;                        /* of its main file */
    json_t *macros;                      /* used: name -> "thesis.tex:12", where first */
    json_t *defined;                     /* by itself: name -> true */
    json_t *figures;                     /* \includegraphics: argument -> where first */
    json_t *scaled;                      /* of these, with another size than drawn */
    json_t *numbers;                     /* files like numbers.tex: path -> where */
    json_t *absent;                      /* of these, what is not there: name -> where */
    struct list files, paths;            /* that were read; of \graphicspath */
};
/* `results` is where names without a folder are looked for, too. */
BN_MUST_USE bn_status document_read(struct document *d, const char *path,
                                    const char *results);
void document_free(struct document *d);
/* The file that a \includegraphics means, or NULL. */
char *document_figure(const struct document *d, const char *argument, const char *results);

#endif
