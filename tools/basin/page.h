/* SPDX-License-Identifier: MIT
 * page: one self-contained HTML page, in the style that `basin report` and `basin
 * verify` share: nothing is loaded from elsewhere (a policy in its head says so to the
 * browser), light and dark, for screens, phones and paper, usable by keyboard.
 *
 *   page_begin(f, "Report of ring", NULL);      everything up to <main>
 *   page_print(f, "<h1>%s</h1>", name);         texts are escaped, the format is not
 *   page_end(f, NULL);
 *
 * Classes of the style: tag + good | note | warn | bad (a word in a small frame), muted,
 * num (right-aligned), key (digests and code, broken anywhere), wide (a <div> in which a
 * broad table scrolls; page_table writes it), card (a frame), facts (a <dl> of names and
 * values), lead (the first paragraph).                                       */
#ifndef BASIN_PAGE_H
#define BASIN_PAGE_H

#include "basin.h"

/* `script` is the only one that runs: its digest stands in the policy. NULL: none. */
void page_begin(FILE *f, const char *title, const char *script);
void page_end(FILE *f, const char *script);

/* A text as it is to be read, wherever it came from: & < > " ' as entities, what is no
 * UTF-8 or a control character as U+FFFD.  Good between tags and in "attributes".  */
void page_text(FILE *f, const char *text);
/* fprintf with %s (escaped as above), %zu and %% alone. */
void page_print(FILE *f, const char *fmt, ...) BN_PRINTF(2, 3);
/* <div class="wide"><table> with a caption (for screen readers, if `quiet`) and the row of
 * column heads ("!size": a column of numbers), up to <tbody>; the end of all that.  */
void page_table(FILE *f, const char *caption, bool quiet, const char *const *heads, size_t n);
void page_table_end(FILE *f);
void page_base64(FILE *f, const void *bytes, size_t n);  /* for data: addresses */

#endif
